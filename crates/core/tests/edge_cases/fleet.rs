//! Fleet override: which request has a device when several want it, and carts that are not requests yet.

use crate::{
    approve, ask, counts, local, refused, second_site, submission,
    support::{AGENT, SITE, World, mode, restart_workers},
    tally,
};
use adit_core::{
    authz::{Actor, Node, Role, Scope},
    command::{Command, DraftPart, DraftSubmission, Reply},
    fleet::{Ending, Operation, PowerAfter, PowerMode, TargetResult},
    ids::{AccountId, DeviceId, ScanTaskId, UserId},
    requests::{
        Action, Approved, Approvers, Control, Decision, ItemState, NewGrant, PolicyChange, Refusal, RequestState,
        Scenario, StepUp, Target, Took,
    },
    time::Millis,
};

/// Two operators, and a rule that makes mode changes wait for somebody else.
fn world() -> (World, [UserId; 2]) {
    let (w, people, _) = world_with_administrator();
    (w, people)
}

fn world_with_administrator() -> (World, [UserId; 2], UserId) {
    let mut w = World::new(10);
    let people = [w.person(Role::OperationsManager), w.person(Role::OperationsManager)];
    let (owner, administrator) = (w.owner, w.person(Role::Administrator));
    ask(&mut w, owner, counts(Scenario::FleetMode, 2));
    (w, people, administrator)
}

#[test]
fn e088_the_later_request_takes_the_device_from_the_earlier() {
    let (mut w, [one, _]) = world();
    let first = w.ask(one, mode(PowerMode::Low), &[1, 2, 3, 4]);
    let second = w.ask(one, mode(PowerMode::High), &[4, 5, 6]);
    assert_eq!([w.devices_of(first), w.devices_of(second)], [vec![1, 2, 3], vec![4, 5, 6]]);
    assert_eq!(w.request(first).items[3], ItemState::Dropped { by: second }, "both sides tell it");
    assert_eq!(w.request(second).took, [Took { from: first, devices: vec![DeviceId(4)] }], "both sides tell it");
}

#[test]
fn e089_also_from_somebody_elses() {
    let (mut w, [one, two]) = world();
    let first = w.ask(one, mode(PowerMode::Low), &[1, 2]);
    let second = w.ask(two, mode(PowerMode::High), &[2]);
    assert_eq!([w.devices_of(first), w.devices_of(second)], [vec![1], vec![2]]);
}

#[test]
fn e090_what_is_left_without_a_device_is_superseded() {
    let (mut w, [one, two]) = world();
    let first = w.ask(one, mode(PowerMode::Low), &[1, 2]);
    let second = w.ask(two, mode(PowerMode::High), &[1, 2, 3]);
    assert_eq!((w.state_of(first), w.request(first).superseded_by), (RequestState::Superseded, Some(second)));
}

#[test]
fn e091_what_was_taken_does_not_come_back_when_the_taker_is_rejected() {
    let (mut w, [one, two]) = world();
    let first = w.ask(one, mode(PowerMode::Low), &[1, 4]);
    let second = w.ask(two, mode(PowerMode::High), &[4]);
    w.vote(one, second, Decision::Reject).unwrap();
    assert_eq!((w.state_of(first), w.devices_of(first)), (RequestState::Pending, vec![1]));
    assert!(w.state.holders_of(DeviceId(4)).is_empty());
}

#[test]
fn e092_approvals_are_kept_for_what_is_left() {
    let mut w = World::new(10);
    let [one, two, third] = [Role::OperationsManager; 3].map(|role| w.person(role));
    let _ = [Role::Administrator; 2].map(|role| w.person(role));
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::FleetMode, 3));
    let first = w.ask(one, mode(PowerMode::Low), &[1, 2, 4]);
    approve(&mut w, two, first);
    w.ask(third, mode(PowerMode::High), &[4]);
    assert_eq!(tally(&w, first).approvals, [one, two].into());
    approve(&mut w, third, first);
    let orders: Vec<_> = w.state.open_work(first).iter().map(|work| work.command().item).collect();
    assert_eq!(orders, [0, 1]);
}

