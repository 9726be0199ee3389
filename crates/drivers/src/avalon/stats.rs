//! What an Avalon says of itself: one long text of `Name[value]`, and the pools. Where the text stands depends on the model:
//! under `MM ID0`, or inside `'STATS':{...}` under `MM ID0:Summary` with the boards beside it under `HBinfo`.

use super::{FAMILY, is_a_series};
use crate::fields::{list, pool_list, section, whole};
use crate::handle::{Says, pool_alive, settle};
use crate::parts::Parts;
use crate::{codes, faults};
use adit_core::fleet::{PowerMode, Reading};
use serde_json::Value;

/// The miner's own statistics: texts of `Name[value]`, the one of the whole machine first.
pub(super) struct Stats {
    texts: Vec<String>,
    elapsed_s: Option<u32>,
}

impl Stats {
    pub fn of(reply: &Value) -> Self {
        let stats = ["STATS", "ESTATS", "LITESTATS"].iter().map(|name| section(reply, name)).find(Value::is_object);
        let stats = stats.unwrap_or_default();
        let texts = stats
            .as_object()
            .into_iter()
            .flatten()
            .filter(|(name, _)| name.starts_with("MM ID") || name.starts_with("HBinfo"));
        let mut texts: Vec<_> =
            texts.filter_map(|(name, text)| Some((name.clone(), text.as_str()?.to_owned()))).collect();
        texts.sort_by_key(|(name, _)| !name.starts_with("MM ID"));
        let texts = texts.into_iter().map(|(_, text)| text).filter(|text| text.contains('[')).collect();
        Self { texts, elapsed_s: whole(&stats, "/Elapsed") }
    }

    /// Does it say anything at all?
    pub fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }

    fn field(&self, name: &str) -> Option<&str> {
        self.texts.iter().find_map(|text| {
            let opened = format!("{name}[");
            // The name must not be the end of a longer one: `Temp` is not in `ITemp`.
            let starts = |at: &usize| !text[..*at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let start = text.match_indices(&opened).map(|(at, _)| at).find(starts)?;
            let value = &text[start + opened.len()..];
            Some(value[..value.find(']')?].trim())
        })
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.field(name)?.parse().ok().filter(|number: &f64| number.is_finite())
    }

    fn numbers(&self, name: &str) -> Option<Vec<f64>> {
        self.field(name)?.split_whitespace().map(|number| number.parse().ok()).collect()
    }

    /// By the switch, else by what the system says it is at.
    pub fn asleep(&self) -> Option<bool> {
        if let Some(off) = self.number("SoftOFF") {
            return Some(off != 0.0);
        }
        let work = self.field("SYSTEMSTATU")?.to_ascii_lowercase();
        match (work.contains("in idle"), work.contains("in work") || work.contains("in init")) {
            (true, false) => Some(true),
            (false, true) => Some(false),
            (true, true) | (false, false) => None,
        }
    }

    /// The draw. Where it stands among the supply's numbers depends on the model, so the place counts only where volts times
    /// amperes say the same, where the model is known to have it there, or where nothing but a sleeping supply is told.
    fn power_w(&self) -> Option<f64> {
        if let Some(watts) = self.number("WALLPOWER") {
            return Some(watts);
        }
        let supply = self.numbers("PS")?;
        let at = |place: usize| supply.get(place).copied();
        let model = self.field("Ver").unwrap_or_default().to_ascii_uppercase();
        if model.starts_with("NANO") {
            // No supply of its own: at the most 200 W. The last places hold what it takes.
            let place = if model.starts_with("NANO3S") { 6 } else { 5 };
            return at(place).filter(|watts| (0.0..=200.0).contains(watts));
        }
        let (volts, amperes, watts) = (at(2)?, at(3)?, at(4)?);
        let near = |product: f64| (product / watts - 1.0).abs() < 0.3;
        let agrees = watts > 0.0 && [100.0, 1000.0].iter().any(|unit| near(volts * amperes / unit));
        let rests = watts == 0.0 && amperes == 0.0 && at(1).is_some_and(|board| board > 0.0);
        (agrees || rests).then_some(watts)
    }

    fn fan_rpm(&self) -> impl Iterator<Item = f64> {
        (1..=8).filter_map(|fan| self.number(&format!("Fan{fan}")))
    }

    /// Which parts complain: the hash boards, each by its own bits, and the control board.
    fn faults(&self) -> Vec<String> {
        let mut told = Vec::new();
        for name in ["ECHU", "ECMM"] {
            let codes = self.field(name).unwrap_or_default();
            let set = codes.split_whitespace().enumerate().filter(|(_, bits)| !bits.trim_matches('0').is_empty());
            told.extend(set.map(|(part, bits)| codes::avalon(name, part, bits)));
        }
        if let Some(error) = self.field("ERROR").or_else(|| self.field("FanErr")).filter(|error| !error.is_empty()) {
            told.extend(faults::told(Some(&Value::from(error)), FAMILY, ""));
        }
        told.truncate(16);
        told
    }
}

