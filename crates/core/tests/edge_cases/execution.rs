//! Life cycle and execution: how requests end, and what is looked at once more before anything is done.

use crate::{
    add, approve, ask, company, counts, stranger, submission,
    support::{AGENT, World, mode, restart_workers},
    tally, told, try_control,
};
use adit_core::{
    audit::Chain,
    authz::{Actor, Role},
    command::{Command, Reply},
    decide,
    event::{Entry, Event},
    fleet::{Ending, Operation, PowerMode, TargetResult},
    ids::{DeviceId, RequestId, UserId},
    notices::{self, Kind},
    rejection::Rejection,
    requests::{Action, Control, ItemState, PolicyChange, RequestState, Scenario},
    state::State,
    time::{Millis, Timestamp},
};

/// A restart that was approved while the account was frozen: it waits, and is carried out when that ends.
fn held() -> (World, RequestId, [UserId; 2]) {
    let mut w = World::new(1);
    let (operator, manager, owner) = (w.person(Role::OperationsManager), w.person(Role::SiteManager), w.owner);
    let id = w.ask(operator, restart_workers(), &[]);
    ask(&mut w, owner, Control::FreezeAccount {});
    approve(&mut w, manager, id);
    assert_eq!(w.state_of(id), RequestState::Approved);
    (w, id, [operator, manager])
}

fn unfreeze(w: &mut World) {
    let owner = w.owner;
    ask(w, owner, Control::UnfreezeAccount {});
}

fn begun(w: &World, id: RequestId) -> usize {
    told(w, |event| matches!(event, Event::RequestExecuting { request, .. } if *request == id))
}

#[test]
fn e057_who_asked_calls_it_off_and_nothing_has_happened() {
    let mut w = World::new(1);
    let (operator, manager) = (w.person(Role::OperationsManager), w.person(Role::SiteManager));
    let id = w.ask(operator, restart_workers(), &[]);
    let cancel = Command::Cancel { request: id, reason: Some("not today".into()) };
    let other = w.actor(manager);
    assert_eq!(w.run(&other, cancel.clone()).unwrap_err().code(), "not_an_approver", "nobody else's to call off");
    let actor = w.actor(operator);
    w.run(&actor, cancel).unwrap();
    assert_eq!((w.state_of(id), begun(&w, id)), (RequestState::Cancelled, 0));
    assert_eq!(w.request(id).state_reason.as_deref(), Some("not today"));
}

#[test]
fn e058_what_is_being_carried_out_is_not_called_off() {
    let mut w = World::new(1);
    let operator = w.person(Role::OperationsManager);
    let id = w.ask(operator, mode(PowerMode::Sleep), &[1]);
    let actor = w.actor(operator);
    let why = w.run(&actor, Command::Cancel { request: id, reason: None }).unwrap_err();
    assert_eq!((why.code(), why.status()), ("invalid_state", 409));
    assert_eq!(w.state.open_work(id).len(), 1);
}

#[test]
fn e059_an_amendment_ends_the_old_revision_and_its_votes_and_starts_the_time_anew() {
    let (mut w, [one, two, _]) = company::<3>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::FleetMode, 3));
    let old = w.ask(one, mode(PowerMode::Low), &[1, 2]);
    approve(&mut w, two, old);
    w.now = w.now.after(Millis::minutes(10));
    let with = submission(&mut w, mode(PowerMode::Low), &[1]);
    let actor = w.actor(one);
    let Reply::Request(new) = w.run(&actor, Command::Amend { request: old, with }).unwrap() else { unreachable!() };
    assert_eq!((w.state_of(old), w.request(old).superseded_by), (RequestState::Superseded, Some(new)));
    assert_eq!((w.request(new).payload.revision, tally(&w, new).approvals), (2, [one].into()));
    let end = |id| w.request(id).payload.not_after;
    assert_eq!(end(new).since(end(old)), Millis::minutes(10));
}

#[test]
fn e060_the_same_key_with_the_same_content_is_the_same_request() {
    let mut w = World::new(2);
    let (operator, other) = (w.person(Role::OperationsManager), w.person(Role::OperationsManager));
    let mut asked = submission(&mut w, mode(PowerMode::Sleep), &[1]);
    asked.idempotency_key = Some("k".into());
    let actor = w.actor(operator);
    let first = w.run(&actor, Command::Submit(asked.clone())).unwrap();
    let repeat = adit_core::command::Submission { id: w.new_id(), ..asked.clone() };
    let events = w.log.len();
    assert_eq!(w.run(&actor, Command::Submit(repeat)).unwrap(), first);
    assert_eq!(w.log.len(), events);
    let changed = adit_core::command::Submission { id: w.new_id(), targets: vec![DeviceId(2)], ..asked.clone() };
    let why = w.run(&actor, Command::Submit(changed)).unwrap_err();
    assert_eq!((why.code(), why.status()), ("duplicate_request", 409));
    let theirs = adit_core::command::Submission { id: w.new_id(), targets: vec![DeviceId(2)], ..asked };
    let actor = w.actor(other);
    assert_ne!(w.run(&actor, Command::Submit(theirs)).unwrap(), first, "keys are each person's own");
}

