//! Voting: whose word counts, once, on what, and until when.

use crate::{
    approve, ask, company, counts, refused, submission,
    support::{AGENT, World, miner, mode, restart_workers},
    tally, told,
};
use adit_core::{
    authz::{Actor, ApiAccess, Principal, Role, Scope},
    command::Command,
    event::{Entry, Event},
    fleet::{OpKind, Operation, Pool, PowerMode},
    ids::{KeyId, ScanTaskId, UserId},
    requests::{Action, Control, Decision, GrantChange, RequestState, Scenario},
    time::{Millis, Timestamp},
};

/// Mode changes need this many of the owner and `N` Administrators.
fn with_count<const N: usize>(count: u32) -> (World, [UserId; N]) {
    let (mut w, people) = company::<N>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::FleetMode, count));
    (w, people)
}

#[test]
fn e038_an_administrator_who_asks_is_one_of_two() {
    let (mut w, [one, two]) = with_count(2);
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    assert_eq!(w.state_of(id), RequestState::Pending);
    approve(&mut w, two, id);
    assert_eq!(w.state_of(id), RequestState::Executing);
}

#[test]
fn e039_who_asks_without_being_an_approver_waits_for_one() {
    let mut w = World::new(0);
    let found = adit_core::fleet::FoundDevice { supports: vec![OpKind::SetPools], ..miner(1) };
    w.system(Command::ReportDevices {
        agent: AGENT,
        scan_task: ScanTaskId(1),
        devices: vec![found],
        heard: Default::default(),
    });
    let (engineer, administrator) = (w.person(Role::Engineer), w.person(Role::Administrator));
    let pools = vec![Pool { url: "stratum+tcp://pool.example:3333".into(), user: "norte".into(), password: None }];
    let id = w.ask(engineer, Action::Device(Operation::SetPools { pools }), &[1]);
    assert_eq!((w.state_of(id), tally(&w, id).required), (RequestState::Pending, 1));
    assert_eq!(refused(&mut w, engineer, id, Decision::Approve).code(), "not_an_approver");
    approve(&mut w, administrator, id);
    assert_eq!(w.state_of(id), RequestState::Executing);
}

#[test]
fn e040_the_other_administrators_have_it_before_them() {
    let (mut w, [one, two, three]) = with_count(2);
    let viewer = w.person(Role::Viewer);
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    assert_eq!(tally(&w, id).undecided, [w.owner, two, three].into());
    assert!(w.state.open_requests().any(|request| request.id == id));
    assert_eq!(refused(&mut w, viewer, id, Decision::Approve).code(), "not_an_approver");
}

#[test]
fn e041_an_administrator_sees_what_is_asked_and_approves_or_rejects_it() {
    for decision in [Decision::Approve, Decision::Reject] {
        let (mut w, [one, two]) = with_count(2);
        let id = w.ask(one, mode(PowerMode::Low), &[1, 2]);
        let request = w.request(id);
        assert_eq!(request.payload.initiator, Principal::User(one));
        assert_eq!((&request.payload.action, request.payload.targets.len()), (&mode(PowerMode::Low), 2));
        assert_eq!(request.payload.content_hash(), request.content_hash, "what is seen is what is voted on");
        w.vote(two, id, decision).unwrap();
        let end = if decision == Decision::Approve { RequestState::Executing } else { RequestState::Rejected };
        assert_eq!(w.state_of(id), end);
    }
}

#[test]
fn e042_who_counts_by_asking_does_not_count_again_by_approving() {
    let (mut w, [one, _]) = with_count(2);
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    let events = w.log.len();
    approve(&mut w, one, id);
    assert_eq!((tally(&w, id).approvals, w.log.len()), ([one].into(), events));
    assert_eq!(w.state_of(id), RequestState::Pending);
}

#[test]
fn e043_two_tabs_are_one_vote() {
    let (mut w, [one, two]) = with_count(3);
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    approve(&mut w, two, id);
    approve(&mut w, two, id);
    assert_eq!((w.request(id).votes.len(), tally(&w, id).approvals.len()), (1, 2));
    assert_eq!(w.state_of(id), RequestState::Pending);
}

#[test]
fn e044_who_approved_may_still_reject() {
    let (mut w, [one, two]) = with_count(3);
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    approve(&mut w, two, id);
    w.vote(two, id, Decision::Reject).unwrap();
    assert_eq!(w.state_of(id), RequestState::Rejected);
    let live: Vec<_> = w.request(id).live_votes().map(|vote| vote.decision).collect();
    assert_eq!(live, [Decision::Reject]);
}

#[test]
fn e045_who_takes_an_approval_back_is_not_counted_and_may_vote_again() {
    let (mut w, [one, two]) = with_count(3);
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    approve(&mut w, two, id);
    let actor = w.actor(two);
    w.run(&actor, Command::WithdrawVote { request: id }).unwrap();
    assert_eq!((tally(&w, id).approvals, tally(&w, id).undecided.contains(&two)), ([one].into(), true));
    assert_eq!(w.run(&actor, Command::WithdrawVote { request: id }).unwrap_err().status(), 404, "there is none now");
    approve(&mut w, two, id);
    assert_eq!(tally(&w, id).approvals, [one, two].into());
}

