//! The HTTP interface, asked as a browser asks it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use adit_core::{
    authz::{Actor, Principal, Role, Scope},
    command::{Command, Reply, Submission},
    fleet::{Activity, DeviceIdentity, FoundDevice, ModePower, OpKind, PowerMode, Reading},
    ids::{AccountId, AgentId, DeviceId, RequestId, ScanTaskId, SiteId, UserId},
    requests::{Action, Control},
    time::Timestamp,
};
use adit_server::{
    Agents, Engine, Herald, HeraldOptions, Live, SystemClock,
    api::{self, Api, Options, session},
    notices::webhooks::WebhookOptions,
};
use adit_store::{FileLog, FileReader, Key, Notices, People, Person, Secrets};
use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header, request::Builder},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

const PASSWORD: &str = "a long enough password";

struct House {
    router: Router,
    engine: Engine,
    live: Live,
    _folder: tempfile::TempDir,
}

/// One account with a person in every role; their e-mails are `<role>@adit.test`.
async fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let engine = Engine::start(Box::new(FileLog::open(path("log")).unwrap()), Arc::new(SystemClock)).unwrap();
    let operator = |account| Actor { account, principal: Principal::Operator, authenticated_at: Timestamp(0) };
    let Ok(Reply::Account(account, owner)) =
        engine.run(operator(AccountId(0)), Command::CreateAccount { name: "Mine".into() }).await
    else {
        panic!("an account")
    };
    let mut people = People::open(path("people")).unwrap();
    let hash = session::hash_password(PASSWORD).unwrap();
    for role in Role::ALL {
        let user = if role == Role::Owner {
            owner
        } else {
            let Ok(Reply::User(user)) = engine.run(operator(account), Command::AddUser).await else {
                panic!("a person")
            };
            engine.run(operator(account), Command::SeedGrant { user, role, scope: Scope::All }).await.unwrap();
            user
        };
        let email = format!("{}@adit.test", role.name());
        people
            .add_person(&Person {
                user,
                email,
                display_name: role.title().into(),
                password_hash: Some(hash.clone()),
                created_at: Timestamp(0),
            })
            .unwrap();
    }
    miners(&engine, owner).await;
    let live = Live::of(&engine);
    let readings: Vec<_> =
        (1..=3).map(|id| reading(id, if id == 2 { PowerMode::Low } else { PowerMode::Normal }).into()).collect();
    live.hear(&readings, engine.now());
    let (kept, table) = (engine.clone(), live.clone());
    let secrets = Arc::new(Mutex::new(Secrets::open(path("secrets"), Key::load(&path("key"), true).unwrap()).unwrap()));
    let agents = Agents::new(
        engine.clone(),
        live.clone(),
        Arc::clone(&secrets),
        Box::new(FileReader::open(path("log")).unwrap()),
        10,
    )
    .unwrap();
    let log = Box::new(FileReader::open(path("log")).unwrap());
    let options = Options { loopback: true, ..Options::default() };
    let people = Arc::new(Mutex::new(people));
    let told = HeraldOptions { public_url: String::new(), mail: None, webhooks: WebhookOptions::default() };
    let store = Notices::open(path("notices")).unwrap();
    let herald = Herald::new(engine.clone(), store, Arc::clone(&people), secrets, agents.heads(), told).unwrap();
    let api = Api::new(engine, live, people, agents, herald, log, options).unwrap();
    House { router: api::router(Arc::new(api)), engine: kept, live: table, _folder: folder }
}

/// A site with an agent and three miners.
async fn miners(engine: &Engine, owner: UserId) {
    let now = engine.now();
    let owner = Actor { account: AccountId(1), principal: Principal::User(owner), authenticated_at: now };
    let token_hash = "ab".repeat(32);
    let ranges = vec!["127.41.0.1-3".into()];
    let controls = [
        Control::CreateSite { name: "Norte".into(), capacity_w: None },
        Control::CreateAgent { site: SiteId(1), name: "north".into(), token_hash: token_hash.clone() },
        Control::CreateScanTask {
            agent: AgentId(1),
            name: "all".into(),
            ranges,
            interval_s: 30,
            credentials: None,
            passwords_to_unknown: false,
        },
    ];
    for (id, control) in (1_u128..).zip(controls) {
        let submission = Submission {
            id: RequestId(id.into()),
            action: Action::Control(control),
            targets: Vec::new(),
            estimates: Vec::new(),
            reason: None,
            idempotency_key: None,
        };
        engine.run(owner, Command::Submit(submission)).await.unwrap();
    }
    let system = Actor::system(AccountId(1));
    engine.run(system, Command::EnrolAgent { token_hash, public_key: "cd".repeat(32) }).await.unwrap();
    let devices = (1..=3).map(miner).collect();
    let found =
        Command::ReportDevices { agent: AgentId(1), scan_task: ScanTaskId(1), devices, heard: Default::default() };
    engine.run(system, found).await.unwrap();
}

