//! Avalon A series: both forms, the telemetry string, silent commands, one
//! connection at a time.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use adit_sim::{Activity, Mode, Personality};
use common::{Lab, bounded, parse, rpc, send};
use serde_json::{Value, json};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn lab() -> Lab {
    Lab::new(Personality::AvalonA).await
}

async fn ask(lab: &Lab, command: &str) -> Value {
    rpc(lab.client.ip, json!({ "command": command })).await.unwrap()
}

async fn set(lab: &Lab, parameter: &str) -> std::io::Result<Value> {
    rpc(lab.client.ip, json!({ "command": "ascset", "parameter": format!("0,{parameter}") })).await
}

/// The value of `Key[value]` in the telemetry string.
async fn module(lab: &Lab, key: &str) -> String {
    let stats = ask(lab, "estats").await;
    let text = format!(" {}", stats["STATS"][0]["MM ID0"].as_str().unwrap());
    let value = text.split(&format!(" {key}[")).nth(1).unwrap_or_else(|| panic!("no {key} in {text}"));
    value.split(']').next().unwrap().to_owned()
}

fn unix() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

#[tokio::test]
async fn it_says_what_it_is_and_how_it_does() {
    bounded(async {
        let lab = lab().await;
        let truth = lab.miner.truth();
        let version = ask(&lab, "version").await["VERSION"][0].clone();
        assert!(version["PROD"].as_str().unwrap().starts_with("AvalonMiner "));
        assert!(version["MODEL"].as_str().unwrap().starts_with(truth.model));
        assert_eq!(version["DNA"], truth.serial);

        let power: f64 = module(&lab, "PS").await.split(' ').nth(4).unwrap().parse().unwrap();
        assert!((power / truth.power_w - 1.0).abs() < 0.02);
        let rate: f64 = module(&lab, "GHSspd").await.parse().unwrap();
        assert!((rate / 1000.0 / truth.hashrate_ths - 1.0).abs() < 0.02);
        assert_eq!(module(&lab, "WORKMODE").await, "0");
        assert_eq!(ask(&lab, "pools").await["POOLS"][0]["User"], truth.pools[0].user);
        assert_eq!(ask(&lab, "devs").await["DEVS"][0]["Name"], "AVALON");
        assert_eq!(ask(&lab, "sing").await["STATUS"][0]["Code"], 14);
    })
    .await;
}

#[tokio::test]
async fn text_is_answered_with_text() {
    bounded(async {
        let lab = lab().await;
        let reply = send(lab.client.ip, 4028, b"version").await.unwrap();
        let text = String::from_utf8(reply).unwrap();
        assert!(text.starts_with("STATUS=S,When=") && text.ends_with("|\0"), "{text}");
        assert!(text.contains("|VERSION,CGMiner=4.11.1,API=3.7,PROD=AvalonMiner "), "{text}");
        let reply = send(lab.client.ip, 4028, b"ascset|0,workmode,set,2").await.unwrap();
        assert!(String::from_utf8(reply).unwrap().contains("Msg=ASC 0 set OK"));
        assert_eq!(lab.miner.truth().mode, Mode::Low);
    })
    .await;
}

#[tokio::test]
async fn work_modes_apply_without_a_restart() {
    bounded(async {
        let lab = lab().await;
        let elapsed = lab.miner.truth().elapsed_s;
        set(&lab, "workmode,1").await.unwrap();
        lab.advance(10);
        let truth = lab.miner.truth();
        assert_eq!((truth.mode, truth.elapsed_s), (Mode::High, elapsed + 10));
        let info = set(&lab, "workmode,get").await.unwrap();
        assert_eq!(info["STATUS"][0]["Msg"], "ASC 0 set info: workmode 1");
        let refused = set(&lab, "workmode,set,7").await.unwrap();
        assert_eq!(refused["STATUS"][0]["STATUS"], "E");
        assert_eq!(lab.miner.write_count("ascset workmode"), 2);
    })
    .await;
}

#[tokio::test]
async fn sleep_is_scheduled_and_waking_is_silent() {
    bounded(async {
        let lab = lab().await;
        let reply = set(&lab, &format!("softoff,1:{}", unix() + 30)).await.unwrap();
        assert_eq!(reply["STATUS"][0]["STATUS"], "I");
        assert!(!lab.miner.truth().sleeping);
        lab.advance(60);
        assert_eq!(lab.miner.truth().activity, Activity::Sleeping);
        assert_eq!(module(&lab, "SoftOFF").await, "1");
        assert!(module(&lab, "SYSTEMSTATU").await.starts_with("Work: In Idle"));
        assert!(set(&lab, "softon,1:1").await.is_err());
        assert!(!lab.miner.truth().sleeping);
        let absurd = set(&lab, "softoff,1:99999999999").await.unwrap();
        assert_eq!(absurd["STATUS"][0]["STATUS"], "E");
    })
    .await;
}

#[tokio::test]
async fn pools_take_effect_with_the_reboot() {
    bounded(async {
        let lab = lab().await;
        let new = "setpool,root,root,0,stratum+tcp://new.sim.invalid:1,a.b,x";
        assert_eq!(set(&lab, new).await.unwrap()["STATUS"][0]["STATUS"], "S");
        assert_ne!(lab.miner.truth().pools[0].user, "a.b");
        assert!(lab.client.reboot().await.is_err());
        lab.advance(9);
        lab.miner.wait_online().await;
        assert_eq!(lab.miner.truth().pools[0].user, "a.b");
        let wrong = "setpool,root,guess,0,stratum+tcp://other.sim.invalid:1,c.d,x";
        assert_eq!(set(&lab, wrong).await.unwrap()["STATUS"][0]["STATUS"], "E");
    })
    .await;
}

#[tokio::test]
async fn fans_are_set_within_their_range() {
    bounded(async {
        let lab = lab().await;
        set(&lab, "fan-spd,80").await.unwrap();
        assert_eq!(module(&lab, "FanR").await, "80%");
        set(&lab, "fan-spd,-1").await.unwrap();
        assert_eq!(set(&lab, "fan-spd,5").await.unwrap()["STATUS"][0]["STATUS"], "E");
    })
    .await;
}

#[tokio::test]
async fn a_second_client_waits_for_the_first() {
    bounded(async {
        let lab = lab().await;
        let mut first = TcpStream::connect((lab.client.ip, 4028)).await.unwrap();
        let second = tokio::spawn({
            let client = lab.client.clone();
            async move { client.read().await }
        });
        // The second waits as long as the first has not asked.
        first.write_all(br#"{"command":"#).await.unwrap();
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        assert!(!second.is_finished());
        first.write_all(br#""version"}"#).await.unwrap();
        let mut reply = Vec::new();
        first.read_to_end(&mut reply).await.unwrap();
        assert_eq!(parse(&reply).unwrap()["STATUS"][0]["Code"], 22);
        second.await.unwrap().unwrap();
    })
    .await;
}
