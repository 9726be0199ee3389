//! Reading the segments.

use super::{
    LogReader, MAX_READ, Snapshot,
    frame::Header,
    segment::{self, Found, Segment},
    walk,
};
use crate::{Result, StoreError, snapshots::SnapshotDir};
use adit_core::audit::{Chain, ChainError, Fault, Hash, Head, Record};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

/// A read ends once it holds this many bytes of bodies.
const READ_BYTES: usize = 64 << 20;
/// So often is read, beside a writer in another process, what does not fit together in ever another place.
const ATTEMPTS: u32 = 100;
/// A reader remembers a place about every so many bytes.
const STRIDE: u64 = 64 << 10;

/// How far the log is on the disk, as the writer knows it.
#[derive(Clone, Default)]
pub(crate) struct Synced(Arc<AtomicU64>);

impl Synced {
    pub(super) fn set(&self, seq: u64) {
        self.0.store(seq, Ordering::Release);
    }

    fn get(&self) -> u64 {
        self.0.load(Ordering::Acquire)
    }
}

/// A log that is read, from other threads and other processes.
///
/// Beside a writer of the same [`DataDir`](crate::DataDir) it sees what is on the disk. In another process it sees everything
/// that is written in full, of which the last append may be on its way to the disk.
pub struct FileReader {
    dir: PathBuf,
    synced: Option<Synced>,
    snapshots: SnapshotDir,
    /// Where some frames begin, by the number of their first record.
    places: RefCell<BTreeMap<u64, Place>>,
}

#[derive(Debug, Clone, Copy)]
struct Place {
    segment: u64,
    offset: u64,
}

impl Place {
    const fn start_of(segment: u64) -> Self {
        Self { segment, offset: segment::START }
    }
}

impl FileReader {
    /// Opens the existing log in the directory `dir`.
    ///
    /// # Errors
    /// What the file system says.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        Self::bounded(dir.as_ref(), None)
    }

    pub(crate) fn bounded(dir: &Path, synced: Option<Synced>) -> Result<Self> {
        let starts = segment::all(dir)?.into_iter().map(|first| (first, Place::start_of(first)));
        let (snapshots, places) = (SnapshotDir::beside(dir), RefCell::new(starts.collect()));
        Ok(Self { dir: dir.to_owned(), synced, snapshots, places })
    }

    /// A walk that comes by record number `seq`, or begins after the end.
    pub(super) fn walk_to(&self, seq: u64) -> Result<Walk> {
        let until = self.synced.as_ref().map(Synced::get);
        let known = self.places.borrow().range(..=seq).next_back().map(|(first, place)| (*first, *place));
        let (first, place) = match known {
            Some(known) => known,
            None => {
                let first = segment::all(&self.dir)?.into_iter().rfind(|first| *first <= seq).unwrap_or(1);
                (first, Place::start_of(first))
            }
        };
        Walk::begin(&self.dir, first, place, until)
    }

    /// Takes a walk past all frames before the one with record `seq`, and gives that one's header if there is one.
    fn find(&self, walk: &mut Walk, seq: u64) -> Result<Option<Header>> {
        while let Some(header) = walk.look()? {
            self.remember(walk, &header);
            if header.last() >= seq {
                return Ok(Some(header));
            }
            walk.pass(&header);
        }
        Ok(None)
    }

    fn remember(&self, walk: &Walk, header: &Header) {
        let mut places = self.places.borrow_mut();
        let place = walk.place();
        let first = header.before.seq + 1;
        let near = places
            .range(..=first)
            .next_back()
            .is_some_and(|(_, known)| known.segment == place.segment && place.offset.abs_diff(known.offset) < STRIDE);
        if !near {
            places.insert(first, place);
        }
    }

    fn head_at(&self, seq: u64) -> Result<Option<Head>> {
        if seq == 0 {
            return Ok(Some(Head::EMPTY));
        }
        Ok(self.read(seq, 1)?.first().map(Record::as_head))
    }

    fn hash_of(&self, seq: u64) -> Result<Option<Hash>> {
        Ok(self.head_at(seq)?.map(|head| head.hash))
    }

    /// A writer in another process may go on between two looks at the files, so that they do not fit together. It has gone on from
    /// there by the next attempt; damage is still in the same place.
    pub(super) fn steadily<T>(&self, mut read: impl FnMut() -> Result<T>) -> Result<T> {
        let mut broken = None;
        for _ in 1..if self.synced.is_some() { 1 } else { ATTEMPTS } {
            match read() {
                Err(StoreError::Broken(fault)) if broken.as_ref() != Some(&fault) => broken = Some(fault),
                done => return done,
            }
        }
        read()
    }

    pub(super) fn read_once(&self, from_seq: u64, limit: usize) -> Result<Vec<Record>> {
        let (from_seq, limit) = (from_seq.max(1), limit.min(MAX_READ));
        let mut records = Vec::new();
        if limit == 0 {
            return Ok(records);
        }
        let mut walk = self.walk_to(from_seq)?;
        let (mut found, mut bytes) = (self.find(&mut walk, from_seq)?, 0);
        let mut chain = found.map(|header| Chain::from(header.before));
        while let (Some(header), Some(chain)) = (found, &mut chain) {
            let Some(frame) = walk.records(&header, chain.head())? else { break };
            *chain = Chain::from(frame.last().map_or(header.before, Record::as_head));
            for record in frame.into_iter().filter(|record| record.seq >= from_seq) {
                bytes += record.body.len();
                records.push(record);
                if records.len() == limit || bytes >= READ_BYTES {
                    return Ok(records);
                }
            }
            self.remember(&walk, &header);
            walk.pass(&header);
            found = walk.look()?;
        }
        // Whoever knows how far the log is on the disk has noticed already if something is gone.
        if records.is_empty() && self.synced.is_none() {
            walk.check_end()?;
        }
        Ok(records)
    }

    fn head_once(&self) -> Result<Head> {
        let Some(from) = segment::last_but_one(&self.dir)? else {
            return Ok(Head::EMPTY);
        };
        let mut walk = self.walk_to(from)?;
        let mut head = Head::EMPTY;
        while let Some(header) = walk.look()? {
            self.remember(&walk, &header);
            let Some(frame) = walk.records(&header, header.before)? else { break };
            head = frame.last().map_or(header.before, Record::as_head);
            walk.pass(&header);
        }
        Ok(head)
    }
}

