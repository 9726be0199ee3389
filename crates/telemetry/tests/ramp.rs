//! How the status of one device goes with the time.
#![allow(clippy::unwrap_used, reason = "tests")]

use adit_core::{
    fleet::{Activity, MissReason, ModePower, Operation, PollResult, Pool, PowerMode, Reading},
    ids::DeviceId,
    time::{Millis, Timestamp},
};
use adit_telemetry::{
    ActivityReason as R, Connectivity, DeviceStatus as S, Facts, LiveRow, LiveTable, OrderStep, Polling,
};

const DEVICE: DeviceId = DeviceId(3);
const MINUTE: i64 = 60_000;
/// So long that no test is late.
const POLLED: Polling = Polling::Polled { interval: Millis::hours(1) };

struct Miner {
    table: LiveTable,
    minute: i64,
}

impl Miner {
    fn new() -> Self {
        let mut table = LiveTable::default();
        table.set_device(DEVICE, facts(), POLLED, Timestamp(0));
        Self { table, minute: 0 }
    }

    fn status(&self) -> S {
        self.row().status
    }

    fn row(&self) -> LiveRow<'_> {
        self.table.row(DEVICE).unwrap()
    }

    /// What it does, and why.
    fn does(&self) -> (Option<Activity>, Option<R>) {
        let activity = self.row().activity;
        (activity.value, activity.reason)
    }

    /// Says `reading` `minutes` later.
    fn says(&mut self, minutes: i64, reading: &Reading) -> S {
        self.minute += minutes;
        assert_eq!(self.table.apply(&[reading.clone().into()], Timestamp(self.minute * MINUTE)), 1);
        self.status()
    }

    /// Is polled three times in vain, `minutes` later.
    fn falls_silent(&mut self, minutes: i64) -> S {
        self.minute += minutes;
        let missed = PollResult::Missed { device: DEVICE, reason: MissReason::Timeout };
        self.table.apply(&[missed.clone(), missed.clone(), missed], Timestamp(self.minute * MINUTE));
        self.status()
    }
}

fn facts() -> Facts {
    let mode_power = ModePower { sleep_w: Some(20), low_w: Some(2_000), normal_w: Some(4_000), high_w: Some(5_000) };
    Facts { expected_hashrate_ths: Some(100.0), mode_power, maintenance: false }
}

fn does(activity: Activity, hashrate: f32) -> Reading {
    Reading { activity: Some(activity), hashrate_ths: Some(hashrate), ..Reading::empty(DEVICE) }
}

#[test]
fn a_weak_miner_is_degraded_from_the_first_word_unless_it_has_just_started() {
    assert_eq!(Miner::new().says(1, &does(Activity::Mining, 50.0)), S::Degraded);
    let started = |uptime_s| Reading { uptime_s: Some(uptime_s), ..does(Activity::Mining, 50.0) };
    assert_eq!(Miner::new().says(1, &started(599)), S::Starting);
    assert_eq!(Miner::new().says(1, &started(600)), S::Degraded);
    assert_eq!(Miner::new().says(1, &started(u64::MAX)), S::Degraded);
}

#[test]
fn a_restart_may_take_its_time_and_not_for_ever() {
    let mut miner = Miner::new();
    assert_eq!(miner.says(1, &does(Activity::Mining, 100.0)), S::Hashing);
    assert_eq!(miner.says(1, &does(Activity::Rebooting, 0.0)), S::Starting, "it hashed, and does not now");
    assert_eq!(miner.says(5, &does(Activity::Starting, 0.0)), S::Starting);
    assert_eq!(miner.says(4, &does(Activity::Rebooting, 0.0)), S::Starting);
    assert_eq!(miner.says(1, &does(Activity::Starting, 0.0)), S::Error, "ten minutes after it began");
    assert_eq!(miner.says(1, &does(Activity::Mining, 10.0)), S::Starting, "it begins to mine");
    assert_eq!(miner.says(10, &does(Activity::Mining, 10.0)), S::Degraded);
    assert_eq!(miner.says(1, &does(Activity::Mining, 85.0)), S::Hashing);
}

