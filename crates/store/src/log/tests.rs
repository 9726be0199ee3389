//! What only files can suffer: a write that was cut off, damage, a full disk, another version's format.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::{FileLog, FileReader, frame, segment, segment::SHORTEST};
use crate::{DataDir, LogReader, LogStore, StoreError, suite};
use adit_core::{
    audit::{Fault, Head},
    time::Timestamp,
};
use std::{
    fs,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};
use tempfile::TempDir;

/// So many batches of one to three records each.
fn filled(dir: &Path, batches: u64) -> FileLog {
    let mut log = FileLog::open(dir).unwrap();
    for batch in 0..batches {
        let seq = log.head().unwrap().seq;
        let bodies: Vec<String> = (0..=batch % 3).map(|n| format!("record <{}> é", seq + 1 + n)).collect();
        let bodies: Vec<_> = bodies.iter().map(|body| (Timestamp(1), body.as_str())).collect();
        log.append(seq, &bodies).unwrap();
    }
    log
}

fn first_segment(dir: &Path) -> PathBuf {
    segment::path(dir, 1)
}

/// A segment without the zeros at its end.
fn written(path: &Path) -> Vec<u8> {
    let mut bytes = fs::read(path).unwrap();
    bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1);
    bytes
}

fn put(path: &Path, bytes: &[u8], length: u64) {
    let mut all = bytes.to_vec();
    all.resize(usize::try_from(length).unwrap(), 0);
    fs::write(path, all).unwrap();
}

#[test]
fn files_pass_the_suite() {
    let dir = TempDir::new().unwrap();
    suite::all(
        |name| FileLog::open(dir.path().join(name)).unwrap(),
        |name| FileReader::open(dir.path().join(name)).unwrap(),
    );
}

#[test]
fn a_log_without_records_is_sound_for_its_readers() {
    let dir = TempDir::new().unwrap();
    let data = DataDir::open(dir.path()).unwrap();
    drop(data.log().unwrap());
    for reader in [data.log_reader().unwrap(), FileReader::open(data.log_path()).unwrap()] {
        assert_eq!((reader.head().unwrap(), reader.verify().unwrap()), (Head::EMPTY, Head::EMPTY));
    }
}

#[test]
fn a_reader_of_the_data_directory_sees_what_is_on_the_disk() {
    let dir = TempDir::new().unwrap();
    let data = DataDir::open(dir.path()).unwrap();
    let mut log = data.log().unwrap();
    log.append(0, &[(Timestamp(1), "one")]).unwrap();
    let reader = data.log_reader().unwrap();
    let mut frame = Vec::new();
    frame::encode(log.head().unwrap(), &[(Timestamp(1), "two")], &mut frame).unwrap();
    // As in the moment between the write and the answer of the disk.
    let path = first_segment(&data.log_path());
    let mut bytes = written(&path);
    bytes.extend(frame);
    put(&path, &bytes, SHORTEST);
    assert_eq!((reader.head().unwrap().seq, reader.read(1, 10).unwrap().len()), (1, 1));
    assert_eq!(FileReader::open(data.log_path()).unwrap().head().unwrap().seq, 2);
    log.append(1, &[(Timestamp(1), "two")]).unwrap();
    assert_eq!((reader.head().unwrap().seq, reader.verify().unwrap().seq), (2, 2));
}

#[test]
fn nobody_else_opens_a_log_that_is_written() {
    let dir = TempDir::new().unwrap();
    let log = FileLog::open(dir.path()).unwrap();
    let file = fs::File::options().write(true).open(dir.path().join("lock")).unwrap();
    assert!(file.try_lock().is_err());
    drop(log);
    file.try_lock().unwrap();
}

