//! Carries out orders: one at a time per device, so many at once in all, each bounded in time.
//!
//! Orders of one device queue in its *lane*. A lane whose turn it is takes a *slot*; only then is a task spawned, so ten
//! thousand waiting orders cost ten thousand queue entries and no more tasks than slots. The slot is free again when the
//! device is done with; the result's way into the journal holds nobody up.
//!
//! What surrounds it - which devices there are, what is permitted at the moment, who wants the result - is its [`Site`].

mod passwords;
mod steps;

use crate::{
    Clock,
    journal::{Journal, JournalError, Record},
    outcome,
};
use adit_core::{
    fleet::{CommandId, Ending, Order, PoolPassword, Reading, SecretRef, TargetResult},
    ids::DeviceId,
    time::Timestamp,
};
use adit_drivers::Device;
use adit_wire::CommandBody;
use async_trait::async_trait;
use futures_util::FutureExt;
use passwords::Passwords;
use std::{
    collections::{HashMap, VecDeque, hash_map},
    panic::AssertUnwindSafe,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::sync::Notify;

/// A device, and the right to speak to it: whoever holds `line` is its only connection.
#[derive(Clone)]
pub struct Seat {
    /// The device.
    pub device: Arc<dyn Device>,
    /// Held while speaking to it.
    pub line: Arc<tokio::sync::Mutex<()>>,
    /// A poll of it fell due while somebody else held the line: the next reading is told in its place.
    owes_reading: Arc<AtomicBool>,
}

impl Seat {
    /// A device nobody speaks to at the moment.
    #[must_use]
    pub fn new(device: Arc<dyn Device>) -> Self {
        Self { device, line: Arc::default(), owes_reading: Arc::default() }
    }

    /// The same device by another handle; whoever speaks to it by the one before is still the only one.
    #[must_use]
    pub fn with(&self, device: Arc<dyn Device>) -> Self {
        Self { device, line: Arc::clone(&self.line), owes_reading: Arc::clone(&self.owes_reading) }
    }

    /// A poll fell due that whoever holds the line makes in passing, if the device answers them.
    pub fn leave_poll(&self) {
        self.owes_reading.store(true, Ordering::Release);
    }

    /// Is a reading owed? It is not any more.
    pub(crate) fn takes_poll(&self) -> bool {
        self.owes_reading.swap(false, Ordering::AcqRel)
    }
}

/// What surrounds the executor.
#[async_trait]
pub trait Site: Send + Sync + 'static {
    /// The device, if it is known.
    fn seat(&self, device: DeviceId) -> Option<Seat>;
    /// Why an order may not be begun now, if it may not. Asked right before each beginning.
    fn refusal(&self, command: &CommandBody) -> Option<String>;
    /// A device was read in the course of an order, when a poll of it was due.
    fn polled(&self, reading: Reading);
    /// Stops the collection workers and starts new ones.
    async fn restart_workers(&self) -> TargetResult;
    /// An order ended, and that is durable (or cannot become untrue). Called once per order.
    async fn ended(&self, command: &CommandBody, result: TargetResult);
}

/// How much at once, and how long each step of an order may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Orders being carried out at once.
    pub slots: usize,
    /// Reading the device, before the order.
    pub read: Duration,
    /// Making sure that it is the device we mean.
    pub confirm: Duration,
    /// Sending the order and hearing the answer.
    pub execute: Duration,
    /// Reading back, for what takes effect at once.
    pub verify: Duration,
    /// Reading back, for what restarts the miner or ramps it up or down.
    pub verify_slow: Duration,
    /// Until an order that was taken before the agent's last start fails because its passwords have not come again.
    pub passwords: Duration,
    /// Between two tries to write a result to a journal that refuses.
    pub journal_retry: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            slots: 512,
            read: Duration::from_secs(8),
            confirm: Duration::from_secs(8),
            execute: Duration::from_secs(20),
            verify: Duration::from_secs(30),
            verify_slow: Duration::from_secs(240),
            passwords: Duration::from_secs(30),
            journal_retry: Duration::from_secs(1),
        }
    }
}

/// What excludes what.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Lane {
    Device(DeviceId),
    Workers,
}

impl Lane {
    const fn of(order: &Order) -> Self {
        match order {
            Order::Device { device, .. } => Self::Device(*device),
            Order::RestartWorkers {} => Self::Workers,
        }
    }
}

struct Waiting {
    command: CommandBody,
    /// Was it begun before the agent's last start?
    resumed: bool,
}

