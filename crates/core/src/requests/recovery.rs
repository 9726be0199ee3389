//! The way out when too few approvers are left, or one of them holds the others to ransom: governance recovery. And what an
//! account may not do until then.
//!
//! The owner (or somebody with a shell on the server) asks for it and says why. It waits out a timelock in which any other
//! approver may call it off, suspended ones too, but those it would remove. Then it lowers the counts that cannot be met, as far as
//! that takes, and nothing else; and it has to be looked at afterwards.

use super::{Control, Policy, PolicyChange, Scenario, vote::MAX_WORDS};
use crate::{
    authz::{Actor, Principal, Role},
    command::Reply,
    decide::Tx,
    event::{Entry, Event},
    ids::{AccountId, RequestId, UserId},
    rejection::{NoSay, Rejection},
    state::State,
    time::Millis,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How long a recovery may be made to wait.
pub const RECOVERY_TIMELOCK: std::ops::RangeInclusive<Millis> = Millis::hours(24)..=Millis::days(14);

/// What a recovery does.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Recovery {
    /// Approvers to remove. They have no say in it.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub remove: BTreeSet<UserId>,
}

impl Policy {
    /// Lowers the counts as far as it takes for so many people to be enough.
    fn lower_to(&mut self, people: u32) {
        while self.people() > people {
            if self.required_other > 0 && self.required_other >= self.required.saturating_sub(1) {
                self.required_other -= 1;
            } else if self.required > 1 {
                self.required -= 1;
            } else if self.initiator_counts {
                return;
            } else {
                self.initiator_counts = true;
            }
        }
    }
}

impl State {
    /// Scenarios that have fewer approvers than they need, and more than that `before`; with those who are suspended or without.
    pub(crate) fn newly_locked_out(&self, account: AccountId, before: &Self) -> Vec<Scenario> {
        let (was_out, was_out_today) = (before.locked_out(account), before.locked_out_today(account));
        let worse = |scenario: &Scenario| {
            !was_out.contains(scenario) || self.available(account, *scenario) < before.available(account, *scenario)
        };
        let worse_today = |scenario: &Scenario| {
            !was_out_today.contains(scenario) || self.active(account, *scenario) < before.active(account, *scenario)
        };
        let out = self.locked_out(account).into_iter().filter(worse);
        let out: BTreeSet<_> = out.chain(self.locked_out_today(account).into_iter().filter(worse_today)).collect();
        out.into_iter().collect()
    }

    /// What of an account nobody can get approved, until a recovery or a new approver.
    pub fn degraded(&self, account: AccountId) -> impl Iterator<Item = Scenario> {
        self.account(account).into_iter().flat_map(|account| account.degraded.iter().copied())
    }
}

impl Tx {
    /// Of what is degraded only making things safer, and the way out, can be asked for.
    pub(crate) fn check_degraded(&self, account: AccountId, scenario: Scenario) -> Result<(), Rejection> {
        let hit = self.state().degraded(account).any(|degraded| degraded == scenario);
        if hit && !scenario.is_always_open() { Err(Rejection::GovernanceDegraded { scenario }) } else { Ok(()) }
    }

    /// Nor is a count lowered by which too few are left: that would be the way around those who are missing.
    pub(crate) fn check_lowered(&self, account: AccountId, changes: &[PolicyChange]) -> Result<(), Rejection> {
        let lowered = |change: &&PolicyChange| {
            let old = self.state().policy(account, change.scenario);
            change.of(&old).is_weaker_than(&old)
        };
        changes.iter().filter(lowered).try_for_each(|change| self.check_degraded(account, change.scenario))
    }

    /// The account knows what it has too few approvers for.
    pub(crate) fn note_governance(&mut self, account: AccountId) {
        let scenarios = self.state().locked_out(account);
        if self.state().degraded(account).eq(scenarios.iter().copied()) {
            return;
        }
        self.emit(if scenarios.is_empty() {
            Event::GovernanceRestored { account }
        } else {
            Event::GovernanceDegraded { account, scenarios }
        });
    }

