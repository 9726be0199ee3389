//! What is known of a device: how to recognise it, and what it last said. Unknown is `None`, never zero.

use super::{OpKind, Operation, Pool, PowerMode};
use crate::ids::DeviceId;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// How a device is recognised: by its MAC, else by its serial number.
#[derive(Debug, Default, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct DeviceIdentity {
    /// Lower-case, colon separated (`02:ad:17:00:00:01`).
    pub mac: Option<String>,
    /// The maker's serial number, 1 to 64 characters.
    pub serial: Option<String>,
}

/// Expected watts at the wall in each mode, where the driver knows the model.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "named after the modes")]
pub struct ModePower {
    pub sleep_w: Option<u32>,
    pub low_w: Option<u32>,
    pub normal_w: Option<u32>,
    pub high_w: Option<u32>,
}

impl ModePower {
    /// Expected watts in `mode`.
    #[must_use]
    pub const fn in_mode(&self, mode: PowerMode) -> Option<u32> {
        match mode {
            PowerMode::Sleep => self.sleep_w,
            PowerMode::Low => self.low_w,
            PowerMode::Normal => self.normal_w,
            PowerMode::High => self.high_w,
        }
    }

    /// The least that is expected in a mode in which it works, W.
    #[must_use]
    pub fn least_at_work_w(&self) -> Option<u32> {
        [self.low_w, self.normal_w, self.high_w].into_iter().flatten().min()
    }
}

/// What an agent says of a device it has identified on the network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FoundDevice {
    /// How to recognise it; at least one of the two is there.
    pub identity: DeviceIdentity,
    /// Where it answered.
    pub ip: IpAddr,
    /// Maker, e.g. `MicroBT`.
    pub make: String,
    /// Model, e.g. `M30S++`.
    pub model: String,
    /// Firmware family and version.
    pub firmware: String,
    /// Which driver speaks to it, e.g. `whatsminer-v2`.
    pub driver: String,
    /// What it can be told to do.
    pub supports: Vec<OpKind>,
    /// Modes it can be put into.
    pub modes: Vec<PowerMode>,
    /// What the modes draw.
    pub mode_power: ModePower,
    /// Nameplate hashrate in gigahashes a second.
    pub expected_hashrate_ghs: Option<u32>,
}

/// The model of a Whatsminer that does not say which it is.
pub const UNKNOWN_WHATSMINER: &str = "Whatsminer";

impl FoundDevice {
    /// Can it be told to do this, and into this mode?
    #[must_use]
    pub fn takes(&self, operation: &Operation) -> bool {
        let has_mode = match operation {
            Operation::SetPowerMode { mode } => self.modes.contains(mode),
            Operation::Reboot {}
            | Operation::RestartMining {}
            | Operation::Pause {}
            | Operation::Resume {}
            | Operation::Locate { .. }
            | Operation::SetPools { .. } => true,
        };
        has_mode && self.supports.contains(&operation.kind())
    }
}

/// What goes on inside a miner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words of the field")]
pub enum Activity {
    Mining,
    Starting,
    Paused,
    Stopped,
    Rebooting,
    Failed,
    NoPool,
}

/// How an entry of [`Reading::errors`] begins that names a part which could not be read, rather than a fault.
pub const UNREAD: &str = "not read: ";
/// Of the parts that could not be read, the one without which nobody can say that a device has no faults.
pub const UNREAD_FAULTS: &str = "not read: faults";

/// Does this entry of [`Reading::errors`] say that something is, or may be, wrong with the device?
#[must_use]
pub fn is_fault(error: &str) -> bool {
    !error.starts_with(UNREAD) || error.starts_with(UNREAD_FAULTS)
}

/// What a device answered to one poll.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// Whose it is.
    pub device: DeviceId,
    /// What it is doing.
    pub activity: Option<Activity>,
    /// Hashrate now, TH/s.
    pub hashrate_ths: Option<f32>,
    /// Draw at the wall, W.
    pub power_w: Option<u32>,
    /// Hottest chip, °C.
    pub temp_chip_max_c: Option<f32>,
    /// Air or water going in, °C.
    pub temp_inlet_c: Option<f32>,
    /// Mean fan speed, revolutions a minute.
    pub fan_rpm: Option<u32>,
    /// Seconds since the miner started.
    pub uptime_s: Option<u64>,
    /// Mode it says it is in.
    pub power_mode: Option<PowerMode>,
    /// Locate LED.
    pub led_on: Option<bool>,
    /// Pools it says it has.
    pub pools: Option<Vec<Pool>>,
    /// What is wrong, in words or as the maker's codes, and behind that [what could not be read](UNREAD); at most 16 of at
    /// most 120 characters.
    pub errors: Vec<String>,
}

impl Reading {
    /// A reading in which the device tells nothing.
    #[must_use]
    pub const fn empty(device: DeviceId) -> Self {
        Self {
            device,
            activity: None,
            hashrate_ths: None,
            power_w: None,
            temp_chip_max_c: None,
            temp_inlet_c: None,
            fan_rpm: None,
            uptime_s: None,
            power_mode: None,
            led_on: None,
            pools: None,
            errors: Vec::new(),
        }
    }
}

/// This many polls in a row, made in time and not answered, mean that a device is not there.
pub const MISSES: u8 = 3;

/// Why a poll that was made in time got no answer of the device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MissReason {
    /// No whole answer came in time, or the connection broke.
    Timeout,
    /// Nothing listens on its port.
    Refused,
    /// The network has no way to its address.
    NoRoute,
    /// Another device answers at its address.
    OtherDevice,
}

/// How one poll of a device ended. A poll that the agent itself was too busy for has no result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "result", rename_all = "snake_case")]
pub enum PollResult {
    /// It answered.
    Answered {
        /// What.
        reading: Box<Reading>,
    },
    /// It answered, and refuses the passwords known for it.
    AuthRequired {
        /// Which device.
        device: DeviceId,
    },
    /// It did not answer.
    Missed {
        /// Which device.
        device: DeviceId,
        /// Why.
        reason: MissReason,
    },
    /// It was not asked: an order is being carried out on it, and only one may speak to it.
    Busy {
        /// Which device.
        device: DeviceId,
    },
}

impl PollResult {
    /// Whose it is.
    #[must_use]
    pub const fn device(&self) -> DeviceId {
        match self {
            Self::Answered { reading } => reading.device,
            Self::AuthRequired { device } | Self::Missed { device, .. } | Self::Busy { device } => *device,
        }
    }
}

impl From<Reading> for PollResult {
    fn from(reading: Reading) -> Self {
        Self::Answered { reading: Box::new(reading) }
    }
}
