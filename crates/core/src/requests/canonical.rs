//! JSON in canonical form.

use serde::Serialize;

/// The canonical form of something whose texts are keys in ASCII and whose numbers are integers: of such, RFC 8785 asks for no more
/// than members in order of their names and no spaces.
///
/// # Panics
/// If it has keys that are no texts.
pub(crate) fn canonical(of: &impl Serialize) -> String {
    let written = serde_json::to_string(of).expect("string keys and integers can be written");
    let mut ordered = String::with_capacity(written.len());
    put(&written, &mut ordered);
    ordered
}

/// Appends a value, of every object in it the members in order.
fn put(value: &str, to: &mut String) {
    match value.as_bytes() {
        [b'{', ..] => {
            let mut members: Vec<_> = members(value).collect();
            members.sort_unstable_by_key(|(name, _)| *name);
            to.push('{');
            for (place, (name, value)) in members.into_iter().enumerate() {
                to.push_str(if place == 0 { "\"" } else { ",\"" });
                to.push_str(name);
                to.push_str("\":");
                put(value, to);
            }
            to.push('}');
        }
        [b'[', ..] if value.contains('{') => {
            to.push('[');
            for (place, element) in elements(value).enumerate() {
                to.push_str(if place == 0 { "" } else { "," });
                put(element, to);
            }
            to.push(']');
        }
        _ => to.push_str(value),
    }
}

/// What stands in a list.
fn elements(list: &str) -> impl Iterator<Item = &str> {
    let mut rest = &list[1..list.len() - 1];
    std::iter::from_fn(move || {
        let (element, after) = rest.split_at(length(rest));
        rest = after.strip_prefix(',').unwrap_or(after);
        (!element.is_empty()).then_some(element)
    })
}

/// What stands in an object, by name.
fn members(object: &str) -> impl Iterator<Item = (&str, &str)> {
    let mut rest = &object[1..object.len() - 1];
    std::iter::from_fn(move || {
        let (name, after) = rest.split_at(length(rest));
        let after = after.strip_prefix(':')?;
        let (value, after) = after.split_at(length(after));
        rest = after.strip_prefix(',').unwrap_or(after);
        Some((&name[1..name.len() - 1], value))
    })
}

/// How long the value is that a text begins with, bytes.
fn length(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut at, mut depth) = (0, 0_u32);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'"' => at += length_of_text(&bytes[at..]) - 1,
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            b',' | b':' if depth == 0 => return at,
            _ => {}
        }
        at += 1;
    }
    at
}

fn length_of_text(bytes: &[u8]) -> usize {
    let mut at = 1;
    loop {
        match bytes.get(at) {
            Some(b'"') | None => return at + 1,
            Some(b'\\') => at += 2,
            Some(_) => at += 1,
        }
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;
    use proptest::{collection::vec, prelude::*};
    use serde_json::Value;

    /// Written with the members in the order given, which a map of the library would not keep.
    #[derive(Debug, Clone)]
    enum Written {
        Text(String),
        Number(i64),
        Other(Option<bool>),
        List(Vec<Written>),
        Object(Vec<(String, Written)>),
    }

    impl Serialize for Written {
        fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
            match self {
                Self::Text(text) => s.serialize_str(text),
                Self::Number(number) => s.serialize_i64(*number),
                Self::Other(other) => other.serialize(s),
                Self::List(list) => list.serialize(s),
                Self::Object(members) => s.collect_map(members.iter().map(|(name, value)| (name, value))),
            }
        }
    }

    fn written() -> impl Strategy<Value = Written> {
        let leaf = prop_oneof![
            any::<String>().prop_map(Written::Text),
            r#"[{}\[\],:"\\ a]{0,6}"#.prop_map(Written::Text),
            any::<i64>().prop_map(Written::Number),
            any::<Option<bool>>().prop_map(Written::Other),
        ];
        leaf.prop_recursive(4, 40, 6, |inner| {
            let members = vec(("[a-z_.0-9]{0,4}", inner.clone()), 0..6).prop_map(|mut members| {
                let mut names = std::collections::BTreeSet::new();
                members.retain(|(name, _)| names.insert(name.clone()));
                Written::Object(members)
            });
            prop_oneof![vec(inner, 0..6).prop_map(Written::List), members]
        })
    }

    proptest! {
        #[test]
        fn it_is_the_value_with_its_members_in_order(written in written()) {
            let mut value: Value = serde_json::to_value(&written).unwrap();
            value.sort_all_objects();
            prop_assert_eq!(canonical(&written), value.to_string());
        }
    }
}