    pub(crate) fn check_recovery(&self, account: AccountId, recovery: &Recovery) -> Result<(), Rejection> {
        // Who is to be removed may have gone by themselves while it waited; that must not end it.
        for user in &recovery.remove {
            if user.0 > self.state().next_user {
                return Err(Rejection::NotFound { what: "person" });
            }
            if self.state().account(account).is_some_and(|account| account.owner == *user) {
                return Err(Rejection::OwnerProtected);
            }
        }
        if self.recovery_effects(account, recovery).is_empty() {
            let problem = "every count can be met by the approvers there are: name those who are to be removed".into();
            return Err(Rejection::Invalid { field: "remove", problem });
        }
        Ok(())
    }

    /// What makes up for people who go lowers counts and does nothing else.
    pub(crate) fn check_count_lowered(&self, account: AccountId, change: &PolicyChange) -> Result<(), Rejection> {
        let old = self.state().policy(account, change.scenario);
        let name = change.scenario.name();
        if !change.is_counts() {
            let problem =
                format!("{name}: together with people who go, counts are lowered and nothing else is changed");
            return Err(Rejection::Invalid { field: "changes", problem });
        }
        if change.required < 1 || change.required > old.required {
            let field = format!("{name} required");
            return Err(Rejection::OutOfRange { field, min: 1, max: old.required.into() });
        }
        if change.required_other > old.required_other {
            let field = format!("{name} required_other");
            return Err(Rejection::OutOfRange { field, min: 0, max: old.required_other.into() });
        }
        Ok(())
    }

    /// Whatever happened to the counts while it waited, it leaves none that cannot be met: nobody can stand in its way by
    /// raising one.
    pub(crate) fn recovery_effects(&self, account: AccountId, recovery: &Recovery) -> Vec<Event> {
        let removed: Vec<_> = recovery
            .remove
            .iter()
            .flat_map(|user| self.people_effects(account, &Control::RemoveUser { user: *user, changes: Vec::new() }))
            .collect();
        let mut state = self.state().clone();
        for event in removed.iter().cloned() {
            state.apply(&Entry { at: self.now(), actor: Principal::System, event });
        }
        let most = state.available(account, Scenario::ApprovalConfigUpdate);
        let ratchet = state.safeguards(account).ratchet;
        let lowered = Scenario::ALL.iter().filter_map(|scenario| {
            let mut policy = state.policy(account, *scenario);
            if state.is_locked_out(account, *scenario) {
                let people = state.available(account, *scenario);
                policy.initiator_counts |= people == 1;
                policy.required = policy.required.min(policy.most(people)).max(1);
                policy.required_other = policy.required_other.min(people.saturating_sub(1));
            }
            // Nor is one left that those who decide on the rules could never lower.
            if ratchet && !policy.counts_as_shipped(*scenario) {
                policy.lower_to(most);
            }
            let same = policy == state.policy(account, *scenario);
            policy.version += 1;
            (!same).then_some(Event::PolicySet { account, scenario: *scenario, policy })
        });
        let lowered: Vec<_> = lowered.collect();
        removed.into_iter().chain(lowered).collect()
    }

    /// Somebody else than whoever started it looks at it afterwards; if there is nobody else, they themselves.
    pub(crate) fn close_review(
        &mut self,
        actor: &Actor,
        request: RequestId,
        words: String,
    ) -> Result<Reply, Rejection> {
        let account = self.state().account(actor.account).filter(|account| account.reviews.contains(&request));
        account.ok_or(Rejection::NotFound { what: "recovery to review" })?;
        let user = actor.user().ok_or(Rejection::NotFound { what: "recovery to review" })?;
        let administrators: BTreeSet<_> = self
            .state()
            .people_of(actor.account)
            .filter(|user| self.state().counts(actor.account, *user))
            .filter(|user| {
                let rights = self.state().rights_of_user(actor.account, *user);
                rights.live(self.now()).any(|right| {
                    right.scope.is_all() && (right.role == Role::Owner || right.role == Role::Administrator)
                })
            })
            .collect();
        if !administrators.contains(&user) {
            return Err(NoSay::NotTheReviewer.into());
        }
        let by_initiator =
            self.state().request(request).is_some_and(|request| request.payload.initiator == actor.principal);
        if by_initiator && administrators.len() > 1 {
            return Err(NoSay::Started.into());
        }
        if words.trim().is_empty() || words.chars().count() > MAX_WORDS {
            return Err(Rejection::ReasonRequired { field: "words" });
        }
        self.emit(Event::RecoveryReviewed { account: actor.account, request, by: user, words });
        Ok(Reply::Request(request))
    }
}
