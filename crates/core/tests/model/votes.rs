//! One waiting request while people vote, take votes back, go, come again, are removed by a directory, and counts change: after
//! every step it stands as the naive rules say. Every policy of up to four approvers, every order of a few steps;
//! of people who stand alike only the first moves.

use crate::{
    agrees::{Company, SCENARIOS},
    naive::{Count, PRIZE},
};
use adit_core::{
    authz::{Role, Scope},
    command::Command,
    ids::{RequestId, UserId},
    requests::{Action, Control, Decision, NewGrant, PolicyChange, RequestState},
};
use std::collections::BTreeSet;

/// Steps among this many approvers under this policy.
const fn depth(approvers: usize, count: Count) -> usize {
    if approvers == 2 || approvers == 3 && count.initiator_counts && count.other < 2 { 3 } else { 2 }
}

/// What one person is to the request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Standing {
    /// Holds the role, since before the request or anew.
    holds: bool,
    /// Without a break since the request was made.
    unbroken: bool,
    approved: bool,
    /// In the directory at all.
    known: bool,
}

/// The request by the naive rules. People by their place; the owner is the first.
#[derive(Debug, Clone)]
struct Naive {
    people: Vec<Standing>,
    initiator: usize,
    then: Count,
    now: Count,
    state: RequestState,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Approve(usize),
    Withdraw(usize),
    Remove(usize),
    Return(usize),
    Vanish(usize),
    Count(Count),
}

impl Naive {
    fn new(approvers: u32, initiator: usize, count: Count) -> Self {
        let person = Standing { holds: true, unbroken: true, approved: false, known: true };
        let people = vec![person; approvers as usize];
        let mut made = Self { people, initiator, then: count, now: count, state: RequestState::Pending };
        made.settle();
        made
    }

    fn approvals(&self) -> BTreeSet<usize> {
        let counts = self.then.initiator_counts && self.now.initiator_counts;
        let stands = |at: &usize| {
            let person = self.people[*at];
            person.unbroken && (person.approved || counts && *at == self.initiator)
        };
        (0..self.people.len()).filter(stands).collect()
    }

    /// Those whose approval would be one more.
    fn undecided(&self) -> BTreeSet<usize> {
        let approvals = self.approvals();
        let may = |at: &usize| self.people[*at].unbroken && *at != self.initiator && !approvals.contains(at);
        (0..self.people.len()).filter(may).collect()
    }

    fn holders(&self) -> u32 {
        u32::try_from(self.people.iter().filter(|person| person.holds).count()).unwrap()
    }

    fn settle(&mut self) {
        if self.state != RequestState::Pending {
            return;
        }
        let (approvals, undecided) = (self.approvals(), self.undecided());
        let required = self.then.required.max(self.now.required) as usize;
        let other = self.then.other.max(self.now.other) as usize;
        let others = approvals.iter().filter(|at| **at != self.initiator).count();
        let (most, most_others) = (approvals.len() + undecided.len(), others + undecided.len());
        if !self.people[self.initiator].holds || most < required || most_others < other {
            self.state = RequestState::Invalidated;
        } else if approvals.len() >= required && others >= other {
            self.state = RequestState::Executed;
        }
    }

    /// Takes the step; whether it is allowed.
    fn step(&mut self, step: Step) -> bool {
        let open = self.state == RequestState::Pending;
        match step {
            Step::Approve(at) => {
                if !open || !self.undecided().contains(&at) {
                    // Who counts already may say so again.
                    return open && self.approvals().contains(&at);
                }
                self.people[at].approved = true;
            }
            Step::Withdraw(at) => {
                if !open || !self.people[at].approved {
                    return false;
                }
                self.people[at].approved = false;
            }
            Step::Remove(at) => {
                if !self.now.can_be_met_by(self.holders() - 1) {
                    return false;
                }
                (self.people[at].holds, self.people[at].unbroken) = (false, false);
            }
            Step::Return(at) => self.people[at].holds = true,
            Step::Vanish(at) => {
                self.people[at] = Standing { holds: false, unbroken: false, known: false, ..self.people[at] };
            }
            Step::Count(count) => self.now = count,
        }
        self.settle();
        true
    }

    /// Everything that could happen next, of people who stand alike only to the first.
    fn steps(&self) -> Vec<Step> {
        let mut seen = BTreeSet::new();
        let mut steps = Vec::new();
        for (at, person) in self.people.iter().enumerate() {
            if !person.known || !seen.insert((*person, at == 0, at == self.initiator)) {
                continue;
            }
            steps.extend([Step::Approve(at), Step::Withdraw(at)]);
            if at > 0 {
                steps.push(if person.holds { Step::Remove(at) } else { Step::Return(at) });
                steps.push(Step::Vanish(at));
            }
        }
        // Where a count cannot be met any more, only a recovery changes counts; that is another test's.
        if self.now.can_be_met_by(self.holders()) {
            let up = Count { required: self.now.required + 1, ..self.now };
            let counts = [up, Count::ONE, Count { initiator_counts: !self.now.initiator_counts, ..self.now }];
            let counts = counts.into_iter().filter(|count| count.can_be_met_by(self.holders()) && *count != self.now);
            steps.extend(counts.map(Step::Count));
        }
        steps
    }
}

