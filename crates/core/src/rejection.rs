//! Why a command was refused. Data with a stable code; the sentence says what to do.

use crate::{
    authz::{Denied, Permission},
    ids::{DeviceId, RequestId},
    quotas::Quota,
    requests::Scenario,
    time::Timestamp,
};

/// A refusal. Nothing has changed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the sentences say it")]
pub enum Rejection {
    #[error("there is no such {what}")]
    NotFound { what: &'static str },
    #[error("{0}")]
    Denied(Box<Denied>),
    #[error("another request about the same settings is still open: decide it first")]
    PendingExists { request: RequestId },
    #[error("this idempotency key was used for something else: take a new one")]
    DuplicateRequest { request: RequestId },
    #[error(
        "{} asks for {required} approvals ({required_other} of them by somebody else) and only {possible} people could give one: grant {add_role} to somebody first",
        scenario.name()
    )]
    Unsatisfiable { scenario: Scenario, required: u32, required_other: u32, possible: u32, add_role: &'static str },
    #[error("the request is {state} and can no longer be changed")]
    InvalidState { state: &'static str },
    #[error("the request has changed since you opened it: look at it again and decide on what it says now")]
    ContentChanged,
    #[error("the time to decide on this request is over; whoever asked for it may ask again")]
    Expired,
    #[error(
        "this enrolment token has ended: it was good for 24 hours. Have another one issued for the agent under Agents & scans"
    )]
    TokenEnded,
    #[error("show once more that it is you (within the last five minutes), then repeat this")]
    StepUpRequired,
    #[error("approving this takes a passkey, given for this one decision")]
    PasskeyRequired,
    #[error("you have no say in this: {0}")]
    NoSay(#[from] NoSay),
    #[error("say why, in 1 to 1000 characters")]
    ReasonRequired { field: &'static str },
    #[error("{field} must be between {min} and {max}")]
    OutOfRange { field: String, min: u64, max: u64 },
    #[error(
        "this would leave too few approvers for {}: {}",
        scenarios.iter().map(|s| s.name()).collect::<Vec<_>>().join(", "),
        instead.words()
    )]
    WouldLockOut { scenarios: Vec<Scenario>, instead: Instead },
    #[error(
        "this would ask for more people in {} than the {most} who decide on the rules, so that nobody could lower it again: make \
         more people Administrators first",
        scenario.name()
    )]
    CouldNotBeLowered { scenario: Scenario, most: u32 },
    #[error("too few approvers are left for {}: only a recovery, or another approver, opens it again", scenario.name())]
    GovernanceDegraded { scenario: Scenario },
    #[error("the account is frozen: unfreeze it first")]
    Frozen,
    #[error("the account is to be deleted, so nothing is asked for or carried out: undo that first")]
    DeletionPending { at: Timestamp },
    #[error("no target is left: {}", .0)]
    NoTargets(String),
    #[error("every one of these devices is held by a request that is being carried out or needs more approvals")]
    DeviceBusy { devices: Vec<DeviceId> },
    #[error("none of these devices can do that")]
    Unsupported,
    #[error(
        "no agent gives these devices such orders: it only watches, was revoked, or its site's policy forbids it. Give it full \
         control under Agents & scans, or have the policy beside it changed"
    )]
    NotControlled,
    #[error("other requests are being carried out on this site: wait until they have ended")]
    SiteBusy,
    #[error("the draft has changed since you looked at it: review it again")]
    DraftChanged,
    #[error("\"{title}\" was refused, so nothing of the draft was submitted: {why}")]
    ChangeRefused { change: u32, title: String, why: Box<Rejection> },
    #[error("{field}: {problem}")]
    Invalid { field: &'static str, problem: String },
    #[error("{}", by.words(*permission))]
    BeyondOwnRights { permission: Permission, by: Giving },
    #[error("it has changed since you looked at it: look again")]
    Changed,
    #[error("the account already has {what}")]
    AlreadyExists { what: String },
    #[error("this account has switched recovery by its owner off: somebody with a shell on the server can start one")]
    OwnerRecoveryOff,
    #[error("{what} still has {}: move them first", crate::counted::counted(*devices, "device"))]
    NotEmpty { what: &'static str, devices: usize },
    #[error("only the owner {what}")]
    OwnerOnly { what: &'static str },
    #[error(
        "this person has not shown yet that the e-mail is theirs: once they have confirmed it, they can be given a role here"
    )]
    UnverifiedPerson,
    #[error("the owner cannot be removed; only a transfer of ownership replaces them")]
    OwnerProtected,
    #[error("this comes to more than {} changes at once: do it in parts", crate::MAX_ENTRIES)]
    TooMuchAtOnce,
    #[error("{} {}", quota.most(), quota.words())]
    QuotaReached { quota: Quota, retry_after_s: Option<u64> },
}

