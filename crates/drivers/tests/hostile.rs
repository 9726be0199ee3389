//! Something hostile at a device's address: it may answer anything, and gets nothing but an error and a bounded wait.
#![allow(clippy::unwrap_used, reason = "tests")]

mod lab;

use adit_core::fleet::{DeviceIdentity, Operation, Reading};
use adit_core::ids::DeviceId;
use adit_drivers::{Credential, Driver, Outcome, Probe, Target, Verdict};
use lab::{bounded, free_address};
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

/// What it says to whoever connects.
#[derive(Clone)]
enum Answer {
    /// This, and then it closes.
    Once(Vec<u8>),
    /// This, again and again.
    Endless(Vec<u8>),
}

fn answers() -> Vec<Answer> {
    let http = |body: &str| format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes();
    let challenge = |fields: &str| {
        format!("HTTP/1.1 401 No\r\nWWW-Authenticate: {fields}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    };
    let deep = "[".repeat(100_000);
    vec![
        Answer::Once(Vec::new()),
        Answer::Once(vec![0; 4]),
        Answer::Once(vec![0xff; 4]),
        Answer::Once(b"{}\0".to_vec()),
        Answer::Once(b"\x02\0\0\0{}".to_vec()),
        Answer::Once(deep.clone().into_bytes()),
        Answer::Once(http("{}")),
        Answer::Once(http("\u{0}\u{1}not json")),
        Answer::Once(http(&deep)),
        Answer::Once(challenge("Digest")),
        Answer::Once(challenge("Digest realm=\"antMiner\", nonce=\"\", qop=\"auth-int\"")),
        Answer::Once(challenge("Basic realm=\"printer\"")),
        Answer::Endless(vec![b'x'; 65_536]),
        Answer::Endless(b"{\"STATUS\":".to_vec()),
        Answer::Endless(b"HTTP/1.1 200 OK\r\n\r\n".to_vec()),
        Answer::Endless(b"HTTP/1.1 200 OK\r\nX: y\r\n".to_vec()),
    ]
}

/// Listens on the driver's ports; `None` without the right to.
async fn serve(driver: &dyn Driver, answer: Answer) -> Option<(IpAddr, Vec<tokio::task::JoinHandle<()>>, TcpListener)> {
    let (ip, reserved) = free_address().await;
    let mut tasks = Vec::new();
    for port in driver.ports() {
        let listener = TcpListener::bind(SocketAddr::from((ip, *port))).await.ok()?;
        let answer = answer.clone();
        tasks.push(tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                let answer = answer.clone();
                tokio::spawn(async move {
                    match answer {
                        Answer::Once(bytes) => drop(stream.write_all(&bytes).await),
                        Answer::Endless(bytes) => while stream.write_all(&bytes).await.is_ok() {},
                    }
                });
            }
        }));
    }
    Some((ip.into(), tasks, reserved))
}

async fn bears(driver: Arc<dyn Driver>, answer: Answer) {
    let Some((ip, tasks, _reserved)) = serve(&*driver, answer).await else { return };
    let credentials =
        [Credential { family: driver.family().into(), user: "root".into(), password: "root".into(), to_unknown: true }];
    let limit = Duration::from_secs(2);
    let probe = driver.probe(ip, &credentials, limit).await;
    assert!(!matches!(probe, Probe::Found(_)), "{} {probe:?}", driver.id());
    let identity = DeviceIdentity { mac: Some("02:ad:00:00:00:01".into()), serial: None };
    let device = driver.open(Target { device: DeviceId(1), ip, identity, model: "A1366".into() }, &credentials);
    assert!(device.read(limit).await.is_err(), "{}", driver.id());
    assert!(device.confirm_identity(limit).await.is_err(), "{}", driver.id());
    let operation = Operation::Pause {};
    let outcome = device.execute(&operation, limit).await;
    assert_ne!(outcome, Outcome::Accepted, "{}", driver.id());
    let before = Reading::empty(DeviceId(1));
    let verdict = device.verify(&operation, &before, Duration::from_secs(1), &|_| {}).await;
    assert!(matches!(verdict, Verdict::Unreadable { .. }), "{} {verdict:?}", driver.id());
    tasks.iter().for_each(tokio::task::JoinHandle::abort);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_an_address_says_hurts_a_driver() {
    bounded(async {
        let mut tests = tokio::task::JoinSet::new();
        for driver in adit_drivers::all() {
            for answer in answers() {
                tests.spawn(bears(Arc::clone(&driver), answer));
            }
        }
        while let Some(ended) = tests.join_next().await {
            ended.unwrap();
        }
    })
    .await;
}
