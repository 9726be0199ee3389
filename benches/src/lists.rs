//! Row 2c: the first 100 requests that wait, asked for as a browser asks, the session and everybody's rights included. However many
//! there are, waiting or ended, it must take as long.

use crate::{
    company::{ACCOUNT, Company, OWNER, SECOND, mode, user},
    measure::{Rounds, cpu_seconds},
    table::{Goal, Line, time},
};
use adit_core::{
    authz::Role,
    command::{Command, Reply},
    fleet::PowerMode,
    ids::DeviceId,
    quotas::Quota,
    requests::RequestState,
};
use adit_server::{
    Agents, Engine, Herald, HeraldOptions, Live, SystemClock,
    api::{Api, Options, router, session::hash_of},
    notices::webhooks::WebhookOptions,
};
use adit_store::{DataDir, Person, Session};
use axum::{
    Router,
    body::{Body, to_bytes},
    http::{Request, StatusCode},
};
use std::sync::{Arc, Mutex};
use tokio::runtime::{Builder, Runtime};
use tower::ServiceExt;

const FEW: u32 = 1_000;
const MANY: u32 = 100_000;
const PAGE: usize = 100;
const ROUNDS: usize = 101;
/// What it may take, seconds.
const LIMIT: f64 = 1e-3;
const COOKIE: &str = "adit_session=0123456789abcdef";
/// Everything that waits, and what waits for whoever asks.
const ALL: &str = "/api/v1/requests?box=all&state=pending&limit=100";
const MINE_TO_DECIDE: &str = "/api/v1/requests?box=needs_me&limit=100";

/// # Panics
/// If a list is not what it should be.
pub fn run() -> Vec<Line> {
    eprintln!("lists: {MANY} waiting requests and as many that have ended");
    let (few, many) = (House::new(FEW), House::new(MANY));
    let mut lines = Vec::new();
    for (what, path) in [("that wait", ALL), ("that wait for me", MINE_TO_DECIDE)] {
        let (mut of_many, mut of_few) = (|| many.ask(path), || few.ask(path));
        let rounds = Rounds::run(ROUNDS, &mut [&mut of_many, &mut of_few, &mut || LIMIT]);
        let line = |what: String, other: usize, reference: &str, goal: f64| Line {
            row: "2c",
            what,
            ours: time(rounds.of(0).median),
            reference: reference.into(),
            theirs: time(rounds.of(other).median),
            ratio: rounds.ratio(0, other),
            goal: Goal::AtMost(goal),
        };
        lines.push(line(format!("first {PAGE} of 100 000 requests {what}"), 2, "a millisecond", 1.0));
        lines.push(line(format!("first {PAGE} of 100 000 requests {what}"), 1, "first 100 of 1 000", 1.3));
    }
    lines
}

/// A server with so many waiting requests, and as many newer ones that were called off.
struct House {
    runtime: Runtime,
    router: Router,
    _folder: tempfile::TempDir,
}

impl House {
    fn new(requests: u32) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let dir = DataDir::open(folder.path().join("server")).expect("a data folder");
        let mut log = dir.log().expect("a log");
        company(requests).write(&mut log);
        let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
        let router = runtime.block_on(async { routed(&dir, log) });
        let house = Self { runtime, router, _folder: folder };
        for path in [ALL, MINE_TO_DECIDE] {
            house.check(path);
        }
        house
    }

    fn answer(&self, path: &str) -> (StatusCode, Vec<u8>) {
        let request = Request::get(path).header("cookie", COOKIE).body(Body::empty()).expect("a request");
        self.runtime.block_on(async {
            let response = self.router.clone().oneshot(request).await.expect("an answer");
            let status = response.status();
            (status, to_bytes(response.into_body(), usize::MAX).await.expect("its bytes").to_vec())
        })
    }

    fn ask(&self, path: &str) -> f64 {
        cpu_seconds(|| self.answer(path))
    }

    fn check(&self, path: &str) {
        let (status, body) = self.answer(path);
        assert_eq!(status, StatusCode::OK, "{}", String::from_utf8_lossy(&body));
        let page: serde_json::Value = serde_json::from_slice(&body).expect("JSON");
        let items = page["items"].as_array().expect("a list");
        assert_eq!(items.len(), PAGE);
        assert!(items.iter().all(|item| item["state"] == "pending" && item["my"]["can_vote"] == true));
        let turn = |item: &serde_json::Value| {
            (item["approve_deadline"].as_i64().map(|at| at / 60_000), item["number"].as_u64())
        };
        assert!(items.is_sorted_by_key(turn), "the soonest to expire first, of these the oldest");
    }
}

fn company(requests: u32) -> Company {
    let mut company = Company::new("cd".repeat(32), requests);
    let ask = |company: &mut Company, by, device| {
        let reply = company.ask_as(by, mode(PowerMode::Low), vec![DeviceId(device)]);
        let Reply::Request(id) = reply else { panic!("a request") };
        id
    };
    // Each person may have so many that wait, so there are many people.
    let share = u32::try_from(Quota::WaitingRequests.most()).expect("a small number");
    let askers: Vec<_> = (0..requests.div_ceil(share)).map(|_| company.hire(Role::OperationsManager)).collect();
    for device in 1..=requests {
        ask(&mut company, askers[((device - 1) / share) as usize], device);
    }
    // On a miner of their own, so that they take nothing from those that wait.
    let apart = company.find_elsewhere(requests + 1);
    for _ in 0..requests {
        let request = ask(&mut company, OWNER, apart.0);
        company.run(user(OWNER, company.now), Command::Cancel { request, reason: None });
    }
    let pending = company.state.requests_in(ACCOUNT, &[RequestState::Pending], None).count();
    assert_eq!(pending, requests as usize, "the others have ended");
    company
}

fn routed(dir: &DataDir, log: adit_store::FileLog) -> Router {
    let engine = Engine::start(Box::new(log), Arc::new(SystemClock)).expect("an engine");
    let now = engine.now();
    let mut people = dir.people().expect("people");
    for user in [OWNER, SECOND] {
        let (email, display_name) = (format!("{user}@adit.test"), format!("Person {user}"));
        let person = Person { user, email, display_name, password_hash: None, created_at: now };
        people.add_person(&person).expect("a person");
    }
    let token = COOKIE.split_once('=').expect("a name and a token").1;
    let session = Session {
        token_hash: hash_of(token),
        user: SECOND,
        csrf: "csrf".into(),
        created_at: now,
        authenticated_at: now,
        last_seen_at: now,
        address: String::new(),
        user_agent: String::new(),
        account: Some(ACCOUNT),
    };
    people.add_session(&session).expect("a session");
    let people = Arc::new(Mutex::new(people));
    let secrets = Arc::new(Mutex::new(dir.secrets().expect("secrets")));
    let live = Live::of(&engine);
    let log = Box::new(dir.log_reader().expect("a reader"));
    let agents = Agents::new(engine.clone(), live.clone(), Arc::clone(&secrets), log, 60).expect("agents");
    let options = HeraldOptions { public_url: String::new(), mail: None, webhooks: WebhookOptions::default() };
    let notices = dir.notices().expect("notices");
    let herald = Herald::new(engine.clone(), notices, Arc::clone(&people), secrets, agents.heads(), options);
    let herald = herald.expect("a herald");
    let reader = Box::new(dir.log_reader().expect("a reader"));
    let options = Options { loopback: true, ..Options::default() };
    router(Arc::new(Api::new(engine, live, people, agents, herald, reader, options).expect("an interface")))
}
