//! The audit log over HTTP: whole for those who see the account, cut to their reach for others.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    fleet::Operation,
    ids::DeviceId,
    requests::{Action, Control, RequestState},
};
use serde_json::Value;
use support::house::{House, Signed};

async fn entries(house: &House, who: &Signed, query: &str) -> Vec<Value> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let answer = house.get(&format!("audit?limit=7&{query}{cursor}"), who).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        all.extend(answer.body["items"].as_array().unwrap().iter().cloned());
        match answer.body["next_cursor"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return all,
        }
    }
}

#[tokio::test]
async fn it_has_every_record_newest_first_with_a_sentence_and_the_head() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let all = entries(&house, &owner, "").await;
    let last = house.engine.state().seq();
    let numbers: Vec<_> = all.iter().map(|entry| entry["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=last).rev().collect::<Vec<_>>());
    let first = house.get("audit", &owner).await.body;
    assert_eq!((&first["total"], &first["head"]["seq"]), (&last.into(), &last.into()));
    assert_eq!(first["head"]["hash"], first["items"][0]["hash"]);
    for entry in &all {
        let sentence = entry["summary"].as_str().unwrap();
        assert!(sentence.contains(' ') && sentence.starts_with(|c: char| !c.is_lowercase()), "{entry}");
        assert_eq!(entry["hash"].as_str().unwrap().len(), 64);
        let kind = entry["detail"]["type"].as_str().unwrap();
        assert!(kind.starts_with(entry["type"].as_str().unwrap()), "{kind}");
    }
    let sentences: Vec<_> = all.iter().map(|entry| entry["summary"].as_str().unwrap()).collect();
    for expected in [
        "Account Mine was created; Person owner owns it",
        "Site Norte was created",
        "Agent Sur-agent found dev-3, dev-4",
        "Person north_viewer became Viewer on site Norte",
        "R-1 was submitted: Create site Norte",
    ] {
        assert!(sentences.contains(&expected), "{expected}: {sentences:#?}");
    }
}

#[tokio::test]
async fn it_is_filtered_by_type_person_request_time_and_text() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let reboot = Action::Device(Operation::Reboot {});
    let id = house.request("technician", reboot, &[DeviceId(3)]).await;
    assert_eq!(house.engine.state().request(id).unwrap().state, RequestState::Executing);
    let number = house.engine.state().request(id).unwrap().number;

    for (query, wanted) in [
        ("type=devices_found".to_owned(), 2),
        ("type=devices_found.v1".to_owned(), 2),
        (format!("actor={}&type=request_submitted", house.users["technician"]), 1),
        ("actor=agt-2".to_owned(), 2),
        ("actor=operator&type=user_added".to_owned(), 15),
        (format!("request={id}&type=request_submitted"), 1),
        (format!("request=R-{number}&type=request_submitted"), 1),
        (format!("request={number}&type=request_submitted"), 1),
        ("request=1+DEVICE+reboot&type=request_submitted".to_owned(), 1),
        ("request=sleep".to_owned(), 0),
        ("request=R-9999".to_owned(), 0),
        ("q=became+VIEWER".to_owned(), 2),
        ("q=".to_owned() + &"x".repeat(150), 0),
        ("to=0".to_owned(), 0),
        ("from=9999999999999".to_owned(), 0),
    ] {
        let found = entries(&house, &owner, &query).await;
        assert_eq!(found.len(), wanted, "{query}: {found:#?}");
    }
    let all = entries(&house, &owner, "").await;
    let at = |entry: &Value| entry["at"].as_i64().unwrap();
    let middle = at(&all[all.len() / 2]);
    let until = entries(&house, &owner, &format!("to={middle}")).await;
    let since = entries(&house, &owner, &format!("from={}", middle + 1)).await;
    assert!(until.iter().all(|entry| at(entry) <= middle) && since.iter().all(|entry| at(entry) > middle));
    assert_eq!(until.len() + since.len(), all.len());

    for nonsense in
        ["limit=0", "limit=501", "cursor=x", "from=x", "type=nothing", "kind=x", &format!("q={}", "x".repeat(201))]
    {
        let answer = house.get(&format!("audit?{nonsense}"), &owner).await;
        assert_eq!(answer.status, 422, "{nonsense}: {}", answer.text);
    }
}

#[tokio::test]
async fn words_stand_for_every_request_that_has_them_in_its_title() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    for yard in 1..=60 {
        let site = Control::CreateSite { name: format!("Yard {yard}"), capacity_w: None };
        house.request("owner", Action::Control(site), &[]).await;
    }
    for (query, wanted) in [("yard", 60), ("YARD+create", 60), ("yard+6", 7), ("yard+61", 0), ("create+site", 62)] {
        let found = entries(&house, &owner, &format!("type=request_submitted&request={query}")).await;
        assert_eq!(found.len(), wanted, "{query}");
        assert!(found.iter().all(|entry| entry["request"]["number"].is_u64()), "{found:#?}");
    }
}

#[tokio::test]
async fn outside_the_reach_there_is_nothing() {
    let house = House::new().await;
    let (auditor, viewer) = (house.sign_in("north_auditor").await, house.sign_in("viewer").await);
    assert_eq!(house.get("audit", &viewer).await.body["code"], "permission_denied");
    let reboot = || Action::Device(Operation::Reboot {});
    house.request("owner", reboot(), &[DeviceId(1)]).await;
    house.request("owner", reboot(), &[DeviceId(3)]).await;
    let both =
        house.request("owner", Action::Device(Operation::Locate { on: true }), &[DeviceId(2), DeviceId(4)]).await;

    let seen = entries(&house, &auditor, "").await;
    let submitted: Vec<_> = seen.iter().filter(|entry| entry["type"] == "request_submitted").collect();
    assert!(submitted.iter().any(|entry| entry["detail"].to_string().contains("dev-1")), "{submitted:#?}");
    for entry in &seen {
        let text = entry.to_string();
        for foreign in ["dev-3", "dev-4", "agt-2", "site-2", "Sur", "grant_added", "account_created", "policy_set"] {
            assert!(!text.contains(foreign), "{foreign} in {text}");
        }
    }
    let total = house.get("audit", &auditor).await.body["total"].as_u64().unwrap();
    assert_eq!(total, seen.len() as u64);
    assert!(entries(&house, &auditor, &format!("request={both}")).await.is_empty());
}
