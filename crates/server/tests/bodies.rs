//! Every operation of the document with bodies, parameters, methods and callers that are wrong: what is wrong is named, in plain words,
//! and every status is one that the document lists.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::authz::{Permission, Role};
use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use support::{
    house::{Answer, House, Signed},
    schema::Document,
};

/// What a reader of JSON says of itself.
const PARSERS_WORDS: [&str; 9] = [
    "expected",
    "untagged",
    "line 1 column",
    "struct ",
    "variant",
    "deserialize",
    "invalid type",
    "missing field",
    "EOF",
];
const NO_REQUEST: &str = "01ARZ3NDEKTSV4RRFFQ69G5FAV";

/// An operation with an address at which there is nothing.
struct Asked<'a> {
    method: String,
    path: String,
    operation: &'a Value,
}

impl Asked<'_> {
    fn all(document: &Document) -> Vec<Asked<'_>> {
        let all = document.operations().into_iter().filter(|(_, path, _)| path.starts_with("/api/"));
        all.map(|(method, path, operation)| Asked { method, path, operation }).collect()
    }

    fn name(&self) -> String {
        format!("{} {}", self.method, self.path)
    }

    fn is_public(&self) -> bool {
        self.operation["x-permission"] == "public"
    }

    fn parameters(&self) -> impl Iterator<Item = &Value> {
        self.operation["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "query")
    }

    /// With `more` in its query, besides what has to be there.
    fn address(&self, more: &str) -> String {
        let id = if self.path.contains("/requests/") { NO_REQUEST } else { "dev-99" };
        let path = self.path.replace("{id}", id).replace("{change}", "1").replace("{device}", "dev-99");
        let path = path.replace("{delivery}", "1").replace("{coin}", "btc").replace("{sub_account}", "none");
        let wanted = self.parameters().filter(|one| one["required"] == true);
        let given = |name: &str| more.split('&').any(|part| part.split('=').next() == Some(name));
        let mut query: Vec<String> = wanted
            .map(|one| one["name"].as_str().unwrap())
            .filter(|name| !given(name))
            .map(|name| match name {
                "site" => "site=site-1".to_owned(),
                "subject" | "remove" => format!("{name}=usr-1"),
                _ => format!("{name}=x"),
            })
            .collect();
        query.extend(Some(more.to_owned()).filter(|more| !more.is_empty()));
        if query.is_empty() { path } else { format!("{path}?{}", query.join("&")) }
    }

    fn schema<'d>(&self, document: &'d Document) -> Option<&'d Value> {
        let schema = &self.operation["requestBody"]["content"]["application/json"]["schema"]["$ref"];
        Some(document.schema(schema.as_str()?.rsplit('/').next().unwrap()))
    }

    async fn send(&self, house: &House, who: Option<&Signed>, more: &str, kind: &str, body: String) -> Answer {
        let mut request = Request::builder().method(self.method.as_str()).uri(self.address(more));
        if let Some(who) = who {
            request = request.header(header::COOKIE, &who.cookie).header("x-adit-csrf", &who.csrf);
        }
        let answer = house.send(request.header(header::CONTENT_TYPE, kind).body(Body::from(body)).unwrap()).await;
        for word in PARSERS_WORDS {
            assert!(!answer.text.contains(word), "{}: {word} in {}", self.name(), answer.text);
        }
        assert_ne!(answer.text.trim(), "null", "{}", self.name());
        answer
    }

    async fn json(&self, house: &House, who: &Signed, body: &Value) -> Answer {
        self.send(house, Some(who), "", "application/json", body.to_string()).await
    }
}

fn is(answer: &Answer, status: u16, code: &str) -> bool {
    answer.status.as_u16() == status && answer.body["code"] == code
}

/// Something that a schema allows.
fn sample(document: &Document, name: &str, schema: &Value) -> Value {
    if let Some(named) = schema["$ref"].as_str() {
        return match named.rsplit('/').next().unwrap() {
            "Action" => json!({ "action": "reboot", "params": {} }),
            "Scope" => json!("all"),
            "Origins" => json!("anywhere"),
            other => sample(document, name, document.schema(other)),
        };
    }
    if let Some(first) = schema["enum"].as_array().and_then(|all| all.first()) {
        return first.clone();
    }
    match kind(schema) {
        "string" => json!(match name {
            "site" | "agent" | "scan_task" | "grant" | "account" | "replaces" => id(name),
            "content_hash" => "0".repeat(64),
            "role" => "viewer".into(),
            _ => "x".into(),
        }),
        "integer" => json!(1),
        "boolean" => json!(true),
        "array" => json!([]),
        "object" => whole(document, schema),
        other => panic!("{name}: {other}"),
    }
}

fn id(name: &str) -> String {
    let prefix = match name {
        "agent" => "agt",
        "scan_task" => "scan",
        "grant" => "grt",
        "account" => "acc",
        "replaces" => "obs",
        other => other,
    };
    format!("{prefix}-1")
}

