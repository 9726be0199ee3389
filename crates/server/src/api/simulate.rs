//! What if? Approval rules and people as they would be, before anybody is asked. Nothing is changed.

use super::{
    Shared,
    caller::Permitted,
    id,
    policies::standing,
    problem::{Answer, Body, Params, Problem},
};
use adit_core::{
    authz::{Permission, Role},
    ids::UserId,
    rejection::Rejection,
    requests::{Forecast, PolicyChange, Preset, Supposition},
};
use axum::{Json, extract::State as Shares};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const P: u8 = Permission::UserView as u8;
/// Most people and scenarios in one question.
const MAX_NAMED: usize = 100;

/// Who is supposed to be gone.
#[derive(Deserialize)]
pub struct Gone {
    remove: String,
}

/// What is supposed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Supposed {
    #[serde(default)]
    remove: BTreeSet<UserId>,
    #[serde(default)]
    roles: BTreeMap<UserId, Role>,
    #[serde(default)]
    changes: Vec<PolicyChange>,
}

/// `GET /approval-policies/simulate?remove=usr-2`
pub async fn without(
    Shares(api): Shares<Shared>,
    allowed: Permitted<P>,
    Params(gone): Params<Gone>,
) -> Answer<Json<Value>> {
    let remove = [id::<UserId>(&gone.remove, "person")?].into();
    foretold(&api, &allowed, Supposed { remove, roles: BTreeMap::new(), changes: Vec::new() })
}

/// `POST /approval-policies/simulate`
pub async fn suppose(
    Shares(api): Shares<Shared>,
    allowed: Permitted<P>,
    Body(supposed): Body<Supposed>,
) -> Answer<Json<Value>> {
    foretold(&api, &allowed, supposed)
}

fn foretold(api: &Shared, allowed: &Permitted<P>, supposed: Supposed) -> Answer<Json<Value>> {
    let Supposed { remove: leave, roles, changes } = supposed;
    if leave.len() + roles.len() + changes.len() > MAX_NAMED {
        return Err(Problem::invalid(format!("at most {MAX_NAMED} people and scenarios at a time")));
    }
    let named: BTreeSet<_> = changes.iter().map(|change| change.scenario).collect();
    if named.len() < changes.len() {
        return Err(Problem::field("/changes", "names a scenario twice"));
    }
    let whole = allowed.permit.reach().is_everywhere();
    let names_people = !leave.is_empty() || !roles.is_empty();
    if names_people && !whole {
        return Err(Problem::not_found("person"));
    }
    let supposed = Supposition { leave, roles, changes };
    let Forecast { before, after, takes, refusal } =
        api.engine.state().forecast(&allowed.asker.0, &supposed, api.now())?;
    let names = if whole { Some(api.names(allowed.asker.0.account)?) } else { None };
    let scenarios = before.iter().zip(&after).map(|(before, after)| {
        json!({
            "scenario": before.scenario, "changed": before != after,
            "before": standing(before, names.as_ref()), "after": standing(after, names.as_ref()),
        })
    });
    let refusal = refusal.map(|refusal| {
        let scenarios = match &refusal {
            Rejection::WouldLockOut { scenarios, .. } => scenarios.clone(),
            _ => Vec::new(),
        };
        json!({ "code": refusal.code(), "detail": refusal.to_string(), "scenarios": scenarios })
    });
    Ok(Json(json!({ "scenarios": scenarios.collect::<Vec<_>>(), "takes": takes, "refusal": refusal })))
}

/// `GET /approval-policies/presets`: each with what it would change now.
pub async fn presets(
    Shares(api): Shares<Shared>,
    allowed: Permitted<{ Permission::DashboardView as u8 }>,
) -> Answer<Json<Value>> {
    let (state, account) = (api.engine.state(), allowed.permit.reach().account());
    let items = Preset::ALL.map(|preset| {
        json!({
            "id": preset.name(), "title": preset.title(), "description": preset.description(),
            "changes": preset.changes(&state, account),
        })
    });
    Ok(Json(json!({ "items": items })))
}
