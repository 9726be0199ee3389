//! Requests as people see them.

mod changes;
mod refused;
mod summary;

pub(super) use summary::sentence;
pub use summary::{Summary, site_of};

use super::{Names, requests::visible, rules};
use adit_core::{
    authz::{Actor, Principal},
    counted::counted,
    event::device_of,
    fleet::{Ending, Operation, Pool, Setting},
    ids::{DeviceId, RequestId, UserId},
    requests::{Action, COMMENT_AFTER_END, Decision, ItemState, Request, RequestState, Step, StepKind, Target},
    state::State,
    time::Timestamp,
};
use adit_telemetry::LiveTable;
use serde::Serialize;
use serde_json::{Value, json};
use std::borrow::Cow;

/// Somebody or something, by id and name.
#[derive(Serialize)]
pub struct Named<'a> {
    id: String,
    name: Cow<'a, str>,
}

/// What a view depends on.
pub struct Viewer<'a> {
    pub state: &'a State,
    pub names: &'a Names,
    pub actor: &'a Actor,
    pub now: Timestamp,
}

impl Viewer<'_> {
    /// Another request, if it is within the reader's sight: an amended one may be about other devices.
    fn other(&self, id: RequestId) -> Option<&Request> {
        self.state.request(id).filter(|request| visible(self.state, request, self.actor, self.now))
    }

    fn person(&self, user: UserId) -> Named<'_> {
        Named { id: user.to_string(), name: self.names.of(user) }
    }

    /// The contract's `RequestSummary`; `None` if it does not exist for the reader.
    pub fn summary<'r>(&'r self, request: &'r Request) -> Option<Summary<'r>> {
        let tally = self.state.tally(request, self.now);
        Summary::of(self, request, &tally)
    }

    /// The contract's `Request`; `None` if it does not exist for the reader.
    pub fn full(&self, request: &Request, live: &LiveTable) -> Option<Value> {
        let tally = self.state.tally(request, self.now);
        let summary = Summary::of(self, request, &tally);
        let seen = self.state.as_seen(self.actor, request, self.now)?;
        let request = seen.as_ref();
        let payload = &request.payload;
        let votes: Vec<_> = request
            .votes
            .iter()
            .map(|vote| {
                json!({
                    "voter": self.person(vote.voter), "decision": vote.decision, "at": vote.at, "comment": vote.comment,
                    "counts": vote.withdrawn_at.is_none() && tally.approvals.contains(&vote.voter),
                    "withdrawn_at": vote.withdrawn_at, "initiator": payload.initiator == Principal::User(vote.voter),
                })
            })
            .collect();
        let comments: Vec<_> = request
            .comments
            .iter()
            .map(|comment| json!({ "by": self.person(comment.by), "at": comment.at, "words": comment.words }))
            .collect();
        let reviewed = self.state.account(payload.account).is_none_or(|account| !account.reviews.contains(&request.id));
        let who_can: Vec<_> = if request.state == RequestState::Pending {
            tally.undecided.iter().map(|user| self.person(*user)).collect()
        } else {
            Vec::new()
        };
        // Requests that exchange a device are seen by the same people.
        let number = |id: RequestId| self.state.request(id).map(|request| request.number);
        let dropped = payload.targets.iter().zip(&request.items).filter_map(|(target, item)| {
            let ItemState::Dropped { by } = item else { return None };
            Some(json!({ "device": target, "name": target, "by_request": by, "by_number": number(*by) }))
        });
        let took = request.took.iter().flat_map(|took| {
            let from = |device: &DeviceId| {
                json!({ "device": device, "name": device, "from_request": took.from, "from_number": number(took.from) })
            };
            took.devices.iter().map(from).collect::<Vec<_>>()
        });
        let mut view = json!(summary);
        let more = json!({
            "reason": request.reason, "content_hash": request.content_hash, "revision": payload.revision,
            "policy_version": payload.policy_version,
            "rule": rules::of_request(self.state, request, &tally),
            "changes": self.changes(request, Some(live)).into_rows(), "votes": votes, "comments": comments, "can_comment": self.can_comment(request),
            "awaits_review": !reviewed, "who_can": who_can, "timeline": self.timeline(request),
            "refused": self.refused(request), "dropped": dropped.collect::<Vec<_>>(), "took": took.collect::<Vec<_>>(), "measured": measured(request),
            "superseded_by": request.superseded_by.and_then(|by| self.other(by)).map(|by| json!({ "id": by.id, "number": by.number })),
        });
        if let (Some(view), Value::Object(more)) = (view.as_object_mut(), more) {
            view.extend(more);
        }
        Some(view)
    }

    fn can_comment(&self, request: &Request) -> bool {
        let open = request.ended_at.is_none_or(|end| self.now < end.after(COMMENT_AFTER_END));
        open && self.actor.user().is_some_and(|user| self.state.has_words_left(request, user))
    }

    /// What happened to it, by the log.
    fn timeline(&self, request: &Request) -> Vec<Value> {
        let number =
            |id: RequestId| self.state.request(id).map_or_else(|| id.to_string(), |r| format!("R-{}", r.number));
        let targets = |count: u32| counted(count as usize, "device");
        let entry = |step: &Step| {
            // What follows by itself is nobody's doing, even where somebody's vote set it off.
            let (what, own) = match step.what {
                StepKind::Submitted => ("Submitted".into(), true),
                StepKind::Took { from, targets: n } => (format!("Took {} from {}", targets(n), number(from)), false),
                StepKind::Lost { to, targets: n } => (format!("{} taken by {}", targets(n), number(to)), true),
                StepKind::Voted { decision: Decision::Approve } => ("Approved".into(), true),
                StepKind::Voted { decision: Decision::Reject } => ("Rejected".into(), true),
                StepKind::Accepted => ("Accepted the offer".into(), true),
                StepKind::Commented => ("Commented".into(), true),
                StepKind::Withdrew => ("Took the approval back".into(), true),
                StepKind::Approved => ("Enough approvals".into(), false),
                StepKind::Returned => ("An approval no longer counts: waits again".into(), false),
                StepKind::Began => ("Began".into(), false),
                StepKind::Ended { state } => {
                    (format!("Ended: {}", state_word(state)), state == RequestState::Cancelled)
                }
            };
            let by = match step.by {
                Principal::User(user) if own => Some(self.person(user)),
                _ => None,
            };
            json!({ "at": step.at, "what": what, "by": by, "seq": step.seq })
        };
        request.steps.iter().map(entry).collect()
    }
}

