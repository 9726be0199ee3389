//! Everybody's rights, to be found quickly: most people belong to one account, and their ids are dense.

use super::Rights;
use crate::{
    ids::{AccountId, UserId},
    time::Timestamp,
};
use std::sync::Arc;

/// People with a higher number are looked up in the tree only.
const SEATS: usize = 1 << 20;

/// Rights by account and person. Cheap to clone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct RightsTable {
    all: imbl::OrdMap<(AccountId, UserId), Rights>,
    /// By person: those on the first of their accounts, once more. Copied when a grant comes or goes while somebody reads.
    first: Arc<Vec<Option<(AccountId, Rights)>>>,
    /// When rights end by themselves, and whose.
    ends: imbl::OrdSet<(Timestamp, AccountId, UserId)>,
}

impl RightsTable {
    pub(crate) fn get(&self, account: AccountId, user: UserId) -> Option<&Rights> {
        match self.first.get(user.index()) {
            Some(Some((first, rights))) if *first == account => Some(rights),
            _ => self.all.get(&(account, user)),
        }
    }

    /// Sets them; empty ones are not kept.
    pub(crate) fn set(&mut self, account: AccountId, user: UserId, rights: Rights) {
        for end in self.all.get(&(account, user)).into_iter().flat_map(Rights::ends) {
            self.ends.remove(&(end, account, user));
        }
        self.ends.extend(rights.ends().map(|end| (end, account, user)));
        if rights.is_empty() {
            self.all.remove(&(account, user));
        } else {
            self.all.insert((account, user), rights);
        }
        if user.index() < SEATS {
            let first = self.all.iter().find(|((_, holder), _)| *holder == user);
            let first = first.map(|((account, _), rights)| (*account, rights.clone()));
            let seats = Arc::make_mut(&mut self.first);
            seats.resize_with(seats.len().max(user.index() + 1), || None);
            seats[user.index()] = first;
            while seats.last().is_some_and(Option::is_none) {
                seats.pop();
            }
        }
    }

    /// Whose rights, or some of them, ended after `after` and until `until`.
    pub(crate) fn ended(&self, after: Timestamp, until: Timestamp) -> impl Iterator<Item = (AccountId, UserId)> + '_ {
        let from = (Timestamp(after.0.saturating_add(1)), AccountId(0), UserId(0));
        let within = move |(end, _, _): &&(Timestamp, AccountId, UserId)| *end <= until;
        self.ends.range(from..).take_while(within).map(|(_, account, user)| (*account, *user))
    }

    /// Who has any on this account, in the order of their numbers.
    pub(crate) fn people(&self, account: AccountId) -> impl Iterator<Item = UserId> + '_ {
        let here = self.all.range((account, UserId(0))..).take_while(move |((of, _), _)| *of == account);
        here.map(|((_, user), _)| *user)
    }

    /// Who has any, and where.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &(AccountId, UserId)> {
        self.all.keys()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authz::{ApiAccess, Grant, Role, Scope},
        ids::GrantId,
    };

    fn rights(account: AccountId, role: Role) -> Rights {
        rights_until(account, role, None)
    }

    fn rights_until(account: AccountId, role: Role, expires_at: Option<Timestamp>) -> Rights {
        let grant = Grant {
            id: GrantId(1),
            account,
            user: UserId(1),
            role: role.into(),
            scope: Scope::All,
            expires_at,
            remark: None,
            api_access: ApiAccess::None,
        };
        Rights::of(std::iter::once((&grant, role.permissions())))
    }

    #[test]
    fn a_person_of_two_accounts_has_each_accounts_rights() {
        let (one, two, user) = (AccountId(1), AccountId(2), UserId(7));
        let (viewer, owner) = (rights(one, Role::Viewer), rights(two, Role::Owner));
        for order in [[&one, &two], [&two, &one]] {
            let mut table = RightsTable::default();
            for account in order {
                table.set(*account, user, if *account == one { viewer.clone() } else { owner.clone() });
            }
            assert_eq!((table.get(one, user), table.get(two, user)), (Some(&viewer), Some(&owner)));
            assert_eq!(table.get(AccountId(3), user), None);
            table.set(one, user, Rights::default());
            assert_eq!((table.get(one, user), table.get(two, user)), (None, Some(&owner)));
            table.set(two, user, Rights::default());
            assert_eq!(table, RightsTable::default());
        }
    }

    #[test]
    fn ends_are_told_once_they_have_passed_and_not_before_nor_twice() {
        let (account, user, end) = (AccountId(1), UserId(1), Timestamp(1_000));
        let mut table = RightsTable::default();
        table.set(account, user, rights_until(account, Role::Viewer, Some(end)));
        let told = |table: &RightsTable, after, until| table.ended(Timestamp(after), Timestamp(until)).count();
        assert_eq!([(0, 999), (999, 1_000), (0, 5_000)].map(|(a, b)| told(&table, a, b)), [0, 1, 1]);
        assert_eq!([(1_000, 2_000), (1_000, 1_000), (2_000, 1_000)].map(|(a, b)| told(&table, a, b)), [0; 3]);
        table.set(account, user, rights(account, Role::Viewer));
        assert_eq!(told(&table, 0, 5_000), 0, "it was prolonged");
    }

    #[test]
    fn a_number_beyond_the_seats_is_found_all_the_same() {
        let (account, user) = (AccountId(1), UserId(u32::MAX));
        let mut table = RightsTable::default();
        table.set(account, user, rights(account, Role::Viewer));
        assert!(table.get(account, user).is_some());
        assert!(table.first.is_empty());
    }
}
