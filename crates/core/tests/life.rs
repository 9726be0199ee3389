//! How requests live and end: single and double authorization, votes, deadlines, execution.

mod support;

use adit_core::{
    authz::{Actor, Principal, Role, Scope},
    command::Command,
    fleet::{Ending, Operation, PowerMode},
    requests::{Action, Control, Decision, NewGrant, PolicyChange, RequestState, Scenario},
    time::Millis,
};
use support::{World, mode, restart_workers};

#[test]
fn single_authorization_runs_at_once_and_ends_with_its_targets() {
    let mut w = World::new(4);
    let operator = w.person(Role::OperationsManager);
    let id = w.ask(operator, mode(PowerMode::Sleep), &[3, 1, 2, 2]);
    assert_eq!(w.state_of(id), RequestState::Executing);
    assert_eq!(w.devices_of(id), [1, 2, 3]);
    assert_eq!(w.state.open_work(id).len(), 3);
    w.finish(id, Ending::Verified);
    assert_eq!(w.state_of(id), RequestState::Executed);
    assert!(w.state.open_work(id).is_empty());
}

#[test]
fn e103_a_batch_with_failures_is_partially_executed() {
    let mut w = World::new(10);
    let operator = w.person(Role::OperationsManager);
    let id = w.ask(operator, mode(PowerMode::Sleep), &[1, 2, 3]);
    let mut work: Vec<_> = w.state.open_work(id).iter().map(adit_core::requests::Approved::command).collect();
    let failed = work.pop().unwrap();
    let result = |command, ending| (command, adit_core::fleet::TargetResult::of(ending, ""));
    let mut results: Vec<_> = work.into_iter().map(|c| result(c, Ending::Verified)).collect();
    results.push(result(failed, Ending::Failed));
    w.system(Command::ReportResults { agent: support::AGENT, results });
    assert_eq!(w.state_of(id), RequestState::PartiallyExecuted);
}

#[test]
fn results_of_another_agent_or_told_twice_change_nothing() {
    let mut w = World::new(2);
    let operator = w.person(Role::OperationsManager);
    let id = w.ask(operator, mode(PowerMode::Sleep), &[1]);
    let command = w.state.open_work(id)[0].command();
    let verified = adit_core::fleet::TargetResult::of(Ending::Verified, "");
    let results = vec![(command, verified)];
    let stranger = adit_core::ids::AgentId(9);
    w.system(Command::ReportResults { agent: stranger, results: results.clone() });
    assert_eq!(w.state_of(id), RequestState::Executing);
    w.system(Command::ReportResults { agent: support::AGENT, results: results.clone() });
    let events = w.log.len();
    w.system(Command::ReportResults { agent: support::AGENT, results });
    assert_eq!(w.log.len(), events);
}

#[test]
fn e101_restart_of_workers_waits_for_an_approver_who_is_not_its_initiator() {
    let mut w = World::new(1);
    let operator = w.person(Role::OperationsManager);
    let technician = w.person(Role::Technician);
    let manager = w.person(Role::SiteManager);
    let id = w.ask(operator, restart_workers(), &[]);
    assert_eq!(w.state_of(id), RequestState::Pending);
    for nobody in [operator, technician] {
        assert_eq!(w.vote(nobody, id, Decision::Approve).unwrap_err().code(), "not_an_approver");
    }
    w.vote(manager, id, Decision::Approve).unwrap();
    assert_eq!(w.state_of(id), RequestState::Executing);
    w.finish(id, Ending::Verified);
    assert_eq!(w.state_of(id), RequestState::Executed);
}

#[test]
fn e102_a_site_manager_cannot_approve_their_own_restart() {
    let mut w = World::new(1);
    let manager = w.person(Role::SiteManager);
    let id = w.ask(manager, restart_workers(), &[]);
    assert_eq!(w.state_of(id), RequestState::Pending);
    w.vote(manager, id, Decision::Approve).unwrap();
    assert_eq!(w.state_of(id), RequestState::Pending, "their own word is one, and one more is needed");
}

#[test]
fn a_request_nobody_could_approve_is_refused_and_says_which_role_to_add() {
    let mut w = World::new(1);
    let owner = w.owner;
    let refused = w.try_ask(owner, restart_workers(), &[]).unwrap_err();
    assert_eq!(refused.code(), "unsatisfiable");
    assert!(refused.to_string().contains("Site Manager"), "{refused}");
}

