//! What events change about API keys, and what a key may do.

use super::State;
use crate::{
    authz::{ApiAccess, ApiKey, Grant, Rights},
    event::{Entry, Event},
    ids::{AccountId, KeyId},
};

impl State {
    pub(super) fn apply_key(&mut self, entry: &Entry) {
        match &entry.event {
            Event::KeyIssued { key, account, grant, name, access, secret_hash, expires_at } => {
                let issued = ApiKey {
                    id: *key,
                    account: *account,
                    grant: *grant,
                    name: name.clone(),
                    access: *access,
                    secret_hash: secret_hash.clone(),
                    issued_at: entry.at,
                    expires_at: *expires_at,
                    revoked_at: None,
                };
                self.keys.insert(*key, issued);
            }
            Event::KeyRevoked { key, .. } => {
                if let Some(key) = self.keys.get_mut(key) {
                    key.revoked_at = Some(entry.at);
                }
            }
            _ => {}
        }
    }

    /// A key, also one that is no longer live.
    #[must_use]
    pub fn key(&self, id: KeyId) -> Option<&ApiKey> {
        self.keys.get(&id)
    }

    /// All keys that an account ever had, the latest first.
    pub fn keys_of(&self, account: AccountId) -> impl Iterator<Item = &ApiKey> {
        self.keys.values().rev().filter(move |key| key.account == account)
    }

    /// Of the grant that it hangs from as that is now, what the key's own access leaves, and no longer than either lasts.
    pub(crate) fn rights_of_key(&self, account: AccountId, key: KeyId) -> Rights {
        let key = self.keys.get(&key).filter(|key| key.account == account && key.revoked_at.is_none());
        let Some((key, grant)) = key.and_then(|key| Some((key, self.grant(key.grant)?))) else {
            return Rights::default();
        };
        let permitted = match key.access {
            ApiAccess::ReadWrite => grant.api_access == ApiAccess::ReadWrite,
            ApiAccess::ReadOnly | ApiAccess::None => grant.api_access != ApiAccess::None,
        };
        if !permitted || self.is_suspended(account, grant.user) {
            return Rights::default();
        }
        let ends = [key.expires_at, grant.expires_at].into_iter().flatten().min();
        let bounded = Grant { expires_at: ends, ..grant.clone() };
        Rights::of(std::iter::once((&bounded, key.mask(self.mask_of(grant.role)))))
    }
}
