//! What events change about observer links.

use super::State;
use crate::{
    accounts::{ObserverLink, Sections},
    event::{Entry, Event},
    ids::{AccountId, ObserverLinkId},
};

impl State {
    pub(super) fn apply_observers(&mut self, entry: &Entry) {
        match &entry.event {
            Event::ObserverLinkIssued {
                link,
                account,
                sub_accounts,
                sections,
                label,
                token_hash,
                expires_at,
                replaces,
            } => {
                let issued = ObserverLink {
                    id: *link,
                    account: *account,
                    sub_accounts: sub_accounts.clone(),
                    sections: *sections,
                    label: label.clone(),
                    token_hash: token_hash.clone(),
                    issued_at: entry.at,
                    expires_at: *expires_at,
                    revoked_at: None,
                };
                self.observer_links.insert(*link, issued);
                replaces.iter().for_each(|old| self.revoke_link(*old, entry));
            }
            Event::ObserverLinkNarrowed { link, sections, .. } => {
                if let Some(link) = self.observer_links.get_mut(link) {
                    link.sections = *sections;
                }
            }
            Event::ObserverLinkRevoked { link, .. } => self.revoke_link(*link, entry),
            Event::ObserversProtected { account } => {
                self.open_observers.remove(account);
            }
            Event::ObserversOpened { account, sections } => {
                self.open_observers.insert(*account, *sections);
            }
            _ => {}
        }
    }

    fn revoke_link(&mut self, link: ObserverLinkId, entry: &Entry) {
        if let Some(link) = self.observer_links.get_mut(&link) {
            link.revoked_at = link.revoked_at.or(Some(entry.at));
        }
    }

    /// Every link there ever was.
    pub fn observer_links(&self) -> impl Iterator<Item = &ObserverLink> {
        self.observer_links.values()
    }

    /// One link, also one that is no longer live.
    #[must_use]
    pub fn observer_link(&self, id: ObserverLinkId) -> Option<&ObserverLink> {
        self.observer_links.get(&id)
    }

    /// What is shown of an account's sub-accounts to whoever knows their names; nothing while they are protected.
    #[must_use]
    pub fn open_to_observers(&self, account: AccountId) -> Option<Sections> {
        self.open_observers.get(&account).copied()
    }
}
