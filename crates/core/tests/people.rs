//! Who may give whom what, and what may be taken from whom.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{ApiAccess, Node, Permission, Place, Role, RoleId, Scope},
    command::{Command, Reply},
    fleet::PowerMode,
    ids::{CustomRoleId, GrantId, RequestId, SiteId, UserId},
    rejection::{Instead, Rejection},
    requests::{Action, Control, Decision, GrantChange, NewGrant, PolicyChange, RequestState, Scenario},
    time::Millis,
};
use support::{SITE, World, mode, restart_workers};

fn control(w: &mut World, who: UserId, control: Control) -> Result<RequestId, Rejection> {
    w.try_ask(who, Action::Control(control), &[])
}

/// Asks, and it is done at once.
fn done(w: &mut World, who: UserId, asked: Control) {
    let id = control(w, who, asked).unwrap();
    assert_eq!(w.state_of(id), RequestState::Executed, "{:?}", w.request(id).state_reason);
}

fn stranger(w: &mut World) -> UserId {
    let Reply::User(user) = w.operator(Command::AddUser) else { unreachable!() };
    user
}

fn site() -> Scope {
    Scope::Nodes([Node::Site(SITE)].into())
}

fn grant_of(w: &World, user: UserId) -> GrantId {
    w.state.grants_of(w.account).find(|grant| grant.user == user).unwrap().id
}

fn change(w: &World, user: UserId, role: impl Into<RoleId>, scope: Scope) -> GrantChange {
    let grant = grant_of(w, user);
    GrantChange { grant, role: role.into(), scope, expires_at: None, remark: None, api_access: ApiAccess::None }
}

fn may(w: &World, user: UserId, permission: Permission, place: &Place) -> bool {
    w.state.rights_of_user(w.account, user).allow(permission, place, w.now)
}

/// A role of the account's own, and its id.
fn role(w: &mut World, name: &str, permissions: &[Permission]) -> RoleId {
    let owner = w.owner;
    done(w, owner, Control::CreateRole { name: name.into(), permissions: permissions.iter().copied().collect() });
    RoleId::Custom(w.state.custom_roles_of(w.account).map(|role| role.id).max().unwrap())
}

#[test]
fn a_custom_role_gives_what_it_holds_where_it_is_granted_and_changes_for_everybody() {
    let mut w = World::new(2);
    let (owner, user) = (w.owner, stranger(&mut w));
    let night = role(&mut w, "Night watch", &[Permission::DeviceList, Permission::DeviceLocate]);
    done(&mut w, owner, Control::AddGrant(NewGrant::new(user, night, site())));
    assert_eq!(w.state.role_title(night), "Night watch");
    assert!(may(&w, user, Permission::DeviceLocate, &Place::site(SITE)));
    assert!(!may(&w, user, Permission::DeviceLocate, &Place::site(SiteId(2))));
    assert!(!may(&w, user, Permission::DeviceReboot, &Place::site(SITE)));

    let RoleId::Custom(id) = night else { unreachable!() };
    let permissions = [Permission::DeviceList, Permission::DeviceReboot].into();
    done(&mut w, owner, Control::ChangeRole { role: id, name: "Night shift".into(), permissions });
    assert!(may(&w, user, Permission::DeviceReboot, &Place::site(SITE)));
    assert!(!may(&w, user, Permission::DeviceLocate, &Place::site(SITE)));
    assert_eq!(control(&mut w, owner, Control::DeleteRole { role: id }).unwrap_err().code(), "invalid");
    let grant = grant_of(&w, user);
    done(&mut w, owner, Control::RemoveGrant { grant });
    done(&mut w, owner, Control::DeleteRole { role: id });
    assert_eq!(w.state.custom_roles_of(w.account).count(), 0);
}

#[test]
fn a_role_needs_a_name_of_its_own_and_something_to_hold() {
    let mut w = World::new(1);
    let owner = w.owner;
    role(&mut w, "Night watch", &[Permission::DeviceList]);
    let mut create = |name: &str, permissions: &[Permission]| {
        let permissions = permissions.iter().copied().collect();
        control(&mut w, owner, Control::CreateRole { name: name.into(), permissions }).unwrap_err().code()
    };
    assert_eq!(create("night WATCH", &[Permission::DeviceList]), "already_exists");
    assert_eq!(create("viewer", &[Permission::DeviceList]), "already_exists");
    assert_eq!(create("Day watch", &[]), "invalid");
    assert_eq!(create("", &[Permission::DeviceList]), "invalid");
    let unknown = Control::DeleteRole { role: CustomRoleId(9) };
    assert_eq!(control(&mut w, owner, unknown).unwrap_err().status(), 404);
}

