//! Where they are signed in.

use super::{People, check};
use crate::{Result, StoreError};
use adit_core::{
    ids::{AccountId, UserId},
    time::Timestamp,
};
use rusqlite::{OptionalExtension, Row};

/// One sign-in that lasts. When it is too old is the caller's to say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the token in the cookie.
    pub token_hash: [u8; 32],
    /// Whose it is.
    pub user: UserId,
    /// What a form must send along, at most 128 bytes.
    pub csrf: String,
    /// When it began.
    pub created_at: Timestamp,
    /// When they last proved who they are.
    pub authenticated_at: Timestamp,
    /// When it was last used.
    pub last_seen_at: Timestamp,
    /// From where it began, at most 64 bytes.
    pub address: String,
    /// The browser's own words; kept up to 256 characters.
    pub user_agent: String,
    /// The account it acts for, once one was chosen.
    pub account: Option<AccountId>,
}

/// Most sessions of one person.
pub const MAX_SESSIONS: u32 = 50;

const SESSION: &str = "SELECT token_hash, user, csrf, created_at, authenticated_at, last_seen_at, address, user_agent, account FROM sessions";

#[allow(clippy::missing_errors_doc, reason = "said once, at the type")]
impl People {
    /// Begins a session; of more than [`MAX_SESSIONS`] the oldest ends. [`StoreError::Invalid`] if its user is not there, [`StoreError::Taken`] if its token is.
    pub fn add_session(&mut self, session: &Session) -> Result<()> {
        check("a CSRF token", &session.csrf, 1, 128)?;
        check("an address", &session.address, 0, 64)?;
        let user_agent: String = session.user_agent.chars().take(256).collect();
        self.database.write(|tx| {
            if !tx.prepare_cached("SELECT 1 FROM persons WHERE user = ?1")?.exists([session.user.0])? {
                return Err(StoreError::Invalid { what: "the session's user", problem: "does not exist" }.into());
            }
            let statement = "INSERT INTO sessions (token_hash, user, csrf, created_at, authenticated_at, last_seen_at,
                             address, user_agent, account) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING";
            let row = (
                &session.token_hash[..],
                session.user.0,
                &session.csrf,
                session.created_at.0,
                session.authenticated_at.0,
                session.last_seen_at.0,
                &session.address,
                &user_agent,
                session.account.map(|account| account.0),
            );
            if tx.prepare_cached(statement)?.execute(row)? == 0 {
                return Err(StoreError::Taken { what: "session" }.into());
            }
            let old = "DELETE FROM sessions WHERE user = ?1 AND token_hash NOT IN (SELECT token_hash FROM sessions
                       WHERE user = ?1 ORDER BY created_at DESC, last_seen_at DESC LIMIT ?2)";
            tx.prepare_cached(old)?.execute((session.user.0, MAX_SESSIONS))?;
            Ok(())
        })
    }

    /// The session with this token.
    pub fn session(&self, token_hash: &[u8; 32]) -> Result<Option<Session>> {
        let query = format!("{SESSION} WHERE token_hash = ?1");
        self.database.run(|c| c.prepare_cached(&query)?.query_row([&token_hash[..]], session).optional())
    }

    /// Every session, for a start: the latest used first.
    pub fn sessions(&self) -> Result<Vec<Session>> {
        let query = format!("{SESSION} ORDER BY last_seen_at DESC, token_hash");
        self.database.run(|c| c.prepare_cached(&query)?.query_map([], session)?.collect())
    }

    /// A user's sessions, the latest used first.
    pub fn sessions_of(&self, user: UserId) -> Result<Vec<Session>> {
        let query = format!("{SESSION} WHERE user = ?1 ORDER BY last_seen_at DESC, token_hash");
        self.database.run(|c| c.prepare_cached(&query)?.query_map([user.0], session)?.collect())
    }

    /// Notes that sessions were used, in one write; those that are gone are passed over. Costs a write to the disk: gather
    /// them for some seconds.
    pub fn touch_sessions(&mut self, seen: &[([u8; 32], Timestamp)]) -> Result<()> {
        self.database.write(|tx| {
            let statement = "UPDATE sessions SET last_seen_at = max(last_seen_at, ?2) WHERE token_hash = ?1";
            let mut update = tx.prepare_cached(statement)?;
            for (token_hash, at) in seen {
                update.execute((&token_hash[..], at.0))?;
            }
            Ok(())
        })
    }

    /// Notes that they proved again who they are; whether the session is there.
    pub fn set_authenticated(&mut self, token_hash: &[u8; 32], at: Timestamp) -> Result<bool> {
        let statement = "UPDATE sessions SET authenticated_at = ?2 WHERE token_hash = ?1";
        self.database.write(|tx| Ok(tx.execute(statement, (&token_hash[..], at.0))? == 1))
    }

    /// Notes which account a session acts for from now on; whether the session is there.
    pub fn set_session_account(&mut self, token_hash: &[u8; 32], account: AccountId) -> Result<bool> {
        let statement = "UPDATE sessions SET account = ?2 WHERE token_hash = ?1";
        self.database.write(|tx| Ok(tx.execute(statement, (&token_hash[..], account.0))? == 1))
    }

    /// Ends a session; whether it was there.
    pub fn revoke_session(&mut self, token_hash: &[u8; 32]) -> Result<bool> {
        let statement = "DELETE FROM sessions WHERE token_hash = ?1";
        self.database.write(|tx| Ok(tx.execute(statement, [&token_hash[..]])? == 1))
    }

    /// Ends a user's sessions but the one that may stay; how many ended.
    pub fn revoke_sessions_of(&mut self, user: UserId, but: Option<&[u8; 32]>) -> Result<usize> {
        let statement = "DELETE FROM sessions WHERE user = ?1 AND token_hash IS NOT ?2";
        self.database.write(|tx| Ok(tx.execute(statement, (user.0, but.map(|hash| &hash[..])))?))
    }

    /// Ends sessions begun before the one moment or last used before the other; how many ended.
    pub fn drop_expired_sessions(&mut self, begun_before: Timestamp, used_before: Timestamp) -> Result<usize> {
        let statement = "DELETE FROM sessions WHERE created_at < ?1 OR last_seen_at < ?2";
        self.database.write(|tx| Ok(tx.execute(statement, (begun_before.0, used_before.0))?))
    }
}

fn session(row: &Row<'_>) -> rusqlite::Result<Session> {
    Ok(Session {
        token_hash: row.get(0)?,
        user: UserId(row.get(1)?),
        csrf: row.get(2)?,
        created_at: Timestamp(row.get(3)?),
        authenticated_at: Timestamp(row.get(4)?),
        last_seen_at: Timestamp(row.get(5)?),
        address: row.get(6)?,
        user_agent: row.get(7)?,
        account: row.get::<_, Option<u32>>(8)?.map(AccountId),
    })
}
