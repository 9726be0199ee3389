//! Sites, containers, sub-accounts, agents and scan tasks through the interface; passwords that are never seen again.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::Actor,
    command::{Command, Reply},
    ids::AgentId,
    requests::{Action, Control, PolicyChange, Scenario},
};
use adit_wire::EnrolmentToken;
use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Value, json};
use std::time::Duration;
use support::{
    ACCOUNT, approve, bounded,
    house::{Answer, House, Signed},
    schema::Document,
};

const PASSWORD: &str = "hunter2-of-the-miners";

async fn ask(house: &House, who: &Signed, method: &str, path: &str, body: Option<Value>) -> Answer {
    house.ask(method, &format!("/api/v1/{path}"), Some(who), body.as_ref()).await
}

/// The answer, which is as the document says.
async fn fine(house: &House, who: &Signed, call: (&str, &str), body: Option<Value>, wanted: (u16, &str)) -> Value {
    let answer = ask(house, who, call.0, call.1, body).await;
    assert_eq!(answer.status, wanted.0, "{call:?}: {}", answer.text);
    let document = Document::read();
    let faults = document.faults(document.schema(wanted.1), &answer.body);
    assert!(faults.is_empty(), "{call:?}: {faults:#?}");
    answer.body
}

#[tokio::test]
async fn places_are_made_renamed_and_taken_away() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let made = fine(&house, &owner, ("POST", "sites"), Some(json!({ "name": "Oeste" })), (201, "SiteMade")).await;
    let site = made["site"]["id"].as_str().unwrap().to_owned();
    let path = format!("sites/{site}");
    let to = json!({ "name": "Oeste II", "capacity_w": 5_000_000, "reason": "renamed" });
    fine(&house, &owner, ("PUT", &path), Some(to), (200, "Request")).await;
    assert_eq!(fine(&house, &owner, ("GET", &path), None, (200, "Site")).await["name"], "Oeste II");
    let again = ask(&house, &owner, "POST", "sites", Some(json!({ "name": "Oeste II" }))).await;
    assert_eq!((again.status.as_u16(), &again.body["code"]), (409, &json!("already_exists")));

    let containers = format!("{path}/containers");
    let made = fine(&house, &owner, ("POST", &containers), Some(json!({ "name": "C-1" })), (201, "Container")).await;
    let container = format!("containers/{}", made["id"].as_str().unwrap());
    fine(&house, &owner, ("PUT", &container), Some(json!({ "name": "C-9" })), (200, "Container")).await;
    let of_site = format!("containers?site={site}");
    let listed = fine(&house, &owner, ("GET", &of_site), None, (200, "ContainerPage")).await;
    assert_eq!(listed["items"][0]["name"], "C-9");
    assert_eq!(fine(&house, &owner, ("GET", "sites"), None, (200, "SitePage")).await["items"][2]["containers"], 1);
    assert_eq!(ask(&house, &owner, "DELETE", &container, None).await.status, 204);

    let odd = ask(&house, &owner, "POST", "sub-accounts", Some(json!({ "name": "Hosting" }))).await;
    assert_eq!((odd.status.as_u16(), &odd.body["errors"][0]["pointer"]), (422, &json!("/name")), "{}", odd.text);
    let blank = json!({ "action": { "action": "create_site", "params": { "name": " ", "capacity_w": null } } });
    let odd = ask(&house, &owner, "POST", "requests", Some(blank)).await;
    assert_eq!(odd.body["errors"][0]["pointer"], "/action/params/name", "{}", odd.text);
    let first = Some(json!({ "name": "first" }));
    let made = fine(&house, &owner, ("POST", "sub-accounts"), first, (201, "SubAccount")).await;
    let sub = made["id"].as_str().unwrap().to_owned();
    let sub_path = format!("sub-accounts/{sub}");
    fine(&house, &owner, ("PUT", &sub_path), Some(json!({ "name": "hosting" })), (200, "SubAccount")).await;
    let assign = |to: Value| json!({ "action": { "action": "assign_devices", "params": { "devices": ["dev-1"], "sub_account": to } } });
    fine(&house, &owner, ("POST", "requests"), Some(assign(json!(sub))), (201, "Request")).await;
    let listed = fine(&house, &owner, ("GET", "sub-accounts"), None, (200, "SubAccountPage")).await;
    let one = &listed["items"][0];
    assert_eq!((&one["id"], &one["name"], &one["devices"]), (&json!(sub), &json!("hosting"), &json!(1)));
    let full = ask(&house, &owner, "DELETE", &sub_path, None).await;
    assert_eq!((full.status.as_u16(), &full.body["code"]), (409, &json!("not_empty")));
    fine(&house, &owner, ("POST", "requests"), Some(assign(Value::Null)), (201, "Request")).await;
    fine(&house, &owner, ("DELETE", &sub_path), None, (200, "Request")).await;

    assert_eq!(ask(&house, &owner, "DELETE", "sites/site-2?name=Norte", None).await.status, 422);
    let removal = fine(&house, &owner, ("DELETE", "sites/site-2?name=Sur"), None, (200, "Request")).await;
    let rows = removal["changes"].as_array().unwrap();
    assert!(rows.iter().any(|row| row["text"] == "Site: Sur (site-2) \u{2192} removed"), "{removal}");
    for gone in ["sites/site-2", "devices/dev-3"] {
        assert_eq!(house.get(gone, &owner).await.status, 404, "{gone}");
    }
    assert_eq!(house.get("devices?sort=ip", &owner).await.body["total"], 2);
    assert_eq!(house.get("overview", &owner).await.body["devices"]["total"], 2);
    let told = house.get("audit?type=site_removed", &owner).await;
    assert_eq!(told.body["items"][0]["summary"], "Site Sur was removed with everything on it");
}

