//! Starting and stopping a simulation, and the handles through which tests
//! see the truth and misbehave.

use std::collections::{BTreeMap, HashSet};
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;

use crate::clock::Clock;
use crate::config::{Mac, Mode, Personality, Pool, SimConfig};
use crate::control;
use crate::fault::{FaultError, FaultRule};
use crate::gate::Gate;
use crate::kept::Kept;
use crate::miner::{Fleet, Miner};
use crate::model::Model;
use crate::net;
use crate::noise;
use crate::state::Activity;
use crate::writes::WriteRecord;

/// Why a simulation cannot start.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// A virtual miner or the control API must never be reachable from
    /// another machine.
    #[error("{0} is not a loopback address; only 127.0.0.0/8 is served")]
    NotLoopback(IpAddr),
    /// Two miners on one address.
    #[error("two miners at {0}")]
    Duplicate(Ipv4Addr),
    /// The personality has no such model.
    #[error("{ip}: no model {model:?} speaks this protocol")]
    Model {
        /// Whose specification.
        ip: Ipv4Addr,
        /// The name given.
        model: String,
    },
    /// More than three pools.
    #[error("{0}: at most three pools")]
    Pools(Ipv4Addr),
    /// More miners than [`SimConfig::MAX_MINERS`].
    #[error("{0} miners; at most {max} can be simulated", max = SimConfig::MAX_MINERS)]
    TooMany(usize),
    /// A port is taken, or needs privileges this process has not.
    #[error("cannot listen on {address}: {source}")]
    Bind {
        /// Where.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

pub(crate) struct Shared {
    pub fleet: Arc<Fleet>,
    pub miners: BTreeMap<Ipv4Addr, Arc<Miner>>,
}

/// A running fleet. Dropping it (or [`Simulator::stop`]) ends all tasks and
/// closes all sockets.
pub struct Simulator {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
    control: Option<SocketAddr>,
}

impl Simulator {
    /// Binds every address and port of the fleet and starts serving; nothing
    /// is left behind when one of them fails.
    pub async fn start(config: SimConfig) -> Result<Self, SimError> {
        check(&config)?;
        let epoch = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_secs());
        let fleet = Arc::new(Fleet {
            // Simulated time starts wherever the clock is, and unix time with it.
            epoch: epoch.saturating_sub(config.clock.now().as_secs()),
            clock: config.clock,
            timing: config.timing,
            gate: Gate::open(),
            connections: Arc::new(Semaphore::new(config.max_connections)),
            changed: watch::Sender::new(0),
        });
        let mut kept = config.kept;
        let mut tasks = JoinSet::new();
        let mut miners = BTreeMap::new();
        for spec in config.miners {
            let ip = spec.ip;
            let Some(model) = Model::find(spec.personality, &spec.model) else {
                return Err(SimError::Model { ip, model: spec.model });
            };
            let seed = noise::mix(config.seed, u64::from(ip.to_bits()));
            let miner = Arc::new(Miner::new(spec, model, fleet.clone(), seed));
            if let Some(kept) = kept.remove(&ip) {
                miner.resume(kept);
            }
            for port in miner.spec.ports() {
                let address = SocketAddr::from((ip, *port));
                let listener = bind(address).await?;
                tasks.spawn(net::serve_port(miner.clone(), address, listener));
            }
            miners.insert(ip, miner);
        }
        let shared = Arc::new(Shared { fleet, miners });
        let control = match config.control {
            Some(address) => {
                let listener = bind(address).await?;
                let bound = listener.local_addr().map_err(|source| SimError::Bind { address, source })?;
                tasks.spawn(control::serve(listener, shared.clone()));
                Some(bound)
            }
            None => None,
        };
        Ok(Self { shared, tasks, control })
    }

    /// The miner at that address.
    pub fn miner(&self, ip: Ipv4Addr) -> Option<MinerHandle> {
        self.shared.miners.get(&ip).map(|m| MinerHandle(m.clone()))
    }

    /// All miners by address.
    pub fn miners(&self) -> Vec<MinerHandle> {
        self.shared.miners.values().map(|m| MinerHandle(m.clone())).collect()
    }

    /// Where the control API listens.
    pub fn control_addr(&self) -> Option<SocketAddr> {
        self.control
    }

    /// The fleet's clock, to advance a manual one.
    pub fn clock(&self) -> &Clock {
        &self.shared.fleet.clock
    }

    /// What all miners are, for a later simulation to go on from.
    pub fn kept(&self) -> Kept {
        self.shared.miners.iter().map(|(ip, miner)| (*ip, miner.kept())).collect()
    }

    /// Sees every change of any miner.
    pub fn changes(&self) -> watch::Receiver<u64> {
        self.shared.fleet.changed.subscribe()
    }

    /// Sums over the fleet at this moment.
    pub fn totals(&self) -> Totals {
        self.shared.totals()
    }

    /// From now on every write to any miner is received, recorded and held
    /// before it takes effect.
    pub fn hold_writes(&self) {
        self.shared.fleet.gate.hold();
    }

    /// Lets all held writes go on.
    pub fn release_writes(&self) {
        self.shared.fleet.gate.release();
    }

    /// Writes held by the fleet's gate now.
    pub fn held(&self) -> usize {
        self.shared.fleet.gate.waiting()
    }

    /// Returns when at least `n` writes are held by the fleet's gate.
    pub async fn wait_held(&self, n: usize) {
        self.shared.fleet.gate.wait_for(n).await;
    }

    /// Ends everything and returns when all sockets are closed.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
    }
}

