//! The executor against misbehaving devices, a full disk and power cuts.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use adit_agent::{
    executor::{Executor, Limits, Seat, Site},
    journal::{Journal, Record},
};
use adit_core::{
    fleet::{CommandId, Ending, Operation, Order, Pool, PoolPassword, PowerMode, Reading, SecretRef, TargetResult},
    ids::DeviceId,
};
use adit_wire::CommandBody;
use async_trait::async_trait;
use common::{
    HandClock, bounded, command_id, device_order,
    miners::{Manner, Miners},
    tape::Tape,
};
use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};
use tokio::sync::mpsc;

/// Every order permitted; results go to the test.
struct Stage {
    seats: BTreeMap<DeviceId, Seat>,
    refusal: Mutex<Option<String>>,
    /// Told in place of polls.
    polled: Mutex<Vec<Reading>>,
    ends: mpsc::UnboundedSender<(CommandId, TargetResult)>,
}

#[async_trait]
impl Site for Stage {
    fn seat(&self, device: DeviceId) -> Option<Seat> {
        self.seats.get(&device).cloned()
    }
    fn refusal(&self, _: &CommandBody) -> Option<String> {
        self.refusal.lock().unwrap().clone()
    }
    fn polled(&self, reading: Reading) {
        self.polled.lock().unwrap().push(reading);
    }
    async fn restart_workers(&self) -> TargetResult {
        TargetResult::of(Ending::Verified, "restarted")
    }
    async fn ended(&self, command: &CommandBody, result: TargetResult) {
        let _ = self.ends.send((command.command, result));
    }
}

struct Rig {
    executor: Executor,
    journal: Journal,
    stage: Arc<Stage>,
    ends: mpsc::UnboundedReceiver<(CommandId, TargetResult)>,
}

fn limits(slots: usize) -> Limits {
    let short = Duration::from_millis(50);
    Limits {
        slots,
        read: short,
        confirm: short,
        execute: short,
        verify: short,
        verify_slow: short,
        passwords: Duration::from_secs(86_400),
        journal_retry: Duration::from_millis(10),
    }
}

fn rig(miners: &Miners, hosts: u8, journal: Journal, clock: &HandClock, slots: usize) -> Rig {
    let (ends, results) = mpsc::unbounded_channel();
    let seats = (1..=hosts).map(|host| (DeviceId(host.into()), Seat::new(miners.device(host)))).collect();
    let stage = Arc::new(Stage { seats, refusal: Mutex::default(), polled: Mutex::default(), ends });
    let site = Arc::clone(&stage) as Arc<dyn Site>;
    let executor = Executor::new(limits(slots), site, journal.clone(), clock.clock());
    Rig { executor, journal, stage, ends: results }
}

impl Rig {
    async fn take(&self, command: CommandBody) {
        self.journal.append(vec![Record::Received(command.clone())]).await.unwrap();
        self.executor.submit(command, Vec::new());
    }

    async fn next(&mut self) -> (CommandId, TargetResult) {
        bounded(self.ends.recv()).await.unwrap()
    }

    async fn all(&mut self, n: usize) -> BTreeMap<u32, Ending> {
        let mut all = BTreeMap::new();
        while all.len() < n {
            let (id, result) = self.next().await;
            assert!(all.insert(id.item, result.ending).is_none(), "one end each");
        }
        all
    }
}

async fn miners(n: u8) -> Miners {
    let miners = Miners::none().await;
    (1..=n).for_each(|host| miners.add(host));
    miners
}

const LOCATE: Operation = Operation::Locate { on: true };
const REBOOT: Operation = Operation::Reboot {};

#[tokio::test]
async fn a_verified_order_carries_the_draw_before_it_and_is_in_the_journal() {
    let (miners, clock, tape) = (miners(1).await, HandClock::at(0), Tape::blank());
    let mut rig = rig(&miners, 1, tape.journal(clock.clock()), &clock, 4);
    rig.take(device_order(0, 1, Operation::SetPowerMode { mode: PowerMode::Sleep }, 100)).await;
    let (id, result) = rig.next().await;
    assert_eq!((id, result.ending), (command_id(0), Ending::Verified));
    assert_eq!(result.power_before_w, Some(3_000), "what it draws afterwards is measured once it has settled");
    bounded(rig.executor.drain()).await;
    assert_eq!(tape.journal(clock.clock()).unstored(), [(id, result)]);
}

