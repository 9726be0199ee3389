//! The file in which heads are noted, one a line. It is of use where the data folder is not: on another machine's disk, say.

use super::{Heads, Witness};
use adit_core::time::{Millis, Timestamp};
use adit_wire::SignedHead;
use std::{
    fs::{File, OpenOptions},
    io::{self, Read, Seek, SeekFrom, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Between two lines, if the log has gone on.
const EVERY: Millis = Millis::hours(1);
/// The last line is within so many bytes of the end.
const TAIL: u64 = 4 << 10;

/// The file, open for adding.
pub struct HeadFile {
    file: File,
    path: PathBuf,
    /// When the last line was added, and the record it is of.
    last: Option<(Timestamp, u64)>,
}

impl HeadFile {
    /// Opens or makes it, and holds its last head against the log.
    ///
    /// # Errors
    /// What the file system or the log said.
    pub fn open(path: &Path, heads: &Heads, now: Timestamp) -> io::Result<Self> {
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(TAIL)))?;
        let mut tail = Vec::new();
        file.read_to_end(&mut tail)?;
        let tail = String::from_utf8_lossy(&tail);
        if !tail.is_empty() && !tail.ends_with('\n') {
            // A line that was cut off by a crash.
            file.write_all(b"\n")?;
        }
        let last = tail.lines().rev().find_map(|line| serde_json::from_str::<SignedHead>(line).ok());
        heads.hear(Witness::File, last.as_ref(), now).map_err(io::Error::other)?;
        Ok(Self { file, path: path.to_owned(), last: last.map(|last| (last.head.at, last.head.seq)) })
    }

    /// Adds the log's end if it is time; says whether.
    ///
    /// # Errors
    /// What the file system or the log said.
    pub fn note_if_due(&mut self, heads: &Heads, now: Timestamp) -> io::Result<bool> {
        if self.last.is_some_and(|(at, _)| now.since(at) < EVERY) { Ok(false) } else { self.note(heads, now) }
    }

    /// Adds the log's end if it has gone on; says whether. On the disk once this returns.
    ///
    /// # Errors
    /// What the file system or the log said.
    pub fn note(&mut self, heads: &Heads, now: Timestamp) -> io::Result<bool> {
        let end = heads.end(None).map_err(io::Error::other)?;
        if end.head.seq == 0 {
            // An empty log begins every log.
            return Ok(false);
        }
        let is_known = self.last.is_some_and(|(_, seq)| seq == end.head.seq);
        self.last = Some((now, end.head.seq));
        if is_known {
            return Ok(false);
        }
        let mut line = serde_json::to_string(&end)?;
        line.push('\n');
        self.file.write_all(line.as_bytes())?;
        self.file.sync_data()?;
        Ok(true)
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}
