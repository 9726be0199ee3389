//! Canaan Avalon miners, A series: JSON on TCP 4028, one question a connection, one client at a time. Reads and most
//! orders need no password; pools need the web account's.
//!
//! Modes: sleep is `softoff`. Any other mode is set first and then, if the miner sleeps, `softon` wakes it, because
//! `softon` ends the conversation. `softon` and `reboot` are never answered: their outcome is unknown until read back.
//! Low power is not offered: the series has two working modes.

use crate::fields::{as_u32, clean, mac, mean, number, pool_list, text, whole, words};
use crate::handle::{self, Handle, activity, impossible, mode, not_sent, outcome, probe_failed};
use crate::net::{Failure, Framing, ask};
use crate::{Credential, Device, DeviceError, Driver, Outcome, Probe, Target, Verdict, models, verify};
use adit_core::fleet::{DeviceIdentity, FoundDevice, OpKind, Operation, Pool, PowerMode, Reading};
use async_trait::async_trait;
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::time::Instant;

const FAMILY: &str = "avalon";
const PORT: u16 = 4028;
const POOL_PASSWORD: &str = "x";
/// The miner takes three pools and leaves none empty.
const POOL_SLOTS: usize = 3;

const OPERATIONS: &[OpKind] = &[
    OpKind::Reboot,
    OpKind::RestartMining,
    OpKind::Pause,
    OpKind::Resume,
    OpKind::SetPowerMode,
    OpKind::Locate,
    OpKind::SetPools,
];
const MODES: &[PowerMode] = &[PowerMode::Sleep, PowerMode::Normal, PowerMode::High];

/// Driver `avalon`.
pub(crate) struct Avalon;

#[async_trait]
impl Driver for Avalon {
    fn id(&self) -> &'static str {
        "avalon"
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn ports(&self) -> &'static [u16] {
        &[PORT]
    }

    async fn probe(&self, ip: IpAddr, _credentials: &[Credential], limit: Duration) -> Probe {
        match question(ip, "version", Instant::now() + limit).await {
            Ok(version) => identify(ip, &version).map_or(Probe::OpenUnknown, |found| Probe::Found(Box::new(found))),
            Err(failure) => probe_failed(&failure),
        }
    }

    fn open(&self, target: Target, credentials: &[Credential]) -> Arc<dyn Device> {
        Arc::new(Miner(Handle::new(target, credentials, FAMILY)))
    }
}

/// Does this answer to `version` come from an Avalon?
pub(crate) fn speaks(version: &Value) -> bool {
    text(version, "/VERSION/0/PROD", 60).is_some_and(|product| product.to_ascii_uppercase().contains("AVALON"))
}

fn identify(ip: IpAddr, version: &Value) -> Option<FoundDevice> {
    let identity = identity(version);
    if !speaks(version) || (identity.mac.is_none() && identity.serial.is_none()) {
        return None;
    }
    let model = model(&text(version, "/VERSION/0/MODEL", 40)?);
    let firmware = text(version, "/VERSION/0/LVERSION", 60).or_else(|| text(version, "/VERSION/0/VERSION", 60));
    let series = is_a_series(&model);
    Some(FoundDevice {
        identity,
        ip,
        make: "Canaan".into(),
        firmware: format!("Avalon {}", firmware.unwrap_or_default()).trim_end().to_owned(),
        driver: "avalon".into(),
        supports: OPERATIONS.iter().copied().filter(|kind| series || *kind != OpKind::SetPowerMode).collect(),
        modes: if series { MODES.to_vec() } else { Vec::new() },
        mode_power: models::mode_power(&model),
        expected_hashrate_ghs: models::hashrate_ghs(&model),
        model,
    })
}

/// `1366-N-85` is an A1366; the home models have names without numbers.
fn model(reported: &str) -> String {
    let first = reported.split('-').next().unwrap_or(reported).trim().to_ascii_uppercase();
    if first.starts_with(|c: char| c.is_ascii_digit()) { format!("A{first}") } else { first }
}

