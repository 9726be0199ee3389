//! An agent that is asked for more polls than it can make, on a host that stands still now and then: no device is told of as
//! what it is not. The clock is the test's.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use super::{Collector, Crew, poll};
use crate::{AgentOptions, policy::LocalPolicy};
use adit_core::{
    fleet::{DeviceIdentity, MissReason, OpKind, Operation, PollResult, PoolPassword, PowerMode, Reading},
    ids::{DeviceId, ScanTaskId},
    time::{Millis, Timestamp},
};
use adit_drivers::{Credential, Device, DeviceError, Driver, Heard, Outcome, Probe, Target, Verdict};
use adit_telemetry::{Connectivity, ConnectivityReason, Facts, LiveTable, Polling};
use adit_wire::{AgentStatus, KnownDevice, PollLoad, ToServer};
use async_trait::async_trait;
use std::{
    net::{IpAddr, Ipv4Addr},
    sync::Arc,
    time::Duration,
};
use tokio::time::{Instant, advance, sleep};
use tokio_util::sync::CancellationToken;

const MINERS: u32 = 5_000;
const ASKED: Duration = Duration::from_secs(5);
const TASK: ScanTaskId = ScanTaskId(1);
/// Nobody listens there.
const DEAD: DeviceId = DeviceId(7);

/// A miner whose answers take a second and a half, in three steps.
struct Slow(DeviceId);

#[async_trait]
impl Device for Slow {
    fn supports(&self, _: OpKind) -> bool {
        false
    }

    fn modes(&self) -> &[PowerMode] {
        &[]
    }

    async fn read(&self, _: Duration) -> Result<Reading, DeviceError> {
        if self.0 == DEAD {
            return Err(DeviceError::Unreachable { reason: MissReason::Refused, words: "refused".to_owned() });
        }
        for _ in 0..3 {
            sleep(Duration::from_millis(500)).await;
        }
        Ok(Reading { power_w: Some(3_000), ..Reading::empty(self.0) })
    }

    async fn confirm_identity(&self, _: Duration) -> Result<(), DeviceError> {
        Ok(())
    }

    async fn execute(&self, _: &Operation<PoolPassword>, _: Duration) -> Outcome {
        Outcome::NotSent { reason: "it is only polled".to_owned() }
    }

    async fn verify(&self, _: &Operation<PoolPassword>, _: &Reading, _: Duration, _: Heard<'_>) -> Verdict {
        Verdict::Unverifiable
    }
}

struct SlowDriver;

#[async_trait]
impl Driver for SlowDriver {
    fn id(&self) -> &'static str {
        "slow"
    }

    fn family(&self) -> &'static str {
        "slow"
    }

    fn ports(&self) -> &'static [u16] {
        &[]
    }

    async fn probe(&self, _: IpAddr, _: &[Credential], _: Duration) -> Probe {
        Probe::Silent
    }

    fn open(&self, target: Target, _: &[Credential]) -> Arc<dyn Device> {
        Arc::new(Slow(target.device))
    }
}

fn known(device: u32) -> KnownDevice {
    KnownDevice {
        device: DeviceId(device),
        identity: DeviceIdentity { mac: None, serial: Some(device.to_string()) },
        ip: Ipv4Addr::from(u32::from(Ipv4Addr::new(127, 1, 0, 0)) + device).into(),
        driver: "slow".to_owned(),
        model: "One".to_owned(),
        modes: Vec::new(),
        scan_task: TASK,
    }
}

/// The server's side: what it makes of the results.
struct Judge {
    collector: Arc<Collector>,
    miners: u32,
    start: Instant,
    table: LiveTable,
    answers: u32,
    missed: u32,
}

impl Judge {
    fn of(collector: &Arc<Collector>, miners: u32) -> Self {
        let mut table = LiveTable::default();
        for device in 0..miners {
            table.set_device(DeviceId(device), Facts::default(), polled(ASKED), Timestamp(0));
        }
        Self { collector: Arc::clone(collector), miners, start: Instant::now(), table, answers: 0, missed: 0 }
    }

    fn load(&self) -> PollLoad {
        self.collector.load.told(ASKED, self.collector.registry.len())
    }

    /// Takes in what the agent has sent.
    fn hear(&mut self) {
        let now = Timestamp(i64::try_from(self.start.elapsed().as_millis()).unwrap());
        let load = self.load();
        let interval = polled(Duration::from_millis(load.interval_ms));
        self.table.set_polling((0..self.miners).map(|device| (DeviceId(device), interval)), now);
        let status = AgentStatus { workers: Vec::new(), open_commands: 0, devices: self.miners };
        for frame in self.collector.outbox.frames(|| (status.clone(), load)) {
            let ToServer::Polled { results } = serde_json::from_str(&frame).unwrap() else { continue };
            for result in &results {
                let is_missed = matches!(result, PollResult::Missed { device, .. } if *device != DEAD);
                self.missed += u32::from(is_missed);
                self.answers += u32::from(matches!(result, PollResult::Answered { .. }));
            }
            self.table.apply(&results, now);
        }
        self.table.pass(now);
    }

