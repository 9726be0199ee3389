//! One-time codes, recovery codes, and when something about a person's sign-in changed. The codes' secret is not here but among
//! the sealed secrets.

use super::{People, check};
use crate::Result;
use adit_core::{ids::UserId, time::Timestamp};
use rusqlite::OptionalExtension;
use std::collections::BTreeSet;

/// One-time codes that are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TotpState {
    /// Since when.
    pub since: Timestamp,
    /// Step of the last code that was used; it and those before are used up.
    pub last_step: u64,
}

/// When something about a person's sign-in changed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Security {
    /// The password was changed, after the first one.
    pub password_changed_at: Option<Timestamp>,
    /// Password, second factor or e-mail changed last.
    pub secured_at: Option<Timestamp>,
}

#[allow(clippy::missing_errors_doc, reason = "said once, at the type")]
impl People {
    /// When something about their sign-in changed; nothing of somebody who is not there.
    pub fn security(&self, user: UserId) -> Result<Security> {
        let query = "SELECT password_changed_at, secured_at FROM persons WHERE user = ?1";
        let row = |row: &rusqlite::Row<'_>| {
            let at = |column| row.get::<_, Option<i64>>(column).map(|at| at.map(Timestamp));
            Ok(Security { password_changed_at: at(0)?, secured_at: at(1)? })
        };
        Ok(self.database.run(|c| c.prepare_cached(query)?.query_row([user.0], row).optional())?.unwrap_or_default())
    }

    /// Changes the password; whether the user is there. Sessions go on: revoke those that should not.
    pub fn change_password(&mut self, user: UserId, password_hash: &str, at: Timestamp) -> Result<bool> {
        check("a password hash", password_hash, 1, 512)?;
        let statement =
            "UPDATE persons SET password_hash = ?2, password_changed_at = ?3, secured_at = ?3 WHERE user = ?1";
        self.database.write(|tx| Ok(tx.execute(statement, (user.0, password_hash, at.0))? == 1))
    }

    /// Everybody who has one-time codes or a passkey.
    pub fn enrolled(&self) -> Result<BTreeSet<UserId>> {
        let query = "SELECT user FROM totp UNION SELECT user FROM passkeys";
        let user = |row: &rusqlite::Row<'_>| row.get(0).map(UserId);
        self.database.run(|c| c.prepare_cached(query)?.query_map((), user)?.collect())
    }

    /// How one-time codes stand; `None` if they are not asked for.
    pub fn totp(&self, user: UserId) -> Result<Option<TotpState>> {
        let query = "SELECT since, last_step FROM totp WHERE user = ?1";
        let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get::<_, i64>(1)?));
        let found = self.database.run(|c| c.prepare_cached(query)?.query_row([user.0], row).optional())?;
        Ok(found.map(|(since, step)| TotpState { since: Timestamp(since), last_step: step.unsigned_abs() }))
    }

    /// Asks for one-time codes from now on, with these hashes of recovery codes. The code of `step` is used up.
    pub fn set_totp(&mut self, user: UserId, at: Timestamp, step: u64, recovery: &[[u8; 32]]) -> Result<()> {
        self.database.write(|tx| {
            let statement = "INSERT INTO totp (user, since, last_step) VALUES (?1, ?2, ?3)
                             ON CONFLICT (user) DO UPDATE SET since = excluded.since, last_step = excluded.last_step";
            tx.execute(statement, (user.0, at.0, step.cast_signed()))?;
            tx.execute("UPDATE persons SET secured_at = ?2 WHERE user = ?1", (user.0, at.0))?;
            Ok(replace_recovery_codes(tx, user, recovery)?)
        })
    }

    /// Uses up the code of `step` and those before; `false` if it was used up already.
    pub fn use_totp_step(&mut self, user: UserId, step: u64) -> Result<bool> {
        let statement = "UPDATE totp SET last_step = ?2 WHERE user = ?1 AND last_step < ?2";
        self.database.write(|tx| Ok(tx.execute(statement, (user.0, step.cast_signed()))? == 1))
    }

    /// Asks for codes no more; whether it did.
    pub fn remove_totp(&mut self, user: UserId, at: Timestamp) -> Result<bool> {
        self.database.write(|tx| {
            tx.execute("DELETE FROM recovery_codes WHERE user = ?1", [user.0])?;
            tx.execute("UPDATE persons SET secured_at = ?2 WHERE user = ?1", (user.0, at.0))?;
            Ok(tx.execute("DELETE FROM totp WHERE user = ?1", [user.0])? == 1)
        })
    }

    /// These recovery codes in place of those there were.
    pub fn set_recovery_codes(&mut self, user: UserId, hashes: &[[u8; 32]], at: Timestamp) -> Result<()> {
        self.database.write(|tx| {
            tx.execute("UPDATE persons SET secured_at = ?2 WHERE user = ?1", (user.0, at.0))?;
            Ok(replace_recovery_codes(tx, user, hashes)?)
        })
    }

    /// How many recovery codes are left.
    pub fn recovery_codes_left(&self, user: UserId) -> Result<u32> {
        let query = "SELECT count(*) FROM recovery_codes WHERE user = ?1";
        self.database.run(|c| c.prepare_cached(query)?.query_row([user.0], |row| row.get(0)))
    }

    /// Uses a recovery code up; whether it was there.
    pub fn use_recovery_code(&mut self, user: UserId, hash: &[u8; 32]) -> Result<bool> {
        let statement = "DELETE FROM recovery_codes WHERE user = ?1 AND hash = ?2";
        self.database.write(|tx| Ok(tx.execute(statement, (user.0, &hash[..]))? == 1))
    }
}

fn replace_recovery_codes(tx: &rusqlite::Transaction<'_>, user: UserId, hashes: &[[u8; 32]]) -> rusqlite::Result<()> {
    tx.execute("DELETE FROM recovery_codes WHERE user = ?1", [user.0])?;
    let mut insert = tx.prepare("INSERT INTO recovery_codes (user, hash) VALUES (?1, ?2)")?;
    for hash in hashes {
        insert.execute((user.0, &hash[..]))?;
    }
    Ok(())
}
