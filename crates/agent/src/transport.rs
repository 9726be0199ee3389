//! Reaching the server: TLS everywhere, except that a server on the same host may be spoken to in the clear.

use crate::AgentError;
use std::{
    io,
    net::IpAddr,
    path::Path,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
};
use tokio_rustls::{
    TlsConnector,
    client::TlsStream,
    rustls::{
        ClientConfig, RootCertStore,
        crypto::aws_lc_rs,
        pki_types::{CertificateDer, ServerName, pem::PemObject},
    },
};

/// Where the server is and how to get there.
pub(crate) struct Transport {
    host: String,
    port: u16,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

/// In the clear or not.
pub(crate) enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

impl Transport {
    /// From `wss://host[:port]` or `ws://loopback[:port]`.
    pub fn new(address: &str, ca_file: Option<&Path>) -> Result<Self, AgentError> {
        let bad = |reason: &str| AgentError::Server { address: address.to_owned(), reason: reason.to_owned() };
        let (secure, rest) = if let Some(rest) = address.strip_prefix("wss://") {
            (true, rest)
        } else if let Some(rest) = address.strip_prefix("ws://") {
            (false, rest)
        } else {
            return Err(bad("write wss://host or wss://host:port"));
        };
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        let (host, port) = split_port(rest, if secure { 443 } else { 80 })
            .filter(|(host, _)| !host.is_empty() && !host.contains(['/', '@', '?', '#', ' ']))
            .ok_or_else(|| bad("write wss://host or wss://host:port, with nothing after it"))?;
        let tls = if secure {
            let name = ServerName::try_from(host.to_owned()).map_err(|_| bad("not a host name or address"))?;
            Some((TlsConnector::from(Arc::new(tls_config(ca_file)?)), name))
        } else if host == "localhost" || host.parse().is_ok_and(|ip: IpAddr| ip.is_loopback()) {
            None
        } else {
            return Err(bad("plain ws:// is only for a server on this host; use wss:// across a network"));
        };
        Ok(Self { host: host.to_owned(), port, tls })
    }

    /// As in a `Host` header.
    pub fn authority(&self) -> String {
        if self.host.contains(':') {
            format!("[{}]:{}", self.host, self.port)
        } else {
            format!("{}:{}", self.host, self.port)
        }
    }

    pub const fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "wss" } else { "ws" }
    }

    /// A new connection; errors are for people.
    pub async fn connect(&self) -> Result<Stream, String> {
        let shown = |e: io::Error| format!("{}: {e}", self.authority());
        let stream = TcpStream::connect((self.host.as_str(), self.port)).await.map_err(shown)?;
        stream.set_nodelay(true).map_err(shown)?;
        match &self.tls {
            Some((connector, name)) => {
                let stream = connector.connect(name.clone(), stream).await.map_err(shown)?;
                Ok(Stream::Tls(Box::new(stream)))
            }
            None if stream.peer_addr().map_err(shown)?.ip().is_loopback() => Ok(Stream::Plain(stream)),
            None => Err(format!("{} is not on this host", self.authority())),
        }
    }
}

fn split_port(text: &str, usual: u16) -> Option<(&str, u16)> {
    if let Some(rest) = text.strip_prefix('[') {
        let (host, port) = rest.split_once(']')?;
        return match port.strip_prefix(':') {
            Some(port) => Some((host, port.parse().ok()?)),
            None => port.is_empty().then_some((host, usual)),
        };
    }
    match text.split_once(':') {
        Some((host, port)) => Some((host, port.parse().ok()?)),
        None => Some((text, usual)),
    }
}

fn tls_config(ca_file: Option<&Path>) -> Result<ClientConfig, AgentError> {
    let mut roots = RootCertStore::empty();
    if let Some(path) = ca_file {
        let certificates = CertificateDer::pem_file_iter(path)
            .and_then(Iterator::collect::<Result<Vec<_>, _>>)
            .map_err(|e| AgentError::Tls(format!("{}: {e}", path.display())))?;
        roots.add_parsable_certificates(certificates);
    } else {
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    }
    if roots.is_empty() {
        return Err(AgentError::Tls("no certificates to check the server against; name a CA file".to_owned()));
    }
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|e| AgentError::Tls(e.to_string()))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}

macro_rules! both {
    ($self:ident, $stream:ident => $call:expr) => {
        match $self.get_mut() {
            Stream::Plain($stream) => $call,
            Stream::Tls($stream) => $call,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        both!(self, stream => Pin::new(stream).poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        both!(self, stream => Pin::new(stream).poll_write(cx, buf))
    }
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        both!(self, stream => Pin::new(stream).poll_flush(cx))
    }
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        both!(self, stream => Pin::new(stream).poll_shutdown(cx))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn plain_connections_are_only_for_this_host() {
        for good in ["ws://127.0.0.1:8080", "ws://[::1]:8080/", "ws://localhost"] {
            assert!(Transport::new(good, None).is_ok(), "{good}");
        }
        for far in ["ws://10.0.0.1:80", "ws://example.org", "ws://localhost.example.org"] {
            let error = Transport::new(far, None).err().unwrap().to_string();
            assert!(error.contains("use wss://"), "{far}: {error}");
        }
        for bad in ["http://127.0.0.1", "127.0.0.1:80", "ws://", "ws://127.0.0.1:80/x", "ws://127.0.0.1:99999"] {
            assert!(matches!(Transport::new(bad, None), Err(AgentError::Server { .. })), "{bad}");
        }
    }
}
