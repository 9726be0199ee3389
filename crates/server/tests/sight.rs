//! Who is shown which requests, and what a grant on a group opens.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Actor, ApiAccess, Node, Role, Scope},
    command::{Command, Reply},
    ids::{AgentId, DeviceId, GroupId, ScanTaskId},
    requests::{Action, Control, GrantChange, NewGrant, NewKey, PolicyChange, Scenario},
};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use support::{
    ACCOUNT,
    house::{House, Signed, miner},
    operator,
    schema::Document,
};

/// Ids of the requests that somebody is shown.
async fn shown(house: &House, who: &Signed) -> BTreeSet<String> {
    let page = house.get("requests?limit=200", who).await;
    page.body["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn what_is_about_people_keys_and_rules_is_for_those_who_may_view_that_for_voters_and_for_whoever_asked() {
    let house = House::new().await;
    let ask = async |control| house.request("owner", Action::Control(control), &[]).await.to_string();
    let people = [
        ask(Control::SuspendUser { user: house.users["field_operator"] }).await,
        ask(Control::UnsuspendUser { user: house.users["field_operator"] }).await,
        ask(Control::CreateRole {
            name: "Night".into(),
            permissions: [adit_core::authz::Permission::DeviceList].into(),
        })
        .await,
        ask(Control::CreateGroup { name: "Row".into(), devices: vec![DeviceId(1)] }).await,
    ];
    let grant =
        house.engine.state().grants_of(support::ACCOUNT).find(|g| g.user == house.users["engineer"]).unwrap().id;
    let (role, api_access) = (Role::Engineer.into(), ApiAccess::ReadOnly);
    let change = GrantChange { grant, role, scope: Scope::All, expires_at: None, remark: None, api_access };
    ask(Control::ChangeGrant(change)).await;
    let new = NewKey::new(grant, "Monitoring", ApiAccess::ReadOnly, "ab".repeat(32));
    let key = ask(Control::IssueKey(new)).await;
    let rules = ask(Control::SetPolicies { changes: vec![PolicyChange::counts(Scenario::FleetPower, 2, 0)] }).await;
    let all: BTreeSet<_> = people.iter().cloned().chain([rules.clone(), key.clone()]).collect();

    for role in Role::ALL.iter().filter(|role| **role != Role::FieldOperator) {
        let who = house.sign_in(role.name()).await;
        let seen: BTreeSet<_> = shown(&house, &who).await.intersection(&all).cloned().collect();
        let expected: BTreeSet<_> = match role {
            Role::Owner | Role::Administrator | Role::Auditor => all.clone(),
            Role::SiteManager => people.iter().cloned().collect(),
            _ => BTreeSet::new(),
        };
        assert_eq!(seen, expected, "{}", role.name());
        for id in &all {
            let status = house.get(&format!("requests/{id}"), &who).await.status;
            assert_eq!(status == 200, expected.contains(id), "{} {id}", role.name());
            assert!(status == 200 || status == 404);
        }
    }
    let limited = house.sign_in("north_auditor").await;
    assert!(shown(&house, &limited).await.is_disjoint(&all));
}

#[tokio::test]
async fn whoever_may_decide_a_request_sees_it_and_whoever_asked_for_it_too() {
    let house = House::new().await;
    let keep = json!({ "action": { "action": "set_policies", "params": { "changes": [{ "scenario": "hashrate.transfer", "required": 2, "required_other": 0 }] } } });
    let administrator = house.sign_in("administrator").await;
    let made = house.ask("POST", "/api/v1/requests", Some(&administrator), Some(&keep)).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let engineer = house.sign_in("engineer").await;
    let assign =
        json!({ "action": { "action": "assign_devices", "params": { "devices": ["dev-1"], "sub_account": null } } });
    let asked = house.ask("POST", "/api/v1/requests", Some(&engineer), Some(&assign)).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    let id = asked.body["id"].as_str().unwrap();
    for name in ["engineer", "administrator", "owner"] {
        let who = house.sign_in(name).await;
        assert_eq!(house.get(&format!("requests/{id}"), &who).await.status, 200, "{name}");
    }
    let limited = house.sign_in("north_technician").await;
    assert_eq!(house.get(&format!("requests/{id}"), &limited).await.status, 404);
}

#[tokio::test]
async fn a_filter_of_requests_tells_nobody_of_devices_that_they_do_not_see() {
    let house = House::new().await;
    let reboot = Action::Device(adit_core::fleet::Operation::Reboot {});
    let control = Action::Control(Control::CreateGroup { name: "Row".into(), devices: vec![DeviceId(1)] });
    house.request("owner", control, &[]).await;
    let who = member(&house).await;
    let both = house.request("owner", reboot, &[DeviceId(1), DeviceId(2)]).await.to_string();
    let owner = house.sign_in("owner").await;
    let found = async |query: &str, who: &Signed| {
        let page = house.get(&format!("requests?{query}"), who).await;
        assert_eq!(page.status, 200, "{query}: {}", page.text);
        let ids = page.body["items"].as_array().unwrap().iter().map(|one| one["id"].as_str().unwrap().to_owned());
        ids.collect::<Vec<_>>()
    };
    let state = house.engine.state();
    let site = state.device(DeviceId(1)).unwrap().site;
    let number = state.requests().find(|request| request.id.to_string() == both).unwrap().number;
    let by = house.users["owner"];
    for query in [
        "device=dev-1".to_owned(),
        format!("site={site}&scenario=fleet.power"),
        format!("person={by}&scenario=fleet.power"),
        format!("q=R-{number}"),
        format!("q={number}&state=executed,executing"),
        "q=REBOOT".into(),
    ] {
        for who in [&who, &owner] {
            assert_eq!(found(&query, who).await, [both.as_str()], "{query}");
        }
    }
    assert_eq!(found("device=dev-2", &owner).await, [both.as_str()]);
    for query in ["device=dev-2", "device=dev-99", "site=site-99", "person=usr-99", "q=R-99", "q=reboot+nothing"] {
        assert_eq!(found(query, &who).await, Vec::<String>::new(), "{query}");
    }
    for query in ["device=first", "site=usr-1", "person=me"] {
        let refused = house.get(&format!("requests?{query}"), &owner).await;
        assert_eq!((refused.status.as_u16(), &refused.body["code"]), (422, &json!("invalid_parameter")), "{query}");
    }
}

#[tokio::test]
async fn a_device_is_found_by_what_stands_on_its_label() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let state = house.engine.state();
    let device = state.device(DeviceId(1)).unwrap();
    let (mac, serial) = (device.found.identity.mac.clone().unwrap(), device.found.identity.serial.clone());
    let mut labels = vec![mac.clone(), mac.to_uppercase(), mac.replace(':', "-"), mac.replace(':', "")];
    labels.extend(serial.map(|serial| serial.to_lowercase()));
    for label in labels {
        let page = house.get(&format!("devices?q={label}"), &owner).await;
        assert_eq!((&page.body["total"], &page.body["items"][0]["id"]), (&json!(1), &json!("dev-1")), "{label}");
    }
    assert_eq!(house.get("devices?q=ffffffffffff", &owner).await.body["total"], 0);
}

