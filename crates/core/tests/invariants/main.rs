//! The promises of the request engine, each a property over random lives (see `walk`), checked against the state and the
//! log by code that shares nothing with the engine's own. Their numbers are those of the design.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod coalition;
mod lists;
mod reach;
mod snapshots;
mod steps;
#[path = "../support/mod.rs"]
mod support;
mod walk;

use adit_core::{
    audit::{self, Chain},
    authz::{Principal, Role},
    event::{Entry, Event},
    ids::{AccountId, RequestId, UserId},
    requests::{Action, Control, Decision, ItemState, Policy, Request, RequestState, Scenario, Target},
    state::State,
    time::Millis,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};
use steps::steps;
use walk::{Moment, live};

/// Longest life.
const STEPS: usize = 100;

fn config() -> ProptestConfig {
    ProptestConfig { cases: 40, max_shrink_iters: 200, ..ProptestConfig::default() }
}

/// The step's requests that began to be carried out.
fn begun<'a>(moment: &'a Moment<'_>) -> impl Iterator<Item = (&'a Entry, &'a Request)> {
    moment.new.iter().filter_map(|entry| match &entry.event {
        Event::RequestExecuting { request, .. } => Some((entry, moment.w.request(*request))),
        _ => None,
    })
}

fn is_in_force(item: &ItemState) -> bool {
    matches!(item, ItemState::Waiting | ItemState::Open { .. })
}

