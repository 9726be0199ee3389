//! Webhooks: who is told outside. Where a message goes and what it is signed with is sealed, and shown to nobody again.

use super::{
    Shared,
    caller::Allowed,
    id,
    me::recent,
    problem::{Answer, Body, Params, Problem, limit},
};
use crate::{
    notices::webhooks::{NotAllowed, OVERLAP, Sealed, new_secret},
    sign_in::tokens,
};
use adit_core::{
    authz::{Permission, Place},
    command::{Command, Reply},
    ids::WebhookId,
    notices::TYPES,
    rejection::Rejection,
    state::Webhook,
};
use adit_store::Delivery;
use axum::{
    Json,
    extract::{Path, State as Shares},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeSet;

const P: u8 = Permission::SettingsManage as u8;

impl From<NotAllowed> for Problem {
    fn from(error: NotAllowed) -> Self {
        Self::field("/url", format!("is refused: {error}"))
    }
}

/// They see the whole account.
fn whole(api: &Shared, allowed: &Allowed<P>) -> Answer<()> {
    if allowed.permit.reach().is_everywhere() {
        return Ok(());
    }
    let (actor, place) = (&allowed.caller.actor, Some(&Place::ACCOUNT));
    let denied = api.engine.state().denied(actor, Permission::SettingsManage, place, api.now());
    Err(Rejection::from(denied).into())
}

fn sought(api: &Shared, allowed: &Allowed<P>, text: &str) -> Answer<Webhook> {
    whole(api, allowed)?;
    let (state, account) = (api.engine.state(), allowed.caller.actor.account);
    let webhook = state.webhook(id::<WebhookId>(text, "webhook")?).filter(|webhook| webhook.account == account);
    webhook.cloned().ok_or_else(|| Problem::not_found("webhook"))
}

fn view(api: &Shared, webhook: &Webhook) -> Answer<Value> {
    let (failing, last) = {
        let store = api.herald.store();
        (store.failing_since(webhook.id)?, store.deliveries(webhook.id, None, 1)?.pop())
    };
    Ok(json!({
        "id": webhook.id, "name": webhook.name, "host": webhook.host, "types": webhook.types,
        "created_at": webhook.created_at, "disabled_at": webhook.disabled_at, "failing_since": failing,
        "last": last.as_ref().map(delivery),
    }))
}

fn delivery(one: &Delivery) -> Value {
    let attempts: Vec<_> = one
        .attempts
        .iter()
        .map(|try_| {
            json!({ "at": try_.at, "duration_ms": try_.duration_ms, "status": try_.status, "error": try_.error })
        })
        .collect();
    let waits = one.state == adit_store::DeliveryState::Waiting;
    json!({
        "id": one.id.to_string(), "message": one.announcement.message, "type": one.announcement.kind,
        "body": one.announcement.body, "at": one.announcement.at, "state": one.state.word(), "attempts": attempts,
        "next_at": waits.then_some(one.next_at),
    })
}

/// `GET /webhooks`
pub async fn list(Shares(api): Shares<Shared>, allowed: Allowed<P>) -> Answer<Json<Value>> {
    whole(&api, &allowed)?;
    let state = api.engine.state();
    let items = state.webhooks_of(allowed.caller.actor.account).map(|webhook| view(&api, webhook));
    Ok(Json(json!({ "items": items.collect::<Answer<Vec<_>>>()?, "types": TYPES })))
}

/// What it is to be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    name: String,
    /// Where to; when changed, as it is if there is none.
    url: Option<String>,
    /// What it is told; everything if empty.
    #[serde(default)]
    types: BTreeSet<String>,
}

/// A place for what is sealed.
fn place() -> Answer<String> {
    let mut bytes = [0_u8; 16];
    getrandom::fill(&mut bytes).map_err(|error| Problem::internal(&error))?;
    Ok(tokens::hex(&bytes))
}

fn secret() -> Answer<String> {
    new_secret().map_err(|error| Problem::internal(&error))
}

/// Seals first and tells the log then: what the log does not know of is only rubbish, and swept up.
async fn set(
    api: &Shared,
    allowed: &Allowed<P>,
    webhook: Option<WebhookId>,
    asked: Asked,
    (host, sealed): (String, Sealed),
) -> Answer<WebhookId> {
    let place = place()?;
    sealed.write(&mut api.herald.secrets(), &place)?;
    let Asked { name, types, .. } = asked;
    let command = Command::SetWebhook { webhook, name, host, types, sealed: place.clone() };
    let set = match api.engine.run(allowed.caller.actor, command).await {
        Ok(Reply::Webhook(webhook)) => Ok(webhook),
        Ok(other) => Err(Problem::internal(&format!("a webhook was answered with {other:?}"))),
        Err(error) => Err(error.into()),
    };
    if set.is_err() {
        Sealed::forget(&mut api.herald.secrets(), &place)?;
    }
    set
}

fn host_of(api: &Shared, url: &str) -> Answer<String> {
    let url = api.herald.webhooks.check(url)?;
    let host = url.host_str().unwrap_or_default();
    Ok(url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}")))
}

