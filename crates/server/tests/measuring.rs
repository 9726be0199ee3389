//! What a request has come to in watts is what its devices draw once they have settled, not what they drew when they were read back.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::Actor,
    command::Command,
    fleet::{Activity, Ending, Operation, PollResult, PowerMode, Reading, TargetResult},
    ids::{DeviceId, RequestId},
    requests::Action,
    time::Millis,
};
use adit_server::measuring::Measuring;
use serde_json::{Value, json};
use support::{ACCOUNT, house::House, schema::Document};

fn reading(device: u32, watts: u32) -> Reading {
    Reading { activity: Some(Activity::Mining), power_w: Some(watts), ..Reading::empty(DeviceId(device)) }
}

/// The agent says that the orders have been carried out, at a draw that the devices will not keep.
async fn done(house: &House, id: RequestId) {
    for item in house.engine.state().open_work(id) {
        let result = TargetResult { power_before_w: Some(3_400), ..TargetResult::of(Ending::Verified, "asleep") };
        let report = Command::ReportResults { agent: item.agent(), results: vec![(item.command(), result)] };
        house.engine.run(Actor::system(ACCOUNT), report).await.unwrap();
    }
}

/// The devices say so much, so much later, and are looked at.
async fn look(house: &House, measuring: &mut Measuring, seconds: u64, watts: &[(u32, u32)]) {
    house.later(Millis::seconds(seconds)).await;
    let now = house.engine.now();
    let readings: Vec<_> = watts.iter().map(|(device, watts)| reading(*device, *watts).into()).collect();
    house.live.hear(&readings, now);
    let measured = measuring.look(&house.engine.state(), &house.live.read(), now);
    for (request, power) in measured {
        house.engine.run(Actor::system(ACCOUNT), Command::ReportPower { request, power }).await.unwrap();
    }
}

async fn measured(house: &House, id: RequestId) -> Value {
    let owner = house.sign_in("owner").await;
    let shown = house.get(&format!("requests/{id}"), &owner).await;
    let document = Document::read();
    assert_eq!(document.faults(document.schema("Request"), &shown.body), Vec::<String>::new());
    shown.body["measured"].clone()
}

const SLEEP: Action = Action::Device(Operation::SetPowerMode { mode: PowerMode::Sleep });

#[tokio::test]
async fn power_is_measured_once_it_has_settled_and_over_the_devices_that_were_foreseen() {
    let house = House::new().await;
    // Of the third nobody knows what it draws, so nothing is foreseen for it.
    house.live.hear(&[reading(1, 3_400).into(), reading(2, 3_300).into()], house.engine.now());
    let owner = house.sign_in("owner").await;
    let asked = json!({
        "action": { "action": "set_power_mode", "params": { "mode": "sleep" } }, "targets": ["dev-1", "dev-2", "dev-3"],
    });
    let asked = house.ask("POST", "/api/v1/requests", Some(&owner), Some(&asked)).await;
    assert!(asked.status.is_success(), "{}", asked.text);
    let id: RequestId = serde_json::from_value(asked.body["id"].clone()).unwrap();
    assert_eq!(measured(&house, id).await["devices"], 0, "it is under way");
    done(&house, id).await;
    let mut measuring = Measuring::default();
    measuring.take_all(&house.engine.state(), house.engine.now());
    let shown = measured(&house, id).await;
    assert_eq!((&shown["delta_w"], &shown["settling"]), (&json!(null), &json!(3)));

    // A ramp: at read-back they draw nearly what they did before, and one has peaked.
    for (one, two) in [(3_380, 3_500), (2_500, 3_000), (900, 1_200), (30, 60)] {
        look(&house, &mut measuring, 15, &[(1, one), (2, two), (3, 1_000)]).await;
    }
    let shown = measured(&house, id).await;
    assert_eq!((&shown["delta_w"], &shown["settling"]), (&json!(null), &json!(2)), "the third has settled: {shown}");
    // A restart of the server forgets nothing that the log has.
    let mut measuring = Measuring::default();
    measuring.take_all(&house.engine.state(), house.engine.now());
    for _ in 0..3 {
        look(&house, &mut measuring, 15, &[(1, 20), (2, 15)]).await;
    }
    let shown = measured(&house, id).await;
    assert_eq!((&shown["settling"], &shown["unsettled"]), (&json!(0), &json!(0)), "{shown}");
    let told = ["devices", "delta_w", "estimated_w"].map(|field| shown[field].clone());
    let foreseen = 15 - 3_400 + 15 - 3_300;
    assert_eq!(told, [json!(2), json!(20 + 15 - 2 * 3_400), json!(foreseen)], "the same devices on both sides");
}

