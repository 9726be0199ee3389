//! What has ended is neither listed nor decided on, and nobody is answered with nothing called `null`.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Role, Scope},
    fleet::Operation,
    ids::DeviceId,
    requests::{Action, Control, NewGrant, PolicyChange, Scenario},
    time::Millis,
};
use axum::{
    body::Body,
    http::{Request, header},
};
use serde_json::{Value, json};
use support::house::House;

#[tokio::test]
async fn a_role_that_has_ended_is_in_no_list_of_ones_own() {
    let house = House::new().await;
    let user = house.users["technician"];
    let expires_at = Some(house.engine.now().after(Millis::hours(1)));
    let grant = NewGrant { expires_at, ..NewGrant::new(user, Role::Accountant, Scope::All) };
    house.request("owner", Action::Control(Control::AddGrant(grant)), &[]).await;
    let who = house.sign_in("technician").await;
    let roles = async || {
        let (session, accounts) =
            (house.get("session", &who).await.body, house.get("session/accounts", &who).await.body);
        [session["roles"].clone(), session["accounts"][0]["roles"].clone(), accounts["items"][0]["roles"].clone()]
    };
    assert_eq!(roles().await, [(); 3].map(|()| json!(["Technician", "Accountant"])));
    house.later(Millis::hours(1)).await;
    assert_eq!(roles().await, [(); 3].map(|()| json!(["Technician"])));
}

/// A key that reads, of somebody who is called after their role.
async fn key_of(house: &House, name: &str) -> String {
    let owner = house.sign_in("owner").await;
    let state = house.engine.state();
    let grant = state.grants_of(support::ACCOUNT).find(|grant| grant.user == house.users[name]).unwrap().id;
    let params = json!({ "grant": grant, "role": name, "scope": "all", "api_access": "read_only" });
    let change = json!({ "action": { "action": "change_grant", "params": params } });
    assert_eq!(house.ask("POST", "/api/v1/requests", Some(&owner), Some(&change)).await.status, 201);
    let body = json!({ "grant": grant, "name": "Checks", "access": "read_only" });
    let issued = house.ask("POST", "/api/v1/keys", Some(&owner), Some(&body)).await;
    assert_eq!(issued.status, 201, "{}", issued.text);
    issued.body["token"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn a_vote_after_the_deadline_is_410_by_session_and_by_key() {
    let house = House::new().await;
    let counts = PolicyChange::counts(Scenario::FleetPower, 2, 1);
    house.request("owner", Action::Control(Control::SetPolicies { changes: vec![counts] }), &[]).await;
    let reboot = Action::Device(Operation::Reboot {});
    let id = house.request("technician", reboot, &[DeviceId(1)]).await;
    let token = key_of(&house, "viewer").await;
    let (owner, technician) = (house.sign_in("owner").await, house.sign_in("technician").await);
    let content_hash = house.get(&format!("requests/{id}"), &owner).await.body["content_hash"].clone();
    let by_key = async |body: &Value| {
        let request = Request::post(format!("/api/v1/requests/{id}/votes"))
            .header(header::AUTHORIZATION, format!("Bearer {token}"))
            .header(header::CONTENT_TYPE, "application/json");
        house.send(request.body(Body::from(body.to_string())).unwrap()).await
    };
    let vote = |decision: &str| json!({ "decision": decision, "content_hash": content_hash, "comment": "after all" });
    assert_eq!(by_key(&vote("approve")).await.status, 403, "keys never vote");
    let ends = house.engine.state().request(id).unwrap().payload.not_after;
    house.later(ends.since(house.engine.now())).await;
    let at = |path: &str| format!("/api/v1/requests/{id}/{path}");
    let again = json!({ "action": { "action": "reboot", "params": {} }, "targets": ["dev-1"] });
    for (method, path, who, body) in [
        ("POST", "votes", &owner, Some(vote("approve"))),
        ("POST", "votes", &owner, Some(vote("reject"))),
        ("POST", "votes/passkey", &owner, Some(json!({ "decision": "approve", "content_hash": content_hash }))),
        ("DELETE", "votes/me", &owner, None),
        ("POST", "cancel", &technician, Some(json!({ "reason": "no" }))),
        ("POST", "amend", &technician, Some(again)),
    ] {
        let late = house.ask(method, &at(path), Some(who), body.as_ref()).await;
        assert_eq!((late.status.as_u16(), &late.body["code"]), (410, &json!("expired")), "{path}: {}", late.text);
    }
    let late = by_key(&vote("approve")).await;
    assert_eq!((late.status.as_u16(), &late.body["code"]), (410, &json!("expired")), "{}", late.text);
    let spoken = house.ask("POST", &at("comments"), Some(&owner), Some(&json!({ "words": "a pity" }))).await;
    assert_eq!(spoken.status, 201, "what is over may be spoken about: {}", spoken.text);
}

#[tokio::test]
async fn whoever_loses_sight_of_what_they_did_is_told_that_it_is_done() {
    let house = House::new().await;
    let (itself, another) = (house.users["administrator"], house.users["auditor"]);
    let (owner, administrator) = (house.sign_in("owner").await, house.sign_in("administrator").await);
    let grant = NewGrant::new(another, Role::Administrator, Scope::All);
    house.request("owner", Action::Control(Control::AddGrant(grant)), &[]).await;
    let counts = PolicyChange::counts(Scenario::AuthorizationRemove, 2, 1);
    house.request("owner", Action::Control(Control::SetPolicies { changes: vec![counts] }), &[]).await;
    let action = |name: &str, params: Value| json!({ "action": { "action": name, "params": params } });
    let removal = action("remove_user", json!({ "user": itself, "changes": [] }));
    let asked = house.ask("POST", "/api/v1/requests", Some(&owner), Some(&removal)).await;
    assert_eq!(asked.status, 202, "{}", asked.text);
    let vote = json!({ "decision": "approve", "content_hash": asked.body["content_hash"] });
    let path = format!("/api/v1/requests/{}/votes", asked.body["id"].as_str().unwrap());
    let voted = house.ask("POST", &path, Some(&administrator), Some(&vote)).await;
    assert_eq!((voted.status.as_u16(), voted.text.as_str()), (204, ""), "their own removal, to which they agree");

    let house = House::new().await;
    let administrator = house.sign_in("administrator").await;
    let suspension = action("suspend_user", json!({ "user": itself }));
    let done = house.ask("POST", "/api/v1/requests", Some(&administrator), Some(&suspension)).await;
    assert_eq!((done.status.as_u16(), done.text.as_str()), (204, ""), "their own suspension");
    assert!(done.header("location").starts_with("/api/v1/requests/"));
    assert!(house.engine.state().is_suspended(support::ACCOUNT, itself));
}
