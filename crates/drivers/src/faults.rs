//! What is wrong with a miner, in whatever shape it says so: a list of codes, of objects, of texts, one text, one number.
//! Only an empty value says that nothing is wrong; one in a shape nobody knows is shown as it came.

use crate::codes;
use crate::fields::clean;
use serde_json::{Map, Value};

/// So many faults are told.
const MOST: usize = 16;
const LONGEST: usize = 120;
/// Names under which a fault object has its code, and its words.
const CODES: [&str; 4] = ["code", "error_code", "error-code", "errcode"];
const WORDS: [&str; 6] = ["msg", "message", "reason", "desc", "description", "error"];

/// The faults in `value`, in the words of `family`; `model` decides which do not concern it.
pub(crate) fn told(value: Option<&Value>, family: &str, model: &str) -> Vec<String> {
    let mut faults = Vec::new();
    if let Some(value) = value {
        gather(value, &mut |code, words| {
            if faults.len() < MOST
                && codes::concerns(family, model, code)
                && let Some(text) = clean(&codes::in_words(family, code, words), LONGEST)
                && !faults.contains(&text)
            {
                faults.push(text);
            }
        });
    }
    faults
}

/// Gives each fault in `value` as its code and its words, of which one may be empty.
fn gather(value: &Value, give: &mut impl FnMut(&str, &str)) {
    match value {
        Value::Null | Value::Bool(false) => {}
        Value::Bool(true) => give("", "something is wrong"),
        Value::Number(number) => {
            if number.as_f64() != Some(0.0) {
                give(&number.to_string(), "");
            }
        }
        Value::String(text) => one_text(text.trim(), give),
        Value::Array(list) => list.iter().for_each(|item| gather(item, give)),
        Value::Object(object) => one_object(object, give),
    }
}

fn one_text(text: &str, give: &mut impl FnMut(&str, &str)) {
    match text.to_ascii_lowercase().as_str() {
        "" | "0" | "ok" | "none" | "null" | "no error" | "normal" => {}
        _ if text.bytes().all(|b| b.is_ascii_digit()) => give(text, ""),
        _ => give("", text),
    }
}

/// Either a fault that names its code and its words, or codes as names with the times they came as values.
fn one_object(object: &Map<String, Value>, give: &mut impl FnMut(&str, &str)) {
    let text = |names: &[&str]| {
        names.iter().find_map(|name| match object.get(*name)? {
            Value::String(text) => Some(text.trim().to_owned()),
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
        })
    };
    let words = text(&WORDS).unwrap_or_default();
    if let Some(code) = text(&CODES) {
        let is_none = matches!(code.as_str(), "0" | "");
        return match (is_none, words.is_empty()) {
            (true, true) => {}
            (true, false) => one_text(&words, give),
            (false, _) => give(&code, &words),
        };
    }
    let known = CODES.iter().chain(&WORDS).chain(&["status", "type", "when", "time"]);
    let known: Vec<_> = known.copied().collect();
    let mut codes = object.iter().filter(|(name, _)| !known.contains(&name.as_str())).peekable();
    if codes.peek().is_none() {
        // An object or a list of them under a name that usually holds one code.
        CODES.iter().filter_map(|name| object.get(*name)).for_each(|inner| gather(inner, give));
        return one_text(&words, give);
    }
    codes.for_each(|(code, _)| give(code, &words));
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn told(value: Value) -> Vec<String> {
        super::told(Some(&value), "whatsminer", "M50")
    }

    #[test]
    fn faults_are_told_in_every_shape() {
        for same in [
            json!([{"99999": "2026-06-15 10:30:00"}]),
            json!({"99999": "2026-06-15 10:30:00"}),
            json!(["99999"]),
            json!([99999]),
            json!(99999),
            json!("99999"),
            json!([{"code": 99999}]),
            json!({"error_code": [99999]}),
            json!([{"code": "99999", "msg": ""}]),
        ] {
            assert_eq!(told(same.clone()), ["fault 99999"], "{same}");
        }
        assert_eq!(told(json!("btminer process is down err")), ["btminer process is down err"]);
        assert_eq!(told(json!(["one", {"msg": "two"}])), ["one", "two"]);
        assert_eq!(told(json!([{"99999": "x", "reason": "odd"}])), ["fault 99999: odd"]);
        assert_eq!(told(json!({"code": 0, "msg": "fan lost"})), ["fan lost"]);
        assert_eq!(told(json!(true)), ["something is wrong"]);
    }

    #[test]
    fn only_what_says_none_is_none() {
        for none in [
            json!(null),
            json!([]),
            json!({}),
            json!(""),
            json!(0),
            json!("0"),
            json!(false),
            json!({"code": 0}),
            json!([{"status": "e", "type": "rate", "code": 0, "msg": ""}]),
            json!({"error_code": []}),
        ] {
            assert_eq!(told(none.clone()), [""; 0], "{none}");
        }
        assert_eq!(super::told(None, "whatsminer", "M50"), [""; 0]);
    }

    proptest! {
        #[test]
        fn any_json_is_told_in_bounds(a in crate::any_json()) {
            let faults = told(a);
            prop_assert!(faults.len() <= MOST && faults.iter().all(|f| (1..=LONGEST).contains(&f.chars().count())));
        }
    }
}