#[test]
fn a_log_goes_on_over_many_segments() {
    let dir = TempDir::new().unwrap();
    let body = "x".repeat(10_000);
    let mut log = FileLog::open(dir.path()).unwrap();
    for seq in 0..400 {
        log.append(seq, &[(Timestamp(1), &body)]).unwrap();
        if seq % 97 == 0 {
            drop(log);
            log = FileLog::open(dir.path()).unwrap();
            assert_eq!(log.head().unwrap().seq, seq + 1);
        }
    }
    let firsts = segment::all(dir.path()).unwrap();
    assert!(firsts.len() >= 4, "{firsts:?}");
    assert_eq!(log.verify().unwrap().seq, 400);
    let reader = FileReader::open(dir.path()).unwrap();
    assert_eq!(reader.verify().unwrap(), log.head().unwrap());
    for seq in (1..=400).rev().chain(1..=400) {
        assert_eq!(reader.read(seq, 1).unwrap()[0].seq, seq);
    }
    assert_eq!(FileReader::open(dir.path()).unwrap().head().unwrap(), log.head().unwrap());

    // A segment that has gone is missed, whatever was kept of the log before and after it.
    let gone = firsts[2];
    drop(log);
    fs::remove_file(segment::path(dir.path(), gone)).unwrap();
    let error = FileReader::open(dir.path()).unwrap().verify().unwrap_err();
    assert!(
        matches!(&error, StoreError::Broken(e) if e.seq == gone && e.fault == Fault::Gap { found: firsts[3] }),
        "{error}"
    );
    fs::remove_file(segment::path(dir.path(), 1)).unwrap();
    let error = FileReader::open(dir.path()).unwrap().verify().unwrap_err();
    assert!(matches!(&error, StoreError::Broken(e) if e.seq == 1), "{error}");
}

/// As after a loss of power in the middle of a write, in whatever order the disk took it.
#[test]
fn a_write_that_was_cut_off_is_left_out_as_a_whole() {
    let dir = TempDir::new().unwrap();
    let path = first_segment(dir.path());
    let known = filled(dir.path(), 5).head().unwrap();
    let before = written(&path).len();
    filled(dir.path(), 0).append(known.seq, &[(Timestamp(1), "half"), (Timestamp(2), "a write")]).unwrap();
    let whole = written(&path);
    let torn = |keep: &dyn Fn(usize) -> bool| {
        let mut bytes = whole.clone();
        for (at, byte) in bytes.iter_mut().enumerate().skip(before) {
            *byte = if keep(at) { *byte } else { 0 };
        }
        put(&path, &bytes, SHORTEST);
        let reader = FileReader::open(dir.path()).unwrap();
        assert_eq!((reader.head().unwrap(), reader.verify().unwrap()), (known, known));
        let mut log = FileLog::open(dir.path()).unwrap();
        assert_eq!((log.head().unwrap(), log.verify().unwrap()), (known, known));
        assert_eq!(written(&path).len(), before, "nothing is left of it");
        bytes.truncate(bytes.iter().rposition(|byte| *byte != 0).unwrap() + 1);
        let left = &bytes[before..];
        match log.cut_off() {
            None => assert!(left.is_empty()),
            Some(cut_off) => {
                assert_eq!((cut_off.after, cut_off.bytes), (known.seq, left.len()));
                assert_eq!(fs::read(cut_off.kept.as_ref().unwrap()).unwrap(), left);
            }
        }
        assert_eq!(log.append(known.seq, &[(Timestamp(1), "goes on")]).unwrap().last_seq, known.seq + 1);
        drop(log);
        assert_eq!(FileLog::open(dir.path()).unwrap().verify().unwrap().seq, known.seq + 1);
    };
    for cut in before..whole.len() {
        torn(&|at| at < cut);
        torn(&|at| at > cut);
    }
}

