//! The one word for a device's state, and the rules that make it from its two levels.
//!
//! The first rule that holds decides:
//! 1. taken out for *maintenance*: that, whatever it says;
//! 2. nobody can say how it is: *unknown*;
//! 3. unreachable, or refuses our credentials: *offline*;
//! 4. failed, or without a pool: *error*, it earns nothing;
//! 5. paused or stopped by its own word, and drawing power as if it worked: *degraded*;
//! 6. paused: *sleeping*, also with faults, for it is not to work; stopped: *error* with faults, else *sleeping*;
//! 7. starting or rebooting: *starting*, whatever it hashed before and however little it hashes by now;
//! 8. mining: by its hashrate and faults. None although it is told: *error*; with faults, or less than 85 % of what it should do:
//!    *degraded*; else *hashing*;
//! 9. nothing known of what it does: *error* with faults, else *unknown*.

use crate::{activity::DEGRADED_BELOW, connectivity::Connectivity};
use adit_core::fleet::Activity;
use serde::{Deserialize, Serialize};

/// How a device is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceStatus {
    /// Doing what it should.
    Hashing,
    /// On its way there, and not there yet.
    Starting,
    /// Works, and not as it should.
    Degraded,
    /// Reached, should work, and does not.
    Error,
    /// Not reached.
    Offline,
    /// Not working because somebody wants it so.
    Sleeping,
    /// Taken out by people.
    Maintenance,
    /// Nobody can say.
    Unknown,
}

impl DeviceStatus {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 8] = [
        Self::Hashing,
        Self::Starting,
        Self::Degraded,
        Self::Error,
        Self::Offline,
        Self::Sleeping,
        Self::Maintenance,
        Self::Unknown,
    ];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hashing => "hashing",
            Self::Starting => "starting",
            Self::Degraded => "degraded",
            Self::Error => "error",
            Self::Offline => "offline",
            Self::Sleeping => "sleeping",
            Self::Maintenance => "maintenance",
            Self::Unknown => "unknown",
        }
    }

    /// How urgently somebody should look, 0 first.
    #[must_use]
    pub(crate) const fn urgency(self) -> u32 {
        match self {
            Self::Error => 0,
            Self::Degraded => 1,
            Self::Offline => 2,
            Self::Unknown => 3,
            Self::Maintenance => 4,
            Self::Sleeping => 5,
            Self::Starting => 6,
            Self::Hashing => 7,
        }
    }
}

/// Everything that decides the status.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    /// Taken out by people.
    pub maintenance: bool,
    /// Can it be reached?
    pub connectivity: Connectivity,
    /// What it is doing; counts only if it can be reached.
    pub activity: Option<Activity>,
    /// It says that it rests, and draws power as if it worked.
    pub draws_on: bool,
    /// Hashrate now, TH/s; NaN if not known.
    pub hashrate_ths: f32,
    /// What it should do in its mode, TH/s; NaN if not known.
    pub expected_ths: f32,
    /// Whether it says that something is wrong.
    pub faults: bool,
}

impl Condition {
    /// The status, by the rules at the head of this file.
    #[must_use]
    pub fn status(&self) -> DeviceStatus {
        use DeviceStatus as S;
        match self.connectivity {
            _ if self.maintenance => S::Maintenance,
            Connectivity::Unknown => S::Unknown,
            Connectivity::Unreachable | Connectivity::AuthRequired => S::Offline,
            Connectivity::Online => self.of_activity(),
        }
    }

    fn of_activity(&self) -> DeviceStatus {
        use DeviceStatus as S;
        match self.activity {
            Some(Activity::Failed | Activity::NoPool) => S::Error,
            Some(Activity::Paused | Activity::Stopped) if self.draws_on => S::Degraded,
            Some(Activity::Stopped) if self.faults => S::Error,
            Some(Activity::Paused | Activity::Stopped) => S::Sleeping,
            Some(Activity::Starting | Activity::Rebooting) => S::Starting,
            Some(Activity::Mining) => self.of_mining(),
            None if self.faults => S::Error,
            None => S::Unknown,
        }
    }

    fn of_mining(&self) -> DeviceStatus {
        use DeviceStatus as S;
        let hashes = self.hashrate_ths > 0.0;
        match self.faults {
            true if hashes => S::Degraded,
            true => S::Error,
            false if self.hashrate_ths == 0.0 => S::Error,
            false if hashes && self.hashrate_ths < DEGRADED_BELOW * self.expected_ths => S::Degraded,
            false => S::Hashing,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use DeviceStatus as S;

    const WELL: Condition = Condition {
        maintenance: false,
        connectivity: Connectivity::Online,
        activity: Some(Activity::Mining),
        draws_on: false,
        hashrate_ths: 100.0,
        expected_ths: 100.0,
        faults: false,
    };

    #[test]
    fn every_rule_has_its_case() {
        let doing = |activity| Condition { activity: Some(activity), hashrate_ths: 0.0, ..WELL };
        let dark = |connectivity| Condition { connectivity, faults: true, ..doing(Activity::Failed) };
        let faulty = |condition: Condition| Condition { faults: true, ..condition };
        let at = |hashrate_ths| Condition { hashrate_ths, ..WELL };
        let cases = [
            (WELL, S::Hashing),
            (Condition { maintenance: true, ..dark(Connectivity::Unreachable) }, S::Maintenance),
            (dark(Connectivity::Unknown), S::Unknown),
            (dark(Connectivity::Unreachable), S::Offline),
            (dark(Connectivity::AuthRequired), S::Offline),
            (doing(Activity::Failed), S::Error),
            (doing(Activity::NoPool), S::Error),
            (Condition { activity: Some(Activity::NoPool), ..WELL }, S::Error),
            (faulty(doing(Activity::Paused)), S::Sleeping),
            (Condition { draws_on: true, ..doing(Activity::Paused) }, S::Degraded),
            (Condition { draws_on: true, ..faulty(doing(Activity::Stopped)) }, S::Degraded),
            (doing(Activity::Stopped), S::Sleeping),
            (faulty(doing(Activity::Stopped)), S::Error),
            (faulty(doing(Activity::Starting)), S::Starting),
            (Condition { activity: Some(Activity::Starting), ..at(80.0) }, S::Starting),
            (doing(Activity::Rebooting), S::Starting),
            (faulty(at(0.0)), S::Error),
            (faulty(at(f32::NAN)), S::Error),
            (at(0.0), S::Error),
            (at(f32::NAN), S::Hashing),
            (faulty(at(100.0)), S::Degraded),
            (at(84.9), S::Degraded),
            (at(85.0), S::Hashing),
            (Condition { expected_ths: f32::NAN, ..at(10.0) }, S::Hashing),
            (Condition { activity: None, ..at(f32::NAN) }, S::Unknown),
            (faulty(Condition { activity: None, ..at(0.0) }), S::Error),
        ];
        for (condition, status) in cases {
            assert_eq!(condition.status(), status, "{condition:?}");
        }
    }
}
