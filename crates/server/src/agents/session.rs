//! One connection of one agent.

use super::{Agents, Connected, Spent, bounds, known};
use crate::{
    decider::{Batch, CommandError},
    dispatch::{self, Stage},
    heads::Witness,
    net::{Origin, Seat, Source},
};
use adit_core::{
    audit::Head,
    authz::Actor,
    command::{Command, Reply},
    event::Event,
    fleet::{CommandId, FoundDevice},
    ids::{AccountId, AgentId, DeviceId, ScanTaskId},
    requests::{Approved, ItemState},
    state::State as CoreState,
};
use adit_telemetry::{Connectivity, ConnectivityReason};
use adit_wire::{
    CommandResult, Hello, KnownDevice, MAX_ROWS, MAX_SEALED, PROTOCOL, SignedHead, ToAgent, ToServer, VerifyingKey,
    session::{Offer, Opener, Sealer, Session as Channel},
};
use axum::{
    extract::{
        Extension, State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use futures_util::{
    SinkExt, StreamExt,
    stream::{SplitSink, SplitStream},
};
use serde::Serialize;
use std::{
    collections::BTreeSet,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        mpsc,
    },
    time::{MissedTickBehavior, interval, timeout},
};

/// For one frame to be taken by the network.
const SENDING: Duration = Duration::from_secs(30);
/// An agent that has said nothing of its own for so long is gone; it tells every few seconds what it is doing.
const SILENCE: Duration = Duration::from_secs(45);
/// It is told this often how far the log has come: what is put back by more than this is noticed by it.
const HEADS: Duration = Duration::from_secs(30);
/// It is told this often that the server is there.
const ALIVE: Duration = Duration::from_secs(10);

type Sink = SplitSink<WebSocket, Message>;

/// Why a session ended; for the log.
type End = String;

/// Takes a connection, unless its source has too many that have not said who they are.
pub(super) async fn connect(
    State(agents): State<Arc<Agents>>,
    origin: Option<Extension<Origin>>,
    upgrade: WebSocketUpgrade,
) -> Response {
    let from = origin.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |Extension(Origin(from))| from);
    let Some(seat) = agents.greetings.take(Source::of(from)) else {
        let sentence = "too many agents from this address have not said who they are: try again shortly";
        return (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "5")], sentence).into_response();
    };
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(MAX_SEALED).max_frame_size(MAX_SEALED);
    upgrade.on_upgrade(async move |socket| {
        let (mut sink, mut stream) = socket.split();
        let Seat { place, given_away } = seat;
        let greeted = tokio::select! {
            greeted = timeout(agents.greeting, greet(&agents, &mut sink, &mut stream)) => greeted,
            () = given_away.wait() => Ok(Err("others wait: say sooner who you are".to_owned())),
        };
        // From here on it takes no stranger's seat; known agents need none, as each has one connection.
        drop(place);
        match greeted {
            Ok(Ok(greeted)) => {
                let Greeted { agent, account, connected, head, channel: Channel { id, sealer, opener } } = greeted;
                let session = Session { agents: &agents, agent, account, id, greeted: head };
                let end =
                    session.serve(connected, Out { sink: &mut sink, sealer, orders: 0 }, (&mut stream, opener)).await;
                tracing::info!(%agent, end, "disconnected");
            }
            Ok(Err(reason)) => tracing::warn!(reason, "an agent is not greeted"),
            Err(_) => {}
        }
        let _ = timeout(SENDING, sink.close()).await;
    })
}

struct Greeted {
    agent: AgentId,
    account: AccountId,
    connected: Connected,
    /// The head of the log that it is greeted with.
    head: Head,
    channel: Channel,
}

/// Who is it? An agent that is refused is told why, under the server's signature.
async fn greet(agents: &Agents, sink: &mut Sink, stream: &mut SplitStream<WebSocket>) -> Result<Greeted, End> {
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

/// What goes to the agent, sealed.
struct Out<'a> {
    sink: &'a mut Sink,
    sealer: Sealer,
    /// How many orders it has taken.
    orders: u64,
}

impl Out<'_> {
    async fn say(&mut self, frame: &ToAgent) -> Result<(), End> {
        let text = serde_json::to_string(frame).map_err(|e| e.to_string())?;
        let sealed = self.sealer.seal(text).map_err(|e| e.to_string())?;
        transmit(self.sink, Message::binary(sealed)).await
    }
}

