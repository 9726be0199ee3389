//! Pool users that are made for each device, from the dialog's first question to what the miners have in the end.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/rig.rs"]
mod rig;
mod support;

use adit_core::{
    authz::Actor,
    command::Command,
    fleet::{FoundDevice, OpKind, Operation, PollResult, Pool, Reading},
    ids::{AgentId, DeviceId, ScanTaskId},
    requests::{Action, Control, PolicyChange, RequestState, Scenario},
};
use adit_telemetry::DeviceStatus;
use rig::{Rig, all_are, wait_for};
use serde_json::{Value, json};
use support::{
    ACCOUNT, OWNER, approve, ask,
    house::{Answer, House, Signed, miner},
    until,
};

const URL: &str = "stratum+tcp://pool.example:3333";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn miners_get_the_names_that_were_approved_and_read_back_as_those() {
    let rig = Rig::start(44).await;
    let agent = rig.agent(None);
    let Rig { engine, live, people, fleet, .. } = &rig;
    let devices: Vec<_> = (1..=4).map(DeviceId).collect();
    wait_for("every miner is hashing", || all_are(live, &devices, DeviceStatus::Hashing)).await;
    let changes = vec![PolicyChange::counts(Scenario::FleetPoolChange, 1, 1)];
    ask(engine, OWNER, 99, Action::Control(Control::SetPolicies { changes }), &[]).await.unwrap();

    let pool = |user: &str| Pool { url: URL.into(), user: user.into(), password: None };
    let pools = vec![pool("farm.{ip3}x{ip4}-{name}"), pool("reserve.{mac}")];
    let id = ask(engine, OWNER, 100, Action::Device(Operation::SetPools { pools }), &devices).await.unwrap();
    assert_eq!(engine.state().request(id).unwrap().state, RequestState::Pending);
    approve(engine, people[0], id).await.unwrap();
    let done = until(engine, id, |request| request.state.is_terminal()).await;
    assert_eq!(done.state, RequestState::Executed, "{:?}", done.items);
    for truth in fleet.miners().iter().map(|miner| miner.truth()) {
        let [_, _, ip3, ip4] = truth.ip.octets();
        let state = engine.state();
        let device = state.devices().find(|device| device.found.ip == truth.ip).unwrap();
        let mac = device.found.identity.mac.as_deref().unwrap().replace(':', "");
        let users: Vec<_> = truth.pools.iter().map(|pool| pool.user.clone()).filter(|user| !user.is_empty()).collect();
        assert_eq!(users, [format!("farm.{ip3}x{ip4}-{}", device.id), format!("reserve.{mac}")]);
    }
    agent.stop().await;
    rig.end().await;
}

/// The three that take pools.
const THREE: [&str; 3] = ["dev-1", "dev-5", "dev-6"];

fn hear(house: &House, users: &[(u32, &str)]) {
    let reading = |(number, user): &(u32, &str)| -> PollResult {
        let pools = Some(vec![Pool { url: "POOL.example:3333/".into(), user: (*user).into(), password: None }]);
        Reading { pools, ..Reading::empty(DeviceId(*number)) }.into()
    };
    house.live.hear(&users.iter().map(reading).collect::<Vec<_>>(), house.engine.now());
}

async fn post(house: &House, who: &Signed, path: &str, body: Value) -> Answer {
    house.ask("POST", &format!("/api/v1/{path}"), Some(who), Some(&body)).await
}

fn set_pools(user: &str, targets: &[&str]) -> Value {
    let action = json!({ "action": "set_pools", "params": { "pools": [{ "url": URL, "user": user }] } });
    json!({ "action": action, "targets": targets })
}

/// The devices of each warning, by its code.
fn warned<'a>(preview: &'a Value, code: &str) -> Vec<&'a Value> {
    let warnings = preview["warnings"].as_array().unwrap().iter();
    warnings.filter(|warning| warning["code"] == code).map(|warning| &warning["devices"]).collect()
}

#[tokio::test]
async fn braces_that_are_no_name_are_refused_at_preview_draft_and_submission() {
    let (house, operator) = House::taking_pools().await;
    for (path, user) in [
        ("requests/preview", "farm.{serail}"),
        ("requests", "farm.{serail}"),
        ("draft/changes?site=site-1", "farm.{serail}"),
        ("requests/preview", "farm.{name"),
        ("requests", "farm.name}"),
    ] {
        let answer = post(&house, &operator, path, set_pools(user, &["dev-1"])).await;
        assert_eq!(answer.status, 422, "{path} {user}: {}", answer.text);
        let detail = answer.body["detail"].as_str().unwrap();
        for name in ["name", "ip", "ip3", "ip4", "mac", "serial", "position", "sub_account"] {
            assert!(detail.contains(&format!("{{{name}}}")), "{detail}");
        }
    }
}

