//! Sends one message to one address. The name is looked up once, what it leads to is checked, and only there a connection is
//! made; nothing is followed elsewhere, and of the answer no more is read than its beginning.

use super::{WebhookOptions, guard};
use reqwest::{
    Certificate, Url,
    dns::{Addrs, Name, Resolve, Resolving},
    header,
};
use rustls::CertificateError as Fault;
use std::{
    error::Error,
    io,
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::Arc,
};

/// Longest address of a webhook, bytes.
const MAX_URL: usize = 1_000;
/// Most of an answer that is read, bytes.
const MAX_ANSWER: usize = 64 << 10;

/// An address that a webhook may not have.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NotAllowed {
    #[error("not an address such as https://example.com/hooks")]
    Address,
    #[error("an address begins with https://: what is told must not be read on the way")]
    Plain,
    #[error("an address has no user name or password: messages are signed instead")]
    Credentials,
    #[error("this address leads to a network that is not public; whoever runs the server may allow it")]
    Inside,
}

/// Which networks may be reached.
#[derive(Clone)]
struct Reach {
    networks: Arc<[guard::Network]>,
    /// Only those that were allowed by name, not the public internet: for what is not encrypted.
    allowed_only: bool,
}

impl Reach {
    fn covers(&self, address: IpAddr) -> bool {
        self.networks.iter().any(|network| network.contains(address)) || !self.allowed_only && guard::is_public(address)
    }
}

