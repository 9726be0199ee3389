//! Deciding, without threads or waiting: a running state, the log it is the fold of, and batches of commands.
//!
//! Everything that comes of a batch is appended at once. If that fails, none of it has happened, and if nobody can say
//! whether it has, nothing is decided any more until a new start from the log tells.

use adit_core::{
    authz::Actor,
    command::{Command, Reply},
    event::Entry,
    rejection::Rejection,
    state::State,
    time::Timestamp,
};
use adit_store::{LogStore, MAX_READ, StoreError};
use std::{
    io,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// Most commands decided before the log is written.
const MAX_COMMANDS: usize = 256;
/// A batch is closed once it has this many entries.
const MAX_ENTRIES: usize = 2_000;
/// How a snapshot's bytes are to be read; to be raised whenever the state's written form changes.
pub(crate) const SNAPSHOT_SCHEMA: u32 = 12;

/// What time it is.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Entries that were committed together, with their numbers.
pub type Batch = Arc<[(u64, Entry)]>;

/// Why the engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record that this program does not understand.
    #[error("record {seq} of the log cannot be read ({reason}): run the version of the server that wrote it")]
    Unreadable {
        /// Which.
        seq: u64,
        /// Why.
        reason: String,
    },
    /// No thread for it.
    #[error("no thread for the engine: {0}")]
    Thread(#[from] io::Error),
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// It may not be so.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Nothing can be decided at present; the reason is for people.
    #[error("nothing can be changed at present: {0}")]
    Unavailable(String),
}

/// What came of a batch.
#[derive(Debug)]
pub struct Decided {
    /// One answer for each command taken, in their order.
    pub answers: Vec<Result<Reply, CommandError>>,
    /// What was written; empty if nothing was.
    pub committed: Batch,
}

/// The state and the log it is the fold of.
pub struct Decider {
    state: Arc<State>,
    store: Box<dyn LogStore>,
    /// Why it decides no more.
    stopped: Option<String>,
}

impl Decider {
    /// Folds the log, from its latest snapshot on.
    ///
    /// # Errors
    /// [`EngineError`]; nothing was written then.
    pub fn start(store: Box<dyn LogStore>) -> Result<Self, EngineError> {
        let state = replay(store.as_ref())?;
        Ok(Self { state: Arc::new(state), store, stopped: None })
    }

    /// Everything that is committed.
    #[must_use]
    pub const fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// Takes commands until there are none or the batch is full, decides them in order, and writes what came of them.
    pub fn decide(&mut self, commands: impl Iterator<Item = (Actor, Command)>, clock: &dyn Clock) -> Decided {
        // Of their own until they are written; readers go on with what is committed.
        let mut state = State::clone(&self.state);
        let mut entries: Vec<Entry> = Vec::new();
        let mut answers = Vec::new();
        for (actor, command) in commands.take(MAX_COMMANDS) {
            answers.push(match &self.stopped {
                Some(reason) => Err(CommandError::Unavailable(reason.clone())),
                None => match adit_core::decide_on(state, &actor, command, clock.now()) {
                    Ok(decided) => {
                        entries.extend(decided.entries);
                        state = decided.state;
                        Ok(decided.reply)
                    }
                    Err(refused) => {
                        state = refused.unchanged.map_or_else(|| after(&self.state, &entries), |state| *state);
                        Err(refused.rejection.into())
                    }
                },
            });
            if entries.len() >= MAX_ENTRIES {
                break;
            }
        }
        if entries.is_empty() {
            return Decided { answers, committed: Batch::from([]) };
        }
        let before = self.state.seq();
        if let Err(reason) = self.append(before, &entries) {
            let failed = answers.iter().map(|_| Err(CommandError::Unavailable(reason.clone()))).collect();
            return Decided { answers: failed, committed: Batch::from([]) };
        }
        self.state = Arc::new(state);
        Decided { answers, committed: (before + 1..).zip(entries).collect() }
    }

    fn append(&mut self, expected: u64, entries: &[Entry]) -> Result<(), String> {
        let bodies = entries.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>();
        let bodies = bodies.map_err(|e| e.to_string())?;
        let rows: Vec<_> = entries.iter().zip(&bodies).map(|(entry, body)| (entry.at, body.as_str())).collect();
        let Err(error) = self.store.append(expected, &rows) else {
            return Ok(());
        };
        tracing::error!(%error, "the log was not written");
        let nothing_written = matches!(
            error,
            StoreError::DiskFull { .. }
                | StoreError::ReadOnly { .. }
                | StoreError::Busy { .. }
                | StoreError::Invalid { .. }
        );
        if nothing_written {
            return Err(error.to_string());
        }
        // Another writer, a broken log, or nobody knows whether it was written: only a start from the log tells.
        let reason = format!("{error}. This server decides nothing more until it is restarted");
        self.stopped = Some(reason.clone());
        Err(reason)
    }
}

/// A state once more of its own, with these folded in.
fn after(state: &State, entries: &[Entry]) -> State {
    let mut state = state.clone();
    entries.iter().for_each(|entry| state.apply(entry));
    state
}

fn replay(store: &dyn LogStore) -> Result<State, EngineError> {
    let mut state = store.latest_snapshot(SNAPSHOT_SCHEMA)?.map_or_else(State::default, |snapshot| {
        let state = serde_json::from_slice::<State>(&snapshot.bytes).map(State::restored);
        state.ok().filter(|state| state.seq() == snapshot.seq).unwrap_or_else(|| {
            tracing::warn!(seq = snapshot.seq, "the snapshot cannot be read; the whole log is");
            State::default()
        })
    });
    loop {
        let records = store.read(state.seq() + 1, MAX_READ)?;
        if records.is_empty() {
            return Ok(state);
        }
        for record in records {
            let entry: Entry = serde_json::from_str(&record.body)
                .map_err(|e| EngineError::Unreadable { seq: record.seq, reason: e.to_string() })?;
            state.apply(&entry);
        }
    }
}
