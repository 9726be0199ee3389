//! Passkeys: adding and removing them, signing in with one, and showing once more who one is.

use super::{
    Shared,
    caller::{Allowed, Caller},
    me::{person, recent},
    problem::{Answer, Body, Problem},
    requests::sought,
    secured,
    session::{self, From},
    setup::text,
};
use crate::sign_in::{
    passkeys::{Ceremony, Failed, Passkeys, Proof, Purpose},
    seals::Opened,
    throttle::Trial,
    tokens::hex,
};
use adit_core::{
    authz::Permission,
    ids::{RequestId, UserId},
    rejection::Rejection,
    requests::{ContentHash, Decision},
    state::SignInChange,
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
use serde_json::{Map, Value, json};
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
    credential: Map<String, Value>,
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

/// Whoever began the ceremony carries its state, so that nobody's is lost to what others begin.
fn begun(api: &Shared, ceremony: Ceremony, state: &[u8], options: &Value) -> Answer<Json<Value>> {
    let ticket = api.sign_in.seals.seal(&ceremony.name(), &state, api.now().after(CEREMONY));
    let ticket = ticket.map_err(|error| Problem::internal(&error))?;
    Ok(Json(json!({ "ticket": ticket, "options": options })))
}

fn carried(api: &Shared, ceremony: Ceremony, ticket: &str) -> Answer<Opened<Vec<u8>>> {
    api.sign_in.seals.open(&ceremony.name(), ticket, api.now()).ok_or_else(expired)
}

/// It has led to something, and leads nowhere from now on.
fn spend(api: &Shared, state: &Opened<Vec<u8>>) -> Answer<()> {
    if api.sign_in.seals.spend(state, api.now()) { Ok(()) } else { Err(expired()) }
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
    let started = passkeys.begin_registration(handle, &person.email, &person.display_name, &known);
    let (state, options) = started.map_err(|error| Problem::internal(&error))?;
    begun(&api, Ceremony::Registration(person.user), &state, &options)
}

/// A new passkey and what it is called.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Add {
    ticket: String,
    name: String,
    credential: Map<String, Value>,
}

/// `POST /me/passkeys`
pub async fn add(Shares(api): Shares<Shared>, caller: Caller, Body(asked): Body<Add>) -> Answer<Response> {
    let passkeys = passkeys(&api)?;
    recent(&api, &caller)?;
    let name = text("name", &asked.name, 50)?;
    let user = caller.session.user;
    let state = carried(&api, Ceremony::Registration(user), &asked.ticket)?;
    let made = passkeys.register(&state.holds, &asked.credential).map_err(|error| {
        tracing::info!(%error, "a passkey was not added");
        Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid", "this passkey was not accepted")
    })?;
    spend(&api, &state)?;
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
    secured::changed(&api, user, SignInChange::SecondFactor, &format!("the passkey {} was added", passkey.name))
        .await?;
    Ok((StatusCode::CREATED, Json(view(&passkey))).into_response())
}

/// `DELETE /me/passkeys/{id}`
pub async fn remove(Shares(api): Shares<Shared>, caller: Caller, Path(id): Path<String>) -> Answer<StatusCode> {
    let user = caller.session.user;
    let all = api.people().passkeys_of(user)?;
    let meant = all.iter().find(|passkey| id_of(passkey) == id).ok_or_else(|| Problem::not_found("passkey"))?;
    recent(&api, &caller)?;
    let enrolled = all.len() > 1 || api.people().totp(user)?.is_some();
    secured::allow(&api, user, SignInChange::SecondFactor, enrolled).await?;
    api.people().remove_passkey(user, &meant.id, api.now())?;
    secured::tell(&api, user, &format!("the passkey {} was removed", meant.name))?;
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
    request.check_time(api.now())?;
    if request.content_hash != content_hash {
        return Err(Rejection::ContentChanged.into());
    }
    begin_proof(&api, Purpose::Vote(allowed.caller.session.user, request.id, decision, content_hash))
}

fn begin_proof(api: &Shared, purpose: Purpose) -> Answer<Json<Value>> {
    let passkeys = passkeys(api)?;
    let (state, options) = passkeys.begin().map_err(|error| Problem::internal(&error))?;
    begun(api, Ceremony::Proof(purpose), &state, &options)
}

/// The passkey that answered, of whoever the purpose names.
fn prove(api: &Shared, from: &From, purpose: Purpose, asked: &Answered) -> Answer<Passkey> {
    let passkeys = passkeys(api)?;
    let trial = Trial::new(&from.address, "passkeys", true);
    api.sign_in.attempt(&trial, api.now()).map_err(Problem::too_many_attempts)?;
    let state = carried(api, Ceremony::Proof(purpose), &asked.ticket)?;
    let proof = Proof::read(&asked.credential).map_err(|error| refused(&error))?;
    let mut people = api.people();
    let (passkey, handle) = people.passkey(&proof.id())?.ok_or_else(unknown)?;
    if purpose.whose().is_some_and(|user| user != passkey.user) {
        return Err(unknown());
    }
    let kept = passkeys.verify(&state.holds, &proof, &passkey, handle).map_err(|error| refused(&error))?;
    spend(api, &state)?;
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
