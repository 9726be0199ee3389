//! Pool users that are made for each device: what is approved is what each device gets.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Node, Role, Scope},
    command::{Command, Reply, Submission},
    fleet::{DeviceIdentity, Ending, FoundDevice, OpKind, Operation, Order, Pool, Setting, TemplateField},
    ids::{ContainerId, DeviceId, GroupId, RequestId, ScanTaskId, SubAccountId, UserId},
    rejection::Rejection,
    requests::{
        Action, Control, Decision, ItemState, NewGrant, Outlook, Refusal, RequestState, Scenario,
        rendering::{Caution, Field, Old, Renderer, Row, Value, Weight},
    },
};
use proptest::{collection::vec, prelude::*, sample::select};
use support::World;

const MINERS: u32 = 5;

fn pool(user: &str) -> Pool {
    Pool { url: "stratum+tcp://pool.example:3333".into(), user: user.into(), password: None }
}

fn set_pools(users: &[&str]) -> Action {
    Action::Device(Operation::SetPools { pools: users.iter().copied().map(pool).collect() })
}

/// The last has no serial number; it stands in no container and belongs to nobody.
fn found(number: u32) -> FoundDevice {
    let miner = support::miner(number);
    let serial = (number < MINERS).then(|| format!("SN{number:03}"));
    let identity = DeviceIdentity { serial, ..miner.identity };
    FoundDevice { identity, ip: [10, 1, 7, number as u8].into(), supports: vec![OpKind::SetPools], ..miner }
}

fn report(w: &mut World, devices: Vec<FoundDevice>) {
    let heard = Default::default();
    w.system(Command::ReportDevices { agent: support::AGENT, scan_task: ScanTaskId(1), devices, heard });
}

struct Mine {
    w: World,
    operator: UserId,
    approver: UserId,
}

/// Changes of pools take a second person. Four miners stand in a container and belong to a sub-account, the last does not.
fn mine() -> Mine {
    let mut w = World::new(MINERS);
    let (owner, all) = (w.owner, (1..MINERS).map(DeviceId).collect::<Vec<_>>());
    let operator = w.person(Role::OperationsManager);
    let approver = w.person(Role::Administrator);
    report(&mut w, (1..=MINERS).map(found).collect());
    let actor = w.actor(owner);
    w.run(&actor, Command::CreateContainer { site: support::SITE, name: "C-1".into() }).unwrap();
    w.run(&actor, Command::CreateSubAccount { name: "hosting".into() }).unwrap();
    let placed = Control::PlaceDevices { devices: all.clone(), container: Some(ContainerId(1)) };
    w.ask(owner, Action::Control(placed), &[]);
    let assigned = Control::AssignDevices { devices: all, sub_account: Some(SubAccountId(1)) };
    w.ask(owner, Action::Control(assigned), &[]);
    w.set_policy(Scenario::FleetPoolChange, 1, 1);
    Mine { w, operator, approver }
}

/// Somebody with a role on the first group.
fn on_group(w: &mut World, role: Role) -> UserId {
    let Reply::User(user) = w.operator(Command::AddUser) else { unreachable!() };
    let grant = NewGrant::new(user, role, Scope::Nodes([Node::Group(GroupId(1))].into()));
    w.ask(w.owner, Action::Control(Control::AddGrant(grant)), &[]);
    user
}

/// What the agent is told, by device.
fn told(w: &World, id: RequestId) -> Vec<(DeviceId, Vec<String>)> {
    let users = |order| match order {
        Order::Device { device, operation: Operation::SetPools { pools } } => {
            (device, pools.into_iter().map(|pool| pool.user).collect())
        }
        other => panic!("{other:?}"),
    };
    w.state.open_work(id).into_iter().map(|work| users(work.spend().0)).collect()
}

fn shown(w: &World, id: RequestId) -> Vec<Row> {
    Renderer::new(&w.state, false).of_request(w.request(id))
}

/// Users as whoever approves sees them, of the first pool.
fn seen(rows: &[Row]) -> Vec<(DeviceId, Option<String>, Option<String>)> {
    let mut all: Vec<_> = rows
        .iter()
        .filter(|row| row.field == Field::PoolUser)
        .filter_map(|row| if let Value::PoolUsers(list) = &row.new { Some(&list.first) } else { None })
        .flatten()
        .map(|user| (user.device, user.old.clone(), user.new.clone()))
        .collect();
    all.sort();
    all
}

