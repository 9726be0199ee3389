//! Who may vote, and how many must.

use super::{
    Action, Alone, Approvers, Control, Payload, Policy, Request, Scenario, StepUp, Tally, Target,
    settle::is_from_the_server,
};
use crate::{
    authz::{Actor, Permission, Place, Principal, RoleId},
    ids::{AccountId, GrantId, UserId},
    state::State,
    time::{Millis, Timestamp},
};
use std::collections::BTreeSet;

pub(super) fn count(people: &BTreeSet<UserId>) -> u32 {
    u32::try_from(people.len()).unwrap_or(u32::MAX)
}

/// The rule that a request would meet, and how it would stand the moment it is made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rule {
    /// Which class of operation it falls under.
    pub scenario: Scenario,
    /// The policy in force for that class.
    pub policy: Policy,
    /// Who would have approved and who could, against the counts that really apply: with the ratchet and closure rules.
    pub tally: Tally,
}

impl Rule {
    /// Would it run without anybody else?
    #[must_use]
    pub fn runs_at_once(&self) -> bool {
        self.tally.is_met() && self.policy.timelock == Millis(0)
    }
}

impl Policy {
    /// Is each approval given with a passkey of its own?
    #[must_use]
    pub const fn wants_passkeys(&self) -> bool {
        matches!(self.step_up, StepUp::Passkey)
    }

    /// Is whoever asks counted as approving without another word?
    #[must_use]
    pub fn counts_by_submitting(&self) -> bool {
        self.initiator_counts && !self.wants_passkeys()
    }

    /// May this principal do it without a vote? Only a program, and only where one approval by anybody is all it takes.
    pub(super) fn lets_alone(&self, principal: Principal, required: u32, required_other: u32) -> bool {
        matches!(principal, Principal::ApiKey(_)) && self.lets_programs_alone(required, required_other)
    }

    const fn lets_programs_alone(&self, required: u32, required_other: u32) -> bool {
        self.programs_run_alone && !self.wants_passkeys() && required == 1 && required_other == 0
    }
}

impl Policy {
    /// The stricter of both in everything but how long it may wait.
    pub(super) fn together_with(self, other: &Self) -> Self {
        Self {
            required: self.required.max(other.required),
            required_other: self.required_other.max(other.required_other),
            approvers: self.approvers.min(other.approvers),
            initiator_counts: self.initiator_counts && other.initiator_counts,
            programs_run_alone: self.programs_run_alone && other.programs_run_alone,
            timelock: self.timelock.max(other.timelock),
            step_up: self.step_up.max(other.step_up),
            ..self
        }
    }
}

impl State {
    /// How long the request would wait between approval and execution if it were approved now. As with the counts, what waits is
    /// not let out sooner by a change made meanwhile.
    #[must_use]
    pub fn timelock_of(&self, request: &Request) -> Millis {
        let Payload { account, ref action, .. } = *request.payload;
        let (now, then) = (self.policy_for(account, action), self.policy_then(request));
        now.timelock.max(then.timelock).max(self.least_timelock(account, action))
    }

    /// The policy in force for an action: its scenario's, as far as that has a say in it.
    #[must_use]
    pub fn policy_for(&self, account: AccountId, action: &Action) -> Policy {
        self.fitted(account, action, self.policy(account, action.scenario()))
    }

    /// The same as it was when a request was made.
    #[must_use]
    pub fn policy_then(&self, request: &Request) -> Policy {
        let Payload { account, scenario, policy_version, ref action, .. } = *request.payload;
        self.fitted(account, action, self.policy_at(account, scenario, policy_version))
    }

    fn fitted(&self, account: AccountId, action: &Action, policy: Policy) -> Policy {
        // Whatever gives somebody rights takes what giving them by a grant takes, whichever way they come about.
        if self.takes_what_adding_takes(account, action) {
            return policy.together_with(&self.policy(account, Scenario::AuthorizationAdd));
        }
        match action {
            // Turning power away takes one person who may, at once, whatever others of its scenario take. A program is none.
            Action::Device(operation) if operation.is_safety() => Policy {
                programs_run_alone: policy.lets_programs_alone(policy.required, policy.required_other),
                required: 1,
                required_other: 0,
                approvers: Approvers::ActionHolders,
                initiator_counts: true,
                timelock: Millis(0),
                step_up: StepUp::None,
                ..policy
            },
            // Counts that go with a removal are held back as they are by themselves. They cannot be changed while it waits.
            Action::Control(Control::RemoveUser { changes, .. }) if !changes.is_empty() => {
                let config = self.policy(account, Scenario::ApprovalConfigUpdate);
                policy.together_with(&config)
            }
            _ => policy,
        }
    }

    /// Does the rule about adding people hold it back besides its own? Where everybody has to agree, that says it all.
    pub(crate) fn takes_what_adding_takes(&self, account: AccountId, action: &Action) -> bool {
        let scenario = action.scenario();
        let is_held_more = scenario == Scenario::AuthorizationAdd || scenario.has_fixed_counts();
        !is_held_more && self.reach_delta(account, action).gives_anything()
    }

