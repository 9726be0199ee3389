//! Signing in and out, and showing once more that it is you.

use super::{
    Shared, accounts,
    caller::{ABSOLUTE, COOKIE, Caller, IDLE, SignedIn, token_of},
    factors::{self, Code, check_code},
    keys, me, passkeys,
    problem::{Answer, Body, Problem},
    sso,
};
use crate::sign_in::{throttle::Trial, tokens};
use adit_core::{
    authz::{Actor, Permission, Place, Principal},
    ids::UserId,
    state::State,
};
use adit_store::{Person, Session};
use axum::{
    Json,
    extract::{ConnectInfo, FromRequestParts, State as Shares},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    convert::Infallible,
    net::{IpAddr, SocketAddr},
};

pub use crate::sign_in::{passwords::hash as hash_password, tokens::hash_of};

/// Where a request comes from.
pub struct From {
    /// The other end of the connection.
    pub address: String,
    /// The browser's own words.
    pub user_agent: String,
}

impl FromRequestParts<Shared> for From {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip().to_canonical());
        let address = peer.map(|peer| origin(peer, &parts.headers, &api.options.proxies));
        let address = address.map_or_else(|| "unknown".into(), |address| address.to_string());
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self { address, user_agent: user_agent.unwrap_or_default().into() })
    }
}

/// Whom a proxy speaks for: the last one in its list that is no proxy of ours. What others write there counts for nothing.
fn origin(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> IpAddr {
    let lines = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok());
    let list: Vec<_> = lines.flat_map(|line| line.split(',')).map(|entry| entry.trim().parse::<IpAddr>()).collect();
    let mut speaker = peer;
    for said in list.into_iter().rev() {
        match said {
            Ok(said) if proxies.contains(&speaker) => speaker = said.to_canonical(),
            _ => break,
        }
    }
    speaker
}

/// 32 random bytes in hex.
///
/// # Errors
/// The system gives no randomness.
pub fn random_token() -> Answer<String> {
    tokens::random().map_err(|error| Problem::internal(&error))
}

/// E-mail and password.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignIn {
    email: String,
    password: String,
}

/// One proof more.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepUp {
    password: Option<String>,
    code: Option<String>,
    recovery_code: Option<String>,
    passkey: Option<passkeys::Answered>,
}

/// What is being tried: by whom it is known from this address already.
pub(super) fn trial(api: &Shared, address: &str, email: &str, person: Option<&Person>) -> Answer<Trial> {
    let sessions = person.map_or(Ok(Vec::new()), |person| api.people().sessions_of(person.user));
    let sessions = sessions.map_err(|error| Problem::internal(&error))?;
    Ok(Trial::new(address, email, sessions.iter().any(|session| session.address == address)))
}

/// Whether it is this person's password. Takes as long for somebody who does not exist.
pub(super) async fn check_password(
    api: &Shared,
    address: &str,
    email: &str,
    person: Option<&Person>,
    password: String,
) -> Answer<()> {
    let trial = trial(api, address, email, person)?;
    api.sign_in.attempt(&trial, api.now()).map_err(Problem::too_many_attempts)?;
    let kept = person.and_then(|person| person.password_hash.clone());
    if api.sign_in.passwords.fits(kept, password).await.map_err(|error| Problem::internal(&error))? {
        api.sign_in.succeeded(&trial);
        Ok(())
    } else {
        let detail = "this e-mail and this password do not belong together";
        Err(Problem::new(StatusCode::UNAUTHORIZED, "sign_in_failed", detail))
    }
}

/// `POST /session`
pub async fn sign_in(Shares(api): Shares<Shared>, from: From, Body(asked): Body<SignIn>) -> Answer<Response> {
    let person = api.people().person_by_email(&asked.email).map_err(|error| Problem::internal(&error))?;
    check_password(&api, &from.address, &asked.email, person.as_ref(), asked.password).await?;
    let person = person.ok_or_else(Problem::not_signed_in)?;
    let asks = api.people().totp(person.user)?.is_some();
    if asks { factors::ask_for_second(&api, person.user) } else { begin(&api, &from, person.user) }
}

