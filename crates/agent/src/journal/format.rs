//! The journal's bytes: a header, then frames. One frame holds everything of one disk write, so a write that a power cut
//! tore apart is one bad frame with nothing valid behind it; a bad frame *before* valid ones means that durable bytes
//! have changed.
//!
//! Frame: 4 marker bytes, length of the payload (u32, little endian), CRC-32 of length and payload, payload. The payload
//! is a JSON list of [`Record`]s; JSON text never contains the marker's `FF`, so no payload looks like a frame.

use adit_core::{
    fleet::{CommandId, TargetResult},
    time::Timestamp,
};
use adit_wire::CommandBody;
use serde::{Deserialize, Serialize};

/// The file's first bytes.
pub const HEADER: &[u8] = b"ADITJRN1";
const MARKER: [u8; 4] = [0xff, 0xad, 0x17, 0xff];
const PREFIX: usize = 12;
/// The largest payload that is written or believed, bytes.
pub(super) const MAX_PAYLOAD: usize = 64 << 20;

/// One fact.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Record {
    /// A command was taken.
    Received(CommandBody),
    /// The device may have been told from here on.
    Started(CommandId),
    /// It ended.
    Ended(CommandId, TargetResult),
    /// The server has the result.
    Stored(CommandId),
    /// All that is kept of an ended command when the journal is rewritten.
    Past {
        /// Which.
        id: CommandId,
        /// How it ended.
        result: TargetResult,
        /// When it was due.
        deadline: Timestamp,
        /// Does the server have the result?
        stored: bool,
    },
    /// Commands due at or before this were forgotten.
    Floor(Timestamp),
}

/// What is wrong with a journal's bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Damage {
    /// The header is not ours.
    NotAJournal,
    /// Only the last frame is bad.
    Torn {
        /// What precedes it.
        records: Vec<Record>,
        /// How many bytes are good.
        good: usize,
    },
    /// A bad frame with valid ones behind it.
    Middle {
        /// Where it begins.
        offset: usize,
    },
}

/// One frame.
///
/// # Errors
/// If the records cannot be written as JSON or are more than one frame may hold.
pub fn encode(records: &[Record]) -> Result<Vec<u8>, String> {
    let payload = serde_json::to_vec(records).map_err(|e| e.to_string())?;
    let length = u32::try_from(payload.len()).ok().filter(|_| payload.len() <= MAX_PAYLOAD);
    let length = length.ok_or_else(|| format!("{} bytes in one frame", payload.len()))?.to_le_bytes();
    let mut frame = Vec::with_capacity(PREFIX + payload.len());
    frame.extend_from_slice(&MARKER);
    frame.extend_from_slice(&length);
    frame.extend_from_slice(&checksum(&length, &payload).to_le_bytes());
    frame.extend_from_slice(&payload);
    Ok(frame)
}

/// Reads a whole journal, header included.
///
/// # Errors
/// Every [`Damage`].
pub fn scan(bytes: &[u8]) -> Result<Vec<Record>, Damage> {
    if !bytes.starts_with(HEADER) {
        return Err(Damage::NotAJournal);
    }
    let (mut records, mut at) = (Vec::new(), HEADER.len());
    while at < bytes.len() {
        let Some((mut read, length)) = frame_at(&bytes[at..]) else {
            let followed = (at + 1..bytes.len()).any(|later| frame_at(&bytes[later..]).is_some());
            return Err(if followed { Damage::Middle { offset: at } } else { Damage::Torn { records, good: at } });
        };
        records.append(&mut read);
        at += length;
    }
    Ok(records)
}

/// The frame that begins here, if one does, and its length in bytes.
fn frame_at(bytes: &[u8]) -> Option<(Vec<Record>, usize)> {
    let rest = bytes.strip_prefix(&MARKER)?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (crc, rest) = rest.split_first_chunk::<4>()?;
    let payload = rest.get(..u32::from_le_bytes(*length) as usize)?;
    if payload.len() > MAX_PAYLOAD || checksum(length, payload) != u32::from_le_bytes(*crc) {
        return None;
    }
    Some((serde_json::from_slice(payload).ok()?, PREFIX + payload.len()))
}

fn checksum(length: &[u8], payload: &[u8]) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(length);
    crc.update(payload);
    crc.finalize()
}
