//! Whoever approves sees what is approved: whatever field of a payload is changed, its rendering is another one.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

#[path = "support/payloads.rs"]
mod payloads;
mod support;

use adit_core::{
    accounts::{Recipient, Share},
    authz::{ApiAccess, Permission, Role, RoleId, Scope},
    command::{Command, Submission},
    fleet::{FoundDevice, OpKind, Operation, Pool, PoolUser, PowerMode, SecretRef, Setting, Worker},
    ids::{DeviceId, ScanTaskId, SubAccountId},
    requests::{
        Action, Control, GrantChange, NewGrant, Outlook, Request, RequestState, Scenario, Target,
        rendering::{Caution, Field, Mark, ObjectRef, Old, Renderer, Row, Value, Weight},
    },
    state::State,
    time::Millis,
};
use payloads::{actions, flips, payload, waiting};
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use support::World;

fn world() -> World {
    let mut w = World::new(5);
    w.person(Role::Administrator);
    w.person(Role::Technician);
    w
}

/// What the devices are set to: two for the farm, one for somebody else, of the others nobody knows.
fn settings(device: DeviceId) -> Option<Setting> {
    let pools = |user: &str| {
        Setting::pools::<SecretRef>(&[Pool {
            url: "stratum+tcp://pool.example:3333".into(),
            user: user.into(),
            password: None,
        }])
    };
    match device.0 {
        1 | 2 => Some(pools("farm.rig")),
        3 => Some(pools("other")),
        4 => Some(Setting::PowerMode(PowerMode::Low)),
        _ => None,
    }
}

fn rows(state: &State, request: &Request) -> Vec<Row> {
    Renderer::new(state, false).with_settings(&settings).of_request(request)
}

#[test]
fn each_field_of_each_payload_changes_its_rendering() {
    let w = world();
    let mut runner = TestRunner::deterministic();
    for (strategy, is_of_it) in actions() {
        let strategy = payload(strategy);
        let mut flipped = 0;
        for _ in 0..24 {
            let mut draw = || strategy.new_tree(&mut runner).unwrap().current();
            let (one, other) = (draw(), draw());
            assert!(is_of_it(&one.action), "{one:?}");
            let rendered = rows(&w.state, &waiting(one.clone()));
            for (path, flip) in flips(&one, &other) {
                flipped += 1;
                let flip_rendered = rows(&w.state, &waiting(flip.clone()));
                assert_ne!(rendered, flip_rendered, "{path} of {one:?}\nis not seen in {flip:?}");
            }
        }
        assert!(flipped > 24 * 5, "only {flipped} ways to change it");
    }
}

#[test]
fn what_is_seen_before_it_is_asked_for_says_every_parameter_too() {
    let w = world();
    let mut runner = TestRunner::deterministic();
    for (strategy, _) in actions() {
        let strategy = payload(strategy);
        let (one, other) = (strategy.new_tree(&mut runner).unwrap(), strategy.new_tree(&mut runner).unwrap());
        let of = |payload: &adit_core::requests::Payload| {
            let renderer = Renderer::new(&w.state, false).with_settings(&settings);
            renderer.of_action(payload.account, &payload.action, &payload.targets)
        };
        let (one, other) = (one.current(), other.current());
        for (path, flip) in flips(&one, &other) {
            if path.starts_with("/params") || path.starts_with("/targets") {
                assert_ne!(of(&one), of(&flip), "{path} of {one:?}");
            }
        }
    }
}

fn set_pools(user: &str) -> Action {
    Action::Device(Operation::SetPools {
        pools: vec![Pool { url: "stratum+tcp://pool.example:3333".into(), user: user.into(), password: None }],
    })
}

fn preview(action: &Action, devices: &[u32], settings: &dyn Fn(DeviceId) -> Option<Setting>) -> Vec<Row> {
    let targets: Vec<_> = devices.iter().map(|device| Target::Device(DeviceId(*device))).collect();
    let w = World::new(1);
    Renderer::new(&w.state, false).with_settings(settings).of_action(w.account, action, &targets)
}

fn cautions(rows: &[Row]) -> Vec<(Caution, u32)> {
    rows.iter().filter_map(|row| Some((row.caution?, row.devices))).collect()
}

