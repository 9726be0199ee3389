//! Passkeys: adding and removing them, signing in with one, and showing once more who one is.

use super::{
    Shared,
    caller::{Allowed, Caller},
    me::{person, recent},
    problem::{Answer, Body, Problem},
    requests::sought,
    session::{self, From, random_token},
    setup::text,
};
use crate::sign_in::{
    passkeys::{Ceremony, Failed, Passkeys, Proof, Purpose},
    throttle::Trial,
    tokens::hex,
};
use adit_core::{
    authz::Permission,
    ids::{RequestId, UserId},
    rejection::Rejection,
    requests::{ContentHash, Decision},
    time::Millis,
};
use adit_store::{Passkey, StoreError};
use axum::{
    Json,
    extract::{Path, State as Shares},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

/// How long a ceremony may take; browsers are told the same.
const CEREMONY: Millis = Millis::minutes(5);

/// Nothing but a body.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Begin {}

/// What the browser's authenticator answered to the options that came with the ticket.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Answered {
    ticket: String,
    credential: Value,
}

/// A refusal where browsers have no passkeys for this server.
pub(super) fn passkeys(api: &Shared) -> Answer<&Passkeys> {
    api.sign_in.passkeys.as_ref().ok_or_else(|| {
        let detail = "passkeys need a name and TLS: start the server with its public address";
        Problem::new(StatusCode::CONFLICT, "passkeys_not_configured", detail)
    })
}

fn refused(error: &Failed) -> Problem {
    tracing::info!(%error, "a passkey was refused");
    Problem::new(StatusCode::UNAUTHORIZED, "sign_in_failed", "this passkey was not accepted")
}

fn expired() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "ticket_expired", "this took too long: try again")
}

fn issue(api: &Shared, passkeys: &Passkeys, ceremony: Ceremony, options: &Value) -> Answer<Json<Value>> {
    let (ticket, now) = (random_token()?, api.now());
    passkeys.ceremonies.issue(&ticket, ceremony, now.after(CEREMONY), 1, now);
    Ok(Json(json!({ "ticket": ticket, "options": options })))
}

/// A passkey as its owner sees it.
pub(super) fn view(passkey: &Passkey) -> Value {
    json!({
        "id": id_of(passkey),
        "name": passkey.name,
        "created_at": passkey.created_at,
        "last_used_at": passkey.last_used_at,
    })
}

fn id_of(passkey: &Passkey) -> String {
    hex(&Sha256::digest(&passkey.id)[..8])
}

/// `POST /me/passkeys/begin`
pub async fn begin_adding(
    Shares(api): Shares<Shared>,
    caller: Caller,
    Body(Begin {}): Body<Begin>,
) -> Answer<Json<Value>> {
    let passkeys = passkeys(&api)?;
    recent(&api, &caller)?;
    let mut drawn = [0_u8; 64];
    getrandom::fill(&mut drawn).map_err(|error| Problem::internal(&error))?;
    let mut people = api.people();
    let person = person(&people, &caller)?;
    let handle = people.passkey_handle(person.user, &drawn)?.ok_or_else(Problem::not_signed_in)?;
    let known = people.passkeys_of(person.user)?;
    drop(people);
    let begun = passkeys.begin_registration(handle, &person.email, &person.display_name, &known);
    let (state, options) = begun.map_err(|error| Problem::internal(&error))?;
    issue(&api, passkeys, Ceremony::Registration(person.user, state), &options)
}

/// A new passkey and what it is called.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Add {
    ticket: String,
    name: String,
    credential: Value,
}

/// `POST /me/passkeys`
pub async fn add(Shares(api): Shares<Shared>, caller: Caller, Body(asked): Body<Add>) -> Answer<Response> {
    let passkeys = passkeys(&api)?;
    recent(&api, &caller)?;
    let name = text("name", &asked.name, 50)?;
    let user = caller.session.user;
    let state = match passkeys.ceremonies.spend(&asked.ticket, api.now()) {
        Some(Ceremony::Registration(whose, state)) if whose == user => state,
        _ => return Err(expired()),
    };
    let made = passkeys.register(state, &asked.credential).map_err(|error| {
        tracing::info!(%error, "a passkey was not added");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "this passkey was not accepted")
    })?;
    let passkey = Passkey {
        id: made.id,
        user,
        name,
        key: made.key,
        state: made.state,
        created_at: api.now(),
        last_used_at: None,
    };
    match api.people().add_passkey(&passkey) {
        Err(StoreError::Taken { .. }) => {
            return Err(Problem::new(StatusCode::CONFLICT, "taken", "this passkey is there already"));
        }
        Err(StoreError::Invalid { what, problem }) => return Err(Problem::invalid(format!("{what} {problem}"))),
        added => added?,
    }
    Ok((StatusCode::CREATED, Json(view(&passkey))).into_response())
}

