//! What every device says now, kept in step with which devices there are.

use crate::engine::Engine;
use adit_core::{
    event::{Entry, Event},
    fleet::Reading,
    ids::DeviceId,
    state::State,
    time::Timestamp,
};
use adit_telemetry::{Facts, LiveTable};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// The live table, shared. Hold its locks briefly and never across an `await`.
#[derive(Clone, Default)]
pub struct Live(Arc<RwLock<LiveTable>>);

impl Live {
    /// A table with every device of the engine's state, none of them heard of yet.
    #[must_use]
    pub fn of(engine: &Engine) -> Self {
        let live = Self::default();
        live.take_all(&engine.state(), engine.now());
        live
    }

    /// To read.
    pub fn read(&self) -> RwLockReadGuard<'_, LiveTable> {
        self.0.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// To write.
    pub(crate) fn write(&self) -> RwLockWriteGuard<'_, LiveTable> {
        self.0.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what devices say, received at `at`; how many of them it knows.
    pub fn hear(&self, readings: &[Reading], at: Timestamp) -> usize {
        self.write().apply(readings, at)
    }

    /// Takes in every device of a state.
    pub(crate) fn take_all(&self, state: &State, at: Timestamp) {
        self.leave_out(state);
        let mut table = self.write();
        for device in state.devices() {
            table.set_device(device.id, Facts::of(&device.found, false), at);
        }
    }

    /// Takes out what a state no longer has.
    pub(crate) fn leave_out(&self, state: &State) {
        let mut table = self.write();
        let gone: Vec<_> = table.devices().filter(|device| state.device(*device).is_none()).collect();
        for device in gone {
            table.remove_device(device);
        }
    }

    /// Takes in what an event says of devices.
    pub(crate) fn follow(&self, entry: &Entry) {
        let (Event::DevicesFound { devices, .. } | Event::DevicesChanged { devices, .. }) = &entry.event else {
            return;
        };
        let mut table = self.write();
        for (id, found) in devices {
            table.set_device(*id, Facts::of(found, false), entry.at);
        }
    }

    /// Takes in some devices of a state, so that their readings count from now on.
    pub(crate) fn take(&self, state: &State, devices: impl IntoIterator<Item = DeviceId>, at: Timestamp) {
        let mut table = self.write();
        for device in devices.into_iter().filter_map(|id| state.device(id)) {
            table.set_device(device.id, Facts::of(&device.found, false), at);
        }
    }
}
