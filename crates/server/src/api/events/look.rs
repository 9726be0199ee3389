//! One look: what has changed since the last one and may be told to this person, as server-sent events.

use super::{
    super::{
        Shared, caller, devices, inbox, overview,
        requests::visible,
        views::{self, Viewer},
    },
    PER_SECOND,
    changes::{Changes, Sources},
};
use crate::{Stage, agents::Connected, notices::inbox::Counts};
use adit_core::{
    authz::{Actor, Permission, Permit, Place, Reach, Right},
    fleet::{CommandId, Device},
    ids::{AgentId, DeviceId, SiteId, UserId},
    state::State,
    time::{Millis, Timestamp},
};
use adit_telemetry::{AgentCondition, LiveTable};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fmt::Write, mem, sync::Arc};

const LIST: u8 = Permission::DeviceList as u8;
const VIEW: u8 = Permission::DashboardView as u8;
/// Most device rows in one write; the others follow with the next.
const MAX_ROWS: usize = 1_000;
/// Most items in one write.
const MAX_ITEMS: usize = 1_000;
/// Most requests in one write.
const MAX_REQUESTS: usize = 100;
/// The header is told anew after this many looks even if it says the same, for its age.
const RETELL: u64 = 10 * PER_SECOND;
/// What a device is and where: told only when it is new or has changed.
const LASTING: [&str; 10] = ["site", "agent", "ip", "mac", "make", "model", "firmware", "driver", "supports", "modes"];

/// What was told of an agent: its connection, how it does, and how often it polls.
type AgentTold = (AgentId, Option<Connected>, Option<AgentCondition>, Option<Millis>);

/// What a look has found.
pub enum Look {
    /// Nothing to tell.
    Nothing,
    /// Events, ready to be written.
    Changes(String),
    /// The session has ended, or its owner has no rights any more.
    SignedOut,
    /// The session acts for another account, or has to choose one.
    Elsewhere,
    /// Nobody can say whether the session lasts.
    Unknown,
}

/// How far the device rows have been told: passes through all of them, a bounded number of rows each time.
#[derive(Default)]
struct Rows {
    /// Every change up to this version of the live table has been told.
    told: u64,
    /// A pass under way: the table's version at its start, and the last device told.
    pass: Option<(u64, DeviceId)>,
}

/// What was told of the inbox.
#[derive(Default)]
struct Inbox {
    version: u64,
    /// Nothing before the first look, which only learns them: the reader has just fetched them.
    counts: Option<Counts>,
    /// The reader goes on from what they were told before, and has fetched nothing.
    resumed: bool,
}

/// What one stream knows, and what it has still to tell.
pub struct Watcher {
    api: Shared,
    session: [u8; 32],
    actor: Actor,
    me: UserId,
    site: Option<SiteId>,
    sources: Sources,
    changes: Changes,
    /// As it was at the last look.
    state: Arc<State>,
    rights: Vec<Right>,
    /// Devices in my drafts, as last told.
    drafted: BTreeMap<SiteId, Vec<DeviceId>>,
    rows: Rows,
    overview: Value,
    inbox: Inbox,
    agents: Vec<AgentTold>,
    looks: u64,
}

impl Watcher {
    /// Begins to watch for a caller. `last` is the id of the last event they know of.
    pub fn new(api: Shared, caller: &caller::Caller, site: Option<SiteId>, last: Option<&str>) -> Self {
        let (sources, state) = Sources::new(&api.engine, &api.agents);
        let version = api.live().version();
        let mut changes = Changes::default();
        let mut rows = Rows { told: version, pass: None };
        let mut inbox = Inbox::default();
        if let Some(last) = last {
            match api.streams.known(last) {
                // Nothing was decided meanwhile and no order was on its way: only readings are to be caught up with.
                Some((seq, told)) if seq == state.seq() && told <= version && state.executing().next().is_none() => {
                    rows.told = told;
                    inbox.resumed = true;
                }
                _ => changes.missed = true,
            }
        }
        let me = caller.session.user;
        let rights = state.rights_of(&caller.actor).live(api.now()).cloned().collect();
        let sites = state.sites_of(caller.actor.account).map(|site| site.id);
        let drafted = sites.map(|site| (site, drafted(&state, me, site))).collect();
        let (session, actor) = (caller.session.token_hash, caller.actor);
        let (overview, agents, looks) = (Value::Null, Vec::new(), 0);
        Self {
            api,
            session,
            actor,
            me,
            site,
            sources,
            changes,
            state,
            rights,
            drafted,
            rows,
            overview,
            inbox,
            agents,
            looks,
        }
    }

