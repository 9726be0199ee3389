//! Everybody has a share of their own, and nobody uses up another's.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Actor, ApiAccess, Principal, Role, Scope},
    command::{Command, Submission},
    event::Event,
    fleet::{Operation, PowerMode},
    ids::{DeviceId, RequestId, UserId},
    quotas::Quota,
    rejection::Rejection,
    requests::{Action, Control, Decision, NewGrant, NewKey, Scenario},
    state::State,
    time::Millis,
};
use proptest::prelude::*;
use support::{SITE, World, mode};

/// A company in which changes of power modes wait for a second person, and people with these roles.
fn company<const N: usize>(miners: u32, roles: [Role; N]) -> (World, [UserId; N]) {
    let mut w = World::new(miners);
    let people = roles.map(|role| w.person(role));
    w.person(Role::Administrator);
    w.set_policy(Scenario::FleetMode, 2, 1);
    (w, people)
}

const OPERATOR: Role = Role::OperationsManager;

fn low() -> Action {
    mode(PowerMode::Low)
}

fn comment(w: &mut World, by: UserId, request: RequestId) -> Result<(), Rejection> {
    let actor = w.actor(by);
    w.run(&actor, Command::Comment { request, words: "again".into() }).map(drop)
}

fn put(w: &mut World, by: UserId, targets: &[u32]) -> Result<(), Rejection> {
    let (actor, targets) = (w.actor(by), targets.iter().copied().map(DeviceId).collect());
    w.run(&actor, Command::PutDraft { site: SITE, action: low(), targets }).map(drop)
}

fn full(refused: Result<impl std::fmt::Debug, Rejection>) -> Quota {
    match refused.unwrap_err() {
        Rejection::QuotaReached { quota, .. } => quota,
        other => panic!("{other:?}"),
    }
}

#[test]
fn r34_requests_that_wait_are_bounded_for_each_and_free_again_once_they_do_not() {
    let most = Quota::WaitingRequests.most() as u32;
    let (mut w, [one, two]) = company(most + 3, [OPERATOR; 2]);
    let asked: Vec<_> = (1..=most).map(|device| w.ask(one, low(), &[device])).collect();
    let refused = w.try_ask(one, low(), &[most + 1]);
    let words = refused.clone().unwrap_err();
    assert_eq!((words.code(), words.status()), ("quota_reached", 429));
    assert!(words.to_string().contains("1000 requests of yours wait already: cancel some"), "{words}");
    assert_eq!(full(refused), Quota::WaitingRequests);
    w.ask(two, low(), &[most + 1]);
    let now = serde_json::to_vec(&w.state).unwrap();
    let restored = serde_json::from_slice::<State>(&now).unwrap().restored();
    assert_eq!(restored, w.state, "a snapshot knows as well how many wait");

    for safe in
        [Action::Device(Operation::Pause {}), mode(PowerMode::Sleep), Action::Control(Control::FreezeAccount {})]
    {
        let (by, targets) = match &safe {
            Action::Device(Operation::Pause {}) => (one, vec![most + 2]),
            Action::Device(_) => (one, vec![most + 3]),
            Action::Control(_) => (w.owner, Vec::new()),
        };
        w.ask(by, safe, &targets);
    }
    w.ask(w.owner, Action::Control(Control::UnfreezeAccount {}), &[]);
    let actor = w.actor(one);
    w.run(&actor, Command::Cancel { request: asked[0], reason: None }).unwrap();
    w.ask(one, low(), &[1]);
    assert_eq!(full(w.try_ask(one, low(), &[most + 1])), Quota::WaitingRequests);
}

#[test]
fn r34_comments_are_bounded_for_each_and_leave_room_for_everybody_else() {
    let (mut w, [one, two]) = company(8, [OPERATOR; 2]);
    let [first, second, third] = [1, 2, 3].map(|device| w.ask(one, low(), &[device]));
    for _ in 0..Quota::CommentsOnRequest.most() {
        comment(&mut w, one, first).unwrap();
    }
    assert_eq!(full(comment(&mut w, one, first)), Quota::CommentsOnRequest);
    comment(&mut w, two, first).unwrap();
    while comment(&mut w, one, second).is_ok() {}
    let Rejection::QuotaReached { quota: Quota::Comments, retry_after_s: Some(seconds) } =
        comment(&mut w, one, third).unwrap_err()
    else {
        panic!("it comes back with time")
    };
    w.now = w.now.after(Millis::seconds(seconds));
    comment(&mut w, one, third).unwrap();
    comment(&mut w, two, first).unwrap();
}

