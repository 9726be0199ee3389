//! Passwords of scan tasks and of pools: sealed beside the log before anything is asked, under a reference that means nothing. The log
//! and the request carry the reference alone; the state says which are needed, and the others are forgotten.

use super::{Agents, AgentsError, hex};
use adit_core::{
    authz::Actor,
    fleet::{PoolPassword, ScanTask, SecretRef},
    requests::Action,
    state::State,
    time::{Millis, Timestamp},
};
use adit_store::Secrets;
use adit_wire::Credential;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{MutexGuard, PoisonError},
};
use zeroize::Zeroizing;

/// What the names of all of them begin with.
const OF_SCAN_TASKS: &str = "scan-task/";
const OF_POOLS: &str = "pool/";
/// Under which name the key lies that passwords are hashed with.
const HASHING_KEY: &str = "password-hashing";
/// How long passwords are kept that nothing refers to yet: whoever sealed them is about to ask.
const ABOUT_TO_ASK: Millis = Millis::hours(1);

/// Under which name the passwords of this reference lie, as a JSON list of credentials.
#[must_use]
pub fn credentials_name(reference: &str) -> String {
    format!("{OF_SCAN_TASKS}{reference}")
}

fn pool_name(reference: &SecretRef) -> String {
    format!("{OF_POOLS}{}", reference.digits())
}

/// A reference that nobody has.
///
/// # Errors
/// The system gives no random bytes.
pub fn reference() -> Result<String, getrandom::Error> {
    Ok(hex(&drawn()?))
}

fn drawn() -> Result<[u8; 16], getrandom::Error> {
    let mut drawn = [0; 16];
    getrandom::fill(&mut drawn)?;
    Ok(drawn)
}

/// In which call passwords come. A call that is repeated under its key has the same references if it has the same passwords, so that
/// it is seen to be the same call; nobody without the server's key can tell a password by its reference.
#[derive(Clone, Copy)]
pub(crate) struct Call<'a> {
    pub actor: &'a Actor,
    /// Its idempotency key.
    pub key: Option<&'a str>,
}

/// Passwords that were sealed in this life of the server, by name, each time with when.
pub(super) type Sealed = BTreeMap<String, Vec<Timestamp>>;

impl Agents {
    fn sealed(&self) -> MutexGuard<'_, Sealed> {
        self.sealed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seals the passwords of a scan task; gives the reference to ask with.
    pub(crate) fn seal_credentials(&self, call: Call<'_>, credentials: &[Credential]) -> Result<String, AgentsError> {
        // A list of texts always has a JSON form.
        let bytes = Zeroizing::new(serde_json::to_vec(credentials).unwrap_or_default());
        let reference = hex(&self.reference_in(call, OF_SCAN_TASKS, &bytes)?);
        self.put(credentials_name(&reference), &bytes)?;
        Ok(reference)
    }

    /// Seals the password of the pool at this place of the order of preference; gives the reference to ask with.
    pub(crate) fn seal_pool(
        &self,
        call: Call<'_>,
        place: usize,
        password: &PoolPassword,
    ) -> Result<SecretRef, AgentsError> {
        let bytes = password.as_str().as_bytes();
        let number = self.reference_in(call, &format!("{OF_POOLS}{place}"), bytes)?;
        let reference = SecretRef::new(u128::from_be_bytes(number));
        self.put(pool_name(&reference), bytes)?;
        Ok(reference)
    }

    fn put(&self, name: String, bytes: &[u8]) -> Result<(), AgentsError> {
        self.sealed().entry(name.clone()).or_default().push(self.engine.now());
        Ok(self.secrets().put(&name, bytes)?)
    }

    fn reference_in(&self, call: Call<'_>, what: &str, bytes: &[u8]) -> Result<[u8; 16], AgentsError> {
        let Some(key) = call.key else { return Ok(drawn()?) };
        let whose = format!("{}/{:?}", call.actor.account, call.actor.principal);
        let made = self.keyed("reference", &[whose.as_bytes(), key.as_bytes(), what.as_bytes(), bytes])?;
        Ok(std::array::from_fn(|at| made[at]))
    }

