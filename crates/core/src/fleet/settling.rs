//! What a device draws once an order has taken effect. A miner ramps for minutes, so a sample taken when the order is read back says
//! nothing: samples are taken until they agree.

use crate::time::{Millis, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::VecDeque;

/// So many samples in a row have to agree.
const SAMPLES: usize = 3;
/// They have to be spread over this long.
const OVER: Millis = Millis::seconds(20);
/// The highest and the lowest differ by no more than this part of the highest: 1/50.
const SHARE: u32 = 50;
/// Nor does a difference of this many watts count.
const LEAST_W: u32 = 25;
/// After this long the last sample has to do.
pub const SETTLES_WITHIN: Millis = Millis::minutes(10);

/// A device's draw after an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PowerAfter {
    /// W; none if the device did not say in time.
    pub watts: Option<u32>,
    /// Samples agreed; otherwise it is the last one.
    pub settled: bool,
}

/// Samples of one device since its order ended.
#[derive(Debug, Clone)]
pub struct Settling {
    since: Timestamp,
    samples: VecDeque<(Timestamp, u32)>,
}

impl Settling {
    /// Of an order that ended at `since`.
    #[must_use]
    pub const fn new(since: Timestamp) -> Self {
        Self { since, samples: VecDeque::new() }
    }

    /// The device said at `at` that it draws `watts`; the same moment again, or one before the order's end, is no other sample.
    pub fn sample(&mut self, at: Timestamp, watts: u32) {
        let last = self.samples.back().map_or(self.since, |(at, _)| *at);
        if at <= last {
            return;
        }
        self.samples.push_back((at, watts));
        // As many as are needed, and then as few as are spread over long enough.
        while self.samples.len() > SAMPLES && self.samples.get(1).is_some_and(|(second, _)| second.after(OVER) <= at) {
            self.samples.pop_front();
        }
    }

    /// The draw, if it has settled, or if it is no longer waited for at `now`.
    #[must_use]
    pub fn end(&self, now: Timestamp) -> Option<PowerAfter> {
        let last = self.samples.back().map(|(_, watts)| *watts);
        if self.agrees() {
            return Some(PowerAfter { watts: last, settled: true });
        }
        (now >= self.since.after(SETTLES_WITHIN)).then_some(PowerAfter { watts: last, settled: false })
    }

    /// The last sample, of a device that is being told to draw something else.
    #[must_use]
    pub fn cut(&self) -> PowerAfter {
        PowerAfter { watts: self.samples.back().map(|(_, watts)| *watts), settled: false }
    }

    fn agrees(&self) -> bool {
        let (Some((from, _)), Some((to, _))) = (self.samples.front(), self.samples.back()) else { return false };
        let watts = || self.samples.iter().map(|(_, watts)| *watts);
        let (Some(lowest), Some(highest)) = (watts().min(), watts().max()) else { return false };
        let close = highest - lowest <= LEAST_W.max(highest / SHARE);
        self.samples.len() >= SAMPLES && from.after(OVER) <= *to && close
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const START: Timestamp = Timestamp(1_800_000_000_000);

    #[test]
    fn what_is_drawn_at_read_back_is_not_what_is_drawn_in_the_end() {
        let mut settling = Settling::new(START);
        settling.sample(START, 3_400);
        let at = |seconds| START.after(Millis::seconds(seconds));
        // A ramp down over a minute, then level.
        for (seconds, watts) in [(5, 3_400), (15, 2_900), (30, 1_500), (45, 300), (60, 40), (75, 22)] {
            settling.sample(at(seconds), watts);
            assert_eq!(settling.end(at(seconds)), None, "{seconds} s");
        }
        settling.sample(at(90), 20);
        assert_eq!(settling.end(at(90)), Some(PowerAfter { watts: Some(20), settled: true }));
    }

    #[test]
    fn what_never_settles_or_says_nothing_is_told_as_that_after_ten_minutes() {
        let (mut restless, silent) = (Settling::new(START), Settling::new(START));
        for minute in 1..=9 {
            restless.sample(START.after(Millis::minutes(minute)), if minute % 2 == 0 { 1_000 } else { 3_000 });
        }
        let late = START.after(SETTLES_WITHIN);
        assert_eq!((restless.end(late.before(Millis(1))), silent.end(late.before(Millis(1)))), (None, None));
        assert_eq!(restless.end(late), Some(PowerAfter { watts: Some(3_000), settled: false }));
        assert_eq!(silent.end(late), Some(PowerAfter { watts: None, settled: false }));
    }

    proptest! {
        /// However often and in whatever order samples come, what is told as settled agrees with the last ones.
        #[test]
        fn what_is_settled_was_so_for_a_while(samples in prop::collection::vec((0_u64..400, 0_u32..4_000), 1..60)) {
            let mut settling = Settling::new(START);
            let mut kept: Vec<(Timestamp, u32)> = Vec::new();
            for (seconds, watts) in samples {
                let at = START.after(Millis::seconds(seconds));
                settling.sample(at, watts);
                if at > kept.last().map_or(START, |(at, _)| *at) {
                    kept.push((at, watts));
                }
                if let Some(PowerAfter { watts: Some(told), settled: true }) = settling.end(at) {
                    let now = kept.last().unwrap().0;
                    let recent: Vec<_> = kept.iter().rev().take_while(|(at, _)| at.after(OVER) > now).collect();
                    prop_assert!(recent.iter().all(|(_, watts)| watts.abs_diff(told) <= 25.max(told / 40)));
                }
            }
        }
    }
}
