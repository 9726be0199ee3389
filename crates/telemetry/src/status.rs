//! The one word for a device's state, and the rules that choose it.
//!
//! The first rule that holds decides:
//! 1. taken out for *maintenance*: that, whatever it says;
//! 2. nobody can say how it is: *unknown*;
//! 3. unreachable, or refuses our credentials: *offline*;
//! 4. says that it failed: *error*;
//! 5. in power mode sleep or paused: *sleeping*, also with faults, for somebody wants it so; but one that is told to sleep
//!    and is seen to hash is judged by its hashrate;
//! 6. stopped: *error* with faults, else *sleeping*;
//! 7. without a pool: *error*, it earns nothing;
//! 8. starting or rebooting: *hashing* while it may still be ramping, *error* when it should long have been done;
//! 9. faults and no hashrate: *error*;
//! 10. no hashrate although it is mining: *hashing* while ramping or if the hashrate is not told, else *error*;
//! 11. faults: *degraded*;
//! 12. less than 85 % of what it should do, and no longer ramping: *degraded*;
//! 13. mining, or any hashrate: *hashing*; else *unknown*.

use adit_core::{
    fleet::{Activity, Connectivity, PowerMode},
    time::Millis,
};
use serde::{Deserialize, Serialize};

/// How long a miner may take from its start, or from a change of what it does, until it is judged by its hashrate.
pub const RAMP: Millis = Millis::minutes(10);

/// The share of the expected hashrate below which a miner is degraded.
pub const DEGRADED_BELOW: f32 = 0.85;

/// How a device is, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DeviceStatus {
    /// Doing what it should, or on its way there.
    Hashing,
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
    pub const ALL: [Self; 7] =
        [Self::Hashing, Self::Degraded, Self::Error, Self::Offline, Self::Sleeping, Self::Maintenance, Self::Unknown];

    /// The word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hashing => "hashing",
            Self::Degraded => "degraded",
            Self::Error => "error",
            Self::Offline => "offline",
            Self::Sleeping => "sleeping",
            Self::Maintenance => "maintenance",
            Self::Unknown => "unknown",
        }
    }

    /// The status this word is for.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == word)
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
            Self::Hashing => 6,
        }
    }
}

/// Some of the statuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StatusSet(u8);

impl StatusSet {
    /// Every status.
    pub const ALL: Self = Self(0x7f);
    /// None.
    pub const NONE: Self = Self(0);

    /// With `status` as well.
    #[must_use]
    pub const fn with(self, status: DeviceStatus) -> Self {
        Self(self.0 | 1 << status as u8)
    }

    /// Whether `status` is one of them.
    #[must_use]
    pub const fn has(self, status: DeviceStatus) -> bool {
        self.0 & (1 << status as u8) != 0
    }
}

impl FromIterator<DeviceStatus> for StatusSet {
    fn from_iter<I: IntoIterator<Item = DeviceStatus>>(statuses: I) -> Self {
        statuses.into_iter().fold(Self::NONE, Self::with)
    }
}

/// Everything that decides the status.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Condition {
    /// Taken out by people.
    pub maintenance: bool,
    /// Can it be reached?
    pub connectivity: Connectivity,
    /// What it says it is doing.
    pub activity: Option<Activity>,
    /// Mode it says it is in.
    pub power_mode: Option<PowerMode>,
    /// Hashrate now, TH/s; NaN if not known.
    pub hashrate_ths: f32,
    /// What it should do in its mode, TH/s; NaN if not known.
    pub expected_ths: f32,
    /// Whether it says that something is wrong.
    pub faults: bool,
    /// Whether it may still be on its way up.
    pub ramping: bool,
}

impl Condition {
    /// The status, by the rules at the head of this file.
    #[must_use]
    pub fn status(&self) -> DeviceStatus {
        use DeviceStatus as S;
        match self.connectivity {
            _ if self.maintenance => return S::Maintenance,
            Connectivity::Unknown => return S::Unknown,
            Connectivity::Unreachable | Connectivity::AuthRequired => return S::Offline,
            Connectivity::Online => {}
        }
        if self.activity == Some(Activity::Failed) {
            return S::Error;
        }
        let hashes_on = self.activity == Some(Activity::Mining) && self.hashrate_ths > 0.0;
        if self.power_mode == Some(PowerMode::Sleep) && !hashes_on {
            return S::Sleeping;
        }
        match self.activity {
            Some(Activity::Paused) => S::Sleeping,
            Some(Activity::Stopped) if !self.faults => S::Sleeping,
            Some(Activity::Stopped | Activity::NoPool) => S::Error,
            Some(Activity::Starting | Activity::Rebooting) if self.ramping => S::Hashing,
            Some(Activity::Starting | Activity::Rebooting) => S::Error,
            activity => self.by_hashrate(activity.is_some()),
        }
    }

