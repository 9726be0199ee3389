//! Bootstrap and configuration: what the counts are, who may change them, and what a change needs.

use crate::{
    add, approve, ask, company, counts, refused, required, stranger, submission,
    support::{World, mode},
    tally, told, try_control,
};
use adit_core::{
    authz::Role,
    command::{Command, Submission},
    event::Event,
    fleet::PowerMode,
    rejection::Rejection,
    requests::{
        Action, Control, Decision, PolicyChange, Recovery, RequestState, Safeguards, Scenario, StepUp, Warning,
    },
    time::Millis,
};

/// What changes the counts is tested for itself, and the others have no count to change.
const FIXED: [Scenario; 6] = [
    Scenario::ApprovalConfigUpdate,
    Scenario::OwnershipTransfer,
    Scenario::GovernanceRecover,
    Scenario::AccountFreeze,
    Scenario::AuthorizationSuspend,
    Scenario::ObserverClose,
];

#[test]
fn e001_a_new_account_has_one_approver_and_asks_for_one_approval_everywhere() {
    let w = World::new(0);
    for scenario in Scenario::ALL {
        assert_eq!(required(&w, *scenario), 1, "{}", scenario.name());
        assert_eq!(w.state.available(w.account, *scenario), 1, "{}", scenario.name());
    }
    assert_eq!(w.state.people_of(w.account).collect::<Vec<_>>(), [w.owner]);
}

#[test]
fn e002_the_first_administrator_needs_nobody_but_the_owner() {
    let mut w = World::new(0);
    let (user, owner) = (stranger(&mut w), w.owner);
    let id = ask(&mut w, owner, add(user, Role::Administrator));
    assert_eq!(w.state_of(id), RequestState::Executed);
    assert!(w.request(id).votes.is_empty());
    assert_eq!(w.state.roles_of(w.account, user, w.now), [Role::Administrator]);
}

#[test]
fn e003_with_three_approvers_counts_of_one_two_and_three_are_accepted() {
    for scenario in Scenario::ALL.iter().filter(|scenario| !FIXED.contains(scenario)) {
        let (mut w, _) = company::<2>();
        let owner = w.owner;
        for count in 1..=3 {
            let by_others = w.state.policy(w.account, *scenario).required_other;
            let changes = vec![PolicyChange::counts(*scenario, count, by_others)];
            let id = ask(&mut w, owner, Control::SetPolicies { changes });
            assert_eq!((w.state_of(id), required(&w, *scenario)), (RequestState::Executed, count));
        }
    }
}

#[test]
fn e004_a_count_of_none_or_of_more_than_there_are_approvers_is_refused_and_leaves_no_version() {
    let (mut w, _) = company::<2>();
    let (owner, events) = (w.owner, w.log.len());
    for count in [0, 4] {
        let refused = try_control(&mut w, owner, counts(Scenario::AuthorizationAdd, count)).unwrap_err();
        assert_eq!((refused.code(), refused.status()), ("out_of_range", 422));
        assert!(matches!(refused, Rejection::OutOfRange { min: 1, max: 3, .. }), "{refused:?}");
    }
    assert_eq!(w.state.policy(w.account, Scenario::AuthorizationAdd).version, 0);
    assert_eq!(w.log.len(), events);
}

#[test]
fn e005_where_adding_needs_two_the_owners_own_addition_waits() {
    let (mut w, [administrator]) = company::<1>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AuthorizationAdd, 2));
    let user = stranger(&mut w);
    let id = ask(&mut w, owner, add(user, Role::Viewer));
    assert_eq!(w.state_of(id), RequestState::Pending);
    assert!(w.state.roles_of(w.account, user, w.now).is_empty());
    approve(&mut w, administrator, id);
    assert_eq!(w.state.roles_of(w.account, user, w.now), [Role::Viewer]);
}

