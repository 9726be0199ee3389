//! Several accounts of one person, who owns an account, and its end, as a browser meets them.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    requests::{Action, Control},
    time::Millis,
};
use adit_server::api::Options;
use serde_json::{Value, json};
use support::{
    house::{Answer, House, Signed},
    schema::Document,
};

async fn ask(house: &House, who: &Signed, method: &str, path: &str, body: Value) -> Answer {
    let body = (!body.is_null()).then_some(&body);
    house.ask(method, &format!("/api/v1/{path}"), Some(who), body).await
}

fn refusal(answer: &Answer) -> (u16, &str) {
    (answer.status.as_u16(), answer.body["code"].as_str().unwrap_or_default())
}

async fn open_house() -> House {
    House::with(Options { loopback: true, anyone_may_found: true, ..Options::default() }).await
}

/// Two accounts of the viewer: the house's, and their own, on which the session is afterwards.
async fn founded(house: &House) -> (Signed, String) {
    let viewer = house.sign_in("viewer").await;
    let made = ask(house, &viewer, "POST", "accounts", json!({ "name": "Mine too" })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    let own = made.body["account"]["id"].as_str().unwrap().to_owned();
    (viewer, own)
}

#[tokio::test]
async fn whoever_founds_an_account_owns_it_and_every_answer_is_of_the_chosen_one() {
    let house = open_house().await;
    let (viewer, own) = founded(&house).await;
    let document = Document::read();
    let session = house.get("session", &viewer).await;
    assert_eq!(document.faults(document.schema("Session"), &session.body), Vec::<String>::new());
    assert_eq!((&session.body["account"]["id"], &session.body["roles"]), (&json!(own), &json!(["Owner"])));
    assert_eq!(session.body["accounts"].as_array().unwrap().len(), 2);
    for (path, nothing) in [("devices", "/total"), ("requests", "/total"), ("overview", "/devices/total")] {
        assert_eq!(house.get(path, &viewer).await.body.pointer(nothing), Some(&json!(0)), "{path}");
    }
    assert_eq!(house.get("people", &viewer).await.body["items"].as_array().unwrap().len(), 1);
    let audit = house.get("audit?limit=500", &viewer).await;
    assert!(!audit.text.contains("acc-1") && !audit.text.contains("dev-1"), "{}", audit.text);
    assert_eq!(house.get("devices/dev-1", &viewer).await.status, 404);
    let reboot = json!({ "action": { "action": "reboot", "params": {} }, "targets": ["dev-1"] });
    assert_eq!(refusal(&ask(&house, &viewer, "POST", "requests", reboot).await), (404, "not_found"));

    let back = ask(&house, &viewer, "POST", "session/account", json!({ "account": "acc-1" })).await;
    assert_eq!((back.status.as_u16(), &back.body["roles"]), (200, &json!(["Viewer"])));
    assert_eq!(house.get("devices", &viewer).await.body["total"], 4);
    assert_eq!(refusal(&house.get("people", &viewer).await), (403, "permission_denied"));
    let list = house.get("session/accounts", &viewer).await;
    assert_eq!(document.faults(document.schema("AccountList"), &list.body), Vec::<String>::new());
    let current: Vec<_> = list.body["items"].as_array().unwrap().iter().map(|one| &one["current"]).collect();
    assert_eq!(current, [&json!(true), &json!(false)]);
    let again = house.sign_in("viewer").await;
    assert_eq!(house.get("session", &again).await.body["account"]["id"], "acc-1", "where they were last");
}

async fn sub_account(house: &House, who: &Signed, name: &str) -> String {
    let made = ask(house, who, "POST", "sub-accounts", json!({ "name": name })).await;
    assert_eq!(made.status, 201, "{}", made.text);
    made.body["id"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn e037_my_panel_shows_own_accounts_then_roles_then_accounts_then_sub_accounts() {
    let house = open_house().await;
    let document = Document::read();
    let (viewer, own) = founded(&house).await;
    sub_account(&house, &viewer, "alphaone").await;
    let technician = house.sign_in("technician").await;
    let third =
        ask(&house, &technician, "POST", "accounts", json!({ "name": "Third" })).await.body["account"]["id"].clone();
    sub_account(&house, &technician, "thirdone").await;
    let owner = house.sign_in("owner").await;
    let [one, _] = [sub_account(&house, &owner, "clientone").await, sub_account(&house, &owner, "clienttwo").await];
    let assign = json!({ "action": "assign_devices", "params": { "devices": ["dev-1"], "sub_account": one } });
    assert_eq!(ask(&house, &owner, "POST", "requests", json!({ "action": assign })).await.status, 201);
    let nodes = json!({ "nodes": [{ "node": "sub_account", "id": one }] });
    for (who, role, scope) in [(&technician, "viewer", json!("all")), (&owner, "engineer", nodes)] {
        let person = json!({ "email": "viewer@adit.test", "role": role, "scope": scope });
        let added = ask(&house, who, "POST", "people", person).await;
        assert_eq!(added.status, 201, "{}", added.text);
    }

    // What nobody has opened yet is an offer, and no account of theirs.
    assert!(!house.get("me/panel", &viewer).await.text.contains("thirdone"));
    for account in [third.as_str().unwrap(), &own] {
        ask(&house, &viewer, "POST", "session/account", json!({ "account": account })).await;
    }
    let panel = house.get("me/panel", &viewer).await;
    assert_eq!(document.faults(document.schema("Panel"), &panel.body), Vec::<String>::new());
    let names = |account: &Value| {
        let subs = account["sub_accounts"].as_array().unwrap().iter().map(|of| of["name"].as_str().unwrap().to_owned());
        (account["id"].as_str().unwrap().to_owned(), subs.collect::<Vec<_>>().join(" "))
    };
    let all = |accounts: &Value| accounts.as_array().unwrap().iter().map(names).collect::<Vec<_>>();
    let of = |id: &str, subs: &str| (id.to_owned(), subs.to_owned());
    assert_eq!(all(&panel.body["own"]), [of(&own, "alphaone")]);
    let shared: Vec<_> =
        panel.body["shared"].as_array().unwrap().iter().map(|of| (of["role"].clone(), all(&of["accounts"]))).collect();
    let third = third.as_str().unwrap();
    let expected = [
        (json!("Engineer"), vec![of("acc-1", "clientone")]),
        (json!("Viewer"), vec![of("acc-1", "clientone clienttwo"), of(third, "thirdone")]),
    ];
    assert_eq!(shared, expected);
    let client = &panel.body["shared"][0]["accounts"][0]["sub_accounts"][0];
    assert_eq!((&client["id"], &client["name"], &client["devices"]), (&json!(one), &json!("clientone"), &json!(1)));
    assert_eq!(house.get("me/panel", &owner).await.body["shared"], json!([]));

    // Whoever reaches a site alone reaches no sub-account; and what a grant reached ends with it.
    let north = house.sign_in("north_viewer").await;
    let panel = house.get("me/panel", &north).await;
    assert_eq!(all(&panel.body["shared"][0]["accounts"]), [of("acc-1", "")]);
    assert_eq!(house.get(&format!("devices?sub_account={one}"), &north).await.status, 404);
    assert_eq!(house.get(&format!("devices?sub_account={one}"), &owner).await.body["total"], 1);
    assert_eq!(house.get(&format!("devices/ids?sub_account={one}"), &owner).await.body["ids"], json!(["dev-1"]));
    let removal = json!({ "action": { "action": "remove_user", "params": { "user": house.users["viewer"] } } });
    assert_eq!(ask(&house, &owner, "POST", "requests", removal).await.status, 201);
    let panel = house.get("me/panel", &viewer).await;
    assert!(!panel.text.contains("client"), "{}", panel.text);
}

#[tokio::test]
async fn nobody_chooses_an_account_that_is_not_theirs_nor_learns_that_it_is_there() {
    let house = open_house().await;
    let (_, own) = founded(&house).await;
    let auditor = house.sign_in("auditor").await;
    let foreign = ask(&house, &auditor, "POST", "session/account", json!({ "account": own })).await;
    let missing = ask(&house, &auditor, "POST", "session/account", json!({ "account": "acc-99" })).await;
    assert_eq!(refusal(&foreign), (404, "not_found"));
    assert_eq!(foreign.text, missing.text);
    assert_eq!(house.get("session", &auditor).await.body["account"]["id"], "acc-1");
}

#[tokio::test]
async fn whoever_is_removed_from_the_account_they_are_on_chooses_another() {
    let house = open_house().await;
    let (viewer, own) = founded(&house).await;
    ask(&house, &viewer, "POST", "session/account", json!({ "account": "acc-1" })).await;
    let owner = house.sign_in("owner").await;
    let removal = json!({ "action": { "action": "remove_user", "params": { "user": house.users["viewer"] } } });
    assert_eq!(ask(&house, &owner, "POST", "requests", removal).await.status, 201);
    for (method, path) in [("GET", "session"), ("GET", "devices"), ("GET", "me/sessions"), ("POST", "requests")] {
        let answer = ask(&house, &viewer, method, path, Value::Null).await;
        assert_eq!(refusal(&answer), (403, "account_gone"), "{method} {path}");
    }
    let left = house.get("session/accounts", &viewer).await;
    assert_eq!(left.body["items"].as_array().unwrap().len(), 1);
    let chosen = ask(&house, &viewer, "POST", "session/account", json!({ "account": own })).await;
    assert_eq!((chosen.status.as_u16(), &chosen.body["account"]["id"]), (200, &json!(own)));
    let removal = json!({ "action": { "action": "remove_user", "params": { "user": house.users["technician"] } } });
    let technician = house.sign_in("technician").await;
    assert_eq!(ask(&house, &owner, "POST", "requests", removal).await.status, 201);
    assert_eq!(refusal(&house.get("session", &technician).await), (403, "no_account"));
    assert_eq!(ask(&house, &technician, "DELETE", "session", Value::Null).await.status, 204);
}

#[tokio::test]
async fn accounts_are_founded_only_where_the_server_allows_it_and_with_a_fresh_proof() {
    let house = House::new().await;
    let viewer = house.sign_in("viewer").await;
    let name = json!({ "name": "Mine too" });
    assert_eq!(refusal(&ask(&house, &viewer, "POST", "accounts", name.clone()).await), (403, "founding_off"));
    assert_eq!(house.get("session", &viewer).await.body["may_found"], false);
    let house = open_house().await;
    let viewer = house.sign_in("viewer").await;
    house.later(Millis::minutes(6)).await;
    assert_eq!(refusal(&ask(&house, &viewer, "POST", "accounts", name).await), (401, "step_up_required"));
    let viewer = house.sign_in("viewer").await;
    let blank = ask(&house, &viewer, "POST", "accounts", json!({ "name": " " })).await;
    assert_eq!(refusal(&blank), (422, "invalid"));
}

#[tokio::test]
async fn ownership_goes_over_when_everybody_has_agreed_and_the_new_owner_has_accepted() {
    let house = House::new().await;
    let document = Document::read();
    let heir = house.users["north_viewer"].to_string();
    let offer =
        json!({ "action": { "action": "transfer_ownership", "params": { "to": heir } }, "reason": "retirement" });
    let administrator = house.sign_in("administrator").await;
    assert_eq!(refusal(&ask(&house, &administrator, "POST", "requests", offer.clone()).await).0, 403);
    let owner = house.sign_in("owner").await;
    let made = ask(&house, &owner, "POST", "requests", offer).await;
    assert_eq!((made.status.as_u16(), &made.body["approvals"]["need"]), (202, &json!(2)), "{}", made.text);
    assert_eq!(document.faults(document.schema("Request"), &made.body), Vec::<String>::new());
    let (id, hash) = (made.body["id"].as_str().unwrap().to_owned(), made.body["content_hash"].clone());

    let vote = json!({ "decision": "approve", "content_hash": hash });
    let approved = ask(&house, &administrator, "POST", &format!("requests/{id}/votes"), vote).await;
    assert_eq!((approved.status.as_u16(), &approved.body["state"]), (200, &json!("approved")), "{}", approved.text);
    let (answer, yes) = (format!("requests/{id}/answer"), json!({ "accept": true, "content_hash": hash }));
    for other in ["administrator", "viewer", "owner"] {
        let who = house.sign_in(other).await;
        assert_eq!(refusal(&ask(&house, &who, "POST", &answer, yes.clone()).await), (404, "not_found"), "{other}");
    }
    let who = house.sign_in("north_viewer").await;
    let session = house.get("session", &who).await;
    assert_eq!(document.faults(document.schema("Session"), &session.body), Vec::<String>::new());
    assert_eq!(session.body["ownership_offer"]["request"], json!(id));
    let accepted = ask(&house, &who, "POST", &answer, yes).await;
    assert_eq!(accepted.status, 200, "{}", accepted.text);
    assert_eq!(document.faults(document.schema("Request"), &accepted.body), Vec::<String>::new());
    assert_eq!((&accepted.body["state"], &session.body["roles"]), (&json!("approved"), &json!(["Viewer"])));

    house.later(Millis::hours(72)).await;
    let [owner, who] = [house.sign_in("owner").await, house.sign_in("north_viewer").await];
    assert_eq!(house.get("session", &owner).await.body["roles"], json!(["Administrator"]));
    let session = house.get("session", &who).await;
    assert_eq!((&session.body["roles"], &session.body["ownership_offer"]), (&json!(["Owner"]), &Value::Null));
    assert_eq!(house.get(&format!("requests/{id}"), &who).await.body["state"], "executed");
    let log = house.get("audit?type=ownership_transferred", &who).await;
    assert_eq!(log.body["items"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_offer_is_refused_with_a_reason() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let heir = house.users["administrator"].to_string();
    let offer = json!({ "action": { "action": "transfer_ownership", "params": { "to": heir, "then": "viewer" } } });
    let made = ask(&house, &owner, "POST", "requests", offer).await;
    let (id, hash) = (made.body["id"].as_str().unwrap(), &made.body["content_hash"]);
    let who = house.sign_in("administrator").await;
    let answer = format!("requests/{id}/answer");
    let silent = ask(&house, &who, "POST", &answer, json!({ "accept": false, "content_hash": hash })).await;
    assert_eq!(refusal(&silent), (422, "reason_required"));
    let no = json!({ "accept": false, "content_hash": hash, "comment": "not me" });
    let refused = ask(&house, &who, "POST", &answer, no).await;
    assert_eq!((&refused.body["state"], &refused.body["state_reason"]), (&json!("rejected"), &json!("not me")));
    assert_eq!(house.get("session", &owner).await.body["roles"], json!(["Owner"]));
}

#[tokio::test]
async fn everybody_is_told_that_the_account_is_frozen() {
    let house = House::new().await;
    let viewer = house.sign_in("viewer").await;
    for (control, frozen) in [(Control::FreezeAccount {}, true), (Control::UnfreezeAccount {}, false)] {
        house.request("owner", Action::Control(control), &[]).await;
        assert_eq!(house.get("overview", &viewer).await.body["frozen"], frozen);
    }
}

#[tokio::test]
async fn a_deleted_account_is_frozen_for_a_week_and_then_gone() {
    let house = open_house().await;
    let (viewer, own) = founded(&house).await;
    let (owner, administrator) = (house.sign_in("owner").await, house.sign_in("administrator").await);
    let name = json!({ "name": "Mine" });
    assert_eq!(refusal(&ask(&house, &administrator, "POST", "account/deletion", name.clone()).await).0, 403);
    let wrong = ask(&house, &owner, "POST", "account/deletion", json!({ "name": "mine" })).await;
    assert_eq!(refusal(&wrong), (422, "invalid"));
    assert_eq!(ask(&house, &owner, "POST", "account/deletion", name.clone()).await.status, 201);
    assert_eq!(house.get("session", &administrator).await.body["deletion"]["may_undo"], true);
    let reboot = json!({ "action": { "action": "reboot", "params": {} }, "targets": ["dev-1"] });
    let asked = ask(&house, &owner, "POST", "requests", reboot.clone()).await;
    assert_eq!(refusal(&asked), (409, "deletion_pending"));
    assert!(house.get("overview", &owner).await.body["deletion"]["at"].is_i64());
    assert_eq!(ask(&house, &administrator, "DELETE", "account/deletion", Value::Null).await.status, 201);
    assert_eq!(house.get("overview", &owner).await.body["deletion"], Value::Null);
    assert_eq!(ask(&house, &owner, "POST", "requests", reboot).await.status, 201);

    assert_eq!(ask(&house, &owner, "POST", "account/deletion", name).await.status, 201);
    house.later(Millis(Millis::days(7).0 - 60_000)).await;
    let technician = house.sign_in("technician").await;
    house.later(Millis::minutes(2)).await;
    assert_eq!(refusal(&house.get("session", &technician).await), (403, "no_account"));
    assert_eq!(refusal(&house.get("devices", &technician).await), (403, "no_account"));
    let body = json!({ "email": "owner@adit.test", "password": support::house::PASSWORD });
    let nobody = house.ask("POST", "/api/v1/session", None, Some(&body)).await;
    assert_eq!(refusal(&nobody), (403, "no_account"), "as if it had never been");
    let viewer_again = house.sign_in("viewer").await;
    let session = house.get("session", &viewer_again).await;
    assert_eq!((&session.body["account"]["id"], session.body["accounts"].as_array().unwrap().len()), (&json!(own), 1));
    assert_eq!(refusal(&house.get("session", &viewer).await), (401, "not_signed_in"), "a session ends after a week");
    assert!(house.engine.state().requests().count() > 3, "what happened stays written");
}

#[tokio::test]
async fn an_account_is_renamed_in_the_settings_and_everybody_on_it_sees_that() {
    let house = House::new().await;
    let (owner, viewer) = (house.sign_in("owner").await, house.sign_in("viewer").await);
    let named = ask(&house, &owner, "PUT", "account", json!({ "name": "Norte Grande" })).await;
    assert_eq!(
        (named.status.as_u16(), &named.body["account"]["name"]),
        (200, &json!("Norte Grande")),
        "{}",
        named.text
    );
    assert_eq!(house.get("session", &viewer).await.body["account"]["name"], "Norte Grande");
    assert_eq!(ask(&house, &viewer, "PUT", "account", json!({ "name": "Mine" })).await.status, 403);
    let odd = ask(&house, &owner, "PUT", "account", json!({ "name": "" })).await;
    assert_eq!((odd.status.as_u16(), &odd.body["errors"][0]["pointer"]), (422, &json!("/name")), "{}", odd.text);
    let told = house.get("audit?type=account_renamed", &owner).await;
    assert_eq!(told.body["items"][0]["summary"], "The account is called Norte Grande now");
}
