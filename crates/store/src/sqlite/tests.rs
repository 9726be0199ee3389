//! What a database file can suffer: a full disk, another version's schema, a copy.
#![allow(clippy::unwrap_used, reason = "tests")]

use super::Database;
use crate::StoreError;
use tempfile::TempDir;

const SCHEMA: &str = "CREATE TABLE a (x TEXT)";

#[test]
fn a_full_disk_is_told_and_nothing_is_lost() {
    let dir = TempDir::new().unwrap();
    let mut database = Database::open(&dir.path().join("some.db"), &[SCHEMA]).unwrap();
    let pages: u32 = database.run(|c| c.pragma_query_value(None, "page_count", |row| row.get(0))).unwrap();
    database.run(|c| c.pragma_update_and_check(None, "max_page_count", pages + 1, |_| Ok(()))).unwrap();
    let mut insert =
        |length: usize| database.write(|tx| Ok(tx.execute("INSERT INTO a (x) VALUES (?1)", ["y".repeat(length)])?));
    let error = insert(100_000).unwrap_err();
    assert!(matches!(error, StoreError::DiskFull { .. }), "{error}");
    insert(10).unwrap();
    let rows: u32 = database.run(|c| c.query_row("SELECT count(*) FROM a", [], |row| row.get(0))).unwrap();
    assert_eq!(rows, 1, "there is no trace of what did not fit");
}

#[test]
fn a_read_only_database_is_told() {
    let dir = TempDir::new().unwrap();
    let mut database = Database::open(&dir.path().join("some.db"), &[SCHEMA]).unwrap();
    database.run(|c| c.pragma_update(None, "query_only", true)).unwrap();
    let error = database.write(|tx| Ok(tx.execute("INSERT INTO a (x) VALUES ('y')", [])?)).unwrap_err();
    assert!(matches!(error, StoreError::ReadOnly { .. }), "{error}");
}

#[test]
fn a_newer_schema_is_refused() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("some.db");
    let database = Database::open(&path, &[SCHEMA]).unwrap();
    database.run(|c| c.pragma_update(None, "user_version", 7)).unwrap();
    drop(database);
    let error = Database::open(&path, &[SCHEMA]).err().unwrap();
    assert!(matches!(error, StoreError::NewerSchema { found: 7, known: 1, .. }), "{error}");
}

#[test]
fn an_older_schema_is_migrated_in_full_or_not_at_all() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("some.db");
    drop(Database::open(&path, &[SCHEMA]).unwrap());
    assert!(Database::open(&path, &[SCHEMA, "ALTER TABLE a ADD COLUMN z INTEGER; SELECT nothing"]).is_err());
    let database = Database::open(&path, &[SCHEMA, "ALTER TABLE a ADD COLUMN y INTEGER"]).unwrap();
    database.run(|c| c.execute("INSERT INTO a (x, y) VALUES ('1', 2)", [])).unwrap();
    assert!(database.run(|c| c.execute("INSERT INTO a (z) VALUES (1)", [])).is_err());
}

#[test]
fn a_copy_is_never_written_over_another() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("some.db");
    let _database = Database::open(&path, &[SCHEMA]).unwrap();
    let copy = || Database::open_for_copy(&path).and_then(|database| database.copy_to(&dir.path().join("copy.db")));
    copy().unwrap();
    assert!(copy().is_err());
}