fn is_a_series(model: &str) -> bool {
    model.strip_prefix('A').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

fn identity(version: &Value) -> DeviceIdentity {
    DeviceIdentity { mac: mac(version, "/VERSION/0/MAC"), serial: text(version, "/VERSION/0/DNA", 64) }
}

async fn question(ip: IpAddr, command: &str, deadline: Instant) -> Result<Value, Failure> {
    ask(ip, PORT, Framing::Line, &json!({ "command": command }), deadline).await
}

/// One miner.
struct Miner(Handle);

impl Miner {
    async fn ask(&self, command: &str, deadline: Instant) -> Result<Value, Failure> {
        question(self.0.target.ip, command, deadline).await
    }

    /// Parameters of `ascset`, or another command, in the order they are sent. `softoff` and `softon` carry the time at
    /// which they take effect; it is reckoned by the miner's clock, which may be wrong.
    async fn orders(&self, operation: &Operation, deadline: Instant) -> Result<Vec<String>, Failure> {
        Ok(match operation {
            Operation::Reboot {} => vec!["0,reboot,0".into()],
            Operation::RestartMining {} => vec![RESTART.into()],
            Operation::Pause {} | Operation::SetPowerMode { mode: PowerMode::Sleep } => {
                vec![format!("0,softoff,1:{}", self.clock(deadline).await?)]
            }
            Operation::Resume {} => vec![format!("0,softon,1:{}", self.clock(deadline).await?)],
            Operation::SetPowerMode { mode } => {
                let number = u8::from(*mode == PowerMode::High);
                let mut orders = vec![format!("0,workmode,{number}")];
                let stats = self.ask("stats", deadline).await?;
                if Stats::of(&stats).asleep() == Some(true) {
                    orders.push(format!("0,softon,1:{}", self.clock(deadline).await?));
                }
                orders
            }
            Operation::Locate { on } => vec![format!("0,led,1-{}", u8::from(*on))],
            Operation::SetPools { .. } => Vec::new(),
        })
    }

    /// Seconds since 1970 by the miner's clock, as it stamps its answers.
    async fn clock(&self, deadline: Instant) -> Result<u64, Failure> {
        let version = self.ask("version", deadline).await?;
        let ours = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Ok(whole(&version, "/STATUS/0/When").filter(|when| *when > 0).map_or_else(ours, u64::from) + 1)
    }

    async fn order(&self, order: &str, deadline: Instant) -> Result<(), Outcome> {
        let request = match order {
            RESTART => json!({ "command": RESTART }),
            parameter => json!({"command": "ascset", "parameter": parameter}),
        };
        let reply = ask(self.0.target.ip, PORT, Framing::Line, &request, deadline).await.map_err(outcome)?;
        judge(&reply)
    }

    /// Sets every slot, then reboots, without which the miner keeps its old pools.
    async fn set_pools(&self, pools: &[Pool], deadline: Instant) -> Outcome {
        if pools.iter().any(|pool| pool.url.contains(',') || pool.user.contains(',')) {
            return Outcome::NotSent { reason: "this make cannot take a pool with a comma in it".into() };
        }
        let mut refusal = Outcome::NotSent { reason: "no password is known for this make".into() };
        for (number, credential) in self.0.credentials() {
            if credential.user.contains(',') || credential.password.contains(',') {
                continue;
            }
            let user = if credential.user.is_empty() { "root" } else { &credential.user };
            let mut orders: Vec<String> = (0..POOL_SLOTS)
                .filter_map(|slot| Some((slot, pools.get(slot).or(pools.last())?)))
                .map(|(slot, pool)| {
                    let Pool { url, user: worker } = pool;
                    format!("0,setpool,{user},{},{slot},{url},{worker},{POOL_PASSWORD}", credential.password)
                })
                .collect();
            orders.push("0,reboot,0".into());
            match handle::in_turn(&orders, |order| self.order(order, deadline)).await {
                // The first was refused, so nothing has changed: perhaps another password is right.
                rejected @ Outcome::Rejected { .. } => refusal = rejected,
                other => {
                    self.0.prefer(number);
                    return other;
                }
            }
        }
        refusal
    }
}

/// cgminer's own command; everything else is an `ascset`.
const RESTART: &str = "restart";

fn judge(reply: &Value) -> Result<(), Outcome> {
    // `restart` alone is answered in a word of its own.
    if reply["STATUS"] == "RESTART" {
        return Ok(());
    }
    let status = &reply["STATUS"][0];
    match status["STATUS"].as_str() {
        Some("S" | "I") => Ok(()),
        Some(_) => Err(Outcome::Rejected { reason: words(status["Msg"].as_str(), number(status, "/Code")) }),
        None => Err(Outcome::Unknown { reason: "an answer without a verdict".into() }),
    }
}

/// The miner's own statistics: one long text of `Name[value]`.
struct Stats<'a> {
    text: &'a str,
    elapsed_s: Option<u32>,
}

