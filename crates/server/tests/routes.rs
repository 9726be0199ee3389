//! A walk over every operation of the document: who is let in, and that nothing lies outside anybody's reach.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Permission, Role},
    fleet::Operation,
    ids::DeviceId,
    requests::{Action, Control},
};
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::{
    house::{House, Signed},
    schema::Document,
};
use tower::ServiceExt;

const NO_REQUEST: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// The address with ids of things that are not there, and what has to be in its query.
fn address(method: &str, path: &str, me: &str) -> String {
    let id = if path.contains("/requests/") { NO_REQUEST } else { "dev-99" };
    let filled =
        path.replace("{id}", id).replace("{change}", "1").replace("{device}", "dev-99").replace("{delivery}", "1");
    let query = match path.rsplit('/').next() {
        Some("simulate") if method == "GET" => "?remove=usr-99".to_owned(),
        Some("as-of") => "?seq=1".to_owned(),
        Some("explain") => format!("?subject={me}&action=device.reboot"),
        _ if path.contains("/draft") => "?site=site-1".to_owned(),
        _ => String::new(),
    };
    filled + &query
}

/// Status and, where it is a problem, its code. The rest is not read: a live stream never ends.
async fn asked(
    house: &House,
    method: &str,
    path: &str,
    cookie: Option<&str>,
    csrf: Option<&str>,
) -> (StatusCode, String) {
    let mut request = Request::builder().method(method).uri(path).header(header::CONTENT_TYPE, "application/json");
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    if let Some(csrf) = csrf {
        request = request.header("x-adit-csrf", csrf);
    }
    let response = house.router.clone().oneshot(request.body(Body::from("{}")).unwrap()).await.unwrap();
    let status = response.status();
    support::documented::check(method, path, status.as_u16());
    if response.headers().get(header::CONTENT_TYPE).is_none_or(|kind| kind != "application/problem+json") {
        assert!(status.is_success(), "{method} {path}: {status} is no problem");
        return (status, String::new());
    }
    let body: Value = serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap();
    (status, body["code"].as_str().unwrap().to_owned())
}

fn sign_out_last(document: &Document) -> Vec<(String, String, &Value)> {
    let mut operations = document.operations();
    operations.sort_by_key(|(method, path, _)| method == "DELETE" && path.ends_with("/session"));
    operations
}

#[tokio::test]
async fn every_operation_lets_in_who_holds_what_it_needs_and_nobody_else() {
    let house = House::new().await;
    let document = Document::read();
    let ended = house.sign_in("owner").await;
    assert_eq!(house.ask("DELETE", "/api/v1/session", Some(&ended), None).await.status, 204);
    for role in Role::ALL {
        let who = house.sign_in(role.name()).await;
        let me = house.users[role.name()].to_string();
        for (method, path, operation) in sign_out_last(&document) {
            let name = format!("{method} {path} as {}", role.name());
            let path = address(&method, &path, &me);
            let needs = operation["x-permission"].as_str().unwrap();
            let (status, code) = asked(&house, &method, &path, Some(&who.cookie), Some(&who.csrf)).await;
            let holds = Permission::named(needs).is_none_or(|permission| permission.info().held_by(role));
            if holds {
                assert!(status != 401 && status != 403, "{name}: {status} {code}");
                assert!(!status.is_server_error() && status != 405, "{name}: {status} {code}");
            } else {
                assert_eq!((status.as_u16(), code.as_str()), (403, "permission_denied"), "{name}");
            }
        }
    }
    let who = house.sign_in("owner").await;
    for (method, path, operation) in sign_out_last(&document) {
        let address = address(&method, &path, "usr-1");
        let nobody = asked(&house, &method, &address, None, None).await;
        if operation["x-permission"] == "public" {
            assert!(nobody.0 != 401 && nobody.0 != 403, "{method} {path}: {}", nobody.0);
            continue;
        }
        assert_eq!(nobody, (StatusCode::UNAUTHORIZED, "not_signed_in".into()), "{method} {path} as nobody");
        let gone = asked(&house, &method, &address, Some(&ended.cookie), Some(&ended.csrf)).await;
        assert_eq!(gone, (StatusCode::UNAUTHORIZED, "not_signed_in".into()), "{method} {path} after the end");
        if method != "GET" {
            for csrf in [None, Some(ended.csrf.as_str())] {
                let forged = asked(&house, &method, &address, Some(&who.cookie), csrf).await;
                assert_eq!(forged, (StatusCode::FORBIDDEN, "csrf".into()), "{method} {path} with {csrf:?}");
            }
        }
    }
}

