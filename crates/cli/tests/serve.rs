//! `adit serve`, run as a program: the first start, and the ones after it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use std::{path::Path, process::Stdio};
use tokio::{
    io::{AsyncBufReadExt, BufReader, Lines},
    process::{Child, ChildStdout, Command},
};

struct Served {
    child: Child,
    lines: Lines<BufReader<ChildStdout>>,
    base: String,
}

impl Served {
    async fn start(data: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_adit"))
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let line = lines.next_line().await.unwrap().unwrap();
        let base = line.strip_prefix("adit: serving ").unwrap().to_owned();
        Self { child, lines, base }
    }

    /// The set-up link's token.
    async fn token(&mut self) -> String {
        assert!(self.lines.next_line().await.unwrap().unwrap().contains("no account yet"));
        let link = self.lines.next_line().await.unwrap().unwrap();
        let (page, token) = link.split_once('#').unwrap();
        let port = self.base.rsplit(':').next().unwrap();
        assert_eq!(page, format!("http://localhost:{port}/setup"));
        token.to_owned()
    }

    async fn post(&self, path: &str, body: &Value) -> (StatusCode, Value) {
        let url = format!("{}/api/v1{path}", self.base);
        let answer = Client::new().post(url).json(body).send().await.unwrap();
        let status = answer.status();
        (status, serde_json::from_str(&answer.text().await.unwrap()).unwrap_or(Value::Null))
    }

    /// Stops it, and gives what it still had to say.
    async fn stop(mut self) -> String {
        let pid = self.child.id().unwrap().to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().await.unwrap().success());
        assert!(self.child.wait().await.unwrap().success());
        let mut rest = String::new();
        while let Some(line) = self.lines.next_line().await.unwrap() {
            rest.push_str(&line);
        }
        rest
    }
}

fn form(token: &str, password: &str) -> Value {
    json!({ "token": token, "company": "Norte", "name": "Lena", "email": "Lena@norte.example", "password": password })
}

#[tokio::test]
async fn the_first_start_prints_a_link_that_makes_one_account_and_later_ones_print_none() {
    let root = tempfile::tempdir().unwrap();
    let old = {
        let mut unused = Served::start(root.path()).await;
        let token = unused.token().await;
        unused.stop().await;
        token
    };
    let mut server = Served::start(root.path()).await;
    let token = server.token().await;
    let password = "correct horse battery";
    assert_eq!(server.post("/setup", &form(&old, password)).await.0, 404, "a link of an earlier start");
    assert_eq!(server.post("/setup/check", &json!({ "token": token })).await.0, 204);
    assert_eq!(server.post("/setup", &form(&token, "password1234")).await.1["code"], "weak_password");
    let (status, session) = server.post("/setup", &form(&token, password)).await;
    assert_eq!(status, 200, "{session}");
    assert_eq!((&session["user"]["name"], &session["roles"]), (&json!("Lena"), &json!(["Owner"])));
    assert_eq!(server.post("/setup", &form(&token, password)).await.0, 404, "a link that is used up");
    assert_eq!(server.post("/setup/check", &json!({ "token": token })).await.0, 404);
    server.stop().await;

    let server = Served::start(root.path()).await;
    let credentials = json!({ "email": "lena@norte.example", "password": password });
    assert_eq!(server.post("/session", &credentials).await.0, 200);
    assert_eq!(server.post("/setup", &form(&token, password)).await.0, 404);
    assert_eq!(server.stop().await, "", "no link once there is an account");
}

#[tokio::test]
async fn of_many_who_open_the_link_at_once_one_makes_the_account() {
    let root = tempfile::tempdir().unwrap();
    let mut server = Served::start(root.path()).await;
    let token = server.token().await;
    let form = form(&token, "correct horse battery");
    let tries = post_at_once(&server, &form, 8).await;
    assert_eq!(tries.iter().filter(|(status, _)| *status == 200).count(), 1, "{tries:?}");
    server.stop().await;
}

async fn post_at_once(server: &Served, form: &Value, count: usize) -> Vec<(StatusCode, Value)> {
    let mut tries = tokio::task::JoinSet::new();
    for _ in 0..count {
        let url = format!("{}/api/v1/setup", server.base);
        let request = Client::new().post(url).json(form);
        tries.spawn(async move {
            let answer = request.send().await.unwrap();
            (answer.status(), answer.json().await.unwrap())
        });
    }
    tries.join_all().await
}

#[tokio::test]
async fn other_machines_are_not_served_in_the_clear() {
    let root = tempfile::tempdir().unwrap();
    let refused = Command::new(env!("CARGO_BIN_EXE_adit"))
        .args(["serve", "--listen", "0.0.0.0:0", "--data"])
        .arg(root.path())
        .output()
        .await
        .unwrap();
    assert_eq!(refused.status.code(), Some(1));
    let told = String::from_utf8(refused.stderr).unwrap();
    assert!(told.contains("--public-url https://") && told.contains("--insecure-http"), "{told}");
}
