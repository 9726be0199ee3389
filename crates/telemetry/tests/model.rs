//! The table against a model that is as plain as can be: a map of rows, filtered and sorted in full.
#![allow(clippy::unwrap_used, reason = "tests")]

use adit_core::{
    fleet::{Activity, MissReason, ModePower, PollResult, Pool, PowerMode, Reading},
    ids::DeviceId,
    time::{Millis, Timestamp},
};
use adit_telemetry::{
    Column, Connectivity, DeviceStatus, Doing, Facts, Kind, LiveRow, LiveTable, Order, Polling, Query, Range, Set,
    Sort, StatusSet,
};
use proptest::prelude::*;
use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

const DEVICES: u32 = 150;
const POLLED: Polling = Polling::Polled { interval: Millis::minutes(2) };

#[derive(Debug, Clone)]
enum Step {
    Set(u32, Facts),
    Remove(u32),
    Apply(Vec<PollResult>),
    Poll(Vec<u32>, Polling),
    Later(i64),
}

fn answer() -> impl Strategy<Value = Reading> {
    let activity = prop::sample::select(vec![
        None,
        Some(Activity::Mining),
        Some(Activity::Starting),
        Some(Activity::Paused),
        Some(Activity::Stopped),
        Some(Activity::Rebooting),
        Some(Activity::Failed),
        Some(Activity::NoPool),
    ]);
    let number = || {
        prop::option::of(
            (0..12_u8).prop_map(|n| [f32::NAN, f32::INFINITY, -0.0][usize::from(n % 3)] + f32::from(n) * 10.0),
        )
    };
    let hashrate = prop_oneof![number(), (0..20_u8).prop_map(|n| Some(f32::from(n) * 10.0 - 10.0))];
    let mode = prop::sample::select(vec![
        None,
        Some(PowerMode::Sleep),
        Some(PowerMode::Low),
        Some(PowerMode::Normal),
        Some(PowerMode::High),
    ]);
    let errors = prop::sample::select(vec![vec![], vec![], vec![], vec!["fan 2 lost".to_owned()]]);
    let pools = prop::option::of(Just(vec![Pool {
        url: "stratum+tcp://pool:3333".into(),
        user: "a.1".into(),
        password: None,
    }]));
    (
        (0..DEVICES, activity, hashrate, prop::option::of(0..40_u32)),
        (number(), number(), prop::option::of(0..3_000_u64), mode, errors, pools),
    )
        .prop_map(
            |((device, activity, hashrate_ths, power), (chip, inlet, uptime_s, power_mode, errors, pools))| Reading {
                activity,
                hashrate_ths,
                power_w: power.map(|p| p * 100),
                temp_chip_max_c: chip,
                temp_inlet_c: inlet,
                fan_rpm: power,
                uptime_s,
                power_mode,
                pools,
                errors,
                ..Reading::empty(DeviceId(device))
            },
        )
}

