//! A server as the agent sees it: enrolment and the WebSocket, on loopback, with everything else in the test's hands.

use super::bounded;
use adit_agent::{AgentError, AgentOptions, Pace};
use adit_core::{
    audit::Head,
    fleet::{CommandId, FoundDevice, Order, TargetResult},
    ids::{AgentId, DeviceId, ScanTaskId},
    time::Timestamp,
};
use adit_drivers::Driver;
use adit_wire::{
    AgentConfig, AgentMode, AgentStatus, CommandBody, Enrolled, Enrolment, EnrolmentToken, Hello, KnownDevice,
    PROTOCOL, ScanTaskConfig, ServerKey, SignedCommand, Subject, ToAgent, ToServer, VerifyingKey,
    session::{Offer, Opener, Sealer, Session},
};
use axum::{
    Json, Router,
    extract::{
        State, WebSocketUpgrade,
        ws::{Message, WebSocket},
    },
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{get, post},
};
use std::{
    collections::BTreeMap,
    net::{IpAddr, SocketAddr},
    path::Path,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::{
    net::TcpListener,
    runtime::Runtime,
    sync::{mpsc, watch},
};

const SECRET: &str = "one-time-token";

fn server_key() -> ServerKey {
    ServerKey::from_secret([7; 32])
}

/// As an operator is shown it.
pub fn token() -> String {
    EnrolmentToken::new(SECRET, server_key().verifying_key()).to_string()
}

struct Inner {
    key: ServerKey,
    agent_key: Option<VerifyingKey>,
    enrolments: u32,
    config: AgentConfig,
    devices: BTreeMap<IpAddr, KnownDevice>,
    refuse: Option<String>,
    /// What is found there is not taken in.
    left_out: Option<IpAddr>,
    deaf: bool,
    now: Timestamp,
    /// Everything the agent said, with the number of the connection.
    said: Vec<(u32, ToServer)>,
    connections: u32,
    current: Option<mpsc::UnboundedSender<Option<ToAgent>>>,
    /// Of the current connection, and how many orders it has carried.
    session: (String, u64),
}

#[derive(Clone)]
pub struct Server {
    inner: Arc<Mutex<Inner>>,
    news: Arc<watch::Sender<u64>>,
    pub address: SocketAddr,
}

pub fn scan_task(id: u32, ranges: &[String]) -> ScanTaskConfig {
    ScanTaskConfig {
        id: ScanTaskId(id),
        name: format!("task {id}"),
        ranges: ranges.to_vec(),
        interval_s: 3_600,
        enabled: true,
        passwords_to_unknown: true,
        credentials: Vec::new(),
    }
}

pub fn config(scan_tasks: Vec<ScanTaskConfig>) -> AgentConfig {
    AgentConfig { mode: AgentMode::FullControl, paused: false, poll_interval_s: 1, scan_tasks }
}

impl Server {
    /// A server that gives every device found the id `dev-<last octet>`.
    pub async fn start(config: AgentConfig) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let inner = Inner {
            key: server_key(),
            agent_key: None,
            enrolments: 0,
            config,
            devices: BTreeMap::new(),
            refuse: None,
            left_out: None,
            deaf: false,
            now: Timestamp(0),
            said: Vec::new(),
            connections: 0,
            current: None,
            session: Default::default(),
        };
        let server = Self {
            inner: Arc::new(Mutex::new(inner)),
            news: Arc::new(watch::channel(0).0),
            address: listener.local_addr().unwrap(),
        };
        let app = Router::new()
            .route("/agent/v1/enroll", post(enroll))
            .route("/agent/v1/connect", get(connect))
            .with_state(server.clone());
        tokio::spawn(async move { axum::serve(listener, app).await });
        server
    }

    fn with<T>(&self, use_it: impl FnOnce(&mut Inner) -> T) -> T {
        use_it(&mut self.inner.lock().unwrap())
    }

    pub fn enrolments(&self) -> u32 {
        self.with(|inner| inner.enrolments)
    }

    pub fn connections(&self) -> u32 {
        self.with(|inner| inner.connections)
    }

    pub fn refuse(&self, reason: Option<&str>) {
        self.with(|inner| inner.refuse = reason.map(str::to_owned));
    }

    /// What it says at each greeting that the time is; 0 at first.
    pub fn set_clock(&self, now: i64) {
        self.with(|inner| inner.now = Timestamp(now));
    }

    /// What is found at this address is no device of the agent's.
    pub fn leave_out(&self, ip: IpAddr) {
        self.with(|inner| inner.left_out = Some(ip));
    }

    /// A deaf server greets and then breaks the connection.
    pub fn deaf(&self, deaf: bool) {
        self.with(|inner| inner.deaf = deaf);
    }

    /// Says something over the current connection, if there is one.
    pub fn say(&self, message: ToAgent) {
        self.with(|inner| {
            if let Some(current) = &inner.current {
                let _ = current.send(Some(message));
            }
        });
    }

    /// Cuts the current connection.
    pub fn hang_up(&self) {
        self.with(|inner| {
            if let Some(current) = inner.current.take() {
                let _ = current.send(None);
            }
        });
    }

    pub fn configure(&self, change: impl FnOnce(&mut AgentConfig)) {
        let config = self.with(|inner| {
            change(&mut inner.config);
            inner.config.clone()
        });
        self.say(ToAgent::Configure { config });
    }

    /// The order as the next of the session under way, to the machine that is known under its number.
    pub fn address(&self, body: &CommandBody) -> CommandBody {
        self.with(|inner| {
            inner.session.1 += 1;
            let Order::Device { device, .. } = &body.order else {
                return CommandBody { session: inner.session.0.clone(), sequence: inner.session.1, ..body.clone() };
            };
            let known = inner.devices.values().find(|known| known.device == *device);
            let subject = known.map(|known| Subject { identity: known.identity.clone(), ip: known.ip });
            CommandBody { session: inner.session.0.clone(), sequence: inner.session.1, subject, ..body.clone() }
        })
    }

    pub fn sign(&self, body: &CommandBody) -> SignedCommand {
        self.with(|inner| inner.key.sign(body).unwrap())
    }

    pub fn order(&self, body: &CommandBody) {
        let signed = self.sign(&self.address(body));
        self.say(ToAgent::Command(signed.into()));
    }

    pub fn stored(&self, commands: Vec<CommandId>) {
        self.say(ToAgent::ResultsStored { commands });
    }

    /// Everything said so far that `pick` picks.
    pub fn said<T>(&self, pick: impl Fn(u32, &ToServer) -> Option<T>) -> Vec<T> {
        self.with(|inner| inner.said.iter().filter_map(|(n, message)| pick(*n, message)).collect())
    }

    /// Waits until what was said, all together, satisfies `enough`.
    pub async fn until<T>(&self, enough: impl Fn(&[(u32, ToServer)]) -> Option<T>) -> T {
        let mut news = self.news.subscribe();
        bounded(async {
            loop {
                if let Some(enough) = self.with(|inner| enough(&inner.said)) {
                    return enough;
                }
                news.changed().await.unwrap();
            }
        })
        .await
    }

    /// Waits for the result of a command.
    pub async fn result(&self, id: CommandId) -> TargetResult {
        self.until(|said| said.iter().find_map(|(_, message)| result_in(message, id))).await
    }

    /// Waits until the agent has a status that `wanted` likes.
    pub async fn status(&self, wanted: impl Fn(&AgentStatus) -> bool) -> AgentStatus {
        let last = |said: &[(u32, ToServer)]| {
            said.iter().rev().find_map(|(_, message)| match message {
                ToServer::Status(status) => Some(status.clone()),
                _ => None,
            })
        };
        self.until(|said| last(said).filter(&wanted)).await
    }

    /// Waits until the agent polls so many devices, after a finished sweep.
    pub async fn devices(&self, n: u32) {
        self.status(|status| status.devices == n && status.workers.iter().all(|w| w.last_sweep_at.is_some())).await;
    }

    fn hear(&self, connection: u32, message: ToServer) {
        let answer = self.with(|inner| {
            let answer = match &message {
                ToServer::Found { scan_task, devices } => {
                    let taken = devices.iter().filter(|found| inner.left_out != Some(found.ip));
                    let known: Vec<_> = taken.map(|found| known(found, *scan_task)).collect();
                    inner.devices.extend(known.iter().map(|known| (known.ip, known.clone())));
                    Some(ToAgent::Devices { devices: known, last: false })
                }
                _ => None,
            };
            inner.said.push((connection, message));
            answer
        });
        if let Some(answer) = answer {
            self.say(answer);
        }
        self.news.send_modify(|n| *n += 1);
    }

    async fn converse(self, mut socket: WebSocket) {
        let offer = Offer::new().unwrap();
        plain(&mut socket, offer.challenge()).await;
        let Some(Message::Text(hello)) = message(&mut socket).await else { return };
        let hello: Hello = serde_json::from_str(&hello).unwrap();
        let (refuse, agent_key) = self.with(|inner| (inner.refuse.clone(), inner.agent_key.clone().unwrap()));
        if let Some(reason) = refuse {
            plain(&mut socket, &offer.refuse(&server_key(), &hello, reason)).await;
            self.with(|inner| inner.connections += 1);
            self.news.send_modify(|n| *n += 1);
            return;
        }
        let (answer, Session { id, mut sealer, mut opener }) = offer.accept(&server_key(), &agent_key, &hello).unwrap();
        plain(&mut socket, &answer).await;
        let Some(ToServer::Greeting { .. }) = receive(&mut socket, &mut opener).await else { return };
        let (speaker, mut to_say) = mpsc::unbounded_channel();
        let (number, config, devices) = self.with(|inner| {
            inner.connections += 1;
            inner.current = Some(speaker);
            inner.session = (id, 0);
            (inner.connections, inner.config.clone(), inner.devices.values().cloned().collect())
        });
        let head = self.with(|inner| inner.key.sign_head(Head::EMPTY, None));
        send(&mut socket, &mut sealer, &ToAgent::Head(head)).await;
        send(&mut socket, &mut sealer, &ToAgent::Welcome { config, now: self.with(|inner| inner.now) }).await;
        send(&mut socket, &mut sealer, &ToAgent::Devices { devices, last: true }).await;
        self.news.send_modify(|n| *n += 1);
        if self.with(|inner| inner.deaf) {
            return;
        }
        loop {
            tokio::select! {
                message = to_say.recv() => match message.flatten() {
                    Some(message) => send(&mut socket, &mut sealer, &message).await,
                    None => return,
                },
                message = receive(&mut socket, &mut opener) => match message {
                    Some(message) => self.hear(number, message),
                    None => return,
                },
            }
        }
    }
}

