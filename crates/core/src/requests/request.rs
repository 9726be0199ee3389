//! One request: what was asked, who has voted, where each target stands, what happened to it when.

use super::{Action, ContentHash, Items, Payload, Target, rendering::Shown};
use crate::{
    authz::Principal,
    event::Event,
    fleet::{PowerAfter, Setting, TargetResult, TemplateField},
    ids::{AgentId, DeviceId, GrantId, RequestId, UserId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::{borrow::Cow, sync::Arc};

/// Where a request stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestState {
    /// Waits for approvals.
    Pending,
    /// Has them; waits for its time.
    Approved,
    /// Is being carried out.
    Executing,
    /// Every target did what was asked.
    Executed,
    /// Some did.
    PartiallyExecuted,
    /// None did.
    Failed,
    /// An approver said no.
    Rejected,
    /// Its initiator, or during a timelock an approver, called it off.
    Cancelled,
    /// Too late.
    Expired,
    /// Another request took its place.
    Superseded,
    /// It can no longer be approved or carried out.
    Invalidated,
}

impl RequestState {
    /// Every state.
    pub const ALL: [Self; 11] = [
        Self::Pending,
        Self::Approved,
        Self::Executing,
        Self::Executed,
        Self::PartiallyExecuted,
        Self::Failed,
        Self::Rejected,
        Self::Cancelled,
        Self::Expired,
        Self::Superseded,
        Self::Invalidated,
    ];
    /// Those from which something follows.
    pub const OPEN: [Self; 3] = [Self::Pending, Self::Approved, Self::Executing];

    /// Nothing follows.
    #[must_use]
    pub const fn is_terminal(self) -> bool {
        !matches!(self, Self::Pending | Self::Approved | Self::Executing)
    }
}

/// Yes or no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Yes.
    Approve,
    /// No; ends the request.
    Reject,
}

/// One person's vote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vote {
    /// Who.
    pub voter: UserId,
    /// What.
    pub decision: Decision,
    /// On exactly what.
    pub content_hash: ContentHash,
    /// When.
    pub at: Timestamp,
    /// Their words.
    pub comment: Option<String>,
    /// When they took it back.
    pub withdrawn_at: Option<Timestamp>,
}

/// What somebody said about a request. Not part of what is approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Comment {
    /// Who.
    pub by: UserId,
    /// When.
    pub at: Timestamp,
    /// Their words.
    pub words: String,
}

/// Draw of one target before and as expected after, W.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Estimate {
    /// Now.
    pub before_w: Option<u32>,
    /// Expected.
    pub after_w: Option<u32>,
    /// What that rests on; none where the operation changes no power or nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub basis: Option<Basis>,
    /// It may be so much more or less, W.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub band_w: Option<u32>,
}

/// What an expected draw rests on, the best first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Basis {
    /// What the device itself drew when it was last so.
    Own,
    /// The median of the account's devices of its model and firmware that are so now.
    Peers,
    /// The maker's figure.
    Nameplate,
}

impl Estimate {
    /// The change, W; `None` where either side is unknown.
    #[must_use]
    pub fn delta_w(&self) -> Option<i64> {
        Some(i64::from(self.after_w?) - i64::from(self.before_w?))
    }
}

/// What is known of a device when a request for it is made.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Its draw.
    pub watts: Estimate,
    /// What it is set to now, of the thing that would be changed.
    pub setting: Option<Setting>,
}

/// What targets were set to when the request was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Was {
    /// What; none if each was already as is asked of it.
    pub setting: Option<Setting>,
    /// Whose: places in the request's target list, in order.
    pub items: Vec<u32>,
}

/// Targets that a request took from another when it was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Took {
    /// From which.
    pub from: RequestId,
    /// Which.
    pub devices: Vec<DeviceId>,
}

/// One thing that happened to a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Number of the event in the log.
    pub seq: u64,
    /// When.
    pub at: Timestamp,
    /// Who caused it.
    pub by: Principal,
    /// What.
    pub what: StepKind,
}

