//! The agent as its parts see it: the configuration in force, the devices, the workers, and what is permitted now.

use crate::{
    collect::{Collector, poll},
    executor::{Seat, Site},
    policy::word,
    workers::Workers,
};
use adit_core::{
    fleet::{Operation, Order, Reading, TargetResult},
    ids::DeviceId,
};
use adit_wire::{AgentConfig, AgentMode, CommandBody, KnownDevice, PollLoad, Subject};
use async_trait::async_trait;
use std::{
    collections::HashMap,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

pub(crate) struct AgentSite {
    pub collector: Arc<Collector>,
    pub workers: Workers,
    config: RwLock<Option<AgentConfig>>,
}

impl AgentSite {
    pub fn new(collector: Arc<Collector>) -> Self {
        Self { workers: Workers::new(Arc::clone(&collector)), collector, config: RwLock::default() }
    }

    /// Puts a configuration in force.
    pub async fn configure(&self, config: AgentConfig) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = Some(config.clone());
        let tasks: Vec<_> = config.scan_tasks.iter().map(|task| task.id).collect();
        self.collector.sightings.keep_tasks(&tasks);
        self.collector.registry.configure(&config);
        self.workers.configure(&config).await;
    }

    /// Takes part of the list of known devices. After its last part the server is told what the sweeps saw and it does not know.
    pub fn devices(&self, devices: Vec<KnownDevice>, last: bool) {
        let registry = &self.collector.registry;
        registry.update(devices, last);
        if last {
            let news = self
                .collector
                .sightings
                .news(|found| registry.at(found.ip).is_none_or(|member| member.known.identity != found.identity));
            for (task, found) in news {
                self.collector.outbox.found(task, found);
            }
        }
    }

    /// Tells the server once more where the sweeps have seen devices that are silent at the addresses at which it knows them: it
    /// follows nobody who still answers. What it does not take is told again.
    pub fn tell_of_the_silent(&self) {
        let registry = &self.collector.registry;
        let silent = registry.silent();
        if silent.is_empty() {
            return;
        }
        let by_mac: HashMap<_, _> = silent.iter().filter_map(|m| Some((m.known.identity.mac.as_ref()?, m))).collect();
        let by_serial: HashMap<_, _> =
            silent.iter().filter_map(|m| Some((m.known.identity.serial.as_ref()?, m))).collect();
        let moved = self.collector.sightings.news(|found| {
            let of_mac = found.identity.mac.as_ref().and_then(|mac| by_mac.get(mac));
            let meant = of_mac.or_else(|| by_serial.get(found.identity.serial.as_ref()?));
            let is_elsewhere = meant.is_some_and(|member| member.known.ip != found.ip);
            // Whoever is known there and answers is somebody else.
            is_elsewhere && registry.at(found.ip).is_none_or(|member| !member.answers())
        });
        for (task, found) in moved {
            self.collector.outbox.found(task, found);
        }
    }

    /// The server will have nothing to do with us: nothing is swept or polled until it greets us again.
    pub async fn refused(&self) {
        *self.config.write().unwrap_or_else(PoisonError::into_inner) = None;
        self.workers.stop().await;
    }

    /// How it keeps up with its polls.
    pub fn load(&self) -> PollLoad {
        let config = self.config.read().unwrap_or_else(PoisonError::into_inner);
        let configured = config.as_ref().map_or(0, |config| config.poll_interval_s);
        self.collector.load.told(Duration::from_secs(configured.into()), self.collector.registry.len())
    }

    fn mode_refusal(&self) -> Option<&'static str> {
        match self.config.read().unwrap_or_else(PoisonError::into_inner).as_ref() {
            None => Some("the agent has no configuration"),
            Some(config) if config.mode == AgentMode::MonitoringOnly => Some("the agent is monitoring only"),
            Some(config) if config.paused => Some("the agent is paused"),
            Some(_) => None,
        }
    }
}

/// Why the machine that an order means is not the one that is known here under its number, if it is not.
fn other_machine(meant: Option<&Subject>, known: &KnownDevice) -> Option<String> {
    let Some(Subject { identity, ip }) = meant else {
        return Some(format!("the order does not say which machine {} is", known.device));
    };
    if *identity != known.identity {
        return Some(format!("the order means another machine than {} is known as here", known.device));
    }
    (*ip != known.ip).then(|| format!("the order is for {ip}, and {} is at {} now", known.device, known.ip))
}

#[async_trait]
impl Site for AgentSite {
    fn seat(&self, device: DeviceId) -> Option<Seat> {
        self.collector.registry.get(device).map(|member| member.seat.clone())
    }

    fn refusal(&self, command: &CommandBody) -> Option<String> {
        let order = &command.order;
        if let Some(reason) = self.mode_refusal() {
            return Some(reason.to_owned());
        }
        let policy = &self.collector.policy;
        if let Some(reason) = policy.forbids(order) {
            return Some(reason);
        }
        let Order::Device { device, operation } = order else { return None };
        let Some(member) = self.collector.registry.get(*device) else {
            return Some(format!("{device} is not known to this agent"));
        };
        if let Some(reason) = other_machine(command.subject.as_ref(), &member.known) {
            return Some(reason);
        }
        if policy.forbids_address(member.known.ip) {
            return Some(format!("the site's local policy forbids the address {}", member.known.ip));
        }
        if !member.seat.device.supports(operation.kind()) {
            return Some(format!("{device} does not support {}", word(operation.kind())));
        }
        match operation {
            Operation::SetPowerMode { mode } if !member.seat.device.modes().contains(mode) => {
                Some(format!("{device} does not have this power mode"))
            }
            _ => None,
        }
    }

    fn polled(&self, reading: Reading) {
        self.collector.outbox.polled(poll::trimmed(reading).into());
    }

    async fn restart_workers(&self) -> TargetResult {
        self.workers.restart().await
    }

    async fn ended(&self, command: &CommandBody, result: TargetResult) {
        self.collector.outbox.result(command.command, result);
        if let Order::Device { device, .. } = &command.order
            && self.mode_refusal() != Some("the agent is paused")
        {
            poll::at_once(&self.collector, *device).await;
        }
    }
}
