//! What else a policy says: who votes, for how long, how long it waits, how sure we are; and what waits meanwhile.

use crate::{
    approve, ask, company, counts, refused, removal, required,
    support::{World, mode, restart_workers},
    tally, told, try_control,
};
use adit_core::{
    authz::{Actor, Permission, Place, Principal, Role},
    command::Command,
    event::Event,
    fleet::PowerMode,
    ids::KeyId,
    rejection::Rejection,
    requests::{Action, Approvers, Control, Decision, Policy, PolicyChange, Recovery, RequestState, Scenario, StepUp},
    time::Millis,
};

const HOUR: u32 = 3_600;

/// The owner changes what a scenario's policy says beside its counts.
fn change(w: &mut World, scenario: Scenario, edit: impl FnOnce(&mut PolicyChange)) -> adit_core::ids::RequestId {
    try_change(w, scenario, edit).unwrap()
}

fn try_change(
    w: &mut World,
    scenario: Scenario,
    edit: impl FnOnce(&mut PolicyChange),
) -> Result<adit_core::ids::RequestId, Rejection> {
    let now = w.state.policy(w.account, scenario);
    let mut change = PolicyChange::counts(scenario, now.required, now.required_other);
    edit(&mut change);
    let owner = w.owner;
    try_control(w, owner, Control::SetPolicies { changes: vec![change] })
}

#[test]
fn e055_where_the_initiator_does_not_count_a_count_of_everybody_is_refused() {
    let (mut w, [one, two]) = company::<2>();
    let owner = w.owner;
    change(&mut w, Scenario::AuthorizationRemove, |change| change.initiator_counts = Some(false));
    let why = try_control(&mut w, owner, counts(Scenario::AuthorizationRemove, 3)).unwrap_err();
    assert!(matches!(why, Rejection::OutOfRange { min: 1, max: 2, .. }), "{why:?}");
    let both = try_change(&mut w, Scenario::FleetMode, |change| {
        (change.required, change.initiator_counts) = (3, Some(false));
    });
    assert_eq!(both.unwrap_err().code(), "out_of_range", "nor both at once");
    ask(&mut w, owner, counts(Scenario::AuthorizationRemove, 2));
    let viewer = w.person(Role::Viewer);
    let remove = removal(&w, viewer);
    let id = ask(&mut w, owner, remove);
    assert_eq!(refused(&mut w, owner, id, Decision::Approve).code(), "not_an_approver");
    approve(&mut w, one, id);
    assert_eq!((w.state_of(id), tally(&w, id).approvals), (RequestState::Pending, [one].into()));
    approve(&mut w, two, id);
    assert_eq!(w.state_of(id), RequestState::Executed);
}

#[test]
fn e020_nothing_is_carried_out_in_its_timelock_once_a_vote_is_gone() {
    let (mut w, [one, _]) = company::<2>();
    let owner = w.owner;
    change(&mut w, Scenario::FleetMode, |change| (change.required, change.timelock_s) = (2, Some(HOUR)));
    let id = w.ask(owner, mode(PowerMode::Low), &[1]);
    approve(&mut w, one, id);
    assert_eq!(w.state_of(id), RequestState::Approved);
    w.operator(Command::RemoveUser { user: one });
    assert_eq!(w.state_of(id), RequestState::Pending);
    assert_eq!(told(&w, |event| matches!(event, Event::RequestReturned { .. })), 1);
    w.tick_after(Millis::hours(1));
    assert_eq!(told(&w, |event| matches!(event, Event::RequestExecuting { request, .. } if *request == id)), 0);
}

#[test]
fn e065_an_initiator_who_lost_the_right_in_the_timelock_gets_nothing_done() {
    let mut w = World::new(1);
    let (operator, manager, owner) = (w.person(Role::OperationsManager), w.person(Role::SiteManager), w.owner);
    change(&mut w, Scenario::FleetRestartWorkers, |change| change.timelock_s = Some(HOUR));
    let id = w.ask(operator, restart_workers(), &[]);
    approve(&mut w, manager, id);
    let remove = removal(&w, operator);
    ask(&mut w, owner, remove);
    assert_eq!(w.state_of(id), RequestState::Approved, "its votes are still there");
    w.tick_after(Millis::hours(1));
    assert_eq!(w.state_of(id), RequestState::Invalidated);
    assert_eq!(w.request(id).state_reason.as_deref(), Some("initiator_unauthorized"));
}

