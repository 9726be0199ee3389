//! API keys: a program may never do more than the grant that its key hangs from, at that moment.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Actor, ApiAccess, Permission, Place, Principal, Role, Scope},
    command::{Command, Submission},
    fleet::{Ending, Operation, PowerMode},
    ids::{DeviceId, GrantId, KeyId, UserId},
    rejection::Rejection,
    requests::{Action, Control, Decision, GrantChange, NewGrant, NewKey, RequestState, Scenario},
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
    let (name, secret_hash) = ("Monitoring".into(), "ab".repeat(32));
    Action::Control(Control::IssueKey(NewKey { grant, name, access, secret_hash, expires_at }))
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
fn r11_a_program_that_may_not_go_alone_turns_power_off_with_one_persons_word() {
    let mut w = World::new(2);
    let (_, grant) = holder(&mut w, Role::OperationsManager, ApiAccess::ReadWrite);
    let (owner, end) = (w.owner, soon(&w));
    w.ask(owner, key(grant, ApiAccess::ReadWrite, end), &[]);
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

#[test]
fn e053_e079_a_key_starts_what_may_run_alone_waits_elsewhere_and_never_votes() {
    let mut w = World::new(2);
    let (_, grant) = holder(&mut w, Role::OperationsManager, ApiAccess::ReadWrite);
    let (owner, end) = (w.owner, soon(&w));
    w.ask(owner, key(grant, ApiAccess::ReadWrite, end), &[]);
    let actor = program(&w);
    let ask = |w: &mut World, action: Action, targets: Vec<DeviceId>| {
        let id = w.new_id();
        let submission = Submission { id, action, targets, estimates: Vec::new(), reason: None, idempotency_key: None };
        w.run(&actor, Command::Submit(submission)).unwrap();
        id
    };
    let alone = ask(&mut w, mode(PowerMode::Sleep), vec![DeviceId(1)]);
    assert_eq!(w.state_of(alone), RequestState::Executing);
    w.finish(alone, Ending::Verified);
    let waits = ask(&mut w, restart_workers(), Vec::new());
    assert_eq!(w.state_of(waits), RequestState::Pending);
    assert!(w.state.tally(w.request(waits), w.now).approvals.is_empty(), "its own word is none");
    let content_hash = w.request(waits).content_hash;
    let vote =
        Command::Vote { request: waits, decision: Decision::Approve, content_hash, comment: None, passkey: None };
    let refused = w.run(&program(&w), vote).unwrap_err();
    assert_eq!(refused.status(), 403, "{refused:?}");
}
