//! MicroBT's interface since 2024: JSON on TCP 4433, each message preceded by
//! its length (u32, little endian); several messages a connection, ten
//! clients. Reads need nothing. A `set.` command carries `account`, `ts` and a
//! token: the first eight characters of
//! base64(sha256(cmd + password + salt + ts)), the salt being part of
//! `get.device.info`. That hash is also the AES key of secret parameters.

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Map, Value, json};
use tokio::net::TcpStream;

use crate::config::{Mode, Pool};
use crate::crypto::{aes_decrypt, sha256};
use crate::miner::{Intent, Miner, Write};
use crate::net::{self, Framed};
use crate::noise;
use crate::state::Op;
use crate::view::{View, r2};

const OK: i32 = 0;
const FAILED: i32 = -1;
const INVALID_COMMAND: i32 = -2;
const INVALID_JSON: i32 = -3;
const DENIED: i32 = -4;

/// A message; the frame adds its length.
struct Message(Vec<u8>);

impl Framed for Message {
    fn head(&self, body_len: usize) -> Vec<u8> {
        (body_len as u32).to_le_bytes().to_vec()
    }

    fn body(&self) -> &[u8] {
        &self.0
    }
}

pub(crate) async fn serve(miner: &Miner, mut stream: TcpStream) {
    loop {
        let mut length = [0; 4];
        if net::read_exact(&mut stream, &mut length).await.is_err() {
            return;
        }
        let length = u32::from_le_bytes(length) as usize;
        if length == 0 || length > net::MAX_REQUEST {
            return;
        }
        let mut request = vec![0; length];
        if net::read_exact(&mut stream, &mut request).await.is_err() {
            return;
        }
        let parsed = serde_json::from_slice::<Value>(&request).ok();
        let write = parsed.as_ref().is_some_and(|r| command(r).starts_with("set."));
        let outcome = miner.exchange(write, |miner| handle(miner, parsed.as_ref())).await;
        if !net::deliver(miner, &mut stream, outcome).await {
            return;
        }
    }
}

fn command(request: &Value) -> &str {
    request["cmd"].as_str().unwrap_or("")
}

fn answer(miner: &Miner, code: i32, command: &str, msg: Value) -> Message {
    let reply = json!({ "code": code, "when": miner.unix(), "msg": msg, "desc": command });
    Message(reply.to_string().into_bytes())
}

fn handle(miner: &Miner, request: Option<&Value>) -> Intent<Message> {
    let Some(request) = request.filter(|r| r.is_object()) else {
        return Intent::Answer(answer(miner, INVALID_JSON, "", json!("invalid json")));
    };
    let name = command(request);
    if name.starts_with("set.") {
        return set(miner, name, request);
    }
    let param = request["param"].as_str().unwrap_or("");
    let view = miner.view();
    let msg = match name {
        "get.device.info" => device_info(miner, &view, param),
        "get.miner.status" => status(miner, &view, param),
        "get.miner.setting" => Some(json!({
            "power-mode": mode_name(view.mode), "power-limit": view.power_limit_w.round(),
            "power-percent": 100, "fast-boot": "disable", "heat-mode": "disable",
        })),
        _ => None,
    };
    Intent::Answer(match msg {
        Some(msg) => answer(miner, OK, name, msg),
        None => answer(miner, INVALID_COMMAND, name, json!("invalid command")),
    })
}

fn salt(miner: &Miner) -> String {
    noise::text(miner.seed, 50, 8)
}

fn set(miner: &Miner, name: &str, request: &Value) -> Intent<Message> {
    let refuse = |code, message: &str| Intent::Refuse {
        command: name.to_owned(),
        params: Value::Null,
        answer: answer(miner, code, name, json!(message)),
    };
    // user1..user3 keep their factory password and may only read.
    let password = match request["account"].as_str() {
        Some("super") => miner.password(),
        Some(user @ ("user1" | "user2" | "user3")) => user.to_owned(),
        _ => return refuse(DENIED, "permission denied"),
    };
    let ts = match &request["ts"] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        _ => return refuse(DENIED, "permission denied"),
    };
    let key = sha256(&format!("{name}{password}{}{ts}", salt(miner)));
    if request["token"].as_str() != Some(&BASE64_STANDARD.encode(key)[..8]) {
        return refuse(DENIED, "invalid token");
    }
    if request["account"] != "super" || !miner.state().write_api {
        return refuse(DENIED, "permission denied");
    }
    match write(miner, name, &request["param"], &key) {
        Ok(write) => Intent::Write(write),
        Err(Refusal(code, message)) => refuse(code, message),
    }
}

