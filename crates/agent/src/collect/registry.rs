//! The devices the server says are ours, each with its seat.

use crate::executor::Seat;
use adit_core::{
    fleet::MISSES,
    ids::{DeviceId, ScanTaskId},
};
use adit_drivers::{Credential, Driver, Target};
use adit_wire::{AgentConfig, KnownDevice};
use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
    sync::{
        Arc, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard,
        atomic::{AtomicBool, AtomicU32, Ordering},
    },
};
use tokio::sync::watch;

/// A known device.
pub(crate) struct Member {
    pub known: KnownDevice,
    pub seat: Seat,
    /// Polls in a row that were not answered. Outlives a change of passwords.
    pub misses: Arc<AtomicU32>,
    /// Is a poll waiting or in flight?
    pub polling: Arc<AtomicBool>,
}

impl Member {
    /// Was its last poll answered? One that has not been polled is taken to answer.
    pub fn answers(&self) -> bool {
        self.misses.load(Ordering::Acquire) == 0
    }

    /// Is it not at its address any more?
    pub fn is_silent(&self) -> bool {
        self.misses.load(Ordering::Acquire) >= MISSES.into()
    }
}

#[derive(Default)]
struct Inner {
    members: HashMap<DeviceId, Arc<Member>>,
    by_ip: HashMap<IpAddr, DeviceId>,
    credentials: HashMap<ScanTaskId, Vec<Credential>>,
    /// Named since the list under way began.
    seen: HashSet<DeviceId>,
}

pub(crate) struct Registry {
    drivers: Vec<Arc<dyn Driver>>,
    inner: RwLock<Inner>,
    changed: watch::Sender<()>,
}

impl Registry {
    pub fn new(drivers: Vec<Arc<dyn Driver>>) -> Self {
        Self { drivers, inner: RwLock::default(), changed: watch::channel(()).0 }
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Inner> {
        self.inner.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Tells when members come, go or change.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub fn len(&self) -> usize {
        self.read().members.len()
    }

    pub fn get(&self, device: DeviceId) -> Option<Arc<Member>> {
        self.read().members.get(&device).cloned()
    }

    pub fn at(&self, ip: IpAddr) -> Option<Arc<Member>> {
        let inner = self.read();
        inner.by_ip.get(&ip).and_then(|device| inner.members.get(device)).cloned()
    }

    /// Those that are not at their addresses any more.
    pub fn silent(&self) -> Vec<Arc<Member>> {
        self.read().members.values().filter(|member| member.is_silent()).cloned().collect()
    }

    /// The ports of the device known at `ip`, if its last poll was answered.
    pub fn answering_ports(&self, ip: IpAddr) -> Option<Vec<u16>> {
        let member = self.at(ip).filter(|member| member.answers())?;
        let driver = self.drivers.iter().find(|driver| driver.id() == member.known.driver)?;
        Some(driver.ports().to_vec())
    }

    /// The devices of one scan task, in order of their ids.
    pub fn of_task(&self, task: ScanTaskId) -> Vec<DeviceId> {
        let inner = self.read();
        let mut devices: Vec<_> =
            inner.members.values().filter(|m| m.known.scan_task == task).map(|m| m.known.device).collect();
        devices.sort_unstable();
        devices
    }

    /// A greeting: a whole list of devices follows.
    pub fn expect_list(&self) {
        self.write().seen.clear();
    }

    /// Takes part of a list; its last part makes those that were not named strangers.
    pub fn update(&self, devices: Vec<KnownDevice>, last: bool) {
        {
            let mut inner = self.write();
            for known in devices {
                inner.seen.insert(known.device);
                self.put(&mut inner, known, false);
            }
            if last {
                let seen = std::mem::take(&mut inner.seen);
                inner.members.retain(|device, _| seen.contains(device));
                inner.by_ip.retain(|_, device| seen.contains(device));
            }
        }
        self.changed.send_replace(());
    }

    /// New passwords mean new handles.
    pub fn configure(&self, config: &AgentConfig) {
        {
            let mut inner = self.write();
            let credentials: HashMap<_, Vec<_>> =
                config.scan_tasks.iter().map(|task| (task.id, super::identify::credentials(task))).collect();
            let before = std::mem::replace(&mut inner.credentials, credentials);
            let stale: Vec<_> = inner
                .members
                .values()
                .filter(|m| before.get(&m.known.scan_task) != inner.credentials.get(&m.known.scan_task))
                .map(|m| m.known.clone())
                .collect();
            for known in stale {
                self.put(&mut inner, known, true);
            }
        }
        self.changed.send_replace(());
    }

    fn put(&self, inner: &mut Inner, known: KnownDevice, anew: bool) {
        let before = inner.members.get(&known.device).cloned();
        if !anew && before.as_ref().is_some_and(|member| member.known == known) {
            return;
        }
        let Some(driver) = self.drivers.iter().find(|driver| driver.id() == known.driver) else {
            tracing::warn!(device = %known.device, driver = known.driver, "no driver of this name: the device is left alone");
            return;
        };
        let credentials = inner.credentials.get(&known.scan_task).map_or(&[][..], Vec::as_slice);
        let target =
            Target { device: known.device, ip: known.ip, identity: known.identity.clone(), model: known.model.clone() };
        let device = driver.open(target, credentials);
        let (mut misses, mut polling) = (Arc::default(), Arc::default());
        let seat = before
            .as_ref()
            .map_or_else(|| Seat::new(Arc::clone(&device)), |before| before.seat.with(Arc::clone(&device)));
        if let Some(before) = before {
            polling = Arc::clone(&before.polling);
            // Whether it is at its new address is not known yet.
            if before.known.ip == known.ip {
                misses = Arc::clone(&before.misses);
            }
            if inner.by_ip.get(&before.known.ip) == Some(&known.device) {
                inner.by_ip.remove(&before.known.ip);
            }
        }
        inner.by_ip.insert(known.ip, known.device);
        inner.members.insert(known.device, Arc::new(Member { known, seat, misses, polling }));
    }
}
