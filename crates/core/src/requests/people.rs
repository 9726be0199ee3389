//! What can be asked about people, their grants and roles: is it in order, and what follows.

use super::{Control, PolicyChange, Scenario};
use crate::{
    authz::{ApiAccess, Grant, Node, Permission, Role, RoleId, Scope},
    decide::Tx,
    event::{Entry, Event},
    ids::{AccountId, AgentId, CustomRoleId, GrantId, GroupId, ScanTaskId, SiteId, SubAccountId, UserId},
    rejection::{Instead, Rejection},
    state::State,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Most nodes in one scope.
const MAX_NODES: usize = 200;
/// Longest remark, characters.
const MAX_REMARK: usize = 200;
/// Most roles an account makes.
const MAX_ROLES: usize = 100;

/// A grant to be given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewGrant {
    /// Whom.
    pub user: UserId,
    /// What. Not Owner.
    pub role: RoleId,
    /// Where.
    pub scope: Scope,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What for, up to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// Keys; only with scope `all`.
    #[serde(default, skip_serializing_if = "ApiAccess::is_none")]
    pub api_access: ApiAccess,
}

impl NewGrant {
    /// Without end, remark and keys.
    pub fn new(user: UserId, role: impl Into<RoleId>, scope: Scope) -> Self {
        Self { user, role: role.into(), scope, expires_at: None, remark: None, api_access: ApiAccess::None }
    }
}

/// What a grant is to be from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct GrantChange {
    /// Which.
    pub grant: GrantId,
    /// What. Not Owner.
    pub role: RoleId,
    /// Where.
    pub scope: Scope,
    /// Until when.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// What for, up to 200 characters.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remark: Option<String>,
    /// Keys; only with scope `all`.
    #[serde(default, skip_serializing_if = "ApiAccess::is_none")]
    pub api_access: ApiAccess,
}

/// What one open request at a time may be about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Object {
    Config,
    Recovery,
    Ownership,
    Group(GroupId),
    Person(UserId),
    Role(CustomRoleId),
    Site(SiteId),
    Agent(AgentId),
    ScanTask(ScanTaskId),
    SubAccount(SubAccountId),
    Wallet(SubAccountId),
    Allocation(SubAccountId),
    Observers,
}

impl State {
    /// The person whose grants a request is about.
    pub(crate) fn subject(&self, control: &Control) -> Option<UserId> {
        match control {
            Control::AddGrant(new) => Some(new.user),
            Control::ChangeGrant(GrantChange { grant, .. }) | Control::RemoveGrant { grant } => {
                self.grant(*grant).map(|grant| grant.user)
            }
            Control::RemoveUser { user, .. } | Control::SuspendUser { user } | Control::UnsuspendUser { user } => {
                Some(*user)
            }
            _ => None,
        }
    }

    /// What a request locks while it is open. Suspending locks nothing: it must not have to wait.
    pub(crate) fn objects(&self, control: &Control) -> Vec<Object> {
        let person = || self.subject(control).map(Object::Person);
        match control {
            Control::SetPolicies { .. }
            | Control::SetSafeguards(_)
            | Control::SetSecondFactorRequired { .. }
            | Control::SetAdministratorsManageUsers { .. } => {
                vec![Object::Config]
            }
            Control::RemoveUser { changes, .. } if !changes.is_empty() => {
                person().into_iter().chain([Object::Config]).collect()
            }
            Control::SuspendUser { .. } => Vec::new(),
            // Not the counts: whoever has a change of those open must not hold it up.
            Control::Recover(_) => vec![Object::Recovery],
            Control::TransferOwnership { .. } | Control::DeleteAccount { .. } => vec![Object::Ownership],
            Control::ChangeRole { role, .. } | Control::DeleteRole { role } => vec![Object::Role(*role)],
            Control::ChangeGroup { group, .. } | Control::DeleteGroup { group, .. } => vec![Object::Group(*group)],
            Control::ChangeSite { site, .. } | Control::RemoveSite { site, .. } => vec![Object::Site(*site)],
            Control::ReissueAgentToken { agent, .. }
            | Control::ChangeAgent { agent, .. }
            | Control::RevokeAgent { agent } => vec![Object::Agent(*agent)],
            Control::ChangeScanTask { scan_task, .. } | Control::RemoveScanTask { scan_task } => {
                vec![Object::ScanTask(*scan_task)]
            }
            Control::RemoveSubAccount { sub_account } => {
                vec![Object::SubAccount(*sub_account), Object::Wallet(*sub_account), Object::Allocation(*sub_account)]
            }
            Control::OpenObservers { .. } => vec![Object::Observers],
            Control::SetWallet { sub_account, .. } => vec![Object::Wallet(*sub_account)],
            Control::SetAllocation { sub_account, .. } => vec![Object::Allocation(*sub_account)],
            _ => person().into_iter().collect(),
        }
    }
}

