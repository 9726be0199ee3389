//! The smallest agent there is: it proves who it is, and says when an order reaches it.

use crate::company::AGENT;
use adit_core::{fleet::CommandId, time::Timestamp};
use adit_wire::{AgentKey, CommandBody, PROTOCOL, ToAgent, ToServer, VerifyingKey};
use futures_util::{SinkExt, StreamExt};
use std::{net::SocketAddr, time::Instant};
use tokio::{net::TcpStream, sync::mpsc};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

/// An order came, at this moment.
pub type Order = (CommandId, Instant);

/// Connects and hears orders for ever; returns once it is welcome and has its devices.
pub async fn connect(address: SocketAddr, key: &AgentKey, orders: mpsc::UnboundedSender<Order>) {
    let mut request = format!("ws://{address}/agent/v1/connect").into_client_request().expect("an address");
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(PROTOCOL));
    let stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("a socket");
    let (mut socket, _) = client_async(request, stream).await.expect("a WebSocket");
    let ToAgent::Challenge { nonce } = next(&mut socket).await else { panic!("the server greets first") };
    let hello = ToServer::Hello {
        agent: AGENT,
        signature: key.sign_hello(&nonce),
        version: "bench".into(),
        host: "bench".into(),
        now: Timestamp(0),
        head: None,
        allowed: None,
    };
    let hello = serde_json::to_string(&hello).expect("a greeting");
    socket.send(Message::text(hello)).await.expect("the server listens");
    loop {
        if let ToAgent::Devices { last: true, .. } = next(&mut socket).await {
            break;
        }
    }
    tokio::spawn(async move {
        loop {
            if let ToAgent::Command(signed) = next(&mut socket).await {
                let at = Instant::now();
                let body: CommandBody = serde_json::from_str(&signed.body).expect("an order");
                if orders.send((body.command, at)).is_err() {
                    return;
                }
            }
        }
    });
}

async fn next(socket: &mut WebSocketStream<TcpStream>) -> ToAgent {
    loop {
        let message = socket.next().await.expect("the server stays").expect("the connection stays");
        if let Message::Text(text) = message {
            return serde_json::from_str(&text).expect("a frame");
        }
    }
}

/// The key of the company's agent.
pub fn key() -> AgentKey {
    AgentKey::from_secret([42; 32])
}

/// Its public half.
pub fn public_key() -> String {
    let key: VerifyingKey = key().verifying_key();
    key.to_hex()
}
