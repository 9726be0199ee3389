//! Random lives of a small company. After every step the promises of the request engine are checked against the state and
//! the log, by code that shares nothing with the engine's own.

mod support;

use adit_core::{
    authz::{Principal, Role},
    command::Command,
    event::{Entry, Event},
    fleet::{Ending, Operation, PowerMode, TargetResult},
    ids::{DeviceId, RequestId, UserId},
    requests::{Action, Control, Decision, ItemState, PolicyChange, Request, RequestState, Scenario, Target},
    state::State,
    time::Millis,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use support::{World, mode, restart_workers};

const MINERS: u32 = 6;

#[derive(Debug, Clone)]
enum Step {
    Submit { who: usize, what: u8, targets: Vec<u32> },
    Vote { who: usize, which: usize, approve: bool },
    Withdraw { who: usize, which: usize },
    Cancel { who: usize, which: usize },
    Finish { which: usize, well: bool },
    Policy { who: usize, scenario: usize, required: u32, other: u32 },
    Remove { who: usize, whom: usize },
    Hire { role: u8 },
    Deprovision { whom: usize },
    Freeze { on: bool },
    Wait { minutes: u64 },
    ClockBack { minutes: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..8_usize;
    let which = 0..64_usize;
    prop_oneof![
        6 => (who.clone(), 0..5_u8, prop::collection::vec(1..=MINERS, 1..5))
            .prop_map(|(who, what, targets)| Step::Submit { who, what, targets }),
        6 => (who.clone(), which.clone(), prop::bool::weighted(0.85))
            .prop_map(|(who, which, approve)| Step::Vote { who, which, approve }),
        1 => (who.clone(), which.clone()).prop_map(|(who, which)| Step::Withdraw { who, which }),
        1 => (who.clone(), which.clone()).prop_map(|(who, which)| Step::Cancel { who, which }),
        4 => (which, any::<bool>()).prop_map(|(which, well)| Step::Finish { which, well }),
        2 => (who.clone(), 0..Scenario::ALL.len(), 0..5_u32, 0..3_u32)
            .prop_map(|(who, scenario, required, other)| Step::Policy { who, scenario, required, other }),
        1 => (who.clone(), who.clone()).prop_map(|(who, whom)| Step::Remove { who, whom }),
        1 => (0..4_u8).prop_map(|role| Step::Hire { role }),
        1 => who.prop_map(|whom| Step::Deprovision { whom }),
        1 => any::<bool>().prop_map(|on| Step::Freeze { on }),
        1 => (0..90_u64).prop_map(|minutes| Step::Wait { minutes }),
        1 => (0..500_i64).prop_map(|minutes| Step::ClockBack { minutes }),
    ]
}

fn pick<T: Copy>(from: &[T], at: usize) -> Option<T> {
    (!from.is_empty()).then(|| from[at % from.len()])
}

/// Does the step as its actor would; refusals are part of life.
fn take(w: &mut World, people: &[UserId], step: &Step) {
    let requests: Vec<_> = w.state.requests().map(|request| request.id).collect();
    let person = |at: usize| pick(people, at).unwrap_or(w.owner);
    match step {
        Step::Submit { who, what, targets } => {
            let action = match what {
                0 => mode(PowerMode::Sleep),
                1 => mode(PowerMode::High),
                2 => Action::Device(Operation::Reboot {}),
                3 => Action::Device(Operation::Locate { on: true }),
                _ => restart_workers(),
            };
            let targets: &[u32] = if matches!(action, Action::Device(_)) { targets } else { &[] };
            submit(w, person(*who), action, targets);
        }
        Step::Vote { who, which, approve } => {
            if let Some(id) = pick(&requests, *which) {
                let decision = if *approve { Decision::Approve } else { Decision::Reject };
                let _ = w.vote(person(*who), id, decision);
            }
        }
        Step::Withdraw { who, which } => {
            if let Some(request) = pick(&requests, *which) {
                let actor = w.actor(person(*who));
                let _ = w.run(&actor, Command::WithdrawVote { request });
            }
        }
        Step::Cancel { who, which } => {
            if let Some(request) = pick(&requests, *which) {
                let actor = w.actor(person(*who));
                let _ = w.run(&actor, Command::Cancel { request, reason: None });
            }
        }
        Step::Finish { which, well } => {
            if let Some(id) = pick(&requests, *which) {
                w.finish(id, if *well { Ending::Verified } else { Ending::Unknown });
            }
        }
        Step::Policy { who, scenario, required, other } => {
            let change =
                PolicyChange { scenario: Scenario::ALL[*scenario], required: *required, required_other: *other };
            let _ = w.try_ask(person(*who), Action::Control(Control::SetPolicies { changes: vec![change] }), &[]);
        }
        Step::Remove { who, whom } => {
            let whom = person(*whom);
            let held = w.state.grants_of(w.account).find(|grant| grant.user == whom).map(|grant| grant.id);
            if let Some(grant) = held {
                let _ = w.try_ask(person(*who), Action::Control(Control::RemoveGrant { grant }), &[]);
            }
        }
        Step::Freeze { on } => {
            let control = if *on { Control::FreezeAccount {} } else { Control::UnfreezeAccount {} };
            let _ = w.try_ask(w.owner, Action::Control(control), &[]);
        }
        Step::Hire { .. } | Step::Deprovision { .. } => {}
        Step::Wait { minutes } => w.tick_after(Millis::minutes(*minutes)),
        Step::ClockBack { minutes } => w.now.0 -= minutes * 60_000,
    }
}

/// Submits, and holds the rule that was foretold against what became of it.
fn submit(w: &mut World, who: UserId, action: Action, targets: &[u32]) {
    let before = w.state.clone();
    let Ok(id) = w.try_ask(who, action.clone(), targets) else {
        return;
    };
    let request = w.request(id);
    let now = before.monotonic(w.now);
    let rule = before.rule_for(&w.actor(who), &action, &request.payload.targets, now);
    assert_eq!((rule.tally.required, rule.tally.required_other), (request.required, request.required_other));
    if !matches!(action, Action::Control(_)) {
        assert_eq!(rule.runs_at_once(), request.state != RequestState::Pending, "{rule:?}");
    }
}

/// What a request went through, by the log alone.
#[derive(Default)]
struct Seen {
    executions: u32,
    over: bool,
}

/// The promises, over the events of one step and the state after it.
fn check(before: &State, w: &World, new: &[Entry], seen: &mut BTreeMap<RequestId, Seen>, degraded: bool) {
    for entry in new {
        check_event(w, entry, seen);
    }
    let mut held: BTreeMap<(u32, u8), RequestId> = BTreeMap::new();
    for request in w.state.requests() {
        check_request(before, request);
        if !request.state.is_terminal() {
            for (group, device) in claims_of(request) {
                let other = held.insert((device, group), request.id);
                assert_eq!(other, None, "I7: two open requests hold dev-{device}");
            }
        }
    }
    check_moves(w);
    let owners = w.state.grants_of(w.account).filter(|grant| grant.role == Role::Owner).count();
    assert_eq!(owners, 1, "I8");
    assert_eq!(w.state.seq() as usize, w.log.len(), "I9: every change is an event");
    if !degraded {
        for scenario in Scenario::ALL {
            let policy = w.state.policy(w.account, *scenario);
            let available = w.state.available(w.account, *scenario, w.now);
            assert!((1..=available).contains(&policy.required), "I1: {}", scenario.name());
        }
    }
}

fn check_event(w: &World, entry: &Entry, seen: &mut BTreeMap<RequestId, Seen>) {
    let Some(id) = entry.event.request() else {
        return;
    };
    let life = seen.entry(id).or_default();
    assert!(!life.over, "I5: {:?} after the end", entry.event);
    let request = w.state.request(id).expect("an event's request exists");
    match &entry.event {
        Event::RequestExecuting { .. } => {
            life.executions += 1;
            assert_eq!(life.executions, 1, "I2");
            assert!(request.execute_deadline.is_some_and(|deadline| entry.at < deadline), "I12");
            assert_eq!(request.payload.content_hash(), request.content_hash, "I4");
            check_quorum_by_hand(request);
        }
        Event::VoteCast { voter, content_hash, .. } => {
            assert!(matches!(entry.actor, Principal::User(user) if user == *voter), "I11");
            assert_eq!(*content_hash, request.content_hash, "I4");
            assert!(entry.at < request.payload.not_after, "I12");
        }
        Event::RequestEnded { .. } => life.over = true,
        Event::ItemsEnded { .. } => assert_eq!(life.executions, 1, "I13"),
        _ => {}
    }
}

/// Counted from the votes themselves: distinct people, each an approver from the start.
fn check_quorum_by_hand(request: &Request) {
    let approvers: BTreeSet<_> = request.eligible.iter().map(|(user, _)| *user).collect();
    let mut yes: BTreeSet<_> = request
        .votes
        .iter()
        .filter(|vote| vote.decision == Decision::Approve && vote.withdrawn_at.is_none())
        .map(|vote| vote.voter)
        .collect();
    let initiator = match request.payload.initiator {
        Principal::User(user) => user,
        other => panic!("{other:?} started a request"),
    };
    if approvers.contains(&initiator) {
        yes.insert(initiator);
    }
    assert!(yes.is_subset(&approvers), "I3");
    assert!(yes.len() >= request.required as usize, "I3");
    yes.remove(&initiator);
    assert!(yes.len() >= request.required_other as usize, "I3");
}

fn check_request(before: &State, request: &Request) {
    let open = |item: &ItemState| matches!(item, ItemState::Waiting | ItemState::Open { .. });
    let counted = request.items.iter().filter(|item| open(item)).count();
    assert_eq!(request.open_items as usize, counted);
    if request.state == RequestState::Pending {
        assert!(request.items.iter().all(|item| !matches!(item, ItemState::Ended { .. })), "I13");
    }
    if let Some(earlier) = before.request(request.id) {
        let now: BTreeSet<_> = request.effective().collect();
        assert!(now.is_subset(&earlier.effective().collect()), "I6");
        assert_eq!(earlier.payload, request.payload, "what was asked never changes");
    }
}

/// Every step names its own event, and what one request lost another has.
fn check_moves(w: &World) {
    let (mut lost, mut took) = (BTreeSet::new(), BTreeSet::new());
    for request in w.state.requests() {
        for step in &request.steps {
            let entry = &w.log[step.seq as usize - 1];
            let by = match &entry.event {
                Event::TargetsDropped { by, .. } => Some(*by),
                _ => None,
            };
            assert!(entry.event.request() == Some(request.id) || by == Some(request.id), "I9: {step:?}");
            assert_eq!((entry.at, entry.actor), (step.at, step.by), "I9");
        }
        for (target, item) in request.payload.targets.iter().zip(&request.items) {
            if let (ItemState::Dropped { by }, Target::Device(device)) = (item, target) {
                lost.insert((request.id, *by, *device));
            }
        }
        took.extend(request.took.iter().flat_map(|t| t.devices.iter().map(|device| (t.from, request.id, *device))));
    }
    assert_eq!(lost, took);
}

fn claims_of(request: &Request) -> Vec<(u8, u32)> {
    let Action::Device(operation) = &request.payload.action else {
        return Vec::new();
    };
    let devices = request.effective().filter_map(|(_, target)| match target {
        Target::Device(device) => Some(device.0),
        Target::Agent(_) => None,
    });
    devices.flat_map(|device| operation.conflict_groups().iter().map(move |group| (*group as u8, device))).collect()
}

fn staff(w: &mut World) -> Vec<UserId> {
    let roles =
        [Role::Administrator, Role::Administrator, Role::SiteManager, Role::OperationsManager, Role::Technician];
    let mut people: Vec<_> = roles.into_iter().map(|role| w.person(role)).collect();
    people.push(w.owner);
    people
}

fn live(steps: &[Step]) -> World {
    let mut w = World::new(MINERS);
    let mut people = staff(&mut w);
    let mut seen = BTreeMap::new();
    let mut degraded = false;
    let mut told = 0;
    for step in steps {
        let before = w.state.clone();
        match step {
            Step::Hire { role } => {
                let role =
                    [Role::Administrator, Role::SiteManager, Role::OperationsManager, Role::Viewer][*role as usize];
                if let adit_core::command::Reply::User(user) = w.operator(Command::AddUser) {
                    people.push(user);
                    let owner = w.owner;
                    let scope = adit_core::authz::Scope::All;
                    let _ = w.try_ask(owner, Action::Control(Control::AddGrant { user, role, scope }), &[]);
                }
            }
            Step::Deprovision { whom } => {
                if let Some(user) = pick(&people, *whom).filter(|user| *user != w.owner) {
                    let actor = adit_core::authz::Actor::system(w.account);
                    if w.run(&actor, Command::RemoveUser { user }).is_ok() {
                        people.retain(|other| *other != user);
                    }
                }
            }
            other => take(&mut w, &people, other),
        }
        let new: Vec<_> = w.log[told..].to_vec();
        told = w.log.len();
        degraded |= new.iter().any(|entry| matches!(entry.event, Event::GovernanceDegraded { .. }));
        check(&before, &w, &new, &mut seen, degraded);
    }
    w
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, max_shrink_iters: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_promises_hold_after_every_step(steps in prop::collection::vec(step(), 1..120)) {
        live(&steps);
    }

    #[test]
    fn the_log_alone_gives_the_state_also_from_a_snapshot_in_the_middle(
        steps in prop::collection::vec(step(), 1..60),
        cut in 0.0..1.0_f64,
    ) {
        let w = live(&steps);
        let fold = |mut state: State, entries: &[Entry]| {
            for entry in entries {
                let text = serde_json::to_string(entry).unwrap();
                state.apply(&serde_json::from_str(&text).unwrap());
            }
            state
        };
        prop_assert_eq!(&fold(State::default(), &w.log), &w.state);
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
        let cut = (w.log.len() as f64 * cut) as usize;
        let middle = fold(State::default(), &w.log[..cut]);
        let snapshot: State = serde_json::from_str(&serde_json::to_string(&middle).unwrap()).unwrap();
        prop_assert_eq!(&fold(snapshot.restored(), &w.log[cut..]), &w.state);
    }
}

/// Two approvers press at the same moment; whatever order the log gives them, it runs once.
#[test]
fn e50_ten_thousand_pairs_of_votes_lose_nothing_and_run_once() {
    race(|w, [one, two], id| {
        w.vote(one, id, Decision::Approve).unwrap();
        let late = w.vote(two, id, Decision::Approve).unwrap_err();
        assert_eq!(late.code(), "invalid_state");
        assert_eq!(w.state_of(id), RequestState::Executing);
    });
}

/// Approve against reject: one of them, never both.
#[test]
fn approve_against_reject_has_one_outcome() {
    let mut turn = false;
    race(|w, [one, two], id| {
        turn = !turn;
        let (first, second) =
            if turn { (Decision::Approve, Decision::Reject) } else { (Decision::Reject, Decision::Approve) };
        w.vote(one, id, first).unwrap();
        assert_eq!(w.vote(two, id, second).unwrap_err().code(), "invalid_state");
        let expected = if turn { RequestState::Executing } else { RequestState::Rejected };
        assert_eq!(w.state_of(id), expected);
    });
}

fn race(mut round: impl FnMut(&mut World, [UserId; 2], RequestId)) {
    let mut w = World::new(1);
    let operator = w.person(Role::OperationsManager);
    let approvers = [w.person(Role::SiteManager), w.person(Role::Administrator)];
    let actor = adit_core::authz::Actor::system(w.account);
    for _ in 0..10_000 {
        w.now = w.now.after(Millis(1));
        let id = w.ask(operator, restart_workers(), &[]);
        round(&mut w, approvers, id);
        for item in w.state.open_work(id) {
            let results = vec![(item.command(), TargetResult::of(Ending::Verified, ""))];
            w.run(&actor, Command::ReportResults { agent: item.agent(), results }).unwrap();
        }
        w.log.clear();
    }
    assert!(w.state.open_requests().next().is_none());
    assert!(w.state.holders_of(DeviceId(1)).is_empty());
}