pub fn result_in(message: &ToServer, id: CommandId) -> Option<TargetResult> {
    match message {
        ToServer::Results { results } => results.iter().find(|r| r.command == id).map(|r| r.result.clone()),
        _ => None,
    }
}

fn known(found: &FoundDevice, scan_task: ScanTaskId) -> KnownDevice {
    let IpAddr::V4(ip) = found.ip else { panic!("IPv4 only") };
    KnownDevice {
        device: DeviceId(ip.octets()[3].into()),
        identity: found.identity.clone(),
        ip: found.ip,
        driver: found.driver.clone(),
        model: found.model.clone(),
        modes: found.modes.clone(),
        scan_task,
    }
}

async fn enroll(State(server): State<Server>, Json(enrolment): Json<Enrolment>) -> Response {
    let asked = enrolment.check(&server_key().verifying_key());
    let Some((_, agent)) = asked.ok().filter(|(token, _)| *token == EnrolmentToken::hash_of(SECRET)) else {
        return (StatusCode::FORBIDDEN, "no such token").into_response();
    };
    server.with(|inner| {
        inner.enrolments += 1;
        inner.agent_key = Some(agent.clone());
    });
    Json(Enrolled::new(&server_key(), AgentId(1), &agent)).into_response()
}

async fn connect(State(server): State<Server>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.protocols([PROTOCOL]).on_upgrade(|socket| server.converse(socket))
}