#[test]
fn a_miner_found_starting_gets_its_time_once() {
    let mut miner = Miner::new();
    assert_eq!(miner.says(1, &does(Activity::Starting, 0.0)), S::Starting);
    assert_eq!(miner.says(10, &does(Activity::Starting, 0.0)), S::Error);
}

#[test]
fn a_miner_that_was_away_gets_its_time_again() {
    for back in [does(Activity::Starting, 0.0), does(Activity::Mining, 10.0)] {
        let mut miner = Miner::new();
        assert_eq!(miner.says(1, &does(Activity::Mining, 100.0)), S::Hashing);
        assert_eq!(miner.falls_silent(60), S::Offline);
        assert_eq!(miner.says(1, &back), S::Starting);
        assert_eq!(miner.says(9, &back), S::Starting);
        assert_ne!(miner.says(1, &back), S::Starting);
    }
}

#[test]
fn a_miner_that_starts_is_not_counted_as_hashing() {
    let mut miner = Miner::new();
    let counts = |miner: &Miner| {
        let devices = miner.table.totals().devices;
        (devices.of(S::Hashing), devices.of(S::Starting))
    };
    miner.says(1, &does(Activity::Mining, 100.0));
    assert_eq!(counts(&miner), (1, 0));
    for hashrate in [0.0, 50.0, 84.0] {
        miner.says(1, &does(Activity::Starting, hashrate));
        assert_eq!(counts(&miner), (0, 1), "{hashrate} TH/s");
    }
    miner.says(1, &does(Activity::Mining, 90.0));
    assert_eq!(counts(&miner), (1, 0));
}

#[test]
fn in_a_lower_mode_less_is_asked() {
    let mut miner = Miner::new();
    let in_mode = |mode, hashrate| Reading { power_mode: Some(mode), ..does(Activity::Mining, hashrate) };
    assert_eq!(miner.says(1, &in_mode(PowerMode::Normal, 100.0)), S::Hashing);
    assert_eq!(miner.says(1, &in_mode(PowerMode::Low, 20.0)), S::Starting, "the change takes time");
    assert_eq!(miner.says(10, &in_mode(PowerMode::Low, 42.0)), S::Degraded);
    assert_eq!(miner.table.row(DEVICE).unwrap().expected_hashrate_ths, Some(50.0));
    assert_eq!(miner.says(1, &in_mode(PowerMode::Low, 43.0)), S::Hashing);
    assert_eq!(miner.says(1, &in_mode(PowerMode::Sleep, 0.0)), S::Sleeping);
    assert_eq!(miner.table.row(DEVICE).unwrap().expected_hashrate_ths, None);
    assert_eq!(miner.says(1, &in_mode(PowerMode::High, 43.0)), S::Starting);
}

#[test]
fn a_lost_agent_leaves_what_was_said_last_and_takes_it_out_of_the_sums() {
    let mut miner = Miner::new();
    let mut reading = does(Activity::Mining, 100.0);
    (reading.power_w, reading.errors) = (Some(3_000), vec!["fan".to_owned()]);
    miner.says(1, &reading);
    let since = miner.row().activity.since;
    miner.table.set_polling([(DEVICE, Polling::Gone), (DeviceId(99), Polling::Gone)], Timestamp(7 * MINUTE));
    let row = miner.row();
    assert_eq!((row.status, row.since, row.seen_at), (S::Unknown, Timestamp(7 * MINUTE), Some(Timestamp(MINUTE))));
    assert_eq!((row.now(), row.activity.value, row.last_activity), (None, None, Some(Activity::Mining)));
    let last = row.last.unwrap();
    assert_eq!((last.hashrate_ths, last.power_w, last.as_of), (Some(100.0), Some(3_000), Timestamp(MINUTE)));
    let totals = miner.table.totals();
    assert_eq!((totals.hashrate_known, totals.power_w), (0, 0.0));
    assert_eq!((totals.left_out.devices, totals.left_out.power_w, totals.left_out.hashrate_ths), (1, 3_000.0, 100.0));
    miner.table.set_polling([(DEVICE, POLLED)], Timestamp(8 * MINUTE));
    assert_eq!(miner.says(10, &reading), S::Degraded, "nothing began: it was only out of sight");
    assert_eq!((miner.row().activity.since, miner.row().connectivity.since), (since, Timestamp(MINUTE)));
    assert_eq!(miner.table.totals().power_w, 3_000.0);
}

