//! Giving the account to somebody else: who must agree, who must accept, and that until then nothing changes.

use crate::{
    add, approve, ask, company, counts, local, refused, removal, stranger,
    support::{SITE, World},
    tally, told, try_control,
};
use adit_core::{
    authz::{ApiAccess, Role, Scope},
    command::Command,
    event::Event,
    ids::{RequestId, UserId},
    rejection::{Instead, Rejection},
    requests::{Control, Decision, GrantChange, PolicyChange, RequestState, Scenario},
    time::Millis,
};

const TIMELOCK: Millis = Millis::hours(72);

fn transfer(to: UserId) -> Control {
    Control::TransferOwnership { to, then: Role::Administrator.into() }
}

/// The offer of the owner to the first of three Administrators, approved by the other two, just after its timelock.
fn approved() -> (World, [UserId; 3], RequestId) {
    let (mut w, [heir, one, two]) = company::<3>();
    let owner = w.owner;
    let id = ask(&mut w, owner, transfer(heir));
    [one, two].into_iter().for_each(|user| approve(&mut w, user, id));
    assert_eq!(w.state_of(id), RequestState::Approved);
    w.tick_after(TIMELOCK);
    (w, [heir, one, two], id)
}

fn is_unchanged(w: &World, heir: UserId) -> bool {
    w.owner() == w.owner
        && w.state.roles_of(w.account, w.owner, w.now) == [Role::Owner]
        && w.state.roles_of(w.account, heir, w.now) == [Role::Administrator]
        && told(w, |event| matches!(event, Event::OwnershipTransferred { .. })) == 0
}

#[test]
fn e026_only_a_transfer_makes_another_owner_and_both_change_in_one_event() {
    let (mut w, [heir, ..], id) = approved();
    let before = w.log.len();
    assert!(is_unchanged(&w, heir));
    w.answer(heir, id, true).unwrap();
    assert_eq!((w.state_of(id), w.owner()), (RequestState::Executed, heir));
    assert_eq!(w.state.roles_of(w.account, heir, w.now), [Role::Owner]);
    assert_eq!(w.state.roles_of(w.account, w.owner, w.now), [Role::Administrator]);
    let changes = w.log[before..].iter().filter(|entry| {
        let Event::OwnershipTransferred { from, to, .. } = &entry.event else { return false };
        (*from, *to) == (w.owner, heir)
    });
    assert_eq!(changes.count(), 1);
    assert_eq!(told(&w, |event| matches!(event, Event::GrantAdded { user, .. } if *user == heir)), 1);

    let (old, new) = (w.owner, removal(&w, heir));
    assert_eq!(try_control(&mut w, old, new).unwrap_err().code(), "permission_denied");
    let old_one = removal(&w, old);
    ask(&mut w, heir, old_one);
    assert!(w.state.roles_of(w.account, old, w.now).is_empty(), "who was the owner is no longer protected");
}

#[test]
fn e027_who_does_not_accept_within_seven_days_of_the_approval_becomes_nothing() {
    let (mut w, [heir, ..], id) = approved();
    let approved_at = w.request(id).approved_at.unwrap();
    assert_eq!(w.request(id).execute_deadline, Some(approved_at.after(Millis::days(7))));
    w.now = approved_at.after(Millis::days(7)).before(Millis(1));
    w.system(Command::Tick);
    assert_eq!(w.state_of(id), RequestState::Approved);
    w.now = approved_at.after(Millis::days(7));
    assert_eq!(w.answer(heir, id, true).unwrap_err(), Rejection::Expired);
    w.system(Command::Tick);
    assert_eq!(w.state_of(id), RequestState::Expired);
    assert!(is_unchanged(&w, heir));
    assert_eq!(w.answer(heir, id, true).unwrap_err().code(), "expired");
}

#[test]
fn e027_accepting_early_waits_for_the_others_and_for_the_timelock() {
    let (mut w, [heir, one, two]) = company::<3>();
    let owner = w.owner;
    let id = ask(&mut w, owner, transfer(heir));
    assert_eq!((tally(&w, id).required, tally(&w, id).undecided), (3, [one, two].into()));
    w.answer(heir, id, true).unwrap();
    approve(&mut w, one, id);
    assert_eq!(w.state_of(id), RequestState::Pending, "everybody has to agree");
    approve(&mut w, two, id);
    assert_eq!(w.state_of(id), RequestState::Approved);
    assert!(is_unchanged(&w, heir));
    w.tick_after(Millis(TIMELOCK.0 - 1));
    assert!(is_unchanged(&w, heir));
    w.tick_after(Millis(1));
    assert_eq!((w.state_of(id), w.owner()), (RequestState::Executed, heir));
}