    fn by_hashrate(&self, mining: bool) -> DeviceStatus {
        use DeviceStatus as S;
        let told = !self.hashrate_ths.is_nan();
        let hashes = self.hashrate_ths > 0.0;
        match (hashes, self.faults) {
            (false, true) => S::Error,
            (false, false) if mining && told && !self.ramping => S::Error,
            (false, false) if mining => S::Hashing,
            (false, false) => S::Unknown,
            (true, true) => S::Degraded,
            (true, false) if !self.ramping && self.hashrate_ths < DEGRADED_BELOW * self.expected_ths => S::Degraded,
            (true, false) => S::Hashing,
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
        power_mode: Some(PowerMode::Normal),
        hashrate_ths: 100.0,
        expected_ths: 100.0,
        faults: false,
        ramping: false,
    };

    #[test]
    fn every_rule_has_its_case() {
        let doing = |activity| Condition { activity: Some(activity), hashrate_ths: 0.0, ..WELL };
        let dark = |connectivity| Condition { connectivity, faults: true, ..doing(Activity::Failed) };
        let faulty = |condition: Condition| Condition { faults: true, ..condition };
        let ramping = |condition: Condition| Condition { ramping: true, ..condition };
        let at = |hashrate_ths| Condition { hashrate_ths, ..WELL };
        let silent = Condition { activity: None, ..at(f32::NAN) };
        let cases = [
            (WELL, S::Hashing),
            (Condition { maintenance: true, ..dark(Connectivity::Unreachable) }, S::Maintenance),
            (dark(Connectivity::Unknown), S::Unknown),
            (dark(Connectivity::Unreachable), S::Offline),
            (dark(Connectivity::AuthRequired), S::Offline),
            (doing(Activity::Failed), S::Error),
            (Condition { power_mode: Some(PowerMode::Sleep), ..doing(Activity::Failed) }, S::Error),
            (Condition { power_mode: Some(PowerMode::Sleep), ..faulty(doing(Activity::Mining)) }, S::Sleeping),
            (Condition { power_mode: Some(PowerMode::Sleep), ..faulty(WELL) }, S::Degraded),
            (faulty(doing(Activity::Paused)), S::Sleeping),
            (doing(Activity::Stopped), S::Sleeping),
            (faulty(doing(Activity::Stopped)), S::Error),
            (doing(Activity::NoPool), S::Error),
            (ramping(doing(Activity::Starting)), S::Hashing),
            (ramping(doing(Activity::Rebooting)), S::Hashing),
            (doing(Activity::Starting), S::Error),
            (doing(Activity::Rebooting), S::Error),
            (faulty(at(0.0)), S::Error),
            (ramping(faulty(at(f32::NAN))), S::Error),
            (at(0.0), S::Error),
            (ramping(at(0.0)), S::Hashing),
            (at(f32::NAN), S::Hashing),
            (faulty(at(100.0)), S::Degraded),
            (at(84.9), S::Degraded),
            (at(85.0), S::Hashing),
            (ramping(at(10.0)), S::Hashing),
            (Condition { expected_ths: f32::NAN, ..at(10.0) }, S::Hashing),
            (silent, S::Unknown),
            (Condition { activity: None, ..at(0.0) }, S::Unknown),
            (Condition { activity: None, ..WELL }, S::Hashing),
            (Condition { activity: None, ..at(50.0) }, S::Degraded),
        ];
        for (condition, status) in cases {
            assert_eq!(condition.status(), status, "{condition:?}");
        }
    }

    #[test]
    fn words_and_sets() {
        for (index, status) in DeviceStatus::ALL.into_iter().enumerate() {
            assert_eq!(status as usize, index);
            assert_eq!(DeviceStatus::parse(status.as_str()), Some(status));
            assert!(StatusSet::ALL.has(status));
            assert!(!StatusSet::NONE.has(status));
        }
        assert_eq!(DeviceStatus::parse("Hashing"), None);
        let some: StatusSet = [S::Error, S::Unknown].into_iter().collect();
        assert!(some.has(S::Error) && some.has(S::Unknown) && !some.has(S::Offline));
        assert_eq!(DeviceStatus::ALL.into_iter().collect::<StatusSet>(), StatusSet::ALL);
    }
}
