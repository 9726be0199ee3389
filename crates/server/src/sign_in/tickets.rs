//! What is remembered between two steps of one sign-in, in memory only: after a restart the first step is taken anew.

use super::tokens::hash_of;
use adit_core::time::Timestamp;
use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Most tickets of one kind; beyond it, the one that ends first goes.
const MAX_TICKETS: usize = 10_000;

struct Ticket<T> {
    holds: T,
    expires_at: Timestamp,
    tries: u32,
}

/// Tickets of one kind. Only hashes of their texts are kept.
pub(crate) struct Tickets<T>(Mutex<HashMap<[u8; 32], Ticket<T>>>);

impl<T> Default for Tickets<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Tickets<T> {
    fn all(&self) -> MutexGuard<'_, HashMap<[u8; 32], Ticket<T>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// `text` opens `holds` until then, for so many tries.
    pub(crate) fn issue(&self, text: &str, holds: T, expires_at: Timestamp, tries: u32, now: Timestamp) {
        let mut all = self.all();
        if all.len() >= MAX_TICKETS {
            all.retain(|_, ticket| now < ticket.expires_at);
        }
        if all.len() >= MAX_TICKETS
            && let Some(first) = all.iter().min_by_key(|(_, ticket)| ticket.expires_at).map(|(key, _)| *key)
        {
            all.remove(&first);
        }
        all.insert(hash_of(text), Ticket { holds, expires_at, tries });
    }

    /// Takes it back: it opens nothing any more. `None` if it has ended, or somebody else was first.
    pub(crate) fn spend(&self, text: &str, now: Timestamp) -> Option<T> {
        let ticket = self.all().remove(&hash_of(text))?;
        (now < ticket.expires_at).then_some(ticket.holds)
    }
}

impl<T: Clone> Tickets<T> {
    /// What the text opens; takes one of its tries.
    pub(crate) fn attempt(&self, text: &str, now: Timestamp) -> Option<T> {
        let mut all = self.all();
        let key = hash_of(text);
        let ticket = all.get_mut(&key)?;
        if ticket.tries == 0 || now >= ticket.expires_at {
            all.remove(&key);
            return None;
        }
        ticket.tries -= 1;
        Some(ticket.holds.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::time::Millis;

    #[test]
    fn a_ticket_opens_for_its_tries_and_its_time() {
        let tickets = Tickets::default();
        let (now, end) = (Timestamp(0), Timestamp(100));
        tickets.issue("a", 1, end, 2, now);
        assert_eq!(
            (tickets.attempt("a", now), tickets.attempt("a", now), tickets.attempt("a", now)),
            (Some(1), Some(1), None)
        );
        tickets.issue("b", 2, end, 2, now);
        assert_eq!(tickets.attempt("b", end), None);
        assert_eq!(tickets.attempt("b", now), None, "gone for good");
        tickets.issue("c", 3, end, 9, now);
        assert_eq!(
            (tickets.spend("c", now), tickets.spend("c", now), tickets.attempt("c", now)),
            (Some(3), None, None)
        );
        tickets.issue("d", 4, end, 9, now);
        assert_eq!(tickets.spend("d", end), None);
    }

    #[test]
    fn the_ones_that_end_first_make_room() {
        let tickets = Tickets::default();
        for number in 0..=MAX_TICKETS {
            let end = Timestamp(0).after(Millis(1_000 + number as u64));
            tickets.issue(&number.to_string(), number, end, 1, Timestamp(0));
        }
        assert_eq!(tickets.attempt("0", Timestamp(0)), None);
        assert_eq!(tickets.attempt("10000", Timestamp(0)), Some(10_000));
    }
}