#[tokio::test]
async fn what_is_read_back_stands_in_for_a_poll_that_fell_due_meanwhile() {
    let (miners, clock) = (miners(2).await, HandClock::at(0));
    let mut rig = rig(&miners, 2, Tape::blank().journal(clock.clock()), &clock, 4);
    rig.stage.seats[&DeviceId(1)].leave_poll();
    for n in 1..=2 {
        rig.take(device_order(n, n, LOCATE, 100)).await;
    }
    assert!(rig.all(2).await.values().all(|ending| *ending == Ending::Verified));
    let polled: Vec<_> =
        rig.stage.polled.lock().unwrap().iter().map(|reading| (reading.device, reading.power_w)).collect();
    assert_eq!(polled, [(DeviceId(1), Some(3_000))], "once, however often it is read, and only where one was due");
}

#[tokio::test]
async fn orders_to_one_device_go_one_at_a_time_in_their_order() {
    let (miners, clock) = (miners(2).await, HandClock::at(0));
    let mut rig = rig(&miners, 2, Tape::blank().journal(clock.clock()), &clock, 64);
    for n in 0..20 {
        rig.take(device_order(n, 1 + n % 2, Operation::Locate { on: n % 4 < 2 }, 100)).await;
    }
    assert!(rig.all(20).await.values().all(|ending| *ending == Ending::Verified));
    let expected: Vec<_> = (0..10).map(|n| Operation::Locate { on: n % 2 == 0 }).collect();
    for host in 1..=2 {
        let miner = miners.get(host);
        assert_eq!((miner.most_talking, miner.told), (1, expected.clone()));
    }
}

#[tokio::test]
async fn a_hung_device_costs_one_slot_and_the_others_go_on() {
    let (miners, clock) = (miners(30).await, HandClock::at(0));
    let mut rig = rig(&miners, 30, Tape::blank().journal(clock.clock()), &clock, 2);
    miners.set(1, |miner| miner.read = Manner::Hangs);
    for n in 1..=30 {
        rig.take(device_order(n, n, LOCATE, 100)).await;
    }
    let all = rig.all(30).await;
    assert_eq!(all[&1], Ending::Failed);
    assert!(all.iter().all(|(n, ending)| *n == 1 || *ending == Ending::Verified));
    assert!(miners.get(1).told.is_empty());
}

#[tokio::test]
async fn an_order_that_waits_for_its_password_holds_up_no_other_and_no_stop() {
    let (miners, clock) = (miners(2).await, HandClock::at(0));
    let mut rig = rig(&miners, 2, Tape::blank().journal(clock.clock()), &clock, 1);
    let named = SecretRef::new(7);
    let set_pools = |n, device| {
        let (url, user) = ("stratum+tcp://pool.example:3333".into(), "farm.1".into());
        let pools = vec![Pool { url, user, password: Some(named.clone()) }];
        Record::Received(device_order(n, device, Operation::SetPools { pools }, 100))
    };
    rig.journal.append(vec![set_pools(0, 1), set_pools(1, 2)]).await.unwrap();
    rig.executor.recover().await.unwrap();
    rig.executor.release();
    // In the only slot, to the same devices.
    rig.take(device_order(2, 1, LOCATE, 100)).await;
    rig.take(device_order(3, 2, LOCATE, 100)).await;
    assert_eq!(rig.all(2).await, BTreeMap::from([(2, Ending::Verified), (3, Ending::Verified)]));

    let password = PoolPassword::try_from("hunter2".to_owned()).unwrap();
    rig.executor.supply(command_id(0), vec![(named.clone(), password)]);
    assert_eq!(rig.all(1).await, BTreeMap::from([(0, Ending::Verified)]));
    assert_eq!(miners.get(1).passwords, ["hunter2"]);
    bounded(rig.executor.drain()).await;
    assert_eq!(rig.executor.open(), 1, "the other is for the next start");
    assert!(miners.get(2).passwords.is_empty());
}

