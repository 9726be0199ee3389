//! The versions of everything that a request names, as its initiator and approvers saw them. If one of them changes before the
//! request is carried out, it is not carried out: what was approved is no longer what would happen.

use super::{Action, Control, GrantChange, NewGrant, NewKey, Scenario, inventory::Move};
use crate::{
    accounts::{Share, receivers},
    authz::{Node, RoleId, Scope},
    fleet::Device,
    ids::{AccountId, DeviceId, ParseIdError, SubAccountId, UserId},
    state::{State, Thing, tag},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

/// Something that a request rests on. Written `policy/fleet.power`, `wallet/sub-1`, `role/role-3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Base {
    /// A scenario's policy.
    Policy(Scenario),
    /// A sub-account's wallet.
    Wallet(SubAccountId),
    /// How a sub-account's earnings are shared out.
    Allocation(SubAccountId),
    /// Something that is made and changed.
    Thing(Thing),
    /// Where the devices stand, or to whom they belong, that the request moves.
    Places,
}

impl fmt::Display for Base {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Policy(scenario) => write!(f, "policy/{}", scenario.name()),
            Self::Wallet(id) => write!(f, "wallet/{id}"),
            Self::Allocation(id) => write!(f, "allocation/{id}"),
            Self::Places => f.write_str("places"),
            Self::Thing(thing) => match thing {
                Thing::Site(id) => write!(f, "site/{id}"),
                Thing::Container(id) => write!(f, "container/{id}"),
                Thing::SubAccount(id) => write!(f, "sub_account/{id}"),
                Thing::Agent(id) => write!(f, "agent/{id}"),
                Thing::ScanTask(id) => write!(f, "scan_task/{id}"),
                Thing::Role(id) => write!(f, "role/{id}"),
                Thing::Group(id) => write!(f, "group/{id}"),
                Thing::Grant(id) => write!(f, "grant/{id}"),
                Thing::Key(id) => write!(f, "api_key/{id}"),
            },
        }
    }
}

/// A text that is no [`Base`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("neither places nor a kind and an id such as policy/fleet.power")]
pub struct NotABase;

impl From<ParseIdError> for NotABase {
    fn from(_: ParseIdError) -> Self {
        Self
    }
}

impl FromStr for Base {
    type Err = NotABase;
    fn from_str(text: &str) -> Result<Self, NotABase> {
        if text == "places" {
            return Ok(Self::Places);
        }
        let (kind, id) = text.split_once('/').ok_or(NotABase)?;
        let thing = match kind {
            "policy" => return Scenario::named(id).map(Self::Policy).ok_or(NotABase),
            "wallet" => return Ok(Self::Wallet(id.parse()?)),
            "allocation" => return Ok(Self::Allocation(id.parse()?)),
            "site" => Thing::Site(id.parse()?),
            "container" => Thing::Container(id.parse()?),
            "sub_account" => Thing::SubAccount(id.parse()?),
            "agent" => Thing::Agent(id.parse()?),
            "scan_task" => Thing::ScanTask(id.parse()?),
            "role" => Thing::Role(id.parse()?),
            "group" => Thing::Group(id.parse()?),
            "grant" => Thing::Grant(id.parse()?),
            "api_key" => Thing::Key(id.parse()?),
            _ => return Err(NotABase),
        };
        Ok(Self::Thing(thing))
    }
}

impl Serialize for Base {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Base {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

/// The version of a [`Base`]: a number that only grows where there is one, else the tag of what it is now; empty if it is gone.
pub type Version = String;

impl State {
    /// Versions of everything that the action names, as they are now.
    pub(crate) fn base_versions(&self, account: AccountId, action: &Action) -> BTreeMap<Base, Version> {
        let bases = self.bases(account, action);
        bases.into_iter().map(|base| (base, self.version_of(account, action, base))).collect()
    }

    /// The version of one of them now.
    pub(crate) fn version_of(&self, account: AccountId, action: &Action, base: Base) -> Version {
        match base {
            Base::Policy(scenario) => self.policy(account, scenario).version.to_string(),
            Base::Wallet(id) => self.money(id).wallet().map_or(0, |wallet| wallet.version).to_string(),
            Base::Allocation(id) => self.money(id).latest_allocation().version.to_string(),
            Base::Thing(thing) => self.tag_of(thing).unwrap_or_default(),
            Base::Places => match action {
                Action::Control(control) => self.tag_of_places(control).unwrap_or_default(),
                Action::Device(_) => Version::default(),
            },
        }
    }

    fn bases(&self, account: AccountId, action: &Action) -> BTreeSet<Base> {
        let Action::Control(control) = action else {
            return BTreeSet::new();
        };
        let mut bases = self.bases_of(account, control);
        bases.extend(control.moves().map(|_| Base::Places));
        // What gives somebody rights is held back by that rule besides its own.
        if self.takes_what_adding_takes(account, action) {
            bases.insert(Base::Policy(Scenario::AuthorizationAdd));
        }
        bases
    }

