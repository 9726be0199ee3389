//! Requests by what people ask to see: an account's or one initiator's, in some states. Those that wait come first, in the order
//! in which they should be looked at; the others follow, newest first. Rebuilt from the requests, never stored.

use super::State;
use crate::{
    authz::{Principal, catalogue::Risk},
    ids::AccountId,
    requests::{Request, RequestState},
    time::Timestamp,
};
use serde::{Deserialize, Deserializer, de};
use std::{
    cmp::Reverse,
    fmt,
    ops::Bound::{self, Excluded, Included},
};

/// Places in the state's list of requests. Numbers and places go up together, so both order an account's requests by age.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Lists {
    by_number: imbl::OrdMap<(AccountId, u32), u32>,
    /// Those that are pending; they are not among those by state.
    waiting: imbl::OrdSet<(AccountId, Turn)>,
    waiting_by_initiator: imbl::OrdSet<(AccountId, Principal, Turn)>,
    by_state: imbl::OrdSet<(AccountId, RequestState, u32)>,
    by_initiator: imbl::OrdSet<(AccountId, Principal, RequestState, u32)>,
    /// Those of which a target failed, by when they ended.
    failed: imbl::OrdSet<(AccountId, Timestamp, u32)>,
    /// Requests that are not yet where they belong: their places, and under which state they are listed if they are. A command may
    /// take a request through several states; only where it comes to rest counts.
    astray: Vec<(u32, Option<RequestState>)>,
}

/// A request's turn among those that wait: what expires in the first minute, then what risks most, then what is oldest. It never
/// changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    /// Unix time, minutes: to the millisecond, hardly two would ever be weighed by what they risk.
    expires: i64,
    risk: Reverse<Risk>,
    place: u32,
}

impl Turn {
    const FIRST: Self = Self { expires: i64::MIN, risk: Reverse(Risk::HIGHEST), place: 0 };
    const LAST: Self = Self { expires: i64::MAX, risk: Reverse(Risk::LOWEST), place: u32::MAX };

    fn of(place: u32, request: &Request) -> Self {
        let risk = request.payload.action.permission().info().risk;
        Self { expires: request.payload.not_after.0.div_euclid(60_000), risk: Reverse(risk), place }
    }
}

/// Where a list of requests goes on: after the request with this number, which was shown as waiting or as one of the others.
/// As text a number, with a `w` before it if it waited.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ListCursor {
    /// Among those that wait.
    Waiting(u32),
    /// Among the others.
    Other(u32),
}

impl ListCursor {
    /// After this request, as it stands.
    #[must_use]
    pub fn after(request: &Request) -> Self {
        match request.state {
            RequestState::Pending => Self::Waiting(request.number),
            _ => Self::Other(request.number),
        }
    }
}

impl fmt::Display for ListCursor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Waiting(number) => write!(f, "w{number}"),
            Self::Other(number) => number.fmt(f),
        }
    }
}

impl<'de> Deserialize<'de> for ListCursor {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
        let read = match text.strip_prefix('w') {
            Some(number) => number.parse().map(Self::Waiting),
            None => text.parse().map(Self::Other),
        };
        read.map_err(|_| de::Error::custom("not the cursor of a page of requests"))
    }
}

impl Lists {
    /// There is a request at this place, or the one there was in another state.
    pub(super) fn changed(&mut self, place: u32, from: Option<RequestState>) {
        if self.astray.iter().all(|(known, _)| *known != place) {
            self.astray.push((place, from));
        }
    }

    /// There is a request at this place.
    fn add(&mut self, place: u32, request: &Request) {
        self.by_number.insert((request.payload.account, request.number), place);
        self.put(place, request);
    }

    /// The request at this place was in another state.
    fn moved(&mut self, place: u32, from: RequestState, request: &Request) {
        let (account, initiator) = (request.payload.account, request.payload.initiator);
        if from == RequestState::Pending {
            let turn = Turn::of(place, request);
            self.waiting.remove(&(account, turn));
            self.waiting_by_initiator.remove(&(account, initiator, turn));
        } else {
            self.by_state.remove(&(account, from, place));
            self.by_initiator.remove(&(account, initiator, from, place));
        }
        self.put(place, request);
    }

    fn put(&mut self, place: u32, request: &Request) {
        let (account, initiator) = (request.payload.account, request.payload.initiator);
        if request.state == RequestState::Pending {
            let turn = Turn::of(place, request);
            self.waiting.insert((account, turn));
            self.waiting_by_initiator.insert((account, initiator, turn));
            return;
        }
        self.by_state.insert((account, request.state, place));
        self.by_initiator.insert((account, initiator, request.state, place));
        if let (RequestState::Failed | RequestState::PartiallyExecuted, Some(at)) = (request.state, request.ended_at) {
            self.failed.insert((account, at, place));
        }
    }
}

