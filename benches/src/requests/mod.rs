//! Rows 2a, 2b and 3: requests that are on the disk when they are answered, and orders that go out when the last approver has
//! voted. The whole way through the engine, against disks that are asked for nothing but durability.

mod bare;
mod link;

use crate::{
    company::{AGENT, Company, OWNER, SECOND, json, locate, mode, submission, user},
    measure::{Rounds, Spread, seconds},
    table::{Goal, Line, time},
};
use adit_core::{
    audit::{Head, Record},
    authz::Actor,
    command::{Command, Reply},
    event::Entry,
    fleet::{Ending, PowerMode, TargetResult},
    ids::{DeviceId, RequestId},
    requests::{Action, Decision, RequestState},
    time::Timestamp,
};
use adit_server::{Agents, Engine, Live, SystemClock, agents::router};
use adit_store::{Appended, DataDir, LogReader, LogStore, Snapshot};
use adit_wire::EnrolmentToken;
use bare::{GroupCommit, OneSync};
use std::{
    hint::black_box,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU32, AtomicU64, Ordering::Relaxed},
    },
    time::Instant,
};
use tokio::{net::TcpListener, runtime::Runtime, sync::mpsc};

const MINERS: u32 = 4_096;
const CALLERS: usize = 64;
/// Requests by all callers together, in a round.
const REQUESTS: u32 = 4_096;
const ROUNDS: usize = 15;
/// One caller's requests in a round, of which the middle one counts.
const ALONE: usize = 25;
const ALONE_ROUNDS: usize = 25;
/// Records read at a time.
const PAGE: u64 = 10_000;

/// # Panics
/// If anything that is asked is not done.
pub fn run() -> Vec<Line> {
    eprintln!("requests: {CALLERS} callers, {REQUESTS} requests a round");
    let folder = tempfile::tempdir().expect("a folder");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
    let runtime = runtime.expect("a runtime");
    let dir = DataDir::open(folder.path().join("server")).expect("a data folder");
    let mut log = dir.log().expect("a log");
    Company::new(link::public_key(), MINERS).write(&mut log);
    let appends = Arc::new(AtomicU64::new(0));
    let counted = Counted { log: Box::new(log), appends: Arc::clone(&appends) };
    let engine = Engine::start(Box::new(counted), Arc::new(SystemClock)).expect("an engine");
    let ours = Ours { engine, numbers: Arc::new(AtomicU64::new(1)) };
    let bare = GroupCommit::open(&folder.path().join("bare.db"));

    let mut lines = together(&runtime, &ours, &bare, &appends);
    lines.push(alone(&runtime, &ours, &folder.path().join("bare.file")));
    lines.push(vote_to_dispatch(&runtime, &ours, &bare, &dir));
    lines.push(replay(ours, &dir));
    lines
}

/// The product's engine, and numbers for its requests.
#[derive(Clone)]
struct Ours {
    engine: Engine,
    numbers: Arc<AtomicU64>,
}

impl Ours {
    /// The owner asks for one device.
    async fn ask(&self, action: Action, device: u32) -> RequestId {
        let number = self.numbers.fetch_add(1, Relaxed);
        let command = Command::Submit(submission(number.into(), action, vec![DeviceId(device + 1)]));
        match self.engine.run(user(OWNER, self.engine.now()), command).await.expect("it is accepted") {
            Reply::Request(id) => id,
            other => panic!("a request, not {other:?}"),
        }
    }

    /// The agent reports that everything it was told is done.
    async fn finish(&self) {
        let state = self.engine.state();
        let work: Vec<_> = state.executing().flat_map(|request| state.open_work(request.id)).collect();
        let results =
            work.iter().map(|work| (work.command(), TargetResult::of(Ending::Verified, "as asked"))).collect();
        let report = Command::ReportResults { agent: AGENT, results };
        self.engine.run(Actor::system(crate::company::ACCOUNT), report).await.expect("it is taken");
    }
}

