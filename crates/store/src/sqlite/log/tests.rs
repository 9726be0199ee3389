//! What only a file can suffer: a full disk, damage, another version's schema.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::{Database, SqliteLog, SqliteReader};
use crate::{LogReader, LogStore, StoreError, suite};
use adit_core::time::Timestamp;
use std::{fs, path::Path};
use tempfile::TempDir;

fn filled(path: &Path, records: usize) -> SqliteLog {
    let mut log = SqliteLog::open(path).unwrap();
    let bodies: Vec<String> = (0..records).map(|n| format!("record <{n}> {}", "x".repeat(100))).collect();
    let batch: Vec<_> = bodies.iter().map(|body| (Timestamp(1), body.as_str())).collect();
    log.append(0, &batch).unwrap();
    log
}

fn replace(path: &Path, old: &[u8], new: &[u8]) {
    assert_eq!(old.len(), new.len());
    let mut bytes = fs::read(path).unwrap();
    let places: Vec<usize> = (0..=bytes.len() - old.len()).filter(|&at| bytes[at..].starts_with(old)).collect();
    assert_eq!(places.len(), 1);
    bytes[places[0]..][..new.len()].copy_from_slice(new);
    fs::write(path, bytes).unwrap();
}

#[test]
fn sqlite_passes_the_suite() {
    let dir = TempDir::new().unwrap();
    suite::all(|name| SqliteLog::open(dir.path().join(name).with_extension("db")).unwrap());
}

#[test]
fn a_reader_reads_what_the_writer_wrote_and_cannot_write() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("log.db");
    assert!(matches!(SqliteReader::open(&path), Err(StoreError::Io { .. })));
    let mut log = filled(&path, 3);
    let reader = SqliteReader::open(&path).unwrap();
    assert_eq!(reader.verify().unwrap(), log.head().unwrap());
    log.append(3, &[(Timestamp(1), "more")]).unwrap();
    assert_eq!(reader.read(4, 1).unwrap()[0].body.as_ref(), "more");
    reader.put_snapshot(4, 1, b"state").unwrap();
    assert_eq!(log.latest_snapshot(1).unwrap().unwrap().seq, 4);
    let error = reader.database.run(|c| c.execute("DELETE FROM log", [])).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
}

#[test]
fn nothing_can_be_changed_by_way_of_the_database() {
    let dir = TempDir::new().unwrap();
    let log = filled(&dir.path().join("log.db"), 3);
    for statement in ["DELETE FROM log WHERE seq = 3", "UPDATE log SET body = 'x' WHERE seq = 3"] {
        assert!(log.database.run(|c| c.execute(statement, [])).is_err());
    }
}

#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    let dir = TempDir::new().unwrap();
    let mut log = filled(&dir.path().join("log.db"), 100);
    let pages: u32 = log.database.run(|c| c.pragma_query_value(None, "page_count", |row| row.get(0))).unwrap();
    let limit = |log: &SqliteLog, pages: u32| {
        log.database.run(|c| c.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))).unwrap();
    };
    limit(&log, pages + 2);
    let head = log.head().unwrap();
    let body = "y".repeat(1_000);
    let error = log.append(100, &[(Timestamp(1), &*body); 100]).unwrap_err();
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
    assert_eq!(log.verify().unwrap(), head);
    // A small record still fits, and there is no trace of the attempt.
    assert_eq!(log.append(100, &[(Timestamp(1), "small")]).unwrap().last_seq, 101);
    limit(&log, 1_000_000);
    assert_eq!(log.append(101, &[(Timestamp(1), &*body); 100]).unwrap().last_seq, 201);
    assert_eq!(log.verify().unwrap().seq, 201);
}

#[test]
fn a_read_only_database_is_told() {
    let dir = TempDir::new().unwrap();
    let mut log = filled(&dir.path().join("log.db"), 1);
    log.database.run(|c| c.pragma_update(None, "query_only", true)).unwrap();
    let error = log.append(1, &[(Timestamp(1), "x")]).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
}

#[test]
fn a_newer_schema_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("log.db");
    let log = filled(&path, 1);
    log.database.run(|c| c.pragma_update(None, "user_version", 7)).unwrap();
    drop(log);
    for error in [SqliteLog::open(&path).err().unwrap(), SqliteReader::open(&path).err().unwrap()] {
        assert!(matches!(error, StoreError::NewerSchema { found: 7, known: 1, .. }), "{error}");
    }
}

#[test]
fn an_older_schema_is_migrated_by_the_writer_only() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("some.db");
    let (one, two) = ("CREATE TABLE a (x INTEGER)", "ALTER TABLE a ADD COLUMN y INTEGER");
    drop(Database::open(&path, &[one]).unwrap());
    let error = Database::open_reader(&path, &[one, two]).err().unwrap();
    assert!(matches!(error, StoreError::OlderSchema { found: 1, known: 2, .. }), "{error}");
    // A migration that fails leaves the schema it found.
    assert!(Database::open(&path, &[one, "ALTER TABLE a ADD COLUMN z INTEGER; SELECT nothing"]).is_err());
    let database = Database::open(&path, &[one, two]).unwrap();
    database.run(|c| c.execute("INSERT INTO a (x, y) VALUES (1, 2)", [])).unwrap();
    assert!(database.run(|c| c.execute("INSERT INTO a (z) VALUES (1)", [])).is_err());
    assert!(Database::open_reader(&path, &[one, two]).is_ok());
}

