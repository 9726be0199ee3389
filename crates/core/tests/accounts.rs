//! How accounts begin and end: a second one of the same person, and a deletion that can be undone for a week.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Permission, Place, Role},
    command::{Command, Reply},
    event::Event,
    fleet::PowerMode,
    ids::{AccountId, UserId},
    rejection::Rejection,
    requests::{Action, Control, DELETION_DELAY, Decision, RequestState, Scenario},
    time::Millis,
};
use support::{World, mode, restart_workers};

fn delete() -> Action {
    Action::Control(Control::DeleteAccount { name: "Norte".into() })
}

fn keep() -> Action {
    Action::Control(Control::KeepAccount {})
}

fn code(result: Result<impl std::fmt::Debug, Rejection>) -> &'static str {
    result.unwrap_err().code()
}

fn found(w: &mut World, user: UserId, name: &str) -> Result<Reply, Rejection> {
    let actor = w.actor(user);
    w.run(&actor, Command::FoundAccount { name: name.into() })
}

#[test]
fn the_owner_alone_deletes_by_its_name_and_with_a_fresh_proof() {
    let mut w = World::new(1);
    let (owner, administrator) = (w.owner, w.person(Role::Administrator));
    assert_eq!(code(w.try_ask(administrator, delete(), &[])), "permission_denied");
    for wrong in ["norte", "Norte ", ""] {
        let wrong = Action::Control(Control::DeleteAccount { name: wrong.into() });
        assert_eq!(code(w.try_ask(owner, wrong, &[])), "invalid");
    }
    let mut actor = w.actor(owner);
    actor.authenticated_at = w.now.before(Millis::minutes(6));
    let submission = adit_core::command::Submission {
        id: w.new_id(),
        action: delete(),
        targets: Vec::new(),
        estimates: Vec::new(),
        reason: None,
        idempotency_key: None,
    };
    assert_eq!(code(w.run(&actor, Command::Submit(submission))), "step_up_required");
    assert_eq!(code(w.try_ask(owner, keep(), &[])), "not_found");
    let id = w.ask(owner, delete(), &[]);
    assert_eq!(w.state_of(id), RequestState::Executed);
    let at = w.state.account(w.account).unwrap().deletion;
    assert_eq!(at, Some(w.now.after(DELETION_DELAY)));
}

#[test]
fn meanwhile_nothing_is_asked_for_or_carried_out_but_what_makes_things_safer() {
    let mut w = World::new(2);
    let (owner, administrator) = (w.owner, w.person(Role::Administrator));
    let [operator, manager] = [Role::OperationsManager, Role::SiteManager].map(|role| w.person(role));
    let waiting = w.ask(operator, restart_workers(), &[]);
    w.ask(owner, delete(), &[]);
    assert_eq!(code(w.try_ask(operator, mode(PowerMode::Sleep), &[1])), "deletion_pending");
    assert_eq!(code(w.try_ask(owner, delete(), &[])), "deletion_pending");
    assert_eq!(code(w.try_ask(owner, Action::Control(Control::UnfreezeAccount {}), &[])), "deletion_pending");
    w.vote(manager, waiting, Decision::Approve).unwrap();
    assert_eq!(w.state_of(waiting), RequestState::Approved, "it waits");
    let suspension = w.ask(administrator, Action::Control(Control::SuspendUser { user: operator }), &[]);
    assert_eq!(w.state_of(suspension), RequestState::Executed);

    assert_eq!(code(w.try_ask(manager, keep(), &[])), "permission_denied");
    let kept = w.ask(administrator, keep(), &[]);
    assert_eq!(w.state_of(kept), RequestState::Executed);
    assert_eq!(w.state.account(w.account).unwrap().deletion, None);
    w.ask(manager, mode(PowerMode::Sleep), &[1]);
    w.tick_after(DELETION_DELAY);
    assert!(w.state.account(w.account).is_some(), "an undone deletion does not come back");
}

#[test]
fn a_week_later_it_is_gone_for_everybody_and_what_happened_stays_written() {
    let mut w = World::new(2);
    let (owner, viewer) = (w.owner, w.person(Role::Viewer));
    w.person(Role::OperationsManager);
    w.person(Role::Administrator);
    w.set_policy(Scenario::FleetMode, 2, 0);
    let open = w.ask(owner, mode(PowerMode::High), &[1]);
    let Reply::Account(other, _) = found(&mut w, owner, "Sur").unwrap() else { unreachable!() };
    w.ask(owner, delete(), &[]);
    w.tick_after(Millis(DELETION_DELAY.0 - 1));
    assert!(w.state.account(w.account).is_some());
    let events = w.log.len();
    w.tick_after(Millis(1));
    assert_eq!((w.state.account(w.account), w.state.accounts().count()), (None, 1));
    assert_eq!(w.state.accounts_of(viewer).count(), 0);
    assert_eq!(w.state.accounts_of(owner).collect::<Vec<_>>(), [other]);
    assert!(!w.state.may(w.account, owner, Permission::DeviceList, &Place::ACCOUNT, w.now));
    assert_eq!(code(w.try_ask(owner, mode(PowerMode::Sleep), &[2])), "not_found");
    assert!(w.state.agent(support::AGENT).unwrap().public_key.is_none(), "its agents are not let in");
    assert!(w.state.request(open).unwrap().state.is_terminal());
    assert!(matches!(w.log.last().unwrap().event, Event::AccountDeleted { .. }));
    assert!(w.log.len() > events && w.log.iter().any(|entry| entry.event.request() == Some(open)));
    w.tick_after(DELETION_DELAY);
    let Reply::Account(third, _) = found(&mut w, owner, "Este").unwrap() else { unreachable!() };
    assert_eq!(third, AccountId(3), "its id is not used again");
}

