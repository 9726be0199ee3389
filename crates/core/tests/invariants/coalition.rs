//! I10: people who are fewer than a count asks for never get that operation carried out, whatever they change first: counts,
//! approvers, both, in any order. The others do nothing.

use crate::support::World;
use adit_core::{
    authz::{Principal, Role, Scope},
    command::{Command, Reply},
    event::{Entry, Event},
    ids::UserId,
    requests::{Action, Control, Decision, NewGrant, PolicyChange, RequestState, Safeguards, Scenario},
    state::State,
};
use proptest::prelude::*;
use std::collections::{BTreeMap, BTreeSet};

/// What may stand in the way, and at the end what they are after.
const SCENARIOS: [Scenario; 4] = [
    Scenario::ApprovalConfigUpdate,
    Scenario::AuthorizationAdd,
    Scenario::AuthorizationRemove,
    Scenario::AccountUnfreeze,
];
const PRIZE: usize = 3;
type Counts = [u32; 4];
/// What matters of a state: the counts, who may approve, and whether the ratchet and the closure hold.
type Spot = (Counts, BTreeSet<UserId>, [bool; 2]);

/// An account with `people` approvers, the owner first, a viewer, and somebody of the coalition's who holds nothing yet.
struct Company {
    w: World,
    approvers: Vec<UserId>,
    stranger: UserId,
}

fn company(people: u32) -> Company {
    let mut w = World::new(1);
    let mut approvers = vec![w.owner];
    approvers.extend((1..people).map(|_| w.person(Role::Administrator)));
    w.person(Role::Viewer);
    let Reply::User(stranger) = w.operator(Command::AddUser) else { unreachable!() };
    Company { w, approvers, stranger }
}

fn with_counts(w: &World, counts: Counts) -> State {
    let mut state = w.state.clone();
    for (scenario, required) in SCENARIOS.into_iter().zip(counts) {
        let mut policy = state.policy(w.account, scenario);
        (policy.version, policy.required) = (policy.version + 1, required);
        let event = Event::PolicySet { account: w.account, scenario, policy };
        state.apply(&Entry { at: w.now, actor: Principal::Operator, event });
    }
    state
}

fn counts_of(w: &World) -> Counts {
    SCENARIOS.map(|scenario| w.state.policy(w.account, scenario).required)
}

/// Everything they could ask for, now.
fn moves(w: &World, stranger: UserId, most: u32) -> Vec<Action> {
    let change = |scenario, required| PolicyChange::counts(scenario, required, 0);
    let mut moves: Vec<_> = SCENARIOS
        .into_iter()
        .flat_map(|scenario| (1..=most).map(move |required| vec![change(scenario, required)]))
        .chain([SCENARIOS.map(|scenario| change(scenario, 1)).to_vec()])
        .map(|changes| Action::Control(Control::SetPolicies { changes }))
        .collect();
    let safeguards = |ratchet, closure, owner_recovery| Safeguards { ratchet, closure, owner_recovery };
    // Among three every way is gone, and there the two rules would make them four times as many.
    let rules = [safeguards(true, true, true), safeguards(false, true, true), safeguards(true, false, true)];
    let switched = rules.into_iter().filter(|_| most != 3).chain([safeguards(true, true, false)]);
    moves.extend(switched.map(|to| Action::Control(Control::SetSafeguards(to))));
    // Whom they remove, and what they would have with it: lower counts, or one that is not to be chosen.
    let removal = |user, changes| Action::Control(Control::RemoveUser { user, changes });
    let all_one = SCENARIOS.map(|scenario| change(scenario, 1)).to_vec();
    for grant in w.state.grants_of(w.account).filter(|grant| grant.user != w.owner) {
        moves.push(removal(grant.user, vec![change(Scenario::GovernanceRecover, most)]));
        if grant.role.is_administration() {
            moves.push(removal(grant.user, all_one.clone()));
            moves.push(Action::Control(Control::RemoveGrant { grant: grant.id }));
        }
    }
    moves.push(Action::Control(Control::AddGrant(NewGrant::new(stranger, Role::Administrator, Scope::All))));
    moves
}

/// One of them asks, all of them approve; whether it was carried out.
fn all_try(w: &mut World, coalition: &[UserId], action: &Action) -> bool {
    let Some(id) = coalition.iter().find_map(|user| w.try_ask(*user, action.clone(), &[]).ok()) else {
        return false;
    };
    for user in coalition {
        let _ = w.vote(*user, id, Decision::Approve);
    }
    w.state_of(id) == RequestState::Executed
}