#[test]
fn the_same_pools_for_another_account_come_first_and_are_said_aloud() {
    let all = preview(&set_pools("thief.rig"), &[1, 2, 3], &settings);
    let user = |account: &str, worker: Worker| Value::PoolUser(PoolUser { account: account.into(), worker });
    let first = &all[0];
    assert_eq!((first.field, first.weight, first.devices), (Field::PoolUser, Weight::Money, 2));
    assert_eq!(first.old, Old::Known(user("farm", Worker::One("rig".into()))));
    assert_eq!(first.new, user("thief", Worker::One("rig".into())));
    assert_eq!(cautions(&all), [(Caution::AnotherAccount, 2), (Caution::AnotherAccount, 1)]);
    let url = all.iter().find(|row| row.field == Field::PoolUrl).unwrap();
    assert_eq!((url.weight, url.devices), (Weight::Same, 3));
}

#[test]
fn a_password_is_told_of_each_pool_and_never_shown() {
    let pool = |password: Option<u128>| Pool {
        url: "stratum+tcp://pool.example:3333".into(),
        user: "farm.rig".into(),
        password: password.map(SecretRef::new),
    };
    let told = |passwords: [Option<u128>; 2]| {
        let action = Action::Device(Operation::SetPools { pools: passwords.map(pool).into() });
        let rows = preview(&action, &[1], &settings).into_iter().filter(|row| row.field == Field::PoolPassword);
        rows.inspect(|row| assert_eq!((&row.old, row.weight), (&Old::Unknown, Weight::Change)))
            .map(|row| (row.of, row.new))
            .collect::<Vec<_>>()
    };
    let secret = |number| Value::Secret(Mark::of(SecretRef::new(number).digits()));
    assert_eq!(told([None, None]), [(None, Value::Overwritten)]);
    let of = |slot| Some(ObjectRef::Pool(slot));
    assert_eq!(told([None, Some(7)]), [(of(1), Value::Overwritten), (of(2), secret(7))]);
    assert_eq!(told([Some(8), Some(7)]), [(of(1), secret(8)), (of(2), secret(7))]);
}

#[test]
fn one_device_among_many_that_would_pay_somebody_else_is_enough() {
    let all = preview(&set_pools("farm.rig"), &[1, 2, 3], &settings);
    assert_eq!(cautions(&all), [(Caution::AnotherAccount, 1)]);
    assert_eq!(all[0].old, Old::Known(Value::PoolUser(PoolUser::of("other"))));
    let same = all.iter().find(|row| row.field == Field::PoolUser && row.weight == Weight::Same).unwrap();
    assert_eq!(same.devices, 2);
}

#[test]
fn what_nobody_knows_is_never_the_same() {
    let all = preview(&set_pools("farm.rig"), &[1, 9], &settings);
    assert_eq!(cautions(&all), [(Caution::AccountUnknown, 1), (Caution::PoolUnknown, 1)]);
    assert!(all.iter().all(|row| row.old != Old::Unknown || row.weight != Weight::Same));
    let silent = |_: DeviceId| {
        Some(Setting::pools::<SecretRef>(&[Pool {
            url: "stratum+tcp://pool.example:3333".into(),
            user: String::new(),
            password: None,
        }]))
    };
    assert_eq!(cautions(&preview(&set_pools("farm.rig"), &[1], &silent)), [(Caution::AccountUnknown, 1)]);
    // Of the password, which cannot be read, nobody can say that it stays.
    let password = all.iter().find(|row| row.field == Field::PoolPassword).unwrap();
    assert_eq!((&password.old, password.weight), (&Old::Unknown, Weight::Change));
}

