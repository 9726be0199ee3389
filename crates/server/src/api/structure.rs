//! Sites, containers and sub-accounts: what there is, new ones, other names, and the end of them.

use super::{
    Shared,
    caller::{Allowed, Caller, Permitted},
    etag::{self, IfMatch},
    id, money,
    problem::{Answer, Body, Params, Problem},
    requests::{self, key_of, submit_control},
};
use adit_core::{
    authz::{Node, Permission, Place, Reach},
    command::{Command, Reply},
    fleet::{Container, Site, SubAccount},
    ids::{ContainerId, RequestId, SiteId, SubAccountId},
    requests::{Control, RequestState},
    state::{State, Thing},
};
use axum::{
    Json,
    extract::{Path, State as Shares},
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse, Response},
};
use serde::Deserialize;
use serde_json::{Value, json};

const LIST: u8 = Permission::DeviceList as u8;
const SITES: u8 = Permission::SiteManage as u8;
const INVENTORY: u8 = Permission::InventoryManage as u8;
const CREATE: u8 = Permission::SubaccountCreate as u8;
const DELETE: u8 = Permission::SubaccountDelete as u8;

/// Is a place within the caller's sight?
pub fn sees(api: &Shared, caller: &Caller, place: &Place) -> bool {
    api.engine.state().rights_of(&caller.actor).allow(Permission::DeviceList, place, api.now())
}

/// What came of asking for something new, with the request; 202 while it waits.
pub fn made(api: &Shared, caller: &Caller, request: RequestId, mut body: Value) -> Answer<Response> {
    let waits = api.engine.state().request(request).is_some_and(|request| request.state == RequestState::Pending);
    let status = if waits { StatusCode::ACCEPTED } else { StatusCode::CREATED };
    body["request"] = json!(requests::shown(api, caller, request)?);
    Ok((status, [(header::LOCATION, format!("/api/v1/requests/{request}"))], Json(body)).into_response())
}

fn of_site(site: SiteId) -> Place {
    Place::site(site)
}

/// Where a container is.
pub fn of_container(container: &Container) -> Place {
    Place { container: Some(container.id), ..Place::site(container.site) }
}

/// Where a sub-account is.
pub fn of_sub_account(sub_account: &SubAccount) -> Place {
    Place::sub_account(sub_account.id)
}

fn site_view(state: &State, site: &Site) -> Value {
    let agents = state.agents_of(site.account).filter(|agent| agent.site == site.id).count();
    let containers = state.containers_of(site.account).filter(|container| container.site == site.id).count();
    let devices = state.devices_in(site.account, Node::Site(site.id)).len();
    json!({
        "id": site.id, "etag": state.tag_of(Thing::Site(site.id)), "name": site.name, "capacity_w": site.capacity_w,
        "agents": agents, "containers": containers, "devices": devices,
    })
}

/// `GET /sites`
pub async fn sites(Shares(api): Shares<Shared>, allowed: Permitted<LIST>) -> Json<Value> {
    let (state, reach) = (api.engine.state(), allowed.permit.reach());
    let sites = state.sites_of(reach.account()).filter(|site| reach.covers(site.account, &of_site(site.id)));
    Json(json!({ "items": sites.map(|site| site_view(&state, site)).collect::<Vec<_>>() }))
}

fn seen_site<'s>(state: &'s State, reach: &Reach, text: &str) -> Answer<&'s Site> {
    let site = state.site(id(text, "site")?).filter(|site| reach.covers(site.account, &of_site(site.id)));
    site.ok_or_else(|| Problem::not_found("site"))
}

/// `GET /sites/{site}`
pub async fn site(Shares(api): Shares<Shared>, allowed: Permitted<LIST>, Path(site): Path<String>) -> Answer<Response> {
    let state = api.engine.state();
    let view = site_view(&state, seen_site(&state, allowed.permit.reach(), &site)?);
    Ok(etag::of_view(view))
}

/// A site as it is to be.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AskedSite {
    name: String,
    capacity_w: Option<u64>,
    reason: Option<String>,
}

