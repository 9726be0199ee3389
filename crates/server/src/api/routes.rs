//! Every operation of the interface: how it is asked, what it needs, what it answers with, and what carries it out.
//! The router and the OpenAPI document are both made of this table, so neither can know what the other does not.
//!
//! To add an operation: a handler that takes [`Allowed`](super::caller::Allowed), and a row in [`table`]; what is new in its
//! body or answer goes into `openapi/components.json`. Then run `UPDATE=1 cargo test -p adit-server --test openapi`.

mod accounts;
mod deciding;
mod governance;
mod groups;
mod notices;
mod observers;
mod people;
mod sign_in;
mod structure;

use super::once::{Kept, Within};
use super::{
    Shared, audit, conflicts, devices, events, fleet, health, once, openapi, overview, pools, problem::Problem, read,
    rules,
};
use adit_core::authz::{Permission, catalogue::Risk};
use axum::{
    Router,
    extract::{Request, State},
    handler::Handler,
    middleware::{self, Next},
    response::{IntoResponse, Response},
    routing::{self, MethodRouter},
};
use std::collections::BTreeSet;

/// Whom an operation answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needs {
    /// Anybody.
    Nothing,
    /// Whoever is signed in; the rest depends on what is asked.
    SignIn,
    /// Whoever holds this.
    Holds(Permission),
}

/// What a repetition under an idempotency key comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Once {
    /// The operation makes nothing, or takes no such key.
    No,
    /// The key goes with the request into the log.
    InLog,
    /// The answer is kept and given again.
    Kept(Within),
}

/// One row.
pub struct Operation {
    pub method: &'static str,
    /// Under [`Self::base`].
    pub path: &'static str,
    pub base: &'static str,
    pub needs: Needs,
    /// Whether an API key does instead of a session.
    pub by_key: bool,
    pub summary: &'static str,
    /// Parameters of the query, as `openapi/components.json` has them; those that must be there end in `!`.
    pub query: &'static [&'static str],
    /// Whether others may be there as well: another company sends people here.
    pub any_query: bool,
    /// Headers it goes by.
    pub headers: &'static [&'static str],
    /// Schema of its body.
    pub body: Option<&'static str>,
    /// Whether a repetition under the same idempotency key makes nothing more.
    pub once: Once,
    /// Status, and schema or media type of the answer; nothing where there is none.
    pub answers: Vec<(u16, &'static str)>,
    /// Statuses of refusals besides those that follow from all this.
    pub refusals: &'static [u16],
    handler: MethodRouter<Shared>,
}

/// Where people's and programs' operations lie.
pub const V1: &str = "/api/v1";

impl Operation {
    fn new(method: &'static str, path: &'static str, summary: &'static str, handler: MethodRouter<Shared>) -> Self {
        Self {
            method,
            path,
            base: V1,
            needs: Needs::SignIn,
            by_key: false,
            summary,
            query: &[],
            any_query: false,
            headers: &[],
            body: None,
            once: Once::No,
            answers: Vec::new(),
            refusals: &[],
            handler,
        }
    }

    const fn at(mut self, base: &'static str) -> Self {
        self.base = base;
        self
    }

    const fn for_anybody(mut self) -> Self {
        self.needs = Needs::Nothing;
        self
    }

    /// For whoever holds this. What only looks is for programs as well.
    fn needs(mut self, permission: Permission) -> Self {
        self.needs = Needs::Holds(permission);
        self.by_key |= self.method == "get" && permission.info().risk == Risk::Read;
        self
    }

    /// For people alone, although it only looks: it belongs to somebody's session.
    const fn for_people(mut self) -> Self {
        self.by_key = false;
        self
    }

    const fn by_key(mut self) -> Self {
        self.by_key = true;
        self
    }

