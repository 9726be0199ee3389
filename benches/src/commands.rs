//! Row 4a: one command to 10 000 devices. The agent's own benchmark runs its executor and a bare tokio loop in turn; it is run
//! here so often that a spread can be told.

use crate::{
    measure::Spread,
    table::{Goal, Line},
};
use std::process::{Command, Stdio};

const RUNS: usize = 3;

/// # Panics
/// If the agent's benchmark cannot be run, or says something else than it used to.
pub fn run() -> Vec<Line> {
    eprintln!("commands: the agent's executor, {RUNS} runs");
    let runs: Vec<Vec<Run>> = (0..RUNS).map(|_| executor()).collect();
    let settings = runs.first().map_or(0, Vec::len);
    assert!(settings > 0, "the agent's benchmark has said nothing");
    (0..settings).map(|setting| line(&runs.iter().map(|run| run[setting].clone()).collect::<Vec<_>>())).collect()
}

/// What the benchmark says of one setting: `<setting>: bare <time>, with journal and results <time>, <ratio> x`.
#[derive(Clone)]
struct Run {
    setting: String,
    bare: String,
    ours: String,
    ratio: f64,
}

impl Run {
    fn of(text: &str) -> Option<Self> {
        let (setting, rest) = text.split_once(": bare ")?;
        let (bare, rest) = rest.split_once(", with journal and results ")?;
        let (ours, ratio) = rest.split_once(", ")?;
        let ratio = ratio.strip_suffix(" x")?.parse().ok()?;
        Some(Self { setting: setting.into(), bare: bare.into(), ours: ours.into(), ratio })
    }
}

fn executor() -> Vec<Run> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .args(["bench", "--locked", "--quiet", "-p", "adit-agent", "--bench", "executor"])
        .current_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
        .stderr(Stdio::inherit())
        .output()
        .expect("cargo can be run");
    assert!(output.status.success(), "the agent's benchmark has failed");
    String::from_utf8_lossy(&output.stdout).lines().filter_map(Run::of).collect()
}

fn line(runs: &[Run]) -> Line {
    let ratio = Spread::of(runs.iter().map(|run| run.ratio).collect());
    let middle = runs.iter().find(|run| run.ratio == ratio.median).unwrap_or(&runs[0]);
    Line {
        row: "4a",
        what: format!("one command, {}", middle.setting),
        ours: middle.ours.clone(),
        reference: "bare tokio loop".into(),
        theirs: middle.bare.clone(),
        ratio,
        goal: Goal::AtMost(1.2),
    }
}
