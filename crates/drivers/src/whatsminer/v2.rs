//! Whatsminers with firmware from before 2024-11: JSON on TCP 4028, one question a connection, orders encrypted with a
//! token. A miner whose write interface is off (as it leaves the factory) refuses orders, and that refusal is reported.
//!
//! Modes: sleep is `power_off`. Any other mode first sends `power_on` if the miner sleeps, then the mode.

use super::crypto::{md5crypt, seal, sha256, unseal};
use super::{FAMILY, MODES, OPERATIONS, mode_of};
use crate::fields::{Sent, flag, list, mac, number, pool_list, section, text, whole, words};
use crate::handle::{
    self, Handle, Says, impossible, no_password, not_sent, outcome, pool_alive, pool_password, probe_failed, settle,
};
use crate::net::{self, Failure, Framing, ask};
use crate::parts::Parts;
use crate::tolerant::Answer;
use crate::{Credential, Device, DeviceError, Driver, Heard, Outcome, Probe, Target, Verdict, faults, models, verify};
use adit_core::fleet::{DeviceIdentity, FoundDevice, OpKind, Operation, Pool, PoolPassword, PowerMode, Reading};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::time::Instant;

const PORT: u16 = 4028;
/// Codes that speak of the password: what was sent could not be decrypted; the token is wrong.
const CODES_OF_PASSWORD: [f64; 2] = [23.0, 135.0];

/// Driver `whatsminer-v2`.
pub(crate) struct WhatsminerV2;

#[async_trait]
impl Driver for WhatsminerV2 {
    fn id(&self) -> &'static str {
        "whatsminer-v2"
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn ports(&self) -> &'static [u16] {
        &[PORT]
    }

    async fn probe(&self, ip: IpAddr, _credentials: &[Credential], limit: Duration) -> Probe {
        match identify(ip, limit).await {
            Ok(Some(found)) => Probe::Found(Box::new(found)),
            Ok(None) => Probe::OpenUnknown,
            Err(failure) => probe_failed(&failure),
        }
    }

    fn open(&self, target: Target, credentials: &[Credential]) -> Arc<dyn Device> {
        Arc::new(Miner(Handle::new(target, credentials, FAMILY)))
    }
}

/// Who it is hangs on its firmware and its MAC or serial number. The model and the rating are asked for as well, and may be
/// missing.
async fn identify(ip: IpAddr, limit: Duration) -> Result<Option<FoundDevice>, Failure> {
    let deadline = Instant::now() + limit;
    // Other makes share the port, and one that keeps silent to this question must leave time to ask it theirs.
    let version = question(ip, "get_version", net::most_of(deadline)).await?.value;
    let Some(firmware) = text(&section(&version, "Msg"), "/fw_ver", 60) else { return Ok(None) };
    let info = question(ip, "get_miner_info", net::part_of(deadline)).await;
    let details =
        question(ip, "devdetails", net::part_of(deadline)).await.map(|answer| answer.value).unwrap_or_default();
    let summary = question(ip, "summary", net::part_of(deadline)).await.map(|answer| answer.value).unwrap_or_default();
    let summary = section(&summary, "SUMMARY");
    let mut who = info.as_ref().map(|answer| identity(&answer.value)).unwrap_or_default();
    if who.mac.is_none() {
        who.mac = mac(&summary, "/MAC");
    }
    let who = who.without_placeholders();
    if who.is_empty() {
        // Once a device has answered, it is not silent any more, whatever comes after.
        return info.map(|_| None).map_err(|failure| Failure::Lost(failure.words().to_owned()));
    }
    let model = models::whatsminer(&text(&section(&details, "DEVDETAILS"), "/Model", 40).unwrap_or_default());
    let model = if model.is_empty() { models::UNKNOWN_WHATSMINER.to_owned() } else { model };
    Ok(Some(FoundDevice {
        identity: who,
        ip,
        make: "MicroBT".into(),
        firmware: format!("Whatsminer {firmware}"),
        driver: "whatsminer-v2".into(),
        supports: OPERATIONS.to_vec(),
        modes: MODES.to_vec(),
        mode_power: models::mode_power(&model),
        expected_hashrate_ghs: whole(&summary, "/Factory GHS")
            .filter(|ghs| *ghs > 0)
            .or_else(|| models::hashrate_ghs(&model)),
        model,
    }))
}

fn identity(info: &Value) -> DeviceIdentity {
    let info = section(info, "Msg");
    DeviceIdentity { mac: mac(&info, "/mac"), serial: text(&info, "/minersn", 64) }.without_placeholders()
}

