//! What the hardening rules add to a policy's counts, and whether something would run at once.

use super::{Action, Alone, Control, Policy, PolicyChange, Safeguards, Scenario};
use crate::{
    authz::{Actor, Permission, Place, Principal},
    ids::AccountId,
    state::State,
    time::{Millis, Timestamp},
};

impl Policy {
    /// Approvals that a rule which asks for so many people comes to: an approver who asks is one of them, also where their own word
    /// is no approval.
    fn required_for(&self, people: u32, by_approver: bool) -> u32 {
        let own = u32::from(by_approver && !self.initiator_counts);
        self.required.max(people.saturating_sub(own))
    }

    /// Are its counts those that its scenario ships with?
    pub(crate) fn counts_as_shipped(&self, scenario: Scenario) -> bool {
        let shipped = scenario.default_policy();
        (self.required, self.required_other, self.initiator_counts)
            == (shipped.required, shipped.required_other, shipped.initiator_counts)
    }
}

impl State {
    /// Counts that today's settings and the two hardening rules ask for. `by_approver`: whoever asks is an approver, whether or not
    /// their own word counts.
    ///
    /// Ratchet: lowering a scenario's counts needs as many people as those counts took. Closure: making an approver needs as
    /// many as the highest counts in which that approver could vote. Neither is lowered because there are fewer people to ask:
    /// then it cannot be asked for, and counts that would come to that are refused.
    pub(crate) fn counts_for(&self, account: AccountId, action: &Action, by_approver: bool) -> (u32, u32) {
        let policy = self.policy_for(account, action);
        let people = match action {
            Action::Device(_) => 0,
            Action::Control(control) => self.hardened_by(account, control),
        };
        (policy.required_for(people, by_approver), policy.required_other)
    }

    /// People that the hardening rules ask for.
    fn hardened_by(&self, account: AccountId, control: &Control) -> u32 {
        match control {
            Control::SetPolicies { changes } => self.ratchet(account, changes),
            Control::SetSafeguards(new) => self.people_for_safeguards(account, *new),
            Control::SetSecondFactorRequired { on } => {
                if *on {
                    0
                } else {
                    self.people_to_weaken_all(account)
                }
            }
            // Counts that go with a removal take what changing them by themselves would take.
            Control::RemoveUser { changes, .. } if !changes.is_empty() => {
                self.ratchet(account, changes).max(self.policy(account, Scenario::ApprovalConfigUpdate).people())
            }
            control => {
                let delta = self.delta_of(account, control);
                self.closure(account, |scenario| delta.new_votes().any(|new| new == scenario))
            }
        }
    }

    /// People that making somebody an approver takes, by the scenarios in which they could vote: the most that any of those takes.
    fn closure(&self, account: AccountId, votes_in: impl Fn(Scenario) -> bool) -> u32 {
        if !self.safeguards(account).closure {
            return 0;
        }
        let counted = Scenario::ALL.iter().filter(|scenario| votes_in(**scenario));
        let people = |scenario: &Scenario| {
            let policy = self.policy(account, *scenario);
            // As shipped, what takes a second person does not hold up making the first one.
            if policy.counts_as_shipped(*scenario) { policy.required } else { policy.people() }
        };
        counted.map(people).max().unwrap_or(0)
    }

    fn ratchet(&self, account: AccountId, changes: &[PolicyChange]) -> u32 {
        if !self.safeguards(account).ratchet {
            return 0;
        }
        let lowered = changes.iter().filter_map(|change| {
            let old = self.policy(account, change.scenario);
            change.of(&old).is_weaker_than(&old).then(|| self.people_to_weaken(account, change.scenario, &old))
        });
        lowered.max().unwrap_or(0)
    }

    /// People that holding less back in a scenario takes. As shipped, what takes a second person may be given up by the only one
    /// there is; a count that was chosen is never lowered by fewer.
    fn people_to_weaken(&self, account: AccountId, scenario: Scenario, old: &Policy) -> u32 {
        let rules = self.available(account, Scenario::ApprovalConfigUpdate);
        if scenario == Scenario::OwnershipTransfer {
            self.available(account, scenario)
        } else if old.counts_as_shipped(scenario) {
            old.people().min(rules)
        } else {
            old.people()
        }
    }

