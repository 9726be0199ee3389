//! Snapshots: kept beside the deciding so that the next start is quick, and believed only if the log says that they are what it
//! added up to.
//!
//! The hash of a state goes into the log before its snapshot is written. A snapshot that has none there, or another, was made by
//! somebody else: it is told as an error, and the log is folded instead.

use crate::{decider::EngineError, engine::Engine};
use adit_core::{
    audit::{Hash, Record},
    authz::Actor,
    command::Command,
    event::{Entry, Event},
    ids::AccountId,
    state::State,
};
use adit_store::{LogReader, MAX_READ, StoreError};
use std::sync::{Arc, Mutex, PoisonError};
use tokio::sync::broadcast::error::RecvError;

/// Events between two snapshots.
const EVERY: u64 = 10_000;
/// Records read at once while a hash is looked for: it stands close behind.
const PIECE: usize = 200;
/// What the record of a hash has in it.
const MARK: &str = "\"state_hashed.v1\"";

/// Keeps snapshots, for ever. Writes and hashes them on a thread of their own, through a reader of its own: nobody waits for them.
pub(crate) async fn keep(engine: &Engine, reader: Box<dyn LogReader>) {
    let mut commits = engine.subscribe();
    let reader = Arc::new(Mutex::new(reader));
    let mut kept = 0;
    loop {
        let state = engine.state();
        if state.seq() >= kept + EVERY {
            kept = state.seq();
            if let Err(reason) = put(engine, &reader, state).await {
                tracing::warn!(reason, "no snapshot; the next start takes longer");
            }
        }
        if matches!(commits.recv().await, Err(RecvError::Closed)) {
            return;
        }
    }
}

async fn put(engine: &Engine, reader: &Arc<Mutex<Box<dyn LogReader>>>, state: Arc<State>) -> Result<(), String> {
    let seq = state.seq();
    let written = tokio::task::spawn_blocking(move || state.written().map_err(|error| error.to_string()));
    let (bytes, hash) = written.await.map_err(|error| error.to_string())??;
    let note = Command::NoteState { seq, hash };
    engine.run(Actor::system(AccountId(0)), note).await.map_err(|error| error.to_string())?;
    let reader = Arc::clone(reader);
    let kept = tokio::task::spawn_blocking(move || {
        let reader = reader.lock().unwrap_or_else(PoisonError::into_inner);
        reader.put_snapshot(seq, State::FORM, &bytes).map_err(|error| error.to_string())
    });
    kept.await.map_err(|error| error.to_string())?
}

/// The state of the latest snapshot of record `upto` at most that is what the log says.
pub(crate) fn latest(log: &dyn LogReader, upto: u64) -> Result<Option<State>, StoreError> {
    let mut upto = upto;
    while let Some(snapshot) = log.latest_snapshot(State::FORM, upto)? {
        let seq = snapshot.seq;
        let Some(hash) = hash_in_log(log, seq)? else {
            tracing::error!(
                seq,
                "SNAPSHOT REFUSED: the log knows nothing of it, so the server has not made it. {REFUSED}"
            );
            upto = seq - 1;
            continue;
        };
        match State::read(&snapshot.bytes, &hash) {
            Ok(state) if state.seq() == seq => return Ok(Some(state)),
            Ok(_) => tracing::error!(seq, "SNAPSHOT REFUSED: it is of another record than it says. {REFUSED}"),
            Err(error) => tracing::error!(seq, %error, "SNAPSHOT REFUSED. {REFUSED}"),
        }
        upto = seq - 1;
    }
    Ok(None)
}

/// What is said of every snapshot that is not believed.
const REFUSED: &str =
    "The log is folded instead, which is right, and takes longer; keep the file, and run adit audit verify";

/// The hash that the log has of the state after record `seq`.
fn hash_in_log(log: &dyn LogReader, seq: u64) -> Result<Option<Hash>, StoreError> {
    let mut known = seq;
    loop {
        // From the last record on that is known, so that the next one is checked to follow it.
        let records = log.read(known, PIECE)?;
        let Some(last) = records.last().map(|record| record.seq).filter(|last| *last > known) else { return Ok(None) };
        if let Some(hash) = records.iter().find_map(|record| told(record, seq)) {
            return Ok(Some(hash));
        }
        known = last;
    }
}

fn told(record: &Record, of: u64) -> Option<Hash> {
    if !record.body.contains(MARK) {
        return None;
    }
    match serde_json::from_str::<Entry>(&record.body).ok()?.event {
        Event::StateHashed { seq, form: State::FORM, hash } if seq == of => Some(hash),
        _ => None,
    }
}

/// Folds the log, from its latest snapshot on.
pub(crate) fn replay(log: &dyn LogReader) -> Result<State, EngineError> {
    let mut state = latest(log, u64::MAX)?.unwrap_or_default();
    loop {
        // From the last record on that is known, so that the next one is checked to follow it.
        let known = state.seq();
        let records = log.read(known.max(1), MAX_READ)?;
        if records.last().is_none_or(|last| last.seq <= known) {
            return Ok(state);
        }
        for record in records.into_iter().filter(|record| record.seq > known) {
            let entry: Entry = serde_json::from_str(&record.body)
                .map_err(|e| EngineError::Unreadable { seq: record.seq, reason: e.to_string() })?;
            state.apply(&entry);
        }
    }
}