impl State {
    /// Makes the lists anew.
    pub(super) fn list_all(&mut self) {
        self.lists =
            Lists { astray: (0..).zip(&self.requests).map(|(place, _)| (place, None)).collect(), ..Lists::default() };
        self.list();
    }

    /// Brings the lists up to date; until then they are as they were before the events that were folded in.
    pub(crate) fn list(&mut self) {
        for (place, from) in std::mem::take(&mut self.lists.astray) {
            match (self.requests.get(place as usize), from) {
                (Some(request), None) => self.lists.add(place, request),
                (Some(request), Some(from)) if from != request.state => self.lists.moved(place, from, request),
                _ => {}
            }
        }
    }

    /// An account's requests in any of these states, each state named once; only those that come after `after`, if that is given.
    /// Those that wait come first: what expires soonest, within a minute what risks most, of these the oldest. The others are newest first.
    pub fn requests_in<'a>(
        &'a self,
        account: AccountId,
        states: &[RequestState],
        after: Option<ListCursor>,
    ) -> impl Iterator<Item = &'a Request> + use<'a> {
        let waiting = self.turns_after(account, states, after).map(|(from, to)| {
            let turns = self.lists.waiting.range((from.map(|turn| (account, turn)), to.map(|turn| (account, turn))));
            turns.map(|(_, turn)| turn.place)
        });
        let end = self.end_of(account, after);
        let of_state = |state: &RequestState| {
            let places = self.lists.by_state.range((account, *state, 0)..(account, *state, end));
            places.map(|(_, _, place)| *place).rev()
        };
        self.at(waiting.into_iter().flatten().chain(newest_of(states.iter().map(of_state).collect())))
    }

    /// The same of one initiator.
    pub fn requests_by<'a>(
        &'a self,
        account: AccountId,
        initiator: Principal,
        states: &[RequestState],
        after: Option<ListCursor>,
    ) -> impl Iterator<Item = &'a Request> + use<'a> {
        let waiting = self.turns_after(account, states, after).map(|(from, to)| {
            let of = |turn| (account, initiator, turn);
            let turns = self.lists.waiting_by_initiator.range((from.map(of), to.map(of)));
            turns.map(|(_, _, turn)| turn.place)
        });
        let end = self.end_of(account, after);
        let of_state = |state: &RequestState| {
            let from = (account, initiator, *state, 0);
            let places = self.lists.by_initiator.range(from..(account, initiator, *state, end));
            places.map(|(_, _, _, place)| *place).rev()
        };
        self.at(waiting.into_iter().flatten().chain(newest_of(states.iter().map(of_state).collect())))
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

    /// The place after the last of the others to be listed.
    fn end_of(&self, account: AccountId, after: Option<ListCursor>) -> u32 {
        let Some(ListCursor::Other(before)) = after else {
            return u32::MAX;
        };
        let mut below = self.lists.by_number.range((account, 0)..(account, before));
        below.next_back().map_or(0, |(_, place)| place + 1)
    }

    /// The turns of those that wait and are to be listed; `None` if none of them is.
    fn turns_after(
        &self,
        account: AccountId,
        states: &[RequestState],
        after: Option<ListCursor>,
    ) -> Option<(Bound<Turn>, Bound<Turn>)> {
        let from = match after {
            None => Included(Turn::FIRST),
            Some(ListCursor::Waiting(number)) => {
                let place = self.lists.by_number.get(&(account, number))?;
                Excluded(Turn::of(*place, self.requests.get(*place as usize)?))
            }
            Some(ListCursor::Other(_)) => return None,
        };
        states.contains(&RequestState::Pending).then_some((from, Included(Turn::LAST)))
    }

    fn at<'a>(&'a self, places: impl Iterator<Item = u32> + 'a) -> impl Iterator<Item = &'a Request> {
        places.filter_map(|place| self.requests.get(place as usize)).map(AsRef::as_ref)
    }
}

/// One run out of several, each of which goes down.
fn newest_of(runs: Vec<impl Iterator<Item = u32>>) -> impl Iterator<Item = u32> {
    let mut runs: Vec<_> = runs.into_iter().map(|mut run| (run.next(), run)).collect();
    std::iter::from_fn(move || {
        let (next, run) = runs.iter_mut().max_by_key(|(next, _)| *next)?;
        std::mem::replace(next, run.next())
    })
}
