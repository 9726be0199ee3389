//! The accounts of a person: which one a session acts for, one more, who is to own it, and its end.

use super::{
    Shared,
    caller::{Allowed, Caller, SignedIn},
    id,
    problem::{Answer, Body, Problem},
    requests, session,
};
use adit_core::{
    authz::{Actor, Node, Permission, Place, Principal, Right},
    command::{Command, Reply},
    fleet::SubAccount,
    ids::{AccountId, RequestId, UserId},
    requests::{ContentHash, Control, Decision, offered_to},
    state::{Account, State, Thing},
    time::Timestamp,
};
use adit_store::Session;
use axum::{
    Json,
    extract::{Path, State as Shares},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The account that a session acts for: the one that was chosen, for as long as its person holds something there and is not
/// suspended.
///
/// # Errors
/// `account_gone` if they hold nothing there any more and could choose another, `account_unopened` if they have opened none of
/// those that they could choose, `account_suspended` if they are suspended on the only ones, `no_account` if there is none.
pub(super) fn current(state: &State, session: &Session) -> Answer<AccountId> {
    if let Some(account) = session.account.filter(|account| works_on(state, *account, session.user)) {
        return Ok(account);
    }
    let forbidden = |code, detail| Problem::new(StatusCode::FORBIDDEN, code, detail);
    let mut open = state.accounts_of(session.user).filter(|account| works_on(state, *account, session.user));
    match open.next() {
        None if state.accounts_of(session.user).any(|account| !state.has_opened(account, session.user)) => {
            Err(forbidden(UNOPENED, "you were given a role on an account: open it, or decline it"))
        }
        None if state.accounts_of(session.user).next().is_some() => {
            let detail =
                "you are suspended here: you may still stop what concerns its owner, money and rules, and nothing else";
            Err(forbidden(SUSPENDED, detail))
        }
        None => Err(forbidden("no_account", "you hold no role on any account")),
        Some(_) if session.account.is_some() => {
            Err(forbidden("account_gone", "you no longer hold a role on this account: choose another one"))
        }
        Some(account) => Ok(account),
    }
}

/// Whoever has been given something and has opened nothing yet.
pub(super) const UNOPENED: &str = "account_unopened";
/// Whoever is suspended on every account that they belong to.
pub(super) const SUSPENDED: &str = "account_suspended";

fn belongs(state: &State, account: AccountId, user: UserId) -> bool {
    state.accounts_of(user).any(|of| of == account) && state.has_opened(account, user)
}

/// The account that a new session begins with: the one they last worked on, or else their first.
pub(super) fn first(state: &State, user: UserId, earlier: &[Session]) -> Option<AccountId> {
    let last = earlier.iter().find_map(|session| session.account);
    let open = || state.accounts_of(user).find(|account| works_on(state, *account, user));
    last.filter(|account| works_on(state, *account, user)).or_else(open)
}

/// Have they opened it, and are they not suspended there?
fn works_on(state: &State, account: AccountId, user: UserId) -> bool {
    belongs(state, account, user) && !state.is_suspended(account, user)
}

/// The account of whoever is suspended on the one that they have chosen, or has no other: there they may still stop what they may
/// stop.
pub(super) fn suspended_on(state: &State, session: &Session) -> Option<AccountId> {
    let is_suspended =
        |account: &AccountId| belongs(state, *account, session.user) && state.is_suspended(*account, session.user);
    match session.account.filter(is_suspended) {
        None if current(state, session).is_err() => state.accounts_of(session.user).find(is_suspended),
        chosen => chosen,
    }
}

/// The contract's `AccountRef`s.
pub(super) fn of(state: &State, user: UserId, current: Option<AccountId>, now: Timestamp) -> Vec<Value> {
    let all = state.accounts_of(user).filter_map(|account| state.account(account));
    let view = all.map(|account| {
        let roles = state.roles_of(account.id, user, now).into_iter();
        let roles: Vec<_> = roles.map(|role| state.role_title(role)).collect();
        json!({
            "id": account.id, "name": account.name, "roles": roles,
            "owner": account.owner == user, "current": current == Some(account.id),
            "opened": state.has_opened(account.id, user),
            "suspended": state.is_suspended(account.id, user),
            "deletion_at": account.deletion,
        })
    });
    view.collect()
}

/// The account with those of its sub-accounts that these rights reach.
fn in_panel(state: &State, account: &Account, current: bool, rights: &[Right]) -> Value {
    let sees = |of: &&SubAccount| {
        let place = Place::sub_account(of.id);
        rights.iter().any(|right| right.mask & Permission::DeviceList.bit() != 0 && right.scope.covers(&place))
    };
    let view = |of: &SubAccount| {
        let devices = state.devices_in(account.id, Node::SubAccount(of.id)).len();
        json!({ "id": of.id, "etag": state.tag_of(Thing::SubAccount(of.id)), "name": of.name, "devices": devices })
    };
    let sub_accounts: Vec<_> = state.sub_accounts_of(account.id).filter(sees).map(view).collect();
    json!({ "id": account.id, "name": account.name, "current": current, "sub_accounts": sub_accounts })
}

/// `GET /me/panel`: the caller's own accounts, then those shared with them by role, each with the sub-accounts they reach there.
pub async fn panel(Shares(api): Shares<Shared>, SignedIn(session): SignedIn) -> Json<Value> {
    let (state, now) = (api.engine.state(), api.now());
    let current = current(&state, &session).ok();
    let mut own = Vec::new();
    let mut shared: BTreeMap<String, Vec<Value>> = BTreeMap::new();
    let opened = state.accounts_of(session.user).filter(|account| state.has_opened(*account, session.user));
    for account in opened.filter_map(|account| state.account(account)) {
        let rights: Vec<Right> = state.rights_of_user(account.id, session.user).live(now).cloned().collect();
        let here = current == Some(account.id);
        if account.owner == session.user {
            own.push(in_panel(&state, account, here, &rights));
            continue;
        }
        let mut by_role: BTreeMap<String, Vec<Right>> = BTreeMap::new();
        for right in rights {
            by_role.entry(state.role_title(right.role)).or_default().push(right);
        }
        for (role, rights) in by_role {
            shared.entry(role).or_default().push(in_panel(&state, account, here, &rights));
        }
    }
    let shared: Vec<_> =
        shared.into_iter().map(|(role, accounts)| json!({ "role": role, "accounts": accounts })).collect();
    Json(json!({ "own": own, "shared": shared }))
}

/// When the account is to be gone, and whether the actor may undo that.
pub(super) fn deletion(state: &State, actor: &Actor, now: Timestamp) -> Value {
    let at = state.account(actor.account).and_then(|account| account.deletion);
    let rights = state.rights_of(actor);
    let may_undo = rights.allow(Permission::AccountFreeze, &Place::ACCOUNT, now);
    at.map_or(Value::Null, |at| json!({ "at": at, "may_undo": may_undo }))
}

/// What the person is asked to accept.
pub(super) fn offer(api: &Shared, state: &State, account: AccountId, user: UserId) -> Answer<Value> {
    let Some(request) = state.offers_to(account, user).next() else { return Ok(Value::Null) };
    let from = match request.payload.initiator {
        Principal::User(from) => json!({ "id": from, "name": api.names(account)?.of(from) }),
        _ => Value::Null,
    };
    Ok(json!({
        "request": request.id, "number": request.number, "from": from, "accepted": request.accepted_at.is_some(),
        "expires_at": request.execute_deadline.unwrap_or(request.payload.not_after), "content_hash": request.content_hash,
    }))
}

/// `GET /session/accounts`
pub async fn list(Shares(api): Shares<Shared>, SignedIn(session): SignedIn) -> Json<Value> {
    let state = api.engine.state();
    let current = current(&state, &session).ok();
    let items = of(&state, session.user, current, api.now());
    // Whoever has no account to look at finds the token to choose one with nowhere else.
    Json(json!({ "items": items, "may_found": api.options.anyone_may_found, "csrf": session.csrf }))
}

/// Which account from now on.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Chosen {
    account: String,
}

