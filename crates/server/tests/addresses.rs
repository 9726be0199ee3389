//! A machine with the MAC of another, and one that has really moved: a real agent and simulated miners through the server.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/rig.rs"]
mod rig;
mod support;

use adit_core::{
    command::Command,
    fleet::{Operation, PollResult, Reading},
    ids::{AgentId, DeviceId, ScanTaskId},
    requests::{Action, Control, Passwords, RequestState},
};
use adit_server::Engine;
use adit_sim::{Fault, MinerHandle};
use adit_telemetry::{Connectivity, DeviceStatus};
use rig::{Rig, all_are, wait_for};
use serde_json::json;
use std::net::{IpAddr, Ipv4Addr};
use support::{
    ACCOUNT, AGENT, OWNER, ask,
    house::{House, miner},
    until,
};

const NET: u8 = 49;
const KNOWN: [DeviceId; 3] = [DeviceId(1), DeviceId(2), DeviceId(3)];

fn address(n: u8) -> Ipv4Addr {
    Ipv4Addr::new(127, NET, 0, n)
}

/// Where the device is followed, and where else its agent sees it.
fn places(engine: &Engine, device: DeviceId) -> (IpAddr, Vec<IpAddr>) {
    let state = engine.state();
    let claims = state.claims_on(device).iter().map(|claim| claim.ip).collect();
    (state.device(device).unwrap().found.ip, claims)
}

/// Lets the agent search its addresses now.
async fn sweep(engine: &Engine, number: u128) {
    let change = Control::ChangeScanTask {
        scan_task: ScanTaskId(1),
        name: format!("all, {number}"),
        ranges: vec![format!("127.{NET}.0.1-4")],
        interval_s: 30,
        enabled: true,
        passwords_to_unknown: false,
        passwords: Passwords::Keep,
    };
    ask(engine, OWNER, number, Action::Control(change), &[]).await.unwrap();
}

/// Has the device's light switched on; then `there` has it on and `elsewhere` has not been told anything.
async fn light(engine: &Engine, number: u128, device: DeviceId, there: &MinerHandle, elsewhere: &MinerHandle) {
    let before = elsewhere.writes().len();
    let on = Action::Device(Operation::Locate { on: true });
    let id = ask(engine, OWNER, number, on, &[device]).await.unwrap();
    let done = until(engine, id, |request| request.state.is_terminal()).await;
    assert_eq!(done.state, RequestState::Executed, "{:?}", done.items);
    assert!(there.truth().led);
    assert_eq!(elsewhere.writes().len(), before);
}

/// One miner is a copy of another, MAC and serial number, and sleeps.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copied_mac_takes_no_row_over_and_a_device_that_moves_is_followed() {
    let rig = Rig::with(NET, |miners| {
        let (mac, serial) = (miners[0].mac, miners[0].serial.clone());
        (miners[3].mac, miners[3].serial, miners[3].sleeping) = (mac, serial, true);
    })
    .await;
    let Rig { engine, live, fleet, .. } = &rig;
    let [own, other] = [1, 4].map(|n| fleet.miner(address(n)).unwrap());
    let [here, there] = [1, 4].map(|n| IpAddr::V4(address(n)));
    other.set_fault(Fault::Offline).unwrap();
    let agent = rig.agent(None);
    wait_for("every miner is hashing", || all_are(live, &KNOWN, DeviceStatus::Hashing)).await;
    let known = engine.state().devices().find(|device| device.found.ip == here).unwrap().id;

    other.clear_faults();
    sweep(engine, 100).await;
    wait_for("the copy is seen", || places(engine, known) == (here, vec![there])).await;
    light(engine, 101, known, &own, &other).await;
    assert!(all_are(live, &KNOWN, DeviceStatus::Hashing), "the copy's sleep is not the device's");

    own.set_fault(Fault::Offline).unwrap();
    // Nobody asks for a sweep: the agent tells again where it has seen what is silent.
    wait_for("it is followed", || places(engine, known) == (there, vec![])).await;
    wait_for("it is read there", || all_are(live, &[known], DeviceStatus::Sleeping)).await;
    light(engine, 102, known, &other, &own).await;

    // An agent that was away does not know yet whether the device is where it was, and takes nobody else for it.
    agent.stop().await;
    let unknown = || live.read().row(known).unwrap().connectivity.value == Connectivity::Unknown;
    wait_for("nobody knows how it is", unknown).await;
    own.clear_faults();
    let agent = rig.agent(None);
    wait_for("it is read where it was", || all_are(live, &[known], DeviceStatus::Sleeping)).await;
    sweep(engine, 103).await;
    wait_for("whoever has come back is the other now", || places(engine, known) == (there, vec![here])).await;

    let keep = Action::Control(Control::MoveDevices { devices: vec![known], agent: AGENT });
    own.set_fault(Fault::Offline).unwrap();
    ask(engine, OWNER, 104, keep, &[]).await.unwrap();
    assert_eq!(places(engine, known), (there, vec![]));
    agent.stop().await;
    rig.end().await;
}

/// What is told of a device at two addresses: with the device, in the list, and to those who do not reach who says so.
#[tokio::test]
async fn both_addresses_are_told_with_whose_word_it_is() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    house.live.hear(&[PollResult::from(Reading::empty(DeviceId(1)))], house.engine.now());
    let mut copy = miner(1);
    copy.ip = [10, 0, 1, 77].into();
    for agent in [AgentId(1), AgentId(2)] {
        let report = Command::ReportDevices {
            agent,
            scan_task: ScanTaskId(agent.0),
            devices: vec![copy.clone()],
            heard: [DeviceId(1)].into(),
        };
        house.engine.run(adit_core::authz::Actor::system(ACCOUNT), report).await.unwrap();
    }
    let conflicts = house.get("device-conflicts", &owner).await.body;
    let told = &conflicts["items"][0];
    assert_eq!(
        (&conflicts["total"], &told["ip"], &told["holder"]["id"]),
        (&json!(1), &json!("10.0.0.1"), &json!("agt-1"))
    );
    let said = |n: usize| (&told["claims"][n]["agent"]["id"], &told["claims"][n]["ip"]);
    assert_eq!([said(0), said(1)], [(&json!("agt-1"), &json!("10.0.1.77")), (&json!("agt-2"), &json!("10.0.1.77"))]);

    let row = house.get("devices/dev-1", &owner).await.body;
    let said = |n: usize| [&row["claims"][n]["agent"], &row["claims"][n]["ip"], &row["claims"][n]["by_holder"]];
    assert_eq!(said(0), [&json!("Norte-agent"), &json!("10.0.1.77"), &json!(true)]);
    assert_eq!(said(1), [&json!("Sur-agent"), &json!("10.0.1.77"), &json!(false)]);
    let viewer = house.sign_in("north_viewer").await;
    let row = house.get("devices/dev-1", &viewer).await.body;
    let hidden = [&row["claims"][1]["agent"], &row["claims"][1]["ip"], &row["claims"][1]["by_holder"]];
    assert_eq!(hidden, [&json!(null), &json!(null), &json!(false)]);
}