#[test]
fn e006_changing_any_count_is_itself_protected() {
    let (mut w, [administrator]) = company::<1>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::ApprovalConfigUpdate, 2));
    for scenario in Scenario::ALL.iter().filter(|scenario| !FIXED.contains(scenario)) {
        let id = ask(&mut w, owner, counts(*scenario, 2));
        assert_eq!(w.request(id).payload.scenario, Scenario::ApprovalConfigUpdate);
        assert_eq!((w.state_of(id), required(&w, *scenario)), (RequestState::Pending, 1), "{}", scenario.name());
        approve(&mut w, administrator, id);
        assert_eq!((w.state_of(id), required(&w, *scenario)), (RequestState::Executed, 2), "{}", scenario.name());
    }
}

#[test]
fn e007_one_change_of_counts_at_a_time() {
    let (mut w, [administrator, other]) = company::<2>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::ApprovalConfigUpdate, 2));
    let open = ask(&mut w, owner, counts(Scenario::FleetMode, 2));
    let second = try_control(&mut w, administrator, counts(Scenario::FleetLed, 2)).unwrap_err();
    assert_eq!(second, Rejection::PendingExists { request: open });
    assert_eq!((second.code(), second.status()), ("pending_exists", 409));
    let changes = vec![PolicyChange::counts(Scenario::FleetLed, 1, 0)];
    let bundle = Control::RemoveUser { user: other, changes };
    assert_eq!(try_control(&mut w, owner, bundle).unwrap_err(), Rejection::PendingExists { request: open });
    approve(&mut w, administrator, open);
    let next = ask(&mut w, administrator, counts(Scenario::FleetLed, 2));
    assert_eq!(w.state_of(next), RequestState::Pending);
}

#[test]
fn e008_lowering_a_count_needs_as_many_as_it_had() {
    let (mut w, [one, two]) = company::<2>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AuthorizationRemove, 3));
    let id = ask(&mut w, one, counts(Scenario::AuthorizationRemove, 1));
    assert_eq!((w.state_of(id), tally(&w, id).required), (RequestState::Pending, 3));
    approve(&mut w, two, id);
    assert_eq!(required(&w, Scenario::AuthorizationRemove), 3);
    approve(&mut w, owner, id);
    assert_eq!((w.state_of(id), required(&w, Scenario::AuthorizationRemove)), (RequestState::Executed, 1));
}

#[test]
fn e009_one_person_raises_a_count_to_all_there_are_at_once() {
    let (mut w, _) = company::<2>();
    let owner = w.owner;
    let warnings = |w: &World| {
        let all = w.state.prospects(w.account, w.now);
        all.into_iter().find(|prospect| prospect.scenario == Scenario::AccountUnfreeze).unwrap().warnings
    };
    assert_eq!(warnings(&w), []);
    let id = ask(&mut w, owner, counts(Scenario::AccountUnfreeze, 3));
    assert_eq!((w.state_of(id), w.request(id).required), (RequestState::Executed, 1));
    assert_eq!(required(&w, Scenario::AccountUnfreeze), w.state.available(w.account, Scenario::AccountUnfreeze));
    assert_eq!(warnings(&w), [Warning::NoSpareApprover]);
}

#[test]
fn r14_r15_r17_what_scenarios_ship_with() {
    let (hour, day) = (Millis::hours(1), Millis::days(1));
    for scenario in Scenario::ALL {
        let (policy, name) = (scenario.default_policy(), scenario.name());
        let alone = matches!(scenario, Scenario::FleetPower | Scenario::FleetMode | Scenario::FleetLed);
        assert_eq!((policy.programs_run_alone, policy.initiator_counts), (alone, true), "{name}");
        let times = match scenario {
            Scenario::WalletAddressUpdate | Scenario::RevenueAllocationSet => (Millis::days(7), day),
            Scenario::OwnershipTransfer => (Millis::days(7), Millis::days(4)),
            _ if name.starts_with("fleet.") => (hour, Millis::minutes(15)),
            _ => (Millis::hours(72), day),
        };
        assert_eq!((policy.approve_ttl, policy.execute_ttl), times, "{name}");
        let at_once = scenario.is_always_open() && *scenario != Scenario::GovernanceRecover;
        let proves = [Scenario::FleetRestartWorkers, Scenario::FleetAgent].contains(scenario);
        let nothing_shown = name.starts_with("fleet.") && !proves || at_once || *scenario == Scenario::ObserverLink;
        let step_up = if nothing_shown { StepUp::None } else { StepUp::Recent };
        assert_eq!(policy.step_up, step_up, "{name}");
        let timelock = match scenario {
            Scenario::WalletAddressUpdate => day,
            Scenario::OwnershipTransfer | Scenario::GovernanceRecover => Millis::hours(72),
            _ => Millis(0),
        };
        assert_eq!(policy.timelock, timelock, "{name}");
    }
}

