//! Nonsense, sent to every operation that the interface describes: each answer is a clear refusal, none is a failure.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::Value;
use support::house::{Answer, House, Signed};

/// As part of a path, or as the value of a query parameter.
fn texts() -> Vec<String> {
    let mut texts: Vec<String> = [
        "%00",
        "%ff",
        "%c3%28",
        "..%2f..%2fetc%2fpasswd",
        "%F0%9F%A6%80",
        "%E2%80%AE",
        "-1",
        "18446744073709551616",
        "1e999",
        "%27%20or%201=1--",
        "dev-0",
        "dev-4294967295",
        "dev-4294967296",
        "req-1",
        "true",
        "%5B%5D",
        "%25",
        "%",
    ]
    .map(str::to_owned)
    .into();
    texts.push("a".repeat(4_000));
    texts
}

fn bodies() -> Vec<Vec<u8>> {
    let mut bodies: Vec<Vec<u8>> = [
        "",
        "null",
        "[]",
        "{}",
        "{",
        "1e999",
        "\"\"",
        "{\"a\": 1, \"a\": 2}",
        "{\"action\": null, \"targets\": null}",
        "{\"action\": {\"action\": \"reboot\", \"params\": {}}, \"targets\": [\"dev-4294967296\"]}",
        "{\"email\": \"\\u0000\", \"password\": \"\\ud800\"}",
        "\u{feff}{}",
    ]
    .map(|text| text.as_bytes().to_vec())
    .into();
    bodies.push(b"{\"a\": \"\xff\xfe\"}".to_vec());
    bodies.push(["{\"a\":".repeat(20_000), "1".to_owned(), "}".repeat(20_000)].concat().into_bytes());
    bodies.push("[".repeat(100_000).into_bytes());
    bodies.push(format!("{{\"words\": \"{}\"}}", "x".repeat(1_000_000)).into_bytes());
    bodies.push(vec![b' '; (2 << 20) + 1]);
    bodies
}

struct Attack {
    house: House,
    who: Signed,
}

impl Attack {
    async fn send(&mut self, method: &str, path: &str, body: Option<&[u8]>) -> Answer {
        let mut request = Request::builder().method(method).uri(format!("/api/v1{path}"));
        request = request.header(header::COOKIE, &self.who.cookie).header("x-adit-csrf", &self.who.csrf);
        if body.is_some() {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        let body = body.map_or_else(Body::empty, |body| Body::from(body.to_vec()));
        let answer = self.house.send(request.body(body).unwrap()).await;
        let shown: String = path.chars().take(120).collect();
        assert!(!answer.status.is_server_error(), "{method} {shown}: {} {}", answer.status, answer.text);
        if answer.status.is_client_error() {
            let kind = answer.header("content-type");
            assert_eq!(kind, "application/problem+json", "{method} {shown}: {} {}", answer.status, answer.text);
            assert!(answer.body["code"].is_string() && answer.body["detail"].is_string(), "{}", answer.text);
        }
        // Some of what is tried ends the session.
        if answer.status == 401 {
            self.who = self.house.sign_in("viewer").await;
        }
        answer
    }
}

fn operations(document: &Value) -> Vec<(String, String, Value)> {
    let paths = document["paths"].as_object().unwrap();
    let each = paths.iter().flat_map(|(path, operations)| {
        operations
            .as_object()
            .unwrap()
            .iter()
            .map(move |(method, what)| (method.to_uppercase(), path.clone(), what.clone()))
    });
    // A stream of events that is let in does not end.
    each.filter(|(_, path, _)| path != "/events").collect()
}

/// The path with this in place of each of its parameters.
fn filled(path: &str, with: &str) -> String {
    let mut parts = path.split('/').map(|part| if part.starts_with('{') { with } else { part });
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |path, part| format!("{path}/{part}"))
}

#[tokio::test]
async fn nonsense_is_refused_clearly_by_every_operation() {
    let house = House::new().await;
    let who = house.sign_in("viewer").await;
    let document = house.ask("GET", "/api/openapi.json", None, None).await.body;
    let mut attack = Attack { house, who };
    let all = operations(&document);
    assert!(all.len() > 100, "{}", all.len());
    for (method, path, described) in all {
        if path.contains('{') {
            for text in texts() {
                attack.send(&method, &filled(&path, &text), None).await;
            }
        }
        let path = filled(&path, "dev-1");
        for parameter in described["parameters"].as_array().into_iter().flatten().filter(|one| one["in"] == "query") {
            for text in texts() {
                let name = parameter["name"].as_str().unwrap();
                attack.send(&method, &format!("{path}?{name}={text}&{name}={text}"), None).await;
            }
        }
        if method != "GET" {
            for body in bodies() {
                attack.send(&method, &path, Some(&body)).await;
            }
        }
    }
}

#[tokio::test]
async fn what_is_too_much_is_told_so() {
    let house = House::new().await;
    let who = house.sign_in("viewer").await;
    let mut attack = Attack { house, who };
    let long = vec![b' '; (2 << 20) + 1];
    assert_eq!(attack.send("POST", "/requests", Some(&long)).await.status, 413);
    let deep = ["{\"action\":".repeat(1_000), "1".to_owned(), "}".repeat(1_000)].concat();
    let told = attack.send("POST", "/requests", Some(deep.as_bytes())).await;
    assert!(told.status == 400 || told.status == 422, "{} {}", told.status, told.text);
    assert_eq!(attack.send("GET", "/devices?limit=99999999999999999999", None).await.status, 422);
    assert_eq!(attack.send("GET", "/devices/%ff", None).await.status, 400);
}
