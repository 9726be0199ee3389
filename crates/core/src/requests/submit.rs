//! Making a request: is it well formed, may they ask it, whose devices does it take, who must agree?

use super::{
    Action, Approvers, ContentHash, Control, MAX_TARGETS, Payload, Request, RequestState, Rule, Target,
    claims::Award,
    outlook::outlook,
    pinned::MAX_PINNED,
    rendering,
    vote::{MAX_WORDS, check_step_up, state_word},
};
use crate::{
    authz::{Actor, Denied, Permission, Place, Principal},
    command::Submission,
    decide::Tx,
    event::Event,
    fleet::{MAX_POOLS, Operation, Pool, TemplateField},
    ids::{DeviceId, RequestId},
    quotas::{Quota, is_exempt},
    rejection::{NoSay, Rejection},
    state::idempotency_key,
};
use sha2::{Digest, Sha256};
use std::sync::Arc;

/// What a request is counted by.
#[derive(Clone, Copy)]
struct Numbers {
    number: u32,
    revision: u32,
    required: u32,
    required_other: u32,
    supersedes: Option<RequestId>,
}

impl Tx {
    pub(crate) fn submit(&mut self, actor: &Actor, asked: Submission) -> Result<RequestId, Rejection> {
        self.submit_revision(actor, None, asked)
    }

    /// The next revision of one's own waiting request; whatever is wrong with it leaves the old one as it was.
    pub(crate) fn amend(&mut self, actor: &Actor, old: RequestId, with: Submission) -> Result<RequestId, Rejection> {
        let request = self.open_request(actor, old)?;
        if request.payload.initiator != actor.principal {
            return Err(NoSay::NotYours.into());
        }
        if request.payload.scenario != with.action.scenario() {
            let problem = format!("stay within {}, or make another request", request.payload.scenario.name());
            return Err(Rejection::Invalid { field: "action", problem });
        }
        let action = with.action.keeping_passwords_of(&request.payload.action);
        self.submit_revision(actor, Some(old), Submission { action, ..with })
    }

    fn submit_revision(
        &mut self,
        actor: &Actor,
        supersedes: Option<RequestId>,
        mut asked: Submission,
    ) -> Result<RequestId, Rejection> {
        asked.action = asked.action.canonical();
        asked.targets.sort_unstable();
        asked.targets.dedup();
        let keyed = asked.idempotency_key.clone().map(|key| (key, hash_of_asked(&asked, supersedes)));
        let made = self.already_made(actor, keyed.as_ref())?;
        if let Some(made) = made.and_then(|requests| requests.first().copied()) {
            return Ok(made);
        }
        self.check_words(&asked)?;
        let revision = self.retire(supersedes, asked.id)?;
        self.check_permission(actor, &asked)?;
        if let Action::Control(control) = &asked.action {
            self.check_named(actor.account, control, supersedes)?;
        }
        let exempt = is_exempt(&asked.action);
        if !exempt {
            Quota::WaitingRequests.check(self.state().waiting_of(actor.account, actor.principal), 1)?;
        }
        let account = self.state().account(actor.account).ok_or(Rejection::NotFound { what: "account" })?;
        let (number, frozen) = (account.requests + 1, account.frozen);
        if let Some(at) = account.deletion.filter(|_| !asked.action.scenario().runs_while_closing()) {
            return Err(Rejection::DeletionPending { at });
        }
        if frozen && !asked.action.scenario().runs_while_frozen() {
            return Err(Rejection::Frozen);
        }
        self.check_degraded(actor.account, asked.action.scenario())?;
        self.check_action(actor.account, &asked.action)?;
        self.check_lock(actor, &asked.action)?;

        let (required, required_other) = match &asked.action {
            Action::Device(_) => self.state().counts_for(actor.account, &asked.action, false),
            Action::Control(_) => {
                let tally = self.state().rule_for(actor, &asked.action, &[], self.now()).tally;
                (tally.required, tally.required_other)
            }
        };
        let rights = self.state().rights_of(actor);
        let sees = |place: &Place| rights.allow(Permission::DeviceList, place, self.now());
        let award = self.state().award(&asked.action, &asked.targets, required, &sees);
        if matches!(asked.action, Action::Device(_)) && award.given.is_empty() {
            return Err(nothing_given(&award));
        }
        if award.pinned.bytes() > MAX_PINNED {
            let problem = "too many devices at once for the names in their pool users: do it in parts".into();
            return Err(Rejection::Invalid { field: "targets", problem });
        }
        if !exempt {
            let who = (actor.account, actor.principal);
            self.state().check_meter(who, Quota::RefusedDevices, award.refused.len(), self.now())?;
        }
        let targets = match &asked.action {
            Action::Device(_) => award.given.iter().copied().map(Target::Device).collect(),
            Action::Control(control) => self.control_targets(control)?,
        };
        let id = asked.id;
        let kind = Numbers { number, revision, required, required_other, supersedes };
        let event = self.submitted_event(actor, asked, keyed, kind, targets, &award)?;
        self.take(id, award, event);
        self.settle(id);
        Ok(id)
    }

