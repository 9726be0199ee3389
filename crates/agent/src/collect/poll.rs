//! Polls: each known device is read once per interval, the devices spread evenly over it. At most one poll of a device is
//! waiting or in flight, and it speaks only while nobody else does. Every poll that was made in time has a result, by which the
//! server judges.

use super::{Collector, Crew, Member, load::Due};
use adit_core::{
    fleet::{MissReason, PollResult, Reading},
    ids::{DeviceId, ScanTaskId},
};
use adit_drivers::DeviceError;
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, HashSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};
use tokio::time::{Instant, sleep_until, timeout};

/// New devices get their first reading within this time, rather than within a whole interval.
const FIRST_WITHIN: Duration = Duration::from_secs(3);
/// Longest list of faults and longest fault in a reading.
const MAX_ERRORS: usize = 16;
const MAX_ERROR_CHARS: usize = 120;
/// A driver that does not keep its limit is cut off this much later.
const GRACE: Duration = Duration::from_secs(1);
/// A poll that the agent was too busy for is made so many times in all, before it is the next one's turn.
const TRIES: u32 = 2;
/// A poll that runs out of time says nothing of the device if the agent itself was held up for this part of it.
const HELD_UP: u32 = 8;

/// Polls the devices of one scan task for ever.
pub(crate) async fn run(collector: Arc<Collector>, task: ScanTaskId, interval: Duration, crew: Crew) {
    let mut changes = collector.registry.changes();
    changes.mark_changed();
    let mut due: BinaryHeap<Reverse<(Instant, DeviceId, Turn)>> = BinaryHeap::new();
    let mut planned: HashSet<DeviceId> = HashSet::new();
    let mut place = 0_u32;
    loop {
        let next = due.peek().map(|Reverse((at, ..))| *at);
        tokio::select! {
            changed = changes.changed() => {
                if changed.is_err() {
                    return;
                }
                let now = Instant::now();
                for device in collector.registry.of_task(task) {
                    if planned.insert(device) {
                        place = place.wrapping_add(1);
                        let first = now + share(place, interval.min(FIRST_WITHIN));
                        due.push(Reverse((first, device, Turn { place, first: true })));
                    }
                }
            }
            () = sleep_until(next.unwrap_or_else(Instant::now)), if next.is_some() => {}
        }
        let now = Instant::now();
        let interval = collector.load.interval(interval, collector.registry.len());
        while let Some(Reverse((at, device, turn))) = due.peek().copied().filter(|Reverse((at, ..))| *at <= now) {
            due.pop();
            let Some(member) = collector.registry.get(device).filter(|m| m.known.scan_task == task) else {
                planned.remove(&device);
                continue;
            };
            crew.spawn(scheduled(Arc::clone(&collector), member, at));
            due.push(Reverse((turn.after(at, now, interval), device, Turn { first: false, ..turn })));
        }
    }
}

/// The place's share of a length of time: the first, second, ... place are spread evenly over it however many there are.
fn share(place: u32, of: Duration) -> Duration {
    // The fractional parts of multiples of the golden ratio, in 32 bits.
    let fraction = f64::from(place.wrapping_mul(2_654_435_769)) / f64::from(u32::MAX);
    of.mul_f64(fraction)
}

/// A device's place among its task's devices, and whether it still waits for its first poll.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Turn {
    place: u32,
    first: bool,
}

impl Turn {
    /// When the poll after the one that was due `at` is due. First polls are close together, so the second moves to the
    /// place's share of the interval. What was missed while this host slept is not made up for.
    fn after(self, at: Instant, now: Instant, interval: Duration) -> Instant {
        let mut next = at + interval;
        if self.first {
            let moved = at + share(self.place, interval).saturating_sub(share(self.place, interval.min(FIRST_WITHIN)));
            next = if moved < at + interval / 2 { moved + interval } else { moved };
        }
        next.max(now + interval / 2)
    }
}

struct Flag(Arc<AtomicBool>);

impl Drop for Flag {
    fn drop(&mut self) {
        self.0.store(false, Ordering::Release);
    }
}

