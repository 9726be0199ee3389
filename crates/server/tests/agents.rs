//! A real agent and simulated miners through the server: enrolment, finds, readings, orders and their results.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_agent::{AgentOptions, Pace};
use adit_core::{
    fleet::{Operation, PowerMode},
    ids::DeviceId,
    requests::{Action, Control, RequestState},
};
use adit_server::{
    Agents, Engine, Live, SystemClock,
    agents::{credentials_name, router},
};
use adit_sim::{MinerSpec, Personality, SimConfig, Simulator};
use adit_store::DataDir;
use adit_telemetry::DeviceStatus;
use adit_wire::Credential;
use std::{
    net::Ipv4Addr,
    sync::{Arc, Mutex},
    time::Duration,
};
use support::{AGENT, OWNER, PASSWORDS, SITE, TOKEN, approve, ask, bounded, company, site, until};
use tokio::{net::TcpListener, sync::oneshot, time::sleep};

/// Asks again and again until the answer is yes.
async fn wait_for(what: &str, wanted: impl Fn() -> bool) {
    bounded(what, async {
        while !wanted() {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

fn all_are(live: &Live, devices: &[DeviceId], status: DeviceStatus) -> bool {
    let table = live.read();
    devices.iter().all(|id| table.row(*id).is_some_and(|row| row.status == status))
}

fn generation(agents: &Agents) -> Option<u32> {
    agents.connected(AGENT)?.status?.workers.first().map(|worker| worker.generation)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_enrols_finds_miners_and_puts_three_to_sleep() {
    let miners = (1..=4).map(|n| MinerSpec::new(Personality::WhatsminerV2, Ipv4Addr::new(127, 41, 0, n)));
    let fleet = Simulator::start(SimConfig::new(7, miners.collect())).await.unwrap();

    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(root.path().join("server")).unwrap();
    let engine = Engine::start(Box::new(dir.log().unwrap()), Arc::new(SystemClock)).unwrap();
    let people = company(&engine, 1).await;
    site(&engine, vec!["127.41.0.1-4".into()]).await;
    let mut secrets = dir.secrets().unwrap();
    let passwords = [Credential { family: "whatsminer".into(), user: String::new(), password: "admin".into() }];
    secrets.put(&credentials_name(PASSWORDS), &serde_json::to_vec(&passwords).unwrap()).unwrap();
    let live = Live::of(&engine);
    let agents = Agents::new(engine.clone(), live.clone(), Arc::new(Mutex::new(secrets)), 1).unwrap();
    let followed = Arc::clone(&agents);
    let follower = tokio::spawn(async move { followed.follow().await });
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let service = router(Arc::clone(&agents));
    let server = tokio::spawn(async move { axum::serve(listener, service).await });

    let mut options = AgentOptions::new(format!("ws://{address}"), root.path().join("agent"), adit_drivers::all());
    options.enrolment_token = Some(TOKEN.to_owned());
    options.pace = Pace { batch: Duration::from_millis(50), status: Duration::from_millis(200), ..Pace::default() };
    let (stop, stopped) = oneshot::channel::<()>();
    let agent = tokio::spawn(adit_agent::run(options, async move {
        let _ = stopped.await;
    }));

    let devices: Vec<_> = (1..=4).map(DeviceId).collect();
    wait_for("every miner is hashing", || all_are(&live, &devices, DeviceStatus::Hashing)).await;
    assert!(agents.connected(AGENT).is_some());

    let sleep = Action::Device(Operation::SetPowerMode { mode: PowerMode::Sleep });
    let id = ask(&engine, OWNER, 100, sleep, &devices[..3]).await.unwrap();
    let done = until(&engine, id, |request| request.state.is_terminal()).await;
    assert_eq!(done.state, RequestState::Executed, "{:?}", done.items);
    assert_eq!(fleet.miners().iter().filter(|miner| miner.truth().sleeping).count(), 3);
    wait_for("the stages of ended orders are forgotten", || {
        agents.stage(adit_core::fleet::CommandId { request: id, item: 0 }).is_none()
    })
    .await;

    wait_for("the agent says what it is doing", || generation(&agents).is_some()).await;
    let before = generation(&agents).unwrap();
    let restart = Action::Control(Control::RestartWorkers { site: SITE });
    let id = ask(&engine, OWNER, 101, restart, &[]).await.unwrap();
    assert_eq!(engine.state().request(id).unwrap().state, RequestState::Pending);
    approve(&engine, people[0], id).await.unwrap();
    let done = until(&engine, id, |request| request.state.is_terminal()).await;
    assert_eq!(done.state, RequestState::Executed, "{:?}", done.items);
    wait_for("a new generation of workers", || generation(&agents) > Some(before)).await;

    stop.send(()).unwrap();
    bounded("the agent ends", agent).await.unwrap().unwrap();
    wait_for("its devices are unknown", || all_are(&live, &devices, DeviceStatus::Unknown)).await;
    follower.abort();
    server.abort();
    fleet.stop().await;
}
