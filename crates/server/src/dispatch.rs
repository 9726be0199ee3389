//! From an approved request to signed orders, and how far each order has come.
//!
//! An order goes only to the agent named when the request began to be carried out. Sending it again is harmless: the
//! agent's journal takes each order once.

use adit_core::{
    fleet::{CommandId, Order, SecretRef},
    ids::{AgentId, RequestId},
    requests::Approved,
    state::State,
    time::Timestamp,
};
use adit_wire::{CommandBody, ServerKey, SignatureError, SignedCommand, Subject};
use std::{
    collections::{BTreeMap, HashMap},
    sync::{Mutex, MutexGuard, PoisonError},
};
use tokio::sync::broadcast;

/// How far an order has come that has not ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stage {
    /// Sent to its agent, who has not said anything yet.
    Dispatched,
    /// In its agent's journal.
    Received,
}

impl Stage {
    /// Its name in the interface. Without a stage an order waits for its agent.
    #[must_use]
    pub const fn word(stage: Option<Self>) -> &'static str {
        match stage {
            None => "queued",
            Some(Self::Dispatched) => "dispatched",
            Some(Self::Received) => "received",
        }
    }
}

/// Orders a listener may be behind before it has to look at all of them.
const BEHIND: usize = 16_384;

/// Stages of all open orders. In memory only: after a restart they are learned anew.
pub(crate) struct Stages {
    known: Mutex<BTreeMap<RequestId, HashMap<u32, Stage>>>,
    reached: broadcast::Sender<CommandId>,
}

impl Default for Stages {
    fn default() -> Self {
        Self { known: Mutex::default(), reached: broadcast::Sender::new(BEHIND) }
    }
}

impl Stages {
    /// Each order that comes further from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<CommandId> {
        self.reached.subscribe()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RequestId, HashMap<u32, Stage>>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn get(&self, command: CommandId) -> Option<Stage> {
        self.lock().get(&command.request)?.get(&command.item).copied()
    }

    /// An order has come this far; it never goes back.
    pub fn reached(&self, command: CommandId, stage: Stage) {
        let mut stages = self.lock();
        let of_request = stages.entry(command.request).or_default();
        let before = of_request.get(&command.item).copied();
        if before < Some(stage) {
            of_request.insert(command.item, stage);
            drop(stages);
            // Nobody may be listening.
            let _ = self.reached.send(command);
        }
    }

    pub fn ended(&self, request: RequestId, items: impl Iterator<Item = u32>) {
        let mut stages = self.lock();
        if let Some(of_request) = stages.get_mut(&request) {
            for item in items {
                of_request.remove(&item);
            }
        }
    }

    pub fn forget(&self, request: RequestId) {
        self.lock().remove(&request);
    }

    /// Forgets every request that is not being carried out.
    pub fn keep_executing(&self, state: &State) {
        let executing: Vec<_> = state.executing().map(|request| request.id).collect();
        self.lock().retain(|request, _| executing.contains(request));
    }
}

/// Everything of a request that is `agent`'s to carry out.
pub(crate) fn work_of(state: &State, request: RequestId, agent: AgentId) -> impl Iterator<Item = Approved> {
    state.open_work(request).into_iter().filter(move |work| work.agent() == agent)
}

/// Everything there is for `agent` to carry out.
pub(crate) fn all_work_of(state: &State, agent: AgentId) -> impl Iterator<Item = Approved> {
    state.executing().map(|request| request.id).flat_map(move |request| work_of(state, request, agent))
}

/// What an order is given in.
pub(crate) struct Addressed<'a> {
    /// The agent's session.
    pub session: &'a str,
    /// As which of its orders.
    pub sequence: u64,
    /// By the server's clock.
    pub now: Timestamp,
}

/// An order as it goes out.
pub(crate) struct Signed {
    pub command: SignedCommand,
    /// The passwords that go beside it, by what stands for them in it.
    pub named: Vec<SecretRef>,
}

/// Turns leave to carry out an item into the order for it, to the machine that is known under its number now; `None` if there is none.
pub(crate) fn sign(
    key: &ServerKey,
    state: &State,
    work: Approved,
    to: &Addressed<'_>,
) -> Result<Option<Signed>, SignatureError> {
    let (command, agent) = (work.command(), work.agent());
    let (order, approval, deadline) = work.spend();
    let subject = match &order {
        Order::Device { device, .. } => {
            let Some(found) = state.device(*device).map(|device| &device.found) else { return Ok(None) };
            Some(Subject { identity: found.identity.clone(), ip: found.ip })
        }
        Order::RestartWorkers {} => None,
    };
    let body = CommandBody {
        command,
        agent,
        session: to.session.to_owned(),
        sequence: to.sequence,
        issued_at: to.now,
        order,
        subject,
        approval: approval.to_string(),
        deadline,
    };
    let named = match &body.order {
        Order::Device { operation, .. } => operation.passwords().cloned().collect(),
        Order::RestartWorkers {} => Vec::new(),
    };
    key.sign(&body).map(|command| Some(Signed { command, named }))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use tokio::sync::broadcast::error::TryRecvError;

    #[test]
    fn an_order_that_comes_further_is_told_of_once() {
        let stages = Stages::default();
        let command = CommandId { request: RequestId(1_u128.into()), item: 0 };
        let mut told = stages.subscribe();
        for (stage, news) in
            [(Stage::Dispatched, true), (Stage::Dispatched, false), (Stage::Received, true), (Stage::Dispatched, false)]
        {
            stages.reached(command, stage);
            let heard = told.try_recv();
            assert_eq!(heard, if news { Ok(command) } else { Err(TryRecvError::Empty) }, "{stage:?}");
        }
        assert_eq!(stages.get(command), Some(Stage::Received));
    }
}
