//! API keys through the interface: what their people do about them, what they open, and what they are told when they do not.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Permission, Role, catalogue::Risk},
    time::Millis,
};
use adit_server::net::Origin;
use axum::{
    body::Body,
    http::{Request, header},
};
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use std::net::SocketAddr;
use support::{
    ACCOUNT,
    house::{Answer, House, Signed},
    schema::Document,
};

const ADDRESS: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";
const HERE: &str = "203.0.113.7:4711";

/// The grant of somebody who is called after their role, with API access from now on.
async fn with_access(house: &House, name: &str, access: &str) -> Value {
    let owner = house.sign_in("owner").await;
    let state = house.engine.state();
    let grant = state.grants_of(ACCOUNT).find(|grant| grant.user == house.users[name]).unwrap().id;
    let params = json!({ "grant": grant, "role": name, "scope": "all", "api_access": access });
    let body = json!({ "action": { "action": "change_grant", "params": params } });
    let given = house.ask("POST", "/api/v1/requests", Some(&owner), Some(&body)).await;
    assert_eq!(given.status, 201, "{name}: {}", given.text);
    json!(grant)
}

async fn ask(house: &House, who: &Signed, method: &str, path: &str, body: Value) -> Answer {
    house.ask(method, &format!("/api/v1{path}"), Some(who), Some(&body)).await
}

fn text(answer: &Answer, field: &str) -> String {
    answer.body[field].as_str().unwrap_or_else(|| panic!("{field}: {}", answer.text)).to_owned()
}

/// A call with a key from somewhere.
async fn call(
    house: &House,
    token: &str,
    peer: &str,
    method: &str,
    path: &str,
    body: &str,
    more: &[(&str, String)],
) -> Answer {
    let peer: SocketAddr = peer.parse().unwrap();
    let request = Request::builder()
        .method(method)
        .uri(path)
        .header(header::AUTHORIZATION, format!("Bearer {token}"))
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, "books/1.0")
        .extension(Origin(peer.ip()));
    let request = more.iter().fold(request, |request, (name, value)| request.header(*name, value));
    house.send(request.body(Body::from(body.to_owned())).unwrap()).await
}

async fn look(house: &House, token: &str, peer: &str) -> (u16, Value) {
    let answer = call(house, token, peer, "GET", "/api/v1/overview", "", &[]).await;
    (answer.status.as_u16(), answer.body["code"].clone())
}

fn fits(answer: &Answer, schema: &str) {
    let document = Document::read();
    let faults = document.faults(document.schema(schema), &answer.body);
    assert!(faults.is_empty(), "{schema}: {faults:#?} {}", answer.text);
}

