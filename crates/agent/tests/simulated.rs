//! The whole agent with the real drivers, against simulated miners that speak the vendors' protocols.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use adit_core::{
    fleet::{Activity, Ending, MissReason, Operation, PollResult, PowerMode},
    ids::{DeviceId, ScanTaskId},
};
use adit_sim::{Clock, Fault, Mac, Mode, Personality, SimConfig, Simulator};
use adit_wire::{Credential, ToServer};
use common::{
    bounded, command_id, device_order,
    server::{Agent, Server, config, options, scan_task},
};
use std::{net::Ipv4Addr, sync::atomic::AtomicU32, sync::atomic::Ordering};
use tempfile::TempDir;
use tokio::net::TcpListener;

const LATER: i64 = i64::MAX;

/// A 127.x.y.0/24 that no other test uses while it is held.
async fn subnet() -> ([u8; 3], TcpListener) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let n = std::process::id().wrapping_mul(53).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let [a, b, c] = [127, 50 + (n / 256 % 40) as u8, (n % 256) as u8];
        if let Ok(held) = TcpListener::bind((Ipv4Addr::new(a, b, c, 254), 4999)).await {
            return ([a, b, c], held);
        }
    }
}

struct Rig {
    sim: Simulator,
    server: Server,
    folder: TempDir,
    subnet: [u8; 3],
    _held: TcpListener,
}

/// Whatsminers of both kinds and Avalons in turn, on `.1` to `.n`, found by the agent. A simulated minute passes in a second.
async fn rig(n: u8) -> (Rig, Agent) {
    let ([a, b, c], held) = subnet().await;
    let base = Ipv4Addr::new(a, b, c, 1);
    let kinds = [Personality::WhatsminerV2, Personality::WhatsminerV3, Personality::AvalonA];
    let miners = (1..=n)
        .zip(kinds.into_iter().cycle())
        .map(|(host, kind)| adit_sim::MinerSpec::new(kind, Ipv4Addr::new(a, b, c, host)))
        .collect();
    let sim =
        Simulator::start(SimConfig { clock: Clock::with_speed(60.0), ..SimConfig::new(1, miners) }).await.unwrap();
    let mut task = scan_task(1, &[format!("{base}-{}", n + 5)]);
    let credential = |family: &str, user: &str, kind: Personality| Credential {
        family: family.to_owned(),
        user: user.to_owned(),
        password: kind.default_password().to_owned(),
    };
    task.credentials = vec![
        credential("whatsminer", "", Personality::WhatsminerV2),
        credential("whatsminer", "super", Personality::WhatsminerV3),
        credential("avalon", "", Personality::AvalonA),
    ];
    let server = Server::start(config(vec![task])).await;
    let folder = tempfile::tempdir().unwrap();
    let agent = Agent::start(options(&server, folder.path(), adit_drivers::all()));
    server.devices(n.into()).await;
    (Rig { sim, server, folder, subnet: [a, b, c], _held: held }, agent)
}