#[tokio::test]
async fn an_agents_token_is_shown_once_and_enrols_once() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let body = json!({ "site": "site-1", "name": "second", "reason": "another hall" });
    let made = fine(&house, &owner, ("POST", "agents"), Some(body), (201, "AgentMade")).await;
    assert_eq!((&made["agent"]["id"], &made["agent"]["enrolled"]), (&json!("agt-3"), &json!(false)));
    let other = ("POST", "agents/agt-3/token");
    let other = fine(&house, &owner, other, Some(json!({ "reason": "lost" })), (201, "AgentMade")).await;
    let [lost, token] = [&made, &other].map(|made| made["token"].as_str().unwrap().split_once('.').unwrap().0);
    for path in ["agents", "requests", "audit?limit=500"] {
        let shown = house.get(path, &owner).await.text;
        assert!(!shown.contains(token) && !shown.contains(lost), "{path}");
    }
    let enrolment =
        |secret| Command::EnrolAgent { token_hash: EnrolmentToken::hash_of(secret), public_key: "ab".repeat(32) };
    let system = Actor::system(ACCOUNT);
    assert!(house.engine.run(system, enrolment(lost)).await.is_err(), "another was issued");
    assert_eq!(house.engine.run(system, enrolment(token)).await, Ok(Reply::Agent(AgentId(3))));
    assert!(house.engine.run(system, enrolment(token)).await.is_err());
    let late = ask(&house, &owner, "POST", "agents/agt-3/token", Some(json!({}))).await;
    assert_eq!(late.status, 422, "it has a key: {}", late.text);
    let change = json!({ "name": "watcher", "mode": "monitoring_only", "paused": true });
    fine(&house, &owner, ("PUT", "agents/agt-3"), Some(change), (200, "Request")).await;
    let agents = fine(&house, &owner, ("GET", "agents"), None, (200, "AgentPage")).await;
    let third = &agents["items"][2];
    assert_eq!((&third["mode"], &third["paused"]), (&json!("monitoring_only"), &json!(true)));
    fine(&house, &owner, ("DELETE", "agents/agt-3"), None, (200, "Request")).await;
    assert_eq!(ask(&house, &owner, "DELETE", "agents/agt-3", None).await.status, 404);
}

fn secrets_of(house: &House) -> Vec<String> {
    let names = house.secrets.lock().unwrap().names().unwrap();
    names.into_iter().filter(|name| name.starts_with("scan-task/")).collect()
}

