//! The fault script: ways in which a miner misbehaves on purpose.

use serde::{Deserialize, Serialize};

use crate::config::Mac;

/// One way to misbehave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Fault {
    /// Writes are applied and never answered; the connection stays open.
    AppliedNoReply,
    /// Writes are applied, then the connection is closed without an answer.
    AppliedThenClosed,
    /// Writes are answered as if all were well and change nothing.
    ReplyNotApplied,
    /// The account's password is not the configured one (an Avalon asks for
    /// it only where pools are set).
    WrongPassword,
    /// Connections are accepted and requests never answered nor applied.
    Hang,
    /// Connections are refused, as from a host that is switched off but
    /// whose address answers.
    Offline,
    /// Answers stop in the middle of the JSON, cleanly closed.
    TruncatedJson,
    /// Answers stop in the middle and the connection is reset.
    ResetMidBody,
    /// Requests wait this long (simulated time) before they are handled.
    Latency {
        /// Milliseconds, at most ten minutes.
        ms: u64,
    },
    /// Another device is at this address now: it reports this MAC (and a
    /// serial derived from it).
    WrongMac {
        /// The MAC the other device reports.
        mac: Mac,
    },
    /// A hash board is dead: no chips, no hashrate, less power.
    DeadBoard {
        /// From 0.
        board: u8,
    },
    /// A fan stands still.
    DeadFan {
        /// From 0.
        fan: u8,
    },
    /// Its place is far too hot.
    Hot,
    /// Sleep is accepted and told, and the miner hashes on at full power.
    SleepIgnored,
    /// No pool answers, while the hashrate is still told.
    PoolsDead,
    /// The MAC is not programmed: all zeros are reported.
    NoMac,
    /// Something is wrong, and it is told in another shape than usual: in
    /// words where the firmware has codes.
    FaultWords,
    /// The hashrate told is a million terahashes a second.
    Spike,
    /// Pool addresses read back with the host in capitals and a slash behind.
    PoolSpelling,
    /// Answers are not quite JSON: line ends and bytes of no text in texts,
    /// commas too many.
    Untidy,
    /// Answers are printed on many lines and come in several pieces.
    Segments,
}

/// Which requests a fault hits. State faults (wrong password, offline, wrong
/// MAC, dead board) ignore it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Every request.
    #[default]
    All,
    /// Only what reads.
    Reads,
    /// Only what changes something.
    Writes,
}

/// A fault with its scope and how often it strikes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FaultRule {
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Fault,
    /// Which requests are hit.
    pub scope: Scope,
    /// Strikes this many requests, then is gone; `None` strikes until cleared.
    pub times: Option<u32>,
}

impl From<Fault> for FaultRule {
    fn from(fault: Fault) -> Self {
        Self { fault, scope: Scope::All, times: None }
    }
}

impl FaultRule {
    /// The same fault, but only for reads or only for writes.
    pub fn only(mut self, scope: Scope) -> Self {
        self.scope = scope;
        self
    }

    /// The same fault, gone after `n` requests.
    pub fn times(mut self, n: u32) -> Self {
        self.times = Some(n);
        self
    }

    fn strikes(&self, write: bool) -> bool {
        match self.fault {
            Fault::AppliedNoReply | Fault::AppliedThenClosed | Fault::ReplyNotApplied => write,
            _ => match self.scope {
                Scope::All => true,
                Scope::Reads => !write,
                Scope::Writes => write,
            },
        }
    }

    /// Whether the fault is a condition of the device rather than something
    /// that happens to a request.
    fn is_state(&self) -> bool {
        match self.fault {
            Fault::WrongPassword
            | Fault::Offline
            | Fault::WrongMac { .. }
            | Fault::DeadBoard { .. }
            | Fault::DeadFan { .. }
            | Fault::Hot
            | Fault::SleepIgnored
            | Fault::PoolsDead
            | Fault::NoMac
            | Fault::FaultWords
            | Fault::Spike
            | Fault::PoolSpelling => true,
            Fault::AppliedNoReply
            | Fault::AppliedThenClosed
            | Fault::ReplyNotApplied
            | Fault::Hang
            | Fault::TruncatedJson
            | Fault::ResetMidBody
            | Fault::Latency { .. }
            | Fault::Untidy
            | Fault::Segments => false,
        }
    }
}

/// A fault that cannot be set.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FaultError {
    /// `times` was zero.
    #[error("times must be at least 1")]
    ZeroTimes,
    /// Latency above ten minutes.
    #[error("latency must be at most 600000 ms")]
    Latency,
    /// The model has no such board.
    #[error("the model has boards 0 to {last}")]
    Board {
        /// The highest board index.
        last: usize,
    },
    /// `times` with a fault that is a condition of the device.
    #[error("this fault is a condition of the device, it cannot strike a number of times")]
    StateTimes,
}

