//! Bitmain Antminers with stock firmware. Telemetry comes through the `asic-rs` library; identity, configuration and every
//! order go through our own client, because an order must be sent once, whole, and its verdict read.
//!
//! Modes: a configuration with another `miner-mode`, sent back whole. Normal and low wake a sleeping miner by themselves.
//! Restarting the mining program is done by sending the present configuration again, for which the firmware restarts it.

mod config;
mod telemetry;
mod web;

use crate::fields::{mac, text, words};
use crate::handle::{self, Handle, activity, impossible, mode, no_password, outcome, probe_failed};
use crate::net::{Failure, Framing, ask};
use crate::{Credential, Device, DeviceError, Driver, Outcome, Probe, Target, Verdict, models, verify};
use adit_core::fleet::{DeviceIdentity, FoundDevice, OpKind, Operation, PowerMode, Reading};
use async_trait::async_trait;
use config::{for_writing, mode_of, pools_of, set_mode, set_pools};
use serde_json::{Map, Value, json};
use std::{net::IpAddr, sync::Arc, time::Duration};
use telemetry::Telemetry;
use tokio::time::Instant;
use web::{Web, WebError};

const FAMILY: &str = "antminer";
const WEB_PORT: u16 = 80;
const RPC_PORT: u16 = 4028;
const POOL_PASSWORD: &str = "x";
const POOL_SCHEME: &str = "stratum+tcp://";

const OPERATIONS: &[OpKind] = &[
    OpKind::Reboot,
    OpKind::RestartMining,
    OpKind::Pause,
    OpKind::Resume,
    OpKind::SetPowerMode,
    OpKind::Locate,
    OpKind::SetPools,
];
const MODES: &[PowerMode] = &[PowerMode::Sleep, PowerMode::Low, PowerMode::Normal];

/// Driver `antminer`.
pub(crate) struct Antminer;

#[async_trait]
impl Driver for Antminer {
    fn id(&self) -> &'static str {
        "antminer"
    }

    fn family(&self) -> &'static str {
        FAMILY
    }

    fn ports(&self) -> &'static [u16] {
        &[WEB_PORT]
    }

    async fn probe(&self, ip: IpAddr, credentials: &[Credential], limit: Duration) -> Probe {
        let deadline = Instant::now() + limit;
        let mut own = handle::of_family(credentials, FAMILY);
        if own.is_empty() {
            // Whether it is an Antminer can be told without a password; more cannot.
            own.push(Credential {
                family: FAMILY.into(),
                user: String::new(),
                password: String::new(),
                to_unknown: true,
            });
        }
        for credential in own {
            return match Web::new(ip, credential).get("get_system_info", deadline).await {
                Ok(info) => identify(ip, &info).map_or(Probe::OpenUnknown, |found| Probe::Found(Box::new(found))),
                Err(WebError::Refused) => continue,
                Err(WebError::Failed(failure)) => probe_failed(&failure),
                Err(WebError::Foreign | WebError::Status(_)) => Probe::OpenUnknown,
            };
        }
        Probe::AuthRequired { family: FAMILY }
    }

    fn open(&self, target: Target, credentials: &[Credential]) -> Arc<dyn Device> {
        let webs = handle::of_family(credentials, FAMILY).into_iter().map(|c| Web::new(target.ip, c)).collect();
        let handle = Handle::new(target, credentials, FAMILY);
        Arc::new(AntminerDevice { handle, webs, telemetry: Telemetry::default() })
    }
}

fn identify(ip: IpAddr, info: &Value) -> Option<FoundDevice> {
    let identity = identity(info);
    let model = text(info, "/minertype", 60)?;
    let model = model.strip_prefix("Antminer ").unwrap_or(&model).to_owned();
    if identity.mac.is_none() && identity.serial.is_none() {
        return None;
    }
    let firmware = text(info, "/system_filesystem_version", 60).unwrap_or_default();
    Some(FoundDevice {
        identity,
        ip,
        make: "Bitmain".into(),
        firmware: format!("Antminer {firmware}").trim_end().to_owned(),
        driver: "antminer".into(),
        supports: OPERATIONS.to_vec(),
        modes: MODES.to_vec(),
        mode_power: models::mode_power(&model),
        expected_hashrate_ghs: models::hashrate_ghs(&model),
        model,
    })
}

fn identity(info: &Value) -> DeviceIdentity {
    let serial = text(info, "/serinum", 64).or_else(|| text(info, "/serial_no", 64));
    DeviceIdentity { mac: mac(info, "/macaddr"), serial }
}

