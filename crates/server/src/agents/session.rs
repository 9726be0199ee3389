//! One connection of one agent.

use super::{Agents, Connected, bounds, hex, known};
use crate::{
    decider::{Batch, CommandError},
    dispatch::{self, Stage},
    heads::Witness,
    net::{Origin, Seat, Source},
};
use adit_core::{
    audit::Head,
    authz::Actor,
    command::Command,
    event::Event,
    fleet::{Connectivity, FoundDevice},
    ids::{AccountId, AgentId, DeviceId, ScanTaskId},
    requests::Approved,
    time::Timestamp,
};
use adit_wire::{
    CommandResult, KnownDevice, MAX_FRAME, MAX_ROWS, PROTOCOL, SignedHead, ToAgent, ToServer, VerifyingKey,
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
/// An agent that has said nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(45);
/// It is asked for a sign of life this often.
const PING: Duration = Duration::from_secs(15);
/// It is told this often how far the log has come: what is put back by more than this is noticed by it.
const HEADS: Duration = Duration::from_secs(30);

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
    let upgrade = upgrade.protocols([PROTOCOL]).max_message_size(MAX_FRAME).max_frame_size(MAX_FRAME);
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
            Ok(Ok((agent, account, greeted, connected))) => {
                let session = Session { agents: &agents, agent, account, greeted };
                let end = session.serve(connected, &mut sink, &mut stream).await;
                tracing::info!(%agent, end, "disconnected");
            }
            Ok(Err(reason)) => {
                let _ = send(&mut sink, &ToAgent::Refused { reason }).await;
            }
            Err(_) => {}
        }
        let _ = timeout(SENDING, sink.close()).await;
    })
}

/// Who is it? What is refused is told why.
async fn greet(
    agents: &Agents,
    sink: &mut Sink,
    stream: &mut SplitStream<WebSocket>,
) -> Result<(AgentId, AccountId, Head, Connected), String> {
    let mut nonce = [0; 32];
    getrandom::fill(&mut nonce).map_err(|e| e.to_string())?;
    let nonce = hex(&nonce);
    send(sink, &ToAgent::Challenge { nonce: nonce.clone() }).await?;
    let ToServer::Hello { agent, signature, version, host, now, head, allowed } = next(stream).await? else {
        return Err("say hello first".to_owned());
    };
    let state = agents.engine.state();
    let refused = || format!("{agent} is not known here with this key: enrol it with a new token");
    let known = state.agent(agent).ok_or_else(refused)?;
    let key = known.public_key.as_deref().ok_or_else(refused)?;
    let key = VerifyingKey::from_hex(key).map_err(|_| refused())?;
    key.check_hello(&nonce, &signature).map_err(|_| refused())?;
    let told = first_head(agents, agent, head).await?;
    let greeted = told.head;
    send(sink, &ToAgent::Head(told)).await?;
    let told = Command::ReportSitePolicy { agent, policy: allowed.map(bounds::policy).unwrap_or_default() };
    agents.engine.run(Actor::system(known.account), told).await.map_err(|error| error.to_string())?;
    let since = agents.engine.now();
    let connected = Connected {
        since,
        version: bounds::words(&version),
        host: bounds::words(&host),
        clock_offset_ms: now.0.saturating_sub(since.0),
        status: None,
    };
    Ok((agent, known.account, greeted, connected))
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

struct Session<'a> {
    agents: &'a Agents,
    agent: AgentId,
    account: AccountId,
    /// The head of the log that it was greeted with.
    greeted: Head,
}

