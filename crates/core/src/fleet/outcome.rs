//! How an order to one target ended.

use crate::ids::{DeviceId, RequestId};
use serde::{Deserialize, Serialize};

/// One order's identity: the request and the target's place in its sorted target list. The agent's journal is keyed by it,
/// which is why no order can be carried out twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct CommandId {
    /// The request the order belongs to.
    pub request: RequestId,
    /// Place in the request's target list, from 0.
    pub item: u32,
}

/// How it ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ending {
    /// Read back from the device: it is as asked.
    Verified,
    /// The target said yes, and nothing can be read back.
    Acknowledged,
    /// The target said no, or reads back otherwise. The message says which.
    Failed,
    /// Not begun before its deadline.
    TimedOut,
    /// Begun, and nobody can say whether it happened. Never tried again by itself.
    Unknown,
    /// Not begun, for the reason in the message (unsupported, agent only monitoring, device gone).
    Skipped,
}

impl Ending {
    /// Whether what was asked for is known to be so.
    #[must_use]
    pub const fn is_success(self) -> bool {
        matches!(self, Self::Verified | Self::Acknowledged)
    }
}

/// The end of one order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TargetResult {
    /// How it ended.
    pub ending: Ending,
    /// For people: what was read back, or why not. At most 200 characters.
    pub message: Option<String>,
    /// Draw just before, W.
    pub power_before_w: Option<u32>,
}

impl TargetResult {
    /// An end with nothing measured.
    #[must_use]
    pub fn of(ending: Ending, message: impl Into<String>) -> Self {
        Self { ending, message: Some(message.into()), power_before_w: None }
    }
}

/// What an order is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Order {
    /// An operation on one device.
    Device {
        /// Which.
        device: DeviceId,
        /// What.
        operation: super::Operation,
    },
    /// Stop every collection worker of the agent and start it again.
    RestartWorkers {},
}
