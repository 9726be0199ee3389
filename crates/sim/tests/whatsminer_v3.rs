//! Whatsminer v3: frames, signatures, accounts, encrypted pools, clients.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use adit_sim::{Activity, Mode, Personality};
use common::{Lab, bounded, error, rpc, v3, v3_frame, v3_signed, v3_write};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

async fn lab() -> Lab {
    Lab::new(Personality::WhatsminerV3).await
}

async fn status(lab: &Lab, section: &str) -> Value {
    let reply = v3(lab.client.ip, json!({ "cmd": "get.miner.status", "param": section })).await.unwrap();
    assert_eq!(reply["code"], 0, "{reply}");
    reply["msg"][section].clone()
}

async fn write(lab: &Lab, command: &str, param: Value) -> Value {
    v3_write(lab.client.ip, &lab.client.password, command, param).await.unwrap()
}

#[tokio::test]
async fn it_says_what_it_is_and_how_it_does() {
    bounded(async {
        let lab = lab().await;
        let truth = lab.miner.truth();
        let info = v3(lab.client.ip, json!({ "cmd": "get.device.info" })).await.unwrap();
        assert_eq!(info["msg"]["miner"]["type"], truth.model);
        assert_eq!(info["msg"]["miner"]["miner-sn"], truth.serial);
        assert_eq!(info["msg"]["system"]["api"], "3.0.1");
        let part = v3(lab.client.ip, json!({ "cmd": "get.device.info", "param": "miner" })).await.unwrap();
        assert_eq!(part["msg"].as_object().unwrap().len(), 1);

        let summary = status(&lab, "summary").await;
        assert!((summary["power-realtime"].as_f64().unwrap() / truth.power_w - 1.0).abs() < 0.02);
        assert!((summary["hash-realtime"].as_f64().unwrap() / truth.hashrate_ths - 1.0).abs() < 0.02);
        assert!(status(&lab, "edevs").await.as_array().unwrap().len() >= 3);
        assert_eq!(status(&lab, "pools").await[0]["account"], truth.pools[0].user);
        let unknown = v3(lab.client.ip, json!({ "cmd": "get.nothing" })).await.unwrap();
        assert_eq!(unknown["code"], -2);
    })
    .await;
}

#[tokio::test]
async fn several_commands_share_a_connection() {
    bounded(async {
        let lab = lab().await;
        let mut stream = TcpStream::connect((lab.client.ip, 4433)).await.unwrap();
        for _ in 0..3 {
            let reply = v3_frame(&mut stream, &json!({ "cmd": "get.miner.setting" })).await.unwrap();
            assert_eq!(reply["msg"]["power-mode"], "normal");
        }
    })
    .await;
}

#[tokio::test]
async fn modes_and_service_are_set() {
    bounded(async {
        let lab = lab().await;
        assert_eq!(write(&lab, "set.miner.power_mode", json!("low")).await["code"], 0);
        lab.advance(10);
        let low = lab.miner.truth();
        assert_eq!((low.mode, low.activity), (Mode::Low, Activity::Mining));
        write(&lab, "set.miner.service", json!("stop")).await;
        lab.advance(10);
        assert_eq!(lab.miner.truth().activity, Activity::Sleeping);
        let info = v3(lab.client.ip, json!({ "cmd": "get.device.info", "param": "miner" })).await.unwrap();
        assert_eq!(info["msg"]["miner"]["working"], "false");
        write(&lab, "set.miner.service", json!("start")).await;
        lab.advance(10);
        write(&lab, "set.miner.service", json!("restart")).await;
        assert_eq!(lab.miner.truth().elapsed_s, 0);
        write(&lab, "set.miner.power_limit", json!(2500)).await;
        lab.advance(10);
        assert!((lab.miner.truth().power_w - 2477.52).abs() < 25.0);
        assert_eq!(write(&lab, "set.miner.power_mode", json!("turbo")).await["code"], -1);
        assert_eq!(write(&lab, "set.nothing", Value::Null).await["code"], -2);
    })
    .await;
}