#[tokio::test]
async fn what_cannot_be_known_is_unknown_and_a_reboot_is_never_sent_twice() {
    // execute, verify, ending of a reboot, ending of a locate, times the locate is sent
    let table = [
        (Manner::Well, Manner::Well, Ending::Verified, Ending::Verified, 1),
        (Manner::Well, Manner::Stranger, Ending::Failed, Ending::Failed, 1),
        (Manner::Well, Manner::Fails, Ending::Unknown, Ending::Unknown, 2),
        (Manner::Well, Manner::Hangs, Ending::Unknown, Ending::Unknown, 2),
        (Manner::Fails, Manner::Well, Ending::Verified, Ending::Verified, 1),
        (Manner::Fails, Manner::Stranger, Ending::Unknown, Ending::Unknown, 2),
        (Manner::Hangs, Manner::Fails, Ending::Unknown, Ending::Unknown, 2),
        (Manner::Panics, Manner::Well, Ending::Unknown, Ending::Unknown, 1),
        (Manner::Well, Manner::Panics, Ending::Unknown, Ending::Unknown, 1),
        (Manner::Stranger, Manner::Well, Ending::Skipped, Ending::Skipped, 0),
    ];
    let hosts = u8::try_from(table.len()).unwrap();
    let (miners, clock) = (miners(hosts).await, HandClock::at(0));
    let mut rig = rig(&miners, hosts, Tape::blank().journal(clock.clock()), &clock, 64);
    for (host, (execute, verify, ..)) in (1..).zip(table) {
        miners.set(host, |miner| (miner.execute, miner.verify) = (execute, verify));
        rig.take(device_order(host.into(), host.into(), REBOOT, 100)).await;
        rig.take(device_order(100 + u32::from(host), host.into(), LOCATE, 100)).await;
    }
    let all = rig.all(table.len() * 2).await;
    for (host, (execute, verify, reboot, locate, sent)) in (1_u8..).zip(table) {
        let n = u32::from(host);
        assert_eq!((all[&n], all[&(100 + n)]), (reboot, locate), "{execute:?} {verify:?}");
        let told = miners.get(host).told;
        let reboots = told.iter().filter(|operation| **operation == REBOOT).count();
        assert_eq!((reboots, told.len() - reboots), (sent.min(1), sent), "{execute:?} {verify:?}");
    }
}

#[tokio::test]
async fn late_refused_and_unknown_targets_are_not_touched() {
    let (miners, clock) = (miners(1).await, HandClock::at(100));
    let mut rig = rig(&miners, 1, Tape::blank().journal(clock.clock()), &clock, 4);
    rig.take(device_order(0, 1, REBOOT, 100)).await;
    assert_eq!(rig.next().await.1.ending, Ending::TimedOut);
    rig.take(device_order(1, 77, REBOOT, 200)).await;
    assert_eq!(rig.next().await.1.ending, Ending::Skipped);
    rig.take(device_order(2, 1, Operation::Pause {}, 200)).await;
    assert_eq!(rig.next().await.1.ending, Ending::Skipped);
    *rig.stage.refusal.lock().unwrap() = Some("the agent is paused".to_owned());
    rig.take(device_order(3, 1, REBOOT, 200)).await;
    let (_, result) = rig.next().await;
    assert_eq!((result.ending, result.message.as_deref()), (Ending::Skipped, Some("the agent is paused")));
    assert!(miners.get(1).told.is_empty());
}

