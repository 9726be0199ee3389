//! What one person may do at once never weakens a count or a veto, and an emergency does not wait for what has not begun.

use crate::{ask, company, counts, refused, stranger, submission, support::mode, tally};
use adit_core::{
    accounts::{Recipient, Share},
    authz::{Actor, Principal, Role},
    command::{Command, Reply},
    fleet::{Operation, PowerMode},
    ids::SubAccountId,
    requests::{Action, Control, Decision, PolicyChange, Recovery, RequestState, Scenario},
    time::Millis,
};

#[test]
fn e116_suspending_the_only_administrator_does_not_let_the_owner_lower_alone() {
    let (mut w, [one]) = company::<1>();
    let owner = w.owner;
    w.person(Role::SiteManager);
    ask(&mut w, owner, counts(Scenario::FleetPoolChange, 2));
    ask(&mut w, owner, Control::SuspendUser { user: one });
    let id = ask(&mut w, owner, counts(Scenario::FleetPoolChange, 1));
    assert_eq!((w.state_of(id), tally(&w, id).required), (RequestState::Pending, 2));
    assert!(tally(&w, id).suspended.contains(&one), "they are waited for and cannot be passed over");
    assert_eq!(refused(&mut w, one, id, Decision::Approve).code(), "not_an_approver");
}

#[test]
fn e116_nor_pass_the_account_on_alone() {
    let (mut w, [one]) = company::<1>();
    let (owner, heir) = (w.owner, w.person(Role::Viewer));
    ask(&mut w, owner, Control::SuspendUser { user: one });
    let transfer = Control::TransferOwnership { to: heir, then: Role::Viewer.into() };
    let id = ask(&mut w, owner, transfer);
    assert_eq!((w.state_of(id), tally(&w, id).required), (RequestState::Pending, 2));
    w.vote(one, id, Decision::Reject).unwrap();
    assert_eq!(w.state_of(id), RequestState::Rejected, "they keep their veto");
}

#[test]
fn e117_who_is_suspended_still_stops_a_recovery_a_new_wallet_and_the_accounts_end() {
    let (mut w, [one, two]) = company::<2>();
    let owner = w.owner;
    let actor = w.actor(owner);
    let made = w.run(&actor, Command::CreateSubAccount { name: "norte1".into() });
    let Ok(Reply::SubAccount(sub_account)) = made else { panic!("{made:?}") };
    ask(&mut w, owner, Control::SuspendUser { user: one });
    let recovery = Action::Control(Control::Recover(Recovery { remove: [two].into() }));
    let mut asked = submission(&mut w, recovery, &[]);
    asked.reason = Some("nobody answers".into());
    let Ok(Reply::Request(recovery)) = w.run(&actor, Command::Submit(asked)) else { panic!("refused") };
    let address = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4".to_owned();
    let wallet = ask(&mut w, owner, Control::SetWallet { sub_account, address });
    let veto = w.actor(one);
    for id in [recovery, wallet] {
        assert_eq!(w.state_of(id), RequestState::Approved, "in its timelock");
        assert!(w.state.sight(&veto, w.request(id), w.now).is_whole(), "they see what they may stop");
        w.run(&veto, Command::Cancel { request: id, reason: Some("not like this".into()) }).unwrap();
        assert_eq!(w.state_of(id), RequestState::Cancelled);
    }
    ask(&mut w, owner, Control::DeleteAccount { name: "Norte".into() });
    ask(&mut w, one, Control::KeepAccount {});
    assert!(w.state.account(w.account).unwrap().deletion.is_none());
    // Nothing else: they reach no machine, and no other request.
    assert_eq!(w.try_ask(one, mode(PowerMode::Low), &[1]).unwrap_err().status(), 404);
    let user = stranger(&mut w);
    ask(&mut w, owner, counts(Scenario::AuthorizationAdd, 2));
    let other = ask(&mut w, owner, crate::add(user, Role::Viewer));
    assert!(!w.state.sight(&veto, w.request(other), w.now).is_any());
    assert_eq!(refused(&mut w, one, other, Decision::Reject).code(), "not_an_approver");
}

#[test]
fn e118_a_recovery_lowers_only_what_cannot_be_met() {
    let (mut w, [one, two]) = company::<2>();
    let owner = w.owner;
    ask(&mut w, owner, counts(Scenario::AuthorizationAdd, 3));
    ask(&mut w, owner, counts(Scenario::AuthorizationRemove, 2));
    ask(&mut w, owner, Control::SetPolicies { changes: vec![PolicyChange::counts(Scenario::FleetMode, 3, 0)] });
    let start = |w: &mut crate::World, remove| {
        let action = Action::Control(Control::Recover(Recovery { remove }));
        let mut asked = submission(w, action, &[]);
        asked.reason = Some("nobody answers".into());
        let actor = Actor { account: w.account, principal: Principal::Operator, authenticated_at: w.now };
        w.run(&actor, Command::Submit(asked))
    };
    assert_eq!(start(&mut w, [].into()).unwrap_err().code(), "invalid", "every count can be met");
    w.person(Role::OperationsManager);
    // Who is suspended can come back, so that their count stays.
    let spare = w.state.available(w.account, Scenario::AuthorizationRemove);
    assert_eq!(spare, 3);
    let Ok(Reply::Request(_)) = start(&mut w, [one].into()) else { panic!("refused") };
    w.tick_after(Millis::hours(72));
    let after = [Scenario::AuthorizationAdd, Scenario::AuthorizationRemove, Scenario::FleetMode];
    let after = after.map(|scenario| crate::required(&w, scenario));
    assert_eq!(after, [2, 2, 2], "and what nobody could lower again comes down with it");
    assert_eq!(w.state.roles_of(w.account, two, w.now), [Role::Administrator]);
}

