//! What every device says now, kept in step with which devices there are.

use crate::engine::Engine;
use adit_core::{
    event::{Entry, Event, device_of},
    fleet::PollResult,
    ids::{DeviceId, RequestId},
    requests::{Action, ItemState},
    state::State,
    time::{Millis, Timestamp},
};
use adit_telemetry::{Facts, LiveTable, OrderStep, Polling};
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

/// A device that has just been found is polled by whoever found it; how often, its agent tells.
const FOUND: Polling = Polling::Polled { interval: Millis::seconds(30) };

/// The live table, shared. Hold its locks briefly and never across an `await`.
#[derive(Clone, Default)]
pub struct Live(Arc<RwLock<LiveTable>>);

impl Live {
    /// A table with every device of the engine's state, none of them heard of yet.
    #[must_use]
    pub fn of(engine: &Engine) -> Self {
        let live = Self::default();
        let now = engine.now();
        // Whether somebody polls them is told by whoever watches their agents.
        live.take_devices(&engine.state(), Polling::Awaited { saved_at: now }, now);
        live.note_all_orders(&engine.state(), now);
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

    /// Takes in how polls ended, received at `at`; of how many devices that it knows.
    pub fn hear(&self, results: &[PollResult], at: Timestamp) -> usize {
        self.write().apply(results, at)
    }

    /// Takes in every device of a state, and what has been asked of them.
    pub fn take_all(&self, state: &State, at: Timestamp) {
        self.leave_out(state);
        self.take_devices(state, FOUND, at);
        self.note_all_orders(state, at);
    }

    /// `polling` is how those are polled that are new.
    fn take_devices(&self, state: &State, polling: Polling, at: Timestamp) {
        let mut table = self.write();
        for device in state.devices() {
            table.set_device(device.id, Facts::of(&device.found, false), polling, at);
        }
    }

    /// Takes in what has been asked of devices: orders that have ended, and those that are under way at `now`.
    pub(crate) fn note_all_orders(&self, state: &State, now: Timestamp) {
        let mut table = self.write();
        for request in state.requests() {
            let Action::Device(operation) = &request.payload.action else { continue };
            for (target, item) in request.payload.targets.iter().zip(&request.items) {
                let (step, at) = match item {
                    ItemState::Open { .. } => (OrderStep::Begun, now),
                    ItemState::Ended { result, at, .. } => (result.ending.into(), *at),
                    ItemState::Waiting | ItemState::Dropped { .. } => continue,
                };
                if let Some(device) = device_of(*target) {
                    table.note_order(device, operation, step, at);
                }
            }
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

    /// Takes in what an event says of devices; `state` is one that it is in.
    pub(crate) fn follow(&self, state: &State, entry: &Entry) {
        match &entry.event {
            Event::DevicesFound { devices, .. } | Event::DevicesChanged { devices, .. } => {
                let mut table = self.write();
                for (id, found) in devices {
                    table.set_device(*id, Facts::of(found, false), FOUND, entry.at);
                }
            }
            // A miner is seen to do what it was asked for before the order has ended.
            Event::RequestExecuting { request, agents, .. } => {
                let begun = agents.iter().map(|(item, _)| (*item, OrderStep::Begun));
                self.note_orders(state, *request, begun, entry.at);
            }
            Event::ItemsEnded { request, results } => {
                let ended = results.iter().map(|(item, result)| (*item, result.ending.into()));
                self.note_orders(state, *request, ended, entry.at);
            }
            _ => {}
        }
    }

    fn note_orders(
        &self,
        state: &State,
        request: RequestId,
        items: impl Iterator<Item = (u32, OrderStep)>,
        at: Timestamp,
    ) {
        let Some(request) = state.request(request) else { return };
        let Action::Device(operation) = &request.payload.action else { return };
        let mut table = self.write();
        for (item, step) in items {
            let target = request.payload.targets.get(item as usize);
            if let Some(device) = target.and_then(|target| device_of(*target)) {
                table.note_order(device, operation, step, at);
            }
        }
    }

    /// Takes in some devices of a state, so that their readings count from now on.
    pub(crate) fn take(&self, state: &State, devices: impl IntoIterator<Item = DeviceId>, at: Timestamp) {
        let mut table = self.write();
        for device in devices.into_iter().filter_map(|id| state.device(id)) {
            table.set_device(device.id, Facts::of(&device.found, false), FOUND, at);
        }
    }
}
