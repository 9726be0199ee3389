//! How much one person or program may take of what all share: requests that wait, drafts, comments, rows about devices that were
//! refused. Each has their own share, so nobody's is used up by somebody else; and what makes things safer is never refused for it.
//!
//! Some shares are of what is there at a time, and free again once it is gone. Others are of what is written into the log, and come
//! back with time: so much at once, and all of it again within an hour.

use crate::{
    authz::Principal,
    event::{Entry, Event},
    ids::{AccountId, SiteId, UserId},
    rejection::Rejection,
    requests::{Action, Decision, Request, RequestState},
    state::State,
    time::{Millis, Timestamp},
};

/// A share that everybody has of their own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Quota {
    /// Requests of one person or program that wait to be approved or carried out.
    WaitingRequests,
    /// Devices in all drafts of a person, one for each change that names it.
    DraftDevices,
    /// Comments of a person on one request.
    CommentsOnRequest,
    /// Approvals that a person gives to one request, each after taking the one before back.
    Approvals,
    /// Comments of a person on anything.
    Comments,
    /// Devices that a person puts into drafts or takes out.
    DraftChanges,
    /// Devices that were asked for and not given, which are listed with the request.
    RefusedDevices,
}

/// In which a share that comes back with time has come back as a whole.
const WHOLE: Millis = Millis::hours(1);

impl Quota {
    /// How much it is.
    #[must_use]
    pub const fn most(self) -> u64 {
        match self {
            Self::WaitingRequests => 1_000,
            Self::DraftDevices => 500_000,
            Self::CommentsOnRequest => 50,
            Self::Approvals => 10,
            Self::Comments => 100,
            Self::DraftChanges => 2_000_000,
            Self::RefusedDevices => 500_000,
        }
    }

    /// What is full, and what to do.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::WaitingRequests => "requests of yours wait already: cancel some, or wait until they are decided",
            Self::DraftDevices => "devices are in your drafts already: submit or discard one",
            Self::CommentsOnRequest => {
                "comments on this request are yours already: put the rest into another one's reason"
            }
            Self::Approvals => "times you have approved this and taken it back: leave it to others, or reject it",
            Self::Comments => "comments an hour is what one person may write: wait a little",
            Self::DraftChanges => "devices an hour is what one person may put into drafts and take out: wait a little",
            Self::RefusedDevices => {
                "devices an hour is how many may be asked for in vain: leave out those that are busy or cannot do this, or wait"
            }
        }
    }

    /// Name by which its spending is remembered, for those that come back with time.
    const fn meter(self) -> Option<&'static str> {
        match self {
            Self::Comments => Some("comments"),
            Self::DraftChanges => Some("draft_changes"),
            Self::RefusedDevices => Some("refused_devices"),
            Self::WaitingRequests | Self::DraftDevices | Self::CommentsOnRequest | Self::Approvals => None,
        }
    }

    /// What so much of it takes to come back.
    const fn worth(self, units: usize) -> Millis {
        Millis((units as u64).saturating_mul(WHOLE.0).div_ceil(self.most()))
    }

    /// Is there room for so much more beside what is there?
    ///
    /// # Errors
    /// [`Rejection::QuotaReached`].
    pub(crate) const fn check(self, there: usize, more: usize) -> Result<(), Rejection> {
        if there.saturating_add(more) as u64 <= self.most() {
            Ok(())
        } else {
            Err(Rejection::QuotaReached { quota: self, retry_after_s: None })
        }
    }
}

/// Whether it makes things safer, and is therefore never refused for what somebody has used up.
pub(crate) const fn is_exempt(action: &Action) -> bool {
    match action {
        Action::Device(operation) => operation.is_safety(),
        Action::Control(_) => action.scenario().runs_while_frozen(),
    }
}

