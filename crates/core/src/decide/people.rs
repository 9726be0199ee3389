//! People, as far as no request is needed.

use super::Tx;
use crate::{
    authz::{Actor, ApiAccess, Denied, Permission, Place, Principal, Role, Scope},
    command::Reply,
    event::Event,
    ids::{AccountId, GrantId, UserId},
    rejection::{Instead, Rejection},
    requests::{Action, Control, NewGrant, Payload, Request, RequestState, offered_to},
    time::Timestamp,
};
use std::collections::BTreeSet;

/// At most so many requests are looked at when a grant has ended; what is left over is no longer approved, and is looked at in a
/// later tick.
const AT_ONCE: usize = 5_000;

impl Tx {
    pub(super) fn emit_grant(&mut self, account: AccountId, user: UserId, role: Role, scope: Scope) {
        let grant = GrantId(self.state.next_grant + 1);
        let (role, api_access) = (role.into(), ApiAccess::None);
        let event = Event::GrantAdded { grant, account, user, role, scope, expires_at: None, remark: None, api_access };
        self.emit(event);
    }

    /// A person who is only known gives nobody anything: that takes a grant, which is asked for as a request.
    pub(super) fn add_user(&mut self, actor: &Actor) -> Result<Reply, Rejection> {
        let rights = self.state.rights_of(actor);
        let is_operator = matches!(actor.principal, Principal::Operator | Principal::System);
        let by_setting = self.state.account(actor.account).is_some_and(|a| a.administrators_manage_users)
            && rights.live(self.now).any(|right| right.role == Role::Administrator && right.scope.is_all());
        if !is_operator && !by_setting && !rights.allow(Permission::UserManage, &Place::ACCOUNT, self.now) {
            return Err(Denied::lacking(Permission::UserManage).into());
        }
        let user = UserId(self.state.next_user + 1);
        let account = self.state.account(actor.account).map(|account| account.id);
        self.emit(Event::UserAdded { user, verified: is_operator, account });
        Ok(Reply::User(user))
    }

    pub(super) fn seed_grant(
        &mut self,
        account: AccountId,
        user: UserId,
        role: Role,
        scope: Scope,
    ) -> Result<Reply, Rejection> {
        let begun = self.state.account(account).ok_or(Rejection::NotFound { what: "account" })?.requests > 0;
        if begun {
            let problem = "the account is in use: ask for the grant as a request".into();
            return Err(Rejection::Invalid { field: "account", problem });
        }
        let action = Action::Control(Control::AddGrant(NewGrant::new(user, role, scope.clone())));
        self.check_action(account, &action)?;
        self.emit_grant(account, user, role, scope);
        if !self.state.has_opened(account, user) {
            self.emit(Event::AccountOpened { account, user });
        }
        Ok(Reply::Done)
    }

    /// Nobody can refuse that a person has left. Where that leaves too few approvers, it is said aloud.
    pub(super) fn remove_user(&mut self, user: UserId) -> Result<Reply, Rejection> {
        if !self.state.users.contains(&user) {
            return Err(Rejection::NotFound { what: "person" });
        }
        if self.state.accounts().any(|account| account.owner == user) {
            return Err(Rejection::OwnerProtected);
        }
        let accounts: BTreeSet<_> =
            self.state.grants.values().filter(|grant| grant.user == user).map(|grant| grant.account).collect();
        for account in &accounts {
            self.end_grants(*account, user);
        }
        self.emit(Event::UserRemoved { user });
        for account in accounts {
            self.note_governance(account);
        }
        self.settle_all();
        Ok(Reply::Done)
    }

    /// No event says that a grant or key has ended by itself, so whatever comes next settles what that moves: what its holder
    /// asked for or was to approve.
    pub(super) fn settle_after_ends(&mut self, before: Timestamp) {
        if before == self.now {
            return;
        }
        let holders: BTreeSet<_> = self.state.rights.ended(before, self.now).collect();
        if holders.is_empty() && self.state.keys_ended(before, self.now).next().is_none() {
            return;
        }
        let moved = |request: &&Request| {
            let Payload { account, initiator, ref action, .. } = *request.payload;
            let is_over = |user| holders.contains(&(account, user));
            let by_itself = matches!(request.state, RequestState::Pending | RequestState::Approved);
            by_itself
                && (matches!(initiator, Principal::User(user) if is_over(user))
                    || matches!(initiator, Principal::ApiKey(_))
                    || request.approvers().any(is_over)
                    || offered_to(action).is_some_and(is_over))
        };
        let moved: Vec<_> = self.state.open_requests().filter(moved).map(|request| request.id).take(AT_ONCE).collect();
        self.actor = Principal::System;
        for request in moved {
            self.settle(request);
        }
    }

    pub(super) fn end_grants(&mut self, account: AccountId, user: UserId) {
        let held: Vec<_> = self.state.grants_of(account).filter(|g| g.user == user).map(|g| g.id).collect();
        for grant in held {
            self.emit(Event::GrantRemoved { grant, account, user });
        }
    }

    /// Whoever wants to go needs nobody's leave, unless the counts need them.
    pub(super) fn leave_account(&mut self, actor: &Actor) -> Result<Reply, Rejection> {
        let account = actor.account;
        let user = actor.user().ok_or(Rejection::NotFound { what: "person" })?;
        if !self.state.grants_of(account).any(|grant| grant.user == user) {
            return Err(Rejection::NotFound { what: "person" });
        }
        if self.state.account(account).is_some_and(|account| account.owner == user) {
            return Err(Rejection::OwnerProtected);
        }
        let before = self.state.clone();
        self.end_grants(account, user);
        let scenarios = self.state.newly_locked_out(account, &before);
        if !scenarios.is_empty() {
            return Err(Rejection::WouldLockOut { scenarios, instead: Instead::Stay });
        }
        self.settle_all();
        Ok(Reply::Done)
    }
}
