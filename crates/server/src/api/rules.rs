//! Which rule an action falls under, and what the caller may do.

use super::{
    Shared,
    caller::Asker,
    id,
    problem::{Answer, Params, Problem},
};
use crate::words::length;
use adit_core::{
    authz::{Actor, Permission, Place, Principal, Scope, Verdict},
    fleet::Device,
    ids::UserId,
    requests::{Approvers, Policy, Request, Rule, Scenario, StepUp, Tally},
    state::State,
    time::{Millis, Timestamp},
};
use axum::{Json, extract::State as Shares};
use serde::Deserialize;
use serde_json::{Value, json};

/// Who may vote, in words.
pub fn approvers(scenario: Scenario, approvers: Approvers) -> Vec<String> {
    match approvers.roles() {
        Some(roles) => roles.iter().map(|role| role.title().to_owned()).collect(),
        None => scenario.permissions().map(|permission| format!("holders of {}", permission.name())).collect(),
    }
}

/// How sure we must be of who votes, in the contract's word.
pub const fn step_up(step_up: StepUp) -> &'static str {
    match step_up {
        StepUp::None => "none",
        StepUp::Recent => "recent",
        StepUp::Passkey => "passkey",
    }
}

/// The contract's `Rule`, for something the actor would submit.
pub fn of_rule(rule: &Rule) -> Value {
    let counted = !rule.tally.approvals.is_empty();
    let timelock = rule.policy.timelock;
    view(rule.scenario, &rule.policy, timelock, &rule.tally, rule.runs_at_once(), counted.then_some("yours"), "you")
}

/// The contract's `Rule`, for something that was submitted.
pub fn of_request(state: &State, request: &Request, tally: &Tally) -> Value {
    let policy = state.policy_for(request.payload.account, &request.payload.action);
    let initiator = request.payload.initiator;
    let counts = policy.counts_by_submitting()
        && request.eligible.iter().any(|(approver, _)| initiator == Principal::User(*approver));
    let timelock = state.timelock_of(request);
    let alone = counts && tally.required <= 1 && tally.required_other == 0 && timelock == Millis(0);
    let counted = counts.then_some("the initiator's");
    view(request.payload.scenario, &policy, timelock, tally, alone, counted, "the initiator")
}

fn view(
    scenario: Scenario,
    policy: &Policy,
    timelock: Millis,
    tally: &Tally,
    at_once: bool,
    counted: Option<&str>,
    initiator: &str,
) -> Value {
    let names = approvers(scenario, policy.approvers);
    let counts = (tally.required, tally.required_other);
    let mut sentence = if at_once { "Runs at once".to_owned() } else { sentence(counts, &names, counted, initiator) };
    if policy.wants_passkeys() {
        sentence.push_str(", each with a passkey");
    }
    if timelock > Millis(0) {
        sentence.push_str(&format!(", and carried out {} later", length(timelock)));
    }
    json!({
        "scenario": scenario, "required": tally.required, "required_other": tally.required_other, "approvers": names,
        "initiator_counts": policy.initiator_counts, "runs_at_once": at_once, "step_up": step_up(policy.step_up),
        "timelock_s": timelock.0 / 1_000, "sentence": sentence,
    })
}

/// "2 approvals by Owner or Administrator, yours counts as one".
fn sentence((required, other): (u32, u32), names: &[String], counted: Option<&str>, initiator: &str) -> String {
    let who = match names {
        [] => "nobody".to_owned(),
        [one] => one.clone(),
        [first @ .., last] => format!("{} or {last}", first.join(", ")),
    };
    let approvals = if required == 1 { "1 approval".to_owned() } else { format!("{required} approvals") };
    let rest = match (other, counted) {
        (0, None) => String::new(),
        (0, Some(whose)) => format!(", {whose} counts as one"),
        _ if other >= required => format!(" other than {initiator}"),
        (_, None) => format!(", {other} of them by somebody other than {initiator}"),
        (_, Some(whose)) => format!(", {whose} counts as one, {other} by somebody else"),
    };
    format!("{approvals} by {who}{rest}")
}

/// On what: a site or a device.
#[derive(Deserialize)]
pub struct Mine {
    resource: Option<String>,
}