#[test]
fn nobody_makes_or_gives_what_they_do_not_hold_themselves() {
    let mut w = World::new(1);
    let (owner, user) = (w.owner, stranger(&mut w));
    let permissions = [Permission::UserManage, Permission::RoleManage, Permission::DeviceList];
    let people = role(&mut w, "People", &permissions);
    let clerk = stranger(&mut w);
    done(&mut w, owner, Control::AddGrant(NewGrant::new(clerk, people, Scope::All)));

    let technician = Control::AddGrant(NewGrant::new(user, Role::Technician, Scope::All));
    let refused = control(&mut w, clerk, technician).unwrap_err();
    assert_eq!((refused.code(), refused.status()), ("beyond_own_rights", 403));
    let create = |permission| Control::CreateRole { name: "More".into(), permissions: [permission].into() };
    assert_eq!(control(&mut w, clerk, create(Permission::DeviceReboot)).unwrap_err().code(), "beyond_own_rights");
    // What they hold they may ask for; an approver decides.
    let asked = control(&mut w, clerk, create(Permission::DeviceList)).unwrap();
    assert_eq!(w.state_of(asked), RequestState::Pending);
    w.vote(owner, asked, Decision::Approve).unwrap();
    assert_eq!(w.state_of(asked), RequestState::Executed);
    let technician = w.person(Role::Technician);
    let nobody = Control::AddGrant(NewGrant::new(user, Role::Viewer, site()));
    assert_eq!(control(&mut w, technician, nobody).unwrap_err().code(), "permission_denied");
}

#[test]
fn what_they_may_give_is_asked_again_when_it_is_carried_out() {
    let mut w = World::new(1);
    let (owner, user, clerk) = (w.owner, stranger(&mut w), stranger(&mut w));
    let both = [Permission::UserManage, Permission::DeviceList];
    let people = role(&mut w, "People", &both);
    let small = role(&mut w, "Small", &[Permission::DeviceList]);
    done(&mut w, owner, Control::AddGrant(NewGrant::new(clerk, people, Scope::All)));
    let asked = control(&mut w, clerk, Control::AddGrant(NewGrant::new(user, small, Scope::All))).unwrap();
    let RoleId::Custom(role) = people else { unreachable!() };
    let permissions = [Permission::UserManage].into();
    done(&mut w, owner, Control::ChangeRole { role, name: "People".into(), permissions });
    assert_eq!(w.state_of(asked), RequestState::Invalidated);
    assert_eq!(w.request(asked).state_reason.as_deref(), Some("initiator_unauthorized"));
}

#[test]
fn e25_a_grant_of_the_same_role_is_changed_not_doubled_and_rights_add_up() {
    let mut w = World::new(1);
    let (owner, user) = (w.owner, stranger(&mut w));
    done(&mut w, owner, Control::AddGrant(NewGrant::new(user, Role::Viewer, site())));
    let again = Control::AddGrant(NewGrant::new(user, Role::Viewer, Scope::All));
    let refused = control(&mut w, owner, again).unwrap_err();
    assert_eq!(refused.code(), "already_exists");
    assert!(refused.to_string().contains("change that grant"), "{refused}");
    done(&mut w, owner, Control::AddGrant(NewGrant::new(user, Role::Accountant, Scope::All)));
    assert!(may(&w, user, Permission::RevenueView, &Place::ACCOUNT));
    assert_eq!(w.state.roles_of(w.account, user, w.now), [Role::Accountant, Role::Viewer]);
    let nobody = Control::AddGrant(NewGrant::new(UserId(99), Role::Viewer, Scope::All));
    assert_eq!(control(&mut w, owner, nobody).unwrap_err().status(), 404, "e23");
}

