//! What those who have not shown who they are can take of a server: through real connections, from several addresses of this machine.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use adit_agent::{AgentOptions, Pace};
use adit_core::{
    authz::{Actor, Principal},
    command::{Command, Submission},
    fleet::Operation,
    ids::{DeviceId, RequestId},
    requests::{Action, Control},
};
use adit_server::{
    Engine, Opened, Server, ServerOptions,
    agents::enrolment_token,
    api::Options,
    founding::{self, NewPerson},
    net::{Limits, Share},
};
use adit_sim::{MinerSpec, Personality, SimConfig, Simulator};
use adit_wire::EnrolmentToken;
use serde_json::{Value, json};
use std::{
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};
use support::{ACCOUNT, AGENT, OWNER, SITE, TOKEN, bounded, house::House, until};
use tempfile::TempDir;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
    sync::oneshot,
};

const PASSWORD: &str = "correct horse battery";

/// Times that nobody here waits for.
fn limits() -> Limits {
    let long = Duration::from_secs(3_600);
    Limits { head: long, body: long, stall: long, greeting: long, count_loopback: true, ..Limits::default() }
}

struct Rig {
    server: Server,
    /// What an agent enrols with.
    token: String,
    root: TempDir,
}

impl Rig {
    /// A server whose owner is `lena@norte.example`.
    async fn start(limits: Limits) -> Self {
        Self::with(Options { loopback: true, limits, ..Options::default() }).await
    }

    async fn with(api: Options) -> Self {
        let root = tempfile::tempdir().unwrap();
        let data = root.path().join("server");
        let opened = Opened::open(data.clone()).unwrap();
        let owner = NewPerson { email: "lena@norte.example".into(), name: "Lena".into(), password: PASSWORD.into() };
        founding::found(&opened, "Norte", &owner).await.unwrap();
        let token = enrolment_token(&mut opened.secrets(), TOKEN).unwrap();
        let listen = "127.0.0.1:0".parse().unwrap();
        let server = opened.serve(ServerOptions { data, listen, poll_interval_s: 1, heads: None, api }).await.unwrap();
        Self { server, token, root }
    }

    /// A connection from 127.0.0.`from`.
    async fn dial(&self, from: u8) -> Wire {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, from), 0))).unwrap();
        Wire(bounded("a connection", socket.connect(self.server.address())).await.unwrap())
    }

    async fn ask(&self, from: u8, request: &str) -> Answer {
        let mut wire = self.dial(from).await;
        wire.say(request).await;
        wire.hear().await
    }

    async fn sign_in(&self, from: u8, password: &str) -> Answer {
        self.ask(from, &post("/api/v1/session", &json!({ "email": "lena@norte.example", "password": password }), ""))
            .await
    }
}

struct Wire(TcpStream);

struct Answer {
    status: u16,
    head: String,
    body: Value,
}

impl Wire {
    async fn say(&mut self, text: &str) {
        self.0.write_all(text.as_bytes()).await.unwrap();
    }

    /// One answer. Of an upgraded connection there is no body to read.
    async fn hear(&mut self) -> Answer {
        bounded("an answer", async {
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(self.0.read_u8().await.expect("an answer"));
            }
            let head = String::from_utf8(head).unwrap().to_lowercase();
            let length = head.split("content-length: ").nth(1).and_then(|rest| rest.split("\r\n").next());
            let mut body = vec![0; length.map_or(0, |length| length.parse().unwrap())];
            self.0.read_exact(&mut body).await.unwrap();
            let status = head.split(' ').nth(1).unwrap().parse().unwrap();
            Answer { status, head, body: serde_json::from_slice(&body).unwrap_or(Value::Null) }
        })
        .await
    }

    /// Waits until the server has closed it.
    async fn closed(mut self) {
        let mut rest = Vec::new();
        // A connection that was cut ends as well as one that was closed.
        let _ = bounded("the server closes the connection", self.0.read_to_end(&mut rest)).await;
    }
}

fn get(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n\r\n")
}

fn post(path: &str, body: &Value, headers: &str) -> String {
    let (body, kind) = (body.to_string(), "content-type: application/json");
    let length = body.len();
    format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n{kind}\r\n{headers}content-length: {length}\r\n\r\n{body}")
}

fn socket() -> String {
    "GET /agent/v1/connect HTTP/1.1\r\nhost: localhost\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
     sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
        .to_owned()
}

const ANYBODY: &str = "/api/v1/sign-in-options";

