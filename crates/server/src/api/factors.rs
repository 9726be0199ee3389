//! One-time codes: turning them on and off, and the step of signing in that asks for one.

use super::{
    Shared,
    caller::Caller,
    me::{person, recent},
    problem::{Answer, Body, Problem},
    secured,
    session::{self, From},
};
use crate::sign_in::{throttle::Trial, totp};
use adit_core::{ids::UserId, state::SignInChange, time::Millis};
use axum::{
    Json,
    extract::State as Shares,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

/// How long the second step may take.
const SECOND_STEP: Millis = Millis::minutes(5);
/// What the ticket is sealed as that leads to it.
const STEP: &str = "second step";
/// How long turning codes on may take.
const ENROLMENT: Millis = Millis::minutes(10);

/// A one-time code, or one for whoever has lost the app.
pub(super) enum Code {
    App(String),
    Recovery(String),
}

/// Whether the code is this person's and not used up; it is afterwards.
pub(super) fn check_code(api: &Shared, address: &str, user: UserId, code: &Code) -> Answer<()> {
    let known = session::is_known_at(&api.people().sessions_of(user)?, address);
    let trial = match code {
        // Six digits can be guessed from many addresses. Whoever gets as far as here has the password, or a session.
        Code::App(_) => Trial::of_all(address, &format!("codes of {user}"), known),
        Code::Recovery(_) => Trial::new(address, &format!("recovery codes of {user}"), known),
    };
    api.sign_in.attempt(&trial, api.now()).map_err(Problem::too_many_attempts)?;
    let fits = match code {
        Code::Recovery(code) => api.people().use_recovery_code(user, &totp::recovery_hash(code))?,
        Code::App(code) => {
            let secret = api.agents.secrets().get(&totp::secret_name(user))?;
            let step = secret.and_then(|secret| totp::step_of(&secret, code, api.now()));
            step.map_or(Ok(false), |step| api.people().use_totp_step(user, step))?
        }
    };
    if fits {
        api.sign_in.succeeded(&trial);
        return Ok(());
    }
    let detail = "this code is wrong, or was used before: wait for the next one";
    Err(Problem::new(StatusCode::UNAUTHORIZED, "code_wrong", detail))
}

/// Answers a right password with the question for a code. Nothing is open yet: there is no session, only a ticket that leads on.
pub(super) fn ask_for_second(api: &Shared, user: UserId) -> Answer<Response> {
    let expires_at = api.now().after(SECOND_STEP);
    let ticket = api.sign_in.seals.seal(STEP, &user, expires_at).map_err(|error| Problem::internal(&error))?;
    let recovery = api.people().recovery_codes_left(user)? > 0;
    let factors: Vec<_> = ["totp"].into_iter().chain(recovery.then_some("recovery_code")).collect();
    let body = json!({ "ticket": ticket, "factors": factors, "expires_at": expires_at });
    Ok((StatusCode::ACCEPTED, Json(body)).into_response())
}

/// The ticket and a code, of one kind.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Second {
    ticket: String,
    code: Option<String>,
    recovery_code: Option<String>,
}

/// `POST /session/second-factor`
pub async fn second(Shares(api): Shares<Shared>, from: From, Body(asked): Body<Second>) -> Answer<Response> {
    let expired = || Problem::new(StatusCode::UNAUTHORIZED, "ticket_expired", "this took too long: sign in again");
    let code = match (asked.code, asked.recovery_code) {
        (Some(code), None) => Code::App(code),
        (None, Some(code)) => Code::Recovery(code),
        _ => return Err(Problem::invalid("either code or recovery_code is needed")),
    };
    let step = api.sign_in.seals.open::<UserId>(STEP, &asked.ticket, api.now()).ok_or_else(expired)?;
    check_code(&api, &from.address, step.holds, &code)?;
    if !api.sign_in.seals.spend(&step, api.now()) {
        return Err(expired());
    }
    session::begin(&api, &from, step.holds)
}

