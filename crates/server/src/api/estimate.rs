//! What an action is expected to change: watts and settings before and after, from the live table and what the models draw.

use adit_core::{
    fleet::{Operation, Pool},
    ids::DeviceId,
    requests::{Action, Estimate, ItemState, Outlook, Request, mode_name},
    state::State,
};
use adit_telemetry::{LiveRow, LiveTable};
use serde::{Serialize, Serializer, ser::SerializeStruct};
use serde_json::json;

/// Draw of one device before and after.
fn estimate(state: &State, live: &LiveTable, device: DeviceId, operation: &Operation) -> Estimate {
    let before_w = live.row(device).and_then(|row| row.power_w);
    let after_w = match operation {
        Operation::SetPowerMode { .. } | Operation::Pause {} | Operation::Resume {} => {
            state.device(device).and_then(|device| device.found.mode_power.after(operation))
        }
        _ => before_w,
    };
    Estimate { before_w, after_w }
}

/// Draw of each device before and after, and what it is set to now. Empty unless it is an operation on devices.
pub fn estimates(state: &State, live: &LiveTable, action: &Action, devices: &[DeviceId]) -> Vec<(DeviceId, Outlook)> {
    let Action::Device(operation) = action else { return Vec::new() };
    let outlook = |device: &DeviceId| {
        let setting = live.row(*device).and_then(|row| setting_now(&row, operation));
        (*device, Outlook { watts: estimate(state, live, *device, operation), setting })
    };
    devices.iter().map(outlook).collect()
}

/// What would be changed, in words.
pub const fn setting_name(operation: &Operation) -> &'static str {
    match operation {
        Operation::Reboot {} | Operation::RestartMining {} | Operation::Pause {} | Operation::Resume {} => "Mining",
        Operation::SetPowerMode { .. } => "Power mode",
        Operation::Locate { .. } => "Locate light",
        Operation::SetPools { .. } => "Pools",
    }
}

/// What a device says of the setting that an operation changes; `None` if it has not said.
pub fn setting_now(row: &LiveRow<'_>, operation: &Operation) -> Option<String> {
    match operation {
        Operation::Reboot {} | Operation::RestartMining {} | Operation::Pause {} | Operation::Resume {} => {
            let activity = json!(row.activity?);
            activity.as_str().map(|word| word.replace('_', " "))
        }
        Operation::SetPowerMode { .. } => row.power_mode.map(|mode| mode_name(mode).to_owned()),
        Operation::Locate { .. } => row.led_on.map(on_or_off),
        Operation::SetPools { .. } => row.pools.map(pools_in_words),
    }
}

/// What it would say afterwards; `None` if it would be as before.
pub fn setting_wanted(operation: &Operation) -> Option<String> {
    match operation {
        Operation::Reboot {} | Operation::RestartMining {} => None,
        Operation::Pause {} => Some("paused".into()),
        Operation::Resume {} => Some("mining".into()),
        Operation::SetPowerMode { mode } => Some(mode_name(*mode).to_owned()),
        Operation::Locate { on } => Some(on_or_off(*on)),
        Operation::SetPools { pools } => Some(pools_in_words(pools)),
    }
}

fn on_or_off(on: bool) -> String {
    if on { "on".into() } else { "off".into() }
}

/// Where they work; under which names is left out, for these differ from miner to miner.
fn pools_in_words(pools: &[Pool]) -> String {
    let urls: Vec<_> = pools.iter().map(|pool| pool.url.as_str()).collect();
    if urls.is_empty() { "none".into() } else { urls.join(", ") }
}

/// Sums of estimates.
#[derive(Debug, Clone, Copy, Default)]
pub struct Effect {
    devices: u64,
    known: u64,
    before_w: i64,
    after_w: i64,
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
        let mut effect = serializer.serialize_struct("Effect", 5)?;
        effect.serialize_field("devices", &self.devices)?;
        effect.serialize_field("delta_w", &some(self.after_w - self.before_w))?;
        effect.serialize_field("before_w", &some(self.before_w))?;
        effect.serialize_field("after_w", &some(self.after_w))?;
        effect.serialize_field("unknown", &(self.devices - self.known))?;
        effect.end()
    }
}
