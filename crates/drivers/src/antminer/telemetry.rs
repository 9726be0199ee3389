//! What an Antminer tells of itself: its statistics on the cgminer port or on the web page of the same name, the pools it
//! mines on, and the checks on its summary page. Any of them may be missing: old firmware has no such pages, and a miner
//! asleep no cgminer.

use super::FAMILY;
use super::config::with_scheme;
use crate::faults;
use crate::fields::{list, number, plain_number, pool_list, text};
use crate::handle::pool_alive;
use crate::models::has_fans;
use crate::parts::Parts;
use adit_core::fleet::Reading;
use serde_json::Value;

/// The answers; `null` where there is none.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// `stats` of either interface.
    pub stats: Value,
    /// `pools` of the cgminer port.
    pub pools: Value,
    /// `summary` of the web pages.
    pub summary: Value,
}

/// Names of the hashrate in the order of preference, each with its unit where the name says it, in GH/s.
const RATES: [(&str, Option<f64>); 9] = [
    ("rate_5s", None),
    ("GHS 5s", Some(1.0)),
    ("MHS 5s", Some(1e-3)),
    ("THS 5s", Some(1e3)),
    ("KHS 5s", Some(1e-6)),
    ("rate_avg", None),
    ("GHS av", Some(1.0)),
    ("MHS av", Some(1e-3)),
    ("THS av", Some(1e3)),
];

/// GH/s in one of the units as firmwares name them; `None` for a name nobody knows.
fn unit_ghs(name: &str) -> Option<f64> {
    match name.trim().to_ascii_uppercase().trim_end_matches("/S").trim_end_matches("S") {
        "KH" => Some(1e-6),
        "MH" => Some(1e-3),
        "GH" => Some(1.0),
        "TH" => Some(1e3),
        "PH" => Some(1e6),
        _ => None,
    }
}

/// The part of the statistics that has numbers in it: the first part of the cgminer form is a heading.
fn of_machine(stats: &Value) -> Value {
    let has_rate =
        |part: &Value| RATES.iter().any(|(name, _)| part.get(name).is_some()) || part.get("Elapsed").is_some();
    list(stats, "STATS").unwrap_or_default().into_iter().find(has_rate).unwrap_or_default()
}

/// TH/s. The unit that is told goes before the one in the name; without either, a model for SHA-256 means GH/s.
fn rate_ths(part: &Value, model: &str) -> Option<f64> {
    let (rate, named) = RATES.iter().find_map(|(name, unit)| Some((number(part, &format!("/{name}"))?, *unit)))?;
    let unit = match part.get("rate_unit") {
        Some(told) => unit_ghs(told.as_str()?),
        None => named.or_else(|| model.to_ascii_uppercase().starts_with(['S', 'T']).then_some(1.0)),
    };
    unit.map(|unit| rate * unit / 1000.0)
}

/// The hottest chip: each board writes four temperatures as `60-60-75-75`, a list of them, or one number.
fn hottest_chip(part: &Value) -> Option<f64> {
    let mut all = Vec::new();
    for board in 1..=16 {
        for name in [format!("temp_chip{board}"), format!("temp2_{board}")] {
            match part.get(&name) {
                Some(Value::String(four)) => all.extend(four.split('-').filter_map(|c| c.trim().parse::<f64>().ok())),
                Some(one) => all.extend(plain_number(one)),
                None => {}
            }
        }
    }
    let chains = part.get("chain").and_then(Value::as_array).into_iter().flatten();
    let chips = chains.filter_map(|chain| chain.get("temp_chip")?.as_array()).flatten();
    all.extend(chips.filter_map(plain_number));
    all.into_iter().filter(|c| c.is_finite() && *c > 0.0).reduce(f64::max)
}

/// Fans that turn; if none does, those there are.
fn fans(part: &Value) -> Vec<f64> {
    let mut fans: Vec<f64> = (1..=8).filter_map(|fan| number(part, &format!("/fan{fan}"))).collect();
    fans.extend(part.get("fan").and_then(Value::as_array).into_iter().flatten().filter_map(plain_number));
    let turning: Vec<f64> = fans.iter().copied().filter(|rpm| *rpm != 0.0).collect();
    if turning.is_empty() { fans } else { turning }
}

/// The checks that failed: those that are neither passed nor without anything to say.
fn failed_checks(summary: &Value, model: &str) -> Vec<String> {
    let page = list(summary, "SUMMARY").and_then(|list| list.into_iter().next()).unwrap_or_default();
    let checks = match page.get("status") {
        Some(Value::Array(checks)) => checks.clone(),
        Some(Value::Null) | None => Vec::new(),
        Some(other) => vec![other.clone()],
    };
    let failed = |check: &&Value| {
        let passed = text(check, "/status", 10).is_some_and(|status| status.eq_ignore_ascii_case("s"));
        let of_fans = check["type"].as_str().is_some_and(|kind| kind.eq_ignore_ascii_case("fans"));
        !passed && (!of_fans || has_fans(model))
    };
    let failed: Vec<Value> = checks.iter().filter(failed).cloned().collect();
    faults::told(Some(&Value::Array(failed)), FAMILY, model)
}

