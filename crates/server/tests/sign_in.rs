//! Signing in, showing who one is, and what belongs to a person alone.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::time::Timestamp;
use adit_server::sign_in::totp;
use serde_json::{Value, json};
use support::{
    house::{Answer, House, PASSWORD, Signed},
    schema::Document,
};

async fn ask(house: &House, method: &str, path: &str, who: Option<&Signed>, body: Option<Value>) -> Answer {
    house.ask(method, &format!("/api/v1{path}"), who, body.as_ref()).await
}

async fn sign_in(house: &House, name: &str, password: &str) -> Answer {
    let body = json!({ "email": format!("{name}@adit.test"), "password": password });
    ask(house, "POST", "/session", None, Some(body)).await
}

fn signed(answer: &Answer) -> Signed {
    assert_eq!(answer.status, 200, "{}", answer.text);
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    Signed { cookie, csrf: answer.body["csrf"].as_str().unwrap().to_owned() }
}

fn fits(answer: &Answer, schema: &str) {
    let document = Document::read();
    let faults = document.faults(document.schema(schema), &answer.body);
    assert!(faults.is_empty(), "{schema}: {faults:#?}");
}

fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.body["code"].as_str()), (status, Some(code)), "{}", answer.text);
}

/// As if the person had shown who they are this long ago.
fn age(house: &House, who: &Signed, milliseconds: i64) {
    let token = who.cookie.split_once('=').unwrap().1;
    let at = Timestamp(house.engine.now().0 - milliseconds);
    let hash = adit_server::api::session::hash_of(token);
    assert!(house.people.lock().unwrap().set_authenticated(&hash, at).unwrap());
}

#[tokio::test]
async fn sessions_are_listed_and_ended_by_whose_they_are() {
    let house = House::new().await;
    let (here, there, other) =
        (house.sign_in("owner").await, house.sign_in("owner").await, house.sign_in("viewer").await);
    let list = ask(&house, "GET", "/me/sessions", Some(&here), None).await;
    fits(&list, "SessionList");
    let items = list.body["items"].as_array().unwrap();
    assert_eq!(items.len(), 2);
    let find = |current: bool| items.iter().find(|item| item["current"] == current).unwrap()["id"].as_str().unwrap();
    let path = format!("/me/sessions/{}", find(false));
    refused(&ask(&house, "DELETE", &path, Some(&other), None).await, 404, "not_found");
    assert_eq!(ask(&house, "DELETE", &path, Some(&here), None).await.status, 204);
    refused(&ask(&house, "GET", "/session", Some(&there), None).await, 401, "not_signed_in");
    refused(&ask(&house, "DELETE", &path, Some(&here), None).await, 404, "not_found");

    let (second, third) = (house.sign_in("owner").await, house.sign_in("owner").await);
    let ended = ask(&house, "DELETE", "/me/sessions", Some(&here), None).await;
    fits(&ended, "SessionsEnded");
    assert_eq!(ended.body["ended"], 2);
    for gone in [&second, &third] {
        assert_eq!(ask(&house, "GET", "/session", Some(gone), None).await.status, 401);
    }
    assert_eq!(ask(&house, "GET", "/session", Some(&here), None).await.status, 200);
    assert_eq!(ask(&house, "GET", "/session", Some(&other), None).await.status, 200);
}

#[tokio::test]
async fn a_new_password_needs_the_old_one_and_ends_other_sessions() {
    let house = House::new().await;
    let (here, there) = (house.sign_in("owner").await, house.sign_in("owner").await);
    let change = async |body: Value| ask(&house, "PUT", "/me/password", Some(&here), Some(body)).await;
    let new = "seven green kites over a dam";
    refused(&change(json!({ "password": new })).await, 422, "invalid");
    refused(&change(json!({ "current": "not my password", "password": new })).await, 401, "sign_in_failed");
    for weak in ["short", "owner owner owner", "Password-2026", &"x".repeat(300)] {
        refused(&change(json!({ "current": PASSWORD, "password": weak })).await, 422, "weak_password");
    }
    assert_eq!(change(json!({ "current": PASSWORD, "password": new })).await.status, 204);
    assert_eq!(ask(&house, "GET", "/session", Some(&here), None).await.status, 200);
    assert_eq!(ask(&house, "GET", "/session", Some(&there), None).await.status, 401);
    refused(&sign_in(&house, "owner", PASSWORD).await, 401, "sign_in_failed");
    signed(&sign_in(&house, "owner", new).await);
    let security = ask(&house, "GET", "/me/security", Some(&here), None).await;
    fits(&security, "Security");
    assert!(security.body["password"]["changed_at"].is_number());
}

