//! One connection of one agent.

mod frames;
mod greet;
mod heard;

use super::{Agents, Connected, Spent, known};
use crate::{
    decider::Batch,
    dispatch::{self, Stage},
    net::{Origin, Seat, Source},
};
use adit_core::{
    audit::Head,
    event::Event,
    fleet::{PoolPassword, SecretRef},
    ids::{AccountId, AgentId},
    requests::Approved,
};
use adit_wire::{
    GivenCommand, MAX_ROWS, MAX_SEALED, PROTOCOL, ToAgent,
    session::{Opener, Session as Channel},
};
use axum::{
    extract::{Extension, State, WebSocketUpgrade, ws::WebSocket},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use frames::{Out, SENDING, next};
use futures_util::{SinkExt, StreamExt, stream::SplitStream};
use greet::{Greeted, greet};
use heard::rows;
use std::{
    collections::BTreeMap,
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

/// It is told this often how far the log has come: what is put back by more than this is noticed by it.
const HEADS: Duration = Duration::from_secs(30);
/// It is told this often that the server is there.
const ALIVE: Duration = Duration::from_secs(10);

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
        // The targets of a request have the same ones.
        let mut known: BTreeMap<SecretRef, Option<PoolPassword>> = BTreeMap::new();
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
            let dispatch::Signed { command, named } = signed;
            let given = named.into_iter().filter_map(|named| {
                let password = known.entry(named.clone()).or_insert_with(|| self.agents.pool_password(&named));
                Some((named, password.clone()?))
            });
            out.say(&ToAgent::Command(GivenCommand { passwords: given.collect(), command })).await?;
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
}
