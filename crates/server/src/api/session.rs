//! Signing in and out, and showing once more that it is you.

use super::{
    Shared,
    caller::{COOKIE, Caller, token_of},
    problem::{Answer, Body, Problem},
};
use adit_core::{
    authz::{Permission, Place},
    state::State,
    time::Timestamp,
};
use adit_store::{Person, Session};
use argon2::{Argon2, PasswordHash, PasswordHasher, PasswordVerifier};
use axum::{
    Json,
    extract::{ConnectInfo, FromRequestParts, State as Shares},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::{collections::HashMap, fmt::Write, net::SocketAddr};

/// Longest password, bytes.
const MAX_PASSWORD: usize = 256;
/// How many failures cost nothing.
const FREE_FAILURES: u32 = 3;
/// Longest delay, ms.
const MAX_DELAY_MS: i64 = 60_000;
/// Most pairs of address and account that are remembered.
const MAX_REMEMBERED: usize = 10_000;

/// Failures by address and account, and until when the next attempt is refused.
#[derive(Debug, Default)]
pub struct Throttle(HashMap<(String, String), (u32, Timestamp)>);

impl Throttle {
    /// Seconds to wait; counts the attempt as failed until [`Self::clear`] says otherwise.
    fn attempt(&mut self, key: &(String, String), now: Timestamp) -> Result<(), u64> {
        if self.0.len() >= MAX_REMEMBERED {
            self.0.retain(|_, (_, until)| now.0 < until.0);
        }
        let (failures, until) = self.0.entry(key.clone()).or_insert((0, now));
        if now.0 < until.0 {
            return Err(now_to(now, *until));
        }
        *failures = failures.saturating_add(1);
        let over = failures.saturating_sub(FREE_FAILURES).min(6);
        let delay = if over == 0 { 0 } else { (1_000 << over).min(MAX_DELAY_MS) };
        *until = Timestamp(now.0 + delay);
        Ok(())
    }

    fn clear(&mut self, key: &(String, String)) {
        self.0.remove(key);
    }
}

fn now_to(now: Timestamp, until: Timestamp) -> u64 {
    until.since(now).0.div_ceil(1_000).max(1)
}

/// The other end of the connection, in words.
pub struct Address(String);

impl<S: Send + Sync> FromRequestParts<S> for Address {
    type Rejection = std::convert::Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        let address = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        Ok(Self(address.map_or_else(|| "unknown".into(), |ConnectInfo(address)| address.ip().to_string())))
    }
}

/// SHA-256 of a session's token: what is kept of it.
#[must_use]
pub fn hash_of(token: &str) -> [u8; 32] {
    Sha256::digest(token.as_bytes()).into()
}

/// 32 random bytes in hex.
///
/// # Errors
/// The system gives no randomness.
pub fn random_token() -> Answer<String> {
    let mut bytes = [0_u8; 32];
    getrandom::fill(&mut bytes).map_err(|error| Problem::internal(&error))?;
    Ok(bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    }))
}

/// Hash of a password, to be kept (argon2id).
///
/// # Errors
/// The system gives no randomness or memory.
pub fn hash_password(password: &str) -> Result<String, String> {
    let hash = Argon2::default().hash_password(password.as_bytes()).map_err(|error| error.to_string())?;
    Ok(hash.to_string())
}

/// E-mail and password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    email: String,
    password: String,
}

/// The password once more.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepUp {
    password: String,
}

/// Whether it is this person's password. Takes as long for somebody who does not exist.
async fn verify(api: &Shared, person: Option<&Person>, password: String) -> Answer<bool> {
    if password.len() > MAX_PASSWORD {
        return Ok(false);
    }
    let kept = person.and_then(|person| person.password_hash.clone());
    let known = kept.is_some();
    let kept = kept.unwrap_or_else(|| api.dummy_hash.clone());
    let permit = api.hashing.acquire().await.map_err(|error| Problem::internal(&error))?;
    let fits = tokio::task::spawn_blocking(move || {
        PasswordHash::new(&kept).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    })
    .await
    .map_err(|error| Problem::internal(&error))?;
    drop(permit);
    Ok(fits && known)
}

async fn check(api: &Shared, address: &str, email: &str, person: Option<&Person>, password: String) -> Answer<()> {
    let key = (address.to_owned(), email.trim().to_lowercase().chars().take(254).collect());
    api.throttle().attempt(&key, api.now()).map_err(Problem::too_many_attempts)?;
    if verify(api, person, password).await? {
        api.throttle().clear(&key);
        Ok(())
    } else {
        let detail = "this e-mail and this password do not belong together";
        Err(Problem::new(StatusCode::UNAUTHORIZED, "sign_in_failed", detail))
    }
}

