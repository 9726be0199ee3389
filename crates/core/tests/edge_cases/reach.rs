//! One measure of effect: whoever gains, by whatever action, gains it through the approval that gaining takes.

use crate::{
    approve, ask, company, counts, grant_of, local, refused, second_site, stranger,
    support::{SITE, World},
    tally, try_control,
};
use adit_core::{
    authz::{ApiAccess, Node, Permission, Role, RoleId, Scope},
    command::{Command, Reply},
    ids::{ContainerId, DeviceId, GrantId, SubAccountId, UserId},
    requests::{Base, Control, Decision, GrantChange, NewGrant, NewKey, RequestState, Scenario},
    state::Thing,
    time::Millis,
};

fn with_keys(user: UserId) -> Control {
    let new = NewGrant::new(user, Role::Engineer, Scope::All);
    Control::AddGrant(NewGrant { api_access: ApiAccess::ReadWrite, ..new })
}

fn change(grant: GrantId, role: impl Into<RoleId>, scope: Scope) -> Control {
    let (role, api_access) = (role.into(), ApiAccess::None);
    Control::ChangeGrant(GrantChange { grant, role, scope, expires_at: None, remark: None, api_access })
}

fn container(w: &mut World) -> ContainerId {
    let owner = w.actor(w.owner);
    let made = w.run(&owner, Command::CreateContainer { site: SITE, name: "C1".into() });
    let Ok(Reply::Container(container)) = made else { panic!("{made:?}") };
    container
}

fn sub_account(w: &mut World, name: &str) -> SubAccountId {
    let owner = w.actor(w.owner);
    let made = w.run(&owner, Command::CreateSubAccount { name: name.into() });
    let Ok(Reply::SubAccount(sub_account)) = made else { panic!("{made:?}") };
    sub_account
}

fn place(devices: &[u32], container: ContainerId) -> Control {
    let devices = devices.iter().copied().map(DeviceId).collect();
    Control::PlaceDevices { devices, container: Some(container) }
}

fn within(node: Node) -> Scope {
    Scope::Nodes([node].into())
}

fn custom(w: &mut World, name: &str, permissions: &[Permission]) -> RoleId {
    let owner = w.owner;
    ask(w, owner, Control::CreateRole { name: name.into(), permissions: permissions.iter().copied().collect() });
    RoleId::Custom(w.state.custom_roles_of(w.account).last().unwrap().id)
}

#[test]
fn e107_a_grant_with_api_access_takes_what_adding_somebody_takes() {
    let (mut w, [one, two]) = company::<2>();
    let (owner, user) = (w.owner, stranger(&mut w));
    ask(&mut w, owner, counts(Scenario::AuthorizationAdd, 3));
    let id = ask(&mut w, owner, with_keys(user));
    assert_eq!(w.request(id).payload.scenario, Scenario::AuthorizationApiAccess);
    assert_eq!((w.state_of(id), tally(&w, id).required), (RequestState::Pending, 3));
    approve(&mut w, one, id);
    assert_eq!(w.state_of(id), RequestState::Pending);
    approve(&mut w, two, id);
    assert_eq!(w.state_of(id), RequestState::Executed);
    // It is not the way to an ordinary grant with more either.
    let grant = grant_of(&w, user);
    let more = ask(&mut w, owner, change(grant, Role::OperationsManager, Scope::All));
    assert_eq!((w.state_of(more), tally(&w, more).required), (RequestState::Pending, 3));
}

