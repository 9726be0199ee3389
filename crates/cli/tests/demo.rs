//! `adit demo`, run as a program: the main journey with a server that is killed, and starting again on the same folder.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::{
    io::{BufRead, BufReader},
    path::Path,
    process::{Child, ChildStdout, Command, Stdio},
};

fn adit() -> Command {
    Command::new(env!("CARGO_BIN_EXE_adit"))
}

#[test]
fn the_main_journey_works_with_a_server_that_is_killed() {
    let played = adit().args(["demo", "--once", "--miners", "60", "--base", "127.61.0.1"]).output().unwrap();
    let said = String::from_utf8_lossy(&played.stdout);
    assert!(played.status.success(), "{said}\n{}", String::from_utf8_lossy(&played.stderr));
    assert!(said.contains("kill -9 in the middle of a batch of 30"), "{said}");
    assert!(said.contains("chain sound"), "{said}");
}

struct Demo {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
}

impl Demo {
    fn start(data: &Path) -> Self {
        let mut child = adit()
            .args(["demo", "--miners", "40", "--base", "127.62.0.1", "--listen", "127.0.0.1:0", "--data"])
            .arg(data)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let mut demo = Self { child, lines };
        demo.until("Adit is running: http://127.0.0.1:");
        demo.until("Stop with Ctrl-C.");
        demo
    }

    fn until(&mut self, wanted: &str) {
        let found = self.lines.by_ref().map(Result::unwrap).any(|line| line.contains(wanted));
        assert!(found, "the demo ended before it said {wanted:?}");
    }

    /// As Ctrl-C does.
    fn interrupt(mut self) {
        let sent = Command::new("kill").args(["-INT", &self.child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert!(self.child.wait().unwrap().success());
    }
}

fn records(data: &Path) -> String {
    let verified = adit().args(["audit", "verify"]).arg(data.join("server/log")).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
    String::from_utf8(verified.stdout).unwrap()
}

#[test]
fn the_demo_stops_cleanly_starts_again_on_its_folder_and_comes_back_without_it() {
    let root = tempfile::tempdir().unwrap();
    let data = root.path().join("demo");
    Demo::start(&data).interrupt();
    let first = records(&data);
    // A second one at the same time is told so.
    let running = Demo::start(&data);
    let second = adit().args(["demo", "--base", "127.63.0.1", "--data"]).arg(&data).output().unwrap();
    assert!(!second.status.success());
    assert!(String::from_utf8_lossy(&second.stderr).contains("in use"), "{}", String::from_utf8_lossy(&second.stderr));
    running.interrupt();
    assert!(records(&data).contains("chain sound"), "{first}");
    std::fs::remove_dir_all(&data).unwrap();
    Demo::start(&data).interrupt();
    assert!(records(&data).contains("chain sound"));
}

#[test]
fn the_demo_refuses_to_listen_for_others() {
    let refused = adit().args(["demo", "--listen", "0.0.0.0:0"]).output().unwrap();
    assert!(!refused.status.success());
    assert!(String::from_utf8_lossy(&refused.stderr).contains("loopback only"));
}
