//! How requests live and end, as far as it is no numbered case (those are in `edge_cases`).

mod support;

use adit_core::{
    authz::{Role, Scope},
    command::Command,
    fleet::{Ending, PowerMode, Setting},
    requests::{Action, Control, NewGrant, PolicyChange, RequestState, Scenario},
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
fn r1_a_request_nobody_could_approve_is_refused_and_says_which_role_to_add() {
    let mut w = World::new(1);
    let owner = w.owner;
    let refused = w.try_ask(owner, restart_workers(), &[]).unwrap_err();
    assert_eq!(refused.code(), "unsatisfiable");
    assert!(refused.to_string().contains("Site Manager"), "{refused}");
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
    let lower = vec![PolicyChange::counts(Scenario::AuthorizationRemove, 1, 0)];
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
    let known = |device: u32, mode: PowerMode| {
        let watts = adit_core::requests::Estimate { before_w: Some(3_400), after_w: Some(20), ..Default::default() };
        let setting = Some(Setting::PowerMode(mode));
        (adit_core::ids::DeviceId(device), adit_core::requests::Outlook { watts, setting })
    };
    let submission = adit_core::command::Submission {
        id: adit_core::ids::RequestId(900.into()),
        action: mode(PowerMode::Sleep),
        targets: [3, 2, 1].map(adit_core::ids::DeviceId).to_vec(),
        estimates: vec![
            known(3, PowerMode::Normal),
            known(1, PowerMode::Normal),
            known(2, PowerMode::High),
            known(9, PowerMode::Low),
        ],
        reason: None,
        idempotency_key: None,
    };
    let actor = w.actor(operator);
    w.run(&actor, Command::Submit(submission)).unwrap();
    let request = w.request(adit_core::ids::RequestId(900.into()));
    let was: Vec<_> = request.was.iter().map(|was| (was.setting.clone(), was.items.clone())).collect();
    let of = |mode, items: &[u32]| (Some(Setting::PowerMode(mode)), items.to_vec());
    assert_eq!(was, [of(PowerMode::Normal, &[0, 2]), of(PowerMode::High, &[1])]);
}

#[test]
fn what_was_decided_is_not_counted_anew_when_the_rule_changes() {
    let mut w = World::new(2);
    let manager = w.person(Role::OperationsManager);
    let _spare = w.person(Role::OperationsManager);
    let id = w.ask(manager, mode(PowerMode::High), &[1]);
    w.finish(id, Ending::Verified);
    let then = w.state.tally(w.request(id), w.now);
    assert!(then.is_met());
    w.person(Role::Administrator);
    w.set_policy(Scenario::FleetMode, 2, 1);
    let now = w.state.tally(w.request(id), w.now);
    assert_eq!((now.required, now.required_other, now.approvals), (then.required, then.required_other, then.approvals));
}
