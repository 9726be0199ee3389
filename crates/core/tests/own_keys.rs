//! Keys under one's own grant: what somebody with API access does about them alone, and that it never reaches further than
//! what was approved.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Actor, ApiAccess, KeyRefused, Network, Origins, Principal, Role, Scope},
    command::{Command, Reply, Submission},
    ids::{GrantId, KeyId, UserId},
    requests::{Action, Control, GrantChange, KeyTerms, NewGrant, NewKey, RequestState, Scenario},
    time::{Millis, Timestamp},
};
use proptest::prelude::*;
use std::net::{IpAddr, Ipv4Addr};
use support::{World, restart_workers};

fn hash(number: u32) -> String {
    format!("{number:064x}")
}

fn networks(of: &[&str]) -> Origins {
    Origins::Networks(of.iter().map(|network| network.parse().unwrap()).collect())
}

/// Somebody with a role that comes with API access, and their grant.
fn grantee(w: &mut World, role: Role, api_access: ApiAccess) -> (UserId, GrantId) {
    let (user, owner) = (w.person(Role::Viewer), w.owner);
    let new = NewGrant { api_access, ..NewGrant::new(user, role, Scope::All) };
    w.ask(owner, Action::Control(Control::AddGrant(new)), &[]);
    let grant = w.state.grants_of(w.account).find(|grant| grant.user == user && grant.api_access == api_access);
    (user, grant.unwrap().id)
}

fn issue(w: &mut World, user: UserId, new: NewKey) -> Result<KeyId, String> {
    match w.run(&w.actor(user), Command::IssueOwnKey(new)) {
        Ok(Reply::Key(key)) => Ok(key),
        Ok(other) => panic!("{other:?}"),
        Err(why) => Err(why.code().to_owned()),
    }
}

/// A key that writes, under the person's own grant, as the Owner lets them have it.
fn write_key(w: &mut World, grant: GrantId, number: u32, from: Origins) -> KeyId {
    let (owner, expires_at) = (w.owner, Some(w.now.after(Millis::days(90))));
    let new =
        NewKey { expires_at, from: Some(from), ..NewKey::new(grant, "Treasury", ApiAccess::ReadWrite, hash(number)) };
    w.ask(owner, Action::Control(Control::IssueKey(new)), &[]);
    w.state.keys_of(w.account).next().unwrap().id
}

fn admitted(w: &World, number: u32, address: &str) -> Result<KeyId, KeyRefused> {
    w.state.admit(&hash(number), Some(address.parse().unwrap()), w.now).map(|key| key.id)
}

#[test]
fn e080_a_key_that_reads_under_ones_own_grant_needs_nobody() {
    let mut w = World::new(1);
    let (user, grant) = grantee(&mut w, Role::Accountant, ApiAccess::ReadWrite);
    w.person(Role::Administrator);
    w.person(Role::Administrator);
    w.set_policy(Scenario::ApikeyIssueWrite, 3, 1);
    let new = |access| NewKey::new(grant, "Books", access, hash(1));
    assert_eq!(
        issue(&mut w, user, new(ApiAccess::ReadWrite)).unwrap_err(),
        "permission_denied",
        "one that writes is asked for"
    );
    for other in [w.owner, w.person(Role::Accountant)] {
        assert_eq!(issue(&mut w, other, new(ApiAccess::ReadOnly)).unwrap_err(), "permission_denied", "{other}");
    }
    let key = issue(&mut w, user, new(ApiAccess::ReadOnly)).unwrap();
    assert_eq!(admitted(&w, 1, "203.0.113.5"), Ok(key));
    assert_eq!(w.state.key(key).unwrap().holders, [user]);
    assert_eq!(issue(&mut w, user, new(ApiAccess::ReadOnly)).unwrap_err(), "invalid", "a secret opens one key");
    let owner = w.owner;
    w.ask(owner, Action::Control(Control::FreezeAccount {}), &[]);
    let another = NewKey::new(grant, "Books", ApiAccess::ReadOnly, hash(2));
    assert_eq!(issue(&mut w, user, another).unwrap_err(), "frozen");
}

