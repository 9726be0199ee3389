//! Lists of requests: which of them, as far as somebody sees them, a page at a time.

use super::{
    super::{
        Shared,
        caller::{Asker, PartyWith},
        problem::{Answer, Params, limit},
        views::{Summary, Viewer, site_of},
    },
    P,
};
use adit_core::{
    authz::Actor,
    ids::{DeviceId, SiteId, UserId},
    requests::{Action, Request, RequestState, Scenario},
    state::{ListCursor, State},
    time::Timestamp,
};
use axum::{
    Json,
    extract::State as Shares,
    response::{IntoResponse, Response},
};
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{self, IntoDeserializer},
};

/// Entries of a list are counted no further.
const MAX_COUNTED: usize = 1_000;
/// Requests that one call looks at, about 15 ms: of an account's many, somebody may see few.
const MAX_LOOKED_AT: usize = 20_000;

/// Which of an account's requests somebody asks for.
#[derive(Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Which {
    #[default]
    All,
    Mine,
    Done,
    NeedsMe,
}

/// Which requests.
#[derive(Deserialize)]
pub struct Listed {
    #[serde(rename = "box", default)]
    which: Which,
    state: Option<States>,
    scenario: Option<Scenario>,
    /// About devices on this site, or about the site itself.
    site: Option<SiteId>,
    /// About this device, if the caller sees it.
    device: Option<DeviceId>,
    /// Asked for by this person, or by a program of theirs.
    person: Option<UserId>,
    q: Option<Words>,
    cursor: Option<ListCursor>,
    limit: Option<usize>,
}

/// What a request is looked for by.
enum Words {
    /// Its number, as 12 or R-12.
    Number(u32),
    /// In lower case, each somewhere in what it is called; its count of devices is no part of that.
    All(Vec<String>),
}

impl<'de> Deserialize<'de> for Words {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?.to_lowercase();
        let number = text.trim();
        Ok(match number.strip_prefix("r-").unwrap_or(number).parse() {
            Ok(number) => Self::Number(number),
            Err(_) => Self::All(text.split_whitespace().map(str::to_owned).collect()),
        })
    }
}

impl Words {
    fn fit(&self, state: &State, request: &Request) -> bool {
        match self {
            Self::Number(number) => *number == request.number,
            Self::All(words) => {
                let title = state.title_of(&request.payload.action).to_lowercase();
                words.iter().all(|word| title.contains(word))
            }
        }
    }
}

/// States with commas between them.
struct States(Vec<RequestState>);

impl<'de> Deserialize<'de> for States {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let text = String::deserialize(d)?;
        let named = |state: &str| {
            let read = RequestState::deserialize(IntoDeserializer::<de::value::Error>::into_deserializer(state));
            read.map_err(|_| de::Error::custom(format_args!("no state is called {state}")))
        };
        text.split(',').map(named).collect::<Result<_, _>>().map(Self)
    }
}

impl Listed {
    /// Those that the actor sees, after some place in the list.
    fn among<'a>(
        &'a self,
        state: &'a State,
        actor: &'a Actor,
        now: Timestamp,
        after: Option<ListCursor>,
    ) -> LookedThrough<'a> {
        let fits = |found: &RequestState| match self.which {
            Which::All | Which::Mine => true,
            Which::Done => found.is_terminal(),
            Which::NeedsMe => *found == RequestState::Pending,
        };
        let states = RequestState::ALL
            .into_iter()
            .filter(|found| self.state.as_ref().is_none_or(|wanted| wanted.0.contains(found)));
        let states: Vec<_> = states.filter(fits).collect();
        let account = actor.account;
        let all: Box<dyn Iterator<Item = &Request>> = match (self.which, &self.q) {
            // Its number leads to it, however far down it stands.
            (Which::All | Which::Done, Some(Words::Number(number))) if after.is_none() => {
                let found = state.request_of_number(account, *number);
                Box::new(found.filter(move |request| states.contains(&request.state)).into_iter())
            }
            (Which::Mine, _) => Box::new(state.requests_by(account, actor.principal, &states, after)),
            _ => Box::new(state.requests_in(account, &states, after)),
        };
        let awaited = move |request: &Request| actor.user().is_some_and(|me| state.awaits(request, me, now));
        let eyes = state.eyes(actor, now);
        let stands = move |site| move |device| state.device(device).is_some_and(|device| device.site == site);
        let about = move |site, request: &Request| {
            matches!(request.payload.action, Action::Control(_)) && site_of(state, request) == Some(site)
        };
        let fits = move |request: &Request| {
            self.scenario.is_none_or(|wanted| wanted == request.payload.scenario)
                && self.person.is_none_or(|person| state.person_behind(request.payload.initiator) == Some(person))
                && self.q.as_ref().is_none_or(|words| words.fit(state, request))
                && (self.which != Which::NeedsMe || awaited(request))
                && self.device.is_none_or(|wanted| eyes.see_on(request, |device| device == wanted))
                && self.site.is_none_or(|site| about(site, request) || eyes.see_on(request, stands(site)))
                && eyes.see(request)
        };
        LookedThrough { all, fits: Box::new(fits), left: MAX_LOOKED_AT, last: None }
    }
}

