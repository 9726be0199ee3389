//! Invitations of people who are not registered. The inviter's request for the grant is made when the link is opened, in their
//! name and by the rights they hold then; whether it waits for approvals is the scenario's to say.

use super::{
    Shared,
    caller::{Caller, Permitted},
    id,
    me::recent,
    problem::{Answer, Body, Problem},
    requests::new_id,
    secured,
    session::{self, From, random_token},
    setup::{accept_password, email, text},
};
use crate::sign_in::{letters, throttle::Trial, tokens::hash_of};
use adit_core::{
    authz::{Actor, Permission, Place, Principal, RoleId, Scope},
    command::{Command, Reply, Submission},
    decide::decide,
    ids::{RequestId, UserId},
    requests::{Action, Control, NewGrant, RequestState},
    state::State,
    time::{Millis, Timestamp},
};
use adit_store::{Invitation, Mail, NewInvitation, Person, StoreError};
use axum::{
    Json,
    extract::{Path, State as Shares},
    http::{StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::sync::Arc;

/// How long an invitation's link works.
const VALID: Millis = Millis::days(7);

/// What somebody is invited to.
#[derive(Serialize, Deserialize)]
struct Offer {
    role: RoleId,
    scope: Scope,
    remark: Option<String>,
}

impl Offer {
    /// The inviter's request for it.
    fn asked(&self, id: RequestId, user: UserId) -> Command {
        let grant = NewGrant { remark: self.remark.clone(), ..NewGrant::new(user, self.role, self.scope.clone()) };
        let then = Box::new(Command::Submit(submission(id, Action::Control(Control::AddGrant(grant)))));
        Command::Introduce { user, then }
    }
}

/// Whom, and to what.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Invite {
    email: String,
    role: RoleId,
    scope: Scope,
    remark: Option<String>,
}

fn word(id: i64) -> String {
    format!("inv-{id}")
}

fn number(text: &str) -> Answer<i64> {
    id(text.strip_prefix("inv-").unwrap_or_default(), "invitation")
}

/// Whether the inviter could ask for this now.
fn try_out(api: &Shared, inviter: &Actor, offer: &Offer) -> Answer<()> {
    let (state, now) = (api.engine.state(), api.now());
    let added = decide(&state, inviter, Command::AddUser, now)?;
    let Reply::User(user) = added.reply else { return Err(Problem::internal(&"no user")) };
    decide(&added.state, inviter, offer.asked(new_id(api)?, user), now)?;
    Ok(())
}

fn submission(id: RequestId, action: Action) -> Submission {
    Submission {
        id,
        action,
        targets: Vec::new(),
        estimates: Vec::new(),
        reason: Some("accepted an invitation".to_owned()),
        idempotency_key: None,
    }
}

/// `POST /invitations`
pub async fn invite(Shares(api): Shares<Shared>, caller: Caller, Body(asked): Body<Invite>) -> Answer<Response> {
    let email = email(&asked.email)?;
    let remark = asked.remark.as_deref().map(|remark| text("remark", remark, 200)).transpose()?;
    let offer = Offer { role: asked.role, scope: asked.scope, remark: remark.clone() };
    try_out(&api, &caller.actor, &offer)?;
    recent(&api, &caller)?;
    if api.people().person_by_email(&email)?.is_some() {
        let detail = "somebody with this e-mail is registered: give them the role without an invitation";
        return Err(Problem::new(StatusCode::CONFLICT, "registered", detail));
    }
    let (token, now, is_there) = (random_token()?, api.now(), api.sign_in.mailer.is_there());
    let new = NewInvitation {
        token_hash: hash_of(&token),
        account: caller.actor.account,
        email: email.clone(),
        grant: serde_json::to_string(&offer).map_err(|error| Problem::internal(&error))?,
        remark,
        invited_by: caller.session.user,
        created_at: now,
        expires_at: now.after(VALID),
        mail: if is_there { Mail::Sending } else { Mail::NotConfigured },
    };
    let id = match api.people().add_invitation(&new) {
        Err(StoreError::Invalid { what, problem }) => return Err(Problem::invalid(format!("{what} {problem}"))),
        id => id?,
    };
    let names = api.names(new.account)?;
    let state = api.engine.state();
    if is_there {
        let company = state.account(new.account).map(|account| account.name.clone()).unwrap_or_default();
        let (inviter, role) = (names.of(new.invited_by), state.role_title(offer.role));
        let letter = letters::invitation(&email, &inviter, &company, &role, &api.options.public_url, &token);
        let people = Arc::clone(&api.people);
        api.sign_in.mailer.send(letter, move |sent| {
            let mail = if sent { Mail::Sent } else { Mail::Failed };
            let mut people = people.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
            if let Err(error) = people.set_invitation_mail(id, mail) {
                tracing::error!(%error, "how an invitation's letter fared is not noted");
            }
        });
    }
    let kept = Invitation { id, new, accepted_at: None, withdrawn_at: None };
    let mut body = view(&kept, &names, now)?;
    if !is_there {
        // Whoever can read it could use it: it shows nothing of whose the e-mail is, and is shown only where no letter goes.
        body["link"] = json!(format!("{}/invitation#{token}", api.options.public_url));
    }
    let location = [(header::LOCATION, format!("/api/v1/invitations/{}", word(id)))];
    Ok((StatusCode::CREATED, location, Json(body)).into_response())
}

fn offer_of(invitation: &Invitation) -> Answer<Offer> {
    serde_json::from_str(&invitation.new.grant).map_err(|error| Problem::internal(&error))
}

fn view(invitation: &Invitation, names: &super::Names, now: Timestamp) -> Answer<Value> {
    let (new, offer) = (&invitation.new, offer_of(invitation)?);
    let state = match invitation {
        Invitation { accepted_at: Some(_), .. } => "accepted",
        Invitation { withdrawn_at: Some(_), .. } => "withdrawn",
        _ if now >= new.expires_at => "expired",
        _ => "open",
    };
    Ok(json!({
        "id": word(invitation.id),
        "email": new.email,
        "role": offer.role.to_string(),
        "scope": offer.scope,
        "remark": new.remark,
        "invited_by": { "id": new.invited_by, "name": names.of(new.invited_by) },
        "created_at": new.created_at,
        "expires_at": new.expires_at,
        "state": state,
        "mail": new.mail.word(),
    }))
}

/// `GET /invitations`: for whoever sees the people of the whole account.
pub async fn list(
    Shares(api): Shares<Shared>,
    Permitted { permit, .. }: Permitted<{ Permission::UserView as u8 }>,
) -> Answer<Json<Value>> {
    if !permit.reach().covers(permit.reach().account(), &Place::ACCOUNT) {
        return Ok(Json(json!({ "items": [] })));
    }
    let (names, all) = (api.names(permit.reach().account())?, api.people().invitations(permit.reach().account())?);
    let items: Vec<_> = all.iter().map(|one| view(one, &names, api.now())).collect::<Answer<_>>()?;
    Ok(Json(json!({ "items": items })))
}

/// `DELETE /invitations/{id}`: for whoever may add people.
pub async fn withdraw(Shares(api): Shares<Shared>, caller: Caller, Path(id): Path<String>) -> Answer<StatusCode> {
    let id = number(&id)?;
    decide(&api.engine.state(), &caller.actor, Command::AddUser, api.now())?;
    let there = api.people().withdraw_invitation(caller.actor.account, id, api.now())?;
    if there { Ok(StatusCode::NO_CONTENT) } else { Err(Problem::not_found("invitation")) }
}

/// A link's token.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    token: String,
}

