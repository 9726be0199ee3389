//! Whatsminer v2: identification, telemetry, encrypted writes, tokens.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use adit_sim::{Activity, Fault, Mode, Personality, WriteOutcome};
use common::{Lab, bounded, rpc, send, v2_sealed, v2_token, v2_write};
use serde_json::{Value, json};

async fn lab() -> Lab {
    Lab::new(Personality::WhatsminerV2).await
}

async fn ask(lab: &Lab, command: &str) -> Value {
    rpc(lab.client.ip, json!({ "cmd": command })).await.unwrap()
}

async fn write(lab: &Lab, request: Value) -> Value {
    v2_write(lab.client.ip, &lab.client.password, request).await.unwrap()
}

#[tokio::test]
async fn it_says_what_it_is_and_how_it_does() {
    bounded(async {
        let lab = lab().await;
        let details = ask(&lab, "devdetails").await;
        assert_eq!(details["DEVDETAILS"][0]["Driver"], "bitmicro");
        assert_eq!(details["DEVDETAILS"][0]["Model"], lab.miner.truth().model);
        let version = ask(&lab, "get_version").await;
        assert_eq!((&version["Code"], &version["STATUS"]), (&json!(131), &json!("S")));
        assert_eq!(version["Msg"]["fw_ver"], "20230803.17.Rel");

        let truth = lab.miner.truth();
        let summary = ask(&lab, "summary").await["SUMMARY"][0].clone();
        assert!((summary["Power"].as_f64().unwrap() / truth.power_w - 1.0).abs() < 0.02);
        assert!((summary["HS RT"].as_f64().unwrap() / 1e6 / truth.hashrate_ths - 1.0).abs() < 0.02);
        assert_eq!(summary["Power Mode"], "Normal");
        assert_eq!(summary["Elapsed"], truth.elapsed_s);
        for list in ["devs", "edevs"] {
            assert_eq!(ask(&lab, list).await["DEVS"].as_array().unwrap().len(), 3);
        }
        let pools = ask(&lab, "pools").await;
        assert_eq!(pools["POOLS"][0]["URL"], truth.pools[0].url);
        assert_eq!(pools["POOLS"][0]["Stratum Active"], true);
        assert_eq!(ask(&lab, "status").await["Msg"]["mineroff"], "false");
        assert_eq!(ask(&lab, "get_error_code").await["Msg"]["error_code"], json!([]));
        assert!(ask(&lab, "get_psu").await["Msg"]["fan_speed"].is_string());
        assert_eq!(ask(&lab, "frobnicate").await["Code"], 14);
        let broken = send(lab.client.ip, 4028, b"{\"cmd\":\"summ\0\"}").await.unwrap();
        assert_eq!(common::parse(&broken).unwrap()["Code"], 23);
    })
    .await;
}

#[tokio::test]
async fn modes_change_power_over_the_ramp() {
    bounded(async {
        let lab = lab().await;
        let normal = lab.miner.truth().power_w;
        assert_eq!(write(&lab, json!({ "cmd": "set_low_power" })).await["Code"], 131);
        assert_eq!(lab.miner.truth().activity, Activity::Ramping);
        assert_eq!(ask(&lab, "summary").await["SUMMARY"][0]["Power Mode"], "Low");
        lab.advance(10);
        let low = lab.miner.truth();
        assert_eq!((low.mode, low.activity), (Mode::Low, Activity::Mining));
        assert!(low.power_w < 0.8 * normal);

        write(&lab, json!({ "command": "set_high_power" })).await;
        lab.advance(10);
        assert!(lab.miner.truth().power_w > 1.1 * normal);
        write(&lab, json!({ "cmd": "set_normal_power" })).await;
        write(&lab, json!({ "cmd": "adjust_power_limit", "power_limit": "2000" })).await;
        lab.advance(10);
        assert_eq!(lab.miner.truth().power_w, 2000.0);
        let bad = write(&lab, json!({ "cmd": "adjust_power_limit", "power_limit": "lots" })).await;
        assert_eq!(bad["Code"], 132);
    })
    .await;
}

#[tokio::test]
async fn mining_stops_starts_and_restarts() {
    bounded(async {
        let lab = lab().await;
        write(&lab, json!({ "cmd": "power_off", "respbefore": "true" })).await;
        lab.advance(10);
        let asleep = lab.miner.truth();
        assert_eq!((asleep.activity, asleep.hashrate_ths), (Activity::Sleeping, 0.0));
        assert!(asleep.power_w < 50.0);
        assert_eq!(ask(&lab, "status").await["Msg"]["mineroff"], "true");
        write(&lab, json!({ "cmd": "power_on" })).await;
        lab.advance(10);
        assert_eq!(lab.miner.truth().activity, Activity::Mining);
        let up = lab.miner.truth().uptime_s;
        write(&lab, json!({ "cmd": "restart_btminer" })).await;
        let truth = lab.miner.truth();
        assert_eq!((truth.elapsed_s, truth.uptime_s, truth.reboots), (0, up, 0));
    })
    .await;
}

