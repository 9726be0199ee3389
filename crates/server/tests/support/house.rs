//! A whole server without a listener: one account, two sites with an agent and two miners each, and people.
//!
//! `site-1` (Norte) has `agt-1`, `dev-1` and `dev-2`; `site-2` (Sur) the next ones. Everybody signs in as `<name>@adit.test`: each
//! role's name on the whole account, and some limited to Norte with `north_` before it.

use super::{ACCOUNT, OWNER, introducing, operator, user};
use adit_core::{
    authz::{Actor, Node, Role, Scope},
    command::{Command, Reply, Submission},
    fleet::{DeviceIdentity, FoundDevice, ModePower, OpKind, PowerMode},
    ids::{AgentId, DeviceId, RequestId, ScanTaskId, SiteId, UserId},
    requests::{Action, Control, NewGrant, PolicyChange, Scenario},
    time::{Millis, Timestamp},
};
use adit_server::{
    Agents, Clock, Engine, Herald, HeraldOptions, Live, SystemClock,
    agents::{self, SharedSecrets},
    api::{self, Api, Options, session},
};
use adit_store::{FileLog, FileReader, Key, Notices, People, Person, Secrets};
use axum::{
    Router,
    body::Body,
    http::{HeaderMap, Request, StatusCode, header},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
};
use tokio::{net::TcpListener, task::JoinSet};
use tower::ServiceExt;

pub const PASSWORD: &str = "a long enough password";
pub const NORTH: SiteId = SiteId(1);
pub const SOUTH: SiteId = SiteId(2);
/// Roles of the people limited to Norte.
const NORTHERN: [(&str, Role); 3] =
    [("north_viewer", Role::Viewer), ("north_auditor", Role::Auditor), ("north_technician", Role::Technician)];

/// The machine's clock, put forward.
#[derive(Default)]
pub struct ForwardClock(AtomicI64);

impl ForwardClock {
    pub fn forward(&self, length: Millis) {
        self.0.fetch_add(i64::try_from(length.0).unwrap(), Ordering::SeqCst);
    }
}

impl Clock for ForwardClock {
    fn now(&self) -> Timestamp {
        Timestamp(SystemClock.now().0 + self.0.load(Ordering::SeqCst))
    }
}

pub struct House {
    clock: Arc<ForwardClock>,
    pub engine: Engine,
    pub router: Router,
    pub people: Arc<Mutex<People>>,
    pub users: BTreeMap<String, UserId>,
    pub secrets: SharedSecrets,
    pub live: Live,
    pub agents: Arc<Agents>,
    /// Everything that it keeps.
    pub folder: tempfile::TempDir,
    next: AtomicU64,
    work: JoinSet<()>,
}

/// Cookie and CSRF token.
#[derive(Debug, Clone)]
pub struct Signed {
    pub cookie: String,
    pub csrf: String,
}

pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub text: String,
    pub body: Value,
}

impl Answer {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub fn miner(number: u8) -> FoundDevice {
    FoundDevice {
        identity: DeviceIdentity {
            mac: Some(format!("02:ad:17:00:00:{number:02x}")),
            serial: Some(format!("SN{number:04}")),
        },
        ip: Ipv4Addr::new(10, 0, 0, number).into(),
        make: "MicroBT".into(),
        model: "M30S++".into(),
        firmware: "1.0".into(),
        driver: "whatsminer-v2".into(),
        supports: vec![OpKind::Reboot, OpKind::Pause, OpKind::Resume, OpKind::SetPowerMode, OpKind::Locate],
        modes: vec![PowerMode::Sleep, PowerMode::Normal],
        mode_power: ModePower { sleep_w: Some(15), low_w: None, normal_w: Some(3_400), high_w: None },
        expected_hashrate_ghs: Some(112_000),
    }
}

impl House {
    pub async fn new() -> Self {
        Self::with(Options { loopback: true, ..Options::default() }).await
    }