    /// A hash of what may have passwords in it, which can be guessed: nobody without the server's key can try them. `what` tells its
    /// uses apart.
    pub(crate) fn keyed(&self, what: &str, parts: &[&[u8]]) -> Result<[u8; 32], AgentsError> {
        let mut mac = hashing_key(&mut self.secrets())?;
        for part in [what.as_bytes()].iter().chain(parts) {
            mac.update(&(part.len() as u64).to_be_bytes());
            mac.update(part);
        }
        Ok(mac.finalize().into_bytes().into())
    }

    /// A scan task was asked for with these passwords: from now on the state says whether they are needed.
    pub(crate) fn asked_with(&self, reference: &str) {
        self.asked_with_all([credentials_name(reference)]);
    }

    /// The same of the passwords of pools.
    pub(crate) fn asked_with_pools(&self, references: &[SecretRef]) {
        if !references.is_empty() {
            self.asked_with_all(references.iter().map(pool_name));
        }
    }

    fn asked_with_all(&self, names: impl IntoIterator<Item = String>) {
        {
            let mut sealed = self.sealed();
            for name in names {
                if let Some(times) = sealed.get_mut(&name) {
                    times.pop();
                }
            }
        }
        self.forget_passwords(&self.engine.state());
    }

    /// Forgets what no scan task has, no open request and no draft names and nobody is about to ask with.
    pub(super) fn forget_passwords(&self, state: &State) {
        let mut sealed = self.sealed();
        sealed.retain(|_, times| {
            times.retain(|at| self.engine.now().since(*at) < ABOUT_TO_ASK);
            !times.is_empty()
        });
        let young = sealed.keys().cloned();
        let of_tasks = state.scan_tasks().filter_map(|task| task.credentials.as_deref());
        let of_requests = state.open_requests().filter_map(|request| match &request.payload.action {
            Action::Control(control) => control.passwords(),
            Action::Device(_) => None,
        });
        let of_scans = of_tasks.chain(of_requests).map(credentials_name);
        let needed: BTreeSet<_> = young.chain(of_scans).chain(state.pool_passwords().map(pool_name)).collect();
        let mut secrets = self.secrets();
        let forgotten = secrets.names().and_then(|names| {
            let ours =
                names.iter().filter(|name| [OF_SCAN_TASKS, OF_POOLS].iter().any(|folder| name.starts_with(folder)));
            ours.filter(|name| !needed.contains(*name)).try_for_each(|name| secrets.delete(name).map(drop))
        });
        if let Err(error) = forgotten {
            tracing::error!(%error, "passwords that nobody needs are not forgotten");
        }
    }

    /// The password of a pool. What cannot be read is left out: the agent is told the order without it, and refuses.
    pub(super) fn pool_password(&self, reference: &SecretRef) -> Option<PoolPassword> {
        let stored = match self.secrets().get(&pool_name(reference)) {
            Ok(stored) => stored?,
            Err(error) => {
                tracing::error!(%error, "an order goes without a pool's password");
                return None;
            }
        };
        let text = String::from_utf8(stored.to_vec()).ok();
        text.and_then(|text| PoolPassword::try_from(text).ok())
    }
}

/// The key that passwords are hashed with, drawn at the first need.
fn hashing_key(secrets: &mut Secrets) -> Result<Hmac<Sha256>, AgentsError> {
    let stored = secrets.get(HASHING_KEY)?.map(|stored| stored.to_vec());
    let key = match stored {
        Some(stored) => stored,
        None => {
            let mut drawn = [0; 32];
            getrandom::fill(&mut drawn)?;
            secrets.put(HASHING_KEY, &drawn)?;
            drawn.to_vec()
        }
    };
    Hmac::new_from_slice(&key).map_err(|_| AgentsError::HashingKey)
}

/// The passwords of a scan task.
pub(super) fn read(secrets: &Secrets, task: &ScanTask) -> Vec<Credential> {
    let Some(reference) = &task.credentials else { return Vec::new() };
    let stored = match secrets.get(&credentials_name(reference)) {
        Ok(stored) => stored,
        Err(error) => {
            tracing::error!(%error, task = %task.id, "a scan task goes without its passwords");
            return Vec::new();
        }
    };
    let read = stored.and_then(|stored| serde_json::from_slice(&stored).ok());
    read.unwrap_or_else(|| {
        tracing::error!(task = %task.id, "a scan task's passwords cannot be read; set them again");
        Vec::new()
    })
}
