//! Passkeys: what is kept of each, and the handle by which authenticators know a person.

use super::{People, check};
use crate::{Result, StoreError};
use adit_core::{ids::UserId, time::Timestamp};
use rusqlite::{OptionalExtension, Row};

/// Most passkeys of one person.
pub const MAX_PASSKEYS: u32 = 20;

/// A passkey.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Passkey {
    /// As its authenticator calls it, 16 to 1023 bytes.
    pub id: Vec<u8>,
    /// Whose.
    pub user: UserId,
    /// As its owner calls it, 1 to 200 bytes.
    pub name: String,
    /// Public key and what else does not change, at most 4 KiB.
    pub key: Vec<u8>,
    /// What changes with use, at most 64 bytes.
    pub state: Vec<u8>,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it was used last.
    pub last_used_at: Option<Timestamp>,
}

const PASSKEY: &str = "SELECT id, user, name, key, state, created_at, last_used_at FROM passkeys";

#[allow(clippy::missing_errors_doc, reason = "said once, at the type")]
impl People {
    /// The handle of a user, random and the same for ever; `drawn` becomes it if there is none. `None` if the user is not there.
    pub fn passkey_handle(&mut self, user: UserId, drawn: &[u8; 64]) -> Result<Option<[u8; 64]>> {
        self.database.write(|tx| {
            let insert = "INSERT INTO passkey_handles (user, handle) SELECT user, ?2 FROM persons WHERE user = ?1
                          ON CONFLICT (user) DO NOTHING";
            tx.execute(insert, (user.0, &drawn[..]))?;
            let query = "SELECT handle FROM passkey_handles WHERE user = ?1";
            Ok(tx.query_row(query, [user.0], |row| row.get(0)).optional()?)
        })
    }

    /// Keeps a passkey. [`StoreError::Taken`] if it is there, [`StoreError::Invalid`] if out of bounds or one too many.
    pub fn add_passkey(&mut self, passkey: &Passkey) -> Result<()> {
        check("a passkey's name", &passkey.name, 1, 200)?;
        if passkey.id.len() > 1_023 || passkey.key.len() > 4_096 || passkey.state.len() > 64 {
            return Err(StoreError::Invalid { what: "a passkey", problem: "is too long" });
        }
        self.database.write(|tx| {
            if tx.prepare("SELECT 1 FROM passkeys WHERE id = ?1")?.exists([&passkey.id])? {
                return Err(StoreError::Taken { what: "passkey" }.into());
            }
            let count = "SELECT count(*) FROM passkeys WHERE user = ?1";
            let there: u32 = tx.query_row(count, [passkey.user.0], |row| row.get(0))?;
            if there >= MAX_PASSKEYS {
                return Err(StoreError::Invalid { what: "another passkey", problem: "is one too many" }.into());
            }
            let statement =
                "INSERT INTO passkeys (id, user, name, key, state, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
            let at = passkey.created_at.0;
            tx.execute(statement, (&passkey.id, passkey.user.0, &passkey.name, &passkey.key, &passkey.state, at))?;
            tx.execute("UPDATE persons SET secured_at = ?2 WHERE user = ?1", (passkey.user.0, at))?;
            Ok(())
        })
    }

    /// A passkey and its owner's handle.
    pub fn passkey(&self, id: &[u8]) -> Result<Option<(Passkey, [u8; 64])>> {
        let query = "SELECT id, user, name, key, state, created_at, last_used_at, handle
                     FROM passkeys JOIN passkey_handles USING (user) WHERE id = ?1";
        let row = |row: &Row<'_>| Ok((passkey(row)?, row.get(7)?));
        self.database.run(|c| c.prepare_cached(query)?.query_row([id], row).optional())
    }

    /// A user's passkeys, in the order in which they were added.
    pub fn passkeys_of(&self, user: UserId) -> Result<Vec<Passkey>> {
        let query = format!("{PASSKEY} WHERE user = ?1 ORDER BY created_at, id");
        self.database.run(|c| c.prepare_cached(&query)?.query_map([user.0], passkey)?.collect())
    }

    /// Notes that a passkey was used; whether it is there.
    pub fn use_passkey(&mut self, id: &[u8], state: &[u8], at: Timestamp) -> Result<bool> {
        let statement = "UPDATE passkeys SET state = ?2, last_used_at = ?3 WHERE id = ?1";
        self.database.write(|tx| Ok(tx.execute(statement, (id, state, at.0))? == 1))
    }

    /// Forgets a user's passkey; whether it was there.
    pub fn remove_passkey(&mut self, user: UserId, id: &[u8], at: Timestamp) -> Result<bool> {
        self.database.write(|tx| {
            let gone = tx.execute("DELETE FROM passkeys WHERE user = ?1 AND id = ?2", (user.0, id))? == 1;
            if gone {
                tx.execute("UPDATE persons SET secured_at = ?2 WHERE user = ?1", (user.0, at.0))?;
            }
            Ok(gone)
        })
    }
}

fn passkey(row: &Row<'_>) -> rusqlite::Result<Passkey> {
    Ok(Passkey {
        id: row.get(0)?,
        user: UserId(row.get(1)?),
        name: row.get(2)?,
        key: row.get(3)?,
        state: row.get(4)?,
        created_at: Timestamp(row.get(5)?),
        last_used_at: row.get::<_, Option<i64>>(6)?.map(Timestamp),
    })
}
