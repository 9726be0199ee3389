//! What is wrong with one field.

use serde::de;
use std::fmt::{self, Display};

/// Which field, and what about it. The words follow the field's name: "is missing", "must be text".
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// Names and places of the fields around it, its own first.
    steps: Vec<String>,
    detail: String,
}

impl Fault {
    pub(super) fn new(detail: impl Into<String>) -> Self {
        Self { steps: Vec::new(), detail: detail.into() }
    }

    /// The same, within a field or at a place of a list.
    pub(super) fn under(mut self, step: impl Display) -> Self {
        self.steps.push(step.to_string());
        self
    }

    /// The field as a JSON pointer; empty for the body as a whole.
    #[must_use]
    pub fn pointer(&self) -> String {
        let escaped = |step: &String| format!("/{}", step.replace('~', "~0").replace('/', "~1"));
        self.steps.iter().rev().map(escaped).collect()
    }

    /// The name of the outermost field: of a query, the parameter.
    #[must_use]
    pub fn name(&self) -> &str {
        self.steps.last().map_or("", String::as_str)
    }

    /// What is wrong, to be put after the field's name.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }
}

impl Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.pointer().as_str() {
            "" => write!(f, "the body {}", self.detail),
            pointer => write!(f, "{pointer} {}", self.detail),
        }
    }
}

impl std::error::Error for Fault {}

/// Of what a type says that it expects, what a caller has to know.
fn wanted(expected: &dyn de::Expected) -> String {
    let text = expected.to_string();
    let words = match text.as_str() {
        "a string" | "a borrowed string" | "a character" => "must be text",
        "a boolean" => "must be true or false",
        "u8" | "u16" | "u32" | "u64" | "usize" => "must be a whole number, not negative",
        "i8" | "i16" | "i32" | "i64" | "isize" => "must be a whole number",
        "f32" | "f64" => "must be a number",
        "a sequence" => "must be a list",
        "a map" => "must be an object",
        // Whatever else: names of types are for nobody who sends a body.
        _ => "is not what belongs here",
    };
    words.to_owned()
}

fn one_of(names: &[&str]) -> String {
    match names {
        [] => "cannot be given".to_owned(),
        [one] => format!("must be {one}"),
        [first @ .., last] => format!("must be {} or {last}", first.join(", ")),
    }
}

/// The one place in which a library's refusal becomes ours. What a type of ours says by itself is in words for callers already.
impl de::Error for Fault {
    fn custom<T: Display>(words: T) -> Self {
        Self::new(format!("is refused: {words}"))
    }

    fn invalid_type(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(wanted(expected))
    }

    fn invalid_value(_: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::new(wanted(expected))
    }

    fn invalid_length(length: usize, _: &dyn de::Expected) -> Self {
        Self::new(format!("cannot have {length} parts"))
    }

    fn unknown_variant(_: &str, names: &'static [&'static str]) -> Self {
        Self::new(one_of(names))
    }

    fn unknown_field(field: &str, _: &'static [&'static str]) -> Self {
        Self::new(UNKNOWN).under(field)
    }

    fn missing_field(field: &'static str) -> Self {
        Self::new("is missing").under(field)
    }

    fn duplicate_field(field: &'static str) -> Self {
        Self::new(TWICE).under(field)
    }
}

pub(super) const UNKNOWN: &str = "is no field that belongs here";
pub(super) const TWICE: &str = "is given twice";
