//! Where devices stand and to whom they belong.

use super::{Control, RequestState};
use crate::{
    authz::{Node, Permission, Place},
    decide::Tx,
    event::Event,
    fleet::Device,
    ids::{AccountId, AgentId, ContainerId, DeviceId, SubAccountId, UserId},
    rejection::Rejection,
    state::State,
    time::Timestamp,
};

/// Most devices in one such request.
const MAX_DEVICES: usize = 10_000;

/// Where devices are put.
#[derive(Clone, Copy)]
pub(crate) enum Move {
    /// Into this container, or out of the one that they are in.
    Container(Option<ContainerId>),
    /// To this sub-account, or back to the account itself.
    SubAccount(Option<SubAccountId>),
    /// To this agent, on its site.
    Agent(AgentId),
}

impl Move {
    /// The number of the container, sub-account or agent that a device is with.
    pub(crate) fn of(self, device: &Device) -> Option<u32> {
        match self {
            Self::Container(_) => device.container.map(|id| id.0),
            Self::SubAccount(_) => device.sub_account.map(|id| id.0),
            Self::Agent(_) => Some(device.agent.0),
        }
    }
}

impl Control {
    /// Which devices it moves, and where to.
    pub(crate) fn moves(&self) -> Option<(&[DeviceId], Move)> {
        match self {
            Self::PlaceDevices { devices, container } => Some((devices, Move::Container(*container))),
            Self::AssignDevices { devices, sub_account } => Some((devices, Move::SubAccount(*sub_account))),
            Self::MoveDevices { devices, agent } => Some((devices, Move::Agent(*agent))),
            Self::RestartWorkers { .. }
            | Self::SetPolicies { .. }
            | Self::ChangeGrant(_)
            | Self::RemoveGrant { .. }
            | Self::CreateRole { .. }
            | Self::ChangeRole { .. }
            | Self::DeleteRole { .. }
            | Self::SetAdministratorsManageUsers { .. }
            | Self::SetSafeguards(_)
            | Self::SetSecondFactorRequired { .. }
            | Self::CreateSite { .. }
            | Self::ChangeSite { .. }
            | Self::RemoveSite { .. }
            | Self::CreateAgent { .. }
            | Self::ReissueAgentToken { .. }
            | Self::ChangeAgent { .. }
            | Self::RevokeAgent { .. }
            | Self::CreateScanTask { .. }
            | Self::ChangeScanTask { .. }
            | Self::RemoveScanTask { .. }
            | Self::CreateGroup { .. }
            | Self::ChangeGroup { .. }
            | Self::DeleteGroup { .. }
            | Self::RemoveSubAccount { .. }
            | Self::SetWallet { .. }
            | Self::SetAllocation { .. }
            | Self::IssueObserverLink(_)
            | Self::NarrowObserverLink { .. }
            | Self::RevokeObserverLink { .. }
            | Self::ProtectObservers {}
            | Self::OpenObservers { .. }
            | Self::IssueKey(_)
            | Self::RevokeKey { .. }
            | Self::FreezeAccount {}
            | Self::UnfreezeAccount {}
            | Self::DeleteAccount { .. }
            | Self::KeepAccount {}
            | Self::AddGrant(_)
            | Self::RemoveUser { .. }
            | Self::SuspendUser { .. }
            | Self::UnsuspendUser { .. }
            | Self::TransferOwnership { .. }
            | Self::Recover(_) => None,
        }
    }
}

impl State {
    /// A device out of a person's sight does not exist for them, here as everywhere.
    pub(crate) fn sees_all(
        &self,
        account: AccountId,
        user: UserId,
        devices: &[DeviceId],
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let rights = self.rights_of_user(account, user);
        let seen = |id: &DeviceId| {
            let device = self.device(*id).filter(|device| device.account == account);
            device.is_some_and(|device| rights.allow(Permission::DeviceList, &device.place(), now))
        };
        if devices.iter().all(seen) { Ok(()) } else { Err(Rejection::NotFound { what: "device" }) }
    }

    /// Nor does a container or sub-account that something would be put into.
    pub(crate) fn sees_destination(
        &self,
        account: AccountId,
        user: UserId,
        control: &Control,
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let (what, node) = match control.moves() {
            Some((_, Move::Container(Some(id)))) => ("container", Node::Container(id)),
            Some((_, Move::SubAccount(Some(id)))) => ("sub-account", Node::SubAccount(id)),
            Some((_, Move::Agent(agent))) => {
                let site = self.agent(agent).map(|agent| agent.site);
                ("agent", Node::Site(site.ok_or(Rejection::NotFound { what: "agent" })?))
            }
            Some((_, Move::Container(None) | Move::SubAccount(None))) | None => return Ok(()),
        };
        let place = self.place_of(account, node);
        let rights = self.rights_of_user(account, user);
        let seen = place.is_some_and(|place| rights.allow(Permission::DeviceList, &place, now));
        if seen { Ok(()) } else { Err(Rejection::NotFound { what }) }
    }

