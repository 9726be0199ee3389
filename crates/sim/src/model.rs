//! The catalogue of simulated hardware: rated hashrate and power, and what
//! the boards carry. Ratings are the vendors' data sheets, rounded.

use crate::config::{Mode, Personality};

/// One piece of hardware.
#[derive(Debug)]
pub struct Model {
    /// The name as the firmware prints it.
    pub name: &'static str,
    /// Which protocol the hardware's firmware speaks.
    pub personality: Personality,
    /// Rated hashrate in TH/s.
    pub rate_ths: f64,
    /// Rated power in W at the wall.
    pub power_w: f64,
    /// Hash boards.
    pub boards: usize,
    /// Chips a board.
    pub chips: u32,
    /// Fans; none on liquid-cooled models.
    pub fans: usize,
    /// Chip frequency in MHz in normal mode.
    pub frequency_mhz: f64,
}

/// Power a miner draws with its boards off (control board, fans idling), in W.
pub(crate) const STANDBY_W: f64 = 38.0;
/// Power while booting, in W.
pub(crate) const BOOT_W: f64 = 22.0;

const fn model(
    name: &'static str,
    personality: Personality,
    (rate_ths, power_w): (f64, f64),
    (boards, chips, fans): (usize, u32, usize),
    frequency_mhz: f64,
) -> Model {
    Model { name, personality, rate_ths, power_w, boards, chips, fans, frequency_mhz }
}

static MODELS: &[Model] = &[
    model("M30S++_VH50", Personality::WhatsminerV2, (112.0, 3472.0), (3, 74, 2), 640.0),
    model("M50_VH50", Personality::WhatsminerV2, (118.0, 3422.0), (3, 105, 2), 590.0),
    model("M50S_VJ30", Personality::WhatsminerV2, (130.0, 3380.0), (3, 123, 2), 600.0),
    model("M60_VK20", Personality::WhatsminerV3, (172.0, 3422.0), (3, 172, 2), 610.0),
    model("M60S_VK30", Personality::WhatsminerV3, (186.0, 3441.0), (3, 245, 2), 625.0),
    model("M63S_VK30", Personality::WhatsminerV3, (390.0, 7215.0), (4, 370, 0), 640.0),
    model("1246", Personality::AvalonA, (85.0, 3420.0), (3, 120, 4), 500.0),
    model("1366", Personality::AvalonA, (130.0, 3250.0), (3, 156, 4), 520.0),
    model("1466", Personality::AvalonA, (150.0, 3230.0), (3, 176, 2), 540.0),
    model("Antminer S19 XP", Personality::AntminerStock, (140.0, 3010.0), (3, 110, 4), 545.0),
    model("Antminer S19k Pro", Personality::AntminerStock, (120.0, 2760.0), (3, 77, 4), 590.0),
    model("Antminer S21", Personality::AntminerStock, (200.0, 3500.0), (3, 108, 4), 490.0),
];

impl Model {
    /// All models of a personality, never empty.
    pub fn of(personality: Personality) -> Vec<&'static Model> {
        MODELS.iter().filter(|m| m.personality == personality).collect()
    }

    /// The model of that name, if the personality has it.
    pub fn find(personality: Personality, name: &str) -> Option<&'static Model> {
        MODELS.iter().find(|m| m.personality == personality && m.name == name)
    }

    /// Steady (hashrate in TH/s, power in W) of a mode, capped by a power
    /// limit in W.
    pub fn target(&self, mode: Mode, limit_w: Option<f64>) -> (f64, f64) {
        let (rate, power) = match mode {
            Mode::Low => (0.80, 0.72),
            Mode::Normal => (1.0, 1.0),
            Mode::High => (1.12, 1.20),
        };
        let (rate, power) = (self.rate_ths * rate, self.power_w * power);
        match limit_w {
            Some(limit) if limit < power => (rate * limit / power, limit),
            _ => (rate, power),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn low_mode_is_more_efficient_and_a_limit_caps_power() {
        for model in MODELS {
            let (low_rate, low_power) = model.target(Mode::Low, None);
            let (rate, power) = model.target(Mode::Normal, None);
            assert!(low_power / low_rate < power / rate, "{}", model.name);
            let (limited_rate, limited) = model.target(Mode::High, Some(2000.0));
            assert_eq!(limited, 2000.0);
            assert!(limited_rate < rate);
        }
    }
}
