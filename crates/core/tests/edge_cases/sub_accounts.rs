//! Sub-accounts: whose they are, and what becomes of their money.

use crate::{approve, ask, counts, stranger, submission, support::World, try_control};
use adit_core::{
    accounts::{Recipient, Share},
    authz::{Actor, ApiAccess, Node, Permission, Place, Principal, Role, Scope},
    command::{Command, Reply},
    event::{Entry, Event},
    fleet::PowerMode,
    ids::{DeviceId, KeyId, RequestId, SubAccountId, UserId},
    rejection::Rejection,
    requests::{Action, Base, Control, Decision, NewGrant, NewKey, RequestState, Scenario},
    time::{Millis, Timestamp},
};

const OLD: &str = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
const NEW: &str = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0";
const OTHER: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
const SUB: SubAccountId = SubAccountId(1);

fn sub_account(w: &mut World, name: &str) -> SubAccountId {
    let owner = w.actor(w.owner);
    match w.run(&owner, Command::CreateSubAccount { name: name.into() }).unwrap() {
        Reply::SubAccount(id) => id,
        other => panic!("{other:?}"),
    }
}

/// Somebody whose role ends at a sub-account.
fn client(w: &mut World, role: Role, sub_account: SubAccountId) -> UserId {
    let (user, owner) = (stranger(w), w.owner);
    let scope = Scope::Nodes([Node::SubAccount(sub_account)].into());
    ask(w, owner, Control::AddGrant(NewGrant::new(user, role, scope)));
    user
}

fn assign(w: &mut World, device: u32, to: Option<SubAccountId>) {
    let owner = w.owner;
    ask(w, owner, Control::AssignDevices { devices: vec![DeviceId(device)], sub_account: to });
}

#[test]
fn e032_e033_a_sub_account_made_later_is_seen_from_everywhere_and_from_no_chosen_scope() {
    let mut w = World::new(1);
    let first = sub_account(&mut w, "hosting");
    let (everywhere, chosen) = (w.person(Role::OperationsManager), client(&mut w, Role::OperationsManager, first));
    let later = sub_account(&mut w, "later");
    let sees = |w: &World, user, sub_account| {
        w.state.may(w.account, user, Permission::DeviceList, &Place::sub_account(sub_account), w.now)
    };
    assert_eq!([first, later].map(|sub_account| sees(&w, everywhere, sub_account)), [true, true]);
    assert_eq!([first, later].map(|sub_account| sees(&w, chosen, sub_account)), [true, false]);
    assign(&mut w, 1, Some(later));
    let low = || crate::support::mode(PowerMode::Low);
    assert_eq!(w.try_ask(chosen, low(), &[1]).unwrap_err().status(), 404);
    w.ask(everywhere, low(), &[1]);
}

#[test]
fn e039_an_accountant_who_asks_waits_for_one_administrator() {
    let mut w = paid();
    let (accountant, administrator) = (w.person(Role::Accountant), w.person(Role::Administrator));
    let id = ask(&mut w, accountant, wallet(NEW));
    assert_eq!((w.state_of(id), crate::tally(&w, id).required), (RequestState::Pending, 1));
    let own = crate::refused(&mut w, accountant, id, Decision::Approve);
    assert_eq!(own.code(), "not_an_approver");
    approve(&mut w, administrator, id);
    assert_eq!(w.state_of(id), RequestState::Approved);
}

#[test]
fn e034_a_sub_account_that_takes_a_deleted_ones_name_is_another() {
    let mut w = World::new(1);
    let owner = w.owner;
    let first = sub_account(&mut w, "hosting");
    let client = client(&mut w, Role::OperationsManager, first);
    assign(&mut w, 1, Some(first));
    let low = crate::support::mode(PowerMode::Low);
    w.ask(client, low.clone(), &[1]);
    assign(&mut w, 1, None);
    ask(&mut w, owner, Control::RemoveSubAccount { sub_account: first });
    let second = sub_account(&mut w, "hosting");
    assert_ne!(first, second);
    assign(&mut w, 1, Some(second));
    let place = Place::sub_account(second);
    for permission in Permission::all() {
        assert!(!w.state.may(w.account, client, permission, &place, w.now), "{}", permission.name());
    }
    assert_eq!(w.try_ask(client, low, &[1]).unwrap_err().status(), 404, "its machine does not exist for them");
}

