//! What events change about sites, agents, containers, sub-accounts and devices.

use super::{Claims, State, identity_keys};
use crate::{
    event::Event,
    fleet::{Agent, AgentMode, Container, Device, FoundDevice, Group, ScanTask, Site, SitePolicy, SubAccount},
    ids::{AgentId, DeviceId, ScanTaskId, SiteId},
    time::{Millis, Timestamp},
};
use std::sync::Arc;

/// How long an enrolment token opens anything.
pub(crate) const TOKEN_LIFE: Millis = Millis::hours(24);

impl State {
    pub(super) fn apply_fleet(&mut self, event: &Event, at: Timestamp) {
        match event {
            Event::SiteCreated { site, account, name, capacity_w } => {
                let site =
                    Site { id: *site, account: *account, name: name.clone(), capacity_w: *capacity_w, removed: false };
                self.sites.insert(site.id, site);
            }
            Event::AgentCreated { agent, account, site, name, token_hash } => {
                let agent = Agent {
                    id: *agent,
                    account: *account,
                    site: *site,
                    name: name.clone(),
                    token_hash: Some(token_hash.clone()),
                    token_ends: at.after(TOKEN_LIFE),
                    public_key: None,
                    mode: AgentMode::FullControl,
                    paused: false,
                    site_policy: SitePolicy::default(),
                    revoked: false,
                };
                self.agents.insert(agent.id, agent);
            }
            Event::AgentEnrolled { agent, public_key } => {
                if let Some(agent) = self.agents.get_mut(agent) {
                    agent.token_hash = None;
                    agent.public_key = Some(public_key.clone());
                }
            }
            Event::AgentTokenReissued { agent, token_hash } => change(&mut self.agents, agent, |agent| {
                (agent.token_hash, agent.token_ends) = (Some(token_hash.clone()), at.after(TOKEN_LIFE));
            }),
            Event::ScanTaskCreated {
                scan_task,
                agent,
                name,
                ranges,
                interval_s,
                credentials,
                passwords_to_unknown,
            } => {
                let task = ScanTask {
                    id: *scan_task,
                    agent: *agent,
                    name: name.clone(),
                    ranges: ranges.clone(),
                    interval_s: *interval_s,
                    enabled: true,
                    passwords_to_unknown: *passwords_to_unknown,
                    credentials: credentials.clone(),
                    removed: false,
                };
                self.scan_tasks.insert(task.id, task);
            }
            Event::DevicesFound { agent, scan_task, devices } | Event::DevicesChanged { agent, scan_task, devices } => {
                for (id, found) in devices {
                    self.place_device(*id, found, *agent, *scan_task, at);
                }
            }
            Event::DevicesClaimed { agent, scan_task, devices } => {
                self.claim_devices(*agent, *scan_task, devices, at);
            }
            Event::DevicesMoved { agent, devices, .. } => self.move_devices(*agent, devices),
            Event::ContainerCreated { container, account, site, name } => {
                let made =
                    Container { id: *container, account: *account, site: *site, name: name.clone(), removed: false };
                self.containers.insert(made.id, made);
            }
            Event::SubAccountCreated { sub_account, account, name } => {
                let made = SubAccount { id: *sub_account, account: *account, name: name.clone(), removed: false };
                self.sub_accounts.insert(made.id, made);
            }
            Event::GroupSet { group, account, name, devices } => {
                let old = self.groups.get(group).map(|old| (Arc::clone(&old.devices), old.version));
                let (before, version) = old.unwrap_or_default();
                self.change_devices(&before, |device| device.groups = device.groups.without(*group));
                self.change_devices(devices, |device| device.groups = device.groups.with(*group));
                let (name, devices) = (name.clone(), devices.as_slice().into());
                let made = Group { id: *group, account: *account, name, devices, version: version + 1 };
                self.next_group = self.next_group.max(group.0);
                self.groups.insert(*group, made);
            }
            Event::GroupDeleted { group, .. } => {
                if let Some(old) = self.groups.remove(group) {
                    self.change_devices(&old.devices, |device| device.groups = device.groups.without(*group));
                }
            }
            Event::DevicesPlaced { devices, container, .. } => {
                self.change_devices(devices, |device| device.container = *container);
            }
            Event::DevicesAssigned { devices, sub_account, .. } => {
                self.change_devices(devices, |device| device.sub_account = *sub_account);
            }
            _ => self.apply_change(event),
        }
    }

