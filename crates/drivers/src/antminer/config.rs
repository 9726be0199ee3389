//! An Antminer's configuration: one object, read from one page and sent back whole to another, with what is to change.

use super::POOL_SCHEME;
use super::dialect::Dialect;
use crate::fields::pool_list;
use crate::handle::pool_password;
use adit_core::fleet::{Pool, PoolPassword, PowerMode};
use serde_json::{Map, Value, json};

/// Names of the mode, the one of the page for writing first.
const MODE_KEYS: [&str; 2] = ["miner-mode", "bitmain-work-mode"];
/// What JSON firmware calls asleep, and what form firmware does.
const ASLEEP: u64 = 1;
const ASLEEP_IN_FORM: u64 = 254;

/// The number of a mode that JSON firmware has, where it is the same on every model. What 2 means is not: more power on some,
/// less on others.
pub(super) const fn mode_number(mode: PowerMode) -> Option<u64> {
    match mode {
        PowerMode::Normal => Some(0),
        PowerMode::Sleep => Some(ASLEEP),
        PowerMode::Low => Some(3),
        PowerMode::High => None,
    }
}

/// The number the configuration has for its mode.
pub(super) fn number_of(config: &Value) -> Option<u64> {
    MODE_KEYS.iter().find_map(|key| match config.get(key)? {
        Value::String(text) => text.trim().parse::<u64>().ok(),
        other => other.as_u64(),
    })
}

/// The mode kept for when the miner works, if its number means the same everywhere.
pub(super) fn mode_of(config: &Value, dialect: Dialect) -> Option<PowerMode> {
    let number = number_of(config)?;
    match dialect {
        Dialect::Json => [PowerMode::Normal, PowerMode::Sleep, PowerMode::Low]
            .into_iter()
            .find(|mode| mode_number(*mode) == Some(number)),
        Dialect::Form => (number == ASLEEP_IN_FORM).then_some(PowerMode::Sleep),
        Dialect::Unknown => None,
    }
}

/// Does the configuration say that the miner sleeps? `None` where its number says nothing of that.
pub(super) fn asleep(config: &Value, dialect: Dialect) -> Option<bool> {
    let number = number_of(config)?;
    match dialect {
        Dialect::Json => Some(number == ASLEEP || number == ASLEEP_IN_FORM),
        Dialect::Form => (number == ASLEEP_IN_FORM).then_some(true),
        Dialect::Unknown => None,
    }
}

/// Sets every name the mode goes by, each in the type it has; the page for writing wants `miner-mode`.
pub(super) fn set_mode(config: &mut Map<String, Value>, number: u64) {
    let like = |old: Option<&Value>| match old {
        Some(Value::String(_)) => json!(number.to_string()),
        _ => json!(number),
    };
    for key in MODE_KEYS {
        if key == "miner-mode" || config.contains_key(key) {
            let new = like(config.get(key));
            config.insert(key.into(), new);
        }
    }
}

/// The mode in the other of the two types that firmwares take, for one that has taken an order and not followed it.
pub(super) fn retype_mode(config: &mut Map<String, Value>) {
    let other = match config.get("miner-mode") {
        Some(Value::String(text)) => text.trim().parse::<u64>().ok().map(Value::from),
        Some(Value::Number(number)) => Some(json!(number.to_string())),
        _ => None,
    };
    if let Some(other) = other {
        config.insert("miner-mode".into(), other);
    }
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
pub(super) fn set_pools(config: &mut Map<String, Value>, pools: &[Pool<PoolPassword>]) {
    let slot = |pool: Option<&Pool<PoolPassword>>| match pool {
        Some(pool) => {
            let url = pool.url.strip_prefix(POOL_SCHEME).unwrap_or(&pool.url);
            json!({"url": url, "user": pool.user, "pass": pool_password(pool)})
        }
        None => json!({"url": "", "user": "", "pass": ""}),
    };
    config.insert("pools".into(), (0..3).map(|number| slot(pools.get(number))).collect());
}

pub(super) fn pools_of(config: &Value) -> Option<Vec<Pool>> {
    Some(with_scheme(pool_list(config["pools"].as_array()?, "/url", "/user")))
}

/// The firmware leaves out the scheme it uses anyway.
pub(super) fn with_scheme(mut pools: Vec<Pool>) -> Vec<Pool> {
    for pool in pools.iter_mut().filter(|pool| !pool.url.contains("://")) {
        pool.url = format!("{POOL_SCHEME}{}", pool.url);
    }
    pools
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::fleet::same_pools;
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
        set_mode(&mut changed, ASLEEP);
        assert_eq!((&changed["bitmain-work-mode"], &changed["miner-mode"]), (&json!("1"), &json!("1")));
        assert_eq!(changed["freq-level"], "100");
        for (key, value) in config().iter().filter(|(key, _)| *key != "bitmain-work-mode") {
            assert_eq!(&changed[key], value);
        }
        assert_eq!(mode_of(&Value::Object(changed), Dialect::Json), Some(PowerMode::Sleep));
    }

    #[test]
    fn a_mode_is_sent_in_the_type_it_was_read_in_and_then_in_the_other() {
        for (read, sent, then) in [(json!(0), json!(1), json!("1")), (json!("0"), json!("1"), json!(1))] {
            for key in MODE_KEYS {
                let mut config = Map::from_iter([(key.to_owned(), read.clone())]);
                for_writing(&mut config);
                set_mode(&mut config, ASLEEP);
                assert_eq!(config["miner-mode"], sent, "{key} {read}");
                retype_mode(&mut config);
                assert_eq!(config["miner-mode"], then, "{key} {read}");
            }
        }
    }

    #[test]
    fn numbers_that_mean_different_things_stay_unknown() {
        let config = |number: u64| json!({"miner-mode": number});
        for (number, dialect, mode, sleeps) in [
            (0, Dialect::Json, Some(PowerMode::Normal), Some(false)),
            (1, Dialect::Json, Some(PowerMode::Sleep), Some(true)),
            (2, Dialect::Json, None, Some(false)),
            (3, Dialect::Json, Some(PowerMode::Low), Some(false)),
            (7, Dialect::Json, None, Some(false)),
            (254, Dialect::Json, None, Some(true)),
            (254, Dialect::Form, Some(PowerMode::Sleep), Some(true)),
            (1, Dialect::Form, None, None),
            (2, Dialect::Form, None, None),
            (1, Dialect::Unknown, None, None),
        ] {
            let config = config(number);
            assert_eq!((mode_of(&config, dialect), asleep(&config, dialect)), (mode, sleeps), "{number} {dialect:?}");
        }
    }

    #[test]
    fn pools_fill_every_slot_and_read_back_with_their_scheme() {
        let mut changed = config();
        let pools = vec![Pool { url: "stratum+tcp://b:2".into(), user: "v".into(), password: None }];
        set_pools(&mut changed, &pools);
        assert_eq!(changed["pools"].as_array().map(Vec::len), Some(3));
        assert_eq!(changed["pools"][0]["url"], "b:2");
        assert!(same_pools(&pools_of(&Value::Object(changed)).unwrap_or_default(), &pools));
    }

    proptest! {
        #[test]
        fn any_json_is_read_without_panic(a in crate::any_json()) {
            let _ = (mode_of(&a, Dialect::Json), asleep(&a, Dialect::Form), pools_of(&a));
            if let Value::Object(mut config) = a {
                for_writing(&mut config);
                set_mode(&mut config, 3);
                retype_mode(&mut config);
                set_pools(&mut config, &[]);
            }
        }
    }
}