/// `POST /session/account`
pub async fn choose(
    Shares(api): Shares<Shared>,
    SignedIn(session): SignedIn,
    Body(asked): Body<Chosen>,
) -> Answer<Json<Value>> {
    let account = id::<AccountId>(&asked.account, "account")?;
    if api.engine.state().rights_of_user(account, session.user).is_empty() {
        return Err(Problem::not_found("account"));
    }
    if !api.engine.state().has_opened(account, session.user) {
        api.engine.run(member(account, &session), Command::OpenAccount).await?;
    }
    switch(&api, session, account).map(Json)
}

fn member(account: AccountId, session: &Session) -> Actor {
    Actor { account, principal: Principal::User(session.user), authenticated_at: session.authenticated_at }
}

/// `DELETE /session/accounts/{id}`: takes nothing of what one was given there.
pub async fn decline(
    Shares(api): Shares<Shared>,
    SignedIn(session): SignedIn,
    Path(account): Path<String>,
) -> Answer<StatusCode> {
    let account = id::<AccountId>(&account, "account")?;
    api.engine.run(member(account, &session), Command::DeclineAccount).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn switch(api: &Shared, session: Session, account: AccountId) -> Answer<Value> {
    if !api.people().set_session_account(&session.token_hash, account)? {
        return Err(Problem::not_signed_in());
    }
    session::view(api, &Session { account: Some(account), ..session })
}

/// What an account is to be called.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Founded {
    name: String,
}