    fn connectivity(&self, device: DeviceId) -> Connectivity {
        self.table.row(device).unwrap().connectivity.value
    }

    /// How many devices that answer are so.
    fn count(&self, is: Connectivity) -> usize {
        let miners = (0..self.miners).map(DeviceId).filter(|device| *device != DEAD);
        miners.filter(|device| self.connectivity(*device) == is).count()
    }
}

fn polled(interval: Duration) -> Polling {
    Polling::Polled { interval: Millis(u64::try_from(interval.as_millis()).unwrap()) }
}

#[tokio::test(start_paused = true)]
async fn five_thousand_slow_miners_at_five_seconds_on_a_host_that_stands_still_are_never_called_unreachable() {
    let folder = tempfile::tempdir().unwrap();
    let options = AgentOptions::new("ws://127.0.0.1:1", folder.path(), vec![Arc::new(SlowDriver)]);
    let collector = Arc::new(Collector::new(&options, LocalPolicy::default()));
    collector.registry.update((0..MINERS).map(known).collect(), true);
    collector.outbox.connected();
    let (stop, watched) = (CancellationToken::new(), Arc::clone(&collector));
    let timers = tokio::spawn(async move { watched.load.watch_timers().await });
    let crew = Crew::new(stop.clone());
    crew.spawn(poll::run(Arc::clone(&collector), TASK, ASKED, crew.clone()));
    let mut judge = Judge::of(&collector, MINERS);
    for second in 1..=300 {
        sleep(Duration::from_secs(1)).await;
        // Everything stands still, and what was under way runs out of time.
        if second > 60 && second % 40 == 0 {
            advance(Duration::from_secs(12)).await;
        }
        judge.hear();
        assert_eq!(judge.count(Connectivity::Unreachable), 0, "after {second} s");
        if second > 40 {
            assert_eq!(judge.count(Connectivity::Unknown), 0, "after {second} s");
        }
        if second == 60 {
            assert_eq!(judge.load().interval_ms, 37_000, "what can be kept up, and told");
        }
    }
    let load = judge.load();
    assert_eq!(judge.missed, 0);
    assert_eq!(judge.connectivity(DEAD), Connectivity::Unreachable);
    assert!(judge.answers > 6 * MINERS, "{} answers", judge.answers);
    assert!(load.due > load.done + 500, "polls were cut off: {load:?}");
    assert!(load.lag_ms < 2 * load.interval_ms, "{load:?}");
    crew.dismiss().await;
    timers.abort();
}

#[tokio::test(start_paused = true)]
async fn a_device_that_an_order_holds_is_busy_and_its_agent_is_not_called_late() {
    let folder = tempfile::tempdir().unwrap();
    let options = AgentOptions::new("ws://127.0.0.1:1", folder.path(), vec![Arc::new(SlowDriver)]);
    let collector = Arc::new(Collector::new(&options, LocalPolicy::default()));
    collector.registry.update((0..3).map(known).collect(), true);
    collector.outbox.connected();
    let crew = Crew::new(CancellationToken::new());
    crew.spawn(poll::run(Arc::clone(&collector), TASK, ASKED, crew.clone()));
    let mut judge = Judge::of(&collector, 3);
    sleep(Duration::from_secs(10)).await;
    judge.hear();
    assert_eq!(judge.count(Connectivity::Online), 3);

    let seat = collector.registry.get(DeviceId(1)).unwrap().seat.clone();
    let order = seat.line.lock().await;
    let reason = |judge: &Judge, device| judge.table.row(DeviceId(device)).unwrap().connectivity.reason;
    for second in 1..=240 {
        sleep(Duration::from_secs(1)).await;
        judge.hear();
        assert_ne!(reason(&judge, 1), Some(ConnectivityReason::AgentLate), "after {second} s");
    }
    assert_eq!(reason(&judge, 1), Some(ConnectivityReason::Busy));
    assert_eq!(judge.count(Connectivity::Online), 2);
    assert!(seat.takes_poll(), "whatever the order reads next is told");
    assert!(judge.load().lag_ms < 2_000, "{:?}", judge.load());
    drop(order);
    sleep(Duration::from_secs(10)).await;
    judge.hear();
    assert_eq!(judge.count(Connectivity::Online), 3);
    crew.dismiss().await;
}
