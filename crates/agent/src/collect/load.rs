//! Whether the agent keeps up with its polls, and what it does about it.
//!
//! It widens the interval between polls by itself, for all devices alike, before it would poll some late and others not at all: no
//! more polls are begun than can be under way together, given how long one takes. And it knows how long its own timers were
//! late: a poll that ran out of time meanwhile says nothing of its device.

use adit_core::ids::DeviceId;
use adit_wire::PollLoad;
use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};
use tokio::time::{Instant, sleep_until};

/// Of the polls that can be under way at once, this share is planned with: the rest is for orders and for devices that have just been found.
const PLANNED: f64 = 0.8;
/// The weight of the last poll in the mean.
const WEIGHT: f64 = 1.0 / 128.0;
/// The widest interval.
const WIDEST: Duration = Duration::from_secs(3_600);
/// How often the timers are looked at.
const PULSE: Duration = Duration::from_millis(100);
/// A timer is late beyond this.
const PUNCTUAL: Duration = Duration::from_millis(50);

/// The load of the agent's polls, of all scan tasks together.
pub(crate) struct Load {
    /// Polls that may be under way at once.
    parallel: usize,
    inner: Mutex<Inner>,
}

struct Inner {
    /// Polls that are due and have not begun, since when.
    waiting: BTreeSet<(Instant, DeviceId)>,
    due: u64,
    done: u64,
    /// How long a poll takes, seconds, the agent's own lateness left out.
    mean_s: f64,
    /// The interval in force, and until when it is not narrowed: until all polls that were put off by it have been made.
    in_force: Option<(Duration, Instant)>,
    /// How late the agent's timers have been since it started, all together.
    late: Duration,
    /// When the next look at the timers is due; `None` if nobody looks.
    pulse_at: Option<Instant>,
}

/// A poll that is due; leaving it without beginning it counts as due and not done.
pub(crate) struct Due<'a> {
    load: &'a Load,
    at: Instant,
    device: DeviceId,
}

/// A poll under way.
pub(crate) struct Begun<'a> {
    load: &'a Load,
    at: Instant,
    late: Duration,
}

impl Load {
    pub fn new(parallel: usize) -> Self {
        let inner = Inner {
            waiting: BTreeSet::new(),
            due: 0,
            done: 0,
            mean_s: 0.0,
            in_force: None,
            late: Duration::ZERO,
            pulse_at: None,
        };
        Self { parallel: parallel.max(1), inner: Mutex::new(inner) }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Keeps an eye on the agent's own timers, for ever.
    pub async fn watch_timers(&self) {
        loop {
            let due = Instant::now() + PULSE;
            self.inner().pulse_at = Some(due);
            sleep_until(due).await;
            let mut inner = self.inner();
            inner.late += lateness(due);
            inner.pulse_at = None;
        }
    }

    /// The interval in force where `configured` is asked for and so many devices are polled.
    pub fn interval(&self, configured: Duration, devices: usize) -> Duration {
        let mut inner = self.inner();
        let needed = sustainable(configured, devices, inner.mean_s, self.parallel);
        inner.keep_in_force(needed, Instant::now())
    }

    /// What is told to the server.
    pub fn told(&self, configured: Duration, devices: usize) -> PollLoad {
        let interval = self.interval(configured, devices);
        let inner = self.inner();
        let lag = inner.waiting.first().map_or(Duration::ZERO, |(at, _)| Instant::now().saturating_duration_since(*at));
        PollLoad { lag_ms: millis(lag), due: inner.due, done: inner.done, interval_ms: millis(interval) }
    }

    /// A poll of a device became due.
    pub fn due(&self, device: DeviceId, at: Instant) -> Due<'_> {
        let mut inner = self.inner();
        inner.due += 1;
        inner.waiting.insert((at, device));
        Due { load: self, at, device }
    }
}

impl<'a> Due<'a> {
    /// It begins.
    pub fn begin(self) -> Begun<'a> {
        Begun { load: self.load, at: Instant::now(), late: self.load.inner().late_by_now() }
    }

    /// Somebody else speaks to the device and brings the news of it.
    pub fn left_to_others(self) {
        self.load.inner().done += 1;
    }
}

impl Drop for Due<'_> {
    fn drop(&mut self) {
        self.load.inner().waiting.remove(&(self.at, self.device));
    }
}

