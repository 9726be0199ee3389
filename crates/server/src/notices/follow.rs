//! From the log to what is to be told. A follower has a state of its own, so that it judges every event by what was so then,
//! whenever it gets to it.

use super::{Herald, webhooks::message};
use crate::snapshots;
use adit_core::{
    audit::{Head, Record},
    event::{Entry, Event},
    notices::{self, Moment, Notice},
    state::State,
    time::Timestamp,
};
use adit_store::{Announcement, LogReader, StoreError};
use std::{collections::BTreeSet, sync::Arc};

/// Most records taken in at once.
const BATCH: usize = 500;

pub(super) struct Follower {
    herald: Arc<Herald>,
    log: Box<dyn LogReader>,
    /// The log up to what was taken in; `None` before the first look.
    state: Option<State>,
    /// Moments that need not be looked up again.
    told: BTreeSet<Moment>,
    /// And days of which an account was told how far the log is.
    told_heads: BTreeSet<String>,
}

impl Follower {
    pub(super) fn new(herald: Arc<Herald>, log: Box<dyn LogReader>) -> Self {
        Self { herald, log, state: None, told: BTreeSet::new(), told_heads: BTreeSet::new() }
    }

    /// Takes in what was committed and what time has brought since the last look.
    pub(super) fn look(&mut self) -> Result<(), String> {
        let mut state = match self.state.take() {
            Some(state) => state,
            None => self.start()?,
        };
        // What failed is read again from where the store has got to.
        self.catch_up(&mut state)?;
        self.remind(&state).map_err(|error| error.to_string())?;
        self.state = Some(state);
        Ok(())
    }

    /// The state as of what was taken in last.
    fn start(&self) -> Result<State, String> {
        let failed = |error: StoreError| error.to_string();
        let now = self.herald.engine.state();
        let upto = self.herald.store().progress().map_err(failed)?.unwrap_or_default();
        if upto == now.seq() {
            return Ok((*now).clone());
        }
        let mut state = snapshots::latest(self.log.as_ref(), upto).map_err(failed)?.unwrap_or_default();
        while state.seq() < upto {
            let limit = usize::try_from(upto - state.seq()).unwrap_or(usize::MAX);
            let entries = self.read(&state, limit)?;
            if entries.is_empty() {
                return Err("the log has fewer records than were read from it".to_owned());
            }
            entries.iter().for_each(|(_, entry)| state.apply(entry));
        }
        Ok(state)
    }

    /// What comes next, each with the head of a log that ends there.
    fn read(&self, state: &State, limit: usize) -> Result<Vec<(Head, Entry)>, String> {
        let records = self.log.read(state.seq() + 1, limit.min(BATCH)).map_err(|error| error.to_string())?;
        let entry = |record: &Record| Ok((record.as_head(), serde_json::from_str(&record.body)?));
        records.iter().map(entry).collect::<Result<_, serde_json::Error>>().map_err(|error| error.to_string())
    }

    fn catch_up(&self, state: &mut State) -> Result<(), String> {
        let (herald, begun) = (&self.herald, state.seq());
        loop {
            // What is in the log and not yet in the engine's state is told later: words, inboxes and letters are made of that
            // state, and would leave out what it does not know of.
            let known = usize::try_from(herald.engine.state().seq().saturating_sub(state.seq())).unwrap_or(BATCH);
            let entries = if known == 0 { Vec::new() } else { self.read(state, known)? };
            if entries.is_empty() {
                break;
            }
            let (before, mut told, mut announced) = (state.seq(), Vec::new(), Vec::new());
            for (head, entry) in &entries {
                state.apply(entry);
                if notices::is_alarm(&entry.event) {
                    let request = entry.event.request().map(|id| id.to_string());
                    tracing::error!(request, "a stored request is not what was approved; it was not carried out");
                }
                let notices = notices::of(state, entry);
                told.extend(notices.into_iter().map(|notice| (state.seq(), notice)));
                announced.extend(self.announcements(state, *head, entry));
            }
            let taken = herald.store().take(Some(before), state.seq(), &told, &announced);
            taken.map_err(|error| error.to_string())?;
            self.forget(&entries).map_err(|error| error.to_string())?;
            self.tell(told.iter().map(|(_, notice)| notice));
            if !announced.is_empty() {
                herald.deliveries_due.notify_one();
            }
        }
        let now = herald.engine.state();
        if state.seq() > begun && now.seq() == state.seq() {
            // The same, and shared with it.
            *state = (*now).clone();
        }
        Ok(())
    }

    fn announcements(&self, state: &State, head: Head, entry: &Entry) -> Vec<Announcement> {
        let Some((account, kind)) = notices::announced(state, entry) else { return Vec::new() };
        let mut told = state.webhooks_of(account).filter(|webhook| webhook.is_told(kind)).peekable();
        if told.peek().is_none() {
            return Vec::new();
        }
        let body = message::of(state, entry, account, kind, (&self.herald.public_url, &self.herald.heads.sign(head)));
        let name = format!("msg_{}_{:x}", state.seq(), entry.at.0);
        told.map(|webhook| Announcement {
            webhook: webhook.id,
            message: name.clone(),
            kind: kind.to_owned(),
            body: body.clone(),
            at: entry.at,
        })
        .collect()
    }

    /// Who and what is gone takes what was to be told along.
    fn forget(&self, entries: &[(Head, Entry)]) -> Result<(), StoreError> {
        for (_, entry) in entries {
            match &entry.event {
                Event::UserRemoved { user } => self.herald.store().forget(*user)?,
                Event::WebhookRemoved { webhook, .. } => self.herald.store().forget_webhook(*webhook)?,
                Event::WebhookDisabled { webhook, .. } => self.herald.store().give_up(*webhook)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn tell<'n>(&self, notices: impl Iterator<Item = &'n Notice>) {
        let people: BTreeSet<_> = notices.map(|notice| notice.to).collect();
        if !people.is_empty() {
            self.herald.letters_due.notify_one();
        }
        people.into_iter().for_each(|user| self.herald.changed(user));
    }

    /// Once a day, by letter.
    fn tell_heads(&mut self, state: &State, now: Timestamp) -> Result<(), StoreError> {
        let told = std::mem::take(&mut self.told_heads);
        for (name, account) in notices::heads_of_day(state, now) {
            if !told.contains(&name) {
                let notices = notices::head_of_day(state, account, now);
                if self.herald.store().take_moment(&name, &notices, now)? {
                    self.herald.letters_due.notify_one();
                }
            }
            self.told_heads.insert(name);
        }
        Ok(())
    }

    fn remind(&mut self, state: &State) -> Result<(), StoreError> {
        let now = state.monotonic(self.herald.engine.now());
        let come: BTreeSet<_> = notices::moments(state, now).collect();
        self.told.retain(|moment| come.contains(moment));
        for moment in come {
            if self.told.contains(&moment) {
                continue;
            }
            let notices = moment.notices(state, now);
            if self.herald.store().take_moment(&moment.to_string(), &notices, now)? {
                self.tell(notices.iter());
            }
            self.told.insert(moment);
        }
        self.tell_heads(state, now)
    }
}