#[test]
fn e35_keys_need_the_whole_account_and_are_a_matter_of_their_own() {
    let mut w = World::new(1);
    let (owner, user) = (w.owner, stranger(&mut w));
    let api_access = ApiAccess::ReadWrite;
    let narrow = NewGrant { api_access, ..NewGrant::new(user, Role::Engineer, site()) };
    let refused = control(&mut w, owner, Control::AddGrant(narrow)).unwrap_err();
    assert_eq!((refused.status(), refused.code()), (422, "invalid"));
    let wide = Control::AddGrant(NewGrant { api_access, ..NewGrant::new(user, Role::Engineer, Scope::All) });
    let id = control(&mut w, owner, wide).unwrap();
    assert_eq!(w.request(id).payload.scenario, Scenario::AuthorizationApiAccess);
}

#[test]
fn scopes_name_what_is_there() {
    let mut w = World::new(1);
    let (owner, user) = (w.owner, stranger(&mut w));
    let elsewhere = Node::SubAccount(adit_core::ids::SubAccountId(7));
    for (nodes, status) in [(vec![], 422), (vec![Node::Site(SiteId(9))], 404), (vec![Node::Site(SITE), elsewhere], 404)]
    {
        let scope = Scope::Nodes(nodes.into_iter().collect());
        let grant = Control::AddGrant(NewGrant::new(user, Role::Viewer, scope));
        assert_eq!(control(&mut w, owner, grant).unwrap_err().status(), status);
    }
}

#[test]
fn a_grant_ends_at_its_time_and_is_not_counted_on() {
    let mut w = World::new(1);
    let (owner, user) = (w.owner, stranger(&mut w));
    let end = w.now.after(Millis::hours(1));
    let past = NewGrant { expires_at: Some(w.now), ..NewGrant::new(user, Role::Administrator, Scope::All) };
    assert_eq!(control(&mut w, owner, Control::AddGrant(past)).unwrap_err().code(), "invalid");
    let short = NewGrant { expires_at: Some(end), ..NewGrant::new(user, Role::Administrator, Scope::All) };
    done(&mut w, owner, Control::AddGrant(short));
    assert_eq!(w.state.available(w.account, Scenario::AuthorizationAdd), 1);
    let restart = w.ask(owner, restart_workers(), &[]);
    w.now = end;
    assert!(!may(&w, user, Permission::DeviceList, &Place::ACCOUNT));
    assert_eq!(w.vote(user, restart, Decision::Approve).unwrap_err().status(), 410);
}

#[test]
fn a_changed_grant_is_another_grant_unless_only_its_remark_or_end_changes() {
    let mut w = World::new(1);
    let owner = w.owner;
    let [manager, operator] = [w.person(Role::SiteManager), w.person(Role::OperationsManager)];
    let restart = w.ask(operator, restart_workers(), &[]);
    let noted = GrantChange { remark: Some("nights".into()), ..change(&w, manager, Role::SiteManager, Scope::All) };
    let before = grant_of(&w, manager);
    done(&mut w, owner, Control::ChangeGrant(noted));
    assert_eq!(grant_of(&w, manager), before);
    assert_eq!(w.state.grant(before).unwrap().remark.as_deref(), Some("nights"));
    for role in [Role::Viewer, Role::SiteManager] {
        let change = change(&w, manager, role, Scope::All);
        done(&mut w, owner, Control::ChangeGrant(change));
    }
    assert_ne!(grant_of(&w, manager), before);
    let refused = w.vote(manager, restart, Decision::Approve).unwrap_err();
    assert_eq!(refused.code(), "not_an_approver", "e22: an approver again is a new approver");
}

#[test]
fn promoting_needs_the_highest_count_and_who_gains_has_no_say() {
    let mut w = World::new(1);
    let owner = w.owner;
    let [administrator, viewer] = [w.person(Role::Administrator), w.person(Role::Viewer)];
    w.set_policy(Scenario::AuthorizationRemove, 2, 0);
    let promotion = change(&w, viewer, Role::Administrator, Scope::All);
    let id = control(&mut w, owner, Control::ChangeGrant(promotion)).unwrap();
    assert_eq!((w.state_of(id), w.request(id).required), (RequestState::Pending, 2), "e10");
    assert_eq!(w.vote(viewer, id, Decision::Approve).unwrap_err().code(), "conflict_of_interest", "e56");
    w.vote(administrator, id, Decision::Approve).unwrap();
    assert_eq!(w.state_of(id), RequestState::Executed);
    let demotion = change(&w, viewer, Role::Viewer, Scope::All);
    let id = control(&mut w, owner, Control::ChangeGrant(demotion)).unwrap();
    assert_eq!(w.state_of(id), RequestState::Executed, "taking away needs no more than the scenario asks");
}

