//! Passwords of scan tasks: sealed beside the log before anything is asked, under a reference that means nothing. The log and
//! the request carry the reference alone; the state says which are needed, and the others are forgotten.

use super::{Agents, AgentsError, hex};
use adit_core::{
    fleet::ScanTask,
    requests::Action,
    state::State,
    time::{Millis, Timestamp},
};
use adit_store::Secrets;
use adit_wire::Credential;
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{MutexGuard, PoisonError},
};
use zeroize::Zeroizing;

/// What the names of all of them begin with.
const FOLDER: &str = "scan-task/";
/// How long passwords are kept that nothing refers to yet: whoever sealed them is about to ask.
const ABOUT_TO_ASK: Millis = Millis::hours(1);

/// Under which name the passwords of this reference lie, as a JSON list of credentials.
#[must_use]
pub fn credentials_name(reference: &str) -> String {
    format!("{FOLDER}{reference}")
}

/// A reference that nobody has.
///
/// # Errors
/// The system gives no random bytes.
pub fn reference() -> Result<String, getrandom::Error> {
    let mut drawn = [0; 16];
    getrandom::fill(&mut drawn)?;
    Ok(hex(&drawn))
}

impl Agents {
    fn sealed(&self) -> MutexGuard<'_, BTreeMap<String, Timestamp>> {
        self.sealed.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Seals passwords; gives the reference to ask with.
    pub(crate) fn seal(&self, credentials: &[Credential]) -> Result<String, AgentsError> {
        let reference = reference()?;
        // A list of texts always has a JSON form.
        let bytes = Zeroizing::new(serde_json::to_vec(credentials).unwrap_or_default());
        self.sealed().insert(reference.clone(), self.engine.now());
        self.secrets().put(&credentials_name(&reference), &bytes)?;
        Ok(reference)
    }

    /// It was asked with: from now on the state says whether the passwords are needed.
    pub(crate) fn asked_with(&self, reference: &str) {
        self.sealed().remove(reference);
        self.forget_passwords(&self.engine.state());
    }

    /// Forgets what no scan task has, no open request brings and nobody is about to ask with.
    pub(super) fn forget_passwords(&self, state: &State) {
        let mut sealed = self.sealed();
        sealed.retain(|_, at| self.engine.now().since(*at) < ABOUT_TO_ASK);
        let young = sealed.keys().cloned();
        let of_tasks = state.scan_tasks().filter_map(|task| task.credentials.clone());
        let of_requests = state.open_requests().filter_map(|request| match &request.payload.action {
            Action::Control(control) => control.passwords().map(str::to_owned),
            Action::Device(_) => None,
        });
        let needed: BTreeSet<_> = young.chain(of_tasks).chain(of_requests).collect();
        let mut secrets = self.secrets();
        let forgotten = secrets.names().and_then(|names| {
            let references = names.iter().filter_map(|name| name.strip_prefix(FOLDER));
            references
                .filter(|reference| !needed.contains(*reference))
                .try_for_each(|reference| secrets.delete(&credentials_name(reference)).map(drop))
        });
        if let Err(error) = forgotten {
            tracing::error!(%error, "passwords that nobody needs are not forgotten");
        }
    }
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
