//! Two people who press at the same moment: whatever order the log gives them, it comes out the same way.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Actor, Role},
    command::Command,
    fleet::{Ending, TargetResult},
    ids::{DeviceId, RequestId, UserId},
    requests::{Decision, RequestState},
    time::Millis,
};
use support::{World, restart_workers};

/// It runs once.
#[test]
fn e50_ten_thousand_pairs_of_votes_lose_nothing_and_run_once() {
    race(|w, [one, two], id| {
        w.vote(one, id, Decision::Approve).unwrap();
        let late = w.vote(two, id, Decision::Approve).unwrap_err();
        assert_eq!(late.code(), "invalid_state");
        assert_eq!(w.state_of(id), RequestState::Executing);
    });
}

/// Approve against reject: one of them, never both.
#[test]
fn approve_against_reject_has_one_outcome() {
    let mut turn = false;
    race(|w, [one, two], id| {
        turn = !turn;
        let (first, second) =
            if turn { (Decision::Approve, Decision::Reject) } else { (Decision::Reject, Decision::Approve) };
        w.vote(one, id, first).unwrap();
        assert_eq!(w.vote(two, id, second).unwrap_err().code(), "invalid_state");
        let expected = if turn { RequestState::Executing } else { RequestState::Rejected };
        assert_eq!(w.state_of(id), expected);
    });
}

fn race(mut round: impl FnMut(&mut World, [UserId; 2], RequestId)) {
    let mut w = World::new(1);
    let operator = w.person(Role::OperationsManager);
    let approvers = [w.person(Role::SiteManager), w.person(Role::Administrator)];
    let actor = Actor::system(w.account);
    for _ in 0..10_000 {
        w.now = w.now.after(Millis(1));
        let id = w.ask(operator, restart_workers(), &[]);
        round(&mut w, approvers, id);
        for item in w.state.open_work(id) {
            let results = vec![(item.command(), TargetResult::of(Ending::Verified, ""))];
            w.run(&actor, Command::ReportResults { agent: item.agent(), results }).unwrap();
        }
        w.log.clear();
    }
    assert!(w.state.open_requests().next().is_none());
    assert!(w.state.holders_of(DeviceId(1)).is_empty());
}