/// A request for which the same key is used whenever it is asked for.
fn keyed(w: &mut World, key: &str) -> RequestId {
    let mut asked = submission(w, Action::Device(Operation::Locate { on: true }), &[1]);
    asked.idempotency_key = Some(key.into());
    let owner = w.actor(w.owner);
    match w.run(&owner, Command::Submit(asked)).unwrap() {
        Reply::Request(id) => id,
        other => panic!("{other:?}"),
    }
}

#[test]
fn r18_a_key_counts_until_a_day_after_its_request_has_ended() {
    let mut w = World::new(2);
    let first = keyed(&mut w, "month-end");
    w.now = w.now.after(Millis::minutes(10));
    w.finish(first, Ending::Verified);
    let end = w.request(first).ended_at.unwrap();
    w.now = Timestamp(end.after(Millis::hours(24)).0 - 1);
    assert_eq!(keyed(&mut w, "month-end"), first);
    w.now = end.after(Millis::hours(24));
    let second = keyed(&mut w, "month-end");
    assert_ne!(second, first, "it is another month");
    assert_eq!(w.state_of(second), RequestState::Executing);
    w.now = w.now.after(Millis::minutes(1));
    assert_eq!(keyed(&mut w, "month-end"), second);
}

#[test]
fn r18_keys_that_are_free_again_are_forgotten() {
    let mut w = World::new(2);
    let kept = |w: &World| serde_json::to_value(&w.state).unwrap()["idempotency"].as_object().unwrap().len();
    for day in 0..40 {
        for hour in 0..3 {
            let id = keyed(&mut w, &format!("day {day} {hour}"));
            w.finish(id, Ending::Verified);
        }
        w.now = w.now.after(Millis::hours(24));
    }
    assert!(kept(&w) < 20, "{}", kept(&w));
}

#[test]
fn e061_nothing_begins_past_its_deadline_even_if_nobody_swept() {
    let (mut w, id, _) = held();
    w.now = w.request(id).execute_deadline.unwrap();
    unfreeze(&mut w);
    assert_eq!((w.state_of(id), begun(&w, id)), (RequestState::Expired, 0));
}

/// Two replicas at the same point of the log: each links what it decides to the record that it has seen last.
#[test]
fn e062_of_two_executors_that_begin_the_same_request_the_log_takes_one() {
    let mut w = World::new(1);
    let operator = w.person(Role::OperationsManager);
    let owner = w.owner;
    let change = PolicyChange { timelock_s: Some(60), ..PolicyChange::counts(Scenario::FleetMode, 1, 0) };
    ask(&mut w, owner, Control::SetPolicies { changes: vec![change] });
    let id = w.ask(operator, mode(PowerMode::Low), &[1]);
    w.now = w.now.after(Millis::minutes(1));
    let body = |entry: &Entry| serde_json::to_string(entry).unwrap();
    let mut log = Chain::default();
    for entry in &w.log {
        log.link(entry.at, body(entry)).unwrap();
    }
    let executor = || {
        let decided = decide(&w.state, &Actor::system(w.account), Command::Tick, w.now).unwrap();
        assert!(
            matches!(decided.entries[..], [Entry { event: Event::RequestExecuting { request, .. }, .. }] if request == id)
        );
        decided
    };
    let (winner, loser) = (executor(), executor());
    let [first, second] = [&winner, &loser].map(|decided| {
        let entry = &decided.entries[0];
        Chain::from(log.head()).link(entry.at, body(entry)).unwrap()
    });
    log.follow(&first).unwrap();
    assert!(log.follow(&second).is_err(), "somebody has claimed it since");
    let again = decide(&winner.state, &Actor::system(w.account), Command::Tick, w.now).unwrap();
    assert_eq!(again.entries, [], "who looks again finds it begun");
}

#[test]
fn e063_after_a_crash_the_same_orders_go_to_the_same_agent_until_their_time_is_up() {
    let mut w = World::new(3);
    let operator = w.person(Role::OperationsManager);
    let id = w.ask(operator, mode(PowerMode::Sleep), &[1, 2, 3]);
    let orders = |w: &World| -> Vec<_> {
        w.state.open_work(id).into_iter().map(|work| (work.command(), work.agent(), work.spend())).collect()
    };
    let before = orders(&w);
    let done = vec![(before[0].0, TargetResult::of(Ending::Verified, ""))];
    w.system(Command::ReportResults { agent: AGENT, results: done });
    w.state = serde_json::from_str::<State>(&serde_json::to_string(&w.state).unwrap()).unwrap().restored();
    assert_eq!(orders(&w), before[1..]);
    w.tick_after(Millis::minutes(15));
    assert_eq!(w.state_of(id), RequestState::Executing, "its agent may have begun in time and report late");
    w.tick_after(Millis::minutes(5));
    assert_eq!((w.state_of(id), orders(&w)), (RequestState::PartiallyExecuted, vec![]));
    assert_eq!(endings(&w, id), [Ending::Verified, Ending::Unknown, Ending::Unknown]);
}

