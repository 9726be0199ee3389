//! The header: the fleet in numbers, and where requests stand.

use super::{
    Shared, accounts,
    caller::Permitted,
    hidden::hidden,
    problem::{Answer, Params},
};
use adit_core::{
    authz::{Permission, Permit, Principal},
    ids::SiteId,
    requests::RequestState,
    state::State,
    time::Millis,
};
use adit_telemetry::{LeftOut, LiveTable};
use axum::{Json, extract::State as Shares};
use serde::Deserialize;
use serde_json::{Value, json};

const P: u8 = Permission::DashboardView as u8;

/// Which site; all if none is named.
#[derive(Deserialize)]
pub struct Asked {
    site: Option<SiteId>,
}

/// `GET /overview`
pub async fn show(
    Shares(api): Shares<Shared>,
    allowed: Permitted<P>,
    Params(asked): Params<Asked>,
) -> Answer<Json<Value>> {
    let state = api.engine.state();
    let overview = view(&api, &state, &api.live(), &allowed.permit, asked.site);
    Ok(Json(overview))
}

/// The header as the holder of a permit sees it: all of one state of the log and of the live table.
pub fn view(api: &Shared, state: &State, live: &LiveTable, permit: &Permit<P>, site: Option<SiteId>) -> Value {
    let now = api.now();
    let reach = permit.reach();
    let here = |of: SiteId| site.is_none_or(|site| site == of);
    let within = state.devices_within(reach);
    let devices = || within.iter().filter_map(|id| state.device(id)).filter(|d| here(d.site));
    let totals = live.totals_of(devices().map(|d| d.id));
    let hidden = hidden(state, live, reach, devices());
    let by_reason = totals.left_out_for();
    let why: Vec<_> =
        by_reason.iter().map(|(reason, some)| left_out(some, json!({ "reason": reason.as_str() }))).collect();
    let mut counts: serde_json::Map<_, _> =
        totals.devices.iter().map(|(status, count)| (status.as_str().to_owned(), json!(count))).collect();
    counts.insert("total".into(), json!(totals.devices.total()));
    let sites = state.sites_of(reach.account());
    let sites = sites.filter(|s| here(s.id) && reach.covers(s.account, &adit_core::authz::Place::site(s.id)));
    let capacity_w = sites.filter_map(|site| site.capacity_w).reduce(|a, b| a + b);

    let me = permit.actor().user();
    let (mut waiting_mine, mut waiting_me, mut running, mut done, mut total) = (0, 0, 0, 0, 0);
    let mut not_done = 0;
    let open = state.requests_in(reach.account(), &RequestState::OPEN, None);
    let eyes = state.eyes(permit.actor(), now);
    for request in open.filter(|request| eyes.see(request)) {
        if request.state == RequestState::Executing {
            running += 1;
            if let Some(seen) = state.as_seen(permit.actor(), request, now) {
                let (ended, ok) = seen.progress();
                done += ended;
                not_done += ended - ok;
                total += u32::try_from(seen.effective().count()).unwrap_or(u32::MAX);
            }
        } else if me.is_some_and(|me| request.payload.initiator == Principal::User(me)) {
            waiting_mine += 1;
        }
        if me.is_some_and(|me| state.awaits(request, me, now)) {
            waiting_me += 1;
        }
    }
    let failed = state.failed_after(reach.account(), now.before(Millis::days(1)));
    let failed = failed.filter(|request| eyes.see(request)).count();
    let draft = me.map_or(0, |me| {
        let drafts = state.sites_of(reach.account()).filter(|s| here(s.id)).filter_map(|s| state.draft(me, s.id));
        drafts.map(|draft| draft.changes.len()).sum::<usize>()
    });
    json!({
        "devices": counts,
        "hashrate_ths": totals.known_hashrate_ths(),
        "power_w": totals.known_power_w(),
        "efficiency_j_th": totals.efficiency_j_th(),
        "left_out": left_out(&totals.left_out, json!({ "why": why })),
        "hidden": hidden,
        "capacity_w": capacity_w,
        "as_of": now,
        "seq": state.seq(),
        "deletion": accounts::deletion(state, permit.actor(), now),
        "log_put_back": put_back(api),
        "frozen": state.account(permit.actor().account).is_some_and(|account| account.frozen),
        "chart": {
            "draft": draft, "waiting_mine": waiting_mine, "waiting_me": waiting_me,
            "running": { "requests": running, "done": done, "failed": not_done, "total": total }, "failed_24h": failed,
        },
    })
}

fn left_out(some: &LeftOut, mut with: Value) -> Value {
    let LeftOut { devices, hashrate_ths, power_w } = some;
    with["devices"] = json!(devices);
    with["hashrate_ths"] = json!(hashrate_ths);
    with["power_w"] = json!(power_w);
    with
}

/// The latest record that this server has told somebody of and that its log does not have any more.
fn put_back(api: &Shared) -> Value {
    let missing = api.agents.heads().all_missing();
    missing.first().map_or(Value::Null, |(_, missing)| json!({ "record": missing.head.seq, "at": missing.head.at }))
}
