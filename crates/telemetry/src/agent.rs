//! What is known of one agent: when it was heard of, how it keeps up, and since when it does as it does. All of it outlives a
//! start of the server, so that an agent that was gone before is told as gone, since then, from the first answer on.

use crate::load::{AgentCondition, Load, LoadHistory};
use adit_core::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};

/// After a start of the server agents have this long to come back.
pub const RETURN_WITHIN: Millis = Millis::seconds(60);

/// How an agent does, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Health {
    /// How it does.
    pub condition: AgentCondition,
    /// Since when: of one that is gone, its last frame; else when the condition was first seen.
    pub since: Timestamp,
}

/// What is known of one agent.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct AgentRecord {
    load: LoadHistory,
    /// The last frame of it.
    heard_at: Option<Timestamp>,
    /// As judged last; `None` if it never was.
    health: Option<Health>,
    /// It has been heard of since the server's start.
    #[serde(skip)]
    is_back: bool,
}

impl AgentRecord {
    /// A frame of it has come.
    pub fn heard(&mut self, at: Timestamp) {
        (self.heard_at, self.is_back) = (Some(at), true);
    }

    /// It tells how it keeps up, received at `at`.
    pub fn take(&mut self, load: Load, at: Timestamp) {
        self.load.take(load, at);
    }

    /// What it told last of its polls.
    #[must_use]
    pub const fn load(&self) -> Option<Load> {
        self.load.last()
    }

    /// The last frame of it.
    #[must_use]
    pub const fn heard_at(&self) -> Option<Timestamp> {
        self.heard_at
    }

    /// Whether it has been heard of since the server's start.
    #[must_use]
    pub const fn is_back(&self) -> bool {
        self.is_back
    }

    /// What was saved, at a start of the server at `at`. A clock that was set back must not make anything last for ever.
    #[must_use]
    pub fn restored(mut self, at: Timestamp) -> Self {
        self.heard_at = self.heard_at.map(|heard| heard.min(at));
        self.health = self.health.map(|health| Health { since: health.since.min(at), ..health });
        self.load.forget_after(at);
        self.is_back = false;
        self
    }

    /// How it does, of a server that was started at `started_at`; `paused` is what people have set. `None` while it is waited for
    /// after the start: it kept up before, or nothing is known of it.
    pub fn judge(&mut self, paused: bool, started_at: Timestamp, now: Timestamp) -> Option<Health> {
        let is_awaited = !self.is_back && now < started_at.after(RETURN_WITHIN);
        let condition =
            if is_awaited { self.condition_before(paused)? } else { self.load.condition(paused, self.heard_at, now) };
        let is_same = |health: &Health| health.condition == condition;
        let health = self.health.filter(is_same).unwrap_or_else(|| Health {
            condition,
            since: if condition == AgentCondition::Gone { self.heard_at.unwrap_or(now) } else { now },
        });
        self.health = Some(health);
        self.health
    }

    /// What was wrong with it before the server's start still is until it is heard of; whether it is paused is known without it.
    fn condition_before(&self, paused: bool) -> Option<AgentCondition> {
        match self.health?.condition {
            AgentCondition::Gone => Some(AgentCondition::Gone),
            wrong @ (AgentCondition::Overloaded | AgentCondition::Late) if !paused => Some(wrong),
            AgentCondition::Paused | AgentCondition::Well if !paused => None,
            AgentCondition::Overloaded | AgentCondition::Late | AgentCondition::Paused | AgentCondition::Well => {
                Some(AgentCondition::Paused)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use AgentCondition as C;
    use proptest::prelude::*;

    fn at(second: i64) -> Timestamp {
        Timestamp(second * 1_000)
    }

    fn told(record: &mut AgentRecord, paused: bool, started: i64, now: i64) -> Option<(C, i64)> {
        record.judge(paused, at(started), at(now)).map(|health| (health.condition, health.since.0 / 1_000))
    }

    /// Of a server that was started at 0, heard of every second until `silent_from`, looked at every second until `until`.
    fn record(silent_from: i64, until: i64, lag_s: u64) -> AgentRecord {
        let mut record = AgentRecord::default();
        let load = Load { lag: Millis::seconds(lag_s), due: 100, done: 100, interval: Millis::seconds(30) };
        for second in 0..until {
            if second < silent_from {
                record.heard(at(second));
                record.take(load, at(second));
            }
            record.judge(false, at(0), at(second));
        }
        record
    }

    #[test]
    fn an_agent_that_was_gone_before_a_start_is_gone_since_then_and_one_that_was_well_is_waited_for() {
        let mut gone = record(100, 200, 0).restored(at(300));
        assert_eq!(told(&mut gone, false, 300, 300), Some((C::Gone, 99)));
        assert_eq!(told(&mut gone, true, 300, 500), Some((C::Gone, 99)));
        gone.heard(at(500));
        assert_eq!(told(&mut gone, false, 300, 500), Some((C::Well, 500)));

        let mut well = record(200, 200, 0).restored(at(300));
        assert_eq!(told(&mut well, false, 300, 359), None);
        assert_eq!(told(&mut well, false, 300, 360), Some((C::Gone, 199)));

        let mut back = record(200, 200, 0).restored(at(300));
        back.heard(at(310));
        assert_eq!(told(&mut back, false, 300, 310), Some((C::Well, 0)), "the start of the server is nothing it did");
        assert_eq!(told(&mut AgentRecord::default(), false, 300, 359), None, "nothing is known of it");
    }

    #[test]
    fn what_was_wrong_with_an_agent_is_told_until_it_is_heard_of() {
        let mut late = record(200, 200, 61).restored(at(300));
        assert_eq!(told(&mut late, false, 300, 301), Some((C::Late, 0)));
        late.heard(at(302));
        assert_eq!(told(&mut late, false, 300, 302), Some((C::Late, 0)), "until it tells otherwise");

        let mut paused = record(200, 200, 0);
        assert_eq!(told(&mut paused, true, 0, 200), Some((C::Paused, 200)));
        let mut paused = paused.restored(at(300));
        assert_eq!(told(&mut paused, true, 300, 301), Some((C::Paused, 200)));
        assert_eq!(told(&mut paused, false, 300, 302), None, "nobody holds it any more");
    }

    #[test]
    fn a_clock_that_was_set_back_makes_no_agent_well() {
        let mut ahead = record(5_000, 5_000, 0).restored(at(300));
        assert_eq!(told(&mut ahead, false, 300, 360), Some((C::Gone, 300)));
    }

    proptest! {
        /// However often a server is started anew, and whenever: what it tells of an agent that is gone does not change.
        #[test]
        fn starts_change_nothing_of_an_agent_that_is_gone(starts in prop::collection::vec((0_i64..100, 0_i64..100), 1..8)) {
            let mut record = record(100, 200, 0);
            let mut now = 200;
            for (down, up) in starts {
                now += down;
                let saved = serde_json::to_string(&record).unwrap();
                record = serde_json::from_str::<AgentRecord>(&saved).unwrap().restored(at(now));
                for second in now..=now + up {
                    prop_assert_eq!(told(&mut record, false, now, second), Some((C::Gone, 99)));
                }
                now += up;
            }
        }
    }
}