    /// Ends the revision before, so that what it holds is free; gives the number of the one to come.
    fn retire(&mut self, old: Option<RequestId>, by: RequestId) -> Result<u32, Rejection> {
        let Some(request) = old.and_then(|old| self.state().request(old)) else {
            return Ok(1);
        };
        if request.state != RequestState::Pending {
            return Err(Rejection::InvalidState { state: state_word(request.state) });
        }
        let (id, revision) = (request.id, request.payload.revision + 1);
        self.end(id, RequestState::Superseded, Some("amended".into()), Some(by));
        Ok(revision)
    }

    /// The earlier requests lose their devices, the new one has them, and what was left empty ends: all or nothing.
    fn take(&mut self, id: RequestId, award: Award, event: Event) {
        let losers: Vec<_> = award.dropped.keys().copied().collect();
        self.emit(event);
        for (loser, items) in award.dropped {
            self.emit(Event::TargetsDropped { request: loser, by: id, items });
        }
        for loser in losers {
            let emptied = self.state().request(loser).is_some_and(|request| request.open_items == 0);
            if emptied {
                self.end(loser, RequestState::Superseded, None, Some(id));
            }
        }
    }

    fn submitted_event(
        &mut self,
        actor: &Actor,
        asked: Submission,
        idempotency: Option<(String, ContentHash)>,
        numbers: Numbers,
        targets: Vec<Target>,
        award: &Award,
    ) -> Result<Event, Rejection> {
        let scenario = asked.action.scenario();
        let policy = self.state().policy_for(actor.account, &asked.action);
        self.check_quorum(actor, &asked.action, &targets)?;
        let places = self.state().places(&asked.action, &targets);
        let eligible = self.state().approvers(actor.account, &policy, &asked.action, &places, self.now());
        let shown = rendering::shown(self.state(), actor.account, &asked.action);
        let base_versions = self.state().base_versions(actor.account, &asked.action);
        let payload = Arc::new(Payload {
            account: actor.account,
            scenario,
            action: asked.action,
            targets,
            pinned: award.pinned.clone(),
            base_versions,
            initiator: actor.principal,
            revision: numbers.revision,
            policy_version: policy.version,
            not_after: self.now().after(policy.approve_ttl),
        });
        let content_hash = self.hash_new(&payload);
        let (estimates, was) = outlook(&payload, asked.estimates);
        Ok(Event::RequestSubmitted {
            request: asked.id,
            number: numbers.number,
            content_hash,
            required: numbers.required,
            required_other: numbers.required_other,
            eligible,
            estimates,
            was,
            shown: Box::new(shown),
            refused: award.refused.clone(),
            reason: asked.reason,
            idempotency,
            supersedes: numbers.supersedes,
            payload,
        })
    }

    /// Can it ever be approved, and if the initiator's own word is part of that, are they sure to be who they say?
    fn check_quorum(&self, actor: &Actor, action: &Action, targets: &[Target]) -> Result<(), Rejection> {
        let Rule { scenario, policy, tally } = self.state().rule_for(actor, action, targets, self.now());
        if !tally.is_possible() {
            let add_role = match policy.approvers {
                Approvers::Administrators => "Administrator",
                Approvers::SiteManagement => "Administrator or Site Manager",
                Approvers::ActionHolders => "a role that may do this",
            };
            return Err(Rejection::Unsatisfiable {
                scenario,
                required: tally.required,
                required_other: tally.required_other,
                possible: u32::try_from(tally.approvals.len() + tally.undecided.len()).unwrap_or(u32::MAX),
                add_role,
            });
        }
        if actor.user().is_some_and(|user| tally.alone || tally.approvals.contains(&user)) {
            check_step_up(actor, policy.step_up, self.now())?;
        }
        Ok(())
    }

