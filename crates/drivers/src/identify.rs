//! Who is at an address? One look at each port the drivers know, then only the drivers that could live there.

use crate::{Credential, Driver, Probe, all, net, ports};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Asks `ip` who it is. A port must open within `connect`; the whole takes at most `limit`. No order is ever sent.
///
/// A device that knows several drivers' languages is given to the first of [`all`].
pub async fn identify(ip: IpAddr, credentials: &[Credential], connect: Duration, limit: Duration) -> Probe {
    let deadline = Instant::now() + limit;
    let connect_by = Instant::now() + connect.min(limit);
    let drivers = all();
    let looks: Vec<_> = ports()
        .into_iter()
        .map(|port| (port, tokio::spawn(async move { net::is_open(ip, port, connect_by).await })))
        .collect();
    let mut open = Vec::new();
    for (port, look) in looks {
        if look.await.unwrap_or(false) {
            open.push(port);
        }
    }
    ask_drivers(ip, &drivers, &open, credentials, deadline).await
}

async fn ask_drivers(
    ip: IpAddr,
    drivers: &[Arc<dyn Driver>],
    open: &[u16],
    credentials: &[Credential],
    deadline: Instant,
) -> Probe {
    let mut best = if open.is_empty() { Probe::Silent } else { Probe::OpenUnknown };
    let mut waiting = drivers.iter().filter(|driver| driver.ports().iter().any(|port| open.contains(port))).count();
    for driver in drivers.iter().filter(|driver| driver.ports().iter().any(|port| open.contains(port))) {
        let left = deadline.saturating_duration_since(Instant::now());
        let share = share_of(left, waiting);
        waiting = waiting.saturating_sub(1);
        match driver.probe(ip, credentials, share).await {
            found @ Probe::Found(_) => return found,
            refused @ Probe::AuthRequired { .. } => best = refused,
            Probe::OpenUnknown | Probe::Silent => {}
        }
    }
    best
}

/// How long one driver may look while `waiting` of them, with it, have not looked yet: a port that is open and keeps silent
/// leaves time for the others.
#[must_use]
pub fn share_of(left: Duration, waiting: usize) -> Duration {
    left / u32::try_from(waiting.max(1)).unwrap_or(u32::MAX)
}
