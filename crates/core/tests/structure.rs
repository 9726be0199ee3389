//! Sites, agents, scan tasks, containers and sub-accounts: made, changed, taken away.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Node, Role, Scope},
    command::{Command, Reply},
    fleet::{AgentMode, Operation, PowerMode},
    ids::{AgentId, ContainerId, DeviceId, ScanTaskId, SiteId, SubAccountId, UserId},
    rejection::Rejection,
    requests::{Action, Control, NewGrant, Passwords, Refusal, RequestState},
    state::{Seen, Thing},
};
use support::{AGENT, SITE, World, miner, mode, restart_workers};

const TASK: ScanTaskId = ScanTaskId(1);

fn try_control(w: &mut World, user: UserId, control: Control) -> Result<(), Rejection> {
    w.try_ask(user, Action::Control(control), &[]).map(drop)
}

fn control(w: &mut World, control: Control) {
    let owner = w.owner;
    let id = w.ask(owner, Action::Control(control), &[]);
    assert_eq!(w.state_of(id), RequestState::Executed);
}

fn refused(w: &mut World, control: Control) -> Rejection {
    let owner = w.owner;
    try_control(w, owner, control).unwrap_err()
}

fn second_site(w: &mut World) -> (SiteId, AgentId) {
    control(w, Control::CreateSite { name: "Sur".into(), capacity_w: None });
    control(w, Control::CreateAgent { site: SiteId(2), name: "south".into(), token_hash: "ef".repeat(32) });
    (SiteId(2), AgentId(2))
}

fn remove_site(site: SiteId, name: &str) -> Control {
    Control::RemoveSite { site, name: name.into() }
}

fn scan(agent: AgentId, ranges: &[&str]) -> Control {
    let ranges = ranges.iter().map(|range| (*range).to_owned()).collect();
    Control::CreateScanTask {
        agent,
        name: "more".into(),
        ranges,
        interval_s: 60,
        credentials: None,
        passwords_to_unknown: false,
    }
}

fn change_scan(ranges: &[&str], passwords: Passwords) -> Control {
    let ranges = ranges.iter().map(|range| (*range).to_owned()).collect();
    let name = "all".into();
    Control::ChangeScanTask {
        scan_task: TASK,
        name,
        ranges,
        interval_s: 900,
        enabled: false,
        passwords_to_unknown: false,
        passwords,
    }
}

#[test]
fn a_site_goes_with_everything_on_it_once_its_name_is_typed_and_nothing_is_open() {
    let mut w = World::new(2);
    let owner = w.owner;
    let actor = w.actor(owner);
    w.run(&actor, Command::CreateContainer { site: SITE, name: "C-1".into() }).unwrap();
    control(&mut w, Control::ChangeSite { site: SITE, name: "Norte II".into(), capacity_w: Some(5) });
    assert_eq!(w.state.site(SITE).unwrap().capacity_w, Some(5));

    assert!(matches!(refused(&mut w, remove_site(SITE, "Norte")), Rejection::Invalid { field: "name", .. }));
    let open = w.ask(owner, Action::Device(Operation::Reboot {}), &[1]);
    assert_eq!(refused(&mut w, remove_site(SITE, "Norte II")), Rejection::SiteBusy);
    w.finish(open, adit_core::fleet::Ending::Verified);
    w.run(
        &actor,
        Command::PutDraft { site: SITE, action: Action::Device(Operation::Reboot {}), targets: vec![DeviceId(2)] },
    )
    .unwrap();

    control(&mut w, remove_site(SITE, "Norte II"));
    assert!(w.state.site(SITE).is_none() && w.state.sites_of(w.account).next().is_none());
    assert!(w.state.agent(AGENT).is_none() && w.state.agent_ever(AGENT).unwrap().public_key.is_none());
    assert!(w.state.container(ContainerId(1)).is_none() && w.state.scan_task(TASK).is_none());
    assert!(w.state.device(DeviceId(1)).is_none() && w.state.devices().next().is_none());
    assert!(w.state.draft(owner, SITE).is_none());
    assert_eq!(w.state.site_ever(SITE).unwrap().name, "Norte II");
    let reboot = w.try_ask(owner, Action::Device(Operation::Reboot {}), &[1]);
    assert_eq!(reboot, Err(Rejection::NotFound { what: "device" }));

    // The name is free again, the numbers are not; what is found again is another device.
    control(&mut w, Control::CreateSite { name: "Norte II".into(), capacity_w: None });
    let (site, token_hash) = (SiteId(2), "ef".repeat(32));
    assert_eq!(w.state.site(site).unwrap().name, "Norte II");
    control(&mut w, Control::CreateAgent { site, name: "north".into(), token_hash: token_hash.clone() });
    control(&mut w, scan(AgentId(2), &["10.0.0.0/24"]));
    w.system(Command::EnrolAgent { token_hash, public_key: "cd".repeat(32) });
    w.system(Command::ReportDevices {
        agent: AgentId(2),
        scan_task: ScanTaskId(2),
        devices: vec![miner(1)],
        heard: Default::default(),
    });
    assert_eq!(w.state.devices().map(|device| device.id).collect::<Vec<_>>(), [DeviceId(3)]);
}

