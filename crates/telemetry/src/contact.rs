//! Whether a device can be reached: the first of the two levels of its status. Decided by the results of its polls and by
//! whether somebody polls it at all; pure, and told what time it is.
//!
//! Unknown is not unreachable. What nobody has looked at is *unknown* since the last thing known of it ends to count, with the
//! reason why nobody looks. Only polls that were made in time and not answered, [`MISSES`] in a row, make it *unreachable*.

use crate::{
    agent::RETURN_WITHIN,
    connectivity::{Connectivity, ConnectivityReason, Level},
};
use adit_core::{
    fleet::MissReason,
    time::{Millis, Timestamp},
};
use serde::{Deserialize, Serialize};

pub use adit_core::fleet::MISSES;

/// A device of which nothing was heard for this many intervals is unknown, ...
const LATE_INTERVALS: u64 = 3;
/// ... but not before this.
const LATE_AFTER: Millis = Millis::seconds(90);

/// Whether somebody polls a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum Polling {
    /// Its agent is there and polls it.
    Polled {
        /// How often, as the agent says.
        interval: Millis,
    },
    /// The server has just started and its agent may yet come back.
    Awaited {
        /// When what is known of it was saved.
        saved_at: Timestamp,
    },
    /// Its agent is paused.
    Paused,
    /// Nothing is heard of its agent.
    Gone,
    /// Nobody is to poll it.
    NotPolled,
}

impl Polling {
    /// Why nobody polls it, if nobody does.
    const fn blind(self) -> Option<ConnectivityReason> {
        match self {
            Self::Polled { .. } | Self::Awaited { .. } => None,
            Self::Paused => Some(ConnectivityReason::AgentPaused),
            Self::Gone => Some(ConnectivityReason::AgentGone),
            Self::NotPolled => Some(ConnectivityReason::NotPolled),
        }
    }
}

/// How a poll ended, as far as connectivity goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It answered.
    Answer,
    /// It answered and refuses our credentials.
    Refusal,
    /// It did not answer.
    Miss(MissReason),
    /// It was not asked, for an order is being carried out on it.
    Busy,
}

/// What the results of polls have come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
enum Known {
    /// There was no result.
    Nothing,
    /// There may have been results, before the server's start.
    Lost,
    Online,
    AuthRequired,
    Unreachable {
        reason: MissReason,
    },
}

/// Nobody looks, or nobody has looked since.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Blind {
    reason: ConnectivityReason,
    since: Timestamp,
}

/// What is known of how a device is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contact {
    known: Known,
    /// Of `known`.
    since: Timestamp,
    /// Set when nobody looks; it lasts until somebody has looked again and can say something.
    blind: Option<Blind>,
    /// In a row, made in time, while somebody polls.
    misses: u8,
    first_miss: Timestamp,
    /// The last poll that ended, whichever way.
    result_at: Option<Timestamp>,
    /// The last one that was left to an order which was being carried out.
    busy_at: Option<Timestamp>,
    /// The last one that it answered.
    answered_at: Option<Timestamp>,
    polling: Polling,
    polling_since: Timestamp,
    /// The last interval that was told.
    interval: Millis,
}

impl Contact {
    /// Of a device that was found at `found_at` and has not been polled yet.
    #[must_use]
    pub const fn new(found_at: Timestamp, polling: Polling) -> Self {
        let interval = match polling {
            Polling::Polled { interval } => interval,
            Polling::Awaited { .. } | Polling::Paused | Polling::Gone | Polling::NotPolled => Millis::seconds(30),
        };
        // At the start of a server nobody can say that a device has never been read.
        let known = match polling {
            Polling::Awaited { .. } => Known::Lost,
            Polling::Polled { .. } | Polling::Paused | Polling::Gone | Polling::NotPolled => Known::Nothing,
        };
        Self {
            known,
            since: found_at,
            blind: None,
            misses: 0,
            first_miss: found_at,
            result_at: None,
            busy_at: None,
            answered_at: None,
            polling,
            polling_since: found_at,
            interval,
        }
    }

    /// Whether any poll of it has ended.
    #[must_use]
    pub(crate) const fn has_result(&self) -> bool {
        self.result_at.is_some()
    }

    /// Whether somebody polls it.
    #[must_use]
    pub const fn polling(&self) -> Polling {
        self.polling
    }