fn wallet(address: &str) -> Control {
    Control::SetWallet { sub_account: SUB, address: address.into() }
}

fn to_wallet(basis_points: u32) -> Share {
    Share { recipient: Recipient::Wallet {}, basis_points }
}

fn to_sub(sub_account: SubAccountId, basis_points: u32) -> Share {
    Share { recipient: Recipient::SubAccount { sub_account }, basis_points }
}

fn allocation(shares: &[Share]) -> Control {
    Control::SetAllocation { sub_account: SUB, shares: shares.to_vec() }
}

fn address_of(w: &World) -> Option<String> {
    w.state.money(SUB).wallet().map(|wallet| wallet.address.clone())
}

/// A company with one sub-account, whose wallet has been [`OLD`] for a day.
fn paid() -> World {
    let mut w = World::new(1);
    let owner = w.owner;
    assert_eq!(sub_account(&mut w, "hosting"), SUB);
    let first = ask(&mut w, owner, wallet(OLD));
    w.tick_after(Millis::hours(24));
    assert_eq!(w.state_of(first), RequestState::Executed);
    w
}

/// Yesterday has earned so much.
fn settle(w: &mut World, sat: u64) {
    let day = w.now.before(Millis::days(1)).day();
    w.system(Command::SettleEarnings { day, earned: [(SUB, sat)].into() });
}

#[test]
fn e066_a_wallet_that_was_changed_meanwhile_is_not_changed_again() {
    let mut w = paid();
    let owner = w.owner;
    let id = ask(&mut w, owner, wallet(NEW));
    assert_eq!(w.request(id).payload.base_versions.get(&Base::Wallet(SUB)), Some(&"1".into()));
    let event = Event::WalletSet { sub_account: SUB, version: 2, address: OTHER.into() };
    w.state.apply(&Entry { at: w.now, actor: Principal::System, event });
    w.tick_after(Millis::hours(24));
    let request = w.request(id);
    assert_eq!((request.state, request.state_reason.as_deref()), (RequestState::Invalidated, Some("stale_base")));
    assert_eq!(address_of(&w).as_deref(), Some(OTHER));
}

#[test]
fn e067_one_change_of_a_wallet_at_a_time() {
    let mut w = paid();
    let owner = w.owner;
    let open = ask(&mut w, owner, wallet(NEW));
    let twice = try_control(&mut w, owner, wallet(OTHER)).unwrap_err();
    assert_eq!(twice, Rejection::PendingExists { request: open });
    let removal = try_control(&mut w, owner, Control::RemoveSubAccount { sub_account: SUB }).unwrap_err();
    assert_eq!(removal, Rejection::PendingExists { request: open });
    let second = sub_account(&mut w, "second");
    ask(&mut w, owner, Control::SetWallet { sub_account: second, address: OTHER.into() });
    ask(&mut w, owner, allocation(&[to_sub(second, 10_000)]));
}

