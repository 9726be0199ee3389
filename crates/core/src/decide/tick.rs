//! What time brings about by itself: requests expire or begin, drafts are thrown away, accounts are gone.
//!
//! After a long time without a server very much may be due. One tick does some of it and says so if more may be left, so that
//! no write is too long for the log and nobody who asks for something waits behind all of it.

use super::Tx;
use crate::{
    command::Reply,
    event::Event,
    ids::{AccountId, RequestId},
    requests::{Request, RequestState},
    state::DRAFT_TTL,
    time::Timestamp,
};

/// A tick begins nothing new once it has come to so many entries: half of what the server writes at a time, and decided in a
/// few tens of milliseconds.
const ENOUGH: usize = 1_000;
/// Open requests are gone through once in so many seconds, a part of them in each, for what could not be done about all
/// of them at once.
const ROUND: i64 = 600;

impl Tx {
    /// Oldest first within each kind, so that the same log and time always come to the same.
    pub(super) fn tick(&mut self) -> Reply {
        let all_done = self.delete_accounts() && self.release_keys() && self.settle_due() && self.close_old_drafts();
        if all_done { Reply::Done } else { Reply::MoreIsDue }
    }

    /// Does this with each until it is enough; false if some are left.
    fn some_of<T>(&mut self, due: impl IntoIterator<Item = T>, mut each: impl FnMut(&mut Self, T)) -> bool {
        due.into_iter().all(|thing| {
            let goes_on = self.came_to() < ENOUGH;
            if goes_on {
                each(self, thing);
            }
            goes_on
        })
    }

    /// Accounts whose time to change their mind is over are gone, after everything that was still open in them.
    fn delete_accounts(&mut self) -> bool {
        let due = self.state.accounts().filter(|account| account.deletion.is_some_and(|at| at <= self.now));
        let due: Vec<_> = due.map(|account| account.id).collect();
        due.into_iter().all(|account| self.delete_account(account))
    }

    fn delete_account(&mut self, account: AccountId) -> bool {
        let open = self.state.open_requests().filter(|request| request.payload.account == account);
        let open: Vec<_> = open.map(|request| request.id).collect();
        let end = |tx: &mut Self, request: RequestId| {
            tx.end(request, RequestState::Invalidated, Some("account_deleted".into()), None);
        };
        let none_left = self.some_of(open, end);
        if none_left {
            self.emit(Event::AccountDeleted { account });
        }
        none_left
    }

    fn settle_due(&mut self) -> bool {
        let due: Vec<_> = self.state.open_requests().filter(|r| is_due(r, self.now)).map(|r| r.id).collect();
        self.some_of(due, Self::settle)
    }

    /// Keys that were held back since their holder's sign-in changed.
    fn release_keys(&mut self) -> bool {
        let due: Vec<_> = self.state.keys_to_release(self.now).collect();
        self.some_of(due, |tx, user| tx.emit(Event::KeysReleased { user }))
    }

    fn close_old_drafts(&mut self) -> bool {
        let drafts = self.state.drafts.iter().flat_map(|(user, sites)| sites.iter().map(move |draft| (*user, draft)));
        let old = drafts.filter(|(_, (_, draft))| self.now.since(draft.updated_at) >= DRAFT_TTL);
        let old: Vec<_> = old.map(|(user, (site, _))| (user, *site)).collect();
        self.some_of(old, |tx, (user, site)| tx.emit(Event::DraftClosed { user, site }))
    }
}

/// Whether it is to be looked at. That nothing follows of it is possible.
fn is_due(request: &Request, now: Timestamp) -> bool {
    match request.state {
        RequestState::Pending => now >= request.payload.not_after || is_its_turn(request, now),
        RequestState::Approved => true,
        _ => request.execute_deadline.is_some_and(|deadline| now >= deadline),
    }
}

fn is_its_turn(request: &Request, now: Timestamp) -> bool {
    i64::from(request.number) % ROUND == now.0.div_euclid(1_000) % ROUND
}
