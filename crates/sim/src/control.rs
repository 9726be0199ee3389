//! The control API: plain HTTP on a loopback address for tests and demos in
//! any language. It shows the truth and sets faults; there is no login, as
//! whoever can reach it can end the process as well.

use std::net::Ipv4Addr;
use std::sync::Arc;

use axum::Router;
use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Json, Response};
use axum::routing::{get, post};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::net::TcpListener;

use crate::fault::{Fault, FaultRule, Scope};
use crate::sim::{MinerHandle, Shared};

type Fleet = State<Arc<Shared>>;

/// Serves until the task is aborted.
pub(crate) async fn serve(listener: TcpListener, shared: Arc<Shared>) {
    let router = Router::new()
        .route("/miners", get(miners))
        .route("/miners/{ip}", get(miner))
        .route("/miners/{ip}/writes", get(writes))
        .route("/miners/{ip}/fault", post(set_fault).delete(clear_fault))
        .route("/faults", post(set_faults).delete(clear_faults))
        .route("/totals", get(totals))
        .route("/hold", post(hold))
        .route("/release", post(release))
        .fallback(async || Error(StatusCode::NOT_FOUND, "no such resource".into()))
        .method_not_allowed_fallback(async || {
            Error(StatusCode::METHOD_NOT_ALLOWED, "not a method of this resource".into())
        })
        .layer(DefaultBodyLimit::max(4096))
        .with_state(shared);
    // Serving ends only with the listener, which lives as long as the task.
    let _ = axum::serve(listener, router).await;
}

/// A status and one sentence as `{"error": ..}`.
struct Error(StatusCode, String);

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        (self.0, Json(json!({ "error": self.1 }))).into_response()
    }
}

fn bad(text: impl Into<String>) -> Error {
    Error(StatusCode::BAD_REQUEST, text.into())
}

fn find(shared: &Shared, ip: &str) -> Result<MinerHandle, Error> {
    let ip: Ipv4Addr = ip.parse().map_err(|_| bad("the path does not hold an IPv4 address"))?;
    let miner = shared.miners.get(&ip);
    miner.map(|m| MinerHandle(m.clone())).ok_or_else(|| Error(StatusCode::NOT_FOUND, format!("no miner at {ip}")))
}

fn json_of(value: impl serde::Serialize) -> Json<Value> {
    // The truths are plain data with text keys: they always convert.
    Json(serde_json::to_value(value).unwrap_or(Value::Null))
}

async fn miners(State(shared): Fleet) -> Json<Value> {
    let truths: Vec<_> = shared.miners.values().map(|m| MinerHandle(m.clone()).truth()).collect();
    json_of(truths)
}

async fn miner(State(shared): Fleet, Path(ip): Path<String>) -> Result<Json<Value>, Error> {
    Ok(json_of(find(&shared, &ip)?.truth()))
}

async fn writes(State(shared): Fleet, Path(ip): Path<String>) -> Result<Json<Value>, Error> {
    Ok(json_of(find(&shared, &ip)?.writes()))
}

async fn totals(State(shared): Fleet) -> Json<Value> {
    json_of(shared.totals())
}

async fn hold(State(shared): Fleet) -> Json<Value> {
    shared.fleet.gate.hold();
    Json(json!({ "holding": true, "held": shared.fleet.gate.waiting() }))
}

async fn release(State(shared): Fleet) -> Json<Value> {
    let held = shared.fleet.gate.waiting();
    shared.fleet.gate.release();
    Json(json!({ "holding": false, "released": held }))
}

async fn set_fault(State(shared): Fleet, Path(ip): Path<String>, body: Bytes) -> Result<Json<Value>, Error> {
    let miner = find(&shared, &ip)?;
    miner.set_fault(parse(&body)?).map_err(|e| bad(e.to_string()))?;
    Ok(json_of(miner.truth().faults))
}

async fn clear_fault(State(shared): Fleet, Path(ip): Path<String>) -> Result<Json<Value>, Error> {
    find(&shared, &ip)?.clear_faults();
    Ok(Json(json!([])))
}