    /// What was made before under the same key, if the same was asked.
    pub(crate) fn already_made(
        &self,
        actor: &Actor,
        keyed: Option<&(String, ContentHash)>,
    ) -> Result<Option<Vec<RequestId>>, Rejection> {
        let Some((key, content)) = keyed else {
            return Ok(None);
        };
        if key.is_empty() || key.len() > 128 {
            let problem = "1 to 128 characters".into();
            return Err(Rejection::Invalid { field: "Idempotency-Key", problem });
        }
        let key = idempotency_key(actor.account, actor.principal, key);
        let Some(keyed) = self.state().made_under(&key, self.now()) else {
            return Ok(None);
        };
        match keyed.requests.first() {
            Some(request) if keyed.content != *content => Err(Rejection::DuplicateRequest { request: *request }),
            _ => Ok(Some(keyed.requests.clone())),
        }
    }

    fn check_words(&self, asked: &Submission) -> Result<(), Rejection> {
        if self.state().request(asked.id).is_some() {
            return Err(Rejection::DuplicateRequest { request: asked.id });
        }
        if asked.reason.as_ref().is_some_and(|words| words.chars().count() > MAX_WORDS) {
            let problem = format!("at most {MAX_WORDS} characters");
            return Err(Rejection::Invalid { field: "reason", problem });
        }
        let silent = asked.reason.as_ref().is_none_or(|words| words.trim().is_empty());
        match &asked.action {
            Action::Control(Control::Recover(_)) if silent => Err(Rejection::ReasonRequired { field: "reason" }),
            Action::Device(_) if asked.targets.is_empty() => {
                Err(Rejection::NoTargets("name at least one device".into()))
            }
            Action::Device(_) if asked.targets.len() > MAX_TARGETS => {
                Err(Rejection::OutOfRange { field: "targets".into(), min: 1, max: MAX_TARGETS as u64 })
            }
            Action::Control(_) if !asked.targets.is_empty() => {
                let problem = "this action names its own object and takes no targets".into();
                Err(Rejection::Invalid { field: "targets", problem })
            }
            _ => Ok(()),
        }
    }

    /// A device the actor cannot see does not exist for them; one they see and may not act on is refused.
    pub(crate) fn check_devices(
        &self,
        actor: &Actor,
        devices: &[DeviceId],
        permission: Permission,
    ) -> Result<(), Rejection> {
        let rights = self.state().rights_of(actor);
        let mut refused = None;
        for id in devices {
            let device = self.state().device(*id).filter(|device| device.account == actor.account);
            let place = device.map(crate::fleet::Device::place);
            let seen = place.filter(|place| rights.allow(Permission::DeviceList, place, self.now()));
            let place = seen.ok_or(Rejection::NotFound { what: "device" })?;
            if refused.is_none() && !rights.allow(permission, &place, self.now()) {
                refused = Some(place);
            }
        }
        refused.map_or(Ok(()), |place| Err(Denied::lacking(permission).at(&place).into()))
    }

    fn check_permission(&self, actor: &Actor, asked: &Submission) -> Result<(), Rejection> {
        let permission = asked.action.permission();
        if matches!(asked.action, Action::Device(_)) {
            return self.check_devices(actor, &asked.targets, permission);
        }
        match (&asked.action, actor.user()) {
            (Action::Control(control), Some(user)) => {
                self.state().may_ask(actor.account, user, control, self.now())?;
                // Only when it is asked for: what is under way is not stopped by switching it off.
                let is_off = !self.state().safeguards(actor.account).owner_recovery;
                let recovers = matches!(control, Control::Recover(_));
                if recovers && is_off { Err(Rejection::OwnerRecoveryOff) } else { Ok(()) }
            }
            (action, None) if action.is_for_programs() => {
                let rights = self.state().rights_of(actor);
                let places = self.state().places(action, &[]);
                let refused = places.iter().find(|place| !rights.allow(permission, place, self.now()));
                refused.map_or(Ok(()), |place| Err(Denied::lacking(permission).at(place).into()))
            }
            (Action::Control(Control::Recover(_)), None) if actor.principal == Principal::Operator => Ok(()),
            _ => Err(Denied::lacking(permission).into()),
        }
    }

