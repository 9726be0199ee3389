//! Finding devices and reading them.

mod identify;
mod load;
#[cfg(test)]
mod overload;
pub(crate) mod poll;
mod registry;
mod sightings;
pub(crate) mod sweep;

pub(crate) use registry::{Member, Registry};

use crate::{AgentOptions, Clock, CollectLimits, outbox::Outbox, policy::LocalPolicy};
use adit_drivers::Driver;
use load::Load;
use sightings::Sightings;
use std::{future::Future, sync::Arc};
use tokio::sync::Semaphore;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What all sweeps and polls of the agent share.
pub(crate) struct Collector {
    pub drivers: Vec<Arc<dyn Driver>>,
    pub policy: LocalPolicy,
    pub clock: Clock,
    pub limits: CollectLimits,
    pub outbox: Outbox,
    pub registry: Registry,
    pub sightings: Sightings,
    pub load: Load,
    connects: Arc<Semaphore>,
    identifications: Arc<Semaphore>,
    polls: Arc<Semaphore>,
}

impl Collector {
    pub fn new(options: &AgentOptions, policy: LocalPolicy) -> Self {
        let limits = options.collection;
        Self {
            drivers: options.drivers.clone(),
            policy,
            clock: Arc::clone(&options.clock),
            limits,
            outbox: Outbox::default(),
            registry: Registry::new(options.drivers.clone()),
            sightings: Sightings::default(),
            load: Load::new(limits.polls),
            connects: Arc::new(Semaphore::new(limits.connects.max(1))),
            identifications: Arc::new(Semaphore::new(limits.identifications.max(1))),
            polls: Arc::new(Semaphore::new(limits.polls.max(1))),
        }
    }
}

/// The tasks of one generation of a worker: all end at their next wait once it is stopped.
#[derive(Clone)]
pub(crate) struct Crew {
    tasks: TaskTracker,
    stop: CancellationToken,
}

impl Crew {
    pub fn new(stop: CancellationToken) -> Self {
        Self { tasks: TaskTracker::new(), stop }
    }

    pub fn spawn(&self, work: impl Future<Output = ()> + Send + 'static) -> tokio::task::JoinHandle<()> {
        let stop = self.stop.clone();
        self.tasks.spawn(async move {
            stop.run_until_cancelled_owned(work).await;
        })
    }

    /// Stops every task and returns when the last has ended.
    pub async fn dismiss(&self) {
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