/// Where the site or the device of this id is, if the asker reaches it; nowhere in particular if none is named. An empty name is
/// a mistake of whoever asks, and not a question about everything.
fn place(state: &State, actor: &Actor, resource: Option<&str>, now: Timestamp) -> Answer<Option<Place>> {
    let Some(text) = resource else { return Ok(None) };
    if text.is_empty() {
        return Err(Problem::parameter("resource", "is empty: name a site or a device, or leave it out"));
    }
    let rights = state.rights_of(actor);
    let reached = |place: &Place| rights.allow(Permission::DeviceList, place, now);
    if text.starts_with("site-") {
        let site = state.site(id(text, "site")?).filter(|site| site.account == actor.account);
        let place = site.map(|site| Place::site(site.id)).filter(reached);
        return place.map(Some).ok_or_else(|| Problem::not_found("site"));
    }
    let device = state.device(id(text, "device")?).filter(|device| device.account == actor.account);
    let place = device.map(Device::place).filter(reached);
    place.map(Some).ok_or_else(|| Problem::not_found("device"))
}

/// `GET /me/permissions`
pub async fn mine(
    Shares(api): Shares<Shared>,
    Asker(actor): Asker,
    Params(asked): Params<Mine>,
) -> Answer<Json<Value>> {
    let (state, now) = (api.engine.state(), api.now());
    let rights = state.rights_of(&actor);
    let place = place(&state, &actor, asked.resource.as_deref(), now)?;
    let verdicts = Permission::all().map(|permission| {
        // Without a resource: is it held anywhere?
        let place = place.or_else(|| {
            let held = rights.with(permission, now);
            let widest = held.max_by_key(|right| right.scope.is_all())?;
            match &widest.scope {
                Scope::All => Some(Place::ACCOUNT),
                Scope::Nodes(nodes) => nodes.iter().find_map(|node| state.place_of(actor.account, *node)),
            }
        });
        let verdict = state.verdict(&actor, permission, &place.unwrap_or(Place::ACCOUNT), now);
        match verdict {
            Verdict::Allow { .. } => json!({ "permission": permission, "verdict": "allow", "reason": "You hold it" }),
            Verdict::NeedsRequest { scenario, .. } => json!({
                "permission": permission, "verdict": "needs_request", "scenario": scenario,
                "reason": "You may ask; it, or some of it, waits for others or for its time",
            }),
            Verdict::Deny => {
                let denied = state.denied(&actor, permission, place.as_ref(), now);
                json!({ "permission": permission, "verdict": "deny", "reason": denied.to_string(), "why_not": denied })
            }
        }
    });
    Ok(Json(verdicts.collect()))
}

/// Who, what, where.
#[derive(Deserialize)]
pub struct Explain {
    subject: String,
    action: String,
    resource: Option<String>,
}

/// `GET /explain`: about oneself always, about others with `user.view`.
pub async fn explain(
    Shares(api): Shares<Shared>,
    Asker(actor): Asker,
    Params(asked): Params<Explain>,
) -> Answer<Json<Value>> {
    const P: u8 = Permission::UserView as u8;
    let (state, now) = (api.engine.state(), api.now());
    let subject: UserId = id(&asked.subject, "person")?;
    if actor.user() != Some(subject) {
        state.permit::<P>(&actor, now).map_err(adit_core::rejection::Rejection::from)?;
        if !state.is_member(actor.account, subject) {
            return Err(Problem::not_found("person"));
        }
    }
    let permission =
        Permission::named(&asked.action).ok_or_else(|| Problem::parameter("action", "is the name of no permission"))?;
    let place = place(&state, &actor, asked.resource.as_deref(), now)?.unwrap_or(Place::ACCOUNT);
    let actor = Actor { principal: Principal::User(subject), ..actor };
    let who_can = adit_core::authz::Role::holding(permission);
    Ok(Json(match state.verdict(&actor, permission, &place, now) {
        Verdict::Allow { grant } => json!({ "decision": "allow", "via": grant, "who_can": who_can }),
        Verdict::NeedsRequest { grant, .. } => json!({ "decision": "needs_request", "via": grant, "who_can": who_can }),
        Verdict::Deny => json!({ "decision": "deny", "missing": permission, "who_can": who_can }),
    }))
}
