//! What people say about requests: while they are open, some time after, and after a recovery.

use super::{
    Shared,
    caller::Allowed,
    problem::{Answer, Body},
    requests::{shown, sought},
};
use adit_core::{authz::Permission, command::Command};
use axum::{
    Json,
    extract::{Path, State as Shares},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::Value;

/// Whoever sees a request may comment on it.
const P: u8 = Permission::DeviceList as u8;

/// What is said.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Said {
    words: String,
}

/// `POST /requests/{request}/comments`
pub async fn comment(
    Shares(api): Shares<Shared>,
    allowed: Allowed<P>,
    Path(request): Path<String>,
    Body(said): Body<Said>,
) -> Answer<(StatusCode, Json<Value>)> {
    let request = sought(&api, &api.engine.state(), &request, &allowed.caller.actor)?.id;
    api.engine.run(allowed.caller.actor, Command::Comment { request, words: said.words }).await?;
    Ok((StatusCode::CREATED, Json(shown(&api, &allowed.caller, request)?)))
}

/// `POST /requests/{request}/review`: closes the review that follows a recovery.
pub async fn review(
    Shares(api): Shares<Shared>,
    allowed: Allowed<P>,
    Path(request): Path<String>,
    Body(said): Body<Said>,
) -> Answer<Json<Value>> {
    let request = sought(&api, &api.engine.state(), &request, &allowed.caller.actor)?.id;
    api.engine.run(allowed.caller.actor, Command::CloseReview { request, words: said.words }).await?;
    shown(&api, &allowed.caller, request).map(Json)
}
