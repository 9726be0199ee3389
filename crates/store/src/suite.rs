//! What every log must do, whatever it is kept in: each database's tests call [`all`].
#![allow(clippy::unwrap_used, missing_docs, clippy::missing_panics_doc, reason = "tests")]

use crate::{LogReader, LogStore, MAX_BATCH, MAX_BODY_BYTES, MAX_READ, StoreError};
use adit_core::{
    audit::{Fault, Head, Record, verify},
    time::Timestamp,
};

/// Runs them all. `open` opens the log of that name for writing, creating it the first time; `read` opens it for reading while
/// the writer goes on. Opened again it is the same log.
pub fn all<S: LogStore, R: LogReader>(open: impl Fn(&str) -> S, read: impl Fn(&str) -> R + Sync) {
    an_empty_log_has_an_empty_head(open("empty"));
    what_was_appended_is_read_back(&|| open("read back"));
    a_batch_is_written_in_full_or_not_at_all(open("atomic"));
    bounds_are_kept(open("bounds"));
    an_append_elsewhere_than_at_the_end_is_refused(open("conflict"));
    readers_see_whole_batches(open("readers"), &|| read("readers"));
    the_last_two_snapshots_are_kept(open("snapshots"), &|| read("snapshots"));
}

fn an_empty_log_has_an_empty_head(log: impl LogStore) {
    assert_eq!(log.head().unwrap(), Head::EMPTY);
    assert_eq!(log.verify().unwrap(), Head::EMPTY);
    for from in [0, 1, 5] {
        assert_eq!(log.read(from, 10).unwrap(), []);
    }
    assert_eq!(log.latest_snapshot(1, u64::MAX).unwrap(), None);
}

fn what_was_appended_is_read_back<S: LogStore>(open: &impl Fn() -> S) {
    let mut log = open();
    let first = log.append(0, &[(Timestamp(-7), "")]).unwrap();
    assert_eq!((first.first_seq, first.last_seq), (1, 1));
    let texts: Vec<String> = (0..2_500).map(|n| format!("{{\"n\":{n},\"text\":\"é\\u0000\0\"}}")).collect();
    let batch: Vec<_> = (0..).map(|n| Timestamp(n / 2)).zip(texts.iter().map(String::as_str)).collect();
    let appended = log.append(1, &batch).unwrap();
    assert_eq!((appended.first_seq, appended.last_seq, appended.head.seq), (2, 2_501, 2_501));
    drop(log);

    let log = open();
    assert_eq!(log.head().unwrap(), appended.head);
    assert_eq!(log.verify().unwrap(), appended.head);
    let read = log.read(1, MAX_READ).unwrap();
    assert_eq!(read.len(), 2_501);
    assert_eq!(read[0].as_head(), first.head);
    for (record, (at, body)) in read[1..].iter().zip(&batch) {
        assert_eq!((record.at, &*record.body), (*at, *body));
    }
    assert_eq!(verify(read.iter().cloned().map(Ok::<Record, ()>)).unwrap(), appended.head);
    assert_eq!(log.read(1_000, 7).unwrap(), read[999..1_006]);
    assert_eq!(log.read(2_501, 7).unwrap(), read[2_500..]);
    assert_eq!(log.read(2_502, 7).unwrap(), []);
    assert_eq!(log.read(9_999, 7).unwrap(), []);
    assert_eq!(log.read(1, 0).unwrap(), []);
    assert_eq!(log.read(1, usize::MAX).unwrap().len(), 2_501);
}

