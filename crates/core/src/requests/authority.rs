//! Who may ask for what, and who has no say in it because it gives them something or takes it from them.

use super::{
    Action, Control,
    reach::{ReachDelta, Spot},
};
use crate::{
    authz::{Denied, Grant, Node, Permission, Role, RoleId, Scope, mask_of},
    ids::{AccountId, UserId},
    rejection::{Giving, Rejection},
    state::State,
    time::Timestamp,
};

/// Who holds these is not below Administrator.
const UNTOUCHABLE: u64 = Permission::UserManage.bit() | Permission::RoleManage.bit();

impl State {
    /// Would the request give `user` anything? Who gains by it has no say in it.
    pub(crate) fn is_beneficiary(&self, action: &Action, delta: &ReachDelta, user: UserId) -> bool {
        let named = match action {
            Action::Control(Control::AddGrant(new)) => new.user == user,
            Action::Control(Control::TransferOwnership { to, .. }) => *to == user,
            Action::Control(Control::UnsuspendUser { user: subject }) => *subject == user,
            _ => false,
        };
        named || delta.gives(user)
    }

    /// Would the request take something from `user`? They may consent to that and not veto it.
    pub(crate) fn is_loser(&self, action: &Action, delta: &ReachDelta, user: UserId) -> bool {
        let Action::Control(control) = action else {
            return false;
        };
        match control {
            Control::Recover(recovery) => recovery.remove.contains(&user),
            Control::ChangeGrant(_) | Control::RemoveGrant { .. } | Control::RemoveUser { .. } => {
                self.subject(control) == Some(user)
            }
            Control::ChangeGroup { .. } | Control::ChangeRole { .. } => delta.only_takes(user),
            _ => false,
        }
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
        let rights = match control {
            // Whoever is suspended may still stop the account's deletion.
            Control::KeepAccount {} => self.granted_rights(account, user),
            _ => self.rights_of_user(account, user),
        };
        if let Some((devices, _)) = control.moves() {
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
        let lacking = places.iter().find(|place| !rights.allow(permission, place, now));
        let other_ways =
            || self.administrator_may(account, user, control, now) || self.is_own_key(account, user, control, now);
        if let Some(place) = lacking.filter(|_| !other_ways()) {
            return Err(Denied::lacking(permission).at(place).into());
        }
        self.holds_what_is_given(account, user, &action, now)?;
        match control {
            Control::TransferOwnership { .. } | Control::DeleteAccount { .. } => {
                let is_owner = self.account(account).is_some_and(|account| account.owner == user);
                if is_owner { Ok(()) } else { Err(Denied::lacking(permission).into()) }
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
            // Its secret is told to whoever asks for it.
            Control::IssueKey(new) if !self.is_own_key(account, user, control, now) => {
                let grant = self.grant(new.grant).filter(|grant| grant.account == account);
                grant.map_or(Ok(()), |grant| {
                    let mask = new.access.leaves_of(self.mask_of(grant.role));
                    self.holds_all(account, user, mask, &grant.scope, now)
                })
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

    /// Nobody gives what they do not hold themselves, whoever it is given to and by whatever action.
    fn holds_what_is_given(
        &self,
        account: AccountId,
        user: UserId,
        action: &Action,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let delta = self.reach_delta(account, action);
        let lacking = delta.gains().find_map(|(_, gain)| {
            let by = match gain.at {
                Spot::Node(_) => Giving::Saying,
                Spot::Devices(_) => Giving::Moving,
            };
            self.lacks_of(account, user, gain, now).map(|permission| Rejection::BeyondOwnRights { permission, by })
        });
        lacking.map_or(Ok(()), Err)
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
            .find(|permission| !rights.with(*permission, now).any(|right| self.contains_scope(&right.scope, scope)));
        let by = Giving::Saying;
        lacking.map_or(Ok(()), |permission| Err(Rejection::BeyondOwnRights { permission, by }))
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
