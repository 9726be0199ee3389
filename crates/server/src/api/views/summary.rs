//! A request in a list. Written straight to JSON, for lists are long and asked for often.

use super::{Named, Viewer, initiator, key_of, title};
use crate::api::estimate::Effect;
use adit_core::{
    event::device_of,
    ids::{RequestId, SiteId},
    rejection::NoSay,
    requests::{Action, Control, Decision, Request, RequestState, Scenario, Tally, offered_to},
    state::State,
    time::Timestamp,
};
use serde::{Serialize, Serializer};
use std::borrow::Cow;

/// The contract's `RequestSummary`: the request as its reader sees it, and where it stands.
pub struct Summary<'a> {
    viewer: &'a Viewer<'a>,
    seen: Cow<'a, Request>,
    approvals: Approvals,
    /// May the reader reject it?
    can_reject: bool,
    /// May the reader call it off?
    can_cancel: bool,
    /// Why the reader may not vote; they may if there is no reason.
    why_not: Option<NoSay>,
}

#[derive(Clone, Copy, Serialize)]
struct Approvals {
    have: usize,
    need: u32,
    need_other: u32,
    have_other: u32,
}

#[derive(Serialize)]
struct Progress {
    done: u32,
    ok: u32,
    failed: u32,
    total: usize,
}

#[derive(Serialize)]
struct Acceptance<'a> {
    by: Named<'a>,
    accepted_at: Option<Timestamp>,
}

#[derive(Serialize)]
struct Mine {
    can_vote: bool,
    can_reject: bool,
    can_cancel: bool,
    can_answer: bool,
    voted: Option<Decision>,
    why_not: Option<String>,
}

#[derive(Serialize)]
struct Fields<'a> {
    id: RequestId,
    number: u32,
    state: RequestState,
    state_reason: Option<&'a str>,
    title: String,
    /// What it changes, on one line.
    changes_line: String,
    action: &'a Action,
    scenario: Scenario,
    site: Option<SiteId>,
    initiator: Named<'a>,
    key_of: Option<Named<'a>>,
    created_at: Timestamp,
    ended_at: Option<Timestamp>,
    approve_deadline: Timestamp,
    not_before: Option<Timestamp>,
    execute_deadline: Option<Timestamp>,
    waits_while: &'static [&'static str],
    targets: usize,
    approved_targets: usize,
    approvals: Approvals,
    effect: Effect,
    progress: Option<Progress>,
    acceptance: Option<Acceptance<'a>>,
    my: Mine,
}

impl<'a> Summary<'a> {
    /// `None` if it does not exist for the reader.
    pub(super) fn of(viewer: &'a Viewer<'a>, request: &'a Request, tally: &Tally) -> Option<Self> {
        let seen = viewer.state.as_seen(viewer.actor, request, viewer.now)?;
        Some(Self {
            viewer,
            why_not: viewer.state.why_no_vote(request, tally, viewer.actor.user()),
            approvals: Approvals {
                have: tally.approvals.len(),
                need: tally.required,
                need_other: tally.required_other,
                have_other: tally.by_others,
            },
            can_reject: viewer.state.may_reject(request, tally, viewer.actor.user()),
            can_cancel: viewer.state.may_cancel(request, tally, viewer.actor.principal),
            seen,
        })
    }

    fn my(&self) -> Mine {
        let (request, me) = (&*self.seen, self.viewer.actor.user());
        let is_open = matches!(request.state, RequestState::Pending | RequestState::Approved);
        let offered = offered_to(&request.payload.action);
        let voted = me.and_then(|me| request.vote_of(me)).map(|vote| vote.decision);
        Mine {
            can_vote: self.why_not.is_none(),
            can_reject: self.can_reject,
            can_cancel: self.can_cancel,
            can_answer: is_open && offered.is_some() && offered == me,
            voted,
            why_not: self.why_not.map(|why| sentence(&why.to_string())),
        }
    }

    fn fields(&self) -> Fields<'_> {
        let (request, viewer) = (&*self.seen, self.viewer);
        let payload = &request.payload;
        let targets = request.effective().count();
        let acceptance = offered_to(&payload.action)
            .map(|user| Acceptance { by: viewer.person(user), accepted_at: request.accepted_at });
        Fields {
            id: request.id,
            number: request.number,
            state: request.state,
            state_reason: request.state_reason.as_deref(),
            title: title(request, targets),
            changes_line: viewer.changes(request, None).line(),
            action: &payload.action,
            scenario: payload.scenario,
            site: site_of(viewer.state, request),
            initiator: initiator(viewer.state, request, viewer.names),
            key_of: key_of(viewer.state, request, viewer.names),
            created_at: request.created_at,
            ended_at: request.ended_at,
            approve_deadline: payload.not_after,
            not_before: request.not_before,
            execute_deadline: request.execute_deadline,
            waits_while: waits_while(payload.scenario),
            targets,
            approved_targets: payload.targets.len(),
            approvals: self.approvals,
            effect: Effect::of_request(request),
            progress: progress(request, targets),
            acceptance,
            my: self.my(),
        }
    }
}

impl Serialize for Summary<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.fields().serialize(serializer)
    }
}

/// How far it has come, once it has begun.
fn progress(request: &Request, total: usize) -> Option<Progress> {
    let begun = matches!(
        request.state,
        RequestState::Executing | RequestState::Executed | RequestState::PartiallyExecuted | RequestState::Failed
    );
    let (done, ok) = request.progress();
    begun.then(|| Progress { done, ok, failed: done - ok, total })
}

/// What may be so of the account that it waits for the end of, as the overview calls it.
const fn waits_while(scenario: Scenario) -> &'static [&'static str] {
    match (scenario.runs_while_frozen(), scenario.runs_while_closing()) {
        (true, true) => &[],
        (true, false) => &["deletion"],
        (false, true) => &["frozen"],
        (false, false) => &["frozen", "deletion"],
    }
}

/// With a capital at its beginning.
pub(in crate::api) fn sentence(words: &str) -> String {
    let mut letters = words.chars();
    letters.next().into_iter().flat_map(char::to_uppercase).chain(letters).collect()
}

/// The one site it is about.
pub fn site_of(state: &State, request: &Request) -> Option<SiteId> {
    match &request.payload.action {
        Action::Control(
            Control::RestartWorkers { site }
            | Control::CreateAgent { site, .. }
            | Control::ChangeSite { site, .. }
            | Control::RemoveSite { site, .. },
        ) => Some(*site),
        _ => {
            let mut sites =
                request.payload.targets.iter().filter_map(|target| state.device(device_of(*target)?).map(|d| d.site));
            let first = sites.next()?;
            sites.all(|site| site == first).then_some(first)
        }
    }
}