impl Begun<'_> {
    /// How late the agent's own timers have been since it began, all together.
    pub fn held_up(&self) -> Duration {
        self.load.inner().late_by_now().saturating_sub(self.late)
    }

    /// It has ended; `counts` unless the agent was too busy for it.
    pub fn end(self, counts: bool) {
        let took = self.at.elapsed().saturating_sub(self.held_up()).as_secs_f64();
        let mut inner = self.load.inner();
        inner.done += u64::from(counts);
        inner.mean_s = if inner.mean_s == 0.0 { took } else { inner.mean_s + (took - inner.mean_s) * WEIGHT };
    }
}

impl Inner {
    fn keep_in_force(&mut self, needed: Duration, now: Instant) -> Duration {
        match self.in_force {
            Some((interval, until)) if needed < interval && now < until => interval,
            Some(_) | None => {
                self.in_force = Some((needed, now + needed));
                needed
            }
        }
    }

    /// Also of the look that is under way: it may itself be held up.
    fn late_by_now(&self) -> Duration {
        self.late + self.pulse_at.map_or(Duration::ZERO, lateness)
    }
}

/// How late it is for what was due at `due`.
fn lateness(due: Instant) -> Duration {
    let late = Instant::now().saturating_duration_since(due);
    if late > PUNCTUAL { late } else { Duration::ZERO }
}

/// The shortest interval, `configured` at least, in which so many devices can be polled if one takes `mean_s` seconds and
/// `parallel` may be under way together. Widened to whole seconds, so that it does not change with every poll.
fn sustainable(configured: Duration, devices: usize, mean_s: f64, parallel: usize) -> Duration {
    let needed_s = (devices as f64 * mean_s / (parallel as f64 * PLANNED)).min(WIDEST.as_secs_f64());
    if needed_s <= configured.as_secs_f64() { configured } else { Duration::from_secs_f64(needed_s.ceil()) }
}

fn millis(length: Duration) -> u64 {
    u64::try_from(length.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_interval_is_as_asked_for_as_long_as_it_can_be_kept() {
        let s = Duration::from_secs;
        assert_eq!(sustainable(s(5), 5_000, 0.0, 256), s(5), "nothing is known yet");
        assert_eq!(sustainable(s(5), 5_000, 0.2, 256), s(5));
        assert_eq!(sustainable(s(5), 5_000, 1.5, 256), s(37));
        assert_eq!(sustainable(s(30), 1_000_000, 9.0, 1), WIDEST);
        assert_eq!(sustainable(s(30), 0, 9.0, 1), s(30));
    }

    #[tokio::test(start_paused = true)]
    async fn a_widened_interval_is_kept_until_every_poll_that_it_put_off_has_been_made() {
        let load = Load::new(1);
        let s = Duration::from_secs;
        let begun = load.due(DeviceId(1), Instant::now()).begin();
        tokio::time::advance(s(8)).await;
        begun.end(true);
        assert_eq!(load.interval(s(5), 4), s(40));
        assert_eq!(load.interval(s(5), 1), s(40));
        tokio::time::advance(s(40)).await;
        assert_eq!(load.interval(s(5), 1), s(10));
    }

    #[tokio::test(start_paused = true)]
    async fn a_poll_that_waits_is_the_lag_and_one_that_never_began_is_not_done() {
        let load = Load::new(1);
        let told = || load.told(Duration::from_secs(5), 1);
        let (first, second) = (load.due(DeviceId(1), Instant::now()), load.due(DeviceId(2), Instant::now()));
        tokio::time::advance(Duration::from_secs(3)).await;
        first.begin().end(true);
        assert_eq!(told(), PollLoad { lag_ms: 3_000, due: 2, done: 1, interval_ms: 5_000 });
        drop(second);
        assert_eq!(told(), PollLoad { lag_ms: 0, due: 2, done: 1, interval_ms: 5_000 });
    }

    #[tokio::test(start_paused = true)]
    async fn how_late_the_timers_are_is_known_also_while_they_are() {
        let load = std::sync::Arc::new(Load::new(1));
        let watched = std::sync::Arc::clone(&load);
        let watching = tokio::spawn(async move { watched.watch_timers().await });
        tokio::time::sleep(Duration::from_secs(1)).await;
        let begun = load.due(DeviceId(1), Instant::now()).begin();
        tokio::time::sleep(Duration::from_secs(1)).await;
        assert_eq!(begun.held_up(), Duration::ZERO);
        tokio::time::advance(Duration::from_secs(4)).await;
        let held_up = begun.held_up();
        assert!(held_up >= Duration::from_millis(3_900) && held_up <= Duration::from_secs(4), "{held_up:?}");
        watching.abort();
    }
}
