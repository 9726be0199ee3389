//! How Adit speaks to devices. One [`Driver`] a family; a [`Device`] is an open connection to one machine.
//!
//! A driver's word is never taken for the deed: [`Device::execute`] says whether the order was accepted, and
//! [`Device::verify`] reads back whether it is so. Silence after an order was sent is [`Outcome::Unknown`], not failure.
//!
//! | driver | devices | speaks |
//! |---|---|---|
//! | `whatsminer-v3` | MicroBT, firmware since 2024-11 | JSON with a length in front on TCP 4433, signed orders |
//! | `whatsminer-v2` | MicroBT, firmware before | JSON on TCP 4028, encrypted orders |
//! | `avalon` | Canaan A series | JSON on TCP 4028, one client at a time |
//! | `antminer` | Bitmain stock firmware | web pages behind a digest password on TCP 80, reads on TCP 4028 |
//!
//! Whatsminers and Avalons are read without a password, so a wrong one shows only when an order is refused. Antminers
//! show nothing without theirs, and are [`Probe::AuthRequired`].
//!
//! # Adding a driver
//!
//! 1. Write a module with a type that implements [`Driver`]: a stable id, the family whose credentials it uses, the ports
//!    by which it shows itself, and a `probe` that only reads and never takes another make's device for its own.
//! 2. Implement [`Device`]. Put every question through `net::question`, which reads what can be read and asks once more what
//!    broke off, and every order through `net::ask` (or a client as bounded in time and size), so that it is known whether
//!    anything was sent: before that an order is [`Outcome::NotSent`], a plain no is [`Outcome::Rejected`]
//!    with the device's words, and everything else after it [`Outcome::Unknown`]. `handle` has what all devices share.
//! 3. Let `read` compare the identity with the one meant, leave what the device does not report `None`, name by `parts` what
//!    could not be read or cannot be, tell faults by `faults`, let `handle::settle` say what the miner does, and never invent
//!    a number. Then `verify` is one line: `verify::read_back`.
//! 4. If one operation takes several orders, say in the module's first lines which and in what order, and send them with
//!    `handle::in_turn`.
//! 5. Add it to [`all`], give the labels of its models to `models`, feed its parsers random JSON in a property test, and
//!    put it through `tests/` against a simulated device, faults included.

mod antminer;
mod avalon;
mod codes;
mod faults;
mod fields;
mod handle;
mod identify;
mod models;
mod net;
mod parts;
mod tolerant;
mod verify;
mod whatsminer;

pub use identify::{identify, share_of};

use adit_core::fleet::{FoundDevice, MissReason, OpKind, Operation, PoolPassword, PowerMode, Reading};
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
    /// It may be sent to a device that has not been confirmed with it, also in clear or in a form that can be guessed at.
    pub to_unknown: bool,
}

impl std::fmt::Debug for Credential {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Credential({} {})", self.family, self.user)
    }
}

/// Every driver. A device that several could speak to belongs to the first of them.
#[must_use]
pub fn all() -> Vec<Arc<dyn Driver>> {
    vec![
        Arc::new(whatsminer::v3::WhatsminerV3),
        Arc::new(whatsminer::v2::WhatsminerV2),
        Arc::new(avalon::Avalon),
        Arc::new(antminer::Antminer),
    ]
}

/// The driver of that id.
#[must_use]
pub fn by_id(id: &str) -> Option<Arc<dyn Driver>> {
    all().into_iter().find(|driver| driver.id() == id)
}

/// Every port by which some family shows itself, in ascending order.
#[must_use]
pub fn ports() -> Vec<u16> {
    let mut ports: Vec<u16> = all().iter().flat_map(|driver| driver.ports()).copied().collect();
    ports.sort_unstable();
    ports.dedup();
    ports
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
    #[error("unreachable: {words}")]
    Unreachable {
        /// Of which kind that is.
        reason: MissReason,
        /// In words.
        words: String,
    },
    /// This host could not ask it, which says nothing of the device.
    #[error("it could not be asked: {0}")]
    NotAsked(String),
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

/// Who is told what is read while an order is verified.
pub type Heard<'a> = &'a (dyn Fn(&Reading) + Sync);

/// One family of devices.
#[async_trait]
pub trait Driver: Send + Sync {
    /// Stable name, stored with the device, e.g. `whatsminer-v2`.
    fn id(&self) -> &'static str;
    /// Whose credentials it uses, e.g. `whatsminer`.
    fn family(&self) -> &'static str;
    /// TCP ports by which the family shows itself.
    fn ports(&self) -> &'static [u16];
    /// Who is at `ip`? One answer within `limit`; no write is ever sent. Of the credentials it is given those are tried that
    /// the make asks for, in whatever form it asks: whoever calls leaves out what must not go to a stranger.
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
    /// Sends the order once. A device never tells the passwords of its pools: whether it has taken them nobody reads back.
    async fn execute(&self, operation: &Operation<PoolPassword>, limit: Duration) -> Outcome;
    /// Reads back until the device is as asked or `limit` has passed. `before` was read just before the order. Whatever it reads
    /// meanwhile is told to `heard`, for nobody else can ask the device until then.
    async fn verify(
        &self,
        operation: &Operation<PoolPassword>,
        before: &Reading,
        limit: Duration,
        heard: Heard<'_>,
    ) -> Verdict;
}

/// Any JSON a device might send, some of it with the names devices use.
#[cfg(test)]
fn any_json() -> impl proptest::strategy::Strategy<Value = serde_json::Value> {
    use proptest::prelude::*;
    use serde_json::Value;
    const NAMES: &str = "STATUS|SUMMARY|STATS|POOLS|VERSION|Msg|msg|code|Code|enc|mac|MAC|macaddr|mineroff|working|summary|\
        power|mode|pools|Power|HS RT|Elapsed|MM ID0|url|URL|user|User|temp_chip1|error_code|error-code|miner|network|minertype";
    let name =
        prop_oneof![proptest::sample::select(NAMES.split('|').collect::<Vec<_>>()).prop_map(str::to_owned), ".{0,8}"];
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,40}".prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 64, 6, move |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::vec((name.clone(), inner), 0..6)
                .prop_map(|pairs| Value::Object(pairs.into_iter().collect())),
        ]
    })
}
