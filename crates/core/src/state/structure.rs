//! What there is: sites, agents, scan tasks, containers, sub-accounts and devices. What was removed is found by nobody but
//! those who ask for it *ever*: the log still speaks of it, and its number is not used again.

use super::{State, identity_keys};
use crate::{
    fleet::{Agent, Container, Device, DeviceIdentity, ScanTask, Site, SubAccount},
    ids::{AccountId, AgentId, ContainerId, DeviceId, ScanTaskId, SiteId, SubAccountId},
};

impl State {
    /// Sites of an account.
    pub fn sites_of(&self, account: AccountId) -> impl Iterator<Item = &Site> {
        self.sites.values().filter(move |site| site.account == account && !site.removed)
    }

    /// One site.
    #[must_use]
    pub fn site(&self, id: SiteId) -> Option<&Site> {
        self.site_ever(id).filter(|site| !site.removed)
    }

    /// One site, also if it was removed.
    #[must_use]
    pub fn site_ever(&self, id: SiteId) -> Option<&Site> {
        self.sites.get(&id)
    }

    /// Containers of an account.
    pub fn containers_of(&self, account: AccountId) -> impl Iterator<Item = &Container> {
        self.containers.values().filter(move |container| container.account == account && !container.removed)
    }

    /// One container.
    #[must_use]
    pub fn container(&self, id: ContainerId) -> Option<&Container> {
        self.container_ever(id).filter(|container| !container.removed)
    }

    /// One container, also if it was removed.
    #[must_use]
    pub fn container_ever(&self, id: ContainerId) -> Option<&Container> {
        self.containers.get(&id)
    }

    /// Sub-accounts of an account.
    pub fn sub_accounts_of(&self, account: AccountId) -> impl Iterator<Item = &SubAccount> {
        self.sub_accounts.values().filter(move |sub_account| sub_account.account == account && !sub_account.removed)
    }

    /// One sub-account.
    #[must_use]
    pub fn sub_account(&self, id: SubAccountId) -> Option<&SubAccount> {
        self.sub_account_ever(id).filter(|sub_account| !sub_account.removed)
    }

    /// One sub-account, also if it was removed.
    #[must_use]
    pub fn sub_account_ever(&self, id: SubAccountId) -> Option<&SubAccount> {
        self.sub_accounts.get(&id)
    }

    /// Agents of an account.
    pub fn agents_of(&self, account: AccountId) -> impl Iterator<Item = &Agent> {
        self.agents.values().filter(move |agent| agent.account == account && !agent.revoked)
    }

    /// One agent.
    #[must_use]
    pub fn agent(&self, id: AgentId) -> Option<&Agent> {
        self.agent_ever(id).filter(|agent| !agent.revoked)
    }

    /// One agent, also if it was revoked.
    #[must_use]
    pub fn agent_ever(&self, id: AgentId) -> Option<&Agent> {
        self.agents.get(&id)
    }

    /// Scan tasks of an agent.
    pub fn scan_tasks_of(&self, agent: AgentId) -> impl Iterator<Item = &ScanTask> {
        self.scan_tasks().filter(move |task| task.agent == agent)
    }

    /// Every scan task.
    pub fn scan_tasks(&self) -> impl Iterator<Item = &ScanTask> {
        self.scan_tasks.values().filter(|task| !task.removed)
    }

    /// One scan task.
    #[must_use]
    pub fn scan_task(&self, id: ScanTaskId) -> Option<&ScanTask> {
        self.scan_task_ever(id).filter(|task| !task.removed)
    }

    /// One scan task, also if it was removed.
    #[must_use]
    pub fn scan_task_ever(&self, id: ScanTaskId) -> Option<&ScanTask> {
        self.scan_tasks.get(&id)
    }

    /// Every device, by id.
    pub fn devices(&self) -> impl Iterator<Item = &Device> {
        self.devices.iter().map(AsRef::as_ref).filter(|device| !device.removed)
    }

    /// One device.
    #[must_use]
    pub fn device(&self, id: DeviceId) -> Option<&Device> {
        self.devices.get(id.index().checked_sub(1)?).map(AsRef::as_ref).filter(|device| !device.removed)
    }

    /// The devices of an account that are recognised by `identity`: the one that has its MAC, then the one that has its serial
    /// number, if that is another.
    pub fn devices_by_identity(&self, account: AccountId, identity: &DeviceIdentity) -> impl Iterator<Item = &Device> {
        let mut ids = identity_keys(account, identity).filter_map(|key| self.by_identity.get(&key).copied());
        let first = ids.next();
        let second = ids.next().filter(|second| Some(*second) != first);
        first.into_iter().chain(second).filter_map(move |id| self.device(id))
    }

    /// The device of an account that is recognised by `identity`, by its MAC where that is known.
    #[must_use]
    pub fn device_by_identity(&self, account: AccountId, identity: &DeviceIdentity) -> Option<&Device> {
        self.devices_by_identity(account, identity).next()
    }
}