    /// The rule that a request by `actor` for `action` on `targets` would meet now.
    #[must_use]
    pub fn rule_for(&self, actor: &Actor, action: &Action, targets: &[Target], now: Timestamp) -> Rule {
        let scenario = action.scenario();
        let mut policy = self.policy_for(actor.account, action);
        policy.timelock = policy.timelock.max(self.least_timelock(actor.account, action));
        let places = self.places(action, targets);
        let delta = self.reach_delta(actor.account, action);
        let (mut approvals, mut undecided, mut suspended) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let approvers = self.approvers(actor.account, &policy, action, &places, now);
        let by_approver = approvers.iter().any(|(user, _)| actor.user() == Some(*user));
        let (required, required_other) = self.counts_at_first(actor.account, action, by_approver, now);
        for (user, _) in approvers {
            if self.is_beneficiary(action, &delta, user) {
                continue;
            }
            if self.is_kept_out(actor.account, action, user) {
                suspended.insert(user);
            } else if actor.user() == Some(user) && policy.counts_by_submitting() {
                approvals.insert(user);
            } else if policy.initiator_counts || !self.is_own(actor.principal, user) {
                undecided.insert(user);
            }
        }
        let alone = policy.lets_alone(actor.principal, required, required_other)
            || is_from_the_server(actor.principal, action)
            || !actor.user().is_some_and(|user| self.is_beneficiary(action, &delta, user))
                && self.acts_by_permission(
                    &Alone {
                        account: actor.account,
                        initiator: actor.principal,
                        policy: &policy,
                        counts: (required, required_other),
                        scenario,
                        permission: action.permission(),
                        now,
                    },
                    || places.clone(),
                );
        let others_left = self.others(actor.principal, &undecided) + self.others(actor.principal, &suspended);
        let tally =
            Tally { approvals, by_others: 0, required, required_other, undecided, suspended, others_left, alone };
        Rule { scenario, policy, tally }
    }

    /// Where an action and its targets are; each place once.
    pub(crate) fn places(&self, action: &Action, targets: &[Target]) -> Vec<Place> {
        let mut places: Vec<_> = match action {
            Action::Device(_) => targets
                .iter()
                .filter_map(|target| match target {
                    Target::Device(device) => self.device(*device).map(crate::fleet::Device::place),
                    Target::Agent(_) => None,
                })
                .collect(),
            // Where they are and where they go: whoever decides has a say in both.
            Action::Control(control) if let Some((devices, _)) = control.moves() => {
                let places = devices.iter().filter_map(|id| self.device(*id).map(crate::fleet::Device::place));
                places.chain(self.places_after(control)).collect()
            }
            Action::Control(control) if control.is_about_observers() => self.places_observed(control),
            Action::Control(control) => vec![self.place_of_structure(control).unwrap_or(Place::ACCOUNT)],
        };
        places.sort_unstable();
        places.dedup();
        places
    }

    /// The grants by which `user` may vote on such an action at all of `places`: one that reaches them all, or several that do
    /// together. None: they may not. A suspension ends, so whoever is suspended is an approver all the same.
    pub(crate) fn standing(
        &self,
        account: AccountId,
        user: UserId,
        approvers: Approvers,
        permission: Permission,
        places: &[Place],
        now: Timestamp,
    ) -> Vec<GrantId> {
        if !self.counts(account, user) {
            return Vec::new();
        }
        self.standing_by_grants(account, user, approvers, permission, places, now)
    }

    /// The same, whoever they are: as far as their grants go.
    pub(super) fn standing_by_grants(
        &self,
        account: AccountId,
        user: UserId,
        approvers: Approvers,
        permission: Permission,
        places: &[Place],
        now: Timestamp,
    ) -> Vec<GrantId> {
        let rights = self.granted_rights(account, user);
        let may = |role: RoleId, mask: u64| match approvers.roles() {
            Some(roles) => roles.iter().any(|approver| role == *approver),
            None => mask & permission.bit() != 0,
        };
        let fit = || rights.live(now).filter(|right| may(right.role, right.mask));
        if let Some(right) = fit().find(|right| places.iter().all(|place| right.scope.covers(place))) {
            return vec![right.grant];
        }
        let of_place = |place| fit().find(|right| right.scope.covers(place)).map(|right| right.grant);
        let grants: Option<BTreeSet<_>> = places.iter().map(of_place).collect();
        grants.unwrap_or_default().into_iter().collect()
    }

    /// Everybody who may vote on such an action, with each grant by which they may.
    pub(crate) fn approvers(
        &self,
        account: AccountId,
        policy: &Policy,
        action: &Action,
        places: &[Place],
        now: Timestamp,
    ) -> Vec<(UserId, GrantId)> {
        let of = |user| self.standing(account, user, policy.approvers, action.permission(), places, now);
        self.people_of(account).flat_map(|user| of(user).into_iter().map(move |grant| (user, grant))).collect()
    }

    /// Everybody who may vote on requests like this one now, whenever it was made.
    pub(crate) fn approvers_of(&self, request: &Request, now: Timestamp) -> BTreeSet<UserId> {
        let payload = &request.payload;
        let policy = self.policy_for(payload.account, &payload.action);
        let places = self.places(&payload.action, &payload.targets);
        let all = self.approvers(payload.account, &policy, &payload.action, &places, now);
        all.into_iter().map(|(user, _)| user).collect()
    }

    /// Does a suspension keep them from having a say in this? Not from stopping the account's deletion, which the time for would
    /// run out meanwhile.
    pub(crate) fn is_kept_out(&self, account: AccountId, action: &Action, user: UserId) -> bool {
        self.is_suspended(account, user) && !matches!(action, Action::Control(Control::KeepAccount {}))
    }
}
