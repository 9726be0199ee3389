//! What if? The counts and the people who could meet them, as they are, or as they would be if somebody left, had another
//! role, or counts were others. Nothing is changed: it is tried on a copy.

use super::{Action, Control, Policy, PolicyChange, Scenario, available::Counted};
use crate::{
    authz::{Actor, ApiAccess, Principal, Role, Scope},
    decide::Tx,
    event::{Entry, Event},
    ids::{AccountId, GrantId, UserId},
    rejection::Rejection,
    state::State,
    time::Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};

/// What is supposed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Supposition {
    /// These people have left.
    pub leave: BTreeSet<UserId>,
    /// These hold this one role over everything and no other.
    pub roles: BTreeMap<UserId, Role>,
    /// Policies are so; at most one for each scenario.
    pub changes: Vec<PolicyChange>,
}

/// What somebody should know about a scenario.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Warning {
    /// Too few have been left for it, and the account says so.
    Degraded,
    /// There is nobody to approve it.
    NobodyCanApprove,
    /// There are people, but fewer than it asks for.
    TooFewApprovers,
    /// Every approver is needed each time: one lost device blocks it.
    NoSpareApprover,
    /// One person alone decides.
    OnlyOneApprover,
}

impl Warning {
    /// Its name in the API.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Degraded => "degraded",
            Self::NobodyCanApprove => "nobody_can_approve",
            Self::TooFewApprovers => "too_few_approvers",
            Self::NoSpareApprover => "no_spare_approver",
            Self::OnlyOneApprover => "only_one_approver",
        }
    }
}

/// How a scenario stands, or would.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prospect {
    /// Which.
    pub scenario: Scenario,
    /// Its policy.
    pub policy: Policy,
    /// Who counts towards its highest count: approvers over everything, without an end.
    pub approvers: BTreeSet<UserId>,
    /// Who may vote on some of its requests, or for some time, and does not count.
    pub limited: BTreeSet<UserId>,
    /// How many more approvers there are than it takes people; below 0 it cannot be met.
    pub spare: i64,
    /// What to know, the worst first.
    pub warnings: Vec<Warning>,
}

impl Prospect {
    /// Can it be met?
    #[must_use]
    pub const fn can_be_met(&self) -> bool {
        self.spare >= 0
    }
}

/// What would come of a supposition.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Forecast {
    /// Every scenario as it is.
    pub before: Vec<Prospect>,
    /// Every scenario as it would be, in the same order.
    pub after: Vec<Prospect>,
    /// Approvals that changing the policies so would take now, together with a removal if one is supposed; none if no policy
    /// is to change.
    pub takes: Option<u32>,
    /// Why it could not be asked for now as it stands; none if it could, or if it is more than one request.
    pub refusal: Option<Rejection>,
}

impl State {
    /// How every scenario stands.
    #[must_use]
    pub fn prospects(&self, account: AccountId, now: Timestamp) -> Vec<Prospect> {
        Scenario::ALL.iter().map(|scenario| self.prospect(account, *scenario, now)).collect()
    }

    fn prospect(&self, account: AccountId, scenario: Scenario, now: Timestamp) -> Prospect {
        let policy = self.policy(account, scenario);
        let Counted { approvers, limited } = self.counted(account, scenario, policy.approvers, now);
        let spare = i64::try_from(approvers.len()).unwrap_or(i64::MAX) - i64::from(policy.people());
        let degraded = self.degraded(account).any(|degraded| degraded == scenario).then_some(Warning::Degraded);
        let short = match (approvers.len(), spare) {
            (0, _) => Some(Warning::NobodyCanApprove),
            (_, ..0) => Some(Warning::TooFewApprovers),
            (1, _) => Some(Warning::OnlyOneApprover),
            (_, 0) => Some(Warning::NoSpareApprover),
            _ => None,
        };
        let warnings = degraded.into_iter().chain(short).collect();
        Prospect { scenario, policy, approvers, limited, spare, warnings }
    }

    /// What would come of `supposed`.
    ///
    /// # Errors
    /// [`Rejection`] if somebody in it holds nothing here, or is the owner, whom nothing takes away.
    pub fn forecast(&self, actor: &Actor, supposed: &Supposition, now: Timestamp) -> Result<Forecast, Rejection> {
        let account = actor.account;
        let owner = self.account(account).map(|account| account.owner);
        for user in supposed.leave.iter().chain(supposed.roles.keys()) {
            if !self.grants_of(account).any(|grant| grant.user == *user) {
                return Err(Rejection::NotFound { what: "person" });
            }
            if owner == Some(*user) {
                return Err(Rejection::OwnerProtected);
            }
        }
        if supposed.roles.values().any(|role| *role == Role::Owner) {
            return Err(Rejection::OwnerProtected);
        }
        let after = self.supposing(account, supposed, now);
        let takes = (!supposed.changes.is_empty())
            .then(|| request_for(supposed).unwrap_or(Control::SetPolicies { changes: supposed.changes.clone() }))
            .map(|control| self.rule_for(actor, &Action::Control(control), &[], now).tally.required);
        Ok(Forecast {
            before: self.prospects(account, now),
            after: after.prospects(account, now),
            takes,
            refusal: self.refusal_of(account, supposed, now),
        })
    }

    /// A copy in which it is so.
    fn supposing(&self, account: AccountId, supposed: &Supposition, now: Timestamp) -> Self {
        let mut state = self.clone();
        let mut apply = |event| state.apply(&Entry { at: now, actor: Principal::System, event });
        let gone = |user: &UserId| supposed.leave.contains(user) || supposed.roles.contains_key(user);
        for grant in self.grants_of(account).filter(|grant| gone(&grant.user)) {
            apply(Event::GrantRemoved { grant: grant.id, account, user: grant.user });
        }
        let grants = (self.next_grant + 1..).map(GrantId);
        for (grant, (user, role)) in grants.zip(&supposed.roles).filter(|(_, (user, _))| !supposed.leave.contains(user))
        {
            let (user, role, scope) = (*user, (*role).into(), Scope::All);
            let (expires_at, remark, api_access) = (None, None, ApiAccess::None);
            apply(Event::GrantAdded { grant, account, user, role, scope, expires_at, remark, api_access });
        }
        for change in &supposed.changes {
            let policy = change.of(&self.policy(account, change.scenario));
            apply(Event::PolicySet { account, scenario: change.scenario, policy });
        }
        state
    }

    /// What would be said to whoever asked for it, where that is one request.
    fn refusal_of(&self, account: AccountId, supposed: &Supposition, now: Timestamp) -> Option<Rejection> {
        let action = Action::Control(request_for(supposed)?);
        Tx::trying(self, now).check_action(account, &action).err()
    }
}

/// The request by which it would come about, where that is one.
fn request_for(supposed: &Supposition) -> Option<Control> {
    let Supposition { leave, roles, changes } = supposed;
    match (leave.iter().next(), leave.len(), roles.is_empty()) {
        (None, _, true) if !changes.is_empty() => Some(Control::SetPolicies { changes: changes.clone() }),
        (Some(user), 1, true) => Some(Control::RemoveUser { user: *user, changes: changes.clone() }),
        _ => None,
    }
}
