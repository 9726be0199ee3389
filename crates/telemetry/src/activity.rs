//! What a device that can be reached is doing: the second of the two levels of its status. What it does goes before what it
//! says, and what was asked of it explains both.

use crate::orders::Orders;
use adit_core::{
    fleet::{Activity, PowerMode},
    time::{Millis, Timestamp},
};
use serde::{Deserialize, Serialize};

/// How long a miner may take from its start, or from a change of what it does, until it is judged by its hashrate.
pub const RAMP: Millis = Millis::minutes(10);
/// The share of the expected hashrate below which a miner is degraded.
pub const DEGRADED_BELOW: f32 = 0.85;
/// A miner that mines is without a pool once it has been so for this long.
const POOL_AWAY: Millis = Millis::minutes(2);
/// A word and a deed that contradict each other are believed after this many readings in a row.
const CONTRADICTIONS: u8 = 2;
/// What a miner that rests still draws on its way down is no contradiction for so long.
const RUNS_DOWN: Millis = Millis::minutes(2);

/// Why a device does what it does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ActivityReason {
    /// Rebooting: it has been asked to, or to do something that restarts it.
    Request,
    /// Rebooting: nobody here asked for it.
    Unexplained,
    /// Mining, although it says that it is paused or asleep.
    SaysPaused,
    /// Paused or stopped: somebody asked for it here, also by an order that is under way.
    User,
    /// Paused or stopped, and nobody asked for it here.
    Unasked,
    /// Paused or stopped by its own word, and it draws power as if it worked.
    DrawsPower,
    /// Failed: it has not come up within ten minutes of its start.
    Boot,
    /// Failed: it does not hash and says that something is wrong.
    Fault,
    /// No pool: none of its pools answers.
    Dead,
    /// No pool: none is set.
    NoneSet,
}

/// What a reading tells, as far as it decides what the device does.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    /// In its own word.
    pub activity: Option<Activity>,
    pub power_mode: Option<PowerMode>,
    /// TH/s; NaN if not known.
    pub hashrate_ths: f32,
    /// What it should do in its mode, TH/s; NaN if not known.
    pub expected_ths: f32,
    pub power_w: Option<u32>,
    /// The least that it draws in a mode in which it works, W.
    pub at_work_w: Option<u32>,
    /// Whether it says that something is wrong.
    pub faults: bool,
    /// It says that it has no pool set.
    pub none_set: bool,
    pub uptime_s: Option<u64>,
}

impl Told {
    fn hashes(&self) -> bool {
        self.hashrate_ths > 0.0
    }

    /// Whether it does what is asked of it; where that is not known, whether it does anything.
    fn is_up(&self) -> bool {
        if self.expected_ths.is_nan() {
            self.hashes()
        } else {
            self.hashes() && self.hashrate_ths >= DEGRADED_BELOW * self.expected_ths
        }
    }

    fn says_rest(&self) -> bool {
        self.power_mode == Some(PowerMode::Sleep) || matches!(self.activity, Some(Activity::Paused | Activity::Stopped))
    }

    /// It says that it rests, and draws more than half of what it would at work.
    pub fn draws_on(&self) -> bool {
        let draws = matches!((self.power_w, self.at_work_w), (Some(watts), Some(at_work)) if watts > at_work / 2);
        self.says_rest() && draws
    }

    /// It says that it rests, and hashes. The twentieth of its rating that is left of an average counts as nothing.
    fn hashes_on(&self) -> bool {
        let says_work = self.activity == Some(Activity::Mining) && self.hashes();
        let works = says_work || !self.expected_ths.is_nan() && self.hashrate_ths > 0.05 * self.expected_ths;
        self.says_rest() && works
    }
}

/// What a reading follows on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It is the device's first.
    First,
    /// The device could not be reached before.
    Again,
    /// Another reading, however long ago.
    Still,
}

/// A start that was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Boot {
    at: Timestamp,
    asked: bool,
}

impl Boot {
    const fn reason(&self) -> ActivityReason {
        if self.asked { ActivityReason::Request } else { ActivityReason::Unexplained }
    }
}

/// What earlier readings have come to, as far as it decides what the device does now.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub(crate) struct History {
    /// Until when it may still be on its way up.
    ramps_until: Option<Timestamp>,
    boot: Option<Boot>,
    no_pool_since: Option<Timestamp>,
    contradictions: u8,
    draws_on_since: Option<Timestamp>,
    /// In its own word, and in which mode, when it last said so.
    told: Option<Activity>,
    power_mode: Option<PowerMode>,
    uptime_s: Option<u64>,
}

impl History {
    /// Of a device that has not said anything.
    pub const NONE: Self = Self {
        ramps_until: None,
        boot: None,
        no_pool_since: None,
        contradictions: 0,
        draws_on_since: None,
        told: None,
        power_mode: None,
        uptime_s: None,
    };

    /// Whether it may still be on its way up.
    pub fn ramps(&self, at: Timestamp) -> bool {
        self.ramps_until.is_some_and(|until| at < until)
    }

