//! Who somebody is: whose word counts, who can be named, what is held back when a sign-in changes, and what an account may ask of
//! those who approve.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Actor, ApiAccess, Origins, Permission, Place, Principal, Role, Scope},
    command::{Command, Reply, Submission},
    fleet::Operation,
    ids::{AccountId, KeyId, UserId},
    rejection::{NoSay, Rejection},
    requests::{Action, Control, Decision, NewGrant, NewKey, PolicyChange, Recovery, RequestState, Scenario},
    state::SignInChange,
    time::Millis,
};
use proptest::prelude::*;
use support::World;

fn add(user: UserId, role: Role) -> Control {
    Control::AddGrant(NewGrant::new(user, role, Scope::All))
}

/// Somebody whom the server's keeper answers for, and who holds nothing.
fn known(w: &mut World) -> UserId {
    match w.operator(Command::AddUser) {
        Reply::User(user) => user,
        other => panic!("{other:?}"),
    }
}

/// Somebody who came in through an invitation whose link was shown to the inviter.
fn invited(w: &mut World, role: Role) -> UserId {
    let actor = w.actor(w.owner);
    let Reply::User(user) = w.run(&actor, Command::AddUser).unwrap() else { panic!("a person") };
    let owner = w.owner;
    w.ask(owner, Action::Control(add(user, role)), &[]);
    user
}

fn submission(w: &mut World, control: Control) -> Submission {
    Submission {
        id: w.new_id(),
        action: Action::Control(control),
        targets: Vec::new(),
        estimates: Vec::new(),
        reason: Some("because".into()),
        idempotency_key: None,
    }
}

fn by_number(w: &mut World, control: Control) -> Rejection {
    let (actor, asked) = (w.actor(w.owner), submission(w, control));
    w.run(&actor, Command::Submit(asked)).unwrap_err()
}

fn enrol(w: &mut World, user: UserId, enrolled: bool) -> Result<Reply, Rejection> {
    let actor = Actor::system(w.account);
    w.run(&actor, Command::ChangeSignIn { user, change: SignInChange::SecondFactor, enrolled })
}

/// Something that Administrators ask for and approve.
const UNFREEZE: Action = Action::Control(Control::UnfreezeAccount {});

#[test]
fn r31_only_verified_people_vote_and_nobody_is_counted_on_who_may_not() {
    let mut w = World::new(1);
    let puppet = invited(&mut w, Role::Administrator);
    let owner = w.owner;
    assert_eq!(w.state.available(w.account, Scenario::AccountUnfreeze), 1, "the owner alone");
    let two = Control::SetPolicies { changes: vec![PolicyChange::counts(Scenario::AccountUnfreeze, 2, 0)] };
    assert_eq!(w.try_ask(owner, Action::Control(two), &[]).unwrap_err().code(), "out_of_range");
    let id = w.ask(puppet, UNFREEZE, &[]);
    assert_eq!(w.state_of(id), RequestState::Pending, "an approver's own word counts no more than their vote");
    let refused = w.vote(puppet, id, Decision::Approve).unwrap_err();
    assert_eq!(refused, Rejection::NoSay(NoSay::Unverified));
    assert_eq!(refused.code(), "email_unverified");
    assert_eq!(w.vote(puppet, id, Decision::Reject).unwrap_err().code(), "email_unverified");

    w.operator(Command::VerifyEmail { user: puppet });
    assert_eq!(w.state.available(w.account, Scenario::AccountUnfreeze), 2);
    assert!(w.vote(puppet, id, Decision::Approve).is_err(), "not on what was asked for before");
    let actor = w.actor(puppet);
    w.run(&actor, Command::Cancel { request: id, reason: None }).unwrap();
    let id = w.ask(puppet, UNFREEZE, &[]);
    assert_eq!(w.state_of(id), RequestState::Executed);
}

