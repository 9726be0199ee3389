//! Random lives of a whole installation - the real engine on a log that fails, agents that die, a network that loses and
//! doubles, people who come and go, clocks that jump - with the promises checked after every step. A seed repeats a life.
//!
//! `ADIT_LIVES` says how many lives (10 of them by default, 2 000 steps each), `ADIT_SEED` which is the first.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod chance;
mod disk;
mod life;
mod people;
mod site;

use life::Life;

const STEPS: usize = 2_000;

fn number(name: &str, or: u64) -> u64 {
    std::env::var(name).map_or(or, |text| text.parse().unwrap_or_else(|_| panic!("{name} is a number")))
}

#[test]
fn nothing_is_lost_and_nothing_is_done_twice() {
    let (lives, first) = (number("ADIT_LIVES", 10), number("ADIT_SEED", 1));
    let mut seen = life::Seen::default();
    for seed in first..first + lives {
        let lived = std::panic::catch_unwind(|| {
            let mut life = Life::new(seed);
            for _ in 0..STEPS {
                life.step();
            }
            life.heal();
            life.seen
        });
        let lived =
            lived.unwrap_or_else(|_| panic!("life {seed} broke a promise: ADIT_SEED={seed} ADIT_LIVES=1 repeats it"));
        seen.add(&lived);
    }
    println!("{} steps: {seen:?}", lives * STEPS as u64);
    // A simulation in which nothing happens proves nothing.
    assert!(seen.crashes > lives && seen.applied > lives && seen.requests > lives && seen.doubled > lives, "{seen:?}");
    assert!(seen.agent_deaths > 0 && seen.unclear > 0 && seen.full > 0, "{seen:?}");
}
