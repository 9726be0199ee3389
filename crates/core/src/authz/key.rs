//! API keys: how programs act. A key hangs from a grant with API access and never reaches further than the grant does at
//! that moment; it asks, and never votes.

use super::{ApiAccess, Permission, catalogue::Risk};
use crate::{
    ids::{AccountId, GrantId, KeyId, UserId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// A program's way in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id; part of its token.
    pub id: KeyId,
    /// Whose.
    pub account: AccountId,
    /// The grant that it hangs from.
    pub grant: GrantId,
    /// Who may have its secret: first whose grant that is, then who asked for the key, if that was somebody else.
    pub holders: Vec<UserId>,
    /// What it is for.
    pub name: String,
    /// Read only, or read and write; never none.
    pub access: ApiAccess,
    /// SHA-256 of its secret, in hex.
    pub secret_hash: String,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Ends at this moment.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

impl ApiKey {
    /// Neither revoked nor expired?
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }

    /// The permissions that its access leaves of a role's.
    #[must_use]
    pub(crate) fn mask(&self, of_role: u64) -> u64 {
        self.access.leaves_of(of_role)
    }
}

impl ApiAccess {
    /// The permissions that keys with this access have of a role's.
    #[must_use]
    pub(crate) fn leaves_of(self, of_role: u64) -> u64 {
        match self {
            Self::None => 0,
            Self::ReadWrite => of_role,
            Self::ReadOnly => {
                let reads = Permission::all().filter(|permission| permission.info().risk == Risk::Read);
                of_role & reads.fold(0, |mask, permission| mask | permission.bit())
            }
        }
    }
}