#[test]
fn e065_also_where_the_initiators_own_approval_goes_with_it() {
    let (mut w, [one]) = company::<1>();
    let (operator, owner) = (w.person(Role::OperationsManager), w.owner);
    change(&mut w, Scenario::FleetMode, |change| (change.required, change.timelock_s) = (2, Some(HOUR)));
    let id = w.ask(operator, mode(PowerMode::Low), &[1]);
    approve(&mut w, one, id);
    assert_eq!(w.state_of(id), RequestState::Approved);
    let remove = removal(&w, operator);
    ask(&mut w, owner, remove);
    assert_eq!(w.state_of(id), RequestState::Invalidated);
    assert_eq!(w.request(id).state_reason.as_deref(), Some("initiator_unauthorized"));
}

#[test]
fn e066_what_was_changed_by_another_way_meanwhile_is_not_changed_over_it() {
    let (mut w, [one]) = company::<1>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AccountUnfreeze, 2));
    let week = change(&mut w, Scenario::ApprovalConfigUpdate, |change| change.timelock_s = Some(7 * 24 * HOUR));
    assert_eq!(w.state_of(week), RequestState::Executed);
    let stale = change(&mut w, Scenario::AccountUnfreeze, |change| change.execute_ttl_s = Some(HOUR));
    assert_eq!(w.state_of(stale), RequestState::Approved);
    let recovery = Action::Control(Control::Recover(Recovery { remove: [one].into() }));
    let mut asked = crate::submission(&mut w, recovery, &[]);
    asked.reason = Some("nobody answers".into());
    let actor = w.actor(owner);
    w.run(&actor, Command::Submit(asked)).unwrap();
    w.tick_after(Millis::hours(72));
    assert_eq!(required(&w, Scenario::AccountUnfreeze), 1);
    w.tick_after(Millis::days(4));
    assert_eq!(w.state_of(stale), RequestState::Invalidated);
    assert_eq!(w.request(stale).state_reason.as_deref(), Some("stale_base"));
}

#[test]
fn r02_all_of_a_policy_changes_in_one_request_and_is_a_version_of_its_own() {
    let (mut w, _) = company::<2>();
    change(&mut w, Scenario::FleetMode, |change| {
        *change = PolicyChange {
            approvers: Some(Approvers::SiteManagement),
            initiator_counts: Some(false),
            programs_run_alone: Some(false),
            approve_ttl_s: Some(2 * HOUR),
            execute_ttl_s: Some(600),
            timelock_s: Some(60),
            step_up: Some(StepUp::Recent),
            ..PolicyChange::counts(Scenario::FleetMode, 2, 1)
        };
    });
    let expected = Policy {
        version: 1,
        required: 2,
        required_other: 1,
        approvers: Approvers::SiteManagement,
        initiator_counts: false,
        programs_run_alone: false,
        approve_ttl: Millis::hours(2),
        execute_ttl: Millis::minutes(10),
        timelock: Millis::minutes(1),
        step_up: StepUp::Recent,
    };
    assert_eq!(w.state.policy(w.account, Scenario::FleetMode), expected);
    assert_eq!(w.state.policy_at(w.account, Scenario::FleetMode, 0), Scenario::FleetMode.default_policy());
}

