//! What may happen in a company's life, drawn at random.

use adit_core::requests::{Safeguards, Scenario};
use proptest::prelude::*;

/// How many there are.
pub const MINERS: u32 = 6;

#[derive(Debug, Clone)]
pub enum Step {
    Submit {
        who: usize,
        what: u8,
        targets: Vec<u32>,
        key: Option<u8>,
    },
    Program {
        which: usize,
        what: u8,
        targets: Vec<u32>,
        key: Option<u8>,
    },
    Issue {
        who: usize,
        whom: usize,
    },
    Draft {
        who: usize,
        what: u8,
        targets: Vec<u32>,
    },
    SubmitDraft {
        who: usize,
        key: Option<u8>,
    },
    Vote {
        who: usize,
        which: usize,
        approve: bool,
    },
    /// Of the person whose program asked.
    VoteForOwn {
        which: usize,
    },
    Withdraw {
        who: usize,
        which: usize,
    },
    Cancel {
        who: usize,
        which: usize,
    },
    Finish {
        which: usize,
        well: bool,
    },
    Policy {
        who: usize,
        scenario: usize,
        required: u32,
        other: u32,
    },
    Remove {
        who: usize,
        whom: usize,
        all: bool,
    },
    RemoveWith {
        who: usize,
        whom: usize,
        scenario: usize,
        required: u32,
    },
    Safeguards {
        who: usize,
        safeguards: Safeguards,
    },
    Recover {
        who: usize,
        whom: Option<usize>,
    },
    Change {
        who: usize,
        whom: usize,
        role: usize,
    },
    Suspend {
        who: usize,
        whom: usize,
        on: bool,
    },
    Leave {
        who: usize,
    },
    Hire {
        role: usize,
    },
    Deprovision {
        whom: usize,
    },
    Freeze {
        on: bool,
    },
    Offer {
        who: usize,
        whom: usize,
        role: usize,
    },
    Answer {
        who: usize,
        which: usize,
        accept: bool,
    },
    /// The server keeps a snapshot.
    Snapshot {},
    Wait {
        minutes: u64,
    },
    ClockBack {
        minutes: i64,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..8_usize;
    let which = 0..64_usize;
    let targets = prop::collection::vec(1..=MINERS, 1..5);
    let key = prop::option::weighted(0.3, 0..4_u8);
    prop_oneof![
        6 => (who.clone(), 0..6_u8, targets.clone(), key.clone())
            .prop_map(|(who, what, targets, key)| Step::Submit { who, what, targets, key }),
        3 => (which.clone(), 0..6_u8, targets.clone(), key.clone())
            .prop_map(|(which, what, targets, key)| Step::Program { which, what, targets, key }),
        1 => (who.clone(), who.clone()).prop_map(|(who, whom)| Step::Issue { who, whom }),
        2 => (who.clone(), 0..6_u8, targets).prop_map(|(who, what, targets)| Step::Draft { who, what, targets }),
        1 => (who.clone(), key).prop_map(|(who, key)| Step::SubmitDraft { who, key }),
        6 => (who.clone(), which.clone(), prop::bool::weighted(0.85))
            .prop_map(|(who, which, approve)| Step::Vote { who, which, approve }),
        2 => which.clone().prop_map(|which| Step::VoteForOwn { which }),
        1 => (who.clone(), which.clone()).prop_map(|(who, which)| Step::Withdraw { who, which }),
        1 => (who.clone(), which.clone()).prop_map(|(who, which)| Step::Cancel { who, which }),
        4 => (which.clone(), any::<bool>()).prop_map(|(which, well)| Step::Finish { which, well }),
        2 => (who.clone(), 0..Scenario::ALL.len(), 0..5_u32, 0..3_u32)
            .prop_map(|(who, scenario, required, other)| Step::Policy { who, scenario, required, other }),
        1 => (who.clone(), who.clone(), any::<bool>()).prop_map(|(who, whom, all)| Step::Remove { who, whom, all }),
        1 => (who.clone(), who.clone(), 0..Scenario::ALL.len(), 0..4_u32)
            .prop_map(|(who, whom, scenario, required)| Step::RemoveWith { who, whom, scenario, required }),
        1 => (who.clone(), any::<bool>(), any::<bool>(), any::<bool>()).prop_map(
            |(who, ratchet, closure, owner_recovery)| Step::Safeguards {
                who,
                safeguards: Safeguards { ratchet, closure, owner_recovery },
            }
        ),
        1 => (prop_oneof![Just(5_usize), who.clone()], prop::option::of(who.clone()))
            .prop_map(|(who, whom)| Step::Recover { who, whom }),
        1 => (who.clone(), who.clone(), 0..4_usize).prop_map(|(who, whom, role)| Step::Change { who, whom, role }),
        2 => (who.clone(), who.clone(), any::<bool>()).prop_map(|(who, whom, on)| Step::Suspend { who, whom, on }),
        1 => who.clone().prop_map(|who| Step::Leave { who }),
        1 => (0..4_usize).prop_map(|role| Step::Hire { role }),
        1 => (who.clone(), who.clone(), 0..4_usize).prop_map(|(who, whom, role)| Step::Offer { who, whom, role }),
        1 => (who.clone(), which, prop::bool::weighted(0.8))
            .prop_map(|(who, which, accept)| Step::Answer { who, which, accept }),
        1 => who.prop_map(|whom| Step::Deprovision { whom }),
        1 => any::<bool>().prop_map(|on| Step::Freeze { on }),
        2 => Just(Step::Snapshot {}),
        // Now and then longer than any timelock.
        1 => prop_oneof![5 => 0..90_u64, 1 => 4_320..4_400_u64].prop_map(|minutes| Step::Wait { minutes }),
        1 => (0..500_i64).prop_map(|minutes| Step::ClockBack { minutes }),
    ]
}

pub fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..most)
}
