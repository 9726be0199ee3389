//! Containers and sub-accounts: what no scenario governs is made at once by whoever holds the permission.

use super::Tx;
use crate::{
    authz::{Actor, Denied, Permission, Place},
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

    pub(super) fn create_container(&mut self, actor: &Actor, site: SiteId, name: String) -> Result<Reply, Rejection> {
        let account = actor.account;
        let seen = self.state.rights_of(actor).allow(Permission::DeviceList, &Place::site(site), self.now);
        if !seen || self.state.site(site).is_none_or(|site| site.account != account) {
            return Err(Rejection::NotFound { what: "site" });
        }
        self.check_held(actor, Permission::InventoryManage, &Place::site(site))?;
        crate::requests::check_name(&name)?;
        if self.state.containers_of(account).any(|other| other.site == site && other.name == name) {
            return Err(Rejection::AlreadyExists { what: format!("a container called {name}") });
        }
        let container = ContainerId(self.state.containers.get_max().map_or(0, |(id, _)| id.0) + 1);
        self.emit(Event::ContainerCreated { container, account, site, name });
        Ok(Reply::Container(container))
    }

    pub(super) fn create_sub_account(&mut self, actor: &Actor, name: String) -> Result<Reply, Rejection> {
        let account = actor.account;
        self.check_held(actor, Permission::SubaccountCreate, &Place::ACCOUNT)?;
        crate::requests::check_name(&name)?;
        if self.state.sub_accounts_of(account).any(|other| other.name == name) {
            return Err(Rejection::AlreadyExists { what: format!("a sub-account called {name}") });
        }
        let sub_account = SubAccountId(self.state.sub_accounts.get_max().map_or(0, |(id, _)| id.0) + 1);
        self.emit(Event::SubAccountCreated { sub_account, account, name });
        Ok(Reply::SubAccount(sub_account))
    }
}
