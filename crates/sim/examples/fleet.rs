//! Runs a demo fleet until it is interrupted:
//! `cargo run -p adit-sim --example fleet -- [miners] [first address] [control address]`.

use std::error::Error;

use adit_sim::{Simulator, demo_fleet};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let count = args.next().map_or(Ok(20), |n| n.parse())?;
    let base = args.next().unwrap_or_else(|| "127.20.0.1".into()).parse()?;
    let control = args.next().unwrap_or_else(|| "127.0.0.1:7900".into()).parse()?;
    let low_ports = std::net::TcpListener::bind((base, 80)).is_ok();
    let mut config = demo_fleet(count, base, low_ports);
    config.control = Some(control);
    let fleet = Simulator::start(config).await?;
    for miner in fleet.miners() {
        let truth = miner.truth();
        println!("{:<15} {:<16} {:>5.0} W {}", truth.ip, truth.model, truth.power_w, truth.mac);
    }
    println!("control API: http://{control}");
    tokio::signal::ctrl_c().await?;
    fleet.stop().await;
    Ok(())
}
