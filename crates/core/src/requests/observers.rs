//! What can be asked about observer links: is it in order, and what follows.

use super::{Control, effects::check_name};
use crate::{
    accounts::{ObserverLink, Sections},
    authz::{Permission, Place},
    decide::Tx,
    event::Event,
    ids::{AccountId, ObserverLinkId, SubAccountId, UserId},
    rejection::{Giving, Rejection},
    state::State,
    time::{Millis, Timestamp},
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Longest life of a link.
const MAX_LIFE: Millis = Millis::days(365);
/// Most sub-accounts of one link.
const MAX_SUB_ACCOUNTS: usize = 100;
/// Most live links of one account.
const MAX_LINKS: usize = 1_000;

/// A link to be issued.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewObserverLink {
    /// What it shows, 1 to 100 of them.
    pub sub_accounts: BTreeSet<SubAccountId>,
    /// What of them.
    pub sections: Sections,
    /// What or whom it is for, 1 to 60 characters.
    pub label: String,
    /// SHA-256 of its token, 64 hex digits; no other link's.
    pub token_hash: String,
    /// Until when; within 365 days.
    pub expires_at: Timestamp,
    /// A link that shows nothing any more from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub replaces: Option<ObserverLinkId>,
}

impl Control {
    pub(crate) const fn is_about_observers(&self) -> bool {
        matches!(
            self,
            Self::IssueObserverLink(_)
                | Self::NarrowObserverLink { .. }
                | Self::RevokeObserverLink { .. }
                | Self::ProtectObservers {}
                | Self::OpenObservers { .. }
        )
    }
}

impl State {
    /// Where the sub-accounts are that are shown; a link that is replaced counts as well.
    pub(crate) fn places_observed(&self, control: &Control) -> Vec<Place> {
        let of = |link: &ObserverLinkId| self.observer_link(*link).map(|link| link.sub_accounts.clone());
        let shown = match control {
            Control::IssueObserverLink(new) => {
                let replaced = new.replaces.as_ref().and_then(of).unwrap_or_default();
                Some(new.sub_accounts.union(&replaced).copied().collect())
            }
            Control::NarrowObserverLink { link, .. } | Control::RevokeObserverLink { link } => of(link),
            _ => None,
        };
        let places = shown.unwrap_or_default().into_iter().map(Place::sub_account).collect::<Vec<_>>();
        if places.is_empty() { vec![Place::ACCOUNT] } else { places }
    }

    /// Nobody shows others what they do not see themselves.
    pub(crate) fn sees_what_is_shown(
        &self,
        account: AccountId,
        user: UserId,
        new: &NewObserverLink,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let rights = self.rights_of_user(account, user);
        let check = |permission| {
            let holds = new.sub_accounts.iter().all(|id| rights.allow(permission, &Place::sub_account(*id), now));
            if holds { Ok(()) } else { Err(Rejection::BeyondOwnRights { permission, by: Giving::Saying }) }
        };
        check(Permission::DeviceList)?;
        if new.sections.earnings { check(Permission::RevenueView) } else { Ok(()) }
    }
}

impl Tx {
    pub(crate) fn check_observers(&self, account: AccountId, control: &Control) -> Result<(), Rejection> {
        match control {
            Control::IssueObserverLink(new) => self.check_new_link(account, new),
            Control::NarrowObserverLink { link, .. } | Control::RevokeObserverLink { link } => {
                self.own_link(account, *link).map(drop)
            }
            Control::ProtectObservers {} if self.state().open_to_observers(account).is_none() => {
                Err(Rejection::AlreadyExists { what: "protected its observer pages".into() })
            }
            Control::OpenObservers { sections } if self.state().open_to_observers(account) == Some(*sections) => {
                Err(Rejection::AlreadyExists { what: "opened its observer pages".into() })
            }
            _ => Ok(()),
        }
    }

    fn own_link(&self, account: AccountId, link: ObserverLinkId) -> Result<&ObserverLink, Rejection> {
        let known = self.state().observer_link(link).filter(|link| link.account == account);
        known.filter(|link| link.revoked_at.is_none()).ok_or(Rejection::NotFound { what: "observer link" })
    }

    fn check_new_link(&self, account: AccountId, new: &NewObserverLink) -> Result<(), Rejection> {
        let invalid = |field: &'static str, problem: &str| Err(Rejection::Invalid { field, problem: problem.into() });
        check_name(&new.label)?;
        let is_hash = new.token_hash.len() == 64 && new.token_hash.bytes().all(|byte| byte.is_ascii_hexdigit());
        if !is_hash || self.state().observer_links().any(|link| link.token_hash == new.token_hash) {
            return invalid("token_hash", "64 hex digits that no link had before");
        }
        if new.sub_accounts.is_empty() || new.sub_accounts.len() > MAX_SUB_ACCOUNTS {
            return invalid("sub_accounts", "name 1 to 100 sub-accounts");
        }
        let now = self.now();
        if new.expires_at <= now || new.expires_at > now.after(MAX_LIFE) {
            return invalid("expires_at", "a link ends within 365 days, and not before it begins");
        }
        new.sub_accounts.iter().try_for_each(|id| self.own_sub_account(account, *id))?;
        new.replaces.map_or(Ok(()), |old| self.own_link(account, old).map(drop))?;
        let live = self.state().observer_links().filter(|link| link.account == account && link.is_live(now));
        if live.count() >= MAX_LINKS {
            return invalid("sub_accounts", "the account has 1000 live links: revoke some first");
        }
        Ok(())
    }

    pub(crate) fn observer_effect(&self, account: AccountId, control: Control) -> Option<Event> {
        Some(match control {
            Control::IssueObserverLink(new) => {
                let last = self.state().observer_links.get_max().map_or(0, |(id, _)| id.0);
                let NewObserverLink { sub_accounts, sections, label, token_hash, expires_at, replaces } = new;
                let link = ObserverLinkId(last + 1);
                Event::ObserverLinkIssued {
                    link,
                    account,
                    sub_accounts,
                    sections,
                    label,
                    token_hash,
                    expires_at,
                    replaces,
                }
            }
            Control::NarrowObserverLink { link, sections } => {
                let now = self.state().observer_link(link).map_or(Sections::default(), |link| link.sections);
                Event::ObserverLinkNarrowed { link, account, sections: now.both(sections) }
            }
            Control::RevokeObserverLink { link } => Event::ObserverLinkRevoked { link, account },
            Control::ProtectObservers {} => Event::ObserversProtected { account },
            Control::OpenObservers { sections } => Event::ObserversOpened { account, sections },
            _ => return None,
        })
    }
}
