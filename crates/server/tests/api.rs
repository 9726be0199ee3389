//! The HTTP interface, asked as a browser asks it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use adit_core::{
    authz::{Actor, Principal, Role, Scope},
    command::{Command, Reply},
    ids::AccountId,
    time::Timestamp,
};
use adit_server::{
    Agents, Engine, Live, SystemClock,
    api::{self, Api, Options, session},
};
use adit_store::{Key, People, Person, Secrets, SqliteLog, SqliteReader};
use axum::{
    Router,
    body::Body,
    http::{Request, StatusCode, header},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use tower::ServiceExt;

const PASSWORD: &str = "a long enough password";

struct House {
    router: Router,
    _folder: tempfile::TempDir,
}

/// One account with a person in every role; their e-mails are `<role>@adit.test`.
async fn house() -> House {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let engine = Engine::start(Box::new(SqliteLog::open(path("log")).unwrap()), Arc::new(SystemClock)).unwrap();
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
    let live = Live::of(&engine);
    let secrets = Arc::new(Mutex::new(Secrets::open(path("secrets"), Key::load(&path("key"), true).unwrap()).unwrap()));
    let agents = Agents::new(engine.clone(), live.clone(), secrets, 10).unwrap();
    let log = Box::new(SqliteReader::open(path("log")).unwrap());
    let options = Options { loopback: true, ..Options::default() };
    let api = Api::new(engine, live, Arc::new(Mutex::new(people)), agents, log, options).unwrap();
    House { router: api::router(Arc::new(api)), _folder: folder }
}

struct Answer {
    status: StatusCode,
    cookie: Option<String>,
    kind: String,
    body: Value,
}

impl House {
    async fn ask(&self, method: &str, path: &str, who: Option<&(String, String)>, body: Option<&str>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
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
        ("GET", "devices/dev-1", None, 404),
        ("GET", "requests/1", None, 404),
        ("GET", "devices?limit=9999", None, 422),
        ("GET", "draft", None, 400),
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
    assert_eq!(house.ask("POST", &votes, Some(&admin), Some(&mute)).await.body["code"], "reason_required");
    let vote = json!({ "decision": "approve", "content_hash": answer.body["content_hash"] }).to_string();
    assert_eq!(house.ask("POST", &votes, Some(&owner), Some(&stale)).await.status, 409);
    let approved = house.ask("POST", &votes, Some(&admin), Some(&vote)).await;
    assert_eq!(approved.body["state"], "executed", "{}", approved.body);
    assert_eq!(house.ask("POST", &votes, Some(&admin), Some(&vote)).await.body["code"], "invalid_state");
    let technician = house.sign_in(Role::Technician).await;
    assert_eq!(house.ask("PUT", "/api/v1/approval-policies", Some(&technician), Some(&ask(1))).await.status, 403);
}
