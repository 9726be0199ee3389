//! A growing delay after failures: for one account from one address, for one account from anywhere, and for one address.
//!
//! The delay ends by itself and is never longer than [`MAX_DELAY`]. Failures from elsewhere do not hold up an address
//! from which the account is signed in, so that nobody can be kept out by a stranger's failures.

use adit_core::time::{Millis, Timestamp};
use std::collections::HashMap;

/// The longest delay.
const MAX_DELAY: Millis = Millis::minutes(5);
/// The first one.
const FIRST_DELAY: Millis = Millis::seconds(2);
/// Failures are forgotten this long after the last.
const MEMORY: Millis = Millis::hours(24);
/// Most that is remembered; beyond it, what may be tried again soonest is forgotten.
const MAX_REMEMBERED: usize = 20_000;

/// One try to prove who one is.
#[derive(Debug, Clone)]
pub struct Trial {
    address: String,
    account: String,
    known_here: bool,
}

impl Trial {
    /// From this address, for this account (an e-mail, or whatever else is being guessed at); `known_here` if
    /// the account is signed in from there already.
    #[must_use]
    pub fn new(address: &str, account: &str, known_here: bool) -> Self {
        let account = account.trim().to_lowercase().chars().take(254).collect();
        Self { address: address.to_owned(), account, known_here }
    }

    fn keys(&self) -> impl Iterator<Item = Key> {
        let pair = Key::Pair(self.address.clone(), self.account.clone());
        let account = (!self.known_here).then(|| Key::Account(self.account.clone()));
        [Some(pair), account, Some(Key::Address(self.address.clone()))].into_iter().flatten()
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Pair(String, String),
    Account(String),
    Address(String),
}

impl Key {
    /// How many failures cost nothing.
    const fn free(&self) -> u32 {
        match self {
            Self::Pair(..) => 3,
            Self::Account(_) => 10,
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
        for key in trial.keys() {
            let free = key.free();
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
                // Whoever has one account must not wipe out what they failed at with others.
                Key::Address(_) => {
                    if let Some(failures) = self.0.get_mut(&key) {
                        failures.count = failures.count.saturating_sub(1);
                        failures.until = failures.last;
                    }
                }
                _ => {
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
    fn one_account_from_many_addresses_is_slowed_but_not_where_it_is_signed_in() {
        let mut throttle = Throttle::default();
        for number in 0..11 {
            let trial = Trial::new(&format!("10.0.0.{number}"), "A@adit.test ", false);
            assert_eq!(throttle.attempt(&trial, NOW), Ok(()));
        }
        assert_eq!(throttle.attempt(&Trial::new("10.0.1.1", "a@adit.test", false), NOW), Err(2));
        assert_eq!(throttle.attempt(&Trial::new("10.0.1.2", "a@adit.test", true), NOW), Ok(()));
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
