//! `adit audit`, run as a program on a real log.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use adit_core::{
    audit::Head,
    authz::{Actor, Principal},
    command::Command as Ask,
    decide,
    event::Entry,
    ids::AccountId,
    state::State,
    time::Timestamp,
};
use adit_store::{FileLog, LogReader, LogStore};
use adit_wire::ServerKey;
use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

fn adit(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_adit")).args(args).output().unwrap()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A server's log, written as one would.
struct Log {
    path: PathBuf,
    state: State,
}

impl Log {
    /// With two records: an account, and one more person.
    fn new(folder: &Path) -> Self {
        let mut log = Self { path: folder.join("log"), state: State::default() };
        log.run(Ask::CreateAccount { name: "Norte".into() });
        log
    }

    fn path(&self) -> &str {
        self.path.to_str().unwrap()
    }

    fn run(&mut self, command: Ask) {
        let principal = if matches!(command, Ask::NoteState { .. }) { Principal::System } else { Principal::Operator };
        let actor = Actor { account: AccountId(1), principal, authenticated_at: Timestamp(1) };
        let decided = decide(&self.state, &actor, command, Timestamp(1)).unwrap();
        self.append(&decided.entries);
        self.state = decided.state;
    }

    fn append(&self, entries: &[Entry]) {
        let texts: Vec<_> = entries.iter().map(|entry| serde_json::to_string(entry).unwrap()).collect();
        let bodies: Vec<_> = texts.iter().map(|text| (Timestamp(1), text.as_str())).collect();
        let mut log = FileLog::open(&self.path).unwrap();
        let end = log.head().unwrap().seq;
        log.append(end, &bodies).unwrap();
    }

    /// As the server does it: the hash in the log, then the file.
    fn snapshot(&mut self) {
        let (seq, (bytes, hash)) = (self.state.seq(), self.state.written().unwrap());
        self.run(Ask::NoteState { seq, hash });
        FileLog::open(&self.path).unwrap().put_snapshot(seq, State::FORM, &bytes).unwrap();
    }

    fn head(&self) -> Head {
        FileLog::open(&self.path).unwrap().head().unwrap()
    }

    fn verify(&self, options: &[&str]) -> Output {
        adit(&[&["audit", "verify", self.path()], options].concat())
    }
}

fn fails(output: &Output, saying: &[&str]) {
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    saying.iter().for_each(|words| assert!(said.contains(words), "{words:?} is not in: {said}"));
}

#[test]
fn a_sound_log_and_its_export_verify_and_an_altered_export_does_not() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Log::new(folder.path());
    log.snapshot();
    let count = log.state.seq();
    let sound = log.verify(&[]);
    assert!(sound.status.success(), "{}", text(&sound.stderr));
    let said = text(&sound.stdout);
    assert!(said.starts_with(&format!("{count} records, chain sound")), "{said}");
    assert!(said.contains("1 hashes of it in the log agree; 1 of the snapshots beside it"), "{said}");

    let export = folder.path().join("log.jsonl");
    let written = text(&adit(&["audit", "export", log.path()]).stdout);
    fs::write(&export, &written).unwrap();
    let export_path = export.to_str().unwrap();
    let verified = text(&adit(&["audit", "verify", export_path]).stdout);
    assert_eq!(verified.lines().next(), said.lines().next());
    assert!(verified.contains("1 hashes of it in the log agree; no snapshot lies beside it"), "{verified}");

    fs::write(&export, written.replace(r#"\"name\":\"Norte\""#, r#"\"name\":\"Other\""#)).unwrap();
    fails(&adit(&["audit", "verify", export_path]), &["record 2 breaks the chain"]);
}

#[test]
fn a_snapshot_written_by_hand_is_told_with_what_differs() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Log::new(folder.path());
    log.snapshot();
    log.run(Ask::AddUser);
    let (bytes, _) = log.state.written().unwrap();
    let forged = text(&bytes).replace(r#""owner":"usr-1""#, r#""owner":"usr-2""#);
    assert_ne!(forged.as_bytes(), bytes);
    let seq = log.state.seq();
    FileLog::open(&log.path).unwrap().put_snapshot(seq, State::FORM, forged.as_bytes()).unwrap();
    let of = format!("the snapshot of record {seq} is not what the records up to there add up to");
    fails(&log.verify(&[]), &[&of, "It differs in accounts.acc-1.owner."]);
}

#[test]
fn a_log_whose_server_went_on_from_something_else_is_told_from_which_record() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Log::new(folder.path());
    let seq = log.state.seq();
    log.run(Ask::NoteState { seq, hash: [7; 32] });
    fails(&log.verify(&[]), &[&format!("record {} says of the state after record {seq}", seq + 1)]);
}

#[test]
fn a_record_that_this_program_does_not_understand_is_no_sound_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("log");
    FileLog::open(&path).unwrap().append(0, &[(Timestamp(1), r#"{"a":1}"#)]).unwrap();
    let output = adit(&["audit", "verify", path.to_str().unwrap()]);
    fails(&output, &["the chain is sound", "does not understand record 1"]);
}

/// The folder as it was on another day is a sound log in itself.
#[test]
fn a_folder_put_back_is_told_by_a_head_that_was_told_outside() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = Log::new(folder.path());
    let before = folder.path().join("before");
    copy(&log.path, &before);
    log.run(Ask::AddUser);
    let key = ServerKey::from_secret([5; 32]);
    let heads = folder.path().join("heads.jsonl");
    let line = serde_json::to_string(&key.sign_head(log.head(), None)).unwrap();
    let first = serde_json::to_string(&key.sign_head(Head::EMPTY, None)).unwrap();
    fs::write(&heads, format!("{first}\n{line}\n")).unwrap();
    let (heads, pinned) = (heads.to_str().unwrap(), key.verifying_key().to_hex());
    let options = ["--head", heads, "--key", &pinned];
    let sound = log.verify(&options);
    assert!(text(&sound.stdout).contains("heads told earlier: 2, all in the log"), "{}", text(&sound.stderr));
    let stranger = ServerKey::from_secret([6; 32]).verifying_key().to_hex();
    fails(&log.verify(&["--head", heads, "--key", &stranger]), &["line 1", "not the expected key's"]);

    fs::remove_dir_all(&log.path).unwrap();
    copy(&before, &log.path);
    assert!(log.verify(&[]).status.success(), "nothing in it shows");
    fails(&log.verify(&options), &["the folder was put back to an earlier state"]);
    // Nor is it the same log once it has gone on.
    (log.state, log.path) = (State::default(), folder.path().join("log"));
    log.append(&[serde_json::from_str(
        r#"{"at":1,"actor":{"kind":"operator"},"event":{"type":"user_added.v1","data":{"user":"usr-9"}}}"#,
    )
    .unwrap()]);
    fails(&log.verify(&options), &["does not contain the head of record"]);
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
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
    let log = Log::new(folder.path());
    let sound = text(&log.verify(&[]).stdout);
    let head = sound.lines().next().unwrap().rsplit(' ').next().unwrap().to_owned();
    assert!(log.verify(&["--contains", &head]).status.success());
    fails(&log.verify(&["--contains", &"0".repeat(64)]), &["does not contain the head you noted"]);
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
