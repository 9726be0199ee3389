//! The greeting: who is it?

use super::{
    End,
    frames::{Out, Sink, message, next, plain},
};
use crate::{
    agents::{Agents, Connected, Spent, bounds},
    heads::Witness,
};
use adit_core::{
    audit::Head,
    authz::Actor,
    command::Command,
    ids::{AccountId, AgentId},
};
use adit_wire::{
    Hello, SignedHead, ToAgent, ToServer, VerifyingKey,
    session::{Offer, Session as Channel},
};
use axum::extract::ws::{Message, WebSocket};
use futures_util::stream::SplitStream;

pub(super) struct Greeted {
    pub agent: AgentId,
    pub account: AccountId,
    pub connected: Connected,
    /// The head of the log that it is greeted with.
    pub head: Head,
    pub channel: Channel,
}

/// Who is it? An agent that is refused is told why, under the server's signature.
pub(super) async fn greet(
    agents: &Agents,
    sink: &mut Sink,
    stream: &mut SplitStream<WebSocket>,
) -> Result<Greeted, End> {
    let offer = Offer::new().map_err(|e| e.to_string())?;
    plain(sink, offer.challenge()).await?;
    let Message::Text(hello) = message(stream).await? else {
        return Err("say hello first".to_owned());
    };
    let hello: Hello = serde_json::from_str(&hello).map_err(|e| format!("a hello that cannot be read: {e}"))?;
    let agent = hello.agent;
    let state = agents.engine.state();
    let known = state.agent(agent).and_then(|known| Some((known.account, known.public_key.as_deref()?)));
    let known = known.and_then(|(account, key)| Some((account, VerifyingKey::from_hex(key).ok()?)));
    let Some((account, key)) = known else {
        let reason = format!("{agent} is not known here with this key: enrol it with a new token");
        plain(sink, &offer.refuse(&agents.key, &hello, reason.clone())).await?;
        return Err(reason);
    };
    let (answer, mut channel) =
        offer.accept(&agents.key, &key, &hello).map_err(|error| format!("it is not {agent}: {error}"))?;
    if !agents.spend(agent, Spent::Connection, 1) {
        return Err(format!("{agent} connects again and again"));
    }
    plain(sink, &answer).await?;
    let ToServer::Greeting { version, host, now, head, allowed } = next(stream, &mut channel.opener).await? else {
        return Err(format!("{agent} speaks before it greets"));
    };
    let end = first_head(agents, agent, head).await?;
    let head = end.head;
    let told = Command::ReportSitePolicy { agent, policy: allowed.map(bounds::policy).unwrap_or_default() };
    agents.engine.run(Actor::system(account), told).await.map_err(|error| error.to_string())?;
    let since = agents.engine.now();
    let connected = Connected {
        since,
        version: bounds::words(&version),
        host: bounds::words(&host),
        clock_offset_ms: now.0.saturating_sub(since.0),
        status: None,
    };
    let mut out = Out { sink, sealer: channel.sealer, orders: 0 };
    out.say(&ToAgent::Head(end)).await?;
    let channel = Channel { id: channel.id, sealer: out.sealer, opener: channel.opener };
    Ok(Greeted { agent, account, connected, head, channel })
}

/// The log's end for an agent that brings the last head it was told.
async fn first_head(agents: &Agents, agent: AgentId, brought: Option<Box<SignedHead>>) -> Result<SignedHead, End> {
    let (heads, now) = (agents.heads(), agents.engine.now());
    let told = tokio::task::spawn_blocking(move || {
        let follows = heads.hear(Witness::Agent(agent), brought.as_deref(), now)?;
        heads.end(follows)
    });
    told.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
}
