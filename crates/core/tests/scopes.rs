//! Where a grant reaches: sites, containers, sub-accounts; by id, and as things are now.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{ApiAccess, Node, Permission, Role, Scope},
    command::{Command, Reply},
    fleet::PowerMode,
    ids::{ContainerId, DeviceId, SubAccountId, UserId},
    rejection::Rejection,
    requests::{Action, Control, GrantChange, NewGrant, RequestState, Scenario},
};
use support::{SITE, World, miner, mode};

fn stranger(w: &mut World) -> UserId {
    let Reply::User(user) = w.operator(Command::AddUser) else { unreachable!() };
    user
}

fn over(node: Node) -> Scope {
    Scope::Nodes([node].into())
}

/// Somebody with a role over one node.
fn limited(w: &mut World, role: Role, node: Node) -> UserId {
    let (owner, user) = (w.owner, stranger(w));
    let id = w.ask(owner, Action::Control(Control::AddGrant(NewGrant::new(user, role, over(node)))), &[]);
    assert_eq!(w.state_of(id), RequestState::Executed);
    user
}

fn run(w: &mut World, user: UserId, command: Command) -> Result<Reply, Rejection> {
    let actor = w.actor(user);
    w.run(&actor, command)
}

fn container(w: &mut World, name: &str) -> ContainerId {
    let owner = w.owner;
    match run(w, owner, Command::CreateContainer { site: SITE, name: name.into() }).unwrap() {
        Reply::Container(id) => id,
        other => panic!("{other:?}"),
    }
}

fn sub_account(w: &mut World, name: &str) -> SubAccountId {
    let owner = w.owner;
    match run(w, owner, Command::CreateSubAccount { name: name.into() }).unwrap() {
        Reply::SubAccount(id) => id,
        other => panic!("{other:?}"),
    }
}

fn place(devices: &[u32], container: Option<ContainerId>) -> Action {
    Action::Control(Control::PlaceDevices { devices: devices.iter().copied().map(DeviceId).collect(), container })
}

fn assign(devices: &[u32], sub_account: Option<SubAccountId>) -> Action {
    Action::Control(Control::AssignDevices { devices: devices.iter().copied().map(DeviceId).collect(), sub_account })
}

/// Numbers of the miners somebody sees.
fn seen(w: &World, user: UserId) -> Vec<u32> {
    let sees = |device: &&adit_core::fleet::Device| {
        w.state.may(w.account, user, Permission::DeviceList, &device.place(), w.now)
    };
    let seen: Vec<_> = w.state.devices().filter(sees).map(|device| device.id.0).collect();
    let set = w.state.devices_for(w.account, user, Permission::DeviceList, w.now);
    assert!(set.iter().map(|device| device.0).eq(seen.iter().copied()), "one by one {seen:?}, as a set {set:?}");
    seen
}

#[test]
fn a_hosting_client_sees_their_machines_and_no_others() {
    let mut w = World::new(4);
    let owner = w.owner;
    let [north, south] = [sub_account(&mut w, "northclient"), sub_account(&mut w, "southclient")];
    let client = limited(&mut w, Role::OperationsManager, Node::SubAccount(north));
    assert!(seen(&w, client).is_empty());
    w.ask(owner, assign(&[1, 2], Some(north)), &[]);
    w.ask(owner, assign(&[3], Some(south)), &[]);
    assert_eq!(seen(&w, client), [1, 2]);
    w.ask(client, mode(PowerMode::Low), &[1]);
    assert_eq!(w.try_ask(client, mode(PowerMode::Low), &[3]).unwrap_err().status(), 404);
    w.ask(owner, assign(&[2], None), &[]);
    assert_eq!(seen(&w, client), [1], "rights are read as things are now");
}

#[test]
fn a_site_has_its_containers_in_it_and_a_container_only_itself() {
    let mut w = World::new(4);
    let owner = w.owner;
    let [one, two] = [container(&mut w, "C1"), container(&mut w, "C2")];
    let [manager, keeper] =
        [limited(&mut w, Role::SiteManager, Node::Site(SITE)), limited(&mut w, Role::Technician, Node::Container(one))];
    w.ask(owner, place(&[1, 2], Some(one)), &[]);
    w.ask(manager, place(&[3], Some(two)), &[]);
    assert_eq!([seen(&w, manager), seen(&w, keeper)], [vec![1, 2, 3, 4], vec![1, 2]]);
    assert_eq!(w.try_ask(keeper, place(&[1], Some(two)), &[]).unwrap_err().code(), "not_found", "out of sight");
    w.ask(owner, place(&[1], None), &[]);
    assert_eq!(seen(&w, keeper), [2]);
}

