//! What an agent says: found devices, readings, receipts, results, how it does.

use super::{End, Session};
use crate::{
    agents::{Spent, bounds, known},
    decider::CommandError,
    dispatch::Stage,
};
use adit_core::{
    authz::Actor,
    command::{Command, Reply},
    fleet::{CommandId, Device, FoundDevice},
    ids::{DeviceId, ScanTaskId},
    requests::ItemState,
    state::State,
};
use adit_wire::{CommandResult, KnownDevice, MAX_ROWS, ToAgent, ToServer};
use std::collections::BTreeSet;

impl Session<'_> {
    /// Is the order the agent's to carry out, and has it not ended?
    fn holds(&self, state: &State, command: CommandId) -> bool {
        let request = state.request(command.request);
        let item = request.and_then(|request| request.items.get(command.item as usize));
        item == Some(&ItemState::Open { agent: self.agent })
    }

    /// Takes in what it said on its connection of this number; what there is to answer.
    pub(super) async fn take(&self, number: u64, heard: ToServer) -> Result<Option<ToAgent>, End> {
        match heard {
            ToServer::Greeting { .. } => Err("it greeted twice".to_owned()),
            ToServer::Found { scan_task, devices } => {
                bounded(devices.len())?;
                self.found(scan_task, devices).await
            }
            ToServer::Polled { mut results } => {
                bounded(results.len())?;
                let state = self.agents.engine.state();
                results.retain(|result| state.device(result.device()).is_some_and(|device| device.agent == self.agent));
                self.agents.live.hear(&results, self.agents.engine.now());
                Ok(None)
            }
            ToServer::Received { commands } => {
                bounded(commands.len())?;
                let state = self.agents.engine.state();
                for command in commands {
                    if self.holds(&state, command) && self.agents.stages.get(command).is_some() {
                        self.agents.stages.reached(command, Stage::Received);
                    }
                }
                Ok(None)
            }
            ToServer::Results { results } => {
                bounded(results.len())?;
                self.results(results).await.map(Some)
            }
            ToServer::Status(status) => {
                bounded(status.workers.len())?;
                self.agents.set_status(self.agent, number, status);
                Ok(None)
            }
            ToServer::Load(load) => {
                self.agents.watch.take(self.agent, &load, self.agents.engine.now());
                Ok(None)
            }
        }
    }

    async fn found(&self, scan_task: ScanTaskId, mut devices: Vec<FoundDevice>) -> Result<Option<ToAgent>, End> {
        devices.retain(bounds::is_sound);
        self.keep_news_within_bounds(&mut devices);
        let heard = self.answering(&mut devices);
        let identities: Vec<_> = devices.iter().map(|device| device.identity.clone()).collect();
        let command = Command::ReportDevices { agent: self.agent, scan_task, devices, heard };
        match self.agents.engine.run(Actor::system(self.account), command).await {
            Ok(Reply::Taken { left_out }) if left_out > 0 => {
                tracing::warn!(agent = %self.agent, left_out, "it has as many devices as an agent may, and gets no more");
            }
            Ok(_) => {}
            Err(CommandError::Rejected(rejection)) => {
                tracing::warn!(agent = %self.agent, %scan_task, %rejection, "found devices are not taken in");
                return Ok(None);
            }
            Err(error) => return Err(error.to_string()),
        }
        let state = self.agents.engine.state();
        let devices: Vec<KnownDevice> = identities
            .iter()
            .flat_map(|identity| state.devices_by_identity(self.account, identity))
            .filter(|device| device.agent == self.agent)
            .map(known)
            .collect();
        let ids = devices.iter().map(|device| device.device);
        self.agents.live.take(&state, ids, self.agents.engine.now());
        Ok(Some(ToAgent::Devices { devices, last: false }))
    }

    /// What is new about devices goes into the log. Beyond what an agent may bring it waits for a later sweep.
    fn keep_news_within_bounds(&self, devices: &mut Vec<FoundDevice>) {
        let state = self.agents.engine.state();
        let is_news = |found: &FoundDevice| {
            let known = state.device_by_identity(self.account, &found.identity);
            known.is_none_or(|known| known.found != *found || known.agent != self.agent)
        };
        let before = devices.len();
        devices.retain(|found| !is_news(found) || self.agents.spend(self.agent, Spent::News, 1));
        let waiting = before - devices.len();
        if waiting > 0 {
            tracing::warn!(agent = %self.agent, waiting, "it brings more news of devices than an agent may; the rest waits for a later sweep");
        }
    }

    /// Those of the devices it reports that answer where they are known: none of them is followed to another address, or taken
    /// over by another agent. What it sees elsewhere of its own of which its next polls will tell whether they answer is left out
    /// until they do; it is told again.
    fn answering(&self, devices: &mut Vec<FoundDevice>) -> BTreeSet<DeviceId> {
        let state = self.agents.engine.state();
        let live = self.agents.live.read();
        let mut heard = BTreeSet::new();
        devices.retain(|found| {
            let is_pending = |device: &&Device| {
                // One that the live table does not know yet has not been looked at either.
                let answers = live.row(device.id).and_then(|row| row.answers());
                if answers == Some(true) {
                    heard.insert(device.id);
                }
                answers.is_none() && device.agent == self.agent && device.found.ip != found.ip
            };
            state.devices_by_identity(self.account, &found.identity).filter(is_pending).count() == 0
        });
        heard
    }

    /// Makes results durable and says so; also of those that were known before, which change nothing. If that fails, the
    /// connection ends: the agent repeats them on the next.
    async fn results(&self, results: Vec<CommandResult>) -> Result<ToAgent, End> {
        let commands = results.iter().map(|result| result.command).collect();
        let results = results.into_iter().map(|r| (r.command, bounds::cut(r.result))).collect();
        let command = Command::ReportResults { agent: self.agent, results };
        let reply = self.agents.engine.run(Actor::system(self.account), command).await.map_err(|e| e.to_string())?;
        if let Reply::Taken { left_out: foreign @ 1.. } = reply {
            tracing::warn!(agent = %self.agent, foreign, "results of orders that it does not hold are refused");
        }
        Ok(ToAgent::ResultsStored { commands })
    }
}

fn bounded(rows: usize) -> Result<(), End> {
    if rows > MAX_ROWS { Err(format!("{rows} rows in one frame")) } else { Ok(()) }
}

/// Rows of a frame that are worth counting.
pub(super) fn rows(heard: &ToServer) -> usize {
    match heard {
        ToServer::Found { devices, .. } => devices.len(),
        ToServer::Polled { results } => results.len(),
        ToServer::Received { commands } => commands.len(),
        ToServer::Results { results } => results.len(),
        ToServer::Greeting { .. } | ToServer::Status(_) | ToServer::Load(_) => 0,
    }
}
