//! Snapshots as plain files beside the log: large, and quickly made again.
//!
//! A file is `header, bytes`; the header is magic (8), schema (4), seq (8), hash of the log's record `seq` (32), SHA-256 over
//! all that and the bytes (32); numbers big-endian. The record's hash ties a snapshot to its log: after a restored
//! backup, snapshots from the future that did not happen are passed over.

use crate::{Result, StoreError, files::write_durably, log::Snapshot};
use adit_core::audit::Hash;
use sha2::{Digest, Sha256};
use std::{
    ffi::OsStr,
    fs::{self, File},
    io::{self, Read},
    path::{Path, PathBuf},
};

const MAGIC: &[u8; 8] = b"ADITSNP1";
const HEADER: usize = 8 + 4 + 8 + 32 + 32;
const KEPT: usize = 2;

pub(crate) struct SnapshotDir {
    dir: PathBuf,
}

struct Header {
    schema: u32,
    seq: u64,
    record: Hash,
    sum: Hash,
}

impl Header {
    fn new(schema: u32, seq: u64, record: Hash, bytes: &[u8]) -> Self {
        let mut header = Self { schema, seq, record, sum: [0; 32] };
        header.sum = header.computed_sum(bytes);
        header
    }

    fn computed_sum(&self, bytes: &[u8]) -> Hash {
        Sha256::new().chain_update(&self.encode()[..HEADER - 32]).chain_update(bytes).finalize().into()
    }

    fn encode(&self) -> Vec<u8> {
        [MAGIC.as_slice(), &self.schema.to_be_bytes(), &self.seq.to_be_bytes(), &self.record, &self.sum].concat()
    }

    fn decode(header: &[u8]) -> Option<Self> {
        let (schema, rest) = header.strip_prefix(MAGIC)?.split_first_chunk()?;
        let (seq, rest) = rest.split_first_chunk()?;
        let (record, rest) = rest.split_first_chunk()?;
        let (schema, seq) = (u32::from_be_bytes(*schema), u64::from_be_bytes(*seq));
        Some(Self { schema, seq, record: *record, sum: rest.try_into().ok()? })
    }
}

impl SnapshotDir {
    /// `log/` has its snapshots in `log.snapshots/`.
    pub(crate) fn beside(log: &Path) -> Self {
        Self { dir: log.with_extension("snapshots") }
    }

    pub(crate) fn put(
        &self,
        seq: u64,
        schema: u32,
        bytes: &[u8],
        hash_of: impl Fn(u64) -> Result<Option<Hash>>,
    ) -> Result<()> {
        let Some(record) = hash_of(seq)?.filter(|_| seq > 0) else {
            return Err(StoreError::Invalid {
                what: "the snapshot",
                problem: "is of a record that the log does not have",
            });
        };
        fs::create_dir_all(&self.dir).map_err(|error| StoreError::io(&self.dir, error))?;
        let header = Header::new(schema, seq, record, bytes).encode();
        let (target, unfinished) = (self.dir.join(format!("{seq:020}")), self.dir.join("unfinished"));
        let written = write_durably(&unfinished, &target, &[&header, bytes]);
        written.map_err(|error| StoreError::io(&target, error))?;
        let kept: Vec<PathBuf> = self.sound(hash_of)?.into_iter().map(|(_, path)| path).take(KEPT).collect();
        for path in self.files()?.iter().filter(|path| !kept.contains(path)) {
            fs::remove_file(path).map_err(|error| StoreError::io(path, error))?;
        }
        Ok(())
    }

    pub(crate) fn latest(
        &self,
        schema: u32,
        upto: u64,
        hash_of: impl Fn(u64) -> Result<Option<Hash>>,
    ) -> Result<Option<Snapshot>> {
        let fits = |header: &Header| header.schema == schema && header.seq <= upto;
        for (header, path) in self.sound(hash_of)?.into_iter().filter(|(header, _)| fits(header)) {
            let mut bytes = fs::read(&path).map_err(|error| StoreError::io(&path, error))?;
            bytes.drain(..HEADER.min(bytes.len()));
            if header.computed_sum(&bytes) == header.sum {
                return Ok(Some(Snapshot { seq: header.seq, bytes }));
            }
        }
        Ok(None)
    }

    /// The snapshots of this log, latest first, judged by their headers.
    fn sound(&self, hash_of: impl Fn(u64) -> Result<Option<Hash>>) -> Result<Vec<(Header, PathBuf)>> {
        let mut sound = Vec::new();
        for path in self.files()? {
            let header = read_header(&path).map_err(|error| StoreError::io(&path, error))?;
            let Some(header) =
                header.filter(|header| path.file_name() == Some(OsStr::new(&format!("{:020}", header.seq))))
            else {
                continue;
            };
            if header.seq > 0 && hash_of(header.seq)? == Some(header.record) {
                sound.push((header, path));
            }
        }
        sound.sort_by_key(|(header, _)| std::cmp::Reverse(header.seq));
        Ok(sound)
    }

    fn files(&self) -> Result<Vec<PathBuf>> {
        let entries = match fs::read_dir(&self.dir) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries.map_err(|error| StoreError::io(&self.dir, error))?,
        };
        entries.map(|entry| entry.map(|entry| entry.path()).map_err(|error| StoreError::io(&self.dir, error))).collect()
    }
}

/// `None` also if the file has gone since it was listed: whoever writes a snapshot renames it and clears old ones away.
fn read_header(path: &Path) -> io::Result<Option<Header>> {
    let mut header = Vec::with_capacity(HEADER);
    let file = match File::open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    file.take(HEADER as u64).read_to_end(&mut header)?;
    Ok(Header::decode(&header))
}
