//! Every edge case of the request engine, one test each, by its number in the design: what a person (or a program) meets who
//! asks for things, votes, comes and goes.
//!
//! Elsewhere:
//! - E37 is in the server's `tests/accounts.rs`, E82 to E87, where observers come in, in its `tests/observers.rs`.
//! - E78, E80 and E81 are in `keys.rs`, with operations on devices.
//! - E95 is in `claims.rs` itself, where firmware has its group of claims already; no operation installs any yet.
//! - E100, a question that the console asks, is in its journey.
//!
//! The rules whose cases are these: R1 E3, E4, E55; R2 E6, E7, E14; R3 E8, E10, E13; R4 E9; R5 E11, E12; R6 E15, E16, E28, E29; R7 E26,
//! E27; R8 E21, E22; R9 E18; R10 E18, E76; R12 E43 to E46; R13 E48; R15 E53; R16 E59; R17 E51, E61, E73; R18 E60; R19 E7, E67; R20 E65; R21 E50,
//! E62; R22 E63, E64; R23 E70, E71; R24 E30; R26 E40, E75, E76. R25 is an invariant (I9 in `invariants`). What a rule says beyond its
//! cases has a test by its own number.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod addresses;
mod agents;
mod configuration;
mod execution;
mod fleet;
mod membership;
mod notices;
mod ownership;
mod policies;
mod reach;
mod recovery;
mod sub_accounts;
#[path = "../support/mod.rs"]
mod support;
mod suspended;
mod voting;

use adit_core::{
    authz::{Node, Role, Scope},
    command::{Command, Reply, Submission},
    event::Event,
    ids::{AgentId, DeviceId, GrantId, RequestId, ScanTaskId, SiteId, UserId},
    rejection::Rejection,
    requests::{Action, Control, Decision, NewGrant, PolicyChange, Scenario, Tally},
};
use support::World;

/// The owner and this many Administrators beside.
fn company<const N: usize>() -> (World, [UserId; N]) {
    let mut w = World::new(8);
    let administrators = [Role::Administrator; N].map(|role| w.person(role));
    (w, administrators)
}

/// Somebody who holds nothing.
fn stranger(w: &mut World) -> UserId {
    match w.operator(Command::AddUser) {
        Reply::User(user) => user,
        other => panic!("{other:?}"),
    }
}

/// Somebody whose role ends at a site.
fn local(w: &mut World, role: Role, site: SiteId) -> UserId {
    let user = stranger(w);
    let owner = w.owner;
    let scope = Scope::Nodes([Node::Site(site)].into());
    ask(w, owner, Control::AddGrant(NewGrant::new(user, role, scope)));
    user
}

fn try_control(w: &mut World, user: UserId, control: Control) -> Result<RequestId, Rejection> {
    w.try_ask(user, Action::Control(control), &[])
}

fn ask(w: &mut World, user: UserId, control: Control) -> RequestId {
    try_control(w, user, control).unwrap()
}

fn counts(scenario: Scenario, required: u32) -> Control {
    Control::SetPolicies { changes: vec![PolicyChange::counts(scenario, required, 0)] }
}

/// A role over everything.
fn add(user: UserId, role: Role) -> Control {
    Control::AddGrant(NewGrant::new(user, role, Scope::All))
}

fn grant_of(w: &World, user: UserId) -> GrantId {
    w.state.grants_of(w.account).find(|grant| grant.user == user).unwrap().id
}

fn removal(w: &World, user: UserId) -> Control {
    Control::RemoveGrant { grant: grant_of(w, user) }
}

fn required(w: &World, scenario: Scenario) -> u32 {
    w.state.policy(w.account, scenario).required
}

fn tally(w: &World, id: RequestId) -> Tally {
    w.state.tally(w.request(id), w.now)
}

fn approve(w: &mut World, user: UserId, id: RequestId) {
    w.vote(user, id, Decision::Approve).unwrap();
}

fn refused(w: &mut World, user: UserId, id: RequestId, decision: Decision) -> Rejection {
    w.vote(user, id, decision).unwrap_err()
}

/// How many events of the log are like this.
fn told(w: &World, like: impl Fn(&Event) -> bool) -> usize {
    w.log.iter().filter(|entry| like(&entry.event)).count()
}

fn submission(w: &mut World, action: Action, targets: &[u32]) -> Submission {
    Submission {
        id: w.new_id(),
        action,
        targets: targets.iter().copied().map(DeviceId).collect(),
        estimates: Vec::new(),
        reason: None,
        idempotency_key: None,
    }
}

/// A second site with its own agent and miners, numbered from `first` on.
fn second_site(w: &mut World, first: u32, miners: u32) -> SiteId {
    let (owner, site, agent) = (w.owner, SiteId(2), AgentId(2));
    let token_hash = "ef".repeat(32);
    ask(w, owner, Control::CreateSite { name: "Sur".into(), capacity_w: None });
    ask(w, owner, Control::CreateAgent { site, name: "south".into(), token_hash: token_hash.clone() });
    let ranges = vec!["10.1.0.0/24".into()];
    ask(
        w,
        owner,
        Control::CreateScanTask {
            agent,
            name: "all".into(),
            ranges,
            interval_s: 60,
            credentials: None,
            passwords_to_unknown: false,
        },
    );
    w.system(Command::EnrolAgent { token_hash, public_key: "ab".repeat(32) });
    let devices = (first..first + miners).map(support::miner).collect();
    w.system(Command::ReportDevices { agent, scan_task: ScanTaskId(2), devices, heard: Default::default() });
    site
}