/// The third cannot change its mode.
fn miner(number: u8) -> FoundDevice {
    let mut supports = vec![OpKind::Reboot, OpKind::Locate, OpKind::SetPools];
    supports.extend((number != 3).then_some(OpKind::SetPowerMode));
    FoundDevice {
        identity: DeviceIdentity { mac: Some(format!("02:00:00:00:00:{number:02x}")), serial: None },
        ip: [127, 41, 0, number].into(),
        make: "MicroBT".into(),
        model: "M30S++".into(),
        firmware: "v2".into(),
        driver: "whatsminer-v2".into(),
        supports,
        modes: vec![PowerMode::Low, PowerMode::Normal],
        mode_power: ModePower { low_w: Some(2_000), normal_w: Some(3_400), ..ModePower::default() },
        expected_hashrate_ghs: Some(112_000),
    }
}

fn reading(number: u32, mode: PowerMode) -> Reading {
    Reading {
        activity: Some(Activity::Mining),
        power_w: Some(if mode == PowerMode::Low { 2_010 } else { 3_410 }),
        power_mode: Some(mode),
        led_on: Some(false),
        ..Reading::empty(DeviceId(number))
    }
}

struct Answer {
    status: StatusCode,
    cookie: Option<String>,
    kind: String,
    body: Value,
}

impl House {
    async fn keyed(&self, path: &str, who: &(String, String), key: &str, body: &str) -> Answer {
        let request = Request::builder().method("POST").uri(path).header("idempotency-key", key);
        self.answer(request, Some(who), Some(body)).await
    }

    async fn draft(&self, who: &(String, String), action: Value, targets: &[&str]) -> Answer {
        let body = json!({ "action": action, "targets": targets }).to_string();
        self.ask("POST", "/api/v1/draft/changes?site=site-1", Some(who), Some(&body)).await
    }

    async fn ask(&self, method: &str, path: &str, who: Option<&(String, String)>, body: Option<&str>) -> Answer {
        self.answer(Request::builder().method(method).uri(path), who, body).await
    }

