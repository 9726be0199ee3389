//! A state as bytes, and the hash over them that the log has of it.
//!
//! Every collection of a state is ordered and every number is an integer, so the same state is always the same bytes, whoever
//! folded it: the hash in the log ([`crate::event::Event::StateHashed`]) can be compared with what a snapshot says, and with
//! what the log adds up to.

use super::State;
use crate::audit::Hash;
use sha2::{Digest, Sha256};
use std::io::{self, BufWriter, Write};

const DOMAIN: &[u8] = b"adit/state/v1\n";
/// Bytes that are hashed at once.
const PIECE: usize = 64 << 10;

/// Why a snapshot is not used.
#[derive(Debug, thiserror::Error)]
pub enum FormError {
    /// It says something other than what the log had.
    #[error("it is not the state that the log had: it was changed, or the disk is failing")]
    Altered,
    /// It cannot be read, though it is what was written: the form has changed and [`State::FORM`] has not.
    #[error("it cannot be read: {0}")]
    Unreadable(#[from] serde_json::Error),
}

impl State {
    /// Number of the form in which states are written; raised whenever what is written changes, or what an event that is in logs
    /// already adds up to.
    pub const FORM: u32 = 21;

    /// The state as bytes, and their hash.
    ///
    /// # Errors
    /// Never for a state that was folded from a log.
    pub fn written(&self) -> serde_json::Result<(Vec<u8>, Hash)> {
        let bytes = serde_json::to_vec(self)?;
        let hash = hash_of(&bytes);
        Ok((bytes, hash))
    }

    /// The same hash, without keeping the bytes.
    ///
    /// # Errors
    /// Never for a state that was folded from a log.
    pub fn hash(&self) -> serde_json::Result<Hash> {
        let mut hashed = BufWriter::with_capacity(PIECE, Hashed(begun()));
        serde_json::to_writer(&mut hashed, self)?;
        let Hashed(hash) = hashed.into_inner().map_err(|error| serde_json::Error::io(error.into_error()))?;
        Ok(hash.finalize().into())
    }

    /// Reads a state that was written, if it is the one that the log has the hash of.
    ///
    /// # Errors
    /// [`FormError`].
    pub fn read(bytes: &[u8], hash: &Hash) -> Result<Self, FormError> {
        if hash_of(bytes) != *hash {
            return Err(FormError::Altered);
        }
        Ok(serde_json::from_slice::<Self>(bytes)?.restored())
    }
}

fn begun() -> Sha256 {
    Sha256::new().chain_update(DOMAIN).chain_update(State::FORM.to_be_bytes())
}

fn hash_of(bytes: &[u8]) -> Hash {
    begun().chain_update(bytes).finalize().into()
}

/// Takes bytes and keeps their hash only.
struct Hashed(Sha256);

impl Write for Hashed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
