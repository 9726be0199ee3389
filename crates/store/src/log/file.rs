//! Writing the segments.

use super::{
    Appended, CutOff, LogReader, LogStore, Snapshot, check_batch, frame,
    reader::{FileReader, Synced, Walk},
    segment::{self, LONGEST, SHORTEST, START, Segment},
};
use crate::{
    Result, StoreError,
    files::{create_private, create_private_dir, sync_dir_of},
};
use adit_core::{
    audit::{Head, Record},
    time::Timestamp,
};
use std::{
    fs::{self, File, TryLockError},
    io::{self, Seek, SeekFrom, Write},
    path::{Path, PathBuf},
    thread::{self, JoinHandle},
    time::Duration,
};

/// Whoever opens a log waits so long, in steps, for somebody who is just closing it.
const LOCK_STEP: Duration = Duration::from_millis(10);
const LOCK_STEPS: u32 = 500;
/// The file that becomes the next segment.
const PREPARED: &str = "prepared";
const LOCK: &str = "lock";
/// Longest buffer that is kept from one append to the next, bytes.
const KEPT_FRAME: usize = 1 << 20;

/// A log in the files of one directory, open for writing. Nobody else can open it as long as this lives.
///
/// One append is one write and one `fdatasync`. An append that was cut off, by a crash or a loss of power, is found when the
/// log is opened next, and left out as a whole: nobody was told that it had happened.
pub struct FileLog {
    dir: PathBuf,
    head: Head,
    pub(super) last: Option<Last>,
    /// The frame that was written last, kept so that not each append takes fresh memory.
    frame: Vec<u8>,
    /// The next segment, while it is being prepared.
    spare: Option<(u64, JoinHandle<Result<()>>)>,
    /// A write of which nobody knows whether it is on the disk.
    doubtful: bool,
    synced: Synced,
    reader: FileReader,
    cut_off: Option<CutOff>,
    _lock: File,
}

/// The segment that is written on.
pub(super) struct Last {
    pub(super) file: File,
    path: PathBuf,
    length: u64,
    /// Where the next frame goes.
    offset: u64,
}

