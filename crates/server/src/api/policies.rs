//! Approval rules.

use super::{
    Shared,
    caller::Allowed,
    problem::{Answer, Body},
    requests, rules,
};
use adit_core::{
    authz::Permission,
    requests::{Action, Control, PolicyChange, Scenario},
};
use axum::{
    Json,
    extract::State as Shares,
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};

/// `GET /approval-policies`: whoever sees the dashboard may know the rules.
pub async fn list(
    Shares(api): Shares<Shared>,
    allowed: Allowed<{ Permission::DashboardView as u8 }>,
) -> Answer<Json<Value>> {
    let (state, account) = (api.engine.state(), allowed.permit.reach().account());
    let items: Vec<_> = Scenario::ALL.iter().map(|scenario| {
        let policy = state.policy(account, *scenario);
        json!({
            "scenario": scenario, "version": policy.version, "required": policy.required, "required_other": policy.required_other,
            "approvers": rules::approvers(*scenario, policy.approvers), "available": state.available(account, *scenario),
            "initiator_counts": policy.initiator_counts, "approve_ttl_s": policy.approve_ttl.0 / 1_000,
            "execute_ttl_s": policy.execute_ttl.0 / 1_000, "timelock_s": policy.timelock.0 / 1_000, "step_up": rules::step_up(policy.step_up),
        })
    }).collect();
    Ok(Json(json!({ "items": items })))
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
    let action = Action::Control(Control::SetPolicies { changes: asked.changes });
    let request =
        requests::submit_action(&api, &caller, action, Vec::new(), asked.reason, requests::key_of(&headers)).await?;
    requests::made(&api, &caller, request, StatusCode::OK)
}
