//! Links by which people without an account look at sub-accounts.

use crate::{
    ids::{AccountId, ObserverLinkId, SubAccountId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// What is shown beside hashrate and the number of devices, which always are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Sections {
    /// Every device with its hashrate.
    pub workers: bool,
    /// What has been earned and not been paid. Never where it goes.
    pub earnings: bool,
}

impl Sections {
    /// What both show.
    #[must_use]
    pub const fn both(self, other: Self) -> Self {
        Self { workers: self.workers && other.workers, earnings: self.earnings && other.earnings }
    }
}

/// A link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObserverLink {
    /// Its id; no part of its address.
    pub id: ObserverLinkId,
    /// Whose.
    pub account: AccountId,
    /// What it shows.
    pub sub_accounts: BTreeSet<SubAccountId>,
    /// What of them.
    pub sections: Sections,
    /// What or whom it is for.
    pub label: String,
    /// SHA-256 of its token, in hex: whoever has the token sees it.
    pub token_hash: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Shows nothing from this moment on.
    pub expires_at: Timestamp,
    /// Shows nothing since.
    pub revoked_at: Option<Timestamp>,
}

impl ObserverLink {
    /// Neither revoked nor expired?
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && now < self.expires_at
    }
}
