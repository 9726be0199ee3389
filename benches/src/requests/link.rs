//! The smallest agent there is: it proves who it is, and says when an order reaches it.

use crate::company::AGENT;
use adit_core::{fleet::CommandId, time::Timestamp};
use adit_wire::{
    AgentKey, CommandBody, PROTOCOL, ToAgent, ToServer, VerifyingKey,
    session::{Greeted, Opener, Reply},
};
use futures_util::{SinkExt, StreamExt};
use std::{net::SocketAddr, time::Instant};
use tokio::{net::TcpStream, sync::mpsc};
use tokio_tungstenite::{
    WebSocketStream, client_async,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue},
};

/// An order came, at this moment.
pub type Order = (CommandId, Instant);

type Socket = WebSocketStream<TcpStream>;

/// Connects to `server` and hears orders for ever; returns once it is welcome and has its devices.
pub async fn connect(
    address: SocketAddr,
    (key, server): (&AgentKey, VerifyingKey),
    orders: mpsc::UnboundedSender<Order>,
) {
    let mut request =
        format!("ws://{address}/agent/v1/connect?agent={AGENT}").into_client_request().expect("an address");
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(PROTOCOL));
    let stream = TcpStream::connect(address).await.expect("a connection");
    stream.set_nodelay(true).expect("a socket");
    let (mut socket, _) = client_async(request, stream).await.expect("a WebSocket");
    let challenge = plain(&mut socket).await.into_data();
    let challenge = serde_json::from_slice(&challenge).expect("the server greets first");
    let reply = Reply::to(challenge, (AGENT, key), server).expect("a challenge");
    let hello = serde_json::to_string(reply.hello()).expect("a greeting");
    socket.send(Message::text(hello)).await.expect("the server listens");
    let answer = serde_json::from_slice(&plain(&mut socket).await.into_data()).expect("an answer");
    let Ok(Greeted::Accepted(mut session)) = reply.hear(answer) else { panic!("the agent is known") };
    let greeting = ToServer::Greeting {
        version: "bench".into(),
        host: "bench".into(),
        now: Timestamp(0),
        head: None,
        allowed: None,
    };
    let greeting = session.sealer.seal(serde_json::to_string(&greeting).expect("a greeting")).expect("a session");
    socket.send(Message::binary(greeting)).await.expect("the server listens");
    loop {
        if let ToAgent::Devices { last: true, .. } = next(&mut socket, &mut session.opener).await {
            break;
        }
    }
    tokio::spawn(async move {
        loop {
            if let ToAgent::Command(signed) = next(&mut socket, &mut session.opener).await {
                let at = Instant::now();
                let body: CommandBody = serde_json::from_str(&signed.command.body).expect("an order");
                if orders.send((body.command, at)).is_err() {
                    return;
                }
            }
        }
    });
}

/// A word of the greeting.
async fn plain(socket: &mut Socket) -> Message {
    loop {
        let message = message(socket).await;
        if message.is_text() {
            return message;
        }
    }
}

async fn next(socket: &mut Socket, opener: &mut Opener) -> ToAgent {
    loop {
        if let Message::Binary(sealed) = message(socket).await {
            let frame = opener.open(&sealed).expect("the server's next frame");
            return serde_json::from_slice(&frame).expect("a frame");
        }
    }
}

async fn message(socket: &mut Socket) -> Message {
    socket.next().await.expect("the server stays").expect("the connection stays")
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
