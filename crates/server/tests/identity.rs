//! Who somebody is, over HTTP: what shows that an e-mail is somebody's goes to that mailbox alone; whom one can name, and what is
//! told of somebody who has not opened the account.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Actor, ApiAccess, Principal, Role, Scope},
    command::{Command, Reply},
    ids::{AccountId, UserId},
    requests::{Action, Control, NewGrant, RequestState},
    time::Millis,
};
use adit_server::{
    api::{Options, session::hash_of},
    mail::MailOptions,
};
use adit_testkit::mail::MailServer;
use proptest::{prelude::*, strategy::ValueTree, test_runner::TestRunner};
use serde_json::{Value, json};
use support::{
    ACCOUNT, bounded,
    house::{Answer, House, PASSWORD, Signed},
    operator,
    schema::Document,
};

const SITE: &str = "https://adit.test";
const NEW: &str = "seven green kites over a dam";

/// A house, and everything that it has ever answered anybody.
struct Witness {
    house: House,
    mail: Option<MailServer>,
    answers: Vec<String>,
    /// Tokens that came by mail.
    mailed: Vec<String>,
}

impl Witness {
    async fn new(with_mail: bool) -> Self {
        let mail = if with_mail { Some(MailServer::start().await.unwrap()) } else { None };
        let options = mail.as_ref().map(|mail| MailOptions { server: mail.url(), from: "adit@adit.test".into() });
        let options = Options {
            loopback: true,
            public_url: SITE.into(),
            mail: options,
            anyone_may_found: true,
            set_up: Some(hash_of("printed on the terminal")),
            ..Options::default()
        };
        Self { house: House::with(options).await, mail, answers: Vec::new(), mailed: Vec::new() }
    }

    async fn ask(&mut self, method: &str, path: &str, who: Option<&Signed>, body: Value) -> Answer {
        let body = (method != "GET").then_some(&body);
        let answer = self.house.ask(method, &format!("/api/v1{path}"), who, body).await;
        self.answers.push(format!("{:?} {}", answer.headers, answer.text));
        answer
    }

    /// The token of the next letter's link.
    async fn token(&mut self) -> String {
        let mail = self.mail.as_mut().unwrap();
        loop {
            let letter = bounded("a letter", mail.letter()).await.unwrap();
            let Some((_, token)) = letter.word(SITE).and_then(|link| link.split_once('#')) else { continue };
            self.mailed.push(token.to_owned());
            return token.to_owned();
        }
    }

    fn is_verified(&self, name: &str) -> bool {
        self.house.engine.state().is_verified(self.house.users[name])
    }

    fn user(&self, email: &str) -> UserId {
        self.house.people.lock().unwrap().person_by_email(email).unwrap().unwrap().user
    }

    /// Every way by which an e-mail comes to be shown as somebody's, for a person of its own.
    async fn flow(&mut self, flow: usize, number: usize) {
        let owner = self.house.sign_in("owner").await;
        let name = format!("guest{number}");
        let email = format!("{name}@adit.test");
        if flow == 0 {
            let invite = json!({ "email": email, "role": "technician", "scope": "all" });
            let made = self.ask("POST", "/invitations", Some(&owner), invite).await;
            assert_eq!((made.status.as_u16(), &made.body["link"]), (201, &Value::Null), "{}", made.text);
            let token = self.token().await;
            self.ask("GET", "/invitations", Some(&owner), Value::Null).await;
            self.ask("POST", "/invitations/check", None, json!({ "token": token })).await;
            let accept = json!({ "token": token, "name": "Guest", "password": NEW });
            assert_eq!(self.ask("POST", "/invitations/accept", None, accept).await.status, 200);
            assert!(self.house.engine.state().is_verified(self.user(&email)));
            return;
        }
        self.house.join_unverified(&name, Role::Technician).await;
        assert!(!self.is_verified(&name));
        let guest = self.house.sign_in(&name).await;
        match flow {
            1 => {
                // Whoever came first left a way in.
                let user = self.house.users[&name];
                self.house.people.lock().unwrap().set_totp(user, self.house.engine.now(), 1, &[[1; 32]]).unwrap();
                self.ask("POST", "/password-resets", None, json!({ "email": email })).await;
                let token = self.token().await;
                let set = json!({ "token": token, "password": NEW });
                assert_eq!(self.ask("POST", "/password-resets/use", None, set).await.status, 204);
                assert_eq!(self.house.people.lock().unwrap().totp(user).unwrap(), None);
            }
            2 => {
                self.ask("POST", "/me/email-verification", Some(&guest), json!({})).await;
                let token = self.token().await;
                assert_eq!(self.ask("POST", "/email-verifications", None, json!({ "token": token })).await.status, 204);
            }
            _ => {
                let other = json!({ "email": format!("other-{email}") });
                self.ask("POST", "/me/email-verification", Some(&guest), other).await;
                let token = self.token().await;
                assert_eq!(self.ask("POST", "/email-verifications", None, json!({ "token": token })).await.status, 204);
            }
        }
        assert!(self.is_verified(&name), "flow {flow}");
    }
}

