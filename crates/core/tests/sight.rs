//! How much of a request is seen by whom: their part of an operation, and of the rest only what is theirs to know.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Node, Role, Scope},
    command::{Command, Reply},
    fleet::{Operation, PowerMode},
    ids::{AgentId, DeviceId, RequestId, ScanTaskId, SiteId, UserId},
    requests::{Action, Control, ItemState, NewGrant, Request, Scenario, Sight, StepKind, Target},
};
use support::{SITE, World, miner, mode};

fn ask(w: &mut World, control: Control) -> RequestId {
    let owner = w.owner;
    w.ask(owner, Action::Control(control), &[])
}

/// Miners 1 to 4 on the first site, 5 and 6 on the second.
fn two_sites() -> World {
    let mut w = World::new(4);
    let (site, agent, token_hash) = (SiteId(2), AgentId(2), "ef".repeat(32));
    ask(&mut w, Control::CreateSite { name: "Sur".into(), capacity_w: None });
    ask(&mut w, Control::CreateAgent { site, name: "south".into(), token_hash: token_hash.clone() });
    let ranges = vec!["10.1.0.0/24".into()];
    ask(
        &mut w,
        Control::CreateScanTask {
            agent,
            name: "all".into(),
            ranges,
            interval_s: 60,
            credentials: None,
            passwords_to_unknown: false,
        },
    );
    w.system(Command::EnrolAgent { token_hash, public_key: "ab".repeat(32) });
    let devices = (5..=6).map(miner).collect();
    w.system(Command::ReportDevices { agent, scan_task: ScanTaskId(2), devices, heard: Default::default() });
    w
}

fn local(w: &mut World, role: Role) -> UserId {
    let Reply::User(user) = w.operator(Command::AddUser) else { unreachable!() };
    let scope = Scope::Nodes([Node::Site(SITE)].into());
    ask(w, Control::AddGrant(NewGrant::new(user, role, scope)));
    user
}

fn sight(w: &World, user: UserId, id: RequestId) -> Sight {
    let sight = w.state.sight(&w.actor(user), w.request(id), w.now);
    assert_eq!(w.state.eyes(&w.actor(user), w.now).see(w.request(id)), sight.is_any());
    sight
}

fn seen(w: &World, user: UserId, id: RequestId) -> Request {
    w.state.as_seen(&w.actor(user), w.request(id), w.now).unwrap().into_owned()
}

fn targets(devices: &[u32]) -> Vec<Target> {
    devices.iter().map(|device| Target::Device(DeviceId(*device))).collect()
}

#[test]
fn of_an_operation_on_two_sites_somebody_of_one_sees_their_part() {
    let mut w = two_sites();
    let (owner, technician) = (w.owner, local(&mut w, Role::Technician));
    w.person(Role::OperationsManager);
    w.person(Role::Administrator);
    w.set_policy(Scenario::FleetMode, 2, 0);
    let first = w.ask(owner, mode(PowerMode::Low), &[1, 2, 5, 6]);
    let second = w.ask(owner, mode(PowerMode::High), &[2, 5]);
    let south = w.ask(owner, mode(PowerMode::Normal), &[6]);
    assert_eq!(sight(&w, technician, first), Sight::Part([0, 1].into()));
    assert_eq!(sight(&w, technician, second), Sight::Part([0].into()));
    assert_eq!(sight(&w, technician, south), Sight::Nothing);
    assert!(w.state.as_seen(&w.actor(technician), w.request(south), w.now).is_none());

    let part = seen(&w, technician, first);
    assert_eq!(part.payload.targets, targets(&[1, 2]));
    assert_eq!(part.items.iter().cloned().collect::<Vec<_>>(), [ItemState::Waiting, ItemState::Dropped { by: second }]);
    assert_eq!((part.estimates.len(), part.open_items, part.effective().count()), (2, 1, 1));
    let lost: Vec<_> = part.steps.iter().filter(|step| matches!(step.what, StepKind::Lost { .. })).collect();
    assert_eq!(lost.iter().map(|step| step.what).collect::<Vec<_>>(), [StepKind::Lost { to: second, targets: 1 }]);
    let part = seen(&w, technician, second);
    assert_eq!(part.took.iter().map(|took| took.devices.clone()).collect::<Vec<_>>(), [vec![DeviceId(2)]]);
    assert!(part.steps.iter().any(|step| step.what == StepKind::Took { from: first, targets: 1 }));
    assert_eq!(part.content_hash, w.request(second).content_hash, "the hash is of the whole");
    assert_eq!(seen(&w, owner, first), *w.request(first));
}