#[test]
fn r02_times_are_within_bounds() {
    let (mut w, _) = company::<1>();
    let wrong: [fn(&mut PolicyChange); 6] = [
        |change| change.approve_ttl_s = Some(59),
        |change| change.approve_ttl_s = Some(30 * 24 * HOUR + 1),
        |change| change.execute_ttl_s = Some(59),
        |change| change.execute_ttl_s = Some(7 * 24 * HOUR + 1),
        |change| change.timelock_s = Some(14 * 24 * HOUR + 1),
        |change| change.timelock_s = Some(u32::MAX),
    ];
    for edit in wrong {
        assert_eq!(try_change(&mut w, Scenario::FleetMode, edit).unwrap_err().code(), "out_of_range");
    }
    for (seconds, fits) in [(24 * HOUR - 1, false), (24 * HOUR, true), (14 * 24 * HOUR, true)] {
        let id = try_change(&mut w, Scenario::GovernanceRecover, |change| change.timelock_s = Some(seconds));
        assert_eq!(id.is_ok(), fits, "{seconds}");
        w.tick_after(Millis::hours(72));
    }
}

#[test]
fn r11_what_makes_things_safer_always_takes_one_person_at_once() {
    let (mut w, _) = company::<2>();
    for scenario in [Scenario::AccountFreeze, Scenario::AuthorizationSuspend, Scenario::GovernanceRecover] {
        let owner = w.owner;
        assert_eq!(try_control(&mut w, owner, counts(scenario, 2)).unwrap_err().code(), "invalid");
        let edits: [fn(&mut PolicyChange); 3] = [
            |change| change.required_other = 1,
            |change| change.initiator_counts = Some(false),
            |change| change.approvers = Some(Approvers::ActionHolders),
        ];
        for edit in edits {
            assert_eq!(try_change(&mut w, scenario, edit).unwrap_err().code(), "invalid", "{}", scenario.name());
        }
    }
    let slow = try_change(&mut w, Scenario::AccountFreeze, |change| change.timelock_s = Some(HOUR));
    assert_eq!(slow.unwrap_err().code(), "invalid");
}

#[test]
fn r03_whatever_weakens_a_policy_takes_as_many_people_as_it_asked_for() {
    let strict = |change: &mut PolicyChange| {
        *change = PolicyChange {
            approvers: Some(Approvers::Administrators),
            initiator_counts: Some(false),
            programs_run_alone: Some(false),
            timelock_s: Some(HOUR),
            step_up: Some(StepUp::Recent),
            ..PolicyChange::counts(Scenario::FleetMode, 3, 2)
        };
    };
    let weaker: [fn(&mut PolicyChange); 7] = [
        |change| change.required = 2,
        |change| change.required_other = 1,
        |change| change.approvers = Some(Approvers::ActionHolders),
        |change| change.initiator_counts = Some(true),
        |change| change.programs_run_alone = Some(true),
        |change| change.timelock_s = Some(HOUR - 1),
        |change| change.step_up = Some(StepUp::None),
    ];
    for edit in weaker {
        let (mut w, _) = company::<3>();
        change(&mut w, Scenario::FleetMode, strict);
        let id = change(&mut w, Scenario::FleetMode, edit);
        assert_eq!((w.state_of(id), tally(&w, id).required), (RequestState::Pending, 4), "{:?}", w.request(id).payload);
    }
    let stricter: [fn(&mut PolicyChange); 3] = [
        |change| change.timelock_s = Some(2 * HOUR),
        |change| change.approve_ttl_s = Some(HOUR),
        |change| change.execute_ttl_s = Some(HOUR),
    ];
    for edit in stricter {
        let (mut w, _) = company::<3>();
        change(&mut w, Scenario::FleetMode, strict);
        let id = change(&mut w, Scenario::FleetMode, edit);
        assert_eq!(w.state_of(id), RequestState::Executed);
    }
}

