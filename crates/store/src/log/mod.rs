//! What a log must be able to do, whatever it lies in; and a log in files.

mod cut_off;
mod file;
mod frame;
mod reader;
mod segment;
#[cfg(test)]
mod tests;

pub use cut_off::CutOff;
pub use file::FileLog;
pub use reader::FileReader;
pub(crate) use reader::Synced;

use crate::{Result, StoreError};
use adit_core::audit::{Head, Record};
use adit_core::time::Timestamp;

/// The most records one append takes: more than one command makes of everything that is open.
pub const MAX_BATCH: usize = 200_000;
/// The longest body of a record, in bytes.
pub const MAX_BODY_BYTES: usize = 16 << 20;
/// The most records one read gives.
pub const MAX_READ: usize = 10_000;

/// What an append wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Appended {
    /// Number of the batch's first record.
    pub first_seq: u64,
    /// Number of its last.
    pub last_seq: u64,
    /// The log's end now.
    pub head: Head,
}

/// The state folded from the log up to and with record `seq`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// The last record folded in.
    pub seq: u64,
    /// The state, in whatever form the caller gave.
    pub bytes: Vec<u8>,
}

/// Reading a log. A reader sees what was committed when it asks and never holds up the writer.
pub trait LogReader: Send {
    /// Up to `limit` records (at most [`MAX_READ`]) from number `from_seq` on, in order, each checked against the one
    /// before it. Large records may make it fewer; nothing comes back only where the log has ended. Whoever reads on begins with
    /// the last record of the read before, so that the two are linked as well.
    ///
    /// # Errors
    /// [`StoreError::Broken`] if the records do not form a chain; what the store said.
    fn read(&self, from_seq: u64, limit: usize) -> Result<Vec<Record>>;

    /// The log's end.
    ///
    /// # Errors
    /// What the store said.
    fn head(&self) -> Result<Head>;

    /// Keeps a snapshot and forgets all but the last two. It lies beside the log: appends go on meanwhile. One at a time.
    /// `schema` says how to read `bytes`.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if the log has no record `seq`; what the store said.
    fn put_snapshot(&self, seq: u64, schema: u32, bytes: &[u8]) -> Result<()>;

    /// The latest snapshot of this schema, of record `upto` at most, that was taken of this very log. A damaged one is passed over: the
    /// log has everything. What it says is whatever lies in the file: whoever uses it compares it with the hash in the log.
    ///
    /// # Errors
    /// What the store said.
    fn latest_snapshot(&self, schema: u32, upto: u64) -> Result<Option<Snapshot>>;

    /// Walks the whole log.
    ///
    /// # Errors
    /// [`StoreError::Broken`] naming the first record that is wrong; what the store said.
    fn verify(&self) -> Result<Head>;
}

/// Writing a log. There is one writer; the expected number finds out if there are two.
pub trait LogStore: LogReader {
    /// Appends records, all or none, and returns once they are on the disk. `expected_seq` is the number of the last record
    /// the caller knows, 0 for none.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] if the log ends elsewhere; [`StoreError::Broken`] if a time goes back;
    /// [`StoreError::Invalid`] for an empty batch or one beyond [`MAX_BATCH`] or [`MAX_BODY_BYTES`]; in each of these cases,
    /// and for [`StoreError::DiskFull`], [`StoreError::ReadOnly`] and [`StoreError::Busy`], nothing was written.
    /// After any other error ask for the [`head`](LogReader::head) of a freshly opened log to learn whether it was.
    fn append(&mut self, expected_seq: u64, bodies: &[(Timestamp, &str)]) -> Result<Appended>;
}

/// Reads a log from its first record to its last, which checks it.
pub(crate) fn walk(log: &impl LogReader) -> Result<Head> {
    let mut head = Head::EMPTY;
    loop {
        // From the last record on that is known: a read checks how its records are linked to one another.
        let last = log.read(head.seq.max(1), MAX_READ)?.last().map_or(head, Record::as_head);
        if last.seq == head.seq {
            return Ok(head);
        }
        head = last;
    }
}

/// Refuses a batch that no store takes.
pub(crate) fn check_batch(bodies: &[(Timestamp, &str)]) -> Result<()> {
    let invalid = |problem| Err(StoreError::Invalid { what: "the batch", problem });
    if bodies.is_empty() {
        return invalid("is empty");
    }
    if bodies.len() > MAX_BATCH {
        return invalid("has more than 200 000 records");
    }
    if bodies.iter().any(|(_, body)| body.len() > MAX_BODY_BYTES) {
        return invalid("has a record of more than 16 MiB");
    }
    Ok(())
}
