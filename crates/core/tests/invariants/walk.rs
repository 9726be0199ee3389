//! Random lives of one company: people ask, vote, come and go; agents report; time passes.

use crate::support::{SITE, World, mode, restart_workers};
use adit_core::{
    authz::{Actor, ApiAccess, Role, Scope},
    command::{Command, DraftPart, DraftSubmission, Reply, Submission},
    event::{Entry, Event},
    fleet::{Ending, Operation, PowerMode},
    ids::{DeviceId, GrantId, RequestId, UserId},
    requests::{Action, Control, Decision, GrantChange, NewGrant, PolicyChange, Scenario},
    state::State,
    time::Millis,
};
use proptest::prelude::*;

const MINERS: u32 = 6;
const ROLES: [Role; 4] = [Role::Administrator, Role::SiteManager, Role::OperationsManager, Role::Viewer];

#[derive(Debug, Clone)]
pub enum Step {
    Submit { who: usize, what: u8, targets: Vec<u32>, key: Option<u8> },
    Draft { who: usize, what: u8, targets: Vec<u32> },
    SubmitDraft { who: usize, key: Option<u8> },
    Vote { who: usize, which: usize, approve: bool },
    Withdraw { who: usize, which: usize },
    Cancel { who: usize, which: usize },
    Finish { which: usize, well: bool },
    Policy { who: usize, scenario: usize, required: u32, other: u32 },
    Remove { who: usize, whom: usize, all: bool },
    Change { who: usize, whom: usize, role: usize },
    Suspend { who: usize, whom: usize, on: bool },
    Leave { who: usize },
    Hire { role: usize },
    Deprovision { whom: usize },
    Freeze { on: bool },
    Offer { who: usize, whom: usize, role: usize },
    Answer { who: usize, which: usize, accept: bool },
    Wait { minutes: u64 },
    ClockBack { minutes: i64 },
}

fn step() -> impl Strategy<Value = Step> {
    let who = 0..8_usize;
    let which = 0..64_usize;
    let targets = prop::collection::vec(1..=MINERS, 1..5);
    let key = prop::option::weighted(0.3, 0..4_u8);
    prop_oneof![
        6 => (who.clone(), 0..6_u8, targets.clone(), key.clone())
            .prop_map(|(who, what, targets, key)| Step::Submit { who, what, targets, key }),
        2 => (who.clone(), 0..6_u8, targets).prop_map(|(who, what, targets)| Step::Draft { who, what, targets }),
        1 => (who.clone(), key).prop_map(|(who, key)| Step::SubmitDraft { who, key }),
        6 => (who.clone(), which.clone(), prop::bool::weighted(0.85))
            .prop_map(|(who, which, approve)| Step::Vote { who, which, approve }),
        1 => (who.clone(), which.clone()).prop_map(|(who, which)| Step::Withdraw { who, which }),
        1 => (who.clone(), which.clone()).prop_map(|(who, which)| Step::Cancel { who, which }),
        4 => (which.clone(), any::<bool>()).prop_map(|(which, well)| Step::Finish { which, well }),
        2 => (who.clone(), 0..Scenario::ALL.len(), 0..5_u32, 0..3_u32)
            .prop_map(|(who, scenario, required, other)| Step::Policy { who, scenario, required, other }),
        1 => (who.clone(), who.clone(), any::<bool>()).prop_map(|(who, whom, all)| Step::Remove { who, whom, all }),
        1 => (who.clone(), who.clone(), 0..4_usize).prop_map(|(who, whom, role)| Step::Change { who, whom, role }),
        2 => (who.clone(), who.clone(), any::<bool>()).prop_map(|(who, whom, on)| Step::Suspend { who, whom, on }),
        1 => who.clone().prop_map(|who| Step::Leave { who }),
        1 => (0..4_usize).prop_map(|role| Step::Hire { role }),
        1 => (who.clone(), who.clone(), 0..4_usize).prop_map(|(who, whom, role)| Step::Offer { who, whom, role }),
        1 => (who.clone(), which, prop::bool::weighted(0.8))
            .prop_map(|(who, which, accept)| Step::Answer { who, which, accept }),
        1 => who.prop_map(|whom| Step::Deprovision { whom }),
        1 => any::<bool>().prop_map(|on| Step::Freeze { on }),
        // Now and then longer than any timelock.
        1 => prop_oneof![5 => 0..90_u64, 1 => 4_320..4_400_u64].prop_map(|minutes| Step::Wait { minutes }),
        1 => (0..500_i64).prop_map(|minutes| Step::ClockBack { minutes }),
    ]
}

