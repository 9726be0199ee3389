//! How things are compared: in turn, round after round, in one process on one machine, and by ratio only. A machine that
//! is slow or noisy is so for both sides of every round.

use rustix::time::{ClockId, clock_gettime};
use std::{hint::black_box, time::Instant};

/// What one comparison came to, over its rounds.
#[derive(Debug, Clone, Copy)]
pub struct Spread {
    /// The middle round.
    pub median: f64,
    /// A quarter of the rounds were below.
    pub low: f64,
    /// A quarter of the rounds were above.
    pub high: f64,
}

impl Spread {
    /// Of one value a round.
    ///
    /// # Panics
    /// If there were no rounds.
    #[must_use]
    pub fn of(mut rounds: Vec<f64>) -> Self {
        rounds.sort_by(f64::total_cmp);
        let at = |share: f64| rounds[((rounds.len() - 1) as f64 * share).round() as usize];
        Self { median: at(0.5), low: at(0.25), high: at(0.75) }
    }
}

/// Seconds of this thread's time on a processor that `work` takes. For work that only computes: what else runs on the machine
/// is not counted.
pub fn cpu_seconds<T>(work: impl FnOnce() -> T) -> f64 {
    let now = || {
        let time = clock_gettime(ClockId::ThreadCPUTime);
        time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
    };
    let start = now();
    black_box(work());
    now() - start
}

/// Seconds that `work` takes.
pub fn seconds<T>(work: impl FnOnce() -> T) -> f64 {
    let start = Instant::now();
    black_box(work());
    start.elapsed().as_secs_f64()
}

/// Seconds per unit of work of several contestants, one row of numbers a round.
#[derive(Debug, Default)]
pub struct Rounds(Vec<Vec<f64>>);

impl Rounds {
    /// Lets every contestant have its turn in every round, forwards and backwards by turns. Each returns seconds per unit.
    /// The first round warms up and is not counted.
    pub fn run(rounds: usize, contestants: &mut [&mut dyn FnMut() -> f64]) -> Self {
        let mut all = Vec::new();
        for round in 0..=rounds {
            let mut row = vec![0.0; contestants.len()];
            for turn in 0..contestants.len() {
                let who = if round % 2 == 0 { turn } else { contestants.len() - 1 - turn };
                row[who] = contestants[who]();
            }
            if round > 0 {
                all.push(row);
            }
        }
        Self(all)
    }

    /// Seconds per unit of one contestant.
    #[must_use]
    pub fn of(&self, contestant: usize) -> Spread {
        Spread::of(self.0.iter().map(|row| row[contestant]).collect())
    }

    /// How many times as long `a` took as `b`, round by round.
    #[must_use]
    pub fn ratio(&self, a: usize, b: usize) -> Spread {
        Spread::of(self.0.iter().map(|row| row[a] / row[b]).collect())
    }
}
