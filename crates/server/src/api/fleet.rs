//! Sites, agents, scan tasks, and the roles there are.

use super::{Shared, caller::Allowed, problem::Answer};
use adit_core::{
    authz::{Permission, Place, Role, catalogue::CATALOGUE},
    requests::ItemState,
};
use axum::{Json, extract::State as Shares};
use serde_json::{Value, json};

const LIST: u8 = Permission::DeviceList as u8;

/// `GET /sites`
pub async fn sites(Shares(api): Shares<Shared>, allowed: Allowed<LIST>) -> Answer<Json<Value>> {
    let (state, reach) = (api.engine.state(), allowed.permit.reach());
    let sites = state.sites_of(reach.account()).filter(|site| reach.covers(site.account, &Place::site(site.id)));
    let items: Vec<_> =
        sites.map(|site| json!({ "id": site.id, "name": site.name, "capacity_w": site.capacity_w })).collect();
    Ok(Json(json!({ "items": items })))
}

/// `GET /agents`
pub async fn agents(Shares(api): Shares<Shared>, allowed: Allowed<LIST>) -> Answer<Json<Value>> {
    let (state, reach) = (api.engine.state(), allowed.permit.reach());
    let agents = state.agents_of(reach.account()).filter(|agent| reach.covers(agent.account, &Place::site(agent.site)));
    let items: Vec<_> = agents.map(|agent| {
        let link = api.agents.connected(agent.id);
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
        let open = state.executing().flat_map(|request| request.items.iter()).filter(|item| **item == ItemState::Open { agent: agent.id }).count();
        json!({
            "id": agent.id, "name": agent.name, "site": agent.site, "connected": link.is_some(),
            "last_contact": link.as_ref().map(|_| api.now()), "version": link.as_ref().map(|l| &l.version), "host": link.as_ref().map(|l| &l.host),
            "mode": "full_control", "paused": false, "clock_offset_ms": link.as_ref().map(|l| l.clock_offset_ms),
            "devices": state.devices().filter(|device| device.agent == agent.id).count(), "open_commands": open, "workers": workers,
        })
    }).collect();
    Ok(Json(json!({ "items": items })))
}

/// `GET /roles`: the built-in ones, then the account's own.
pub async fn roles(Shares(api): Shares<Shared>, allowed: Allowed<{ Permission::DashboardView as u8 }>) -> Json<Value> {
    let some = |text: &'static str| (!text.is_empty()).then_some(text);
    let permissions: Vec<_> = CATALOGUE.iter().map(|row| {
        json!({ "name": row.name, "risk": row.risk, "scenario": some(row.scenario), "hashcore": some(row.hashcore) })
    }).collect();
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