#[tokio::test]
async fn whoever_types_all_of_an_address_finds_that_device_first() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let more = Command::ReportDevices {
        agent: AgentId(1),
        scan_task: ScanTaskId(1),
        devices: (10..14).map(miner).collect(),
        heard: Default::default(),
    };
    house.engine.run(Actor::system(ACCOUNT), more).await.unwrap();
    let state = house.engine.state();
    house.live.take_all(&state, house.engine.now());
    let mut ambiguous = 0;
    for device in state.devices() {
        for text in [device.found.ip.to_string(), device.id.to_string()] {
            let page = house.get(&format!("devices?q={text}&limit=1"), &owner).await;
            assert_eq!(page.body["items"][0]["id"], json!(device.id), "{text}");
            ambiguous += usize::from(page.body["total"].as_u64() > Some(1));
        }
    }
    assert!(ambiguous > 0, "no address here is the beginning of another");
}

#[tokio::test]
async fn an_empty_resource_is_a_mistake_and_no_question_about_everything() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let explain = format!("explain?subject={}&action=device.reboot&resource=", house.users["owner"]);
    for path in ["me/permissions?resource=", &explain] {
        let refused = house.get(path, &owner).await;
        let at = &refused.body["errors"][0]["parameter"];
        assert_eq!((refused.status.as_u16(), at), (422, &json!("resource")), "{path}: {}", refused.text);
    }
}

