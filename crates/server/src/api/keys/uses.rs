//! When and from where a key was last used, and how often. Not in the log: it would grow with every question. What is counted is
//! written down at most once a minute for each key; a crash loses the calls of the last minute.

use crate::api::{Api, problem::Answer, session::From};
use adit_core::{
    ids::KeyId,
    time::{Millis, Timestamp},
};
use adit_store::{KeyUse, StoreError};
use std::{
    collections::{HashMap, hash_map::Entry},
    sync::{Mutex, PoisonError},
};

/// How long counts wait to be written.
const WRITTEN_EVERY: Millis = Millis::minutes(1);
/// Longest name of a program that is kept.
const MAX_AGENT: usize = 200;

struct Counted {
    of: KeyUse,
    written_at: Timestamp,
    calls_written: u64,
}

/// What is counted.
#[derive(Default)]
pub struct Uses(Mutex<HashMap<KeyId, Counted>>);

impl Uses {
    /// Counts one call.
    pub fn note(&self, api: &Api, key: KeyId, from: &From) -> Result<(), StoreError> {
        let now = api.now();
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let counted = match all.entry(key) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let of = api.people().key_use(key)?.unwrap_or_default();
                let calls_written = of.calls;
                // What was not used for long is written with the first call.
                new.insert(Counted { of, written_at: Timestamp(0), calls_written })
            }
        };
        let agent = from.user_agent.chars().filter(|c| !c.is_control()).take(MAX_AGENT).collect();
        let calls = counted.of.calls.saturating_add(1);
        counted.of = KeyUse { calls, last_at: now, address: from.address.clone(), agent };
        if now.since(counted.written_at) >= WRITTEN_EVERY {
            write(api, key, counted, now)?;
        }
        Ok(())
    }

    /// What is known of a key's calls.
    pub fn of(&self, api: &Api, key: KeyId) -> Answer<Option<KeyUse>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match all.get(&key) {
            Some(counted) => Ok(Some(counted.of.clone())),
            None => Ok(api.people().key_use(key)?),
        }
    }

    /// Writes down what is not yet.
    pub fn write_all(&self, api: &Api) -> Result<(), StoreError> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut open = all.iter_mut().filter(|(_, counted)| counted.calls_written < counted.of.calls);
        open.try_for_each(|(key, counted)| write(api, *key, counted, api.now()))
    }
}

fn write(api: &Api, key: KeyId, counted: &mut Counted, now: Timestamp) -> Result<(), StoreError> {
    api.people().set_key_use(key, &counted.of)?;
    counted.written_at = now;
    counted.calls_written = counted.of.calls;
    Ok(())
}
