//! Who may not is told what is missing, where, where they have it, and who can give it; nothing that they may not know.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Denied, Node, Permission, Place, Role, Scope},
    command::{Command, Reply},
    fleet::Operation,
    ids::{AgentId, DeviceId, SiteId, UserId},
    rejection::{Giving, Rejection},
    requests::{Action, Control, NewGrant},
};
use support::{SITE, World, miner};

const SUR: SiteId = SiteId(2);

/// A second site with a device on it, the third, that the actors below do not see unless they are given it.
fn world() -> World {
    let mut w = World::new(2);
    let owner = w.owner;
    let control = |w: &mut World, control| w.ask(owner, Action::Control(control), &[]);
    control(&mut w, Control::CreateSite { name: "Sur".into(), capacity_w: None });
    let token_hash = "ef".repeat(32);
    control(&mut w, Control::CreateAgent { site: SUR, name: "south".into(), token_hash: token_hash.clone() });
    let ranges = vec!["10.1.0.0/24".into()];
    let agent = AgentId(2);
    let task = Control::CreateScanTask {
        agent,
        name: "all".into(),
        ranges,
        interval_s: 60,
        credentials: None,
        passwords_to_unknown: false,
    };
    control(&mut w, task);
    w.system(Command::EnrolAgent { token_hash, public_key: "cd".repeat(32) });
    let scan_task = adit_core::ids::ScanTaskId(2);
    w.system(Command::ReportDevices { agent, scan_task, devices: vec![miner(3)], heard: Default::default() });
    w
}

fn limited(w: &mut World, roles: &[(Role, SiteId)]) -> UserId {
    let Reply::User(user) = w.operator(Command::AddUser) else { unreachable!() };
    let owner = w.owner;
    for (role, site) in roles {
        let grant = NewGrant::new(user, *role, Scope::Nodes([Node::Site(*site)].into()));
        w.ask(owner, Action::Control(Control::AddGrant(grant)), &[]);
    }
    user
}

fn denied(why: Rejection) -> Denied {
    match why {
        Rejection::Denied(denied) => *denied,
        other => panic!("{other:?}"),
    }
}

fn reboot() -> Action {
    Action::Device(Operation::Reboot {})
}

#[test]
fn whoever_lacks_it_altogether_is_told_who_has_it_and_who_gives_it() {
    let mut w = world();
    let viewer = limited(&mut w, &[(Role::Viewer, SITE)]);
    let why = denied(w.try_ask(viewer, reboot(), &[1]).unwrap_err());
    assert_eq!(
        (why.permission, why.held.len(), why.needed.as_deref()),
        (Permission::DeviceReboot, 0, Some("site Norte"))
    );
    assert_eq!((why.givers.as_slice(), why.people.as_slice()), (&["Owner"][..], &[][..]), "they may not see people");
    let said = why.to_string();
    for part in ["you may not reboot devices (device.reboot) for site Norte", "Technician", "Ask Owner", "People"] {
        assert!(said.contains(part), "{part} in {said}");
    }
}

#[test]
fn a_holder_limited_by_scope_is_told_so() {
    let mut w = world();
    let user = limited(&mut w, &[(Role::Technician, SITE), (Role::Viewer, SUR)]);
    let why = denied(w.try_ask(user, reboot(), &[1, 3]).unwrap_err());
    assert_eq!((why.held.as_slice(), why.needed.as_deref()), (&["site Norte".to_owned()][..], Some("site Sur")));
    let said = why.to_string();
    assert!(
        said.starts_with("you may reboot devices (device.reboot) for site Norte, not for site Sur: ask Owner"),
        "{said}"
    );
    let rename = Control::ChangeSite { site: SUR, name: "South".into(), capacity_w: None };
    let manager = limited(&mut w, &[(Role::SiteManager, SITE)]);
    let why = denied(w.try_ask(manager, Action::Control(rename), &[]).unwrap_err());
    assert_eq!(why.needed, None, "a site that they do not see is not named: {why}");
}

#[test]
fn whoever_sees_people_is_told_who_of_them_can_give_it() {
    let mut w = world();
    let auditor = w.person(Role::Auditor);
    let why = denied(w.try_ask(auditor, reboot(), &[1]).unwrap_err());
    assert_eq!(why.people, [w.owner], "{why:?}");
}

#[test]
fn what_only_the_owner_may_is_no_role_to_ask_for() {
    let mut w = world();
    let administrator = w.person(Role::Administrator);
    let why = w.state.denied(&w.actor(administrator), Permission::GovernanceRecover, None, w.now).to_string();
    assert!(why.ends_with("only the Owner may. Ask them to do it"), "{why}");
}

#[test]
fn every_permission_is_named_in_words_and_somebody_can_give_it() {
    let mut w = world();
    let viewer = w.person(Role::Viewer);
    for permission in Permission::all() {
        let why = w.state.denied(&w.actor(viewer), permission, Some(&Place::ACCOUNT), w.now);
        let said = why.to_string();
        assert!(said.contains(permission.words()) && said.contains(permission.name()), "{said}");
        assert!(!why.givers.is_empty(), "{said}");
    }
}

/// Whoever moves devices to where somebody has a role gives that role over them.
#[test]
fn a_move_that_would_give_more_than_the_mover_holds_says_that_it_is_the_move() {
    let mut w = world();
    let owner = w.owner;
    let create = Command::CreateContainer { site: SITE, name: "C-1".into() };
    w.run(&w.actor(owner), create).unwrap();
    let container = w.state.containers_of(w.account).last().unwrap().id;
    let Reply::User(inside) = w.operator(Command::AddUser) else { unreachable!() };
    let grant = NewGrant::new(inside, Role::Engineer, Scope::Nodes([Node::Container(container)].into()));
    w.ask(owner, Action::Control(Control::AddGrant(grant)), &[]);
    let movers = Permission::all().filter(|p| matches!(p, Permission::DeviceMove | Permission::DeviceList)).collect();
    w.ask(owner, Action::Control(Control::CreateRole { name: "Movers".into(), permissions: movers }), &[]);
    let role = adit_core::authz::RoleId::Custom(w.state.custom_roles_of(w.account).last().unwrap().id);
    let Reply::User(mover) = w.operator(Command::AddUser) else { unreachable!() };
    let grant = NewGrant { role, ..NewGrant::new(mover, Role::Viewer, Scope::All) };
    w.ask(owner, Action::Control(Control::AddGrant(grant)), &[]);
    let place = Control::PlaceDevices { devices: vec![DeviceId(1)], container: Some(container) };
    let why = w.try_ask(mover, Action::Control(place), &[]).unwrap_err();
    assert!(matches!(why, Rejection::BeyondOwnRights { by: Giving::Moving, .. }), "{why:?}");
    let said = why.to_string();
    assert!(said.starts_with("by this move somebody with a role at the new place could"), "{said}");
}
