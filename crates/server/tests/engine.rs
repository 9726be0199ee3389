//! The engine on a real log: what it answered is there, what it did not answer has not happened.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    audit::{Head, Record},
    command::{Command, Reply},
    event::{Entry, Event},
    ids::{RequestId, SiteId},
    requests::{Action, Control, PolicyChange, RequestState, Scenario},
    state::State,
    time::{Millis, Timestamp},
};
use adit_server::{Clock, CommandError, Engine, Opened, Proposal, ServerError, SystemClock, Writer};
use adit_store::{Appended, DataDir, FileLog, LogReader, LogStore, Person, Result, Snapshot, StoreError};
use std::sync::{
    Arc, Mutex,
    atomic::{AtomicU8, AtomicU64, Ordering},
    mpsc,
};
use support::{OWNER, approve, ask, bounded, company, enrol, operator, site, submission, user};

/// A clock that stands still.
struct At(Timestamp);

impl Clock for At {
    fn now(&self) -> Timestamp {
        self.0
    }
}

/// What the next appends meet.
const WELL: u8 = 0;
const FULL: u8 = 1;
const CONFLICT: u8 = 2;
const FULL_ONCE: u8 = 3;

#[derive(Clone, Default)]
struct Disk {
    mood: Arc<AtomicU8>,
    appends: Arc<AtomicU64>,
    /// Entries in the last of them.
    together: Arc<AtomicU64>,
    /// Records read so far.
    reads: Arc<AtomicU64>,
    /// If there is one, the next append waits until its other end is dropped.
    gate: Arc<Mutex<Option<mpsc::Receiver<()>>>>,
}

impl Disk {
    /// The next append waits until this is dropped.
    fn hold(&self) -> mpsc::Sender<()> {
        let (open, gate) = mpsc::channel();
        *self.gate.lock().unwrap() = Some(gate);
        open
    }
}

struct MoodyLog(FileLog, Disk);

impl LogReader for MoodyLog {
    fn read(&self, from_seq: u64, limit: usize) -> Result<Vec<Record>> {
        let records = self.0.read(from_seq, limit)?;
        self.1.reads.fetch_add(records.len() as u64, Ordering::SeqCst);
        Ok(records)
    }
    fn head(&self) -> Result<Head> {
        self.0.head()
    }
    fn put_snapshot(&self, seq: u64, schema: u32, bytes: &[u8]) -> Result<()> {
        self.0.put_snapshot(seq, schema, bytes)
    }
    fn latest_snapshot(&self, schema: u32, upto: u64) -> Result<Option<Snapshot>> {
        self.0.latest_snapshot(schema, upto)
    }
    fn verify(&self) -> Result<Head> {
        self.0.verify()
    }
}

impl LogStore for MoodyLog {
    fn append(&mut self, expected_seq: u64, bodies: &[(Timestamp, &str)]) -> Result<Appended> {
        self.1.together.store(bodies.len() as u64, Ordering::SeqCst);
        self.1.appends.fetch_add(1, Ordering::SeqCst);
        let gate = self.1.gate.lock().unwrap().take();
        if let Some(gate) = gate {
            let _ = gate.recv();
        }
        match self.1.mood.load(Ordering::SeqCst) {
            FULL => Err(StoreError::DiskFull { place: "here".into() }),
            FULL_ONCE => {
                self.1.mood.store(WELL, Ordering::SeqCst);
                Err(StoreError::DiskFull { place: "here".into() })
            }
            CONFLICT => self.0.append(expected_seq + 1, bodies),
            _ => self.0.append(expected_seq, bodies),
        }
    }
}