#[test]
fn e046_one_no_ends_it_whatever_the_others_said() {
    let (mut w, [one, two, three, _]) = with_count(3);
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    approve(&mut w, two, id);
    w.vote(three, id, Decision::Reject).unwrap();
    assert_eq!(w.state_of(id), RequestState::Rejected);
    assert_eq!(w.request(id).state_reason.as_deref(), Some("not now"));
    assert!(w.state.holders_of(adit_core::ids::DeviceId(1)).is_empty());
}

#[test]
fn e047_no_needs_a_reason() {
    let (mut w, [one, two]) = with_count(2);
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    let content_hash = w.request(id).content_hash;
    let actor = w.actor(two);
    for comment in [None, Some(String::new()), Some("  ".into()), Some("x".repeat(1_001))] {
        let silent = Command::Vote { request: id, decision: Decision::Reject, content_hash, comment, passkey: None };
        let why = w.run(&actor, silent).unwrap_err();
        assert_eq!((why.code(), why.status()), ("reason_required", 422));
    }
    assert_eq!(w.state_of(id), RequestState::Pending);
}

#[test]
fn e048_a_vote_on_what_was_there_before_an_amendment_is_not_counted() {
    let (mut w, [one, two]) = with_count(2);
    let old = w.ask(one, mode(PowerMode::Low), &[1]);
    let loaded = w.request(old).content_hash;
    let with = submission(&mut w, mode(PowerMode::High), &[1]);
    let new = with.id;
    let actor = w.actor(one);
    w.run(&actor, Command::Amend { request: old, with }).unwrap();
    let actor = w.actor(two);
    for request in [old, new] {
        let vote =
            Command::Vote { request, decision: Decision::Approve, content_hash: loaded, comment: None, passkey: None };
        let why = w.run(&actor, vote).unwrap_err();
        assert_eq!((why.code(), why.status()), ("content_changed", 409));
    }
    assert_eq!((w.state_of(new), tally(&w, new).approvals), (RequestState::Pending, [one].into()));
}

#[test]
fn e049_nothing_is_voted_on_that_is_over() {
    let (mut w, [one, two]) = with_count(2);
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    w.vote(two, id, Decision::Reject).unwrap();
    for (user, decision) in [(two, Decision::Approve), (w.owner, Decision::Approve), (w.owner, Decision::Reject)] {
        let why = refused(&mut w, user, id, decision);
        assert_eq!((why.code(), why.status()), ("invalid_state", 409));
    }
}

#[test]
fn e050_two_last_approvals_carry_it_out_once() {
    let (mut w, [one, two, three]) = with_count(2);
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    approve(&mut w, two, id);
    assert_eq!(refused(&mut w, three, id, Decision::Approve).code(), "invalid_state");
    w.system(Command::Tick);
    assert_eq!(told(&w, |event| matches!(event, Event::RequestApproved { request, .. } if *request == id)), 1);
    assert_eq!(told(&w, |event| matches!(event, Event::RequestExecuting { request, .. } if *request == id)), 1);
}

#[test]
fn e051_a_vote_at_the_deadline_is_too_late() {
    let (mut w, [one, two]) = with_count(2);
    let ids = [1, 2].map(|device| w.ask(one, mode(PowerMode::Low), &[device]));
    w.now = w.request(ids[0]).payload.not_after;
    w.now.0 -= 1;
    approve(&mut w, two, ids[0]);
    assert_eq!(w.state_of(ids[0]), RequestState::Executing, "a moment before it is not");
    w.now.0 += 1;
    let why = refused(&mut w, two, ids[1], Decision::Approve);
    assert_eq!((why.code(), why.status()), ("expired", 410));
    w.system(Command::Tick);
    assert_eq!(w.state_of(ids[1]), RequestState::Expired);
}

/// Before its end is written down, and after it: by whoever may vote, by a program, and by whoever asked.
#[test]
fn e051_whatever_is_decided_after_the_deadline_is_too_late() {
    let (mut w, [one, two]) = with_count(2);
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    w.now = w.request(id).payload.not_after;
    let content_hash = w.request(id).content_hash;
    let program = Actor { principal: Principal::ApiKey(KeyId(1)), ..w.actor(two) };
    let cast =
        |decision| Command::Vote { request: id, decision, content_hash, comment: Some("no".into()), passkey: None };
    let with = submission(&mut w, mode(PowerMode::High), &[1]);
    for written_down in [false, true] {
        let (one, two) = (w.actor(one), w.actor(two));
        for (actor, command) in [
            (two, cast(Decision::Approve)),
            (two, cast(Decision::Reject)),
            (program, cast(Decision::Approve)),
            (one, Command::WithdrawVote { request: id }),
            (one, Command::Cancel { request: id, reason: None }),
            (one, Command::Amend { request: id, with: with.clone() }),
        ] {
            let why = w.run(&actor, command.clone()).unwrap_err();
            assert_eq!((why.code(), why.status()), ("expired", 410), "{command:?}, {written_down}");
        }
        w.system(Command::Tick);
        assert_eq!(w.state_of(id), RequestState::Expired);
    }
}

