//! Drafts become requests as a whole, once, or not at all.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::Role,
    command::{Command, DraftPart, DraftSubmission, Reply},
    event::Event,
    fleet::{Operation, PowerMode},
    ids::{DeviceId, RequestId, UserId},
    rejection::Rejection,
    requests::{Action, RequestState, Scenario},
};
use support::{SITE, World, mode};

fn put(w: &mut World, user: UserId, action: Action, targets: &[u32]) -> Result<Reply, Rejection> {
    let targets = targets.iter().copied().map(DeviceId).collect();
    let actor = w.actor(user);
    w.run(&actor, Command::PutDraft { site: SITE, action, targets })
}

/// The draft as it stands, ready to be submitted; its requests will be numbered from `first` on.
fn reviewed(w: &World, user: UserId, first: u128, key: Option<&str>) -> DraftSubmission {
    let draft = w.state.draft(user, SITE);
    let changes = draft.map(|draft| draft.changes.as_slice()).unwrap_or_default();
    let part = |(id, change): (u128, &adit_core::state::DraftChange)| DraftPart {
        change: change.id,
        id: RequestId(id.into()),
        estimates: Vec::new(),
    };
    DraftSubmission {
        site: SITE,
        version: draft.map_or(0, |draft| draft.version),
        parts: (first..).zip(changes).map(part).collect(),
        reason: Some("winter".into()),
        idempotency_key: key.map(str::to_owned),
    }
}

fn submit(w: &mut World, user: UserId, draft: DraftSubmission) -> Result<Vec<RequestId>, Rejection> {
    let actor = w.actor(user);
    match w.run(&actor, Command::SubmitDraft(draft))? {
        Reply::Requests(requests) => Ok(requests),
        other => panic!("{other:?}"),
    }
}

#[test]
fn e99_the_whole_draft_is_submitted_in_one_decision_and_closed() {
    let mut w = World::new(6);
    let operator = w.person(Role::OperationsManager);
    put(&mut w, operator, mode(PowerMode::Low), &[3, 1]).unwrap();
    put(&mut w, operator, Action::Device(Operation::Locate { on: true }), &[1, 2]).unwrap();
    let draft = reviewed(&w, operator, 500, None);
    let made = submit(&mut w, operator, draft).unwrap();
    assert_eq!(made, [RequestId(500.into()), RequestId(501.into())]);
    assert_eq!([w.devices_of(made[0]), w.devices_of(made[1])], [vec![1, 3], vec![1, 2]]);
    assert!(made.iter().all(|id| w.request(*id).reason.as_deref() == Some("winter")));
    assert!(w.state.draft(operator, SITE).is_none());
}

#[test]
fn one_refused_change_leaves_everything_as_it_was_and_is_named() {
    let mut w = World::new(6);
    let [operator, other] = [w.person(Role::OperationsManager), w.person(Role::OperationsManager)];
    put(&mut w, operator, Action::Device(Operation::Locate { on: true }), &[1]).unwrap();
    put(&mut w, operator, mode(PowerMode::Low), &[2]).unwrap();
    w.ask(other, mode(PowerMode::High), &[2]);
    let (before, events) = (w.state.clone(), w.log.len());
    let draft = reviewed(&w, operator, 500, None);
    let refused = submit(&mut w, operator, draft).unwrap_err();
    assert!(matches!(&refused, Rejection::ChangeRefused { change: 2, .. }), "{refused:?}");
    assert_eq!((refused.code(), refused.status()), ("device_busy", 409));
    assert!(refused.to_string().contains("Power mode low"), "{refused}");
    assert_eq!((w.state, w.log.len()), (before, events));
}

