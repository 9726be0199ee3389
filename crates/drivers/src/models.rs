//! What is printed on the label of models found in the field: hashrate and draw in the normal mode, from the makers' data
//! sheets. A model has variants of slightly different rating; this is the common one. What a device reports of itself
//! goes before this table.

use adit_core::fleet::ModePower;

/// Draw of a sleeping miner, W. No maker publishes it; it is the control board, the idle supply and slow fans, rounded up.
const ASLEEP_W: u32 = 40;

/// What a Whatsminer is called that does not say its model.
pub(crate) use adit_core::fleet::UNKNOWN_WHATSMINER;

/// (model, TH/s, W), sorted by maker.
const LABELS: &[(&str, u32, u32)] = &[
    ("M30S", 88, 3344),
    ("M30S+", 100, 3400),
    ("M30S++", 112, 3472),
    ("M50", 114, 3306),
    ("M50S", 126, 3276),
    ("M53", 230, 6670),
    ("M60", 172, 3422),
    ("M60S", 186, 3441),
    ("M63", 334, 6646),
    ("M63S", 390, 7215),
    ("M66S", 298, 5513),
    ("A1246", 90, 3420),
    ("A1346", 110, 3300),
    ("A1366", 130, 3250),
    ("A1466", 150, 3230),
    ("S19", 95, 3250),
    ("S19 PRO", 110, 3250),
    ("S19J PRO", 100, 3050),
    ("S19K PRO", 120, 2760),
    ("S19 XP", 140, 3010),
    ("S21", 200, 3500),
    ("S21 PRO", 234, 3531),
    ("S21 XP", 270, 3645),
    ("T21", 190, 3610),
];

fn label(model: &str) -> Option<&'static (&'static str, u32, u32)> {
    let model = model.to_ascii_uppercase();
    let model = model.trim_start_matches("ANTMINER ").trim();
    LABELS.iter().find(|(name, ..)| *name == model)
}

/// Expected draw in each mode. `low` and `high` are unknown: they depend on the variant, and no maker publishes them.
pub(crate) fn mode_power(model: &str) -> ModePower {
    match label(model) {
        Some((_, _, watts)) => ModePower { sleep_w: Some(ASLEEP_W), low_w: None, normal_w: Some(*watts), high_w: None },
        None => ModePower::default(),
    }
}

/// Rated hashrate, GH/s.
pub(crate) fn hashrate_ghs(model: &str) -> Option<u32> {
    label(model).map(|(_, ths, _)| ths * 1000)
}

/// Does a model have fans of its own? Those cooled by water or oil have none: a Whatsminer's last figure says so, the others'
/// names do.
pub(crate) fn has_fans(model: &str) -> bool {
    let model = model.to_ascii_uppercase();
    let model = model.trim_start_matches("ANTMINER ").trim_start_matches("WHATSMINER ").trim();
    let whatsminer =
        model.strip_prefix('M').map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
    let cooled_whatsminer =
        whatsminer.is_some_and(|figures| figures.len() == 2 && (figures.ends_with('3') || figures.ends_with('6')));
    let avalon = model.strip_prefix('A').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()));
    let cooled_avalon = avalon.is_some_and(|rest| ["HA", "HU", "I"].iter().any(|cooling| rest.ends_with(cooling)));
    let cooled_by_name = ["HYD", "IMM", "WATER"].iter().any(|word| model.contains(word));
    !(cooled_whatsminer || cooled_avalon || cooled_by_name)
}

/// A Whatsminer's model without the variant behind it: `M30S++_VH50`, `M30S++VH50` and `M30S++` are all `M30S++`.
pub(crate) fn whatsminer(reported: &str) -> String {
    let upper = reported.trim().to_ascii_uppercase();
    let upper = upper.strip_prefix("WHATSMINER ").unwrap_or(&upper);
    let base = match upper.split_once('_') {
        Some((base, _)) => base,
        None => match upper.rfind('V') {
            Some(at) if at > 0 && upper[at + 1..].chars().any(|c| c.is_ascii_digit()) => &upper[..at],
            _ => upper,
        },
    };
    base.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variants_fold_into_their_model() {
        for (reported, model) in [
            ("M30S++_VH50", "M30S++"),
            ("M30S++VH50", "M30S++"),
            ("M60S_VK30", "M60S"),
            ("M50", "M50"),
            ("WhatsMiner M63SVK30", "M63S"),
            ("V", "V"),
            ("", ""),
        ] {
            assert_eq!(whatsminer(reported), model);
        }
    }

    #[test]
    fn fans_are_where_air_cools() {
        for model in ["M30S++", "M50", "M60S", "A1366", "S21", "Antminer S19 XP", ""] {
            assert!(has_fans(model), "{model}");
        }
        for model in ["M53", "M63S", "M33S+", "M56S", "M66S", "S19 Hydro", "Antminer S21 XP Hyd.", "A1566HA", "A1466I"]
        {
            assert!(!has_fans(model), "{model}");
        }
    }

    #[test]
    fn labels_are_found_in_any_case_and_others_are_unknown() {
        assert_eq!(mode_power("Antminer S19j Pro").normal_w, Some(3050));
        assert_eq!(hashrate_ghs("M60S"), Some(186_000));
        assert_eq!(mode_power("S9"), ModePower::default());
    }
}