    const fn query(mut self, names: &'static [&'static str]) -> Self {
        self.query = names;
        self
    }

    const fn any_query(mut self) -> Self {
        self.any_query = true;
        self
    }

    const fn header(mut self, names: &'static [&'static str]) -> Self {
        self.headers = names;
        self
    }

    const fn takes(mut self, schema: &'static str) -> Self {
        self.body = Some(schema);
        self
    }

    /// A repetition finds the request in the log.
    const fn once_in_log(mut self) -> Self {
        self.once = Once::InLog;
        self
    }

    /// A repetition is given the same answer.
    const fn once(mut self) -> Self {
        self.once = Once::Kept(Within::Account);
        self
    }

    /// The same where the operation itself takes its caller to another account.
    const fn once_of_person(mut self) -> Self {
        self.once = Once::Kept(Within::Person);
        self
    }

    const fn refuses(mut self, statuses: &'static [u16]) -> Self {
        self.refusals = statuses;
        self
    }

    fn gives(mut self, status: u16, what: &'static str) -> Self {
        self.answers.push((status, what));
        self
    }
}

fn get<H: Handler<T, Shared>, T: 'static>(path: &'static str, handler: H, summary: &'static str) -> Operation {
    Operation::new("get", path, summary, routing::get(handler))
}

fn post<H: Handler<T, Shared>, T: 'static>(path: &'static str, handler: H, summary: &'static str) -> Operation {
    Operation::new("post", path, summary, routing::post(handler))
}

fn put<H: Handler<T, Shared>, T: 'static>(path: &'static str, handler: H, summary: &'static str) -> Operation {
    Operation::new("put", path, summary, routing::put(handler))
}

fn delete<H: Handler<T, Shared>, T: 'static>(path: &'static str, handler: H, summary: &'static str) -> Operation {
    Operation::new("delete", path, summary, routing::delete(handler))
}

/// The answer's media type where it is not JSON of a schema.
pub const EVENT_STREAM: &str = "text/event-stream";
/// See [`EVENT_STREAM`].
pub const PLAIN: &str = "text/plain";
/// See [`EVENT_STREAM`].
pub const ANY_JSON: &str = "application/json";
/// See [`EVENT_STREAM`].
pub const CSV: &str = "text/csv";
/// See [`EVENT_STREAM`].
pub const JSON_LINES: &str = "application/x-ndjson";

/// Every operation.
pub fn table() -> Vec<Operation> {
    use Permission as P;
    let mut all = vec![
        get("/overview", overview::show, "The header: the fleet in numbers, and where requests stand.")
            .needs(P::DashboardView)
            .query(&["site"])
            .gives(200, "Overview"),
        get("/events", events::stream, EVENTS)
            .refuses(&[404])
            .needs(P::DashboardView)
            .for_people()
            .query(&["site"])
            .gives(200, EVENT_STREAM),
        get("/devices", devices::list, "Devices, a page at a time.")
            .refuses(&[404])
            .needs(P::DeviceList)
            .query(devices::CHOICE)
            .gives(200, "DevicePage"),
        get("/devices/ids", devices::ids, "Ids of all devices that match, at most 10 000.")
            .refuses(&[404])
            .needs(P::DeviceList)
            .query(devices::CHOICE)
            .gives(200, "DeviceIds"),
        post("/devices/pools", pools::now, "What devices have for pools now, told together.")
            .refuses(&[404])
            .by_key()
            .needs(P::DeviceList)
            .takes("PoolsAsk")
            .gives(200, "PoolsNow"),
        get("/device-conflicts", conflicts::list, "Devices that two agents say they see; told at both places.")
            .needs(P::DeviceList)
            .gives(200, "DeviceConflicts"),
        get("/devices/{id}", devices::show, "One device.").needs(P::DeviceView).gives(200, "DeviceRow"),
        get("/me/permissions", rules::mine, "What the caller may do, and what would need approvals.")
            .by_key()
            .query(&["device"])
            .refuses(&[404])
            .gives(200, "PermissionVerdicts"),
        get("/explain", rules::explain, "Why somebody may or may not; about others only with user.view.")
            .by_key()
            .query(&["subject!", "action!", "resource"])
            .refuses(&[404])
            .gives(200, "Explanation"),
        get("/agents", fleet::agents, "Agents and their workers.").needs(P::DeviceList).gives(200, "AgentPage"),
        get("/roles", fleet::roles, "Permissions there are, and which role holds which.")
            .needs(P::DashboardView)
            .gives(200, "Roles"),
        get("/audit", audit::list, "The log, newest first, as far as the caller's reach goes.")
            .needs(P::AuditView)
            .query(&["q", "type", "actor", "object", "request", "from", "to", "cursor", "limit"])
            .gives(200, "AuditPage"),
    ];
    all.extend(sign_in::operations());
    all.extend(people::operations());
    all.extend(accounts::operations());
    all.extend(groups::operations());
    all.extend(notices::operations());
    all.extend(structure::operations());
    all.extend(observers::operations());
    all.extend(deciding::operations());
    all.extend(governance::operations());
    all.extend(besides());
    all
}

