//! Whatsminers with firmware since 2024-11: JSON with its length in front on TCP 4433, orders signed with a password and
//! the second they are sent in.
//!
//! Modes: sleep is `set.miner.service stop`. Any other mode first starts the service if the miner sleeps, then sets
//! the mode.

use super::crypto::{seal, sha256};
use super::{FAMILY, MODES, OPERATIONS, mode_of};
use crate::fields::{Sent, flag, list, mac, number, pool_list, section, text, words};
use crate::handle::{
    self, Handle, Says, impossible, no_password, not_sent, outcome, pool_alive, pool_password, probe_failed, settle,
};
use crate::net::{self, Failure, Framing, ask};
use crate::parts::Parts;
use crate::tolerant::Answer;
use crate::{Credential, Device, DeviceError, Driver, Heard, Outcome, Probe, Target, Verdict, faults, models, verify};
use adit_core::fleet::{DeviceIdentity, FoundDevice, OpKind, Operation, Pool, PoolPassword, PowerMode, Reading};
use async_trait::async_trait;
use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::time::Instant;

pub(crate) const PORT: u16 = 4433;
/// The account with every right, used where a credential names none.
const ACCOUNT: &str = "super";

/// Driver `whatsminer-v3`.
pub(crate) struct WhatsminerV3;

#[async_trait]
impl Driver for WhatsminerV3 {
    fn id(&self) -> &'static str {
        "whatsminer-v3"
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn ports(&self) -> &'static [u16] {
        &[PORT]
    }

    async fn probe(&self, ip: IpAddr, _credentials: &[Credential], limit: Duration) -> Probe {
        match identify(ip, Instant::now() + limit).await {
            Ok(Some(found)) => Probe::Found(Box::new(found)),
            Ok(None) => Probe::OpenUnknown,
            Err(failure) => probe_failed(&failure),
        }
    }

    fn open(&self, target: Target, credentials: &[Credential]) -> Arc<dyn Device> {
        Arc::new(Miner(Handle::new(target, credentials, FAMILY)))
    }
}

/// Who it is hangs on the first answer alone; the rating may be missing.
async fn identify(ip: IpAddr, deadline: Instant) -> Result<Option<FoundDevice>, Failure> {
    let info = question(ip, "get.device.info", None, net::most_of(deadline)).await?.value;
    let (identity, info) = (identity(&info), section(&info, "msg"));
    let firmware = text(&info, "/system/fwversion", 60);
    let Some(firmware) = firmware.filter(|_| !identity.is_empty()) else { return Ok(None) };
    let summary = question(ip, "get.miner.status", Some("summary"), net::part_of(deadline)).await;
    let summary = summary.map(|answer| section(&section(&answer.value, "msg"), "summary")).unwrap_or_default();
    let model = models::whatsminer(&text(&info, "/miner/type", 40).unwrap_or_default());
    let model = if model.is_empty() { models::UNKNOWN_WHATSMINER.to_owned() } else { model };
    let rated = number(&summary, "/factory-hash").filter(|ths| *ths > 0.0);
    Ok(Some(FoundDevice {
        identity,
        ip,
        make: "MicroBT".into(),
        firmware: format!("Whatsminer {firmware}"),
        driver: "whatsminer-v3".into(),
        supports: OPERATIONS.to_vec(),
        modes: MODES.to_vec(),
        mode_power: models::mode_power(&model),
        expected_hashrate_ghs: rated
            .and_then(|ths| crate::fields::as_u32(ths * 1000.0))
            .or_else(|| models::hashrate_ghs(&model)),
        model,
    }))
}

fn identity(info: &Value) -> DeviceIdentity {
    let info = section(info, "msg");
    DeviceIdentity { mac: mac(&info, "/network/mac"), serial: text(&info, "/miner/miner-sn", 64) }
        .without_placeholders()
}

async fn question(ip: IpAddr, command: &str, param: Option<&str>, deadline: Instant) -> Result<Answer, Failure> {
    let mut request = json!({ "cmd": command });
    if let Some(param) = param {
        request["param"] = json!(param);
    }
    net::question(ip, PORT, Framing::Length, &request, deadline).await
}

/// One miner.
struct Miner(Handle);