fn kind(schema: &Value) -> &str {
    match &schema["type"] {
        Value::String(one) => one,
        Value::Array(all) => all.iter().filter_map(Value::as_str).find(|kind| *kind != "null").unwrap(),
        _ => "any",
    }
}

/// All that has to be there.
fn whole(document: &Document, schema: &Value) -> Value {
    let required = schema["required"].as_array().into_iter().flatten().map(|name| name.as_str().unwrap());
    let field = |name: &str| (name.to_owned(), sample(document, name, &schema["properties"][name]));
    Value::Object(required.map(field).collect::<Map<_, _>>())
}

/// What the field cannot be.
fn wrong(schema: &Value) -> Vec<Value> {
    match schema["$ref"].as_str().and_then(|named| named.rsplit('/').next()) {
        Some("Action") => vec![json!(7), json!({ "action": "dance", "params": {} }), json!({ "params": {} })],
        Some("Scope") => vec![json!(7), json!("some"), json!({ "nodes": [{ "node": "site", "id": "dev-1" }] })],
        Some(_) => vec![json!(7)],
        None if schema.get("enum").is_some() => vec![json!("zz"), json!(7)],
        None => match kind(schema) {
            "string" => vec![json!(7), json!({})],
            "integer" => vec![json!("1"), json!(1.5)],
            "boolean" => vec![json!("true")],
            _ => vec![json!(7)],
        },
    }
}

fn pointer(answer: &Answer) -> &str {
    answer.body["errors"][0]["pointer"].as_str().unwrap_or("none")
}

#[tokio::test]
async fn a_body_that_is_wrong_is_told_where_and_in_plain_words() {
    let house = House::new().await;
    let (owner, document) = (house.sign_in("owner").await, Document::read());
    let mut seen = 0;
    for asked in Asked::all(&document) {
        let (name, Some(schema)) = (asked.name(), asked.schema(&document)) else { continue };
        assert_eq!(schema["additionalProperties"], false, "{name}");
        for broken in ["", "{", "{\"a\":}", "nonsense"] {
            let answer = asked.send(&house, Some(&owner), "", "application/json", broken.into()).await;
            assert!(is(&answer, 400, "malformed_json") && pointer(&answer).is_empty(), "{name}: {}", answer.text);
        }
        let answer = asked.send(&house, Some(&owner), "", "text/plain", "{}".into()).await;
        assert!(is(&answer, 415, "unsupported_media_type"), "{name}: {}", answer.text);
        let answer = asked.send(&house, Some(&owner), "", "application/json", "x".repeat(3 << 20)).await;
        assert!(is(&answer, 413, "unreadable_body"), "{name}: {}", answer.text);
        let answer = asked.json(&house, &owner, &json!([])).await;
        assert!(is(&answer, 422, "invalid") && pointer(&answer).is_empty(), "{name}: {}", answer.text);

        let good = whole(&document, schema);
        let with = |field: &str, value: Value| {
            let mut body = good.clone();
            body[field] = value;
            body
        };
        let answer = asked.json(&house, &owner, &with("a/b", json!(1))).await;
        assert!(is(&answer, 422, "invalid") && pointer(&answer) == "/a~1b", "{name}: {}", answer.text);
        for field in schema["required"].as_array().into_iter().flatten().map(|field| field.as_str().unwrap()) {
            let mut body = good.clone();
            body.as_object_mut().unwrap().remove(field);
            let answer = asked.json(&house, &owner, &body).await;
            let fits = is(&answer, 422, "invalid") && pointer(&answer) == format!("/{field}");
            assert!(fits, "{name} without {field}: {}", answer.text);
        }
        for (field, of) in schema["properties"].as_object().into_iter().flatten() {
            for value in wrong(of) {
                let answer = asked.json(&house, &owner, &with(field, value.clone())).await;
                let fits = is(&answer, 422, "invalid") && pointer(&answer).starts_with(&format!("/{field}"));
                assert!(fits, "{name} with {field} {value}: {}", answer.text);
            }
        }
        seen += 1;
    }
    assert!(seen > 50, "{seen}");
}

/// Parameters whose text is looked for, or is an id of which 404 tells.
const FREE: [&str; 14] = [
    "q", "model", "make", "name", "next", "code", "actor", "object", "request", "subject", "resource", "remove",
    "state", "type",
];

