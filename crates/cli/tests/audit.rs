//! `adit audit`, run as a program on a real log.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use adit_core::time::Timestamp;
use adit_store::{FileLog, LogStore};
use std::{
    path::Path,
    process::{Command, Output},
};

fn adit(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_adit")).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn log(folder: &Path) -> String {
    let path = folder.join("log");
    let mut log = FileLog::open(&path).unwrap();
    log.append(0, &[(Timestamp(1), r#"{"a":1}"#), (Timestamp(2), r#"{"b":2}"#)]).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_sound_log_and_its_export_verify_and_an_altered_export_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path());
    let sound = adit(&["audit", "verify", &log]);
    assert!(sound.status.success(), "{}", text(&sound.stderr));
    assert!(text(&sound.stdout).starts_with("2 records, chain sound"));

    let export = folder.path().join("log.jsonl");
    let written = adit(&["audit", "export", &log]).stdout;
    std::fs::write(&export, &written).unwrap();
    let export_path = export.to_str().unwrap();
    assert_eq!(adit(&["audit", "verify", export_path]).stdout, sound.stdout.as_slice());

    std::fs::write(&export, text(&written).replace(r#"\"b\":2"#, r#"\"b\":3"#)).unwrap();
    let altered = adit(&["audit", "verify", export_path]);
    assert_eq!(altered.status.code(), Some(1));
    assert!(text(&altered.stderr).contains("record 2"), "{}", text(&altered.stderr));
}

#[test]
fn a_log_is_written_as_a_table() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    let body = r#"{"at":1,"actor":{"kind":"user","id":"usr-1"},"event":{"type":"account_frozen.v1","data":{"account":"acc-1"}}}"#;
    FileLog::open(&path).unwrap().append(0, &[(Timestamp(1), body)]).unwrap();
    let table = adit(&["audit", "export", "--format", "csv", path.to_str().unwrap()]);
    assert!(table.status.success(), "{}", text(&table.stderr));
    let table = text(&table.stdout);
    let begin = "seq,at,actor,type,event,hash\r\n\
                 1,1970-01-01T00:00:00.001Z,usr-1,account_frozen.v1,\"{\"\"account\"\":\"\"acc-1\"\"}\",";
    assert!(table.starts_with(begin), "{table}");
    assert_eq!(table.lines().count(), 2);
}

#[test]
fn a_head_that_is_gone_is_missed() {
    let folder = tempfile::tempdir().unwrap();
    let log = log(folder.path());
    let sound = text(&adit(&["audit", "verify", &log]).stdout);
    let head = sound.trim().rsplit(' ').next().unwrap().to_owned();
    assert!(adit(&["audit", "verify", &log, "--contains", &head]).status.success());
    let gone = adit(&["audit", "verify", &log, "--contains", &"0".repeat(64)]);
    assert_eq!(gone.status.code(), Some(1));
}

#[test]
fn no_log_says_where_to_look_and_the_matrix_is_printed() {
    let missing = adit(&["audit", "verify", "nowhere/log"]);
    assert_eq!(missing.status.code(), Some(1));
    assert!(text(&missing.stderr).contains("data folder"));
    let csv = text(&adit(&["roles", "--csv"]).stdout);
    assert!(csv.starts_with("permission,risk,scenario,hashcore,owner,administrator,"));
    assert!(csv.contains("\ndevice.reboot,disruptive,fleet.power,Reboot / Restart / Pause,Y,Y,Y,Y,Y,,,Y,,,,\n"));
}