fn safeguards(ratchet: bool, closure: bool, owner_recovery: bool) -> Control {
    Control::SetSafeguards(Safeguards { ratchet, closure, owner_recovery })
}

#[test]
fn e013_switching_a_safeguard_off_takes_as_many_as_lowering_every_count() {
    let (mut w, [one, two]) = company::<2>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AuthorizationRemove, 3));
    for weaker in [safeguards(false, true, true), safeguards(true, false, true)] {
        let id = ask(&mut w, owner, weaker);
        assert_eq!((w.state_of(id), tally(&w, id).required), (RequestState::Pending, 3));
        let lower = try_control(&mut w, one, counts(Scenario::AuthorizationRemove, 1)).unwrap_err();
        assert_eq!(lower, Rejection::PendingExists { request: id }, "it is a change of the same rules");
        approve(&mut w, one, id);
        assert_eq!(w.state_of(id), RequestState::Pending);
        approve(&mut w, two, id);
        assert_eq!(w.state_of(id), RequestState::Executed);
    }
    let now = w.state.safeguards(w.account);
    assert_eq!((now.ratchet, now.closure), (true, false), "each says all of them");
    let user = stranger(&mut w);
    let id = ask(&mut w, owner, add(user, Role::Administrator));
    assert_eq!(w.state_of(id), RequestState::Executed, "without the closure the owner makes an approver alone");
    let id = ask(&mut w, owner, safeguards(true, true, true));
    assert_eq!(w.state_of(id), RequestState::Executed, "one person makes it stricter again");
    let same = try_control(&mut w, owner, safeguards(true, true, true)).unwrap_err();
    assert_eq!(same.code(), "already_exists");
}

#[test]
fn e013_without_the_ratchet_one_person_lowers_a_count() {
    let (mut w, [one]) = company::<1>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AuthorizationRemove, 2));
    let off = ask(&mut w, owner, safeguards(false, true, true));
    approve(&mut w, one, off);
    let id = ask(&mut w, one, counts(Scenario::AuthorizationRemove, 1));
    assert_eq!((w.state_of(id), required(&w, Scenario::AuthorizationRemove)), (RequestState::Executed, 1));
}

#[test]
fn r10_an_account_can_do_without_recovery_by_its_owner() {
    let (mut w, [one]) = company::<1>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AuthorizationRemove, 2));
    let id = ask(&mut w, owner, safeguards(true, true, false));
    assert_eq!((w.state_of(id), tally(&w, id).required), (RequestState::Pending, 2), "as lowering every count");
    approve(&mut w, one, id);
    assert_eq!(w.state_of(id), RequestState::Executed);
    let recover = Action::Control(Control::Recover(Recovery { remove: [one].into() }));
    let asked = Submission { reason: Some("nobody is left".into()), ..submission(&mut w, recover, &[]) };
    let actor = w.actor(owner);
    assert_eq!(w.run(&actor, Command::Submit(asked)).unwrap_err().code(), "owner_recovery_off");
    let back = ask(&mut w, owner, safeguards(true, true, true));
    assert_eq!(w.state_of(back), RequestState::Pending, "having it back takes everybody");
    approve(&mut w, one, back);
    assert!(w.state.safeguards(w.account).owner_recovery);
}

#[test]
fn r10_nobody_but_the_owner_gives_the_way_out_up() {
    let (mut w, [one]) = company::<1>();
    let refused = try_control(&mut w, one, safeguards(true, true, false)).unwrap_err();
    assert_eq!((refused.code(), refused.status()), ("owner_only", 403));
    ask(&mut w, one, safeguards(true, false, true));
    let owner = w.owner;
    ask(&mut w, owner, safeguards(true, false, false));
    ask(&mut w, one, safeguards(true, true, false));
    assert!(!w.state.safeguards(w.account).owner_recovery, "the others are anybody's who changes rules");
}

