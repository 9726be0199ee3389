//! What can be asked about API keys: is it in order, and what follows.

use super::{Control, effects::check_name};
use crate::{
    authz::{ApiAccess, Origins},
    decide::Tx,
    event::Event,
    ids::{AccountId, GrantId, KeyId},
    rejection::Rejection,
    time::{Millis, Timestamp},
};
use serde::{Deserialize, Serialize};

/// Longest life of a key that writes.
const MAX_WRITE_LIFE: Millis = Millis::days(365);
/// Most live keys of one account.
const MAX_KEYS: usize = 1_000;

/// Most networks of one key.
const MAX_NETWORKS: usize = 32;

/// A key to be issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// The grant that it hangs from; one with API access.
    pub grant: GrantId,
    /// What it is for, 1 to 60 characters.
    pub name: String,
    /// Read only, or read and write.
    pub access: ApiAccess,
    /// SHA-256 of its secret, 64 hex digits.
    pub secret_hash: String,
    /// Until when; a key that writes needs an end within 365 days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expires_at: Option<Timestamp>,
    /// From where it may be used. A key that writes says so, be it everywhere; one that reads may be used from everywhere
    /// unless it says otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<Origins>,
    /// Whether what it changes must be signed as well.
    #[serde(default, skip_serializing_if = "is_false")]
    pub require_hmac: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
const fn is_false(value: &bool) -> bool {
    !*value
}

impl NewKey {
    /// A key that may be used from everywhere, as long as its grant.
    #[must_use]
    pub fn new(grant: GrantId, name: impl Into<String>, access: ApiAccess, secret_hash: impl Into<String>) -> Self {
        let (name, secret_hash) = (name.into(), secret_hash.into());
        let from = Some(Origins::Anywhere);
        Self { grant, name, access, secret_hash, expires_at: None, from, require_hmac: false }
    }
}

/// What of a key can be made narrower.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyTerms {
    /// What it is for, 1 to 60 characters.
    pub name: String,
    /// Until when; never later than it was.
    pub expires_at: Option<Timestamp>,
    /// From where it may be used; from nowhere where it could not be used before.
    pub from: Origins,
    /// Whether what it changes must be signed; once on, it stays on.
    pub require_hmac: bool,
}

impl Tx {
    pub(crate) fn check_new_key(&self, account: AccountId, new: &NewKey) -> Result<(), Rejection> {
        check_name(&new.name)?;
        self.check_secret(&new.secret_hash)?;
        let grant = self.state().grant(new.grant).filter(|grant| grant.account == account);
        let grant = grant.ok_or(Rejection::NotFound { what: "grant" })?;
        if new.access.is_none() {
            return invalid("access", "read_only or read_write");
        }
        if grant.api_access < new.access {
            return invalid("access", "the grant's own API access does not go that far: change the grant first");
        }
        let now = self.now();
        if new.expires_at.is_some_and(|end| end <= now) {
            return invalid("expires_at", "lies in the past");
        }
        let too_long = new.expires_at.is_none_or(|end| end > now.after(MAX_WRITE_LIFE));
        if new.access == ApiAccess::ReadWrite && too_long {
            return invalid("expires_at", "a key that writes needs an end within 365 days");
        }
        match &new.from {
            None if new.access == ApiAccess::ReadWrite => {
                return invalid("from", "a key that writes says from which networks it is used, or \"anywhere\"");
            }
            from => check_origins(from.as_ref().unwrap_or(&Origins::Anywhere))?,
        }
        let live = self.state().keys_of(account).filter(|key| key.is_live(now)).count();
        if live >= MAX_KEYS {
            return invalid("name", "the account has 1000 live keys: revoke some first");
        }
        Ok(())
    }

    /// A secret opens one key.
    pub(crate) fn check_secret(&self, secret_hash: &str) -> Result<(), Rejection> {
        if secret_hash.len() != 64 || !secret_hash.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return invalid("secret_hash", "64 hex digits in small letters");
        }
        let known = self.state().key_of_secret(secret_hash).is_some();
        if known { invalid("secret_hash", "another key has this secret: draw a new one") } else { Ok(()) }
    }

    pub(crate) fn check_key(&self, account: AccountId, key: KeyId) -> Result<(), Rejection> {
        let known = self.state().key(key).is_some_and(|key| key.account == account && key.revoked_at.is_none());
        if known { Ok(()) } else { Err(Rejection::NotFound { what: "API key" }) }
    }

    pub(crate) fn key_effect(&self, account: AccountId, control: &Control) -> Option<Event> {
        match control.clone() {
            Control::IssueKey(new) => Some(self.key_issued(account, new)),
            Control::RevokeKey { key } => Some(Event::KeyRevoked { key, account }),
            _ => None,
        }
    }

    pub(crate) fn key_issued(&self, account: AccountId, new: NewKey) -> Event {
        let key = KeyId(self.state().keys.get_max().map_or(0, |(id, _)| id.0) + 1);
        let NewKey { grant, name, access, secret_hash, expires_at, from, require_hmac } = new;
        let from = from.unwrap_or_default();
        Event::KeyIssued { key, account, grant, name, access, secret_hash, expires_at, from, require_hmac }
    }
}

fn invalid(field: &'static str, problem: &str) -> Result<(), Rejection> {
    Err(Rejection::Invalid { field, problem: problem.into() })
}

pub(crate) fn check_origins(from: &Origins) -> Result<(), Rejection> {
    match from {
        Origins::Networks(networks) if !(1..=MAX_NETWORKS).contains(&networks.len()) => {
            Err(Rejection::Invalid { field: "from", problem: format!("1 to {MAX_NETWORKS} networks, or \"anywhere\"") })
        }
        Origins::Networks(_) | Origins::Anywhere => Ok(()),
    }
}
