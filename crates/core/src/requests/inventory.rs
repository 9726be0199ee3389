//! Where devices stand and to whom they belong.

use super::Control;
use crate::{
    authz::{Node, Permission, Place},
    decide::Tx,
    event::Event,
    ids::{AccountId, ContainerId, DeviceId, SubAccountId, UserId},
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
}

impl Move {
    /// Where a device at `place` would be.
    pub(crate) const fn after(self, place: Place) -> Place {
        match self {
            Self::Container(container) => Place { container, ..place },
            Self::SubAccount(sub_account) => Place { sub_account, ..place },
        }
    }

    /// The number of the container or sub-account that a device at `place` is in.
    pub(crate) fn of(self, place: &Place) -> Option<u32> {
        match self {
            Self::Container(_) => place.container.map(|id| id.0),
            Self::SubAccount(_) => place.sub_account.map(|id| id.0),
        }
    }
}

impl Control {
    /// Which devices it moves, and where to.
    pub(crate) fn moves(&self) -> Option<(&[DeviceId], Move)> {
        match self {
            Self::PlaceDevices { devices, container } => Some((devices, Move::Container(*container))),
            Self::AssignDevices { devices, sub_account } => Some((devices, Move::SubAccount(*sub_account))),
            _ => None,
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
        let after = |id: &DeviceId| self.device(*id).map(|device| to.after(device.place()));
        let mut places: Vec<_> = devices.iter().filter_map(after).collect();
        // Where they go is the business of those who see all that is there.
        match to {
            Move::Container(Some(id)) => {
                let site = self.container_ever(id).map(|container| container.site);
                places.push(Place { site, container: Some(id), ..Place::ACCOUNT });
            }
            Move::SubAccount(Some(id)) => places.push(Place::sub_account(id)),
            Move::Container(None) | Move::SubAccount(None) => {}
        }
        places.sort_unstable();
        places.dedup();
        places
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
            Move::Container(None) | Move::SubAccount(None) => Ok(()),
        }
    }

    pub(crate) fn inventory_effects(&self, account: AccountId, control: &Control) -> Vec<Event> {
        match control.clone() {
            Control::PlaceDevices { devices, container } => vec![Event::DevicesPlaced { account, devices, container }],
            Control::AssignDevices { devices, sub_account } => {
                vec![Event::DevicesAssigned { account, devices, sub_account }]
            }
            _ => Vec::new(),
        }
    }
}