#[test]
fn worker_names_are_told_together_and_accounts_apart() {
    let named = |device: DeviceId| {
        let user = if device.0.is_multiple_of(2) { format!("farm.{device}") } else { format!("sub.{device}") };
        Some(Setting::pools::<SecretRef>(&[Pool {
            url: "stratum+tcp://pool.example:3333".into(),
            user,
            password: None,
        }]))
    };
    let devices: Vec<_> = (1..=200).collect();
    let all = preview(&set_pools("farm.rig"), &devices, &named);
    assert_eq!(cautions(&all), [(Caution::AnotherAccount, 100), (Caution::AnotherWorker, 100)]);
    let several = PoolUser { account: "farm".into(), worker: Worker::Several };
    assert!(all.iter().any(|row| row.old == Old::Known(Value::PoolUser(several.clone()))));
    // Accounts beyond the ones that are told apart are still said to change.
    let each = |device: DeviceId| {
        Some(Setting::pools::<SecretRef>(&[Pool {
            url: "stratum+tcp://pool.example:3333".into(),
            user: format!("a{device}"),
            password: None,
        }]))
    };
    let all = preview(&set_pools("farm.rig"), &devices, &each);
    let told: u32 = cautions(&all).iter().map(|(_, devices)| devices).sum();
    assert_eq!((told, cautions(&all).len()), (200, 21));
}

#[test]
fn another_pool_is_said_aloud_and_how_it_is_spoken_to_is_not() {
    let to = |url: &str| {
        let pools = vec![Pool { url: url.into(), user: "farm.rig".into(), password: None }];
        cautions(&preview(&Action::Device(Operation::SetPools { pools }), &[1], &settings))
    };
    assert_eq!(to("stratum+tcp://thief.example:3333"), [(Caution::AnotherPool, 1)]);
    assert_eq!(to("stratum+ssl://POOL.example:3333"), []);
}

#[test]
fn a_request_that_has_ended_still_says_from_what() {
    let mut w = world();
    let owner = w.owner;
    w.ask(
        owner,
        Action::Control(Control::ChangeSite { site: support::SITE, name: "Sur".into(), capacity_w: Some(5) }),
        &[],
    );
    let last = w.state.requests().last().unwrap();
    let all = rows(&w.state, last);
    let of = |field| {
        let row = all.iter().find(|row| row.field == field).unwrap();
        (row.old.clone(), row.new.clone())
    };
    assert!(last.state.is_terminal());
    let text = |text: &str| Value::Text(text.into());
    assert_eq!(of(Field::Name), (Old::Known(text("Norte")), text("Sur")));
    assert_eq!(of(Field::Capacity), (Old::Known(Value::Nothing), Value::Watts(5)));
}

#[test]
fn what_devices_were_set_to_is_told_when_they_have_changed() {
    let mut w = World::new(3);
    let operator = w.person(Role::OperationsManager);
    w.person(Role::Administrator);
    w.set_policy(Scenario::FleetPoolChange, 2, 1);
    let devices = (1..=3).map(|number| {
        let miner = support::miner(number);
        FoundDevice { supports: vec![OpKind::SetPools], ..miner }
    });
    let (devices, heard) = (devices.collect(), std::collections::BTreeSet::new());
    let found = Command::ReportDevices { agent: support::AGENT, scan_task: ScanTaskId(1), devices, heard };
    w.system(found);
    let estimates = (1..=2).map(|n| {
        let setting = settings(DeviceId(1 + 2 * (n - 1)));
        (DeviceId(n), Outlook { setting, ..Outlook::default() })
    });
    let submission = Submission {
        id: w.new_id(),
        action: set_pools("thief.rig"),
        targets: (1..=3).map(DeviceId).collect(),
        estimates: estimates.collect(),
        reason: None,
        idempotency_key: None,
    };
    let (id, actor) = (submission.id, w.actor(operator));
    w.run(&actor, Command::Submit(submission)).unwrap();
    // Without what devices say now, as in a letter.
    let told = Renderer::new(&w.state, false).of_request(w.request(id));
    assert_eq!(
        cautions(&told)[..3],
        [(Caution::AnotherAccount, 1), (Caution::AnotherAccount, 1), (Caution::AccountUnknown, 1)]
    );
}

