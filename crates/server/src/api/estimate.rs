//! What an action is expected to change: watts and settings before and after, from the live table and what the models draw.

use adit_core::{
    fleet::{Operation, Setting},
    ids::DeviceId,
    requests::{Action, Estimate, ItemState, Outlook, Request},
    state::State,
};
use adit_telemetry::{LiveRow, LiveTable};
use serde::{Serialize, Serializer, ser::SerializeStruct};

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

/// What a device says of the setting that an operation changes; `None` if it has not said.
pub fn setting_now(row: &LiveRow<'_>, operation: &Operation) -> Option<Setting> {
    match operation {
        Operation::Reboot {} | Operation::RestartMining {} | Operation::Pause {} | Operation::Resume {} => {
            row.activity.map(Setting::Activity)
        }
        Operation::SetPowerMode { .. } => row.power_mode.map(Setting::PowerMode),
        Operation::Locate { .. } => row.led_on.map(Setting::Light),
        Operation::SetPools { .. } => row.pools.map(Setting::pools),
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
