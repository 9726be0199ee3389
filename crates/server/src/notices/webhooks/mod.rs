//! Webhooks after the Standard Webhooks specification: what happens on an account, signed and sent to an address that its keepers
//! chose.
//!
//! The address and its secrets are sealed and lie outside the log, under the name that the log knows. [`guard`] keeps the server
//! from being sent where only it can reach; [`client`] sends; `deliver` tries again what was not taken, and gives up.

mod client;
mod deliver;
pub mod guard;
pub(super) mod message;
mod sign;

pub(crate) use client::{Client, NotAllowed};
pub use guard::Network;
pub(crate) use sign::new_secret;

use super::Herald;
use adit_core::{
    ids::WebhookId,
    state::Webhook,
    time::{Millis, Timestamp},
};
use adit_store::{Announcement, Secrets, StoreError};
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::{path::PathBuf, time::Duration};
use zeroize::Zeroizing;

/// How long a secret that was replaced still signs.
pub(crate) const OVERLAP: Millis = Millis::hours(24);

/// Where webhooks may lead, and how they are tried.
#[derive(Debug, Clone)]
pub struct WebhookOptions {
    /// Networks that are not public and may be reached all the same, also without TLS.
    pub networks: Vec<Network>,
    /// A file of certificates in PEM, by whose issuers receivers are trusted as by those that the system trusts.
    pub ca_file: Option<PathBuf>,
    /// Between the tries; after the last one a delivery is given up.
    pub pauses: Vec<Millis>,
    /// How long one try may take.
    pub patience: Duration,
    /// A webhook of which every try has failed for this long is disabled.
    pub disable_after: Millis,
}

impl Default for WebhookOptions {
    fn default() -> Self {
        let hours = [2, 5, 10, 14, 20, 24].map(Millis::hours);
        let pauses = [Millis::seconds(5), Millis::minutes(5), Millis::minutes(30)].into_iter().chain(hours).collect();
        Self {
            networks: Vec::new(),
            ca_file: None,
            pauses,
            patience: Duration::from_secs(15),
            disable_after: Millis::days(5),
        }
    }
}

/// What of a webhook is kept sealed.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct Sealed {
    pub(crate) url: String,
    /// The latest first; each but that until when it signs.
    pub(crate) secrets: Vec<(String, Option<Timestamp>)>,
}

impl Sealed {
    fn name(place: &str) -> String {
        format!("webhook/{place}")
    }

    /// What lies under the name that the log knows.
    pub(crate) fn read(secrets: &Secrets, place: &str) -> Result<Option<Self>, StoreError> {
        let bytes = secrets.get(&Self::name(place))?;
        Ok(bytes.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
    }

    pub(crate) fn write(&self, secrets: &mut Secrets, place: &str) -> Result<(), StoreError> {
        // Two texts and some numbers: there is nothing that could not be written.
        let bytes = Zeroizing::new(serde_json::to_vec(self).unwrap_or_default());
        secrets.put(&Self::name(place), &bytes)
    }

    pub(crate) fn forget(secrets: &mut Secrets, place: &str) -> Result<(), StoreError> {
        secrets.delete(&Self::name(place)).map(drop)
    }

    /// Another secret from now on; the one until now signs for a while as well.
    pub(crate) fn rotate(&mut self, secret: String, now: Timestamp) {
        self.secrets.retain(|(_, until)| until.is_none());
        for (_, until) in &mut self.secrets {
            *until = Some(now.after(OVERLAP));
        }
        self.secrets.insert(0, (secret, None));
    }

    fn live(&self, now: Timestamp) -> impl Iterator<Item = &str> {
        let live = self.secrets.iter().filter(move |(_, until)| until.is_none_or(|until| now < until));
        live.map(|(secret, _)| secret.as_str())
    }
}

impl Herald {
    /// Something to try a webhook with.
    pub(crate) fn announce_test(&self, webhook: &Webhook, message: String) -> Result<(), StoreError> {
        let (kind, at) = ("webhook.test".to_owned(), self.engine.now());
        let data = json!({ "account": webhook.account, "webhook": webhook.id });
        let body = json!({ "type": kind, "timestamp": message::iso(at), "data": data }).to_string();
        self.announce(Announcement { webhook: webhook.id, message, kind, body, at })
    }

    /// Once more what was delivered or given up, under the same name.
    pub(crate) fn announce_again(&self, webhook: WebhookId, delivery: i64) -> Result<bool, StoreError> {
        let before = delivery.checked_add(1);
        let found = self.store().deliveries(webhook, before, 1)?.pop().filter(|found| found.id == delivery);
        let Some(found) = found else { return Ok(false) };
        self.announce(Announcement { at: self.engine.now(), ..found.announcement })?;
        Ok(true)
    }

    fn announce(&self, announcement: Announcement) -> Result<(), StoreError> {
        self.store().announce(&announcement)?;
        self.hurry_deliveries();
        Ok(())
    }
}