#[test]
fn every_name_stands_for_what_is_known_of_the_device() {
    let Mine { mut w, operator, approver } = mine();
    let all = "{name}-{ip}-{ip3}-{ip4}-{mac}-{serial}-{position}-{sub_account}";
    let id = w.ask(operator, set_pools(&[all, "farm.rig"]), &[2]);
    w.vote(approver, id, Decision::Approve).unwrap();
    let users = ["dev-2-10.1.7.2-7-2-020000000002-SN002-C-1-hosting", "farm.rig"].map(str::to_owned);
    assert_eq!(told(&w, id), [(DeviceId(2), users.to_vec())]);
}

#[test]
fn what_is_no_name_is_refused_and_a_device_that_lacks_a_value_is_left_out() {
    let Mine { mut w, operator, .. } = mine();
    for bad in ["farm.{serail}", "farm.{name", "farm.}", "farm.{}"] {
        let Err(Rejection::Invalid { field, problem }) = w.try_ask(operator, set_pools(&[bad]), &[1]) else {
            panic!("{bad} is taken");
        };
        assert_eq!(field, "pools");
        assert!(TemplateField::ALL.iter().all(|field| problem.contains(&format!("{{{}}}", field.name()))), "{problem}");
    }
    for (field, user) in [
        (TemplateField::Serial, "farm.{serial}"),
        (TemplateField::Position, "farm.{position}"),
        (TemplateField::SubAccount, "{sub_account}.{name}"),
    ] {
        let id = w.ask(operator, set_pools(&[user]), &[1, MINERS]);
        assert_eq!(w.devices_of(id), [1], "{user}");
        assert_eq!(*w.request(id).refused, [(DeviceId(MINERS), Refusal::NoValue { name: field })]);
        let Err(Rejection::Invalid { problem, .. }) = w.try_ask(operator, set_pools(&[user]), &[MINERS]) else {
            panic!("{user} is taken");
        };
        assert!(problem.contains(field.means()), "{problem}");
    }
}

#[test]
fn a_user_that_pools_and_miners_do_not_take_is_left_out() {
    let Mine { mut w, operator, .. } = mine();
    let odd = |number: u32, serial: &str| {
        let miner = found(number);
        FoundDevice { identity: DeviceIdentity { serial: Some(serial.into()), ..miner.identity }, ..miner }
    };
    report(&mut w, vec![odd(1, "SN,1"), odd(2, "SN 2"), odd(3, "S{ip}"), odd(4, &"S".repeat(64))]);
    let long = format!("{}{{serial}}", "f".repeat(100));
    let id = w.ask(operator, set_pools(&["farm.{serial}"]), &[1, 2, 3, 4]);
    assert_eq!(w.devices_of(id), [4]);
    let refused: Vec<_> = [1, 2, 3].map(|n| (DeviceId(n), Refusal::UnfitUser)).to_vec();
    assert_eq!(w.request(id).refused.to_vec(), refused);
    assert_eq!(w.try_ask(operator, set_pools(&[&long]), &[4]).unwrap_err().code(), "invalid");
}

/// Whoever does not see a sub-account or container as a whole does not learn what it is called.
#[test]
fn a_name_out_of_sight_is_no_name() {
    let Mine { mut w, approver, .. } = mine();
    let owner = w.owner;
    w.ask(owner, Action::Control(Control::CreateGroup { name: "Row".into(), devices: vec![DeviceId(1)] }), &[]);
    let helper = on_group(&mut w, Role::OperationsManager);
    for user in ["farm.{position}", "{sub_account}.{name}"] {
        assert_eq!(w.try_ask(helper, set_pools(&[user]), &[1]).unwrap_err().code(), "invalid", "{user}");
    }
    let id = w.ask(helper, set_pools(&["farm.{serial}"]), &[1]);
    w.vote(approver, id, Decision::Approve).unwrap();
    assert_eq!(told(&w, id), [(DeviceId(1), vec!["farm.SN001".into()])]);
}

