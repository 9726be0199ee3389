//! Everything that is kept of one device, and how a result of a poll changes it.

use crate::{
    activity::{ActivityReason, History, Seen, Told},
    connectivity::{Connectivity, Level},
    contact::{Contact, Heard, Polling},
    facts::Facts,
    orders::{OrderStep, Orders},
};
use adit_core::{
    fleet::{Activity, MissReason, Operation, Pool, PowerMode, Reading, UNREAD, is_fault},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

const MAX_POOLS: usize = 3;
const MAX_POOL_TEXT: usize = 255;
const MAX_ERRORS: usize = 16;
const MAX_ERROR_CHARS: usize = 120;
/// Power modes.
const MODES: usize = 4;

/// What a device said when it last answered. Numbers that make no sense (negative, infinite) count as not said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Last {
    /// When it was received, by the server's clock.
    pub as_of: Timestamp,
    /// What it says it is doing.
    pub told: Option<Activity>,
    /// TH/s.
    pub hashrate_ths: Option<f32>,
    /// W.
    pub power_w: Option<u32>,
    /// Hottest chip, °C.
    pub temp_chip_max_c: Option<f32>,
    /// Inlet, °C.
    pub temp_inlet_c: Option<f32>,
    /// Revolutions a minute.
    pub fan_rpm: Option<u32>,
    /// Seconds since the miner started, as of `as_of`.
    pub uptime_s: Option<u64>,
    /// Mode it says it is in.
    pub power_mode: Option<PowerMode>,
    /// Locate LED.
    pub led_on: Option<bool>,
    /// Pools it says it has, at most 3.
    pub pools: Option<Box<[Pool]>>,
    /// What it says is wrong, at most 16 texts of 120 characters.
    pub errors: Box<[String]>,
}

/// What is kept of a device besides the configuration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Kept {
    pub contact: Contact,
    pub last: Option<Last>,
    /// As of the last answer.
    pub activity: Level<Option<Activity>, ActivityReason>,
    history: History,
    orders: Orders,
    /// What it drew when it was last settled in each power mode, W.
    drew: [Option<u32>; MODES],
    /// The last mode that it worked in.
    pub worked_in: Option<PowerMode>,
    /// It has told what it draws.
    tells_power: bool,
}

impl Kept {
    pub const fn new(found_at: Timestamp, polling: Polling) -> Self {
        Self {
            contact: Contact::new(found_at, polling),
            last: None,
            activity: Level { value: None, reason: None, since: found_at },
            history: History::NONE,
            orders: Orders::NONE,
            drew: [None; MODES],
            worked_in: None,
            tells_power: false,
        }
    }

    pub fn drew(&self, mode: PowerMode) -> Option<u32> {
        self.drew[mode as usize]
    }

    /// An order came so far; whether that explains otherwise what the device does.
    pub fn note_order(&mut self, operation: &Operation, step: OrderStep, at: Timestamp) -> bool {
        self.orders.note(operation, step, at);
        let reason = self.history.explain(&self.orders, self.activity.reason);
        std::mem::replace(&mut self.activity.reason, reason) != reason
    }

    /// Whether it says that something is wrong.
    pub fn faults(&self) -> bool {
        self.last.as_ref().is_some_and(|last| last.errors.iter().any(|error| is_fault(error)))
    }

    pub fn refuses(&mut self, at: Timestamp) {
        self.contact.hear(Heard::Refusal, at);
    }

    pub fn is_busy(&mut self, at: Timestamp) {
        self.contact.hear(Heard::Busy, at);
    }

    pub fn misses(&mut self, reason: MissReason, at: Timestamp) {
        self.contact.hear(Heard::Miss(reason), at);
    }

    /// It answered.
    pub fn answers(&mut self, facts: &Facts, reading: &Reading, at: Timestamp) {
        let seen = match self.contact.known_before() {
            None => Seen::First,
            Some(Connectivity::Unreachable) => Seen::Again,
            Some(Connectivity::Online | Connectivity::AuthRequired | Connectivity::Unknown) => Seen::Still,
        };
        self.contact.hear(Heard::Answer, at);
        let last = self.taken(facts, reading, at);
        let told = Told {
            activity: last.told,
            power_mode: last.power_mode,
            hashrate_ths: last.hashrate_ths.unwrap_or(f32::NAN),
            expected_ths: facts.expected_in(last.power_mode),
            power_w: last.power_w,
            at_work_w: self.at_work_w(facts),
            faults: last.errors.iter().any(|error| is_fault(error)),
            none_set: last.pools.as_ref().is_some_and(|pools| pools.is_empty()),
            uptime_s: last.uptime_s,
        };
        let before = self.activity.value.filter(|_| seen == Seen::Still);
        let (value, reason) = self.history.judge(&told, &self.orders, before, seen, at);
        let is_same = seen == Seen::Still && self.activity.value == value;
        let since = if is_same { self.activity.since } else { at };
        self.activity = Level { value, reason, since };
        let settled = settled_mode(reading, self.history.ramps(at)).filter(|_| !told.draws_on());
        if let (Some(mode), Some(watts)) = (settled, last.power_w) {
            self.drew[mode as usize] = Some(watts);
            if mode != PowerMode::Sleep {
                self.worked_in = Some(mode);
            }
        }
        self.tells_power |= last.power_w.is_some();
        self.last = Some(last);
    }