#[test]
fn r12_an_approval_is_taken_back_only_while_the_request_waits_and_a_no_never() {
    let (mut w, [one, two]) = company::<2>();
    change(&mut w, Scenario::FleetMode, |change| (change.required, change.timelock_s) = (2, Some(HOUR)));
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    approve(&mut w, two, id);
    let actor = w.actor(two);
    let why = w.run(&actor, Command::WithdrawVote { request: id }).unwrap_err();
    assert_eq!((why.code(), why.status()), ("invalid_state", 409));
    assert_eq!((w.state_of(id), tally(&w, id).approvals), (RequestState::Approved, [one, two].into()));
    assert_eq!(refused(&mut w, two, id, Decision::Reject).code(), "invalid_state", "that is what calling off is for");
    let id = w.ask(one, mode(PowerMode::Low), &[2]);
    w.vote(two, id, Decision::Reject).unwrap();
    assert_eq!(w.run(&actor, Command::WithdrawVote { request: id }).unwrap_err().code(), "invalid_state");
    assert_eq!(w.state_of(id), RequestState::Rejected);
}

#[test]
fn r05_what_waits_is_let_out_no_sooner_and_no_easier_by_a_change_made_meanwhile() {
    let (mut w, [one, two]) = company::<2>();
    let owner = w.owner;
    change(&mut w, Scenario::FleetMode, |change| {
        (change.required, change.timelock_s, change.step_up) = (2, Some(HOUR), Some(StepUp::Recent));
        change.approve_ttl_s = Some(4 * HOUR);
    });
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    let eased = change(&mut w, Scenario::FleetMode, |change| {
        (change.timelock_s, change.step_up, change.programs_run_alone) = (Some(0), Some(StepUp::None), Some(true));
    });
    approve(&mut w, two, eased);
    w.tick_after(Millis::hours(1));
    assert_eq!(w.state.policy(w.account, Scenario::FleetMode).timelock, Millis(0));
    let old = w.actor(owner);
    w.now = w.now.after(Millis::minutes(10));
    let content_hash = w.request(id).content_hash;
    let vote = Command::Vote { request: id, decision: Decision::Approve, content_hash, comment: None, passkey: None };
    assert_eq!(w.run(&old, vote).unwrap_err().code(), "step_up_required");
    approve(&mut w, owner, id);
    assert_eq!(w.state_of(id), RequestState::Approved);
    w.tick_after(Millis::hours(1));
    assert_eq!(w.state_of(id), RequestState::Executing);
}

#[test]
fn r14_where_a_passkey_is_asked_for_each_approval_has_its_own_and_asking_is_none() {
    let (mut w, [one]) = company::<1>();
    let owner = w.owner;
    change(&mut w, Scenario::FleetMode, |change| {
        change.step_up = Some(StepUp::Passkey);
        change.required = 2;
        change.approvers = Some(Approvers::Administrators);
    });
    let id = w.ask(owner, mode(PowerMode::Low), &[1]);
    let now = w.now;
    assert_eq!(w.state.tally(w.request(id), now).approvals, [].into(), "asking is not approving");
    assert!(w.state.awaits(w.request(id), owner, now), "so it is among what waits for whoever asked");
    for user in [owner, one] {
        let why = w.vote(user, id, Decision::Approve).unwrap_err();
        assert_eq!((why.code(), why.status()), ("passkey_required", 401));
    }
    let approve = |w: &mut World, user| {
        let (content_hash, actor) = (w.request(id).content_hash, w.actor(user));
        let (decision, passkey) = (Decision::Approve, Some(format!("key of {user}")));
        w.run(&actor, Command::Vote { request: id, decision, content_hash, comment: None, passkey }).unwrap();
    };
    approve(&mut w, owner);
    assert_eq!(w.state_of(id), RequestState::Pending);
    approve(&mut w, one);
    assert_eq!(w.state_of(id), RequestState::Executing);
    let signed = w.log.iter().filter(|entry| matches!(&entry.event, Event::VoteCast { passkey: Some(_), .. })).count();
    assert_eq!(signed, 2);
    let rejected = w.ask(owner, mode(PowerMode::Low), &[2]);
    w.vote(one, rejected, Decision::Reject).unwrap();
    assert_eq!(w.state_of(rejected), RequestState::Rejected, "a session is enough for a no");
}