#[test]
fn a_device_whose_name_would_be_another_by_now_is_left_alone() {
    for what in ["address", "serial", "sub-account", "container", "nothing"] {
        let Mine { mut w, operator, approver } = mine();
        let owner = w.owner;
        let id = w.ask(operator, set_pools(&["{sub_account}.{ip4}-{serial}-{position}"]), &[1, 2]);
        match what {
            "address" => report(&mut w, vec![FoundDevice { ip: [10, 1, 7, 99].into(), ..found(1) }]),
            "serial" => {
                let identity = DeviceIdentity { serial: Some("SN777".into()), ..found(1).identity };
                report(&mut w, vec![FoundDevice { identity, ..found(1) }]);
            }
            "sub-account" => {
                let away = Control::AssignDevices { devices: vec![DeviceId(1)], sub_account: None };
                w.ask(owner, Action::Control(away), &[]);
            }
            "container" => {
                let away = Control::PlaceDevices { devices: vec![DeviceId(1)], container: None };
                w.ask(owner, Action::Control(away), &[]);
            }
            // Another firmware is no other name.
            _ => report(&mut w, vec![FoundDevice { firmware: "v3".into(), ..found(1) }]),
        }
        w.vote(approver, id, Decision::Approve).unwrap();
        let users = |n: u32| (DeviceId(n), vec![format!("hosting.{n}-SN00{n}-C-1")]);
        if what == "nothing" {
            assert_eq!(told(&w, id), [users(1), users(2)]);
            continue;
        }
        assert_eq!(told(&w, id), [users(2)], "{what}");
        let ItemState::Ended { result, .. } = &w.request(id).items[0] else { panic!("{what}") };
        assert_eq!(result.ending, Ending::Skipped);
        assert!(result.message.as_ref().unwrap().starts_with("stale: {"), "{result:?}");
        w.finish(id, Ending::Verified);
        assert_eq!(w.state_of(id), RequestState::PartiallyExecuted);
    }
}

/// A container that is called otherwise is another position for everything in it.
#[test]
fn a_place_that_is_renamed_makes_its_devices_stale() {
    let Mine { mut w, operator, approver } = mine();
    let id = w.ask(operator, set_pools(&["farm.{position}-{name}"]), &[1, 2]);
    let actor = w.actor(w.owner);
    w.run(&actor, Command::RenameContainer { container: ContainerId(1), name: "C-9".into() }).unwrap();
    let device = w.state.device(DeviceId(1)).unwrap();
    let why = w.state.stale(&w.request(id).payload, 0, device).unwrap();
    assert!(why.starts_with("stale: {position} was C-1 ") && !why.contains("C-9"), "{why}");
    w.vote(approver, id, Decision::Approve).unwrap();
    assert_eq!((told(&w, id), w.state_of(id)), (vec![], RequestState::Failed));
}

fn with_settings(w: &mut World, by: UserId, action: Action, settings: &[(u32, Option<&str>)]) -> RequestId {
    let setting = |(n, user): &(u32, Option<&str>)| {
        let setting = user.map(|user| Setting::pools(&[pool(user)]));
        (DeviceId(*n), Outlook { setting, ..Outlook::default() })
    };
    let submission = Submission {
        id: w.new_id(),
        action,
        targets: settings.iter().map(|(n, _)| DeviceId(*n)).collect(),
        estimates: settings.iter().map(setting).collect(),
        reason: None,
        idempotency_key: None,
    };
    let (id, actor) = (submission.id, w.actor(by));
    w.run(&actor, Command::Submit(submission)).unwrap();
    id
}

#[test]
fn whoever_approves_sees_template_and_each_device_from_and_to() {
    let Mine { mut w, operator, approver } = mine();
    let settings =
        [(1, Some("farm.dev-1")), (2, Some("farm.old2")), (3, Some("farm.old3")), (4, Some("thief.x")), (5, None)];
    let id = with_settings(&mut w, operator, set_pools(&["farm.{name}"]), &settings);
    let expected = |w: &World| {
        let rows = shown(w, id);
        let users: Vec<_> = rows.iter().filter(|row| row.field == Field::PoolUser).collect();
        let said: Vec<_> = users.iter().map(|row| (row.caution, row.weight, row.devices)).collect();
        let money = Weight::Money;
        assert_eq!(
            said,
            [
                (Some(Caution::AnotherAccount), money, 1),
                (Some(Caution::AccountUnknown), money, 1),
                (Some(Caution::AnotherWorker), money, 2),
                (None, Weight::Same, 1),
            ]
        );
        assert!(users.iter().all(|row| matches!(&row.new, Value::PoolUsers(list) if list.template == "farm.{name}")));
        assert!(users.iter().any(|row| row.old == Old::Unknown));
        let text = |text: &str| Some(text.to_owned());
        assert_eq!(
            seen(&rows),
            [
                (DeviceId(1), text("farm.dev-1"), text("farm.dev-1")),
                (DeviceId(2), text("farm.old2"), text("farm.dev-2")),
                (DeviceId(3), text("farm.old3"), text("farm.dev-3")),
                (DeviceId(4), text("thief.x"), text("farm.dev-4")),
                (DeviceId(5), None, text("farm.dev-5")),
            ]
        );
    };
    expected(&w);
    w.vote(approver, id, Decision::Approve).unwrap();
    w.finish(id, Ending::Verified);
    // From what was so when it was asked for, for ever.
    expected(&w);
}

