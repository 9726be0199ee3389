//! The latest reading of every device. What is filtered and sorted by lies in columns, one number after another; unknown
//! is NaN in there and `None` to everybody outside.

use crate::{
    facts::Facts,
    query::{self, Page, Query},
    status::{Condition, DeviceStatus, RAMP},
    totals::Totals,
};
use adit_core::{
    fleet::{Activity, Connectivity, Pool, PowerMode, Reading, is_fault},
    ids::DeviceId,
    time::{Millis, Timestamp},
};

const MAX_POOLS: usize = 3;
const MAX_POOL_TEXT: usize = 255;
const MAX_ERRORS: usize = 16;
const MAX_ERROR_CHARS: usize = 120;

/// A number that every device has or lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Column {
    /// TH/s.
    Hashrate,
    /// What it should do in its present mode, TH/s.
    ExpectedHashrate,
    /// W.
    Power,
    /// J/TH.
    Efficiency,
    /// Hottest chip, °C.
    TempChip,
    /// Inlet, °C.
    TempInlet,
    /// Revolutions a minute.
    Fan,
    /// Seconds since the miner started.
    Uptime,
    /// 0 sleep, 1 low, 2 normal, 3 high.
    PowerMode,
}

const COLUMNS: usize = Column::PowerMode as usize + 1;

/// One device as it is now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LiveRow<'a> {
    /// Which.
    pub device: DeviceId,
    /// In one word.
    pub status: DeviceStatus,
    /// Can it be reached?
    pub connectivity: Connectivity,
    /// What it is doing.
    pub activity: Option<Activity>,
    /// Since when it is so: the last change of connectivity or activity.
    pub since: Timestamp,
    /// When it was last heard of; `None` if never.
    pub received_at: Option<Timestamp>,
    /// TH/s.
    pub hashrate_ths: Option<f32>,
    /// What it should do in its present mode, TH/s.
    pub expected_hashrate_ths: Option<f32>,
    /// W.
    pub power_w: Option<u32>,
    /// Hottest chip, °C.
    pub temp_chip_max_c: Option<f32>,
    /// Inlet, °C.
    pub temp_inlet_c: Option<f32>,
    /// Revolutions a minute.
    pub fan_rpm: Option<u32>,
    /// Seconds since the miner started, as of `received_at`.
    pub uptime_s: Option<u64>,
    /// Mode it says it is in.
    pub power_mode: Option<PowerMode>,
    /// Locate LED.
    pub led_on: Option<bool>,
    /// Pools it says it has, at most 3.
    pub pools: Option<&'a [Pool]>,
    /// What it says is wrong, at most 16 texts of 120 characters.
    pub errors: &'a [String],
    /// The table's version when it last changed.
    pub version: u64,
}

/// What is neither filtered nor sorted by.
#[derive(Debug, Clone)]
struct Rest {
    facts: Facts,
    connectivity: Connectivity,
    activity: Option<Activity>,
    power_mode: Option<PowerMode>,
    led_on: Option<bool>,
    power_w: Option<u32>,
    fan_rpm: Option<u32>,
    uptime_s: Option<u64>,
    ramps_until: Timestamp,
    /// What it drew when it was last settled in each power mode, W.
    drew: [Option<u32>; MODES],
    /// The last mode that it worked in.
    worked_in: Option<PowerMode>,
    pools: Option<Box<[Pool]>>,
    errors: Box<[String]>,
}

impl Rest {
    fn new(facts: Facts) -> Self {
        Self {
            facts,
            connectivity: Connectivity::Unknown,
            activity: None,
            power_mode: None,
            led_on: None,
            power_w: None,
            fan_rpm: None,
            uptime_s: None,
            ramps_until: NEVER,
            drew: [None; MODES],
            worked_in: None,
            pools: None,
            errors: Box::default(),
        }
    }

    /// Until when a miner that says `reading` may still be on its way up. It begins when the miner starts, comes back after it
    /// was unreachable, begins to mine, or changes its mode; going from starting to rebooting and back gives no more time.
    fn ramps_until(&self, reading: &Reading, at: Timestamp) -> Timestamp {
        use Activity::{Mining, Rebooting, Starting};
        let begins = match (self.activity, reading.activity) {
            (Some(Starting | Rebooting), Some(Starting | Rebooting)) => false,
            (Some(before), Some(now @ (Mining | Starting | Rebooting))) => before != now,
            (None, Some(Starting | Rebooting)) => self.connectivity != Connectivity::Online,
            (None, Some(Mining)) => self.connectivity == Connectivity::Unreachable,
            _ => false,
        };
        let mode_changed =
            self.power_mode.is_some() && reading.power_mode.is_some() && self.power_mode != reading.power_mode;
        let by_change = if begins || mode_changed { at.after(RAMP) } else { self.ramps_until };
        let left = reading.uptime_s.and_then(|uptime| RAMP.0.checked_sub(uptime.saturating_mul(1_000)));
        by_change.max(left.map_or(NEVER, |left| at.after(Millis(left))))
    }
}