#[test]
fn r14_no_program_goes_alone_where_a_passkey_is_asked_for() {
    let (mut w, _) = company::<1>();
    let before = w.state.policy(w.account, Scenario::FleetMode);
    assert!(before.programs_run_alone && before.required == 1);
    change(&mut w, Scenario::FleetMode, |change| change.step_up = Some(StepUp::Passkey));
    let program = Actor { account: w.account, principal: Principal::ApiKey(KeyId(1)), authenticated_at: w.now };
    let alone = |scenario, permission| w.state.runs_at_once(&program, scenario, permission, &Place::ACCOUNT, w.now);
    assert!(!alone(Scenario::FleetMode, Permission::DevicePowerMode));
    assert!(alone(Scenario::FleetPower, Permission::DeviceReboot));
    let loosened = change(&mut w, Scenario::FleetMode, |change| change.step_up = Some(StepUp::None));
    assert_eq!(w.state_of(loosened), RequestState::Executed, "whoever counts alone loosens alone");
}

#[test]
fn who_changes_a_rule_that_somebody_else_has_changed_meanwhile_is_told() {
    let (mut w, _) = company::<2>();
    let seen = w.state.policy(w.account, Scenario::FleetMode).version;
    let stricter = change(&mut w, Scenario::FleetMode, |change| (change.required, change.version) = (2, Some(seen)));
    assert_eq!(w.state_of(stricter), RequestState::Executed);
    let stale = try_change(&mut w, Scenario::FleetMode, |change| {
        (change.required, change.timelock_s, change.version) = (1, Some(60), Some(seen));
    });
    assert_eq!(stale.unwrap_err().status(), 412);
    assert_eq!(required(&w, Scenario::FleetMode), 2);
    let fresh = w.state.policy(w.account, Scenario::FleetMode).version;
    let now =
        change(&mut w, Scenario::FleetMode, |change| (change.timelock_s, change.version) = (Some(60), Some(fresh)));
    assert_eq!(w.state_of(now), RequestState::Executed);
    assert_eq!(required(&w, Scenario::FleetMode), 2);
}

/// The first case of an attack: one Administrator shortened the wait to nothing, paid themselves, and set it back.
#[test]
fn e121_a_wait_that_is_shortened_is_waited_out_once_more_and_any_approver_ends_it() {
    let (mut w, [one, two]) = company::<2>();
    let wallet = Scenario::WalletAddressUpdate;
    let shorten = |seconds| {
        let change = PolicyChange { timelock_s: Some(seconds), ..PolicyChange::counts(wallet, 1, 0) };
        Control::SetPolicies { changes: vec![change] }
    };
    let id = try_control(&mut w, one, shorten(0)).unwrap();
    assert_eq!(
        (w.state_of(id), w.request(id).not_before),
        (RequestState::Approved, Some(w.now.after(Millis::hours(24))))
    );
    let cancel = Command::Cancel { request: id, reason: Some("who pays whom?".into()) };
    let actor = w.actor(two);
    w.run(&actor, cancel).unwrap();
    assert_eq!(
        (w.state_of(id), w.state.policy(w.account, wallet).timelock),
        (RequestState::Cancelled, Millis::hours(24))
    );
    // Step by step is no shorter.
    let half = try_control(&mut w, one, shorten(12 * HOUR)).unwrap();
    w.now = w.now.after(Millis::hours(24));
    w.system(Command::Tick);
    assert_eq!(
        (w.state_of(half), w.state.policy(w.account, wallet).timelock),
        (RequestState::Executed, Millis::hours(12))
    );
    let rest = try_control(&mut w, one, shorten(0)).unwrap();
    assert_eq!(w.request(rest).not_before, Some(w.now.after(Millis::hours(12))));
    w.run(&actor, Command::Cancel { request: rest, reason: Some("no".into()) }).unwrap();
    // Longer waits hold at once.
    let owner = w.owner;
    let longer = PolicyChange { timelock_s: Some(HOUR), ..PolicyChange::counts(Scenario::FleetMode, 1, 0) };
    ask(&mut w, owner, Control::SetPolicies { changes: vec![longer] });
    assert_eq!(w.state.policy(w.account, Scenario::FleetMode).timelock, Millis::hours(1));
}
