//! Agents and their workers, and the roles there are.

use super::{Shared, caller::Permitted, problem::Answer};
use adit_core::{
    authz::{Permission, Place, Role, catalogue::CATALOGUE},
    fleet::Agent,
    requests::ItemState,
    state::{State, Thing},
};
use axum::{Json, extract::State as Shares};
use serde_json::{Value, json};

const LIST: u8 = Permission::DeviceList as u8;

/// `GET /agents`
pub async fn agents(Shares(api): Shares<Shared>, allowed: Permitted<LIST>) -> Answer<Json<Value>> {
    let (state, reach) = (api.engine.state(), allowed.permit.reach());
    let agents = state.agents_of(reach.account()).filter(|agent| reach.covers(agent.account, &Place::site(agent.site)));
    let items: Vec<_> = agents.map(|agent| agent_view(&api, &state, agent)).collect();
    Ok(Json(json!({ "items": items })))
}

/// The contract's `Agent`.
pub fn agent_view(api: &Shared, state: &State, agent: &Agent) -> Value {
    let link = api.agents.connected(agent.id);
    let (health, load) = (api.agents.health(agent.id), api.agents.load(agent.id));
    let status = link.as_ref().and_then(|link| link.status.as_ref());
    let workers: Vec<_> = state.scan_tasks_of(agent.id).map(|task| {
            let worker = status.and_then(|status| status.workers.iter().find(|worker| worker.scan_task == task.id));
            json!({
                "scan_task": task.id, "name": task.name, "ranges": task.ranges,
                "generation": worker.map_or(0, |w| w.generation), "started_at": worker.map_or(0, |w| w.started_at.0),
                "running": worker.is_some_and(|w| w.running), "addresses": worker.map_or(0, |w| w.addresses),
                "swept": worker.map_or(0, |w| w.swept), "identified": worker.map_or(0, |w| w.identified),
                "unidentified": worker.map_or(0, |w| w.unidentified), "last_sweep_at": worker.and_then(|w| w.last_sweep_at),
            })
        }).collect();
    let open = state
        .executing()
        .flat_map(|request| request.items.iter())
        .filter(|item| **item == ItemState::Open { agent: agent.id })
        .count();
    json!({
        "id": agent.id, "etag": state.tag_of(Thing::Agent(agent.id)), "name": agent.name, "site": agent.site, "connected": link.is_some(),
        "last_contact": api.agents.heard_at(agent.id), "version": link.as_ref().map(|l| &l.version), "host": link.as_ref().map(|l| &l.host),
        "enrolled": agent.public_key.is_some(), "token_ends": agent.token_hash.as_ref().map(|_| agent.token_ends), "mode": agent.mode, "paused": agent.paused, "clock_offset_ms": link.as_ref().map(|l| l.clock_offset_ms),
        "condition": health.map(|health| health.condition.as_str()), "condition_since": health.map(|health| health.since),
        "lag_ms": load.map(|load| load.lag), "interval_ms": load.map(|load| load.interval),
        "configured_interval_ms": api.agents.configured_interval(),
        "devices": state.devices().filter(|device| device.agent == agent.id).count(), "open_commands": open, "workers": workers,
    })
}

/// `GET /roles`: the built-in ones, then the account's own.
pub async fn roles(
    Shares(api): Shares<Shared>,
    allowed: Permitted<{ Permission::DashboardView as u8 }>,
) -> Json<Value> {
    let some = |text: &'static str| (!text.is_empty()).then_some(text);
    let permissions: Vec<_> = CATALOGUE
        .iter()
        .map(|row| {
            json!({
                "name": row.name, "risk": row.risk, "scenario": some(row.scenario), "hashcore": some(row.hashcore),
                "reserved": row.permission.is_reserved(),
            })
        })
        .collect();
    let built_in = Role::ALL.iter().map(|role| {
        let held: Vec<_> = CATALOGUE.iter().filter(|row| row.held_by(*role)).map(|row| row.name).collect();
        json!({ "code": role.name(), "name": role.title(), "built_in": true, "permissions": held })
    });
    let state = api.engine.state();
    let own = state.custom_roles_of(allowed.permit.reach().account());
    let own = own
        .map(|role| json!({ "code": role.id, "name": role.name, "built_in": false, "permissions": role.permissions }));
    let roles: Vec<_> = built_in.chain(own).collect();
    Json(json!({ "permissions": permissions, "roles": roles }))
}