#[tokio::test]
async fn what_is_told_something_else_meanwhile_or_never_settles_is_not_added_up() {
    let house = House::new().await;
    let id = house.request("owner", SLEEP, &[DeviceId(1), DeviceId(2)]).await;
    done(&house, id).await;
    let mut measuring = Measuring::default();
    measuring.take_all(&house.engine.state(), house.engine.now());
    look(&house, &mut measuring, 10, &[(1, 3_000), (2, 3_000)]).await;
    house.request("owner", Action::Device(Operation::Reboot {}), &[DeviceId(1)]).await;
    look(&house, &mut measuring, 10, &[(1, 2_000), (2, 2_000)]).await;
    let shown = measured(&house, id).await;
    assert_eq!((&shown["settling"], &shown["unsettled"]), (&json!(1), &json!(1)), "{shown}");
    look(&house, &mut measuring, 600, &[]).await;
    let shown = measured(&house, id).await;
    let told = ["settling", "unsettled", "devices", "delta_w"].map(|field| shown[field].clone());
    assert_eq!(told, [json!(0), json!(2), json!(0), json!(null)]);
}

#[tokio::test]
async fn an_operation_that_changes_no_power_shows_none() {
    let house = House::new().await;
    let id = house.request("owner", Action::Device(Operation::Reboot {}), &[DeviceId(1)]).await;
    done(&house, id).await;
    assert_eq!(measured(&house, id).await, json!(null));
}

/// A device that has worked in this mode for long enough.
fn in_mode(device: u32, mode: PowerMode, watts: u32) -> Reading {
    Reading { power_mode: Some(mode), uptime_s: Some(86_400), ..reading(device, watts) }
}

#[tokio::test]
async fn a_draw_is_foreseen_by_the_devices_own_then_its_kinds_then_the_makers_figure() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let preview = async |mode: &str, devices: &[u32]| {
        let targets: Vec<_> = devices.iter().map(|device| format!("dev-{device}")).collect();
        let action = json!({ "action": "set_power_mode", "params": { "mode": mode } });
        let asked = json!({ "action": action, "targets": targets });
        let shown = house.ask("POST", "/api/v1/requests/preview", Some(&owner), Some(&asked)).await;
        assert_eq!(shown.status, 200, "{}", shown.text);
        ["after_w", "band_w", "bases"].map(|field| shown.body["effect"][field].clone())
    };
    let bases = |own: u32, peers: u32, nameplate: u32| json!({ "own": own, "peers": peers, "nameplate": nameplate });
    let hear = |readings: &[Reading]| {
        let results: Vec<_> = readings.iter().cloned().map(PollResult::from).collect();
        house.live.hear(&results, house.engine.now())
    };
    hear(&[1, 2, 3, 4].map(|device| in_mode(device, PowerMode::Sleep, 15)));
    assert_eq!(preview("normal", &[4]).await, [json!(3_400), json!(340), bases(0, 0, 1)], "the maker's figure");
    hear(&[(1, 3_300), (2, 3_350)].map(|(device, watts)| in_mode(device, PowerMode::Normal, watts)));
    house.later(Millis::minutes(11)).await;
    hear(&[(1, 3_300), (2, 3_350)].map(|(device, watts)| in_mode(device, PowerMode::Normal, watts)));
    assert_eq!(preview("normal", &[4]).await[2], bases(0, 0, 1), "two say nothing about others");
    hear(&[in_mode(3, PowerMode::Normal, 3_900)]);
    house.later(Millis::minutes(11)).await;
    hear(&[in_mode(3, PowerMode::Normal, 3_900)]);
    assert_eq!(preview("normal", &[4]).await, [json!(3_350), json!(550), bases(0, 1, 0)], "the median of its kind");
    // Asleep again, it has its own history.
    hear(&[in_mode(3, PowerMode::Sleep, 15)]);
    assert_eq!(preview("normal", &[3, 4]).await, [json!(3_900 + 3_350), json!(118 + 550), bases(1, 1, 0)]);
}
