//! `adit people`: who has left and whose e-mail is theirs, said by whoever runs the server's machine.

use crate::recover::open;
use adit_server::operator;
use clap::Subcommand;
use std::path::{Path, PathBuf};

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
    /// Answer for it that an e-mail is somebody's: from then on what they approve counts. For servers without mail
    Verify {
        /// The server's folder. The server must not be running on it
        #[arg(long, env = "ADIT_DATA", default_value = "adit-data")]
        data: PathBuf,
        /// Their e-mail
        address: String,
    },
}

pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Remove { data, address } => remove(&data, &address).await,
        Command::Verify { data, address } => {
            let before = operator::verify_person(&open(&data)?, &address).await?;
            let word = if before { "was confirmed before" } else { "is confirmed" };
            println!("{address} {word}: what they approve counts, for requests that are made from now on.");
            Ok(())
        }
    }
}

async fn remove(data: &Path, address: &str) -> anyhow::Result<()> {
    let opened = open(data)?;
    let left = operator::remove_person(&opened, address).await?;
    println!("{address} cannot sign in any more and holds nothing here.");
    for operator::Left { account, degraded } in left.into_iter().filter(|left| !left.degraded.is_empty()) {
        let scenarios: Vec<_> = degraded.iter().map(|scenario| scenario.name()).collect();
        println!("{account} has too few approvers now for {}:", scenarios.join(", "));
        println!("its Owner can ask for a recovery on its approval rules page, or you by adit recover start.");
    }
    Ok(())
}
