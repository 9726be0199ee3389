//! What events change about grants and roles.

use super::State;
use crate::{
    authz::{ApiAccess, CustomRole, Grant, Role, RoleId, Scope},
    event::Event,
    ids::{AccountId, CustomRoleId, UserId},
};

impl State {
    pub(super) fn apply_people(&mut self, event: &Event) {
        match event {
            Event::GrantAdded { grant, account, user, role, scope, expires_at, remark, api_access } => {
                let grant = Grant {
                    id: *grant,
                    account: *account,
                    user: *user,
                    role: *role,
                    scope: scope.clone(),
                    expires_at: *expires_at,
                    remark: remark.clone(),
                    api_access: *api_access,
                };
                self.next_grant = self.next_grant.max(grant.id.0);
                self.grants.insert(grant.id, grant);
                self.compile_rights(*account, *user);
            }
            Event::GrantChanged { grant, expires_at, remark, api_access, .. } => {
                if let Some(grant) = self.grants.get_mut(grant) {
                    grant.expires_at = *expires_at;
                    grant.remark.clone_from(remark);
                    grant.api_access = *api_access;
                    let (account, user) = (grant.account, grant.user);
                    self.compile_rights(account, user);
                }
            }
            Event::GrantRemoved { grant, account, user } => {
                self.grants.remove(grant);
                self.compile_rights(*account, *user);
            }
            Event::OwnershipTransferred { account, from, to, grant, then, then_grant } => {
                let both = self.grants_of(*account).filter(|held| held.user == *from || held.user == *to);
                let both: Vec<_> = both.map(|held| held.id).collect();
                for held in both {
                    self.grants.remove(&held);
                }
                let whole = |id, user, role| Grant {
                    id,
                    account: *account,
                    user,
                    role,
                    scope: Scope::All,
                    expires_at: None,
                    remark: None,
                    api_access: ApiAccess::None,
                };
                self.next_grant = self.next_grant.max(grant.0).max(then_grant.0);
                self.grants.insert(*grant, whole(*grant, *to, Role::Owner.into()));
                self.grants.insert(*then_grant, whole(*then_grant, *from, *then));
                self.change_account(*account, |a| a.owner = *to);
                [from, to].into_iter().for_each(|user| self.compile_rights(*account, *user));
            }
            Event::UserSuspended { account, user } => self.suspend(*account, *user, true),
            Event::UserUnsuspended { account, user } => self.suspend(*account, *user, false),
            Event::RoleSet { role, account, name, permissions } => {
                let made =
                    CustomRole { id: *role, account: *account, name: name.clone(), permissions: permissions.clone() };
                self.next_role = self.next_role.max(role.0);
                self.roles.insert(*role, made);
                for user in self.holders_of_role(*role) {
                    self.compile_rights(*account, user);
                }
            }
            Event::RoleDeleted { role, .. } => {
                self.roles.remove(role);
            }
            Event::AdministratorsManageUsersSet { account, on } => {
                self.change_account(*account, |a| a.administrators_manage_users = *on);
            }
            _ => {}
        }
    }

    fn suspend(&mut self, account: AccountId, user: UserId, on: bool) {
        self.change_account(account, |a| {
            if on {
                a.suspended.insert(user);
            } else {
                a.suspended.remove(&user);
            }
        });
        self.compile_rights(account, user);
    }

    /// Who holds a role of an account's own.
    pub(crate) fn holders_of_role(&self, role: CustomRoleId) -> Vec<UserId> {
        self.grants.values().filter(|grant| grant.role == RoleId::Custom(role)).map(|grant| grant.user).collect()
    }
}
