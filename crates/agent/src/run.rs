//! Puts the parts together, and takes them apart again.

use crate::{
    AgentError, AgentOptions,
    collect::Collector,
    commands::Commands,
    executor::{Executor, Site},
    head::KnownHead,
    identity::{self, Attempt, Identity},
    journal::Journal,
    link::Link,
    policy::LocalPolicy,
    server_clock::ServerClock,
    site::AgentSite,
    transport::Transport,
};
use adit_wire::EnrolmentToken;
use std::{fs, future::Future, os::unix::fs::DirBuilderExt, sync::Arc, time::Duration};
use tokio::time::{sleep, timeout};

/// How long orders under way may take to end when the agent is told to stop. What takes longer is reported as unknown at the
/// next start.
const DRAIN: Duration = Duration::from_secs(20);
const MAX_HOST: usize = 253;

/// Runs an agent until `shutdown` resolves: enrols if it has to, connects, collects and carries out orders. Orders under way
/// at the end are given a little time; those that wait are kept for the next start.
///
/// # Errors
/// What keeps it from starting; see [`AgentError`]. A server that is away is waited for.
pub async fn run(options: AgentOptions, shutdown: impl Future<Output = ()> + Send) -> Result<(), AgentError> {
    let policy = options.local_policy.as_deref().map(LocalPolicy::load).transpose()?.unwrap_or_default();
    let transport = Transport::new(&options.server, options.ca_file.as_deref())?;
    let folder = options.data_dir.clone();
    let file_error = |source| AgentError::File { path: folder.clone(), source };
    fs::DirBuilder::new().recursive(true).mode(0o700).create(&folder).map_err(file_error)?;
    // It holds the folder's lock, so it comes first: one agent a folder.
    let server_clock = ServerClock::new(Arc::clone(&options.clock));
    let journal = Journal::open(&folder.join("journal"), server_clock.clock())?;
    let host = options.host.clone().unwrap_or_else(host_name);
    let end = run_with(options, (policy, transport, host), (&journal, server_clock), shutdown).await;
    journal.close().await;
    end
}

async fn run_with(
    options: AgentOptions,
    (policy, transport, host): (LocalPolicy, Transport, String),
    (journal, server_clock): (&Journal, ServerClock),
    shutdown: impl Future<Output = ()> + Send,
) -> Result<(), AgentError> {
    tokio::pin!(shutdown);
    let identity = tokio::select! {
        identity = identify(&options, &transport, &host) => identity?,
        () = &mut shutdown => return Ok(()),
    };
    let site = Arc::new(AgentSite::new(Arc::new(Collector::new(&options, policy))));
    let clock = server_clock.clock();
    let executor =
        Executor::new(options.execution, Arc::clone(&site) as Arc<dyn Site>, journal.clone(), Arc::clone(&clock));
    executor.recover().await?;
    for (command, result) in journal.unstored() {
        site.collector.outbox.result(command, result);
    }
    let who = (identity.agent, identity.server_key.clone());
    let commands = Arc::new(Commands::new(who, clock, journal.clone(), executor.clone(), Arc::clone(&site)));
    let known_head = KnownHead::new(&options.data_dir, identity.server_key.clone());
    let link = Link { transport, identity, known_head, host, options, server_clock, site: Arc::clone(&site), commands };
    let drained = async {
        shutdown.await;
        site.workers.stop().await;
        if timeout(DRAIN, executor.drain()).await.is_err() {
            tracing::warn!("orders are still under way; they will be reported as unknown");
        }
    };
    tokio::select! {
        () = link.keep() => {}
        () = site.collector.load.watch_timers() => {}
        () = drained => {}
    }
    Ok(())
}

async fn identify(options: &AgentOptions, transport: &Transport, host: &str) -> Result<Identity, AgentError> {
    if let Some(identity) = identity::load(&options.data_dir)? {
        return Ok(identity);
    }
    let token = options.enrolment_token.as_deref().ok_or_else(|| AgentError::NotEnrolled(options.data_dir.clone()))?;
    let token = EnrolmentToken::parse(token).map_err(|_| {
        AgentError::Enrolment(
            "the enrolment token is incomplete: take over all of it, the part after the dot as well".into(),
        )
    })?;
    let mut wait = options.pace.retry_from;
    loop {
        match identity::enrol(options, transport, &token, host).await? {
            Attempt::Done(identity) => return Ok(*identity),
            Attempt::Later(reason) => tracing::warn!(reason, ?wait, "not enrolled yet"),
        }
        sleep(wait).await;
        wait = (wait * 2).min(options.pace.retry_to);
    }
}

fn host_name() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = name.trim().chars().filter(|c| !c.is_control()).take(MAX_HOST).collect();
    if name.is_empty() { "unknown".to_owned() } else { name }
}