#[test]
fn a_revoked_agent_is_nobody_and_its_devices_wait_for_another() {
    let mut w = World::new(1);
    let change = |name: &str, paused| Control::ChangeAgent {
        agent: AGENT,
        name: name.into(),
        mode: AgentMode::MonitoringOnly,
        paused,
    };
    control(&mut w, change("hall", true));
    let agent = w.state.agent(AGENT).unwrap();
    assert_eq!((agent.name.as_str(), agent.mode, agent.paused), ("hall", AgentMode::MonitoringOnly, true));
    control(&mut w, change("hall", false));
    let token_hash = "ef".repeat(32);
    control(&mut w, Control::CreateAgent { site: SITE, name: "other".into(), token_hash: token_hash.clone() });
    assert!(matches!(refused(&mut w, change("other", false)), Rejection::AlreadyExists { .. }));

    control(&mut w, Control::RevokeAgent { agent: AgentId(2) });
    let enrolment = Command::EnrolAgent { token_hash, public_key: "ab".repeat(32) };
    let system = adit_core::authz::Actor::system(w.account);
    assert!(matches!(w.run(&system, enrolment), Err(Rejection::NotFound { .. })));
    control(&mut w, Control::RevokeAgent { agent: AGENT });
    assert!(w.state.agent(AGENT).is_none() && w.state.scan_task(TASK).is_none());
    assert_eq!(w.state.device(DeviceId(1)).unwrap().agent, AGENT);
    let report =
        Command::ReportDevices { agent: AGENT, scan_task: TASK, devices: vec![miner(2)], heard: Default::default() };
    assert!(matches!(w.run(&system, report), Err(Rejection::NotFound { .. })));
    assert_eq!(refused(&mut w, Control::RevokeAgent { agent: AGENT }), Rejection::NotFound { what: "agent" });
}

#[test]
fn ranges_are_read_and_two_tasks_of_a_site_do_not_share_addresses() {
    let mut w = World::new(0);
    let (_, south) = second_site(&mut w);
    for (ranges, hint) in [
        (vec!["10.1.0.0/33"], "10.0.0.0/24"),
        (vec!["miners.example"], "10.0.0.0/24"),
        (vec!["10.1.0.9-3"], "ends before it begins"),
        (vec!["10.0.0.0/8"], "split it"),
        (vec![], "1 to 256 ranges"),
        (vec!["10.0.0.200-10.0.1.5"], "10.0.0.200-10.0.0.255 is searched by scan task all (scan-1) already"),
    ] {
        let problem = refused(&mut w, scan(AGENT, &ranges));
        assert!(problem.to_string().contains(hint), "{ranges:?}: {problem}");
        assert_eq!(problem.status(), 422);
    }
    control(&mut w, scan(south, &["10.0.0.0/24"]));
    control(&mut w, scan(AGENT, &["10.0.1.0/24", "10.0.2.7"]));
    // What it covers itself is no reason against a change.
    control(&mut w, change_scan(&["10.0.0.0/25"], Passwords::Keep));
    let task = w.state.scan_task(TASK).unwrap();
    assert_eq!((task.ranges[0].as_str(), task.interval_s, task.enabled), ("10.0.0.0/25", 900, false));
    control(&mut w, Control::RemoveScanTask { scan_task: TASK });
    control(&mut w, scan(AGENT, &["10.0.0.128-255"]));
}