#[tokio::test]
async fn whoever_calls_the_interface_never_sees_what_shows_that_an_email_is_somebodys() {
    // Every way, some more than once, in an order that is drawn.
    let mut runner = TestRunner::deterministic();
    for _ in 0..6 {
        let drawn = prop::collection::vec(0..4_usize, 0..4);
        let orders = drawn.prop_map(|more| [0, 1, 2, 3].into_iter().chain(more).collect::<Vec<_>>()).prop_shuffle();
        let order = orders.new_tree(&mut runner).unwrap().current();
        let mut witness = Witness::new(true).await;
        let check = witness.ask("POST", "/setup/check", None, json!({ "token": "printed on the terminal" })).await;
        assert_eq!(check.status, 204);
        for (number, flow) in order.iter().copied().enumerate() {
            witness.flow(flow, number).await;
        }
        let owner = witness.house.sign_in("owner").await;
        for path in ["/audit?limit=200", "/people", "/invitations", "/me/inbox"] {
            witness.ask("GET", path, Some(&owner), Value::Null).await;
        }
        assert_eq!(witness.mailed.len(), order.len());
        let secrets = witness.mailed.iter().map(String::as_str).chain(["printed on the terminal"]);
        for token in secrets {
            let shown = witness.answers.iter().find(|answer| answer.contains(token));
            assert!(shown.is_none(), "{order:?}: {shown:?}");
        }
    }
}

#[tokio::test]
async fn without_mail_a_link_is_shown_and_nobody_comes_to_be_verified_by_it() {
    let mut witness = Witness::new(false).await;
    let owner = witness.house.sign_in("owner").await;
    let invite = json!({ "email": "guest@adit.test", "role": "administrator", "scope": "all" });
    let made = witness.ask("POST", "/invitations", Some(&owner), invite).await;
    let link = made.body["link"].as_str().unwrap().split_once('#').unwrap().1.to_owned();
    for path in ["/email-verifications", "/password-resets/use"] {
        let body = json!({ "token": link, "password": NEW });
        let body = if path == "/email-verifications" { json!({ "token": link }) } else { body };
        assert_eq!(witness.ask("POST", path, None, body).await.status, 404, "{path}");
    }
    let accept = json!({ "token": link, "name": "Guest", "password": NEW });
    let accepted = witness.ask("POST", "/invitations/accept", None, accept).await;
    assert_eq!((accepted.status.as_u16(), &accepted.body["granted"]), (200, &json!(true)), "{}", accepted.text);
    let user = witness.user("guest@adit.test");
    assert!(!witness.house.engine.state().is_verified(user));
    let asked = witness.ask("POST", "/password-resets", None, json!({ "email": "guest@adit.test" })).await;
    assert_eq!(asked.status, 202);

    let cookie = accepted.header("set-cookie").split(';').next().unwrap().to_owned();
    let guest = Signed { cookie, csrf: String::new() };
    let session = witness.ask("GET", "/session", Some(&guest), Value::Null).await;
    let document = Document::read();
    assert_eq!(document.faults(document.schema("Session"), &session.body), Vec::<String>::new());
    assert_eq!(session.body["uncounted"]["code"], "email_unverified", "{}", session.text);
    let guest = Signed { csrf: session.body["csrf"].as_str().unwrap().into(), ..guest };
    // Their word counts for nothing, and they are told why.
    let role = json!({ "action": { "action": "unfreeze_account", "params": {} } });
    let asked = witness.ask("POST", "/requests", Some(&guest), role).await;
    assert_eq!((asked.status.as_u16(), &asked.body["approvals"]["have"]), (202, &json!(0)), "{}", asked.text);
    let why = asked.body["my"]["why_not"].as_str().unwrap();
    assert!(why.contains("adit people verify"), "{why}");
    let vote = json!({ "decision": "approve", "content_hash": asked.body["content_hash"] });
    let path = format!("/requests/{}/votes", asked.body["id"].as_str().unwrap());
    let refused = witness.ask("POST", &path, Some(&guest), vote).await;
    assert_eq!((refused.status.as_u16(), &refused.body["code"]), (403, &json!("email_unverified")));

    witness.house.engine.run(operator(&witness.house.engine), Command::VerifyEmail { user }).await.unwrap();
    let session = witness.ask("GET", "/session", Some(&guest), Value::Null).await;
    assert_eq!(session.body["uncounted"], Value::Null);
}