#[test]
fn the_owner_alone_offers_and_calls_it_off_and_an_approver_vetoes() {
    let (mut w, [heir, one, _], id) = approved();
    assert_eq!(try_control(&mut w, one, transfer(heir)).unwrap_err().code(), "permission_denied");
    let owner = w.owner;
    let cancel = |w: &mut World, who: UserId, request| {
        let actor = w.actor(who);
        w.run(&actor, Command::Cancel { request, reason: None })
    };
    assert_eq!(try_control(&mut w, owner, transfer(one)).unwrap_err().code(), "pending_exists");
    cancel(&mut w, owner, id).unwrap();
    assert_eq!((w.state_of(id), is_unchanged(&w, heir)), (RequestState::Cancelled, true));
    let (mut w, [heir, one, _], id) = approved();
    cancel(&mut w, one, id).unwrap();
    assert_eq!((w.state_of(id), is_unchanged(&w, heir)), (RequestState::Cancelled, true));
}

#[test]
fn whom_it_is_offered_to_refuses_with_a_reason_and_has_no_vote() {
    let (mut w, [heir, one]) = company::<2>();
    let owner = w.owner;
    let id = ask(&mut w, owner, transfer(heir));
    for decision in [Decision::Approve, Decision::Reject] {
        assert_eq!(refused(&mut w, heir, id, decision).code(), "conflict_of_interest");
    }
    assert_eq!(w.answer(one, id, true).unwrap_err().code(), "not_an_approver");
    let content_hash = w.request(id).content_hash;
    let actor = w.actor(heir);
    let mut answer = |decision, content_hash, comment| {
        w.run(&actor, Command::AnswerOffer { request: id, decision, content_hash, comment }).unwrap_err().code()
    };
    assert_eq!(answer(Decision::Reject, content_hash, Some(" ".into())), "reason_required");
    let mut other = content_hash;
    other.0[0] ^= 1;
    assert_eq!(answer(Decision::Approve, other, None), "content_changed");
    w.answer(heir, id, false).unwrap();
    assert_eq!((w.state_of(id), w.request(id).state_reason.as_deref()), (RequestState::Rejected, Some("not me")));
    assert_eq!(w.owner(), owner);
}

#[test]
fn offering_and_accepting_take_a_fresh_proof() {
    let (mut w, [heir]) = company::<1>();
    let owner = w.owner;
    let stale = |w: &World, who| {
        let mut actor = w.actor(who);
        actor.authenticated_at = w.now.before(Millis::minutes(6));
        actor
    };
    let submission = crate::submission(&mut w, adit_core::requests::Action::Control(transfer(heir)), &[]);
    let actor = stale(&w, owner);
    assert_eq!(w.run(&actor, Command::Submit(submission)).unwrap_err(), Rejection::StepUpRequired);
    let id = ask(&mut w, owner, transfer(heir));
    assert_eq!(w.state_of(id), RequestState::Approved, "there is nobody else to ask");
    let (actor, content_hash) = (stale(&w, heir), w.request(id).content_hash);
    let accept = Command::AnswerOffer { request: id, decision: Decision::Approve, content_hash, comment: None };
    assert_eq!(w.run(&actor, accept).unwrap_err(), Rejection::StepUpRequired);
    w.answer(heir, id, true).unwrap();
    w.tick_after(TIMELOCK);
    assert_eq!(w.owner(), heir);
}

#[test]
fn only_somebody_with_a_role_who_still_has_it_becomes_the_owner() {
    let (mut w, [heir]) = company::<1>();
    let (owner, nobody) = (w.owner, stranger(&mut w));
    assert_eq!(try_control(&mut w, owner, transfer(nobody)).unwrap_err().status(), 404);
    assert_eq!(try_control(&mut w, owner, transfer(UserId(99))).unwrap_err().status(), 404);
    assert_eq!(try_control(&mut w, owner, transfer(owner)).unwrap_err().code(), "already_exists");
    let twice = Control::TransferOwnership { to: heir, then: Role::Owner.into() };
    assert_eq!(try_control(&mut w, owner, twice).unwrap_err().code(), "owner_protected");
    for leaves in [Control::SuspendUser { user: heir }, Control::RemoveUser { user: heir, changes: Vec::new() }] {
        let id = ask(&mut w, owner, transfer(heir));
        w.answer(heir, id, true).unwrap();
        ask(&mut w, owner, leaves);
        assert_eq!(w.state_of(id), RequestState::Invalidated);
        assert_eq!(w.request(id).state_reason.as_deref(), Some("target_gone"));
        w.tick_after(TIMELOCK);
        assert_eq!(w.owner(), owner);
        if w.state.is_suspended(w.account, heir) {
            ask(&mut w, owner, Control::UnsuspendUser { user: heir });
        }
    }
}