#[tokio::test]
async fn pools_travel_encrypted() {
    bounded(async {
        let lab = lab().await;
        let pools = json!([{ "pool": "stratum+tcp://new.sim.invalid:1", "worker": "a.b", "passwd": "x" }]);
        assert_eq!(write(&lab, "set.miner.pools", pools.clone()).await["code"], 0);
        assert_eq!(lab.miner.truth().pools.len(), 1);
        assert_eq!(status(&lab, "pools").await[0]["url"], "stratum+tcp://new.sim.invalid:1");

        let (mut request, _) = v3_signed(lab.client.ip, ("super", "super"), "set.miner.pools").await.unwrap();
        request["param"] = json!(pools.to_string());
        assert_eq!(v3(lab.client.ip, request).await.unwrap()["code"], -1);
    })
    .await;
}

#[tokio::test]
async fn only_the_right_signature_of_super_writes() {
    bounded(async {
        let lab = lab().await;
        for account in [("super", "wrong"), ("user1", "user1"), ("root", "root")] {
            let (mut request, _) = v3_signed(lab.client.ip, account, "set.miner.service").await.unwrap();
            request["param"] = json!("stop");
            assert_eq!(v3(lab.client.ip, request).await.unwrap()["code"], -4, "{account:?}");
        }
        // A signature counts for its own command only.
        let (mut request, _) = v3_signed(lab.client.ip, ("super", "super"), "set.system.led").await.unwrap();
        request["cmd"] = json!("set.system.reboot");
        assert_eq!(v3(lab.client.ip, request).await.unwrap()["code"], -4);
        let truth = lab.miner.truth();
        assert_eq!((truth.sleeping, truth.reboots), (false, 0));
    })
    .await;
}

#[tokio::test]
async fn the_eleventh_client_is_turned_away() {
    bounded(async {
        let lab = lab().await;
        let hello = json!({ "cmd": "get.miner.setting" });
        let mut clients = Vec::new();
        for _ in 0..10 {
            let mut stream = TcpStream::connect((lab.client.ip, 4433)).await.unwrap();
            v3_frame(&mut stream, &hello).await.unwrap();
            clients.push(stream);
        }
        assert!(v3(lab.client.ip, hello.clone()).await.is_err());
        drop(clients.pop());
        // The miner notices the closed connection in its own time.
        while v3(lab.client.ip, hello.clone()).await.is_err() {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

#[tokio::test]
async fn absurd_lengths_end_the_connection() {
    bounded(async {
        let lab = lab().await;
        for length in [0u32, 1 << 20, u32::MAX] {
            let mut stream = TcpStream::connect((lab.client.ip, 4433)).await.unwrap();
            stream.write_all(&length.to_le_bytes()).await.unwrap();
            assert_eq!(stream.read(&mut [0; 8]).await.unwrap(), 0);
        }
        let mut stream = TcpStream::connect((lab.client.ip, 4433)).await.unwrap();
        let reply = v3_frame(&mut stream, &json!("not an object")).await.unwrap();
        assert_eq!(reply["code"], -3);
    })
    .await;
}

#[tokio::test]
async fn port_4028_answers_only_where_it_is_wanted() {
    bounded(async {
        let ask = json!({ "command": "devdetails" });
        let lab = lab().await;
        assert!(rpc(lab.client.ip, ask.clone()).await.is_err());
        let both = Lab::with(Personality::WhatsminerV3, |spec| spec.legacy_api = true).await;
        let reply = rpc(both.client.ip, ask).await.unwrap();
        assert_eq!(reply["DEVDETAILS"][0]["Driver"], "bitmicro");
        let denied = common::v2_write(both.client.ip, "super", json!({ "cmd": "power_off" })).await;
        let denied = denied.map_err(|_| error("no answer")).unwrap();
        assert_eq!(denied["Code"], 45);
    })
    .await;
}
