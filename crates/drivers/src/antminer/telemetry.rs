//! Telemetry of Antminers through the `asic-rs` library. Only what it reads is taken: the library reports a device that
//! does not answer as one that mines, so whether the miner is there, sleeps and is ours is asked by our own client first.

use crate::Credential;
use crate::fields::{as_u32, clean, mean};
use adit_core::fleet::Reading;
use asic_rs_core::data::collector::DataField;
use asic_rs_core::data::hashrate::HashRateUnit;
use asic_rs_core::data::miner::MinerData;
use asic_rs_core::traits::entry::FirmwareEntry;
use asic_rs_core::traits::miner::{Miner, MinerAuth};
use asic_rs_firmwares_antminer::firmware::AntMinerStockFirmware;
use std::net::IpAddr;
use std::sync::Arc;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout_at};

/// What our own client asks for, or nobody needs: not asked a second time.
const UNWANTED: [DataField; 8] = [
    DataField::Chips,
    DataField::Mac,
    DataField::SerialNumber,
    DataField::Hostname,
    DataField::ApiVersion,
    DataField::FirmwareVersion,
    DataField::Pools,
    DataField::LightFlashing,
];

/// The library's handle on one miner, made at the first poll.
#[derive(Default)]
pub(super) struct Telemetry(Mutex<Option<Arc<dyn Miner>>>);

impl Telemetry {
    /// What the library reads until `deadline`; `None` where it cannot.
    pub async fn read(&self, ip: IpAddr, credential: &Credential, deadline: Instant) -> Option<MinerData> {
        timeout_at(deadline, async {
            let miner = self.handle(ip, credential).await?;
            // In a task of its own, so that a panic in the library is a failed read.
            let read = AbortOnDrop(tokio::spawn(async move { miner.get_data_filtered(UNWANTED.to_vec()).await }));
            read.wait().await
        })
        .await
        .ok()
        .flatten()
    }

    async fn handle(&self, ip: IpAddr, credential: &Credential) -> Option<Arc<dyn Miner>> {
        let mut handle = self.0.lock().await;
        if let Some(miner) = &*handle {
            return Some(Arc::clone(miner));
        }
        let auth = MinerAuth::new(credential.user.clone(), credential.password.clone());
        let build = tokio::spawn(async move {
            AntMinerStockFirmware::default().build_miner(ip, Some(&auth)).await.ok().map(Arc::<dyn Miner>::from)
        });
        let miner = AbortOnDrop(build).wait().await??;
        *handle = Some(Arc::clone(&miner));
        Some(miner)
    }

    /// Forgets the handle: the password or the device has changed.
    pub async fn forget(&self) {
        *self.0.lock().await = None;
    }
}

/// A task that does not outlive whoever waits for it.
struct AbortOnDrop<T>(tokio::task::JoinHandle<T>);

impl<T> AbortOnDrop<T> {
    /// `None` if the task panicked.
    async fn wait(mut self) -> Option<T> {
        (&mut self.0).await.ok()
    }
}

impl<T> Drop for AbortOnDrop<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Takes over what the library read.
pub(super) fn fill(reading: &mut Reading, data: &MinerData) {
    let known = |number: f64| number.is_finite().then_some(number);
    let rate =
        |rate: &asic_rs_core::data::hashrate::HashRate| known(rate.clone().as_unit(HashRateUnit::TeraHash).value);
    reading.hashrate_ths = data.hashrate.as_ref().and_then(rate).filter(|ths| *ths >= 0.0).map(|ths| ths as f32);
    reading.power_w = data.wattage.and_then(|power| known(power.as_watts())).and_then(as_u32);
    reading.fan_rpm = mean(data.fans.iter().filter_map(|fan| known(fan.rpm?.as_rpm())));
    reading.uptime_s = data.uptime.map(|uptime| uptime.as_secs());
    reading.errors = data
        .messages
        .iter()
        .filter_map(|message| clean(&message.message, 120))
        .filter(|m| m != "OK")
        .take(16)
        .collect();
}