#[test]
fn e093_a_device_being_worked_on_is_busy_and_the_rest_proceeds() {
    let mut w = World::new(6);
    let operator = w.person(Role::OperationsManager);
    let first = w.ask(operator, mode(PowerMode::Low), &[1, 4]);
    let second = w.ask(operator, mode(PowerMode::High), &[4, 5]);
    assert_eq!((w.state_of(second), w.devices_of(second)), (RequestState::Executing, vec![5]));
    assert_eq!(w.request(second).refused[..], [(DeviceId(4), Refusal::DeviceBusy { by: first })]);
    assert_eq!(w.try_ask(operator, mode(PowerMode::High), &[4]).unwrap_err().code(), "device_busy");
    w.finish(first, Ending::Verified);
    w.ask(operator, mode(PowerMode::High), &[4]);
}

#[test]
fn e094_what_does_not_exclude_the_other_stays() {
    let (mut w, [one, two]) = world();
    let first = w.ask(one, mode(PowerMode::Low), &[1, 2]);
    let led = w.ask(two, Action::Device(Operation::Locate { on: true }), &[1]);
    let reboot = w.ask(two, Action::Device(Operation::Reboot {}), &[2]);
    assert_eq!([w.devices_of(first), w.devices_of(led), w.devices_of(reboot)], [vec![1, 2], vec![1], vec![2]]);
    let sleep = w.ask(two, mode(PowerMode::Sleep), &[1]);
    assert_eq!([w.devices_of(first), w.devices_of(sleep)], [vec![2], vec![1]], "sleep is of power and of tuning");
}

#[test]
fn e096_only_the_last_of_three_has_it() {
    let (mut w, [one, two]) = world();
    let first = w.ask(one, mode(PowerMode::Low), &[4, 5]);
    let second = w.ask(two, mode(PowerMode::High), &[4, 6]);
    let third = w.ask(one, mode(PowerMode::Normal), &[4]);
    assert_eq!([w.devices_of(first), w.devices_of(second), w.devices_of(third)], [vec![5], vec![6], vec![4]]);
    let holders: Vec<_> = w.state.holders_of(DeviceId(4)).iter().map(|request| request.id).collect();
    assert_eq!(holders, [third]);
}

#[test]
fn e097_at_the_same_moment_the_order_of_the_log_decides() {
    for flipped in [false, true] {
        let (mut w, [one, two]) = world();
        let (earlier, later) = if flipped { (two, one) } else { (one, two) };
        let first = w.ask(earlier, mode(PowerMode::Low), &[4, 5]);
        let second = w.ask(later, mode(PowerMode::High), &[5, 4]);
        assert_eq!(w.request(first).created_at, w.request(second).created_at);
        assert_eq!((w.state_of(first), w.devices_of(second)), (RequestState::Superseded, vec![4, 5]));
    }
}

#[test]
fn what_needs_more_approvals_is_not_taken_by_what_needs_fewer() {
    let (mut w, [one, two], administrator) = world_with_administrator();
    let careful = w.ask(one, mode(PowerMode::Low), &[1, 2]);
    let owner = w.owner;
    let lower = ask(&mut w, owner, counts(Scenario::FleetMode, 1));
    approve(&mut w, administrator, lower);
    let refused = w.try_ask(two, mode(PowerMode::High), &[1]).unwrap_err();
    assert_eq!(refused.code(), "device_busy");
    w.ask(two, mode(PowerMode::Sleep), &[1]);
    assert_eq!(w.devices_of(careful), [2], "turning power away is never held back");
}