#[test]
fn changes_that_exclude_each_other_are_not_submitted() {
    let mut w = World::new(2);
    let operator = w.person(Role::OperationsManager);
    put(&mut w, operator, mode(PowerMode::Sleep), &[1]).unwrap();
    put(&mut w, operator, Action::Device(Operation::Reboot {}), &[1, 2]).unwrap();
    let draft = reviewed(&w, operator, 500, None);
    let refused = submit(&mut w, operator, draft).unwrap_err();
    assert_eq!(refused.code(), "invalid");
    assert!(refused.to_string().contains("exclude each other on 1 device"), "{refused}");
}

#[test]
fn of_two_tabs_that_submit_at_once_exactly_one_wins() {
    let mut w = World::new(2);
    let operator = w.person(Role::OperationsManager);
    put(&mut w, operator, mode(PowerMode::Low), &[1, 2]).unwrap();
    let tabs = [reviewed(&w, operator, 500, Some("left")), reviewed(&w, operator, 600, Some("right"))];
    let answers = tabs.map(|draft| submit(&mut w, operator, draft));
    assert_eq!(answers[0].as_ref().unwrap().len(), 1);
    assert_eq!(answers[1].as_ref().unwrap_err().code(), "draft_changed");
    assert!(w.state.request(RequestId(600.into())).is_none());
}

#[test]
fn a_repeat_under_the_same_key_gives_the_same_requests() {
    let mut w = World::new(2);
    let operator = w.person(Role::OperationsManager);
    put(&mut w, operator, mode(PowerMode::Low), &[1]).unwrap();
    put(&mut w, operator, Action::Device(Operation::Locate { on: true }), &[2]).unwrap();
    let first = reviewed(&w, operator, 500, Some("k"));
    let made = submit(&mut w, operator, first.clone()).unwrap();
    let events = w.log.len();
    // Whoever repeats it has no draft any more to say anything about.
    let repeat = DraftSubmission { parts: Vec::new(), ..first.clone() };
    assert_eq!(submit(&mut w, operator, repeat).unwrap(), made);
    assert_eq!(w.log.len(), events);
    let other = DraftSubmission { reason: None, ..first };
    assert_eq!(submit(&mut w, operator, other).unwrap_err().code(), "duplicate_request");
}

#[test]
fn what_was_reviewed_is_what_is_submitted() {
    let mut w = World::new(3);
    let operator = w.person(Role::OperationsManager);
    put(&mut w, operator, mode(PowerMode::Low), &[1]).unwrap();
    let stale = reviewed(&w, operator, 500, None);
    put(&mut w, operator, mode(PowerMode::Low), &[2]).unwrap();
    assert_eq!(submit(&mut w, operator, stale.clone()).unwrap_err().code(), "draft_changed");
    let actor = w.actor(operator);
    w.run(&actor, Command::DiscardDraft { site: SITE }).unwrap();
    put(&mut w, operator, mode(PowerMode::High), &[3]).unwrap();
    assert_eq!(submit(&mut w, operator, stale).unwrap_err().code(), "draft_changed", "a new draft is another draft");
    let take = Command::TakeFromDraft { site: SITE, change: 1, targets: Vec::new() };
    w.run(&actor, take).unwrap();
    let empty = reviewed(&w, operator, 500, None);
    assert_eq!(submit(&mut w, operator, empty).unwrap_err().code(), "no_targets");
}

#[test]
fn e98_a_draft_holds_nothing_until_it_is_submitted() {
    let mut w = World::new(2);
    let [one, two] = [w.person(Role::OperationsManager), w.person(Role::OperationsManager)];
    w.person(Role::Administrator);
    w.set_policy(Scenario::FleetMode, 2, 0);
    put(&mut w, one, mode(PowerMode::Low), &[1]).unwrap();
    let first = w.ask(two, mode(PowerMode::High), &[1]);
    assert_eq!(w.devices_of(first), [1]);
    let draft = reviewed(&w, one, 500, None);
    let made = submit(&mut w, one, draft).unwrap();
    assert_eq!(w.state_of(first), RequestState::Superseded);
    assert_eq!(w.devices_of(made[0]), [1]);
    assert!(matches!(w.log.last().unwrap().event, Event::DraftSubmitted { .. }));
}
