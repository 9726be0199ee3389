//! The address at which people reach the server, and whether what they send can be read on the way.
//!
//! The server itself speaks no TLS: a proxy in front does. So what is behind it follows from the public address alone: `Secure`
//! cookies and HSTS if it is `https://`, and links in letters, the issuer of single sign-on's way back and AuthZEN's metadata below it.

use crate::api::Options;
use reqwest::Url;
use std::net::{IpAddr, SocketAddr};

/// What helps where something would be sent in the clear.
const INSTEAD: &str = "put a proxy that speaks TLS in front and name its address with --public-url https://\u{2026}, or listen on \
    127.0.0.1; --insecure-http serves it all the same";

/// Where people reach a server of which nothing else is known. By name: a passkey belongs to a name.
pub(crate) fn local(address: SocketAddr) -> String {
    if address.ip().is_loopback() {
        format!("http://localhost:{}", address.port())
    } else {
        format!("http://{address}")
    }
}

/// The public address as links begin with it, or nothing if none was given.
///
/// # Errors
/// A sentence: it is none, or what people send could be read on the way.
pub(crate) fn checked(listen: SocketAddr, options: &Options) -> Result<String, String> {
    let given = options.public_url.as_str();
    let url = if given.is_empty() { None } else { Some(read(given)?) };
    if url.as_ref().is_some_and(|url| url.scheme() == "https") || options.insecure_http {
        return Ok(url.map(|url| plain(&url)).unwrap_or_default());
    }
    if !listen.ip().is_loopback() {
        return Err(format!(
            "passwords would be sent in the clear: {listen} is reached from other machines, and no public address with TLS is \
             known. Do one of these: {INSTEAD}"
        ));
    }
    if let Some(url) = url.as_ref().filter(|url| !is_here(url)) {
        return Err(format!("passwords would be sent in the clear to {}. Do one of these: {INSTEAD}", plain(url)));
    }
    Ok(url.map(|url| plain(&url)).unwrap_or_default())
}

fn read(given: &str) -> Result<Url, String> {
    let wrong = |why: &str| format!("the public address {given:?} {why}: give it as https://adit.example.com");
    let url = Url::parse(given).map_err(|error| wrong(&format!("cannot be read ({error})")))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong("begins with neither https:// nor http://"));
    }
    let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    if !bare || !url.username().is_empty() || url.password().is_some() {
        return Err(wrong("has more than a host and a port"));
    }
    Ok(url)
}

fn plain(url: &Url) -> String {
    url.as_str().trim_end_matches('/').to_owned()
}

/// Does it lead to this machine?
fn is_here(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(listen: &str, public_url: &str, insecure_http: bool) -> Result<String, String> {
        let options = Options { public_url: public_url.into(), insecure_http, ..Options::default() };
        checked(listen.parse().unwrap(), &options)
    }

    #[test]
    fn what_can_be_read_on_the_way_is_refused_unless_it_is_said_so() {
        const HERE: &str = "127.0.0.1:7070";
        const EVERYWHERE: &str = "0.0.0.0:7070";
        for (listen, url) in
            [(EVERYWHERE, ""), ("[::]:7070", ""), (EVERYWHERE, "http://localhost:7070"), (HERE, "http://adit.lan")]
        {
            let refused = asked(listen, url, false).unwrap_err();
            assert!(refused.contains("--public-url") && refused.contains("--insecure-http"), "{refused}");
            assert_eq!(asked(listen, url, true), Ok(url.to_owned()), "{listen} {url}");
        }
        for (listen, url, plain) in [
            (HERE, "", ""),
            ("[::1]:7070", "", ""),
            (HERE, "http://localhost:7070/", "http://localhost:7070"),
            (HERE, "http://[::1]:7070", "http://[::1]:7070"),
            (EVERYWHERE, "https://Adit.example.com/", "https://adit.example.com"),
            (HERE, "https://adit.example.com:8443", "https://adit.example.com:8443"),
        ] {
            assert_eq!(asked(listen, url, false).as_deref(), Ok(plain), "{listen} {url}");
        }
    }

    #[test]
    fn an_address_that_is_none_is_refused_in_any_case() {
        for url in [
            "adit.example.com",
            "ftp://adit.example.com",
            "https://adit.example.com/console",
            "https://u@a.test",
            "https://a.test/?q",
        ] {
            let refused = asked("127.0.0.1:0", url, true).unwrap_err();
            assert!(refused.contains("https://adit.example.com"), "{refused}");
        }
    }
}