/// The faults a miner has now; one of a kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Faults(Vec<FaultRule>);

/// What happens to one request.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Strike {
    pub latency_ms: u64,
    pub hang: bool,
    pub no_reply: bool,
    pub close: bool,
    pub skip_apply: bool,
    pub truncate: bool,
    pub reset: bool,
    pub untidy: bool,
    pub segments: bool,
}

impl Faults {
    pub fn set(&mut self, rule: FaultRule, boards: usize) -> Result<(), FaultError> {
        match rule.fault {
            _ if rule.times == Some(0) => return Err(FaultError::ZeroTimes),
            _ if rule.times.is_some() && rule.is_state() => return Err(FaultError::StateTimes),
            Fault::Latency { ms } if ms > 600_000 => return Err(FaultError::Latency),
            Fault::DeadBoard { board } if usize::from(board) >= boards => {
                return Err(FaultError::Board { last: boards.saturating_sub(1) });
            }
            _ => {}
        }
        let same = |other: &FaultRule| std::mem::discriminant(&other.fault) == std::mem::discriminant(&rule.fault);
        self.0.retain(|other| !same(other));
        self.0.push(rule);
        Ok(())
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn list(&self) -> &[FaultRule] {
        &self.0
    }

    pub fn offline(&self) -> bool {
        self.0.iter().any(|r| r.fault == Fault::Offline)
    }

    pub fn wrong_password(&self) -> bool {
        self.0.iter().any(|r| r.fault == Fault::WrongPassword)
    }

    pub fn has(&self, fault: &Fault) -> bool {
        self.0.iter().any(|r| r.fault == *fault)
    }

    pub fn mac(&self) -> Option<Mac> {
        self.0.iter().find_map(|r| match r.fault {
            Fault::WrongMac { mac } => Some(mac),
            _ => None,
        })
    }

    pub fn dead_board(&self) -> Option<usize> {
        self.0.iter().find_map(|r| match r.fault {
            Fault::DeadBoard { board } => Some(usize::from(board)),
            _ => None,
        })
    }

    pub fn dead_fan(&self) -> Option<usize> {
        self.0.iter().find_map(|r| match r.fault {
            Fault::DeadFan { fan } => Some(usize::from(fan)),
            _ => None,
        })
    }

    /// What hits the next request; counted faults are used up.
    pub fn strike(&mut self, write: bool) -> Strike {
        let mut strike = Strike::default();
        for rule in self.0.iter_mut().filter(|r| !r.is_state() && r.strikes(write)) {
            match rule.fault {
                Fault::Latency { ms } => strike.latency_ms = ms,
                Fault::Hang => strike.hang = true,
                Fault::AppliedNoReply => strike.no_reply = true,
                Fault::AppliedThenClosed => strike.close = true,
                Fault::ReplyNotApplied => strike.skip_apply = true,
                Fault::TruncatedJson => strike.truncate = true,
                Fault::ResetMidBody => strike.reset = true,
                Fault::Untidy => strike.untidy = true,
                Fault::Segments => strike.segments = true,
                _ => {}
            }
            if let Some(left) = &mut rule.times {
                *left -= 1;
            }
        }
        self.0.retain(|r| r.times != Some(0));
        strike
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scope_and_count_limit_a_fault() {
        let mut faults = Faults::default();
        faults.set(FaultRule::from(Fault::Hang).only(Scope::Writes).times(2), 3).unwrap();
        assert!(!faults.strike(false).hang);
        assert!(faults.strike(true).hang);
        assert!(faults.strike(true).hang);
        assert_eq!(faults.strike(true), Strike::default());
    }

    #[test]
    fn a_kind_is_replaced_and_nonsense_refused() {
        let mut faults = Faults::default();
        faults.set(Fault::Latency { ms: 5 }.into(), 3).unwrap();
        faults.set(Fault::Latency { ms: 9 }.into(), 3).unwrap();
        assert_eq!(faults.list().len(), 1);
        assert_eq!(faults.strike(false).latency_ms, 9);
        assert_eq!(faults.set(Fault::Latency { ms: 600_001 }.into(), 3), Err(FaultError::Latency));
        assert_eq!(faults.set(Fault::DeadBoard { board: 3 }.into(), 3), Err(FaultError::Board { last: 2 }));
        let once = FaultRule::from(Fault::Offline).times(1);
        assert_eq!(faults.set(once, 3), Err(FaultError::StateTimes));
    }
}