async fn question(ip: IpAddr, command: &str, deadline: Instant) -> Result<Answer, Failure> {
    net::question(ip, PORT, Framing::Line, &json!({ "command": command }), deadline).await
}

/// One miner.
struct Miner(Handle);

/// An order as the interface names it, with its parameters.
type Order = (&'static str, Value);

/// What the miner said to an order.
enum Reply {
    Yes,
    No { reason: String, token: bool },
    Lost(Failure),
}

impl Miner {
    async fn ask(&self, command: &str, deadline: Instant) -> Result<Answer, Failure> {
        question(self.0.target.ip, command, deadline).await
    }

    /// Orders, in the order they are sent. To wake a miner it must be known whether it sleeps.
    async fn orders(&self, operation: &Operation<PoolPassword>, deadline: Instant) -> Result<Vec<Order>, Failure> {
        let off = ("power_off", json!({"respbefore": "true"}));
        let on = ("power_on", json!({}));
        Ok(vec![match operation {
            Operation::Reboot {} => ("reboot", json!({})),
            Operation::RestartMining {} => ("restart_btminer", json!({})),
            Operation::Pause {} | Operation::SetPowerMode { mode: PowerMode::Sleep } => off,
            Operation::Resume {} => on,
            Operation::SetPowerMode { mode } => {
                let set = match mode {
                    PowerMode::Low => "set_low_power",
                    PowerMode::High => "set_high_power",
                    PowerMode::Normal | PowerMode::Sleep => "set_normal_power",
                };
                let status = self.ask("status", deadline).await?.value;
                if asleep(&status) == Some(true) {
                    return Ok(vec![on, (set, json!({}))]);
                }
                (set, json!({}))
            }
            Operation::Locate { on: false } => ("set_led", json!({"param": "auto"})),
            Operation::Locate { on: true } => {
                ("set_led", json!({"color": "red", "period": 200, "duration": 100, "start": 0}))
            }
            Operation::SetPools { pools } => (UPDATE_POOLS, pool_params(pools)),
        }])
    }

    /// Sends one order under a fresh token.
    async fn order(&self, (command, params): &Order, password: &str, deadline: Instant) -> Reply {
        let token = match self.ask("get_token", deadline).await {
            Ok(reply) => reply.value,
            Err(failure) => return Reply::Lost(Failure::NotSent(failure.words().to_owned())),
        };
        let part = |name: &str| token.pointer(&format!("/Msg/{name}")).and_then(Value::as_str);
        let (Some(salt), Some(newsalt), Some(time)) = (part("salt"), part("newsalt"), part("time")) else {
            let said = words(token["Msg"].as_str(), number(&token, "/Code"), Sent::Plain);
            return Reply::Lost(Failure::NotSent(format!("the miner gives no token: {said}")));
        };
        let secret = md5crypt(password, salt);
        let key = sha256(&secret);
        let mut request = params.clone();
        request["command"] = json!(command);
        request["token"] = json!(md5crypt(&format!("{secret}{time}"), newsalt));
        let sealed = json!({"enc": 1, "data": seal(&key, &request.to_string())});
        match ask(self.0.target.ip, PORT, Framing::Line, &sealed, deadline).await {
            Ok(reply) => judge(reply, &key, sent_with(command)),
            Err(failure) => Reply::Lost(failure),
        }
    }

    /// The same order under each password until one is accepted. A refused token has changed nothing.
    async fn order_with_any_password(&self, order: &Order, deadline: Instant) -> Result<(), Outcome> {
        let mut refusal = Outcome::NotSent { reason: "no password is known for this make".into() };
        for (number, credential) in self.0.credentials() {
            match self.order(order, &credential.password, deadline).await {
                Reply::Yes => {
                    self.0.prefer(number);
                    return Ok(());
                }
                Reply::No { reason, token } => {
                    if !token {
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

const UPDATE_POOLS: &str = "update_pools";

fn sent_with(command: &str) -> Sent {
    if command == UPDATE_POOLS { Sent::Passwords } else { Sent::Plain }
}

/// The miner's verdict, which it may encrypt as well.
fn judge(reply: Value, key: &[u8; 32], sent: Sent) -> Reply {
    let reply = match reply["enc"].as_str() {
        None => reply,
        Some(sealed) => match unseal(key, sealed).and_then(|plain| serde_json::from_str(&plain).ok()) {
            Some(plain) => plain,
            None => return Reply::Lost(Failure::Garbled("an answer that cannot be decrypted".into())),
        },
    };
    let status = reply.pointer("/STATUS/0/STATUS").or_else(|| reply.get("STATUS")).and_then(Value::as_str);
    let code = number(&reply, "/Code").or_else(|| number(&reply, "/STATUS/0/Code"));
    let message = reply.pointer("/STATUS/0/Msg").or_else(|| reply.get("Msg")).and_then(Value::as_str);
    match status {
        Some("S" | "I") => Reply::Yes,
        Some(_) => Reply::No {
            reason: words(message, code, sent),
            token: code.is_some_and(|code| CODES_OF_PASSWORD.contains(&code)),
        },
        None => Reply::Lost(Failure::Garbled("an answer without a verdict".into())),
    }
}

fn pool_params(pools: &[Pool<PoolPassword>]) -> Value {
    let mut params = serde_json::Map::new();
    for slot in 1..=3 {
        let pool = pools.get(slot - 1);
        params.insert(format!("pool{slot}"), json!(pool.map_or("", |pool| &pool.url)));
        params.insert(format!("worker{slot}"), json!(pool.map_or("", |pool| &pool.user)));
        params.insert(format!("passwd{slot}"), json!(pool.map_or("", pool_password)));
    }
    params.into()
}

fn asleep(status: &Value) -> Option<bool> {
    let status = section(status, "Msg");
    ["mineroff", "btmineroff"].iter().find_map(|name| flag(status.get(name)?))
}

/// The answers of a poll; `null` where there is none.
#[derive(Debug, Default)]
struct Answers {
    info: Value,
    summary: Value,
    status: Value,
    pools: Value,
    errors: Value,
}

/// Fills `reading` from the answers of a poll.
fn fill(reading: &mut Reading, model: &str, answers: &Answers, mut parts: Parts) {
    let summary = section(&answers.summary, "SUMMARY");
    let told = |name: &str| number(&summary, &format!("/{name}"));
    // The interface calls it "HS", and reports millions of hashes a second. Firmwares of 2020 have the averages only.
    let mhs = ["HS RT", "MHS 1m", "MHS av"].iter().find_map(|name| told(name));
    reading.hashrate_ths = parts.hashrate_ths(mhs.map(|mhs| mhs / 1e6));
    reading.power_w = parts.told_power_w(told("Power"));
    reading.temp_chip_max_c = parts.chip_c(told("Chip Temp Max"));
    reading.temp_inlet_c = parts.inlet_c(told("Env Temp"));
    reading.fan_rpm = parts.fan_rpm(["Fan Speed In", "Fan Speed Out"].iter().filter_map(|fan| told(fan)), model);
    reading.uptime_s = parts.uptime_s(told("Elapsed"));
    let mode = text(&summary, "/Power Mode", 20).and_then(|word| mode_of(&word));
    reading.led_on = text(&section(&answers.info, "Msg"), "/ledstat", 20).map(|state| state != "auto");
    let pools = list(&answers.pools, "POOLS");
    reading.pools = pools.as_ref().map(|pools| pool_list(pools, "/URL", "/User"));
    // A firmware without this command refuses it in a text, which is no list of faults.
    let errors = section(&answers.errors, "Msg");
    reading.errors = faults::told(errors.get("error_code"), FAMILY, model);
    let pool_alive = pools.and_then(|pools| pool_alive(&pools, "Status"));
    settle(reading, Says { asleep: asleep(&answers.status), mode, pool_alive }, model);
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
        let info = self.ask("get_miner_info", net::part_of(deadline)).await?;
        self.0.check(&identity(&info.value))?;
        let info = parts.take("get_miner_info", Ok(info));
        let mut part = async |name: &str, command: &str| {
            let answer = self.ask(command, net::part_of(deadline)).await;
            parts.take(name, answer)
        };
        let answers = Answers {
            info,
            summary: part("summary", "summary").await,
            status: part("status", "status").await,
            pools: part("pools", "pools").await,
            errors: part("faults", "get_error_code").await,
        };
        let mut reading = self.0.reading();
        fill(&mut reading, &self.0.target.model, &answers, parts);
        Ok(reading)
    }

    async fn confirm_identity(&self, limit: Duration) -> Result<(), DeviceError> {
        let info = self.ask("get_miner_info", Instant::now() + limit).await?;
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
    use super::*;
    use adit_core::fleet::Activity;
    use adit_core::ids::DeviceId;
    use proptest::prelude::*;

    fn filled(summary: &Value, status: &Value) -> Reading {
        let mut reading = Reading::empty(DeviceId(1));
        let answers = Answers {
            info: json!({"Msg": {"mac": "02:AD:17:00:00:01", "ledstat": "auto"}}),
            summary: summary.clone(),
            status: status.clone(),
            pools: json!({"POOLS": [{"URL": "stratum+tcp://a:1", "User": "w", "Status": "Alive"}, {"URL": ""}]}),
            errors: json!({"Msg": {"error_code": [{"218": "2026-06-15 10:30:00"}]}}),
        };
        fill(&mut reading, "M50", &answers, Parts::default());
        reading
    }

    #[test]
    fn a_working_miner_is_read_in_our_units() {
        let summary = json!({"SUMMARY": [{"Elapsed": 25000, "HS RT": 112.5e6, "Power": 3472, "Power Mode": "Normal",
            "Chip Temp Max": 81.0, "Env Temp": 28.5, "Fan Speed In": 5400, "Fan Speed Out": 5200}]});
        let reading = filled(&summary, &json!({"Msg": {"mineroff": "false"}}));
        assert_eq!(reading.activity, Some(Activity::Mining));
        assert_eq!(reading.hashrate_ths, Some(112.5));
        assert_eq!((reading.power_w, reading.fan_rpm, reading.uptime_s), (Some(3472), Some(5300), Some(25000)));
        assert_eq!((reading.power_mode, reading.led_on), (Some(PowerMode::Normal), Some(false)));
        assert_eq!(reading.pools.unwrap().len(), 1);
        assert_eq!(reading.errors, ["input voltage below 230 V in high mode (218): lower the mode, check the mains"]);
    }

    #[test]
    fn firmware_without_a_present_rate_tells_its_averages() {
        let awake = json!({"Msg": {"mineroff": "false"}});
        let rate = |summary: Value| filled(&json!({"SUMMARY": [summary]}), &awake).hashrate_ths;
        assert_eq!(rate(json!({"MHS 1m": 111e6, "MHS av": 112_000_000})), Some(111.0));
        assert_eq!(rate(json!({"MHS av": 112_000_000})), Some(112.0));
        assert_eq!(rate(json!({})), None);
    }

    #[test]
    fn a_sleeping_miner_is_not_one_that_fails() {
        let summary = json!({"SUMMARY": [{"HS RT": 0, "Power": 38, "Power Mode": "Low"}]});
        let reading = filled(&summary, &json!({"Msg": {"mineroff": "true"}}));
        assert_eq!((reading.activity, reading.power_mode), (Some(Activity::Paused), Some(PowerMode::Sleep)));
        assert_eq!(reading.temp_chip_max_c, None);
    }

    #[test]
    fn only_a_plain_yes_is_yes() {
        let key = [7; 32];
        let sealed = |text: &str| json!({"enc": seal(&key, text)});
        assert!(matches!(
            judge(sealed(r#"{"STATUS":"S","Code":131,"Msg":"API command OK"}"#), &key, Sent::Plain),
            Reply::Yes
        ));
        let no = judge(json!({"STATUS": "E", "Code": 45, "Msg": "permission denied"}), &key, Sent::Plain);
        assert!(matches!(no, Reply::No { reason, token: false } if reason == "permission denied (code 45)"));
        let echo =
            judge(json!({"STATUS": "E", "Code": 45, "Msg": "no update_pools hunter2"}), &key, sent_with(UPDATE_POOLS));
        assert!(
            matches!(echo, Reply::No { reason, .. } if !reason.contains("hunter") && reason.ends_with("(code 45)"))
        );
        let stale = judge(sealed(r#"{"STATUS":"E","Code":135,"Msg":"token error"}"#), &key, Sent::Plain);
        assert!(matches!(stale, Reply::No { token: true, .. }));
        for unclear in [json!({"enc": "AAAA"}), json!({}), json!([]), json!({"enc": seal(&[8; 32], "{}")})] {
            assert!(matches!(judge(unclear, &key, Sent::Plain), Reply::Lost(Failure::Garbled(_))));
        }
    }

    proptest! {
        #[test]
        fn any_json_is_read_without_panic(a in crate::any_json(), b in crate::any_json()) {
            let mut reading = Reading::empty(DeviceId(1));
            let (info, summary, status, pools, errors) = (a.clone(), b.clone(), a.clone(), b.clone(), a.clone());
            fill(&mut reading, "M50", &Answers { info, summary, status, pools, errors }, Parts::default());
            let _ = (judge(a, &[0; 32], Sent::Plain), identity(&b));
        }
    }
}
