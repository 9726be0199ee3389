//! One simulated device on an address of its own, on a clock the test moves, and the driver that speaks to it.
#![allow(dead_code, reason = "every test program uses a part")]
#![allow(clippy::unwrap_used, reason = "tests")]

use adit_core::fleet::{DeviceIdentity, Operation, Pool, PoolPassword, Reading};
use adit_core::ids::DeviceId;
use adit_drivers::{Credential, Device, Driver, Outcome, Probe, Target, Verdict};
use adit_sim::{Clock, MinerHandle, MinerSpec, Personality, SimConfig, Simulator};
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tokio::net::TcpListener;

/// Long enough for anything a healthy device does.
pub const LIMIT: Duration = Duration::from_secs(20);

pub const ALL: [Personality; 4] =
    [Personality::WhatsminerV2, Personality::WhatsminerV3, Personality::AvalonA, Personality::AntminerStock];

/// Nothing takes this long; what does is stuck.
pub async fn bounded<T>(work: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(120), work).await.expect("the test is stuck")
}

/// Does the same to every kind of device that can be served here: without privileges port 80, and with it the Antminer,
/// is left out.
pub async fn each(test: impl AsyncFn(Personality)) {
    for personality in ALL {
        if servable(personality).await {
            bounded(test(personality)).await;
        }
    }
}

async fn servable(personality: Personality) -> bool {
    personality != Personality::AntminerStock
        || TcpListener::bind((Ipv4Addr::new(127, 254, 254, 254), 80)).await.is_ok()
}

pub fn pool(url: &str) -> Pool<PoolPassword> {
    Pool { url: url.into(), user: "worker.1".into(), password: None }
}

pub struct Lab {
    sim: Simulator,
    pub miner: MinerHandle,
    personality: Personality,
    password: String,
    _reserved: TcpListener,
}

impl Lab {
    pub async fn new(personality: Personality) -> Self {
        Self::with(personality, |_| {}).await
    }

    pub async fn possible(personality: Personality, change: impl FnOnce(&mut MinerSpec)) -> Option<Self> {
        if servable(personality).await { Some(Self::with(personality, change).await) } else { None }
    }

    pub async fn with(personality: Personality, change: impl FnOnce(&mut MinerSpec)) -> Self {
        let (ip, reserved) = free_address().await;
        let mut spec = MinerSpec::new(personality, ip);
        if personality == Personality::AntminerStock {
            // Which modes there are differs from model to model, and the model would differ with the free address.
            spec.model = "Antminer S19 XP".into();
        }
        change(&mut spec);
        if spec.password.is_empty() {
            spec.password = "root".into();
        }
        let password = spec.password.clone();
        let mut config = SimConfig::new(42, vec![spec]);
        config.clock = Clock::manual();
        let sim = Simulator::start(config).await.unwrap();
        let miner = sim.miner(ip).unwrap();
        miner.wait_online().await;
        Self { sim, miner, personality, password, _reserved: reserved }
    }

    pub fn ip(&self) -> IpAddr {
        self.miner.ip().into()
    }

    pub const fn driver_of(personality: Personality) -> &'static str {
        match personality {
            Personality::WhatsminerV2 => "whatsminer-v2",
            Personality::WhatsminerV3 => "whatsminer-v3",
            Personality::AvalonA => "avalon",
            Personality::AntminerStock => "antminer",
        }
    }

    pub fn driver(&self) -> Arc<dyn Driver> {
        adit_drivers::by_id(Self::driver_of(self.personality)).unwrap()
    }

    pub fn credential(&self, password: &str) -> Credential {
        let user = match self.personality {
            Personality::AvalonA | Personality::AntminerStock => "root",
            Personality::WhatsminerV2 | Personality::WhatsminerV3 => "",
        };
        Credential {
            family: self.driver().family().into(),
            user: user.into(),
            password: password.into(),
            to_unknown: true,
        }
    }

    pub fn credentials(&self) -> Vec<Credential> {
        vec![self.credential(&self.password)]
    }

    pub async fn probe(&self) -> Probe {
        self.driver().probe(self.ip(), &self.credentials(), LIMIT).await
    }

    pub fn device(&self) -> Arc<dyn Device> {
        self.device_with(&self.credentials())
    }

    pub fn device_with(&self, credentials: &[Credential]) -> Arc<dyn Device> {
        let truth = self.miner.truth();
        let identity =
            DeviceIdentity { mac: Some(truth.mac.to_string().to_ascii_lowercase()), serial: Some(truth.serial) };
        let model =
            if self.personality == Personality::AvalonA { format!("A{}", truth.model) } else { truth.model.into() };
        self.driver().open(Target { device: DeviceId(7), ip: self.ip(), identity, model }, credentials)
    }

    pub fn device_of_model(&self, model: &str) -> Arc<dyn Device> {
        let truth = self.miner.truth();
        let identity = DeviceIdentity { mac: Some(truth.mac.to_string().to_ascii_lowercase()), serial: None };
        let target = Target { device: DeviceId(7), ip: self.ip(), identity, model: model.into() };
        self.driver().open(target, &self.credentials())
    }

    pub async fn read(&self) -> Reading {
        self.device().read(LIMIT).await.unwrap()
    }

    pub async fn order(&self, operation: &Operation<PoolPassword>) -> Outcome {
        self.device().execute(operation, LIMIT).await
    }

    /// Orders, and reads back while the device's time goes on.
    pub async fn confirmed(&self, operation: &Operation<PoolPassword>) {
        let before = self.read().await;
        let device = self.device();
        let outcome = device.execute(operation, Duration::from_secs(5)).await;
        assert!(
            matches!(outcome, Outcome::Accepted | Outcome::Unknown { .. }),
            "{:?} {operation:?} {outcome:?}",
            self.personality
        );
        let verdict = self.while_time_passes(device.verify(operation, &before, LIMIT, &|_| {})).await;
        assert!(
            matches!(verdict, Verdict::Confirmed { .. }),
            "{:?} {operation:?} {outcome:?} {verdict:?}",
            self.personality
        );
        self.sim.clock().advance(Duration::from_secs(60));
        self.miner.wait_online().await;
    }

    /// Moves the device's clock on, a second at a time, until `work` is done.
    pub async fn while_time_passes<T>(&self, work: impl Future<Output = T>) -> T {
        let mut step = tokio::time::interval(Duration::from_millis(50));
        tokio::pin!(work);
        loop {
            tokio::select! {
                done = &mut work => return done,
                _ = step.tick() => self.sim.clock().advance(Duration::from_secs(1)),
            }
        }
    }
}

/// An address of 127/8 that no other test on this machine uses while it is reserved.
pub async fn free_address() -> (Ipv4Addr, TcpListener) {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    loop {
        let n = std::process::id().wrapping_mul(131).wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let ip = Ipv4Addr::new(127, 200 + (n / 62_500 % 50) as u8, (n / 250 % 250) as u8, (n % 250 + 1) as u8);
        if let Ok(reserved) = TcpListener::bind((ip, 4998)).await {
            return (ip, reserved);
        }
    }
}
