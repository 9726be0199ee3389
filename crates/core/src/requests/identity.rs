//! Whose word counts: only that of people whose e-mail was shown to be theirs, who have opened the account, and who have a
//! second factor where the account asks for one. Whoever counts for nothing is not counted on either: no count is met, and no
//! lock-out averted, by somebody who may not vote.

use super::{Action, Approvers, Control, Payload, Policy, Request, Scenario};
use crate::{
    authz::{Permission, Place, Principal},
    decide::Tx,
    ids::{AccountId, RequestId, UserId},
    rejection::{NoSay, Rejection},
    state::State,
    time::Timestamp,
};

/// Somebody who asks for something that one person may do.
pub(super) struct Alone<'a> {
    pub(super) account: AccountId,
    pub(super) initiator: Principal,
    pub(super) policy: &'a Policy,
    /// Counts that apply: approvals, and of them by others.
    pub(super) counts: (u32, u32),
    pub(super) scenario: Scenario,
    pub(super) permission: Permission,
    pub(super) now: Timestamp,
}

impl State {
    /// Why this person's word counts for nothing on the account, whatever their role; `None` if it counts.
    #[must_use]
    pub fn why_uncounted(&self, account: AccountId, user: UserId) -> Option<NoSay> {
        let Some(identity) = self.identity(user) else {
            return Some(NoSay::Gone);
        };
        let known = self.accounts.get(&account);
        if !identity.verified {
            return Some(NoSay::Unverified);
        }
        if !known.is_some_and(|account| account.opened.contains(&user)) {
            return Some(NoSay::NotOpened);
        }
        let lacks = known.is_some_and(|account| account.second_factor_required) && !identity.enrolled;
        lacks.then_some(NoSay::NoSecondFactor)
    }

    /// Does this person's word count on the account, as far as that hangs on who they are?
    #[must_use]
    pub fn counts(&self, account: AccountId, user: UserId) -> bool {
        self.why_uncounted(account, user).is_none()
    }

    /// Where one holder of a permission is all it takes, or where it only makes things safer, whoever may do it does it by that
    /// right: nobody else's eyes are asked for, so nothing hangs on whether their word would count as one of several.
    pub(super) fn acts_by_permission(&self, asked: &Alone<'_>, places: impl FnOnce() -> Vec<Place>) -> bool {
        let Alone { account, initiator: Principal::User(user), policy, counts: (1, 0), scenario, permission, now } =
            *asked
        else {
            return false;
        };
        let by_one = policy.approvers == Approvers::ActionHolders || scenario.makes_safer();
        let may = || self.standing_by_grants(account, user, policy.approvers, permission, &places(), now);
        by_one
            && policy.counts_by_submitting()
            && self.users.contains(&user)
            && !self.counts(account, user)
            && !may().is_empty()
    }

    /// Why somebody who would be an approver by their role has no say in a request.
    pub(super) fn uncounted_approver(&self, request: &Request, user: UserId) -> Option<NoSay> {
        let Payload { account, ref action, ref targets, .. } = *request.payload;
        let why = self.why_uncounted(account, user)?;
        let (policy, places) = (self.policy_for(account, action), self.places(action, targets));
        let standing =
            self.standing_by_grants(account, user, policy.approvers, action.permission(), &places, self.clock);
        (!standing.is_empty()).then_some(why)
    }

    /// Whom an account gives roles, or would if that were approved.
    pub fn offered_roles(&self, account: AccountId) -> impl Iterator<Item = UserId> + '_ {
        let open = self.open_controls().filter(move |request| request.payload.account == account);
        self.grants_of(account).map(|grant| grant.user).chain(open.filter_map(named_in))
    }

    /// Does an account ask everybody who approves for a second factor?
    #[must_use]
    pub fn second_factor_required(&self, account: AccountId) -> bool {
        self.accounts.get(&account).is_some_and(|account| account.second_factor_required)
    }
}

impl Tx {
    /// Nobody is named by number who holds nothing on the account: such a number answers like one that was never given. Whom the
    /// server has found by their e-mail is introduced, and whoever amends a request goes on speaking of the same person.
    pub(super) fn check_named(
        &self,
        account: AccountId,
        control: &Control,
        amended: Option<RequestId>,
    ) -> Result<(), Rejection> {
        let already = amended.and_then(|old| self.state().request(old)).and_then(named_in);
        let known = |user: UserId| {
            self.introduced() == Some(user) || already == Some(user) || self.state().is_member(account, user)
        };
        let all_known = people_named(control).into_iter().all(known);
        if all_known { Ok(()) } else { Err(Rejection::NotFound { what: "person" }) }
    }

    /// A first grant on an account goes to somebody whose e-mail is theirs, or who has become known through this account.
    pub(super) fn check_newcomer(&self, account: AccountId, user: UserId) -> Result<(), Rejection> {
        let state = self.state();
        let identity = state.identity(user).ok_or(Rejection::NotFound { what: "person" })?;
        let own = identity.registered_with == Some(account) || state.is_member(account, user);
        if own || identity.verified { Ok(()) } else { Err(Rejection::UnverifiedPerson) }
    }
}

/// Whom an action names by number.
fn people_named(control: &Control) -> Vec<UserId> {
    match control {
        Control::AddGrant(new) => vec![new.user],
        Control::RemoveUser { user, .. } | Control::SuspendUser { user } | Control::UnsuspendUser { user } => {
            vec![*user]
        }
        Control::TransferOwnership { to, .. } => vec![*to],
        Control::Recover(recovery) => recovery.remove.iter().copied().collect(),
        Control::RestartWorkers { .. }
        | Control::SetPolicies { .. }
        | Control::ChangeGrant(_)
        | Control::RemoveGrant { .. }
        | Control::CreateRole { .. }
        | Control::ChangeRole { .. }
        | Control::DeleteRole { .. }
        | Control::SetAdministratorsManageUsers { .. }
        | Control::SetSafeguards(_)
        | Control::SetSecondFactorRequired { .. }
        | Control::CreateSite { .. }
        | Control::ChangeSite { .. }
        | Control::RemoveSite { .. }
        | Control::CreateAgent { .. }
        | Control::ReissueAgentToken { .. }
        | Control::ChangeAgent { .. }
        | Control::RevokeAgent { .. }
        | Control::CreateScanTask { .. }
        | Control::ChangeScanTask { .. }
        | Control::RemoveScanTask { .. }
        | Control::PlaceDevices { .. }
        | Control::AssignDevices { .. }
        | Control::MoveDevices { .. }
        | Control::CreateGroup { .. }
        | Control::ChangeGroup { .. }
        | Control::DeleteGroup { .. }
        | Control::RemoveSubAccount { .. }
        | Control::SetWallet { .. }
        | Control::SetAllocation { .. }
        | Control::IssueObserverLink(_)
        | Control::NarrowObserverLink { .. }
        | Control::RevokeObserverLink { .. }
        | Control::ProtectObservers {}
        | Control::OpenObservers { .. }
        | Control::IssueKey(_)
        | Control::RevokeKey { .. }
        | Control::FreezeAccount {}
        | Control::UnfreezeAccount {}
        | Control::DeleteAccount { .. }
        | Control::KeepAccount {} => Vec::new(),
    }
}

/// Whom a request gives a role.
fn named_in(request: &Request) -> Option<UserId> {
    match &request.payload.action {
        Action::Control(Control::AddGrant(new)) => Some(new.user),
        _ => None,
    }
}
