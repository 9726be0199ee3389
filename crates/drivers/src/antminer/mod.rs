//! Bitmain Antminers with stock firmware: web pages behind a digest password on TCP 80, and cgminer's interface on 4028 for
//! reading. An order is sent once, whole, and its verdict read.
//!
//! Modes: a configuration with another `miner-mode`, sent back whole. Normal and low wake a sleeping miner by themselves;
//! resuming goes back to the number the mode had before the pause, also to one that has no name here.
//! Restarting the mining program is done by sending the present configuration again, for which the firmware restarts it.
//! All of this only where [`dialect`] has established that the page takes JSON.

mod before_pause;
mod config;
mod device;
mod dialect;
mod telemetry;
mod web;

use crate::fields::{mac, text};
use crate::handle::{self, Handle, probe_failed};
use crate::net;
use crate::{Credential, Device, Driver, Probe, Target, models};
use adit_core::fleet::{DeviceIdentity, FoundDevice, PowerMode};
use async_trait::async_trait;
use device::AntminerDevice;
use dialect::Dialect;
use serde_json::Value;
use std::{net::IpAddr, sync::Arc, time::Duration};
use tokio::time::Instant;
use web::{Web, WebError};

const FAMILY: &str = "antminer";
const WEB_PORT: u16 = 80;
const RPC_PORT: u16 = 4028;
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
        let mut refused = false;
        for credential in own {
            let web = Web::new(ip, credential);
            return match web.question("get_system_info", net::most_of(deadline)).await {
                Ok(info) => {
                    let found = found(ip, &web, &info.value, deadline).await;
                    found.map_or(Probe::OpenUnknown, |found| Probe::Found(Box::new(found)))
                }
                Err(WebError::Refused) => {
                    refused |= web.looks_like_antminer();
                    continue;
                }
                Err(WebError::Failed(failure)) => probe_failed(&failure),
                Err(WebError::Foreign | WebError::Status(_)) => Probe::OpenUnknown,
            };
        }
        // Anything behind a password refuses; only what calls itself an Antminer is taken for one.
        if refused { Probe::AuthRequired { family: FAMILY } } else { Probe::OpenUnknown }
    }

    fn open(&self, target: Target, credentials: &[Credential]) -> Arc<dyn Device> {
        let webs = handle::of_family(credentials, FAMILY).into_iter().map(|c| Web::new(target.ip, c)).collect();
        let handle = Handle::new(target, credentials, FAMILY);
        Arc::new(AntminerDevice { handle, webs })
    }
}

/// Who it is hangs on the first page alone. A MAC that is not there is looked for on another, and without the configuration
/// less is known of what the miner can be told.
async fn found(ip: IpAddr, web: &Web, info: &Value, deadline: Instant) -> Option<FoundDevice> {
    text(info, "/minertype", 60)?;
    let mut who = identity(info);
    if who.mac.is_none()
        && let Ok(network) = web.question("get_network_info", net::part_of(deadline)).await
    {
        who.mac = identity(&network.value).mac;
    }
    let config = web.question("get_miner_conf", net::part_of(deadline)).await.ok();
    identify(ip, who, info, config.as_ref().map(|config| &config.value))
}

fn identify(ip: IpAddr, identity: DeviceIdentity, info: &Value, config: Option<&Value>) -> Option<FoundDevice> {
    let dialect = Dialect::of(info, config);
    let model = text(info, "/minertype", 60)?;
    let model = model.strip_prefix("Antminer ").unwrap_or(&model).to_owned();
    if identity.is_empty() {
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
    DeviceIdentity { mac: mac(info, "/macaddr"), serial }.without_placeholders()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn any_json_is_read_without_panic(a in crate::any_json()) {
            let _ = identify([127, 0, 0, 1].into(), identity(&a), &a, Some(&a));
        }
    }
}
