//! Too few approvers, and the way out: what a degraded account may do, and how a recovery runs, is stopped, and is looked at.

use crate::{
    approve, ask, company, counts, required, stranger, submission,
    support::{World, mode},
    told, try_control,
};
use adit_core::{
    authz::{Actor, Principal, Role},
    command::{Command, Reply, Submission},
    event::Event,
    fleet::PowerMode,
    ids::{RequestId, UserId},
    rejection::Rejection,
    requests::{Action, Control, Decision, Recovery, RequestState, Safeguards, Scenario},
    time::Millis,
};

fn recovery(remove: &[UserId]) -> Action {
    Action::Control(Control::Recover(Recovery { remove: remove.iter().copied().collect() }))
}

fn start(w: &mut World, principal: Principal, action: Action) -> Result<RequestId, Rejection> {
    let asked = Submission { reason: Some("they cannot be reached".into()), ..submission(w, action, &[]) };
    let actor = Actor { account: w.account, principal, authenticated_at: w.now };
    match w.run(&actor, Command::Submit(asked))? {
        Reply::Request(id) => Ok(id),
        other => panic!("{other:?}"),
    }
}

fn by_owner(w: &mut World, action: Action) -> Result<RequestId, Rejection> {
    let owner = Principal::User(w.owner);
    start(w, owner, action)
}

/// An account whose second of two approvers is gone from the directory; freezing needs nobody, adding people two.
fn degraded() -> (World, UserId) {
    let (mut w, [gone]) = company::<1>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AuthorizationAdd, 2));
    w.operator(Command::RemoveUser { user: gone });
    (w, gone)
}

#[test]
fn e018_only_a_recovery_lowers_a_count_that_lost_its_approver() {
    let (mut w, _) = degraded();
    let (owner, user) = (w.owner, stranger(&mut w));
    assert_eq!(w.state.degraded(w.account).collect::<Vec<_>>(), [Scenario::AuthorizationAdd]);
    let add = crate::add(user, Role::Viewer);
    let why = try_control(&mut w, owner, add.clone()).unwrap_err();
    assert_eq!((why.code(), why.status()), ("governance_degraded", 409));
    let lower = try_control(&mut w, owner, counts(Scenario::AuthorizationAdd, 1)).unwrap_err();
    assert_eq!(lower.code(), "governance_degraded");
    let id = by_owner(&mut w, recovery(&[])).unwrap();
    assert_eq!((w.state_of(id), required(&w, Scenario::AuthorizationAdd)), (RequestState::Approved, 2));
    w.tick_after(Millis(Millis::hours(72).0 - 1));
    assert_eq!(w.state_of(id), RequestState::Approved);
    w.tick_after(Millis(1));
    assert_eq!((w.state_of(id), required(&w, Scenario::AuthorizationAdd)), (RequestState::Executed, 1));
    assert_eq!(w.state.degraded(w.account).count(), 0);
    ask(&mut w, owner, add);
}

#[test]
fn e018_what_has_its_approvers_and_what_makes_safer_goes_on() {
    let (mut w, _) = degraded();
    let (operator, owner) = (w.owner, w.owner);
    w.ask(operator, mode(PowerMode::Low), &[1]);
    ask(&mut w, owner, Control::FreezeAccount {});
    ask(&mut w, owner, Control::UnfreezeAccount {});
}

#[test]
fn e018_who_is_not_needed_leaves_a_degraded_account_all_the_same() {
    let (mut w, [gone, other]) = company::<2>();
    let viewer = w.person(Role::Viewer);
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AuthorizationAdd, 3));
    w.operator(Command::RemoveUser { user: gone });
    let remove = crate::removal(&w, viewer);
    ask(&mut w, owner, remove);
    let why = try_control(&mut w, owner, Control::SuspendUser { user: other }).unwrap_err();
    assert_eq!(why.code(), "would_lock_out", "that would make it worse");
}

