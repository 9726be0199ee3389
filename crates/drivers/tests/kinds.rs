//! Each kind of what real miners do wrong, tried with every family.
#![allow(clippy::unwrap_used, reason = "tests")]

mod lab;

use adit_core::fleet::{Activity, Operation};
use adit_drivers::Probe;
use adit_drivers::{Outcome, Verdict};
use adit_sim::{Fault, FaultRule, Scope};
use lab::{LIMIT, Lab, each, pool};
use std::time::Duration;

#[tokio::test]
async fn a_pause_that_is_told_and_not_done_is_a_contradiction() {
    each(async |personality| {
        let lab = Lab::new(personality).await;
        lab.miner.set_fault(Fault::SleepIgnored).unwrap();
        let before = lab.read().await;
        assert_eq!(lab.order(&Operation::Pause {}).await, Outcome::Accepted, "{personality:?}");
        let device = lab.device();
        let verdict =
            lab.while_time_passes(device.verify(&Operation::Pause {}, &before, Duration::from_secs(3), &|_| {})).await;
        let Verdict::Contradicted { seen } = verdict else { panic!("{personality:?} {verdict:?}") };
        assert!(seen.starts_with("asleep, ") && seen.contains("TH/s"), "{personality:?} {seen}");
        let reading = lab.read().await;
        assert_eq!(reading.activity, Some(Activity::Mining), "{personality:?}");
        assert!(reading.errors[0].starts_with("says it sleeps, and hashes at"), "{personality:?} {:?}", reading.errors);
    })
    .await;
}

#[tokio::test]
async fn a_rate_without_a_pool_is_not_mining() {
    each(async |personality| {
        let lab = Lab::new(personality).await;
        lab.miner.set_fault(Fault::PoolsDead).unwrap();
        let reading = lab.read().await;
        assert!(reading.hashrate_ths.is_some_and(|rate| rate > 0.0), "{personality:?}");
        assert_eq!(reading.activity, Some(Activity::NoPool), "{personality:?}");
    })
    .await;
}

#[tokio::test]
async fn a_fault_in_another_shape_is_a_fault() {
    each(async |personality| {
        let lab = Lab::new(personality).await;
        lab.miner.set_fault(Fault::FaultWords).unwrap();
        let reading = lab.read().await;
        assert_eq!(reading.activity, Some(Activity::Mining), "{personality:?}");
        assert!(reading.errors.iter().any(|error| adit_core::fleet::is_fault(error)), "{personality:?}");
    })
    .await;
}

#[tokio::test]
async fn answers_that_are_not_quite_json_are_read() {
    each(async |personality| {
        let lab = Lab::new(personality).await;
        let tidy = lab.read().await;
        lab.miner.set_fault(FaultRule::from(Fault::Untidy).only(Scope::Reads)).unwrap();
        assert!(matches!(lab.probe().await, Probe::Found(_)), "{personality:?}");
        let reading = lab.read().await;
        assert_eq!(reading.power_w, tidy.power_w, "{personality:?} {reading:?}");
        assert_eq!(reading.hashrate_ths, tidy.hashrate_ths, "{personality:?}");
        assert_eq!(reading.pools, tidy.pools, "{personality:?}");
    })
    .await;
}

#[tokio::test]
async fn a_device_is_found_though_its_answers_come_in_pieces_and_a_connection_breaks() {
    each(async |personality| {
        let lab = Lab::new(personality).await;
        lab.miner.set_fault(Fault::Segments).unwrap();
        assert!(matches!(lab.probe().await, Probe::Found(_)), "{personality:?}");
        let reading = lab.read().await;
        assert_eq!((reading.activity, reading.errors), (Some(Activity::Mining), vec![]), "{personality:?}");
        lab.miner.clear_faults();
        lab.miner.set_fault(FaultRule::from(Fault::ResetMidBody).times(1)).unwrap();
        assert!(matches!(lab.probe().await, Probe::Found(_)), "{personality:?}");
        lab.miner.set_fault(FaultRule::from(Fault::ResetMidBody).times(1)).unwrap();
        let reading = lab.read().await;
        assert_eq!((reading.activity, reading.errors), (Some(Activity::Mining), vec![]), "{personality:?}");
    })
    .await;
}

#[tokio::test]
async fn a_mac_that_nobody_programmed_is_none() {
    each(async |personality| {
        let lab = Lab::new(personality).await;
        lab.miner.set_fault(Fault::NoMac).unwrap();
        let Probe::Found(found) = lab.probe().await else { panic!("{personality:?}") };
        assert_eq!((found.identity.mac, found.identity.serial), (None, Some(lab.miner.truth().serial)));
        assert_eq!(lab.device().confirm_identity(LIMIT).await, Ok(()), "{personality:?}");
    })
    .await;
}

#[tokio::test]
async fn pools_read_back_in_another_spelling_are_the_same_pools() {
    each(async |personality| {
        let lab = Lab::new(personality).await;
        let pools = Operation::SetPools { pools: vec![pool("stratum+tcp://one.invalid:3333")] };
        lab.confirmed(&pools).await;
        lab.miner.set_fault(Fault::PoolSpelling).unwrap();
        let before = lab.read().await;
        let verdict = lab.device().verify(&pools, &before, Duration::from_secs(3), &|_| {}).await;
        assert!(matches!(verdict, Verdict::Confirmed { .. }), "{personality:?} {verdict:?}");
    })
    .await;
}
