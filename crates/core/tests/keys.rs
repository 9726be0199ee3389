//! API keys: a program may never do more than the grant that its key hangs from, at that moment.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Actor, ApiAccess, Permission, Place, Principal, Role, Scope},
    command::{Command, Submission},
    fleet::{Ending, Operation, PowerMode},
    ids::{DeviceId, GrantId, KeyId, RequestId, UserId},
    rejection::Rejection,
    requests::{Action, Control, Decision, GrantChange, NewGrant, NewKey, PolicyChange, RequestState, Scenario},
    state::State,
    time::{Millis, Timestamp},
};
use support::{World, mode, restart_workers};

const KEY: KeyId = KeyId(1);

/// A person with a role and API access, and their grant.
fn holder(w: &mut World, role: Role, api_access: ApiAccess) -> (UserId, GrantId) {
    let user = w.person(Role::Viewer);
    let owner = w.owner;
    let new = NewGrant { api_access, ..NewGrant::new(user, role, Scope::All) };
    w.ask(owner, Action::Control(Control::AddGrant(new)), &[]);
    let grant = w.state.grants_of(w.account).find(|grant| grant.user == user && grant.api_access == api_access);
    (user, grant.unwrap().id)
}

fn key(grant: GrantId, access: ApiAccess, expires_at: Option<Timestamp>) -> Action {
    let new = NewKey::new(grant, "Monitoring", access, "ab".repeat(32));
    Action::Control(Control::IssueKey(NewKey { expires_at, ..new }))
}

fn program(w: &World) -> Actor {
    Actor { account: w.account, principal: Principal::ApiKey(KEY), authenticated_at: w.now }
}

fn may(w: &World, permission: Permission) -> bool {
    w.state.rights_of(&program(w)).allow(permission, &Place::ACCOUNT, w.now)
}

fn soon(w: &World) -> Option<Timestamp> {
    Some(w.now.after(Millis::days(90)))
}

#[test]
fn e078_a_key_that_reads_looks_and_does_nothing_else() {
    let mut w = World::new(2);
    let (_, grant) = holder(&mut w, Role::OperationsManager, ApiAccess::ReadWrite);
    let owner = w.owner;
    w.ask(owner, key(grant, ApiAccess::ReadOnly, None), &[]);
    assert!(may(&w, Permission::DeviceList));
    assert!(!may(&w, Permission::DevicePowerMode) && !may(&w, Permission::DeviceLocate));
    for action in [mode(PowerMode::Low), Action::Device(Operation::Locate { on: true }), restart_workers()] {
        let targets = if matches!(action, Action::Device(_)) { vec![DeviceId(1)] } else { Vec::new() };
        let (id, estimates) = (w.new_id(), Vec::new());
        let asked = Submission { id, action, targets, estimates, reason: None, idempotency_key: None };
        let why = w.run(&program(&w), Command::Submit(asked)).unwrap_err();
        assert_eq!((why.code(), why.status()), ("key_scope", 403));
        assert!(why.to_string().contains("read-only"), "of the key, and not of roles: {why}");
    }
}

#[test]
fn e081_a_key_ends_with_its_grant_its_holder_its_time_and_its_revocation() {
    let mut fresh = World::new(1);
    let (user, grant) = holder(&mut fresh, Role::OperationsManager, ApiAccess::ReadWrite);
    let (owner, end) = (fresh.owner, soon(&fresh));
    fresh.ask(owner, key(grant, ApiAccess::ReadWrite, end), &[]);
    assert!(may(&fresh, Permission::DevicePowerMode));
    let narrowed = GrantChange {
        grant,
        role: Role::OperationsManager.into(),
        scope: Scope::All,
        expires_at: None,
        remark: None,
        api_access: ApiAccess::ReadOnly,
    };
    for ends in [
        Control::RemoveGrant { grant },
        Control::SuspendUser { user },
        Control::RevokeKey { key: KEY },
        Control::ChangeGrant(narrowed),
    ] {
        let mut w = World::new(1);
        let (_, of_this) = holder(&mut w, Role::OperationsManager, ApiAccess::ReadWrite);
        assert_eq!(of_this, grant);
        w.ask(owner, key(grant, ApiAccess::ReadWrite, end), &[]);
        w.ask(owner, Action::Control(ends.clone()), &[]);
        assert!(!may(&w, Permission::DevicePowerMode), "{ends:?}");
    }
    fresh.tick_after(Millis::days(91));
    assert!(!may(&fresh, Permission::DeviceList));
}

