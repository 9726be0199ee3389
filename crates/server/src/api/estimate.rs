//! What an action is expected to change: watts and settings before and after, from the live table and what the models draw.

use adit_core::{
    fleet::{Device, Operation, PowerMode, Setting},
    ids::DeviceId,
    requests::{Action, Basis, Estimate, ItemState, Outlook, Request},
    state::State,
};
use adit_telemetry::{LiveRow, LiveTable};
use serde::{Serialize, Serializer, ser::SerializeStruct};
use std::collections::BTreeMap;

/// What others of a model and firmware draw in a mode: the median, and how far nine of ten are from it at most.
#[derive(Clone, Copy)]
struct Peers {
    median_w: u32,
    band_w: u32,
}

/// Fewer of a kind say nothing about the others.
const LEAST_PEERS: usize = 3;
/// A device's own draw is known to one part in this many, a maker's figure to one in that many.
const OWN_PART: u32 = 33;
const NAMEPLATE_PART: u32 = 10;

/// Expected draws of one account's devices; what others draw is worked out once for each kind and mode.
struct Foresight<'a> {
    state: &'a State,
    live: &'a LiveTable,
    peers: BTreeMap<(&'a str, &'a str, PowerMode), Option<Peers>>,
}

impl<'a> Foresight<'a> {
    const fn new(state: &'a State, live: &'a LiveTable) -> Self {
        Self { state, live, peers: BTreeMap::new() }
    }

    /// Draw of one device before and after.
    fn estimate(&mut self, device: DeviceId, operation: &Operation) -> Estimate {
        let before_w = self.live.row(device).and_then(|row| row.now()?.power_w);
        let mode = match operation {
            Operation::SetPowerMode { mode } => *mode,
            Operation::Pause {} => PowerMode::Sleep,
            Operation::Resume {} => self.live.worked_in(device).unwrap_or(PowerMode::Normal),
            Operation::Reboot {}
            | Operation::RestartMining {}
            | Operation::Locate { .. }
            | Operation::SetPools { .. } => return Estimate { before_w, after_w: before_w, ..Estimate::default() },
        };
        let foreseen = self.foresee(device, mode);
        Estimate {
            before_w,
            after_w: foreseen.map(|(watts, ..)| watts),
            basis: foreseen.map(|(_, basis, _)| basis),
            band_w: foreseen.map(|(.., band)| band),
        }
    }

    fn foresee(&mut self, id: DeviceId, mode: PowerMode) -> Option<(u32, Basis, u32)> {
        if let Some(watts) = self.live.drew(id, mode) {
            return Some((watts, Basis::Own, watts / OWN_PART));
        }
        let device = self.state.device(id)?;
        if let Some(peers) = self.peers_of(device, mode) {
            return Some((peers.median_w, Basis::Peers, peers.band_w));
        }
        let watts = device.found.mode_power.in_mode(mode)?;
        Some((watts, Basis::Nameplate, watts / NAMEPLATE_PART))
    }

    /// Devices of the account, for the figures of another company are none of its business.
    fn peers_of(&mut self, device: &'a Device, mode: PowerMode) -> Option<Peers> {
        let (state, live) = (self.state, self.live);
        let kind = (device.found.model.as_str(), device.found.firmware.as_str(), mode);
        *self.peers.entry(kind).or_insert_with(|| {
            let alike = state.devices().filter(|other| {
                let found = &other.found;
                other.account == device.account && (found.model.as_str(), found.firmware.as_str()) == (kind.0, kind.1)
            });
            let mut watts: Vec<_> = alike.filter_map(|other| live.drew(other.id, mode)).collect();
            watts.sort_unstable();
            let median_w = watts.get(watts.len() / 2).copied().filter(|_| watts.len() >= LEAST_PEERS)?;
            let mut off: Vec<_> = watts.iter().map(|watts| watts.abs_diff(median_w)).collect();
            off.sort_unstable();
            let band_w = off.get(off.len() * 9 / 10).copied().unwrap_or_default().max(median_w / OWN_PART);
            Some(Peers { median_w, band_w })
        })
    }
}

