//! Sums over devices.

use crate::{
    sets::Counts,
    status::DeviceStatus,
    table::{ABSENT, Column, LiveTable},
};

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

/// Sums over some devices. Only what counts as so now adds to hashrate and draw; the counts beside the sums say how many did,
/// and what is left out how much the others said last.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Totals {
    /// How many devices, by status.
    pub devices: Counts<DeviceStatus>,
    /// Devices that do not count in the sums.
    pub left_out: LeftOut,
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
                totals.left_out.devices += 1;
                add(&mut totals.left_out.hashrate_ths, &mut 0, hashrate[index]);
                add(&mut totals.left_out.power_w, &mut 0, power[index]);
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
