//! Webhooks against a real receiver: what is told and signed, tried again, given up; and where the server is never sent.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    ids::SubAccountId,
    notices::TYPES,
    requests::{Action, Control, PolicyChange, Scenario},
    time::Millis,
};
use adit_server::{api::Options, notices::webhooks::WebhookOptions};
use adit_testkit::{
    receiver::{Answer as Does, Message, Receiver},
    tls::Authority,
};
use adit_wire::{ServerKey, SignedHead, VerifyingKey};
use serde_json::{Value, json};
use std::time::Duration;
use support::{
    bounded,
    house::{Answer, House, Signed},
    schema::Document,
};
use tempfile::TempDir;

fn options(pauses: &[Millis]) -> WebhookOptions {
    WebhookOptions {
        networks: vec!["127.0.0.0/8".parse().unwrap()],
        pauses: pauses.to_vec(),
        ..WebhookOptions::default()
    }
}

async fn house(webhooks: WebhookOptions) -> (House, Signed) {
    let public_url = "https://adit.test".to_owned();
    let house = House::with(Options { loopback: true, public_url, webhooks, ..Options::default() }).await;
    let owner = house.sign_in("owner").await;
    (house, owner)
}

async fn ask(house: &House, method: &str, path: &str, who: &Signed, body: Value) -> Answer {
    house.ask(method, &format!("/api/v1{path}"), Some(who), (!body.is_null()).then_some(&body)).await
}

fn fits(answer: &Answer, schema: &str) {
    let document = Document::read();
    let faults = document.faults(document.schema(schema), &answer.body);
    assert!(faults.is_empty(), "{schema}: {faults:#?}");
}

fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.body["code"].as_str()), (status, Some(code)), "{}", answer.text);
}

/// A webhook; its secret.
async fn hook(house: &House, owner: &Signed, url: &str, types: &[&str]) -> String {
    let body = json!({ "name": "Shift desk", "url": url, "types": types });
    let made = ask(house, "POST", "/webhooks", owner, body).await;
    assert_eq!(made.status, 201, "{}", made.text);
    fits(&made, "WebhookCreated");
    made.body["secret"].as_str().unwrap().to_owned()
}

async fn message(receiver: &Receiver) -> Message {
    bounded("a message", receiver.message()).await.unwrap()
}

