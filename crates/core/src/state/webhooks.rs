//! What events change about webhooks.

use super::State;
use crate::{
    event::{Entry, Event},
    ids::{AccountId, WebhookId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// An address outside that is told what happens on an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// Its id.
    pub id: WebhookId,
    /// Whose.
    pub account: AccountId,
    /// Name.
    pub name: String,
    /// The machine that is told.
    pub host: String,
    /// What it is told; all of it if empty.
    pub types: BTreeSet<String>,
    /// Where its address and secret are kept.
    pub sealed: String,
    /// Since when.
    pub created_at: Timestamp,
    /// Told no more since.
    pub disabled_at: Option<Timestamp>,
}

impl Webhook {
    /// Is it told of this type?
    #[must_use]
    pub fn is_told(&self, of: &str) -> bool {
        self.disabled_at.is_none() && (self.types.is_empty() || self.types.contains(of))
    }
}

impl State {
    pub(super) fn apply_webhook(&mut self, entry: &Entry) {
        match &entry.event {
            Event::WebhookSet { webhook, account, name, host, types, sealed } => {
                self.next_webhook = self.next_webhook.max(webhook.0);
                let created_at = self.webhooks.get(webhook).map_or(entry.at, |old| old.created_at);
                let set = Webhook {
                    id: *webhook,
                    account: *account,
                    name: name.clone(),
                    host: host.clone(),
                    types: types.clone(),
                    sealed: sealed.clone(),
                    created_at,
                    disabled_at: None,
                };
                self.webhooks.insert(*webhook, set);
            }
            Event::WebhookDisabled { webhook, .. } => {
                if let Some(webhook) = self.webhooks.get_mut(webhook) {
                    webhook.disabled_at = Some(entry.at);
                }
            }
            Event::WebhookRemoved { webhook, .. } => {
                self.webhooks.remove(webhook);
            }
            _ => {}
        }
    }

    /// One webhook.
    #[must_use]
    pub fn webhook(&self, id: WebhookId) -> Option<&Webhook> {
        self.webhooks.get(&id)
    }

    /// Webhooks of an account.
    pub fn webhooks_of(&self, account: AccountId) -> impl Iterator<Item = &Webhook> {
        self.webhooks.values().filter(move |webhook| webhook.account == account)
    }
}
