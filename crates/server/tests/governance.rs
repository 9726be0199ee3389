//! What approvals rest on, over HTTP: foreseeing a change of the rules, talking about requests, the log to take away, and the
//! account as it was.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    audit::{Record, verify},
    fleet::Operation,
    ids::DeviceId,
    requests::Action,
};
use serde_json::{Value, json};
use std::convert::Infallible;
use support::house::{Answer, House, Signed};

async fn post(house: &House, path: &str, who: &Signed, body: Value) -> Answer {
    house.ask("POST", &format!("/api/v1/{path}"), Some(who), Some(&body)).await
}

fn scenario<'a>(items: &'a Value, name: &str) -> &'a Value {
    items.as_array().unwrap().iter().find(|item| item["scenario"] == name).unwrap()
}

fn reboot() -> Action {
    Action::Device(Operation::Reboot {})
}

#[tokio::test]
async fn the_rules_say_who_counts_to_those_who_see_people() {
    let house = House::new().await;
    let (owner, viewer) = (house.sign_in("owner").await, house.sign_in("viewer").await);
    let rules = house.get("approval-policies", &owner).await.body;
    let grant = scenario(&rules["items"], "authorization.add");
    let who: Vec<_> = grant["who"].as_array().unwrap().iter().map(|person| &person["name"]).collect();
    assert_eq!(who, ["Person owner", "Person administrator"]);
    assert_eq!((&grant["takes"], &grant["spare"], &grant["warnings"]), (&json!(1), &json!(1), &json!([])));
    assert_eq!(rules["safeguards"], json!({ "ratchet": true, "closure": true, "owner_recovery": true }));
    let rules = house.get("approval-policies", &viewer).await.body;
    assert_eq!(scenario(&rules["items"], "authorization.add")["who"], Value::Null);
}

#[tokio::test]
async fn what_a_removal_or_a_change_would_come_to_is_told_and_nothing_happens() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let two = json!([{ "scenario": "account.unfreeze", "required": 2, "required_other": 0 }]);
    let before = house.engine.state().seq();
    let told = post(&house, "approval-policies/simulate", &owner, json!({ "changes": two })).await;
    assert_eq!(told.status, 200, "{}", told.text);
    let unfreeze = scenario(&told.body["scenarios"], "account.unfreeze");
    assert_eq!((&unfreeze["changed"], &unfreeze["after"]["warnings"]), (&json!(true), &json!(["no_spare_approver"])));
    assert_eq!((&told.body["takes"], &told.body["refusal"]), (&json!(1), &Value::Null));
    assert_eq!(house.engine.state().seq(), before);

    let put = house.ask("PUT", "/api/v1/approval-policies", Some(&owner), Some(&json!({ "changes": two }))).await;
    assert_eq!(put.status, 200, "{}", put.text);
    let administrator = house.users["administrator"];
    let gone = house.get(&format!("approval-policies/simulate?remove={administrator}"), &owner).await.body;
    assert_eq!(
        (&gone["refusal"]["code"], &gone["refusal"]["scenarios"]),
        (&json!("would_lock_out"), &json!(["account.unfreeze"]))
    );
    assert_eq!(scenario(&gone["scenarios"], "account.unfreeze")["after"]["can_be_met"], false);
    let roles = json!({ "roles": { administrator.to_string(): "viewer" } });
    let demoted = post(&house, "approval-policies/simulate", &owner, roles).await.body;
    assert_eq!(scenario(&demoted["scenarios"], "account.unfreeze")["after"]["available"], 1);
    for (body, status) in [
        (json!({ "remove": ["usr-1"] }), 403),
        (json!({ "remove": ["usr-99"] }), 404),
        (json!({ "changes": [two[0], two[0]] }), 422),
        (json!({ "unknown": 1 }), 422),
    ] {
        let refused = post(&house, "approval-policies/simulate", &owner, body.clone()).await;
        assert_eq!(refused.status, status, "{body}: {}", refused.text);
    }
    let auditor = house.sign_in("north_auditor").await;
    let elsewhere = house.get(&format!("approval-policies/simulate?remove={administrator}"), &auditor).await;
    assert_eq!(elsewhere.status, 404, "people are for those who see all of them");
}

#[tokio::test]
async fn a_preset_is_one_request_for_all_it_changes() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let presets = house.get("approval-policies/presets", &owner).await.body;
    let names: Vec<_> = presets["items"].as_array().unwrap().iter().map(|preset| &preset["id"]).collect();
    assert_eq!(names, ["miningos", "spiderpool", "strict"]);
    let strict = presets["items"][2]["changes"].clone();
    assert!(strict.as_array().unwrap().len() > 3, "{strict}");
    let before = house.engine.state().requests().count();
    let put = house.ask("PUT", "/api/v1/approval-policies", Some(&owner), Some(&json!({ "changes": strict }))).await;
    assert_eq!((put.status.as_u16(), &put.body["state"]), (200, &json!("executed")), "{}", put.text);
    assert_eq!(house.engine.state().requests().count(), before + 1);
    let after = house.get("approval-policies/presets", &owner).await.body;
    assert_eq!(after["items"][2]["changes"], json!([]));
}

