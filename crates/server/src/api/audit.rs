//! The audit log: the log itself, newest first, as far as the caller's permission reaches.
//!
//! The log has no index: it is read backwards, a bounded number of records for each answer. An answer that found little in
//! them says where to go on, so a rare entry of a long log may take several answers.

pub mod export;
mod meant;
pub mod past;
mod sentence;
mod within;

use super::{
    Names, Shared,
    caller::Permitted,
    problem::{Answer, Params, Problem, limit},
    requests::visible,
};
use adit_core::{
    audit::{Head, Record},
    authz::{Actor, Permission, Place, Principal, Reach},
    event::{Entry, Event},
    ids::DeviceId,
    requests::Request,
    state::State,
    time::Timestamp,
};
use adit_store::{LogReader, Result as Stored};
use axum::{Json, extract::State as Shares};
use meant::Meant;
use sentence::Speaker;
use serde::Deserialize;
use serde_json::{Value, json};
use std::{
    borrow::Cow,
    fmt::Write,
    sync::{Arc, PoisonError},
};

const P: u8 = Permission::AuditView as u8;
/// Most records that are looked at for one answer.
const MAX_SCAN: u64 = 20_000;
/// Records read at once.
const CHUNK: u64 = 100;
/// A page is full once its entries have this many bytes.
const PAGE_BYTES: usize = 4 << 20;
/// Longest text to search for, bytes.
const MAX_TEXT: usize = 200;

/// Which entries.
#[derive(Deserialize, Default)]
#[serde(default)]
pub struct Asked {
    /// A text in the entry or its sentence, in any case.
    q: Option<String>,
    /// A type, with or without its version.
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Who caused it: an id, `system` or `operator`.
    actor: Option<String>,
    /// An id of what it is about or by: `dev-3`, `usr-2`, `grt-1`.
    object: Option<String>,
    /// An id, a number (`R-12` or `12`), or words of a title.
    request: Option<String>,
    /// Which those are.
    #[serde(skip)]
    meant: Option<Meant>,
    /// The first moment.
    from: Option<i64>,
    /// The last moment.
    to: Option<i64>,
    /// Number of the last entry seen.
    cursor: Option<u64>,
    limit: Option<usize>,
}

impl Asked {
    /// An empty field asks for nothing.
    fn tidy(mut self) -> Answer<Self> {
        for (name, field) in [
            ("q", &mut self.q),
            ("type", &mut self.kind),
            ("actor", &mut self.actor),
            ("object", &mut self.object),
            ("request", &mut self.request),
        ] {
            *field = field.take().map(|text| text.trim().to_owned()).filter(|text| !text.is_empty());
            if field.as_ref().is_some_and(|text| text.len() > MAX_TEXT) {
                return Err(Problem::parameter(name, format!("has at most {MAX_TEXT} bytes")));
            }
        }
        self.q = self.q.map(|text| text.to_lowercase());
        if let Some(unknown) = self.kind.as_deref().filter(|kind| !Event::is_type(kind)) {
            return Err(Problem::parameter("type", format!("is no type of entries: {unknown}")));
        }
        self.limit = Some(limit(self.limit, 50, 500)?);
        Ok(self)
    }

    const fn is_everything(&self) -> bool {
        self.q.is_none()
            && self.kind.is_none()
            && self.actor.is_none()
            && self.object.is_none()
            && self.request.is_none()
            && self.from.is_none()
            && self.to.is_none()
    }

    /// With the requests that are meant looked up.
    fn with_requests(mut self, state: &State, reader: &Reader<'_>) -> Self {
        self.meant = self.request.as_deref().map(|wanted| Meant::by(state, reader, wanted));
        self
    }

    /// Told from the text alone, before it is parsed.
    fn may_match(&self, state: &State, reader: &Reader<'_>, body: &str) -> bool {
        let has = |wanted: &Option<String>| wanted.as_deref().is_none_or(|wanted| body.contains(wanted));
        let quoted =
            |wanted: &Option<String>| wanted.as_deref().is_none_or(|wanted| body.contains(&format!("\"{wanted}\"")));
        let of_one = || self.meant.as_ref().is_none_or(|meant| meant.may_be_in(state, reader, body));
        has(&self.kind) && quoted(&self.actor) && quoted(&self.object) && of_one()
    }
}