#[test]
fn a_reference_to_passwords_is_good_for_one_task() {
    let mut w = World::new(0);
    let (_, south) = second_site(&mut w);
    let reference = "ab".repeat(16);
    control(&mut w, change_scan(&["10.0.0.0/24"], Passwords::Sealed(reference.clone())));
    let kept = |w: &World| w.state.scan_task(TASK).unwrap().credentials.clone();
    assert_eq!(kept(&w), Some(reference.clone()));
    control(&mut w, change_scan(&["10.0.0.0/24"], Passwords::Keep));
    assert_eq!(kept(&w), Some(reference.clone()));
    let mut stolen = scan(south, &["10.0.0.0/24"]);
    if let Control::CreateScanTask { credentials, .. } = &mut stolen {
        *credentials = Some(reference);
    }
    assert!(matches!(refused(&mut w, stolen), Rejection::Invalid { field: "credentials", .. }));
    let mut named = scan(south, &["10.0.0.0/24"]);
    if let Control::CreateScanTask { credentials, .. } = &mut named {
        *credentials = Some("../server-key".into());
    }
    assert!(matches!(refused(&mut w, named), Rejection::Invalid { field: "credentials", .. }));
    control(&mut w, change_scan(&["10.0.0.0/24"], Passwords::None));
    assert_eq!(kept(&w), None);
}

#[test]
fn what_devices_stand_in_or_belong_to_is_not_taken_away() {
    let mut w = World::new(1);
    let owner = w.owner;
    let actor = w.actor(owner);
    let run = |w: &mut World, command| w.run(&actor, command);
    let (container, sub_account) = (ContainerId(1), SubAccountId(1));
    run(&mut w, Command::CreateContainer { site: SITE, name: "C-1".into() }).unwrap();
    run(&mut w, Command::CreateContainer { site: SITE, name: "C-2".into() }).unwrap();
    run(&mut w, Command::CreateSubAccount { name: "hosting".into() }).unwrap();
    let taken = run(&mut w, Command::RenameContainer { container, name: "C-2".into() });
    assert!(matches!(taken, Err(Rejection::AlreadyExists { .. })));
    let renamed = run(&mut w, Command::RenameContainer { container, name: "C-10".into() });
    assert_eq!(renamed, Ok(Reply::Container(container)));
    run(&mut w, Command::RenameSubAccount { sub_account, name: "hosting".into() }).unwrap();

    let devices = vec![DeviceId(1)];
    control(&mut w, Control::PlaceDevices { devices: devices.clone(), container: Some(container) });
    control(&mut w, Control::AssignDevices { devices: devices.clone(), sub_account: Some(sub_account) });
    let full = run(&mut w, Command::RemoveContainer { container }).unwrap_err();
    assert_eq!(full.to_string(), "the container still has 1 device: move them first");
    assert_eq!(refused(&mut w, Control::RemoveSubAccount { sub_account }).code(), "not_empty");
    control(&mut w, Control::PlaceDevices { devices: devices.clone(), container: None });
    control(&mut w, Control::AssignDevices { devices, sub_account: None });
    run(&mut w, Command::RemoveContainer { container }).unwrap();
    control(&mut w, Control::RemoveSubAccount { sub_account });
    assert!(w.state.container(container).is_none() && w.state.sub_account(sub_account).is_none());
    let again = run(&mut w, Command::CreateSubAccount { name: "hosting".into() });
    assert_eq!(again, Ok(Reply::SubAccount(SubAccountId(2))));
}

