//! The journal: what was ordered, what was begun and how it ended, on disk before anything follows from it. It is why no
//! order is carried out twice, whatever crashes.
//!
//! A command goes *received* → *started* (durable before a device is told anything) → *ended* → *stored* (the server has
//! the result). One thread writes; whatever waits is written as one frame with one `fdatasync`, so that a burst of
//! thousands of commands costs a handful of disk writes.
//!
//! A stored command is remembered until its deadline has passed. The *floor* is the latest deadline forgotten so far:
//! nothing due at or before it is accepted again, even if the clock is set back.

mod disk;
mod format;
mod index;
mod writer;

pub(crate) use disk::write_whole;
pub use disk::{DiskStorage, Storage};
pub use format::{Damage, HEADER, Record, encode, scan};
pub use index::{Entry, Index};

use crate::Clock;
use adit_core::{
    fleet::{CommandId, TargetResult},
    time::Timestamp,
};
use adit_wire::CommandBody;
use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, mpsc},
};
use tokio::sync::oneshot;

/// Why the journal could not be opened or written.
#[derive(Debug, Clone, thiserror::Error)]
pub enum JournalError {
    /// Not a journal, or one of another version.
    #[error("{path} is not a journal of this version; move it away only if no order given so far may be under way")]
    NotAJournal {
        /// The file.
        path: PathBuf,
    },
    /// Bytes that were durable once have changed.
    #[error(
        "{path} is damaged at byte {offset}, before intact records: the disk or a person changed it. Orders in the \
         damaged part may have been carried out. Check the disk, settle the site's open orders on the server, then move \
         the file away and start again"
    )]
    Damaged {
        /// The file.
        path: PathBuf,
        /// Where the damage begins.
        offset: usize,
    },
    /// Another agent uses the same folder.
    #[error("{path} is in use by another running agent")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The disk refused.
    #[error("the journal cannot be written: {0}")]
    Disk(String),
    /// The writer has ended.
    #[error("the journal is closed")]
    Closed,
}

/// A handle on the journal; clones share it. The file is let go of by [`Journal::close`], or some time after the last handle
/// is dropped.
#[derive(Clone)]
pub struct Journal {
    jobs: mpsc::Sender<writer::Job>,
    index: Arc<Mutex<Index>>,
}

impl Journal {
    /// Opens the file at `path`, or makes it. A torn last frame is cut off with a warning.
    ///
    /// # Errors
    /// Every [`JournalError`] but `Closed`.
    pub fn open(path: &Path, clock: Clock) -> Result<Self, JournalError> {
        let (mut storage, contents) = DiskStorage::open(path).map_err(|e| match e.kind() {
            ErrorKind::WouldBlock => JournalError::InUse { path: path.to_owned() },
            _ => JournalError::Disk(e.to_string()),
        })?;
        let (records, good) = match scan(&contents) {
            Ok(whole) => (whole, contents.len()),
            Err(Damage::Torn { records, good }) => {
                tracing::warn!(
                    path = %path.display(), good, lost = contents.len() - good,
                    "the journal's last frame is incomplete, as after a power cut; it was never relied on and is cut off"
                );
                (records, good)
            }
            Err(Damage::Middle { offset }) => return Err(JournalError::Damaged { path: path.to_owned(), offset }),
            Err(Damage::NotAJournal) => return Err(JournalError::NotAJournal { path: path.to_owned() }),
        };
        storage.truncate(good as u64).map_err(|e| JournalError::Disk(e.to_string()))?;
        Ok(Self::on(storage, records, good as u64, clock))
    }

    /// A journal on any storage whose contents have been read already: `records` from its first `length` bytes.
    pub fn on(storage: impl Storage, records: Vec<Record>, length: u64, clock: Clock) -> Self {
        let mut index = Index::default();
        records.into_iter().for_each(|record| index.apply(record));
        let index = Arc::new(Mutex::new(index));
        let (jobs, queue) = mpsc::channel();
        let writer = writer::Writer::new(Box::new(storage), Arc::clone(&index), length, clock);
        std::thread::spawn(move || writer.run(&queue));
        Self { jobs, index }
    }

    /// Returns once all of `records` are durable, and then they count.
    ///
    /// # Errors
    /// [`JournalError::Disk`]: none of them is, as far as can be known; [`JournalError::Closed`].
    pub async fn append(&self, records: Vec<Record>) -> Result<(), JournalError> {
        let (done, answer) = oneshot::channel();
        self.jobs.send(writer::Job::Append(records, done)).map_err(|_| JournalError::Closed)?;
        answer.await.map_err(|_| JournalError::Closed)?
    }

    /// Writes what waits and lets go of the file, so that another journal can be opened on it. Later appends, by any handle,
    /// are [`JournalError::Closed`].
    pub async fn close(&self) {
        let (done, closed) = oneshot::channel();
        if self.jobs.send(writer::Job::Close(done)).is_ok() {
            // An error means that somebody else has closed it.
            let _ = closed.await;
        }
    }

    /// What is known of a command.
    #[must_use]
    pub fn entry(&self, id: CommandId) -> Option<Entry> {
        self.index().get(id).cloned()
    }

    /// Nothing due at or before this is accepted.
    #[must_use]
    pub fn floor(&self) -> Timestamp {
        self.index().floor()
    }

    /// Commands received or started and not ended, with whether they were started.
    #[must_use]
    pub fn open_commands(&self) -> Vec<(CommandBody, bool)> {
        self.index().open().map(|(body, started)| (body.clone(), started)).collect()
    }

    /// Ended commands that the server has not said it stored.
    #[must_use]
    pub fn unstored(&self) -> Vec<(CommandId, TargetResult)> {
        self.index().unstored().map(|(id, result)| (id, result.clone())).collect()
    }

    fn index(&self) -> MutexGuard<'_, Index> {
        self.index.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
