//! Who people are elsewhere: an issuer and its name for them.

use super::{People, check};
use crate::{Result, StoreError};
use adit_core::{ids::UserId, time::Timestamp};
use rusqlite::{OptionalExtension, Row};

/// Most identities of one person.
const MAX_IDENTITIES: u32 = 20;

/// Somebody as another company knows them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Which company: its issuer address, at most 500 bytes.
    pub issuer: String,
    /// Its name for them, at most 500 bytes; with the issuer, unique.
    pub subject: String,
    /// Who they are here.
    pub user: UserId,
    /// Their e-mail there, at most 254 bytes.
    pub email: Option<String>,
    /// Since when this is known.
    pub linked_at: Timestamp,
}

const IDENTITY: &str = "SELECT issuer, subject, user, email, linked_at FROM identities";

#[allow(clippy::missing_errors_doc, reason = "said once, at the type")]
impl People {
    /// Keeps who somebody is elsewhere. [`StoreError::Taken`] if that is somebody's already, [`StoreError::Invalid`] if out of bounds
    /// or one too many.
    pub fn link_identity(&mut self, identity: &Identity) -> Result<()> {
        check("an issuer", &identity.issuer, 1, 500)?;
        check("a subject", &identity.subject, 1, 500)?;
        check("an e-mail", identity.email.as_deref().unwrap_or_default(), 0, 254)?;
        self.database.write(|tx| {
            let known = "SELECT 1 FROM identities WHERE issuer = ?1 AND subject = ?2";
            if tx.prepare(known)?.exists((&identity.issuer, &identity.subject))? {
                return Err(StoreError::Taken { what: "identity" }.into());
            }
            let count = "SELECT count(*) FROM identities WHERE user = ?1";
            let there: u32 = tx.query_row(count, [identity.user.0], |row| row.get(0))?;
            if there >= MAX_IDENTITIES {
                return Err(StoreError::Invalid { what: "another identity", problem: "is one too many" }.into());
            }
            let statement =
                "INSERT INTO identities (issuer, subject, user, email, linked_at) VALUES (?1, ?2, ?3, ?4, ?5)";
            let at = identity.linked_at.0;
            tx.execute(statement, (&identity.issuer, &identity.subject, identity.user.0, &identity.email, at))?;
            tx.execute("UPDATE persons SET secured_at = ?2 WHERE user = ?1", (identity.user.0, at))?;
            Ok(())
        })
    }

    /// Who somebody is whom another company knows by this.
    pub fn identity(&self, issuer: &str, subject: &str) -> Result<Option<Identity>> {
        let query = format!("{IDENTITY} WHERE issuer = ?1 AND subject = ?2");
        self.database.run(|c| c.prepare_cached(&query)?.query_row((issuer, subject), identity).optional())
    }

    /// Who a person is elsewhere, in the order in which it became known.
    pub fn identities_of(&self, user: UserId) -> Result<Vec<Identity>> {
        let query = format!("{IDENTITY} WHERE user = ?1 ORDER BY linked_at, issuer, subject");
        self.database.run(|c| c.prepare_cached(&query)?.query_map([user.0], identity)?.collect())
    }

    /// Forgets it; whether it was there.
    pub fn unlink_identity(&mut self, identity: &Identity, at: Timestamp) -> Result<bool> {
        self.database.write(|tx| {
            let statement = "DELETE FROM identities WHERE issuer = ?1 AND subject = ?2 AND user = ?3";
            let gone = tx.execute(statement, (&identity.issuer, &identity.subject, identity.user.0))? == 1;
            if gone {
                tx.execute("UPDATE persons SET secured_at = ?2 WHERE user = ?1", (identity.user.0, at.0))?;
            }
            Ok(gone)
        })
    }
}

fn identity(row: &Row<'_>) -> rusqlite::Result<Identity> {
    Ok(Identity {
        issuer: row.get(0)?,
        subject: row.get(1)?,
        user: UserId(row.get(2)?),
        email: row.get(3)?,
        linked_at: Timestamp(row.get(4)?),
    })
}
