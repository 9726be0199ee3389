//! A reader beside a writer in another process: what it is told is always sound, and goes on to the end.
#![allow(clippy::unwrap_used, reason = "tests")]

use adit_core::time::Timestamp;
use adit_store::{FileLog, FileReader, LogReader, LogStore};
use std::process::{Command, Stdio};
use tempfile::TempDir;

const DIR: &str = "ADIT_STORE_BESIDE_DIR";
/// About 30 MiB, which are seven segments.
const RECORDS: u64 = 3_000;

/// Not a test by itself: the process that writes, as fast as it can.
#[test]
fn writer() {
    let Ok(dir) = std::env::var(DIR) else { return };
    let mut log = FileLog::open(dir).unwrap();
    while log.head().unwrap().seq < RECORDS {
        let seq = log.head().unwrap().seq;
        let bodies: Vec<_> = (seq + 1..=seq + 1 + seq % 5).map(|n| n.to_string().repeat(3_000)).collect();
        let batch: Vec<_> = bodies.iter().map(|body| (Timestamp(1), body.as_str())).collect();
        log.append(seq, &batch).unwrap();
    }
}

#[test]
fn a_reader_sees_a_sound_log_whatever_another_process_writes_meanwhile() {
    let dir = TempDir::new().unwrap();
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "writer"])
        .env(DIR, dir.path())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    let (mut known, mut reads) = (1, 0);
    while known < RECORDS {
        // Another one each time, as by another program; it finds the end by itself.
        let reader = FileReader::open(dir.path()).unwrap();
        let head = reader.head().unwrap();
        for record in reader.read(known, 1_000).unwrap() {
            assert!(record.seq == known || record.seq == known + 1);
            assert_eq!(*record.body, record.seq.to_string().repeat(3_000));
            known = record.seq;
        }
        reads += 1;
        if reads % 50 == 0 {
            assert!(reader.verify().unwrap().seq >= head.seq);
        }
        let ended = child.try_wait().unwrap();
        assert!(ended.is_none_or(|status| status.success()));
        assert!(ended.is_none() || reader.head().unwrap().seq >= RECORDS);
    }
    assert!(child.wait().unwrap().success());
    assert!(FileReader::open(dir.path()).unwrap().verify().unwrap().seq >= RECORDS);
}