/// The engine's half.
struct Walk {
    company: Company,
    request: RequestId,
    longest: usize,
}

impl Walk {
    /// The owner asks and everybody approves; whether it was carried out.
    fn owner_does(&mut self, control: Control) -> bool {
        let (owner, w) = (self.company.approvers[0], &mut self.company.w);
        let Ok(id) = w.try_ask(owner, Action::Control(control), &[]) else {
            return false;
        };
        for user in &self.company.approvers {
            if w.state_of(id) == RequestState::Pending {
                let _ = w.vote(*user, id, Decision::Approve);
            }
        }
        w.state_of(id) == RequestState::Executed
    }

    fn step(&mut self, step: Step) -> bool {
        let request = self.request;
        let user = |company: &Company, at: usize| -> UserId { company.approvers[at] };
        match step {
            Step::Approve(at) => {
                let voter = user(&self.company, at);
                self.company.w.vote(voter, request, Decision::Approve).is_ok()
            }
            Step::Withdraw(at) => {
                let actor = self.company.w.actor(user(&self.company, at));
                self.company.w.run(&actor, Command::WithdrawVote { request }).is_ok()
            }
            Step::Remove(at) => {
                let (user, w) = (user(&self.company, at), &self.company.w);
                let grant = w.state.grants_of(w.account).find(|grant| grant.user == user).map(|grant| grant.id);
                grant.is_some_and(|grant| self.owner_does(Control::RemoveGrant { grant }))
            }
            Step::Return(at) => {
                let grant = NewGrant::new(user(&self.company, at), Role::Administrator, Scope::All);
                self.owner_does(Control::AddGrant(grant))
            }
            Step::Vanish(at) => {
                let user = user(&self.company, at);
                self.company.w.operator(Command::RemoveUser { user });
                true
            }
            Step::Count(count) => {
                let change = PolicyChange::counts(SCENARIOS[PRIZE], count.required, count.other);
                let change = PolicyChange { initiator_counts: Some(count.initiator_counts), ..change };
                self.owner_does(Control::SetPolicies { changes: vec![change] })
            }
        }
    }

    fn compare(&self, model: &Naive, so_far: &[Step]) {
        let (w, request) = (&self.company.w, self.request);
        assert_eq!(w.state_of(request), model.state, "{so_far:?} of {model:?}");
        if model.state == RequestState::Pending {
            let tally = w.state.tally(w.request(request), w.now);
            let people = |places: BTreeSet<usize>| places.into_iter().map(|at| self.company.approvers[at]).collect();
            assert_eq!(tally.approvals, people(model.approvals()), "{so_far:?} of {model:?}");
            assert_eq!(tally.undecided, people(model.undecided()), "{so_far:?} of {model:?}");
        }
    }

    fn all_ways(&mut self, model: &Naive, so_far: &mut Vec<Step>) {
        self.compare(model, so_far);
        self.longest = self.longest.max(so_far.len());
        if so_far.len() == depth(model.people.len(), model.then) || model.state != RequestState::Pending {
            return;
        }
        let before = self.company.w.state.clone();
        for step in model.steps() {
            let mut after = model.clone();
            so_far.push(step);
            assert_eq!(self.step(step), after.step(step), "{so_far:?} of {model:?}");
            self.all_ways(&after, so_far);
            so_far.pop();
            self.company.w.state = before.clone();
            self.company.w.log.clear();
        }
    }
}

#[test]
fn r6_r8_a_waiting_request_stands_as_the_rules_say_whoever_votes_goes_and_comes() {
    for approvers in 2..=4 {
        for (initiator, count) in
            [0, 1].into_iter().flat_map(|at| Count::all(approvers).into_iter().map(move |c| (at, c)))
        {
            let mut company = Company::of(approvers);
            company.w.state = company.with([Count::ONE, Count::ONE, Count::ONE, count]);
            let asks = company.approvers[initiator];
            let request = company.w.ask(asks, Action::Control(Control::UnfreezeAccount {}), &[]);
            let mut walk = Walk { company, request, longest: 0 };
            walk.all_ways(&Naive::new(approvers, initiator, count), &mut Vec::new());
            assert!(walk.longest == depth(approvers as usize, count) || count.people() == 1, "{count:?}");
        }
    }
}
