use super::*;
use adit_core::{
    authz::Scope,
    requests::{Action, NewGrant},
};
use proptest::prelude::*;
use serde::Deserialize;
use serde_json::{Value, json};
use std::collections::BTreeMap;

#[derive(Debug, Deserialize, PartialEq)]
struct Sent {
    name: String,
    count: u8,
    share: Option<f32>,
    #[serde(default)]
    on: bool,
    #[serde(default)]
    parts: Vec<Scope>,
    #[serde(default)]
    by_name: BTreeMap<String, i64>,
}

fn fault<T: DeserializeOwned>(body: &Value) -> (String, String) {
    match json::<T>(body.to_string().as_bytes()).map(|_| ()) {
        Err(Unread::Wrong(fault)) => (fault.pointer(), fault.detail().to_owned()),
        other => panic!("{body}: {other:?}"),
    }
}

#[test]
fn each_fault_is_at_its_field_and_in_plain_words() {
    let node =
        |id: Value| json!({ "name": "a", "count": 1, "parts": ["all", { "nodes": [{ "id": id, "node": "site" }] }] });
    for (body, pointer, says) in [
        (json!([]), "", "must be an object"),
        (json!({ "count": 1 }), "/name", "is missing"),
        (json!({ "name": 1, "count": 1 }), "/name", "must be text"),
        (json!({ "name": "a", "count": 256 }), "/count", "must be a whole number from 0 to 255"),
        (json!({ "name": "a", "count": 1.5 }), "/count", "must be a whole number"),
        (json!({ "name": "a", "count": "1" }), "/count", "must be a whole number"),
        (json!({ "name": "a", "count": 1, "share": [] }), "/share", "must be a number"),
        (json!({ "name": "a", "count": 1, "on": "true" }), "/on", "must be true or false"),
        (json!({ "name": "a", "count": 1, "parts": {} }), "/parts", "must be a list"),
        (json!({ "name": "a", "count": 1, "parts": ["some"] }), "/parts/0", "must be all or nodes"),
        (json!({ "name": "a", "count": 1, "parts": [{ "all": [] }] }), "/parts/0", "must be the text all"),
        (json!({ "name": "a", "count": 1, "by_name": { "a/b~": "x" } }), "/by_name/a~1b~0", "must be a whole number"),
        (json!({ "name": "a", "count": 1, "a/b": 1 }), "/a~1b", "is no field that belongs here"),
        (node(json!(7)), "/parts/1/nodes/0/id", "must be text"),
        (node(json!("dev-1")), "/parts/1/nodes/0/id", "is refused: not an id of the form site-<number>"),
    ] {
        assert_eq!(fault::<Sent>(&body), (pointer.to_owned(), says.to_owned()), "{body}");
    }
    let action = |action: Value| json!({ "action": action });
    #[derive(Deserialize)]
    #[allow(dead_code, reason = "only what is wrong with it is looked at")]
    struct Asked {
        action: Action,
    }
    for (body, pointer) in [
        (action(json!({ "action": "dance", "params": {} })), "/action/action"),
        (action(json!({ "params": {} })), "/action/action"),
        (action(json!({ "action": "locate", "params": { "on": 1 } })), "/action/params/on"),
        (
            action(json!({ "action": "set_pools", "params": { "pools": [{ "url": "x" }] } })),
            "/action/params/pools/0/user",
        ),
        (action(json!({ "action": "locate", "params": { "on": true }, "more": 1 })), "/action/more"),
        (action(json!({ "action": "remove_grant", "params": { "grant": "usr-1" } })), "/action/params/grant"),
    ] {
        assert_eq!(fault::<Asked>(&body).0, pointer, "{body}");
    }
    assert!(json::<NewGrant>(br#"{"user":"usr-1","role":"viewer","scope":"all"}"#).is_ok());
}

#[test]
fn what_is_no_json_says_from_where_on_and_a_field_comes_once() {
    for (body, says) in [
        ("", "empty"),
        ("{", "ends too early"),
        ("{\"name\": tru}", "line 1"),
        ("{} {}", "line 1"),
        ("\u{1}", "line 1"),
    ] {
        let Err(Unread::NotJson(sentence)) = json::<Sent>(body.as_bytes()) else { panic!("{body}") };
        assert!(sentence.contains(says) && !sentence.contains("expected"), "{body}: {sentence}");
    }
    let twice = br#"{"name":"a","by_name":{"x":1,"x":2}}"#;
    let Err(Unread::Wrong(fault)) = json::<Sent>(twice) else { panic!() };
    assert_eq!((fault.pointer().as_str(), fault.detail()), ("/by_name/x", "is given twice"));
}

#[test]
fn a_query_is_read_by_what_it_has_to_be() {
    let read = query::<Sent>("name=a%20b&count=7&share=1.5&on=true").unwrap();
    assert_eq!((read.name.as_str(), read.count, read.share, read.on), ("a b", 7, Some(1.5), true));
    for (text, name, says) in [
        ("count=1", "name", "is missing"),
        ("name=a&count=x", "count", "must be a whole number"),
        ("name=a&count=1&on=yes", "on", "must be true or false"),
        ("name=a&count=1&share=inf", "share", "must be a number"),
        ("name=a&count=1&more=1", "more", "is no field that belongs here"),
        ("name=a&name=b&count=1", "name", "is given twice"),
        ("name=%ff&count=1", "name", "is not text in UTF-8"),
    ] {
        let fault = query::<Sent>(text).unwrap_err();
        assert_eq!((fault.name(), fault.detail()), (name, says), "{text}");
    }
    assert_eq!(unknown_name("site=1&x%20y=2", &["site!"]), Some("x y".into()));
    assert_eq!(unknown_name("", &[]), None);
}

proptest! {
    /// What any type of ours writes is read back the same.
    #[test]
    fn what_is_written_is_read(name in ".*", count: u8, share: Option<f32>, on: bool, keys in prop::collection::btree_map(".*", any::<i64>(), 0..4)) {
        let share = share.filter(|share| share.is_finite());
        let body = json!({ "by_name": keys, "count": count, "name": name, "on": on, "share": share });
        let read: Sent = json(body.to_string().as_bytes()).unwrap();
        prop_assert_eq!(read, Sent { name, count, share, on, parts: Vec::new(), by_name: keys });
    }
}
