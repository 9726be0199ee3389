//! Sums over devices.

use crate::{
    connectivity::ConnectivityReason,
    sets::Counts,
    status::DeviceStatus,
    table::{ABSENT, Column, LiveTable},
};
use std::cmp::Reverse;

/// Devices that are in no sum, because what they said last does not count as so now.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct LeftOut {
    /// How many.
    pub devices: u32,
    /// TH/s that they said last.
    pub hashrate_ths: f64,
    /// W that they said last.
    pub power_w: f64,
}

impl LeftOut {
    fn add(&mut self, hashrate_ths: f32, power_w: f32) {
        self.devices += 1;
        add(&mut self.hashrate_ths, &mut 0, hashrate_ths);
        add(&mut self.power_w, &mut 0, power_w);
    }
}

/// Why what a device said last does not count as so now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftOutReason {
    /// It is online, and has told nothing for more than two and a half intervals between polls.
    Overdue,
    /// It is not online, for this reason.
    NotOnline(ConnectivityReason),
}

/// Every reason.
const REASONS: usize = 1 + ConnectivityReason::ALL.len();

impl LeftOutReason {
    fn of(reason: Option<ConnectivityReason>) -> Self {
        reason.map_or(Self::Overdue, Self::NotOnline)
    }

    const fn number(self) -> usize {
        match self {
            Self::Overdue => 0,
            Self::NotOnline(reason) => 1 + reason as usize,
        }
    }

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Overdue => "overdue",
            Self::NotOnline(reason) => reason.as_str(),
        }
    }
}

/// Sums over some devices. Only what counts as so now adds to hashrate and draw; the counts beside the sums say how many did,
/// and what is left out how much the others said last.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Totals {
    /// How many devices, by status.
    pub devices: Counts<DeviceStatus>,
    /// Devices that do not count in the sums.
    pub left_out: LeftOut,
    /// The same by reason.
    left_out_for: [LeftOut; REASONS],
    /// TH/s.
    pub hashrate_ths: f64,
    /// How many said their hashrate.
    pub hashrate_known: u32,
    /// What all of them should do in the modes they were last in, TH/s.
    pub expected_hashrate_ths: f64,
    /// W.
    pub power_w: f64,
    /// How many said what they draw.
    pub power_known: u32,
}

impl Totals {
    /// TH/s of those that say it now; `None` if there are devices and none does, for that is not 0.
    #[must_use]
    pub fn known_hashrate_ths(&self) -> Option<f64> {
        self.known(self.hashrate_known, self.hashrate_ths)
    }

    /// W, likewise.
    #[must_use]
    pub fn known_power_w(&self) -> Option<f64> {
        self.known(self.power_known, self.power_w)
    }

    /// Devices that do not count in the sums by why that is, the reason of most devices first; reasons of none are left out.
    #[must_use]
    pub fn left_out_for(&self) -> Vec<(LeftOutReason, LeftOut)> {
        let online = ConnectivityReason::ALL.into_iter().map(LeftOutReason::NotOnline);
        let reasons = [LeftOutReason::Overdue].into_iter().chain(online);
        let all = reasons.map(|reason| (reason, self.left_out_for[reason.number()]));
        let mut some: Vec<_> = all.filter(|(_, left_out)| left_out.devices > 0).collect();
        some.sort_by_key(|(_, left_out)| Reverse(left_out.devices));
        some
    }

    fn known(&self, known: u32, sum: f64) -> Option<f64> {
        (known > 0 || self.devices.total() == 0).then_some(sum)
    }

    /// J/TH: all that is drawn over all that is hashed.
    #[must_use]
    pub fn efficiency_j_th(&self) -> Option<f64> {
        (self.hashrate_ths > 0.0 && self.power_known > 0).then(|| self.power_w / self.hashrate_ths)
    }
}

impl LiveTable {
    /// Sums over these places of the columns.
    pub(crate) fn totals_at(&self, indices: impl Iterator<Item = usize>) -> Totals {
        let [hashrate, expected, power] =
            [Column::Hashrate, Column::ExpectedHashrate, Column::Power].map(|column| self.column(column));
        let mut totals = Totals::default();
        for index in indices {
            let status = self.statuses[index];
            if status == ABSENT {
                continue;
            }
            totals.devices.0[usize::from(status)] += 1;
            if self.current[index] {
                add(&mut totals.hashrate_ths, &mut totals.hashrate_known, hashrate[index]);
                add(&mut totals.power_w, &mut totals.power_known, power[index]);
            } else {
                let level = self.rest[index].as_ref().map(|rest| rest.kept.contact.level());
                let reason = LeftOutReason::of(level.and_then(|level| level.reason));
                totals.left_out.add(hashrate[index], power[index]);
                totals.left_out_for[reason.number()].add(hashrate[index], power[index]);
            }
            add(&mut totals.expected_hashrate_ths, &mut 0, expected[index]);
        }
        totals
    }
}

fn add(sum: &mut f64, count: &mut u32, value: f32) {
    if !value.is_nan() {
        *sum += f64::from(value);
        *count += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_number() {
        for (number, reason) in ConnectivityReason::ALL.into_iter().enumerate() {
            assert_eq!(LeftOutReason::NotOnline(reason).number(), number + 1, "{reason:?}");
        }
    }
}