/// `GET /audit`: `total` counts the entries that match among the records looked at (the newest 20 000 from the cursor on); it
/// is the whole log's length if nothing is filtered and the caller sees everything.
pub async fn list(
    Shares(api): Shares<Shared>,
    allowed: Permitted<P>,
    Params(asked): Params<Asked>,
) -> Answer<Json<Value>> {
    let asked = asked.tidy()?;
    let names = api.names(allowed.asker.0.account)?;
    let page = tokio::task::spawn_blocking(move || {
        let log = Arc::clone(&api.log);
        let log = log.lock().unwrap_or_else(PoisonError::into_inner);
        let (state, head) = (api.engine.state(), log.head()?);
        let reader = Reader { actor: allowed.permit.actor(), now: api.now(), reach: allowed.permit.reach() };
        let asked = asked.with_requests(&state, &reader);
        let page = Page { state: &state, names: &names, reader, asked: &asked };
        page.collect(log.as_ref(), head)
    });
    let page = page.await.map_err(|error| Problem::internal(&error))?;
    page.map(Json).map_err(|error| Problem::internal(&error))
}

/// Who reads, when, and how far they see.
#[derive(Clone, Copy)]
struct Reader<'a> {
    actor: &'a Actor,
    now: Timestamp,
    reach: &'a Reach,
}

impl Reader<'_> {
    /// Where money goes is for those who may see wallets.
    fn sees_addresses(&self, state: &State) -> bool {
        state.rights_of(self.actor).allow(Permission::WalletView, &Place::ACCOUNT, self.now)
    }

    fn sees_all(&self, state: &State) -> bool {
        self.reach.is_everywhere() && self.sees_addresses(state)
    }

    fn sees_request(&self, state: &State, request: &Request) -> bool {
        visible(state, request, self.actor, self.now)
    }

    fn sees_device(&self, state: &State, device: DeviceId) -> bool {
        state.device(device).is_some_and(|device| self.reach.covers(device.account, &device.place()))
    }
}

struct Page<'a> {
    state: &'a State,
    names: &'a Names,
    reader: Reader<'a>,
    asked: &'a Asked,
}

