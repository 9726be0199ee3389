//! What an Avalon says of itself: one long text of `Name[value]`, and the pools.

use crate::fields::{as_u32, clean, mean, pool_list, whole};
use crate::handle::{Says, pool_alive, settle};
use adit_core::fleet::{PowerMode, Reading};
use serde_json::Value;

/// The miner's own statistics: one long text of `Name[value]`.
pub(super) struct Stats<'a> {
    text: &'a str,
    elapsed_s: Option<u32>,
}

impl<'a> Stats<'a> {
    pub fn of(reply: &'a Value) -> Self {
        let text = reply.pointer("/STATS/0/MM ID0").and_then(Value::as_str).unwrap_or_default();
        Self { text, elapsed_s: whole(reply, "/STATS/0/Elapsed") }
    }

    fn field(&self, name: &str) -> Option<&'a str> {
        let text = self.text;
        let opened = format!("{name}[");
        // The name must not be the end of a longer one: `Temp` is not in `ITemp`.
        let start = text.match_indices(&opened).map(|(at, _)| at).find(|at| *at == 0 || text[..*at].ends_with(' '))?;
        let value = &text[start + opened.len()..];
        Some(value[..value.find(']')?].trim())
    }

    fn number(&self, name: &str) -> Option<f64> {
        self.field(name)?.parse().ok().filter(|number: &f64| number.is_finite())
    }

    pub fn asleep(&self) -> Option<bool> {
        self.number("SoftOFF").map(|off| off != 0.0)
    }

    /// Of the supply's numbers the fifth is the draw.
    fn power_w(&self) -> Option<u32> {
        self.field("PS")?.split_whitespace().nth(4)?.parse().ok().and_then(as_u32)
    }

    fn fan_rpm(&self) -> Option<u32> {
        mean((1..=8).filter_map(|fan| self.number(&format!("Fan{fan}"))))
    }

    /// Fault bits that are set: of the hash boards, and of the control board.
    fn faults(&self) -> Vec<String> {
        ["ECHU", "ECMM"]
            .into_iter()
            .filter_map(|name| {
                let codes = self.field(name)?;
                let set = codes.split_whitespace().any(|code| code != "0");
                set.then(|| clean(&format!("{name} {codes}"), 60)).flatten()
            })
            .collect()
    }
}

/// Fills `reading` from the two answers of a poll.
pub(super) fn fill(reading: &mut Reading, model: &str, stats: &Value, pools: &Value) {
    let stats = Stats::of(stats);
    let warm = |name: &str| stats.number(name).filter(|c| *c > -50.0).map(|c| c as f32);
    let asleep = stats.asleep();
    reading.hashrate_ths = stats.number("GHSspd").filter(|ghs| *ghs >= 0.0).map(|ghs| (ghs / 1000.0) as f32);
    reading.power_w = stats.power_w();
    reading.temp_chip_max_c = warm("TMax").filter(|c| *c > 0.0);
    reading.temp_inlet_c = warm("ITemp").or_else(|| warm("Temp"));
    reading.fan_rpm = stats.fan_rpm();
    reading.uptime_s = stats.elapsed_s.map(u64::from);
    let kept = match stats.number("WORKMODE") {
        Some(0.0) => Some(PowerMode::Normal),
        Some(1.0) => Some(PowerMode::High),
        _ => None,
    };
    reading.led_on = stats.number("Led").map(|led| led != 0.0);
    let list = pools["POOLS"].as_array();
    let alive = list.and_then(|list| pool_alive(list, "Status"));
    reading.pools = list.map(|list| pool_list(list, "/URL", "/User"));
    reading.errors = stats.faults();
    settle(reading, Says { asleep, mode: kept, pool_alive: alive }, model);
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::fleet::{Activity, Connectivity};
    use adit_core::ids::DeviceId;
    use proptest::prelude::*;
    use serde_json::json;

    fn stats(text: &str) -> Value {
        json!({"STATS": [{"Elapsed": 24684, "MM ID0": text}]})
    }

    fn filled(text: &str) -> Reading {
        let mut reading = Reading::silent(DeviceId(1), Connectivity::Online);
        fill(&mut reading, "A1366", &stats(text), &json!({"POOLS": [{"URL": "u", "User": "w", "Status": "Alive"}]}));
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
        assert_eq!(reading.errors, ["ECHU 0 512 0"]);
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
            let mut reading = Reading::silent(DeviceId(1), Connectivity::Online);
            fill(&mut reading, "A1366", &a, &a);
        }
    }
}
