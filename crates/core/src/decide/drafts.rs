//! Drafts: filling them, and turning one into requests.

use super::Tx;
use crate::{
    authz::Actor,
    command::{DraftSubmission, Reply, Submission},
    counted::counted,
    event::Event,
    ids::{DeviceId, RequestId, SiteId, UserId},
    quotas::Quota,
    rejection::Rejection,
    requests::{Action, ContentHash, MAX_TARGETS},
    state::DraftChange,
};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;

/// Most changes in one draft.
const MAX_CHANGES: usize = 100;

impl Tx {
    fn draft_owner(&self, actor: &Actor, site: SiteId) -> Result<UserId, Rejection> {
        let own = self.state.site(site).is_some_and(|site| site.account == actor.account);
        let user = actor.user().ok_or(Rejection::NotFound { what: "draft" })?;
        if own { Ok(user) } else { Err(Rejection::NotFound { what: "site" }) }
    }

    pub(super) fn put_draft(
        &mut self,
        actor: &Actor,
        site: SiteId,
        action: Action,
        mut targets: Vec<DeviceId>,
    ) -> Result<Reply, Rejection> {
        let user = self.draft_owner(actor, site)?;
        let Action::Device(_) = &action else {
            let problem = "only operations on devices are drafted; submit this one at once".into();
            return Err(Rejection::Invalid { field: "action", problem });
        };
        self.check_action(actor.account, &action)?;
        targets.sort_unstable();
        targets.dedup();
        if targets.is_empty() {
            return Err(Rejection::NoTargets("name at least one device".into()));
        }
        if targets.len() > MAX_TARGETS {
            return Err(Rejection::OutOfRange { field: "targets".into(), min: 1, max: MAX_TARGETS as u64 });
        }
        self.check_devices(actor, &targets, action.permission())?;
        if targets.iter().any(|id| self.state.device(*id).is_none_or(|device| device.site != site)) {
            let problem = "a draft holds devices of one site".into();
            return Err(Rejection::Invalid { field: "targets", problem });
        }
        let draft = self.state.draft(user, site);
        if draft.is_some_and(|draft| draft.changes.len() >= MAX_CHANGES) {
            let problem = format!("a draft holds at most {MAX_CHANGES} changes: submit this one first");
            return Err(Rejection::Invalid { field: "changes", problem });
        }
        let held = self.state.drafts_of(user).flat_map(|draft| &draft.changes).map(|change| change.targets.len()).sum();
        Quota::DraftDevices.check(held, targets.len())?;
        self.check_changes(actor, targets.len())?;
        let replaced = draft.map_or(0, |draft| draft.taken_over(&action, &targets));
        let change = draft.map_or(1, |draft| draft.next);
        self.emit(Event::DraftPut { user, site, change, action, targets });
        let version = self.state.draft(user, site).map_or(0, |draft| draft.version);
        Ok(Reply::Draft { version, replaced: u32::try_from(replaced).unwrap_or(u32::MAX) })
    }

    pub(super) fn take_from_draft(
        &mut self,
        actor: &Actor,
        site: SiteId,
        change: u32,
        mut targets: Vec<DeviceId>,
    ) -> Result<Reply, Rejection> {
        let user = self.draft_owner(actor, site)?;
        let known = self.state.draft(user, site).is_some_and(|draft| draft.changes.iter().any(|c| c.id == change));
        if !known {
            return Err(Rejection::NotFound { what: "change in your draft" });
        }
        self.check_changes(actor, targets.len() + 1)?;
        targets.sort_unstable();
        self.emit(Event::DraftTaken { user, site, change, targets });
        let version = self.state.draft(user, site).map_or(0, |draft| draft.version);
        Ok(Reply::Draft { version, replaced: 0 })
    }

    fn check_changes(&self, actor: &Actor, devices: usize) -> Result<(), Rejection> {
        self.state.check_meter((actor.account, actor.principal), Quota::DraftChanges, devices, self.now)
    }

    pub(super) fn discard_draft(&mut self, actor: &Actor, site: SiteId) -> Result<Reply, Rejection> {
        let user = self.draft_owner(actor, site)?;
        if self.state.draft(user, site).is_some() {
            self.emit(Event::DraftClosed { user, site });
        }
        Ok(Reply::Done)
    }

    /// Every change becomes a request, in their order, and the draft is gone; or one of them is refused and nothing has
    /// happened, because this copy of the state is thrown away.
    pub(super) fn submit_draft(&mut self, actor: &Actor, asked: DraftSubmission) -> Result<Vec<RequestId>, Rejection> {
        let user = self.draft_owner(actor, asked.site)?;
        let keyed = asked.idempotency_key.clone().map(|key| (key, hash_of_asked(&asked)));
        if let Some(made) = self.already_made(actor, keyed.as_ref())? {
            return Ok(made);
        }
        let draft = self.state.draft(user, asked.site).filter(|draft| draft.version == asked.version);
        let draft = draft.ok_or(Rejection::DraftChanged)?.clone();
        if draft.changes.is_empty() {
            return Err(Rejection::NoTargets("the draft is empty".into()));
        }
        let mut parts: BTreeMap<_, _> = asked.parts.into_iter().map(|part| (part.change, part)).collect();
        let mut requests = Vec::new();
        for (place, change) in draft.changes.iter().enumerate() {
            let refused = |why| refusal(change, why);
            contradicts(&draft.changes[..place], change).map_err(refused)?;
            let part = parts.remove(&change.id).ok_or(Rejection::DraftChanged)?;
            let submission = Submission {
                id: part.id,
                action: change.action.clone(),
                targets: change.targets.clone(),
                estimates: part.estimates,
                reason: asked.reason.clone(),
                idempotency_key: None,
            };
            requests.push(self.submit(actor, submission).map_err(refused)?);
        }
        self.emit(Event::DraftSubmitted { user, site: asked.site, requests: requests.clone(), idempotency: keyed });
        Ok(requests)
    }
}

fn refusal(change: &DraftChange, why: Rejection) -> Rejection {
    Rejection::ChangeRefused { change: change.id, title: change.action.title(), why: Box::new(why) }
}

/// Does an earlier change of the draft exclude this one on some device? Then one of the two could never run.
fn contradicts(earlier: &[DraftChange], change: &DraftChange) -> Result<(), Rejection> {
    let other = earlier.iter().find_map(|other| {
        let devices = other.shared_with(change);
        (!devices.is_empty()).then_some((other, devices.len()))
    });
    other.map_or(Ok(()), |(other, devices)| {
        let problem =
            format!("it and \"{}\" exclude each other on {}", other.action.title(), counted(devices, "device"));
        Err(Rejection::Invalid { field: "targets", problem })
    })
}

/// What was asked, so that an idempotency key cannot stand for two things.
fn hash_of_asked(asked: &DraftSubmission) -> ContentHash {
    let mut hasher = Sha256::new();
    hasher.update(b"draft/v1\n");
    hasher.update(asked.site.0.to_be_bytes());
    hasher.update(asked.version.to_be_bytes());
    hasher.update(asked.reason.as_deref().unwrap_or_default().as_bytes());
    ContentHash(hasher.finalize().into())
}
