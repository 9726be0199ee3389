//! What people say about requests: while they are open, some time after, and after a recovery.

use super::{
    Shared,
    caller::Allowed,
    problem::{Answer, Body},
    requests::{answered, sought},
};
use adit_core::{authz::Permission, command::Command};
use axum::{
    extract::{Path, State as Shares},
    http::StatusCode,
    response::Response,
};
use serde::Deserialize;

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
) -> Answer<Response> {
    let request = sought(&api, &api.engine.state(), &request, &allowed.caller.actor)?.id;
    api.engine.run(allowed.caller.actor, Command::Comment { request, words: said.words }).await?;
    answered(&api, &allowed.caller, request, StatusCode::CREATED)
}

/// `POST /requests/{request}/review`: closes the review that follows a recovery.
pub async fn review(
    Shares(api): Shares<Shared>,
    allowed: Allowed<P>,
    Path(request): Path<String>,
    Body(said): Body<Said>,
) -> Answer<Response> {
    let request = sought(&api, &api.engine.state(), &request, &allowed.caller.actor)?.id;
    api.engine.run(allowed.caller.actor, Command::CloseReview { request, words: said.words }).await?;
    answered(&api, &allowed.caller, request, StatusCode::OK)
}
