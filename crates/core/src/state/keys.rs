//! What events change about API keys, what a key may do, and who answers for it.

use super::State;
use crate::{
    authz::{ApiAccess, ApiKey, FormerSecret, Grant, KeyRefused, Principal, Rights},
    event::{Entry, Event},
    ids::{AccountId, GrantId, KeyId, UserId},
    requests::{Action, Control, Request, RequestState},
    time::Timestamp,
};
use std::{net::IpAddr, sync::Arc};

/// By which secrets a key is found, for the index of secrets.
pub(super) fn secrets_of(key: &ApiKey) -> impl Iterator<Item = (Arc<str>, KeyId)> {
    let former = key.former.iter().map(|former| former.secret_hash.as_str());
    former.chain([key.secret_hash.as_str()]).map(|hash| (hash.into(), key.id))
}

/// When a key ends by itself, for the index of ends; nothing if it does not, or has been revoked.
pub(super) fn end_of(key: &ApiKey) -> Option<(Timestamp, KeyId)> {
    key.expires_at.filter(|_| key.revoked_at.is_none()).map(|end| (end, key.id))
}

impl State {
    pub(super) fn apply_key(&mut self, entry: &Entry) {
        match &entry.event {
            Event::KeyIssued { key, account, grant, name, access, secret_hash, expires_at, from, require_hmac } => {
                let issued = ApiKey {
                    id: *key,
                    account: *account,
                    grant: *grant,
                    holders: self.holders_of_new_key(*grant, secret_hash),
                    name: name.clone(),
                    access: *access,
                    secret_hash: secret_hash.clone(),
                    former: None,
                    from: from.clone(),
                    require_hmac: *require_hmac,
                    issued_at: entry.at,
                    expires_at: *expires_at,
                    revoked_at: None,
                };
                self.key_ends.extend(end_of(&issued));
                self.key_secrets.insert(issued.secret_hash.as_str().into(), *key);
                self.keys.insert(*key, issued);
            }
            Event::KeyChanged { key, name, expires_at, from, require_hmac, .. } => {
                if let Some(key) = self.keys.get_mut(key) {
                    if let Some(end) = end_of(key) {
                        self.key_ends.remove(&end);
                    }
                    key.name.clone_from(name);
                    key.from.clone_from(from);
                    key.require_hmac = *require_hmac;
                    key.expires_at = *expires_at;
                    self.key_ends.extend(end_of(key));
                }
            }
            Event::KeyRotated { key: id, secret_hash, former_until, .. } => {
                if let Some(key) = self.keys.get_mut(id) {
                    let now = std::mem::replace(&mut key.secret_hash, secret_hash.clone());
                    let before = key.former.replace(FormerSecret { secret_hash: now, until: *former_until });
                    // Two at most: the one before the last opens nothing any more.
                    if let Some(before) = before {
                        self.key_secrets.remove(before.secret_hash.as_str());
                    }
                    self.key_secrets.insert(secret_hash.as_str().into(), *id);
                }
            }
            Event::KeyRevoked { key, .. } => {
                if let Some(key) = self.keys.get_mut(key) {
                    if let Some(end) = end_of(key) {
                        self.key_ends.remove(&end);
                    }
                    key.revoked_at = Some(entry.at);
                }
            }
            _ => {}
        }
    }

    /// Whose grant it is, and whom its token was shown to: the initiator of the request that is being carried out.
    fn holders_of_new_key(&self, grant: GrantId, secret_hash: &str) -> Vec<UserId> {
        let issues = |request: &&Request| {
            request.state == RequestState::Executing
                && matches!(&request.payload.action, Action::Control(Control::IssueKey(new)) if new.secret_hash == secret_hash)
        };
        let asked = self.open_controls().find(issues).and_then(|request| self.person_behind(request.payload.initiator));
        let mut holders: Vec<_> = self.grant(grant).map(|grant| grant.user).into_iter().chain(asked).collect();
        holders.dedup();
        holders
    }

    /// Is what `initiator` asks for this person's own doing? What a program asks for is that of everybody who may have its
    /// key's secret.
    #[must_use]
    pub fn is_own(&self, initiator: Principal, user: UserId) -> bool {
        match initiator {
            Principal::User(asker) => asker == user,
            Principal::ApiKey(key) => self.keys.get(&key).is_some_and(|key| key.holders.contains(&user)),
            Principal::Operator | Principal::System => false,
        }
    }

    /// Who answers for what `initiator` asks for: they themselves, or for a program whose grant its key hangs from.
    #[must_use]
    pub fn person_behind(&self, initiator: Principal) -> Option<UserId> {
        match initiator {
            Principal::User(user) => Some(user),
            Principal::ApiKey(key) => self.keys.get(&key)?.holders.first().copied(),
            Principal::Operator | Principal::System => None,
        }
    }