#[tokio::test]
async fn guessing_is_slowed_and_a_wrong_password_looks_like_an_unknown_person() {
    let house = House::new().await;
    let unknown = sign_in(&house, "nobody", "a wrong password").await;
    let wrong = sign_in(&house, "owner", "a wrong password").await;
    assert_eq!((unknown.status, &unknown.text), (wrong.status, &wrong.text));
    let mut last = wrong;
    for _ in 0..4 {
        last = sign_in(&house, "owner", "a wrong password").await;
    }
    refused(&last, 429, "too_many_attempts");
    assert!(last.header("retry-after").parse::<u64>().unwrap() <= 2);
    refused(&sign_in(&house, "owner", PASSWORD).await, 429, "too_many_attempts");
    signed(&sign_in(&house, "viewer", PASSWORD).await);
}

/// Codes of the steps around now, each good once: the one before, this one, the next.
fn codes(house: &House, base32: &str) -> [String; 3] {
    let now = house.engine.now().0;
    let secret = unbase32(base32);
    [-30_000, 0, 30_000].map(|by| totp::code_at(&secret, Timestamp(now + by)).unwrap())
}

/// As an app reads the secret.
fn unbase32(text: &str) -> Vec<u8> {
    let bits: String = text
        .bytes()
        .map(|letter| b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == letter).unwrap())
        .map(|value| format!("{value:05b}"))
        .collect();
    bits.as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect()
}

#[tokio::test]
async fn one_time_codes_are_asked_for_once_confirmed_and_each_is_good_once() {
    let house = House::new().await;
    let (here, there) = (house.sign_in("owner").await, house.sign_in("owner").await);
    let post = async |path: &'static str, body: Value| ask(&house, "POST", path, Some(&here), Some(body)).await;
    refused(&post("/me/totp/confirm", json!({ "code": "123456" })).await, 409, "totp_not_begun");
    let drawn = post("/me/totp", json!({})).await;
    fits(&drawn, "TotpSecret");
    signed(&sign_in(&house, "owner", PASSWORD).await);
    let [before, now, next] = codes(&house, drawn.body["secret"].as_str().unwrap());
    refused(&post("/me/totp/confirm", json!({ "code": "000000" })).await, 422, "code_wrong");
    let confirmed = post("/me/totp/confirm", json!({ "code": before })).await;
    fits(&confirmed, "RecoveryCodes");
    assert_eq!(ask(&house, "GET", "/session", Some(&there), None).await.status, 401, "other sessions end");
    refused(&post("/me/totp", json!({})).await, 409, "totp_on");
    let security = ask(&house, "GET", "/me/security", Some(&here), None).await;
    fits(&security, "Security");
    assert_eq!(
        (&security.body["totp"]["on"], &security.body["totp"]["recovery_codes_left"]),
        (&json!(true), &json!(10))
    );

    let half = sign_in(&house, "owner", PASSWORD).await;
    fits(&half, "SecondFactor");
    assert_eq!((half.status.as_u16(), half.header("set-cookie")), (202, ""), "nothing is open yet");
    let ticket = half.body["ticket"].as_str().unwrap().to_owned();
    let forged = Signed { cookie: format!("adit_session={ticket}"), csrf: ticket.clone() };
    refused(&ask(&house, "GET", "/session", Some(&forged), None).await, 401, "not_signed_in");
    let second = async |body: Value| ask(&house, "POST", "/session/second-factor", None, Some(body)).await;
    refused(&second(json!({ "ticket": "other", "code": now })).await, 401, "ticket_expired");
    refused(&second(json!({ "ticket": ticket, "code": before })).await, 401, "code_wrong");
    signed(&second(json!({ "ticket": ticket, "code": now })).await);
    refused(&second(json!({ "ticket": ticket, "code": next })).await, 401, "ticket_expired");

    // The same code again, by somebody who looked over the shoulder.
    let half = sign_in(&house, "owner", PASSWORD).await;
    let ticket = half.body["ticket"].as_str().unwrap();
    refused(&second(json!({ "ticket": ticket, "code": now })).await, 401, "code_wrong");
    let recovery = confirmed.body["recovery_codes"][0].as_str().unwrap();
    signed(&second(json!({ "ticket": ticket, "recovery_code": recovery.to_uppercase() })).await);
    let half = sign_in(&house, "owner", PASSWORD).await;
    let ticket = half.body["ticket"].as_str().unwrap();
    refused(&second(json!({ "ticket": ticket, "recovery_code": recovery })).await, 401, "code_wrong");
    signed(&second(json!({ "ticket": ticket, "code": next })).await);
}

