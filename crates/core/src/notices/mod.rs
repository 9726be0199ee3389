//! Who is told of what. Derived from the log and nothing else, so that whoever delivers notices can go on after a crash where
//! they stopped: [`of`] says what an event of the log tells whom, and [`moments`] what the passing of time does.
//!
//! Words: a *notice* tells one person that something happened to one *topic*; it holds no words of its own, so that whoever
//! shows it words it by what that person may see then. An *announcement* ([`mod@announce`]) tells programs outside.
//!
//! Nobody is told of what they did themselves, unless it waits for them in turn, nor of a request that they may not see.

pub mod announce;
mod moments;
mod requests;
mod view;

pub use announce::{TYPES, announced};
pub use moments::{Moment, Which, head_of_day, heads_of_day, moments};

use crate::{
    authz::{Actor, Permission, Principal, Role, RoleId},
    event::{Entry, Event},
    ids::{AccountId, CustomRoleId, GrantId, RequestId, UserId, WebhookId},
    requests::{Request, RequestState, Scenario},
    state::State,
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::{collections::BTreeSet, fmt, str::FromStr};

/// What a notice is about. What is told later of the same topic takes the place of what was told before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// A request.
    Request(RequestId),
    /// One of the person's own grants.
    Grant(GrantId),
    /// A role that they hold.
    Role(CustomRoleId),
    /// A webhook of the account.
    Webhook(WebhookId),
    /// The account as a whole.
    Account(AccountId),
}

impl fmt::Display for Topic {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Request(id) => id.fmt(f),
            Self::Grant(id) => id.fmt(f),
            Self::Role(id) => id.fmt(f),
            Self::Webhook(id) => id.fmt(f),
            Self::Account(id) => id.fmt(f),
        }
    }
}

impl FromStr for Topic {
    type Err = crate::ids::ParseIdError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let request = text.parse().map(Self::Request);
        request
            .or_else(|_| text.parse().map(Self::Grant))
            .or_else(|_| text.parse().map(Self::Role))
            .or_else(|_| text.parse().map(Self::Webhook))
            .or_else(|_| text.parse().map(Self::Account))
    }
}

