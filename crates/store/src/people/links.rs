//! Links sent by e-mail. Each works once, and a newer one puts the older out of use.

use super::{People, check};
use crate::{Result, StoreError};
use adit_core::{ids::UserId, time::Timestamp};
use rusqlite::{OptionalExtension, Transaction};

/// What a link is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkPurpose {
    /// Showing that an e-mail is theirs.
    Email,
    /// A new password.
    Password,
}

impl LinkPurpose {
    const fn word(self) -> &'static str {
        match self {
            Self::Email => "email",
            Self::Password => "password",
        }
    }
}

/// A link that still works.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// Whose.
    pub user: UserId,
    /// Where it was sent.
    pub email: String,
}

/// What came of a link that was used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    /// Whose.
    pub user: UserId,
    /// Their e-mail before, if it is another now.
    pub before: Option<String>,
}

#[allow(clippy::missing_errors_doc, reason = "said once, at the type")]
impl People {
    /// Keeps a link in place of the person's earlier ones of this purpose.
    pub fn add_link(
        &mut self,
        token_hash: &[u8; 32],
        purpose: LinkPurpose,
        link: &Link,
        expires_at: Timestamp,
    ) -> Result<()> {
        check("an e-mail", &link.email, 3, 254)?;
        self.database.write(|tx| {
            tx.execute("DELETE FROM links WHERE user = ?1 AND purpose = ?2", (link.user.0, purpose.word()))?;
            let statement =
                "INSERT INTO links (token_hash, purpose, user, email, expires_at) VALUES (?1, ?2, ?3, ?4, ?5)";
            let row = (&token_hash[..], purpose.word(), link.user.0, &link.email, expires_at.0);
            Ok(tx.execute(statement, row).map(|_| ())?)
        })
    }

    /// The link, if it still works.
    pub fn link(&self, token_hash: &[u8; 32], purpose: LinkPurpose, now: Timestamp) -> Result<Option<Link>> {
        let query = "SELECT user, email FROM links WHERE token_hash = ?1 AND purpose = ?2 AND expires_at > ?3";
        let key = (&token_hash[..], purpose.word(), now.0);
        self.database.run(|c| c.prepare_cached(query)?.query_row(key, link).optional())
    }

    /// Uses a link up: the password is this one from now on, and every session ends. The e-mail it was sent to is theirs.
    pub fn reset_password(
        &mut self,
        token_hash: &[u8; 32],
        password_hash: &str,
        now: Timestamp,
    ) -> Result<Option<UserId>> {
        check("a password hash", password_hash, 1, 512)?;
        self.database.write(|tx| {
            let Some(link) = spend(tx, token_hash, LinkPurpose::Password, now)? else { return Ok(None) };
            let statement = "UPDATE persons SET password_hash = ?2, password_changed_at = ?3, secured_at = ?3
                             WHERE user = ?1 AND email = ?4";
            if tx.execute(statement, (link.user.0, password_hash, now.0, &link.email))? == 0 {
                // The e-mail is another by now.
                return Ok(None);
            }
            tx.execute("DELETE FROM sessions WHERE user = ?1", [link.user.0])?;
            Ok(Some(link.user))
        })
    }

    /// Uses a link up: the e-mail it was sent to is the person's, and shown to be. [`StoreError::Taken`] if it has become somebody else's.
    pub fn verify_email(&mut self, token_hash: &[u8; 32], now: Timestamp) -> Result<Option<Verified>> {
        self.database.write(|tx| {
            let Some(link) = spend(tx, token_hash, LinkPurpose::Email, now)? else { return Ok(None) };
            let others = "SELECT 1 FROM persons WHERE email = ?1 AND user <> ?2";
            if tx.prepare(others)?.exists((&link.email, link.user.0))? {
                return Err(StoreError::Taken { what: "e-mail" }.into());
            }
            let query = "SELECT email FROM persons WHERE user = ?1";
            let before: String = tx.query_row(query, [link.user.0], |row| row.get(0))?;
            let changed = before != link.email;
            let statement = "UPDATE persons SET email = ?2,
                             secured_at = CASE WHEN ?4 THEN ?3 ELSE secured_at END WHERE user = ?1";
            tx.execute(statement, (link.user.0, &link.email, now.0, changed))?;
            Ok(Some(Verified { user: link.user, before: changed.then_some(before) }))
        })
    }

    /// Forgets links that work no more; how many.
    pub fn drop_expired_links(&mut self, now: Timestamp) -> Result<usize> {
        self.database.write(|tx| Ok(tx.execute("DELETE FROM links WHERE expires_at <= ?1", [now.0])?))
    }
}

fn spend(
    tx: &Transaction<'_>,
    token_hash: &[u8; 32],
    purpose: LinkPurpose,
    now: Timestamp,
) -> rusqlite::Result<Option<Link>> {
    let statement =
        "DELETE FROM links WHERE token_hash = ?1 AND purpose = ?2 AND expires_at > ?3 RETURNING user, email";
    tx.query_row(statement, (&token_hash[..], purpose.word(), now.0), link).optional()
}

fn link(row: &rusqlite::Row<'_>) -> rusqlite::Result<Link> {
    Ok(Link { user: UserId(row.get(0)?), email: row.get(1)? })
}