#[test]
fn r31_what_one_holder_of_a_permission_does_alone_takes_no_vote() {
    let mut w = World::new(2);
    let technician = invited(&mut w, Role::Technician);
    let administrator = invited(&mut w, Role::Administrator);
    let reboot = || Action::Device(Operation::Reboot {});
    let id = w.ask(technician, reboot(), &[1]);
    assert_eq!(w.state_of(id), RequestState::Executing, "it is theirs to do");
    let freeze = w.ask(administrator, Action::Control(Control::FreezeAccount {}), &[]);
    assert_eq!(w.state_of(freeze), RequestState::Executed, "making things safer takes one person");
    let owner = w.owner;
    w.ask(owner, Action::Control(Control::UnfreezeAccount {}), &[]);
    // Where two are asked for, one of them is not somebody of whom nobody knows who it is.
    let Reply::User(other) = w.operator(Command::AddUser) else { panic!("a person") };
    w.ask(owner, Action::Control(add(other, Role::Administrator)), &[]);
    w.set_policy(Scenario::FleetPower, 2, 0);
    let id = w.ask(technician, reboot(), &[2]);
    assert!(w.state.tally(w.request(id), w.now).approvals.is_empty());
    w.vote(owner, id, Decision::Approve).unwrap();
    assert_eq!(w.state_of(id), RequestState::Pending);
}

#[test]
fn r31_a_first_grant_goes_to_verified_people_or_those_who_registered_here() {
    let mut w = World::new(0);
    let guest = invited(&mut w, Role::Viewer);
    assert!(!w.state.is_verified(guest));
    let own = w.operator(Command::AddUser);
    let Reply::User(founder) = own else { panic!("a person") };
    let actor = w.actor(founder);
    let Reply::Account(other, _) = w.run(&actor, Command::FoundAccount { name: "Sur".into() }).unwrap() else {
        panic!("an account")
    };
    let there = Actor { account: other, principal: Principal::User(founder), authenticated_at: w.now };
    let then = Box::new(Command::Submit(submission(&mut w, add(guest, Role::Administrator))));
    let refused = w.run(&there, Command::Introduce { user: guest, then }).unwrap_err();
    assert_eq!((refused.code(), refused.status()), ("person_unverified", 409));
    let actor = w.actor(guest);
    assert_eq!(w.run(&actor, Command::FoundAccount { name: "Mine".into() }).unwrap_err().code(), "email_unverified");

    w.operator(Command::VerifyEmail { user: guest });
    let then = Box::new(Command::Submit(submission(&mut w, add(guest, Role::Administrator))));
    w.run(&there, Command::Introduce { user: guest, then }).unwrap();
    assert!(w.state.is_member(other, guest));
}

#[test]
fn nobody_is_named_by_number_and_a_number_elsewhere_answers_like_one_that_never_was() {
    let mut w = World::new(0);
    let (outside, never, user) = (known(&mut w), UserId(4_000), w.person(Role::Administrator));
    let named: [fn(UserId) -> Control; 6] = [
        |user| add(user, Role::Viewer),
        |user| Control::RemoveUser { user, changes: Vec::new() },
        |user| Control::SuspendUser { user },
        |user| Control::UnsuspendUser { user },
        |to| Control::TransferOwnership { to, then: Role::Administrator.into() },
        |user| Control::Recover(Recovery { remove: [user].into() }),
    ];
    for control in named {
        let (there, nowhere) = (by_number(&mut w, control(outside)), by_number(&mut w, control(never)));
        assert_eq!(there, nowhere, "{:?}", control(outside));
        assert_eq!(there.status(), 404, "{:?}", control(outside));
    }
    let owner = w.owner;
    w.ask(owner, Action::Control(add(user, Role::Viewer)), &[]);
    assert_eq!(w.state.roles_of(w.account, user, w.now).len(), 2, "who is here is named by number");
    let (actor, asked) = (w.actor(owner), submission(&mut w, add(outside, Role::Viewer)));
    w.run(&actor, Command::Introduce { user: outside, then: Box::new(Command::Submit(asked)) }).unwrap();
    assert!(w.state.is_member(w.account, outside));
}

#[test]
fn whoever_amends_a_grant_that_waits_goes_on_speaking_of_the_same_person_only() {
    let mut w = World::new(0);
    let (newcomer, outside) = (known(&mut w), known(&mut w));
    w.person(Role::Administrator);
    w.set_policy(Scenario::AuthorizationAdd, 2, 0);
    let owner = w.owner;
    let id = w.ask(owner, Action::Control(add(newcomer, Role::Viewer)), &[]);
    let actor = w.actor(owner);
    let with = submission(&mut w, add(outside, Role::Viewer));
    assert_eq!(w.run(&actor, Command::Amend { request: id, with }).unwrap_err().status(), 404);
    let with = submission(&mut w, add(newcomer, Role::Technician));
    w.run(&actor, Command::Amend { request: id, with }).unwrap();
}

