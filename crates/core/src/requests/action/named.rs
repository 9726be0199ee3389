//! Reads an action by its name, so that whatever is wrong in it is still said of the very field: what it is made of is never read as
//! a whole first.

use super::{Action, OPERATIONS};
use crate::{fleet::Operation, requests::Control, variants::is_variant};
use serde::{
    Deserialize, Deserializer,
    de::{self, DeserializeSeed, Error, IntoDeserializer, MapAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::Value;
use std::{fmt, marker::PhantomData, vec};

/// Where the name stands.
pub(super) const FIELD: &str = "action";

pub(super) struct Visit<P>(pub PhantomData<P>);

impl<'de, P: Deserialize<'de>> Visitor<'de> for Visit<P> {
    type Value = Action<P>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an action")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Action<P>, A::Error> {
        // What stands before the name is kept until it is known what it belongs to.
        let mut before = Vec::new();
        loop {
            match map.next_key::<String>()? {
                None => return Err(A::Error::missing_field(FIELD)),
                Some(key) if key == FIELD => break,
                Some(key) => before.push((key, map.next_value()?)),
            }
        }
        let name = map.next_value_seed(Name)?;
        let is_operation = OPERATIONS.contains(&name.as_str());
        let again =
            MapAccessDeserializer::new(Again { name: Some(name), before: before.into_iter(), value: None, map });
        if is_operation {
            Operation::deserialize(again).map(Action::Device)
        } else {
            Control::deserialize(again).map(Action::Control)
        }
    }
}

/// The name of an action that there is.
struct Name;

impl<'de> DeserializeSeed<'de> for Name {
    type Value = String;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<String, D::Error> {
        let name = String::deserialize(d)?;
        if OPERATIONS.contains(&name.as_str()) || is_variant::<Control>(FIELD, &name) {
            Ok(name)
        } else {
            Err(D::Error::custom(format_args!("no action is called {name}")))
        }
    }
}

/// The same fields once more, the name first.
struct Again<A> {
    name: Option<String>,
    before: vec::IntoIter<(String, Value)>,
    value: Option<Held>,
    map: A,
}

/// The value of the key that was given out last, where it is not the map's.
enum Held {
    Name(String),
    Before(Value),
}

impl<'de, A: MapAccess<'de>> MapAccess<'de> for Again<A> {
    type Error = A::Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, A::Error> {
        if let Some(name) = self.name.take() {
            self.value = Some(Held::Name(name));
            return seed.deserialize(FIELD.into_deserializer()).map(Some);
        }
        if let Some((key, value)) = self.before.next() {
            self.value = Some(Held::Before(value));
            return seed.deserialize(key.into_deserializer()).map(Some);
        }
        self.map.next_key_seed(seed)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, A::Error> {
        match self.value.take() {
            Some(Held::Name(name)) => seed.deserialize(name.into_deserializer()),
            Some(Held::Before(value)) => seed.deserialize(value).map_err(de::Error::custom),
            None => self.map.next_value_seed(seed),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_action_is_read_in_whatever_order_its_fields_come() {
        for text in [r#"{"action":"locate","params":{"on":true}}"#, r#"{"params":{"on":true},"action":"locate"}"#] {
            let read: Action = serde_json::from_str(text).unwrap();
            assert_eq!(read, Action::Device(Operation::Locate { on: true }), "{text}");
        }
        let frozen = r#"{"params":{},"action":"freeze_account"}"#;
        assert_eq!(serde_json::from_str::<Action>(frozen).unwrap(), Action::Control(Control::FreezeAccount {}));
    }

    #[test]
    fn what_is_no_action_is_refused() {
        for (text, says) in [
            (r#"{"action":"dance","params":{}}"#, "no action is called dance"),
            (r#"{"params":{}}"#, "missing field `action`"),
            (r#"{"action":"locate","params":{"on":true},"more":1}"#, "more"),
            (r#"{"action":"locate","action":"reboot","params":{}}"#, "action"),
            (r#"{"action":"locate","params":{"on":true,"more":1}}"#, "more"),
            (r#"{"action":7}"#, "string"),
            (r#"[]"#, "an action"),
        ] {
            let why = serde_json::from_str::<Action>(text).unwrap_err().to_string();
            assert!(why.contains(says), "{text}: {why}");
        }
    }
}
