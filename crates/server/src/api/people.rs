//! Who holds what on the account.

use super::{Shared, caller::Allowed, problem::Answer};
use adit_core::{
    authz::{Grant, Permission},
    ids::UserId,
    state::State,
    time::Timestamp,
};
use axum::{Json, extract::State as Shares};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const P: u8 = Permission::UserView as u8;

fn grant(state: &State, grant: &Grant, now: Timestamp) -> Value {
    json!({
        "id": grant.id, "role": grant.role, "role_title": state.role_title(grant.role), "scope": grant.scope,
        "expires_at": grant.expires_at, "expired": !grant.is_live(now), "remark": grant.remark, "api_access": grant.api_access,
    })
}

/// `GET /people`: everybody with a grant, with their grants. Changes are asked for as requests.
pub async fn list(Shares(api): Shares<Shared>, allowed: Allowed<P>) -> Answer<Json<Value>> {
    let (state, now, account) = (api.engine.state(), api.now(), allowed.permit.reach().account());
    let (mut known, mut seen) = (BTreeMap::new(), BTreeMap::<UserId, Timestamp>::new());
    {
        let people = api.people();
        let internal = |error| super::problem::Problem::internal(&error);
        known.extend(people.persons().map_err(internal)?.into_iter().map(|person| (person.user, person)));
        for session in people.sessions().map_err(internal)? {
            let last = seen.entry(session.user).or_insert(session.last_seen_at);
            *last = (*last).max(session.last_seen_at);
        }
    }
    let person = |user: UserId| {
        let grants: Vec<_> =
            state.grants_of(account).filter(|g| g.user == user).map(|g| grant(&state, g, now)).collect();
        let known = known.get(&user);
        json!({
            "id": user, "name": known.map_or_else(|| user.to_string(), |person| person.display_name.clone()),
            "email": known.map(|person| &person.email), "me": user == allowed.caller.session.user,
            "suspended": state.is_suspended(account, user), "last_seen_at": seen.get(&user), "grants": grants,
        })
    };
    // Not the holders of rights: who is suspended has none, and is listed all the same.
    let holders: BTreeSet<UserId> = state.grants_of(account).map(|grant| grant.user).collect();
    Ok(Json(json!({ "items": holders.into_iter().map(person).collect::<Vec<_>>() })))
}
