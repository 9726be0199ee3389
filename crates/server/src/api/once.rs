//! Idempotency keys: a call that makes something and is repeated under its key makes it once, and is answered as it was.
//!
//! Requests keep their keys in the log, in the same write as the request. For every other operation that makes something the answer
//! is kept here, whatever the handler does: noted before it begins, and sealed once it is there, as some answers hold a secret. The
//! work goes on when whoever asked has gone. If the server goes down in between, nobody knows whether anything was made, and a
//! repetition is told that instead of making it again.

use super::{
    MAX_BODY, Shared,
    caller::Asker,
    problem::{Answer, Problem},
    routes::Needs,
};
use adit_core::{
    authz::{Actor, Principal},
    ids::RequestId,
    rejection::Rejection,
    state::State,
    time::{Millis, Timestamp},
};
use adit_store::{Begun, CallId};
use axum::{
    body::{Body, to_bytes},
    extract::{FromRequestParts, Request, State as Shares},
    http::{HeaderName, HeaderValue, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;

/// The header that holds the key.
pub const KEY: &str = "idempotency-key";
/// Says that an answer was given before.
const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");
/// How long a key counts after the call, and after the end of the request that came of it.
const KEPT: Millis = Millis::hours(24);
/// Most calls of one person or program that are kept. Beyond it they wait; nobody else's are forgotten for it.
const MAX_KEPT: usize = 1_000;
/// How many old ones are looked at whenever one comes.
const LOOKED_AT: u32 = 50;
/// Calls under the same key go one after the other; so do some under others, which is no harm.
const LANES: usize = 64;
/// Headers of an answer that are given again.
const HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::LOCATION, header::ETAG];

/// Within what a key means the same call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// One account of whoever calls.
    Account,
    /// All that they do: the call itself takes them to another account.
    Person,
}

/// An operation whose answers are kept.
#[derive(Clone)]
pub struct Kept {
    pub api: Shared,
    pub route: String,
    pub needs: Needs,
    pub within: Within,
}

/// Calls that are being answered.
pub struct Lanes([Mutex<()>; LANES]);

impl Default for Lanes {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::new(())))
    }
}

/// An answer as it is kept.
#[derive(Serialize, Deserialize)]
struct Told {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Kept {
    fn call(&self, actor: &Actor, key: String) -> CallId {
        let who = match actor.principal {
            Principal::User(user) => user.to_string(),
            Principal::ApiKey(key) => key.to_string(),
            // Neither comes over the network.
            Principal::Operator | Principal::System => "nobody".to_owned(),
        };
        let whose = match self.within {
            Within::Account => format!("{}/{who}", actor.account),
            Within::Person => who,
        };
        CallId { whose, route: self.route.clone(), key }
    }

