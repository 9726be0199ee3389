//! What is done by letter, with a mail server that takes them: confirming an e-mail, forgotten passwords, invitations.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{authz::Role, requests::RequestState, time::Timestamp};
use adit_server::{
    api::{Options, session::hash_of},
    mail::MailOptions,
};
use adit_testkit::mail::{MailServer, Received};
use serde_json::{Value, json};
use support::{
    bounded,
    house::{Answer, House, PASSWORD, Signed},
    schema::Document,
};

const SITE: &str = "https://adit.test";
const NEW: &str = "seven green kites over a dam";

async fn ask(house: &House, method: &str, path: &str, who: Option<&Signed>, body: Value) -> Answer {
    house.ask(method, &format!("/api/v1{path}"), who, (method != "GET").then_some(&body)).await
}

fn fits(answer: &Answer, schema: &str) {
    let document = Document::read();
    let faults = document.faults(document.schema(schema), &answer.body);
    assert!(faults.is_empty(), "{schema}: {faults:#?}");
}

fn refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status.as_u16(), answer.body["code"].as_str()), (status, Some(code)), "{}", answer.text);
}

async fn house() -> (House, MailServer) {
    let mail = MailServer::start().await.unwrap();
    let options = MailOptions { server: mail.url(), from: "Adit <adit@adit.test>".into() };
    let house =
        House::with(Options { loopback: true, public_url: SITE.into(), mail: Some(options), ..Options::default() })
            .await;
    (house, mail)
}

async fn letter(mail: &MailServer) -> Received {
    bounded("a letter", mail.letter()).await.unwrap()
}

/// The token of the link to this page.
fn token(letter: &Received, page: &str) -> String {
    let link = letter.word(SITE).unwrap_or_else(|| panic!("{letter:?}"));
    link.strip_prefix(&format!("{SITE}/{page}#")).unwrap().to_owned()
}

async fn sign_in(house: &House, email: &str, password: &str) -> Answer {
    ask(house, "POST", "/session", None, json!({ "email": email, "password": password })).await
}

#[tokio::test]
async fn a_forgotten_password_is_set_anew_by_a_link_that_works_once() {
    let (house, mail) = house().await;
    let there = house.sign_in("viewer").await;
    let forgot = async |email: &str| ask(&house, "POST", "/password-resets", None, json!({ "email": email })).await;
    let (known, unknown) = (forgot("Viewer@adit.test").await, forgot("nobody@adit.test").await);
    assert_eq!((known.status.as_u16(), &known.text), (202, &unknown.text), "nobody learns who is registered");
    let letter1 = letter(&mail).await;
    assert_eq!(
        (letter1.from.as_str(), letter1.to.as_slice()),
        ("adit@adit.test", &["viewer@adit.test".to_owned()][..])
    );
    assert_eq!(letter1.header("subject"), Some("Set a new password"));
    let old = token(&letter1, "reset-password");
    forgot("viewer@adit.test").await;
    let newer = token(&letter(&mail).await, "reset-password");
    let set = async |token: &str, password: &str| {
        ask(&house, "POST", "/password-resets/use", None, json!({ "token": token, "password": password })).await
    };
    refused(&set(&old, NEW).await, 404, "not_found");
    refused(&set(&newer, "password1234").await, 422, "weak_password");
    assert_eq!(set(&newer, NEW).await.status, 204);
    refused(&set(&newer, NEW).await, 404, "not_found");
    assert_eq!(ask(&house, "GET", "/session", Some(&there), Value::Null).await.status, 401, "sessions end");
    assert_eq!(sign_in(&house, "viewer@adit.test", PASSWORD).await.status, 401);
    assert_eq!(sign_in(&house, "viewer@adit.test", NEW).await.status, 200);
    assert!(letter(&mail).await.text.contains("there is a new password"));
    assert_eq!(mail.waiting().await, 0);
}

#[tokio::test]
async fn a_link_to_a_new_password_ends_after_half_an_hour_and_with_a_new_email() {
    let (house, _mail) = house().await;
    let user = house.users["viewer"];
    let link = adit_store::Link { user, email: "viewer@adit.test".into() };
    let add = |token: &str, minutes: i64| {
        let end = Timestamp(house.engine.now().0 + minutes * 60_000);
        let mut people = house.people.lock().unwrap();
        people.add_link(&hash_of(token), adit_store::LinkPurpose::Password, &link, end).unwrap();
    };
    let set = async |token: &str| {
        ask(&house, "POST", "/password-resets/use", None, json!({ "token": token, "password": NEW })).await
    };
    add("old", 0);
    refused(&set("old").await, 404, "not_found");
    add("fresh", 30);
    house.people.lock().unwrap().set_email(user, "other@adit.test").unwrap();
    refused(&set("fresh").await, 404, "not_found");
    assert_eq!(sign_in(&house, "other@adit.test", PASSWORD).await.status, 200);
}

