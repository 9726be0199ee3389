//! What of a notice holds later: whether it may still be seen, and whether something is still to be done.

use super::{Class, Kind, Notice, Topic, administrators, sees};
use crate::{authz::Permission, requests::RequestState, state::State, time::Timestamp};

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
            (Topic::Account(_), Kind::GovernanceDegraded | Kind::GovernanceRestored) => {
                administrators(state, self.account, now).contains(&self.to)
            }
            (Topic::Grant(_) | Topic::Role(_) | Topic::Account(_), _) => true,
        }
    }

    /// Is it still theirs to do?
    #[must_use]
    pub fn is_open(&self, state: &State, now: Timestamp) -> bool {
        let Topic::Request(id) = self.topic else { return false };
        let Some(request) = state.request(id).filter(|_| self.class == Class::NeedsMe) else { return false };
        match self.kind {
            Kind::ReviewWanted => {
                let reviews = state.account(self.account).map(|account| &account.reviews);
                reviews.is_some_and(|reviews| reviews.contains(&id))
            }
            Kind::OwnershipOffered => !request.state.is_terminal() && request.accepted_at.is_none(),
            _ => request.state == RequestState::Pending && state.tally(request, now).undecided.contains(&self.to),
        }
    }
}