async fn set_faults(State(shared): Fleet, body: Bytes) -> Result<Json<Value>, Error> {
    let rule = parse(&body)?;
    let handles: Vec<_> = shared.miners.values().map(|m| MinerHandle(m.clone())).collect();
    let mut refused = serde_json::Map::new();
    for miner in &handles {
        if let Err(error) = miner.set_fault(rule.clone()) {
            refused.insert(miner.ip().to_string(), json!(error.to_string()));
        }
    }
    Ok(Json(json!({ "set": handles.len() - refused.len(), "refused": refused })))
}

async fn clear_faults(State(shared): Fleet) -> Json<Value> {
    for miner in shared.miners.values() {
        miner.clear_faults();
    }
    Json(json!({ "cleared": shared.miners.len() }))
}

/// `{"kind": .., "ms"|"mac"|"board": .., "scope": .., "times": ..}`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FaultRequest {
    kind: String,
    ms: Option<u64>,
    mac: Option<String>,
    board: Option<u8>,
    #[serde(default)]
    scope: Scope,
    times: Option<u32>,
}

fn parse(body: &[u8]) -> Result<FaultRule, Error> {
    let request: FaultRequest = serde_json::from_slice(body).map_err(|e| bad(e.to_string()))?;
    let (ms, mac, board) = (request.ms, request.mac, request.board);
    let extra = |given: bool, name: &str| match given {
        true => Err(bad(format!("{name} does not belong to {}", request.kind))),
        false => Ok(()),
    };
    extra(ms.is_some() && request.kind != "latency", "ms")?;
    extra(mac.is_some() && request.kind != "wrong_mac", "mac")?;
    extra(board.is_some() && request.kind != "dead_board", "board")?;
    let fault = match request.kind.as_str() {
        "applied_no_reply" => Fault::AppliedNoReply,
        "applied_then_closed" => Fault::AppliedThenClosed,
        "reply_not_applied" => Fault::ReplyNotApplied,
        "wrong_password" => Fault::WrongPassword,
        "hang" => Fault::Hang,
        "offline" => Fault::Offline,
        "truncated_json" => Fault::TruncatedJson,
        "reset_mid_body" => Fault::ResetMidBody,
        "latency" => Fault::Latency { ms: ms.ok_or_else(|| bad("latency needs ms"))? },
        "wrong_mac" => {
            let mac = mac.ok_or_else(|| bad("wrong_mac needs mac"))?;
            Fault::WrongMac { mac: mac.parse().map_err(|e| bad(format!("{e}")))? }
        }
        "dead_board" => Fault::DeadBoard { board: board.ok_or_else(|| bad("dead_board needs board"))? },
        "sleep_ignored" => Fault::SleepIgnored,
        "pools_dead" => Fault::PoolsDead,
        "no_mac" => Fault::NoMac,
        "fault_words" => Fault::FaultWords,
        "dead_fan" => Fault::DeadFan { fan: board.ok_or_else(|| bad("dead_fan needs board, the fan's number"))? },
        "hot" => Fault::Hot,
        "spike" => Fault::Spike,
        "pool_spelling" => Fault::PoolSpelling,
        "untidy" => Fault::Untidy,
        "segments" => Fault::Segments,
        other => {
            return Err(bad(format!("unknown kind of fault: {}", other.chars().take(40).collect::<String>())));
        }
    };
    Ok(FaultRule { fault, scope: request.scope, times: request.times })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_parse_and_nonsense_is_explained() {
        let parsed = |text: &str| parse(text.as_bytes()).map_err(|e| e.1);
        let rule = parsed(r#"{"kind":"latency","ms":250,"scope":"writes","times":3}"#).unwrap();
        assert_eq!(rule, FaultRule::from(Fault::Latency { ms: 250 }).only(Scope::Writes).times(3));
        for (text, word) in [
            (r#"{"kind":"latency"}"#, "needs ms"),
            (r#"{"kind":"hang","ms":1}"#, "does not belong"),
            (r#"{"kind":"sulk"}"#, "unknown kind"),
            (r#"{"kind":"hang","color":"red"}"#, "unknown field"),
            (r#"{"kind":"wrong_mac","mac":"x"}"#, "not a MAC"),
            ("", "EOF"),
        ] {
            let error = parsed(text).unwrap_err();
            assert!(error.contains(word), "{text}: {error}");
        }
    }
}
