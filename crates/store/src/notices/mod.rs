//! Who was told of what, and what is still to be sent: the inbox of every person, letters, and deliveries to webhooks.
//!
//! All of it follows from the log. What an event tells is taken in together with its number, in one transaction, so that after a
//! crash nothing is told twice and nothing is left out. Only what people note themselves (read, done, later, which letters
//! they want) and how far the sending has come is known nowhere else.

mod deliveries;
mod inbox;
mod letters;

pub use deliveries::{Announcement, Attempt, Delivery, DeliveryState, Outcome};
pub use inbox::{Item, MAX_ITEMS, Mark};
pub use letters::{Choices, Letter};

use crate::{Result, StoreError, sqlite::Database};
use adit_core::{
    ids::UserId,
    notices::{Class, Kind, Notice, Topic},
    time::{Millis, Timestamp},
};
use rusqlite::{Connection, OptionalExtension, Transaction, types::Type};
use std::path::Path;

const MIGRATIONS: &[&str] = &["
    CREATE TABLE progress (one INTEGER PRIMARY KEY CHECK (one = 1), seq INTEGER NOT NULL) STRICT;
    CREATE TABLE moments (name TEXT PRIMARY KEY, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE items (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        user INTEGER NOT NULL,
        account INTEGER NOT NULL,
        topic TEXT NOT NULL,
        kind TEXT NOT NULL,
        class TEXT NOT NULL,
        at INTEGER NOT NULL,
        read_at INTEGER,
        done_at INTEGER,
        snoozed_until INTEGER,
        UNIQUE (user, account, topic)
    ) STRICT;
    CREATE TABLE choices (
        user INTEGER PRIMARY KEY,
        needs_me INTEGER NOT NULL,
        mine INTEGER NOT NULL,
        told INTEGER NOT NULL,
        heads INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE letters (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        name TEXT NOT NULL UNIQUE,
        user INTEGER NOT NULL,
        account INTEGER NOT NULL,
        topic TEXT NOT NULL,
        kind TEXT NOT NULL,
        class TEXT NOT NULL,
        always INTEGER NOT NULL,
        at INTEGER NOT NULL,
        tries INTEGER NOT NULL DEFAULT 0,
        next_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX letters_due ON letters (next_at);
    CREATE TABLE deliveries (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        webhook INTEGER NOT NULL,
        message TEXT NOT NULL,
        type TEXT NOT NULL,
        body TEXT NOT NULL,
        at INTEGER NOT NULL,
        state TEXT NOT NULL DEFAULT 'waiting',
        tries INTEGER NOT NULL DEFAULT 0,
        next_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX deliveries_due ON deliveries (state, webhook, next_at);
    CREATE INDEX deliveries_of ON deliveries (webhook, id);
    CREATE TABLE attempts (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        delivery INTEGER NOT NULL REFERENCES deliveries (id) ON DELETE CASCADE,
        at INTEGER NOT NULL,
        duration_ms INTEGER NOT NULL,
        status INTEGER,
        error TEXT
    ) STRICT;
    CREATE INDEX attempts_of ON attempts (delivery);
    CREATE TABLE failing (webhook INTEGER PRIMARY KEY, since INTEGER NOT NULL) STRICT;
"];
/// How long it is remembered that a moment was told.
const REMEMBERED: Millis = Millis::days(60);

/// The inboxes and what is to be sent. Not one of its methods reads a clock.
///
/// Every method gives back what the database says when it fails.
pub struct Notices {
    database: Database,
}

#[allow(clippy::missing_errors_doc, reason = "said once, at the type")]
impl Notices {
    /// Opens or creates them in the file `path`.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        Ok(Self { database: Database::open(path.as_ref(), MIGRATIONS)? })
    }

    /// Number of the last event that was taken in; `None` if there was none yet.
    pub fn progress(&self) -> Result<Option<u64>> {
        self.database.run(progress)
    }

    /// Takes in what the events after number `after` and up to number `upto` tell: notices, each with the number of its event,
    /// and announcements. [`StoreError::Conflict`] if something else was taken in last: then nothing is taken in.
    pub fn take(
        &mut self,
        after: Option<u64>,
        upto: u64,
        notices: &[(u64, Notice)],
        announced: &[Announcement],
    ) -> Result<()> {
        let upto = i64::try_from(upto).map_err(|_| StoreError::Invalid { what: "a number", problem: "is too high" })?;
        self.database.write(|tx| {
            let found = progress(tx)?;
            if found != after {
                let (expected, found) = (after.unwrap_or_default(), found.unwrap_or_default());
                return Err(StoreError::Conflict { expected, found }.into());
            }
            for (seq, notice) in notices {
                let name = format!("{seq}.{}.{}.{}", notice.to.0, notice.topic, notice.kind.name());
                add(tx, &name, notice)?;
            }
            for announcement in announced {
                deliveries::add(tx, announcement)?;
            }
            let statement = "INSERT INTO progress (one, seq) VALUES (1, ?1)
                             ON CONFLICT (one) DO UPDATE SET seq = excluded.seq";
            tx.execute(statement, [upto])?;
            Ok(())
        })
    }

    /// Takes in what a moment tells; whether that is news.
    pub fn take_moment(&mut self, name: &str, notices: &[Notice], now: Timestamp) -> Result<bool> {
        self.database.write(|tx| {
            let statement = "INSERT INTO moments (name, at) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            if tx.execute(statement, (name, now.0))? == 0 {
                return Ok(false);
            }
            tx.execute("DELETE FROM moments WHERE at < ?1", [now.before(REMEMBERED).0])?;
            for notice in notices {
                add(tx, &format!("{name}.{}", notice.to.0), notice)?;
            }
            Ok(true)
        })
    }

    /// Forgets all that is known of a person.
    pub fn forget(&mut self, user: UserId) -> Result<()> {
        self.database.write(|tx| {
            for table in ["items", "letters", "choices"] {
                tx.execute(&format!("DELETE FROM {table} WHERE user = ?1"), [user.0])?;
            }
            Ok(())
        })
    }
}

fn progress(c: &Connection) -> rusqlite::Result<Option<u64>> {
    let seq: Option<i64> = c.query_row("SELECT seq FROM progress", [], |row| row.get(0)).optional()?;
    Ok(seq.map(i64::unsigned_abs))
}

fn add(tx: &Transaction<'_>, name: &str, notice: &Notice) -> rusqlite::Result<()> {
    // It is of use on paper only: what an inbox says of the log lies beside the log.
    if notice.kind == Kind::HeadOfDay {
        return letters::add(tx, name, notice);
    }
    // Of a conversation one letter is enough until its reader has looked at it.
    let again = notice.kind == Kind::Commented && inbox::is_unread(tx, notice)?;
    inbox::add(tx, notice)?;
    if again { Ok(()) } else { letters::add(tx, name, notice) }
}

/// A number of rows, as the database counts them.
fn rows(limit: usize) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

const fn class_word(class: Class) -> &'static str {
    match class {
        Class::NeedsMe => "needs_me",
        Class::Mine => "mine",
        Class::Told => "told",
    }
}

/// A notice as its columns have it: user, account, topic, kind, class, always, at, from column `first` on.
fn notice(row: &rusqlite::Row<'_>, first: usize) -> rusqlite::Result<Notice> {
    let unknown = |column: usize| rusqlite::Error::InvalidColumnType(column, "of a notice".to_owned(), Type::Text);
    let (topic, kind): (String, String) = (row.get(first + 2)?, row.get(first + 3)?);
    let class: String = row.get(first + 4)?;
    let class = [Class::NeedsMe, Class::Mine, Class::Told].into_iter().find(|known| class_word(*known) == class);
    Ok(Notice {
        to: UserId(row.get(first)?),
        account: adit_core::ids::AccountId(row.get(first + 1)?),
        topic: topic.parse::<Topic>().map_err(|_| unknown(first + 2))?,
        kind: Kind::named(&kind).ok_or_else(|| unknown(first + 3))?,
        class: class.ok_or_else(|| unknown(first + 4))?,
        always: row.get(first + 5)?,
        at: Timestamp(row.get(first + 6)?),
    })
}