impl Page<'_> {
    fn collect(&self, log: &dyn LogReader, head: Head) -> Stored<Value> {
        let limit = self.asked.limit.unwrap_or(50);
        // What was written a moment ago may not be in the state yet.
        let last = head.seq.min(self.state.seq());
        let before = self.asked.cursor.unwrap_or(u64::MAX).min(last + 1);
        let mut next = match self.asked.to {
            // `to` itself is in.
            Some(to) => before.min(first_after(log, Timestamp(to), last)?),
            None => before,
        };
        let counts_all =
            self.asked.is_everything() && self.reader.reach.is_everywhere() && self.state.has_one_account();
        let (mut items, mut bytes, mut matches, mut looked_at) = (Vec::new(), 0, 0_u64, 0);
        let mut go_on = None;
        'scan: while next > 1 && looked_at < MAX_SCAN {
            let from = next.saturating_sub(CHUNK).max(1);
            let records = read_all(log, from, next)?;
            looked_at += next - from;
            next = from;
            for record in records.into_iter().rev() {
                if self.asked.from.is_some_and(|from| record.at.0 < from) {
                    next = 1;
                    break 'scan;
                }
                let Some(view) = self.view(&record) else { continue };
                matches += 1;
                if go_on.is_some() {
                    continue;
                }
                items.push(view);
                bytes += record.body.len();
                if items.len() == limit || bytes >= PAGE_BYTES {
                    go_on = Some(record.seq);
                    if counts_all {
                        break 'scan;
                    }
                }
            }
        }
        // A full page goes on after its last entry, any other where the scan stopped; before the first entry there is nothing.
        let stopped = Some(go_on.unwrap_or(next)).filter(|seq| *seq > 1);
        let hash = hex(&head.hash);
        Ok(json!({
            "items": items, "total": if counts_all { last } else { matches },
            "next_cursor": stopped.map(|seq| seq.to_string()), "head": { "seq": head.seq, "hash": hash },
        }))
    }

    /// The entry as the caller sees it, if it is asked for and within reach.
    fn view(&self, record: &Record) -> Option<Value> {
        if !self.asked.may_match(self.state, &self.reader, &record.body) {
            return None;
        }
        let entry: Entry = serde_json::from_str(&record.body).ok()?;
        if !within::reach(self.state, self.reader, &entry) {
            return None;
        }
        let name = entry.event.name();
        let request = entry.event.request();
        let is = |wanted: &Option<String>, value: &str| wanted.as_deref().is_none_or(|wanted| wanted == value);
        let kind = self.asked.kind.as_deref().map(|kind| kind.split('.').next().unwrap_or_default());
        if kind.is_some_and(|kind| kind != name)
            || !self.asked.meant.as_ref().is_none_or(|m| request.is_some_and(|id| m.is(self.state, &self.reader, id)))
        {
            return None;
        }
        let actor = self.actor(&entry);
        let who = actor["id"].as_str().or_else(|| actor["kind"].as_str()).unwrap_or_default();
        if !is(&self.asked.actor, who) {
            return None;
        }
        let detail = within::cleared(self.state, self.reader, detail(&record.body));
        // Nobody finds by what they may not read.
        let body = if self.reader.sees_all(self.state) {
            Cow::Borrowed(&*record.body)
        } else {
            Cow::Owned(detail.to_string())
        };
        let is_about = |object: &str| who == object || body.contains(&format!("\"{object}\""));
        if !self.asked.object.as_deref().is_none_or(is_about) {
            return None;
        }
        let speaker = Speaker { state: self.state, names: self.names, reader: self.reader };
        let (summary, changes) = (speaker.sentence(&entry.event), speaker.changes(&entry.event));
        let changes = changes.map(|changes| changes.text());
        if let Some(q) = &self.asked.q {
            let named = actor["name"].as_str().unwrap_or_default();
            let texts = [summary.as_str(), named, &body, changes.as_deref().unwrap_or_default()];
            if !texts.iter().any(|text| text.to_lowercase().contains(q)) {
                return None;
            }
        }
        Some(json!({
            "seq": record.seq, "at": record.at, "actor": actor, "type": name, "summary": summary,
            "changes": changes,
            "request": request.and_then(|id| self.state.request(id)).map(|r| json!({ "id": r.id, "number": r.number })),
            "hash": hex(&record.hash), "detail": detail,
        }))
    }

    fn actor(&self, entry: &Entry) -> Value {
        if let Event::AgentEnrolled { agent, .. }
        | Event::DevicesFound { agent, .. }
        | Event::DevicesClaimed { agent, .. }
        | Event::DevicesChanged { agent, .. } = &entry.event
        {
            let name = self.state.agent_ever(*agent).map_or_else(|| agent.to_string(), |agent| agent.name.clone());
            return json!({ "kind": "agent", "id": agent, "name": name });
        }
        match entry.actor {
            Principal::User(user) => json!({ "kind": "user", "id": user, "name": self.names.of(user) }),
            Principal::ApiKey(key) => json!({ "kind": "user", "id": key, "name": "A program" }),
            Principal::Operator => json!({ "kind": "operator", "id": null, "name": "Operator" }),
            Principal::System => json!({ "kind": "system", "id": null, "name": "The server" }),
        }
    }
}

fn hex(hash: &[u8; 32]) -> String {
    hash.iter().fold(String::with_capacity(64), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The event as it stands in the log.
fn detail(body: &str) -> Value {
    let mut stored: Value = serde_json::from_str(body).unwrap_or_default();
    stored.get_mut("event").map(Value::take).unwrap_or_default()
}

/// Every record from `from` on and before `end`; the log gives fewer at once if they are large.
fn read_all(log: &dyn LogReader, from: u64, end: u64) -> Stored<Vec<Record>> {
    let mut records: Vec<Record> = Vec::new();
    loop {
        let next = records.last().map_or(from, |record| record.seq + 1);
        let wanted = usize::try_from(end.saturating_sub(next)).unwrap_or(usize::MAX);
        let more = if wanted == 0 { Vec::new() } else { log.read(next, wanted)? };
        if more.is_empty() {
            return Ok(records);
        }
        records.extend(more);
    }
}

/// Number of the first record later than `at`, or one more than the log has: times never go back, so halving finds it.
fn first_after(log: &dyn LogReader, at: Timestamp, last: u64) -> Stored<u64> {
    let (mut low, mut high) = (1, last + 1);
    while low < high {
        let middle = low + (high - low) / 2;
        let later = log.read(middle, 1)?.first().is_none_or(|record| record.at.0 > at.0);
        if later {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    Ok(low)
}
