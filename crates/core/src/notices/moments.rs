//! What the passing of time tells: reminders of votes that are missing, and of a recovery that waits.

use super::{Class, Kind, Notice, Topic, administrators, requests::notice, sees};
use crate::{
    authz::Principal,
    ids::{AccountId, RequestId, UserId},
    requests::{Request, RequestState, Scenario},
    state::State,
    time::{Millis, Timestamp},
};
use std::fmt;

/// Which part of its time is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Which {
    /// Half of the time to approve it.
    Half,
    /// Nine tenths of it.
    NineTenths,
    /// Half of the time in which a recovery can be stopped; which time, by its beginning.
    RecoveryHalf(Timestamp),
}

/// A point in a request's time that comes once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Moment {
    /// Whose.
    pub request: RequestId,
    /// Which.
    pub which: Which,
}

/// Its name: the same after every start, so that nobody is reminded twice.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.which {
            Which::Half => write!(f, "{}/half", self.request),
            Which::NineTenths => write!(f, "{}/nine_tenths", self.request),
            Which::RecoveryHalf(since) => write!(f, "{}/recovery/{}", self.request, since.0),
        }
    }
}

/// The latest moment of every open request that has come by `now`.
pub fn moments(state: &State, now: Timestamp) -> impl Iterator<Item = Moment> + '_ {
    state.open_requests().filter_map(move |request| {
        let which = which(request, now)?;
        Some(Moment { request: request.id, which })
    })
}

fn which(request: &Request, now: Timestamp) -> Option<Which> {
    match request.state {
        RequestState::Pending => {
            let (begin, end) = (request.created_at, request.payload.not_after);
            if now >= end {
                return None;
            }
            let part = |tenths: u64| now >= begin.after(Millis(end.since(begin).0 / 10 * tenths));
            match (part(9), part(5)) {
                (true, _) => Some(Which::NineTenths),
                (false, true) => Some(Which::Half),
                (false, false) => None,
            }
        }
        RequestState::Approved if request.payload.scenario == Scenario::GovernanceRecover => {
            let (since, begin) = (request.approved_at?, request.not_before?);
            let half = since.after(Millis(begin.since(since).0 / 2));
            (now >= half && now < begin).then_some(Which::RecoveryHalf(since))
        }
        _ => None,
    }
}

impl Moment {
    /// What it tells, and whom.
    #[must_use]
    pub fn notices(&self, state: &State, now: Timestamp) -> Vec<Notice> {
        let Some(request) = state.request(self.request) else { return Vec::new() };
        let tell = |user: UserId, kind, class| {
            sees(state, user, request, now).then(|| notice(request, user, kind, class, now))
        };
        match self.which {
            Which::Half | Which::NineTenths => {
                let undecided = state.tally(request, now).undecided.into_iter();
                undecided.filter_map(|user| tell(user, Kind::VoteReminder, Class::NeedsMe)).collect()
            }
            Which::RecoveryHalf(_) => {
                let initiator = request.payload.initiator;
                let class = |user| if initiator == Principal::User(user) { Class::Mine } else { Class::Told };
                let approvers = state.approvers_of(request, now).into_iter();
                approvers.filter_map(|user| tell(user, Kind::RecoveryHalfTime, class(user))).collect()
            }
        }
    }
}

/// Once a day every account's Owner and Administrators are told how far the log is: which accounts, each under a name that is
/// another one every day. Days begin at 00:00 UTC.
pub fn heads_of_day(state: &State, now: Timestamp) -> impl Iterator<Item = (String, AccountId)> + '_ {
    let day = now.day().0;
    state.accounts().map(move |account| (format!("{}/head/{day}", account.id), account.id))
}

/// Whom that tells.
#[must_use]
pub fn head_of_day(state: &State, account: AccountId, now: Timestamp) -> Vec<Notice> {
    let (topic, kind) = (Topic::Account(account), Kind::HeadOfDay);
    let tell = |to| Notice { to, account, topic, kind, class: Class::Told, always: false, at: now };
    administrators(state, account, now).into_iter().map(tell).collect()
}
