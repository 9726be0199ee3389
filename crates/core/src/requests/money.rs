//! Where a sub-account's money goes: may it be asked, from when it holds, and which versions it was asked against.

use super::{Action, Control, RequestState};
use crate::{
    accounts::{self, Allocation, Recipient, Share, address, receivers},
    authz::{Actor, Permission, Place},
    decide::Tx,
    event::Event,
    ids::{AccountId, SubAccountId, UserId},
    rejection::Rejection,
    state::State,
    time::{Millis, Timestamp},
};
use std::collections::BTreeSet;

/// An address to which nothing was paid before waits at least so long, whatever the rules say.
const NEW_ADDRESS: Millis = Millis::hours(24);

/// Where a sub-account's money would go; as it is now where nothing is said.
struct Flow<'a> {
    own: SubAccountId,
    wallet: Option<&'a str>,
    shares: Option<&'a [Share]>,
}

impl Flow<'_> {
    const fn as_is(own: SubAccountId) -> Self {
        Self { own, wallet: None, shares: None }
    }
}

impl Action {
    /// With its addresses written in the one way there is, so that equal requests have equal hashes. What is no address stays as it
    /// is, to be refused.
    #[must_use]
    pub(crate) fn canonical(self) -> Self {
        self.with_addresses(&|given| address::canonical(given).unwrap_or_else(|_| given.to_owned()))
    }

    /// As somebody sees it who may not see addresses.
    #[must_use]
    pub fn masked(self) -> Self {
        self.with_addresses(&address::masked)
    }

    fn with_addresses(self, write: &dyn Fn(&str) -> String) -> Self {
        match self {
            Self::Control(Control::SetWallet { sub_account, address }) => {
                Self::Control(Control::SetWallet { sub_account, address: write(&address) })
            }
            Self::Control(Control::SetAllocation { sub_account, mut shares }) => {
                for share in &mut shares {
                    if let Recipient::Address { address } = &mut share.recipient {
                        *address = write(address);
                    }
                }
                Self::Control(Control::SetAllocation { sub_account, shares })
            }
            other => other,
        }
    }

    /// Does it name addresses?
    pub(crate) fn has_addresses(&self) -> bool {
        match self {
            Self::Control(Control::SetWallet { .. }) => true,
            Self::Control(Control::SetAllocation { shares, .. }) => shares.iter().any(|s| s.address().is_some()),
            _ => false,
        }
    }

    /// The sub-account whose money it is about.
    const fn money_of(&self) -> Option<SubAccountId> {
        match self {
            Self::Control(Control::SetWallet { sub_account, .. } | Control::SetAllocation { sub_account, .. }) => {
                Some(*sub_account)
            }
            _ => None,
        }
    }
}

impl State {
    /// How long it waits between approval and execution, whatever the policy says: as long as a new address has to where money
    /// would end up that went elsewhere before, through other sub-accounts too. A wait that is shortened is waited out once more:
    /// else whoever is held back by it would shorten it first.
    pub(crate) fn least_timelock(&self, account: AccountId, action: &Action) -> Millis {
        let (own, changed) = match action {
            Action::Control(Control::SetPolicies { changes } | Control::RemoveUser { changes, .. }) => {
                return self.longest_shortened(account, changes);
            }
            Action::Control(Control::SetAllocation { sub_account, shares }) => {
                (*sub_account, Flow { own: *sub_account, wallet: None, shares: Some(shares) })
            }
            Action::Control(Control::SetWallet { sub_account, address }) => {
                (*sub_account, Flow { own: *sub_account, wallet: Some(address), shares: None })
            }
            _ => return Millis(0),
        };
        let pays_elsewhere = |id| !self.ends_at(id, &changed).is_subset(&self.ends_at(id, &Flow::as_is(own)));
        let is_new = if changed.shares.is_some() {
            pays_elsewhere(own)
        } else {
            // For its own earnings the policy says how long; others' earnings may go through it.
            let account = self.sub_account_ever(own).map(|own| own.account);
            let all = account.into_iter().flat_map(|account| self.sub_accounts_of(account)).map(|one| one.id);
            let gives_on = |id: &SubAccountId| receivers(&self.money(*id).latest_allocation().shares).next().is_some();
            all.filter(|id| *id != own).filter(gives_on).any(pays_elsewhere)
        };
        if is_new { NEW_ADDRESS } else { Millis(0) }
    }

    /// The addresses at which a sub-account's earnings end up.
    fn ends_at(&self, from: SubAccountId, flow: &Flow<'_>) -> BTreeSet<String> {
        let (mut seen, mut open, mut addresses) = (BTreeSet::new(), vec![from], BTreeSet::new());
        while let Some(id) = open.pop() {
            if !seen.insert(id) {
                continue;
            }
            let money = self.money(id);
            let allocation = money.latest_allocation();
            let shares = flow.shares.filter(|_| id == flow.own).unwrap_or(&allocation.shares);
            for share in shares {
                match &share.recipient {
                    Recipient::Wallet {} => {
                        let given = flow.wallet.filter(|_| id == flow.own).map(str::to_owned);
                        addresses.extend(given.or_else(|| money.wallet().map(|wallet| wallet.address.clone())));
                    }
                    Recipient::Address { address } => drop(addresses.insert(address.clone())),
                    Recipient::SubAccount { sub_account } => open.push(*sub_account),
                }
            }
        }
        addresses
    }

