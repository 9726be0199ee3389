//! For those who run the server: is it up, does it decide, and a few numbers.

use super::{
    Shared,
    caller::Caller,
    problem::{Answer, Problem},
};
use adit_core::{authz::Permission, rejection::Rejection, requests::RequestState, time::Timestamp};
use axum::{
    extract::{ConnectInfo, FromRequestParts, State as Shares},
    http::{HeaderValue, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use std::{
    fmt::Write,
    net::{IpAddr, SocketAddr},
};

/// `GET /healthz`: the process answers.
pub async fn alive() -> &'static str {
    "ok\n"
}

/// For so long an answer to whether the engine decides is given again: anybody may ask, and each look is work for the engine.
const READY_FOR_MS: u64 = 1_000;

/// When the engine was last seen to decide. Whoever asks meanwhile waits for the look under way.
#[derive(Default)]
pub struct Readiness(tokio::sync::Mutex<Option<Timestamp>>);

/// `GET /readyz`: the engine decides.
pub async fn ready(Shares(api): Shares<Shared>) -> Answer<&'static str> {
    let mut seen = api.readiness.0.lock().await;
    let now = api.now();
    if seen.is_some_and(|at| at.0.abs_diff(now.0) < READY_FOR_MS) {
        return Ok("ok\n");
    }
    *seen = None;
    match api.engine.tick().await {
        Ok(()) => {
            *seen = Some(now);
            Ok("ok\n")
        }
        Err(cause) => {
            tracing::error!(%cause, "the engine decides nothing");
            let detail = "nothing can be decided at present; the server's log says why";
            Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", detail))
        }
    }
}

/// Somebody who may read the numbers: on this machine, or with the permission to change settings on the whole of the
/// only account.
pub struct Reader;

impl FromRequestParts<Shared> for Reader {
    type Rejection = Problem;
    async fn from_request_parts(parts: &mut Parts, api: &Shared) -> Result<Self, Problem> {
        const P: u8 = Permission::SettingsManage as u8;
        let peer = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
        // A proxy on this machine passes on what others ask.
        let forwarded = ["forwarded", "x-forwarded-for"].iter().any(|name| parts.headers.contains_key(*name));
        if peer.is_some_and(is_here) && !forwarded {
            return Ok(Self);
        }
        let caller = Caller::from_request_parts(parts, api).await?;
        let permit = api.engine.state().permit::<P>(&caller.actor, api.now()).map_err(Rejection::from)?;
        // They count what every account has.
        let counts_others = api.engine.state().accounts().count() > 1;
        if permit.reach().is_everywhere() && !counts_others { Ok(Self) } else { Err(Problem::not_found("page")) }
    }
}

fn is_here(peer: IpAddr) -> bool {
    peer.to_canonical().is_loopback()
}

/// `GET /metrics`, as Prometheus reads them.
pub async fn metrics(Shares(api): Shares<Shared>, _: Reader) -> Response {
    let state = api.engine.state();
    let totals = api.live().totals();
    let mut page = Metrics::default();
    page.single("adit_log_records", "counter", "Records in the log.", state.seq());
    let put_back = api.agents.heads().all_missing().len() as u64;
    let help = "Heads of the log that were told outside and that it does not have any more.";
    page.single("adit_log_heads_missing", "gauge", help, put_back);
    let agents = state.accounts().flat_map(|account| state.agents_of(account.id));
    let (mut known, mut connected) = (0_u64, 0_u64);
    for agent in agents {
        known += 1;
        connected += u64::from(api.agents.connected(agent.id).is_some());
    }
    page.single("adit_agents", "gauge", "Agents there are.", known);
    page.single("adit_agents_connected", "gauge", "Agents with a connection.", connected);
    page.head("adit_devices", "gauge", "Devices by status.");
    for (status, count) in totals.devices.iter() {
        page.value("adit_devices", "status", status.as_str(), u64::from(count));
    }
    page.head("adit_requests_open", "gauge", "Requests that have not ended, by state.");
    for (name, wanted) in [
        ("pending", RequestState::Pending),
        ("approved", RequestState::Approved),
        ("executing", RequestState::Executing),
    ] {
        let count = state.open_requests().filter(|request| request.state == wanted).count();
        page.value("adit_requests_open", "state", name, count as u64);
    }
    page.single("adit_streams", "gauge", "Live streams of browsers and programs.", api.streams.count() as u64);
    let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], page.0).into_response()
}

/// The page, line by line. Writing to a string cannot fail.
#[derive(Default)]
struct Metrics(String);

impl Metrics {
    fn head(&mut self, name: &str, kind: &str, help: &str) {
        let _ = writeln!(self.0, "# HELP {name} {help}\n# TYPE {name} {kind}");
    }

    fn value(&mut self, name: &str, label: &str, word: &str, value: u64) {
        let _ = writeln!(self.0, "{name}{{{label}=\"{word}\"}} {value}");
    }

    fn single(&mut self, name: &str, kind: &str, help: &str, value: u64) {
        self.head(name, kind, help);
        let _ = writeln!(self.0, "{name} {value}");
    }
}
