//! Membership and lock-out, and how far a scope reaches: who joins, who leaves, and what that does to what waits.

use crate::{
    add, approve, ask, company, counts, grant_of, local, refused, removal, required, second_site, stranger,
    support::{AGENT, SITE, World, mode, restart_workers},
    tally, told, try_control,
};
use adit_core::{
    authz::{Actor, ApiAccess, Node, Role, Scope},
    command::Command,
    event::Event,
    fleet::{Ending, PowerMode, TargetResult},
    ids::UserId,
    rejection::{Instead, NoSay, Rejection},
    requests::{Control, Decision, GrantChange, NewGrant, PolicyChange, RequestState, Scenario, StepUp},
    time::Millis,
};

#[test]
fn e015_nobody_is_removed_whom_a_count_needs() {
    let (mut w, [one, _]) = company::<2>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AccountUnfreeze, 3));
    let remove = removal(&w, one);
    let why = try_control(&mut w, owner, remove).unwrap_err();
    assert_eq!((why.code(), why.status()), ("would_lock_out", 409));
    assert_eq!(
        why,
        Rejection::WouldLockOut { scenarios: vec![Scenario::AccountUnfreeze], instead: Instead::LowerFirst }
    );
    assert_eq!(w.state.roles_of(w.account, one, w.now), [Role::Administrator]);
}

#[test]
fn e016_a_removal_and_the_lower_count_it_takes_are_one_request() {
    let (mut w, [one, two]) = company::<2>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AccountUnfreeze, 3));
    let changes = vec![PolicyChange::counts(Scenario::AccountUnfreeze, 2, 0)];
    let id = ask(&mut w, owner, Control::RemoveUser { user: one, changes });
    assert_eq!((w.state_of(id), tally(&w, id).required), (RequestState::Pending, 3));
    approve(&mut w, two, id);
    assert_eq!((w.state_of(id), required(&w, Scenario::AccountUnfreeze)), (RequestState::Pending, 3));
    approve(&mut w, one, id);
    assert_eq!((w.state_of(id), required(&w, Scenario::AccountUnfreeze)), (RequestState::Executed, 2));
    assert!(w.state.roles_of(w.account, one, w.now).is_empty());
}

#[test]
fn e016_a_removal_raises_no_count_and_touches_none_that_is_not_to_be_chosen() {
    let (mut w, _) = company::<2>();
    let viewer = w.person(Role::Viewer);
    let owner = w.owner;
    let removal = |change| Control::RemoveUser { user: viewer, changes: vec![change] };
    for scenario in Scenario::ALL.iter().filter(|scenario| scenario.has_fixed_counts()) {
        for required in [1, 3] {
            let with = removal(PolicyChange::counts(*scenario, required, 0));
            assert_eq!(try_control(&mut w, owner, with).unwrap_err().code(), "invalid", "{}", scenario.name());
        }
    }
    for (required, others) in [(2, 0), (1, 1), (0, 0)] {
        let with = removal(PolicyChange::counts(Scenario::FleetLed, required, others));
        assert_eq!(try_control(&mut w, owner, with).unwrap_err().code(), "out_of_range");
    }
    let unseen = PolicyChange { version: Some(7), ..PolicyChange::counts(Scenario::FleetLed, 1, 0) };
    assert_eq!(try_control(&mut w, owner, removal(unseen)).unwrap_err().code(), "precondition_failed");
    assert!(Scenario::ALL.iter().all(|scenario| required(&w, *scenario) == 1));
}

