//! Edge cases of quorums, counts and membership, by the numbers of the design.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Node, Permission, Place, Role, Scope},
    command::{Command, Reply},
    event::Event,
    fleet::PowerMode,
    ids::{GrantId, SiteId, UserId},
    rejection::Rejection,
    requests::{Action, Control, Decision, NewGrant, PolicyChange, RequestState, Scenario},
    state::State,
    time::Millis,
};
use support::{SITE, World, mode, restart_workers};

fn stranger(w: &mut World) -> UserId {
    let Reply::User(user) = w.operator(Command::AddUser) else { unreachable!() };
    user
}

fn add(user: UserId, role: Role) -> Action {
    Action::Control(Control::AddGrant(NewGrant::new(user, role, Scope::All)))
}

fn set(changes: &[(Scenario, u32)]) -> Action {
    let change = |(scenario, required): &(Scenario, u32)| PolicyChange {
        scenario: *scenario,
        required: *required,
        required_other: 0,
    };
    Action::Control(Control::SetPolicies { changes: changes.iter().map(change).collect() })
}

fn grant_of(w: &World, user: UserId) -> GrantId {
    w.state.grants_of(w.account).find(|grant| grant.user == user).unwrap().id
}

#[test]
fn e01_a_new_account_has_one_approver_and_every_count_is_one() {
    let w = World::new(0);
    for scenario in Scenario::ALL {
        assert_eq!(w.state.policy(w.account, *scenario).required, 1);
        assert_eq!(w.state.available(w.account, *scenario), 1, "{}", scenario.name());
    }
}

#[test]
fn e02_e05_e24_the_first_administrator_needs_only_the_owner_and_with_a_count_of_two_both() {
    let mut w = World::new(0);
    let (owner, first, second) = (w.owner, stranger(&mut w), stranger(&mut w));
    let id = w.ask(owner, add(first, Role::Administrator), &[]);
    assert_eq!(w.state_of(id), RequestState::Executed);
    w.set_policy(Scenario::AuthorizationAdd, 2, 0);
    let id = w.ask(owner, add(second, Role::Administrator), &[]);
    assert_eq!(w.state_of(id), RequestState::Pending);
    assert!(w.state.roles_of(w.account, second).is_empty());
    w.vote(first, id, Decision::Approve).unwrap();
    let both = [first, second].map(|user| w.state.roles_of(w.account, user));
    assert!(both.iter().all(|roles| *roles == [Role::Administrator]));
}

#[test]
fn e06_e07_editing_counts_is_protected_itself_and_one_such_request_is_open_at_a_time() {
    let mut w = World::new(0);
    let owner = w.owner;
    w.person(Role::Administrator);
    w.set_policy(Scenario::ApprovalConfigUpdate, 2, 0);
    let id = w.ask(owner, set(&[(Scenario::AuthorizationAdd, 2)]), &[]);
    assert_eq!(w.state_of(id), RequestState::Pending);
    let refused = w.try_ask(owner, set(&[(Scenario::FleetLed, 1)]), &[]).unwrap_err();
    assert_eq!(refused, Rejection::PendingExists { request: id });
}

#[test]
fn e11_e12_what_waits_keeps_the_higher_of_the_counts_then_and_now() {
    let mut w = World::new(1);
    let people: Vec<_> = (0..3).map(|_| w.person(Role::OperationsManager)).collect();
    w.set_policy(Scenario::FleetMode, 2, 0);
    let id = w.ask(people[0], mode(PowerMode::Low), &[1]);
    w.set_policy(Scenario::FleetMode, 3, 0);
    w.vote(people[1], id, Decision::Approve).unwrap();
    assert_eq!(w.state_of(id), RequestState::Pending, "raised meanwhile");
    w.set_policy(Scenario::FleetMode, 1, 0);
    assert_eq!(w.state.policy(w.account, Scenario::FleetMode).required, 1);
    assert_eq!(w.state_of(id), RequestState::Executing, "never below what it was made with");

    w.set_policy(Scenario::FleetLed, 3, 0);
    let led = Action::Device(adit_core::fleet::Operation::Locate { on: true });
    let id = w.ask(people[0], led, &[1]);
    w.set_policy(Scenario::FleetLed, 1, 0);
    assert_eq!((w.state_of(id), w.state.tally(w.request(id), w.now).required), (RequestState::Pending, 3));
}

#[test]
fn e14_of_two_edits_in_one_request_both_are_made_or_neither() {
    let mut w = World::new(0);
    let owner = w.owner;
    w.person(Role::Administrator);
    let both = set(&[(Scenario::AuthorizationAdd, 2), (Scenario::AuthorizationRemove, 3)]);
    assert_eq!(w.try_ask(owner, both, &[]).unwrap_err().code(), "out_of_range");
    assert_eq!(w.state.policy(w.account, Scenario::AuthorizationAdd).required, 1);
    let twice = set(&[(Scenario::AuthorizationAdd, 2), (Scenario::AuthorizationAdd, 1)]);
    assert_eq!(w.try_ask(owner, twice, &[]).unwrap_err().code(), "invalid");
}

