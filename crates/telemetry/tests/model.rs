//! The table against a model that is as plain as can be: a map of rows, filtered and sorted in full.
#![allow(clippy::unwrap_used, reason = "tests")]

use adit_core::{
    fleet::{Activity, Connectivity, ModePower, Pool, PowerMode, Reading},
    ids::DeviceId,
    time::Timestamp,
};
use adit_telemetry::{Column, DeviceStatus, Facts, LiveRow, LiveTable, Order, Query, Range, Sort, StatusSet};
use proptest::prelude::*;
use std::{
    cmp::Ordering,
    collections::{BTreeMap, BTreeSet},
};

const DEVICES: u32 = 150;

#[derive(Debug, Clone)]
enum Step {
    Set(u32, Facts),
    Remove(u32),
    Apply(Vec<Reading>),
    Lose(Vec<u32>),
    Later(i64),
}

fn reading() -> impl Strategy<Value = Reading> {
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
    let connectivity = prop::sample::select(vec![
        Connectivity::Online,
        Connectivity::Online,
        Connectivity::Unreachable,
        Connectivity::AuthRequired,
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
    let pools = prop::option::of(Just(vec![Pool { url: "stratum+tcp://pool:3333".into(), user: "a.1".into() }]));
    (
        (0..DEVICES, connectivity, activity, hashrate, prop::option::of(0..40_u32)),
        (number(), number(), prop::option::of(0..3_000_u64), mode, errors, pools),
    )
        .prop_map(
            |(
                (device, connectivity, activity, hashrate_ths, power),
                (chip, inlet, uptime_s, power_mode, errors, pools),
            )| {
                Reading {
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
                    ..Reading::silent(DeviceId(device), connectivity)
                }
            },
        )
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
        5 => prop::collection::vec(reading(), 0..60).prop_map(Step::Apply),
        1 => prop::collection::vec(0..DEVICES, 0..10).prop_map(Step::Lose),
        2 => (0..900_000_i64).prop_map(Step::Later),
    ]
}

/// What the model keeps of a device.
#[derive(Clone)]
struct Kept {
    facts: Facts,
    since: Timestamp,
    received_at: Option<Timestamp>,
    reading: Reading,
}

#[derive(Default)]
struct Model {
    devices: BTreeMap<u32, Kept>,
    touched: BTreeSet<u32>,
}

impl Model {
    fn hear(&mut self, reading: &Reading, at: Timestamp, received: bool) {
        let id = reading.device.0;
        let Some(kept) = self.devices.get_mut(&id) else { return };
        self.touched.insert(id);
        if (kept.reading.connectivity, kept.reading.activity) != (reading.connectivity, reading.activity) {
            kept.since = at;
        }
        kept.reading = reading.clone();
        let rated = kept.facts.expected_hashrate_ths.filter(|rated| *rated > 0.0).unwrap_or(1e9);
        if let Some(rate) = kept.reading.hashrate_ths.take_if(|rate| rate.is_finite() && *rate > 2.0 * rated) {
            kept.reading.errors.push(format!("not read: hashrate: {rate} TH/s cannot be, rated {rated} TH/s"));
        }
        kept.received_at = if received { Some(at) } else { kept.received_at };
    }

    fn step(&mut self, step: &Step, at: Timestamp) {
        match step {
            Step::Set(id, facts) => {
                let silent = Reading::silent(DeviceId(*id), Connectivity::Unknown);
                let fresh = Kept { facts: *facts, since: at, received_at: None, reading: silent };
                self.devices.entry(*id).or_insert(fresh).facts = *facts;
                self.touched.insert(*id);
            }
            Step::Remove(id) => {
                if self.devices.remove(id).is_some() {
                    self.touched.insert(*id);
                }
            }
            Step::Apply(readings) => readings.iter().for_each(|reading| self.hear(reading, at, true)),
            Step::Lose(ids) => {
                ids.iter().for_each(|id| self.hear(&Reading::silent(DeviceId(*id), Connectivity::Unknown), at, false));
            }
            Step::Later(_) => {}
        }
    }
}

fn drive(table: &mut LiveTable, step: &Step, at: Timestamp) {
    match step {
        Step::Set(id, facts) => table.set_device(DeviceId(*id), *facts, at),
        Step::Remove(id) => drop(table.remove_device(DeviceId(*id))),
        Step::Apply(readings) => drop(table.apply(readings, at)),
        Step::Lose(ids) => table.mark_agent_lost(ids.iter().map(|id| DeviceId(*id)), at),
        Step::Later(_) => {}
    }
}

/// The table after the steps, checked against the model after each.
fn run(steps: &[Step]) -> Result<LiveTable, TestCaseError> {
    let (mut table, mut model, mut at) = (LiveTable::default(), Model::default(), Timestamp(1_700_000_000_000));
    for step in steps {
        if let Step::Later(more) = step {
            at.0 += more;
        }
        let before = table.version();
        model.touched.clear();
        model.step(step, at);
        drive(&mut table, step, at);
        let changed: BTreeSet<u32> = table.changed_since(before).map(|id| id.0).collect();
        prop_assert_eq!(&changed, &model.touched);
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
    let said = &kept.reading;
    let finite = |value: Option<f32>| value.filter(|v| v.is_finite());
    prop_assert_eq!((row.since, row.received_at), (kept.since, kept.received_at));
    prop_assert_eq!(
        (row.connectivity, row.activity, row.power_mode),
        (said.connectivity, said.activity, said.power_mode)
    );
    prop_assert_eq!(row.hashrate_ths, finite(said.hashrate_ths).filter(|v| *v >= 0.0));
    prop_assert_eq!((row.temp_chip_max_c, row.temp_inlet_c), (finite(said.temp_chip_max_c), finite(said.temp_inlet_c)));
    prop_assert_eq!((row.power_w, row.fan_rpm, row.uptime_s), (said.power_w, said.fan_rpm, said.uptime_s));
    prop_assert_eq!((row.pools, row.errors), (said.pools.as_deref(), said.errors.as_slice()));
    let maintained = row.status == DeviceStatus::Maintenance;
    prop_assert_eq!(maintained, kept.facts.maintenance);
    let dark = matches!(row.status, DeviceStatus::Unknown | DeviceStatus::Offline);
    prop_assert!(maintained || said.connectivity == Connectivity::Online || dark);
    Ok(())
}

#[derive(Debug, Clone)]
struct Asked {
    statuses: StatusSet,
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
        prop::sample::subsequence(DeviceStatus::ALL.to_vec(), 0..7)
            .prop_map(|some| some.into_iter().collect::<StatusSet>())
    ];
    let bound = || prop::option::of((0..40_u8).prop_map(|n| f32::from(n) * 10.0 - 10.0));
    let range = (prop::sample::select(COLUMNS.to_vec()), bound(), bound()).prop_map(|(column, min, max)| Range {
        column,
        min,
        max,
    });
    let order = prop::sample::select(vec![Order::Ascending, Order::Descending]);
    (
        statuses,
        prop::collection::vec(range, 0..2),
        prop::option::of(prop::collection::vec(any::<u64>(), 0..4)),
        any::<bool>(),
        0..COLUMNS.len() + 5,
        order,
        0..60_usize,
        0..60_usize,
    )
        .prop_map(|(statuses, ranges, allowed, odd_only, sort, order, offset, limit)| Asked {
            statuses,
            ranges,
            allowed,
            odd_only,
            sort,
            order,
            offset,
            limit,
        })
}

#[allow(clippy::cast_precision_loss, reason = "small numbers")]
fn number(row: &LiveRow<'_>, column: Column) -> Option<f32> {
    match column {
        Column::Hashrate => row.hashrate_ths,
        Column::ExpectedHashrate => row.expected_hashrate_ths,
        Column::Power => row.power_w.map(|w| w as f32),
        Column::Efficiency => Some(row.power_w? as f32 / row.hashrate_ths.filter(|h| *h > 0.0)?),
        Column::TempChip => row.temp_chip_max_c,
        Column::TempInlet => row.temp_inlet_c,
        Column::Fan => row.fan_rpm.map(|rpm| rpm as f32),
        Column::Uptime => row.uptime_s.map(|s| s as f32),
        Column::PowerMode => row.power_mode.map(|mode| f32::from(mode as u8)),
    }
}

fn ranks() -> Vec<u32> {
    (0..DEVICES - 20).map(|id| id * 7_919 % 31).collect()
}

/// What a row is sorted by; `None` is last.
fn key(row: &LiveRow<'_>, sort: usize) -> Option<f64> {
    const URGENT: [&str; 7] = ["error", "degraded", "offline", "unknown", "maintenance", "sleeping", "hashing"];
    let seconds = |at: Timestamp| (at.0 / 1_000) as f64;
    let other = sort.checked_sub(COLUMNS.len());
    match other {
        None => number(row, COLUMNS[sort]).map(f64::from),
        Some(0) => Some(f64::from(row.device.0)),
        Some(1) => Some(URGENT.iter().position(|word| *word == row.status.as_str()).unwrap() as f64),
        Some(2) => Some(seconds(row.since)),
        Some(3) => row.received_at.map(seconds),
        _ => ranks().get(row.device.index()).map(|rank| f64::from(*rank)),
    }
}

fn naive_page(table: &LiveTable, asked: &Asked) -> (Vec<u32>, usize, Vec<(DeviceStatus, u32)>) {
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
    let facets =
        DeviceStatus::ALL.map(|status| (status, rows.iter().filter(|row| row.status == status).count() as u32));
    rows.retain(|row| asked.statuses.has(row.status));
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
    (rows.iter().map(|row| row.device.0).skip(asked.offset).take(asked.limit).collect(), total, facets.to_vec())
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
                Some(3) => Sort::Received,
                _ => Sort::Rank(&ranks),
            };
            let odd = |id: DeviceId| id.0 % 2 == 1;
            let page = table.page(&Query {
                statuses: asked.statuses,
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
            prop_assert_eq!(page.facets.iter().collect::<Vec<_>>(), facets);
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
            let power: Vec<u32> = rows.iter().filter_map(|row| row.power_w).collect();
            prop_assert_eq!((totals.power_w, totals.power_known as usize), (f64::from(power.iter().sum::<u32>()), power.len()));
            let hashrate: Vec<f32> = rows.iter().filter_map(|row| row.hashrate_ths).collect();
            let sum: f64 = hashrate.iter().copied().map(f64::from).sum();
            prop_assert_eq!((totals.hashrate_ths, totals.hashrate_known as usize), (sum, hashrate.len()));
            prop_assert_eq!(totals.efficiency_j_th().is_some(), sum > 0.0 && !power.is_empty());
        }
    }
}
