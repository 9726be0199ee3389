//! Groups: saved selections that grants reach, and what changing one takes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{ApiAccess, MAX_GROUPS, Node, Permission, Place, Role, Scope},
    command::{Command, Reply},
    fleet::PowerMode,
    ids::{DeviceId, GroupId, RequestId, UserId},
    rejection::Rejection,
    requests::{Action, Control, Decision, GrantChange, NewGrant, RequestState, Scenario},
};
use support::{World, miner, mode};

const GROUP: GroupId = GroupId(1);

fn create(name: &str, devices: &[u32]) -> Action {
    Action::Control(Control::CreateGroup { name: name.into(), devices: ids(devices) })
}

fn change(devices: &[u32]) -> Action {
    Action::Control(Control::ChangeGroup { group: GROUP, name: "Row 3".into(), devices: ids(devices), version: None })
}

fn ids(devices: &[u32]) -> Vec<DeviceId> {
    devices.iter().copied().map(DeviceId).collect()
}

fn on(group: GroupId) -> Scope {
    Scope::Nodes([Node::Group(group)].into())
}

fn stranger(w: &mut World) -> UserId {
    let Reply::User(user) = w.operator(Command::AddUser) else { unreachable!() };
    user
}

fn granted(w: &mut World, role: Role) -> UserId {
    let (owner, user) = (w.owner, stranger(w));
    w.ask(owner, Action::Control(Control::AddGrant(NewGrant::new(user, role, on(GROUP)))), &[]);
    user
}

/// Numbers of the devices that somebody sees.
fn seen(w: &World, user: UserId) -> Vec<u32> {
    let rights = w.state.rights_of_user(w.account, user);
    let sees = |place: &Place| rights.allow(Permission::DeviceList, place, w.now);
    w.state.devices().filter(|device| sees(&device.place())).map(|device| device.id.0).collect()
}

/// Six miners, of which the first two are the group, and somebody who reaches that.
fn world(role: Role) -> (World, UserId) {
    let mut w = World::new(6);
    let owner = w.owner;
    w.ask(owner, create("Row 3", &[2, 1, 2]), &[]);
    let user = granted(&mut w, role);
    (w, user)
}

fn code(result: Result<RequestId, Rejection>) -> &'static str {
    result.unwrap_err().code()
}

#[test]
fn a_grant_on_a_group_reaches_what_is_in_it_now_and_later_and_nothing_else() {
    let (mut w, user) = world(Role::OperationsManager);
    let owner = w.owner;
    assert_eq!(seen(&w, user), [1, 2]);
    w.ask(user, mode(PowerMode::Low), &[1]);
    assert_eq!(w.try_ask(user, mode(PowerMode::Low), &[3]).unwrap_err().status(), 404);
    w.ask(owner, change(&[2, 5]), &[]);
    assert_eq!(seen(&w, user), [2, 5]);
    assert_eq!(w.try_ask(user, mode(PowerMode::Low), &[1]).unwrap_err().status(), 404);
    let mut moved = miner(5);
    moved.ip = [10, 9, 9, 9].into();
    let scan_task = adit_core::ids::ScanTaskId(1);
    w.system(Command::ReportDevices {
        agent: support::AGENT,
        scan_task,
        devices: vec![moved],
        heard: Default::default(),
    });
    assert_eq!(seen(&w, user), [2, 5], "another address is the same device");
}

#[test]
fn a_group_takes_what_granting_takes() {
    let (mut w, user) = world(Role::OperationsManager);
    let owner = w.owner;
    let [administrator, _] = [Role::Administrator; 2].map(|role| w.person(role));
    for action in [create("Mine", &[3]), change(&[1, 2, 3])] {
        assert_eq!(code(w.try_ask(administrator, action, &[])), "permission_denied");
    }
    w.set_policy(Scenario::AuthorizationUpdate, 2, 0);
    let id = w.ask(owner, change(&[1, 2, 3]), &[]);
    assert_eq!((w.state_of(id), seen(&w, user)), (RequestState::Pending, vec![1, 2]));
    w.vote(administrator, id, Decision::Approve).unwrap();
    assert_eq!((w.state_of(id), seen(&w, user)), (RequestState::Executed, vec![1, 2, 3]));
}

#[test]
fn adding_to_the_group_of_an_approver_takes_as_many_as_making_one_and_taking_away_does_not() {
    let (mut w, user) = world(Role::Administrator);
    let owner = w.owner;
    let [one, two] = [Role::Administrator; 2].map(|role| w.person(role));
    w.set_policy(Scenario::FleetMode, 3, 0);
    let id = w.ask(owner, change(&[1, 2, 3]), &[]);
    assert_eq!((w.state_of(id), w.request(id).required), (RequestState::Pending, 3));
    for decision in [Decision::Approve, Decision::Reject] {
        assert_eq!(w.vote(user, id, decision).unwrap_err().code(), "conflict_of_interest");
    }
    assert_eq!(code(w.try_ask(owner, change(&[1]), &[])), "pending_exists");
    [one, two].into_iter().for_each(|user| drop(w.vote(user, id, Decision::Approve).unwrap()));
    assert_eq!(seen(&w, user), [1, 2, 3]);
    let id = w.ask(owner, change(&[1]), &[]);
    assert_eq!((w.state_of(id), seen(&w, user)), (RequestState::Executed, vec![1]));
}