#[test]
fn what_an_unreachable_device_said_last_stays() {
    let mut miner = Miner::new();
    miner.says(1, &Reading { power_w: Some(3_000), ..does(Activity::Mining, 100.0) });
    assert_eq!(miner.falls_silent(2), S::Offline);
    let row = miner.row();
    assert_eq!((row.seen_at, row.last.unwrap().power_w, row.now()), (Some(Timestamp(MINUTE)), Some(3_000), None));
    assert_eq!(row.connectivity.value, Connectivity::Unreachable);
}

#[test]
fn another_interval_is_no_news_of_a_device() {
    let mut miner = Miner::new();
    miner.says(1, &does(Activity::Mining, 100.0));
    let before = miner.table.version();
    miner.table.set_polling([(DEVICE, Polling::Polled { interval: Millis::hours(2) })], Timestamp(2 * MINUTE));
    assert_eq!(miner.table.changed_since(before).count(), 0);
    miner.table.set_polling([(DEVICE, Polling::Polled { interval: Millis::seconds(1) })], Timestamp(3 * MINUTE));
    assert_eq!(miner.table.changed_since(before).count(), 1, "what it said is old by that measure");
}

#[test]
fn the_table_lets_time_pass_only_where_something_changes() {
    let mut miner = Miner::new();
    miner.table.set_device(DeviceId(4), facts(), Polling::Polled { interval: Millis::seconds(30) }, Timestamp(0));
    let mining = |device| Reading { device: DeviceId(device), ..does(Activity::Mining, 100.0) }.into();
    miner.table.apply(&[mining(3), mining(4)], Timestamp(0));
    for (second, changed, is_current, status) in [
        (74, false, true, S::Hashing),
        (75, true, false, S::Hashing),
        (89, false, false, S::Hashing),
        (90, true, false, S::Unknown),
    ] {
        let before = miner.table.version();
        miner.table.pass(Timestamp(second * 1_000));
        assert_eq!(miner.table.changed_since(before).collect::<Vec<_>>(), vec![DeviceId(4); usize::from(changed)]);
        let row = miner.table.row(DeviceId(4)).unwrap();
        assert_eq!((row.is_current, row.status), (is_current, status), "{second} s");
        let why = miner.table.totals().left_out_for().first().map(|(why, some)| (why.as_str(), some.devices));
        let expected = match (is_current, status) {
            (true, _) => None,
            (false, S::Unknown) => Some(("agent_late", 1)),
            (false, _) => Some(("overdue", 1)),
        };
        assert_eq!(why, expected, "{second} s");
    }
}

#[test]
fn a_miner_that_starts_anew_reboots_until_it_hashes_and_has_failed_after_ten_minutes() {
    let up = |uptime_s, hashrate| Reading { uptime_s: Some(uptime_s), ..does(Activity::Mining, hashrate) };
    for (order, reason) in [(None, R::Unexplained), (Some(Operation::Reboot {}), R::Request)] {
        let mut miner = Miner::new();
        assert_eq!(miner.says(1, &up(90_000, 100.0)), S::Hashing);
        if let Some(order) = order {
            miner.table.note_order(DEVICE, &order, OrderStep::Done, Timestamp(MINUTE));
        }
        assert_eq!(miner.says(1, &up(10, 0.0)), S::Starting);
        assert_eq!(miner.does(), (Some(Activity::Rebooting), Some(reason)));
        assert_eq!(miner.says(10, &up(610, 0.0)), S::Error);
        assert_eq!(miner.does(), (Some(Activity::Failed), Some(R::Boot)));
        assert_eq!(miner.says(1, &up(670, 100.0)), S::Hashing);
        assert_eq!(miner.does(), (Some(Activity::Mining), None));
    }
    let mut quiet = Miner::new();
    let untold = |uptime_s| Reading { hashrate_ths: None, ..up(uptime_s, 0.0) };
    quiet.says(1, &untold(90_000));
    assert_eq!(
        (quiet.says(20, &untold(700)), quiet.does().0),
        (S::Hashing, Some(Activity::Mining)),
        "it tells no rate"
    );
}

