//! What exists: sites, containers, sub-accounts, agents, scan tasks, devices.

use super::{FoundDevice, OpKind, Ranges};
use crate::{
    authz::{Groups, Place},
    ids::{AccountId, AgentId, ContainerId, DeviceId, GroupId, ScanTaskId, SiteId, SubAccountId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// A mining site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Site {
    /// Its id.
    pub id: SiteId,
    /// Whose.
    pub account: AccountId,
    /// For people.
    pub name: String,
    /// What it may draw, W.
    pub capacity_w: Option<u64>,
    /// It is gone, and everything on it.
    pub removed: bool,
}

/// A container of racks on a site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Container {
    /// Its id.
    pub id: ContainerId,
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub site: SiteId,
    /// For people.
    pub name: String,
    /// It is gone.
    pub removed: bool,
}

/// A part of an account with money of its own; devices are assigned to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubAccount {
    /// Its id.
    pub id: SubAccountId,
    /// Whose.
    pub account: AccountId,
    /// For people.
    pub name: String,
    /// It is gone.
    pub removed: bool,
}

/// How much an agent may do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AgentMode {
    /// Watches and carries out orders.
    #[default]
    FullControl,
    /// Watches only; orders are refused.
    MonitoringOnly,
}

/// What the site's own policy, a file beside the agent, lets it do at most, as the agent says itself. It forbids and never permits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SitePolicy {
    /// Operations on devices; all if `None`.
    pub operations: Option<BTreeSet<OpKind>>,
    /// Restarting its workers.
    pub restart_workers: bool,
}

impl Default for SitePolicy {
    /// Nothing is forbidden.
    fn default() -> Self {
        Self { operations: None, restart_workers: true }
    }
}

impl SitePolicy {
    /// Does it let the agent do this to a device?
    #[must_use]
    pub fn allows(&self, kind: OpKind) -> bool {
        self.operations.as_ref().is_none_or(|allowed| allowed.contains(&kind))
    }
}

/// A saved selection of devices. What a grant on it reaches changes with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Group {
    /// Its id, never used again.
    pub id: GroupId,
    /// Whose.
    pub account: AccountId,
    /// For people.
    pub name: String,
    /// Which, in order, each once.
    pub devices: Arc<[DeviceId]>,
    /// Raised with every change.
    pub version: u32,
}

/// The program on a site's network.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Agent {
    /// Its id.
    pub id: AgentId,
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub site: SiteId,
    /// For people.
    pub name: String,
    /// SHA-256 of its enrolment token while that is unspent.
    pub token_hash: Option<String>,
    /// From when on that token opens nothing.
    pub token_ends: Timestamp,
    /// Its public key once enrolled.
    pub public_key: Option<String>,
    /// Whether it carries out orders.
    pub mode: AgentMode,
    /// It neither searches nor polls for the time being.
    pub paused: bool,
    /// What the site's own policy leaves of its orders.
    pub site_policy: SitePolicy,
    /// Its key opens nothing any more.
    pub revoked: bool,
}

impl Agent {
    /// Does it carry out orders?
    #[must_use]
    pub const fn takes_orders(&self) -> bool {
        !self.revoked && matches!(self.mode, AgentMode::FullControl)
    }
}

/// Ranges an agent searches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScanTask {
    /// Its id.
    pub id: ScanTaskId,
    /// Whose.
    pub agent: AgentId,
    /// For people.
    pub name: String,
    /// IPv4 ranges.
    pub ranges: Vec<String>,
    /// Seconds between sweeps.
    pub interval_s: u32,
    /// Off: no sweeps.
    pub enabled: bool,
    /// Its passwords may be sent to devices that have not been confirmed with them.
    pub passwords_to_unknown: bool,
    /// Under which reference its passwords are kept, outside the log.
    pub credentials: Option<String>,
    /// It is gone.
    pub removed: bool,
}

impl ScanTask {
    /// Would its passwords, with these settings, go nowhere where they do not go now? Only whoever knows them sends them
    /// further.
    #[must_use]
    pub fn keeps_passwords(&self, ranges: &[String], passwords_to_unknown: bool) -> bool {
        let within = match (Ranges::parse(ranges), Ranges::parse(&self.ranges)) {
            (Ok(new), Ok(old)) => new.intersection(&old) == new,
            _ => false,
        };
        within && (self.passwords_to_unknown || !passwords_to_unknown)
    }
}

/// A miner.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// Its id.
    pub id: DeviceId,
    /// Whose.
    pub account: AccountId,
    /// Where.
    pub site: SiteId,
    /// Who reaches it.
    pub agent: AgentId,
    /// By which sweep it was found.
    pub scan_task: ScanTaskId,
    /// In which container it stands.
    pub container: Option<ContainerId>,
    /// Whose money it makes.
    pub sub_account: Option<SubAccountId>,
    /// The groups it is in.
    pub groups: Groups,
    /// What it said when it was identified.
    pub found: FoundDevice,
    /// First seen.
    pub since: Timestamp,
    /// It went with its site.
    pub removed: bool,
}

/// An agent says that it sees a device which another agent holds, or one, its own perhaps, at another address than the one at which
/// it is heard. It moves nothing: somebody who may move devices decides with whom the device is, and until then orders go to the
/// agent that holds it, at the address that it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceClaim {
    /// Who says so.
    pub agent: AgentId,
    /// By which sweep.
    pub scan_task: ScanTaskId,
    /// At which address.
    pub ip: IpAddr,
    /// Since when.
    pub since: Timestamp,
}

impl Device {
    /// Where it is, for scopes.
    #[must_use]
    pub const fn place(&self) -> Place {
        Place { site: Some(self.site), container: self.container, sub_account: self.sub_account, groups: self.groups }
    }
}
