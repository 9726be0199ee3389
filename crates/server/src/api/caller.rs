//! Who asks, and the proof that they may. Unsafe methods must carry the session's CSRF token.

use super::{Shared, accounts, keys::program, problem::Problem, session};
use crate::net::Visitor;
use adit_core::{
    authz::{Actor, Permit, Principal},
    rejection::Rejection,
    time::{Millis, Timestamp},
};
use adit_store::Session;
use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, header, request::Parts},
};

/// The cookie that holds the session's token.
pub const COOKIE: &str = "adit_session";
/// The header that holds its CSRF token.
pub const CSRF: &str = "x-adit-csrf";

/// A session ends this long after it was last used.
pub(super) const IDLE: Millis = Millis::hours(12);
/// And this long after it began.
pub(super) const ABSOLUTE: Millis = Millis::days(7);

/// Somebody who is signed in, on whichever account, or on none any more.
pub struct SignedIn(pub Session);

/// Somebody who is signed in and holds at least one grant on the account that they have chosen.
#[derive(Debug, Clone)]
pub struct Caller {
    /// As the core knows them.
    pub actor: Actor,
    /// Their session.
    pub session: Session,
}

/// A caller with proof that they hold permission `P` somewhere.
pub struct Allowed<const P: u8> {
    /// Who.
    pub caller: Caller,
    /// The proof, and where it reaches.
    pub permit: Permit<P>,
}

/// The session's token as the cookie header has it.
#[must_use]
pub fn token_of(headers: &HeaderMap) -> Option<&str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    cookies.flat_map(|line| line.split(';')).find_map(|pair| pair.trim().strip_prefix(COOKIE)?.strip_prefix('='))
}

/// Whoever sent this has shown who they are.
pub(in crate::api) fn is_known(parts: &Parts) {
    if let Some(visitor) = parts.extensions.get::<Visitor>() {
        visitor.is_known();
    }
}

fn lasts(session: &Session, now: Timestamp) -> bool {
    now.since(session.last_seen_at) < IDLE && now.since(session.created_at) < ABSOLUTE
}

/// A session, if it still lasts. Asking does not count as using it.
///
/// # Errors
/// The directory cannot be read.
pub fn look_up(api: &Shared, token_hash: &[u8; 32]) -> Result<Option<Session>, Problem> {
    let session = api.people().session(token_hash).map_err(|error| Problem::internal(&error))?;
    Ok(session.filter(|session| lasts(session, api.now())))
}

/// The live session of a token.
///
/// # Errors
/// `not_signed_in`, or the directory cannot be read.
pub fn live_session(api: &Shared, token: &str) -> Result<Session, Problem> {
    let now = api.now();
    let mut people = api.people();
    let session = people.session(&session::hash_of(token)).map_err(|error| Problem::internal(&error))?;
    let session = session.filter(|session| lasts(session, now)).ok_or_else(Problem::not_signed_in)?;
    if now.since(session.last_seen_at) > Millis::minutes(1) {
        people.touch_sessions(&[(session.token_hash, now)]).map_err(|error| Problem::internal(&error))?;
    }
    Ok(session)
}

impl AsRef<Actor> for Caller {
    fn as_ref(&self) -> &Actor {
        &self.actor
    }
}

/// A person or a program, by a session or by a live API key. Where there is a key, the key alone counts.
#[derive(Debug, Clone)]
pub struct Asker(pub Actor);

impl AsRef<Actor> for Asker {
    fn as_ref(&self) -> &Actor {
        &self.0
    }
}

impl FromRequestParts<Shared> for Asker {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        match program::of(parts)? {
            Some(program) => Ok(Self(*program.actor())),
            None => Caller::from_request_parts(parts, api).await.map(|caller| Self(caller.actor)),
        }
    }
}

/// A person or a program with proof that they hold permission `P` somewhere.
pub struct Permitted<const P: u8> {
    /// Who.
    pub asker: Asker,
    /// The proof, and where it reaches.
    pub permit: Permit<P>,
}

impl<const P: u8> FromRequestParts<Shared> for Permitted<P> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        let asker = Asker::from_request_parts(parts, api).await?;
        let permit = api.engine.state().permit::<P>(&asker.0, api.now()).map_err(Rejection::from)?;
        Ok(Self { asker, permit })
    }
}

impl FromRequestParts<Shared> for SignedIn {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        if program::of(parts)?.is_some() {
            let detail = "API keys do not do this: it is for somebody who is signed in";
            return Err(Problem::new(StatusCode::FORBIDDEN, "key_scope", detail));
        }
        let token = token_of(&parts.headers).ok_or_else(Problem::not_signed_in)?;
        let session = live_session(api, token)?;
        if !parts.method.is_safe() {
            let given = parts.headers.get(CSRF).map_or(&b""[..], axum::http::HeaderValue::as_bytes);
            if given != session.csrf.as_bytes() {
                let detail = "this changes something and lacks the header X-Adit-Csrf with the session's token";
                return Err(Problem::new(StatusCode::FORBIDDEN, "csrf", detail));
            }
        }
        is_known(parts);
        Ok(Self(session))
    }
}

impl FromRequestParts<Shared> for Caller {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        let SignedIn(session) = SignedIn::from_request_parts(parts, api).await?;
        let account = accounts::current(&api.engine.state(), &session)?;
        let principal = Principal::User(session.user);
        let actor = Actor { account, principal, authenticated_at: session.authenticated_at };
        Ok(Self { actor, session })
    }
}

impl<const P: u8> FromRequestParts<Shared> for Allowed<P> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        let caller = Caller::from_request_parts(parts, api).await?;
        let permit = api.engine.state().permit::<P>(&caller.actor, api.now()).map_err(Rejection::from)?;
        Ok(Self { caller, permit })
    }
}

/// Whoever may have a say in requests: a caller, or a person who is suspended and may still stop some. What that is, core says.
pub struct Party(pub Asker);

impl FromRequestParts<Shared> for Party {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        if program::of(parts)?.is_none() {
            let SignedIn(session) = SignedIn::from_request_parts(parts, api).await?;
            if let Some(account) = accounts::suspended_on(&api.engine.state(), &session) {
                let principal = Principal::User(session.user);
                let actor = Actor { account, principal, authenticated_at: session.authenticated_at };
                return Ok(Self(Asker(actor)));
            }
        }
        Asker::from_request_parts(parts, api).await.map(Self)
    }
}

/// A party that holds permission `P` somewhere, or holds nothing because they are suspended.
pub struct PartyWith<const P: u8>(pub Asker);

impl<const P: u8> FromRequestParts<Shared> for PartyWith<P> {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        let Party(asker) = Party::from_request_parts(parts, api).await?;
        let (state, actor) = (api.engine.state(), &asker.0);
        if !actor.user().is_some_and(|user| state.is_suspended_member(actor.account, user)) {
            state.permit::<P>(actor, api.now()).map_err(Rejection::from)?;
        }
        Ok(Self(asker))
    }
}