impl FileLog {
    /// Opens or creates the log in the directory `dir`.
    ///
    /// # Errors
    /// [`StoreError::InUse`], [`StoreError::Broken`] if something other than its end is damaged, `NewerSchema`, `Corrupt`, and
    /// what the file system says.
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        Self::beside_readers(dir.as_ref(), Synced::default())
    }

    /// As [`open`](Self::open), and tells readers how far it is on the disk.
    pub(crate) fn beside_readers(dir: &Path, synced: Synced) -> Result<Self> {
        create_private_dir(dir).map_err(|error| StoreError::io(dir, error))?;
        let lock = lock(&dir.join(LOCK))?;
        let End { head, last, cut_off } = end(dir)?;
        synced.set(head.seq);
        let reader = FileReader::bounded(dir, Some(synced.clone()))?;
        let (dir, frame) = (dir.to_owned(), Vec::new());
        Ok(Self { dir, head, last, frame, spare: None, doubtful: false, synced, reader, cut_off, _lock: lock })
    }

    /// What was left out when it was opened.
    #[must_use]
    pub const fn cut_off(&self) -> Option<&CutOff> {
        self.cut_off.as_ref()
    }

    /// Closes a log that nobody goes on writing here, and leaves nothing but its segments.
    pub(crate) fn finish(self) -> Result<()> {
        let dir = self.dir.clone();
        drop(self);
        for name in [LOCK, PREPARED] {
            let path = dir.join(name);
            match fs::remove_file(&path) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                removed => removed.map_err(|error| StoreError::io(&path, error))?,
            }
        }
        sync_dir_of(&dir.join(LOCK)).map_err(|error| StoreError::io(&dir, error))
    }

    /// The segment to write on, with room for `length` bytes.
    fn make_room(&mut self, length: u64) -> Result<&mut Last> {
        let last = match self.last.take_if(|last| last.offset + length <= last.length) {
            Some(last) => last,
            None => self.next_segment(length)?,
        };
        Ok(self.last.insert(last))
    }

    /// Where the next segment could not be made, the one before stays, with what room it has.
    fn next_segment(&mut self, length: u64) -> Result<Last> {
        let needed = START + length;
        let prepared = self.dir.join(PREPARED);
        let spare = self.spare.take().and_then(|(length, spare)| spare.join().ok()?.is_ok().then_some(length));
        let length = match spare.filter(|length| *length >= needed) {
            Some(length) => length,
            // If it could not be prepared beside the writing, the reason comes out here.
            None => self.prepare(&prepared, needed)?,
        };
        let first = self.head.seq + 1;
        let place = segment::path(&self.dir, first);
        // From here on a reader looks for the next record there.
        self.doubtful = true;
        segment::adopt(&prepared, &place).map_err(|source| in_doubt(&place, source))?;
        let last = open_last(place, length, START)?;
        self.doubtful = false;
        Ok(last)
    }

    /// Makes a segment of the usual length, or on a disk that is nearly full of what is needed.
    fn prepare(&self, prepared: &Path, needed: u64) -> Result<u64> {
        let usual = self.usual_length().max(needed);
        match segment::prepare(prepared, usual) {
            Err(StoreError::DiskFull { .. }) if usual > needed => {
                segment::prepare(prepared, needed)?;
                Ok(needed)
            }
            made => made.map(|()| usual),
        }
    }

    fn usual_length(&self) -> u64 {
        self.last.as_ref().map_or(SHORTEST, |last| (last.length * 2).clamp(SHORTEST, LONGEST))
    }

    /// Has the next segment prepared beside the writing, once this one is half full.
    fn think_ahead(&mut self) {
        let half_full = self.last.as_ref().is_some_and(|last| last.offset > last.length / 2);
        if half_full && self.spare.is_none() {
            let (prepared, length) = (self.dir.join(PREPARED), self.usual_length());
            let beside = thread::Builder::new().name("next-segment".to_owned());
            // Without a thread it is made when it is needed.
            self.spare = beside.spawn(move || segment::prepare(&prepared, length)).ok().map(|spare| (length, spare));
        }
    }

    fn write(&mut self, frame: &[u8]) -> Result<()> {
        let last = self.make_room(frame.len() as u64)?;
        if let Err(source) = last.put(last.offset, frame) {
            // Half a frame must not stay where the next segment may go on.
            let error = match last.wipe(frame.len()) {
                Ok(()) => return Err(StoreError::io(&last.path, source)),
                Err(_) => in_doubt(&last.path, source),
            };
            self.doubtful = true;
            return Err(error);
        }
        if let Err(source) = last.file.sync_data() {
            let doubt = in_doubt(&last.path, source);
            self.doubtful = true;
            return Err(doubt);
        }
        last.offset += frame.len() as u64;
        Ok(())
    }
}

impl Drop for FileLog {
    fn drop(&mut self) {
        // The lock must not go before whoever writes beside it has ended.
        if let Some((_, spare)) = self.spare.take() {
            let _ = spare.join();
        }
    }
}

impl LogStore for FileLog {
    fn append(&mut self, expected_seq: u64, bodies: &[(Timestamp, &str)]) -> Result<Appended> {
        check_batch(bodies)?;
        if self.doubtful {
            let unknown = "whether the write before this one is on the disk is unknown; open the log again";
            return Err(in_doubt(&self.dir, io::Error::other(unknown)));
        }
        if self.head.seq != expected_seq {
            return Err(StoreError::Conflict { expected: expected_seq, found: self.head.seq });
        }
        let mut frame = std::mem::take(&mut self.frame);
        let head = frame::encode(self.head, bodies, &mut frame)?;
        self.write(&frame)?;
        frame.clear();
        frame.shrink_to(KEPT_FRAME);
        self.frame = frame;
        self.head = head;
        self.synced.set(head.seq);
        self.think_ahead();
        Ok(Appended { first_seq: expected_seq + 1, last_seq: head.seq, head })
    }
}