#[test]
fn r11_one_person_turns_power_off_at_once_whatever_the_rules_say() {
    let mut w = World::new(4);
    let [operator, _] = [Role::OperationsManager, Role::Administrator].map(|role| w.person(role));
    let (owner, account) = (w.owner, w.account);
    let strict = |scenario| PolicyChange {
        approvers: Some(Approvers::Administrators),
        initiator_counts: Some(false),
        timelock_s: Some(3_600),
        step_up: Some(StepUp::Passkey),
        ..PolicyChange::counts(scenario, 1, 1)
    };
    let changes = [Scenario::FleetPower, Scenario::FleetMode].map(strict).to_vec();
    ask(&mut w, owner, Control::SetPolicies { changes });
    w.now = w.now.after(Millis::hours(1));
    let (start, pause) = (w.state.clone(), || Action::Device(Operation::Pause {}));
    for (action, safe) in [
        (pause(), true),
        (mode(PowerMode::Sleep), true),
        (Action::Device(Operation::Resume {}), false),
        (mode(PowerMode::Low), false),
    ] {
        w.state = start.clone();
        w.log.clear();
        let actor = Actor { authenticated_at: w.now.before(Millis::hours(1)), ..w.actor(operator) };
        let rule = w.state.rule_for(&actor, &action, &[Target::Device(DeviceId(1))], w.now);
        let asked = submission(&mut w, action, &[1]);
        let Reply::Request(id) = w.run(&actor, Command::Submit(asked)).unwrap() else { unreachable!() };
        let becomes = if safe { RequestState::Executing } else { RequestState::Pending };
        assert_eq!((w.state_of(id), rule.runs_at_once()), (becomes, safe));
        let begun = if safe { 3 } else { 1 };
        assert_eq!(w.log.len(), begun, "submitted, approved and begun: {:?}", w.log);
    }
    assert_eq!(w.state.policy(account, Scenario::FleetPower).required_other, 1);
    let viewer = w.person(Role::Viewer);
    assert_eq!(w.try_ask(viewer, pause(), &[1]).unwrap_err().status(), 403, "who may not, may not");
}

fn draft(w: &mut World, user: UserId, action: Action, targets: &[u32]) {
    let targets = targets.iter().copied().map(DeviceId).collect();
    let actor = w.actor(user);
    w.run(&actor, Command::PutDraft { site: SITE, action, targets }).unwrap();
}

fn submit_draft(w: &mut World, user: UserId) -> Vec<adit_core::ids::RequestId> {
    let draft = w.state.draft(user, SITE).unwrap().clone();
    let parts = draft.changes.iter().map(|change| DraftPart { change: change.id, id: w.new_id(), estimates: vec![] });
    let parts = parts.collect();
    let (site, version) = (SITE, draft.version);
    let asked = DraftSubmission { site, version, parts, reason: None, idempotency_key: None };
    let actor = w.actor(user);
    match w.run(&actor, Command::SubmitDraft(asked)).unwrap() {
        Reply::Requests(requests) => requests,
        other => panic!("{other:?}"),
    }
}

#[test]
fn e098_a_cart_blocks_nobody_and_loses_nothing_until_it_is_submitted() {
    let (mut w, [one, two]) = world();
    draft(&mut w, one, mode(PowerMode::Low), &[1, 2]);
    let before = w.state.draft(one, SITE).cloned();
    let other = w.ask(two, mode(PowerMode::High), &[1]);
    assert_eq!((w.devices_of(other), w.state.draft(one, SITE).cloned()), (vec![1], before));
    let made = submit_draft(&mut w, one);
    assert_eq!((w.state_of(other), w.devices_of(made[0])), (RequestState::Superseded, vec![1, 2]));
}

#[test]
fn e099_what_is_in_the_cart_is_submitted_as_one() {
    let (mut w, [one, _]) = world();
    draft(&mut w, one, mode(PowerMode::Low), &[1, 2]);
    draft(&mut w, one, Action::Device(Operation::Locate { on: true }), &[3]);
    let made = submit_draft(&mut w, one);
    assert_eq!(made.iter().map(|id| w.devices_of(*id)).collect::<Vec<_>>(), [vec![1, 2], vec![3]]);
    assert!(w.state.draft(one, SITE).is_none());
}

#[test]
fn e101_a_restart_of_workers_waits_for_an_administrator_or_site_manager() {
    for role in [Role::Administrator, Role::SiteManager] {
        let mut w = World::new(1);
        let (operator, technician) = (w.person(Role::OperationsManager), w.person(Role::Technician));
        let approver = w.person(role);
        let id = w.ask(operator, restart_workers(), &[]);
        assert_eq!(w.state_of(id), RequestState::Pending);
        for nobody in [operator, technician] {
            assert_eq!(refused(&mut w, nobody, id, Decision::Approve).code(), "not_an_approver");
        }
        approve(&mut w, approver, id);
        assert_eq!(w.state_of(id), RequestState::Executing);
    }
}

