//! Changing one's mind while others decide: a new revision, and every vote void.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::Role,
    command::{Command, Reply, Submission},
    fleet::PowerMode,
    ids::{DeviceId, RequestId, UserId},
    rejection::Rejection,
    requests::{Action, Decision, RequestState, Scenario},
    time::Millis,
};
use support::{World, mode, restart_workers};

fn world() -> (World, [UserId; 3]) {
    let mut w = World::new(6);
    let people = [Role::OperationsManager; 3].map(|role| w.person(role));
    let _ = [Role::Administrator; 2].map(|role| w.person(role));
    w.set_policy(Scenario::FleetMode, 3, 0);
    (w, people)
}

fn amend(
    w: &mut World,
    user: UserId,
    request: RequestId,
    action: Action,
    targets: &[u32],
    key: Option<&str>,
) -> Result<RequestId, Rejection> {
    let with = Submission {
        id: w.new_id(),
        action,
        targets: targets.iter().copied().map(DeviceId).collect(),
        estimates: Vec::new(),
        reason: None,
        idempotency_key: key.map(str::to_owned),
    };
    let actor = w.actor(user);
    match w.run(&actor, Command::Amend { request, with })? {
        Reply::Request(id) => Ok(id),
        other => panic!("{other:?}"),
    }
}

#[test]
fn e48_e59_an_amended_request_starts_anew_and_old_votes_find_it_changed() {
    let (mut w, [one, two, three]) = world();
    let first = w.ask(one, mode(PowerMode::Low), &[1, 2, 3]);
    w.vote(two, first, Decision::Approve).unwrap();
    w.now = w.now.after(Millis::minutes(30));
    let second = amend(&mut w, one, first, mode(PowerMode::Low), &[2, 3, 4], None).unwrap();
    assert_eq!((w.state_of(first), w.state_of(second)), (RequestState::Superseded, RequestState::Pending));
    assert_eq!((w.request(first).superseded_by, w.request(second).supersedes), (Some(second), Some(first)));
    assert_eq!(w.request(second).payload.revision, 2);
    assert_eq!(w.state.tally(w.request(second), w.now).approvals.len(), 1, "only the initiator's own");
    assert!(w.request(second).payload.not_after > w.request(first).payload.not_after, "the deadline starts anew");
    assert_eq!(w.vote(three, first, Decision::Approve).unwrap_err().code(), "content_changed");
    assert_eq!(w.devices_of(second), [2, 3, 4]);
    assert!(w.request(second).took.is_empty(), "its own devices are not taken from anybody");
    assert!(w.state.holders_of(DeviceId(1)).is_empty());
}

#[test]
fn a_refused_amendment_leaves_the_request_as_it_was() {
    let (mut w, [one, two, _]) = world();
    let first = w.ask(one, mode(PowerMode::Low), &[1, 2]);
    w.vote(two, first, Decision::Approve).unwrap();
    let before = w.state.clone();
    assert_eq!(amend(&mut w, one, first, mode(PowerMode::Low), &[], None).unwrap_err().code(), "no_targets");
    assert_eq!(amend(&mut w, one, first, mode(PowerMode::Low), &[99], None).unwrap_err().status(), 404);
    assert_eq!(amend(&mut w, one, first, restart_workers(), &[], None).unwrap_err().code(), "invalid");
    assert_eq!(amend(&mut w, two, first, mode(PowerMode::Low), &[1], None).unwrap_err().status(), 403);
    assert_eq!(w.state, before);
}

#[test]
fn only_what_waits_is_amended_and_a_repeat_is_the_same() {
    let (mut w, [one, two, three]) = world();
    let first = w.ask(one, mode(PowerMode::Low), &[1]);
    let second = amend(&mut w, one, first, mode(PowerMode::High), &[1], Some("k")).unwrap();
    let repeat = amend(&mut w, one, first, mode(PowerMode::High), &[1], Some("k")).unwrap();
    assert_eq!(repeat, second);
    assert_eq!(amend(&mut w, one, first, mode(PowerMode::High), &[1], None).unwrap_err().code(), "invalid_state");
    for user in [two, three] {
        w.vote(user, second, Decision::Approve).unwrap();
    }
    assert_eq!(amend(&mut w, one, second, mode(PowerMode::Low), &[1], None).unwrap_err().code(), "invalid_state");
}