#[test]
fn of_writes_that_were_cut_off_the_last_ones_are_kept_if_there_is_room() {
    let dir = TempDir::new().unwrap();
    drop(filled(dir.path(), 1));
    let tear = || {
        let mut bytes = written(&first_segment(dir.path()));
        bytes.extend(b"half a write");
        put(&first_segment(dir.path()), &bytes, SHORTEST);
        FileLog::open(dir.path()).unwrap()
    };
    for seq in 1..=10 {
        let mut log = tear();
        assert_eq!(log.cut_off().unwrap().after, seq);
        log.append(seq, &[(Timestamp(1), "goes on")]).unwrap();
    }
    let names = fs::read_dir(dir.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut kept: Vec<_> = names.filter(|name| name.ends_with(".cut-off")).collect();
    kept.sort();
    let last: Vec<_> = (4..=11).map(|seq| format!("{seq:020}.cut-off")).collect();
    assert_eq!(kept, last);
    assert_eq!(FileLog::open(dir.path()).unwrap().cut_off(), None, "told once");

    symlink("/dev/full", dir.path().join("cut-off.unfinished")).unwrap();
    let log = tear();
    assert_eq!((log.head().unwrap().seq, log.verify().unwrap().seq), (11, 11));
    let told = log.cut_off().unwrap().to_string();
    assert!(told.contains("record 11") && told.contains("could not be kept"), "{told}");
}

/// A reader in another process is interrupted in the middle of a frame that is being written, and goes on once another one
/// follows that frame: what it holds then looks like damage.
#[test]
fn what_changes_while_it_is_read_is_read_again_and_damage_is_told() {
    let dir = TempDir::new().unwrap();
    let path = first_segment(dir.path());
    let known = filled(dir.path(), 3).head().unwrap();
    let mut log = filled(dir.path(), 0);
    // Longer than what is read ahead.
    log.append(known.seq, &[(Timestamp(1), &*"being written ".repeat(8_000))]).unwrap();
    let whole = written(&path);
    log.append(known.seq + 1, &[(Timestamp(1), "the next")]).unwrap();
    let after = written(&path);
    drop(log);
    // The reader has looked at the frame's beginning, and takes what the file had a moment ago for its body.
    let half = &whole[..whole.len() - 3];
    let torn = [half, &[0; 3], &after[whole.len()..]].concat();
    let reader = FileReader::open(dir.path()).unwrap();
    let mut attempts = 0;
    let read = reader.steadily(|| {
        attempts += 1;
        if attempts > 1 {
            return reader.read_once(known.seq, 10);
        }
        put(&path, half, SHORTEST);
        let mut walk = reader.walk_to(known.seq + 1)?;
        let mut header = walk.look()?.unwrap();
        while header.last() <= known.seq {
            walk.pass(&header);
            header = walk.look()?.unwrap();
        }
        put(&path, &torn, SHORTEST);
        let broken = walk.records(&header, known).unwrap_err();
        put(&path, &after, SHORTEST);
        Err(broken)
    });
    assert_eq!((read.unwrap().len(), attempts), (3, 2));
    attempts = 0;
    let damaged = reader.steadily::<()>(|| {
        attempts += 1;
        Err(StoreError::Broken(adit_core::audit::ChainError { seq: 7, fault: Fault::Altered }))
    });
    assert!(matches!(damaged, Err(StoreError::Broken(_))));
    assert_eq!(attempts, 2, "what is broken in the same place is damage");
}

#[test]
fn a_byte_that_was_altered_is_found() {
    let dir = TempDir::new().unwrap();
    let path = first_segment(dir.path());
    let head = filled(dir.path(), 4).head().unwrap();
    let last = written(&path).len();
    filled(dir.path(), 0).append(head.seq, &[(Timestamp(1), "the last")]).unwrap();
    let sound = written(&path);
    for at in 0..last {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x20;
        put(&path, &bytes, SHORTEST);
        let reader = FileReader::open(dir.path()).unwrap();
        for error in [reader.read(1, 10).err(), reader.verify().err(), FileLog::open(dir.path()).err()] {
            let error = error.unwrap_or_else(|| panic!("byte {at}"));
            let told =
                matches!(error, StoreError::Broken(_) | StoreError::Corrupt { .. } | StoreError::NewerSchema { .. });
            assert!(told, "byte {at}: {error}");
        }
    }
    // Zeros in the middle are no end.
    let mut bytes = sound.clone();
    bytes[usize::try_from(segment::START).unwrap()..last].fill(0);
    put(&path, &bytes, SHORTEST);
    assert!(matches!(FileLog::open(dir.path()).err().unwrap(), StoreError::Broken(_)));
    assert!(matches!(FileReader::open(dir.path()).unwrap().verify().unwrap_err(), StoreError::Broken(_)));
    put(&path, &sound, SHORTEST);
    assert_eq!(FileLog::open(dir.path()).unwrap().verify().unwrap().seq, head.seq + 1);
}

#[test]
fn an_altered_record_is_named() {
    let dir = TempDir::new().unwrap();
    drop(filled(dir.path(), 100));
    let path = first_segment(dir.path());
    let mut bytes = fs::read(&path).unwrap();
    let at = bytes.windows(12).position(|part| part == b"record <123>").unwrap();
    bytes[at + 8..at + 11].copy_from_slice(b"321");
    fs::write(&path, bytes).unwrap();
    let reader = FileReader::open(dir.path()).unwrap();
    for error in [reader.verify().unwrap_err(), reader.read(110, 100).unwrap_err()] {
        assert!(matches!(&error, StoreError::Broken(e) if e.seq == 123), "{error}");
    }
    assert_eq!(reader.read(130, 10).unwrap().len(), 10);
}

/// Every read is linked to the one before it, so that an altered record is found that stands last in a read.
#[test]
fn records_are_linked_over_the_bounds_of_a_read() {
    let dir = TempDir::new().unwrap();
    let mut log = FileLog::open(dir.path()).unwrap();
    let many = vec![(Timestamp(1), "x"); super::MAX_READ - 1];
    log.append(0, &many).unwrap();
    let before = log.head().unwrap();
    log.append(before.seq, &[(Timestamp(1), "true")]).unwrap();
    log.append(before.seq + 1, &[(Timestamp(1), "after it")]).unwrap();
    drop(log);
    let forged = |body| {
        let mut frame = Vec::new();
        frame::encode(before, &[(Timestamp(1), body)], &mut frame).unwrap();
        frame
    };
    let segment =
        [1, before.seq + 1].map(|first| segment::path(dir.path(), first)).into_iter().rfind(|path| path.exists());
    let path = segment.unwrap();
    let mut bytes = fs::read(&path).unwrap();
    let (sound, altered) = (forged("true"), forged("fake"));
    let at = bytes.windows(sound.len()).position(|part| part == sound).unwrap();
    bytes[at..at + sound.len()].copy_from_slice(&altered);
    fs::write(&path, bytes).unwrap();
    let reader = FileReader::open(dir.path()).unwrap();
    assert_eq!(reader.read(1, super::MAX_READ).unwrap().last().unwrap().body.as_ref(), "fake");
    let error = reader.verify().unwrap_err();
    assert!(matches!(&error, StoreError::Broken(e) if e.fault == Fault::Unlinked), "{error}");
}

#[test]
fn what_is_gone_behind_the_writers_back_is_told() {
    let dir = TempDir::new().unwrap();
    let data = DataDir::open(dir.path()).unwrap();
    let mut log = data.log().unwrap();
    for seq in 0..3 {
        log.append(seq, &[(Timestamp(1), "a record")]).unwrap();
    }
    put(&first_segment(&data.log_path()), b"ADITLOG1", SHORTEST);
    let error = data.log_reader().unwrap().read(1, 10).unwrap_err();
    assert!(matches!(&error, StoreError::Corrupt { detail, .. } if detail == "record 1 is gone"), "{error}");
}

#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    let dir = TempDir::new().unwrap();
    let body = "x".repeat(100_000);
    let mut log = filled(dir.path(), 3);
    // Half the segment is free, and what the next one is prepared in is full.
    symlink("/dev/full", dir.path().join("prepared")).unwrap();
    let head = log.append(6, &[(Timestamp(1), &body)]).unwrap().head;
    let error = log.append(7, &[(Timestamp(1), &*body); 6]).unwrap_err();
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
    assert_eq!((log.head().unwrap(), log.verify().unwrap()), (head, head));
    // A small record still fits; and once there is room again everything goes on.
    assert_eq!(log.append(7, &[(Timestamp(1), "small")]).unwrap().last_seq, 8);
    assert!(fs::symlink_metadata(dir.path().join("prepared")).is_err(), "half a file is not left on a full disk");
    // A segment of the usual length does not fit, and one that is long enough does.
    symlink("/dev/full", dir.path().join("prepared")).unwrap();
    assert_eq!(log.append(8, &[(Timestamp(1), &*body); 2]).unwrap().last_seq, 10);
    assert!(fs::metadata(segment::path(dir.path(), 9)).unwrap().len() < SHORTEST);
    drop(log);
    assert_eq!(FileLog::open(dir.path()).unwrap().verify().unwrap().seq, 10);
}

