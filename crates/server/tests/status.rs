//! What people are told of devices that nobody reaches, and of agents that do not let know how theirs are.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_core::{
    fleet::{Activity, MissReason, Operation, PollResult, PowerMode, Reading},
    ids::DeviceId,
    requests::Action,
    time::Millis,
};
use serde_json::{Value, json};
use std::time::Duration;
use support::{
    bounded,
    house::{House, Signed},
};

fn mining(device: u32, watts: u32) -> PollResult {
    PollResult::from(Reading {
        activity: Some(Activity::Mining),
        hashrate_ths: Some(100.0),
        power_w: Some(watts),
        uptime_s: Some(90_000),
        power_mode: Some(PowerMode::Normal),
        ..Reading::empty(DeviceId(device))
    })
}

fn paused(device: u32) -> PollResult {
    PollResult::from(Reading { activity: Some(Activity::Paused), ..Reading::empty(DeviceId(device)) })
}

fn missed(device: u32) -> PollResult {
    PollResult::Missed { device: DeviceId(device), reason: MissReason::Refused }
}

async fn ids(house: &House, who: &Signed, query: &str) -> Vec<String> {
    let page = house.get(&format!("devices?{query}"), who).await.body;
    page["items"].as_array().unwrap().iter().map(|row| row["id"].as_str().unwrap().to_owned()).collect()
}