#[tokio::test]
async fn whoever_sees_a_request_speaks_about_it_and_nobody_else() {
    let house = House::new().await;
    let (owner, north) = (house.sign_in("owner").await, house.sign_in("north_viewer").await);
    let here = house.request("technician", reboot(), &[DeviceId(1)]).await;
    let there = house.request("technician", reboot(), &[DeviceId(3)]).await;
    let comments = |id| format!("requests/{id}/comments");
    let said = post(&house, &comments(here), &north, json!({ "words": "after the shift" })).await;
    assert_eq!(said.status, 201, "{}", said.text);
    assert_eq!(said.body["comments"][0]["by"]["name"], "Person north_viewer");
    assert_eq!(said.body["timeline"].as_array().unwrap().last().unwrap()["what"], "Commented");
    assert_eq!(said.body["can_comment"], true);
    let foreign = post(&house, &comments(there), &north, json!({ "words": "hello" })).await;
    assert_eq!(foreign.status, 404);
    for words in ["", "  ", &"x".repeat(1_001)] {
        assert_eq!(post(&house, &comments(here), &owner, json!({ "words": words })).await.status, 422);
    }
    let log = house.get("audit?type=request_commented", &owner).await.body;
    assert_eq!(log["items"][0]["summary"], "Person north_viewer commented on R-10: \u{201c}after the shift\u{201d}");
    let review = post(&house, &format!("requests/{here}/review"), &owner, json!({ "words": "seen" })).await;
    assert_eq!(review.status, 404, "it is no recovery");
}

#[tokio::test]
async fn the_log_is_taken_away_as_a_table_or_as_a_chain_that_holds() {
    let house = House::new().await;
    let (owner, north) = (house.sign_in("owner").await, house.sign_in("north_auditor").await);
    house.request("owner", reboot(), &[DeviceId(3)]).await;
    let last = house.engine.state().seq();
    let chain = house.get("audit/export.jsonl", &owner).await;
    assert_eq!(chain.header("content-type"), "application/x-ndjson");
    let records = chain.text.lines().map(|line| Ok::<Record, Infallible>(serde_json::from_str(line).unwrap()));
    assert_eq!(verify(records).unwrap().seq, last);
    assert_eq!(house.get("audit/export.jsonl", &north).await.status, 403);

    let table = house.get("audit/export.csv", &owner).await;
    assert_eq!(table.header("content-type"), "text/csv; charset=utf-8");
    assert!(
        table.text.starts_with("seq,at,actor_kind,actor_id,actor,type,request,summary,changes,hash\r\n1,20"),
        "{}",
        table.text
    );
    assert_eq!(table.text.matches("\r\n").count() as u64, last + 1);
    let some = house.get("audit/export.csv?type=request_submitted&object=dev-3", &owner).await;
    assert_eq!(some.text.matches("\r\n").count(), 2, "{}", some.text);
    assert!(some.text.contains("Devices: ") && some.text.contains("Asked for by: "), "field by field: {}", some.text);
    let northern = house.get("audit/export.csv", &north).await;
    assert!(northern.text.contains("Norte") && !northern.text.contains("Sur"), "{}", northern.text);
}

#[tokio::test]
async fn the_account_is_shown_as_it_was() {
    let house = House::new().await;
    let (owner, north) = (house.sign_in("owner").await, house.sign_in("north_auditor").await);
    let changes = json!([{ "scenario": "fleet.power", "required": 2, "required_other": 0 }]);
    let before = house.engine.state().seq();
    let put = house.ask("PUT", "/api/v1/approval-policies", Some(&owner), Some(&json!({ "changes": changes }))).await;
    assert_eq!(put.status, 200, "{}", put.text);
    house.request("owner", reboot(), &[DeviceId(1)]).await;
    house.request("owner", reboot(), &[DeviceId(3)]).await;

    let required = |view: &Answer| scenario(&view.body["policies"], "fleet.power")["required"].clone();
    let then = house.get(&format!("audit/as-of?seq={before}"), &owner).await;
    assert_eq!(then.status, 200, "{}", then.text);
    assert_eq!(
        (required(&then), &then.body["open_requests"], &then.body["seq"]),
        (json!(1), &json!(0), &json!(before))
    );
    assert!(then.body["people"].as_array().unwrap().iter().any(|person| person["name"] == "Person north_viewer"));
    let now = house.get(&format!("audit/as-of?at={}", house.engine.now().0), &owner).await;
    assert_eq!((required(&now), &now.body["open_requests"]), (json!(2), &json!(2)));
    let back = house.get("audit/as-of?seq=1", &owner).await;
    assert_eq!((&back.body["exists"], &back.body["people"]), (&json!(false), &json!([])));

    let seen = house.get(&format!("audit/as-of?at={}", house.engine.now().0), &north).await;
    assert_eq!((&seen.body["people"], &seen.body["policies"]), (&json!([]), &json!([])));
    assert_eq!((&seen.body["open_requests"], seen.text.contains("dev-3")), (&json!(1), false));
    for nonsense in ["", "?seq=0", "?seq=999999", "?seq=1&at=1", "?at=1", "?seq=x"] {
        let refused = house.get(&format!("audit/as-of{nonsense}"), &owner).await;
        assert!(refused.status.is_client_error(), "{nonsense}: {}", refused.text);
    }
}