/// `POST /session`
pub async fn sign_in(
    Shares(api): Shares<Shared>,
    Address(address): Address,
    headers: HeaderMap,
    Body(asked): Body<SignIn>,
) -> Answer<Response> {
    let person = api.people().person_by_email(&asked.email).map_err(|error| Problem::internal(&error))?;
    check(&api, &address, &asked.email, person.as_ref(), asked.password).await?;
    let person = person.ok_or_else(Problem::not_signed_in)?;
    let (token, csrf, now) = (random_token()?, random_token()?, api.now());
    let user_agent = headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let session = Session {
        token_hash: hash_of(&token),
        user: person.user,
        csrf,
        created_at: now,
        authenticated_at: now,
        last_seen_at: now,
        address,
        user_agent: user_agent.into(),
    };
    api.people().add_session(&session).map_err(|error| Problem::internal(&error))?;
    let body = view(&api, &session)?;
    Ok(with_cookie(Json(body).into_response(), &api, &token, 7 * 86_400))
}

fn with_cookie(mut response: Response, api: &Shared, token: &str, max_age_s: u32) -> Response {
    let secure = if api.options.loopback { "" } else { "; Secure" };
    let cookie = format!("{COOKIE}={token}; Path=/; HttpOnly; SameSite=Lax; Max-Age={max_age_s}{secure}");
    if let Ok(value) = HeaderValue::from_str(&cookie) {
        response.headers_mut().insert(header::SET_COOKIE, value);
    }
    response
}

/// `GET /session`
pub async fn show(Shares(api): Shares<Shared>, caller: Caller) -> Answer<Json<Value>> {
    view(&api, &caller.session).map(Json)
}

/// `DELETE /session`
pub async fn sign_out(Shares(api): Shares<Shared>, headers: HeaderMap, _: Caller) -> Answer<Response> {
    let token = token_of(&headers).ok_or_else(Problem::not_signed_in)?;
    api.people().revoke_session(&hash_of(token)).map_err(|error| Problem::internal(&error))?;
    Ok(with_cookie(StatusCode::NO_CONTENT.into_response(), &api, "", 0))
}

/// `POST /session/step-up`
pub async fn step_up(
    Shares(api): Shares<Shared>,
    Address(address): Address,
    caller: Caller,
    Body(asked): Body<StepUp>,
) -> Answer<Json<Value>> {
    let person = api.people().person(caller.session.user).map_err(|error| Problem::internal(&error))?;
    let email = person.as_ref().map(|person| person.email.clone()).unwrap_or_default();
    check(&api, &address, &email, person.as_ref(), asked.password).await?;
    let session = Session { authenticated_at: api.now(), ..caller.session };
    api.people()
        .set_authenticated(&session.token_hash, session.authenticated_at)
        .map_err(|error| Problem::internal(&error))?;
    view(&api, &session).map(Json)
}

/// `GET /demo-users`: only a demo on loopback has them.
pub async fn demo_users(Shares(api): Shares<Shared>) -> Answer<Json<Value>> {
    if !api.options.loopback || api.options.demo_users.is_empty() {
        return Err(Problem::not_found("page"));
    }
    let users =
        api.options.demo_users.iter().map(
            |user| json!({ "email": user.email, "name": user.name, "role": user.role, "password": user.password }),
        );
    Ok(Json(users.collect()))
}

/// A session as its owner sees it.
fn view(api: &Shared, session: &Session) -> Answer<Value> {
    let state = api.engine.state();
    let now = api.now();
    let name = api.people().person(session.user).map_err(|error| Problem::internal(&error))?;
    let name = name.map_or_else(|| session.user.to_string(), |person| person.display_name);
    let account = state.accounts_of(session.user).next().and_then(|id| state.account(id));
    let account =
        account.ok_or_else(|| Problem::new(StatusCode::FORBIDDEN, "no_account", "you hold no role on any account"))?;
    let rights = state.rights_of_user(account.id, session.user);
    let mask = rights.mask(now);
    let permissions: Vec<_> = Permission::all().filter(|p| mask & p.bit() != 0).map(Permission::name).collect();
    let roles = state.roles_of(account.id, session.user).into_iter();
    let roles: Vec<_> = roles.map(|role| state.role_title(role)).collect();
    Ok(json!({
        "user": { "id": session.user, "name": name },
        "account": { "id": account.id, "name": account.name },
        "roles": roles,
        "csrf": session.csrf,
        "permissions": permissions,
        "sites": sites_seen(&state, account.id, |place| rights.allow(Permission::DeviceList, place, now)),
        "authenticated_at": session.authenticated_at,
        "demo": !api.options.demo_users.is_empty(),
    }))
}

fn sites_seen(state: &State, account: adit_core::ids::AccountId, sees: impl Fn(&Place) -> bool) -> Vec<Value> {
    let sites = state.sites_of(account).filter(|site| sees(&Place::site(site.id)));
    sites.map(|site| json!({ "id": site.id, "name": site.name })).collect()
}