#[test]
fn e016_counts_that_go_with_a_removal_wait_and_are_proven_as_by_themselves() {
    let (mut w, [one, two]) = company::<2>();
    let owner = w.owner;
    let change = |scenario, timelock_s, step_up| PolicyChange {
        timelock_s: Some(timelock_s),
        step_up: Some(step_up),
        ..PolicyChange::counts(scenario, 2, 0)
    };
    let changes = vec![
        change(Scenario::AuthorizationRemove, 0, StepUp::None),
        change(Scenario::ApprovalConfigUpdate, 3_600, StepUp::Passkey),
        PolicyChange::counts(Scenario::AccountUnfreeze, 3, 0),
    ];
    ask(&mut w, owner, Control::SetPolicies { changes });
    let changes = vec![PolicyChange::counts(Scenario::AccountUnfreeze, 2, 0)];
    let id = ask(&mut w, owner, Control::RemoveUser { user: two, changes });
    assert!(tally(&w, id).approvals.is_empty(), "asking is no approval where each takes a passkey");
    for user in [owner, one, two] {
        assert_eq!(refused(&mut w, user, id, Decision::Approve), Rejection::PasskeyRequired);
        let content_hash = w.request(id).content_hash;
        let passkey = Some("a key".into());
        let vote = Command::Vote { request: id, decision: Decision::Approve, content_hash, comment: None, passkey };
        let actor = w.actor(user);
        w.run(&actor, vote).unwrap();
    }
    assert_eq!((w.state_of(id), required(&w, Scenario::AccountUnfreeze)), (RequestState::Approved, 3));
    w.tick_after(Millis::hours(1));
    assert_eq!((w.state_of(id), required(&w, Scenario::AccountUnfreeze)), (RequestState::Executed, 2));
}

#[test]
fn e017_who_is_to_be_removed_may_agree_and_may_not_veto() {
    let (mut w, [one, _]) = company::<2>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AuthorizationRemove, 2));
    let remove = removal(&w, one);
    let id = ask(&mut w, owner, remove);
    let why = refused(&mut w, one, id, Decision::Reject);
    assert_eq!((why.code(), why.status()), ("conflict_of_interest", 403));
    assert_eq!(w.state_of(id), RequestState::Pending);
    approve(&mut w, one, id);
    assert_eq!(w.state_of(id), RequestState::Executed);
}

#[test]
fn e018_who_leaves_the_directory_is_not_kept_and_what_needed_them_ends() {
    let (mut w, [one]) = company::<1>();
    let (owner, user) = (w.owner, stranger(&mut w));
    ask(&mut w, owner, counts(Scenario::AuthorizationAdd, 2));
    let id = ask(&mut w, owner, add(user, Role::Viewer));
    w.operator(Command::RemoveUser { user: one });
    assert_eq!(w.state_of(id), RequestState::Invalidated);
    assert_eq!(w.request(id).state_reason.as_deref(), Some("unsatisfiable"));
    let said = |event: &Event| matches!(event, Event::GovernanceDegraded { scenarios, .. } if scenarios[..] == [Scenario::AuthorizationAdd]);
    assert_eq!(told(&w, said), 1);
}

#[test]
fn e019_the_vote_of_who_was_demoted_stays_written_and_stops_counting() {
    let (mut w, [one, two, _]) = company::<3>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::FleetMode, 3));
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    approve(&mut w, two, id);
    assert_eq!(tally(&w, id).approvals, [one, two].into());
    let remove = removal(&w, two);
    ask(&mut w, owner, remove);
    ask(&mut w, owner, add(two, Role::Viewer));
    assert_eq!(tally(&w, id).approvals, [one].into());
    assert_eq!(w.state_of(id), RequestState::Pending);
    assert!(w.request(id).votes.iter().any(|vote| vote.voter == two));
    let told = |user| w.state.why_no_vote(w.request(id), &tally(&w, id), Some(user));
    assert_eq!([one, two].map(told), [Some(NoSay::Counted), Some(NoSay::RoleChanged)], "and they are told so");
}

#[test]
fn e020_an_approval_that_stops_counting_before_its_time_sends_it_back() {
    let mut w = World::new(1);
    let owner = w.owner;
    let operator = w.person(Role::OperationsManager);
    let [one, two] = [Role::SiteManager; 2].map(|role| w.person(role));
    let id = w.ask(operator, restart_workers(), &[]);
    ask(&mut w, owner, Control::FreezeAccount {});
    approve(&mut w, one, id);
    assert_eq!(w.state_of(id), RequestState::Approved);
    ask(&mut w, owner, Control::SuspendUser { user: one });
    assert_eq!((w.state_of(id), w.request(id).not_before), (RequestState::Pending, None));
    ask(&mut w, owner, Control::UnfreezeAccount {});
    assert_eq!(w.state_of(id), RequestState::Pending, "nothing is carried out");
    approve(&mut w, two, id);
    assert_eq!(w.state_of(id), RequestState::Executing);
}