#[test]
fn money_that_goes_elsewhere_is_said_aloud_and_hidden_from_whom_addresses_are() {
    let w = world();
    let to = |recipient| Share { recipient, basis_points: 5_000 };
    let shares = vec![to(Recipient::Wallet {}), to(Recipient::Address { address: "bc1qthief".into() })];
    let action = Action::Control(Control::SetAllocation { sub_account: SubAccountId(1), shares });
    let rows = Renderer::new(&w.state, false).of_action(w.account, &action, &[]);
    let of = |row: &Row| (row.of.clone(), row.caution);
    let address = ObjectRef::Recipient(Recipient::Address { address: "bc1qthief".into() });
    assert!(rows.iter().map(of).any(|of| of == (Some(address.clone()), Some(Caution::MoneyElsewhere))));
    assert!(rows.iter().map(of).any(|of| of == (Some(ObjectRef::Recipient(Recipient::Wallet {})), None)));
}

#[test]
fn what_was_said_aloud_of_money_is_said_of_the_request_for_ever() {
    let mut w = world();
    let (owner, account) = (w.owner, w.account);
    for name in ["hosting", "reserve"] {
        let create = Command::CreateSubAccount { name: name.into() };
        w.run(&w.actor(owner), create).unwrap();
    }
    let shares = [Recipient::Wallet {}, Recipient::SubAccount { sub_account: SubAccountId(2) }];
    let shares = shares.map(|recipient| Share { recipient, basis_points: 5_000 }).to_vec();
    let action = Action::Control(Control::SetAllocation { sub_account: SubAccountId(1), shares });
    let before = Renderer::new(&w.state, false).of_action(account, &action, &[]);
    let id = w.ask(owner, action, &[]);
    assert!(w.state_of(id).is_terminal());
    let mut after = rows(&w.state, w.request(id));
    after.retain(|row| row.weight != Weight::Context);
    assert_eq!(after, before);
    assert_eq!(cautions(&after), [(Caution::MoneyElsewhere, 0)]);
}

#[test]
fn a_grant_that_changes_names_each_of_its_parts() {
    let w = world();
    let person = w.state.people_of(w.account).last().unwrap();
    let grant = w.state.grants_of(w.account).find(|grant| grant.user == person).unwrap().clone();
    let change = GrantChange {
        grant: grant.id,
        role: Role::SiteManager.into(),
        scope: Scope::All,
        expires_at: None,
        remark: Some("night".into()),
        api_access: grant.api_access,
    };
    let action = Action::Control(Control::ChangeGrant(change));
    let rows = Renderer::new(&w.state, false).of_action(w.account, &action, &[]);
    let weight = |field| rows.iter().find(|row| row.field == field).unwrap().weight;
    assert_eq!([Field::Role, Field::Remark].map(weight), [Weight::Change; 2]);
    assert_eq!([Field::Scope, Field::Ends, Field::ApiAccess].map(weight), [Weight::Same; 3]);
}

/// A role of the account's own says nothing by its name: wherever one is given, what it holds is shown.
#[test]
fn a_role_of_the_accounts_own_is_shown_with_what_it_holds() {
    let w = furnished();
    let own = w.state.custom_roles_of(w.account).next().unwrap();
    let role = RoleId::Custom(own.id);
    let user = w.state.people_of(w.account).last().unwrap();
    let held = w.state.grants_of(w.account).find(|grant| grant.user == user).unwrap().id;
    let change = GrantChange {
        grant: held,
        role,
        scope: Scope::All,
        expires_at: None,
        remark: None,
        api_access: ApiAccess::None,
    };
    for control in [
        Control::AddGrant(NewGrant { role, ..NewGrant::new(user, Role::Viewer, Scope::All) }),
        Control::ChangeGrant(change),
        Control::TransferOwnership { to: user, then: role },
    ] {
        let rows = Renderer::new(&w.state, false).of_action(w.account, &Action::Control(control.clone()), &[]);
        let shown = rows.iter().find(|row| row.field == Field::Permissions);
        let shown = shown.unwrap_or_else(|| panic!("{control:?}"));
        assert_eq!(
            (&shown.new, &shown.of),
            (&Value::Permissions(own.permissions.clone()), &Some(ObjectRef::Role(role)))
        );
    }
}

