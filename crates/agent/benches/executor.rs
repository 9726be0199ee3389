//! What the executor adds to carrying out orders: 10 000 devices that answer every call in 50 ms, once by a bare tokio
//! loop with as many calls in flight, once by the executor with its journal on disk and its results delivered.
//!
//! `cargo bench -p adit-agent --bench executor`
#![allow(clippy::unwrap_used, reason = "a measurement that cannot go on stops")]

use adit_agent::{
    executor::{Executor, Limits, Seat, Site},
    journal::{Journal, Record},
};
use adit_core::{
    fleet::{CommandId, Ending, OpKind, Operation, Order, PoolPassword, PowerMode, Reading, TargetResult},
    ids::{AgentId, DeviceId, RequestId},
    time::Timestamp,
};
use adit_drivers::{Device, DeviceError, Heard, Outcome, Verdict};
use adit_wire::CommandBody;
use async_trait::async_trait;
use futures_util::{StreamExt, stream};
use std::{
    sync::Arc,
    time::{Duration, Instant},
};
use tokio::{sync::mpsc, time::sleep};

const DEVICES: u32 = 10_000;
const ANSWER: Duration = Duration::from_millis(50);
const OPERATION: Operation = Operation::Locate { on: true };

struct Slow(DeviceId);

#[async_trait]
impl Device for Slow {
    fn supports(&self, _: OpKind) -> bool {
        true
    }
    fn modes(&self) -> &[PowerMode] {
        &[]
    }
    async fn read(&self, _: Duration) -> Result<Reading, DeviceError> {
        sleep(ANSWER).await;
        Ok(Reading::empty(self.0))
    }
    async fn confirm_identity(&self, _: Duration) -> Result<(), DeviceError> {
        sleep(ANSWER).await;
        Ok(())
    }
    async fn execute(&self, _: &Operation<PoolPassword>, _: Duration) -> Outcome {
        sleep(ANSWER).await;
        Outcome::Accepted
    }
    async fn verify(&self, _: &Operation<PoolPassword>, _: &Reading, _: Duration, _: Heard<'_>) -> Verdict {
        sleep(ANSWER).await;
        Verdict::Confirmed { seen: "lit".to_owned() }
    }
}

struct Stage {
    seats: Vec<Seat>,
    ends: mpsc::UnboundedSender<(CommandId, TargetResult)>,
}

#[async_trait]
impl Site for Stage {
    fn seat(&self, device: DeviceId) -> Option<Seat> {
        self.seats.get(device.index()).cloned()
    }
    fn refusal(&self, _: &CommandBody) -> Option<String> {
        None
    }
    fn polled(&self, _: Reading) {}
    async fn restart_workers(&self) -> TargetResult {
        TargetResult::of(Ending::Skipped, "none here")
    }
    async fn ended(&self, command: &CommandBody, result: TargetResult) {
        let _ = self.ends.send((command.command, result));
    }
}

async fn bare(seats: &[Seat], slots: usize) -> Duration {
    let start = Instant::now();
    let limit = Duration::from_secs(5);
    stream::iter(seats.to_vec())
        .map(|seat| {
            tokio::spawn(async move {
                let before = seat.device.read(limit).await.unwrap();
                seat.device.confirm_identity(limit).await.unwrap();
                let told = OPERATION.with_passwords(|_, _| Err(())).unwrap();
                seat.device.execute(&told, limit).await;
                seat.device.verify(&told, &before, limit, &|_| {}).await
            })
        })
        .buffer_unordered(slots)
        .for_each(|_| async {})
        .await;
    start.elapsed()
}

async fn journaled(seats: &[Seat], slots: usize, folder: &std::path::Path) -> Duration {
    let clock: adit_agent::Clock = Arc::new(|| Timestamp(0));
    let journal = Journal::open(&folder.join("journal"), Arc::clone(&clock)).unwrap();
    let (ends, mut results) = mpsc::unbounded_channel();
    let site = Arc::new(Stage { seats: seats.to_vec(), ends });
    let executor = Executor::new(Limits { slots, ..Limits::default() }, site, journal.clone(), clock);
    let start = Instant::now();
    let commands: Vec<_> = (0..DEVICES)
        .map(|n| CommandBody {
            command: CommandId { request: RequestId(1_u128.into()), item: n },
            agent: AgentId(1),
            session: String::new(),
            sequence: u64::from(n),
            issued_at: Timestamp(0),
            subject: None,
            order: Order::Device { device: DeviceId(n), operation: OPERATION },
            approval: "00".repeat(32),
            deadline: Timestamp(1),
        })
        .collect();
    journal.append(commands.iter().cloned().map(Record::Received).collect()).await.unwrap();
    commands.into_iter().for_each(|command| executor.submit(command, Vec::new()));
    for _ in 0..DEVICES {
        assert_eq!(results.recv().await.unwrap().1.ending, Ending::Verified);
    }
    start.elapsed()
}

#[tokio::main]
async fn main() {
    let seats: Vec<_> = (0..DEVICES).map(|n| Seat::new(Arc::new(Slow(DeviceId(n))) as Arc<dyn Device>)).collect();
    for slots in [512, 2_048] {
        let bare = bare(&seats, slots).await;
        let folder = tempfile::tempdir().unwrap();
        let journaled = journaled(&seats, slots, folder.path()).await;
        let ratio = journaled.as_secs_f64() / bare.as_secs_f64();
        println!(
            "{DEVICES} devices, {slots} slots: bare {bare:.2?}, with journal and results {journaled:.2?}, {ratio:.2} x"
        );
    }
}
