//! Which request holds a device when several want it.

mod support;

use adit_core::{
    authz::{Role, Scope},
    fleet::{Operation, PowerMode},
    requests::{Action, Decision, ItemState, Refusal, RequestState, Scenario},
};
use support::{World, mode};

/// Two operators, and a rule that makes mode changes wait for somebody else.
fn world() -> (World, [adit_core::ids::UserId; 2]) {
    let mut w = World::new(10);
    let people = [w.person(Role::OperationsManager), w.person(Role::OperationsManager)];
    w.set_policy(Scenario::FleetMode, 2, 0);
    (w, people)
}

#[test]
fn e88_e89_the_later_request_takes_the_device_across_users() {
    let (mut w, [one, two]) = world();
    let first = w.ask(one, mode(PowerMode::Low), &[1, 2, 3, 4]);
    let second = w.ask(two, mode(PowerMode::High), &[4, 5, 6]);
    assert_eq!(w.devices_of(first), [1, 2, 3]);
    assert_eq!(w.devices_of(second), [4, 5, 6]);
    assert_eq!(w.request(first).items[3], ItemState::Dropped { by: second }, "both sides tell it");
    let took = [adit_core::requests::Took { from: first, devices: vec![adit_core::ids::DeviceId(4)] }];
    assert_eq!(w.request(second).took, took, "both sides tell it");
    w.vote(two, first, Decision::Approve).unwrap();
    assert_eq!(w.state.open_work(first).len(), 3, "e92: its approval is kept for what is left");
}

#[test]
fn e90_e91_a_request_left_empty_is_superseded_and_nothing_comes_back() {
    let (mut w, [one, two]) = world();
    let first = w.ask(one, mode(PowerMode::Low), &[1, 2]);
    let second = w.ask(two, mode(PowerMode::High), &[1, 2, 3]);
    assert_eq!(w.state_of(first), RequestState::Superseded);
    assert_eq!(w.request(first).superseded_by, Some(second));
    w.vote(one, second, Decision::Reject).unwrap();
    assert_eq!(w.state_of(first), RequestState::Superseded);
    assert!(w.state.holders_of(adit_core::ids::DeviceId(1)).is_empty());
}

#[test]
fn e93_a_device_being_worked_on_is_busy_and_the_rest_proceeds() {
    let mut w = World::new(6);
    let operator = w.person(Role::OperationsManager);
    let first = w.ask(operator, mode(PowerMode::Low), &[1, 4]);
    let second = w.ask(operator, mode(PowerMode::High), &[4, 5]);
    assert_eq!(w.devices_of(second), [5]);
    assert_eq!(w.request(second).refused[0].1, Refusal::DeviceBusy { by: first });
    assert_eq!(w.try_ask(operator, mode(PowerMode::High), &[4]).unwrap_err().code(), "device_busy");
}

#[test]
fn e94_what_does_not_conflict_stays() {
    let (mut w, [one, two]) = world();
    let first = w.ask(one, mode(PowerMode::Low), &[1, 2]);
    w.ask(two, Action::Device(Operation::Locate { on: true }), &[1]);
    w.ask(two, Action::Device(Operation::Reboot {}), &[2]);
    assert_eq!(w.devices_of(first), [1, 2]);
    let sleep = w.ask(two, mode(PowerMode::Sleep), &[1]);
    assert_eq!(w.devices_of(first), [2], "sleep is of power and of tuning");
    assert_eq!(w.devices_of(sleep), [1]);
}

#[test]
fn e96_only_the_last_of_three_holds_it() {
    let (mut w, [one, two]) = world();
    let first = w.ask(one, mode(PowerMode::Low), &[4, 5]);
    let second = w.ask(two, mode(PowerMode::High), &[4, 6]);
    let third = w.ask(one, mode(PowerMode::Normal), &[4]);
    assert_eq!([w.devices_of(first), w.devices_of(second), w.devices_of(third)], [vec![5], vec![6], vec![4]]);
}

#[test]
fn what_needs_more_approvals_is_not_taken_by_what_needs_fewer() {
    let (mut w, [one, two]) = world();
    let careful = w.ask(one, mode(PowerMode::Sleep), &[1, 2]);
    let refused = w.try_ask(two, Action::Device(Operation::Reboot {}), &[1]).unwrap_err();
    assert_eq!(refused.code(), "device_busy");
    w.ask(two, Action::Device(Operation::Pause {}), &[1]);
    assert_eq!(w.devices_of(careful), [2], "turning power away is never held back");
}

#[test]
fn e104_devices_out_of_scope_cannot_be_taken() {
    let (mut w, [one, _]) = world();
    let adit_core::command::Reply::User(client) = w.operator(adit_core::command::Command::AddUser) else {
        unreachable!()
    };
    let owner = w.owner;
    let elsewhere = adit_core::requests::Control::CreateSite { name: "Sur".into(), capacity_w: None };
    w.ask(owner, Action::Control(elsewhere), &[]);
    let nodes = [adit_core::authz::Node::Site(adit_core::ids::SiteId(2))].into();
    let scope = Scope::Nodes(nodes);
    let grant = adit_core::requests::NewGrant::new(client, Role::OperationsManager, scope);
    let grant = adit_core::requests::Control::AddGrant(grant);
    w.ask(owner, Action::Control(grant), &[]);
    let first = w.ask(one, mode(PowerMode::Low), &[1]);
    assert_eq!(w.try_ask(client, mode(PowerMode::High), &[1]).unwrap_err().status(), 404);
    assert_eq!(w.devices_of(first), [1]);
}
