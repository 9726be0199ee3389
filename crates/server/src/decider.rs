//! Deciding and writing, without threads or waiting: batches of commands are decided on a state, and the log takes what came
//! of them.
//!
//! The next batch may be decided before the one before is written; it is then worth something only if that one was. Everything
//! that comes of a batch is appended at once. If that fails, none of it has happened, nor anything that was decided on it,
//! and if nobody can say whether it has, nothing is decided any more until a new start from the log tells.

use crate::snapshots;
use adit_core::{
    authz::Actor,
    command::{Command, Reply},
    event::Entry,
    rejection::Rejection,
    state::State,
    time::Timestamp,
};
use adit_store::{LogStore, MAX_BATCH, StoreError};
use std::{
    io,
    sync::Arc,
    time::{SystemTime, UNIX_EPOCH},
};

/// Most commands decided before the log is written.
const MAX_COMMANDS: usize = 256;
/// A batch is closed once it has this many entries.
const MAX_ENTRIES: usize = 2_000;
// One more command is always taken whole.
const _: () = assert!(MAX_ENTRIES + adit_core::MAX_ENTRIES <= MAX_BATCH);
/// What takes more entries to catch up is sooner copied.
const MAX_CATCH_UP: usize = 32;
/// Longest buffer that is kept from one batch to the next, bytes.
const KEPT_TEXT: usize = 1 << 20;

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

/// What came of a batch that was written.
#[derive(Debug)]
pub struct Decided {
    /// One answer for each command taken, in their order.
    pub answers: Vec<Result<Reply, CommandError>>,
    /// What was written; empty if nothing was.
    pub committed: Batch,
}

/// What a proposal is made on: what is committed once everything proposed before is, and a copy of it to be changed, for readers go
/// on with what is committed. To be made while nobody waits.
pub struct Ready {
    on: Arc<State>,
    own: State,
}

impl From<Arc<State>> for Ready {
    fn from(on: Arc<State>) -> Self {
        let own = State::clone(&on);
        Self { on, own }
    }
}

impl Ready {
    /// What was committed `before`, caught up with what was `committed` since, if nobody reads it any more. What changes often has
    /// been copied then and need not be copied again. If it cannot be that, or not soon, it is a new copy.
    #[must_use]
    pub fn caught_up(before: Arc<State>, committed: &Batch, on: Arc<State>) -> Self {
        let soon = committed.len() <= MAX_CATCH_UP;
        let Some(mut own) = soon.then(|| Arc::into_inner(before)).flatten() else {
            return Self::from(on);
        };
        committed.iter().for_each(|(_, entry)| own.apply(entry));
        if own.seq() == on.seq() { Self { on, own } } else { Self::from(on) }
    }

    /// What it is a copy of.
    #[must_use]
    pub const fn on(&self) -> &Arc<State> {
        &self.on
    }
}

/// A batch that was decided and has not happened yet. Only [`Writer::write`] gets its answers out.
#[must_use]
pub struct Proposal {
    on: Arc<State>,
    after: Arc<State>,
    entries: Vec<Entry>,
    answers: Vec<Result<Reply, CommandError>>,
}

impl Proposal {
    /// As [`on`](Self::on), without anything made ready.
    pub fn of(on: &Arc<State>, commands: impl Iterator<Item = (Actor, Command)>, clock: &dyn Clock) -> Self {
        Self::on(Ready::from(Arc::clone(on)), commands, clock)
    }

    /// Takes commands until there are none or the batch is full, and decides them in order.
    pub fn on(ready: Ready, commands: impl Iterator<Item = (Actor, Command)>, clock: &dyn Clock) -> Self {
        let Ready { on, own: mut state } = ready;
        let mut entries: Vec<Entry> = Vec::new();
        let mut answers = Vec::new();
        for (actor, command) in commands.take(MAX_COMMANDS) {
            answers.push(match adit_core::decide_on(state, &actor, command, clock.now()) {
                Ok(decided) => {
                    entries.extend(decided.entries);
                    state = decided.state;
                    Ok(decided.reply)
                }
                Err(refused) => {
                    state = refused.unchanged.map_or_else(|| after(&on, &entries), |state| *state);
                    Err(refused.rejection.into())
                }
            });
            if entries.len() >= MAX_ENTRIES {
                break;
            }
        }
        let after = if entries.is_empty() { Arc::clone(&on) } else { Arc::new(state) };
        Self { on, after, entries, answers }
    }

