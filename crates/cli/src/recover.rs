//! `adit recover`: the way out that is left to whoever runs the server's machine.

use adit_core::{requests::Request, state::Account};
use adit_server::{Opened, operator};
use anyhow::{Context, bail};
use clap::{Args, Subcommand};
use std::path::{Path, PathBuf};

#[derive(Subcommand)]
pub enum Command {
    /// Ask for a recovery: it lowers what an account cannot meet to the approvers it has, waits, and may be called off
    Start {
        #[command(flatten)]
        place: Place,
        /// Why. Every approver reads it
        #[arg(long)]
        reason: String,
        /// Address of an approver to remove, who has no say in it then; may be repeated
        #[arg(long, value_name = "ADDRESS")]
        remove: Vec<String>,
    },
    /// Call off what was asked for here, while it waits
    CallOff {
        #[command(flatten)]
        place: Place,
        /// Which: R-12
        #[arg(value_parser = number)]
        request: u32,
        /// Why. Every approver reads it
        #[arg(long)]
        reason: Option<String>,
    },
}

#[derive(Args)]
pub struct Place {
    /// The server's folder. The server must not be running on it
    #[arg(long, env = "ADIT_DATA", default_value = "adit-data")]
    data: PathBuf,
    /// The account's name, if there are several
    #[arg(long, value_name = "NAME")]
    account: Option<String>,
}

impl Place {
    fn open(&self) -> anyhow::Result<(Opened, Account)> {
        let opened = open(&self.data)?;
        let account = operator::account(&opened, self.account.as_deref())?;
        Ok((opened, account))
    }
}

/// Takes a server's folder.
pub fn open(data: &Path) -> anyhow::Result<Opened> {
    if !data.is_dir() {
        bail!("there is no folder {}: give the server's by --data", data.display());
    }
    Opened::open(data.to_owned()).with_context(|| format!("cannot open {}; stop the server first", data.display()))
}

pub async fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Start { place, reason, remove } => {
            let (opened, account) = place.open()?;
            let request = operator::recover(&opened, account.id, &remove, reason).await?;
            tell(&account, &request);
        }
        Command::CallOff { place, request, reason } => {
            let (opened, account) = place.open()?;
            let request = operator::call_off(&opened, account.id, request, reason).await?;
            println!("R-{} of {} is called off.", request.number, account.name);
        }
    }
    Ok(())
}

fn tell(account: &Account, request: &Request) {
    println!("R-{}: recovery of {} is asked for.", request.number, account.name);
    if let (Some(from), Some(until)) = (request.not_before, request.execute_deadline) {
        println!("Start the server again. Every approver is told and may call it off until {from};");
        println!("then the server carries it out by itself, at the latest at {until}.");
        println!("To call it off yourself: stop the server and run adit recover call-off R-{}", request.number);
    }
}

fn number(text: &str) -> Result<u32, String> {
    let number = text.strip_prefix("R-").unwrap_or(text).parse();
    number.map_err(|_| "give a request's number, such as R-12".to_owned())
}