async fn ask(engine: &Engine, number: u128, action: Action, targets: &[DeviceId]) -> RequestId {
    let (id, targets) = (RequestId(number.into()), targets.to_vec());
    let submission = Submission { id, action, targets, estimates: Vec::new(), reason: None, idempotency_key: None };
    let actor = Actor { account: ACCOUNT, principal: Principal::User(OWNER), authenticated_at: engine.now() };
    engine.run(actor, Command::Submit(submission)).await.unwrap();
    id
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn idle_agent_sockets_from_many_addresses_shut_no_agent_out_and_take_no_agents_place() {
    let rig = Rig::start(limits()).await;
    let engine = rig.server.engine();
    let miner = MinerSpec::new(Personality::WhatsminerV2, Ipv4Addr::new(127, 61, 0, 1));
    let fleet = Simulator::start(SimConfig::new(7, vec![miner])).await.unwrap();
    let token_hash = EnrolmentToken::hash_of(TOKEN);
    let ranges = vec!["127.61.0.1".into()];
    for (number, control) in (1..).zip([
        Control::CreateSite { name: "Norte".into(), capacity_w: None },
        Control::CreateAgent { site: SITE, name: "north".into(), token_hash },
        Control::CreateScanTask {
            agent: AGENT,
            name: "all".into(),
            ranges,
            interval_s: 30,
            credentials: None,
            passwords_to_unknown: false,
        },
    ]) {
        ask(engine, number, Action::Control(control), &[]).await;
    }
    let mut idle = Vec::new();
    for from in 10..40 {
        for _ in 0..16 {
            let mut wire = rig.dial(from).await;
            wire.say(&socket()).await;
            assert_eq!(wire.hear().await.status, 101);
            idle.push(wire);
        }
    }
    assert!(idle.len() > limits().greetings.of_all);
    assert_eq!(rig.ask(10, &socket()).await.status, 101, "its oldest were given to others");

    let mut commits = engine.subscribe();
    let folder = rig.root.path().join("agent");
    let mut options = AgentOptions::new(format!("ws://{}", rig.server.address()), folder, adit_drivers::all());
    options.enrolment_token = Some(rig.token.clone());
    options.pace = Pace { batch: Duration::from_millis(50), status: Duration::from_millis(200), ..Pace::default() };
    let (stop, stopped) = oneshot::channel::<()>();
    let running = tokio::spawn(adit_agent::run(options, async move {
        let _ = stopped.await;
    }));
    bounded("the agent is let in and finds its miner", async {
        while engine.state().devices().next().is_none() {
            commits.recv().await.unwrap();
        }
    })
    .await;
    for from in 40..60 {
        for _ in 0..16 {
            let mut wire = rig.dial(from).await;
            wire.say(&socket()).await;
            assert_eq!(wire.hear().await.status, 101);
            idle.push(wire);
        }
    }
    let id = ask(engine, 100, Action::Device(Operation::Locate { on: true }), &[DeviceId(1)]).await;
    until(engine, id, |request| request.state.is_terminal()).await;
    stop.send(()).unwrap();
    bounded("the agent ends", running).await.unwrap().unwrap();
    fleet.stop().await;
    rig.server.stop().await;
}

#[tokio::test]
async fn what_is_no_enrolment_is_said_to_be_none() {
    let rig = Rig::start(limits()).await;
    for body in [json!({}), json!([]), json!({ "token_key": 1 })] {
        assert_eq!(rig.ask(2, &post("/agent/v1/enroll", &body, "")).await.status, 400, "{body}");
    }
    rig.server.stop().await;
}

#[tokio::test]
async fn an_agents_socket_that_says_nothing_is_closed_and_its_seat_is_free() {
    let greetings = Share { of_source: 1, of_all: 9 };
    let rig = Rig::start(Limits { greeting: Duration::from_millis(50), greetings, ..limits() }).await;
    for _ in 0..3 {
        let mut wire = rig.dial(2).await;
        wire.say(&socket()).await;
        assert_eq!(wire.hear().await.status, 101);
        wire.closed().await;
    }
    rig.server.stop().await;
}

#[tokio::test]
async fn one_address_holds_few_agents_sockets_that_have_not_said_who_they_are() {
    let greetings = Share { of_source: 1, of_all: 9 };
    let rig = Rig::start(Limits { greetings, ..limits() }).await;
    let mut wire = rig.dial(2).await;
    wire.say(&socket()).await;
    assert_eq!(wire.hear().await.status, 101);
    let refused = rig.ask(2, &socket()).await;
    assert_eq!(refused.status, 429);
    assert!(refused.head.contains("retry-after: "), "{}", refused.head);
    assert_eq!(rig.ask(3, &socket()).await.status, 101);
    rig.server.stop().await;
}

#[tokio::test]
async fn one_address_holds_few_connections_and_all_strangers_together_leave_room_for_one_more() {
    let strangers = Share { of_source: 3, of_all: 4 };
    let rig = Rig::start(Limits { strangers, ..limits() }).await;
    let mut first = rig.dial(2).await;
    first.say(&get(ANYBODY)).await;
    assert_eq!(first.hear().await.status, 200);
    let mut own = Vec::new();
    for _ in 0..2 {
        let mut wire = rig.dial(2).await;
        wire.say(&get(ANYBODY)).await;
        assert_eq!(wire.hear().await.status, 200);
        own.push(wire);
    }
    let busy = rig.dial(2).await.hear().await;
    assert_eq!((busy.status, &busy.body["code"]), (503, &json!("busy")), "{}", busy.head);
    assert!(busy.head.contains("retry-after: "), "{}", busy.head);
    let _other = rig.dial(3).await;
    assert_eq!(rig.ask(4, &get(ANYBODY)).await.status, 200, "a newcomer is let in");
    first.closed().await;
    rig.server.stop().await;
}

#[tokio::test]
async fn whoever_is_signed_in_holds_no_strangers_seat() {
    let strangers = Share { of_source: 1, of_all: 2 };
    let rig = Rig::start(Limits { strangers, ..limits() }).await;
    let mut wire = rig.dial(2).await;
    let credentials = json!({ "email": "lena@norte.example", "password": PASSWORD });
    wire.say(&post("/api/v1/session", &credentials, "")).await;
    let signed = wire.hear().await;
    let cookie = signed.head.split("set-cookie: ").nth(1).unwrap().split(';').next().unwrap().to_owned();
    let session = format!("GET /api/v1/session HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\n\r\n");
    wire.say(&session).await;
    assert_eq!(wire.hear().await.status, 200);
    for from in [2, 3, 4, 5, 6] {
        let mut stranger = rig.dial(from).await;
        stranger.say(&get(ANYBODY)).await;
        assert_eq!(stranger.hear().await.status, 200, "{from}");
    }
    wire.say(&session).await;
    assert_eq!(wire.hear().await.status, 200, "strangers have not taken its place");
    rig.server.stop().await;
}

#[tokio::test]
async fn a_head_that_does_not_arrive_ends_the_connection() {
    let rig = Rig::start(Limits { head: Duration::from_millis(50), ..limits() }).await;
    let mut slow = rig.dial(2).await;
    slow.say("GET /api/v1/session HTTP/1.1\r\nhost: loc").await;
    slow.closed().await;
    rig.dial(2).await.closed().await;
    rig.server.stop().await;
}

#[tokio::test]
async fn a_body_that_does_not_arrive_is_told_so_and_ends_the_connection() {
    let rig = Rig::start(Limits { body: Duration::from_millis(50), ..limits() }).await;
    let mut slow = rig.dial(2).await;
    let whole = post("/api/v1/session", &json!({ "email": "lena@norte.example", "password": PASSWORD }), "");
    slow.say(&whole[..whole.len() - 5]).await;
    let told = slow.hear().await;
    assert_eq!((told.status, &told.body["code"]), (408, &json!("too_slow")));
    slow.closed().await;
    rig.server.stop().await;
}

#[tokio::test]
async fn an_answer_that_is_not_taken_ends_the_connection() {
    let rig = Rig::start(Limits { stall: Duration::from_millis(50), ..limits() }).await;
    let mut deaf = rig.dial(2).await;
    // Far more than the system keeps, of questions and of answers: it goes on only if they are read.
    let many = get("/api/openapi.json").repeat(1_000_000);
    bounded("nothing more can be said", deaf.0.write_all(many.as_bytes())).await.unwrap_err();
    rig.server.stop().await;
}

#[tokio::test]
async fn nobody_delays_a_right_password_from_another_address() {
    let rig = Rig::start(limits()).await;
    for from in [2, 3, 4, 5] {
        for _ in 0..5 {
            let refused = rig.sign_in(from, "a wrong password").await.status;
            assert!(matches!(refused, 401 | 429), "{refused}");
        }
    }
    assert_eq!(rig.sign_in(6, PASSWORD).await.status, 200);
    assert_eq!(rig.sign_in(7, PASSWORD).await.status, 200);
    rig.server.stop().await;
}

#[tokio::test]
async fn only_a_proxy_of_ours_says_whom_it_speaks_for() {
    let proxies = vec![Ipv4Addr::new(127, 0, 0, 9).into()];
    let rig = Rig::with(Options { loopback: true, limits: limits(), proxies, ..Options::default() }).await;
    let guess = |by: &str| {
        let body = json!({ "email": "lena@norte.example", "password": "a wrong password" });
        post("/api/v1/session", &body, &format!("x-forwarded-for: {by}\r\n"))
    };
    let mut through = Vec::new();
    for client in 0..8 {
        through.push(rig.ask(9, &guess(&format!("192.0.2.{client}"))).await.status);
    }
    assert!(through.iter().all(|status| *status == 401), "each is somebody else: {through:?}");
    // Each that is looked at doubles the time to the next.
    bounded("whatever it says, it is one address", async {
        let mut client = 0_u8;
        while rig.ask(2, &guess(&format!("192.0.2.{client}"))).await.status != 429 {
            client += 1;
        }
    })
    .await;
    rig.server.stop().await;
}

#[tokio::test]
async fn a_passkeys_ceremony_survives_whatever_others_begin() {
    let options = Options { loopback: true, public_url: "http://localhost:7070".into(), ..Options::default() };
    let house = House::with(options).await;
    let begin = async || house.ask("POST", "/api/v1/session/passkey/begin", None, Some(&json!({}))).await;
    let own = begin().await.body["ticket"].clone();
    for _ in 0..10_001 {
        assert_eq!(begin().await.status, 200);
    }
    let credential = json!({ "id": "AA", "rawId": "AA", "response": {}, "type": "public-key" });
    let answer = async |ticket: Value| {
        let body = json!({ "ticket": ticket, "credential": credential });
        house.ask("POST", "/api/v1/session/passkey", None, Some(&body)).await.body["code"].clone()
    };
    assert_eq!(answer(own).await, "sign_in_failed", "it is known; the credential is not");
    assert_eq!(answer("nonsense".into()).await, "ticket_expired");
}

#[tokio::test]
async fn behind_a_proxy_with_tls_everything_follows_the_public_address() {
    let api = Options { public_url: "https://adit.example.com/".into(), ..Options::default() };
    let rig = Rig::with(api).await;
    assert_eq!(rig.server.public_url(), "https://adit.example.com");
    let signed = rig.sign_in(1, PASSWORD).await;
    assert!(signed.head.contains("; secure\r\n"), "{}", signed.head);
    assert!(signed.head.contains("strict-transport-security: "), "{}", signed.head);
    let host = |name: &str| get("/api/v1/sign-in-options").replace("localhost", name);
    for (name, status) in [("adit.example.com", 200), ("127.0.0.1:7171", 200), ("evil.example", 421)] {
        assert_eq!(rig.ask(1, &host(name)).await.status, status, "{name}");
    }
    let described = rig.ask(1, &get("/.well-known/authzen-configuration")).await;
    assert_eq!(described.body["policy_decision_point"], "https://adit.example.com");
    assert_eq!(described.body["access_evaluation_endpoint"], "https://adit.example.com/access/v1/evaluation");
    rig.server.stop().await;

    let rig = Rig::start(Limits::default()).await;
    let signed = rig.sign_in(1, PASSWORD).await;
    assert!(!signed.head.contains("; secure") && !signed.head.contains("strict-transport"), "{}", signed.head);
    rig.server.stop().await;
}

#[tokio::test]
async fn nothing_is_served_in_the_clear_beyond_this_machine_unless_it_is_said_so() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("server");
    let listen = "127.0.0.1:0".parse().unwrap();
    let api = Options { public_url: "http://adit.example.com".into(), ..Options::default() };
    let options = ServerOptions { data, listen, poll_interval_s: 1, heads: None, api };
    let refused = Server::start(options.clone()).await.err().expect("it does not start").to_string();
    assert!(refused.contains("--public-url") && refused.contains("--insecure-http"), "{refused}");
    let options = ServerOptions { api: Options { insecure_http: true, ..options.api }, ..options };
    Server::start(options).await.unwrap().stop().await;
}
