//! Agents: who they are, which are connected, and what passes between them and the server.
//!
//! `enrol` gives an agent its identity; `session` is one connection: greeting, configuration, then results of polls and orders
//! in, orders out. A second connection of the same agent takes the place of the first. `watch` judges whether agents are there
//! and keep up.

mod bounds;
mod enrol;
mod key;
mod passwords;
mod rates;
mod session;
mod watch;

pub use key::enrolment_token;
pub(crate) use passwords::Call;
pub use passwords::{credentials_name, reference};

use crate::{
    dispatch::{Stage, Stages},
    engine::Engine,
    heads::Heads,
    live::Live,
    net::{Limits, Seats},
};
use adit_core::{
    event::{Entry, Event},
    fleet::{CommandId, Device},
    ids::AgentId,
    requests::Action,
    state::State,
    time::Timestamp,
};
use adit_store::{LogReader, Secrets, StoreError};
use adit_wire::{AgentConfig, AgentMode, AgentStatus, EnrolmentToken, KnownDevice, ScanTaskConfig, ServerKey, ToAgent};
use axum::{
    Router,
    extract::DefaultBodyLimit,
    routing::{get, post},
};
use key::server_key;
use rates::{Rates, Spent};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};
use tokio::{
    sync::{
        broadcast::{self, error::RecvError},
        mpsc, oneshot,
    },
    time::{MissedTickBehavior, interval},
};
use watch::Watch;

/// Frames that wait to be sent to one agent.
const OUTBOX: usize = 256;
/// How often it is looked how agents do.
const LOOK: Duration = Duration::from_secs(1);
/// Largest enrolment, bytes.
const MAX_ENROLMENT: usize = 8 << 10;

/// Why agents cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum AgentsError {
    /// The secrets cannot be read or written.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The server's own key is not one.
    #[error("the secret \"server-key\" has not 32 bytes: restore it from a backup, or every agent has to enrol anew")]
    ServerKey,
    /// The key that passwords are hashed with is not one.
    #[error("the secret \"password-hashing\" is no key: restore it from a backup")]
    HashingKey,
    /// The system gives no random bytes.
    #[error("the system gives no random bytes: {0}")]
    Random(#[from] getrandom::Error),
}

/// Secrets shared by everything that needs some.
pub type SharedSecrets = Arc<Mutex<Secrets>>;

/// A connected agent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Connected {
    /// Since when.
    pub since: Timestamp,
    /// Its program's version.
    pub version: String,
    /// Its host.
    pub host: String,
    /// How far its clock is ahead of the server's, milliseconds.
    pub clock_offset_ms: i64,
    /// What it is doing, once it has said so.
    pub status: Option<AgentStatus>,
}

struct Link {
    number: u64,
    connected: Connected,
    outbox: mpsc::Sender<ToAgent>,
    /// The session ends when this is dropped.
    _hold: oneshot::Sender<()>,
}

#[derive(Default)]
struct Links {
    by_agent: BTreeMap<AgentId, Link>,
    next: u64,
}

/// Everything that has to do with agents.
pub struct Agents {
    engine: Engine,
    live: Live,
    secrets: SharedSecrets,
    key: ServerKey,
    heads: Arc<Heads>,
    links: Mutex<Links>,
    watch: Watch,
    stages: Stages,
    poll_interval_s: u32,
    /// Sockets that have not said yet whose they are; who has holds none of these seats.
    greetings: Arc<Seats>,
    greeting: Duration,
    /// What each agent may still say, connections on end.
    rates: Mutex<BTreeMap<AgentId, Rates>>,
    /// Passwords that somebody is about to ask with.
    sealed: Mutex<passwords::Sealed>,
}

impl Agents {
    /// Loads the server's key, or draws it on the first start. `log` is a reader of the engine's log. Agents poll each device every `poll_interval_s` (1 to 3600).
    ///
    /// # Errors
    /// [`AgentsError`].
    pub fn new(
        engine: Engine,
        live: Live,
        secrets: SharedSecrets,
        log: Box<dyn LogReader>,
        poll_interval_s: u32,
    ) -> Result<Arc<Self>, AgentsError> {
        Self::limited(engine, live, secrets, log, poll_interval_s, &Limits::default())
    }

