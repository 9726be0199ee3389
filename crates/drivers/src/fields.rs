//! Reading what miners write: numbers as text, MACs in several spellings, texts of any length.

use adit_core::fleet::Pool;
use serde_json::Value;

/// A finite number at `pointer`, also where the device writes it as text or with its unit behind.
pub(crate) fn number(value: &Value, pointer: &str) -> Option<f64> {
    plain_number(value.pointer(pointer)?)
}

/// A number, or a text of one. A unit behind it must be one in which the number means what it would mean alone, or thousands
/// of that; any other makes it unknown.
pub(crate) fn plain_number(value: &Value) -> Option<f64> {
    match value {
        Value::Number(number) => number.as_f64(),
        Value::String(text) => {
            let text = text.trim();
            let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(text.len());
            let number: f64 = text[..end].parse().ok()?;
            match text[end..].trim() {
                "" | "W" | "V" | "C" | "\u{b0}C" | "RPM" | "rpm" | "%" | "MHz" | "s" => Some(number),
                "kW" => Some(number * 1000.0),
                _ => None,
            }
        }
        _ => None,
    }
    .filter(|number: &f64| number.is_finite())
}

/// Yes or no, in any of the ways devices write it.
pub(crate) fn flag(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(flag) => Some(*flag),
        Value::Number(number) => match number.as_u64()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        },
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" | "on" | "yes" => Some(true),
            "false" | "0" | "off" | "no" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// A section of an answer: an object, the first of a list of them, or a text that is one.
pub(crate) fn section(answer: &Value, name: &str) -> Value {
    match answer.get(name) {
        Some(Value::Array(list)) => list.iter().find(|item| item.is_object()).cloned().unwrap_or_default(),
        Some(Value::String(text)) if text.trim_start().starts_with('{') => {
            crate::tolerant::read(text.as_bytes()).map(|answer| answer.value).unwrap_or_default()
        }
        Some(other) => other.clone(),
        None => Value::Null,
    }
}

/// A list in an answer; a lone object is a list of one.
pub(crate) fn list(answer: &Value, name: &str) -> Option<Vec<Value>> {
    match answer.get(name)? {
        Value::Array(list) => Some(list.iter().filter(|item| item.is_object()).cloned().collect()),
        one @ Value::Object(_) => Some(vec![one.clone()]),
        _ => None,
    }
}

/// A whole number from 0 to `u32::MAX`, rounded.
pub(crate) fn whole(value: &Value, pointer: &str) -> Option<u32> {
    number(value, pointer).and_then(as_u32)
}

/// Rounds to a whole number, if it is one of 0 to `u32::MAX`.
pub(crate) fn as_u32(number: f64) -> Option<u32> {
    (0.0..=f64::from(u32::MAX)).contains(&number.round()).then(|| number.round() as u32)
}

/// Text at `pointer`, trimmed, at most `most` characters, `None` when empty.
pub(crate) fn text(value: &Value, pointer: &str, most: usize) -> Option<String> {
    clean(value.pointer(pointer)?.as_str()?, most)
}

/// Text without control characters, trimmed and cut to `most` characters; `None` when nothing is left.
pub(crate) fn clean(text: &str, most: usize) -> Option<String> {
    let text: String = text.chars().filter(|c| !c.is_control()).take(most).collect();
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_owned())
}

/// A MAC with or without separators, as Adit writes them: lower case, colons.
pub(crate) fn mac(value: &Value, pointer: &str) -> Option<String> {
    let digits: Vec<char> = value
        .pointer(pointer)?
        .as_str()?
        .chars()
        .filter(|c| !matches!(c, ':' | '-' | ' '))
        .map(|c| c.to_ascii_lowercase())
        .take(13)
        .collect();
    if digits.len() != 12 || !digits.iter().all(char::is_ascii_hexdigit) {
        return None;
    }
    Some(digits.chunks(2).map(|pair| pair.iter().collect::<String>()).collect::<Vec<_>>().join(":"))
}

/// Mean of what is known, rounded; `None` if nothing is.
pub(crate) fn mean(numbers: impl Iterator<Item = f64>) -> Option<u32> {
    let (sum, count) = numbers.fold((0.0, 0.0), |(sum, count), number| (sum + number, count + 1.0));
    if count > 0.0 { as_u32(sum / count) } else { None }
}

/// Pools with an address, at most three; `url` and `user` point into one of them.
pub(crate) fn pool_list(pools: &[Value], url: &str, user: &str) -> Vec<Pool> {
    pools
        .iter()
        .filter_map(|pool| {
            Some(Pool { url: text(pool, url, 255)?, user: text(pool, user, 128).unwrap_or_default(), password: None })
        })
        .take(3)
        .collect()
}

/// What was sent to a device before it says something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Nothing that must not be told on.
    Plain,
    /// Passwords: the device may say them again, whole, cut, or written in another way.
    Passwords,
}

/// A device's words for an error or a refusal, with its code, for people.
pub(crate) fn words(message: Option<&str>, code: Option<f64>, sent: Sent) -> String {
    let message = match sent {
        Sent::Plain => message.and_then(|m| clean(m, 120)).unwrap_or_else(|| "no reason given".into()),
        Sent::Passwords => "its words are left out, for it was told passwords".into(),
    };
    match code {
        Some(code) => format!("{message} (code {code})"),
        None => message,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn numbers_come_as_text_too_and_nonsense_is_unknown() {
        let value = json!({"a": 3.6, "b": "41", "c": "3250 W", "d": "x", "e": -1, "f": 1e300, "g": "NaN",
            "h": "3.2 kW", "i": "5 furlongs"});
        assert_eq!(whole(&value, "/a"), Some(4));
        assert_eq!(whole(&value, "/b"), Some(41));
        assert_eq!(whole(&value, "/c"), Some(3250));
        assert_eq!(whole(&value, "/h"), Some(3200));
        for unknown in ["/d", "/e", "/f", "/g", "/i", "/none"] {
            assert_eq!(whole(&value, unknown), None, "{unknown}");
        }
    }

    #[test]
    fn macs_are_spelt_one_way() {
        let value = json!(["02:AD:17:00:00:01", "02ad17000001", "02-ad-17-00-00-01", "02ad1700000", "zzad17000001"]);
        for good in ["/0", "/1", "/2"] {
            assert_eq!(mac(&value, good).as_deref(), Some("02:ad:17:00:00:01"));
        }
        assert_eq!(mac(&value, "/3"), None);
        assert_eq!(mac(&value, "/4"), None);
    }
}