/// Whose key it is, if a program asked for it.
pub fn key_of<'n>(state: &State, request: &Request, names: &'n Names) -> Option<Named<'n>> {
    let Principal::ApiKey(_) = request.payload.initiator else { return None };
    let user = state.person_behind(request.payload.initiator)?;
    Some(Named { id: user.to_string(), name: names.of(user) })
}

/// Who asked for it.
pub fn initiator<'n>(state: &State, request: &Request, names: &'n Names) -> Named<'n> {
    match request.payload.initiator {
        Principal::User(user) => Named { id: user.to_string(), name: names.of(user) },
        Principal::ApiKey(key) => {
            let whose = key_of(state, request, names).map(|person| format!("A program of {}", person.name));
            Named { id: key.to_string(), name: whose.map_or("A program".into(), Cow::from) }
        }
        Principal::Operator => Named { id: "operator".into(), name: "Operator".into() },
        Principal::System => Named { id: "system".into(), name: "The server".into() },
    }
}

/// A request's state, as the console names it.
pub fn state_word(state: RequestState) -> String {
    match state {
        RequestState::Executed => "done".into(),
        RequestState::PartiallyExecuted => "partly done".into(),
        RequestState::Executing => "running".into(),
        RequestState::Superseded => "replaced".into(),
        RequestState::Invalidated => "no longer valid".into(),
        other => word(other),
    }
}

/// A state or kind in words.
pub fn word(value: impl Serialize) -> String {
    json!(value).as_str().unwrap_or_default().replace('_', " ")
}

/// What is asked for, by name, and on how many devices.
pub fn title(request: &Request, targets: usize) -> String {
    match &request.payload.action {
        Action::Device(operation) => {
            let on = if matches!(operation, Operation::Locate { .. }) { "," } else { " on" };
            format!("{}{on} {}", request.payload.action.title(), counted(targets, "device"))
        }
        action @ Action::Control(_) => request.shown.title.clone().unwrap_or_else(|| action.title()),
    }
}

