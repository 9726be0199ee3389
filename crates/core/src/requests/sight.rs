//! Who sees a request, and how much of it.
//!
//! An operation is seen by whoever sees its devices, and of its devices only those that they see. What is about people, roles,
//! keys or rules is seen by whoever may view that area, by whoever asked for it, by those who may decide it, and by whom it offers
//! something. Whoever may read the whole log sees everything, as it is all written there.

use super::{Action, Control, ItemState, Payload, Request, Step, StepKind, Target, Was, offered_to};
use crate::{
    authz::{Actor, Permission, Place, Principal, Rights},
    ids::{DeviceId, UserId},
    state::{DeviceSet, State},
    time::Timestamp,
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

/// How much of a request somebody sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sight {
    /// To them it does not exist.
    Nothing,
    /// These of its targets, by their places in its list.
    Part(BTreeSet<u32>),
    /// All of it.
    Whole,
}

impl Sight {
    /// Anything at all?
    #[must_use]
    pub const fn is_any(&self) -> bool {
        !matches!(self, Self::Nothing)
    }

    /// Everything?
    #[must_use]
    pub const fn is_whole(&self) -> bool {
        matches!(self, Self::Whole)
    }

    /// Is the target at this place of its list seen?
    #[must_use]
    pub fn has(&self, item: u32) -> bool {
        match self {
            Self::Nothing => false,
            Self::Part(items) => items.contains(&item),
            Self::Whole => true,
        }
    }
}

/// Whose holders see requests for this.
const fn area(control: &Control) -> Permission {
    match control {
        Control::AddGrant(_)
        | Control::ChangeGrant(_)
        | Control::RemoveGrant { .. }
        | Control::RemoveUser { .. }
        | Control::SuspendUser { .. }
        | Control::UnsuspendUser { .. }
        | Control::CreateRole { .. }
        | Control::ChangeRole { .. }
        | Control::DeleteRole { .. }
        | Control::CreateGroup { .. }
        | Control::ChangeGroup { .. }
        | Control::DeleteGroup { .. }
        | Control::SetAdministratorsManageUsers { .. }
        | Control::TransferOwnership { .. } => Permission::UserView,
        Control::IssueKey(_) | Control::RevokeKey { .. } => Permission::ApiKeyManage,
        Control::SetPolicies { .. }
        | Control::SetSafeguards(_)
        | Control::SetSecondFactorRequired { .. }
        | Control::Recover(_) => Permission::ApprovalPolicyChange,
        Control::IssueObserverLink(_)
        | Control::NarrowObserverLink { .. }
        | Control::RevokeObserverLink { .. }
        | Control::ProtectObservers {}
        | Control::OpenObservers { .. } => Permission::ObserverManage,
        Control::SetWallet { .. } => Permission::WalletView,
        Control::SetAllocation { .. } => Permission::RevenueView,
        Control::RestartWorkers { .. }
        | Control::CreateSite { .. }
        | Control::CreateAgent { .. }
        | Control::CreateScanTask { .. }
        | Control::ChangeSite { .. }
        | Control::RemoveSite { .. }
        | Control::ReissueAgentToken { .. }
        | Control::ChangeAgent { .. }
        | Control::RevokeAgent { .. }
        | Control::ChangeScanTask { .. }
        | Control::RemoveScanTask { .. }
        | Control::RemoveSubAccount { .. }
        | Control::PlaceDevices { .. }
        | Control::MoveDevices { .. }
        | Control::AssignDevices { .. }
        | Control::FreezeAccount {}
        | Control::UnfreezeAccount {}
        | Control::DeleteAccount { .. }
        | Control::KeepAccount {} => Permission::DeviceList,
    }
}

fn reads(rights: &Rights, place: &Place, now: Timestamp) -> bool {
    rights.allow(Permission::DeviceList, place, now) || rights.allow(Permission::AuditView, place, now)
}

/// What somebody sees at a moment, worked out once to look at many requests: a look takes no longer if they hold many grants, and
/// what they see nothing of is found out in a pass over its targets.
pub struct Eyes<'s> {
    state: &'s State,
    actor: Actor,
    now: Timestamp,
    rights: Rights,
    everything: bool,
    devices: Arc<DeviceSet>,
}

