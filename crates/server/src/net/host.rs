//! For whom a server on loopback answers. A page of the web can have a name of its own point to this machine, and then reads in
//! somebody's browser what is meant for this machine alone; it cannot make the browser say another name.

use crate::{api::problem::Problem, authzen::RequestId};
use axum::{
    extract::{Request, State},
    http::{StatusCode, header},
    middleware::Next,
    response::{IntoResponse, Response},
};
use openidconnect::url::{Host, Url};
use std::{net::IpAddr, sync::Arc};

/// The name that the server is reached by besides those of this machine.
#[derive(Clone)]
pub(crate) struct Known(Option<Arc<str>>);

impl Known {
    /// By its public address.
    pub fn of(public_url: &str) -> Self {
        let host = Url::parse(public_url).ok().and_then(|url| url.host_str().map(str::to_ascii_lowercase));
        Self(host.map(Into::into))
    }

    fn has(&self, authority: &str) -> bool {
        let Ok(url) = Url::parse(&format!("http://{authority}/")) else { return false };
        match url.host() {
            Some(Host::Ipv4(address)) => IpAddr::V4(address).is_loopback() || self.is(&address.to_string()),
            Some(Host::Ipv6(address)) => IpAddr::V6(address).is_loopback(),
            Some(Host::Domain(name)) => name == "localhost" || name.ends_with(".localhost") || self.is(name),
            None => false,
        }
    }

    fn is(&self, name: &str) -> bool {
        self.0.as_deref() == Some(name)
    }
}

/// Turns away who asks for another host. Who names none is no browser.
pub(crate) async fn check(State(known): State<Known>, request: Request, next: Next) -> Response {
    let named = request.headers().get(header::HOST).map(|host| host.to_str().unwrap_or_default());
    if named.is_none_or(|host| known.has(host)) {
        return next.run(request).await;
    }
    let detail = "this server answers for this machine and its public address only: start it with --public-url";
    let refused = Problem::new(StatusCode::MISDIRECTED_REQUEST, "misdirected", detail);
    RequestId::of(&request).on(refused.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_server_on_loopback_answers_for_this_machine_and_its_public_address() {
        let known = Known::of("https://adit.example.com:8443/");
        for host in [
            "localhost",
            "localhost:7171",
            "127.0.0.1:7171",
            "127.9.9.9",
            "[::1]:7171",
            "LOCALHOST",
            "adit.example.com",
        ] {
            assert!(known.has(host), "{host}");
        }
        for host in [
            "evil.example",
            "evil.example:7171",
            "localhost.evil.example",
            "adit.example.com.evil",
            "192.0.2.1",
            "",
            "a b",
        ] {
            assert!(!known.has(host), "{host}");
        }
    }
}
