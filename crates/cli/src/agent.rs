//! `adit agent`: the program on a site's network.

use adit_agent::AgentOptions;
use anyhow::Context;
use clap::Args;
use std::{
    io::{BufRead, Read},
    path::{Path, PathBuf},
};

#[derive(Args)]
pub struct Options {
    /// The server: wss://host[:port], or ws:// on a loopback address
    #[arg(long, env = "ADIT_SERVER")]
    server: String,
    /// The agent's own folder: keys and journal
    #[arg(long, env = "ADIT_AGENT_DATA", default_value = "adit-agent")]
    data: PathBuf,
    /// A file with the one-time token shown when the agent was created, or - to read it from standard input; not needed once
    /// enrolled. It may stand in the environment as ADIT_ENROLMENT_TOKEN instead, never in the command, which others can see
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// A file that narrows what any server may do here
    #[arg(long)]
    policy: Option<PathBuf>,
}

/// Longest token that is read, bytes.
const MAX_TOKEN: u64 = 1_024;

fn token(file: Option<&Path>) -> anyhow::Result<Option<String>> {
    let mut text = String::new();
    match file {
        None => return Ok(std::env::var("ADIT_ENROLMENT_TOKEN").ok().filter(|token| !token.trim().is_empty())),
        Some(path) if path == Path::new("-") => {
            // A line is enough: whoever pastes it does not have to end the input.
            std::io::stdin()
                .lock()
                .take(MAX_TOKEN)
                .read_line(&mut text)
                .context("the enrolment token cannot be read")?;
        }
        Some(path) => {
            let shown = || format!("the enrolment token cannot be read from {}", path.display());
            let opened = std::fs::File::open(path).with_context(shown)?;
            opened.take(MAX_TOKEN).read_to_string(&mut text).with_context(shown)?;
        }
    }
    let token = text.trim().to_owned();
    anyhow::ensure!(!token.is_empty(), "there is no enrolment token there");
    Ok(Some(token))
}

pub async fn run(options: Options) -> anyhow::Result<()> {
    let mut agent = AgentOptions::new(options.server, options.data, adit_drivers::all());
    agent.enrolment_token = token(options.token_file.as_deref())?;
    agent.local_policy = options.policy;
    let interrupted = async {
        // Without a signal handler the agent runs until it is killed, which its journal survives.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    adit_agent::run(agent, interrupted).await.context("the agent stopped")
}
