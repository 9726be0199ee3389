//! What is told to webhooks: what waits, what came of every try, and since when one fails.

use super::{Notices, rows};
use crate::Result;
use adit_core::{ids::WebhookId, time::Timestamp};
use rusqlite::{OptionalExtension, Transaction};

/// Most deliveries of one webhook that wait; what comes then is not told.
const MAX_WAITING: i64 = 10_000;
/// Most deliveries of one webhook that are over and kept to look at.
const MAX_OVER: i64 = 200;
/// Longest text of an error, characters.
const MAX_ERROR: usize = 200;

/// What a webhook is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Announcement {
    /// Which webhook.
    pub webhook: WebhookId,
    /// By this name receivers know the same message again.
    pub message: String,
    /// Of which type.
    pub kind: String,
    /// The very bytes that are signed and sent.
    pub body: String,
    /// When it happened.
    pub at: Timestamp,
}

/// Where a delivery stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryState {
    /// To be tried, or tried again.
    Waiting,
    /// The receiver has it.
    Delivered,
    /// Given up.
    Failed,
}

impl DeliveryState {
    /// Its name in the API.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Delivered => "delivered",
            Self::Failed => "failed",
        }
    }

    fn named(word: &str) -> Self {
        [Self::Waiting, Self::Delivered].into_iter().find(|state| state.word() == word).unwrap_or(Self::Failed)
    }
}

/// One try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attempt {
    /// When it began.
    pub at: Timestamp,
    /// How long it took, ms.
    pub duration_ms: u32,
    /// HTTP status of the answer, if there was one.
    pub status: Option<u16>,
    /// What went wrong, for people.
    pub error: Option<String>,
}

/// What comes of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it.
    Delivered,
    /// Once more then.
    Retry(Timestamp),
    /// Never again.
    GiveUp,
}

/// A delivery, and every try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its number.
    pub id: i64,
    /// What.
    pub announcement: Announcement,
    /// Where it stands.
    pub state: DeliveryState,
    /// How often it was tried.
    pub tries: u32,
    /// When it is tried next, if it is.
    pub next_at: Timestamp,
    /// In order; left out where they are not asked for.
    pub attempts: Vec<Attempt>,
}

pub(super) fn add(tx: &Transaction<'_>, new: &Announcement) -> rusqlite::Result<()> {
    let statement = "INSERT INTO deliveries (webhook, message, type, body, at, next_at) SELECT ?1, ?2, ?3, ?4, ?5, ?5
                     WHERE (SELECT count(*) FROM deliveries WHERE webhook = ?1 AND state = 'waiting') < ?6";
    let row = (new.webhook.0, &new.message, &new.kind, &new.body, new.at.0, MAX_WAITING);
    tx.prepare_cached(statement)?.execute(row)?;
    Ok(())
}

const COLUMNS: &str = "id, webhook, message, type, body, at, state, tries, next_at";

fn delivery(row: &rusqlite::Row<'_>) -> rusqlite::Result<Delivery> {
    Ok(Delivery {
        id: row.get(0)?,
        announcement: Announcement {
            webhook: WebhookId(row.get(1)?),
            message: row.get(2)?,
            kind: row.get(3)?,
            body: row.get(4)?,
            at: Timestamp(row.get(5)?),
        },
        state: DeliveryState::named(&row.get::<_, String>(6)?),
        tries: row.get(7)?,
        next_at: Timestamp(row.get(8)?),
        attempts: Vec::new(),
    })
}

#[allow(clippy::missing_errors_doc, reason = "said once, at the type")]
impl Notices {
    /// One more thing to tell, beside what the log tells.
    pub fn announce(&mut self, new: &Announcement) -> Result<()> {
        self.database.write(|tx| Ok(add(tx, new)?))
    }