/// Takes over what was told. Gives back whether some pool answers.
pub(super) fn fill(reading: &mut Reading, model: &str, answers: &Answers, parts: &mut Parts) -> Option<bool> {
    let machine = of_machine(&answers.stats);
    let summary = list(&answers.summary, "SUMMARY").and_then(|list| list.into_iter().next()).unwrap_or_default();
    reading.hashrate_ths = parts.hashrate_ths(rate_ths(&machine, model).or_else(|| rate_ths(&summary, model)));
    let power = ["watt", "power", "Power"].iter().find_map(|name| number(&machine, &format!("/{name}")));
    reading.power_w = parts.power_w(power);
    reading.temp_chip_max_c = parts.chip_c(hottest_chip(&machine));
    reading.fan_rpm = parts.fan_rpm(fans(&machine).into_iter(), model);
    let uptime =
        ["/Elapsed", "/elapsed"].iter().find_map(|name| number(&machine, name).or_else(|| number(&summary, name)));
    reading.uptime_s = parts.uptime_s(uptime);
    reading.errors = failed_checks(&answers.summary, model);
    let pools = list(&answers.pools, "POOLS").filter(|pools| !pools.is_empty())?;
    // What it mines on goes before what it is set to mine on.
    reading.pools = Some(with_scheme(pool_list(&pools, "/URL", "/User")));
    pool_alive(&pools, "Status")
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::ids::DeviceId;
    use proptest::prelude::*;
    use serde_json::json;

    #[test]
    fn a_unit_that_is_told_goes_before_the_one_in_the_name() {
        for (part, model, ths) in [
            (json!({"GHS 5s": 9500, "rate_unit": "MH"}), "L7", Some(0.0095)),
            (json!({"GHS 5s": "13500.5"}), "S9", Some(13.5005)),
            (json!({"MHS 5s": 9500}), "L7", Some(0.0095)),
            (json!({"rate_5s": 200_000, "rate_unit": "GH/s"}), "S21", Some(200.0)),
            (json!({"rate_5s": 200_000}), "S21", Some(200.0)),
            (json!({"rate_5s": 9500}), "L7", None),
            (json!({"GHS 5s": 9500, "rate_unit": "furlongs"}), "S21", None),
            (json!({"GHS av": 90_000}), "S19", Some(90.0)),
        ] {
            let rate = rate_ths(&part, model);
            assert!(rate == ths || rate.zip(ths).is_some_and(|(a, b)| (a - b).abs() < 1e-9), "{part} {rate:?}");
        }
    }

    #[test]
    fn the_hottest_chip_is_found_in_any_board_and_any_shape() {
        for (part, hottest) in [
            (json!({"temp_chip1": "60-60-75-75", "temp_chip2": "61-61-78-77", "temp_chip3": ""}), Some(78.0)),
            (json!({"temp2_6": 81, "temp2_7": 84}), Some(84.0)),
            (json!({"chain": [{"temp_chip": [60, 75]}, {"temp_chip": [61, 79.5]}]}), Some(79.5)),
            (json!({}), None),
        ] {
            assert_eq!(hottest_chip(&part), hottest);
        }
    }

    #[test]
    fn a_check_without_code_and_words_is_no_fault() {
        let checks = |status: Value, model: &str| failed_checks(&json!({"SUMMARY": [{"status": status}]}), model);
        let lost = json!([{"type": "fans", "status": "e", "code": "F:1", "msg": "fan lost"}]);
        assert_eq!(checks(json!([{"type": "rate", "status": "e", "code": 0}]), "S21"), [""; 0]);
        assert_eq!(checks(json!({"code": 0}), "S21"), [""; 0]);
        assert_eq!(checks(json!([{"type": "rate", "status": "s", "code": 0, "msg": "fine"}]), "S21"), [""; 0]);
        assert_eq!(checks(lost.clone(), "S21"), ["fan lost (F:1): clean the fan and its plug, else replace it"]);
        assert_eq!(checks(lost, "S21 Hyd."), [""; 0]);
        assert_eq!(checks(json!([{"type": "temp", "status": "w", "code": 7, "msg": "odd"}]), "S21"), ["fault 7: odd"]);
        assert_eq!(checks(json!("all is lost"), "S21"), ["all is lost"]);
    }

    proptest! {
        #[test]
        fn any_json_is_read_without_panic(a in crate::any_json(), b in crate::any_json()) {
            let mut reading = Reading::empty(DeviceId(1));
            let mut parts = Parts::default();
            let _ = fill(&mut reading, "S21", &Answers { stats: a.clone(), pools: b, summary: a }, &mut parts);
        }
    }
}