#[test]
fn e021_who_became_an_approver_later_has_no_vote_on_it() {
    let mut w = World::new(1);
    let (operator, _) = (w.person(Role::OperationsManager), w.person(Role::SiteManager));
    let id = w.ask(operator, restart_workers(), &[]);
    let newcomer = w.person(Role::Administrator);
    for decision in [Decision::Approve, Decision::Reject] {
        assert_eq!(refused(&mut w, newcomer, id, decision).code(), "not_an_approver");
    }
    assert_eq!(w.state_of(id), RequestState::Pending);
}

#[test]
fn e022_who_left_and_came_back_is_a_new_approver_and_the_old_vote_stays_void() {
    let mut w = World::new(1);
    let owner = w.owner;
    let [one, two, three] = [Role::Administrator; 3].map(|role| w.person(role));
    ask(&mut w, owner, counts(Scenario::FleetMode, 3));
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    approve(&mut w, two, id);
    let remove = removal(&w, two);
    ask(&mut w, owner, remove);
    let again = ask(&mut w, owner, add(two, Role::Administrator));
    for user in [one, three] {
        approve(&mut w, user, again);
    }
    assert_eq!(w.state.roles_of(w.account, two, w.now), [Role::Administrator]);
    assert_eq!(tally(&w, id).approvals, [one].into());
    assert_eq!(refused(&mut w, two, id, Decision::Approve).code(), "not_an_approver");
}

#[test]
fn e022_who_was_an_approver_until_an_end_that_has_passed_is_a_new_one_when_it_is_put_off() {
    let mut w = World::new(1);
    let owner = w.owner;
    let [one, two, three] = [Role::Administrator; 3].map(|role| w.person(role));
    let until = |w: &World, expires_at| {
        let (grant, role, scope) = (grant_of(w, two), Role::Administrator.into(), Scope::All);
        Control::ChangeGrant(GrantChange { grant, role, scope, expires_at, remark: None, api_access: ApiAccess::None })
    };
    let end = w.now.after(Millis::minutes(10));
    let ends = until(&w, Some(end));
    ask(&mut w, owner, ends);
    ask(&mut w, owner, counts(Scenario::FleetMode, 3));
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    approve(&mut w, two, id);
    let put_off = until(&w, Some(end.after(Millis::minutes(10))));
    let before = ask(&mut w, owner, put_off);
    for user in [one, three] {
        approve(&mut w, user, before);
    }
    assert_eq!(tally(&w, id).approvals, [one, two].into(), "it went on without a break");
    w.tick_after(Millis::minutes(21));
    assert_eq!(tally(&w, id).approvals, [one].into());
    let again = until(&w, None);
    let again = ask(&mut w, owner, again);
    for user in [one, three] {
        approve(&mut w, user, again);
    }
    assert_eq!((w.state_of(again), w.state_of(id)), (RequestState::Executed, RequestState::Pending));
    assert_eq!(tally(&w, id).approvals, [one].into());
    assert_eq!(refused(&mut w, two, id, Decision::Approve).code(), "not_an_approver");
}

#[test]
fn e023_nobody_is_granted_anything_who_is_not_registered() {
    let mut w = World::new(0);
    let owner = w.owner;
    let nobody = add(UserId(99), Role::Viewer);
    let why = try_control(&mut w, owner, nobody).unwrap_err();
    assert_eq!(why, Rejection::NotFound { what: "person" });
    let gone = w.person(Role::Viewer);
    w.operator(Command::RemoveUser { user: gone });
    let back = add(gone, Role::Viewer);
    assert_eq!(try_control(&mut w, owner, back).unwrap_err().status(), 404);
}

#[test]
fn e024_two_people_hold_the_same_role() {
    let (w, people) = company::<2>();
    for user in people {
        assert_eq!(w.state.roles_of(w.account, user, w.now), [Role::Administrator]);
    }
    assert_ne!(grant_of(&w, people[0]), grant_of(&w, people[1]));
}

