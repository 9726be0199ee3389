//! Each kind of what real miners do wrong, tried with every family.
#![allow(clippy::unwrap_used, reason = "tests")]

mod lab;

use adit_core::fleet::{Activity, Operation};
use adit_drivers::{Outcome, Verdict};
use adit_sim::Fault;
use lab::{Lab, each};
use std::time::Duration;

#[tokio::test]
async fn a_pause_that_is_told_and_not_done_is_a_contradiction() {
    each(async |personality| {
        let lab = Lab::new(personality).await;
        lab.miner.set_fault(Fault::SleepIgnored).unwrap();
        let before = lab.read().await;
        assert_eq!(lab.order(&Operation::Pause {}).await, Outcome::Accepted, "{personality:?}");
        let device = lab.device();
        let verdict = lab.while_time_passes(device.verify(&Operation::Pause {}, &before, Duration::from_secs(3))).await;
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
