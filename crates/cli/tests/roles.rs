//! `adit roles`: the matrix that documents, tests and people compare with is printed as it has been agreed on.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::process::Command;

/// Agreed on: changing it changes what people may do.
const AGREED: &str = include_str!("roles.csv");

#[test]
fn the_built_in_matrix_is_the_one_that_was_agreed_on() {
    let printed = Command::new(env!("CARGO_BIN_EXE_adit")).args(["roles", "--csv"]).output().unwrap();
    assert!(printed.status.success());
    let printed = String::from_utf8(printed.stdout).unwrap();
    let columns = "permission,risk,scenario,hashcore,owner,administrator,site_manager,operations_manager,technician,\
                   field_operator,repair_technician,engineer,accountant,reporting_manager,auditor,viewer";
    assert_eq!(printed.lines().next(), Some(columns));
    let differ: Vec<_> = printed.lines().zip(AGREED.lines()).filter(|(is, agreed)| is != agreed).collect();
    assert_eq!(differ, []);
    assert_eq!(printed.lines().count(), AGREED.lines().count());
}
