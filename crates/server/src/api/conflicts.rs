//! Devices that are seen in two places, with two agents or at two addresses, told to both: to who reaches the device, and to who
//! reaches the agent that claims it.

use super::{Shared, caller::Permitted};
use adit_core::{
    authz::{Permission, Place, Reach},
    fleet::{Device, DeviceClaim},
    ids::AgentId,
    state::State,
};
use axum::{Json, extract::State as Shares};
use serde_json::{Value, json};

/// Most conflicts in one answer.
const MAX: usize = 500;

/// An agent and its site, if they are reached.
fn agent(state: &State, reach: &Reach, id: AgentId) -> Option<Value> {
    let agent = state.agent_ever(id).filter(|agent| reach.covers(agent.account, &Place::site(agent.site)))?;
    let site = state.site_ever(agent.site).map(|site| site.name.as_str());
    Some(json!({ "id": agent.id, "name": agent.name, "site": agent.site, "site_name": site }))
}

/// What is said of a device contrary to where it is known. Who says so is null where the caller does not reach them.
pub fn claims(state: &State, reach: &Reach, device: &Device, claims: &[DeviceClaim]) -> Vec<Value> {
    let claim = |claim: &DeviceClaim| {
        let by = agent(state, reach, claim.agent);
        let ip = by.is_some().then_some(claim.ip);
        json!({ "agent": by, "ip": ip, "by_holder": claim.agent == device.agent, "since": claim.since })
    };
    claims.iter().map(claim).collect()
}

/// `GET /device-conflicts`
pub async fn list(Shares(api): Shares<Shared>, allowed: Permitted<{ Permission::DeviceList as u8 }>) -> Json<Value> {
    let (state, reach) = (api.engine.state(), allowed.permit.reach());
    let told = |(device, said): (&Device, &[DeviceClaim])| {
        let here = reach.covers(device.account, &device.place());
        let mut told = claims(&state, reach, device, said);
        if !here {
            // Of what is out of their reach they are told what their own agents have said.
            told.retain(|claim| !claim["agent"].is_null());
        }
        (here || !told.is_empty()).then(|| {
            let holder = agent(&state, reach, device.agent).filter(|_| here);
            json!({
                "device": here.then_some(device.id), "mac": device.found.identity.mac, "serial": device.found.identity.serial,
                "ip": here.then_some(device.found.ip), "model": device.found.model, "holder": holder, "claims": told,
            })
        })
    };
    let all: Vec<_> = state.conflicts_of(reach.account()).filter_map(told).collect();
    Json(json!({ "total": all.len(), "items": all.into_iter().take(MAX).collect::<Vec<_>>() }))
}
