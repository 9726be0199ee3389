//! What of a notice holds later: whether it may still be seen, and whether something is still to be done.

use super::{Class, Kind, Notice, Topic, administrators, reviewers, sees};
use crate::{
    authz::Permission,
    ids::UserId,
    requests::{Request, offered_to},
    state::State,
    time::Timestamp,
};

impl Notice {
    /// May whoever was told still see it? Of their own roles they always may.
    #[must_use]
    pub fn is_visible(&self, state: &State, now: Timestamp) -> bool {
        match (self.topic, self.kind) {
            (Topic::Request(id), _) => state.request(id).is_some_and(|request| sees(state, self.to, request, now)),
            (Topic::Webhook(_), _) => {
                let rights = state.rights_of_user(self.account, self.to);
                rights.with(Permission::SettingsManage, now).any(|right| right.scope.is_all())
            }
            (Topic::Account(_), Kind::GovernanceDegraded | Kind::GovernanceRestored | Kind::HeadOfDay) => {
                administrators(state, self.account, now).contains(&self.to)
            }
            (Topic::Grant(_) | Topic::Role(_) | Topic::Account(_), _) => true,
        }
    }

    /// Is it still theirs to do?
    #[must_use]
    pub fn is_open(&self, state: &State, now: Timestamp) -> bool {
        let Topic::Request(id) = self.topic else { return false };
        self.class == Class::NeedsMe && state.request(id).is_some_and(|request| wants(state, request, self.to, now))
    }
}

/// Does the request wait for this person: for their vote, their word whether they accept, or their look at a recovery?
pub(super) fn wants(state: &State, request: &Request, user: UserId, now: Timestamp) -> bool {
    let payload = &request.payload;
    let offered =
        !request.state.is_terminal() && request.accepted_at.is_none() && offered_to(&payload.action) == Some(user);
    let reviewed = state.account(payload.account).is_some_and(|account| account.reviews.contains(&request.id));
    state.awaits(request, user, now)
        || offered
        || reviewed && reviewers(state, payload.account, request.id, now).contains(&user)
}
