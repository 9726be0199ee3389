//! Approval rules.

use super::{
    Names, Shared,
    caller::{Allowed, Permitted},
    problem::{Answer, Body},
    requests, rules,
};
use adit_core::{
    authz::Permission,
    ids::{AccountId, UserId},
    requests::{Control, PolicyChange, Prospect},
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
use std::collections::BTreeSet;

/// `GET /approval-policies`: whoever sees the dashboard may know the rules; who counts is for those who see people.
pub async fn list(
    Shares(api): Shares<Shared>,
    allowed: Permitted<{ Permission::DashboardView as u8 }>,
) -> Answer<Json<Value>> {
    let (state, account, now) = (api.engine.state(), allowed.permit.reach().account(), api.now());
    let sees = state.permit::<{ Permission::UserView as u8 }>(&allowed.asker.0, now);
    let names = if sees.is_ok_and(|permit| permit.reach().is_everywhere()) { Some(api.names(account)?) } else { None };
    let items = standings(&state, account, now, names.as_ref());
    let degraded: Vec<_> = state.degraded(account).collect();
    Ok(Json(json!({ "items": items, "degraded": degraded, "safeguards": state.safeguards(account),
        "second_factor_required": state.second_factor_required(account) })))
}

/// Every scenario with its policy and who there is for it.
pub fn standings(state: &State, account: AccountId, now: Timestamp, names: Option<&Names>) -> Vec<Value> {
    state.prospects(account, now).iter().map(|prospect| standing(prospect, names)).collect()
}

/// One scenario; without `names` it is not said who counts.
pub fn standing(prospect: &Prospect, names: Option<&Names>) -> Value {
    let Prospect { scenario, policy, approvers, limited, spare, warnings } = prospect;
    let who = |people: &BTreeSet<UserId>| -> Option<Vec<Value>> {
        names.map(|names| people.iter().map(|user| json!({ "id": user, "name": names.of(*user) })).collect())
    };
    let warnings: Vec<_> = warnings.iter().map(|warning| warning.code()).collect();
    json!({
        "scenario": scenario, "version": policy.version, "required": policy.required, "required_other": policy.required_other,
        "approvers": rules::approvers(*scenario, policy.approvers), "approver_roles": policy.approvers,
        "available": approvers.len(), "initiator_counts": policy.initiator_counts, "programs_run_alone": policy.programs_run_alone,
        "approve_ttl_s": policy.approve_ttl.0 / 1_000, "execute_ttl_s": policy.execute_ttl.0 / 1_000,
        "timelock_s": policy.timelock.0 / 1_000, "step_up": rules::step_up(policy.step_up), "fixed": scenario.has_fixed_counts(),
        "takes": policy.people(), "spare": spare, "can_be_met": prospect.can_be_met(), "who": who(approvers),
        "limited": who(limited), "warnings": warnings,
    })
}

/// New counts.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    changes: Vec<PolicyChange>,
    reason: Option<String>,
}

/// `PUT /approval-policies`
pub async fn change(
    Shares(api): Shares<Shared>,
    headers: HeaderMap,
    Allowed { caller, .. }: Allowed<{ Permission::ApprovalPolicyChange as u8 }>,
    Body(asked): Body<Asked>,
) -> Answer<Response> {
    let control = Control::SetPolicies { changes: asked.changes };
    let request =
        requests::submit_control(&api, &caller, None, control, asked.reason, requests::key_of(&headers)).await?;
    requests::made(&api, &caller, request, StatusCode::OK)
}