#[test]
fn a_site_manager_has_a_say_over_their_own_site_only() {
    let mut w = World::new(0);
    let (site, south) = second_site(&mut w);
    let Reply::User(manager) = w.operator(Command::AddUser) else { unreachable!() };
    let grant = NewGrant::new(manager, Role::SiteManager, Scope::Nodes([Node::Site(SITE)].into()));
    control(&mut w, Control::AddGrant(grant));
    try_control(&mut w, manager, scan(AGENT, &["10.5.0.0/24"])).unwrap();
    try_control(&mut w, manager, change_scan(&["10.0.0.0/24"], Passwords::Keep)).unwrap();
    let change = |agent, name: &str| Control::ChangeAgent {
        agent,
        name: name.into(),
        mode: AgentMode::FullControl,
        paused: false,
    };
    try_control(&mut w, manager, change(AGENT, "n")).unwrap();
    for foreign in [scan(south, &["10.5.0.0/24"]), change(south, "s"), Control::RevokeAgent { agent: south }] {
        assert!(matches!(try_control(&mut w, manager, foreign), Err(Rejection::Denied(_))));
    }
    // Sites are the Owner's and Administrators' to make and unmake.
    assert!(matches!(try_control(&mut w, manager, remove_site(SITE, "Norte")), Err(Rejection::Denied(_))));
    let actor = w.actor(manager);
    let foreign = w.run(&actor, Command::CreateContainer { site, name: "C-1".into() });
    assert_eq!(foreign, Err(Rejection::NotFound { what: "site" }));
}

#[test]
fn nothing_is_made_on_a_frozen_account_nor_on_one_that_is_to_go() {
    let mut w = World::new(0);
    let made = |w: &mut World| {
        let (container, sub_account) = (
            Command::CreateContainer { site: SITE, name: "C-1".into() },
            Command::CreateSubAccount { name: "hosting".into() },
        );
        [container, sub_account].map(|command| {
            let owner = w.actor(w.owner);
            w.run(&owner, command).err().map(|why| why.code())
        })
    };
    control(&mut w, Control::FreezeAccount {});
    assert_eq!(made(&mut w), [Some("frozen"); 2]);
    control(&mut w, Control::UnfreezeAccount {});
    let name = w.state.account(w.account).unwrap().name.clone();
    control(&mut w, Control::DeleteAccount { name });
    assert_eq!(made(&mut w), [Some("deletion_pending"); 2]);
    control(&mut w, Control::KeepAccount {});
    assert_eq!(made(&mut w), [None; 2]);
}

fn set_mode(w: &mut World, mode: AgentMode) {
    control(w, Control::ChangeAgent { agent: AGENT, name: "north".into(), mode, paused: false });
}

#[test]
fn devices_of_an_agent_that_only_watches_are_left_out_before_anybody_approves() {
    let mut w = World::new(3);
    let (owner, sleep) = (w.owner, mode(PowerMode::Sleep));
    set_mode(&mut w, AgentMode::MonitoringOnly);
    let watched = |id| (DeviceId(id), Refusal::NotControlled { agent: AGENT });
    let award = w.state.award(&sleep, &[DeviceId(1), DeviceId(2)], 1, &|_| true);
    assert_eq!((award.refused, award.given.len()), (vec![watched(1), watched(2)], 0));
    let why = w.try_ask(owner, sleep.clone(), &[1, 2]).unwrap_err();
    assert_eq!((why.code(), why.status()), ("not_controlled", 422));
    let why = w.try_ask(owner, restart_workers(), &[]).unwrap_err();
    assert_eq!(why.code(), "no_targets", "it does not restart its workers either");

    let (other, token_hash) = (AgentId(2), "ef".repeat(32));
    control(&mut w, Control::CreateAgent { site: SITE, name: "other".into(), token_hash: token_hash.clone() });
    control(&mut w, scan(other, &["10.0.1.0/24"]));
    w.system(Command::EnrolAgent { token_hash, public_key: "ab".repeat(32) });
    w.system(Command::ReportDevices {
        agent: other,
        scan_task: ScanTaskId(2),
        devices: vec![miner(3)],
        heard: Default::default(),
    });
    let id = w.ask(owner, sleep.clone(), &[1, 3]);
    assert_eq!((w.devices_of(id), w.request(id).refused.to_vec()), (vec![3], vec![watched(1)]));

    set_mode(&mut w, AgentMode::FullControl);
    let id = w.ask(owner, sleep, &[1, 2]);
    assert_eq!(w.devices_of(id), [1, 2]);
    control(&mut w, Control::RevokeAgent { agent: AGENT });
    let why = w.try_ask(owner, Action::Device(Operation::Reboot {}), &[1]).unwrap_err();
    assert_eq!(why.code(), "not_controlled", "nobody reaches it any more");
}

