//! The device table, filtered by what the caller reaches before anything is counted or cut.

use super::{
    Shared,
    caller::Permitted,
    etag, groups, id,
    problem::{Answer, Params, Problem, limit},
    requests, structure,
};
use adit_core::{
    authz::{Actor, Permission, Place, Reach, Verdict},
    fleet::{Device, DeviceClaim},
    ids::{ContainerId, DeviceId, GroupId, RequestId, SiteId, SubAccountId},
    requests::Request,
    state::State,
    time::Timestamp,
};
use adit_telemetry::{Column, Kind, LiveRow, LiveTable, Order, Page, Query, Range, Set, Sort};
use axum::{
    Json,
    extract::{Path, State as Shares},
    response::Response,
};
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
};

const LIST: u8 = Permission::DeviceList as u8;
const VIEW: u8 = Permission::DeviceView as u8;
/// Most ids given at once.
const MAX_IDS: usize = 10_000;

/// Devices are chosen by these.
pub const CHOICE: &[&str] = &[
    "site",
    "group",
    "container",
    "sub_account",
    "status",
    "connectivity",
    "activity",
    "model",
    "make",
    "q",
    "power_min",
    "power_max",
    "hashrate_min",
    "hashrate_max",
    "temp_min",
    "temp_max",
    "sort",
    "order",
    "limit",
    "cursor",
];

/// What to show.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    site: Option<SiteId>,
    group: Option<GroupId>,
    container: Option<ContainerId>,
    sub_account: Option<SubAccountId>,
    status: Option<String>,
    connectivity: Option<String>,
    activity: Option<String>,
    model: Option<String>,
    make: Option<String>,
    q: Option<String>,
    power_min: Option<f32>,
    power_max: Option<f32>,
    hashrate_min: Option<f32>,
    hashrate_max: Option<f32>,
    temp_min: Option<f32>,
    temp_max: Option<f32>,
    sort: Option<String>,
    order: Option<String>,
    limit: Option<usize>,
    cursor: Option<String>,
}

impl Asked {
    /// Nobody learns what is in a group that they do not know.
    fn check_group(&self, state: &State, actor: &Actor, now: Timestamp) -> Answer<()> {
        let known = |id| state.group(id).is_some_and(|group| groups::known(state, actor, group, now));
        if self.group.is_none_or(known) { Ok(()) } else { Err(Problem::not_found("group")) }
    }

    /// Nor in a container or sub-account out of their reach.
    fn check_places(&self, state: &State, reach: &Reach) -> Answer<()> {
        let stands = |id| state.container(id).is_some_and(|of| reach.covers(of.account, &structure::of_container(of)));
        if !self.container.is_none_or(stands) {
            return Err(Problem::not_found("container"));
        }
        let is = |id| state.sub_account(id).is_some_and(|of| reach.covers(of.account, &structure::of_sub_account(of)));
        if self.sub_account.is_none_or(is) { Ok(()) } else { Err(Problem::not_found("sub-account")) }
    }

    fn matches(&self, device: &Device) -> bool {
        let is = |wanted: &Option<String>, value: &str| {
            wanted.as_deref().is_none_or(|wanted| wanted.is_empty() || wanted.split(',').any(|word| word == value))
        };
        let found = &device.found;
        self.site.is_none_or(|site| device.site == site)
            && self.group.is_none_or(|group| device.groups.has(group))
            && self.container.is_none_or(|container| device.container == Some(container))
            && self.sub_account.is_none_or(|sub_account| device.sub_account == Some(sub_account))
            && is(&self.make, &found.make)
            && is(&self.model, &found.model)
            && self.q.as_deref().map(str::trim).filter(|q| !q.is_empty()).is_none_or(|q| {
                let q = q.to_lowercase();
                device.id.to_string().contains(&q)
                    || found.ip.to_string().contains(&q)
                    || found.model.to_lowercase().contains(&q)
                    || found.identity.mac.as_deref().is_some_and(|mac| is_of_mac(&q, mac))
                    || found.identity.serial.as_deref().is_some_and(|serial| serial.to_lowercase().contains(&q))
            })
    }

