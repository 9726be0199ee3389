//! A restart of the server changes neither what devices said last nor since when they and their agents are as they are.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/rig.rs"]
mod rig;
mod support;

use adit_agent::{AgentOptions, Pace};
use adit_core::{
    ids::DeviceId,
    time::{Millis, Timestamp},
};
use adit_server::{
    Live, Opened, Server, ServerOptions,
    agents::{credentials_name, enrolment_token},
    api::Options,
};
use adit_sim::{MinerSpec, Personality, SimConfig, Simulator};
use adit_telemetry::{AgentCondition, Connectivity, ConnectivityReason, DeviceStatus, Health, Last, Level};
use adit_wire::Credential;
use rig::{RunningAgent, all_are, wait_for};
use std::{fs, net::Ipv4Addr, path::Path, sync::Arc, time::Duration};
use support::{AGENT, PASSWORDS, TOKEN, company, house::ForwardClock, site};
use tokio::sync::oneshot;

const DEVICES: [DeviceId; 3] = [DeviceId(1), DeviceId(2), DeviceId(3)];

fn options(data: &Path, port: u16) -> ServerOptions {
    ServerOptions {
        data: data.to_owned(),
        listen: (Ipv4Addr::LOCALHOST, port).into(),
        poll_interval_s: 1,
        heads: None,
        api: Options::default(),
    }
}

/// What is told of every device, with since when.
type Told = (DeviceStatus, Timestamp, Level<Connectivity, ConnectivityReason>, Option<Last>);

fn told(live: &Live) -> Vec<Told> {
    let live = live.read();
    let row = |device: &DeviceId| live.row(*device).unwrap();
    DEVICES.iter().map(row).map(|row| (row.status, row.since, row.connectivity, row.last.cloned())).collect()
}

fn are_restored(server: &Server) -> bool {
    let live = server.live().read();
    DEVICES.iter().all(|device| live.row(*device).unwrap().is_restored)
}

/// How many devices are in no sum, and why. In the same moment their agent is gone if that is why, and only then.
fn left_out(server: &Server) -> Vec<(&'static str, u32)> {
    let live = server.live().read();
    let totals = live.totals();
    let why: Vec<_> = totals.left_out_for().into_iter().map(|(why, some)| (why.as_str(), some.devices)).collect();
    assert_eq!(totals.power_known + totals.left_out.devices, 3);
    let is_gone = live.agent(AGENT).is_some_and(|health| health.condition == AgentCondition::Gone);
    assert_eq!(is_gone, why.iter().any(|(why, _)| *why == "agent_gone"), "{why:?}");
    why
}

fn health(server: &Server) -> Option<Health> {
    server.live().read().agent(AGENT)
}

