//! What devices have for pools now, told together: what a change of them begins with.

use super::{
    Shared,
    caller::Permitted,
    problem::{Answer, Body, Problem},
};
use adit_core::{
    authz::{Permission, Place},
    fleet::{Device, FieldValues, Pool, TemplateField, plain_url, template_of},
    ids::DeviceId,
    requests::MAX_TARGETS,
    state::State,
};
use axum::{Json, extract::State as Shares};
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

const P: u8 = Permission::DeviceList as u8;

/// Of which devices.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Of {
    targets: Vec<DeviceId>,
}

/// `POST /devices/pools`
pub async fn now(Shares(api): Shares<Shared>, allowed: Permitted<P>, Body(of): Body<Of>) -> Answer<Json<Value>> {
    if of.targets.len() > MAX_TARGETS {
        return Err(Problem::invalid(format!("at most {MAX_TARGETS} devices")));
    }
    let targets: BTreeSet<_> = of.targets.into_iter().collect();
    let (state, reach) = (api.engine.state(), allowed.permit.reach());
    let device = |id: &DeviceId| state.device(*id).filter(|device| reach.covers(device.account, &device.place()));
    let devices: Option<Vec<&Device>> = targets.iter().map(device).collect();
    let devices = devices.ok_or_else(|| Problem::not_found("device"))?;
    let live = api.live();
    let told = devices.iter().filter_map(|device| Some((*device, live.row(device.id)?.now()?.pools.as_deref()?)));
    let told: Vec<(&Device, &[Pool])> = told.collect();
    let sees = |place: &Place| reach.covers(allowed.asker.0.account, place);
    let slots = told.iter().map(|(_, pools)| pools.len()).max().unwrap_or(0);
    let pools: Vec<_> = (0..slots).map(|slot| pool(&state, &told, slot, &sees)).collect();
    Ok(Json(json!({ "devices": devices.len(), "not_reported": devices.len() - told.len(), "pools": pools })))
}

/// The pool at one place of the order of preference.
fn pool(state: &State, told: &[(&Device, &[Pool])], slot: usize, sees: &dyn Fn(&Place) -> bool) -> Value {
    let url = told.iter().map(|(_, pools)| pools.get(slot).map(|pool| (plain_url(&pool.url), pool.url.as_str())));
    let user = told.iter().map(|(_, pools)| pools.get(slot).map(|pool| (pool.user.clone(), pool.user.as_str())));
    let mut user = common(user);
    user["template"] = json!(template(state, told, slot, sees));
    json!({ "url": common(url), "user": user })
}

/// The one value, as somebody has it, or how many there are; to have none is one as well. Values are compared by the first of the
/// two texts.
fn common<'a>(all: impl Iterator<Item = Option<(String, &'a str)>>) -> Value {
    let mut kinds: BTreeMap<Option<String>, &str> = BTreeMap::new();
    for one in all {
        let (key, text) = one.map_or((None, ""), |(key, text)| (Some(key), text));
        kinds.entry(key).or_insert(text);
    }
    let only = if kinds.len() == 1 { kinds.values().next().copied() } else { None };
    json!({ "value": only, "kinds": kinds.len() })
}

/// The template that makes the users that these devices have.
fn template(state: &State, told: &[(&Device, &[Pool])], slot: usize, sees: &dyn Fn(&Place) -> bool) -> Option<String> {
    let fields: BTreeSet<_> = TemplateField::ALL.into_iter().collect();
    let of = |(device, pools): &(&Device, &'_ [Pool])| -> Option<(String, FieldValues)> {
        Some((pools.get(slot)?.user.clone(), state.field_values(device, &fields, sees)))
    };
    let users: Vec<_> = told.iter().map(of).collect::<Option<_>>()?;
    template_of(&users)
}
