//! The program. Each subcommand is a thin shell around the crate that does the work.

mod agent;
mod audit;
mod sim;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Open control plane for Bitcoin-mining operations.
#[derive(Parser)]
#[command(
    name = "adit",
    version,
    after_help = "Exit codes: 0 done; 1 it failed, and the last line says why; 2 wrong usage."
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Check the log's hash chain
    Audit {
        #[command(subcommand)]
        command: audit::Command,
    },
    /// Print the built-in roles and what each may do
    Roles {
        /// As CSV: one row a permission, one column a role
        #[arg(long)]
        csv: bool,
    },
    /// Run virtual miners on loopback addresses until interrupted
    Sim(sim::Options),
    /// Run the agent that finds, polls and orders a site's miners
    Agent(agent::Options),
}

fn main() -> ExitCode {
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("adit: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> anyhow::Result<()> {
    match command {
        Command::Audit { command } => audit::run(command),
        Command::Roles { csv: true } => {
            print!("{}", adit_core::authz::catalogue::to_csv());
            Ok(())
        }
        Command::Roles { csv: false } => {
            for role in adit_core::authz::Role::ALL {
                println!("{}", role.title());
                for permission in adit_core::authz::Permission::all().filter(|p| p.info().held_by(role)) {
                    println!("  {}", permission.name());
                }
            }
            Ok(())
        }
        Command::Sim(options) => runtime()?.block_on(sim::run(options)),
        Command::Agent(options) => runtime()?.block_on(agent::run(options)),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
