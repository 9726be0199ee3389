//! Where each target of a request stands, one after another.

use super::ItemState;
use imbl::shared_ptr::DefaultSharedPtr;
use serde::{Deserialize, Serialize, Serializer};
use std::{iter::Chain, ops::Index, slice};

/// So many lie close together and are copied whole when one changes. Most requests have no more.
const FEW: usize = 32;

/// One state for each target, in the order of the payload's targets. To change one of many copies a part of them only, and few
/// take no more room than they need.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(from = "Vec<ItemState>")]
pub struct Items {
    first: Box<[ItemState]>,
    others: imbl::Vector<ItemState>,
}

/// All of them, in order.
pub type Iter<'a> = Chain<slice::Iter<'a, ItemState>, imbl::vector::Iter<'a, ItemState, DefaultSharedPtr>>;

impl Items {
    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.first.len() + self.others.len()
    }

    /// Whether there are none: the request names its own object.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// The one of the target at this place.
    #[must_use]
    pub fn get(&self, place: usize) -> Option<&ItemState> {
        self.first.get(place).or_else(|| self.others.get(place.checked_sub(FEW)?))
    }

    /// The same, to be changed.
    pub(crate) fn get_mut(&mut self, place: usize) -> Option<&mut ItemState> {
        match place.checked_sub(FEW) {
            None => self.first.get_mut(place),
            Some(place) => self.others.get_mut(place),
        }
    }

    /// All of them, in order.
    pub fn iter(&self) -> Iter<'_> {
        self.first.iter().chain(self.others.iter())
    }
}

impl FromIterator<ItemState> for Items {
    fn from_iter<I: IntoIterator<Item = ItemState>>(items: I) -> Self {
        let mut items = items.into_iter();
        Self { first: items.by_ref().take(FEW).collect(), others: items.collect() }
    }
}

impl From<Vec<ItemState>> for Items {
    fn from(items: Vec<ItemState>) -> Self {
        items.into_iter().collect()
    }
}

impl Serialize for Items {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_seq(self)
    }
}

impl<'a> IntoIterator for &'a Items {
    type Item = &'a ItemState;
    type IntoIter = Iter<'a>;
    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl Index<usize> for Items {
    type Output = ItemState;
    fn index(&self, place: usize) -> &ItemState {
        self.get(place).expect("a place in the target list")
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use crate::ids::AgentId;
    use proptest::prelude::*;

    fn open(agent: u32) -> ItemState {
        ItemState::Open { agent: AgentId(agent) }
    }

    proptest! {
        #[test]
        fn they_are_a_list(count in 0..100_u32, changed in 0..110_usize) {
            let mut list: Vec<_> = (1..=count).map(open).collect();
            let mut items: Items = list.iter().cloned().collect();
            let before = items.clone();
            prop_assert_eq!(items.get_mut(changed).is_some(), changed < list.len());
            if let Some(slot) = items.get_mut(changed) {
                *slot = ItemState::Waiting;
                prop_assert_eq!(before.get(changed), list.get(changed), "a copy is not changed with it");
                list[changed] = ItemState::Waiting;
                prop_assert_eq!(&items[changed], &ItemState::Waiting);
            }
            prop_assert_eq!((items.len(), items.is_empty()), (list.len(), list.is_empty()));
            prop_assert!((0..110).all(|place| items.get(place) == list.get(place)));
            prop_assert_eq!(items.iter().collect::<Vec<_>>(), list.iter().collect::<Vec<_>>());
            let written = serde_json::to_string(&items).unwrap();
            prop_assert_eq!(&written, &serde_json::to_string(&list).unwrap(), "written as a list");
            prop_assert_eq!(serde_json::from_str::<Items>(&written).unwrap(), items);
        }
    }
}