#[test]
fn e076_any_other_approver_stops_a_recovery() {
    let (mut w, [one, two]) = company::<2>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AccountUnfreeze, 3));
    let id = by_owner(&mut w, recovery(&[one])).unwrap();
    assert_eq!(w.state_of(id), RequestState::Approved);
    let veto = Command::Cancel { request: id, reason: Some("I am here".into()) };
    let named = w.actor(one);
    assert_eq!(w.run(&named, veto.clone()).unwrap_err().status(), 403, "not whom it would remove");
    let other = w.actor(two);
    w.run(&other, veto).unwrap();
    w.tick_after(Millis::hours(72));
    assert_eq!((w.state_of(id), required(&w, Scenario::AccountUnfreeze)), (RequestState::Cancelled, 3));
    assert_eq!(w.state.roles_of(w.account, one, w.now), [Role::Administrator]);
}

#[test]
fn a_recovery_is_the_owners_and_needs_a_reason_and_a_fresh_sign_in() {
    let (mut w, [one]) = company::<1>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AuthorizationAdd, 2));
    let action = recovery(&[one]);
    assert_eq!(start(&mut w, Principal::User(one), action.clone()).unwrap_err().status(), 403);
    let silent = submission(&mut w, action.clone(), &[]);
    let actor = w.actor(owner);
    assert_eq!(w.run(&actor, Command::Submit(silent)).unwrap_err().code(), "reason_required");
    let asked = Submission { reason: Some("why".into()), ..submission(&mut w, action.clone(), &[]) };
    w.now = w.now.after(Millis::minutes(5));
    assert_eq!(w.run(&actor, Command::Submit(asked)).unwrap_err().code(), "step_up_required");
    let first = by_owner(&mut w, action).unwrap();
    let second = by_owner(&mut w, recovery(&[one])).unwrap_err();
    assert_eq!(second, Rejection::PendingExists { request: first }, "one at a time");
}

#[test]
fn a_recovery_with_nothing_to_do_is_refused_and_its_own_counts_stay() {
    let (mut w, _) = company::<1>();
    let owner = w.owner;
    assert_eq!(by_owner(&mut w, recovery(&[])).unwrap_err().code(), "invalid");
    assert_eq!(by_owner(&mut w, recovery(&[owner])).unwrap_err().code(), "owner_protected");
    let change = try_control(&mut w, owner, counts(Scenario::GovernanceRecover, 2)).unwrap_err();
    assert_eq!(change.code(), "invalid");
}

#[test]
fn somebody_with_a_shell_on_the_server_recovers_alone_after_the_same_time() {
    let (mut w, _) = degraded();
    ask_frozen(&mut w);
    let id = start(&mut w, Principal::Operator, recovery(&[])).unwrap();
    assert_eq!(w.state_of(id), RequestState::Approved);
    w.tick_after(Millis::hours(72));
    assert_eq!((w.state_of(id), required(&w, Scenario::AuthorizationAdd)), (RequestState::Executed, 1));
}

#[test]
fn r24_a_frozen_account_does_nothing_but_what_makes_safer_and_the_ways_back() {
    let (mut w, [one]) = company::<1>();
    let (owner, viewer, user) = (w.owner, w.person(Role::Viewer), stranger(&mut w));
    ask(&mut w, owner, counts(Scenario::AuthorizationAdd, 2));
    ask_frozen(&mut w);
    let frozen = [
        crate::add(user, Role::Viewer),
        crate::removal(&w, viewer),
        counts(Scenario::FleetMode, 2),
        Control::SetSafeguards(Safeguards { closure: false, ..Safeguards::default() }),
        Control::CreateSite { name: "Sur".into(), capacity_w: None },
        Control::TransferOwnership { to: one, then: Role::Administrator.into() },
        Control::DeleteAccount { name: "Norte".into() },
    ];
    for control in frozen {
        let why = try_control(&mut w, owner, control.clone()).unwrap_err();
        assert_eq!((why.code(), why.status()), ("frozen", 409), "{control:?}");
    }
    for action in [mode(PowerMode::Sleep), mode(PowerMode::Low)] {
        assert_eq!(w.try_ask(owner, action, &[1]).unwrap_err().code(), "frozen");
    }
    ask(&mut w, one, Control::SuspendUser { user: viewer });
    assert!(w.state.is_suspended(w.account, viewer));
    let back = try_control(&mut w, owner, Control::UnsuspendUser { user: viewer }).unwrap_err();
    assert_eq!(back.code(), "frozen", "the way back from that is none of these");
    let id = by_owner(&mut w, recovery(&[one])).unwrap();
    w.tick_after(Millis::hours(72));
    assert_eq!((w.state_of(id), required(&w, Scenario::AuthorizationAdd)), (RequestState::Executed, 1));
    ask(&mut w, owner, Control::UnfreezeAccount {});
    ask(&mut w, owner, crate::add(user, Role::Viewer));
}