/// By what somebody would be given more than its giver holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Giving {
    /// By a role, a key, a link or a rule that says so.
    Saying,
    /// By devices that go where somebody has a right.
    Moving,
}

impl Giving {
    fn words(self, permission: Permission) -> String {
        let (what, name) = (permission.words(), permission.name());
        let rule = "nobody gives what they do not hold themselves";
        match self {
            Self::Saying => format!(
                "this would let somebody {what} ({name}) where you may not: {rule}. Ask somebody who may, and who manages people"
            ),
            Self::Moving => format!(
                "by this move somebody with a role at the new place could {what} ({name}) on these devices, and you may not do that \
                 there: {rule}. Ask somebody who may to move them"
            ),
        }
    }
}

impl From<Box<Denied>> for Rejection {
    fn from(denied: Box<Denied>) -> Self {
        Self::Denied(denied)
    }
}

impl From<Denied> for Rejection {
    fn from(denied: Denied) -> Self {
        Self::Denied(Box::new(denied))
    }
}

/// What helps where somebody is needed as an approver.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Instead {
    /// A change of counts, beforehand.
    LowerFirst,
    /// The same, or together with it.
    LowerToo,
    /// A freeze, which is there at once.
    Freeze,
    /// To stay until others have made up for it.
    Stay,
    /// A second factor for those who approve.
    Enrol,
    /// To keep one's second factor.
    KeepFactor,
}

impl Instead {
    const fn words(self) -> &'static str {
        match self {
            Self::LowerFirst => "make somebody else an approver or lower those counts first",
            Self::LowerToo => "lower those counts first, or in the same request",
            Self::Freeze => {
                "freeze the account instead, which one person does at once and after which nothing new begins; or make somebody \
                 else an approver or lower those counts first"
            }
            Self::Enrol => {
                "let enough of those who approve turn on a second factor first (Security, in their own menu)"
            }
            Self::KeepFactor => {
                "an account that you approve for asks for a second factor: add another one first, or ask that somebody else be made an approver"
            }
            Self::Stay => "ask that somebody else be made an approver or those counts be lowered, then leave",
        }
    }
}

/// Why somebody has no say in a request, or none any more: words for people, here and nowhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[allow(missing_docs, reason = "the sentences say it")]
pub enum NoSay {
    #[error("it is no longer waiting for approvals")]
    Over,
    #[error("it has its approvals")]
    Approved,
    #[error("you have voted")]
    Voted,
    #[error("you submitted it, which counts as your approval")]
    Counted,
    #[error("you submitted it, and somebody else must decide")]
    Submitted,
    #[error("a program with a key of yours submitted it, and somebody else must decide")]
    ByProgram,
    #[error("you are suspended: ask that the suspension be ended first")]
    Suspended,
    #[error("your role has changed since it was submitted")]
    RoleChanged,
    #[error("you were not an approver when it was submitted")]
    NotThen,
    #[error(
        "your e-mail is not confirmed: ask for the letter under Security, or have whoever runs this server confirm it with adit people verify"
    )]
    Unverified,
    #[error("you have not opened the account yet")]
    NotOpened,
    #[error("this account asks those who approve for a second factor: turn one on under Security")]
    NoSecondFactor,
    #[error("you are no longer known here")]
    Gone,
    #[error("programs and links never vote")]
    Program,
    #[error("it gives you something, so others decide")]
    Gives,
    #[error("it takes something from you, so you may agree to it and not reject it")]
    Takes,
    #[error("only whom it is offered to answers")]
    NotOffered,
    #[error("only its initiator may change what it asks for")]
    NotYours,
    #[error("only its initiator may call it off before it is approved")]
    NotYetApproved,
    #[error("an Administrator of the whole account reviews it")]
    NotTheReviewer,
    #[error("you started it, so somebody else reviews it")]
    Started,
}