/// A server that knows a site with three miners, and an agent on it that goes on looking for the server.
async fn start(root: &Path, net: u8, clock: &Arc<ForwardClock>) -> (Server, Simulator, RunningAgent) {
    let miners = (1..=3).map(|n| MinerSpec::new(Personality::WhatsminerV2, Ipv4Addr::new(127, net, 0, n)));
    let fleet = Simulator::start(SimConfig::new(7, miners.collect())).await.unwrap();
    let data = root.join("server");
    let opened = Opened::by_clock(data.clone(), clock.clone()).unwrap();
    company(opened.engine(), 1).await;
    site(opened.engine(), vec![format!("127.{net}.0.1-3")]).await;
    let passwords = [Credential { family: "whatsminer".into(), user: String::new(), password: "admin".into() }];
    let token = {
        let mut secrets = opened.secrets();
        secrets.put(&credentials_name(PASSWORDS), &serde_json::to_vec(&passwords).unwrap()).unwrap();
        enrolment_token(&mut secrets, TOKEN).unwrap()
    };
    let server = opened.serve(options(&data, 0)).await.unwrap();
    let mut agent = AgentOptions::new(format!("ws://{}", server.address()), root.join("agent"), adit_drivers::all());
    agent.enrolment_token = Some(token);
    agent.pace = Pace {
        batch: Duration::from_millis(50),
        retry_from: Duration::from_millis(50),
        retry_to: Duration::from_millis(500),
        ..Pace::default()
    };
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(adit_agent::run(agent, async move {
        let _ = stopped.await;
    }));
    wait_for("every miner is hashing", || all_are(server.live(), &DEVICES, DeviceStatus::Hashing)).await;
    (server, fleet, RunningAgent { stop, running })
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn neither_since_nor_values_change() {
    let root = tempfile::tempdir().unwrap();
    let (server, fleet, agent) = start(root.path(), 45, &Arc::default()).await;
    let (data, port, live) = (root.path().join("server"), server.address().port(), server.live().clone());
    agent.stop().await;
    server.stop().await;
    let before = told(&live);
    let server = Server::start(options(&data, port)).await.unwrap();
    assert_eq!(told(server.live()), before);
    assert!(are_restored(&server));
    assert_eq!(health(&server), None, "an agent that was well has its time to come back");
    server.stop().await;

    // Ended in the middle of everything, with what was saved last.
    let server = Server::start(options(&data, port)).await.unwrap();
    let saved = fs::read(data.join("live")).unwrap();
    wait_for("it is saved while it runs", || fs::read(data.join("live")).unwrap() != saved).await;
    drop(server);
    let server = again(&data, port).await;
    assert_eq!(told(server.live()), before);
    server.stop().await;

    let mut damaged = fs::read(data.join("live")).unwrap();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    fs::write(data.join("live"), damaged).unwrap();
    let server = Server::start(options(&data, port)).await.unwrap();
    assert!(all_are(server.live(), &DEVICES, DeviceStatus::Unknown), "it starts, and knows nothing");
    let lost = |(.., level, _): &Told| level.reason == Some(ConnectivityReason::NotRestored);
    assert!(told(server.live()).iter().all(lost), "and says so: they have been read");
    assert!(!are_restored(&server));
    server.stop().await;
    fleet.stop().await;
}

/// Once the folder of a server that was dropped is free.
async fn again(data: &Path, port: u16) -> Server {
    loop {
        match Server::start(options(data, port)).await {
            Ok(server) => return server,
            Err(error) => {
                tracing::debug!(%error, "not yet");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_comes_back_confirms_what_was_restored() {
    let root = tempfile::tempdir().unwrap();
    let (server, fleet, agent) = start(root.path(), 46, &Arc::default()).await;
    let (data, port, live) = (root.path().join("server"), server.address().port(), server.live().clone());
    server.stop().await;
    let levels = |live: &Live| told(live).into_iter().map(|row| (row.0, row.1, row.2)).collect::<Vec<_>>();
    let (before, health_before) = (levels(&live), live.read().agent(AGENT));
    let server = Server::start(options(&data, port)).await.unwrap();
    wait_for("the agent is back and has read every miner", || {
        let live = server.live().read();
        DEVICES.iter().all(|device| live.row(*device).is_some_and(|row| !row.is_restored && row.is_current))
    })
    .await;
    assert_eq!(levels(server.live()), before);
    assert_eq!(health(&server), health_before, "well, and since before");
    agent.stop().await;
    server.stop().await;
    fleet.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_agent_that_was_gone_is_told_as_gone_since_then_from_the_first_moment() {
    let (root, clock) = (tempfile::tempdir().unwrap(), Arc::<ForwardClock>::default());
    let (server, fleet, agent) = start(root.path(), 47, &clock).await;
    let (data, port) = (root.path().join("server"), server.address().port());
    agent.stop().await;
    clock.forward(Millis::seconds(5));
    let without = |server: &Server| left_out(server).iter().map(|(_, devices)| devices).sum::<u32>();
    wait_for("what they said is too old to count", || without(&server) == 3).await;
    clock.forward(Millis::seconds(10));
    wait_for("it is seen that the agent is gone", || left_out(&server) == [("agent_gone", 3)]).await;
    let (before, gone) = (told(server.live()), health(&server));
    let Level { value, reason, .. } = before[0].2;
    assert_eq!((value, reason), (Connectivity::Unknown, Some(ConnectivityReason::AgentGone)));
    server.stop().await;

    for _ in 0..2 {
        clock.forward(Millis::seconds(20));
        let opened = Opened::by_clock(data.clone(), clock.clone()).unwrap();
        let server = opened.serve(options(&data, port)).await.unwrap();
        assert_eq!((health(&server), told(server.live())), (gone, before.clone()));
        server.stop().await;
    }
    fleet.stop().await;
}
