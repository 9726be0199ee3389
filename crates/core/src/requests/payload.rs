//! The exact bytes that are approved.

use super::{Action, Scenario};
use crate::{
    authz::Principal,
    ids::{AccountId, AgentId, DeviceId},
    time::Timestamp,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use serde_json::Value;
use sha2::{Digest, Sha256};
use std::{collections::BTreeMap, fmt, ops::Range, str::FromStr};

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
    /// Versions of the settings it would change, as the initiator saw them.
    pub base_versions: BTreeMap<Scenario, u32>,
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
    /// Its canonical form. With integers only and ASCII keys, RFC 8785 asks for no more than sorted keys and no spaces.
    ///
    /// # Panics
    /// Never: a payload has only string keys and integers, which can always be written.
    #[must_use]
    pub fn canonical(&self) -> String {
        // Named one by one, so that a new field cannot be left out of what is approved.
        let Self { account, scenario, action, targets, base_versions, initiator, revision, policy_version, not_after } =
            self;
        let action = ordered(action);
        let mut members = Members::with_capacity(512 + 12 * targets.len());
        members.put("account", account);
        members.put("base_versions", &ordered(base_versions));
        members.put("initiator", &ordered(initiator));
        members.put("not_after", not_after);
        members.put("policy_version", policy_version);
        members.put("revision", revision);
        members.put("scenario", scenario);
        members.put("targets", targets);
        let action = action.as_object().into_iter().flatten();
        action.for_each(|(name, value)| members.put(name, value));
        members.in_order()
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

/// An object's members: their values one after another as they were put in, and by name where each of them is.
struct Members<'a> {
    values: Vec<u8>,
    places: BTreeMap<&'a str, Range<usize>>,
}

impl<'a> Members<'a> {
    fn with_capacity(bytes: usize) -> Self {
        Self { values: Vec::with_capacity(bytes), places: BTreeMap::new() }
    }

    /// What is put in is a number, a text, a list of these, or in order already.
    fn put(&mut self, name: &'a str, value: &impl Serialize) {
        let from = self.values.len();
        serde_json::to_writer(&mut self.values, value).expect("string keys and integers can be written");
        self.places.insert(name, from..self.values.len());
    }

    fn in_order(self) -> String {
        let values = String::from_utf8(self.values).expect("JSON is UTF-8");
        let names: usize = self.places.keys().map(|name| name.len() + 4).sum();
        let mut object = String::with_capacity(values.len() + names + 2);
        for (name, place) in self.places {
            object.push_str(if object.is_empty() { "{\"" } else { ",\"" });
            object.push_str(name);
            object.push_str("\":");
            object.push_str(&values[place]);
        }
        object.push('}');
        object
    }
}

/// A part with its objects' members in order.
fn ordered(part: &impl Serialize) -> Value {
    let mut value = serde_json::to_value(part).expect("string keys and integers can be written");
    // They are sorted already, unless somebody has told the library to keep the order of insertion.
    value.sort_all_objects();
    value
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