    /// Looks once.
    pub fn look(&mut self) -> Look {
        let every_second = self.looks.is_multiple_of(PER_SECOND);
        self.looks += 1;
        let now = self.api.now();
        if every_second {
            match caller::look_up(&self.api, &self.session) {
                Ok(Some(session)) if session.account.is_none_or(|account| account == self.actor.account) => {}
                Ok(Some(_)) => return Look::Elsewhere,
                Ok(None) => return Look::SignedOut,
                Err(_) => return Look::Unknown,
            }
        }
        let engine = &self.api.engine;
        let state = self.sources.drain(&mut self.changes, || engine.state(), self.me);
        let (Ok(list), Ok(view)) = (state.permit::<LIST>(&self.actor, now), state.permit::<VIEW>(&self.actor, now))
        else {
            let elsewhere = state.rights_of(&self.actor).is_empty() && state.accounts_of(self.me).next().is_some();
            return if elsewhere { Look::Elsewhere } else { Look::SignedOut };
        };
        let rights: Vec<Right> = state.rights_of(&self.actor).live(now).cloned().collect();
        if rights != self.rights {
            self.rights = rights;
            self.changes.missed = true;
        }
        if mem::take(&mut self.changes.moved) && !list.reach().is_everywhere() {
            self.changes.missed = true;
        }
        let decided = state.seq() != self.state.seq();
        self.state = Arc::clone(&state);
        let mut events = Events::default();
        let reach = list.reach();
        if mem::take(&mut self.changes.missed) {
            self.forget();
            events.push("reset", &json!({}));
        }
        let mut stirred = self.changes.rules || !self.changes.requests.is_empty();
        self.tell_drafts(&mut events);
        {
            // What the header says and what the rows say is of one moment.
            let api = Arc::clone(&self.api);
            let live = api.live();
            self.tell_overview(&mut events, &live, &view, decided, every_second);
            self.tell_devices(&mut events, &live, reach, now);
        }
        self.tell_requests(&mut events, now);
        self.tell_items(&mut events, now);
        stirred |= self.tell_agents(&mut events, reach, every_second);
        self.tell_inbox(&mut events, stirred, now);
        match events.0.is_empty() {
            true => Look::Nothing,
            false => Look::Changes(events.written(&self.api.streams.id(self.sources.heard(), self.rows.told))),
        }
    }

    /// The reader fetches everything anew.
    fn forget(&mut self) {
        self.changes = Changes::default();
        self.rows = Rows { told: self.api.live().version(), pass: None };
        self.overview = Value::Null;
        self.inbox = Inbox::default();
        self.agents = Vec::new();
    }

    fn tell_drafts(&mut self, events: &mut Events) {
        for site in mem::take(&mut self.changes.drafts) {
            let draft = self.state.draft(self.me, site);
            events.push("draft", &json!({ "site": site, "version": draft.map_or(0, |draft| draft.version) }));
            let drafted = drafted(&self.state, self.me, site);
            self.changes.marked.extend(&drafted);
            let before = self.drafted.insert(site, drafted).unwrap_or_default();
            self.changes.marked.extend(before);
        }
    }

    fn tell_overview(
        &mut self,
        events: &mut Events,
        live: &LiveTable,
        permit: &Permit<VIEW>,
        decided: bool,
        every_second: bool,
    ) {
        let unknown = self.overview.is_null() || self.looks.is_multiple_of(RETELL);
        if !(unknown || decided || every_second) {
            return;
        }
        let overview = overview::view(&self.api, &self.state, live, permit, self.site);
        let mut bare = overview.clone();
        (bare["as_of"], bare["seq"]) = (Value::Null, Value::Null);
        if unknown || bare != self.overview {
            self.overview = bare;
            events.push("overview", &overview);
        }
    }

    fn tell_devices(&mut self, events: &mut Events, live: &LiveTable, reach: &Reach, now: Timestamp) {
        let state = Arc::clone(&self.state);
        let views = devices::Rows::new(&state, live, &self.actor, now);
        let site = self.site;
        let seen = |id: DeviceId| {
            let here = |device: &&Device| site.is_none_or(|site| site == device.site);
            state.device(id).filter(here).filter(|device| reach.covers(device.account, &device.place()))
        };
        let mut rows: Vec<Value> = Vec::new();
        let mut later = Vec::new();
        while rows.len() < MAX_ROWS {
            let Some(id) = self.changes.renewed.pop_first() else { break };
            let Some(device) = seen(id) else { continue };
            match views.of(device) {
                Some(row) => rows.push(row),
                // The live table has yet to hear of it.
                None => later.push(id),
            }
        }
        self.changes.renewed.extend(later);

        let (upto, after) = self.rows.pass.unwrap_or((live.version(), DeviceId(0)));
        let mut passed = None;
        for id in live.changed_since(self.rows.told).filter(|id| *id > after) {
            if rows.len() >= MAX_ROWS {
                break;
            }
            passed = Some(id);
            if let Some(mut row) = seen(id).and_then(|device| views.of(device)) {
                if let Some(fields) = row.as_object_mut() {
                    LASTING.iter().for_each(|field| drop(fields.remove(*field)));
                }
                self.changes.marked.remove(&id);
                rows.push(row);
            }
        }
        self.rows = match passed {
            Some(id) if rows.len() >= MAX_ROWS => Rows { told: self.rows.told, pass: Some((upto, id)) },
            _ => Rows { told: upto, pass: None },
        };

        while rows.len() < MAX_ROWS {
            let Some(id) = self.changes.marked.pop_first() else { break };
            if let Some(row) = seen(id).and_then(|device| views.of(device)) {
                rows.push(json!({ "id": id, "open": row["open"], "in_draft": row["in_draft"] }));
            }
        }
        if !rows.is_empty() {
            events.push("devices", &json!({ "rows": rows, "as_of": now }));
        }
    }

