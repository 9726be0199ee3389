//! People over HTTP: who is listed, one more by e-mail, and leaving.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    authz::{Role, Scope},
    requests::{Action, Control, NewGrant},
};
use serde_json::{Value, json};
use support::house::{House, Signed};

async fn post(house: &House, path: &str, who: &Signed, body: &Value) -> support::house::Answer {
    house.ask("POST", &format!("/api/v1/{path}"), Some(who), Some(body)).await
}

async fn person(house: &House, who: &Signed, name: &str) -> Option<Value> {
    let page = house.get("people", who).await.body;
    let items = page["items"].as_array().unwrap();
    items.iter().find(|person| person["id"] == house.users[name].to_string()).cloned()
}

#[tokio::test]
async fn a_suspended_person_is_listed_with_what_they_would_hold() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let user = house.users["technician"];
    house.request("owner", Action::Control(Control::SuspendUser { user }), &[]).await;
    let listed = person(&house, &owner, "technician").await.unwrap();
    assert_eq!((&listed["suspended"], &listed["grants"][0]["role"]), (&json!(true), &json!("technician")));
}

#[tokio::test]
async fn somebody_registered_is_added_by_e_mail_and_nobody_else_learns_who_is() {
    let house = House::new().await;
    let (owner, viewer) = (house.sign_in("owner").await, house.sign_in("viewer").await);
    let asked = |email: &str| json!({ "email": email, "role": "engineer", "scope": "all", "remark": "tuning" });
    let known = asked("Viewer@adit.test");
    let refused = post(&house, "people", &viewer, &known).await;
    let same = post(&house, "people", &viewer, &asked("nobody@adit.test")).await;
    assert_eq!((refused.status.as_u16(), &refused.body["code"]), (403, &json!("permission_denied")));
    assert_eq!((same.status, &same.body["code"]), (refused.status, &refused.body["code"]));

    let unknown = post(&house, "people", &owner, &asked("nobody@adit.test")).await;
    assert_eq!((unknown.status.as_u16(), &unknown.body["code"]), (404, &json!("not_registered")));
    let added = post(&house, "people", &owner, &known).await;
    assert_eq!((added.status.as_u16(), &added.body["state"]), (201, &json!("executed")), "{}", added.text);
    let grants = person(&house, &owner, "viewer").await.unwrap()["grants"].clone();
    assert_eq!((&grants[1]["role"], &grants[1]["remark"]), (&json!("engineer"), &json!("tuning")));
    let both = json!({ "email": "viewer@adit.test", "role": "technician", "api_access": "read_only",
        "scope": { "nodes": [{ "node": "site", "id": "site-1" }] } });
    assert_eq!(post(&house, "people", &owner, &both).await.status, 422);
}

#[tokio::test]
async fn whoever_leaves_has_nothing_here_any_more_and_can_be_added_again() {
    let house = House::new().await;
    let (owner, technician) = (house.sign_in("owner").await, house.sign_in("technician").await);
    let elsewhere = json!({ "account": "acc-2" });
    assert_eq!(post(&house, "me/leave", &technician, &elsewhere).await.status, 422);
    let here = json!({ "account": "acc-1" });
    assert_eq!(post(&house, "me/leave", &technician, &here).await.status, 204);
    assert_eq!(house.get("devices", &technician).await.status, 403);
    assert!(person(&house, &owner, "technician").await.is_none());
    let stays = post(&house, "me/leave", &owner, &here).await;
    assert_eq!((stays.status.as_u16(), &stays.body["code"]), (403, &json!("owner_protected")));
    let grant = NewGrant::new(house.users["technician"], Role::Technician, Scope::All);
    house.request("owner", Action::Control(Control::AddGrant(grant)), &[]).await;
    assert_eq!(house.get("devices", &technician).await.status, 200);
}