/// An order as the interface names it, with its parameter.
type Order = (&'static str, Value);

enum Reply {
    Yes,
    No { reason: String, password: bool },
    Lost(Failure),
}

impl Miner {
    async fn ask(&self, command: &str, param: Option<&str>, deadline: Instant) -> Result<Answer, Failure> {
        question(self.0.target.ip, command, param, deadline).await
    }

    /// Orders, in the order they are sent. To wake a miner it must be known whether it sleeps.
    async fn orders(&self, operation: &Operation<PoolPassword>, deadline: Instant) -> Result<Vec<Order>, Failure> {
        let service = |what: &str| ("set.miner.service", json!(what));
        Ok(vec![match operation {
            Operation::Reboot {} => ("set.system.reboot", Value::Null),
            Operation::RestartMining {} => service("restart"),
            Operation::Pause {} | Operation::SetPowerMode { mode: PowerMode::Sleep } => service("stop"),
            Operation::Resume {} => service("start"),
            Operation::SetPowerMode { mode } => {
                let word = match mode {
                    PowerMode::Low => "low",
                    PowerMode::High => "high",
                    PowerMode::Normal | PowerMode::Sleep => "normal",
                };
                let set = ("set.miner.power_mode", json!(word));
                let info = self.ask("get.device.info", None, deadline).await?.value;
                if asleep(&info) == Some(true) {
                    return Ok(vec![service("start"), set]);
                }
                set
            }
            Operation::Locate { on: false } => ("set.system.led", json!("auto")),
            Operation::Locate { on: true } => {
                ("set.system.led", json!([{"color": "red", "period": 200, "duration": 100, "start": 0}]))
            }
            Operation::SetPools { pools } => {
                let pool = |pool: &Pool<PoolPassword>| json!({"pool": pool.url, "worker": pool.user, "passwd": pool_password(pool)});
                (SET_POOLS, pools.iter().map(pool).collect())
            }
        }])
    }

    async fn order(&self, (command, param): &Order, credential: &Credential, deadline: Instant) -> Reply {
        let salt = match self.ask("get.device.info", Some("salt"), deadline).await {
            Ok(reply) => text(&reply.value, "/msg/salt", 64),
            Err(failure) => return Reply::Lost(Failure::NotSent(failure.words().to_owned())),
        };
        let Some(salt) = salt else {
            return Reply::Lost(Failure::NotSent("the miner gives no salt to sign with".into()));
        };
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let account = if credential.user.is_empty() { ACCOUNT } else { &credential.user };
        let request = signed(command, param, account, &credential.password, &salt, now);
        match ask(self.0.target.ip, PORT, Framing::Length, &request, deadline).await {
            Ok(reply) => judge(&reply, sent_with(command)),
            Err(failure) => Reply::Lost(failure),
        }
    }

    /// The same order under each password until one is accepted. A refused signature has changed nothing.
    async fn order_with_any_password(&self, order: &Order, deadline: Instant) -> Result<(), Outcome> {
        let mut refusal = Outcome::NotSent { reason: "no password is known for this make".into() };
        for (number, credential) in self.0.credentials() {
            match self.order(order, credential, deadline).await {
                Reply::Yes => {
                    self.0.prefer(number);
                    return Ok(());
                }
                Reply::No { reason, password } => {
                    if !password {
                        refusal = Outcome::Rejected { reason };
                        break;
                    }
                    refusal = no_password(&reason);
                }
                Reply::Lost(failure) => {
                    refusal = outcome(failure);
                    break;
                }
            }
        }
        Err(refusal)
    }
}

const SET_POOLS: &str = "set.miner.pools";

/// The request with its token. Pools are encrypted as well: they carry passwords.
fn signed(command: &str, param: &Value, account: &str, password: &str, salt: &str, now: u64) -> Value {
    let digest = sha256(&format!("{command}{password}{salt}{now}"));
    let token: String = BASE64_STANDARD.encode(digest).chars().take(8).collect();
    let mut request = json!({"cmd": command, "token": token, "account": account, "ts": now});
    match param {
        Value::Null => {}
        pools if command == SET_POOLS => request["param"] = json!(seal(&digest, &pools.to_string())),
        other => request["param"] = other.clone(),
    }
    request
}

fn sent_with(command: &str) -> Sent {
    if command == SET_POOLS { Sent::Passwords } else { Sent::Plain }
}

fn judge(reply: &Value, sent: Sent) -> Reply {
    match number(reply, "/code") {
        Some(0.0) => Reply::Yes,
        Some(code) => {
            let lower = reply["msg"].as_str().unwrap_or_default().to_ascii_lowercase();
            let password = ["token", "passw", "account", "auth"].iter().any(|word| lower.contains(word));
            Reply::No { reason: words(reply["msg"].as_str(), Some(code), sent), password }
        }
        None => Reply::Lost(Failure::Garbled("an answer without a verdict".into())),
    }
}

fn asleep(info: &Value) -> Option<bool> {
    flag(section(info, "msg").pointer("/miner/working")?).map(|working| !working)
}

/// Fills `reading` from the three answers of a poll; `null` where there is none.
fn fill(reading: &mut Reading, model: &str, info: &Value, summary: &Value, pools: &Value, mut parts: Parts) {
    let asleep = asleep(info);
    let info = section(info, "msg");
    let summary = section(&section(summary, "msg"), "summary");
    let told = |name: &str| number(&summary, &format!("/{name}"));
    let rate = ["hash-realtime", "hash-1min", "hash-average"].iter().find_map(|name| told(name));
    reading.hashrate_ths = parts.hashrate_ths(rate);
    reading.power_w = parts.told_power_w(told("power-realtime"));
    reading.temp_chip_max_c = parts.chip_c(told("chip-temp-max"));
    reading.temp_inlet_c = parts.inlet_c(told("environment-temperature"));
    reading.fan_rpm = parts.fan_rpm(["fan-speed-in", "fan-speed-out"].iter().filter_map(|fan| told(fan)), model);
    reading.uptime_s = parts.uptime_s(told("elapsed"));
    let mode = match info.pointer("/power/mode") {
        Some(Value::String(word)) => mode_of(word),
        Some(Value::Number(number)) => mode_of(&number.to_string()),
        Some(Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_)) | None => None,
    };
    reading.led_on = text(&info, "/system/ledstatus", 20).map(|state| state != "auto");
    let pools = list(&section(pools, "msg"), "pools");
    reading.pools = pools.as_ref().map(|pools| pool_list(pools, "/url", "/account"));
    reading.errors = faults::told(info.get("error-code"), FAMILY, model);
    let pool_alive = pools.and_then(|pools| pool_alive(&pools, "status"));
    settle(reading, Says { asleep, mode, pool_alive }, model);
    parts.into_reading(reading);
}

