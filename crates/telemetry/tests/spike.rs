//! A hashrate that cannot be is in no sum, and is marked; a part that could not be read is no fault.
#![allow(clippy::unwrap_used, reason = "tests")]

use adit_core::{
    fleet::{Activity, PollResult, Reading},
    ids::DeviceId,
    time::{Millis, Timestamp},
};
use adit_telemetry::{DeviceStatus, Facts, LiveTable, Polling};

fn table() -> LiveTable {
    let mut table = LiveTable::default();
    for device in 1..=2 {
        let facts = Facts { expected_hashrate_ths: Some(112.0), ..Facts::default() };
        table.set_device(DeviceId(device), facts, Polling::Polled { interval: Millis::seconds(30) }, Timestamp(0));
    }
    table
}

fn mining(device: u32, hashrate_ths: f32, errors: &[&str]) -> PollResult {
    PollResult::from(Reading {
        activity: Some(Activity::Mining),
        hashrate_ths: Some(hashrate_ths),
        uptime_s: Some(90_000),
        errors: errors.iter().map(|error| (*error).to_owned()).collect(),
        ..Reading::empty(DeviceId(device))
    })
}

#[test]
fn a_spike_of_one_miner_is_kept_out_of_the_sum() {
    let mut table = table();
    table.apply(&[mining(1, 110.0, &[]), mining(2, 1e6, &[])], Timestamp(1_000));
    let totals = table.totals();
    assert_eq!((totals.hashrate_ths, totals.hashrate_known), (110.0, 1));
    let spiked = table.row(DeviceId(2)).unwrap().last.unwrap();
    assert_eq!(spiked.hashrate_ths, None);
    assert_eq!(*spiked.errors, ["not read: hashrate: 1000000 TH/s cannot be, rated 112 TH/s".to_owned()]);
    table.apply(&[mining(2, 111.0, &[])], Timestamp(2_000));
    assert_eq!((table.totals().hashrate_ths, table.row(DeviceId(2)).unwrap().last.unwrap().errors.len()), (221.0, 0));
}

#[test]
fn what_could_not_be_read_is_no_fault_unless_it_is_the_faults() {
    let mut table = table();
    let status = |table: &LiveTable| table.row(DeviceId(1)).unwrap().status;
    for (error, is) in [
        ("not read: pools: cut off", DeviceStatus::Hashing),
        ("not read: faults: port 4028: reset", DeviceStatus::Degraded),
        ("hash board 0 missing (530): reseat, else repair", DeviceStatus::Degraded),
    ] {
        table.apply(&[mining(1, 110.0, &[error])], Timestamp(1_000));
        assert_eq!(status(&table), is, "{error}");
    }
}
