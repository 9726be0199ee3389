//! Answers under idempotency keys: found again by whose they are alone, and never in clear on the disk.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use adit_core::time::Timestamp;
use adit_store::{CallId, Key, Secrets};
use std::{fs, path::Path};

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const TOKEN: &[u8] = b"adit_rw_1f2e3d4c_a-token-that-is-shown-once";

fn open(folder: &Path) -> Secrets {
    let key = Key::load(&folder.join("key"), true).unwrap();
    Secrets::open(folder.join("secrets"), key).unwrap()
}

fn call(whose: &str, key: &str) -> CallId {
    CallId { whose: whose.into(), route: "post /keys".into(), key: key.into() }
}

#[test]
fn an_answer_is_found_again_by_whose_it_is_and_stands_nowhere_in_clear() {
    let folder = tempfile::tempdir().unwrap();
    let mut secrets = open(folder.path());
    let own = call("acc-1/usr-1", "k");
    assert_eq!(secrets.begin_call(&own, &[7; 32], NOW).unwrap(), None);
    assert_eq!(secrets.begin_call(&own, &[7; 32], NOW).unwrap().unwrap().answer, None, "begun and not answered");
    secrets.keep_answer(&own, Some("01ARZ3NDEKTSV4RRFFQ69G5FAV"), TOKEN).unwrap();
    drop(secrets);
    let mut secrets = open(folder.path());
    let found = secrets.begin_call(&own, &[8; 32], NOW).unwrap().unwrap();
    assert_eq!((found.content, found.at), ([7; 32], NOW));
    assert_eq!(found.request.as_deref(), Some("01ARZ3NDEKTSV4RRFFQ69G5FAV"));
    assert_eq!(found.answer.unwrap().as_slice(), TOKEN);
    for other in [call("acc-1/usr-2", "k"), call("acc-2/usr-1", "k"), call("acc-1/usr-1", "l")] {
        assert_eq!(secrets.begin_call(&other, &[7; 32], NOW).unwrap(), None, "{other:?}");
    }
    for file in fs::read_dir(folder.path()).unwrap() {
        let path = file.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        assert!(!bytes.windows(TOKEN.len()).any(|part| part == TOKEN), "{}", path.display());
    }
}

#[test]
fn old_calls_are_listed_the_oldest_first_and_forgotten_one_by_one() {
    let folder = tempfile::tempdir().unwrap();
    let mut secrets = open(folder.path());
    for (number, key) in (0..).zip(["c", "a", "b"]) {
        assert_eq!(secrets.begin_call(&call("usr-1", key), &[0; 32], Timestamp(NOW.0 + number)).unwrap(), None);
    }
    assert_eq!((secrets.calls_of("usr-1").unwrap(), secrets.calls_of("usr-2").unwrap()), (3, 0));
    let old = secrets.calls_before(Timestamp(NOW.0 + 1), 10).unwrap();
    assert_eq!(old.iter().map(|old| old.call.key.as_str()).collect::<Vec<_>>(), ["c", "a"]);
    assert_eq!(secrets.calls_before(Timestamp(NOW.0 + 1), 1).unwrap().len(), 1);
    secrets.forget_call(&old[0].call).unwrap();
    assert_eq!(secrets.begin_call(&old[0].call, &[1; 32], NOW).unwrap(), None, "its key is free");
}