#[tokio::test]
async fn an_email_is_confirmed_and_changed_by_a_link() {
    let (mut house, mail) = house().await;
    house.join_unverified("guest", Role::Technician).await;
    let guest = house.sign_in("guest").await;
    let verified =
        async || ask(&house, "GET", "/me/security", Some(&guest), Value::Null).await.body["email_verified"].clone();
    assert_eq!(verified().await, false);
    let asked = ask(&house, "POST", "/me/email-verification", Some(&guest), json!({})).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    let first = token(&letter(&mail).await, "verify-email");
    let confirm =
        async |token: &str| ask(&house, "POST", "/email-verifications", None, json!({ "token": token })).await;
    assert_eq!(confirm(&first).await.status, 204);
    refused(&confirm(&first).await, 404, "not_found");
    assert_eq!(verified().await, true);

    let other = json!({ "email": "Lena@adit.test" });
    assert_eq!(ask(&house, "POST", "/me/email-verification", Some(&guest), other).await.status, 202);
    let sent = letter(&mail).await;
    assert_eq!(sent.to, ["lena@adit.test"]);
    assert_eq!(sign_in(&house, "guest@adit.test", PASSWORD).await.status, 200, "nothing changes before");
    assert_eq!(confirm(&token(&sent, "verify-email")).await.status, 204);
    assert_eq!(sign_in(&house, "lena@adit.test", PASSWORD).await.status, 200);
    let notice = letter(&mail).await;
    assert_eq!((notice.to[0].as_str(), notice.text.contains("lena@adit.test")), ("guest@adit.test", true));

    let taken = json!({ "email": "viewer@adit.test" });
    assert_eq!(ask(&house, "POST", "/me/email-verification", Some(&guest), taken).await.status, 202);
    refused(&confirm(&token(&letter(&mail).await, "verify-email")).await, 409, "taken");
}

fn invite(email: &str, role: &str) -> Value {
    json!({ "email": email, "role": role, "scope": { "nodes": [{ "node": "site", "id": "site-1" }] }, "remark": "night shift" })
}

#[tokio::test]
async fn an_invitation_registers_somebody_and_gives_the_role() {
    let (house, mail) = house().await;
    let owner = house.sign_in("owner").await;
    let made = ask(&house, "POST", "/invitations", Some(&owner), invite("New@adit.test", "technician")).await;
    assert_eq!(made.status, 201, "{}", made.text);
    fits(&made, "Invitation");
    let sent = letter(&mail).await;
    assert_eq!(sent.to, ["new@adit.test"]);
    assert!(sent.text.contains("Person owner invites you to Mine as Technician"), "{}", sent.text);
    let token = token(&sent, "invitation");
    assert!(!made.text.contains(&token), "whoever invites does not see what shows whose the e-mail is");
    let offer = ask(&house, "POST", "/invitations/check", None, json!({ "token": token })).await;
    fits(&offer, "InvitationOffer");
    let accept = async |password: &str| {
        let body = json!({ "token": token, "name": "Niko Petrović", "password": password });
        ask(&house, "POST", "/invitations/accept", None, body).await
    };
    refused(&accept("nikopetrović").await, 422, "weak_password");
    let accepted = accept(NEW).await;
    assert_eq!(accepted.status, 200, "{}", accepted.text);
    fits(&accepted, "InvitationAccepted");
    assert_eq!(accepted.body["granted"], true);
    assert!(accepted.header("set-cookie").starts_with("adit_session="));
    refused(&accept(NEW).await, 404, "not_found");
    let session = sign_in(&house, "new@adit.test", NEW).await;
    assert_eq!(
        (&session.body["user"]["name"], &session.body["roles"]),
        (&json!("Niko Petrović"), &json!(["Technician"]))
    );
    assert_eq!(session.body["sites"].as_array().unwrap().len(), 1, "only Norte");
    let list = ask(&house, "GET", "/invitations", Some(&owner), Value::Null).await;
    fits(&list, "InvitationList");
    assert_eq!((&list.body["items"][0]["state"], &list.body["items"][0]["mail"]), (&json!("accepted"), &json!("sent")));
    refused(
        &ask(&house, "POST", "/invitations", Some(&owner), invite("new@adit.test", "viewer")).await,
        409,
        "registered",
    );
}