fn check(config: &SimConfig) -> Result<(), SimError> {
    if config.miners.len() > SimConfig::MAX_MINERS {
        return Err(SimError::TooMany(config.miners.len()));
    }
    let mut seen = HashSet::new();
    for spec in &config.miners {
        if !spec.ip.is_loopback() {
            return Err(SimError::NotLoopback(spec.ip.into()));
        }
        if !seen.insert(spec.ip) {
            return Err(SimError::Duplicate(spec.ip));
        }
        if spec.pools.len() > 3 {
            return Err(SimError::Pools(spec.ip));
        }
    }
    match config.control {
        Some(address) if !address.ip().is_loopback() => Err(SimError::NotLoopback(address.ip())),
        _ => Ok(()),
    }
}

async fn bind(address: SocketAddr) -> Result<TcpListener, SimError> {
    TcpListener::bind(address).await.map_err(|source| SimError::Bind { address, source })
}

/// Sums over a fleet.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Totals {
    /// Number of miners.
    pub miners: usize,
    /// Sum of power at the wall in W.
    pub power_w: f64,
    /// Sum of hashrate in TH/s.
    pub hashrate_ths: f64,
    /// Miners by what they are doing.
    pub by_activity: BTreeMap<&'static str, usize>,
    /// Miners by mode; sleeping ones as "sleep".
    pub by_mode: BTreeMap<&'static str, usize>,
    /// Writes held by the fleet's gate.
    pub held: usize,
}

impl Shared {
    pub fn totals(&self) -> Totals {
        let mut totals = Totals { miners: self.miners.len(), held: self.fleet.gate.waiting(), ..Totals::default() };
        for miner in self.miners.values() {
            let state = miner.state();
            totals.power_w += state.power_w;
            totals.hashrate_ths += state.rate_ths;
            *totals.by_activity.entry(state.activity(miner.model).name()).or_default() += 1;
            let mode = match (state.sleeping, state.mode) {
                (true, _) => "sleep",
                (false, Mode::Low) => "low",
                (false, Mode::Normal) => "normal",
                (false, Mode::High) => "high",
            };
            *totals.by_mode.entry(mode).or_default() += 1;
        }
        totals
    }
}

