//! How people prove who they are. The HTTP side is in [`crate::api`]; here is what lies behind it.
//!
//! Words: a *factor* is one way of proof (password, one-time code, passkey, another company's sign-in); a *ticket* is a
//! random text that carries somebody from one step to the next and works once; a *link* is a ticket sent by e-mail.
//! Of tickets, links and sessions only hashes are kept.

pub(crate) mod letters;
pub(crate) mod passkeys;
pub mod passwords;
pub(crate) mod seals;
pub mod sso;
pub mod throttle;
pub(crate) mod tickets;
pub mod tokens;
pub mod totp;

use crate::{api::Options, mail::Mailer};
use adit_core::time::Timestamp;
use passkeys::Passkeys;
use passwords::Passwords;
use seals::Seals;
use sso::Sso;
use std::sync::{Mutex, MutexGuard, PoisonError};
use throttle::{Throttle, Trial};
use tickets::Tickets;
use zeroize::Zeroizing;

/// What signing in needs besides the directory of people.
pub(crate) struct SignIn {
    pub(crate) passwords: Passwords,
    pub(crate) mailer: Mailer,
    /// `None` where browsers have none.
    pub(crate) passkeys: Option<Passkeys>,
    pub(crate) sso: Sso,
    throttle: Mutex<Throttle>,
    /// What is carried from one step to the next.
    pub(crate) seals: Seals,
    /// Secrets that no code has confirmed yet, by user.
    pub(crate) enrolments: Tickets<Zeroizing<Vec<u8>>>,
    /// SHA-256 of the set-up link's token. Held locked while the account is made, so that it is made once.
    pub(crate) set_up: tokio::sync::Mutex<Option<[u8; 32]>>,
}

impl SignIn {
    /// # Errors
    /// The system gives no randomness, or an option is wrong.
    pub(crate) fn new(options: &Options) -> Result<Self, String> {
        let set_up = tokio::sync::Mutex::new(options.set_up);
        Ok(Self {
            passwords: Passwords::new()?,
            mailer: Mailer::new(options.mail.as_ref())?,
            passkeys: Passkeys::of(&options.public_url),
            sso: Sso::new(&options.sso, &options.public_url)?,
            throttle: Mutex::default(),
            seals: Seals::new()?,
            enrolments: Tickets::default(),
            set_up,
        })
    }

    fn throttle(&self) -> MutexGuard<'_, Throttle> {
        self.throttle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Counts the trial as failed, until [`Self::succeeded`] says otherwise.
    ///
    /// # Errors
    /// Seconds to wait first.
    pub(crate) fn attempt(&self, trial: &Trial, now: Timestamp) -> Result<(), u64> {
        self.throttle().attempt(trial, now)
    }

    /// It did not fail after all.
    pub(crate) fn succeeded(&self, trial: &Trial) {
        self.throttle().succeeded(trial);
    }
}