impl Eyes<'_> {
    /// Is a device that fits among those that the request is about: its targets, or what it places, moves or assigns? Neither a
    /// request nor a device that is not seen counts, so that nobody learns from an answer what else a request is about.
    #[must_use]
    pub fn see_on(&self, request: &Request, fits: impl Fn(DeviceId) -> bool) -> bool {
        let counts = |device: DeviceId| fits(device) && self.devices.contains(device);
        let moved = match &request.payload.action {
            Action::Device(_) => None,
            Action::Control(control) => control.moves(),
        };
        let is_target = |target: &Target| matches!(target, Target::Device(device) if counts(*device));
        let is_about = moved.is_some_and(|(devices, _)| devices.iter().copied().any(counts))
            || request.payload.targets.iter().any(is_target);
        is_about && self.see(request)
    }

    /// Is anything of the request seen?
    #[must_use]
    pub fn see(&self, request: &Request) -> bool {
        if request.payload.account != self.actor.account {
            return false;
        }
        let is_seen = |target: &Target| matches!(target, Target::Device(device) if self.devices.contains(*device));
        match &request.payload.action {
            _ if self.everything => true,
            Action::Device(_) => request.payload.targets.iter().any(is_seen),
            Action::Control(control) => self.state.sees_control(&self.actor, &self.rights, request, control, self.now),
        }
    }
}

impl State {
    /// What `actor` sees.
    #[must_use]
    pub fn eyes(&self, actor: &Actor, now: Timestamp) -> Eyes<'_> {
        let rights = self.rights_of(actor);
        let reading = [Permission::DeviceList, Permission::AuditView];
        let scopes = reading.iter().flat_map(|permission| rights.with(*permission, now)).map(|right| &right.scope);
        let devices = self.devices_in_any(actor.account, scopes);
        let everything = rights.allow(Permission::AuditView, &Place::ACCOUNT, now);
        Eyes { state: self, actor: *actor, now, everything, devices, rights }
    }

    /// How much of a request `actor` sees.
    #[must_use]
    pub fn sight(&self, actor: &Actor, request: &Request, now: Timestamp) -> Sight {
        if request.payload.account != actor.account {
            return Sight::Nothing;
        }
        let rights = self.rights_of(actor);
        match &request.payload.action {
            _ if rights.allow(Permission::AuditView, &Place::ACCOUNT, now) => Sight::Whole,
            Action::Device(_) => self.sight_of_targets(&rights, request, now),
            Action::Control(control) if self.sees_control(actor, &rights, request, control, now) => Sight::Whole,
            Action::Control(_) => Sight::Nothing,
        }
    }

    fn sees_control(
        &self,
        actor: &Actor,
        rights: &Rights,
        request: &Request,
        control: &Control,
        now: Timestamp,
    ) -> bool {
        let places = match control {
            Control::PlaceDevices { .. } | Control::AssignDevices { .. } | Control::MoveDevices { .. } => {
                vec![Place::ACCOUNT]
            }
            _ => self.places(&request.payload.action, &[]),
        };
        let user = actor.user();
        let is_offered = offered_to(&request.payload.action).is_some_and(|to| user == Some(to));
        let is_part_of_it = || {
            actor.principal == request.payload.initiator
                || is_offered
                || user.is_some_and(|user| {
                    self.is_own(request.payload.initiator, user) || self.may_decide(request, user, now)
                })
        };
        places.iter().all(|place| rights.allow(area(control), place, now))
            || rights.live(now).next().is_some() && is_part_of_it()
            || user.is_some_and(|user| self.sees_while_suspended(request, user, now))
    }

    /// Who is suspended sees what they may still stop, and what they have asked for where that does not keep them out.
    fn sees_while_suspended(&self, request: &Request, user: UserId, now: Timestamp) -> bool {
        let Payload { account, scenario, initiator, ref action, .. } = *request.payload;
        let vetoes = scenario.keeps_veto() && self.may_decide(request, user, now);
        let is_own = initiator == Principal::User(user) && !self.is_kept_out(account, action, user);
        self.is_suspended(account, user) && (vetoes || is_own)
    }

    /// By a grant that they still hold.
    fn may_decide(&self, request: &Request, user: UserId, now: Timestamp) -> bool {
        let holds = |grant| self.grants.get(grant).is_some_and(|grant| grant.is_live(now));
        request.approver_grants(user).iter().any(|(_, grant)| holds(grant))
    }

    fn sight_of_targets(&self, rights: &Rights, request: &Request, now: Timestamp) -> Sight {
        if reads(rights, &Place::ACCOUNT, now) {
            return Sight::Whole;
        }
        let places = (0_u32..).zip(&request.payload.targets);
        let items: BTreeSet<_> =
            places.filter(|(_, target)| self.reads_target(rights, target, now)).map(|(item, _)| item).collect();
        match items.len() {
            0 => Sight::Nothing,
            all if all == request.payload.targets.len() => Sight::Whole,
            _ => Sight::Part(items),
        }
    }

    fn reads_target(&self, rights: &Rights, target: &Target, now: Timestamp) -> bool {
        let Target::Device(device) = target else {
            return false;
        };
        self.device(*device).is_some_and(|device| reads(rights, &device.place(), now))
    }

    /// The request as `actor` sees it: without the targets that they do not see, and without what would tell of them. Only for
    /// showing: its hash and who may vote on it are those of the whole.
    #[must_use]
    pub fn as_seen<'r>(&self, actor: &Actor, request: &'r Request, now: Timestamp) -> Option<Cow<'r, Request>> {
        let rights = self.rights_of(actor);
        let is_read = |target: Target| self.reads_target(&rights, &target, now);
        match self.sight(actor, request, now) {
            Sight::Nothing => None,
            Sight::Part(items) => Some(Cow::Owned(part_of(request, &items, is_read))),
            Sight::Whole if !request.refused.is_empty() && !reads(&rights, &Place::ACCOUNT, now) => {
                // It may have asked for more than it was given.
                let mut seen = request.clone();
                seen.refused = refused(request, is_read);
                Some(Cow::Owned(seen))
            }
            Sight::Whole if self.hides_addresses(actor, &request.payload.action, now) => {
                Some(request.without_addresses())
            }
            Sight::Whole => Some(Cow::Borrowed(request)),
        }
    }
}

