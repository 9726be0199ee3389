//! A mail server that keeps what it is given: SMTP (RFC 5321) as far as a client that hands in letters needs it.

use std::{
    io,
    net::SocketAddr,
    sync::Arc,
    sync::atomic::{AtomicU32, Ordering},
};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::{Mutex, mpsc},
    task::JoinSet,
};

/// A letter as it was handed in.
#[derive(Debug, Clone)]
pub struct Received {
    /// Envelope sender.
    pub from: String,
    /// Envelope recipients.
    pub to: Vec<String>,
    /// Header lines, folded ones joined.
    pub headers: Vec<String>,
    /// Its text, decoded.
    pub text: String,
}

impl Received {
    /// What follows `name: `.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find_map(|line| {
            let (known, value) = line.split_once(':')?;
            known.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The first word of the text that begins like this.
    #[must_use]
    pub fn word(&self, start: &str) -> Option<&str> {
        self.text.split_whitespace().find(|word| word.starts_with(start))
    }
}

/// How many of the next letters are refused: for now, and for good.
#[derive(Debug, Default)]
struct Refusals {
    for_now: AtomicU32,
    for_good: AtomicU32,
}

impl Refusals {
    /// The answer instead of taking the letter.
    fn next(&self) -> Option<&'static str> {
        let take =
            |count: &AtomicU32| count.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |n| n.checked_sub(1)).is_ok();
        if take(&self.for_good) {
            return Some("550 5.1.1 no such mailbox\r\n");
        }
        take(&self.for_now).then_some("451 4.3.0 try again later\r\n")
    }
}

/// Listens on loopback until it is dropped.
pub struct MailServer {
    address: SocketAddr,
    letters: Mutex<mpsc::UnboundedReceiver<Received>>,
    refusals: Arc<Refusals>,
    _serving: JoinSet<()>,
}

impl MailServer {
    /// On a free port.
    ///
    /// # Errors
    /// What the system says.
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (taken, letters) = mpsc::unbounded_channel();
        let refusals = Arc::new(Refusals::default());
        let told = Arc::clone(&refusals);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            let mut sessions = JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let (taken, told) = (taken.clone(), Arc::clone(&told));
                sessions.spawn(async move {
                    // A client that goes away in the middle is none of our business.
                    let _ = session(stream, &taken, &told).await;
                });
            }
        });
        Ok(Self { address, letters: Mutex::new(letters), refusals, _serving: serving })
    }

    /// What a client is told.
    #[must_use]
    pub fn url(&self) -> String {
        format!("smtp://{}", self.address)
    }

    /// The next letter, once it is there. `None` when the server has ended.
    pub async fn letter(&self) -> Option<Received> {
        self.letters.lock().await.recv().await
    }

    /// Letters that nobody has asked for yet.
    pub async fn waiting(&self) -> usize {
        self.letters.lock().await.len()
    }

    /// Turns the next letters away: the first so many as if for a moment.
    pub fn refuse_for_now(&self, letters: u32) {
        self.refusals.for_now.store(letters, Ordering::SeqCst);
    }

    /// The same for good: a client does not try again.
    pub fn refuse(&self, letters: u32) {
        self.refusals.for_good.store(letters, Ordering::SeqCst);
    }
}

async fn session(stream: TcpStream, taken: &mpsc::UnboundedSender<Received>, refusals: &Refusals) -> io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut read = BufReader::new(read);
    write.write_all(b"220 testkit ESMTP\r\n").await?;
    let (mut from, mut to) = (String::new(), Vec::new());
    while let Some(line) = line(&mut read).await? {
        let word = line.split([' ', ':']).next().unwrap_or_default().to_ascii_uppercase();
        let answer = match word.as_str() {
            "EHLO" => "250-testkit\r\n250-8BITMIME\r\n250 SIZE 1000000\r\n",
            "MAIL" => {
                from = address(&line);
                to.clear();
                "250 sender fine\r\n"
            }
            "RCPT" if !from.is_empty() => {
                to.push(address(&line));
                "250 recipient fine\r\n"
            }
            "DATA" if !to.is_empty() => {
                write.write_all(b"354 end with a dot\r\n").await?;
                let lines = data(&mut read).await?;
                match refusals.next() {
                    Some(refusal) => refusal,
                    None => {
                        let letter = letter(std::mem::take(&mut from), std::mem::take(&mut to), &lines);
                        // Nobody waits for it if the test is over.
                        let _ = taken.send(letter);
                        "250 taken\r\n"
                    }
                }
            }
            "RSET" | "NOOP" => "250 fine\r\n",
            "QUIT" => {
                write.write_all(b"221 bye\r\n").await?;
                break;
            }
            _ => "503 not now\r\n",
        };
        write.write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

async fn line(read: &mut BufReader<impl AsyncRead + Unpin>) -> io::Result<Option<String>> {
    let mut line = String::new();
    let length = read.read_line(&mut line).await?;
    Ok((length > 0).then(|| line.trim_end_matches(['\r', '\n']).to_owned()))
}

/// Lines up to the lone dot; a dot that was doubled for the way is single again.
async fn data(read: &mut BufReader<impl AsyncRead + Unpin>) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    while let Some(line) = line(read).await? {
        match line.strip_prefix('.') {
            Some("") => break,
            Some(rest) => lines.push(rest.to_owned()),
            None => lines.push(line),
        }
    }
    Ok(lines)
}

/// Between `<` and `>`.
fn address(line: &str) -> String {
    let inner = line.split_once('<').and_then(|(_, rest)| rest.split_once('>'));
    inner.map_or_else(String::new, |(inner, _)| inner.to_owned())
}

fn letter(from: String, to: Vec<String>, lines: &[String]) -> Received {
    let mut parts = lines.splitn(2, String::is_empty);
    let mut headers: Vec<String> = Vec::new();
    for line in parts.next().unwrap_or_default() {
        match headers.last_mut().filter(|_| line.starts_with([' ', '\t'])) {
            Some(last) => last.push_str(line),
            None => headers.push(line.clone()),
        }
    }
    let body = parts.next().unwrap_or_default().join("\n");
    let quoted =
        headers.iter().any(|line| line.to_ascii_lowercase().replace(' ', "").contains("encoding:quoted-printable"));
    Received { from, to, headers, text: if quoted { unquoted(&body) } else { body } }
}

/// Quoted-printable (RFC 2045), decoded.
fn unquoted(text: &str) -> String {
    let joined = text.replace("=\n", "");
    let mut bytes = Vec::new();
    let mut rest = joined.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        let code = (*first == b'=').then(|| after.get(..2)).flatten().and_then(|hex| std::str::from_utf8(hex).ok());
        match code.and_then(|hex| u8::from_str_radix(hex, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                rest = &after[2..];
            }
            None => {
                bytes.push(*first);
                rest = after;
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::unquoted;

    #[test]
    fn quoted_text_is_read_back() {
        assert_eq!(unquoted("Gr=C3=BC=\n=C3=9Fe =3D 1"), "Grüße = 1");
        assert_eq!(unquoted("a=zz="), "a=zz=");
    }
}