/// Whoever may approve by holding the action's permission is an approver too.
#[test]
fn more_operators_are_not_made_by_fewer_people_than_must_approve_operations() {
    let mut w = World::new(1);
    let owner = w.owner;
    w.person(Role::Administrator);
    w.person(Role::OperationsManager);
    w.set_policy(Scenario::FleetMode, 2, 0);
    let user = stranger(&mut w);
    let operator = Control::AddGrant(NewGrant::new(user, Role::OperationsManager, Scope::All));
    let id = control(&mut w, owner, operator).unwrap();
    assert_eq!((w.state_of(id), w.request(id).required), (RequestState::Pending, 2));
    let auditor = stranger(&mut w);
    done(&mut w, owner, Control::AddGrant(NewGrant::new(auditor, Role::Auditor, Scope::All)));
    let night = role(&mut w, "Night watch", &[Permission::DeviceList]);
    let RoleId::Custom(night) = night else { unreachable!() };
    let watchman = stranger(&mut w);
    done(&mut w, owner, Control::AddGrant(NewGrant::new(watchman, RoleId::Custom(night), Scope::All)));
    let permissions = [Permission::DeviceList, Permission::DevicePowerMode].into();
    let widened = Control::ChangeRole { role: night, name: "Night watch".into(), permissions };
    let id = control(&mut w, owner, widened).unwrap();
    assert_eq!((w.state_of(id), w.request(id).required), (RequestState::Pending, 2));
}

/// A count is lowered by as many people as it took, so that one which they could never be is refused.
#[test]
fn r30_a_count_that_those_who_decide_on_the_rules_could_not_lower_again_is_refused() {
    let mut w = World::new(1);
    let owner = w.owner;
    w.person(Role::OperationsManager);
    let two = Control::SetPolicies { changes: vec![PolicyChange::counts(Scenario::FleetMode, 2, 0)] };
    let refused = control(&mut w, owner, two.clone()).unwrap_err();
    assert_eq!(refused, Rejection::CouldNotBeLowered { scenario: Scenario::FleetMode, most: 1 });
    let administrator = w.person(Role::Administrator);
    done(&mut w, owner, two);
    let removal = Control::RemoveUser { user: administrator, changes: Vec::new() };
    assert_eq!(control(&mut w, owner, removal).unwrap_err().code(), "would_lock_out", "nor is one made so afterwards");
    let lower = w.set_policy(Scenario::FleetMode, 1, 0);
    assert_eq!((w.state_of(lower), w.request(lower).required), (RequestState::Pending, 2));
    w.vote(administrator, lower, Decision::Approve).unwrap();
    assert_eq!(w.state_of(lower), RequestState::Executed);
}

#[test]
fn e17_whom_it_takes_from_may_consent_and_not_veto() {
    let mut w = World::new(1);
    let owner = w.owner;
    let administrator = w.person(Role::Administrator);
    w.person(Role::Administrator);
    w.set_policy(Scenario::AuthorizationRemove, 2, 0);
    let removal = Control::RemoveUser { user: administrator, changes: Vec::new() };
    let id = control(&mut w, owner, removal).unwrap();
    assert_eq!(w.vote(administrator, id, Decision::Reject).unwrap_err().code(), "conflict_of_interest");
    assert_eq!(w.state_of(id), RequestState::Pending);
    w.vote(administrator, id, Decision::Approve).unwrap();
    assert_eq!(w.state_of(id), RequestState::Executed);
}

#[test]
fn e15_e16_removal_and_lower_counts_go_together_or_not_at_all() {
    let mut w = World::new(1);
    let owner = w.owner;
    let [one, two] = [w.person(Role::Administrator), w.person(Role::Administrator)];
    w.set_policy(Scenario::AccountUnfreeze, 3, 0);
    let alone = Control::RemoveUser { user: one, changes: Vec::new() };
    let refused = control(&mut w, owner, alone).unwrap_err();
    assert_eq!(
        refused,
        Rejection::WouldLockOut { scenarios: vec![Scenario::AccountUnfreeze], instead: Instead::LowerToo }
    );
    let changes = vec![PolicyChange::counts(Scenario::AccountUnfreeze, 2, 0)];
    let id = control(&mut w, owner, Control::RemoveUser { user: one, changes }).unwrap();
    assert_eq!(w.request(id).required, 3);
    for user in [one, two] {
        assert_eq!(w.state_of(id), RequestState::Pending);
        w.vote(user, id, Decision::Approve).unwrap();
    }
    assert_eq!(w.state_of(id), RequestState::Executed);
    assert_eq!(w.state.policy(w.account, Scenario::AccountUnfreeze).required, 2);
    assert!(w.state.roles_of(w.account, one, w.now).is_empty());
}