#[test]
fn what_an_agent_of_a_deleted_account_still_says_is_not_taken() {
    let mut w = World::new(1);
    let owner = w.owner;
    w.ask(owner, delete(), &[]);
    w.tick_after(DELETION_DELAY);
    let system = adit_core::authz::Actor::system(w.account);
    let scan_task = adit_core::ids::ScanTaskId(1);
    let report = Command::ReportDevices {
        agent: support::AGENT,
        scan_task,
        devices: vec![support::miner(9)],
        heard: Default::default(),
    };
    assert_eq!(code(w.run(&system, report)), "not_found");
}

#[test]
fn a_count_may_ask_for_more_than_the_owners_word_and_a_transfer_goes_first() {
    let mut w = World::new(0);
    let (owner, one) = (w.owner, w.person(Role::Administrator));
    w.set_policy(Scenario::AccountDelete, 2, 0);
    let id = w.ask(owner, delete(), &[]);
    assert_eq!((w.state_of(id), w.state.account(w.account).unwrap().deletion), (RequestState::Pending, None));
    let transfer = Control::TransferOwnership { to: one, then: Role::Administrator.into() };
    assert_eq!(code(w.try_ask(owner, Action::Control(transfer), &[])), "pending_exists");
    w.vote(one, id, Decision::Approve).unwrap();
    assert!(w.state.account(w.account).unwrap().deletion.is_some());
}

#[test]
fn a_person_owns_several_accounts_and_they_know_nothing_of_each_other() {
    let mut w = World::new(1);
    let viewer = w.person(Role::Viewer);
    let Reply::Account(mine, owner) = found(&mut w, viewer, "Mine").unwrap() else { unreachable!() };
    assert_eq!((owner, w.state.account(mine).unwrap().owner), (viewer, viewer));
    assert_eq!(w.state.accounts_of(viewer).collect::<Vec<_>>(), [w.account, mine]);
    assert!(w.state.may(mine, viewer, Permission::UserManage, &Place::ACCOUNT, w.now));
    assert!(!w.state.may(w.account, viewer, Permission::UserManage, &Place::ACCOUNT, w.now));
    assert_eq!(w.state.sites_of(mine).count(), 0);
    let elsewhere = w.account;
    w.account = mine;
    assert_eq!(code(w.try_ask(viewer, mode(PowerMode::Sleep), &[1])), "not_found");
    w.account = elsewhere;
    assert_eq!(code(w.try_ask(viewer, mode(PowerMode::Sleep), &[1])), "permission_denied");
    assert_eq!(code(found(&mut w, viewer, " ")), "invalid");
    assert_eq!(code(found(&mut w, UserId(99), "Nobody's")), "not_found");
    for number in 2..=20 {
        found(&mut w, viewer, &format!("Mine {number}")).unwrap();
    }
    assert_eq!(code(found(&mut w, viewer, "One more")), "out_of_range");
}

#[test]
fn an_account_is_renamed_by_who_keeps_its_settings_and_not_while_it_is_frozen() {
    let mut w = World::new(0);
    let (owner, administrator, technician) = (w.owner, w.person(Role::Administrator), w.person(Role::Technician));
    let rename = |w: &mut World, user, name: &str| {
        let actor = w.actor(user);
        w.run(&actor, Command::RenameAccount { name: name.into() })
    };
    assert_eq!(rename(&mut w, technician, "Mine").unwrap_err().code(), "permission_denied");
    for name in ["", " Norte", "a\u{7}b"] {
        assert_eq!(rename(&mut w, owner, name).unwrap_err().code(), "invalid");
    }
    rename(&mut w, administrator, "Norte Grande").unwrap();
    assert_eq!(w.state.account(w.account).unwrap().name, "Norte Grande");
    let written = w.log.len();
    rename(&mut w, owner, "Norte Grande").unwrap();
    assert_eq!(w.log.len(), written, "it is called so already");
    w.ask(owner, Action::Control(Control::FreezeAccount {}), &[]);
    assert_eq!(rename(&mut w, owner, "Norte").unwrap_err().code(), "frozen");
}