#[tokio::test]
async fn the_preview_tells_what_each_device_gets_and_what_is_left_out() {
    let (house, operator) = House::taking_pools().await;
    hear(&house, &[(1, "farm.SN0001"), (5, "farm.old")]);
    let preview = post(&house, &operator, "requests/preview", set_pools("farm.{serial}", &THREE)).await.body;
    assert_eq!(warned(&preview, "no_worker_name"), [&json!(["dev-5", "dev-6"])]);
    assert_eq!(warned(&preview, "no_op"), [&json!(["dev-1"])], "judged by the text that is made: {preview}");
    assert_eq!(preview["effect"]["devices"], 1);

    let preview = post(&house, &operator, "requests/preview", set_pools("farm.{name}", &THREE)).await.body;
    assert!(warned(&preview, "no_op").is_empty());
    let rows = preview["changes"].as_array().unwrap().iter();
    let users: Vec<_> = rows.filter_map(|row| row["users"]["first"].as_array()).flatten().collect();
    let user =
        |device: &str, old: Option<&str>| json!({ "device": device, "old": old, "new": format!("farm.{device}") });
    for expected in [user("dev-1", Some("farm.SN0001")), user("dev-5", Some("farm.old")), user("dev-6", None)] {
        assert!(users.contains(&&expected), "{users:?}");
    }
    // Where the pool is the same but for its spelling, nothing is said of it.
    let rows = preview["changes"].as_array().unwrap().iter();
    let url: Vec<_> = rows.filter(|row| row["field"] == "pool_url" && row["before"] == "known").collect();
    assert_eq!((url.len(), &url[0]["weight"]), (1, &json!("same")), "{url:?}");

    let shared = post(&house, &operator, "requests/preview", set_pools("farm.{ip3}", &THREE)).await.body;
    assert_eq!(warned(&shared, "same_worker_name"), [&json!(THREE)]);
    assert!(warned(&preview, "same_worker_name").is_empty());
    let none = post(&house, &operator, "requests", set_pools("farm.{serial}", &["dev-5"])).await;
    assert_eq!(none.status, 422, "{}", none.text);
    assert!(none.body["detail"].as_str().unwrap().contains("serial number"), "{}", none.text);
}

#[tokio::test]
async fn whoever_decides_reads_the_template_and_every_devices_name() {
    let (house, operator) = House::taking_pools().await;
    let administrator = house.sign_in("administrator").await;
    hear(&house, &[(1, "farm.SN0001"), (5, "farm.old")]);
    let made = post(&house, &operator, "requests", set_pools("farm.{name}", &THREE)).await.body;
    let id = made["id"].as_str().unwrap();
    let said = "farm.{name} (dev-1 farm.SN0001 \u{2192} farm.dev-1, dev-5 farm.old \u{2192} farm.dev-5)";
    let line = made["changes_line"].as_str().unwrap();
    assert!(line.contains(said), "{line}");
    let log = house.get("audit?type=request_submitted", &administrator).await.body;
    assert!(log["items"][0]["changes"].as_str().unwrap().contains(said), "{log}");
    let items = house.get(&format!("requests/{id}/items"), &administrator).await.body;
    let users: Vec<_> = items["items"].as_array().unwrap().iter().map(|item| &item["users"]).collect();
    let user = |old: Option<&str>, new: &str| json!([{ "old": old, "new": new }]);
    let expected =
        [user(Some("farm.SN0001"), "farm.dev-1"), user(Some("farm.old"), "farm.dev-5"), user(None, "farm.dev-6")];
    assert!(users.iter().copied().eq(&expected), "{users:?}");
}

#[tokio::test]
async fn a_target_that_would_be_left_out_says_so_while_it_waits() {
    let (house, operator) = House::taking_pools().await;
    let made = post(&house, &operator, "requests", set_pools("farm.{ip4}", &THREE)).await.body;
    let path = format!("requests/{}/items", made["id"].as_str().unwrap());
    let message = |items: Value| items["items"][0]["message"].clone();
    assert_eq!(message(house.get(&path, &operator).await.body), Value::Null);
    let moved = FoundDevice { ip: [10, 0, 0, 99].into(), supports: vec![OpKind::SetPools], ..miner(1) };
    let report = Command::ReportDevices {
        agent: AgentId(1),
        scan_task: ScanTaskId(1),
        devices: vec![moved],
        heard: Default::default(),
    };
    house.engine.run(Actor::system(ACCOUNT), report).await.unwrap();
    let said = message(house.get(&path, &operator).await.body);
    assert_eq!(said, "stale: {ip4} was 1 when it was asked for and is 99 now");
}

#[tokio::test]
async fn a_change_begins_with_what_the_miners_have() {
    let (house, operator) = House::taking_pools().await;
    let now = |targets: &'static [&'static str]| {
        let (house, operator) = (&house, &operator);
        async move { post(house, operator, "devices/pools", json!({ "targets": targets })).await.body }
    };
    let silent = now(&THREE).await;
    assert_eq!(silent, json!({ "devices": 3, "not_reported": 3, "pools": [] }));
    hear(&house, &[(1, "farm.dev-1"), (5, "farm.dev-5")]);
    let url = json!({ "value": "POOL.example:3333/", "kinds": 1 });
    let user = json!({ "value": null, "kinds": 2, "template": "farm.{name}" });
    let both = json!({ "devices": 3, "not_reported": 1, "pools": [{ "url": url, "user": user }] });
    assert_eq!(now(&THREE).await, both);
    let one = json!({ "value": "farm.dev-1", "kinds": 1, "template": null });
    assert_eq!(now(&["dev-1"]).await["pools"][0]["user"], one);
    hear(&house, &[(5, "farm.other")]);
    assert_eq!(now(&THREE).await["pools"][0]["user"], json!({ "value": null, "kinds": 2, "template": null }));
    let north = house.sign_in("north_viewer").await;
    let beyond = post(&house, &north, "devices/pools", json!({ "targets": ["dev-3"] })).await;
    assert_eq!(beyond.status, 404);
}