impl NoSay {
    const fn code(self) -> &'static str {
        match self {
            Self::Gives | Self::Takes | Self::Started => "conflict_of_interest",
            Self::Unverified => "email_unverified",
            Self::NoSecondFactor => "second_factor_required",
            _ => "not_an_approver",
        }
    }
}

impl Rejection {
    /// Stable code, part of the problem's type in the API.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NotFound { .. } => "not_found",
            Self::Denied(denied) if denied.key.is_some() => "key_scope",
            Self::Denied(_) => "permission_denied",
            Self::PendingExists { .. } => "pending_exists",
            Self::DuplicateRequest { .. } => "duplicate_request",
            Self::Unsatisfiable { .. } => "unsatisfiable",
            Self::InvalidState { .. } => "invalid_state",
            Self::ContentChanged => "content_changed",
            Self::Expired => "expired",
            Self::TokenEnded => "enrolment_token_ended",
            Self::StepUpRequired => "step_up_required",
            Self::PasskeyRequired => "passkey_required",
            Self::NoSay(why) => why.code(),
            Self::ReasonRequired { .. } => "reason_required",
            Self::OutOfRange { .. } => "out_of_range",
            Self::WouldLockOut { .. } | Self::CouldNotBeLowered { .. } => "would_lock_out",
            Self::GovernanceDegraded { .. } => "governance_degraded",
            Self::Frozen => "frozen",
            Self::DeletionPending { .. } => "deletion_pending",
            Self::NoTargets(_) => "no_targets",
            Self::DeviceBusy { .. } => "device_busy",
            Self::Unsupported => "unsupported",
            Self::NotControlled => "not_controlled",
            Self::SiteBusy => "site_busy",
            Self::DraftChanged => "draft_changed",
            Self::ChangeRefused { why, .. } => why.code(),
            Self::Invalid { .. } => "invalid",
            Self::BeyondOwnRights { .. } => "beyond_own_rights",
            Self::Changed => "precondition_failed",
            Self::AlreadyExists { .. } => "already_exists",
            Self::OwnerRecoveryOff => "owner_recovery_off",
            Self::NotEmpty { .. } => "not_empty",
            Self::OwnerOnly { .. } => "owner_only",
            Self::OwnerProtected => "owner_protected",
            Self::UnverifiedPerson => "person_unverified",
            Self::TooMuchAtOnce => "too_much_at_once",
            Self::QuotaReached { .. } => "quota_reached",
        }
    }

    /// HTTP status that says the same.
    #[must_use]
    pub fn status(&self) -> u16 {
        match self {
            Self::ChangeRefused { why, .. } => why.status(),
            Self::NotFound { .. } => 404,
            Self::StepUpRequired | Self::PasskeyRequired => 401,
            Self::Denied(_)
            | Self::NoSay(_)
            | Self::OwnerProtected
            | Self::OwnerRecoveryOff
            | Self::OwnerOnly { .. }
            | Self::BeyondOwnRights { .. } => 403,
            Self::Expired | Self::TokenEnded => 410,
            Self::Changed => 412,
            Self::QuotaReached { .. } => 429,
            Self::ReasonRequired { .. }
            | Self::OutOfRange { .. }
            | Self::NoTargets(_)
            | Self::Unsupported
            | Self::NotControlled
            | Self::Invalid { .. } => 422,
            _ => 409,
        }
    }
}
