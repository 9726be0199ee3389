//! What a call asks, read strictly where the specification is strict and loosely where it is loose: a missing or wrong field
//! is an error with a sentence, an unknown one is passed over.

use serde_json::{Map, Value};

/// Most characters of a type, an id or a name.
const MAX_TEXT: usize = 256;

/// A malformed call; the sentence is for whoever wrote it.
pub type Malformed = String;

/// A subject or a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entity {
    /// `user`, `device`, ...
    pub kind: String,
    /// Which; empty in a search that looks for it.
    pub id: String,
}

/// One question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Who.
    pub subject: Entity,
    /// What: the name of a permission.
    pub action: String,
    /// On what.
    pub resource: Entity,
}

/// An object, or a sentence that it is none.
pub fn object<'a>(value: &'a Value, what: &str) -> Result<&'a Map<String, Value>, Malformed> {
    value.as_object().ok_or_else(|| format!("{what} must be an object"))
}

fn text(of: &Map<String, Value>, key: &str, what: &str) -> Result<String, Malformed> {
    let value = of.get(key).ok_or_else(|| format!("{what}.{key} is missing"))?;
    let text = value.as_str().ok_or_else(|| format!("{what}.{key} must be a string"))?;
    if text.is_empty() || text.chars().count() > MAX_TEXT {
        return Err(format!("{what}.{key} must have 1 to {MAX_TEXT} characters"));
    }
    Ok(text.to_owned())
}

fn properties(of: &Map<String, Value>, what: &str) -> Result<(), Malformed> {
    match of.get("properties") {
        None | Some(Value::Object(_)) => Ok(()),
        Some(_) => Err(format!("{what}.properties must be an object")),
    }
}

/// The entity under `key`. With `searched` its id is what is looked for, and what stands there is passed over.
pub fn entity(of: &Map<String, Value>, key: &str, searched: bool) -> Result<Entity, Malformed> {
    let given = object(of.get(key).ok_or_else(|| format!("{key} is missing"))?, key)?;
    properties(given, key)?;
    let kind = text(given, "type", key)?;
    let id = if searched { String::new() } else { text(given, "id", key)? };
    Ok(Entity { kind, id })
}

/// The action's name.
pub fn action(of: &Map<String, Value>) -> Result<String, Malformed> {
    let given = object(of.get("action").ok_or("action is missing")?, "action")?;
    properties(given, "action")?;
    text(given, "name", "action")
}

/// The context may be anything that is an object; no decision depends on it.
pub fn context(of: &Map<String, Value>) -> Result<(), Malformed> {
    of.get("context").map_or(Ok(()), |context| object(context, "context").map(drop))
}

/// One whole question.
pub fn question(of: &Map<String, Value>) -> Result<Question, Malformed> {
    context(of)?;
    Ok(Question {
        subject: entity(of, "subject", false)?,
        action: action(of)?,
        resource: entity(of, "resource", false)?,
    })
}

/// When a batch stops.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Semantic {
    /// Never.
    ExecuteAll,
    /// At the first no.
    DenyOnFirstDeny,
    /// At the first yes.
    PermitOnFirstPermit,
}

impl Semantic {
    /// As the batch's options say.
    pub fn of(batch: &Map<String, Value>) -> Result<Self, Malformed> {
        let Some(options) = batch.get("options") else { return Ok(Self::ExecuteAll) };
        match object(options, "options")?.get("evaluations_semantic") {
            None => Ok(Self::ExecuteAll),
            Some(Value::String(word)) if word == "execute_all" => Ok(Self::ExecuteAll),
            Some(Value::String(word)) if word == "deny_on_first_deny" => Ok(Self::DenyOnFirstDeny),
            Some(Value::String(word)) if word == "permit_on_first_permit" => Ok(Self::PermitOnFirstPermit),
            Some(_) => {
                Err("options.evaluations_semantic must be execute_all, deny_on_first_deny or permit_on_first_permit"
                    .into())
            }
        }
    }

    /// Does the batch stop after this decision?
    pub const fn stops(self, decision: bool) -> bool {
        match self {
            Self::ExecuteAll => false,
            Self::DenyOnFirstDeny => !decision,
            Self::PermitOnFirstPermit => decision,
        }
    }
}

/// An item of a batch with the batch's defaults: a field that the item has is taken whole, never merged.
pub fn with_defaults(item: &Map<String, Value>, batch: &Map<String, Value>) -> Map<String, Value> {
    let field = |key: &str| Some((key.to_owned(), item.get(key).or_else(|| batch.get(key))?.clone()));
    ["subject", "action", "resource", "context"].into_iter().filter_map(field).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: Value) -> Result<Question, Malformed> {
        question(value.as_object().unwrap())
    }

    #[test]
    fn a_question_needs_its_three_parts_and_says_which_is_wrong() {
        let whole = json!({ "subject": { "type": "user", "id": "usr-1" }, "action": { "name": "device.list" },
            "resource": { "type": "device", "id": "dev-1", "properties": {}, "unknown": 1 }, "more": true });
        assert!(read(whole.clone()).is_ok());
        for (pointer, wrong, says) in [
            ("/subject", json!(null), "subject must be an object"),
            ("/subject/id", json!(7), "subject.id must be a string"),
            ("/subject/type", json!(""), "subject.type must have"),
            ("/action/name", json!([]), "action.name must be a string"),
            ("/resource/properties", json!("x"), "resource.properties must be an object"),
        ] {
            let mut broken = whole.clone();
            *broken.pointer_mut(pointer).unwrap() = wrong;
            assert!(read(broken).unwrap_err().contains(says), "{pointer}");
        }
        for missing in ["subject", "action", "resource"] {
            let mut broken = whole.clone();
            broken.as_object_mut().unwrap().remove(missing);
            assert_eq!(read(broken).unwrap_err(), format!("{missing} is missing"));
        }
    }

    #[test]
    fn a_field_of_an_item_takes_the_place_of_the_default_as_a_whole() {
        let batch = json!({ "subject": { "type": "user", "id": "usr-1", "properties": { "a": 1 } }, "action": { "name": "x" } });
        let item = json!({ "subject": { "type": "user" }, "resource": { "type": "device", "id": "dev-1" } });
        let whole = with_defaults(item.as_object().unwrap(), batch.as_object().unwrap());
        assert_eq!(whole["subject"], json!({ "type": "user" }));
        assert_eq!(question(&whole).unwrap_err(), "subject.id is missing");
        assert_eq!(whole["action"], json!({ "name": "x" }));
    }
}
