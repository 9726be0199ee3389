//! Saved selections of devices: which there are, and what takes to make, change and delete one.

use super::{
    Shared,
    caller::{Allowed, Caller, Permitted},
    etag::{self, IfMatch},
    id,
    problem::{Answer, Body, Problem},
    requests,
};
use adit_core::{
    authz::{Actor, Node, Permission, Place, Reach, Scope},
    fleet::Group,
    ids::{DeviceId, GroupId},
    requests::Control,
    state::State,
    time::Timestamp,
};
use axum::{
    Json,
    extract::{Path, State as Shares},
    http::{HeaderMap, StatusCode},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};

const LIST: u8 = Permission::DeviceList as u8;
const MANAGE: u8 = Permission::UserManage as u8;

/// Whoever sees the whole account sees its groups; anybody else those that a grant of theirs names.
pub(super) fn known(state: &State, actor: &Actor, group: &Group, now: Timestamp) -> bool {
    let rights = state.rights_of(actor);
    let names_it = |scope: &Scope| matches!(scope, Scope::Nodes(nodes) if nodes.contains(&Node::Group(group.id)));
    group.account == actor.account
        && rights.with(Permission::DeviceList, now).any(|right| right.scope.is_all() || names_it(&right.scope))
}

fn sought(api: &Shared, state: &State, text: &str, actor: &Actor) -> Answer<Group> {
    let group = state.group(id::<GroupId>(text, "group")?).filter(|group| known(state, actor, group, api.now()));
    group.cloned().ok_or_else(|| Problem::not_found("group"))
}

fn members(state: &State, group: &Group, reach: &Reach) -> Vec<DeviceId> {
    let seen = |id: &DeviceId| state.device(*id).is_some_and(|device| reach.covers(device.account, &device.place()));
    group.devices.iter().copied().filter(seen).collect()
}

/// `GET /groups`
pub async fn list(Shares(api): Shares<Shared>, allowed: Permitted<LIST>) -> Json<Value> {
    let (state, now) = (api.engine.state(), api.now());
    let (actor, reach) = (&allowed.asker.0, allowed.permit.reach());
    let counts_grants = state.rights_of(actor).allow(Permission::UserView, &Place::ACCOUNT, now);
    let groups = state.groups_of(reach.account()).filter(|group| known(&state, actor, group, now));
    let items = groups.map(|group| {
        let grants = counts_grants.then(|| state.grants_on(group.account, Node::Group(group.id)).count());
        json!({ "id": group.id, "name": group.name, "devices": members(&state, group, reach).len(), "grants": grants })
    });
    Json(json!({ "items": items.collect::<Vec<_>>() }))
}

/// `GET /groups/{id}`
pub async fn show(
    Shares(api): Shares<Shared>,
    allowed: Permitted<LIST>,
    Path(group): Path<String>,
) -> Answer<Response> {
    let state = api.engine.state();
    let group = sought(&api, &state, &group, &allowed.asker.0)?;
    let devices = members(&state, &group, allowed.permit.reach());
    Ok(etag::tagged(group.version, json!({ "id": group.id, "name": group.name, "devices": devices })))
}

/// What a group is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    name: String,
    devices: Vec<DeviceId>,
}

/// `POST /groups`
pub async fn create(
    Shares(api): Shares<Shared>,
    headers: HeaderMap,
    Allowed { caller, .. }: Allowed<MANAGE>,
    Body(Asked { name, devices }): Body<Asked>,
) -> Answer<Response> {
    submit(&api, &headers, &caller, Control::CreateGroup { name, devices }, StatusCode::CREATED).await
}

/// `PUT /groups/{id}`
pub async fn change(
    Shares(api): Shares<Shared>,
    headers: HeaderMap,
    Allowed { caller, .. }: Allowed<MANAGE>,
    seen: IfMatch,
    Path(group): Path<String>,
    Body(Asked { name, devices }): Body<Asked>,
) -> Answer<Response> {
    let group = sought(&api, &api.engine.state(), &group, &caller.actor)?;
    seen.check(group.version)?;
    let control = Control::ChangeGroup { group: group.id, name, devices, version: Some(group.version) };
    submit(&api, &headers, &caller, control, StatusCode::OK).await
}

/// `DELETE /groups/{id}`
pub async fn delete(
    Shares(api): Shares<Shared>,
    headers: HeaderMap,
    Allowed { caller, .. }: Allowed<MANAGE>,
    seen: IfMatch,
    Path(group): Path<String>,
) -> Answer<Response> {
    let group = sought(&api, &api.engine.state(), &group, &caller.actor)?;
    seen.check(group.version)?;
    submit(
        &api,
        &headers,
        &caller,
        Control::DeleteGroup { group: group.id, version: Some(group.version) },
        StatusCode::OK,
    )
    .await
}

async fn submit(
    api: &Shared,
    headers: &HeaderMap,
    caller: &Caller,
    control: Control,
    ran: StatusCode,
) -> Answer<Response> {
    let key = requests::key_of(headers);
    let request = requests::submit_control(api, caller, None, control, None, key).await?;
    requests::made(api, caller, request, ran)
}