#[test]
fn e47_e44_reject_needs_a_reason_and_ends_it() {
    let mut w = World::new(1);
    let (operator, manager) = (w.person(Role::OperationsManager), w.person(Role::SiteManager));
    let id = w.ask(operator, restart_workers(), &[]);
    let content_hash = w.request(id).content_hash;
    let silent = Command::Vote { request: id, decision: Decision::Reject, content_hash, comment: Some("  ".into()) };
    let actor = w.actor(manager);
    assert_eq!(w.run(&actor, silent).unwrap_err().code(), "reason_required");
    w.vote(manager, id, Decision::Reject).unwrap();
    assert_eq!(w.state_of(id), RequestState::Rejected);
    assert_eq!(w.request(id).state_reason.as_deref(), Some("not now"));
    assert_eq!(w.vote(w.owner, id, Decision::Approve).unwrap_err().code(), "invalid_state", "e49");
}

#[test]
fn e57_e58_its_initiator_cancels_before_approval_and_nobody_while_it_runs() {
    let mut w = World::new(1);
    let (operator, manager) = (w.person(Role::OperationsManager), w.person(Role::SiteManager));
    let id = w.ask(operator, restart_workers(), &[]);
    let cancel = Command::Cancel { request: id, reason: None };
    let actor = w.actor(manager);
    assert_eq!(w.run(&actor, cancel.clone()).unwrap_err().code(), "not_an_approver");
    let actor = w.actor(operator);
    w.run(&actor, cancel).unwrap();
    assert_eq!(w.state_of(id), RequestState::Cancelled);
    let running = w.ask(operator, mode(PowerMode::Sleep), &[1]);
    let refused = w.run(&actor, Command::Cancel { request: running, reason: None }).unwrap_err();
    assert_eq!(refused.code(), "invalid_state");
}

#[test]
fn e48_e51_votes_bind_to_content_and_end_with_the_deadline() {
    let mut w = World::new(1);
    let (operator, manager) = (w.person(Role::OperationsManager), w.person(Role::SiteManager));
    let id = w.ask(operator, restart_workers(), &[]);
    let content_hash = adit_core::requests::ContentHash([0; 32]);
    let actor = w.actor(manager);
    let vote = Command::Vote { request: id, decision: Decision::Approve, content_hash, comment: None };
    assert_eq!(w.run(&actor, vote).unwrap_err().code(), "content_changed");
    w.now = w.request(id).payload.not_after;
    assert_eq!(w.vote(manager, id, Decision::Approve).unwrap_err().code(), "expired");
    w.tick_after(Millis(0));
    assert_eq!(w.state_of(id), RequestState::Expired);
}

#[test]
fn e52_an_old_proof_of_identity_is_not_enough_to_approve_and_is_to_reject() {
    let mut w = World::new(1);
    let (operator, manager) = (w.person(Role::OperationsManager), w.person(Role::SiteManager));
    let id = w.ask(operator, restart_workers(), &[]);
    let content_hash = w.request(id).content_hash;
    let stale = w.actor(manager);
    w.now = w.now.after(Millis::minutes(5));
    let vote = |decision| Command::Vote { request: id, decision, content_hash, comment: Some("no".into()) };
    assert_eq!(w.run(&stale, vote(Decision::Approve)).unwrap_err().code(), "step_up_required");
    w.run(&stale, vote(Decision::Reject)).unwrap();
    assert_eq!(w.state_of(id), RequestState::Rejected);
}

#[test]
fn e45_e19_withdrawn_and_lost_votes_stop_counting() {
    let mut w = World::new(2);
    let people: Vec<_> = (0..3).map(|_| w.person(Role::Administrator)).collect();
    w.set_policy(Scenario::FleetMode, 3, 0);
    let id = w.ask(people[0], mode(PowerMode::Sleep), &[1]);
    w.vote(people[1], id, Decision::Approve).unwrap();
    let actor = w.actor(people[1]);
    w.run(&actor, Command::WithdrawVote { request: id }).unwrap();
    assert_eq!(w.state.tally(w.request(id), w.now).approvals.len(), 1);
    w.vote(people[1], id, Decision::Approve).unwrap();
    w.operator(Command::RemoveUser { user: people[1] });
    assert_eq!(w.state.tally(w.request(id), w.now).approvals.len(), 1, "e19");
    assert_eq!(w.state_of(id), RequestState::Pending);
    w.operator(Command::RemoveUser { user: people[2] });
    assert_eq!(w.state_of(id), RequestState::Invalidated, "e54");
    assert_eq!(w.request(id).state_reason.as_deref(), Some("unsatisfiable"));
}

#[test]
fn e21_e22_who_became_an_approver_later_cannot_vote_on_it() {
    let mut w = World::new(1);
    let (operator, manager) = (w.person(Role::OperationsManager), w.person(Role::SiteManager));
    let id = w.ask(operator, restart_workers(), &[]);
    let newcomer = w.person(Role::Administrator);
    assert_eq!(w.vote(newcomer, id, Decision::Approve).unwrap_err().code(), "not_an_approver");
    let grant = w.state.grants_of(w.account).find(|grant| grant.user == manager).unwrap().id;
    let owner = w.owner;
    w.ask(owner, Action::Control(Control::RemoveGrant { grant }), &[]);
    let again = Control::AddGrant(NewGrant::new(manager, Role::SiteManager, Scope::All));
    w.ask(owner, Action::Control(again), &[]);
    assert_eq!(w.vote(manager, id, Decision::Approve).unwrap_err().code(), "not_an_approver");
}

