//! `adit demo`: server, agent and simulated miners in one program, with people to sign in as.
//!
//! [`seed`] sets the account down, [`scene`] furnishes it, [`once`] plays the main journey through the HTTP interface instead of waiting for a
//! person, [`client`] speaks for it.

mod client;
mod kept;
mod once;
mod scene;
mod seed;
mod troubles;

use crate::serve::interrupted;
use adit_agent::AgentOptions;
use adit_server::{
    Opened, ServerOptions,
    api::{self, DemoUser},
};
use adit_sim::{SimConfig, Simulator, demo_fleet};
use anyhow::Context;
use clap::Args;
use std::{
    convert::Infallible,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};
use tokio::{sync::watch, task::JoinSet};

/// Seconds between two polls of a miner.
const POLL_S: u32 = 3;
/// Miners that stand as warm as each other.
const CONTAINER: usize = 40;

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
    /// One site with miners that are all well, and nothing that waits
    #[arg(long)]
    bare: bool,
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

fn agent(server: SocketAddr, folder: PathBuf, token: String) -> AgentOptions {
    let mut agent = AgentOptions::new(format!("ws://{server}"), folder, adit_drivers::all());
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
    let config = if options.bare { config } else { config.varied(CONTAINER) };
    let miners = kept::Miners::of(&data);
    let fleet = Simulator::start(SimConfig { kept: miners.read()?, ..config }).await;
    let fleet = fleet.context("cannot start the simulated miners")?;
    if !options.bare {
        troubles::begin(&fleet)?;
    }
    let people = seed::people(options.bare);
    let places = seed::places(base, options.miners.into(), options.bare);
    let tokens = seed::seed(&opened, places, &people).await.context("cannot set the demo up")?;
    let api = api::Options { loopback: true, demo_users: people.clone(), ..api::Options::default() };
    let served = ServerOptions { data: data.join("server"), listen, poll_interval_s: POLL_S, heads: None, api };
    let mut server = opened.serve(served).await?;
    let address = server.address();
    let (stop, stopped) = watch::channel(false);
    let mut agents = JoinSet::new();
    for (folder, token) in tokens {
        let mut stopped = stopped.clone();
        agents.spawn(adit_agent::run(agent(address, data.join(folder), token), async move {
            // Told, or the demo is gone.
            let _ = stopped.wait_for(|stopped| *stopped).await;
        }));
    }
    let interrupted = interrupted();
    greet(address, &data, options, &people, low_ports);
    let failure = tokio::select! {
        () = interrupted => None,
        reason = server.failed() => Some(format!("the server cannot listen any more: {reason}")),
        end = agents.join_next() => Some(match end {
            Some(Ok(Err(error))) => format!("an agent stopped: {error}"),
            _ => "an agent stopped".to_owned(),
        }),
        error = miners.keep(&fleet) => Some(format!("what the miners are cannot be kept: {error}")),
        never = furnish(options, address, &data, &fleet) => match never {},
    };
    eprintln!("stopping");
    // Nobody listens if it is they who failed.
    let _ = stop.send(true);
    while agents.join_next().await.is_some() {}
    server.stop().await;
    let kept = miners.write(&fleet);
    fleet.stop().await;
    kept.context("what the miners are cannot be kept")?;
    failure.map_or(Ok(()), |reason| Err(anyhow::anyhow!(reason)))
}

/// Sets the scene, then gives the miners the troubles that they have only once they are known. What fails is said; the rest is
/// there all the same. Never ends.
async fn furnish(options: &Options, server: SocketAddr, data: &Path, fleet: &Simulator) -> Infallible {
    if !options.bare {
        let set = scene::set(server, data, options.miners.into()).await;
        if let Err(error) = set.and_then(|()| troubles::go_on(fleet)) {
            eprintln!("the demo is not all that it should be: {error:#}");
        }
    }
    std::future::pending().await
}

fn greet(address: SocketAddr, data: &Path, options: &Options, people: &[DemoUser], low_ports: bool) {
    let miners = options.miners;
    println!("Adit is running: http://{address}");
    println!();
    println!("  {:<20} {:<20} sign in with", "who", "role");
    for user in people {
        println!("  {:<20} {:<20} {}", user.name, user.role, user.email);
    }
    println!();
    println!("Everybody's password: {}", seed::PASSWORD);
    println!("{miners} simulated miners are being found; data in {}", data.display());
    if !low_ports {
        println!("No Antminers among them: they need port 80, and ports below 1024 are not allowed here.");
    }
    println!("Stop with Ctrl-C.");
}