impl Resolve for Reach {
    fn resolve(&self, name: Name) -> Resolving {
        let reach = self.clone();
        Box::pin(async move {
            let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
            // One address inside is enough to refuse the name: nobody who means well mixes the two.
            if !found.iter().all(|address| reach.covers(address.ip())) {
                return Err(NotAllowed::Inside.into());
            }
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Answered {
    pub(super) status: Option<u16>,
    /// What went wrong, for people.
    pub(super) error: Option<String>,
}

/// Sends messages.
pub(crate) struct Client {
    pub(super) options: WebhookOptions,
    encrypted: reqwest::Client,
    plain: reqwest::Client,
    reach: Reach,
}

impl Client {
    pub(crate) fn new(options: WebhookOptions) -> Result<Self, String> {
        let networks: Arc<[_]> = options.networks.clone().into();
        let trusted = options.ca_file.as_deref().map_or(Ok(Vec::new()), certificates)?;
        let build = |reach: Reach| {
            let builder = reqwest::Client::builder()
                .redirect(reqwest::redirect::Policy::none())
                .retry(reqwest::retry::never())
                .no_proxy()
                .referer(false)
                // A connection that is kept would outlive the check of where it leads.
                .pool_max_idle_per_host(0)
                .timeout(options.patience)
                .https_only(!reach.allowed_only)
                .tls_certs_merge(trusted.clone())
                .dns_resolver(Arc::new(reach));
            builder.build().map_err(|error| error.to_string())
        };
        let reach = Reach { networks: Arc::clone(&networks), allowed_only: false };
        let plain = build(Reach { networks, allowed_only: true })?;
        Ok(Self { encrypted: build(reach.clone())?, plain, reach, options })
    }

    /// The address, if it may be told anything as far as can be seen without looking its name up.
    pub(crate) fn check(&self, address: &str) -> Result<Url, NotAllowed> {
        let url = Url::parse(address).ok().filter(|_| address.len() <= MAX_URL).ok_or(NotAllowed::Address)?;
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or(NotAllowed::Address)?;
        let plain = match url.scheme() {
            "https" => false,
            "http" => true,
            _ => return Err(NotAllowed::Address),
        };
        if plain && self.reach.networks.is_empty() {
            return Err(NotAllowed::Plain);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(NotAllowed::Credentials);
        }
        // An address in digits is not looked up when it is connected to, so it is judged here.
        let digits = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        let reach = Reach { allowed_only: plain, ..self.reach.clone() };
        match digits {
            Ok(address) if !reach.covers(address) => Err(NotAllowed::Inside),
            _ => Ok(url),
        }
    }

    /// One try, bounded in time.
    pub(super) async fn send(&self, address: &str, headers: [(&'static str, String); 3], body: String) -> Answered {
        let failed = |error: String| Answered { status: None, error: Some(error) };
        let url = match self.check(address) {
            Ok(url) => url,
            Err(error) => return failed(error.to_string()),
        };
        let client = if url.scheme() == "https" { &self.encrypted } else { &self.plain };
        let mut request = client.post(url).header(header::CONTENT_TYPE, "application/json");
        request = request.header(header::USER_AGENT, concat!("Adit/", env!("CARGO_PKG_VERSION")));
        for (name, value) in headers {
            request = request.header(name, value);
        }
        let mut answer = match request.body(body).send().await {
            Ok(answer) => answer,
            Err(error) => return failed(sentence(&error)),
        };
        let status = answer.status();
        let mut read = 0;
        // The status counts; of the rest so much is read as a polite receiver sends.
        while let Ok(Some(chunk)) = answer.chunk().await {
            read += chunk.len();
            if read > MAX_ANSWER {
                break;
            }
        }
        let error = match status {
            status if status.is_success() => None,
            status if status.is_redirection() => Some(format!("{status}: nothing is followed elsewhere")),
            status => Some(status.to_string()),
        };
        Answered { status: Some(status.as_u16()), error }
    }
}

/// The certificates in a file.
fn certificates(file: &Path) -> Result<Vec<Certificate>, String> {
    let failed = |problem: &dyn std::fmt::Display| format!("webhooks: {}: {problem}", file.display());
    let bytes = std::fs::read(file).map_err(|error| failed(&error))?;
    let found = Certificate::from_pem_bundle(&bytes).map_err(|error| failed(&error))?;
    if found.is_empty() { Err(failed(&"there is no certificate in it")) } else { Ok(found) }
}

/// Without the address, which may hold a secret; with the innermost cause, which says most.
fn sentence(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause = error.source();
    let mut said = "the connection failed".to_owned();
    while let Some(inner) = cause {
        if let Some(words) = of_certificate(inner) {
            return words.to_owned();
        }
        said = inner.to_string();
        cause = inner.source();
    }
    said
}

/// What is wrong with the receiver's certificate, if this says so.
fn of_certificate(mut cause: &(dyn Error + 'static)) -> Option<&'static str> {
    // What went wrong in the handshake comes wrapped, and wrapped again, as an error of reading.
    while let Some(inner) = cause.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
        cause = inner;
    }
    let Some(rustls::Error::InvalidCertificate(fault)) = cause.downcast_ref() else { return None };
    Some(match fault {
        // The second is of an issuer that has the name of one that is trusted.
        Fault::UnknownIssuer | Fault::BadSignature => {
            "the receiver's certificate is not by an issuer that is trusted here"
        }
        Fault::NotValidForName | Fault::NotValidForNameContext { .. } => {
            "the receiver's certificate is for another name than the address has"
        }
        Fault::Expired | Fault::ExpiredContext { .. } => "the receiver's certificate has run out",
        Fault::NotValidYet | Fault::NotValidYetContext { .. } => "the receiver's certificate is not valid yet",
        Fault::Revoked => "the receiver's certificate was revoked",
        _ => "the receiver's certificate cannot be verified",
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    #[test]
    fn a_file_without_certificates_is_refused_at_the_start() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("ca.pem");
        let made = || Client::new(WebhookOptions { ca_file: Some(file.clone()), ..WebhookOptions::default() });
        assert!(made().err().unwrap().contains("ca.pem: No such file"));
        std::fs::write(&file, "no certificate").unwrap();
        assert!(made().err().unwrap().ends_with("ca.pem: there is no certificate in it"));
    }
}