pub fn steps(most: usize) -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(step(), 1..most)
}

/// What there is to look at after a step.
pub struct Moment<'a> {
    pub before: &'a State,
    pub w: &'a World,
    /// Events of the step.
    pub new: &'a [Entry],
    /// Somebody left whom the counts needed, some time before.
    pub degraded: bool,
}

/// Lives it, with a look after every step.
pub fn live(steps: &[Step], mut look: impl FnMut(&Moment<'_>)) -> World {
    let mut w = World::new(MINERS);
    let roles =
        [Role::Administrator, Role::Administrator, Role::SiteManager, Role::OperationsManager, Role::Technician];
    let mut people: Vec<_> = roles.into_iter().map(|role| w.person(role)).collect();
    people.push(w.owner);
    let mut degraded = false;
    let mut told = 0;
    for step in steps {
        let before = w.state.clone();
        take(&mut w, &mut people, step);
        let new: Vec<_> = w.log[told..].to_vec();
        told = w.log.len();
        degraded |= new.iter().any(|entry| matches!(entry.event, Event::GovernanceDegraded { .. }));
        look(&Moment { before: &before, w: &w, new: &new, degraded });
    }
    w
}

fn pick<T: Copy>(from: &[T], at: usize) -> Option<T> {
    (!from.is_empty()).then(|| from[at % from.len()])
}

fn action(what: u8) -> Action {
    match what {
        0 => mode(PowerMode::Sleep),
        1 => mode(PowerMode::High),
        2 => Action::Device(Operation::Reboot {}),
        3 => Action::Device(Operation::Locate { on: true }),
        4 => Action::Device(Operation::Pause {}),
        _ => restart_workers(),
    }
}

/// Does the step as its actor would; refusals are part of life.
fn take(w: &mut World, people: &mut Vec<UserId>, step: &Step) {
    let requests: Vec<_> = w.state.requests().map(|request| request.id).collect();
    let owner = w.owner();
    let person = |at: usize| pick(people, at).unwrap_or(owner);
    match step {
        Step::Submit { who, what, targets, key } => {
            let action = action(*what);
            let targets: &[u32] = if matches!(action, Action::Device(_)) { targets } else { &[] };
            submit(w, person(*who), action, targets, key_of(*key));
        }
        Step::Draft { who, what, targets } => {
            let actor = w.actor(person(*who));
            let targets = targets.iter().copied().map(DeviceId).collect();
            let _ = w.run(&actor, Command::PutDraft { site: SITE, action: action(*what), targets });
        }
        Step::SubmitDraft { who, key } => submit_draft(w, person(*who), key_of(*key)),
        Step::Vote { who, which, approve } => {
            if let Some(id) = pick(&requests, *which) {
                let decision = if *approve { Decision::Approve } else { Decision::Reject };
                let _ = w.vote(person(*who), id, decision);
            }
        }
        Step::Withdraw { who, which } => {
            if let Some(request) = pick(&requests, *which) {
                let actor = w.actor(person(*who));
                let _ = w.run(&actor, Command::WithdrawVote { request });
            }
        }
        Step::Cancel { who, which } => {
            if let Some(request) = pick(&requests, *which) {
                let actor = w.actor(person(*who));
                let _ = w.run(&actor, Command::Cancel { request, reason: None });
            }
        }
        Step::Finish { which, well } => {
            if let Some(id) = pick(&requests, *which) {
                w.finish(id, if *well { Ending::Verified } else { Ending::Unknown });
            }
        }
        Step::Policy { who, scenario, required, other } => {
            let change = PolicyChange::counts(Scenario::ALL[*scenario], *required, *other);
            let _ = w.try_ask(person(*who), Action::Control(Control::SetPolicies { changes: vec![change] }), &[]);
        }
        Step::Remove { who, whom, all: true } => {
            let control = Control::RemoveUser { user: person(*whom), changes: Vec::new() };
            let _ = w.try_ask(person(*who), Action::Control(control), &[]);
        }
        Step::Remove { who, whom, all: false } => {
            let whom = person(*whom);
            let held = w.state.grants_of(w.account).find(|grant| grant.user == whom).map(|grant| grant.id);
            if let Some(grant) = held {
                let _ = w.try_ask(person(*who), Action::Control(Control::RemoveGrant { grant }), &[]);
            }
        }
        Step::Change { who, whom, role } => {
            let whom = person(*whom);
            let held = w.state.grants_of(w.account).find(|grant| grant.user == whom).map(|grant| grant.id);
            if let Some(grant) = held {
                let _ = w.try_ask(person(*who), change(grant, ROLES[*role]), &[]);
            }
        }
        Step::Suspend { who, whom, on } => {
            let user = person(*whom);
            let control = if *on { Control::SuspendUser { user } } else { Control::UnsuspendUser { user } };
            let _ = w.try_ask(person(*who), Action::Control(control), &[]);
        }
        Step::Leave { who } => {
            let actor = w.actor(person(*who));
            let _ = w.run(&actor, Command::LeaveAccount);
        }
        Step::Freeze { on } => {
            let control = if *on { Control::FreezeAccount {} } else { Control::UnfreezeAccount {} };
            let _ = w.try_ask(owner, Action::Control(control), &[]);
        }
        Step::Offer { who, whom, role } => {
            let control = Control::TransferOwnership { to: person(*whom), then: ROLES[*role].into() };
            let _ = w.try_ask(person(*who), Action::Control(control), &[]);
        }
        Step::Answer { who, which, accept } => {
            let offers: Vec<_> = w.state.offers_to(w.account, person(*who)).map(|request| request.id).collect();
            if let Some(id) = pick(&offers, *which) {
                let _ = w.answer(person(*who), id, *accept);
            }
        }
        Step::Hire { role } => {
            let role = ROLES[*role];
            if let Reply::User(user) = w.operator(Command::AddUser) {
                people.push(user);
                let _ =
                    w.try_ask(owner, Action::Control(Control::AddGrant(NewGrant::new(user, role, Scope::All))), &[]);
            }
        }
        Step::Deprovision { whom } => {
            if let Some(user) = pick(people, *whom).filter(|user| *user != owner) {
                let actor = Actor::system(w.account);
                if w.run(&actor, Command::RemoveUser { user }).is_ok() {
                    people.retain(|other| *other != user);
                }
            }
        }
        Step::Wait { minutes } => w.tick_after(Millis::minutes(*minutes)),
        Step::ClockBack { minutes } => w.now.0 -= minutes * 60_000,
    }
}

fn change(grant: GrantId, role: Role) -> Action {
    let (role, scope) = (role.into(), Scope::All);
    let change = GrantChange { grant, role, scope, expires_at: None, remark: None, api_access: ApiAccess::None };
    Action::Control(Control::ChangeGrant(change))
}

fn key_of(key: Option<u8>) -> Option<String> {
    key.map(|key| format!("key {key}"))
}

/// Submits, and holds the rule that was foretold against what became of it.
fn submit(w: &mut World, who: UserId, action: Action, targets: &[u32], idempotency_key: Option<String>) {
    let before = w.state.clone();
    let actor = w.actor(who);
    let submission = Submission {
        id: w.new_id(),
        action: action.clone(),
        targets: targets.iter().copied().map(DeviceId).collect(),
        estimates: Vec::new(),
        reason: None,
        idempotency_key,
    };
    let Ok(Reply::Request(id)) = w.run(&actor, Command::Submit(submission)) else {
        return;
    };
    if before.request(id).is_some() {
        return;
    }
    let request = w.request(id);
    let rule = before.rule_for(&actor, &action, &request.payload.targets, before.monotonic(w.now));
    assert_eq!((rule.tally.required, rule.tally.required_other), (request.required, request.required_other));
    assert_eq!(rule.runs_at_once(), request.approved_at.is_some(), "{rule:?}");
}

fn submit_draft(w: &mut World, user: UserId, idempotency_key: Option<String>) {
    let draft = w.state.draft(user, SITE).cloned();
    let changes = draft.as_ref().map(|draft| draft.changes.as_slice()).unwrap_or_default();
    let parts: Vec<_> = changes.iter().map(|change| (change.id, w.new_id())).collect();
    let part = |(change, id): (u32, RequestId)| DraftPart { change, id, estimates: Vec::new() };
    let submission = DraftSubmission {
        site: SITE,
        version: draft.map_or(0, |draft| draft.version),
        parts: parts.into_iter().map(part).collect(),
        reason: None,
        idempotency_key,
    };
    let (actor, events) = (w.actor(user), w.log.len());
    if w.run(&actor, Command::SubmitDraft(submission)).is_err() {
        assert_eq!(w.log.len(), events);
    }
}
