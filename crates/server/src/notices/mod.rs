//! Notices on their way: from the log to inboxes, letters and webhooks.
//!
//! ```text
//!  log ─▶ follow ─▶ notices.db ─▶ inbox (asked for by people, told live)
//!                            ├─▶ letters  ─▶ mail server
//!                            └─▶ webhooks ─▶ receivers outside
//! ```
//! What is told to whom is the core's to say ([`adit_core::notices`]); here it is worded and sent. Nobody who decides anything
//! waits for it: the [`Herald`] follows the log at its own pace, and where it has got to is kept with what it told, so that it
//! goes on there after a crash.

mod follow;
pub(crate) mod inbox;
mod letters;
pub mod webhooks;
pub(crate) mod words;

use crate::{
    engine::Engine,
    heads::Heads,
    mail::{MailOptions, Mailer},
};
use adit_core::ids::UserId;
use adit_store::{LogReader, Notices, People, Secrets};
use std::{
    collections::HashMap,
    future,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::{
    sync::{
        Notify,
        broadcast::error::{RecvError, TryRecvError},
    },
    task::JoinSet,
    time::MissedTickBehavior,
};
use webhooks::{Client, WebhookOptions};

/// Between two looks at what is due.
const SECOND: Duration = Duration::from_secs(1);
/// Before the log is followed again after a failure.
const PAUSE: Duration = Duration::from_secs(5);

/// What a herald is made with.
pub struct HeraldOptions {
    /// Where people reach the server; links in letters begin with it.
    pub public_url: String,
    /// How letters are sent; without it none are.
    pub mail: Option<MailOptions>,
    /// Where webhooks may lead, and how they are tried.
    pub webhooks: WebhookOptions,
}

/// Tells people and programs what has happened.
pub struct Herald {
    engine: Engine,
    store: Mutex<Notices>,
    people: Arc<Mutex<People>>,
    secrets: Arc<Mutex<Secrets>>,
    heads: Arc<Heads>,
    mailer: Mailer,
    public_url: String,
    pub(crate) webhooks: Client,
    /// How often each person's inbox has changed since the start.
    changes: Mutex<HashMap<UserId, u64>>,
    letters_due: Notify,
    deliveries_due: Notify,
}

impl Herald {
    /// Must be called on the runtime.
    ///
    /// # Errors
    /// A sentence about the option that is wrong, or why the store cannot be used.
    pub fn new(
        engine: Engine,
        mut store: Notices,
        people: Arc<Mutex<People>>,
        secrets: Arc<Mutex<Secrets>>,
        heads: Arc<Heads>,
        options: HeraldOptions,
    ) -> Result<Arc<Self>, String> {
        // The first start, or a log that was put back from a copy: what was before is old news, and what comes from now on is not.
        let (told, now) = (store.progress().map_err(|error| error.to_string())?, engine.state().seq());
        if told.is_none_or(|told| told > now) {
            store.take(told, now, &[], &[]).map_err(|error| error.to_string())?;
        }
        Ok(Arc::new(Self {
            engine,
            store: Mutex::new(store),
            people,
            secrets,
            heads,
            mailer: Mailer::new(options.mail.as_ref())?,
            public_url: options.public_url,
            webhooks: Client::new(options.webhooks)?,
            changes: Mutex::default(),
            letters_due: Notify::new(),
            deliveries_due: Notify::new(),
        }))
    }

    pub(crate) fn store(&self) -> MutexGuard<'_, Notices> {
        self.store.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn people(&self) -> MutexGuard<'_, People> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn secrets(&self) -> MutexGuard<'_, Secrets> {
        self.secrets.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) const fn sends_letters(&self) -> bool {
        self.mailer.is_there()
    }

    fn changes(&self) -> MutexGuard<'_, HashMap<UserId, u64>> {
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A number that is another one whenever somebody's inbox has changed.
    pub(crate) fn version(&self, user: UserId) -> u64 {
        self.changes().get(&user).copied().unwrap_or_default()
    }

    /// Somebody's inbox has changed.
    pub(crate) fn changed(&self, user: UserId) {
        *self.changes().entry(user).or_default() += 1;
    }

    /// There is something new to deliver.
    pub(crate) fn hurry_deliveries(&self) {
        self.deliveries_due.notify_one();
    }

    /// Follows the log and sends what is due, for ever. `log` is a reader of the engine's log.
    pub async fn work(self: Arc<Self>, log: Box<dyn LogReader>) {
        let mut parts = JoinSet::new();
        parts.spawn(Arc::clone(&self).follow(log));
        parts.spawn(Arc::clone(&self).send_letters());
        parts.spawn(self.deliver());
        parts.join_all().await;
        future::pending().await
    }

    /// Until there is no engine to follow any more.
    async fn follow(self: Arc<Self>, log: Box<dyn LogReader>) {
        let mut commits = self.engine.subscribe();
        let mut follower = follow::Follower::new(Arc::clone(&self), log);
        let mut second = tokio::time::interval(SECOND);
        second.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // Reading and writing files would hold up whoever else has this thread.
            let looked = tokio::task::spawn_blocking(move || {
                let looked = follower.look();
                (follower, looked)
            });
            let Ok((next, looked)) = looked.await else { return };
            follower = next;
            if let Err(error) = looked {
                tracing::error!(error, "notices wait");
                tokio::time::sleep(PAUSE).await;
            }
            tokio::select! {
                // Only a call: what was committed is read from the log.
                commit = commits.recv() => if matches!(commit, Err(RecvError::Closed)) { return },
                _ = second.tick() => {}
            }
            while !matches!(commits.try_recv(), Err(TryRecvError::Empty | TryRecvError::Closed)) {}
        }
    }
}