/// `POST /webhooks`
pub async fn create(Shares(api): Shares<Shared>, allowed: Allowed<P>, Body(asked): Body<Asked>) -> Answer<Response> {
    whole(&api, &allowed)?;
    recent(&api, &allowed.caller)?;
    let url = asked.url.clone().ok_or_else(|| Problem::field("/url", "is missing: where to?"))?;
    let host = host_of(&api, &url)?;
    let secret = secret()?;
    let sealed = Sealed { url, secrets: vec![(secret.clone(), None)] };
    let webhook = set(&api, &allowed, None, asked, (host, sealed)).await?;
    let state = api.engine.state();
    let webhook = state.webhook(webhook).ok_or_else(|| Problem::not_found("webhook"))?;
    let body = json!({ "webhook": view(&api, webhook)?, "secret": secret });
    let location = [(header::LOCATION, format!("/api/v1/webhooks/{}", webhook.id))];
    Ok((StatusCode::CREATED, location, Json(body)).into_response())
}

/// `PUT /webhooks/{id}`
pub async fn change(
    Shares(api): Shares<Shared>,
    allowed: Allowed<P>,
    Path(webhook): Path<String>,
    Body(asked): Body<Asked>,
) -> Answer<Json<Value>> {
    let webhook = sought(&api, &allowed, &webhook)?;
    recent(&api, &allowed.caller)?;
    let known = Sealed::read(&api.herald.secrets(), &webhook.sealed)?;
    let (host, sealed) = match (&asked.url, known) {
        (Some(url), known) => {
            let secrets = match known {
                Some(known) => known.secrets,
                None => vec![(secret()?, None)],
            };
            (host_of(&api, url)?, Sealed { url: url.clone(), secrets })
        }
        (None, Some(known)) => (webhook.host.clone(), known),
        (None, None) => return Err(Problem::field("/url", "is not there any more: enter it again")),
    };
    set(&api, &allowed, Some(webhook.id), asked, (host, sealed)).await?;
    Sealed::forget(&mut api.herald.secrets(), &webhook.sealed)?;
    let state = api.engine.state();
    let webhook = state.webhook(webhook.id).ok_or_else(|| Problem::not_found("webhook"))?;
    view(&api, webhook).map(Json)
}

/// `DELETE /webhooks/{id}`
pub async fn remove(
    Shares(api): Shares<Shared>,
    allowed: Allowed<P>,
    Path(webhook): Path<String>,
) -> Answer<StatusCode> {
    let webhook = sought(&api, &allowed, &webhook)?;
    api.engine.run(allowed.caller.actor, Command::RemoveWebhook { webhook: webhook.id }).await?;
    Sealed::forget(&mut api.herald.secrets(), &webhook.sealed)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /webhooks/{id}/secret`
pub async fn rotate(
    Shares(api): Shares<Shared>,
    allowed: Allowed<P>,
    Path(webhook): Path<String>,
) -> Answer<Json<Value>> {
    let webhook = sought(&api, &allowed, &webhook)?;
    recent(&api, &allowed.caller)?;
    let known = Sealed::read(&api.herald.secrets(), &webhook.sealed)?;
    let mut sealed = known.ok_or_else(|| Problem::field("/url", "is not there any more: enter it again"))?;
    let (new, now) = (secret()?, api.now());
    sealed.rotate(new.clone(), now);
    api.engine.run(allowed.caller.actor, Command::RotateWebhookSecret { webhook: webhook.id }).await?;
    sealed.write(&mut api.herald.secrets(), &webhook.sealed)?;
    Ok(Json(json!({ "secret": new, "old_until": now.after(OVERLAP) })))
}

/// `POST /webhooks/{id}/test`
pub async fn test(
    Shares(api): Shares<Shared>,
    allowed: Allowed<P>,
    Path(webhook): Path<String>,
) -> Answer<(StatusCode, Json<Value>)> {
    let webhook = sought(&api, &allowed, &webhook)?;
    live(&webhook)?;
    api.herald.announce_test(&webhook, format!("msg_test_{}", place()?))?;
    Ok((StatusCode::ACCEPTED, Json(json!({}))))
}

fn live(webhook: &Webhook) -> Answer<()> {
    if webhook.disabled_at.is_none() {
        return Ok(());
    }
    let detail = "it failed for too long and is disabled: save it again first";
    Err(Problem::new(StatusCode::CONFLICT, "webhook_disabled", detail))
}

/// Which deliveries.
#[derive(Deserialize)]
pub struct Listed {
    cursor: Option<i64>,
    limit: Option<usize>,
}

/// `GET /webhooks/{id}/deliveries`
pub async fn deliveries(
    Shares(api): Shares<Shared>,
    allowed: Allowed<P>,
    Path(webhook): Path<String>,
    Params(asked): Params<Listed>,
) -> Answer<Json<Value>> {
    let webhook = sought(&api, &allowed, &webhook)?;
    let limit = limit(asked.limit, 50, 200)?;
    let found = api.herald.store().deliveries(webhook.id, asked.cursor, limit + 1)?;
    let next = (found.len() > limit).then(|| found[limit - 1].id.to_string());
    let items: Vec<_> = found.iter().take(limit).map(delivery).collect();
    Ok(Json(json!({ "items": items, "next_cursor": next })))
}

/// `POST /webhooks/{id}/deliveries/{delivery}/again`
pub async fn again(
    Shares(api): Shares<Shared>,
    allowed: Allowed<P>,
    Path((webhook, delivery)): Path<(String, String)>,
) -> Answer<(StatusCode, Json<Value>)> {
    let webhook = sought(&api, &allowed, &webhook)?;
    live(&webhook)?;
    let delivery = id::<i64>(&delivery, "delivery")?;
    if !api.herald.announce_again(webhook.id, delivery)? {
        return Err(Problem::not_found("delivery"));
    }
    Ok((StatusCode::ACCEPTED, Json(json!({}))))
}
