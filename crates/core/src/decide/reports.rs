//! What agents say. A report adds devices and says what is known of them anew; it moves none, and nobody's rights change by it.

use super::Tx;
use crate::{
    command::Reply,
    event::Event,
    fleet::{CommandId, Device, DeviceIdentity, FoundDevice, PowerAfter, SitePolicy, TargetResult},
    ids::{AccountId, AgentId, DeviceId, RequestId, ScanTaskId},
    rejection::Rejection,
    requests::{ItemState, RequestState},
    state::{MAX_CLAIMANTS, MAX_CLAIMS_OF_AGENT, identity_keys},
};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

/// Most devices that one agent holds.
pub const MAX_DEVICES_OF_AGENT: usize = 100_000;

/// What becomes of a report about a device.
enum Heard {
    /// Nobody knows it.
    New,
    /// It is the agent's, or becomes it, and is at least in part as it was not.
    Changed(DeviceId),
    /// It is as it was.
    Same,
    /// These are held by others, or still heard at another address.
    Claimed(Vec<DeviceId>),
}

/// A report, sorted.
#[derive(Default)]
struct Sorted {
    new: BTreeMap<Vec<String>, (DeviceId, FoundDevice)>,
    changed: BTreeMap<DeviceId, FoundDevice>,
    claimed: BTreeSet<(DeviceId, IpAddr)>,
    left_out: u32,
}