#[test]
fn e052_an_old_sign_in_is_not_enough_to_approve_and_is_to_reject() {
    let mut w = World::new(1);
    let (operator, manager) = (w.person(Role::OperationsManager), w.person(Role::SiteManager));
    let id = w.ask(operator, restart_workers(), &[]);
    let content_hash = w.request(id).content_hash;
    let actor = w.actor(manager);
    let vote =
        |decision| Command::Vote { request: id, decision, content_hash, comment: Some("no".into()), passkey: None };
    w.now = w.now.after(Millis::minutes(5));
    let why = w.run(&actor, vote(Decision::Approve)).unwrap_err();
    assert_eq!((why.code(), why.status()), ("step_up_required", 401));
    w.run(&actor, vote(Decision::Reject)).unwrap();
    assert_eq!(w.state_of(id), RequestState::Rejected);
}

#[test]
fn e053_programs_never_vote() {
    let (mut w, [one, _]) = with_count(2);
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    let content_hash = w.request(id).content_hash;
    for principal in [Principal::ApiKey(KeyId(1)), Principal::System, Principal::Operator] {
        let program = Actor { account: w.account, principal, authenticated_at: w.now };
        for decision in [Decision::Approve, Decision::Reject] {
            let vote = Command::Vote { request: id, decision, content_hash, comment: Some("no".into()), passkey: None };
            assert_eq!(w.run(&program, vote).unwrap_err().status(), 403, "{principal:?}");
        }
    }
    assert_eq!(w.state_of(id), RequestState::Pending);
}

#[test]
fn e054_what_can_no_longer_get_enough_is_over_and_says_why() {
    let (mut w, [one, two]) = with_count(3);
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    w.operator(Command::RemoveUser { user: two });
    assert_eq!(w.state_of(id), RequestState::Invalidated);
    assert_eq!(w.request(id).state_reason.as_deref(), Some("unsatisfiable"));
}

/// Makes somebody's grant end at this moment, or never.
fn until(w: &mut World, user: UserId, role: Role, expires_at: Option<Timestamp>) {
    let grant = w.state.grants_of(w.account).find(|grant| grant.user == user).unwrap().id;
    let (role, scope, api_access) = (role.into(), Scope::All, ApiAccess::None);
    let change = GrantChange { grant, role, scope, expires_at, remark: None, api_access };
    let owner = w.owner;
    ask(w, owner, Control::ChangeGrant(change));
}

#[test]
fn e054_a_grant_that_ends_by_itself_ends_what_needed_its_holder() {
    let (mut w, [one, two]) = company::<2>();
    let end = w.now.after(Millis::minutes(10));
    until(&mut w, two, Role::Administrator, Some(end));
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::FleetMode, 2));
    ask(&mut w, owner, counts(Scenario::FleetLed, 2));
    let asked_by_two = w.ask(two, mode(PowerMode::Low), &[1]);
    let locate = Action::Device(Operation::Locate { on: true });
    let for_anybody = w.ask(one, locate, &[2]);
    w.tick_after(Millis(Millis::minutes(10).0 - 1));
    assert_eq!(w.state_of(asked_by_two), RequestState::Pending);
    w.tick_after(Millis(1));
    assert_eq!(w.state_of(asked_by_two), RequestState::Invalidated);
    assert_eq!(w.request(asked_by_two).state_reason.as_deref(), Some("initiator_unauthorized"));
    assert_eq!(w.state_of(for_anybody), RequestState::Pending, "the owner is left to approve");
    let told = w.log.len();
    w.tick_after(Millis::minutes(1));
    assert_eq!(w.log.len(), told, "once");
}

#[test]
fn e054_whatever_comes_first_after_the_end_of_a_grant_ends_what_needed_it() {
    let (mut w, [one]) = company::<1>();
    let end = w.now.after(Millis::minutes(10));
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::FleetMode, 2));
    let id = w.ask(owner, mode(PowerMode::Low), &[1]);
    let grant = w.state.grants_of(w.account).find(|grant| grant.user == one).unwrap().clone();
    // Nobody may ask for this while a count needs them; the log of an older server may have it.
    let event = Event::GrantChanged {
        grant: grant.id,
        account: w.account,
        expires_at: Some(end),
        remark: None,
        api_access: ApiAccess::None,
    };
    w.state.apply(&Entry { at: w.now, actor: Principal::System, event });
    w.now = end.after(Millis::minutes(1));
    w.ask(owner, Action::Device(Operation::Locate { on: true }), &[2]);
    assert_eq!(w.state_of(id), RequestState::Invalidated);
    assert_eq!(w.request(id).state_reason.as_deref(), Some("unsatisfiable"));
    let over =
        w.log.iter().rev().find(|entry| matches!(&entry.event, Event::RequestEnded { request, .. } if *request == id));
    assert_eq!(over.unwrap().actor, Principal::System, "nobody did it who happened to come by");
}