    /// Where the devices would be afterwards. Whoever moves something needs the permission there as well, so that nobody
    /// puts things out of their own reach.
    pub(crate) fn places_after(&self, control: &Control) -> Vec<Place> {
        let Some((devices, to)) = control.moves() else {
            return Vec::new();
        };
        let after = |id: &DeviceId| self.device(*id).map(|device| self.place_after(to, device.place()));
        let mut places: Vec<_> = devices.iter().filter_map(after).collect();
        // Where they go is the business of those who see all that is there.
        match to {
            Move::Container(Some(id)) => {
                let site = self.container_ever(id).map(|container| container.site);
                places.push(Place { site, container: Some(id), ..Place::ACCOUNT });
            }
            Move::SubAccount(Some(id)) => places.push(Place::sub_account(id)),
            Move::Agent(agent) => places.extend(self.agent(agent).map(|agent| Place::site(agent.site))),
            Move::Container(None) | Move::SubAccount(None) => {}
        }
        places.sort_unstable();
        places.dedup();
        places
    }

    /// Where a device at `place` would be. On another site it stands in none of the containers of the one it came from.
    pub(crate) fn place_after(&self, to: Move, place: Place) -> Place {
        match to {
            Move::Container(container) => Place { container, ..place },
            Move::SubAccount(sub_account) => Place { sub_account, ..place },
            Move::Agent(agent) => {
                let site = self.agent(agent).map(|agent| agent.site).or(place.site);
                Place { site, container: place.container.filter(|_| place.site == site), ..place }
            }
        }
    }
}

impl Tx {
    pub(crate) fn check_inventory(&self, account: AccountId, control: &Control) -> Result<(), Rejection> {
        let Some((devices, to)) = control.moves() else {
            return Ok(());
        };
        if devices.is_empty() || devices.len() > MAX_DEVICES {
            return Err(Rejection::OutOfRange { field: "devices".into(), min: 1, max: MAX_DEVICES as u64 });
        }
        let own = |id: &DeviceId| self.state().device(*id).is_some_and(|device| device.account == account);
        if !devices.iter().all(own) {
            return Err(Rejection::NotFound { what: "device" });
        }
        match to {
            Move::Container(Some(id)) => {
                let container = self.state().container(id).filter(|container| container.account == account);
                let site = container.ok_or(Rejection::NotFound { what: "container" })?.site;
                if devices.iter().any(|id| self.state().device(*id).is_none_or(|device| device.site != site)) {
                    let problem = "the container stands on another site than a device".into();
                    return Err(Rejection::Invalid { field: "container", problem });
                }
                Ok(())
            }
            Move::SubAccount(Some(id)) => {
                let own = self.state().sub_account(id).is_some_and(|sub_account| sub_account.account == account);
                if own { Ok(()) } else { Err(Rejection::NotFound { what: "sub-account" }) }
            }
            Move::Agent(agent) => self.check_agent(account, devices, agent),
            Move::Container(None) | Move::SubAccount(None) => Ok(()),
        }
    }

    /// Devices go only to an agent that has reported them, and not from under an order that is being carried out.
    fn check_agent(&self, account: AccountId, devices: &[DeviceId], agent: AgentId) -> Result<(), Rejection> {
        let state = self.state();
        let known = state.agent(agent).filter(|agent| agent.account == account);
        known.ok_or(Rejection::NotFound { what: "agent" })?;
        let reported = |id: &DeviceId| {
            let mut claims = state.claims_on(*id).iter();
            let holds = state.device(*id).is_some_and(|device| device.agent == agent);
            if holds { claims.len() > 0 } else { claims.any(|claim| claim.agent == agent) }
        };
        if let Some(id) = devices.iter().find(|id| !reported(id)) {
            let problem = format!("{id} has not been reported by that agent: let it search the device's address");
            return Err(Rejection::Invalid { field: "devices", problem });
        }
        let under_way =
            |id: &&DeviceId| state.holders_of(**id).iter().any(|request| request.state == RequestState::Executing);
        let busy: Vec<_> = devices.iter().filter(under_way).copied().collect();
        if busy.is_empty() { Ok(()) } else { Err(Rejection::DeviceBusy { devices: busy }) }
    }

    pub(crate) fn inventory_effects(&self, account: AccountId, control: &Control) -> Vec<Event> {
        let Some((devices, to)) = control.moves() else { return Vec::new() };
        let devices = devices.to_vec();
        match to {
            Move::Container(container) => vec![Event::DevicesPlaced { account, devices, container }],
            Move::SubAccount(sub_account) => vec![Event::DevicesAssigned { account, devices, sub_account }],
            Move::Agent(agent) => {
                let site = self.state().agent(agent).map(|agent| agent.site);
                site.map(|site| Event::DevicesMoved { account, agent, site, devices }).into_iter().collect()
            }
        }
    }
}
