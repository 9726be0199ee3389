//! The program. Each subcommand is a thin shell around the crate that does the work.

mod agent;
mod audit;
mod demo;
mod people;
mod recover;
mod serve;
mod sim;

use clap::{Parser, Subcommand};
use std::process::ExitCode;

/// Every change copies a path of the state, in small pieces, on a thread of its own: glibc's allocator is slow at that.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    /// Run the whole product with simulated miners, to look at or as a check of this installation
    Demo(demo::Options),
    /// Run the server; the first time, it prints the link by which the first account is made
    Serve(Box<serve::Options>),
    /// Say, from the server's machine, that somebody has left or that an e-mail is theirs
    People {
        #[command(subcommand)]
        command: people::Command,
    },
    /// Lower what an account cannot meet any more, from the server's machine; for when its own people cannot
    Recover {
        #[command(subcommand)]
        command: recover::Command,
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
    tracing_subscriber::fmt().with_max_level(log_level()).with_writer(std::io::stderr).with_ansi(false).init();
    match run(Cli::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("adit: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// From `ADIT_LOG`: error, warn (the usual), info, debug or trace.
fn log_level() -> tracing::Level {
    std::env::var("ADIT_LOG").ok().and_then(|level| level.parse().ok()).unwrap_or(tracing::Level::WARN)
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
        Command::People { command } => runtime()?.block_on(people::run(command)),
        Command::Recover { command } => runtime()?.block_on(recover::run(command)),
        Command::Demo(options) => runtime()?.block_on(demo::run(options)),
        Command::Serve(options) => runtime()?.block_on(serve::run(*options)),
        Command::Sim(options) => runtime()?.block_on(sim::run(options)),
        Command::Agent(options) => runtime()?.block_on(agent::run(options)),
    }
}

fn runtime() -> anyhow::Result<tokio::runtime::Runtime> {
    Ok(tokio::runtime::Builder::new_multi_thread().enable_all().build()?)
}
