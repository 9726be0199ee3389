//! AuthZEN Authorization API 1.0, held against the specification's text, through the interface as another program uses it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{ApiAccess, Role, Scope},
    requests::{Action, Control, NewGrant, PolicyChange, RequestState, Scenario},
};
use adit_server::api::Options;
use axum::{
    body::Body,
    http::{Request, StatusCode, header},
};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use support::house::House;
use tower::ServiceExt;

/// A house with a key under a grant of this role, issued through the interface.
async fn keyed(role: Role) -> (House, String) {
    let house = House::new().await;
    let user = house.users["viewer"];
    let new = NewGrant { api_access: ApiAccess::ReadOnly, ..NewGrant::new(user, role, Scope::All) };
    house.request("owner", Action::Control(Control::AddGrant(new)), &[]).await;
    let state = house.engine.state();
    let grant = state.grants_of(support::ACCOUNT).find(|g| g.user == user && g.api_access == ApiAccess::ReadOnly);
    let owner = house.sign_in("owner").await;
    let body = json!({ "grant": grant.unwrap().id, "name": "Checks", "access": "read_only" });
    let issued = house.ask("POST", "/api/v1/keys", Some(&owner), Some(&body)).await;
    assert_eq!(issued.status, StatusCode::CREATED, "{}", issued.body);
    let token = issued.body["token"].as_str().unwrap().to_owned();
    (house, token)
}

struct Said {
    status: StatusCode,
    text: String,
    request_id: Option<String>,
}

impl Said {
    fn json(&self) -> Value {
        assert_eq!(self.status, StatusCode::OK, "{}", self.text);
        serde_json::from_str(&self.text).unwrap()
    }
}

async fn raw(house: &House, path: &str, token: Option<&str>, kind: &str, body: String) -> Said {
    let mut request = Request::post(path).header(header::CONTENT_TYPE, kind).header("x-request-id", "a-1");
    if let Some(token) = token {
        request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    }
    let response = house.router.clone().oneshot(request.body(Body::from(body)).unwrap()).await.unwrap();
    let (status, headers) = (response.status(), response.headers().clone());
    let text = String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let request_id = headers.get("x-request-id").map(|id| id.to_str().unwrap().to_owned());
    Said { status, text, request_id }
}

async fn ask(house: &House, token: &str, path: &str, body: &Value) -> Said {
    raw(house, path, Some(token), "application/json", body.to_string()).await
}

fn question(user: &str, action: &str, device: &str) -> Value {
    json!({ "subject": { "type": "user", "id": user }, "action": { "name": action }, "resource": { "type": "device", "id": device } })
}

fn id_of(house: &House, name: &str) -> String {
    house.users[name].to_string()
}

const ONE: &str = "/access/v1/evaluation";
const MANY: &str = "/access/v1/evaluations";

#[tokio::test]
async fn a_decision_is_an_answer_and_a_no_says_why() {
    let (house, token) = keyed(Role::Auditor).await;
    let manager = id_of(&house, "operations_manager");
    let mut whole = question(&manager, "device.power_mode", "dev-1");
    whole["context"] = json!({ "time": "now" });
    whole["unknown"] = json!({ "is": "passed over" });
    let yes = ask(&house, &token, ONE, &whole).await;
    assert_eq!(yes.request_id.as_deref(), Some("a-1"));
    assert_eq!(yes.json()["decision"], true);
    let viewer = id_of(&house, "viewer");
    let no = ask(&house, &token, ONE, &question(&viewer, "device.power_mode", "dev-1")).await.json();
    assert_eq!(no["decision"], false);
    assert_eq!(no["context"]["missing"], "device.power_mode");
    for (user, action, device) in
        [("usr-999", "device.list", "dev-1"), (&viewer, "no.such", "dev-1"), (&viewer, "device.list", "dev-999")]
    {
        assert_eq!(ask(&house, &token, ONE, &question(user, action, device)).await.json()["decision"], false);
    }
    // Limited to Norte: dev-3 stands elsewhere.
    let northern = id_of(&house, "north_viewer");
    assert_eq!(ask(&house, &token, ONE, &question(&northern, "device.list", "dev-1")).await.json()["decision"], true);
    assert_eq!(ask(&house, &token, ONE, &question(&northern, "device.list", "dev-3")).await.json()["decision"], false);
}