#[test]
fn e064_a_reboot_without_an_answer_is_unknown_and_never_tried_again() {
    let mut w = World::new(1);
    let operator = w.person(Role::OperationsManager);
    let id = w.ask(operator, Action::Device(Operation::Reboot {}), &[1]);
    w.tick_after(Millis::minutes(15));
    w.tick_after(Millis::minutes(5));
    assert_eq!(endings(&w, id), [Ending::Unknown]);
    assert_eq!(w.state_of(id), RequestState::Failed);
    w.tick_after(Millis::hours(1));
    assert!(w.state.open_work(id).is_empty());
    assert_eq!(begun(&w, id), 1);
}

fn endings(w: &World, id: RequestId) -> Vec<Ending> {
    let ending = |item: &ItemState| match item {
        ItemState::Ended { result, .. } => result.ending,
        other => panic!("{other:?}"),
    };
    w.request(id).items.iter().map(ending).collect()
}

/// Objects other than devices are locked by whom they are about; wallets will be by the same lock.
#[test]
fn e067_one_open_request_about_one_object() {
    let (mut w, [administrator]) = company::<1>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AuthorizationAdd, 2));
    let [user, other] = [stranger(&mut w), stranger(&mut w)];
    let open = ask(&mut w, owner, add(user, Role::Viewer));
    let second = try_control(&mut w, owner, add(user, Role::Technician)).unwrap_err();
    assert_eq!(second, Rejection::PendingExists { request: open });
    ask(&mut w, owner, add(other, Role::Viewer));
    approve(&mut w, administrator, open);
    assert_eq!(w.state.roles_of(w.account, user, w.now), [Role::Viewer]);
}

#[test]
fn e072_what_was_changed_behind_its_approvers_backs_is_not_carried_out() {
    let (mut w, id, _) = held();
    let mut kept = serde_json::to_value(&w.state).unwrap();
    let requests = kept.get_mut("requests").unwrap().as_array_mut().unwrap();
    let stored = requests.iter_mut().find(|request| request["id"] == id.to_string()).unwrap();
    stored["payload"]["not_after"] = 4_000_000_000_000_i64.into();
    w.state = serde_json::from_value::<State>(kept).unwrap().restored();
    w.system(Command::Tick);
    assert_eq!(
        w.state_of(id),
        RequestState::Approved,
        "it is looked at when it is to be carried out, not while it waits"
    );
    unfreeze(&mut w);
    assert_eq!((w.state_of(id), begun(&w, id)), (RequestState::Invalidated, 0));
    assert_eq!(w.request(id).state_reason.as_deref(), Some("integrity"));
    let ended = w.log.iter().rfind(|entry| notices::is_alarm(&entry.event)).unwrap();
    let told = notices::of(&w.state, ended);
    let alarm = told.iter().find(|notice| notice.to == w.owner).unwrap();
    assert!(alarm.kind == Kind::Altered && alarm.always, "also whoever happened to set it off: {told:?}");
}

#[test]
fn e073_a_clock_that_goes_back_revives_nothing() {
    let (mut w, [one, two]) = company::<2>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::FleetMode, 2));
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    w.now = w.request(id).payload.not_after;
    w.ask(owner, Action::Device(Operation::Locate { on: true }), &[2]);
    w.now = Timestamp(0);
    assert_eq!(w.vote(two, id, adit_core::requests::Decision::Approve).unwrap_err().code(), "expired");
    w.system(Command::Tick);
    assert_eq!(w.state_of(id), RequestState::Expired);
    assert!(w.log.windows(2).all(|pair| pair[0].at <= pair[1].at));
}

#[test]
fn e074_what_was_asked_by_somebody_who_is_gone_is_over() {
    let mut w = World::new(1);
    let (operator, manager) = (w.person(Role::OperationsManager), w.person(Role::SiteManager));
    let id = w.ask(operator, restart_workers(), &[]);
    w.operator(Command::RemoveUser { user: operator });
    assert_eq!(w.state_of(id), RequestState::Invalidated);
    assert_eq!(w.request(id).state_reason.as_deref(), Some("initiator_unauthorized"));
    assert!(w.vote(manager, id, adit_core::requests::Decision::Approve).is_err());
}

#[test]
fn e065_who_may_no_longer_do_it_does_not_get_it_done_by_an_approval_of_before() {
    let (mut w, id, [operator, _]) = held();
    w.operator(Command::RemoveUser { user: operator });
    assert_eq!(w.state_of(id), RequestState::Approved);
    unfreeze(&mut w);
    assert_eq!((w.state_of(id), begun(&w, id)), (RequestState::Invalidated, 0));
    assert_eq!(w.request(id).state_reason.as_deref(), Some("initiator_unauthorized"));
}