    /// What it does, by what it says now. `before` is what it did; none if it could not be reached in between.
    pub fn judge(
        &mut self,
        told: &Told,
        orders: &Orders,
        before: Option<Activity>,
        seen: Seen,
        at: Timestamp,
    ) -> (Option<Activity>, Option<ActivityReason>) {
        self.note_start(told, orders, seen, at);
        self.contradictions = if told.hashes_on() { self.contradictions.saturating_add(1) } else { 0 };
        self.draws_on_since = told.draws_on().then(|| self.draws_on_since.unwrap_or(at));
        let without_pool = told.none_set || told.activity == Some(Activity::NoPool);
        self.no_pool_since = without_pool.then(|| self.no_pool_since.unwrap_or(at));
        (self.told, self.power_mode) = (told.activity, told.power_mode.or(self.power_mode));
        self.uptime_s = told.uptime_s.or(self.uptime_s);
        self.value(told, orders, before, at)
    }

    /// Why it does what it was judged to do, now that more is known of what it has been asked for.
    pub fn explain(&mut self, orders: &Orders, reason: Option<ActivityReason>) -> Option<ActivityReason> {
        use ActivityReason as R;
        match reason {
            Some(R::User | R::Unasked) => Some(orders.rest_reason()),
            Some(R::Request | R::Unexplained) => {
                let boot = self.boot.as_mut()?;
                boot.asked = boot.asked || orders.explains_start(boot.at);
                Some(boot.reason())
            }
            Some(R::SaysPaused | R::DrawsPower | R::Boot | R::Fault | R::Dead | R::NoneSet) | None => reason,
        }
    }

    fn value(
        &self,
        told: &Told,
        orders: &Orders,
        before: Option<Activity>,
        at: Timestamp,
    ) -> (Option<Activity>, Option<ActivityReason>) {
        use Activity as A;
        use ActivityReason as R;
        if let Some(boot) = self.boot {
            let in_time = at < boot.at.after(RAMP);
            return if in_time { (Some(A::Rebooting), Some(boot.reason())) } else { (Some(A::Failed), Some(R::Boot)) };
        }
        if self.contradictions >= CONTRADICTIONS {
            return (Some(A::Mining), Some(R::SaysPaused));
        }
        if self.draws_on_since.is_some_and(|since| at >= since.after(RUNS_DOWN)) {
            let says = if told.activity == Some(A::Stopped) { A::Stopped } else { A::Paused };
            return (Some(says), Some(R::DrawsPower));
        }
        match told.activity {
            Some(A::Paused) => return (Some(A::Paused), Some(orders.rest_reason())),
            Some(A::Stopped) => return (Some(A::Stopped), Some(orders.rest_reason())),
            _ if told.power_mode == Some(PowerMode::Sleep) => return (Some(A::Paused), Some(orders.rest_reason())),
            Some(A::Failed) => return (Some(A::Failed), None),
            Some(A::Mining | A::Starting | A::Rebooting | A::NoPool) | None => {}
        }
        let ramps = self.ramps(at);
        if told.hashrate_ths == 0.0 && told.faults && !ramps {
            return (Some(A::Failed), Some(R::Fault));
        }
        if matches!(told.activity, Some(A::Starting | A::Rebooting)) && !ramps {
            return (Some(A::Failed), Some(R::Boot));
        }
        if ramps && !told.is_up() {
            return (Some(A::Starting), None);
        }
        let worked = matches!(before, Some(A::Mining | A::Starting));
        if self.no_pool_since.is_some_and(|since| !worked || at >= since.after(POOL_AWAY)) {
            return (Some(A::NoPool), Some(if told.none_set { R::NoneSet } else { R::Dead }));
        }
        let mines = told.hashes() || told.activity.is_some();
        (mines.then_some(A::Mining), None)
    }

    /// Notes that it starts, or that it is up again. Its time begins when it starts, comes back, begins to mine, or changes its
    /// mode; going from starting to rebooting and back gives it no more.
    fn note_start(&mut self, told: &Told, orders: &Orders, seen: Seen, at: Timestamp) {
        use Activity::{Mining, Rebooting, Starting};
        let begins = match (self.told, told.activity) {
            (_, Some(Mining | Starting | Rebooting)) if seen == Seen::Again => true,
            (Some(Starting | Rebooting), Some(Starting | Rebooting)) => false,
            (Some(before), Some(now @ (Mining | Starting | Rebooting))) => before != now,
            (None, Some(Starting | Rebooting)) => seen == Seen::First,
            (None, Some(Mining)) | (_, None | Some(Activity::Paused | Activity::Stopped)) => false,
            (_, Some(Activity::Failed | Activity::NoPool)) => false,
        };
        let mode_changed = self.power_mode.is_some() && told.power_mode.is_some() && self.power_mode != told.power_mode;
        if begins || mode_changed {
            self.ramps_until = Some(at.after(RAMP));
        }
        if let Some(left) = told.uptime_s.and_then(|uptime| RAMP.0.checked_sub(uptime.saturating_mul(1_000))) {
            self.ramps_until = self.ramps_until.max(Some(at.after(Millis(left))));
        }
        let uptime_fell = matches!((self.uptime_s, told.uptime_s), (Some(before), Some(now)) if now < before);
        let says_so = told.activity == Some(Rebooting) && self.told != Some(Rebooting);
        if self.boot.is_none() && (uptime_fell || says_so) {
            self.boot = Some(Boot { at, asked: orders.explains_start(at) });
        }
        let is_down = match told.activity {
            Some(Rebooting) => true,
            Some(Mining) => told.hashrate_ths == 0.0 && told.power_mode != Some(PowerMode::Sleep),
            Some(Starting) | None => !told.hashes() && told.power_mode != Some(PowerMode::Sleep),
            Some(Activity::Paused | Activity::Stopped | Activity::NoPool | Activity::Failed) => false,
        };
        if !is_down {
            self.boot = None;
        }
    }
}
