//! Wallets and allocations through the interface, by people and by programs with an API key.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::Actor,
    command::Command,
    ids::SubAccountId,
    requests::{Action, Control, PolicyChange, Scenario},
    time::Millis,
};
use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Value, json};
use support::{
    house::{Answer, House, Signed},
    schema::Document,
};

const OLD: &str = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
const NEW: &str = "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa";

fn fits(answer: &Answer, schema: &str) {
    let document = Document::read();
    let faults = document.faults(document.schema(schema), &answer.body);
    assert!(faults.is_empty(), "{faults:#?}");
}

async fn ask(house: &House, who: &Signed, action: Value) -> Answer {
    house.ask("POST", "/api/v1/requests", Some(who), Some(&json!({ "action": action }))).await
}

fn wallet(address: &str) -> Value {
    json!({ "action": "set_wallet", "params": { "sub_account": "sub-1", "address": address } })
}

fn allocation(shares: &[(&str, u32)]) -> Value {
    let share = |(to, basis_points): &(&str, u32)| {
        let recipient = match *to {
            "wallet" => json!({ "to": "wallet" }),
            sub if sub.starts_with("sub-") => json!({ "to": "sub_account", "sub_account": sub }),
            address => json!({ "to": "address", "address": address }),
        };
        json!({ "recipient": recipient, "basis_points": basis_points })
    };
    let shares: Vec<_> = shares.iter().map(share).collect();
    json!({ "action": "set_allocation", "params": { "sub_account": "sub-1", "shares": shares } })
}

/// Two sub-accounts, the first with a wallet.
async fn house() -> (House, Signed) {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    for name in ["hosting", "reserve"] {
        let made = house.ask("POST", "/api/v1/sub-accounts", Some(&owner), Some(&json!({ "name": name }))).await;
        assert_eq!(made.status, 201);
    }
    assert_eq!(ask(&house, &owner, wallet(OLD)).await.status, 201);
    house.later(Millis::hours(24)).await;
    let owner = house.sign_in("owner").await;
    (house, owner)
}

/// A token that acts by the Accountant's grant.
async fn key(house: &House, owner: &Signed, access: &str) -> String {
    let state = house.engine.state();
    let grant = state.grants_of(support::ACCOUNT).find(|grant| grant.user == house.users["accountant"]).unwrap().id;
    let params = json!({ "grant": grant, "role": "accountant", "scope": "all", "api_access": access });
    let given = ask(house, owner, json!({ "action": "change_grant", "params": params })).await;
    assert_eq!(given.status, 201, "{}", given.text);
    let asked = json!({ "grant": grant, "name": "Treasury", "access": access, "from": "anywhere" });
    let issued = house.ask("POST", "/api/v1/keys", Some(owner), Some(&asked)).await;
    assert_eq!(issued.status, 201, "{}", issued.text);
    issued.body["token"].as_str().unwrap().to_owned()
}

async fn with_key(house: &House, token: &str, method: &str, path: &str, body: Option<Value>) -> Answer {
    let request = Request::builder().method(method).uri(format!("/api/v1/{path}"));
    let request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
    let request = request.header(header::CONTENT_TYPE, "application/json");
    house.send(request.body(body.map_or_else(Body::empty, |body| Body::from(body.to_string()))).unwrap()).await
}

