//! What events change about sub-accounts' money, and what is due.

use super::State;
use crate::{
    accounts::{Allocation, Due, Money, Posting, Recipient, Wallet},
    event::{Entry, Event},
    ids::SubAccountId,
};
use std::sync::Arc;

impl State {
    pub(super) fn apply_money(&mut self, entry: &Entry) {
        match &entry.event {
            Event::WalletSet { sub_account, version, address } => {
                let wallet = Wallet { version: *version, address: address.clone(), since: entry.at };
                self.change_money(*sub_account, |money| money.wallets.push(wallet));
            }
            Event::AllocationSet { sub_account, version, shares, effective_from } => {
                let allocation = Allocation {
                    version: *version,
                    shares: shares.as_slice().into(),
                    set_at: entry.at,
                    effective_from: *effective_from,
                };
                self.change_money(*sub_account, |money| money.allocations.push(allocation));
            }
            Event::EarningsSettled { day, earned, postings, .. } => {
                for sub_account in earned.keys() {
                    self.change_money(*sub_account, |money| money.settled = Some(*day));
                }
                postings.iter().for_each(|posting| self.post(posting));
            }
            _ => {}
        }
    }

    /// What goes on to another sub-account is in that one's own postings.
    fn post(&mut self, posting: &Posting) {
        match &posting.to {
            Recipient::Wallet {} => self.change_money(posting.from, |money| money.own += posting.sat),
            Recipient::Address { address } => self.change_money(posting.from, |money| {
                *money.others.entry(address.clone()).or_default() += posting.sat;
            }),
            Recipient::SubAccount { .. } => {}
        }
    }

    fn change_money(&mut self, sub_account: SubAccountId, change: impl FnOnce(&mut Money)) {
        change(Arc::make_mut(self.money.entry(sub_account).or_default()));
    }

    /// What a sub-account's money is about; nothing has been set or earned at first.
    #[must_use]
    pub fn money(&self, sub_account: SubAccountId) -> Arc<Money> {
        self.money.get(&sub_account).cloned().unwrap_or_default()
    }

    /// What has been earned and not been paid.
    #[must_use]
    pub fn due(&self, sub_account: SubAccountId) -> Vec<Due> {
        let money = self.money(sub_account);
        let held_by = self.hold_on(sub_account).map(|request| request.id);
        let own = Due { address: money.wallet().map(|wallet| wallet.address.clone()), sat: money.own, held_by };
        let others =
            money.others.iter().map(|(address, sat)| Due { address: Some(address.clone()), sat: *sat, held_by });
        std::iter::once(own).chain(others).filter(|due| due.sat > 0).collect()
    }

    /// What could be paid now, and where: what is due, is not held and has an address.
    #[must_use]
    pub fn payable(&self, sub_account: SubAccountId) -> Vec<(String, u64)> {
        let free = self.due(sub_account).into_iter().filter(|due| due.held_by.is_none());
        free.filter_map(|due| Some((due.address?, due.sat))).collect()
    }
}
