//! A port that is open and keeps silent, and answers that break: what is essential is found all the same.
#![allow(clippy::unwrap_used, reason = "tests")]

mod lab;

use adit_drivers::Probe;
use adit_sim::Personality::WhatsminerV2;
use lab::{Lab, bounded, free_address};
use serde_json::Value;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

/// Accepts and says nothing.
async fn keep_silent(ip: Ipv4Addr, port: u16) {
    let listener = TcpListener::bind(SocketAddr::from((ip, port))).await.unwrap();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok((stream, _)) = listener.accept().await {
            held.push(stream);
        }
    });
}

/// Answers each command with the text that `answer` has for it, and closes.
async fn answer(ip: Ipv4Addr, answer: fn(&str) -> &'static [u8]) {
    let listener = TcpListener::bind(SocketAddr::from((ip, 4028))).await.unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = [0; 1024];
            let read = stream.read(&mut request).await.unwrap_or(0);
            let request: Value = serde_json::from_slice(&request[..read]).unwrap_or_default();
            // The client may have gone.
            let _ = stream.write_all(answer(request["command"].as_str().unwrap_or_default())).await;
        }
    });
}

#[tokio::test]
async fn a_silent_port_leaves_time_for_the_others() {
    bounded(async {
        let lab = Lab::new(WhatsminerV2).await;
        let IpAddr::V4(ip) = lab.ip() else { unreachable!() };
        keep_silent(ip, 4433).await;
        let (connect, limit) = (Duration::from_secs(1), Duration::from_secs(6));
        let probe = adit_drivers::identify(lab.ip(), &[], connect, limit).await;
        assert!(matches!(probe, Probe::Found(found) if found.driver == "whatsminer-v2"));
    })
    .await;
}

#[tokio::test]
async fn a_device_is_found_by_what_is_essential() {
    fn sound(command: &str, other: &'static [u8]) -> &'static [u8] {
        match command {
            "get_version" => br#"{"STATUS":"S","Msg":{"api_ver":"2.0.5","fw_ver":"20220607.16.REL"}}"#,
            "get_miner_info" => {
                br#"{"STATUS":"S","Msg":{"mac":"02:AD:17:00:00:01","minersn":"HTM1","note":"one
two"}}"#
            }
            _ => other,
        }
    }
    bounded(async {
        for broken in [
            (|command| sound(command, br#"{"SUMMARY":[{"Uptime":1,}]}"#)) as fn(&str) -> &'static [u8],
            |command| sound(command, b""),
            |command| sound(command, b"\0"),
            |command| sound(command, b"{\"SUMMARY\":"),
            |command| sound(command, b"<html>"),
        ] {
            let (ip, _reserved) = free_address().await;
            answer(ip, broken).await;
            let limit = Duration::from_secs(10);
            let Probe::Found(found) = adit_drivers::identify(ip.into(), &[], limit, limit).await else {
                panic!("not found")
            };
            assert_eq!(found.identity.mac.as_deref(), Some("02:ad:17:00:00:01"));
            assert_eq!((found.model.as_str(), found.expected_hashrate_ghs), ("Whatsminer", None));
        }
    })
    .await;
}