/// Power modes.
const MODES: usize = 4;
const NEVER: Timestamp = Timestamp(i64::MIN);
/// In the status column, where there is no device.
pub(crate) const ABSENT: u8 = u8::MAX;

/// The latest reading of every device.
#[derive(Debug, Default)]
pub struct LiveTable {
    numbers: [Vec<f32>; COLUMNS],
    pub(crate) statuses: Vec<u8>,
    pub(crate) since: Vec<Timestamp>,
    pub(crate) received: Vec<Timestamp>,
    versions: Vec<u64>,
    rest: Vec<Rest>,
    version: u64,
}

impl LiveTable {
    /// Takes in a device, or what is new about it; until it is heard of it is unknown since `at`. Ids index the columns: they
    /// are to be handed out densely.
    pub fn set_device(&mut self, device: DeviceId, facts: Facts, at: Timestamp) {
        self.version += 1;
        let index = device.index();
        self.grow(index + 1);
        if self.statuses[index] == ABSENT {
            self.rest[index] = Rest::new(facts);
            (self.since[index], self.received[index]) = (at, NEVER);
            self.numbers.iter_mut().for_each(|column| column[index] = f32::NAN);
        }
        self.rest[index].facts = facts;
        self.settle(index);
    }

    /// Leaves a device out from now on; whether it was there.
    pub fn remove_device(&mut self, device: DeviceId) -> bool {
        let Some(index) = self.index(device) else { return false };
        self.version += 1;
        self.statuses[index] = ABSENT;
        self.rest[index] = Rest::new(Facts::default());
        self.versions[index] = self.version;
        true
    }

    /// Takes in what devices said, received at `at` (the server's time); those it does not know are passed over.
    /// Gives back how many it took. What makes no sense (negative, infinite) counts as not said.
    pub fn apply(&mut self, readings: &[Reading], at: Timestamp) -> usize {
        self.version += 1;
        let mut taken = 0;
        for reading in readings {
            if let Some(index) = self.index(reading.device) {
                self.received[index] = self.received[index].max(at);
                self.take(index, reading, at);
                taken += 1;
            }
        }
        taken
    }

    /// Says that nobody reaches these devices since `at`, because their agent is late, paused or gone: what they last said is
    /// no longer known to be so.
    pub fn mark_agent_lost(&mut self, devices: impl IntoIterator<Item = DeviceId>, at: Timestamp) {
        self.version += 1;
        for device in devices {
            if let Some(index) = self.index(device) {
                self.take(index, &Reading::silent(device, Connectivity::Unknown), at);
            }
        }
    }

    /// What a device drew when it was last settled in a mode, W.
    #[must_use]
    pub fn drew(&self, device: DeviceId, mode: PowerMode) -> Option<u32> {
        self.rest[self.index(device)?].drew[mode as usize]
    }

    /// The last mode that a device worked in.
    #[must_use]
    pub fn worked_in(&self, device: DeviceId) -> Option<PowerMode> {
        self.rest[self.index(device)?].worked_in
    }

