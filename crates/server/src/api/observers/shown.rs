//! What observers see. Addresses, of money and of machines, are not among it.

use super::COIN;
use crate::api::{
    Api, Shared,
    caller::Permitted,
    id,
    problem::{Answer, Problem},
};
use adit_core::{
    accounts::{ObserverLink, Sections},
    authz::{Node, Permission, Place},
    fleet::SubAccount,
    ids::SubAccountId,
    state::State,
};
use axum::{
    Json,
    extract::{Path, State as Shares},
};
use serde_json::{Value, json};

const LIST: u8 = Permission::DeviceList as u8;
/// Most workers shown of a sub-account.
const MAX_WORKERS: usize = 1_000;

fn page(api: &Api, label: Option<&str>, until: Value, sub_accounts: &[Value]) -> Value {
    json!({ "label": label, "expires_at": until, "as_of": api.now(), "sub_accounts": sub_accounts })
}

/// What a link shows now.
pub fn of_link(api: &Api, state: &State, link: &ObserverLink) -> Value {
    let there = link.sub_accounts.iter().filter_map(|id| state.sub_account(*id));
    let all: Vec<_> = there.map(|of| sub_account(api, state, of, link.sections)).collect();
    page(api, Some(&link.label), json!(link.expires_at), &all)
}

/// What whoever knows its name sees.
pub fn of_name(api: &Api, state: &State, of: &SubAccount, sections: Sections) -> Value {
    page(api, None, Value::Null, &[sub_account(api, state, of, sections)])
}

fn sub_account(api: &Api, state: &State, of: &SubAccount, sections: Sections) -> Value {
    let devices = state.devices_in(of.account, Node::SubAccount(of.id));
    let live = api.live();
    let totals = live.totals_of(devices.iter());
    let counts: serde_json::Map<_, _> =
        totals.devices.iter().map(|(status, count)| (status.as_str().to_owned(), json!(count))).collect();
    let mut view = json!({
        "coin": COIN, "name": of.name, "hashrate_ths": totals.known_hashrate_ths(),
        "devices": { "total": totals.devices.total(), "by_status": counts },
    });
    if sections.workers {
        let workers = devices.iter().filter_map(|id| state.device(id)).take(MAX_WORKERS).map(|device| {
            let row = live.row(device.id);
            json!({
                "name": device.id, "model": device.found.model, "status": row.map(|row| row.status.as_str()),
                "hashrate_ths": row.and_then(|row| row.now()?.hashrate_ths), "heard_at": row.and_then(|row| row.seen_at),
            })
        });
        view["workers"] = workers.collect();
    }
    if sections.earnings {
        let money = state.money(of.id);
        view["earnings"] = json!({ "due_sat": money.owed(), "settled_until": money.settled });
    }
    view
}

/// `GET /sub-accounts/{sub_account}/observe`: the page as those see it who may see the sub-account anyway, protected or not.
pub async fn preview(
    Shares(api): Shares<Shared>,
    allowed: Permitted<LIST>,
    Path(text): Path<String>,
) -> Answer<Json<Value>> {
    let state = api.engine.state();
    let (sought, reach) = (id::<SubAccountId>(&text, "sub-account")?, allowed.permit.reach());
    let place = Place::sub_account(sought);
    let of = state.sub_account(sought).filter(|of| reach.covers(of.account, &place));
    let of = of.ok_or_else(|| Problem::not_found("sub-account"))?;
    let earnings = state.rights_of(&allowed.asker.0).allow(Permission::RevenueView, &place, api.now());
    Ok(Json(of_name(&api, &state, of, Sections { workers: true, earnings })))
}