fn a_batch_is_written_in_full_or_not_at_all(mut log: impl LogStore) {
    let head = log.append(0, &[(Timestamp(5), "a")]).unwrap().head;
    let error = log.append(1, &[(Timestamp(6), "b"), (Timestamp(5), "c")]).unwrap_err();
    assert!(matches!(&error, StoreError::Broken(e) if e.seq == 3 && matches!(e.fault, Fault::TimeWentBack { .. })));
    let error = log.append(1, &[(Timestamp(4), "b")]).unwrap_err();
    assert!(matches!(&error, StoreError::Broken(e) if e.seq == 2), "{error}");
    assert_eq!(log.head().unwrap(), head);
    assert_eq!(log.append(1, &[(Timestamp(5), "b")]).unwrap().last_seq, 2);
}

fn bounds_are_kept(mut log: impl LogStore) {
    let long = "x".repeat(MAX_BODY_BYTES + 1);
    for batch in [vec![], vec![(Timestamp(1), ""); MAX_BATCH + 1], vec![(Timestamp(1), long.as_str())]] {
        assert!(matches!(log.append(0, &batch), Err(StoreError::Invalid { .. })));
    }
    assert_eq!(log.head().unwrap(), Head::EMPTY);
    // Six bodies of 16 MiB are more than one read gives, and none is left out.
    for seq in 0..6 {
        log.append(seq, &[(Timestamp(1), &long[1..])]).unwrap();
    }
    let some = log.read(1, 10).unwrap().len();
    assert!((1..6).contains(&some), "{some}");
    assert_eq!(log.verify().unwrap().seq, 6);
}

fn an_append_elsewhere_than_at_the_end_is_refused(mut log: impl LogStore) {
    log.append(0, &[(Timestamp(1), "one")]).unwrap();
    for (expected, what) in [(0, "another writer was there"), (2, "records are missing")] {
        let error = log.append(expected, &[(Timestamp(1), "two")]).unwrap_err();
        assert!(matches!(error, StoreError::Conflict { expected: e, found: 1 } if e == expected), "{what}: {error}");
    }
    log.append(1, &[(Timestamp(1), "two")]).unwrap();
    assert_eq!(log.verify().unwrap().seq, 2);
}

fn readers_see_whole_batches<R: LogReader>(mut log: impl LogStore, open: &(impl Fn() -> R + Sync)) {
    const BATCH: usize = 10;
    std::thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (log, mut seen) = (open(), 0);
            while seen < 50 * BATCH as u64 {
                let head = log.head().unwrap();
                assert_eq!(head.seq % BATCH as u64, 0);
                assert!(head.seq >= seen);
                assert_eq!(log.verify().unwrap().seq % BATCH as u64, 0);
                seen = head.seq;
            }
        });
        for n in 0..50 {
            log.append(n * BATCH as u64, &[(Timestamp(0), "x"); BATCH]).unwrap();
        }
        reader.join().unwrap();
    });
}

fn the_last_two_snapshots_are_kept<R: LogReader>(mut log: impl LogStore, open: &impl Fn() -> R) {
    assert!(matches!(log.put_snapshot(0, 1, b"none"), Err(StoreError::Invalid { .. })));
    assert!(matches!(log.put_snapshot(1, 1, b"none"), Err(StoreError::Invalid { .. })));
    log.append(0, &[(Timestamp(1), "a"), (Timestamp(1), "b"), (Timestamp(1), "c")]).unwrap();
    for seq in 1..=3 {
        log.put_snapshot(seq, 1, &[u8::try_from(seq).unwrap(); 1_000]).unwrap();
        let latest = open().latest_snapshot(1, u64::MAX).unwrap().unwrap();
        assert_eq!((latest.seq, latest.bytes), (seq, vec![u8::try_from(seq).unwrap(); 1_000]));
    }
    assert_eq!(log.latest_snapshot(2, u64::MAX).unwrap(), None);
    log.put_snapshot(3, 2, b"").unwrap();
    assert_eq!(log.latest_snapshot(2, u64::MAX).unwrap().unwrap().bytes, b"");
    assert_eq!(log.latest_snapshot(1, u64::MAX).unwrap().unwrap().seq, 2);
    assert_eq!(log.latest_snapshot(2, 2).unwrap(), None);
}
