//! What is to be told and has not been: gathered from what was committed and from orders on their way.

use crate::{Agents, Batch, Engine};
use adit_core::{
    event::{Event, device_of},
    fleet::CommandId,
    ids::{DeviceId, RequestId, SiteId, UserId},
    requests::{ItemState, Request},
    state::State,
};
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};
use tokio::sync::broadcast::{Receiver, error::TryRecvError};

/// Changes since the last look, whoever may see them.
#[derive(Default)]
pub struct Changes {
    /// Requests that are new or stand elsewhere.
    pub requests: BTreeSet<RequestId>,
    /// Items of requests, by their place.
    pub items: BTreeMap<RequestId, BTreeSet<u32>>,
    /// Devices with another address or firmware, or new ones.
    pub renewed: BTreeSet<DeviceId>,
    /// Devices that other requests hold, or other drafts.
    pub marked: BTreeSet<DeviceId>,
    /// Sites of which my draft changed.
    pub drafts: BTreeSet<SiteId>,
    /// Agents, scan tasks, sites, containers or sub-accounts.
    pub agents: bool,
    /// Who may decide what, so that every open request may stand elsewhere.
    pub rules: bool,
    /// Devices may have come into or gone out of the reach of whoever does not see everything.
    pub moved: bool,
    /// More than is known has changed.
    pub missed: bool,
}

/// Where changes are heard of.
pub struct Sources {
    commits: Receiver<Batch>,
    /// Number of the last entry heard of.
    heard: u64,
    stages: Receiver<CommandId>,
}

impl Sources {
    /// From now on; gives the state at the beginning along with them.
    pub fn new(engine: &Engine, agents: &Agents) -> (Self, Arc<State>) {
        let (commits, stages) = (engine.subscribe(), agents.stages_reached());
        let state = engine.state();
        (Self { commits, heard: state.seq(), stages }, state)
    }

    /// Number of the last entry heard of.
    pub const fn heard(&self) -> u64 {
        self.heard
    }

    /// Takes in everything that has come. `me` is whose drafts count; `state` is at least as new as what has come.
    pub fn drain(&mut self, changes: &mut Changes, state: impl FnOnce() -> Arc<State>, me: UserId) -> Arc<State> {
        let mut batches = Vec::new();
        loop {
            match self.commits.try_recv() {
                Ok(batch) => batches.push(batch),
                Err(TryRecvError::Lagged(_)) => changes.missed = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        let state = state();
        for (seq, entry) in batches.iter().flat_map(|batch| batch.iter()) {
            if *seq > self.heard {
                self.heard = *seq;
                changes.take(&entry.event, &state, me);
            }
        }
        loop {
            match self.stages.try_recv() {
                Ok(command) => {
                    changes.items.entry(command.request).or_default().insert(command.item);
                }
                Err(TryRecvError::Lagged(_)) => changes.missed = true,
                Err(TryRecvError::Empty | TryRecvError::Closed) => break,
            }
        }
        state
    }
}

impl Changes {
    fn take(&mut self, event: &Event, now: &State, me: UserId) {
        match event {
            Event::DevicesFound { devices, .. } | Event::DevicesChanged { devices, .. } => {
                self.renewed.extend(devices.iter().map(|(device, _)| *device));
            }
            Event::DevicesClaimed { devices, .. } => {
                self.agents = true;
                self.renewed.extend(devices.iter().map(|(device, _)| *device));
            }
            Event::SiteCreated { .. }
            | Event::AgentCreated { .. }
            | Event::AgentEnrolled { .. }
            | Event::SiteChanged { .. }
            | Event::SiteRemoved { .. }
            | Event::AgentTokenReissued { .. }
            | Event::AgentChanged { .. }
            | Event::SitePolicyTold { .. }
            | Event::AgentRevoked { .. }
            | Event::ScanTaskCreated { .. }
            | Event::ScanTaskChanged { .. }
            | Event::ScanTaskRemoved { .. }
            | Event::ContainerCreated { .. }
            | Event::ContainerRenamed { .. }
            | Event::ContainerRemoved { .. }
            | Event::SubAccountCreated { .. }
            | Event::SubAccountRenamed { .. }
            | Event::SubAccountRemoved { .. } => self.agents = true,
            Event::GroupSet { .. }
            | Event::DevicesPlaced { .. }
            | Event::DevicesAssigned { .. }
            | Event::DevicesMoved { .. } => {
                (self.rules, self.moved) = (true, true);
            }
            Event::GrantAdded { .. }
            | Event::GrantChanged { .. }
            | Event::GrantRemoved { .. }
            | Event::UserSuspended { .. }
            | Event::UserUnsuspended { .. }
            | Event::RoleSet { .. }
            | Event::UserRemoved { .. }
            | Event::EmailVerified { .. }
            | Event::SignInChanged { .. }
            | Event::KeysReleased { .. }
            | Event::AccountOpened { .. }
            | Event::SecondFactorRequired { .. }
            | Event::PolicySet { .. }
            | Event::OwnershipTransferred { .. }
            | Event::AccountDeletionBegun { .. }
            | Event::AccountDeletionUndone { .. }
            | Event::SafeguardsSet { .. }
            | Event::AccountRenamed { .. }
            | Event::AccountFrozen { .. }
            | Event::AccountUnfrozen { .. }
            | Event::GovernanceDegraded { .. }
            | Event::GovernanceRestored { .. }
            | Event::RecoveryUsed { .. }
            | Event::RecoveryReviewed { .. } => self.rules = true,
            Event::DraftPut { user, site, .. }
            | Event::DraftTaken { user, site, .. }
            | Event::DraftClosed { user, site, .. }
            | Event::DraftSubmitted { user, site, .. }
                if *user == me =>
            {
                self.drafts.insert(*site);
            }
            _ => {}
        }
        if let Some(id) = event.request() {
            self.requests.insert(id);
            if let Some(request) = now.request(id) {
                self.take_request(event, request);
            }
        }
    }

    fn take_request(&mut self, event: &Event, request: &Request) {
        let items = self.items.entry(request.id).or_default();
        match event {
            Event::VoteCast { .. }
            | Event::VoteWithdrawn { .. }
            | Event::OfferAccepted { .. }
            | Event::RequestCommented { .. } => return,
            Event::ItemsEnded { results, .. } => items.extend(results.iter().map(|(item, _)| *item)),
            Event::PowerMeasured { power, .. } => items.extend(power.iter().map(|(item, _)| *item)),
            Event::TargetsDropped { by, items: taken, .. } => {
                items.extend(taken);
                self.requests.insert(*by);
            }
            Event::RequestExecuting { agents, skipped, .. } => {
                items.extend(agents.iter().map(|(item, _)| *item));
                items.extend(skipped.iter().map(|(item, _)| *item));
            }
            Event::RequestEnded { .. } => {
                let places = (0_u32..).zip(&request.items);
                items.extend(places.filter(|(_, item)| **item == ItemState::Waiting).map(|(place, _)| place));
            }
            _ => {}
        }
        self.marked.extend(request.payload.targets.iter().filter_map(|target| device_of(*target)));
    }
}
