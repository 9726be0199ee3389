//! API keys: who has some, a new one, and the end of one. And what a program shows of itself: the key's token.
//!
//! A token is `adit_<ro|rw>_<id>_<secret><checksum>`: the id is the beginning of the secret's hash, so that a token found
//! somewhere can be matched with the list of keys; the checksum finds typing errors before anybody is asked.

use super::{
    Api, Shared,
    caller::Allowed,
    id,
    problem::{Answer, Body, Problem},
    requests,
};
use crate::sign_in::tokens::{hash_of, hex};
use adit_core::{
    authz::{ApiAccess, ApiKey, Permission, Principal},
    ids::{AccountId, GrantId, KeyId},
    requests::{Control, NewKey, RequestState},
    state::State,
    time::{Millis, Timestamp},
};
use axum::{
    Json,
    extract::{FromRequestParts, Path, State as Shares},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

const P: u8 = Permission::ApiKeyManage as u8;
/// Random bytes of a secret.
const SECRET: usize = 20;
/// Hex digits of a token's id.
const ID: usize = 8;
/// Life of a key that writes, unless another is asked for, days.
const WRITE_DAYS: u64 = 90;

/// A new secret.
fn draw() -> Answer<String> {
    let mut bytes = [0_u8; SECRET];
    getrandom::fill(&mut bytes).map_err(|error| Problem::internal(&error))?;
    Ok(hex(&bytes))
}

fn token(access: ApiAccess, secret: &str) -> String {
    let word = if access == ApiAccess::ReadWrite { "rw" } else { "ro" };
    let hash = hex(&hash_of(secret));
    let open = format!("adit_{word}_{}_{secret}", &hash[..ID]);
    format!("{open}{:08x}", crc32fast::hash(open.as_bytes()))
}

/// The hash of the secret in a token, if the token is whole.
fn secret_hash(token: &str) -> Option<String> {
    let (open, checksum) = token.split_at_checked(token.len().checked_sub(8)?)?;
    if u32::from_str_radix(checksum, 16).ok()? != crc32fast::hash(open.as_bytes()) {
        return None;
    }
    let secret = open.strip_prefix("adit_")?.rsplit('_').next()?;
    Some(hex(&hash_of(secret)))
}

/// A program that came in with a live key.
#[derive(Debug, Clone)]
pub struct Program {
    actor: adit_core::authz::Actor,
}

impl Program {
    /// The key's account; there is no other for it.
    #[must_use]
    pub const fn account(&self) -> AccountId {
        self.actor.account
    }

    /// As the core knows it.
    #[must_use]
    pub const fn actor(&self) -> &adit_core::authz::Actor {
        &self.actor
    }

    /// The program that shows a live key, if it does.
    #[must_use]
    pub fn of(api: &Api, headers: &HeaderMap) -> Option<Self> {
        let given = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
        let (scheme, token) = given.split_once(' ')?;
        let hash = scheme.eq_ignore_ascii_case("bearer").then(|| secret_hash(token.trim()))??;
        let (state, now) = (api.engine.state(), api.now());
        // Compared are hashes: how far one agrees with another tells nothing of a secret.
        let mut keys = state.accounts().flat_map(|account| state.keys_of(account.id));
        let key = keys.find(|key| key.secret_hash == hash && key.is_live(now))?;
        let actor = adit_core::authz::Actor {
            account: key.account,
            principal: Principal::ApiKey(key.id),
            authenticated_at: now,
        };
        state.rights_of(&actor).live(now).next()?;
        Some(Self { actor })
    }
}

/// Nobody's key, or one that opens nothing any more.
pub struct NoKey;

impl IntoResponse for NoKey {
    fn into_response(self) -> Response {
        let sentence = "show a live API key: Authorization: Bearer adit_…";
        (StatusCode::UNAUTHORIZED, [(header::WWW_AUTHENTICATE, "Bearer")], sentence).into_response()
    }
}

impl FromRequestParts<Shared> for Program {
    type Rejection = NoKey;
    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, NoKey> {
        Self::of(api, &parts.headers).ok_or(NoKey)
    }
}

fn view(state: &State, key: &ApiKey, now: Timestamp) -> Value {
    let holder = state.grant(key.grant).map(|grant| grant.user);
    json!({
        "id": key.id, "name": key.name, "grant": key.grant, "holder": holder, "access": key.access,
        "token_id": key.secret_hash.get(..ID), "issued_at": key.issued_at, "expires_at": key.expires_at,
        "revoked_at": key.revoked_at, "live": key.is_live(now),
    })
}

/// `GET /keys`
pub async fn list(Shares(api): Shares<Shared>, allowed: Allowed<P>) -> Json<Value> {
    let (state, now, reach) = (api.engine.state(), api.now(), allowed.permit.reach());
    // Every key reaches the whole account, so it is the business of those who see all of it.
    let keys = state.keys_of(reach.account()).filter(|_| reach.is_everywhere());
    Json(json!({ "items": keys.map(|key| view(&state, key, now)).collect::<Vec<_>>() }))
}

/// A key to be issued.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    grant: GrantId,
    name: String,
    access: ApiAccess,
    /// 90 days for a key that writes, for ever for one that reads.
    expires_in_days: Option<u64>,
}

