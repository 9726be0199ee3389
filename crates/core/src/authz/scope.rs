//! Where a grant reaches.

use crate::ids::{ContainerId, GroupId, SiteId, SubAccountId};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A node of the resource tree that a grant can be limited to. By id, never by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "node", content = "id", rename_all = "snake_case")]
pub enum Node {
    /// A site and all below it.
    Site(SiteId),
    /// A container and all below it.
    Container(ContainerId),
    /// A saved selection of devices.
    Group(GroupId),
    /// A sub-account: its money, and the devices assigned to it.
    SubAccount(SubAccountId),
}

/// Where a grant reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// The whole account, now and later.
    All,
    /// These nodes and what is below them.
    Nodes(BTreeSet<Node>),
}

/// Most groups that one device is in.
pub const MAX_GROUPS: usize = 8;

/// The groups that a device is in.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Groups {
    /// Descending; 0 is none, as ids begin with 1.
    ids: [u32; MAX_GROUPS],
}

impl Groups {
    /// In none.
    pub const NONE: Self = Self { ids: [0; MAX_GROUPS] };

    /// Is this one of them?
    #[must_use]
    pub const fn has(&self, group: GroupId) -> bool {
        let (mut at, mut found) = (0, false);
        while at < MAX_GROUPS {
            found |= self.ids[at] == group.0;
            at += 1;
        }
        found & (group.0 != 0)
    }

    /// How many.
    #[must_use]
    pub fn count(&self) -> usize {
        self.ids.iter().filter(|id| **id != 0).count()
    }

    /// With one more; as it is if that is one of them, or if there is no room.
    #[must_use]
    pub fn with(mut self, group: GroupId) -> Self {
        if !self.has(group) && self.ids[MAX_GROUPS - 1] == 0 {
            self.ids[MAX_GROUPS - 1] = group.0;
            self.ids.sort_unstable_by(|one, other| other.cmp(one));
        }
        self
    }

    /// Without it.
    #[must_use]
    pub fn without(mut self, group: GroupId) -> Self {
        self.ids.iter_mut().filter(|id| **id == group.0).for_each(|id| *id = 0);
        self.ids.sort_unstable_by(|one, other| other.cmp(one));
        self
    }

    /// Each of them, as a node.
    pub fn into_nodes(self) -> impl Iterator<Item = Node> + use<> {
        self.ids.into_iter().filter(|id| *id != 0).map(|id| Node::Group(GroupId(id)))
    }
}

/// Where a thing is, for the question whether a scope covers it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The site it belongs to; `None`: to the account as a whole.
    pub site: Option<SiteId>,
    /// The container it stands in.
    pub container: Option<ContainerId>,
    /// The sub-account it is assigned to.
    pub sub_account: Option<SubAccountId>,
    /// The groups it is in.
    pub groups: Groups,
}

impl Place {
    /// The account itself, covered by scope `all` only.
    pub const ACCOUNT: Self = Self { site: None, container: None, sub_account: None, groups: Groups::NONE };

    /// Something of a site as a whole.
    #[must_use]
    pub const fn site(site: SiteId) -> Self {
        Self { site: Some(site), ..Self::ACCOUNT }
    }

    /// Something of a sub-account as a whole.
    #[must_use]
    pub const fn sub_account(sub_account: SubAccountId) -> Self {
        Self { sub_account: Some(sub_account), ..Self::ACCOUNT }
    }
}

impl Scope {
    /// Does it cover a thing at `place`?
    #[must_use]
    pub fn covers(&self, place: &Place) -> bool {
        match self {
            Self::All => true,
            Self::Nodes(nodes) => nodes.iter().any(|node| match node {
                Node::Site(id) => place.site == Some(*id),
                Node::Container(id) => place.container == Some(*id),
                Node::SubAccount(id) => place.sub_account == Some(*id),
                Node::Group(id) => place.groups.has(*id),
            }),
        }
    }

    /// Does it cover everything in the account?
    #[must_use]
    pub const fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }
}

/// Where a scope or a thing is, as one number: kind of node above, id below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark(u64);

/// Kinds of nodes that things are in, the account included.
const KINDS: usize = 4;

impl Mark {
    const ACCOUNT: Self = Self(0);
    /// Of a thing that is in no node of a kind. No scope has it, for its kind is none.
    const NOWHERE: Self = Self(u64::MAX);