/// `POST /accounts`: the session acts for the new account from then on.
pub async fn found(Shares(api): Shares<Shared>, caller: Caller, Body(asked): Body<Founded>) -> Answer<Response> {
    if !api.options.anyone_may_found {
        let detail = "on this server only its operator makes accounts";
        return Err(Problem::new(StatusCode::FORBIDDEN, "founding_off", detail));
    }
    match api.engine.run(caller.actor, Command::FoundAccount { name: asked.name }).await? {
        Reply::Account(account, _) => {
            Ok((StatusCode::CREATED, Json(switch(&api, caller.session, account)?)).into_response())
        }
        other => Err(Problem::internal(&format!("an account was asked for and {other:?} came of it"))),
    }
}

/// `PUT /account`: another name.
pub async fn rename(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<{ Permission::SettingsManage as u8 }>,
    Body(asked): Body<Founded>,
) -> Answer<Json<Value>> {
    api.engine.run(caller.actor, Command::RenameAccount { name: asked.name }).await?;
    session::view(&api, &caller.session).map(Json)
}

/// The account's name, typed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Typed {
    name: String,
}

/// `POST /account/deletion`
pub async fn delete(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<{ Permission::AccountDelete as u8 }>,
    Body(asked): Body<Typed>,
) -> Answer<Response> {
    control(&api, &caller, Control::DeleteAccount { name: asked.name }).await
}

/// `DELETE /account/deletion`: undoes it.
pub async fn keep(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<{ Permission::AccountFreeze as u8 }>,
) -> Answer<Response> {
    control(&api, &caller, Control::KeepAccount {}).await
}

async fn control(api: &Shared, caller: &Caller, control: Control) -> Answer<Response> {
    let request = requests::submit_control(api, caller, None, control, None, None).await?;
    requests::made(api, caller, request, StatusCode::CREATED)
}

/// The word of whom something is offered.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Word {
    accept: bool,
    content_hash: ContentHash,
    comment: Option<String>,
}

/// `POST /requests/{request}/answer`. Whom nothing is offered learns nothing of the request.
pub async fn answer(
    Shares(api): Shares<Shared>,
    caller: Caller,
    Path(request): Path<String>,
    Body(word): Body<Word>,
) -> Answer<Response> {
    let request = id::<RequestId>(&request, "request")?;
    let state = api.engine.state();
    let is_mine = state.request(request).is_some_and(|request| {
        request.payload.account == caller.actor.account
            && offered_to(&request.payload.action) == Some(caller.session.user)
    });
    if !is_mine {
        return Err(Problem::not_found("request"));
    }
    let decision = if word.accept { Decision::Approve } else { Decision::Reject };
    let command = Command::AnswerOffer { request, decision, content_hash: word.content_hash, comment: word.comment };
    api.engine.run(caller.actor, command).await?;
    requests::answered(&api, &caller, request, StatusCode::OK)
}
