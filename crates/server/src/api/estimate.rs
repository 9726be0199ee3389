//! What an action is expected to change: watts before and after, from the live table and what the models draw.

use adit_core::{
    fleet::Operation,
    ids::DeviceId,
    requests::{Action, Estimate, ItemState, Request},
    state::State,
};
use adit_telemetry::LiveTable;
use serde_json::{Value, json};

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

/// Draw of each device before and after. Empty unless it is an operation on devices.
pub fn estimates(state: &State, live: &LiveTable, action: &Action, devices: &[DeviceId]) -> Vec<(DeviceId, Estimate)> {
    let Action::Device(operation) = action else { return Vec::new() };
    devices.iter().map(|device| (*device, estimate(state, live, *device, operation))).collect()
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

    /// Of a request's targets still in force.
    pub fn of_request(request: &Request) -> Self {
        let in_force = request.estimates.iter().zip(&request.items);
        Self::of(in_force.filter(|(_, item)| !matches!(item, ItemState::Dropped { .. })).map(|(estimate, _)| *estimate))
    }

    /// As the contract's `Effect`.
    pub fn view(&self) -> Value {
        let some = |watts: i64| (self.known > 0).then_some(watts);
        json!({
            "devices": self.devices,
            "delta_w": some(self.after_w - self.before_w),
            "before_w": some(self.before_w),
            "after_w": some(self.after_w),
            "unknown": self.devices - self.known,
        })
    }
}