async fn plain(socket: &mut WebSocket, words: &impl serde::Serialize) {
    // A connection that the agent has closed shows itself when it is read next.
    let _ = socket.send(Message::text(serde_json::to_string(words).unwrap())).await;
}

async fn send(socket: &mut WebSocket, sealer: &mut Sealer, message: &ToAgent) {
    let sealed = sealer.seal(serde_json::to_string(message).unwrap()).unwrap();
    let _ = socket.send(Message::binary(sealed)).await;
}

async fn message(socket: &mut WebSocket) -> Option<Message> {
    loop {
        match socket.recv().await?.ok()? {
            message @ (Message::Text(_) | Message::Binary(_)) => return Some(message),
            Message::Close(_) => return None,
            _ => {}
        }
    }
}

async fn receive(socket: &mut WebSocket, opener: &mut Opener) -> Option<ToServer> {
    let Message::Binary(sealed) = message(socket).await? else { panic!("a message that is not sealed") };
    Some(serde_json::from_slice(&opener.open(&sealed).unwrap()).unwrap())
}

/// An agent in a runtime of its own, which can be killed.
pub struct Agent {
    runtime: Option<Runtime>,
    stop: watch::Sender<bool>,
    end: mpsc::Receiver<Result<(), AgentError>>,
}

pub fn options(server: &Server, folder: &Path, drivers: Vec<Arc<dyn Driver>>) -> AgentOptions {
    let mut options = AgentOptions::new(format!("ws://{}", server.address), folder, drivers);
    options.enrolment_token = Some(token());
    options.pace = Pace {
        batch: Duration::from_millis(20),
        status: Duration::from_millis(200),
        retry_from: Duration::from_millis(20),
        retry_to: Duration::from_millis(100),
        ..Pace::default()
    };
    options
}

impl Agent {
    pub fn start(options: AgentOptions) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
        let (stop, mut stopped) = watch::channel(false);
        let (done, end) = mpsc::channel(1);
        runtime.spawn(async move {
            let shutdown = async move {
                let _ = stopped.wait_for(|stop| *stop).await;
            };
            let _ = done.send(adit_agent::run(options, shutdown).await).await;
        });
        Self { runtime: Some(runtime), stop, end }
    }

    /// As by `kill -9`: every task ends at once, wherever it is. Returns when the next agent can open the folder.
    pub async fn kill(mut self, folder: &Path) {
        self.runtime.take().unwrap().shutdown_background();
        let path = folder.join("journal.lock");
        bounded(async {
            let file = std::fs::File::open(&path).unwrap();
            tokio::task::spawn_blocking(move || file.lock().unwrap()).await.unwrap();
        })
        .await;
    }

    /// As it should be stopped.
    pub async fn stop(mut self) -> Result<(), AgentError> {
        self.stop.send_replace(true);
        bounded(self.end.recv()).await.unwrap()
    }

    /// Waits for it to end by itself.
    pub async fn end(mut self) -> Result<(), AgentError> {
        bounded(self.end.recv()).await.unwrap()
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
