//! `adit agent`: the program on a site's network.

use adit_agent::AgentOptions;
use anyhow::Context;
use clap::Args;
use std::path::PathBuf;

#[derive(Args)]
pub struct Options {
    /// The server: wss://host[:port], or ws:// on a loopback address
    #[arg(long, env = "ADIT_SERVER")]
    server: String,
    /// The agent's own folder: keys and journal
    #[arg(long, env = "ADIT_AGENT_DATA", default_value = "adit-agent")]
    data: PathBuf,
    /// The one-time token shown when the agent was created; not needed once enrolled
    #[arg(long, env = "ADIT_ENROLMENT_TOKEN", hide_env_values = true)]
    token: Option<String>,
    /// A file that narrows what any server may do here
    #[arg(long)]
    policy: Option<PathBuf>,
}

pub async fn run(options: Options) -> anyhow::Result<()> {
    let mut agent = AgentOptions::new(options.server, options.data, adit_drivers::all());
    agent.enrolment_token = options.token;
    agent.local_policy = options.policy;
    let interrupted = async {
        // Without a signal handler the agent runs until it is killed, which its journal survives.
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    };
    adit_agent::run(agent, interrupted).await.context("the agent stopped")
}