/// Somebody who reaches the group `grp-1` and nothing else.
async fn member(house: &House) -> Signed {
    let Reply::User(user) = house.engine.run(operator(&house.engine), Command::AddUser).await.unwrap() else {
        unreachable!()
    };
    let scope = Scope::Nodes([Node::Group(GroupId(1))].into());
    let grant = Control::AddGrant(NewGrant::new(user, Role::Auditor, scope));
    house.request("owner", Action::Control(grant), &[]).await;
    house.join("member", user);
    house.sign_in("member").await
}

#[tokio::test]
async fn a_group_is_made_changed_and_deleted_by_request_and_opens_its_devices_everywhere() {
    let house = House::new().await;
    let document = Document::read();
    let owner = house.sign_in("owner").await;
    let ask = async |method: &str, path: &str, body: Value| {
        let body = (!body.is_null()).then_some(&body);
        house.ask(method, &format!("/api/v1/{path}"), Some(&owner), body).await
    };
    let made = ask("POST", "groups", json!({ "name": "Row 3", "devices": ["dev-4", "dev-1"] })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    assert_eq!(document.faults(document.schema("Request"), &made.body), Vec::<String>::new());
    let who = member(&house).await;

    for (path, schema) in [("groups", "GroupPage"), ("groups/grp-1", "Group")] {
        let answer = house.get(path, &who).await;
        assert_eq!(document.faults(document.schema(schema), &answer.body), Vec::<String>::new(), "{path}");
    }
    let ids = async || house.get("devices/ids", &who).await.body["ids"].clone();
    assert_eq!(ids().await, json!(["dev-1", "dev-4"]));
    let page = house.get("devices", &who).await;
    assert_eq!((&page.body["total"], &page.body["facets"]["model"]), (&json!(2), &json!({ "M30S++": 2 })));
    assert_eq!(house.get("devices?q=dev-2", &who).await.body["total"], 0);
    assert_eq!(house.get("overview", &who).await.body["devices"]["total"], 2);
    assert_eq!(house.get("devices/dev-2", &who).await.status, 404);
    assert_eq!(house.get("devices/dev-4", &who).await.status, 200);
    assert_eq!(house.get("sites", &who).await.body["items"], json!([]));
    house.request("owner", Action::Device(adit_core::fleet::Operation::Reboot {}), &[DeviceId(1), DeviceId(2)]).await;
    let requests = house.get("requests", &who).await;
    assert_eq!((&requests.body["total"], &requests.body["items"][0]["targets"]), (&json!(1), &json!(1)));
    for path in ["requests", "devices", "audit?limit=500", "overview"] {
        let text = house.get(path, &who).await.text;
        assert!(!text.contains("dev-2") && !text.contains("dev-3"), "{path}: {text}");
    }
    assert_eq!(house.get("devices?group=grp-1", &owner).await.body["total"], 2);

    let tag = house.get("groups/grp-1", &owner).await.header("etag").to_owned();
    assert_eq!(tag, "\"1\"");
    let changed = ask("PUT", "groups/grp-1", json!({ "name": "Row 3", "devices": ["dev-3"] })).await;
    assert_eq!(changed.status, 200, "{}", changed.text);
    assert_eq!(ids().await, json!(["dev-3"]));
    assert_eq!(house.get("devices/dev-4", &who).await.status, 404);
    assert_eq!(ask("DELETE", "groups/grp-1", Value::Null).await.body["code"], "invalid");
    let administrator = house.sign_in("administrator").await;
    let refused = json!({ "name": "Mine", "devices": [] });
    assert_eq!(house.ask("POST", "/api/v1/groups", Some(&administrator), Some(&refused)).await.status, 403);
    assert_eq!(ask("POST", "groups", json!({ "name": "Row 4", "devices": [] })).await.status, 201);
    assert_eq!(house.get("groups", &who).await.body["items"].as_array().unwrap().len(), 1, "only what a grant names");
    assert_eq!(house.get("groups/grp-2", &who).await.status, 404);
    assert_eq!(house.get("devices?group=grp-2", &who).await.status, 404);
    assert_eq!(ask("DELETE", "groups/grp-2", Value::Null).await.status, 200);
}
