//! MicroBT's interface until 2024: JSON commands on TCP 4028, one a
//! connection. Reads are plain. Writes need a token and are encrypted:
//! `get_token` gives `salt`, `newsalt` and `time`; the key is the SHA-256 of
//! `md5crypt(password, salt)`, the token
//! `md5crypt(md5crypt(password, salt) + time, newsalt)`. A wrong password
//! therefore shows as "enc json load err", not as a refused login.

use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use tokio::net::TcpStream;

use super::cgminer::Bytes;
use super::whatsminer_v2_reads;
use crate::config::{Mode, Personality, Pool};
use crate::crypto::{aes_decrypt, aes_encrypt, md5crypt, sha256};
use crate::miner::{Intent, Miner, Write};
use crate::net;
use crate::noise;
use crate::state::{Op, Token};

const TOKENS: usize = 32;
const TOKEN_LIFE: Duration = Duration::from_secs(30 * 60);

const INVALID_COMMAND: u32 = 14;
const INVALID_JSON: u32 = 23;
const DENIED: u32 = 45;
const OK: u32 = 131;
const COMMAND_ERROR: u32 = 132;
const TOKEN_OK: u32 = 134;
const TOKEN_ERROR: u32 = 135;
const TOO_MANY_TOKENS: u32 = 136;

pub(crate) async fn serve(miner: &Miner, mut stream: TcpStream) {
    let Some(request) = net::read_request(&mut stream).await else {
        return;
    };
    let parsed = serde_json::from_slice::<Value>(net::trim(&request)).ok();
    let write = parsed.as_ref().is_some_and(|r| !r["enc"].is_null() || is_write(command(r)));
    let outcome = miner.exchange(write, |miner| handle(miner, parsed.as_ref())).await;
    net::deliver(miner, &mut stream, outcome).await;
}

fn command(request: &Value) -> &str {
    request["cmd"].as_str().or(request["command"].as_str()).unwrap_or("")
}

fn is_write(command: &str) -> bool {
    matches!(
        command,
        "power_off"
            | "power_on"
            | "reboot"
            | "restart_btminer"
            | "update_pools"
            | "update_pwd"
            | "adjust_power_limit"
            | "open_write_api"
            | "factory_reset"
            | "net_config"
    ) || command.starts_with("set_")
}

fn handle(miner: &Miner, request: Option<&Value>) -> Intent<Bytes> {
    let plain = |code, message: &str| answer(miner, code, json!(message));
    let Some(request) = request.filter(|r| r.is_object()) else {
        return Intent::Answer(plain(INVALID_JSON, "invalid json message"));
    };
    if !request["enc"].is_null() {
        return encrypted(miner, request["data"].as_str().unwrap_or(""));
    }
    match command(request) {
        // The interface of a v3 miner on this port only reads.
        name if is_write(name) => {
            let code = if name == "open_write_api" { INVALID_COMMAND } else { DENIED };
            let message = if code == DENIED { "permission denied" } else { "invalid cmd" };
            Intent::Refuse { command: name.into(), params: Value::Null, answer: plain(code, message) }
        }
        "get_token" => Intent::Answer(get_token(miner)),
        name => Intent::Answer(
            whatsminer_v2_reads::read(miner, name).unwrap_or_else(|| plain(INVALID_COMMAND, "invalid cmd")),
        ),
    }
}

/// The format of all replies that are not lists.
pub(super) fn answer(miner: &Miner, code: u32, message: Value) -> Bytes {
    let status = if matches!(code, OK | TOKEN_OK) { "S" } else { "E" };
    let reply = json!({
        "STATUS": status, "When": miner.unix(), "Code": code, "Msg": message, "Description": "",
    });
    Bytes(reply.to_string().into_bytes())
}

fn salt(miner: &Miner) -> String {
    noise::text(miner.seed, 40, 8)
}

fn get_token(miner: &Miner) -> Bytes {
    let (salt, password, unix) = (salt(miner), miner.password(), miner.unix());
    let mut state = miner.state();
    let now = state.now;
    state.tokens.retain(|t| t.expires > now);
    if state.tokens.len() >= TOKENS {
        drop(state);
        return answer(miner, TOO_MANY_TOKENS, json!("over max connect"));
    }
    state.tokens_given += 1;
    let newsalt = noise::text(miner.seed ^ 41 << 32, state.tokens_given, 8);
    let time = format!("{:04}", unix % 10_000);
    let key = md5crypt(&password, &salt);
    let sign = md5crypt(&format!("{key}{time}"), &newsalt);
    state.tokens.push(Token { sign, expires: now + TOKEN_LIFE });
    drop(state);
    answer(miner, TOKEN_OK, json!({ "time": time, "salt": salt, "newsalt": newsalt }))
}