/// Why somebody is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Class {
    /// They are to do something.
    NeedsMe,
    /// It is theirs: their request, their rights, what they have a part in.
    Mine,
    /// They answer for the account.
    Told,
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What happened.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Kind { $($(#[$doc])* $name,)* }

        impl Kind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name in the API, e.g. `vote_wanted`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

kinds! {
    /// A request waits for their vote.
    VoteWanted = "vote_wanted",
    /// It still does, and part of its time is over.
    VoteReminder = "vote_reminder",
    /// A recovery was used and has to be looked at.
    ReviewWanted = "review_wanted",
    /// The account is offered to them.
    OwnershipOffered = "ownership_offered",
    /// Somebody asks for something about people, rules or money.
    Submitted = "submitted",
    /// Enough approvals.
    Approved = "approved",
    /// Not enough any more.
    Returned = "returned",
    /// It is being carried out.
    Began = "began",
    /// A later request took devices from theirs.
    TargetsTaken = "targets_taken",
    /// The request that took them ended without using them; they do not come back.
    NotGivenBack = "not_given_back",
    /// Half of a recovery's waiting time is over.
    RecoveryHalfTime = "recovery_half_time",
    /// Every target did what was asked.
    Executed = "executed",
    /// Some did.
    PartiallyExecuted = "partially_executed",
    /// None did.
    Failed = "failed",
    /// An approver said no.
    Rejected = "rejected",
    /// Somebody said something about it.
    Commented = "commented",
    /// It was called off.
    Cancelled = "cancelled",
    /// Too late.
    Expired = "expired",
    /// Another request took its place.
    Superseded = "superseded",
    /// It can no longer be approved or carried out.
    Invalidated = "invalidated",
    /// It was altered after its approval, and not carried out.
    Altered = "altered",
    /// A recovery was looked at.
    Reviewed = "reviewed",
    /// They hold a role.
    GrantGiven = "grant_given",
    /// It ends at another time, or has other keys.
    GrantChanged = "grant_changed",
    /// They hold it no more.
    GrantEnded = "grant_ended",
    /// Their roles give nothing until further notice.
    Suspended = "suspended",
    /// They give again what they gave.
    Unsuspended = "unsuspended",
    /// A role that they hold has other permissions or another name.
    RoleChanged = "role_changed",
    /// The account has another owner.
    OwnershipTransferred = "ownership_transferred",
    /// The account is gone soon, unless that is undone.
    DeletionBegun = "deletion_begun",
    /// It stays.
    DeletionUndone = "deletion_undone",
    /// Too few approvers are left for something.
    GovernanceDegraded = "governance_degraded",
    /// There are enough again.
    GovernanceRestored = "governance_restored",
    /// A webhook failed for so long that nothing is sent there any more.
    WebhookDisabled = "webhook_disabled",
    /// How far the log is, for whoever keeps that elsewhere. By letter alone.
    HeadOfDay = "head_of_day",
}

impl Kind {
    /// The kind of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.name() == name)
    }

    /// Nothing more will happen to a request of which this is told.
    #[must_use]
    pub const fn is_end(self) -> bool {
        matches!(
            self,
            Self::Executed
                | Self::PartiallyExecuted
                | Self::Failed
                | Self::Rejected
                | Self::Cancelled
                | Self::Expired
                | Self::Superseded
                | Self::Invalidated
                | Self::Altered
        )
    }
}

/// One person is told one thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Notice {
    /// Who.
    pub to: UserId,
    /// Of which account.
    pub account: AccountId,
    /// About what.
    pub topic: Topic,
    /// What.
    pub kind: Kind,
    /// Why they.
    pub class: Class,
    /// It must reach them whatever they prefer: a recovery can be stopped only by those who know of it.
    pub always: bool,
    /// When it happened.
    pub at: Timestamp,
}

impl Notice {
    /// Would somebody who wants letters want one of this? Steps on the way are in the inbox only.
    #[must_use]
    pub const fn is_worth_a_letter(&self) -> bool {
        let step = matches!(
            self.kind,
            Kind::Submitted | Kind::Approved | Kind::Returned | Kind::Began | Kind::TargetsTaken | Kind::NotGivenBack
        );
        matches!(self.class, Class::NeedsMe) || !step
    }
}

/// Has the server found a request to be another than the one that was approved? Then somebody has had their hands in what it
/// keeps, and whoever runs it must know.
#[must_use]
pub fn is_alarm(event: &Event) -> bool {
    matches!(event, Event::RequestEnded { state: RequestState::Invalidated, reason: Some(reason), .. } if reason == "integrity")
}

/// What an event tells, and whom. `state` is the log folded up to and with this very event.
#[must_use]
pub fn of(state: &State, entry: &Entry) -> Vec<Notice> {
    let teller = Teller { state, entry };
    let mut notices = match &entry.event {
        Event::GrantAdded { grant, account, user, .. } => {
            teller.about_them(*account, *user, Topic::Grant(*grant), Kind::GrantGiven)
        }
        Event::GrantChanged { grant, account, .. } => state.grant(*grant).map_or_else(Vec::new, |held| {
            teller.about_them(*account, held.user, Topic::Grant(*grant), Kind::GrantChanged)
        }),
        Event::GrantRemoved { grant, account, user } => {
            teller.about_them(*account, *user, Topic::Grant(*grant), Kind::GrantEnded)
        }
        Event::UserSuspended { account, user } => {
            teller.about_them(*account, *user, Topic::Account(*account), Kind::Suspended)
        }
        Event::UserUnsuspended { account, user } => {
            teller.about_them(*account, *user, Topic::Account(*account), Kind::Unsuspended)
        }
        Event::OwnershipTransferred { account, from, to, .. } => {
            let told = [*from, *to].into_iter();
            let kind = Kind::OwnershipTransferred;
            told.flat_map(|user| teller.about_them(*account, user, Topic::Account(*account), kind)).collect()
        }
        Event::AccountDeletionBegun { account, .. } => teller.to_everybody(*account, Kind::DeletionBegun),
        Event::AccountDeletionUndone { account } => teller.to_everybody(*account, Kind::DeletionUndone),
        Event::RoleSet { role, account, .. } => teller.of_role(*account, *role),
        Event::GovernanceDegraded { account, .. } => teller.to_administrators(*account, Kind::GovernanceDegraded),
        Event::GovernanceRestored { account } => teller.to_administrators(*account, Kind::GovernanceRestored),
        Event::WebhookDisabled { webhook, account } => {
            let topic = Topic::Webhook(*webhook);
            let holders = teller.holders(*account, Permission::SettingsManage);
            holders.map(|user| teller.notice(*account, user, topic, Kind::WebhookDisabled, Class::Told)).collect()
        }
        Event::RecoveryUsed { account, request } => teller.review_wanted(*account, *request),
        Event::RecoveryReviewed { account, request, .. } => {
            let topic = Topic::Request(*request);
            let told = administrators(state, *account, entry.at).into_iter();
            told.map(|user| teller.notice(*account, user, topic, Kind::Reviewed, Class::Told)).collect()
        }
        _ => requests::of(&teller),
    };
    let first_owner = |notice: &Notice| {
        // Whoever founds an account need not be told that they own it.
        matches!(&entry.event, Event::GrantAdded { role: RoleId::BuiltIn(Role::Owner), .. })
            && entry.actor == Principal::Operator
            && state.account(notice.account).is_some_and(|account| account.requests == 0)
    };
    // Where each approval is given with a passkey, whoever asks has not approved by asking. Nor does whoever sets off an alarm
    // know of it.
    let is_news = |kind: Kind| matches!(kind, Kind::VoteWanted | Kind::Altered);
    let knows = |notice: &Notice| !is_news(notice.kind) && entry.actor == Principal::User(notice.to);
    notices.retain(|notice| !knows(notice) && !first_owner(notice));
    notices
}

/// An event and what the log adds up to with it.
struct Teller<'a> {
    state: &'a State,
    entry: &'a Entry,
}

