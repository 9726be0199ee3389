//! Saved selections of devices. A grant may reach a group, so that whoever changes the group changes what people reach
//! ([`super::reach`]).

use super::Control;
use crate::{
    authz::{MAX_GROUPS, Node},
    decide::Tx,
    event::Event,
    fleet::Group,
    ids::{AccountId, DeviceId, GroupId},
    rejection::Rejection,
};

/// Most devices in one group.
const MAX_DEVICES: usize = 10_000;
/// Most groups of an account.
const MAX_OF_ACCOUNT: usize = 200;

/// In order, each once.
fn tidy(mut devices: Vec<DeviceId>) -> Vec<DeviceId> {
    devices.sort_unstable();
    devices.dedup();
    devices
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
