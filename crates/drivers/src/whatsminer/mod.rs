//! MicroBT Whatsminers: two generations of one interface, which share models, passwords and the words for modes.
//!
//! MicroBT's undocumented command that switches a miner's write interface on is never sent: a miner that refuses writes
//! stays as its owner left it, and the refusal is reported.

mod crypto;
pub(crate) mod v2;
pub(crate) mod v3;

use adit_core::fleet::{OpKind, PowerMode};

/// Whose credentials both generations use.
pub(crate) const FAMILY: &str = "whatsminer";

const OPERATIONS: &[OpKind] = &[
    OpKind::Reboot,
    OpKind::RestartMining,
    OpKind::Pause,
    OpKind::Resume,
    OpKind::SetPowerMode,
    OpKind::Locate,
    OpKind::SetPools,
];

const MODES: &[PowerMode] = &[PowerMode::Sleep, PowerMode::Low, PowerMode::Normal, PowerMode::High];

/// The mode by its word or, in the third generation, by its number.
fn mode_of(word: &str) -> Option<PowerMode> {
    match word.to_ascii_lowercase().as_str() {
        "low" | "0" => Some(PowerMode::Low),
        "normal" | "1" => Some(PowerMode::Normal),
        "high" | "2" => Some(PowerMode::High),
        _ => None,
    }
}