#[test]
fn e102_a_site_manager_who_asks_for_it_needs_somebody_else() {
    let mut w = World::new(1);
    let (manager, other) = (w.person(Role::SiteManager), w.person(Role::SiteManager));
    let id = w.ask(manager, restart_workers(), &[]);
    approve(&mut w, manager, id);
    assert_eq!((w.state_of(id), tally(&w, id).by_others), (RequestState::Pending, 0));
    approve(&mut w, other, id);
    assert_eq!(w.state_of(id), RequestState::Executing);
}

#[test]
fn e103_three_of_a_hundred_that_fail_make_it_partial() {
    let mut w = World::new(100);
    let operator = w.person(Role::OperationsManager);
    let all: Vec<_> = (1..=100).collect();
    let id = w.ask(operator, mode(PowerMode::Sleep), &all);
    let orders: Vec<_> = w.state.open_work(id).iter().map(Approved::command).collect();
    let ending = |item: u32| if item % 40 == 7 { Ending::Failed } else { Ending::Verified };
    let results = orders.iter().map(|order| (*order, TargetResult::of(ending(order.item), "offline"))).collect();
    w.system(Command::ReportResults { agent: AGENT, results });
    assert_eq!((w.state_of(id), w.request(id).progress()), (RequestState::PartiallyExecuted, (100, 97)));
}

#[test]
fn e104_nobody_takes_a_device_they_may_not_work_on() {
    let (mut w, [one, _]) = world();
    let south = second_site(&mut w, 11, 1);
    let first = w.ask(one, mode(PowerMode::Low), &[1, 2]);
    let elsewhere = local(&mut w, Role::OperationsManager, south);
    assert_eq!(w.try_ask(elsewhere, mode(PowerMode::High), &[1, 11]).unwrap_err().status(), 404, "not theirs to see");
    let looker = w.person(Role::FieldOperator);
    let why = w.try_ask(looker, mode(PowerMode::High), &[1]).unwrap_err();
    assert_eq!((why.code(), why.status()), ("permission_denied", 403));
    let Reply::Account(other, owner) = w.operator(Command::CreateAccount { name: "Sur".into() }) else {
        unreachable!()
    };
    assert_eq!(other, AccountId(2));
    let foreign = Actor { account: other, ..w.actor(owner) };
    let asked = submission(&mut w, mode(PowerMode::High), &[1]);
    assert_eq!(w.run(&foreign, Command::Submit(asked)).unwrap_err().status(), 404);
    assert_eq!((w.state_of(first), w.devices_of(first)), (RequestState::Pending, vec![1, 2]));
}

#[test]
fn who_may_do_it_on_each_device_by_a_role_there_may_on_all_of_them_together() {
    let mut w = World::new(2);
    let south = second_site(&mut w, 11, 1);
    let both = local(&mut w, Role::Technician, SITE);
    let owner = w.owner;
    let scope = Scope::Nodes([Node::Site(south)].into());
    let second = NewGrant::new(both, Role::OperationsManager, scope);
    ask(&mut w, owner, Control::AddGrant(second));
    let reboot = || Action::Device(Operation::Reboot {});
    let id = w.ask(both, reboot(), &[1, 3]);
    assert_eq!(w.state_of(id), RequestState::Executing, "nobody else is needed where one approval is");

    w.person(Role::Administrator);
    ask(&mut w, owner, counts(Scenario::FleetPower, 2));
    w.finish(id, Ending::Verified);
    let id = w.ask(owner, reboot(), &[2]);
    assert!(tally(&w, id).undecided.contains(&both));
    let id = w.ask(owner, reboot(), &[2, 3]);
    assert!(tally(&w, id).undecided.contains(&both));
    let grant = w.state.grants_of(w.account).find(|g| g.user == both && g.role == Role::Technician).unwrap().id;
    ask(&mut w, owner, Control::RemoveGrant { grant });
    assert!(!tally(&w, id).undecided.contains(&both), "each of the two roles is needed for it");
}