const EVENTS: &str = "What changes, live: overview (Overview), devices (DevicesFrame), request (RequestFrame), items \
                      (ItemsFrame), draft (DraftFrame), inbox (InboxFrame), agents, reset, account (the session acts for another account: fetch everything anew) and signed_out (no data); beat (no data), every two seconds in which there is nothing else to tell. At most four writes a second.";

/// What lies beside the versioned interface.
fn besides() -> Vec<Operation> {
    vec![
        get("/openapi.json", openapi::show, "This document.").at("/api").for_anybody().gives(200, ANY_JSON),
        get("/healthz", health::alive, "The process answers.").at("").for_anybody().gives(200, PLAIN),
        get("/readyz", health::ready, "The engine decides.").at("").for_anybody().gives(200, PLAIN),
        get("/metrics", health::metrics, "Numbers for Prometheus; from this machine without signing in.")
            .refuses(&[404])
            .at("")
            .needs(Permission::SettingsManage)
            .gives(200, PLAIN),
    ]
}

impl Operation {
    /// Every status of a refusal that it may answer with.
    pub fn refused(&self) -> BTreeSet<u16> {
        // For another method, and for another host's name.
        let mut all: BTreeSet<u16> = [405, 421].into_iter().chain(self.refusals.iter().copied()).collect();
        if self.needs != Needs::Nothing {
            // Nobody's session or key; no right, or no token against forgery; too many keys that are none.
            all.extend([401, 403, 429]);
        }
        if !self.base.is_empty() {
            // Parameters that there are none of, or that cannot be what they are.
            all.insert(422);
        }
        if self.path.contains('{') {
            all.extend([400, 404]);
        }
        if self.body.is_some() {
            all.extend([400, 408, 413, 415, 422]);
        }
        if self.headers.contains(&"if-match") {
            all.insert(412);
        }
        if self.once != Once::No {
            all.extend([409, 422]);
        }
        if matches!(self.once, Once::Kept(_)) {
            all.insert(413);
        }
        if self.asks() {
            // What it names is not there; the account is frozen, or something like it waits already.
            all.extend([404, 409]);
        }
        all
    }

    /// Does it end in a request?
    pub fn asks(&self) -> bool {
        let made = |what: &str| what == "Request" || what.ends_with("Made");
        self.method != "get" && self.answers.iter().any(|(_, what)| made(what))
    }
}

/// All of them, routed.
pub fn routed(api: &Shared) -> Router<Shared> {
    table().into_iter().fold(Router::new(), |router, operation| {
        let address = format!("{}{}", operation.base, operation.path);
        let handler = match operation.once {
            Once::No | Once::InLog => operation.handler,
            Once::Kept(within) => {
                let route = format!("{} {}", operation.method, operation.path);
                let kept = Kept { api: Shared::clone(api), route, needs: operation.needs, within };
                operation.handler.layer(middleware::from_fn_with_state(kept, once::answer))
            }
        };
        // What watches the server from outside may add what it likes.
        let handler = if operation.any_query || operation.base.is_empty() {
            handler
        } else {
            handler.route_layer(middleware::from_fn_with_state(operation.query, known_names))
        };
        router.route(&address, handler)
    })
}

/// A name that no parameter has is a mistake: what it was meant to leave out would be there.
async fn known_names(State(known): State<&'static [&'static str]>, request: Request, next: Next) -> Response {
    match read::unknown_name(request.uri().query().unwrap_or_default(), known) {
        Some(name) => Problem::parameter(&name, "is none of this address").into_response(),
        None => next.run(request).await,
    }
}
