//! How many approvers there are for a scenario, and for which there are too few.

use super::{Approvers, Scenario, quorum::count};
use crate::{
    authz::{Grant, RoleId},
    ids::{AccountId, UserId},
    state::State,
    time::Timestamp,
};
use std::collections::BTreeSet;

/// Approvers of a scenario.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Counted {
    /// Everywhere, and until further notice.
    pub(crate) approvers: BTreeSet<UserId>,
    /// Somewhere, or for some time.
    pub(crate) limited: BTreeSet<UserId>,
}

/// Does a grant make an approver of everything, until further notice?
fn lasts(grant: &Grant) -> bool {
    grant.expires_at.is_none() && grant.scope.is_all()
}

impl State {
    /// How many people could approve anything in a scenario: its approvers with scope `all` whose grants do not end by
    /// themselves, suspended ones included.
    #[must_use]
    pub fn available(&self, account: AccountId, scenario: Scenario) -> u32 {
        self.available_to(account, scenario, self.policy(account, scenario).approvers)
    }

    /// The same, if these were its approvers.
    pub(crate) fn available_to(&self, account: AccountId, scenario: Scenario, approvers: Approvers) -> u32 {
        count(&self.rarest(account, scenario, approvers, lasts))
    }

    /// The same without those who are suspended: how many could approve it today.
    pub(crate) fn active(&self, account: AccountId, scenario: Scenario) -> u32 {
        let approvers = self.policy(account, scenario).approvers;
        let like = |grant: &Grant| lasts(grant) && !self.is_suspended(account, grant.user);
        count(&self.rarest(account, scenario, approvers, like))
    }

    /// Who counts towards the highest count of a scenario, if these were its approvers, and who may vote without counting.
    pub(crate) fn counted(
        &self,
        account: AccountId,
        scenario: Scenario,
        approvers: Approvers,
        now: Timestamp,
    ) -> Counted {
        let counted = self.rarest(account, scenario, approvers, lasts);
        let live = self.rarest(account, scenario, approvers, |grant| grant.is_live(now));
        let limited = live.difference(&counted).copied().collect();
        Counted { approvers: counted, limited }
    }

    /// Who may approve by a grant like this; of a scenario's permissions the one that the fewest people hold.
    fn rarest(
        &self,
        account: AccountId,
        scenario: Scenario,
        approvers: Approvers,
        like: impl Fn(&Grant) -> bool,
    ) -> BTreeSet<UserId> {
        let holders = |gives: &dyn Fn(RoleId) -> bool| -> BTreeSet<UserId> {
            self.grants_of(account)
                .filter(|grant| like(grant) && gives(grant.role))
                .filter(|grant| self.counts(account, grant.user))
                .map(|grant| grant.user)
                .collect()
        };
        if let Some(roles) = approvers.roles() {
            return holders(&|role| roles.iter().any(|approver| role == *approver));
        }
        let of_each =
            scenario.permissions().map(|permission| holders(&|role| self.mask_of(role) & permission.bit() != 0));
        of_each.min_by_key(BTreeSet::len).unwrap_or_default()
    }

    /// Scenarios whose counts nobody could meet any more, and the rules if some count could be met and never be lowered again. Of the
    /// counts by others only those that were chosen: as shipped, one such request waits until there is a second approver.
    #[must_use]
    pub fn locked_out(&self, account: AccountId) -> Vec<Scenario> {
        let rules = self.available(account, Scenario::ApprovalConfigUpdate);
        let cannot_lower = || {
            let mut met = self.chosen(account).filter(|(scenario, _)| !self.is_locked_out(account, *scenario));
            self.safeguards(account).ratchet && met.any(|(_, people)| people > rules)
        };
        let is_out = |scenario: &Scenario| {
            self.is_locked_out(account, *scenario) || *scenario == Scenario::ApprovalConfigUpdate && cannot_lower()
        };
        Scenario::ALL.iter().copied().filter(is_out).collect()
    }

    /// Scenarios whose counts those who are not suspended cannot meet.
    pub(crate) fn locked_out_today(&self, account: AccountId) -> Vec<Scenario> {
        let is_short = |scenario: &Scenario| self.is_short(account, *scenario, self.active(account, *scenario));
        Scenario::ALL.iter().copied().filter(is_short).collect()
    }

    pub(crate) fn is_locked_out(&self, account: AccountId, scenario: Scenario) -> bool {
        self.is_short(account, scenario, self.available(account, scenario))
    }

    fn is_short(&self, account: AccountId, scenario: Scenario, people: u32) -> bool {
        let policy = self.policy(account, scenario);
        policy.required > policy.most(people) || policy.version > 0 && policy.required_other > people.saturating_sub(1)
    }

    /// Scenarios with counts that were chosen, not shipped, and how many people those take.
    pub(crate) fn chosen(&self, account: AccountId) -> impl Iterator<Item = (Scenario, u32)> {
        let policies = Scenario::ALL.iter().map(move |scenario| (*scenario, self.policy(account, *scenario)));
        policies
            .filter(|(scenario, policy)| !policy.counts_as_shipped(*scenario))
            .map(|(scenario, p)| (scenario, p.people()))
    }
}
