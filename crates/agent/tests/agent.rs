//! The whole agent against a server of the test's own, over a real WebSocket, with miners of an invented make.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use adit_agent::AgentError;
use adit_core::{
    fleet::{Ending, MissReason, Operation, Order, PollResult},
    ids::{AgentId, DeviceId, ScanTaskId},
};
use adit_wire::{AgentMode, CommandBody, Credential, ServerKey, Subject, ToAgent, ToServer};
use common::{
    HandClock, command_id, device_order,
    miners::{Manner, Miners},
    order,
    server::{Agent, Server, config, options, result_in, scan_task, token},
};
use std::{fs, os::unix::fs::PermissionsExt, time::Duration};
use tempfile::TempDir;

const LOCATE: Operation = Operation::Locate { on: true };
const REBOOT: Operation = Operation::Reboot {};
/// Later than any clock here.
const LATER: i64 = i64::MAX;

struct Rig {
    server: Server,
    miners: Miners,
    folder: TempDir,
    agent: Agent,
}

/// An agent that has found `hosts` miners.
async fn rig(hosts: u8) -> Rig {
    let rig = rig_with(hosts, |_| {}).await;
    rig.server.devices(hosts.into()).await;
    rig
}

async fn rig_with(hosts: u8, change: impl FnOnce(&mut adit_agent::AgentOptions)) -> Rig {
    let miners = Miners::listening(hosts).await;
    let server = Server::start(config(vec![scan_task(1, &[miners.range(hosts.max(1))])])).await;
    let folder = tempfile::tempdir().unwrap();
    let mut options = options(&server, folder.path(), vec![miners.driver()]);
    change(&mut options);
    Rig { agent: Agent::start(options), server, miners, folder }
}

impl Rig {
    /// Killed and started again, without a token.
    async fn crash(self) -> Self {
        self.agent.kill(self.folder.path()).await;
        let mut options = options(&self.server, self.folder.path(), vec![self.miners.driver()]);
        options.enrolment_token = None;
        Self { agent: Agent::start(options), ..self }
    }
}

#[tokio::test]
async fn an_agent_enrols_once_and_keeps_its_secrets_to_itself() {
    let rig = rig(1).await;
    let folder = rig.folder.path();
    let mode = |name: &str| fs::metadata(folder.join(name)).unwrap().permissions().mode() & 0o777;
    assert_eq!((mode("agent.key"), mode("agent.json"), mode("journal")), (0o600, 0o600, 0o600));
    let again = options(&rig.server, folder, vec![]);
    rig.agent.stop().await.unwrap();
    let agent = Agent::start(adit_agent::AgentOptions { enrolment_token: None, ..again });
    rig.server.until(|said| said.iter().find(|(n, _)| *n == 2).map(|_| ())).await;
    agent.stop().await.unwrap();
    assert_eq!(rig.server.enrolments(), 1);
}

#[tokio::test]
async fn an_agent_that_cannot_start_says_why() {
    let server = Server::start(config(vec![])).await;
    let folder = tempfile::tempdir().unwrap();
    let start = |change: &dyn Fn(&mut adit_agent::AgentOptions)| {
        let mut options = options(&server, folder.path(), vec![]);
        change(&mut options);
        Agent::start(options).end()
    };
    let error = start(&|options| options.enrolment_token = None).await.unwrap_err();
    assert!(matches!(error, AgentError::NotEnrolled(_)) && error.to_string().contains("enrolment token"));
    let error =
        start(&|options| options.enrolment_token = Some(token().replace("one-time", "wrong"))).await.unwrap_err();
    assert!(error.to_string().contains("no such token"), "{error}");
    let error = start(&|options| options.server = "ws://192.0.2.1:80".to_owned()).await.unwrap_err();
    assert!(error.to_string().contains("wss://"), "{error}");
    let error = start(&|options| options.local_policy = Some(folder.path().join("none.json"))).await.unwrap_err();
    assert!(matches!(error, AgentError::Policy { .. }));
}