/// Does `each` so many times, by all callers together.
async fn by_all<F: Future<Output = ()> + Send + 'static>(each: impl Fn(u32) -> F + Clone + Send + 'static) {
    let next = Arc::new(AtomicU32::new(0));
    let callers: Vec<_> = (0..CALLERS)
        .map(|_| {
            let (next, each) = (Arc::clone(&next), each.clone());
            tokio::spawn(async move {
                loop {
                    let number = next.fetch_add(1, Relaxed);
                    if number >= REQUESTS {
                        return;
                    }
                    each(number).await;
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.expect("no caller fails");
    }
}

/// One request of three events: submitted, approved, being carried out.
fn three_rows() -> Arc<[String]> {
    let company = Company::new("cd".repeat(32), 1);
    let rows: Arc<[String]> = company.decide(locate(), vec![DeviceId(1)]).entries.iter().map(json).collect();
    assert_eq!(rows.len(), 3, "submitted, approved, being carried out");
    rows
}

fn together(runtime: &Runtime, ours: &Ours, bare: &GroupCommit, appends: &AtomicU64) -> Vec<Line> {
    let rows = three_rows();
    let mut per_append = Vec::new();
    let mut accepted = || {
        let before = appends.load(Relaxed);
        let asking = ours.clone();
        let took = seconds(|| {
            runtime.block_on(by_all(move |number| {
                let ours = asking.clone();
                async move {
                    ours.ask(locate(), number).await;
                }
            }));
        });
        per_append.push(f64::from(REQUESTS) / (appends.load(Relaxed) - before) as f64);
        assert_eq!(ours.engine.state().executing().count(), REQUESTS as usize, "each is being carried out");
        runtime.block_on(ours.finish());
        took / f64::from(REQUESTS)
    };
    let mut written = || {
        let (bare, rows) = (bare.clone(), Arc::clone(&rows));
        let took = seconds(|| {
            runtime.block_on(by_all(move |_| {
                let (bare, rows) = (bare.clone(), Arc::clone(&rows));
                async move { bare.append(&rows).await }
            }));
        });
        took / f64::from(REQUESTS)
    };
    let rounds = Rounds::run(ROUNDS, &mut [&mut accepted, &mut written]);
    let rate = |who: usize| format!("{:.0}/s", 1.0 / rounds.of(who).median);
    let per_append = Spread::of(per_append.split_off(1));
    vec![
        Line {
            row: "2a",
            what: format!("requests accepted, {CALLERS} callers"),
            ours: rate(0),
            reference: "bare group commit of 3 rows".into(),
            theirs: rate(1),
            ratio: rounds.ratio(1, 0),
            goal: Goal::AtLeast(0.7),
        },
        Line {
            row: "3",
            what: format!("decisions for each write to the disk, {CALLERS} callers"),
            ours: format!("{:.1}", per_append.median),
            reference: "one append".into(),
            theirs: "1".into(),
            ratio: per_append,
            goal: Goal::AtLeast(25.0),
        },
    ]
}

/// The middle one of some times.
fn p50(mut one: impl FnMut() -> f64) -> f64 {
    Spread::of((0..ALONE).map(|_| one()).collect()).median
}

fn alone(runtime: &Runtime, ours: &Ours, file: &Path) -> Line {
    let rows = three_rows();
    let bytes: Vec<u8> = rows.iter().flat_map(|row| row.bytes()).collect();
    let mut sync = OneSync::open(file);
    let mut device = 0;
    let mut acknowledged = || {
        let middle = p50(|| {
            device = (device + 1) % MINERS;
            seconds(|| runtime.block_on(ours.ask(locate(), device)))
        });
        runtime.block_on(ours.finish());
        middle
    };
    let rounds = Rounds::run(ALONE_ROUNDS, &mut [&mut acknowledged, &mut || p50(|| seconds(|| sync.write(&bytes)))]);
    Line {
        row: "3",
        what: "one caller's request, p50".into(),
        ours: time(rounds.of(0).median),
        reference: "write and fdatasync of its bytes".into(),
        theirs: time(rounds.of(1).median),
        ratio: rounds.ratio(0, 1),
        goal: Goal::AtMost(1.3),
    }
}

fn vote_to_dispatch(runtime: &Runtime, ours: &Ours, bare: &GroupCommit, dir: &DataDir) -> Line {
    let (orders, mut heard) = mpsc::unbounded_channel();
    runtime.block_on(async {
        let secrets = Arc::new(Mutex::new(dir.secrets().expect("secrets")));
        let log = Box::new(dir.log_reader().expect("a reader"));
        let agents = Agents::new(ours.engine.clone(), Live::of(&ours.engine), secrets, log, 60).expect("agents");
        let token = EnrolmentToken::parse(&agents.enrolment_token("bench")).expect("a token");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let address = listener.local_addr().expect("an address");
        tokio::spawn(async move { axum::serve(listener, router(agents)).await });
        link::connect(address, (&link::key(), token.server().clone()), orders).await;
    });
    let mut device = 0;
    let mut dispatched = || {
        let middle = p50(|| {
            device = (device + 1) % MINERS;
            runtime.block_on(async {
                let id = ours.ask(mode(PowerMode::Low), device).await;
                let state = ours.engine.state();
                let request = state.request(id).expect("it was made");
                assert_eq!(request.state, RequestState::Pending, "it waits for the second approver");
                let (decision, content_hash) = (Decision::Approve, request.content_hash);
                let vote = Command::Vote { request: id, decision, content_hash, comment: None, passkey: None };
                let second = user(SECOND, ours.engine.now());
                let start = Instant::now();
                ours.engine.run(second, vote).await.expect("it is approved");
                let (command, at) = heard.recv().await.expect("the agent listens");
                assert_eq!(command.request, id, "it is this request's order");
                (at - start).as_secs_f64()
            })
        });
        runtime.block_on(ours.finish());
        middle
    };
    // As many as the vote writes: cast, approved, being carried out.
    let rows = three_rows();
    let mut acknowledged = || p50(|| seconds(|| runtime.block_on(bare.append(&rows))));
    let rounds = Rounds::run(ALONE_ROUNDS, &mut [&mut dispatched, &mut acknowledged]);
    Line {
        row: "2b",
        what: "last vote to the order at the agent, p50".into(),
        ours: time(rounds.of(0).median),
        reference: "one durable answer (bare group commit)".into(),
        theirs: time(rounds.of(1).median),
        ratio: rounds.ratio(0, 1),
        goal: Goal::AtMost(2.0),
    }
}

/// Starting again from the log that all of the above has written.
fn replay(ours: Ours, dir: &DataDir) -> Line {
    let events = ours.engine.state().seq();
    drop(ours);
    // A copy: the agents' side still has the engine, and with it the log.
    let copy = dir.path().with_extension("copy");
    adit_store::backup(dir.path(), &copy).expect("a copy");
    let path = copy.join("log");
    let each = |took: f64| took / events as f64;
    let mut fold = || {
        each(seconds(|| {
            let log = Box::new(adit_store::FileLog::open(&path).expect("the log"));
            let engine = Engine::start(log, Arc::new(SystemClock)).expect("an engine");
            assert_eq!(engine.state().seq(), events, "all of the log");
        }))
    };
    let log = adit_store::FileReader::open(dir.log_path()).expect("the log");
    let bodies: Vec<_> = (0..events / PAGE + 1)
        .flat_map(|page| log.read(page * PAGE + 1, PAGE as usize).expect("records"))
        .map(|record| record.body)
        .collect();
    let parse_all = || {
        for body in &bodies {
            black_box(serde_json::from_str::<Entry>(body).expect("an entry"));
        }
    };
    let mut parse = || each(seconds(parse_all));
    let rounds = Rounds::run(5, &mut [&mut fold, &mut parse]);
    let rate = |who: usize| format!("{:.0} events/s", 1.0 / rounds.of(who).median);
    Line {
        row: "3",
        what: format!("start from a log of {events} events, checked and folded"),
        ours: rate(0),
        reference: "parsing its entries alone".into(),
        theirs: rate(1),
        ratio: rounds.ratio(0, 1),
        goal: Goal::Known,
    }
}

/// A log that counts how often it went to the disk.
struct Counted {
    log: Box<dyn LogStore>,
    appends: Arc<AtomicU64>,
}

impl LogReader for Counted {
    fn read(&self, from_seq: u64, limit: usize) -> adit_store::Result<Vec<Record>> {
        self.log.read(from_seq, limit)
    }
    fn head(&self) -> adit_store::Result<Head> {
        self.log.head()
    }
    fn put_snapshot(&self, seq: u64, schema: u32, bytes: &[u8]) -> adit_store::Result<()> {
        self.log.put_snapshot(seq, schema, bytes)
    }
    fn latest_snapshot(&self, schema: u32, upto: u64) -> adit_store::Result<Option<Snapshot>> {
        self.log.latest_snapshot(schema, upto)
    }
    fn verify(&self) -> adit_store::Result<Head> {
        self.log.verify()
    }
}

impl LogStore for Counted {
    fn append(&mut self, expected_seq: u64, bodies: &[(Timestamp, &str)]) -> adit_store::Result<Appended> {
        self.appends.fetch_add(1, Relaxed);
        self.log.append(expected_seq, bodies)
    }
}
