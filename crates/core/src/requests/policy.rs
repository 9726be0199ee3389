//! Changing policies: several at a time, all of them or none, each a new version of its own. What is not named stays.

use super::{Approvers, Policy, Scenario, StepUp};
use crate::{
    authz::Principal,
    decide::Tx,
    event::{Entry, Event},
    ids::AccountId,
    rejection::{Instead, Rejection},
    requests::RECOVERY_TIMELOCK,
    state::State,
    time::Millis,
};
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// How long a request may be left to wait for approvals.
pub const APPROVE_TTL: RangeInclusive<Millis> = Millis::minutes(1)..=Millis::days(30);
/// How long after its approval it may be left to begin.
pub const EXECUTE_TTL: RangeInclusive<Millis> = Millis::minutes(1)..=Millis::days(7);
/// How long it may be made to wait between the two.
pub const TIMELOCK: RangeInclusive<Millis> = Millis(0)..=Millis::days(14);

/// What one scenario's policy is to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PolicyChange {
    /// Which scenario.
    pub scenario: Scenario,
    /// Distinct approvals, from 1 to the number of approvers.
    pub required: u32,
    /// Of these, by somebody other than the initiator.
    pub required_other: u32,
    /// Who may vote.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approvers: Option<Approvers>,
    /// Whether an initiator who may vote is counted as approving.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub initiator_counts: Option<bool>,
    /// Whether a program's request needs no vote where one approval is enough.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub programs_run_alone: Option<bool>,
    /// How long a request may wait for approvals, s. Within [`APPROVE_TTL`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub approve_ttl_s: Option<u32>,
    /// How long after that it may begin, s. Within [`EXECUTE_TTL`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub execute_ttl_s: Option<u32>,
    /// How long it waits between approval and execution, s. Within [`TIMELOCK`], a recovery within [`RECOVERY_TIMELOCK`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timelock_s: Option<u32>,
    /// How sure we must be of who votes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step_up: Option<StepUp>,
    /// Only if the policy is still this version: who changes a part means the rest as they saw it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<u32>,
}

impl PolicyChange {
    /// These counts, and everything else as it is.
    #[must_use]
    pub const fn counts(scenario: Scenario, required: u32, required_other: u32) -> Self {
        Self {
            scenario,
            required,
            required_other,
            approvers: None,
            initiator_counts: None,
            programs_run_alone: None,
            approve_ttl_s: None,
            execute_ttl_s: None,
            timelock_s: None,
            step_up: None,
            version: None,
        }
    }

    /// Nothing but counts?
    #[must_use]
    pub fn is_counts(&self) -> bool {
        let counts = Self::counts(self.scenario, self.required, self.required_other);
        *self == Self { version: self.version, ..counts }
    }

    /// The next version of `old`.
    #[must_use]
    pub fn of(&self, old: &Policy) -> Policy {
        let length = |seconds: Option<u32>, old: Millis| seconds.map_or(old, |s| Millis::seconds(s.into()));
        Policy {
            version: old.version + 1,
            required: self.required,
            required_other: self.required_other,
            approvers: self.approvers.unwrap_or(old.approvers),
            initiator_counts: self.initiator_counts.unwrap_or(old.initiator_counts),
            programs_run_alone: self.programs_run_alone.unwrap_or(old.programs_run_alone),
            approve_ttl: length(self.approve_ttl_s, old.approve_ttl),
            execute_ttl: length(self.execute_ttl_s, old.execute_ttl),
            timelock: length(self.timelock_s, old.timelock),
            step_up: self.step_up.unwrap_or(old.step_up),
        }
    }
}

impl State {
    /// The longest of the waits that these changes shorten; none if they shorten none.
    pub(crate) fn longest_shortened(&self, account: AccountId, changes: &[PolicyChange]) -> Millis {
        let shortened = changes.iter().filter_map(|change| {
            let old = self.policy(account, change.scenario);
            (change.of(&old).timelock < old.timelock).then_some(old.timelock)
        });
        shortened.max().unwrap_or(Millis(0))
    }
}

impl Policy {
    /// Does it hold less back than `old`, in anything? Then it takes as many people as `old` asked for.
    #[must_use]
    pub fn is_weaker_than(&self, old: &Self) -> bool {
        self.required < old.required
            || self.required_other < old.required_other
            || self.approvers > old.approvers
            || self.initiator_counts && !old.initiator_counts
            || self.programs_run_alone && !old.programs_run_alone
            || self.timelock < old.timelock
            || self.step_up < old.step_up
    }
}

