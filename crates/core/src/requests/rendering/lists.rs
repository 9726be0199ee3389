//! Long lists as they are shown: the first of them, and a digest by which lists are told apart.

use crate::ids::DeviceId;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// How many devices of a list are named.
pub const NAMED: usize = 12;

/// Devices: how many, the first of them, and a digest by which lists are told apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeviceList {
    /// How many.
    pub count: u32,
    /// The first [`NAMED`] of them.
    pub first: Vec<DeviceId>,
    /// Of all of them.
    pub digest: Mark,
}

impl DeviceList {
    /// In this order.
    pub fn of(devices: impl IntoIterator<Item = DeviceId>) -> Self {
        let (mut count, mut first, mut hasher) = (0_u32, Vec::new(), Sha256::new());
        for device in devices {
            count = count.saturating_add(1);
            hasher.update(device.0.to_be_bytes());
            if first.len() < NAMED {
                first.push(device);
            }
        }
        Self { count, first, digest: Mark::of_digest(&hasher.finalize()) }
    }
}

/// Users of a pool that are made for each device: how many, the first of them, and a digest by which lists are told apart.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UserList {
    /// What they are made of.
    pub template: String,
    /// The account of all of them; none where they differ in it, or a device can be told nothing.
    pub account: Option<String>,
    /// How many.
    pub count: u32,
    /// The first of them.
    pub first: Vec<NamedUser>,
    /// Of all of them and their devices.
    pub digest: Mark,
}

/// The user of one device.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NamedUser {
    /// Whose.
    pub device: DeviceId,
    /// What it has now; none if it has none, or that is not known.
    pub old: Option<String>,
    /// What it is to have; none if it cannot be told any.
    pub new: Option<String>,
}

impl UserList {
    /// In this order.
    pub(super) fn of(template: &str, account: Option<String>, users: impl IntoIterator<Item = NamedUser>) -> Self {
        let (mut count, mut first, mut hasher) = (0_u32, Vec::new(), Sha256::new());
        for user in users {
            count = count.saturating_add(1);
            hasher.update(user.device.0.to_be_bytes());
            hasher.update([u8::from(user.new.is_some())]);
            hasher.update(user.new.as_deref().unwrap_or_default());
            hasher.update([0]);
            if first.len() < NAMED {
                first.push(user);
            }
        }
        Self { template: template.to_owned(), account, count, first, digest: Mark::of_digest(&hasher.finalize()) }
    }
}

/// By which two secrets or two lists are told apart without being shown: the beginning of a digest, 8 hex digits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Mark(String);

impl Mark {
    /// Of a secret's hash or of the reference under which it is kept.
    #[must_use]
    pub fn of(secret: &str) -> Self {
        Self::of_digest(&Sha256::digest(secret.as_bytes()))
    }

    fn of_digest(digest: &[u8]) -> Self {
        Self(digest.iter().take(4).map(|byte| format!("{byte:02x}")).collect())
    }

    /// The 8 hex digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
