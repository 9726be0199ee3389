//! Letters that wait to be sent, and which letters people want.

use super::{Notices, class_word, notice, rows};
use crate::Result;
use adit_core::{
    ids::UserId,
    notices::{Class, Kind, Notice},
    time::Timestamp,
};
use rusqlite::{Connection, OptionalExtension, Transaction};

/// Most letters that wait; what comes then is in the inbox only.
const MAX_LETTERS: i64 = 20_000;

/// Of which notices a person wants letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Choices {
    /// Of what they are to do.
    pub needs_me: bool,
    /// Of how their own requests ended, and of their roles.
    pub mine: bool,
    /// Of what they are told because they answer for the account.
    pub told: bool,
    /// Every day, how far the log is.
    pub heads: bool,
}

impl Default for Choices {
    fn default() -> Self {
        Self { needs_me: true, mine: true, told: false, heads: false }
    }
}

/// A letter that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// Its number.
    pub id: i64,
    /// Its name: the same every time it is sent.
    pub name: String,
    /// What it tells.
    pub notice: Notice,
    /// How often it was tried.
    pub tries: u32,
}

fn choices(c: &Connection, user: u32) -> rusqlite::Result<Choices> {
    let query = "SELECT needs_me, mine, told, heads FROM choices WHERE user = ?1";
    let chosen = c.prepare_cached(query)?.query_row([user], |row| {
        Ok(Choices { needs_me: row.get(0)?, mine: row.get(1)?, told: row.get(2)?, heads: row.get(3)? })
    });
    chosen.optional().map(Option::unwrap_or_default)
}

/// If they want one.
pub(super) fn add(tx: &Transaction<'_>, name: &str, notice: &Notice) -> rusqlite::Result<()> {
    let chosen = choices(tx, notice.to.0)?;
    let wanted = match notice.class {
        Class::NeedsMe => chosen.needs_me,
        Class::Mine => chosen.mine,
        Class::Told if notice.kind == Kind::HeadOfDay => chosen.heads,
        Class::Told => chosen.told,
    };
    if !(notice.always || wanted && notice.is_worth_a_letter()) {
        return Ok(());
    }
    let statement = "INSERT INTO letters (name, user, account, topic, kind, class, always, at, next_at)
                     SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?8
                     WHERE (SELECT count(*) FROM letters) < ?9 ON CONFLICT DO NOTHING";
    let (topic, class) = (notice.topic.to_string(), class_word(notice.class));
    let (user, account) = (notice.to.0, notice.account.0);
    let row = (name, user, account, topic, notice.kind.name(), class, notice.always, notice.at.0, MAX_LETTERS);
    tx.prepare_cached(statement)?.execute(row)?;
    Ok(())
}

#[allow(clippy::missing_errors_doc, reason = "said once, at the type")]
impl Notices {
    /// Which letters a person wants.
    pub fn choices(&self, user: UserId) -> Result<Choices> {
        self.database.run(|c| choices(c, user.0))
    }

    /// They want these from now on.
    pub fn choose(&mut self, user: UserId, chosen: Choices) -> Result<()> {
        let statement = "INSERT INTO choices (user, needs_me, mine, told, heads) VALUES (?1, ?2, ?3, ?4, ?5)
                         ON CONFLICT (user) DO UPDATE SET needs_me = excluded.needs_me, mine = excluded.mine,
                         told = excluded.told, heads = excluded.heads";
        let row = (user.0, chosen.needs_me, chosen.mine, chosen.told, chosen.heads);
        self.database.write(|tx| Ok(tx.execute(statement, row).map(|_| ())?))
    }

    /// Letters to be tried now, those that wait longest first.
    pub fn due_letters(&self, now: Timestamp, limit: usize) -> Result<Vec<Letter>> {
        let query = "SELECT id, name, tries, user, account, topic, kind, class, always, at FROM letters
                     WHERE next_at <= ?1 ORDER BY next_at, id LIMIT ?2";
        self.database.run(|c| {
            let mut query = c.prepare_cached(query)?;
            let letters = query.query_map((now.0, rows(limit)), |row| {
                Ok(Letter { id: row.get(0)?, name: row.get(1)?, tries: row.get(2)?, notice: notice(row, 3)? })
            })?;
            letters.collect()
        })
    }

    /// A try has failed: once more then, or never.
    pub fn retry_letter(&mut self, id: i64, then: Option<Timestamp>) -> Result<()> {
        let Some(then) = then else { return self.drop_letter(id) };
        let statement = "UPDATE letters SET tries = tries + 1, next_at = ?2 WHERE id = ?1";
        self.database.write(|tx| Ok(tx.execute(statement, (id, then.0)).map(|_| ())?))
    }

    /// It was sent, or is of no use any more.
    pub fn drop_letter(&mut self, id: i64) -> Result<()> {
        self.database.write(|tx| Ok(tx.execute("DELETE FROM letters WHERE id = ?1", [id]).map(|_| ())?))
    }
}