    /// Of every webhook the delivery that has waited longest, if it is to be tried now.
    pub fn due_deliveries(&self, now: Timestamp) -> Result<Vec<Delivery>> {
        let query = format!(
            "SELECT {COLUMNS} FROM deliveries WHERE id IN (
             SELECT min(id) FROM deliveries WHERE state = 'waiting' AND next_at <= ?1 GROUP BY webhook)"
        );
        self.database.run(|c| c.prepare_cached(&query)?.query_map([now.0], delivery)?.collect())
    }

    /// Notes a try and what comes of it; since when every try at this webhook has failed.
    pub fn tried(&mut self, id: i64, attempt: &Attempt, outcome: Outcome) -> Result<Option<Timestamp>> {
        self.database.write(|tx| {
            let query = "SELECT webhook FROM deliveries WHERE id = ?1";
            let webhook: Option<u32> = tx.query_row(query, [id], |row| row.get(0)).optional()?;
            // The webhook may have been removed meanwhile.
            let Some(webhook) = webhook else { return Ok(None) };
            let (state, next_at) = match outcome {
                Outcome::Delivered => (DeliveryState::Delivered, None),
                Outcome::Retry(then) => (DeliveryState::Waiting, Some(then.0)),
                Outcome::GiveUp => (DeliveryState::Failed, None),
            };
            let statement = "UPDATE deliveries SET state = ?2, tries = tries + 1, next_at = coalesce(?3, next_at)
                             WHERE id = ?1";
            tx.execute(statement, (id, state.word(), next_at))?;
            let error = attempt.error.as_ref().map(|error| error.chars().take(MAX_ERROR).collect::<String>());
            let statement =
                "INSERT INTO attempts (delivery, at, duration_ms, status, error) VALUES (?1, ?2, ?3, ?4, ?5)";
            tx.execute(statement, (id, attempt.at.0, attempt.duration_ms, attempt.status, error))?;
            let statement = "DELETE FROM deliveries WHERE id IN (SELECT id FROM deliveries
                             WHERE webhook = ?1 AND state <> 'waiting' ORDER BY id DESC LIMIT -1 OFFSET ?2)";
            tx.execute(statement, (webhook, MAX_OVER))?;
            if outcome == Outcome::Delivered {
                tx.execute("DELETE FROM failing WHERE webhook = ?1", [webhook])?;
                return Ok(None);
            }
            let statement = "INSERT INTO failing (webhook, since) VALUES (?1, ?2)
                             ON CONFLICT (webhook) DO UPDATE SET since = since RETURNING since";
            let since = tx.query_row(statement, (webhook, attempt.at.0), |row| row.get(0))?;
            Ok(Some(Timestamp(since)))
        })
    }

    /// Since when every try at this webhook has failed.
    pub fn failing_since(&self, webhook: WebhookId) -> Result<Option<Timestamp>> {
        let query = "SELECT since FROM failing WHERE webhook = ?1";
        let since = self.database.run(|c| c.query_row(query, [webhook.0], |row| row.get(0)).optional())?;
        Ok(since.map(Timestamp))
    }

    /// What a webhook was told and is to be told, the latest first, with every try; only those before number `before`.
    pub fn deliveries(&self, webhook: WebhookId, before: Option<i64>, limit: usize) -> Result<Vec<Delivery>> {
        let query = format!(
            "SELECT {COLUMNS} FROM deliveries WHERE webhook = ?1 AND id < coalesce(?2, {}) ORDER BY id DESC LIMIT ?3",
            i64::MAX
        );
        let tries = "SELECT at, duration_ms, status, error FROM attempts WHERE delivery = ?1 ORDER BY id";
        self.database.run(|c| {
            let mut query = c.prepare_cached(&query)?;
            let found = query.query_map((webhook.0, before, rows(limit)), delivery)?;
            let mut found = found.collect::<rusqlite::Result<Vec<_>>>()?;
            let mut tries = c.prepare_cached(tries)?;
            for delivery in &mut found {
                let attempts = tries.query_map([delivery.id], |row| {
                    let (at, status) = (Timestamp(row.get(0)?), row.get(2)?);
                    Ok(Attempt { at, duration_ms: row.get(1)?, status, error: row.get(3)? })
                })?;
                delivery.attempts = attempts.collect::<rusqlite::Result<_>>()?;
            }
            Ok(found)
        })
    }

    /// Nothing more is to be told to a webhook: what waits is given up, and it no longer counts as failing.
    pub fn give_up(&mut self, webhook: WebhookId) -> Result<()> {
        self.database.write(|tx| {
            tx.execute("UPDATE deliveries SET state = 'failed' WHERE webhook = ?1 AND state = 'waiting'", [webhook.0])?;
            tx.execute("DELETE FROM failing WHERE webhook = ?1", [webhook.0])?;
            Ok(())
        })
    }

    /// Forgets a webhook's deliveries.
    pub fn forget_webhook(&mut self, webhook: WebhookId) -> Result<()> {
        self.database.write(|tx| {
            tx.execute("DELETE FROM deliveries WHERE webhook = ?1", [webhook.0])?;
            tx.execute("DELETE FROM failing WHERE webhook = ?1", [webhook.0])?;
            Ok(())
        })
    }
}
