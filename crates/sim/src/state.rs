//! One miner's changing half: what it is doing, what it is configured to do,
//! and the physics between the two. Pure: time comes in as an argument, and
//! the state at a time does not depend on how often it was looked at.

use std::time::Duration;

use serde::Serialize;

use crate::config::{MinerSpec, Mode, Personality, Pool, Timing};
use crate::fault::{Fault, Faults};
use crate::kept::{KeptMiner, KeptPool};
use crate::model::{BOOT_W, Model, STANDBY_W};
use crate::noise;
use crate::writes::WriteLog;

/// What a miner is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Activity {
    /// Restarting; its ports refuse connections.
    Booting,
    /// On its way to the hashrate it was asked for.
    Ramping,
    /// At the hashrate it was asked for.
    Mining,
    /// Mining switched off, control board awake.
    Sleeping,
}

impl Activity {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Booting => "booting",
            Self::Ramping => "ramping",
            Self::Mining => "mining",
            Self::Sleeping => "sleeping",
        }
    }
}

/// A change a client asked for.
#[derive(Clone, Debug)]
pub(crate) enum Op {
    Suspend,
    Resume,
    /// Suspend (`true`) or resume at a simulated time.
    Schedule {
        at: Duration,
        sleep: bool,
    },
    SetMode {
        mode: Mode,
        restart: bool,
    },
    SetPowerLimit(Option<f64>),
    SetLed(bool),
    SetPools(Vec<Pool>),
    /// A pool slot that takes effect with the next reboot.
    StagePool(usize, Pool),
    SetFan {
        manual: bool,
        percent: u8,
    },
    SetPassword(String),
    RestartMining,
    Reboot,
    All(Vec<Op>),
}

/// Fans as configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FanConf {
    pub manual: bool,
    pub percent: u8,
}

/// A token a Whatsminer v2 has given out.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    pub sign: String,
    pub expires: Duration,
}

pub(crate) struct State {
    pub now: Duration,
    pub booting_until: Option<Duration>,
    pub sleeping: bool,
    pub mode: Mode,
    pub power_limit: Option<f64>,
    pub led: bool,
    pub fan: FanConf,
    pub pools: Vec<Pool>,
    pub password: String,
    pub write_api: bool,
    pub power_w: f64,
    pub rate_ths: f64,
    pub temp_c: f64,
    pub accepted: f64,
    pub reboots: u32,
    pub faults: Faults,
    pub writes: WriteLog,
    /// What it makes of its rating.
    share: f64,
    /// How much warmer its place is than others.
    warm_c: f64,
    pub tokens: Vec<Token>,
    pub tokens_given: u64,
    staged_pools: Option<Vec<Pool>>,
    scheduled: Option<(Duration, bool)>,
    up_since: Duration,
    up_before: Duration,
    mining_since: Duration,
    mining_before: Duration,
}

const AMBIENT_C: f64 = 24.0;
/// Warming at full power, and how fast temperatures follow.
const RISE_C: f64 = 46.0;
const THERMAL_S: f64 = 25.0;
/// How much warmer a place is that is far too hot.
const HOT_C: f64 = 24.0;

impl State {
    pub fn new(spec: &MinerSpec, model: &Model, timing: &Timing, seed: u64) -> Self {
        let (rate, power) = match spec.sleeping {
            true => (0.0, STANDBY_W),
            false => model.target(spec.mode, None),
        };
        let rate = rate * spec.share;
        // A running miner has been up for one to thirty days.
        let before = Duration::from_secs(86_400 + noise::mix(seed, 3) % (29 * 86_400));
        let mut state = Self {
            now: Duration::ZERO,
            booting_until: None,
            sleeping: spec.sleeping,
            mode: spec.mode,
            power_limit: None,
            led: false,
            fan: FanConf { manual: false, percent: 100 },
            pools: spec.pools.clone(),
            password: spec.password.clone(),
            write_api: spec.write_api,
            power_w: power,
            rate_ths: rate,
            temp_c: AMBIENT_C + spec.warm_c + RISE_C * power / model.power_w,
            accepted: rate * 20.0,
            reboots: 0,
            faults: Faults::default(),
            writes: WriteLog::default(),
            share: spec.share,
            warm_c: spec.warm_c,
            tokens: Vec::new(),
            tokens_given: 0,
            staged_pools: None,
            scheduled: None,
            up_since: Duration::ZERO,
            up_before: before,
            mining_since: Duration::ZERO,
            mining_before: before,
        };
        if spec.booting {
            state.boot(timing);
        }
        state
    }

