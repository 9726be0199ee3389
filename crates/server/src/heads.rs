//! Heads of the log, told outside so that somebody notices when the log is put back to an earlier day: signed with the server's key, to
//! agents, to a file, with every webhook message, and by letter.
//!
//! Whoever brings one back is a *witness*. A head that this server has signed and that its log does not have is told as an error,
//! and shown in the console for as long as a witness says so.

mod file;

pub use file::HeadFile;

use crate::engine::Engine;
use adit_core::{audit::Head, ids::AgentId, time::Timestamp};
use adit_store::{LogReader, StoreError};
use adit_wire::{ServerKey, SignedHead};
use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::MissedTickBehavior;

/// Between two looks at whether a head is to be noted.
const LOOK: Duration = Duration::from_secs(10);

/// Notes heads in the file, for ever.
pub(crate) async fn keep(engine: Engine, heads: Arc<Heads>, file: Arc<Mutex<HeadFile>>) {
    let mut look = tokio::time::interval(LOOK);
    look.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        look.tick().await;
        let (heads, file, now) = (Arc::clone(&heads), Arc::clone(&file), engine.now());
        let noted = tokio::task::spawn_blocking(move || {
            let mut file = file.lock().unwrap_or_else(PoisonError::into_inner);
            file.note_if_due(&heads, now).map_err(|error| format!("{}: {error}", file.path().display()))
        });
        if let Ok(Err(error)) = noted.await {
            tracing::error!(error, "the log's head is not noted");
        }
    }
}

/// Who brings a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Witness {
    /// The file in which heads are noted.
    File,
    /// An agent.
    Agent(AgentId),
}

impl fmt::Display for Witness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File => f.write_str("the file of heads"),
            Self::Agent(agent) => agent.fmt(f),
        }
    }
}

/// A head that was told and is not in the log any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Missing {
    /// What was told.
    pub head: Head,
    /// When it was brought.
    pub at: Timestamp,
}

/// What signs heads, and compares those that are brought with the log.
pub struct Heads {
    key: ServerKey,
    log: Mutex<Box<dyn LogReader>>,
    missing: Mutex<BTreeMap<Witness, Missing>>,
}

impl Heads {
    /// `log` is a reader of the server's log.
    #[must_use]
    pub fn new(key: ServerKey, log: Box<dyn LogReader>) -> Self {
        Self { key, log: Mutex::new(log), missing: Mutex::default() }
    }

    /// The log's end, signed, for somebody who has had `follows` of this log.
    ///
    /// # Errors
    /// What the store said.
    pub fn end(&self, follows: Option<Head>) -> Result<SignedHead, StoreError> {
        let head = self.log().head()?;
        Ok(self.key.sign_head(head, follows.filter(|follows| *follows != head)))
    }

    /// Compares what a witness brings with the log; gives it back if the log has it.
    ///
    /// # Errors
    /// What the store said.
    pub fn hear(
        &self,
        witness: Witness,
        brought: Option<&SignedHead>,
        now: Timestamp,
    ) -> Result<Option<Head>, StoreError> {
        let Some(brought) = brought.filter(|brought| self.is_ours(witness, brought)) else {
            self.missing().remove(&witness);
            return Ok(None);
        };
        let head = brought.head;
        if self.has(&head)? {
            self.missing().remove(&witness);
            return Ok(Some(head));
        }
        tracing::error!(
            %witness, record = head.seq,
            "THE LOG WAS PUT BACK: this server has told {witness} of a record {} that its log does not have. What has happened since is \
             missing here. If a backup was restored on purpose, see docs/log.md; if not, somebody has changed the data folder",
            head.seq
        );
        self.missing().insert(witness, Missing { head, at: now });
        Ok(None)
    }

    /// Heads that witnesses have and the log has not, the latest first.
    #[must_use]
    pub fn all_missing(&self) -> Vec<(Witness, Missing)> {
        let mut all: Vec<_> = self.missing().iter().map(|(witness, missing)| (*witness, *missing)).collect();
        all.sort_by_key(|(_, missing)| std::cmp::Reverse(missing.head.seq));
        all
    }

    /// A head of this log, signed.
    #[must_use]
    pub fn sign(&self, head: Head) -> SignedHead {
        self.key.sign_head(head, None)
    }

    /// What others check heads with: 64 hex digits.
    #[must_use]
    pub fn public_key(&self) -> String {
        self.key.verifying_key().to_hex()
    }

    fn has(&self, head: &Head) -> Result<bool, StoreError> {
        if head.seq == 0 {
            return Ok(*head == Head::EMPTY);
        }
        let found = self.log().read(head.seq, 1)?;
        Ok(found.first().is_some_and(|record| record.as_head() == *head))
    }

    /// Nobody raises an alarm with a head that was never told.
    fn is_ours(&self, witness: Witness, brought: &SignedHead) -> bool {
        let checked = self.key.verifying_key().check_head(brought);
        if let Err(error) = &checked {
            tracing::warn!(%witness, %error, "a head that this server has not signed is passed over");
        }
        checked.is_ok()
    }

    fn log(&self) -> MutexGuard<'_, Box<dyn LogReader>> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn missing(&self) -> MutexGuard<'_, BTreeMap<Witness, Missing>> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
