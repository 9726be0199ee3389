//! `adit demo`, run as a program: the main journey with a server that is killed, and starting again on the same folder.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use serde_json::{Value, json};
use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
    time::{Duration, Instant},
};

/// Far more than a loaded machine needs.
const PATIENCE: Duration = Duration::from_secs(120);
/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);

fn adit() -> Command {
    Command::new(env!("CARGO_BIN_EXE_adit"))
}

#[test]
fn the_main_journey_works_with_a_server_that_is_killed() {
    let played = adit().args(["demo", "--once", "--miners", "60", "--base", "127.61.0.1"]).output().unwrap();
    let said = String::from_utf8_lossy(&played.stdout);
    assert!(played.status.success(), "{said}\n{}", String::from_utf8_lossy(&played.stderr));
    assert!(said.contains("kill -9 in the middle of a batch of 30"), "{said}");
    assert!(said.contains("chain sound"), "{said}");
}

struct Demo {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    /// With its scheme.
    address: String,
}

/// The owner, at the HTTP interface.
struct Client {
    http: reqwest::Client,
    base: String,
    cookie: String,
    csrf: String,
}

impl Client {
    async fn sign_in(address: &str) -> Self {
        let (http, base) = (reqwest::Client::new(), format!("{address}/api/v1"));
        let body = json!({ "email": "owner@norte.example", "password": "norte on loopback" });
        let answer = http.post(format!("{base}/session")).json(&body).send().await.unwrap();
        let cookie = answer.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let session: Value = answer.json().await.unwrap();
        Self { http, base, cookie, csrf: session["csrf"].as_str().unwrap().to_owned() }
    }

    async fn post(&self, path: &str, body: &Value) -> Value {
        let request = self.http.post(format!("{}{path}", self.base)).header("cookie", &self.cookie);
        let answer = request.header("x-adit-csrf", &self.csrf).json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
        answer.json().await.unwrap()
    }

    async fn until(&self, path: &str, wanted: impl Fn(&Value) -> bool) -> Value {
        let start = Instant::now();
        loop {
            let request = self.http.get(format!("{}{path}", self.base)).header("cookie", &self.cookie);
            let seen: Value = request.send().await.unwrap().json().await.unwrap();
            if wanted(&seen) {
                return seen;
            }
            assert!(start.elapsed() < PATIENCE, "{path}: {seen:.600}");
            tokio::time::sleep(LOOK).await;
        }
    }
}

impl Demo {
    fn start(data: &Path) -> Self {
        Self::start_at(data, "127.62.0.1")
    }

    fn start_at(data: &Path, base: &str) -> Self {
        let mut child = adit()
            .args(["demo", "--miners", "40", "--listen", "127.0.0.1:0", "--base", base, "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut demo = Self { child, lines, address: String::new() };
        let line = demo.until("Adit is running: http://127.0.0.1:");
        demo.address = line.rsplit(' ').next().unwrap().to_owned();
        demo.until("Stop with Ctrl-C.");
        demo
    }

    fn until(&mut self, wanted: &str) -> String {
        let found = self.lines.by_ref().map(Result::unwrap).find(|line| line.contains(wanted));
        found.unwrap_or_else(|| panic!("the demo ended before it said {wanted:?}"))
    }

    /// As Ctrl-C does.
    fn interrupt(mut self) {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert!(self.child.wait().unwrap().success());
    }
}

/// A test that fails leaves no demo behind.
impl Drop for Demo {
    fn drop(&mut self) {
        // One that has ended already is not there to be killed.
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

fn records(data: &Path) -> String {
    let verified = adit().args(["audit", "verify"]).arg(data.join("server/log")).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    String::from_utf8(verified.stdout).unwrap()
}

#[test]
fn the_demo_stops_cleanly_starts_again_on_its_folder_and_comes_back_without_it() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("demo");
    Demo::start(&data).interrupt();
    let first = records(&data);
    // A second one at the same time is told so.
    let running = Demo::start(&data);
    let second = adit().args(["demo", "--base", "127.63.0.1", "--data"]).arg(&data).output().unwrap();
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("in use"), "{}", String::from_utf8_lossy(&second.stderr));
    running.interrupt();
    assert!(records(&data).contains("chain sound"), "{first}");
    std::fs::remove_dir_all(&data).unwrap();
    Demo::start(&data).interrupt();
    assert!(records(&data).contains("chain sound"));
}

/// A miner that is put to sleep sleeps on after the demo was killed and started again, and so does what the scene asked for.
#[test]
fn simulated_miners_are_what_they_were_after_a_kill_and_a_restart() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("demo");
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let mut demo = Demo::start_at(&data, "127.64.0.1");
    let device = runtime.block_on(async {
        let client = Client::sign_in(&demo.address).await;
        let able = |row: &&Value| {
            row["supports"].as_array().unwrap().contains(&json!("pause"))
                && row["status"] == "hashing"
                && row["make"] != "MicroBT"
        };
        let last = |page: &Value| page["items"].as_array()?.iter().rev().find(able).map(|row| row["id"].clone());
        let found = client.until("/devices?limit=500", |page| page["total"] == 40 && last(page).is_some()).await;
        let device = last(&found).unwrap();
        let pause = json!({ "action": { "action": "pause", "params": {} }, "targets": [device] });
        let asked = client.post("/requests", &pause).await;
        let path = format!("/requests/{}", asked["id"].as_str().unwrap());
        let done = client
            .until(&path, |request| !["approved", "executing"].contains(&request["state"].as_str().unwrap()))
            .await;
        assert_eq!(done["state"], "executed", "{done}");
        device.as_str().unwrap().to_owned()
    });
    let sleeping = || {
        let text = std::fs::read_to_string(data.join("miners.json")).unwrap_or_default();
        let kept: Value = serde_json::from_str(&text).unwrap_or_default();
        kept.as_object().is_some_and(|all| all.values().any(|miner| miner["sleeping"] == true))
    };
    let patience = Instant::now();
    while !sleeping() {
        assert!(patience.elapsed() < PATIENCE, "what the miner is was never kept");
        std::thread::sleep(LOOK);
    }
    demo.child.kill().unwrap();
    demo.child.wait().unwrap();

    let demo = Demo::start_at(&data, "127.64.0.1");
    runtime.block_on(async {
        let client = Client::sign_in(&demo.address).await;
        let path = format!("/devices/{device}");
        let row = client.until(&path, |row| row["current"] == true).await;
        assert_eq!(row["status"], "sleeping", "{row}");
    });
    demo.interrupt();
    assert!(sleeping(), "the simulator itself says so when it ends");
}

#[test]
fn the_demo_refuses_to_listen_for_others() {
    let refused = adit().args(["demo", "--listen", "0.0.0.0:0"]).output().unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("loopback only"));
}
