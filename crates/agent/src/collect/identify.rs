//! Who is at this address?

use super::Collector;
use adit_core::fleet::FoundDevice;
use adit_drivers::{Credential, Driver, Probe, share_of};
use adit_wire::ScanTaskConfig;
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
};
use tokio::time::{Instant, timeout_at};

pub(super) fn credentials(task: &ScanTaskConfig) -> Vec<Credential> {
    let convert = |c: &adit_wire::Credential| Credential {
        family: c.family.clone(),
        user: c.user.clone(),
        password: c.password.clone(),
        to_unknown: task.passwords_to_unknown,
    };
    task.credentials.iter().map(convert).collect()
}

/// Asks each driver that uses one of the open ports, until one knows the device. A device that is known already is asked
/// only while nobody else speaks to it.
pub(super) async fn identify(
    collector: &Collector,
    ip: Ipv4Addr,
    open: &[u16],
    credentials: &[Credential],
) -> Option<FoundDevice> {
    let ip = IpAddr::V4(ip);
    let deadline = Instant::now() + collector.limits.identification;
    let member = collector.registry.at(ip);
    let _line = match &member {
        Some(member) => Some(timeout_at(deadline, member.seat.line.lock()).await.ok()?),
        None => None,
    };
    let lives_there = |driver: &&Arc<dyn Driver>| driver.ports().iter().any(|port| open.contains(port));
    let mut waiting = collector.drivers.iter().filter(lives_there).count();
    for driver in collector.drivers.iter().filter(lives_there) {
        let left = share_of(deadline.saturating_duration_since(Instant::now()), waiting);
        waiting = waiting.saturating_sub(1);
        // Whoever answers at an address where no such device is known may be after the password.
        let is_known = member.as_ref().is_some_and(|member| member.known.driver == driver.id());
        let own = credentials.iter().filter(|c| c.family == driver.family() && (is_known || c.to_unknown));
        let own: Vec<_> = own.cloned().collect();
        match timeout_at(deadline, driver.probe(ip, &own, left)).await {
            Ok(Probe::Found(device)) => return Some(*device),
            Ok(Probe::AuthRequired { family }) => {
                tracing::debug!(%ip, family, "refuses the scan task's passwords");
            }
            Ok(Probe::OpenUnknown | Probe::Silent) => {}
            Err(_) => return None,
        }
    }
    None
}