impl LogReader for FileLog {
    fn read(&self, from_seq: u64, limit: usize) -> Result<Vec<Record>> {
        self.reader.read(from_seq, limit)
    }
    fn head(&self) -> Result<Head> {
        Ok(self.head)
    }
    fn put_snapshot(&self, seq: u64, schema: u32, bytes: &[u8]) -> Result<()> {
        self.reader.put_snapshot(seq, schema, bytes)
    }
    fn latest_snapshot(&self, schema: u32, upto: u64) -> Result<Option<Snapshot>> {
        self.reader.latest_snapshot(schema, upto)
    }
    fn verify(&self) -> Result<Head> {
        self.reader.verify()
    }
}

/// Never told as a full or read-only disk: with those nothing was written.
fn in_doubt(place: &Path, source: io::Error) -> StoreError {
    StoreError::Io { place: place.display().to_string(), source }
}

fn lock(path: &Path) -> Result<File> {
    let io = |error| StoreError::io(path, error);
    create_private(path).map_err(io)?;
    let file = File::options().write(true).open(path).map_err(io)?;
    for _ in 0..LOCK_STEPS {
        match file.try_lock() {
            Ok(()) => return Ok(file),
            Err(TryLockError::WouldBlock) => thread::sleep(LOCK_STEP),
            Err(TryLockError::Error(error)) => return Err(io(error)),
        }
    }
    Err(StoreError::InUse { place: path.display().to_string(), holder: String::new() })
}

/// Where a log ends, the segment to write on, and what was left out.
struct End {
    head: Head,
    last: Option<Last>,
    cut_off: Option<CutOff>,
}

/// Finds the end of the log in `dir`. What was left of a write that was cut off is wiped away.
fn end(dir: &Path) -> Result<End> {
    let Some(from) = segment::last_but_one(dir)? else {
        return Ok(End { head: Head::EMPTY, last: None, cut_off: None });
    };
    let mut walk = Walk::of_segment(dir, from)?;
    let mut head = None;
    while let Some(header) = walk.look()? {
        let Some(records) = walk.records(&header, head.unwrap_or(header.before))? else { break };
        head = records.last().map(Record::as_head);
        walk.pass(&header);
    }
    walk.check_end()?;
    if head.is_none() && from > 1 {
        let detail = "none of its records is left".to_owned();
        return Err(StoreError::Corrupt { place: segment::path(dir, from).display().to_string(), detail });
    }
    let head = head.unwrap_or(Head::EMPTY);
    let Some(mut segment) = walk.into_segment() else {
        return Ok(End { head, last: None, cut_off: None });
    };
    let left = segment.rest()?;
    let cut_off = (!left.is_empty()).then(|| CutOff::keep(dir, head.seq, &left));
    let last = Some(settled(&mut segment, left.len())?);
    Ok(End { head, last, cut_off })
}

/// What can be read need not be on the disk: whoever wrote it may have been killed before the disk answered, or the disk may have
/// said that it failed. The file's name, its last frame and the end after it (which `left` bytes stand in the way of) are put there
/// once more before anybody builds on them; all earlier frames were there before that one was written.
fn settled(segment: &mut Segment, left: usize) -> Result<Last> {
    sync_dir_of(segment.path()).map_err(|error| StoreError::io(segment.path(), error))?;
    let frame = segment.last_frame()?;
    let mut last = open_last(segment.path().to_owned(), segment.length(), segment.offset)?;
    let (start, bytes) = frame.unwrap_or((last.offset, Vec::new()));
    last.put(start, &bytes).and_then(|()| last.wipe(left)).map_err(|error| StoreError::io(&last.path, error))?;
    Ok(last)
}

fn open_last(path: PathBuf, length: u64, offset: u64) -> Result<Last> {
    let file = File::options().write(true).open(&path).map_err(|error| StoreError::io(&path, error))?;
    Ok(Last { file, path, length, offset })
}

impl Last {
    fn put(&mut self, at: u64, bytes: &[u8]) -> io::Result<()> {
        self.file.seek(SeekFrom::Start(at))?;
        self.file.write_all(bytes)
    }

    /// Zeros after the last frame; and all of it on the disk.
    fn wipe(&mut self, length: usize) -> io::Result<()> {
        self.put(self.offset, &vec![0; length])?;
        self.file.sync_data()
    }
}