#[test]
fn e025_who_is_granted_already_is_not_added_again() {
    let (mut w, [one]) = company::<1>();
    let owner = w.owner;
    let twice = add(one, Role::Administrator);
    let why = try_control(&mut w, owner, twice).unwrap_err();
    assert_eq!((why.code(), why.status()), ("already_exists", 409));
    assert!(why.to_string().contains("change that grant"), "{why}");
}

#[test]
fn e026_nobody_removes_the_owner() {
    let (mut w, [one]) = company::<1>();
    let (owner, events) = (w.owner, w.log.len());
    let remove = removal(&w, owner);
    let why = try_control(&mut w, owner, remove.clone()).unwrap_err();
    assert_eq!((why.code(), why.status()), ("owner_protected", 403));
    assert_eq!(try_control(&mut w, one, remove).unwrap_err().status(), 403);
    let actor = Actor::system(w.account);
    let why = w.run(&actor, Command::RemoveUser { user: owner }).unwrap_err();
    assert_eq!(why.code(), "owner_protected");
    let second = add(stranger(&mut w), Role::Owner);
    assert_eq!(try_control(&mut w, owner, second).unwrap_err().code(), "owner_protected");
    assert_eq!(w.log.len(), events + 1, "the stranger, and nothing else");
}

#[test]
fn e028_whoever_wants_to_go_goes_unless_a_count_needs_them() {
    let (mut w, [one, two]) = company::<2>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AuthorizationRemove, 2));
    let actor = w.actor(one);
    w.run(&actor, Command::LeaveAccount).unwrap();
    assert!(w.state.roles_of(w.account, one, w.now).is_empty(), "two are left for a count of two");
    let (actor, before) = (w.actor(two), w.state.clone());
    let why = w.run(&actor, Command::LeaveAccount).unwrap_err();
    assert_eq!(why, Rejection::WouldLockOut { scenarios: vec![Scenario::AuthorizationRemove], instead: Instead::Stay });
    assert_eq!(w.state, before);
}

#[test]
fn e029_whom_a_count_needs_is_not_suspended_and_the_account_can_still_be_frozen() {
    let (mut w, [one, two]) = company::<2>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AuthorizationRemove, 3));
    let why = try_control(&mut w, one, Control::SuspendUser { user: two }).unwrap_err();
    let scenarios = vec![Scenario::AuthorizationRemove];
    assert_eq!(why, Rejection::WouldLockOut { scenarios, instead: Instead::Freeze });
    assert!(why.to_string().contains(": freeze the account instead"), "{why}");
    assert!(!why.to_string().contains("same request"), "a suspension takes no counts with it: {why}");
    let freeze = ask(&mut w, one, Control::FreezeAccount {});
    assert_eq!(w.state_of(freeze), RequestState::Executed, "that is always there");
    let mut w = company::<2>().0;
    let owner = w.owner;
    let suspended = ask(&mut w, owner, Control::SuspendUser { user: one });
    assert_eq!(w.state_of(suspended), RequestState::Executed, "nobody else is asked");
    assert!(w.state.is_suspended(w.account, one));
}

#[test]
fn e030_a_frozen_account_carries_nothing_out_and_its_deadlines_run_on() {
    let mut w = World::new(1);
    let (operator, manager, owner) = (w.person(Role::OperationsManager), w.person(Role::SiteManager), w.owner);
    let id = w.ask(operator, restart_workers(), &[]);
    ask(&mut w, owner, Control::FreezeAccount {});
    approve(&mut w, manager, id);
    let deadline = w.request(id).execute_deadline.unwrap();
    assert_eq!(w.state_of(id), RequestState::Approved);
    assert_eq!(w.try_ask(operator, mode(PowerMode::Sleep), &[1]).unwrap_err().code(), "frozen");
    ask(&mut w, owner, Control::UnfreezeAccount {});
    assert_eq!((w.state_of(id), w.request(id).execute_deadline), (RequestState::Executing, Some(deadline)));
}

