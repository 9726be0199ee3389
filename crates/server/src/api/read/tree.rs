//! A body as it was sent, before it is known what it has to be. Fields keep their order and are never there twice.

use super::{Fault, Unread, fault::TWICE};
use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use std::fmt;

#[derive(Debug, Clone, PartialEq)]
pub enum Tree {
    Null,
    Bool(bool),
    /// A whole number.
    Whole(i128),
    /// Any other number.
    Float(f64),
    Text(String),
    /// A query's value: what it is depends on what it has to be.
    Given(String),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

pub fn parse(bytes: &[u8]) -> Result<Tree, Unread> {
    let mut at = At::default();
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let read = Grow(&mut at).deserialize(&mut json).and_then(|tree| json.end().map(|()| tree));
    read.map_err(|error| {
        if at.is_twice {
            let fault = Fault::new(TWICE);
            return Unread::Wrong(at.steps.iter().rev().fold(fault, |fault, step| fault.under(step)));
        }
        Unread::NotJson(match error.classify() {
            _ if bytes.is_empty() => "the body is empty, and JSON belongs there".to_owned(),
            serde_json::error::Category::Eof => "the body is not JSON: it ends too early".to_owned(),
            _ => format!("the body is not JSON from line {}, character {} on", error.line(), error.column()),
        })
    })
}

/// Where the reading is.
#[derive(Default)]
struct At {
    steps: Vec<String>,
    /// A field has come that was there before.
    is_twice: bool,
}

struct Grow<'a>(&'a mut At);

impl<'de> DeserializeSeed<'de> for Grow<'_> {
    type Value = Tree;

    fn deserialize<D: Deserializer<'de>>(self, d: D) -> Result<Tree, D::Error> {
        d.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Grow<'_> {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Whole(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Whole(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Tree, E> {
        Ok(Tree::Float(value))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Tree, E> {
        Ok(Tree::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Tree, A::Error> {
        let mut items = Vec::new();
        loop {
            self.0.steps.push(items.len().to_string());
            let Some(item) = seq.next_element_seed(Grow(self.0))? else { break };
            items.push(item);
            self.0.steps.pop();
        }
        self.0.steps.pop();
        Ok(Tree::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Tree, A::Error> {
        let (mut fields, mut names) = (Vec::new(), std::collections::HashSet::new());
        while let Some(name) = map.next_key::<String>()? {
            self.0.steps.push(name.clone());
            if !names.insert(name.clone()) {
                self.0.is_twice = true;
                return Err(de::Error::custom(TWICE));
            }
            fields.push((name, map.next_value_seed(Grow(self.0))?));
            self.0.steps.pop();
        }
        Ok(Tree::Object(fields))
    }
}