/// Begins a session and answers with it.
pub(super) fn begin(api: &Shared, from: &From, user: UserId) -> Answer<Response> {
    let (token, csrf, now) = (random_token()?, random_token()?, api.now());
    let earlier = api.people().sessions_of(user)?;
    let session = Session {
        token_hash: hash_of(&token),
        user,
        csrf,
        created_at: now,
        authenticated_at: now,
        last_seen_at: now,
        address: from.address.clone(),
        user_agent: from.user_agent.clone(),
        account: accounts::first(&api.engine.state(), user, &earlier),
    };
    let body = view(api, &session)?;
    let mut people = api.people();
    people.drop_expired_sessions(now.before(ABSOLUTE), now.before(IDLE))?;
    people.add_session(&session)?;
    drop(people);
    Ok(with_cookie(Json(body).into_response(), api, &token, 7 * 86_400))
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
pub async fn sign_out(Shares(api): Shares<Shared>, headers: HeaderMap, _: SignedIn) -> Answer<Response> {
    let token = token_of(&headers).ok_or_else(Problem::not_signed_in)?;
    api.people().revoke_session(&hash_of(token)).map_err(|error| Problem::internal(&error))?;
    Ok(with_cookie(StatusCode::NO_CONTENT.into_response(), &api, "", 0))
}

/// `POST /session/step-up`
pub async fn step_up(
    Shares(api): Shares<Shared>,
    from: From,
    caller: Caller,
    Body(asked): Body<StepUp>,
) -> Answer<Json<Value>> {
    let person = me::person(&api.people(), &caller)?;
    match (asked.password, asked.code, asked.recovery_code, asked.passkey) {
        (Some(password), None, None, None) => {
            check_password(&api, &from.address, &person.email, Some(&person), password).await?;
        }
        (None, Some(code), None, None) => check_code(&api, &from.address, person.user, &Code::App(code))?,
        (None, None, Some(code), None) => check_code(&api, &from.address, person.user, &Code::Recovery(code))?,
        (None, None, None, Some(answered)) => {
            passkeys::prove_again(&api, &from, person.user, &answered)?;
        }
        _ => return Err(Problem::invalid("one of password, code, recovery_code and passkey is needed")),
    }
    let session = Session { authenticated_at: api.now(), ..caller.session };
    api.people().set_authenticated(&session.token_hash, session.authenticated_at)?;
    view(&api, &session).map(Json)
}

/// `GET /sign-in-options`: what the sign-in page may offer.
pub async fn options(Shares(api): Shares<Shared>) -> Json<Value> {
    let set_up = api.sign_in.set_up.lock().await.is_some();
    let passkeys = api.sign_in.passkeys.as_ref();
    let passkeys = passkeys.map(|passkeys| json!({ "rp_id": passkeys.site(), "origin": passkeys.origin }));
    let email = api.sign_in.mailer.is_there();
    let (demo, sso) = (is_demo(&api), sso::providers(&api));
    Json(json!({ "setup": set_up, "demo": demo, "email": email, "passkeys": passkeys, "sso": sso }))
}

fn is_demo(api: &Shared) -> bool {
    api.options.loopback && !api.options.demo_users.is_empty()
}

/// `GET /demo-users`: only a demo on loopback has them.
pub async fn demo_users(Shares(api): Shares<Shared>) -> Answer<Json<Value>> {
    if !is_demo(&api) {
        return Err(Problem::not_found("page"));
    }
    let users =
        api.options.demo_users.iter().map(
            |user| json!({ "email": user.email, "name": user.name, "role": user.role, "password": user.password }),
        );
    Ok(Json(users.collect()))
}

/// A session as its owner sees it.
pub(super) fn view(api: &Shared, session: &Session) -> Answer<Value> {
    let state = api.engine.state();
    let now = api.now();
    let name = api.people().person(session.user).map_err(|error| Problem::internal(&error))?;
    let name = name.map_or_else(|| session.user.to_string(), |person| person.display_name);
    let account = state.account(accounts::current(&state, session)?).ok_or_else(|| Problem::not_found("account"))?;
    let principal = Principal::User(session.user);
    let actor = Actor { account: account.id, principal, authenticated_at: session.authenticated_at };
    let rights = state.rights_of_user(account.id, session.user);
    let mask = rights.mask(now);
    let permissions: Vec<_> = Permission::all().filter(|p| mask & p.bit() != 0).map(Permission::name).collect();
    let roles = state.roles_of(account.id, session.user).into_iter();
    let roles: Vec<_> = roles.map(|role| state.role_title(role)).collect();
    Ok(json!({
        "user": { "id": session.user, "name": name },
        "account": { "id": account.id, "name": account.name },
        "accounts": accounts::of(&state, session.user, Some(account.id)),
        "may_found": api.options.anyone_may_found,
        "has_keys": keys::own::has_some(&state, account.id, session.user, now),
        "deletion": accounts::deletion(&state, &actor, now),
        "ownership_offer": accounts::offer(api, &state, account.id, session.user)?,
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_our_proxies_may_say_whom_they_speak_for() {
        let [proxy, inner, client, liar] =
            ["127.0.0.1", "10.0.0.2", "192.0.2.7", "203.0.113.9"].map(|a| a.parse().unwrap());
        let headers = |value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert("x-forwarded-for", HeaderValue::from_static(value));
            headers
        };
        assert_eq!(origin(client, &HeaderMap::new(), &[proxy]), client);
        assert_eq!(
            origin(proxy, &headers("203.0.113.9, 192.0.2.7"), &[proxy]),
            client,
            "what the client wrote is left out"
        );
        assert_eq!(origin(proxy, &headers("192.0.2.7, 10.0.0.2"), &[proxy, inner]), client);
        assert_eq!(origin(liar, &headers("192.0.2.7"), &[proxy]), liar);
        assert_eq!(origin(proxy, &headers("nonsense"), &[proxy]), proxy);
    }
}
