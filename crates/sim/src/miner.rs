//! One virtual miner as its connections and its handle share it, and the one
//! path every request takes: fault script, hold gate, effect, answer.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::sync::{Semaphore, watch};

use crate::clock::Clock;
use crate::config::{MinerSpec, Personality, Timing};
use crate::fault::{Fault, FaultError, FaultRule, Strike};
use crate::gate::Gate;
use crate::kept::KeptMiner;
use crate::model::Model;
use crate::state::{Op, State};
use crate::view::View;
use crate::writes::WriteOutcome;

/// What all miners of a simulation share.
pub(crate) struct Fleet {
    pub clock: Clock,
    pub timing: Timing,
    /// Unix seconds at simulated time zero.
    pub epoch: u64,
    pub gate: Gate,
    pub connections: Arc<Semaphore>,
    /// Counts changes of any miner.
    pub changed: watch::Sender<u64>,
}

pub(crate) struct Miner {
    pub spec: MinerSpec,
    pub model: &'static Model,
    pub fleet: Arc<Fleet>,
    /// This miner's noise.
    pub seed: u64,
    pub gate: Gate,
    /// Client connections served at the same time.
    pub clients: Arc<Semaphore>,
    state: Mutex<State>,
    changed: watch::Sender<u64>,
    /// Counts the moments at which all connections are cut.
    cuts: watch::Sender<u64>,
    /// How many of its ports accept connections now.
    open_ports: watch::Sender<usize>,
}

/// What a protocol makes of a request; `R` is its kind of answer.
pub(crate) enum Intent<R> {
    /// A read, or a refusal that is no write.
    Answer(R),
    /// A write the miner says no to.
    Refuse { command: String, params: Value, answer: R },
    /// A write to carry out.
    Write(Write<R>),
}

pub(crate) struct Write<R> {
    pub command: String,
    /// For the log: without passwords.
    pub params: Value,
    pub op: Op,
    /// `None`: the firmware closes without an answer.
    pub answer: Option<R>,
    /// Takes effect only once the answer is on its way.
    pub late: bool,
    /// Simulated time between effect and answer.
    pub delay: Duration,
}

impl<R> Write<R> {
    pub fn new(command: impl Into<String>, params: Value, op: Op, answer: R) -> Self {
        Self { command: command.into(), params, op, answer: Some(answer), late: false, delay: Duration::ZERO }
    }
}

/// How much of an answer gets through.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Whole,
    Truncated,
    Reset,
    /// Whole, and not quite JSON.
    Untidy,
    /// Whole, on many lines and in several pieces.
    Segments,
}

/// What the connection has to do.
pub(crate) enum Outcome<R> {
    Send {
        answer: R,
        cut: Cut,
        then: Option<Op>,
    },
    Close,
    /// Keep the connection open and say nothing.
    Silence,
}

impl Miner {
    pub fn new(spec: MinerSpec, model: &'static Model, fleet: Arc<Fleet>, seed: u64) -> Self {
        let clients = match spec.personality {
            Personality::WhatsminerV3 => 10,
            Personality::AvalonA => 1,
            Personality::WhatsminerV2 | Personality::AntminerStock => 16,
        };
        Self {
            state: Mutex::new(State::new(&spec, model, &fleet.timing, seed)),
            spec,
            model,
            fleet,
            seed,
            gate: Gate::open(),
            clients: Arc::new(Semaphore::new(clients)),
            changed: watch::Sender::new(0),
            cuts: watch::Sender::new(0),
            open_ports: watch::Sender::new(0),
        }
    }

