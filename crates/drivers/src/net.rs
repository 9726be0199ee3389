//! One question, one answer over TCP: bounded in time and size, one conversation with an address at a time, and an
//! error that says whether anything had been sent.

use serde_json::Value;
use std::collections::HashMap;
use std::net::IpAddr;
use std::sync::{Arc, LazyLock, Mutex, PoisonError, Weak};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::OwnedMutexGuard;
use tokio::time::{Instant, timeout_at};

/// No reply of a miner is anywhere near this long; a longer one is refused.
pub(crate) const MAX_REPLY: usize = 1 << 20;

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
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
            Self::NotSent(words) | Self::Lost(words) | Self::Garbled(words) => words,
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

/// Sends `request` and returns the JSON that comes back.
pub(crate) async fn ask(
    ip: IpAddr,
    port: u16,
    framing: Framing,
    request: &Value,
    deadline: Instant,
) -> Result<Value, Failure> {
    let late = |what: &str| format!("port {port}: no {what} in time");
    let _turn =
        timeout_at(deadline, turn(ip)).await.map_err(|_| Failure::NotSent("another question is waiting".into()))?;
    let mut stream = match timeout_at(deadline, TcpStream::connect((ip, port))).await {
        Err(_) => return Err(Failure::NotSent(late("connection"))),
        Ok(Err(error)) => return Err(Failure::NotSent(format!("port {port}: {}", plain(&error)))),
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
        Ok(Ok(reply)) => parse(&reply),
    }
}

/// Does anything listen there? Closes the connection at once.
pub(crate) async fn is_open(ip: IpAddr, port: u16, deadline: Instant) -> bool {
    matches!(timeout_at(deadline, TcpStream::connect((ip, port))).await, Ok(Ok(_)))
}

/// Without the number that the system has for it.
fn plain(error: &std::io::Error) -> String {
    if error.raw_os_error().is_some() { error.kind().to_string() } else { error.to_string() }
}

fn parse(reply: &[u8]) -> Result<Value, Failure> {
    if reply.is_empty() {
        return Err(Failure::Lost("closed without an answer".into()));
    }
    serde_json::from_slice(reply).map_err(|error| Failure::Garbled(format!("not JSON: {error}")))
}

async fn read_line(stream: &mut (impl AsyncReadExt + Unpin)) -> std::io::Result<Vec<u8>> {
    let mut reply = Vec::new();
    let mut chunk = [0_u8; 8192];
    loop {
        let got = stream.read(&mut chunk).await?;
        let chunk = &chunk[..got];
        let end = chunk.iter().position(|byte| *byte == 0);
        reply.extend_from_slice(&chunk[..end.unwrap_or(got)]);
        if reply.len() > MAX_REPLY {
            return Err(std::io::Error::other("an answer of more than 1 MiB"));
        }
        if got == 0 || end.is_some() || chunk.ends_with(b"\n") {
            return Ok(reply);
        }
    }
}

async fn read_framed(stream: &mut (impl AsyncReadExt + Unpin)) -> std::io::Result<Vec<u8>> {
    let length = stream.read_u32_le().await? as usize;
    if length > MAX_REPLY {
        return Err(std::io::Error::other("an answer of more than 1 MiB"));
    }
    let mut reply = Vec::new();
    stream.take(length as u64).read_to_end(&mut reply).await?;
    if reply.len() < length {
        return Err(std::io::ErrorKind::UnexpectedEof.into());
    }
    Ok(reply)
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

    #[test]
    fn lines_end_at_nul_newline_or_close() {
        for (wire, want) in [(&b"{}\0rest"[..], &b"{}"[..]), (b"{}\n", b"{}\n"), (b"{}", b"{}"), (b"", b"")] {
            assert_eq!(block_on(read_line(&mut &*wire)).unwrap(), want);
        }
    }

    #[test]
    fn oversized_and_short_answers_are_errors() {
        let huge = vec![b'x'; MAX_REPLY + 1];
        assert!(block_on(read_line(&mut &huge[..])).is_err());
        assert!(block_on(read_framed(&mut &u32::MAX.to_le_bytes()[..])).is_err());
        assert!(block_on(read_framed(&mut &b"\x05\0\0\0{}"[..])).is_err());
        assert_eq!(block_on(read_framed(&mut &b"\x02\0\0\0{}more"[..])).unwrap(), b"{}");
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
        assert!(matches!(failed, Err(Failure::NotSent(_))), "{failed:?}");
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..2000)) {
            block_on(async {
                if let Ok(reply) = read_line(&mut &bytes[..]).await { let _ = parse(&reply); }
                if let Ok(reply) = read_framed(&mut &bytes[..]).await { let _ = parse(&reply); }
            });
        }
    }
}
