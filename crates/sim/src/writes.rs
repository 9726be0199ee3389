//! What clients asked a miner to change: the evidence tests look at.

use std::collections::{BTreeMap, VecDeque};

use serde::Serialize;
use serde_json::Value;

/// What became of a write.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteOutcome {
    /// Received and not decided yet (held by a gate).
    Pending,
    /// The miner changed.
    Applied,
    /// A fault swallowed it: answered as if applied, nothing changed.
    Swallowed,
    /// The miner said no.
    Refused,
}

/// One write as received.
#[derive(Clone, Debug, Serialize)]
pub struct WriteRecord {
    /// Counts all writes of this miner from 1.
    pub number: u64,
    /// Simulated seconds since the start.
    pub at_s: f64,
    /// The vendor's command name.
    pub command: String,
    /// Its parameters, without passwords.
    pub params: Value,
    /// What became of it.
    pub outcome: WriteOutcome,
}

/// The last writes in full and the count of all.
#[derive(Default)]
pub(crate) struct WriteLog {
    last: VecDeque<WriteRecord>,
    counts: BTreeMap<String, u64>,
    total: u64,
}

impl WriteLog {
    const KEPT: usize = 1_000;
    /// Command names come from clients; further ones are counted together.
    const NAMES: usize = 200;

    pub fn push(&mut self, at_s: f64, command: &str, params: Value, outcome: WriteOutcome) -> u64 {
        self.total += 1;
        let command: String = command.chars().take(64).collect();
        let known = self.counts.contains_key(&command) || self.counts.len() < Self::NAMES;
        let name = if known { command.clone() } else { "(others)".into() };
        *self.counts.entry(name).or_default() += 1;
        if self.last.len() == Self::KEPT {
            self.last.pop_front();
        }
        self.last.push_back(WriteRecord { number: self.total, at_s, command, params, outcome });
        self.total
    }

    pub fn decide(&mut self, number: u64, outcome: WriteOutcome) {
        if let Some(record) = self.last.iter_mut().rev().find(|r| r.number == number) {
            record.outcome = outcome;
        }
    }

    pub fn last(&self) -> impl Iterator<Item = &WriteRecord> {
        self.last.iter()
    }

    pub fn counts(&self) -> &BTreeMap<String, u64> {
        &self.counts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_log_is_bounded_and_counts_everything() {
        let mut log = WriteLog::default();
        for i in 0..1_500 {
            log.push(0.0, if i % 2 == 0 { "reboot" } else { "set_led" }, Value::Null, WriteOutcome::Applied);
        }
        assert_eq!(log.last().count(), 1_000);
        assert_eq!(log.counts()["reboot"], 750);
        for i in 0..1_000 {
            log.push(0.0, &format!("made up {i}"), Value::Null, WriteOutcome::Refused);
        }
        assert!(log.counts().len() <= 201);
    }
}
