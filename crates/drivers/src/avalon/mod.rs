//! Canaan Avalon miners, A series: JSON on TCP 4028, one question a connection, one client at a time. Reads and most
//! orders need no password; pools need the web account's.
//!
//! Modes: sleep is `softoff`. Any other mode is set first and then, if the miner sleeps, `softon` wakes it, because
//! `softon` ends the conversation. `softon` and `reboot` are never answered: their outcome is unknown until read back.
//! Low power is not offered: the series has two working modes.

mod stats;

use crate::fields::{Sent, mac, number, section, text, whole, words};
use crate::handle::{self, Handle, impossible, not_sent, outcome, pool_password, probe_failed};
use crate::net::{self, Failure, Framing, ask};
use crate::parts::Parts;
use crate::tolerant::Answer;
use crate::{Credential, Device, DeviceError, Driver, Heard, Outcome, Probe, Target, Verdict, models, verify};
use adit_core::fleet::{DeviceIdentity, FoundDevice, OpKind, Operation, Pool, PoolPassword, PowerMode, Reading};
use async_trait::async_trait;
use serde_json::{Value, json};
use stats::{Stats, fill};
use std::time::{SystemTime, UNIX_EPOCH};
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::time::Instant;

const FAMILY: &str = "avalon";
const PORT: u16 = 4028;
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
            Ok(version) => {
                identify(ip, &version.value).map_or(Probe::OpenUnknown, |found| Probe::Found(Box::new(found)))
            }
            Err(failure) => probe_failed(&failure),
        }
    }

    fn open(&self, target: Target, credentials: &[Credential]) -> Arc<dyn Device> {
        Arc::new(Miner(Handle::new(target, credentials, FAMILY)))
    }
}

/// Does this answer to `version` come from an Avalon?
pub(crate) fn speaks(version: &Value) -> bool {
    let version = section(version, "VERSION");
    text(&version, "/PROD", 60).is_some_and(|product| product.to_ascii_uppercase().contains("AVALON"))
}

fn identify(ip: IpAddr, version: &Value) -> Option<FoundDevice> {
    let identity = identity(version);
    if !speaks(version) || identity.is_empty() {
        return None;
    }
    let version = &section(version, "VERSION");
    // Without a model it is an Avalon all the same, by the product's name.
    let model = text(version, "/MODEL", 40).map_or_else(String::new, |reported| model(&reported));
    let firmware = text(version, "/LVERSION", 60).or_else(|| text(version, "/VERSION", 60));
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
    let version = section(version, "VERSION");
    DeviceIdentity { mac: mac(&version, "/MAC"), serial: text(&version, "/DNA", 64) }.without_placeholders()
}

async fn question(ip: IpAddr, command: &str, deadline: Instant) -> Result<Answer, Failure> {
    net::question(ip, PORT, Framing::Line, &json!({ "command": command }), deadline).await
}

/// One miner.
struct Miner(Handle);

impl Miner {
    async fn ask(&self, command: &str, deadline: Instant) -> Result<Answer, Failure> {
        question(self.0.target.ip, command, deadline).await
    }

    /// What it says of itself. Some firmwares leave the one answer empty at times and fill the other.
    async fn stats(&self, parts: &mut Parts, deadline: Instant) -> Stats {
        let answer = self.ask("stats", net::part_of(deadline)).await;
        let full =
            |answer: &Result<Answer, Failure>| answer.as_ref().is_ok_and(|answer| !Stats::of(&answer.value).is_empty());
        if full(&answer) {
            return Stats::of(&parts.take("stats", answer));
        }
        for command in ["estats", "litestats"] {
            let other = self.ask(command, net::part_of(deadline)).await;
            if full(&other) {
                return Stats::of(&parts.take(command, other));
            }
        }
        let stats = Stats::of(&parts.take("stats", answer));
        parts.unread("stats", "nothing in them");
        stats
    }

    /// Parameters of `ascset`, or another command, in the order they are sent. `softoff` and `softon` carry the time at
    /// which they take effect; it is reckoned by the miner's clock, which may be wrong.
    async fn orders(&self, operation: &Operation<PoolPassword>, deadline: Instant) -> Result<Vec<String>, Failure> {
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
                let stats = self.ask("stats", deadline).await?.value;
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
        let version = self.ask("version", deadline).await?.value;
        let ours = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Ok(whole(&version, "/STATUS/0/When").filter(|when| *when > 0).map_or_else(ours, u64::from) + 1)
    }

    async fn order(&self, order: &str, deadline: Instant) -> Result<(), Outcome> {
        let request = match order {
            RESTART => json!({ "command": RESTART }),
            parameter => json!({"command": "ascset", "parameter": parameter}),
        };
        let reply = ask(self.0.target.ip, PORT, Framing::Line, &request, deadline).await.map_err(outcome)?;
        judge(&reply, sent_with(order))
    }

