//! One question, one answer over TCP: bounded in time and size, one conversation with an address at a time, and an
//! error that says whether anything had been sent.

use crate::tolerant::{self, Answer};
use adit_core::fleet::MissReason;
use serde_json::Value;
use std::collections::HashMap;
use std::io::ErrorKind;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, timeout_at};

/// No reply of a miner is anywhere near this long; a longer one is refused.
pub(crate) const MAX_REPLY: usize = 1 << 20;
/// An answer that has begun is over when nothing has followed for so long.
const IDLE: Duration = Duration::from_secs(2);

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// No connection could be made: nothing can have changed.
    Unconnected(MissReason, String),
    /// Nothing has left this machine: nothing can have changed.
    NotSent(String),
    /// The question may have arrived, and no whole answer came.
    Lost(String),
    /// An answer came that is not what was agreed.
    Garbled(String),
}

impl Failure {
    pub fn words(&self) -> &str {
        match self {
            Self::Unconnected(_, words) | Self::NotSent(words) | Self::Lost(words) | Self::Garbled(words) => words,
        }
    }
}

/// How an answer ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Framing {
    /// Until a NUL, a line end or the end of the connection (cgminer and its kin).
    Line,
    /// Four bytes of length, least significant first, before the text in both directions (Whatsminer v3).
    Length,
}

/// Sends an order once and returns the JSON that comes back, which must be sound to its last character: what an order's
/// answer says is not guessed.
pub(crate) async fn ask(
    ip: IpAddr,
    port: u16,
    framing: Framing,
    request: &Value,
    deadline: Instant,
) -> Result<Value, Failure> {
    match exchange(ip, port, framing, request, deadline).await? {
        (_, Some(broken)) => Err(Failure::Lost(broken)),
        (reply, None) => parse(&reply),
    }
}

/// Sends a question, which changes nothing, and returns what can be read of the answer. One whose answer is broken or cut off
/// is asked once more; of two the fuller counts.
pub(crate) async fn question(
    ip: IpAddr,
    port: u16,
    framing: Framing,
    request: &Value,
    deadline: Instant,
) -> Result<Answer, Failure> {
    let first = answered(exchange(ip, port, framing, request, deadline).await);
    let is_cut = |answer: &Answer| answer.gaps.iter().any(|gap| gap == "end");
    match first {
        Ok(answer) if !is_cut(&answer) => return Ok(answer),
        Err(failure @ (Failure::NotSent(_) | Failure::Unconnected(..))) => return Err(failure),
        _ if Instant::now() >= deadline => return first,
        _ => {}
    }
    match (first, answered(exchange(ip, port, framing, request, deadline).await)) {
        (_, Ok(second)) if !is_cut(&second) => Ok(second),
        (Ok(first), Ok(second)) => {
            Ok(if second.value.to_string().len() > first.value.to_string().len() { second } else { first })
        }
        (Ok(one), Err(_)) | (Err(_), Ok(one)) => Ok(one),
        (Err(failure), Err(_)) => Err(failure),
    }
}

/// The time one question of several may take: half of what is left, so that one that nobody answers leaves time for others.
pub(crate) fn part_of(deadline: Instant) -> Instant {
    let now = Instant::now();
    now + deadline.saturating_duration_since(now) / 2
}

/// The time the first question to a stranger may take: most of what is left, for without its answer there are no others.
pub(crate) fn most_of(deadline: Instant) -> Instant {
    let now = Instant::now();
    now + deadline.saturating_duration_since(now) * 3 / 4
}

fn answered(reply: Result<(Vec<u8>, Option<String>), Failure>) -> Result<Answer, Failure> {
    let (reply, broken) = reply?;
    match (tolerant::read(&reply), broken) {
        (Some(answer), _) => Ok(answer),
        (None, Some(broken)) => Err(Failure::Lost(broken)),
        (None, None) => Err(parse(&reply).err().unwrap_or_else(|| Failure::Garbled("nothing in it".into()))),
    }
}

