//! Idempotency keys: whatever makes something makes it once under one key.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_server::api::Options;
use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::{
    ACCOUNT,
    house::{Answer, House, Signed},
    schema::Document,
};
use tower::ServiceExt;

/// Operations that make nothing that could be there twice: they look, decide on what is there, take the place of what was there, or
/// go by a proof that is good for one use.
const MAKE_NOTHING: [&str; 33] = [
    "/api/v1/approval-policies/simulate",
    "/api/v1/devices/pools",
    "/api/v1/email-verifications",
    "/api/v1/inbox/marks",
    "/api/v1/invitations/accept",
    "/api/v1/invitations/check",
    "/api/v1/me/email-verification",
    "/api/v1/me/identities/{id}",
    "/api/v1/me/leave",
    "/api/v1/me/passkeys",
    "/api/v1/me/passkeys/begin",
    "/api/v1/me/recovery-codes",
    "/api/v1/me/totp",
    "/api/v1/me/totp/confirm",
    "/api/v1/observe",
    "/api/v1/password-resets",
    "/api/v1/password-resets/use",
    "/api/v1/requests/preview",
    "/api/v1/requests/{id}/answer",
    "/api/v1/requests/{id}/cancel",
    "/api/v1/requests/{id}/review",
    "/api/v1/requests/{id}/votes",
    "/api/v1/requests/{id}/votes/passkey",
    "/api/v1/scan-tasks/check",
    "/api/v1/session",
    "/api/v1/session/account",
    "/api/v1/session/passkey",
    "/api/v1/session/passkey/begin",
    "/api/v1/session/second-factor",
    "/api/v1/session/step-up",
    "/api/v1/session/step-up/passkey",
    "/api/v1/setup",
    "/api/v1/setup/check",
];

