//! A durable append against the least that is durable: one write of as many bytes and one fdatasync, on a file that already
//! has its length. Run in turn. Takes a directory as its argument; the disk there is what is measured.
#![allow(clippy::unwrap_used, clippy::cast_precision_loss, reason = "figures")]

use adit_core::time::Timestamp;
use adit_store::{FileLog, LogReader, LogStore};
use std::{
    fs::File,
    io::{Seek, SeekFrom, Write},
    path::PathBuf,
    time::Instant,
};

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}

fn main() {
    let given = std::env::args().skip(1).find(|argument| !argument.starts_with('-')).map(PathBuf::from);
    let dir = tempfile::TempDir::new_in(given.unwrap_or_else(std::env::temp_dir)).unwrap();
    let mut bare = File::create(dir.path().join("bare")).unwrap();
    bare.write_all(&vec![0; 4 << 20]).unwrap();
    bare.sync_all().unwrap();
    let mut log = FileLog::open(dir.path().join("log")).unwrap();
    let body = format!("{{\"actor\":\"usr-1\",\"event\":\"{}\"}}", "x".repeat(270));

    // Segments have their full length after some time.
    for seq in 0..2_000 {
        log.append(seq, &[(Timestamp(1), body.as_str())]).unwrap();
    }

    for batch in [1, 10, 64, 100, 1_000] {
        let (mut ours, mut least) = (Vec::new(), Vec::new());
        let bodies = vec![(Timestamp(1), body.as_str()); batch];
        let bytes = vec![7; batch * body.len()];
        for round in 0..300 {
            let known = log.head().unwrap().seq;
            let start = Instant::now();
            log.append(known, &bodies).unwrap();
            ours.push(start.elapsed().as_secs_f64() * 1e6);

            bare.seek(SeekFrom::Start((round % 8) * (512 << 10))).unwrap();
            let start = Instant::now();
            bare.write_all(&bytes).unwrap();
            bare.sync_data().unwrap();
            least.push(start.elapsed().as_secs_f64() * 1e6);
        }
        let (ours, least) = (median(&mut ours), median(&mut least));
        println!(
            "append of {batch}: p50 {ours:.0} us, write + fdatasync {least:.0} us, ratio {:.2}, {:.0} records/s",
            ours / least,
            batch as f64 / ours * 1e6
        );
    }
    let start = Instant::now();
    let head = log.verify().unwrap();
    println!("verify: {:.0} records/s", head.seq as f64 / start.elapsed().as_secs_f64());
}