impl Teller<'_> {
    const fn notice(&self, account: AccountId, to: UserId, topic: Topic, kind: Kind, class: Class) -> Notice {
        Notice { to, account, topic, kind, class, always: false, at: self.entry.at }
    }

    fn about_them(&self, account: AccountId, user: UserId, topic: Topic, kind: Kind) -> Vec<Notice> {
        vec![self.notice(account, user, topic, kind, Class::Mine)]
    }

    fn of_role(&self, account: AccountId, role: CustomRoleId) -> Vec<Notice> {
        let held = self.state.grants_of(account).filter(|grant| grant.role == RoleId::Custom(role));
        let holders: BTreeSet<_> = held.filter(|grant| grant.is_live(self.entry.at)).map(|grant| grant.user).collect();
        let topic = Topic::Role(role);
        holders.into_iter().flat_map(|user| self.about_them(account, user, topic, Kind::RoleChanged)).collect()
    }

    fn to_administrators(&self, account: AccountId, kind: Kind) -> Vec<Notice> {
        let all = administrators(self.state, account, self.entry.at).into_iter();
        all.map(|user| self.notice(account, user, Topic::Account(account), kind, Class::Told)).collect()
    }

    /// Of what ends the account for all of them.
    fn to_everybody(&self, account: AccountId, kind: Kind) -> Vec<Notice> {
        let tell = |user| {
            let notice = self.notice(account, user, Topic::Account(account), kind, Class::Told);
            Notice { always: true, ..notice }
        };
        self.state.people_of(account).map(tell).collect()
    }

    fn holders(&self, account: AccountId, permission: Permission) -> impl Iterator<Item = UserId> + '_ {
        let at = self.entry.at;
        self.state.people_of(account).filter(move |user| {
            let rights = self.state.rights_of_user(account, *user);
            rights.with(permission, at).any(|right| right.scope.is_all())
        })
    }

    fn review_wanted(&self, account: AccountId, request: RequestId) -> Vec<Notice> {
        let tell = |user| Notice {
            always: true,
            ..self.notice(account, user, Topic::Request(request), Kind::ReviewWanted, Class::NeedsMe)
        };
        reviewers(self.state, account, request, self.entry.at).into_iter().map(tell).collect()
    }
}

/// Somebody other than whoever started it looks at a recovery; if there is nobody else, they.
fn reviewers(state: &State, account: AccountId, recovery: RequestId, at: Timestamp) -> Vec<UserId> {
    let mut all = administrators(state, account, at);
    let initiator = state.request(recovery).map(|request| request.payload.initiator);
    if all.len() > 1 {
        all.retain(|user| initiator != Some(Principal::User(*user)));
    }
    all
}

/// Owner and Administrators of the whole account.
fn administrators(state: &State, account: AccountId, at: Timestamp) -> Vec<UserId> {
    let people = state.people_of(account).filter(|user| {
        let rights = state.rights_of_user(account, *user);
        let mut held = rights.live(at);
        held.any(|right| right.scope.is_all() && (right.role == Role::Owner || right.role == Role::Administrator))
    });
    people.collect()
}

/// Does this person see the request, or part of it?
#[must_use]
pub fn sees(state: &State, user: UserId, request: &Request, now: Timestamp) -> bool {
    let account = request.payload.account;
    let actor = Actor { account, principal: Principal::User(user), authenticated_at: now };
    state.sight(&actor, request, now).is_any()
}

/// Is it about people, rules or money, so that everybody who answers for those is told?
fn is_watched(scenario: Scenario) -> bool {
    !scenario.name().starts_with("fleet.")
}