/// Draw of each device before and after, and what it is set to now. Empty unless it is an operation on devices.
pub fn estimates(state: &State, live: &LiveTable, action: &Action, devices: &[DeviceId]) -> Vec<(DeviceId, Outlook)> {
    let Action::Device(operation) = action else { return Vec::new() };
    let mut foresight = Foresight::new(state, live);
    let outlook = |device: &DeviceId| {
        let setting = live.row(*device).and_then(|row| setting_now(&row, operation));
        (*device, Outlook { watts: foresight.estimate(*device, operation), setting })
    };
    devices.iter().map(outlook).collect()
}

/// What a device says now of the setting that an operation changes; `None` if it does not say.
pub fn setting_now(row: &LiveRow<'_>, operation: &Operation) -> Option<Setting> {
    let now = row.now()?;
    match operation {
        Operation::Reboot {} | Operation::RestartMining {} | Operation::Pause {} | Operation::Resume {} => {
            now.told.map(Setting::Activity)
        }
        Operation::SetPowerMode { .. } => now.power_mode.map(Setting::PowerMode),
        Operation::Locate { .. } => now.led_on.map(Setting::Light),
        Operation::SetPools { .. } => now.pools.as_deref().map(Setting::pools),
    }
}

/// The same of any device, for an action; nothing where it is not about devices.
pub fn settings<'a>(live: &'a LiveTable, action: &'a Action) -> impl Fn(DeviceId) -> Option<Setting> + 'a {
    move |device| match action {
        Action::Device(operation) => live.row(device).and_then(|row| setting_now(&row, operation)),
        Action::Control(_) => None,
    }
}

/// Sums of estimates.
#[derive(Debug, Clone, Copy, Default)]
pub struct Effect {
    devices: u64,
    known: u64,
    before_w: i64,
    after_w: i64,
    band_w: u64,
    /// How many rest on what: on their own draw, on others of their kind, on the maker's figure.
    bases: [u64; 3],
}

impl Effect {
    /// Of these.
    pub fn of(estimates: impl IntoIterator<Item = Estimate>) -> Self {
        let mut effect = Self::default();
        for estimate in estimates {
            effect.devices += 1;
            if let (Some(before), Some(after)) = (estimate.before_w, estimate.after_w) {
                effect.known += 1;
                effect.before_w += i64::from(before);
                effect.after_w += i64::from(after);
                effect.band_w += u64::from(estimate.band_w.unwrap_or_default());
                if let Some(basis) = estimate.basis {
                    effect.bases[basis as usize] += 1;
                }
            }
        }
        effect
    }

    /// Adds another sum.
    pub fn add(&mut self, other: &Self) {
        self.devices += other.devices;
        self.known += other.known;
        self.before_w += other.before_w;
        self.after_w += other.after_w;
        self.band_w += other.band_w;
        self.bases.iter_mut().zip(other.bases).for_each(|(sum, more)| *sum += more);
    }

    /// Of a request's targets still in force.
    pub fn of_request(request: &Request) -> Self {
        let in_force = request.estimates.iter().zip(&request.items);
        Self::of(in_force.filter(|(_, item)| !matches!(item, ItemState::Dropped { .. })).map(|(estimate, _)| *estimate))
    }
}

/// The contract's `Effect`.
impl Serialize for Effect {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let some = |watts: i64| (self.known > 0).then_some(watts);
        let mut effect = serializer.serialize_struct("Effect", 7)?;
        effect.serialize_field("devices", &self.devices)?;
        effect.serialize_field("delta_w", &some(self.after_w - self.before_w))?;
        effect.serialize_field("before_w", &some(self.before_w))?;
        effect.serialize_field("after_w", &some(self.after_w))?;
        effect.serialize_field("unknown", &(self.devices - self.known))?;
        effect.serialize_field("band_w", &(self.known > 0).then_some(self.band_w))?;
        let [own, peers, nameplate] = self.bases;
        effect.serialize_field("bases", &serde_json::json!({ "own": own, "peers": peers, "nameplate": nameplate }))?;
        effect.end()
    }
}