/// The header, once it says what is wanted.
async fn overview(house: &House, who: &Signed, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
    bounded("the header says so", async {
        loop {
            let overview = house.get(path, who).await.body;
            if wanted(&overview) {
                return overview;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
}

#[tokio::test]
async fn both_levels_are_told_with_reason_and_since_and_can_be_asked_for() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    let all = [mining(1, 3_000), mining(2, 3_100), PollResult::AuthRequired { device: DeviceId(3) }];
    house.live.hear(&all, house.engine.now());
    let first_miss = house.engine.now();
    house.live.hear(&[missed(2), missed(2), missed(2)], first_miss);

    let page = house.get("devices", &owner).await.body;
    let row = |number: usize| &page["items"][number - 1];
    assert_eq!(row(1)["connectivity"]["value"], "online");
    assert_eq!(row(1)["activity"]["value"], "mining");
    let unreachable = json!({ "value": "unreachable", "reason": "refused", "since": first_miss });
    assert_eq!((&row(2)["connectivity"], &row(2)["status"]), (&unreachable, &json!("offline")));
    assert_eq!((&row(2)["activity"]["value"], &row(2)["last_activity"]), (&json!(null), &json!("mining")));
    assert_eq!((&row(2)["power_w"], &row(2)["current"]), (&json!(3_100), &json!(false)), "the last known value stays");
    assert!(row(2)["age_ms"].is_u64() && row(2)["age_ms"] == row(2)["seen_age_ms"]);
    assert_eq!(row(3)["connectivity"]["reason"], "wrong_password");
    assert!(row(3)["seen_age_ms"].is_u64() && row(3)["age_ms"].is_null(), "it answered, and told nothing");
    assert_eq!(row(4)["connectivity"]["reason"], "not_restored", "nobody knows what it was before the start");
    assert_eq!(
        page["facets"]["connectivity"],
        json!({ "unknown": 1, "auth_required": 1, "unreachable": 1, "online": 1 })
    );
    assert_eq!((&page["facets"]["activity"]["mining"], &page["facets"]["activity"]["unknown"]), (&json!(1), &json!(3)));

    assert_eq!(ids(&house, &owner, "connectivity=unreachable,auth_required").await, ["dev-2", "dev-3"]);
    assert_eq!(ids(&house, &owner, "activity=mining").await, ["dev-1"]);
    assert_eq!(ids(&house, &owner, "activity=unknown&status=offline&connectivity=auth_required").await, ["dev-3"]);
    for query in ["connectivity=lost", "activity=dancing"] {
        assert_eq!(house.get(&format!("devices?{query}"), &owner).await.status, 422, "{query}");
    }
    let sums = house.get("overview", &owner).await.body;
    assert_eq!((&sums["power_w"], &sums["left_out"]["devices"]), (&json!(3_000.0), &json!(3)));
    assert_eq!(sums["left_out"]["power_w"], 3_100.0);
    let why = sums["left_out"]["why"].as_array().unwrap();
    let told =
        why.iter().map(|why| (why["reason"].as_str().unwrap(), why["devices"].as_u64(), why["power_w"].as_f64()));
    let mut told: Vec<_> = told.collect();
    told.sort_unstable_by_key(|(reason, ..)| *reason);
    let expected = [
        ("not_restored", Some(1), Some(0.0)),
        ("refused", Some(1), Some(3_100.0)),
        ("wrong_password", Some(1), Some(0.0)),
    ];
    assert_eq!(told, expected, "how many, and why");
}

#[tokio::test]
async fn the_header_and_the_inbox_say_which_agents_hide_what() {
    let house = House::new().await;
    let [owner, viewer, north] =
        [house.sign_in("owner").await, house.sign_in("viewer").await, house.sign_in("north_viewer").await];
    house.live.hear(&[mining(1, 3_000), mining(2, 3_100), mining(3, 500)], house.engine.now());
    let fresh = house.get("overview", &owner).await.body;
    assert_eq!(fresh["hidden"], json!([]), "agents have their time to come back");
    assert_eq!(house.get("inbox?tab=asked", &owner).await.body["items"], json!([]));

    house.later(Millis::minutes(5)).await;
    let told = overview(&house, &owner, "overview", |told| told["devices"]["unknown"] == 4).await;
    let hidden = |told: &Value| {
        let agents = told["hidden"].as_array().unwrap().iter();
        let told = |agent: &Value| {
            (agent["name"].clone(), agent["condition"].clone(), agent["devices"].clone(), agent["power_w"].clone())
        };
        agents.map(told).collect::<Vec<_>>()
    };
    let norte = (json!("Norte-agent"), json!("gone"), json!(2), json!(6_100.0));
    let sur = (json!("Sur-agent"), json!("gone"), json!(2), json!(500.0));
    assert_eq!(hidden(&told), [norte.clone(), sur]);
    assert_eq!((&told["power_w"], &told["left_out"]["power_w"]), (&json!(null), &json!(6_600.0)), "unknown is not 0 W");
    assert_eq!(hidden(&house.get("overview", &north).await.body), std::slice::from_ref(&norte));
    assert_eq!(hidden(&house.get("overview?site=site-1", &owner).await.body), [norte]);

    let asked = house.get("inbox?tab=asked", &owner).await.body;
    assert_eq!(
        (&asked["total"], &asked["asked"], &asked["items"][0]["topic"]),
        (&json!(2), &json!(2), &json!("agt-1"))
    );
    let item = &asked["items"][0];
    assert_eq!((&item["about"], &item["standing"]), (&json!("Agent Norte-agent"), &json!(true)));
    assert_eq!(item["says"], "is not heard of: 2 devices are unknown, 6,100 W when last known");
    assert_eq!(house.get("inbox?tab=asked", &viewer).await.body["items"], json!([]), "who cannot do anything about it");

    house.live.hear(&[mining(1, 3_050)], house.engine.now());
    let row = house.get("devices/dev-1", &owner).await.body;
    assert_eq!((&row["power_w"], &row["current"]), (&json!(3_050), &json!(true)));
}

#[tokio::test]
async fn a_pause_is_told_as_asked_for_while_its_order_is_under_way() {
    let house = House::new().await;
    let owner = house.sign_in("owner").await;
    house.live.hear(&[mining(1, 3_000), mining(2, 3_100)], house.engine.now());
    house.live.hear(&[paused(1), paused(2)], house.engine.now());
    house.request("owner", Action::Device(Operation::Pause {}), &[DeviceId(1)]).await;
    bounded("the order is known", async {
        while house.get("devices/dev-1", &owner).await.body["activity"]["reason"] != "user" {
            tokio::task::yield_now().await;
        }
    })
    .await;
    house.live.hear(&[paused(1), paused(2)], house.engine.now());
    let page = house.get("devices", &owner).await.body;
    let reasons = [0, 1].map(|row| page["items"][row]["activity"]["reason"].clone());
    assert_eq!(reasons, [json!("user"), json!("unasked")]);
    assert_eq!(page["items"][0]["open"][0]["state"], "executing", "it has not ended");
}
