//! Simulated time: how long the fleet has been running, in its own seconds.
//! A *real* clock follows the machine's clock, possibly faster; a *manual*
//! clock moves only when [`Clock::advance`] is called, so that a test decides
//! when a boot ends or a ramp is over.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::Instant;

/// A cheap handle: clones show and move the same time.
#[derive(Clone, Debug)]
pub struct Clock(Arc<Kind>);

#[derive(Debug)]
enum Kind {
    Real { start: Instant, speed: f64 },
    Manual(watch::Sender<Duration>),
}

impl Clock {
    /// Follows the machine's clock, one second a second.
    pub fn real() -> Self {
        Self::with_speed(1.0)
    }

    /// Follows the machine's clock, `speed` simulated seconds a second
    /// (clamped to 0.01..=1000).
    pub fn with_speed(speed: f64) -> Self {
        let speed = if speed.is_finite() { speed.clamp(0.01, 1000.0) } else { 1.0 };
        Self(Arc::new(Kind::Real { start: Instant::now(), speed }))
    }

    /// Stands still at zero until advanced.
    pub fn manual() -> Self {
        Self(Arc::new(Kind::Manual(watch::Sender::new(Duration::ZERO))))
    }

    /// Time since the clock was made.
    pub fn now(&self) -> Duration {
        match &*self.0 {
            Kind::Real { start, speed } => start.elapsed().mul_f64(*speed),
            Kind::Manual(now) => *now.borrow(),
        }
    }

    /// Moves a manual clock on and wakes whoever waits for the new time.
    /// A real clock cannot be pushed: there this does nothing.
    pub fn advance(&self, by: Duration) {
        if let Kind::Manual(now) = &*self.0 {
            now.send_modify(|t| *t = t.saturating_add(by));
        }
    }

    /// Returns once the time is `at` or later.
    pub async fn sleep_until(&self, at: Duration) {
        match &*self.0 {
            Kind::Real { speed, .. } => loop {
                let now = self.now();
                if now >= at {
                    return;
                }
                tokio::time::sleep((at - now).div_f64(*speed)).await;
            },
            Kind::Manual(now) => {
                // The sender lives in `self`, so the wait cannot fail.
                let _ = now.subscribe().wait_for(|t| *t >= at).await;
            }
        }
    }

    /// Returns when the time may have moved on: shortly, or at the next
    /// [`Clock::advance`].
    pub(crate) async fn tick(&self) {
        match &*self.0 {
            Kind::Real { .. } => tokio::time::sleep(Duration::from_millis(20)).await,
            Kind::Manual(now) => {
                let _ = now.subscribe().changed().await;
            }
        }
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::real()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_manual_clock_wakes_sleepers_only_when_advanced() {
        let clock = Clock::manual();
        let sleeper = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(Duration::from_secs(60)).await }
        });
        clock.advance(Duration::from_secs(59));
        assert_eq!(clock.now(), Duration::from_secs(59));
        assert!(!sleeper.is_finished());
        clock.advance(Duration::from_secs(1));
        sleeper.await.unwrap();
    }
}