    fn bases_of(&self, account: AccountId, control: &Control) -> BTreeSet<Base> {
        let thing = |thing| BTreeSet::from([Base::Thing(thing)]);
        match control {
            Control::SetPolicies { changes } | Control::RemoveUser { changes, user: _ } => {
                changes.iter().map(|change| Base::Policy(change.scenario)).collect()
            }
            Control::AddGrant(NewGrant { role, scope, .. }) => of_terms(*role, scope),
            Control::ChangeGrant(GrantChange { grant, role, scope, .. }) => {
                of_terms(*role, scope).into_iter().chain([Base::Thing(Thing::Grant(*grant))]).collect()
            }
            Control::RemoveGrant { grant } => thing(Thing::Grant(*grant)),
            Control::UnsuspendUser { user } => self.of_grants(account, *user),
            Control::TransferOwnership { then, to: _ } => of_terms(*then, &Scope::All),
            Control::IssueKey(NewKey { grant, .. }) => {
                let role = self.grant(*grant).and_then(|grant| of_role(grant.role));
                role.into_iter().chain([Base::Thing(Thing::Grant(*grant))]).collect()
            }
            Control::ChangeRole { role, .. } | Control::DeleteRole { role } => thing(Thing::Role(*role)),
            Control::ChangeGroup { group, .. } | Control::DeleteGroup { group, .. } => thing(Thing::Group(*group)),
            Control::RestartWorkers { site }
            | Control::ChangeSite { site, .. }
            | Control::RemoveSite { site, .. }
            | Control::CreateAgent { site, .. } => thing(Thing::Site(*site)),
            Control::ReissueAgentToken { agent, .. }
            | Control::ChangeAgent { agent, .. }
            | Control::RevokeAgent { agent }
            | Control::CreateScanTask { agent, .. } => thing(Thing::Agent(*agent)),
            Control::ChangeScanTask { scan_task, .. } | Control::RemoveScanTask { scan_task } => {
                thing(Thing::ScanTask(*scan_task))
            }
            Control::PlaceDevices { container, devices: _ } => {
                let container = container.map(|id| Base::Thing(Thing::Container(id)));
                container.into_iter().collect()
            }
            Control::AssignDevices { sub_account, devices: _ } => {
                let sub_account = sub_account.map(|id| Base::Thing(Thing::SubAccount(id)));
                sub_account.into_iter().collect()
            }
            Control::MoveDevices { agent, devices: _ } => thing(Thing::Agent(*agent)),
            Control::RemoveSubAccount { sub_account } => thing(Thing::SubAccount(*sub_account)),
            Control::SetWallet { sub_account, address: _ } => {
                [Base::Wallet(*sub_account), Base::Thing(Thing::SubAccount(*sub_account))].into()
            }
            Control::SetAllocation { sub_account, shares } => self.of_allocation(*sub_account, shares),
            Control::IssueObserverLink(new) => {
                new.sub_accounts.iter().map(|id| Base::Thing(Thing::SubAccount(*id))).collect()
            }
            // They name nobody, or only what cannot change before it ends.
            Control::SuspendUser { .. }
            | Control::CreateRole { .. }
            | Control::SetAdministratorsManageUsers { .. }
            | Control::SetSafeguards(_)
            | Control::SetSecondFactorRequired { .. }
            | Control::CreateSite { .. }
            | Control::CreateGroup { .. }
            | Control::NarrowObserverLink { .. }
            | Control::RevokeObserverLink { .. }
            | Control::ProtectObservers {}
            | Control::OpenObservers { .. }
            | Control::RevokeKey { .. }
            | Control::FreezeAccount {}
            | Control::UnfreezeAccount {}
            | Control::DeleteAccount { .. }
            | Control::KeepAccount {}
            // Nobody is to stand in its way by changing something while it waits.
            | Control::Recover(_) => BTreeSet::new(),
        }
    }

    /// What ending a suspension gives back.
    fn of_grants(&self, account: AccountId, user: UserId) -> BTreeSet<Base> {
        let held = self.grants_of(account).filter(|grant| grant.user == user);
        held.flat_map(|grant| {
            let terms = of_terms(grant.role, &grant.scope);
            terms.into_iter().chain([Base::Thing(Thing::Grant(grant.id))])
        })
        .collect()
    }

    /// The allocation, and all that says where its shares end up.
    fn of_allocation(&self, own: SubAccountId, shares: &[Share]) -> BTreeSet<Base> {
        let mut bases = BTreeSet::from([Base::Allocation(own), Base::Thing(Thing::SubAccount(own))]);
        let mut open: Vec<_> = receivers(shares).collect();
        while let Some(next) = open.pop() {
            if next != own && bases.insert(Base::Thing(Thing::SubAccount(next))) {
                bases.extend([Base::Wallet(next), Base::Allocation(next)]);
                open.extend(receivers(&self.money(next).latest_allocation().shares));
            }
        }
        bases
    }

    fn tag_of_places(&self, control: &Control) -> Option<Version> {
        let (devices, to) = control.moves()?;
        let disputed = |device: &Device| match to {
            Move::Agent(agent) => self.disputed_addresses(device, agent),
            Move::Container(_) | Move::SubAccount(_) => None,
        };
        let place = |id: &DeviceId| self.device(*id).map(|device| (device.site, to.of(device), disputed(device)));
        let places: Vec<_> = devices.iter().map(|id| (id, place(id))).collect();
        tag(&places)
    }
}

fn of_role(role: RoleId) -> Option<Base> {
    match role {
        RoleId::BuiltIn(_) => None,
        RoleId::Custom(id) => Some(Base::Thing(Thing::Role(id))),
    }
}

fn of_terms(role: RoleId, scope: &Scope) -> BTreeSet<Base> {
    let nodes = match scope {
        Scope::All => None,
        Scope::Nodes(nodes) => Some(nodes),
    };
    let thing = |node: &Node| match node {
        Node::Site(id) => Thing::Site(*id),
        Node::Container(id) => Thing::Container(*id),
        Node::Group(id) => Thing::Group(*id),
        Node::SubAccount(id) => Thing::SubAccount(*id),
    };
    nodes.into_iter().flatten().map(|node| Base::Thing(thing(node))).chain(of_role(role)).collect()
}