#[test]
fn e03_e04_counts_stay_between_one_and_the_number_of_approvers() {
    let mut w = World::new(1);
    w.person(Role::Administrator);
    w.person(Role::Administrator);
    for required in 1..=3 {
        w.set_policy(Scenario::AuthorizationRemove, required, 0);
        assert_eq!(w.state.policy(w.account, Scenario::AuthorizationRemove).required, required);
    }
    for required in [0, 4] {
        let changes = vec![PolicyChange { scenario: Scenario::AuthorizationAdd, required, required_other: 0 }];
        let owner = w.owner;
        let refused = w.try_ask(owner, Action::Control(Control::SetPolicies { changes }), &[]).unwrap_err();
        assert_eq!(refused.code(), "out_of_range");
    }
    assert_eq!(w.state.policy(w.account, Scenario::AuthorizationAdd).version, 0);
}

#[test]
fn e08_lowering_a_count_needs_as_many_as_it_had() {
    let mut w = World::new(1);
    let people = [w.person(Role::Administrator), w.person(Role::Administrator)];
    w.set_policy(Scenario::AuthorizationRemove, 3, 0);
    let id = w.set_policy(Scenario::AuthorizationRemove, 1, 0);
    assert_eq!(w.state_of(id), RequestState::Pending);
    w.vote(people[0], id, Decision::Approve).unwrap();
    assert_eq!(w.state_of(id), RequestState::Pending);
    w.vote(people[1], id, Decision::Approve).unwrap();
    assert_eq!(w.state_of(id), RequestState::Executed);
}

#[test]
fn old_policies_are_kept() {
    let mut w = World::new(1);
    w.person(Role::Administrator);
    w.set_policy(Scenario::AuthorizationAdd, 2, 1);
    w.set_policy(Scenario::AuthorizationRemove, 2, 0);
    let counts = |version| {
        let policy = w.state.policy_at(w.account, Scenario::AuthorizationAdd, version);
        (policy.version, policy.required, policy.required_other)
    };
    assert_eq!([counts(0), counts(1)], [(0, 1, 0), (1, 2, 1)]);
}

#[test]
fn the_rule_foretold_has_the_ratchet_and_the_closure() {
    let mut w = World::new(1);
    let operator = w.person(Role::OperationsManager);
    w.person(Role::Administrator);
    w.set_policy(Scenario::AuthorizationRemove, 2, 0);
    let lower = vec![PolicyChange { scenario: Scenario::AuthorizationRemove, required: 1, required_other: 0 }];
    let lower = Action::Control(Control::SetPolicies { changes: lower });
    let user = operator;
    let promote = Action::Control(Control::AddGrant(NewGrant::new(user, Role::Administrator, Scope::All)));
    for action in [lower, promote] {
        let rule = w.state.rule_for(&w.actor(w.owner), &action, &[], w.now);
        assert_eq!((rule.tally.required, rule.runs_at_once()), (2, false), "{action:?}");
    }
    let sleep = w.state.rule_for(&w.actor(operator), &mode(PowerMode::Sleep), &[], w.now);
    assert!(sleep.runs_at_once());
}

#[test]
fn what_the_targets_were_set_to_is_kept_with_the_request() {
    let mut w = World::new(3);
    let operator = w.person(Role::OperationsManager);
    let known = |device: u32, setting: &str| {
        let watts = adit_core::requests::Estimate { before_w: Some(3_400), after_w: Some(20) };
        (adit_core::ids::DeviceId(device), adit_core::requests::Outlook { watts, setting: Some(setting.into()) })
    };
    let submission = adit_core::command::Submission {
        id: adit_core::ids::RequestId(900.into()),
        action: mode(PowerMode::Sleep),
        targets: [3, 2, 1].map(adit_core::ids::DeviceId).to_vec(),
        estimates: vec![known(3, "normal"), known(1, "normal"), known(2, &"x".repeat(300)), known(9, "low")],
        reason: None,
        idempotency_key: None,
    };
    let actor = w.actor(operator);
    w.run(&actor, Command::Submit(submission)).unwrap();
    let request = w.request(adit_core::ids::RequestId(900.into()));
    let was: Vec<_> = request.was.iter().map(|was| (was.setting.len(), was.items.clone())).collect();
    assert_eq!(was, [(6, vec![0, 2]), (200, vec![1])]);
}