#[tokio::test]
async fn e080_whoever_has_api_access_looks_after_their_own_keys_alone() {
    let house = House::new().await;
    let grant = with_access(&house, "accountant", "read_write").await;
    let (accountant, owner) = (house.sign_in("accountant").await, house.sign_in("owner").await);
    let new = json!({ "grant": grant, "name": "Books", "access": "read_only" });
    let strangers = ask(&house, &owner, "POST", "/me/keys", new.clone()).await;
    assert_eq!(strangers.status, 404, "somebody else's grant: {}", strangers.text);
    let made = ask(&house, &accountant, "POST", "/me/keys", new).await;
    assert_eq!(made.status, 201, "{}", made.text);
    fits(&made, "ApiKeyIssued");
    assert_eq!((&made.body["request"], &made.body["key"]["standing"]), (&Value::Null, &json!("live")));
    let token = text(&made, "token");
    assert_eq!(look(&house, &token, HERE).await.0, 200);
    assert_eq!(look(&house, &token, "198.51.100.9:1").await.0, 200);

    let listed = house.get("me/keys", &accountant).await;
    fits(&listed, "OwnApiKeys");
    let key = &listed.body["items"][0];
    assert_eq!((&key["calls"], &key["last_used"]["address"]), (&json!(2), &json!("198.51.100.9")));
    assert_eq!(key["last_used"]["agent"], "books/1.0");
    assert_eq!(key["token_id"], json!(token.split('_').nth(2).unwrap()));
    assert_eq!(listed.body["grants"][0]["api_access"], "read_write");
    assert!(!listed.text.contains(&token), "shown once");
    assert_eq!(house.get("me/keys", &owner).await.body, json!({ "grants": [], "items": [] }));

    let id = text(&Answer { body: key.clone(), ..house.get("me/keys", &accountant).await }, "id");
    let path = format!("/me/keys/{id}");
    let narrower = json!({ "name": "Books, Zug", "from": { "networks": ["203.0.113.99/24"] } });
    assert_eq!(ask(&house, &owner, "PUT", &path, narrower.clone()).await.status, 404);
    let changed = ask(&house, &accountant, "PUT", &path, narrower).await;
    assert_eq!(changed.body["from"], json!({ "networks": ["203.0.113.0/24"] }), "{}", changed.text);
    assert_eq!(changed.body["name"], "Books, Zug");
    assert_eq!(look(&house, &token, "198.51.100.9:1").await, (403, json!("key_address")));
    let wider = ask(&house, &accountant, "PUT", &path, json!({ "from": "anywhere" })).await;
    assert_eq!((wider.status.as_u16(), &wider.body["errors"][0]["pointer"]), (422, &json!("/from")), "{}", wider.text);

    let rotation = format!("{path}/rotation");
    assert_eq!(ask(&house, &accountant, "POST", &rotation, json!({ "overlap_hours": 169 })).await.status, 422);
    assert_eq!(ask(&house, &owner, "POST", &rotation, json!({})).await.status, 404);
    let rotated = ask(&house, &accountant, "POST", &rotation, json!({ "overlap_hours": 2 })).await;
    fits(&rotated, "ApiKeyRotated");
    let newer = text(&rotated, "token");
    assert_ne!(rotated.body["signing_secret"], made.body["signing_secret"]);
    assert_eq!((look(&house, &token, HERE).await.0, look(&house, &newer, HERE).await.0), (200, 200));
    house.later(Millis::hours(2)).await;
    assert_eq!(look(&house, &token, HERE).await, (401, json!("key_replaced")));
    assert_eq!(look(&house, &newer, HERE).await.0, 200);
    assert_eq!(house.get("me/keys", &accountant).await.body["items"][0]["former"], Value::Null);

    let accountant = house.sign_in("accountant").await;
    let freeze = json!({ "action": { "action": "freeze_account", "params": {} } });
    assert!(ask(&house, &owner, "POST", "/requests", freeze).await.status.is_success());
    assert_eq!(house.ask("DELETE", &format!("/api/v1{path}"), Some(&accountant), None).await.status, 204);
    assert_eq!(look(&house, &newer, HERE).await, (401, json!("key_revoked")));
    assert_eq!(house.get("me/keys", &accountant).await.body["items"][0]["standing"], "key_revoked");
}

