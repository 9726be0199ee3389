//! The engine: the one place where something is decided.
//!
//! One thread takes commands off a bounded queue, decides them in order on a running state, appends everything that came of
//! them to the log at once, and only then shows the new state and answers. A command that was answered is on the disk; one
//! that was not has not happened, as far as this process can tell.

use adit_core::{
    authz::Actor,
    command::{Command, Reply},
    event::Entry,
    ids::AccountId,
    rejection::Rejection,
    state::State,
    time::Timestamp,
};
use adit_store::{LogReader, LogStore, MAX_READ, StoreError};
use std::{
    io,
    sync::{Arc, PoisonError, RwLock},
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use tokio::{
    sync::{broadcast, mpsc, oneshot},
    time::MissedTickBehavior,
};

/// Commands that wait to be decided; whoever comes then waits outside.
const QUEUE: usize = 4_096;
/// Most commands decided before the log is written.
const MAX_COMMANDS: usize = 256;
/// A batch is closed once it has this many entries.
const MAX_ENTRIES: usize = 2_000;
/// Batches a subscriber may be behind before it has to look at the state again.
const BEHIND: usize = 1_024;
/// Events between two snapshots.
const SNAPSHOT_EVERY: u64 = 10_000;
/// How a snapshot's bytes are to be read; to be raised whenever the state's written form changes.
const SNAPSHOT_SCHEMA: u32 = 2;

/// What time it is.
pub trait Clock: Send + Sync {
    /// Now.
    fn now(&self) -> Timestamp;
}

/// The machine's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Timestamp(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
    }
}

/// Entries that were committed together, with their numbers.
pub type Batch = Arc<[(u64, Entry)]>;

/// Why the engine could not start.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The log cannot be read.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A record that this program does not understand.
    #[error("record {seq} of the log cannot be read ({reason}): run the version of the server that wrote it")]
    Unreadable {
        /// Which.
        seq: u64,
        /// Why.
        reason: String,
    },
    /// No thread for it.
    #[error("no thread for the engine: {0}")]
    Thread(#[from] io::Error),
}

/// Why a command was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    /// It may not be so.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// Nothing can be decided at present; the reason is for people.
    #[error("nothing can be changed at present: {0}")]
    Unavailable(String),
}

struct Job {
    actor: Actor,
    command: Command,
    answer: oneshot::Sender<Result<Reply, CommandError>>,
}

struct Shared {
    state: RwLock<Arc<State>>,
    commits: broadcast::Sender<Batch>,
    clock: Arc<dyn Clock>,
}

impl Shared {
    fn state(&self) -> Arc<State> {
        Arc::clone(&self.state.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn publish(&self, state: Arc<State>) {
        *self.state.write().unwrap_or_else(PoisonError::into_inner) = state;
    }
}

/// A handle to the engine. The engine's thread ends with the last handle.
#[derive(Clone)]
pub struct Engine {
    shared: Arc<Shared>,
    queue: mpsc::Sender<Job>,
}

impl Engine {
    /// Folds the log (from its latest snapshot on) and begins to decide.
    ///
    /// # Errors
    /// [`EngineError`]; nothing was written then.
    pub fn start(store: Box<dyn LogStore>, clock: Arc<dyn Clock>) -> Result<Self, EngineError> {
        let state = replay(store.as_ref())?;
        tracing::info!(events = state.seq(), "the log is read");
        let shared =
            Arc::new(Shared { state: RwLock::new(Arc::new(state)), commits: broadcast::Sender::new(BEHIND), clock });
        let (queue, jobs) = mpsc::channel(QUEUE);
        let writer = Writer { shared: Arc::clone(&shared), store, stopped: None };
        thread::Builder::new().name("engine".to_owned()).spawn(move || writer.run(jobs))?;
        Ok(Self { shared, queue })
    }

    /// Decides a command. The answer comes once the log has it; a refusal comes no earlier, for it may rest on what was
    /// decided just before. A caller that stops waiting does not call the command off.
    ///
    /// # Errors
    /// [`CommandError`].
    pub async fn run(&self, actor: Actor, command: Command) -> Result<Reply, CommandError> {
        let gone = || CommandError::Unavailable("the engine has stopped; restart the server".to_owned());
        let (answer, answered) = oneshot::channel();
        self.queue.send(Job { actor, command, answer }).await.map_err(|_| gone())?;
        answered.await.map_err(|_| gone())?
    }

    /// Everything that is committed, as of now. Keep it for one answer, so that the answer is of one piece.
    #[must_use]
    pub fn state(&self) -> Arc<State> {
        self.shared.state()
    }

    /// What is committed from now on. Subscribe first and read the state then: nothing falls in between, though the first
    /// batches may be in that state already; their numbers tell. Who is told that it lags looks at the state again.
    #[must_use]
    pub fn subscribe(&self) -> broadcast::Receiver<Batch> {
        self.shared.commits.subscribe()
    }

    /// The clock's time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.shared.clock.now()
    }

    /// Lets time take its effect once: what is due ends or begins.
    ///
    /// # Errors
    /// [`CommandError::Unavailable`].
    pub async fn tick(&self) -> Result<(), CommandError> {
        self.run(Actor::system(AccountId(0)), Command::Tick).await.map(drop)
    }

    /// Ticks every second, for ever.
    pub async fn keep_ticking(&self) {
        let mut second = tokio::time::interval(Duration::from_secs(1));
        second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            second.tick().await;
            if let Err(error) = self.tick().await {
                tracing::error!(%error, "time has no effect");
            }
        }
    }

