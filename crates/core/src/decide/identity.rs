//! What the server notes of who somebody is, and what people say about the accounts that they were given roles on.

use super::{Tx, operator_only};
use crate::{
    authz::Actor,
    command::Reply,
    event::Event,
    ids::{AccountId, UserId},
    rejection::{Instead, Rejection},
    state::{Identity, SignInChange},
};
use std::collections::BTreeSet;

impl Tx {
    fn known(&self, user: UserId) -> Result<Identity, Rejection> {
        self.state.identity(user).ok_or(Rejection::NotFound { what: "person" })
    }

    /// Accounts on which a person holds a grant, suspended or not.
    fn accounts_with(&self, user: UserId) -> BTreeSet<AccountId> {
        self.state.grants.values().filter(|grant| grant.user == user).map(|grant| grant.account).collect()
    }

    /// A person's e-mail was shown to be theirs. What they approve counts from now on, for requests that are made from now on.
    pub(super) fn verify_email(&mut self, actor: &Actor, user: UserId) -> Result<Reply, Rejection> {
        operator_only(actor)?;
        if !self.known(user)?.verified {
            self.emit(Event::EmailVerified { user });
            for account in self.accounts_with(user) {
                self.note_governance(account);
            }
        }
        Ok(Reply::Done)
    }

    /// A person's sign-in has changed. Refused where they give up a second factor that an account needs of them.
    pub(super) fn change_sign_in(
        &mut self,
        actor: &Actor,
        user: UserId,
        change: SignInChange,
        enrolled: bool,
    ) -> Result<Reply, Rejection> {
        operator_only(actor)?;
        let gives_up = self.known(user)?.enrolled && !enrolled;
        let before = gives_up.then(|| self.state.clone());
        self.emit(Event::SignInChanged { user, change, enrolled });
        for account in self.accounts_with(user) {
            if let Some(before) = &before {
                let scenarios = self.state.newly_locked_out(account, before);
                if !scenarios.is_empty() {
                    return Err(Rejection::WouldLockOut { scenarios, instead: Instead::KeepFactor });
                }
            }
            self.note_governance(account);
        }
        self.settle_all();
        Ok(Reply::Done)
    }

    /// Somebody looks at an account that they were given a role on: from now on they are one of its people.
    pub(super) fn open_account(&mut self, actor: &Actor) -> Result<Reply, Rejection> {
        let (account, user) = self.member(actor)?;
        if !self.state.has_opened(account, user) {
            self.emit(Event::AccountOpened { account, user });
            self.note_governance(account);
        }
        Ok(Reply::Done)
    }

    /// Somebody does not want what they were given on an account that they have never opened. Nobody counted on them.
    pub(super) fn decline_account(&mut self, actor: &Actor) -> Result<Reply, Rejection> {
        let (account, user) = self.member(actor)?;
        if self.state.has_opened(account, user) {
            let what = "your word on it: you have opened it, so leave it instead".into();
            return Err(Rejection::AlreadyExists { what });
        }
        self.end_grants(account, user);
        self.settle_all();
        Ok(Reply::Done)
    }

    fn member(&self, actor: &Actor) -> Result<(AccountId, UserId), Rejection> {
        let missing = Rejection::NotFound { what: "account" };
        let user = actor.user().filter(|user| self.state.is_member(actor.account, *user)).ok_or(missing.clone())?;
        self.state.account(actor.account).map(|account| (account.id, user)).ok_or(missing)
    }
}