#[test]
fn what_was_asked_for_and_not_given_is_told_of_ones_own_devices_only() {
    let mut w = two_sites();
    let (owner, technician) = (w.owner, local(&mut w, Role::Technician));
    w.person(Role::Administrator);
    w.ask(owner, Action::Device(Operation::Reboot {}), &[1, 5]);
    let id = w.ask(owner, Action::Device(Operation::Pause {}), &[1, 2, 5]);
    assert_eq!((w.request(id).refused.len(), sight(&w, technician, id)), (2, Sight::Whole));
    let refused: Vec<_> = seen(&w, technician, id).refused.iter().map(|(device, _)| *device).collect();
    assert_eq!(refused, [DeviceId(1)]);
}

#[test]
fn of_what_a_request_is_about_only_the_devices_that_somebody_sees_lead_to_it() {
    let mut w = two_sites();
    let (owner, viewer, auditor) = (w.owner, local(&mut w, Role::Viewer), w.person(Role::Auditor));
    let reboot = w.ask(owner, Action::Device(Operation::Reboot {}), &[1, 5]);
    let assign = ask(&mut w, Control::AssignDevices { devices: vec![DeviceId(2), DeviceId(6)], sub_account: None });
    let freeze = ask(&mut w, Control::FreezeAccount {});
    let leads = |w: &World, user, device, id| {
        w.state.eyes(&w.actor(user), w.now).see_on(w.request(id), |one| one == DeviceId(device))
    };
    for (user, device, id, expected) in [
        (viewer, 1, reboot, true),
        (viewer, 5, reboot, false),
        (viewer, 2, reboot, false),
        (auditor, 5, reboot, true),
        (owner, 6, assign, true),
        (owner, 5, assign, false),
        // It is a request that they do not see, although they see the device.
        (viewer, 2, assign, false),
        (owner, 1, freeze, false),
    ] {
        assert_eq!(leads(&w, user, device, id), expected, "{user} {device} {id}");
    }
}

#[test]
fn another_accounts_requests_are_nobodys() {
    let mut w = World::new(1);
    let (owner, viewer) = (w.owner, w.person(Role::Viewer));
    let id = w.ask(owner, mode(PowerMode::Low), &[1]);
    let frozen = ask(&mut w, Control::FreezeAccount {});
    let actor = w.actor(viewer);
    let Reply::Account(other, _) = w.run(&actor, Command::FoundAccount { name: "Mine".into() }).unwrap() else {
        unreachable!()
    };
    for id in [id, frozen] {
        assert_eq!(sight(&w, viewer, id), Sight::Whole);
        let elsewhere = adit_core::authz::Actor { account: other, ..w.actor(viewer) };
        assert_eq!(w.state.sight(&elsewhere, w.request(id), w.now), Sight::Nothing);
        let eyes = w.state.eyes(&elsewhere, w.now);
        assert!(!eyes.see(w.request(id)) && !eyes.see_on(w.request(id), |_| true));
    }
}

#[test]
fn whoever_has_left_sees_nothing_of_what_they_asked_for_or_could_decide() {
    let mut w = World::new(1);
    let (owner, one) = (w.owner, w.person(Role::Administrator));
    w.set_policy(Scenario::AuthorizationSuspend, 1, 0);
    let user = w.person(Role::Viewer);
    let asked = w.ask(one, Action::Control(Control::SuspendUser { user }), &[]);
    let decided = ask(&mut w, Control::UnsuspendUser { user });
    for id in [asked, decided] {
        assert_eq!((sight(&w, one, id), sight(&w, user, id)), (Sight::Whole, Sight::Nothing));
    }
    w.ask(owner, Action::Control(Control::RemoveUser { user: one, changes: Vec::new() }), &[]);
    for id in [asked, decided] {
        assert_eq!(sight(&w, one, id), Sight::Nothing);
    }
}
