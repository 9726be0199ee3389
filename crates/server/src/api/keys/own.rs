//! API Authorization: what somebody whose grant has API access does about their own keys.

use super::{Asked, ask, drawn, secrets, token, view};
use crate::api::{
    Shared,
    caller::Caller,
    etag::{self, IfMatch},
    id,
    me::recent,
    problem::{Answer, Body, Problem},
};
use adit_core::{
    authz::{ApiAccess, ApiKey, Grant, Origins},
    command::{Command, Reply},
    ids::{AccountId, KeyId, UserId},
    requests::KeyTerms,
    state::{State, Thing},
    time::{Millis, Timestamp},
};
use axum::{
    Json,
    extract::{Path, State as Shares},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

/// How long an old secret opens beside the new one unless something else is said, hours.
const OVERLAP_HOURS: u64 = 24;

fn is_own(state: &State, caller: &Caller, key: &ApiKey) -> bool {
    let holder = state.grant(key.grant).map(|grant| grant.user).or(key.holders.first().copied());
    holder == Some(caller.session.user)
}

/// Has a person keys of their own to look after, or may they make some?
pub fn has_some(state: &State, account: AccountId, user: UserId, now: Timestamp) -> bool {
    let held = state.grants_of(account).filter(|grant| grant.user == user);
    let mut makes_keys = held.filter(|grant| !grant.api_access.is_none() && grant.is_live(now));
    makes_keys.next().is_some()
        || state.keys_of(account).any(|key| key.holders.first() == Some(&user) && key.is_live(now))
}

fn shown(api: &Shared, key: KeyId) -> Answer<Value> {
    let state = api.engine.state();
    let key = state.key(key).ok_or_else(|| Problem::not_found("API key"))?;
    view(api, &state, key, api.now())
}

/// `GET /me/keys`: the caller's keys on this account, and the grants under which they may make some.
pub async fn list(Shares(api): Shares<Shared>, caller: Caller) -> Answer<Json<Value>> {
    let (state, now, account) = (api.engine.state(), api.now(), caller.actor.account);
    let makes_keys =
        |grant: &&Grant| grant.user == caller.session.user && !grant.api_access.is_none() && grant.is_live(now);
    let grants: Vec<_> = state
        .grants_of(account)
        .filter(makes_keys)
        .map(|grant| {
            let role_title = state.role_title(grant.role);
            json!({ "id": grant.id, "role_title": role_title, "api_access": grant.api_access, "expires_at": grant.expires_at })
        })
        .collect();
    let own = state.keys_of(account).filter(|key| is_own(&state, &caller, key));
    let items: Vec<_> = own.map(|key| view(&api, &state, key, now)).collect::<Answer<_>>()?;
    Ok(Json(json!({ "grants": grants, "items": items })))
}

/// `POST /me/keys`: one that reads at once, one that writes by a request.
pub async fn issue(Shares(api): Shares<Shared>, caller: Caller, Body(asked): Body<Asked>) -> Answer<Response> {
    let state = api.engine.state();
    let own = state.grant(asked.grant).is_some_and(|grant| {
        grant.account == caller.actor.account && grant.user == caller.session.user && !grant.api_access.is_none()
    });
    if !own {
        return Err(Problem::not_found("grant with API access"));
    }
    if asked.access == ApiAccess::ReadWrite {
        return ask(&api, &caller, asked).await;
    }
    recent(&api, &caller)?;
    let access = asked.access;
    let (new, secret) = drawn(&api, asked)?;
    let key = done(api.engine.run(caller.actor, Command::IssueOwnKey(new)).await?)?;
    let mut body = secrets(&api, access, &secret)?;
    body["key"] = shown(&api, key)?;
    body["request"] = Value::Null;
    Ok((StatusCode::CREATED, Json(body)).into_response())
}

fn done(reply: Reply) -> Answer<KeyId> {
    match reply {
        Reply::Key(key) => Ok(key),
        other => Err(Problem::internal(&format!("a key was answered with {other:?}"))),
    }
}

/// What is to be different; what is left out stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    name: Option<String>,
    expires_at: Option<Timestamp>,
    from: Option<Origins>,
    require_hmac: Option<bool>,
}

/// `PUT /me/keys/{id}`: another name, and never more than it could do.
pub async fn change(
    Shares(api): Shares<Shared>,
    caller: Caller,
    seen: IfMatch,
    Path(key): Path<String>,
    Body(asked): Body<Change>,
) -> Answer<Response> {
    let key = id::<KeyId>(&key, "API key")?;
    let state = api.engine.state();
    let known = state.key(key).filter(|known| known.account == caller.actor.account && is_own(&state, &caller, known));
    let known = known.ok_or_else(|| Problem::not_found("API key"))?;
    let to = KeyTerms {
        name: asked.name.unwrap_or_else(|| known.name.clone()),
        expires_at: asked.expires_at.or(known.expires_at),
        from: asked.from.unwrap_or_else(|| known.from.clone()),
        require_hmac: asked.require_hmac.unwrap_or(known.require_hmac),
    };
    let change = Command::ChangeOwnKey { key, to };
    api.engine.run(caller.actor, change.if_seen(seen.of(Thing::Key(key)))).await?;
    Ok(etag::of_view(shown(&api, key)?))
}

/// How long the old secret still opens.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    overlap_hours: Option<u64>,
}

/// `POST /me/keys/{id}/rotation`: another secret, once.
pub async fn rotate(
    Shares(api): Shares<Shared>,
    caller: Caller,
    Path(key): Path<String>,
    Body(asked): Body<Rotation>,
) -> Answer<Json<Value>> {
    let key = id::<KeyId>(&key, "API key")?;
    recent(&api, &caller)?;
    let hours = asked.overlap_hours.unwrap_or(OVERLAP_HOURS);
    if hours > 7 * 24 {
        return Err(Problem::invalid(
            "overlap_hours must be between 0 and 168: two secrets open for at most seven days",
        ));
    }
    let secret = token::Drawn::new()?;
    let command = Command::RotateOwnKey { key, secret_hash: secret.hash.clone(), overlap: Millis::hours(hours) };
    done(api.engine.run(caller.actor, command).await?)?;
    let access = api.engine.state().key(key).map_or(ApiAccess::ReadOnly, |key| key.access);
    let mut body = secrets(&api, access, &secret)?;
    body["key"] = shown(&api, key)?;
    Ok(Json(body))
}

/// `DELETE /me/keys/{id}`: at once, whatever stands in the way.
pub async fn revoke(Shares(api): Shares<Shared>, caller: Caller, Path(key): Path<String>) -> Answer<StatusCode> {
    let key = id::<KeyId>(&key, "API key")?;
    api.engine.run(caller.actor, Command::RevokeOwnKey { key }).await?;
    Ok(StatusCode::NO_CONTENT)
}