    /// Whether it comes right after this state; otherwise it is worth nothing.
    #[must_use]
    pub fn rests_on(&self, state: &Arc<State>) -> bool {
        Arc::ptr_eq(&self.on, state)
    }

    /// What is committed once this is written: the next proposal may rest on it.
    #[must_use]
    pub const fn after(&self) -> &Arc<State> {
        &self.after
    }

    fn unavailable(&self, reason: &str) -> Decided {
        let answers = self.answers.iter().map(|_| Err(CommandError::Unavailable(reason.to_owned()))).collect();
        Decided { answers, committed: Batch::from([]) }
    }
}

/// The log and the state that is the fold of it.
pub struct Writer {
    state: Arc<State>,
    store: Box<dyn LogStore>,
    /// What was written last, kept so that not each batch takes fresh memory.
    text: Vec<u8>,
    /// Why it writes no more.
    stopped: Option<String>,
}

impl Writer {
    /// Folds the log, from its latest snapshot on.
    ///
    /// # Errors
    /// [`EngineError`]; nothing was written then.
    pub fn start(store: Box<dyn LogStore>) -> Result<Self, EngineError> {
        let state = snapshots::replay(store.as_ref())?;
        Ok(Self { state: Arc::new(state), store, text: Vec::new(), stopped: None })
    }

    /// Everything that is committed.
    #[must_use]
    pub const fn state(&self) -> &Arc<State> {
        &self.state
    }

    /// Writes what was proposed. Of a proposal that rests on what was not written, nothing can be said, refusals included.
    pub fn write(&mut self, proposal: Proposal) -> Decided {
        if let Some(reason) = &self.stopped {
            return proposal.unavailable(reason);
        }
        if !proposal.rests_on(&self.state) {
            return proposal.unavailable("what was asked just before could not be written. Ask again");
        }
        if proposal.entries.is_empty() {
            return Decided { answers: proposal.answers, committed: Batch::from([]) };
        }
        let before = self.state.seq();
        if let Err(reason) = self.append(before, &proposal.entries) {
            return proposal.unavailable(&reason);
        }
        self.state = proposal.after;
        Decided { answers: proposal.answers, committed: (before + 1..).zip(proposal.entries).collect() }
    }

    fn append(&mut self, expected: u64, entries: &[Entry]) -> Result<(), String> {
        self.text.clear();
        self.text.shrink_to(KEPT_TEXT);
        let ends = written(entries, &mut self.text).map_err(|e| e.to_string())?;
        let text = std::str::from_utf8(&self.text).map_err(|e| e.to_string())?;
        let starts = std::iter::once(0).chain(ends.iter().copied());
        let bodies = starts.zip(&ends).map(|(start, end)| &text[start..*end]);
        let rows: Vec<_> = entries.iter().map(|entry| entry.at).zip(bodies).collect();
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
                | StoreError::NotWritten { .. }
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

/// Appends all entries one after another, and gives where each ends.
fn written(entries: &[Entry], text: &mut Vec<u8>) -> serde_json::Result<Vec<usize>> {
    let mut ends = Vec::with_capacity(entries.len());
    for entry in entries {
        serde_json::to_writer(&mut *text, entry)?;
        ends.push(text.len());
    }
    Ok(ends)
}

/// A state once more of its own, with these folded in.
fn after(state: &State, entries: &[Entry]) -> State {
    let mut state = state.clone();
    entries.iter().for_each(|entry| state.apply(entry));
    state
}
