//! Requests by what people ask to see: an account's or one initiator's, in some states, newest first. Rebuilt from the requests,
//! never stored.

use super::State;
use crate::{
    authz::Principal,
    ids::AccountId,
    requests::{Request, RequestState},
    time::Timestamp,
};

/// Places in the state's list of requests. Numbers and places go up together, so both order an account's requests by age.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lists {
    by_number: imbl::OrdMap<(AccountId, u32), u32>,
    by_state: imbl::OrdSet<(AccountId, RequestState, u32)>,
    by_initiator: imbl::OrdSet<(AccountId, Principal, RequestState, u32)>,
    /// Those of which a target failed, by when they ended.
    failed: imbl::OrdSet<(AccountId, Timestamp, u32)>,
}

impl Lists {
    /// There is a request at this place.
    pub(super) fn add(&mut self, place: u32, request: &Request) {
        self.by_number.insert((request.payload.account, request.number), place);
        self.put(place, request);
    }

    /// The request at this place was in another state.
    pub(super) fn moved(&mut self, place: u32, from: RequestState, request: &Request) {
        let (account, initiator) = (request.payload.account, request.payload.initiator);
        self.by_state.remove(&(account, from, place));
        self.by_initiator.remove(&(account, initiator, from, place));
        self.put(place, request);
    }

    fn put(&mut self, place: u32, request: &Request) {
        let (account, initiator) = (request.payload.account, request.payload.initiator);
        self.by_state.insert((account, request.state, place));
        self.by_initiator.insert((account, initiator, request.state, place));
        if let (RequestState::Failed | RequestState::PartiallyExecuted, Some(at)) = (request.state, request.ended_at) {
            self.failed.insert((account, at, place));
        }
    }
}

impl State {
    /// An account's requests in any of these states, each state named once, newest first; only those with a number below
    /// `before`, if one is given.
    pub fn requests_in<'a>(
        &'a self,
        account: AccountId,
        states: &[RequestState],
        before: Option<u32>,
    ) -> impl Iterator<Item = &'a Request> + use<'a> {
        let end = self.end_of(account, before);
        let of_state = |state: &RequestState| {
            let places = self.lists.by_state.range((account, *state, 0)..(account, *state, end));
            places.map(|(_, _, place)| *place).rev()
        };
        self.newest_of(states.iter().map(of_state).collect())
    }

    /// The same of one initiator.
    pub fn requests_by<'a>(
        &'a self,
        account: AccountId,
        initiator: Principal,
        states: &[RequestState],
        before: Option<u32>,
    ) -> impl Iterator<Item = &'a Request> + use<'a> {
        let end = self.end_of(account, before);
        let of_state = |state: &RequestState| {
            let from = (account, initiator, *state, 0);
            let places = self.lists.by_initiator.range(from..(account, initiator, *state, end));
            places.map(|(_, _, _, place)| *place).rev()
        };
        self.newest_of(states.iter().map(of_state).collect())
    }

    /// An account's requests of which a target failed and that ended after this moment, the first to end first.
    pub fn failed_after(&self, account: AccountId, moment: Timestamp) -> impl Iterator<Item = &Request> {
        let from = (account, moment, u32::MAX);
        let ended = self.lists.failed.range(from..=(account, Timestamp(i64::MAX), u32::MAX));
        ended.filter_map(|(_, _, place)| self.requests.get(*place as usize)).map(AsRef::as_ref)
    }

    /// The request of an account that is shown as `R-` and this number.
    #[must_use]
    pub fn request_of_number(&self, account: AccountId, number: u32) -> Option<&Request> {
        let place = self.lists.by_number.get(&(account, number))?;
        self.requests.get(*place as usize).map(AsRef::as_ref)
    }

    /// The place after the last request with a number below this one.
    fn end_of(&self, account: AccountId, before: Option<u32>) -> u32 {
        let Some(before) = before else {
            return u32::MAX;
        };
        let mut below = self.lists.by_number.range((account, 0)..(account, before));
        below.next_back().map_or(0, |(_, place)| place + 1)
    }

    /// One run out of several, each of which goes down.
    fn newest_of<'a>(&'a self, runs: Vec<impl Iterator<Item = u32> + 'a>) -> impl Iterator<Item = &'a Request> {
        let mut runs: Vec<_> = runs.into_iter().map(|mut run| (run.next(), run)).collect();
        std::iter::from_fn(move || {
            let (next, run) = runs.iter_mut().max_by_key(|(next, _)| *next)?;
            let place = std::mem::replace(next, run.next())?;
            self.requests.get(place as usize).map(AsRef::as_ref)
        })
    }
}