    /// The same, with bounds for those that have not said yet who they are.
    ///
    /// # Errors
    /// [`AgentsError`].
    pub fn limited(
        engine: Engine,
        live: Live,
        secrets: SharedSecrets,
        log: Box<dyn LogReader>,
        poll_interval_s: u32,
        limits: &Limits,
    ) -> Result<Arc<Self>, AgentsError> {
        let key = server_key(&mut secrets.lock().unwrap_or_else(PoisonError::into_inner))?;
        Ok(Arc::new(Self {
            live,
            secrets,
            watch: Watch::new(engine.now()),
            engine,
            heads: Arc::new(Heads::new(key.clone(), log)),
            key,
            links: Mutex::default(),
            stages: Stages::default(),
            poll_interval_s: poll_interval_s.clamp(1, 3_600),
            greetings: Seats::new(limits.greetings),
            greeting: limits.greeting,
            rates: Mutex::default(),
            sealed: Mutex::default(),
        }))
    }

    /// The sealed secrets.
    pub(crate) fn secrets(&self) -> MutexGuard<'_, Secrets> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How far the log is, as it is told outside.
    #[must_use]
    pub fn heads(&self) -> Arc<Heads> {
        Arc::clone(&self.heads)
    }

    /// A one-time token as an operator is shown it: with this server's key, which the agent pins.
    #[must_use]
    pub fn enrolment_token(&self, secret: &str) -> String {
        EnrolmentToken::new(secret, self.key.verifying_key()).to_string()
    }

    /// May the agent say this much more?
    fn spend(&self, agent: AgentId, what: Spent, amount: usize) -> bool {
        let mut rates = self.rates.lock().unwrap_or_else(PoisonError::into_inner);
        rates.entry(agent).or_default().spend(what, amount, Instant::now())
    }

    /// The agent, if it is connected.
    #[must_use]
    pub fn connected(&self, agent: AgentId) -> Option<Connected> {
        self.links().by_agent.get(&agent).map(|link| link.connected.clone())
    }

    /// How far an order has come that has not ended; `None` if it waits for its agent.
    #[must_use]
    pub fn stage(&self, command: CommandId) -> Option<Stage> {
        self.stages.get(command)
    }

    /// Each order that has come further, from now on; those that have ended are in what is committed.
    #[must_use]
    pub fn stages_reached(&self) -> broadcast::Receiver<CommandId> {
        self.stages.subscribe()
    }

    /// Gives a connected agent its configuration anew, for instance after a scan task's passwords were changed.
    pub async fn configure(&self, agent: AgentId) {
        let outbox = self.links().by_agent.get(&agent).map(|link| link.outbox.clone());
        if let Some(outbox) = outbox {
            let config = self.config_of(&self.engine.state(), agent);
            // Gone meanwhile: it gets its configuration when it is back.
            let _ = outbox.send(ToAgent::Configure { config }).await;
        }
    }