    /// May they still do this? What was answered before is given again to nobody who may not.
    fn may(&self, actor: &Actor) -> bool {
        match self.needs {
            Needs::Nothing | Needs::SignIn => true,
            Needs::Holds(permission) => {
                let rights = self.api.engine.state().rights_of(actor);
                rights.with(permission, self.api.now()).next().is_some()
            }
        }
    }
}

/// What was sent, however its JSON is laid out.
fn sent(parts: &Parts, body: &[u8]) -> [Vec<u8>; 3] {
    let body =
        serde_json::from_slice::<Value>(body).map_or_else(|_| body.to_vec(), |value| value.to_string().into_bytes());
    let seen = parts.headers.get_all(header::IF_MATCH).iter().flat_map(|value| value.as_bytes().to_vec());
    let uri = parts.uri.path_and_query().map_or("", |uri| uri.as_str());
    [uri.as_bytes().to_vec(), seen.collect(), body]
}

/// By which a repetition is known. What is sent may have a password in it, so the hash is a keyed one.
fn content(kept: &Kept, parts: &Parts, body: &[u8]) -> Answer<[u8; 32]> {
    let hash = kept.api.agents.keyed("call", &sent(parts, body).each_ref().map(Vec::as_slice));
    hash.map_err(|error| Problem::internal(&error))
}

/// Answers a call, or answers it again.
pub async fn answer(Shares(kept): Shares<Kept>, request: Request, next: Next) -> Response {
    if !request.headers().contains_key(KEY) {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let key = match key_in(&parts) {
        Ok(key) => key,
        Err(problem) => return problem.into_response(),
    };
    let asker = Asker::from_request_parts(&mut parts, &kept.api).await;
    // Whoever may not is refused by the handler, as without a key.
    let Ok(Asker(actor)) = asker else { return next.run(Request::from_parts(parts, body)).await };
    if !kept.may(&actor) {
        return next.run(Request::from_parts(parts, body)).await;
    }
    let Ok(bytes) = to_bytes(body, MAX_BODY).await else {
        return Problem::unreadable_body(StatusCode::PAYLOAD_TOO_LARGE).into_response();
    };
    let content = match content(&kept, &parts, &bytes) {
        Ok(content) => content,
        Err(problem) => return problem.into_response(),
    };
    let call = kept.call(&actor, key);
    let request = Request::from_parts(parts, Body::from(bytes));
    // Whoever asked may go away; what has begun goes on, so that its answer is there when they come back.
    let work = tokio::spawn(async move { in_turn(&kept, &call, &content, request, next).await });
    match work.await {
        Ok(Ok(response)) => response,
        Ok(Err(problem)) => problem.into_response(),
        Err(error) => Problem::internal(&error).into_response(),
    }
}

fn key_in(parts: &Parts) -> Answer<String> {
    let key = parts.headers.get(KEY).and_then(|value| value.to_str().ok());
    let key = key.filter(|key| (1..=128).contains(&key.len()));
    let problem = "1 to 128 visible characters".into();
    key.map(str::to_owned).ok_or_else(|| Rejection::Invalid { field: "Idempotency-Key", problem }.into())
}

async fn in_turn(kept: &Kept, call: &CallId, content: &[u8; 32], request: Request, next: Next) -> Answer<Response> {
    let api = &kept.api;
    let lane = Sha256::digest(format!("{call:?}")).first().map_or(0, |byte| usize::from(*byte)) % LANES;
    let _turn = api.lanes.0[lane].lock().await;
    forget_old(api)?;
    if let Some(begun) = begin(api, call, content)? {
        return again(begun, content);
    }
    let response = next.run(request).await;
    let status = response.status();
    if status.is_success() {
        return keep(api, call, response).await;
    }
    // A refusal has made nothing. What has failed in the middle may have.
    if status.is_client_error() || status == StatusCode::SERVICE_UNAVAILABLE {
        api.herald.secrets().forget_call(call)?;
    }
    Ok(response)
}

fn begin(api: &Shared, call: &CallId, content: &[u8; 32]) -> Answer<Option<Begun>> {
    let now = api.now();
    let mut secrets = api.herald.secrets();
    let begun = secrets.begin_call(call, content, now)?;
    if begun.is_none() && secrets.calls_of(&call.whose)? > MAX_KEPT {
        secrets.forget_call(call)?;
        let detail = "too many calls with an idempotency key in the last 24 hours: try again later, or without a key";
        return Err(Problem::too_many_attempts(3_600).because(detail));
    }
    Ok(begun)
}

fn again(begun: Begun, content: &[u8; 32]) -> Answer<Response> {
    let conflict = |code, detail: &str| Problem::new(StatusCode::CONFLICT, code, detail);
    if begun.content != *content {
        let detail = "this idempotency key was used for something else: take a new one";
        return Err(conflict("duplicate_request", detail).about(begun.request));
    }
    let Some(answer) = begun.answer else {
        let detail = "the server went down while it answered this call: look whether what you asked for is there, and take a new key";
        return Err(conflict("outcome_unknown", detail));
    };
    let told: Told = serde_json::from_slice(&answer).map_err(|error| Problem::internal(&error))?;
    let status = StatusCode::from_u16(told.status).map_err(|error| Problem::internal(&error))?;
    let mut response = (status, told.body).into_response();
    let headers = response.headers_mut();
    headers.remove(header::CONTENT_TYPE);
    for (name, value) in told.headers {
        let name = HeaderName::try_from(name).map_err(|error| Problem::internal(&error))?;
        headers.insert(name, HeaderValue::try_from(value).map_err(|error| Problem::internal(&error))?);
    }
    headers.insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(response)
}

async fn keep(api: &Shared, call: &CallId, response: Response) -> Answer<Response> {
    let (parts, body) = response.into_parts();
    let bytes = to_bytes(body, MAX_BODY).await.map_err(|error| Problem::internal(&error))?;
    let told =
        HEADERS.iter().filter_map(|name| Some((name.to_string(), parts.headers.get(name)?.to_str().ok()?.to_owned())));
    let body = String::from_utf8(bytes.to_vec()).map_err(|error| Problem::internal(&error))?;
    let request = request_in(&body);
    let told = Told { status: parts.status.as_u16(), headers: told.collect(), body };
    let text = serde_json::to_vec(&told).map_err(|error| Problem::internal(&error))?;
    api.herald.secrets().keep_answer(call, request.as_deref(), &text)?;
    Ok(Response::from_parts(parts, Body::from(bytes)))
}

/// The request that an answer tells of.
fn request_in(body: &str) -> Option<String> {
    let body: Value = serde_json::from_str(body).ok()?;
    let told = [&body["request"]["id"], &body["id"]];
    let found = told.into_iter().filter_map(Value::as_str).find(|id| id.parse::<RequestId>().is_ok());
    found.map(str::to_owned)
}

/// Does a key no longer count?
fn is_free(state: &State, request: Option<&str>, now: Timestamp) -> bool {
    let request = request.and_then(|id| id.parse::<RequestId>().ok()).and_then(|id| state.request(id));
    request.is_none_or(|request| request.ended_at.is_some_and(|end| now >= end.after(KEPT)))
}

fn forget_old(api: &Shared) -> Answer<()> {
    let (state, now) = (api.engine.state(), api.now());
    let mut secrets = api.herald.secrets();
    let old = secrets.calls_before(now.before(KEPT), LOOKED_AT)?;
    for old in old.iter().filter(|old| is_free(&state, old.request.as_deref(), now)) {
        secrets.forget_call(&old.call)?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;

    fn parts(uri: &str) -> Parts {
        Request::post(uri).body(Body::empty()).unwrap().into_parts().0
    }

    #[test]
    fn the_layout_of_a_body_is_no_part_of_what_is_asked_and_everything_else_is() {
        let one = sent(&parts("/a?b=1"), br#"{"x": 1, "y": [2]}"#);
        assert_eq!(one, sent(&parts("/a?b=1"), br#"{"y":[2],"x":1}"#));
        assert_ne!(one, sent(&parts("/a?b=2"), br#"{"x": 1, "y": [2]}"#));
        assert_ne!(one, sent(&parts("/c?b=1"), br#"{"x": 1, "y": [2]}"#));
        assert_ne!(one, sent(&parts("/a?b=1"), br#"{"x": 1, "y": [3]}"#));
        let mut seen = parts("/a?b=1");
        seen.headers.insert(header::IF_MATCH, HeaderValue::from_static("\"1\""));
        assert_ne!(one, sent(&seen, br#"{"x": 1, "y": [2]}"#));
    }

    #[test]
    fn what_was_begun_and_never_answered_is_not_begun_again() {
        let begun = Begun { content: [1; 32], at: Timestamp(0), request: None, answer: None };
        let why = again(begun.clone(), &[1; 32]).unwrap_err();
        assert_eq!((why.status(), why.code), (StatusCode::CONFLICT, "outcome_unknown"));
        assert_eq!(again(begun, &[2; 32]).unwrap_err().code, "duplicate_request");
    }
}