/// The log of deliveries, once it is as `wanted`.
async fn log_until(house: &House, owner: &Signed, wanted: impl Fn(&Value) -> bool) -> Value {
    bounded("the log of deliveries", async {
        loop {
            let log = ask(house, "GET", "/webhooks/hook-1/deliveries", owner, Value::Null).await;
            fits(&log, "DeliveryPage");
            if wanted(&log.body["items"]) {
                return log.body["items"].clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

fn server_key(house: &House) -> VerifyingKey {
    let secret = house.secrets.lock().unwrap().get("server-key").unwrap().unwrap();
    ServerKey::from_secret(secret.as_slice().try_into().unwrap()).verifying_key()
}

/// Something happens that webhooks are told of: `policy.set`.
async fn happen(house: &House, scenario: Scenario) {
    let changes = vec![PolicyChange::counts(scenario, 2, 0)];
    house.request("owner", Action::Control(Control::SetPolicies { changes }), &[]).await;
}

#[tokio::test]
async fn what_happens_is_told_signed_and_says_no_names() {
    let receiver = Receiver::start().await.unwrap();
    let (house, owner) = house(options(&[])).await;
    let secret = hook(&house, &owner, &receiver.url(), &["policy.set", "request.executed"]).await;
    let list = ask(&house, "GET", "/webhooks", &owner, Value::Null).await;
    fits(&list, "WebhookPage");
    assert!(!list.text.contains("only-for-you") && !list.text.contains(&secret), "{}", list.text);
    assert_eq!(list.body["items"][0]["host"], receiver.address().to_string());
    happen(&house, Scenario::FleetMode).await;
    let told = message(&receiver).await;
    assert!(told.is_signed_with(&secret) && !told.is_signed_with("whsec_AAAA"), "{told:?}");
    assert_eq!((told.path.as_str(), told.header("content-type")), ("/hooks/only-for-you", "application/json"));
    let body: Value = serde_json::from_str(&told.body).unwrap();
    assert_eq!(body["type"], "policy.set");
    assert_eq!((&body["data"]["scenario"], &body["data"]["required"]), (&json!("fleet.mode"), &json!(2)));
    let head: SignedHead = serde_json::from_value(body["data"]["head"].clone()).unwrap();
    assert_eq!(json!(head.head.seq), body["data"]["seq"], "how far the log was, for whoever keeps the message");
    server_key(&house).check_head(&head).unwrap();
    let executed = message(&receiver).await;
    let body: Value = serde_json::from_str(&executed.body).unwrap();
    assert_eq!((&body["type"], &body["data"]["request"]["state"]), (&json!("request.executed"), &json!("executed")));
    let url = body["data"]["request"]["url"].as_str().unwrap();
    assert!(url.starts_with("https://adit.test/s/all/requests/"), "{url}");
    assert_ne!(executed.header("webhook-id"), told.header("webhook-id"));
    for told in [&told, &executed] {
        assert!(!told.body.contains("Person") && !told.body.contains("@adit.test"), "{}", told.body);
    }
    let log = log_until(&house, &owner, |items| items[0]["state"] == "delivered").await;
    assert_eq!((&log[0]["message"], &log[0]["body"]), (&json!(executed.header("webhook-id")), &json!(executed.body)));
    assert_eq!(log[0]["attempts"][0]["status"], 204);

    assert_eq!(ask(&house, "POST", "/webhooks/hook-1/test", &owner, Value::Null).await.status, 202);
    assert!(message(&receiver).await.body.contains("\"webhook.test\""));
    let again = format!("/webhooks/hook-1/deliveries/{}/again", log[0]["id"].as_str().unwrap());
    assert_eq!(ask(&house, "POST", &again, &owner, Value::Null).await.status, 202);
    let twice = message(&receiver).await;
    assert_eq!((twice.header("webhook-id"), &twice.body), (executed.header("webhook-id"), &executed.body));
    assert_eq!(ask(&house, "DELETE", "/webhooks/hook-1", &owner, Value::Null).await.status, 204);
    refused(&ask(&house, "GET", "/webhooks/hook-1/deliveries", &owner, Value::Null).await, 404, "not_found");
}

#[tokio::test]
async fn a_comment_is_told_without_its_words_and_a_title_names_the_sub_account() {
    let receiver = Receiver::start().await.unwrap();
    let (house, owner) = house(options(&[])).await;
    hook(&house, &owner, &receiver.url(), &["request.commented"]).await;
    assert_eq!(ask(&house, "POST", "/sub-accounts", &owner, json!({ "name": "hosting" })).await.status, 201);
    let removal = Action::Control(Control::RemoveSubAccount { sub_account: SubAccountId(1) });
    let id = house.request("owner", removal, &[]).await;
    let said = json!({ "words": "hush-hush" });
    assert_eq!(ask(&house, "POST", &format!("/requests/{id}/comments"), &owner, said).await.status, 201);
    let told = message(&receiver).await;
    let body: Value = serde_json::from_str(&told.body).unwrap();
    let data = &body["data"];
    assert_eq!((&body["type"], &data["request"]["id"]), (&json!("request.commented"), &json!(id)));
    assert_eq!(data["comment"], json!({ "by": house.users["owner"] }));
    assert_eq!(data["request"]["title"], "Remove sub-account hosting");
    assert!(!told.body.contains("hush-hush"), "{}", told.body);
}

#[test]
fn every_type_is_documented() {
    let page = include_str!("../../../docs/notices.md");
    let missing: Vec<_> = TYPES.iter().filter(|kind| !page.contains(&format!("`{kind}`"))).collect();
    assert!(missing.is_empty(), "docs/notices.md leaves out {missing:?}");
}

#[tokio::test]
async fn what_was_not_taken_is_tried_again_under_the_same_name() {
    let receiver = Receiver::start().await.unwrap();
    receiver.answer(&[Does::Status(500), Does::Redirect("/elsewhere".into()), Does::Huge]);
    let (house, owner) = house(options(&[Millis(0); 3])).await;
    let secret = hook(&house, &owner, &receiver.url(), &["policy.set"]).await;
    happen(&house, Scenario::FleetMode).await;
    let tries = [message(&receiver).await, message(&receiver).await, message(&receiver).await];
    for told in &tries {
        assert_eq!((told.header("webhook-id"), &told.body), (tries[0].header("webhook-id"), &tries[0].body));
        assert!(told.is_signed_with(&secret));
        assert_eq!(told.path, "/hooks/only-for-you", "nothing is followed elsewhere");
    }
    let log = log_until(&house, &owner, |items| items[0]["state"] == "delivered").await;
    let attempts = log[0]["attempts"].as_array().unwrap();
    let statuses: Vec<_> = attempts.iter().map(|one| one["status"].clone()).collect();
    assert_eq!(statuses, [json!(500), json!(307), json!(200)], "of the megabytes only the beginning is read");
    assert!(attempts[1]["error"].as_str().unwrap().contains("nothing is followed"), "{log}");
    assert_eq!(receiver.waiting().await, 0);
}

#[tokio::test]
async fn one_who_never_answers_is_given_up_and_holds_up_nobody() {
    let (silent, other) = (Receiver::start().await.unwrap(), Receiver::start().await.unwrap());
    silent.answer(&[Does::Silence]);
    let (house, owner) = house(WebhookOptions { patience: Duration::from_millis(500), ..options(&[]) }).await;
    hook(&house, &owner, &silent.url(), &["policy.set"]).await;
    let body = json!({ "name": "Other", "url": other.url(), "types": ["policy.set"] });
    assert_eq!(ask(&house, "POST", "/webhooks", &owner, body).await.status, 201);
    happen(&house, Scenario::FleetMode).await;
    message(&other).await;
    message(&silent).await;
    let log = log_until(&house, &owner, |items| items[0]["state"] == "failed").await;
    let attempt = &log[0]["attempts"][0];
    assert_eq!((&attempt["status"], &attempt["error"]), (&Value::Null, &json!("no answer in time")));
}

#[tokio::test]
async fn a_new_secret_signs_beside_the_old_one() {
    let receiver = Receiver::start().await.unwrap();
    let (house, owner) = house(options(&[])).await;
    let old = hook(&house, &owner, &receiver.url(), &["policy.set"]).await;
    let rotated = ask(&house, "POST", "/webhooks/hook-1/secret", &owner, Value::Null).await;
    assert_eq!(rotated.status, 200, "{}", rotated.text);
    fits(&rotated, "WebhookSecret");
    let new = rotated.body["secret"].as_str().unwrap();
    happen(&house, Scenario::FleetMode).await;
    let told = message(&receiver).await;
    assert!(new != old && told.is_signed_with(new) && told.is_signed_with(&old), "{told:?}");
    assert_eq!(told.header("webhook-signature").split(' ').count(), 2);
    let log = ask(&house, "GET", "/audit?type=webhook_secret_rotated", &owner, Value::Null).await;
    assert_eq!(log.body["items"].as_array().unwrap().len(), 1, "{}", log.text);
    assert!(!log.text.contains("whsec_"));
}

#[tokio::test]
async fn a_webhook_that_fails_for_too_long_is_disabled_and_its_keepers_are_told() {
    let receiver = Receiver::start().await.unwrap();
    receiver.answer(&[Does::Status(503)]);
    let (house, owner) = house(WebhookOptions { disable_after: Millis(0), ..options(&[Millis::hours(1)]) }).await;
    hook(&house, &owner, &receiver.url(), &["policy.set"]).await;
    happen(&house, Scenario::FleetMode).await;
    message(&receiver).await;
    let told = bounded("the notice", async {
        loop {
            let inbox = ask(&house, "GET", "/inbox?tab=mine", &owner, Value::Null).await;
            if let Some(item) = inbox.body["items"].as_array().unwrap().iter().find(|item| item["topic"] == "hook-1") {
                return item.clone();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
    assert_eq!((&told["kind"], &told["about"]), (&json!("webhook_disabled"), &json!("Webhook Shift desk")));
    refused(&ask(&house, "POST", "/webhooks/hook-1/test", &owner, Value::Null).await, 409, "webhook_disabled");
    happen(&house, Scenario::FleetLed).await;
    let change = json!({ "name": "Shift desk", "types": ["policy.set"] });
    let changed = ask(&house, "PUT", "/webhooks/hook-1", &owner, change).await;
    assert_eq!((changed.status.as_u16(), &changed.body["disabled_at"]), (200, &Value::Null), "{}", changed.text);
    happen(&house, Scenario::FleetPower).await;
    let body: Value = serde_json::from_str(&message(&receiver).await.body).unwrap();
    assert_eq!(body["data"]["scenario"], "fleet.power", "what happened meanwhile is not told: {body}");
}

#[tokio::test]
async fn who_wants_to_hear_nothing_more_hears_nothing_more() {
    let receiver = Receiver::start().await.unwrap();
    receiver.answer(&[Does::Status(410)]);
    let (house, owner) = house(options(&[Millis(0)])).await;
    hook(&house, &owner, &receiver.url(), &["policy.set"]).await;
    happen(&house, Scenario::FleetMode).await;
    message(&receiver).await;
    let log = log_until(&house, &owner, |items| items[0]["state"] == "failed").await;
    assert_eq!(log[0]["attempts"].as_array().unwrap().len(), 1);
    bounded("its end", async {
        while house.engine.state().webhooks_of(support::ACCOUNT).any(|webhook| webhook.disabled_at.is_none()) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test]
async fn the_server_is_sent_nowhere_inside() {
    let receiver = Receiver::start().await.unwrap();
    let (house, owner) = house(WebhookOptions { pauses: Vec::new(), ..WebhookOptions::default() }).await;
    let port = receiver.address().port();
    for url in [
        receiver.url(),
        format!("https://127.0.0.1:{port}/"),
        format!("https://127.1:{port}/"),
        format!("https://2130706433:{port}/"),
        format!("https://0x7f.0.0.1:{port}/"),
        format!("https://[::1]:{port}/"),
        format!("https://[::ffff:127.0.0.1]:{port}/"),
        "https://169.254.169.254/latest/meta-data/".to_owned(),
        "https://[fd00:ec2::254]/".to_owned(),
        "https://10.0.0.1/".to_owned(),
        "https://user:pass@example.com/".to_owned(),
        "ftp://example.com/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "not an address".to_owned(),
        format!("https://example.com/{}", "x".repeat(1_000)),
    ] {
        let made = ask(&house, "POST", "/webhooks", &owner, json!({ "name": "Inside", "url": url })).await;
        refused(&made, 422, "invalid");
    }
    // A name tells only when it is looked up where it leads.
    hook(&house, &owner, &format!("https://localhost:{port}/"), &["policy.set"]).await;
    happen(&house, Scenario::FleetMode).await;
    let log = log_until(&house, &owner, |items| items[0]["state"] == "failed").await;
    let attempt = &log[0]["attempts"][0];
    assert_eq!(attempt["status"], Value::Null);
    assert!(attempt["error"].as_str().unwrap().contains("not public"), "{attempt}");
    assert_eq!(receiver.waiting().await, 0);
}

/// Receivers on this machine by its name, trusted by whoever `authority` certifies.
fn by_name(authority: Option<&Authority>, folder: &TempDir) -> WebhookOptions {
    let ca_file = authority.map(|authority| {
        let file = folder.path().join("ca.pem");
        std::fs::write(&file, authority.pem()).unwrap();
        file
    });
    let networks = ["127.0.0.0/8", "::1/128"].map(|network| network.parse().unwrap()).to_vec();
    WebhookOptions { networks, ca_file, ..options(&[]) }
}

#[tokio::test]
async fn over_tls_a_receiver_is_told_whose_certificate_is_for_its_name_and_by_a_trusted_issuer() {
    let (folder, authority) = (tempfile::tempdir().unwrap(), Authority::new().unwrap());
    let receiver = Receiver::start_tls(&authority, "localhost").await.unwrap();
    let (house, owner) = house(by_name(Some(&authority), &folder)).await;
    let secret = hook(&house, &owner, &receiver.url_by("localhost"), &["policy.set"]).await;
    happen(&house, Scenario::FleetMode).await;
    assert!(message(&receiver).await.is_signed_with(&secret));
    let log = log_until(&house, &owner, |items| items[0]["state"] == "delivered").await;
    assert_eq!((&log[0]["attempts"][0]["status"], &log[0]["attempts"][0]["error"]), (&json!(204), &Value::Null));
}

/// A message that `receiver`, which is `localhost`, is not told; why not, as the log of deliveries has it.
async fn not_told(receiver: &Receiver, options: WebhookOptions) -> String {
    let (house, owner) = house(options).await;
    hook(&house, &owner, &receiver.url_by("localhost"), &["policy.set"]).await;
    happen(&house, Scenario::FleetMode).await;
    let log = log_until(&house, &owner, |items| items[0]["state"] == "failed").await;
    let attempt = &log[0]["attempts"][0];
    assert_eq!((&attempt["status"], receiver.waiting().await), (&Value::Null, 0), "{attempt}");
    assert!(!log.to_string().contains("only-for-you"), "the address may hold a secret: {log}");
    attempt["error"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn over_tls_nobody_is_told_who_cannot_show_who_they_are_and_the_log_says_why() {
    let (folder, ours, other) = (tempfile::tempdir().unwrap(), Authority::new().unwrap(), Authority::new().unwrap());
    let elsewhere = Receiver::start_tls(&ours, "elsewhere.test").await.unwrap();
    let why = not_told(&elsewhere, by_name(Some(&ours), &folder)).await;
    assert_eq!(why, "the receiver's certificate is for another name than the address has");
    let stranger = Receiver::start_tls(&other, "localhost").await.unwrap();
    for trusted in [Some(&ours), None] {
        let why = not_told(&stranger, by_name(trusted, &folder)).await;
        assert_eq!(why, "the receiver's certificate is not by an issuer that is trusted here");
    }
}
