//! What to simulate: the miners, where they listen and how fast they move.

use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::clock::Clock;
use crate::kept::Kept;
use crate::model::Model;
use crate::noise;

/// The vendor protocol a miner speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Personality {
    /// MicroBT firmware before 2024-11: JSON on TCP 4028, encrypted writes.
    WhatsminerV2,
    /// MicroBT firmware since 2024-11: length-prefixed JSON on TCP 4433.
    WhatsminerV3,
    /// Canaan A series: cgminer JSON or text on TCP 4028, one client at a time.
    AvalonA,
    /// Bitmain stock firmware since 2023-07: CGI on HTTP 80, cgminer on 4028.
    AntminerStock,
}

impl Personality {
    /// The administrator password the vendor ships.
    pub fn default_password(self) -> &'static str {
        match self {
            Self::WhatsminerV2 => "admin",
            Self::WhatsminerV3 => "super",
            Self::AvalonA | Self::AntminerStock => "root",
        }
    }
}

/// How much the miner is asked to do while it mines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// Less power, better efficiency.
    Low,
    /// The rating on the label.
    Normal,
    /// More power than the rating.
    High,
}

/// A network address of a virtual miner's interface.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Mac(pub [u8; 6]);

impl Mac {
    /// Twelve hex digits without separators, as some firmwares print it.
    pub fn compact(self) -> String {
        self.0.iter().map(|b| format!("{b:02x}")).collect()
    }
}

impl fmt::Display for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [a, b, c, d, e, g] = self.0;
        write!(f, "{a:02X}:{b:02X}:{c:02X}:{d:02X}:{e:02X}:{g:02X}")
    }
}

impl fmt::Debug for Mac {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// The text is not six hex bytes separated by colons.
#[derive(Debug, thiserror::Error)]
#[error("not a MAC address: six hex bytes separated by colons are wanted")]
pub struct MacError;

impl FromStr for Mac {
    type Err = MacError;

    fn from_str(text: &str) -> Result<Self, MacError> {
        let mut bytes = [0; 6];
        let mut parts = text.split(':');
        for byte in &mut bytes {
            let part = parts.next().filter(|p| p.len() == 2).ok_or(MacError)?;
            *byte = u8::from_str_radix(part, 16).map_err(|_| MacError)?;
        }
        if parts.next().is_some() { Err(MacError) } else { Ok(Self(bytes)) }
    }
}

impl Serialize for Mac {
    fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

/// One pool slot of a miner's configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pool {
    /// `stratum+tcp://host:port`, as the client wrote it.
    pub url: String,
    /// Worker name.
    pub user: String,
    /// Worker password; not shown in truths and logs.
    #[serde(skip_serializing, default)]
    pub password: String,
}

impl Pool {
    /// A slot with a throw-away worker password.
    pub fn new(url: impl Into<String>, user: impl Into<String>) -> Self {
        Self { url: url.into(), user: user.into(), password: "x".into() }
    }
}

/// How long things take, in simulated time.
#[derive(Clone, Copy, Debug)]
pub struct Timing {
    /// From a reboot until the ports open again.
    pub boot: Duration,
    /// From standing still to full power.
    pub ramp: Duration,
    /// How long an Antminer takes to answer `set_miner_conf.cgi`
    /// (about a minute on hardware).
    pub conf_reply: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { boot: Duration::from_secs(8), ramp: Duration::from_secs(5), conf_reply: Duration::ZERO }
    }
}

/// One virtual miner as it is when the simulation starts.
#[derive(Clone, Debug)]
pub struct MinerSpec {
    /// Where it listens; must be in 127.0.0.0/8.
    pub ip: Ipv4Addr,
    /// Which protocol it speaks.
    pub personality: Personality,
    /// A model of that personality; see [`Model::of`].
    pub model: String,
    /// The MAC it reports.
    pub mac: Mac,
    /// The serial number it reports.
    pub serial: String,
    /// The password of the vendor's administrator account.
    pub password: String,
    /// Up to three pool slots.
    pub pools: Vec<Pool>,
    /// Power mode.
    pub mode: Mode,
    /// Starts with mining switched off.
    pub sleeping: bool,
    /// Starts booting instead of mining since days.
    pub booting: bool,
    /// Whether Whatsminers accept writes at all (off in the factory).
    pub write_api: bool,
    /// Whatsminer v3 only: also answer reads on TCP 4028, as firmwares with
    /// both interfaces do. Clients that recognise a v3 over 4028 need it.
    pub legacy_api: bool,
    /// Antminer only: the pages of the 9, 15 and 17 series, which take a form
    /// and read its fields by place.
    pub form_pages: bool,
    /// How much warmer its place is than others, in degrees Celsius.
    pub warm_c: f64,
    /// What it really makes of its rating, about 1.
    pub share: f64,
}

impl MinerSpec {
    /// A miner with the vendor's default password, mining in normal mode, and
    /// a MAC, serial and worker derived from its address.
    pub fn new(personality: Personality, ip: Ipv4Addr) -> Self {
        let models = Model::of(personality);
        let id = u64::from(ip.to_bits());
        let model = models[(noise::mix(id, 1) % models.len() as u64) as usize];
        let [a, b, c, d] = ip.octets();
        let worker = format!("adit.m{}-{c}-{d}", b);
        Self {
            ip,
            personality,
            model: model.name.into(),
            // Locally administered: never a real device's.
            mac: Mac([0x02, 0xad, a, b, c, d]),
            serial: format!("SIM{:010}", id),
            password: personality.default_password().into(),
            pools: vec![
                Pool::new("stratum+tcp://pool-a.sim.invalid:3333", worker.clone()),
                Pool::new("stratum+tcp://pool-b.sim.invalid:3333", worker.clone()),
                Pool::new("stratum+tcp://pool-c.sim.invalid:3333", worker),
            ],
            mode: Mode::Normal,
            sleeping: false,
            booting: false,
            write_api: true,
            legacy_api: false,
            form_pages: false,
            warm_c: 0.0,
            share: 1.0,
        }
    }

