//! The engine against the naive model: from every account, everything that can be asked for takes the same number of people,
//! or is refused, in both, and comes to the same.

use crate::{
    naive::{Account, CONFIG, Count, GRANT, Move, PRIZE, REMOVE, Rules},
    support::World,
};
use adit_core::{
    authz::{Principal, Role, Scope},
    command::{Command, Reply},
    event::{Entry, Event},
    ids::UserId,
    requests::{Action, Control, Decision, NewGrant, PolicyChange, RequestState, Scenario},
    state::State,
};

/// The model's scenarios in the engine's words, in the model's order.
pub const SCENARIOS: [Scenario; 4] = [
    Scenario::ApprovalConfigUpdate,
    Scenario::AuthorizationAdd,
    Scenario::AuthorizationRemove,
    Scenario::AccountUnfreeze,
];

/// Everybody who approves, the owner first, and somebody who holds nothing yet.
pub struct Company {
    pub w: World,
    pub approvers: Vec<UserId>,
    pub stranger: UserId,
}

impl Company {
    pub fn of(approvers: u32) -> Self {
        let mut w = World::new(0);
        let mut all = vec![w.owner];
        all.extend((1..approvers).map(|_| w.person(Role::Administrator)));
        let Reply::User(stranger) = w.operator(Command::AddUser) else { unreachable!() };
        Self { w, approvers: all, stranger }
    }

    /// The same with these counts.
    pub fn with(&self, counts: [Count; 4]) -> State {
        let mut state = self.w.state.clone();
        for (scenario, count) in SCENARIOS.into_iter().zip(counts) {
            let mut policy = state.policy(self.w.account, scenario);
            policy.version += 1;
            (policy.required, policy.required_other) = (count.required, count.other);
            policy.initiator_counts = count.initiator_counts;
            let event = Event::PolicySet { account: self.w.account, scenario, policy };
            state.apply(&Entry { at: self.w.now, actor: Principal::Operator, event });
        }
        state
    }

    pub fn action(&self, what: Move) -> Action {
        Action::Control(match what {
            Move::Set(scenario, count) => {
                let change = PolicyChange::counts(SCENARIOS[scenario], count.required, count.other);
                let change = PolicyChange { initiator_counts: Some(count.initiator_counts), ..change };
                Control::SetPolicies { changes: vec![change] }
            }
            Move::Add => Control::AddGrant(NewGrant::new(self.stranger, Role::Administrator, Scope::All)),
            Move::Remove => {
                let last = self.approvers.last().copied().unwrap();
                let grant = self.w.state.grants_of(self.w.account).find(|grant| grant.user == last).unwrap();
                Control::RemoveGrant { grant: grant.id }
            }
            Move::Win => Control::UnfreezeAccount {},
        })
    }

    /// The owner asks, the others approve one after another: how many people it took, whoever asked included.
    fn people_for(&mut self, what: Move) -> Option<u32> {
        let (owner, action) = (self.approvers[0], self.action(what));
        let id = self.w.try_ask(owner, action, &[]).ok()?;
        let mut people = 1;
        for other in self.approvers.clone().into_iter().skip(1) {
            if self.w.state_of(id) != RequestState::Pending {
                break;
            }
            self.w.vote(other, id, Decision::Approve).unwrap();
            people += 1;
        }
        assert_eq!(self.w.state_of(id), RequestState::Executed, "{what:?} could never be approved");
        Some(people)
    }

    fn account(&self) -> Account {
        let count = |scenario: Scenario| {
            let policy = self.w.state.policy(self.w.account, scenario);
            Count { required: policy.required, other: policy.required_other, initiator_counts: policy.initiator_counts }
        };
        let approvers = self.w.state.available(self.w.account, Scenario::AccountUnfreeze);
        Account { counts: SCENARIOS.map(count), approvers }
    }

    /// Does each of these take what the model says, from these counts?
    fn agrees(&mut self, counts: [Count; 4], moves: impl IntoIterator<Item = Move>) {
        let before = self.w.state.clone();
        let start = self.with(counts);
        let approvers = u32::try_from(self.approvers.len()).unwrap();
        let model = Account { counts, approvers };
        for what in moves {
            self.w.state = start.clone();
            let expected = model.people_for(Rules::ALL, what);
            assert_eq!(self.people_for(what), expected, "{what:?} of {model:?}");
            let after = if expected.is_some() { model.after(what) } else { model };
            assert_eq!(self.account(), after, "{what:?} of {model:?}");
        }
        self.w.state = before;
        self.w.log.clear();
    }
}

/// Each field up and down by one, the plainest there is, and the strictest.
fn neighbours(count: Count, approvers: u32) -> Vec<Count> {
    let step = |required: u32, other: u32, initiator_counts| Count { required, other, initiator_counts };
    let Count { required, other, initiator_counts } = count;
    vec![
        step(required + 1, other, initiator_counts),
        step(required - 1, other, initiator_counts),
        step(required, other + 1, initiator_counts),
        step(required, other.saturating_sub(1), initiator_counts),
        step(required, other, !initiator_counts),
        Count::ONE,
        step(approvers, approvers - 1, true),
    ]
}

#[test]
fn h1_lowering_takes_as_many_people_as_the_count_asked_for() {
    for approvers in 1..=4 {
        let mut company = Company::of(approvers);
        // Who asks does not count for changing counts: among four, what that takes is seen with three.
        let config = |count: &Count| approvers < 4 || count.initiator_counts;
        for config in Count::all(approvers).into_iter().filter(config) {
            for prize in Count::all(approvers) {
                let counts = [config, Count::ONE, Count::ONE, prize];
                let moves = neighbours(prize, approvers).into_iter().map(|new| Move::Set(PRIZE, new));
                company.agrees(counts, moves);
            }
            let moves = neighbours(config, approvers).into_iter().map(|new| Move::Set(CONFIG, new));
            company.agrees([config, Count::ONE, Count::ONE, Count::ONE], moves);
        }
    }
}

#[test]
fn h2_making_an_approver_takes_as_many_people_as_the_highest_count() {
    for approvers in 1..=4 {
        let mut company = Company::of(approvers);
        for grant in Count::all(approvers) {
            for prize in Count::all(approvers) {
                company.agrees([Count::ONE, grant, Count::ONE, prize], [Move::Add, Move::Win]);
            }
        }
    }
}

#[test]
fn r6_nobody_goes_whom_a_count_needs() {
    for approvers in 2..=4 {
        let mut company = Company::of(approvers);
        for remove in Count::all(approvers) {
            for prize in Count::all(approvers) {
                company.agrees([Count::ONE, Count::ONE, remove, prize], [Move::Remove]);
            }
        }
    }
}

#[test]
fn the_models_scenarios_are_the_engines() {
    let name = |at: usize| SCENARIOS[at].name();
    let names = [CONFIG, GRANT, REMOVE, PRIZE].map(name);
    assert_eq!(names, ["approval_config.update", "authorization.add", "authorization.remove", "account.unfreeze"]);
}