#[test]
fn e107_whatever_gives_rights_takes_what_adding_somebody_takes() {
    let (mut w, [one, _]) = company::<2>();
    let owner = w.owner;
    let night = custom(&mut w, "Night watch", &[Permission::DeviceList]);
    let (viewer, watchman) = (w.person(Role::Viewer), stranger(&mut w));
    ask(&mut w, owner, Control::AddGrant(NewGrant::new(watchman, night, Scope::All)));
    let container = container(&mut w);
    local_to(&mut w, Role::Technician, Node::Container(container));
    let sub_account = sub_account(&mut w, "client1");
    local_to(&mut w, Role::Viewer, Node::SubAccount(sub_account));
    ask(&mut w, owner, Control::CreateGroup { name: "Racks".into(), devices: vec![DeviceId(1)] });
    let group = w.state.groups_of(w.account).next().unwrap().id;
    local_to(&mut w, Role::Viewer, Node::Group(group));
    ask(&mut w, one, Control::SuspendUser { user: viewer });
    ask(&mut w, owner, counts(Scenario::AuthorizationAdd, 2));
    let RoleId::Custom(role) = night else { unreachable!() };
    let permissions = [Permission::DeviceList, Permission::DeviceView].into();
    let gives = [
        Control::UnsuspendUser { user: viewer },
        Control::ChangeRole { role, name: "Night watch".into(), permissions },
        place(&[1], container),
        Control::AssignDevices { devices: vec![DeviceId(2)], sub_account: Some(sub_account) },
        Control::ChangeGroup { group, name: "Racks".into(), devices: vec![DeviceId(1), DeviceId(3)], version: None },
        Control::SetAdministratorsManageUsers { on: true },
    ];
    for control in gives {
        let id = ask(&mut w, owner, control.clone());
        assert_eq!((w.state_of(id), tally(&w, id).required), (RequestState::Pending, 2), "{control:?}");
    }
}

fn local_to(w: &mut World, role: Role, node: Node) -> UserId {
    let (owner, user) = (w.owner, stranger(w));
    ask(w, owner, Control::AddGrant(NewGrant::new(user, role, within(node))));
    user
}

#[test]
fn e108_nobody_places_devices_into_what_they_manage_to_have_them() {
    let (mut w, _) = company::<1>();
    let (owner, container) = (w.owner, container(&mut w));
    let thief = w.person(Role::RepairTechnician);
    let manager = NewGrant::new(thief, Role::OperationsManager, within(Node::Container(container)));
    ask(&mut w, owner, Control::AddGrant(manager));
    let refused = try_control(&mut w, thief, place(&[1, 2], container)).unwrap_err();
    assert_eq!((refused.code(), refused.status()), ("beyond_own_rights", 403));
    // Somebody else's container is no other way: it gives that person what the mover does not hold.
    let friend = local_to(&mut w, Role::Technician, Node::Container(container));
    let mover = w.person(Role::RepairTechnician);
    assert_eq!(try_control(&mut w, mover, place(&[3], container)).unwrap_err().code(), "beyond_own_rights");
    let id = ask(&mut w, owner, place(&[3], container));
    assert_eq!(w.state_of(id), RequestState::Executed);
    let at = w.state.device(DeviceId(3)).unwrap().place();
    assert!(w.state.may(w.account, friend, Permission::DevicePools, &at, w.now));
    // Where nobody has a grant, whoever moves devices goes on moving them alone.
    let back = Control::PlaceDevices { devices: vec![DeviceId(3)], container: None };
    let id = ask(&mut w, mover, back);
    assert_eq!(w.state_of(id), RequestState::Executed);
}

#[test]
fn e109_narrower_is_what_gives_no_permission_and_no_vote() {
    let (mut w, [one]) = company::<1>();
    let (owner, user) = (w.owner, stranger(&mut w));
    let held: Vec<_> = Permission::all().filter(|p| Role::SiteManager.permissions() & p.bit() != 0).collect();
    let like = custom(&mut w, "Like a Site Manager", &held);
    ask(&mut w, owner, counts(Scenario::FleetPoolChange, 2));
    ask(&mut w, owner, Control::AddGrant(NewGrant::new(user, like, Scope::All)));
    let added = w.state.open_requests().next().map(|request| request.id);
    if let Some(id) = added {
        approve(&mut w, one, id);
    }
    let grant = grant_of(&w, user);
    let id = ask(&mut w, owner, change(grant, Role::SiteManager, Scope::All));
    assert_eq!((w.state_of(id), tally(&w, id).required), (RequestState::Pending, 2), "a Site Manager votes on pools");
    assert_eq!(refused(&mut w, user, id, Decision::Approve).code(), "conflict_of_interest");
    approve(&mut w, one, id);
    assert_eq!(w.state_of(id), RequestState::Executed);
    let grant = grant_of(&w, user);
    let down = ask(&mut w, owner, change(grant, Role::Viewer, Scope::All));
    assert_eq!(w.state_of(down), RequestState::Executed, "what only takes needs no more than its own count");
}

