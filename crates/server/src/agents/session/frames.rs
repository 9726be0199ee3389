//! What is sent and heard, frame by frame.

use super::End;
use adit_wire::{
    ToAgent, ToServer,
    session::{Opener, Sealer},
};
use axum::extract::ws::{Message, WebSocket};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use serde::Serialize;
use std::time::Duration;
use tokio::time::timeout;

/// For one frame to be taken by the network.
pub(super) const SENDING: Duration = Duration::from_secs(30);
/// An agent that has said nothing of its own for so long is gone; it tells every few seconds what it is doing.
const SILENCE: Duration = Duration::from_secs(45);

pub(super) type Sink = SplitSink<WebSocket, Message>;

/// What goes to the agent, sealed.
pub(super) struct Out<'a> {
    pub sink: &'a mut Sink,
    pub sealer: Sealer,
    /// How many orders it has taken.
    pub orders: u64,
}

impl Out<'_> {
    pub async fn say(&mut self, frame: &ToAgent) -> Result<(), End> {
        let text = serde_json::to_string(frame).map_err(|e| e.to_string())?;
        let sealed = self.sealer.seal(text).map_err(|e| e.to_string())?;
        transmit(self.sink, Message::binary(sealed)).await
    }
}

/// A word of the greeting, before there is a channel.
pub(super) async fn plain(sink: &mut Sink, words: &impl Serialize) -> Result<(), End> {
    let text = serde_json::to_string(words).map_err(|e| e.to_string())?;
    transmit(sink, Message::text(text)).await
}

async fn transmit(sink: &mut Sink, message: Message) -> Result<(), End> {
    let sent = timeout(SENDING, sink.send(message)).await;
    sent.map_err(|_| "it takes nothing".to_owned())?.map_err(|e| e.to_string())
}

/// The next message that is not about the WebSocket itself.
pub(super) async fn message(stream: &mut SplitStream<WebSocket>) -> Result<Message, End> {
    loop {
        match stream.next().await {
            Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => return Ok(message),
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(_))) | None => return Err("it closed the connection".to_owned()),
            Some(Err(error)) => return Err(error.to_string()),
        }
    }
}

/// The next thing the agent, and nobody in between, says. What it has not sealed is no sign of life.
pub(super) async fn next(stream: &mut SplitStream<WebSocket>, opener: &mut Opener) -> Result<ToServer, End> {
    let heard = timeout(SILENCE, message(stream)).await;
    let Message::Binary(sealed) = heard.map_err(|_| "it has fallen silent".to_owned())?? else {
        return Err("a message that is not sealed".to_owned());
    };
    let opened = opener.open(&sealed).map_err(|e| e.to_string())?;
    serde_json::from_slice(&opened).map_err(|e| format!("it cannot be understood: {e}"))
}