    fn apply_change(&mut self, event: &Event) {
        match event {
            Event::SiteChanged { site, name, capacity_w } => change(&mut self.sites, site, |site| {
                site.name.clone_from(name);
                site.capacity_w = *capacity_w;
            }),
            Event::SiteRemoved { site } => self.remove_site(*site),
            Event::AgentChanged { agent, name, mode, paused } => change(&mut self.agents, agent, |agent| {
                agent.name.clone_from(name);
                (agent.mode, agent.paused) = (*mode, *paused);
            }),
            Event::SitePolicyTold { agent, policy } => {
                change(&mut self.agents, agent, |agent| agent.site_policy.clone_from(policy));
            }
            Event::AgentRevoked { agent } => self.revoke_agent(*agent),
            Event::ScanTaskChanged {
                scan_task,
                name,
                ranges,
                interval_s,
                enabled,
                credentials,
                passwords_to_unknown,
            } => {
                change(&mut self.scan_tasks, scan_task, |task| {
                    task.name.clone_from(name);
                    task.ranges.clone_from(ranges);
                    task.credentials.clone_from(credentials);
                    (task.interval_s, task.enabled) = (*interval_s, *enabled);
                    task.passwords_to_unknown = *passwords_to_unknown;
                });
            }
            Event::ScanTaskRemoved { scan_task } => self.remove_scan_task(*scan_task),
            Event::ContainerRenamed { container, name } => {
                change(&mut self.containers, container, |container| container.name.clone_from(name));
            }
            Event::ContainerRemoved { container } => {
                change(&mut self.containers, container, |container| container.removed = true);
            }
            Event::SubAccountRenamed { sub_account, name } => {
                change(&mut self.sub_accounts, sub_account, |sub_account| sub_account.name.clone_from(name));
            }
            Event::SubAccountRemoved { sub_account } => {
                change(&mut self.sub_accounts, sub_account, |sub_account| sub_account.removed = true);
            }
            _ => {}
        }
    }

    fn remove_site(&mut self, site: SiteId) {
        change(&mut self.sites, &site, |site| site.removed = true);
        let agents: Vec<_> = self.agents.values().filter(|agent| agent.site == site).map(|agent| agent.id).collect();
        for agent in agents {
            self.revoke_agent(agent);
        }
        let containers = self.containers.values().filter(|container| container.site == site);
        for container in containers.map(|container| container.id).collect::<Vec<_>>() {
            change(&mut self.containers, &container, |container| container.removed = true);
        }
        let devices: Vec<_> = self.devices().filter(|device| device.site == site).cloned().collect();
        for device in devices {
            for key in identity_keys(device.account, &device.found.identity) {
                self.by_identity.remove(&key);
            }
            self.change_devices(&[device.id], |device| device.removed = true);
            self.device_claims.remove(&device.id);
        }
        let holders: Vec<_> = self.drafts.keys().copied().collect();
        for user in holders {
            self.close_draft(user, site);
        }
    }

    fn revoke_agent(&mut self, agent: AgentId) {
        change(&mut self.agents, &agent, |agent| {
            (agent.token_hash, agent.public_key, agent.revoked) = (None, None, true);
        });
        let tasks: Vec<_> = self.scan_tasks_of(agent).map(|task| task.id).collect();
        for task in tasks {
            self.remove_scan_task(task);
        }
    }

    fn remove_scan_task(&mut self, task: ScanTaskId) {
        change(&mut self.scan_tasks, &task, |task| {
            (task.removed, task.credentials) = (true, None);
        });
        self.drop_claims(|_, claim| claim.scan_task == task);
    }

    fn place_device(
        &mut self,
        id: DeviceId,
        found: &FoundDevice,
        agent: AgentId,
        scan_task: ScanTaskId,
        at: Timestamp,
    ) {
        let Some(holder) = self.agents.get(&agent) else {
            return;
        };
        // What is known stays where it is; a report never moves it.
        let known = self.devices.get(id.index() - 1).cloned();
        let (account, site) = (holder.account, known.as_ref().map_or(holder.site, |device| device.site));
        for key in identity_keys(account, &found.identity) {
            // What another device is recognised by stays its own.
            let taken = self.by_identity.get(&key).is_some_and(|of| *of != id && self.device(*of).is_some());
            if !taken {
                self.by_identity.insert(key, id);
            }
        }
        self.drop_claim(id, agent, found.ip);
        let known = known.as_deref();
        let device = Arc::new(Device {
            id,
            account,
            site,
            agent,
            scan_task,
            container: known.and_then(|device| device.container),
            sub_account: known.and_then(|device| device.sub_account),
            groups: known.map(|device| device.groups).unwrap_or_default(),
            since: known.map_or(at, |device| device.since),
            found: found.clone(),
            removed: false,
        });
        self.territories.moved(known, &device);
        if let Some(slot) = self.devices.get_mut(id.index() - 1) {
            *slot = device;
        } else {
            self.devices.push_back(device);
            self.claims.push_back(Claims::default());
        }
    }

    fn change_devices(&mut self, devices: &[DeviceId], change: impl Fn(&mut Device)) {
        for id in devices {
            if let Some(device) = self.devices.get_mut(id.index() - 1) {
                let was = Arc::clone(device);
                change(Arc::make_mut(device));
                self.territories.moved(Some(&was), device);
            }
        }
    }
}

fn change<K: Ord + Clone, V: Clone>(things: &mut imbl::OrdMap<K, V>, id: &K, change: impl FnOnce(&mut V)) {
    if let Some(thing) = things.get_mut(id) {
        change(thing);
    }
}