/// What can happen to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum StepKind {
    /// It was made.
    Submitted,
    /// It took targets from an earlier one.
    Took {
        /// From which.
        from: RequestId,
        /// How many.
        targets: u32,
    },
    /// A later one took targets from it.
    Lost {
        /// Which.
        to: RequestId,
        /// How many.
        targets: u32,
    },
    /// Somebody voted.
    Voted {
        /// How.
        decision: Decision,
    },
    /// Whom it offers something accepted that.
    Accepted,
    /// Somebody took their approval back.
    Withdrew,
    /// Somebody said something.
    Commented,
    /// Enough approvals.
    Approved,
    /// Not enough any more.
    Returned,
    /// It is being carried out.
    Began,
    /// It is over.
    Ended {
        /// How.
        state: RequestState,
    },
}

/// Why a device that was asked for was not given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "why", rename_all = "snake_case")]
pub enum Refusal {
    /// A request that is being carried out holds it.
    DeviceBusy {
        /// Which.
        by: RequestId,
    },
    /// A waiting request that needs more approvals holds it.
    DeviceHeldByHigherAssurance {
        /// Which.
        by: RequestId,
    },
    /// The device cannot do this.
    Unsupported,
    /// A pool user has a name in braces that stands for nothing on this device, or for nothing that the initiator sees.
    NoValue {
        /// Which name.
        name: TemplateField,
    },
    /// The user made for this device is nothing that pools and miners take.
    UnfitUser,
    /// Nobody gives it orders: its agent only watches, or was revoked.
    NotControlled {
        /// Which agent.
        agent: AgentId,
    },
    /// The site's own policy does not let its agent do this.
    ForbiddenOnSite {
        /// Which agent.
        agent: AgentId,
    },
}

/// Where one target stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "is", rename_all = "snake_case")]
pub enum ItemState {
    /// In force, not yet being carried out.
    Waiting,
    /// Taken by a later request.
    Dropped {
        /// Which.
        by: RequestId,
    },
    /// Handed to an agent, or about to be.
    Open {
        /// Which agent.
        agent: AgentId,
    },
    /// Over.
    Ended {
        /// How.
        result: TargetResult,
        /// When.
        at: Timestamp,
        /// What the device draws since; none while that settles, and where the operation changes no power.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        power: Option<PowerAfter>,
    },
}

/// One operation that waits for approvals, runs, or has ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Request {
    /// Its identity.
    pub id: RequestId,
    /// Its number in the account, shown as `R-12`.
    pub number: u32,
    /// What was asked.
    pub payload: Arc<Payload>,
    /// Hash of that.
    pub content_hash: ContentHash,
    /// Approvals needed when it was submitted; later changes can only add.
    pub required: u32,
    /// Of these, by somebody other than the initiator.
    pub required_other: u32,
    /// Who may vote, and by which grant: approvers when it was submitted. Sorted.
    pub eligible: Arc<[(UserId, GrantId)]>,
    /// One for each target.
    pub estimates: Arc<[Estimate]>,
    /// Devices asked for and not given.
    pub refused: Arc<[(DeviceId, Refusal)]>,
    /// What its targets were set to when it was made; who is missing had not said.
    pub was: Arc<[Was]>,
    /// What was shown of a change of the account when it was asked for, besides what its payload says.
    pub shown: Arc<Shown>,
    /// What it took from earlier requests.
    pub took: Vec<Took>,
    /// What happened to it, in order. The ends of single targets are with the items.
    pub steps: Vec<Step>,
    /// The initiator's words.
    pub reason: Option<String>,
    /// Where it stands.
    pub state: RequestState,
    /// Why it ended so, as a code (`quorum_lost`, `stale_base`) or an approver's words.
    pub state_reason: Option<String>,
    /// The request whose next revision it is.
    pub supersedes: Option<RequestId>,
    /// The request that took its place.
    pub superseded_by: Option<RequestId>,
    /// When whom it offers something accepted that.
    pub accepted_at: Option<Timestamp>,
    /// In the order they were cast.
    pub votes: Vec<Vote>,
    /// In the order they were made.
    pub comments: Vec<Comment>,
    /// One for each target.
    pub items: Items,
    /// How many items are in force and not over.
    pub open_items: u32,
    /// Submitted.
    pub created_at: Timestamp,
    /// Enough approvals since.
    pub approved_at: Option<Timestamp>,
    /// Not to begin before.
    pub not_before: Option<Timestamp>,
    /// Not to begin at or after.
    pub execute_deadline: Option<Timestamp>,
    /// Over since.
    pub ended_at: Option<Timestamp>,
}

