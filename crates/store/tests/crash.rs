//! `kill -9` at any moment: everything that was acknowledged is there, and the next process can go on.
#![allow(clippy::unwrap_used, reason = "tests")]

use adit_core::time::Timestamp;
use adit_store::{DataDir, LogReader, LogStore, StoreError};
use std::{
    io::{BufRead, BufReader, Write},
    process::{Child, Command, Stdio},
};
use tempfile::TempDir;

const DIR: &str = "ADIT_STORE_CRASH_DIR";
const ROUNDS: u64 = 20;

/// Not a test by itself: the process that is killed. Appends batches of 1 to 7 records for ever, a snapshot now and then,
/// and says what is acknowledged.
#[test]
fn writer() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let dir = DataDir::open(dir).unwrap();
    let mut log = dir.log().unwrap();
    let mut seq = log.head().unwrap().seq;
    let mut out = std::io::stdout();
    writeln!(out, "\nready {seq}").unwrap();
    loop {
        let bodies: Vec<String> = (seq + 1..=seq + 1 + seq % 7).map(|n| format!("{{\"n\":{n}}}")).collect();
        let batch: Vec<_> = bodies.iter().map(|body| (Timestamp(1), body.as_str())).collect();
        seq = log.append(seq, &batch).unwrap().last_seq;
        writeln!(out, "acknowledged {seq}").unwrap();
        if seq.is_multiple_of(5) {
            log.put_snapshot(seq, 1, &vec![1; 20_000]).unwrap();
        }
    }
}

fn start(dir: &TempDir) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writer", "--nocapture"])
        .env(DIR, dir.path())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn said(line: &str) -> Option<u64> {
    let number = line.strip_prefix("acknowledged ").or_else(|| line.strip_prefix("ready "))?;
    number.parse().ok()
}

#[test]
fn what_was_acknowledged_survives_kill_9() {
    let dir = TempDir::new().unwrap();
    let mut acknowledged = 0;
    for round in 0..ROUNDS {
        let mut child = start(&dir);
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
        // Spread over the first hundred appends; the pipe holds more, so the child is somewhere beyond.
        let enough = 1 + (round * 37) % 100;
        let heard = lines.by_ref().filter_map(|line| said(&line)).take(usize::try_from(enough).unwrap()).last();
        assert!(heard.is_some_and(|seq| seq >= acknowledged), "the writer starts where the last one was stopped");
        if round == 0 {
            let error = DataDir::open(dir.path()).err().unwrap();
            let told = format!("process {}", child.id());
            assert!(matches!(&error, StoreError::InUse { .. }) && error.to_string().contains(&told), "{error}");
        }
        child.kill().unwrap();
        child.wait().unwrap();
        // A last line may be torn; every whole one counts.
        acknowledged = lines.filter_map(|line| said(&line)).last().or(heard).unwrap();

        let dir = DataDir::open(dir.path()).unwrap();
        let log = dir.log().unwrap();
        let head = log.verify().unwrap();
        assert!(head.seq >= acknowledged, "round {round}: {} of {acknowledged} are there", head.seq);
        let records = log.read(head.seq.saturating_sub(50), 100).unwrap();
        assert!(records.iter().all(|record| *record.body == *format!("{{\"n\":{}}}", record.seq)));
        if let Some(snapshot) = log.latest_snapshot(1, u64::MAX).unwrap() {
            assert!(snapshot.seq <= head.seq);
            assert_eq!(snapshot.bytes, vec![1; 20_000]);
        }
    }
    assert!(acknowledged > ROUNDS);
}