#[tokio::test]
async fn e068_shares_that_are_not_the_whole_are_refused_before_anybody_is_asked() {
    let (house, owner) = house().await;
    let before = house.engine.state().requests().count();
    for rest in [4_999, 5_001] {
        let refused = ask(&house, &owner, allocation(&[("wallet", 5_000), ("sub-2", rest)])).await;
        assert_eq!((refused.status.as_u16(), &refused.body["code"]), (422, &json!("invalid")));
        let sum = (5_000 + rest).to_string();
        assert!(refused.body["detail"].as_str().unwrap().contains(&sum), "{}", refused.text);
    }
    assert_eq!(house.engine.state().requests().count(), before);
    let made = ask(&house, &owner, allocation(&[("wallet", 5_000), ("sub-2", 5_000)])).await;
    assert_eq!(made.status, 201);
    let rows = [&made.body["changes"][0], &made.body["changes"][1]].map(|row| &row["text"]);
    assert_eq!(rows[0], &json!("Share of reserve (sub-2): money goes elsewhere: none \u{2192} 50.00 %"));
    assert_eq!(rows[1], &json!("Share of its own wallet: 100.00 % \u{2192} 50.00 %"));
    let seen = house.get("sub-accounts/sub-1/allocation", &owner).await;
    fits(&seen, "AllocationOf");
    assert_eq!(seen.body["current"]["version"], 0, "until midnight");
    assert_eq!(seen.body["coming"]["version"], 1);
}

#[tokio::test]
async fn the_list_tells_of_each_ones_money_and_of_none_to_whoever_may_not_see_it() {
    let (house, _) = house().await;
    let day = house.engine.now().before(Millis::days(1)).day();
    let earned = Command::SettleEarnings { day, earned: [(SubAccountId(1), 4_321)].into() };
    house.engine.run(Actor::system(support::ACCOUNT), earned).await.unwrap();
    let some = json!({ "due_sat": 4_321, "address": "\u{2026}f3t4" });
    let none = json!({ "due_sat": 0, "address": null });
    for (who, [first, second]) in
        [("owner", [&some, &none]), ("reporting_manager", [&some, &none]), ("viewer", [&Value::Null; 2])]
    {
        let who = house.sign_in(who).await;
        let listed = house.get("sub-accounts", &who).await;
        fits(&listed, "SubAccountPage");
        let told = [0, 1].map(|at| &listed.body["items"][at]["money"]);
        assert_eq!(told, [first, second], "{}", listed.text);
        assert!(!listed.text.contains(OLD), "{}", listed.text);
    }
}

#[tokio::test]
async fn addresses_are_checked_and_shown_to_those_who_may_see_wallets() {
    let (house, owner) = house().await;
    for (wrong, why) in [
        ("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5", "checksum"),
        ("tb1qw508d6qejxtdg4y5r3zarvary0c5xw7kxpjzsx", "main network"),
        ("nonsense", "not a Bitcoin address"),
    ] {
        let refused = ask(&house, &owner, wallet(wrong)).await;
        assert_eq!(refused.status, 422, "{wrong}");
        assert!(refused.body["detail"].as_str().unwrap().contains(why), "{}", refused.text);
    }
    let made = ask(&house, &owner, wallet(NEW)).await;
    assert_eq!((made.status.as_u16(), &made.body["state"]), (201, &json!("approved")));
    fits(&made, "Request");
    let first = &made.body["changes"][0];
    assert_eq!((&first["old"], &first["new"], &first["weight"]), (&json!(OLD), &json!(NEW), &json!("money")));
    let seen = house.get("sub-accounts/sub-1/wallet", &owner).await;
    fits(&seen, "WalletOf");
    assert_eq!((&seen.body["current"]["address"], &seen.body["coming"]["address"]), (&json!(OLD), &json!(NEW)));
    assert_eq!(seen.body["coming"]["holds"], true);
    assert_eq!(seen.body["coming"]["by"], made.body["initiator"]);
    assert_eq!(seen.body["hold"], seen.body["coming"]);
    assert_eq!(made.body["title"], "Change the wallet of hosting");
    assert_eq!((&made.body["rule"]["timelock_s"], &made.body["rule"]["runs_at_once"]), (&json!(86_400), &json!(false)));
    let day = made.body["not_before"].as_i64().unwrap() - made.body["created_at"].as_i64().unwrap();
    assert_eq!(day, 86_400_000);
    assert_eq!(house.get("sub-accounts/sub-9/wallet", &owner).await.status, 404);

    let to_new = ask(&house, &owner, allocation(&[("wallet", 9_000), (NEW, 1_000)])).await;
    assert_eq!(to_new.body["state"], "approved", "a new address waits");
    let waits = house.get("sub-accounts/sub-1/allocation", &owner).await;
    fits(&waits, "AllocationOf");
    assert_eq!(waits.body["masked"], false);
    assert_eq!(waits.body["waits"]["shares"][1]["recipient"]["address"], NEW);
    let reporter = house.sign_in("reporting_manager").await;
    let waits = house.get("sub-accounts/sub-1/allocation", &reporter).await;
    assert_eq!(waits.body["masked"], true);
    assert_eq!(waits.body["waits"]["shares"][1]["recipient"]["address"], "\u{2026}vfNa");
    house.later(Millis::hours(24)).await;
    let reporter = house.sign_in("reporting_manager").await;
    assert_eq!(house.get("sub-accounts/sub-1/wallet", &reporter).await.status, 403);
    let owner = house.sign_in("owner").await;
    let split = format!("requests/{}", to_new.body["id"].as_str().unwrap());
    for path in ["sub-accounts/sub-1/allocation", &split] {
        let whole = house.get(path, &owner).await;
        assert!(whole.text.contains(NEW), "{path}: {}", whole.text);
        let masked = house.get(path, &reporter).await;
        assert_eq!(masked.status, 200, "{path}");
        assert!(!masked.text.contains(NEW) && masked.text.contains("\u{2026}vfNa"), "{path}: {}", masked.text);
    }
    let request = format!("requests/{}", made.body["id"].as_str().unwrap());
    assert_eq!(house.get(&request, &reporter).await.status, 404, "a wallet's change is for those who see wallets");
    let audit = house.get("audit?type=wallet_set", &owner).await;
    assert_eq!(audit.body["items"][0]["summary"], "Wallet of hosting is \u{2026}vfNa now");
    assert_eq!(audit.body["items"][0]["detail"]["data"]["address"], NEW);
}

