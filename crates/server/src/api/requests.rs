//! Requests: asking, looking, deciding.

mod list;

use super::{
    Shared,
    caller::{Allowed, Party, PartyWith, Permitted},
    estimate::estimates,
    etag::{self, IfMatch},
    id, passkeys, preview,
    problem::{Answer, Body, Params, Problem, limit},
    session::From,
    views::{self, Viewer},
};
use crate::{Stage, agents::Call};
use adit_core::{
    authz::{Actor, Permission},
    command::{Command, Reply, Submission},
    decide::decide,
    fleet::{CommandId, PoolPassword, SecretRef},
    ids::{DeviceId, RequestId},
    rejection::Rejection,
    requests::{
        Action, ContentHash, Control, Decision, NewGrant, Request, RequestState, StepUp, Target, check_operation,
    },
    state::{Seen, State},
    time::Timestamp,
};
use axum::{
    Json,
    extract::{Path, State as Shares},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
pub use list::list;
use serde::Deserialize;
use serde_json::{Value, json};

/// Seeing requests goes with seeing devices.
const P: u8 = Permission::DeviceList as u8;

/// Does it exist for the actor?
pub fn visible(state: &State, request: &Request, actor: &Actor, now: Timestamp) -> bool {
    state.sight(actor, request, now).is_any()
}

/// The request of this id, if it exists for the actor.
pub fn sought(api: &Shared, state: &State, text: &str, actor: &Actor) -> Answer<Request> {
    let request = state.request(id::<RequestId>(text, "request")?);
    let request = request.filter(|request| visible(state, request, actor, api.now()));
    request.cloned().ok_or_else(|| Problem::not_found("request"))
}

/// The request as its caller sees it now; `None` if what it did has taken it out of their sight, as one's own suspension does.
pub fn shown(api: &Shared, caller: &impl AsRef<Actor>, request: RequestId) -> Answer<Option<Value>> {
    let (state, names) = (api.engine.state(), api.names(caller.as_ref().account)?);
    let request = state.request(request).ok_or_else(|| Problem::not_found("request"))?;
    Ok(Viewer { state: &state, names: &names, actor: caller.as_ref(), now: api.now() }.full(request, &api.live()))
}

/// The answer to what was done with a request: it, as its caller sees it now, or 204 and nothing if they do not see it any more.
pub fn answered(api: &Shared, caller: &impl AsRef<Actor>, request: RequestId, status: StatusCode) -> Answer<Response> {
    let view = shown(api, caller, request)?;
    Ok(view.map_or_else(|| StatusCode::NO_CONTENT.into_response(), |view| (status, Json(view)).into_response()))
}

/// What is asked for, with the passwords of pools as their owner types them.
#[derive(Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    action: Action<PoolPassword>,
    #[serde(default)]
    targets: Vec<DeviceId>,
    #[serde(default)]
    reason: Option<String>,
}

/// Asks for something that names its own object, if that is as it was seen.
pub async fn submit_control(
    api: &Shared,
    caller: &impl AsRef<Actor>,
    seen: Option<Seen>,
    control: Control,
    reason: Option<String>,
    key: Option<String>,
) -> Answer<RequestId> {
    let submission = submission(api, (Action::Control(control), Vec::new()), reason, key)?;
    run(api, caller, Command::Submit(submission).if_seen(seen)).await
}

/// Asks for a role for somebody who need not hold anything on the account: the caller has named their e-mail.
pub async fn introduce(
    api: &Shared,
    caller: &impl AsRef<Actor>,
    grant: NewGrant,
    key: Option<String>,
) -> Answer<RequestId> {
    let user = grant.user;
    let asked = (Action::Control(Control::AddGrant(grant)), Vec::new());
    let then = Box::new(Command::Submit(submission(api, asked, None, key)?));
    run(api, caller, Command::Introduce { user, then }).await
}

fn submission(
    api: &Shared,
    (action, targets): (Action, Vec<DeviceId>),
    reason: Option<String>,
    idempotency_key: Option<String>,
) -> Answer<Submission> {
    if let Action::Control(Control::SetPolicies { changes }) = &action
        && changes.iter().any(|change| change.step_up == Some(StepUp::Passkey))
    {
        passkeys::passkeys(api)?;
    }
    let estimates = estimates(&api.engine.state(), &api.live(), &action, &targets);
    Ok(Submission { id: new_id(api)?, action, targets, estimates, reason, idempotency_key })
}

/// The action with references in the place of passwords, which are sealed; its `asked_with_pools` is due once it was asked with. Of what
/// nobody could ask for nothing is sealed.
pub fn sealed(api: &Shared, call: Call<'_>, action: Action<PoolPassword>) -> Answer<(Action, Vec<SecretRef>)> {
    if let Action::Device(operation) = &action {
        check_operation(operation)?;
    }
    let action = action.with_pool_passwords(|place, password| api.agents.seal_pool(call, place, &password));
    let action = action.map_err(|error| Problem::internal(&error))?;
    let named = action.pool_passwords().cloned().collect();
    Ok((action, named))
}

