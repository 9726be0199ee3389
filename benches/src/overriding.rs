//! Row 2d: one request takes 5 000 devices from 100 that wait. It must be one decision, appended as a whole, and the cost of a
//! device must not grow with their number.

use crate::{
    company::{Company, json, mode},
    measure::{Rounds, cpu_seconds},
    table::{Goal, Line, time},
};
use adit_core::{fleet::PowerMode, ids::DeviceId, requests::RequestState};

const DEVICES: u32 = 5_000;
/// Held by each waiting request.
const HELD: u32 = 50;
/// So many times fewer, to compare with.
const FEWER: u32 = 10;
const ROUNDS: usize = 51;

/// # Panics
/// If the devices are not taken, or not all at once.
pub fn run() -> Vec<Line> {
    eprintln!("overriding: {DEVICES} devices held by {} waiting requests", DEVICES / HELD);
    let mut company = Company::new("cd".repeat(32), DEVICES);
    for request in 0..DEVICES / HELD {
        company.ask(mode(PowerMode::Low), devices(request * HELD, HELD));
    }
    check(&company);
    let over = |count: u32| {
        let targets = devices(0, count);
        let company = &company;
        move || {
            let targets = targets.clone();
            let whole = cpu_seconds(|| company.decide(mode(PowerMode::High), targets).entries.iter().map(json).count());
            whole / f64::from(count)
        }
    };
    let (mut many, mut few, mut naive) = (over(DEVICES), over(DEVICES / FEWER), bare());
    let rounds = Rounds::run(ROUNDS, &mut [&mut many, &mut few, &mut naive]);
    let line = |what: &str, other: usize, reference: &str, goal: Goal| Line {
        row: "2d",
        what: what.into(),
        ours: time(rounds.of(0).median * f64::from(DEVICES)),
        reference: reference.into(),
        theirs: time(rounds.of(other).median * f64::from(if other == 1 { DEVICES / FEWER } else { DEVICES })),
        ratio: rounds.ratio(0, other),
        goal,
    };
    vec![
        line(
            "override of 5 000 devices in 100 requests, per device",
            1,
            "500 devices in 10 requests",
            Goal::AtMost(1.3),
        ),
        line("the same", 2, "moving 5 000 numbers in a vector", Goal::Known),
    ]
}

fn devices(from: u32, count: u32) -> Vec<DeviceId> {
    (from + 1..=from + count).map(DeviceId).collect()
}

/// The holders, by device, as plain numbers.
fn bare() -> impl FnMut() -> f64 {
    let mut holders: Vec<u32> = (0..DEVICES).map(|device| device / HELD).collect();
    let mut left = vec![HELD; (DEVICES / HELD) as usize];
    move || {
        let taken = cpu_seconds(|| {
            for holder in &mut holders {
                left[*holder as usize] -= 1;
                *holder = u32::MAX;
            }
            left.iter().filter(|left| **left == 0).count()
        });
        (0..DEVICES).zip(&mut holders).for_each(|(device, holder)| *holder = device / HELD);
        left.fill(HELD);
        taken / f64::from(DEVICES)
    }
}

fn check(company: &Company) {
    let decided = company.decide(mode(PowerMode::High), devices(0, DEVICES));
    let count = |state: RequestState| decided.state.requests().filter(|request| request.state == state).count();
    assert_eq!(count(RequestState::Superseded), (DEVICES / HELD) as usize, "each lost everything");
    assert_eq!(count(RequestState::Pending), 1, "one has them all");
}
