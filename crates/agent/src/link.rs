//! The connection to the server: made by the agent, greeted, kept, and made anew.

use crate::{
    AgentOptions, Pace, Random,
    commands::Commands,
    head::KnownHead,
    identity::Identity,
    server_clock::ServerClock,
    site::AgentSite,
    transport::{Stream, Transport},
};
use adit_wire::{
    AgentStatus, GivenCommand, MAX_SEALED, PROTOCOL, ToAgent, ToServer,
    session::{Greeted, Opener, Reply, Sealer},
};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use serde::de::DeserializeOwned;
use std::{sync::Arc, time::Duration};
use tokio::{
    sync::mpsc,
    time::{Instant, interval, sleep, timeout, timeout_at},
};
use tokio_tungstenite::{
    WebSocketStream, client_async_with_config,
    tungstenite::{Message, client::IntoClientRequest, http::HeaderValue, protocol::WebSocketConfig},
};

/// For connecting and greeting together.
const GREETING: Duration = Duration::from_secs(20);
/// For one frame to be taken by the network.
const SENDING: Duration = Duration::from_secs(30);
/// Urgent news wait this long for company.
const TOGETHER: Duration = Duration::from_millis(20);
/// Orders read and not yet in the journal; beyond this the connection is read no further.
const INTAKE: usize = 4_096;
/// A clock this far from the server's is worth a word: orders are judged by the server's, but what is reported is dated by this one.
const CLOCK_WARNING_MS: u64 = 5_000;

type Socket = WebSocketStream<Stream>;

/// What the link works with.
pub(crate) struct Link {
    pub transport: Transport,
    pub identity: Identity,
    pub known_head: KnownHead,
    pub host: String,
    pub options: AgentOptions,
    pub server_clock: ServerClock,
    pub site: Arc<AgentSite>,
    pub commands: Arc<Commands>,
}

/// How a connection came to its end.
enum End {
    /// With why.
    Lost(String),
    /// The server will not have us, or we will not have it.
    Refused(String),
}

impl Link {
    /// Connects, again and again.
    pub async fn keep(&self) {
        let (orders, arrived) = mpsc::channel(INTAKE);
        tokio::select! {
            () = self.reconnect(&orders) => {}
            () = take_orders(&self.commands, arrived) => {}
        }
    }

    async fn reconnect(&self, orders: &mpsc::Sender<GivenCommand>) {
        let mut wait = Backoff::new(self.options.pace, Arc::clone(&self.options.random));
        loop {
            let mut greeted = false;
            let end = self.session(orders, &mut greeted).await;
            self.site.collector.outbox.disconnected();
            if greeted {
                wait.reset();
            }
            let pause = match end {
                End::Lost(reason) => {
                    let pause = wait.next();
                    tracing::warn!(reason, ?pause, "no connection to the server");
                    pause
                }
                End::Refused(reason) => {
                    tracing::error!(reason, "this agent and the server do not get together; somebody has to act");
                    self.site.refused().await;
                    wait.longest()
                }
            };
            sleep(pause).await;
        }
    }

    async fn session(&self, orders: &mpsc::Sender<GivenCommand>, greeted: &mut bool) -> End {
        let deadline = Instant::now() + GREETING;
        let socket = match timeout_at(deadline, self.open()).await {
            Ok(Ok(socket)) => socket,
            Ok(Err(reason)) => return End::Lost(reason),
            Err(_) => return End::Lost("the server did not answer in time".to_owned()),
        };
        let (mut sink, mut stream) = socket.split();
        let (mut sealer, mut opener) = match timeout_at(deadline, self.greet(&mut sink, &mut stream)).await {
            Ok(Ok(channel)) => channel,
            Ok(Err(end)) => return end,
            Err(_) => return End::Lost("the server did not greet in time".to_owned()),
        };
        *greeted = true;
        self.site.collector.outbox.connected();
        tracing::info!(agent = %self.identity.agent, "connected");
        tokio::select! {
            end = self.listen(&mut stream, &mut opener, orders) => end,
            reason = self.speak(&mut sink, &mut sealer) => End::Lost(reason),
        }
    }

