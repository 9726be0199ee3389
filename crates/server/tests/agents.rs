//! A real agent and simulated miners through the server: enrolment, finds, readings, orders and their results.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/rig.rs"]
mod rig;
mod support;

use adit_core::{
    fleet::{AgentMode, CommandId, Operation, PowerMode},
    ids::DeviceId,
    requests::{Action, Control, RequestState},
    time::Millis,
};
use adit_server::{CommandError, Engine};
use adit_telemetry::{AgentCondition, ConnectivityReason, DeviceStatus};
use rig::{Rig, all_are, generation, wait_for};
use support::{AGENT, OWNER, SITE, approve, ask, until};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_enrols_finds_miners_and_puts_three_to_sleep() {
    let rig = Rig::start(41).await;
    let agent = rig.agent(None);
    let Rig { engine, live, agents, people, fleet, .. } = &rig;
    let devices: Vec<_> = (1..=4).map(DeviceId).collect();
    wait_for("every miner is hashing", || all_are(live, &devices, DeviceStatus::Hashing)).await;
    assert!(agents.connected(AGENT).is_some());

    let sleep = Action::Device(Operation::SetPowerMode { mode: PowerMode::Sleep });
    let id = ask(engine, OWNER, 100, sleep, &devices[..3]).await.unwrap();
    let done = until(engine, id, |request| request.state.is_terminal()).await;
    assert_eq!(done.state, RequestState::Executed, "{:?}", done.items);
    assert_eq!(fleet.miners().iter().filter(|miner| miner.truth().sleeping).count(), 3);
    wait_for("the stages of ended orders are forgotten", || agents.stage(CommandId { request: id, item: 0 }).is_none())
        .await;

    wait_for("the agent says what it is doing", || generation(agents).is_some()).await;
    let before = generation(agents).unwrap();
    let restart = Action::Control(Control::RestartWorkers { site: SITE });
    let id = ask(engine, OWNER, 101, restart, &[]).await.unwrap();
    assert_eq!(engine.state().request(id).unwrap().state, RequestState::Pending);
    approve(engine, people[0], id).await.unwrap();
    let done = until(engine, id, |request| request.state.is_terminal()).await;
    assert_eq!(done.state, RequestState::Executed, "{:?}", done.items);
    wait_for("a new generation of workers", || generation(agents) > Some(before)).await;

    agent.stop().await;
    wait_for("its devices are unknown", || all_are(live, &devices, DeviceStatus::Unknown)).await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_paused_agent_hides_its_devices_and_gives_them_back_as_they_were() {
    let rig = Rig::start(47).await;
    let agent = rig.agent(None);
    let Rig { engine, live, agents, .. } = &rig;
    let devices: Vec<_> = (1..=4).map(DeviceId).collect();
    wait_for("every miner is hashing", || all_are(live, &devices, DeviceStatus::Hashing)).await;
    let levels = || {
        let table = live.read();
        let row = |device: &DeviceId| table.row(*device).unwrap();
        devices.iter().map(row).map(|row| (row.connectivity, row.activity)).collect::<Vec<_>>()
    };
    let before = levels();
    let pause = |number, paused| {
        let change = Control::ChangeAgent { agent: AGENT, name: "Shed".into(), mode: AgentMode::FullControl, paused };
        ask(engine, OWNER, number, Action::Control(change), &[])
    };
    pause(100, true).await.unwrap();
    wait_for("its devices are unknown", || all_are(live, &devices, DeviceStatus::Unknown)).await;
    assert!(levels().iter().all(|(level, _)| level.reason == Some(ConnectivityReason::AgentPaused)), "{:?}", levels());
    assert_eq!(agents.health(AGENT).unwrap().condition, AgentCondition::Paused);
    assert!(live.read().totals().left_out.power_w > 0.0, "what they drew last is known still");
    pause(101, false).await.unwrap();
    wait_for("every miner is hashing again", || all_are(live, &devices, DeviceStatus::Hashing)).await;
    assert_eq!(levels(), before);
    wait_for("it keeps up", || agents.health(AGENT).is_some_and(|is| is.condition == AgentCondition::Well)).await;
    assert_eq!(agents.load(AGENT).unwrap().interval, Millis::seconds(1));
    agent.stop().await;
    rig.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn e030_an_order_that_an_agent_did_not_fetch_before_a_freeze_goes_out_after_it() {
    let rig = Rig::start(43).await;
    let agent = rig.agent(None);
    let Rig { engine, live, agents, fleet, .. } = &rig;
    let devices: Vec<_> = (1..=4).map(DeviceId).collect();
    wait_for("every miner is hashing", || all_are(live, &devices, DeviceStatus::Hashing)).await;
    agent.stop().await;
    wait_for("its devices are unknown", || all_are(live, &devices, DeviceStatus::Unknown)).await;

    let sleep = Action::Device(Operation::SetPowerMode { mode: PowerMode::Sleep });
    let id = ask(engine, OWNER, 100, sleep, &devices[..1]).await.unwrap();
    ask(engine, OWNER, 101, Action::Control(Control::FreezeAccount {}), &[]).await.unwrap();
    let agent = rig.agent(None);
    // The first readings of a connection come after whatever it was greeted with.
    wait_for("every miner is hashing again", || all_are(live, &devices, DeviceStatus::Hashing)).await;
    assert_eq!(agents.stage(CommandId { request: id, item: 0 }), None, "it has not gone out");
    assert_eq!(fleet.miners().iter().filter(|miner| miner.truth().sleeping).count(), 0);

    ask(engine, OWNER, 102, Action::Control(Control::UnfreezeAccount {}), &[]).await.unwrap();
    let done = until(engine, id, |request| request.state.is_terminal()).await;
    assert_eq!(done.state, RequestState::Executed, "{:?}", done.items);
    agent.stop().await;
    rig.end().await;
}

/// What is answered to somebody who asks for what nobody would carry out.
async fn refused(engine: &Engine, number: u128, action: Action, devices: &[DeviceId]) -> &'static str {
    match ask(engine, OWNER, number, action, devices).await {
        Err(CommandError::Rejected(rejection)) => rejection.code(),
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_sites_own_policy_forbids_is_refused_before_anybody_approves_it() {
    let rig = Rig::start(42).await;
    let path = rig.root.path().join("policy.json");
    std::fs::write(&path, r#"{"operations": ["locate"], "restart_workers": false}"#).unwrap();
    let agent = rig.agent(Some(path));
    let (engine, devices) = (&rig.engine, [DeviceId(1), DeviceId(2)]);
    wait_for("every miner is hashing", || all_are(&rig.live, &devices, DeviceStatus::Hashing)).await;
    let sleep = || Action::Device(Operation::SetPowerMode { mode: PowerMode::Sleep });
    let restart = || Action::Control(Control::RestartWorkers { site: SITE });
    assert_eq!(refused(engine, 100, sleep(), &devices).await, "not_controlled");
    assert_eq!(refused(engine, 101, restart(), &[]).await, "no_targets");
    let locate = Action::Device(Operation::Locate { on: true });
    let id = ask(engine, OWNER, 102, locate, &devices).await.unwrap();
    let done = until(engine, id, |request| request.state.is_terminal()).await;
    assert_eq!(done.state, RequestState::Executed, "{:?}", done.items);

    agent.stop().await;
    let agent = rig.agent(None);
    wait_for("the agent says what its site permits now", || {
        engine.state().agent(AGENT).is_some_and(|agent| agent.site_policy.restart_workers)
    })
    .await;
    let id = ask(engine, OWNER, 103, sleep(), &devices).await.unwrap();
    let done = until(engine, id, |request| request.state.is_terminal()).await;
    assert_eq!(done.state, RequestState::Executed, "{:?}", done.items);
    assert!(ask(engine, OWNER, 104, restart(), &[]).await.is_ok());
    agent.stop().await;
    rig.end().await;
}
