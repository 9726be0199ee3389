//! Bitmain's web pages: JSON behind digest authentication on TCP 80. The challenge is fetched by a harmless question and
//! kept, so that an order is sent exactly once, with its answer to the challenge.

use crate::Credential;
use crate::net::{Failure, MAX_REPLY, is_ours, not_json, unconnected};
use crate::tolerant::{self, Answer};
use adit_core::fleet::MissReason;
use digest_auth::{AuthContext, HttpMethod, WwwAuthenticateHeader};
use reqwest::{Client, Method, StatusCode, header, redirect};
use serde_json::Value;
use std::net::IpAddr;
use std::sync::{LazyLock, Mutex, PoisonError};
use tokio::time::{Instant, timeout_at};

/// What most of these pages call the place behind the password, in some spelling.
const REALM: &str = "antminer";

/// Why a page did not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum WebError {
    /// As in every exchange.
    Failed(Failure),
    /// This password is wrong.
    Refused,
    /// It is a web server of something else.
    Foreign,
    /// A status that says no, with the page's name.
    Status(u16),
}

impl WebError {
    /// In the words of an exchange.
    pub fn into_failure(self) -> Failure {
        match self {
            Self::Failed(failure) => failure,
            Self::Refused => Failure::Garbled("the password is refused".into()),
            Self::Foreign => Failure::Garbled("it is not an Antminer's web server".into()),
            Self::Status(status) => Failure::Garbled(format!("HTTP status {status}")),
        }
    }
}

/// The pages of one miner, for one password.
#[derive(Debug)]
pub(super) struct Web {
    ip: IpAddr,
    credential: Credential,
    challenge: Mutex<Option<WwwAuthenticateHeader>>,
}

/// One client for all miners. Without connections kept open: a thousand idle ones help nobody.
fn client() -> Result<&'static Client, WebError> {
    static CLIENT: LazyLock<Option<Client>> = LazyLock::new(|| {
        let builder = Client::builder().no_proxy().redirect(redirect::Policy::none()).pool_max_idle_per_host(0);
        builder.build().ok()
    });
    CLIENT.as_ref().ok_or_else(|| WebError::Failed(Failure::NotSent("no HTTP client could be made".into())))
}

impl Web {
    pub fn new(ip: IpAddr, credential: Credential) -> Self {
        Self { ip, credential, challenge: Mutex::default() }
    }

    /// Reads a page that must be sound to its last character.
    pub async fn get(&self, page: &str, deadline: Instant) -> Result<Value, WebError> {
        parse(&self.page(page, deadline).await?)
    }

    /// Reads what can be read of a page. One that breaks off is asked for once more.
    pub async fn question(&self, page: &str, deadline: Instant) -> Result<Answer, WebError> {
        let body = match self.page(page, deadline).await {
            Err(WebError::Failed(Failure::Lost(_))) if Instant::now() < deadline => self.page(page, deadline).await?,
            body => body?,
        };
        match tolerant::read(&body) {
            Some(answer) => Ok(answer),
            None => parse(&body).map(|value| Answer { value, gaps: Vec::new() }),
        }
    }

    /// Does the place behind the password call itself an Antminer's?
    pub fn looks_like_antminer(&self) -> bool {
        let challenge = self.challenge.lock().unwrap_or_else(PoisonError::into_inner);
        challenge.as_ref().is_some_and(|challenge| challenge.realm.to_ascii_lowercase().contains(REALM))
    }

    async fn page(&self, page: &str, deadline: Instant) -> Result<Vec<u8>, WebError> {
        match self.send(Method::GET, page, None, deadline).await? {
            Answered::Page(body) => Ok(body),
            // The challenge was old, or there was none: answer the new one, once.
            Answered::Challenge => match self.send(Method::GET, page, None, deadline).await? {
                Answered::Page(body) => Ok(body),
                Answered::Challenge => Err(WebError::Refused),
            },
        }
    }

    /// Sends an order to a page. An empty answer is `null`.
    pub async fn post(&self, page: &str, body: &Value, deadline: Instant) -> Result<Value, WebError> {
        if !self.has_challenge() {
            let challenged = self.page("get_system_info", deadline).await;
            challenged.map_err(|error| match error {
                WebError::Failed(failure) => WebError::Failed(Failure::NotSent(failure.words().to_owned())),
                other => other,
            })?;
        }
        let body = body.to_string();
        let answer = match self.send(Method::POST, page, Some(&body), deadline).await? {
            // A refused order has done nothing, so it may be sent once more with the new challenge.
            Answered::Challenge => self.send(Method::POST, page, Some(&body), deadline).await?,
            page => page,
        };
        match answer {
            Answered::Page(body) if body.trim_ascii().is_empty() => Ok(Value::Null),
            Answered::Page(body) => parse(&body),
            Answered::Challenge => Err(WebError::Refused),
        }
    }

