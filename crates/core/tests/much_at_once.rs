//! Very much at once: what time brings about is done in parts, what cannot be is refused, and no command comes to more than the log
//! takes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    MAX_ENTRIES,
    authz::Role,
    command::{Command, Reply, Submission},
    event::{Entry, Event},
    fleet::{Pool, PowerMode, SecretRef, Setting},
    ids::{DeviceId, RequestId, ScanTaskId, UserId},
    rejection::Rejection,
    requests::{Action, Control, DELETION_DELAY, Outlook, RequestState, Scenario, Target},
    state::State,
    time::Millis,
};
use std::sync::Arc;
use support::{AGENT, World, mode};

/// A company in which `count` requests wait, each for a miner of its own, all asked for by one person: one is asked for, and the
/// others are the same event with other names in it.
fn with_waiting(count: u32) -> (World, UserId) {
    let mut w = World::new(0);
    let asker = w.person(Role::Administrator);
    w.set_policy(Scenario::FleetMode, 2, 1);
    let devices = (1..=count).map(support::miner).collect();
    w.system(Command::ReportDevices { agent: AGENT, scan_task: ScanTaskId(1), devices, heard: Default::default() });
    w.ask(asker, mode(PowerMode::Low), &[1]);
    let first = w.log.last().unwrap().clone();
    let Event::RequestSubmitted { payload, number, .. } = &first.event else { unreachable!() };
    let (payload, number) = (payload.clone(), *number);
    for device in 2..=count {
        let mut entry = first.clone();
        let Event::RequestSubmitted { request, number: its_number, payload: its_payload, content_hash, .. } =
            &mut entry.event
        else {
            unreachable!()
        };
        *request = RequestId((1_000_000 + u128::from(device)).into());
        *its_number = number + device - 1;
        let own = Arc::make_mut(its_payload);
        own.clone_from(&payload);
        own.targets = vec![Target::Device(DeviceId(device))];
        *content_hash = own.content_hash();
        w.state.apply(&entry);
        w.log.push(entry);
    }
    assert_eq!(waiting(&w), count as usize);
    (w, asker)
}

fn waiting(w: &World) -> usize {
    w.state.open_requests().filter(|request| request.state == RequestState::Pending).count()
}

/// Ticks once; what it came to, and whether more is due.
fn tick(w: &mut World) -> (Vec<Entry>, Reply) {
    let before = w.log.len();
    let reply = w.system(Command::Tick);
    (w.log[before..].to_vec(), reply)
}

fn ended(entries: &[Entry]) -> Vec<u32> {
    let number = |entry: &Entry| match &entry.event {
        Event::RequestEnded { request, .. } => Some(u32::try_from(request.0.0 % 1_000_000).unwrap()),
        _ => None,
    };
    entries.iter().filter_map(number).collect()
}

fn replayed(w: &World) -> State {
    let mut state = State::default();
    w.log.iter().for_each(|entry| state.apply(entry));
    state
}

#[test]
fn what_is_due_is_done_in_parts_the_oldest_first() {
    let (mut w, _) = with_waiting(2_500);
    w.now = w.now.after(Millis::days(30));
    let (first, reply) = tick(&mut w);
    assert_eq!((first.len(), reply), (1_000, Reply::MoreIsDue));
    assert_eq!(ended(&first)[1..], (2..=1_000).collect::<Vec<_>>());
    let (second, reply) = tick(&mut w);
    assert_eq!((ended(&second), reply), ((1_001..=2_000).collect(), Reply::MoreIsDue));
    let (third, reply) = tick(&mut w);
    assert_eq!((ended(&third), reply), ((2_001..=2_500).collect(), Reply::Done));
    assert_eq!(tick(&mut w), (Vec::new(), Reply::Done));
    assert_eq!(waiting(&w), 0);
    assert_eq!(replayed(&w), w.state);
}

#[test]
fn an_account_is_gone_once_everything_in_it_has_ended_and_cannot_be_kept_meanwhile() {
    let (mut w, _) = with_waiting(1_500);
    let (owner, keep) = (w.owner, Action::Control(Control::KeepAccount {}));
    let delete = w.ask(owner, Action::Control(Control::DeleteAccount { name: "Norte".into() }), &[]);
    assert_eq!(w.state_of(delete), RequestState::Executed);
    w.now = w.now.after(DELETION_DELAY);
    let (first, reply) = tick(&mut w);
    assert_eq!((first.len(), reply), (1_000, Reply::MoreIsDue));
    assert!(w.state.account(w.account).is_some());
    assert_eq!(w.try_ask(owner, keep, &[]).unwrap_err().code(), "not_found");
    let (second, reply) = tick(&mut w);
    assert_eq!((second.len(), reply), (501, Reply::Done));
    assert!(matches!(second.last().unwrap().event, Event::AccountDeleted { .. }));
    assert_eq!((waiting(&w), w.state.account(w.account)), (0, None));
}

#[test]
fn whoever_leaves_with_very_many_requests_open_leaves_at_once_and_those_end_within_ten_minutes() {
    let (mut w, asker) = with_waiting(10_500);
    let before = w.log.len();
    w.operator(Command::RemoveUser { user: asker });
    assert_eq!(w.log.len() - before, 10_000);
    assert!(waiting(&w) > 400);
    for _ in 0..600 {
        w.tick_after(Millis::seconds(1));
    }
    assert_eq!(waiting(&w), 0);
    assert_eq!(replayed(&w), w.state);
}

#[test]
fn a_command_that_comes_to_too_much_is_refused_and_its_parts_are_not() {
    let count = u32::try_from(MAX_ENTRIES / 2).unwrap();
    let (mut w, _) = with_waiting(count);
    let (asker, before) = (w.owner, w.state.clone());
    let all: Vec<_> = (1..=count).collect();
    // Each of the others loses its miner, and ends: with the new request one entry too many.
    let refused = w.try_ask(asker, mode(PowerMode::High), &all).unwrap_err();
    assert_eq!(refused, Rejection::TooMuchAtOnce);
    assert_eq!(refused.to_string(), "this comes to more than 100000 changes at once: do it in parts");
    assert_eq!(w.state, before);
    let (_, part) = all.split_first().unwrap();
    w.ask(asker, mode(PowerMode::High), part);
    assert_eq!(w.state.open_requests().count(), 2);
}

#[test]
fn the_longest_request_is_short_enough_for_the_log() {
    let (mut w, _) = with_waiting(6_000);
    let pool =
        |n: u32| Pool::<SecretRef> { url: format!("{n:06}{}", "u".repeat(249)), user: "w".repeat(255), password: None };
    let setting = |n: u32| Some(Setting::pools(&[pool(3 * n), pool(3 * n + 1), pool(3 * n + 2)]));
    let estimates = (1..=6_000).map(|n| (DeviceId(n), Outlook { setting: setting(n), ..Outlook::default() }));
    let asked = Submission {
        id: w.new_id(),
        action: mode(PowerMode::High),
        targets: (1..=6_000).map(DeviceId).collect(),
        estimates: estimates.collect(),
        reason: None,
        idempotency_key: None,
    };
    let (before, actor) = (w.log.len(), w.actor(w.owner));
    w.run(&actor, Command::Submit(asked)).unwrap();
    let Event::RequestSubmitted { was, .. } = &w.log[before].event else { unreachable!() };
    assert_eq!(was.len(), 2_000);
    // What each of the 100 000 devices may add to that is 100 bytes at most.
    assert!(serde_json::to_string(&w.log[before]).unwrap().len() < 6 << 20);
}