#[async_trait]
impl Device for Miner {
    fn supports(&self, kind: OpKind) -> bool {
        OPERATIONS.contains(&kind)
    }

    fn modes(&self) -> &[PowerMode] {
        MODES
    }

    async fn read(&self, limit: Duration) -> Result<Reading, DeviceError> {
        let deadline = Instant::now() + limit;
        let mut parts = Parts::default();
        let info = self.ask("get.device.info", None, net::part_of(deadline)).await?;
        self.0.check(&identity(&info.value))?;
        let info = parts.take("get.device.info", Ok(info));
        let summary = self.ask("get.miner.status", Some("summary"), net::part_of(deadline)).await;
        let summary = parts.take("summary", summary);
        let pools = self.ask("get.miner.status", Some("pools"), net::part_of(deadline)).await;
        let pools = parts.take("pools", pools);
        let mut reading = self.0.reading();
        fill(&mut reading, &self.0.target.model, &info, &summary, &pools, parts);
        Ok(reading)
    }

    async fn confirm_identity(&self, limit: Duration) -> Result<(), DeviceError> {
        let info = self.ask("get.device.info", None, Instant::now() + limit).await?;
        self.0.check(&identity(&info.value))
    }

    async fn execute(&self, operation: &Operation<PoolPassword>, limit: Duration) -> Outcome {
        if let Some(refused) = impossible(operation) {
            return refused;
        }
        let deadline = Instant::now() + limit;
        let orders = match self.orders(operation, deadline).await {
            Ok(orders) => orders,
            Err(failure) => return not_sent(&failure),
        };
        handle::in_turn(&orders, |order| self.order_with_any_password(order, deadline)).await
    }