#[test]
fn a_device_that_is_done_is_free_for_others_while_the_rest_goes_on() {
    let (mut w, [one, two]) = world_without_approvals();
    let first = w.ask(one, mode(PowerMode::Sleep), &[1, 2, 3]);
    assert_eq!(w.try_ask(two, mode(PowerMode::Low), &[1]).unwrap_err().code(), "device_busy");
    let done = w.state.open_work(first).first().unwrap().command();
    for ending in [Ending::Failed, Ending::Verified] {
        let results = vec![(done, TargetResult::of(ending, "seen"))];
        w.system(Command::ReportResults { agent: AGENT, results });
    }
    assert_eq!(w.state_of(first), RequestState::Executing);
    let second = w.ask(two, mode(PowerMode::Low), &[1]);
    assert_eq!(w.devices_of(second), [1]);
    assert_eq!(w.try_ask(two, mode(PowerMode::Low), &[2]).unwrap_err().code(), "device_busy");
    // The end of the first takes nothing from the second.
    w.finish(first, Ending::Verified);
    assert_eq!(w.try_ask(one, mode(PowerMode::Low), &[1]).unwrap_err().code(), "device_busy");
    assert!(w.try_ask(one, mode(PowerMode::Low), &[2]).is_ok());
}

#[test]
fn a_mode_that_a_device_has_not_is_refused_for_it_alone() {
    let (mut w, [one, _]) = world_without_approvals();
    let mut avalon = crate::support::miner(77);
    avalon.modes = vec![PowerMode::Sleep, PowerMode::Normal, PowerMode::High];
    let report =
        Command::ReportDevices { agent: AGENT, scan_task: ScanTaskId(1), devices: vec![avalon], heard: [].into() };
    w.system(report);
    let number = w.state.devices().count() as u32;
    let id = w.ask(one, mode(PowerMode::Low), &[1, number]);
    assert_eq!(w.devices_of(id), [1]);
    assert_eq!(*w.request(id).refused, [(DeviceId(number), Refusal::Unsupported)]);
    w.finish(id, Ending::Verified);
    assert_eq!(w.try_ask(one, mode(PowerMode::Low), &[number]).unwrap_err().code(), "unsupported");
    assert!(w.try_ask(one, mode(PowerMode::High), &[number]).is_ok());
}

/// Nobody has to approve a change of modes.
fn world_without_approvals() -> (World, [UserId; 2]) {
    let mut w = World::new(10);
    let people = [w.person(Role::OperationsManager), w.person(Role::OperationsManager)];
    (w, people)
}

#[test]
fn what_devices_draw_since_is_taken_once_and_only_where_an_operation_changes_it() {
    let (mut w, [one, _]) = world_without_approvals();
    let after = |watts| PowerAfter { watts, settled: true };
    let told = |w: &World, id| {
        let power = |item: &ItemState| match item {
            ItemState::Ended { power, .. } => power.and_then(|power| power.watts),
            _ => None,
        };
        w.request(id).items.iter().map(power).collect::<Vec<_>>()
    };
    let id = w.ask(one, mode(PowerMode::Sleep), &[1, 2, 3]);
    let report = |w: &mut World, request, power: &[(u32, u32)]| {
        let power = power.iter().map(|(item, watts)| (*item, after(Some(*watts)))).collect();
        w.system(Command::ReportPower { request, power });
    };
    report(&mut w, id, &[(0, 1_000)]);
    assert_eq!(told(&w, id), [None; 3], "its order has not ended");
    let work = w.state.open_work(id);
    let ends = [Ending::Verified, Ending::Failed, Ending::Verified];
    let results = work.iter().zip(ends).map(|(item, ending)| (item.command(), TargetResult::of(ending, "seen")));
    let results = results.collect();
    w.system(Command::ReportResults { agent: AGENT, results });
    assert_eq!([0, 1, 2].map(|item| w.request(id).settles_since(item).is_some()), [true, false, true]);
    report(&mut w, id, &[(0, 20), (1, 30), (9, 40)]);
    let said = w.log.len();
    report(&mut w, id, &[(0, 3_000)]);
    assert_eq!((told(&w, id), w.log.len()), (vec![Some(20), None, None], said), "once");
    let lit = w.ask(one, Action::Device(Operation::Locate { on: true }), &[1]);
    w.finish(lit, Ending::Verified);
    report(&mut w, lit, &[(0, 20)]);
    assert_eq!(told(&w, lit), [None]);
}
