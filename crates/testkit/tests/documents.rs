//! What the documents say is there: a page that names a test as proof must not outlive the test.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Pages that name tests and files.
const PAGES: [&str; 2] = ["docs/threat-model.md", "docs/asvs.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn sources(folder: &Path, into: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && !matches!(name.as_str(), "target" | "node_modules" | "dist") {
            sources(&path, into);
        } else if name.ends_with(".rs") {
            into.push(path);
        }
    }
}

/// Names of functions that a test attribute stands over.
fn tests_in(source: &str, into: &mut BTreeSet<String>) {
    let mut is_test = false;
    for line in source.lines().map(str::trim) {
        if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
            is_test = true;
        } else if let Some(rest) = line.strip_prefix("async fn ").or_else(|| line.strip_prefix("fn "))
            && std::mem::take(&mut is_test)
        {
            into.insert(rest.split(['(', '<']).next().unwrap().to_owned());
        }
    }
}

/// What stands between backticks, outside of blocks of code.
fn quoted(page: &str) -> impl Iterator<Item = &str> {
    page.lines().filter(|line| !line.starts_with("```")).flat_map(|line| line.split('`').skip(1).step_by(2))
}

fn is_test_name(word: &str) -> bool {
    word.matches('_').count() >= 3 && word.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

fn is_path(word: &str) -> bool {
    ["crates/", "docs/", "web/", "benches/"].iter().any(|begin| word.starts_with(begin))
}

#[test]
fn every_test_and_file_that_the_documents_name_is_there() {
    let mut files = Vec::new();
    sources(&root().join("crates"), &mut files);
    let mut tests = BTreeSet::new();
    files.iter().for_each(|path| tests_in(&fs::read_to_string(path).unwrap(), &mut tests));
    for page in PAGES {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let named: BTreeSet<_> = quoted(&text).filter(|word| is_test_name(word)).collect();
        assert!(named.len() > 20, "{page} names {} tests", named.len());
        let gone: Vec<_> = named.into_iter().filter(|name| !tests.contains(*name)).collect();
        assert!(gone.is_empty(), "{page} names tests that are not there: {gone:#?}");
        let lost: Vec<_> = quoted(&text).filter(|word| is_path(word) && !root().join(word).exists()).collect();
        assert!(lost.is_empty(), "{page} names files that are not there: {lost:#?}");
    }
}

#[test]
fn a_name_without_a_test_attribute_is_no_test() {
    let mut tests = BTreeSet::new();
    tests_in("#[test]\nfn it_is_one() {}\nfn it_is_none() {}\n#[tokio::test(x)]\nasync fn another() {}", &mut tests);
    assert_eq!(tests.into_iter().collect::<Vec<_>>(), ["another", "it_is_one"]);
    assert_eq!(quoted("a `b` c `d_e`\n``` no\n`f`").collect::<Vec<_>>(), ["b", "d_e", "f"]);
}
