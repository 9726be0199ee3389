//! The server's clock, as this host can tell it: orders are due by that one, and this host's may be set to anything.
//!
//! Each greeting tells what time it is there. From then on two things count: this host's clock, and the time that has passed
//! since. A clock that is set meanwhile spoils the first, a host that sleeps the second, so the later of the two is believed:
//! an order that may be late is not begun. How long the greeting took counts as passed, too.

use crate::Clock;
use adit_core::time::{Millis, Timestamp};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Instant,
};

/// A moment by this host.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mark {
    /// By its clock.
    pub own: Timestamp,
    at: Instant,
}

#[derive(Clone)]
pub(crate) struct ServerClock {
    own: Clock,
    /// The last greeting: what the server said, and when it was asked.
    heard: Arc<Mutex<Option<(Timestamp, Mark)>>>,
}

impl ServerClock {
    pub fn new(own: Clock) -> Self {
        Self { own, heard: Arc::default() }
    }

    pub fn mark(&self) -> Mark {
        Mark { own: (self.own)(), at: Instant::now() }
    }

    /// The server has said what time it is, at some moment since `asked`.
    pub fn hear(&self, server: Timestamp, asked: Mark) {
        *self.heard.lock().unwrap_or_else(PoisonError::into_inner) = Some((server, asked));
    }

    /// The server says that it is this late by now, if not later: what it says may have been held up on its way.
    pub fn at_least(&self, server: Timestamp) {
        let mark = self.mark();
        let mut heard = self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        if heard.is_some_and(|heard| later(heard, mark) < server) {
            *heard = Some((server, mark));
        }
    }

    /// What time it is there by now, or a little later; by this host's clock before the first greeting.
    fn now(&self) -> Timestamp {
        let heard = *self.heard.lock().unwrap_or_else(PoisonError::into_inner);
        let mark = self.mark();
        heard.map_or(mark.own, |heard| later(heard, mark))
    }

    /// To be asked like this host's own.
    pub fn clock(&self) -> Clock {
        let this = self.clone();
        Arc::new(move || this.now())
    }
}

/// The server's time at `mark`, from what it said and when it was asked: the later of the two ways to count.
fn later((server, asked): (Timestamp, Mark), mark: Mark) -> Timestamp {
    let by_clock = server.0.saturating_add(mark.own.0.saturating_sub(asked.own.0));
    let passed = u64::try_from(mark.at.duration_since(asked.at).as_millis()).unwrap_or(u64::MAX);
    server.after(Millis(passed)).max(Timestamp(by_clock))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicI64, Ordering};

    const HOUR: i64 = 3_600_000;

    #[test]
    fn a_clock_that_is_set_after_the_greeting_makes_it_no_earlier() {
        for wrong_by in [-HOUR, 0, HOUR] {
            let hands = Arc::new(AtomicI64::new(10 * HOUR + wrong_by));
            let own = Arc::clone(&hands);
            let server = ServerClock::new(Arc::new(move || Timestamp(own.load(Ordering::SeqCst))));
            let clock = server.clock();
            assert_eq!(clock(), Timestamp(10 * HOUR + wrong_by), "there is nothing else to go by");
            server.hear(Timestamp(10 * HOUR), server.mark());
            server.at_least(Timestamp(10 * HOUR - 5_000));
            assert!(clock() >= Timestamp(10 * HOUR), "a word that was held up sets nothing back");
            for (moved_by, least) in [(0, 0), (HOUR, HOUR), (-2 * HOUR, 0)] {
                hands.store(10 * HOUR + wrong_by + moved_by, Ordering::SeqCst);
                let passed = clock().0 - 10 * HOUR;
                assert!((least..least + HOUR / 2).contains(&passed), "{wrong_by} {moved_by}: {passed}");
            }
        }
    }
}