#[tokio::test]
async fn a_no_that_a_request_could_lift_says_so() {
    let (house, token) = keyed(Role::Auditor).await;
    let change = PolicyChange::counts(Scenario::FleetMode, 1, 1);
    let set = house.request("owner", Action::Control(Control::SetPolicies { changes: vec![change] }), &[]).await;
    assert_eq!(house.engine.state().request(set).unwrap().state, RequestState::Executed);
    let manager = id_of(&house, "operations_manager");
    let no = ask(&house, &token, ONE, &question(&manager, "device.power_mode", "dev-1")).await.json();
    assert_eq!(no["decision"], false);
    assert_eq!(no["context"]["access_request"]["scenario"], "fleet.mode");
    assert_eq!(no["context"]["access_request"]["endpoint"], "/api/v1/requests");
}

#[tokio::test]
async fn what_cannot_be_read_is_a_400_with_a_sentence_and_the_request_id() {
    let (house, token) = keyed(Role::Auditor).await;
    let good = question("usr-1", "device.list", "dev-1");
    for (pointer, wrong) in [
        ("/subject", json!("usr-1")),
        ("/subject/type", json!(1)),
        ("/subject/id", json!(null)),
        ("/subject/properties", json!([])),
        ("/action", json!({})),
        ("/action/name", json!("")),
        ("/resource/id", json!({ "a": 1 })),
    ] {
        let mut body = good.clone();
        match body.pointer_mut(pointer) {
            Some(place) => *place = wrong,
            None => body["subject"]["properties"] = wrong,
        }
        let said = ask(&house, &token, ONE, &body).await;
        assert_eq!(said.status, StatusCode::BAD_REQUEST, "{pointer}: {}", said.text);
        assert!(!said.text.is_empty() && !said.text.starts_with('{'), "{}", said.text);
        assert_eq!(said.request_id.as_deref(), Some("a-1"));
    }
    let twice = good.to_string().replacen('{', r#"{"subject":{"type":"user","id":"usr-2"},"#, 1);
    for (kind, body) in [
        ("application/json", "[]"),
        ("application/json", "{"),
        ("text/plain", "{}"),
        ("application/json", ""),
        ("application/json", twice.as_str()),
    ] {
        assert_eq!(
            raw(&house, ONE, Some(&token), kind, body.into()).await.status,
            StatusCode::BAD_REQUEST,
            "{kind} {body}"
        );
    }
}

#[tokio::test]
async fn only_a_live_key_asks_and_only_one_that_may_see_people() {
    let (house, token) = keyed(Role::Auditor).await;
    let body = question("usr-1", "device.list", "dev-1").to_string();
    for wrong in [None, Some("x"), Some("adit_ro_00000000_0000000000000000000000000000000000000000deadbeef")] {
        assert_eq!(raw(&house, ONE, wrong, "application/json", body.clone()).await.status, StatusCode::UNAUTHORIZED);
    }
    let owner = house.sign_in("owner").await;
    let revoked = house.ask("DELETE", "/api/v1/keys/key-1", Some(&owner), None).await;
    assert_eq!(revoked.status, StatusCode::OK, "{}", revoked.body);
    assert_eq!(raw(&house, ONE, Some(&token), "application/json", body.clone()).await.status, StatusCode::UNAUTHORIZED);
    let (house, blind) = keyed(Role::Technician).await;
    assert_eq!(raw(&house, ONE, Some(&blind), "application/json", body).await.status, StatusCode::FORBIDDEN);
}

fn decisions(answer: &Value) -> Vec<bool> {
    answer["evaluations"].as_array().unwrap().iter().map(|item| item["decision"] == true).collect()
}

#[tokio::test]
async fn a_batch_has_defaults_three_semantics_and_items_that_fail_alone() {
    let (house, token) = keyed(Role::Auditor).await;
    let northern = id_of(&house, "north_viewer");
    let device = |id: &str| json!({ "resource": { "type": "device", "id": id } });
    let mut batch = json!({
        "subject": { "type": "user", "id": northern }, "action": { "name": "device.list" },
        "evaluations": [device("dev-1"), device("dev-3"), device("dev-2")],
    });
    assert_eq!(decisions(&ask(&house, &token, MANY, &batch).await.json()), [true, false, true]);
    for (semantic, wanted) in [
        ("execute_all", vec![true, false, true]),
        ("deny_on_first_deny", vec![true, false]),
        ("permit_on_first_permit", vec![true]),
    ] {
        batch["options"] = json!({ "evaluations_semantic": semantic, "other": 1 });
        assert_eq!(decisions(&ask(&house, &token, MANY, &batch).await.json()), wanted, "{semantic}");
    }
    batch["options"] = json!({ "evaluations_semantic": "whatever" });
    assert_eq!(ask(&house, &token, MANY, &batch).await.status, StatusCode::BAD_REQUEST);
    batch["options"] = json!({});
    // A field of an item takes the default's place whole; what is then missing is that item's error alone.
    batch["evaluations"] =
        json!([{ "subject": { "type": "user" }, "resource": { "type": "device", "id": "dev-1" } }, 7, device("dev-1")]);
    let answer = ask(&house, &token, MANY, &batch).await.json();
    assert_eq!(decisions(&answer), [false, false, true]);
    assert_eq!(answer["evaluations"][0]["context"]["error"]["status"], 400);
    assert_eq!(answer["evaluations"][0]["context"]["error"]["message"], "subject.id is missing");
    assert!(answer.get("decision").is_none());
    // Without items it is one question.
    for evaluations in [None, Some(json!([]))] {
        let mut single = question(&northern, "device.list", "dev-1");
        if let Some(none) = evaluations {
            single["evaluations"] = none;
        }
        assert_eq!(ask(&house, &token, MANY, &single).await.json()["decision"], true);
    }
    assert_eq!(ask(&house, &token, MANY, &json!({ "evaluations": {} })).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn searches_find_what_evaluations_allow_page_by_page() {
    let (house, token) = keyed(Role::Auditor).await;
    let northern = id_of(&house, "north_viewer");
    let ids = |answer: &Value| -> Vec<String> {
        answer["results"].as_array().unwrap().iter().map(|r| r["id"].as_str().unwrap().to_owned()).collect()
    };
    // The id in what is searched for is passed over.
    let mut search = question(&northern, "device.list", "dev-999");
    let found = ask(&house, &token, "/access/v1/search/resource", &search).await.json();
    assert_eq!(ids(&found), ["dev-1", "dev-2"]);
    assert_eq!(found["page"], json!({ "next_token": "", "count": 2, "total": 2 }));
    search["page"] = json!({ "limit": 1 });
    let first = ask(&house, &token, "/access/v1/search/resource", &search).await.json();
    assert_eq!(ids(&first), ["dev-1"]);
    search["page"] = json!({ "token": first["page"]["next_token"], "limit": 1 });
    let second = ask(&house, &token, "/access/v1/search/resource", &search).await.json();
    assert_eq!((ids(&second), &second["page"]["next_token"]), (vec!["dev-2".to_owned()], &json!("")));
    for wrong in [json!({ "token": 7 }), json!({ "token": "elsewhere" }), json!({ "limit": -1 }), json!([])] {
        search["page"] = wrong;
        assert_eq!(ask(&house, &token, "/access/v1/search/resource", &search).await.status, StatusCode::BAD_REQUEST);
    }
    // A token is of one search; the specification lets a page hold nothing.
    let goes_on = json!({ "token": first["page"]["next_token"] });
    search["page"] = goes_on.clone();
    assert_eq!(ask(&house, &token, "/access/v1/search/resource", &search).await.status, StatusCode::OK);
    let mut other = question(&id_of(&house, "owner"), "device.list", "dev-999");
    other["page"] = goes_on;
    let said = ask(&house, &token, "/access/v1/search/resource", &other).await;
    assert_eq!(said.status, StatusCode::BAD_REQUEST, "{}", said.text);
    search["page"] = json!({ "limit": 0 });
    let none = ask(&house, &token, "/access/v1/search/resource", &search).await.json();
    assert_eq!((&none["results"], &none["page"]["total"]), (&json!([]), &json!(2)));
    assert_ne!(none["page"]["next_token"], "");

    let who = json!({ "subject": { "type": "user" }, "action": { "name": "account.freeze" }, "resource": { "type": "account", "id": "acc-1" } });
    let found = ask(&house, &token, "/access/v1/search/subject", &who).await.json();
    assert!(ids(&found).contains(&id_of(&house, "owner")) && !ids(&found).contains(&northern));

    let what =
        json!({ "subject": { "type": "user", "id": northern }, "resource": { "type": "device", "id": "dev-1" } });
    let found = ask(&house, &token, "/access/v1/search/action", &what).await.json();
    let names: Vec<_> = found["results"].as_array().unwrap().iter().map(|r| r["name"].as_str().unwrap()).collect();
    assert!(names.contains(&"device.list") && !names.contains(&"device.reboot"), "{names:?}");
    let none =
        json!({ "subject": { "type": "user", "id": northern }, "resource": { "type": "device", "id": "dev-3" } });
    let found = ask(&house, &token, "/access/v1/search/action", &none).await.json();
    assert_eq!(found["results"], json!([]));
    assert_eq!(ask(&house, &token, "/access/v1/search/subject", &json!({})).await.status, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn every_answer_under_its_addresses_gives_the_request_id_back() {
    let (house, token) = keyed(Role::Auditor).await;
    let good = question("usr-1", "device.list", "dev-1").to_string();
    let long = "x".repeat(3 << 20);
    let bearer = format!("Bearer {token}");
    for (method, path, bearer, body, status) in [
        ("POST", ONE, bearer.as_str(), good.as_str(), 200),
        ("POST", ONE, bearer.as_str(), "{", 400),
        ("POST", ONE, "Bearer x", good.as_str(), 401),
        ("POST", ONE, bearer.as_str(), long.as_str(), 413),
        ("GET", ONE, bearer.as_str(), "", 405),
        ("POST", "/access/v1/evaluate", bearer.as_str(), good.as_str(), 404),
        ("GET", "/access/v1/evaluate", bearer.as_str(), "", 404),
        ("GET", "/access/", "", "", 404),
        ("GET", "/.well-known/authzen-configuration", "", "", 200),
        ("POST", "/.well-known/authzen-configuration", "", "", 405),
    ] {
        let request = Request::builder().method(method).uri(path).header("x-request-id", "b-2");
        let request = request.header(header::AUTHORIZATION, bearer).header(header::CONTENT_TYPE, "application/json");
        let said = house.send(request.body(Body::from(body.to_owned())).unwrap()).await;
        assert_eq!((said.status.as_u16(), said.header("x-request-id")), (status, "b-2"), "{method} {path}");
    }
}

#[tokio::test]
async fn the_metadata_names_every_endpoint() {
    let public_url = "https://adit.test".into();
    let house = House::with(Options { public_url, ..Options::default() }).await;
    let request =
        Request::get("/.well-known/authzen-configuration").header(header::HOST, "evil.test").body(Body::empty());
    let response = house.router.clone().oneshot(request.unwrap()).await.unwrap();
    assert_eq!(response.headers()[header::CONTENT_TYPE], "application/json");
    let body: Value = serde_json::from_slice(&response.into_body().collect().await.unwrap().to_bytes()).unwrap();
    let base = body["policy_decision_point"].as_str().unwrap();
    assert_eq!(base, "https://adit.test");
    for (name, path) in [
        ("access_evaluation_endpoint", ONE),
        ("access_evaluations_endpoint", MANY),
        ("search_subject_endpoint", "/access/v1/search/subject"),
        ("search_resource_endpoint", "/access/v1/search/resource"),
        ("search_action_endpoint", "/access/v1/search/action"),
    ] {
        assert_eq!(body[name], format!("{base}{path}"));
    }
}
