//! What miners are outlives a simulation: it is given to whoever keeps it, and a later simulation goes on from it.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;

use serde::{Deserialize, Serialize};

use crate::config::{Mode, Pool};

/// Miners by address.
pub type Kept = BTreeMap<Ipv4Addr, KeptMiner>;

/// One miner: what it is configured to do, and since when it does it. Faults are not kept; they belong to a script.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptMiner {
    pub(crate) sleeping: bool,
    pub(crate) mode: Mode,
    pub(crate) power_limit: Option<f64>,
    pub(crate) led: bool,
    /// By hand or not, and at how many percent.
    pub(crate) fan: (bool, u8),
    pub(crate) pools: Vec<KeptPool>,
    pub(crate) password: String,
    pub(crate) write_api: bool,
    pub(crate) reboots: u32,
    /// Unix time of the last boot, seconds.
    pub(crate) up_since: u64,
    /// Unix time at which the mining process started, seconds.
    pub(crate) mining_since: u64,
    pub(crate) accepted: f64,
}

/// A pool with its password, which truths and logs leave out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct KeptPool {
    url: String,
    user: String,
    password: String,
}

impl From<Pool> for KeptPool {
    fn from(Pool { url, user, password }: Pool) -> Self {
        Self { url, user, password }
    }
}

impl From<KeptPool> for Pool {
    fn from(KeptPool { url, user, password }: KeptPool) -> Self {
        Self { url, user, password }
    }
}