    fn ranges(&self) -> Vec<Range> {
        let all = [
            (Column::Power, self.power_min, self.power_max),
            (Column::Hashrate, self.hashrate_min, self.hashrate_max),
            (Column::TempChip, self.temp_min, self.temp_max),
        ];
        let given = all.into_iter().filter(|(_, min, max)| min.is_some() || max.is_some());
        given.map(|(column, min, max)| Range { column, min, max }).collect()
    }
}

/// Is it a part of a MAC address, or all of one in whatever way labels write it? In lower case.
fn is_of_mac(text: &str, mac: &str) -> bool {
    let digits = |text: &str| text.chars().filter(char::is_ascii_hexdigit).collect::<String>();
    mac.contains(&text.replace('-', ":")) || digits(text).len() == 12 && digits(text) == digits(mac)
}

/// Place of each device in the order of a text.
fn ranks<K: Ord>(state: &State, key: impl Fn(&Device) -> K) -> Vec<u32> {
    let mut all: Vec<_> = state.devices().map(|device| (key(device), device.id)).collect();
    all.sort_unstable();
    let most = all.iter().map(|(_, device)| device.index()).max().unwrap_or(0);
    let mut ranks = vec![u32::MAX; most + 1];
    for (rank, (_, device)) in (0..).zip(&all) {
        if let Some(place) = ranks.get_mut(device.index()) {
            *place = rank;
        }
    }
    ranks
}

/// The values that words separated by commas are for; all if there are none.
fn set_of<K: Kind>(what: &str, words: Option<&str>) -> Answer<Set<K>> {
    let Some(words) = words.filter(|words| !words.is_empty()) else { return Ok(Set::ALL) };
    Set::parse(words.split(',')).map_err(|word| Problem::parameter(what, format!("knows no {word}")))
}

fn page(
    state: &State,
    live: &LiveTable,
    asked: &Asked,
    seen: &dyn Fn(&Device) -> bool,
    limit: usize,
) -> Answer<(Page, usize)> {
    let offset = match asked.cursor.as_deref() {
        None | Some("") => 0,
        Some(cursor) => cursor.parse().map_err(|_| Problem::parameter("cursor", "is not one of ours"))?,
    };
    let ranked;
    let sort = match asked.sort.as_deref().unwrap_or("name") {
        "name" => Sort::Id,
        "ip" => {
            ranked = ranks(state, |device| device.found.ip);
            Sort::Rank(&ranked)
        }
        "model" => {
            ranked = ranks(state, |device| device.found.model.clone());
            Sort::Rank(&ranked)
        }
        "status" => Sort::Status,
        "hashrate" => Sort::Column(Column::Hashrate),
        "power" => Sort::Column(Column::Power),
        "temp" => Sort::Column(Column::TempChip),
        "mode" => Sort::Column(Column::PowerMode),
        "uptime" => Sort::Column(Column::Uptime),
        other => return Err(Problem::parameter("sort", format!("knows no {other}"))),
    };
    let order = match asked.order.as_deref() {
        None | Some("asc") => Order::Ascending,
        Some("desc") => Order::Descending,
        Some(_) => return Err(Problem::parameter("order", "must be asc or desc")),
    };
    let matches = |device: DeviceId| state.device(device).is_some_and(|device| seen(device) && asked.matches(device));
    let ranges = asked.ranges();
    let query = Query {
        statuses: set_of("status", asked.status.as_deref())?,
        connectivities: set_of("connectivity", asked.connectivity.as_deref())?,
        doings: set_of("activity", asked.activity.as_deref())?,
        ranges: &ranges,
        allowed: None,
        matches: Some(&matches),
        sort,
        order,
        offset,
        limit,
    };
    Ok((live.page(&query), offset))
}

