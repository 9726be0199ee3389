//! The OpenAPI document: it is fresh, it holds together, and real answers are as it says.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::Permission,
    fleet::{Operation, PowerMode},
    ids::DeviceId,
    requests::{Action, Control},
};
use serde_json::{Value, json};
use std::{collections::BTreeSet, path::Path};
use support::{house::House, schema::Document};

#[test]
fn the_committed_document_is_fresh() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/openapi.json");
    let text = adit_server::api::openapi::text();
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, &text).unwrap();
    }
    let committed = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == text, "run UPDATE=1 cargo test -p adit-server --test openapi, and npm run types in web/");
}

#[test]
fn every_operation_says_what_it_needs_and_every_reference_leads_somewhere() {
    let document = Document::read();
    let mut ids = BTreeSet::new();
    for (method, path, operation) in document.operations() {
        let permission = operation["x-permission"].as_str().unwrap_or_else(|| panic!("{method} {path}"));
        let known = ["", "public"].contains(&permission) || Permission::named(permission).is_some();
        assert!(known, "{method} {path}: {permission}");
        assert!(ids.insert(operation["operationId"].as_str().unwrap()), "{method} {path}");
        assert!(operation["summary"].as_str().is_some_and(|summary| summary.len() > 5), "{method} {path}");
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            assert!(parameter["schema"].is_object(), "{method} {path}: {parameter}");
        }
    }
    assert!(ids.len() > 30, "{ids:?}");

    let (mut used, mut waiting) = (BTreeSet::new(), references(&document.0["paths"]));
    while let Some(name) = waiting.pop() {
        if used.insert(name.clone()) {
            waiting.extend(references(document.schema(&name)));
        }
    }
    used.extend(
        ["Problem", "DevicesFrame", "RequestFrame", "ItemsFrame", "DraftFrame", "InboxFrame"].map(str::to_owned),
    );
    let all: BTreeSet<_> = document.0["components"]["schemas"].as_object().unwrap().keys().cloned().collect();
    assert_eq!(all.difference(&used).collect::<Vec<_>>(), Vec::<&String>::new(), "schemas that nobody uses");
}

fn references(value: &Value) -> Vec<String> {
    let text = value.to_string();
    let names = text.split("#/components/schemas/").skip(1).filter_map(|rest| rest.split_once('"'));
    names.map(|(name, _)| name.to_owned()).collect()
}

#[tokio::test]
async fn answers_are_as_the_document_says() {
    let house = House::new().await;
    let document = Document::read();
    let owner = house.sign_in("owner").await;
    let mode = Action::Device(Operation::SetPowerMode { mode: PowerMode::Sleep });
    let id = house.request("owner", mode, &[DeviceId(1), DeviceId(3)]).await.to_string();
    let (name, permissions) = ("Night shift".to_owned(), [Permission::DeviceList].into());
    house.request("owner", Action::Control(Control::CreateRole { name, permissions }), &[]).await;
    let suspension = Control::SuspendUser { user: house.users["viewer"] };
    house.request("owner", Action::Control(suspension), &[]).await;
    let sleep = json!({ "action": "set_power_mode", "params": { "mode": "sleep" } });
    let counts = json!({ "scenario": "fleet.power", "required": 2, "required_other": 1 });
    let (explain, policies) = ("explain?subject=usr-1&action=device.reboot&resource=dev-1", "approval-policies");
    let mut asked = vec![
        ("GET", "session".to_owned(), None, "Session"),
        ("GET", "overview".into(), None, "Overview"),
        ("GET", "devices".into(), None, "DevicePage"),
        ("GET", "devices/ids".into(), None, "DeviceIds"),
        ("GET", "devices/dev-1".into(), None, "DeviceRow"),
        ("GET", "me/permissions".into(), None, "PermissionVerdicts"),
        ("GET", "me/permissions?resource=dev-1".into(), None, "PermissionVerdicts"),
        ("GET", explain.into(), None, "Explanation"),
        ("GET", "sites".into(), None, "SitePage"),
        ("GET", "agents".into(), None, "AgentPage"),
        ("GET", "roles".into(), None, "Roles"),
        ("GET", "audit?limit=500".into(), None, "AuditPage"),
        ("GET", "draft?site=site-1".into(), None, "Draft"),
        ("GET", "requests?limit=200".into(), None, "RequestPage"),
        ("GET", format!("requests/{id}"), None, "Request"),
        ("GET", format!("requests/{id}/items"), None, "ItemPage"),
        ("GET", policies.into(), None, "PolicyPage"),
        ("POST", "requests/preview".into(), Some(json!({ "action": sleep, "targets": ["dev-2"] })), "Preview"),
        (
            "POST",
            "draft/changes?site=site-1".into(),
            Some(json!({ "action": sleep, "targets": ["dev-2"] })),
            "DraftPutResult",
        ),
        ("GET", "draft?site=site-1".into(), None, "Draft"),
        ("PUT", policies.into(), Some(json!({ "changes": [counts] })), "Request"),
        (
            "POST",
            "requests".into(),
            Some(json!({ "action": { "action": "reboot", "params": {} }, "targets": ["dev-4"] })),
            "Request",
        ),
    ];
    let mut seen = 0;
    while !asked.is_empty() {
        let (method, path, body, schema) = asked.remove(0);
        let answer = house.ask(method, &format!("/api/v1/{path}"), Some(&owner), body.as_ref()).await;
        assert!(answer.status.is_success(), "{method} {path}: {}", answer.text);
        let faults = document.faults(document.schema(schema), &answer.body);
        assert!(faults.is_empty(), "{method} {path}: {faults:#?}");
        seen += 1;
        if seen == 19 {
            let submit = json!({ "version": answer.body["draft"]["version"], "reason": "night" });
            asked.push(("POST", "draft/submit?site=site-1".into(), Some(submit), "SubmitResult"));
        }
        if path == "requests" && answer.body["state"] == "pending" {
            let waits = answer.body["id"].as_str().unwrap();
            let why = json!({ "reason": "not today" });
            asked.push(("GET", format!("requests/{waits}"), None, "Request"));
            asked.push(("POST", format!("requests/{waits}/cancel"), Some(why), "Request"));
        }
    }
    assert_eq!(seen, 25);
    for (method, path, body) in [
        ("GET", "devices/dev-99", None),
        ("GET", "devices?limit=0", None),
        ("POST", "requests", Some(json!({ "action": { "action": "dance", "params": {} } }))),
        ("POST", "draft/submit?site=site-1", Some(json!({ "version": 7 }))),
    ] {
        let answer = house.ask(method, &format!("/api/v1/{path}"), Some(&owner), body.as_ref()).await;
        assert!(answer.status.is_client_error(), "{method} {path}: {}", answer.status);
        let faults = document.faults(document.schema("Problem"), &answer.body);
        assert!(faults.is_empty(), "{method} {path}: {faults:#?}");
    }
}