/// One question and what came back, with why it ended badly if it did.
async fn exchange(
    ip: IpAddr,
    port: u16,
    framing: Framing,
    request: &Value,
    deadline: Instant,
) -> Result<(Vec<u8>, Option<String>), Failure> {
    let late = |what: &str| format!("port {port}: no {what} in time");
    let _turn =
        timeout_at(deadline, turn(ip)).await.map_err(|_| Failure::NotSent("another question is waiting".into()))?;
    let mut stream = match timeout_at(deadline, TcpStream::connect((ip, port))).await {
        Err(_) => return Err(Failure::Unconnected(MissReason::Timeout, late("connection"))),
        Ok(Err(error)) if is_ours(&error) => return Err(Failure::NotSent(plain(&error))),
        Ok(Err(error)) => {
            return Err(Failure::Unconnected(unconnected(error.kind()), format!("port {port}: {}", plain(&error))));
        }
        Ok(Ok(stream)) => stream,
    };
    let text = request.to_string();
    let mut bytes = Vec::with_capacity(text.len() + 4);
    if framing == Framing::Length {
        let length = u32::try_from(text.len()).map_err(|_| Failure::NotSent("the request is too long".into()))?;
        bytes.extend(length.to_le_bytes());
    }
    bytes.extend(text.as_bytes());
    let exchange = async {
        stream.write_all(&bytes).await?;
        stream.flush().await?;
        match framing {
            Framing::Line => read_line(&mut stream).await,
            Framing::Length => read_framed(&mut stream).await,
        }
    };
    match timeout_at(deadline, exchange).await {
        Err(_) => Err(Failure::Lost(late("answer"))),
        Ok(Err(error)) => Err(Failure::Lost(format!("port {port}: {}", plain(&error)))),
        Ok(Ok((reply, broken))) => Ok((reply, broken.map(|error| format!("port {port}: {}", plain(&error))))),
    }
}

/// Does anything listen there? Closes the connection at once.
pub(crate) async fn is_open(ip: IpAddr, port: u16, deadline: Instant) -> bool {
    matches!(timeout_at(deadline, TcpStream::connect((ip, port))).await, Ok(Ok(_)))
}

/// An answer is no JSON, in words for people and not the parser's own.
pub(crate) fn not_json(error: &serde_json::Error) -> Failure {
    Failure::Garbled(format!("not JSON from line {}, character {} on", error.line(), error.column()))
}

/// What it means that no connection could be made.
pub(crate) fn unconnected(kind: ErrorKind) -> MissReason {
    match kind {
        ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset => MissReason::Refused,
        ErrorKind::HostUnreachable | ErrorKind::NetworkUnreachable | ErrorKind::NetworkDown => MissReason::NoRoute,
        _ => MissReason::Timeout,
    }
}

/// Is it this host that has no means to connect to anything more? The device is not to blame then.
pub(crate) fn is_ours(error: &std::io::Error) -> bool {
    // Linux: out of memory, open files (of all and of this program), and buffers.
    const MEANS: [i32; 4] = [12, 23, 24, 105];
    error.raw_os_error().is_some_and(|number| MEANS.contains(&number))
        || matches!(error.kind(), ErrorKind::OutOfMemory | ErrorKind::AddrNotAvailable)
}

/// Without the number that the system has for it.
fn plain(error: &std::io::Error) -> String {
    if error.raw_os_error().is_some() { error.kind().to_string() } else { error.to_string() }
}

fn parse(reply: &[u8]) -> Result<Value, Failure> {
    if reply.is_empty() {
        return Err(Failure::Lost("closed without an answer".into()));
    }
    serde_json::from_slice(reply).map_err(|error| not_json(&error))
}

/// What came, and the error it ended with, if it did.
type Read = std::io::Result<(Vec<u8>, Option<std::io::Error>)>;

fn too_long() -> std::io::Error {
    std::io::Error::other("an answer of more than 1 MiB")
}

/// The next bytes; none at the end, and none either if nothing follows an answer that has begun.
async fn next(stream: &mut (impl AsyncReadExt + Unpin), chunk: &mut [u8], begun: bool) -> std::io::Result<usize> {
    if !begun {
        return stream.read(chunk).await;
    }
    tokio::time::timeout(IDLE, stream.read(chunk)).await.unwrap_or(Ok(0))
}

/// Up to a NUL, the end of the connection or the end of a JSON value: a line end alone is none, for some print on many lines.
async fn read_line(stream: &mut (impl AsyncReadExt + Unpin)) -> Read {
    let mut reply = Vec::new();
    let mut chunk = [0_u8; 8192];
    loop {
        let got = match next(stream, &mut chunk, !reply.is_empty()).await {
            Ok(got) => got,
            Err(error) if reply.is_empty() => return Err(error),
            Err(error) => return Ok((reply, Some(error))),
        };
        let chunk = &chunk[..got];
        let end = chunk.iter().position(|byte| *byte == 0);
        reply.extend_from_slice(&chunk[..end.unwrap_or(got)]);
        if reply.len() > MAX_REPLY {
            return Err(too_long());
        }
        if got == 0 || end.is_some() || is_whole(&reply) {
            return Ok((reply, None));
        }
    }
}