/// `GET /devices`
pub async fn list(
    Shares(api): Shares<Shared>,
    allowed: Permitted<LIST>,
    Params(asked): Params<Asked>,
) -> Answer<Json<Value>> {
    let limit = limit(asked.limit, 100, 500)?;
    let (state, now) = (api.engine.state(), api.now());
    asked.check_group(&state, &allowed.asker.0, now)?;
    let reach = allowed.permit.reach();
    asked.check_places(&state, reach)?;
    let within = state.devices_within(reach);
    let seen = |device: &Device| within.contains(device.id);
    let live = api.live();
    let (page, offset) = page(&state, &live, &asked, &seen, limit)?;
    let mut models: BTreeMap<&str, u32> = BTreeMap::new();
    let listed = within.iter().filter_map(|id| state.device(id));
    for device in listed.filter(|device| asked.site.is_none_or(|site| device.site == site)) {
        *models.entry(&device.found.model).or_default() += 1;
    }
    let rows = Rows::new(&state, &live, &allowed.asker.0, now);
    let items: Vec<_> = page.devices.iter().filter_map(|id| rows.of(state.device(*id)?)).collect();
    let next = offset + page.devices.len();
    Ok(Json(json!({
        "items": items, "total": page.total, "next_cursor": (next < page.total).then(|| next.to_string()),
        "facets": {
            "status": by_word(page.statuses.iter()), "connectivity": by_word(page.connectivities.iter()),
            "activity": by_word(page.doings.iter()), "model": models,
        },
        "as_of": now,
    })))
}

fn by_word<K: Kind>(counts: impl Iterator<Item = (K, u32)>) -> BTreeMap<&'static str, u32> {
    counts.map(|(value, count)| (value.word(), count)).collect()
}

/// `GET /devices/ids`
pub async fn ids(
    Shares(api): Shares<Shared>,
    allowed: Permitted<LIST>,
    Params(asked): Params<Asked>,
) -> Answer<Json<Value>> {
    let state = api.engine.state();
    asked.check_group(&state, &allowed.asker.0, api.now())?;
    asked.check_places(&state, allowed.permit.reach())?;
    let within = state.devices_within(allowed.permit.reach());
    let seen = |device: &Device| within.contains(device.id);
    let (page, _) = page(&state, &api.live(), &asked, &seen, MAX_IDS)?;
    Ok(Json(json!({ "ids": page.devices })))
}

/// `GET /devices/{device}`
pub async fn show(
    Shares(api): Shares<Shared>,
    allowed: Permitted<VIEW>,
    Path(device): Path<String>,
) -> Answer<Response> {
    let state = api.engine.state();
    let device: DeviceId = id(&device, "device")?;
    let reach = allowed.permit.reach();
    let device = state.device(device).filter(|device| reach.covers(device.account, &device.place()));
    let device = device.ok_or_else(|| Problem::not_found("device"))?;
    let live = api.live();
    let row = Rows::new(&state, &live, &allowed.asker.0, api.now()).of(device);
    let version = format!("{}-{}", live.row(device.id).map_or(0, |row| row.version), state.seq());
    row.map(|row| etag::tagged(version, row)).ok_or_else(|| Problem::not_found("device"))
}

/// Devices as the contract's `DeviceRow`s, for somebody who reaches them.
pub struct Rows<'a> {
    state: &'a State,
    live: &'a LiveTable,
    actor: &'a Actor,
    now: Timestamp,
    /// Requests that may be named: looked up once, as one may hold all of the devices.
    visible: RefCell<HashMap<RequestId, bool>>,
}

impl<'a> Rows<'a> {
    /// As all of these are now.
    pub fn new(state: &'a State, live: &'a LiveTable, actor: &'a Actor, now: Timestamp) -> Self {
        Self { state, live, actor, now, visible: RefCell::default() }
    }

    fn may_name(&self, request: &Request) -> bool {
        let mut visible = self.visible.borrow_mut();
        *visible.entry(request.id).or_insert_with(|| requests::visible(self.state, request, self.actor, self.now))
    }