#[test]
fn e115_what_was_approved_is_not_carried_out_once_something_it_names_has_changed() {
    let (mut w, [one]) = company::<1>();
    let (owner, user) = (w.owner, stranger(&mut w));
    let night = custom(&mut w, "Night watch", &[Permission::DeviceList]);
    let RoleId::Custom(role) = night else { unreachable!() };
    ask(&mut w, owner, Control::CreateGroup { name: "Racks".into(), devices: vec![DeviceId(1)] });
    let group = w.state.groups_of(w.account).next().unwrap().id;
    ask(&mut w, owner, counts(Scenario::AuthorizationAdd, 2));
    let scope = within(Node::Group(group));
    let of_role = ask(&mut w, owner, Control::AddGrant(NewGrant::new(user, night, Scope::All)));
    let other = stranger(&mut w);
    let of_group = ask(&mut w, owner, Control::AddGrant(NewGrant::new(other, Role::Viewer, scope)));
    assert!(w.request(of_role).payload.base_versions.contains_key(&Base::Thing(Thing::Role(role))));
    let permissions = [Permission::DeviceList, Permission::WalletChange].into();
    ask(&mut w, owner, Control::ChangeRole { role, name: "Night watch".into(), permissions });
    let devices = (1..=8).map(DeviceId).collect();
    ask(&mut w, owner, Control::ChangeGroup { group, name: "Racks".into(), devices, version: None });
    for id in [of_role, of_group] {
        approve(&mut w, one, id);
        assert_eq!(w.state_of(id), RequestState::Invalidated);
        assert_eq!(w.request(id).state_reason.as_deref(), Some("stale_base"));
    }
}

#[test]
fn e115_devices_that_went_elsewhere_meanwhile_are_not_moved_on() {
    let (mut w, [one]) = company::<1>();
    let (owner, container) = (w.owner, container(&mut w));
    ask(&mut w, owner, counts(Scenario::FleetInventory, 2));
    let first = ask(&mut w, owner, place(&[1], container));
    let second = ask(&mut w, owner, place(&[1, 2], container));
    approve(&mut w, one, first);
    approve(&mut w, one, second);
    assert_eq!([first, second].map(|id| w.state_of(id)), [RequestState::Executed, RequestState::Invalidated]);
}

#[test]
fn a_key_under_somebody_elses_grant_is_asked_for_by_who_holds_what_it_may_do() {
    let (mut w, _) = company::<1>();
    let (owner, engineer) = (w.owner, stranger(&mut w));
    ask(&mut w, owner, with_keys(engineer));
    let keys = custom(&mut w, "Keys", &[Permission::ApiKeyManage, Permission::DeviceList]);
    let keeper = stranger(&mut w);
    ask(&mut w, owner, Control::AddGrant(NewGrant::new(keeper, keys, Scope::All)));
    let expires_at = Some(w.now.after(Millis::days(30)));
    let new = NewKey::new(grant_of(&w, engineer), "Bot", ApiAccess::ReadWrite, "ab".repeat(32));
    let key = Control::IssueKey(NewKey { expires_at, ..new });
    assert_eq!(try_control(&mut w, keeper, key.clone()).unwrap_err().code(), "beyond_own_rights");
    ask(&mut w, engineer, key);
}

#[test]
fn whoever_decides_on_a_move_has_a_say_where_the_devices_go() {
    let (mut w, _) = company::<1>();
    let owner = w.owner;
    second_site(&mut w, 9, 1);
    let here = local(&mut w, Role::SiteManager, SITE);
    let container = container(&mut w);
    ask(&mut w, owner, counts(Scenario::FleetInventory, 2));
    let id = ask(&mut w, owner, place(&[1], container));
    approve(&mut w, here, id);
    assert_eq!(w.state_of(id), RequestState::Executed, "both ends are on their site");
}