#[test]
fn e26_the_owner_is_out_of_reach() {
    let mut w = World::new(1);
    let owner = w.owner;
    let administrator = w.person(Role::Administrator);
    let grant = grant_of(&w, owner);
    let demotion = change(&w, owner, Role::Viewer, Scope::All);
    for asked in [
        Control::RemoveGrant { grant },
        Control::RemoveUser { user: owner, changes: Vec::new() },
        Control::SuspendUser { user: owner },
        Control::ChangeGrant(demotion),
    ] {
        assert_eq!(control(&mut w, owner, asked).unwrap_err().code(), "owner_protected");
    }
    let suspend = Control::SuspendUser { user: owner };
    assert_eq!(control(&mut w, administrator, suspend).unwrap_err().code(), "owner_protected");
    let crown = change(&w, administrator, Role::Owner, Scope::All);
    assert_eq!(control(&mut w, owner, Control::ChangeGrant(crown)).unwrap_err().code(), "owner_protected");
    let actor = w.actor(owner);
    assert_eq!(w.run(&actor, Command::LeaveAccount).unwrap_err().code(), "owner_protected");
}

#[test]
fn r11_one_person_suspends_at_once_and_the_way_back_needs_approval() {
    let mut w = World::new(2);
    let owner = w.owner;
    let [administrator, operator] = [w.person(Role::Administrator), w.person(Role::OperationsManager)];
    w.set_policy(Scenario::AuthorizationUnsuspend, 2, 0);
    let restart = w.ask(operator, restart_workers(), &[]);
    done(&mut w, administrator, Control::SuspendUser { user: operator });
    assert!(w.state.rights_of_user(w.account, operator).mask(w.now) == 0);
    assert_eq!(w.try_ask(operator, mode(PowerMode::Low), &[1]).unwrap_err().status(), 404);
    assert_eq!(w.state_of(restart), RequestState::Invalidated, "their request has nobody behind it");
    let back = Control::UnsuspendUser { user: operator };
    assert_eq!(control(&mut w, administrator, back.clone()).unwrap_err().code(), "permission_denied");
    let id = control(&mut w, owner, back).unwrap();
    assert_eq!(w.state_of(id), RequestState::Pending);
    w.vote(administrator, id, Decision::Approve).unwrap();
    assert!(!w.state.is_suspended(w.account, operator));
    assert_eq!(w.state_of(w.state.requests().last().unwrap().id), RequestState::Executed);
}

#[test]
fn e29_r30_an_approver_whom_the_counts_need_is_not_suspended_and_one_who_was_still_counts() {
    let mut w = World::new(1);
    let [one, two] = [w.person(Role::Administrator), w.person(Role::Administrator)];
    w.set_policy(Scenario::AccountUnfreeze, 2, 0);
    done(&mut w, one, Control::SuspendUser { user: two });
    assert_eq!(w.state.available(w.account, Scenario::AccountUnfreeze), 3);
    let owner = w.owner;
    let needed = Control::SuspendUser { user: one };
    assert_eq!(control(&mut w, owner, needed).unwrap_err().code(), "would_lock_out");
}

#[test]
fn e28_whoever_wants_to_go_goes_unless_the_counts_need_them() {
    let mut w = World::new(1);
    let [one, two] = [w.person(Role::Administrator), w.person(Role::Administrator)];
    w.set_policy(Scenario::AccountUnfreeze, 2, 0);
    let actor = w.actor(one);
    w.run(&actor, Command::LeaveAccount).unwrap();
    assert!(w.state.roles_of(w.account, one, w.now).is_empty());
    let actor = w.actor(two);
    assert_eq!(w.run(&actor, Command::LeaveAccount).unwrap_err().code(), "would_lock_out");
    assert_eq!(w.state.roles_of(w.account, two, w.now), [Role::Administrator]);
}