/// Under which name a meter is kept; `None` for the server itself, which has no share.
fn name(account: AccountId, who: Principal, meter: &str) -> Option<String> {
    match who {
        Principal::User(user) => Some(format!("{account}/{user}/{meter}")),
        Principal::ApiKey(key) => Some(format!("{account}/{key}/{meter}")),
        Principal::Operator | Principal::System => None,
    }
}

impl State {
    /// May they take so much more of a share that comes back with time?
    ///
    /// # Errors
    /// [`Rejection::QuotaReached`].
    pub(crate) fn check_meter(
        &self,
        (account, who): (AccountId, Principal),
        quota: Quota,
        units: usize,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let Some(name) = quota.meter().and_then(|meter| name(account, who, meter)) else { return Ok(()) };
        let until = self.spent.get(&name).copied().unwrap_or_default().max(now).after(quota.worth(units));
        let over = until.since(now.after(WHOLE));
        if over == Millis(0) {
            return Ok(());
        }
        Err(Rejection::QuotaReached { quota, retry_after_s: Some(over.0.div_ceil(1_000)) })
    }

    /// Takes what has been done from the shares that come back with time.
    pub(crate) fn meter(&mut self, entry: &Entry) {
        let of_request = |state: &Self, id| state.request(id).map(|request| request.payload.account);
        let of_site = |state: &Self, site: SiteId| state.sites.get(&site).map(|site| site.account);
        let taken = match &entry.event {
            Event::RequestSubmitted { payload, refused, .. } => {
                Some(((payload.account, payload.initiator), Quota::RefusedDevices, refused.len()))
            }
            Event::RequestCommented { request, by, .. } => {
                of_request(self, *request).map(|account| ((account, Principal::User(*by)), Quota::Comments, 1))
            }
            Event::DraftPut { user, site, targets, .. } => of_site(self, *site)
                .map(|account| ((account, Principal::User(*user)), Quota::DraftChanges, targets.len())),
            Event::DraftTaken { user, site, targets, .. } => of_site(self, *site)
                .map(|account| ((account, Principal::User(*user)), Quota::DraftChanges, targets.len() + 1)),
            _ => None,
        };
        if let Some((who, quota, units)) = taken {
            self.spend(who, quota, units, entry.at);
        }
    }

    /// They have taken so much.
    fn spend(&mut self, (account, who): (AccountId, Principal), quota: Quota, units: usize, at: Timestamp) {
        let name = quota.meter().and_then(|meter| name(account, who, meter)).filter(|_| units > 0);
        if let Some(name) = name {
            let until = self.spent.get(&name).copied().unwrap_or_default().max(at).after(quota.worth(units));
            self.spent.insert(name, until);
        }
    }

    /// How many of their requests wait to be approved or carried out.
    #[must_use]
    pub fn waiting_of(&self, account: AccountId, who: Principal) -> usize {
        self.waiting.get(&(account, who)).map_or(0, |count| *count as usize)
    }

    pub(crate) fn count_waiting(&mut self, key: (AccountId, Principal), more: bool) {
        let count = self.waiting.get(&key).copied().unwrap_or_default();
        let count = if more { count.saturating_add(1) } else { count.saturating_sub(1) };
        if count == 0 {
            self.waiting.remove(&key);
        } else {
            self.waiting.insert(key, count);
        }
    }

    /// Is there anything that this person may still say about the request?
    #[must_use]
    pub fn has_words_left(&self, request: &Request, user: UserId) -> bool {
        Quota::CommentsOnRequest.check(comments_of(request, user), 1).is_ok()
    }
}

impl Request {
    /// Whether it waits, to be approved or to be carried out.
    #[must_use]
    pub const fn waits(&self) -> bool {
        matches!(self.state, RequestState::Pending | RequestState::Approved)
    }
}

pub(crate) fn comments_of(request: &Request, user: UserId) -> usize {
    request.comments.iter().filter(|comment| comment.by == user).count()
}

pub(crate) fn approvals_of(request: &Request, user: UserId) -> usize {
    let own = request.votes.iter().filter(|vote| vote.voter == user && vote.decision == Decision::Approve);
    own.count()
}