impl Request {
    /// What a submission at `at` makes; `None` for any other event.
    #[must_use]
    pub(crate) fn of(event: &Event, at: Timestamp) -> Option<Self> {
        let Event::RequestSubmitted {
            request,
            number,
            payload,
            content_hash,
            required,
            required_other,
            eligible,
            estimates,
            refused,
            was,
            shown,
            reason,
            supersedes,
            ..
        } = event
        else {
            return None;
        };
        let targets = payload.targets.len();
        let mut eligible: Arc<[_]> = eligible.as_slice().into();
        Arc::make_mut(&mut eligible).sort_unstable();
        Some(Self {
            id: *request,
            number: *number,
            payload: Arc::clone(payload),
            content_hash: *content_hash,
            required: *required,
            required_other: *required_other,
            eligible,
            estimates: estimates.as_slice().into(),
            refused: refused.as_slice().into(),
            was: was.as_slice().into(),
            shown: Arc::new(Shown::clone(shown)),
            took: Vec::new(),
            steps: Vec::new(),
            reason: reason.clone(),
            state: RequestState::Pending,
            state_reason: None,
            supersedes: *supersedes,
            superseded_by: None,
            accepted_at: None,
            votes: Vec::new(),
            comments: Vec::new(),
            items: std::iter::repeat_n(ItemState::Waiting, targets).collect(),
            open_items: u32::try_from(targets).unwrap_or(u32::MAX),
            created_at: at,
            approved_at: None,
            not_before: None,
            execute_deadline: None,
            ended_at: None,
        })
    }

    /// Targets still in force, with their place in the list.
    pub fn effective(&self) -> impl Iterator<Item = (u32, Target)> + '_ {
        (0_u32..)
            .zip(self.payload.targets.iter().zip(&self.items))
            .filter(|(_, (_, item))| !matches!(item, ItemState::Dropped { .. }))
            .map(|(place, (target, _))| (place, *target))
    }

    /// What the target at this place was set to when it was asked for, of what the operation sets; none if it had not said, or
    /// that was not kept.
    #[must_use]
    pub fn was_set_to(&self, item: u32) -> Option<Cow<'_, Setting>> {
        let was = self.was.iter().find(|was| was.items.binary_search(&item).is_ok())?;
        match &was.setting {
            Some(setting) => Some(Cow::Borrowed(setting)),
            None => self.payload.operation_for(item)?.wanted().map(Cow::Owned),
        }
    }

    /// Live votes.
    pub fn live_votes(&self) -> impl Iterator<Item = &Vote> {
        self.votes.iter().filter(|vote| vote.withdrawn_at.is_none())
    }

    /// The grants by which `user` was an approver when it was made; none: they were not.
    pub(crate) fn approver_grants(&self, user: UserId) -> &[(UserId, GrantId)] {
        let from = self.eligible.partition_point(|(approver, _)| *approver < user);
        let to = self.eligible.partition_point(|(approver, _)| *approver <= user);
        &self.eligible[from..to]
    }

    /// Everybody who was an approver when it was made, in the order of their numbers.
    pub(crate) fn approvers(&self) -> impl Iterator<Item = UserId> + '_ {
        self.eligible.chunk_by(|(one, _), (other, _)| one == other).map(|grants| grants[0].0)
    }

    /// The live vote of `user`.
    #[must_use]
    pub fn vote_of(&self, user: UserId) -> Option<&Vote> {
        self.live_votes().find(|vote| vote.voter == user)
    }

    /// Since when the draw of this target's device is to be measured: its order has ended well, changes what it draws, and how
    /// much it draws since then has not been told.
    #[must_use]
    pub fn settles_since(&self, item: u32) -> Option<Timestamp> {
        let Action::Device(operation) = &self.payload.action else { return None };
        match self.items.get(item as usize) {
            Some(ItemState::Ended { result, at, power: None })
                if operation.changes_power() && result.ending.is_success() =>
            {
                Some(*at)
            }
            _ => None,
        }
    }

    /// Ended items: how many, and how many of them well.
    #[must_use]
    pub fn progress(&self) -> (u32, u32) {
        self.items.iter().fold((0, 0), |(done, ok), item| match item {
            ItemState::Ended { result, .. } => (done + 1, ok + u32::from(result.ending.is_success())),
            _ => (done, ok),
        })
    }
}
