//! Keys under one's own grant: what whoever was given API access does about them by themselves. Nothing of it reaches further than
//! what was approved; a key that writes is asked for by a request.

use super::Tx;
use crate::{
    authz::{Actor, ApiAccess, ApiKey, Denied, Permission},
    command::Reply,
    event::Event,
    ids::KeyId,
    rejection::Rejection,
    requests::{Control, KeyTerms, NewKey, check_name, check_origins},
    time::Millis,
};

/// How long two secrets of one key may both open.
const MAX_OVERLAP: Millis = Millis::days(7);

impl Tx {
    /// A key that hangs from the actor's own grant and was not revoked. Others' are none.
    fn own_key(&self, actor: &Actor, key: KeyId) -> Result<&ApiKey, Rejection> {
        let known = self.state.key(key).filter(|key| key.account == actor.account && key.revoked_at.is_none());
        let own = |key: &&ApiKey| {
            let holder = self.state.grant(key.grant).map(|grant| grant.user).or(key.holders.first().copied());
            holder.is_some() && holder == actor.user()
        };
        known.filter(own).ok_or(Rejection::NotFound { what: "API key" })
    }

    pub(super) fn issue_own_key(&mut self, actor: &Actor, new: NewKey) -> Result<Reply, Rejection> {
        let account = actor.account;
        let user = actor.user().ok_or_else(|| Denied::lacking(Permission::ApiKeyManage))?;
        self.state.may_ask(account, user, &Control::IssueKey(new.clone()), self.now)?;
        let own = self.state.grant(new.grant).is_some_and(|grant| grant.user == user);
        if !own || new.access != ApiAccess::ReadOnly {
            return Err(Denied::lacking(Permission::ApiKeyManage).into());
        }
        self.check_open(actor)?;
        self.check_new_key(account, &new)?;
        let issued = self.key_issued(account, new);
        let Event::KeyIssued { key, .. } = issued else { return Err(Rejection::NotFound { what: "API key" }) };
        self.emit(issued);
        Ok(Reply::Key(key))
    }

    pub(super) fn change_own_key(&mut self, actor: &Actor, key: KeyId, to: KeyTerms) -> Result<Reply, Rejection> {
        let old = self.own_key(actor, key)?;
        check_name(&to.name)?;
        check_origins(&to.from)?;
        let wider = |field| {
            let problem = "a key only becomes narrower: make another one for more".into();
            Err(Rejection::Invalid { field, problem })
        };
        let lasts_longer = match (old.expires_at, to.expires_at) {
            (None, _) => false,
            (Some(_), None) => true,
            (Some(old), Some(new)) => new > old,
        };
        if lasts_longer {
            return wider("expires_at");
        }
        if !old.from.contain(&to.from) {
            return wider("from");
        }
        if old.require_hmac && !to.require_hmac {
            return wider("require_hmac");
        }
        let KeyTerms { name, expires_at, from, require_hmac } = to;
        self.emit(Event::KeyChanged { key, account: actor.account, name, expires_at, from, require_hmac });
        self.settle_all();
        Ok(Reply::Key(key))
    }

    pub(super) fn rotate_own_key(
        &mut self,
        actor: &Actor,
        key: KeyId,
        secret_hash: String,
        overlap: Millis,
    ) -> Result<Reply, Rejection> {
        let old = self.own_key(actor, key)?;
        let is_live =
            old.is_live(self.now) && self.state.rights_of_key(actor.account, key).live(self.now).next().is_some();
        if !is_live {
            let problem = "it opens nothing any more: make another one".into();
            return Err(Rejection::Invalid { field: "key", problem });
        }
        self.check_open(actor)?;
        self.check_secret(&secret_hash)?;
        if overlap > MAX_OVERLAP {
            return Err(Rejection::OutOfRange { field: "overlap".into(), min: 0, max: MAX_OVERLAP.0 });
        }
        let former_until = self.now.after(overlap);
        self.emit(Event::KeyRotated { key, account: actor.account, secret_hash, former_until });
        Ok(Reply::Key(key))
    }

    pub(super) fn revoke_own_key(&mut self, actor: &Actor, key: KeyId) -> Result<Reply, Rejection> {
        self.own_key(actor, key)?;
        self.emit(Event::KeyRevoked { key, account: actor.account });
        self.settle_all();
        Ok(Reply::Key(key))
    }
}
