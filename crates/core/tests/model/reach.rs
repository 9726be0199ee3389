//! How far too few people get in the naive model, with the hardening rules and without each of them, and which accounts
//! end where nobody can approve anything. Everything there is, not samples.

use crate::naive::{Account, CONFIG, Count, GRANT, Move, PRIZE, REMOVE, Rules};
use std::collections::BTreeSet;

/// More approvers than any league here needs to make.
const CROWD: u32 = 9;

/// An account, how many of its approvers are in league, and whether its owner is one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Plot {
    account: Account,
    league: u32,
    with_owner: bool,
}

impl Plot {
    /// Everything that the league can do next.
    fn steps(self, rules: Rules) -> Vec<Self> {
        let mut moves = vec![Move::Add, Move::Remove];
        moves.extend((0..4).flat_map(|scenario| (1..=CROWD).map(move |n| Move::Set(scenario, Count::of(n)))));
        moves.into_iter().filter_map(|what| self.step(rules, what)).collect()
    }

    fn step(self, rules: Rules, what: Move) -> Option<Self> {
        let Self { account, league, with_owner } = self;
        let removable = account.approvers - league - u32::from(!with_owner);
        if what == Move::Remove && removable == 0 || what == Move::Add && account.approvers == CROWD {
            return None;
        }
        (account.people_for(rules, what)? <= league).then(|| Self {
            account: account.after(what),
            league: league + u32::from(what == Move::Add),
            with_owner,
        })
    }

    fn wins(self, rules: Rules) -> bool {
        let (mut seen, mut open) = (BTreeSet::new(), vec![self]);
        while let Some(plot) = open.pop() {
            if plot.account.people_for(rules, Move::Win).is_some_and(|people| people <= plot.league) {
                return true;
            }
            if seen.insert(plot) {
                open.extend(plot.steps(rules));
            }
        }
        false
    }
}

/// Every account of two to four approvers and every league that is smaller than the prize's count.
fn plots() -> Vec<Plot> {
    let mut all = Vec::new();
    for approvers in 2..=4_u32 {
        let each = || (1..=approvers).map(Count::of);
        for config in each() {
            for (grant, remove) in each().flat_map(|grant| each().map(move |remove| (grant, remove))) {
                for prize in each() {
                    let account = Account { counts: [config, grant, remove, prize], approvers };
                    for (league, with_owner) in (1..prize.required).flat_map(|n| [(n, true), (n, false)]) {
                        all.push(Plot { account, league, with_owner });
                    }
                }
            }
        }
    }
    all
}

fn wins(ratchet: bool, closure: bool) -> usize {
    let rules = Rules { ratchet, closure, ..Rules::ALL };
    plots().into_iter().filter(|plot| plot.wins(rules)).count()
}

#[test]
fn h1_and_h2_together_stop_every_league_that_is_too_small_and_neither_does_alone() {
    assert_eq!(plots().len(), 946);
    assert_eq!([wins(false, false), wins(true, false), wins(false, true), wins(true, true)], [600, 400, 400, 0]);
}

/// Every account that can be reached from six approvers and counts of one, where everybody agrees to everything.
fn reached(rules: Rules) -> BTreeSet<Account> {
    let (mut seen, mut open) = (BTreeSet::new(), vec![Account { counts: [Count::ONE; 4], approvers: 6 }]);
    while let Some(account) = open.pop() {
        // Where a count cannot be met the account is stuck, whatever else could still be asked for.
        if !seen.insert(account) || account.is_locked_out() {
            continue;
        }
        let settings = [CONFIG, REMOVE, PRIZE].into_iter();
        let moves = settings.flat_map(|scenario| (1..=6).map(move |n| Move::Set(scenario, Count::of(n))));
        let moves = moves
            .chain((account.approvers > 1).then_some(Move::Remove))
            .chain((account.approvers < 6).then_some(Move::Add));
        open.extend(moves.filter(|what| account.people_for(rules, *what).is_some()).map(|what| account.after(what)));
    }
    assert!(seen.iter().all(|account| account.counts[GRANT] == Count::ONE));
    seen
}

#[test]
fn r6_keeps_every_account_out_of_a_state_that_nobody_can_leave() {
    for (no_lock_out, all, stuck) in [(true, 441, 0), (false, 656, 215)] {
        let states = reached(Rules { no_lock_out, ..Rules::ALL });
        assert_eq!(states.iter().filter(|account| account.is_locked_out()).count(), stuck);
        assert_eq!(states.len(), all);
    }
}