impl<'a> Stats<'a> {
    fn of(reply: &'a Value) -> Self {
        let text = reply.pointer("/STATS/0/MM ID0").and_then(Value::as_str).unwrap_or_default();
        Self { text, elapsed_s: whole(reply, "/STATS/0/Elapsed") }
    }

    fn field(&self, name: &str) -> Option<&'a str> {
        let text = self.text;
        let opened = format!("{name}[");
        // The name must not be the end of a longer one: `Temp` is not in `ITemp`.
        let start = text.match_indices(&opened).map(|(at, _)| at).find(|at| *at == 0 || text[..*at].ends_with(' '))?;
        let value = &text[start + opened.len()..];
        Some(value[..value.find(']')?].trim())
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.field(name)?.parse().ok().filter(|number: &f64| number.is_finite())
    }

    fn asleep(&self) -> Option<bool> {
        self.number("SoftOFF").map(|off| off != 0.0)
    }

    /// Of the supply's numbers the fifth is the draw.
    fn power_w(&self) -> Option<u32> {
        self.field("PS")?.split_whitespace().nth(4)?.parse().ok().and_then(as_u32)
    }

    fn fan_rpm(&self) -> Option<u32> {
        mean((1..=8).filter_map(|fan| self.number(&format!("Fan{fan}"))))
    }

    /// Fault bits that are set: of the hash boards, and of the control board.
    fn faults(&self) -> Vec<String> {
        ["ECHU", "ECMM"]
            .into_iter()
            .filter_map(|name| {
                let codes = self.field(name)?;
                let set = codes.split_whitespace().any(|code| code != "0");
                set.then(|| clean(&format!("{name} {codes}"), 60)).flatten()
            })
            .collect()
    }
}

/// Fills `reading` from the two answers of a poll.
fn fill(reading: &mut Reading, stats: &Value, pools: &Value) {
    let stats = Stats::of(stats);
    let warm = |name: &str| stats.number(name).filter(|c| *c > -50.0).map(|c| c as f32);
    let asleep = stats.asleep();
    reading.hashrate_ths = stats.number("GHSspd").filter(|ghs| *ghs >= 0.0).map(|ghs| (ghs / 1000.0) as f32);
    reading.power_w = stats.power_w();
    reading.temp_chip_max_c = warm("TMax").filter(|c| *c > 0.0);
    reading.temp_inlet_c = warm("ITemp").or_else(|| warm("Temp"));
    reading.fan_rpm = stats.fan_rpm();
    reading.uptime_s = stats.elapsed_s.map(u64::from);
    let kept = match stats.number("WORKMODE") {
        Some(0.0) => Some(PowerMode::Normal),
        Some(1.0) => Some(PowerMode::High),
        _ => None,
    };
    reading.power_mode = mode(asleep, kept);
    reading.led_on = stats.number("Led").map(|led| led != 0.0);
    let list = pools["POOLS"].as_array();
    let alive = list.map(|list| list.iter().any(|pool| pool["Status"] == "Alive"));
    reading.pools = list.map(|list| pool_list(list, "/URL", "/User"));
    reading.activity = activity(asleep, reading.hashrate_ths, alive);
    reading.errors = stats.faults();
}

#[async_trait]
impl Device for Miner {
    fn supports(&self, kind: OpKind) -> bool {
        OPERATIONS.contains(&kind) && (kind != OpKind::SetPowerMode || is_a_series(&self.0.target.model))
    }

    fn modes(&self) -> &[PowerMode] {
        if is_a_series(&self.0.target.model) { MODES } else { &[] }
    }

    async fn read(&self, limit: Duration) -> Result<Reading, DeviceError> {
        let deadline = Instant::now() + limit;
        let version = self.ask("version", deadline).await?;
        self.0.check(&identity(&version))?;
        let stats = self.ask("stats", deadline).await?;
        let pools = self.ask("pools", deadline).await?;
        let mut reading = self.0.reading();
        fill(&mut reading, &stats, &pools);
        Ok(reading)
    }

    async fn confirm_identity(&self, limit: Duration) -> Result<(), DeviceError> {
        let version = self.ask("version", Instant::now() + limit).await?;
        self.0.check(&identity(&version))
    }