    /// The last answer; `None` if there was none.
    #[must_use]
    pub const fn answered_at(&self) -> Option<Timestamp> {
        self.answered_at
    }

    /// What the results of polls had come to, whether or not somebody looks now; `None` before the first.
    #[must_use]
    pub(crate) const fn known_before(&self) -> Option<Connectivity> {
        match self.known {
            Known::Nothing | Known::Lost => None,
            Known::Online => Some(Connectivity::Online),
            Known::AuthRequired => Some(Connectivity::AuthRequired),
            Known::Unreachable { .. } => Some(Connectivity::Unreachable),
        }
    }

    /// Whether the server has been started since the last result.
    #[must_use]
    pub const fn is_restored(&self) -> bool {
        match self.polling {
            Polling::Awaited { .. } => self.has_result(),
            Polling::Polled { .. } | Polling::Paused | Polling::Gone | Polling::NotPolled => match self.result_at {
                Some(at) => at.0 < self.polling_since.0 && self.blind.is_none(),
                None => false,
            },
        }
    }

    /// The level, as of the last thing that was told: call [`pass`](Self::pass) first.
    #[must_use]
    pub fn level(&self) -> Level<Connectivity, ConnectivityReason> {
        let level = |value, reason, since| Level { value, reason, since };
        if self.known == Known::Nothing {
            return level(Connectivity::Unknown, Some(ConnectivityReason::NeverRead), self.since);
        }
        if let Some(blind) = self.blind {
            return level(Connectivity::Unknown, Some(self.polling.blind().unwrap_or(blind.reason)), blind.since);
        }
        match self.known {
            Known::Nothing => level(Connectivity::Unknown, Some(ConnectivityReason::NeverRead), self.since),
            Known::Lost => {
                let reason = self.polling.blind().unwrap_or(ConnectivityReason::NotRestored);
                level(Connectivity::Unknown, Some(reason), self.since)
            }
            Known::Online => level(Connectivity::Online, None, self.since),
            Known::AuthRequired => {
                level(Connectivity::AuthRequired, Some(ConnectivityReason::WrongPassword), self.since)
            }
            Known::Unreachable { reason } => level(Connectivity::Unreachable, Some(reason.into()), self.since),
        }
    }

    /// Whether what the device said at `told` counts as so at `at`: it is online, and not more than two polls were missed.
    #[must_use]
    pub fn is_current(&self, told: Timestamp, at: Timestamp) -> bool {
        self.level().value == Connectivity::Online && at < told.after(self.holds())
    }

    /// When the level, or whether what was said at `told` is current, changes by itself; the end of time if it does not.
    #[must_use]
    pub fn next_change(&self, told: Option<Timestamp>, at: Timestamp) -> Timestamp {
        let told_already = self.blind.map(|blind| blind.reason);
        let level = match self.polling {
            Polling::Polled { .. } => match told_already {
                Some(ConnectivityReason::AgentLate) => NEVER_ENDS,
                Some(ConnectivityReason::Busy) => self.busy_until().unwrap_or(NEVER_ENDS),
                Some(_) | None => self.late_from(),
            },
            Polling::Awaited { .. } if told_already != Some(ConnectivityReason::AgentGone) => {
                self.polling_since.after(RETURN_WITHIN)
            }
            Polling::Awaited { .. } => NEVER_ENDS,
            Polling::Paused | Polling::Gone | Polling::NotPolled => NEVER_ENDS,
        };
        let values = told.map(|told| told.after(self.holds())).filter(|end| at < *end);
        level.min(values.unwrap_or(NEVER_ENDS))
    }

    /// A poll ended.
    pub fn hear(&mut self, heard: Heard, at: Timestamp) {
        self.pass(at);
        // An agent that was taken for gone and brings results is there.
        if matches!(self.polling, Polling::Gone | Polling::Awaited { .. }) {
            (self.polling, self.polling_since) = (Polling::Polled { interval: self.interval }, at);
        }
        // A poll that was under way when its agent was paused says how the device was, and not how it is.
        let (blind, is_blind) = (self.blind, self.polling.blind().is_some());
        match heard {
            Heard::Answer => self.answer(Known::Online, at),
            Heard::Refusal => self.answer(Known::AuthRequired, at),
            Heard::Busy => return self.note_busy(at),
            Heard::Miss(_) if is_blind => return,
            Heard::Miss(reason) => self.miss(reason, at),
        }
        self.result_at = Some(at);
        if is_blind {
            self.blind = blind;
        }
    }