#[tokio::test]
async fn what_could_never_be_asked_for_is_said_before_it_is() {
    let (house, owner) = house().await;
    let preview = async |action: Value| {
        house.ask("POST", "/api/v1/requests/preview", Some(&owner), Some(&json!({ "action": action }))).await
    };
    let good = preview(wallet(NEW)).await;
    assert_eq!((good.status.as_u16(), &good.body["rule"]["timelock_s"]), (200, &json!(86_400)), "{}", good.text);
    assert!(good.body["rule"]["sentence"].as_str().unwrap().ends_with("carried out 24 h later"), "{}", good.text);
    for (action, status, why) in [
        (wallet("bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t5"), 422, "checksum"),
        (wallet(OLD), 409, "this wallet address"),
        (allocation(&[("wallet", 9_000), ("nonsense", 1_000)]), 422, "recipient 2"),
    ] {
        let refused = preview(action).await;
        assert_eq!(refused.status, status, "{}", refused.text);
        assert!(refused.body["detail"].as_str().unwrap().contains(why), "{}", refused.text);
    }
}

#[tokio::test]
async fn who_reads_the_log_and_sees_no_wallets_neither_reads_nor_finds_addresses() {
    let (house, owner) = house().await;
    let role = json!({ "name": "Log reader", "permissions": ["audit.view", "device.list"] });
    assert_eq!(ask(&house, &owner, json!({ "action": "create_role", "params": role })).await.status, 201);
    let viewer = house.users["viewer"];
    let grant = json!({ "user": viewer, "role": "role-1", "scope": "all" });
    assert_eq!(ask(&house, &owner, json!({ "action": "add_grant", "params": grant })).await.status, 201);
    let reader = house.sign_in("viewer").await;
    let found = house.get("audit?type=wallet_set", &reader).await;
    assert_eq!(found.body["items"][0]["detail"]["data"]["address"], "\u{2026}f3t4");
    for search in [format!("audit?q={OLD}"), format!("audit?object={OLD}")] {
        assert_eq!(house.get(&search, &reader).await.body["items"], json!([]), "{search}");
        assert_ne!(house.get(&search, &owner).await.body["items"], json!([]), "{search}");
    }
    for path in ["audit", "requests", "audit/export.csv"] {
        assert!(!house.get(path, &reader).await.text.contains(OLD), "{path}");
    }
    assert_eq!(house.get("audit/export.jsonl", &reader).await.status, 403);
}