/// One miner.
struct AntminerDevice {
    handle: Handle,
    /// The pages under each password, in the order of the handle's credentials.
    webs: Vec<Web>,
    telemetry: Telemetry,
}

impl AntminerDevice {
    /// The first pages that open, and the identity page itself, already compared with whom we mean.
    async fn pages(&self, deadline: Instant) -> Result<&Web, WebOrDevice> {
        for (number, _) in self.handle.credentials() {
            let web = &self.webs[number];
            match web.get("get_system_info", deadline).await {
                Ok(info) => {
                    self.handle.check(&identity(&info)).map_err(WebOrDevice::Device)?;
                    self.handle.prefer(number);
                    return Ok(web);
                }
                // A password that does not work any more takes the library's handle with it.
                Err(WebError::Refused) => self.telemetry.forget().await,
                Err(other) => return Err(WebOrDevice::Web(other)),
            }
        }
        Err(WebOrDevice::Web(WebError::Refused))
    }

    /// The configuration with `change` made to it.
    async fn changed_config(
        &self,
        web: &Web,
        deadline: Instant,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> Result<Map<String, Value>, Outcome> {
        let config = web.get("get_miner_conf", deadline).await.map_err(|error| not_sent(&error))?;
        let Value::Object(mut config) = config else {
            return Err(Outcome::NotSent { reason: "the miner's configuration cannot be read".into() });
        };
        change(&mut config);
        Ok(config)
    }

    async fn send_config(&self, web: &Web, config: Map<String, Value>, deadline: Instant) -> Outcome {
        let reply = web.post("set_miner_conf", &Value::Object(config), deadline).await;
        match reply.map(|reply| (text(&reply, "/code", 20), reply)) {
            Ok((Some(code), _)) if code == "M000" => Outcome::Accepted,
            Ok((Some(code), reply)) => {
                Outcome::Rejected { reason: format!("{} ({code})", words(reply["msg"].as_str(), None)) }
            }
            Ok((None, _)) => Outcome::Unknown { reason: "an answer without a verdict".into() },
            Err(error) => answerless(error),
        }
    }

    async fn configure(&self, web: &Web, deadline: Instant, change: impl FnOnce(&mut Map<String, Value>)) -> Outcome {
        match self.changed_config(web, deadline, change).await {
            Ok(config) => self.send_config(web, config, deadline).await,
            Err(unsent) => unsent,
        }
    }

    async fn change_mode(&self, web: &Web, mode: PowerMode, deadline: Instant) -> Outcome {
        self.configure(web, deadline, |config| {
            for_writing(config);
            set_mode(config, mode);
        })
        .await
    }
}

enum WebOrDevice {
    Web(WebError),
    Device(DeviceError),
}

impl From<WebOrDevice> for DeviceError {
    fn from(error: WebOrDevice) -> Self {
        match error {
            WebOrDevice::Device(error) => error,
            WebOrDevice::Web(error) => error.into(),
        }
    }
}

impl From<WebError> for DeviceError {
    fn from(error: WebError) -> Self {
        match error {
            WebError::Failed(failure) => failure.into(),
            WebError::Refused => Self::AuthRequired,
            WebError::Foreign => Self::Unreadable("it is not an Antminer's web server".into()),
            WebError::Status(status) => Self::Unreadable(format!("HTTP status {status}")),
        }
    }
}

/// An order whose answer did not come as agreed.
fn answerless(error: WebError) -> Outcome {
    match error {
        WebError::Failed(failure) => outcome(failure),
        WebError::Refused => no_password(""),
        WebError::Foreign => Outcome::Rejected { reason: "it is not an Antminer's web server".into() },
        WebError::Status(status) => Outcome::Unknown { reason: format!("HTTP status {status}") },
    }
}

/// A failed question before the order.
fn not_sent(error: &WebError) -> Outcome {
    Outcome::NotSent { reason: DeviceError::from(error.clone()).to_string() }
}

/// The hottest chip of `stats`, where each board writes four temperatures as `60-60-75-75`.
fn hottest_chip(stats: &Value) -> Option<f32> {
    (1..=8)
        .filter_map(|board| text(stats, &format!("/STATS/1/temp_chip{board}"), 40))
        .flat_map(|four| four.split('-').filter_map(|c| c.parse::<f32>().ok()).collect::<Vec<_>>())
        .filter(|c| c.is_finite() && *c > 0.0)
        .reduce(f32::max)
}

#[async_trait]
impl Device for AntminerDevice {
    fn supports(&self, kind: OpKind) -> bool {
        OPERATIONS.contains(&kind)
    }