    /// The TCP ports this miner listens on.
    pub fn ports(&self) -> &'static [u16] {
        match self.personality {
            Personality::WhatsminerV2 | Personality::AvalonA => &[4028],
            Personality::WhatsminerV3 if self.legacy_api => &[4433, 4028],
            Personality::WhatsminerV3 => &[4433],
            Personality::AntminerStock => &[80, 4028],
        }
    }
}

/// A fleet and how to run it.
#[derive(Clone, Debug)]
pub struct SimConfig {
    /// Decides all noise.
    pub seed: u64,
    /// At most [`SimConfig::MAX_MINERS`].
    pub miners: Vec<MinerSpec>,
    /// Durations of boot, ramp and slow replies.
    pub timing: Timing,
    /// Real by default.
    pub clock: Clock,
    /// Where the control API listens (a loopback address); none by default.
    pub control: Option<SocketAddr>,
    /// What miners were when they were last seen; those that are named here go on from it.
    pub kept: Kept,
    /// Client connections served at the same time by the whole fleet; more
    /// are dropped at once.
    pub max_connections: usize,
}

impl SimConfig {
    /// Upper bound of a fleet: two sockets a miner, one task a socket.
    pub const MAX_MINERS: usize = 5_000;

    /// A fleet in real time without a control API.
    pub fn new(seed: u64, miners: Vec<MinerSpec>) -> Self {
        Self {
            seed,
            miners,
            timing: Timing::default(),
            clock: Clock::real(),
            control: None,
            kept: Kept::default(),
            max_connections: 512,
        }
    }

    /// No two miners alike: each makes a little more or less of its rating, and stands warmer or cooler, in stretches of
    /// `stretch` miners that differ as containers do. Some work in another mode than the others.
    #[must_use]
    pub fn varied(mut self, stretch: usize) -> Self {
        for (place, miner) in (0_u64..).zip(&mut self.miners) {
            let id = u64::from(miner.ip.to_bits());
            let container = place / u64::try_from(stretch.max(1)).unwrap_or(1);
            miner.mode = match place % 14 {
                5 | 9 => Mode::Low,
                11 => Mode::High,
                _ => Mode::Normal,
            };
            miner.share = 0.985 + 0.025 * noise::signed(id, 41);
            miner.warm_c = 3.0 * noise::signed(container, 43) + 2.0 * noise::signed(id, 42);
        }
        self
    }
}

/// `n` miners on consecutive addresses from `base_ip` (skipping .0 and .255):
/// of ten, four Whatsminer v2, three v3, two Avalon and one Antminer. An
/// Antminer needs port 80; without `allow_low_ports` a Whatsminer takes its
/// place. `n` is capped at [`SimConfig::MAX_MINERS`].
pub fn demo_fleet(n: usize, base_ip: Ipv4Addr, allow_low_ports: bool) -> SimConfig {
    use Personality::{AntminerStock, AvalonA, WhatsminerV2, WhatsminerV3};
    let addresses =
        (base_ip.to_bits()..=u32::MAX).map(Ipv4Addr::from_bits).filter(|ip| !matches!(ip.octets()[3], 0 | 255));
    let miners = addresses
        .take(n.min(SimConfig::MAX_MINERS))
        .enumerate()
        .map(|(i, ip)| {
            let personality = match i % 10 {
                0 | 3 | 5 | 8 => WhatsminerV2,
                1 | 4 | 7 => WhatsminerV3,
                2 | 6 => AvalonA,
                _ if allow_low_ports => AntminerStock,
                _ => WhatsminerV2,
            };
            MinerSpec::new(personality, ip)
        })
        .collect();
    SimConfig::new(1, miners)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mac_addresses_parse_and_print() {
        let mac: Mac = "02:ad:7f:00:01:fe".parse().unwrap();
        assert_eq!(mac.to_string(), "02:AD:7F:00:01:FE");
        assert_eq!(mac.compact(), "02ad7f0001fe");
        for bad in ["", "02:ad", "02:ad:7f:00:01:fe:00", "2:ad:7f:00:01:fe", "zz:ad:7f:00:01:fe"] {
            assert!(bad.parse::<Mac>().is_err(), "{bad}");
        }
    }

    #[test]
    fn the_demo_fleet_mixes_vendors_and_skips_reserved_addresses() {
        let fleet = demo_fleet(600, Ipv4Addr::new(127, 10, 0, 1), true);
        assert_eq!(fleet.miners.len(), 600);
        let count = |p| fleet.miners.iter().filter(|m| m.personality == p).count();
        assert_eq!(count(Personality::WhatsminerV2), 240);
        assert_eq!(count(Personality::WhatsminerV3), 180);
        assert_eq!(count(Personality::AvalonA), 120);
        assert_eq!(count(Personality::AntminerStock), 60);
        assert!(fleet.miners.iter().all(|m| !matches!(m.ip.octets()[3], 0 | 255)));
        let high = demo_fleet(50, Ipv4Addr::new(127, 10, 0, 1), false);
        assert!(high.miners.iter().all(|m| m.ports().iter().all(|p| *p >= 1024)));
    }
}