proptest! {
    #![proptest_config(config())]

    /// Unless somebody was lost whom nobody could hold back.
    #[test]
    fn i1_counts_stay_between_one_and_the_number_of_approvers(steps in steps(STEPS)) {
        live(&steps, |m| {
            for scenario in Scenario::ALL.iter().filter(|_| !m.degraded) {
                let required = m.w.state.policy(m.w.account, *scenario).required;
                let available = m.w.state.available(m.w.account, *scenario);
                assert!((1..=available).contains(&required), "{}", scenario.name());
            }
        });
    }

    #[test]
    fn i2_a_request_is_carried_out_at_most_once(steps in steps(STEPS)) {
        let mut seen = BTreeSet::new();
        live(&steps, |m| assert!(begun(m).all(|(_, request)| seen.insert(request.id))));
    }

    #[test]
    fn i3_enough_distinct_approvers_stand_behind_what_is_carried_out(steps in steps(STEPS)) {
        live(&steps, |m| begun(m).for_each(|(_, request)| check_quorum_by_hand(m, request)));
    }

    #[test]
    fn i4_what_is_carried_out_is_what_every_vote_was_on(steps in steps(STEPS)) {
        live(&steps, |m| {
            for (_, request) in begun(m) {
                assert_eq!(request.payload.content_hash(), request.content_hash);
                assert_eq!(request.payload.canonical(), serde_jcs::to_string(&*request.payload).unwrap());
                assert!(request.live_votes().all(|vote| vote.content_hash == request.content_hash));
            }
            for request in m.w.state.requests() {
                let earlier = m.before.request(request.id);
                assert!(earlier.is_none_or(|earlier| earlier.payload == request.payload));
            }
        });
    }

    #[test]
    fn i5_what_has_ended_stays_as_it_ended(steps in steps(STEPS)) {
        let mut over = BTreeSet::new();
        live(&steps, |m| {
            for entry in m.new {
                let id = entry.event.request();
                assert!(id.is_none_or(|id| !over.contains(&id)), "{:?} after the end", entry.event);
                over.extend(id.filter(|_| matches!(entry.event, Event::RequestEnded { .. })));
            }
            for old in m.before.requests().filter(|request| request.state.is_terminal()) {
                assert_eq!(Some(old), m.w.state.request(old.id));
            }
        });
    }

    #[test]
    fn i6_targets_only_ever_become_fewer_and_others_have_what_is_gone(steps in steps(STEPS)) {
        live(&steps, |m| {
            for request in m.w.state.requests() {
                let now: BTreeSet<_> = request.effective().collect();
                if let Some(earlier) = m.before.request(request.id) {
                    assert!(now.is_subset(&earlier.effective().collect()));
                }
                assert_eq!(request.open_items as usize, request.items.iter().filter(|i| is_in_force(i)).count());
            }
            check_moves(m);
        });
    }

    #[test]
    fn i7_no_two_open_requests_hold_a_device_in_the_same_group(steps in steps(STEPS)) {
        live(&steps, |m| {
            let mut held: BTreeMap<(u32, u8), RequestId> = BTreeMap::new();
            for request in m.w.state.requests().filter(|request| !request.state.is_terminal()) {
                for claim in claims_of(request) {
                    assert_eq!(held.insert(claim, request.id), None, "{claim:?}");
                }
            }
        });
    }

    #[test]
    fn i8_there_is_exactly_one_owner(steps in steps(STEPS)) {
        live(&steps, |m| {
            let owners: Vec<_> = m.w.state.grants_of(m.w.account).filter(|grant| grant.role == Role::Owner).collect();
            assert_eq!(owners.len(), 1);
            assert_eq!(owners[0].user, m.w.owner());
            assert!(owners[0].scope.is_all() && owners[0].expires_at.is_none());
            assert!(!m.w.state.is_suspended(m.w.account, m.w.owner()));
        });
    }

    #[test]
    fn i9_nothing_changes_without_an_event_and_the_chain_holds(steps in steps(STEPS)) {
        let w = live(&steps, |m| {
            assert_eq!(m.w.state.seq() as usize, m.w.log.len());
            assert!(!m.new.is_empty() || *m.before == m.w.state);
            check_steps(m);
        });
        let mut chain = Chain::default();
        let records: Vec<_> =
            w.log.iter().map(|entry| chain.link(entry.at, serde_json::to_string(entry).unwrap()).unwrap()).collect();
        prop_assert_eq!(audit::verify(records.into_iter().map(Ok::<_, ()>)), Ok(chain.head()));
    }

    #[test]
    fn i9_the_log_alone_gives_the_state_also_from_a_snapshot_in_the_middle(
        steps in steps(60),
        cut: prop::sample::Index,
    ) {
        let w = live(&steps, |_| {});
        let fold = |mut state: State, entries: &[Entry]| {
            for entry in entries {
                let text = serde_json::to_string(entry).unwrap();
                state.apply(&serde_json::from_str(&text).unwrap());
            }
            state
        };
        prop_assert_eq!(&fold(State::default(), &w.log), &w.state);
        let cut = cut.index(w.log.len());
        let middle = fold(State::default(), &w.log[..cut]);
        let snapshot: State = serde_json::from_str(&serde_json::to_string(&middle).unwrap()).unwrap();
        prop_assert_eq!(&fold(snapshot.restored(), &w.log[cut..]), &w.state);
    }

    #[test]
    fn r10_r11_what_nobody_may_choose_stays_and_the_way_out_is_its_owners(steps in steps(STEPS)) {
        live(&steps, |m| {
            check_fixed(&m.w.state, m.w.account);
            for entry in m.new {
                match &entry.event {
                    Event::SafeguardsSet { safeguards, .. } => check_way_out(m, entry, safeguards.owner_recovery),
                    Event::RequestEnded { request, reason, .. } => {
                        let request = m.w.request(*request);
                        let recovers = request.payload.scenario == Scenario::GovernanceRecover;
                        let by_owner = request.payload.initiator == Principal::User(m.w.owner());
                        let unauthorized = reason.as_deref() == Some("initiator_unauthorized");
                        assert!(!(recovers && by_owner && unauthorized), "nobody ends an owner's recovery under way");
                    }
                    _ => {}
                }
            }
        });
    }

    #[test]
    fn i11_only_people_vote_and_only_for_themselves(steps in steps(STEPS)) {
        live(&steps, |m| {
            for entry in m.new {
                if let Event::VoteCast { voter, .. } = &entry.event {
                    assert_eq!(entry.actor, Principal::User(*voter));
                }
            }
        });
    }

    #[test]
    fn i12_nothing_is_voted_on_or_begun_at_or_after_its_deadline(steps in steps(STEPS)) {
        live(&steps, |m| {
            assert!(begun(m).all(|(entry, request)| request.execute_deadline.is_some_and(|end| entry.at < end)));
            for entry in m.new {
                if let Event::VoteCast { request, .. } = &entry.event {
                    assert!(entry.at < m.w.request(*request).payload.not_after);
                }
            }
        });
    }

    #[test]
    fn i13_nothing_takes_effect_before_it_is_being_carried_out(steps in steps(STEPS)) {
        let mut executed = BTreeSet::new();
        live(&steps, |m| {
            let mut running: Option<&Request> = None;
            for entry in m.new {
                match &entry.event {
                    Event::RequestExecuting { request, .. } => {
                        executed.insert(*request);
                        running = Some(m.w.request(*request));
                    }
                    Event::RequestEnded { .. } => running = None,
                    Event::ItemsEnded { request, .. } => assert!(executed.contains(request)),
                    event => assert!(!is_effect(entry, event) || running.is_some(), "{event:?}"),
                }
            }
            for request in m.w.state.requests().filter(|request| request.state == RequestState::Pending) {
                assert!(request.items.iter().all(|item| !matches!(item, ItemState::Ended { .. } | ItemState::Open { .. })));
            }
        });
    }

    #[test]
    fn i14_one_idempotency_key_makes_one_request_until_a_day_after_its_end(steps in steps(STEPS)) {
        let mut used: BTreeMap<(Principal, String), Vec<RequestId>> = BTreeMap::new();
        live(&steps, |m| {
            for entry in m.new {
                let (key, made) = match &entry.event {
                    Event::RequestSubmitted { idempotency: Some((key, _)), request, .. } => (key, vec![*request]),
                    Event::DraftSubmitted { idempotency: Some((key, _)), requests, .. } => (key, requests.clone()),
                    _ => continue,
                };
                let is_free = |id: &RequestId| {
                    let end = m.w.state.request(*id).and_then(|request| request.ended_at);
                    end.is_some_and(|end| end.after(Millis::hours(24)) <= entry.at)
                };
                let before = used.insert((entry.actor, key.clone()), made).unwrap_or_default();
                assert!(before.iter().all(is_free), "{key} of {:?} is used twice: {before:?}", entry.actor);
            }
        });
    }
}