#[test]
fn a_sub_accounts_name_is_five_to_twenty_small_letters_and_digits() {
    let mut w = World::new(0);
    let actor = w.actor(w.owner);
    let twenty_one = "a".repeat(21);
    for name in ["", "abcd", twenty_one.as_str(), "Hosting", "host one", "host-one", "h\u{f6}sting", "hosting\n"] {
        let why = w.run(&actor, Command::CreateSubAccount { name: name.into() }).unwrap_err();
        assert!(matches!(why, Rejection::Invalid { field: "name", .. }), "{name:?}: {why:?}");
    }
    for name in ["abcde", &twenty_one[1..], "12345"] {
        w.run(&actor, Command::CreateSubAccount { name: name.into() }).unwrap();
    }
    let rename = Command::RenameSubAccount { sub_account: SubAccountId(1), name: "Host".into() };
    assert_eq!(w.run(&actor, rename).unwrap_err().status(), 422);
}

#[test]
fn whoever_changes_something_may_say_what_they_have_seen_and_is_refused_if_it_is_not_so_any_more() {
    let mut w = World::new(0);
    let (actor, technician) = (w.actor(w.owner), w.person(Role::Technician));
    let made = w.run(&actor, Command::CreateContainer { site: SITE, name: "C-1".into() });
    let container = ContainerId(1);
    assert_eq!(made, Ok(Reply::Container(container)));
    let thing = Thing::Container(container);
    let tag = |w: &World| w.state.tag_of(thing).unwrap();
    let rename = |tags: &[&str], name: &str| {
        let seen = Seen { thing, tags: tags.iter().map(|tag| (*tag).to_owned()).collect() };
        Command::RenameContainer { container, name: name.into() }.if_seen(Some(seen))
    };
    let first = tag(&w);
    w.run(&actor, rename(&["another", &first], "C-2")).unwrap();
    let second = tag(&w);
    let written = w.log.len();
    assert_eq!(w.run(&actor, rename(&[&first], "C-3")), Err(Rejection::Changed));
    assert_eq!((tag(&w), w.log.len()), (second, written), "nothing has happened");
    let stranger = w.actor(technician);
    assert_eq!(w.run(&stranger, rename(&[&first], "C-3")).unwrap_err().code(), "permission_denied");
    w.run(&actor, rename(&[&tag(&w)], "C-1")).unwrap();
    assert_eq!(tag(&w), first, "it is as it was seen");

    let things = [Thing::Site(SITE), Thing::Agent(AGENT), Thing::ScanTask(TASK)];
    let before = things.map(|thing| w.state.tag_of(thing).unwrap());
    control(&mut w, Control::ChangeSite { site: SITE, name: "Norte".into(), capacity_w: Some(5) });
    set_mode(&mut w, AgentMode::MonitoringOnly);
    control(&mut w, change_scan(&["10.0.0.0/24"], Passwords::Keep));
    let after = things.map(|thing| w.state.tag_of(thing).unwrap());
    assert!(before.iter().zip(&after).all(|(before, after)| before != after && after.len() == 16));
    assert_eq!(w.state.tag_of(Thing::SubAccount(SubAccountId(9))), None);
}