#[test]
fn e030_orders_that_have_not_gone_out_stay_here_while_frozen() {
    let mut w = World::new(2);
    let (operator, owner) = (w.person(Role::OperationsManager), w.owner);
    let id = w.ask(operator, mode(PowerMode::Sleep), &[1, 2]);
    let orders = |w: &World| w.state.open_work(id).iter().map(|work| work.command()).collect::<Vec<_>>();
    let before = orders(&w);
    ask(&mut w, owner, Control::FreezeAccount {});
    assert_eq!((before.len(), orders(&w).len()), (2, 0));
    let slept = TargetResult::of(Ending::Verified, "it had gone out");
    w.system(Command::ReportResults { agent: AGENT, results: vec![(before[0], slept)] });
    ask(&mut w, owner, Control::UnfreezeAccount {});
    assert_eq!(orders(&w), before[1..], "what had gone out was taken as done meanwhile");
}

#[test]
fn e030_what_comes_due_while_frozen_expires() {
    let mut w = World::new(1);
    let (operator, manager, owner) = (w.person(Role::OperationsManager), w.person(Role::SiteManager), w.owner);
    let id = w.ask(operator, restart_workers(), &[]);
    ask(&mut w, owner, Control::FreezeAccount {});
    approve(&mut w, manager, id);
    w.now = w.request(id).execute_deadline.unwrap();
    w.system(Command::Tick);
    assert_eq!(w.state_of(id), RequestState::Expired);
}

#[test]
fn e031_an_administrator_of_one_site_has_no_vote_on_what_reaches_another() {
    let mut w = World::new(2);
    let owner = w.owner;
    second_site(&mut w, 3, 2);
    let scoped = local(&mut w, Role::Administrator, SITE);
    let [one, two] = [Role::OperationsManager; 2].map(|role| w.person(role));
    w.person(Role::Administrator);
    ask(&mut w, owner, counts(Scenario::FleetMode, 2));
    let across = w.ask(one, mode(PowerMode::Low), &[1, 3]);
    assert_eq!(refused(&mut w, scoped, across, Decision::Approve).code(), "not_an_approver");
    assert_eq!(refused(&mut w, scoped, across, Decision::Reject).code(), "not_an_approver");
    let within = w.ask(two, mode(PowerMode::Low), &[2]);
    approve(&mut w, scoped, within);
    assert_eq!(w.state_of(within), RequestState::Executing);
}

/// Sites stand for sub-accounts: a scope treats its nodes alike.
#[test]
fn e032_a_scope_of_everything_reaches_what_is_made_later() {
    let mut w = World::new(0);
    let operator = w.person(Role::OperationsManager);
    second_site(&mut w, 1, 1);
    let id = w.ask(operator, mode(PowerMode::Low), &[1]);
    assert_eq!(w.devices_of(id), [1]);
}

#[test]
fn e033_a_chosen_scope_does_not_reach_what_is_made_later() {
    let mut w = World::new(1);
    let operator = local(&mut w, Role::OperationsManager, SITE);
    second_site(&mut w, 2, 1);
    assert_eq!(w.try_ask(operator, mode(PowerMode::Low), &[2]).unwrap_err().status(), 404);
    assert_eq!(w.try_ask(operator, mode(PowerMode::Low), &[1, 2]).unwrap_err().status(), 404);
    w.ask(operator, mode(PowerMode::Low), &[1]);
}

#[test]
fn e035_keys_come_with_the_whole_account_only() {
    let mut w = World::new(0);
    let (owner, user) = (w.owner, stranger(&mut w));
    let api_access = ApiAccess::ReadOnly;
    let scope = Scope::Nodes([Node::Site(SITE)].into());
    let scoped = NewGrant { api_access, ..NewGrant::new(user, Role::Viewer, scope) };
    let why = try_control(&mut w, owner, Control::AddGrant(scoped)).unwrap_err();
    assert_eq!((why.code(), why.status()), ("invalid", 422));
    let all = NewGrant { api_access, ..NewGrant::new(user, Role::Viewer, Scope::All) };
    ask(&mut w, owner, Control::AddGrant(all));
    assert_eq!(w.state.grant(grant_of(&w, user)).unwrap().api_access, api_access);
}

