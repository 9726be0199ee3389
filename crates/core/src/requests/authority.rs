//! Who may ask for what about people, who gains or loses by it, and how many must agree to make an approver.

use super::{Action, Control, GrantChange, Policy, Scenario, groups::Change};
use crate::{
    authz::{Denied, Grant, Node, Permission, Role, RoleId, Scope, mask_of},
    ids::{AccountId, UserId},
    rejection::Rejection,
    state::State,
    time::Timestamp,
};
use std::collections::BTreeSet;

/// Who holds these is not below Administrator.
const UNTOUCHABLE: u64 = Permission::UserManage.bit() | Permission::RoleManage.bit();

impl State {
    /// Would the request give `user` anything? Who gains by it has no say in it.
    pub(crate) fn is_beneficiary(&self, action: &Action, user: UserId) -> bool {
        let Action::Control(control) = action else {
            return false;
        };
        match control {
            Control::AddGrant(new) => new.user == user,
            Control::TransferOwnership { to, .. } => *to == user,
            Control::ChangeGrant(change) => {
                let grant = self.grant(change.grant).filter(|grant| grant.user == user);
                grant.is_some_and(|grant| !self.is_narrower(grant, change))
            }
            Control::ChangeGroup { .. } => self.reach_by_group(control, user) == Some(Change::More),
            Control::UnsuspendUser { user: subject } => *subject == user,
            Control::ChangeRole { role, .. } => self.holders_of_role(*role).contains(&user),
            _ => false,
        }
    }

    /// Would the request take something from `user`? They may consent to that and not veto it.
    pub(crate) fn is_loser(&self, action: &Action, user: UserId) -> bool {
        if let Action::Control(Control::Recover(recovery)) = action {
            return recovery.remove.contains(&user);
        }
        if let Action::Control(control @ Control::ChangeGroup { .. }) = action {
            return self.reach_by_group(control, user) == Some(Change::Less);
        }
        matches!(action, Action::Control(control @ (Control::ChangeGrant(_) | Control::RemoveGrant { .. } | Control::RemoveUser { .. }))
            if self.subject(control) == Some(user))
    }

    /// Does the change only take?
    pub(crate) fn is_narrower(&self, grant: &Grant, change: &GrantChange) -> bool {
        let (old, new) = (self.mask_of(grant.role), self.mask_of(change.role));
        let shorter = match (grant.expires_at, change.expires_at) {
            (None, _) => true,
            (Some(_), None) => false,
            (Some(old), Some(new)) => new <= old,
        };
        let stays_below = !change.role.is_administration() || change.role == grant.role;
        new & !old == 0
            && stays_below
            && self.contains(&grant.scope, &change.scope)
            && shorter
            && change.api_access <= grant.api_access
    }

    /// How many approvals making somebody an approver by this role takes: as many as the highest count in which they could
    /// vote.
    pub(crate) fn closure_of(&self, account: AccountId, role: RoleId) -> u32 {
        let mask = self.mask_of(role);
        self.closure(account, |scenario, approvers| match approvers {
            Some(roles) => roles.iter().any(|approver| role == *approver),
            None => scenario.permissions().any(|permission| mask & permission.bit() != 0),
        })
    }

    /// The same, for giving permissions to a role of the account's own.
    pub(crate) fn closure_of_permissions(&self, account: AccountId, permissions: &BTreeSet<Permission>) -> u32 {
        self.closure(account, |scenario, approvers| {
            approvers.is_none() && scenario.permissions().any(|permission| permissions.contains(&permission))
        })
    }