    async fn open(&self) -> Result<Socket, String> {
        let stream = self.transport.connect().await?;
        let (scheme, authority) = (self.transport.scheme(), self.transport.authority());
        let url = format!("{scheme}://{authority}/agent/v1/connect?agent={}", self.identity.agent);
        let mut request = url.into_client_request().map_err(|e| e.to_string())?;
        request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(PROTOCOL));
        let limits = WebSocketConfig::default().max_message_size(Some(MAX_SEALED)).max_frame_size(Some(MAX_SEALED));
        let (socket, _) = client_async_with_config(request, stream, Some(limits)).await.map_err(|e| e.to_string())?;
        Ok(socket)
    }

    /// Who is there? Then the whole configuration, over a channel that only the server and this agent have.
    async fn greet(
        &self,
        sink: &mut SplitSink<Socket, Message>,
        stream: &mut SplitStream<Socket>,
    ) -> Result<(Sealer, Opener), End> {
        let lost = |reason: &dyn std::fmt::Display| End::Lost(reason.to_string());
        let asked = self.server_clock.mark();
        let known = self.known_head.read().map_err(End::Refused)?;
        let who = (self.identity.agent, &self.identity.key);
        let reply = Reply::to(plain(stream).await?, who, self.identity.server_key.clone()).map_err(|e| lost(&e))?;
        let hello = serde_json::to_string(reply.hello()).map_err(|e| lost(&e))?;
        send(sink, Message::text(hello)).await.map_err(End::Lost)?;
        let mut session = match reply.hear(plain(stream).await?).map_err(|e| lost(&e))? {
            Greeted::Accepted(session) => *session,
            Greeted::Refused(reason) => return Err(End::Refused(reason)),
        };
        let greeting = ToServer::Greeting {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            host: self.host.clone(),
            now: (self.options.clock)(),
            head: known.map(Box::new),
            allowed: Some(self.site.collector.policy.allowed()),
        };
        let text = serde_json::to_string(&greeting).map_err(|e| lost(&e))?;
        say(sink, &mut session.sealer, text).await.map_err(End::Lost)?;
        let ToAgent::Head(head) = next(stream, &mut session.opener).await? else {
            return Err(End::Lost("the server did not say how far its log is".to_owned()));
        };
        self.known_head.take(&head).map_err(End::Refused)?;
        let ToAgent::Welcome { config, now } = next(stream, &mut session.opener).await? else {
            return Err(End::Lost("the server spoke before it greeted".to_owned()));
        };
        self.server_clock.hear(now, asked);
        let mine = asked.own;
        if mine.0.abs_diff(now.0) > CLOCK_WARNING_MS {
            tracing::warn!(?mine, server = ?now, "this host's clock and the server's disagree; set it by NTP");
        }
        self.commands.begin_session(session.id);
        self.site.collector.registry.expect_list();
        self.site.configure(config).await;
        Ok((session.sealer, session.opener))
    }

    /// Only what the server has sealed counts as a word of it.
    async fn listen(
        &self,
        stream: &mut SplitStream<Socket>,
        opener: &mut Opener,
        orders: &mpsc::Sender<GivenCommand>,
    ) -> End {
        loop {
            let message = match timeout(self.options.pace.silence, next(stream, opener)).await {
                Ok(Ok(message)) => message,
                Ok(Err(end)) => return end,
                Err(_) => return End::Lost("the server has fallen silent".to_owned()),
            };
            match message {
                ToAgent::Configure { config } => self.site.configure(config).await,
                ToAgent::Devices { devices, last } => {
                    self.site.devices(devices, last);
                    if last {
                        self.commands.executor.release();
                    }
                }
                ToAgent::Command(command) => match orders.send(command).await {
                    Ok(()) => {}
                    Err(_) => return End::Lost("the agent is stopping".to_owned()),
                },
                ToAgent::Head(head) => {
                    if let Err(reason) = self.known_head.take(&head) {
                        return End::Refused(reason);
                    }
                }
                ToAgent::ResultsStored { commands } => self.commands.stored(commands).await,
                ToAgent::Alive { now } => self.server_clock.at_least(now),
                ToAgent::Welcome { .. } => return End::Lost("the server greeted twice".to_owned()),
            }
        }
    }

    async fn speak(&self, sink: &mut SplitSink<Socket, Message>, sealer: &mut Sealer) -> String {
        let (outbox, pace) = (&self.site.collector.outbox, self.options.pace);
        let mut batch = interval(pace.batch);
        let mut status = interval(pace.status);
        loop {
            tokio::select! {
                _ = batch.tick() => {}
                () = outbox.urgent.notified() => sleep(TOGETHER.min(pace.batch)).await,
                _ = status.tick() => {
                    outbox.status_changed();
                    self.site.tell_of_the_silent();
                }
            }
            for frame in outbox.frames(|| (self.status(), self.site.load())) {
                if let Err(reason) = say(sink, sealer, frame).await {
                    return reason;
                }
            }
        }
    }

    fn status(&self) -> AgentStatus {
        let number = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
        AgentStatus {
            workers: self.site.workers.status(),
            open_commands: number(self.commands.executor.open()),
            devices: number(self.site.collector.registry.len()),
        }
    }
}

