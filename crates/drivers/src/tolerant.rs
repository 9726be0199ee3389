//! JSON as miners write it: with raw line ends in texts, commas too many or too few, doubled quotes, pairs in lists, ends
//! cut off. Whatever can be read is kept, and what cannot is named. A number is kept only if nothing about it is in doubt:
//! one that the answer ends with, that is followed by what does not belong there, or that is spelt in no known way is left
//! out.

use serde_json::{Map, Value};

/// No answer of a miner is nested this deep.
const MAX_DEPTH: usize = 64;
/// Longer than any name, address or sentence that is taken from an answer.
const LONG_TEXT: usize = 512;
/// So many gaps are named; more say no more.
const MAX_GAPS: usize = 8;

/// An answer, as far as it could be read.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Answer {
    pub value: Value,
    /// Names of what could not be read, and `end` for an answer that was cut off.
    pub gaps: Vec<String>,
}

/// Reads an answer. `None` if there is no object or list with anything in it.
pub(crate) fn read(bytes: &[u8]) -> Option<Answer> {
    if let Ok(value) = serde_json::from_slice(bytes) {
        return Some(Answer { value, gaps: Vec::new() });
    }
    let text = String::from_utf8_lossy(bytes);
    let text = text.trim_matches(|c: char| c == '\0' || c == '\u{feff}' || c.is_whitespace());
    if let Ok(value) = serde_json::from_str(text) {
        return Some(Answer { value, gaps: Vec::new() });
    }
    let mut reader = Reader { rest: text, gaps: Vec::new(), too_deep: false };
    let value = reader.value("", 0);
    let is_something = value.as_ref().is_some_and(holds_something);
    (is_something && !reader.too_deep).then(|| Answer { value: value.unwrap_or_default(), gaps: reader.gaps })
}

/// Is there anything in it but brackets?
fn holds_something(value: &Value) -> bool {
    match value {
        Value::Object(object) => object.values().any(holds_something),
        Value::Array(list) => list.iter().any(holds_something),
        Value::Null => false,
        Value::Bool(_) | Value::Number(_) | Value::String(_) => true,
    }
}

struct Reader<'a> {
    rest: &'a str,
    gaps: Vec<String>,
    too_deep: bool,
}

impl<'a> Reader<'a> {
    fn peek(&mut self) -> Option<char> {
        self.rest = self.rest.trim_start_matches(|c: char| c.is_whitespace() || c == '\0');
        self.rest.chars().next()
    }

    fn skip(&mut self) {
        let mut chars = self.rest.chars();
        chars.next();
        self.rest = chars.as_str();
    }

    fn gap(&mut self, name: &str) {
        let name = if name.is_empty() { "a value" } else { name };
        if self.gaps.len() < MAX_GAPS && !self.gaps.iter().any(|gap| gap == name) {
            self.gaps.push(name.chars().take(40).collect());
        }
    }

    /// The value that comes next; `None` if it cannot be read, and then nothing of it is left. `name` is whose it is.
    fn value(&mut self, name: &str, depth: usize) -> Option<Value> {
        if depth > MAX_DEPTH {
            self.too_deep = true;
            self.rest = "";
            return None;
        }
        match self.peek() {
            Some('{') => {
                self.skip();
                Some(Value::Object(self.object(name, depth)))
            }
            Some('[') => {
                self.skip();
                Some(Value::Array(self.list(name, depth)))
            }
            Some('"') => self.string().map(Value::String),
            Some(',' | ':' | '}' | ']') | None => {
                self.gap(if self.rest.is_empty() { "end" } else { name });
                None
            }
            Some(_) => self.bare(name),
        }
    }

    /// A number or a word, whole and followed by what may follow it.
    fn bare(&mut self, name: &str) -> Option<Value> {
        let end = self.rest.find([',', '}', ']', '{', '[', '"', ':']);
        let Some(end) = end else {
            // It may go on behind the end.
            self.rest = "";
            self.gap("end");
            return None;
        };
        let (word, rest) = self.rest.split_at(end);
        let follows_well = rest.starts_with([',', '}', ']']);
        self.rest = rest;
        let value = match word.trim() {
            "nan" | "-nan" | "NaN" | "inf" | "-inf" => Some(Value::Null),
            word => serde_json::from_str(word).ok(),
        };
        if value.is_none() || !follows_well {
            self.gap(name);
            return None;
        }
        value
    }

