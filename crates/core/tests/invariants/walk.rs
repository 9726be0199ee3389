//! Random lives of one company: people ask, vote, come and go; agents report; time passes.

use crate::{
    steps::{MINERS, Step},
    support::{SITE, World, mode, restart_workers},
};
use adit_core::{
    authz::{Actor, ApiAccess, Principal, Role, Scope},
    command::{Command, DraftPart, DraftSubmission, Reply, Submission},
    event::{Entry, Event},
    fleet::{Ending, Operation, PowerMode},
    ids::{DeviceId, GrantId, RequestId, UserId},
    requests::{Action, Control, Decision, GrantChange, NewGrant, NewKey, PolicyChange, Recovery, Scenario},
    state::State,
    time::{Millis, Timestamp},
};

const ROLES: [Role; 4] = [Role::Administrator, Role::SiteManager, Role::OperationsManager, Role::Viewer];

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
    // Two of them have a program each.
    for holder in [people[2], people[3]] {
        let grant = held_by(&w, holder).unwrap();
        let owner = w.owner;
        for control in [with_keys(&w, grant), key(grant, w.now)] {
            w.ask(owner, Action::Control(control), &[]);
        }
    }
    // What takes somebody else's word and is never held up by other work.
    w.set_policy(Scenario::FleetLed, 1, 1);
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
            let actor = w.actor(person(*who));
            submit(w, actor, action, targets, key_of(*key));
        }
        Step::Program { which, what, targets, key } => {
            let keys: Vec<_> = w.state.keys_of(w.account).map(|key| key.id).collect();
            let action = action(*what);
            let targets: &[u32] = if matches!(action, Action::Device(_)) { targets } else { &[] };
            if let Some(program) = pick(&keys, *which).map(Principal::ApiKey) {
                let actor = Actor { account: w.account, principal: program, authenticated_at: w.now };
                submit(w, actor, action, targets, key_of(*key));
            }
        }
        Step::Issue { who, whom } => {
            if let Some(grant) = held_by(w, person(*whom)) {
                for control in [with_keys(w, grant), key(grant, w.now)] {
                    let _ = w.try_ask(person(*who), Action::Control(control), &[]);
                }
            }
        }
        Step::Draft { who, what, targets } => {
            let actor = w.actor(person(*who));
            let targets = targets.iter().copied().map(DeviceId).collect();
            let _ = w.run(&actor, Command::PutDraft { site: SITE, action: action(*what), targets });
        }
        Step::SubmitDraft { who, key } => submit_draft(w, person(*who), key_of(*key)),
        Step::Vote { who, which, approve } => {
            // Every other time on what is still open.
            let open: Vec<_> = w.state.open_requests().map(|request| request.id).collect();
            let id = if which % 2 == 0 { pick(&open, *which / 2) } else { pick(&requests, *which) };
            if let Some(id) = id {
                let decision = if *approve { Decision::Approve } else { Decision::Reject };
                let _ = w.vote(person(*who), id, decision);
            }
        }
        Step::VoteForOwn { which } => {
            let of_programs = w.state.open_requests().filter_map(|request| match request.payload.initiator {
                Principal::ApiKey(key) => Some((request.id, w.state.grant(w.state.key(key)?.grant)?.user)),
                _ => None,
            });
            let of_programs: Vec<_> = of_programs.collect();
            if let Some((id, user)) = pick(&of_programs, *which) {
                let _ = w.vote(user, id, Decision::Approve);
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
            if let Some(grant) = held_by(w, person(*whom)) {
                let _ = w.try_ask(person(*who), Action::Control(Control::RemoveGrant { grant }), &[]);
            }
        }
        Step::Change { who, whom, role } => {
            if let Some(grant) = held_by(w, person(*whom)) {
                let _ = w.try_ask(person(*who), change(grant, ROLES[*role]), &[]);
            }
        }
        Step::RemoveWith { who, whom, scenario, required } => {
            let changes = vec![PolicyChange::counts(Scenario::ALL[*scenario], *required, 0)];
            let control = Control::RemoveUser { user: person(*whom), changes };
            let _ = w.try_ask(person(*who), Action::Control(control), &[]);
        }
        Step::Safeguards { who, safeguards } => {
            let _ = w.try_ask(person(*who), Action::Control(Control::SetSafeguards(*safeguards)), &[]);
        }
        Step::Recover { who, whom } => {
            let remove = whom.map(person).into_iter().collect();
            let action = Action::Control(Control::Recover(Recovery { remove }));
            let id = w.new_id();
            let (targets, estimates, idempotency_key) = (Vec::new(), Vec::new(), None);
            let reason = Some("nobody answers".into());
            let submission = Submission { id, action, targets, estimates, reason, idempotency_key };
            let actor = w.actor(person(*who));
            let _ = w.run(&actor, Command::Submit(submission));
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
        Step::Snapshot {} => {
            let (seq, hash) = (w.state.seq(), w.state.hash().unwrap());
            w.system(Command::NoteState { seq, hash });
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

/// The grant of a person, with keys from now on.
fn with_keys(w: &World, grant: GrantId) -> Control {
    let (role, scope, api_access) = (w.state.grant(grant).unwrap().role, Scope::All, ApiAccess::ReadWrite);
    Control::ChangeGrant(GrantChange { grant, role, scope, expires_at: None, remark: None, api_access })
}

fn key(grant: GrantId, now: Timestamp) -> Control {
    let secret_hash = format!("{:032x}{:032x}", grant.0, now.0);
    let expires_at = Some(now.after(Millis::days(90)));
    let new = NewKey::new(grant, "Monitoring", ApiAccess::ReadWrite, secret_hash);
    Control::IssueKey(NewKey { expires_at, ..new })
}

fn held_by(w: &World, user: UserId) -> Option<GrantId> {
    w.state.grants_of(w.account).find(|grant| grant.user == user).map(|grant| grant.id)
}

fn key_of(key: Option<u8>) -> Option<String> {
    key.map(|key| format!("key {key}"))
}

/// Submits, and holds the rule that was foretold against what became of it.
fn submit(w: &mut World, actor: Actor, action: Action, targets: &[u32], idempotency_key: Option<String>) {
    let before = w.state.clone();
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
