//! The lists that requests are looked up in say what going through all requests says.

use crate::{
    config,
    steps::steps,
    support::{World, mode},
    walk::{Moment, live},
};
use adit_core::{
    authz::{Actor, Principal, Role, catalogue::Risk},
    command::{Command, Reply, Submission},
    decide,
    fleet::{Operation, PowerMode},
    rejection::{NoSay, Rejection},
    requests::{Action, Control, Decision, Request, RequestState, Scenario},
    state::ListCursor,
    time::Millis,
};
use proptest::prelude::*;
use std::cmp::Reverse;

fn ids<'a>(found: impl Iterator<Item = &'a Request>) -> Vec<(u32, RequestState)> {
    found.map(|request| (request.number, request.state)).collect()
}

/// By what lists are sorted, the cursor's request as it was shown.
fn rank(request: &Request, waits: bool) -> (bool, i64, Reverse<Risk>, i64) {
    let number = i64::from(request.number);
    let risk = request.payload.action.permission().info().risk;
    if waits {
        (false, request.payload.not_after.0 / 60_000, Reverse(risk), number)
    } else {
        (true, -number, Reverse(Risk::LOWEST), 0)
    }
}

/// What a list of these states must be: sorted as a whole, then cut.
fn scan(
    m: &Moment<'_>,
    states: &[RequestState],
    after: Option<ListCursor>,
    by: Option<Principal>,
) -> Vec<(u32, RequestState)> {
    let all: Vec<_> = m.w.state.requests().filter(|request| request.payload.account == m.w.account).collect();
    let rank_of = |request: &Request| rank(request, request.state == RequestState::Pending);
    let of_number = |number, waits| all.iter().find(|r| r.number == number).map(|r| rank(r, waits));
    let is_after = |request: &Request| match after {
        None => true,
        Some(ListCursor::Waiting(number)) => match of_number(number, true) {
            Some(last) => rank_of(request) > last,
            None => request.state != RequestState::Pending,
        },
        Some(ListCursor::Other(number)) => request.state != RequestState::Pending && request.number < number,
    };
    let mut wanted = all.clone();
    wanted.retain(|request| {
        states.contains(&request.state) && by.is_none_or(|by| request.payload.initiator == by) && is_after(request)
    });
    wanted.sort_by_key(|request| rank_of(request));
    ids(wanted.into_iter())
}

fn check(m: &Moment<'_>, after: Option<ListCursor>) {
    let (state, account) = (&m.w.state, m.w.account);
    let ended: Vec<_> = RequestState::ALL.into_iter().filter(|state| state.is_terminal()).collect();
    let each = RequestState::ALL.iter().map(std::slice::from_ref);
    let initiators: Vec<_> = m.w.state.requests().map(|request| request.payload.initiator).collect();
    for states in each.chain([&RequestState::ALL[..], &RequestState::OPEN[..], &ended[..], &[]]) {
        assert_eq!(ids(state.requests_in(account, states, after)), scan(m, states, after, None));
        for by in initiators.iter().take(3) {
            let found = ids(state.requests_by(account, *by, states, after));
            assert_eq!(found, scan(m, states, after, Some(*by)));
        }
    }
}

/// Page by page, each request is given once and in its turn.
fn check_pages(m: &Moment<'_>) {
    let (state, account) = (&m.w.state, m.w.account);
    let (mut shown, mut after) = (Vec::new(), None);
    loop {
        let page: Vec<_> = state.requests_in(account, &RequestState::ALL, after).take(3).collect();
        let Some(last) = page.last() else { break };
        after = Some(ListCursor::after(last));
        shown.extend(ids(page.into_iter()));
    }
    assert_eq!(shown, scan(m, &RequestState::ALL, None, None));
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

/// Whoever is said to have a vote has one, and who has none is refused in the words in which they were told.
fn check_words(w: &World) {
    let now = w.state.monotonic(w.now);
    for request in w.state.open_requests().filter(|request| now < request.payload.not_after) {
        let (tally, waits) = (w.state.tally(request, now), request.state == RequestState::Pending);
        for user in w.state.people_of(w.account) {
            let told = w.state.why_no_vote(request, &tally, Some(user));
            assert_eq!(told.is_none(), waits && tally.undecided.contains(&user));
            let actor = Actor { authenticated_at: now, ..w.actor(user) };
            let vote = |decision, comment| {
                let (content_hash, passkey) = (request.content_hash, Some("one".into()));
                Command::Vote { request: request.id, decision, content_hash, comment, passkey }
            };
            let rejected = decide(&w.state, &actor, vote(Decision::Reject, Some("no".into())), now).is_ok();
            assert_eq!(w.state.may_reject(request, &tally, Some(user)), rejected);
            let (request, vote) = (request.id, vote(Decision::Approve, None));
            match decide(&w.state, &actor, vote, now) {
                Ok(decided) if told.is_some() => {
                    assert!(matches!(told, Some(NoSay::Voted | NoSay::Counted)) && decided.entries.is_empty());
                }
                Ok(decided) => assert!(decided.state.request(request).unwrap().vote_of(user).is_some()),
                Err(Rejection::NoSay(said)) => assert_eq!(Some(said), told),
                Err(why) => assert!(!waits && matches!(told, Some(NoSay::Approved | NoSay::Over)), "{why}"),
            }
        }
    }
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn who_has_no_vote_is_told_so_in_the_words_of_the_refusal(steps in steps(100)) {
        check_words(&live(&steps, |_| {}));
    }

    #[test]
    fn lists_say_what_going_through_all_requests_says(steps in steps(60), number in 0..80_u32) {
        live(&steps, |m| {
            check(m, None);
            check(m, Some(ListCursor::Waiting(number)));
            check(m, Some(ListCursor::Other(number)));
            check_pages(m);
            check_people_and_ends(m);
        });
    }
}

#[test]
fn what_waits_is_listed_by_its_expiry_then_by_its_risk_then_by_its_age() {
    let mut w = World::new(3);
    let who = w.person(Role::OperationsManager);
    w.person(Role::Administrator);
    for scenario in [Scenario::FleetMode, Scenario::FleetLed] {
        w.set_policy(scenario, 2, 0);
    }
    let locate = || Action::Device(Operation::Locate { on: true });
    let (led, low) = (w.ask(who, locate(), &[1]), w.ask(who, mode(PowerMode::Low), &[1]));
    let high = w.ask(who, mode(PowerMode::High), &[2]);
    w.tick_after(Millis::minutes(1));
    let later = w.ask(who, mode(PowerMode::Normal), &[3]);
    let ran = w.ask(w.owner(), Action::Control(Control::FreezeAccount {}), &[]);

    let listed = |after| w.state.requests_in(w.account, &RequestState::ALL, after).map(|r| r.id).collect::<Vec<_>>();
    let all = listed(None);
    assert_eq!(all[..5], [low, high, led, later, ran]);
    let after = |id| Some(ListCursor::after(w.request(id)));
    assert_eq!((listed(after(low)), listed(after(ran))), (all[1..].to_vec(), all[5..].to_vec()));
    let policies = w.state.requests_in(w.account, &[RequestState::Executed], None).skip(1).map(|r| r.id);
    assert_eq!(all[5..], policies.collect::<Vec<_>>(), "then what ran, the newest first");
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
