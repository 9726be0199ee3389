//! Row 2e: two people who vote on the same request at the same moment, through the engine, each from a task of their own. Where both
//! votes are needed, neither may be lost; where either decides, there must be one outcome, and each must be told it.

use crate::{
    company::{ACCOUNT, AGENT, Company, OWNER, SECOND, mode, submission, user},
    measure::Spread,
    table::{Goal, Line},
};
use adit_core::{
    authz::{Actor, Principal, Role, Scope},
    command::{Command, Reply},
    event::{Entry, Event},
    fleet::{Ending, Operation, PowerMode, TargetResult},
    ids::{DeviceId, RequestId, UserId},
    requests::{Action, ContentHash, Control, Decision, NewGrant, PolicyChange, RequestState, Scenario},
};
use adit_server::{CommandError, Engine, SystemClock};
use adit_store::{DataDir, LogReader};
use std::{collections::BTreeMap, sync::Arc};
use tokio::{
    runtime::{Builder, Runtime},
    sync::Barrier,
    task::JoinSet,
};

const THIRD: UserId = UserId(3);
const PAIRS: u32 = 10_000;
/// At the same time, each on a miner of its own.
const AT_ONCE: u32 = 500;

/// # Panics
/// If a request cannot be made.
pub fn run() -> Vec<Line> {
    eprintln!("races: {PAIRS} pairs of votes, twice");
    let folder = tempfile::tempdir().expect("a folder");
    let dir = DataDir::open(folder.path().join("server")).expect("a data folder");
    let mut log = dir.log().expect("a log");
    company().write(&mut log);
    let engine = Engine::start(Box::new(log), Arc::new(SystemClock)).expect("an engine");
    let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let mut house = House { engine, runtime, requests: 0, raced: Vec::new() };
    // Three must agree, the owner among them: both votes are needed.
    let lost = house.race(&mode(PowerMode::Low), Decision::Approve, |race| {
        race.told.iter().filter(|told| told.is_err()).count() + 2 - race.votes.min(2)
    });
    // Two must agree: whichever vote comes first decides.
    let contradictions = house.race(&Action::Device(Operation::Resume {}), Decision::Reject, |race| {
        let [approval, rejection] = race.told.each_ref().map(Result::is_ok);
        let agrees = match race.state {
            RequestState::Executing => approval && !rejection,
            RequestState::Rejected => rejection && !approval,
            _ => false,
        };
        usize::from(!agrees || race.votes != 1)
    });
    let twice = house.with_two_outcomes(&dir);
    let line = |what: &str, found: usize, of: &str| Line {
        row: "2e",
        what: what.into(),
        ours: format!("{found} {of}"),
        reference: "none".into(),
        theirs: "0".into(),
        ratio: Spread::of(vec![found as f64]),
        goal: Goal::AtMost(0.0),
    };
    vec![
        line("10 000 pairs of approvals at once", lost, "votes lost"),
        line("10 000 approvals, each against a rejection at once", contradictions, "contradictions"),
        line("of these 20 000, by the log", twice, "with no outcome or two"),
    ]
}

fn company() -> Company {
    let mut company = Company::new("cd".repeat(32), AT_ONCE);
    let operator = Actor { account: ACCOUNT, principal: Principal::Operator, authenticated_at: company.now };
    company.run(operator, Command::AddUser);
    agree(&mut company, Control::AddGrant(NewGrant::new(THIRD, Role::Administrator, Scope::All)));
    company.run(user(THIRD, company.now), Command::OpenAccount);
    let changes =
        vec![PolicyChange::counts(Scenario::FleetMode, 3, 2), PolicyChange::counts(Scenario::FleetPower, 2, 1)];
    agree(&mut company, Control::SetPolicies { changes });
    assert_eq!(company.state.policy(ACCOUNT, Scenario::FleetMode).required, 3);
    company
}

/// The owner asks, and if that takes two people the second one approves.
fn agree(company: &mut Company, control: Control) {
    let Reply::Request(request) = company.ask(Action::Control(control), Vec::new()) else { panic!("a request") };
    let made = company.state.request(request).expect("it was made");
    if made.state == RequestState::Pending {
        let (decision, content_hash) = (Decision::Approve, made.content_hash);
        let vote = Command::Vote { request, decision, content_hash, comment: None, passkey: None };
        company.run(user(SECOND, company.now), vote);
    }
}

/// How one pair went.
struct Race {
    told: [Result<Reply, CommandError>; 2],
    state: RequestState,
    /// Votes that stand.
    votes: usize,
}