impl Tx {
    pub(super) fn enrol_agent(&mut self, token_hash: &str, public_key: String) -> Result<Reply, Rejection> {
        let agent = self.state.agents.values().find(|agent| agent.token_hash.as_deref() == Some(token_hash));
        let agent = agent.ok_or(Rejection::NotFound { what: "unspent enrolment token" })?;
        if self.now >= agent.token_ends {
            return Err(Rejection::TokenEnded);
        }
        if public_key.len() != 64 || !public_key.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(Rejection::Invalid { field: "public_key", problem: "64 hex digits".into() });
        }
        let agent = agent.id;
        self.emit(Event::AgentEnrolled { agent, public_key });
        Ok(Reply::Agent(agent))
    }

    pub(super) fn report_site_policy(&mut self, agent: AgentId, policy: SitePolicy) -> Result<Reply, Rejection> {
        let known = self.state.agent(agent).ok_or(Rejection::NotFound { what: "agent" })?;
        if known.site_policy != policy {
            self.emit(Event::SitePolicyTold { agent, policy });
        }
        Ok(Reply::Done)
    }

    pub(super) fn report_devices(
        &mut self,
        agent: AgentId,
        scan_task: ScanTaskId,
        devices: Vec<FoundDevice>,
        heard: &BTreeSet<DeviceId>,
    ) -> Result<Reply, Rejection> {
        let account = self.state.agent(agent).ok_or(Rejection::NotFound { what: "agent" })?.account;
        self.state.account(account).ok_or(Rejection::NotFound { what: "agent" })?;
        let own = self.state.scan_task(scan_task).is_some_and(|task| task.agent == agent);
        if !own {
            return Err(Rejection::NotFound { what: "scan task" });
        }
        let Sorted { new, changed, claimed, left_out } = self.sort_report(agent, scan_task, devices, heard);
        if !new.is_empty() {
            let mut devices: Vec<_> = new.into_values().collect();
            devices.sort_unstable_by_key(|(id, _)| *id);
            self.emit(Event::DevicesFound { agent, scan_task, devices });
        }
        // Before the changes: what becomes the agent's own at an address is no claim of it there any more.
        if !claimed.is_empty() {
            self.emit(Event::DevicesClaimed { agent, scan_task, devices: claimed.into_iter().collect() });
        }
        if !changed.is_empty() {
            self.emit(Event::DevicesChanged { agent, scan_task, devices: changed.into_iter().collect() });
        }
        Ok(Reply::Taken { left_out })
    }

    fn sort_report(
        &self,
        agent: AgentId,
        scan_task: ScanTaskId,
        devices: Vec<FoundDevice>,
        heard: &BTreeSet<DeviceId>,
    ) -> Sorted {
        let mut sorted = Sorted::default();
        let Some(account) = self.state.agent(agent).map(|agent| agent.account) else { return sorted };
        let mut next = u32::try_from(self.state.devices.len()).unwrap_or(u32::MAX) + 1;
        let mut room = None;
        for mut found in devices {
            found.identity = self.own_identity(account, &found, heard);
            let keys: Vec<_> = identity_keys(account, &found.identity).collect();
            if keys.is_empty() {
                continue;
            }
            let found = match self.state.by_identity.get(&keys[0]).and_then(|id| self.state.device(*id)) {
                Some(known) => self.on_top_of(account, found, known),
                None => found,
            };
            match self.hear(agent, scan_task, &found, &keys, heard) {
                Heard::Same => {}
                Heard::Changed(id) => drop(sorted.changed.entry(id).or_insert(found)),
                Heard::Claimed(ids) => {
                    for id in ids {
                        if self.is_new_claim(agent, id, found.ip, &sorted.claimed) {
                            sorted.claimed.insert((id, found.ip));
                        }
                    }
                }
                Heard::New if sorted.new.contains_key(&keys) => {}
                Heard::New => {
                    let held = || self.state.devices().filter(|device| device.agent == agent).count();
                    let room = room.get_or_insert_with(|| MAX_DEVICES_OF_AGENT.saturating_sub(held()));
                    if *room == 0 {
                        sorted.left_out += 1;
                        continue;
                    }
                    *room -= 1;
                    sorted.new.insert(keys, (DeviceId(next), found));
                    next += 1;
                }
            }
        }
        sorted
    }

    /// By what the device can be recognised: not by what stands for nothing, and not by a MAC that another machine has as well,
    /// with another serial number and at another address, if that one is heard there or this one goes by its serial number
    /// already.
    fn own_identity(&self, account: AccountId, found: &FoundDevice, heard: &BTreeSet<DeviceId>) -> DeviceIdentity {
        let mut own = found.identity.clone().without_placeholders();
        let by_mac = DeviceIdentity { mac: own.mac.clone(), serial: None };
        let by_serial = DeviceIdentity { mac: None, serial: own.serial.clone() };
        let of_serial = self.state.device_by_identity(account, &by_serial);
        let goes_by_serial = of_serial.is_some_and(|device| device.found.identity.mac.is_none());
        if let Some(holder) = self.state.device_by_identity(account, &by_mac)
            && let (Some(is), Some(known)) = (&own.serial, &holder.found.identity.serial)
            && is != known
            && holder.found.ip != found.ip
            && (heard.contains(&holder.id) || goes_by_serial)
        {
            own.mac = None;
        }
        own
    }

    /// What is known of the device with the report, without what another device is recognised by.
    fn on_top_of(&self, account: AccountId, found: FoundDevice, known: &Device) -> FoundDevice {
        let said = found.identity.clone();
        let mut found = found.on_top_of(&known.found);
        let others = |identity: DeviceIdentity| {
            let mut keys = identity_keys(account, &identity);
            keys.any(|key| {
                self.state.by_identity.get(&key).is_some_and(|id| *id != known.id && self.state.device(*id).is_some())
            })
        };
        if said.mac.is_none() && others(DeviceIdentity { mac: found.identity.mac.clone(), serial: None }) {
            found.identity.mac = None;
        }
        found
    }

    /// A report about something that is known on another site, or that the agent which holds it still hears, is a claim, and so is
    /// one, by whatever agent, about a device at another address than the one at which it is heard: two machines answer, and one
    /// of them is not the device. So is one whose serial number and MAC are known of two devices: it says of one of them what is
    /// not so.
    fn hear(
        &self,
        agent: AgentId,
        scan_task: ScanTaskId,
        found: &FoundDevice,
        keys: &[String],
        heard: &BTreeSet<DeviceId>,
    ) -> Heard {
        let ids: BTreeSet<_> = keys.iter().filter_map(|key| self.state.by_identity.get(key)).copied().collect();
        let known: Vec<_> = ids.into_iter().filter_map(|id| self.state.device(id)).collect();
        let Some(site) = self.state.agent(agent).map(|agent| agent.site) else { return Heard::Same };
        let is_theirs = |device: &Device| {
            device.agent != agent && (device.site != site || known.len() > 1 || heard.contains(&device.id))
        };
        let is_elsewhere = |device: &Device| device.found.ip != found.ip && heard.contains(&device.id);
        let claimed: Vec<_> =
            known.iter().filter(|device| is_theirs(device) || is_elsewhere(device)).map(|device| device.id).collect();
        if !claimed.is_empty() {
            return Heard::Claimed(claimed);
        }
        // Where two are the agent's own, the MAC says which is meant.
        let meant = keys.iter().find_map(|key| self.state.by_identity.get(key).and_then(|id| self.state.device(*id)));
        match meant {
            None => Heard::New,
            Some(device) if device.found == *found && device.agent == agent && device.scan_task == scan_task => {
                Heard::Same
            }
            Some(device) => Heard::Changed(device.id),
        }
    }

    /// Said once it stands until somebody settles it, so that no agent fills the log with it. Each agent has places of its own:
    /// what one says hides nothing that another says.
    fn is_new_claim(
        &self,
        agent: AgentId,
        device: DeviceId,
        ip: IpAddr,
        said_now: &BTreeSet<(DeviceId, IpAddr)>,
    ) -> bool {
        let claims = self.state.claims_on(device);
        let own = claims.iter().filter(|claim| claim.agent == agent).map(|claim| claim.ip);
        let now = said_now.iter().filter(|(of, _)| *of == device).map(|(_, ip)| *ip);
        let own: BTreeSet<_> = own.chain(now).collect();
        let others: BTreeSet<_> = claims.iter().map(|claim| claim.agent).filter(|other| *other != agent).collect();
        !own.contains(&ip) && own.len() < MAX_CLAIMS_OF_AGENT && others.len() < MAX_CLAIMANTS
    }

    /// Results of items that are not open, or that another agent holds, change nothing: they have been told before, or are not theirs to tell.
    pub(super) fn report_results(&mut self, agent: AgentId, results: Vec<(CommandId, TargetResult)>) -> Reply {
        let mut by_request: BTreeMap<RequestId, BTreeMap<u32, TargetResult>> = BTreeMap::new();
        let mut left_out = 0;
        for (command, result) in results {
            let request = self.state.request(command.request);
            let item = request.and_then(|request| request.items.get(command.item as usize));
            let executing = request.is_some_and(|request| request.state == RequestState::Executing);
            if executing && item == Some(&ItemState::Open { agent }) {
                by_request.entry(command.request).or_default().entry(command.item).or_insert(result);
            } else if !item.is_some_and(|item| was_its(item, agent)) {
                left_out += 1;
            }
        }
        for (request, results) in by_request {
            self.emit(Event::ItemsEnded { request, results: results.into_iter().collect() });
            self.settle(request);
        }
        Reply::Taken { left_out }
    }

    /// What is not waited for is left out.
    pub(super) fn report_power(&mut self, id: RequestId, power: Vec<(u32, PowerAfter)>) -> Result<Reply, Rejection> {
        let request = self.state.request(id).ok_or(Rejection::NotFound { what: "request" })?;
        let power: Vec<_> = power.into_iter().filter(|(item, _)| request.settles_since(*item).is_some()).collect();
        if !power.is_empty() {
            self.emit(Event::PowerMeasured { request: id, power });
        }
        Ok(Reply::Done)
    }
}

/// Could it have been this agent's to tell? What has ended does not say any more whose it was.
fn was_its(item: &ItemState, agent: AgentId) -> bool {
    match item {
        ItemState::Open { agent: holder } => *holder == agent,
        ItemState::Ended { .. } => true,
        ItemState::Waiting | ItemState::Dropped { .. } => false,
    }
}