fn shares(parts: &[(Recipient, u32)]) -> Vec<Share> {
    parts
        .iter()
        .map(|(recipient, basis_points)| Share { recipient: recipient.clone(), basis_points: *basis_points })
        .collect()
}

#[test]
fn e119_a_new_address_waits_also_where_money_gets_to_it_through_others() {
    let (mut w, _) = company::<1>();
    let owner = w.owner;
    let actor = w.actor(owner);
    for name in ["mine1", "thief1", "thief2"] {
        w.run(&actor, Command::CreateSubAccount { name: name.into() }).unwrap();
    }
    let [mine, through, last] = [1, 2, 3].map(SubAccountId);
    let mut at_once = PolicyChange::counts(Scenario::WalletAddressUpdate, 1, 0);
    at_once.timelock_s = Some(0);
    ask(&mut w, owner, Control::SetPolicies { changes: vec![at_once] });
    w.tick_after(Millis::hours(24));
    let address = |end: &str| match end {
        "own" => "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4".to_owned(),
        _ => "1BvBMSEYstWetqTFn5Au4m4GFg7xJaNVN2".to_owned(),
    };
    ask(&mut w, owner, Control::SetWallet { sub_account: mine, address: address("own") });
    ask(&mut w, owner, Control::SetWallet { sub_account: last, address: address("thief") });
    let to = |sub_account| Recipient::SubAccount { sub_account };
    let forward = Control::SetAllocation { sub_account: through, shares: shares(&[(to(last), 10_000)]) };
    let forward = ask(&mut w, owner, forward);
    assert_eq!(w.state_of(forward), RequestState::Approved, "to an address that is new to it");
    w.tick_after(Millis::hours(24));
    assert_eq!(w.state_of(forward), RequestState::Executed);
    let parts = shares(&[(Recipient::Wallet {}, 5_000), (to(through), 5_000)]);
    let given = ask(&mut w, owner, Control::SetAllocation { sub_account: mine, shares: parts });
    assert_eq!(w.state_of(given), RequestState::Approved, "two sub-accounts away, and new all the same");
    w.tick_after(Millis::hours(24));
    assert_eq!(w.state_of(given), RequestState::Executed);
    // And the other way round: the address changes once the money flows.
    let moved = ask(
        &mut w,
        owner,
        Control::SetWallet { sub_account: last, address: "3J98t1WpEZ73CNmQviecrnyiWrnqRhWNLy".into() },
    );
    assert_eq!(w.state_of(moved), RequestState::Approved);
}

#[test]
fn e120_an_emergency_takes_devices_from_what_was_approved_and_has_not_begun() {
    let (mut w, [one]) = company::<1>();
    let (owner, operator) = (w.owner, w.person(Role::OperationsManager));
    let later = |scenario| PolicyChange { timelock_s: Some(3_600), ..PolicyChange::counts(scenario, 1, 0) };
    let changes = [Scenario::FleetMode, Scenario::FleetPower].map(later).to_vec();
    ask(&mut w, owner, Control::SetPolicies { changes });
    let waits = w.ask(owner, mode(PowerMode::High), &[1, 2]);
    assert_eq!(w.state_of(waits), RequestState::Approved);
    let plain = w.ask(operator, mode(PowerMode::Low), &[3]);
    assert_eq!(w.state_of(plain), RequestState::Approved);
    let refused = w.try_ask(operator, mode(PowerMode::Normal), &[1]).unwrap_err();
    assert_eq!(refused.code(), "device_busy", "what makes nothing safer does not");
    let sleep = w.ask(operator, mode(PowerMode::Sleep), &[1]);
    assert_eq!((w.state_of(sleep), w.devices_of(waits)), (RequestState::Executing, vec![2]));
    let reboot = w.ask(owner, Action::Device(Operation::Reboot {}), &[4]);
    assert_eq!(w.state_of(reboot), RequestState::Approved);
    let pause = w.ask(one, Action::Device(Operation::Pause {}), &[4]);
    assert_eq!((w.state_of(pause), w.state_of(reboot)), (RequestState::Executing, RequestState::Superseded));
    w.tick_after(Millis::hours(1));
    assert_eq!(w.state_of(reboot), RequestState::Superseded, "nothing of it is carried out later");
}

/// Whatever waits or is approved for later and could wake a device, however it is paused.
#[test]
fn e122_nothing_that_waits_wakes_what_was_paused_in_an_emergency() {
    let wakes = [
        mode(PowerMode::Low),
        mode(PowerMode::Normal),
        mode(PowerMode::High),
        Action::Device(Operation::Resume {}),
        Action::Device(Operation::Reboot {}),
    ];
    for waking in wakes {
        for safe in [Action::Device(Operation::Pause {}), mode(PowerMode::Sleep)] {
            for required in [1, 2] {
                let (mut w, [one]) = company::<1>();
                let owner = w.owner;
                let slow =
                    |scenario| PolicyChange { timelock_s: Some(3_600), ..PolicyChange::counts(scenario, required, 0) };
                let changes = [Scenario::FleetMode, Scenario::FleetPower].map(slow).to_vec();
                ask(&mut w, owner, Control::SetPolicies { changes });
                let waits = w.ask(owner, waking.clone(), &[1, 2]);
                let state = if required == 1 { RequestState::Approved } else { RequestState::Pending };
                assert_eq!(w.state_of(waits), state);
                let paused = w.ask(one, safe.clone(), &[1]);
                assert_eq!(w.state_of(paused), RequestState::Executing);
                assert_eq!(w.devices_of(waits), [2], "{waking:?} would undo {safe:?}");
            }
        }
    }
}