    const fn of(kind: u64, id: u32) -> Self {
        Self(kind << 32 | id as u64)
    }
}

/// The kind of a group's mark; a thing may be in several.
const GROUP: u64 = KINDS as u64;

/// The marks of one place, by kind, and its groups.
pub(super) struct Marks([Mark; KINDS], Groups);

impl Marks {
    /// Is one of them this one?
    pub(super) const fn has(&self, mark: Mark) -> bool {
        let kind = mark.0 >> 32;
        if kind == GROUP {
            return self.1.has(GroupId(mark.0 as u32));
        }
        self.0[kind as usize % KINDS].0 == mark.0
    }
}

impl Place {
    /// The account's and those of every node that it is in.
    pub(super) fn marks(&self) -> Marks {
        let mark = |kind, id: Option<u32>| id.map_or(Mark::NOWHERE, |id| Mark::of(kind, id));
        let site = mark(1, self.site.map(|id| id.0));
        let container = mark(2, self.container.map(|id| id.0));
        Marks([Mark::ACCOUNT, site, container, mark(3, self.sub_account.map(|id| id.0))], self.groups)
    }
}

impl Scope {
    /// One for each node.
    pub(super) fn marks(&self) -> impl Iterator<Item = Mark> {
        let (all, nodes) = match self {
            Self::All => (Some(Mark::ACCOUNT), None),
            Self::Nodes(nodes) => (None, Some(nodes)),
        };
        let mark = |node: &Node| match node {
            Node::Site(id) => Mark::of(1, id.0),
            Node::Container(id) => Mark::of(2, id.0),
            Node::SubAccount(id) => Mark::of(3, id.0),
            Node::Group(id) => Mark::of(GROUP, id.0),
        };
        all.into_iter().chain(nodes.into_iter().flatten().map(mark))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every kind of scope at every kind of place, ids that look like other kinds' included.
    #[test]
    fn marks_say_what_covers_says() {
        let scopes = [
            Scope::All,
            Scope::Nodes([].into()),
            Scope::Nodes([Node::Site(SiteId(1)), Node::Container(ContainerId(2))].into()),
            Scope::Nodes([Node::Site(SiteId(0)), Node::SubAccount(SubAccountId(1))].into()),
            Scope::Nodes([Node::Container(ContainerId(0)), Node::SubAccount(SubAccountId(u32::MAX))].into()),
            Scope::Nodes([Node::Site(SiteId(u32::MAX)), Node::Group(GroupId(0)), Node::Group(GroupId(1))].into()),
            Scope::Nodes([Node::Group(GroupId(2)), Node::Group(GroupId(u32::MAX))].into()),
        ];
        let ids = [None, Some(0), Some(1), Some(2), Some(u32::MAX)];
        for (site, container) in ids.into_iter().flat_map(|site| ids.map(|container| (site, container))) {
            for (sub_account, groups) in
                ids.into_iter().flat_map(|id| [vec![], vec![1], vec![u32::MAX, 2]].map(|g| (id, g)))
            {
                let place = Place {
                    site: site.map(SiteId),
                    container: container.map(ContainerId),
                    sub_account: sub_account.map(SubAccountId),
                    groups: groups.into_iter().map(GroupId).fold(Groups::NONE, Groups::with),
                };
                for scope in &scopes {
                    let marked = scope.marks().any(|mark| place.marks().has(mark));
                    assert_eq!(marked, scope.covers(&place), "{scope:?} {place:?}");
                }
            }
        }
    }

    #[test]
    fn a_device_is_in_at_most_eight_groups_and_each_is_counted_once() {
        let all = (1..=9).map(GroupId).fold(Groups::NONE, Groups::with);
        assert_eq!((all.count(), all.has(GroupId(8)), all.has(GroupId(9))), (MAX_GROUPS, true, false));
        assert_eq!(all.with(GroupId(3)), all);
        let rest = all.without(GroupId(3)).without(GroupId(9));
        assert_eq!((rest.count(), rest.has(GroupId(3))), (7, false));
        assert_eq!(rest.with(GroupId(3)), all, "whatever the order they came in");
        assert!(!Groups::NONE.has(GroupId(0)));
        assert_eq!(rest.into_nodes().count(), 7);
    }
}