#[tokio::test]
async fn a_sweep_finds_every_miner_counts_the_rest_and_readings_flow() {
    let miners = Miners::listening(30).await;
    for host in 31..=34 {
        miners.listen(host).await;
    }
    let ranges = [miners.range(20), format!("{}-60", miners.ip(15))];
    let server = Server::start(config(vec![scan_task(7, &ranges)])).await;
    let folder = tempfile::tempdir().unwrap();
    let agent = Agent::start(options(&server, folder.path(), vec![miners.driver()]));
    server.devices(30).await;
    let status = server.status(|status| status.workers[0].last_sweep_at.is_some()).await;
    let worker = &status.workers[0];
    assert_eq!((worker.scan_task, worker.generation, worker.running), (ScanTaskId(7), 1, true));
    assert_eq!((worker.addresses, worker.swept, worker.identified, worker.unidentified), (60, 60, 30, 4));
    for device in 1..=30 {
        server
            .until(|said| {
                said.iter().find_map(|(_, message)| match message {
                    ToServer::Polled { results } => results.iter().find(|result| result.device().0 == device).cloned(),
                    _ => None,
                })
            })
            .await;
    }
    agent.stop().await.unwrap();
    assert!((1..=30).all(|host| miners.get(host).most_talking == 1), "one conversation per device at a time");
}

#[tokio::test]
async fn every_poll_has_a_result_that_says_what_came_of_it() {
    let rig = rig(1).await;
    let last = |said: &[(u32, ToServer)]| {
        said.iter().rev().find_map(|(_, message)| match message {
            ToServer::Polled { results } => results.last().cloned(),
            _ => None,
        })
    };
    let answered = |result: &PollResult| matches!(result, PollResult::Answered { .. });
    rig.server.until(|said| last(said).filter(answered)).await;
    for (manner, reason) in [(Manner::Fails, MissReason::NoRoute), (Manner::Stranger, MissReason::OtherDevice)] {
        rig.miners.set(1, |miner| miner.read = manner);
        let missed = PollResult::Missed { device: DeviceId(1), reason };
        rig.server.until(|said| last(said).filter(|result| *result == missed)).await;
    }
    rig.miners.set(1, |miner| miner.read = Manner::Well);
    rig.server.until(|said| last(said).filter(answered)).await;
    let done = |said: &[(u32, ToServer)]| {
        said.iter().rev().find_map(|(_, message)| match message {
            ToServer::Load(load) => Some(*load).filter(|load| load.done > 3 && load.due >= load.done),
            _ => None,
        })
    };
    assert_eq!(rig.server.until(done).await.interval_ms, 1_000);
}

#[tokio::test]
async fn an_order_is_carried_out_once_however_often_it_is_sent_and_its_result_is_repeated_until_stored() {
    let rig = rig(2).await;
    let body = device_order(1, 1, REBOOT, LATER);
    let before = rig.miners.get(1).reads;
    for _ in 0..3 {
        rig.server.order(&body);
    }
    assert_eq!(rig.server.result(command_id(1)).await.ending, Ending::Verified);
    rig.miners.wait(1, |miner| miner.reads >= before + 2).await;
    rig.server.order(&body);
    for connection in 2..=3 {
        rig.server.hang_up();
        let again = |said: &[(u32, ToServer)]| {
            said.iter().filter(|(n, _)| *n == connection).find_map(|(_, message)| result_in(message, command_id(1)))
        };
        assert_eq!(rig.server.until(again).await.ending, Ending::Verified);
    }
    rig.server.stored(vec![command_id(1)]);
    // A second order, in line behind the first on the same connection, shows that the first was dealt with.
    rig.server.order(&device_order(2, 2, LOCATE, LATER));
    rig.server.result(command_id(2)).await;
    rig.server.hang_up();
    rig.server.until(|said| said.iter().filter(|(n, _)| *n == 4).find_map(|(_, m)| result_in(m, command_id(2)))).await;
    let fourth = rig.server.said(|n, message| (n == 4).then(|| result_in(message, command_id(1))).flatten());
    assert!(fourth.is_empty(), "stored results are not sent again");
    let rig = rig.crash().await;
    rig.server.until(|said| said.iter().any(|(n, _)| *n == 5).then_some(())).await;
    rig.server.order(&body);
    rig.server.until(|said| said.iter().filter(|(n, _)| *n == 5).find_map(|(_, m)| result_in(m, command_id(1)))).await;
    assert_eq!(rig.miners.get(1).told, [REBOOT]);
}

#[tokio::test]
async fn forged_foreign_and_late_orders_are_not_carried_out() {
    let rig = rig(1).await;
    let forged = ServerKey::from_secret([9; 32]).sign(&rig.server.address(&device_order(1, 1, REBOOT, LATER))).unwrap();
    rig.server.say(ToAgent::Command(forged.into()));
    let mut altered = rig.server.sign(&rig.server.address(&device_order(2, 1, LOCATE, LATER)));
    altered.body = altered.body.replace("true", "false");
    rig.server.say(ToAgent::Command(altered.into()));
    let mut foreign = device_order(3, 1, REBOOT, LATER);
    foreign.agent = AgentId(2);
    rig.server.order(&foreign);
    rig.server.order(&device_order(4, 1, REBOOT, 0));
    assert_eq!(rig.server.result(command_id(4)).await.ending, Ending::TimedOut);
    rig.server.order(&device_order(5, 1, LOCATE, LATER));
    assert_eq!(rig.server.result(command_id(5)).await.ending, Ending::Verified);
    assert_eq!(rig.miners.get(1).told, [LOCATE]);
    let answered = |n| rig.server.said(move |_, message| result_in(message, command_id(n))).len();
    assert_eq!((answered(1), answered(2), answered(3)), (0, 0, 0), "nobody is told of what was not the server's");
}