#[test]
fn administrators_manage_people_below_them_once_the_owner_says_so() {
    let mut w = World::new(1);
    let owner = w.owner;
    let [administrator, other] = [w.person(Role::Administrator), w.person(Role::Administrator)];
    let user = stranger(&mut w);
    let viewer = Control::AddGrant(NewGrant::new(user, Role::Viewer, Scope::All));
    assert_eq!(control(&mut w, administrator, viewer.clone()).unwrap_err().code(), "permission_denied");
    let actor = w.actor(administrator);
    assert_eq!(w.run(&actor, Command::AddUser).unwrap_err().status(), 403);
    let on = Control::SetAdministratorsManageUsers { on: true };
    assert_eq!(control(&mut w, administrator, on.clone()).unwrap_err().code(), "permission_denied");
    done(&mut w, owner, on);
    done(&mut w, administrator, viewer);
    w.run(&actor, Command::AddUser).unwrap();
    let technician = change(&w, user, Role::Technician, Scope::All);
    done(&mut w, administrator, Control::ChangeGrant(technician));
    let promotion = change(&w, user, Role::Administrator, Scope::All);
    let demotion = change(&w, other, Role::Viewer, Scope::All);
    let grant = grant_of(&w, other);
    let another = stranger(&mut w);
    for asked in [
        Control::ChangeGrant(promotion),
        Control::ChangeGrant(demotion),
        Control::RemoveGrant { grant },
        Control::RemoveUser { user: other, changes: Vec::new() },
        Control::AddGrant(NewGrant::new(another, Role::Administrator, Scope::All)),
        Control::CreateRole { name: "Mine".into(), permissions: [Permission::DeviceList].into() },
        Control::SetAdministratorsManageUsers { on: false },
    ] {
        assert_eq!(control(&mut w, administrator, asked).unwrap_err().code(), "permission_denied");
    }
    let grant = grant_of(&w, user);
    done(&mut w, administrator, Control::RemoveGrant { grant });
}

#[test]
fn r19_one_open_request_about_a_person_at_a_time() {
    let mut w = World::new(1);
    let owner = w.owner;
    w.person(Role::Administrator);
    let viewer = w.person(Role::Viewer);
    w.set_policy(Scenario::AuthorizationRemove, 2, 0);
    let first = control(&mut w, owner, Control::RemoveUser { user: viewer, changes: Vec::new() }).unwrap();
    let next = change(&w, viewer, Role::Auditor, Scope::All);
    let refused = control(&mut w, owner, Control::ChangeGrant(next)).unwrap_err();
    assert_eq!(refused, Rejection::PendingExists { request: first });
    done(&mut w, owner, Control::SuspendUser { user: viewer });
}

#[test]
fn e105_e106_what_was_in_order_when_it_was_asked_is_looked_at_again() {
    let mut w = World::new(1);
    let owner = w.owner;
    let people: Vec<_> = (0..3).map(|_| w.person(Role::Administrator)).collect();
    w.set_policy(Scenario::AuthorizationRemove, 2, 0);
    let remove = |user| Control::RemoveUser { user, changes: Vec::new() };
    w.set_policy(Scenario::AccountUnfreeze, 3, 0);
    let first = control(&mut w, owner, remove(people[0])).unwrap();
    let second = control(&mut w, owner, remove(people[1])).unwrap();
    w.vote(people[2], first, Decision::Approve).unwrap();
    assert_eq!(w.state_of(first), RequestState::Executed);
    w.vote(people[2], second, Decision::Approve).unwrap();
    assert_eq!(w.state_of(second), RequestState::Invalidated);
    assert_eq!(w.request(second).state_reason.as_deref(), Some("would_lock_out"));

    w.set_policy(Scenario::ApprovalConfigUpdate, 2, 0);
    let raise = w.set_policy(Scenario::AuthorizationAdd, 3, 0);
    assert_eq!(w.state_of(raise), RequestState::Pending);
    w.operator(Command::RemoveUser { user: people[1] });
    w.vote(people[2], raise, Decision::Approve).unwrap();
    assert_eq!(w.state_of(raise), RequestState::Invalidated);
    assert_eq!(w.state.policy(w.account, Scenario::AuthorizationAdd).required, 1);
}