impl Tx {
    /// One approval at least, and no more than there are people to give them.
    pub(crate) fn check_policies(&self, account: AccountId, changes: &[PolicyChange]) -> Result<(), Rejection> {
        if changes.is_empty() {
            return Err(Rejection::Invalid { field: "changes", problem: "name at least one scenario".into() });
        }
        self.check_named_once(changes)?;
        self.check_lowered(account, changes)?;
        changes.iter().try_for_each(|change| self.check_policy(account, change))?;
        self.check_can_be_lowered(account, changes)
    }

    /// Under the ratchet lowering a count takes as many approvals as it asked for: one that those who decide on the rules could
    /// never give again is refused.
    fn check_can_be_lowered(&self, account: AccountId, changes: &[PolicyChange]) -> Result<(), Rejection> {
        let mut after = self.state().clone();
        for event in self.policy_effects(account, changes) {
            after.apply(&Entry { at: self.now(), actor: Principal::System, event });
        }
        let out = after.newly_locked_out(account, self.state());
        let most = after.available(account, Scenario::ApprovalConfigUpdate);
        let too_many = |change: &&PolicyChange| after.policy(account, change.scenario).people() > most;
        match changes.iter().find(too_many).filter(|_| out.contains(&Scenario::ApprovalConfigUpdate)) {
            Some(change) => Err(Rejection::CouldNotBeLowered { scenario: change.scenario, most }),
            None if out.is_empty() => Ok(()),
            None => Err(Rejection::WouldLockOut { scenarios: out, instead: Instead::LowerFirst }),
        }
    }

    fn check_policy(&self, account: AccountId, change: &PolicyChange) -> Result<(), Rejection> {
        let (scenario, name) = (change.scenario, change.scenario.name());
        let old = self.state().policy(account, scenario);
        if change.version.is_some_and(|seen| seen != old.version) {
            return Err(Rejection::Changed);
        }
        let policy = change.of(&old);
        let within = |field: &str, value: u32, min: u32, max: u32| {
            let field = format!("{name} {field}");
            let fits = (min..=max).contains(&value);
            if fits { Ok(()) } else { Err(Rejection::OutOfRange { field, min: min.into(), max: max.into() }) }
        };
        let seconds = |field: &str, value: Millis, bounds: &RangeInclusive<Millis>| {
            let (min, max) = (bounds.start().0 / 1_000, bounds.end().0 / 1_000);
            let field = format!("{name} {field}");
            if bounds.contains(&value) { Ok(()) } else { Err(Rejection::OutOfRange { field, min, max }) }
        };
        seconds("approve_ttl_s", policy.approve_ttl, &APPROVE_TTL)?;
        seconds("execute_ttl_s", policy.execute_ttl, &EXECUTE_TTL)?;
        let recovers = scenario == Scenario::GovernanceRecover;
        seconds("timelock_s", policy.timelock, if recovers { &RECOVERY_TIMELOCK } else { &TIMELOCK })?;
        let transfers = scenario == Scenario::OwnershipTransfer;
        if scenario.has_fixed_counts() {
            // One person can always make things safer, the way out is always as wide, and an owner is agreed on by everybody.
            let shipped = scenario.default_policy();
            let timelock = if recovers || transfers { policy.timelock } else { shipped.timelock };
            let fixed = Policy {
                version: policy.version,
                approve_ttl: policy.approve_ttl,
                execute_ttl: policy.execute_ttl,
                timelock,
                ..shipped
            };
            let people = if transfers { "everybody who may approve it" } else { "one person" };
            let problem = format!("{name} always takes {people}; only its times can be changed");
            return if policy == fixed { Ok(()) } else { Err(Rejection::Invalid { field: "changes", problem }) };
        }
        let people = self.state().available_to(account, scenario, policy.approvers);
        within("required", policy.required, 1, policy.most(people))?;
        within("required_other", policy.required_other, 0, people.saturating_sub(1))
    }

    /// New policies.
    pub(crate) fn policy_effects(&self, account: AccountId, changes: &[PolicyChange]) -> Vec<Event> {
        let set = |change: &PolicyChange| {
            let policy = change.of(&self.state().policy(account, change.scenario));
            Event::PolicySet { account, scenario: change.scenario, policy }
        };
        changes.iter().map(set).collect()
    }
}
