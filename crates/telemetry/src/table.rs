//! The latest answer of every device. What is filtered and sorted by lies in columns, one number after another; unknown
//! is NaN in there and `None` to everybody outside.

use crate::{
    activity::ActivityReason,
    agent::Health,
    connectivity::Connectivity,
    contact::{Contact, NEVER_ENDS, Polling},
    facts::Facts,
    orders::OrderStep,
    query::{self, Page, Query},
    record::{Kept, Last},
    row::LiveRow,
    sets::{Doing, Kind},
    status::{Condition, DeviceStatus},
    totals::Totals,
};
use adit_core::{
    fleet::{Operation, PollResult, PowerMode},
    ids::{AgentId, DeviceId},
    time::Timestamp,
};
use std::collections::BTreeMap;

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

/// What is neither filtered nor sorted by.
#[derive(Debug, Clone)]
pub(crate) struct Rest {
    pub facts: Facts,
    pub kept: Kept,
}

const NEVER: Timestamp = Timestamp(i64::MIN);
/// In the status column, where there is no device.
pub(crate) const ABSENT: u8 = u8::MAX;

/// The latest answer of every device.
#[derive(Debug, Default)]
pub struct LiveTable {
    numbers: [Vec<f32>; COLUMNS],
    pub(crate) statuses: Vec<u8>,
    pub(crate) connectivities: Vec<u8>,
    pub(crate) doings: Vec<u8>,
    /// Whether what it said last counts as so now.
    pub(crate) current: Vec<bool>,
    pub(crate) since: Vec<Timestamp>,
    /// The last answer.
    pub(crate) seen: Vec<Timestamp>,
    /// When the device changes without a word of anybody.
    changes_at: Vec<Timestamp>,
    versions: Vec<u64>,
    pub(crate) rest: Vec<Option<Rest>>,
    /// How agents do, as it was when their devices were last told how they are polled.
    agents: BTreeMap<AgentId, Health>,
    pub(crate) version: u64,
}

impl LiveTable {
    /// Takes in a device, or what is new about it; until it is heard of it is unknown since `at`. Ids index the columns: they
    /// are to be handed out densely. `polling` is how a device that is new is polled.
    pub fn set_device(&mut self, device: DeviceId, facts: Facts, polling: Polling, at: Timestamp) {
        self.version += 1;
        let index = device.index();
        self.grow(index + 1);
        match &mut self.rest[index] {
            Some(rest) => rest.facts = facts,
            absent @ None => *absent = Some(Rest { facts, kept: Kept::new(at, polling) }),
        }
        self.settle(index, at);
    }

    /// Leaves a device out from now on; whether it was there.
    pub fn remove_device(&mut self, device: DeviceId) -> bool {
        let Some(rest) = self.rest.get_mut(device.index()).filter(|rest| rest.is_some()) else { return false };
        *rest = None;
        let index = device.index();
        self.version += 1;
        (self.statuses[index], self.versions[index], self.changes_at[index]) = (ABSENT, self.version, NEVER_ENDS);
        true
    }

    /// Takes in how polls ended, received at `at` (the server's time); those of devices it does not know are passed over.
    /// Gives back how many it took.
    pub fn apply(&mut self, results: &[PollResult], at: Timestamp) -> usize {
        self.version += 1;
        let mut taken = 0;
        for result in results {
            let index = result.device().index();
            let Some(Rest { facts, kept }) = self.rest.get_mut(index).and_then(Option::as_mut) else { continue };
            match result {
                PollResult::Answered { reading } => kept.answers(facts, reading, at),
                PollResult::AuthRequired { .. } => kept.refuses(at),
                PollResult::Missed { reason, .. } => kept.misses(*reason, at),
                PollResult::Busy { .. } => kept.is_busy(at),
            }
            self.settle(index, at);
            taken += 1;
        }
        taken
    }

    /// From `at` on these devices are polled, or not; what they said last stays.
    pub fn set_polling(&mut self, devices: impl IntoIterator<Item = (DeviceId, Polling)>, at: Timestamp) {
        self.version += 1;
        let shown = |contact: &Contact| (contact.level(), contact.is_restored());
        for (device, polling) in devices {
            let index = device.index();
            let Some(kept) = self.kept_mut(device).filter(|kept| kept.contact.polling() != polling) else { continue };
            let before = shown(&kept.contact);
            kept.contact.set_polling(polling, at);
            let is_same = before == shown(&kept.contact);
            let (version, was_current) = (self.versions[index], self.current[index]);
            self.settle(index, at);
            // How often it is polled is nothing that is shown of a device.
            if is_same && self.current[index] == was_current {
                self.versions[index] = version;
            }
        }
    }

    /// How agents do, in place of what was told of them before; those that are still waited for are not among them. Told along
    /// with how their devices are polled, so that both are of one moment to whoever reads the table.
    pub fn set_agents(&mut self, agents: BTreeMap<AgentId, Health>) {
        self.agents = agents;
    }

    /// How an agent does; `None` while it is waited for after the server's start.
    #[must_use]
    pub fn agent(&self, agent: AgentId) -> Option<Health> {
        self.agents.get(&agent).copied()
    }

    /// Time has passed: what nobody has looked at for too long becomes unknown, and what was said too long ago old.
    pub fn pass(&mut self, at: Timestamp) {
        self.version += 1;
        for index in 0..self.changes_at.len() {
            if self.changes_at[index] <= at
                && let Some(rest) = &mut self.rest[index]
            {
                rest.kept.contact.pass(at);
                self.settle(index, at);
            }
        }
    }

