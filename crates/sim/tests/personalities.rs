//! What all personalities have in common: light, reboot, wrong password,
//! identity and limits of the address space.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use adit_sim::{Activity, Clock, Fault, MinerSpec, Personality, SimConfig, SimError, Simulator, demo_fleet};
use common::{Lab, Subnet, bounded, personalities};
use std::net::Ipv4Addr;

#[tokio::test]
async fn the_light_goes_on_and_off() {
    bounded(async {
        for personality in personalities().await {
            let lab = Lab::new(personality).await;
            assert!(lab.client.led(true).await.unwrap(), "{personality:?}");
            assert!(lab.miner.truth().led);
            assert!(lab.client.led(false).await.unwrap());
            assert!(!lab.miner.truth().led);
            assert_eq!(lab.miner.writes().len(), 2);
        }
    })
    .await;
}

#[tokio::test]
async fn a_reboot_closes_the_ports_and_resets_the_uptime() {
    bounded(async {
        for personality in personalities().await {
            let lab = Lab::new(personality).await;
            let answered = lab.client.reboot().await.is_ok();
            let talks = matches!(personality, Personality::WhatsminerV3 | Personality::AntminerStock);
            assert_eq!(answered, talks, "{personality:?}");

            lab.miner.wait_offline().await;
            let truth = lab.miner.truth();
            assert_eq!((truth.activity, truth.reboots), (Activity::Booting, 1));
            assert!(truth.power_w < 50.0);
            assert!(lab.client.read().await.is_err());

            lab.advance(9);
            lab.miner.wait_online().await;
            lab.client.read().await.unwrap();
            assert_eq!(lab.miner.truth().uptime_s, 1);
            lab.advance(30);
            assert_eq!(lab.miner.truth().activity, Activity::Mining);
        }
    })
    .await;
}

#[tokio::test]
async fn a_wrong_password_changes_nothing() {
    bounded(async {
        for personality in personalities().await {
            if personality == Personality::AvalonA {
                continue; // no login
            }
            let mut lab = Lab::new(personality).await;
            lab.client.password = "not it".into();
            assert!(!lab.client.led(true).await.unwrap_or(false), "{personality:?}");
            assert!(!lab.miner.truth().led);

            lab.client.password = personality.default_password().into();
            lab.miner.set_fault(Fault::WrongPassword).unwrap();
            assert!(!lab.client.led(true).await.unwrap_or(false), "{personality:?}");
            lab.miner.clear_faults();
            assert!(lab.client.led(true).await.unwrap(), "{personality:?}");
        }
    })
    .await;
}

#[tokio::test]
async fn each_reports_its_own_mac() {
    bounded(async {
        for personality in personalities().await {
            let lab = Lab::new(personality).await;
            assert_eq!(lab.client.mac().await.unwrap(), lab.miner.truth().mac.compact());
        }
    })
    .await;
}

#[tokio::test]
async fn a_miner_that_boots_first_opens_later() {
    bounded(async {
        let lab = Lab::with(Personality::AvalonA, |spec| spec.booting = true).await;
        assert!(lab.client.read().await.is_err());
        lab.advance(8);
        lab.miner.wait_online().await;
        lab.client.read().await.unwrap();
    })
    .await;
}

#[tokio::test]
async fn nothing_listens_beyond_loopback() {
    bounded(async {
        let start = |specs| Simulator::start(SimConfig::new(1, specs));
        let outside = MinerSpec::new(Personality::AvalonA, Ipv4Addr::new(192, 168, 1, 1));
        assert!(matches!(start(vec![outside]).await, Err(SimError::NotLoopback(_))));

        let subnet = Subnet::free().await;
        let miner = MinerSpec::new(Personality::AvalonA, subnet.ip(1));
        assert!(matches!(start(vec![miner.clone(), miner.clone()]).await, Err(SimError::Duplicate(_))));
        let unknown = MinerSpec { model: "M30S++_VH50".into(), ..miner.clone() };
        assert!(matches!(start(vec![unknown]).await, Err(SimError::Model { .. })));

        let mut config = SimConfig::new(1, vec![]);
        config.control = Some(([0, 0, 0, 0], 0).into());
        assert!(matches!(Simulator::start(config).await, Err(SimError::NotLoopback(_))));

        let running = start(vec![miner.clone()]).await.unwrap();
        assert!(matches!(start(vec![miner.clone()]).await, Err(SimError::Bind { .. })));
        running.stop().await;
        start(vec![miner]).await.unwrap().stop().await;
    })
    .await;
}

#[tokio::test]
async fn two_hundred_miners_fit_in_a_thousand_descriptors() {
    bounded(async {
        let subnet = Subnet::free().await;
        let mut config = demo_fleet(200, subnet.ip(1), common::low_ports().await);
        config.clock = Clock::manual();
        let before = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        let sim = Simulator::start(config).await.unwrap();
        let after = std::fs::read_dir("/proc/self/fd").map_or(0, Iterator::count);
        // A listener a port, and none of 512 connections on top.
        assert!(after - before <= 260, "{before} to {after}");
        let totals = sim.totals();
        assert_eq!(totals.miners, 200);
        assert!(totals.power_w > 500_000.0 && totals.hashrate_ths > 20_000.0);
        assert_eq!(totals.by_mode["normal"], 200);
        sim.stop().await;
    })
    .await;
}
