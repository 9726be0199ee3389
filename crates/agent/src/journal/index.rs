//! The journal's meaning: a fold of its records. No input or output.

use super::Record;
use adit_core::{
    fleet::{CommandId, TargetResult},
    time::Timestamp,
};
use adit_wire::CommandBody;
use std::collections::BTreeMap;

/// How far one command has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Taken, not begun.
    Received(CommandBody),
    /// The device may have been told.
    Started(CommandBody),
    /// Over.
    Ended {
        /// How.
        result: TargetResult,
        /// The command's deadline.
        deadline: Timestamp,
        /// Does the server have the result?
        stored: bool,
    },
}

/// Every command not forgotten, and the floor.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Index {
    entries: BTreeMap<CommandId, Entry>,
    floor: Timestamp,
}

impl Index {
    /// Takes one more record into account. A record that does not follow from what is known changes nothing: a
    /// command never goes back to an earlier state.
    pub fn apply(&mut self, record: Record) {
        match record {
            Record::Received(body) => {
                self.entries.entry(body.command).or_insert(Entry::Received(body));
            }
            Record::Started(id) => {
                if let Some(entry) = self.entries.get_mut(&id)
                    && let Entry::Received(body) = entry
                {
                    *entry = Entry::Started(body.clone());
                }
            }
            Record::Ended(id, result) => {
                if let Some(entry) = self.entries.get_mut(&id)
                    && let Entry::Received(body) | Entry::Started(body) = entry
                {
                    *entry = Entry::Ended { result, deadline: body.deadline, stored: false };
                }
            }
            Record::Stored(id) => {
                if let Some(Entry::Ended { stored, .. }) = self.entries.get_mut(&id) {
                    *stored = true;
                }
            }
            Record::Past { id, result, deadline, stored } => {
                self.entries.entry(id).or_insert(Entry::Ended { result, deadline, stored });
            }
            Record::Floor(deadline) => self.floor = self.floor.max(deadline),
        }
    }

    /// What is known of a command.
    #[must_use]
    pub fn get(&self, id: CommandId) -> Option<&Entry> {
        self.entries.get(&id)
    }

    /// Nothing due at or before this is accepted.
    #[must_use]
    pub const fn floor(&self) -> Timestamp {
        self.floor
    }

    /// Commands not ended, and whether they were started.
    pub fn open(&self) -> impl Iterator<Item = (&CommandBody, bool)> {
        self.entries.values().filter_map(|entry| match entry {
            Entry::Received(body) => Some((body, false)),
            Entry::Started(body) => Some((body, true)),
            Entry::Ended { .. } => None,
        })
    }

    /// Results the server may not have.
    pub fn unstored(&self) -> impl Iterator<Item = (CommandId, &TargetResult)> {
        self.entries.iter().filter_map(|(id, entry)| match entry {
            Entry::Ended { result, stored: false, .. } => Some((*id, result)),
            _ => None,
        })
    }

    /// Drops stored commands whose deadline is before `now` and raises the floor to the latest of them.
    pub(super) fn forget(&mut self, now: Timestamp) {
        let mut floor = self.floor;
        self.entries.retain(|_, entry| match entry {
            Entry::Ended { deadline, stored: true, .. } if *deadline < now => {
                floor = floor.max(*deadline);
                false
            }
            _ => true,
        });
        self.floor = floor;
    }

    /// The shortest history with this meaning.
    pub(super) fn records(&self) -> Vec<Record> {
        let mut records = vec![Record::Floor(self.floor)];
        for (id, entry) in &self.entries {
            match entry {
                Entry::Received(body) => records.push(Record::Received(body.clone())),
                Entry::Started(body) => records.extend([Record::Received(body.clone()), Record::Started(*id)]),
                Entry::Ended { result, deadline, stored } => {
                    records.push(Record::Past {
                        id: *id,
                        result: result.clone(),
                        deadline: *deadline,
                        stored: *stored,
                    });
                }
            }
        }
        records
    }
}