    /// A key, also one that is no longer live.
    #[must_use]
    pub fn key(&self, id: KeyId) -> Option<&ApiKey> {
        self.keys.get(&id)
    }

    /// The key that this secret opens or opened.
    pub(crate) fn key_of_secret(&self, secret_hash: &str) -> Option<&ApiKey> {
        self.key_secrets.get(secret_hash).and_then(|key| self.keys.get(key))
    }

    /// The key that a secret opens to a program that comes from `address`.
    ///
    /// # Errors
    /// Why it opens none.
    pub fn admit(&self, secret_hash: &str, address: Option<IpAddr>, now: Timestamp) -> Result<&ApiKey, KeyRefused> {
        let key = self.key_of_secret(secret_hash).ok_or(KeyRefused::Unknown)?;
        let is_former = key.former.as_ref().filter(|former| former.secret_hash == secret_hash);
        if is_former.is_some_and(|former| former.until <= now) {
            return Err(KeyRefused::Replaced);
        }
        self.standing_of(key, now)?;
        if key.from.admit(address) { Ok(key) } else { Err(KeyRefused::Address) }
    }

    /// Does a key open anything, wherever it is used from?
    ///
    /// # Errors
    /// Why not.
    pub fn standing_of(&self, key: &ApiKey, now: Timestamp) -> Result<(), KeyRefused> {
        if key.revoked_at.is_some() {
            return Err(KeyRefused::Revoked);
        }
        if !key.is_live(now) {
            return Err(KeyRefused::Expired);
        }
        let opens = self.rights_of_key(key.account, key.id).live(now).next().is_some();
        if opens && self.account(key.account).is_some() { Ok(()) } else { Err(KeyRefused::GrantEnded) }
    }

    /// Keys that ended by themselves after `after` and until `until`, the first to end first.
    pub fn keys_ended(&self, after: Timestamp, until: Timestamp) -> impl Iterator<Item = &ApiKey> {
        let from = (Timestamp(after.0.saturating_add(1)), KeyId(0));
        let ended = self.key_ends.range(from..).take_while(move |(end, _)| *end <= until);
        ended.filter_map(|(_, key)| self.keys.get(key))
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
        let access = if self.held.contains(&grant.user) { ApiAccess::ReadOnly } else { key.access };
        Rights::of(std::iter::once((&bounded, access.leaves_of(self.mask_of(grant.role)))))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;
    use crate::authz::Origins;
    use proptest::prelude::*;

    /// A key that ends then, or never; or the end of one of the keys before it.
    #[derive(Debug, Clone)]
    enum Change {
        Issue(Option<i64>),
        Revoke(u32),
    }

    fn change() -> impl Strategy<Value = Change> {
        let end = prop::option::weighted(0.8, 0..40_i64);
        prop_oneof![3 => end.prop_map(Change::Issue), 1 => (1..30_u32).prop_map(Change::Revoke)]
    }

    fn event(change: &Change, next: u32) -> Event {
        let account = AccountId(1);
        match change {
            Change::Issue(end) => Event::KeyIssued {
                key: KeyId(next),
                account,
                grant: GrantId(1),
                name: String::new(),
                access: ApiAccess::ReadOnly,
                secret_hash: format!("{next:064x}"),
                expires_at: end.map(Timestamp),
                from: Origins::Anywhere,
                require_hmac: false,
            },
            Change::Revoke(key) => Event::KeyRevoked { key: KeyId(*key), account },
        }
    }

    proptest! {
        #[test]
        fn keys_that_have_ended_are_those_found_by_looking_at_all(
            changes in prop::collection::vec(change(), 0..40),
            after in 0..40_i64,
            until in 0..40_i64,
        ) {
            let (mut state, mut next) = (State::default(), 1);
            let (after, until) = (Timestamp(after), Timestamp(until));
            for change in &changes {
                state.apply(&Entry { at: Timestamp(0), actor: Principal::Operator, event: event(change, next) });
                next += u32::from(matches!(change, Change::Issue(_)));
                let ends = |key: &&ApiKey| key.revoked_at.is_none() && key.expires_at.is_some_and(|end| after < end && end <= until);
                let mut naive: Vec<_> = state.keys.values().filter(ends).collect();
                naive.sort_by_key(|key| (key.expires_at, key.id));
                prop_assert_eq!(state.keys_ended(after, until).collect::<Vec<_>>(), naive);
            }
            let stored: State = serde_json::from_str(&serde_json::to_string(&state).unwrap()).unwrap();
            prop_assert_eq!(stored.restored(), state);
        }
    }
}