fn encrypted(miner: &Miner, data: &str) -> Intent<Bytes> {
    let refuse = |command: &str, code, message: &str| Intent::Refuse {
        command: command.to_owned(),
        params: Value::Null,
        answer: answer(miner, code, json!(message)),
    };
    let key = sha256(&md5crypt(&miner.password(), &salt(miner)));
    let request = BASE64_STANDARD
        .decode(data)
        .ok()
        .and_then(|sealed| aes_decrypt(&key, &sealed))
        .and_then(|text| serde_json::from_str::<Value>(&text).ok())
        .filter(Value::is_object);
    let Some(request) = request else {
        return refuse("(unreadable)", INVALID_JSON, "enc json load err");
    };
    let name = command(&request).to_owned();
    {
        let state = miner.state();
        let known = |t: &Token| t.expires > state.now && request["token"] == t.sign.as_str();
        if !state.tokens.iter().any(known) {
            drop(state);
            return refuse(&name, TOKEN_ERROR, "check token error");
        }
        if !state.write_api || miner.spec.personality != Personality::WhatsminerV2 {
            drop(state);
            return refuse(&name, DENIED, "permission denied");
        }
    }
    if !is_write(&name) || name == "open_write_api" {
        return refuse(&name, INVALID_COMMAND, "invalid cmd");
    }
    match write(miner, &name, &request) {
        Ok(mut write) => {
            if let Some(plain) = write.answer.take() {
                let sealed = BASE64_STANDARD.encode(aes_encrypt(&key, &String::from_utf8_lossy(&plain.0)));
                write.answer = Some(Bytes(json!({ "enc": sealed }).to_string().into_bytes()));
            }
            // The system goes down before the answer is written.
            if matches!(write.op, Op::Reboot) {
                write.answer = None;
            }
            Intent::Write(write)
        }
        Err(Refusal(code, message)) => refuse(&name, code, message),
    }
}

struct Refusal(u32, &'static str);

fn write(miner: &Miner, name: &str, request: &Value) -> Result<Write<Bytes>, Refusal> {
    let text = |key: &str| request[key].as_str().unwrap_or("").to_owned();
    let (op, params) = match name {
        "power_off" => (Op::Suspend, Value::Null),
        "power_on" => (Op::Resume, Value::Null),
        "set_low_power" => (Op::SetMode { mode: Mode::Low, restart: true }, Value::Null),
        "set_normal_power" => (Op::SetMode { mode: Mode::Normal, restart: true }, Value::Null),
        "set_high_power" => (Op::SetMode { mode: Mode::High, restart: true }, Value::Null),
        "set_led" if request["param"] == "auto" => (Op::SetLed(false), json!("auto")),
        "set_led" => match request["color"].as_str() {
            Some(color @ ("red" | "green")) => (Op::SetLed(true), json!(color)),
            _ => return Err(Refusal(COMMAND_ERROR, "param error")),
        },
        "reboot" => (Op::Reboot, Value::Null),
        "restart_btminer" => (Op::RestartMining, Value::Null),
        "adjust_power_limit" => {
            let limit = match &request["power_limit"] {
                Value::String(text) => text.parse::<f64>().ok(),
                other => other.as_f64(),
            };
            let limit = limit.filter(|w| (0.0..=99_999.0).contains(w));
            let limit = limit.ok_or(Refusal(COMMAND_ERROR, "param error"))?;
            (Op::SetPowerLimit((limit > 0.0).then_some(limit)), json!(limit))
        }
        "update_pools" => {
            let pools: Vec<Pool> = (1..=3)
                .map(|n| Pool {
                    url: text(&format!("pool{n}")),
                    user: text(&format!("worker{n}")),
                    password: text(&format!("passwd{n}")),
                })
                .collect();
            if pools[0].url.is_empty() || pools.iter().any(|p| p.url.len() > 256 || p.user.len() > 256) {
                return Err(Refusal(COMMAND_ERROR, "param error"));
            }
            let params = json!(pools);
            (Op::All(vec![Op::SetPools(pools), Op::RestartMining]), params)
        }
        "update_pwd" => {
            let (old, new) = (text("old"), text("new"));
            if old != miner.password() || new.is_empty() || new.len() > 32 {
                return Err(Refusal(COMMAND_ERROR, "param error"));
            }
            (Op::SetPassword(new), Value::Null)
        }
        _ => return Err(Refusal(INVALID_COMMAND, "invalid cmd")),
    };
    let answer = answer(miner, OK, json!("API command OK"));
    Ok(Write::new(name, params, op, answer))
}