#[test]
fn e18_who_leaves_the_directory_cannot_be_kept_and_what_cannot_be_approved_any_more_ends() {
    let mut w = World::new(0);
    let (owner, user) = (w.owner, stranger(&mut w));
    let administrator = w.person(Role::Administrator);
    w.set_policy(Scenario::AuthorizationAdd, 2, 0);
    let id = w.ask(owner, add(user, Role::Viewer), &[]);
    w.operator(Command::RemoveUser { user: administrator });
    assert_eq!(w.state_of(id), RequestState::Invalidated);
    assert_eq!(w.request(id).state_reason.as_deref(), Some("unsatisfiable"));
    let said = |entry: &adit_core::event::Entry| matches!(&entry.event, Event::GovernanceDegraded { scenarios, .. } if scenarios == &[Scenario::AuthorizationAdd]);
    assert!(w.log.iter().any(said));
}

#[test]
fn e20_a_vote_that_stops_counting_takes_the_approval_back() {
    let mut w = World::new(1);
    let owner = w.owner;
    let [operator, one, two] =
        [w.person(Role::OperationsManager), w.person(Role::SiteManager), w.person(Role::SiteManager)];
    let id = w.ask(operator, restart_workers(), &[]);
    w.ask(owner, Action::Control(Control::FreezeAccount {}), &[]);
    w.vote(one, id, Decision::Approve).unwrap();
    assert_eq!(w.state_of(id), RequestState::Approved);
    w.ask(owner, Action::Control(Control::SuspendUser { user: one }), &[]);
    assert_eq!(w.state_of(id), RequestState::Pending);
    w.vote(two, id, Decision::Approve).unwrap();
    assert_eq!(w.state_of(id), RequestState::Approved);
}

#[test]
fn e31_e33_who_is_limited_to_a_site_votes_on_what_lies_there_and_sees_no_other() {
    let mut w = World::new(1);
    let (owner, limited) = (w.owner, stranger(&mut w));
    let operator = w.person(Role::OperationsManager);
    w.person(Role::SiteManager);
    let scope = Scope::Nodes([Node::Site(SiteId(2))].into());
    w.ask(owner, Action::Control(Control::CreateSite { name: "Sur".into(), capacity_w: None }), &[]);
    let grant = NewGrant::new(limited, Role::SiteManager, scope);
    w.ask(owner, Action::Control(Control::AddGrant(grant)), &[]);
    let id = w.ask(operator, restart_workers(), &[]);
    assert_eq!(w.vote(limited, id, Decision::Approve).unwrap_err().code(), "not_an_approver");
    w.ask(owner, Action::Control(Control::CreateSite { name: "Este".into(), capacity_w: None }), &[]);
    let rights = w.state.rights_of_user(w.account, limited);
    let sees = |site| rights.allow(Permission::DeviceList, &Place::site(site), w.now);
    assert_eq!([sees(SITE), sees(SiteId(2)), sees(SiteId(3))], [false, true, false]);
}

#[test]
fn e32_the_whole_account_is_also_what_comes_later() {
    let mut w = World::new(0);
    let owner = w.owner;
    let viewer = w.person(Role::Viewer);
    w.ask(owner, Action::Control(Control::CreateSite { name: "Sur".into(), capacity_w: None }), &[]);
    let rights = w.state.rights_of_user(w.account, viewer);
    assert!(rights.allow(Permission::DeviceList, &Place::site(SiteId(2)), w.now));
}

#[test]
fn e38_e42_e43_the_initiator_counts_once_and_so_does_everybody() {
    let mut w = World::new(1);
    let people: Vec<_> = (0..3).map(|_| w.person(Role::OperationsManager)).collect();
    w.set_policy(Scenario::FleetMode, 3, 0);
    let id = w.ask(people[0], mode(PowerMode::Low), &[1]);
    let have = |w: &World| w.state.tally(w.request(id), w.now).approvals.len();
    assert_eq!(have(&w), 1);
    for _ in 0..2 {
        w.vote(people[0], id, Decision::Approve).unwrap();
        assert_eq!(have(&w), 1, "e42");
    }
    for _ in 0..2 {
        w.vote(people[1], id, Decision::Approve).unwrap();
        assert_eq!(have(&w), 2, "e43");
    }
    w.vote(people[2], id, Decision::Approve).unwrap();
    assert_eq!(w.state_of(id), RequestState::Executing, "e38");
}