    fn modes(&self) -> &[PowerMode] {
        MODES
    }

    async fn read(&self, limit: Duration) -> Result<Reading, DeviceError> {
        let deadline = Instant::now() + limit;
        let web = self.pages(deadline).await?;
        let config = web.get("get_miner_conf", deadline).await?;
        let blink = match web.get("get_blink_status", deadline).await {
            Err(WebError::Status(_)) => Value::Null,
            page => page?,
        };
        let mut reading = self.handle.reading();
        reading.led_on = blink["blink"].as_bool().or_else(|| blink["blink"].as_str()?.parse().ok());
        // Without these the reading still says whether the miner sleeps and which pools it has.
        let rest = Instant::now() + deadline.saturating_duration_since(Instant::now()) * 9 / 10;
        if let Some(data) = self.telemetry.read(self.handle.target.ip, web.credential(), rest).await {
            telemetry::fill(&mut reading, &data);
        }
        let question = json!({ "command": "stats" });
        if let Ok(stats) = ask(self.handle.target.ip, RPC_PORT, Framing::Line, &question, rest).await {
            reading.temp_chip_max_c = hottest_chip(&stats);
        }
        let kept = mode_of(&config);
        let asleep = kept.map(|mode| mode == PowerMode::Sleep);
        reading.power_mode = mode(asleep, kept);
        reading.pools = pools_of(&config);
        reading.activity = activity(asleep, reading.hashrate_ths, None);
        Ok(reading)
    }

    async fn confirm_identity(&self, limit: Duration) -> Result<(), DeviceError> {
        self.pages(Instant::now() + limit).await?;
        Ok(())
    }

    async fn execute(&self, operation: &Operation, limit: Duration) -> Outcome {
        if let Some(refused) = impossible(operation) {
            return refused;
        }
        let deadline = Instant::now() + limit;
        let web = match self.pages(deadline).await {
            Ok(web) => web,
            Err(WebOrDevice::Web(WebError::Refused)) => return no_password(""),
            Err(error) => return Outcome::NotSent { reason: DeviceError::from(error).to_string() },
        };
        match operation {
            Operation::Reboot {} => match web.post("reboot", &json!({}), deadline).await {
                Ok(_) => Outcome::Accepted,
                // The page is empty, or whatever the server still gets out while it goes down.
                Err(WebError::Failed(Failure::Garbled(_))) => Outcome::Accepted,
                Err(error) => answerless(error),
            },
            Operation::RestartMining {} => self.configure(web, deadline, for_writing).await,
            Operation::Pause {} => self.change_mode(web, PowerMode::Sleep, deadline).await,
            Operation::Resume {} => self.change_mode(web, PowerMode::Normal, deadline).await,
            Operation::SetPowerMode { mode } if MODES.contains(mode) => self.change_mode(web, *mode, deadline).await,
            Operation::SetPowerMode { .. } => Outcome::NotSent { reason: "this make does not have this mode".into() },
            Operation::Locate { on } => {
                let reply = web.post("blink", &json!({"blink": on.to_string()}), deadline).await;
                match reply.map(|reply| text(&reply, "/code", 20)) {
                    Ok(Some(code)) if matches!(code.as_str(), "B000" | "B100") => Outcome::Accepted,
                    Ok(Some(code)) => Outcome::Rejected { reason: words(None, None) + &format!(" ({code})") },
                    Ok(None) => Outcome::Unknown { reason: "an answer without a verdict".into() },
                    Err(error) => answerless(error),
                }
            }
            Operation::SetPools { pools } => {
                self.configure(web, deadline, |config| {
                    for_writing(config);
                    set_pools(config, pools);
                })
                .await
            }
        }
    }

    async fn verify(&self, operation: &Operation, before: &Reading, limit: Duration) -> Verdict {
        verify::read_back(self, operation, before, limit).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_hottest_chip_is_found_in_any_board() {
        let stats =
            json!({"STATS": [{}, {"temp_chip1": "60-60-75-75", "temp_chip2": "61-61-78-77", "temp_chip3": ""}]});
        assert_eq!(hottest_chip(&stats), Some(78.0));
        assert_eq!(hottest_chip(&json!({})), None);
    }

    proptest! {
        #[test]
        fn any_json_is_read_without_panic(a in crate::any_json()) {
            let _ = (hottest_chip(&a), identify([127, 0, 0, 1].into(), &a));
        }
    }
}
