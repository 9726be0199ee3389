//! A server with a real agent and simulated miners.
#![allow(dead_code, reason = "each test file uses its part")]

use super::support::{AGENT, PASSWORDS, TOKEN, bounded, company, site};
use adit_agent::{AgentError, AgentOptions, Pace};
use adit_core::ids::{DeviceId, UserId};
use adit_server::{
    Agents, Engine, Live, SystemClock,
    agents::{credentials_name, router},
};
use adit_sim::{MinerSpec, Personality, SimConfig, Simulator};
use adit_store::DataDir;
use adit_telemetry::DeviceStatus;
use adit_wire::Credential;
use std::{
    net::{Ipv4Addr, SocketAddr},
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};
use tempfile::TempDir;
use tokio::{
    net::TcpListener,
    sync::oneshot,
    task::{JoinHandle, JoinSet},
    time::sleep,
};

/// Asks again and again until the answer is yes.
pub async fn wait_for(what: &str, wanted: impl Fn() -> bool) {
    bounded(what, async {
        while !wanted() {
            sleep(Duration::from_millis(20)).await;
        }
    })
    .await;
}

pub fn all_are(live: &Live, devices: &[DeviceId], status: DeviceStatus) -> bool {
    let table = live.read();
    devices.iter().all(|id| table.row(*id).is_some_and(|row| row.status == status))
}

pub fn generation(agents: &Agents) -> Option<u32> {
    agents.connected(AGENT)?.status?.workers.first().map(|worker| worker.generation)
}

/// A server, and simulated miners that it does not know yet.
pub struct Rig {
    pub root: TempDir,
    pub fleet: Simulator,
    pub engine: Engine,
    pub people: Vec<UserId>,
    pub live: Live,
    pub agents: Arc<Agents>,
    pub address: SocketAddr,
    pub work: JoinSet<()>,
}

impl Rig {
    /// Four miners at 127.`net`.0.1 and the next.
    pub async fn start(net: u8) -> Self {
        Self::with(net, |_| {}).await
    }

    /// The same, with the miners changed.
    pub async fn with(net: u8, change: impl FnOnce(&mut [MinerSpec])) -> Self {
        let spec = |n| MinerSpec::new(Personality::WhatsminerV2, Ipv4Addr::new(127, net, 0, n));
        let mut miners: Vec<_> = (1..=4).map(spec).collect();
        change(&mut miners);
        let fleet = Simulator::start(SimConfig::new(7, miners)).await.unwrap();
        let root = tempfile::tempdir().unwrap();
        let dir = DataDir::open(root.path().join("server")).unwrap();
        let engine = Engine::start(Box::new(dir.log().unwrap()), Arc::new(SystemClock)).unwrap();
        let people = company(&engine, 1).await;
        site(&engine, vec![format!("127.{net}.0.1-4")]).await;
        let mut secrets = dir.secrets().unwrap();
        let passwords = [Credential { family: "whatsminer".into(), user: String::new(), password: "admin".into() }];
        secrets.put(&credentials_name(PASSWORDS), &serde_json::to_vec(&passwords).unwrap()).unwrap();
        let live = Live::of(&engine);
        let agents = Agents::new(
            engine.clone(),
            live.clone(),
            Arc::new(Mutex::new(secrets)),
            Box::new(dir.log_reader().unwrap()),
            1,
        )
        .unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (followed, service) = (Arc::clone(&agents), router(Arc::clone(&agents)));
        let mut work = JoinSet::new();
        work.spawn(async move { followed.follow().await });
        work.spawn(async move { axum::serve(listener, service).await.unwrap() });
        Self { root, fleet, engine, people, live, agents, address, work }
    }

    /// An agent at work, until it is stopped.
    pub fn agent(&self, local_policy: Option<PathBuf>) -> RunningAgent {
        self.agent_by(self.address, local_policy)
    }

    /// The same, with a server that it reaches at another address.
    pub fn agent_by(&self, address: SocketAddr, local_policy: Option<PathBuf>) -> RunningAgent {
        let token = self.agents.enrolment_token(TOKEN);
        RunningAgent::start(address, self.root.path().join("agent"), token, local_policy)
    }

    pub async fn end(mut self) {
        self.work.shutdown().await;
        self.fleet.stop().await;
    }
}

pub struct RunningAgent {
    pub stop: oneshot::Sender<()>,
    pub running: JoinHandle<Result<(), AgentError>>,
}

impl RunningAgent {
    /// An agent at work, which keeps its things in `folder`.
    pub fn start(address: SocketAddr, folder: PathBuf, token: String, local_policy: Option<PathBuf>) -> Self {
        let mut options = AgentOptions::new(format!("ws://{address}"), folder, adit_drivers::all());
        options.enrolment_token = Some(token);
        options.local_policy = local_policy;
        options.pace = Pace {
            batch: Duration::from_millis(50),
            status: Duration::from_millis(200),
            retry_from: Duration::from_millis(50),
            retry_to: Duration::from_millis(500),
            ..Pace::default()
        };
        let (stop, stopped) = oneshot::channel::<()>();
        let running = tokio::spawn(adit_agent::run(options, async move {
            let _ = stopped.await;
        }));
        Self { stop, running }
    }

    pub async fn stop(self) {
        self.stop.send(()).unwrap();
        bounded("the agent ends", self.running).await.unwrap().unwrap();
    }
}
