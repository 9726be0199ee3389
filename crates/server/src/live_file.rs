//! The live table on disk: saved every few seconds and at the end, and read back at the start, so that a restart changes neither
//! what devices said last nor since when they are as they are. It may be lost: then devices are unknown until they are polled.

use crate::{engine::Engine, live::Live};
use adit_core::{ids::DeviceId, time::Timestamp};
use adit_store::{Checked, CheckedFile};
use adit_telemetry::SavedDevice;
use serde::{Deserialize, Serialize};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// What the file says is written in this form; it goes up with every change of what is kept of a device.
const FORM: u32 = 1;
/// Between the end of one save and the next.
const EVERY: Duration = Duration::from_secs(5);
/// A save takes no more than one part in so many of the time.
const SHARE: u32 = 20;
/// Devices taken from the table at once; readings and pages go on in between.
const PIECE: usize = 2_000;

/// The file, and the right to save into it: a later save is never overtaken by an earlier one.
#[derive(Clone)]
pub(crate) struct LiveFile {
    file: CheckedFile,
    saving: Arc<Mutex<()>>,
}

impl LiveFile {
    pub fn new(file: CheckedFile) -> Self {
        Self { file, saving: Arc::default() }
    }
}

#[derive(Serialize, Deserialize)]
struct Saved {
    saved_at: Timestamp,
    /// The last record of the log then.
    seq: u64,
    devices: Vec<SavedDevice>,
}

/// Reads back what was saved; a file that cannot be read is told of and left out.
pub(crate) fn restore(engine: &Engine, live: &Live, LiveFile { file, .. }: &LiveFile) {
    let (path, now) = (file.path().display(), engine.now());
    match read(file, engine.state().seq()) {
        Ok(None) => {}
        Ok(Some(Saved { saved_at, devices, .. })) => {
            // A clock that was set back must not make anything last for ever.
            let restored = live.write().restore(devices, saved_at.min(now), now);
            tracing::info!(restored, %saved_at, "what devices said last is restored");
        }
        Err(problem) => tracing::warn!(%path, problem, "what devices said last is not restored"),
    }
}

/// Nothing if there is no file; `seq` is the last record of the log.
fn read(file: &CheckedFile, seq: u64) -> Result<Option<Saved>, String> {
    let body = match file.read(FORM).map_err(|error| error.to_string())? {
        Checked::Missing => return Ok(None),
        Checked::Unsound { problem } => return Err(problem.to_owned()),
        Checked::Body(body) => body,
    };
    let saved: Saved = serde_json::from_slice(&body).map_err(|error| error.to_string())?;
    // Numbers of devices may have been given anew since.
    if saved.seq > seq {
        return Err(format!("it is of record {}, and the log was put back to {seq}", saved.seq));
    }
    Ok(Some(saved))
}

/// Saves for ever.
pub(crate) async fn keep(engine: Engine, live: Live, file: LiveFile) {
    let mut pause = EVERY;
    loop {
        sleep(pause).await;
        let (engine, live, file, begun) = (engine.clone(), live.clone(), file.clone(), Instant::now());
        match tokio::task::spawn_blocking(move || save(&engine, &live, &file)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => tracing::warn!(error, "what devices say is not saved"),
            Err(error) => tracing::error!(%error, "what devices say is not saved"),
        }
        pause = EVERY.max(begun.elapsed() * SHARE);
    }
}

/// Saves once.
///
/// # Errors
/// In words, why it is not saved.
pub(crate) fn save(engine: &Engine, live: &Live, LiveFile { file, saving }: &LiveFile) -> Result<(), String> {
    let _saving = saving.lock().unwrap_or_else(PoisonError::into_inner);
    let (saved_at, seq) = (engine.now(), engine.state().seq());
    let mut devices: Vec<SavedDevice> = Vec::new();
    let mut from = Some(DeviceId(0));
    while let Some(next) = from {
        let piece = live.read().saved(next, PIECE);
        from = piece.last().and_then(|last| last.device().0.checked_add(1)).map(DeviceId);
        devices.extend(piece);
    }
    let body = serde_json::to_vec(&Saved { saved_at, seq, devices }).map_err(|error| error.to_string())?;
    file.write(FORM, &body).map_err(|error| error.to_string())
}