#[derive(Default)]
struct Queues {
    /// Lanes with an order waiting or under way.
    lanes: HashMap<Lane, VecDeque<Waiting>>,
    /// Lanes with an order waiting and none under way, in order of arrival.
    ready: VecDeque<Lane>,
    running: usize,
    /// Submitted and not yet reported.
    open: usize,
    /// Left open by the last run, until [`Executor::release`].
    held: Vec<Waiting>,
    /// Released, and without the passwords that they name: in no lane, so that nothing else waits for them.
    unsupplied: HashMap<CommandId, Waiting>,
    draining: bool,
}

impl Queues {
    /// Is everything that was begun reported?
    fn is_quiet(&self) -> bool {
        self.open == self.lanes.values().map(VecDeque::len).sum::<usize>()
    }
}

struct Inner {
    limits: Limits,
    site: Arc<dyn Site>,
    journal: Journal,
    clock: Clock,
    queues: Mutex<Queues>,
    passwords: Passwords,
    quiet: Notify,
}

/// A handle; clones share the queues.
#[derive(Clone)]
pub struct Executor(Arc<Inner>);

impl Executor {
    /// Nothing is under way yet.
    #[must_use]
    pub fn new(limits: Limits, site: Arc<dyn Site>, journal: Journal, clock: Clock) -> Self {
        let (queues, passwords, quiet) = (Mutex::default(), Passwords::default(), Notify::new());
        Self(Arc::new(Inner { limits, site, journal, clock, queues, passwords, quiet }))
    }

    /// Queues an order that the journal has as received, with the passwords that came beside it. Must be called within a tokio runtime.
    pub fn submit(&self, command: CommandBody, passwords: Vec<(SecretRef, PoolPassword)>) {
        self.0.passwords.expect(&command, Some(passwords));
        self.queue(Waiting { command, resumed: false });
    }

    /// An order that is open has come again, with its passwords. Must be called within a tokio runtime.
    pub fn supply(&self, command: CommandId, passwords: Vec<(SecretRef, PoolPassword)>) {
        self.0.passwords.supply(command, passwords);
        let waited = self.0.queues().unsupplied.remove(&command);
        waited.into_iter().for_each(|waiting| self.queue(waiting));
    }

    /// Settles what the last run left open in the journal. An order that was begun and must not be repeated, or is late, is
    /// `unknown`; one that was not begun and is late is `timed_out`; the rest is held until [`Self::release`]. Call it once,
    /// before anything is submitted.
    ///
    /// # Errors
    /// The journal's; then nothing may be begun.
    pub async fn recover(&self) -> Result<(), JournalError> {
        let (mut over, mut held) = (Vec::new(), Vec::new());
        for (command, started) in self.0.journal.open_commands() {
            let late = self.0.is_late(command.deadline);
            let repeatable = matches!(&command.order, Order::Device { operation, .. } if operation.is_idempotent());
            if started && (late || !repeatable) {
                let result = outcome(Ending::Unknown, "under way when the agent stopped, and not repeated");
                over.push(Record::Ended(command.command, result));
            } else if late {
                over.push(Record::Ended(command.command, outcome(Ending::TimedOut, "not begun before its deadline")));
            } else {
                self.0.passwords.expect(&command, None);
                held.push(Waiting { command, resumed: started });
            }
        }
        tracing::info!(over = over.len(), held = held.len(), "orders left open by the last run");
        self.0.journal.append(over).await?;
        self.0.queues().held = held;
        Ok(())
    }

    /// Queues what [`Self::recover`] held: the devices are known now. What names passwords is queued once it has come again with
    /// them, or [`Limits::passwords`] has passed. Must be called within a tokio runtime.
    pub fn release(&self) {
        let (ready, waited_for) = {
            // Under the lock under which they are looked for when they come again, so that none is missed.
            let mut queues = self.0.queues();
            let held = std::mem::take(&mut queues.held);
            let lacks = |waiting: &Waiting| self.0.passwords.lacks(waiting.command.command);
            let (unsupplied, ready): (Vec<_>, Vec<_>) = held.into_iter().partition(lacks);
            let waited_for: Vec<_> = unsupplied.iter().map(|waiting| waiting.command.command).collect();
            queues.unsupplied.extend(waited_for.iter().copied().zip(unsupplied));
            (ready, waited_for)
        };
        ready.into_iter().for_each(|waiting| self.queue(waiting));
        if waited_for.is_empty() {
            return;
        }
        let (executor, limit) = (Arc::downgrade(&self.0), self.0.limits.passwords);
        tokio::spawn(async move {
            tokio::time::sleep(limit).await;
            // The agent may have stopped meanwhile; the journal has them.
            let Some(executor) = executor.upgrade().map(Self) else { return };
            let late: Vec<_> = {
                let mut queues = executor.0.queues();
                waited_for.iter().filter_map(|command| queues.unsupplied.remove(command)).collect()
            };
            late.into_iter().for_each(|waiting| executor.queue(waiting));
        });
    }