#[tokio::test]
async fn roles_say_by_what_code_grants_name_them_and_which_are_built_in() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let permissions = [adit_core::authz::Permission::DeviceList].into();
    let create = Control::CreateRole { name: "Night watch".into(), permissions };
    house.request("owner", Action::Control(create), &[]).await;
    let roles = house.get("roles", &owner).await.body["roles"].clone();
    let last = roles.as_array().unwrap().last().unwrap();
    assert_eq!(
        (&last["code"], &last["name"], &last["built_in"]),
        (&json!("role-1"), &json!("Night watch"), &json!(false))
    );
    assert_eq!((&roles[0]["code"], &roles[0]["built_in"]), (&json!("owner"), &json!(true)));
}

#[tokio::test]
async fn r30_who_is_suspended_stops_over_http_what_they_may_still_stop_and_reaches_nothing_else() {
    let house = House::new().await;
    let (owner, administrator) = (house.sign_in("owner").await, house.sign_in("administrator").await);
    let ask = |action: &str, params: Value| json!({ "action": { "action": action, "params": params }, "reason": "nobody answers" });
    let recovery = ask("recover", json!({ "remove": [house.users["site_manager"]] }));
    let waits = post(&house, "requests", &owner, &recovery).await;
    assert_eq!((waits.status.as_u16(), &waits.body["state"]), (201, &json!("approved")), "{}", waits.text);
    let other = post(&house, "requests", &owner, &ask("restart_workers", json!({ "site": "site-1" }))).await;
    let suspension = ask("suspend_user", json!({ "user": house.users["administrator"] }));
    assert!(post(&house, "requests", &owner, &suspension).await.status.is_success());

    for path in ["devices", "people", "sub-accounts", "session"] {
        assert_eq!(house.get(path, &administrator).await.status, 403, "{path}");
    }
    let listed = house.get("requests", &administrator).await.body;
    let seen: Vec<_> = listed["items"].as_array().unwrap().iter().map(|request| &request["id"]).collect();
    assert_eq!(seen, [&waits.body["id"]], "what they may stop and nothing else");
    let id = |request: &Value| request["id"].as_str().unwrap().to_owned();
    assert_eq!(house.get(&format!("requests/{}", id(&other.body)), &administrator).await.status, 404);
    let approval = json!({ "decision": "approve", "content_hash": other.body["content_hash"] });
    let vote = format!("requests/{}/votes", id(&other.body));
    assert_eq!(post(&house, &vote, &administrator, &approval).await.status, 404);
    let sign_in = json!({ "email": "administrator@adit.test", "password": support::house::PASSWORD });
    let again = house.ask("POST", "/api/v1/session", None, Some(&sign_in)).await;
    assert_eq!((again.status.as_u16(), &again.body["code"]), (403, &json!("account_suspended")));
    let cookie = again.header("set-cookie").split(';').next().unwrap().to_owned();
    let csrf = house.get("session/accounts", &Signed { cookie: cookie.clone(), csrf: String::new() }).await;
    let again = Signed { cookie, csrf: csrf.body["csrf"].as_str().unwrap().to_owned() };
    let cancel = format!("requests/{}/cancel", id(&waits.body));
    let called_off = post(&house, &cancel, &again, &json!({ "reason": "not like this" })).await;
    assert_eq!(
        (called_off.status.as_u16(), &called_off.body["state"]),
        (200, &json!("cancelled")),
        "{}",
        called_off.text
    );

    let name = house.engine.state().accounts().next().unwrap().name.clone();
    assert!(
        post(&house, "requests", &owner, &ask("delete_account", json!({ "name": name }))).await.status.is_success()
    );
    let kept = post(&house, "requests", &again, &ask("keep_account", json!({}))).await;
    assert_eq!((kept.status.as_u16(), &kept.body["state"]), (201, &json!("executed")), "{}", kept.text);
    let mode = json!({ "action": { "action": "set_power_mode", "params": { "mode": "low" } }, "targets": ["dev-1"] });
    assert_eq!(post(&house, "requests", &again, &mode).await.status, 404, "no device is there for them");
}
