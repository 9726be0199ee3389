//! Whose vote counts, and whether that is enough.

use super::{
    Alone, Decision, Policy, Request, RequestState, quorum::count, reach::ReachDelta, settle::is_from_the_server,
};
use crate::{
    authz::{Grant, Place, Principal, Scope},
    ids::UserId,
    state::State,
    time::Timestamp,
};
use std::{cell::OnceCell, collections::BTreeSet};

/// How a request stands with its quorum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tally {
    /// People whose approval counts now, the initiator's own included.
    pub approvals: BTreeSet<UserId>,
    /// How many of them are neither the initiator nor, if that is a program, somebody who may have its key.
    pub by_others: u32,
    /// Approvals needed.
    pub required: u32,
    /// Of these, by somebody else.
    pub required_other: u32,
    /// People who may still vote.
    pub undecided: BTreeSet<UserId>,
    /// Approvers who are suspended: they cannot approve until that ends, and no count is lowered for their sake.
    pub suspended: BTreeSet<UserId>,
    /// How many of those who may still vote, or could once their suspension ends, would be such others.
    pub others_left: u32,
    /// A program asks for what its kind may do alone, or the server's keeper for a recovery: no vote is needed.
    pub alone: bool,
}

impl Tally {
    /// Enough?
    #[must_use]
    pub fn is_met(&self) -> bool {
        self.alone || count(&self.approvals) >= self.required && self.by_others >= self.required_other
    }

    /// Could it still be enough?
    #[must_use]
    pub fn is_possible(&self) -> bool {
        self.alone
            || count(&self.approvals) + count(&self.undecided) + count(&self.suspended) >= self.required
                && self.by_others + self.others_left >= self.required_other
    }
}

/// What one approver's word is worth to a request.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stand {
    /// It counts as an approval.
    Approves,
    /// They may still vote.
    Undecided,
    /// They may not vote until their suspension ends.
    Suspended,
    /// None.
    Aside,
}

/// By which rules a request's votes are counted now.
struct Count<'a> {
    state: &'a State,
    request: &'a Request,
    now: Timestamp,
    /// What was decided is not counted anew when rules and people change later.
    open: bool,
    then: Policy,
    policy: Policy,
    /// Where its targets are, once that matters.
    places: OnceCell<Vec<Place>>,
    /// What it does to what people may do, once that matters.
    delta: OnceCell<ReachDelta>,
}

impl<'a> Count<'a> {
    fn of(state: &'a State, request: &'a Request, now: Timestamp) -> Self {
        let payload = &request.payload;
        let open = matches!(request.state, RequestState::Pending | RequestState::Approved);
        let now_in_force = || state.policy_for(payload.account, &payload.action);
        let as_asked = || state.policy_then(request);
        let policy = if open { now_in_force() } else { as_asked() };
        let then = if policy.version == payload.policy_version { policy.clone() } else { as_asked() };
        Self { state, request, now, open, then, policy, places: OnceCell::new(), delta: OnceCell::new() }
    }

    /// Do these scopes reach all of it together?
    fn is_within(&self, scopes: &[&Scope]) -> bool {
        let payload = &self.request.payload;
        let places = || self.places.get_or_init(|| self.state.places(&payload.action, &payload.targets));
        let reached = |place| scopes.iter().any(|scope| scope.covers(place));
        scopes.iter().any(|scope| scope.is_all()) || !scopes.is_empty() && places().iter().all(reached)
    }

    fn delta(&self) -> &ReachDelta {
        let payload = &self.request.payload;
        self.delta.get_or_init(|| self.state.reach_delta(payload.account, &payload.action))
    }

    fn initiator_counts(&self) -> bool {
        self.policy.initiator_counts && self.then.initiator_counts
    }