struct Refusal(i32, &'static str);

fn write(miner: &Miner, name: &str, param: &Value, key: &[u8; 32]) -> Result<Write<Message>, Refusal> {
    let bad = Refusal(FAILED, "param error");
    let (op, params) = match (name, param.as_str()) {
        ("set.miner.service", Some("start" | "enable")) => (Op::Resume, param.clone()),
        ("set.miner.service", Some("stop" | "disable")) => (Op::Suspend, param.clone()),
        ("set.miner.service", Some("restart")) => (Op::RestartMining, param.clone()),
        ("set.miner.power_mode", Some(mode @ ("low" | "normal" | "high"))) => {
            let mode = match mode {
                "low" => Mode::Low,
                "high" => Mode::High,
                _ => Mode::Normal,
            };
            (Op::SetMode { mode, restart: true }, param.clone())
        }
        ("set.miner.power_limit", _) => {
            let limit = param.as_f64().filter(|w| (0.0..=99_999.0).contains(w)).ok_or(bad)?;
            (Op::SetPowerLimit((limit > 0.0).then_some(limit)), param.clone())
        }
        ("set.system.led", Some("auto")) => (Op::SetLed(false), param.clone()),
        ("set.system.led", None) if param[0]["color"].is_string() => (Op::SetLed(true), param.clone()),
        ("set.system.reboot", _) => (Op::Reboot, Value::Null),
        ("set.miner.pools", Some(sealed)) => {
            let pools = pools(sealed, key).ok_or(bad)?;
            let params = json!(pools);
            (Op::All(vec![Op::SetPools(pools), Op::RestartMining]), params)
        }
        ("set.miner.service" | "set.miner.power_mode" | "set.system.led" | "set.miner.pools", _) => {
            return Err(bad);
        }
        _ => return Err(Refusal(INVALID_COMMAND, "invalid command")),
    };
    let late = matches!(op, Op::Reboot);
    Ok(Write { late, ..Write::new(name, params, op, answer(miner, OK, name, json!("ok"))) })
}

fn pools(sealed: &str, key: &[u8; 32]) -> Option<Vec<Pool>> {
    let text = aes_decrypt(key, &BASE64_STANDARD.decode(sealed).ok()?)?;
    let list: Vec<Value> = serde_json::from_str(&text).ok()?;
    let text = |v: &Value| v.as_str().map(str::to_owned).filter(|t| t.len() <= 256);
    let pools: Option<Vec<Pool>> = list
        .iter()
        .map(|p| Some(Pool { url: text(&p["pool"])?, user: text(&p["worker"])?, password: text(&p["passwd"])? }))
        .collect();
    pools.filter(|p| (1..=3).contains(&p.len()) && !p[0].url.is_empty())
}

fn mode_name(mode: Mode) -> &'static str {
    match mode {
        Mode::Low => "low",
        Mode::Normal => "normal",
        Mode::High => "high",
    }
}

/// All sections, or the one asked for.
fn device_info(miner: &Miner, view: &View, section: &str) -> Option<Value> {
    let mut boards = json!({
        "type": miner.model.name, "miner-sn": view.serial, "board-num": miner.model.boards.to_string(),
        "working": if view.sleeping { "false" } else { "true" }, "hash-board": "SIM",
        "fast-boot": "disable", "hash-percent": "0", "pool-strategy": "FAILOVER",
    });
    for (i, board) in view.boards.iter().enumerate() {
        boards[format!("pcbsn{i}")] = json!(board.serial);
    }
    let told = |(code, reason): &(String, &str)| json!({ code: "2026-01-01 00:00:00", "reason": reason });
    let errors: Vec<Value> = view.errors.iter().map(told).collect();
    let mode = match view.mode {
        Mode::Low => "0",
        Mode::Normal => "1",
        Mode::High => "2",
    };
    let mut all = json!({
        "network": {
            "ip": miner.spec.ip.to_string(), "proto": "dhcp", "netmask": "255.0.0.0",
            "gateway": "127.0.0.1", "dns": "127.0.0.1", "mac": view.mac.to_string(),
            "hostname": "WhatsMiner",
        },
        "miner": boards,
        "system": {
            "api": "3.0.1", "apiswitch": if miner.state().write_api { "1" } else { "0" },
            "platform": "H616", "fwversion": "20250214.16.Rel2", "control-board-version": "SIM",
            "ledstatus": if view.led { "manual" } else { "auto" },
        },
        "power": {
            "mode": mode, "model": "P221B", "type": "P221B", "vendor": "1",
            "sn": format!("PSU{}", view.serial), "hwversion": "SIM", "swversion": "230224.220429",
            "fanspeed": if miner.model.fans == 0 { 0 } else { 6300 },
            "pin": view.power_w.round(),
        },
        "salt": salt(miner),
        "error-code": match view.fault_words {
            Some(words) => json!(words),
            None => json!(errors),
        },
    });
    if section.is_empty() {
        return Some(all);
    }
    let part = all.get_mut(section)?.take();
    let mut one = Map::new();
    one.insert(section.to_owned(), part);
    Some(Value::Object(one))
}

