//! What is known of a device before it says anything.

use adit_core::fleet::{FoundDevice, ModePower, PowerMode, UNREAD};

/// No miner hashes more than this many times its rating, nor more than this many TH/s where it has none.
const MOST_OF_RATING: f32 = 2.0;
const MOST_UNRATED_THS: f32 = 2_000.0;

/// What the configuration says of a device.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Facts {
    /// Nameplate, TH/s.
    pub expected_hashrate_ths: Option<f32>,
    /// What its modes draw.
    pub mode_power: ModePower,
    /// Taken out by people.
    pub maintenance: bool,
}

impl Facts {
    /// What is known of a device since it was found.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "a nameplate has few digits")]
    pub fn of(found: &FoundDevice, maintenance: bool) -> Self {
        let expected_hashrate_ths = found.expected_hashrate_ghs.map(|ghs| ghs as f32 / 1_000.0);
        Self { expected_hashrate_ths, mode_power: found.mode_power, maintenance }
    }

    /// Says that no miner of this rating hashes so much, if it is so: it is in no sum then. Modes above the normal one add a
    /// fifth.
    pub(crate) fn too_much(&self, hashrate_ths: f32) -> Option<String> {
        let (most, rating) = match self.expected_hashrate_ths {
            Some(rated) if rated > 0.0 => (rated * MOST_OF_RATING, format!("rated {rated} TH/s")),
            _ => (MOST_UNRATED_THS, "its rating is not known".to_owned()),
        };
        (hashrate_ths > most).then(|| format!("{UNREAD}hashrate: {hashrate_ths} TH/s cannot be, {rating}"))
    }

    /// What it should do in `mode`, TH/s. In mode low as much less than the nameplate as it draws less, which asks a little
    /// too little of it; where that is not known, nothing is asked.
    #[allow(clippy::cast_precision_loss, reason = "watts of one machine")]
    pub(crate) fn expected_in(&self, mode: Option<PowerMode>) -> f32 {
        let nameplate = self.expected_hashrate_ths.filter(|ths| ths.is_finite()).unwrap_or(f32::NAN);
        match (mode, self.mode_power.low_w, self.mode_power.normal_w) {
            (Some(PowerMode::Sleep), ..) => f32::NAN,
            (Some(PowerMode::Low), Some(low), Some(normal)) if normal > 0 => nameplate * (low as f32 / normal as f32),
            (Some(PowerMode::Low), ..) => f32::NAN,
            _ => nameplate,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hashrate_far_beyond_the_rating_cannot_be() {
        let rated = Facts { expected_hashrate_ths: Some(112.0), ..Facts::default() };
        assert_eq!(rated.too_much(1e6).as_deref(), Some("not read: hashrate: 1000000 TH/s cannot be, rated 112 TH/s"));
        for possible in [0.0, 112.0, 150.0, 224.0, f32::NAN] {
            assert_eq!(rated.too_much(possible), None, "{possible}");
        }
        let unrated = Facts::default();
        assert!(unrated.too_much(2_001.0).is_some() && unrated.too_much(1_999.0).is_none());
    }
}