    fn queue(&self, waiting: Waiting) {
        {
            let mut queues = self.0.queues();
            let lane = Lane::of(&waiting.command.order);
            queues.open += 1;
            match queues.lanes.entry(lane) {
                hash_map::Entry::Occupied(mut lane) => lane.get_mut().push_back(waiting),
                hash_map::Entry::Vacant(free) => {
                    free.insert(VecDeque::from([waiting]));
                    queues.ready.push_back(lane);
                }
            }
        }
        self.0.pump();
    }

    /// Orders submitted or held whose end has not been reported.
    #[must_use]
    pub fn open(&self) -> usize {
        let queues = self.0.queues();
        queues.open + queues.held.len() + queues.unsupplied.len()
    }

    /// Begins nothing more, and returns when nothing is under way. What waits stays in the journal for the next start.
    pub async fn drain(&self) {
        self.0.queues().draining = true;
        loop {
            let quiet = self.0.quiet.notified();
            if self.0.queues().is_quiet() {
                return;
            }
            quiet.await;
        }
    }
}

impl Inner {
    fn queues(&self) -> MutexGuard<'_, Queues> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Gives free slots to the lanes whose turn it is.
    fn pump(self: &Arc<Self>) {
        loop {
            let (lane, waiting) = {
                let mut queues = self.queues();
                if queues.draining || queues.running >= self.limits.slots.max(1) {
                    return;
                }
                let Some(lane) = queues.ready.pop_front() else { return };
                let Some(waiting) = queues.lanes.get_mut(&lane).and_then(VecDeque::pop_front) else { continue };
                queues.running += 1;
                (lane, waiting)
            };
            tokio::spawn(Arc::clone(self).carry_out(lane, waiting));
        }
    }

    async fn carry_out(self: Arc<Self>, lane: Lane, Waiting { command, resumed }: Waiting) {
        let end = match AssertUnwindSafe(self.begin(&command)).catch_unwind().await {
            Ok(End::NotBegun(why)) if resumed => {
                let why = why.message.unwrap_or_default();
                End::Begun(outcome(
                    Ending::Unknown,
                    format!("under way when the agent stopped, and not repeated: {why}"),
                ))
            }
            Ok(end) => end,
            Err(_) => End::Begun(outcome(Ending::Unknown, "the driver failed while the order was under way")),
        };
        {
            let mut queues = self.queues();
            queues.running -= 1;
            if queues.lanes.get(&lane).is_none_or(VecDeque::is_empty) {
                queues.lanes.remove(&lane);
            } else {
                queues.ready.push_back(lane);
            }
        }
        self.passwords.forget(command.command);
        self.pump();
        self.report(&command, end).await;
        self.queues().open -= 1;
        self.quiet.notify_waiters();
    }

    /// Writes the end into the journal and tells the site. If the disk refuses, the end of an order that was begun is told at
    /// once, and that of one that was not begun as soon as it can no longer be begun, even by a later start of the agent.
    async fn report(&self, command: &CommandBody, end: End) {
        let (begun, result) = match end {
            End::Begun(result) => (true, result),
            End::NotBegun(result) => (false, result),
        };
        let mut told = false;
        loop {
            let record = Record::Ended(command.command, result.clone());
            let durable = match self.journal.append(vec![record]).await {
                Ok(()) => true,
                // The agent is stopping; the next start will settle it.
                Err(JournalError::Closed) => return,
                Err(_) => false,
            };
            if !told && (durable || begun || self.is_late(command.deadline)) {
                told = true;
                self.site.ended(command, result.clone()).await;
            }
            if durable {
                return;
            }
            tokio::time::sleep(self.limits.journal_retry).await;
        }
    }

    fn is_late(&self, deadline: Timestamp) -> bool {
        (self.clock)() >= deadline
    }
}

/// How an order came out of its slot.
enum End {
    /// The journal has it as started.
    Begun(TargetResult),
    /// The journal has it as received only: nothing was sent.
    NotBegun(TargetResult),
}
