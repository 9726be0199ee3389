//! An agent with its journal, and the miners it can reach. It follows the same rules as the real one: an order is written down
//! before it is begun, is known again when it comes a second time, and is begun once more after a crash only if doing it
//! twice is the same as doing it once.

use adit_core::{
    fleet::{CommandId, Ending, Order, TargetResult},
    ids::AgentId,
    requests::ContentHash,
    time::Timestamp,
};
use std::collections::{BTreeMap, BTreeSet};

/// An order as it travels.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub command: CommandId,
    pub order: Order,
    pub approval: ContentHash,
    pub deadline: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Progress {
    Noted,
    Begun,
    Ended(TargetResult),
}

/// What survives the agent's death.
struct Line {
    message: Message,
    progress: Progress,
}

pub struct Agent {
    pub id: AgentId,
    pub connected: bool,
    journal: BTreeMap<CommandId, Line>,
    /// Results the server has not confirmed.
    unconfirmed: BTreeSet<CommandId>,
    /// How often each order took effect on its target: the truth.
    pub applied: BTreeMap<CommandId, u32>,
}

/// How a step at a miner goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Luck {
    /// Done and read back.
    Well,
    /// The agent dies before the miner heard of it.
    DiesBefore,
    /// The miner has done it, and the agent dies before it is noted.
    DiesAfter,
    /// The miner refuses.
    Refused,
    /// The miner has done it and nothing can be read back.
    Unseen,
}

fn is_idempotent(order: &Order) -> bool {
    match order {
        Order::Device { operation, .. } => operation.is_idempotent(),
        Order::RestartWorkers {} => false,
    }
}

impl Agent {
    pub fn new(id: AgentId) -> Self {
        Self { id, connected: true, journal: BTreeMap::new(), unconfirmed: BTreeSet::new(), applied: BTreeMap::new() }
    }

    /// An order arrives; one that is known already changes nothing, whatever its content.
    pub fn take(&mut self, message: Message) {
        self.journal.entry(message.command).or_insert(Line { message, progress: Progress::Noted });
    }

    /// The next order to work on: begun ones first, one at a time for a device.
    fn next(&self, at: usize) -> Option<CommandId> {
        let open: Vec<_> = self.journal.values().filter(|line| !matches!(line.progress, Progress::Ended(_))).collect();
        let begun = open.iter().find(|line| line.progress == Progress::Begun);
        begun.or_else(|| open.get(at % open.len().max(1))).map(|line| line.message.command)
    }

    /// Works on one order. Gives the order that was begun, for the world to look at.
    pub fn work(&mut self, at: usize, luck: Luck, now: Timestamp) -> Option<Message> {
        let command = self.next(at)?;
        let line = self.journal.get_mut(&command)?;
        if line.progress == Progress::Noted && now >= line.message.deadline {
            self.end(command, Ending::TimedOut);
            return None;
        }
        line.progress = Progress::Begun;
        let message = line.message.clone();
        if matches!(luck, Luck::Well | Luck::DiesAfter | Luck::Unseen) {
            *self.applied.entry(command).or_default() += 1;
        }
        match luck {
            Luck::Well => self.end(command, Ending::Verified),
            Luck::Refused => self.end(command, Ending::Failed),
            Luck::Unseen => self.end(command, Ending::Unknown),
            Luck::DiesBefore | Luck::DiesAfter => self.restart(),
        }
        Some(message)
    }

    /// Dies and comes back: what was begun is noted anew if it may be repeated, else nobody knows.
    pub fn restart(&mut self) {
        let begun: Vec<_> = self
            .journal
            .values()
            .filter(|line| line.progress == Progress::Begun)
            .map(|line| (line.message.command, is_idempotent(&line.message.order)))
            .collect();
        for (command, again) in begun {
            match self.journal.get_mut(&command) {
                Some(line) if again => line.progress = Progress::Noted,
                _ => self.end(command, Ending::Unknown),
            }
        }
    }

    fn end(&mut self, command: CommandId, ending: Ending) {
        if let Some(line) = self.journal.get_mut(&command) {
            line.progress = Progress::Ended(TargetResult::of(ending, "simulated"));
            self.unconfirmed.insert(command);
        }
    }

    /// Results to send, again and again until they are confirmed.
    pub fn results(&self) -> Vec<(CommandId, TargetResult)> {
        let result = |command: &CommandId| match &self.journal.get(command)?.progress {
            Progress::Ended(result) => Some((*command, result.clone())),
            _ => None,
        };
        self.unconfirmed.iter().filter_map(result).collect()
    }

    /// A known order that has ended is reported again when it comes again.
    pub fn remind(&mut self, command: CommandId) {
        if self.journal.get(&command).is_some_and(|line| matches!(line.progress, Progress::Ended(_))) {
            self.unconfirmed.insert(command);
        }
    }

    pub fn confirmed(&mut self, commands: &[CommandId]) {
        for command in commands {
            self.unconfirmed.remove(command);
        }
    }

    pub fn is_idle(&self) -> bool {
        self.unconfirmed.is_empty() && self.next(0).is_none()
    }
}
