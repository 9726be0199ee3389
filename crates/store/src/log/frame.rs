//! A frame: the records of one append, written at once.
//!
//! ```text
//! mark (4)  count (4)  length (8)  | of the record before: number (8)  time (8)  hash (32) |
//! then for each record: time (8)  length of the body (4)  hash (32)  body
//! ```
//! Numbers are big-endian; `length` is that of everything after the header. The records' hashes are the checksum: a frame counts if
//! all of its records follow from the record before and from one another, and does not otherwise. The mark is no UTF-8, so
//! that it never stands in a body.

use super::MAX_BATCH;
use adit_core::{
    audit::{Chain, ChainError, Fault, Head, Record},
    time::Timestamp,
};

pub(super) const MARK: [u8; 4] = [0xff, 0xad, 0x17, 0xfe];
pub(super) const HEADER: usize = 64;
/// No record has a greater number.
pub(super) const LAST: u64 = i64::MAX.unsigned_abs();
/// What a record takes besides its body.
const AROUND: usize = 8 + 4 + 32;

/// What stands before a frame's records.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) before: Head,
    pub(super) count: u32,
    pub(super) length: u64,
}

impl Header {
    /// `None` if this is no frame's beginning.
    pub(super) fn decode(bytes: &[u8; HEADER]) -> Option<Self> {
        let mut fields = Fields(bytes.strip_prefix(&MARK)?);
        let (count, length) = (u32::from_be_bytes(fields.take()?), u64::from_be_bytes(fields.take()?));
        let (seq, at) = (u64::from_be_bytes(fields.take()?), i64::from_be_bytes(fields.take()?));
        let before = Head { seq, at: Timestamp(at), hash: fields.take()? };
        let sound = (1..=MAX_BATCH).contains(&(count as usize)) && length >= u64::from(count) * AROUND as u64;
        let sound = sound && seq < LAST - MAX_BATCH as u64 && (seq > 0 || before == Head::EMPTY);
        sound.then_some(Self { before, count, length })
    }

    /// Number of its last record.
    pub(super) const fn last(&self) -> u64 {
        self.before.seq.saturating_add(self.count as u64)
    }

    /// Its records, from the bytes after the header.
    pub(super) fn records(&self, bytes: &[u8]) -> Result<Vec<Record>, ChainError> {
        let mut fields = Fields(bytes);
        let mut chain = Chain::from(self.before);
        let mut records = Vec::with_capacity(self.count as usize);
        for _ in 0..self.count {
            let head = chain.head();
            let altered = ChainError { seq: head.seq.saturating_add(1), fault: Fault::Altered };
            let record = fields.record(head).ok_or(altered)?;
            chain.follow(&record)?;
            records.push(record);
        }
        if fields.0.is_empty() {
            return Ok(records);
        }
        Err(ChainError { seq: self.last(), fault: Fault::Altered })
    }
}

/// Writes the frame of these bodies, whose records follow `before`, in place of what was in `bytes`, and gives the head of a log
/// that ends with it.
///
/// # Errors
/// [`Fault::TimeWentBack`] if one is earlier than the one before it.
pub(super) fn encode(before: Head, bodies: &[(Timestamp, &str)], bytes: &mut Vec<u8>) -> Result<Head, ChainError> {
    let length: usize = bodies.iter().map(|(_, body)| AROUND + body.len()).sum();
    bytes.clear();
    bytes.reserve(HEADER + length);
    bytes.extend(MARK);
    bytes.extend(u32::try_from(bodies.len()).unwrap_or(u32::MAX).to_be_bytes());
    bytes.extend((length as u64).to_be_bytes());
    bytes.extend(before.seq.to_be_bytes());
    bytes.extend(before.at.0.to_be_bytes());
    bytes.extend(before.hash);
    let mut chain = Chain::from(before);
    for (at, body) in bodies {
        let head = chain.extend(*at, body)?;
        bytes.extend(at.0.to_be_bytes());
        bytes.extend(u32::try_from(body.len()).unwrap_or(u32::MAX).to_be_bytes());
        bytes.extend(head.hash);
        bytes.extend(body.as_bytes());
    }
    Ok(chain.head())
}

/// Whether a frame begins somewhere in `bytes` whose records come after number `seq`.
pub(super) fn begins_after(seq: u64, bytes: &[u8]) -> bool {
    bytes.windows(HEADER).any(|window| {
        let header = window.starts_with(&MARK).then(|| window.try_into().ok().and_then(Header::decode)).flatten();
        header.is_some_and(|header| header.before.seq > seq)
    })
}

/// Bytes that are taken from the front.
struct Fields<'a>(&'a [u8]);

impl Fields<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }

    fn record(&mut self, before: Head) -> Option<Record> {
        let at = Timestamp(i64::from_be_bytes(self.take()?));
        let length = u32::from_be_bytes(self.take()?) as usize;
        let hash = self.take()?;
        let (body, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        let body = std::str::from_utf8(body).ok()?.into();
        Some(Record { seq: before.seq + 1, at, body, prev_hash: before.hash, hash })
    }
}
