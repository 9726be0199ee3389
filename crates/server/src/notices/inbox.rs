//! Where an item stands in its person's inbox now.

use super::Herald;
use adit_core::{
    ids::{AccountId, UserId},
    notices::{Class, Topic},
    state::State,
    time::Timestamp,
};
use adit_store::{Item, StoreError};

/// A part of the inbox.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    /// Waits for them.
    NeedsMe,
    /// Theirs to know.
    Mine,
    /// Put away, or done by somebody.
    Done,
    /// Comes back later.
    Snoozed,
}

impl Tab {
    pub(crate) fn named(name: &str) -> Option<Self> {
        Some(match name {
            "needs_me" => Self::NeedsMe,
            "mine" => Self::Mine,
            "done" => Self::Done,
            "snoozed" => Self::Snoozed,
            _ => return None,
        })
    }

    /// Of an item; none if its person may not see it any more.
    pub(crate) fn of(item: &Item, state: &State, now: Timestamp) -> Option<Self> {
        if !item.notice.is_visible(state, now) {
            return None;
        }
        let wanted = item.notice.class == Class::NeedsMe;
        if item.done_at.is_some() || wanted && !item.notice.is_open(state, now) {
            return Some(Self::Done);
        }
        if item.snoozed_until.is_some_and(|until| now < until) {
            return Some(Self::Snoozed);
        }
        Some(if wanted { Self::NeedsMe } else { Self::Mine })
    }
}

/// Is it a vote that it wants? Such requests stand among the approvals, too.
pub(crate) fn wants_vote(item: &Item, state: &State, now: Timestamp) -> bool {
    let Topic::Request(request) = item.notice.topic else { return false };
    state.request(request).is_some_and(|request| state.awaits(request, item.notice.to, now))
}

/// How many items are where, of those that the person may see.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) needs_me: usize,
    /// Of these, how many want something other than a vote.
    pub(crate) asked: usize,
    /// Of what is theirs to know, what they have not read.
    pub(crate) unread: usize,
}

impl Herald {
    pub(crate) fn counts(
        &self,
        user: UserId,
        account: AccountId,
        state: &State,
        now: Timestamp,
    ) -> Result<Counts, StoreError> {
        let items = self.store().items(user, account)?;
        Ok(items.iter().fold(Counts::default(), |mut counts, item| {
            match Tab::of(item, state, now) {
                Some(Tab::NeedsMe) => {
                    counts.needs_me += 1;
                    counts.asked += usize::from(!wants_vote(item, state, now));
                }
                Some(Tab::Mine) => counts.unread += usize::from(item.read_at.is_none()),
                _ => {}
            }
            counts
        }))
    }
}
