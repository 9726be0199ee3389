//! Rows 1a to 1c: may this person do this to that miner, and to which miners? Asked of the kernel, of a bitset, and of the three engines people
//! would otherwise take. Everybody must give the same answer to every question before anything is timed.

#![cfg_attr(not(feature = "engines"), allow(dead_code, reason = "it is checked and cannot be run"))]

mod bitset;
#[cfg(feature = "engines")]
mod casbin;
#[cfg(feature = "engines")]
mod cedar;
mod fleet;
#[cfg(feature = "engines")]
mod rego;

use crate::{
    measure::{Rounds, cpu_seconds},
    table::{Goal, Line, time},
};
use adit_core::{authz::Permission, ids::UserId};
use fleet::{Fleet, Question};
use std::hint::black_box;

/// Questions asked, and compared.
const QUESTIONS: usize = 100_000;
const ROUNDS: usize = 21;
/// The first so many of them are timed, the same for everybody.
const TIMED: usize = 2_000;
/// So often in a round by those who take nanoseconds, so that everybody is warm and the clock is fine enough.
const PASSES: usize = 25;
/// Sets of devices drawn in a round.
const SETS: u32 = 1_000;
/// One person over the whole fleet.
const WHOLE_FLEET_ROUNDS: usize = 101;

/// A contestant that can be wrong.
trait Engine {
    fn allow(&mut self, question: usize) -> bool;
}

/// # Panics
/// Always.
#[cfg(not(feature = "engines"))]
pub fn run() -> Vec<Line> {
    panic!("there is nothing to compare with: build the benches with the feature \"engines\"")
}

/// # Panics
/// If any two engines disagree about any question.
#[cfg(feature = "engines")]
pub fn run() -> Vec<Line> {
    eprintln!("authorization: {} devices, {} people, {QUESTIONS} questions", fleet::DEVICES, fleet::PEOPLE);
    let fleet = Fleet::new();
    let questions = fleet.questions(QUESTIONS);
    let bitset = bitset::Bitset::new(&fleet);
    let mut rego = rego::Rego::new(&fleet, &questions);
    let mut cedar = cedar::Cedar::new(&fleet, &questions);
    let mut casbin = casbin::Casbin::new(&fleet, &questions);
    agree(&fleet, &questions, &bitset, &mut [("Rego", &mut rego), ("Cedar", &mut cedar), ("Casbin", &mut casbin)]);
    let mut lines = one_decision(&fleet, &questions, &bitset, &mut rego, &mut cedar, &mut casbin);
    lines.push(whole_fleet(&fleet, &bitset));
    lines.push(all_devices(&fleet, &bitset));
    lines
}

fn agree(fleet: &Fleet, questions: &[Question], bitset: &bitset::Bitset, engines: &mut [(&str, &mut dyn Engine)]) {
    let mut allowed = 0;
    for (number, question) in questions.iter().enumerate() {
        let ours = fleet.allow(question);
        assert_eq!(fleet.verdict(question), ours, "the kernel contradicts itself about {question:?}");
        assert_eq!(bitset.allow(question), ours, "the bitset disagrees about {question:?}");
        for (name, engine) in engines.iter_mut() {
            assert_eq!(engine.allow(number), ours, "{name} disagrees about {question:?}");
        }
        allowed += usize::from(ours);
    }
    let share = allowed * 100 / questions.len();
    assert!((20..=80).contains(&share), "one-sided questions prove little: {share} % are answered with yes");
    eprintln!("all agree about all {} questions; {share} % are answered with yes", questions.len());
}