    /// One device.
    #[must_use]
    pub fn row(&self, device: DeviceId) -> Option<LiveRow<'_>> {
        let index = self.index(device)?;
        let number = |column: Column| Some(self.column(column)[index]).filter(|value| !value.is_nan());
        let rest = &self.rest[index];
        Some(LiveRow {
            device,
            status: DeviceStatus::ALL[usize::from(self.statuses[index])],
            connectivity: rest.connectivity,
            activity: rest.activity,
            since: self.since[index],
            received_at: Some(self.received[index]).filter(|at| *at != NEVER),
            hashrate_ths: number(Column::Hashrate),
            expected_hashrate_ths: number(Column::ExpectedHashrate),
            power_w: rest.power_w,
            temp_chip_max_c: number(Column::TempChip),
            temp_inlet_c: number(Column::TempInlet),
            fan_rpm: rest.fan_rpm,
            uptime_s: rest.uptime_s,
            power_mode: rest.power_mode,
            led_on: rest.led_on,
            pools: rest.pools.as_deref(),
            errors: &rest.errors,
            version: self.versions[index],
        })
    }

    /// A page of the device table.
    #[must_use]
    pub fn page(&self, query: &Query<'_>) -> Page {
        query::page(self, query)
    }

    /// Sums over every device.
    #[must_use]
    pub fn totals(&self) -> Totals {
        self.totals_at(0..self.statuses.len())
    }

    /// Sums over these devices; those it does not know are passed over.
    #[must_use]
    pub fn totals_of(&self, devices: impl IntoIterator<Item = DeviceId>) -> Totals {
        self.totals_at(devices.into_iter().map(DeviceId::index).filter(|index| *index < self.statuses.len()))
    }

    /// How often the table has changed.
    #[must_use]
    pub const fn version(&self) -> u64 {
        self.version
    }

    /// The devices that changed after `version`, in order; those that were left out since are among them.
    pub fn changed_since(&self, version: u64) -> impl Iterator<Item = DeviceId> + '_ {
        (0_u32..).zip(&self.versions).filter(move |(_, changed)| **changed > version).map(|(id, _)| DeviceId(id))
    }

    /// The devices there are, in order.
    pub fn devices(&self) -> impl Iterator<Item = DeviceId> + '_ {
        (0_u32..).zip(&self.statuses).filter(|(_, status)| **status != ABSENT).map(|(id, _)| DeviceId(id))
    }

    pub(crate) fn column(&self, column: Column) -> &[f32] {
        &self.numbers[column as usize]
    }

    fn index(&self, device: DeviceId) -> Option<usize> {
        let index = device.index();
        (*self.statuses.get(index)? != ABSENT).then_some(index)
    }

    fn grow(&mut self, length: usize) {
        if length > self.statuses.len() {
            self.numbers.iter_mut().for_each(|column| column.resize(length, f32::NAN));
            self.statuses.resize(length, ABSENT);
            self.since.resize(length, NEVER);
            self.received.resize(length, NEVER);
            self.versions.resize(length, 0);
            self.rest.resize_with(length, || Rest::new(Facts::default()));
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "columns are for comparing; the row has the exact numbers")]
    fn take(&mut self, index: usize, reading: &Reading, at: Timestamp) {
        let rest = &mut self.rest[index];
        if (rest.connectivity, rest.activity) != (reading.connectivity, reading.activity) {
            self.since[index] = at;
        }
        rest.ramps_until = rest.ramps_until(reading, at);
        rest.connectivity = reading.connectivity;
        rest.activity = reading.activity;
        rest.power_mode = reading.power_mode;
        rest.led_on = reading.led_on;
        rest.power_w = reading.power_w;
        rest.fan_rpm = reading.fan_rpm;
        rest.uptime_s = reading.uptime_s;
        if let (Some(mode), Some(watts)) = (settled_mode(reading, at < rest.ramps_until), reading.power_w) {
            rest.drew[mode as usize] = Some(watts);
            if mode != PowerMode::Sleep {
                rest.worked_in = Some(mode);
            }
        }
        if rest.pools.as_deref() != reading.pools.as_deref() {
            rest.pools = reading.pools.as_deref().map(bounded_pools);
        }
        let (told, power) = (not_negative(reading.hashrate_ths), known(reading.power_w.map(|w| w as f32)));
        let too_much = rest.facts.too_much(told);
        let hashrate = if too_much.is_some() { f32::NAN } else { told };
        let errors = || reading.errors.iter().chain(&too_much);
        if !rest.errors.iter().eq(errors()) {
            // What is too much to be is the last to be left out.
            let most = MAX_ERRORS - usize::from(too_much.is_some());
            let errors = reading.errors.iter().take(most).chain(&too_much);
            rest.errors = errors.map(|text| cut(text, MAX_ERROR_CHARS)).collect();
        }
        let numbers = [
            (Column::Hashrate, hashrate),
            (Column::Power, power),
            (Column::Efficiency, if hashrate > 0.0 { power / hashrate } else { f32::NAN }),
            (Column::TempChip, known(reading.temp_chip_max_c)),
            (Column::TempInlet, known(reading.temp_inlet_c)),
            (Column::Fan, known(reading.fan_rpm.map(|rpm| rpm as f32))),
            (Column::Uptime, known(reading.uptime_s.map(|s| s as f32))),
            (Column::PowerMode, known(reading.power_mode.map(|mode| f32::from(mode as u8)))),
        ];
        for (column, number) in numbers {
            self.numbers[column as usize][index] = number;
        }
        self.settle_at(index, at);
    }

    fn settle(&mut self, index: usize) {
        self.settle_at(index, self.received[index]);
    }

    /// Judges the device anew, as of `at`.
    fn settle_at(&mut self, index: usize, at: Timestamp) {
        let rest = &self.rest[index];
        let expected_ths = rest.facts.expected_in(rest.power_mode);
        let condition = Condition {
            maintenance: rest.facts.maintenance,
            connectivity: rest.connectivity,
            activity: rest.activity,
            power_mode: rest.power_mode,
            hashrate_ths: self.column(Column::Hashrate)[index],
            expected_ths,
            faults: rest.errors.iter().any(|error| is_fault(error)),
            ramping: at < rest.ramps_until,
        };
        self.statuses[index] = condition.status() as u8;
        self.numbers[Column::ExpectedHashrate as usize][index] = expected_ths;
        self.versions[index] = self.version;
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

/// NaN for what is not known or not finite; never minus zero, which would sort apart from zero.
fn known(value: Option<f32>) -> f32 {
    value.filter(|value| value.is_finite()).map_or(f32::NAN, |value| value + 0.0)
}

fn not_negative(value: Option<f32>) -> f32 {
    known(value.filter(|value| *value >= 0.0))
}

fn bounded_pools(pools: &[Pool]) -> Box<[Pool]> {
    let bounded = |pool: &Pool| Pool { url: cut(&pool.url, MAX_POOL_TEXT), user: cut(&pool.user, MAX_POOL_TEXT) };
    pools.iter().take(MAX_POOLS).map(bounded).collect()
}

fn cut(text: &str, chars: usize) -> String {
    text.chars().take(chars).collect()
}