    /// The least that it draws in a mode in which it works: by the maker's figures, else by what it drew here.
    fn at_work_w(&self, facts: &Facts) -> Option<u32> {
        let drew = [PowerMode::Low, PowerMode::Normal, PowerMode::High].into_iter().filter_map(|mode| self.drew(mode));
        facts.mode_power.least_at_work_w().or_else(|| drew.min())
    }

    /// The reading within bounds; texts that are as they were are not made anew.
    fn taken(&mut self, facts: &Facts, reading: &Reading, at: Timestamp) -> Last {
        let (pools_before, errors_before) =
            self.last.take().map_or_else(Default::default, |last| (last.pools, last.errors));
        let hashrate = not_negative(reading.hashrate_ths);
        let too_much = hashrate.and_then(|ths| facts.too_much(ths));
        let unread: Vec<String> = [too_much.clone(), self.power_is_missing(reading)].into_iter().flatten().collect();
        Last {
            as_of: at,
            told: reading.activity,
            hashrate_ths: hashrate.filter(|_| too_much.is_none()),
            power_w: reading.power_w,
            temp_chip_max_c: known(reading.temp_chip_max_c),
            temp_inlet_c: known(reading.temp_inlet_c),
            fan_rpm: reading.fan_rpm,
            uptime_s: reading.uptime_s,
            power_mode: reading.power_mode,
            led_on: reading.led_on,
            pools: if pools_before.as_deref() == reading.pools.as_deref() {
                pools_before
            } else {
                reading.pools.as_deref().map(bounded_pools)
            },
            errors: bounded_errors(errors_before, &reading.errors, unread),
        }
    }

    /// Says that it does not tell what it draws although it did before, unless that is said already.
    fn power_is_missing(&self, reading: &Reading) -> Option<String> {
        let is_said = |error: &String| error.starts_with(UNREAD) && error[UNREAD.len()..].starts_with("power");
        let is_missing = self.tells_power && reading.power_w.is_none() && !reading.errors.iter().any(is_said);
        is_missing.then(|| format!("{UNREAD}power: not told, and it was before"))
    }
}

/// The mode whose draw a reading tells; none while the device is on its way to another, or is not known to be as the mode says.
fn settled_mode(reading: &Reading, ramping: bool) -> Option<PowerMode> {
    match (reading.activity, reading.power_mode) {
        _ if ramping || reading.errors.iter().any(|error| is_fault(error)) => None,
        (Some(Activity::Paused), _) => Some(PowerMode::Sleep),
        (Some(Activity::Mining), Some(PowerMode::Sleep)) => None,
        (Some(Activity::Mining), mode) => mode,
        _ => None,
    }
}

/// Never minus zero, which would sort apart from zero.
fn known(value: Option<f32>) -> Option<f32> {
    value.filter(|value| value.is_finite()).map(|value| value + 0.0)
}

fn not_negative(value: Option<f32>) -> Option<f32> {
    known(value.filter(|value| *value >= 0.0))
}

fn bounded_pools(pools: &[Pool]) -> Box<[Pool]> {
    let bounded =
        |pool: &Pool| Pool { url: cut(&pool.url, MAX_POOL_TEXT), user: cut(&pool.user, MAX_POOL_TEXT), password: None };
    pools.iter().take(MAX_POOLS).map(bounded).collect()
}

/// What is found out here is the last to be left out.
fn bounded_errors(before: Box<[String]>, told: &[String], found_out: Vec<String>) -> Box<[String]> {
    let all = || told.iter().chain(&found_out);
    if before.iter().eq(all()) {
        return before;
    }
    let most = MAX_ERRORS - found_out.len();
    told.iter().take(most).chain(&found_out).map(|text| cut(text, MAX_ERROR_CHARS)).collect()
}

fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}
