//! Collection workers: one supervised task per scan task. A worker that fails is started again; each start is a new
//! *generation*, by its number and its time.

use crate::{
    collect::{Collector, Crew, poll, sweep},
    outcome,
};
use adit_core::{
    fleet::{Ending, Ranges, TargetResult},
    ids::ScanTaskId,
    time::Timestamp,
};
use adit_wire::{AgentConfig, ScanTaskConfig, WorkerStatus};
use std::{
    collections::{BTreeMap, btree_map::Entry},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// How long a failed worker is left alone before its next start.
const AFTER_FAILURE: Duration = Duration::from_secs(2);

/// One worker's status, shared with it.
#[derive(Clone)]
pub(crate) struct WorkerCell(Arc<Mutex<WorkerStatus>>);

impl WorkerCell {
    pub fn update(&self, change: impl FnOnce(&mut WorkerStatus)) {
        change(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner));
    }

    fn get(&self) -> WorkerStatus {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

struct Running {
    job: Job,
    stop: CancellationToken,
    supervisor: JoinHandle<()>,
}

/// What a worker is started with.
#[derive(Clone, PartialEq, Eq)]
struct Job {
    task: ScanTaskConfig,
    poll_interval_s: u32,
}

pub(crate) struct Workers {
    collector: Arc<Collector>,
    /// Locked while workers are being started and stopped.
    running: tokio::sync::Mutex<BTreeMap<ScanTaskId, Running>>,
    /// Of every scan task in the configuration, running or not.
    cells: Mutex<BTreeMap<ScanTaskId, WorkerCell>>,
}

impl Workers {
    pub fn new(collector: Arc<Collector>) -> Self {
        Self { collector, running: tokio::sync::Mutex::default(), cells: Mutex::default() }
    }

    fn cells(&self) -> MutexGuard<'_, BTreeMap<ScanTaskId, WorkerCell>> {
        self.cells.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What each is doing.
    pub fn status(&self) -> Vec<WorkerStatus> {
        self.cells().values().map(WorkerCell::get).collect()
    }

    /// Makes the workers what the configuration says; those whose task has not changed go on.
    pub async fn configure(&self, config: &AgentConfig) {
        let mut running = self.running.lock().await;
        let jobs: BTreeMap<_, _> = config
            .scan_tasks
            .iter()
            .map(|task| (task.id, Job { task: task.clone(), poll_interval_s: config.poll_interval_s }))
            .collect();
        self.cells().retain(|id, cell| jobs.contains_key(id) || cell.get().running);
        let wanted = |id: &ScanTaskId, job: &Job| !config.paused && jobs.get(id) == Some(job);
        let ending: Vec<_> = running.iter().filter(|(id, r)| !wanted(id, &r.job)).map(|(id, _)| *id).collect();
        stop_all(ending.into_iter().filter_map(|id| running.remove(&id)).collect()).await;
        self.cells().retain(|id, _| jobs.contains_key(id));
        for (id, job) in jobs {
            let cell = self.cell(id);
            if let Entry::Vacant(free) = running.entry(id)
                && !config.paused
            {
                free.insert(self.start(cell, job));
            }
        }
        drop(running);
        self.collector.outbox.status_changed();
    }

    /// Ends every worker task, waits until each has ended, and starts them anew.
    pub async fn restart(&self) -> TargetResult {
        let mut running = self.running.lock().await;
        let before = self.status();
        let jobs: Vec<_> = running.values().map(|r| r.job.clone()).collect();
        stop_all(std::mem::take(&mut *running).into_values().collect()).await;
        for job in jobs {
            let id = job.task.id;
            running.insert(id, self.start(self.cell(id), job));
        }
        let after = self.status();
        self.collector.outbox.status_changed();
        let moves: Vec<_> = before
            .iter()
            .zip(&after)
            .filter(|(_, new)| running.contains_key(&new.scan_task))
            .map(|(old, new)| format!("{} {} -> {}", new.scan_task, old.generation, new.generation))
            .collect();
        outcome(
            Ending::Verified,
            format!("{} workers stopped and started, generations: {}", moves.len(), moves.join(", ")),
        )
    }

    /// Ends every worker task and waits until each has ended.
    pub async fn stop(&self) {
        let mut running = self.running.lock().await;
        stop_all(std::mem::take(&mut *running).into_values().collect()).await;
        drop(running);
        self.collector.outbox.status_changed();
    }

    fn cell(&self, id: ScanTaskId) -> WorkerCell {
        let idle = || WorkerStatus {
            scan_task: id,
            generation: 0,
            started_at: Timestamp(0),
            running: false,
            addresses: 0,
            swept: 0,
            identified: 0,
            unidentified: 0,
            last_sweep_at: None,
        };
        self.cells().entry(id).or_insert_with(|| WorkerCell(Arc::new(Mutex::new(idle())))).clone()
    }

    fn start(&self, cell: WorkerCell, job: Job) -> Running {
        let stop = CancellationToken::new();
        // Set here, so that whoever asks after this call sees the new generation.
        begin_generation(&self.collector, &cell);
        let supervisor = tokio::spawn(supervise(Arc::clone(&self.collector), job.clone(), cell, stop.clone()));
        Running { job, stop, supervisor }
    }
}

impl Drop for Workers {
    fn drop(&mut self) {
        for worker in self.running.get_mut().values() {
            worker.stop.cancel();
        }
    }
}

fn begin_generation(collector: &Collector, cell: &WorkerCell) {
    let now = (collector.clock)();
    cell.update(|status| {
        status.generation += 1;
        // Two starts within one tick of the clock are still two starts.
        status.started_at = now.max(Timestamp(status.started_at.0 + 1));
        status.running = true;
    });
}

async fn stop_all(workers: Vec<Running>) {
    workers.iter().for_each(|worker| worker.stop.cancel());
    for worker in workers {
        if let Err(error) = worker.supervisor.await {
            tracing::error!(%error, task = %worker.job.task.id, "a worker's supervisor failed");
        }
    }
}

/// Keeps one worker going until it is told to stop.
async fn supervise(collector: Arc<Collector>, job: Job, cell: WorkerCell, stop: CancellationToken) {
    loop {
        let crew = Crew::new(stop.child_token());
        let polls = Duration::from_secs(job.poll_interval_s.clamp(1, 3_600).into());
        let polling = crew.spawn(poll::run(Arc::clone(&collector), job.task.id, polls, crew.clone()));
        let sweeping =
            crew.spawn(sweep_if_enabled(Arc::clone(&collector), job.task.clone(), cell.clone(), crew.clone()));
        let failure = tokio::select! {
            () = stop.cancelled() => None,
            end = polling => end.err(),
            end = sweeping => end.err(),
        };
        crew.dismiss().await;
        cell.update(|status| status.running = false);
        collector.outbox.status_changed();
        if stop.is_cancelled() {
            return;
        }
        let reason = failure.map_or_else(|| "it ended".to_owned(), |error| error.to_string());
        tracing::error!(task = %job.task.id, reason, "a collection worker failed and is started again");
        if stop.run_until_cancelled(tokio::time::sleep(AFTER_FAILURE)).await.is_none() {
            return;
        }
        begin_generation(&collector, &cell);
        collector.outbox.status_changed();
    }
}

async fn sweep_if_enabled(collector: Arc<Collector>, task: ScanTaskConfig, cell: WorkerCell, crew: Crew) {
    let targets = match Ranges::for_scan_task(&task.ranges) {
        Ok(ranges) => collector.policy.narrow(&ranges),
        Err(error) => {
            tracing::error!(task = %task.id, name = task.name, %error, "the scan task is not swept");
            Ranges::default()
        }
    };
    let addresses = u32::try_from(targets.count()).unwrap_or(u32::MAX);
    cell.update(|status| status.addresses = addresses);
    if task.enabled && addresses > 0 {
        sweep::run(collector, task, targets, cell, crew).await;
    } else {
        std::future::pending().await
    }
}