struct Session<'a> {
    agents: &'a Agents,
    agent: AgentId,
    account: AccountId,
    /// What its orders are for.
    id: String,
    /// The head of the log that it was greeted with.
    greeted: Head,
}

impl Session<'_> {
    async fn serve(
        &self,
        connected: Connected,
        out: Out<'_>,
        (stream, opener): (&mut SplitStream<WebSocket>, Opener),
    ) -> End {
        let (number, frames, replaced) = self.agents.connect(self.agent, connected);
        tracing::info!(agent = %self.agent, "connected");
        let (answers, to_send) = mpsc::channel(16);
        let end = tokio::select! {
            end = self.speak(out, frames, to_send) => end,
            end = self.listen(number, (stream, opener), answers) => end,
            _ = replaced => "another connection took its place".to_owned(),
        };
        self.agents.disconnect(self.agent, number);
        end
    }

    /// Welcomes, then sends what there is to send.
    async fn speak(
        &self,
        mut out: Out<'_>,
        mut frames: mpsc::Receiver<ToAgent>,
        mut answers: mpsc::Receiver<ToAgent>,
    ) -> End {
        // Before the state is read, so that no request falls in between.
        let mut commits = self.agents.engine.subscribe();
        if let Err(end) = self.welcome(&mut out).await {
            return end;
        }
        let mut head_due = interval(HEADS);
        head_due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = self.greeted;
        let mut alive = interval(ALIVE);
        alive.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let sent = tokio::select! {
                Some(frame) = answers.recv() => out.say(&frame).await,
                Some(frame) = frames.recv() => out.say(&frame).await,
                committed = commits.recv() => self.dispatch(&mut out, committed).await,
                _ = head_due.tick() => self.tell_head(&mut out, &mut told).await,
                _ = alive.tick() => out.say(&ToAgent::Alive { now: self.agents.engine.now() }).await,
            };
            if let Err(end) = sent {
                return end;
            }
        }
    }

    /// If the log has gone on since it was told last.
    async fn tell_head(&self, out: &mut Out<'_>, told: &mut Head) -> Result<(), End> {
        let (heads, follows) = (self.agents.heads(), *told);
        let end = tokio::task::spawn_blocking(move || heads.end(Some(follows)));
        let end = end.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        if end.head != follows {
            *told = end.head;
            out.say(&ToAgent::Head(end)).await?;
        }
        Ok(())
    }

    /// Its configuration, its devices, and everything that is open for it.
    async fn welcome(&self, out: &mut Out<'_>) -> Result<(), End> {
        let state = self.agents.engine.state();
        let config = self.agents.config_of(&state, self.agent);
        out.say(&ToAgent::Welcome { config, now: self.agents.engine.now() }).await?;
        let devices: Vec<_> = state.devices().filter(|device| device.agent == self.agent).map(known).collect();
        let mut rest = devices.as_slice();
        loop {
            let (part, after) = rest.split_at(rest.len().min(MAX_ROWS));
            let last = after.is_empty();
            out.say(&ToAgent::Devices { devices: part.to_vec(), last }).await?;
            if last {
                break;
            }
            rest = after;
        }
        self.order(out, dispatch::all_work_of(&state, self.agent)).await
    }

    async fn dispatch(
        &self,
        out: &mut Out<'_>,
        committed: Result<Batch, broadcast::error::RecvError>,
    ) -> Result<(), End> {
        match committed {
            Ok(batch) => {
                let state = self.agents.engine.state();
                for (_, entry) in batch.iter() {
                    if matches!(entry.event, Event::AccountDeleted { account } if account == self.account) {
                        return Err("its account is gone".to_owned());
                    }
                    if let Event::RequestExecuting { request, agents, .. } = &entry.event
                        && agents.iter().any(|(_, agent)| *agent == self.agent)
                    {
                        self.order(out, dispatch::work_of(&state, *request, self.agent)).await?;
                    }
                    if matches!(entry.event, Event::AccountUnfrozen { account } if account == self.account) {
                        self.order(out, dispatch::all_work_of(&state, self.agent)).await?;
                    }
                }
                Ok(())
            }
            Err(RecvError::Lagged(_)) => {
                let state = self.agents.engine.state();
                self.order(out, dispatch::all_work_of(&state, self.agent)).await
            }
            Err(RecvError::Closed) => Err("the engine has stopped".to_owned()),
        }
    }

    async fn order(&self, out: &mut Out<'_>, work: impl Iterator<Item = Approved>) -> Result<(), End> {
        for item in work {
            let command = item.command();
            let state = self.agents.engine.state();
            let addressed =
                dispatch::Addressed { session: &self.id, sequence: out.orders + 1, now: self.agents.engine.now() };
            // Its machine is gone: what is left of the request is settled by time.
            let Some(signed) = dispatch::sign(&self.agents.key, &state, item, &addressed).map_err(|e| e.to_string())?
            else {
                continue;
            };
            out.orders += 1;
            // Before it is sent: the agent's answer must not overtake it.
            self.agents.stages.reached(command, Stage::Dispatched);
            out.say(&ToAgent::Command(signed)).await?;
        }
        Ok(())
    }

    async fn listen(
        &self,
        number: u64,
        (stream, mut opener): (&mut SplitStream<WebSocket>, Opener),
        answers: mpsc::Sender<ToAgent>,
    ) -> End {
        loop {
            let heard = match next(stream, &mut opener).await {
                Ok(heard) => heard,
                Err(end) => return end,
            };
            self.agents.watch.heard(self.agent, self.agents.engine.now());
            if !self.agents.spend(self.agent, Spent::Frame, 1)
                || !self.agents.spend(self.agent, Spent::Row, rows(&heard))
            {
                tracing::warn!(agent = %self.agent, "it says more than an agent may and is cut off");
                return "it says more than an agent may".to_owned();
            }
            let answer = match self.take(number, heard).await {
                Ok(answer) => answer,
                Err(end) => return end,
            };
            if let Some(answer) = answer
                && answers.send(answer).await.is_err()
            {
                return "nothing can be sent".to_owned();
            }
        }
    }

    /// Is the order the agent's to carry out, and has it not ended?
    fn holds(&self, state: &CoreState, command: CommandId) -> bool {
        let request = state.request(command.request);
        let item = request.and_then(|request| request.items.get(command.item as usize));
        item == Some(&ItemState::Open { agent: self.agent })
    }

    async fn take(&self, number: u64, heard: ToServer) -> Result<Option<ToAgent>, End> {
        match heard {
            ToServer::Greeting { .. } => Err("it greeted twice".to_owned()),
            ToServer::Found { scan_task, devices } => {
                bounded(devices.len())?;
                self.found(scan_task, devices).await
            }
            ToServer::Polled { mut results } => {
                bounded(results.len())?;
                let state = self.agents.engine.state();
                results.retain(|result| state.device(result.device()).is_some_and(|device| device.agent == self.agent));
                self.agents.live.hear(&results, self.agents.engine.now());
                Ok(None)
            }
            ToServer::Received { commands } => {
                bounded(commands.len())?;
                let state = self.agents.engine.state();
                for command in commands {
                    if self.holds(&state, command) && self.agents.stages.get(command).is_some() {
                        self.agents.stages.reached(command, Stage::Received);
                    }
                }
                Ok(None)
            }
            ToServer::Results { results } => {
                bounded(results.len())?;
                self.results(results).await.map(Some)
            }
            ToServer::Status(status) => {
                bounded(status.workers.len())?;
                self.agents.set_status(self.agent, number, status);
                Ok(None)
            }
            ToServer::Load(load) => {
                self.agents.watch.take(self.agent, &load, self.agents.engine.now());
                Ok(None)
            }
        }
    }

    async fn found(&self, scan_task: ScanTaskId, mut devices: Vec<FoundDevice>) -> Result<Option<ToAgent>, End> {
        devices.retain(bounds::is_sound);
        self.keep_news_within_bounds(&mut devices);
        let heard = self.heard_by_others(&devices);
        let identities: Vec<_> = devices.iter().map(|device| device.identity.clone()).collect();
        let command = Command::ReportDevices { agent: self.agent, scan_task, devices, heard };
        match self.agents.engine.run(Actor::system(self.account), command).await {
            Ok(Reply::Taken { left_out }) if left_out > 0 => {
                tracing::warn!(agent = %self.agent, left_out, "it has as many devices as an agent may, and gets no more");
            }
            Ok(_) => {}
            Err(CommandError::Rejected(rejection)) => {
                tracing::warn!(agent = %self.agent, %scan_task, %rejection, "found devices are not taken in");
                return Ok(None);
            }
            Err(error) => return Err(error.to_string()),
        }
        let state = self.agents.engine.state();
        let devices: Vec<KnownDevice> = identities
            .iter()
            .filter_map(|identity| state.device_by_identity(self.account, identity))
            .filter(|device| device.agent == self.agent)
            .map(known)
            .collect();
        let ids = devices.iter().map(|device| device.device);
        self.agents.live.take(&state, ids, self.agents.engine.now());
        Ok(Some(ToAgent::Devices { devices, last: false }))
    }

    /// What is new about devices goes into the log. Beyond what an agent may bring it waits for a later sweep.
    fn keep_news_within_bounds(&self, devices: &mut Vec<FoundDevice>) {
        let state = self.agents.engine.state();
        let is_news = |found: &FoundDevice| {
            let known = state.device_by_identity(self.account, &found.identity);
            known.is_none_or(|known| known.found != *found || known.agent != self.agent)
        };
        let before = devices.len();
        devices.retain(|found| !is_news(found) || self.agents.spend(self.agent, Spent::News, 1));
        let waiting = before - devices.len();
        if waiting > 0 {
            tracing::warn!(agent = %self.agent, waiting, "it brings more news of devices than an agent may; the rest waits for a later sweep");
        }
    }

    /// Of the devices it reports, those that others hold and have heard of lately: as long as an agent hears a device,
    /// no other takes it over.
    fn heard_by_others(&self, devices: &[FoundDevice]) -> BTreeSet<DeviceId> {
        let state = self.agents.engine.state();
        let known = devices.iter().filter_map(|found| state.device_by_identity(self.account, &found.identity));
        let others: Vec<_> = known.filter(|device| device.agent != self.agent).map(|device| device.id).collect();
        let live = self.agents.live.read();
        let is_heard = |id: &DeviceId| {
            let level = live.row(*id).map(|row| row.connectivity);
            level.is_some_and(|level| {
                level.value == Connectivity::Online || level.reason == Some(ConnectivityReason::Busy)
            })
        };
        others.into_iter().filter(is_heard).collect()
    }

    /// Makes results durable and says so; also of those that were known before, which change nothing. If that fails, the
    /// connection ends: the agent repeats them on the next.
    async fn results(&self, results: Vec<CommandResult>) -> Result<ToAgent, End> {
        let commands = results.iter().map(|result| result.command).collect();
        let results = results.into_iter().map(|r| (r.command, bounds::cut(r.result))).collect();
        let command = Command::ReportResults { agent: self.agent, results };
        let reply = self.agents.engine.run(Actor::system(self.account), command).await.map_err(|e| e.to_string())?;
        if let Reply::Taken { left_out: foreign @ 1.. } = reply {
            tracing::warn!(agent = %self.agent, foreign, "results of orders that it does not hold are refused");
        }
        Ok(ToAgent::ResultsStored { commands })
    }
}