    /// By the grants with which they were an approver when the request was made, and still.
    fn is_eligible(&self, user: UserId) -> bool {
        let state = self.state;
        let permission = self.request.payload.action.permission();
        let fits = |grant: &&Grant| {
            let role_fits = match self.policy.approvers.roles() {
                Some(roles) => roles.iter().any(|role| grant.role == *role),
                None => state.mask_of(grant.role) & permission.bit() != 0,
            };
            role_fits && grant.is_live(self.now)
        };
        let theirs = self.request.approver_grants(user);
        let grants = theirs.iter().filter_map(|(_, grant)| state.grants.get(grant)).filter(fits);
        let scopes: Vec<_> = grants.map(|grant| &grant.scope).collect();
        state.counts(self.request.payload.account, user) && self.is_within(&scopes)
    }

    /// Is whoever asks an approver, whether or not their own word counts?
    fn is_by_approver(&self) -> bool {
        matches!(self.request.payload.initiator, Principal::User(user) if self.is_eligible(user))
    }

    fn stand(&self, user: UserId) -> Stand {
        let (request, payload) = (self.request, &self.request.payload);
        let counts = !self.open || self.is_eligible(user);
        if !counts || self.state.is_beneficiary(&payload.action, self.delta(), user) {
            return Stand::Aside;
        }
        if self.open && self.state.is_kept_out(payload.account, &payload.action, user) {
            return Stand::Suspended;
        }
        let asked = payload.initiator == Principal::User(user);
        // An initiator who does not count cannot count by voting either.
        if !self.initiator_counts() && self.state.is_own(payload.initiator, user) {
            return Stand::Aside;
        }
        match request.vote_of(user) {
            Some(vote) if vote.decision == Decision::Approve && vote.content_hash == request.content_hash => {
                Stand::Approves
            }
            Some(_) => Stand::Aside,
            None if asked && self.then.counts_by_submitting() => Stand::Approves,
            None => Stand::Undecided,
        }
    }
}

impl State {
    /// Where the request stands with its quorum now.
    #[must_use]
    pub fn tally(&self, request: &Request, now: Timestamp) -> Tally {
        let (votes, payload) = (Count::of(self, request, now), &request.payload);
        let (mut approvals, mut undecided, mut suspended) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        for user in request.approvers() {
            match votes.stand(user) {
                Stand::Approves => drop(approvals.insert(user)),
                Stand::Undecided => drop(undecided.insert(user)),
                Stand::Suspended => drop(suspended.insert(user)),
                Stand::Aside => {}
            }
        }
        let by_others = self.others(payload.initiator, &approvals);
        let others_left = self.others(payload.initiator, &undecided) + self.others(payload.initiator, &suspended);
        let counts = match votes.open {
            true => self.counts_for(payload.account, &payload.action, votes.is_by_approver()),
            false => (0, 0),
        };
        let (required, required_other) = (counts.0.max(request.required), counts.1.max(request.required_other));
        let lets = |policy: &Policy| policy.lets_alone(payload.initiator, required, required_other);
        let by_permission = |policy: &Policy| {
            let asked = Alone {
                account: payload.account,
                initiator: payload.initiator,
                policy,
                counts: (required, required_other),
                scenario: payload.scenario,
                permission: payload.action.permission(),
                now,
            };
            !matches!(payload.initiator, Principal::User(user) if self.is_beneficiary(&payload.action, votes.delta(), user))
                && self.acts_by_permission(&asked, || self.places(&payload.action, &payload.targets))
        };
        let alone = lets(&votes.policy) && lets(&votes.then)
            || by_permission(&votes.policy) && by_permission(&votes.then)
            || is_from_the_server(payload.initiator, &payload.action);
        Tally { approvals, by_others, required, required_other, undecided, suspended, others_left, alone }
    }

    /// How many of these people are somebody else than whoever asks.
    pub(super) fn others(&self, initiator: Principal, people: &BTreeSet<UserId>) -> u32 {
        people.iter().map(|user| u32::from(!self.is_own(initiator, *user))).sum()
    }

    /// Does the request wait for this person's vote?
    #[must_use]
    pub fn awaits(&self, request: &Request, user: UserId, now: Timestamp) -> bool {
        // What is quick to tell comes first: lists are searched with this.
        request.state == RequestState::Pending
            && !request.approver_grants(user).is_empty()
            && request.vote_of(user).is_none()
            && Count::of(self, request, now).stand(user) == Stand::Undecided
    }
}
