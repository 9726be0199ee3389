//! `adit demo`: server, agent and simulated miners in one program, with people to sign in as.
//!
//! [`seed`] sets the account down, [`once`] plays the main journey through the HTTP interface instead of waiting for a
//! person, [`client`] speaks for it.

mod client;
mod once;
mod seed;

use crate::serve::interrupted;
use adit_agent::AgentOptions;
use adit_server::{Opened, ServerOptions, api};
use adit_sim::{SimConfig, Simulator, demo_fleet};
use anyhow::Context;
use clap::Args;
use std::{
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};
use tokio::sync::oneshot;

/// Seconds between two polls of a miner.
const POLL_S: u32 = 3;

#[derive(Args)]
pub struct Options {
    /// Play the main journey through the HTTP interface, print what was seen, and end: 0 if all of it worked
    #[arg(long)]
    once: bool,
    /// The demo's folder; may be deleted. With --once a new one that is deleted at the end
    #[arg(long, env = "ADIT_DEMO_DATA")]
    data: Option<PathBuf>,
    /// Where to listen; loopback only. With --once a free port
    #[arg(long)]
    listen: Option<SocketAddr>,
    /// How many simulated miners
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(40..=2_000))]
    miners: u16,
    /// Address of the first miner, in 127.0.0.0/8; the others follow
    #[arg(long)]
    base: Option<Ipv4Addr>,
}

pub async fn run(options: Options) -> anyhow::Result<()> {
    if options.once { once::run(&options).await } else { stay(&options).await }
}

fn simulated(options: &Options, base: Ipv4Addr) -> (SimConfig, bool) {
    let low_ports = TcpListener::bind((base, 80)).is_ok();
    (demo_fleet(options.miners.into(), base, low_ports), low_ports)
}

fn agent(server: SocketAddr, data: &Path, token: String) -> AgentOptions {
    let mut agent = AgentOptions::new(format!("ws://{server}"), data.join("agent"), adit_drivers::all());
    agent.enrolment_token = Some(token);
    agent
}

async fn stay(options: &Options) -> anyhow::Result<()> {
    let data = options.data.clone().unwrap_or_else(|| "demo-data".into());
    let listen = options.listen.unwrap_or_else(|| ([127, 0, 0, 1], 7070).into());
    anyhow::ensure!(listen.ip().is_loopback(), "the demo's passwords are known to all: it listens on loopback only");
    let base = options.base.unwrap_or(Ipv4Addr::new(127, 20, 0, 1));
    let opened = Opened::open(data.join("server"))
        .with_context(|| format!("cannot use the demo's folder {}", data.display()))?;
    let (config, low_ports) = simulated(options, base);
    let fleet = Simulator::start(config).await.context("cannot start the simulated miners")?;
    let token = seed::seed(&opened, base, options.miners.into()).await.context("cannot set the demo up")?;
    let api = api::Options { loopback: true, demo_users: seed::people(), ..api::Options::default() };
    let served = ServerOptions { data: data.join("server"), listen, poll_interval_s: POLL_S, heads: None, api };
    let mut server = opened.serve(served).await?;
    let (stop, stopped) = oneshot::channel::<()>();
    let mut agent = tokio::spawn(adit_agent::run(agent(server.address(), &data, token), async move {
        // Told, or the demo is gone.
        let _ = stopped.await;
    }));
    let interrupted = interrupted();
    greet(server.address(), &data, options.miners, low_ports);
    let failure = tokio::select! {
        () = interrupted => None,
        reason = server.failed() => Some(format!("the server cannot listen any more: {reason}")),
        end = &mut agent => Some(match end {
            Ok(Err(error)) => format!("the agent stopped: {error}"),
            _ => "the agent stopped".to_owned(),
        }),
    };
    eprintln!("stopping");
    // The agent is gone already if it is what failed.
    let _ = stop.send(());
    if failure.is_none() {
        // How it ends is of no interest any more.
        let _ = agent.await;
    }
    server.stop().await;
    fleet.stop().await;
    failure.map_or(Ok(()), |reason| Err(anyhow::anyhow!(reason)))
}

fn greet(address: SocketAddr, data: &Path, miners: u16, low_ports: bool) {
    println!("Adit is running: http://{address}");
    println!();
    println!("  {:<20} sign in with", "role");
    for user in seed::people() {
        println!("  {:<20} {}", user.role, user.email);
    }
    println!();
    println!("Everybody's password: {}", seed::PASSWORD);
    println!("{miners} simulated miners are being found; data in {}", data.display());
    if !low_ports {
        println!("No Antminers among them: they need port 80, and ports below 1024 are not allowed here.");
    }
    println!("Stop with Ctrl-C.");
}