    fn tell_requests(&mut self, events: &mut Events, now: Timestamp) {
        if mem::take(&mut self.changes.rules) {
            self.changes.requests.extend(self.state.open_requests().map(|request| request.id));
        }
        if self.changes.requests.is_empty() {
            return;
        }
        // Tried again with the next look; the cause is in the server's log.
        let Ok(names) = self.api.names(self.actor.account) else { return };
        let viewer = Viewer { state: &self.state, names: &names, actor: &self.actor, now };
        for _ in 0..MAX_REQUESTS {
            let Some(id) = self.changes.requests.pop_first() else { break };
            if let Some(request) =
                self.state.request(id).filter(|request| visible(&self.state, request, &self.actor, now))
            {
                events.push("request", &json!({ "id": id, "summary": viewer.summary(request) }));
            }
        }
    }

    fn tell_items(&mut self, events: &mut Events, now: Timestamp) {
        let mut left = MAX_ITEMS;
        while left > 0 {
            let Some((id, mut places)) = self.changes.items.pop_first() else { break };
            let Some(request) = self.state.request(id) else { continue };
            let sight = self.state.sight(&self.actor, request, now);
            places.retain(|item| sight.has(*item));
            let mut items = Vec::new();
            while left > 0
                && let Some(item) = places.pop_first()
            {
                let stage = Stage::word(self.api.agents.stage(CommandId { request: id, item }));
                items.extend(views::item(&self.state, request, item as usize, stage));
                left -= 1;
            }
            if !items.is_empty() {
                events.push("items", &json!({ "request": id, "items": items }));
            }
            if !places.is_empty() {
                self.changes.items.insert(id, places);
            }
        }
    }

    /// Whether there was anything to tell.
    fn tell_agents(&mut self, events: &mut Events, reach: &Reach, every_second: bool) -> bool {
        let mut changed = mem::take(&mut self.changes.agents);
        if every_second || changed {
            let agents = self.state.agents_of(reach.account());
            let agents = agents.filter(|agent| reach.covers(agent.account, &Place::site(agent.site)));
            let of = &self.api.agents;
            let condition = |agent| of.health(agent).map(|health| health.condition);
            let interval = |agent| of.load(agent).map(|load| load.interval);
            let told = agents.map(|agent| (agent.id, of.connected(agent.id), condition(agent.id), interval(agent.id)));
            let agents: Vec<_> = told.collect();
            // The first look only learns them: the reader has just fetched them.
            changed |= self.looks > 1 && agents != self.agents;
            self.agents = agents;
        }
        if changed {
            events.push("agents", &json!({}));
        }
        changed
    }
}

impl Watcher {
    /// Told whenever it has changed; looked at too when others have decided something, and now and then for what comes back
    /// by itself.
    fn tell_inbox(&mut self, events: &mut Events, stirred: bool, now: Timestamp) {
        let version = self.api.herald.version(self.me);
        let changed = version != self.inbox.version;
        if !(changed || stirred || self.inbox.counts.is_none() || self.looks.is_multiple_of(RETELL)) {
            return;
        }
        // Tried again with the next look; the cause is in the server's log.
        let Ok(counts) = inbox::counts(&self.api, &self.state, (self.me, &self.actor), now) else { return };
        let news = self.inbox.counts.map_or(self.inbox.resumed, |told| changed || told != counts);
        if news {
            events
                .push("inbox", &json!({ "needs_me": counts.needs_me, "asked": counts.asked, "unread": counts.unread }));
        }
        self.inbox = Inbox { version, counts: Some(counts), resumed: false };
    }
}

/// Devices in somebody's draft for a site.
fn drafted(state: &State, user: UserId, site: SiteId) -> Vec<DeviceId> {
    let changes = state.draft(user, site).into_iter().flat_map(|draft| &draft.changes);
    changes.flat_map(|change| &change.targets).copied().collect()
}

/// Events that are written together.
#[derive(Default)]
struct Events(Vec<(&'static str, String)>);

impl Events {
    fn push(&mut self, name: &'static str, data: &Value) {
        self.0.push((name, data.to_string()));
    }

    /// All of them. Only the last has the id: whoever has part of them does not know all that it says.
    fn written(self, id: &str) -> String {
        let mut text = String::new();
        let last = self.0.len() - 1;
        for (place, (name, data)) in self.0.into_iter().enumerate() {
            let id = if place == last { format!("id: {id}\n") } else { String::new() };
            // Writing to a string cannot fail. JSON has no line breaks.
            let _ = write!(text, "event: {name}\n{id}data: {data}\n\n");
        }
        text
    }
}