#[test]
fn an_altered_record_is_named() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("log.db");
    drop(filled(&path, 500));
    replace(&path, b"record <321>", b"record <123>");
    let log = SqliteLog::open(&path).unwrap();
    for error in [log.verify().unwrap_err(), log.read(300, 100).unwrap_err()] {
        assert!(matches!(&error, StoreError::Broken(e) if e.seq == 322), "{error}");
    }
    assert_eq!(log.read(400, 100).unwrap().len(), 100);
}

#[test]
fn a_missing_record_is_named() {
    let dir = TempDir::new().unwrap();
    let log = filled(&dir.path().join("log.db"), 10);
    log.database.run(|c| c.execute_batch("DROP TRIGGER log_keeps_all; DELETE FROM log WHERE seq = 4")).unwrap();
    for error in [log.verify().unwrap_err(), log.read(2, 100).unwrap_err(), log.read(5, 100).unwrap_err()] {
        assert!(matches!(&error, StoreError::Broken(e) if e.seq == 4), "{error}");
    }
    assert_eq!(log.read(6, 100).unwrap().len(), 5);
}

#[test]
fn damaged_pages_are_told() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("log.db");
    drop(filled(&path, 2_000));
    let sound = fs::read(&path).unwrap();
    let pages = sound.len() / 4_096;
    for page in 0..pages {
        let mut bytes = sound.clone();
        bytes[page * 4_096..][..4_096].fill(0x5a);
        fs::write(&path, bytes).unwrap();
        let error = SqliteLog::open(&path).and_then(|log| log.verify()).expect_err("damage");
        assert!(matches!(error, StoreError::Corrupt { .. } | StoreError::Broken(_)), "page {page}: {error}");
        let _ = fs::remove_file(path.with_extension("db-wal"));
    }
    fs::write(&path, &sound).unwrap();
    assert_eq!(SqliteLog::open(&path).unwrap().verify().unwrap().seq, 2_000);
}

/// As after a loss of power in the middle of a write: what was committed before it is there, and goes on.
#[test]
fn a_torn_journal_loses_only_what_was_not_committed() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("log.db");
    let mut log = filled(&path, 1);
    let mut lengths = vec![(1, fs::metadata(path.with_extension("db-wal")).unwrap().len())];
    for seq in 1..20 {
        log.append(seq, &[(Timestamp(1), "a record")]).unwrap();
        lengths.push((seq + 1, fs::metadata(path.with_extension("db-wal")).unwrap().len()));
    }
    let copy = dir.path().join("copy.db");
    let wal = fs::read(path.with_extension("db-wal")).unwrap();
    for length in (lengths[0].1..=wal.len() as u64).step_by(777) {
        fs::copy(&path, &copy).unwrap();
        let mut torn = wal[..usize::try_from(length).unwrap()].to_vec();
        torn.extend([0x5a; 500]);
        fs::write(copy.with_extension("db-wal"), torn).unwrap();
        let _ = fs::remove_file(copy.with_extension("db-shm"));
        let committed = lengths.iter().rev().find(|(_, end)| *end <= length).unwrap().0;
        let mut log = SqliteLog::open(&copy).unwrap();
        assert_eq!(log.verify().unwrap().seq, committed);
        log.append(committed, &[(Timestamp(1), "goes on")]).unwrap();
    }
}

#[test]
fn snapshots_that_do_not_belong_are_passed_over() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("log.db");
    let log = filled(&path, 10);
    let backup = dir.path().join("backup.db");
    let copy = || Database::open_for_copy(&path).and_then(|log| log.copy_to(&backup));
    copy().unwrap();
    assert!(copy().is_err(), "a backup is never overwritten");
    log.put_snapshot(5, 1, b"five").unwrap();
    log.put_snapshot(10, 1, b"ten").unwrap();
    let snapshots = path.with_extension("snapshots");
    let newest = snapshots.join(format!("{:020}", 10));
    let sound = fs::read(&newest).unwrap();
    for damage in [&sound[..sound.len() - 1], &sound[..20], b"", &[sound.as_slice(), b"x"].concat()] {
        fs::write(&newest, damage).unwrap();
        assert_eq!(log.latest_snapshot(1).unwrap().unwrap().bytes, b"five");
    }
    for at in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        fs::write(&newest, bytes).unwrap();
        assert_eq!(log.latest_snapshot(1).unwrap().unwrap().bytes, b"five", "byte {at}");
    }
    fs::write(&newest, &sound).unwrap();

    // Another history of the same length: the restored log went on differently after its seventh record.
    let other = dir.path().join("other.db");
    let mut restored = SqliteLog::open(&other).unwrap();
    let records = SqliteReader::open(&backup).unwrap().read(1, 7).unwrap();
    let same: Vec<_> = records.iter().map(|record| (record.at, &*record.body)).collect();
    restored.append(0, &same).unwrap();
    restored.append(7, &[(Timestamp(2), "otherwise"); 3]).unwrap();
    fs::rename(&snapshots, other.with_extension("snapshots")).unwrap();
    assert_eq!(restored.latest_snapshot(1).unwrap().unwrap().bytes, b"five");
    restored.put_snapshot(8, 1, b"eight").unwrap();
    assert_eq!(restored.latest_snapshot(1).unwrap().unwrap().bytes, b"eight");
    assert_eq!(fs::read_dir(other.with_extension("snapshots")).unwrap().count(), 2);
}