impl Request {
    /// As somebody sees it who may not see addresses. Only for showing.
    #[must_use]
    pub fn without_addresses(&self) -> Cow<'_, Self> {
        if !self.payload.action.has_addresses() {
            return Cow::Borrowed(self);
        }
        let mut seen = self.clone();
        let payload = Arc::make_mut(&mut seen.payload);
        payload.action = payload.action.clone().masked();
        seen.shown = self.shown.masked().into();
        Cow::Owned(seen)
    }
}

fn refused(request: &Request, is_read: impl Fn(Target) -> bool) -> Arc<[(DeviceId, super::Refusal)]> {
    request.refused.iter().filter(|(device, _)| is_read(Target::Device(*device))).cloned().collect()
}

fn part_of(request: &Request, items: &BTreeSet<u32>, is_read: impl Fn(Target) -> bool) -> Request {
    let mut seen = request.clone();
    let at = |item: &u32| usize::try_from(*item).unwrap_or(usize::MAX);
    let payload = Arc::make_mut(&mut seen.payload);
    payload.pinned = request.payload.pinned.only(items);
    payload.targets = items.iter().filter_map(|item| request.payload.targets.get(at(item)).copied()).collect();
    seen.estimates = items.iter().filter_map(|item| request.estimates.get(at(item)).copied()).collect();
    seen.items = items.iter().filter_map(|item| request.items.get(at(item)).cloned()).collect();
    let open = seen.items.iter().filter(|item| matches!(item, ItemState::Waiting | ItemState::Open { .. })).count();
    seen.open_items = u32::try_from(open).unwrap_or(u32::MAX);
    let places: BTreeMap<u32, u32> = items.iter().copied().zip(0..).collect();
    let place_of = |item: &u32| places.get(item).copied();
    let was = request
        .was
        .iter()
        .map(|was| Was { setting: was.setting.clone(), items: was.items.iter().filter_map(place_of).collect() });
    seen.was = was.filter(|was| !was.items.is_empty()).collect();
    seen.refused = refused(request, &is_read);
    for took in &mut seen.took {
        took.devices.retain(|device| is_read(Target::Device(*device)));
    }
    seen.took.retain(|took| !took.devices.is_empty());
    seen.steps = request.steps.iter().filter_map(|step| step_of_part(&seen, step)).collect();
    seen
}

/// Counts of what was taken and lost are those of the part.
fn step_of_part(seen: &Request, step: &Step) -> Option<Step> {
    let counted = |count: usize| u32::try_from(count).ok().filter(|count| *count > 0);
    let what = match step.what {
        StepKind::Took { from, .. } => {
            let devices = seen.took.iter().filter(|took| took.from == from).map(|took| took.devices.len()).sum();
            StepKind::Took { from, targets: counted(devices)? }
        }
        StepKind::Lost { to, .. } => {
            let lost = seen.items.iter().filter(|item| **item == ItemState::Dropped { by: to }).count();
            StepKind::Lost { to, targets: counted(lost)? }
        }
        other => other,
    };
    Some(Step { what, ..step.clone() })
}