    /// One of them, if the live table knows it.
    pub fn of(&self, device: &Device) -> Option<Value> {
        let (is, found) = (self.live.row(device.id)?, &device.found);
        let holders = self.state.holders_of(device.id).into_iter().filter(|request| self.may_name(request));
        let open: Vec<_> = holders
            .map(|request| {
                json!({
                    "request": request.id, "number": request.number,
                    "action": request.payload.action.title(), "state": request.state,
                })
            })
            .collect();
        let draft = self.actor.user().and_then(|me| self.state.draft(me, device.site));
        let in_draft = draft
            .is_some_and(|draft| draft.changes.iter().any(|change| change.targets.binary_search(&device.id).is_ok()));
        let mut row = self.live_view(&is);
        let lasting = json!({
            "id": device.id, "name": device.id, "site": device.site, "agent": device.agent, "ip": found.ip,
            "mac": found.identity.mac, "make": found.make, "model": found.model, "firmware": found.firmware, "driver": found.driver,
            "supports": found.supports, "modes": found.modes, "open": open, "in_draft": in_draft,
            "container": self.container(device), "sub_account": self.sub_account(device), "claims": self.claims(device),
        });
        if let (Some(row), Value::Object(lasting)) = (row.as_object_mut(), lasting) {
            row.extend(lasting);
        }
        Some(row)
    }

    /// How it is, and what it said last, however long ago.
    fn live_view(&self, is: &LiveRow<'_>) -> Value {
        let (last, age) = (is.last, |at: Timestamp| self.now.since(at));
        json!({
            "status": is.status, "since": is.since, "connectivity": is.connectivity, "activity": is.activity,
            "last_activity": is.last_activity, "seen_age_ms": is.seen_at.map(age), "age_ms": last.map(|last| age(last.as_of)),
            "current": is.is_current, "restored": is.is_restored,
            "hashrate_ths": last.and_then(|last| last.hashrate_ths), "expected_hashrate_ths": is.expected_hashrate_ths,
            "power_w": last.and_then(|last| last.power_w), "temp_chip_max_c": last.and_then(|last| last.temp_chip_max_c),
            "temp_inlet_c": last.and_then(|last| last.temp_inlet_c), "fan_rpm": last.and_then(|last| last.fan_rpm),
            "uptime_s": last.and_then(|last| last.uptime_s), "power_mode": last.and_then(|last| last.power_mode),
            "led_on": last.and_then(|last| last.led_on), "pools": last.and_then(|last| last.pools.as_deref()),
            "errors": last.map_or(&[][..], |last| &last.errors),
        })
    }

    /// Where it stands, if they reach that as a whole.
    fn container(&self, device: &Device) -> Option<Value> {
        let container = self.state.container(device.container?)?;
        let seen = self.reaches(&structure::of_container(container));
        seen.then(|| json!({ "id": container.id, "name": container.name }))
    }

    /// Whose it is, likewise.
    fn sub_account(&self, device: &Device) -> Option<Value> {
        let sub_account = self.state.sub_account(device.sub_account?)?;
        let seen = self.reaches(&structure::of_sub_account(sub_account));
        seen.then(|| json!({ "id": sub_account.id, "name": sub_account.name }))
    }

    /// Who says that they see it while another agent holds it; null where the caller does not reach them.
    fn claims(&self, device: &Device) -> Vec<Value> {
        let of = |claim: &DeviceClaim| {
            let agent = self.state.agent(claim.agent).filter(|agent| self.reaches(&Place::site(agent.site)));
            json!({ "agent": agent.map(|agent| &agent.name), "since": claim.since })
        };
        self.state.claims_on(device.id).iter().map(of).collect()
    }

    fn reaches(&self, place: &Place) -> bool {
        match self.state.verdict(self.actor, Permission::DeviceList, place, self.now) {
            Verdict::Allow { .. } | Verdict::NeedsRequest { .. } => true,
            Verdict::Deny => false,
        }
    }
}
