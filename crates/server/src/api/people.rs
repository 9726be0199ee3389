//! Who holds what on the account; one more person, and leaving.

use super::{
    Shared,
    caller::{Caller, Permitted},
    problem::{Answer, Body, Problem},
    requests::{introduce, key_of, made},
    setup::email,
};
use adit_core::{
    authz::{ApiAccess, Grant, Node, Permission, Reach, RoleId, Scope},
    command::Command,
    decide::decide,
    ids::{AccountId, UserId},
    requests::NewGrant,
    state::State,
    time::Timestamp,
};
use axum::{
    Json,
    extract::State as Shares,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const P: u8 = Permission::UserView as u8;

/// A grant as people see it.
pub fn grant(state: &State, grant: &Grant, now: Timestamp) -> Value {
    json!({
        "id": grant.id, "role": grant.role, "role_title": state.role_title(grant.role), "scope": grant.scope,
        "expires_at": grant.expires_at, "expired": !grant.is_live(now), "remark": grant.remark, "api_access": grant.api_access,
    })
}

/// A scope as far as a reach goes: its nodes within reach, and sites in which a container within reach stands. `None` if there
/// are none.
fn seen_of(state: &State, reach: &Reach, scope: &Scope) -> Option<Scope> {
    let Scope::Nodes(nodes) = scope else { return Some(Scope::All) };
    if reach.is_everywhere() {
        return Some(scope.clone());
    }
    let account = reach.account();
    let covers = |node: Node| state.place_of(account, node).is_some_and(|place| reach.covers(account, &place));
    let seen = |node: &&Node| match **node {
        Node::Site(site) if !covers(**node) => {
            let containers = state.containers_of(account).filter(|container| container.site == site);
            containers.map(|container| Node::Container(container.id)).any(covers)
        }
        node => covers(node),
    };
    let nodes: BTreeSet<_> = nodes.iter().filter(seen).copied().collect();
    (!nodes.is_empty()).then_some(Scope::Nodes(nodes))
}

/// `GET /people`: everybody whose grants reach what the caller sees, with these grants. Changes are asked for as requests.
pub async fn list(Shares(api): Shares<Shared>, allowed: Permitted<P>) -> Answer<Json<Value>> {
    let (state, now, reach) = (api.engine.state(), api.now(), allowed.permit.reach());
    let (account, me) = (reach.account(), allowed.asker.0.user());
    let (mut known, mut seen) = (BTreeMap::new(), BTreeMap::<UserId, Timestamp>::new());
    {
        let people = api.people();
        let internal = |error| Problem::internal(&error);
        known.extend(people.persons().map_err(internal)?.into_iter().map(|person| (person.user, person)));
        for session in people.sessions().map_err(internal)? {
            let last = seen.entry(session.user).or_insert(session.last_seen_at);
            *last = (*last).max(session.last_seen_at);
        }
    }
    let person = |user: UserId| {
        let held = state.grants_of(account).filter(|grant| grant.user == user);
        let grants: Vec<_> = held
            .filter_map(|held| Some(Grant { scope: seen_of(&state, reach, &held.scope)?, ..held.clone() }))
            .map(|seen| grant(&state, &seen, now))
            .collect();
        if grants.is_empty() && Some(user) != me {
            return None;
        }
        let (known, opened) = (known.get(&user), state.has_opened(account, user));
        // Of whoever has not opened the account, nothing is told but the e-mail that somebody here has named.
        let name = known.map(|person| if opened { &person.display_name } else { &person.email });
        Some(json!({
            "id": user, "name": name.map_or_else(|| user.to_string(), Clone::clone),
            "email": known.map(|person| &person.email), "me": Some(user) == me,
            "suspended": state.is_suspended(account, user), "last_seen_at": seen.get(&user).filter(|_| opened),
            "opened": opened, "verified": state.is_verified(user),
            "second_factor": opened.then(|| state.identity(user).is_some_and(|identity| identity.enrolled)),
            "grants": grants,
        }))
    };
    // Not the holders of rights: who is suspended has none, and is listed all the same.
    let holders: BTreeSet<UserId> = state.grants_of(account).map(|grant| grant.user).collect();
    let by_administrators = state.account(account).is_some_and(|account| account.administrators_manage_users);
    Ok(Json(json!({
        "administrators_manage_users": by_administrators,
        "items": holders.into_iter().filter_map(person).collect::<Vec<_>>(),
    })))
}

/// Whom, and what they are given.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Added {
    email: String,
    role: RoleId,
    scope: Scope,
    #[serde(default)]
    expires_at: Option<Timestamp>,
    #[serde(default)]
    remark: Option<String>,
    #[serde(default)]
    api_access: ApiAccess,
}

/// `POST /people`: asks for a grant for somebody who is registered. Who is, is told only to those who may add people.
pub async fn add(
    Shares(api): Shares<Shared>,
    headers: HeaderMap,
    caller: Caller,
    Body(asked): Body<Added>,
) -> Answer<Response> {
    let email = email(&asked.email)?;
    decide(&api.engine.state(), &caller.actor, Command::AddUser, api.now())?;
    let known = api.people().person_by_email(&email)?;
    let person = known.ok_or_else(|| {
        let detail = "nobody is registered with this e-mail: invite them by a link instead";
        Problem::new(StatusCode::NOT_FOUND, "not_registered", detail)
    })?;
    let Added { role, scope, expires_at, remark, api_access, .. } = asked;
    let grant = NewGrant { user: person.user, role, scope, expires_at, remark, api_access };
    let request = introduce(&api, &caller, grant, key_of(&headers)).await?;
    made(&api, &caller, request, StatusCode::CREATED)
}

/// Which account is left, so that it cannot be another than the one that was looked at.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Left {
    account: AccountId,
}

/// `POST /me/leave`: the caller's own grants end.
pub async fn leave(Shares(api): Shares<Shared>, caller: Caller, Body(left): Body<Left>) -> Answer<StatusCode> {
    if left.account != caller.actor.account {
        return Err(Problem::field("/account", "is not the one you look at: open it first"));
    }
    api.engine.run(caller.actor, Command::LeaveAccount).await?;
    Ok(StatusCode::NO_CONTENT)
}