#[tokio::test]
async fn an_order_whose_beginning_cannot_be_written_is_not_begun() {
    let (miners, clock, tape) = (miners(1).await, HandClock::at(0), Tape::blank());
    let mut rig = rig(&miners, 1, tape.journal(clock.clock()), &clock, 4);
    let command = device_order(0, 1, REBOOT, 100);
    rig.journal.append(vec![Record::Received(command.clone())]).await.unwrap();
    tape.set_full(true);
    rig.executor.submit(command, Vec::new());
    miners.wait(1, |miner| miner.reads == 1).await;
    // While a later start could still begin it, the refusal is not told.
    assert!(rig.ends.try_recv().is_err());
    clock.set(100);
    let (_, result) = rig.next().await;
    assert_eq!(result.ending, Ending::Skipped);
    assert!(result.message.unwrap().contains("cannot be written"));
    tape.set_full(false);
    bounded(rig.executor.drain()).await;
    assert_eq!(rig.journal.unstored().len(), 1);
    assert!(miners.get(1).told.is_empty());
}

/// Three orders under a power cut at every few bytes of the journal: whatever was durable, after the next start each order has
/// exactly one end, and no reboot was sent twice.
#[test]
fn no_power_cut_makes_a_reboot_happen_twice() {
    let orders =
        [device_order(0, 1, REBOOT, 1_000), device_order(1, 2, LOCATE, 1_000), device_order(2, 2, REBOOT, 1_000)];
    let whole = life(&orders, Tape::blank(), None);
    let length = whole.tape.bytes().len();
    assert_eq!(whole.ends.len(), 3);
    let mut unknown = 0;
    for cut in (8..length).step_by(11) {
        let first = life(&orders, Tape::blank().unplug_at(cut), None);
        let second = life(&[], Tape::new(first.tape.bytes()), Some(first.miners));
        for order in &orders {
            let (id, n) = (order.command, order.command.item);
            let (Order::Device { device, operation }, told) = (&order.order, &second.miners) else { panic!() };
            let times = told.get(u8::try_from(device.0).unwrap()).told.iter().filter(|o| *o == operation).count();
            if !operation.is_idempotent() {
                assert!(times <= 1, "order {n} was sent {times} times with the power cut at {cut}");
            }
            match (first.ends.get(&id), second.ends.get(&id)) {
                // Cut before it was taken: the server will send it again.
                (None, None) => assert_eq!(times, 0, "order {n} at {cut}"),
                (Some(told), Some(again)) => assert_eq!(told, again, "a told end is durable; cut at {cut}"),
                (Some(_), None) => panic!("order {n}: an end that was told is gone; cut at {cut}"),
                (None, Some(end)) => {
                    unknown += usize::from(end.ending == Ending::Unknown);
                    assert!(end.ending.is_success() || end.ending == Ending::Unknown, "{end:?} at {cut}");
                }
            }
        }
    }
    assert!(unknown > 0, "no cut hit an order under way");
}

struct Life {
    tape: Tape,
    miners: Miners,
    ends: BTreeMap<CommandId, TargetResult>,
}

/// From a start to the power cut, or until everything has ended.
fn life(orders: &[CommandBody], tape: Tape, before: Option<Miners>) -> Life {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let clock = HandClock::at(0);
    let shared = tape.clone();
    let (miners, ends) = runtime.block_on(async move {
        let miners = match before {
            Some(miners) => miners,
            None => self::miners(2).await,
        };
        let journal = shared.journal(clock.clock());
        let mut rig = rig(&miners, 2, journal, &clock, 4);
        let mut ends = BTreeMap::new();
        let work = async {
            rig.executor.recover().await.unwrap();
            ends.extend(rig.journal.unstored());
            let expected = rig.executor.open() + orders.len();
            rig.executor.release();
            for order in orders {
                rig.take(order.clone()).await;
            }
            for _ in 0..expected {
                let (id, end) = rig.ends.recv().await.unwrap();
                assert!(ends.insert(id, end).is_none());
            }
        };
        bounded(async {
            tokio::select! {
                () = work => {}
                () = shared.went_dark() => {}
            }
        })
        .await;
        // What was told before the power went counts as told.
        while let Ok((id, end)) = rig.ends.try_recv() {
            ends.insert(id, end);
        }
        (miners, ends)
    });
    runtime.shutdown_background();
    Life { tape, miners, ends }
}
