//! Antminer stock: digest login, whole-object configuration, cgminer reads.
//! Port 80 needs privileges; without them these tests have nothing to do.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use adit_sim::{Activity, Mode, Personality, Timing};
use common::{Lab, bounded, cgi, digest, http, low_ports, rpc};
use serde_json::{Value, json};
use std::time::Duration;

async fn lab() -> Option<Lab> {
    if low_ports().await {
        return Some(Lab::new(Personality::AntminerStock).await);
    }
    eprintln!("skipped: port 80 cannot be bound");
    None
}

async fn get(lab: &Lab, name: &str) -> Value {
    cgi(lab.client.ip, "root", "GET", name, "").await.unwrap()
}

async fn set_conf(lab: &Lab, conf: &Value) -> Value {
    cgi(lab.client.ip, "root", "POST", "set_miner_conf", &conf.to_string()).await.unwrap()
}

#[tokio::test]
async fn it_says_what_it_is_and_how_it_does() {
    bounded(async {
        let Some(lab) = lab().await else { return };
        let truth = lab.miner.truth();
        let info = get(&lab, "get_system_info").await;
        assert_eq!((&info["minertype"], &info["serinum"]), (&json!(truth.model), &json!(truth.serial)));
        let summary = get(&lab, "summary").await;
        let rate = summary["SUMMARY"][0]["rate_5s"].as_f64().unwrap() / 1000.0;
        assert!((rate / truth.hashrate_ths - 1.0).abs() < 0.02);
        assert_eq!(get(&lab, "stats").await["STATS"][0]["chain"].as_array().unwrap().len(), 3);
        assert_eq!(get(&lab, "pools").await["POOLS"][0]["user"], truth.pools[0].user);
        assert_eq!(get(&lab, "miner_type").await["miner_type"], truth.model);

        let version = rpc(lab.client.ip, json!({ "command": "version" })).await.unwrap();
        assert_eq!(version["VERSION"][0]["Type"], truth.model);
        let stats = rpc(lab.client.ip, json!({ "command": "stats" })).await.unwrap();
        assert!((stats["STATS"][1]["GHS 5s"].as_f64().unwrap() / 1000.0 / truth.hashrate_ths - 1.0).abs() < 0.02);
        let page = rpc(lab.client.ip, json!({ "command": "stats", "new_api": true })).await.unwrap();
        assert_eq!(page["STATS"][0]["chain_num"], 3);
        let denied = rpc(lab.client.ip, json!({ "command": "restart" })).await.unwrap();
        assert_eq!(denied["STATUS"][0]["Code"], 45);
    })
    .await;
}

#[tokio::test]
async fn the_login_is_checked() {
    bounded(async {
        let Some(lab) = lab().await else { return };
        let ip = lab.client.ip;
        let bare = http((ip, 80), "GET", "/cgi-bin/get_system_info.cgi", "", "").await.unwrap();
        assert_eq!(bare.status, 401);
        assert!(String::from_utf8_lossy(&bare.body).contains("<html>"));
        assert_eq!(digest(ip, "wrong", "POST", "reboot", "").await.unwrap().status, 401);
        assert_eq!(lab.miner.truth().reboots, 0);
        assert!(lab.miner.writes().is_empty());
        assert_eq!(digest(ip, "root", "GET", "upgrade_clear", "").await.unwrap().status, 404);
    })
    .await;
}

#[tokio::test]
async fn the_whole_configuration_is_taken_and_read_back() {
    bounded(async {
        let Some(lab) = lab().await else { return };
        let mut conf = get(&lab, "get_miner_conf").await;
        assert_eq!((&conf["miner-mode"], &conf["bitmain-work-mode"]), (&json!("0"), &json!("0")));
        conf["miner-mode"] = json!(3);
        conf["bitmain-fan-ctrl"] = json!(true);
        conf["bitmain-fan-pwm"] = json!("70");
        conf["pools"][0]["user"] = json!("a.b");
        assert_eq!(set_conf(&lab, &conf).await["code"], "M000");
        lab.advance(10);
        let truth = lab.miner.truth();
        assert_eq!((truth.mode, truth.activity), (Mode::Low, Activity::Mining));
        let read = get(&lab, "get_miner_conf").await;
        assert_eq!(read["miner-mode"], "3");
        assert_eq!((&read["bitmain-fan-pwm"], &read["pools"][0]["user"]), (&json!("70"), &json!("a.b")));

        conf["miner-mode"] = json!("1");
        set_conf(&lab, &conf).await;
        lab.advance(10);
        assert_eq!(lab.miner.truth().activity, Activity::Sleeping);
        conf["miner-mode"] = json!("0");
        set_conf(&lab, &conf).await;
        lab.advance(10);
        let truth = lab.miner.truth();
        assert_eq!((truth.mode, truth.activity), (Mode::Normal, Activity::Mining));
    })
    .await;
}

#[tokio::test]
async fn half_a_configuration_is_refused() {
    bounded(async {
        let Some(lab) = lab().await else { return };
        for partial in
            [json!({ "miner-mode": 1 }), json!({}), json!({ "bitmain-fan-ctrl": true, "bitmain-fan-pwm": "70" })]
        {
            let reply = set_conf(&lab, &partial).await;
            assert_eq!(reply["code"], "M001", "{partial}");
        }
        let mut conf = get(&lab, "get_miner_conf").await;
        conf["miner-mode"] = json!(9);
        assert_eq!(set_conf(&lab, &conf).await["code"], "M001");
        assert!(!lab.miner.truth().sleeping);
        assert_eq!(lab.miner.write_count("set_miner_conf.cgi"), 4);
    })
    .await;
}

#[tokio::test]
async fn the_light_reads_back() {
    bounded(async {
        let Some(lab) = lab().await else { return };
        assert_eq!(get(&lab, "get_blink_status").await["blink"], false);
        assert!(lab.client.led(true).await.unwrap());
        assert_eq!(get(&lab, "get_blink_status").await["blink"], true);
        let form = cgi(lab.client.ip, "root", "POST", "blink", "blink=false").await.unwrap();
        assert_eq!(form["code"], "B100");
        assert!(!lab.miner.truth().led);
    })
    .await;
}

#[tokio::test]
async fn a_slow_configuration_answers_in_its_own_time() {
    bounded(async {
        if !low_ports().await {
            return;
        }
        let timing = Timing { conf_reply: Duration::from_secs(60), ..Timing::default() };
        let lab = Lab::timed(Personality::AntminerStock, timing).await;
        let mut conf = get(&lab, "get_miner_conf").await;
        conf["miner-mode"] = json!(1);
        let ip = lab.client.ip;
        let write = tokio::spawn(async move { cgi(ip, "root", "POST", "set_miner_conf", &conf.to_string()).await });
        // Applied long before it is answered.
        lab.miner.wait_for(|truth| truth.sleeping).await;
        assert!(!write.is_finished());
        while !write.is_finished() {
            lab.advance(30);
            tokio::task::yield_now().await;
        }
        assert_eq!(write.await.unwrap().unwrap()["code"], "M000");
    })
    .await;
}