/// Where core says which permission each action takes, as its text: every action there is has to be there.
const ACTIONS: &str = include_str!("../../core/src/requests/action.rs");

#[test]
fn exactly_the_permissions_that_guard_nothing_are_said_to_be_reserved() {
    let document = Document::read();
    let routes =
        document.operations().into_iter().filter_map(|(_, _, of)| Permission::named(of["x-permission"].as_str()?));
    let of_routes: BTreeSet<_> = routes.collect();
    let start = ACTIONS.find("pub const fn permission(").unwrap();
    let end = start + ACTIONS[start..].find("\n    }\n").unwrap();
    let in_actions = |permission: Permission| {
        let variant = format!("Permission::{permission:?}");
        let mut rest = ACTIONS[start..end].match_indices(&variant).map(|(at, _)| start + at + variant.len());
        rest.any(|after| !ACTIONS[after..].starts_with(char::is_alphanumeric))
    };
    assert!(in_actions(Permission::DeviceReboot) && of_routes.contains(&Permission::DeviceList), "both are read");
    for permission in Permission::all() {
        let guards = of_routes.contains(&permission) || in_actions(permission);
        assert_eq!(!guards, permission.is_reserved(), "{}: see RESERVED in the catalogue", permission.name());
    }
}

/// What somebody limited to Norte may never read.
const FOREIGN: [&str; 6] = ["dev-3", "dev-4", "site-2", "agt-2", "scan-2", "Sur"];

fn nothing_foreign(what: &str, text: &str, more: &[&str]) {
    for word in FOREIGN.iter().chain(more) {
        assert!(!text.contains(word), "{word} in {what}: {text}");
    }
}