impl LogReader for FileReader {
    fn read(&self, from_seq: u64, limit: usize) -> Result<Vec<Record>> {
        self.steadily(|| self.read_once(from_seq, limit))
    }

    fn head(&self) -> Result<Head> {
        self.steadily(|| self.head_once())
    }

    fn put_snapshot(&self, seq: u64, schema: u32, bytes: &[u8]) -> Result<()> {
        self.snapshots.put(seq, schema, bytes, |seq| self.hash_of(seq))
    }

    fn latest_snapshot(&self, schema: u32, upto: u64) -> Result<Option<Snapshot>> {
        self.snapshots.latest(schema, upto, |seq| self.hash_of(seq))
    }

    fn verify(&self) -> Result<Head> {
        walk(self)
    }
}

/// From frame to frame, and from segment to segment.
pub(super) struct Walk {
    dir: PathBuf,
    /// The last record on the disk, where somebody knows.
    until: Option<u64>,
    /// Number of the record that the next frame begins with.
    next: u64,
    first: u64,
    segment: Option<Segment>,
}

impl Walk {
    fn begin(dir: &Path, next: u64, place: Place, until: Option<u64>) -> Result<Self> {
        let segment = Segment::open(dir, place.segment, place.offset)?;
        Ok(Self { dir: dir.to_owned(), until, next, first: place.segment, segment })
    }

    /// From the beginning of the segment whose first record is number `first`.
    pub(super) fn of_segment(dir: &Path, first: u64) -> Result<Self> {
        Self::begin(dir, first, Place::start_of(first), None)
    }

    fn place(&self) -> Place {
        Place { segment: self.first, offset: self.segment.as_ref().map_or(segment::START, |segment| segment.offset) }
    }

    fn broken<T>(&self, fault: Fault) -> Result<T> {
        Err(ChainError { seq: self.next, fault }.into())
    }

    /// The next frame's header; `None` at the log's end.
    pub(super) fn look(&mut self) -> Result<Option<Header>> {
        if self.until.is_some_and(|until| self.next > until) {
            return Ok(None);
        }
        loop {
            let Some(segment) = &mut self.segment else {
                return self.ends_here().map(|()| None);
            };
            match segment.look()? {
                Found::Frame(header) if header.before.seq == self.next - 1 => return Ok(Some(header)),
                Found::Frame(_) | Found::Garbage => return self.check_end().map(|()| None),
                Found::Nothing => {}
            }
            let is_new = self.next != self.first;
            let Some(next) = is_new.then(|| Segment::open(&self.dir, self.next, segment::START)).transpose()?.flatten()
            else {
                return self.ends_here().map(|()| None);
            };
            (self.first, self.segment) = (self.next, Some(next));
        }
    }

    /// The records of the frame that was just looked at, which has to follow `head`; `None` if it was not written in full
    /// and is the last thing there is.
    pub(super) fn records(&mut self, header: &Header, head: Head) -> Result<Option<Vec<Record>>> {
        let bytes = match &mut self.segment {
            Some(segment) => segment.body(header)?,
            None => Vec::new(),
        };
        match header.records(&bytes) {
            // It was written in full, after something else.
            Ok(_) if header.before != head => self.broken(Fault::Unlinked),
            Ok(records) => Ok(Some(records)),
            Err(broken) if self.goes_on()? => Err(broken.into()),
            Err(_) => self.ends_here().map(|()| None),
        }
    }

    pub(super) const fn pass(&mut self, header: &Header) {
        self.next = header.last() + 1;
        if let Some(segment) = &mut self.segment {
            segment.pass(header);
        }
    }

    /// No frame can be read here. That is right at the log's end, where at most a write lies that was cut off.
    pub(super) fn check_end(&mut self) -> Result<()> {
        if self.goes_on()? { self.broken(Fault::Altered) } else { self.ends_here() }
    }

    /// Whether a later frame lies in this segment.
    fn goes_on(&mut self) -> Result<bool> {
        let seq = self.next - 1;
        self.segment.as_mut().map_or(Ok(false), |segment| segment.goes_on_after(seq))
    }

    /// In this segment there is nothing more.
    fn ends_here(&self) -> Result<()> {
        if let Some(found) = segment::all(&self.dir)?.into_iter().find(|first| *first > self.next) {
            return self.broken(Fault::Gap { found });
        }
        if self.until.is_some_and(|until| until >= self.next) {
            let place = segment::path(&self.dir, self.first).display().to_string();
            return Err(StoreError::Corrupt { place, detail: format!("record {} is gone", self.next) });
        }
        Ok(())
    }

    /// The segment it has come to.
    pub(super) fn into_segment(self) -> Option<Segment> {
        self.segment
    }
}