#[tokio::test]
async fn nobody_invites_beyond_their_rights_and_links_end() {
    let (house, mail) = house().await;
    let (owner, manager, north) =
        (house.sign_in("owner").await, house.sign_in("site_manager").await, house.sign_in("north_auditor").await);
    refused(
        &ask(&house, "POST", "/invitations", Some(&manager), invite("a@adit.test", "viewer")).await,
        403,
        "permission_denied",
    );
    for (role, status) in [("owner", 422), ("nonsense", 422)] {
        let answer = ask(&house, "POST", "/invitations", Some(&owner), invite("a@adit.test", role)).await;
        assert!(answer.status.is_client_error(), "{role}: {status} {}", answer.text);
    }
    assert_eq!(ask(&house, "GET", "/invitations", Some(&north), Value::Null).await.body["items"], json!([]));
    ask(&house, "POST", "/invitations", Some(&owner), invite("a@adit.test", "viewer")).await;
    let first = token(&letter(&mail).await, "invitation");
    ask(&house, "POST", "/invitations", Some(&owner), invite("A@adit.test", "viewer")).await;
    let second = token(&letter(&mail).await, "invitation");
    let check = async |token: &str| ask(&house, "POST", "/invitations/check", None, json!({ "token": token })).await;
    refused(&check(&first).await, 404, "not_found");
    assert_eq!(check(&second).await.status, 200);
    let list = ask(&house, "GET", "/invitations", Some(&owner), Value::Null).await;
    let path = format!("/invitations/{}", list.body["items"][0]["id"].as_str().unwrap());
    refused(&ask(&house, "DELETE", &path, Some(&manager), Value::Null).await, 403, "permission_denied");
    assert_eq!(ask(&house, "DELETE", &path, Some(&owner), Value::Null).await.status, 204);
    refused(&ask(&house, "DELETE", &path, Some(&owner), Value::Null).await, 404, "not_found");
    refused(&check(&second).await, 404, "not_found");
}

#[tokio::test]
async fn of_many_who_open_an_invitation_at_once_one_is_registered() {
    let (house, mail) = house().await;
    let owner = house.sign_in("owner").await;
    ask(&house, "POST", "/invitations", Some(&owner), invite("a@adit.test", "viewer")).await;
    let token = token(&letter(&mail).await, "invitation");
    let body = json!({ "token": token, "name": "One", "password": NEW });
    let tries: Vec<_> = (0..6).map(|_| ask(&house, "POST", "/invitations/accept", None, body.clone())).collect();
    let answers = futures_util::future::join_all(tries).await;
    assert_eq!(answers.iter().filter(|answer| answer.status == 200).count(), 1);
    let requests = house.engine.state().requests().filter(|r| r.state == RequestState::Executed).count();
    assert!(requests > 0);
}

#[tokio::test]
async fn a_mail_server_that_refuses_holds_nobody_up() {
    let (house, mail) = house().await;
    let owner = house.sign_in("owner").await;
    mail.refuse(1);
    let made = ask(&house, "POST", "/invitations", Some(&owner), invite("a@adit.test", "viewer")).await;
    assert_eq!(made.status, 201);
    let failed = bounded("the letter's failure", async {
        loop {
            let list = ask(&house, "GET", "/invitations", Some(&owner), Value::Null).await;
            if list.body["items"][0]["mail"] != "sending" {
                break list.body["items"][0]["mail"].clone();
            }
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert_eq!(failed, "failed");
    assert_eq!(made.body["link"], Value::Null);
    let again = ask(&house, "POST", "/invitations", Some(&owner), invite("a@adit.test", "viewer")).await;
    assert_eq!(again.status, 201, "they are invited anew");
    let token = token(&letter(&mail).await, "invitation");
    assert_eq!(ask(&house, "POST", "/invitations/check", None, json!({ "token": token })).await.status, 200);

    mail.refuse_for_now(1);
    ask(&house, "POST", "/password-resets", None, json!({ "email": "viewer@adit.test" })).await;
    assert_eq!(letter(&mail).await.to, ["viewer@adit.test"], "it is tried again");
}

#[tokio::test]
async fn without_a_mail_server_links_are_passed_on_by_hand() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    refused(&ask(&house, "POST", "/me/email-verification", Some(&owner), json!({})).await, 409, "email_not_configured");
    let forgot = ask(&house, "POST", "/password-resets", None, json!({ "email": "viewer@adit.test" })).await;
    assert_eq!(forgot.status, 202);
    let made = ask(&house, "POST", "/invitations", Some(&owner), invite("a@adit.test", "viewer")).await;
    assert_eq!(made.body["mail"], "not_configured");
    assert!(made.body["link"].as_str().unwrap().contains("/invitation#"));
    let options = ask(&house, "GET", "/sign-in-options", None, Value::Null).await;
    fits(&options, "SignInOptions");
    assert_eq!(options.body["email"], false);
}