#[tokio::test]
async fn a_parameter_that_there_is_none_of_or_that_cannot_be_is_named() {
    let house = House::new().await;
    let (owner, document) = (house.sign_in("owner").await, Document::read());
    let named = |answer: &Answer, name: &str| {
        is(answer, 422, "invalid_parameter") && answer.body["errors"][0]["parameter"] == name
    };
    for asked in Asked::all(&document) {
        let name = asked.name();
        if !asked.path.ends_with("/callback") {
            let answer = asked.send(&house, Some(&owner), "zz=1", "application/json", "{}".into()).await;
            assert!(named(&answer, "zz"), "{name}: {}", answer.text);
        }
        for one in asked.parameters() {
            let parameter = one["name"].as_str().unwrap();
            if FREE.contains(&parameter) && one["schema"].get("enum").is_none() || parameter == "code" {
                continue;
            }
            let body = asked.schema(&document).map_or_else(|| json!({}), |schema| whole(&document, schema));
            let more = format!("{parameter}=zz!");
            let answer = asked.send(&house, Some(&owner), &more, "application/json", body.to_string()).await;
            assert!(named(&answer, parameter), "{name} {parameter}: {}", answer.text);
        }
    }
    for (path, parameter) in [
        ("requests?state=gone", "state"),
        ("audit?type=gone", "type"),
        ("devices?status=gone", "status"),
        (&format!("requests/{NO_REQUEST}/items?state=gone"), "state"),
        ("devices?limit=0", "limit"),
        ("requests?limit=0", "limit"),
        ("inbox?limit=0", "limit"),
        ("requests?site=site-1&site=site-2", "site"),
    ] {
        let answer = house.get(path, &owner).await;
        assert!(!PARSERS_WORDS.iter().any(|word| answer.text.contains(word)), "{path}: {}", answer.text);
        assert!(named(&answer, parameter), "{path}: {}", answer.text);
    }
}

/// Statuses that follow from what an operation is like and from nothing else.
const DERIVED: [u16; 3] = [400, 405, 415];

#[tokio::test]
async fn every_status_that_follows_from_what_an_operation_is_like_is_listed_and_reached() {
    let house = House::new().await;
    let (owner, document) = (house.sign_in("owner").await, Document::read());
    for asked in Asked::all(&document) {
        let name = asked.name();
        let body = asked.schema(&document).map_or_else(|| json!({}), |schema| whole(&document, schema));
        let mut reached = BTreeSet::new();
        let mut note = |answer: Answer| {
            let status = answer.status.as_u16();
            reached.insert(status);
            status
        };
        if !asked.is_public() {
            assert_eq!(note(asked.send(&house, None, "", "application/json", body.to_string()).await), 401, "{name}");
            let needs = Permission::named(asked.operation["x-permission"].as_str().unwrap());
            let lacks = needs.and_then(|needs| Role::ALL.into_iter().find(|role| !needs.info().held_by(*role)));
            let forged = Signed { csrf: "forged".into(), ..owner.clone() };
            match lacks {
                Some(role) => {
                    let who = house.sign_in(role.name()).await;
                    assert_eq!(note(asked.json(&house, &who, &body).await), 403, "{name}");
                }
                None if asked.method != "GET" => {
                    assert_eq!(note(asked.json(&house, &forged, &body).await), 403, "{name}");
                }
                // Whoever holds nothing on any account is refused, too.
                None => drop(reached.insert(403)),
            }
        }
        if asked.path.contains('{') {
            let mut at = asked.path.clone();
            while let (Some(from), Some(to)) = (at.find('{'), at.find('}')) {
                at.replace_range(from..=to, "%FF");
            }
            let bad = Asked { method: asked.method.clone(), path: at, operation: asked.operation };
            let answer = bad.json(&house, &owner, &body).await;
            assert_eq!(answer.status, 400, "{name}: {}", answer.text);
            reached.insert(400);
            let answer = asked.json(&house, &owner, &body).await;
            assert!(answer.status.is_client_error(), "{name}: {}", answer.text);
            reached.insert(answer.status.as_u16());
        }
        if asked.schema(&document).is_some() {
            for (kind, body, status) in [
                ("application/json", "{".to_owned(), 400),
                ("text/plain", "{}".into(), 415),
                ("application/json", "x".repeat(3 << 20), 413),
            ] {
                let answer = asked.send(&house, Some(&owner), "", kind, body).await;
                assert_eq!(answer.status.as_u16(), status, "{name}: {}", answer.text);
                reached.insert(status);
            }
        }
        let other = if asked.method == "PUT" { "PATCH" } else { "OPTIONS" };
        let odd = Asked { method: other.into(), path: asked.path.clone(), operation: asked.operation };
        let answer = odd.json(&house, &owner, &json!({})).await;
        assert_eq!(answer.status, 405, "{name}: {}", answer.text);
        reached.insert(405);

        let listed: BTreeSet<u16> =
            asked.operation["responses"].as_object().unwrap().keys().filter_map(|key| key.parse().ok()).collect();
        let unlisted: Vec<_> = reached.difference(&listed).filter(|status| **status >= 400).collect();
        assert!(unlisted.is_empty(), "{name} answers {unlisted:?}");
        let derived =
            |all: &BTreeSet<u16>| all.iter().copied().filter(|status| DERIVED.contains(status)).collect::<Vec<_>>();
        assert_eq!(derived(&listed), derived(&reached), "{name}: what is listed is reached");
    }
}