fn status(miner: &Miner, view: &View, section: &str) -> Option<Value> {
    match section {
        "summary" => Some(json!({ "summary": summary(miner, view) })),
        "edevs" => Some(json!({ "edevs": edevs(view) })),
        "pools" => Some(json!({ "pools": pool_list(view) })),
        // Several sections at once, as in "summary+pools".
        list if list.contains('+') && list.len() < 64 => {
            let mut all = Map::new();
            for part in list.split('+') {
                if let Value::Object(one) = status(miner, view, part)? {
                    all.extend(one);
                }
            }
            Some(Value::Object(all))
        }
        _ => None,
    }
}

fn summary(miner: &Miner, view: &View) -> Value {
    let fan = |i: usize| view.fans_rpm.get(i).copied().unwrap_or(0);
    let frequency = view.boards.iter().map(|b| b.frequency_mhz).fold(0.0, f64::max);
    json!({
        "elapsed": view.elapsed_s, "bootup-time": 60,
        "hash-realtime": r2(view.rate), "hash-1min": r2(view.rate_1m),
        "hash-15min": r2(view.rate_avg), "hash-average": r2(view.rate_avg),
        "factory-hash": miner.model.rate_ths, "target-hash": r2(view.rate_goal),
        "power-realtime": view.power_w.round(), "power-5min": view.power_w.round(),
        "power-limit": view.power_limit_w.round(),
        "power-rate": if view.rate > 0.0 { r2(view.power_w / view.rate) } else { 0.0 },
        "freq-avg": frequency.round(), "target-freq": miner.model.frequency_mhz,
        "up-freq-finish": u8::from(view.rate > 0.97 * view.rate_goal),
        "fan-speed-in": fan(0), "fan-speed-out": fan(1),
        "environment-temperature": r2(view.ambient_c),
        "board-temperature": view.boards.iter().map(|b| r2(b.pcb_c)).collect::<Vec<_>>(),
        "chip-temp-min": r2(view.chip_min_c), "chip-temp-avg": r2(view.chip_avg_c),
        "chip-temp-max": r2(view.chip_max_c),
    })
}

fn edevs(view: &View) -> Vec<Value> {
    let boards = view.boards.iter().enumerate();
    boards
        .map(|(i, b)| {
            json!({
                "id": i, "slot": i, "status": if b.alive { "alive" } else { "dead" },
                "hash-realtime": r2(b.rate), "hash-average": r2(b.rate),
                "factory-hash": r2(b.rate_rated), "freq": b.frequency_mhz.round(),
                "effective-chips": b.chips, "chip-temp-min": r2(b.chip_min_c),
                "chip-temp-avg": r2((b.chip_min_c + b.chip_max_c) / 2.0),
                "chip-temp-max": r2(b.chip_max_c),
            })
        })
        .collect()
}

fn pool_list(view: &View) -> Vec<Value> {
    let configured = view.pools.iter().enumerate().filter(|(_, p)| !p.url.is_empty());
    configured
        .map(|(slot, p)| {
            let active = view.pool_active(slot);
            json!({
                "id": slot + 1, "pool-priority": slot, "url": p.url, "account": p.user,
                "status": if view.pools_alive { "alive" } else { "dead" }, "stratum-active": active,
                "reject-rate": if active { 0.2 } else { 0.0 },
                "last-share-time": if active { view.unix - view.share_age_s() } else { 0 },
            })
        })
        .collect()
}
