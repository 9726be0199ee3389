//! API keys: how programs act. A key hangs from a grant with API access and never reaches further than the grant does at
//! that moment; it asks, and never votes.

use super::{ApiAccess, Origins, Permission, catalogue::Risk};
use crate::{
    ids::{AccountId, GrantId, KeyId, UserId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};

/// A program's way in.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApiKey {
    /// Its id.
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
    /// The secret before that, for as long as it still opens.
    pub former: Option<FormerSecret>,
    /// From where it may be used.
    pub from: Origins,
    /// Whether what it changes must be signed as well.
    pub require_hmac: bool,
    /// When it was issued.
    pub issued_at: Timestamp,
    /// Ends at this moment.
    pub expires_at: Option<Timestamp>,
    /// When it was revoked.
    pub revoked_at: Option<Timestamp>,
}

/// A secret that was replaced.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FormerSecret {
    /// SHA-256 of it, in hex.
    pub secret_hash: String,
    /// It opens until then.
    pub until: Timestamp,
}

/// Why a secret does not let a program in. Whoever shows a secret that was never given learns nothing more than that.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the sentences say it")]
pub enum KeyRefused {
    #[error(
        "this is no API key of this server: send Authorization: Bearer adit_\u{2026} as it was shown when the key was made"
    )]
    Unknown,
    #[error("this API key was revoked: make another one under API Authorization")]
    Revoked,
    #[error("this API key has expired: make another one under API Authorization")]
    Expired,
    #[error("this secret was replaced when the API key was rotated: use the newer one")]
    Replaced,
    #[error("the role that this API key hangs from has ended, was narrowed or is suspended")]
    GrantEnded,
    #[error("this API key may not be used from this address: its networks do not hold it")]
    Address,
}

impl KeyRefused {
    /// Stable code, part of the problem's type in the API.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Unknown => "invalid_key",
            Self::Revoked => "key_revoked",
            Self::Expired => "key_expired",
            Self::Replaced => "key_replaced",
            Self::GrantEnded => "key_grant_ended",
            Self::Address => "key_address",
        }
    }

    /// HTTP status that says the same.
    #[must_use]
    pub const fn status(&self) -> u16 {
        match self {
            Self::Unknown | Self::Revoked | Self::Expired | Self::Replaced | Self::GrantEnded => 401,
            Self::Address => 403,
        }
    }
}

impl ApiKey {
    /// Neither revoked nor expired?
    #[must_use]
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
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
