//! Programs: who comes in with an API key, and why not. Decided once for each call, before any handler: with a key in the
//! `Authorization` header the key alone counts, whoever else is signed in.

use super::{
    signature::{self, Call, Signer, Unsigned},
    token::{ID, secret_hash},
};
use crate::{
    api::{MAX_BODY, Shared, caller::is_known, problem::Problem, routes::V1, session::From},
    sign_in::throttle::Trial,
};
use adit_core::{
    authz::{Actor, ApiKey, KeyRefused, Principal},
    ids::{AccountId, KeyId},
};
use axum::{
    body::{Body, to_bytes},
    extract::{FromRequestParts, Request, State as Shares},
    http::{HeaderMap, StatusCode, header, request::Parts},
    middleware::Next,
    response::{IntoResponse, Response},
};

/// A program that came in with a live key.
#[derive(Debug, Clone)]
pub struct Program {
    actor: Actor,
}

impl Program {
    /// The key's account; there is no other for it.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.actor.account
    }

    /// As the core knows it.
    #[must_use]
    pub const fn actor(&self) -> &Actor {
        &self.actor
    }
}

/// What became of the key that a call shows.
#[derive(Clone)]
struct Shown(Result<Program, Problem>);

/// The program that a call comes from, if it shows a key at all.
///
/// # Errors
/// Why its key does not let it in.
pub fn of(parts: &Parts) -> Result<Option<Program>, Problem> {
    match parts.extensions.get::<Shown>() {
        Some(Shown(shown)) => shown.clone().map(Some),
        None => Ok(None),
    }
}

impl std::convert::From<KeyRefused> for Problem {
    fn from(refused: KeyRefused) -> Self {
        let status = StatusCode::from_u16(refused.status()).unwrap_or(StatusCode::UNAUTHORIZED);
        Self::new(status, refused.code(), refused.to_string())
    }
}

fn token_in(headers: &HeaderMap) -> Option<&str> {
    let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = given.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// The key of a token, for a call that comes from there.
fn key_of(api: &Shared, token: &str, from: &From) -> Result<(ApiKey, String), Problem> {
    let (state, address) = (api.engine.state(), from.address.parse().ok());
    let hash = secret_hash(token).unwrap_or_default();
    // Compared are hashes: how far one agrees with another tells nothing of a secret.
    match state.admit(&hash, address, api.now()) {
        Ok(key) => Ok((key.clone(), hash)),
        Err(KeyRefused::Unknown) => {
            let trial = Trial::new(&from.address, "api key", true);
            api.sign_in.attempt(&trial, api.now()).map_err(Problem::too_many_attempts)?;
            Err(KeyRefused::Unknown.into())
        }
        Err(refused) => Err(refused.into()),
    }
}

fn unsigned(api: &Shared, why: Unsigned) -> Problem {
    let new = |code, detail: &str| Problem::new(StatusCode::UNAUTHORIZED, code, detail);
    match why {
        Unsigned::Missing => new(
            "key_signature",
            "what this key changes must be signed: send X-Adit-Timestamp, X-Adit-Nonce and X-Adit-Signature as docs/api-keys.md says",
        ),
        Unsigned::Signature => new(
            "key_signature",
            "the signature does not fit this call: sign method, path, sorted query, body, timestamp, nonce and the token's id with the signing secret",
        ),
        Unsigned::Nonce => {
            new("key_nonce", "a call with this nonce was answered before: draw another one for each call")
        }
        Unsigned::Clock => {
            let detail = "it was not signed within 30 seconds by the server's clock (server_time), or before the server started: sign it again";
            new("key_clock", detail).at_server_time(api.now())
        }
        Unsigned::TooMany => {
            Problem::too_many_attempts(60).because("this key sends more signed calls than are remembered")
        }
    }
}

/// Reads the key that a call shows, if any, and checks its signature where there is or has to be one.
pub async fn read(Shares(api): Shares<Shared>, request: Request, next: Next) -> Response {
    if token_in(request.headers()).is_none() {
        return next.run(request).await;
    }
    let (mut parts, body) = request.into_parts();
    let (shown, body) = shown(&api, &mut parts, body).await;
    if shown.is_ok() {
        is_known(&parts);
    }
    parts.extensions.insert(Shown(shown));
    next.run(Request::from_parts(parts, body)).await
}

async fn shown(api: &Shared, parts: &mut Parts, body: Body) -> (Result<Program, Problem>, Body) {
    let Ok(from) = From::from_request_parts(parts, api).await;
    let token = token_in(&parts.headers).unwrap_or_default();
    let (key, hash) = match key_of(api, token, &from) {
        Ok(known) => known,
        Err(problem) => return (Err(problem), body),
    };
    let changes = !parts.method.is_safe() && parts.uri.path().starts_with(V1);
    let body = if signature::is_signed(&parts.headers) || key.require_hmac && changes {
        let Ok(bytes) = to_bytes(body, MAX_BODY).await else {
            return (Err(Problem::unreadable_body(StatusCode::PAYLOAD_TOO_LARGE)), Body::empty());
        };
        if let Err(problem) = check_signature(api, parts, &bytes, key.id, &hash) {
            return (Err(problem), Body::empty());
        }
        Body::from(bytes)
    } else {
        body
    };
    if let Err(error) = api.keys.uses.note(api, key.id, &from) {
        return (Err(Problem::internal(&error)), body);
    }
    let principal = Principal::ApiKey(key.id);
    let actor = Actor { account: key.account, principal, authenticated_at: api.now() };
    (Ok(Program { actor }), body)
}

fn check_signature(api: &Shared, parts: &Parts, body: &[u8], key: KeyId, hash: &str) -> Result<(), Problem> {
    let secret = api.keys.root.signing_secret(hash)?;
    let call = Call { method: &parts.method, uri: &parts.uri, headers: &parts.headers, body };
    let signer = Signer { key, token_id: hash.get(..ID).unwrap_or_default(), secret: &secret };
    api.keys.nonces.check(&call, &signer, api.now()).map_err(|why| unsigned(api, why))
}

/// Nobody's key, or one that opens nothing any more. Its body is a sentence.
pub struct NoKey(Problem);

impl IntoResponse for NoKey {
    fn into_response(self) -> Response {
        let headers = [(header::WWW_AUTHENTICATE, "Bearer"), (header::CONTENT_TYPE, "text/plain; charset=utf-8")];
        (self.0.status(), headers, self.0.detail().to_owned()).into_response()
    }
}

impl FromRequestParts<Shared> for Program {
    type Rejection = NoKey;
    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, NoKey> {
        let none = || NoKey(KeyRefused::Unknown.into());
        of(parts).map_err(NoKey)?.ok_or_else(none)
    }
}
