//! Random texts that open something, and what is kept of them.

use sha2::{Digest, Sha256};
use std::fmt::Write;

/// SHA-256 of a token: all that is kept of it.
#[must_use]
pub fn hash_of(token: &str) -> [u8; 32] {
    hash_of_bytes(token.as_bytes())
}

/// SHA-256 of these.
pub(crate) fn hash_of_bytes(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// 32 random bytes in hex.
///
/// # Errors
/// The system gives no randomness.
pub fn random() -> Result<String, getrandom::Error> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes)?;
    Ok(hex(&bytes))
}

/// In hex.
#[must_use]
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