#[test]
fn who_asked_for_a_pause_is_told() {
    let paused = does(Activity::Paused, 0.0);
    let asleep = Reading { power_mode: Some(PowerMode::Sleep), ..does(Activity::Mining, 0.0) };
    for rests in [&paused, &asleep] {
        let mut miner = Miner::new();
        assert_eq!((miner.says(1, rests), miner.does()), (S::Sleeping, (Some(Activity::Paused), Some(R::Unasked))));
        let done = |miner: &mut Miner, order: &Operation, minute| {
            miner.table.note_order(DEVICE, order, OrderStep::Done, Timestamp(minute * MINUTE));
        };
        let version = miner.table.version();
        done(&mut miner, &Operation::Pause {}, 1);
        assert_eq!(miner.does().1, Some(R::User), "also if it is heard of after the reading");
        assert_eq!(miner.table.changed_since(version).collect::<Vec<_>>(), [DEVICE]);
        done(&mut miner, &Operation::Locate { on: true }, 2);
        assert_eq!((miner.says(1, rests), miner.does().1), (S::Sleeping, Some(R::User)));
        done(&mut miner, &Operation::Resume {}, 2);
        done(&mut miner, &Operation::Pause {}, 1);
        assert_eq!((miner.says(1, rests), miner.does().1), (S::Sleeping, Some(R::Unasked)));
        assert_eq!(miner.row().activity.since, Timestamp(MINUTE), "for another reason, and all along");
    }
}

#[test]
fn a_pause_that_was_ordered_is_never_told_as_one_that_nobody_asked_for() {
    let paused = does(Activity::Paused, 0.0);
    let mut miner = Miner::new();
    miner.says(1, &does(Activity::Mining, 100.0));
    let note = |miner: &mut Miner, order: &Operation, step| {
        let at = Timestamp(miner.minute * MINUTE + 1);
        miner.table.note_order(DEVICE, order, step, at);
    };
    note(&mut miner, &Operation::Pause {}, OrderStep::Begun);
    miner.says(1, &paused);
    assert_eq!(miner.does(), (Some(Activity::Paused), Some(R::User)), "before the order has ended");
    note(&mut miner, &Operation::Pause {}, OrderStep::Done);
    assert_eq!(miner.does().1, Some(R::User));
    miner.minute += 1;
    note(&mut miner, &Operation::Resume {}, OrderStep::Begun);
    miner.says(1, &paused);
    assert_eq!(miner.does().1, Some(R::User), "until it works again");
    miner.says(1, &does(Activity::Mining, 100.0));
    note(&mut miner, &Operation::Resume {}, OrderStep::Done);
    miner.says(1, &paused);
    assert_eq!(miner.does().1, Some(R::Unasked));
}

#[test]
fn a_start_that_was_ordered_is_told_as_one_also_if_the_order_is_heard_of_later() {
    let up = |uptime_s, hashrate| Reading { uptime_s: Some(uptime_s), ..does(Activity::Mining, hashrate) };
    let mut miner = Miner::new();
    miner.says(1, &up(90_000, 100.0));
    miner.says(1, &up(10, 0.0));
    assert_eq!(miner.does(), (Some(Activity::Rebooting), Some(R::Unexplained)));
    miner.table.note_order(DEVICE, &Operation::Reboot {}, OrderStep::Begun, Timestamp(MINUTE));
    assert_eq!(miner.does(), (Some(Activity::Rebooting), Some(R::Request)));
}