fn open(api: &Shared, from: &From, token: &str) -> Answer<Invitation> {
    let trial = Trial::new(&from.address, "links", true);
    api.sign_in.attempt(&trial, api.now()).map_err(Problem::too_many_attempts)?;
    let found = api.people().open_invitation(&hash_of(token), api.now())?;
    let found = found.filter(|found| api.engine.state().account(found.new.account).is_some());
    let found = found.ok_or_else(|| Problem::not_found("invitation"))?;
    api.sign_in.succeeded(&trial);
    Ok(found)
}

fn company(state: &State, invitation: &Invitation) -> String {
    state.account(invitation.new.account).map(|account| account.name.clone()).unwrap_or_default()
}

/// `POST /invitations/check`: what the link invites to.
pub async fn check(Shares(api): Shares<Shared>, from: From, Body(asked): Body<Token>) -> Answer<Json<Value>> {
    let invitation = open(&api, &from, &asked.token)?;
    let (state, offer) = (api.engine.state(), offer_of(&invitation)?);
    Ok(Json(json!({
        "company": company(&state, &invitation),
        "email": invitation.new.email,
        "role": state.role_title(offer.role),
        "invited_by": api.names(invitation.new.account)?.of(invitation.new.invited_by),
        "expires_at": invitation.new.expires_at,
    })))
}

