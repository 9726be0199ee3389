//! Answers that are given again to whoever repeats a call under the same idempotency key. Some hold a secret that is shown once, so
//! all of them are sealed, each bound to whose it is, its route and its key.

use crate::{Result, StoreError, secrets::Secrets};
use adit_core::time::Timestamp;
use rusqlite::OptionalExtension;
use zeroize::Zeroizing;

/// Longest answer, bytes.
const MAX_ANSWER: usize = 2 << 20;

/// Which call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallId {
    /// Who called.
    pub whose: String,
    /// What.
    pub route: String,
    /// Under which idempotency key.
    pub key: String,
}

impl CallId {
    fn sealed_as(&self) -> String {
        // None of the parts but the last can hold a line break.
        format!("answer\n{}\n{}\n{}", self.whose, self.route, self.key)
    }
}

/// A call that was begun before.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Begun {
    /// A hash of what was sent, by which a repetition is known.
    pub content: [u8; 32],
    /// When.
    pub at: Timestamp,
    /// The request that came of it, if one did.
    pub request: Option<String>,
    /// The answer; nothing if the server went down before it had one.
    pub answer: Option<Zeroizing<Vec<u8>>>,
}

/// A call that is no longer young.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Old {
    /// Which.
    pub call: CallId,
    /// The request that came of it, if one did.
    pub request: Option<String>,
}

#[allow(clippy::missing_errors_doc, reason = "what the database says")]
impl Secrets {
    /// Notes that a call begins; what is known of it if it was begun before.
    pub fn begin_call(&mut self, call: &CallId, content: &[u8; 32], now: Timestamp) -> Result<Option<Begun>> {
        if call.whose.contains('\n') || call.route.contains('\n') {
            return Err(StoreError::Invalid { what: "a call", problem: "has a line break in it" });
        }
        if let Some(begun) = self.begun(call)? {
            return Ok(Some(begun));
        }
        let statement = "INSERT INTO answers (whose, route, key, content, begun_at) VALUES (?1, ?2, ?3, ?4, ?5)";
        let row = (&call.whose, &call.route, &call.key, &content[..], now.0);
        self.database.write(|tx| Ok(tx.execute(statement, row).map(|_| ())?))?;
        Ok(None)
    }

    fn begun(&self, call: &CallId) -> Result<Option<Begun>> {
        let query =
            "SELECT content, begun_at, request, sealed FROM answers WHERE whose = ?1 AND route = ?2 AND key = ?3";
        let row = |row: &rusqlite::Row<'_>| {
            Ok((row.get::<_, [u8; 32]>(0)?, row.get(1)?, row.get(2)?, row.get::<_, Option<Vec<u8>>>(3)?))
        };
        let found = (&call.whose, &call.route, &call.key);
        let found = self.database.run(|c| c.prepare_cached(query)?.query_row(found, row).optional())?;
        let Some((content, at, request, sealed)) = found else { return Ok(None) };
        let name = call.sealed_as();
        let open = |sealed: Vec<u8>| {
            self.key.open(&name, &sealed).ok_or_else(|| StoreError::Unsealable { name: "an answer".to_owned() })
        };
        Ok(Some(Begun { content, at: Timestamp(at), request, answer: sealed.map(open).transpose()? }))
    }

    /// Keeps what a call was answered with, and the request that came of it.
    pub fn keep_answer(&mut self, call: &CallId, request: Option<&str>, answer: &[u8]) -> Result<()> {
        if answer.len() > MAX_ANSWER {
            return Err(StoreError::Invalid { what: "an answer", problem: "is too long to be kept" });
        }
        let sealed = self.key.seal(&call.sealed_as(), answer)?;
        let statement = "UPDATE answers SET request = ?4, sealed = ?5 WHERE whose = ?1 AND route = ?2 AND key = ?3";
        let row = (&call.whose, &call.route, &call.key, request, sealed);
        self.database.write(|tx| Ok(tx.execute(statement, row).map(|_| ())?))
    }

    /// Forgets a call, so that its key is free.
    pub fn forget_call(&mut self, call: &CallId) -> Result<()> {
        let statement = "DELETE FROM answers WHERE whose = ?1 AND route = ?2 AND key = ?3";
        let row = (&call.whose, &call.route, &call.key);
        self.database.write(|tx| Ok(tx.execute(statement, row).map(|_| ())?))
    }

    /// How many calls of somebody are kept.
    pub fn calls_of(&self, whose: &str) -> Result<usize> {
        let query = "SELECT count(*) FROM answers WHERE whose = ?1";
        let count: i64 = self.database.run(|c| c.prepare_cached(query)?.query_row([whose], |row| row.get(0)))?;
        Ok(usize::try_from(count).unwrap_or_default())
    }

    /// Calls that were begun before then, the oldest first: at most so many.
    pub fn calls_before(&self, then: Timestamp, most: u32) -> Result<Vec<Old>> {
        let query = "SELECT whose, route, key, request FROM answers WHERE begun_at <= ?1 ORDER BY begun_at LIMIT ?2";
        self.database.run(|c| {
            let mut query = c.prepare_cached(query)?;
            let old = query.query_map((then.0, most), |row| {
                let call = CallId { whose: row.get(0)?, route: row.get(1)?, key: row.get(2)? };
                Ok(Old { call, request: row.get(3)? })
            })?;
            old.collect()
        })
    }
}
