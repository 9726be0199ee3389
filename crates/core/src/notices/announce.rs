//! What programs outside are told by webhook: what happened to which thing, by id.

use crate::{
    event::{Entry, Event},
    ids::AccountId,
    requests::RequestState,
    state::State,
};

/// Every type of announcement.
pub const TYPES: &[&str] = &[
    "request.submitted",
    "request.targets_taken",
    "request.voted",
    "request.vote_withdrawn",
    "request.commented",
    "request.approved",
    "request.returned",
    "request.began",
    "request.executed",
    "request.partially_executed",
    "request.failed",
    "request.rejected",
    "request.cancelled",
    "request.expired",
    "request.superseded",
    "request.invalidated",
    "grant.added",
    "grant.changed",
    "grant.removed",
    "user.suspended",
    "user.unsuspended",
    "role.set",
    "role.deleted",
    "policy.set",
    "key.issued",
    "key.changed",
    "key.rotated",
    "key.revoked",
    "account.frozen",
    "account.unfrozen",
    "account.deletion_begun",
    "account.deletion_undone",
    "ownership.transferred",
    "governance.degraded",
    "governance.restored",
    "recovery.used",
    "recovery.reviewed",
];

/// The type of announcement that an event makes, and whose it is. `state` is the log folded up to and with this event.
#[must_use]
pub fn announced(state: &State, entry: &Entry) -> Option<(AccountId, &'static str)> {
    let of_request = || Some(state.request(entry.event.request()?)?.payload.account);
    Some(match &entry.event {
        Event::RequestSubmitted { payload, .. } => (payload.account, "request.submitted"),
        Event::TargetsDropped { .. } => (of_request()?, "request.targets_taken"),
        Event::VoteCast { .. } => (of_request()?, "request.voted"),
        Event::VoteWithdrawn { .. } => (of_request()?, "request.vote_withdrawn"),
        Event::RequestCommented { .. } => (of_request()?, "request.commented"),
        Event::RequestApproved { .. } => (of_request()?, "request.approved"),
        Event::RequestReturned { .. } => (of_request()?, "request.returned"),
        Event::RequestExecuting { .. } => (of_request()?, "request.began"),
        Event::RequestEnded { state, .. } => (of_request()?, ended(*state)?),
        Event::GrantAdded { account, .. } => (*account, "grant.added"),
        Event::GrantChanged { account, .. } => (*account, "grant.changed"),
        Event::GrantRemoved { account, .. } => (*account, "grant.removed"),
        Event::UserSuspended { account, .. } => (*account, "user.suspended"),
        Event::UserUnsuspended { account, .. } => (*account, "user.unsuspended"),
        Event::RoleSet { account, .. } => (*account, "role.set"),
        Event::RoleDeleted { account, .. } => (*account, "role.deleted"),
        Event::PolicySet { account, .. } => (*account, "policy.set"),
        Event::KeyIssued { account, .. } => (*account, "key.issued"),
        Event::KeyChanged { account, .. } => (*account, "key.changed"),
        Event::KeyRotated { account, .. } => (*account, "key.rotated"),
        Event::KeyRevoked { account, .. } => (*account, "key.revoked"),
        Event::AccountFrozen { account } => (*account, "account.frozen"),
        Event::AccountUnfrozen { account } => (*account, "account.unfrozen"),
        Event::AccountDeletionBegun { account, .. } => (*account, "account.deletion_begun"),
        Event::AccountDeletionUndone { account } => (*account, "account.deletion_undone"),
        Event::OwnershipTransferred { account, .. } => (*account, "ownership.transferred"),
        Event::GovernanceDegraded { account, .. } => (*account, "governance.degraded"),
        Event::GovernanceRestored { account } => (*account, "governance.restored"),
        Event::RecoveryUsed { account, .. } => (*account, "recovery.used"),
        Event::RecoveryReviewed { account, .. } => (*account, "recovery.reviewed"),
        _ => return None,
    })
}

const fn ended(state: RequestState) -> Option<&'static str> {
    Some(match state {
        RequestState::Executed => "request.executed",
        RequestState::PartiallyExecuted => "request.partially_executed",
        RequestState::Failed => "request.failed",
        RequestState::Rejected => "request.rejected",
        RequestState::Cancelled => "request.cancelled",
        RequestState::Expired => "request.expired",
        RequestState::Superseded => "request.superseded",
        RequestState::Invalidated => "request.invalidated",
        RequestState::Pending | RequestState::Approved | RequestState::Executing => return None,
    })
}
