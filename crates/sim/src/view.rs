//! What a miner shows of itself at a moment: the physics plus sensor noise,
//! in plain units, before a protocol dresses it up.

use crate::config::{Mac, Mode, Pool};
use crate::fault::Fault;
use crate::model::Model;
use crate::noise;
use crate::state::State;

/// Readings for a telemetry reply.
pub(crate) struct View {
    /// Unix time in seconds.
    pub unix: u64,
    pub sleeping: bool,
    pub mode: Mode,
    /// Over the last seconds, minute and since the process started, TH/s.
    pub rate: f64,
    pub rate_1m: f64,
    pub rate_avg: f64,
    /// What the present mode should reach, TH/s.
    pub rate_goal: f64,
    pub power_w: f64,
    pub power_limit_w: f64,
    pub ambient_c: f64,
    pub chip_min_c: f64,
    pub chip_max_c: f64,
    pub chip_avg_c: f64,
    pub fans_rpm: Vec<u32>,
    pub fan_percent: u8,
    pub boards: Vec<BoardView>,
    pub accepted: u64,
    pub rejected: u64,
    pub elapsed_s: u64,
    pub uptime_s: u64,
    pub mac: Mac,
    pub serial: String,
    pub led: bool,
    pub pools: Vec<Pool>,
    /// Whether any pool answers.
    pub pools_alive: bool,
    /// What is wrong, as Whatsminers number it, and what it means.
    pub errors: Vec<(String, &'static str)>,
    /// What is wrong, told in words instead of codes.
    pub fault_words: Option<&'static str>,
}

/// Readings of one hash board; zero throughout when it is dead.
pub(crate) struct BoardView {
    pub alive: bool,
    pub rate: f64,
    pub rate_rated: f64,
    pub chips: u32,
    pub frequency_mhz: f64,
    pub pcb_c: f64,
    pub chip_min_c: f64,
    pub chip_max_c: f64,
    pub serial: String,
}

impl View {
    pub fn of(state: &State, model: &Model, seed: u64, serial: &str, mac: Mac, unix: u64) -> Self {
        let second = state.now.as_secs();
        let wobble = |lane: u64, every_s: u64| noise::signed(seed ^ lane << 32, second / every_s);
        let rate = match state.faults.has(&Fault::Spike) {
            true => 1e6,
            false => state.rate_ths * (1.0 + 0.015 * wobble(1, 5)),
        };
        let running = state.rate_ths > 0.0;
        let dead = state.faults.dead_board();
        let live = model.boards - usize::from(dead.is_some());
        let scale = state.rate_ths / model.rate_ths;

        let boards = (0..model.boards)
            .map(|i| {
                let alive = dead != Some(i);
                let lane = 10 + i as u64;
                let hot = state.temp_c + 1.5 * noise::signed(seed, lane) + 0.5 * wobble(lane, 10);
                BoardView {
                    alive,
                    rate: if alive { rate / live as f64 * (1.0 + 0.01 * wobble(lane, 5)) } else { 0.0 },
                    rate_rated: model.rate_ths / model.boards as f64,
                    chips: if alive { model.chips } else { 0 },
                    frequency_mhz: if alive && running { model.frequency_mhz * (0.6 + 0.4 * scale) } else { 0.0 },
                    pcb_c: if alive { hot - 8.0 } else { 0.0 },
                    chip_min_c: if alive { hot - 5.0 } else { 0.0 },
                    chip_max_c: if alive { hot + 9.0 } else { 0.0 },
                    serial: format!("HB{:010x}{i}", noise::mix(seed, 5) >> 24),
                }
            })
            .collect();

        let fan_percent = match (state.fan.manual, running) {
            (true, _) => state.fan.percent,
            (false, true) => (30.0 + (state.temp_c - 40.0).max(0.0) * 1.8).clamp(30.0, 100.0) as u8,
            (false, false) => 15,
        };
        let dead_fan = state.faults.dead_fan().filter(|fan| *fan < model.fans);
        let turns = |i: usize| (f64::from(fan_percent) * 68.0 * (1.0 + 0.01 * wobble(30 + i as u64, 5))) as u32;
        let fans_rpm = (0..model.fans).map(|i| if dead_fan == Some(i) { 0 } else { turns(i) }).collect();
        let boards_gone = dead.map(|board| (format!("53{board}"), "board not found"));
        let fan_gone = dead_fan.map(|fan| (format!("11{fan}"), "fan speed error"));
        let too_hot = state.faults.has(&Fault::Hot).then(|| ("350".to_owned(), "temperature protecting"));

        let other = state.faults.mac();
        let (rate_goal, power_goal) = model.target(state.mode, state.power_limit);
        Self {
            unix,
            sleeping: state.sleeping,
            mode: state.mode,
            rate,
            rate_1m: state.rate_ths * (1.0 + 0.006 * wobble(2, 60)),
            rate_avg: state.rate_ths * (1.0 + 0.002 * wobble(3, 300)),
            rate_goal,
            power_w: state.power_w * (1.0 + 0.006 * wobble(4, 5)),
            power_limit_w: state.power_limit.unwrap_or(power_goal),
            ambient_c: 24.0 + wobble(5, 60),
            chip_min_c: state.temp_c - 5.0,
            chip_max_c: state.temp_c + 9.0,
            chip_avg_c: state.temp_c,
            fans_rpm,
            fan_percent,
            boards,
            accepted: state.accepted as u64,
            rejected: (state.accepted * 0.002) as u64,
            elapsed_s: state.elapsed().as_secs(),
            uptime_s: state.uptime().as_secs(),
            mac: match state.faults.has(&Fault::NoMac) {
                true => Mac([0; 6]),
                false => other.unwrap_or(mac),
            },
            serial: other.map_or_else(|| serial.to_owned(), |m| format!("SIM{}", m.compact())),
            led: state.led,
            pools: told_pools(state),
            pools_alive: !state.faults.has(&Fault::PoolsDead),
            errors: boards_gone.into_iter().chain(fan_gone).chain(too_hot).collect(),
            fault_words: state.faults.has(&Fault::FaultWords).then_some("btminer process is down err"),
        }
    }

    /// Seconds since the last accepted share, while there are any.
    pub fn share_age_s(&self) -> u64 {
        self.unix % 10
    }

    /// Whether the pool in that slot is the one being mined on.
    pub fn pool_active(&self, slot: usize) -> bool {
        let first = self.pools.iter().position(|p| !p.url.is_empty());
        first == Some(slot) && !self.sleeping
    }
}

/// The pools as the miner tells them, which may not be as they were set.
pub(crate) fn told_pools(state: &State) -> Vec<Pool> {
    let mut pools = state.pools.clone();
    if state.faults.has(&Fault::PoolSpelling) {
        for pool in pools.iter_mut().filter(|pool| !pool.url.is_empty()) {
            let host = pool.url.find("://").map_or(0, |at| at + 3);
            pool.url = format!("{}{}/", &pool.url[..host], pool.url[host..].to_ascii_uppercase());
        }
    }
    pools
}

/// Rounded to two decimals, as firmwares print readings.
pub(crate) fn r2(value: f64) -> f64 {
    (value * 100.0).round() / 100.0
}
