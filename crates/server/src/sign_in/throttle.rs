//! A growing delay after failures: for one account from one source, and for one source. A source is an address, or the network of
//! one (see [`Source`]).
//!
//! **Failures from elsewhere never hold up a right password.** A source that has not failed at an account is let through, whoever
//! else has; while many fail at it from everywhere, it costs a source its first failure as well, and no more. What is short
//! enough to be guessed from many sources together, and asked only of who has shown something else before (one-time
//! codes), or what costs whoever has the account something (letters), is counted for all of them ([`Trial::of_all`]).
//!
//! The delay ends by itself and is never longer than [`MAX_DELAY`].

use crate::net::Source;
use adit_core::time::{Millis, Timestamp};
use std::collections::HashMap;

/// The longest delay.
const MAX_DELAY: Millis = Millis::minutes(5);
/// The first one.
const FIRST_DELAY: Millis = Millis::seconds(2);
/// Failures are forgotten this long after the last.
const MEMORY: Millis = Millis::hours(24);
/// So many failures at one account from everywhere are an attack.
const MANY: u32 = 10;
/// Most that is remembered; beyond it, what may be tried again soonest is forgotten.
const MAX_REMEMBERED: usize = 20_000;

/// One try to prove who one is.
#[derive(Debug, Clone)]
pub struct Trial {
    address: String,
    account: String,
    known_here: bool,
    counts_for_all: bool,
}

impl Trial {
    /// From this address, for this account (an e-mail, or whatever else is being guessed at); `known_here` if
    /// the account is signed in from there already.
    #[must_use]
    pub fn new(address: &str, account: &str, known_here: bool) -> Self {
        let account = account.trim().to_lowercase().chars().take(254).collect();
        Self { address: Source::of_text(address), account, known_here, counts_for_all: false }
    }

    /// The same, but failures hold up every source from which the account is not signed in.
    #[must_use]
    pub fn of_all(address: &str, account: &str, known_here: bool) -> Self {
        Self { counts_for_all: true, ..Self::new(address, account, known_here) }
    }

    /// Is the account signed in from there?
    #[must_use]
    pub const fn is_known_here(&self) -> bool {
        self.known_here
    }

    fn pair(&self) -> Key {
        Key::Pair(self.address.clone(), self.account.clone())
    }

    /// What counts the account's failures from everywhere.
    fn everywhere(&self) -> Option<Key> {
        let key = if self.counts_for_all { Key::Account } else { Key::Attacks };
        (!self.known_here).then(|| key(self.account.clone()))
    }

    fn keys(&self) -> impl Iterator<Item = Key> {
        [Some(self.pair()), self.everywhere(), Some(Key::Address(self.address.clone()))].into_iter().flatten()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Pair(String, String),
    /// Holds up whoever tries the account.
    Account(String),
    /// Says only that many fail at the account.
    Attacks(String),
    Address(String),
}

impl Key {
    /// How many failures cost nothing.
    const fn free(&self, under_attack: bool) -> u32 {
        match self {
            Self::Pair(..) if under_attack => 0,
            Self::Pair(..) => 3,
            Self::Account(_) => MANY,
            Self::Attacks(_) => u32::MAX,
            Self::Address(_) => 30,
        }
    }
}

#[derive(Debug, Clone, Copy)]
struct Failures {
    count: u32,
    last: Timestamp,
    until: Timestamp,
}

/// Who failed how often.
#[derive(Debug, Default)]
pub struct Throttle(HashMap<Key, Failures>);

impl Throttle {
    /// Counts the trial as failed until [`Self::succeeded`] says otherwise, so that trials at the same time count as well.
    ///
    /// # Errors
    /// Seconds to wait first; the trial is not counted then.
    pub fn attempt(&mut self, trial: &Trial, now: Timestamp) -> Result<(), u64> {
        let until = trial.keys().filter_map(|key| self.0.get(&key)).map(|failures| failures.until).max();
        if let Some(until) = until.filter(|until| now.0 < until.0) {
            return Err(until.since(now).0.div_ceil(1_000).max(1));
        }
        self.make_room(now);
        let everywhere = trial.everywhere().and_then(|key| self.0.get(&key));
        let under_attack =
            everywhere.is_some_and(|failures| failures.count >= MANY && now.since(failures.last) <= MEMORY);
        for key in trial.keys() {
            let free = key.free(under_attack);
            let failures = self.0.entry(key).or_insert(Failures { count: 0, last: now, until: now });
            if now.since(failures.last) > MEMORY {
                failures.count = 0;
            }
            failures.count = failures.count.saturating_add(1);
            failures.last = now;
            failures.until = now.after(delay(failures.count.saturating_sub(free)));
        }
        Ok(())
    }

    /// The trial did not fail after all.
    pub fn succeeded(&mut self, trial: &Trial) {
        for key in trial.keys() {
            match key {
                // Whoever has one account must not wipe out what they failed at with others, nor what others failed at.
                Key::Address(_) | Key::Attacks(_) => {
                    if let Some(failures) = self.0.get_mut(&key) {
                        failures.count = failures.count.saturating_sub(1);
                        failures.until = failures.last;
                    }
                }
                Key::Pair(..) | Key::Account(_) => {
                    self.0.remove(&key);
                }
            }
        }
    }

