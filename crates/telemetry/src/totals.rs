//! Sums over devices.

use crate::{
    status::DeviceStatus,
    table::{ABSENT, Column, LiveTable},
};

/// How many devices have each status.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts(pub(crate) [u32; DeviceStatus::ALL.len()]);

impl Counts {
    /// How many have this one.
    #[must_use]
    pub const fn of(&self, status: DeviceStatus) -> u32 {
        self.0[status as usize]
    }

    /// Each status and its count.
    pub fn iter(&self) -> impl Iterator<Item = (DeviceStatus, u32)> {
        DeviceStatus::ALL.into_iter().zip(self.0)
    }

    /// All together.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }
}

/// Sums over some devices. What is not known adds nothing; the counts beside the sums say how many did.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Totals {
    /// How many devices, by status.
    pub devices: Counts,
    /// TH/s.
    pub hashrate_ths: f64,
    /// How many said their hashrate.
    pub hashrate_known: u32,
    /// What they should do in their present modes, TH/s.
    pub expected_hashrate_ths: f64,
    /// W.
    pub power_w: f64,
    /// How many said what they draw.
    pub power_known: u32,
}

impl Totals {
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
            add(&mut totals.hashrate_ths, &mut totals.hashrate_known, hashrate[index]);
            add(&mut totals.power_w, &mut totals.power_known, power[index]);
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
