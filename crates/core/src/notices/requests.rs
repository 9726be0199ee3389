//! What the events of a request tell, and whom.

use super::{Class, Kind, Notice, Teller, Topic, administrators, is_alarm, is_watched, sees, view};
use crate::{
    authz::Principal,
    event::Event,
    ids::UserId,
    requests::{Request, RequestState, Scenario, offered_to},
};
use std::collections::BTreeSet;

/// Of a request's event; nothing of any other.
pub(super) fn of(teller: &Teller<'_>) -> Vec<Notice> {
    let Some(request) = teller.entry.event.request().and_then(|id| teller.state.request(id)) else {
        return Vec::new();
    };
    let (kind, wants_votes) = match &teller.entry.event {
        Event::RequestSubmitted { .. } => (Kind::Submitted, true),
        Event::RequestReturned { .. } => (Kind::Returned, true),
        Event::RequestApproved { .. } => (Kind::Approved, false),
        Event::RequestExecuting { .. } => (Kind::Began, false),
        Event::TargetsDropped { .. } => (Kind::TargetsTaken, false),
        Event::RequestCommented { .. } => return commented(teller, request),
        Event::RequestEnded { state, .. } => match end(*state) {
            Some(kind) => (kind, false),
            None => return Vec::new(),
        },
        _ => return Vec::new(),
    };
    let mut told = Told { teller, request, people: BTreeSet::new(), notices: Vec::new() };
    if let Some(user) = offered_to(&request.payload.action).filter(|_| kind == Kind::Submitted) {
        told.tell(user, Kind::OwnershipOffered, Class::NeedsMe);
    }
    if is_alarm(&teller.entry.event) {
        let all = administrators(teller.state, request.payload.account, teller.entry.at);
        all.into_iter().for_each(|user| told.tell(user, Kind::Altered, Class::Told));
    }
    if wants_votes {
        told.ask_for_votes();
    }
    if let Some(initiator) = teller.state.person_behind(request.payload.initiator)
        && !went_by_itself(teller, request, kind)
    {
        told.tell(initiator, kind, Class::Mine);
    }
    let waits = request.not_before.is_some_and(|begin| begin > teller.entry.at);
    if kind == Kind::Submitted || kind.is_end() || kind == Kind::Approved && waits {
        told.tell_approvers(kind);
    }
    let mut notices = told.notices;
    notices.extend(not_given_back(teller, request));
    notices
}

/// Of what a program may do alone its person hears only what went wrong or was taken: programs ask often.
fn went_by_itself(teller: &Teller<'_>, request: &Request, kind: Kind) -> bool {
    let goes_well = matches!(kind, Kind::Submitted | Kind::Approved | Kind::Began | Kind::Executed);
    let is_program = matches!(request.payload.initiator, Principal::ApiKey(_));
    is_program && goes_well && teller.state.tally(request, teller.entry.at).alone
}

/// Whoever has a part in the request. What it wants of them is not put aside by what is said about it.
fn commented(teller: &Teller<'_>, request: &Request) -> Vec<Notice> {
    let mut told = Told { teller, request, people: BTreeSet::new(), notices: Vec::new() };
    let initiator = teller.state.person_behind(request.payload.initiator);
    let voters = request.votes.iter().map(|vote| vote.voter);
    let speakers = request.comments.iter().map(|comment| comment.by);
    for user in initiator.into_iter().chain(voters).chain(speakers) {
        let wanted = view::wants(teller.state, request, user, teller.entry.at);
        told.tell(user, Kind::Commented, if wanted { Class::NeedsMe } else { Class::Mine });
    }
    told.notices
}

/// Who lost devices to a request that ended without using them hears that they do not come back.
fn not_given_back(teller: &Teller<'_>, request: &Request) -> Vec<Notice> {
    use RequestState::{Cancelled, Expired, Invalidated, Rejected};
    if !matches!(request.state, Rejected | Cancelled | Expired | Invalidated) {
        return Vec::new();
    }
    let lost = request.took.iter().filter_map(|took| teller.state.request(took.from));
    lost.filter_map(|lost| {
        let user = teller.state.person_behind(lost.payload.initiator)?;
        let (kind, at) = (Kind::NotGivenBack, teller.entry.at);
        sees(teller.state, user, lost, at).then(|| notice(lost, user, kind, Class::Mine, at))
    })
    .collect()
}

const fn end(state: RequestState) -> Option<Kind> {
    Some(match state {
        RequestState::Executed => Kind::Executed,
        RequestState::PartiallyExecuted => Kind::PartiallyExecuted,
        RequestState::Failed => Kind::Failed,
        RequestState::Rejected => Kind::Rejected,
        RequestState::Cancelled => Kind::Cancelled,
        RequestState::Expired => Kind::Expired,
        RequestState::Superseded => Kind::Superseded,
        RequestState::Invalidated => Kind::Invalidated,
        RequestState::Pending | RequestState::Approved | RequestState::Executing => return None,
    })
}

/// Each person is told once, for the first reason there is.
struct Told<'a> {
    teller: &'a Teller<'a>,
    request: &'a Request,
    people: BTreeSet<UserId>,
    notices: Vec<Notice>,
}

impl Told<'_> {
    fn tell(&mut self, user: UserId, kind: Kind, class: Class) {
        let (state, at) = (self.teller.state, self.teller.entry.at);
        if !self.people.contains(&user) && sees(state, user, self.request, at) {
            self.people.insert(user);
            self.notices.push(notice(self.request, user, kind, class, at));
        }
    }

    /// Everybody who may still vote, unless there are enough approvals already.
    fn ask_for_votes(&mut self) {
        let tally = self.teller.state.tally(self.request, self.teller.entry.at);
        if !tally.is_met() {
            tally.undecided.into_iter().for_each(|user| self.tell(user, Kind::VoteWanted, Class::NeedsMe));
        }
    }

    /// Of what concerns people, rules and money, everybody who approves such things.
    fn tell_approvers(&mut self, kind: Kind) {
        if is_watched(self.request.payload.scenario) {
            let approvers = self.teller.state.approvers_of(self.request, self.teller.entry.at);
            approvers.into_iter().for_each(|user| self.tell(user, kind, Class::Told));
        }
    }
}

/// A notice of a request.
pub(super) fn notice(request: &Request, to: UserId, kind: Kind, class: Class, at: crate::time::Timestamp) -> Notice {
    let payload = &request.payload;
    let always =
        payload.scenario == Scenario::GovernanceRecover || matches!(kind, Kind::OwnershipOffered | Kind::Altered);
    Notice { to, account: payload.account, topic: Topic::Request(request.id), kind, class, always, at }
}