#[test]
fn r34_what_is_asked_for_in_vain_is_bounded() {
    let (mut w, [one, two]) = company(4, [OPERATOR; 2]);
    // What is being carried out holds all but one.
    w.ask(w.owner, mode(PowerMode::Sleep), &[2, 3, 4]);
    w.ask(one, low(), &[1, 2, 3, 4]);
    let asked = w.log.last().unwrap().clone();
    // The same again and again, for very many devices: as events, for it takes long to ask.
    for number in 0..5 {
        let mut entry = asked.clone();
        let Event::RequestSubmitted { request, refused, .. } = &mut entry.event else { unreachable!() };
        *request = RequestId((1_000_000_u128 + number).into());
        let each = usize::try_from(Quota::RefusedDevices.most() / 5).unwrap() - 1;
        *refused = refused.iter().cycle().take(each).cloned().collect();
        w.state.apply(&entry);
    }
    w.ask(one, low(), &[1, 2]);
    let Rejection::QuotaReached { quota: Quota::RefusedDevices, retry_after_s: Some(seconds) } =
        w.try_ask(one, low(), &[1, 2, 3, 4]).unwrap_err()
    else {
        panic!("it comes back with time")
    };
    w.ask(one, low(), &[1]);
    w.ask(two, low(), &[1, 2, 3, 4]);
    w.now = w.now.after(Millis::seconds(seconds));
    w.ask(one, low(), &[1, 2, 3, 4]);
}

#[test]
fn r34_drafts_are_bounded_in_what_they_hold_and_in_how_often_they_are_changed() {
    let miners = 20_000;
    let (mut w, [one, two]) = company(miners, [OPERATOR; 2]);
    let all: Vec<_> = (1..=miners).collect();
    let actor = w.actor(one);
    let mut put_in = 0;
    let refused = loop {
        if let Err(refused) = put(&mut w, one, &all) {
            break refused;
        }
        put_in += u64::from(miners);
        w.run(&actor, Command::DiscardDraft { site: SITE }).unwrap();
    };
    assert_eq!(put_in, Quota::DraftChanges.most());
    assert_eq!(full(Err::<(), _>(refused)), Quota::DraftChanges);
    put(&mut w, two, &all).unwrap();
    w.now = w.now.after(Millis::hours(1));
    let modes = [PowerMode::Low, PowerMode::Normal, PowerMode::High, PowerMode::Sleep];
    let operations = modes.map(|mode| Operation::SetPowerMode { mode });
    let others = [Operation::Reboot {}, Operation::Pause {}, Operation::Resume {}, Operation::Locate { on: true }];
    let targets: Vec<_> = all.iter().copied().map(DeviceId).collect();
    for operation in operations.into_iter().skip(3).chain(others) {
        let action = Action::Device(operation);
        w.run(&actor, Command::PutDraft { site: SITE, action, targets: targets.clone() }).unwrap();
    }
    assert!(
        w.state.draft(one, SITE).unwrap().changes.iter().map(|c| c.targets.len() as u64).sum::<u64>()
            <= Quota::DraftDevices.most()
    );
}

#[test]
fn r34_an_approval_is_given_and_taken_back_so_often_but_a_rejection_is_always_heard() {
    let (mut w, [one, approver]) = company(2, [OPERATOR, Role::Administrator]);
    w.set_policy(Scenario::FleetMode, 3, 2);
    let id = w.ask(one, low(), &[1]);
    let actor = w.actor(approver);
    for _ in 0..Quota::Approvals.most() {
        w.vote(approver, id, Decision::Approve).unwrap();
        w.run(&actor, Command::WithdrawVote { request: id }).unwrap();
    }
    assert_eq!(full(w.vote(approver, id, Decision::Approve)), Quota::Approvals);
    w.vote(approver, id, Decision::Reject).unwrap();
}

/// Something that somebody does again and again.
#[derive(Debug, Clone, Copy)]
enum Flood {
    Ask { device: u32 },
    Program { device: u32 },
    AskAll,
    Comment { request: usize },
    Put,
    Vote { request: usize },
    Withdraw { request: usize },
    Cancel { request: usize },
    Later { seconds: u64 },
}

fn flood() -> impl Strategy<Value = (Flood, u32)> {
    let what = prop_oneof![
        3 => (1..60_u32).prop_map(|device| Flood::Ask { device }),
        2 => (1..60_u32).prop_map(|device| Flood::Program { device }),
        1 => Just(Flood::AskAll),
        3 => (0..8_usize).prop_map(|request| Flood::Comment { request }),
        1 => Just(Flood::Put),
        1 => (0..8_usize).prop_map(|request| Flood::Vote { request }),
        1 => (0..8_usize).prop_map(|request| Flood::Withdraw { request }),
        1 => (0..8_usize).prop_map(|request| Flood::Cancel { request }),
        1 => (0..600_u64).prop_map(|seconds| Flood::Later { seconds }),
    ];
    (what, 1..80_u32)
}