#[tokio::test]
async fn a_key_that_writes_waits_for_who_approves_it_and_shows_them_all_of_it() {
    let house = House::new().await;
    let grant = with_access(&house, "accountant", "read_write").await;
    let accountant = house.sign_in("accountant").await;
    let new = |more: Value| {
        let mut body = json!({ "grant": grant, "name": "Treasury", "access": "read_write" });
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        body
    };
    for more in
        [json!({}), json!({ "from": { "networks": [] } }), json!({ "from": "anywhere", "expires_in_days": 366 })]
    {
        let refused = ask(&house, &accountant, "POST", "/me/keys", new(more.clone())).await;
        assert_eq!(refused.status, 422, "{more}: {}", refused.text);
    }
    let more = json!({ "from": { "networks": ["203.0.113.0/24"] }, "require_hmac": true });
    let asked = ask(&house, &accountant, "POST", "/me/keys", new(more)).await;
    assert_eq!((asked.status.as_u16(), &asked.body["key"]), (202, &Value::Null), "{}", asked.text);
    fits(&asked, "ApiKeyIssued");
    let token = text(&asked, "token");
    assert_eq!(look(&house, &token, HERE).await, (401, json!("invalid_key")), "it opens nothing yet");
    let request = &asked.body["request"];
    let shown = request["changes"].to_string();
    let id = token.split('_').nth(2).unwrap();
    for word in ["Treasury", "read and write", "203.0.113.0/24", "must be signed", "Accountant", id] {
        assert!(shown.contains(word), "{word} in {shown}");
    }
    let administrator = house.sign_in("administrator").await;
    let vote = json!({ "decision": "approve", "content_hash": request["content_hash"] });
    let path = format!("/requests/{}/votes", request["id"].as_str().unwrap());
    assert_eq!(ask(&house, &administrator, "POST", &path, vote).await.body["state"], "executed");
    assert_eq!(look(&house, &token, HERE).await.0, 200);
    let listed = house.get("me/keys", &accountant).await.body["items"][0].clone();
    let days = (listed["expires_at"].as_i64().unwrap() - listed["issued_at"].as_i64().unwrap()) / 86_400_000;
    assert!((89..=90).contains(&days), "as nothing was said: {days}");
}

#[tokio::test]
async fn e078_a_key_reads_whatever_its_role_may_look_at_and_is_told_of_itself_where_not() {
    let house = House::new().await;
    let document = Document::read();
    for role in [Role::Accountant, Role::Auditor, Role::Technician, Role::Viewer] {
        let grant = with_access(&house, role.name(), "read_only").await;
        let who = house.sign_in(role.name()).await;
        let new = json!({ "grant": grant, "name": "Looks", "access": "read_only" });
        let token = text(&ask(&house, &who, "POST", "/me/keys", new).await, "token");
        for (method, path, operation) in document.operations() {
            let needs = operation["x-permission"].as_str().unwrap();
            if needs == "public" {
                continue;
            }
            let name = format!("{method} {path} by a key of {}", role.name());
            let ways = operation["security"].as_array().unwrap();
            let by_key = ways.iter().any(|way| way.get("api_key").is_some());
            let permission = Permission::named(needs);
            let looks = method == "GET" && permission.is_some_and(|permission| permission.info().risk == Risk::Read);
            assert!(
                !looks || by_key || ["/api/v1/events", "/api/v1/draft"].contains(&path.as_str()),
                "{name}: lets no key in"
            );
            let holds = permission.is_none_or(|needs| needs.info().risk == Risk::Read && needs.info().held_by(role));
            let at = path
                .replace("{id}", "dev-99")
                .replace("{change}", "1")
                .replace("{delivery}", "1")
                .replace("{device}", "dev-99");
            let query = match path.rsplit('/').next() {
                Some("simulate") if method == "GET" => "?remove=usr-99",
                Some("as-of") => "?seq=1",
                Some("explain") => "?subject=usr-99&action=device.reboot",
                _ => "",
            };
            let answer = call(&house, &token, HERE, &method, &format!("{at}{query}"), "{}", &[]).await;
            if by_key && holds {
                assert!(
                    ![401, 405].contains(&answer.status.as_u16()) && !answer.status.is_server_error(),
                    "{name}: {}",
                    answer.text
                );
                // About others, explain needs user.view.
                assert!(answer.status != 403 || path.ends_with("/explain"), "{name}: {}", answer.text);
            } else {
                assert_eq!(
                    (answer.status.as_u16(), &answer.body["code"]),
                    (403, &json!("key_scope")),
                    "{name}: {}",
                    answer.text
                );
                assert!(text(&answer, "detail").contains("key"), "{name}: of the key, not of roles");
            }
        }
        let seen = call(&house, &token, HERE, "GET", "/api/v1/devices", "", &[]).await;
        assert_eq!(seen.body["total"], 4, "all of the account");
    }
}