#[test]
fn e081_what_a_program_asked_for_ends_with_its_key_at_whatever_comes_next() {
    for from_snapshot in [false, true] {
        let mut w = World::new(3);
        let (_, grant) = holder(&mut w, Role::OperationsManager, ApiAccess::ReadWrite);
        let (owner, end) = (w.owner, w.now.after(Millis::minutes(10)));
        w.ask(owner, key(grant, ApiAccess::ReadWrite, Some(end)), &[]);
        w.person(Role::Administrator);
        w.set_policy(Scenario::FleetMode, 1, 1);
        w.person(Role::OperationsManager);
        let program = program(&w);
        let id = ask_as(&mut w, &program, mode(PowerMode::Low), &[1]);
        if from_snapshot {
            let text = serde_json::to_string(&w.state).unwrap();
            w.state = serde_json::from_str::<State>(&text).unwrap().restored();
        }
        w.now = Timestamp(end.0 - 1);
        w.ask(owner, Action::Device(Operation::Locate { on: true }), &[2]);
        assert_eq!(w.state_of(id), RequestState::Pending);
        w.now = end;
        w.ask(owner, Action::Device(Operation::Locate { on: true }), &[3]);
        assert_eq!(w.state_of(id), RequestState::Invalidated);
        assert_eq!(w.request(id).state_reason.as_deref(), Some("initiator_unauthorized"));
    }
}

#[test]
fn r11_a_program_that_may_not_go_alone_turns_power_off_with_one_persons_word() {
    let mut w = World::new(2);
    let (_, grant) = holder(&mut w, Role::OperationsManager, ApiAccess::ReadWrite);
    let (owner, end) = (w.owner, soon(&w));
    w.ask(owner, key(grant, ApiAccess::ReadWrite, end), &[]);
    w.person(Role::Administrator);
    w.person(Role::Administrator);
    w.set_policy(Scenario::FleetPower, 3, 1);
    let submission = Submission {
        id: w.new_id(),
        action: Action::Device(Operation::Pause {}),
        targets: vec![DeviceId(1)],
        estimates: Vec::new(),
        reason: None,
        idempotency_key: None,
    };
    let id = submission.id;
    w.run(&program(&w), Command::Submit(submission)).unwrap();
    assert_eq!((w.state_of(id), w.request(id).required), (RequestState::Pending, 1));
    w.vote(owner, id, Decision::Approve).unwrap();
    assert_eq!(w.state_of(id), RequestState::Executing);
}

#[test]
fn e080_whoever_was_given_keys_with_a_grant_asks_for_one_and_an_administrator_lets_them() {
    let mut w = World::new(1);
    let (user, grant) = holder(&mut w, Role::OperationsManager, ApiAccess::ReadWrite);
    let (owner, end) = (w.owner, soon(&w));
    let viewer = w.state.grants_of(w.account).find(|held| held.user == user && held.id != grant).unwrap().id;
    for (who, of) in [(user, viewer), (w.person(Role::OperationsManager), grant), (w.person(Role::Viewer), grant)] {
        assert_eq!(w.try_ask(who, key(of, ApiAccess::ReadOnly, end), &[]).unwrap_err().status(), 403, "{who} {of}");
    }
    let id = w.ask(user, key(grant, ApiAccess::ReadWrite, end), &[]);
    assert_eq!(w.state_of(id), RequestState::Pending);
    assert!(!may(&w, Permission::DevicePowerMode));
    w.vote(owner, id, Decision::Approve).unwrap();
    assert_eq!(w.state_of(id), RequestState::Executed);
    assert!(may(&w, Permission::DevicePowerMode) && !may(&w, Permission::UserManage), "as far as the grant goes");
    w.ask(owner, Action::Control(Control::SuspendUser { user }), &[]);
    assert!(w.try_ask(user, key(grant, ApiAccess::ReadOnly, end), &[]).is_err());
}

#[test]
fn a_key_needs_a_grant_that_goes_as_far_and_an_end_if_it_writes() {
    let mut w = World::new(1);
    let (_, reads) = holder(&mut w, Role::OperationsManager, ApiAccess::ReadOnly);
    let (_, writes) = holder(&mut w, Role::OperationsManager, ApiAccess::ReadWrite);
    let (owner, end) = (w.owner, soon(&w));
    let far = Some(w.now.after(Millis::days(366)));
    for (grant, access, expires_at) in [
        (reads, ApiAccess::ReadWrite, end),
        (writes, ApiAccess::ReadWrite, None),
        (writes, ApiAccess::ReadWrite, far),
        (writes, ApiAccess::None, end),
        (writes, ApiAccess::ReadOnly, Some(w.now)),
        (GrantId(999), ApiAccess::ReadOnly, end),
    ] {
        let refused = w.try_ask(owner, key(grant, access, expires_at), &[]).unwrap_err();
        assert!(matches!(refused, Rejection::Invalid { .. } | Rejection::NotFound { .. }), "{refused:?}");
    }
    let manager = w.person(Role::OperationsManager);
    assert!(
        w.try_ask(manager, key(reads, ApiAccess::ReadOnly, end), &[]).is_err(),
        "only who manages keys issues them for others"
    );
}

/// What the program asks for.
fn ask_as(w: &mut World, actor: &Actor, action: Action, targets: &[u32]) -> RequestId {
    let (id, targets) = (w.new_id(), targets.iter().copied().map(DeviceId).collect());
    let submission = Submission { id, action, targets, estimates: Vec::new(), reason: None, idempotency_key: None };
    w.run(actor, Command::Submit(submission)).unwrap();
    id
}