    fn note_busy(&mut self, at: Timestamp) {
        self.busy_at = Some(at);
        if let (Some(blind), Polling::Polled { .. }) = (&mut self.blind, self.polling) {
            blind.reason = ConnectivityReason::Busy;
        }
        self.pass(at);
    }

    fn answer(&mut self, known: Known, at: Timestamp) {
        self.answered_at = Some(at);
        (self.misses, self.blind) = (0, None);
        if self.known != known {
            (self.known, self.since) = (known, at);
        }
    }

    fn miss(&mut self, reason: MissReason, at: Timestamp) {
        if self.misses == 0 {
            self.first_miss = at;
        }
        self.misses = self.misses.saturating_add(1);
        if self.misses < MISSES {
            return;
        }
        self.blind = None;
        if !matches!(self.known, Known::Unreachable { .. }) {
            self.since = self.first_miss;
        }
        self.known = Known::Unreachable { reason };
    }

    /// From `at` on it is polled, or not.
    pub fn set_polling(&mut self, polling: Polling, at: Timestamp) {
        self.pass(at);
        if let Polling::Polled { interval } = polling {
            self.interval = interval;
        }
        let begins = !matches!((self.polling, polling), (Polling::Polled { .. }, Polling::Polled { .. }));
        if begins && self.polling != polling {
            self.polling_since = at;
        }
        if let Some(reason) = polling.blind() {
            let since = self.end_of_cover(at);
            self.go_blind(reason, since);
        }
        self.polling = polling;
    }

    /// Time has passed.
    pub fn pass(&mut self, at: Timestamp) {
        match self.polling {
            Polling::Polled { .. } if at >= self.late_from() => {
                let since = self.end_of_cover(at);
                let is_busy = self.busy_until().is_some_and(|until| at < until);
                let reason = if is_busy { ConnectivityReason::Busy } else { ConnectivityReason::AgentLate };
                self.go_blind(reason, since);
            }
            Polling::Awaited { saved_at } if at >= self.polling_since.after(RETURN_WITHIN) => {
                let since = self.end_of_cover(saved_at);
                self.go_blind(ConnectivityReason::AgentGone, since);
            }
            Polling::Polled { .. } | Polling::Awaited { .. } | Polling::Paused | Polling::Gone | Polling::NotPolled => {
            }
        }
    }

    /// What was restored from a file saved at `saved_at`, at the start of a server.
    #[must_use]
    pub fn restored(mut self, saved_at: Timestamp, at: Timestamp) -> Self {
        (self.polling, self.polling_since, self.misses) = (Polling::Awaited { saved_at }, at, 0);
        self
    }

    fn go_blind(&mut self, reason: ConnectivityReason, since: Timestamp) {
        // What was missed before is not in a row with what is missed once somebody looks again.
        self.misses = 0;
        let since = self.blind.map_or(since, |blind| blind.since);
        self.blind = Some(Blind { reason, since });
    }

    /// When what the last result said ceases to count, at `at` at the latest.
    fn end_of_cover(&self, at: Timestamp) -> Timestamp {
        match (self.known, self.result_at) {
            (Known::Online | Known::AuthRequired | Known::Unreachable { .. }, Some(last)) => {
                last.after(self.holds()).min(at).max(last)
            }
            (Known::Nothing | Known::Lost, _) | (_, None) => self.since,
        }
    }

    /// How long a result counts: two and a half intervals.
    const fn holds(&self) -> Millis {
        Millis(self.interval.0 * 5 / 2)
    }

    /// Until when the last poll that was left to an order explains that there is no result.
    fn busy_until(&self) -> Option<Timestamp> {
        self.busy_at.map(|at| at.after(self.late_after()))
    }

    fn late_after(&self) -> Millis {
        Millis((self.interval.0 * LATE_INTERVALS).max(LATE_AFTER.0))
    }

    /// Its agent has had its time from the last result on, or from when it began to poll.
    fn late_from(&self) -> Timestamp {
        let from = self.result_at.map_or(self.polling_since, |at| at.max(self.polling_since));
        from.after(self.late_after())
    }
}

/// Later than everything.
pub(crate) const NEVER_ENDS: Timestamp = Timestamp(i64::MAX);
