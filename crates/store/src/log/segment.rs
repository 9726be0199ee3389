//! Segments: the files a log lies in, each named by the number of its first record.
//!
//! A segment begins with eight bytes that say what it is; frames follow; the rest is zeros. It has its full length from
//! the beginning, so that an append changes nothing about the file but its bytes, and one `fdatasync` is one write to the disk.

use super::frame::{self, HEADER, Header, LAST};
use crate::{
    Result, StoreError,
    files::{create_new_private, sync_dir_of},
};
use std::{
    fs::{self, File},
    io::{self, BufReader, Read, Write},
    path::{Path, PathBuf},
};

/// What it is, and then the version of the format as a digit.
const MAGIC: [u8; 8] = *b"ADITLOG1";
const NAME: &[u8] = b"ADITLOG";
const VERSION: u32 = 1;
/// Where the first frame begins.
pub(super) const START: u64 = MAGIC.len() as u64;
/// Length of a log's first segment; each next one has twice the length, up to [`LONGEST`].
pub(super) const SHORTEST: u64 = 256 << 10;
pub(super) const LONGEST: u64 = 16 << 20;

/// Zeros written at a time.
const ZEROS: usize = 1 << 20;

/// The file of the segment whose first record has number `first`.
pub(super) fn path(dir: &Path, first: u64) -> PathBuf {
    dir.join(format!("{first:020}.log"))
}

/// The first records' numbers of all segments, in order.
pub(super) fn all(dir: &Path) -> Result<Vec<u64>> {
    let io = |error| StoreError::io(dir, error);
    let mut firsts = Vec::new();
    for entry in fs::read_dir(dir).map_err(io)? {
        let name = entry.map_err(io)?.file_name();
        let digits = name.to_str().and_then(|name| name.strip_suffix(".log"));
        let digits = digits.filter(|digits| digits.len() == 20 && digits.bytes().all(|digit| digit.is_ascii_digit()));
        let first = digits.and_then(|digits| digits.parse().ok());
        firsts.extend(first.filter(|first| (1..=LAST).contains(first)));
    }
    firsts.sort_unstable();
    Ok(firsts)
}

/// Makes a file of zeros, ready to become a segment.
pub(super) fn prepare(file: &Path, length: u64) -> Result<()> {
    let made = create_new_private(file).and_then(|mut file| {
        let mut zeros = vec![0; ZEROS];
        file.write_all(&MAGIC)?;
        let mut left = usize::try_from(length.saturating_sub(START)).unwrap_or(usize::MAX);
        while left > 0 {
            zeros.truncate(left);
            file.write_all(&zeros)?;
            left -= zeros.len();
        }
        file.sync_all()
    });
    made.map_err(|error| {
        // Half a file helps nobody, least of all on a full disk. If it cannot be removed, the next attempt does it.
        let _ = fs::remove_file(file);
        match StoreError::io(file, error) {
            StoreError::Io { place, source } => StoreError::NotWritten { place, source },
            told => told,
        }
    })
}

/// Gives a prepared file its name, for good.
pub(super) fn adopt(prepared: &Path, name: &Path) -> io::Result<()> {
    fs::rename(prepared, name).and_then(|()| sync_dir_of(name))
}

/// Where to look for the log's end: the last segment has no record yet if the very first write to it was cut off.
pub(super) fn last_but_one(dir: &Path) -> Result<Option<u64>> {
    let firsts = all(dir)?;
    Ok(firsts.iter().rev().nth(1).or(firsts.first()).copied())
}

/// A segment that is read from some place on.
pub(super) struct Segment {
    file: BufReader<File>,
    path: PathBuf,
    length: u64,
    /// Where the next frame begins.
    pub(super) offset: u64,
    /// Where the last frame began that was passed.
    passed: Option<u64>,
    /// Where is read on.
    at: u64,
}

/// What stands at a place.
pub(super) enum Found {
    /// A frame.
    Frame(Header),
    /// Zeros, or too little room for a frame.
    Nothing,
    /// Neither.
    Garbage,
}

