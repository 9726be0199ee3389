//! Taking connections and serving each within its bounds.

use super::{
    Limits, Origin, Seats, Source, Visitor,
    deadline::{Deadline, Taking},
    seats::GivenAway,
};
use axum::{Router, body::Body, extract::ConnectInfo};
use hyper::{
    Request,
    body::{Body as _, Incoming},
    server::conn::http1,
    service::service_fn,
};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::{
    io::ErrorKind,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};
use tower::ServiceExt;

/// Most bytes of a request's head, and of what is read ahead.
const MAX_HEAD: usize = 64 << 10;
/// How long no connections are taken after the system had none to give.
const PAUSE: Duration = Duration::from_millis(100);
/// For whoever has too many connections already.
const BUSY: &[u8] = b"HTTP/1.1 503 Service Unavailable\r\ncontent-type: application/problem+json\r\nretry-after: 5\r\n\
    connection: close\r\ncontent-length: 159\r\n\r\n\
    {\"type\":\"https://adit.dev/problems/busy\",\"title\":\"busy\",\"status\":503,\"code\":\"busy\",\
    \"detail\":\"too many connections from your address: close some, or try again\"}";

struct Door {
    router: Router,
    limits: Limits,
    proxies: Vec<IpAddr>,
    strangers: Arc<Seats>,
    known: Arc<Seats>,
}

/// Serves connections until told, and then until those that are open have ended.
pub(crate) async fn serve(
    listener: TcpListener,
    router: Router,
    (limits, proxies): (Limits, Vec<IpAddr>),
    mut stopped: watch::Receiver<()>,
) {
    let (strangers, known) = (Seats::new(limits.strangers), Seats::new(limits.known));
    let door = Arc::new(Door { router, limits, proxies, strangers, known });
    let mut connections = JoinSet::new();
    let stopping = stopped.clone();
    loop {
        let accepted = tokio::select! {
            // Told, or the server itself is gone.
            _ = stopped.changed() => break,
            Some(_) = connections.join_next() => continue,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => door.open(&mut connections, stream, peer, &stopping),
            // The other end has given up meanwhile.
            Err(error) if is_of_the_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "no connection can be taken: is the limit of open files too low?");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
    drop(listener);
    while connections.join_next().await.is_some() {}
}

fn is_of_the_connection(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionAborted | ErrorKind::ConnectionReset)
}

impl Door {
    /// Our own proxies hold connections for many; whom they speak for is bounded where it matters, request by request.
    fn counts(&self, peer: IpAddr) -> bool {
        !self.proxies.contains(&peer) && (self.limits.count_loopback || !peer.is_loopback())
    }

    fn open(
        self: &Arc<Self>,
        connections: &mut JoinSet<()>,
        stream: TcpStream,
        peer: SocketAddr,
        stopping: &watch::Receiver<()>,
    ) {
        let address = peer.ip().to_canonical();
        let (seat, given_away) = if self.counts(address) {
            let Some(seat) = self.strangers.take(Source::of(address)) else {
                // It is told if its buffer takes it at once; nobody waits for it.
                let _ = stream.try_write(BUSY);
                return;
            };
            (Some(seat.place), Some(seat.given_away))
        } else {
            (None, None)
        };
        let visitor = Visitor::new(seat, Arc::clone(&self.known));
        connections.spawn(Arc::clone(self).hold(stream, peer, visitor, given_away, stopping.clone()));
    }

    async fn hold(
        self: Arc<Self>,
        stream: TcpStream,
        peer: SocketAddr,
        visitor: Visitor,
        given_away: Option<GivenAway>,
        mut stopped: watch::Receiver<()>,
    ) {
        let served = http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(self.limits.head)
            .max_buf_size(MAX_HEAD)
            .serve_connection(
                TokioIo::new(Taking::new(stream, self.limits.stall)),
                service_fn(|request| self.router.clone().oneshot(self.prepared(request, peer, &visitor))),
            )
            .with_upgrades();
        let mut served = std::pin::pin!(served);
        let given_away = async {
            match given_away {
                Some(given_away) => given_away.wait().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            ended = served.as_mut() => return said(ended, peer),
            () = given_away => return,
            _ = stopped.changed() => {}
        }
        served.as_mut().graceful_shutdown();
        said(served.await, peer);
    }

    fn prepared(&self, mut request: Request<Incoming>, peer: SocketAddr, visitor: &Visitor) -> Request<Body> {
        let origin = Origin::of(peer.ip(), request.headers(), &self.proxies);
        let extensions = request.extensions_mut();
        extensions.insert(ConnectInfo(peer));
        extensions.insert(origin);
        extensions.insert(visitor.clone());
        let within = self.limits.body;
        request.map(|body| if body.is_end_stream() { Body::empty() } else { Body::new(Deadline::new(body, within)) })
    }
}

fn said(ended: hyper::Result<()>, peer: SocketAddr) {
    if let Err(error) = ended {
        tracing::debug!(%error, %peer, "a connection ended");
    }
}
