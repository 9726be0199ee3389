//! One device of the table, as it is read.

use crate::{
    activity::ActivityReason,
    connectivity::{Connectivity, ConnectivityReason, Level},
    record::Last,
    status::DeviceStatus,
};
use adit_core::{fleet::Activity, ids::DeviceId, time::Timestamp};

/// One device as it is now.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LiveRow<'a> {
    /// Which.
    pub device: DeviceId,
    /// In one word.
    pub status: DeviceStatus,
    /// Can it be reached?
    pub connectivity: Level<Connectivity, ConnectivityReason>,
    /// What it is doing; the value is `None` unless it is online and that is known, and [`last_activity`](Self::last_activity)
    /// is then what it did when it last answered.
    pub activity: Level<Option<Activity>, ActivityReason>,
    /// What it was doing when it last answered.
    pub last_activity: Option<Activity>,
    /// Since when the level is so that decides the status.
    pub since: Timestamp,
    /// The last answer, also one that refused our credentials; `None` if there was none.
    pub seen_at: Option<Timestamp>,
    /// What it said when it last told something, however long ago.
    pub last: Option<&'a Last>,
    /// Whether [`last`](Self::last) counts as so now: the device is online, and what it said is no older than two and a half
    /// intervals between polls.
    pub is_current: bool,
    /// Whether all of this is from before the server's last start, and not confirmed since.
    pub is_restored: bool,
    /// What it should do in the mode it was last in, TH/s.
    pub expected_hashrate_ths: Option<f32>,
    /// The table's version when it last changed.
    pub version: u64,
}

impl<'a> LiveRow<'a> {
    /// What it says now; nothing if that is only what it said last.
    #[must_use]
    pub fn now(&self) -> Option<&'a Last> {
        self.last.filter(|_| self.is_current)
    }

    /// Does the device answer at its address? `None` as long as its agent has not looked since it was away or paused: the next
    /// polls will tell. Whoever refuses our passwords has not shown that it is the device.
    #[must_use]
    pub const fn answers(&self) -> Option<bool> {
        match self.connectivity.value {
            Connectivity::Online => Some(true),
            Connectivity::Unreachable | Connectivity::AuthRequired => Some(false),
            Connectivity::Unknown => match self.connectivity.reason {
                Some(
                    ConnectivityReason::AgentGone | ConnectivityReason::AgentPaused | ConnectivityReason::NotRestored,
                ) => None,
                // An order speaks to it.
                Some(ConnectivityReason::Busy) => Some(true),
                Some(
                    ConnectivityReason::NeverRead
                    | ConnectivityReason::NotPolled
                    | ConnectivityReason::AgentLate
                    | ConnectivityReason::WrongPassword
                    | ConnectivityReason::Timeout
                    | ConnectivityReason::Refused
                    | ConnectivityReason::NoRoute
                    | ConnectivityReason::OtherDevice,
                )
                | None => Some(false),
            },
        }
    }
}
