//! Which language a miner's page for writing speaks. Pages of the 9, 15 and 17 series take a form and read its fields by
//! place; whatever else they are sent they write all the same, and answer `ok`: one JSON object wipes every pool. So the
//! language is established before a configuration is sent, and where it is not, none is.

use crate::fields::text;
use adit_core::fleet::OpKind;
use serde_json::Value;

/// What `set_miner_conf` takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Dialect {
    /// The whole configuration as one JSON object.
    Json,
    /// A form of old, whose fields only its own page knows.
    Form,
    /// Nobody has established it.
    Unknown,
}

/// What only the system page of form firmware says.
const MARKS_OF_FORM: [&str; 7] =
    ["ant_hwv", "bmminer_version", "cgminer_version", "curtime", "loadaverage", "mem_total", "uptime"];
/// What only the system page of JSON firmware says.
const MARKS_OF_JSON: [&str; 4] = ["serinum", "serial_no", "firmware_type", "Algorithm"];
/// Series that were only ever sold with JSON firmware, and those that never had it.
const JSON_SERIES: [&str; 12] = ["S19", "T19", "S21", "T21", "S23", "L7", "L9", "L11", "K7", "KS", "KA3", "E11"];
const FORM_SERIES: [&str; 18] =
    ["S5", "S7", "S9", "T9", "R4", "S11", "S15", "T15", "S17", "T17", "L3", "D3", "D5", "A3", "B3", "E3", "X3", "Z9"];

impl Dialect {
    /// By what the system page says, and the configuration where it was read. Anything that speaks for a form outweighs
    /// everything else.
    pub fn of(info: &Value, config: Option<&Value>) -> Self {
        let has = |marks: &[&str]| marks.iter().any(|mark| info.get(mark).is_some());
        let level =
            config.is_some_and(|config| ["freq-level", "bitmain-freq-level"].iter().any(|k| config.get(k).is_some()));
        match Self::of_model(&text(info, "/minertype", 60).unwrap_or_default()) {
            Self::Form => Self::Form,
            _ if has(&MARKS_OF_FORM) => Self::Form,
            Self::Json => Self::Json,
            Self::Unknown if has(&MARKS_OF_JSON) || level => Self::Json,
            Self::Unknown => Self::Unknown,
        }
    }

    /// By the name of the model alone.
    pub fn of_model(model: &str) -> Self {
        let model = model.to_ascii_uppercase();
        let model = model.trim().trim_start_matches("ANTMINER").trim_start();
        // `S1` is not the start of `S19`: what follows a series is no further digit.
        let is = |series: &&str| {
            model.strip_prefix(*series).is_some_and(|rest| {
                !series.ends_with(|c: char| c.is_ascii_digit()) || !rest.starts_with(|c: char| c.is_ascii_digit())
            })
        };
        match (FORM_SERIES.iter().any(is), JSON_SERIES.iter().any(is)) {
            (true, _) => Self::Form,
            (false, true) => Self::Json,
            (false, false) => Self::Unknown,
        }
    }

    /// What a miner of this dialect can be told. Rebooting carries no body; everything else that a form page takes would have
    /// to be guessed.
    pub const fn operations(self) -> &'static [OpKind] {
        match self {
            Self::Json => &[
                OpKind::Reboot,
                OpKind::RestartMining,
                OpKind::Pause,
                OpKind::Resume,
                OpKind::SetPowerMode,
                OpKind::Locate,
                OpKind::SetPools,
            ],
            Self::Form | Self::Unknown => &[OpKind::Reboot],
        }
    }

    /// Why no configuration is sent.
    pub const fn refusal(self) -> Option<&'static str> {
        match self {
            Self::Json => None,
            Self::Form => {
                Some("this firmware takes a form that would overwrite its whole configuration; set it on its own page")
            }
            Self::Unknown => Some("it is not known in which form this firmware takes its configuration"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn old_series_are_never_sent_json_and_unknown_ones_only_on_evidence() {
        for model in [
            "Antminer S9",
            "antminer s9i",
            "Antminer S9 Hydro",
            "Antminer S15",
            "Antminer S17 Pro",
            "T17+",
            "L3+",
            "Z9",
        ] {
            let looks_new = json!({"minertype": model, "serinum": "A1"});
            let config = json!({"bitmain-freq-level": "100"});
            assert_eq!(Dialect::of(&looks_new, Some(&config)), Dialect::Form, "{model}");
        }
        for model in ["Antminer S19j Pro", "Antminer S19k Pro", "Antminer T21", "Antminer L7"] {
            assert_eq!(Dialect::of(&json!({"minertype": model}), None), Dialect::Json, "{model}");
            let old = json!({"minertype": model, "ant_hwv": "1.0"});
            assert_eq!(Dialect::of(&old, None), Dialect::Form, "{model}");
        }
        let new_model = json!({"minertype": "Antminer S99"});
        assert_eq!(Dialect::of(&new_model, None), Dialect::Unknown);
        assert_eq!(Dialect::of(&new_model, Some(&json!({"pools": []}))), Dialect::Unknown);
        assert_eq!(Dialect::of(&new_model, Some(&json!({"freq-level": 100}))), Dialect::Json);
        assert_eq!(Dialect::of(&json!({"minertype": "S99", "serinum": "A1"}), None), Dialect::Json);
    }

    #[test]
    fn only_an_established_dialect_offers_what_writes_a_configuration() {
        for dialect in [Dialect::Form, Dialect::Unknown] {
            assert_eq!(dialect.operations(), [OpKind::Reboot]);
            assert!(dialect.refusal().is_some());
        }
        assert!(Dialect::Json.refusal().is_none());
    }
}