impl Tx {
    /// Is what is asked about people in order, as things are now?
    pub(crate) fn check_people(&self, account: AccountId, control: &Control) -> Result<(), Rejection> {
        match control {
            Control::AddGrant(new) => self.check_new_grant(account, new)?,
            Control::ChangeGrant(change) => self.check_grant_change(account, change)?,
            Control::RemoveGrant { grant } => drop(self.changeable_grant(account, *grant)?),
            Control::RemoveUser { user, changes } => {
                self.check_member(account, *user)?;
                self.check_named_once(changes)?;
                self.check_lowered(account, changes)?;
                changes.iter().try_for_each(|change| self.check_lowered_with(account, change))?;
            }
            Control::SuspendUser { user } => {
                self.check_member(account, *user)?;
                if self.state().is_suspended(account, *user) {
                    return Err(Rejection::AlreadyExists { what: "suspended this person".into() });
                }
            }
            Control::UnsuspendUser { user } if !self.state().is_suspended(account, *user) => {
                return Err(Rejection::NotFound { what: "suspended person" });
            }
            Control::CreateRole { name, permissions } => self.check_role(account, None, name, permissions)?,
            Control::ChangeRole { role, name, permissions } => {
                self.own_role(account, *role)?;
                self.check_role(account, Some(*role), name, permissions)?;
            }
            Control::SetSecondFactorRequired { on } if *on == self.state().second_factor_required(account) => {
                return Err(Rejection::AlreadyExists { what: "this setting".into() });
            }
            Control::TransferOwnership { to, then } => self.check_transfer(account, *to, *then)?,
            Control::DeleteRole { role } => {
                self.own_role(account, *role)?;
                if !self.state().holders_of_role(*role).is_empty() {
                    let problem = "people hold it: give them another role first".into();
                    return Err(Rejection::Invalid { field: "role", problem });
                }
            }
            _ => {}
        }
        let scenarios = self.locked_out_by(account, control);
        let instead = match control {
            Control::SuspendUser { .. } => Instead::Freeze,
            Control::RemoveUser { .. } => Instead::LowerToo,
            Control::SetSecondFactorRequired { .. } => Instead::Enrol,
            _ => Instead::LowerFirst,
        };
        if scenarios.is_empty() { Ok(()) } else { Err(Rejection::WouldLockOut { scenarios, instead }) }
    }

    /// A removal makes room for itself: it lowers counts that can be chosen.
    fn check_lowered_with(&self, account: AccountId, change: &PolicyChange) -> Result<(), Rejection> {
        let (scenario, seen) = (change.scenario, change.version);
        if scenario.has_fixed_counts() {
            let problem = format!("how many people {} takes cannot be changed", scenario.name());
            return Err(Rejection::Invalid { field: "changes", problem });
        }
        if seen.is_some_and(|seen| seen != self.state().policy(account, scenario).version) {
            return Err(Rejection::Changed);
        }
        self.check_count_lowered(account, change)
    }