/// A Site Manager whose program has a key that writes, and what it acts as. The owner has had its token.
fn with_program(w: &mut World) -> (UserId, Actor) {
    let (user, grant) = holder(w, Role::SiteManager, ApiAccess::ReadWrite);
    let (owner, end) = (w.owner, soon(w));
    w.ask(owner, key(grant, ApiAccess::ReadWrite, end), &[]);
    (user, program(w))
}

#[test]
fn e102_whoever_may_have_a_key_is_nobody_else_for_what_its_program_asks() {
    let mut w = World::new(1);
    let (manager, program) = with_program(&mut w);
    let (owner, administrator) = (w.owner, w.person(Role::Administrator));
    let id = ask_as(&mut w, &program, restart_workers(), &[]);
    for own in [manager, owner] {
        w.vote(own, id, Decision::Approve).unwrap();
        let tally = w.state.tally(w.request(id), w.now);
        assert_eq!((w.state_of(id), tally.by_others), (RequestState::Pending, 0), "{own}");
    }
    w.vote(administrator, id, Decision::Approve).unwrap();
    assert_eq!(w.state_of(id), RequestState::Executing);
    let holders = &w.state.key(KEY).unwrap().holders;
    assert_eq!(*holders, [manager, owner], "whose grant it is, and who asked for it");
}

#[test]
fn a_program_asks_for_nothing_that_only_its_own_people_could_approve() {
    let mut w = World::new(1);
    let (_, program) = with_program(&mut w);
    let id = w.new_id();
    let asked = Submission {
        id,
        action: restart_workers(),
        targets: Vec::new(),
        estimates: Vec::new(),
        reason: None,
        idempotency_key: None,
    };
    let why = w.run(&program, Command::Submit(asked)).unwrap_err();
    assert_eq!(why.code(), "unsatisfiable");
}

#[test]
fn where_an_initiator_does_not_count_nor_do_the_people_of_a_program() {
    let mut w = World::new(1);
    let (manager, program) = with_program(&mut w);
    let (owner, administrator) = (w.owner, w.person(Role::Administrator));
    let counts = PolicyChange::counts(Scenario::FleetRestartWorkers, 1, 0);
    let changes = vec![PolicyChange { initiator_counts: Some(false), ..counts }];
    let changed = w.ask(owner, Action::Control(Control::SetPolicies { changes }), &[]);
    if w.state_of(changed) == RequestState::Pending {
        w.vote(administrator, changed, Decision::Approve).unwrap();
    }
    let id = ask_as(&mut w, &program, restart_workers(), &[]);
    for own in [manager, owner] {
        for decision in [Decision::Approve, Decision::Reject] {
            assert_eq!(w.vote(own, id, decision).unwrap_err().code(), "not_an_approver", "{own}");
        }
    }
    w.vote(administrator, id, Decision::Approve).unwrap();
    assert_eq!(w.state_of(id), RequestState::Executing);
}

#[test]
fn e057_what_a_program_asked_for_it_or_whoever_has_its_key_calls_off() {
    let mut w = World::new(1);
    let (manager, program) = with_program(&mut w);
    let (owner, technician) = (w.owner, w.person(Role::Technician));
    w.person(Role::Administrator);
    let cancel = |request| Command::Cancel { request, reason: None };
    for actor in [program, w.actor(manager), w.actor(owner)] {
        let id = ask_as(&mut w, &program, restart_workers(), &[]);
        let other = w.actor(technician);
        assert_eq!(w.run(&other, cancel(id)).unwrap_err().status(), 403);
        w.run(&actor, cancel(id)).unwrap();
        assert_eq!(w.state_of(id), RequestState::Cancelled, "{actor:?}");
    }
    let id = w.ask(manager, restart_workers(), &[]);
    assert_eq!(w.run(&program, cancel(id)).unwrap_err().status(), 403, "only its own");
}

#[test]
fn e053_e079_a_key_starts_what_may_run_alone_waits_elsewhere_and_never_votes() {
    let mut w = World::new(2);
    let (_, grant) = holder(&mut w, Role::OperationsManager, ApiAccess::ReadWrite);
    let (owner, end) = (w.owner, soon(&w));
    w.ask(owner, key(grant, ApiAccess::ReadWrite, end), &[]);
    let actor = program(&w);
    w.person(Role::Administrator);
    let alone = ask_as(&mut w, &actor, mode(PowerMode::Sleep), &[1]);
    assert_eq!(w.state_of(alone), RequestState::Executing);
    w.finish(alone, Ending::Verified);
    let waits = ask_as(&mut w, &actor, restart_workers(), &[]);
    assert_eq!(w.state_of(waits), RequestState::Pending);
    assert!(w.state.tally(w.request(waits), w.now).approvals.is_empty(), "its own word is none");
    let content_hash = w.request(waits).content_hash;
    let vote =
        Command::Vote { request: waits, decision: Decision::Approve, content_hash, comment: None, passkey: None };
    let refused = w.run(&program(&w), vote).unwrap_err();
    assert_eq!(refused.status(), 403, "{refused:?}");
}