/// What the devices draw since, against what was foreseen for the same devices; none where the operation changes no power or
/// nothing has begun.
fn measured(request: &Request) -> Option<Value> {
    let Action::Device(operation) = &request.payload.action else { return None };
    let begun = request.items.iter().any(|item| matches!(item, ItemState::Ended { .. } | ItemState::Open { .. }));
    if !operation.changes_power() || !begun {
        return None;
    }
    let (mut delta, mut estimated, mut devices, mut settling, mut unsettled) = (0_i64, 0_i64, 0_u32, 0_u32, 0_u32);
    for (index, (item, estimate)) in (0_u32..).zip(request.items.iter().zip(request.estimates.iter())) {
        settling += u32::from(request.settles_since(index).is_some());
        let ItemState::Ended { result, power: Some(after), .. } = item else { continue };
        unsettled += u32::from(!after.settled);
        let known = result.power_before_w.zip(after.watts).filter(|_| after.settled);
        if let (Some((before, after)), Some(foreseen)) = (known, estimate.delta_w()) {
            devices += 1;
            delta += i64::from(after) - i64::from(before);
            estimated += foreseen;
        }
    }
    let some = |watts: i64| (devices > 0).then_some(watts);
    Some(json!({
        "delta_w": some(delta), "estimated_w": some(estimated), "devices": devices, "settling": settling,
        "unsettled": unsettled,
    }))
}

/// Where each target gets users of its own: those of the one at this place, from and to.
fn users(request: &Request, place: u32) -> Option<Vec<Value>> {
    if request.payload.pinned.is_empty() {
        return None;
    }
    let Operation::SetPools { pools } = request.payload.operation_for(place)? else { return None };
    let was = request.was_set_to(place);
    let old = |slot: usize| match was.as_deref() {
        Some(Setting::Pools(pools)) => pools.get(slot).map(|pool| pool.user.to_string()),
        Some(Setting::Activity(_) | Setting::PowerMode(_) | Setting::Light(_)) | None => None,
    };
    let user = |(slot, pool): (usize, Pool)| json!({ "old": old(slot), "new": pool.user });
    Some(pools.into_iter().enumerate().map(user).collect())
}

/// Words for how far a target has come.
pub const ITEM_STATES: [&str; 12] = [
    "waiting",
    "cancelled",
    "dropped",
    "queued",
    "dispatched",
    "received",
    "verified",
    "acknowledged",
    "failed",
    "timed_out",
    "unknown",
    "skipped",
];

/// One target as the contract's `Item`; `stage` tells how far an open order has come.
pub fn item(state: &State, request: &Request, index: usize, stage: &str) -> Option<Value> {
    let (target, item) = (request.payload.targets.get(index)?, request.items.get(index)?);
    let place = u32::try_from(index).ok()?;
    let users = users(request, place);
    let mut view = json!({ "index": index, "users": users, "message": null, "at": null, "power_before_w": null, "power_after_w": null, "power_settled": null });
    let word = match item {
        ItemState::Waiting if request.state.is_terminal() => "cancelled",
        ItemState::Waiting => {
            let device = device_of(*target).and_then(|device| state.device(device));
            view["message"] = json!(device.and_then(|device| state.stale(&request.payload, place, device)));
            "waiting"
        }
        ItemState::Dropped { .. } => "dropped",
        ItemState::Open { .. } => stage,
        ItemState::Ended { result, at, power } => {
            view["message"] = json!(result.message);
            view["at"] = json!(at);
            let changes = matches!(&request.payload.action, Action::Device(operation) if operation.changes_power());
            view["power_before_w"] = json!(result.power_before_w.filter(|_| changes));
            view["power_after_w"] = json!(power.and_then(|power| power.watts));
            view["power_settled"] = json!(power.map(|power| power.settled));
            match result.ending {
                Ending::Verified => "verified",
                Ending::Acknowledged => "acknowledged",
                Ending::Failed => "failed",
                Ending::TimedOut => "timed_out",
                Ending::Unknown => "unknown",
                Ending::Skipped => "skipped",
            }
        }
    };
    view["state"] = json!(word);
    view["target"] = target_view(state, *target);
    Some(view)
}

/// The contract's `TargetRef`.
pub fn target_view(state: &State, target: Target) -> Value {
    let found = device_of(target).and_then(|device| state.device(device)).map(|device| &device.found);
    let name = match target {
        Target::Agent(agent) => state.agent(agent).map(|agent| agent.name.clone()),
        Target::Device(_) => None,
    };
    json!({ "id": target, "name": name.unwrap_or_else(|| target.to_string()), "model": found.map_or("", |f| &f.model), "ip": found.map_or_else(String::new, |f| f.ip.to_string()) })
}