    async fn execute(&self, operation: &Operation, limit: Duration) -> Outcome {
        if let Some(refused) = impossible(operation) {
            return refused;
        }
        if let Operation::SetPowerMode { mode } = operation
            && !self.modes().contains(mode)
        {
            return Outcome::NotSent { reason: "this model does not have this mode".into() };
        }
        let deadline = Instant::now() + limit;
        if let Operation::SetPools { pools } = operation {
            return self.set_pools(pools, deadline).await;
        }
        let orders = match self.orders(operation, deadline).await {
            Ok(orders) => orders,
            Err(failure) => return not_sent(&failure),
        };
        handle::in_turn(&orders, |order| self.order(order, deadline)).await
    }

    async fn verify(&self, operation: &Operation, before: &Reading, limit: Duration) -> Verdict {
        verify::read_back(self, operation, before, limit).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::fleet::{Activity, Connectivity};
    use adit_core::ids::DeviceId;
    use proptest::prelude::*;

    fn stats(text: &str) -> Value {
        json!({"STATS": [{"Elapsed": 24684, "MM ID0": text}]})
    }

    fn filled(text: &str) -> Reading {
        let mut reading = Reading::silent(DeviceId(1), Connectivity::Online);
        fill(&mut reading, &stats(text), &json!({"POOLS": [{"URL": "u", "User": "w", "Status": "Alive"}]}));
        reading
    }

    #[test]
    fn a_working_miner_is_read_in_our_units() {
        let reading = filled(
            "Ver[1366] SYSTEMSTATU[Work: In Work, Hash Board: 3 ] Temp[30] TMax[77] Fan1[5300] Fan2[5500] \
             PS[0 1214 1316 242 3189 1320 3504] GHSspd[131072.0] Led[0] SoftOFF[0] ECHU[0 512 0] ECMM[0] WORKMODE[1]",
        );
        assert_eq!(reading.activity, Some(Activity::Mining));
        assert_eq!((reading.power_w, reading.fan_rpm, reading.uptime_s), (Some(3189), Some(5400), Some(24684)));
        assert_eq!((reading.temp_chip_max_c, reading.temp_inlet_c), (Some(77.0), Some(30.0)));
        assert_eq!((reading.power_mode, reading.led_on), (Some(PowerMode::High), Some(false)));
        assert_eq!(reading.errors, ["ECHU 0 512 0"]);
    }

    #[test]
    fn sleep_shows_as_softoff_and_unknown_modes_stay_unknown() {
        assert_eq!(filled("GHSspd[0] SoftOFF[1] WORKMODE[0]").power_mode, Some(PowerMode::Sleep));
        assert_eq!(filled("GHSspd[0] SoftOFF[0] WORKMODE[2]").power_mode, None);
        assert_eq!(filled("ITemp[21] Temp[30]").temp_inlet_c, Some(21.0));
        assert_eq!(filled("XTemp[21] Temp[30]").temp_inlet_c, Some(30.0));
    }

    #[test]
    fn models_are_named_as_on_the_label() {
        for (reported, named) in [("1366-N-85", "A1366"), ("1246", "A1246"), ("Q", "Q"), ("nano3s", "NANO3S")] {
            assert_eq!(model(reported), named);
        }
        assert!(is_a_series("A1366") && !is_a_series("Q") && !is_a_series("AVALON"));
    }

    #[test]
    fn answers_are_taken_by_their_status() {
        let said = |status: &str| json!({"STATUS": [{"STATUS": status, "Code": 120, "Msg": "ASC 0 set failed"}]});
        assert_eq!(judge(&said("S")), Ok(()));
        assert_eq!(judge(&said("I")), Ok(()));
        assert_eq!(judge(&json!({"STATUS": "RESTART"})), Ok(()));
        let reason = "ASC 0 set failed (code 120)".to_owned();
        assert_eq!(judge(&said("E")), Err(Outcome::Rejected { reason }));
        assert!(matches!(judge(&json!({})), Err(Outcome::Unknown { .. })));
    }

    proptest! {
        #[test]
        fn any_text_and_any_json_are_read_without_panic(text in "\\PC{0,200}", name in "[A-Za-z0-9 \\[\\]]{0,40}", a in crate::any_json()) {
            let _ = filled(&text);
            let _ = filled(&name);
            let mut reading = Reading::silent(DeviceId(1), Connectivity::Online);
            fill(&mut reading, &a, &a);
            let _ = (judge(&a), identify([127, 0, 0, 1].into(), &a));
        }
    }
}