/// Those that fit, of so many as one call looks at.
struct LookedThrough<'a> {
    all: Box<dyn Iterator<Item = &'a Request> + 'a>,
    fits: Box<dyn Fn(&Request) -> bool + 'a>,
    left: usize,
    last: Option<&'a Request>,
}

impl LookedThrough<'_> {
    /// Where to go on looking, if it was not looked at all of them.
    fn rest(&mut self) -> Option<ListCursor> {
        let last = self.last.filter(|_| self.left == 0)?;
        self.all.next().map(|_| ListCursor::after(last))
    }
}

impl<'a> Iterator for LookedThrough<'a> {
    type Item = &'a Request;

    fn next(&mut self) -> Option<&'a Request> {
        while self.left > 0 {
            self.last = Some(self.all.next()?);
            self.left -= 1;
            if let Some(found) = self.last.filter(|request| (self.fits)(request)) {
                return Some(found);
            }
        }
        None
    }
}

#[derive(Serialize)]
struct Page<'a> {
    next_cursor: Option<String>,
    items: Vec<Option<Summary<'a>>>,
    total: usize,
}

/// `GET /requests`: what waits first, as it expires; then the others, newest first.
pub async fn list(
    Shares(api): Shares<Shared>,
    PartyWith(Asker(actor)): PartyWith<P>,
    Params(asked): Params<Listed>,
) -> Answer<Response> {
    let (state, names, now) = (api.engine.state(), api.names(actor.account)?, api.now());
    let actor = &actor;
    let viewer = Viewer { state: &state, names: &names, actor, now };
    let mut found = asked.among(&state, actor, now, asked.cursor);
    let page: Vec<_> = found.by_ref().take(limit(asked.limit, 50, 200)?).collect();
    let more = found.next().is_some();
    let next = page.last().filter(|_| more).map(|last| ListCursor::after(last)).or_else(|| found.rest());
    let next = next.map(|cursor| cursor.to_string());
    let total = match asked.cursor {
        None if !more => page.len(),
        None => page.len() + 1 + found.take(MAX_COUNTED - page.len() - 1).count(),
        Some(_) => asked.among(&state, actor, now, None).take(MAX_COUNTED).count(),
    };
    let items = page.into_iter().map(|request| viewer.summary(request)).collect();
    Ok(Json(Page { next_cursor: next, items, total }).into_response())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;
    use adit_core::{
        authz::Principal,
        command::{Command, Reply, Submission},
        decide,
        ids::{AccountId, RequestId},
        requests::{Action, Control},
    };

    const NOW: Timestamp = Timestamp(1_000);

    /// An account's owner, who has made so many sites.
    fn sites(count: u128) -> (State, Actor) {
        let operator = Actor { account: AccountId(0), principal: Principal::Operator, authenticated_at: NOW };
        let create = Command::CreateAccount { name: "Norte".into() };
        let made = decide(&State::default(), &operator, create, NOW).unwrap();
        let Reply::Account(account, owner) = made.reply else { unreachable!() };
        let actor = Actor { account, principal: Principal::User(owner), authenticated_at: NOW };
        let ask = |state: State, number: u128| {
            let asked = Submission {
                id: RequestId(number.into()),
                action: Action::Control(Control::CreateSite { name: format!("Site {number}"), capacity_w: None }),
                targets: Vec::new(),
                estimates: Vec::new(),
                reason: None,
                idempotency_key: None,
            };
            decide(&state, &actor, Command::Submit(asked), NOW).unwrap().state
        };
        ((1..=count).fold(made.state, ask), actor)
    }

    /// Looks at three at a time, of which every fourth fits.
    fn page(state: &State, account: AccountId, after: Option<ListCursor>) -> (Vec<u32>, Option<ListCursor>) {
        let all = Box::new(state.requests_in(account, &RequestState::ALL, after));
        let fits = Box::new(|request: &Request| request.number.is_multiple_of(4));
        let mut found = LookedThrough { all, fits, left: 3, last: None };
        (found.by_ref().map(|request| request.number).collect(), found.rest())
    }

    #[test]
    fn a_call_looks_at_so_many_and_says_where_to_go_on() {
        for (count, calls) in [(9, 3), (10, 4)] {
            let (state, actor) = sites(count);
            let (mut seen, mut pages, mut cursor) = (Vec::new(), 0, None);
            loop {
                let (found, rest) = page(&state, actor.account, cursor);
                seen.extend(found);
                pages += 1;
                cursor = rest;
                if cursor.is_none() {
                    break;
                }
            }
            assert_eq!((seen, pages), (vec![8, 4], calls), "of {count}: the newest first, all of them, none twice");
        }
    }
}
