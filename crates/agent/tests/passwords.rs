//! Pool passwords come beside their orders, reach the miner, and are in nothing that the agent keeps or says.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod common;

use adit_core::fleet::{Ending, Operation, Pool, PoolPassword, SecretRef};
use adit_wire::{CommandBody, GivenCommand, ToAgent, ToServer};
use common::{
    command_id, device_order,
    miners::{Manner, Miners},
    server::{Agent, Server, config, options, scan_task},
};
use std::{fs, path::Path, time::Duration};
use tempfile::TempDir;

const PASSWORD: &str = "Kestrel-77-quarry";
const LATER: i64 = i64::MAX;

struct Rig {
    server: Server,
    miners: Miners,
    folder: TempDir,
    agent: Agent,
}

fn start(server: &Server, miners: &Miners, folder: &Path, token: bool) -> Agent {
    let mut options = options(server, folder, vec![miners.driver()]);
    options.execution.passwords = Duration::from_millis(300);
    if !token {
        options.enrolment_token = None;
    }
    Agent::start(options)
}

impl Rig {
    async fn new() -> Self {
        let miners = Miners::listening(1).await;
        let server = Server::start(config(vec![scan_task(1, &[miners.range(1)])])).await;
        let folder = tempfile::tempdir().unwrap();
        let agent = start(&server, &miners, folder.path(), true);
        server.devices(1).await;
        Self { server, miners, folder, agent }
    }

    async fn crash(self) -> Self {
        self.agent.kill(self.folder.path()).await;
        Self { agent: start(&self.server, &self.miners, self.folder.path(), false), ..self }
    }

    fn give(&self, body: &CommandBody, passwords: Vec<(SecretRef, PoolPassword)>) {
        let command = self.server.sign(&self.server.address(body));
        self.server.say(ToAgent::Command(GivenCommand { command, passwords }));
    }

    /// Nothing that is kept in the agent's folder or was said to the server has the password in it.
    fn assert_untold(&self) {
        for file in fs::read_dir(self.folder.path()).unwrap() {
            let path = file.unwrap().path();
            let bytes = fs::read(&path).unwrap();
            assert!(!bytes.windows(PASSWORD.len()).any(|part| part == PASSWORD.as_bytes()), "{}", path.display());
        }
        let said = self.server.said(|_, message: &ToServer| Some(serde_json::to_string(message).unwrap()));
        assert!(!said.is_empty() && said.iter().all(|message| !message.contains(PASSWORD)));
    }
}

fn set_pools(n: u32) -> CommandBody {
    let pool = Pool { url: "stratum+tcp://pool.example:3333".into(), user: "farm.1".into(), password: Some(named()) };
    device_order(n, 1, Operation::SetPools { pools: vec![pool] }, LATER)
}

fn named() -> SecretRef {
    SecretRef::new(77)
}

fn given() -> Vec<(SecretRef, PoolPassword)> {
    vec![(named(), PoolPassword::try_from(PASSWORD.to_owned()).unwrap())]
}

/// An order in the journal, not begun, because the one before it hangs; then the agent is killed.
async fn killed_before_its_turn(rig: Rig) -> Rig {
    rig.miners.set(1, |miner| miner.read = Manner::Hangs);
    rig.give(&device_order(1, 1, Operation::Locate { on: true }, LATER), Vec::new());
    rig.give(&set_pools(2), given());
    let received = |said: &[(u32, ToServer)]| {
        let has = |message: &ToServer| matches!(message, ToServer::Received { commands } if commands.contains(&command_id(2)));
        said.iter().any(|(_, message)| has(message)).then_some(())
    };
    rig.server.until(received).await;
    rig.assert_untold();
    let rig = rig.crash().await;
    rig.miners.set(1, |miner| miner.read = Manner::Well);
    rig
}

#[tokio::test]
async fn a_password_reaches_the_miner_and_nothing_else() {
    let rig = Rig::new().await;
    rig.give(&set_pools(1), given());
    assert_eq!(rig.server.result(command_id(1)).await.ending, Ending::Verified);
    assert_eq!(rig.miners.get(1).passwords, [PASSWORD]);
    // One that the server could not give: nothing is sent with another in its place.
    rig.give(&set_pools(2), Vec::new());
    let refused = rig.server.result(command_id(2)).await;
    assert_eq!(refused.ending, Ending::Failed);
    assert!(refused.message.unwrap().contains("did not give the pool password"));
    assert_eq!(rig.miners.get(1).told.len(), 1);
    rig.assert_untold();
    rig.agent.stop().await.unwrap();
}

#[tokio::test]
async fn after_a_restart_an_order_has_the_password_that_the_server_gives_again() {
    let rig = killed_before_its_turn(Rig::new().await).await;
    rig.server.until(|said| said.iter().any(|(connection, _)| *connection == 2).then_some(())).await;
    rig.give(&set_pools(2), given());
    assert_eq!(rig.server.result(command_id(2)).await.ending, Ending::Verified);
    assert_eq!(rig.miners.get(1).passwords, [PASSWORD]);
    rig.assert_untold();
    rig.agent.stop().await.unwrap();
}

#[tokio::test]
async fn after_a_restart_an_order_without_its_password_fails_and_says_why() {
    let rig = killed_before_its_turn(Rig::new().await).await;
    let failed = rig.server.result(command_id(2)).await;
    assert_eq!(failed.ending, Ending::Failed);
    assert!(failed.message.unwrap().contains("was lost when the agent stopped"));
    assert!(rig.miners.get(1).passwords.is_empty());
    rig.agent.stop().await.unwrap();
}