    /// One open request about the same settings at a time. Devices have claims instead.
    fn check_lock(&self, actor: &Actor, action: &Action) -> Result<(), Rejection> {
        let Action::Control(control) = action else {
            return Ok(());
        };
        let objects = self.state().objects(control);
        let same = |other: &Request| {
            let Action::Control(other) = &other.payload.action else {
                return false;
            };
            control == other || self.state().objects(other).iter().any(|object| objects.contains(object))
        };
        let open = self.state().open_controls().find(|r| r.payload.account == actor.account && same(r));
        open.map_or(Ok(()), |open| Err(Rejection::PendingExists { request: open.id }))
    }

    fn control_targets(&self, control: &Control) -> Result<Vec<Target>, Rejection> {
        let Control::RestartWorkers { site } = control else {
            return Ok(Vec::new());
        };
        if self.site_is_busy(*site) {
            return Err(Rejection::SiteBusy);
        }
        let agents = self.state().agents.values().filter(|agent| agent.site == *site);
        let able = agents
            .filter(|agent| agent.public_key.is_some() && agent.takes_orders() && agent.site_policy.restart_workers);
        let targets: Vec<_> = able.map(|agent| Target::Agent(agent.id)).collect();
        if targets.is_empty() {
            return Err(Rejection::NoTargets("no agent that takes orders has enrolled on this site".into()));
        }
        Ok(targets)
    }
}

/// Are a device operation's parameters within bounds?
///
/// # Errors
/// [`Rejection::OutOfRange`] or [`Rejection::Invalid`], with what is wrong.
pub fn check_operation<P: Clone>(operation: &Operation<P>) -> Result<(), Rejection> {
    let Operation::SetPools { pools } = operation else {
        return Ok(());
    };
    if pools.is_empty() || pools.len() > MAX_POOLS {
        return Err(Rejection::OutOfRange { field: "pools".into(), min: 1, max: MAX_POOLS as u64 });
    }
    let invalid = |problem: String| Rejection::Invalid { field: "pools", problem };
    operation.template_fields().map_err(|wrong| invalid(wrong.to_string()))?;
    pools.iter().try_for_each(Pool::check_asked).map_err(|bad| invalid(bad.to_string()))
}

/// Why a device cannot be told what has this name in it.
fn no_value(name: TemplateField) -> String {
    format!("no {} for {{{}}}, or none that you see", name.means(), name.name())
}

/// Why a device cannot be told a user that was made for it.
const UNFIT: &str = "a user that is too long, or has characters that pools and miners do not take";

fn nothing_given(award: &Award) -> Rejection {
    use super::Refusal::{DeviceBusy, DeviceHeldByHigherAssurance, ForbiddenOnSite, NoValue, NotControlled, UnfitUser};
    let any = |is: fn(&super::Refusal) -> bool| award.refused.iter().any(|(_, refusal)| is(refusal));
    if any(|refusal| matches!(refusal, DeviceBusy { .. } | DeviceHeldByHigherAssurance { .. })) {
        Rejection::DeviceBusy { devices: award.refused.iter().map(|(device, _)| *device).collect() }
    } else if any(|refusal| matches!(refusal, NotControlled { .. } | ForbiddenOnSite { .. })) {
        Rejection::NotControlled
    } else if let Some(problem) = award.refused.iter().find_map(|(_, refusal)| match refusal {
        NoValue { name } => Some(no_value(*name)),
        UnfitUser => Some(UNFIT.to_owned()),
        super::Refusal::Unsupported
        | DeviceBusy { .. }
        | DeviceHeldByHigherAssurance { .. }
        | NotControlled { .. }
        | ForbiddenOnSite { .. } => None,
    }) {
        Rejection::Invalid { field: "pools", problem }
    } else {
        Rejection::Unsupported
    }
}

/// What was asked, so that an idempotency key cannot stand for two things.
fn hash_of_asked(asked: &Submission, supersedes: Option<RequestId>) -> ContentHash {
    let mut hasher = Sha256::new();
    // Writing an action cannot fail: it has string keys only.
    hasher.update(serde_json::to_vec(&asked.action).unwrap_or_default());
    for target in &asked.targets {
        hasher.update(target.0.to_be_bytes());
    }
    hasher.update(asked.reason.as_deref().unwrap_or_default().as_bytes());
    if let Some(old) = supersedes {
        hasher.update(b"\nsupersedes ");
        hasher.update(old.to_string());
    }
    ContentHash(hasher.finalize().into())
}
