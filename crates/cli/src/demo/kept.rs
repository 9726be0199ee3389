//! What the simulated miners are is kept in the demo's folder, and the next start goes on from it.

use adit_sim::{Kept, Simulator};
use anyhow::Context;
use std::{
    io,
    path::{Path, PathBuf},
};

/// The file in the demo's folder.
const NAME: &str = "miners.json";

/// Where it is kept.
pub struct Miners {
    path: PathBuf,
}

impl Miners {
    pub fn of(data: &Path) -> Self {
        Self { path: data.join(NAME) }
    }

    /// What was kept; nothing at the first start.
    pub fn read(&self) -> anyhow::Result<Kept> {
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Kept::default()),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", self.path.display())),
        };
        serde_json::from_slice(&bytes)
            .with_context(|| format!("{} is not what the demo wrote: delete the demo's folder", self.path.display()))
    }

    /// Writes it, whole or not at all.
    pub fn write(&self, fleet: &Simulator) -> io::Result<()> {
        let bytes = serde_json::to_vec(&fleet.kept())?;
        let next = self.path.with_extension("next");
        std::fs::write(&next, bytes)?;
        std::fs::rename(&next, &self.path)
    }

    /// Writes it after every change of a miner. Ends only if that fails.
    pub async fn keep(&self, fleet: &Simulator) -> io::Error {
        let mut changes = fleet.changes();
        loop {
            changes.borrow_and_update();
            if let Err(error) = self.write(fleet) {
                return error;
            }
            // The fleet outlives this: it is borrowed.
            if changes.changed().await.is_err() {
                return io::Error::other("the miners are gone");
            }
        }
    }
}