#[test]
fn e068_shares_that_are_not_the_whole_are_refused_before_anybody_is_asked() {
    let mut w = paid();
    let owner = w.owner;
    let second = sub_account(&mut w, "second");
    let requests = w.state.requests().count();
    for wrong in [9_999, 10_001] {
        let shares = [to_wallet(wrong - 1), to_sub(second, 1)];
        let why = try_control(&mut w, owner, allocation(&shares)).unwrap_err();
        assert_eq!(why.status(), 422);
        assert!(why.to_string().contains(&wrong.to_string()), "{why}");
    }
    let repeated = [to_sub(second, 5_000), to_sub(second, 5_000)];
    let nothing = [to_wallet(10_000), to_sub(second, 0)];
    let itself = [to_sub(SUB, 10_000)];
    let too_many: Vec<_> = (10..31).map(|id| to_sub(SubAccountId(id), 476)).collect();
    let mistyped = Share { recipient: Recipient::Address { address: OLD.replace('w', "v") }, basis_points: 10_000 };
    for wrong in [&repeated[..], &nothing, &itself, &too_many, &[mistyped], &[]] {
        assert_eq!(try_control(&mut w, owner, allocation(wrong)).unwrap_err().status(), 422, "{wrong:?}");
    }
    let unknown = try_control(&mut w, owner, allocation(&[to_sub(SubAccountId(9), 10_000)])).unwrap_err();
    assert_eq!(unknown.status(), 404);
    assert_eq!(w.state.requests().count(), requests, "nobody was asked");
    ask(&mut w, owner, allocation(&[to_wallet(9_999), to_sub(second, 1)]));
}

#[test]
fn what_is_given_away_never_comes_back() {
    let mut w = paid();
    let owner = w.owner;
    let [second, third] = ["second", "third"].map(|name| sub_account(&mut w, name));
    ask(&mut w, owner, allocation(&[to_wallet(1), to_sub(second, 9_999)]));
    ask(&mut w, owner, Control::SetAllocation { sub_account: second, shares: vec![to_sub(third, 10_000)] });
    let round = Control::SetAllocation { sub_account: third, shares: vec![to_wallet(1), to_sub(SUB, 9_999)] };
    assert_eq!(try_control(&mut w, owner, round.clone()).unwrap_err().status(), 422);
    ask(&mut w, owner, allocation(&[to_wallet(10_000)]));
    ask(&mut w, owner, round);
    let named = try_control(&mut w, owner, Control::RemoveSubAccount { sub_account: third }).unwrap_err();
    assert_eq!(named.status(), 422, "second gives to it");
}

#[test]
fn e069_an_allocation_holds_from_the_next_midnight_on() {
    let midnight = Timestamp(1_800_000_000_000).next_midnight();
    let late = midnight.before(Millis(1));
    for (at, from) in [(late, midnight), (midnight, midnight.after(Millis::days(1)))] {
        let mut w = World::new(0);
        let owner = w.owner;
        sub_account(&mut w, "hosting");
        let second = sub_account(&mut w, "second");
        w.now = at;
        let shares = [to_wallet(4_000), to_sub(second, 6_000)];
        let id = ask(&mut w, owner, allocation(&shares));
        assert_eq!(w.state_of(id), RequestState::Executed);
        let money = w.state.money(SUB);
        assert_eq!(money.latest_allocation().effective_from, from);
        assert_eq!(money.allocation_at(from.before(Millis(1)).day()).version, 0, "the day before stays as it was");
        assert_eq!(money.allocation_at(from).shares.as_ref(), shares);
        w.now = from.after(Millis::days(2));
        for (day, own) in [(from.before(Millis::days(1)), 1_001), (from, 1_001 + 401)] {
            w.system(Command::SettleEarnings { day, earned: [(SUB, 1_001)].into() });
            assert_eq!(w.state.money(SUB).own, own, "what cannot be divided goes to the first");
        }
        assert_eq!(w.state.money(second).own, 600);
    }
}

#[test]
fn e070_what_is_earned_during_a_hold_is_paid_afterwards_to_the_new_address() {
    let mut w = paid();
    let owner = w.owner;
    settle(&mut w, 500);
    assert_eq!(w.state.payable(SUB), [(OLD.to_owned(), 500)]);
    let id = ask(&mut w, owner, wallet(&NEW.to_uppercase()));
    assert_eq!(w.state_of(id), RequestState::Approved);
    w.tick_after(Millis::hours(20));
    settle(&mut w, 700);
    assert_eq!((w.state.payable(SUB), w.state.money(SUB).owed()), (vec![], 1_200), "held, not lost");
    assert!(w.state.due(SUB).iter().all(|due| due.held_by == Some(id)));
    assert_eq!(address_of(&w).as_deref(), Some(OLD));
    w.tick_after(Millis::hours(4));
    assert_eq!(w.state.payable(SUB), [(NEW.to_owned(), 1_200)]);
}

