//! What was left of a write that was cut off: kept beside the log for whoever wants to look, before it is wiped away.
//!
//! Nobody was told that the write had happened, so the log has lost nothing. But damage to the very last append looks the same,
//! and then these bytes are all there is to find that out by.

use crate::{Result, StoreError, files::write_durably};
use std::{
    fmt, fs,
    path::{Path, PathBuf},
};

/// Of one write no more is kept.
const MOST_BYTES: usize = 16 << 20;
/// So many are kept, the latest ones.
const MOST_FILES: usize = 8;
const SUFFIX: &str = ".cut-off";

/// A write that was found unfinished when the log was opened, and left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CutOff {
    /// Number of the record before it.
    pub after: u64,
    /// How much of it there was.
    pub bytes: usize,
    /// Where that is kept, or why it is not.
    pub kept: std::result::Result<PathBuf, String>,
}

impl fmt::Display for CutOff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { after, bytes, kept } = self;
        write!(
            f,
            "the write after record {after} was not finished, so it has not happened: {bytes} bytes are left out, and "
        )?;
        match kept {
            Ok(place) => write!(f, "kept in {}", place.display()),
            Err(reason) => write!(f, "could not be kept ({reason})"),
        }
    }
}

impl CutOff {
    /// Keeps these bytes in the log's directory. A log must open on a full disk as well: if it cannot be done, that is only said.
    pub(super) fn keep(dir: &Path, after: u64, bytes: &[u8]) -> Self {
        let kept = keep(dir, after, &bytes[..bytes.len().min(MOST_BYTES)]);
        Self { after, bytes: bytes.len(), kept: kept.map_err(|error| error.to_string()) }
    }
}

/// Named by the number of the record that was to come; what was cut off there before gives way.
fn keep(dir: &Path, after: u64, bytes: &[u8]) -> Result<PathBuf> {
    let place = dir.join(format!("{:020}{SUFFIX}", after + 1));
    let written = write_durably(&dir.join("cut-off.unfinished"), &place, &[bytes]);
    written.map_err(|error| StoreError::io(&place, error))?;
    let mut all = kept(dir)?;
    all.retain(|other| *other != place);
    let others = all.len().min(MOST_FILES - 1);
    all[..all.len() - others].iter().try_for_each(fs::remove_file).map_err(|error| StoreError::io(dir, error))?;
    Ok(place)
}

/// All that is kept, in the order of the log.
fn kept(dir: &Path) -> Result<Vec<PathBuf>> {
    let io = |error| StoreError::io(dir, error);
    let all = fs::read_dir(dir).map_err(io)?.map(|entry| entry.map(|entry| entry.path()));
    let mut all: Vec<_> = all.collect::<std::io::Result<_>>().map_err(io)?;
    all.retain(|path| path.to_str().is_some_and(|name| name.ends_with(SUFFIX)));
    all.sort_unstable();
    Ok(all)
}