#[tokio::test]
async fn factors_change_only_shortly_after_showing_who_it_is() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let minutes = 60_000;
    age(&house, &owner, 6 * minutes);
    for (method, path, body) in [
        ("POST", "/me/totp", Some(json!({}))),
        ("POST", "/me/totp/confirm", Some(json!({ "code": "123456" }))),
        ("DELETE", "/me/totp", None),
        ("POST", "/me/recovery-codes", Some(json!({}))),
    ] {
        refused(&ask(&house, method, path, Some(&owner), body).await, 401, "step_up_required");
    }
    let step_up = async |body: Value| ask(&house, "POST", "/session/step-up", Some(&owner), Some(body)).await;
    refused(&step_up(json!({})).await, 422, "invalid");
    refused(&step_up(json!({ "password": PASSWORD, "code": "1" })).await, 422, "invalid");
    refused(&step_up(json!({ "code": "123456" })).await, 401, "code_wrong");
    fits(&step_up(json!({ "password": PASSWORD })).await, "Session");
    let drawn = ask(&house, "POST", "/me/totp", Some(&owner), Some(json!({}))).await;
    let [before, now, _] = codes(&house, drawn.body["secret"].as_str().unwrap());
    let confirmed = ask(&house, "POST", "/me/totp/confirm", Some(&owner), Some(json!({ "code": before }))).await;
    assert_eq!(confirmed.status, 200, "{}", confirmed.text);

    age(&house, &owner, 6 * minutes);
    assert_eq!(step_up(json!({ "code": now })).await.status, 200);
    refused(&step_up(json!({ "code": now })).await, 401, "code_wrong");
    let renewed = ask(&house, "POST", "/me/recovery-codes", Some(&owner), Some(json!({}))).await;
    fits(&renewed, "RecoveryCodes");
    let [old, new] = [&confirmed, &renewed].map(|answer| answer.body["recovery_codes"][3].clone());
    refused(&step_up(json!({ "recovery_code": old })).await, 401, "code_wrong");
    assert_eq!(step_up(json!({ "recovery_code": new })).await.status, 200);

    assert_eq!(ask(&house, "DELETE", "/me/totp", Some(&owner), None).await.status, 204);
    signed(&sign_in(&house, "owner", PASSWORD).await);
    refused(&ask(&house, "POST", "/me/recovery-codes", Some(&owner), Some(json!({}))).await, 409, "totp_off");
}

#[tokio::test]
async fn guessing_codes_with_a_right_password_is_slowed() {
    let house = House::new().await;
    let owner = house.users["owner"];
    let at = house.engine.now();
    house.people.lock().unwrap().set_totp(owner, at, 0, &[]).unwrap();
    let half = sign_in(&house, "owner", PASSWORD).await;
    assert_eq!(half.body["factors"], json!(["totp"]), "no recovery codes are left");
    let ticket = half.body["ticket"].clone();
    let mut codes = Vec::new();
    for _ in 0..6 {
        let body = json!({ "ticket": ticket, "code": "000000" });
        let answer = ask(&house, "POST", "/session/second-factor", None, Some(body)).await;
        codes.push(answer.body["code"].as_str().unwrap().to_owned());
    }
    assert_eq!(codes[..4], ["code_wrong"; 4]);
    assert_eq!(codes[4..], ["too_many_attempts"; 2]);
}
