//! Who the users are, how they prove it, and where they are signed in. Kept apart from the log: it can be changed and
//! forgotten.

mod factors;
mod identities;
mod invitations;
mod keys;
mod links;
mod passkeys;
mod persons;
mod sessions;

pub use factors::{Security, TotpState};
pub use identities::Identity;
pub use invitations::{Invitation, Mail, NewInvitation};
pub use keys::KeyUse;
pub use links::{Link, LinkPurpose, Verified};
pub use passkeys::Passkey;
pub use persons::Person;
pub use sessions::Session;

use crate::{Result, StoreError, sqlite::Database};
use adit_core::ids::UserId;
use std::path::Path;

const MIGRATIONS: &[&str] = &[
    "
    CREATE TABLE persons (
        user INTEGER PRIMARY KEY,
        email TEXT NOT NULL UNIQUE,
        display_name TEXT NOT NULL,
        password_hash TEXT,
        created_at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE sessions (
        token_hash BLOB PRIMARY KEY,
        user INTEGER NOT NULL REFERENCES persons (user) ON DELETE CASCADE,
        csrf TEXT NOT NULL,
        created_at INTEGER NOT NULL,
        authenticated_at INTEGER NOT NULL,
        last_seen_at INTEGER NOT NULL,
        address TEXT NOT NULL,
        user_agent TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX sessions_by_user ON sessions (user);
",
    "
    ALTER TABLE persons ADD COLUMN password_changed_at INTEGER;
    ALTER TABLE persons ADD COLUMN secured_at INTEGER;
    CREATE TABLE totp (
        user INTEGER PRIMARY KEY REFERENCES persons (user) ON DELETE CASCADE,
        since INTEGER NOT NULL,
        last_step INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE recovery_codes (
        user INTEGER NOT NULL REFERENCES persons (user) ON DELETE CASCADE,
        hash BLOB NOT NULL,
        PRIMARY KEY (user, hash)
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE passkeys (
        id BLOB PRIMARY KEY,
        user INTEGER NOT NULL REFERENCES persons (user) ON DELETE CASCADE,
        name TEXT NOT NULL,
        key BLOB NOT NULL,
        state BLOB NOT NULL,
        created_at INTEGER NOT NULL,
        last_used_at INTEGER
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX passkeys_by_user ON passkeys (user);
    CREATE TABLE passkey_handles (
        user INTEGER PRIMARY KEY REFERENCES persons (user) ON DELETE CASCADE,
        handle BLOB NOT NULL UNIQUE
    ) STRICT;
    CREATE TABLE identities (
        issuer TEXT NOT NULL,
        subject TEXT NOT NULL,
        user INTEGER NOT NULL REFERENCES persons (user) ON DELETE CASCADE,
        email TEXT,
        linked_at INTEGER NOT NULL,
        PRIMARY KEY (issuer, subject)
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX identities_by_user ON identities (user);
    CREATE TABLE links (
        token_hash BLOB PRIMARY KEY,
        purpose TEXT NOT NULL,
        user INTEGER NOT NULL REFERENCES persons (user) ON DELETE CASCADE,
        email TEXT NOT NULL,
        expires_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE INDEX links_by_user ON links (user, purpose);
    CREATE TABLE invitations (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        token_hash BLOB NOT NULL UNIQUE,
        account INTEGER NOT NULL,
        email TEXT NOT NULL,
        role TEXT NOT NULL,
        remark TEXT,
        invited_by INTEGER NOT NULL,
        created_at INTEGER NOT NULL,
        expires_at INTEGER NOT NULL,
        accepted_at INTEGER,
        withdrawn_at INTEGER,
        mail TEXT NOT NULL
    ) STRICT;
    CREATE INDEX invitations_by_account ON invitations (account, created_at);
",
    "
    ALTER TABLE sessions ADD COLUMN account INTEGER;
",
    "
    CREATE TABLE former_persons (
        user INTEGER PRIMARY KEY,
        display_name TEXT NOT NULL,
        left_at INTEGER NOT NULL
    ) STRICT;
",
    "
    CREATE TABLE key_uses (
        key INTEGER PRIMARY KEY,
        calls INTEGER NOT NULL,
        last_at INTEGER NOT NULL,
        address TEXT NOT NULL,
        agent TEXT NOT NULL
    ) STRICT;
",
];

/// Persons and what belongs to them. Not one of its methods reads a clock.
///
/// Every method gives back what the database says when it fails; other errors are named where they can happen.
pub struct People {
    database: Database,
}

#[allow(clippy::missing_errors_doc, reason = "said once, at the type")]
impl People {
    /// Opens or creates them in the file `path`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self { database: Database::open(path.as_ref(), MIGRATIONS)? })
    }

    fn set(&mut self, statement: &str, user: UserId, value: &str) -> Result<bool> {
        self.database.write(|tx| Ok(tx.execute(statement, (user.0, value))? == 1))
    }
}

fn check(what: &'static str, value: &str, least: usize, most: usize) -> Result<()> {
    if value.len() < least {
        return Err(StoreError::Invalid { what, problem: "is missing or too short" });
    }
    if value.len() > most {
        return Err(StoreError::Invalid { what, problem: "is too long" });
    }
    Ok(())
}