#[test]
fn e010_making_an_administrator_needs_the_highest_count_of_all() {
    let (mut w, [one, two]) = company::<2>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AccountUnfreeze, 3));
    let user = stranger(&mut w);
    let viewer = ask(&mut w, owner, add(user, Role::Viewer));
    assert_eq!(w.state_of(viewer), RequestState::Executed, "who cannot approve is another matter");
    let user = stranger(&mut w);
    let id = ask(&mut w, owner, add(user, Role::Administrator));
    assert_eq!((required(&w, Scenario::AuthorizationAdd), tally(&w, id).required), (1, 3));
    approve(&mut w, one, id);
    assert_eq!(w.state_of(id), RequestState::Pending);
    approve(&mut w, two, id);
    assert_eq!(w.state_of(id), RequestState::Executed);
}

#[test]
fn e011_raising_a_count_raises_it_for_what_already_waits() {
    let (mut w, [one, two]) = company::<2>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::FleetMode, 2));
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    ask(&mut w, owner, counts(Scenario::FleetMode, 3));
    assert_eq!(tally(&w, id).required, 3);
    approve(&mut w, two, id);
    assert_eq!(w.state_of(id), RequestState::Pending);
    approve(&mut w, owner, id);
    assert_eq!(w.state_of(id), RequestState::Executing);
}

#[test]
fn e012_lowering_a_count_releases_nothing_that_already_waits() {
    let (mut w, [one, two]) = company::<2>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::FleetMode, 3));
    let id = w.ask(one, mode(PowerMode::Low), &[1]);
    approve(&mut w, two, id);
    let lower = ask(&mut w, owner, counts(Scenario::FleetMode, 1));
    approve(&mut w, one, lower);
    approve(&mut w, two, lower);
    assert_eq!(required(&w, Scenario::FleetMode), 1);
    assert_eq!((w.state_of(id), tally(&w, id).required), (RequestState::Pending, 3));
    approve(&mut w, owner, id);
    assert_eq!(w.state_of(id), RequestState::Executing);
}

#[test]
fn e014_of_two_changes_in_one_request_both_are_made_or_none() {
    let (mut w, _) = company::<1>();
    let owner = w.owner;
    let change = |scenario, required| PolicyChange::counts(scenario, required, 0);
    let changes = vec![change(Scenario::FleetMode, 2), change(Scenario::FleetLed, 3)];
    let wrong = try_control(&mut w, owner, Control::SetPolicies { changes }).unwrap_err();
    assert_eq!(wrong.code(), "out_of_range");
    assert!(wrong.to_string().contains("fleet.led"), "{wrong}");
    let changes = vec![change(Scenario::FleetMode, 2), change(Scenario::FleetMode, 1)];
    assert_eq!(try_control(&mut w, owner, Control::SetPolicies { changes }).unwrap_err().code(), "invalid");
    assert_eq!(told(&w, |event| matches!(event, Event::PolicySet { .. })), 0);
    let changes = vec![change(Scenario::FleetMode, 2), change(Scenario::FleetLed, 2)];
    ask(&mut w, owner, Control::SetPolicies { changes });
    assert_eq!([required(&w, Scenario::FleetMode), required(&w, Scenario::FleetLed)], [2, 2]);
}

/// A promise about a promise: an approval that a rejection could still follow is no effect yet.
#[test]
fn e006_a_rejected_change_of_counts_changes_nothing() {
    let (mut w, [administrator]) = company::<1>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::ApprovalConfigUpdate, 2));
    let id = ask(&mut w, owner, counts(Scenario::FleetMode, 2));
    w.vote(administrator, id, Decision::Reject).unwrap();
    assert_eq!((w.state_of(id), required(&w, Scenario::FleetMode)), (RequestState::Rejected, 1));
    assert_eq!(refused(&mut w, owner, id, Decision::Approve).code(), "invalid_state");
}
