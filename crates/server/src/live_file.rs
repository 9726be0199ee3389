//! The live table and what is known of agents on disk: saved every few seconds and at the end, and read back at the start, so
//! that a restart changes neither what devices said last nor since when they and their agents are as they are. It may be lost:
//! then devices are unknown until they are polled.

use crate::{Agents, engine::Engine, live::Live};
use adit_core::{
    ids::{AgentId, DeviceId},
    time::Timestamp,
};
use adit_store::{Checked, CheckedFile};
use adit_telemetry::{AgentRecord, SavedDevice};
use serde::{Deserialize, Serialize};
use std::{
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};
use tokio::time::sleep;

/// What the file says is written in this form; it goes up with every change of what is kept of a device or an agent.
const FORM: u32 = 2;
/// Between the end of one save and the next.
const EVERY: Duration = Duration::from_secs(5);
/// A save takes no more than one part in so many of the time.
const SHARE: u32 = 20;
/// Devices taken from the table at once; readings and pages go on in between.
const PIECE: usize = 2_000;

/// The file and what is kept in it, and the right to save: a later save is never overtaken by an earlier one.
#[derive(Clone)]
pub(crate) struct LiveFile {
    file: CheckedFile,
    engine: Engine,
    live: Live,
    agents: Arc<Agents>,
    saving: Arc<Mutex<()>>,
}

#[derive(Serialize, Deserialize)]
struct Saved {
    saved_at: Timestamp,
    /// The last record of the log then.
    seq: u64,
    agents: Vec<(AgentId, AgentRecord)>,
    devices: Vec<SavedDevice>,
}

impl LiveFile {
    pub fn new(file: CheckedFile, engine: &Engine, live: &Live, agents: &Arc<Agents>) -> Self {
        let (engine, live, agents) = (engine.clone(), live.clone(), Arc::clone(agents));
        Self { file, engine, live, agents, saving: Arc::default() }
    }

    /// Reads back what was saved; a file that cannot be read is told of and left out.
    pub fn restore(&self) {
        let (path, now) = (self.file.path().display(), self.engine.now());
        match read(&self.file, self.engine.state().seq()) {
            Ok(None) => {}
            Ok(Some(Saved { saved_at, agents, devices, .. })) => {
                // A clock that was set back must not make anything last for ever.
                let restored = self.live.write().restore(devices, saved_at.min(now), now);
                self.live.note_all_orders(&self.engine.state(), now);
                self.agents.restore(agents);
                tracing::info!(restored, %saved_at, "what devices said last is restored");
            }
            Err(problem) => tracing::warn!(%path, problem, "what devices said last is not restored"),
        }
    }

    /// Saves for ever. A disk that stays full is told of once, and again when it is not any more.
    pub async fn keep(self) {
        let (mut pause, mut told) = (EVERY, None);
        loop {
            sleep(pause).await;
            let (file, begun) = (self.clone(), Instant::now());
            let saved = tokio::task::spawn_blocking(move || file.save()).await;
            let problem = saved.map_err(|error| error.to_string()).flatten().err();
            if problem != told {
                match &problem {
                    Some(problem) => tracing::warn!(problem, "what devices say is not saved"),
                    None => tracing::info!("what devices say is saved again"),
                }
                told = problem;
            }
            pause = EVERY.max(begun.elapsed() * SHARE);
        }
    }

    /// Saves once.
    ///
    /// # Errors
    /// In words, why it is not saved.
    pub fn save(&self) -> Result<(), String> {
        let _saving = self.saving.lock().unwrap_or_else(PoisonError::into_inner);
        let (saved_at, seq, agents) = (self.engine.now(), self.engine.state().seq(), self.agents.records());
        let mut devices: Vec<SavedDevice> = Vec::new();
        let mut from = Some(DeviceId(0));
        while let Some(next) = from {
            let piece = self.live.read().saved(next, PIECE);
            from = piece.last().and_then(|last| last.device().0.checked_add(1)).map(DeviceId);
            devices.extend(piece);
        }
        let body = serde_json::to_vec(&Saved { saved_at, seq, agents, devices }).map_err(|error| error.to_string())?;
        self.file.write(FORM, &body).map_err(|error| error.to_string())
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
    // Numbers of devices and agents may have been given anew since.
    if saved.seq > seq {
        return Err(format!("it is of record {}, and the log was put back to {seq}", saved.seq));
    }
    Ok(Some(saved))
}