    /// Brings the state to `now`, through every event on the way.
    pub fn advance(&mut self, now: Duration, model: &Model, timing: &Timing) {
        while let Some(at) = self.next_event().filter(|at| *at <= now) {
            self.integrate(at, model, timing);
            if self.booting_until == Some(at) {
                self.booting_until = None;
                self.start_mining();
                self.up_since = at;
                self.up_before = Duration::ZERO;
            }
            if let Some((_, sleep)) = self.scheduled.take_if(|(due, _)| *due <= at) {
                self.apply(if sleep { Op::Suspend } else { Op::Resume }, Personality::AvalonA, timing);
            }
        }
        self.integrate(now, model, timing);
    }

    /// What outlives the simulation, with moments in unix time.
    pub fn kept(&self, unix: u64) -> KeptMiner {
        KeptMiner {
            sleeping: self.sleeping,
            mode: self.mode,
            power_limit: self.power_limit,
            led: self.led,
            fan: (self.fan.manual, self.fan.percent),
            pools: self.pools.iter().cloned().map(KeptPool::from).collect(),
            password: self.password.clone(),
            write_api: self.write_api,
            reboots: self.reboots,
            up_since: unix.saturating_sub(self.uptime().as_secs()),
            mining_since: unix.saturating_sub(self.elapsed().as_secs()),
            accepted: self.accepted,
        }
    }

    /// Goes on from what was kept, as if it had run all the while. What it was doing at the moment (booting, ramping) is over.
    pub fn resume(&mut self, kept: KeptMiner, model: &Model, unix: u64) {
        let since = |moment: u64| Duration::from_secs(unix.saturating_sub(moment));
        self.sleeping = kept.sleeping;
        self.mode = kept.mode;
        self.power_limit = kept.power_limit;
        self.led = kept.led;
        self.fan = FanConf { manual: kept.fan.0, percent: kept.fan.1 };
        self.pools = kept.pools.into_iter().map(Pool::from).collect();
        self.password = kept.password;
        self.write_api = kept.write_api;
        self.reboots = kept.reboots;
        (self.up_before, self.mining_before) = (since(kept.up_since), since(kept.mining_since));
        self.accepted = kept.accepted;
        (self.rate_ths, self.power_w) = self.target(model);
        self.temp_c = AMBIENT_C + self.warm_c + RISE_C * self.power_w / model.power_w;
    }

    /// When something happens by itself next.
    pub fn next_event(&self) -> Option<Duration> {
        let scheduled = self.scheduled.map(|(at, _)| at.max(self.now));
        [self.booting_until, scheduled].into_iter().flatten().min()
    }

    /// Steady (TH/s, W) for the present orders.
    pub fn target(&self, model: &Model) -> (f64, f64) {
        if self.booting_until.is_some() {
            return (0.0, BOOT_W);
        }
        let sleeps = self.sleeping && !self.faults.has(&Fault::SleepIgnored);
        if sleeps || self.pools.iter().all(|p| p.url.is_empty()) {
            return (0.0, STANDBY_W);
        }
        let (rate, power) = model.target(self.mode, self.power_limit);
        let rate = rate * self.share;
        match self.faults.dead_board() {
            Some(_) => {
                let share = (model.boards - 1) as f64 / model.boards as f64;
                (rate * share, STANDBY_W + (power - STANDBY_W) * share)
            }
            None => (rate, power),
        }
    }

