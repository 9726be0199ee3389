//! Passwords of pools: they come in, reach the miner, and are shown and kept nowhere.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/rig.rs"]
mod rig;
mod support;

use adit_core::{
    fleet::SecretRef,
    ids::{DeviceId, RequestId},
    requests::{RequestState, Target},
};
use adit_sim::{MinerSpec, Personality, SimConfig, Simulator};
use adit_store::CallId;
use adit_telemetry::DeviceStatus;
use axum::{
    body::Body,
    http::{Request, header},
};
use http_body_util::BodyExt;
use rig::{RunningAgent, all_are, wait_for};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{
    fs,
    io::{self, Write},
    net::Ipv4Addr,
    path::Path,
    sync::{Arc, Mutex},
};
use support::{
    house::{Answer, House, Signed},
    schema::Document,
    until,
};
use tokio::task::JoinSet;
use tower::ServiceExt;

const URL: &str = "stratum+tcp://pool.example:3333";
const PASSWORD: &str = "Kestrel-77;quarry";
const OTHER: &str = "Plover-12;gravel";
const DRAFT: &str = "draft/changes?site=site-1";

/// A pool, with a password or whatever stands in its place.
fn pool(url: &str, password: Option<Value>) -> Value {
    let mut pool = json!({ "url": url, "user": "farm.{name}" });
    if let Some(password) = password {
        pool["password"] = password;
    }
    pool
}

fn set_pools(pools: &[Value], targets: &[&str]) -> Value {
    json!({ "action": { "action": "set_pools", "params": { "pools": pools } }, "targets": targets })
}

fn with(password: &str, targets: &[&str]) -> Value {
    set_pools(&[pool(URL, Some(json!(password)))], targets)
}

async fn post(house: &House, who: &Signed, path: &str, body: &Value) -> Answer {
    let answer = house.ask("POST", &format!("/api/v1/{path}"), Some(who), Some(body)).await;
    assert!(!answer.text.contains(PASSWORD) && !answer.text.contains(OTHER), "{path}: {}", answer.text);
    answer
}