#[test]
fn a_miner_that_says_it_sleeps_and_hashes_is_believed_for_what_it_does_the_second_time() {
    let mut miner = Miner::new();
    let both = Reading { power_mode: Some(PowerMode::Sleep), ..does(Activity::Mining, 100.0) };
    assert_eq!(miner.says(1, &both), S::Sleeping);
    miner.says(1, &both);
    assert_eq!(miner.does(), (Some(Activity::Mining), Some(R::SaysPaused)));
}

#[test]
fn a_miner_that_says_it_rests_and_draws_full_power_is_shown_as_that() {
    let mut miner = Miner::new();
    let rests = |activity, power_mode, watts| Reading { power_mode, power_w: watts, ..does(activity, 0.0) };
    let sleep = Some(PowerMode::Sleep);
    for (activity, mode, shown) in [
        (Activity::Paused, sleep, Activity::Paused),
        (Activity::Paused, None, Activity::Paused),
        (Activity::Mining, sleep, Activity::Paused),
        (Activity::Stopped, None, Activity::Stopped),
    ] {
        assert_eq!(miner.says(1, &rests(activity, mode, Some(1_900))), S::Sleeping, "on its way down");
        assert_eq!(miner.says(1, &rests(activity, mode, Some(1_900))), S::Sleeping);
        assert_eq!(miner.says(1, &rests(activity, mode, Some(1_900))), S::Degraded);
        assert_eq!(miner.does(), (Some(shown), Some(R::DrawsPower)));
        assert_ne!(miner.table.drew(DEVICE, PowerMode::Sleep), Some(1_900), "that is not what it draws asleep");
        miner.table.note_order(DEVICE, &Operation::Pause {}, OrderStep::Done, Timestamp(0));
        assert_eq!(miner.does().1, Some(R::DrawsPower), "whoever asked for the pause");
        assert_eq!(miner.says(1, &rests(activity, mode, Some(1_000))), S::Sleeping);
        assert_ne!(miner.does().1, Some(R::DrawsPower));
        assert_eq!(miner.says(9, &rests(activity, mode, None)), S::Sleeping, "not told is not drawn");
    }
}

#[test]
fn a_draw_that_was_told_and_is_not_any_more_is_named_and_no_fault() {
    let mut miner = Miner::new();
    let errors = |miner: &Miner| miner.row().last.unwrap().errors.to_vec();
    miner.says(1, &does(Activity::Mining, 100.0));
    assert_eq!(errors(&miner), [""; 0], "it may be one that never tells it");
    miner.says(1, &Reading { power_w: Some(3_000), ..does(Activity::Mining, 100.0) });
    for _ in 0..2 {
        assert_eq!(miner.says(1, &does(Activity::Mining, 100.0)), S::Hashing);
        assert_eq!(errors(&miner), ["not read: power: not told, and it was before"]);
    }
    let said = Reading { errors: vec!["not read: power: 65535 cannot be".to_owned()], ..does(Activity::Mining, 100.0) };
    miner.says(1, &said);
    assert_eq!(errors(&miner), said.errors);
    miner.says(1, &Reading { power_w: Some(0), ..does(Activity::Mining, 100.0) });
    assert_eq!(errors(&miner), [""; 0], "nothing is drawn, and that is told");
}