/// Does the event change what an account is, and by the will of a person?
fn is_effect(entry: &Entry, event: &Event) -> bool {
    let leaves = matches!(event, Event::GrantRemoved { user, .. } if entry.actor == Principal::User(*user));
    matches!(entry.actor, Principal::User(_))
        && !leaves
        && matches!(
            event,
            Event::PolicySet { .. }
                | Event::GrantAdded { .. }
                | Event::GrantChanged { .. }
                | Event::GrantRemoved { .. }
                | Event::UserSuspended { .. }
                | Event::UserUnsuspended { .. }
                | Event::OwnershipTransferred { .. }
                | Event::AccountFrozen { .. }
                | Event::AccountUnfrozen { .. }
        )
}

/// What makes things safer takes one person, and the way out is as wide as it was.
pub fn check_fixed(state: &State, account: AccountId) {
    for scenario in Scenario::ALL.iter().filter(|scenario| scenario.has_fixed_counts()) {
        let (now, shipped) = (state.policy(account, *scenario), scenario.default_policy());
        let counts = |policy: &Policy| (policy.required, policy.required_other, policy.initiator_counts);
        assert_eq!(counts(&now), counts(&shipped), "{}", scenario.name());
        assert_eq!(now.approvers, shipped.approvers, "{}", scenario.name());
    }
}

/// Recovery is switched off by the owner's own request alone, and by all whom a count takes.
fn check_way_out(m: &Moment<'_>, set: &Entry, owner_recovery: bool) {
    let running = m.new.iter().take_while(|entry| !std::ptr::eq(*entry, set)).filter_map(|entry| match &entry.event {
        Event::RequestExecuting { request, .. } => Some(m.w.request(*request)),
        _ => None,
    });
    let request = running.last().unwrap();
    if owner_recovery == m.before.safeguards(m.w.account).owner_recovery {
        return;
    }
    assert!(owner_recovery || request.payload.initiator == Principal::User(m.w.owner()));
    let chosen = Scenario::ALL.iter().map(|scenario| m.before.policy(m.w.account, *scenario));
    let most = chosen.filter(|policy| policy.version > 0).map(|policy| policy.required).max().unwrap_or(1);
    let there_are = m.before.available(m.w.account, Scenario::ApprovalConfigUpdate);
    let mut yes: BTreeSet<_> = request.live_votes().map(|vote| Principal::User(vote.voter)).collect();
    yes.insert(request.payload.initiator);
    assert!(yes.len() >= most.min(there_are) as usize, "{yes:?} of {most}");
}

