//! Who may vote, and how many must.

use super::{
    Action, Alone, Approvers, Control, Payload, Policy, PolicyChange, Request, Safeguards, Scenario, StepUp, Tally,
    Target, settle::is_from_the_server,
};
use crate::{
    authz::{Actor, Grant, Permission, Place, Principal, RoleId},
    ids::{AccountId, GrantId, UserId},
    state::State,
    time::{Millis, Timestamp},
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
    fn together_with(self, other: &Self) -> Self {
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
        now.timelock.max(then.timelock).max(self.least_timelock(action))
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
        policy.timelock = policy.timelock.max(self.least_timelock(action));
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
            Action::Control(
                control @ (Control::PlaceDevices { devices, .. } | Control::AssignDevices { devices, .. }),
            ) => {
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

    /// Does a suspension keep them from having a say in this? Not from stopping the account's deletion, which the time for would
    /// run out meanwhile.
    pub(crate) fn is_kept_out(&self, account: AccountId, action: &Action, user: UserId) -> bool {
        self.is_suspended(account, user) && !matches!(action, Action::Control(Control::KeepAccount {}))
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
            _ => false,
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