#[test]
fn a_miner_without_a_pool_is_so_after_two_minutes_whatever_rate_it_tells() {
    let mut miner = Miner::new();
    let none = Reading { pools: Some(Vec::new()), ..does(Activity::Mining, 100.0) };
    assert_eq!(miner.says(1, &does(Activity::Mining, 100.0)), S::Hashing);
    assert_eq!(miner.says(1, &none), S::Hashing);
    assert_eq!(miner.says(1, &none), S::Hashing);
    assert_eq!((miner.says(1, &none), miner.does()), (S::Error, (Some(Activity::NoPool), Some(R::NoneSet))));
    assert_eq!((miner.says(1, &does(Activity::NoPool, 100.0)), miner.does().1), (S::Error, Some(R::Dead)));
    assert_eq!(miner.says(1, &does(Activity::Mining, 100.0)), S::Hashing);
    assert_eq!(Miner::new().says(1, &does(Activity::NoPool, 0.0)), S::Error, "it never worked");
}

#[test]
fn a_miner_with_a_fault_that_does_not_hash_has_failed() {
    let mut miner = Miner::new();
    let broken = Reading { errors: vec!["board 0 missing".to_owned()], ..does(Activity::Mining, 0.0) };
    assert_eq!((miner.says(1, &broken), miner.does()), (S::Error, (Some(Activity::Failed), Some(R::Fault))));
}

#[test]
fn what_was_saved_is_put_back_with_its_since() {
    let mut miner = Miner::new();
    miner.says(1, &Reading { power_w: Some(3_000), ..does(Activity::Mining, 100.0) });
    miner.says(1, &Reading { power_w: Some(3_010), ..does(Activity::Mining, 90.0) });
    let saved = miner.table.saved(DeviceId(0), 100);
    let mut anew = Miner::new();
    anew.table.set_device(DeviceId(4), facts(), POLLED, Timestamp(0));
    assert_eq!(anew.table.restore(saved.clone(), Timestamp(2 * MINUTE), Timestamp(3 * MINUTE)), 1);
    let (before, after) = (miner.row(), anew.row());
    assert_eq!((after.status, after.since, after.seen_at), (before.status, before.since, before.seen_at));
    assert_eq!((after.connectivity, after.activity, after.last), (before.connectivity, before.activity, before.last));
    assert!(after.is_restored && !before.is_restored);
    assert_eq!(anew.table.restore(saved, Timestamp(2 * MINUTE), Timestamp(3 * MINUTE)), 0, "it has been heard of");
}

#[test]
fn maintenance_is_a_fact_and_not_a_reading() {
    let mut miner = Miner::new();
    assert_eq!(miner.status(), S::Unknown);
    miner.says(1, &does(Activity::Mining, 100.0));
    miner.table.set_device(DEVICE, Facts { maintenance: true, ..facts() }, POLLED, Timestamp(2 * MINUTE));
    assert_eq!(miner.says(1, &does(Activity::Failed, 0.0)), S::Maintenance);
    miner.table.set_device(DEVICE, facts(), POLLED, Timestamp(4 * MINUTE));
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
    assert_eq!(miner.table.apply(&[does(Activity::Mining, 1.0).into()], Timestamp(0)), 0);
    assert_eq!(miner.table.totals().devices.total(), 0);
    miner.table.set_device(DEVICE, facts(), POLLED, Timestamp(9));
    let row = miner.table.row(DEVICE).unwrap();
    assert_eq!((row.seen_at, row.since, row.last, row.last_activity), (None, Timestamp(9), None, None));
}

#[test]
fn what_a_miner_says_is_bounded() {
    let mut miner = Miner::new();
    let pool = Pool { url: "u".repeat(10_000), user: "é".repeat(10_000), password: None };
    let mut reading = does(Activity::Mining, f32::INFINITY);
    (reading.pools, reading.errors) = (Some(vec![pool; 50]), vec!["é".repeat(10_000); 1_000]);
    miner.says(1, &reading);
    let last = miner.row().last.unwrap();
    assert_eq!(last.hashrate_ths, None);
    let pools = last.pools.as_ref().unwrap();
    assert_eq!((pools.len(), pools[0].url.len(), pools[0].user.chars().count()), (3, 255, 255));
    assert_eq!((last.errors.len(), last.errors[15].chars().count()), (16, 120));
    miner.says(1, &reading);
    assert_eq!(miner.row().last.unwrap().errors.len(), 16);
}
