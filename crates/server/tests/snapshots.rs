//! Snapshots are believed only if the log says that they are what it added up to.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{authz::Actor, command::Command, ids::AccountId, state::State};
use adit_server::{Engine, SystemClock};
use adit_store::{DataDir, LogReader};
use std::sync::Arc;
use support::company;

/// A server's folder, and the engine on it.
async fn started(dir: &DataDir) -> Engine {
    let engine = start(dir);
    company(&engine, 2).await;
    engine
}

fn start(dir: &DataDir) -> Engine {
    Engine::start(Box::new(dir.log().unwrap()), Arc::new(SystemClock)).unwrap()
}

/// What a stranger would write who wants to be the owner.
fn forged(state: &State) -> Vec<u8> {
    let (bytes, _) = state.written().unwrap();
    let text = String::from_utf8(bytes).unwrap();
    let forged =
        text.replace(r#""owner":"usr-1""#, r#""owner":"usr-3""#).replace(r#""user":"usr-1""#, r#""user":"usr-3""#);
    assert_ne!(text, forged);
    forged.into_bytes()
}

#[tokio::test]
async fn a_snapshot_that_the_log_knows_nothing_of_makes_nobody_owner() {
    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(root.path()).unwrap();
    let engine = started(&dir).await;
    let state = engine.state();
    drop(engine);
    dir.log().unwrap().put_snapshot(state.seq(), State::FORM, &forged(&state)).unwrap();
    let again = start(&dir);
    assert_eq!(again.state(), state);
    assert_eq!(again.state().account(AccountId(1)).unwrap().owner, support::OWNER);
}

#[tokio::test]
async fn a_snapshot_that_was_changed_since_makes_nobody_owner_and_the_one_before_is_used() {
    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(root.path()).unwrap();
    let engine = started(&dir).await;
    for _ in 0..2 {
        let (state, system) = (engine.state(), Actor::system(AccountId(0)));
        let (seq, (bytes, hash)) = (state.seq(), state.written().unwrap());
        engine.run(system, Command::NoteState { seq, hash }).await.unwrap();
        dir.log_reader().unwrap().put_snapshot(seq, State::FORM, &bytes).unwrap();
        engine.run(support::operator(&engine), Command::AddUser).await.unwrap();
    }
    let state = engine.state();
    drop(engine);
    let reader = dir.log_reader().unwrap();
    let latest = reader.latest_snapshot(State::FORM, u64::MAX).unwrap().unwrap();
    let of_latest = serde_json::from_slice::<State>(&latest.bytes).unwrap().restored();
    reader.put_snapshot(latest.seq, State::FORM, &forged(&of_latest)).unwrap();
    let before = reader.latest_snapshot(State::FORM, latest.seq - 1).unwrap();
    assert!(before.is_some_and(|before| before.seq < latest.seq), "two are kept");
    assert_eq!(start(&dir).state(), state);
}