/// `DELETE /me/passkeys/{id}`
pub async fn remove(Shares(api): Shares<Shared>, caller: Caller, Path(id): Path<String>) -> Answer<StatusCode> {
    let mut people = api.people();
    let all = people.passkeys_of(caller.session.user)?;
    let meant = all.iter().find(|passkey| id_of(passkey) == id).ok_or_else(|| Problem::not_found("passkey"))?;
    recent(&api, &caller)?;
    people.remove_passkey(caller.session.user, &meant.id, api.now())?;
    Ok(StatusCode::NO_CONTENT)
}

/// `POST /session/passkey/begin`
pub async fn begin_sign_in(Shares(api): Shares<Shared>, Body(Begin {}): Body<Begin>) -> Answer<Json<Value>> {
    begin_proof(&api, Purpose::SignIn)
}

/// `POST /session/passkey`
pub async fn sign_in(Shares(api): Shares<Shared>, from: From, Body(asked): Body<Answered>) -> Answer<Response> {
    let passkey = prove(&api, &from, Purpose::SignIn, &asked)?;
    session::begin(&api, &from, passkey.user)
}

/// `POST /session/step-up/passkey`
pub async fn begin_step_up(
    Shares(api): Shares<Shared>,
    caller: Caller,
    Body(Begin {}): Body<Begin>,
) -> Answer<Json<Value>> {
    begin_proof(&api, Purpose::StepUp(caller.session.user))
}

/// What a passkey is about to decide.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Decided {
    decision: Decision,
    content_hash: ContentHash,
}

/// `POST /requests/{request}/votes/passkey`
pub async fn begin_vote(
    Shares(api): Shares<Shared>,
    allowed: Allowed<{ Permission::DeviceList as u8 }>,
    Path(request): Path<String>,
    Body(Decided { decision, content_hash }): Body<Decided>,
) -> Answer<Json<Value>> {
    let request = sought(&api, &api.engine.state(), &request, &allowed.caller.actor)?;
    if request.content_hash != content_hash {
        return Err(Rejection::ContentChanged.into());
    }
    begin_proof(&api, Purpose::Vote(allowed.caller.session.user, request.id, decision, content_hash))
}

fn begin_proof(api: &Shared, purpose: Purpose) -> Answer<Json<Value>> {
    let passkeys = passkeys(api)?;
    let (state, options) = passkeys.begin().map_err(|error| Problem::internal(&error))?;
    issue(api, passkeys, Ceremony::Proof(purpose, state), &options)
}

/// The passkey that answered, of whoever the purpose names.
fn prove(api: &Shared, from: &From, purpose: Purpose, asked: &Answered) -> Answer<Passkey> {
    let passkeys = passkeys(api)?;
    let trial = Trial::new(&from.address, "passkeys", true);
    api.sign_in.attempt(&trial, api.now()).map_err(Problem::too_many_attempts)?;
    let state = match passkeys.ceremonies.spend(&asked.ticket, api.now()) {
        Some(Ceremony::Proof(begun_for, state)) if begun_for == purpose => state,
        _ => return Err(expired()),
    };
    let proof = Proof::read(&asked.credential).map_err(|error| refused(&error))?;
    let mut people = api.people();
    let (passkey, handle) = people.passkey(&proof.id())?.ok_or_else(unknown)?;
    if purpose.whose().is_some_and(|user| user != passkey.user) {
        return Err(unknown());
    }
    let kept = passkeys.verify(state, &proof, &passkey, handle).map_err(|error| refused(&error))?;
    people.use_passkey(&passkey.id, &kept, api.now())?;
    drop(people);
    api.sign_in.succeeded(&trial);
    Ok(passkey)
}

/// Shows once more that it is this person.
pub(super) fn prove_again(api: &Shared, from: &From, user: UserId, asked: &Answered) -> Answer<()> {
    prove(api, from, Purpose::StepUp(user), asked).map(drop)
}

/// Id of the passkey that was given for this decision.
pub(super) fn prove_vote(
    api: &Shared,
    from: &From,
    (user, request): (UserId, RequestId),
    (decision, content_hash): (Decision, ContentHash),
    asked: &Answered,
) -> Answer<String> {
    let purpose = Purpose::Vote(user, request, decision, content_hash);
    prove(api, from, purpose, asked).map(|passkey| id_of(&passkey))
}

fn unknown() -> Problem {
    Problem::new(StatusCode::UNAUTHORIZED, "sign_in_failed", "this passkey was not accepted")
}
