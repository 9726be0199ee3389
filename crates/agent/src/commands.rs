//! Orders on their way in: signed by the server, for us, in time, new, permitted? What is refused is journaled as well, so that
//! the same order cannot be carried out later, when it would be permitted.
//!
//! A forged order, or one for another agent, gets no answer: whose id it bears is not to be believed.

use crate::{
    Clock,
    executor::{Executor, Site},
    journal::{Entry, Journal, Record},
    outcome,
    site::AgentSite,
};
use adit_core::{
    fleet::{CommandId, Ending, TargetResult},
    ids::AgentId,
    time::Timestamp,
};
use adit_wire::{CommandBody, GivenCommand, SignatureError, SignedCommand, VerifyingKey};
use std::{
    collections::{BTreeMap, HashSet},
    sync::{Arc, Mutex, PoisonError},
};

/// The longest order that is read, bytes.
const MAX_BODY: usize = 16 << 10;
/// Most orders taken and not ended.
const MAX_OPEN: usize = 100_000;
/// Most refusals remembered that the journal had no room for.
const MAX_UNWRITTEN: usize = 100_000;

pub(crate) struct Commands {
    pub agent: AgentId,
    pub server_key: VerifyingKey,
    pub clock: Clock,
    pub journal: Journal,
    pub executor: Executor,
    pub site: Arc<AgentSite>,
    /// The session under way, and the number of its last order.
    session: Mutex<(String, u64)>,
    /// Refused while the journal could not be written, with their deadlines.
    unwritten: Mutex<BTreeMap<CommandId, (Timestamp, TargetResult)>>,
}

impl Commands {
    pub fn new(
        (agent, server_key): (AgentId, VerifyingKey),
        clock: Clock,
        journal: Journal,
        executor: Executor,
        site: Arc<AgentSite>,
    ) -> Self {
        Self {
            agent,
            server_key,
            clock,
            journal,
            executor,
            site,
            session: Mutex::default(),
            unwritten: Mutex::default(),
        }
    }

    /// Takes what has arrived together; one write to the journal for all.
    pub async fn take(&self, batch: Vec<GivenCommand>) {
        let (mut records, mut bodies, mut refused) = (Vec::new(), Vec::new(), Vec::new());
        let mut again = Vec::new();
        let mut new = HashSet::new();
        let mut room = MAX_OPEN.saturating_sub(self.executor.open());
        for GivenCommand { command, passwords } in batch {
            let Some((body, expired)) = self.read(&command) else { continue };
            let id = body.command;
            if !new.insert(id) {
                continue;
            }
            match self.journal.entry(id) {
                Some(Entry::Ended { result, .. }) => {
                    self.site.collector.outbox.result(id, result);
                    continue;
                }
                Some(Entry::Received(_) | Entry::Started(_)) => {
                    self.executor.supply(id, passwords);
                    again.push(id);
                    continue;
                }
                None => {}
            }
            if let Some((_, result)) = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner).get(&id) {
                self.site.collector.outbox.result(id, result.clone());
                continue;
            }
            let refusal = if expired || body.deadline <= self.journal.floor() {
                Some(outcome(Ending::TimedOut, "arrived after its deadline"))
            } else if room == 0 {
                Some(outcome(Ending::Skipped, "the agent has too many open orders"))
            } else {
                self.site.refusal(&body).map(|reason| outcome(Ending::Skipped, reason))
            };
            records.push(Record::Received(body.clone()));
            match refusal {
                Some(result) => {
                    records.push(Record::Ended(id, result.clone()));
                    refused.push((body, result));
                }
                None => {
                    room -= 1;
                    bodies.push((body, passwords));
                }
            }
        }
        let outbox = &self.site.collector.outbox;
        outbox.received(again);
        if let Err(error) = self.journal.append(records).await {
            tracing::error!(%error, "orders are refused");
            let result = outcome(Ending::Skipped, format!("not begun, because {error}"));
            refused.extend(bodies.drain(..).map(|(body, _)| (body, result.clone())));
            self.remember_unwritten(&refused);
        }
        outbox.received(bodies.iter().map(|(body, _)| body.command));
        for (body, result) in refused {
            outbox.result(body.command, result);
        }
        bodies.into_iter().for_each(|(body, passwords)| self.executor.submit(body, passwords));
    }

    /// The server has these results.
    pub async fn stored(&self, commands: Vec<CommandId>) {
        self.site.collector.outbox.stored(&commands);
        let records = commands.into_iter().map(Record::Stored).collect();
        // If this is lost, the result is sent once more after the next start.
        if let Err(error) = self.journal.append(records).await {
            tracing::warn!(%error, "that results are stored could not be noted");
        }
    }

    /// From now on orders are those of this session.
    pub fn begin_session(&self, id: String) {
        *self.session.lock().unwrap_or_else(PoisonError::into_inner) = (id, 0);
    }

    /// Is it an order of this session, later than those before? What was on its way when a session ended is given anew in the
    /// next.
    fn is_next(&self, body: &CommandBody) -> bool {
        let mut session = self.session.lock().unwrap_or_else(PoisonError::into_inner);
        let next = session.0 == body.session && session.1 < body.sequence;
        if next {
            session.1 = body.sequence;
        }
        next
    }

    /// The order and whether it is late; nothing if it is not the server's word to us.
    fn read(&self, signed: &SignedCommand) -> Option<(CommandBody, bool)> {
        let refuse = |reason: String| {
            tracing::warn!(reason, "an order is refused without an answer");
            None
        };
        if signed.body.len() > MAX_BODY {
            return refuse(format!("{} bytes long", signed.body.len()));
        }
        let now = (self.clock)();
        let (body, late) = match self.server_key.open(signed, self.agent, now) {
            Ok(body) => (body, false),
            // The signature was checked first: this is the server's, only late.
            Err(SignatureError::Expired) => (serde_json::from_str(&signed.body).ok()?, true),
            Err(error) => return refuse(error.to_string()),
        };
        if !self.is_next(&body) {
            return refuse("it was given in another session, or before".to_owned());
        }
        Some((body, late))
    }

    fn remember_unwritten(&self, refused: &[(CommandBody, TargetResult)]) {
        let now = (self.clock)();
        let mut unwritten = self.unwritten.lock().unwrap_or_else(PoisonError::into_inner);
        unwritten.retain(|_, (deadline, _)| *deadline > now);
        for (body, result) in refused {
            if unwritten.len() < MAX_UNWRITTEN {
                unwritten.insert(body.command, (body.deadline, result.clone()));
            }
        }
    }
}
