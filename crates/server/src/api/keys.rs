//! API keys: who has some, a new one, and the end of one. What their own people do about them is in `own`, how programs come in
//! in `program`.

pub mod own;
pub mod program;
mod signature;
mod token;
mod uses;

use super::{
    Api, Shared,
    caller::{Allowed, Caller},
    id,
    me::recent,
    problem::{Answer, Body, Problem},
    requests,
};
use adit_core::{
    authz::{ApiAccess, ApiKey, Origins, Permission},
    ids::{GrantId, KeyId},
    requests::{Control, NewKey, RequestState},
    state::{State, Thing},
    time::{Millis, Timestamp},
};
use adit_store::{Secrets, StoreError};
use axum::{
    Json,
    extract::{Path, State as Shares},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
pub use program::{Program, read};
use serde::Deserialize;
use serde_json::{Value, json};
use zeroize::Zeroizing;

const P: u8 = Permission::ApiKeyManage as u8;
/// Life of a key that writes, unless another is asked for, days.
const WRITE_DAYS: u64 = 90;
/// Where the secret is kept from which signing secrets follow.
const ROOT: &str = "api-keys/signing";

/// What is known of keys beside the log.
pub struct Desk {
    root: token::Root,
    nonces: signature::Nonces,
    uses: uses::Uses,
}

impl Desk {
    /// As this server's secrets have it; nothing signed before `now` counts.
    pub fn new(secrets: &mut Secrets, now: Timestamp) -> Result<Self, String> {
        let root = match secrets.get(ROOT).map_err(|error| error.to_string())? {
            Some(root) => root,
            None => {
                let mut root = Zeroizing::new(vec![0_u8; 32]);
                getrandom::fill(&mut root).map_err(|error| error.to_string())?;
                secrets.put(ROOT, &root).map_err(|error| error.to_string())?;
                root
            }
        };
        Ok(Self { root: token::Root::new(root), nonces: signature::Nonces::new(now), uses: uses::Uses::default() })
    }

    /// Writes down what was counted.
    pub fn rest(&self, api: &Api) -> Result<(), StoreError> {
        self.uses.write_all(api)
    }
}

/// How a key stands, in one word.
fn standing(state: &State, key: &ApiKey, now: Timestamp) -> &'static str {
    match state.standing_of(key, now) {
        Ok(()) => "live",
        Err(refused) => refused.code(),
    }
}

fn view(api: &Api, state: &State, key: &ApiKey, now: Timestamp) -> Answer<Value> {
    let used = api.keys.uses.of(api, key.id)?;
    let former = key.former.as_ref().filter(|former| now < former.until);
    let grant = state.grant(key.grant);
    Ok(json!({
        "id": key.id, "etag": state.tag_of(Thing::Key(key.id)), "name": key.name, "grant": key.grant,
        "role": grant.map(|grant| state.role_title(grant.role)), "holder": grant.map(|grant| grant.user),
        "made_by": key.holders.last(), "access": key.access, "token_id": key.secret_hash.get(..token::ID),
        "former": former.map(|former| json!({ "token_id": former.secret_hash.get(..token::ID), "until": former.until })),
        "from": key.from, "require_hmac": key.require_hmac, "issued_at": key.issued_at, "expires_at": key.expires_at,
        "revoked_at": key.revoked_at, "standing": standing(state, key, now),
        "calls": used.as_ref().map_or(0, |used| used.calls),
        "last_used": used.map(|used| json!({ "at": used.last_at, "address": used.address, "agent": used.agent })),
    }))
}

/// `GET /keys`: everybody's, for whoever manages them.
pub async fn list(Shares(api): Shares<Shared>, allowed: Allowed<P>) -> Answer<Json<Value>> {
    let (state, now, reach) = (api.engine.state(), api.now(), allowed.permit.reach());
    // Every key reaches the whole account, so it is the business of those who see all of it.
    let keys = state.keys_of(reach.account()).filter(|_| reach.is_everywhere());
    let items: Vec<_> = keys.map(|key| view(&api, &state, key, now)).collect::<Answer<_>>()?;
    Ok(Json(json!({ "items": items })))
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
    /// A key that writes has to say it.
    from: Option<Origins>,
    #[serde(default)]
    require_hmac: bool,
}

/// What is asked for, with a new secret.
fn drawn(api: &Api, asked: Asked) -> Answer<(NewKey, token::Drawn)> {
    let writes = asked.access == ApiAccess::ReadWrite;
    let days = asked.expires_in_days.or_else(|| writes.then_some(WRITE_DAYS));
    if days.is_some_and(|days| !(1..=3_650).contains(&days)) {
        return Err(Problem::field("/expires_in_days", "must be between 1 and 3650"));
    }
    let expires_at = days.map(|days| api.now().after(Millis::days(days)));
    let secret = token::Drawn::new()?;
    let Asked { grant, name, access, from, require_hmac, .. } = asked;
    Ok((NewKey { grant, name, access, secret_hash: secret.hash.clone(), expires_at, from, require_hmac }, secret))
}

/// What its people are shown of a new secret, once.
fn secrets(api: &Api, access: ApiAccess, secret: &token::Drawn) -> Answer<Value> {
    let signing = api.keys.root.signing_secret(&secret.hash)?;
    Ok(json!({ "token": secret.token(access), "signing_secret": signing.as_str() }))
}

/// Asks for a key; it opens something as soon as the request for it is carried out.
async fn ask(api: &Shared, caller: &Caller, asked: Asked) -> Answer<Response> {
    recent(api, caller)?;
    let access = asked.access;
    let (new, secret) = drawn(api, asked)?;
    let request = requests::submit_control(api, caller, None, Control::IssueKey(new), None, None).await?;
    let state = api.engine.state();
    let key = state.keys_of(caller.actor.account).find(|key| key.secret_hash == secret.hash);
    let waits = state.request(request).is_some_and(|request| request.state == RequestState::Pending);
    let status = if waits { StatusCode::ACCEPTED } else { StatusCode::CREATED };
    let mut body = secrets(api, access, &secret)?;
    body["key"] = json!(key.map(|key| view(api, &state, key, api.now())).transpose()?);
    body["request"] = json!(requests::shown(api, caller, request)?);
    Ok((status, [(header::LOCATION, format!("/api/v1/requests/{request}"))], Json(body)).into_response())
}

/// `POST /keys`: for anybody's grant, by whoever manages keys.
pub async fn issue(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<P>,
    Body(asked): Body<Asked>,
) -> Answer<Response> {
    ask(&api, &caller, asked).await
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