fn result() -> impl Strategy<Value = PollResult> {
    prop_oneof![
        6 => answer().prop_map(PollResult::from),
        1 => (0..DEVICES).prop_map(|device| PollResult::AuthRequired { device: DeviceId(device) }),
        3 => (0..DEVICES)
            .prop_map(|device| PollResult::Missed { device: DeviceId(device), reason: MissReason::NoRoute }),
        1 => (0..DEVICES).prop_map(|device| PollResult::Busy { device: DeviceId(device) }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let facts =
        (prop::option::of(Just(100.0_f32)), any::<bool>(), any::<bool>()).prop_map(|(expected, modes, maintenance)| {
            Facts {
                expected_hashrate_ths: expected,
                mode_power: if modes {
                    ModePower { low_w: Some(2_000), normal_w: Some(3_000), ..ModePower::default() }
                } else {
                    ModePower::default()
                },
                maintenance,
            }
        });
    prop_oneof![
        3 => (0..DEVICES, facts).prop_map(|(device, facts)| Step::Set(device, facts)),
        1 => (0..DEVICES).prop_map(Step::Remove),
        5 => prop::collection::vec(result(), 0..60).prop_map(Step::Apply),
        1 => (prop::collection::vec(0..DEVICES, 0..10), prop::sample::select(vec![Polling::Gone, POLLED]))
            .prop_map(|(devices, polling)| Step::Poll(devices, polling)),
        2 => (0..900_000_i64).prop_map(Step::Later),
    ]
}

/// What the model keeps of a device.
#[derive(Clone)]
struct Kept {
    facts: Facts,
    answered_at: Option<Timestamp>,
    tells_power: bool,
    /// What it said last, and when.
    last: Option<(Timestamp, Reading)>,
}

#[derive(Default)]
struct Model {
    devices: BTreeMap<u32, Kept>,
}

impl Model {
    fn hear(&mut self, result: &PollResult, at: Timestamp) {
        let Some(kept) = self.devices.get_mut(&result.device().0) else { return };
        match result {
            PollResult::Answered { reading } => {
                kept.answered_at = Some(at);
                let mut reading = Reading::clone(reading);
                let rated = kept.facts.expected_hashrate_ths.filter(|rated| *rated > 0.0).unwrap_or(1e9);
                if let Some(rate) = reading.hashrate_ths.take_if(|rate| rate.is_finite() && *rate > 2.0 * rated) {
                    reading.errors.push(format!("not read: hashrate: {rate} TH/s cannot be, rated {rated} TH/s"));
                }
                match reading.power_w {
                    Some(_) => kept.tells_power = true,
                    None if kept.tells_power => {
                        reading.errors.push("not read: power: not told, and it was before".to_owned());
                    }
                    None => {}
                }
                kept.last = Some((at, reading));
            }
            PollResult::AuthRequired { .. } => kept.answered_at = Some(at),
            PollResult::Missed { .. } | PollResult::Busy { .. } => {}
        }
    }

    fn step(&mut self, step: &Step, at: Timestamp) {
        match step {
            Step::Set(id, facts) => {
                let fresh = Kept { facts: *facts, answered_at: None, tells_power: false, last: None };
                self.devices.entry(*id).or_insert(fresh).facts = *facts;
            }
            Step::Remove(id) => drop(self.devices.remove(id)),
            Step::Apply(results) => results.iter().for_each(|result| self.hear(result, at)),
            Step::Poll(..) | Step::Later(_) => {}
        }
    }
}

fn drive(table: &mut LiveTable, step: &Step, at: Timestamp) {
    match step {
        Step::Set(id, facts) => table.set_device(DeviceId(*id), *facts, POLLED, at),
        Step::Remove(id) => drop(table.remove_device(DeviceId(*id))),
        Step::Apply(results) => drop(table.apply(results, at)),
        Step::Poll(ids, polling) => table.set_polling(ids.iter().map(|id| (DeviceId(*id), *polling)), at),
        Step::Later(_) => table.pass(at),
    }
}

/// Everything that is told of the devices, but for which version it is of.
fn rows(table: &LiveTable) -> BTreeMap<u32, String> {
    let row = |id| Some((id, format!("{:?}", LiveRow { version: 0, ..table.row(DeviceId(id))? })));
    (0..DEVICES).filter_map(row).collect()
}

/// The table after the steps, checked against the model after each.
fn run(steps: &[Step]) -> Result<LiveTable, TestCaseError> {
    let (mut table, mut model, mut at) = (LiveTable::default(), Model::default(), Timestamp(1_700_000_000_000));
    for step in steps {
        if let Step::Later(more) = step {
            at.0 += more;
        }
        let (before, version) = (rows(&table), table.version());
        model.step(step, at);
        drive(&mut table, step, at);
        let changed: BTreeSet<u32> = table.changed_since(version).map(|id| id.0).collect();
        let after = rows(&table);
        for id in 0..DEVICES {
            prop_assert!(before.get(&id) == after.get(&id) || changed.contains(&id), "{} changed untold", id);
        }
        prop_assert!(table.devices().map(|id| id.0).eq(model.devices.keys().copied()));
        for id in changed {
            compare(table.row(DeviceId(id)), model.devices.get(&id))?;
        }
    }
    for id in 0..DEVICES {
        compare(table.row(DeviceId(id)), model.devices.get(&id))?;
    }
    Ok(table)
}

fn compare(row: Option<LiveRow<'_>>, kept: Option<&Kept>) -> Result<(), TestCaseError> {
    let (Some(row), Some(kept)) = (row, kept) else {
        prop_assert!(row.is_none() && kept.is_none());
        return Ok(());
    };
    let finite = |value: Option<f32>| value.filter(|v| v.is_finite());
    prop_assert_eq!(row.seen_at, kept.answered_at);
    prop_assert_eq!(row.last.map(|last| last.as_of), kept.last.as_ref().map(|(at, _)| *at));
    if let (Some(last), Some((_, said))) = (row.last, &kept.last) {
        prop_assert_eq!((last.told, last.power_mode), (said.activity, said.power_mode));
        prop_assert_eq!(last.hashrate_ths, finite(said.hashrate_ths).filter(|v| *v >= 0.0));
        prop_assert_eq!(last.temp_chip_max_c, finite(said.temp_chip_max_c));
        prop_assert_eq!(last.temp_inlet_c, finite(said.temp_inlet_c));
        prop_assert_eq!((last.power_w, last.fan_rpm, last.uptime_s), (said.power_w, said.fan_rpm, said.uptime_s));
        prop_assert_eq!((last.pools.as_deref(), &*last.errors), (said.pools.as_deref(), &*said.errors));
    }
    let is_online = row.connectivity.value == Connectivity::Online;
    prop_assert!(is_online || row.activity.value.is_none() && row.now().is_none());
    let maintained = row.status == DeviceStatus::Maintenance;
    prop_assert_eq!(maintained, kept.facts.maintenance);
    let is_dark = matches!(row.status, DeviceStatus::Unknown | DeviceStatus::Offline);
    prop_assert!(maintained || is_online || is_dark);
    Ok(())
}

#[derive(Debug, Clone)]
struct Asked {
    statuses: StatusSet,
    connectivities: Set<Connectivity>,
    doings: Set<Doing>,
    ranges: Vec<Range>,
    allowed: Option<Vec<u64>>,
    odd_only: bool,
    sort: usize,
    order: Order,
    offset: usize,
    limit: usize,
}

const COLUMNS: [Column; 9] = [
    Column::Hashrate,
    Column::ExpectedHashrate,
    Column::Power,
    Column::Efficiency,
    Column::TempChip,
    Column::TempInlet,
    Column::Fan,
    Column::Uptime,
    Column::PowerMode,
];

fn asked() -> impl Strategy<Value = Asked> {
    let statuses = prop_oneof![
        Just(StatusSet::ALL),
        prop::sample::subsequence(DeviceStatus::ALL.to_vec(), 0..8)
            .prop_map(|some| some.into_iter().collect::<StatusSet>())
    ];
    let connectivities = prop_oneof![
        3 => Just(Set::ALL),
        1 => prop::sample::subsequence(Connectivity::ALL.to_vec(), 0..4).prop_map(|some| some.into_iter().collect()),
    ];
    let doings = prop_oneof![
        3 => Just(Set::ALL),
        1 => prop::sample::subsequence(Doing::ALL.to_vec(), 0..8).prop_map(|some| some.into_iter().collect()),
    ];
    let bound = || prop::option::of((0..40_u8).prop_map(|n| f32::from(n) * 10.0 - 10.0));
    let range = (prop::sample::select(COLUMNS.to_vec()), bound(), bound()).prop_map(|(column, min, max)| Range {
        column,
        min,
        max,
    });
    let order = prop::sample::select(vec![Order::Ascending, Order::Descending]);
    (
        (statuses, connectivities, doings),
        prop::collection::vec(range, 0..2),
        prop::option::of(prop::collection::vec(any::<u64>(), 0..4)),
        any::<bool>(),
        0..COLUMNS.len() + 5,
        order,
        0..60_usize,
        0..60_usize,
    )
        .prop_map(|((statuses, connectivities, doings), ranges, allowed, odd_only, sort, order, offset, limit)| {
            Asked { statuses, connectivities, doings, ranges, allowed, odd_only, sort, order, offset, limit }
        })
}

#[allow(clippy::cast_precision_loss, reason = "small numbers")]
fn number(row: &LiveRow<'_>, column: Column) -> Option<f32> {
    let last = row.last;
    match column {
        Column::Hashrate => last?.hashrate_ths,
        Column::ExpectedHashrate => row.expected_hashrate_ths,
        Column::Power => last?.power_w.map(|w| w as f32),
        Column::Efficiency => Some(last?.power_w? as f32 / last?.hashrate_ths.filter(|h| *h > 0.0)?),
        Column::TempChip => last?.temp_chip_max_c,
        Column::TempInlet => last?.temp_inlet_c,
        Column::Fan => last?.fan_rpm.map(|rpm| rpm as f32),
        Column::Uptime => last?.uptime_s.map(|s| s as f32),
        Column::PowerMode => last?.power_mode.map(|mode| f32::from(mode as u8)),
    }
}

fn ranks() -> Vec<u32> {
    (0..DEVICES - 20).map(|id| id * 7_919 % 31).collect()
}

/// What a row is sorted by; `None` is last.
fn key(row: &LiveRow<'_>, sort: usize) -> Option<f64> {
    const URGENT: [&str; 8] =
        ["error", "degraded", "offline", "unknown", "maintenance", "sleeping", "starting", "hashing"];
    let seconds = |at: Timestamp| (at.0 / 1_000) as f64;
    let other = sort.checked_sub(COLUMNS.len());
    match other {
        None => number(row, COLUMNS[sort]).map(f64::from),
        Some(0) => Some(f64::from(row.device.0)),
        Some(1) => Some(URGENT.iter().position(|word| *word == row.status.as_str()).unwrap() as f64),
        Some(2) => Some(seconds(row.since)),
        Some(3) => row.seen_at.map(seconds),
        _ => ranks().get(row.device.index()).map(|rank| f64::from(*rank)),
    }
}

/// How many rows there would be for each value.
fn facet<K: Kind>(rows: &[LiveRow<'_>], counts: impl Fn(&LiveRow<'_>, K) -> bool) -> Vec<u32> {
    K::ALL.iter().map(|value| rows.iter().filter(|row| counts(row, *value)).count() as u32).collect()
}

fn naive_page(table: &LiveTable, asked: &Asked) -> (Vec<u32>, usize, [Vec<u32>; 3]) {
    let mut rows: Vec<LiveRow<'_>> = (0..DEVICES).filter_map(|id| table.row(DeviceId(id))).collect();
    rows.retain(|row| {
        let id = row.device.index();
        let within = |range: &Range| {
            number(row, range.column).is_some_and(|value| {
                range.min.is_none_or(|min| value >= min) && range.max.is_none_or(|max| value <= max)
            })
        };
        asked.ranges.iter().all(within)
            && asked
                .allowed
                .as_ref()
                .is_none_or(|words| words.get(id / 64).is_some_and(|word| word >> (id % 64) & 1 == 1))
            && (!asked.odd_only || id % 2 == 1)
    });
    let status = |row: &LiveRow<'_>| asked.statuses.has(row.status);
    let reached = |row: &LiveRow<'_>| asked.connectivities.has(row.connectivity.value);
    let does = |row: &LiveRow<'_>| asked.doings.has(Doing(row.activity.value));
    let facets = [
        facet(&rows, |row, value| row.status == value && reached(row) && does(row)),
        facet(&rows, |row, value| row.connectivity.value == value && status(row) && does(row)),
        facet(&rows, |row, value: Doing| row.activity.value == value.0 && status(row) && reached(row)),
    ];
    rows.retain(|row| status(row) && reached(row) && does(row));
    rows.sort_by(|a, b| {
        let by_key = match (key(a, asked.sort), key(b, asked.sort)) {
            (Some(a), Some(b)) if asked.order == Order::Descending => b.partial_cmp(&a).unwrap(),
            (Some(a), Some(b)) => a.partial_cmp(&b).unwrap(),
            (None, None) => Ordering::Equal,
            (a, _) => {
                if a.is_none() {
                    Ordering::Greater
                } else {
                    Ordering::Less
                }
            }
        };
        by_key.then(a.device.cmp(&b.device))
    });
    let total = rows.len();
    (rows.iter().map(|row| row.device.0).skip(asked.offset).take(asked.limit).collect(), total, facets)
}

fn counts<K>(counts: impl Iterator<Item = (K, u32)>) -> Vec<u32> {
    counts.map(|(_, count)| count).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn the_table_answers_as_the_model(steps in prop::collection::vec(step(), 1..80), questions in prop::collection::vec(asked(), 20)) {
        let table = run(&steps)?;
        let ranks = ranks();
        for asked in questions {
            let sort = match asked.sort.checked_sub(COLUMNS.len()) {
                None => Sort::Column(COLUMNS[asked.sort]),
                Some(0) => Sort::Id,
                Some(1) => Sort::Status,
                Some(2) => Sort::Since,
                Some(3) => Sort::Seen,
                _ => Sort::Rank(&ranks),
            };
            let odd = |id: DeviceId| id.0 % 2 == 1;
            let page = table.page(&Query {
                statuses: asked.statuses,
                connectivities: asked.connectivities,
                doings: asked.doings,
                ranges: &asked.ranges,
                allowed: asked.allowed.as_deref(),
                matches: if asked.odd_only { Some(&odd) } else { None },
                sort,
                order: asked.order,
                offset: asked.offset,
                limit: asked.limit,
            });
            let (devices, total, facets) = naive_page(&table, &asked);
            prop_assert_eq!(page.devices.iter().map(|id| id.0).collect::<Vec<_>>(), devices, "{:?}", asked);
            prop_assert_eq!(page.total, total);
            prop_assert_eq!(counts(page.statuses.iter()), &facets[0][..]);
            prop_assert_eq!(counts(page.connectivities.iter()), &facets[1][..]);
            prop_assert_eq!(counts(page.doings.iter()), &facets[2][..]);
        }
    }

    #[test]
    fn sums_are_sums_of_rows(steps in prop::collection::vec(step(), 1..60), some in prop::collection::btree_set(0..DEVICES + 50, 0..100)) {
        let table = run(&steps)?;
        let all: BTreeSet<u32> = (0..DEVICES).collect();
        for (totals, ids) in [(table.totals(), &all), (table.totals_of(some.iter().map(|id| DeviceId(*id))), &some)] {
            let rows: Vec<_> = ids.iter().filter_map(|id| table.row(DeviceId(*id))).collect();
            prop_assert_eq!(totals.devices.total() as usize, rows.len());
            for (status, count) in totals.devices.iter() {
                prop_assert_eq!(count as usize, rows.iter().filter(|row| row.status == status).count());
            }
            let sums = |current: bool| {
                let said = || rows.iter().filter(|row| row.is_current == current).filter_map(|row| row.last);
                let power: Vec<u32> = said().filter_map(|last| last.power_w).collect();
                let hashrate: Vec<f64> = said().filter_map(|last| last.hashrate_ths).map(f64::from).collect();
                (power.iter().map(|watts| f64::from(*watts)).sum(), power.len(), hashrate.iter().sum(), hashrate.len())
            };
            let (power, power_known, sum, hashrate_known): (f64, usize, f64, usize) = sums(true);
            prop_assert_eq!((totals.power_w, totals.power_known as usize), (power, power_known));
            prop_assert_eq!((totals.hashrate_ths, totals.hashrate_known as usize), (sum, hashrate_known));
            prop_assert_eq!(totals.known_power_w(), (power_known > 0 || rows.is_empty()).then_some(power));
            prop_assert_eq!(totals.known_hashrate_ths(), (hashrate_known > 0 || rows.is_empty()).then_some(sum));
            let (left_w, _, left_ths, _) = sums(false);
            let left = totals.left_out;
            prop_assert_eq!(left.devices as usize, rows.iter().filter(|row| !row.is_current).count());
            prop_assert_eq!((left.power_w, left.hashrate_ths), (left_w, left_ths));
            for (reason, some) in totals.left_out_for() {
                let of_reason = |row: &&LiveRow<'_>| {
                    let word = row.connectivity.reason.map_or("overdue", |reason| reason.as_str());
                    !row.is_current && word == reason.as_str()
                };
                prop_assert_eq!(some.devices as usize, rows.iter().filter(of_reason).count());
            }
            let parts = totals.left_out_for();
            prop_assert_eq!(parts.iter().map(|(_, some)| some.devices).sum::<u32>(), left.devices);
            prop_assert_eq!(parts.iter().map(|(_, some)| some.power_w).sum::<f64>(), left.power_w);
            prop_assert_eq!(totals.efficiency_j_th().is_some(), sum > 0.0 && power_known > 0);
        }
    }
}
