//! Secrets by name: the server's signing key, miners' passwords. What lies in the database is sealed.

use crate::{Key, Result, StoreError, sqlite::Database};
use rusqlite::OptionalExtension;
use std::path::Path;
use zeroize::Zeroizing;

const MIGRATIONS: &[&str] =
    &["CREATE TABLE secrets (name TEXT PRIMARY KEY, sealed BLOB NOT NULL) STRICT, WITHOUT ROWID;", ANSWERS];
const ANSWERS: &str = "
    CREATE TABLE answers (
        whose TEXT NOT NULL,
        route TEXT NOT NULL,
        key TEXT NOT NULL,
        content BLOB NOT NULL,
        begun_at INTEGER NOT NULL,
        request TEXT,
        sealed BLOB,
        PRIMARY KEY (whose, route, key)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX answers_by_time ON answers (begun_at);
";
const MAX_NAME: usize = 128;
const MAX_VALUE: usize = 64 << 10;
/// Sealed under the name that no caller can use, to know the right key by.
const CHECK: (&str, &[u8]) = ("", b"adit");

/// The sealed secrets.
pub struct Secrets {
    pub(crate) database: Database,
    pub(crate) key: Key,
}

impl Secrets {
    /// Opens or creates the secrets in the file `path`.
    ///
    /// # Errors
    /// [`StoreError::KeyFile`] if they were sealed with another key; what the database says.
    pub fn open(path: impl AsRef<Path>, key: Key) -> Result<Self> {
        let mut secrets = Self { database: Database::open(path.as_ref(), MIGRATIONS)?, key };
        match secrets.sealed(CHECK.0)? {
            None => secrets.write(CHECK.0, CHECK.1)?,
            Some(sealed) if secrets.key.open(CHECK.0, &sealed).is_some() => {}
            Some(_) => {
                let problem = "was sealed with another key; restore the key file that belongs to it";
                return Err(StoreError::KeyFile { place: secrets.database.place(), problem });
            }
        }
        Ok(secrets)
    }

    /// Seals and keeps `value` (at most 64 KiB) under `name` (1 to 128 bytes), in place of what was there.
    ///
    /// # Errors
    /// [`StoreError::Invalid`] if out of bounds; what the database says.
    pub fn put(&mut self, name: &str, value: &[u8]) -> Result<()> {
        if name.is_empty() || name.len() > MAX_NAME {
            return Err(StoreError::Invalid { what: "a secret's name", problem: "has 1 to 128 bytes" });
        }
        if value.len() > MAX_VALUE {
            return Err(StoreError::Invalid { what: "a secret", problem: "has at most 64 KiB" });
        }
        self.write(name, value)
    }

    /// The secret of this name.
    ///
    /// # Errors
    /// [`StoreError::Unsealable`] if it was altered; what the database says.
    pub fn get(&self, name: &str) -> Result<Option<Zeroizing<Vec<u8>>>> {
        let Some(sealed) = self.sealed(name)?.filter(|_| !name.is_empty()) else { return Ok(None) };
        let opened = self.key.open(name, &sealed);
        opened.map(Some).ok_or_else(|| StoreError::Unsealable { name: name.to_owned() })
    }

    /// Forgets it; whether it was there.
    ///
    /// # Errors
    /// What the database says.
    pub fn delete(&mut self, name: &str) -> Result<bool> {
        if name.is_empty() {
            return Ok(false);
        }
        self.database.write(|tx| Ok(tx.execute("DELETE FROM secrets WHERE name = ?1", [name])? == 1))
    }

    /// The names there are, sorted.
    ///
    /// # Errors
    /// What the database says.
    pub fn names(&self) -> Result<Vec<String>> {
        self.database.run(|c| {
            let mut query = c.prepare_cached("SELECT name FROM secrets WHERE name <> '' ORDER BY name")?;
            query.query_map([], |row| row.get(0))?.collect()
        })
    }

    fn sealed(&self, name: &str) -> Result<Option<Vec<u8>>> {
        let query = "SELECT sealed FROM secrets WHERE name = ?1";
        self.database.run(|c| c.prepare_cached(query)?.query_row([name], |row| row.get(0)).optional())
    }

    fn write(&mut self, name: &str, value: &[u8]) -> Result<()> {
        let sealed = self.key.seal(name, value)?;
        let statement = "INSERT INTO secrets (name, sealed) VALUES (?1, ?2)
                         ON CONFLICT (name) DO UPDATE SET sealed = excluded.sealed";
        self.database.write(|tx| Ok(tx.execute(statement, (name, sealed)).map(|_| ())?))
    }
}