#[test]
fn nobody_moves_what_they_do_not_see_nor_out_of_their_own_reach() {
    let mut w = World::new(3);
    let owner = w.owner;
    let [one, two] = [container(&mut w, "C1"), container(&mut w, "C2")];
    let mover = limited(&mut w, Role::OperationsManager, Node::Container(one));
    w.ask(owner, place(&[1, 2], Some(one)), &[]);
    assert_eq!(w.try_ask(mover, place(&[3], Some(one)), &[]).unwrap_err().status(), 404);
    assert_eq!(w.try_ask(mover, place(&[1], Some(two)), &[]).unwrap_err().code(), "not_found", "out of sight");
    assert_eq!(w.try_ask(mover, place(&[1], None), &[]).unwrap_err().code(), "permission_denied");
    assert_eq!(seen(&w, mover), [1, 2]);
}

#[test]
fn what_does_not_fit_together_is_refused() {
    let mut w = World::new(2);
    let owner = w.owner;
    container(&mut w, "C1");
    let client = sub_account(&mut w, "client");
    let technician = w.person(Role::Technician);
    let code = |result: Result<Reply, Rejection>| result.unwrap_err().code();
    assert_eq!(code(run(&mut w, owner, Command::CreateContainer { site: SITE, name: "C1".into() })), "already_exists");
    assert_eq!(code(run(&mut w, owner, Command::CreateSubAccount { name: "client".into() })), "already_exists");
    let denied = Command::CreateSubAccount { name: "other".into() };
    assert_eq!(code(run(&mut w, technician, denied)), "permission_denied");
    let elsewhere = Command::CreateContainer { site: adit_core::ids::SiteId(9), name: "C9".into() };
    assert_eq!(code(run(&mut w, owner, elsewhere)), "not_found");
    for (action, expected) in [
        (place(&[], None), "out_of_range"),
        (place(&[9], None), "not_found"),
        (place(&[1], Some(ContainerId(9))), "not_found"),
        (assign(&[1], Some(SubAccountId(9))), "not_found"),
    ] {
        assert_eq!(w.try_ask(owner, action, &[]).unwrap_err().code(), expected);
    }
    assert_eq!(w.try_ask(technician, assign(&[1], Some(client)), &[]).unwrap_err().code(), "permission_denied");
}

#[test]
fn a_device_keeps_its_place_when_its_address_changes() {
    let mut w = World::new(2);
    let owner = w.owner;
    let (one, client) = (container(&mut w, "C1"), sub_account(&mut w, "client"));
    w.ask(owner, place(&[1], Some(one)), &[]);
    w.ask(owner, assign(&[1], Some(client)), &[]);
    let mut moved = miner(1);
    moved.ip = [10, 0, 9, 9].into();
    let scan_task = adit_core::ids::ScanTaskId(1);
    w.system(Command::ReportDevices {
        agent: support::AGENT,
        scan_task,
        devices: vec![moved],
        heard: Default::default(),
    });
    let device = w.state.device(DeviceId(1)).unwrap();
    assert_eq!((device.container, device.sub_account), (Some(one), Some(client)));
}

/// A site has its containers in it, so going from the one to the other takes something, and the way back gives it.
#[test]
fn narrowing_to_a_container_of_the_site_takes_and_widening_gives() {
    let mut w = World::new(1);
    let owner = w.owner;
    w.person(Role::Administrator);
    let one = container(&mut w, "C1");
    let manager = limited(&mut w, Role::SiteManager, Node::Site(SITE));
    w.set_policy(Scenario::FleetPoolChange, 2, 0);
    let change = |w: &World, node: Node| {
        let grant = w.state.grants_of(w.account).find(|grant| grant.user == manager).unwrap().id;
        let (role, scope) = (Role::SiteManager.into(), over(node));
        let change = GrantChange { grant, role, scope, expires_at: None, remark: None, api_access: ApiAccess::None };
        Action::Control(Control::ChangeGrant(change))
    };
    let narrower = change(&w, Node::Container(one));
    let id = w.ask(owner, narrower, &[]);
    assert_eq!(w.state_of(id), RequestState::Executed);
    let wider = change(&w, Node::Site(SITE));
    let id = w.ask(owner, wider, &[]);
    assert_eq!((w.state_of(id), w.request(id).required), (RequestState::Pending, 2));
}