/// Whoever answers at an address may be after the passwords of the machines there.
#[tokio::test]
async fn a_stranger_is_shown_no_password_unless_the_task_says_so() {
    let miners = Miners::listening(1).await;
    let credential = Credential { family: "fake".into(), user: String::new(), password: "secret".into() };
    let mut task = scan_task(1, &[miners.range(1)]);
    (task.passwords_to_unknown, task.credentials) = (false, vec![credential]);
    let server = Server::start(config(vec![task])).await;
    let folder = tempfile::tempdir().unwrap();
    let agent = Agent::start(options(&server, folder.path(), vec![miners.driver()]));
    server.devices(1).await;
    assert_eq!(miners.get(1).offered, [Vec::<String>::new()], "nobody knew it");
    // Another shape of the task, and its worker looks again.
    server.configure(|config| config.scan_tasks[0].name = "again".into());
    miners.wait(1, |miner| miner.offered.len() > 1).await;
    assert_eq!(miners.get(1).offered[1], ["secret"], "it is known at this address");
    agent.stop().await.unwrap();
}

/// The order is the server's, for this agent, in this session, and still it is not for this machine.
#[tokio::test]
async fn an_order_that_means_another_machine_or_was_given_before_is_not_carried_out() {
    let rig = rig(2).await;
    let right = rig.server.address(&device_order(1, 1, REBOOT, LATER));
    let second = rig.server.address(&device_order(2, 2, REBOOT, LATER));
    let send = |body: CommandBody| rig.server.say(ToAgent::Command(rig.server.sign(&body).into()));
    let swapped = CommandBody { subject: second.subject.clone(), sequence: 10, ..right.clone() };
    send(swapped);
    let refused = rig.server.result(command_id(1)).await;
    assert_eq!(refused.ending, Ending::Skipped, "{refused:?}");
    assert!(refused.message.unwrap().contains("another machine"));
    let nobodys = CommandBody { subject: None, sequence: 11, command: command_id(3), ..right.clone() };
    send(nobodys);
    assert!(rig.server.result(command_id(3)).await.message.unwrap().contains("does not say which machine"));
    let elsewhere = second.subject.clone().map(|subject| Subject { ip: [10, 0, 0, 1].into(), ..subject });
    send(CommandBody { subject: elsewhere, sequence: 12, command: command_id(4), ..second.clone() });
    assert!(rig.server.result(command_id(4)).await.message.unwrap().contains("the order is for 10.0.0.1"));
    // Given before, and in another session: nothing is said of them.
    send(CommandBody { sequence: 12, command: command_id(5), ..right.clone() });
    send(CommandBody { session: "ab".repeat(32), sequence: 20, command: command_id(6), ..right.clone() });
    send(CommandBody { sequence: 21, command: command_id(7), ..right });
    assert_eq!(rig.server.result(command_id(7)).await.ending, Ending::Verified);
    let answered = |n| rig.server.said(move |_, message| result_in(message, command_id(n))).len();
    assert_eq!((answered(5), answered(6)), (0, 0));
    assert_eq!((rig.miners.get(1).told.len(), rig.miners.get(2).told.len()), (1, 0));
}

#[tokio::test]
async fn what_is_refused_stays_refused() {
    let rig = rig(1).await;
    let expect = async |n: u32, body: Order, reason: &str| {
        let body = order(n, body, LATER);
        rig.server.order(&body);
        let result = rig.server.result(command_id(n)).await;
        assert_eq!(result.ending, Ending::Skipped, "{result:?}");
        assert!(result.message.as_ref().unwrap().contains(reason), "{result:?}");
        body
    };
    let on = |device, operation| device_order(0, device, operation, 0).order;
    expect(1, on(1, Operation::Pause {}), "does not support pause").await;
    expect(2, on(99, REBOOT), "not known").await;
    let high = Operation::SetPowerMode { mode: adit_core::fleet::PowerMode::High };
    expect(3, on(1, high), "power mode").await;
    rig.server.configure(|config| config.mode = AgentMode::MonitoringOnly);
    let refused = expect(4, on(1, REBOOT), "monitoring only").await;
    rig.server.configure(|config| (config.mode, config.paused) = (AgentMode::FullControl, true));
    expect(5, Order::RestartWorkers {}, "paused").await;
    rig.server.status(|status| !status.workers[0].running).await;
    rig.server.configure(|config| config.paused = false);
    rig.server.status(|status| status.workers[0].running && status.workers[0].generation == 2).await;
    rig.server.order(&refused);
    rig.server.order(&device_order(6, 1, LOCATE, LATER));
    assert_eq!(rig.server.result(command_id(6)).await.ending, Ending::Verified);
    assert_eq!(rig.miners.get(1).told, [LOCATE]);
}