struct House {
    engine: Engine,
    runtime: Runtime,
    requests: u128,
    raced: Vec<RequestId>,
}

impl House {
    /// Sets an approval by one against what another decides, so many times; the sum of what `judge` finds wrong.
    fn race(&mut self, action: &Action, other: Decision, judge: impl Fn(&Race) -> usize) -> usize {
        let mut wrong = 0;
        for _ in 0..PAIRS / AT_ONCE {
            let first = self.requests;
            self.requests += u128::from(AT_ONCE);
            let ids = self.runtime.block_on(submit(&self.engine, first, action));
            let told = self.runtime.block_on(vote(&self.engine, &ids, other));
            let state = self.engine.state();
            for (id, told) in told {
                let request = state.request(id).expect("it was made");
                wrong += judge(&Race { told, state: request.state, votes: request.live_votes().count() });
            }
            self.raced.extend(ids);
            self.runtime.block_on(finish(&self.engine));
        }
        wrong
    }

    /// Raced requests that, as the log has it, were neither carried out once nor rejected once.
    fn with_two_outcomes(&self, dir: &DataDir) -> usize {
        let reader = dir.log_reader().expect("a reader");
        let mut outcomes: BTreeMap<RequestId, u32> = self.raced.iter().map(|id| (*id, 0)).collect();
        let mut seq = 0;
        loop {
            let records = reader.read(seq + 1, 10_000).expect("the log");
            let Some(last) = records.last() else { break };
            seq = last.seq;
            for record in &records {
                let entry: Entry = serde_json::from_str(&record.body).expect("an entry");
                let decided = match entry.event {
                    Event::RequestExecuting { request, .. }
                    | Event::RequestEnded { request, state: RequestState::Rejected, .. } => request,
                    _ => continue,
                };
                outcomes.entry(decided).and_modify(|count| *count += 1);
            }
        }
        assert_eq!(outcomes.len(), 2 * PAIRS as usize);
        outcomes.values().filter(|count| **count != 1).count()
    }
}

/// One request for each miner, by the owner.
async fn submit(engine: &Engine, first: u128, action: &Action) -> Vec<RequestId> {
    let mut asked = JoinSet::new();
    for device in 1..=AT_ONCE {
        let submission = submission(first + u128::from(device), action.clone(), vec![DeviceId(device)]);
        let engine = engine.clone();
        asked.spawn(async move {
            let owner = user(OWNER, engine.now());
            match engine.run(owner, Command::Submit(submission)).await.expect("it is accepted") {
                Reply::Request(id) => id,
                other => panic!("a request, not {other:?}"),
            }
        });
    }
    asked.join_all().await
}

/// Both votes on each, from two tasks that set off together; who comes first changes from one to the next.
async fn vote(
    engine: &Engine,
    ids: &[RequestId],
    other: Decision,
) -> Vec<(RequestId, [Result<Reply, CommandError>; 2])> {
    let mut races = JoinSet::new();
    for (number, id) in ids.iter().copied().enumerate() {
        let state = engine.state();
        let request = state.request(id).expect("it was made");
        assert_eq!(request.state, RequestState::Pending, "it waits for both of them");
        let content_hash = request.content_hash;
        let start = Arc::new(Barrier::new(2));
        let cast =
            |voter, decision| tokio::spawn(cast(engine.clone(), Arc::clone(&start), voter, id, decision, content_hash));
        let (one, two) = if number % 2 == 0 {
            let one = cast(SECOND, Decision::Approve);
            (one, cast(THIRD, other))
        } else {
            let two = cast(THIRD, other);
            (cast(SECOND, Decision::Approve), two)
        };
        races.spawn(async move { (id, [one.await.expect("a vote"), two.await.expect("a vote")]) });
    }
    races.join_all().await
}

async fn cast(
    engine: Engine,
    start: Arc<Barrier>,
    voter: UserId,
    request: RequestId,
    decision: Decision,
    content_hash: ContentHash,
) -> Result<Reply, CommandError> {
    let comment = (decision == Decision::Reject).then(|| "no".to_owned());
    start.wait().await;
    engine
        .run(user(voter, engine.now()), Command::Vote { request, decision, content_hash, comment, passkey: None })
        .await
}

/// The agent reports that everything it was told is done.
async fn finish(engine: &Engine) {
    let state = engine.state();
    let work = state.executing().flat_map(|request| state.open_work(request.id));
    let results = work.map(|work| (work.command(), TargetResult::of(Ending::Verified, "as asked"))).collect();
    let report = Command::ReportResults { agent: AGENT, results };
    engine.run(Actor::system(ACCOUNT), report).await.expect("it is taken");
}