#[test]
fn a_key_that_writes_says_from_where_it_is_used() {
    let mut w = World::new(1);
    let (_, grant) = grantee(&mut w, Role::Accountant, ApiAccess::ReadWrite);
    let (owner, expires_at) = (w.owner, Some(w.now.after(Millis::days(90))));
    let new = NewKey { expires_at, ..NewKey::new(grant, "Treasury", ApiAccess::ReadWrite, hash(1)) };
    let mut ask = |from: Option<Origins>| {
        w.try_ask(owner, Action::Control(Control::IssueKey(NewKey { from, ..new.clone() })), &[])
            .map_err(|why| why.code())
    };
    assert_eq!(ask(None).unwrap_err(), "invalid");
    assert_eq!(ask(Some(Origins::Networks([].into()))).unwrap_err(), "invalid");
    let many = (0..33_u8).map(|low| format!("10.0.0.{low}").parse().unwrap()).collect();
    assert_eq!(ask(Some(Origins::Networks(many))).unwrap_err(), "invalid");
    assert!(ask(Some(networks(&["203.0.113.0/24"]))).is_ok());
}

#[test]
fn e081_why_a_secret_opens_nothing_is_told_apart() {
    let mut w = World::new(1);
    let (user, grant) = grantee(&mut w, Role::Accountant, ApiAccess::ReadWrite);
    let owner = w.owner;
    let key = write_key(&mut w, grant, 1, networks(&["203.0.113.0/24", "2001:db8::/32"]));
    assert_eq!(admitted(&w, 1, "203.0.113.5"), Ok(key));
    assert_eq!(admitted(&w, 1, "2001:db8::7"), Ok(key));
    assert_eq!(admitted(&w, 1, "203.0.114.5"), Err(KeyRefused::Address));
    assert_eq!(w.state.admit(&hash(1), None, w.now).unwrap_err(), KeyRefused::Address);
    assert_eq!(admitted(&w, 9, "203.0.113.5"), Err(KeyRefused::Unknown));
    let narrowed = GrantChange {
        grant,
        role: Role::Accountant.into(),
        scope: Scope::All,
        expires_at: None,
        remark: None,
        api_access: ApiAccess::ReadOnly,
    };
    for ends in [Control::SuspendUser { user }, Control::RemoveGrant { grant }, Control::ChangeGrant(narrowed)] {
        let before = w.state.clone();
        w.ask(owner, Action::Control(ends.clone()), &[]);
        assert_eq!(admitted(&w, 1, "203.0.113.5"), Err(KeyRefused::GrantEnded), "{ends:?}");
        w.state = before;
    }
    let now = w.now;
    w.now = now.after(Millis::days(91));
    assert_eq!(admitted(&w, 1, "203.0.113.5"), Err(KeyRefused::Expired));
    w.now = now;
    w.run(&w.actor(user), Command::RevokeOwnKey { key }).unwrap();
    assert_eq!(admitted(&w, 1, "203.0.113.5"), Err(KeyRefused::Revoked));
    assert_eq!(
        admitted(&w, 1, "198.51.100.1"),
        Err(KeyRefused::Revoked),
        "nothing that hangs on the address comes first"
    );
}

#[test]
fn whoever_rotates_has_two_secrets_for_at_most_seven_days_and_never_three() {
    let mut w = World::new(1);
    let (user, grant) = grantee(&mut w, Role::Accountant, ApiAccess::ReadOnly);
    let key = issue(&mut w, user, NewKey::new(grant, "Books", ApiAccess::ReadOnly, hash(1))).unwrap();
    let rotate = |w: &mut World, who: UserId, number: u32, overlap: Millis| {
        let command = Command::RotateOwnKey { key, secret_hash: hash(number), overlap };
        w.run(&w.actor(who), command).map_err(|why| why.code())
    };
    assert_eq!(rotate(&mut w, user, 2, Millis(Millis::days(7).0 + 1)).unwrap_err(), "out_of_range");
    let owner = w.owner;
    assert_eq!(rotate(&mut w, owner, 2, Millis(0)).unwrap_err(), "not_found", "it is nobody else's to have");
    assert_eq!(rotate(&mut w, user, 1, Millis(0)).unwrap_err(), "invalid", "another secret");
    rotate(&mut w, user, 2, Millis::days(7)).unwrap();
    let opens = |w: &World| [1, 2, 3].map(|number| admitted(w, number, "10.0.0.1").map(drop));
    assert_eq!(opens(&w), [Ok(()), Ok(()), Err(KeyRefused::Unknown)]);
    let (before, then) = (w.state.clone(), w.now);
    rotate(&mut w, user, 3, Millis::days(1)).unwrap();
    assert_eq!(opens(&w), [Err(KeyRefused::Unknown), Ok(()), Ok(())]);
    let restored: adit_core::state::State = serde_json::from_str(&serde_json::to_string(&w.state).unwrap()).unwrap();
    assert_eq!(restored.restored(), w.state);
    (w.state, w.now) = (before, then.after(Millis::days(7)));
    assert_eq!(opens(&w), [Err(KeyRefused::Replaced), Ok(()), Err(KeyRefused::Unknown)]);
    w.run(&w.actor(user), Command::RevokeOwnKey { key }).unwrap();
    assert_eq!(rotate(&mut w, user, 4, Millis(0)).unwrap_err(), "not_found", "what was revoked stays so");
}