#[tokio::test]
async fn e078_e081_why_a_key_is_refused_is_told_apart() {
    let house = House::new().await;
    let grant = with_access(&house, "accountant", "read_write").await;
    let (accountant, owner) = (house.sign_in("accountant").await, house.sign_in("owner").await);
    let new = |access: &str| json!({ "grant": grant, "name": "Books", "access": access, "expires_in_days": 1, "from": "anywhere" });
    let reads = text(&ask(&house, &accountant, "POST", "/me/keys", new("read_only")).await, "token");
    let writes = text(&ask(&house, &owner, "POST", "/keys", new("read_write")).await, "token");
    let wallet =
        json!({ "action": { "action": "set_wallet", "params": { "sub_account": "sub-1", "address": ADDRESS } } });
    let reboot = json!({ "action": { "action": "reboot", "params": {} }, "targets": ["dev-1"] });
    for (token, body, words) in [
        (
            &reads,
            &wallet,
            "this API key is read-only, and to change payout addresses (wallet.change) takes one that writes",
        ),
        (&writes, &reboot, "the grant of this API key does not let it reboot devices (device.reboot)"),
    ] {
        let refused = call(&house, token, HERE, "POST", "/api/v1/requests", &body.to_string(), &[]).await;
        assert_eq!((refused.status.as_u16(), &refused.body["code"]), (403, &json!("key_scope")), "{}", refused.text);
        assert!(text(&refused, "detail").starts_with(words), "{}", refused.text);
    }
    let vote = call(&house, &writes, HERE, "GET", "/api/v1/session", "", &[]).await;
    assert_eq!((vote.status.as_u16(), &vote.body["code"]), (403, &json!("key_scope")), "{}", vote.text);
    // Whoever is signed in as well is nobody beside the key.
    let both = call(&house, &reads, HERE, "GET", "/api/v1/session", "", &[("cookie", owner.cookie.clone())]).await;
    assert_eq!(both.status, 403, "{}", both.text);
    let mut mistyped = reads.clone();
    mistyped.replace_range(20..21, if reads.as_bytes()[20] == b'0' { "1" } else { "0" });
    assert_eq!(look(&house, &mistyped, HERE).await, (401, json!("invalid_key")));

    let authzen = call(&house, &mistyped, HERE, "POST", "/access/v1/evaluation", "{}", &[]).await;
    assert_eq!(authzen.status, 401);
    assert!(authzen.text.starts_with("this is no API key"), "a sentence: {}", authzen.text);

    let suspend =
        |action: &str| json!({ "action": { "action": action, "params": { "user": house.users["accountant"] } } });
    assert!(ask(&house, &owner, "POST", "/requests", suspend("suspend_user")).await.status.is_success());
    assert_eq!(look(&house, &reads, HERE).await, (401, json!("key_grant_ended")));
    assert!(ask(&house, &owner, "POST", "/requests", suspend("unsuspend_user")).await.status.is_success());
    assert_eq!(look(&house, &reads, HERE).await.0, 200);
    house.later(Millis::days(1)).await;
    assert_eq!(look(&house, &reads, HERE).await, (401, json!("key_expired")));
}

fn signed(secret: &str, token: &str, at: i64, nonce: &str, body: &str) -> Vec<(&'static str, String)> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let id = token.split('_').nth(2).unwrap();
    let text = format!("POST\n/api/v1/requests\n\n{}\n{at}\n{nonce}\n{id}", hex(&Sha256::digest(body)));
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    let signature = hex(&mac.finalize().into_bytes());
    vec![("x-adit-timestamp", at.to_string()), ("x-adit-nonce", nonce.to_owned()), ("x-adit-signature", signature)]
}

