//! Giving the account to another owner. The owner asks for it, everybody else who approves agrees, a timelock passes in which any
//! of them may call it off, and whom it is offered to accepts. Until all of that has happened nothing changes; then both
//! change in one event, so that there is exactly one owner at every moment.

use super::{Action, Control, Decision, Request, RequestState, StepUp, vote};
use crate::{
    authz::{Actor, Role, RoleId},
    command::Reply,
    decide::Tx,
    event::Event,
    ids::{AccountId, GrantId, RequestId, UserId},
    rejection::{NoSay, Rejection},
    state::State,
    time::Timestamp,
};
use std::collections::BTreeSet;

/// Whom an action offers something that takes their word.
#[must_use]
pub const fn offered_to(action: &Action) -> Option<UserId> {
    match action {
        Action::Control(Control::TransferOwnership { to, .. }) => Some(*to),
        _ => None,
    }
}

impl State {
    /// Counts that a request needs when it is made: of a transfer of ownership, everybody who may vote on it.
    pub(crate) fn counts_at_first(
        &self,
        account: AccountId,
        action: &Action,
        by_approver: bool,
        now: Timestamp,
    ) -> (u32, u32) {
        let (required, required_other) = self.counts_for(account, action, by_approver);
        let Some(to) = offered_to(action) else {
            return (required, required_other);
        };
        let policy = self.policy_for(account, action);
        let places = self.places(action, &[]);
        let approvers = self.approvers(account, &policy, action, &places, now).into_iter();
        let voters: BTreeSet<_> = approvers.map(|(user, _)| user).filter(|user| *user != to).collect();
        (required.max(u32::try_from(voters.len()).unwrap_or(u32::MAX)), required_other)
    }

    /// Open offers to a person, oldest first.
    pub fn offers_to(&self, account: AccountId, user: UserId) -> impl Iterator<Item = &Request> {
        self.open_controls().filter(move |request| {
            let payload = &request.payload;
            payload.account == account && offered_to(&payload.action) == Some(user)
        })
    }

    /// May whom it is offered to still take it? Whoever has lost every right on the account may not.
    pub(crate) fn can_be_taken(&self, account: AccountId, action: &Action, now: Timestamp) -> bool {
        offered_to(action).is_none_or(|to| {
            let is_owner = self.account(account).is_none_or(|account| account.owner == to);
            let holds = self.rights_of_user(account, to).live(now).next().is_some();
            // Of an owner who may not vote nobody could count the approvals.
            self.counts(account, to) && holds && !is_owner
        })
    }
}

impl Tx {
    pub(crate) fn check_transfer(&self, account: AccountId, to: UserId, then: RoleId) -> Result<(), Rejection> {
        match then {
            RoleId::BuiltIn(Role::Owner) => return Err(Rejection::OwnerProtected),
            RoleId::BuiltIn(_) => {}
            RoleId::Custom(role) => self.own_role(account, role)?,
        }
        if self.state().account(account).is_some_and(|account| account.owner == to) {
            return Err(Rejection::AlreadyExists { what: "this person for its owner".into() });
        }
        let held = self.state().rights_of_user(account, to).live(self.now()).next().is_some();
        if !held {
            return Err(Rejection::NotFound { what: "person with a role on the account" });
        }
        let problem =
            "an owner has confirmed their e-mail, has opened the account, and has a second factor if it asks for one";
        let counts = self.state().counts(account, to);
        if counts { Ok(()) } else { Err(Rejection::Invalid { field: "to", problem: problem.into() }) }
    }

    /// All that both held ends, and each holds one grant instead.
    pub(crate) fn transfer_effect(&self, account: AccountId, to: UserId, then: RoleId) -> Vec<Event> {
        let Some(from) = self.state().account(account).map(|account| account.owner) else {
            return Vec::new();
        };
        let [grant, then_grant] = [1, 2].map(|more| GrantId(self.state().next_grant + more));
        vec![Event::OwnershipTransferred { account, from, to, grant, then, then_grant }]
    }

    /// Whom a request offers something says whether they take it.
    pub(crate) fn answer_offer(
        &mut self,
        actor: &Actor,
        id: RequestId,
        decision: Decision,
        content_hash: super::ContentHash,
        comment: Option<String>,
    ) -> Result<Reply, Rejection> {
        let request = self.open_request(actor, id)?;
        let user = actor.user().filter(|user| offered_to(&request.payload.action) == Some(*user));
        let user = user.ok_or(NoSay::NotOffered)?;
        if !matches!(request.state, RequestState::Pending | RequestState::Approved) {
            return Err(Rejection::InvalidState { state: vote::state_word(request.state) });
        }
        if content_hash != request.content_hash {
            return Err(Rejection::ContentChanged);
        }
        let comment = comment.filter(|words| !words.trim().is_empty());
        if comment.as_ref().is_some_and(|words| words.chars().count() > vote::MAX_WORDS) {
            return Err(Rejection::ReasonRequired { field: "comment" });
        }
        if decision == Decision::Reject {
            let reason = comment.ok_or(Rejection::ReasonRequired { field: "comment" })?;
            self.end(id, RequestState::Rejected, Some(reason), None);
            return Ok(Reply::Request(id));
        }
        if request.accepted_at.is_none() {
            vote::check_step_up(actor, StepUp::Recent, self.now())?;
            let authenticated_at = actor.authenticated_at;
            self.emit(Event::OfferAccepted { request: id, user, content_hash, authenticated_at });
            self.settle(id);
        }
        Ok(Reply::Request(id))
    }
}
