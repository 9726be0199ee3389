//! `adit sim`: virtual miners to try things on.

use adit_sim::{Simulator, demo_fleet};
use anyhow::Context;
use clap::Args;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};

#[derive(Args)]
pub struct Options {
    /// How many miners
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=5_000))]
    miners: u16,
    /// Address of the first; the others follow
    #[arg(long, default_value = "127.20.0.1")]
    base: Ipv4Addr,
    /// Where the control API listens (faults, totals)
    #[arg(long, default_value = "127.0.0.1:7900")]
    control: SocketAddr,
}

pub async fn run(options: Options) -> anyhow::Result<()> {
    let low_ports = TcpListener::bind((options.base, 80)).is_ok();
    let mut config = demo_fleet(options.miners.into(), options.base, low_ports);
    config.control = Some(options.control);
    let fleet = Simulator::start(config).await.context("cannot start the simulator")?;
    for miner in fleet.miners() {
        let truth = miner.truth();
        println!("{:<15} {:<16} {:>5.0} W {}", truth.ip, truth.model, truth.power_w, truth.mac);
    }
    if !low_ports {
        println!("no Antminers: they need port 80, and ports below 1024 are not allowed here");
    }
    let control = fleet.control_addr().unwrap_or(options.control);
    println!("control API: http://{control}   stop with Ctrl-C");
    tokio::signal::ctrl_c().await?;
    fleet.stop().await;
    Ok(())
}
