//! Sweeps: every address of a scan task is tried on every port that a driver knows; what accepts a connection is
//! identified. Wide and slow, where polling is narrow and fast.

use super::{Collector, Crew, identify};
use crate::workers::WorkerCell;
use adit_core::fleet::{FoundDevice, Ranges};
use adit_wire::ScanTaskConfig;
use futures_util::{StreamExt, stream};
use std::{
    collections::BTreeSet,
    io,
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};
use tokio::{
    net::TcpStream,
    sync::mpsc,
    time::{sleep, sleep_until, timeout},
};

/// The shortest time between two sweeps' beginnings, whatever the server says.
const MIN_INTERVAL: Duration = Duration::from_secs(1);
/// How often an address is tried again when this host, not that one, was out of means.
const LOCAL_RETRIES: u32 = 20;
const LOCAL_PAUSE: Duration = Duration::from_millis(50);

/// Sweeps at once and then at every interval.
pub(crate) async fn run(
    collector: Arc<Collector>,
    task: ScanTaskConfig,
    targets: Ranges,
    cell: WorkerCell,
    crew: Crew,
) {
    let interval = Duration::from_secs(task.interval_s.into()).max(MIN_INTERVAL);
    loop {
        let next = tokio::time::Instant::now() + interval;
        sweep(&collector, &task, &targets, &cell, &crew).await;
        sleep_until(next).await;
    }
}

async fn sweep(collector: &Arc<Collector>, task: &ScanTaskConfig, targets: &Ranges, cell: &WorkerCell, crew: &Crew) {
    let ports: Arc<[u16]> = collector
        .drivers
        .iter()
        .flat_map(|driver| driver.ports())
        .copied()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .collect();
    let credentials = Arc::new(identify::credentials(task));
    cell.update(|status| status.swept = 0);
    let (verdicts, mut judged) = mpsc::unbounded_channel();
    let mut hosts = stream::iter(targets.addresses())
        .map(|ip| open_ports(Arc::clone(collector), ip, Arc::clone(&ports)))
        .buffer_unordered(collector.limits.connects.max(1));
    while let Some((ip, open)) = hosts.next().await {
        if open.is_empty() {
            collector.sightings.gone(IpAddr::V4(ip));
            cell.update(|status| status.swept += 1);
            continue;
        }
        let Ok(slot) = Arc::clone(&collector.identifications).acquire_owned().await else { return };
        let (collector, credentials, verdicts) = (Arc::clone(collector), Arc::clone(&credentials), verdicts.clone());
        let (cell, task) = (cell.clone(), task.id);
        crew.spawn(async move {
            let found = identify::identify(&collector, ip, &open, &credentials).await;
            drop(slot);
            match &found {
                Some(device) => {
                    collector.sightings.seen(task, FoundDevice::clone(device));
                    collector.outbox.found(task, device.clone());
                }
                None => collector.sightings.gone(IpAddr::V4(ip)),
            }
            cell.update(|status| status.swept += 1);
            // The sweep may have been stopped; then nobody counts.
            let _ = verdicts.send(found.is_some());
        });
    }
    drop(verdicts);
    let (mut identified, mut unidentified) = (0, 0);
    while let Some(known) = judged.recv().await {
        if known { identified += 1 } else { unidentified += 1 }
    }
    let now = (collector.clock)();
    cell.update(|status| {
        (status.identified, status.unidentified) = (identified, unidentified);
        status.last_sweep_at = Some(now);
    });
    collector.outbox.status_changed();
    tracing::info!(task = %task.id, identified, unidentified, addresses = targets.count(), "sweep ended");
}

/// The ports of `ip` that accept connections. A known device that answers its polls is not disturbed by a second
/// connection: its driver's ports are taken for open.
async fn open_ports(collector: Arc<Collector>, ip: Ipv4Addr, ports: Arc<[u16]>) -> (Ipv4Addr, Vec<u16>) {
    if let Some(known) = collector.registry.answering_ports(IpAddr::V4(ip)) {
        return (ip, known);
    }
    let Ok(_slot) = collector.connects.acquire().await else { return (ip, Vec::new()) };
    let limit = collector.limits.connect;
    let answers = futures_util::future::join_all(ports.iter().map(|port| accepts(ip, *port, limit))).await;
    (ip, ports.iter().zip(answers).filter(|(_, open)| *open).map(|(port, _)| *port).collect())
}

async fn accepts(ip: Ipv4Addr, port: u16, limit: Duration) -> bool {
    for _ in 0..LOCAL_RETRIES {
        match timeout(limit, TcpStream::connect((ip, port))).await {
            Ok(Ok(stream)) => {
                // Closed by reset, so that a sweep leaves no sockets in TIME_WAIT behind. Best effort.
                let _ = stream.set_zero_linger();
                return true;
            }
            Ok(Err(error)) if is_ours(&error) => sleep(LOCAL_PAUSE).await,
            Ok(Err(_)) | Err(_) => return false,
        }
    }
    tracing::warn!(%ip, port, "not looked at: this host is out of sockets or ports");
    false
}

/// Did the connection fail for want of something on this side: descriptors or local ports?
fn is_ours(error: &io::Error) -> bool {
    const ENFILE: i32 = 23;
    const EMFILE: i32 = 24;
    error.kind() == io::ErrorKind::AddrNotAvailable || matches!(error.raw_os_error(), Some(ENFILE | EMFILE))
}