/// `POST /sites`
pub async fn create_site(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<SITES>,
    headers: HeaderMap,
    Body(asked): Body<AskedSite>,
) -> Answer<Response> {
    let control = Control::CreateSite { name: asked.name.clone(), capacity_w: asked.capacity_w };
    let request = submit_control(&api, &caller, None, control, asked.reason, key_of(&headers)).await?;
    let state = api.engine.state();
    let site = state.sites_of(caller.actor.account).find(|site| site.name == asked.name);
    made(&api, &caller, request, json!({ "site": site.map(|site| site_view(&state, site)) }))
}

/// Which site somebody in whose sight it is means.
fn meant(api: &Shared, caller: &Caller, text: &str) -> Answer<SiteId> {
    let (state, account) = (api.engine.state(), caller.actor.account);
    let site = state.site(id(text, "site")?).filter(|site| site.account == account).map(|site| site.id);
    site.filter(|site| sees(api, caller, &of_site(*site))).ok_or_else(|| Problem::not_found("site"))
}

/// `PUT /sites/{site}`
pub async fn change_site(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<SITES>,
    seen: IfMatch,
    Path(site): Path<String>,
    Body(asked): Body<AskedSite>,
) -> Answer<Response> {
    let site = meant(&api, &caller, &site)?;
    let control = Control::ChangeSite { site, name: asked.name, capacity_w: asked.capacity_w };
    let seen = seen.of(Thing::Site(site));
    let request = submit_control(&api, &caller, seen, control, asked.reason, None).await?;
    requests::made(&api, &caller, request, StatusCode::OK)
}

/// The site's name, typed by whoever takes it away.
#[derive(Deserialize)]
pub struct Typed {
    name: Option<String>,
}

/// `DELETE /sites/{site}`
pub async fn remove_site(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<SITES>,
    seen: IfMatch,
    Path(site): Path<String>,
    Params(typed): Params<Typed>,
) -> Answer<Response> {
    let site = meant(&api, &caller, &site)?;
    let control = Control::RemoveSite { site, name: typed.name.unwrap_or_default() };
    let request = submit_control(&api, &caller, seen.of(Thing::Site(site)), control, None, None).await?;
    requests::made(&api, &caller, request, StatusCode::OK)
}

/// A name.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Named {
    name: String,
}

/// Of which site.
#[derive(Deserialize)]
pub struct OfSite {
    site: Option<SiteId>,
}

fn container_view(state: &State, container: &Container) -> Value {
    let devices = state.devices_in(container.account, Node::Container(container.id)).len();
    let etag = state.tag_of(Thing::Container(container.id));
    json!({ "id": container.id, "etag": etag, "site": container.site, "name": container.name, "devices": devices })
}

/// `GET /containers`
pub async fn containers(
    Shares(api): Shares<Shared>,
    allowed: Permitted<LIST>,
    Params(of): Params<OfSite>,
) -> Json<Value> {
    let (state, reach) = (api.engine.state(), allowed.permit.reach());
    let here = |container: &&Container| of.site.is_none_or(|site| site == container.site);
    let containers = state.containers_of(reach.account()).filter(here);
    let containers = containers.filter(|container| reach.covers(container.account, &of_container(container)));
    Json(json!({ "items": containers.map(|container| container_view(&state, container)).collect::<Vec<_>>() }))
}

fn answer_container(api: &Shared, status: StatusCode, container: ContainerId) -> Answer<Response> {
    let state = api.engine.state();
    let container = state.container(container).ok_or_else(|| Problem::not_found("container"))?;
    Ok((status, etag::of_view(container_view(&state, container))).into_response())
}

/// `POST /sites/{site}/containers`
pub async fn create_container(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<INVENTORY>,
    Path(site): Path<String>,
    Body(named): Body<Named>,
) -> Answer<Response> {
    let command = Command::CreateContainer { site: id(&site, "site")?, name: named.name };
    let Reply::Container(container) = api.engine.run(caller.actor, command).await? else {
        return Err(Problem::internal(&"no container came of it"));
    };
    answer_container(&api, StatusCode::CREATED, container)
}

