//! When and from where API keys were last used. Kept here, where it can be forgotten, and not in the log.

use super::{People, check};
use crate::Result;
use adit_core::{ids::KeyId, time::Timestamp};
use rusqlite::OptionalExtension;

/// What is known of a key's calls.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct KeyUse {
    /// How many.
    pub calls: u64,
    /// When the last one was.
    pub last_at: Timestamp,
    /// From where.
    pub address: String,
    /// By what, in its own words.
    pub agent: String,
}

#[allow(clippy::missing_errors_doc, reason = "said once, at the type")]
impl People {
    /// What was noted of a key's calls; nothing if there were none.
    pub fn key_use(&self, key: KeyId) -> Result<Option<KeyUse>> {
        let query = "SELECT calls, last_at, address, agent FROM key_uses WHERE key = ?1";
        let row = |row: &rusqlite::Row<'_>| {
            let calls = u64::try_from(row.get::<_, i64>(0)?).unwrap_or_default();
            Ok(KeyUse { calls, last_at: Timestamp(row.get(1)?), address: row.get(2)?, agent: row.get(3)? })
        };
        self.database.run(|c| c.prepare_cached(query)?.query_row([key.0], row).optional())
    }

    /// Notes it, in place of what was noted before.
    pub fn set_key_use(&mut self, key: KeyId, of: &KeyUse) -> Result<()> {
        check("an address", &of.address, 1, 64)?;
        check("an agent", &of.agent, 0, 1_000)?;
        let statement =
            "INSERT OR REPLACE INTO key_uses (key, calls, last_at, address, agent) VALUES (?1, ?2, ?3, ?4, ?5)";
        let calls = i64::try_from(of.calls).unwrap_or(i64::MAX);
        let row = (key.0, calls, of.last_at.0, &of.address, &of.agent);
        self.database.write(|tx| Ok(tx.execute(statement, row).map(|_| ())?))
    }
}