#[tokio::test]
async fn the_local_policy_narrows_orders_and_addresses() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("policy.json");
    let miners = Miners::listening(6).await;
    let policy = format!(r#"{{"operations": ["locate"], "ranges": ["{}"]}}"#, miners.range(3));
    fs::write(&path, policy).unwrap();
    let server = Server::start(config(vec![scan_task(1, &[miners.range(6)])])).await;
    let mut options = options(&server, &folder.path().join("agent"), vec![miners.driver()]);
    options.local_policy = Some(path);
    let _agent = Agent::start(options);
    server.devices(3).await;
    server.order(&device_order(1, 1, REBOOT, LATER));
    let result = server.result(command_id(1)).await;
    assert_eq!(result.message.as_deref(), Some("the site's local policy forbids reboot"));
    server.order(&device_order(2, 1, LOCATE, LATER));
    assert_eq!(server.result(command_id(2)).await.ending, Ending::Verified);
    assert!((4..=6).all(|host| miners.get(host).reads == 0));
}

#[tokio::test]
async fn after_a_crash_a_reboot_under_way_is_unknown_and_a_locate_is_done_again() {
    let rig = rig(4).await;
    for host in [1, 2] {
        rig.miners.set(host, |miner| miner.verify = Manner::Hangs);
    }
    rig.server.order(&device_order(1, 1, REBOOT, LATER));
    rig.server.order(&device_order(2, 2, LOCATE, LATER));
    // Behind the first in its lane: received, not begun.
    rig.server.order(&device_order(3, 1, LOCATE, LATER));
    rig.miners.wait(1, |miner| miner.told == [REBOOT]).await;
    rig.miners.wait(2, |miner| miner.told == [LOCATE]).await;
    rig.server
        .until(|said| {
            let received = |m: &ToServer| match m {
                ToServer::Received { commands } => commands.contains(&command_id(3)),
                _ => false,
            };
            said.iter().any(|(_, message)| received(message)).then_some(())
        })
        .await;
    for host in [1, 2] {
        rig.miners.set(host, |miner| miner.verify = Manner::Well);
    }
    let rig = rig.crash().await;
    assert_eq!(rig.server.result(command_id(1)).await.ending, Ending::Unknown);
    assert_eq!(rig.server.result(command_id(2)).await.ending, Ending::Verified);
    assert_eq!(rig.server.result(command_id(3)).await.ending, Ending::Verified);
    assert_eq!(rig.miners.get(1).told, [REBOOT, LOCATE]);
    assert_eq!(rig.miners.get(2).told, [LOCATE, LOCATE]);
}

#[tokio::test]
async fn after_a_crash_what_is_late_is_over() {
    let clock = HandClock::at(1_000);
    let rig = rig_with(1, |options| options.clock = clock.clock()).await;
    rig.server.devices(1).await;
    rig.miners.set(1, |miner| miner.execute = Manner::Hangs);
    rig.server.order(&device_order(1, 1, LOCATE, 2_000_000));
    rig.server.order(&device_order(2, 1, LOCATE, 2_000_000));
    rig.miners.wait(1, |miner| miner.told.len() == 1).await;
    rig.server.status(|status| status.open_commands == 2).await;
    clock.set(3_000_000);
    let rig = rig.crash().await;
    assert_eq!(rig.server.result(command_id(1)).await.ending, Ending::Unknown);
    assert_eq!(rig.server.result(command_id(2)).await.ending, Ending::TimedOut);
    assert_eq!(rig.miners.get(1).told.len(), 1);
}

