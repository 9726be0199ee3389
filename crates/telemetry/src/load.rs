//! Whether an agent keeps up with its polls, by what it tells of them.

use adit_core::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// An agent is overloaded if it does less than this share, in percent, of the polls that are due, ...
const SHARE_PERCENT: u64 = 90;
/// ... over this long.
const OVER: Millis = Millis::minutes(5);
/// Between two samples that are kept.
const SAMPLE_EVERY: Millis = Millis::seconds(10);
/// An agent is late if its oldest due poll is older than this many intervals.
const LATE_INTERVALS: u64 = 2;
/// Nothing is heard of an agent that has sent no frame for so long.
const GONE_AFTER: Millis = Millis::seconds(12);

/// What an agent tells of its polls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Age of the oldest poll that is due and has not begun.
    pub lag: Millis,
    /// Polls that have become due since the agent started.
    pub due: u64,
    /// Polls that have been made since then, whatever came of them.
    pub done: u64,
    /// Between two polls of a device, as the agent does it now.
    pub interval: Millis,
}

/// How an agent does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentCondition {
    /// Nothing is heard of it.
    Gone,
    /// Somebody has paused it.
    Paused,
    /// It does less than nine of ten due polls.
    Overloaded,
    /// Its oldest due poll is more than two intervals old.
    Late,
    /// It keeps up.
    Well,
}

impl AgentCondition {
    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Gone => "gone",
            Self::Paused => "paused",
            Self::Overloaded => "overloaded",
            Self::Late => "late",
            Self::Well => "well",
        }
    }
}

/// What one agent has told of its load in the last minutes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct LoadHistory {
    samples: VecDeque<(Timestamp, u64, u64)>,
    last: Option<Load>,
}

impl LoadHistory {
    /// What was told last.
    #[must_use]
    pub const fn last(&self) -> Option<Load> {
        self.last
    }

    /// It tells its load, received at `at`.
    pub fn take(&mut self, load: Load, at: Timestamp) {
        // It has been started anew and counts from the beginning.
        if self.last.is_some_and(|last| load.due < last.due || load.done < last.done) {
            self.samples.clear();
        }
        self.last = Some(load);
        if self.samples.back().is_none_or(|(last, ..)| last.after(SAMPLE_EVERY) <= at) {
            self.samples.push_back((at, load.due, load.done));
        }
        // The first one that is kept is the last that is old enough.
        while self.samples.get(1).is_some_and(|(second, ..)| second.after(OVER) <= at) {
            self.samples.pop_front();
        }
    }

    /// Leaves out what was told later than `at`, as a clock that has been set back since had it.
    pub(crate) fn forget_after(&mut self, at: Timestamp) {
        self.samples.retain(|(told, ..)| *told <= at);
    }

    /// Whether it keeps up, by what it has told; `heard_at` is the last frame of a connection that lasts.
    #[must_use]
    pub fn condition(&self, paused: bool, heard_at: Option<Timestamp>, now: Timestamp) -> AgentCondition {
        if heard_at.is_none_or(|heard| heard.after(GONE_AFTER) <= now) {
            return AgentCondition::Gone;
        }
        if paused {
            return AgentCondition::Paused;
        }
        let Some(load) = self.last else { return AgentCondition::Well };
        if self.is_overloaded(&load, now) {
            return AgentCondition::Overloaded;
        }
        if load.lag.0 > LATE_INTERVALS * load.interval.0 { AgentCondition::Late } else { AgentCondition::Well }
    }

    fn is_overloaded(&self, load: &Load, now: Timestamp) -> bool {
        let Some((from, due, done)) = self.samples.front().copied() else { return false };
        let (due, done) = (load.due - due.min(load.due), load.done - done.min(load.done));
        from.after(OVER) <= now && done * 100 < due * SHARE_PERCENT
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: u64 = 1_000;

    fn at(second: i64) -> Timestamp {
        Timestamp(second * 1_000)
    }

    fn load(lag_s: u64, due: u64, done: u64) -> Load {
        Load { lag: Millis(lag_s * SECOND), due, done, interval: Millis(30 * SECOND) }
    }

    /// The condition after so many seconds of `done` polls of 100 that become due every ten seconds.
    fn after(seconds: i64, done: u64) -> AgentCondition {
        let mut history = LoadHistory::default();
        for ten in 0..=seconds / 10 {
            let n = ten.unsigned_abs();
            history.take(load(0, n * 100, n * done), at(ten * 10));
        }
        history.condition(false, Some(at(seconds)), at(seconds))
    }

    #[test]
    fn an_agent_that_does_less_than_nine_of_ten_polls_for_five_minutes_is_overloaded() {
        assert_eq!(after(300, 60), AgentCondition::Overloaded);
        assert_eq!(after(290, 60), AgentCondition::Well, "not long enough");
        assert_eq!(after(3_600, 89), AgentCondition::Overloaded);
        assert_eq!(after(3_600, 90), AgentCondition::Well);
    }

    #[test]
    fn what_was_long_ago_does_not_count() {
        let mut history = LoadHistory::default();
        let (mut due, mut done) = (0, 0);
        for ten in 0..90 {
            due += 100;
            done += if ten < 45 { 50 } else { 100 };
            history.take(load(0, due, done), at(ten * 10));
        }
        assert_eq!(history.condition(false, Some(at(890)), at(890)), AgentCondition::Well);
        assert!(history.samples.len() <= 32, "{}", history.samples.len());
    }

    #[test]
    fn an_agent_is_late_beyond_two_intervals_and_gone_after_twelve_seconds_of_silence() {
        let mut history = LoadHistory::default();
        history.take(load(60, 100, 99), at(0));
        assert_eq!(history.condition(false, Some(at(0)), at(0)), AgentCondition::Well);
        history.take(load(61, 100, 99), at(0));
        assert_eq!(history.condition(false, Some(at(0)), at(11)), AgentCondition::Late);
        assert_eq!(history.condition(true, Some(at(0)), at(11)), AgentCondition::Paused);
        assert_eq!(history.condition(true, Some(at(0)), at(12)), AgentCondition::Gone);
        assert_eq!(history.condition(false, None, at(0)), AgentCondition::Gone);
    }

    #[test]
    fn an_agent_that_was_started_anew_counts_anew() {
        let mut history = LoadHistory::default();
        history.take(load(0, 1_000, 0), at(0));
        history.take(load(0, 2_000, 0), at(290));
        history.take(load(0, 10, 10), at(300));
        assert_eq!(history.condition(false, Some(at(300)), at(300)), AgentCondition::Well);
    }
}
