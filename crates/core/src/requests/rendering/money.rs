//! Where money goes, and who outside looks on.

use super::{Field, Mark, ObjectRef, Rows, Value, row::masked, text};
use crate::{
    accounts::{Recipient, Sections, Share, address},
    ids::{ObserverLinkId, SubAccountId},
    requests::NewObserverLink,
};

impl Rows<'_> {
    /// An address of before. What is asked for is masked already where it has to be.
    fn old_address(&self, address: &str) -> Value {
        Value::Address(if self.hides_addresses { address::masked(address) } else { address.to_owned() })
    }

    pub(super) fn wallet(&mut self, sub_account: SubAccountId, address: &str) {
        self.stated(Field::SubAccount, Value::Object(ObjectRef::SubAccount(sub_account)));
        let old = self.state.money(sub_account);
        let old = old.wallet().map_or(Value::Nothing, |wallet| self.old_address(&wallet.address));
        self.change(Field::Address, Some(old), Value::Address(address.to_owned()));
    }

    /// With where its money goes until then, and the links that show it.
    pub(super) fn removed_sub_account(&mut self, id: SubAccountId) {
        self.gone(Field::SubAccount, Some(Value::Object(ObjectRef::SubAccount(id))));
        let money = self.state.money(id);
        if let Some(wallet) = money.wallet() {
            let address = self.old_address(&wallet.address);
            self.gone(Field::Address, Some(address));
        }
        let shares: Vec<_> = money.latest_allocation().shares.iter().cloned().collect();
        for Share { recipient, basis_points } in shares {
            let recipient = if self.hides_addresses { masked(recipient) } else { recipient };
            let of = Some(ObjectRef::Recipient(recipient));
            self.change_of(Field::Share, of, Some(Value::BasisPoints(basis_points)), Value::Gone);
        }
        let now = self.state.clock;
        let shown = self.state.observer_links().filter(|link| link.is_live(now) && link.sub_accounts.contains(&id));
        let links: Vec<_> = shown.map(|link| ObjectRef::ObserverLink(link.id)).collect();
        if !links.is_empty() {
            self.found(Field::ObserverLink, Value::Objects(links));
        }
    }

    /// One row for each recipient, before or after. The first also gets what cannot be divided.
    pub(super) fn allocation(&mut self, sub_account: SubAccountId, shares: &[Share]) {
        self.stated(Field::SubAccount, Value::Object(ObjectRef::SubAccount(sub_account)));
        let old = self.state.money(sub_account).latest_allocation();
        let before = |share: &Share| {
            let Share { recipient, basis_points } = share.clone();
            (if self.hides_addresses { masked(recipient) } else { recipient }, basis_points)
        };
        let old: Vec<(Recipient, u32)> = old.shares.iter().map(before).collect();
        let part = |of: &Recipient| old.iter().find(|(known, _)| known == of).map(|(_, points)| *points);
        let value = |points: Option<u32>| points.map_or(Value::Nothing, Value::BasisPoints);
        let of = |recipient: &Recipient| Some(ObjectRef::Recipient(recipient.clone()));
        for Share { recipient, basis_points } in shares {
            let was = value(part(recipient));
            self.change_of(Field::Share, of(recipient), Some(was), Value::BasisPoints(*basis_points));
        }
        for (recipient, points) in &old {
            if !shares.iter().any(|share| share.recipient == *recipient) {
                self.change_of(Field::Share, of(recipient), Some(value(Some(*points))), Value::Nothing);
            }
        }
        let order =
            |recipients: Vec<Recipient>| Value::Objects(recipients.into_iter().map(ObjectRef::Recipient).collect());
        let was = order(old.into_iter().map(|(recipient, _)| recipient).collect());
        let is = order(shares.iter().map(|share| share.recipient.clone()).collect());
        self.change(Field::Recipients, Some(was), is);
    }

    pub(super) fn new_link(&mut self, new: &NewObserverLink) {
        let NewObserverLink { sub_accounts, sections, label, token_hash, expires_at, replaces } = new;
        let Sections { workers, earnings } = *sections;
        self.made(Field::Name, text(label));
        self.made(
            Field::SubAccounts,
            Value::Objects(sub_accounts.iter().copied().map(ObjectRef::SubAccount).collect()),
        );
        self.made(Field::ShowsWorkers, Value::Flag(workers));
        self.made(Field::ShowsEarnings, Value::Flag(earnings));
        self.made(Field::Token, Value::Secret(Mark::of(token_hash)));
        self.made(Field::Ends, Value::At(*expires_at));
        if let Some(old) = replaces {
            self.gone(Field::Replaces, Some(Value::Object(ObjectRef::ObserverLink(*old))));
        }
    }

    pub(super) fn narrowed_link(&mut self, link: ObserverLinkId, new: Sections) {
        let Sections { workers, earnings } = new;
        let old = self.state.observer_link(link).filter(|link| link.account == self.account).map(|link| link.sections);
        self.stated(Field::ObserverLink, Value::Object(ObjectRef::ObserverLink(link)));
        self.change(Field::ShowsWorkers, old.map(|old| Value::Flag(old.workers)), Value::Flag(workers));
        self.change(Field::ShowsEarnings, old.map(|old| Value::Flag(old.earnings)), Value::Flag(earnings));
    }

    pub(super) fn is_open(&self) -> Option<Value> {
        Some(Value::Flag(self.state.open_to_observers(self.account).is_some()))
    }

    pub(super) fn opened(&mut self, new: Sections) {
        let Sections { workers, earnings } = new;
        let old = self.state.open_to_observers(self.account).unwrap_or_default();
        self.change(Field::OpenToNames, self.is_open(), Value::Flag(true));
        self.change(Field::ShowsWorkers, Some(Value::Flag(old.workers)), Value::Flag(workers));
        self.change(Field::ShowsEarnings, Some(Value::Flag(old.earnings)), Value::Flag(earnings));
    }
}