#[tokio::test]
async fn what_lies_outside_the_reach_does_not_exist() {
    let house = House::new().await;
    let document = Document::read();
    let reboot = || Action::Device(Operation::Reboot {});
    let group = Control::CreateGroup { name: "Row".into(), devices: vec![DeviceId(1)] };
    house.request("owner", Action::Control(group), &[]).await;
    house.request("owner", reboot(), &[DeviceId(1)]).await;
    let south = house.request("owner", reboot(), &[DeviceId(3)]).await.to_string();
    let both =
        house.request("owner", Action::Device(Operation::Locate { on: true }), &[DeviceId(2), DeviceId(4)]).await;
    let both = both.to_string();

    for name in ["north_viewer", "north_technician", "north_auditor"] {
        let who = house.sign_in(name).await;
        let me = house.users[name].to_string();
        for (method, path, operation) in document.operations() {
            let streams = operation["responses"]["200"]["content"].get("text/event-stream").is_some();
            if method != "GET" || path.contains('{') || streams || operation["x-permission"] == "public" {
                continue;
            }
            let answer = house.ask("GET", &address(&method, &path, &me), Some(&who), None).await;
            nothing_foreign(&format!("{path} as {name}"), &answer.text, &[&south]);
        }
        let at = |path: &str| format!("/api/v1/{path}");
        assert_eq!(house.get("devices", &who).await.body["total"], 2);
        assert_eq!(house.get("requests", &who).await.body["total"], 2 + scan_and_agent_requests());
        only_the_own_part(&house, &who, &both).await;
        assert_eq!(house.get("overview?site=site-2", &who).await.body["devices"]["total"], 0);
        assert_eq!(house.get("overview?site=site-2", &who).await.body["capacity_w"], Value::Null);
        assert_eq!(house.get("devices?site=site-2", &who).await.body["total"], 0);

        let put =
            |device: &str| json!({ "action": { "action": "locate", "params": { "on": true } }, "targets": [device] });
        let vote = json!({ "decision": "approve", "content_hash": "0".repeat(64) });
        for (method, path, absent, body) in [
            ("GET", "devices/dev-3".to_owned(), "devices/dev-99".to_owned(), None),
            ("GET", "me/permissions?resource=dev-3".into(), "me/permissions?resource=dev-99".into(), None),
            ("GET", "me/permissions?resource=site-2".into(), "me/permissions?resource=site-99".into(), None),
            ("GET", explain(&me, "dev-3"), explain(&me, "dev-99"), None),
            ("GET", explain(&me, "site-2"), explain(&me, "site-99"), None),
            ("GET", format!("requests/{south}"), format!("requests/{NO_REQUEST}"), None),
            ("GET", format!("requests/{south}/items"), format!("requests/{NO_REQUEST}/items"), None),
            ("POST", format!("requests/{south}/votes"), format!("requests/{NO_REQUEST}/votes"), Some(vote)),
            ("DELETE", format!("requests/{south}/votes/me"), format!("requests/{NO_REQUEST}/votes/me"), None),
            ("POST", format!("requests/{south}/cancel"), format!("requests/{NO_REQUEST}/cancel"), Some(json!({}))),
            ("POST", format!("requests/{south}/amend"), format!("requests/{NO_REQUEST}/amend"), Some(put("dev-1"))),
            ("GET", "devices?group=grp-1".into(), "devices?group=grp-99".into(), None),
            ("GET", "groups/grp-1".into(), "groups/grp-99".into(), None),
            (
                "POST",
                format!("requests/{south}/comments"),
                format!("requests/{NO_REQUEST}/comments"),
                Some(json!({ "words": "x" })),
            ),
            (
                "POST",
                format!("requests/{south}/review"),
                format!("requests/{NO_REQUEST}/review"),
                Some(json!({ "words": "x" })),
            ),
            ("GET", "draft?site=site-2".into(), "draft?site=site-99".into(), None),
            ("DELETE", "draft?site=site-2".into(), "draft?site=site-99".into(), None),
            ("DELETE", "draft/changes/1?site=site-2".into(), "draft/changes/1?site=site-99".into(), None),
            ("DELETE", of_draft("site-2", "dev-3"), of_draft("site-99", "dev-99"), None),
            (
                "POST",
                "draft/submit?site=site-2".into(),
                "draft/submit?site=site-99".into(),
                Some(json!({ "version": 1 })),
            ),
            ("GET", "events?site=site-2".into(), "events?site=site-99".into(), None),
        ] {
            let foreign = house.ask(method, &at(&path), Some(&who), body.as_ref()).await;
            let missing = house.ask(method, &at(&absent), Some(&who), body.as_ref()).await;
            assert_eq!(foreign.status, 404, "{method} {path} as {name}: {}", foreign.text);
            assert_eq!(foreign.text, missing.text, "{method} {path} as {name}");
        }
        for (path, body) in [
            ("draft/changes?site=site-1", put("dev-3")),
            ("draft/changes?site=site-2", put("dev-3")),
            ("requests/preview", put("dev-3")),
            ("requests", put("dev-3")),
        ] {
            let text = body.to_string();
            let missing: Value = serde_json::from_str(&text.replace("dev-3", "dev-99")).unwrap();
            let foreign = house.ask("POST", &at(path), Some(&who), Some(&body)).await;
            let missing = house.ask("POST", &at(&path.replace("site-2", "site-99")), Some(&who), Some(&missing)).await;
            assert!(foreign.status.is_client_error(), "{path} as {name}: {}", foreign.text);
            assert_eq!((foreign.status, foreign.text), (missing.status, missing.text), "{path} as {name}");
        }
    }
}

/// Of a request on devices of both sites they see what concerns theirs, and nothing that tells of the others.
async fn only_the_own_part(house: &House, who: &Signed, both: &str) {
    let shown = house.get(&format!("requests/{both}"), who).await;
    nothing_foreign("a request on both sites", &shown.text, &[]);
    assert_eq!((&shown.body["targets"], &shown.body["approved_targets"]), (&json!(1), &json!(1)));
    assert_eq!((&shown.body["title"], &shown.body["site"]), (&json!("Locate light on, 1 device"), &json!("site-1")));
    let items = house.get(&format!("requests/{both}/items"), who).await;
    nothing_foreign("its items", &items.text, &[]);
    assert_eq!((&items.body["total"], &items.body["items"][0]["target"]["id"]), (&json!(1), &json!("dev-2")));
    let running = &house.get("overview", who).await.body["chart"]["running"];
    assert_eq!((&running["requests"], &running["total"]), (&json!(2), &json!(2)));
    let audit = house.get(&format!("audit?request={both}"), who).await;
    nothing_foreign("its entries", &audit.text, &[]);
}