#[tokio::test]
async fn a_key_that_must_sign_moves_no_money_without_and_no_call_counts_twice() {
    let house = House::new().await;
    let grant = with_access(&house, "accountant", "read_write").await;
    let owner = house.sign_in("owner").await;
    ask(&house, &owner, "POST", "/sub-accounts", json!({ "name": "hosting" })).await;
    let new =
        json!({ "grant": grant, "name": "Treasury", "access": "read_write", "from": "anywhere", "require_hmac": true });
    let made = ask(&house, &owner, "POST", "/keys", new).await;
    let (token, secret) = (text(&made, "token"), text(&made, "signing_secret"));
    let body =
        json!({ "action": { "action": "set_wallet", "params": { "sub_account": "sub-1", "address": ADDRESS } } })
            .to_string();
    let post = async |body: &str, more: &[(&str, String)]| {
        call(&house, &token, HERE, "POST", "/api/v1/requests", body, more).await
    };
    let code = |answer: &Answer| (answer.status.as_u16(), answer.body["code"].as_str().unwrap_or_default().to_owned());
    assert_eq!(look(&house, &token, HERE).await.0, 200, "looking needs no signature");
    assert_eq!(code(&post(&body, &[]).await), (401, "key_signature".into()));
    let now = house.engine.now().0;
    let first = signed(&secret, &token, now, "nonce-nonce-nonce-1", &body);
    assert_eq!(
        code(&post(&body.replace("sub-1", "sub-2"), &first).await),
        (401, "key_signature".into()),
        "another body"
    );
    let by_hash = signed(&token, &token, now, "nonce-nonce-nonce-1", &body);
    assert_eq!(code(&post(&body, &by_hash).await), (401, "key_signature".into()), "the token signs nothing");
    assert_eq!(code(&post(&body, &first[..2]).await), (401, "key_signature".into()), "half of it");
    let late = post(&body, &signed(&secret, &token, now - 31_000, "nonce-nonce-nonce-2", &body)).await;
    assert_eq!(code(&late), (401, "key_clock".into()));
    assert!((late.body["server_time"].as_i64().unwrap() - now).abs() < 60_000, "{}", late.text);
    assert!(
        house
            .engine
            .state()
            .requests()
            .all(|request| request.payload.initiator != adit_core::authz::Principal::ApiKey(adit_core::ids::KeyId(1)))
    );

    let asked = post(&body, &first).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    assert_eq!(code(&post(&body, &first).await), (401, "key_nonce".into()), "recorded and sent again");
    // Whoever must not sign may, and a wrong signature is refused all the same.
    let wrong = call(&house, &token, HERE, "GET", "/api/v1/overview", "", &first).await;
    assert_eq!(code(&wrong), (401, "key_signature".into()));
}

#[tokio::test]
async fn calls_are_counted_and_written_down_once_a_minute() {
    let house = House::new().await;
    let grant = with_access(&house, "viewer", "read_only").await;
    let who = house.sign_in("viewer").await;
    let new = json!({ "grant": grant, "name": "Looks", "access": "read_only" });
    let token = text(&ask(&house, &who, "POST", "/me/keys", new).await, "token");
    let written = || house.people.lock().unwrap().key_use(adit_core::ids::KeyId(1)).unwrap().map(|used| used.calls);
    let seq = house.engine.state().seq();
    assert_eq!(written(), None);
    for _ in 0..3 {
        assert_eq!(look(&house, &token, HERE).await.0, 200);
    }
    assert_eq!(written(), Some(1), "the first at once, the others with the next minute's");
    house.later(Millis::minutes(1)).await;
    assert_eq!(look(&house, &token, "203.0.113.9:1").await.0, 200);
    assert_eq!(written(), Some(4));
    assert_eq!(house.engine.state().seq(), seq, "the log does not grow with every question");
    assert_eq!(house.get("me/keys", &who).await.body["items"][0]["calls"], 4);
}
