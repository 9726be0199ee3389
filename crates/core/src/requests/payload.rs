//! The exact bytes that are approved.

use super::{Action, Base, Pinned, Scenario, Version, canonical::canonical};
use crate::{
    authz::Principal,
    ids::{AccountId, AgentId, DeviceId},
    time::Timestamp,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt, str::FromStr};

/// Most targets one request may have.
pub const MAX_TARGETS: usize = 100_000;

/// What a request acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A device.
    Device(DeviceId),
    /// An agent.
    Agent(AgentId),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(id) => id.fmt(f),
            Self::Agent(id) => id.fmt(f),
        }
    }
}

impl FromStr for Target {
    type Err = crate::ids::ParseIdError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::Device).or_else(|_| text.parse().map(Self::Agent))
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

/// Exactly what is approved. Its canonical form (RFC 8785) is what the content hash is taken of, what is stored, and what is carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// Whose.
    pub account: AccountId,
    /// Which class of operation.
    pub scenario: Scenario,
    /// What.
    #[serde(flatten)]
    pub action: Action,
    /// On what, sorted, each once. Empty where the action names its own object.
    pub targets: Vec<Target>,
    /// What the names in pool users stand for on each target.
    #[serde(default, skip_serializing_if = "Pinned::is_empty")]
    pub pinned: Pinned,
    /// Versions of everything it names, as the initiator saw them.
    pub base_versions: BTreeMap<Base, Version>,
    /// By whom.
    pub initiator: Principal,
    /// 1, then one more with each amendment.
    pub revision: u32,
    /// Version of the policy in force when it was submitted.
    pub policy_version: u32,
    /// Not to be approved at or after this moment.
    pub not_after: Timestamp,
}

/// SHA-256 of a payload in its canonical form; 64 hex digits when written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub [u8; 32]);

impl Payload {
    /// The version of something it names that is counted in numbers, as it was when it was asked for; 0 if it names no such thing.
    #[must_use]
    pub fn base_number(&self, base: Base) -> u32 {
        self.base_versions.get(&base).and_then(|version| version.parse().ok()).unwrap_or(0)
    }

    /// Its canonical form (RFC 8785).
    ///
    /// # Panics
    /// Never: a payload has only keys in ASCII and integers, which can always be written.
    #[must_use]
    pub fn canonical(&self) -> String {
        canonical(self)
    }

    /// The hash that every vote must carry.
    #[must_use]
    pub fn content_hash(&self) -> ContentHash {
        let mut hasher = Sha256::new();
        hasher.update(b"approval/v1\n");
        hasher.update(self.canonical().as_bytes());
        ContentHash(hasher.finalize().into())
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut text = [0; 64];
        for (pair, byte) in text.chunks_exact_mut(2).zip(self.0) {
            pair[0] = DIGITS[usize::from(byte >> 4)];
            pair[1] = DIGITS[usize::from(byte & 15)];
        }
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl FromStr for ContentHash {
    type Err = NotAHash;
    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let mut hash = [0; 32];
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NotAHash);
        }
        for (at, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).map_err(|_| NotAHash)?;
        }
        Ok(Self(hash))
    }
}

/// A text that is not 64 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a content hash is 64 hex digits")]
pub struct NotAHash;

impl Serialize for ContentHash {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentHash {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}
