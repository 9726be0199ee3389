//! A log folded once more from its first record, and held against the hashes of states that stand in it.
//!
//! The chain ([`crate::audit`]) shows that the records are what was written; this shows that what the server went on from, after a
//! start with a snapshot say, was what they add up to.

use crate::{
    audit::Hash,
    event::{Entry, Event},
    state::State,
};
use std::collections::{BTreeMap, BTreeSet};

/// A record tells a hash of a state that is not that of the fold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "record {by} says of the state after record {seq} what the records up to there do not add up to: the server went on from \
     something else. Nothing after record {seq} can be relied on"
)]
pub struct Differs {
    /// Of the state after which record.
    pub seq: u64,
    /// The record that tells it.
    pub by: u64,
}

/// What came of the comparison.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Compared {
    /// Hashes that are those of the fold.
    pub agree: u64,
    /// Hashes over another form of the state, written by another version of the program: they say nothing here.
    pub other_form: u64,
}

/// The fold on its way.
#[derive(Debug, Default)]
pub struct Refold {
    state: State,
    wanted: BTreeSet<u64>,
    hashes: BTreeMap<u64, Hash>,
    compared: Compared,
}

/// Of which record's state an event tells the hash in the form that this program knows.
#[must_use]
pub const fn told_of(event: &Event) -> Option<u64> {
    match event {
        Event::StateHashed { seq, form: State::FORM, .. } => Some(*seq),
        _ => None,
    }
}

impl Refold {
    /// From nothing. `wanted` are the records of which a later one tells the state's hash ([`told_of`]).
    #[must_use]
    pub fn new(wanted: BTreeSet<u64>) -> Self {
        Self { wanted, ..Self::default() }
    }

    /// Folds the next entry in.
    ///
    /// # Errors
    /// [`Differs`] if it tells a hash that is not the fold's; also of a record that comes later, or is none of the wanted.
    pub fn take(&mut self, entry: &Entry) -> Result<(), Differs> {
        self.state.apply(entry);
        let by = self.state.seq();
        if let Event::StateHashed { seq, form, hash } = &entry.event {
            if *form == State::FORM {
                if self.hashes.get(seq) != Some(hash) {
                    return Err(Differs { seq: *seq, by });
                }
                self.compared.agree += 1;
            } else {
                self.compared.other_form += 1;
            }
        }
        if self.wanted.contains(&by) {
            let hash = self.state.hash().map_err(|_| Differs { seq: by, by })?;
            self.hashes.insert(by, hash);
        }
        Ok(())
    }

    /// What the entries so far add up to.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// How many hashes were compared so far.
    #[must_use]
    pub const fn compared(&self) -> Compared {
        self.compared
    }
}