#[test]
fn e036_giving_keys_to_a_scoped_grant_widens_it_and_is_a_matter_of_its_own() {
    let (mut w, [administrator]) = company::<1>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AuthorizationApiAccess, 2));
    let user = local(&mut w, Role::Viewer, SITE);
    let change = |scope| GrantChange {
        grant: grant_of(&w, user),
        role: Role::Viewer.into(),
        scope,
        expires_at: None,
        remark: None,
        api_access: ApiAccess::ReadOnly,
    };
    let (scoped, wide) = (change(Scope::Nodes([Node::Site(SITE)].into())), change(Scope::All));
    assert_eq!(try_control(&mut w, owner, Control::ChangeGrant(scoped)).unwrap_err().code(), "invalid");
    let id = ask(&mut w, owner, Control::ChangeGrant(wide));
    assert_eq!(w.request(id).payload.scenario, Scenario::AuthorizationApiAccess);
    assert_eq!(w.state_of(id), RequestState::Pending);
    approve(&mut w, administrator, id);
    assert!(w.state.grant(grant_of(&w, user)).unwrap().scope.is_all());
}

#[test]
fn e056_who_gains_by_it_has_no_say_in_it() {
    let (mut w, [one, two]) = company::<2>();
    let owner = w.owner;
    let scoped = local(&mut w, Role::Administrator, SITE);
    ask(&mut w, owner, counts(Scenario::AuthorizationUpdate, 2));
    let change = |w: &World, user, scope| {
        let (grant, role) = (grant_of(w, user), Role::Administrator.into());
        let (expires_at, remark, api_access) = (None, None, ApiAccess::None);
        Control::ChangeGrant(GrantChange { grant, role, scope, expires_at, remark, api_access })
    };
    let wider = change(&w, scoped, Scope::All);
    let id = ask(&mut w, owner, wider);
    for decision in [Decision::Approve, Decision::Reject] {
        assert_eq!(refused(&mut w, scoped, id, decision).code(), "conflict_of_interest");
    }
    assert_eq!((w.state_of(id), tally(&w, id).approvals), (RequestState::Pending, [owner].into()));
    approve(&mut w, one, id);
    assert_eq!(w.state_of(id), RequestState::Executed);
    let narrower = change(&w, two, Scope::Nodes([Node::Site(SITE)].into()));
    let id = ask(&mut w, owner, narrower);
    assert_eq!(refused(&mut w, two, id, Decision::Reject).code(), "conflict_of_interest");
    approve(&mut w, two, id);
    assert_eq!(w.state_of(id), RequestState::Executed);
}

#[test]
fn e105_of_two_removals_that_were_both_right_the_second_is_looked_at_again() {
    let (mut w, [one, two, three]) = company::<3>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AuthorizationRemove, 2));
    ask(&mut w, owner, counts(Scenario::AccountUnfreeze, 3));
    let removals = [one, two].map(|user| {
        let remove = removal(&w, user);
        ask(&mut w, owner, remove)
    });
    approve(&mut w, three, removals[0]);
    assert_eq!(w.state_of(removals[0]), RequestState::Executed);
    approve(&mut w, three, removals[1]);
    assert_eq!(w.state_of(removals[1]), RequestState::Invalidated);
    assert_eq!(w.request(removals[1]).state_reason.as_deref(), Some("would_lock_out"));
    assert_eq!(w.state.roles_of(w.account, two, w.now), [Role::Administrator]);
}

#[test]
fn e106_a_count_that_lost_its_approver_on_the_way_is_not_set() {
    let (mut w, [one, two]) = company::<2>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::ApprovalConfigUpdate, 2));
    let id = ask(&mut w, owner, counts(Scenario::AccountUnfreeze, 3));
    w.operator(Command::RemoveUser { user: two });
    approve(&mut w, one, id);
    assert_eq!(w.state_of(id), RequestState::Invalidated);
    assert_eq!(w.request(id).state_reason.as_deref(), Some("out_of_range"));
    assert_eq!(told(&w, |event| matches!(event, Event::PolicySet { scenario: Scenario::AccountUnfreeze, .. })), 0);
}