    async fn answer(&self, mut request: Builder, who: Option<&(String, String)>, body: Option<&str>) -> Answer {
        if let Some((cookie, csrf)) = who {
            request = request.header(header::COOKIE, cookie).header("x-adit-csrf", csrf);
        }
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let request = request.body(Body::from(body.unwrap_or_default().to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let text = |name| response.headers().get(name).map(|v: &header::HeaderValue| v.to_str().unwrap().to_owned());
        let (status, cookie, kind) =
            (response.status(), text(header::SET_COOKIE), text(header::CONTENT_TYPE).unwrap_or_default());
        let bytes = response.into_body().collect().await.unwrap().to_bytes();
        Answer { status, cookie, kind, body: serde_json::from_slice(&bytes).unwrap_or(Value::Null) }
    }

    async fn sign_in(&self, role: Role) -> (String, String) {
        let body = json!({ "email": format!("{}@adit.test", role.name()), "password": PASSWORD }).to_string();
        let answer = self.ask("POST", "/api/v1/session", None, Some(&body)).await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        let cookie = answer.cookie.unwrap();
        assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"));
        (cookie.split(';').next().unwrap().to_owned(), answer.body["csrf"].as_str().unwrap().to_owned())
    }
}

const READS: [&str; 11] = [
    "session",
    "overview",
    "devices",
    "devices/ids",
    "me/permissions",
    "requests",
    "approval-policies",
    "sites",
    "agents",
    "roles",
    "requests?box=needs_me",
];

#[tokio::test]
async fn every_role_reads_and_nobody_else_does() {
    let house = house().await;
    for role in Role::ALL {
        let who = house.sign_in(role).await;
        for path in READS {
            assert_eq!(
                house.ask("GET", &format!("/api/v1/{path}"), Some(&who), None).await.status,
                200,
                "{path} as {role:?}"
            );
        }
    }
    for path in READS {
        let answer = house.ask("GET", &format!("/api/v1/{path}"), None, None).await;
        assert_eq!(
            (answer.status, answer.kind.as_str()),
            (StatusCode::UNAUTHORIZED, "application/problem+json"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn a_wrong_password_and_a_missing_token_are_refused_and_a_session_ends() {
    let house = house().await;
    let wrong = json!({ "email": "owner@adit.test", "password": "no" }).to_string();
    assert_eq!(house.ask("POST", "/api/v1/session", None, Some(&wrong)).await.body["code"], "sign_in_failed");
    let who = house.sign_in(Role::Owner).await;
    let without = (who.0.clone(), "x".to_owned());
    assert_eq!(house.ask("DELETE", "/api/v1/session", Some(&without), None).await.body["code"], "csrf");
    assert_eq!(house.ask("DELETE", "/api/v1/session", Some(&who), None).await.status, 204);
    assert_eq!(house.ask("GET", "/api/v1/session", Some(&who), None).await.body["code"], "not_signed_in");
}

#[tokio::test]
async fn nonsense_is_refused_with_a_problem() {
    let house = house().await;
    let who = house.sign_in(Role::Owner).await;
    let big = "x".repeat(3 << 20);
    for (method, path, body, status) in [
        ("POST", "requests", Some("{"), 400),
        ("POST", "requests", Some("{}"), 422),
        ("POST", "requests", Some(big.as_str()), 413),
        ("GET", "devices/site-1", None, 404),
        ("GET", "devices/dev-9", None, 404),
        ("GET", "requests/1", None, 404),
        ("GET", "devices?limit=9999", None, 422),
        ("GET", "draft", None, 422),
        ("GET", "draft?site=site-9", None, 404),
        ("GET", "nothing", None, 404),
        ("PATCH", "devices", None, 405),
    ] {
        let answer = house.ask(method, &format!("/api/v1/{path}"), Some(&who), body).await;
        assert_eq!(
            (answer.status.as_u16(), answer.kind.as_str()),
            (status, "application/problem+json"),
            "{method} {path} {}",
            answer.body
        );
    }
}

#[tokio::test]
async fn new_approval_rules_wait_for_votes() {
    let house = house().await;
    let (owner, admin) = (house.sign_in(Role::Owner).await, house.sign_in(Role::Administrator).await);
    let ask = |n: u32| {
        json!({ "changes": [{ "scenario": "approval_config.update", "required": n, "required_other": 0 }] }).to_string()
    };
    let answer = house.ask("PUT", "/api/v1/approval-policies", Some(&owner), Some(&ask(2))).await;
    assert_eq!((answer.status, &answer.body["state"]), (StatusCode::OK, &json!("executed")), "{}", answer.body);
    let answer = house.ask("PUT", "/api/v1/approval-policies", Some(&owner), Some(&ask(1))).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    let votes = format!("/api/v1/requests/{}/votes", answer.body["id"].as_str().unwrap());
    let stale = json!({ "decision": "approve", "content_hash": "0".repeat(64) }).to_string();
    assert_eq!(house.ask("POST", &votes, Some(&admin), Some(&stale)).await.body["code"], "content_changed");
    let mute = json!({ "decision": "reject", "content_hash": answer.body["content_hash"] }).to_string();
    let mute = house.ask("POST", &votes, Some(&admin), Some(&mute)).await.body;
    assert_eq!((&mute["code"], &mute["errors"][0]["pointer"]), (&json!("reason_required"), &json!("/comment")));
    let vote = json!({ "decision": "approve", "content_hash": answer.body["content_hash"] }).to_string();
    assert_eq!(house.ask("POST", &votes, Some(&owner), Some(&stale)).await.status, 409);
    let approved = house.ask("POST", &votes, Some(&admin), Some(&vote)).await;
    assert_eq!(approved.body["state"], "executed", "{}", approved.body);
    assert_eq!(house.ask("POST", &votes, Some(&admin), Some(&vote)).await.body["code"], "invalid_state");
    let technician = house.sign_in(Role::Technician).await;
    assert_eq!(house.ask("PUT", "/api/v1/approval-policies", Some(&technician), Some(&ask(1))).await.status, 403);
}

fn low() -> Value {
    json!({ "action": "set_power_mode", "params": { "mode": "low" } })
}

fn locate() -> Value {
    json!({ "action": "locate", "params": { "on": true } })
}

fn codes(warnings: &Value) -> Vec<(&str, usize)> {
    let all = warnings.as_array().unwrap().iter();
    all.map(|w| (w["code"].as_str().unwrap(), w["devices"].as_array().unwrap().len())).collect()
}

#[tokio::test]
async fn a_draft_is_submitted_whole_or_not_at_all() {
    let house = house().await;
    let who = house.sign_in(Role::OperationsManager).await;
    house.draft(&who, locate(), &["dev-1"]).await;
    let draft = house.draft(&who, json!({ "action": "reboot", "params": {} }), &["dev-2"]).await.body;
    let other = house.sign_in(Role::SiteManager).await;
    let busy = json!({ "action": { "action": "restart_mining", "params": {} }, "targets": ["dev-2"] });
    let refused = house.ask("POST", "/api/v1/requests", Some(&other), Some(&busy.to_string())).await;
    assert_eq!(refused.body["code"], "unsupported", "{}", refused.body);
    let busy = json!({ "action": { "action": "reboot", "params": {} }, "targets": ["dev-2"] });
    let running = house.ask("POST", "/api/v1/requests", Some(&other), Some(&busy.to_string())).await;
    assert_eq!(running.status, 201, "{}", running.body);

    let now = house.ask("GET", "/api/v1/draft?site=site-1", Some(&who), None).await.body;
    assert_eq!(codes(&now["changes"][1]["warnings"]), [("busy", 1)], "{now}");
    assert_eq!(now["changes"][1]["warnings"][0]["number"], running.body["number"]);
    let submit = json!({ "version": draft["draft"]["version"] }).to_string();
    let answer = house.ask("POST", "/api/v1/draft/submit?site=site-1", Some(&who), Some(&submit)).await;
    assert_eq!((answer.status.as_u16(), &answer.body["code"]), (409, &json!("device_busy")), "{}", answer.body);
    assert_eq!(answer.body["errors"][0]["pointer"], "/changes/2", "{}", answer.body);
    let left = house.ask("GET", "/api/v1/draft?site=site-1", Some(&who), None).await.body;
    assert_eq!((&left["version"], left["changes"].as_array().unwrap().len()), (&draft["draft"]["version"], 2));
}

#[tokio::test]
async fn of_two_tabs_that_submit_at_once_exactly_one_wins_and_a_repeat_gets_the_same() {
    let house = house().await;
    let who = house.sign_in(Role::OperationsManager).await;
    let draft = house.draft(&who, low(), &["dev-1", "dev-2"]).await.body;
    assert_eq!(codes(&draft["draft"]["changes"][0]["warnings"]), [("no_op", 1)], "{draft}");
    let body = json!({ "version": draft["draft"]["version"], "reason": "tariff" }).to_string();
    let submit = |key: &'static str| house.keyed("/api/v1/draft/submit?site=site-1", &who, key, &body);
    let (left, right) = tokio::join!(submit("left"), submit("right"));
    let (won, lost, key) = if left.status == 200 { (left, right, "left") } else { (right, left, "right") };
    assert_eq!((won.status.as_u16(), &lost.body["code"]), (200, &json!("draft_changed")), "{}", won.body);
    assert_eq!(won.body["requests"].as_array().unwrap().len(), 1);
    let again = submit(key).await;
    assert_eq!(again.body["requests"][0]["id"], won.body["requests"][0]["id"], "{}", again.body);
    let all = house.ask("GET", "/api/v1/requests?box=mine", Some(&who), None).await.body;
    assert_eq!(all["total"], 1);
}

#[tokio::test]
async fn a_preview_tells_the_rule_that_applies_and_what_to_know_first() {
    let house = house().await;
    let (owner, who) = (house.sign_in(Role::Owner).await, house.sign_in(Role::OperationsManager).await);
    let preview = |who: &(String, String), body: Value| {
        let (who, body) = (who.clone(), body.to_string());
        let house = &house;
        async move { house.ask("POST", "/api/v1/requests/preview", Some(&who), Some(&body)).await.body }
    };
    let all = json!({ "action": low(), "targets": ["dev-1", "dev-2", "dev-3"] });
    let answer = preview(&who, all.clone()).await;
    assert_eq!(codes(&answer["warnings"]), [("no_op", 1), ("unsupported", 1)], "{answer}");
    assert_eq!(answer["effect"]["devices"], 2);
    // What is in that mode draws what it draws.
    assert_eq!(answer["effect"]["delta_w"], 2_000 + 2_010 - 3_410 - 2_010);
    assert_eq!((&answer["rule"]["runs_at_once"], &answer["rule"]["sentence"]), (&json!(true), &json!("Runs at once")));

    let raise = json!({ "changes": [{ "scenario": "fleet.mode", "required": 2, "required_other": 0 }] }).to_string();
    assert_eq!(house.ask("PUT", "/api/v1/approval-policies", Some(&owner), Some(&raise)).await.status, 200);
    let rule = &preview(&who, all.clone()).await["rule"];
    assert_eq!(
        rule["sentence"],
        "2 approvals by holders of device.power_mode or holders of device.preset, yours counts as one",
        "{rule}"
    );
    let lower = json!({ "changes": [{ "scenario": "fleet.mode", "required": 1, "required_other": 0 }] });
    let lower = json!({ "action": { "action": "set_policies", "params": lower } });
    let rule = &preview(&owner, lower).await["rule"];
    assert_eq!((&rule["required"], &rule["runs_at_once"]), (&json!(2), &json!(false)), "the ratchet: {rule}");

    let waiting = house.ask("POST", "/api/v1/requests", Some(&who), Some(&all.to_string())).await;
    assert_eq!(waiting.status, 202, "{}", waiting.body);
    let manager = house.sign_in(Role::SiteManager).await;
    let warnings = &preview(&manager, json!({ "action": low(), "targets": ["dev-1"] })).await["warnings"];
    assert_eq!(
        (codes(warnings), &warnings[0]["number"]),
        (vec![("overrides", 1)], &waiting.body["number"]),
        "{warnings}"
    );
}

/// A pool at which the miners work, for `user`.
fn pools(user: &str) -> Value {
    json!([{ "url": "stratum+tcp://pool.example:3333", "user": user }])
}

#[tokio::test]
async fn whoever_asks_for_another_account_at_the_same_pool_is_seen_through_everywhere() {
    let house = house().await;
    let (owner, who) = (house.sign_in(Role::Owner).await, house.sign_in(Role::Technician).await);
    let with_pools = |number| {
        let pools = serde_json::from_value(pools("farm.rig")).unwrap();
        Reading { pools: Some(pools), ..reading(number, PowerMode::Normal) }
    };
    house.live.hear(&[with_pools(1).into(), with_pools(2).into()], house.engine.now());
    let rule = json!({ "changes": [{ "scenario": "fleet.pool_change", "required": 1, "required_other": 1 }] });
    house.ask("PUT", "/api/v1/approval-policies", Some(&owner), Some(&rule.to_string())).await;
    let ask = |user: &str| {
        let action = json!({ "action": "set_pools", "params": { "pools": pools(user) } });
        json!({ "action": action, "targets": ["dev-1", "dev-2"] }).to_string()
    };
    let first = "Pool 1 account: 2 devices mine for another account: farm.rig \u{2192} thief.rig";
    let preview = house.ask("POST", "/api/v1/requests/preview", Some(&who), Some(&ask("thief.rig"))).await.body;
    assert_eq!(
        (&preview["changes"][0]["text"], &preview["changes"][0]["caution"]),
        (&json!(first), &json!("another_account"))
    );
    assert!(preview["warnings"].as_array().unwrap().iter().all(|warning| warning["code"] != "no_op"), "{preview}");
    let same = house.ask("POST", "/api/v1/requests/preview", Some(&who), Some(&ask("farm.rig"))).await.body;
    let no_op = same["warnings"].as_array().unwrap().iter().find(|warning| warning["code"] == "no_op").unwrap();
    assert!(no_op["detail"].as_str().unwrap().contains("only the pool password"), "{no_op}");

    let made = house.ask("POST", "/api/v1/requests", Some(&who), Some(&ask("thief.rig"))).await;
    assert_eq!((made.status.as_u16(), &made.body["state"]), (202, &json!("pending")), "{}", made.body);
    assert_eq!(made.body["changes"][0]["text"], first);
    assert!(!made.body.to_string().contains("nothing changes"));
    let listed = house.ask("GET", "/api/v1/requests?box=needs_me", Some(&owner), None).await.body;
    assert!(listed["items"][0]["changes_line"].as_str().unwrap().starts_with(first), "{listed}");
    let log = house.ask("GET", "/api/v1/audit?type=request_submitted", Some(&owner), None).await.body;
    assert!(log["items"][0]["changes"].as_str().unwrap().starts_with(&format!("! {first}\n")), "{log}");
}

/// From which mode, and how many devices, of the first row about modes.
fn mode_row(request: &Value) -> (&Value, &Value) {
    let mut rows = request["changes"].as_array().unwrap().iter();
    let row = rows.find(|row| row["field"] == "power_mode").unwrap();
    (&row["old"], &row["devices"])
}

#[tokio::test]
async fn a_request_tells_from_what_to_what_and_its_steps_by_the_log() {
    let house = house().await;
    let (owner, who) = (house.sign_in(Role::Owner).await, house.sign_in(Role::OperationsManager).await);
    let raise = json!({ "changes": [{ "scenario": "fleet.mode", "required": 2, "required_other": 0 }] }).to_string();
    let raised = house.ask("PUT", "/api/v1/approval-policies", Some(&owner), Some(&raise)).await.body;
    let told = &raised["changes"][0]["text"];
    assert_eq!(told, "Approvals needed of fleet.mode: 1 \u{2192} 2", "{raised}");

    let ask = json!({ "action": low(), "targets": ["dev-1", "dev-2"] }).to_string();
    let first = house.ask("POST", "/api/v1/requests", Some(&who), Some(&ask)).await.body;
    let rows: Vec<_> = first["changes"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["field"] == "power_mode")
        .map(|row| (&row["old"], &row["new"], &row["devices"]))
        .collect();
    assert_eq!(
        rows,
        [(&json!("normal"), &json!("low"), &json!(1)), (&json!("low"), &json!("low"), &json!(1))],
        "{first}"
    );
    let ask = json!({ "action": low(), "targets": ["dev-1", "dev-2"], "reason": "tariff" }).to_string();
    let path = format!("/api/v1/requests/{}", first["id"].as_str().unwrap());
    let amended = house.ask("POST", &format!("{path}/amend"), Some(&who), Some(&ask)).await;
    assert_eq!((amended.status.as_u16(), &amended.body["revision"]), (202, &json!(2)), "{}", amended.body);
    let vote = json!({ "decision": "approve", "content_hash": first["content_hash"] }).to_string();
    let stale = house.ask("POST", &format!("{path}/votes"), Some(&owner), Some(&vote)).await;
    assert_eq!(stale.body["code"], "content_changed");
    let first = amended.body;

    house.live.hear(&[reading(1, PowerMode::Low).into()], house.engine.now());
    let path = format!("/api/v1/requests/{}", first["id"].as_str().unwrap());
    let now = house.ask("GET", &path, Some(&who), None).await.body;
    assert_eq!(mode_row(&now), (&json!("low"), &json!(2)), "as it is by now: {now}");

    let sleep =
        json!({ "action": { "action": "set_power_mode", "params": { "mode": "normal" } }, "targets": ["dev-2"] });
    let second = house.ask("POST", "/api/v1/requests", Some(&owner), Some(&sleep.to_string())).await.body;
    assert_eq!(second["took"][0]["from_number"], first["number"], "{second}");
    let now = house.ask("GET", &path, Some(&who), None).await.body;
    assert_eq!(now["dropped"][0]["by_number"], second["number"], "{now}");
    let vote = json!({ "decision": "approve", "content_hash": first["content_hash"] }).to_string();
    let now = house.ask("POST", &format!("{path}/votes"), Some(&owner), Some(&vote)).await.body;
    let steps: Vec<_> = now["timeline"].as_array().unwrap().iter().map(|step| step["what"].as_str().unwrap()).collect();
    let taken = format!("1 device taken by R-{}", second["number"]);
    assert_eq!(steps, ["Submitted", taken.as_str(), "Approved", "Enough approvals", "Began"], "{now}");
    let seqs: Vec<_> = now["timeline"].as_array().unwrap().iter().map(|step| step["seq"].as_u64().unwrap()).collect();
    assert!(seqs.is_sorted() && *seqs.last().unwrap() <= house.engine.state().seq(), "{seqs:?}");
    assert_eq!(mode_row(&now).0, "normal", "from what it was when it was asked for: {now}");
}

#[tokio::test]
async fn roles_of_the_account_are_made_and_given_by_requests() {
    let house = house().await;
    let (owner, admin) = (house.sign_in(Role::Owner).await, house.sign_in(Role::Administrator).await);
    let make = json!({ "name": "Night watch", "permissions": ["device.list", "device.locate"] });
    let make = json!({ "action": { "action": "create_role", "params": make } }).to_string();
    let refused = house.ask("POST", "/api/v1/requests", Some(&admin), Some(&make)).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.body["code"]),
        (403, &json!("permission_denied")),
        "{}",
        refused.body
    );
    let made = house.ask("POST", "/api/v1/requests", Some(&owner), Some(&make)).await;
    assert_eq!((made.status.as_u16(), &made.body["state"]), (201, &json!("executed")), "{}", made.body);
    assert_eq!(made.body["changes"][1]["new"], "device.list, device.locate");
    let roles = house.ask("GET", "/api/v1/roles", Some(&owner), None).await.body;
    let last = roles["roles"].as_array().unwrap().last().unwrap();
    assert_eq!((&last["name"], &last["permissions"][1]), (&json!("Night watch"), &json!("device.locate")));

    let state = house.engine.state();
    let user = state
        .people_of(AccountId(1))
        .find(|user| state.roles_of(AccountId(1), *user, house.engine.now())[0] == Role::Viewer);
    let scope = json!({ "nodes": [{ "node": "site", "id": "site-1" }] });
    let give = |role: &str, scope: &Value| {
        let params = json!({ "user": user, "role": role, "scope": scope, "remark": "winter" });
        json!({ "action": { "action": "add_grant", "params": params } }).to_string()
    };
    let nowhere = json!({ "nodes": [{ "node": "site", "id": "site-9" }] });
    for (role, scope, status) in [("role-1", &nowhere, 404), ("role-9", &scope, 404), ("king", &scope, 422)] {
        let answer = house.ask("POST", "/api/v1/requests", Some(&owner), Some(&give(role, scope))).await;
        assert_eq!(answer.status.as_u16(), status, "{role} {}", answer.body);
    }
    let given = house.ask("POST", "/api/v1/requests", Some(&owner), Some(&give("role-1", &scope))).await;
    assert_eq!((given.status.as_u16(), &given.body["state"]), (201, &json!("executed")), "{}", given.body);
    let given: Vec<_> =
        given.body["changes"].as_array().unwrap().iter().map(|row| row["text"].as_str().unwrap()).collect();
    assert_eq!(given[1..3], ["Role: Night watch (role-1)", "Reach: Norte (site-1)"]);
}

#[tokio::test]
async fn a_list_of_requests_goes_on_where_it_was_while_new_ones_come() {
    let house = house().await;
    let who = house.sign_in(Role::OperationsManager).await;
    let ask = async |action: Value, device: &str| {
        let body = json!({ "action": action, "targets": [device] }).to_string();
        assert_eq!(house.ask("POST", "/api/v1/requests", Some(&who), Some(&body)).await.status, 201);
    };
    let list = async |query: &str| {
        let path = format!("/api/v1/requests?box=mine&{query}");
        let page = house.ask("GET", &path, Some(&who), None).await.body;
        let items = page["items"].as_array().unwrap().iter();
        (items.map(|item| item["number"].as_u64().unwrap()).collect::<Vec<_>>(), page)
    };
    for device in ["dev-1", "dev-2", "dev-3"] {
        ask(locate(), device).await;
    }
    let (mut shown, first) = list("limit=2").await;
    ask(json!({ "action": "reboot", "params": {} }), "dev-1").await;
    let (rest, second) = list(&format!("limit=2&cursor={}", first["next_cursor"].as_str().unwrap())).await;
    shown.extend(rest);
    assert_eq!(shown, [shown[0], shown[0] - 1, shown[0] - 2], "newest first, none twice, none left out");
    assert_eq!((&second["next_cursor"], &second["total"]), (&Value::Null, &json!(4)));
    assert!(list("cursor=0").await.0.is_empty() && list("state=failed").await.0.is_empty());
    let refused = house.ask("GET", "/api/v1/requests?box=theirs", Some(&who), None).await;
    assert_eq!((refused.status.as_u16(), &refused.body["code"]), (422, &json!("invalid_parameter")));
}

#[tokio::test]
async fn what_waits_is_listed_first_by_its_expiry_and_page_by_page() {
    let house = house().await;
    let (owner, who) = (house.sign_in(Role::Owner).await, house.sign_in(Role::OperationsManager).await);
    let change = |scenario: &str, wait: u32| json!({ "scenario": scenario, "required": 2, "required_other": 0, "approve_ttl_s": wait });
    let changes = [change("fleet.led", 3_600), change("fleet.mode", 1_800)];
    let stricter = json!({ "action": { "action": "set_policies", "params": { "changes": changes } } }).to_string();
    let stricter = house.ask("POST", "/api/v1/requests", Some(&owner), Some(&stricter)).await;
    assert_eq!(stricter.status, 201, "{}", stricter.body);
    let ask = async |action: Value, device: &str, status: u16| {
        let body = json!({ "action": action, "targets": [device] }).to_string();
        let made = house.ask("POST", "/api/v1/requests", Some(&who), Some(&body)).await;
        assert_eq!(made.status.as_u16(), status, "{}", made.body);
        made.body["id"].as_str().unwrap().to_owned()
    };
    let led = ask(locate(), "dev-1", 202).await;
    let ran = ask(json!({ "action": "reboot", "params": {} }), "dev-2", 201).await;
    let mode = ask(low(), "dev-1", 202).await;
    for (who, query) in [(&who, "box=mine"), (&owner, "box=needs_me"), (&owner, "state=pending,executing")] {
        let (mut shown, mut cursor) = (Vec::new(), String::new());
        loop {
            let path = format!("/api/v1/requests?{query}&limit=1{cursor}");
            let page = house.ask("GET", &path, Some(who), None).await.body;
            shown.extend(page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap().to_owned()));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        let wanted = if query == "box=needs_me" { vec![&mode, &led] } else { vec![&mode, &led, &ran] };
        assert_eq!(shown.iter().collect::<Vec<_>>(), wanted, "{query}");
    }
    for (query, wanted) in [("scenario=fleet.led", vec![&led]), ("scenario=fleet.led&state=executed", vec![])] {
        let page = house.ask("GET", &format!("/api/v1/requests?{query}"), Some(&who), None).await.body;
        let shown = page["items"].as_array().unwrap().iter().map(|item| item["id"].as_str().unwrap());
        assert_eq!(shown.collect::<Vec<_>>(), wanted, "{query}");
    }
    let freeze = json!({ "action": { "action": "freeze_account", "params": {} } }).to_string();
    let freeze = house.ask("POST", "/api/v1/requests", Some(&owner), Some(&freeze)).await;
    let led = house.ask("GET", &format!("/api/v1/requests/{led}"), Some(&who), None).await;
    let waits_while = [led, freeze].map(|answer| answer.body["waits_while"].clone());
    assert_eq!(waits_while, [json!(["frozen", "deletion"]), json!([])]);
    for query in ["cursor=x1", "state=pending,lost", "scenario=fleet.lights"] {
        let refused = house.ask("GET", &format!("/api/v1/requests?{query}"), Some(&who), None).await;
        assert_eq!((refused.status.as_u16(), &refused.body["code"]), (422, &json!("invalid_parameter")), "{query}");
    }
}

#[tokio::test]
async fn a_request_tells_which_devices_were_left_out_and_why() {
    let house = house().await;
    let who = house.sign_in(Role::OperationsManager).await;
    let reboot = async |devices: &[&str]| {
        let body = json!({ "action": { "action": "reboot", "params": {} }, "targets": devices }).to_string();
        house.ask("POST", "/api/v1/requests", Some(&who), Some(&body)).await.body
    };
    let (first, second) = (reboot(&["dev-1"]).await, reboot(&["dev-1", "dev-2"]).await);
    assert_eq!(first["refused"], json!([]));
    let left_out = json!([{
        "code": "busy", "devices": ["dev-1"], "detail": "another request was being carried out on it",
        "request": first["id"], "number": first["number"],
    }]);
    assert_eq!((&second["refused"], &second["targets"]), (&left_out, &json!(1)), "{second}");
    assert_eq!(second["my"]["why_not"], "It is no longer waiting for approvals");
}
