//! `adit serve`: the server itself, and `adit setup`: the first account on it.

use adit_server::{
    Opened, Server, ServerOptions, api,
    founding::{self, NewPerson},
};
use anyhow::{Context, bail};
use clap::Args;
use std::{
    io::{BufRead, IsTerminal},
    net::SocketAddr,
    path::PathBuf,
};

/// Shortest password.
const MIN_PASSWORD: usize = 12;

#[derive(Args)]
pub struct Options {
    /// The server's folder: log, people, secrets
    #[arg(long, env = "ADIT_DATA", default_value = "adit-data")]
    data: PathBuf,
    /// Where to listen. Anything but loopback belongs behind a proxy that speaks TLS: cookies are marked Secure then
    #[arg(long, env = "ADIT_LISTEN", default_value = "127.0.0.1:7070")]
    listen: SocketAddr,
    /// Seconds between two polls of a device
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    poll_interval: u32,
}

#[derive(Args)]
pub struct SetupOptions {
    /// The server's folder
    #[arg(long, env = "ADIT_DATA", default_value = "adit-data")]
    data: PathBuf,
    /// The account's name
    #[arg(long)]
    company: String,
    /// The owner's e-mail
    #[arg(long)]
    email: String,
    /// The owner's name
    #[arg(long)]
    name: String,
}

/// Waits for Ctrl-C or a request to terminate.
pub async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    let Ok(mut terminate) = signal(SignalKind::terminate()) else {
        // Without a handler the system's own way of ending a program applies, which the log survives.
        return std::future::pending().await;
    };
    tokio::select! {
        _ = terminate.recv() => {}
        pressed = tokio::signal::ctrl_c() => if pressed.is_err() { std::future::pending::<()>().await },
    }
}

pub async fn run(options: Options) -> anyhow::Result<()> {
    let opened = Opened::open(options.data.clone())
        .with_context(|| format!("cannot serve the folder {}", options.data.display()))?;
    if founding::account(&opened).is_none() {
        bail!("there is no account in {} yet: make one with `adit setup`", options.data.display());
    }
    let loopback = options.listen.ip().is_loopback();
    let mut server = opened
        .serve(ServerOptions {
            data: options.data,
            listen: options.listen,
            poll_interval_s: options.poll_interval,
            api: api::Options { loopback, ..api::Options::default() },
        })
        .await?;
    // The line a supervisor or a test waits for.
    println!("adit: serving http://{}", server.address());
    tokio::select! {
        () = interrupted() => {}
        reason = server.failed() => bail!("the server cannot listen any more: {reason}"),
    }
    Server::stop(server).await;
    Ok(())
}

/// Makes the account; the owner's password is one line on standard input.
pub async fn setup(options: SetupOptions) -> anyhow::Result<()> {
    if std::io::stdin().is_terminal() {
        eprintln!("Password for {} (at least {MIN_PASSWORD} characters; it will be shown as you type):", options.email);
    }
    let mut password = String::new();
    std::io::stdin().lock().read_line(&mut password).context("cannot read the password")?;
    let password = password.trim_end_matches(['\r', '\n']).to_owned();
    if password.chars().count() < MIN_PASSWORD {
        bail!("the password needs at least {MIN_PASSWORD} characters: give it as one line on standard input");
    }
    let opened = Opened::open(options.data.clone())
        .with_context(|| format!("cannot use the folder {}", options.data.display()))?;
    if let Some((_, owner)) = founding::account(&opened)
        && opened.people().person(owner)?.is_some()
    {
        bail!("{} has an account already", options.data.display());
    }
    let owner = NewPerson { email: options.email, name: options.name, password };
    founding::found(&opened, &options.company, &owner).await?;
    println!("{} is set up; {} owns it. Start it with `adit serve`.", options.company, owner.email);
    Ok(())
}