    /// The state, brought up to the present.
    pub fn state(&self) -> MutexGuard<'_, State> {
        // A panic elsewhere leaves plain data behind: still usable.
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.advance(self.fleet.clock.now(), self.model, &self.fleet.timing);
        state
    }

    /// What outlives the simulation.
    pub fn kept(&self) -> KeptMiner {
        let unix = self.unix();
        self.state().kept(unix)
    }

    /// Goes on from what was kept.
    pub fn resume(&self, kept: KeptMiner) {
        let unix = self.unix();
        self.state().resume(kept, self.model, unix);
    }

    pub fn unix(&self) -> u64 {
        self.fleet.epoch + self.fleet.clock.now().as_secs()
    }

    pub fn view(&self) -> View {
        let unix = self.unix();
        View::of(&self.state(), self.model, self.seed, &self.spec.serial, self.spec.mac, unix)
    }

    /// The password that works now, which is not the configured one under
    /// the wrong-password fault.
    pub fn password(&self) -> String {
        let state = self.state();
        match state.faults.wrong_password() {
            true => format!("{}-changed", state.password),
            false => state.password.clone(),
        }
    }

    /// Applies a change and tells everybody who waits for one.
    pub fn apply(&self, op: Op) {
        let rebooted = {
            let mut state = self.state();
            let before = state.reboots;
            state.apply(op, self.spec.personality, &self.fleet.timing);
            state.reboots != before
        };
        self.notify(rebooted);
    }

    fn notify(&self, cut: bool) {
        self.changed.send_modify(|n| *n += 1);
        self.fleet.changed.send_modify(|n| *n += 1);
        if cut {
            self.cuts.send_modify(|n| *n += 1);
        }
    }

    pub fn set_fault(&self, rule: FaultRule) -> Result<(), FaultError> {
        let offline = rule.fault == Fault::Offline;
        self.state().faults.set(rule, self.model.boards)?;
        self.notify(offline);
        Ok(())
    }

    pub fn clear_faults(&self) {
        self.state().faults.clear();
        // Connections hanging in a fault end with it.
        self.notify(true);
    }

    pub fn changes(&self) -> watch::Receiver<u64> {
        self.changed.subscribe()
    }

    /// Returns when connections have to end: reboot, offline, faults cleared.
    pub async fn cut(mut since: watch::Receiver<u64>) {
        let _ = since.changed().await;
    }

    pub fn cuts(&self) -> watch::Receiver<u64> {
        self.cuts.subscribe()
    }

    /// Whether the ports are open; if not, when that may change by itself.
    pub fn reachable(&self) -> Result<(), Option<Duration>> {
        let state = self.state();
        match (state.booting_until, state.faults.offline()) {
            (None, false) => Ok(()),
            (until, _) => Err(until),
        }
    }

    pub fn port_opened(&self) {
        self.open_ports.send_modify(|n| *n += 1);
    }

    pub fn port_closed(&self) {
        self.open_ports.send_modify(|n| *n = n.saturating_sub(1));
    }

    /// Returns when all (or none) of the ports accept connections.
    pub async fn wait_ports(&self, open: bool) {
        let all = self.spec.ports().len();
        let reached = |n: &usize| if open { *n == all } else { *n == 0 };
        let _ = self.open_ports.subscribe().wait_for(reached).await;
    }

    /// Takes a request through fault script and gates to its outcome. `write`
    /// says what the fault script should take it for; `handle` decides, and
    /// runs after any latency.
    pub async fn exchange<R>(&self, write: bool, handle: impl FnOnce(&Self) -> Intent<R>) -> Outcome<R> {
        let strike = self.state().faults.strike(write);
        if strike != Strike::default() {
            self.notify(false);
        }
        if strike.latency_ms > 0 {
            let until = self.fleet.clock.now() + Duration::from_millis(strike.latency_ms);
            self.fleet.clock.sleep_until(until).await;
        }
        if strike.hang {
            return Outcome::Silence;
        }
        let cut = match &strike {
            Strike { reset: true, .. } => Cut::Reset,
            Strike { truncate: true, .. } => Cut::Truncated,
            Strike { untidy: true, .. } => Cut::Untidy,
            Strike { segments: true, .. } => Cut::Segments,
            _ => Cut::Whole,
        };
        let Write { command, params, op, answer, late, delay } = match handle(self) {
            Intent::Answer(answer) => {
                return Outcome::Send { answer, cut, then: None };
            }
            Intent::Refuse { command, params, answer } => {
                self.log(&command, params, WriteOutcome::Refused);
                return Outcome::Send { answer, cut, then: None };
            }
            Intent::Write(write) => write,
        };

        let number = self.log(&command, params, WriteOutcome::Pending);
        self.fleet.gate.pass().await;
        self.gate.pass().await;
        let silent = strike.no_reply || strike.close;
        let mut then = None;
        if strike.skip_apply {
            self.decide(number, WriteOutcome::Swallowed);
        } else {
            self.decide(number, WriteOutcome::Applied);
            match late && !silent {
                true => then = Some(op),
                false => self.apply(op),
            }
        }
        if !delay.is_zero() {
            self.fleet.clock.sleep_until(self.fleet.clock.now() + delay).await;
        }
        match answer {
            _ if strike.no_reply => Outcome::Silence,
            Some(answer) if !strike.close => Outcome::Send { answer, cut, then },
            _ => Outcome::Close,
        }
    }

    fn log(&self, command: &str, params: Value, outcome: WriteOutcome) -> u64 {
        let number = {
            let mut state = self.state();
            let at = state.now.as_secs_f64();
            state.writes.push(at, command, params, outcome)
        };
        self.notify(false);
        number
    }

    fn decide(&self, number: u64, outcome: WriteOutcome) {
        self.state().writes.decide(number, outcome);
        self.notify(false);
    }
}
