//! Sites, agents, scan tasks, groups and where devices stand. Of passwords and tokens only that there are others.

use super::{DeviceList, Field, Mark, ObjectRef, Old, Row, Rows, Value, or_nothing, text};
use crate::{
    authz::Node,
    fleet::{Agent, AgentMode, Device, ScanTask, Site},
    ids::{AgentId, ContainerId, DeviceId, GroupId, ScanTaskId, SiteId, SubAccountId},
    requests::Passwords,
};
use std::collections::BTreeMap;

fn watts(watts: Option<u64>) -> Value {
    or_nothing(watts, Value::Watts)
}

fn count(number: usize) -> Value {
    Value::Number(u64::try_from(number).unwrap_or(u64::MAX))
}

fn list(devices: &[DeviceId]) -> DeviceList {
    DeviceList::of(devices.iter().copied())
}

impl Rows<'_> {
    pub(super) fn new_site(&mut self, name: &str, capacity_w: Option<u64>) {
        self.made(Field::Name, text(name));
        self.made(Field::Capacity, watts(capacity_w));
    }

    fn site(&self, id: SiteId) -> Option<Site> {
        self.state.site_ever(id).filter(|site| site.account == self.account).cloned()
    }

    pub(super) fn changed_site(&mut self, id: SiteId, name: &str, capacity_w: Option<u64>) {
        let old = self.site(id);
        self.stated(Field::Site, Value::Object(ObjectRef::Site(id)));
        self.change(Field::Name, old.as_ref().map(|old| text(&old.name)), text(name));
        self.change(Field::Capacity, old.map(|old| watts(old.capacity_w)), watts(capacity_w));
    }

    /// With what goes along.
    pub(super) fn removed_site(&mut self, id: SiteId, name: &str) {
        self.gone(Field::Site, Some(Value::Object(ObjectRef::Site(id))));
        self.stated(Field::NameTyped, text(name));
        let Some(site) = self.site(id).filter(|site| !site.removed) else { return };
        let agents: Vec<_> =
            self.state.agents_of(site.account).filter(|agent| agent.site == id).map(|a| a.id).collect();
        let tasks: usize = agents.iter().map(|agent| self.state.scan_tasks_of(*agent).count()).sum();
        let containers = self.state.containers_of(site.account).filter(|container| container.site == id).count();
        let devices = self.state.devices_in(site.account, Node::Site(id)).len();
        for (field, number) in [
            (Field::Agents, agents.len()),
            (Field::ScanTasks, tasks),
            (Field::Containers, containers),
            (Field::Devices, devices),
        ] {
            if number > 0 {
                self.gone(field, Some(count(number)));
            }
        }
    }

    pub(super) fn new_agent(&mut self, site: SiteId, name: &str, token_hash: &str) {
        self.stated(Field::Site, Value::Object(ObjectRef::Site(site)));
        self.made(Field::Name, text(name));
        self.made(Field::Token, Value::Secret(Mark::of(token_hash)));
    }

    pub(super) fn another_token(&mut self, id: AgentId, token_hash: &str) {
        let old = self.agent(id);
        let secret = |hash: &str| Value::Secret(Mark::of(hash));
        self.stated(Field::Agent, Value::Object(ObjectRef::Agent(id)));
        self.change(Field::Token, old.map(|old| or_nothing(old.token_hash.as_deref(), secret)), secret(token_hash));
    }

    fn agent(&self, id: AgentId) -> Option<Agent> {
        self.state.agent_ever(id).filter(|agent| agent.account == self.account).cloned()
    }

    pub(super) fn changed_agent(&mut self, id: AgentId, name: &str, mode: AgentMode, paused: bool) {
        let old = self.agent(id);
        let old = old.as_ref();
        self.stated(Field::Agent, Value::Object(ObjectRef::Agent(id)));
        self.change(Field::Name, old.map(|old| text(&old.name)), text(name));
        self.change(Field::AgentMode, old.map(|old| Value::AgentMode(old.mode)), Value::AgentMode(mode));
        self.change(Field::Paused, old.map(|old| Value::Flag(old.paused)), Value::Flag(paused));
    }

    pub(super) fn revoked_agent(&mut self, id: AgentId) {
        self.gone(Field::Agent, Some(Value::Object(ObjectRef::Agent(id))));
        let tasks = self.agent(id).map_or(0, |agent| self.state.scan_tasks_of(agent.id).count());
        if tasks > 0 {
            self.gone(Field::ScanTasks, Some(count(tasks)));
        }
    }

    pub(super) fn new_scan_task(&mut self, name: &str, ranges: &[String], interval_s: u32, credentials: Option<&str>) {
        self.made(Field::Name, text(name));
        self.made(Field::Ranges, Value::Ranges(ranges.to_vec()));
        self.made(Field::Interval, Value::Seconds(interval_s.into()));
        self.made(Field::Passwords, or_nothing(credentials, |kept| Value::Secret(Mark::of(kept))));
    }

    fn scan_task(&self, id: ScanTaskId) -> Option<ScanTask> {
        let task = self.state.scan_task_ever(id)?;
        self.agent(task.agent).map(|_| task.clone())
    }

    pub(super) fn changed_scan_task(&mut self, id: ScanTaskId, name: &str, ranges: &[String], interval_s: u32) {
        let old = self.scan_task(id);
        let old = old.as_ref();
        self.stated(Field::ScanTask, Value::Object(ObjectRef::ScanTask(id)));
        self.change(Field::Name, old.map(|old| text(&old.name)), text(name));
        self.change(Field::Ranges, old.map(|old| Value::Ranges(old.ranges.clone())), Value::Ranges(ranges.to_vec()));
        let interval = old.map(|old| Value::Seconds(old.interval_s.into()));
        self.change(Field::Interval, interval, Value::Seconds(interval_s.into()));
    }

    pub(super) fn changed_sweeps(&mut self, id: ScanTaskId, enabled: bool) {
        let old = self.scan_task(id);
        self.change(Field::Enabled, old.map(|old| Value::Flag(old.enabled)), Value::Flag(enabled));
    }

    pub(super) fn changed_passwords(&mut self, id: ScanTaskId, to_unknown: bool, given: &Passwords) {
        let old = self.scan_task(id);
        let was = old.as_ref().map(|old| Value::Flag(old.passwords_to_unknown));
        self.change(Field::PasswordsToUnknown, was, Value::Flag(to_unknown));
        let kept = old.map(|old| or_nothing(old.credentials.as_deref(), |kept| Value::Secret(Mark::of(kept))));
        match given {
            Passwords::Keep => {}
            Passwords::None => self.change(Field::Passwords, kept, Value::Nothing),
            Passwords::Sealed(reference) => self.change(Field::Passwords, kept, Value::Secret(Mark::of(reference))),
        }
    }

    pub(super) fn removed_scan_task(&mut self, id: ScanTaskId) {
        let old = self.scan_task(id);
        self.gone(Field::ScanTask, Some(Value::Object(ObjectRef::ScanTask(id))));
        self.gone(Field::Ranges, old.map(|old| Value::Ranges(old.ranges)));
    }

    pub(super) fn placed(&mut self, devices: &[DeviceId], container: Option<ContainerId>) {
        self.stated(Field::Targets, Value::Devices(list(devices)));
        self.moved(Field::Container, devices, container.map(ObjectRef::Container), |device| {
            device.container.map(ObjectRef::Container)
        });
    }

    pub(super) fn assigned(&mut self, devices: &[DeviceId], sub_account: Option<SubAccountId>) {
        self.stated(Field::Targets, Value::Devices(list(devices)));
        self.moved(Field::SubAccount, devices, sub_account.map(ObjectRef::SubAccount), |device| {
            device.sub_account.map(ObjectRef::SubAccount)
        });
    }

    /// To an agent, and with it to its site. What leaves its site leaves its container.
    pub(super) fn moved_to_agent(&mut self, devices: &[DeviceId], id: AgentId) {
        let site = self.agent(id).map(|agent| agent.site);
        self.stated(Field::Targets, Value::Devices(list(devices)));
        self.moved(Field::Agent, devices, Some(ObjectRef::Agent(id)), |device| Some(ObjectRef::Agent(device.agent)));
        self.moved(Field::Site, devices, site.map(ObjectRef::Site), |device| Some(ObjectRef::Site(device.site)));
        self.disputed(devices, id);
        let leaves = |id: &&DeviceId| {
            let device = self.state.device(**id).filter(|device| device.account == self.account);
            device.is_some_and(|device| device.container.is_some() && Some(device.site) != site)
        };
        let leaving: Vec<_> = devices.iter().filter(leaves).copied().collect();
        if !leaving.is_empty() {
            self.moved(Field::Container, &leaving, None, |device| device.container.map(ObjectRef::Container));
        }
    }

    /// Which machines are meant where several answer as one: that at the address which is followed.
    fn disputed(&mut self, devices: &[DeviceId], agent: AgentId) {
        for id in devices {
            let device = self.state.device(*id).filter(|device| device.account == self.account);
            let Some((followed, rivals)) = device.and_then(|device| self.state.disputed_addresses(device, agent))
            else {
                continue;
            };
            self.stated(Field::FollowedAt, Value::Ranges(vec![followed.to_string()]));
            self.stated(Field::AlsoSeenAt, Value::Ranges(rivals.iter().map(ToString::to_string).collect()));
        }
    }

    /// One row for each place where devices are now.
    fn moved(
        &mut self,
        field: Field,
        devices: &[DeviceId],
        to: Option<ObjectRef>,
        now: fn(&Device) -> Option<ObjectRef>,
    ) {
        let value = |at: Option<ObjectRef>| or_nothing(at, Value::Object);
        let mut groups: BTreeMap<Option<Option<ObjectRef>>, u32> = BTreeMap::new();
        for id in devices {
            let device = self.state.device(*id).filter(|device| device.account == self.account);
            *groups.entry(device.map(now)).or_default() += 1;
        }
        for (from, devices) in groups {
            let old = from.map_or(Old::Unknown, |from| Old::Known(value(from)));
            self.done.push(Row { devices, ..Row::new(field, None, old, value(to.clone())) });
        }
        if devices.is_empty() {
            self.change(field, None, value(to));
        }
    }

    pub(super) fn new_group(&mut self, name: &str, devices: &[DeviceId]) {
        self.made(Field::Name, text(name));
        self.made(Field::Members, Value::Devices(list(devices)));
    }

    pub(super) fn changed_group(&mut self, id: GroupId, name: &str, devices: &[DeviceId]) {
        let old = self.state.group(id).filter(|group| group.account == self.account).cloned();
        self.stated(Field::Group, Value::Object(ObjectRef::Group(id)));
        self.change(Field::Name, old.as_ref().map(|old| text(&old.name)), text(name));
        let members = old.as_ref().map(|old| Value::Devices(list(&old.devices)));
        self.change(Field::Members, members, Value::Devices(list(devices)));
        let Some(old) = old else { return };
        let new: std::collections::BTreeSet<_> = devices.iter().copied().collect();
        let added: Vec<_> = new.iter().copied().filter(|device| old.devices.binary_search(device).is_err()).collect();
        let removed: Vec<_> = old.devices.iter().copied().filter(|device| !new.contains(device)).collect();
        for (field, devices) in [(Field::MembersAdded, added), (Field::MembersRemoved, removed)] {
            if !devices.is_empty() {
                self.found(field, Value::Devices(list(&devices)));
            }
        }
    }

    pub(super) fn deleted_group(&mut self, id: GroupId) {
        let old = self.state.group(id).filter(|group| group.account == self.account);
        let members = old.map(|old| Value::Devices(list(&old.devices)));
        self.gone(Field::Group, Some(Value::Object(ObjectRef::Group(id))));
        self.gone(Field::Members, members);
    }
}
