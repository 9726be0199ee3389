//! How the status of one device goes with the time.
#![allow(clippy::unwrap_used, reason = "tests")]

use adit_core::{
    fleet::{Activity, Connectivity, ModePower, Pool, PowerMode, Reading},
    ids::DeviceId,
    time::Timestamp,
};
use adit_telemetry::{DeviceStatus as S, Facts, LiveTable};

const DEVICE: DeviceId = DeviceId(3);
const MINUTE: i64 = 60_000;

struct Miner {
    table: LiveTable,
    minute: i64,
}

impl Miner {
    fn new() -> Self {
        let mut table = LiveTable::default();
        table.set_device(DEVICE, facts(), Timestamp(0));
        Self { table, minute: 0 }
    }

    fn status(&self) -> S {
        self.table.row(DEVICE).unwrap().status
    }

    /// Says `reading` `minutes` later.
    fn says(&mut self, minutes: i64, reading: &Reading) -> S {
        self.minute += minutes;
        assert_eq!(self.table.apply(std::slice::from_ref(reading), Timestamp(self.minute * MINUTE)), 1);
        self.status()
    }
}

fn facts() -> Facts {
    let mode_power = ModePower { sleep_w: Some(20), low_w: Some(2_000), normal_w: Some(4_000), high_w: Some(5_000) };
    Facts { expected_hashrate_ths: Some(100.0), mode_power, maintenance: false }
}

fn does(activity: Activity, hashrate: f32) -> Reading {
    let silent = Reading::silent(DEVICE, Connectivity::Online);
    Reading { activity: Some(activity), hashrate_ths: Some(hashrate), ..silent }
}

#[test]
fn a_weak_miner_is_degraded_from_the_first_word_unless_it_has_just_started() {
    assert_eq!(Miner::new().says(1, &does(Activity::Mining, 50.0)), S::Degraded);
    let started = |uptime_s| Reading { uptime_s: Some(uptime_s), ..does(Activity::Mining, 50.0) };
    assert_eq!(Miner::new().says(1, &started(599)), S::Hashing);
    assert_eq!(Miner::new().says(1, &started(600)), S::Degraded);
    assert_eq!(Miner::new().says(1, &started(u64::MAX)), S::Degraded);
}

#[test]
fn a_restart_may_take_its_time_and_not_for_ever() {
    let mut miner = Miner::new();
    assert_eq!(miner.says(1, &does(Activity::Mining, 100.0)), S::Hashing);
    assert_eq!(miner.says(1, &does(Activity::Rebooting, 0.0)), S::Hashing);
    assert_eq!(miner.says(5, &does(Activity::Starting, 0.0)), S::Hashing);
    assert_eq!(miner.says(4, &does(Activity::Rebooting, 0.0)), S::Hashing);
    assert_eq!(miner.says(1, &does(Activity::Starting, 0.0)), S::Error, "ten minutes after it began");
    assert_eq!(miner.says(1, &does(Activity::Mining, 10.0)), S::Hashing, "it begins to mine");
    assert_eq!(miner.says(10, &does(Activity::Mining, 10.0)), S::Degraded);
    assert_eq!(miner.says(1, &does(Activity::Mining, 85.0)), S::Hashing);
}

#[test]
fn a_miner_found_starting_gets_its_time_once() {
    let mut miner = Miner::new();
    assert_eq!(miner.says(1, &does(Activity::Starting, 0.0)), S::Hashing);
    assert_eq!(miner.says(10, &does(Activity::Starting, 0.0)), S::Error);
}

#[test]
fn a_miner_that_was_away_gets_its_time_again() {
    let away = Reading::silent(DEVICE, Connectivity::Unreachable);
    for back in [does(Activity::Starting, 0.0), does(Activity::Mining, 10.0)] {
        let mut miner = Miner::new();
        assert_eq!(miner.says(1, &does(Activity::Mining, 100.0)), S::Hashing);
        assert_eq!(miner.says(60, &away), S::Offline);
        assert_eq!(miner.says(1, &back), S::Hashing);
        assert_eq!(miner.says(9, &back), S::Hashing);
        assert_ne!(miner.says(1, &back), S::Hashing);
    }
}