#[test]
fn a_grant_is_an_offer_until_the_account_is_opened_and_can_be_declined() {
    let mut w = World::new(0);
    w.opens = false;
    let (one, two, owner) = (known(&mut w), known(&mut w), w.owner);
    for user in [one, two] {
        w.ask(owner, Action::Control(add(user, Role::Administrator)), &[]);
        assert!(w.state.is_member(w.account, user), "it takes effect at once");
    }
    assert_eq!(w.state.available(w.account, Scenario::AccountUnfreeze), 1);
    let id = w.ask(one, UNFREEZE, &[]);
    assert_eq!(w.vote(one, id, Decision::Approve).unwrap_err(), Rejection::NoSay(NoSay::NotOpened));
    let actor = w.actor(two);
    w.run(&actor, Command::DeclineAccount).unwrap();
    assert!(!w.state.is_member(w.account, two));
    assert_eq!(w.run(&actor, Command::DeclineAccount).unwrap_err().status(), 404);
    assert_eq!(w.run(&actor, Command::OpenAccount).unwrap_err().status(), 404);
    w.open(w.account, one);
    assert_eq!(w.state.available(w.account, Scenario::AccountUnfreeze), 2);
    let actor = w.actor(one);
    assert_eq!(w.run(&actor, Command::DeclineAccount).unwrap_err().status(), 409, "from then on they leave");
    let entries = w.log.len();
    w.run(&actor, Command::OpenAccount).unwrap();
    assert_eq!(w.log.len(), entries, "once");
    let elsewhere = Actor { account: AccountId(9), ..actor };
    assert_eq!(w.run(&elsewhere, Command::OpenAccount).unwrap_err().status(), 404);
}

#[test]
fn an_account_asks_its_approvers_for_a_second_factor_unless_that_locks_it_out() {
    let mut w = World::new(0);
    let [one, three] = [Role::Administrator; 2].map(|role| w.person(role));
    let owner = w.owner;
    w.set_policy(Scenario::AccountUnfreeze, 2, 0);
    let ask = |on| Action::Control(Control::SetSecondFactorRequired { on });
    let refused = w.try_ask(owner, ask(true), &[]).unwrap_err();
    assert_eq!(refused.code(), "would_lock_out");
    assert!(refused.to_string().contains("second factor"), "{refused}");
    enrol(&mut w, owner, true).unwrap();
    assert_eq!(w.try_ask(owner, ask(true), &[]).unwrap_err().code(), "would_lock_out", "roles take two");
    enrol(&mut w, one, true).unwrap();
    let id = w.ask(owner, ask(true), &[]);
    assert_eq!(w.state_of(id), RequestState::Executed);
    assert_eq!(w.try_ask(owner, ask(true), &[]).unwrap_err().code(), "already_exists");

    let id = w.ask(three, UNFREEZE, &[]);
    assert_eq!(w.vote(three, id, Decision::Approve).unwrap_err(), Rejection::NoSay(NoSay::NoSecondFactor));
    assert_eq!(enrol(&mut w, one, false).unwrap_err().code(), "would_lock_out", "nobody gives up what is counted on");
    w.vote(owner, id, Decision::Approve).unwrap();
    enrol(&mut w, three, true).unwrap();
    enrol(&mut w, one, false).unwrap();
    assert!(w.vote(one, id, Decision::Approve).is_err());
    let off = w.ask(owner, ask(false), &[]);
    assert_eq!(
        (w.state_of(off), w.state.tally(w.request(off), w.now).required),
        (RequestState::Pending, 2),
        "as many as lowering every count"
    );
}

#[test]
fn keys_that_write_are_held_back_for_a_day_after_their_holders_sign_in_has_changed() {
    let mut w = World::new(1);
    let (user, owner) = (w.person(Role::Viewer), w.owner);
    let new = NewGrant { api_access: ApiAccess::ReadWrite, ..NewGrant::new(user, Role::OperationsManager, Scope::All) };
    w.ask(owner, Action::Control(Control::AddGrant(new)), &[]);
    let grant = w.state.grants_of(w.account).find(|grant| !grant.api_access.is_none()).unwrap().id;
    let expires_at = Some(w.now.after(Millis::days(30)));
    let key = NewKey {
        grant,
        name: "n".into(),
        access: ApiAccess::ReadWrite,
        secret_hash: "ab".repeat(32),
        expires_at,
        from: Some(Origins::Anywhere),
        require_hmac: false,
    };
    w.ask(owner, Action::Control(Control::IssueKey(key)), &[]);
    let program = Actor { account: w.account, principal: Principal::ApiKey(KeyId(1)), authenticated_at: w.now };
    let may = |w: &World, permission| w.state.rights_of(&program).allow(permission, &Place::ACCOUNT, w.now);
    assert!(may(&w, Permission::DeviceReboot));
    for change in [SignInChange::Password, SignInChange::Email, SignInChange::SecondFactor, SignInChange::Identity] {
        w.system(Command::ChangeSignIn { user, change, enrolled: false });
        assert!(!may(&w, Permission::DeviceReboot) && may(&w, Permission::DeviceList), "{change:?}");
        w.tick_after(Millis(Millis::hours(24).0 - 1));
        assert!(!may(&w, Permission::DeviceReboot), "{change:?}");
        w.tick_after(Millis(1));
        assert!(may(&w, Permission::DeviceReboot), "{change:?}");
    }
}

