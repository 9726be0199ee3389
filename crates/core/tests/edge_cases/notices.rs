//! Who is told, as far as a numbered case asks for it.

use crate::{
    approve, company, counts, submission,
    support::{World, mode},
    told, try_control,
};
use adit_core::{
    authz::{Actor, Principal, Role},
    command::{Command, Reply, Submission},
    event::Event,
    fleet::PowerMode,
    ids::{RequestId, UserId},
    notices::{self, Class, Kind, Notice, Which},
    requests::{Action, Control, Recovery, RequestState, Scenario},
    state::State,
    time::Millis,
};
use std::collections::BTreeSet;

/// What the log tells of a request.
fn of(w: &World, id: RequestId) -> Vec<Notice> {
    let mut state = State::default();
    let all = w.log.iter().flat_map(|entry| {
        state.apply(entry);
        notices::of(&state, entry)
    });
    all.filter(|notice| notice.topic == notices::Topic::Request(id)).collect()
}

fn who(notices: &[Notice], kind: Kind) -> BTreeSet<UserId> {
    notices.iter().filter(|notice| notice.kind == kind).map(|notice| notice.to).collect()
}

#[test]
fn e040_the_other_administrators_are_told_and_it_waits_for_them() {
    let (mut w, [first, second]) = company::<2>();
    let owner = w.owner;
    crate::ask(&mut w, owner, counts(Scenario::ApprovalConfigUpdate, 2));
    let id = try_control(&mut w, first, counts(Scenario::FleetMode, 2)).unwrap();
    let told = of(&w, id);
    assert_eq!(who(&told, Kind::VoteWanted), [owner, second].into());
    assert!(told.iter().all(|notice| notice.class == Class::NeedsMe), "{told:?}");
    assert_eq!(crate::tally(&w, id).undecided, [owner, second].into());
    approve(&mut w, second, id);
    assert_eq!(who(&of(&w, id), Kind::Executed), [first, owner].into());
}

#[test]
fn e054_whoever_asked_is_told_that_it_is_over() {
    let (mut w, [first, second]) = company::<2>();
    let owner = w.owner;
    crate::ask(&mut w, owner, counts(Scenario::FleetMode, 3));
    let id = w.ask(first, mode(PowerMode::Low), &[1]);
    w.operator(Command::RemoveUser { user: second });
    assert_eq!(
        (w.state_of(id), w.request(id).state_reason.as_deref()),
        (RequestState::Invalidated, Some("unsatisfiable"))
    );
    assert!(who(&of(&w, id), Kind::Invalidated).contains(&first));
}

/// What is told of a request by somebody who stops after so many events, and goes on from what is kept of the state.
fn of_in_two_parts(w: &World, id: RequestId, cut: usize) -> Vec<Notice> {
    let mut state = State::default();
    let mut told = Vec::new();
    for (at, entry) in w.log.iter().enumerate() {
        if at == cut {
            let kept = serde_json::to_string(&state).unwrap();
            state = serde_json::from_str::<State>(&kept).unwrap().restored();
        }
        state.apply(entry);
        told.extend(
            notices::of(&state, entry).into_iter().filter(|notice| notice.topic == notices::Topic::Request(id)),
        );
    }
    told
}

#[test]
fn e075_a_request_is_there_and_listed_and_told_of_wherever_telling_has_failed() {
    let (mut w, [first]) = company::<1>();
    let owner = w.owner;
    crate::ask(&mut w, owner, counts(Scenario::AuthorizationAdd, 2));
    let user = crate::stranger(&mut w);
    let id = try_control(&mut w, owner, crate::add(user, Role::Viewer)).unwrap();
    let listed = |w: &World| {
        let mut found = w.state.requests_in(w.account, &RequestState::OPEN, None).map(|request| request.id);
        found.any(|found| found == id)
    };
    assert!(w.state_of(id) == RequestState::Pending && listed(&w), "nobody was asked whether a notice went out");
    assert_eq!(who(&of(&w, id), Kind::VoteWanted), [first].into());
    crate::approve(&mut w, first, id);
    let told = of(&w, id);
    let ended = told.iter().filter(|notice| notice.kind == Kind::Executed && notice.to == owner).count();
    assert_eq!(ended, 1, "{told:?}");
    for cut in 0..w.log.len() {
        assert_eq!(of_in_two_parts(&w, id, cut), told, "it is told on from event {cut} as if nothing had failed");
    }
}

#[test]
fn e076_a_recovery_tells_every_approver_at_its_start_half_way_and_at_its_end() {
    let (mut w, [first, second]) = company::<2>();
    let owner = w.owner;
    crate::ask(&mut w, owner, counts(Scenario::AuthorizationAdd, 2));
    let action = Action::Control(Control::Recover(Recovery { remove: [second].into() }));
    let asked = Submission { reason: Some("they cannot be reached".into()), ..submission(&mut w, action, &[]) };
    let actor = Actor { account: w.account, principal: Principal::User(owner), authenticated_at: w.now };
    let Ok(Reply::Request(id)) = w.run(&actor, Command::Submit(asked)) else { panic!("refused") };
    let everybody: BTreeSet<_> = [first, second].into();
    let started = of(&w, id);
    assert_eq!(who(&started, Kind::Approved), everybody, "the clock runs");
    assert!(started.iter().all(|notice| notice.always), "on every channel: {started:?}");

    let moments = |w: &World| notices::moments(&w.state, w.now).collect::<Vec<_>>();
    assert_eq!(moments(&w), []);
    w.now = w.now.after(Millis::hours(36));
    let [half] = moments(&w)[..] else { panic!("no moment") };
    assert!(matches!(half.which, Which::RecoveryHalf(_)));
    let half_way = half.notices(&w.state, w.now);
    assert_eq!(who(&half_way, Kind::RecoveryHalfTime), [owner, first, second].into());
    assert!(half_way.iter().all(|notice| notice.always));

    let why = Some("no need".to_owned());
    let actor = w.actor(first);
    w.run(&actor, Command::Cancel { request: id, reason: why }).unwrap();
    assert_eq!(w.state_of(id), RequestState::Cancelled);
    assert_eq!(who(&of(&w, id), Kind::Cancelled), [owner, second].into(), "whoever stopped it knows");
    assert_eq!(told(&w, |event| matches!(event, Event::RecoveryUsed { .. })), 0);
}