/// Where they could get to, one move after another, and from where the prize is theirs.
#[derive(Default)]
struct Map {
    next: BTreeMap<Spot, Vec<Spot>>,
    won: BTreeSet<Spot>,
}

impl Map {
    fn key(w: &World) -> Spot {
        let safeguards = w.state.safeguards(w.account);
        let hold = [safeguards.ratchet, safeguards.closure];
        (counts_of(w), super::administrators(&w.state, w).into_iter().collect(), hold)
    }

    fn explore(&mut self, w: &mut World, from: State, coalition: &[UserId], stranger: UserId, most: u32) {
        let mut open = vec![from];
        while let Some(state) = open.pop() {
            w.state = state.clone();
            let here = Self::key(w);
            if self.next.contains_key(&here) {
                continue;
            }
            if all_try(w, coalition, &Action::Control(Control::UnfreezeAccount {})) {
                self.won.insert(here.clone());
            }
            let mut reached = Vec::new();
            w.state = state.clone();
            for action in moves(w, stranger, most) {
                w.state = state.clone();
                if all_try(w, coalition, &action) {
                    super::check_fixed(&w.state, w.account);
                    let way_out = w.state.safeguards(w.account).owner_recovery;
                    assert!(way_out || coalition.contains(&w.owner), "the owner is kept in: {action:?}");
                    reached.push(Self::key(w));
                    open.push(w.state.clone());
                }
            }
            w.log.clear();
            self.next.insert(here, reached);
        }
    }

    fn could_win_from(&self, start: Spot) -> bool {
        let (mut seen, mut open) = (BTreeSet::new(), vec![start]);
        while let Some(place) = open.pop() {
            if self.won.contains(&place) {
                return true;
            }
            if seen.insert(place.clone()) {
                open.extend(self.next[&place].iter().cloned());
            }
        }
        false
    }
}

fn all_counts(most: u32) -> Vec<Counts> {
    let each = 1..=most;
    let mut all = Vec::new();
    for a in each.clone() {
        for b in each.clone() {
            for c in each.clone() {
                all.extend(each.clone().map(|d| [a, b, c, d]));
            }
        }
    }
    all
}

/// Every combination of counts, every size of coalition, with the owner in it and without, for two and three approvers.
#[test]
fn i10_too_few_never_get_there_whatever_they_change_first() {
    for people in [2, 3] {
        let mut company = company(people);
        let approvers = company.approvers.clone();
        for size in 1..=people as usize {
            for first in [0, 1] {
                let Some(inner) = approvers.get(first..first + size) else { continue };
                let coalition: Vec<_> = inner.iter().copied().chain([company.stranger]).collect();
                let mut map = Map::default();
                for counts in all_counts(people) {
                    let state = with_counts(&company.w, counts);
                    map.explore(&mut company.w, state.clone(), &coalition, company.stranger, people);
                    company.w.state = state;
                    let wins = map.could_win_from(Map::key(&company.w));
                    assert_eq!(wins, size >= counts[PRIZE] as usize, "{people} {counts:?} {inner:?}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, ..ProptestConfig::default() })]

    /// With requests of theirs left open on the way.
    #[test]
    fn i10_nor_do_they_in_a_long_life_among_four(
        counts in prop::array::uniform4(1..=4_u32),
        size in 1..4_usize,
        with_owner: bool,
        picks in prop::collection::vec((any::<prop::sample::Index>(), 0..4_usize), 1..40),
    ) {
        prop_assume!((size as u32) < counts[PRIZE]);
        let mut company = company(4);
        let first = usize::from(!with_owner);
        let mut coalition = company.approvers[first..first + size].to_vec();
        coalition.push(company.stranger);
        let w = &mut company.w;
        w.state = with_counts(w, counts);
        for (pick, who) in picks {
            let mut all = moves(w, company.stranger, 4);
            all.push(Action::Control(Control::UnfreezeAccount {}));
            let action = pick.get(&all).clone();
            let _ = w.try_ask(coalition[who % coalition.len()], action, &[]);
            let open: Vec<_> = w.state.open_requests().map(|request| request.id).collect();
            for (id, user) in open.into_iter().flat_map(|id| coalition.iter().map(move |user| (id, *user))) {
                let _ = w.vote(user, id, Decision::Approve);
            }
            let got = w.state.requests().any(|request| {
                request.payload.scenario == Scenario::AccountUnfreeze && request.state == RequestState::Executed
            });
            prop_assert!(!got, "{counts:?} {coalition:?}");
        }
    }
}
