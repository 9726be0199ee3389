//! Sockets: one listener an address and port that closes while the miner
//! boots or is offline, bounded reading of requests, and delivery of answers
//! whole, truncated or cut off by a reset.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::config::Personality;
use crate::miner::{Cut, Miner, Outcome};
use crate::proto;

/// Longest request of the JSON and text protocols.
pub(crate) const MAX_REQUEST: usize = 16 * 1024;
/// How long a client may take over its request.
const REQUEST_TIME: Duration = Duration::from_secs(15);
/// How long a silent connection is kept before the miner gives up on it.
const SILENCE_TIME: Duration = Duration::from_secs(600);

/// Serves one port of one miner until the task is aborted. `first` is the
/// listener the simulator bound when it started.
pub(crate) async fn serve_port(miner: Arc<Miner>, address: SocketAddr, first: TcpListener) {
    let mut changed = miner.changes();
    let mut listener = Some(first);
    let mut announced = false;
    loop {
        changed.borrow_and_update();
        if let Err(until) = miner.reachable() {
            listener = None;
            if std::mem::take(&mut announced) {
                miner.port_closed();
            }
            tokio::select! {
                _ = changed.changed() => {}
                () = wait_until(&miner, until) => {}
            }
            continue;
        }
        let Some(open) = &listener else {
            // The address was ours a moment ago; another process may have
            // taken the port, so keep trying rather than fail the fleet.
            match TcpListener::bind(address).await {
                Ok(bound) => listener = Some(bound),
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
            continue;
        };
        if !std::mem::replace(&mut announced, true) {
            miner.port_opened();
        }
        tokio::select! {
            _ = changed.changed() => {}
            accepted = open.accept() => match accepted {
                Ok((stream, _)) => admit(&miner, stream, address.port()).await,
                // Out of descriptors or the client gave up: pause, go on.
                Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
            }
        }
    }
}

async fn wait_until(miner: &Miner, until: Option<Duration>) {
    match until {
        Some(at) => miner.fleet.clock.sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// Gives a connection to its protocol, or drops it when there are too many.
async fn admit(miner: &Arc<Miner>, stream: TcpStream, port: u16) {
    let cuts = miner.cuts();
    let Ok(total) = miner.fleet.connections.clone().try_acquire_owned() else {
        return;
    };
    let Ok(own) = miner.clients.clone().try_acquire_owned() else {
        return;
    };
    let miner = miner.clone();
    let serial = miner.spec.personality == Personality::AvalonA;
    let connection = async move {
        let _held = (total, own);
        tokio::select! {
            () = proto::serve(&miner, stream, port) => {}
            () = Miner::cut(cuts) => {}
        }
    };
    if serial {
        // The firmware handles one connection at a time; others queue.
        connection.await;
    } else {
        tokio::spawn(connection);
    }
}

/// Reads one request of the JSON and text protocols: a whole JSON value, or
/// whatever text arrives first. `None` when the client sends nothing usable.
pub(crate) async fn read_request(stream: &mut TcpStream) -> Option<Vec<u8>> {
    let read = async {
        let mut request = Vec::with_capacity(512);
        let mut chunk = [0; 4096];
        loop {
            let n = stream.read(&mut chunk).await.ok()?;
            request.extend_from_slice(&chunk[..n]);
            let json = request.trim_ascii_start().first() == Some(&b'{');
            // Only an unfinished value is worth waiting for; a broken one is not.
            let parsed = serde_json::from_slice::<Value>(trim(&request));
            let whole = !json || !parsed.is_err_and(|e| e.is_eof());
            if n == 0 || whole || request.len() > MAX_REQUEST {
                return (!request.is_empty() && request.len() <= MAX_REQUEST).then_some(request);
            }
        }
    };
    timeout(REQUEST_TIME, read).await.ok().flatten()
}

/// Without the terminators some clients add.
pub(crate) fn trim(request: &[u8]) -> &[u8] {
    let end = request.iter().rposition(|b| *b != 0 && !b.is_ascii_whitespace());
    &request[..end.map_or(0, |last| last + 1)]
}

/// Reads exactly so many bytes within the request time.
pub(crate) async fn read_exact(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<()> {
    timeout(REQUEST_TIME, stream.read_exact(buffer)).await??;
    Ok(())
}

/// Reads what comes next within the request time; 0 at the end.
pub(crate) async fn read_some(stream: &mut TcpStream, buffer: &mut [u8]) -> io::Result<usize> {
    timeout(REQUEST_TIME, stream.read(buffer)).await?
}

/// An answer a protocol can put on the wire.
pub(crate) trait Framed {
    /// What goes before a body of that length.
    fn head(&self, body_len: usize) -> Vec<u8>;
    /// The answer itself.
    fn body(&self) -> &[u8];
    /// What ends a whole answer.
    fn tail(&self) -> &'static [u8] {
        b""
    }
}

/// Does what the outcome says; whether the connection may go on.
pub(crate) async fn deliver<R: Framed>(miner: &Miner, stream: &mut TcpStream, outcome: Outcome<R>) -> bool {
    let (answer, cut, then) = match outcome {
        Outcome::Close => return false,
        Outcome::Silence => {
            let mut sink = [0; 512];
            let silence = async { while !matches!(stream.read(&mut sink).await, Ok(0) | Err(_)) {} };
            let _ = timeout(SILENCE_TIME, silence).await;
            return false;
        }
        Outcome::Send { answer, cut, then } => (answer, cut, then),
    };
    let body = answer.body();
    let half = &body[..body.len() / 2];
    let sent = match cut {
        Cut::Whole => {
            let bytes = [&answer.head(body.len()), body, answer.tail()].concat();
            stream.write_all(&bytes).await
        }
        Cut::Truncated => stream.write_all(&[&answer.head(half.len()), half].concat()).await,
        Cut::Reset => {
            let sent = stream.write_all(&[&answer.head(body.len()), half].concat()).await;
            // Closing with zero linger makes the kernel send RST.
            let _ = stream.set_zero_linger();
            sent
        }
        Cut::Untidy => {
            let body = untidy(body);
            stream.write_all(&[&answer.head(body.len()), &body[..], answer.tail()].concat()).await
        }
        Cut::Segments => in_segments(stream, &answer).await,
    };
    if let Some(op) = then {
        miner.apply(op);
    }
    sent.is_ok() && !matches!(cut, Cut::Truncated | Cut::Reset)
}

/// The same with what some firmwares get wrong: commas too many, and in the
/// first text a line end and a byte that is no UTF-8.
fn untidy(body: &[u8]) -> Vec<u8> {
    let mut untidy = Vec::with_capacity(body.len() + 8);
    let (mut text_begun, mut in_text) = (false, false);
    for (at, byte) in body.iter().enumerate() {
        if *byte == b'"' && (at == 0 || body[at - 1] != b'\\') {
            in_text = !in_text;
        }
        if at + 1 == body.len() && *byte == b'}' {
            untidy.push(b',');
        }
        untidy.push(*byte);
        let value_begins = at > 0 && body[at - 1] == b':' && *byte == b'"';
        if value_begins && !text_begun {
            text_begun = true;
            untidy.extend(b"\n\xe9");
        }
        if *byte == b'[' && !in_text {
            untidy.push(b',');
        }
    }
    untidy
}

/// Each piece ends with a line end, which is not the end of the answer.
async fn in_segments<R: Framed>(stream: &mut TcpStream, answer: &R) -> io::Result<()> {
    let body = match serde_json::from_slice::<Value>(answer.body()) {
        Ok(value) => serde_json::to_vec_pretty(&value).unwrap_or_default(),
        Err(_) => answer.body().to_vec(),
    };
    stream.set_nodelay(true)?;
    stream.write_all(&answer.head(body.len())).await?;
    let middle =
        body.iter().skip(body.len() / 2).position(|b| *b == b'\n').map_or(body.len(), |at| body.len() / 2 + at + 1);
    let (first, second) = body.split_at(middle);
    stream.write_all(first).await?;
    stream.flush().await?;
    // Long enough for the pieces to travel apart; nothing depends on it.
    tokio::time::sleep(Duration::from_millis(20)).await;
    stream.write_all(&[second, answer.tail()].concat()).await
}