    pub async fn with(options: Options) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let clock = Arc::new(ForwardClock::default());
        let ticking: Arc<dyn Clock> = Arc::clone(&clock) as Arc<dyn Clock>;
        let engine = Engine::start(Box::new(FileLog::open(path("log")).unwrap()), ticking).unwrap();
        engine.run(operator(&engine), Command::CreateAccount { name: "Mine".into() }).await.unwrap();
        let mut users = BTreeMap::new();
        for role in Role::ALL {
            let user = if role == Role::Owner { OWNER } else { add_user(&engine).await };
            if role != Role::Owner {
                let grant = Command::SeedGrant { user, role, scope: Scope::All };
                engine.run(operator(&engine), grant).await.unwrap();
            }
            users.insert(role.name().to_owned(), user);
        }
        let next = AtomicU64::new(1);
        for (number, name) in [(1_u32, "Norte"), (2, "Sur")] {
            let token_hash = format!("{number:064x}");
            let agent = AgentId(number);
            let ranges = vec![format!("10.0.{number}.0/24")];
            for control in [
                Control::CreateSite { name: name.into(), capacity_w: Some(1_000_000) },
                Control::CreateAgent {
                    site: SiteId(number),
                    name: format!("{name}-agent"),
                    token_hash: token_hash.clone(),
                },
                Control::CreateScanTask {
                    agent,
                    name: format!("{name}-all"),
                    ranges,
                    interval_s: 60,
                    credentials: None,
                    passwords_to_unknown: false,
                },
            ] {
                ask(&engine, &next, OWNER, Action::Control(control), &[]).await;
            }
            let system = Actor::system(ACCOUNT);
            let enrolment = Command::EnrolAgent { token_hash, public_key: "cd".repeat(32) };
            engine.run(system, enrolment).await.unwrap();
            let first = u8::try_from(number * 2 - 1).unwrap();
            let devices = vec![miner(first), miner(first + 1)];
            let scan_task = ScanTaskId(number);
            engine
                .run(system, Command::ReportDevices { agent, scan_task, devices, heard: Default::default() })
                .await
                .unwrap();
        }
        for (name, role) in NORTHERN {
            let user = add_user(&engine).await;
            let scope = Scope::Nodes([Node::Site(NORTH)].into());
            ask(&engine, &next, OWNER, Action::Control(Control::AddGrant(NewGrant::new(user, role, scope))), &[]).await;
            engine.run(super::user(&engine, user), Command::OpenAccount).await.unwrap();
            users.insert(name.to_owned(), user);
        }

        let mut people = People::open(path("people")).unwrap();
        let hash = session::hash_password(PASSWORD).unwrap();
        for (name, user) in &users {
            let password_hash = Some(hash.clone());
            let (email, display_name) = (format!("{name}@adit.test"), format!("Person {name}"));
            let created_at = engine.now();
            people.add_person(&Person { user: *user, email, display_name, password_hash, created_at }).unwrap();
        }
        let live = Live::of(&engine);
        let key = Key::load(&path("key"), true).unwrap();
        let secrets = Arc::new(Mutex::new(Secrets::open(path("secrets"), key).unwrap()));
        let agents = Agents::new(
            engine.clone(),
            live.clone(),
            Arc::clone(&secrets),
            Box::new(FileReader::open(path("log")).unwrap()),
            10,
        )
        .unwrap();
        let mut work = JoinSet::new();
        let followed = Arc::clone(&agents);
        work.spawn(async move { followed.follow().await });
        let log = Box::new(FileReader::open(path("log")).unwrap());
        let people = Arc::new(Mutex::new(people));
        let told = HeraldOptions {
            public_url: options.public_url.clone(),
            mail: options.mail.clone(),
            webhooks: options.webhooks.clone(),
        };
        let store = Notices::open(path("notices")).unwrap();
        let herald =
            Herald::new(engine.clone(), store, Arc::clone(&people), Arc::clone(&secrets), agents.heads(), told)
                .unwrap();
        work.spawn(Arc::clone(&herald).work(Box::new(FileReader::open(path("log")).unwrap())));
        let (shown, known) = (Arc::clone(&agents), Arc::clone(&people));
        let api = Api::new(engine.clone(), live.clone(), known, shown, herald, log, options).unwrap();
        let router = api::router(Arc::new(api));
        Self { clock, engine, router, people, users, secrets, live, agents, folder, next, work }
    }

    /// With two more miners at Norte, `dev-5` and `dev-6`, that take pools, as `dev-1` does; the two have no serial number. A change of
    /// pools takes a second person. With somebody signed in who asks for one.
    pub async fn taking_pools() -> (Self, Signed) {
        let house = Self::new().await;
        let found = |number: u8| {
            let identity = DeviceIdentity { serial: (number == 1).then(|| "SN0001".into()), ..miner(number).identity };
            FoundDevice { identity, supports: vec![OpKind::SetPools], ..miner(number) }
        };
        // Another MAC is another device.
        let devices = vec![found(1), found(21), found(22)];
        let report =
            Command::ReportDevices { agent: AgentId(1), scan_task: ScanTaskId(1), devices, heard: Default::default() };
        house.engine.run(Actor::system(ACCOUNT), report).await.unwrap();
        house.two_change_pools().await;
        let operator = house.sign_in("operations_manager").await;
        (house, operator)
    }