/// Passes orders on in groups, as many as have arrived together.
async fn take_orders(commands: &Commands, mut arrived: mpsc::Receiver<GivenCommand>) {
    let mut batch = Vec::new();
    while arrived.recv_many(&mut batch, INTAKE).await > 0 {
        commands.take(std::mem::take(&mut batch)).await;
    }
}

async fn send(sink: &mut SplitSink<Socket, Message>, message: Message) -> Result<(), String> {
    match timeout(SENDING, sink.send(message)).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err("the network takes nothing more".to_owned()),
    }
}

async fn say(sink: &mut SplitSink<Socket, Message>, sealer: &mut Sealer, frame: String) -> Result<(), String> {
    let sealed = sealer.seal(frame).map_err(|e| e.to_string())?;
    send(sink, Message::binary(sealed)).await
}

/// The next message of the WebSocket that is not about the WebSocket itself.
async fn message(stream: &mut SplitStream<Socket>) -> Result<Message, End> {
    loop {
        match stream.next().await {
            None | Some(Ok(Message::Close(_))) => return Err(End::Lost("the server closed the connection".to_owned())),
            Some(Err(error)) => return Err(End::Lost(error.to_string())),
            Some(Ok(message @ (Message::Text(_) | Message::Binary(_)))) => return Ok(message),
            Some(Ok(_)) => {}
        }
    }
}

/// A word of the greeting, before there is a channel.
async fn plain<T: DeserializeOwned>(stream: &mut SplitStream<Socket>) -> Result<T, End> {
    let Message::Text(text) = message(stream).await? else {
        return Err(End::Lost("the server did not greet".to_owned()));
    };
    serde_json::from_str(&text).map_err(|error| End::Lost(format!("a greeting that cannot be read: {error}")))
}

/// The next thing that the server, and nobody in between, has said.
async fn next(stream: &mut SplitStream<Socket>, opener: &mut Opener) -> Result<ToAgent, End> {
    let Message::Binary(sealed) = message(stream).await? else {
        return Err(End::Lost("a message that is not sealed".to_owned()));
    };
    let opened = opener.open(&sealed).map_err(|error| End::Lost(error.to_string()))?;
    serde_json::from_slice(&opened).map_err(|error| End::Lost(format!("a message that cannot be read: {error}")))
}

/// Waits that double and are shortened at random, so that a thousand agents do not come back at once.
struct Backoff {
    pace: Pace,
    random: Random,
    wait: Duration,
}

impl Backoff {
    fn new(pace: Pace, random: Random) -> Self {
        Self { wait: pace.retry_from, pace, random }
    }

    fn reset(&mut self) {
        self.wait = self.pace.retry_from;
    }

    fn next(&mut self) -> Duration {
        let wait = self.wait;
        self.wait = (wait * 2).min(self.pace.retry_to);
        self.shorten(wait)
    }

    fn longest(&self) -> Duration {
        self.shorten(self.pace.retry_to)
    }

    fn shorten(&self, wait: Duration) -> Duration {
        let share = f64::from((self.random)() as u32) / f64::from(u32::MAX);
        wait.mul_f64(1.0 - share / 2.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest_and_are_shortened_by_at_most_half() {
        let pace = Pace { retry_from: Duration::from_secs(1), retry_to: Duration::from_secs(5), ..Pace::default() };
        let waits = |random: u64| {
            let mut backoff = Backoff::new(pace, Arc::new(move || random));
            let waits: Vec<_> = (0..4).map(|_| backoff.next().as_millis()).collect();
            backoff.reset();
            assert_eq!(backoff.next().as_millis(), waits[0]);
            waits
        };
        assert_eq!(waits(0), [1_000, 2_000, 4_000, 5_000]);
        assert_eq!(waits(u64::from(u32::MAX)), [500, 1_000, 2_000, 2_500]);
    }
}
