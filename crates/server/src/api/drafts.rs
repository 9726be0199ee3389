//! The caller's own draft for a site.

use super::{
    Shared,
    caller::Allowed,
    estimate::{Effect, estimates},
    etag::{self, IfMatch},
    preview::{self, Preview},
    problem::{Answer, Body, Params, Problem},
    requests,
};
use crate::agents::Call;
use adit_core::{
    authz::{Permission, Place},
    command::{Command, DraftPart, DraftSubmission, Reply},
    counted::counted,
    fleet::PoolPassword,
    ids::{DeviceId, SiteId},
    requests::Action,
    state::{Draft, DraftChange},
};
use axum::{
    Json,
    extract::{Path, State as Shares},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};

const P: u8 = Permission::DeviceList as u8;

/// Of which site.
#[derive(Deserialize)]
pub struct Of {
    site: SiteId,
}

/// A site within the caller's reach. Asked before anything else, so that no refusal tells of a site outside it.
fn site_of(api: &Shared, allowed: &Allowed<P>, of: &Of) -> Answer<SiteId> {
    let (state, reach) = (api.engine.state(), allowed.permit.reach());
    let known = state.site(of.site).is_some_and(|site| reach.covers(site.account, &Place::site(site.id)));
    if known { Ok(of.site) } else { Err(Problem::not_found("site")) }
}

/// The same, for something that changes the draft: it must be as the caller has seen it, if they said so.
fn site_to_change(api: &Shared, allowed: &Allowed<P>, of: &Of, seen: &IfMatch) -> Answer<SiteId> {
    let site = site_of(api, allowed, of)?;
    let state = api.engine.state();
    seen.check(state.draft(allowed.caller.session.user, site).map_or(0, |draft| draft.version))?;
    Ok(site)
}

fn tagged(view: Value) -> Response {
    etag::tagged(&view["version"], view.clone())
}

fn view(api: &Shared, allowed: &Allowed<P>, site: SiteId) -> Answer<Value> {
    let state = api.engine.state();
    let reach = allowed.permit.reach();
    let Some(draft) = state.draft(allowed.caller.session.user, site) else {
        return Ok(json!({ "site": site, "version": 0, "changes": [], "effect": null, "updated_at": null }));
    };
    let seen = |id: &&DeviceId| state.device(**id).is_some_and(|d| reach.covers(d.account, &d.place()));
    let mut effect = Effect::default();
    let changes: Vec<Value> = draft
        .changes
        .iter()
        .map(|change| {
            let targets: Vec<_> = change.targets.iter().filter(seen).copied().collect();
            let mut preview = preview::of(api, &state, &allowed.caller.actor, &change.action, &targets)?;
            warn_of_excluded(&mut preview, draft, change);
            effect.add(&preview.effect);
            let mut view = preview.view();
            view["id"] = json!(change.id.to_string());
            view["action"] = json!(change.action);
            view["targets"] = json!(requests::targets_view(&state, &targets));
            Ok(view)
        })
        .collect::<Answer<_>>()?;
    Ok(
        json!({ "site": site, "version": draft.version, "changes": changes, "effect": effect, "updated_at": draft.updated_at }),
    )
}

/// Warns of earlier changes of the same draft that exclude this one: together they are refused.
fn warn_of_excluded(preview: &mut Preview, draft: &Draft, change: &DraftChange) {
    for other in draft.changes.iter().take_while(|other| other.id != change.id) {
        let devices = other.shared_with(change);
        if !devices.is_empty() {
            let (title, many) = (other.action.title(), counted(devices.len(), "device"));
            let detail = format!("\"{title}\" in this draft excludes it on {many}: take one of the two out");
            preview.warn(preview::warning("busy", &devices, &detail, None));
        }
    }
}

/// `GET /draft`
pub async fn show(Shares(api): Shares<Shared>, allowed: Allowed<P>, Params(of): Params<Of>) -> Answer<Response> {
    view(&api, &allowed, site_of(&api, &allowed, &of)?).map(tagged)
}

/// A change for the draft.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    action: Action<PoolPassword>,
    targets: Vec<DeviceId>,
}

