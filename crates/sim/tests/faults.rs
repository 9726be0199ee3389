//! Every fault, over real sockets, with every personality.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::io::ErrorKind;
use std::time::Duration;

use adit_sim::{Clock, Fault, FaultRule, MinerSpec, Scope, SimConfig, Simulator, WriteOutcome};
use common::{Client, Lab, Subnet, bounded, personalities};

/// Starts switching the light on from another task.
fn led(lab: &Lab) -> tokio::task::JoinHandle<std::io::Result<bool>> {
    let client = lab.client.clone();
    tokio::spawn(async move { client.led(true).await })
}

#[tokio::test]
async fn applied_without_a_reply() {
    bounded(async {
        for personality in personalities().await {
            let lab = Lab::new(personality).await;
            lab.miner.set_fault(Fault::AppliedNoReply).unwrap();
            let write = led(&lab);
            lab.miner.wait_for(|truth| truth.led).await;
            assert!(!write.is_finished(), "{personality:?}");
            lab.miner.clear_faults();
            assert!(write.await.unwrap().is_err());

            lab.miner.set_fault(Fault::AppliedThenClosed).unwrap();
            assert!(lab.client.led(false).await.is_err());
            assert!(!lab.miner.truth().led);
            lab.client.read().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn replied_without_applying() {
    bounded(async {
        for personality in personalities().await {
            let lab = Lab::new(personality).await;
            lab.miner.set_fault(Fault::ReplyNotApplied).unwrap();
            assert!(lab.client.led(true).await.unwrap(), "{personality:?}");
            assert!(!lab.miner.truth().led);
            assert_eq!(lab.miner.writes()[0].outcome, WriteOutcome::Swallowed);
        }
    })
    .await;
}

#[tokio::test]
async fn hanging_for_a_number_of_requests() {
    bounded(async {
        for personality in personalities().await {
            let lab = Lab::new(personality).await;
            let rule = FaultRule::from(Fault::Hang).only(Scope::Writes).times(1);
            lab.miner.set_fault(rule).unwrap();
            lab.client.read().await.unwrap();
            let write = led(&lab);
            lab.miner.wait_for(|truth| truth.faults.is_empty()).await;
            assert!(!write.is_finished(), "{personality:?}");
            assert!(!lab.miner.truth().led);
            lab.miner.clear_faults();
            assert!(write.await.unwrap().is_err());
            assert!(lab.client.led(true).await.unwrap());
        }
    })
    .await;
}

#[tokio::test]
async fn offline_refuses_and_comes_back() {
    bounded(async {
        for personality in personalities().await {
            let lab = Lab::new(personality).await;
            lab.miner.set_fault(Fault::Offline).unwrap();
            lab.miner.wait_offline().await;
            let refused = lab.client.read().await.unwrap_err();
            assert_eq!(refused.kind(), ErrorKind::ConnectionRefused, "{personality:?}");
            lab.miner.clear_faults();
            lab.miner.wait_online().await;
            lab.client.read().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn truncated_and_reset_answers() {
    bounded(async {
        for personality in personalities().await {
            let lab = Lab::new(personality).await;
            lab.miner.set_fault(Fault::TruncatedJson).unwrap();
            let cut = lab.client.read().await.unwrap_err();
            assert_ne!(cut.kind(), ErrorKind::ConnectionReset, "{personality:?}: {cut}");
            lab.miner.clear_faults();

            lab.miner.set_fault(Fault::ResetMidBody).unwrap();
            let reset = lab.client.read().await.unwrap_err();
            assert_eq!(reset.kind(), ErrorKind::ConnectionReset, "{personality:?}");
            lab.miner.clear_faults();
            lab.client.read().await.unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn latency_follows_the_simulated_clock() {
    bounded(async {
        for personality in personalities().await {
            let lab = Lab::new(personality).await;
            let rule = FaultRule::from(Fault::Latency { ms: 20_000 }).times(1);
            lab.miner.set_fault(rule).unwrap();
            let client = lab.client.clone();
            let read = tokio::spawn(async move { client.read().await });
            lab.miner.wait_for(|truth| truth.faults.is_empty()).await;
            lab.advance(19);
            assert!(!read.is_finished());
            while !read.is_finished() {
                lab.advance(1);
                tokio::task::yield_now().await;
            }
            read.await.unwrap().unwrap();
        }
    })
    .await;
}

#[tokio::test]
async fn another_device_at_the_address() {
    bounded(async {
        for personality in personalities().await {
            let lab = Lab::new(personality).await;
            let mac = "02:00:00:00:00:99".parse().unwrap();
            lab.miner.set_fault(Fault::WrongMac { mac }).unwrap();
            assert_eq!(lab.client.mac().await.unwrap(), "020000000099", "{personality:?}");
            lab.miner.clear_faults();
            assert_eq!(lab.client.mac().await.unwrap(), lab.miner.truth().mac.compact());
        }
    })
    .await;
}

#[tokio::test]
async fn held_writes_take_effect_when_released() {
    bounded(async {
        let subnet = Subnet::free().await;
        let kinds = personalities().await;
        let specs: Vec<MinerSpec> =
            kinds.iter().enumerate().map(|(i, p)| MinerSpec::new(*p, subnet.ip(i as u8 + 1))).collect();
        let clients: Vec<Client> = specs
            .iter()
            .map(|s| Client { personality: s.personality, ip: s.ip, password: s.password.clone() })
            .collect();
        let mut config = SimConfig::new(1, specs);
        config.clock = Clock::manual();
        let sim = Simulator::start(config).await.unwrap();
        sim.hold_writes();
        let writes: Vec<_> =
            clients.iter().cloned().map(|client| tokio::spawn(async move { client.led(true).await })).collect();
        sim.wait_held(clients.len()).await;
        assert_eq!((sim.held(), sim.totals().held), (clients.len(), clients.len()));
        assert!(sim.miners().iter().all(|m| !m.truth().led));
        assert!(sim.miners().iter().all(|m| m.writes()[0].outcome == WriteOutcome::Pending));
        sim.release_writes();
        for write in writes {
            assert!(write.await.unwrap().unwrap());
        }
        assert!(sim.miners().iter().all(|m| m.truth().led));
    })
    .await;
}

#[tokio::test]
async fn one_miner_holds_alone() {
    bounded(async {
        let lab = Lab::new(adit_sim::Personality::WhatsminerV2).await;
        lab.miner.hold_writes();
        let write = led(&lab);
        lab.miner.wait_held(1).await;
        lab.client.read().await.unwrap();
        assert!(!lab.miner.truth().led);
        lab.miner.release_writes();
        assert!(write.await.unwrap().unwrap());
    })
    .await;
}

#[tokio::test]
async fn a_real_clock_boots_by_itself() {
    bounded(async {
        let subnet = Subnet::free().await;
        let spec = MinerSpec { booting: true, ..MinerSpec::new(adit_sim::Personality::AvalonA, subnet.ip(1)) };
        let client = Client { personality: spec.personality, ip: spec.ip, password: String::new() };
        let mut config = SimConfig::new(1, vec![spec]);
        config.clock = Clock::with_speed(100.0);
        config.timing.boot = Duration::from_secs(20);
        let sim = Simulator::start(config).await.unwrap();
        let miner = sim.miner(client.ip).unwrap();
        miner.wait_online().await;
        client.read().await.unwrap();
        miner.wait_for(|truth| truth.activity == adit_sim::Activity::Mining).await;
    })
    .await;
}
