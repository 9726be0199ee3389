//! Webhooks: who is told outside what happens on an account. They change at once, by whoever keeps its settings.

use super::Tx;
use crate::{
    authz::{Actor, Denied, Permission, Place},
    command::Reply,
    event::Event,
    ids::WebhookId,
    notices::TYPES,
    rejection::Rejection,
};
use std::collections::BTreeSet;

/// Most webhooks of an account.
const MAX_WEBHOOKS: usize = 20;
/// Longest host name.
const MAX_HOST: usize = 253;

/// What a webhook is to be.
pub(super) struct Webhook {
    pub(super) name: String,
    pub(super) host: String,
    pub(super) types: BTreeSet<String>,
    pub(super) sealed: String,
}

impl Tx {
    /// What holds for the whole account, and who hears of all of it, only a person with a say over all of it chooses.
    pub(super) fn check_keeper(&self, actor: &Actor) -> Result<(), Rejection> {
        if actor.user().is_none() {
            return Err(Denied::lacking(Permission::SettingsManage).into());
        }
        self.check_held(actor, Permission::SettingsManage, &Place::ACCOUNT)
    }

    fn check_webhook(&self, actor: &Actor, webhook: WebhookId) -> Result<(), Rejection> {
        let known = self.state.webhook(webhook).filter(|webhook| webhook.account == actor.account);
        known.map(drop).ok_or(Rejection::NotFound { what: "webhook" })
    }

    pub(super) fn set_webhook(
        &mut self,
        actor: &Actor,
        webhook: Option<WebhookId>,
        set: Webhook,
    ) -> Result<Reply, Rejection> {
        let account = actor.account;
        self.check_keeper(actor)?;
        webhook.map_or(Ok(()), |webhook| self.check_webhook(actor, webhook))?;
        crate::requests::check_name(&set.name)?;
        let invalid = |field, problem: String| Err(Rejection::Invalid { field, problem });
        if set.host.is_empty() || set.host.len() > MAX_HOST {
            return invalid("host", format!("1 to {MAX_HOST} characters"));
        }
        if let Some(unknown) = set.types.iter().find(|name| !TYPES.contains(&name.as_str())) {
            return invalid("types", format!("there is no type {unknown}"));
        }
        if set.sealed.len() != 32 || !set.sealed.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return invalid("sealed", "32 hex digits".into());
        }
        let others = || self.state.webhooks_of(account).filter(|other| Some(other.id) != webhook);
        if others().any(|other| other.name == set.name) {
            return Err(Rejection::AlreadyExists { what: format!("a webhook called {}", set.name) });
        }
        if others().count() >= MAX_WEBHOOKS {
            return invalid("webhooks", format!("an account has at most {MAX_WEBHOOKS}: remove one first"));
        }
        let webhook = webhook.unwrap_or(WebhookId(self.state.next_webhook + 1));
        let Webhook { name, host, types, sealed } = set;
        self.emit(Event::WebhookSet { webhook, account, name, host, types, sealed });
        Ok(Reply::Webhook(webhook))
    }

    pub(super) fn rotate_webhook_secret(&mut self, actor: &Actor, webhook: WebhookId) -> Result<Reply, Rejection> {
        self.check_keeper(actor)?;
        self.check_webhook(actor, webhook)?;
        self.emit(Event::WebhookSecretRotated { webhook, account: actor.account });
        Ok(Reply::Webhook(webhook))
    }

    pub(super) fn remove_webhook(&mut self, actor: &Actor, webhook: WebhookId) -> Result<Reply, Rejection> {
        self.check_keeper(actor)?;
        self.check_webhook(actor, webhook)?;
        self.emit(Event::WebhookRemoved { webhook, account: actor.account });
        Ok(Reply::Webhook(webhook))
    }

    pub(super) fn disable_webhook(&mut self, webhook: WebhookId) -> Result<Reply, Rejection> {
        let known = self.state.webhook(webhook).ok_or(Rejection::NotFound { what: "webhook" })?;
        let (account, disabled) = (known.account, known.disabled_at.is_some());
        if !disabled {
            self.emit(Event::WebhookDisabled { webhook, account });
        }
        Ok(Reply::Webhook(webhook))
    }
}