#[test]
fn whose_key_it_is_ends_it_alone_whatever_stands_in_the_way_and_what_it_asked_for_with_it() {
    let mut w = World::new(1);
    let (user, grant) = grantee(&mut w, Role::SiteManager, ApiAccess::ReadWrite);
    let owner = w.owner;
    w.person(Role::Administrator);
    let key = write_key(&mut w, grant, 1, Origins::Anywhere);
    let program = Actor { principal: Principal::ApiKey(key), ..w.actor(user) };
    let id = w.new_id();
    let asked = Submission {
        id,
        action: restart_workers(),
        targets: vec![],
        estimates: vec![],
        reason: None,
        idempotency_key: None,
    };
    w.run(&program, Command::Submit(asked)).unwrap();
    assert_eq!(w.state_of(id), RequestState::Pending);
    let end = Command::RevokeOwnKey { key };
    for other in [owner, w.person(Role::SiteManager)] {
        assert_eq!(w.run(&w.actor(other), end.clone()).unwrap_err().code(), "not_found", "{other}");
    }
    assert_eq!(w.run(&program, end.clone()).unwrap_err().code(), "not_found", "a key does not manage keys");
    w.ask(owner, Action::Control(Control::FreezeAccount {}), &[]);
    w.run(&w.actor(user), end).unwrap();
    assert_eq!(w.state_of(id), RequestState::Invalidated);
    assert_eq!(admitted(&w, 1, "10.0.0.1"), Err(KeyRefused::Revoked));
}

fn network() -> impl Strategy<Value = Network> {
    (0..8_u32, 28..=32_u8)
        .prop_map(|(low, prefix)| format!("{}/{prefix}", Ipv4Addr::from(0x0a00_0000 + low)).parse().unwrap())
}

fn terms() -> impl Strategy<Value = KeyTerms> {
    let from = prop_oneof![
        1 => Just(Origins::Anywhere),
        5 => prop::collection::btree_set(network(), 1..4).prop_map(Origins::Networks),
    ];
    let end = prop::option::weighted(0.8, 1..9_u64);
    (from, end, any::<bool>()).prop_map(|(from, days, require_hmac)| KeyTerms {
        name: "Books".into(),
        expires_at: days.map(|days| Timestamp(1_800_000_000_000).after(Millis::days(days))),
        from,
        require_hmac,
    })
}

proptest! {
    #[test]
    fn changes_of_ones_own_key_only_ever_take_something_from_it(changes in prop::collection::vec(terms(), 1..12)) {
        let mut w = World::new(1);
        let (user, grant) = grantee(&mut w, Role::Accountant, ApiAccess::ReadOnly);
        let key = issue(&mut w, user, NewKey::new(grant, "Books", ApiAccess::ReadOnly, hash(1))).unwrap();
        let start = w.now;
        let opens = |w: &World| -> Vec<bool> {
            let addresses = (0..20_u32).map(|low| IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + low)));
            let moments = (0..10_u64).map(|days| start.after(Millis::days(days)));
            let all = moments.flat_map(|at| addresses.clone().map(move |address| (at, address)));
            all.map(|(at, address)| w.state.admit(&hash(1), Some(address), at).is_ok()).collect()
        };
        for to in changes {
            let (before, signed) = (opens(&w), w.state.key(key).unwrap().require_hmac);
            let _ = w.run(&w.actor(user), Command::ChangeOwnKey { key, to });
            let after = opens(&w);
            prop_assert!(before.iter().zip(&after).all(|(before, after)| *before || !after));
            prop_assert!(!signed || w.state.key(key).unwrap().require_hmac);
        }
    }
}
