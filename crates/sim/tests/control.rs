//! The control API as a test in another language would use it.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::net::{IpAddr, Ipv4Addr};

use adit_sim::{Clock, MinerSpec, Personality, SimConfig, Simulator};
use common::{Client, Subnet, bounded, http, parse};
use serde_json::{Value, json};

struct Fleet {
    sim: Simulator,
    client: Client,
    _subnet: Subnet,
}

impl Fleet {
    async fn new() -> Self {
        let subnet = Subnet::free().await;
        let specs = vec![
            MinerSpec::new(Personality::WhatsminerV2, subnet.ip(1)),
            MinerSpec::new(Personality::AvalonA, subnet.ip(2)),
        ];
        let client = Client { personality: Personality::WhatsminerV2, ip: subnet.ip(1), password: "admin".into() };
        let mut config = SimConfig::new(1, specs);
        config.clock = Clock::manual();
        config.control = Some((subnet.ip(250), 0).into());
        let sim = Simulator::start(config).await.unwrap();
        Self { sim, client, _subnet: subnet }
    }

    async fn call(&self, method: &str, path: &str, body: Value) -> (u16, Value) {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        self.send(method, path, &text).await
    }

    async fn send(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let control = self.sim.control_addr().unwrap();
        let IpAddr::V4(ip) = control.ip() else { panic!("IPv4 was asked for") };
        let reply = http((ip, control.port()), method, path, "", body).await.unwrap();
        (reply.status, parse(&reply.body).unwrap())
    }
}

#[tokio::test]
async fn it_shows_the_fleet() {
    bounded(async {
        let fleet = Fleet::new().await;
        let (status, miners) = fleet.call("GET", "/miners", Value::Null).await;
        assert_eq!((status, miners.as_array().unwrap().len()), (200, 2));
        let ip = fleet.client.ip;
        let (_, miner) = fleet.call("GET", &format!("/miners/{ip}"), Value::Null).await;
        assert_eq!((&miner["personality"], &miner["activity"]), (&json!("whatsminer_v2"), &json!("mining")));
        assert_eq!(miner["mac"].as_str().unwrap().len(), 17);
        assert!(miner["pools"][0].get("password").is_none());
        let (_, totals) = fleet.call("GET", "/totals", Value::Null).await;
        assert_eq!(totals["by_mode"], json!({ "normal": 2 }));
        assert!(totals["power_w"].as_f64().unwrap() > 5_000.0);

        assert!(fleet.client.led(true).await.unwrap());
        let (_, writes) = fleet.call("GET", &format!("/miners/{ip}/writes"), Value::Null).await;
        assert_eq!((&writes[0]["command"], &writes[0]["outcome"]), (&json!("set_led"), &json!("applied")));
    })
    .await;
}

#[tokio::test]
async fn faults_are_set_listed_and_cleared() {
    bounded(async {
        let fleet = Fleet::new().await;
        let path = format!("/miners/{}/fault", fleet.client.ip);
        let (status, faults) = fleet.call("POST", &path, json!({ "kind": "reply_not_applied", "times": 1 })).await;
        assert_eq!((status, &faults[0]["kind"], &faults[0]["times"]), (200, &json!("reply_not_applied"), &json!(1)));
        assert!(fleet.client.led(true).await.unwrap());
        assert!(!fleet.sim.miner(fleet.client.ip).unwrap().truth().led);
        assert!(fleet.client.led(true).await.unwrap());
        assert!(fleet.sim.miner(fleet.client.ip).unwrap().truth().led);

        let (_, all) = fleet.call("POST", "/faults", json!({ "kind": "offline" })).await;
        assert_eq!(all, json!({ "set": 2, "refused": {} }));
        fleet.sim.miner(fleet.client.ip).unwrap().wait_offline().await;
        let (status, _) = fleet.call("DELETE", &path, Value::Null).await;
        assert_eq!(status, 200);
        fleet.sim.miner(fleet.client.ip).unwrap().wait_online().await;
        let (_, cleared) = fleet.call("DELETE", "/faults", Value::Null).await;
        assert_eq!(cleared, json!({ "cleared": 2 }));
        assert!(fleet.sim.miners().iter().all(|m| m.truth().faults.is_empty()));
    })
    .await;
}

#[tokio::test]
async fn writes_are_held_and_released() {
    bounded(async {
        let fleet = Fleet::new().await;
        fleet.call("POST", "/hold", Value::Null).await;
        let client = fleet.client.clone();
        let write = tokio::spawn(async move { client.led(true).await });
        fleet.sim.wait_held(1).await;
        let (_, totals) = fleet.call("GET", "/totals", Value::Null).await;
        assert_eq!(totals["held"], 1);
        let (_, released) = fleet.call("POST", "/release", Value::Null).await;
        assert_eq!(released, json!({ "holding": false, "released": 1 }));
        assert!(write.await.unwrap().unwrap());
    })
    .await;
}

#[tokio::test]
async fn errors_are_json_and_say_why() {
    bounded(async {
        let fleet = Fleet::new().await;
        let path = format!("/miners/{}/fault", fleet.client.ip);
        for (method, path, body, status) in [
            ("GET", "/nothing", "", 404),
            ("POST", "/miners", "", 405),
            ("GET", "/miners/here", "", 400),
            ("GET", "/miners/127.1.1.1", "", 404),
            ("POST", path.as_str(), "", 400),
            ("POST", path.as_str(), r#"{"kind":"sulk"}"#, 400),
            ("POST", path.as_str(), r#"{"kind":"dead_board","board":9}"#, 400),
            ("POST", path.as_str(), r#"{"kind":"latency","ms":9999999}"#, 400),
        ] {
            let (got, reply) = fleet.send(method, path, body).await;
            assert_eq!(got, status, "{method} {path} {body}");
            assert!(reply["error"].is_string(), "{reply}");
        }
        let control = fleet.sim.control_addr().unwrap();
        let big = "x".repeat(10_000);
        let ip = Ipv4Addr::from_bits(u32::from(fleet.client.ip) & !0xff | 250);
        assert_eq!(control.ip(), IpAddr::V4(ip));
        let reply = http((ip, control.port()), "POST", &path, "", &big).await.unwrap();
        assert_eq!(reply.status, 413);
    })
    .await;
}