/// `POST /keys`: the token is in the answer, once. It opens something as soon as the request for it is carried out.
pub async fn issue(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<P>,
    Body(asked): Body<Asked>,
) -> Answer<Response> {
    let writes = asked.access == ApiAccess::ReadWrite;
    let days = asked.expires_in_days.or_else(|| writes.then_some(WRITE_DAYS));
    if days.is_some_and(|days| !(1..=3_650).contains(&days)) {
        return Err(Problem::invalid("expires_in_days must be between 1 and 3650"));
    }
    let expires_at = days.map(|days| api.now().after(Millis::days(days)));
    let secret = draw()?;
    let (Asked { grant, name, access, .. }, secret_hash) = (asked, hex(&hash_of(&secret)));
    let control = Control::IssueKey(NewKey { grant, name, access, secret_hash: secret_hash.clone(), expires_at });
    let request = requests::submit_control(&api, &caller, None, control, None, None).await?;
    let state = api.engine.state();
    let key = state.keys_of(caller.actor.account).find(|key| key.secret_hash == secret_hash);
    let waits = state.request(request).is_some_and(|request| request.state == RequestState::Pending);
    let status = if waits { StatusCode::ACCEPTED } else { StatusCode::CREATED };
    let key = key.map(|key| view(&state, key, api.now()));
    let body =
        json!({ "key": key, "token": token(access, &secret), "request": requests::shown(&api, &caller, request)? });
    Ok((status, Json(body)).into_response())
}

/// `DELETE /keys/{id}`: at once.
pub async fn revoke(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<P>,
    Path(key): Path<String>,
) -> Answer<Response> {
    let control = Control::RevokeKey { key: id::<KeyId>(&key, "API key")? };
    let request = requests::submit_control(&api, &caller, None, control, None, None).await?;
    requests::made(&api, &caller, request, StatusCode::OK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_gives_its_secret_back_and_a_mistyped_one_nothing() {
        let secret = "0123456789abcdef0123456789abcdef01234567";
        let token = token(ApiAccess::ReadOnly, secret);
        assert!(token.starts_with("adit_ro_"), "{token}");
        assert_eq!(secret_hash(&token), Some(hex(&hash_of(secret))));
        for at in 0..token.len() {
            let mut wrong = token.clone().into_bytes();
            wrong[at] = if wrong[at] == b'0' { b'1' } else { b'0' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert!(wrong == token || secret_hash(&wrong).is_none(), "{wrong}");
        }
        for hostile in ["", "adit_", "é", "adit_ro_é_é12345678", "00000000"] {
            assert_eq!(secret_hash(hostile), None, "{hostile}");
        }
    }
}
