//! Signing in with another company's account, and saying that such an account is one's own.
//!
//! Somebody who comes back is known by issuer and subject. The first time they are found by their e-mail, if the provider
//! says that it is theirs, or they have begun the way signed in.

use super::{
    Shared,
    caller::Caller,
    me::recent,
    problem::{Answer, Body, Problem},
    secured,
    session::{self, From},
};
use crate::sign_in::{
    sso::{Away, Provider, Somebody},
    throttle::Trial,
    tokens::hex,
};
use adit_core::{ids::UserId, state::SignInChange, time::Millis};
use adit_store::{Identity, StoreError};
use axum::{
    Json,
    extract::{Path, Query, State as Shares},
    http::{HeaderMap, HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// How long somebody may be at the provider.
const AWAY: Millis = Millis::minutes(10);
/// The cookie in which the browser carries what it takes to come back; it is sealed under the same name.
const COOKIE: &str = "adit_sso";

fn provider<'a>(api: &'a Shared, id: &str) -> Answer<&'a Provider> {
    api.sign_in.sso.provider(id).ok_or_else(|| Problem::not_found("provider"))
}

/// Providers as pages show them.
pub(super) fn providers(api: &Shared) -> Value {
    let all = api.sign_in.sso.providers().iter();
    all.map(|provider| json!({ "id": provider.options.id, "name": provider.options.name })).collect()
}

/// A person's identities as they see them.
pub(super) fn view(api: &Shared, identity: &Identity) -> Value {
    // Of a provider that is not offered any more only the issuer is known.
    let provider = api.sign_in.sso.of_issuer(&identity.issuer).map(|provider| &provider.options);
    json!({
        "id": id_of(identity),
        "provider": provider.map_or(&identity.issuer, |provider| &provider.id),
        "name": provider.map_or(&identity.issuer, |provider| &provider.name),
        "email": identity.email,
        "linked_at": identity.linked_at,
    })
}

fn id_of(identity: &Identity) -> String {
    let digest =
        Sha256::new().chain_update(&identity.issuer).chain_update([0]).chain_update(&identity.subject).finalize();
    hex(&digest[..8])
}

/// Sends the browser away: where to, and the cookie by which it is known afterwards.
async fn send(api: &Shared, provider: &Provider, to: String, link: Option<UserId>) -> Answer<(String, HeaderValue)> {
    let now = api.now();
    let sent = provider.send(to, link, now).await;
    let (location, away) = sent.map_err(|error| {
        tracing::error!(%error, provider = provider.options.id, "the provider of single sign-on does not answer");
        Problem::new(StatusCode::BAD_GATEWAY, "sso_failed", "the other company's sign-in does not answer")
    })?;
    let carried = api.sign_in.seals.seal(COOKIE, &away, now.after(AWAY)).map_err(|error| Problem::internal(&error))?;
    let secure = api.secure();
    let cookie = format!("{COOKIE}={carried}; Path=/api/v1/sso; HttpOnly; SameSite=Lax; Max-Age=600{secure}");
    Ok((location, HeaderValue::from_str(&cookie).map_err(|error| Problem::internal(&error))?))
}

/// Where to go on afterwards.
#[derive(Deserialize)]
pub struct Start {
    next: Option<String>,
}

/// A page of this console.
fn local(to: Option<String>) -> String {
    let fine = |to: &String| to.starts_with('/') && !to.starts_with("//") && !to.contains(['\\', '\r', '\n']);
    to.filter(|to| fine(to) && to.len() <= 500 && to.is_ascii()).unwrap_or_else(|| "/".to_owned())
}

/// `GET /sso/{id}/start`
pub async fn start(
    Shares(api): Shares<Shared>,
    from: From,
    Path(id): Path<String>,
    Query(asked): Query<Start>,
) -> Answer<Response> {
    let provider = provider(&api, &id)?;
    let trial = Trial::new(&from.address, "single sign-on", true);
    api.sign_in.attempt(&trial, api.now()).map_err(Problem::too_many_attempts)?;
    let Ok((location, cookie)) = send(&api, provider, local(asked.next), None).await else {
        return Ok(go("/sign-in?sso=sso_failed"));
    };
    api.sign_in.succeeded(&trial);
    let mut response = go(&location);
    response.headers_mut().append(header::SET_COOKIE, cookie);
    Ok(response)
}

