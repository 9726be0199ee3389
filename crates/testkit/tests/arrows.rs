//! The crates depend on each other in one direction only, as docs/architecture.md draws it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{collections::BTreeSet, process::Command};

/// Whom each crate may use. Whatever is not listed here may not be used.
const ARROWS: &[(&str, &[&str])] = &[
    ("adit-core", &[]),
    ("adit-telemetry", &["adit-core"]),
    ("adit-store", &["adit-core"]),
    ("adit-wire", &["adit-core"]),
    ("adit-drivers", &["adit-core"]),
    ("adit-sim", &[]),
    ("adit-agent", &["adit-core", "adit-drivers", "adit-wire"]),
    ("adit-server", &["adit-core", "adit-store", "adit-telemetry", "adit-wire"]),
    ("adit", &["adit-agent", "adit-core", "adit-drivers", "adit-server", "adit-sim", "adit-store", "adit-wire"]),
];

#[test]
fn crates_use_only_those_below_them() {
    let metadata = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    let metadata: serde_json::Value = serde_json::from_slice(&metadata.stdout).unwrap();
    let mut seen = BTreeSet::new();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        // Used by tests alone; it may use everything.
        if name == "adit-testkit" {
            continue;
        }
        let (_, allowed) = ARROWS.iter().find(|(of, _)| *of == name).unwrap_or_else(|| panic!("{name} has no arrows"));
        for dependency in package["dependencies"].as_array().unwrap() {
            let used = dependency["name"].as_str().unwrap();
            let ours = used == "adit" || used.starts_with("adit-");
            let for_tests = dependency["kind"] == "dev";
            assert!(!ours || for_tests || allowed.contains(&used), "{name} may not use {used}");
        }
        seen.insert(name.to_owned());
    }
    assert_eq!(seen.len(), ARROWS.len(), "a crate listed here is gone");
}
