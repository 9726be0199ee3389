//! A few of the demo's miners are not well, one in each way that is common.

use adit_sim::{Fault, MinerHandle, Personality, Simulator};
use anyhow::Context;

/// The place of each in the order of addresses; all are Whatsminers, which tell what is wrong with them in numbers.
const BOARD: usize = 4;
const FAN: usize = 13;
const HOT: usize = 23;
const NO_POOL: usize = 25;
const PASSWORD: usize = 30;
const GONE: usize = 33;

fn set(fleet: &Simulator, place: usize, fault: Fault) -> anyhow::Result<()> {
    // A liquid-cooled one has no fans.
    let speaks = |miner: &MinerHandle| {
        let truth = miner.truth();
        matches!(truth.personality, Personality::WhatsminerV2 | Personality::WhatsminerV3)
            && !truth.model.starts_with("M63")
    };
    let miner = fleet.miners().into_iter().skip(place).find(speaks);
    miner.context("the demo has too few miners")?.set_fault(fault).context("a miner cannot have this trouble")
}

/// From the beginning.
pub fn begin(fleet: &Simulator) -> anyhow::Result<()> {
    set(fleet, BOARD, Fault::DeadBoard { board: 1 })?;
    set(fleet, FAN, Fault::DeadFan { fan: 0 })?;
    set(fleet, HOT, Fault::Hot)?;
    set(fleet, NO_POOL, Fault::PoolsDead)?;
    set(fleet, PASSWORD, Fault::WrongPassword)
}

/// Once all are known: who is never reached is never found.
pub fn go_on(fleet: &Simulator) -> anyhow::Result<()> {
    set(fleet, GONE, Fault::Offline)
}
