//! Inboxes: of every topic the latest that a person was told.

use super::{Notices, class_word, notice, rows};
use crate::Result;
use adit_core::{
    ids::{AccountId, UserId},
    notices::Notice,
    time::Timestamp,
};
use rusqlite::Transaction;

/// Most items of one person on one account; the oldest go first.
pub const MAX_ITEMS: usize = 1_000;

/// What a person was told last of a topic.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its number. What is told later of the same topic has another, higher one.
    pub id: i64,
    /// What.
    pub notice: Notice,
    /// When they read it.
    pub read_at: Option<Timestamp>,
    /// When they put it away.
    pub done_at: Option<Timestamp>,
    /// It comes back then.
    pub snoozed_until: Option<Timestamp>,
}

/// What a person notes on items. What is `None` stays as it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Mark {
    /// Read, or not.
    pub read: Option<bool>,
    /// Put away, or taken out again.
    pub done: Option<bool>,
    /// Until when it is not to be seen; at once again.
    pub snoozed_until: Option<Option<Timestamp>>,
}

/// Replaces what was told of the topic before: it is news again.
pub(super) fn add(tx: &Transaction<'_>, notice: &Notice) -> rusqlite::Result<()> {
    let (user, account) = (notice.to.0, notice.account.0);
    let topic = notice.topic.to_string();
    let old = "DELETE FROM items WHERE user = ?1 AND account = ?2 AND topic = ?3";
    tx.prepare_cached(old)?.execute((user, account, &topic))?;
    let new = "INSERT INTO items (user, account, topic, kind, class, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    let row = (user, account, &topic, notice.kind.name(), class_word(notice.class), notice.at.0);
    tx.prepare_cached(new)?.execute(row)?;
    let oldest = "DELETE FROM items WHERE id IN (
                  SELECT id FROM items WHERE user = ?1 AND account = ?2 ORDER BY id DESC LIMIT -1 OFFSET ?3)";
    tx.prepare_cached(oldest)?.execute((user, account, rows(MAX_ITEMS)))?;
    Ok(())
}

/// Was the same told last of this topic, and has it not been read or put away since?
pub(super) fn is_unread(tx: &Transaction<'_>, notice: &Notice) -> rusqlite::Result<bool> {
    let query = "SELECT EXISTS (SELECT 1 FROM items WHERE user = ?1 AND account = ?2 AND topic = ?3 AND kind = ?4
                 AND read_at IS NULL AND done_at IS NULL)";
    let row = (notice.to.0, notice.account.0, notice.topic.to_string(), notice.kind.name());
    tx.prepare_cached(query)?.query_row(row, |row| row.get(0))
}

#[allow(clippy::missing_errors_doc, reason = "said once, at the type")]
impl Notices {
    /// A person's items on an account, the latest first; at most [`MAX_ITEMS`].
    pub fn items(&self, user: UserId, account: AccountId) -> Result<Vec<Item>> {
        let query = "SELECT id, read_at, done_at, snoozed_until, user, account, topic, kind, class, 0, at FROM items
                     WHERE user = ?1 AND account = ?2 ORDER BY id DESC";
        self.database.run(|c| {
            let mut query = c.prepare_cached(query)?;
            let items = query.query_map((user.0, account.0), |row| {
                let at = |column: usize| row.get::<_, Option<i64>>(column).map(|at| at.map(Timestamp));
                Ok(Item {
                    id: row.get(0)?,
                    read_at: at(1)?,
                    done_at: at(2)?,
                    snoozed_until: at(3)?,
                    notice: notice(row, 4)?,
                })
            })?;
            items.collect()
        })
    }

    /// Notes something on a person's own items; how many there were.
    pub fn mark(
        &mut self,
        user: UserId,
        account: AccountId,
        items: &[i64],
        mark: Mark,
        now: Timestamp,
    ) -> Result<usize> {
        let statement = "UPDATE items SET
            read_at = CASE ?4 WHEN 1 THEN coalesce(read_at, ?7) WHEN 0 THEN NULL ELSE read_at END,
            done_at = CASE ?5 WHEN 1 THEN coalesce(done_at, ?7) WHEN 0 THEN NULL ELSE done_at END,
            snoozed_until = CASE WHEN ?5 = 1 THEN NULL WHEN ?6 IS NULL THEN snoozed_until
                                 WHEN ?6 = 0 THEN NULL ELSE ?6 END
            WHERE id = ?1 AND user = ?2 AND account = ?3";
        let snoozed = mark.snoozed_until.map(|until| until.map_or(0, |until| until.0));
        self.database.write(|tx| {
            let mut statement = tx.prepare_cached(statement)?;
            let mut marked = 0;
            for item in items {
                marked += statement.execute((item, user.0, account.0, mark.read, mark.done, snoozed, now.0))?;
            }
            Ok(marked)
        })
    }
}
