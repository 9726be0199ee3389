//! Bitmain Antminers with stock firmware. Telemetry comes through the `asic-rs` library; identity, configuration and every
//! order go through our own client, because an order must be sent once, whole, and its verdict read.
//!
//! Modes: a configuration with another `miner-mode`, sent back whole. Normal and low wake a sleeping miner by themselves;
//! resuming goes back to the number the mode had before the pause, also to one that has no name here.
//! Restarting the mining program is done by sending the present configuration again, for which the firmware restarts it.
//! All of this only where [`dialect`] has established that the page takes JSON.

mod before_pause;
mod config;
mod dialect;
mod telemetry;
mod web;

use crate::fields::{mac, pool_list, text, words};
use crate::handle::{self, Handle, Says, impossible, no_password, outcome, pool_alive, probe_failed, settle};
use crate::net::{Failure, Framing, ask};
use crate::{Credential, Device, DeviceError, Driver, Outcome, Probe, Target, Verdict, models, verify};
use adit_core::fleet::{DeviceIdentity, FoundDevice, OpKind, Operation, PowerMode, Reading};
use async_trait::async_trait;
use config::{
    asleep, for_writing, mode_number, mode_of, number_of, pools_of, retype_mode, set_mode, set_pools, with_scheme,
};
use dialect::Dialect;
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

const MODES: &[PowerMode] = &[PowerMode::Sleep, PowerMode::Low, PowerMode::Normal];
const MODES_WITHOUT_LOW: &[PowerMode] = &[PowerMode::Sleep, PowerMode::Normal];