impl Session<'_> {
    async fn serve(&self, connected: Connected, sink: &mut Sink, stream: &mut SplitStream<WebSocket>) -> End {
        let (number, frames, replaced) = self.agents.connect(self.agent, connected);
        tracing::info!(agent = %self.agent, "connected");
        let (answers, to_send) = mpsc::channel(16);
        let end = tokio::select! {
            end = self.speak(sink, frames, to_send) => end,
            end = self.listen(number, stream, answers) => end,
            _ = replaced => "another connection took its place".to_owned(),
        };
        self.agents.disconnect(self.agent, number);
        end
    }

    /// Welcomes, then sends what there is to send.
    async fn speak(
        &self,
        sink: &mut Sink,
        mut frames: mpsc::Receiver<ToAgent>,
        mut answers: mpsc::Receiver<ToAgent>,
    ) -> End {
        // Before the state is read, so that no request falls in between.
        let mut commits = self.agents.engine.subscribe();
        if let Err(end) = self.welcome(sink).await {
            return end;
        }
        let mut ping = interval(PING);
        ping.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut head_due = interval(HEADS);
        head_due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut told = self.greeted;
        loop {
            let sent = tokio::select! {
                Some(frame) = answers.recv() => send(sink, &frame).await,
                Some(frame) = frames.recv() => send(sink, &frame).await,
                committed = commits.recv() => self.dispatch(sink, committed).await,
                _ = head_due.tick() => self.tell_head(sink, &mut told).await,
                _ = ping.tick() => transmit(sink, Message::Ping(Vec::new().into())).await,
            };
            if let Err(end) = sent {
                return end;
            }
        }
    }

    /// If the log has gone on since it was told last.
    async fn tell_head(&self, sink: &mut Sink, told: &mut Head) -> Result<(), End> {
        let (heads, follows) = (self.agents.heads(), *told);
        let end = tokio::task::spawn_blocking(move || heads.end(Some(follows)));
        let end = end.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        if end.head != follows {
            *told = end.head;
            send(sink, &ToAgent::Head(end)).await?;
        }
        Ok(())
    }

    /// Its configuration, its devices, and everything that is open for it.
    async fn welcome(&self, sink: &mut Sink) -> Result<(), End> {
        let state = self.agents.engine.state();
        let config = self.agents.config_of(&state, self.agent);
        send(sink, &ToAgent::Welcome { config, now: self.agents.engine.now() }).await?;
        let devices: Vec<_> = state.devices().filter(|device| device.agent == self.agent).map(known).collect();
        let mut rest = devices.as_slice();
        loop {
            let (part, after) = rest.split_at(rest.len().min(MAX_ROWS));
            let last = after.is_empty();
            send(sink, &ToAgent::Devices { devices: part.to_vec(), last }).await?;
            if last {
                break;
            }
            rest = after;
        }
        self.order(sink, dispatch::all_work_of(&state, self.agent)).await
    }

    async fn dispatch(
        &self,
        sink: &mut Sink,
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
                        self.order(sink, dispatch::work_of(&state, *request, self.agent)).await?;
                    }
                    if matches!(entry.event, Event::AccountUnfrozen { account } if account == self.account) {
                        self.order(sink, dispatch::all_work_of(&state, self.agent)).await?;
                    }
                }
                Ok(())
            }
            Err(RecvError::Lagged(_)) => {
                let state = self.agents.engine.state();
                self.order(sink, dispatch::all_work_of(&state, self.agent)).await
            }
            Err(RecvError::Closed) => Err("the engine has stopped".to_owned()),
        }
    }

    async fn order(&self, sink: &mut Sink, work: impl Iterator<Item = Approved>) -> Result<(), End> {
        for item in work {
            let command = item.command();
            let signed = dispatch::sign(&self.agents.key, item).map_err(|e| e.to_string())?;
            // Before it is sent: the agent's answer must not overtake it.
            self.agents.stages.reached(command, Stage::Dispatched);
            send(sink, &ToAgent::Command(signed)).await?;
        }
        Ok(())
    }

    async fn listen(&self, number: u64, stream: &mut SplitStream<WebSocket>, answers: mpsc::Sender<ToAgent>) -> End {
        loop {
            let heard = match next(stream).await {
                Ok(heard) => heard,
                Err(end) => return end,
            };
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

    async fn take(&self, number: u64, heard: ToServer) -> Result<Option<ToAgent>, End> {
        match heard {
            ToServer::Hello { .. } => Err("it said hello twice".to_owned()),
            ToServer::Found { scan_task, devices } => {
                bounded(devices.len())?;
                self.found(scan_task, devices).await
            }
            ToServer::Readings { readings } => {
                bounded(readings.len())?;
                let state = self.agents.engine.state();
                let mut readings = readings;
                readings.retain(|r| state.device(r.device).is_some_and(|device| device.agent == self.agent));
                let at: Timestamp = self.agents.engine.now();
                self.agents.live.hear(&readings, at);
                Ok(None)
            }
            ToServer::Received { commands } => {
                bounded(commands.len())?;
                for command in commands.into_iter().filter(|command| self.agents.stages.get(*command).is_some()) {
                    self.agents.stages.reached(command, Stage::Received);
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
        }
    }

    async fn found(&self, scan_task: ScanTaskId, mut devices: Vec<FoundDevice>) -> Result<Option<ToAgent>, End> {
        devices.retain(bounds::is_sound);
        let heard = self.heard_by_others(&devices);
        let identities: Vec<_> = devices.iter().map(|device| device.identity.clone()).collect();
        let command = Command::ReportDevices { agent: self.agent, scan_task, devices, heard };
        match self.agents.engine.run(Actor::system(self.account), command).await {
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

    /// Of the devices it reports, those that others hold and have heard of lately: as long as an agent hears a device,
    /// no other takes it over.
    fn heard_by_others(&self, devices: &[FoundDevice]) -> BTreeSet<DeviceId> {
        let state = self.agents.engine.state();
        let known = devices.iter().filter_map(|found| state.device_by_identity(self.account, &found.identity));
        let others: Vec<_> = known.filter(|device| device.agent != self.agent).map(|device| device.id).collect();
        let live = self.agents.live.read();
        let answers = |id: &DeviceId| live.row(*id).is_some_and(|row| row.connectivity == Connectivity::Online);
        others.into_iter().filter(answers).collect()
    }

    /// Makes results durable and says so; also of those that were known before, which change nothing. If that fails, the
    /// connection ends: the agent repeats them on the next.
    async fn results(&self, results: Vec<CommandResult>) -> Result<ToAgent, End> {
        let commands = results.iter().map(|result| result.command).collect();
        let results = results.into_iter().map(|r| (r.command, bounds::cut(r.result))).collect();
        let command = Command::ReportResults { agent: self.agent, results };
        self.agents.engine.run(Actor::system(self.account), command).await.map_err(|e| e.to_string())?;
        Ok(ToAgent::ResultsStored { commands })
    }
}

fn bounded(rows: usize) -> Result<(), End> {
    if rows > MAX_ROWS { Err(format!("{rows} rows in one frame")) } else { Ok(()) }
}

async fn send(sink: &mut Sink, frame: &ToAgent) -> Result<(), End> {
    let text = serde_json::to_string(frame).map_err(|e| e.to_string())?;
    transmit(sink, Message::text(text)).await
}

async fn transmit(sink: &mut Sink, message: Message) -> Result<(), End> {
    let sent = timeout(SENDING, sink.send(message)).await;
    sent.map_err(|_| "it takes nothing".to_owned())?.map_err(|e| e.to_string())
}

/// The next thing the agent says. A sign of life is nothing said, and yet not silence.
async fn next(stream: &mut SplitStream<WebSocket>) -> Result<ToServer, End> {
    loop {
        let heard = timeout(SILENCE, stream.next()).await;
        match heard.map_err(|_| "it has fallen silent".to_owned())? {
            Some(Ok(Message::Text(text))) => {
                return serde_json::from_str(&text).map_err(|e| format!("it cannot be understood: {e}"));
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
            Some(Ok(Message::Close(_))) | None => return Err("it closed the connection".to_owned()),
            Some(Ok(Message::Binary(_))) => return Err("it sent bytes".to_owned()),
            Some(Err(error)) => return Err(error.to_string()),
        }
    }
}