/// What a miner really is and does, without noise and faults of display.
#[derive(Clone, Debug, Serialize)]
pub struct Truth {
    /// Address.
    pub ip: Ipv4Addr,
    /// Protocol.
    pub personality: Personality,
    /// Model name.
    pub model: &'static str,
    /// The configured MAC.
    pub mac: Mac,
    /// The configured serial number.
    pub serial: String,
    /// What it is doing.
    pub activity: Activity,
    /// Power mode while mining.
    pub mode: Mode,
    /// Whether mining is switched off.
    pub sleeping: bool,
    /// Power at the wall in W.
    pub power_w: f64,
    /// Hashrate in TH/s.
    pub hashrate_ths: f64,
    /// Power limit in W, if one was set.
    pub power_limit_w: Option<f64>,
    /// Average chip temperature in degrees Celsius.
    pub temp_c: f64,
    /// Locate light.
    pub led: bool,
    /// Reboots since the simulation started.
    pub reboots: u32,
    /// Seconds since the last boot.
    pub uptime_s: u64,
    /// Seconds since the mining process started.
    pub elapsed_s: u64,
    /// Accepted shares since then.
    pub accepted: u64,
    /// Pool slots as configured.
    pub pools: Vec<Pool>,
    /// Faults in force.
    pub faults: Vec<FaultRule>,
    /// Writes received, by command.
    pub write_counts: BTreeMap<String, u64>,
    /// Writes held by this miner's own gate.
    pub held: usize,
}

/// Sees the truth about one miner and makes it misbehave.
#[derive(Clone)]
pub struct MinerHandle(pub(crate) Arc<Miner>);

impl MinerHandle {
    /// Where it listens.
    pub fn ip(&self) -> Ipv4Addr {
        self.0.spec.ip
    }

    /// Its state now.
    pub fn truth(&self) -> Truth {
        let miner = &self.0;
        let state = miner.state();
        Truth {
            ip: miner.spec.ip,
            personality: miner.spec.personality,
            model: miner.model.name,
            mac: miner.spec.mac,
            serial: miner.spec.serial.clone(),
            activity: state.activity(miner.model),
            mode: state.mode,
            sleeping: state.sleeping,
            power_w: state.power_w,
            hashrate_ths: state.rate_ths,
            power_limit_w: state.power_limit,
            temp_c: state.temp_c,
            led: state.led,
            reboots: state.reboots,
            uptime_s: state.uptime().as_secs(),
            elapsed_s: state.elapsed().as_secs(),
            accepted: state.accepted as u64,
            pools: state.pools.clone(),
            faults: state.faults.list().to_vec(),
            write_counts: state.writes.counts().clone(),
            held: miner.gate.waiting(),
        }
    }

    /// The last thousand writes it received, oldest first.
    pub fn writes(&self) -> Vec<WriteRecord> {
        self.0.state().writes.last().cloned().collect()
    }

    /// How often a command that changes something was received, whether it
    /// was carried out or not.
    pub fn write_count(&self, command: &str) -> u64 {
        self.0.state().writes.counts().get(command).copied().unwrap_or(0)
    }

    /// Sets a fault; another of the same kind is replaced.
    pub fn set_fault(&self, rule: impl Into<FaultRule>) -> Result<(), FaultError> {
        self.0.set_fault(rule.into())
    }

    /// Ends all faults, and with them connections that hang in one.
    pub fn clear_faults(&self) {
        self.0.clear_faults();
    }

    /// Holds this miner's writes as [`Simulator::hold_writes`] does the fleet's.
    pub fn hold_writes(&self) {
        self.0.gate.hold();
    }

    /// Lets this miner's held writes go on.
    pub fn release_writes(&self) {
        self.0.gate.release();
    }

    /// Returns when at least `n` writes are held by this miner's gate.
    pub async fn wait_held(&self, n: usize) {
        self.0.gate.wait_for(n).await;
    }

    /// Returns when all its ports accept connections.
    pub async fn wait_online(&self) {
        self.0.wait_ports(true).await;
    }

    /// Returns when none of its ports accepts connections.
    pub async fn wait_offline(&self) {
        self.0.wait_ports(false).await;
    }

    /// Returns the truth as soon as it is as wanted; looks again at every
    /// change and as time goes on. Wrap it in a timeout.
    pub async fn wait_for(&self, wanted: impl Fn(&Truth) -> bool) -> Truth {
        let mut changes = self.0.changes();
        loop {
            changes.borrow_and_update();
            let truth = self.truth();
            if wanted(&truth) {
                return truth;
            }
            tokio::select! {
                _ = changes.changed() => {}
                () = self.0.fleet.clock.tick() => {}
            }
        }
    }
}