    /// Sets every slot, then reboots, without which the miner keeps its old pools.
    async fn set_pools(&self, pools: &[Pool<PoolPassword>], deadline: Instant) -> Outcome {
        if pools.iter().any(|pool| pool.url.contains(',') || pool.user.contains(',')) {
            return Outcome::NotSent { reason: "this make cannot take a pool with a comma in it".into() };
        }
        let mut refusal = Outcome::NotSent { reason: "no password is known for this make".into() };
        for (number, credential) in self.0.credentials() {
            if credential.user.contains(',') || credential.password.contains(',') {
                continue;
            }
            if !self.0.may_go_in_clear(number) {
                let reason = "this make is sent the password in clear, and the device has not been confirmed with it: let the \
                              scan task's passwords be sent to such devices first";
                refusal = Outcome::NotSent { reason: reason.into() };
                continue;
            }
            let user = if credential.user.is_empty() { "root" } else { &credential.user };
            let mut orders: Vec<String> = (0..POOL_SLOTS)
                .filter_map(|slot| Some((slot, pools.get(slot).or(pools.last())?)))
                .map(|(slot, pool)| {
                    let (url, worker, kept) = (&pool.url, &pool.user, pool_password(pool));
                    format!("{SET_POOL}{user},{},{slot},{url},{worker},{kept}", credential.password)
                })
                .collect();
            orders.push("0,reboot,0".into());
            match handle::in_turn(&orders, |order| self.order(order, deadline)).await {
                // The first was refused, so nothing has changed: perhaps another password is right.
                rejected @ Outcome::Rejected { .. } => refusal = rejected,
                other => {
                    self.0.confirm(number);
                    return other;
                }
            }
        }
        refusal
    }
}

/// cgminer's own command; everything else is an `ascset`.
const RESTART: &str = "restart";
const SET_POOL: &str = "0,setpool,";

/// An order for a pool has the password of the device as well.
fn sent_with(order: &str) -> Sent {
    if order.starts_with(SET_POOL) { Sent::Passwords } else { Sent::Plain }
}

fn judge(reply: &Value, sent: Sent) -> Result<(), Outcome> {
    // `restart` alone is answered in a word of its own.
    if reply["STATUS"] == "RESTART" {
        return Ok(());
    }
    let status = &reply["STATUS"][0];
    match status["STATUS"].as_str() {
        Some("S" | "I") => Ok(()),
        Some(_) => Err(Outcome::Rejected { reason: words(status["Msg"].as_str(), number(status, "/Code"), sent) }),
        None => Err(Outcome::Unknown { reason: "an answer without a verdict".into() }),
    }
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
        let version = self.ask("version", net::part_of(deadline)).await?;
        self.0.check(&identity(&version.value))?;
        let mut parts = Parts::default();
        let stats = self.stats(&mut parts, deadline).await;
        let pools = self.ask("pools", net::part_of(deadline)).await;
        let pools = parts.take("pools", pools);
        let mut reading = self.0.reading();
        fill(&mut reading, &self.0.target.model, &stats, &pools, parts);
        Ok(reading)
    }

    async fn confirm_identity(&self, limit: Duration) -> Result<(), DeviceError> {
        let version = self.ask("version", Instant::now() + limit).await?;
        self.0.check(&identity(&version.value))
    }

    async fn execute(&self, operation: &Operation<PoolPassword>, limit: Duration) -> Outcome {
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
    use proptest::prelude::*;

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
        assert_eq!(judge(&said("S"), Sent::Plain), Ok(()));
        assert_eq!(judge(&said("I"), Sent::Plain), Ok(()));
        assert_eq!(judge(&json!({"STATUS": "RESTART"}), Sent::Plain), Ok(()));
        let reason = "ASC 0 set failed (code 120)".to_owned();
        assert_eq!(judge(&said("E"), Sent::Plain), Err(Outcome::Rejected { reason }));
        let Err(Outcome::Rejected { reason }) = judge(&said("E"), sent_with("0,setpool,root,secret,0,a,b,c")) else {
            panic!("it was refused")
        };
        assert_eq!(reason, words(None, Some(120.0), Sent::Passwords));
        assert!(matches!(judge(&json!({}), Sent::Plain), Err(Outcome::Unknown { .. })));
    }

    proptest! {
        #[test]
        fn any_json_is_read_without_panic(a in crate::any_json()) {
            let _ = (judge(&a, Sent::Plain), identify([127, 0, 0, 1].into(), &a));
        }
    }
}