async fn scheduled(collector: Arc<Collector>, member: Arc<Member>, at: Instant) {
    if member.polling.swap(true, Ordering::AcqRel) {
        return;
    }
    let _flag = Flag(Arc::clone(&member.polling));
    if collector.policy.forbids_address(member.known.ip) {
        return;
    }
    let mut due_at = at;
    for _ in 0..TRIES {
        let due = collector.load.due(member.known.device, due_at);
        let Ok(_slot) = collector.polls.acquire().await else { return };
        // Whoever speaks to the device now brings the news of it, as soon as it answers; until then it is told that they do.
        let Ok(_line) = member.seat.line.try_lock() else {
            member.seat.leave_poll();
            collector.outbox.polled(PollResult::Busy { device: member.known.device });
            return due.left_to_others();
        };
        if read(&collector, &member, due).await {
            return;
        }
        due_at = Instant::now();
    }
}

/// Polls a device as soon as nobody else speaks to it.
pub(crate) async fn at_once(collector: &Collector, device: DeviceId) {
    let Some(member) = collector.registry.get(device) else { return };
    if collector.policy.forbids_address(member.known.ip) {
        return;
    }
    let due = collector.load.due(device, Instant::now());
    let Ok(_slot) = collector.polls.acquire().await else { return };
    let _line = member.seat.line.lock().await;
    read(collector, &member, due).await;
}

/// Reads the device; whether that has a result.
async fn read(collector: &Collector, member: &Member, due: Due<'_>) -> bool {
    let (device, limit) = (member.known.device, collector.limits.poll);
    let begun = due.begin();
    member.seat.takes_poll();
    let answer = timeout(limit + GRACE, member.seat.device.read(limit)).await;
    let result = match answer {
        Ok(answer) => result_of(device, answer),
        Err(_) => Some(PollResult::Missed { device, reason: MissReason::Timeout }),
    };
    let ran_out = matches!(result, Some(PollResult::Missed { reason: MissReason::Timeout, .. }));
    let result = result.filter(|_| !(ran_out && begun.held_up() * HELD_UP >= limit));
    begun.end(result.is_some());
    let Some(result) = result else { return false };
    match &result {
        PollResult::Missed { .. } => drop(member.misses.fetch_add(1, Ordering::AcqRel)),
        PollResult::Answered { .. } | PollResult::AuthRequired { .. } => member.misses.store(0, Ordering::Release),
        // Nobody was asked.
        PollResult::Busy { .. } => {}
    }
    collector.outbox.polled(result);
    true
}

/// What came of a poll; nothing if the device was not asked.
fn result_of(device: DeviceId, answer: Result<Reading, DeviceError>) -> Option<PollResult> {
    let missed = |reason| Some(PollResult::Missed { device, reason });
    match answer {
        Ok(reading) => Some(trimmed(reading).into()),
        Err(DeviceError::AuthRequired) => Some(PollResult::AuthRequired { device }),
        Err(error @ DeviceError::Unreadable(_)) => {
            Some(Reading { errors: vec![error.to_string()], ..Reading::empty(device) }.into())
        }
        Err(DeviceError::Unreachable { reason, .. }) => missed(reason),
        Err(DeviceError::Changed { .. }) => missed(MissReason::OtherDevice),
        Err(DeviceError::NotAsked(reason)) => {
            tracing::warn!(%device, reason, "a device could not be polled");
            None
        }
    }
}

pub(crate) fn trimmed(mut reading: Reading) -> Reading {
    reading.errors.truncate(MAX_ERRORS);
    for error in &mut reading.errors {
        if let Some((end, _)) = error.char_indices().nth(MAX_ERROR_CHARS) {
            error.truncate(end);
        }
    }
    reading
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn polls_are_spread_over_the_interval_and_none_is_left_out() {
        let (interval, start) = (Duration::from_secs(30), Instant::now());
        let mut in_second = [0_u32; 30];
        for place in 1..=3_000 {
            let mut turn = Turn { place, first: true };
            let mut at = start + share(place, FIRST_WITHIN);
            assert!(at <= start + FIRST_WITHIN);
            for _ in 0..3 {
                let next = turn.after(at, at, interval);
                assert!(next >= at + interval / 2 && next <= at + interval * 3 / 2, "place {place}");
                (at, turn.first) = (next, false);
            }
            in_second[usize::try_from((at - start).as_secs() % 30).unwrap()] += 1;
        }
        assert!(in_second.iter().all(|polls| (80..=120).contains(polls)), "{in_second:?}");
    }
}
