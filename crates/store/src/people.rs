//! Who the users are, and where they are signed in. Kept apart from the log: it can be changed and forgotten.

use crate::{Result, StoreError, sqlite::Database};
use adit_core::{ids::UserId, time::Timestamp};
use rusqlite::{OptionalExtension, Row};
use std::path::Path;

const MIGRATIONS: &[&str] = &["
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
"];

/// Who a user is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The user the log knows.
    pub user: UserId,
    /// 3 to 254 bytes; kept in lower case, unique.
    pub email: String,
    /// 1 to 200 bytes.
    pub display_name: String,
    /// Argon2 in PHC form, at most 512 bytes; `None` until a password is set.
    pub password_hash: Option<String>,
    /// When they were added.
    pub created_at: Timestamp,
}

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
}

const PERSON: &str = "SELECT user, email, display_name, password_hash, created_at FROM persons";
const SESSION: &str =
    "SELECT token_hash, user, csrf, created_at, authenticated_at, last_seen_at, address, user_agent FROM sessions";

/// Persons and their sessions. Not one of its methods reads a clock.
///
/// Every method gives back what the database says when it fails; other errors are named where they can happen.
#[allow(clippy::missing_errors_doc, reason = "said once, above")]
pub struct People {
    database: Database,
}

#[allow(clippy::missing_errors_doc, reason = "said once, at the type")]
impl People {
    /// Opens or creates them in the file `path`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self { database: Database::open(path.as_ref(), MIGRATIONS)? })
    }

    /// Adds somebody. [`StoreError::Taken`] if the user or the e-mail is there, [`StoreError::Invalid`] if out of bounds.
    pub fn add_person(&mut self, person: &Person) -> Result<()> {
        let email = email(&person.email)?;
        check("a display name", &person.display_name, 1, 200)?;
        check("a password hash", person.password_hash.as_deref().unwrap_or_default(), 0, 512)?;
        self.database.write(|tx| {
            let user = tx.prepare("SELECT 1 FROM persons WHERE user = ?1")?.exists([person.user.0])?;
            let taken = tx.prepare("SELECT 1 FROM persons WHERE email = ?1")?.exists([&email])?;
            if user || taken {
                return Err(StoreError::Taken { what: if user { "user" } else { "e-mail" } }.into());
            }
            let statement = "INSERT INTO persons (user, email, display_name, password_hash, created_at)
                             VALUES (?1, ?2, ?3, ?4, ?5)";
            let row = (person.user.0, &email, &person.display_name, &person.password_hash, person.created_at.0);
            Ok(tx.execute(statement, row).map(|_| ())?)
        })
    }

    /// The person a user is.
    pub fn person(&self, user: UserId) -> Result<Option<Person>> {
        let query = format!("{PERSON} WHERE user = ?1");
        self.database.run(|c| c.prepare_cached(&query)?.query_row([user.0], person).optional())
    }

    /// The person with this e-mail, in whatever case it is written.
    pub fn person_by_email(&self, address: &str) -> Result<Option<Person>> {
        let query = format!("{PERSON} WHERE email = ?1");
        let address = address.trim().to_lowercase();
        self.database.run(|c| c.prepare_cached(&query)?.query_row([address], person).optional())
    }

    /// Everybody, by user.
    pub fn persons(&self) -> Result<Vec<Person>> {
        let query = format!("{PERSON} ORDER BY user");
        self.database.run(|c| c.prepare_cached(&query)?.query_map([], person)?.collect())
    }

    /// Changes the name; whether the user is there.
    pub fn set_display_name(&mut self, user: UserId, display_name: &str) -> Result<bool> {
        check("a display name", display_name, 1, 200)?;
        self.set("UPDATE persons SET display_name = ?2 WHERE user = ?1", user, display_name)
    }

    /// Changes the password; whether the user is there. Sessions go on: revoke those that should not.
    pub fn set_password_hash(&mut self, user: UserId, password_hash: &str) -> Result<bool> {
        check("a password hash", password_hash, 1, 512)?;
        self.set("UPDATE persons SET password_hash = ?2 WHERE user = ?1", user, password_hash)
    }

    /// Changes the e-mail; whether the user is there. [`StoreError::Taken`] if somebody else has it.
    pub fn set_email(&mut self, user: UserId, address: &str) -> Result<bool> {
        let address = email(address)?;
        self.database.write(|tx| {
            let others = "SELECT 1 FROM persons WHERE email = ?1 AND user <> ?2";
            if tx.prepare(others)?.exists((&address, user.0))? {
                return Err(StoreError::Taken { what: "e-mail" }.into());
            }
            Ok(tx.execute("UPDATE persons SET email = ?2 WHERE user = ?1", (user.0, &address))? == 1)
        })
    }

    /// Forgets a person and ends their sessions; whether they were there.
    pub fn forget_person(&mut self, user: UserId) -> Result<bool> {
        self.database.write(|tx| Ok(tx.execute("DELETE FROM persons WHERE user = ?1", [user.0])? == 1))
    }

    /// Begins a session. [`StoreError::Invalid`] if its user is not there, [`StoreError::Taken`] if its token is.
    pub fn add_session(&mut self, session: &Session) -> Result<()> {
        check("a CSRF token", &session.csrf, 1, 128)?;
        check("an address", &session.address, 0, 64)?;
        let user_agent: String = session.user_agent.chars().take(256).collect();
        self.database.write(|tx| {
            if !tx.prepare_cached("SELECT 1 FROM persons WHERE user = ?1")?.exists([session.user.0])? {
                return Err(StoreError::Invalid { what: "the session's user", problem: "does not exist" }.into());
            }
            let statement = "INSERT INTO sessions (token_hash, user, csrf, created_at, authenticated_at, last_seen_at,
                             address, user_agent) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) ON CONFLICT DO NOTHING";
            let row = (
                &session.token_hash[..],
                session.user.0,
                &session.csrf,
                session.created_at.0,
                session.authenticated_at.0,
                session.last_seen_at.0,
                &session.address,
                &user_agent,
            );
            match tx.prepare_cached(statement)?.execute(row)? {
                0 => Err(StoreError::Taken { what: "session" }.into()),
                _ => Ok(()),
            }
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

    fn set(&mut self, statement: &str, user: UserId, value: &str) -> Result<bool> {
        self.database.write(|tx| Ok(tx.execute(statement, (user.0, value))? == 1))
    }
}

fn person(row: &Row<'_>) -> rusqlite::Result<Person> {
    Ok(Person {
        user: UserId(row.get(0)?),
        email: row.get(1)?,
        display_name: row.get(2)?,
        password_hash: row.get(3)?,
        created_at: Timestamp(row.get(4)?),
    })
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
    })
}

fn email(address: &str) -> Result<String> {
    let address = address.trim().to_lowercase();
    check("an e-mail", &address, 3, 254)?;
    Ok(address)
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
