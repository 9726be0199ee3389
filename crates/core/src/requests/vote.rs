//! Taking a decision, taking it back, calling a request off.

use super::{ContentHash, Decision, Request, RequestState, STEP_UP_WINDOW, StepUp, Tally};
use crate::{
    authz::{Actor, Principal},
    decide::Tx,
    event::Event,
    ids::{RequestId, UserId},
    quotas::{Quota, approvals_of},
    rejection::{NoSay, Rejection},
    state::State,
    time::Timestamp,
};
use std::sync::Arc;

/// Longest comment or reason, characters.
pub(crate) const MAX_WORDS: usize = 1_000;

/// Has the actor shown recently enough that it is they?
pub(crate) fn check_step_up(actor: &Actor, step_up: StepUp, now: Timestamp) -> Result<(), Rejection> {
    let fresh = now.since(actor.authenticated_at) < STEP_UP_WINDOW;
    if step_up >= StepUp::Recent && !fresh { Err(Rejection::StepUpRequired) } else { Ok(()) }
}

pub(crate) fn state_word(state: RequestState) -> &'static str {
    match state {
        RequestState::Pending => "waiting for approvals",
        RequestState::Approved => "approved",
        RequestState::Executing => "being carried out",
        RequestState::Executed | RequestState::PartiallyExecuted | RequestState::Failed => "carried out",
        RequestState::Rejected => "rejected",
        RequestState::Cancelled => "cancelled",
        RequestState::Expired => "expired",
        RequestState::Superseded => "replaced by another",
        RequestState::Invalidated => "no longer valid",
    }
}

impl Request {
    /// May it still be decided on, at `now`? A request that has run out says so, whether or not its end has been written down already.
    ///
    /// # Errors
    /// [`Rejection::Expired`].
    pub fn check_time(&self, now: Timestamp) -> Result<(), Rejection> {
        let until = match self.state {
            RequestState::Pending => Some(self.payload.not_after),
            RequestState::Approved => Some(self.execute_deadline.unwrap_or(self.payload.not_after)),
            RequestState::Expired => return Err(Rejection::Expired),
            RequestState::Executing
            | RequestState::Executed
            | RequestState::PartiallyExecuted
            | RequestState::Failed
            | RequestState::Rejected
            | RequestState::Cancelled
            | RequestState::Superseded
            | RequestState::Invalidated => None,
        };
        if until.is_some_and(|until| now >= until) { Err(Rejection::Expired) } else { Ok(()) }
    }
}

impl State {
    /// Why this person may not vote so on a request that waits, with its tally as it stands; `None` if they may.
    #[must_use]
    pub fn objection(&self, request: &Request, tally: &Tally, user: UserId, decision: Decision) -> Option<NoSay> {
        let action = &request.payload.action;
        let delta = self.reach_delta(request.payload.account, action);
        if self.is_beneficiary(action, &delta, user) {
            return Some(NoSay::Gives);
        }
        if decision == Decision::Reject && self.is_loser(action, &delta, user) {
            return Some(NoSay::Takes);
        }
        if tally.suspended.contains(&user) {
            let vetoes = decision == Decision::Reject && request.payload.scenario.keeps_veto();
            return (!vetoes).then_some(NoSay::Suspended);
        }
        let by_vote = request.vote_of(user).is_some() && tally.approvals.contains(&user);
        let is_initiator = request.payload.initiator == Principal::User(user);
        if tally.undecided.contains(&user) || by_vote || is_initiator && tally.approvals.contains(&user) {
            return None;
        }
        if let Some(why) = self.uncounted_approver(request, user) {
            return Some(why);
        }
        Some(if is_initiator {
            NoSay::Submitted
        } else if self.is_own(request.payload.initiator, user) {
            NoSay::ByProgram
        } else if !request.approver_grants(user).is_empty() {
            NoSay::RoleChanged
        } else {
            NoSay::NotThen
        })
    }

    /// Why this person (`None`: a program) has no vote to give, with the request's tally as it stands; `None` if they have one.
    #[must_use]
    pub fn why_no_vote(&self, request: &Request, tally: &Tally, user: Option<UserId>) -> Option<NoSay> {
        match (request.state, user) {
            (RequestState::Pending, Some(user)) if tally.undecided.contains(&user) => None,
            (RequestState::Pending, Some(user)) => {
                let counted = if request.vote_of(user).is_some() { NoSay::Voted } else { NoSay::Counted };
                Some(self.objection(request, tally, user, Decision::Approve).unwrap_or(counted))
            }
            (RequestState::Pending, None) => Some(NoSay::Program),
            (RequestState::Approved, _) => Some(NoSay::Approved),
            _ => Some(NoSay::Over),
        }
    }

    /// May this person (`None`: a program) reject it as it stands? Not all who may are counted: who has approved may change their
    /// mind, and who is suspended keeps the veto against what could be turned against them.
    #[must_use]
    pub fn may_reject(&self, request: &Request, tally: &Tally, user: Option<UserId>) -> bool {
        let waits = request.state == RequestState::Pending;
        waits && user.is_some_and(|user| self.objection(request, tally, user, Decision::Reject).is_none())
    }