#[test]
fn after_a_write_that_cannot_be_undone_nothing_is_written_before_it_is_opened_again() {
    let dir = TempDir::new().unwrap();
    let mut log = filled(dir.path(), 3);
    let known = log.head().unwrap();
    log.last.as_mut().unwrap().file = fs::File::open(first_segment(dir.path())).unwrap();
    for _ in 0..2 {
        let error = log.append(known.seq, &[(Timestamp(1), "lost")]).unwrap_err();
        assert!(matches!(error, StoreError::Io { .. }), "{error}");
    }
    assert_eq!((log.head().unwrap(), log.verify().unwrap()), (known, known));
    drop(log);
    let mut log = FileLog::open(dir.path()).unwrap();
    assert_eq!(log.append(known.seq, &[(Timestamp(1), "goes on")]).unwrap().last_seq, known.seq + 1);
}

/// As after a crash between the making of a segment and the first write to it, and in the middle of that.
#[test]
fn a_segment_without_a_record_is_written_on() {
    let dir = TempDir::new().unwrap();
    let known = filled(dir.path(), 5).head().unwrap();
    let next = segment::path(dir.path(), known.seq + 1);
    for left in [&b"ADITLOG1"[..], b"ADITLOG1\xff\xad\x17", b"ADITLOG1\0\0\0rest"] {
        put(&next, left, SHORTEST);
        let reader = FileReader::open(dir.path()).unwrap();
        assert_eq!((reader.head().unwrap(), reader.verify().unwrap()), (known, known));
        let mut log = FileLog::open(dir.path()).unwrap();
        assert_eq!(log.head().unwrap(), known);
        log.append(known.seq, &[(Timestamp(1), "goes on")]).unwrap();
        assert_eq!(reader.read(known.seq, 5).unwrap().len(), 2);
        assert_eq!(log.verify().unwrap().seq, known.seq + 1);
    }
}

