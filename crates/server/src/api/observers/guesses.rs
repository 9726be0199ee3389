//! How often somebody may look for a page in vain: from one address, and from everywhere together.
//!
//! Only what led nowhere counts, and only against others who look in vain: a link's token cannot be guessed, so whoever has one is
//! shown their page whatever is tried from the same address, and so is whoever comes back to a page that they opened by its name.
//! Other names are not looked up while too many were wrong, as a right one among them would tell that there is such a page.

use crate::net::Source;
use adit_core::time::{Millis, Timestamp};
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// From one address.
const OF_ADDRESS: Allowance = Allowance { at_once: 20, each: Millis::seconds(3) };
/// From everywhere.
const OF_ALL: Allowance = Allowance { at_once: 600, each: Millis(100) };
/// How long it is remembered from where a page was opened by its name.
const OPENED: Millis = Millis::hours(24);
/// Most pages opened by name that are remembered.
const MAX_OPENED: usize = 10_000;
/// More addresses than this are looked through for those that need not be remembered.
const MANY: usize = 2_000;

/// So many in vain at once, and one more for each such time.
struct Allowance {
    at_once: u64,
    each: Millis,
}

impl Allowance {
    /// Seconds to wait if everything in vain so far is made up for at `until`.
    fn check(&self, until: Timestamp, now: Timestamp) -> Result<(), u64> {
        let most = now.after(Millis(self.each.0 * (self.at_once - 1)));
        if until <= most { Ok(()) } else { Err(until.since(most).0.div_ceil(1_000).max(1)) }
    }

    fn spend(&self, until: &mut Timestamp, now: Timestamp) {
        *until = (*until).max(now).after(self.each);
    }
}

/// When everything in vain so far is made up for.
#[derive(Default)]
struct Vain {
    by_address: HashMap<String, Timestamp>,
    all: Timestamp,
}

impl Vain {
    fn check(&self, address: &str, now: Timestamp) -> Result<(), u64> {
        let of_address = self.by_address.get(&Source::of_text(address)).copied().unwrap_or_default();
        OF_ADDRESS.check(of_address, now)?;
        OF_ALL.check(self.all, now)
    }

    fn add(&mut self, address: &str, now: Timestamp) {
        if self.by_address.len() >= MANY {
            // No more are left than everybody together may spend in the time that one address needs to make up for all.
            self.by_address.retain(|_, until| now < *until);
        }
        OF_ADDRESS.spend(self.by_address.entry(Source::of_text(address)).or_default(), now);
        OF_ALL.spend(&mut self.all, now);
    }
}

#[derive(Default)]
struct Kept {
    links: Vain,
    names: Vain,
    /// Pages that were opened by name: from which address, until when that is remembered.
    opened: HashMap<(String, String), Timestamp>,
}

/// Who looked for what in vain.
#[derive(Default)]
pub struct Guesses(Mutex<Kept>);

impl Guesses {
    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A token or cookie led nowhere.
    ///
    /// # Errors
    /// Seconds to wait; this one did not count then.
    pub fn link_in_vain(&self, address: &str, now: Timestamp) -> Result<(), u64> {
        let mut kept = self.kept();
        kept.links.check(address, now)?;
        kept.links.add(address, now);
        Ok(())
    }

    /// May a page be looked up by this name?
    ///
    /// # Errors
    /// Seconds to wait first.
    pub fn may_look_up(&self, address: &str, name: &str, now: Timestamp) -> Result<(), u64> {
        let kept = self.kept();
        let page = (Source::of_text(address), name.to_owned());
        if kept.opened.get(&page).is_some_and(|until| now < *until) {
            return Ok(());
        }
        kept.names.check(address, now)
    }

    /// It was looked up; whether there is such a page.
    pub fn looked_up(&self, address: &str, name: &str, found: bool, now: Timestamp) {
        let mut kept = self.kept();
        if !found {
            return kept.names.add(address, now);
        }
        if kept.opened.len() >= MAX_OPENED {
            kept.opened.retain(|_, until| now < *until);
        }
        if kept.opened.len() < MAX_OPENED {
            kept.opened.insert((Source::of_text(address), name.to_owned()), now.after(OPENED));
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    /// Looks for a page that is not there.
    fn miss(guesses: &Guesses, address: &str, now: Timestamp) -> Result<(), u64> {
        guesses.may_look_up(address, "nowhere", now)?;
        guesses.looked_up(address, "nowhere", false, now);
        Ok(())
    }

    #[test]
    fn an_address_may_miss_so_often_and_then_once_in_a_while() {
        let guesses = Guesses::default();
        for _ in 0..OF_ADDRESS.at_once {
            assert_eq!(miss(&guesses, "office", NOW), Ok(()));
        }
        assert_eq!(miss(&guesses, "office", NOW), Err(3));
        assert_eq!(guesses.link_in_vain("office", NOW), Ok(()), "links are counted by themselves");
        assert_eq!(miss(&guesses, "elsewhere", NOW), Ok(()));
        let later = NOW.after(OF_ADDRESS.each);
        assert_eq!(miss(&guesses, "office", later), Ok(()));
        assert_eq!(miss(&guesses, "office", later), Err(3));
    }

    #[test]
    fn all_addresses_together_miss_only_so_often_and_little_is_kept_of_them() {
        let guesses = Guesses::default();
        let (mut missed, mut now) = (0, NOW);
        for number in 0..10_000 {
            now = now.after(Millis(10));
            missed += u64::from(guesses.link_in_vain(&format!("a{number}"), now).is_ok());
        }
        let seconds = now.since(NOW).0 / 1_000;
        assert!((600..=600 + seconds * 10 + 1).contains(&missed), "{missed}");
        assert!(guesses.kept().links.by_address.len() <= MANY);
    }

    #[test]
    fn a_page_that_was_opened_opens_again_whatever_is_tried() {
        let guesses = Guesses::default();
        guesses.looked_up("office", "hosting", true, NOW);
        while miss(&guesses, "office", NOW).is_ok() {}
        assert_eq!(guesses.may_look_up("office", "hosting", NOW), Ok(()));
        assert!(guesses.may_look_up("office", "other", NOW).is_err(), "it might be guessed");
        for number in 0..OF_ALL.at_once {
            let _ = miss(&guesses, &format!("a{number}"), NOW);
        }
        assert!(guesses.may_look_up("elsewhere", "hosting", NOW).is_err());
        assert_eq!(guesses.may_look_up("office", "hosting", NOW), Ok(()));
        assert!(guesses.may_look_up("office", "hosting", NOW.after(OPENED)).is_ok(), "by then nothing is held up");
    }
}