#[test]
fn e10_making_an_administrator_needs_the_highest_count() {
    let mut w = World::new(1);
    w.person(Role::Administrator);
    w.set_policy(Scenario::AuthorizationRemove, 2, 0);
    let adit_core::command::Reply::User(user) = w.operator(Command::AddUser) else { unreachable!() };
    let owner = w.owner;
    let grant = Control::AddGrant(NewGrant::new(user, Role::Administrator, Scope::All));
    let id = w.ask(owner, Action::Control(grant), &[]);
    assert_eq!(w.state_of(id), RequestState::Pending);
    assert_eq!(w.request(id).required, 2);
}

#[test]
fn e15_e26_nobody_is_removed_whom_the_counts_need() {
    let mut w = World::new(1);
    let administrator = w.person(Role::Administrator);
    w.set_policy(Scenario::AuthorizationAdd, 2, 0);
    let grant_of = |w: &World, user| w.state.grants_of(w.account).find(|grant| grant.user == user).unwrap().id;
    let owner = w.owner;
    let needed = Action::Control(Control::RemoveGrant { grant: grant_of(&w, administrator) });
    assert_eq!(w.try_ask(owner, needed, &[]).unwrap_err().code(), "would_lock_out");
    let owners = Action::Control(Control::RemoveGrant { grant: grant_of(&w, owner) });
    assert_eq!(w.try_ask(owner, owners, &[]).unwrap_err().code(), "owner_protected");
}

#[test]
fn e30_a_frozen_account_carries_nothing_out_until_unfrozen() {
    let mut w = World::new(1);
    let (operator, manager, owner) = (w.person(Role::OperationsManager), w.person(Role::SiteManager), w.owner);
    let id = w.ask(operator, restart_workers(), &[]);
    w.ask(owner, Action::Control(Control::FreezeAccount {}), &[]);
    w.vote(manager, id, Decision::Approve).unwrap();
    assert_eq!(w.state_of(id), RequestState::Approved);
    assert_eq!(w.try_ask(operator, mode(PowerMode::Sleep), &[1]).unwrap_err().code(), "frozen");
    w.ask(owner, Action::Control(Control::UnfreezeAccount {}), &[]);
    assert_eq!(w.state_of(id), RequestState::Executing);
}

#[test]
fn e60_the_same_key_is_the_same_request() {
    let mut w = World::new(2);
    let operator = w.person(Role::OperationsManager);
    let actor = w.actor(operator);
    let asked = |id: u128, device: u32| adit_core::command::Submission {
        id: adit_core::ids::RequestId(id.into()),
        action: mode(PowerMode::Sleep),
        targets: vec![adit_core::ids::DeviceId(device)],
        estimates: Vec::new(),
        reason: None,
        idempotency_key: Some("k".into()),
    };
    let first = w.run(&actor, Command::Submit(asked(1_000, 1))).unwrap();
    assert_eq!(w.run(&actor, Command::Submit(asked(1_001, 1))).unwrap(), first);
    assert_eq!(w.run(&actor, Command::Submit(asked(1_002, 2))).unwrap_err().code(), "duplicate_request");
}

#[test]
fn e53_programs_never_vote() {
    let mut w = World::new(1);
    let (operator, _) = (w.person(Role::OperationsManager), w.person(Role::SiteManager));
    let id = w.ask(operator, restart_workers(), &[]);
    let content_hash = w.request(id).content_hash;
    let key = Principal::ApiKey(adit_core::ids::KeyId(1));
    let program = Actor { account: w.account, principal: key, authenticated_at: w.now };
    let vote = Command::Vote { request: id, decision: Decision::Approve, content_hash, comment: None };
    assert_eq!(w.run(&program, vote).unwrap_err().status(), 403);
}

#[test]
fn e61_a_silent_agent_leaves_unknown_never_a_second_try() {
    let mut w = World::new(1);
    let operator = w.person(Role::OperationsManager);
    let id = w.ask(operator, Action::Device(Operation::Reboot {}), &[1]);
    w.tick_after(Millis::minutes(15));
    assert_eq!(w.state_of(id), RequestState::Executing, "the agent may still report");
    w.tick_after(Millis::minutes(5));
    assert_eq!(w.state_of(id), RequestState::Failed);
    assert!(w.state.open_work(id).is_empty());
}

#[test]
fn e73_time_never_runs_backwards() {
    let mut w = World::new(1);
    let (operator, manager) = (w.person(Role::OperationsManager), w.person(Role::SiteManager));
    let id = w.ask(operator, restart_workers(), &[]);
    let deadline = w.request(id).payload.not_after;
    w.now = deadline;
    w.ask(operator, Action::Device(Operation::Locate { on: true }), &[1]);
    w.now = adit_core::time::Timestamp(0);
    let _ = w.vote(manager, id, Decision::Approve).unwrap_err();
    assert_ne!(w.state_of(id), RequestState::Executing);
}
