//! Devices that are seen in two places: one agent holds each, at one address. What others say of it, and what that agent says of
//! it at other addresses while it is heard at its own, is a claim that moves nothing.

use super::State;
use crate::{
    fleet::{Device, DeviceClaim},
    ids::{AccountId, AgentId, DeviceId, ScanTaskId},
    time::Timestamp,
};
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

/// Most agents whose claims of one device are kept. More say nothing new: it has to be looked for.
pub(crate) const MAX_CLAIMANTS: usize = 8;
/// Most addresses at which one agent claims one device.
pub(crate) const MAX_CLAIMS_OF_AGENT: usize = 4;

impl State {
    /// Who says that they see a device with another agent than theirs, or at another address than its own; first claims first.
    #[must_use]
    pub fn claims_on(&self, device: DeviceId) -> &[DeviceClaim] {
        self.device_claims.get(&device).map_or(&[], Vec::as_slice)
    }

    /// Where a device answers that is to be with `agent`, as far as that is disputed by that agent or the one which has it: the
    /// address that is followed, and the others. Nothing if nobody disputes it.
    pub(crate) fn disputed_addresses(&self, device: &Device, agent: AgentId) -> Option<(IpAddr, BTreeSet<IpAddr>)> {
        let rivals = self.claims_on(device.id).iter().filter(|claim| [device.agent, agent].contains(&claim.agent));
        let rivals: BTreeSet<_> = rivals.map(|claim| claim.ip).collect();
        (!rivals.is_empty()).then_some((device.found.ip, rivals))
    }

    /// Devices of an account that are seen in two places, with who claims them.
    pub fn conflicts_of(&self, account: AccountId) -> impl Iterator<Item = (&Device, &[DeviceClaim])> {
        let known = self.device_claims.iter().filter_map(|(id, claims)| Some((self.device(*id)?, claims.as_slice())));
        known.filter(move |(device, _)| device.account == account)
    }

    pub(super) fn claim_devices(
        &mut self,
        agent: AgentId,
        scan_task: ScanTaskId,
        devices: &[(DeviceId, IpAddr)],
        since: Timestamp,
    ) {
        for (device, ip) in devices {
            let claims = self.device_claims.entry(*device).or_default();
            claims.push(DeviceClaim { agent, scan_task, ip: *ip, since });
        }
    }

    /// Devices are with the agent that claimed them, where it claimed them last, or stay with the one that holds them, at the
    /// address that they have.
    pub(super) fn move_devices(&mut self, agent: AgentId, devices: &[DeviceId]) {
        let Some(site) = self.agents.get(&agent).map(|agent| agent.site) else { return };
        for id in devices {
            let claims = self.device_claims.remove(id).unwrap_or_default();
            let Some(claim) = claims.into_iter().rfind(|claim| claim.agent == agent) else { continue };
            if let Some(device) = self.devices.get_mut(id.index() - 1).filter(|device| device.agent != agent) {
                let was = Arc::clone(device);
                let moved = Arc::make_mut(device);
                // On another site it stands in none of this one's containers.
                moved.container = moved.container.filter(|_| was.site == site);
                (moved.site, moved.agent, moved.scan_task, moved.found.ip) = (site, agent, claim.scan_task, claim.ip);
                self.territories.moved(Some(&was), device);
            }
        }
    }

    /// What an agent said of a device that it holds now, at this address.
    pub(super) fn drop_claim(&mut self, device: DeviceId, agent: AgentId, ip: IpAddr) {
        let Some(claims) = self.device_claims.get_mut(&device) else { return };
        claims.retain(|claim| (claim.agent, claim.ip) != (agent, ip));
        if claims.is_empty() {
            self.device_claims.remove(&device);
        }
    }

    /// Claims end with the sweep that made them, and with the device that they are about.
    pub(super) fn drop_claims(&mut self, ends: impl Fn(DeviceId, &DeviceClaim) -> bool) {
        let ending =
            |(id, claims): (&DeviceId, &Vec<DeviceClaim>)| claims.iter().any(|claim| ends(*id, claim)).then_some(*id);
        for id in self.device_claims.iter().filter_map(ending).collect::<Vec<_>>() {
            let Some(claims) = self.device_claims.get_mut(&id) else { continue };
            claims.retain(|claim| !ends(id, claim));
            if claims.is_empty() {
                self.device_claims.remove(&id);
            }
        }
    }
}