/// Method, path and body of a call that names this person.
type Call = Box<dyn Fn(&str) -> (&'static str, String, Value)>;

/// Somebody with an account of their own on the same server, and nothing on the house's.
async fn neighbour(house: &mut House) -> UserId {
    let nowhere = Actor { account: AccountId(0), ..operator(&house.engine) };
    let Reply::User(user) = house.engine.run(nowhere, Command::AddUser).await.unwrap() else { panic!("a person") };
    let actor = Actor { account: ACCOUNT, principal: Principal::User(user), authenticated_at: house.engine.now() };
    house.engine.run(actor, Command::FoundAccount { name: "Sur".into() }).await.unwrap();
    house.join("neighbour", user);
    house.users.insert("neighbour".into(), user);
    user
}

#[tokio::test]
async fn a_number_elsewhere_answers_everywhere_like_one_that_never_was() {
    let mut witness = Witness::new(false).await;
    let outside = neighbour(&mut witness.house).await.to_string();
    let never = "usr-9999".to_owned();
    let owner = witness.house.sign_in("owner").await;
    let grant =
        |user: &str| json!({ "action": "add_grant", "params": { "user": user, "role": "viewer", "scope": "all" } });
    let named = |name: &str, user: &str| json!({ "action": name, "params": { "user": user } });
    let transfer = |user: &str| json!({ "action": "transfer_ownership", "params": { "to": user } });
    let recover = |user: &str| json!({ "action": "recover", "params": { "remove": [user] } });
    let mut calls: Vec<Call> = vec![
        Box::new(|user| ("GET", format!("/explain?subject={user}&action=device.list"), Value::Null)),
        Box::new(|user| ("GET", format!("/approval-policies/simulate?remove={user}"), Value::Null)),
        Box::new(|user| ("POST", "/approval-policies/simulate".into(), json!({ "roles": { user: "viewer" } }))),
        Box::new(|user| ("GET", format!("/audit?object={user}"), Value::Null)),
        Box::new(|user| ("GET", format!("/requests?box=all&initiator={user}"), Value::Null)),
    ];
    for path in ["/requests", "/requests/preview"] {
        calls.push(Box::new(move |user| ("POST", path.into(), json!({ "action": grant(user), "reason": "why" }))));
        for name in ["remove_user", "suspend_user", "unsuspend_user"] {
            calls.push(Box::new(move |user| {
                ("POST", path.into(), json!({ "action": named(name, user), "reason": "why" }))
            }));
        }
        calls.push(Box::new(move |user| ("POST", path.into(), json!({ "action": transfer(user), "reason": "why" }))));
        calls.push(Box::new(move |user| ("POST", path.into(), json!({ "action": recover(user), "reason": "why" }))));
    }
    for call in calls {
        let mut told = Vec::new();
        for user in [&outside, &never] {
            let (method, path, body) = call(user);
            let answer = witness.ask(method, &path, Some(&owner), body).await;
            told.push((path.replace(user, "?"), answer.status, answer.text.replace(user.as_str(), "?")));
        }
        assert_eq!(told[0], told[1]);
    }
}

#[tokio::test]
async fn of_whoever_has_not_opened_the_account_their_email_is_shown_and_nothing_else() {
    let mut witness = Witness::new(false).await;
    let user = neighbour(&mut witness.house).await;
    let neighbour = witness.house.sign_in("neighbour").await;
    let owner = witness.house.sign_in("owner").await;
    let asked = json!({ "email": "neighbour@adit.test", "role": "administrator", "scope": "all" });
    let made = witness.ask("POST", "/people", Some(&owner), asked).await;
    assert_eq!((made.status.as_u16(), &made.body["state"]), (201, &json!("executed")), "{}", made.text);
    let person = async |witness: &mut Witness| {
        let page = witness.ask("GET", "/people", Some(&owner), Value::Null).await;
        let document = Document::read();
        assert_eq!(document.faults(document.schema("PeoplePage"), &page.body), Vec::<String>::new());
        page.body["items"].as_array().unwrap().iter().find(|one| one["email"] == "neighbour@adit.test").cloned()
    };
    let listed = person(&mut witness).await.unwrap();
    assert_eq!(
        (&listed["name"], &listed["last_seen_at"], &listed["opened"], &listed["second_factor"]),
        (&json!("neighbour@adit.test"), &Value::Null, &json!(false), &Value::Null)
    );
    for path in ["/audit?limit=200", "/people", "/requests?box=all", "/approval-policies", "/me/inbox"] {
        let answer = witness.ask("GET", path, Some(&owner), Value::Null).await;
        assert!(!answer.text.contains("Person neighbour"), "{path}: {}", answer.text);
    }
    let added = witness.ask("GET", "/audit?type=user_added", Some(&owner), Value::Null).await;
    assert!(!added.text.contains(&format!("\"{user}\"")) || added.text.contains("acc-1"), "{}", added.text);

    // Their session goes on where it was; the other account is an offer.
    let session = witness.ask("GET", "/session", Some(&neighbour), Value::Null).await;
    assert_eq!(session.body["account"]["name"], "Sur");
    let offered = session.body["accounts"].as_array().unwrap().iter().find(|one| one["id"] == "acc-1").unwrap();
    assert_eq!(offered["opened"], false);
    let declined = witness.ask("DELETE", "/session/accounts/acc-1", Some(&neighbour), Value::Null).await;
    assert_eq!(declined.status, 204, "{}", declined.text);
    assert!(person(&mut witness).await.is_none());
    let again = witness.ask("DELETE", "/session/accounts/acc-1", Some(&neighbour), Value::Null).await;
    assert_eq!(again.status, 404);

    let asked = json!({ "email": "neighbour@adit.test", "role": "administrator", "scope": "all" });
    witness.ask("POST", "/people", Some(&owner), asked).await;
    let chosen = witness.ask("POST", "/session/account", Some(&neighbour), json!({ "account": "acc-1" })).await;
    assert_eq!(chosen.body["account"]["id"], "acc-1", "{}", chosen.text);
    let listed = person(&mut witness).await.unwrap();
    assert_eq!((&listed["name"], &listed["opened"]), (&json!("Person neighbour"), &json!(true)));
    assert!(listed["last_seen_at"].is_i64());
    let late = witness.ask("DELETE", "/session/accounts/acc-1", Some(&neighbour), Value::Null).await;
    assert_eq!(late.status, 409, "from then on they leave");
}

#[tokio::test]
async fn whoever_holds_nothing_but_an_offer_signs_in_and_is_asked() {
    let mut witness = Witness::new(false).await;
    let Reply::User(user) = witness.house.engine.run(operator(&witness.house.engine), Command::AddUser).await.unwrap()
    else {
        panic!("a person")
    };
    witness.house.join("guest", user);
    let owner = witness.house.sign_in("owner").await;
    let asked = json!({ "email": "guest@adit.test", "role": "viewer", "scope": "all" });
    assert_eq!(witness.ask("POST", "/people", Some(&owner), asked).await.status, 201);
    let body = json!({ "email": "guest@adit.test", "password": PASSWORD });
    let answer = witness.ask("POST", "/session", None, body).await;
    assert_eq!((answer.status.as_u16(), &answer.body["code"]), (403, &json!("account_unopened")), "{}", answer.text);
    let cookie = answer.header("set-cookie").split(';').next().unwrap().to_owned();
    let guest = Signed { cookie, csrf: String::new() };
    assert_eq!(witness.ask("GET", "/devices", Some(&guest), Value::Null).await.status, 403);
    let list = witness.ask("GET", "/session/accounts", Some(&guest), Value::Null).await;
    assert_eq!((&list.body["items"][0]["id"], &list.body["items"][0]["opened"]), (&json!("acc-1"), &json!(false)));
    let guest = Signed { csrf: list.body["csrf"].as_str().unwrap().into(), ..guest };
    let chosen = witness.ask("POST", "/session/account", Some(&guest), json!({ "account": "acc-1" })).await;
    assert_eq!(chosen.status, 200, "{}", chosen.text);
    assert_eq!(witness.ask("GET", "/devices", Some(&guest), Value::Null).await.status, 200);
}

#[tokio::test]
async fn a_changed_sign_in_is_told_by_letter_and_holds_keys_that_write_back_for_a_day() {
    let mut witness = Witness::new(true).await;
    let user = witness.house.users["operations_manager"];
    let grant = NewGrant { api_access: ApiAccess::ReadWrite, ..NewGrant::new(user, Role::Administrator, Scope::All) };
    witness.house.request("owner", Action::Control(Control::AddGrant(grant)), &[]).await;
    let state = witness.house.engine.state();
    let grant = state.grants_of(ACCOUNT).find(|grant| !grant.api_access.is_none()).unwrap().id;
    let owner = witness.house.sign_in("owner").await;
    let key =
        json!({ "grant": grant, "name": "Miner", "access": "read_write", "expires_in_days": 30, "from": "anywhere" });
    let issued = witness.ask("POST", "/keys", Some(&owner), key).await;
    let token = issued.body["token"].as_str().unwrap().to_owned();
    let reboot = async |witness: &Witness| {
        let body = json!({ "action": { "action": "locate", "params": { "on": true } }, "targets": ["dev-1"] });
        let request = axum::http::Request::post("/api/v1/requests")
            .header("authorization", format!("Bearer {token}"))
            .header("content-type", "application/json")
            .body(axum::body::Body::from(body.to_string()));
        witness.house.send(request.unwrap()).await.status.as_u16()
    };
    assert_eq!(reboot(&witness).await, 201);
    let manager = witness.house.sign_in("operations_manager").await;
    let change = json!({ "current": PASSWORD, "password": NEW });
    assert_eq!(witness.ask("PUT", "/me/password", Some(&manager), change).await.status, 204);
    // Beside letters about what they were given.
    loop {
        let letter = bounded("a letter", witness.mail.as_mut().unwrap().letter()).await.unwrap();
        if letter.to[0] == "operations_manager@adit.test" && letter.text.contains("there is a new password") {
            break;
        }
    }
    assert_eq!(reboot(&witness).await, 403);
    witness.house.later(Millis::hours(24)).await;
    assert_ne!(reboot(&witness).await, 403);
}

#[tokio::test]
async fn a_second_factor_that_is_counted_on_is_not_given_up() {
    let mut witness = Witness::new(true).await;
    for name in ["owner", "administrator"] {
        let who = witness.house.sign_in(name).await;
        let drawn = witness.ask("POST", "/me/totp", Some(&who), json!({})).await;
        assert_eq!(drawn.status, 200, "{}", drawn.text);
        let secret = totp_secret(drawn.body["secret"].as_str().unwrap());
        let code = adit_server::sign_in::totp::code_at(&secret, witness.house.engine.now()).unwrap();
        let confirmed = witness.ask("POST", "/me/totp/confirm", Some(&who), json!({ "code": code })).await;
        assert_eq!(confirmed.status, 200, "{}", confirmed.text);
        let letter = bounded("a letter", witness.mail.as_mut().unwrap().letter()).await.unwrap();
        assert!(letter.text.contains("one-time codes are asked for"), "{}", letter.text);
        if name == "owner" {
            let on = json!({ "action": { "action": "set_second_factor_required", "params": { "on": true } } });
            let asked = witness.ask("POST", "/requests", Some(&who), on).await;
            assert_eq!(asked.body["state"], "executed", "{}", asked.text);
            let refused = witness.ask("DELETE", "/me/totp", Some(&who), json!({})).await;
            assert_eq!(
                (refused.status.as_u16(), &refused.body["code"]),
                (409, &json!("would_lock_out")),
                "{}",
                refused.text
            );
            let policies = witness.ask("GET", "/approval-policies", Some(&who), Value::Null).await;
            assert_eq!(policies.body["second_factor_required"], true);
        }
    }
    let open = witness.house.engine.state().open_requests().filter(|r| r.state == RequestState::Pending).count();
    assert_eq!(open, 0);
}

/// Base32 without padding.
fn totp_secret(text: &str) -> Vec<u8> {
    let letters = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let (mut bytes, mut bits, mut value) = (Vec::new(), 0, 0_u32);
    for letter in text.bytes() {
        value = value << 5 | letters.iter().position(|known| *known == letter).unwrap() as u32;
        bits += 5;
        if bits >= 8 {
            bits -= 8;
            bytes.push((value >> bits) as u8);
            value &= (1 << bits) - 1;
        }
    }
    bytes
}
