//! Signing in and out, and showing once more that it is you.

use super::{
    Shared, accounts,
    caller::{ABSOLUTE, COOKIE, Caller, IDLE, SignedIn, token_of},
    factors::{self, Code, check_code},
    keys, me, passkeys,
    problem::{Answer, Body, Problem},
    sso, views,
};
use crate::{
    net::{Origin, Source},
    sign_in::{throttle::Trial, tokens},
};
use adit_core::{
    authz::{Actor, Permission, Place, Principal},
    ids::{AccountId, UserId},
    rejection::Rejection,
    state::State,
};
use adit_store::{Person, Session};
use axum::{
    Json,
    extract::{FromRequestParts, State as Shares},
    http::{HeaderMap, HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::convert::Infallible;

/// Most sessions of one person; beyond them, the one that was used longest ago ends.
const MAX_SESSIONS: usize = 50;

pub use crate::sign_in::{passwords::hash as hash_password, tokens::hash_of};

/// Where a request comes from.
pub struct From {
    /// The other end of the connection, or whom our proxy speaks for.
    pub address: String,
    /// The browser's own words.
    pub user_agent: String,
}

impl FromRequestParts<Shared> for From {
    type Rejection = Infallible;
    async fn from_request_parts(parts: &mut Parts, _: &Shared) -> Result<Self, Infallible> {
        let address =
            parts.extensions.get::<Origin>().map_or_else(|| "unknown".into(), |Origin(from)| from.to_string());
        let user_agent = parts.headers.get(header::USER_AGENT).and_then(|value| value.to_str().ok());
        Ok(Self { address, user_agent: user_agent.unwrap_or_default().into() })
    }
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
    Ok(Trial::new(address, email, is_known_at(&sessions, address)))
}

/// Is one of the sessions from there?
pub(super) fn is_known_at(sessions: &[Session], address: &str) -> bool {
    let source = Source::of_text(address);
    sessions.iter().any(|session| Source::of_text(&session.address) == source)
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
    let turn = api.sign_in.passwords.turn(address, trial.is_known_here())?;
    api.sign_in.attempt(&trial, api.now()).map_err(Problem::too_many_attempts)?;
    let kept = person.and_then(|person| person.password_hash.clone());
    if turn.fits(kept, password).await? {
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
    let answer = match view(api, &session) {
        Ok(body) => Json(body).into_response(),
        // They are signed in, to say whether they want to open what they were given, or to stop what they may still stop.
        Err(problem) if [accounts::UNOPENED, accounts::SUSPENDED].contains(&problem.code) => problem.into_response(),
        Err(problem) => return Err(problem),
    };
    let mut people = api.people();
    if earlier.len() >= MAX_SESSIONS
        && let Some(oldest) = earlier.iter().min_by_key(|session| session.last_seen_at)
    {
        people.revoke_session(&oldest.token_hash)?;
    }
    people.drop_expired_sessions(now.before(ABSOLUTE), now.before(IDLE))?;
    people.add_session(&session)?;
    drop(people);
    Ok(with_cookie(answer, api, &token, 7 * 86_400))
}

fn with_cookie(mut response: Response, api: &Shared, token: &str, max_age_s: u32) -> Response {
    let secure = api.secure();
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
    let roles = state.roles_of(account.id, session.user, now).into_iter();
    let roles: Vec<_> = roles.map(|role| state.role_title(role)).collect();
    Ok(json!({
        "user": { "id": session.user, "name": name },
        "account": { "id": account.id, "name": account.name },
        "accounts": accounts::of(&state, session.user, Some(account.id), now),
        "may_found": api.options.anyone_may_found,
        "has_keys": keys::own::has_some(&state, account.id, session.user, now),
        "deletion": accounts::deletion(&state, &actor, now),
        "ownership_offer": accounts::offer(api, &state, account.id, session.user)?,
        "uncounted": uncounted(&state, account.id, session.user),
        "roles": roles,
        "csrf": session.csrf,
        "permissions": permissions,
        "sites": sites_seen(&state, account.id, |place| rights.allow(Permission::DeviceList, place, now)),
        "authenticated_at": session.authenticated_at,
        "demo": !api.options.demo_users.is_empty(),
    }))
}

/// Why the person's approvals would not count here, whatever their role.
fn uncounted(state: &State, account: AccountId, user: UserId) -> Value {
    let why = state.why_uncounted(account, user).map(Rejection::NoSay);
    why.map_or(Value::Null, |why| match &why {
        Rejection::NoSay(words) => json!({ "code": why.code(), "detail": views::sentence(&words.to_string()) }),
        _ => Value::Null,
    })
}

fn sites_seen(state: &State, account: AccountId, sees: impl Fn(&Place) -> bool) -> Vec<Value> {
    let sites = state.sites_of(account).filter(|site| sees(&Place::site(site.id)));
    sites.map(|site| json!({ "id": site.id, "name": site.name })).collect()
}
