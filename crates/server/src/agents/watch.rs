//! Whether agents are there and keep up: looked at once a second, and what follows for what is known of their devices.

use super::Agents;
use adit_core::{
    fleet::Device,
    ids::AgentId,
    state::State,
    time::{Millis, Timestamp},
};
use adit_telemetry::{AgentCondition, AgentRecord, Health, Load, Polling};
use adit_wire::PollLoad;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// What follows from how an agent does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Judged {
    /// Nothing while it is waited for.
    health: Option<Health>,
    /// How its devices are polled; nothing where that is still waited for.
    polling: Option<Polling>,
}

/// What the watch has applied to the live table.
#[derive(Default)]
struct Applied {
    seq: u64,
    judged: BTreeMap<AgentId, Judged>,
}

/// What is known of every agent's connection and load.
pub(super) struct Watch {
    /// Agents that have not been heard of since then are waited for for a while.
    started_at: Timestamp,
    agents: Mutex<BTreeMap<AgentId, AgentRecord>>,
    applied: Mutex<Applied>,
}

impl Watch {
    pub fn new(started_at: Timestamp) -> Self {
        Self { started_at, agents: Mutex::default(), applied: Mutex::default() }
    }

    fn agents(&self) -> MutexGuard<'_, BTreeMap<AgentId, AgentRecord>> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A frame of it has come.
    pub fn heard(&self, agent: AgentId, at: Timestamp) {
        self.agents().entry(agent).or_default().heard(at);
    }

    /// It tells how it keeps up.
    pub fn take(&self, agent: AgentId, told: &PollLoad, at: Timestamp) {
        let load = Load {
            lag: Millis(told.lag_ms),
            due: told.due,
            done: told.done,
            interval: Millis(told.interval_ms.clamp(1_000, 3_600_000)),
        };
        self.agents().entry(agent).or_default().take(load, at);
    }

    /// Judges every agent of a state anew.
    fn judge(&self, state: &State, configured: Millis, now: Timestamp) -> BTreeMap<AgentId, Judged> {
        let mut agents = self.agents();
        agents.retain(|agent, _| state.agent(*agent).is_some());
        let all = state.accounts().flat_map(|account| state.agents_of(account.id));
        all.map(|agent| {
            let record = agents.entry(agent.id).or_default();
            let health = record.judge(agent.paused, self.started_at, now);
            let interval = record.load().map_or(configured, |load| load.interval);
            let polling = health.and_then(|health| match health.condition {
                AgentCondition::Gone => Some(Polling::Gone),
                AgentCondition::Paused => Some(Polling::Paused),
                AgentCondition::Overloaded | AgentCondition::Late | AgentCondition::Well => {
                    record.is_back().then_some(Polling::Polled { interval })
                }
            });
            (agent.id, Judged { health, polling })
        })
        .collect()
    }
}

impl Agents {
    /// How an agent does; `None` while it is waited for after the server's start.
    #[must_use]
    pub fn health(&self, agent: AgentId) -> Option<Health> {
        self.live.read().agent(agent)
    }

    /// What it told last of its polls.
    #[must_use]
    pub fn load(&self, agent: AgentId) -> Option<Load> {
        self.watch.agents().get(&agent)?.load()
    }

    /// The last frame of it.
    #[must_use]
    pub fn heard_at(&self, agent: AgentId) -> Option<Timestamp> {
        self.watch.agents().get(&agent)?.heard_at()
    }

    /// Between two polls of a device, as it is asked of every agent.
    #[must_use]
    pub fn configured_interval(&self) -> Millis {
        Millis::seconds(self.poll_interval_s.into())
    }

    /// What is known of every agent, to be kept over a start of the server.
    pub(crate) fn records(&self) -> Vec<(AgentId, AgentRecord)> {
        self.watch.agents().iter().map(|(agent, record)| (*agent, record.clone())).collect()
    }

    /// Puts back what was known of agents before the server's start, of those that have not been heard of since.
    pub(crate) fn restore(&self, records: Vec<(AgentId, AgentRecord)>) {
        {
            let mut agents = self.watch.agents();
            for (agent, record) in records {
                agents.entry(agent).or_insert_with(|| record.restored(self.watch.started_at));
            }
        }
        self.look();
    }

    /// Looks how agents do, and lets the live table know that and what it means for their devices, in one step.
    pub(super) fn look(&self) {
        let mut applied = self.watch.applied.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, now) = (self.engine.state(), self.engine.now());
        let judged = self.watch.judge(&state, self.configured_interval(), now);
        if applied.seq == state.seq() && applied.judged == judged {
            self.live.write().pass(now);
            return;
        }
        let of = |device: &Device| Some((device.id, polling_of(&state, device, &judged)?));
        let devices: Vec<_> = state.devices().filter_map(of).collect();
        let health = judged.iter().filter_map(|(agent, judged)| Some((*agent, judged.health?))).collect();
        {
            let mut live = self.live.write();
            live.set_polling(devices, now);
            live.set_agents(health);
            live.pass(now);
        }
        *applied = Applied { seq: state.seq(), judged };
    }
}

/// How a device is polled; nothing where its agent is still waited for.
fn polling_of(state: &State, device: &Device, agents: &BTreeMap<AgentId, Judged>) -> Option<Polling> {
    match agents.get(&device.agent) {
        Some(_) if state.scan_task(device.scan_task).is_none() => Some(Polling::NotPolled),
        Some(judged) => judged.polling,
        None => Some(Polling::NotPolled),
    }
}