#[tokio::test]
async fn pools_are_replaced() {
    bounded(async {
        let lab = lab().await;
        let request = json!({
            "cmd": "update_pools",
            "pool1": "stratum+tcp://new.sim.invalid:1", "worker1": "a.b", "passwd1": "secret",
            "pool2": "", "worker2": "", "passwd2": "", "pool3": "", "worker3": "", "passwd3": "",
        });
        assert_eq!(write(&lab, request).await["Code"], 131);
        let pools = ask(&lab, "pools").await;
        assert_eq!(pools["POOLS"].as_array().unwrap().len(), 1);
        assert_eq!(pools["POOLS"][0]["User"], "a.b");
        let record = lab.miner.writes().pop().unwrap();
        assert_eq!((record.command.as_str(), &record.outcome), ("update_pools", &WriteOutcome::Applied));
        assert!(!record.params.to_string().contains("secret"));
        assert_eq!(write(&lab, json!({ "cmd": "update_pools", "pool1": "" })).await["Code"], 132);
    })
    .await;
}

#[tokio::test]
async fn passwords_show_in_the_encryption() {
    bounded(async {
        let lab = lab().await;
        let wrong = v2_write(lab.client.ip, "guess", json!({ "cmd": "power_off" })).await.unwrap();
        assert_eq!((&wrong["Code"], &wrong["Msg"]), (&json!(23), &json!("enc json load err")));
        write(&lab, json!({ "cmd": "update_pwd", "old": "admin", "new": "better" })).await;
        let old = v2_write(lab.client.ip, "admin", json!({ "cmd": "set_low_power" })).await.unwrap();
        assert_eq!(old["Code"], 23);
        let new = v2_write(lab.client.ip, "better", json!({ "cmd": "set_low_power" })).await.unwrap();
        assert_eq!(new["Code"], 131);
    })
    .await;
}

#[tokio::test]
async fn tokens_are_checked_limited_and_expire() {
    bounded(async {
        let lab = lab().await;
        let ip = lab.client.ip;
        let (key, sign) = v2_token(ip, "admin").await.unwrap();
        let forged = v2_sealed(ip, &key, &json!({ "cmd": "power_off", "token": "nope" })).await.unwrap();
        assert_eq!(forged["Code"], 135);
        assert!(!lab.miner.truth().sleeping);

        for _ in 1..32 {
            v2_token(ip, "admin").await.unwrap();
        }
        assert_eq!(ask(&lab, "get_token").await["Code"], 136);
        lab.advance(30 * 60);
        let stale = v2_sealed(ip, &key, &json!({ "cmd": "power_off", "token": sign })).await.unwrap();
        assert_eq!(stale["Code"], 135);
        assert_eq!(write(&lab, json!({ "cmd": "power_off" })).await["Code"], 131);
    })
    .await;
}

#[tokio::test]
async fn the_write_switch_denies_and_cannot_be_opened_from_here() {
    bounded(async {
        let lab = Lab::with(Personality::WhatsminerV2, |spec| spec.write_api = false).await;
        assert_eq!(write(&lab, json!({ "cmd": "reboot" })).await["Code"], 45);
        let unlock = json!({ "command": "open_write_api", "client": "x", "enable": true });
        assert_eq!(rpc(lab.client.ip, unlock).await.unwrap()["Code"], 14);
        assert_eq!(lab.miner.write_count("open_write_api"), 1);
        assert_eq!(rpc(lab.client.ip, json!({ "cmd": "reboot" })).await.unwrap()["Code"], 45);
        assert!(lab.miner.writes().iter().all(|w| w.outcome == WriteOutcome::Refused));
        assert_eq!(lab.miner.truth().reboots, 0);
    })
    .await;
}

#[tokio::test]
async fn a_dead_board_costs_a_third() {
    bounded(async {
        let lab = lab().await;
        let whole = lab.miner.truth().hashrate_ths;
        lab.miner.set_fault(Fault::DeadBoard { board: 1 }).unwrap();
        lab.advance(20);
        assert!((lab.miner.truth().hashrate_ths / whole - 2.0 / 3.0).abs() < 0.01);
        let devs = ask(&lab, "devs").await;
        assert_eq!((&devs["DEVS"][1]["Status"], &devs["DEVS"][1]["Effective Chips"]), (&json!("Dead"), &json!(0)));
        assert_eq!(ask(&lab, "get_error_code").await["Msg"]["error_code"].as_array().unwrap().len(), 1);
    })
    .await;
}