async fn under_key(house: &House, who: &Signed, path: &str, key: &str, body: &Value) -> Answer {
    let request = Request::post(format!("/api/v1/{path}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::COOKIE, &who.cookie)
        .header("x-adit-csrf", &who.csrf)
        .header("idempotency-key", key);
    house.send(request.body(Body::from(body.to_string())).unwrap()).await
}

/// How many passwords of pools are sealed.
fn kept(house: &House) -> usize {
    house.secrets.lock().unwrap().names().unwrap().iter().filter(|name| name.starts_with("pool/")).count()
}

fn id_of(answer: &Answer) -> RequestId {
    assert!(answer.status.is_success(), "{}", answer.text);
    answer.body["id"].as_str().unwrap().parse().unwrap()
}

fn references(house: &House, id: RequestId) -> Vec<SecretRef> {
    house.engine.state().request(id).unwrap().payload.action.pool_passwords().cloned().collect()
}

async fn cancel(house: &House, who: &Signed, id: RequestId) {
    let answer = post(house, who, &format!("requests/{id}/cancel"), &json!({ "reason": "no" })).await;
    assert!(answer.status.is_success(), "{}", answer.text);
}

#[tokio::test]
async fn a_password_is_kept_while_a_request_or_a_draft_names_it_and_no_longer() {
    let (house, operator) = House::taking_pools().await;
    let preview = post(&house, &operator, "requests/preview", &with(PASSWORD, &["dev-1"])).await;
    assert_eq!((preview.status.as_u16(), kept(&house)), (200, 0), "{}", preview.text);
    let rows = preview.body["changes"].as_array().unwrap().iter();
    let said: Vec<_> = rows.filter(|row| row["field"] == "pool_password").map(|row| &row["new"]).collect();
    assert!(said.len() == 1 && said[0].as_str().unwrap().starts_with("set (not shown"), "{said:?}");

    let id = id_of(&post(&house, &operator, "requests", &with(PASSWORD, &["dev-1"])).await);
    assert_eq!(house.engine.state().request(id).unwrap().state, RequestState::Pending);
    assert_eq!(kept(&house), 1);
    cancel(&house, &operator, id).await;
    wait_for("it is forgotten with its request", || kept(&house) == 0).await;

    let drafted = post(&house, &operator, DRAFT, &with(PASSWORD, &["dev-1"])).await;
    assert_eq!((drafted.status.as_u16(), kept(&house)), (200, 1), "{}", drafted.text);
    post(&house, &operator, DRAFT, &with(OTHER, &["dev-1"])).await;
    wait_for("that of a change that was replaced is forgotten", || kept(&house) == 1).await;
    let draft = house.get("draft?site=site-1", &operator).await.body;
    let change = draft["changes"][0]["id"].as_str().unwrap();
    let gone = house.ask("DELETE", &format!("/api/v1/draft/changes/{change}?site=site-1"), Some(&operator), None).await;
    assert!(gone.status.is_success(), "{}", gone.text);
    wait_for("that of a change that was taken out is forgotten", || kept(&house) == 0).await;

    let drafted = post(&house, &operator, DRAFT, &with(PASSWORD, &["dev-1"])).await.body;
    let submit = json!({ "version": drafted["draft"]["version"] });
    let submitted = post(&house, &operator, "draft/submit?site=site-1", &submit).await;
    let id = submitted.body["requests"][0]["id"].as_str().unwrap().parse().unwrap();
    assert_eq!((kept(&house), references(&house, id).len()), (1, 1), "{}", submitted.text);
    cancel(&house, &operator, id).await;
    wait_for("it is forgotten with its request", || kept(&house) == 0).await;
}

#[tokio::test]
async fn an_amendment_keeps_the_password_of_a_pool_that_stays_and_of_no_other() {
    let (house, operator) = House::taking_pools().await;
    let reserve = "stratum+tcp://reserve.example:3333";
    let both = [pool(URL, Some(json!(PASSWORD))), pool(reserve, Some(json!(OTHER)))];
    let first = id_of(&post(&house, &operator, "requests", &set_pools(&both, &["dev-1", "dev-5"])).await);
    let known = references(&house, first);
    let amend = |id: RequestId, pools: &[Value], targets: &[&str]| {
        let (path, body) = (format!("requests/{id}/amend"), set_pools(pools, targets));
        let (house, operator) = (&house, &operator);
        async move { id_of(&post(house, operator, &path, &body).await) }
    };
    let second = amend(first, &[pool(URL, None), pool(reserve, None)], &["dev-1"]).await;
    assert_eq!((references(&house, second), kept(&house)), (known.clone(), 2));
    let third = amend(second, &[pool("stratum+tcp://thief.example:3333", None), pool(reserve, None)], &["dev-1"]).await;
    assert_eq!(references(&house, third), known[1..], "nothing goes where nobody has typed it");
    wait_for("that of the pool that went is forgotten", || kept(&house) == 1).await;
    let fourth = amend(third, &[pool(reserve, Some(json!(PASSWORD)))], &["dev-1"]).await;
    let typed = references(&house, fourth);
    assert!(typed.len() == 1 && !known.contains(&typed[0]), "{typed:?}");
    cancel(&house, &operator, fourth).await;
    wait_for("all are forgotten", || kept(&house) == 0).await;
}

#[tokio::test]
async fn what_is_no_password_is_told_at_its_place_and_nothing_is_sealed() {
    let (house, operator) = House::taking_pools().await;
    let waiting = id_of(&post(&house, &operator, "requests", &set_pools(&[pool(URL, None)], &["dev-1"])).await);
    let amend = format!("requests/{waiting}/amend");
    let doors = ["requests/preview", "requests", &amend, DRAFT];
    for bad in [
        json!(""),
        json!("p".repeat(65)),
        json!(format!("{PASSWORD} x")),
        json!(format!("{PASSWORD},x")),
        json!(format!("{PASSWORD}\u{e9}")),
        json!(7),
        json!([PASSWORD]),
        json!({ "sealed": "0123456789abcdef0123456789abcdef" }),
    ] {
        for door in doors {
            let answer = post(&house, &operator, door, &set_pools(&[pool(URL, Some(bad.clone()))], &["dev-1"])).await;
            let at = &answer.body["errors"][0]["pointer"];
            let told = (answer.status.as_u16(), at) == (422, &json!("/action/params/pools/0/password"));
            assert!(told, "{door} {bad}: {}", answer.text);
        }
    }
    let four = vec![pool(URL, Some(json!(PASSWORD))); 4];
    for door in doors {
        let answer = post(&house, &operator, door, &set_pools(&four, &["dev-1"])).await;
        let at = &answer.body["errors"][0]["pointer"];
        assert_eq!((answer.status.as_u16(), at), (422, &json!("/action/params/pools")), "{door}: {}", answer.text);
    }
    assert_eq!(kept(&house), 0);
}

#[tokio::test]
async fn a_call_with_the_same_password_is_the_same_call_and_one_with_another_is_not() {
    let (house, operator) = House::taking_pools().await;
    let amended = id_of(&post(&house, &operator, "requests", &set_pools(&[pool(URL, None)], &["dev-5"])).await);
    let amend = format!("requests/{amended}/amend");
    for (path, device) in [("requests", "dev-1"), (&*amend, "dev-5"), (DRAFT, "dev-6")] {
        let call = |password: &str| {
            let (body, house, operator) = (with(password, &[device]), &house, &operator);
            async move { under_key(house, operator, path, path, &body).await }
        };
        let before = kept(&house);
        let (made, again, other) = (call(PASSWORD).await, call(PASSWORD).await, call(OTHER).await);
        assert!(made.status.is_success() && again.status.is_success(), "{path}: {} {}", made.text, again.text);
        let which = |answer: &Answer| [answer.body["id"].clone(), answer.body["draft"]["version"].clone()];
        assert_eq!(which(&made), which(&again), "{path}");
        assert_eq!((other.status.as_u16(), &other.body["code"]), (409, &json!("duplicate_request")), "{path}");
        wait_for("that of the refused call is forgotten", || kept(&house) == before + 1).await;
    }
}

/// Whoever reads what a server keeps cannot try passwords against it: with another server's key all of it is another.
#[tokio::test]
async fn what_is_kept_of_a_call_tells_nothing_of_its_password_without_the_servers_key() {
    let mut told = Vec::new();
    for _ in 0..2 {
        let (house, operator) = House::taking_pools().await;
        let id = id_of(&under_key(&house, &operator, "requests", "k", &with(PASSWORD, &["dev-1"])).await);
        let drafted = under_key(&house, &operator, DRAFT, "k", &with(PASSWORD, &["dev-5"])).await;
        assert_eq!(drafted.status, 200, "{}", drafted.text);
        let whose = format!("{}/{}", support::ACCOUNT, house.users["operations_manager"]);
        let call = CallId { whose, route: "post /draft/changes".into(), key: "k".into() };
        let begun = house.secrets.lock().unwrap().begin_call(&call, &[0; 32], house.engine.now()).unwrap();
        told.push((begun.expect("the call is kept").content, references(&house, id)));
    }
    assert_ne!(told[0].0, told[1].0, "of the call that is kept with its answer");
    assert_ne!(told[0].1, told[1].1, "of the request in the log");
}

/// What everything in this program says of itself.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<u8>>>);

impl Write for Lines {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Lines {
    fn listen() -> Self {
        let lines = Self::default();
        let written = lines.clone();
        let all = tracing_subscriber::fmt().with_max_level(tracing_subscriber::filter::LevelFilter::TRACE);
        all.with_writer(move || written.clone()).init();
        lines
    }
}

/// The password, and what anybody can make of it to compare with.
fn traces() -> [Vec<u8>; 3] {
    let hash = Sha256::digest(PASSWORD);
    let hex: String = hash.iter().map(|byte| format!("{byte:02x}")).collect();
    [PASSWORD.into(), hash.to_vec(), hex.into()]
}

fn assert_untold(what: &str, bytes: &[u8]) {
    for trace in traces() {
        assert!(!bytes.windows(trace.len()).any(|part| part == trace), "{what}");
    }
}

/// Nothing in the folder has it; how many files there are.
fn assert_unwritten(folder: &Path) -> usize {
    let mut files = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files += assert_unwritten(&path);
        } else {
            assert_untold(&path.display().to_string(), &fs::read(&path).unwrap());
            files += 1;
        }
    }
    files
}

/// Every operation that reads answers without it; how many answered.
async fn assert_unanswered(house: &House, who: &Signed, document: &Document, id: RequestId) -> usize {
    let mut answered = 0;
    for (method, path, operation) in document.operations() {
        let streams = operation["responses"]["200"]["content"]["text/event-stream"].is_object();
        if method != "GET" || streams {
            continue;
        }
        let one = if path.contains("/requests/") { id.to_string() } else { "dev-5".to_owned() };
        let path = path.replace("{id}", &one).replace(['{', '}'], "");
        let query = if path.ends_with("/draft") { "?site=site-1" } else { "" };
        let answer = house.ask("GET", &format!("{path}{query}"), Some(who), None).await;
        assert_untold(&path, answer.text.as_bytes());
        answered += usize::from(answer.status.is_success());
    }
    answered
}

/// What the live stream tells somebody from now on.
async fn overheard(house: &House, who: &Signed, work: &mut JoinSet<()>) -> Lines {
    let request = Request::get("/api/v1/events").header(header::COOKIE, &who.cookie).body(Body::empty()).unwrap();
    let mut body = house.router.clone().oneshot(request).await.unwrap().into_body();
    let heard = Lines::default();
    let mut into = heard.clone();
    work.spawn(async move {
        while let Some(Ok(frame)) = body.frame().await {
            into.write_all(frame.data_ref().map_or(&[], |data| data)).unwrap();
        }
    });
    heard
}

/// An agent of Norte that finds the simulated miners and knows their password.
async fn agent(house: &mut House, owner: &Signed, folder: &Path, net: u8) -> RunningAgent {
    let address = house.serve_agents().await;
    let made = post(house, owner, "agents", &json!({ "site": "site-1", "name": "shed" })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let token = made.body["token"].as_str().unwrap().to_owned();
    let task = json!({
        "agent": made.body["agent"]["id"], "name": "all", "ranges": [format!("127.{net}.0.1-2")], "interval_s": 30,
        "credentials": [{ "family": "whatsminer", "password": "admin" }],
    });
    let task = post(house, owner, "scan-tasks", &task).await;
    assert_eq!(task.status, 201, "{}", task.text);
    RunningAgent::start(address, folder.to_path_buf(), token, None)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_pool_password_is_in_the_miner_and_nowhere_else() {
    let lines = Lines::listen();
    let (mut house, document) = (House::new().await, Document::read());
    let owner = house.sign_in("owner").await;
    let miners = (1..=2).map(|n| MinerSpec::new(Personality::WhatsminerV2, Ipv4Addr::new(127, 48, 0, n)));
    let fleet = Simulator::start(SimConfig::new(7, miners.collect())).await.unwrap();
    let agent_folder = tempfile::tempdir().unwrap();
    let agent = agent(&mut house, &owner, agent_folder.path(), 48).await;
    let devices = [DeviceId(5), DeviceId(6)];
    wait_for("both miners are hashing", || all_are(&house.live, &devices, DeviceStatus::Hashing)).await;
    house.two_change_pools().await;

    let (operator, administrator) = (house.sign_in("operations_manager").await, house.sign_in("administrator").await);
    let mut work = JoinSet::new();
    let heard = overheard(&house, &administrator, &mut work).await;
    let drafted = post(&house, &operator, DRAFT, &with(PASSWORD, &["dev-5", "dev-6"])).await;
    assert_eq!(drafted.status, 200, "{}", drafted.text);
    let submit = json!({ "version": drafted.body["draft"]["version"] });
    let submitted = post(&house, &operator, "draft/submit?site=site-1", &submit).await;
    let made = &submitted.body["requests"][0];
    let id: RequestId = made["id"].as_str().unwrap_or_else(|| panic!("{}", submitted.text)).parse().unwrap();
    assert_eq!(house.engine.state().request(id).unwrap().state, RequestState::Pending);
    assert!(assert_unanswered(&house, &owner, &document, id).await > 30);
    assert!(assert_unwritten(house.folder.path()) > 3);

    let vote = json!({ "decision": "approve", "content_hash": made["content_hash"] });
    let approved = post(&house, &administrator, &format!("requests/{id}/votes"), &vote).await;
    assert_eq!(approved.status, 200, "{}", approved.text);
    let done = until(&house.engine, id, |request| request.state.is_terminal()).await;
    assert_eq!(done.state, RequestState::Executed, "{:?}", done.items);
    assert_eq!(done.payload.targets, devices.map(Target::Device));
    for miner in fleet.miners() {
        assert_eq!(miner.truth().pools[0].password, PASSWORD);
    }
    wait_for("it is forgotten at the end", || kept(&house) == 0).await;

    let pools = post(&house, &operator, "devices/pools", &json!({ "targets": ["dev-5", "dev-6"] })).await;
    assert_eq!(pools.status, 200, "{}", pools.text);
    assert!(assert_unanswered(&house, &owner, &document, id).await > 30);
    assert!(assert_unwritten(house.folder.path()) > 3 && assert_unwritten(agent_folder.path()) > 2);
    agent.stop().await;
    fleet.stop().await;
    work.shutdown().await;
    for (what, lines, says) in [("a log line", lines, "connected"), ("the live stream", heard, "event: request")] {
        let said = lines.0.lock().unwrap();
        assert_untold(what, &said);
        assert!(String::from_utf8_lossy(&said).contains(says), "{what} was not heard");
    }
}