/// Is this a JSON value from its first to its last character?
fn is_whole(reply: &[u8]) -> bool {
    reply.trim_ascii_end().ends_with(b"}") && serde_json::from_slice::<serde::de::IgnoredAny>(reply).is_ok()
}

async fn read_framed(stream: &mut (impl AsyncReadExt + Unpin)) -> Read {
    let length = stream.read_u32_le().await? as usize;
    if length > MAX_REPLY {
        return Err(too_long());
    }
    let mut reply = Vec::new();
    let mut chunk = [0_u8; 8192];
    while reply.len() < length {
        let wanted = chunk.len().min(length - reply.len());
        match next(stream, &mut chunk[..wanted], !reply.is_empty()).await {
            Ok(0) => return Ok((reply, Some(ErrorKind::UnexpectedEof.into()))),
            Ok(got) => reply.extend_from_slice(&chunk[..got]),
            Err(error) => return Ok((reply, Some(error))),
        }
    }
    Ok((reply, None))
}

/// Waits until nobody else of this process speaks to `ip`. Some miners (Avalon) cannot serve two clients.
async fn turn(ip: IpAddr) -> OwnedMutexGuard<()> {
    type Gates = Mutex<HashMap<IpAddr, Weak<tokio::sync::Mutex<()>>>>;
    static GATES: LazyLock<Gates> = LazyLock::new(Gates::default);
    let gate = {
        let mut gates = GATES.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gate) = gates.get(&ip).and_then(Weak::upgrade) {
            gate
        } else {
            // Addresses nobody speaks to any more are dropped when the map has doubled.
            if gates.len() >= 64 && gates.len().is_power_of_two() {
                gates.retain(|_, gate| gate.strong_count() > 0);
            }
            let gate = Arc::new(tokio::sync::Mutex::new(()));
            gates.insert(ip, Arc::downgrade(&gate));
            gate
        }
    };
    gate.lock_owned().await
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
    }

    fn line(wire: &[u8]) -> Vec<u8> {
        block_on(read_line(&mut &*wire)).unwrap().0
    }

    #[test]
    fn lines_end_at_nul_at_the_end_of_a_value_or_at_close() {
        for (wire, want) in [(&b"{}\0rest"[..], &b"{}"[..]), (b"{}\n", b"{}\n"), (b"{}", b"{}"), (b"", b"")] {
            assert_eq!(line(wire), want);
        }
        let pieces = in_pieces(&[b"{\"a\":\n", b"1\n", b"}\n"]);
        assert_eq!(pieces, b"{\"a\":\n1\n}\n");
    }

    /// What is read of these pieces, each sent by itself, while the connection stays open.
    fn in_pieces(pieces: &[&[u8]]) -> Vec<u8> {
        block_on(async {
            let (mut near, mut far) = tokio::io::duplex(8);
            let send = async {
                for piece in pieces {
                    far.write_all(piece).await.unwrap();
                    tokio::task::yield_now().await;
                }
            };
            let (read, ()) = tokio::join!(read_line(&mut near), send);
            read.unwrap().0
        })
    }

    #[test]
    fn oversized_answers_are_errors_and_short_ones_are_told() {
        let huge = vec![b'x'; MAX_REPLY + 1];
        assert!(block_on(read_line(&mut &huge[..])).is_err());
        assert!(block_on(read_framed(&mut &u32::MAX.to_le_bytes()[..])).is_err());
        let (short, broken) = block_on(read_framed(&mut &b"\x05\0\0\0{}"[..])).unwrap();
        assert!(short == b"{}" && broken.is_some());
        let (whole, broken) = block_on(read_framed(&mut &b"\x02\0\0\0{}more"[..])).unwrap();
        assert!(whole == b"{}" && broken.is_none());
    }

    #[test]
    fn nothing_listening_means_nothing_sent() {
        let ip = IpAddr::from([127, 0, 0, 1]);
        let failed = block_on(async {
            let listener = tokio::net::TcpListener::bind((ip, 0)).await.unwrap();
            let port = listener.local_addr().unwrap().port();
            drop(listener);
            ask(ip, port, Framing::Line, &Value::Null, Instant::now() + std::time::Duration::from_secs(5)).await
        });
        assert!(matches!(failed, Err(Failure::Unconnected(MissReason::Refused, _))), "{failed:?}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            block_on(async {
                if let Ok((reply, _)) = read_line(&mut &bytes[..]).await { let _ = parse(&reply); }
                if let Ok((reply, _)) = read_framed(&mut &bytes[..]).await { let _ = parse(&reply); }
            });
        }
    }
}