/// Modes that can be ordered: those whose number is known for the model.
fn modes_of(model: &str, dialect: Dialect) -> &'static [PowerMode] {
    match dialect {
        // Its mode of less power is number 2, and nobody has seen 3 on it.
        Dialect::Json if model.to_ascii_uppercase().contains("S19K PRO") => MODES_WITHOUT_LOW,
        Dialect::Json => MODES,
        Dialect::Form | Dialect::Unknown => &[],
    }
}

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
            let web = Web::new(ip, credential);
            return match web.get("get_system_info", deadline).await {
                Ok(info) => {
                    // Who it is hangs on the first page alone; without the second less is known of what it can be told.
                    let config = web.get("get_miner_conf", deadline).await.ok();
                    let found = identify(ip, &info, config.as_ref());
                    found.map_or(Probe::OpenUnknown, |found| Probe::Found(Box::new(found)))
                }
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

fn identify(ip: IpAddr, info: &Value, config: Option<&Value>) -> Option<FoundDevice> {
    let dialect = Dialect::of(info, config);
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
        supports: dialect.operations().to_vec(),
        modes: modes_of(&model, dialect).to_vec(),
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

/// The pages of a miner that is who we mean, and what its system page said.
struct Pages<'a> {
    web: &'a Web,
    info: Value,
}

impl AntminerDevice {
    /// The first pages that open, and the identity page itself, already compared with whom we mean.
    async fn pages(&self, deadline: Instant) -> Result<Pages<'_>, WebOrDevice> {
        for (number, _) in self.handle.credentials() {
            let web = &self.webs[number];
            match web.get("get_system_info", deadline).await {
                Ok(info) => {
                    self.handle.check(&identity(&info)).map_err(WebOrDevice::Device)?;
                    self.handle.prefer(number);
                    return Ok(Pages { web, info });
                }
                // A password that does not work any more takes the library's handle with it.
                Err(WebError::Refused) => self.telemetry.forget().await,
                Err(other) => return Err(WebOrDevice::Web(other)),
            }
        }
        Err(WebOrDevice::Web(WebError::Refused))
    }

    /// The configuration, as it was read just now, if this miner takes one as JSON.
    async fn config_to_send(&self, pages: &Pages<'_>, deadline: Instant) -> Result<Map<String, Value>, Outcome> {
        let config = pages.web.get("get_miner_conf", deadline).await.map_err(|error| not_sent(&error))?;
        if let Some(reason) = Dialect::of(&pages.info, Some(&config)).refusal() {
            return Err(Outcome::NotSent { reason: reason.into() });
        }
        match config {
            // Without its pools it is not the whole of it, and sending it would wipe them.
            Value::Object(config) if config.get("pools").is_some_and(Value::is_array) => Ok(config),
            _ => Err(Outcome::NotSent { reason: "the miner's configuration cannot be read whole".into() }),
        }
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

    async fn configure(
        &self,
        pages: &Pages<'_>,
        deadline: Instant,
        change: impl FnOnce(&mut Map<String, Value>),
    ) -> Outcome {
        match self.config_to_send(pages, deadline).await {
            Ok(mut config) => {
                change(&mut config);
                self.send_config(pages.web, config, deadline).await
            }
            Err(unsent) => unsent,
        }
    }

    /// Sends the mode in the type it was read in. A miner that takes that and keeps its old mode is sent it once more in the
    /// other type, for some read one and write the other.
    async fn change_mode(&self, pages: &Pages<'_>, number: u64, deadline: Instant) -> Outcome {
        let mut config = match self.config_to_send(pages, deadline).await {
            Ok(config) => config,
            Err(unsent) => return unsent,
        };
        self.remember(&Value::Object(config.clone()));
        for_writing(&mut config);
        set_mode(&mut config, number);
        let outcome = self.send_config(pages.web, config.clone(), deadline).await;
        if outcome != Outcome::Accepted {
            return outcome;
        }
        let kept = match pages.web.get("get_miner_conf", deadline).await {
            Ok(now) => number_of(&now).is_some_and(|now| now != number),
            // Reading back is the verification's business.
            Err(_) => false,
        };
        if !kept {
            return outcome;
        }
        retype_mode(&mut config);
        self.send_config(pages.web, config, deadline).await
    }

    /// Notes the mode of a configuration, unless it is asleep in it.
    fn remember(&self, config: &Value) {
        if let Some(number) = number_of(config)
            && asleep(config, Dialect::Json) == Some(false)
        {
            before_pause::remember(&self.handle.target.identity, number);
        }
    }

    /// The number of the mode to wake up in: that from before the pause, else the normal one.
    fn waking_mode(&self) -> Option<u64> {
        before_pause::of(&self.handle.target.identity).or(mode_number(PowerMode::Normal))
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
        // What the pages say is known only once they are asked, so here only what the model rules out is left out.
        match Dialect::of_model(&self.handle.target.model) {
            Dialect::Unknown => Dialect::Json.operations().contains(&kind),
            known => known.operations().contains(&kind),
        }
    }

    fn modes(&self) -> &[PowerMode] {
        let dialect = match Dialect::of_model(&self.handle.target.model) {
            Dialect::Unknown => Dialect::Json,
            known => known,
        };
        modes_of(&self.handle.target.model, dialect)
    }

    async fn read(&self, limit: Duration) -> Result<Reading, DeviceError> {
        let deadline = Instant::now() + limit;
        let pages = self.pages(deadline).await?;
        let web = pages.web;
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
        let dialect = Dialect::of(&pages.info, Some(&config));
        if dialect == Dialect::Json {
            self.remember(&config);
        }
        let asleep = asleep(&config, dialect);
        reading.pools = pools_of(&config);
        let question = json!({ "command": "pools" });
        let running = ask(self.handle.target.ip, RPC_PORT, Framing::Line, &question, rest).await.unwrap_or_default();
        let running = running["POOLS"].as_array().filter(|pools| !pools.is_empty());
        if let Some(running) = running {
            // What it mines on goes before what it is set to mine on.
            reading.pools = Some(with_scheme(pool_list(running, "/URL", "/User")));
        }
        let alive = running.and_then(|pools| pool_alive(pools, "Status"));
        let says = Says { asleep, mode: mode_of(&config, dialect), pool_alive: alive };
        settle(&mut reading, says, &self.handle.target.model);
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
        let pages = match self.pages(deadline).await {
            Ok(pages) => pages,
            Err(WebOrDevice::Web(WebError::Refused)) => return no_password(""),
            Err(error) => return Outcome::NotSent { reason: DeviceError::from(error).to_string() },
        };
        let web = pages.web;
        let mode = match operation {
            Operation::Pause {} => mode_number(PowerMode::Sleep),
            Operation::Resume {} => self.waking_mode(),
            Operation::SetPowerMode { mode } if self.modes().contains(mode) => mode_number(*mode),
            _ => None,
        };
        match operation {
            Operation::Reboot {} => match web.post("reboot", &json!({}), deadline).await {
                Ok(_) => Outcome::Accepted,
                // The page is empty, or whatever the server still gets out while it goes down.
                Err(WebError::Failed(Failure::Garbled(_))) => Outcome::Accepted,
                Err(error) => answerless(error),
            },
            Operation::RestartMining {} => self.configure(&pages, deadline, for_writing).await,
            Operation::Pause {} | Operation::Resume {} | Operation::SetPowerMode { .. } => match mode {
                Some(number) => self.change_mode(&pages, number, deadline).await,
                None => Outcome::NotSent { reason: "this model does not have this mode".into() },
            },
            Operation::Locate { on } => {
                if let Err(unsent) = self.config_to_send(&pages, deadline).await {
                    return unsent;
                }
                let reply = web.post("blink", &json!({"blink": on.to_string()}), deadline).await;
                match reply.map(|reply| text(&reply, "/code", 20)) {
                    Ok(Some(code)) if matches!(code.as_str(), "B000" | "B100") => Outcome::Accepted,
                    Ok(Some(code)) => Outcome::Rejected { reason: words(None, None) + &format!(" ({code})") },
                    Ok(None) => Outcome::Unknown { reason: "an answer without a verdict".into() },
                    Err(error) => answerless(error),
                }
            }
            Operation::SetPools { pools } => {
                self.configure(&pages, deadline, |config| {
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
            let _ = (hottest_chip(&a), identify([127, 0, 0, 1].into(), &a, Some(&a)));
        }
    }
}
