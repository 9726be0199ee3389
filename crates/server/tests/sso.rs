//! Signing in with another company's account, against a provider that really listens.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{authz::Role, command::Command};
use adit_server::{api::Options, sign_in::sso::SsoOptions};
use adit_testkit::oidc::{CLIENT_ID, CLIENT_SECRET, Provider, Script, Signing};
use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Value, json};
use std::collections::HashMap;
use support::{
    bounded,
    house::{Answer, House, Signed},
    schema::Document,
};

async fn house() -> (House, Provider) {
    let provider = Provider::start().await.unwrap();
    let sso = SsoOptions {
        id: "corp".into(),
        name: "Corp".into(),
        issuer: provider.issuer().into(),
        client_id: CLIENT_ID.into(),
        client_secret: Some(CLIENT_SECRET.into()),
    };
    let options =
        Options { loopback: true, public_url: "http://localhost:7070".into(), sso: vec![sso], ..Options::default() };
    (House::with(options).await, provider)
}

fn cookie(answer: &Answer) -> String {
    answer.header("set-cookie").split(';').next().unwrap().to_owned()
}

async fn open(house: &House, path: &str, cookie: Option<&str>) -> Answer {
    let mut request = Request::builder().uri(path);
    if let Some(cookie) = cookie {
        request = request.header(header::COOKIE, cookie);
    }
    house.send(request.body(Body::empty()).unwrap()).await
}

/// To the provider and back, as a browser goes: where the provider sends it.
async fn over_there(location: &str) -> String {
    let browser = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).build().unwrap();
    let answer = bounded("the provider", browser.get(location).send()).await.unwrap();
    assert_eq!(answer.status(), 302, "{}", answer.text().await.unwrap());
    let back = answer.headers()["location"].to_str().unwrap().to_owned();
    back.strip_prefix("http://localhost:7070").unwrap().to_owned()
}

/// The whole way; the last answer, which sends the browser to a page.
async fn whole_way(house: &House) -> Answer {
    let away = open(house, "/api/v1/sso/corp/start?next=/devices", None).await;
    assert_eq!(away.status, 303, "{}", away.text);
    let back = over_there(away.header("location")).await;
    open(house, &back, Some(&cookie(&away))).await
}

async fn name(house: &House, answer: &Answer) -> Value {
    assert_eq!(answer.header("location"), "/devices");
    open(house, "/api/v1/session", Some(&cookie(answer))).await.body["user"]["name"].clone()
}

fn viewer() -> Script {
    Script { subject: "v-1".into(), email: "Viewer@adit.test".into(), ..Script::default() }
}

#[tokio::test]
async fn somebody_is_found_by_a_confirmed_email_once_and_by_the_subject_from_then_on() {
    let (house, provider) = house().await;
    for signing in [Signing::Es256, Signing::Rs256] {
        provider.play(Script { signing, ..viewer() });
        assert_eq!(name(&house, &whole_way(&house).await).await, "Person viewer", "{signing:?}");
    }
    provider.play(Script { email: "owner@adit.test".into(), ..viewer() });
    assert_eq!(name(&house, &whole_way(&house).await).await, "Person viewer", "a new e-mail there changes nobody here");
    provider.play(Script { subject: "v-2".into(), email_verified: false, ..viewer() });
    assert_eq!(whole_way(&house).await.header("location"), "/sign-in?sso=sso_no_person", "not confirmed");
    provider.play(Script { subject: "v-3".into(), email: "stranger@adit.test".into(), ..viewer() });
    assert_eq!(whole_way(&house).await.header("location"), "/sign-in?sso=sso_no_person");
}

#[tokio::test]
async fn tokens_that_are_not_as_they_should_be_open_nothing() {
    let (house, provider) = house().await;
    let instead = |name: &str, value: Value| Script { instead: HashMap::from([(name.to_owned(), value)]), ..viewer() };
    for script in [
        Script { signing: Signing::Unpublished, ..viewer() },
        Script { signing: Signing::Nothing, ..viewer() },
        instead("iss", json!("http://127.0.0.1:1")),
        instead("aud", json!("another-client")),
        instead("exp", json!(1_000)),
        instead("nonce", json!("another")),
        instead("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA")),
    ] {
        provider.play(script.clone());
        let answer = whole_way(&house).await;
        assert_eq!(
            (answer.header("location"), answer.header("set-cookie")),
            ("/sign-in?sso=sso_failed", ""),
            "{script:?}"
        );
    }
    provider.play(viewer());
    assert_eq!(name(&house, &whole_way(&house).await).await, "Person viewer");
}