    /// An approver may, but for whom it takes something from; while they are suspended only what could be turned against them.
    fn may_veto(&self, request: &Request, tally: &Tally, user: UserId) -> bool {
        let payload = &request.payload;
        let is_approver = tally.approvals.contains(&user)
            || tally.undecided.contains(&user)
            || tally.suspended.contains(&user) && payload.scenario.keeps_veto();
        is_approver && !self.is_loser(&payload.action, &self.reach_delta(payload.account, &payload.action), user)
    }

    /// May they call it off? Its initiator, or for a program whoever may have its key, until it is being carried out; any approver
    /// while it waits out its timelock, but for whom it takes something from.
    #[must_use]
    pub fn may_cancel(&self, request: &Request, tally: &Tally, who: Principal) -> bool {
        match (request.state, who) {
            (RequestState::Pending | RequestState::Approved, _) if request.payload.initiator == who => true,
            (RequestState::Pending, Principal::User(user)) => self.is_own(request.payload.initiator, user),
            (RequestState::Approved, Principal::User(user)) => {
                self.is_own(request.payload.initiator, user) || self.may_veto(request, tally, user)
            }
            _ => false,
        }
    }
}

impl Tx {
    /// The request, if it is the actor's account's and the time has not run out on it.
    pub(crate) fn open_request(&self, actor: &Actor, id: RequestId) -> Result<Arc<Request>, Rejection> {
        let request = self.state().request_now(id).filter(|r| r.payload.account == actor.account);
        let request = request.ok_or(Rejection::NotFound { what: "request" })?;
        request.check_time(self.now())?;
        Ok(request)
    }

    pub(crate) fn vote(
        &mut self,
        actor: &Actor,
        id: RequestId,
        decision: Decision,
        content_hash: ContentHash,
        comment: Option<String>,
        passkey: Option<String>,
    ) -> Result<(), Rejection> {
        let request = self.open_request(actor, id)?;
        let Principal::User(user) = actor.principal else {
            return Err(NoSay::Program.into());
        };
        let next = request.superseded_by.and_then(|next| self.state().request(next));
        if next.is_some_and(|next| next.supersedes == Some(id)) {
            return Err(Rejection::ContentChanged);
        }
        if request.state != RequestState::Pending {
            return Err(Rejection::InvalidState { state: state_word(request.state) });
        }
        if content_hash != request.content_hash {
            return Err(Rejection::ContentChanged);
        }
        let tally = self.state().tally(&request, self.now());
        if let Some(objection) = self.state().objection(&request, &tally, user, decision) {
            return Err(objection.into());
        }
        let comment = comment.filter(|words| !words.trim().is_empty());
        let too_long = comment.as_ref().is_some_and(|words| words.chars().count() > MAX_WORDS);
        if too_long || decision == Decision::Reject && comment.is_none() {
            return Err(Rejection::ReasonRequired { field: "comment" });
        }
        if decision == Decision::Approve {
            if tally.approvals.contains(&user) {
                return Ok(());
            }
            Quota::Approvals.check(approvals_of(&request, user), 1)?;
            let policy = self.state().policy_for(actor.account, &request.payload.action);
            let then = self.state().policy_then(&request);
            match policy.step_up.max(then.step_up) {
                StepUp::Passkey if passkey.is_none() => return Err(Rejection::PasskeyRequired),
                StepUp::Passkey => {}
                step_up => check_step_up(actor, step_up, self.now())?,
            }
        }
        let reason = comment.clone();
        self.emit(Event::VoteCast {
            request: id,
            revision: request.payload.revision,
            voter: user,
            decision,
            content_hash,
            comment,
            authenticated_at: actor.authenticated_at,
            passkey,
        });
        if decision == Decision::Reject {
            self.end(id, RequestState::Rejected, reason, None);
        } else {
            self.settle(id);
        }
        Ok(())
    }

    pub(crate) fn withdraw_vote(&mut self, actor: &Actor, id: RequestId) -> Result<(), Rejection> {
        let request = self.open_request(actor, id)?;
        if request.state != RequestState::Pending {
            return Err(Rejection::InvalidState { state: state_word(request.state) });
        }
        let vote = actor.user().and_then(|user| request.vote_of(user));
        let Some(vote) = vote else {
            return Err(Rejection::NotFound { what: "vote of yours" });
        };
        self.emit(Event::VoteWithdrawn { request: id, voter: vote.voter });
        self.settle(id);
        Ok(())
    }

    /// By its initiator until it is being carried out; by any approver while it waits out its timelock.
    pub(crate) fn cancel(&mut self, actor: &Actor, id: RequestId, reason: Option<String>) -> Result<(), Rejection> {
        let request = self.open_request(actor, id)?;
        if !matches!(request.state, RequestState::Pending | RequestState::Approved) {
            return Err(Rejection::InvalidState { state: state_word(request.state) });
        }
        if reason.as_ref().is_some_and(|words| words.chars().count() > MAX_WORDS) {
            return Err(Rejection::ReasonRequired { field: "reason" });
        }
        let tally = self.state().tally(&request, self.now());
        if !self.state().may_cancel(&request, &tally, actor.principal) {
            return Err(NoSay::NotYetApproved.into());
        }
        self.end(id, RequestState::Cancelled, reason, None);
        Ok(())
    }
}
