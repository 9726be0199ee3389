//! No satoshi is made or lost, however earnings are shared out.

use adit_core::{
    accounts::{Allocation, Recipient, Share, WHOLE, distribute, split},
    ids::SubAccountId,
};
use proptest::prelude::*;

/// Shares that are together the whole, of these weights.
fn shares(weights: &[u32], recipient: impl Fn(usize) -> Recipient) -> Vec<Share> {
    let total: u32 = weights.iter().sum();
    let mut parts: Vec<_> = weights.iter().map(|weight| weight * WHOLE / total).collect();
    parts[0] += WHOLE - parts.iter().sum::<u32>();
    let share = |(at, basis_points)| Share { recipient: recipient(at), basis_points };
    parts.into_iter().enumerate().map(share).collect()
}

fn to_address(at: usize) -> Recipient {
    Recipient::Address { address: format!("address {at}") }
}

proptest! {
    #[test]
    fn parts_are_together_what_was_shared(sat in 0..=u64::MAX, weights in prop::collection::vec(1..1_000_u32, 1..=20)) {
        let shares = shares(&weights, to_address);
        let parts = split(sat, &shares);
        prop_assert_eq!(parts.iter().map(|part| u128::from(*part)).sum::<u128>(), u128::from(sat));
        for (part, share) in parts.iter().zip(&shares).skip(1) {
            prop_assert_eq!(u128::from(*part), u128::from(sat) * u128::from(share.basis_points) / u128::from(WHOLE));
        }
    }

    #[test]
    fn what_ends_somewhere_is_what_was_earned(
        earned in prop::collection::btree_map(0..8_u32, 0..1_000_000_000_u64, 1..8),
        weights in prop::collection::vec(prop::collection::vec(1..1_000_u32, 1..9), 8),
    ) {
        // Everybody gives to those of higher numbers only, and the first share is its own.
        let allocation = |id: SubAccountId| {
            let own = id.0 as usize;
            let weights = &weights[own][..weights[own].len().min(8 - own)];
            let recipient = |at: usize| match u32::try_from(at) {
                Ok(0) | Err(_) => Recipient::Wallet {},
                Ok(at) => Recipient::SubAccount { sub_account: SubAccountId(id.0 + at) },
            };
            Allocation { shares: shares(weights, recipient).into(), ..Allocation::own() }
        };
        let earned: std::collections::BTreeMap<_, _> = earned.into_iter().map(|(id, sat)| (SubAccountId(id), sat)).collect();
        let postings = distribute(&earned, allocation);
        let ends: u64 = postings.iter().filter(|p| p.to == Recipient::Wallet {}).map(|p| p.sat).sum();
        prop_assert_eq!(ends, earned.values().sum::<u64>());
        for id in (0..8).map(SubAccountId) {
            let received: u64 =
                postings.iter().filter(|p| p.to == Recipient::SubAccount { sub_account: id }).map(|p| p.sat).sum();
            let given: u64 = postings.iter().filter(|p| p.from == id).map(|p| p.sat).sum();
            prop_assert_eq!(given, received + earned.get(&id).copied().unwrap_or(0), "{} keeps nothing by itself", id);
        }
    }
}