#[test]
fn files_that_are_no_log_are_refused() {
    let dir = TempDir::new().unwrap();
    drop(filled(dir.path(), 1));
    let sound = fs::read(first_segment(dir.path())).unwrap();
    for stray in ["00000000000000000000.log", "18446744073709551615.log", "+0000000000000000001.log"] {
        fs::write(dir.path().join(stray), b"").unwrap();
    }
    assert_eq!(FileLog::open(dir.path()).unwrap().verify().unwrap().seq, 1);
    for (name, newer) in [(b"ADITLOG7", true), (b"ADITLOGx", false), (b"SQLite f", false)] {
        let mut bytes = sound.clone();
        bytes[..8].copy_from_slice(name);
        fs::write(first_segment(dir.path()), bytes).unwrap();
        let error = FileLog::open(dir.path()).err().unwrap();
        assert_eq!(matches!(error, StoreError::NewerSchema { found: 7, known: 1, .. }), newer, "{error}");
        assert_eq!(matches!(error, StoreError::Corrupt { .. }), !newer, "{error}");
    }
    assert!(matches!(FileReader::open(dir.path().join("nowhere")), Err(StoreError::Io { .. })));
}

#[test]
fn snapshots_that_do_not_belong_are_passed_over() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("log");
    let log = filled(&path, 6);
    log.put_snapshot(5, 1, b"five").unwrap();
    log.put_snapshot(10, 1, b"ten").unwrap();
    let snapshots = path.with_extension("snapshots");
    let newest = snapshots.join(format!("{:020}", 10));
    let sound = fs::read(&newest).unwrap();
    for damage in [&sound[..sound.len() - 1], &sound[..20], b"", &[sound.as_slice(), b"x"].concat()] {
        fs::write(&newest, damage).unwrap();
        assert_eq!(log.latest_snapshot(1, u64::MAX).unwrap().unwrap().bytes, b"five");
    }
    for at in 0..sound.len() {
        let mut bytes = sound.clone();
        bytes[at] ^= 1;
        fs::write(&newest, bytes).unwrap();
        assert_eq!(log.latest_snapshot(1, u64::MAX).unwrap().unwrap().bytes, b"five", "byte {at}");
    }
    fs::write(&newest, &sound).unwrap();

    // Another history of the same length: the restored log went on differently after its seventh record.
    let other = dir.path().join("other");
    let mut restored = FileLog::open(&other).unwrap();
    let records = log.read(1, 7).unwrap();
    let same: Vec<_> = records.iter().map(|record| (record.at, &*record.body)).collect();
    restored.append(0, &same).unwrap();
    restored.append(7, &[(Timestamp(2), "otherwise"); 3]).unwrap();
    fs::rename(&snapshots, other.with_extension("snapshots")).unwrap();
    assert_eq!(restored.latest_snapshot(1, u64::MAX).unwrap().unwrap().bytes, b"five");
    restored.put_snapshot(8, 1, b"eight").unwrap();
    assert_eq!(restored.latest_snapshot(1, u64::MAX).unwrap().unwrap().bytes, b"eight");
    assert_eq!(fs::read_dir(other.with_extension("snapshots")).unwrap().count(), 2);
}