#[test]
fn e39_who_is_no_approver_waits_for_one() {
    let mut w = World::new(1);
    let engineer = w.person(Role::Engineer);
    let mut miner = support::miner(1);
    miner.supports.push(adit_core::fleet::OpKind::SetPools);
    let devices = vec![miner];
    w.system(Command::ReportDevices { agent: support::AGENT, scan_task: adit_core::ids::ScanTaskId(1), devices });
    let pools = vec![adit_core::fleet::Pool { url: "stratum+tcp://pool.test:3333".into(), user: "norte".into() }];
    let id = w.ask(engineer, Action::Device(adit_core::fleet::Operation::SetPools { pools }), &[1]);
    assert_eq!(w.state_of(id), RequestState::Pending);
    w.vote(w.owner, id, Decision::Approve).unwrap();
    assert_eq!(w.state_of(id), RequestState::Executing);
}

#[test]
fn e46_one_rejection_ends_it_whoever_has_approved() {
    let mut w = World::new(1);
    let people: Vec<_> = (0..5).map(|_| w.person(Role::OperationsManager)).collect();
    w.set_policy(Scenario::FleetMode, 3, 0);
    let id = w.ask(people[0], mode(PowerMode::Low), &[1]);
    w.vote(people[1], id, Decision::Approve).unwrap();
    w.vote(people[2], id, Decision::Reject).unwrap();
    assert_eq!(w.state_of(id), RequestState::Rejected);
}

#[test]
fn e65_e74_a_request_is_worth_nothing_without_its_initiator() {
    let mut w = World::new(1);
    let owner = w.owner;
    let [one, two, manager] =
        [w.person(Role::OperationsManager), w.person(Role::OperationsManager), w.person(Role::SiteManager)];
    w.set_policy(Scenario::FleetMode, 2, 0);
    let low = w.ask(one, mode(PowerMode::Low), &[1]);
    let restart = w.ask(two, restart_workers(), &[]);
    let grant = grant_of(&w, one);
    w.ask(owner, Action::Control(Control::RemoveGrant { grant }), &[]);
    w.operator(Command::RemoveUser { user: two });
    for id in [low, restart] {
        assert_eq!(w.state_of(id), RequestState::Invalidated);
        assert_eq!(w.request(id).state_reason.as_deref(), Some("initiator_unauthorized"));
        assert_eq!(w.vote(manager, id, Decision::Approve).unwrap_err().code(), "invalid_state");
    }
}

#[test]
fn counts_are_changed_by_one_request_at_a_time_also_together_with_a_removal() {
    let mut w = World::new(0);
    let owner = w.owner;
    let [leaving, staying] = [w.person(Role::Administrator), w.person(Role::Administrator)];
    w.set_policy(Scenario::AuthorizationRemove, 2, 0);
    let changes = vec![PolicyChange { scenario: Scenario::FleetLed, required: 2, required_other: 0 }];
    let bundled = w.ask(owner, Action::Control(Control::RemoveUser { user: leaving, changes }), &[]);
    let refused = w.try_ask(owner, set(&[(Scenario::FleetLed, 2)]), &[]).unwrap_err();
    assert_eq!(refused.code(), "pending_exists", "counts are changed by one request at a time");
    w.vote(staying, bundled, Decision::Approve).unwrap();
    assert_eq!(w.state_of(bundled), RequestState::Executed);
    assert_eq!(w.state.policy(w.account, Scenario::FleetLed).required, 2);
}

#[test]
fn e72_a_payload_that_was_tampered_with_is_not_carried_out() {
    let mut w = World::new(2);
    let [operator, manager] = [w.person(Role::OperationsManager), w.person(Role::SiteManager)];
    w.set_policy(Scenario::FleetMode, 2, 0);
    let id = w.ask(operator, mode(PowerMode::Low), &[1]);
    let stored = serde_json::to_string(&w.state).unwrap();
    let forged = stored
        .replace(r#""params":{"mode":"low"},"targets":["dev-1"]"#, r#""params":{"mode":"high"},"targets":["dev-1"]"#);
    assert_ne!(stored, forged);
    w.state = serde_json::from_str::<State>(&forged).unwrap().restored();
    w.vote(manager, id, Decision::Approve).unwrap();
    assert_eq!(w.state_of(id), RequestState::Invalidated);
    assert_eq!(w.request(id).state_reason.as_deref(), Some("integrity"));
}

#[test]
fn a_request_that_waits_too_long_after_its_approval_expires() {
    let mut w = World::new(1);
    let [operator, manager, owner] = [w.person(Role::OperationsManager), w.person(Role::SiteManager), w.owner];
    let id = w.ask(operator, restart_workers(), &[]);
    w.ask(owner, Action::Control(Control::FreezeAccount {}), &[]);
    w.vote(manager, id, Decision::Approve).unwrap();
    w.tick_after(Millis::minutes(15));
    assert_eq!(w.state_of(id), RequestState::Expired);
}