    /// Keeps the live table, the agents' configuration and the stages in step with what is decided, for ever.
    pub async fn follow(&self) {
        let mut commits = self.engine.subscribe();
        let state = self.engine.state();
        self.live.take_all(&state, self.engine.now());
        self.forget_passwords(&state);
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            let committed = tokio::select! {
                _ = look.tick() => {
                    self.look();
                    continue;
                }
                committed = commits.recv() => committed,
            };
            match committed {
                Ok(batch) => {
                    let state = self.engine.state();
                    for (_, entry) in batch.iter() {
                        self.live.follow(&state, entry);
                        self.follow_entry(entry).await;
                    }
                }
                Err(RecvError::Lagged(_)) => {
                    let state = self.engine.state();
                    self.live.take_all(&state, self.engine.now());
                    self.stages.keep_executing(&state);
                    self.forget_passwords(&state);
                    let connected: Vec<_> = self.links().by_agent.keys().copied().collect();
                    for agent in connected {
                        self.configure(agent).await;
                    }
                }
                Err(RecvError::Closed) => return,
            }
        }
    }

    async fn follow_entry(&self, entry: &Entry) {
        match &entry.event {
            Event::ScanTaskCreated { agent, .. } => self.configure(*agent).await,
            Event::AgentChanged { agent, .. } => {
                self.configure(*agent).await;
                self.look();
            }
            Event::ScanTaskChanged { scan_task, .. } | Event::ScanTaskRemoved { scan_task } => {
                let task = self.engine.state().scan_task_ever(*scan_task).cloned();
                if let Some(task) = task {
                    self.configure(task.agent).await;
                    self.look();
                }
                self.forget_passwords(&self.engine.state());
            }
            Event::AgentRevoked { agent } => {
                self.links().by_agent.remove(agent);
                self.look();
                self.forget_passwords(&self.engine.state());
            }
            // A change that is taken out of a draft, or takes another's place, may have had passwords.
            Event::DraftPut { .. }
            | Event::DraftTaken { .. }
            | Event::DraftClosed { .. }
            | Event::AccountDeleted { .. } => {
                self.forget_passwords(&self.engine.state());
            }
            Event::SiteRemoved { .. } => {
                let state = self.engine.state();
                self.links().by_agent.retain(|agent, _| state.agent(*agent).is_some());
                self.live.leave_out(&state);
                self.forget_passwords(&state);
            }
            Event::ItemsEnded { request, results } => {
                self.stages.ended(*request, results.iter().map(|(item, _)| *item));
            }
            Event::RequestEnded { request, .. } => {
                self.stages.forget(*request);
                let state = self.engine.state();
                let brought = state.request(*request).is_some_and(|request| match &request.payload.action {
                    Action::Control(control) => control.passwords().is_some(),
                    action @ Action::Device(_) => action.pool_passwords().next().is_some(),
                });
                if brought {
                    self.forget_passwords(&state);
                }
            }
            _ => {}
        }
    }

    /// Ends every connection; the agents come back by themselves once there is a server again.
    pub(crate) fn close(&self) {
        self.links().by_agent.clear();
    }

    fn links(&self) -> MutexGuard<'_, Links> {
        self.links.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a connection in place of any other of the same agent.
    fn connect(&self, agent: AgentId, connected: Connected) -> (u64, mpsc::Receiver<ToAgent>, oneshot::Receiver<()>) {
        let (outbox, frames) = mpsc::channel(OUTBOX);
        let (hold, replaced) = oneshot::channel();
        let mut links = self.links();
        links.next += 1;
        let number = links.next;
        links.by_agent.insert(agent, Link { number, connected, outbox, _hold: hold });
        drop(links);
        self.watch.heard(agent, self.engine.now());
        self.look();
        (number, frames, replaced)
    }

    /// Takes a connection off the register, unless another has taken its place. Its devices become unknown unless it is soon back.
    fn disconnect(&self, agent: AgentId, number: u64) {
        let mut links = self.links();
        if links.by_agent.get(&agent).is_some_and(|link| link.number == number) {
            links.by_agent.remove(&agent);
        }
    }

    fn set_status(&self, agent: AgentId, number: u64, status: AgentStatus) {
        if let Some(link) = self.links().by_agent.get_mut(&agent).filter(|link| link.number == number) {
            link.connected.status = Some(status);
        }
    }

    fn config_of(&self, state: &State, agent: AgentId) -> AgentConfig {
        let secrets = self.secrets();
        let scan_tasks = state.scan_tasks_of(agent).map(|task| ScanTaskConfig {
            id: task.id,
            name: task.name.clone(),
            ranges: task.ranges.clone(),
            interval_s: task.interval_s,
            enabled: task.enabled,
            passwords_to_unknown: task.passwords_to_unknown,
            credentials: passwords::read(&secrets, task),
        });
        let known = state.agent(agent);
        AgentConfig {
            mode: known.map_or(AgentMode::MonitoringOnly, |agent| agent.mode),
            paused: known.is_none_or(|agent| agent.paused),
            poll_interval_s: self.poll_interval_s,
            scan_tasks: scan_tasks.collect(),
        }
    }
}

/// What agents speak to: enrolment and connection.
pub fn router(agents: Arc<Agents>) -> Router {
    Router::new()
        .route("/agent/v1/enroll", post(enrol::enrol).layer(DefaultBodyLimit::max(MAX_ENROLMENT)))
        .route("/agent/v1/connect", get(session::connect))
        .with_state(agents)
}

fn known(device: &Device) -> KnownDevice {
    KnownDevice {
        device: device.id,
        identity: device.found.identity.clone(),
        ip: device.found.ip,
        driver: device.found.driver.clone(),
        model: device.found.model.clone(),
        modes: device.found.modes.clone(),
        scan_task: device.scan_task,
    }
}

/// A secret or key as lower-case hex.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