/// A key of somebody's, as who it acts.
fn key_of(w: &mut World, user: UserId) -> Actor {
    let (owner, expires_at) = (w.owner, Some(w.now.after(Millis::days(90))));
    let given = NewGrant { api_access: ApiAccess::ReadWrite, ..NewGrant::new(user, Role::Engineer, Scope::All) };
    w.ask(owner, Action::Control(Control::AddGrant(given)), &[]);
    let keyed = |grant: &&adit_core::authz::Grant| grant.user == user && !grant.api_access.is_none();
    let grant = w.state.grants_of(w.account).find(keyed).unwrap().id;
    let secret = format!("{:02x}", user.0).repeat(32);
    let new = NewKey { expires_at, ..NewKey::new(grant, format!("Key of {user}"), ApiAccess::ReadWrite, secret) };
    w.ask(owner, Action::Control(Control::IssueKey(new)), &[]);
    let key = w.state.keys_of(w.account).map(|key| key.id).max().unwrap();
    Actor { account: w.account, principal: Principal::ApiKey(key), authenticated_at: w.now }
}

/// The same as `try_ask`, by a program.
fn asked_by(w: &mut World, key: &Actor, device: u32) -> Result<RequestId, Rejection> {
    let (id, targets) = (w.new_id(), vec![DeviceId(device)]);
    let (estimates, reason, idempotency_key) = (Vec::new(), None, None);
    let submission = Submission { id, action: low(), targets, estimates, reason, idempotency_key };
    w.run(key, Command::Submit(submission)).map(|_| id)
}

fn once(w: &mut World, (by, key): (UserId, &Actor), known: &mut Vec<RequestId>, what: Flood) -> Result<(), Rejection> {
    let actor = w.actor(by);
    let nth = |known: &[RequestId], at: usize| known.get(at % known.len().max(1)).copied();
    match what {
        Flood::Ask { device } => w.try_ask(by, low(), &[device]).map(|id| known.push(id)),
        Flood::Program { device } => asked_by(w, key, device).map(|id| known.push(id)),
        Flood::AskAll => w.try_ask(by, low(), &(1..60).collect::<Vec<_>>()).map(|id| known.push(id)),
        Flood::Comment { request } => nth(known, request).map_or(Ok(()), |id| comment(w, by, id)),
        Flood::Put => put(w, by, &[1, 2, 3]),
        Flood::Vote { request } => nth(known, request).map_or(Ok(()), |id| w.vote(by, id, Decision::Approve).map(drop)),
        Flood::Withdraw { request } => {
            nth(known, request).map_or(Ok(()), |id| w.run(&actor, Command::WithdrawVote { request: id }).map(drop))
        }
        Flood::Cancel { request } => nth(known, request)
            .map_or(Ok(()), |id| w.run(&actor, Command::Cancel { request: id, reason: None }).map(drop)),
        Flood::Later { seconds } => {
            w.now = w.now.after(Millis::seconds(seconds));
            Ok(())
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// Whatever one person and their program do, as often as they like, another and theirs are never refused anything for a share that is used up.
    #[test]
    fn r34_nobody_uses_up_anothers_share(floods in prop::collection::vec(flood(), 1..40)) {
        let (mut w, [calm, rogue]) = company(60, [OPERATOR, Role::Administrator]);
        let [program, flooding] = [calm, rogue].map(|user| key_of(&mut w, user));
        let mut known = vec![w.ask(calm, low(), &[60])];
        let own = known[0];
        for (what, times) in floods {
            for _ in 0..times {
                // Most of it is refused sooner or later; that is not what this is about.
                let _ = once(&mut w, (rogue, &flooding), &mut known, what);
            }
        }
        let full = |refused: &Result<(), Rejection>| matches!(refused, Err(Rejection::QuotaReached { .. }));
        let asked = w.try_ask(calm, low(), &[60]).map(drop);
        prop_assert!(!full(&asked), "{asked:?}");
        let asked = asked_by(&mut w, &program, 60).map(drop);
        prop_assert!(!full(&asked), "{asked:?}");
        let said = comment(&mut w, calm, own);
        prop_assert!(!full(&said), "{said:?}");
        let drafted = put(&mut w, calm, &[60]);
        prop_assert!(drafted.is_ok(), "{drafted:?}");
    }
}
