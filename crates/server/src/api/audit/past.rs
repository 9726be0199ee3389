//! The account as it was: who held what, which rules were in force, what waited, at a position of the log or a moment. Made by
//! replaying the log to there, from a snapshot before it if there is one.

use super::{P, first_after};
use crate::{
    api::{
        Shared,
        caller::Permitted,
        people, policies,
        problem::{Answer, Params, Problem},
        requests::visible,
        views::Viewer,
    },
    snapshots,
};
use adit_core::{
    authz::{Actor, Principal},
    event::Entry,
    requests::Request,
    state::State,
    time::Timestamp,
};
use axum::{Json, extract::State as Shares};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex, PoisonError};

/// Most records that are replayed for one answer.
const MAX_REPLAY: u64 = 500_000;
/// Records read at once; the log is free for others in between.
const PIECE: usize = 2_000;
/// Most requests shown.
const MAX_REQUESTS: usize = 200;

/// The state that was asked for last: whoever looks about goes on from there.
pub type Remembered = Mutex<Option<Arc<State>>>;

/// When: one of them.
#[derive(Deserialize)]
pub struct When {
    /// After this record.
    seq: Option<u64>,
    /// At this moment, ms.
    at: Option<i64>,
}

/// `GET /audit/as-of`
pub async fn show(
    Shares(api): Shares<Shared>,
    allowed: Permitted<P>,
    Params(when): Params<When>,
) -> Answer<Json<Value>> {
    let answer = tokio::task::spawn_blocking(move || answer(&api, &allowed, &when));
    answer.await.map_err(|error| Problem::internal(&error))?.map(Json)
}

fn answer(api: &Shared, allowed: &Permitted<P>, when: &When) -> Answer<Value> {
    let now = api.engine.state();
    let seq = match (when.seq, when.at) {
        (Some(seq), None) => seq,
        (None, Some(at)) => {
            let log = api.log.lock().unwrap_or_else(PoisonError::into_inner);
            let after = first_after(log.as_ref(), Timestamp(at), now.seq());
            after.map_err(|error| Problem::internal(&error))? - 1
        }
        _ => return Err(Problem::parameter("seq", "is the number of a record; say either it or at, a moment in ms")),
    };
    if !(1..=now.seq()).contains(&seq) {
        return Err(Problem::parameter("seq", format!("must be from 1 to {}: nothing was before", now.seq())));
    }
    // One replay at a time: it is work, and the next may go on from it.
    let mut remembered = api.past.lock().unwrap_or_else(PoisonError::into_inner);
    let then = if seq == now.seq() { now } else { Arc::new(replay(api, remembered.as_deref(), seq)?) };
    *remembered = Some(Arc::clone(&then));
    drop(remembered);
    view(api, allowed, &then, when.at.map(Timestamp))
}

fn replay(api: &Shared, remembered: Option<&State>, seq: u64) -> Answer<State> {
    let internal = |error| Problem::internal(&error);
    let kept = {
        let log = api.log.lock().unwrap_or_else(PoisonError::into_inner);
        snapshots::latest(log.as_ref(), seq).map_err(internal)?
    };
    let known = remembered.filter(|state| state.seq() <= seq).cloned();
    let mut state = kept.into_iter().chain(known).max_by_key(State::seq).unwrap_or_default();
    if seq - state.seq() > MAX_REPLAY {
        let detail = format!(
            "that is {} records from the nearest known state, and at most {MAX_REPLAY} are replayed here: replay an export offline",
            seq - state.seq()
        );
        return Err(Problem::invalid(detail));
    }
    while state.seq() < seq {
        let wanted = usize::try_from(seq - state.seq()).unwrap_or(PIECE).min(PIECE);
        let records = {
            let log = api.log.lock().unwrap_or_else(PoisonError::into_inner);
            log.read(state.seq() + 1, wanted).map_err(internal)?
        };
        if records.is_empty() {
            return Err(Problem::internal(&"the log ends before the state does"));
        }
        for record in records {
            let entry: Entry = serde_json::from_str(&record.body).map_err(|error| Problem::internal(&error))?;
            state.apply(&entry);
        }
    }
    Ok(state)
}

/// As far as the caller's reach goes today.
fn view(api: &Shared, allowed: &Permitted<P>, then: &State, at: Option<Timestamp>) -> Answer<Value> {
    let (names, reach) = (api.names(allowed.permit.reach().account())?, allowed.permit.reach());
    let (account, whole) = (reach.account(), reach.is_everywhere());
    let at = at.unwrap_or_else(|| then.monotonic(Timestamp(i64::MIN)));
    let person = |user| {
        let grants = then.grants_of(account).filter(|grant| grant.user == user);
        let grants: Vec<_> = grants.map(|grant| people::grant(then, grant, at)).collect();
        let suspended = then.is_suspended(account, user);
        json!({ "id": user, "name": names.of(user), "suspended": suspended, "grants": grants })
    };
    let people: Vec<_> = if whole { then.people_of(account).map(person).collect() } else { Vec::new() };
    let rules = if whole { policies::standings(then, account, at, Some(&names)) } else { Vec::new() };
    // Who reads all of the log today sees all that was; who reads a part, what they see of it today and saw then.
    let owner = then.account(account).map(|account| Principal::User(account.owner));
    let principal = owner.filter(|_| whole).unwrap_or(allowed.asker.0.principal);
    let reader = Actor { principal, ..allowed.asker.0 };
    let (today, clock) = (api.engine.state(), api.now());
    let seen_today = |request: &Request| {
        today.request(request.id).is_some_and(|request| visible(&today, request, &allowed.asker.0, clock))
    };
    let seen = |request: &&Request| seen_today(request) && visible(then, request, &reader, at);
    let viewer = Viewer { state: then, names: &names, actor: &reader, now: at };
    let open: Vec<_> = then.open_requests().rev().filter(seen).collect();
    let shown = |request: &&Request| {
        let mut view = json!(viewer.summary(request));
        view["my"] = json!({
            "can_vote": false, "can_reject": false, "can_cancel": false, "can_answer": false, "voted": null,
            "why_not": "This is how it was",
        });
        view
    };
    let requests: Vec<_> = open.iter().take(MAX_REQUESTS).map(shown).collect();
    let of = then.account(account).filter(|_| whole);
    Ok(json!({
        "seq": then.seq(), "at": at, "exists": then.account(account).is_some(), "frozen": of.map(|account| account.frozen),
        "people": people, "policies": rules, "requests": requests, "open_requests": open.len(),
    }))
}