/// Counted from the votes themselves: distinct people, each an approver from the start by a grant that was still there.
fn check_quorum_by_hand(m: &Moment<'_>, request: &Request) {
    let held: BTreeSet<_> = m.before.grants_of(m.w.account).map(|grant| grant.id).collect();
    let is_new = m.before.request(request.id).is_none();
    let approvers: BTreeSet<_> =
        request.eligible.iter().filter(|(_, grant)| is_new || held.contains(grant)).map(|(user, _)| *user).collect();
    let mut yes: BTreeSet<_> = request
        .votes
        .iter()
        .filter(|vote| vote.decision == Decision::Approve && vote.withdrawn_at.is_none())
        .map(|vote| vote.voter)
        .filter(|voter| approvers.contains(voter))
        .collect();
    let initiator = match request.payload.initiator {
        Principal::User(user) => user,
        Principal::ApiKey(key) => {
            let grant = m.before.key(key).and_then(|key| m.before.grant(key.grant));
            grant.expect("a program asks by a grant that is there").user
        }
        other => panic!("{other:?} started a request"),
    };
    if matches!(request.payload.initiator, Principal::ApiKey(_)) {
        if goes_alone(m, request) {
            return;
        }
    } else if approvers.contains(&initiator) {
        yes.insert(initiator);
    }
    match &request.payload.action {
        Action::Control(Control::AddGrant(new)) => drop(yes.remove(&new.user)),
        Action::Control(Control::TransferOwnership { to, .. }) => {
            yes.remove(to);
            assert!(request.accepted_at.is_some(), "nobody becomes the owner against their will");
        }
        _ => {}
    }
    assert!(yes.len() >= request.required as usize, "{yes:?}");
    yes.remove(&initiator);
    assert!(yes.len() >= request.required_other as usize, "{yes:?}");
}

/// A program needs nobody where its kind may go alone and one person is enough.
fn goes_alone(m: &Moment<'_>, request: &Request) -> bool {
    let payload = &request.payload;
    let policy = m.before.policy(payload.account, payload.scenario);
    let one =
        (policy.required, policy.required_other) == (1, 0) && (request.required, request.required_other) == (1, 0);
    policy.programs_run_alone && one
}

fn claims_of(request: &Request) -> Vec<(u32, u8)> {
    let Action::Device(operation) = &request.payload.action else {
        return Vec::new();
    };
    let devices = request.effective().filter_map(|(_, target)| match target {
        Target::Device(device) => Some(device.0),
        Target::Agent(_) => None,
    });
    devices.flat_map(|device| operation.conflict_groups().iter().map(move |group| (device, *group as u8))).collect()
}

/// Every step of a request names its own event.
fn check_steps(m: &Moment<'_>) {
    for step in m.w.state.requests().flat_map(|request| request.steps.iter().map(move |step| (request.id, step))) {
        let (id, step) = step;
        let entry = &m.w.log[step.seq as usize - 1];
        let by = match &entry.event {
            Event::TargetsDropped { by, .. } => Some(*by),
            _ => None,
        };
        assert!(entry.event.request() == Some(id) || by == Some(id), "{step:?}");
        assert_eq!((entry.at, entry.actor), (step.at, step.by));
    }
}

/// What one request lost another has.
fn check_moves(m: &Moment<'_>) {
    let (mut lost, mut took) = (BTreeSet::new(), BTreeSet::new());
    for request in m.w.state.requests() {
        for (target, item) in request.payload.targets.iter().zip(&request.items) {
            if let (ItemState::Dropped { by }, Target::Device(device)) = (item, target) {
                lost.insert((request.id, *by, *device));
            }
        }
        took.extend(request.took.iter().flat_map(|t| t.devices.iter().map(|device| (t.from, request.id, *device))));
    }
    assert_eq!(lost, took);
}

/// The people who hold an approver's role over everything.
pub fn administrators(state: &State, w: &support::World) -> Vec<UserId> {
    let grants = state.grants_of(w.account);
    grants.filter(|grant| grant.role.is_administration()).map(|grant| grant.user).collect()
}
