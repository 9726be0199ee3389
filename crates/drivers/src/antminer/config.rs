//! An Antminer's configuration: one object, read from one page and sent back whole to another, with what is to change.

use super::{POOL_PASSWORD, POOL_SCHEME};
use crate::fields::pool_list;
use adit_core::fleet::{Pool, PowerMode};
use serde_json::{Map, Value, json};

/// The number of a mode in `miner-mode`.
const fn mode_number(mode: PowerMode) -> u64 {
    match mode {
        PowerMode::Normal => 0,
        PowerMode::Sleep => 1,
        PowerMode::High => 2,
        PowerMode::Low => 3,
    }
}

pub(super) fn mode_of(config: &Value) -> Option<PowerMode> {
    let number = ["miner-mode", "bitmain-work-mode"].iter().find_map(|key| match config.get(key)? {
        Value::String(text) => text.parse::<u64>().ok(),
        other => other.as_u64(),
    })?;
    [PowerMode::Normal, PowerMode::Sleep, PowerMode::High, PowerMode::Low]
        .into_iter()
        .find(|mode| mode_number(*mode) == number)
}

/// Every name the mode goes by, each in the type it has; the page for writing wants `miner-mode` and `freq-level`.
pub(super) fn set_mode(config: &mut Map<String, Value>, mode: PowerMode) {
    let number = mode_number(mode);
    let like = |old: Option<&Value>| match old {
        Some(Value::String(_)) => json!(number.to_string()),
        _ => json!(number),
    };
    if let Some(old) = config.get("bitmain-work-mode") {
        let new = like(Some(old));
        config.insert("bitmain-work-mode".into(), new);
    }
    let new = like(config.get("miner-mode"));
    config.insert("miner-mode".into(), new);
}

/// The page for writing calls two keys by other names than the page for reading.
pub(super) fn for_writing(config: &mut Map<String, Value>) {
    for (read, written) in [("bitmain-work-mode", "miner-mode"), ("bitmain-freq-level", "freq-level")] {
        if !config.contains_key(written)
            && let Some(value) = config.get(read).cloned()
        {
            config.insert(written.into(), value);
        }
    }
}

/// All three slots: one that is not sent would keep its old pool. The firmware refuses the scheme it uses anyway.
pub(super) fn set_pools(config: &mut Map<String, Value>, pools: &[Pool]) {
    let slot = |pool: Option<&Pool>| match pool {
        Some(pool) => {
            let url = pool.url.strip_prefix(POOL_SCHEME).unwrap_or(&pool.url);
            json!({"url": url, "user": pool.user, "pass": POOL_PASSWORD})
        }
        None => json!({"url": "", "user": "", "pass": ""}),
    };
    config.insert("pools".into(), (0..3).map(|number| slot(pools.get(number))).collect());
}

pub(super) fn pools_of(config: &Value) -> Option<Vec<Pool>> {
    let mut pools = pool_list(config["pools"].as_array()?, "/url", "/user");
    for pool in &mut pools {
        if !pool.url.contains("://") {
            pool.url = format!("{POOL_SCHEME}{}", pool.url);
        }
    }
    Some(pools)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn config() -> Map<String, Value> {
        let Value::Object(config) = json!({
            "pools": [{"url": "stratum+tcp://a:1", "user": "w", "pass": "secret"}],
            "api-allow": "A:0/0,W:*", "bitmain-fan-ctrl": true, "bitmain-fan-pwm": "70",
            "bitmain-work-mode": "0", "bitmain-freq-level": "100",
        }) else {
            unreachable!()
        };
        config
    }

    #[test]
    fn a_mode_changes_nothing_else_in_the_configuration() {
        let mut changed = config();
        for_writing(&mut changed);
        set_mode(&mut changed, PowerMode::Sleep);
        assert_eq!((&changed["bitmain-work-mode"], &changed["miner-mode"]), (&json!("1"), &json!("1")));
        assert_eq!(changed["freq-level"], "100");
        for (key, value) in config().iter().filter(|(key, _)| *key != "bitmain-work-mode") {
            assert_eq!(&changed[key], value);
        }
        assert_eq!(mode_of(&Value::Object(changed)), Some(PowerMode::Sleep));
    }

    #[test]
    fn pools_fill_every_slot_and_read_back_with_their_scheme() {
        let mut changed = config();
        let pools = vec![Pool { url: "stratum+tcp://b:2".into(), user: "v".into() }];
        set_pools(&mut changed, &pools);
        assert_eq!(changed["pools"].as_array().map(Vec::len), Some(3));
        assert_eq!(changed["pools"][0]["url"], "b:2");
        assert_eq!(pools_of(&Value::Object(changed)), Some(pools));
    }

    proptest! {
        #[test]
        fn any_json_is_read_without_panic(a in crate::any_json()) {
            let _ = (mode_of(&a), pools_of(&a));
            if let Value::Object(mut config) = a {
                for_writing(&mut config);
                set_mode(&mut config, PowerMode::Low);
                set_pools(&mut config, &[]);
            }
        }
    }
}
