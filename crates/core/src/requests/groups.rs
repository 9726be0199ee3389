//! Saved selections of devices. A grant may reach a group, so that whoever changes the group changes what people reach: it
//! takes what giving them that takes.

use super::Control;
use crate::{
    authz::{MAX_GROUPS, Node, Permission, Place},
    decide::Tx,
    event::Event,
    fleet::Group,
    ids::{AccountId, DeviceId, GroupId, UserId},
    rejection::Rejection,
    state::State,
    time::Timestamp,
};
use std::collections::BTreeSet;

/// Most devices in one group.
const MAX_DEVICES: usize = 10_000;
/// Most groups of an account.
const MAX_OF_ACCOUNT: usize = 200;

/// What a change of a group does to somebody with a grant on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Change {
    /// They reach something that they did not.
    More,
    /// They only lose.
    Less,
}

/// In order, each once.
fn tidy(mut devices: Vec<DeviceId>) -> Vec<DeviceId> {
    devices.sort_unstable();
    devices.dedup();
    devices
}

impl State {
    fn added<'a>(&'a self, group: GroupId, devices: &'a [DeviceId]) -> impl Iterator<Item = DeviceId> + 'a {
        let old: &[DeviceId] = self.group(group).map_or(&[], |group| &group.devices);
        devices.iter().copied().filter(|device| old.binary_search(device).is_err())
    }

    /// Where the devices stand that a change adds; each place once.
    pub(crate) fn places_added(&self, group: GroupId, devices: &[DeviceId]) -> Vec<Place> {
        let places = self.added(group, devices).filter_map(|id| self.device(id).map(crate::fleet::Device::place));
        let mut places: Vec<_> = places.collect();
        places.sort_unstable();
        places.dedup();
        places
    }

    /// What a change of a group does to what `user` reaches; nothing if no grant of theirs names it.
    pub(crate) fn reach_by_group(&self, control: &Control, user: UserId) -> Option<Change> {
        let Control::ChangeGroup { group: id, devices, .. } = control else {
            return None;
        };
        let group = self.group(*id)?;
        let names_it = self.grants_on(group.account, Node::Group(*id)).any(|grant| grant.user == user);
        let kept: BTreeSet<_> = devices.iter().collect();
        let loses = || group.devices.iter().any(|device| !kept.contains(device));
        match names_it {
            true if self.added(*id, devices).next().is_some() => Some(Change::More),
            true if loses() => Some(Change::Less),
            _ => None,
        }
    }

    /// Adding devices gives them to everybody with a grant on the group: it takes as many approvals as making them approvers
    /// there would.
    pub(crate) fn closure_of_group(&self, group: GroupId, devices: &[DeviceId]) -> u32 {
        let Some(account) = self.group(group).map(|group| group.account) else {
            return 0;
        };
        if self.added(group, devices).next().is_none() {
            return 0;
        }
        let naming = self.grants_on(account, Node::Group(group));
        naming.map(|grant| self.closure_of(account, grant.role)).max().unwrap_or(0)
    }

    /// Nobody gives what they do not hold themselves, at any of these places.
    pub(crate) fn holds_what_is_given(
        &self,
        account: AccountId,
        user: UserId,
        group: GroupId,
        places: &[Place],
        now: Timestamp,
    ) -> Result<(), Rejection> {
        let rights = self.rights_of_user(account, user);
        let given = self.grants_on(account, Node::Group(group)).fold(0, |mask, grant| mask | self.mask_of(grant.role));
        let lacking = Permission::all()
            .filter(|permission| given & permission.bit() != 0)
            .find(|permission| !places.iter().all(|place| rights.allow(*permission, place, now)));
        lacking.map_or(Ok(()), |permission| Err(Rejection::BeyondOwnRights { permission }))
    }
}

impl Tx {
    pub(crate) fn own_group(&self, account: AccountId, group: GroupId) -> Result<&Group, Rejection> {
        let group = self.state().group(group).filter(|group| group.account == account);
        group.ok_or(Rejection::NotFound { what: "group" })
    }

    pub(crate) fn check_group(&self, account: AccountId, control: &Control) -> Result<(), Rejection> {
        match control {
            Control::CreateGroup { name, devices } => {
                if self.state().groups_of(account).count() >= MAX_OF_ACCOUNT {
                    return Err(Rejection::OutOfRange { field: "groups".into(), min: 0, max: MAX_OF_ACCOUNT as u64 });
                }
                self.check_members(account, None, name, devices)
            }
            Control::ChangeGroup { group, name, devices, version } => {
                self.check_version(account, *group, *version)?;
                self.check_members(account, Some(*group), name, devices)
            }
            Control::DeleteGroup { group, version } => {
                self.check_version(account, *group, *version)?;
                if self.state().grants_on(account, Node::Group(*group)).next().is_some() {
                    let problem = "people reach it by a grant: give them another reach first".into();
                    return Err(Rejection::Invalid { field: "group", problem });
                }
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Checked where it is decided: whoever has seen another version is not to change this one.
    fn check_version(&self, account: AccountId, group: GroupId, seen: Option<u32>) -> Result<(), Rejection> {
        let group = self.own_group(account, group)?;
        if seen.is_none_or(|seen| seen == group.version) { Ok(()) } else { Err(Rejection::Changed) }
    }

    fn check_members(
        &self,
        account: AccountId,
        own: Option<GroupId>,
        name: &str,
        devices: &[DeviceId],
    ) -> Result<(), Rejection> {
        super::check_name(name)?;
        if self.state().groups_of(account).any(|group| Some(group.id) != own && group.name == name) {
            return Err(Rejection::AlreadyExists { what: format!("a group called {name}") });
        }
        if devices.len() > MAX_DEVICES {
            return Err(Rejection::OutOfRange { field: "devices".into(), min: 0, max: MAX_DEVICES as u64 });
        }
        for id in devices {
            let device = self.state().device(*id).filter(|device| device.account == account);
            let groups = device.ok_or(Rejection::NotFound { what: "device" })?.groups;
            if groups.count() >= MAX_GROUPS && own.is_none_or(|own| !groups.has(own)) {
                let problem = format!("{id} is in {MAX_GROUPS} groups already, which is the most");
                return Err(Rejection::Invalid { field: "devices", problem });
            }
        }
        Ok(())
    }

    pub(crate) fn group_effect(&self, account: AccountId, control: Control) -> Option<Event> {
        match control {
            Control::CreateGroup { name, devices } => {
                let group = GroupId(self.state().next_group + 1);
                Some(Event::GroupSet { group, account, name, devices: tidy(devices) })
            }
            Control::ChangeGroup { group, name, devices, .. } => {
                Some(Event::GroupSet { group, account, name, devices: tidy(devices) })
            }
            Control::DeleteGroup { group, .. } => Some(Event::GroupDeleted { group, account }),
            _ => None,
        }
    }
}
