//! What is owed to whom. The log is the ledger: every posting is written there and none is ever changed; this is their sum.

use super::{Allocation, Recipient, Share, split};
use crate::{
    ids::{RequestId, SubAccountId},
    time::Timestamp,
};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// More satoshi than there will ever be.
pub const MAX_SAT: u64 = 2_100_000_000_000_000;

/// A sub-account's wallet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Wallet {
    /// 1, then one more with each change.
    pub version: u32,
    /// In its canonical form.
    pub address: String,
    /// Since when.
    pub since: Timestamp,
}

/// What a sub-account's money is about.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Money {
    /// Wallets, in order; the last one is in force.
    pub wallets: Vec<Wallet>,
    /// Allocations after the first, in order.
    pub allocations: Vec<Allocation>,
    /// Owed to its own wallet, satoshi.
    pub own: u64,
    /// Owed to other addresses by its allocations, satoshi.
    pub others: BTreeMap<String, u64>,
    /// The last day whose earnings were settled.
    pub settled: Option<Timestamp>,
}

impl Money {
    /// The wallet in force.
    #[must_use]
    pub fn wallet(&self) -> Option<&Wallet> {
        self.wallets.last()
    }

    /// The allocation of the day that begins at `day`.
    #[must_use]
    pub fn allocation_at(&self, day: Timestamp) -> Allocation {
        let set = self.allocations.iter().rev().find(|allocation| allocation.effective_from <= day);
        set.cloned().unwrap_or_else(Allocation::own)
    }

    /// The last one that was set, whether or not it is in force yet.
    #[must_use]
    pub fn latest_allocation(&self) -> Allocation {
        self.allocations.last().cloned().unwrap_or_else(Allocation::own)
    }

    /// Everything that is owed, satoshi.
    #[must_use]
    pub fn owed(&self) -> u64 {
        self.own + self.others.values().sum::<u64>()
    }
}

/// Something that is due.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Due {
    /// Where it is to be paid; none as long as the sub-account has no wallet.
    pub address: Option<String>,
    /// How much, satoshi.
    pub sat: u64,
    /// The request for whose sake it is not paid yet.
    pub held_by: Option<RequestId>,
}

/// One movement: what a sub-account has to give goes to one of its recipients.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Posting {
    /// Whose earnings, or whose share of another's.
    pub from: SubAccountId,
    /// To whom.
    pub to: Recipient,
    /// By which version of its allocation.
    pub version: u32,
    /// How much.
    pub sat: u64,
}

/// Shares a day's earnings out. What a sub-account receives from another it shares out in turn, so allocations must not lead
/// back to where they began. What ends in wallets and at addresses is together exactly what was earned.
#[must_use]
pub fn distribute(
    earned: &BTreeMap<SubAccountId, u64>,
    allocation: impl Fn(SubAccountId) -> Allocation,
) -> Vec<Posting> {
    let mut allocations: BTreeMap<SubAccountId, Allocation> = BTreeMap::new();
    let mut givers: BTreeMap<SubAccountId, usize> = BTreeMap::new();
    let mut found: Vec<_> = earned.keys().copied().collect();
    while let Some(next) = found.pop() {
        if allocations.contains_key(&next) {
            continue;
        }
        let allocation = allocation(next);
        for receiver in receivers(&allocation.shares) {
            *givers.entry(receiver).or_default() += 1;
            found.push(receiver);
        }
        allocations.insert(next, allocation);
    }
    let mut ready: BTreeSet<_> = allocations.keys().copied().filter(|id| !givers.contains_key(id)).collect();
    let mut amounts = earned.clone();
    let mut postings = Vec::new();
    while let Some(from) = ready.pop_first() {
        let amount = amounts.get(&from).copied().unwrap_or(0);
        let allocation = &allocations[&from];
        for (share, sat) in allocation.shares.iter().zip(split(amount, &allocation.shares)) {
            if let Recipient::SubAccount { sub_account } = share.recipient {
                *amounts.entry(sub_account).or_default() += sat;
                let left = givers.entry(sub_account).or_default();
                *left = left.saturating_sub(1);
                if *left == 0 {
                    ready.insert(sub_account);
                }
            }
            if sat > 0 {
                postings.push(Posting { from, to: share.recipient.clone(), version: allocation.version, sat });
            }
        }
    }
    postings
}

/// Sub-accounts to which an allocation gives something.
pub(crate) fn receivers(shares: &[Share]) -> impl Iterator<Item = SubAccountId> + '_ {
    shares.iter().filter_map(|share| match share.recipient {
        Recipient::SubAccount { sub_account } => Some(sub_account),
        Recipient::Wallet {} | Recipient::Address { .. } => None,
    })
}