    async fn verify(
        &self,
        operation: &Operation<PoolPassword>,
        before: &Reading,
        limit: Duration,
        heard: Heard<'_>,
    ) -> Verdict {
        verify::read_back(self, operation, before, limit, heard).await
    }
}

#[cfg(test)]
mod tests {
    use super::super::crypto::unseal;
    use super::*;
    use adit_core::fleet::Activity;
    use adit_core::ids::DeviceId;
    use proptest::prelude::*;

    #[test]
    fn an_order_carries_the_start_of_its_digest() {
        let request = signed("set.miner.service", &json!("stop"), "super", "secret", "uhCiDyVj", 1_700_000_000);
        let digest = sha256("set.miner.servicesecretuhCiDyVj1700000000");
        let whole = BASE64_STANDARD.encode(digest);
        assert_eq!(request["token"], whole[..8]);
        assert_eq!((&request["param"], &request["account"]), (&json!("stop"), &json!("super")));
        assert_eq!(request["ts"], 1_700_000_000_u64);
        assert!(signed("set.system.reboot", &Value::Null, "super", "", "", 0).get("param").is_none());
    }

    #[test]
    fn pools_are_not_sent_in_the_clear() {
        let pools = json!([{"pool": "stratum+tcp://a:1", "worker": "w", "passwd": "x"}]);
        let request = signed("set.miner.pools", &pools, "super", "p", "s", 7);
        let plain = unseal(&sha256("set.miner.poolsps7"), request["param"].as_str().unwrap()).unwrap();
        assert_eq!(serde_json::from_str::<Value>(&plain).unwrap(), pools);
    }

    #[test]
    fn a_working_miner_is_read_in_our_units() {
        let info = json!({"msg": {"miner": {"working": "true"}, "power": {"mode": "2"}, "system": {"ledstatus": "auto"},
            "error-code": [{"5010": "2026-06-15 10:30:00", "reason": "x"}]}});
        let summary = json!({"msg": {"summary": {"hash-realtime": 171.2, "power-realtime": 3156.4, "elapsed": 50000,
            "chip-temp-max": 82, "environment-temperature": 28.5, "fan-speed-in": 5400, "fan-speed-out": 5300}}});
        let mut reading = Reading::empty(DeviceId(1));
        fill(&mut reading, "M60", &info, &summary, &Value::Null, Parts::default());
        assert_eq!(reading.activity, Some(Activity::Mining));
        assert_eq!((reading.power_w, reading.fan_rpm, reading.uptime_s), (Some(3156), Some(5350), Some(50000)));
        assert_eq!((reading.power_mode, reading.pools), (Some(PowerMode::High), None));
        assert_eq!(reading.errors, ["fault 5010: x"]);
        let down = json!({"msg": {"error-code": "btminer process is down err"}});
        let mut reading = Reading::empty(DeviceId(1));
        fill(&mut reading, "M60", &down, &Value::Null, &Value::Null, Parts::default());
        assert_eq!(reading.errors, ["btminer process is down err", "not read: power: not told"]);
    }

    #[test]
    fn only_code_zero_is_yes() {
        assert!(matches!(judge(&json!({"code": 0, "msg": "ok"}), Sent::Plain), Reply::Yes));
        let echo = judge(&json!({"code": -1, "msg": "no pools hunter2"}), sent_with(SET_POOLS));
        assert!(
            matches!(echo, Reply::No { reason, .. } if !reason.contains("hunter") && reason.ends_with("(code -1)"))
        );
        let no = judge(&json!({"code": -1, "msg": "invalid command"}), Sent::Plain);
        assert!(matches!(no, Reply::No { reason, password: false } if reason == "invalid command (code -1)"));
        assert!(matches!(
            judge(&json!({"code": -4, "msg": "token error"}), Sent::Plain),
            Reply::No { password: true, .. }
        ));
        assert!(matches!(judge(&json!({}), Sent::Plain), Reply::Lost(Failure::Garbled(_))));
    }

    proptest! {
        #[test]
        fn any_json_is_read_without_panic(a in crate::any_json(), b in crate::any_json()) {
            let mut reading = Reading::empty(DeviceId(1));
            fill(&mut reading, "M60", &a, &b, &a, Parts::default());
            let _ = (judge(&a, Sent::Plain), identity(&b));
        }
    }
}