fn call(who: &Signed, path: &str, key: Option<&str>, body: &Value) -> Request<Body> {
    let request = Request::post(format!("/api/v1{path}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::COOKIE, &who.cookie)
        .header("x-adit-csrf", &who.csrf);
    let request = key.into_iter().fold(request, |request, key| request.header("idempotency-key", key));
    request.body(Body::from(body.to_string())).unwrap()
}

async fn post(house: &House, who: &Signed, path: &str, key: &str, body: &Value) -> Answer {
    house.send(call(who, path, Some(key), body)).await
}

/// What a call is about, to be asked for twice, and something else.
struct Case {
    /// As the document has it.
    operation: &'static str,
    path: String,
    body: Value,
    other: Value,
}

fn case(operation: &'static str, path: impl Into<String>, body: Value, other: Value) -> Case {
    Case { operation, path: path.into(), body, other }
}

fn named(operation: &'static str, name: &str, other: &str) -> Case {
    case(operation, operation, json!({ "name": name }), json!({ "name": other }))
}

/// Whom the Accountant's grant makes: somebody with keys of their own.
async fn with_api_access(house: &House, owner: &Signed) -> Value {
    let state = house.engine.state();
    let grant = state.grants_of(ACCOUNT).find(|grant| grant.user == house.users["accountant"]).unwrap().id;
    let params = json!({ "grant": grant, "role": "accountant", "scope": "all", "api_access": "read_write" });
    let body = json!({ "action": { "action": "change_grant", "params": params } });
    assert_eq!(post(house, owner, "/requests", "grant", &body).await.status, 201);
    json!(grant)
}

/// In an order in which each finds what it needs.
fn cases(grant: &Value, pending: &str) -> Vec<Case> {
    let locate =
        |device: &str| json!({ "action": { "action": "locate", "params": { "on": true } }, "targets": [device] });
    let restart = |reason: &str| json!({ "action": { "action": "restart_workers", "params": { "site": "site-1" } }, "reason": reason });
    let key = |name: &str| json!({ "grant": grant, "name": name, "access": "read_only" });
    let link = |label: &str| json!({ "sub_accounts": ["sub-1"], "sections": { "workers": true, "earnings": false }, "label": label });
    let task = |name: &str| json!({ "agent": "agt-1", "name": name, "ranges": ["10.9.0.0/24"], "interval_s": 60 });
    let person = |role: &str| json!({ "email": "north_viewer@adit.test", "role": role, "scope": "all" });
    let invite = |email: &str| json!({ "email": email, "role": "viewer", "scope": "all" });
    let hook = |name: &str| json!({ "name": name, "url": "https://hooks.example.com/adit" });
    let amend = format!("/requests/{pending}/amend");
    vec![
        named("/sites", "Este", "Oeste"),
        case("/sites/{id}/containers", "/sites/site-1/containers", json!({ "name": "Box" }), json!({ "name": "Bin" })),
        named("/sub-accounts", "hosting", "second"),
        case(
            "/agents",
            "/agents",
            json!({ "site": "site-1", "name": "second" }),
            json!({ "site": "site-1", "name": "third" }),
        ),
        case("/agents/{id}/token", "/agents/agt-3/token", json!({ "reason": "lost" }), json!({ "reason": "again" })),
        case("/scan-tasks", "/scan-tasks", task("more"), task("others")),
        case(
            "/groups",
            "/groups",
            json!({ "name": "Row", "devices": ["dev-1"] }),
            json!({ "name": "Row", "devices": [] }),
        ),
        case("/people", "/people", person("accountant"), person("auditor")),
        case("/invitations", "/invitations", invite("new@adit.test"), invite("other@adit.test")),
        case("/keys", "/keys", key("One"), key("Two")),
        case("/observer-links", "/observer-links", link("One"), link("Two")),
        case("/webhooks", "/webhooks", hook("One"), hook("Two")),
        case("/webhooks/{id}/test", "/webhooks/hook-1/test", json!({}), json!({ "x": 1 })),
        case(
            "/webhooks/{id}/deliveries/{delivery}/again",
            "/webhooks/hook-1/deliveries/1/again",
            json!({}),
            json!({ "x": 1 }),
        ),
        case("/webhooks/{id}/secret", "/webhooks/hook-1/secret", json!({}), json!({ "x": 1 })),
        case("/requests", "/requests", locate("dev-3"), locate("dev-4")),
        case("/requests/{id}/amend", amend, restart("again"), restart("and again")),
        case(
            "/requests/{id}/comments",
            format!("/requests/{pending}/comments"),
            json!({ "words": "a" }),
            json!({ "words": "b" }),
        ),
        case("/draft/changes", "/draft/changes?site=site-1", locate("dev-1"), locate("dev-2")),
        case("/draft/submit", "/draft/submit?site=site-1", json!({}), json!({})),
        named("/account/deletion", "Mine", "Others"),
        named("/accounts", "Second", "Third"),
    ]
}

/// Of the caller's own keys, by whoever has some.
fn own_cases(grant: &Value) -> Vec<Case> {
    let key = |name: &str| json!({ "grant": grant, "name": name, "access": "read_only" });
    let hours = |hours: u32| json!({ "overlap_hours": hours });
    vec![
        case("/me/keys", "/me/keys", key("Books"), key("More")),
        case("/me/keys/{id}/rotation", "/me/keys/key-1/rotation", hours(1), hours(2)),
    ]
}

async fn twice(house: &House, who: &Signed, mut case: Case) {
    let key = format!("key of {}", case.operation);
    if case.operation == "/draft/submit" {
        let version = house.get("draft?site=site-1", who).await.body["version"].clone();
        case.body = json!({ "version": version });
        case.other = json!({ "version": version, "reason": "another" });
    }
    let first = post(house, who, &case.path, &key, &case.body).await;
    assert!(first.status.is_success(), "{}: {} {}", case.operation, first.status, first.text);
    let before = house.engine.state().seq();
    let second = post(house, who, &case.path, &key, &case.body).await;
    assert!(second.status.is_success(), "{}: {} {}", case.operation, second.status, second.text);
    assert_eq!(house.engine.state().seq(), before, "{}: made again", case.operation);
    if second.header("idempotency-replayed") == "true" {
        assert_eq!((first.status, &first.text), (second.status, &second.text), "{}", case.operation);
        assert_eq!(first.header("location"), second.header("location"), "{}", case.operation);
    } else {
        let ids = ["id", "request"].map(|field| (&first.body[field]["id"], &second.body[field]["id"]));
        assert_eq!(first.body["id"], second.body["id"], "{}", case.operation);
        assert!(ids.iter().all(|(first, second)| first == second), "{}", case.operation);
    }
    let other = post(house, who, &case.path, &key, &case.other).await;
    assert_eq!(
        (other.status.as_u16(), &other.body["code"]),
        (409, &json!("duplicate_request")),
        "{}: {}",
        case.operation,
        other.text
    );
    assert_eq!(house.engine.state().seq(), before, "{}", case.operation);
}

#[tokio::test]
async fn whatever_makes_something_makes_it_once_under_one_key() {
    let house = House::with(Options { loopback: true, anyone_may_found: true, ..Options::default() }).await;
    let owner = house.sign_in("owner").await;
    let grant = with_api_access(&house, &owner).await;
    let restart = json!({ "action": { "action": "restart_workers", "params": { "site": "site-1" } } });
    let pending = post(&house, &owner, "/requests", "pending", &restart).await;
    assert_eq!(pending.status, 202, "{}", pending.text);
    let accountant = house.sign_in("accountant").await;
    let (cases, own) = (cases(&grant, pending.body["id"].as_str().unwrap()), own_cases(&grant));

    let document = Document::read();
    let tried: BTreeSet<_> = cases.iter().chain(&own).map(|case| format!("/api/v1{}", case.operation)).collect();
    for (method, path, operation) in document.operations() {
        if method != "POST" {
            continue;
        }
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let takes_key = parameters.iter().any(|parameter| parameter["name"] == "idempotency-key");
        assert_eq!(
            takes_key,
            !MAKE_NOTHING.contains(&path.as_str()),
            "{path}: does it make something, and take a key?"
        );
        assert_eq!(takes_key, tried.contains(&path), "{path}: say here how it is tried");
    }
    for case in own {
        twice(&house, &accountant, case).await;
    }
    for case in cases {
        twice(&house, &owner, case).await;
    }
}

#[tokio::test]
async fn an_answer_is_given_again_to_nobody_else_and_not_to_who_may_not_do_it_any_more() {
    let house = House::new().await;
    let (owner, administrator) = (house.sign_in("owner").await, house.sign_in("administrator").await);
    let body = json!({ "site": "site-1", "name": "second" });
    let made = post(&house, &administrator, "/agents", "k", &body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let token = made.body["token"].as_str().unwrap();
    let by_owner = post(&house, &owner, "/agents", "k", &body).await;
    assert_eq!(by_owner.body["code"], "already_exists", "another's key is none: {}", by_owner.text);
    let user = house.users["administrator"];
    let suspend = json!({ "action": { "action": "suspend_user", "params": { "user": user } } });
    assert!(post(&house, &owner, "/requests", "s", &suspend).await.status.is_success());
    let again = post(&house, &administrator, "/agents", "k", &body).await;
    assert_eq!(again.status, 403, "{}", again.text);
    assert!(!again.text.contains(token));
    let forged = Signed { csrf: String::new(), ..owner.clone() };
    assert_eq!(post(&house, &forged, "/agents", "k", &body).await.body["code"], "csrf");
}

#[tokio::test]
async fn calls_at_the_same_time_make_one_and_one_that_nobody_waits_for_is_answered_later() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let body = json!({ "name": "hosting" });
    let (one, two) = tokio::join!(
        post(&house, &owner, "/sub-accounts", "k", &body),
        post(&house, &owner, "/sub-accounts", "k", &body)
    );
    assert_eq!((one.status.as_u16(), two.status.as_u16()), (201, 201), "{} {}", one.text, two.text);
    assert_eq!(one.text, two.text);

    // The caller goes away as soon as the work has begun.
    let gone = house.router.clone().oneshot(call(&owner, "/sub-accounts", Some("gone"), &json!({ "name": "second" })));
    let mut gone = Box::pin(gone);
    std::future::poll_fn(|context| {
        let _ = gone.as_mut().poll(context);
        std::task::Poll::Ready(())
    })
    .await;
    drop(gone);
    let answer = post(&house, &owner, "/sub-accounts", "gone", &json!({ "name": "second" })).await;
    assert_eq!(answer.status, 201, "{}", answer.text);
    assert_eq!(answer.header("idempotency-replayed"), "true");
    assert_eq!(house.engine.state().sub_accounts_of(ACCOUNT).count(), 2);
}

#[tokio::test]
async fn a_refusal_does_not_use_a_key_up_and_a_key_is_free_again_a_day_later() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let refused = post(&house, &owner, "/sub-accounts", "k", &json!({ "name": "NO" })).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    for bad in ["", "x".repeat(129).as_str()] {
        assert_eq!(
            post(&house, &owner, "/sub-accounts", bad, &json!({ "name": "hosting" })).await.status,
            422,
            "{bad}"
        );
    }
    assert_eq!(post(&house, &owner, "/sub-accounts", "k", &json!({ "name": "hosting" })).await.status, 201);
    house.later(adit_core::time::Millis::hours(23)).await;
    let owner = house.sign_in("owner").await;
    assert_eq!(post(&house, &owner, "/sub-accounts", "k", &json!({ "name": "second" })).await.status, 409);
    house.later(adit_core::time::Millis::hours(1)).await;
    assert_eq!(post(&house, &owner, "/sub-accounts", "k", &json!({ "name": "second" })).await.status, 201);
}