#[test]
fn whoever_sees_a_part_of_a_request_sees_the_users_of_that_part() {
    let Mine { mut w, operator, approver } = mine();
    let id = w.ask(operator, set_pools(&["farm.{serial}"]), &[1, 2, 3]);
    let owner = w.owner;
    w.ask(owner, Action::Control(Control::CreateGroup { name: "Row".into(), devices: vec![DeviceId(3)] }), &[]);
    let viewer = on_group(&mut w, Role::Technician);
    let part = w.state.as_seen(&w.actor(viewer), w.request(id), w.now).unwrap().into_owned();
    assert!(!serde_json::to_string(&*part.payload).unwrap().contains("SN001"));
    let rows = Renderer::new(&w.state, false).of_request(&part);
    assert_eq!(seen(&rows), [(DeviceId(3), None, Some("farm.SN003".into()))]);
    w.vote(approver, id, Decision::Approve).unwrap();
}

#[test]
fn other_spellings_of_a_pool_are_the_same_pool_in_what_is_reviewed() {
    let Mine { mut w, operator, .. } = mine();
    let to =
        |url: &str| Action::Device(Operation::SetPools { pools: vec![Pool { url: url.into(), ..pool("farm.1") }] });
    let mut rows = |url: &str| {
        let id = with_settings(&mut w, operator, to(url), &[(1, Some("farm.1"))]);
        let rows = shown(&w, id);
        rows.into_iter().find(|row| row.field == Field::PoolUrl).map(|row| (row.weight, row.caution)).unwrap()
    };
    for same in
        ["stratum+tcp://POOL.example:3333", "stratum+tcp://pool.example:3333/", "STRATUM+TCP://pool.example:3333"]
    {
        assert_eq!(rows(same), (Weight::Same, None), "{same}");
    }
    assert_eq!(rows("stratum+tcp://pool.example:3334"), (Weight::Money, Some(Caution::AnotherPool)));
    assert_eq!(rows("stratum+ssl://pool.example:3333/"), (Weight::Change, None));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// However a template looks: whoever decides sees for each device the text that its agent is told.
    #[test]
    fn no_template_is_one_text_for_people_and_another_for_agents(
        parts in vec(prop_oneof![
            "[a-zA-Z0-9._-]{0,5}",
            select(TemplateField::ALL.to_vec()).prop_map(|field| format!("{{{}}}", field.name())),
        ], 1..6),
        targets in prop::collection::btree_set(1..=MINERS, 1..5),
    ) {
        let Mine { mut w, operator, approver } = mine();
        let template = format!("f{}", parts.concat());
        let targets: Vec<_> = targets.into_iter().collect();
        let Ok(id) = w.try_ask(operator, set_pools(&[&template]), &targets) else { return Ok(()) };
        let before = shown(&w, id);
        w.vote(approver, id, Decision::Approve).unwrap();
        let mut told: Vec<_> = told(&w, id).into_iter().map(|(device, users)| (device, users[0].clone())).collect();
        told.sort();
        let has_braces = told.iter().any(|(_, user)| user.contains(['{', '}']));
        prop_assert!(!has_braces);
        prop_assert_eq!(told.len(), w.request(id).payload.targets.len());
        if template.contains('{') {
            let seen: Vec<_> = seen(&before).into_iter().map(|(device, _, new)| (device, new.unwrap())).collect();
            prop_assert_eq!(seen, told);
        } else {
            prop_assert!(told.iter().all(|(_, user)| *user == template));
        }
    }
}