#[test]
fn a_sub_account_goes_with_its_wallet_and_its_shares() {
    let mut w = furnished();
    let (owner, sub_account) = (w.owner, SubAccountId(1));
    let address = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa".to_owned();
    let id = w.ask(owner, Action::Control(Control::SetWallet { sub_account, address: address.clone() }), &[]);
    w.tick_after(Millis::hours(24));
    assert_eq!(w.state_of(id), RequestState::Executed);
    let action = Action::Control(Control::RemoveSubAccount { sub_account });
    for (hides, shown) in [(false, address.clone()), (true, adit_core::accounts::address::masked(&address))] {
        let rows = Renderer::new(&w.state, hides).of_action(w.account, &action, &[]);
        let wallet = rows.iter().find(|row| row.field == Field::Address).unwrap();
        assert_eq!((&wallet.old, &wallet.new), (&Old::Known(Value::Address(shown)), &Value::Gone));
        assert_eq!((wallet.weight, wallet.caution), (Weight::Money, None), "it pays nobody else");
    }
}

/// A company with two of most things.
fn furnished() -> World {
    let mut w = world();
    let (owner, actor) = (w.owner, w.actor(w.owner));
    let control = |w: &mut World, control| w.ask(owner, Action::Control(control), &[]);
    control(&mut w, Control::CreateSite { name: "Sur".into(), capacity_w: Some(9) });
    for name in ["C-1", "C-2"] {
        w.run(&actor, Command::CreateContainer { site: support::SITE, name: name.into() }).unwrap();
    }
    for name in ["hosting", "reserve"] {
        w.run(&actor, Command::CreateSubAccount { name: name.into() }).unwrap();
    }
    for (name, devices) in [("Row", vec![DeviceId(1), DeviceId(2)]), ("Rack", vec![])] {
        control(&mut w, Control::CreateGroup { name: name.into(), devices });
    }
    for name in ["Helpers", "Guests"] {
        let permissions = [Permission::DeviceList, Permission::DeviceView].into();
        control(&mut w, Control::CreateRole { name: name.into(), permissions });
    }
    w.person(Role::Viewer);
    w
}

/// What was shown to who decided is shown of it afterwards, though the account has changed by it and since; names too.
#[test]
fn what_was_shown_before_is_shown_of_it_for_ever() {
    let mut runner = TestRunner::deterministic();
    let (mut kinds, furnished) = (0, furnished());
    for (strategy, _) in actions() {
        let mut executed = false;
        for _ in 0..20 {
            let action = strategy.new_tree(&mut runner).unwrap().current();
            let Action::Control(_) = action else { break };
            let mut w = furnished.clone();
            let owner = w.owner;
            let before = Renderer::new(&w.state, false).of_action(w.account, &action, &[]);
            let names: Vec<_> = before.iter().filter_map(|row| row.of.as_ref()).map(|of| w.state.name_of(of)).collect();
            let title = w.state.title_of(&action);
            let Ok(id) = w.try_ask(owner, action, &[]) else { continue };
            executed |= w.state_of(id) == RequestState::Executed;
            let rename = Control::ChangeSite { site: support::SITE, name: "Renamed".into(), capacity_w: None };
            let _ = w.try_ask(owner, Action::Control(rename), &[]);
            let asked = w.request(id);
            for renderer in [Renderer::new(&w.state, false), Renderer::new(&w.state, false).as_asked()] {
                if !asked.state.is_terminal() {
                    continue;
                }
                let mut after = renderer.of_request(asked);
                after.retain(|row| row.weight != Weight::Context || row.field == Field::SeenVersion);
                let sorted = |rows: &[Row]| {
                    let mut rows: Vec<_> = rows.iter().map(|row| format!("{row:?}")).collect();
                    rows.sort();
                    rows
                };
                assert_eq!(sorted(&after), sorted(&before), "{:?}", asked.payload.action);
                assert_eq!(asked.shown.title.as_deref(), Some(title.as_str()));
                let called = |of: &ObjectRef| {
                    asked.shown.names.iter().find(|(known, _)| known == of).map(|(_, name)| name.clone())
                };
                let now: Vec<_> = before.iter().filter_map(|row| row.of.as_ref()).map(called).collect();
                assert_eq!(now, names);
            }
        }
        kinds += u32::from(executed);
    }
    assert!(kinds >= 18, "only {kinds} kinds of actions were carried out");
}
