//! The engine: the one place where something is decided.
//!
//! Commands wait in a bounded queue. What waits is decided in order as one proposal, and written at once by the [`Writer`];
//! only then the new state is shown and everybody answered. A command that was answered is on the disk; one that was not has
//! not happened, as far as this process can tell.

mod desk;

use crate::{
    decider::{Batch, Clock, CommandError, EngineError, Writer},
    snapshots,
};
use adit_core::{
    authz::Actor,
    command::{Command, Reply},
    ids::AccountId,
    state::State,
    time::Timestamp,
};
use adit_store::{LogReader, LogStore};
use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};
use tokio::{
    sync::{broadcast, mpsc, oneshot},
    time::MissedTickBehavior,
};

/// Commands that wait to be decided; whoever comes then waits outside.
const QUEUE: usize = 4_096;
/// Batches a subscriber may be behind before it has to look at the state again.
const BEHIND: usize = 1_024;

type Answer = oneshot::Sender<Result<Reply, CommandError>>;

struct Job {
    actor: Actor,
    command: Command,
    answer: Answer,
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

/// A handle to the engine. The engine's threads end with the last handle.
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
        let writer = Writer::start(store)?;
        tracing::info!(events = writer.state().seq(), "the log is read");
        let state = RwLock::new(Arc::clone(writer.state()));
        let shared = Shared { state, commits: broadcast::Sender::new(BEHIND), clock };
        let shared = Arc::new(shared);
        let (queue, jobs) = mpsc::channel(QUEUE);
        desk::open(writer, Arc::clone(&shared), jobs)?;
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

    /// Lets time take its effect: everything that is due ends or begins. If that is much, others are answered in between.
    ///
    /// # Errors
    /// [`CommandError::Unavailable`].
    pub async fn tick(&self) -> Result<(), CommandError> {
        while self.run(Actor::system(AccountId(0)), Command::Tick).await? == Reply::MoreIsDue {}
        Ok(())
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
    /// them. The hash of each is in the log.
    pub async fn keep_snapshots(&self, reader: Box<dyn LogReader>) {
        snapshots::keep(self, reader).await;
    }
}
