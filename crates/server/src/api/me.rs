//! What belongs to a person alone: where they are signed in, and their password.

use super::{
    Shared,
    caller::{ABSOLUTE, Caller, IDLE},
    passkeys,
    problem::{Answer, Body, Problem},
    secured,
    session::{self, From},
    setup::accept_password,
    sso,
};
use crate::sign_in::tokens::hex;
use adit_core::{rejection::Rejection, requests::STEP_UP_WINDOW, state::SignInChange};
use adit_store::{People, Person, Session, StoreError};
use axum::{
    Json,
    extract::{Path, State as Shares},
    http::StatusCode,
};
use serde::Deserialize;
use serde_json::{Value, json};

impl std::convert::From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

/// They have shown within the last minutes that it is they.
///
/// # Errors
/// `step_up_required`.
pub(super) fn recent(api: &Shared, caller: &Caller) -> Answer<()> {
    let fresh = api.now().since(caller.session.authenticated_at) < STEP_UP_WINDOW;
    if fresh { Ok(()) } else { Err(Rejection::StepUpRequired.into()) }
}

/// The caller as a person.
pub(super) fn person(people: &People, caller: &Caller) -> Answer<Person> {
    people.person(caller.session.user)?.ok_or_else(Problem::not_signed_in)
}

/// `GET /me/security`
pub async fn security(Shares(api): Shares<Shared>, caller: Caller) -> Answer<Json<Value>> {
    let people = api.people();
    let person = person(&people, &caller)?;
    let (user, security) = (person.user, people.security(person.user)?);
    let totp = people.totp(user)?;
    Ok(Json(json!({
        "email": person.email,
        "email_verified": api.engine.state().is_verified(user),
        "password": {
            "set": person.password_hash.is_some(),
            "changed_at": security.password_changed_at,
        },
        "totp": {
            "on": totp.is_some(),
            "since": totp.map(|totp| totp.since),
            "recovery_codes_left": people.recovery_codes_left(user)?,
        },
        "passkeys": people.passkeys_of(user)?.iter().map(passkeys::view).collect::<Vec<_>>(),
        "identities": people.identities_of(user)?.iter().map(|one| sso::view(&api, one)).collect::<Vec<_>>(),
        "sso": sso::providers(&api),
    })))
}

fn id_of(session: &Session) -> String {
    hex(&session.token_hash[..8])
}

/// `GET /me/sessions`
pub async fn sessions(Shares(api): Shares<Shared>, caller: Caller) -> Answer<Json<Value>> {
    let now = api.now();
    let all = api.people().sessions_of(caller.session.user)?;
    let live = all.iter().filter(|s| now.since(s.last_seen_at) < IDLE && now.since(s.created_at) < ABSOLUTE);
    let items: Vec<_> = live
        .map(|session| {
            json!({
                "id": id_of(session),
                "current": session.token_hash == caller.session.token_hash,
                "created_at": session.created_at,
                "last_seen_at": session.last_seen_at,
                "authenticated_at": session.authenticated_at,
                "address": session.address,
                "user_agent": session.user_agent,
                "expires_at": session.created_at.after(ABSOLUTE).min(session.last_seen_at.after(IDLE)),
            })
        })
        .collect();
    Ok(Json(json!({ "items": items })))
}

/// `DELETE /me/sessions/{id}`
pub async fn end_session(Shares(api): Shares<Shared>, caller: Caller, Path(id): Path<String>) -> Answer<StatusCode> {
    let mut people = api.people();
    let all = people.sessions_of(caller.session.user)?;
    let meant = all.iter().find(|session| id_of(session) == id).ok_or_else(|| Problem::not_found("session"))?;
    people.revoke_session(&meant.token_hash)?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /me/sessions`: all but the one that asks.
pub async fn end_others(Shares(api): Shares<Shared>, caller: Caller) -> Answer<Json<Value>> {
    let ended = api.people().revoke_sessions_of(caller.session.user, Some(&caller.session.token_hash))?;
    Ok(Json(json!({ "ended": ended })))
}

/// A new password, and the one until now.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    current: Option<String>,
    password: String,
}

/// `PUT /me/password`: other sessions end.
pub async fn change_password(
    Shares(api): Shares<Shared>,
    from: From,
    caller: Caller,
    Body(asked): Body<NewPassword>,
) -> Answer<StatusCode> {
    let person = person(&api.people(), &caller)?;
    if person.password_hash.is_some() {
        let current = asked.current.ok_or_else(|| Problem::field("/current", "is missing: the password until now"))?;
        session::check_password(&api, &from.address, &person.email, Some(&person), current).await?;
    } else {
        recent(&api, &caller)?;
    }
    let company = api.engine.state().account(caller.actor.account).map(|account| account.name.clone());
    accept_password(&asked.password, &[&person.email, &person.display_name, &company.unwrap_or_default()])?;
    let hash = api.sign_in.passwords.hash(&from.address, asked.password).await?;
    {
        let mut people = api.people();
        people.change_password(person.user, &hash, api.now())?;
        people.revoke_sessions_of(person.user, Some(&caller.session.token_hash))?;
    }
    secured::changed(&api, person.user, SignInChange::Password, "there is a new password").await?;
    Ok(StatusCode::NO_CONTENT)
}