/// Fills `reading` from the two answers of a poll; `null` where there is none.
pub(super) fn fill(reading: &mut Reading, model: &str, stats: &Stats, pools: &Value, mut parts: Parts) {
    reading.hashrate_ths = parts.hashrate_ths(stats.number("GHSspd").map(|ghs| ghs / 1000.0));
    let watts = stats.power_w();
    reading.power_w = if is_a_series(model) { parts.told_power_w(watts) } else { parts.power_w(watts) };
    let hottest = stats.number("TMax").or_else(|| stats.numbers("MTmax")?.into_iter().reduce(f64::max));
    reading.temp_chip_max_c = parts.chip_c(hottest);
    // -273 is no sensor.
    let warm = |name: &str| stats.number(name).filter(|celsius| *celsius > -100.0);
    reading.temp_inlet_c = parts.inlet_c(warm("ITemp").or_else(|| warm("Temp")));
    reading.fan_rpm = parts.fan_rpm(stats.fan_rpm(), model);
    reading.uptime_s = parts.uptime_s(stats.elapsed_s.map(f64::from).or_else(|| stats.number("Elapsed")));
    // On the home models the same numbers mean other modes.
    let mode = match stats.number("WORKMODE") {
        Some(0.0) if is_a_series(model) => Some(PowerMode::Normal),
        Some(1.0) if is_a_series(model) => Some(PowerMode::High),
        _ => None,
    };
    reading.led_on = stats.number("Led").map(|led| led != 0.0);
    let list = list(pools, "POOLS");
    reading.pools = list.as_ref().map(|list| pool_list(list, "/URL", "/User"));
    reading.errors = stats.faults();
    let pool_alive = list.and_then(|list| pool_alive(&list, "Status"));
    settle(reading, Says { asleep: stats.asleep(), mode, pool_alive }, model);
    parts.into_reading(reading);
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::fleet::Activity;
    use adit_core::ids::DeviceId;
    use proptest::prelude::*;
    use serde_json::json;

    fn stats(text: &str) -> Value {
        json!({"STATS": [{"Elapsed": 24684, "MM ID0": text}]})
    }

    fn filled(text: &str) -> Reading {
        let mut reading = Reading::empty(DeviceId(1));
        let pools = json!({"POOLS": [{"URL": "u", "User": "w", "Status": "Alive"}]});
        fill(&mut reading, "A1366", &Stats::of(&stats(text)), &pools, Parts::default());
        reading
    }

    #[test]
    fn a_working_miner_is_read_in_our_units() {
        let reading = filled(
            "Ver[1366] SYSTEMSTATU[Work: In Work, Hash Board: 3 ] Temp[30] TMax[77] Fan1[5300] Fan2[5500] \
             PS[0 1214 1316 242 3189 1320 3504] GHSspd[131072.0] Led[0] SoftOFF[0] ECHU[0 512 0] ECMM[0] WORKMODE[1]",
        );
        assert_eq!(reading.activity, Some(Activity::Mining));
        assert_eq!((reading.power_w, reading.fan_rpm, reading.uptime_s), (Some(3189), Some(5400), Some(24684)));
        assert_eq!((reading.temp_chip_max_c, reading.temp_inlet_c), (Some(77.0), Some(30.0)));
        assert_eq!((reading.power_mode, reading.led_on), (Some(PowerMode::High), Some(false)));
        assert_eq!(reading.errors, ["hash board 1 reports an error (ECHU 512): restart, else reseat its cables"]);
    }

    #[test]
    fn home_models_write_it_elsewhere() {
        let summary = "'STATS':{Ver[Q-25052801_14a19a2] STATE[2] SYSTEMSTATU[Work: In Idle, Hash Board: 1] Elapsed[37850] \
            ITemp[26] TMax[0] Fan1[0] Fan2[0] PS[0 1222 4 0 0 2245 146] GHSspd[0.00] GHSavg[44499.41] SoftOFF[4] \
            ECHU[0] ECMM[0] WORKMODE[0] MPO[800]}";
        let reply =
            json!({"STATS": [{"STATS": 0, "MM ID0:Summary": summary, "HBinfo": "'HB0':{MTmax[71] MTavg[66]}"}]});
        let mut reading = Reading::empty(DeviceId(1));
        fill(&mut reading, "Q", &Stats::of(&reply), &Value::Null, Parts::default());
        assert_eq!((reading.activity, reading.power_mode), (Some(Activity::Paused), Some(PowerMode::Sleep)));
        assert_eq!((reading.hashrate_ths, reading.power_w, reading.uptime_s), (Some(0.0), Some(0), Some(37850)));
        assert_eq!((reading.temp_inlet_c, reading.pools), (Some(26.0), None));
        assert_eq!(reading.errors, [""; 0]);
        let without_switch = json!({"STATS": {"MM ID0:Summary": "'STATS':{SYSTEMSTATU[Work: In Work, Hash Board: 1] GHSspd[5.0]}",
            "HBinfo": "'HB0':{MTmax[71 75]}"}});
        let stats = Stats::of(&without_switch);
        assert_eq!(stats.asleep(), Some(false));
        let mut reading = Reading::empty(DeviceId(1));
        fill(&mut reading, "Q", &stats, &Value::Null, Parts::default());
        assert_eq!((reading.temp_chip_max_c, reading.power_mode), (Some(75.0), None));
    }

    #[test]
    fn the_draw_is_taken_from_where_the_model_has_it() {
        let power = |text: &str| Stats::of(&stats(text)).power_w();
        for (text, watts) in [
            ("Ver[Nano3-25021401] PS[0 0 0 4 2734 125 346]", Some(125.0)),
            ("Ver[Nano3s-25021401] PS[0 0 27516 4 0 3648 133]", Some(133.0)),
            ("Ver[Q-25052801] PS[0 1210 2083 37 760 2085 824]", Some(760.0)),
            ("Ver[Mini3-25052801] PS[0 1210 2083 37 760 2085 824]", Some(760.0)),
            ("Ver[1366-N-85] PS[0 1214 1316 242 3189 1320 3504]", Some(3189.0)),
            ("Ver[1346-110] PS[0 1198 0 0 0 1393 11]", Some(0.0)),
            ("Ver[1566HA] WALLPOWER[5400] PS[0 0 0 0 9999 0 0]", Some(5400.0)),
            ("Ver[New] PS[0 0 0 4 2734 125 346]", None),
            ("Ver[New] PS[0 1210 2083 37 9000 2085 824]", None),
            ("Ver[1366] PS[0 0 0]", None),
            ("Ver[1366] PS[]", None),
            ("Ver[1366]", None),
        ] {
            assert_eq!(power(text), watts, "{text}");
        }
    }

    #[test]
    fn sleep_shows_as_softoff_and_unknown_modes_stay_unknown() {
        assert_eq!(filled("GHSspd[0] SoftOFF[1] WORKMODE[0]").power_mode, Some(PowerMode::Sleep));
        assert_eq!(filled("GHSspd[0] SoftOFF[0] WORKMODE[2]").power_mode, None);
        assert_eq!(filled("ITemp[21] Temp[30]").temp_inlet_c, Some(21.0));
        assert_eq!(filled("XTemp[21] Temp[30]").temp_inlet_c, Some(30.0));
    }

    proptest! {
        #[test]
        fn any_text_and_any_json_are_read_without_panic(
            text in "\\PC{0,200}", name in "[A-Za-z0-9 \\[\\]]{0,40}", a in crate::any_json()
        ) {
            let _ = filled(&text);
            let _ = filled(&name);
            let mut reading = Reading::empty(DeviceId(1));
            fill(&mut reading, "A1366", &Stats::of(&a), &a, Parts::default());
        }
    }
}