    fn integrate(&mut self, to: Duration, model: &Model, timing: &Timing) {
        let dt = to.saturating_sub(self.now).as_secs_f64();
        if dt <= 0.0 {
            return;
        }
        let (rate, power) = self.target(model);
        let part = dt / timing.ramp.as_secs_f64().max(0.001);
        let before = self.rate_ths;
        self.rate_ths = approach(self.rate_ths, rate, model.rate_ths * part);
        self.power_w = approach(self.power_w, power, model.power_w * part);
        let hot = if self.faults.has(&Fault::Hot) { HOT_C } else { 0.0 };
        let warm = AMBIENT_C + self.warm_c + hot + RISE_C * self.power_w / model.power_w;
        self.temp_c += (warm - self.temp_c) * (1.0 - (-dt / THERMAL_S).exp());
        // Pools set the difficulty so that 100 TH/s find a share every 10 s.
        self.accepted += (before + self.rate_ths) / 2.0 * dt / 1000.0;
        self.now = to;
    }

    pub fn apply(&mut self, op: Op, personality: Personality, timing: &Timing) {
        match op {
            Op::Suspend => self.sleeping = true,
            Op::Resume if self.sleeping => {
                self.sleeping = false;
                self.start_mining();
            }
            Op::Resume => {}
            Op::Schedule { at, sleep } => self.scheduled = Some((at, sleep)),
            Op::SetMode { mode, restart } => {
                let changed = self.mode != mode;
                self.mode = mode;
                if restart && changed && !self.sleeping {
                    self.start_mining();
                }
            }
            Op::SetPowerLimit(limit) => self.power_limit = limit,
            Op::SetLed(on) => self.led = on,
            Op::SetPools(pools) => self.pools = pools,
            Op::StagePool(slot, pool) => {
                let staged = self.staged_pools.get_or_insert_with(|| self.pools.clone());
                if staged.len() <= slot {
                    staged.resize(slot + 1, Pool::default());
                }
                staged[slot] = pool;
            }
            Op::SetFan { manual, percent } => self.fan = FanConf { manual, percent },
            Op::SetPassword(password) => self.password = password,
            Op::RestartMining => self.start_mining(),
            Op::Reboot => {
                self.reboots += 1;
                // Only Bitmain keeps "sleep" in the stored configuration;
                // the others mine again after a restart.
                if personality != Personality::AntminerStock {
                    self.sleeping = false;
                }
                self.boot(timing);
            }
            Op::All(ops) => ops.into_iter().for_each(|op| self.apply(op, personality, timing)),
        }
    }

    fn boot(&mut self, timing: &Timing) {
        self.booting_until = Some(self.now + timing.boot);
        self.led = false;
        self.tokens.clear();
        self.scheduled = None;
        if let Some(pools) = self.staged_pools.take() {
            self.pools = pools;
        }
        self.rate_ths = 0.0;
        self.power_w = BOOT_W;
        self.accepted = 0.0;
    }

    /// The mining process starts over: nothing hashed yet, counters at zero.
    fn start_mining(&mut self) {
        self.rate_ths = 0.0;
        self.power_w = STANDBY_W;
        self.accepted = 0.0;
        self.mining_since = self.now;
        self.mining_before = Duration::ZERO;
    }

    pub fn activity(&self, model: &Model) -> Activity {
        if self.booting_until.is_some() {
            return Activity::Booting;
        }
        if self.sleeping {
            return Activity::Sleeping;
        }
        let (rate, power) = self.target(model);
        let near = |value: f64, goal: f64| (value - goal).abs() <= goal * 0.01;
        match near(self.rate_ths, rate) && near(self.power_w, power) {
            true => Activity::Mining,
            false => Activity::Ramping,
        }
    }

    /// Time since the operating system started.
    pub fn uptime(&self) -> Duration {
        match self.booting_until {
            Some(_) => Duration::ZERO,
            None => self.up_before + self.now.saturating_sub(self.up_since),
        }
    }

    /// Time since the mining process started.
    pub fn elapsed(&self) -> Duration {
        self.mining_before + self.now.saturating_sub(self.mining_since)
    }
}

fn approach(value: f64, goal: f64, step: f64) -> f64 {
    if value < goal { (value + step).min(goal) } else { (value - step).max(goal) }
}

#[cfg(test)]
mod tests;
