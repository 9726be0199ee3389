//! Which devices are in which node, one bit a device: all that a person may act on is found in a few passes over words, however
//! large the fleet is.

use super::State;
use crate::{
    authz::{Groups, Node, Permission, Place, Reach, Scope},
    fleet::Device,
    ids::{AccountId, DeviceId, UserId},
    time::Timestamp,
};
use std::sync::Arc;

const BITS: usize = u64::BITS as usize;

/// Devices, one bit each. No word at the end is empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeviceSet(Vec<u64>);

impl DeviceSet {
    /// Is the device among them?
    #[must_use]
    pub fn contains(&self, device: DeviceId) -> bool {
        self.0.get(device.index() / BITS).is_some_and(|word| word >> (device.index() % BITS) & 1 != 0)
    }

    /// How many they are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// None?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them, by id.
    pub fn iter(&self) -> impl Iterator<Item = DeviceId> + '_ {
        let ids = |(at, word): (u32, &u64)| {
            let rest = |left: &u64| Some(left & (left - 1)).filter(|left| *left != 0);
            std::iter::successors(Some(*word).filter(|word| *word != 0), rest)
                .map(move |left| DeviceId(at * u64::BITS + left.trailing_zeros()))
        };
        (0..).zip(&self.0).flat_map(ids)
    }

    fn insert(&mut self, device: DeviceId) {
        let at = device.index() / BITS;
        if self.0.len() <= at {
            self.0.resize(at + 1, 0);
        }
        self.0[at] |= 1 << (device.index() % BITS);
    }

    fn remove(&mut self, device: DeviceId) {
        if let Some(word) = self.0.get_mut(device.index() / BITS) {
            *word &= !(1 << (device.index() % BITS));
        }
        while self.0.last() == Some(&0) {
            self.0.pop();
        }
    }

    fn add(&mut self, others: &Self) {
        let shared = self.0.len().min(others.0.len());
        for (word, other) in self.0.iter_mut().zip(&others.0) {
            *word |= other;
        }
        self.0.extend_from_slice(&others.0[shared..]);
    }
}

/// The devices of every account and of every node.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Territories(imbl::OrdMap<(AccountId, Option<Node>), Arc<DeviceSet>>);

/// The account and whatever else a device is in; nothing once it is removed.
fn nodes_of(device: &Device) -> impl Iterator<Item = (AccountId, Option<Node>)> + use<> {
    let (account, groups) = (device.account, device.groups);
    let container = device.container.map(Node::Container);
    let sub_account = device.sub_account.map(Node::SubAccount);
    let nodes = std::iter::once(Node::Site(device.site)).chain(container).chain(sub_account).chain(groups.into_nodes());
    let all = std::iter::once(None).chain(nodes.map(Some)).map(move |node| (account, node));
    let there = !device.removed;
    all.filter(move |_| there)
}

impl Territories {
    /// Takes note of where a device is now and, if it was known, where it was.
    pub(crate) fn moved(&mut self, was: Option<&Device>, is: &Device) {
        let same = |was: &Device| was.account == is.account && was.place() == is.place() && was.removed == is.removed;
        if was.is_some_and(same) {
            return;
        }
        for node in was.into_iter().flat_map(nodes_of) {
            if let Some(devices) = self.0.get_mut(&node) {
                Arc::make_mut(devices).remove(is.id);
            }
            if self.0.get(&node).is_some_and(|devices| devices.is_empty()) {
                self.0.remove(&node);
            }
        }
        for node in nodes_of(is) {
            Arc::make_mut(self.0.entry(node).or_default()).insert(is.id);
        }
    }

    /// Those that any of the scopes covers.
    fn within<'s>(&self, account: AccountId, scopes: impl Iterator<Item = &'s Scope>) -> Arc<DeviceSet> {
        let mut sets = Vec::new();
        for scope in scopes {
            match scope {
                Scope::All => return self.0.get(&(account, None)).cloned().unwrap_or_default(),
                Scope::Nodes(nodes) => {
                    sets.extend(nodes.iter().filter_map(|node| self.0.get(&(account, Some(*node)))));
                }
            }
        }
        let Some((first, others)) = sets.split_first() else {
            return Arc::default();
        };
        let mut all = Arc::clone(first);
        for set in others {
            Arc::make_mut(&mut all).add(set);
        }
        all
    }
}

impl State {
    /// Where a node of an account is, as long as it is there.
    #[must_use]
    pub fn place_of(&self, account: AccountId, node: Node) -> Option<Place> {
        let (of, place) = match node {
            Node::Site(id) => (self.site(id)?.account, Place::site(id)),
            Node::Container(id) => {
                let container = self.container(id)?;
                (container.account, Place { container: Some(id), ..Place::site(container.site) })
            }
            Node::SubAccount(id) => (self.sub_account(id)?.account, Place::sub_account(id)),
            Node::Group(id) => (self.group(id)?.account, Place { groups: Groups::NONE.with(id), ..Place::ACCOUNT }),
        };
        (of == account).then_some(place)
    }

    /// The devices in a node.
    #[must_use]
    pub fn devices_in(&self, account: AccountId, node: Node) -> Arc<DeviceSet> {
        self.territories.0.get(&(account, Some(node))).cloned().unwrap_or_default()
    }

    /// All devices within reach.
    #[must_use]
    pub fn devices_within(&self, reach: &Reach) -> Arc<DeviceSet> {
        self.territories.within(reach.account(), reach.scopes())
    }

    /// All devices of an account that lie in any of these scopes.
    pub(crate) fn devices_in_any<'s>(
        &self,
        account: AccountId,
        scopes: impl Iterator<Item = &'s Scope>,
    ) -> Arc<DeviceSet> {
        self.territories.within(account, scopes)
    }

    /// All devices on which a person may use a permission.
    #[must_use]
    pub fn devices_for(
        &self,
        account: AccountId,
        user: UserId,
        permission: Permission,
        now: Timestamp,
    ) -> Arc<DeviceSet> {
        let Some(rights) = self.rights.get(account, user) else {
            return Arc::default();
        };
        self.territories.within(account, rights.with(permission, now).map(|right| &right.scope))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_set_is_a_set() {
        let (mut set, mut model) = (DeviceSet::default(), BTreeSet::new());
        for step in 0_u32..4_000 {
            let device = DeviceId(1 + step.wrapping_mul(2_654_435_769) % 700);
            if step % 3 == 0 {
                set.remove(device);
                model.remove(&device);
            } else {
                set.insert(device);
                model.insert(device);
            }
            assert_eq!(set.contains(device), model.contains(&device));
        }
        assert!(set.iter().eq(model.iter().copied()));
        assert_eq!((set.len(), set.is_empty()), (model.len(), false));
        let mut both = DeviceSet::default();
        both.insert(DeviceId(2_000));
        for (small, large) in [(set.clone(), both.clone()), (both, set.clone())] {
            let mut sum = small;
            sum.add(&large);
            assert!(sum.iter().eq(model.iter().copied().chain([DeviceId(2_000)])));
        }
        for device in model {
            set.remove(device);
        }
        assert_eq!(set, DeviceSet::default());
    }
}