/// `POST /me/totp`: draws a secret. Codes are asked for once one has been confirmed.
pub async fn draw(Shares(api): Shares<Shared>, caller: Caller) -> Answer<Json<Value>> {
    recent(&api, &caller)?;
    let person = person(&api.people(), &caller)?;
    if api.people().totp(person.user)?.is_some() {
        return Err(Problem::new(StatusCode::CONFLICT, "totp_on", "codes are on: turn them off first"));
    }
    let drawn = totp::draw(&person.email).map_err(|error| Problem::internal(&error))?;
    let body = json!({ "secret": drawn.base32, "uri": drawn.uri });
    let now = api.now();
    api.sign_in.enrolments.issue(&person.user.to_string(), drawn.secret, now.after(ENROLMENT), 10, now);
    Ok(Json(body))
}

/// A code of the app.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Confirm {
    code: String,
}

/// `POST /me/totp/confirm`: the app has taken the secret over. Other sessions end.
pub async fn confirm(Shares(api): Shares<Shared>, caller: Caller, Body(asked): Body<Confirm>) -> Answer<Json<Value>> {
    recent(&api, &caller)?;
    let (user, now) = (caller.session.user, api.now());
    let begun = user.to_string();
    let none = || Problem::new(StatusCode::CONFLICT, "totp_not_begun", "this took too long: begin again");
    let secret = api.sign_in.enrolments.attempt(&begun, now).ok_or_else(none)?;
    let step = totp::step_of(&secret, &asked.code, now).ok_or_else(|| {
        let detail = "this is not the app's code of this moment: is its clock right?";
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "code_wrong", detail)
    })?;
    api.sign_in.enrolments.spend(&begun, now).ok_or_else(none)?;
    let codes = totp::recovery_codes().map_err(|error| Problem::internal(&error))?;
    let hashes: Vec<_> = codes.iter().map(|code| totp::recovery_hash(code)).collect();
    // The secret first: without it nobody could sign in, and without the rest nobody is asked for it.
    api.agents.secrets().put(&totp::secret_name(user), &secret)?;
    {
        let mut people = api.people();
        people.set_totp(user, now, step, &hashes)?;
        people.revoke_sessions_of(user, Some(&caller.session.token_hash))?;
    }
    secured::changed(&api, user, SignInChange::SecondFactor, "one-time codes are asked for").await?;
    Ok(Json(json!({ "recovery_codes": codes })))
}

/// `DELETE /me/totp`: other sessions end.
pub async fn remove(Shares(api): Shares<Shared>, caller: Caller) -> Answer<StatusCode> {
    recent(&api, &caller)?;
    let user = caller.session.user;
    let enrolled = !api.people().passkeys_of(user)?.is_empty();
    secured::allow(&api, user, SignInChange::SecondFactor, enrolled).await?;
    {
        let mut people = api.people();
        people.remove_totp(user, api.now())?;
        people.revoke_sessions_of(user, Some(&caller.session.token_hash))?;
    }
    api.agents.secrets().delete(&totp::secret_name(user))?;
    secured::tell(&api, user, "one-time codes are off")?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /me/recovery-codes`: new ones in place of the old.
pub async fn renew(Shares(api): Shares<Shared>, caller: Caller) -> Answer<Json<Value>> {
    recent(&api, &caller)?;
    let user = caller.session.user;
    if api.people().totp(user)?.is_none() {
        return Err(Problem::new(StatusCode::CONFLICT, "totp_off", "codes are off: there is nothing to recover"));
    }
    let codes = totp::recovery_codes().map_err(|error| Problem::internal(&error))?;
    let hashes: Vec<_> = codes.iter().map(|code| totp::recovery_hash(code)).collect();
    api.people().set_recovery_codes(user, &hashes, api.now())?;
    secured::changed(&api, user, SignInChange::SecondFactor, "there are new recovery codes").await?;
    Ok(Json(json!({ "recovery_codes": codes })))
}