#[test]
fn nobody_but_the_server_and_its_keeper_says_who_somebody_is() {
    let mut w = World::new(0);
    let (owner, user) = (w.owner, w.person(Role::Administrator));
    let change = SignInChange::Password;
    for actor in [w.actor(owner), w.actor(user)] {
        for command in [Command::VerifyEmail { user }, Command::ChangeSignIn { user, change, enrolled: true }] {
            assert_eq!(w.run(&actor, command).unwrap_err().status(), 403);
        }
    }
}

/// What may happen to one of five people.
#[derive(Debug, Clone, Copy)]
enum Step {
    Verify(usize),
    Open(usize),
    Enrol(usize, bool),
    Require(bool),
    Count(u32),
    Ask(usize),
    Approve(usize),
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..5_usize;
    prop_oneof![
        1 => who.clone().prop_map(Step::Verify),
        1 => who.clone().prop_map(Step::Open),
        2 => (who.clone(), any::<bool>()).prop_map(|(who, on)| Step::Enrol(who, on)),
        1 => any::<bool>().prop_map(Step::Require),
        2 => (1..5_u32).prop_map(Step::Count),
        2 => who.clone().prop_map(Step::Ask),
        4 => who.prop_map(Step::Approve),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    /// R1 and R31 together: whatever becomes of who people are, an approval is of somebody verified who has opened the account
    /// (and is enrolled where that is asked for), and no count is ever above the number of those.
    #[test]
    fn approvals_are_of_people_who_count_and_counts_are_met_by_them(steps in prop::collection::vec(step(), 0..50)) {
        let mut w = World::new(0);
        w.opens = false;
        let owner = w.owner;
        let people: Vec<_> = (0..4).map(|_| invited(&mut w, Role::Administrator)).chain([owner]).collect();
        for step in steps {
            let (Step::Verify(who) | Step::Open(who) | Step::Enrol(who, _) | Step::Ask(who) | Step::Approve(who)) = step else {
                let control = match step {
                    Step::Count(required) => {
                        Control::SetPolicies { changes: vec![PolicyChange::counts(Scenario::AccountUnfreeze, required, 0)] }
                    }
                    _ => Control::SetSecondFactorRequired { on: matches!(step, Step::Require(true)) },
                };
                // Refused where it locks out; that is what is looked at below.
                let _ = w.try_ask(owner, Action::Control(control), &[]);
                check(&w)?;
                continue;
            };
            let user = people[who];
            match step {
                Step::Verify(_) => drop(w.operator(Command::VerifyEmail { user })),
                Step::Open(_) => w.open(w.account, user),
                Step::Enrol(_, on) => drop(enrol(&mut w, user, on)),
                Step::Ask(_) => drop(w.try_ask(user, UNFREEZE, &[])),
                _ => {
                    let open: Vec<_> = w.state.open_requests().map(|request| request.id).collect();
                    for id in open {
                        let _ = w.vote(user, id, Decision::Approve);
                    }
                }
            }
            check(&w)?;
        }
    }
}

fn check(w: &World) -> Result<(), TestCaseError> {
    let counts = |user: UserId| {
        let known = w.state.identity(user).unwrap();
        let enrolled = known.enrolled || !w.state.second_factor_required(w.account);
        known.verified && w.state.has_opened(w.account, user) && enrolled
    };
    let able = w.state.people_of(w.account).filter(|user| counts(*user)).count();
    let required = w.state.policy(w.account, Scenario::AccountUnfreeze).required;
    prop_assert!(required as usize <= able, "{required} of {able}");
    for request in w.state.open_requests() {
        let tally = w.state.tally(request, w.now);
        prop_assert!(tally.approvals.iter().chain(&tally.undecided).all(|user| counts(*user)));
    }
    Ok(())
}
