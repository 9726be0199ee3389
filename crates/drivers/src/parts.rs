//! A reading put together of several answers, each of which may be missing or hold what cannot be. What is sound is kept;
//! what is not is unknown, and named.

use crate::fields::{as_u32, clean};
use crate::net::Failure;
use crate::tolerant::Answer;
use adit_core::fleet::{Reading, UNREAD};
use serde_json::Value;
use std::ops::RangeInclusive;

/// So many parts are named.
const MOST: usize = 6;

/// What could not be read so far.
#[derive(Debug, Default)]
pub(crate) struct Parts {
    unread: Vec<String>,
}

impl Parts {
    /// The answer to one question, `null` if there is none.
    pub fn take(&mut self, name: &str, answer: Result<Answer, Failure>) -> Value {
        match answer {
            Ok(Answer { value, gaps }) => {
                let gaps: Vec<_> = gaps.iter().map(|gap| if gap == "end" { "cut off" } else { gap }).collect();
                if !gaps.is_empty() {
                    self.unread(name, &gaps.join(", "));
                }
                value
            }
            Err(failure) => {
                self.unread(name, failure.words());
                Value::Null
            }
        }
    }

    /// Names what could not be read, and why.
    pub fn unread(&mut self, name: &str, why: &str) {
        if self.unread.len() < MOST
            && let Some(text) = clean(&format!("{UNREAD}{name}: {why}"), 120)
        {
            self.unread.push(text);
        }
    }

    /// A quantity, if it can be.
    fn within(&mut self, name: &str, number: Option<f64>, possible: RangeInclusive<f64>) -> Option<f64> {
        let number = number?;
        if possible.contains(&number) {
            return Some(number);
        }
        self.unread(name, &format!("{number} cannot be"));
        None
    }

    /// TH/s. How much is too much for a model is judged where its rating is known.
    pub fn hashrate_ths(&mut self, ths: Option<f64>) -> Option<f32> {
        self.within("hashrate", ths, 0.0..=1e9).map(|ths| ths as f32)
    }

    /// Watts.
    pub fn power_w(&mut self, watts: Option<f64>) -> Option<u32> {
        self.within("power", watts, 0.0..=20_000.0).and_then(as_u32)
    }

    /// Watts, of a model that always tells them.
    pub fn told_power_w(&mut self, watts: Option<f64>) -> Option<u32> {
        if watts.is_none() {
            self.unread("power", "not told");
        }
        self.power_w(watts)
    }

    /// Degrees of a chip; none has exactly zero, which stands for no sensor.
    pub fn chip_c(&mut self, celsius: Option<f64>) -> Option<f32> {
        self.within("chip temperature", celsius.filter(|c| *c != 0.0), -40.0..=150.0).map(|c| c as f32)
    }

    /// Degrees of what goes in.
    pub fn inlet_c(&mut self, celsius: Option<f64>) -> Option<f32> {
        self.within("inlet temperature", celsius, -40.0..=80.0).map(|c| c as f32)
    }

    /// Mean speed of fans. A model that has none reports none, whatever it says of them.
    pub fn fan_rpm(&mut self, fans: impl Iterator<Item = f64>, model: &str) -> Option<u32> {
        let fans: Vec<f64> = fans.filter_map(|rpm| self.within("fan", Some(rpm), 0.0..=30_000.0)).collect();
        let stand = fans.iter().all(|rpm| *rpm == 0.0);
        if stand && !crate::models::has_fans(model) {
            return None;
        }
        crate::fields::mean(fans.into_iter())
    }

    /// Seconds, up to ten years.
    pub fn uptime_s(&mut self, seconds: Option<f64>) -> Option<u64> {
        self.within("uptime", seconds, 0.0..=315_360_000.0).map(|seconds| seconds as u64)
    }

    /// Puts what could not be read behind the faults.
    pub fn into_reading(self, reading: &mut Reading) {
        reading.errors.extend(self.unread);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_is_unknown_and_named() {
        let mut parts = Parts::default();
        assert_eq!(parts.power_w(Some(3472.4)), Some(3472));
        assert_eq!(parts.power_w(Some(65_535.0)), None);
        assert_eq!(parts.power_w(Some(-641.0)), None);
        assert_eq!(parts.chip_c(Some(0.0)), None);
        assert_eq!(parts.chip_c(Some(-273.0)), None);
        assert_eq!(parts.inlet_c(Some(-12.0)), Some(-12.0));
        assert_eq!(parts.uptime_s(Some(4e9)), None);
        assert_eq!(parts.hashrate_ths(None), None);
        let power = ["not read: power: 65535 cannot be", "not read: power: -641 cannot be"];
        assert_eq!(parts.unread[..2], power);
        assert_eq!(parts.unread.len(), 4);
    }

    #[test]
    fn a_draw_that_is_always_told_and_is_missing_is_named() {
        let mut parts = Parts::default();
        assert_eq!((parts.power_w(None), parts.told_power_w(Some(0.0))), (None, Some(0)));
        assert_eq!(parts.unread, [""; 0]);
        assert_eq!(parts.told_power_w(None), None);
        assert_eq!(parts.unread, ["not read: power: not told"]);
    }

    #[test]
    fn standing_fans_are_a_fault_only_where_there_are_fans() {
        let mut parts = Parts::default();
        assert_eq!(parts.fan_rpm([0.0, 0.0].into_iter(), "M60S"), Some(0));
        assert_eq!(parts.fan_rpm([0.0, 0.0].into_iter(), "M63S"), None);
        assert_eq!(parts.fan_rpm([].into_iter(), "M60S"), None);
        assert_eq!(parts.fan_rpm([5000.0, 5100.0].into_iter(), "M63S"), Some(5050));
    }
}
