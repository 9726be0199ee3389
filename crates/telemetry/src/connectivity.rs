//! The words for whether a device can be reached, and why not.

use adit_core::{fleet::MissReason, time::Timestamp};
use serde::{Deserialize, Serialize};

/// Whether a device can be reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Connectivity {
    /// Nobody can say.
    Unknown,
    /// It answers, and refuses the passwords known for it.
    AuthRequired,
    /// Polled in time, it did not answer three times in a row.
    Unreachable,
    /// It answers.
    Online,
}

impl Connectivity {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Unknown, Self::AuthRequired, Self::Unreachable, Self::Online];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::AuthRequired => "auth_required",
            Self::Unreachable => "unreachable",
            Self::Online => "online",
        }
    }
}

/// Why a device is not online.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConnectivityReason {
    /// Unknown: no poll of it has had a result yet.
    NeverRead,
    /// Unknown: what was known of it before the server's start is lost, and no poll of it has had a result since.
    NotRestored,
    /// Unknown: its agent is paused.
    AgentPaused,
    /// Unknown: nothing is heard of its agent.
    AgentGone,
    /// Unknown: its scan task was removed or its agent revoked, so nobody polls it.
    NotPolled,
    /// Unknown: its agent is there and does not get round to it.
    AgentLate,
    /// Unknown: an order is being carried out on it, in which it has not answered for a while.
    Busy,
    /// None of the passwords known for it is right.
    WrongPassword,
    /// Unreachable: no whole answer in time.
    Timeout,
    /// Unreachable: nothing listens on its port.
    Refused,
    /// Unreachable: the network has no way to its address.
    NoRoute,
    /// Unreachable: another device answers at its address.
    OtherDevice,
}

impl ConnectivityReason {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 12] = [
        Self::NeverRead,
        Self::NotRestored,
        Self::AgentPaused,
        Self::AgentGone,
        Self::NotPolled,
        Self::AgentLate,
        Self::Busy,
        Self::WrongPassword,
        Self::Timeout,
        Self::Refused,
        Self::NoRoute,
        Self::OtherDevice,
    ];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NeverRead => "never_read",
            Self::NotRestored => "not_restored",
            Self::AgentPaused => "agent_paused",
            Self::AgentGone => "agent_gone",
            Self::NotPolled => "not_polled",
            Self::AgentLate => "agent_late",
            Self::Busy => "busy",
            Self::WrongPassword => "wrong_password",
            Self::Timeout => "timeout",
            Self::Refused => "refused",
            Self::NoRoute => "no_route",
            Self::OtherDevice => "other_device",
        }
    }
}

impl From<MissReason> for ConnectivityReason {
    fn from(reason: MissReason) -> Self {
        match reason {
            MissReason::Timeout => Self::Timeout,
            MissReason::Refused => Self::Refused,
            MissReason::NoRoute => Self::NoRoute,
            MissReason::OtherDevice => Self::OtherDevice,
        }
    }
}

/// One level of a status.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Level<V, R> {
    /// What it is.
    pub value: V,
    /// Why, where that says more than the value.
    pub reason: Option<R>,
    /// Since when the value is so.
    pub since: Timestamp,
}
