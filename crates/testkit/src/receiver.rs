//! A receiver of webhooks: keeps what it is told, checks signatures by itself, and answers as it is bid, over TLS if it has a
//! certificate.

use crate::tls::{Authority, Secure};
use aws_lc_rs::hmac;
use axum::{
    Router,
    body::{Body, Bytes},
    extract::State,
    http::{HeaderMap, Response, StatusCode, Uri, header},
};
use base64::{Engine, engine::general_purpose::STANDARD};
use std::{
    collections::VecDeque,
    future, io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};
use tokio::{
    net::TcpListener,
    sync::{Mutex as Waiting, mpsc},
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

/// How it answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// With this status and nothing else.
    Status(u16),
    /// That it is elsewhere.
    Redirect(String),
    /// With megabytes.
    Huge,
    /// Never.
    Silence,
}

/// What it was told.
#[derive(Debug, Clone)]
pub struct Message {
    /// Path and query that were asked for.
    pub path: String,
    /// Every header.
    pub headers: HeaderMap,
    /// The very bytes.
    pub body: String,
}

impl Message {
    /// A header; empty if there is none.
    #[must_use]
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default()
    }

    /// Is one of its signatures by this secret, as receivers check it?
    #[must_use]
    pub fn is_signed_with(&self, secret: &str) -> bool {
        let Some(key) = secret.strip_prefix("whsec_").and_then(|key| STANDARD.decode(key).ok()) else { return false };
        let key = hmac::Key::new(hmac::HMAC_SHA256, &key);
        let signed = format!("{}.{}.{}", self.header("webhook-id"), self.header("webhook-timestamp"), self.body);
        let signatures = self.header("webhook-signature").split(' ');
        let mut known = signatures.filter_map(|one| STANDARD.decode(one.strip_prefix("v1,")?).ok());
        known.any(|signature| hmac::verify(&key, signed.as_bytes(), &signature).is_ok())
    }
}

#[derive(Clone)]
struct Shared {
    answers: Arc<Mutex<VecDeque<Answer>>>,
    told: mpsc::UnboundedSender<Message>,
}

/// Listens on loopback until it is dropped.
pub struct Receiver {
    scheme: &'static str,
    address: SocketAddr,
    answers: Arc<Mutex<VecDeque<Answer>>>,
    messages: Waiting<mpsc::UnboundedReceiver<Message>>,
    _serving: JoinSet<()>,
}

impl Receiver {
    /// On a free port.
    ///
    /// # Errors
    /// What the system says.
    pub async fn start() -> io::Result<Self> {
        Self::listen(None).await
    }

    /// Over TLS, with a certificate for `name` by `issuer`.
    ///
    /// # Errors
    /// What the system says, or why there is no such certificate.
    pub async fn start_tls(issuer: &Authority, name: &str) -> io::Result<Self> {
        Self::listen(Some(issuer.certify(name)?)).await
    }

    async fn listen(tls: Option<TlsAcceptor>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let (told, messages) = mpsc::unbounded_channel();
        let answers = Arc::new(Mutex::new(VecDeque::new()));
        let shared = Shared { answers: Arc::clone(&answers), told };
        let router = Router::new().fallback(receive).with_state(shared);
        let mut serving = JoinSet::new();
        serving.spawn(async move {
            // It ends with the test.
            let _ = match tls {
                Some(acceptor) => axum::serve(Secure { listener, acceptor }, router).await,
                None => axum::serve(listener, router).await,
            };
        });
        Ok(Self { scheme, address, answers, messages: Waiting::new(messages), _serving: serving })
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Its address with a path that only who was told it knows.
    #[must_use]
    pub fn url(&self) -> String {
        format!("{}://{}/hooks/only-for-you", self.scheme, self.address)
    }

    /// The same by a name that leads there.
    #[must_use]
    pub fn url_by(&self, name: &str) -> String {
        format!("{}://{name}:{}/hooks/only-for-you", self.scheme, self.address.port())
    }

    /// How it answers the next messages; those after with 204.
    pub fn answer(&self, answers: &[Answer]) {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner).extend(answers.iter().cloned());
    }

    /// The next message, once it is there. `None` when the receiver has ended.
    pub async fn message(&self) -> Option<Message> {
        self.messages.lock().await.recv().await
    }

    /// Messages that nobody has asked for yet.
    pub async fn waiting(&self) -> usize {
        self.messages.lock().await.len()
    }
}

async fn receive(State(shared): State<Shared>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response<Body> {
    let body = String::from_utf8_lossy(&body).into_owned();
    // Nobody waits for it if the test is over.
    let _ = shared.told.send(Message { path: uri.to_string(), headers, body });
    let answer = shared.answers.lock().unwrap_or_else(PoisonError::into_inner).pop_front();
    let empty = |status: StatusCode| {
        let mut response = Response::new(Body::empty());
        *response.status_mut() = status;
        response
    };
    match answer.unwrap_or(Answer::Status(204)) {
        Answer::Status(status) => empty(StatusCode::from_u16(status).unwrap_or(StatusCode::OK)),
        Answer::Redirect(to) => {
            let mut response = empty(StatusCode::TEMPORARY_REDIRECT);
            if let Ok(to) = to.parse() {
                response.headers_mut().insert(header::LOCATION, to);
            }
            response
        }
        Answer::Huge => Response::new(Body::from(vec![b'x'; 64 << 20])),
        Answer::Silence => future::pending().await,
    }
}