/// Beside their own: making Norte's agent and its scan task.
const fn scan_and_agent_requests() -> u32 {
    2
}

fn of_draft(site: &str, device: &str) -> String {
    format!("draft/changes/1/targets/{device}?site={site}")
}

fn explain(me: &str, resource: &str) -> String {
    format!("explain?subject={me}&action=device.reboot&resource={resource}")
}

#[tokio::test]
async fn whoever_says_what_they_have_seen_is_refused_when_it_has_changed() {
    let house = House::new().await;
    let who = house.sign_in("owner").await;
    let ask = async |method: &str, path: &str, seen: &str, body: Option<Value>| {
        let request = Request::builder().method(method).uri(format!("/api/v1/{path}"));
        let request = request.header(header::COOKIE, &who.cookie).header("x-adit-csrf", &who.csrf);
        let request = request.header(header::CONTENT_TYPE, "application/json").header(header::IF_MATCH, seen);
        house.send(request.body(body.map_or_else(Body::empty, |body| body.to_string().into())).unwrap()).await
    };
    let reboot = json!({ "action": { "action": "reboot", "params": {} }, "targets": ["dev-1"] });
    let changes = "draft/changes?site=site-1";
    let put = ask("POST", changes, "\"0\"", Some(reboot.clone())).await;
    assert_eq!(put.status, 200, "{}", put.text);
    let stale = ask("POST", changes, "\"0\"", Some(reboot)).await;
    assert_eq!((stale.status.as_u16(), &stale.body["code"]), (412, &json!("precondition_failed")));
    assert_eq!(ask("DELETE", "draft?site=site-1", "\"0\"", None).await.status, 412);
    let tag = house.get("draft?site=site-1", &who).await.header("etag").to_owned();
    assert_eq!(tag, format!("\"{}\"", put.body["draft"]["version"]));
    assert_eq!(ask("DELETE", "draft?site=site-1", &format!("\"0\", {tag}"), None).await.status, 204);

    let id = house.request("owner", Action::Device(Operation::Reboot {}), &[DeviceId(1)]).await;
    assert_eq!(house.get(&format!("requests/{id}"), &who).await.header("etag"), "\"1\"");
    let cancel = format!("requests/{id}/cancel");
    assert_eq!(ask("POST", &cancel, "\"2\"", Some(json!({ "reason": "no" }))).await.status, 412);
    assert_eq!(ask("POST", &cancel, "*", Some(json!({ "reason": "no" }))).await.body["code"], "invalid_state");
    assert!(!house.get("devices/dev-1", &who).await.header("etag").is_empty());
}

#[tokio::test]
async fn numbers_are_for_this_machine_and_for_administrators() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let page = house.ask("GET", "/metrics", Some(&owner), None).await.text;
    let records = format!("adit_log_records {}\n", house.engine.state().seq());
    for line in [records.as_str(), "adit_agents 2\n", "adit_devices{status=\"unknown\"} 4\n", "adit_streams 0\n"] {
        assert!(page.contains(line), "{line} in {page}");
    }
    let from = |peer: &str, forwarded: bool| {
        let peer: std::net::SocketAddr = peer.parse().unwrap();
        let mut request = Request::get("/metrics").extension(axum::extract::ConnectInfo(peer));
        if forwarded {
            request = request.header("x-forwarded-for", "192.0.2.1");
        }
        request.body(Body::empty()).unwrap()
    };
    assert_eq!(house.send(from("127.0.0.1:1", false)).await.status, 200);
    assert_eq!(house.send(from("[::ffff:127.0.0.1]:1", false)).await.status, 200);
    assert_eq!(house.send(from("127.0.0.1:1", true)).await.status, 401);
    assert_eq!(house.send(from("192.0.2.1:1", false)).await.status, 401);
    for path in ["/healthz", "/readyz"] {
        assert_eq!(house.ask("GET", path, None, None).await.text, "ok\n");
    }
}
