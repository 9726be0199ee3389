//! SQLite: how every file is opened, migrated and spoken to.
//!
//! Every file is in WAL mode with `synchronous=FULL`: a commit that was answered survives a loss of power. Writes begin with
//! `BEGIN IMMEDIATE`, so that a transaction never finds out halfway that it may not write.

#[cfg(test)]
mod tests;

use crate::{
    Result, StoreError,
    files::{create_private, sync_dir_of},
};
use rusqlite::{Connection, ErrorCode, OpenFlags, Transaction, TransactionBehavior, ffi};
use std::{
    path::{Path, PathBuf},
    time::Duration,
};

/// How long a write waits for another connection's write.
const BUSY: Duration = Duration::from_secs(5);

/// An open file.
pub(crate) struct Database {
    connection: Connection,
    path: PathBuf,
}

/// Inside a transaction both kinds of error end it.
pub(crate) enum Failure {
    Sql(rusqlite::Error),
    Store(StoreError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sql(error)
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

impl Database {
    /// Opens for writing, creates what is missing, and brings the schema up to date: each migration in a transaction of
    /// its own, counted by `user_version`.
    pub(crate) fn open(path: &Path, migrations: &[&str]) -> Result<Self> {
        // Made here and not by SQLite, which would let others read it; its journals get the same permissions.
        create_private(path).map_err(|error| StoreError::io(path, error))?;
        let mut database = Self::connect(path)?;
        if database.run(|c| c.is_readonly(rusqlite::MAIN_DB))? {
            return Err(StoreError::ReadOnly { place: database.place() });
        }
        let found = database.schema()?;
        let known = version(migrations.len());
        if found > known {
            return Err(StoreError::NewerSchema { place: database.place(), found, known });
        }
        database.run(|c| c.pragma_update_and_check(None, "journal_mode", "wal", |_| Ok(())))?;
        database.run(|c| {
            c.pragma_update(None, "synchronous", "full")?;
            c.pragma_update(None, "secure_delete", true)?;
            c.pragma_update_and_check(None, "journal_size_limit", 64 << 20, |_| Ok(()))
        })?;
        for (index, migration) in migrations.iter().enumerate().skip(found as usize) {
            database.write(|tx| {
                tx.execute_batch(migration)?;
                Ok(tx.pragma_update(None, "user_version", version(index + 1))?)
            })?;
        }
        if found == 0 {
            sync_dir_of(path).map_err(|error| StoreError::io(path, error))?;
        }
        Ok(database)
    }

    /// Opens an existing file of any schema, to be copied.
    pub(crate) fn open_for_copy(path: &Path) -> Result<Self> {
        Self::connect(path)
    }

    fn connect(path: &Path) -> Result<Self> {
        std::fs::metadata(path).map_err(|error| StoreError::io(path, error))?;
        // One thread at a time has a connection, so SQLite's own mutexes are left out.
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let connection = Connection::open_with_flags(path, flags).map_err(|error| translate(path, error))?;
        let database = Self { connection, path: path.to_owned() };
        database.run(|c| {
            c.busy_timeout(BUSY)?;
            c.pragma_update(None, "foreign_keys", true)?;
            c.pragma_update(None, "trusted_schema", false)?;
            c.pragma_update(None, "cell_size_check", true)
        })?;
        Ok(database)
    }

    fn schema(&self) -> Result<u32> {
        self.run(|c| c.pragma_query_value(None, "user_version", |row| row.get(0)))
    }

    pub(crate) fn place(&self) -> String {
        self.path.display().to_string()
    }

    /// One or more queries.
    pub(crate) fn run<T>(&self, work: impl FnOnce(&Connection) -> rusqlite::Result<T>) -> Result<T> {
        work(&self.connection).map_err(|error| translate(&self.path, error))
    }

    /// One write transaction: committed if `work` succeeds, rolled back if it does not.
    pub(crate) fn write<T>(
        &mut self,
        work: impl FnOnce(&Transaction<'_>) -> std::result::Result<T, Failure>,
    ) -> Result<T> {
        let path = &self.path;
        let translate = |error| translate(path, error);
        let tx = self.connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(translate)?;
        let done = work(&tx).map_err(|failure| match failure {
            Failure::Sql(error) => translate(error),
            Failure::Store(error) => error,
        })?;
        tx.commit().map_err(translate)?;
        Ok(done)
    }

    /// Writes a copy of the file as it is at this moment, while others go on writing.
    pub(crate) fn copy_to(&self, target: &Path) -> Result<()> {
        let Some(name) = target.to_str() else {
            return Err(StoreError::Invalid { what: "the backup's path", problem: "is not valid UTF-8" });
        };
        self.run(|c| c.execute("VACUUM INTO ?1", [name]).map(|_| ()))?;
        let file = std::fs::File::open(target).map_err(|e| StoreError::io(target, e))?;
        file.sync_all().map_err(|e| StoreError::io(target, e))
    }
}

fn version(migrations: usize) -> u32 {
    u32::try_from(migrations).unwrap_or(u32::MAX)
}

fn translate(path: &Path, error: rusqlite::Error) -> StoreError {
    use rusqlite::Error as E;
    let place = path.display().to_string();
    match &error {
        E::SqliteFailure(cause, message) => match cause.code {
            ErrorCode::DiskFull => StoreError::DiskFull { place },
            _ if cause.extended_code == ffi::SQLITE_IOERR_SHMSIZE => StoreError::DiskFull { place },
            ErrorCode::ReadOnly | ErrorCode::CannotOpen | ErrorCode::PermissionDenied => StoreError::ReadOnly { place },
            ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked => StoreError::Busy { place },
            ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase => {
                StoreError::Corrupt { place, detail: message.clone().unwrap_or_else(|| cause.to_string()) }
            }
            _ => StoreError::Database { place, source: error.into() },
        },
        E::FromSqlConversionFailure(..)
        | E::IntegralValueOutOfRange(..)
        | E::InvalidColumnType(..)
        | E::Utf8Error(..) => StoreError::Corrupt { place, detail: error.to_string() },
        _ => StoreError::Database { place, source: error.into() },
    }
}