/// Who accepts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Accept {
    token: String,
    name: String,
    password: String,
}

/// `POST /invitations/accept`: registers the person and asks for their grant; signs them in if they have it at once.
pub async fn accept(Shares(api): Shares<Shared>, from: From, Body(asked): Body<Accept>) -> Answer<Response> {
    let invitation = open(&api, &from, &asked.token)?;
    let offer = offer_of(&invitation)?;
    let name = text("name", &asked.name, 50)?;
    let company = company(&api.engine.state(), &invitation);
    accept_password(&asked.password, &[&invitation.new.email, &name, &company])?;
    let hash = api.sign_in.passwords.hash(&from.address, asked.password).await?;
    // They showed who they are when they invited.
    let (account, principal) = (invitation.new.account, Principal::User(invitation.new.invited_by));
    let inviter = Actor { account, principal, authenticated_at: api.now() };
    try_out(&api, &inviter, &offer)?;
    if !api.people().accept_invitation(invitation.id, api.now())? {
        return Err(Problem::not_found("invitation"));
    }
    let made = register(&api, &inviter, &invitation, &offer, name, hash).await;
    let (user, request) = match made {
        Ok(made) => made,
        Err(problem) => {
            api.people().reopen_invitation(invitation.id)?;
            return Err(problem);
        }
    };
    let granted = api.engine.state().request(request).is_some_and(|r| r.state == RequestState::Executed);
    let mut answer = Json(json!({ "granted": granted, "request": request })).into_response();
    if granted {
        let actor = Actor { account, principal: Principal::User(user), authenticated_at: api.now() };
        api.engine.run(actor, Command::OpenAccount).await?;
        session::begin(&api, &from, user)?.headers().get_all(header::SET_COOKIE).iter().for_each(|cookie| {
            answer.headers_mut().append(header::SET_COOKIE, cookie.clone());
        });
    }
    Ok(answer)
}

async fn register(
    api: &Shared,
    inviter: &Actor,
    invitation: &Invitation,
    offer: &Offer,
    display_name: String,
    password_hash: String,
) -> Answer<(UserId, RequestId)> {
    let Reply::User(user) = api.engine.run(*inviter, Command::AddUser).await? else {
        return Err(Problem::internal(&"no user came of it"));
    };
    let email = invitation.new.email.clone();
    let person = Person { user, email, display_name, password_hash: Some(password_hash), created_at: api.now() };
    match api.people().add_person(&person) {
        Err(StoreError::Taken { .. }) => {
            return Err(Problem::new(StatusCode::CONFLICT, "registered", "somebody with this e-mail is registered"));
        }
        added => added?,
    }
    if invitation.new.mail != Mail::NotConfigured {
        // The token was given to the mail server and to nobody else, so whoever has it has read their mail.
        secured::verified(api, user).await?;
    }
    match api.engine.run(*inviter, offer.asked(new_id(api)?, user)).await {
        Ok(Reply::Request(request)) => Ok((user, request)),
        Ok(other) => Err(Problem::internal(&format!("a submission was answered with {other:?}"))),
        Err(error) => {
            api.people().forget_person(user)?;
            api.engine.run(Actor::system(inviter.account), Command::RemoveUser { user }).await?;
            Err(error.into())
        }
    }
}
