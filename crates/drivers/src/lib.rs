//! How Adit speaks to devices. One [`Driver`] a family; a [`Device`] is an open connection to one machine.
//!
//! A driver's word is never taken for the deed: [`Device::execute`] says whether the order was accepted, and
//! [`Device::verify`] reads back whether it is so. Silence after an order was sent is [`Outcome::Unknown`], not failure.

use adit_core::fleet::{FoundDevice, OpKind, Operation, PowerMode, Reading};
use adit_core::ids::DeviceId;
use async_trait::async_trait;
use std::{net::IpAddr, sync::Arc, time::Duration};

/// A user name and password to try. Its `Debug` form hides the password.
#[derive(Clone, PartialEq, Eq)]
pub struct Credential {
    /// Driver family it is for: `whatsminer`, `avalon`, `antminer`.
    pub family: String,
    /// User name where the make has one, else empty.
    pub user: String,
    /// Password.
    pub password: String,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential({} {})", self.family, self.user)
    }
}

/// What a look at one address found.
#[derive(Debug, Clone, PartialEq)]
pub enum Probe {
    /// Nothing answers there.
    Silent,
    /// Something answers, and it is not this family or cannot be read.
    OpenUnknown,
    /// It is this family, and it refuses our credentials.
    AuthRequired {
        /// Which family.
        family: &'static str,
    },
    /// Identified.
    Found(Box<FoundDevice>),
}

/// Why a device could not be opened or read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DeviceError {
    /// No connection, or it broke.
    #[error("unreachable: {0}")]
    Unreachable(String),
    /// It refuses our credentials.
    #[error("the device refuses the password")]
    AuthRequired,
    /// Another device answers at this address.
    #[error("another device answers at this address: {seen}")]
    Changed {
        /// MAC or serial of what answers.
        seen: String,
    },
    /// It answered something this driver cannot read.
    #[error("an answer that cannot be read: {0}")]
    Unreadable(String),
}

/// What became of an order that was sent, by the device's own word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The device said yes.
    Accepted,
    /// The device said no; nothing has changed.
    Rejected {
        /// Its words.
        reason: String,
    },
    /// The order was not sent: nothing can have changed.
    NotSent {
        /// Why.
        reason: String,
    },
    /// The order was sent, and there is no trustworthy answer.
    Unknown {
        /// Why.
        reason: String,
    },
}

/// What reading back said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It is as asked.
    Confirmed {
        /// What was seen, for people.
        seen: String,
        /// Draw now, W.
        power_w: Option<u32>,
    },
    /// It is otherwise.
    Contradicted {
        /// What was seen, for people.
        seen: String,
    },
    /// Could not be read in time.
    Unreadable {
        /// Why.
        reason: String,
    },
    /// This operation leaves nothing to read back.
    Unverifiable,
}

/// One family of devices.
#[async_trait]
pub trait Driver: Send + Sync {
    /// Stable name, stored with the device, e.g. `whatsminer-v2`.
    fn id(&self) -> &'static str;
    /// Whose credentials it uses, e.g. `whatsminer`.
    fn family(&self) -> &'static str;
    /// TCP ports by which the family shows itself.
    fn ports(&self) -> &'static [u16];
    /// Who is at `ip`? One answer within `limit`; no write is ever sent.
    async fn probe(&self, ip: IpAddr, credentials: &[Credential], limit: Duration) -> Probe;
    /// A handle on a device known from an earlier probe; nothing is sent yet.
    fn open(&self, target: Target, credentials: &[Credential]) -> Arc<dyn Device>;
}

/// Which device a handle is for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Target {
    /// The server's id, put into readings.
    pub device: DeviceId,
    /// Where it is.
    pub ip: IpAddr,
    /// MAC and serial it must have.
    pub identity: adit_core::fleet::DeviceIdentity,
    /// Model, as identified.
    pub model: String,
}

/// One device.
#[async_trait]
pub trait Device: Send + Sync {
    /// What it can be told to do.
    fn supports(&self, kind: OpKind) -> bool;
    /// Modes it has.
    fn modes(&self) -> &[PowerMode];
    /// What it says of itself now. Fields it does not report are `None`.
    ///
    /// # Errors
    /// Every [`DeviceError`].
    async fn read(&self, limit: Duration) -> Result<Reading, DeviceError>;
    /// Is the device at this address still the one we mean? Called right before a write.
    ///
    /// # Errors
    /// [`DeviceError::Changed`] if not, others if nobody can say.
    async fn confirm_identity(&self, limit: Duration) -> Result<(), DeviceError>;
    /// Sends the order once.
    async fn execute(&self, operation: &Operation, limit: Duration) -> Outcome;
    /// Reads back until the device is as asked or `limit` has passed. `before` was read just before the order.
    async fn verify(&self, operation: &Operation, before: &Reading, limit: Duration) -> Verdict;
}
