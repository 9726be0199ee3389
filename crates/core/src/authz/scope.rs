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

/// Where a thing is, for the question whether a scope covers it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Place {
    /// The site it belongs to; `None`: to the account as a whole.
    pub site: Option<SiteId>,
    /// The container it stands in.
    pub container: Option<ContainerId>,
    /// The sub-account it is assigned to.
    pub sub_account: Option<SubAccountId>,
}

impl Place {
    /// The account itself, covered by scope `all` only.
    pub const ACCOUNT: Self = Self { site: None, container: None, sub_account: None };

    /// Something of a site as a whole.
    #[must_use]
    pub const fn site(site: SiteId) -> Self {
        Self { site: Some(site), container: None, sub_account: None }
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
                // Saved groups are not kept yet, so a grant on one reaches nothing.
                Node::Group(_) => false,
            }),
        }
    }

    /// Does it cover everything in the account?
    #[must_use]
    pub const fn is_all(&self) -> bool {
        matches!(self, Self::All)
    }
}