/// Asks with the passwords sealed, in the command that `of` makes.
async fn ask(
    api: &Shared,
    asker: &impl AsRef<Actor>,
    asked: Asked,
    key: Option<String>,
    of: impl FnOnce(Submission) -> Command,
) -> Answer<RequestId> {
    let Asked { action, targets, reason } = asked;
    let (action, named) = sealed(api, Call { actor: asker.as_ref(), key: key.as_deref() }, action)?;
    let submission = submission(api, (action, targets), reason, key)?;
    let made = run(api, asker, of(submission)).await;
    api.agents.asked_with_pools(&named);
    made
}

async fn run(api: &Shared, caller: &impl AsRef<Actor>, command: Command) -> Answer<RequestId> {
    match api.engine.run(*caller.as_ref(), command).await? {
        Reply::Request(request) => Ok(request),
        other => Err(Problem::internal(&format!("a submission was answered with {other:?}"))),
    }
}

/// An identity for a request.
pub fn new_id(api: &Shared) -> Answer<RequestId> {
    let mut random = [0_u8; 16];
    getrandom::fill(&mut random).map_err(|error| Problem::internal(&error))?;
    Ok(RequestId(ulid::Ulid::from_parts(api.now().0.unsigned_abs(), u128::from_be_bytes(random))))
}

/// The idempotency key of a call.
pub fn key_of(headers: &HeaderMap) -> Option<String> {
    headers.get("idempotency-key").map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// 202 while it waits, `ran` once it runs; 204 if the caller does not see it any more.
pub fn made(api: &Shared, caller: &impl AsRef<Actor>, request: RequestId, ran: StatusCode) -> Answer<Response> {
    let waits = api.engine.state().request(request).is_some_and(|r| r.state == RequestState::Pending);
    let status = if waits { StatusCode::ACCEPTED } else { ran };
    let location = [(header::LOCATION, format!("/api/v1/requests/{request}"))];
    Ok((location, answered(api, caller, request, status)?).into_response())
}

/// `POST /requests`, by a person or with an API key.
pub async fn submit(
    Shares(api): Shares<Shared>,
    headers: HeaderMap,
    Party(asker): Party,
    Body(asked): Body<Asked>,
) -> Answer<Response> {
    let request = ask(&api, &asker, asked, key_of(&headers), Command::Submit).await.map_err(Problem::of_action)?;
    made(&api, &asker, request, StatusCode::CREATED)
}

/// `POST /requests/{request}/amend`: a new revision in its place; votes on the old one are void.
pub async fn amend(
    Shares(api): Shares<Shared>,
    headers: HeaderMap,
    allowed: Permitted<P>,
    seen: IfMatch,
    Path(request): Path<String>,
    Body(asked): Body<Asked>,
) -> Answer<Response> {
    let request = sought(&api, &api.engine.state(), &request, &allowed.asker.0)?;
    seen.check(request.payload.revision)?;
    let request = request.id;
    let amend = |with| Command::Amend { request, with };
    let next = ask(&api, &allowed.asker, asked, key_of(&headers), amend).await.map_err(Problem::of_action)?;
    made(&api, &allowed.asker, next, StatusCode::CREATED)
}

/// `POST /requests/preview`
pub async fn preview(
    Shares(api): Shares<Shared>,
    allowed: Permitted<P>,
    Body(asked): Body<Asked>,
) -> Answer<Json<Value>> {
    let Asked { action, mut targets, reason } = asked;
    // Nothing is kept: what would stand for a password is drawn, and forgotten.
    let action = action.with_pool_passwords(|_, _| unsealed())?;
    targets.sort_unstable();
    targets.dedup();
    let (state, reach, actor) = (api.engine.state(), allowed.permit.reach(), &allowed.asker.0);
    let known = |id: &DeviceId| state.device(*id).is_some_and(|d| reach.covers(d.account, &d.place()));
    if !targets.iter().all(known) {
        return Err(Problem::not_found("device"));
    }
    if let Action::Device(operation) = &action {
        check_operation(operation).map_err(|why| Problem::from(why).of_action())?;
    }
    let preview = preview::of(&api, &state, actor, &action, &targets)?;
    let Action::Control(_) = &action else { return Ok(Json(preview.view())) };
    // What the caller may not ask for, or what is not there for them, has no preview either, nor has what could never be asked for.
    let foretold =
        decide(&state, actor, Command::Submit(submission(&api, (action, targets), reason, None)?), api.now());
    match foretold {
        Err(why) if !comes_after_sight(&why) => Err(Problem::from(why).of_action()),
        Ok(_) | Err(_) => Ok(Json(preview.view())),
    }
}

fn unsealed() -> Answer<SecretRef> {
    let mut drawn = [0; 16];
    getrandom::fill(&mut drawn).map_err(|error| Problem::internal(&error))?;
    Ok(SecretRef::new(u128::from_be_bytes(drawn)))
}

/// Is it refused only after it was found that the caller may ask for it, and that everything it names is there for them? After any
/// other refusal nothing is told of what it names.
const fn comes_after_sight(why: &Rejection) -> bool {
    use Rejection::{PasskeyRequired, PendingExists, StepUpRequired, Unsatisfiable, WouldLockOut};
    matches!(why, StepUpRequired | PasskeyRequired | PendingExists { .. } | Unsatisfiable { .. } | WouldLockOut { .. })
}

fn paged(items: Vec<Value>, total: usize, offset: usize) -> Value {
    let next = offset.saturating_add(items.len());
    json!({ "next_cursor": (next < total && !items.is_empty()).then(|| next.to_string()), "items": items, "total": total })
}

/// `GET /requests/{request}`, by a person or with an API key.
pub async fn show(
    Shares(api): Shares<Shared>,
    PartyWith(asker): PartyWith<P>,
    Path(request): Path<String>,
) -> Answer<Response> {
    let request = sought(&api, &api.engine.state(), &request, &asker.0)?;
    let view = shown(&api, &asker, request.id)?.ok_or_else(|| Problem::not_found("request"))?;
    Ok(etag::tagged(request.payload.revision, view))
}

/// Which items.
#[derive(Deserialize)]
pub struct Items {
    state: Option<String>,
    cursor: Option<usize>,
    limit: Option<usize>,
}

/// `GET /requests/{request}/items`
pub async fn items(
    Shares(api): Shares<Shared>,
    allowed: Permitted<P>,
    Path(request): Path<String>,
    Params(asked): Params<Items>,
) -> Answer<Json<Value>> {
    let state = api.engine.state();
    if let Some(unknown) = asked.state.as_deref().filter(|word| !views::ITEM_STATES.contains(word)) {
        return Err(Problem::parameter("state", format!("knows no {unknown}")));
    }
    let request = sought(&api, &state, &request, &allowed.asker.0)?;
    let sight = state.sight(&allowed.asker.0, &request, api.now());
    let all = (0..request.items.len()).filter_map(|index| {
        let item = u32::try_from(index).ok().filter(|item| sight.has(*item))?;
        let command = CommandId { request: request.id, item };
        views::item(&state, &request, index, Stage::word(api.agents.stage(command)))
    });
    let found: Vec<_> =
        all.filter(|item| asked.state.as_deref().is_none_or(|wanted| item["state"] == wanted)).collect();
    let (total, offset) = (found.len(), asked.cursor.unwrap_or(0));
    let page = found.into_iter().skip(offset).take(limit(asked.limit, 200, 1_000)?).collect();
    Ok(Json(paged(page, total, offset)))
}

/// A decision on exactly this content.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Voted {
    decision: Decision,
    content_hash: ContentHash,
    comment: Option<String>,
    /// Where the rule asks for it: a passkey given for this decision.
    assertion: Option<passkeys::Answered>,
}

