//! `adit serve`: the server itself. On a folder without an account it prints a link by which the first one is made.

use adit_server::{
    Opened, Server, ServerOptions, api, founding,
    mail::MailOptions,
    notices::webhooks::{Network, WebhookOptions},
    sign_in::{sso::SsoOptions, tokens},
};
use anyhow::{Context, bail};
use clap::Args;
use std::{
    net::{IpAddr, SocketAddr},
    path::PathBuf,
};

#[derive(Args)]
pub struct Options {
    /// The server's folder: log, people, secrets
    #[arg(long, env = "ADIT_DATA", default_value = "adit-data")]
    data: PathBuf,
    /// Where to listen. Anything but loopback takes a proxy that speaks TLS in front, and its address as --public-url
    #[arg(long, env = "ADIT_LISTEN", default_value = "127.0.0.1:7070")]
    listen: SocketAddr,
    /// Where people reach the server: https://adit.example.com. Links in letters begin with it; with https, cookies are Secure
    #[arg(long, env = "ADIT_PUBLIC_URL", value_name = "URL")]
    public_url: Option<String>,
    /// Serve also where passwords can be read on the way: beyond this machine without TLS
    #[arg(long, env = "ADIT_INSECURE_HTTP")]
    insecure_http: bool,
    /// Where letters are handed in: smtps://user:password@host, or smtp://user:password@host?tls=required
    #[arg(long, env = "ADIT_SMTP", value_name = "URL", requires = "mail_from", hide_env_values = true)]
    smtp: Option<String>,
    /// Whom letters come from
    #[arg(long, env = "ADIT_MAIL_FROM", value_name = "ADDRESS")]
    mail_from: Option<String>,
    /// A network that is not public and that webhooks may reach all the same, also without TLS: 10.1.0.0/16; may be repeated
    #[arg(long = "webhook-network", env = "ADIT_WEBHOOK_NETWORKS", value_delimiter = ',', value_name = "NETWORK")]
    webhook_networks: Vec<Network>,
    /// Certificates in PEM by whose issuers receivers of webhooks are trusted, beside those that the system trusts
    #[arg(long, env = "ADIT_WEBHOOK_CA", value_name = "FILE")]
    webhook_ca: Option<PathBuf>,
    /// Issuer of OpenID Connect whose accounts people may sign in with; it is told <public URL>/api/v1/sso/sso/callback
    #[arg(long, env = "ADIT_SSO_ISSUER", value_name = "URL", requires = "sso_client_id")]
    sso_issuer: Option<String>,
    /// What the issuer is called on the sign-in page
    #[arg(long, env = "ADIT_SSO_NAME", value_name = "NAME", default_value = "Single sign-on")]
    sso_name: String,
    /// What the issuer calls this server
    #[arg(long, env = "ADIT_SSO_CLIENT_ID", value_name = "ID")]
    sso_client_id: Option<String>,
    /// By which the issuer knows this server
    #[arg(long, env = "ADIT_SSO_CLIENT_SECRET", value_name = "SECRET", hide_env_values = true)]
    sso_client_secret: Option<String>,
    /// Address of a proxy in front that says in X-Forwarded-For whom it speaks for; may be repeated
    #[arg(long = "proxy", env = "ADIT_PROXY", value_delimiter = ',', value_name = "IP")]
    proxies: Vec<IpAddr>,
    /// Let whoever is signed in make accounts of their own. Without it the first account stays the only one
    #[arg(long, env = "ADIT_ANYONE_MAY_FOUND")]
    anyone_may_found: bool,
    /// File in which heads of the log are noted every hour, best on another disk or machine: if the data folder is put back to an earlier
    /// day, the next start tells. heads.jsonl in the data folder if left out
    #[arg(long, env = "ADIT_HEADS", value_name = "FILE")]
    heads: Option<PathBuf>,
    /// Seconds between two polls of a device
    #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=3_600))]
    poll_interval: u32,
}

/// Ctrl-C or a request to terminate; heard from the call on, not only once it is awaited.
pub fn interrupted() -> impl Future<Output = ()> {
    use tokio::signal::unix::{SignalKind, signal};
    let signals = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()));
    async {
        let (Ok(mut interrupt), Ok(mut terminate)) = signals else {
            // Without a handler the system's own way of ending a program applies, which the log survives.
            return std::future::pending().await;
        };
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    }
}

pub async fn run(options: Options) -> anyhow::Result<()> {
    let opened = Opened::open(options.data.clone())
        .with_context(|| format!("cannot serve the folder {}", options.data.display()))?;
    let set_up = if founding::is_missing(&opened)? { Some(tokens::random().context("no random bytes")?) } else { None };
    let loopback = options.listen.ip().is_loopback();
    let sso = options.sso_issuer.zip(options.sso_client_id).map(|(issuer, client_id)| SsoOptions {
        id: "sso".to_owned(),
        name: options.sso_name,
        issuer,
        client_id,
        client_secret: options.sso_client_secret,
    });
    let mut server = opened
        .serve(ServerOptions {
            data: options.data,
            listen: options.listen,
            poll_interval_s: options.poll_interval,
            heads: options.heads,
            api: api::Options {
                loopback,
                public_url: options.public_url.unwrap_or_default(),
                insecure_http: options.insecure_http,
                sso: sso.into_iter().collect(),
                mail: options.smtp.zip(options.mail_from).map(|(server, from)| MailOptions { server, from }),
                proxies: options.proxies,
                anyone_may_found: options.anyone_may_found,
                webhooks: WebhookOptions {
                    networks: options.webhook_networks,
                    ca_file: options.webhook_ca,
                    ..WebhookOptions::default()
                },
                set_up: set_up.as_deref().map(tokens::hash_of),
                ..api::Options::default()
            },
        })
        .await?;
    let interrupted = interrupted();
    // The line a supervisor or a test waits for.
    println!("adit: serving http://{}", server.address());
    if let Some(token) = set_up {
        println!("adit: there is no account yet. Whoever opens this link makes it; it works once:");
        println!("{}/setup#{token}", server.public_url());
    }
    tokio::select! {
        () = interrupted => {}
        reason = server.failed() => bail!("the server cannot listen any more: {reason}"),
    }
    Server::stop(server).await;
    Ok(())
}