    /// The rule and the people of the strictest request of a scenario that could be asked for now.
    fn strictest(&self, account: AccountId, scenario: Scenario) -> (Policy, u32) {
        let plain = self.policy(account, scenario);
        let limited = || self.grants_of(account).any(|grant| !grant.scope.is_all());
        let gives = match scenario {
            Scenario::AuthorizationAdd
            | Scenario::AuthorizationApiAccess
            | Scenario::AuthorizationUpdate
            | Scenario::AuthorizationUnsuspend
            | Scenario::AuthorizationRole => true,
            // A device that goes where somebody has a grant comes into their reach.
            Scenario::FleetInventory | Scenario::HashrateTransfer => limited(),
            Scenario::AuthorizationRemove
            | Scenario::AuthorizationSuspend
            | Scenario::ApprovalConfigUpdate
            | Scenario::AccountFreeze
            | Scenario::AccountDelete
            | Scenario::AccountUnfreeze
            | Scenario::OwnershipTransfer
            | Scenario::ApikeyIssueWrite
            | Scenario::GovernanceRecover
            | Scenario::FleetPower
            | Scenario::FleetMode
            | Scenario::FleetLed
            | Scenario::FleetPoolChange
            | Scenario::FleetSite
            | Scenario::FleetAgent
            | Scenario::FleetScan
            | Scenario::FleetRestartWorkers
            | Scenario::SubaccountDelete
            | Scenario::WalletAddressUpdate
            | Scenario::RevenueAllocationSet
            | Scenario::ObserverLink
            | Scenario::ObserverLinkWithRevenue
            | Scenario::ObserverProtectionOff
            | Scenario::ObserverClose => false,
        };
        if gives {
            let policy = plain.together_with(&self.policy(account, Scenario::AuthorizationAdd));
            return (policy, self.closure(account, |_| true));
        }
        let people = if scenario == Scenario::ApprovalConfigUpdate { self.to_weaken_anything(account) } else { 0 };
        (plain, people)
    }

    fn to_weaken_anything(&self, account: AccountId) -> u32 {
        let safeguards = self.safeguards(account);
        let bare = Safeguards { ratchet: false, closure: false, ..safeguards };
        let of_policy = |scenario: &Scenario| {
            let old = self.policy(account, *scenario);
            let fixed = *scenario == Scenario::OwnershipTransfer && old.timelock == Millis(0);
            if fixed { 0 } else { self.people_to_weaken(account, *scenario, &old) }
        };
        let counts = Scenario::ALL.iter().map(of_policy).max().filter(|_| safeguards.ratchet).unwrap_or(0);
        counts.max(self.people_for_safeguards(account, bare))
    }

    /// Would whatever `actor` asks for now in this scenario, by this permission and at this place, run without waiting for
    /// anybody or any time? What it gives nobody but others is meant: nobody decides on what they gain by.
    #[must_use]
    pub fn runs_at_once(
        &self,
        actor: &Actor,
        scenario: Scenario,
        permission: Permission,
        place: &Place,
        now: Timestamp,
    ) -> bool {
        let (policy, people) = self.strictest(actor.account, scenario);
        // An allocation may name a new address; whom an account is offered to has to accept.
        let may_wait = matches!(scenario, Scenario::RevenueAllocationSet | Scenario::OwnershipTransfer);
        if may_wait || policy.timelock > Millis(0) {
            return false;
        }
        // Counts may go with a removal, and are held back as they are by themselves.
        let other = (scenario == Scenario::AuthorizationRemove).then_some(Scenario::ApprovalConfigUpdate);
        if other.is_some_and(|other| !self.runs_at_once(actor, other, permission, place, now)) {
            return false;
        }
        let (required, required_other) = (policy.required.max(people), policy.required_other);
        match actor.principal {
            Principal::User(user) => {
                let counts = policy.counts_by_submitting() && required == 1 && required_other == 0;
                let places = std::slice::from_ref(place);
                let by_permission = Alone {
                    account: actor.account,
                    initiator: actor.principal,
                    policy: &policy,
                    counts: (required, required_other),
                    scenario,
                    permission,
                    now,
                };
                self.acts_by_permission(&by_permission, || vec![*place])
                    || counts
                        && !self.standing(actor.account, user, policy.approvers, permission, places, now).is_empty()
            }
            program => policy.lets_alone(program, required, required_other),
        }
    }
}
