//! The lists that requests are looked up in say what going through all requests says.

use crate::{
    config,
    support::{World, mode},
    walk::{Moment, live, steps},
};
use adit_core::{
    authz::{Actor, Principal},
    command::{Command, Reply, Submission},
    fleet::PowerMode,
    requests::{Action, Control, Request, RequestState},
    time::Millis,
};
use proptest::prelude::*;

fn ids<'a>(found: impl Iterator<Item = &'a Request>) -> Vec<(u32, RequestState)> {
    found.map(|request| (request.number, request.state)).collect()
}

/// What a list of these states must be, newest first.
fn scan(
    m: &Moment<'_>,
    states: &[RequestState],
    before: Option<u32>,
    by: Option<Principal>,
) -> Vec<(u32, RequestState)> {
    let wanted = m.w.state.requests().rev().filter(|request| {
        request.payload.account == m.w.account
            && states.contains(&request.state)
            && before.is_none_or(|before| request.number < before)
            && by.is_none_or(|by| request.payload.initiator == by)
    });
    ids(wanted)
}

fn check(m: &Moment<'_>, before: Option<u32>) {
    let (state, account) = (&m.w.state, m.w.account);
    let ended: Vec<_> = RequestState::ALL.into_iter().filter(|state| state.is_terminal()).collect();
    let each = RequestState::ALL.iter().map(std::slice::from_ref);
    let initiators: Vec<_> = m.w.state.requests().map(|request| request.payload.initiator).collect();
    for states in each.chain([&RequestState::ALL[..], &RequestState::OPEN[..], &ended[..], &[]]) {
        assert_eq!(ids(state.requests_in(account, states, before)), scan(m, states, before, None));
        for by in initiators.iter().take(3) {
            let found = ids(state.requests_by(account, *by, states, before));
            assert_eq!(found, scan(m, states, before, Some(*by)));
        }
    }
}

fn check_people_and_ends(m: &Moment<'_>) {
    let (state, account) = (&m.w.state, m.w.account);
    for request in state.requests() {
        assert_eq!(state.request_of_number(account, request.number), Some(request));
        for user in state.people_of(account) {
            let undecided = state.tally(request, m.w.now).undecided.contains(&user);
            let awaits = request.state == RequestState::Pending && undecided;
            assert_eq!(state.awaits(request, user, m.w.now), awaits);
        }
    }
    let hour_ago = m.w.now.before(Millis::hours(1));
    let mut failed: Vec<_> = state.requests().collect();
    failed.retain(|r| matches!(r.state, RequestState::Failed | RequestState::PartiallyExecuted));
    failed.retain(|r| r.ended_at.is_some_and(|at| at > hour_ago));
    failed.sort_by_key(|request| (request.ended_at, request.number));
    assert_eq!(ids(state.failed_after(account, hour_ago)), ids(failed.into_iter()));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn lists_say_what_going_through_all_requests_says(steps in steps(60), before in 0..80_u32) {
        live(&steps, |m| {
            check(m, None);
            check(m, Some(before));
            check_people_and_ends(m);
        });
    }
}

#[test]
fn another_accounts_requests_are_in_other_lists() {
    let mut w = World::new(1);
    let (first, actor) = (w.account, w.actor(w.owner));
    w.ask(actor.user().unwrap(), mode(PowerMode::Low), &[1]);
    let founded = w.run(&actor, Command::FoundAccount { name: "Mine".into() }).unwrap();
    let Reply::Account(other, _) = founded else { unreachable!() };
    let all = |w: &World, account| ids(w.state.requests_in(account, &RequestState::ALL, None));
    let before = all(&w, first);
    assert_eq!((before.len() as u32, all(&w, other)), (w.state.account(first).unwrap().requests, Vec::new()));

    let actor = Actor { account: other, ..actor };
    let submission = Submission {
        id: w.new_id(),
        action: Action::Control(Control::FreezeAccount {}),
        targets: Vec::new(),
        estimates: Vec::new(),
        reason: None,
        idempotency_key: None,
    };
    w.run(&actor, Command::Submit(submission)).unwrap();
    assert_eq!((all(&w, first), all(&w, other)), (before, vec![(1, RequestState::Executed)]));
    assert_eq!(w.state.requests_by(other, actor.principal, &RequestState::ALL, None).count(), 1);
}