    pub async fn two_change_pools(&self) {
        let rule = vec![PolicyChange::counts(Scenario::FleetPoolChange, 1, 1)];
        self.request("owner", Action::Control(Control::SetPolicies { changes: rule }), &[]).await;
    }

    /// Agents can come; gives where.
    pub async fn serve_agents(&mut self) -> SocketAddr {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (address, service) = (listener.local_addr().unwrap(), agents::router(Arc::clone(&self.agents)));
        self.work.spawn(async move { axum::serve(listener, service).await.unwrap() });
        address
    }

    /// Somebody who is known to the engine signs in from now on as `name`.
    pub fn join(&self, name: &str, user: UserId) {
        let password_hash = Some(session::hash_password(PASSWORD).unwrap());
        let (email, display_name) = (format!("{name}@adit.test"), format!("Person {name}"));
        let created_at = self.engine.now();
        let person = Person { user, email, display_name, password_hash, created_at };
        self.people.lock().unwrap().add_person(&person).unwrap();
    }

    /// So much later, and the engine has noticed.
    pub async fn later(&self, length: Millis) {
        self.clock.forward(length);
        self.engine.run(Actor::system(ACCOUNT), Command::Tick).await.unwrap();
    }

    /// Somebody asks for an action past the interface. Who is given a role by it opens the account at once.
    pub async fn request(&self, who: &str, action: Action, targets: &[DeviceId]) -> RequestId {
        let newcomer = match &action {
            Action::Control(Control::AddGrant(new)) => Some(new.user),
            _ => None,
        };
        let request = ask(&self.engine, &self.next, self.users[who], action, targets).await;
        if let Some(user) = newcomer.filter(|user| self.engine.state().is_member(ACCOUNT, *user)) {
            self.engine.run(super::user(&self.engine, user), Command::OpenAccount).await.unwrap();
        }
        request
    }

    /// Somebody who came in by a link that the owner was shown, so that nobody knows whose their e-mail is.
    pub async fn join_unverified(&mut self, name: &str, role: Role) -> UserId {
        let added = self.engine.run(user(&self.engine, OWNER), Command::AddUser).await.unwrap();
        let Reply::User(newcomer) = added else { panic!("{added:?}") };
        self.users.insert(name.to_owned(), newcomer);
        self.join(name, newcomer);
        let grant = NewGrant::new(newcomer, role, Scope::All);
        self.request("owner", Action::Control(Control::AddGrant(grant)), &[]).await;
        newcomer
    }

    pub async fn ask(&self, method: &str, path: &str, who: Option<&Signed>, body: Option<&Value>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(who) = who {
            request = request.header(header::COOKIE, &who.cookie).header("x-adit-csrf", &who.csrf);
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_string()));
        self.send(request.body(body).unwrap()).await
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (method, path) = (request.method().to_string(), request.uri().to_string());
        let response = self.router.clone().oneshot(request).await.unwrap();
        super::documented::check(&method, &path, response.status().as_u16());
        let (status, headers) = (response.status(), response.headers().clone());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        let text = String::from_utf8_lossy(&bytes).into_owned();
        Answer { status, headers, body: serde_json::from_str(&text).unwrap_or(Value::Null), text }
    }

    pub async fn get(&self, path: &str, who: &Signed) -> Answer {
        self.ask("GET", &format!("/api/v1/{path}"), Some(who), None).await
    }

    pub async fn sign_in(&self, name: &str) -> Signed {
        let body = json!({ "email": format!("{name}@adit.test"), "password": PASSWORD });
        let answer = self.ask("POST", "/api/v1/session", None, Some(&body)).await;
        assert_eq!(answer.status, 200, "{name}: {}", answer.text);
        let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
        Signed { cookie, csrf: answer.body["csrf"].as_str().unwrap().to_owned() }
    }
}

async fn add_user(engine: &Engine) -> UserId {
    match engine.run(operator(engine), Command::AddUser).await.unwrap() {
        Reply::User(user) => user,
        other => panic!("{other:?}"),
    }
}

async fn ask(engine: &Engine, next: &AtomicU64, by: UserId, action: Action, targets: &[DeviceId]) -> RequestId {
    let id = RequestId(u128::from(next.fetch_add(1, Ordering::Relaxed)).into());
    let targets = targets.to_vec();
    let submission = Submission { id, action, targets, estimates: Vec::new(), reason: None, idempotency_key: None };
    match engine.run(user(engine, by), introducing(submission)).await.unwrap() {
        Reply::Request(id) => id,
        other => panic!("{other:?}"),
    }
}