/// `POST /draft/changes`
pub async fn put(
    Shares(api): Shares<Shared>,
    allowed: Allowed<P>,
    seen: IfMatch,
    Params(of): Params<Of>,
    Body(change): Body<Change>,
) -> Answer<Json<Value>> {
    let site = site_to_change(&api, &allowed, &of, &seen)?;
    let actor = allowed.caller.actor;
    let sealed = requests::sealed(&api, Call { actor: &actor, key: None }, change.action);
    let (action, named) = sealed.map_err(Problem::of_action)?;
    let reply = api.engine.run(actor, Command::PutDraft { site, action, targets: change.targets }).await;
    api.agents.asked_with_pools(&named);
    let reply = reply.map_err(|why| Problem::from(why).of_action())?;
    let replaced = if let Reply::Draft { replaced, .. } = reply { replaced } else { 0 };
    Ok(Json(json!({ "draft": view(&api, &allowed, site)?, "replaced": replaced })))
}

/// `DELETE /draft/changes/{change}`
pub async fn take(
    Shares(api): Shares<Shared>,
    allowed: Allowed<P>,
    seen: IfMatch,
    Path(change): Path<String>,
    Params(of): Params<Of>,
) -> Answer<Response> {
    let site = site_to_change(&api, &allowed, &of, &seen)?;
    let command = Command::TakeFromDraft { site, change: super::id(&change, "change")?, targets: Vec::new() };
    api.engine.run(allowed.caller.actor, command).await?;
    view(&api, &allowed, site).map(tagged)
}

/// `DELETE /draft/changes/{change}/targets/{device}`
pub async fn take_one(
    Shares(api): Shares<Shared>,
    allowed: Allowed<P>,
    seen: IfMatch,
    Path((change, device)): Path<(String, String)>,
    Params(of): Params<Of>,
) -> Answer<Response> {
    let targets = vec![super::id(&device, "device")?];
    let site = site_to_change(&api, &allowed, &of, &seen)?;
    let command = Command::TakeFromDraft { site, change: super::id(&change, "change")?, targets };
    api.engine.run(allowed.caller.actor, command).await?;
    view(&api, &allowed, site).map(tagged)
}

/// `DELETE /draft`
pub async fn discard(
    Shares(api): Shares<Shared>,
    allowed: Allowed<P>,
    seen: IfMatch,
    Params(of): Params<Of>,
) -> Answer<StatusCode> {
    let site = site_to_change(&api, &allowed, &of, &seen)?;
    api.engine.run(allowed.caller.actor, Command::DiscardDraft { site }).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The draft as it was reviewed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reviewed {
    version: u64,
    reason: Option<String>,
}

/// `POST /draft/submit`: every change becomes a request, or none does and the problem names the change that was refused.
/// `refused` is therefore always empty.
pub async fn submit(
    Shares(api): Shares<Shared>,
    headers: HeaderMap,
    allowed: Allowed<P>,
    Params(of): Params<Of>,
    Body(asked): Body<Reviewed>,
) -> Answer<Json<Value>> {
    let site = site_of(&api, &allowed, &of)?;
    let (caller, state) = (&allowed.caller, api.engine.state());
    // Without a draft this may still be a repeat, which the key tells.
    let changes = state.draft(caller.session.user, site).map(|draft| draft.changes.clone()).unwrap_or_default();
    let mut parts = Vec::with_capacity(changes.len());
    for change in changes {
        let estimates = estimates(&state, &api.live(), &change.action, &change.targets);
        parts.push(DraftPart { change: change.id, id: requests::new_id(&api)?, estimates });
    }
    let draft = DraftSubmission {
        site,
        version: asked.version,
        parts,
        reason: asked.reason,
        idempotency_key: requests::key_of(&headers),
    };
    match api.engine.run(caller.actor, Command::SubmitDraft(draft)).await? {
        Reply::Requests(made) => {
            let made = made.into_iter().filter_map(|request| requests::shown(&api, caller, request).transpose());
            Ok(Json(json!({ "requests": made.collect::<Answer<Vec<_>>>()?, "refused": [] })))
        }
        other => Err(Problem::internal(&format!("a draft was answered with {other:?}"))),
    }
}
