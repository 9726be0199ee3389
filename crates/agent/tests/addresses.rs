//! Devices that are not any more where they are known: the agent tells where it has seen them until the server has taken it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use adit_core::{fleet::PollResult, ids::DeviceId};
use adit_wire::ToServer;
use common::{
    miners::{Manner, Miners, mac},
    server::{Agent, Server, config, options, scan_task},
};
use std::net::IpAddr;

/// One line a frame that matters: was the device missed in it, and was something found at the address?
fn lines(said: &[(u32, ToServer)], device: DeviceId, ip: IpAddr) -> Vec<&'static str> {
    let line = |(_, message): &(u32, ToServer)| match message {
        ToServer::Polled { results } => {
            let of_device = |result: &&PollResult| result.device() == device;
            results.iter().rfind(of_device).map(|result| match result {
                PollResult::Missed { .. } => "missed",
                PollResult::Answered { .. } | PollResult::AuthRequired { .. } => "answered",
                PollResult::Busy { .. } => "busy",
            })
        }
        ToServer::Found { devices, .. } => devices.iter().any(|found| found.ip == ip).then_some("found"),
        _ => None,
    };
    said.iter().filter_map(line).collect()
}

/// There is one sweep only, and the server takes in nothing of the second address.
#[tokio::test]
async fn a_device_that_falls_silent_is_told_again_where_else_it_was_seen() {
    let miners = Miners::listening(2).await;
    miners.set(2, |miner| miner.mac = Some(mac(miners.ip(1))));
    let server = Server::start(config(vec![scan_task(1, &[miners.range(2)])])).await;
    server.leave_out(miners.ip(2));
    let folder = tempfile::tempdir().unwrap();
    let agent = Agent::start(options(&server, folder.path(), vec![miners.driver()]));
    server.devices(1).await;
    let lines = |said: &[(u32, ToServer)]| lines(said, DeviceId(1), miners.ip(2));
    server.until(|said| lines(said).ends_with(&["answered"]).then_some(())).await;
    miners.set(1, |miner| miner.read = Manner::Fails);
    let told = server
        .until(|said| {
            let told = lines(said);
            (told.iter().filter(|line| **line == "found").count() == 2).then_some(told)
        })
        .await;
    assert!(told.ends_with(&["missed", "missed", "missed", "found"]), "once it is silent, and not before: {told:?}");
    server.until(|said| (lines(said).iter().filter(|line| **line == "found").count() > 2).then_some(())).await;
    miners.set(1, |miner| miner.read = Manner::Well);
    server.until(|said| lines(said).ends_with(&["answered"]).then_some(())).await;
    agent.stop().await.unwrap();
}
