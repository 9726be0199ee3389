//! The device table of 100 000 against the smallest thing that could answer: one scan over bare columns that filters, keeps
//! keys and picks the page. Run in turn, so that a noisy machine is noisy for both.
#![allow(clippy::cast_precision_loss, reason = "figures")]

use adit_core::{
    fleet::{Activity, PollResult, Pool, PowerMode, Reading},
    ids::DeviceId,
    time::{Millis, Timestamp},
};
use adit_telemetry::{Column, DeviceStatus, Facts, LiveTable, Order, Polling, Query, Range, Sort, StatusSet};
use std::{hint::black_box, time::Instant};

const DEVICES: u32 = 100_000;
const ROUNDS: usize = 201;

fn reading(id: u32, round: u32) -> PollResult {
    let noise = (id.wrapping_mul(2_654_435_761).wrapping_add(round.wrapping_mul(40_503))) % 10_000;
    PollResult::from(Reading {
        activity: Some(if noise < 300 { Activity::Paused } else { Activity::Mining }),
        hashrate_ths: Some(80.0 + noise as f32 / 250.0),
        power_w: Some(3_000 + noise / 20),
        temp_chip_max_c: Some(60.0 + noise as f32 / 500.0),
        uptime_s: Some(100_000),
        power_mode: Some(PowerMode::Normal),
        pools: Some(vec![
            Pool {
                url: "stratum+tcp://pool.example:3333".into(),
                user: format!("account.{id}"),
                password: None
            };
            3
        ]),
        ..Reading::empty(DeviceId(id))
    })
}

fn naive(hashrate: &[f32], status: &[u8], least: f32) -> Vec<u32> {
    let mut keys: Vec<(u32, u32)> = Vec::new();
    for (id, (value, state)) in (0..).zip(hashrate.iter().zip(status)) {
        if *state == 0 && *value >= least {
            keys.push((!value.to_bits(), id));
        }
    }
    if keys.len() > 50 {
        keys.select_nth_unstable(49);
        keys.truncate(50);
    }
    keys.sort_unstable();
    keys.into_iter().map(|(_, id)| id).collect()
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn time<T>(work: impl FnOnce() -> T) -> (f64, T) {
    let start = Instant::now();
    let done = black_box(work());
    (start.elapsed().as_secs_f64() * 1e3, done)
}

/// Medians of two things done in turn, in milliseconds.
fn in_turn<A, B>(mut a: impl FnMut() -> A, mut b: impl FnMut() -> B) -> (f64, f64) {
    let (mut of_a, mut of_b) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        of_a.push(time(&mut a).0);
        of_b.push(time(&mut b).0);
    }
    (median(of_a), median(of_b))
}

fn main() {
    let mut table = LiveTable::default();
    for id in 0..DEVICES {
        let facts = Facts { expected_hashrate_ths: Some(100.0), ..Facts::default() };
        table.set_device(DeviceId(id), facts, Polling::Polled { interval: Millis::seconds(30) }, Timestamp(0));
    }
    let readings: Vec<PollResult> = (0..DEVICES).map(|id| reading(id, 0)).collect();
    let (first, _) = time(|| table.apply(&readings, Timestamp(1)));
    let next: Vec<PollResult> = (0..DEVICES).map(|id| reading(id, 1)).collect();
    let (again, _) = time(|| table.apply(&next, Timestamp(2)));

    let rows: Vec<_> = (0..DEVICES).filter_map(|id| table.row(DeviceId(id))).collect();
    let hashrate: Vec<f32> =
        rows.iter().map(|row| row.last.and_then(|last| last.hashrate_ths).unwrap_or(0.0)).collect();
    let status: Vec<u8> = rows.iter().map(|row| row.status as u8).collect();
    let hashing = StatusSet::NONE.with(DeviceStatus::Hashing);
    let least = 90.0;
    let ranges = [Range { column: Column::Hashrate, min: Some(least), max: None }];
    let query = Query {
        statuses: hashing,
        ranges: &ranges,
        sort: Sort::Column(Column::Hashrate),
        order: Order::Descending,
        ..Query::default()
    };
    let same: Vec<u32> = table.page(&query).devices.iter().map(|id| id.0).collect();
    assert_eq!(same, naive(&hashrate, &status, least), "both answer the same");

    let (ours, bare) = in_turn(|| table.page(&query), || naive(&hashrate, &status, least));
    println!(
        "filter + sort + page of 50 of {DEVICES}: {ours:.3} ms, bare columns {bare:.3} ms, ratio {:.2} (goal 3)",
        ours / bare
    );
    let all = Query { sort: Sort::Column(Column::Power), ..Query::default() };
    let allowed = vec![0x5555_5555_5555_5555_u64; DEVICES as usize / 64 + 1];
    let half = Query { allowed: Some(&allowed), ..all };
    let deep = Query { offset: 60_000, ..all };
    for (what, query) in [("sorted by power, no filter", all), ("half of them allowed", half), ("page at 60 000", deep)]
    {
        let (ours, bare) = in_turn(|| table.page(&query), || naive(&hashrate, &status, 0.0));
        println!("{what}: {ours:.3} ms, bare columns {bare:.3} ms, ratio {:.2}", ours / bare);
    }
    let (ours, bare) = in_turn(|| table.totals(), || hashrate.iter().map(|value| f64::from(*value)).sum::<f64>());
    println!("sums over the fleet: {ours:.3} ms, one column summed {bare:.3} ms");
    let mut passing = LiveTable::default();
    std::mem::swap(&mut passing, &mut table);
    let (ours, _) = in_turn(|| passing.pass(Timestamp(3)), || ());
    println!("a second passes and nothing changes: {ours:.3} ms");
    std::mem::swap(&mut passing, &mut table);
    let (ours, _) = in_turn(|| table.changed_since(table.version()).count(), || ());
    println!("nothing changed: {ours:.3} ms");
    println!(
        "readings: first {first:.1} ms, with nothing new in the texts {again:.1} ms, {:.2} M readings/s",
        f64::from(DEVICES) / again / 1e3
    );
}