    /// Keeps snapshots, for ever, so that the next start is quick. Writes them through a reader of its own: nobody waits for
    /// them.
    pub async fn keep_snapshots(&self, reader: Box<dyn LogReader>) {
        let mut commits = self.subscribe();
        let reader = Arc::new(std::sync::Mutex::new(reader));
        let mut kept = 0;
        loop {
            let state = self.state();
            if state.seq() >= kept + SNAPSHOT_EVERY {
                kept = state.seq();
                let reader = Arc::clone(&reader);
                let written = tokio::task::spawn_blocking(move || write_snapshot(&reader, &state)).await;
                if let Ok(Err(reason)) = written {
                    tracing::warn!(reason, "no snapshot; the next start takes longer");
                }
            }
            if matches!(commits.recv().await, Err(broadcast::error::RecvError::Closed)) {
                return;
            }
        }
    }
}

fn write_snapshot(reader: &std::sync::Mutex<Box<dyn LogReader>>, state: &State) -> Result<(), String> {
    let bytes = serde_json::to_vec(state).map_err(|e| e.to_string())?;
    let reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
    reader.put_snapshot(state.seq(), SNAPSHOT_SCHEMA, &bytes).map_err(|e| e.to_string())
}

fn replay(store: &dyn LogStore) -> Result<State, EngineError> {
    let mut state = store.latest_snapshot(SNAPSHOT_SCHEMA)?.map_or_else(State::default, |snapshot| {
        let state = serde_json::from_slice::<State>(&snapshot.bytes).map(State::restored);
        state.ok().filter(|state| state.seq() == snapshot.seq).unwrap_or_else(|| {
            tracing::warn!(seq = snapshot.seq, "the snapshot cannot be read; the whole log is");
            State::default()
        })
    });
    loop {
        let records = store.read(state.seq() + 1, MAX_READ)?;
        if records.is_empty() {
            return Ok(state);
        }
        for record in records {
            let entry: Entry = serde_json::from_str(&record.body)
                .map_err(|e| EngineError::Unreadable { seq: record.seq, reason: e.to_string() })?;
            state.apply(&entry);
        }
    }
}

/// The thread that decides.
struct Writer {
    shared: Arc<Shared>,
    store: Box<dyn LogStore>,
    /// Why it decides no more.
    stopped: Option<String>,
}

type Answers = Vec<(oneshot::Sender<Result<Reply, CommandError>>, Result<Reply, CommandError>)>;

impl Writer {
    fn run(mut self, mut jobs: mpsc::Receiver<Job>) {
        while let Some(first) = jobs.blocking_recv() {
            if let Some(reason) = &self.stopped {
                let _ = first.answer.send(Err(CommandError::Unavailable(reason.clone())));
                continue;
            }
            self.batch(first, &mut jobs);
        }
    }

    fn batch(&mut self, first: Job, jobs: &mut mpsc::Receiver<Job>) {
        let committed = self.shared.state();
        let mut state = Arc::clone(&committed);
        let mut entries: Vec<Entry> = Vec::new();
        let mut answers: Answers = Vec::new();
        let mut next = Some(first);
        while let Some(job) = next {
            let now = self.shared.clock.now();
            let answer = match adit_core::decide(&state, &job.actor, job.command, now) {
                Ok(decided) => {
                    entries.extend(decided.entries);
                    state = Arc::new(decided.state);
                    Ok(decided.reply)
                }
                Err(rejection) => Err(rejection.into()),
            };
            answers.push((job.answer, answer));
            let full = answers.len() >= MAX_COMMANDS || entries.len() >= MAX_ENTRIES;
            next = if full { None } else { jobs.try_recv().ok() };
        }
        let outcome = if entries.is_empty() { Ok(()) } else { self.append(committed.seq(), &entries) };
        match outcome {
            Err(reason) => {
                for (waiting, _) in answers {
                    let _ = waiting.send(Err(CommandError::Unavailable(reason.clone())));
                }
            }
            Ok(()) => {
                if !entries.is_empty() {
                    self.shared.publish(state);
                    // Before the answers, so that whoever has one and subscribes is not told of it again. Nobody may be listening.
                    let _ = self.shared.commits.send((committed.seq() + 1..).zip(entries).collect());
                }
                for (waiting, answer) in answers {
                    let _ = waiting.send(answer);
                }
            }
        }
    }

    fn append(&mut self, expected: u64, entries: &[Entry]) -> Result<(), String> {
        let bodies = entries.iter().map(serde_json::to_string).collect::<Result<Vec<_>, _>>();
        let bodies = bodies.map_err(|e| e.to_string())?;
        let rows: Vec<_> = entries.iter().zip(&bodies).map(|(entry, body)| (entry.at, body.as_str())).collect();
        let Err(error) = self.store.append(expected, &rows) else {
            return Ok(());
        };
        tracing::error!(%error, "the log was not written");
        let nothing_written = matches!(
            error,
            StoreError::DiskFull { .. }
                | StoreError::ReadOnly { .. }
                | StoreError::Busy { .. }
                | StoreError::Invalid { .. }
        );
        if nothing_written {
            return Err(error.to_string());
        }
        // Another writer, a broken log, or nobody knows whether it was written: only a start from the log tells.
        let reason = format!("{error}. This server decides nothing more until it is restarted");
        self.stopped = Some(reason.clone());
        Err(reason)
    }
}
