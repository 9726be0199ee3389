//! What can go wrong with a store, told apart by what somebody has to do about it.

use adit_core::audit::ChainError;
use std::io;

/// The result of everything here.
pub type Result<T> = std::result::Result<T, StoreError>;

/// Why a store could not do what was asked. `place` is the file or database it is about.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Somebody else appended to the log; nothing was written.
    #[error("the log was expected to end at record {expected} and ends at {found}: another writer was there")]
    Conflict {
        /// The last record the caller knew.
        expected: u64,
        /// The last record there is.
        found: u64,
    },
    /// The log's records do not form a chain, or would not.
    #[error("the log is not sound: {0}; keep a copy of it and restore a backup")]
    Broken(#[from] ChainError),
    /// No room; nothing was written.
    #[error("{place}: no space left on the disk; free some and try again, nothing was lost")]
    DiskFull {
        /// Where.
        place: String,
    },
    /// Writing is not permitted; nothing was written.
    #[error(
        "{place}: cannot be written; check that the directory exists, its owner and permissions, and that the disk is not read-only"
    )]
    ReadOnly {
        /// Where.
        place: String,
    },
    /// The file is damaged or is not what it should be.
    #[error("{place}: damaged ({detail}); stop the server, keep a copy of the file and restore a backup")]
    Corrupt {
        /// Where.
        place: String,
        /// What was found.
        detail: String,
    },
    /// Written by a newer version of the program.
    #[error(
        "{place}: has schema {found}, this version knows {known}; run the newer version again, or restore a backup"
    )]
    NewerSchema {
        /// Where.
        place: String,
        /// Its schema.
        found: u32,
        /// The newest schema this program knows.
        known: u32,
    },
    /// Another process has the data directory.
    #[error("{place}: in use by another server{holder}; stop it first, or choose another data directory")]
    InUse {
        /// Where.
        place: String,
        /// ` (process 123)` where it is known, else nothing.
        holder: String,
    },
    /// Another connection held the write lock for too long; nothing was written.
    #[error("{place}: another program is writing to it; try again")]
    Busy {
        /// Where.
        place: String,
    },
    /// The key file is missing, open to others, of the wrong size, or another store's.
    #[error("{place}: {problem}")]
    KeyFile {
        /// Where.
        place: String,
        /// What is wrong, and what to do.
        problem: &'static str,
    },
    /// A secret was altered since it was sealed.
    #[error("secret {name:?} cannot be opened: it was altered; set it again")]
    Unsealable {
        /// Its name.
        name: String,
    },
    /// Unique, and somebody else has it.
    #[error("this {what} is taken")]
    Taken {
        /// What: user, e-mail, session.
        what: &'static str,
    },
    /// Out of bounds; a mistake of the caller.
    #[error("{what} {problem}")]
    Invalid {
        /// What.
        what: &'static str,
        /// Why it is refused.
        problem: &'static str,
    },
    /// The operating system said no.
    #[error("{place}: {source}")]
    Io {
        /// Where.
        place: String,
        /// What it said.
        source: io::Error,
    },
    /// The operating system said no before anything was written.
    #[error("{place}: {source}; nothing was written, try again")]
    NotWritten {
        /// Where.
        place: String,
        /// What it said.
        source: io::Error,
    },
    /// The database said something else.
    #[error("{place}: {source}")]
    Database {
        /// Where.
        place: String,
        /// What it said.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl StoreError {
    /// Says where an error of the operating system happened, and tells a full or read-only disk from the rest.
    pub(crate) fn io(place: &std::path::Path, source: io::Error) -> Self {
        let place = place.display().to_string();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => Self::DiskFull { place },
            io::ErrorKind::ReadOnlyFilesystem | io::ErrorKind::PermissionDenied => Self::ReadOnly { place },
            _ => Self::Io { place, source },
        }
    }
}
