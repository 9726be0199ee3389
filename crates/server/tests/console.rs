//! What a browser gets: the console's files, and headers that keep others out.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_server::api::Options;
use serde_json::json;
use std::path::Path;
use support::house::{Answer, House, PASSWORD};

fn is_page(answer: &Answer) {
    let policy = answer.header("content-security-policy");
    assert!(policy.contains("script-src 'self';") && policy.contains("frame-ancestors 'none'"), "{policy}");
    assert!(answer.header("content-type").starts_with("text/html"));
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../web/dist/index.html").exists();
    if built {
        assert_eq!((answer.status.as_u16(), answer.header("cache-control")), (200, "no-cache"));
    } else {
        assert_eq!(answer.status, 503);
        assert!(answer.text.contains("npm run build"), "{}", answer.text);
    }
}

#[tokio::test]
async fn every_page_is_the_console_and_nothing_else_is() {
    let house = House::new().await;
    let index = house.ask("GET", "/", None, None).await;
    is_page(&index);
    for page in ["/index.html", "/s/all/devices", "/s/site-1/requests/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/nothing/../at/all"]
    {
        is_page(&house.ask("GET", page, None, None).await);
    }
    for missing in
        ["/assets/nothing.js", "/assets/../../Cargo.toml", "/api/v1/nothing", "/api/nothing", "/agent/nothing"]
    {
        let answer = house.ask("GET", missing, None, None).await;
        assert_eq!(
            (answer.status.as_u16(), answer.header("content-type")),
            (404, "application/problem+json"),
            "{missing}"
        );
    }
    assert_eq!(house.ask("POST", "/", None, Some(&json!({}))).await.status, 404);
    let script = index.text.split("src=\"").nth(1).and_then(|rest| rest.split('"').next());
    if let Some(script) = script {
        let answer = house.ask("GET", script, None, None).await;
        assert_eq!(answer.status, 200);
        assert!(answer.header("content-type").starts_with("text/javascript"), "{}", answer.header("content-type"));
        assert!(answer.header("cache-control").contains("immutable"));
    }
}

#[tokio::test]
async fn every_answer_says_what_a_browser_may_do_with_it() {
    for public_url in ["http://localhost:7070", "https://adit.example.com"] {
        let plain = public_url.starts_with("http:");
        let house = House::with(Options { public_url: public_url.into(), ..Options::default() }).await;
        let sign_in = json!({ "email": "owner@adit.test", "password": PASSWORD });
        for (method, path, body) in [
            ("GET", "/", None),
            ("GET", "/assets/nothing.js", None),
            ("GET", "/healthz", None),
            ("GET", "/api/openapi.json", None),
            ("GET", "/api/v1/nothing", None),
            ("GET", "/api/v1/session", None),
            ("PATCH", "/api/v1/session", None),
            ("POST", "/api/v1/session", Some(&sign_in)),
        ] {
            let answer = house.ask(method, path, None, body).await;
            for (name, value) in
                [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"), ("x-frame-options", "DENY")]
            {
                assert_eq!(answer.header(name), value, "{method} {path}");
            }
            assert!(answer.header("content-security-policy").contains("frame-ancestors 'none'"), "{method} {path}");
            if path.starts_with("/api/v1") {
                assert_eq!(answer.header("cache-control"), "no-store", "{method} {path}");
                assert!(answer.header("content-security-policy").starts_with("default-src 'none'"), "{method} {path}");
            }
            assert_eq!(answer.header("strict-transport-security").is_empty(), plain, "{method} {path}");
            let cookie = answer.header("set-cookie");
            if !cookie.is_empty() {
                assert!(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax"), "{cookie}");
                assert_eq!(cookie.contains("Secure"), !plain, "{cookie}");
            }
        }
    }
}
