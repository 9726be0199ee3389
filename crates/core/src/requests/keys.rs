//! What can be asked about API keys: is it in order, and what follows.

use super::{Control, effects::check_name};
use crate::{
    authz::ApiAccess,
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
}

impl Tx {
    pub(crate) fn check_new_key(&self, account: AccountId, new: &NewKey) -> Result<(), Rejection> {
        check_name(&new.name)?;
        let invalid = |field: &'static str, problem: &str| Err(Rejection::Invalid { field, problem: problem.into() });
        if new.secret_hash.len() != 64 || !new.secret_hash.bytes().all(|b| b.is_ascii_hexdigit()) {
            return invalid("secret_hash", "64 hex digits");
        }
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
        let live = self.state().keys_of(account).filter(|key| key.is_live(now)).count();
        if live >= MAX_KEYS {
            return invalid("name", "the account has 1000 live keys: revoke some first");
        }
        Ok(())
    }

    pub(crate) fn check_key(&self, account: AccountId, key: KeyId) -> Result<(), Rejection> {
        let known = self.state().key(key).is_some_and(|key| key.account == account && key.revoked_at.is_none());
        if known { Ok(()) } else { Err(Rejection::NotFound { what: "API key" }) }
    }

    pub(crate) fn key_effect(&self, account: AccountId, control: &Control) -> Option<Event> {
        match control.clone() {
            Control::IssueKey(NewKey { grant, name, access, secret_hash, expires_at }) => {
                let key = KeyId(self.state().keys.get_max().map_or(0, |(id, _)| id.0) + 1);
                Some(Event::KeyIssued { key, account, grant, name, access, secret_hash, expires_at })
            }
            Control::RevokeKey { key } => Some(Event::KeyRevoked { key, account }),
            _ => None,
        }
    }
}