fn go(to: &str) -> Response {
    (StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response()
}

/// What the provider sends the browser back with.
#[derive(Deserialize)]
pub struct Back {
    code: Option<String>,
    state: Option<String>,
}

/// `GET /sso/{id}/callback`
pub async fn callback(
    Shares(api): Shares<Shared>,
    from: From,
    headers: HeaderMap,
    Path(id): Path<String>,
    Query(back): Query<Back>,
) -> Answer<Response> {
    provider(&api, &id)?;
    let trial = Trial::new(&from.address, "single sign-on", true);
    api.sign_in.attempt(&trial, api.now()).map_err(Problem::too_many_attempts)?;
    match receive(&api, &from, &headers, &id, back).await {
        Ok(response) => {
            api.sign_in.succeeded(&trial);
            Ok(response)
        }
        Err(problem) => Ok(go(&format!("/sign-in?sso={}", problem.code))),
    }
}

async fn receive(api: &Shared, from: &From, headers: &HeaderMap, id: &str, back: Back) -> Answer<Response> {
    let broken = |why: &str| {
        tracing::info!(why, "a single sign-on failed");
        Problem::new(StatusCode::UNAUTHORIZED, "sso_failed", "the other company's sign-in failed")
    };
    let (Some(code), Some(state)) = (back.code, back.state) else { return Err(broken("no code came back")) };
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|line| line.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let carried = pairs.find_map(|(name, value)| (name == COOKIE).then_some(value)).unwrap_or_default();
    let opened = api.sign_in.seals.open::<Away>(COOKIE, carried, api.now());
    let opened = opened.filter(|opened| opened.holds.state == state && opened.holds.provider == id);
    let opened = opened.ok_or_else(|| broken("another browser, too late, or from another provider"))?;
    let (to, link) = (opened.holds.to.clone(), opened.holds.link);
    let somebody = somebody(api, id, &code, &opened.holds).await.map_err(|why| broken(&why))?;
    if !api.sign_in.seals.spend(&opened, api.now()) {
        return Err(broken("it has come back before"));
    }
    let Known { user, linked } = known(api, somebody, link)?;
    if linked {
        let name = api.sign_in.sso.provider(id).map_or("another company", |provider| &provider.options.name);
        secured::changed(api, user, SignInChange::Identity, &format!("an account at {name} opens yours")).await?;
    }
    if link.is_some() {
        return Ok(go(&to));
    }
    let mut response = go(&to);
    let begun = session::begin(api, from, user)?;
    for cookie in begun.headers().get_all(header::SET_COOKIE) {
        response.headers_mut().append(header::SET_COOKIE, cookie.clone());
    }
    Ok(response)
}

async fn somebody(api: &Shared, id: &str, code: &str, away: &Away) -> Result<Somebody, String> {
    let provider = api.sign_in.sso.provider(id).ok_or("no such provider")?;
    provider.receive(code, away, api.now()).await.map_err(|error| error.to_string())
}

/// Who came back, as they are known here.
struct Known {
    user: UserId,
    /// Since a moment ago.
    linked: bool,
}

/// Who that is here; the identity is linked on the way if it is not yet, to somebody whose e-mail is theirs. Whoever has only
/// claimed an e-mail here must not be found by it.
fn known(api: &Shared, somebody: Somebody, link: Option<UserId>) -> Answer<Known> {
    let state = api.engine.state();
    let mut people = api.people();
    if let Some(identity) = people.identity(&somebody.issuer, &somebody.subject)? {
        return match link {
            Some(user) if user != identity.user => {
                Err(Problem::new(StatusCode::CONFLICT, "sso_taken", "this account is somebody else's here"))
            }
            _ => Ok(Known { user: identity.user, linked: false }),
        };
    }
    let user = match (link, somebody.email.as_deref().filter(|_| somebody.email_verified)) {
        (Some(user), _) => Some(user),
        (None, Some(email)) => people.person_by_email(email)?.map(|person| person.user),
        (None, None) => None,
    };
    let nobody = || Problem::new(StatusCode::FORBIDDEN, "sso_no_person", "nobody here has this e-mail");
    let user = user.ok_or_else(nobody)?;
    if !state.is_verified(user) {
        let detail = "confirm your e-mail here first: ask for the letter under Security";
        return Err(Problem::new(StatusCode::FORBIDDEN, "sso_unverified", detail));
    }
    let Somebody { issuer, subject, email, .. } = somebody;
    match people.link_identity(&Identity { issuer, subject, user, email, linked_at: api.now() }) {
        Err(StoreError::Invalid { what, problem }) => Err(Problem::invalid(format!("{what} {problem}"))),
        linked => Ok(linked.map(|()| Known { user, linked: true })?),
    }
}

/// Where to go on afterwards.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Link {
    next: Option<String>,
}

/// `POST /me/identities/{id}`: where to go to show that the provider's account is the caller's.
pub async fn link(
    Shares(api): Shares<Shared>,
    caller: Caller,
    Path(id): Path<String>,
    Body(asked): Body<Link>,
) -> Answer<Response> {
    let provider = provider(&api, &id)?;
    recent(&api, &caller)?;
    let (location, cookie) = send(&api, provider, local(asked.next), Some(caller.session.user)).await?;
    Ok(([(header::SET_COOKIE, cookie)], Json(json!({ "location": location }))).into_response())
}

/// `DELETE /me/identities/{id}`
pub async fn unlink(Shares(api): Shares<Shared>, caller: Caller, Path(id): Path<String>) -> Answer<StatusCode> {
    let user = caller.session.user;
    let all = api.people().identities_of(user)?;
    let meant = all.iter().find(|identity| id_of(identity) == id).ok_or_else(|| Problem::not_found("identity"))?;
    recent(&api, &caller)?;
    let password = api.people().person(user)?.is_some_and(|person| person.password_hash.is_some());
    if all.len() == 1 && !password && api.people().passkeys_of(user)?.is_empty() {
        let detail = "this is the only way you can sign in: set a password first";
        return Err(Problem::new(StatusCode::CONFLICT, "last_factor", detail));
    }
    api.people().unlink_identity(meant, api.now())?;
    secured::changed(&api, user, SignInChange::Identity, "an account at another company opens yours no more").await?;
    Ok(StatusCode::NO_CONTENT)
}