impl Rig {
    fn miner(&self, host: u8) -> adit_sim::MinerHandle {
        let [a, b, c] = self.subnet;
        self.sim.miner(Ipv4Addr::new(a, b, c, host)).unwrap()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_miner_is_found_read_and_told_what_to_do() {
    let (rig, agent) = rig(9).await;
    let status = rig.server.status(|status| status.devices == 9).await;
    assert_eq!((status.workers[0].scan_task, status.workers[0].identified), (ScanTaskId(1), 9));
    for device in 1..=9 {
        let reading = rig
            .server
            .until(|said| {
                said.iter().find_map(|(_, message)| match message {
                    ToServer::Polled { results } => results.iter().find_map(|result| match result {
                        PollResult::Answered { reading: r } => {
                            let mines = r.activity == Some(Activity::Mining) && r.power_w.is_some();
                            (r.device.0 == device && mines).then(|| r.clone())
                        }
                        PollResult::AuthRequired { .. } | PollResult::Missed { .. } | PollResult::Busy { .. } => None,
                    }),
                    _ => None,
                })
            })
            .await;
        assert!(reading.hashrate_ths.is_some_and(|rate| rate > 1.0), "{reading:?}");
    }
    for device in 1..=9 {
        rig.server.order(&device_order(device, device, Operation::Locate { on: true }, LATER));
    }
    for device in 1..=9_u8 {
        let result = rig.server.result(command_id(device.into())).await;
        assert!(result.ending.is_success(), "dev-{device}: {result:?}");
        assert!(rig.miner(device).truth().led, "dev-{device}");
    }
    rig.server.order(&device_order(20, 1, Operation::SetPowerMode { mode: PowerMode::Low }, LATER));
    let result = rig.server.result(command_id(20)).await;
    assert_eq!((result.ending, rig.miner(1).truth().mode), (Ending::Verified, Mode::Low), "{result:?}");
    bounded(agent.stop()).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reboot_sent_three_times_happens_once_and_is_read_back() {
    let (rig, _agent) = rig(3).await;
    for device in 1..=3 {
        let order = device_order(device, device, Operation::Reboot {}, LATER);
        for _ in 0..3 {
            rig.server.order(&order);
        }
    }
    for device in 1..=3_u8 {
        let result = rig.server.result(command_id(device.into())).await;
        assert_eq!(result.ending, Ending::Verified, "dev-{device}: {result:?}");
        assert_eq!(rig.miner(device).truth().reboots, 1, "dev-{device}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reboot_on_its_way_when_the_agent_dies_is_unknown_and_not_sent_again() {
    let (rig, agent) = rig(3).await;
    rig.sim.hold_writes();
    for device in 1..=3 {
        rig.server.order(&device_order(device, device, Operation::Reboot {}, LATER));
    }
    bounded(rig.sim.wait_held(3)).await;
    agent.kill(rig.folder.path()).await;
    rig.sim.release_writes();
    for host in 1..=3 {
        bounded(rig.miner(host).wait_for(|truth| truth.reboots == 1)).await;
        bounded(rig.miner(host).wait_online()).await;
    }
    let mut options = options(&rig.server, rig.folder.path(), adit_drivers::all());
    options.enrolment_token = None;
    let agent = Agent::start(options);
    for device in 1..=3_u8 {
        let result = rig.server.result(command_id(device.into())).await;
        assert_eq!(result.ending, Ending::Unknown, "dev-{device}: {result:?}");
        assert_eq!(rig.miner(device).truth().reboots, 1, "dev-{device}");
    }
    agent.stop().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_else_answers_at_an_address_gives_no_reading_and_takes_no_order() {
    let (rig, agent) = rig(3).await;
    let missed = |device| PollResult::Missed { device, reason: MissReason::OtherDevice };
    let polled = |message: &ToServer| match message {
        ToServer::Polled { results } => results.clone(),
        _ => Vec::new(),
    };
    for host in 1..=3 {
        rig.miner(host).set_fault(Fault::WrongMac { mac: Mac([2, 255, 0, 0, 0, host]) }).unwrap();
        let noticed = |said: &[(u32, ToServer)]| {
            said.iter().any(|(_, message)| polled(message).contains(&missed(DeviceId(host.into())))).then_some(())
        };
        rig.server.until(noticed).await;
        rig.server.order(&device_order(host.into(), host.into(), Operation::Reboot {}, LATER));
    }
    for host in 1..=3_u8 {
        let result = rig.server.result(command_id(host.into())).await;
        assert_eq!(result.ending, Ending::Skipped, "dev-{host}: {result:?}");
        assert_eq!((rig.miner(host).truth().reboots, rig.miner(host).writes().len()), (0, 0), "dev-{host}");
        let results = rig.server.said(|_, message| Some(polled(message))).concat();
        let of_device = results.into_iter().filter(|result| result.device() == DeviceId(host.into()));
        let since: Vec<_> = of_device.skip_while(|result| *result != missed(result.device())).collect();
        assert!(since.len() > 1 && since.iter().all(|result| *result == missed(result.device())), "{since:?}");
    }
    bounded(agent.stop()).await.unwrap();
}