    fn closure(&self, account: AccountId, votes_in: impl Fn(Scenario, Option<&'static [Role]>) -> bool) -> u32 {
        if !self.safeguards(account).closure {
            return 0;
        }
        let policies = Scenario::ALL.iter().map(|scenario| (*scenario, self.policy(account, *scenario)));
        let counted = policies.filter(|(scenario, policy)| votes_in(*scenario, policy.approvers.roles()));
        // As shipped, what takes a second person does not hold up making the first one.
        let people = |policy: Policy| if policy.version > 0 { policy.people() } else { policy.required };
        counted.map(|(_, policy)| people(policy)).max().unwrap_or(0)
    }

    /// May `user` ask for this? The permission alone does not make it so: nobody gives what they do not hold themselves.
    pub(crate) fn may_ask(
        &self,
        account: AccountId,
        user: UserId,
        control: &Control,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let action = Action::Control(control.clone());
        let permission = action.permission();
        let rights = self.rights_of_user(account, user);
        if let Control::PlaceDevices { devices, .. } | Control::AssignDevices { devices, .. } = control {
            self.sees_all(account, user, devices, now)?;
            self.sees_destination(account, user, control, now)?;
        }
        if let Control::SetAllocation { shares, .. } = control {
            self.sees_recipients(account, user, shares, now)?;
        }
        if let Control::CreateGroup { devices, .. } | Control::ChangeGroup { devices, .. } = control {
            self.sees_all(account, user, devices, now)?;
        }
        let mut places = self.places(&action, &[]);
        places.extend(self.places_after(control));
        let allowed = places.iter().all(|place| rights.allow(permission, place, now));
        let other_ways =
            || self.administrator_may(account, user, control, now) || self.is_own_key(account, user, control, now);
        if !allowed && !other_ways() {
            return Err(Denied::lacking(permission).into());
        }
        match control {
            Control::TransferOwnership { .. } | Control::DeleteAccount { .. } => {
                let is_owner = self.account(account).is_some_and(|account| account.owner == user);
                if is_owner { Ok(()) } else { Err(Denied::lacking(permission).into()) }
            }
            Control::ChangeGroup { group, devices, .. } => {
                let places = self.places_added(*group, devices);
                self.holds_what_is_given(account, user, *group, &places, now)
            }
            Control::IssueObserverLink(new) => self.sees_what_is_shown(account, user, new, now),
            Control::OpenObservers { sections } if sections.earnings => {
                self.holds_all(account, user, Permission::RevenueView.bit(), &Scope::All, now)
            }
            // Nobody takes the way out away from the one whose it is.
            Control::SetSafeguards(new) if self.safeguards(account).owner_recovery && !new.owner_recovery => {
                let is_owner = self.account(account).is_some_and(|account| account.owner == user);
                if is_owner { Ok(()) } else { Err(Rejection::OwnerOnly { what: "switches recovery by the owner off" }) }
            }
            Control::AddGrant(new) => self.holds_all(account, user, self.mask_of(new.role), &new.scope, now),
            Control::ChangeGrant(change) => {
                self.holds_all(account, user, self.mask_of(change.role), &change.scope, now)
            }
            Control::UnsuspendUser { user: subject } => {
                let mut held = self.grants_of(account).filter(|grant| grant.user == *subject);
                held.try_for_each(|grant| self.holds_all(account, user, self.mask_of(grant.role), &grant.scope, now))
            }
            Control::CreateRole { permissions, .. } | Control::ChangeRole { permissions, .. } => {
                self.holds_all(account, user, mask_of(permissions), &Scope::All, now)
            }
            Control::RemoveUser { changes, .. } if !changes.is_empty() => {
                let mask = Permission::ApprovalPolicyChange.bit();
                self.holds_all(account, user, mask, &Scope::All, now)
            }
            _ => Ok(()),
        }
    }

    /// Does a scope reach everywhere that another reaches? A site has its containers in it.
    fn contains(&self, own: &Scope, other: &Scope) -> bool {
        let (Scope::Nodes(nodes), Scope::Nodes(others)) = (own, other) else {
            return own.is_all();
        };
        others.iter().all(|node| {
            let site = match node {
                Node::Container(id) => self.container(*id).map(|container| Node::Site(container.site)),
                _ => None,
            };
            nodes.contains(node) || site.is_some_and(|site| nodes.contains(&site))
        })
    }

    fn holds_all(
        &self,
        account: AccountId,
        user: UserId,
        mask: u64,
        scope: &Scope,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let rights = self.rights_of_user(account, user);
        let lacking = Permission::all()
            .filter(|permission| mask & permission.bit() != 0)
            .find(|permission| !rights.with(*permission, now).any(|right| self.contains(&right.scope, scope)));
        lacking.map_or(Ok(()), |permission| Err(Rejection::BeyondOwnRights { permission }))
    }

    /// Whoever has been given keys with a grant asks for them: a key may do nothing that its grant does not let them do.
    fn is_own_key(&self, account: AccountId, user: UserId, control: &Control, now: Timestamp) -> bool {
        let Control::IssueKey(new) = control else {
            return false;
        };
        let is_own = |grant: &Grant| grant.account == account && grant.user == user && !grant.api_access.is_none();
        let may_use = |grant: &Grant| grant.is_live(now) && !self.is_suspended(account, user);
        self.grant(new.grant).is_some_and(|grant| is_own(grant) && may_use(grant))
    }

    /// By the account's setting, Administrators manage people who are no Administrators, and make none.
    fn administrator_may(&self, account: AccountId, user: UserId, control: &Control, now: Timestamp) -> bool {
        let given = match control {
            Control::AddGrant(new) => Some(new.role),
            Control::ChangeGrant(change) => Some(change.role),
            Control::RemoveGrant { .. } | Control::RemoveUser { .. } | Control::UnsuspendUser { .. } => None,
            Control::CreateGroup { .. } | Control::ChangeGroup { .. } | Control::DeleteGroup { .. } => None,
            _ => return false,
        };
        let is_set = self.account(account).is_some_and(|account| account.administrators_manage_users);
        let rights = self.rights_of_user(account, user);
        let is_administrator = rights.live(now).any(|right| right.role == Role::Administrator && right.scope.is_all());
        let subject = self.subject(control);
        let ranks_below = |role: RoleId| !role.is_administration() && self.mask_of(role) & UNTOUCHABLE == 0;
        is_set
            && is_administrator
            && given.is_none_or(ranks_below)
            && match (control, subject) {
                (Control::CreateGroup { .. }, _) => true,
                (Control::ChangeGroup { group, .. } | Control::DeleteGroup { group, .. }, _) => {
                    self.grants_on(account, Node::Group(*group)).all(|grant| ranks_below(grant.role))
                }
                (_, Some(subject)) => {
                    self.grants_of(account).filter(|grant| grant.user == subject).all(|grant| ranks_below(grant.role))
                }
                (_, None) => false,
            }
    }
}