#[test]
fn in_a_lower_mode_less_is_asked() {
    let mut miner = Miner::new();
    let in_mode = |mode, hashrate| Reading { power_mode: Some(mode), ..does(Activity::Mining, hashrate) };
    assert_eq!(miner.says(1, &in_mode(PowerMode::Normal, 100.0)), S::Hashing);
    assert_eq!(miner.says(1, &in_mode(PowerMode::Low, 20.0)), S::Hashing, "the change takes time");
    assert_eq!(miner.says(10, &in_mode(PowerMode::Low, 42.0)), S::Degraded);
    assert_eq!(miner.table.row(DEVICE).unwrap().expected_hashrate_ths, Some(50.0));
    assert_eq!(miner.says(1, &in_mode(PowerMode::Low, 43.0)), S::Hashing);
    assert_eq!(miner.says(1, &in_mode(PowerMode::Sleep, 0.0)), S::Sleeping);
    assert_eq!(miner.table.row(DEVICE).unwrap().expected_hashrate_ths, None);
    assert_eq!(miner.says(1, &in_mode(PowerMode::High, 43.0)), S::Hashing);
}

#[test]
fn a_lost_agent_takes_away_what_was_known() {
    let mut miner = Miner::new();
    let mut reading = does(Activity::Mining, 100.0);
    (reading.power_w, reading.errors) = (Some(3_000), vec!["fan".to_owned()]);
    miner.says(1, &reading);
    miner.table.mark_agent_lost([DEVICE, DeviceId(99)], Timestamp(7 * MINUTE));
    let row = miner.table.row(DEVICE).unwrap();
    assert_eq!((row.status, row.since, row.received_at), (S::Unknown, Timestamp(7 * MINUTE), Some(Timestamp(MINUTE))));
    assert_eq!((row.hashrate_ths, row.power_w, row.errors), (None, None, &[][..]));
    assert_eq!(miner.table.totals().hashrate_known, 0);
    assert_eq!(miner.says(10, &reading), S::Degraded, "nothing began: it was only out of sight");
}

#[test]
fn maintenance_is_a_fact_and_not_a_reading() {
    let mut miner = Miner::new();
    assert_eq!(miner.status(), S::Unknown);
    miner.says(1, &does(Activity::Mining, 100.0));
    miner.table.set_device(DEVICE, Facts { maintenance: true, ..facts() }, Timestamp(2 * MINUTE));
    assert_eq!(miner.says(1, &does(Activity::Failed, 0.0)), S::Maintenance);
    miner.table.set_device(DEVICE, facts(), Timestamp(4 * MINUTE));
    assert_eq!(miner.status(), S::Error);
    assert_eq!(miner.table.row(DEVICE).unwrap().since, Timestamp(2 * MINUTE));
}

#[test]
fn a_removed_device_leaves_nothing_behind() {
    let mut miner = Miner::new();
    miner.says(1, &does(Activity::Starting, 100.0));
    let before = miner.table.version();
    assert!(miner.table.remove_device(DEVICE));
    assert!(!miner.table.remove_device(DEVICE));
    assert_eq!(miner.table.row(DEVICE), None);
    assert_eq!(miner.table.changed_since(before).collect::<Vec<_>>(), [DEVICE]);
    assert_eq!(miner.table.apply(&[does(Activity::Mining, 1.0)], Timestamp(0)), 0);
    assert_eq!(miner.table.totals().devices.total(), 0);
    miner.table.set_device(DEVICE, facts(), Timestamp(9));
    let row = miner.table.row(DEVICE).unwrap();
    assert_eq!((row.received_at, row.since, row.hashrate_ths, row.activity), (None, Timestamp(9), None, None));
}

#[test]
fn what_a_miner_says_is_bounded() {
    let mut miner = Miner::new();
    let pool = Pool { url: "u".repeat(10_000), user: "é".repeat(10_000) };
    let mut reading = does(Activity::Mining, f32::INFINITY);
    (reading.pools, reading.errors) = (Some(vec![pool; 50]), vec!["é".repeat(10_000); 1_000]);
    miner.says(1, &reading);
    let row = miner.table.row(DEVICE).unwrap();
    assert_eq!(row.hashrate_ths, None);
    let pools = row.pools.unwrap();
    assert_eq!((pools.len(), pools[0].url.len(), pools[0].user.chars().count()), (3, 255, 255));
    assert_eq!((row.errors.len(), row.errors[15].chars().count()), (16, 120));
    miner.says(1, &reading);
    assert_eq!(miner.table.row(DEVICE).unwrap().errors.len(), 16);
}