impl Segment {
    /// `None` if there is no such segment.
    pub(super) fn open(dir: &Path, first: u64, offset: u64) -> Result<Option<Self>> {
        let path = path(dir, first);
        let file = match File::open(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            file => file.map_err(|error| StoreError::io(&path, error))?,
        };
        let length = file.metadata().map_err(|error| StoreError::io(&path, error))?.len();
        let mut segment =
            Self { file: BufReader::with_capacity(64 << 10, file), path, length, offset, passed: None, at: 0 };
        segment.check_magic()?;
        Ok(Some(segment))
    }

    fn check_magic(&mut self) -> Result<()> {
        let mut magic = [0; MAGIC.len()];
        let read = self.fill(&mut magic);
        let place = || self.path.display().to_string();
        let version = magic.starts_with(NAME).then(|| u32::from(magic[NAME.len()].wrapping_sub(b'0')));
        match version.filter(|_| read.is_ok()) {
            Some(VERSION) => Ok(()),
            Some(found @ 2..10) => Err(StoreError::NewerSchema { place: place(), found, known: VERSION }),
            _ => Err(StoreError::Corrupt { place: place(), detail: "it does not begin like a log".into() }),
        }
    }

    fn seek(&mut self, to: u64) -> Result<()> {
        let ahead = i64::try_from(to).unwrap_or(i64::MAX) - i64::try_from(self.at).unwrap_or(i64::MAX);
        self.file.seek_relative(ahead).map_err(|error| StoreError::io(&self.path, error))?;
        self.at = to;
        Ok(())
    }

    fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        self.file.read_exact(bytes).map_err(|error| StoreError::io(&self.path, error))?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// What stands at [`offset`](Self::offset).
    pub(super) fn look(&mut self) -> Result<Found> {
        let room = self.length.saturating_sub(self.offset).saturating_sub(HEADER as u64);
        if room == 0 {
            return Ok(Found::Nothing);
        }
        let mut bytes = [0; HEADER];
        self.seek(self.offset)?;
        self.fill(&mut bytes)?;
        Ok(match Header::decode(&bytes) {
            Some(header) if header.length <= room => Found::Frame(header),
            None if bytes == [0; HEADER] => Found::Nothing,
            _ => Found::Garbage,
        })
    }

    /// The bytes after the header at [`offset`](Self::offset).
    pub(super) fn body(&mut self, header: &Header) -> Result<Vec<u8>> {
        let mut bytes = vec![0; usize::try_from(header.length).unwrap_or(usize::MAX)];
        self.seek(self.offset + HEADER as u64)?;
        self.fill(&mut bytes)?;
        Ok(bytes)
    }

    /// On to the next frame.
    pub(super) const fn pass(&mut self, header: &Header) {
        self.passed = Some(self.offset);
        self.offset += HEADER as u64 + header.length;
    }

    /// What is left from [`offset`](Self::offset) on, without the zeros at its end.
    pub(super) fn rest(&mut self) -> Result<Vec<u8>> {
        self.seek(self.offset)?;
        let mut rest = Vec::new();
        self.file.read_to_end(&mut rest).map_err(|error| StoreError::io(&self.path, error))?;
        self.at += rest.len() as u64;
        let used = rest.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        rest.truncate(used);
        Ok(rest)
    }

    /// Whether a frame with records after number `seq` lies further on: what stands at [`offset`](Self::offset) is then not the
    /// last thing that was written.
    pub(super) fn goes_on_after(&mut self, seq: u64) -> Result<bool> {
        Ok(frame::begins_after(seq, &self.rest()?))
    }

    /// The last frame that was passed: where it lies, and its bytes.
    pub(super) fn last_frame(&mut self) -> Result<Option<(u64, Vec<u8>)>> {
        let Some(start) = self.passed else {
            return Ok(None);
        };
        let mut bytes = vec![0; usize::try_from(self.offset - start).unwrap_or(usize::MAX)];
        self.seek(start)?;
        self.fill(&mut bytes)?;
        Ok(Some((start, bytes)))
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) const fn length(&self) -> u64 {
        self.length
    }
}
