//! The agent across a network: TLS, and a certificate that it has reason to trust.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use common::{
    bounded,
    server::{Agent, Server, config, options},
};
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::mpsc,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::aws_lc_rs,
        pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
    },
};

/// Speaks TLS in front of `behind`, with a certificate for `localhost` that it returns as PEM; tells of each handshake
/// whether it succeeded.
async fn terminator(behind: SocketAddr) -> (u16, String, mpsc::UnboundedReceiver<bool>) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let tls = ServerConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let (tell, handshakes) = mpsc::unbounded_channel();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, tell) = (acceptor.clone(), tell.clone());
            tokio::spawn(async move {
                let accepted = acceptor.accept(stream).await;
                let _ = tell.send(accepted.is_ok());
                if let Ok(mut outside) = accepted {
                    let mut inside = TcpStream::connect(behind).await.unwrap();
                    let _ = copy_bidirectional(&mut outside, &mut inside).await;
                }
            });
        }
    });
    (port, made.cert.pem(), handshakes)
}

#[tokio::test]
async fn an_agent_enrols_and_connects_over_tls_to_a_server_it_trusts() {
    let server = Server::start(config(vec![])).await;
    let (port, certificate, _handshakes) = terminator(server.address).await;
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, certificate).unwrap();
    let mut options = options(&server, &folder.path().join("agent"), vec![]);
    options.server = format!("wss://localhost:{port}");
    options.ca_file = Some(ca_file);
    let agent = Agent::start(options);
    server.status(|_| true).await;
    agent.stop().await.unwrap();
}

#[tokio::test]
async fn an_agent_tells_its_token_to_no_server_it_does_not_trust() {
    let server = Server::start(config(vec![])).await;
    let (port, _, mut handshakes) = terminator(server.address).await;
    let (_, other_certificate, _) = terminator(server.address).await;
    let folder = tempfile::tempdir().unwrap();
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, other_certificate).unwrap();
    let mut options = options(&server, &folder.path().join("agent"), vec![]);
    options.server = format!("wss://localhost:{port}");
    options.ca_file = Some(ca_file);
    let _agent = Agent::start(options);
    for _ in 0..2 {
        assert!(!bounded(handshakes.recv()).await.unwrap(), "the handshake must fail");
    }
    assert_eq!(server.enrolments(), 0);
}