#[tokio::test]
async fn i12_an_agent_whose_clock_is_an_hour_off_begins_by_the_servers_clock() {
    const HOUR: i64 = 3_600_000;
    let now = 10 * HOUR;
    for wrong_by in [-HOUR, HOUR] {
        let miners = Miners::listening(1).await;
        let server = Server::start(config(vec![scan_task(1, &[miners.range(1)])])).await;
        server.set_clock(now);
        let folder = tempfile::tempdir().unwrap();
        let mut options = options(&server, folder.path(), vec![miners.driver()]);
        options.clock = HandClock::at(now + wrong_by).clock();
        let _agent = Agent::start(options);
        server.devices(1).await;
        server.order(&device_order(1, 1, LOCATE, now));
        let late = server.result(command_id(1)).await;
        assert_eq!(late.ending, Ending::TimedOut, "{wrong_by}: its deadline has passed where it was set");
        assert!(miners.get(1).told.is_empty(), "{wrong_by}");
        server.order(&device_order(2, 1, LOCATE, now + HOUR / 2));
        let in_time = server.result(command_id(2)).await;
        assert_eq!((in_time.ending, miners.get(1).told), (Ending::Verified, vec![LOCATE]), "{wrong_by}");
    }
}

#[tokio::test]
async fn restarting_the_workers_ends_each_and_starts_a_new_generation() {
    let miners = Miners::listening(4).await;
    let tasks = vec![scan_task(1, &[miners.range(2)]), scan_task(2, &[format!("{}-4", miners.ip(3))])];
    let server = Server::start(config(tasks)).await;
    let folder = tempfile::tempdir().unwrap();
    let agent = Agent::start(options(&server, folder.path(), vec![miners.driver()]));
    server.devices(4).await;
    let before = server.status(|status| status.workers.len() == 2).await;
    server.order(&order(1, Order::RestartWorkers {}, LATER));
    let result = server.result(command_id(1)).await;
    assert_eq!(result.ending, Ending::Verified);
    let message = result.message.unwrap();
    assert!(message.contains("scan-1 1 -> 2") && message.contains("scan-2 1 -> 2"), "{message}");
    let after = server.status(|status| status.workers.iter().all(|worker| worker.generation == 2)).await;
    for (old, new) in before.workers.iter().zip(&after.workers) {
        assert!(new.running && new.started_at > old.started_at);
    }
    // The new status was there before the result, so that whoever sees the result sees the new generation.
    let position = |wanted: &dyn Fn(&ToServer) -> bool| {
        server.said(|_, message| Some(wanted(message))).iter().position(|found| *found).unwrap()
    };
    let status = position(&|m| matches!(m, ToServer::Status(s) if s.workers.iter().all(|w| w.generation == 2)));
    assert!(status < position(&|m| result_in(m, command_id(1)).is_some()));
    let reads = miners.get(4).reads;
    miners.wait(4, |miner| miner.reads > reads).await;
    agent.stop().await.unwrap();
}

#[tokio::test]
async fn a_device_that_hangs_does_not_hold_up_the_others() {
    let rig = rig_with(12, |options| {
        options.execution.slots = 2;
        options.execution.execute = Duration::from_secs(600);
    })
    .await;
    rig.server.devices(12).await;
    rig.miners.set(1, |miner| miner.execute = Manner::Hangs);
    for n in 1..=12 {
        rig.server.order(&device_order(n, n, REBOOT, LATER));
    }
    for n in 2..=12 {
        assert_eq!(rig.server.result(command_id(n)).await.ending, Ending::Verified);
    }
    assert_eq!(rig.server.status(|status| status.open_commands == 1).await.devices, 12);
}

#[tokio::test]
async fn what_was_found_while_the_server_was_away_is_told_when_it_is_back() {
    let miners = Miners::listening(2).await;
    let server = Server::start(config(vec![scan_task(1, &[miners.range(2)])])).await;
    server.deaf(true);
    let folder = tempfile::tempdir().unwrap();
    let _agent = Agent::start(options(&server, folder.path(), vec![miners.driver()]));
    for host in [1, 2] {
        miners.wait(host, |miner| miner.probes == 1).await;
    }
    server.deaf(false);
    server.devices(2).await;
    assert_eq!((miners.get(1).probes, miners.get(2).probes), (1, 1), "there was no second sweep");
}

#[tokio::test]
async fn a_refused_agent_stops_touching_devices_and_comes_back_when_it_may() {
    let rig = rig(1).await;
    rig.server.refuse(Some("removed from its site"));
    rig.server.hang_up();
    let attempts = rig.server.connections();
    let mut seen = attempts;
    while seen < attempts + 2 {
        tokio::task::yield_now().await;
        seen = rig.server.connections();
    }
    let reads = rig.miners.get(1).reads;
    while rig.server.connections() < seen + 10 {
        tokio::task::yield_now().await;
    }
    assert_eq!(rig.miners.get(1).reads, reads);
    rig.server.refuse(None);
    rig.miners.wait(1, |miner| miner.reads > reads).await;
}