#[test]
fn nobody_gives_by_a_group_what_they_do_not_hold() {
    let (mut w, _) = world(Role::OperationsManager);
    let owner = w.owner;
    let permissions = [Permission::UserManage, Permission::DeviceList].into();
    w.ask(owner, Action::Control(Control::CreateRole { name: "Clerk".into(), permissions }), &[]);
    let clerk = stranger(&mut w);
    let role = adit_core::authz::RoleId::Custom(adit_core::ids::CustomRoleId(1));
    w.ask(owner, Action::Control(Control::AddGrant(NewGrant::new(clerk, role, Scope::All))), &[]);
    assert_eq!(code(w.try_ask(clerk, change(&[1, 2, 3]), &[])), "beyond_own_rights");
    let fewer = w.ask(clerk, change(&[1]), &[]);
    assert_eq!(w.state_of(fewer), RequestState::Pending, "taking away gives nobody anything; others decide");
}

#[test]
fn administrators_change_groups_of_people_below_them_where_the_account_lets_them() {
    let (mut w, _) = world(Role::Viewer);
    let (owner, administrator) = (w.owner, w.person(Role::Administrator));
    w.ask(owner, Action::Control(Control::SetAdministratorsManageUsers { on: true }), &[]);
    w.ask(administrator, change(&[1, 2, 3]), &[]);
    w.ask(administrator, create("Row 4", &[4]), &[]);
    granted(&mut w, Role::Administrator);
    assert_eq!(code(w.try_ask(administrator, change(&[1]), &[])), "permission_denied");
}

#[test]
fn a_group_that_somebody_reaches_is_not_deleted_and_its_id_is_not_used_again() {
    let (mut w, user) = world(Role::Viewer);
    let owner = w.owner;
    let delete = || Action::Control(Control::DeleteGroup { group: GROUP, version: None });
    assert_eq!(code(w.try_ask(owner, delete(), &[])), "invalid");
    let grant = w.state.grants_of(w.account).find(|grant| grant.user == user).unwrap().id;
    let (role, api_access) = (Role::Viewer.into(), ApiAccess::None);
    let all = GrantChange { grant, role, scope: Scope::All, expires_at: None, remark: None, api_access };
    w.ask(owner, Action::Control(Control::ChangeGrant(all)), &[]);
    w.ask(owner, delete(), &[]);
    assert!(w.state.group(GROUP).is_none() && w.state.devices().all(|device| device.groups.count() == 0));
    w.ask(owner, create("Row 3", &[4]), &[]);
    assert_eq!(w.state.groups_of(w.account).map(|group| group.id).collect::<Vec<_>>(), [GroupId(2)]);
    let gone = NewGrant::new(user, Role::Technician, on(GROUP));
    assert_eq!(code(w.try_ask(owner, Action::Control(Control::AddGrant(gone)), &[])), "not_found");
}

#[test]
fn what_does_not_fit_is_refused() {
    let (mut w, _) = world(Role::Viewer);
    let owner = w.owner;
    assert_eq!(code(w.try_ask(owner, create("Row 3", &[]), &[])), "already_exists");
    assert_eq!(code(w.try_ask(owner, create(" ", &[]), &[])), "invalid");
    assert_eq!(code(w.try_ask(owner, create("Row 4", &[99]), &[])), "not_found");
    let unknown = Control::ChangeGroup { group: GroupId(9), name: "Row 9".into(), devices: Vec::new(), version: None };
    assert_eq!(code(w.try_ask(owner, Action::Control(unknown), &[])), "not_found");
    let many = Control::CreateGroup { name: "Many".into(), devices: vec![DeviceId(1); 10_001] };
    assert_eq!(code(w.try_ask(owner, Action::Control(many), &[])), "out_of_range");
    for number in 1..MAX_GROUPS {
        w.ask(owner, create(&format!("Set {number}"), &[1]), &[]);
    }
    assert_eq!(code(w.try_ask(owner, create("One more", &[1]), &[])), "invalid");
    w.ask(owner, change(&[1]), &[]);
}

#[test]
fn a_change_of_what_somebody_saw_is_not_made_to_what_it_has_become() {
    let (mut w, _) = world(Role::Viewer);
    let owner = w.owner;
    let changed = |version| {
        let (name, devices) = ("Row 3".to_owned(), ids(&[4]));
        Action::Control(Control::ChangeGroup { group: GROUP, name, devices, version: Some(version) })
    };
    w.ask(owner, changed(1), &[]);
    assert_eq!(w.state.group(GROUP).unwrap().version, 2);
    let why = w.try_ask(owner, changed(1), &[]).unwrap_err();
    assert_eq!((why.code(), why.status()), ("precondition_failed", 412));
    let delete = Control::DeleteGroup { group: GROUP, version: Some(1) };
    assert_eq!(code(w.try_ask(owner, Action::Control(delete), &[])), "precondition_failed");
}