/// `POST /requests/{request}/votes`; a key is told that keys never vote.
pub async fn vote(
    Shares(api): Shares<Shared>,
    PartyWith(asker): PartyWith<P>,
    from: From,
    seen: IfMatch,
    Path(request): Path<String>,
    Body(vote): Body<Voted>,
) -> Answer<Response> {
    let request = sought(&api, &api.engine.state(), &request, &asker.0)?;
    seen.check(request.payload.revision)?;
    let request = request.id;
    let Voted { decision, content_hash, comment, assertion } = vote;
    let actor = asker.0;
    let prove = |(given, user)| passkeys::prove_vote(&api, &from, (user, request), (decision, content_hash), &given);
    let passkey = assertion.zip(actor.user()).map(prove).transpose()?;
    let vote = Command::Vote { request, decision, content_hash, comment, passkey };
    api.engine.run(actor, vote).await?;
    answered(&api, &asker, request, StatusCode::OK)
}

/// `DELETE /requests/{request}/votes/me`
pub async fn withdraw(
    Shares(api): Shares<Shared>,
    allowed: Allowed<P>,
    seen: IfMatch,
    Path(request): Path<String>,
) -> Answer<Response> {
    let request = sought(&api, &api.engine.state(), &request, &allowed.caller.actor)?;
    seen.check(request.payload.revision)?;
    let request = request.id;
    api.engine.run(allowed.caller.actor, Command::WithdrawVote { request }).await?;
    answered(&api, &allowed.caller, request, StatusCode::OK)
}

/// Why.
#[derive(Deserialize)]
pub struct Cancelled {
    reason: Option<String>,
}

/// `POST /requests/{request}/cancel`, by a person or with an API key, which calls off its own.
pub async fn cancel(
    Shares(api): Shares<Shared>,
    PartyWith(asker): PartyWith<P>,
    seen: IfMatch,
    Path(request): Path<String>,
    Body(asked): Body<Cancelled>,
) -> Answer<Response> {
    let request = sought(&api, &api.engine.state(), &request, asker.as_ref())?;
    seen.check(request.payload.revision)?;
    let request = request.id;
    api.engine.run(asker.0, Command::Cancel { request, reason: asked.reason }).await?;
    answered(&api, &asker, request, StatusCode::OK)
}

/// The contract's `TargetRef`s.
pub fn targets_view(state: &State, targets: &[DeviceId]) -> Vec<Value> {
    targets.iter().map(|device| views::target_view(state, Target::Device(*device))).collect()
}