    /// The request that waits out its timelock and would pay the sub-account's money elsewhere.
    #[must_use]
    pub fn hold_on(&self, sub_account: SubAccountId) -> Option<&super::Request> {
        self.open_controls().find(|request| {
            request.state == RequestState::Approved && request.payload.action.money_of() == Some(sub_account)
        })
    }

    /// Does the action name addresses that `actor` may not see?
    #[must_use]
    pub fn hides_addresses(&self, actor: &Actor, action: &Action, now: Timestamp) -> bool {
        let rights = self.rights_of(actor);
        let sees = |place: &Place| rights.allow(Permission::WalletView, place, now);
        action.has_addresses() && !self.places(action, &[]).iter().all(sees)
    }

    /// A sub-account out of a person's sight does not exist for them, here as everywhere.
    pub(crate) fn sees_recipients(
        &self,
        account: AccountId,
        user: UserId,
        shares: &[Share],
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let rights = self.rights_of_user(account, user);
        let seen = |share: &Share| match share.recipient {
            Recipient::SubAccount { sub_account } => {
                let place = Place::sub_account(sub_account);
                rights.allow(Permission::DeviceList, &place, now)
            }
            Recipient::Wallet {} | Recipient::Address { .. } => true,
        };
        if shares.iter().all(seen) { Ok(()) } else { Err(Rejection::NotFound { what: "sub-account" }) }
    }
}

impl Tx {
    pub(crate) fn check_money(&self, account: AccountId, control: &Control) -> Result<(), Rejection> {
        match control {
            Control::SetWallet { sub_account, address } => {
                self.own_sub_account(account, *sub_account)?;
                let invalid = |problem| Rejection::Invalid { field: "address", problem };
                let canonical = address::canonical(address).map_err(|error| invalid(error.to_string()))?;
                let money = self.state().money(*sub_account);
                let same = money.wallet().is_some_and(|wallet| wallet.address == canonical);
                if same { Err(Rejection::AlreadyExists { what: "this wallet address".into() }) } else { Ok(()) }
            }
            Control::SetAllocation { sub_account, shares } => self.check_allocation(account, *sub_account, shares),
            _ => Ok(()),
        }
    }

    fn check_allocation(&self, account: AccountId, own: SubAccountId, shares: &[Share]) -> Result<(), Rejection> {
        self.own_sub_account(account, own)?;
        let invalid = |problem| Rejection::Invalid { field: "shares", problem };
        accounts::check(own, shares).map_err(invalid)?;
        let asked = Allocation { shares: shares.into(), ..Allocation::own() };
        receivers(&asked.shares).try_for_each(|receiver| self.own_sub_account(account, receiver))?;
        if self.state().money(own).latest_allocation().shares.as_ref() == shares {
            return Err(Rejection::AlreadyExists { what: "this allocation".into() });
        }
        // The last versions are enough to look at: they take effect in the order in which they were set.
        let (mut seen, mut next) = (BTreeSet::new(), receivers(&asked.shares).collect::<Vec<_>>());
        while let Some(receiver) = next.pop() {
            if receiver == own {
                let problem =
                    format!("what {own} gives away would come back to it: leave a sub-account on the way out");
                return Err(invalid(problem));
            }
            if seen.insert(receiver) {
                next.extend(receivers(&self.state().money(receiver).latest_allocation().shares));
            }
        }
        Ok(())
    }

    /// Nothing must be lost with a sub-account: neither what is owed nor what others would still give it.
    pub(crate) fn check_nothing_owed(&self, account: AccountId, sub_account: SubAccountId) -> Result<(), Rejection> {
        let invalid = |problem| Err(Rejection::Invalid { field: "sub_account", problem });
        let owed = self.state().money(sub_account).owed();
        if owed > 0 {
            return invalid(format!("{owed} satoshi of its earnings have not been paid yet"));
        }
        let today = self.now().day();
        let mut others = self.state().sub_accounts_of(account).filter(|other| {
            let money = self.state().money(other.id);
            [money.allocation_at(today), money.latest_allocation()]
                .iter()
                .any(|a| receivers(&a.shares).any(|to| to == sub_account))
        });
        match others.next() {
            Some(other) => invalid(format!("{} gives it a part of its revenue: change that first", other.name)),
            None => Ok(()),
        }
    }

    pub(crate) fn money_effect(&self, control: &Control) -> Option<Event> {
        match control.clone() {
            Control::SetWallet { sub_account, address } => {
                let version = self.state().money(sub_account).wallet().map_or(0, |wallet| wallet.version) + 1;
                Some(Event::WalletSet { sub_account, version, address })
            }
            Control::SetAllocation { sub_account, shares } => {
                let version = self.state().money(sub_account).latest_allocation().version + 1;
                let effective_from = self.now().next_midnight();
                Some(Event::AllocationSet { sub_account, version, shares, effective_from })
            }
            _ => None,
        }
    }

    pub(crate) fn own_sub_account(&self, account: AccountId, id: SubAccountId) -> Result<(), Rejection> {
        let own = self.state().sub_account(id).is_some_and(|own| own.account == account);
        if own { Ok(()) } else { Err(Rejection::NotFound { what: "sub-account" }) }
    }
}
