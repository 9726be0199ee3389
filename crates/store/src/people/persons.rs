//! Who the users are.

use super::{People, check};
use crate::{Result, StoreError};
use adit_core::{ids::UserId, time::Timestamp};
use rusqlite::{OptionalExtension, Row};

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

const PERSON: &str = "SELECT user, email, display_name, password_hash, created_at FROM persons";

#[allow(clippy::missing_errors_doc, reason = "said once, at the type")]
impl People {
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

    /// What everybody is called, those who have left included; and the e-mail of those who have not.
    pub fn names(&self) -> Result<Vec<(UserId, String, Option<String>)>> {
        let query = "SELECT user, display_name, email FROM persons
                     UNION ALL SELECT user, display_name, NULL FROM former_persons";
        let name = |row: &Row<'_>| Ok((UserId(row.get(0)?), row.get(1)?, row.get(2)?));
        self.database.run(|c| c.prepare_cached(query)?.query_map((), name)?.collect())
    }

    /// Somebody has left: their name is kept for what they did, all else is forgotten, and their sessions end. Whether they were
    /// there. Their e-mail may be another's from then on.
    pub fn let_go(&mut self, user: UserId, at: Timestamp) -> Result<bool> {
        self.database.write(|tx| {
            let kept = "INSERT OR REPLACE INTO former_persons (user, display_name, left_at)
                        SELECT user, display_name, ?2 FROM persons WHERE user = ?1";
            tx.execute(kept, (user.0, at.0))?;
            Ok(tx.execute("DELETE FROM persons WHERE user = ?1", [user.0])? == 1)
        })
    }

    /// Forgets a person and ends their sessions; whether they were there.
    pub fn forget_person(&mut self, user: UserId) -> Result<bool> {
        self.database.write(|tx| Ok(tx.execute("DELETE FROM persons WHERE user = ?1", [user.0])? == 1))
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

fn email(address: &str) -> Result<String> {
    let address = address.trim().to_lowercase();
    check("an e-mail", &address, 3, 254)?;
    Ok(address)
}
