//! What a request changes about where money goes, from the version that it was asked against.

use super::row;
use crate::api::views::Viewer;
use adit_core::{
    accounts::{Allocation, Recipient, Share, address::masked},
    ids::SubAccountId,
    requests::{Action, Base, Control, Request},
};
use serde_json::Value;

const NONE: &str = "none";

impl Viewer<'_> {
    pub(super) fn sub_account(&self, id: SubAccountId) -> String {
        self.state.sub_account_ever(id).map_or_else(|| id.to_string(), |of| of.name.clone())
    }

    /// An address of before. What the request itself names is masked already where it has to be.
    fn old_address(&self, request: &Request, address: &str) -> String {
        let hidden = self.state.hides_addresses(self.actor, &request.payload.action, self.now);
        if hidden { masked(address) } else { address.to_owned() }
    }

    pub(super) fn of_wallet(&self, request: &Request, of: SubAccountId, address: &str) -> Vec<Value> {
        let (money, base) = (self.state.money(of), base(request));
        let old = money.wallets.iter().find(|wallet| wallet.version == base);
        let from = old.map_or_else(|| NONE.into(), |wallet| self.old_address(request, &wallet.address));
        vec![row(&format!("Wallet of {}", self.sub_account(of)), &from, address)]
    }

    /// One row for each recipient, before or after.
    pub(super) fn of_allocation(&self, request: &Request, of: SubAccountId, shares: &[Share]) -> Vec<Value> {
        let (money, base) = (self.state.money(of), base(request));
        let old = money.allocations.iter().find(|allocation| allocation.version == base);
        let old = old.cloned().unwrap_or_else(Allocation::own);
        let name = |share: &Share, address: &dyn Fn(&str) -> String| match &share.recipient {
            Recipient::Wallet {} => format!("Share of {}'s own wallet", self.sub_account(of)),
            Recipient::Address { address: to } => format!("Share of {}", address(to)),
            Recipient::SubAccount { sub_account } => format!("Share of {}", self.sub_account(*sub_account)),
        };
        let before = |address: &str| self.old_address(request, address);
        let old = old.shares.iter().map(|share| (name(share, &before), Some(share.basis_points), None));
        let mut rows: Vec<(String, Option<u32>, Option<u32>)> = old.collect();
        for share in shares {
            let name = name(share, &str::to_owned);
            match rows.iter_mut().find(|(known, _, to)| *known == name && to.is_none()) {
                Some((_, _, to)) => *to = Some(share.basis_points),
                None => rows.push((name, None, Some(share.basis_points))),
            }
        }
        rows.iter().map(|(name, from, to)| row(name, &percent(*from), &percent(*to))).collect()
    }
}

/// Version of what it would change, as it was when it was asked for.
fn base(request: &Request) -> u32 {
    let base = match &request.payload.action {
        Action::Control(Control::SetWallet { sub_account, .. }) => Base::Wallet(*sub_account),
        Action::Control(Control::SetAllocation { sub_account, .. }) => Base::Allocation(*sub_account),
        _ => return 0,
    };
    request.payload.base_number(base)
}

fn percent(basis_points: Option<u32>) -> String {
    basis_points.map_or_else(|| NONE.into(), |points| format!("{}.{:02} %", points / 100, points % 100))
}
