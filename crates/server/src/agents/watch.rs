//! Whether agents are there and keep up: looked at once a second, and what follows for what is known of their devices.

use super::Agents;
use adit_core::{
    fleet::Device,
    ids::AgentId,
    state::State,
    time::{Millis, Timestamp},
};
use adit_telemetry::{AgentCondition, Load, LoadHistory, Polling, RETURN_WITHIN};
use adit_wire::PollLoad;
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

/// How an agent does, and since when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Health {
    /// How it does.
    pub condition: AgentCondition,
    /// Since when, as far as this server knows.
    pub since: Timestamp,
}

#[derive(Default)]
struct Watched {
    load: LoadHistory,
    /// The last frame of it.
    heard_at: Option<Timestamp>,
    health: Option<Health>,
}

/// What the watch has applied to the live table.
#[derive(Default)]
struct Applied {
    seq: u64,
    polling: BTreeMap<AgentId, Option<Polling>>,
}

/// What is known of every agent's connection and load.
pub(super) struct Watch {
    /// Agents that have not been heard of since then are waited for for a while.
    started_at: Timestamp,
    agents: Mutex<BTreeMap<AgentId, Watched>>,
    applied: Mutex<Applied>,
}

impl Watch {
    pub fn new(started_at: Timestamp) -> Self {
        Self { started_at, agents: Mutex::default(), applied: Mutex::default() }
    }

    fn agents(&self) -> MutexGuard<'_, BTreeMap<AgentId, Watched>> {
        self.agents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A frame of it has come.
    pub fn heard(&self, agent: AgentId, at: Timestamp) {
        self.agents().entry(agent).or_default().heard_at = Some(at);
    }

    /// It tells how it keeps up.
    pub fn take(&self, agent: AgentId, told: &PollLoad, at: Timestamp) {
        let load = Load {
            lag: Millis(told.lag_ms),
            due: told.due,
            done: told.done,
            interval: Millis(told.interval_ms.clamp(1_000, 3_600_000)),
        };
        self.agents().entry(agent).or_default().load.take(load, at);
    }

    /// Judges every agent of a state anew; how each one's devices are polled, or nothing where it is still waited for.
    fn judge(&self, state: &State, configured: Millis, now: Timestamp) -> BTreeMap<AgentId, Option<Polling>> {
        let mut agents = self.agents();
        agents.retain(|agent, _| state.agent(*agent).is_some());
        let all = state.accounts().flat_map(|account| state.agents_of(account.id));
        all.map(|agent| {
            let watched = agents.entry(agent.id).or_default();
            let waited_for = watched.heard_at.is_none() && now < self.started_at.after(RETURN_WITHIN);
            if waited_for {
                return (agent.id, None);
            }
            let condition = watched.load.condition(agent.paused, watched.heard_at, now);
            if watched.health.is_none_or(|health| health.condition != condition) {
                let since = if condition == AgentCondition::Gone { watched.heard_at.unwrap_or(now) } else { now };
                watched.health = Some(Health { condition, since });
            }
            let interval = watched.load.last().map_or(configured, |load| load.interval);
            let polling = match condition {
                AgentCondition::Gone => Polling::Gone,
                AgentCondition::Paused => Polling::Paused,
                AgentCondition::Overloaded | AgentCondition::Late | AgentCondition::Well => {
                    Polling::Polled { interval }
                }
            };
            (agent.id, Some(polling))
        })
        .collect()
    }
}

impl Agents {
    /// How an agent does; `None` while it is waited for after the server's start.
    #[must_use]
    pub fn health(&self, agent: AgentId) -> Option<Health> {
        self.watch.agents().get(&agent)?.health
    }

    /// What it told last of its polls.
    #[must_use]
    pub fn load(&self, agent: AgentId) -> Option<Load> {
        self.watch.agents().get(&agent)?.load.last()
    }

    /// The last frame of it.
    #[must_use]
    pub fn heard_at(&self, agent: AgentId) -> Option<Timestamp> {
        self.watch.agents().get(&agent)?.heard_at
    }

    /// Between two polls of a device, as it is asked of every agent.
    #[must_use]
    pub fn configured_interval(&self) -> Millis {
        Millis::seconds(self.poll_interval_s.into())
    }

    /// Looks how agents do, and lets the live table know what that means for their devices.
    pub(super) fn look(&self) {
        let (state, now) = (self.engine.state(), self.engine.now());
        let polling = self.watch.judge(&state, self.configured_interval(), now);
        let mut applied = self.watch.applied.lock().unwrap_or_else(PoisonError::into_inner);
        let changed = applied.seq != state.seq() || applied.polling != polling;
        if changed {
            let of = |device: &Device| Some((device.id, polling_of(&state, device, &polling)?));
            let devices: Vec<_> = state.devices().filter_map(of).collect();
            self.live.write().set_polling(devices, now);
            *applied = Applied { seq: state.seq(), polling };
        }
        self.live.write().pass(now);
    }
}

/// How a device is polled; nothing where its agent is still waited for.
fn polling_of(state: &State, device: &Device, agents: &BTreeMap<AgentId, Option<Polling>>) -> Option<Polling> {
    match agents.get(&device.agent) {
        Some(_) if state.scan_task(device.scan_task).is_none() => Some(Polling::NotPolled),
        Some(polling) => *polling,
        None => Some(Polling::NotPolled),
    }
}
