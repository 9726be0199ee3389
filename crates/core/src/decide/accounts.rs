//! Accounts as a whole: how they begin, and how they end.

use super::Tx;
use crate::{
    authz::{Actor, Role, Scope},
    command::Reply,
    event::Event,
    ids::{AccountId, UserId},
    rejection::{NoSay, Rejection},
    requests::{StepUp, check_name, check_step_up},
};

/// Most accounts that one person owns by founding them.
const MAX_OWNED: usize = 20;

impl Tx {
    pub(super) fn create_account(&mut self, name: String) -> Result<Reply, Rejection> {
        check_name(&name)?;
        let owner = UserId(self.state.next_user + 1);
        // Whoever makes the first account has a shell on the machine, or the link that was printed there.
        self.emit(Event::UserAdded { user: owner, verified: true, account: None });
        Ok(self.begin_account(name, owner))
    }

    /// Somebody who is known already makes an account of their own.
    pub(super) fn found_account(&mut self, actor: &Actor, name: String) -> Result<Reply, Rejection> {
        let user = actor.user().filter(|user| self.state.users.contains(user));
        let user = user.ok_or(Rejection::NotFound { what: "person" })?;
        check_name(&name)?;
        if !self.state.is_verified(user) {
            return Err(NoSay::Unverified.into());
        }
        check_step_up(actor, StepUp::Recent, self.now)?;
        if self.state.accounts().filter(|account| account.owner == user).count() >= MAX_OWNED {
            return Err(Rejection::OutOfRange { field: "accounts you own".into(), min: 0, max: MAX_OWNED as u64 });
        }
        Ok(self.begin_account(name, user))
    }

    fn begin_account(&mut self, name: String, owner: UserId) -> Reply {
        let account = AccountId(self.state.accounts.get_max().map_or(0, |(id, _)| id.0) + 1);
        self.emit(Event::AccountCreated { account, name, owner });
        self.emit_grant(account, owner, Role::Owner, Scope::All);
        Reply::Account(account, owner)
    }

    pub(super) fn rename_account(&mut self, actor: &Actor, name: String) -> Result<Reply, Rejection> {
        self.check_keeper(actor)?;
        self.check_open(actor)?;
        check_name(&name)?;
        if self.state.account(actor.account).is_some_and(|account| account.name != name) {
            self.emit(Event::AccountRenamed { account: actor.account, name });
        }
        Ok(Reply::Done)
    }
}
