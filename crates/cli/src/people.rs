//! `adit people`: who has left, said by whoever runs the server's machine.

use crate::recover::open;
use adit_server::operator;
use clap::Subcommand;
use std::path::PathBuf;

#[derive(Subcommand)]
pub enum Command {
    /// Somebody has left: they lose every right and cannot sign in; what they did stays under their name
    Remove {
        /// The server's folder. The server must not be running on it
        #[arg(long, env = "ADIT_DATA", default_value = "adit-data")]
        data: PathBuf,
        /// Their e-mail
        address: String,
    },
}

pub async fn run(Command::Remove { data, address }: Command) -> anyhow::Result<()> {
    let opened = open(&data)?;
    let left = operator::remove_person(&opened, &address).await?;
    println!("{address} cannot sign in any more and holds nothing here.");
    for operator::Left { account, degraded } in left.into_iter().filter(|left| !left.degraded.is_empty()) {
        let scenarios: Vec<_> = degraded.iter().map(|scenario| scenario.name()).collect();
        println!("{account} has too few approvers now for {}:", scenarios.join(", "));
        println!("its Owner can ask for a recovery on its approval rules page, or you by adit recover start.");
    }
    Ok(())
}