/// `PUT /containers/{container}`
pub async fn rename_container(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<INVENTORY>,
    seen: IfMatch,
    Path(container): Path<String>,
    Body(named): Body<Named>,
) -> Answer<Response> {
    let container = id(&container, "container")?;
    let rename = Command::RenameContainer { container, name: named.name };
    api.engine.run(caller.actor, rename.if_seen(seen.of(Thing::Container(container)))).await?;
    answer_container(&api, StatusCode::OK, container)
}

/// `DELETE /containers/{container}`
pub async fn remove_container(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<INVENTORY>,
    seen: IfMatch,
    Path(container): Path<String>,
) -> Answer<StatusCode> {
    let container = id(&container, "container")?;
    let removal = Command::RemoveContainer { container };
    api.engine.run(caller.actor, removal.if_seen(seen.of(Thing::Container(container)))).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn sub_account_view(state: &State, sub_account: &SubAccount) -> Value {
    let devices = state.devices_in(sub_account.account, Node::SubAccount(sub_account.id)).len();
    let etag = state.tag_of(Thing::SubAccount(sub_account.id));
    json!({ "id": sub_account.id, "etag": etag, "name": sub_account.name, "devices": devices })
}

/// `GET /sub-accounts`, each with what is due and where it is paid to, for whoever may see that.
pub async fn sub_accounts(Shares(api): Shares<Shared>, allowed: Permitted<LIST>) -> Json<Value> {
    let (state, reach, now) = (api.engine.state(), allowed.permit.reach(), api.now());
    let seen = state.sub_accounts_of(reach.account()).filter(|of| reach.covers(of.account, &of_sub_account(of)));
    let listed = seen.map(|sub_account| {
        let mut view = sub_account_view(&state, sub_account);
        view["money"] = money::summary(&state, &allowed.asker.0, sub_account.id, now);
        view
    });
    Json(json!({ "items": listed.collect::<Vec<_>>() }))
}

fn answer_sub_account(api: &Shared, status: StatusCode, reply: &Reply) -> Answer<Response> {
    let state = api.engine.state();
    let made = match reply {
        Reply::SubAccount(sub_account) => state.sub_account(*sub_account),
        _ => None,
    };
    let made = made.ok_or_else(|| Problem::internal(&"no sub-account came of it"))?;
    Ok((status, etag::of_view(sub_account_view(&state, made))).into_response())
}

/// `POST /sub-accounts`
pub async fn create_sub_account(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<CREATE>,
    Body(named): Body<Named>,
) -> Answer<Response> {
    let reply = api.engine.run(caller.actor, Command::CreateSubAccount { name: named.name }).await?;
    answer_sub_account(&api, StatusCode::CREATED, &reply)
}

/// `PUT /sub-accounts/{sub_account}`
pub async fn rename_sub_account(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<CREATE>,
    seen: IfMatch,
    Path(sub_account): Path<String>,
    Body(named): Body<Named>,
) -> Answer<Response> {
    let sub_account = id(&sub_account, "sub-account")?;
    let rename = Command::RenameSubAccount { sub_account, name: named.name };
    let reply = api.engine.run(caller.actor, rename.if_seen(seen.of(Thing::SubAccount(sub_account)))).await?;
    answer_sub_account(&api, StatusCode::OK, &reply)
}

/// `DELETE /sub-accounts/{sub_account}`
pub async fn remove_sub_account(
    Shares(api): Shares<Shared>,
    Allowed { caller, .. }: Allowed<DELETE>,
    seen: IfMatch,
    Path(sub_account): Path<String>,
) -> Answer<Response> {
    let sub_account: SubAccountId = id(&sub_account, "sub-account")?;
    let state = api.engine.state();
    let known = state.sub_account(sub_account).filter(|known| known.account == caller.actor.account);
    if !known.is_some_and(|known| sees(&api, &caller, &of_sub_account(known))) {
        return Err(Problem::not_found("sub-account"));
    }
    let (seen, control) = (seen.of(Thing::SubAccount(sub_account)), Control::RemoveSubAccount { sub_account });
    let request = submit_control(&api, &caller, seen, control, None, None).await?;
    requests::made(&api, &caller, request, StatusCode::OK)
}
