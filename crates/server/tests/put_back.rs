//! A data folder that was put back to an earlier day: whoever was told a later head of the log notices.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_agent::{AgentError, AgentOptions, Pace};
use adit_core::{command::Command, time::Millis};
use adit_server::{
    Clock, Engine, Server, ServerOptions, SystemClock,
    agents::enrolment_token,
    api,
    heads::{HeadFile, Heads, Witness},
};
use adit_store::{DataDir, LogReader};
use adit_wire::{ServerKey, SignedHead};
use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};
use support::{TOKEN, bounded, company, operator, site};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    sync::oneshot,
    task::JoinHandle,
    time::sleep,
};

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let (from, to) = (entry.as_ref().unwrap().path(), to.join(entry.unwrap().file_name()));
        if from.is_dir() {
            copy(&from, &to);
        } else {
            fs::copy(&from, &to).unwrap();
        }
    }
}

async fn start(data: &Path, heads: &Path, listen: SocketAddr) -> Server {
    let (data, heads) = (data.to_owned(), Some(heads.to_owned()));
    let api = api::Options { loopback: true, ..api::Options::default() };
    Server::start(ServerOptions { data, listen, poll_interval_s: 5, heads, api }).await.unwrap()
}

struct Agent {
    stop: oneshot::Sender<()>,
    running: JoinHandle<Result<(), AgentError>>,
}

impl Agent {
    fn start(server: SocketAddr, folder: &Path, token: &str) -> Self {
        let mut options = AgentOptions::new(format!("ws://{server}"), folder, adit_drivers::all());
        options.enrolment_token = Some(token.to_owned());
        let (soon, later) = (Duration::from_millis(50), Duration::from_millis(100));
        options.pace = Pace { retry_from: soon, retry_to: later, ..Pace::default() };
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(adit_agent::run(options, async move {
            let _ = stopped.await;
        }));
        Self { stop, running }
    }

    async fn stop(self) {
        self.stop.send(()).unwrap();
        bounded("the agent ends", self.running).await.unwrap().unwrap();
    }
}

