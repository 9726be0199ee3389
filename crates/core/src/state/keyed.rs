//! Which requests were made under which idempotency key, and until when that counts.

use super::{Keyed, State};
use crate::time::{Millis, Timestamp};
use std::{ops::Bound, sync::Arc};

/// How long a key counts after everything that was made under it has ended.
const KEPT: Millis = Millis::hours(24);
/// How many others are looked at whenever one comes.
const LOOKED_AT: usize = 2;

impl State {
    /// What was made under a key, while that counts.
    pub(crate) fn made_under(&self, key: &str, now: Timestamp) -> Option<&Keyed> {
        self.idempotency.get(key).map(AsRef::as_ref).filter(|keyed| !self.is_free(keyed, now))
    }

    fn is_free(&self, keyed: &Keyed, now: Timestamp) -> bool {
        let is_over = |end: Timestamp| now >= end.after(KEPT);
        let mut made = keyed.requests.iter().filter_map(|id| self.request(*id));
        made.all(|request| request.ended_at.is_some_and(is_over))
    }

    /// Keeps what was made under a key, and forgets others that are free again. They are looked at in turn, so that those that are
    /// free never are many more than those that count.
    pub(super) fn remember(&mut self, key: String, keyed: Keyed, now: Timestamp) {
        let from = Bound::Excluded(Arc::clone(&self.idempotency_seen));
        let next = self.idempotency.range::<_, Arc<str>>((from, Bound::Unbounded)).take(LOOKED_AT);
        let next: Vec<_> = next.map(|(key, keyed)| (Arc::clone(key), self.is_free(keyed, now))).collect();
        let last = next.last().filter(|_| next.len() == LOOKED_AT);
        self.idempotency_seen = last.map(|(key, _)| Arc::clone(key)).unwrap_or_default();
        for (free, _) in next.iter().filter(|(_, is_free)| *is_free) {
            self.idempotency.remove(free);
        }
        self.idempotency.insert(key.into(), keyed.into());
    }
}