    fn has_challenge(&self) -> bool {
        self.challenge.lock().unwrap_or_else(PoisonError::into_inner).is_some()
    }

    /// The header that answers the challenge kept, if there is one.
    fn authorization(&self, method: &Method, uri: &str) -> Option<String> {
        let method = if *method == Method::POST { HttpMethod::POST } else { HttpMethod::GET };
        let Credential { user, password, .. } = &self.credential;
        let context = AuthContext::new_with_method(user, password, uri, None::<&[u8]>, method);
        let mut challenge = self.challenge.lock().unwrap_or_else(PoisonError::into_inner);
        challenge.as_mut()?.respond(&context).ok().map(|answer| answer.to_header_string())
    }

    async fn send(
        &self,
        method: Method,
        page: &str,
        body: Option<&str>,
        deadline: Instant,
    ) -> Result<Answered, WebError> {
        let uri = format!("/cgi-bin/{page}.cgi");
        let host = match self.ip {
            IpAddr::V4(ip) => ip.to_string(),
            IpAddr::V6(ip) => format!("[{ip}]"),
        };
        let mut request = client()?.request(method.clone(), format!("http://{host}{uri}"));
        if let Some(body) = body {
            request = request.header(header::CONTENT_TYPE, "application/json").body(body.to_owned());
        }
        if let Some(answer) = self.authorization(&method, &uri) {
            request = request.header(header::AUTHORIZATION, answer);
        }
        let lost = |words: String| WebError::Failed(Failure::Lost(words));
        let exchange = async {
            let mut response = request.send().await.map_err(|error| broken(&error))?;
            let status = response.status();
            let challenge = response.headers().get(header::WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
            if status == StatusCode::UNAUTHORIZED {
                let challenge = challenge.and_then(|text| digest_auth::parse(text).ok()).ok_or(WebError::Foreign)?;
                *self.challenge.lock().unwrap_or_else(PoisonError::into_inner) = Some(challenge);
                return Ok(Answered::Challenge);
            }
            if !status.is_success() {
                return Err(WebError::Status(status.as_u16()));
            }
            let mut body = Vec::new();
            while let Some(chunk) = response.chunk().await.map_err(|error| lost(error.to_string()))? {
                body.extend_from_slice(&chunk);
                if body.len() > MAX_REPLY {
                    return Err(lost("an answer of more than 1 MiB".into()));
                }
            }
            Ok(Answered::Page(body))
        };
        timeout_at(deadline, exchange).await.unwrap_or_else(|_| Err(lost(format!("{page}: no answer in time"))))
    }
}

enum Answered {
    Page(Vec<u8>),
    Challenge,
}

fn parse(body: &[u8]) -> Result<Value, WebError> {
    serde_json::from_slice(body).map_err(|error| WebError::Failed(not_json(&error)))
}

/// The innermost cause says it best.
fn broken(error: &reqwest::Error) -> WebError {
    let mut cause: &dyn std::error::Error = error;
    while let Some(inner) = cause.source() {
        cause = inner;
    }
    let words = cause.to_string();
    let of_system = cause.downcast_ref::<std::io::Error>();
    let why = of_system.map_or(MissReason::Timeout, |error| unconnected(error.kind()));
    WebError::Failed(match error.is_connect() {
        _ if error.is_builder() || of_system.is_some_and(is_ours) => Failure::NotSent(words),
        true => Failure::Unconnected(why, words),
        false => Failure::Lost(words),
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_challenge_is_read_without_panic(text in "(Digest )?[ -~]{0,120}", realm in "[ -~]{0,20}") {
            let offered = format!("Digest realm=\"{realm}\", nonce=\"n\", qop=\"{text}\"");
            for header in [text, offered] {
                if let Ok(mut challenge) = digest_auth::parse(&header) {
                    let _ = challenge.respond(&digest_auth::AuthContext::new("u", "p", "/"));
                }
            }
        }
    }
}