fn ask_frozen(w: &mut World) {
    let owner = w.owner;
    ask(w, owner, Control::FreezeAccount {});
}

#[test]
fn nobody_whom_it_would_remove_holds_a_recovery_up() {
    let (mut w, [hostile, two]) = company::<2>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::ApprovalConfigUpdate, 2));
    ask(&mut w, hostile, counts(Scenario::FleetLed, 3));
    let id = by_owner(&mut w, recovery(&[hostile])).unwrap();
    let raise = w.state.open_requests().find(|request| request.id != id).unwrap().id;
    approve(&mut w, two, raise);
    assert_eq!(required(&w, Scenario::FleetLed), 3);
    w.tick_after(Millis::hours(72));
    assert_eq!(w.state_of(id), RequestState::Executed);
    let after = [Scenario::ApprovalConfigUpdate, Scenario::FleetLed].map(|scenario| required(&w, scenario));
    assert_eq!(
        (after, w.state.roles_of(w.account, hostile, w.now)),
        ([2, 2], vec![]),
        "lowered to whom there is, and no further"
    );
}

#[test]
fn a_recovery_under_way_is_not_stopped_by_switching_recovery_off() {
    let (mut w, [one]) = company::<1>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AuthorizationAdd, 2));
    let id = by_owner(&mut w, recovery(&[one])).unwrap();
    let off = Safeguards { owner_recovery: false, ..Safeguards::default() };
    let off = ask(&mut w, owner, Control::SetSafeguards(off));
    approve(&mut w, one, off);
    assert!(!w.state.safeguards(w.account).owner_recovery);
    w.tick_after(Millis::hours(72));
    assert_eq!((w.state_of(id), required(&w, Scenario::AuthorizationAdd)), (RequestState::Executed, 1));
}

#[test]
fn a_recovery_happens_once_and_somebody_else_looks_at_it() {
    let (mut w, [one, gone]) = company::<2>();
    let owner = w.owner;
    let id = by_owner(&mut w, recovery(&[gone])).unwrap();
    let close = |words: &str| Command::CloseReview { request: id, words: words.into() };
    let (starter, other) = (w.actor(owner), w.actor(one));
    assert_eq!(w.run(&other, close("fine")).unwrap_err().status(), 404, "it has not been yet");
    w.tick_after(Millis::hours(72));
    w.tick_after(Millis::hours(72));
    assert_eq!(told(&w, |event| matches!(event, Event::RecoveryUsed { .. })), 1);
    assert!(w.state.account(w.account).unwrap().reviews.contains(&id));
    let viewer = w.person(Role::Viewer);
    let looker = w.actor(viewer);
    assert_eq!(w.run(&looker, close("fine")).unwrap_err().status(), 403);
    assert_eq!(w.run(&starter, close("fine")).unwrap_err().code(), "conflict_of_interest");
    assert_eq!(w.run(&other, close(" ")).unwrap_err().code(), "reason_required");
    w.run(&other, close("as agreed by telephone")).unwrap();
    assert!(w.state.account(w.account).unwrap().reviews.is_empty());
    assert_eq!(w.vote(one, id, Decision::Approve).unwrap_err().code(), "invalid_state");
}
