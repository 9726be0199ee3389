//! Tries what is due, notes what came of it, and tries again later; a webhook that fails for days is disabled.

use super::{
    super::{Herald, SECOND},
    Sealed, sign,
};
use adit_core::{
    authz::Actor,
    command::Command,
    ids::{AccountId, WebhookId},
    time::{Millis, Timestamp},
};
use adit_store::{Attempt, Delivery, Outcome, StoreError};
use std::{collections::BTreeSet, sync::Arc, time::Instant};
use tokio::task::JoinSet;

/// How many tries at once; of one webhook one at a time.
const AT_ONCE: usize = 16;
/// The answer of a receiver that wants to hear nothing more.
const GONE: u16 = 410;

impl Herald {
    /// For ever.
    pub(in super::super) async fn deliver(self: Arc<Self>) {
        let mut busy: BTreeSet<WebhookId> = BTreeSet::new();
        let mut trying = JoinSet::new();
        loop {
            let due = self.store().due_deliveries(self.engine.now());
            let due = due.unwrap_or_else(|error| {
                tracing::error!(%error, "webhooks wait");
                Vec::new()
            });
            for delivery in due {
                let webhook = delivery.announcement.webhook;
                if trying.len() < AT_ONCE && busy.insert(webhook) {
                    let herald = Arc::clone(&self);
                    trying.spawn(async move {
                        if let Err(error) = herald.attempt(&delivery).await {
                            tracing::error!(%error, %webhook, "a delivery may be made twice");
                            tokio::time::sleep(SECOND).await;
                        }
                        webhook
                    });
                }
            }
            tokio::select! {
                Some(done) = trying.join_next() => match done {
                    Ok(webhook) => { busy.remove(&webhook); }
                    // It names none, so none may stay shut out.
                    Err(_) => busy.clear(),
                },
                () = self.deliveries_due.notified() => {}
                () = tokio::time::sleep(SECOND) => {}
            }
        }
    }

    async fn attempt(&self, delivery: &Delivery) -> Result<(), StoreError> {
        let told = &delivery.announcement;
        let state = self.engine.state();
        let Some(webhook) = state.webhook(told.webhook).filter(|webhook| webhook.disabled_at.is_none()) else {
            return self.store().give_up(told.webhook);
        };
        let sealed = Sealed::read(&self.secrets(), &webhook.sealed)?;
        let (at, begun) = (self.engine.now(), Instant::now());
        let answered = match sealed {
            Some(sealed) => {
                let seconds = at.0.div_euclid(1_000);
                let signed: Vec<_> = sealed
                    .live(at)
                    .filter_map(|key| sign::signature(key, &told.message, seconds, &told.body))
                    .collect();
                let headers = [
                    ("webhook-id", told.message.clone()),
                    ("webhook-timestamp", seconds.to_string()),
                    ("webhook-signature", signed.join(" ")),
                ];
                self.webhooks.send(&sealed.url, headers, told.body.clone()).await
            }
            None => super::client::Answered {
                status: None,
                error: Some("its address is not there any more: enter it again".to_owned()),
            },
        };
        let duration_ms = u32::try_from(begun.elapsed().as_millis()).unwrap_or(u32::MAX);
        let outcome = match (&answered.error, self.webhooks.options.pauses.get(delivery.tries as usize)) {
            (None, _) => Outcome::Delivered,
            (Some(_), Some(pause)) if answered.status != Some(GONE) => Outcome::Retry(self.later(*pause)),
            (Some(_), _) => Outcome::GiveUp,
        };
        let gone = answered.status == Some(GONE);
        let attempt = Attempt { at, duration_ms, status: answered.status, error: answered.error };
        let failing_since = self.store().tried(delivery.id, &attempt, outcome)?;
        let too_long = |since: Timestamp| at.since(since) >= self.webhooks.options.disable_after;
        if gone || failing_since.is_some_and(too_long) {
            self.disable(webhook.account, webhook.id).await;
        }
        Ok(())
    }

    /// That long from now, and up to a tenth more: receivers that come back are not all told at once.
    fn later(&self, pause: Millis) -> Timestamp {
        let mut random = [0_u8; 2];
        // Without randomness they are told at once.
        let _ = getrandom::fill(&mut random);
        let part = u64::from(u16::from_be_bytes(random));
        self.engine.now().after(Millis(pause.0 + pause.0 / 10 * part / u64::from(u16::MAX)))
    }

    async fn disable(&self, account: AccountId, webhook: WebhookId) {
        tracing::warn!(%webhook, "a webhook has failed for too long and is disabled");
        if let Err(error) = self.engine.run(Actor::system(account), Command::DisableWebhook { webhook }).await {
            tracing::error!(%error, %webhook, "it could not be disabled");
        }
    }
}
