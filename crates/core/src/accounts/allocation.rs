//! How a sub-account's earnings are shared out.

use super::address;
use crate::{ids::SubAccountId, time::Timestamp};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// All of it, in basis points.
pub const WHOLE: u32 = 10_000;
/// Most recipients of one allocation.
pub const MAX_RECIPIENTS: usize = 20;

/// Who gets a part.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(tag = "to", rename_all = "snake_case", try_from = "Fields")]
pub enum Recipient {
    /// The sub-account itself: its own wallet.
    Wallet {},
    /// An address.
    Address {
        /// In its canonical form.
        address: String,
    },
    /// Another sub-account, which shares it out as it shares its own earnings.
    SubAccount {
        /// Which.
        sub_account: SubAccountId,
    },
}

/// A recipient as it is written, so that what is wrong in it is said of the very field.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Fields {
    to: Kind,
    address: Option<String>,
    sub_account: Option<SubAccountId>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Kind {
    Wallet,
    Address,
    SubAccount,
}

impl TryFrom<Fields> for Recipient {
    type Error = &'static str;

    fn try_from(fields: Fields) -> Result<Self, &'static str> {
        match fields {
            Fields { to: Kind::Wallet, address: None, sub_account: None } => Ok(Self::Wallet {}),
            Fields { to: Kind::Address, address: Some(address), sub_account: None } => Ok(Self::Address { address }),
            Fields { to: Kind::SubAccount, address: None, sub_account: Some(sub_account) } => {
                Ok(Self::SubAccount { sub_account })
            }
            Fields { to: Kind::Wallet, .. } => Err("to the wallet goes with no address and no sub-account"),
            Fields { to: Kind::Address, .. } => Err("to an address goes with its address alone"),
            Fields { to: Kind::SubAccount, .. } => Err("to a sub-account goes with its id alone"),
        }
    }
}

/// A part.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// Whose.
    pub recipient: Recipient,
    /// How much, 1 to [`WHOLE`].
    pub basis_points: u32,
}

impl Share {
    /// The address that it names.
    #[must_use]
    pub fn address(&self) -> Option<&str> {
        match &self.recipient {
            Recipient::Address { address } => Some(address),
            Recipient::Wallet {} | Recipient::SubAccount { .. } => None,
        }
    }
}

/// One version of how a sub-account's earnings are shared out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Allocation {
    /// 0 before any was set, then one more with each.
    pub version: u32,
    /// In the order in which they were given; the first also gets what cannot be divided.
    pub shares: Arc<[Share]>,
    /// When it was set.
    pub set_at: Timestamp,
    /// From which day on; 00:00 UTC.
    pub effective_from: Timestamp,
}

impl Allocation {
    /// Before any is set, everything goes to the sub-account's own wallet.
    #[must_use]
    pub fn own() -> Self {
        let all = Share { recipient: Recipient::Wallet {}, basis_points: WHOLE };
        Self { version: 0, shares: [all].into(), set_at: Timestamp(0), effective_from: Timestamp(0) }
    }
}

/// What is wrong with shares of the sub-account `own`, if anything: how many there are, what they add up to, whom they name.
///
/// # Errors
/// What to do about it.
pub fn check(own: SubAccountId, shares: &[Share]) -> Result<(), String> {
    if shares.is_empty() || shares.len() > MAX_RECIPIENTS {
        return Err(format!("name 1 to {MAX_RECIPIENTS} recipients"));
    }
    if shares.iter().any(|share| share.basis_points == 0) {
        return Err("every recipient needs a share of at least 1 basis point".into());
    }
    let sum: u64 = shares.iter().map(|share| u64::from(share.basis_points)).sum();
    if sum != u64::from(WHOLE) {
        return Err(format!("the shares add up to {sum} basis points; they must add up to {WHOLE} exactly"));
    }
    for (at, share) in shares.iter().enumerate() {
        if shares[..at].iter().any(|other| other.recipient == share.recipient) {
            return Err("a recipient is named twice: add the two shares up".into());
        }
        match &share.recipient {
            Recipient::SubAccount { sub_account } if *sub_account == own => {
                return Err("what the sub-account keeps goes to its wallet: name that".into());
            }
            Recipient::Address { address } => {
                address::canonical(address).map_err(|error| format!("recipient {}: {error}", at + 1))?;
            }
            Recipient::Wallet {} | Recipient::SubAccount { .. } => {}
        }
    }
    Ok(())
}

/// Shares an amount out: one part for each share, together exactly the amount. What cannot be divided goes to the first.
#[must_use]
pub fn split(sat: u64, shares: &[Share]) -> Vec<u64> {
    let part = |share: &Share| {
        let part = u128::from(sat) * u128::from(share.basis_points) / u128::from(WHOLE);
        u64::try_from(part).unwrap_or(sat)
    };
    let mut parts: Vec<_> = shares.iter().map(part).collect();
    let rest = sat - parts.iter().sum::<u64>();
    if let Some(first) = parts.first_mut() {
        *first += rest;
    }
    parts
}
