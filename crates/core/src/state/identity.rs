//! What is known of who somebody is, as far as rules depend on it: whether their e-mail was shown to be theirs, whether signing in
//! takes more than a password, when that changed last, and which accounts they have opened. The e-mail itself, passwords and
//! passkeys are kept outside the log.

use super::State;
use crate::{
    event::{Entry, Event},
    ids::{AccountId, GrantId, UserId},
    time::{Millis, Timestamp},
};
use serde::{Deserialize, Serialize};

/// How long keys that write are held back after their holder's sign-in has changed.
pub const KEYS_HELD: Millis = Millis::hours(24);

/// What of somebody's sign-in has changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SignInChange {
    /// The password.
    Password,
    /// One-time codes, recovery codes or a passkey.
    SecondFactor,
    /// The e-mail.
    Email,
    /// Another company's account was linked or forgotten.
    Identity,
}

/// What is known of a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// Their e-mail was shown to be theirs.
    pub verified: bool,
    /// They have one-time codes or a passkey.
    pub enrolled: bool,
    /// Through which account they became known here.
    pub registered_with: Option<AccountId>,
    /// Keys that write are held back since then, as their sign-in has changed.
    pub held_since: Option<Timestamp>,
}

impl State {
    /// What is known of a person; nothing of somebody who is not there.
    #[must_use]
    pub fn identity(&self, user: UserId) -> Option<Identity> {
        self.identities.get(&user).copied()
    }

    /// What is known of everybody.
    pub fn identities(&self) -> impl Iterator<Item = (UserId, Identity)> + '_ {
        self.identities.iter().map(|(user, identity)| (*user, *identity))
    }

    /// Was a person's e-mail shown to be theirs?
    #[must_use]
    pub fn is_verified(&self, user: UserId) -> bool {
        self.identity(user).is_some_and(|identity| identity.verified)
    }

    /// Has a person ever opened an account? Until then, what they are given there is an offer.
    #[must_use]
    pub fn has_opened(&self, account: AccountId, user: UserId) -> bool {
        self.accounts.get(&account).is_some_and(|account| account.opened.contains(&user))
    }

    /// Does a person hold a grant on an account, suspended or not?
    #[must_use]
    pub fn is_member(&self, account: AccountId, user: UserId) -> bool {
        self.grants_of(account).any(|grant| grant.user == user)
    }

    /// Until when a person's keys that write are held back.
    #[must_use]
    pub fn keys_held_until(&self, user: UserId) -> Option<Timestamp> {
        self.identity(user).and_then(|identity| identity.held_since).map(|since| since.after(KEYS_HELD))
    }

    /// Are keys under this grant held back?
    pub(crate) fn are_keys_held(&self, grant: GrantId) -> bool {
        self.grant(grant).is_some_and(|grant| self.held.contains(&grant.user))
    }

    /// Whose keys have been held back for long enough.
    pub(crate) fn keys_to_release(&self, now: Timestamp) -> impl Iterator<Item = UserId> + '_ {
        let over = move |user: &&UserId| self.keys_held_until(**user).is_some_and(|end| end <= now);
        self.held.iter().filter(over).copied()
    }

    pub(super) fn apply_identity(&mut self, entry: &Entry) {
        match &entry.event {
            Event::UserAdded { user, verified, account } => {
                self.users.insert(*user);
                self.next_user = self.next_user.max(user.0);
                let known = Identity { verified: *verified, registered_with: *account, ..Identity::default() };
                self.identities.insert(*user, known);
            }
            Event::UserRemoved { user } => {
                self.users.remove(user);
                self.identities.remove(user);
                self.held.remove(user);
                self.drafts.remove(user);
            }
            Event::EmailVerified { user } => self.change_identity(*user, |identity| identity.verified = true),
            Event::SignInChanged { user, enrolled, .. } => {
                self.change_identity(*user, |identity| {
                    identity.enrolled = *enrolled;
                    identity.held_since = Some(entry.at);
                });
                self.held.insert(*user);
            }
            Event::KeysReleased { user } => {
                self.change_identity(*user, |identity| identity.held_since = None);
                self.held.remove(user);
            }
            Event::AccountOpened { account, user } => {
                self.change_account(*account, |account| {
                    account.opened.insert(*user);
                });
            }
            Event::SecondFactorRequired { account, on } => {
                self.change_account(*account, |account| account.second_factor_required = *on);
            }
            _ => {}
        }
    }

    fn change_identity(&mut self, user: UserId, change: impl FnOnce(&mut Identity)) {
        if let Some(identity) = self.identities.get_mut(&user) {
            change(identity);
        }
    }
}
