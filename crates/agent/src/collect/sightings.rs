//! What the sweeps have seen, address by address: so that nothing found while the server was away is lost, and that a device which
//! falls silent where it was known is told of where it was seen last.

use adit_core::{fleet::FoundDevice, ids::ScanTaskId};
use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
};

#[derive(Default)]
pub(crate) struct Sightings(Mutex<BTreeMap<IpAddr, (ScanTaskId, FoundDevice)>>);

impl Sightings {
    fn map(&self) -> MutexGuard<'_, BTreeMap<IpAddr, (ScanTaskId, FoundDevice)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn seen(&self, task: ScanTaskId, device: FoundDevice) {
        self.map().insert(device.ip, (task, device));
    }

    pub fn gone(&self, ip: IpAddr) {
        self.map().remove(&ip);
    }

    /// Forgets what other tasks than these have seen.
    pub fn keep_tasks(&self, tasks: &[ScanTaskId]) {
        self.map().retain(|_, (task, _)| tasks.contains(task));
    }

    /// Everything seen for which `is_news` says yes.
    pub fn news(&self, is_news: impl Fn(&FoundDevice) -> bool) -> Vec<(ScanTaskId, FoundDevice)> {
        self.map().values().filter(|(_, device)| is_news(device)).cloned().collect()
    }
}