    fn make_room(&mut self, now: Timestamp) {
        if self.0.len() + 3 <= MAX_REMEMBERED {
            return;
        }
        self.0.retain(|_, failures| now.since(failures.last) <= MEMORY);
        if self.0.len() + 3 > MAX_REMEMBERED {
            let mut ends: Vec<_> = self.0.values().map(|failures| failures.until).collect();
            let (_, middle, _) = ends.select_nth_unstable(MAX_REMEMBERED / 2);
            let middle = *middle;
            self.0.retain(|_, failures| failures.until.0 > middle.0);
        }
    }
}

fn delay(over: u32) -> Millis {
    if over == 0 {
        return Millis(0);
    }
    Millis(FIRST_DELAY.0.saturating_mul(1 << (over - 1).min(20)).min(MAX_DELAY.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn fail(throttle: &mut Throttle, trial: &Trial, times: u32, mut now: Timestamp) -> Timestamp {
        for _ in 0..times {
            while let Err(seconds) = throttle.attempt(trial, now) {
                now = now.after(Millis::seconds(seconds));
            }
        }
        now
    }

    #[test]
    fn delays_grow_to_a_bound_and_end() {
        let mut throttle = Throttle::default();
        let trial = Trial::new("10.0.0.1", "a@adit.test", false);
        for _ in 0..4 {
            assert_eq!(throttle.attempt(&trial, NOW), Ok(()));
        }
        assert_eq!(throttle.attempt(&trial, NOW), Err(2));
        let after = NOW.after(Millis::seconds(2));
        assert_eq!(throttle.attempt(&trial, after), Ok(()));
        assert_eq!(throttle.attempt(&trial, after), Err(4));
        let late = fail(&mut throttle, &trial, 100, after);
        assert_eq!(throttle.attempt(&trial, late), Err(300));
        assert_eq!(throttle.attempt(&trial, late.after(MAX_DELAY)), Ok(()));
        throttle.succeeded(&trial);
        assert_eq!(throttle.attempt(&trial, late.after(MAX_DELAY)), Ok(()));
    }

    #[test]
    fn failures_from_elsewhere_never_hold_up_a_source_that_has_not_failed() {
        let mut throttle = Throttle::default();
        for number in 0..200 {
            let guess = Trial::new(&format!("10.0.{}.1", number % 20), "A@adit.test ", false);
            // Whoever guesses waits; that is what is meant to happen.
            let _ = throttle.attempt(&guess, NOW);
        }
        let home = Trial::new("192.0.2.7", "a@adit.test", false);
        assert_eq!(throttle.attempt(&home, NOW), Ok(()), "the first try from somewhere else");
        throttle.succeeded(&home);
        assert_eq!(throttle.attempt(&home, NOW), Ok(()));
        assert_eq!(throttle.attempt(&home, NOW), Err(2), "while many guess, the first wrong one costs something");
        assert_eq!(throttle.attempt(&home, NOW.after(FIRST_DELAY)), Ok(()), "but no more than that");
        assert_eq!(throttle.attempt(&Trial::new("10.0.1.2", "a@adit.test", true), NOW), Ok(()));
    }

    #[test]
    fn a_whole_network_is_one_source() {
        let mut throttle = Throttle::default();
        for number in 0..4 {
            let trial = Trial::new(&format!("2001:db8:1:2::{number}"), "a@adit.test", false);
            assert_eq!(throttle.attempt(&trial, NOW), Ok(()));
        }
        assert_eq!(throttle.attempt(&Trial::new("2001:db8:1:2:8000::1", "a@adit.test", false), NOW), Err(2));
        assert_eq!(throttle.attempt(&Trial::new("2001:db8:1:3::1", "a@adit.test", false), NOW), Ok(()));
    }

    #[test]
    fn what_counts_for_all_is_slowed_from_everywhere_but_not_where_the_account_is_signed_in() {
        let mut throttle = Throttle::default();
        for number in 0..11 {
            let trial = Trial::of_all(&format!("10.0.0.{number}"), "codes of A", false);
            assert_eq!(throttle.attempt(&trial, NOW), Ok(()));
        }
        assert_eq!(throttle.attempt(&Trial::of_all("10.0.1.1", "codes of a", false), NOW), Err(2));
        assert_eq!(throttle.attempt(&Trial::of_all("10.0.1.2", "codes of a", true), NOW), Ok(()));
    }

    #[test]
    fn one_address_against_many_accounts_is_slowed_whatever_else_it_may_sign_in_to() {
        let mut throttle = Throttle::default();
        let own = Trial::new("10.0.0.1", "own@adit.test", false);
        for number in 0..31 {
            let trial = Trial::new("10.0.0.1", &format!("{number}@adit.test"), false);
            assert_eq!(throttle.attempt(&trial, NOW), Ok(()), "{number}");
        }
        assert_eq!(throttle.attempt(&own, NOW), Err(2));
        let later = NOW.after(Millis::seconds(2));
        assert_eq!(throttle.attempt(&own, later), Ok(()));
        throttle.succeeded(&own);
        assert_eq!(throttle.attempt(&Trial::new("10.0.0.1", "x@adit.test", false), later), Ok(()));
        assert!(throttle.attempt(&Trial::new("10.0.0.1", "y@adit.test", false), later).is_err());
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut throttle = Throttle::default();
        for number in 0..30_000 {
            let (address, account) = (format!("a{number}"), format!("{number}@adit.test"));
            assert_eq!(throttle.attempt(&Trial::new(&address, &account, false), NOW), Ok(()));
        }
        assert!(throttle.0.len() <= MAX_REMEMBERED);
    }
}