/// The head that the agent has, once it is as wanted.
async fn known(folder: &Path, wanted: impl Fn(u64) -> bool) -> SignedHead {
    let path = folder.join("head.json");
    bounded("the agent's head", async {
        loop {
            let known = fs::read_to_string(&path).ok().and_then(|text| serde_json::from_str::<SignedHead>(&text).ok());
            if let Some(known) = known.filter(|known| wanted(known.head.seq)) {
                return known;
            }
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

/// What `/metrics` says of heads that are missing.
async fn missing(server: SocketAddr) -> u64 {
    let mut stream = TcpStream::connect(server).await.unwrap();
    let ask = format!("GET /metrics HTTP/1.1\r\nhost: {server}\r\nconnection: close\r\n\r\n");
    stream.write_all(ask.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let line = answer.lines().find_map(|line| line.strip_prefix("adit_log_heads_missing "));
    line.unwrap_or_else(|| panic!("{answer}")).trim().parse().unwrap()
}

async fn until_missing(server: SocketAddr, count: u64) {
    bounded("the heads that are missing", async {
        while missing(server).await != count {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_folder_that_was_put_back_is_refused_by_its_agents_and_told_to_everybody() {
    let root = tempfile::tempdir().unwrap();
    let path = |name: &str| -> PathBuf { root.path().join(name) };
    let (data, heads, agent_folder) = (path("server"), path("heads.jsonl"), path("agent"));
    let token = enrolment_token(&mut DataDir::open(&data).unwrap().secrets().unwrap(), TOKEN).unwrap();
    let server = start(&data, &heads, "127.0.0.1:0".parse().unwrap()).await;
    let address = server.address();
    company(server.engine(), 0).await;
    site(server.engine(), vec!["127.60.0.1".into()]).await;
    let agent = Agent::start(address, &agent_folder, &token);
    let first = known(&agent_folder, |_| true).await;
    agent.stop().await;
    server.stop().await;
    copy(&data, &path("before"));

    let server = start(&data, &heads, address).await;
    assert_eq!(missing(address).await, 0, "it has only gone on");
    let engine = server.engine().clone();
    for _ in 0..3 {
        engine.run(operator(&engine), Command::AddUser).await.unwrap();
    }
    drop(engine);
    let agent = Agent::start(address, &agent_folder, &token);
    let later = known(&agent_folder, |seq| seq > first.head.seq).await;
    agent.stop().await;
    server.stop().await;

    fs::remove_dir_all(&data).unwrap();
    copy(&path("before"), &data);
    let server = start(&data, &heads, address).await;
    assert_eq!(missing(address).await, 1, "the file of heads has more than the log");
    let agent = Agent::start(address, &agent_folder, &token);
    until_missing(address, 2).await;
    // It has gone on from there, and is longer by now than it was: that makes it no better.
    let engine = server.engine().clone();
    while engine.state().seq() <= later.head.seq + 2 {
        engine.run(operator(&engine), Command::AddUser).await.unwrap();
    }
    agent.stop().await;
    let agent = Agent::start(address, &agent_folder, &token);
    until_missing(address, 2).await;
    assert_eq!(known(&agent_folder, |_| true).await, later, "the agent takes nothing from this server");

    // Somebody who has looked lets the agent have it.
    agent.stop().await;
    fs::remove_file(agent_folder.join("head.json")).unwrap();
    let agent = Agent::start(address, &agent_folder, &token);
    until_missing(address, 1).await;
    known(&agent_folder, |seq| seq > later.head.seq).await;
    drop(engine);
    agent.stop().await;
    server.stop().await;
}

#[tokio::test]
async fn heads_are_noted_by_the_hour_if_the_log_has_gone_on_and_only_its_own_raise_an_alarm() {
    let root = tempfile::tempdir().unwrap();
    let dir = DataDir::open(root.path().join("server")).unwrap();
    let engine = Engine::start(Box::new(dir.log().unwrap()), Arc::new(SystemClock)).unwrap();
    let key = ServerKey::from_secret([9; 32]);
    let heads = Heads::new(key.clone(), Box::new(dir.log_reader().unwrap()));
    let (path, now) = (root.path().join("heads.jsonl"), SystemClock.now());
    assert!(!HeadFile::open(&path, &heads, now).unwrap().note(&heads, now).unwrap(), "there is nothing yet");
    company(&engine, 0).await;
    let lines = || fs::read_to_string(&path).unwrap().lines().count();
    let mut file = HeadFile::open(&path, &heads, now).unwrap();
    assert!(file.note_if_due(&heads, now).unwrap());
    engine.run(operator(&engine), Command::AddUser).await.unwrap();
    let soon = now.after(Millis::minutes(59));
    assert!(!file.note_if_due(&heads, soon).unwrap(), "not yet");
    let later = now.after(Millis::hours(1));
    assert!(file.note_if_due(&heads, later).unwrap());
    assert!(!file.note_if_due(&heads, later.after(Millis::hours(1))).unwrap(), "nothing has happened since");
    assert_eq!(lines(), 2);
    drop(file);

    // A crash cuts a line off; the next one begins anew, and the one before counts.
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}{}", &text[..40])).unwrap();
    engine.run(operator(&engine), Command::AddUser).await.unwrap();
    let mut file = HeadFile::open(&path, &heads, later).unwrap();
    assert!(heads.all_missing().is_empty());
    assert!(file.note(&heads, later).unwrap());
    let text = fs::read_to_string(&path).unwrap();
    let whole = text.lines().filter_map(|line| serde_json::from_str::<SignedHead>(line).ok());
    assert!(whole.map(|told| key.verifying_key().check_head(&told)).all(|checked| checked.is_ok()));
    assert_eq!(text.lines().count(), 4);

    let reader = dir.log_reader().unwrap();
    let end = reader.head().unwrap();
    let other = adit_core::audit::Head { hash: [1; 32], ..end };
    let hear = |head: SignedHead| heads.hear(Witness::File, Some(&head), later).unwrap();
    assert_eq!(hear(ServerKey::from_secret([8; 32]).sign_head(other, None)), None);
    assert!(heads.all_missing().is_empty(), "a head of somebody else's is nothing");
    assert_eq!(hear(key.sign_head(other, None)), None);
    assert_eq!(heads.all_missing().len(), 1);
    assert_eq!(hear(key.sign_head(end, None)), Some(end));
    assert!(heads.all_missing().is_empty());
}
