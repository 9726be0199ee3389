//! Invitations of people who are not here yet.

use super::{People, check};
use crate::{Result, StoreError};
use adit_core::{
    ids::{AccountId, UserId},
    time::Timestamp,
};
use rusqlite::{OptionalExtension, Row};

/// Most invitations of an account that are open at once.
pub const MAX_OPEN: u32 = 200;
/// Most that are listed.
const MAX_LISTED: u32 = 500;

/// How the letter fared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mail {
    /// No mail server is set up: the link is passed on by other means.
    NotConfigured,
    /// On its way.
    Sending,
    /// The mail server took it.
    Sent,
    /// It did not.
    Failed,
}

impl Mail {
    /// In one word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::NotConfigured => "not_configured",
            Self::Sending => "sending",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }

    fn named(word: &str) -> Self {
        [Self::NotConfigured, Self::Sending, Self::Sent]
            .into_iter()
            .find(|mail| mail.word() == word)
            .unwrap_or(Self::Failed)
    }
}

/// An invitation to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewInvitation {
    /// SHA-256 of the link's token.
    pub token_hash: [u8; 32],
    /// To which account.
    pub account: AccountId,
    /// Whom; kept in lower case.
    pub email: String,
    /// What they are to be given, in the caller's own words; at most 32 KiB.
    pub grant: String,
    /// What for.
    pub remark: Option<String>,
    /// By whom.
    pub invited_by: UserId,
    /// When.
    pub created_at: Timestamp,
    /// Until when the link works.
    pub expires_at: Timestamp,
    /// How the letter fares.
    pub mail: Mail,
}

/// An invitation as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invitation {
    /// Its number.
    pub id: i64,
    /// What was invited to.
    pub new: NewInvitation,
    /// When it was accepted.
    pub accepted_at: Option<Timestamp>,
    /// When it was taken back.
    pub withdrawn_at: Option<Timestamp>,
}

const INVITATION: &str = "SELECT id, token_hash, account, email, role, remark, invited_by, created_at, expires_at,
                          accepted_at, withdrawn_at, mail FROM invitations";
const OPEN: &str = "accepted_at IS NULL AND withdrawn_at IS NULL";

#[allow(clippy::missing_errors_doc, reason = "said once, at the type")]
impl People {
    /// Keeps an invitation in place of open ones of the same account to the same e-mail; its number.
    /// [`StoreError::Invalid`] if out of bounds, or if too many are open.
    pub fn add_invitation(&mut self, new: &NewInvitation) -> Result<i64> {
        let email = new.email.trim().to_lowercase();
        check("an e-mail", &email, 3, 254)?;
        check("a remark", new.remark.as_deref().unwrap_or_default(), 0, 1_000)?;
        check("a grant", &new.grant, 1, 32 << 10)?;
        self.database.write(|tx| {
            let at = new.created_at.0;
            let replace =
                format!("UPDATE invitations SET withdrawn_at = ?3 WHERE account = ?1 AND email = ?2 AND {OPEN}");
            tx.execute(&replace, (new.account.0, &email, at))?;
            let count = format!("SELECT count(*) FROM invitations WHERE account = ?1 AND expires_at > ?2 AND {OPEN}");
            let open: u32 = tx.query_row(&count, (new.account.0, at), |row| row.get(0))?;
            if open >= MAX_OPEN {
                return Err(StoreError::Invalid { what: "another invitation", problem: "is one too many" }.into());
            }
            let statement = "INSERT INTO invitations (token_hash, account, email, role, remark, invited_by, created_at,
                             expires_at, mail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
            let row = (
                &new.token_hash[..],
                new.account.0,
                &email,
                &new.grant,
                &new.remark,
                new.invited_by.0,
                at,
                new.expires_at.0,
                new.mail.word(),
            );
            tx.execute(statement, row)?;
            Ok(tx.last_insert_rowid())
        })
    }

    /// An account's invitations, the latest first.
    pub fn invitations(&self, account: AccountId) -> Result<Vec<Invitation>> {
        let query = format!("{INVITATION} WHERE account = ?1 ORDER BY id DESC LIMIT ?2");
        self.database.run(|c| c.prepare_cached(&query)?.query_map((account.0, MAX_LISTED), invitation)?.collect())
    }

    /// The invitation with this link, if it still works.
    pub fn open_invitation(&self, token_hash: &[u8; 32], now: Timestamp) -> Result<Option<Invitation>> {
        let query = format!("{INVITATION} WHERE token_hash = ?1 AND expires_at > ?2 AND {OPEN}");
        let key = (&token_hash[..], now.0);
        self.database.run(|c| c.prepare_cached(&query)?.query_row(key, invitation).optional())
    }

    /// Uses an invitation up; `false` if it was already, or does not work any more.
    pub fn accept_invitation(&mut self, id: i64, now: Timestamp) -> Result<bool> {
        let statement = format!("UPDATE invitations SET accepted_at = ?2 WHERE id = ?1 AND expires_at > ?2 AND {OPEN}");
        self.database.write(|tx| Ok(tx.execute(&statement, (id, now.0))? == 1))
    }

    /// Opens an invitation again whose acceptance came to nothing.
    pub fn reopen_invitation(&mut self, id: i64) -> Result<bool> {
        let statement = "UPDATE invitations SET accepted_at = NULL WHERE id = ?1";
        self.database.write(|tx| Ok(tx.execute(statement, [id])? == 1))
    }

    /// Takes an open invitation back; whether there was one.
    pub fn withdraw_invitation(&mut self, account: AccountId, id: i64, now: Timestamp) -> Result<bool> {
        let statement = format!("UPDATE invitations SET withdrawn_at = ?3 WHERE account = ?1 AND id = ?2 AND {OPEN}");
        self.database.write(|tx| Ok(tx.execute(&statement, (account.0, id, now.0))? == 1))
    }

    /// Notes how the letter fares.
    pub fn set_invitation_mail(&mut self, id: i64, mail: Mail) -> Result<bool> {
        let statement = "UPDATE invitations SET mail = ?2 WHERE id = ?1";
        self.database.write(|tx| Ok(tx.execute(statement, (id, mail.word()))? == 1))
    }
}

fn invitation(row: &Row<'_>) -> rusqlite::Result<Invitation> {
    let at = |column| row.get::<_, Option<i64>>(column).map(|at| at.map(Timestamp));
    Ok(Invitation {
        id: row.get(0)?,
        new: NewInvitation {
            token_hash: row.get(1)?,
            account: AccountId(row.get(2)?),
            email: row.get(3)?,
            grant: row.get(4)?,
            remark: row.get(5)?,
            invited_by: UserId(row.get(6)?),
            created_at: Timestamp(row.get(7)?),
            expires_at: Timestamp(row.get(8)?),
            mail: Mail::named(&row.get::<_, String>(11)?),
        },
        accepted_at: at(9)?,
        withdrawn_at: at(10)?,
    })
}