#[tokio::test]
async fn only_the_browser_that_left_comes_back_and_once() {
    let (house, provider) = house().await;
    provider.play(viewer());
    let failed = async |path: &str, cookie: Option<&str>| {
        let answer = open(&house, path, cookie).await;
        assert_eq!((answer.header("location"), answer.header("set-cookie")), ("/sign-in?sso=sso_failed", ""), "{path}");
    };
    let away = open(&house, "/api/v1/sso/corp/start", None).await;
    let other = open(&house, "/api/v1/sso/corp/start", None).await;
    let back = over_there(away.header("location")).await;
    failed(&back, Some(&cookie(&other))).await;
    let came = open(&house, &back, Some(&cookie(&away))).await;
    assert_eq!(came.header("location"), "/", "what another browser tries costs it nothing");
    failed(&back, Some(&cookie(&away))).await;
    let away = open(&house, "/api/v1/sso/corp/start", None).await;
    let back = over_there(away.header("location")).await;
    failed(&back, None).await;
    let away = open(&house, "/api/v1/sso/corp/start?next=https://evil.test/", None).await;
    let back = over_there(away.header("location")).await;
    let came = open(&house, &back, Some(&cookie(&away))).await;
    assert_eq!(came.header("location"), "/", "never to another site");
    failed(&back, Some(&cookie(&away))).await;
    failed("/api/v1/sso/corp/callback?error=access_denied", Some(&cookie(&away))).await;
    assert_eq!(open(&house, "/api/v1/sso/other/start", None).await.status, 404);
}

#[tokio::test]
async fn an_identity_is_linked_by_whoever_is_signed_in_and_forgotten_again() {
    let (house, provider) = house().await;
    provider.play(Script { subject: "x".into(), email: "private@elsewhere.test".into(), ..Script::default() });
    let link = async |who: &Signed| {
        let asked = json!({ "next": "/devices" });
        let answer = house.ask("POST", "/api/v1/me/identities/corp", Some(who), Some(&asked)).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        let back = over_there(answer.body["location"].as_str().unwrap()).await;
        open(&house, &back, Some(&cookie(&answer))).await
    };
    let (owner, auditor) = (house.sign_in("owner").await, house.sign_in("auditor").await);
    assert_eq!(link(&owner).await.header("location"), "/devices");
    assert_eq!(link(&auditor).await.header("location"), "/sign-in?sso=sso_taken");
    assert_eq!(name(&house, &whole_way(&house).await).await, "Person owner");

    let security = house.get("me/security", &owner).await;
    let document = Document::read();
    let faults = document.faults(document.schema("Security"), &security.body);
    assert!(faults.is_empty(), "{faults:#?}");
    let identity = &security.body["identities"][0];
    assert_eq!((&identity["name"], &identity["email"]), (&json!("Corp"), &json!("private@elsewhere.test")));
    let path = format!("/api/v1/me/identities/{}", identity["id"].as_str().unwrap());
    assert_eq!(house.ask("DELETE", &path, Some(&auditor), None).await.status, 404, "another's");
    assert_eq!(house.ask("DELETE", &path, Some(&owner), None).await.status, 204);
    assert_eq!(whole_way(&house).await.header("location"), "/sign-in?sso=sso_no_person");
}

#[tokio::test]
async fn nobody_is_found_by_an_email_that_they_only_claimed_nor_links_anything() {
    let (mut house, provider) = house().await;
    let user = house.join_unverified("guest", Role::Administrator).await;
    let guest = Script { subject: "g-1".into(), email: "guest@adit.test".into(), ..Script::default() };
    provider.play(guest.clone());
    assert_eq!(whole_way(&house).await.header("location"), "/sign-in?sso=sso_unverified");
    let who = house.sign_in("guest").await;
    let asked = json!({ "next": "/devices" });
    let answer = house.ask("POST", "/api/v1/me/identities/corp", Some(&who), Some(&asked)).await;
    let back = over_there(answer.body["location"].as_str().unwrap()).await;
    let came = open(&house, &back, Some(&cookie(&answer))).await;
    assert_eq!(came.header("location"), "/sign-in?sso=sso_unverified");
    house.engine.run(support::operator(&house.engine), Command::VerifyEmail { user }).await.unwrap();
    assert_eq!(name(&house, &whole_way(&house).await).await, "Person guest");
}

#[tokio::test]
async fn a_provider_that_does_not_answer_is_said_on_the_sign_in_page() {
    let sso = SsoOptions {
        id: "gone".into(),
        name: "Gone".into(),
        issuer: "http://127.0.0.1:1".into(),
        client_id: CLIENT_ID.into(),
        client_secret: None,
    };
    let options =
        Options { loopback: true, public_url: "http://localhost:7070".into(), sso: vec![sso], ..Options::default() };
    let house = House::with(options).await;
    let answer = open(&house, "/api/v1/sso/gone/start", None).await;
    assert_eq!(answer.header("location"), "/sign-in?sso=sso_failed");
    let options = open(&house, "/api/v1/sign-in-options", None).await;
    assert_eq!(options.body["sso"], json!([{ "id": "gone", "name": "Gone" }]));
}
