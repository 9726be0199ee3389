//! The log in one SQLite file.

#[cfg(test)]
mod tests;

use super::Database;
use crate::{
    Result,
    log::{Appended, LogReader, LogStore, MAX_READ, Snapshot, check_batch, link, walk},
    snapshots::SnapshotDir,
};
use adit_core::{
    audit::{Chain, ChainError, Fault, Hash, Head, Record},
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Row};
use std::path::Path;

/// `prev_hash` is not kept: it is the hash of the row before.
const MIGRATIONS: &[&str] = &["
    CREATE TABLE log (
        seq INTEGER PRIMARY KEY,
        at INTEGER NOT NULL,
        body TEXT NOT NULL,
        hash BLOB NOT NULL
    ) STRICT;
    CREATE TRIGGER log_is_append_only BEFORE UPDATE ON log BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
    CREATE TRIGGER log_keeps_all BEFORE DELETE ON log BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
"];

/// A read ends once it holds this many bytes of bodies.
const READ_BYTES: usize = 64 << 20;

/// The log, open for writing.
pub struct SqliteLog {
    database: Database,
    snapshots: SnapshotDir,
}

/// The log, open for reading: for other threads and for other processes.
pub struct SqliteReader {
    database: Database,
    snapshots: SnapshotDir,
}

impl SqliteLog {
    /// Opens or creates the log in the file `path`. Whoever opens it in place sees to it that nobody else does: see
    /// [`DataDir`](crate::DataDir).
    ///
    /// # Errors
    /// [`NewerSchema`](crate::StoreError::NewerSchema), `Corrupt`, `ReadOnly` and what the file system says.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Ok(Self { database: Database::open(path, MIGRATIONS)?, snapshots: SnapshotDir::beside(path) })
    }
}

impl SqliteReader {
    /// Opens the existing log in the file `path`.
    ///
    /// # Errors
    /// [`OlderSchema`](crate::StoreError::OlderSchema), `NewerSchema`, `Corrupt` and what the file system says.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        Ok(Self { database: Database::open_reader(path, MIGRATIONS)?, snapshots: SnapshotDir::beside(path) })
    }
}

impl LogStore for SqliteLog {
    fn append(&mut self, expected_seq: u64, bodies: &[(Timestamp, &str)]) -> Result<Appended> {
        check_batch(bodies)?;
        let head = self.database.write(|tx| {
            let (records, head) = link(head(tx)?, expected_seq, bodies)?;
            let mut insert = tx.prepare_cached("INSERT INTO log (seq, at, body, hash) VALUES (?1, ?2, ?3, ?4)")?;
            for record in &records {
                insert.execute((integer(record.seq), record.at.0, &*record.body, &record.hash[..]))?;
            }
            Ok(head)
        })?;
        Ok(Appended { first_seq: expected_seq + 1, last_seq: head.seq, head })
    }
}

macro_rules! reads {
    ($name:ty) => {
        impl LogReader for $name {
            fn read(&self, from_seq: u64, limit: usize) -> Result<Vec<Record>> {
                read(&self.database, from_seq, limit)
            }
            fn head(&self) -> Result<Head> {
                self.database.run(head)
            }
            fn put_snapshot(&self, seq: u64, schema: u32, bytes: &[u8]) -> Result<()> {
                self.snapshots.put(seq, schema, bytes, |seq| hash_of(&self.database, seq))
            }
            fn latest_snapshot(&self, schema: u32) -> Result<Option<Snapshot>> {
                self.snapshots.latest(schema, |seq| hash_of(&self.database, seq))
            }
            fn verify(&self) -> Result<Head> {
                self.database.check_pages()?;
                walk(self)
            }
        }
    };
}
reads!(SqliteLog);
reads!(SqliteReader);

fn integer(seq: u64) -> i64 {
    i64::try_from(seq).unwrap_or(i64::MAX)
}

fn row_head(row: &Row<'_>) -> rusqlite::Result<Head> {
    Ok(Head { seq: row.get::<_, i64>(0)?.unsigned_abs(), at: Timestamp(row.get(1)?), hash: row.get(2)? })
}

fn head(connection: &Connection) -> rusqlite::Result<Head> {
    let mut query = connection.prepare_cached("SELECT seq, at, hash FROM log ORDER BY seq DESC LIMIT 1")?;
    Ok(query.query_row([], row_head).optional()?.unwrap_or(Head::EMPTY))
}

fn head_at(connection: &Connection, seq: u64) -> rusqlite::Result<Option<Head>> {
    if seq == 0 {
        return Ok(Some(Head::EMPTY));
    }
    let mut query = connection.prepare_cached("SELECT seq, at, hash FROM log WHERE seq = ?1")?;
    query.query_row([integer(seq)], row_head).optional()
}

fn hash_of(database: &Database, seq: u64) -> Result<Option<Hash>> {
    Ok(database.run(|c| head_at(c, seq))?.map(|head| head.hash))
}

fn read(database: &Database, from_seq: u64, limit: usize) -> Result<Vec<Record>> {
    let from_seq = from_seq.max(1);
    let before = from_seq - 1;
    let Some(start) = database.run(|c| head_at(c, before))? else {
        let end = database.run(head)?.seq;
        let gap = ChainError { seq: before, fault: Fault::Gap { found: end } };
        return if end < before { Ok(Vec::new()) } else { Err(gap.into()) };
    };
    let mut records = database.run(|c| rows(c, start, limit.min(MAX_READ)))?;
    let mut chain = Chain::from(start);
    for record in &mut records {
        record.prev_hash = chain.head().hash;
        chain.follow(record)?;
    }
    Ok(records)
}

/// The rows after `start`, with `prev_hash` still to be filled in.
fn rows(connection: &Connection, start: Head, limit: usize) -> rusqlite::Result<Vec<Record>> {
    let mut query =
        connection.prepare_cached("SELECT seq, at, hash, body FROM log WHERE seq > ?1 ORDER BY seq LIMIT ?2")?;
    let mut rows = query.query((integer(start.seq), i64::try_from(limit).unwrap_or(i64::MAX)))?;
    let (mut records, mut bytes) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        let Head { seq, at, hash } = row_head(row)?;
        let body: Box<str> = row.get::<_, String>(3)?.into();
        bytes += body.len();
        records.push(Record { seq, at, body, prev_hash: [0; 32], hash });
        if bytes >= READ_BYTES {
            break;
        }
    }
    Ok(records)
}