fn one_decision(
    fleet: &Fleet,
    questions: &[Question],
    bitset: &bitset::Bitset,
    rego: &mut dyn Engine,
    cedar: &mut dyn Engine,
    casbin: &mut dyn Engine,
) -> Vec<Line> {
    let each = |allow: &mut dyn FnMut(usize) -> bool| {
        cpu_seconds(|| (0..TIMED).filter(|number| black_box(allow(*number))).count()) / TIMED as f64
    };
    let questions = &questions[..TIMED];
    let mut kernel = || quick(questions, |question| fleet.allow(question));
    let mut limit = || quick(questions, |question| bitset.allow(question));
    let mut reasoned = || quick(questions, |question| fleet.verdict(question));
    let rounds = Rounds::run(
        ROUNDS,
        &mut [
            &mut kernel,
            &mut limit,
            &mut || each(&mut |number| rego.allow(number)),
            &mut || each(&mut |number| cedar.allow(number)),
            &mut || each(&mut |number| casbin.allow(number)),
            &mut reasoned,
        ],
    );
    let line = |what: &str, ours: usize, theirs: usize, reference: &str, faster: bool, goal: Goal| Line {
        row: "1a",
        what: what.into(),
        ours: time(rounds.of(ours).median),
        reference: reference.into(),
        theirs: time(rounds.of(theirs).median),
        ratio: if faster { rounds.ratio(theirs, ours) } else { rounds.ratio(ours, theirs) },
        goal,
    };
    vec![
        line("one decision", 0, 1, "bitset and intervals", false, Goal::AtMost(4.0)),
        line("one decision, times as fast as", 0, 2, "Rego VM (regorus)", true, Goal::AtLeast(100.0)),
        line("one decision, times as fast as", 0, 3, "Cedar", true, Goal::AtLeast(500.0)),
        line("one decision, times as fast as", 0, 4, "Casbin", true, Goal::Known),
        line("the same with its reason and policy", 5, 1, "bitset and intervals", false, Goal::Known),
    ]
}

/// Seconds a question. Generic, for a call through a pointer would be a good part of what these take.
fn quick(questions: &[Question], allow: impl Fn(&Question) -> bool) -> f64 {
    let pass = || questions.iter().filter(|question| black_box(allow(question))).count();
    cpu_seconds(|| (0..PASSES).map(|_| pass()).sum::<usize>()) / (PASSES * questions.len()) as f64
}

fn whole_fleet(fleet: &Fleet, bitset: &bitset::Bitset) -> Line {
    let (user, permission) = fleet.limited_person();
    let (ours, theirs) = (fleet.count(user, permission), bitset.count(user, permission));
    assert_eq!(ours, theirs, "the kernel and the bitset count different devices");
    let rounds = Rounds::run(
        WHOLE_FLEET_ROUNDS,
        &mut [&mut || cpu_seconds(|| fleet.count(black_box(user), permission)), &mut || {
            cpu_seconds(|| bitset.count(black_box(user), permission))
        }],
    );
    Line {
        row: "1b",
        what: format!("one person over {} devices", fleet::DEVICES),
        ours: time(rounds.of(0).median),
        reference: "bitset and intervals".into(),
        theirs: time(rounds.of(1).median),
        ratio: rounds.ratio(0, 1),
        goal: Goal::AtMost(3.0),
    }
}

fn all_devices(fleet: &Fleet, bitset: &bitset::Bitset) -> Line {
    for user in (1..=fleet::PEOPLE).map(UserId) {
        for permission in Permission::all() {
            let limit = bitset.all(user, permission);
            let has = |number: &u32| limit[(*number as usize + 1) / 64] >> ((number + 1) % 64) & 1 != 0;
            let theirs = (0..fleet::DEVICES).filter(has).map(fleet::device);
            assert!(fleet.all(user, permission).iter().eq(theirs), "{user} may {} elsewhere", permission.name());
        }
    }
    let (user, permission) = fleet.limited_person();
    let each = |all: &mut dyn FnMut()| cpu_seconds(|| (0..SETS).for_each(|_| all())) / f64::from(SETS);
    let rounds = Rounds::run(
        WHOLE_FLEET_ROUNDS,
        &mut [&mut || each(&mut || drop(black_box(fleet.all(black_box(user), permission)))), &mut || {
            each(&mut || drop(black_box(bitset.all(black_box(user), permission))))
        }],
    );
    Line {
        row: "1c",
        what: format!("all of {} devices that one person may act on", fleet::DEVICES),
        ours: time(rounds.of(0).median),
        reference: "bitmaps drawn before".into(),
        theirs: time(rounds.of(1).median),
        ratio: rounds.ratio(0, 1),
        goal: Goal::AtMost(4.0),
    }
}