#[tokio::test]
async fn e077_e079_a_key_asks_and_people_decide() {
    let (house, owner) = house().await;
    let counts = vec![PolicyChange::counts(Scenario::WalletAddressUpdate, 2, 0)];
    house.request("owner", Action::Control(Control::SetPolicies { changes: counts }), &[]).await;
    let token = key(&house, &owner, "read_write").await;
    let asked = with_key(&house, &token, "POST", "requests", Some(json!({ "action": wallet(NEW) }))).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    fits(&asked, "Request");
    let id = asked.body["id"].as_str().unwrap().to_owned();
    assert_eq!(asked.header("location"), format!("/api/v1/requests/{id}"));
    assert_eq!(asked.body["approvals"], json!({ "have": 0, "need": 2, "need_other": 0, "have_other": 0 }));
    let path = format!("requests/{id}");
    assert_eq!(with_key(&house, &token, "GET", &path, None).await.body["state"], "pending");
    let current = with_key(&house, &token, "GET", "sub-accounts/sub-1/wallet", None).await;
    assert_eq!(current.body["current"]["address"], OLD, "nothing is applied");

    let vote = json!({ "decision": "approve", "content_hash": asked.body["content_hash"] });
    let votes = format!("{path}/votes");
    let by_key = with_key(&house, &token, "POST", &votes, Some(vote.clone())).await;
    assert_eq!((by_key.status.as_u16(), &by_key.body["code"]), (403, &json!("not_an_approver")), "keys never vote");
    for (name, state) in [("owner", "pending"), ("administrator", "approved")] {
        let who = house.sign_in(name).await;
        let voted = house.ask("POST", &format!("/api/v1/{votes}"), Some(&who), Some(&vote)).await;
        assert_eq!(voted.body["state"], state, "{name}: {}", voted.text);
    }
    let other = json!({ "action": allocation(&[("wallet", 5_000), ("sub-2", 5_000)]) });
    let other = with_key(&house, &token, "POST", "requests", Some(other)).await;
    assert_eq!(other.status, 202, "an allocation as well");
    let accountant = house.users["accountant"];
    assert_eq!(other.body["key_of"]["id"], json!(accountant), "whose key it is: {}", other.text);
    let whose = other.body["key_of"]["name"].as_str().unwrap();
    assert_eq!(other.body["initiator"]["name"], json!(format!("A program of {whose}")));
    let called_off = format!("requests/{}/cancel", other.body["id"].as_str().unwrap());
    let own = with_key(&house, &token, "POST", &called_off, Some(json!({ "reason": "Not needed" }))).await;
    assert_eq!((own.status.as_u16(), &own.body["state"]), (200, &json!("cancelled")), "{}", own.text);
}

#[tokio::test]
async fn a_key_that_reads_asks_for_nothing_and_a_wrong_one_is_slowed_down() {
    let (house, owner) = house().await;
    let token = key(&house, &owner, "read_only").await;
    assert_eq!(with_key(&house, &token, "GET", "sub-accounts/sub-1/wallet", None).await.status, 200);
    let refused = with_key(&house, &token, "POST", "requests", Some(json!({ "action": wallet(NEW) }))).await;
    assert_eq!((refused.status.as_u16(), &refused.body["code"]), (403, &json!("key_scope")));
    let wrong = token.replace("adit_ro", "adit_rw");
    let mut answers = Vec::new();
    for _ in 0..6 {
        answers.push(with_key(&house, &wrong, "GET", "sub-accounts/sub-1/wallet", None).await.status.as_u16());
    }
    assert_eq!(answers[0], 401);
    assert!(answers.contains(&429), "{answers:?}");
    assert_eq!(with_key(&house, &token, "GET", "sub-accounts/sub-1/wallet", None).await.status, 200);
}