    /// A text, also with line ends in it. `None` if it does not end.
    fn string(&mut self) -> Option<String> {
        self.skip();
        let mut text = String::new();
        let mut chars = self.rest.char_indices();
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return Some(text);
                }
                '\\' => match chars.next() {
                    Some((_, 'n' | 'r' | 't' | 'b' | 'f')) => text.push(' '),
                    Some((at, 'u')) => {
                        let code = self.rest.get(at + 1..at + 5).and_then(|hex| u32::from_str_radix(hex, 16).ok());
                        text.push(code.and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER));
                        chars.by_ref().take(if code.is_some() { 4 } else { 0 }).for_each(drop);
                    }
                    Some((_, other)) => text.push(other),
                    None => break,
                },
                control if control.is_control() => text.push(' '),
                other => text.push(other),
            }
        }
        self.rest = "";
        self.gap("end");
        // Half a name or an address would pass for a whole one; of a long text every part speaks for itself.
        (text.len() > LONG_TEXT).then_some(text)
    }

    /// A name before a colon; `""name"` is a name with a quote too many.
    fn name(&mut self) -> Option<String> {
        let name = self.string()?;
        if name.is_empty() && self.rest.starts_with(|c: char| c.is_alphanumeric()) {
            let end = self.rest.find('"')?;
            let name = self.rest[..end].to_owned();
            self.rest = &self.rest[end + 1..];
            return Some(name);
        }
        Some(name)
    }

    fn object(&mut self, of: &str, depth: usize) -> Map<String, Value> {
        let mut object = Map::new();
        let mut last: Option<String> = None;
        loop {
            match self.peek() {
                None => {
                    self.gap("end");
                    return object;
                }
                Some('}') => {
                    self.skip();
                    return object;
                }
                // The list around it ends, so this has ended before.
                Some(']') => {
                    self.gap(of);
                    return object;
                }
                Some(',') => self.skip(),
                Some('"') => {
                    let Some(name) = self.name() else { return object };
                    if self.peek() != Some(':') {
                        self.gap(&name);
                        last = None;
                        continue;
                    }
                    self.skip();
                    if let Some(value) = self.value(&name, depth + 1) {
                        object.insert(name.clone(), value);
                    }
                    last = Some(name);
                }
                Some(_) => {
                    // What stands where a name should may belong to the value before it, as in `12,5`.
                    if let Some(name) = last.take() {
                        object.remove(&name);
                        self.gap(&name);
                    }
                    self.pass_over(of, depth);
                }
            }
        }
    }

    fn list(&mut self, of: &str, depth: usize) -> Vec<Value> {
        let mut list = Vec::new();
        loop {
            match self.peek() {
                None => {
                    self.gap("end");
                    return list;
                }
                Some(']') => {
                    self.skip();
                    return list;
                }
                Some('}') => {
                    self.gap(of);
                    return list;
                }
                Some(',') => self.skip(),
                Some(':') => {
                    self.skip();
                    // A pair in a list is an object of one.
                    let value = self.value(of, depth + 1);
                    match (list.pop(), value) {
                        (Some(Value::String(name)), Some(value)) => {
                            list.push(Value::Object(Map::from_iter([(name, value)])));
                        }
                        _ => self.gap(of),
                    }
                }
                Some(_) => list.extend(self.value(of, depth + 1)),
            }
        }
    }

    /// Leaves out what makes no sense where it stands.
    fn pass_over(&mut self, name: &str, depth: usize) {
        match self.peek() {
            Some('{' | '[') => drop(self.value(name, depth + 1)),
            Some(':') => self.skip(),
            _ => drop(self.bare(name)),
        }
        self.gap(name);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use serde_json::json;

    fn value(text: &str) -> Value {
        read(text.as_bytes()).unwrap_or_else(|| panic!("{text}")).value
    }

    fn gaps(text: &str) -> Vec<String> {
        read(text.as_bytes()).unwrap_or_else(|| panic!("{text}")).gaps
    }

    #[test]
    fn what_miners_write_wrongly_is_read_as_it_was_meant() {
        for (wire, meant) in [
            (r#"{"error_code":["206":"2026-06-15"]}"#, json!({"error_code": [{"206": "2026-06-15"}]})),
            (r#"{""temp0":61,"temp1":62}"#, json!({"temp0": 61, "temp1": 62})),
            (r#"{,"a":1}"#, json!({"a": 1})),
            (r#"{"l":[{"a":1}{"a":2}]}"#, json!({"l": [{"a": 1}, {"a": 2}]})),
            (r#"{"l":[,{"a":1}]}"#, json!({"l": [{"a": 1}]})),
            (r#"{"SUMMARY":[{"Uptime":1,}]}"#, json!({"SUMMARY": [{"Uptime": 1}]})),
            ("{\"a\":\"one\ntwo\",\"b\":2}", json!({"a": "one two", "b": 2})),
            ("{\"a\":1}\0\0", json!({"a": 1})),
            (r#"{"a":nan,"b":2}"#, json!({"a": null, "b": 2})),
            (r#"{"a":1,"b":2}{"c":3}"#, json!({"a": 1, "b": 2})),
        ] {
            assert_eq!(value(wire), meant, "{wire}");
        }
        assert_eq!(read(b"{\"a\":\"caf\xe9\",\"b\":2}").unwrap().value["b"], 2);
    }

    #[test]
    fn a_number_that_is_in_doubt_is_left_out_and_named() {
        for (wire, left, named) in [
            (r#"{"a":7,"power":34"#, json!({"a": 7}), "end"),
            (r#"{"power":12,5,"a":7}"#, json!({"a": 7}), "power"),
            (r#"{"power":3.4.5,"a":7}"#, json!({"a": 7}), "power"),
            (r#"{"power":34 72,"a":7}"#, json!({"a": 7}), "power"),
            (r#"{"power":34"x","a":7}"#, json!({"a": 7}), "power"),
            (r#"{"power":,"a":7}"#, json!({"a": 7}), "power"),
        ] {
            assert_eq!(value(wire), left, "{wire}");
            assert!(gaps(wire).iter().any(|gap| gap == named), "{wire} {:?}", gaps(wire));
        }
    }

    #[test]
    fn of_texts_that_are_cut_off_only_long_ones_are_kept() {
        assert_eq!(value(r#"{"a":1,"user":"far"#), json!({"a": 1}));
        let long = "Temp[30] ".repeat(100).trim_end().to_owned();
        assert_eq!(value(&format!("{{\"a\":1,\"MM ID0\":\"{long}")), json!({"a": 1, "MM ID0": long}));
    }

    #[test]
    fn nothing_is_made_of_nothing() {
        for wire in ["", "x", "{", "[[[", "{}", "[]", "12", "\"a\"", "<html></html>", &"[".repeat(100_000)] {
            let read = read(wire.as_bytes());
            assert!(read.is_none() || read.is_some_and(|answer| answer.gaps.is_empty()), "{wire:.40}");
        }
    }

    proptest! {
        #[test]
        fn what_is_sound_is_read_as_it_is(value in crate::any_json()) {
            let answer = read(value.to_string().as_bytes());
            prop_assert!(answer.is_none_or(|answer| answer.gaps.is_empty()));
        }

        /// Cutting an answer anywhere gives no number that was not in it.
        #[test]
        fn no_cut_makes_a_number(numbers in proptest::collection::vec(10_u32..1_000_000, 1..6), at in 0_usize..200) {
            let object: Map<_, _> = numbers.iter().enumerate().map(|(i, n)| (format!("n{i}"), json!(n))).collect();
            let whole = json!({"SUMMARY": [object]}).to_string();
            let cut = &whole.as_bytes()[..at.min(whole.len())];
            if let Some(Answer { value, .. }) = read(cut)
                && let Some(Value::Object(read)) = value.pointer("/SUMMARY/0")
            {
                for (name, number) in read {
                    prop_assert_eq!(number, &object[name]);
                }
            }
        }

        #[test]
        fn any_bytes_are_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = read(&bytes);
        }

        #[test]
        fn any_text_of_brackets_is_read_without_panic(text in "[\\[\\]{}:,\"\\\\u a1.\n-]{0,80}") {
            let _ = read(text.as_bytes());
        }
    }
}