    fn check_new_grant(&self, account: AccountId, new: &NewGrant) -> Result<(), Rejection> {
        self.check_newcomer(account, new.user)?;
        self.check_terms(account, new.role, &new.scope, new.expires_at, new.remark.as_deref(), new.api_access)?;
        let holds = self.state().grants_of(account).any(|grant| grant.user == new.user && grant.role == new.role);
        if holds {
            let what = "given this person this role: change that grant".into();
            return Err(Rejection::AlreadyExists { what });
        }
        Ok(())
    }

    fn check_grant_change(&self, account: AccountId, change: &GrantChange) -> Result<(), Rejection> {
        let old = self.changeable_grant(account, change.grant)?;
        let GrantChange { role, scope, expires_at, remark, api_access, .. } = change;
        self.check_terms(account, *role, scope, *expires_at, remark.as_deref(), *api_access)?;
        let twin = |grant: &Grant| grant.id != old.id && grant.user == old.user && grant.role == *role;
        if self.state().grants_of(account).any(twin) {
            let what = "given this person this role: change that grant".into();
            return Err(Rejection::AlreadyExists { what });
        }
        Ok(())
    }

    fn check_terms(
        &self,
        account: AccountId,
        role: RoleId,
        scope: &Scope,
        expires_at: Option<Timestamp>,
        remark: Option<&str>,
        api_access: ApiAccess,
    ) -> Result<(), Rejection> {
        let invalid = |field, problem: &str| Err(Rejection::Invalid { field, problem: problem.into() });
        match role {
            RoleId::BuiltIn(Role::Owner) => return Err(Rejection::OwnerProtected),
            RoleId::BuiltIn(_) => {}
            RoleId::Custom(role) => self.own_role(account, role)?,
        }
        if !api_access.is_none() && !scope.is_all() {
            return invalid("scope", "keys reach the whole account: choose everything, or no keys");
        }
        if expires_at.is_some_and(|end| end <= self.now()) {
            return invalid("expires_at", "must be later than now");
        }
        if remark.is_some_and(|words| words.chars().count() > MAX_REMARK) {
            return invalid("remark", "at most 200 characters");
        }
        let Scope::Nodes(nodes) = scope else {
            return Ok(());
        };
        if nodes.is_empty() || nodes.len() > MAX_NODES {
            return invalid("scope", "1 to 200 nodes, or everything");
        }
        nodes.iter().try_for_each(|node| self.check_node(account, node))
    }

    /// By id, and only what is there: whoever comes later under that id must not be given away beforehand.
    fn check_node(&self, account: AccountId, node: &Node) -> Result<(), Rejection> {
        match node {
            Node::Site(site) => self.own_site(account, *site),
            Node::Container(id) => {
                let own = self.state().container(*id).is_some_and(|container| container.account == account);
                if own { Ok(()) } else { Err(Rejection::NotFound { what: "container" }) }
            }
            Node::SubAccount(id) => {
                let own = self.state().sub_account(*id).is_some_and(|sub_account| sub_account.account == account);
                if own { Ok(()) } else { Err(Rejection::NotFound { what: "sub-account" }) }
            }
            Node::Group(id) => self.own_group(account, *id).map(drop),
        }
    }

    fn changeable_grant(&self, account: AccountId, id: GrantId) -> Result<Grant, Rejection> {
        let grant = self.state().grant(id).filter(|grant| grant.account == account);
        let grant = grant.ok_or(Rejection::NotFound { what: "grant" })?;
        if grant.role == Role::Owner { Err(Rejection::OwnerProtected) } else { Ok(grant.clone()) }
    }

    /// Somebody with a grant on the account who is not its owner.
    fn check_member(&self, account: AccountId, user: UserId) -> Result<(), Rejection> {
        if !self.state().grants_of(account).any(|grant| grant.user == user) {
            return Err(Rejection::NotFound { what: "person" });
        }
        let is_owner = self.state().account(account).is_some_and(|account| account.owner == user);
        if is_owner { Err(Rejection::OwnerProtected) } else { Ok(()) }
    }

