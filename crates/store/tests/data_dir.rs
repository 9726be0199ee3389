//! The data directory: lock, key, secrets, backup.
#![allow(clippy::unwrap_used, reason = "tests")]

use adit_core::{ids::UserId, time::Timestamp};
use adit_store::{DataDir, LogReader, LogStore, Person, StoreError, backup};
use std::{fs, os::unix::fs::PermissionsExt, path::Path};
use tempfile::TempDir;

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o777
}

fn person(user: u32, email: &str) -> Person {
    let (email, display_name) = (email.to_owned(), "A Person".to_owned());
    Person { user: UserId(user), email, display_name, password_hash: None, created_at: Timestamp(1) }
}

#[test]
fn a_second_server_is_kept_out_until_the_first_is_gone() {
    let dir = TempDir::new().unwrap();
    let first = DataDir::open(dir.path()).unwrap();
    let error = DataDir::open(dir.path()).err().unwrap();
    assert!(error.to_string().contains(&std::process::id().to_string()), "{error}");
    drop(first);
    DataDir::open(dir.path()).unwrap();
}

#[test]
fn the_directory_and_the_key_are_private() {
    let dir = TempDir::new().unwrap();
    let root = dir.path().join("new/data");
    drop(DataDir::open(&root).unwrap());
    assert_eq!((mode(&root), mode(&root.join("key"))), (0o700, 0o600));
    fs::set_permissions(&root, fs::Permissions::from_mode(0o755)).unwrap();
    let data = DataDir::open(&root).unwrap();
    let mut log = data.log().unwrap();
    log.append(0, &[(Timestamp(1), "a record")]).unwrap();
    let open = (log, data.people().unwrap(), data.secrets().unwrap());
    for name in
        ["log/00000000000000000001.log", "log/lock", "people.db", "people.db-wal", "secrets.db", "secrets.db-wal"]
    {
        assert_eq!(mode(&root.join(name)), 0o600, "{name}");
    }
    drop((open, data));
    let key = fs::read(root.join("key")).unwrap();
    assert_eq!(key.len(), 32);
    assert_ne!(key, [0; 32]);
    drop(DataDir::open(&root).unwrap());
    assert_eq!(fs::read(root.join("key")).unwrap(), key);
}

#[test]
fn a_log_of_before_the_first_release_is_not_passed_over() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("log.db"), b"SQLite format 3").unwrap();
    let error = DataDir::open(dir.path()).and_then(|data| data.log()).err().unwrap();
    assert!(error.to_string().contains("choose an empty data directory"), "{error}");
}

#[test]
fn a_wrong_key_file_is_told() {
    let dir = TempDir::new().unwrap();
    let key = dir.path().join("key");
    let refused = |what: &str| {
        let error = DataDir::open(dir.path()).and_then(|dir| dir.secrets()).err().unwrap();
        assert!(matches!(&error, StoreError::KeyFile { .. }) && error.to_string().contains(what), "{error}");
    };
    DataDir::open(dir.path()).unwrap().secrets().unwrap().put("a", b"value").unwrap();
    let sound = fs::read(&key).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o640)).unwrap();
    refused("chmod 600");
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(&key, &sound[1..]).unwrap();
    refused("32 bytes");
    fs::write(&key, [7; 32]).unwrap();
    refused("another key");
    fs::remove_file(&key).unwrap();
    refused("missing");
    assert!(!key.exists());
    fs::write(&key, &sound).unwrap();
    fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
    let secrets = DataDir::open(dir.path()).unwrap().secrets().unwrap();
    assert_eq!(secrets.get("a").unwrap().unwrap().as_slice(), b"value");
}

#[test]
fn secrets_are_kept_sealed() {
    let dir = TempDir::new().unwrap();
    let data = DataDir::open(dir.path()).unwrap();
    let mut secrets = data.secrets().unwrap();
    assert_eq!(secrets.get("signing-key").unwrap(), None);
    secrets.put("signing-key", b"correct horse battery staple").unwrap();
    secrets.put("miner", b"").unwrap();
    secrets.put("signing-key", b"another horse battery staple").unwrap();
    assert_eq!(secrets.get("signing-key").unwrap().unwrap().as_slice(), b"another horse battery staple");
    assert_eq!(secrets.get("miner").unwrap().unwrap().as_slice(), b"");
    assert_eq!(secrets.names().unwrap(), ["miner", "signing-key"]);
    for name in ["secrets.db", "secrets.db-wal"] {
        let bytes = fs::read(dir.path().join(name)).unwrap();
        assert!(!bytes.windows(5).any(|part| part == b"horse"), "{name}");
    }
    assert!(secrets.delete("miner").unwrap());
    assert!(!secrets.delete("miner").unwrap());
    for (name, value) in [("", &b"x"[..]), (&"n".repeat(129), b"x"), ("long", &[0; (64 << 10) + 1])] {
        assert!(matches!(secrets.put(name, value), Err(StoreError::Invalid { .. })));
    }
    assert_eq!(secrets.get("").unwrap(), None);
    assert!(!secrets.delete("").unwrap());
}

#[test]
fn a_backup_is_made_while_the_server_runs_and_can_be_restored() {
    let dir = TempDir::new().unwrap();
    let (root, copy) = (dir.path().join("data"), dir.path().join("copy"));
    let data = DataDir::open(&root).unwrap();
    let (mut log, mut people, mut secrets) = (data.log().unwrap(), data.people().unwrap(), data.secrets().unwrap());
    log.append(0, &[(Timestamp(1), "one"), (Timestamp(1), "two")]).unwrap();
    // More than half a segment, so that the next one is prepared.
    log.append(2, &[(Timestamp(1), &"x".repeat(200_000))]).unwrap();
    log.put_snapshot(2, 1, b"state").unwrap();
    people.add_person(&person(1, "a@example.com")).unwrap();
    secrets.put("name", b"value").unwrap();
    backup(&root, &copy).unwrap();
    assert!(matches!(backup(&root, &copy), Err(StoreError::Invalid { .. })));
    assert!(!copy.join("key").exists());
    let mut copied: Vec<_> = fs::read_dir(copy.join("log")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    copied.sort();
    assert_eq!(copied, ["00000000000000000001.log"]);
    log.append(3, &[(Timestamp(1), "after the backup")]).unwrap();

    fs::copy(root.join("key"), copy.join("key")).unwrap();
    let restored = DataDir::open(&copy).unwrap();
    let mut restored_log = restored.log().unwrap();
    assert_eq!(restored_log.verify().unwrap(), log.read(3, 1).unwrap()[0].as_head());
    assert_eq!(restored_log.append(3, &[(Timestamp(1), "after the restore")]).unwrap().last_seq, 4);
    assert_eq!(restored.people().unwrap().persons().unwrap(), [person(1, "a@example.com")]);
    assert_eq!(restored.secrets().unwrap().get("name").unwrap().unwrap().as_slice(), b"value");
}
