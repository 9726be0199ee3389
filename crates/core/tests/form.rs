//! The form in which states are written has a number, and hashes in logs are over that form: when it changes, so does the number.
//! `fixtures/form.txt` has both. After raising `State::FORM` it is written anew by `UPDATE=1 cargo test -p adit-core --test form`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use adit_core::{event::Entry, state::State};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

const LINES: &str = include_str!("fixtures/events.jsonl");

/// Ids, scenarios and the like differ from state to state and are no part of the form.
fn name(key: &str) -> &str {
    let is_id = key.bytes().any(|b| b.is_ascii_digit()) || key.contains(['/', '.']) || key.len() == 26;
    if is_id { "*" } else { key }
}

fn collect(value: &Value, path: &str, into: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => members.iter().for_each(|(key, value)| {
            collect(value, &format!("{path}.{}", name(key)), into);
        }),
        Value::Array(items) => items.iter().for_each(|item| collect(item, &format!("{path}[]"), into)),
        // What can be asked for is written as in the log, whose lines are never changed.
        _ if path.contains(".payload.params") => {}
        _ => {
            into.insert(path.to_owned());
        }
    }
}

#[test]
fn another_form_has_another_number() {
    let mut state = State::default();
    LINES.lines().for_each(|line| state.apply(&serde_json::from_str::<Entry>(line).unwrap()));
    let mut paths = BTreeSet::new();
    collect(&serde_json::to_value(&state).unwrap(), "", &mut paths);
    let paths: String = paths.iter().map(|path| format!("{path}\n")).collect();
    let now = format!("form {}\n{paths}", State::FORM);
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/form.txt");
    let before = fs::read_to_string(&golden).unwrap_or_default();
    let number = |text: &str| text.lines().next().map(str::to_owned);
    if now != before && number(&now) != number(&before) && std::env::var_os("UPDATE").is_some() {
        fs::write(&golden, &now).unwrap();
        return;
    }
    let (is, was): (BTreeSet<_>, BTreeSet<_>) = (now.lines().collect(), before.lines().collect());
    let changes: Vec<_> = is.symmetric_difference(&was).collect();
    assert!(
        changes.is_empty(),
        "the form has changed ({changes:?}): raise State::FORM, and write the file anew as this test's first lines say"
    );
}