    pub(crate) fn own_role(&self, account: AccountId, role: CustomRoleId) -> Result<(), Rejection> {
        let own = self.state().roles.get(&role).is_some_and(|role| role.account == account);
        if own { Ok(()) } else { Err(Rejection::NotFound { what: "role" }) }
    }

    fn check_role(
        &self,
        account: AccountId,
        own: Option<CustomRoleId>,
        name: &str,
        permissions: &BTreeSet<Permission>,
    ) -> Result<(), Rejection> {
        super::check_name(name)?;
        let same = |other: &str| other.to_lowercase() == name.to_lowercase();
        let mut others = self.state().custom_roles_of(account).filter(|role| Some(role.id) != own);
        if Role::ALL.iter().any(|role| same(role.title())) || others.any(|role| same(&role.name)) {
            return Err(Rejection::AlreadyExists { what: format!("a role called {name}") });
        }
        if permissions.is_empty() {
            let problem = "choose at least one".into();
            return Err(Rejection::Invalid { field: "permissions", problem });
        }
        if own.is_none() && self.state().custom_roles_of(account).count() >= MAX_ROLES {
            return Err(Rejection::OutOfRange { field: "roles".into(), min: 0, max: MAX_ROLES as u64 });
        }
        Ok(())
    }

    /// Scenarios that nobody could get approved any more once this was done: it is tried on a copy.
    pub(crate) fn locked_out_by(&self, account: AccountId, control: &Control) -> Vec<Scenario> {
        let mut after = self.state().clone();
        for event in self.effects_of(account, control) {
            after.apply(&Entry { at: self.now(), actor: crate::authz::Principal::System, event });
        }
        after.newly_locked_out(account, self.state())
    }

    /// What a request about people comes to.
    pub(crate) fn people_effects(&self, account: AccountId, control: &Control) -> Vec<Event> {
        let removed = |grant: &Grant| Event::GrantRemoved { grant: grant.id, account, user: grant.user };
        let next = GrantId(self.state().next_grant + 1);
        match control.clone() {
            Control::AddGrant(NewGrant { user, role, scope, expires_at, remark, api_access }) => {
                vec![Event::GrantAdded { grant: next, account, user, role, scope, expires_at, remark, api_access }]
            }
            Control::ChangeGrant(change) => {
                let Some(old) = self.state().grant(change.grant) else {
                    return Vec::new();
                };
                let GrantChange { grant, role, scope, expires_at, remark, api_access } = change;
                if old.role == role && old.scope == scope && old.is_live(self.now()) {
                    return vec![Event::GrantChanged { grant, account, expires_at, remark, api_access }];
                }
                // Another role or scope, or one that had ended, is another grant: who approved by the old one has to be an
                // approver anew.
                let user = old.user;
                let added =
                    Event::GrantAdded { grant: next, account, user, role, scope, expires_at, remark, api_access };
                vec![removed(old), added]
            }
            Control::RemoveGrant { grant } => self.state().grant(grant).map(removed).into_iter().collect(),
            Control::RemoveUser { user, changes } => {
                let held = self.state().grants_of(account).filter(|grant| grant.user == user);
                held.map(removed).chain(self.policy_effects(account, &changes)).collect()
            }
            Control::SuspendUser { user } => vec![Event::UserSuspended { account, user }],
            Control::UnsuspendUser { user } => vec![Event::UserUnsuspended { account, user }],
            Control::CreateRole { name, permissions } => {
                let role = CustomRoleId(self.state().next_role + 1);
                vec![Event::RoleSet { role, account, name, permissions }]
            }
            Control::ChangeRole { role, name, permissions } => {
                vec![Event::RoleSet { role, account, name, permissions }]
            }
            Control::DeleteRole { role } => vec![Event::RoleDeleted { role, account }],
            Control::TransferOwnership { to, then } => self.transfer_effect(account, to, then),
            Control::SetAdministratorsManageUsers { on } => vec![Event::AdministratorsManageUsersSet { account, on }],
            Control::SetSecondFactorRequired { on } => vec![Event::SecondFactorRequired { account, on }],
            _ => Vec::new(),
        }
    }
}