async fn secrets_become(house: &House, count: usize) {
    bounded("secrets", async {
        while secrets_of(house).len() != count {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

fn task(ranges: &[&str]) -> Value {
    let credentials = json!([{ "family": "antminer", "user": "root", "password": PASSWORD }]);
    json!({ "agent": "agt-1", "name": "Hall", "ranges": ranges, "interval_s": 900, "credentials": credentials })
}

#[tokio::test]
async fn passwords_go_in_and_never_come_out() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let made = fine(&house, &owner, ("POST", "scan-tasks"), Some(task(&["10.7.0.0/24"])), (201, "ScanTaskMade")).await;
    assert_eq!((&made["scan_task"]["id"], &made["scan_task"]["addresses"]), (&json!("scan-3"), &json!(256)));
    assert_eq!(made["scan_task"]["has_credentials"], true);
    let kept = secrets_of(&house);
    assert_eq!(kept.len(), 1);
    let bytes = house.secrets.lock().unwrap().get(&kept[0]).unwrap().unwrap();
    assert!(String::from_utf8_lossy(&bytes).contains(PASSWORD));

    // Waiting for somebody's approval, and then called off.
    let changes = vec![PolicyChange::counts(Scenario::FleetScan, 1, 1)];
    house.request("owner", Action::Control(Control::SetPolicies { changes }), &[]).await;
    let mut change = task(&["10.7.0.0/24"]);
    change.as_object_mut().unwrap().remove("agent");
    change["enabled"] = json!(false);
    let waits = fine(&house, &owner, ("PUT", "scan-tasks/scan-3"), Some(change), (202, "ScanTaskChanged")).await;
    let rows = waits["request"]["changes"].as_array().unwrap();
    let passwords = rows.iter().find(|row| row["field"] == "passwords").unwrap();
    let [old, new] = ["old", "new"].map(|side| passwords[side].as_str().unwrap());
    assert!(old.starts_with("set (not shown") && new.starts_with("set (not shown") && old != new, "{passwords}");
    assert_eq!(secrets_of(&house).len(), 2);
    let refused = ask(&house, &owner, "POST", "scan-tasks", Some(task(&["10.7.0.9"]))).await;
    assert_eq!(refused.status, 422, "{}", refused.text);
    assert_eq!(secrets_of(&house).len(), 2);
    let id = waits["request"]["id"].as_str().unwrap();
    ask(&house, &owner, "POST", &format!("requests/{id}/cancel"), Some(json!({ "reason": "no" }))).await;
    secrets_become(&house, 1).await;
    assert_eq!(secrets_of(&house), kept);

    for path in ["scan-tasks", "agents", "requests", "audit?limit=500", &format!("requests/{id}")] {
        let answer = house.get(path, &owner).await;
        assert!(answer.status.is_success() && !answer.text.contains(PASSWORD), "{path}");
    }
    let state = serde_json::to_string(house.engine.state().as_ref()).unwrap();
    assert!(!state.contains(PASSWORD));
    let removal = fine(&house, &owner, ("DELETE", "scan-tasks/scan-3"), None, (202, "Request")).await;
    let removal = removal["id"].as_str().unwrap().parse().unwrap();
    approve(&house.engine, house.users["administrator"], removal).await.unwrap();
    secrets_become(&house, 0).await;
}

#[tokio::test]
async fn ranges_are_looked_at_before_anything_is_asked() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let ranges = ["10.0.1.250-10.0.2.3", "10.0.3.1", "10.0.3.2", "miners", "10.0.0.9-3"];
    let body = json!({ "agent": "agt-1", "ranges": ranges });
    let checked = fine(&house, &owner, ("POST", "scan-tasks/check"), Some(body), (200, "RangesCheck")).await;
    assert_eq!(checked["addresses"], 12);
    assert_eq!(checked["merged"], json!(["10.0.1.250-10.0.2.3", "10.0.3.1-10.0.3.2"]));
    assert_eq!(checked["problems"].as_array().unwrap().len(), 2);
    assert_eq!((&checked["problems"][0]["index"], &checked["problems"][1]["index"]), (&json!(3), &json!(4)));
    assert_eq!(checked["overlaps"][0]["ranges"], json!(["10.0.1.250-10.0.1.255"]));
    for (ranges, says) in [
        (vec!["10.0.1.4"], "is searched by scan task Norte-all (scan-1) already"),
        (vec!["10.0.0.0/8"], "split it"),
        (vec!["fe80::1"], "10.0.0.0/24"),
    ] {
        let refused = ask(&house, &owner, "POST", "scan-tasks", Some(task(&ranges))).await;
        assert_eq!(refused.status, 422);
        assert!(refused.text.contains(says), "{}", refused.text);
    }
    let mut odd = task(&["10.9.0.1"]);
    odd["credentials"] = json!([{ "family": "toaster", "password": "x" }]);
    assert_eq!(ask(&house, &owner, "POST", "scan-tasks", Some(odd)).await.status, 422);
}

#[tokio::test]
async fn a_change_that_names_what_was_seen_undoes_none_that_was_not() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let site = house.get("sites/site-1", &owner).await;
    let etag = site.body["etag"].as_str().unwrap();
    assert_eq!(site.header("etag"), format!("\"{etag}\""));
    let change = async |path: &str, tag: &str, body: Value| {
        let request = Request::builder().method("PUT").uri(format!("/api/v1/{path}")).header("if-match", tag);
        let request = request.header(header::COOKIE, &owner.cookie).header("x-adit-csrf", &owner.csrf);
        let request = request.header(header::CONTENT_TYPE, "application/json");
        house.send(request.body(Body::from(body.to_string())).unwrap()).await
    };
    let named = |name: &str| json!({ "name": name, "capacity_w": 9 });
    assert_eq!(change("sites/site-1", &format!("\"{etag}\""), named("Norte I")).await.status, 200);
    let late = change("sites/site-1", etag, named("Norte II")).await;
    assert_eq!((late.status.as_u16(), &late.body["code"]), (412, &json!("precondition_failed")), "{}", late.text);
    assert_eq!(house.get("sites/site-1", &owner).await.body["name"], "Norte I");

    let made = ask(&house, &owner, "POST", "sub-accounts", Some(json!({ "name": "first" }))).await;
    let path = format!("sub-accounts/{}", made.body["id"].as_str().unwrap());
    let renamed = change(&path, made.header("etag"), json!({ "name": "second" })).await;
    assert_eq!((renamed.status.as_u16(), &renamed.body["name"]), (200, &json!("second")), "{}", renamed.text);
    assert_eq!(change(&path, made.header("etag"), json!({ "name": "third" })).await.status, 412);
    assert_eq!(change(&path, "*", json!({ "name": "third" })).await.status, 200);
    for list in ["agents", "scan-tasks", "sites", "sub-accounts"] {
        let items = house.get(list, &owner).await.body["items"].clone();
        assert!(items.as_array().unwrap().iter().all(|item| item["etag"].as_str().unwrap().len() == 16), "{items}");
    }
    let agent = json!({ "name": "hall", "mode": "full_control", "paused": false });
    assert_eq!(change("agents/agt-1", "0", agent).await.status, 412);
}