#[test]
fn e071_any_approver_ends_a_hold_and_another_change_begins_another() {
    let mut w = paid();
    let (owner, administrator) = (w.owner, w.person(Role::Administrator));
    settle(&mut w, 500);
    let first = ask(&mut w, owner, wallet(NEW));
    w.tick_after(Millis::hours(23));
    let veto = w.actor(administrator);
    w.run(&veto, Command::Cancel { request: first, reason: Some("not ours".into()) }).unwrap();
    assert_eq!(w.state.payable(SUB), [(OLD.to_owned(), 500)]);
    let second = ask(&mut w, owner, wallet(OTHER));
    w.tick_after(Millis::hours(23));
    assert_eq!((w.state_of(second), w.state.payable(SUB)), (RequestState::Approved, vec![]), "a whole day again");
    w.tick_after(Millis::hours(1));
    assert_eq!(w.state.payable(SUB), [(OTHER.to_owned(), 500)]);
}

#[test]
fn a_new_address_waits_a_day_also_as_a_recipient() {
    let mut w = paid();
    let owner = w.owner;
    settle(&mut w, 500);
    let share =
        |address: &str, basis_points| Share { recipient: Recipient::Address { address: address.into() }, basis_points };
    let id = ask(&mut w, owner, allocation(&[to_wallet(5_000), share(OTHER, 5_000)]));
    assert_eq!((w.state_of(id), w.state.payable(SUB)), (RequestState::Approved, vec![]));
    w.tick_after(Millis::hours(24));
    assert_eq!(w.state_of(id), RequestState::Executed);
    let known = ask(&mut w, owner, allocation(&[to_wallet(1_000), share(OTHER, 9_000)]));
    assert_eq!(w.state_of(known), RequestState::Executed, "money goes there already");
}

/// A program with this access, by a grant of this role.
fn program(w: &mut World, role: Role, access: ApiAccess) -> Actor {
    let (user, owner) = (stranger(w), w.owner);
    ask(w, owner, Control::AddGrant(NewGrant { api_access: access, ..NewGrant::new(user, role, Scope::All) }));
    let grant = w.state.grants_of(w.account).find(|grant| grant.user == user).unwrap().id;
    let expires_at = Some(w.now.after(Millis::days(90)));
    let new = NewKey::new(grant, "Treasury", access, "ab".repeat(32));
    ask(w, owner, Control::IssueKey(NewKey { expires_at, ..new }));
    Actor { account: w.account, principal: Principal::ApiKey(KeyId(1)), authenticated_at: w.now }
}

fn ask_as(w: &mut World, program: &Actor, control: Control) -> Result<RequestId, Rejection> {
    let asked = submission(w, Action::Control(control), &[]);
    match w.run(program, Command::Submit(asked))? {
        Reply::Request(id) => Ok(id),
        other => panic!("{other:?}"),
    }
}

#[test]
fn e077_a_key_that_writes_may_ask_for_a_wallet_and_an_allocation() {
    let mut w = paid();
    let second = sub_account(&mut w, "second");
    let key = program(&mut w, Role::Accountant, ApiAccess::ReadWrite);
    for control in [wallet(NEW), allocation(&[to_wallet(5_000), to_sub(second, 5_000)])] {
        let id = ask_as(&mut w, &key, control).unwrap();
        assert_eq!(w.state_of(id), RequestState::Pending, "a person decides");
        assert!(crate::tally(&w, id).approvals.is_empty());
    }
    let open = w.state.open_requests().map(|request| request.id).collect::<Vec<_>>();
    let owner = w.owner;
    open.into_iter().for_each(|id| approve(&mut w, owner, id));
    w.tick_after(Millis::hours(24));
    assert_eq!(address_of(&w).as_deref(), Some(NEW));
    assert_eq!(w.state.money(SUB).latest_allocation().version, 1);
    for (role, access) in [(Role::Accountant, ApiAccess::ReadOnly), (Role::Engineer, ApiAccess::ReadWrite)] {
        let mut w = paid();
        let key = program(&mut w, role, access);
        assert_eq!(ask_as(&mut w, &key, wallet(NEW)).unwrap_err().status(), 403, "{role:?} {access:?}");
    }
}

