//! What somebody was shown before they decided is what the request's page and the audit log say of it afterwards.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::house::{House, Signed};

async fn post(house: &House, who: &Signed, path: &str, body: Value) -> Value {
    let answer = house.ask("POST", &format!("/api/v1/{path}"), Some(who), Some(&body)).await;
    assert!(answer.status.is_success(), "{path} {body}: {}", answer.text);
    answer.body
}

/// Sentences of everything but the circumstances.
fn told(changes: &Value) -> BTreeSet<String> {
    let rows = changes.as_array().unwrap().iter();
    let rows = rows.filter(|row| row["weight"] != "context" || row["field"] == "seen_version");
    rows.map(|row| row["text"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_was_shown_before_stands_on_the_page_and_in_the_log_afterwards_also_when_things_are_renamed() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    for (path, name) in [("sub-accounts", "hosting"), ("sites/site-1/containers", "Box")] {
        post(&house, &owner, path, json!({ "name": name })).await;
    }
    post(&house, &owner, "groups", json!({ "name": "Row", "devices": ["dev-1"] })).await;
    let role = json!({ "name": "Helpers", "permissions": ["device.list", "device.view"] });
    post(&house, &owner, "requests", json!({ "action": { "action": "create_role", "params": role } })).await;
    let viewer = house.engine.state().grants_of(support::ACCOUNT).find(|g| g.user == house.users["viewer"]).unwrap().id;
    let wallet = |address: &str| json!({ "sub_account": "sub-1", "address": address });
    let first = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
    let actions = [
        ("set_wallet", wallet(first)),
        ("assign_devices", json!({ "devices": ["dev-1"], "sub_account": "sub-1" })),
        ("place_devices", json!({ "devices": ["dev-1", "dev-2"], "container": "box-1" })),
        ("change_group", json!({ "group": "grp-1", "name": "Row 2", "devices": ["dev-1", "dev-2"] })),
        ("change_role", json!({ "role": "role-1", "name": "Guests", "permissions": ["device.list"] })),
        ("change_site", json!({ "site": "site-1", "name": "Norte 2", "capacity_w": 5 })),
        ("remove_grant", json!({ "grant": viewer })),
        ("delete_group", json!({ "group": "grp-1" })),
        ("delete_role", json!({ "role": "role-1" })),
        ("remove_site", json!({ "site": "site-2", "name": "Sur" })),
    ];
    let mut asked = Vec::new();
    for (action, params) in actions {
        let body = json!({ "action": { "action": action, "params": params } });
        let shown = post(&house, &owner, "requests/preview", body.clone()).await;
        let made = post(&house, &owner, "requests", body).await;
        asked.push((made["id"].as_str().unwrap().to_owned(), made["title"].clone(), told(&shown["changes"])));
    }
    let rename = json!({ "name": "renamed" });
    let renamed = house.ask("PUT", "/api/v1/sub-accounts/sub-1", Some(&owner), Some(&rename)).await;
    assert_eq!(renamed.status, 200, "{}", renamed.text);
    let log = house.get("audit?limit=200&type=request_submitted", &owner).await;
    let mut over = 0;
    for (id, title, before) in asked {
        let page = house.get(&format!("requests/{id}"), &owner).await.body;
        if page["ended_at"].is_null() {
            continue;
        }
        over += 1;
        assert_eq!(told(&page["changes"]), before, "{title}");
        assert_eq!(page["title"], title);
        let entry = log.body["items"].as_array().unwrap().iter().find(|item| item.to_string().contains(&id)).unwrap();
        let text = entry["changes"].as_str().unwrap();
        before.iter().for_each(|line| assert!(text.contains(line.as_str()), "{title}: {line}\n is not in\n{text}"));
        assert!(!entry.to_string().contains("renamed"), "{entry}");
    }
    assert!(over >= 9, "only {over} were carried out");
}

#[tokio::test]
async fn what_would_be_refused_is_refused_when_it_is_looked_at() {
    let house = House::new().await;
    let wallet = json!({ "action": "set_wallet", "params": { "sub_account": "sub-1", "address": "x" } });
    let role = json!({ "user": house.users["viewer"], "role": "administrator", "scope": "all" });
    for (who, action) in [
        ("viewer", wallet),
        ("operations_manager", json!({ "action": "add_grant", "params": role })),
        ("administrator", json!({ "action": "suspend_user", "params": { "user": house.users["owner"] } })),
    ] {
        let signed = house.sign_in(who).await;
        let body = json!({ "action": action });
        let mut answers = Vec::new();
        for path in ["/api/v1/requests/preview", "/api/v1/requests"] {
            let answer = house.ask("POST", path, Some(&signed), Some(&body)).await;
            answers.push((answer.status, answer.body["code"].clone(), answer.body["detail"].clone()));
        }
        assert!(answers[0].0.is_client_error(), "{who}: {answers:?}");
        assert_eq!(answers[0], answers[1], "{who}");
    }
    let owner = house.sign_in("owner").await;
    let twice = json!({ "action": { "action": "reboot", "params": {} }, "targets": ["dev-1", "dev-1"] });
    let shown = post(&house, &owner, "requests/preview", twice).await;
    assert_eq!(shown["effect"]["devices"], 1);
}