fn start(dir: &DataDir, disk: &Disk) -> Engine {
    let log = MoodyLog(dir.log().unwrap(), disk.clone());
    Engine::start(Box::new(log), Arc::new(SystemClock)).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_callers_share_writes_and_a_replay_gives_the_same_state() {
    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(root.path()).unwrap();
    let disk = Disk::default();
    let engine = start(&dir, &disk);
    company(&engine, 2).await;
    let mut commits = engine.subscribe();
    let before = engine.state().seq();
    let callers = (0..64).map(|_| {
        let engine = engine.clone();
        tokio::spawn(async move { engine.run(operator(&engine), Command::AddUser).await.unwrap() })
    });
    let callers: Vec<_> = callers.collect();
    let mut users = Vec::new();
    for caller in callers {
        let Reply::User(user) = bounded("a caller", caller).await.unwrap() else { unreachable!() };
        users.push(user);
    }
    users.sort_unstable();
    users.dedup();
    assert_eq!(users.len(), 64, "everybody got a number of their own");
    assert_eq!(engine.state().seq(), before + 64);
    let mut seen = before;
    while seen < before + 64 {
        for (seq, _) in bounded("a batch", commits.recv()).await.unwrap().iter() {
            assert_eq!(*seq, seen + 1);
            seen = *seq;
        }
    }
    let state = engine.state();
    drop(engine);
    let again = start(&dir, &Disk::default());
    assert_eq!(again.state(), state);
    dir.log_reader().unwrap().verify().unwrap();
}

/// The engine goes on in a state that nobody reads any more, brought up to date. Whoever still reads one must not see it change.
#[tokio::test]
async fn one_after_another_with_readers_that_stay_is_the_same_as_a_replay() {
    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(root.path()).unwrap();
    let engine = start(&dir, &Disk::default());
    company(&engine, 3).await;
    let written = |state: &State| serde_json::to_string(state).unwrap();
    let mut kept = Vec::new();
    for number in 1..=60 {
        let nowhere = number % 5 == 0;
        let action = if nowhere {
            Control::RestartWorkers { site: SiteId(100) }
        } else {
            Control::CreateSite { name: format!("Site {number}"), capacity_w: None }
        };
        let asked = ask(&engine, OWNER, number, Action::Control(action), &[]).await;
        assert_eq!(asked.is_err(), nowhere, "{asked:?}");
        if number % 7 == 0 {
            let state = engine.state();
            kept.push((written(&state), state));
        }
    }
    assert!(kept.windows(2).all(|two| two[0].1.seq() < two[1].1.seq()));
    for (text, state) in &kept {
        assert_eq!(*text, written(state));
    }
    let state = engine.state();
    drop(engine);
    assert_eq!(start(&dir, &Disk::default()).state(), state);
}

#[tokio::test]
async fn what_waits_together_is_written_together() {
    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(root.path()).unwrap();
    let disk = Disk::default();
    let engine = start(&dir, &disk);
    company(&engine, 0).await;
    let before = disk.appends.load(Ordering::SeqCst);
    let open = disk.hold();
    let callers = (0..64).map(|_| engine.run(operator(&engine), Command::AddUser));
    // Everybody has asked before the gate opens: whoever did not make it into the first write is in one of the next two.
    let (answers, ()) = bounded("all answers", async {
        tokio::join!(biased; futures_util::future::join_all(callers), async { drop(open) })
    })
    .await;
    assert!(answers.iter().all(std::result::Result::is_ok));
    let writes = disk.appends.load(Ordering::SeqCst) - before;
    assert!((1..=3).contains(&writes), "{writes}");
}

#[tokio::test]
async fn a_write_that_fails_leaves_nothing_behind() {
    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(root.path()).unwrap();
    let disk = Disk::default();
    let engine = start(&dir, &disk);
    company(&engine, 1).await;
    let before = engine.state();
    disk.mood.store(FULL, Ordering::SeqCst);
    for _ in 0..3 {
        let refused = engine.run(operator(&engine), Command::AddUser).await;
        assert!(matches!(refused, Err(CommandError::Unavailable(_))), "{refused:?}");
    }
    assert_eq!(engine.state(), before);
    disk.mood.store(WELL, Ordering::SeqCst);
    engine.run(operator(&engine), Command::AddUser).await.unwrap();
    assert_eq!(engine.state().seq(), before.seq() + 1);
}

/// The machine's clock, and how often it was looked at.
#[derive(Default)]
struct Watched {
    looks: AtomicU64,
    /// If there is one, the next look waits until its other end is dropped.
    gate: Mutex<Option<mpsc::Receiver<()>>>,
}

impl Watched {
    /// The next look waits until this is dropped.
    fn hold(&self) -> mpsc::Sender<()> {
        let (open, gate) = mpsc::channel();
        *self.gate.lock().unwrap() = Some(gate);
        open
    }
}

impl Clock for Watched {
    fn now(&self) -> Timestamp {
        let gate = self.gate.lock().unwrap().take();
        if let Some(gate) = gate {
            let _ = gate.recv();
        }
        self.looks.fetch_add(1, Ordering::SeqCst);
        SystemClock.now()
    }
}

#[tokio::test]
async fn what_was_decided_on_a_write_that_fails_has_not_happened_either() {
    const CALLERS: u64 = 40;
    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(root.path()).unwrap();
    let (disk, clock) = (Disk::default(), Arc::new(Watched::default()));
    let log = MoodyLog(dir.log().unwrap(), disk.clone());
    let engine = Engine::start(Box::new(log), clock.clone()).unwrap();
    company(&engine, 1).await;
    let (before, actor) = (engine.state(), operator(&engine));
    let (write, decide) = (disk.hold(), clock.hold());
    disk.mood.store(FULL, Ordering::SeqCst);
    let (writes, looks) = (disk.appends.load(Ordering::SeqCst), clock.looks.load(Ordering::SeqCst));
    let ask = || engine.run(actor, Command::AddUser);
    // Nothing is decided before everybody has asked, which is more than one batch takes; and the first batch is not written
    // before everything is decided.
    let all = futures_util::future::join_all((0..CALLERS).map(|_| ask()));
    let meanwhile = async {
        drop(decide);
        let decided = || clock.looks.load(Ordering::SeqCst) == looks + CALLERS;
        while !decided() || disk.appends.load(Ordering::SeqCst) == writes {
            tokio::task::yield_now().await;
        }
        drop(write);
    };
    let (answers, ()) = bounded("all answers", async { tokio::join!(biased; all, meanwhile) }).await;
    assert!(answers.iter().all(|answer| matches!(answer, Err(CommandError::Unavailable(_)))), "{answers:?}");
    assert_eq!(disk.appends.load(Ordering::SeqCst), writes + 1, "what rests on nothing is not written");
    assert_eq!(engine.state(), before);
    disk.mood.store(WELL, Ordering::SeqCst);
    ask().await.unwrap();
    assert_eq!(engine.state().seq(), before.seq() + 1);
}

/// What is decided after a write has failed rests on what is committed, also if more was decided on that write before it failed.
#[tokio::test]
async fn after_a_write_that_failed_under_load_everything_goes_on() {
    // A batch is closed with so many commands in any case.
    const MOST: usize = 256;
    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(root.path()).unwrap();
    let (disk, clock) = (Disk::default(), Arc::new(Watched::default()));
    let log = MoodyLog(dir.log().unwrap(), disk.clone());
    let engine = Engine::start(Box::new(log), clock.clone()).unwrap();
    company(&engine, 0).await;
    for _ in 0..10 {
        let (before, actor) = (engine.state().seq(), operator(&engine));
        let (write, decide) = (disk.hold(), clock.hold());
        disk.mood.store(FULL_ONCE, Ordering::SeqCst);
        let (writes, looks) = (disk.appends.load(Ordering::SeqCst), clock.looks.load(Ordering::SeqCst));
        let ask = || engine.run(actor, Command::AddUser);
        // So many ask in one go only if they are not made to give way to others in between.
        let all = futures_util::future::join_all((0..2 * MOST + 8).map(|_| ask()));
        let all = tokio::task::unconstrained(all);
        // Nothing is decided before everybody has asked; and the first write fails once the next batch is full, while more wait.
        let meanwhile = async {
            drop(decide);
            let decided = || usize::try_from(clock.looks.load(Ordering::SeqCst) - looks).unwrap();
            let together = || usize::try_from(disk.together.load(Ordering::SeqCst)).unwrap();
            while disk.appends.load(Ordering::SeqCst) == writes || decided() < together() + MOST {
                tokio::task::yield_now().await;
            }
            let lost = together() + MOST;
            drop(write);
            lost
        };
        let (answers, lost) = bounded("all answers", async { tokio::join!(biased; all, meanwhile) }).await;
        let (refused, done) = answers.split_at(lost);
        assert!(refused.iter().all(|answer| matches!(answer, Err(CommandError::Unavailable(_)))), "{refused:?}");
        assert!(done.len() >= 8 && done.iter().all(std::result::Result::is_ok), "{done:?}");
        assert_eq!(engine.state().seq(), before + done.len() as u64);
    }
}

#[tokio::test]
async fn a_second_writer_stops_this_one_for_good() {
    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(root.path()).unwrap();
    let disk = Disk::default();
    let engine = start(&dir, &disk);
    company(&engine, 0).await;
    let before = engine.state();
    disk.mood.store(CONFLICT, Ordering::SeqCst);
    let refused = engine.run(operator(&engine), Command::AddUser).await.unwrap_err();
    assert!(refused.to_string().contains("restarted"), "{refused}");
    disk.mood.store(WELL, Ordering::SeqCst);
    assert_eq!(engine.run(operator(&engine), Command::AddUser).await.unwrap_err(), refused);
    assert_eq!(engine.state(), before);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_votes_at_once_make_one_execution() {
    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(root.path()).unwrap();
    let engine = start(&dir, &Disk::default());
    let people = company(&engine, 2).await;
    site(&engine, vec!["127.40.0.1-2".into()]).await;
    enrol(&engine).await;
    let restart = Action::Control(Control::RestartWorkers { site: support::SITE });
    let id = ask(&engine, OWNER, 100, restart, &[]).await.unwrap();
    assert_eq!(engine.state().request(id).unwrap().state, RequestState::Pending);
    let votes = people.into_iter().map(|user| {
        let engine = engine.clone();
        tokio::spawn(async move { approve(&engine, user, id).await })
    });
    let answers = bounded("both votes", futures_util::future::join_all(votes)).await;
    let counted = answers.into_iter().filter(|answer| answer.as_ref().unwrap().is_ok()).count();
    assert!(counted >= 1);
    let log = dir.log_reader().unwrap().read(1, 10_000).unwrap();
    let begun = log.iter().filter(|record| {
        let entry: Entry = serde_json::from_str(&record.body).unwrap();
        matches!(entry.event, Event::RequestExecuting { request, .. } if request == id)
    });
    assert_eq!(begun.count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_start_reads_the_snapshot_and_only_what_came_after_it() {
    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(root.path()).unwrap();
    let engine = start(&dir, &Disk::default());
    company(&engine, 1).await;
    let keeper = engine.clone();
    let reader = Box::new(dir.log_reader().unwrap());
    let keeping = tokio::spawn(async move { keeper.keep_snapshots(reader).await });
    // Every person is one event; callers together share the writes.
    let people: Vec<_> = (0..10_100)
        .map(|_| {
            let (engine, operator) = (engine.clone(), operator(&engine));
            tokio::spawn(async move { engine.run(operator, Command::AddUser).await })
        })
        .collect();
    for person in people {
        person.await.unwrap().unwrap();
    }
    bounded("a snapshot is kept", async {
        let reader = dir.log_reader().unwrap();
        let kept = || reader.latest_snapshot(State::FORM, u64::MAX).unwrap().is_some_and(|kept| kept.seq > 5_000);
        while !kept() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    keeping.abort();
    let _ = keeping.await;
    let before = engine.state();
    drop(engine);
    let disk = Disk::default();
    let again = start(&dir, &disk);
    assert_eq!(*again.state(), *before);
    let reads = disk.reads.load(Ordering::SeqCst);
    assert!(reads < before.seq() / 2, "{reads} records were read");
}

/// More than one tick takes: each expires with an entry of its own.
#[tokio::test]
async fn whatever_is_due_after_a_long_time_is_done_without_waiting_for_the_next_second() {
    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(root.path()).unwrap();
    let engine = start(&dir, &Disk::default());
    company(&engine, 2).await;
    site(&engine, vec!["127.40.0.1-2".into()]).await;
    enrol(&engine).await;
    let restart = Action::Control(Control::RestartWorkers { site: support::SITE });
    ask(&engine, OWNER, 100, restart, &[]).await.unwrap();
    let (before, later) = (engine.state().seq(), engine.now().after(Millis::days(30)));
    drop(engine);
    // Thousands more like the last one.
    let mut log = dir.log().unwrap();
    let last = log.read(before, 1).unwrap().remove(0);
    let like_it = (101..=2_600_u32).map(|n| {
        let mut entry: Entry = serde_json::from_str(&last.body).unwrap();
        let Event::RequestSubmitted { request, number, .. } = &mut entry.event else { unreachable!() };
        (*request, *number) = (RequestId(u128::from(n).into()), n);
        serde_json::to_string(&entry).unwrap()
    });
    let like_it: Vec<_> = like_it.collect();
    let bodies: Vec<_> = like_it.iter().map(|body| (last.at, body.as_str())).collect();
    log.append(before, &bodies).unwrap();
    drop(log);
    let disk = Disk::default();
    let engine = Engine::start(Box::new(MoodyLog(dir.log().unwrap(), disk.clone())), Arc::new(At(later))).unwrap();
    assert_eq!(engine.state().open_requests().count(), 2_501);
    engine.tick().await.unwrap();
    assert_eq!(engine.state().open_requests().count(), 0);
    assert_eq!(disk.appends.load(Ordering::SeqCst), 3, "and in parts");
}

#[test]
fn a_folder_whose_log_has_gone_is_not_begun_anew() {
    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(root.path()).unwrap();
    let (email, display_name, created_at) = ("a@adit.test".to_owned(), "A Person".to_owned(), Timestamp(1));
    let person = Person { user: OWNER, email, display_name, password_hash: None, created_at };
    dir.people().unwrap().add_person(&person).unwrap();
    drop(dir);
    let error = Opened::open(root.path().to_owned()).err().unwrap();
    assert!(matches!(error, ServerError::LogMissing { people: 1, .. }), "{error}");
}

/// An amendment first ends what it replaces; that must not show when it is refused after all.
#[tokio::test]
async fn what_is_refused_halfway_leaves_the_rest_of_its_batch_as_it_was() {
    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(root.path()).unwrap();
    let engine = start(&dir, &Disk::default());
    company(&engine, 1).await;
    let config = |required| {
        let changes = vec![PolicyChange::counts(Scenario::ApprovalConfigUpdate, required, 0)];
        Action::Control(Control::SetPolicies { changes })
    };
    ask(&engine, OWNER, 1, config(2), &[]).await.unwrap();
    let waiting = ask(&engine, OWNER, 2, config(1), &[]).await.unwrap();
    let (operator, owner) = (operator(&engine), user(&engine, OWNER));
    drop(engine);

    let mut writer = Writer::start(Box::new(dir.log().unwrap())).unwrap();
    let amend = Command::Amend { request: waiting, with: submission(3, config(0), &[]) };
    let commands = [(operator, Command::AddUser), (owner, amend), (operator, Command::AddUser)];
    let decided = writer.write(Proposal::of(writer.state(), commands.into_iter(), &SystemClock));
    assert!(matches!(&decided.answers[..], [Ok(_), Err(CommandError::Rejected(_)), Ok(_)]), "{:?}", decided.answers);
    assert_eq!(decided.committed.len(), 2);
    let state = Arc::clone(writer.state());
    assert_eq!(state.request(waiting).unwrap().state, RequestState::Pending);
    drop(writer);
    assert_eq!(Writer::start(Box::new(dir.log().unwrap())).unwrap().state(), &state);
}
