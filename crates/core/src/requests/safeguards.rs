//! The rules behind the rules: what an account may switch off, and how many people that takes.

use crate::{ids::AccountId, state::State};
use serde::{Deserialize, Serialize};

/// Which hardening rules hold on an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Safeguards {
    /// Lowering counts takes as many people as they asked for.
    pub ratchet: bool,
    /// Making an approver takes as many people as the highest count.
    pub closure: bool,
    /// The owner may start a recovery; otherwise only somebody with a shell on the server.
    pub owner_recovery: bool,
}

impl Default for Safeguards {
    fn default() -> Self {
        Self { ratchet: true, closure: true, owner_recovery: true }
    }
}

impl Safeguards {
    /// Do they hold less back than `old`? Recovery counts both ways: with it the owner gets past the counts, and without it whoever
    /// raises them keeps the others out.
    #[must_use]
    pub const fn are_weaker_than(self, old: Self) -> bool {
        old.ratchet && !self.ratchet || old.closure && !self.closure || self.owner_recovery != old.owner_recovery
    }
}

impl State {
    /// Which hardening rules hold.
    #[must_use]
    pub fn safeguards(&self, account: AccountId) -> Safeguards {
        self.account(account).map_or_else(Safeguards::default, |account| account.safeguards)
    }

    /// How many people holding less back takes: it is as if every count that was chosen were lowered.
    pub(crate) fn people_for_safeguards(&self, account: AccountId, new: Safeguards) -> u32 {
        if new.are_weaker_than(self.safeguards(account)) { self.people_to_weaken_all(account) } else { 0 }
    }

    /// How many people lowering every count takes.
    pub(super) fn people_to_weaken_all(&self, account: AccountId) -> u32 {
        self.chosen(account).map(|(_, people)| people).max().unwrap_or(0)
    }
}
