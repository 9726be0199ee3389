//! What waits to be sent to the server. Filled by everybody, emptied by the link.
//!
//! Results of polls are of the moment: without a connection they are dropped, not sent late as if they were new. Results of orders stay until
//! the server says that it has stored them, and are sent again after every reconnection.

use adit_core::{
    fleet::{CommandId, FoundDevice, PollResult, TargetResult},
    ids::ScanTaskId,
};
use adit_wire::{AgentStatus, CommandResult, MAX_FRAME, MAX_ROWS, PollLoad, ToServer};
use std::{
    collections::BTreeMap,
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::Notify;

/// Most results of polls kept for the next batch.
const MAX_POLLED: usize = 100_000;

#[derive(Default)]
struct Waiting {
    connected: bool,
    status: bool,
    received: Vec<CommandId>,
    found: BTreeMap<ScanTaskId, Vec<FoundDevice>>,
    polled: Vec<PollResult>,
    /// Results not stored yet, and whether they were sent over this connection.
    results: BTreeMap<CommandId, (TargetResult, bool)>,
}

#[derive(Default)]
pub(crate) struct Outbox {
    waiting: Mutex<Waiting>,
    /// Something should not wait for the next batch.
    pub urgent: Notify,
}

impl Outbox {
    fn waiting(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A connection is there: everything that may have been lost with the last one is to be sent again.
    pub fn connected(&self) {
        let mut waiting = self.waiting();
        waiting.connected = true;
        waiting.status = true;
        waiting.results.values_mut().for_each(|(_, sent)| *sent = false);
        drop(waiting);
        self.urgent.notify_one();
    }

    pub fn disconnected(&self) {
        let mut waiting = self.waiting();
        waiting.connected = false;
        waiting.received.clear();
        waiting.found.clear();
        waiting.polled.clear();
    }

    pub fn polled(&self, result: PollResult) {
        let mut waiting = self.waiting();
        if waiting.connected && waiting.polled.len() < MAX_POLLED {
            waiting.polled.push(result);
        }
    }

    pub fn found(&self, task: ScanTaskId, device: FoundDevice) {
        let mut waiting = self.waiting();
        if waiting.connected {
            waiting.found.entry(task).or_default().push(device);
        }
    }

    pub fn status_changed(&self) {
        self.waiting().status = true;
        self.urgent.notify_one();
    }

    pub fn received(&self, commands: impl IntoIterator<Item = CommandId>) {
        self.waiting().received.extend(commands);
        self.urgent.notify_one();
    }

    pub fn result(&self, command: CommandId, result: TargetResult) {
        self.waiting().results.insert(command, (result, false));
        self.urgent.notify_one();
    }

    pub fn stored(&self, commands: &[CommandId]) {
        let mut waiting = self.waiting();
        for command in commands {
            waiting.results.remove(command);
        }
    }

    /// The frames to send now, and nothing twice over one connection.
    pub fn frames(&self, status: impl FnOnce() -> (AgentStatus, PollLoad)) -> Vec<String> {
        let (received, status_due, found, polled, results) = {
            let mut waiting = self.waiting();
            let mut results = Vec::new();
            for (command, (result, sent)) in &mut waiting.results {
                if !std::mem::replace(sent, true) {
                    results.push(CommandResult { command: *command, result: result.clone() });
                }
            }
            (
                std::mem::take(&mut waiting.received),
                std::mem::take(&mut waiting.status),
                std::mem::take(&mut waiting.found),
                std::mem::take(&mut waiting.polled),
                results,
            )
        };
        let mut frames = Vec::new();
        split(&mut frames, received, &|commands| ToServer::Received { commands });
        if status_due {
            let (status, load) = status();
            frames.extend(text(&ToServer::Status(status)));
            frames.extend(text(&ToServer::Load(load)));
        }
        // First, for by them it is judged whether a device that was found elsewhere has left its address.
        split(&mut frames, polled, &|results| ToServer::Polled { results });
        for (scan_task, devices) in found {
            split(&mut frames, devices, &|devices| ToServer::Found { scan_task, devices });
        }
        split(&mut frames, results, &|results| ToServer::Results { results });
        frames
    }
}

/// Cuts rows into frames that keep both limits of the wire.
fn split<T: Clone>(frames: &mut Vec<String>, rows: Vec<T>, message: &impl Fn(Vec<T>) -> ToServer) {
    for part in rows.chunks(MAX_ROWS) {
        let Some(frame) = text(&message(part.to_vec())) else { continue };
        if frame.len() <= MAX_FRAME {
            frames.push(frame);
        } else if part.len() > 1 {
            let (left, right) = part.split_at(part.len() / 2);
            split(frames, left.to_vec(), message);
            split(frames, right.to_vec(), message);
        } else {
            tracing::error!(bytes = frame.len(), "one row is larger than a frame and is not sent");
        }
    }
}

fn text(message: &ToServer) -> Option<String> {
    serde_json::to_string(message).inspect_err(|error| tracing::error!(%error, "a message cannot be written")).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::{
        fleet::{Ending, Pool, Reading},
        ids::{DeviceId, RequestId},
    };

    fn status() -> (AgentStatus, PollLoad) {
        let load = PollLoad { lag_ms: 0, due: 0, done: 0, interval_ms: 30_000 };
        (AgentStatus { workers: Vec::new(), open_commands: 0, devices: 0 }, load)
    }

    fn rows(frames: &[String]) -> usize {
        let count = |frame: &String| match serde_json::from_str(frame).unwrap() {
            ToServer::Polled { results } => results.len(),
            _ => 0,
        };
        frames.iter().map(count).sum()
    }

    #[test]
    fn long_lists_are_cut_by_rows_and_by_bytes() {
        let outbox = Outbox::default();
        outbox.connected();
        outbox.frames(status);
        for n in 0..4_500 {
            outbox.polled(Reading::empty(DeviceId(n)).into());
        }
        let frames = outbox.frames(status);
        assert_eq!((frames.len(), rows(&frames)), (3, 4_500));
        for n in 0..2_000 {
            let pools = vec![Pool { url: "u".repeat(255), user: "w".repeat(128), password: None }; 3];
            let errors = vec!["e".repeat(120); 16];
            outbox.polled(Reading { pools: Some(pools), errors, ..Reading::empty(DeviceId(n)) }.into());
        }
        let frames = outbox.frames(status);
        assert_eq!(rows(&frames), 2_000);
        assert!(frames.len() > 1 && frames.iter().all(|frame| frame.len() <= MAX_FRAME));
    }

    #[test]
    fn results_come_again_after_each_reconnection_until_stored_and_readings_do_not_outlive_one() {
        let outbox = Outbox::default();
        let id = CommandId { request: RequestId(1_u128.into()), item: 0 };
        outbox.polled(Reading::empty(DeviceId(1)).into());
        outbox.result(id, TargetResult::of(Ending::Verified, "done"));
        let results = |frames: &[String]| frames.iter().filter(|frame| frame.contains(r#""type":"results""#)).count();
        outbox.connected();
        let frames = outbox.frames(status);
        assert_eq!((results(&frames), rows(&frames)), (1, 0));
        assert_eq!(results(&outbox.frames(status)), 0);
        outbox.disconnected();
        outbox.connected();
        assert_eq!(results(&outbox.frames(status)), 1);
        outbox.stored(&[id]);
        outbox.connected();
        assert_eq!(results(&outbox.frames(status)), 0);
    }
}
