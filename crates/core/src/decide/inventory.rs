//! Containers and sub-accounts: what no scenario governs is made at once by whoever holds the permission.

use super::Tx;
use crate::{
    authz::{Actor, Denied, Node, Permission, Place},
    command::Reply,
    event::Event,
    ids::{ContainerId, SiteId, SubAccountId},
    rejection::Rejection,
};

impl Tx {
    pub(super) fn check_held(&self, actor: &Actor, permission: Permission, place: &Place) -> Result<(), Rejection> {
        let held = self.state.rights_of(actor).allow(permission, place, self.now);
        if held { Ok(()) } else { Err(Denied::lacking(permission).into()) }
    }

    /// Neither on a frozen account nor on one that is about to be deleted.
    pub(super) fn check_open(&self, actor: &Actor) -> Result<(), Rejection> {
        match self.state.account(actor.account) {
            Some(account) if account.frozen => Err(Rejection::Frozen),
            Some(account) => account.deletion.map_or(Ok(()), |at| Err(Rejection::DeletionPending { at })),
            None => Err(Rejection::NotFound { what: "account" }),
        }
    }

    /// The site is in the actor's sight and theirs to say what stands on it.
    fn check_containers_of(&self, actor: &Actor, site: SiteId, what: &'static str) -> Result<(), Rejection> {
        let seen = self.state.rights_of(actor).allow(Permission::DeviceList, &Place::site(site), self.now);
        if !seen || self.state.site(site).is_none_or(|site| site.account != actor.account) {
            return Err(Rejection::NotFound { what });
        }
        self.check_held(actor, Permission::InventoryManage, &Place::site(site))?;
        self.check_open(actor)
    }

    fn check_container_name(&self, site: SiteId, name: &str, but: Option<ContainerId>) -> Result<(), Rejection> {
        crate::requests::check_name(name)?;
        let account = self.state.site(site).map(|site| site.account);
        let mut others = account.into_iter().flat_map(|account| self.state.containers_of(account));
        if others.any(|other| other.site == site && other.name == name && Some(other.id) != but) {
            return Err(Rejection::AlreadyExists { what: format!("a container called {name}") });
        }
        Ok(())
    }

    fn own_container(&self, actor: &Actor, container: ContainerId) -> Result<SiteId, Rejection> {
        let site = self.state.container(container).map(|container| container.site);
        let site = site.ok_or(Rejection::NotFound { what: "container" })?;
        self.check_containers_of(actor, site, "container")?;
        Ok(site)
    }

    pub(super) fn create_container(&mut self, actor: &Actor, site: SiteId, name: String) -> Result<Reply, Rejection> {
        self.check_containers_of(actor, site, "site")?;
        self.check_container_name(site, &name, None)?;
        let container = ContainerId(self.state.containers.get_max().map_or(0, |(id, _)| id.0) + 1);
        self.emit(Event::ContainerCreated { container, account: actor.account, site, name });
        Ok(Reply::Container(container))
    }

    pub(super) fn rename_container(
        &mut self,
        actor: &Actor,
        container: ContainerId,
        name: String,
    ) -> Result<Reply, Rejection> {
        let site = self.own_container(actor, container)?;
        self.check_container_name(site, &name, Some(container))?;
        self.emit(Event::ContainerRenamed { container, name });
        Ok(Reply::Container(container))
    }

    pub(super) fn remove_container(&mut self, actor: &Actor, container: ContainerId) -> Result<Reply, Rejection> {
        self.own_container(actor, container)?;
        let devices = self.state.devices_in(actor.account, Node::Container(container)).len();
        if devices > 0 {
            return Err(Rejection::NotEmpty { what: "the container", devices });
        }
        self.emit(Event::ContainerRemoved { container });
        Ok(Reply::Done)
    }

    pub(super) fn create_sub_account(&mut self, actor: &Actor, name: String) -> Result<Reply, Rejection> {
        self.check_held(actor, Permission::SubaccountCreate, &Place::ACCOUNT)?;
        self.check_open(actor)?;
        self.sub_account_name_is_free(actor.account, &name, None)?;
        let sub_account = SubAccountId(self.state.sub_accounts.get_max().map_or(0, |(id, _)| id.0) + 1);
        self.emit(Event::SubAccountCreated { sub_account, account: actor.account, name });
        Ok(Reply::SubAccount(sub_account))
    }

    pub(super) fn rename_sub_account(
        &mut self,
        actor: &Actor,
        sub_account: SubAccountId,
        name: String,
    ) -> Result<Reply, Rejection> {
        let place = Place::sub_account(sub_account);
        let seen = self.state.rights_of(actor).allow(Permission::DeviceList, &place, self.now);
        if !seen || self.state.sub_account(sub_account).is_none_or(|own| own.account != actor.account) {
            return Err(Rejection::NotFound { what: "sub-account" });
        }
        self.check_held(actor, Permission::SubaccountCreate, &place)?;
        self.check_open(actor)?;
        self.sub_account_name_is_free(actor.account, &name, Some(sub_account))?;
        self.emit(Event::SubAccountRenamed { sub_account, name });
        Ok(Reply::SubAccount(sub_account))
    }
}