#[test]
fn who_may_not_see_addresses_sees_their_ends_only() {
    let mut w = paid();
    let (owner, site_manager) = (w.owner, w.person(Role::SiteManager));
    w.person(Role::Administrator);
    let approvers = adit_core::requests::PolicyChange {
        approvers: Some(adit_core::requests::Approvers::SiteManagement),
        ..adit_core::requests::PolicyChange::counts(Scenario::WalletAddressUpdate, 2, 0)
    };
    ask(&mut w, owner, Control::SetPolicies { changes: vec![approvers] });
    let id = ask(&mut w, owner, wallet(NEW));
    let seen = |user| w.state.as_seen(&w.actor(user), w.request(id), w.now).unwrap().payload.action.clone();
    assert_eq!(seen(owner), Action::Control(wallet(NEW)));
    assert_eq!(seen(site_manager), Action::Control(wallet("\u{2026}5jj0")));
    let technician = w.person(Role::Technician);
    assert!(w.state.as_seen(&w.actor(technician), w.request(id), w.now).is_none());
}

#[test]
fn a_day_is_settled_once_and_what_is_owed_keeps_its_sub_account() {
    let mut w = paid();
    let owner = w.owner;
    let day = w.now.before(Millis::days(1)).day();
    let (system, today) = (Actor::system(w.account), w.now.day());
    let settle = |w: &mut World, day, sub_account, sat| {
        w.run(&system, Command::SettleEarnings { day, earned: [(sub_account, sat)].into() }).map_err(|why| why.status())
    };
    assert_eq!(settle(&mut w, today, SUB, 5), Err(422), "it is not over");
    assert_eq!(settle(&mut w, day.after(Millis(1)), SUB, 5), Err(422));
    assert_eq!(settle(&mut w, day, SubAccountId(9), 5), Err(404));
    assert_eq!(settle(&mut w, day, SUB, u64::MAX), Err(422));
    assert_eq!(settle(&mut w, day, SUB, 5).err(), None);
    assert_eq!(settle(&mut w, day, SUB, 5), Err(409));
    assert_eq!(settle(&mut w, day.before(Millis::days(1)), SUB, 5), Err(409));
    let by_hand = Command::SettleEarnings { day, earned: [(SUB, 5)].into() };
    let by_hand = w.run(&w.actor(owner), by_hand).unwrap_err();
    assert_eq!(by_hand.status(), 403);
    let removal = try_control(&mut w, owner, Control::RemoveSubAccount { sub_account: SUB }).unwrap_err();
    assert_eq!(removal.status(), 422);
}

#[test]
fn e079_a_keys_change_of_a_wallet_takes_both_approvals_from_people() {
    let mut w = paid();
    let (owner, administrator) = (w.owner, w.person(Role::Administrator));
    ask(&mut w, owner, counts(Scenario::WalletAddressUpdate, 2));
    let key = program(&mut w, Role::Accountant, ApiAccess::ReadWrite);
    let id = ask_as(&mut w, &key, wallet(NEW)).unwrap();
    approve(&mut w, owner, id);
    assert_eq!(w.state_of(id), RequestState::Pending);
    approve(&mut w, administrator, id);
    assert_eq!(w.state_of(id), RequestState::Approved);
    assert_eq!(address_of(&w).as_deref(), Some(OLD), "nothing is applied yet");
}