fn bounded(rows: usize) -> Result<(), End> {
    if rows > MAX_ROWS { Err(format!("{rows} rows in one frame")) } else { Ok(()) }
}

/// Rows of a frame that are worth counting.
fn rows(heard: &ToServer) -> usize {
    match heard {
        ToServer::Found { devices, .. } => devices.len(),
        ToServer::Polled { results } => results.len(),
        ToServer::Received { commands } => commands.len(),
        ToServer::Results { results } => results.len(),
        ToServer::Greeting { .. } | ToServer::Status(_) | ToServer::Load(_) => 0,
    }
}

/// A word of the greeting, before there is a channel.
async fn plain(sink: &mut Sink, words: &impl Serialize) -> Result<(), End> {
    let text = serde_json::to_string(words).map_err(|e| e.to_string())?;
    transmit(sink, Message::text(text)).await
}

async fn transmit(sink: &mut Sink, message: Message) -> Result<(), End> {
    let sent = timeout(SENDING, sink.send(message)).await;
    sent.map_err(|_| "it takes nothing".to_owned())?.map_err(|e| e.to_string())
}

/// The next message that is not about the WebSocket itself.
async fn message(stream: &mut SplitStream<WebSocket>) -> Result<Message, End> {
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
async fn next(stream: &mut SplitStream<WebSocket>, opener: &mut Opener) -> Result<ToServer, End> {
    let heard = timeout(SILENCE, message(stream)).await;
    let Message::Binary(sealed) = heard.map_err(|_| "it has fallen silent".to_owned())?? else {
        return Err("a message that is not sealed".to_owned());
    };
    let opened = opener.open(&sealed).map_err(|e| e.to_string())?;
    serde_json::from_slice(&opened).map_err(|e| format!("it cannot be understood: {e}"))
}
