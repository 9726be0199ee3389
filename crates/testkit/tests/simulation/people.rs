//! What people and programs ask: mostly sensible, sometimes not.

use crate::chance::Chance;
use adit_core::{
    authz::{Actor, Principal, Role, Scope},
    command::{Command, Submission},
    fleet::{Operation, PowerMode},
    ids::{AccountId, DeviceId, RequestId, SiteId, UserId},
    requests::{Action, Control, Decision, NewGrant, PolicyChange, Scenario},
    state::State,
    time::Timestamp,
};

pub const ACCOUNT: AccountId = AccountId(1);
pub const OWNER: UserId = UserId(1);
const SITES: [SiteId; 2] = [SiteId(1), SiteId(2)];
/// Miners of each site.
pub const MINERS: u32 = 5;

pub fn person(user: UserId, now: Timestamp) -> Actor {
    Actor { account: ACCOUNT, principal: Principal::User(user), authenticated_at: now }
}

pub fn operator(now: Timestamp) -> Actor {
    Actor { account: ACCOUNT, principal: Principal::Operator, authenticated_at: now }
}

fn action(chance: &mut Chance) -> Action {
    match chance.below(7) {
        0 => Action::Device(Operation::SetPowerMode { mode: PowerMode::Sleep }),
        1 => Action::Device(Operation::SetPowerMode { mode: PowerMode::Normal }),
        2 | 3 => Action::Device(Operation::Reboot {}),
        4 => Action::Device(Operation::Pause {}),
        5 => Action::Device(Operation::Locate { on: true }),
        _ => Action::Control(Control::RestartWorkers { site: SITES[chance.below(2)] }),
    }
}

pub fn submission(id: u128, action: Action, targets: Vec<DeviceId>) -> Command {
    let id = RequestId(id.into());
    Command::Submit(Submission { id, action, targets, estimates: Vec::new(), reason: None, idempotency_key: None })
}

/// Something that somebody asks, seen from the state they look at.
pub fn ask(chance: &mut Chance, state: &State, id: u128, now: Timestamp) -> (Actor, Command) {
    let people: Vec<_> = state.people_of(ACCOUNT).collect();
    let who = chance.pick(&people).copied().unwrap_or(OWNER);
    let open: Vec<_> = state.open_requests().collect();
    let command = match chance.below(20) {
        0..=7 => {
            let action = action(chance);
            let devices = matches!(action, Action::Device(_));
            let many = if devices { 1 + chance.below(4) } else { 0 };
            let all: Vec<_> = state.devices().map(|device| device.id).collect();
            let targets = (0..many).filter_map(|_| chance.pick(&all).copied()).collect();
            submission(id, action, targets)
        }
        8..=13 => match chance.pick(&open) {
            Some(request) => {
                let decision = if chance.once_in(6) { Decision::Reject } else { Decision::Approve };
                let comment = (decision == Decision::Reject).then(|| "no".to_owned());
                Command::Vote {
                    request: request.id,
                    decision,
                    content_hash: request.content_hash,
                    comment,
                    passkey: None,
                }
            }
            None => Command::Tick,
        },
        14 => match chance.pick(&open) {
            Some(request) => Command::WithdrawVote { request: request.id },
            None => Command::Tick,
        },
        15 => match chance.pick(&open) {
            Some(request) => Command::Cancel { request: request.id, reason: None },
            None => Command::Tick,
        },
        16 => {
            let scenario = *chance.pick(Scenario::ALL).unwrap();
            let (required, required_other) = (1 + chance.below(2) as u32, chance.below(2) as u32);
            let changes = vec![PolicyChange::counts(scenario, required, required_other)];
            submission(id, Action::Control(Control::SetPolicies { changes }), Vec::new())
        }
        17 => return hire_or_dismiss(chance, state, id, now),
        18 if chance.once_in(4) => submission(id, Action::Control(Control::FreezeAccount {}), Vec::new()),
        _ => submission(id, Action::Control(Control::UnfreezeAccount {}), Vec::new()),
    };
    let actor = if matches!(command, Command::Tick) { Actor::system(ACCOUNT) } else { person(who, now) };
    (actor, command)
}

fn hire_or_dismiss(chance: &mut Chance, state: &State, id: u128, now: Timestamp) -> (Actor, Command) {
    let people: Vec<_> = state.people_of(ACCOUNT).filter(|user| *user != OWNER).collect();
    match chance.below(5) {
        4 => {
            let newcomer = people.iter().find(|user| !state.has_opened(ACCOUNT, **user));
            newcomer.map_or((Actor::system(ACCOUNT), Command::Tick), |user| (person(*user, now), Command::OpenAccount))
        }
        0 => (operator(now), Command::AddUser),
        1 if people.len() > 3 && chance.once_in(3) => {
            let user = *chance.pick(&people).unwrap();
            (Actor::system(ACCOUNT), Command::RemoveUser { user })
        }
        2 => {
            let held: Vec<_> = state.grants_of(ACCOUNT).filter(|grant| grant.role != Role::Owner).collect();
            let grant = chance.pick(&held).map(|grant| grant.id);
            let command =
                grant.map(|grant| submission(id, Action::Control(Control::RemoveGrant { grant }), Vec::new()));
            (person(OWNER, now), command.unwrap_or(Command::Tick))
        }
        _ => {
            let user = UserId(2 + chance.below(12) as u32);
            let role = [Role::Administrator, Role::SiteManager, Role::OperationsManager][chance.below(3)];
            let control = Control::AddGrant(NewGrant::new(user, role, Scope::All));
            let then = Box::new(submission(id, Action::Control(control), Vec::new()));
            (person(OWNER, now), Command::Introduce { user, then })
        }
    }
}
