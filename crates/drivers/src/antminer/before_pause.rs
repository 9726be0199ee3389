//! Which mode a miner had before it was put to sleep. Its configuration has one number for both, so sleeping overwrites it.
//! Kept for the life of the process and by who the device is, because handles are made anew with every change of address
//! or password.

use adit_core::fleet::DeviceIdentity;
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

fn modes() -> MutexGuard<'static, HashMap<DeviceIdentity, u64>> {
    static MODES: LazyLock<Mutex<HashMap<DeviceIdentity, u64>>> = LazyLock::new(Mutex::default);
    MODES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The device was seen awake in the mode of this number.
pub(super) fn remember(device: &DeviceIdentity, number: u64) {
    let mut modes = modes();
    if modes.get(device) != Some(&number) {
        modes.insert(device.clone(), number);
    }
}

/// The number of the mode it was last seen awake in.
pub(super) fn of(device: &DeviceIdentity) -> Option<u64> {
    modes().get(device).copied()
}