#[test]
fn somebody_of_one_site_can_become_the_owner_and_the_old_one_what_was_named() {
    let mut w = World::new(2);
    let owner = w.owner;
    let heir = local(&mut w, Role::Viewer, SITE);
    let id = ask(&mut w, owner, Control::TransferOwnership { to: heir, then: Role::Viewer.into() });
    w.answer(heir, id, true).unwrap();
    w.tick_after(TIMELOCK);
    let held: Vec<_> = w.state.grants_of(w.account).map(|g| (g.user, g.role, g.scope.is_all())).collect();
    assert_eq!(held, [(heir, Role::Owner.into(), true), (owner, Role::Viewer.into(), true)]);
}

#[test]
fn an_owner_whom_a_count_needs_stays_an_approver() {
    let (mut w, [heir]) = company::<1>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AuthorizationRemove, 2));
    let viewer = Control::TransferOwnership { to: heir, then: Role::Viewer.into() };
    let why = try_control(&mut w, owner, viewer).unwrap_err();
    assert_eq!(
        why,
        Rejection::WouldLockOut { scenarios: vec![Scenario::AuthorizationRemove], instead: Instead::LowerFirst }
    );
    ask(&mut w, owner, transfer(heir));
}

#[test]
fn an_approver_who_goes_while_it_waits_ends_it_and_one_who_comes_has_no_say() {
    let (mut w, [heir, one, two]) = company::<3>();
    let owner = w.owner;
    let id = ask(&mut w, owner, transfer(heir));
    let three = stranger(&mut w);
    ask(&mut w, owner, add(three, Role::Administrator));
    assert_eq!(refused(&mut w, three, id, Decision::Approve).code(), "not_an_approver");
    assert_eq!(w.state_of(id), RequestState::Pending);
    approve(&mut w, one, id);
    let goes = removal(&w, two);
    ask(&mut w, owner, goes);
    assert_eq!(w.request(id).state_reason.as_deref(), Some("unsatisfiable"));
}

#[test]
fn what_the_old_owner_asked_for_is_theirs_no_more_and_old_votes_stop_counting() {
    let (mut w, [heir, one, two], id) = approved();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AuthorizationAdd, 2));
    let user = stranger(&mut w);
    let open = ask(&mut w, owner, add(user, Role::Viewer));
    w.answer(heir, id, true).unwrap();
    assert_eq!(w.state_of(open), RequestState::Invalidated, "an Administrator may not ask for that");
    assert_eq!(w.request(open).state_reason.as_deref(), Some("initiator_unauthorized"));
    let again = ask(&mut w, heir, add(user, Role::Viewer));
    approve(&mut w, [one, two][0], again);
    assert_eq!(w.state_of(again), RequestState::Executed);
}

#[test]
fn its_times_are_the_accounts_and_everything_else_is_fixed() {
    let (mut w, [one]) = company::<1>();
    let owner = w.owner;
    let more = try_control(&mut w, owner, counts(Scenario::OwnershipTransfer, 2)).unwrap_err();
    assert_eq!(more.code(), "invalid");
    let timelock_s = Some(0);
    let sooner = PolicyChange { timelock_s, ..PolicyChange::counts(Scenario::OwnershipTransfer, 1, 0) };
    let id = ask(&mut w, owner, Control::SetPolicies { changes: vec![sooner] });
    assert_eq!((w.state_of(id), tally(&w, id).required), (RequestState::Pending, 2), "as many as the transfer itself");
    approve(&mut w, one, id);
    w.tick_after(Millis::hours(72));
    let id = ask(&mut w, owner, transfer(one));
    assert_eq!(w.state_of(id), RequestState::Approved);
    w.answer(one, id, true).unwrap();
    assert_eq!(w.owner(), one, "at once");
}

#[test]
fn keys_of_the_new_owners_old_grant_end_with_it() {
    let (mut w, [heir]) = company::<1>();
    let owner = w.owner;
    let grant = crate::grant_of(&w, heir);
    let (role, api_access) = (Role::Administrator.into(), ApiAccess::ReadOnly);
    let change = GrantChange { grant, role, scope: Scope::All, expires_at: None, remark: None, api_access };
    ask(&mut w, owner, Control::ChangeGrant(change));
    let id = ask(&mut w, owner, transfer(heir));
    w.answer(heir, id, true).unwrap();
    w.tick_after(TIMELOCK);
    assert!(w.state.grant(grant).is_none());
    assert_eq!(w.state.grants_of(w.account).filter(|held| held.user == heir).count(), 1);
}