    /// An order of a device to do `operation` came so far at `at`: it explains what the device does, and what it did meanwhile.
    /// May be told again, and in any order.
    pub fn note_order(&mut self, device: DeviceId, operation: &Operation, step: OrderStep, at: Timestamp) {
        let is_news = self.kept_mut(device).is_some_and(|kept| kept.note_order(operation, step, at));
        if is_news {
            self.version += 1;
            self.versions[device.index()] = self.version;
        }
    }

    /// What a device drew when it was last settled in a mode, W.
    #[must_use]
    pub fn drew(&self, device: DeviceId, mode: PowerMode) -> Option<u32> {
        self.kept(device)?.drew(mode)
    }

    /// The last mode that a device worked in.
    #[must_use]
    pub fn worked_in(&self, device: DeviceId) -> Option<PowerMode> {
        self.kept(device)?.worked_in
    }

    /// One device.
    #[must_use]
    pub fn row(&self, device: DeviceId) -> Option<LiveRow<'_>> {
        let index = device.index();
        let kept = self.kept(device)?;
        let connectivity = kept.contact.level();
        let is_online = connectivity.value == Connectivity::Online;
        let mut activity = kept.activity;
        if !is_online {
            (activity.value, activity.reason) = (None, None);
        }
        Some(LiveRow {
            device,
            status: DeviceStatus::ALL[usize::from(self.statuses[index])],
            connectivity,
            activity,
            last_activity: kept.activity.value,
            since: self.since[index],
            seen_at: kept.contact.answered_at(),
            last: kept.last.as_ref(),
            is_current: self.current[index],
            is_restored: kept.contact.is_restored(),
            expected_hashrate_ths: Some(self.column(Column::ExpectedHashrate)[index]).filter(|ths| !ths.is_nan()),
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

    pub(crate) fn kept(&self, device: DeviceId) -> Option<&Kept> {
        Some(&self.rest.get(device.index())?.as_ref()?.kept)
    }

    fn kept_mut(&mut self, device: DeviceId) -> Option<&mut Kept> {
        Some(&mut self.rest.get_mut(device.index())?.as_mut()?.kept)
    }

    fn grow(&mut self, length: usize) {
        if length > self.statuses.len() {
            self.numbers.iter_mut().for_each(|column| column.resize(length, f32::NAN));
            self.statuses.resize(length, ABSENT);
            self.connectivities.resize(length, 0);
            self.doings.resize(length, 0);
            self.current.resize(length, false);
            self.since.resize(length, NEVER);
            self.seen.resize(length, NEVER);
            self.changes_at.resize(length, NEVER_ENDS);
            self.versions.resize(length, 0);
            self.rest.resize_with(length, || None);
        }
    }

    /// Fills in a device's columns, as of `at`.
    pub(crate) fn settle(&mut self, index: usize, at: Timestamp) {
        let Some(Rest { facts, kept }) = &self.rest[index] else { return };
        let (contact, last) = (&kept.contact, kept.last.as_ref());
        let level = contact.level();
        let is_online = level.value == Connectivity::Online;
        let expected_ths = facts.expected_in(last.and_then(|last| last.power_mode));
        let numbers = numbers_of(last, expected_ths);
        let condition = Condition {
            maintenance: facts.maintenance,
            connectivity: level.value,
            activity: kept.activity.value,
            draws_on: kept.activity.reason == Some(ActivityReason::DrawsPower),
            hashrate_ths: numbers[Column::Hashrate as usize],
            expected_ths,
            faults: kept.faults(),
        };
        let told = last.map(|last| last.as_of);
        self.statuses[index] = condition.status().number();
        self.connectivities[index] = level.value.number();
        self.doings[index] = Doing(kept.activity.value.filter(|_| is_online)).number();
        self.current[index] = told.is_some_and(|told| contact.is_current(told, at));
        self.since[index] = if is_online { kept.activity.since } else { level.since };
        self.seen[index] = contact.answered_at().unwrap_or(NEVER);
        self.changes_at[index] = contact.next_change(told, at);
        for (column, number) in self.numbers.iter_mut().zip(numbers) {
            column[index] = number;
        }
        self.versions[index] = self.version;
    }
}

/// What a device said last, in the order of the columns.
#[allow(clippy::cast_precision_loss, reason = "columns are for comparing; the row has the exact numbers")]
fn numbers_of(last: Option<&Last>, expected_ths: f32) -> [f32; COLUMNS] {
    let mut numbers = [f32::NAN; COLUMNS];
    numbers[Column::ExpectedHashrate as usize] = expected_ths;
    let Some(last) = last else { return numbers };
    let hashrate = last.hashrate_ths.unwrap_or(f32::NAN);
    let power = last.power_w.map_or(f32::NAN, |watts| watts as f32);
    let efficiency = if hashrate > 0.0 { power / hashrate } else { f32::NAN };
    for (column, number) in [
        (Column::Hashrate, hashrate),
        (Column::Power, power),
        (Column::Efficiency, efficiency),
        (Column::TempChip, last.temp_chip_max_c.unwrap_or(f32::NAN)),
        (Column::TempInlet, last.temp_inlet_c.unwrap_or(f32::NAN)),
        (Column::Fan, last.fan_rpm.map_or(f32::NAN, |rpm| rpm as f32)),
        (Column::Uptime, last.uptime_s.map_or(f32::NAN, |seconds| seconds as f32)),
        (Column::PowerMode, last.power_mode.map_or(f32::NAN, |mode| f32::from(mode as u8))),
    ] {
        numbers[column as usize] = number;
    }
    numbers
}
