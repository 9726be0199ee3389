//! What [`run`](crate::run) is told.

use crate::executor;
use adit_core::time::Timestamp;
use adit_drivers::Driver;
use std::{
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

/// What time it is.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// 64 random bits.
pub type Random = Arc<dyn Fn() -> u64 + Send + Sync>;

/// Where the server is, where files go, which drivers to use, and how hard to try.
#[derive(Clone)]
pub struct AgentOptions {
    /// `wss://host[:port]`, or `ws://` to a loopback address.
    pub server: String,
    /// The agent's own folder: keys, journal. One agent a folder.
    pub data_dir: PathBuf,
    /// The one-time token, which names the server's key; not needed once enrolled.
    pub enrolment_token: Option<String>,
    /// A file that narrows what any server may do here; see [`policy`](crate::policy).
    pub local_policy: Option<PathBuf>,
    /// PEM certificates to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// Host name to report; the system's if `None`.
    pub host: Option<String>,
    /// Families of devices it can speak to.
    pub drivers: Vec<Arc<dyn Driver>>,
    /// Limits of carrying out orders.
    pub execution: executor::Limits,
    /// Limits of finding and polling.
    pub collection: CollectLimits,
    /// How often it speaks to the server.
    pub pace: Pace,
    /// The wall clock.
    pub clock: Clock,
    /// For keys and for the jitter between reconnections.
    pub random: Random,
}

/// Limits of finding and polling devices, for the whole agent.
#[derive(Debug, Clone, Copy)]
pub struct CollectLimits {
    /// Addresses being looked at at once. Above about 400 a directly attached network loses answers in the
    /// kernel's neighbour table.
    pub connects: usize,
    /// How long an address may take to accept a connection.
    pub connect: Duration,
    /// Devices being identified at once.
    pub identifications: usize,
    /// How long one identification may take.
    pub identification: Duration,
    /// Polls in flight.
    pub polls: usize,
    /// How long one poll may take.
    pub poll: Duration,
}

impl Default for CollectLimits {
    fn default() -> Self {
        Self {
            connects: 400,
            connect: Duration::from_millis(700),
            identifications: 64,
            identification: Duration::from_secs(10),
            polls: 256,
            poll: Duration::from_secs(8),
        }
    }
}

/// How often the agent speaks to the server.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    /// Readings, finds and results are collected this long before they are sent.
    pub batch: Duration,
    /// Between two reports of what the agent is doing, when nothing changes.
    pub status: Duration,
    /// The server is taken for gone after this long without a word of its own; it says one every few seconds.
    pub silence: Duration,
    /// The first wait before connecting again; doubled each time, and shortened at random by up to half.
    pub retry_from: Duration,
    /// The longest wait before connecting again.
    pub retry_to: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            batch: Duration::from_millis(500),
            status: Duration::from_secs(5),
            silence: Duration::from_secs(45),
            retry_from: Duration::from_millis(500),
            retry_to: Duration::from_secs(60),
        }
    }
}

impl AgentOptions {
    /// With the usual limits, the system's clock and the system's randomness.
    #[must_use]
    pub fn new(server: impl Into<String>, data_dir: impl Into<PathBuf>, drivers: Vec<Arc<dyn Driver>>) -> Self {
        Self {
            server: server.into(),
            data_dir: data_dir.into(),
            enrolment_token: None,
            local_policy: None,
            ca_file: None,
            host: None,
            drivers,
            execution: executor::Limits::default(),
            collection: CollectLimits::default(),
            pace: Pace::default(),
            clock: Arc::new(system_time),
            random: Arc::new(|| getrandom::u64().expect("the system always has randomness once it has started")),
        }
    }
}

fn system_time() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
