//! `adit demo --once`: is this installation sound? Plays the main journey as clients of a server in a process of its own, which
//! is killed in the middle of a batch, and says what was seen.

use super::{
    Options, POLL_S, agent,
    client::{Client, list, text},
    seed, simulated,
};
use adit_core::authz::Role;
use adit_server::Opened;
use adit_sim::{Simulator, WriteOutcome};
use anyhow::{Context, bail, ensure};
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    path::{Path, PathBuf},
    process::Stdio,
};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    process::{Child, Command},
    sync::oneshot,
};

/// How many miners are put to sleep.
const BATCH: usize = 30;
/// How many orders have reached their miners when the server is killed.
const UNDER_WAY: usize = 5;

pub async fn run(options: &Options) -> anyhow::Result<()> {
    let temporary;
    let data = match &options.data {
        Some(data) => data.clone(),
        None => {
            temporary = tempfile::tempdir().context("cannot make a temporary folder")?;
            temporary.path().to_owned()
        }
    };
    let base = options.base.unwrap_or(Ipv4Addr::new(127, 21, 0, 1));
    let (config, _) = simulated(options, base);
    let fleet = Simulator::start(config).await.context("cannot start the simulated miners")?;
    let (folder, token) = {
        let opened = Opened::open(data.join("server"))?;
        let places = seed::places(base, options.miners.into(), true);
        let agents = seed::seed(&opened, places, &seed::people(true)).await.context("cannot set the demo up")?;
        agents.into_iter().next().context("the demo has no agent")?
    };
    let server = ServerProcess::start(&data.join("server"), options.listen).await?;
    let (stop, stopped) = oneshot::channel::<()>();
    let agent = tokio::spawn(adit_agent::run(agent(server.address, data.join(folder), token), async move {
        // Told, or the journey is over.
        let _ = stopped.await;
    }));
    let mut journey = Journey { server, fleet, data, miners: options.miners.into(), steps: Vec::new() };
    let outcome = journey.play().await;
    // It may have ended already; the journey's outcome says more.
    let _ = stop.send(());
    let _ = agent.await;
    journey.server.end().await;
    journey.fleet.stop().await;
    for (step, seen) in &journey.steps {
        println!("  ok    {step:<44} {seen}");
    }
    match outcome {
        Ok(()) => {
            println!("{} steps, all as they should be.", journey.steps.len());
            Ok(())
        }
        Err(error) => {
            println!("  FAIL  {error:#}");
            bail!("the journey failed after {} steps", journey.steps.len())
        }
    }
}

/// `adit serve` in a process of its own.
struct ServerProcess {
    child: Child,
    address: SocketAddr,
    data: PathBuf,
}

impl ServerProcess {
    async fn start(data: &Path, listen: Option<SocketAddr>) -> anyhow::Result<Self> {
        let listen = listen.unwrap_or_else(|| ([127, 0, 0, 1], 0).into());
        let mut child = Command::new(std::env::current_exe().context("cannot find this program's file")?)
            .args(["serve", "--poll-interval", &POLL_S.to_string(), "--listen", &listen.to_string(), "--data"])
            .arg(data)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .context("cannot start `adit serve`")?;
        let mut lines = BufReader::new(child.stdout.take().context("the server's output is lost")?).lines();
        let line = lines.next_line().await?.context("the server ended before it listened")?;
        let address = line.rsplit("http://").next().unwrap_or_default();
        let address = address.parse().with_context(|| format!("the server said {line:?}"))?;
        Ok(Self { child, address, data: data.to_owned() })
    }

    /// kill -9, and a new one on the same folder and address.
    async fn kill_and_restart(&mut self) -> anyhow::Result<()> {
        self.child.kill().await.context("cannot kill the server")?;
        *self = Self::start(&self.data, Some(self.address)).await?;
        Ok(())
    }

    async fn end(&mut self) {
        // It may be gone already, which is what is wanted.
        let _ = self.child.kill().await;
    }
}

struct Journey {
    server: ServerProcess,
    fleet: Simulator,
    data: PathBuf,
    miners: usize,
    steps: Vec<(&'static str, String)>,
}

impl Journey {
    async fn play(&mut self) -> anyhow::Result<()> {
        let manager = self.sign_in(Role::OperationsManager).await?;
        let session = manager.get("/session").await?;
        let site = text(&list(&session, "sites")?.first().cloned().unwrap_or_default(), "id")?;
        self.fleet_is_found(&manager).await?;
        let batch = self.sleep_thirty(&manager, &site).await?;
        self.killed_in_the_middle(&batch).await?;
        let manager = self.sign_in(Role::OperationsManager).await?;
        self.workers_restart(&manager, &site).await?;
        self.reject_and_cancel(&manager, &site).await?;
        self.later_takes_over(&manager, &batch).await?;
        self.audit().await
    }

    fn saw(&mut self, step: &'static str, seen: impl Into<String>) {
        let seen = seen.into();
        eprintln!("{step}: {seen}");
        self.steps.push((step, seen));
    }

    async fn sign_in(&self, role: Role) -> anyhow::Result<Client> {
        Client::sign_in(self.server.address, role).await
    }

    async fn fleet_is_found(&mut self, manager: &Client) -> anyhow::Result<()> {
        let miners = self.miners as u64;
        let found = manager
            .until("/devices?limit=1", |page| page["total"] == miners && page["facets"]["status"]["hashing"] == miners)
            .await
            .context("the agent should find every miner")?;
        let models = found["facets"]["model"].as_object().map_or(0, serde_json::Map::len);
        self.saw("The agent finds and polls every miner", format!("{miners} hashing, {models} models"));
        let page = manager.get("/devices?make=MicroBT&sort=power&order=desc&limit=500").await?;
        let watts: Vec<_> = list(&page, "items")?.iter().filter_map(|row| row["power_w"].as_f64()).collect();
        ensure!(!watts.is_empty(), "no MicroBT miner reports its power");
        ensure!(watts.is_sorted_by(|a, b| a >= b), "the table is not sorted by power");
        self.saw(
            "The table filters and sorts",
            format!("{} by MicroBT, the first draws {} W", page["total"], watts[0]),
        );
        Ok(())
    }

    /// Puts a batch to sleep and lights two LEDs through the draft. Gives the batch.
    async fn sleep_thirty(&mut self, manager: &Client, site: &str) -> anyhow::Result<Vec<String>> {
        let before = manager.get("/overview").await?;
        let page = manager.get("/devices?limit=500").await?;
        let can = |row: &&Value| row["modes"].as_array().is_some_and(|modes| modes.contains(&json!("sleep")));
        let batch: Vec<_> = list(&page, "items")?
            .iter()
            .filter(can)
            .take(BATCH)
            .map(|row| text(row, "id"))
            .collect::<Result<_, _>>()?;
        ensure!(batch.len() == BATCH, "only {} miners can sleep", batch.len());
        let sleep = json!({ "action": mode("sleep"), "targets": batch });
        manager.post(&format!("/draft/changes?site={site}"), sleep).await?;
        let light = json!({ "action": { "action": "locate", "params": { "on": true } }, "targets": batch[..2] });
        let draft = manager.post(&format!("/draft/changes?site={site}"), light).await?["draft"].clone();
        let waiting = manager.get("/overview").await?["chart"]["draft"].clone();
        let variation = draft["effect"]["delta_w"].as_i64().context("the draft shows no power variation")?;
        ensure!(
            waiting == 2 && variation < 0,
            "the header counts {waiting} drafts, and the variation is {variation} W"
        );
        self.saw("The draft shows the power variation", format!("2 changes, {variation} W"));
        let submitted =
            manager.post(&format!("/draft/submit?site={site}"), json!({ "version": draft["version"] })).await?;
        let requests = list(&submitted, "requests")?.clone();
        ensure!(requests.len() == 2, "two requests should come of the draft: {submitted:.600}");
        for request in &requests {
            let ended = manager.ended(&text(request, "id")?).await?;
            ensure!(ended["state"] == "executed", "{} ended as {}", ended["title"], ended["state"]);
        }
        let asleep =
            requests.iter().find(|request| request["title"].as_str().is_some_and(|title| title.contains("sleep")));
        let asleep = text(asleep.context("the request to sleep is missing")?, "id")?;
        let verified = manager.get(&format!("/requests/{asleep}/items?state=verified")).await?["total"].clone();
        ensure!(verified == BATCH, "{verified} of {BATCH} were verified by read-back");
        let really = self.fleet.miners().iter().filter(|miner| miner.truth().sleeping).count();
        ensure!(really == BATCH, "{really} miners really sleep");
        self.saw("30 miners sleep, verified by read-back", format!("{verified} verified, {really} really asleep"));
        let was = before["power_w"].as_f64().unwrap_or_default();
        let after = manager.until("/overview", |now| now["power_w"].as_f64().is_some_and(|w| w < was)).await?;
        self.saw("The header's power falls", format!("{was:.0} W before, {} W now", after["power_w"]));
        Ok(batch)
    }

    /// Wakes the batch, and kills the server while the orders are at the miners.
    async fn killed_in_the_middle(&mut self, batch: &[String]) -> anyhow::Result<()> {
        let manager = self.sign_in(Role::OperationsManager).await?;
        let written = self.applied();
        self.fleet.hold_writes();
        let asked = manager.post("/requests", json!({ "action": mode("normal"), "targets": batch })).await?;
        let request = text(&asked, "id")?;
        self.fleet.wait_held(UNDER_WAY).await;
        self.server.kill_and_restart().await?;
        self.fleet.release_writes();
        let manager = self.sign_in(Role::OperationsManager).await?;
        let ended = manager.ended(&request).await?;
        ensure!(ended["state"] == "executed", "the request ended as {}: {}", ended["state"], ended["state_reason"]);
        let asleep = self.fleet.miners().iter().filter(|miner| miner.truth().sleeping).count();
        ensure!(asleep == 0, "{asleep} miners still sleep");
        let twice =
            self.applied().into_iter().filter(|(write, times)| *times > written.get(write).unwrap_or(&0) + 1).count();
        ensure!(twice == 0, "{twice} miners were told twice");
        self.saw(
            "kill -9 in the middle of a batch of 30",
            "the request reached its end; nothing lost, nothing done twice",
        );
        Ok(())
    }

    /// How often each write took effect on each miner.
    fn applied(&self) -> BTreeMap<(Ipv4Addr, String), usize> {
        let mut applied = BTreeMap::new();
        for miner in self.fleet.miners() {
            for write in miner.writes().into_iter().filter(|write| write.outcome == WriteOutcome::Applied) {
                *applied.entry((miner.ip(), format!("{} {}", write.command, write.params))).or_default() += 1;
            }
        }
        applied
    }

    async fn workers_restart(&mut self, manager: &Client, site: &str) -> anyhow::Result<()> {
        let generation = |page: &Value| page["items"][0]["workers"][0]["generation"].as_u64().unwrap_or(0);
        let agents = manager.until("/agents", |page| generation(page) > 0).await?;
        let before = generation(&agents);
        let request = self.restart_workers(manager, site).await?;
        let votes = format!("/requests/{}/votes", text(&request, "id")?);
        let yes = json!({ "decision": "approve", "content_hash": request["content_hash"] });
        let mut offered = Vec::new();
        for role in seed::ROLES {
            let person = self.sign_in(role).await?;
            let path = format!("/requests/{}", text(&request, "id")?);
            if person.get(&path).await?["my"]["can_vote"] == true {
                offered.push(role);
            } else {
                let (status, _) = person.call(Method::POST, &votes, Some(yes.clone())).await?;
                ensure!(status == 403, "a vote by the {} was answered {status}", role.title());
            }
        }
        let names = offered.iter().map(|role| role.title()).collect::<Vec<_>>().join(" and ");
        // The owner counts among the Administrators.
        let approvers = [Role::Owner, Role::Administrator, Role::SiteManager];
        ensure!(offered == approvers, "approving is offered to {names}");
        self.saw("Restarting the workers waits for approval", format!("offered to {names}, refused to all others"));
        let site_manager = self.sign_in(Role::SiteManager).await?;
        let stale = json!({ "decision": "approve", "content_hash": "0".repeat(64) });
        site_manager.refused(&votes, stale, "content_changed").await?;
        site_manager.vote(&request, "approve", None).await?;
        let ended = manager.ended(&text(&request, "id")?).await?;
        ensure!(ended["state"] == "executed", "restarting the workers ended as {}", ended["state"]);
        let agents = manager.until("/agents", |page| generation(page) > before).await?;
        self.saw(
            "Approved, the workers stop and start again",
            format!("generation {before}, then {}", generation(&agents)),
        );
        Ok(())
    }

    async fn restart_workers(&self, manager: &Client, site: &str) -> anyhow::Result<Value> {
        let restart = json!({ "action": { "action": "restart_workers", "params": { "site": site } } });
        let request = manager.post("/requests", restart).await?;
        ensure!(request["state"] == "pending", "restarting the workers should wait and is {}", request["state"]);
        Ok(request)
    }

    async fn reject_and_cancel(&mut self, manager: &Client, site: &str) -> anyhow::Result<()> {
        let request = self.restart_workers(manager, site).await?;
        let administrator = self.sign_in(Role::Administrator).await?;
        let votes = format!("/requests/{}/votes", text(&request, "id")?);
        let bare = json!({ "decision": "reject", "content_hash": request["content_hash"] });
        administrator.refused(&votes, bare, "reason_required").await?;
        let rejected = administrator.vote(&request, "reject", Some("Not during the sweep")).await?;
        ensure!(rejected["state"] == "rejected", "the rejected request is {}", rejected["state"]);
        self.saw("Another is rejected, with a reason", text(&rejected, "title")?);
        let request = self.restart_workers(manager, site).await?;
        let cancel = format!("/requests/{}/cancel", text(&request, "id")?);
        let cancelled = manager.post(&cancel, json!({ "reason": "No longer needed" })).await?;
        ensure!(cancelled["state"] == "cancelled", "the cancelled request is {}", cancelled["state"]);
        self.saw("Another is cancelled by its requester", text(&cancelled, "title")?);
        Ok(())
    }

    async fn set_mode_policy(&self, required_other: u32) -> anyhow::Result<()> {
        let owner = self.sign_in(Role::Owner).await?;
        let change = json!({ "scenario": "fleet.mode", "required": 1, "required_other": required_other });
        let request = owner.must(Method::PUT, "/approval-policies", Some(json!({ "changes": [change] }))).await?;
        if request["state"] == "pending" {
            let administrator = self.sign_in(Role::Administrator).await?;
            administrator.vote(&request, "approve", None).await?;
        }
        let ended = owner.ended(&text(&request, "id")?).await?;
        ensure!(ended["state"] == "executed", "changing the rule of fleet.mode ended as {}", ended["state"]);
        Ok(())
    }

    /// A pending request loses the target that a later one by another person asks for.
    async fn later_takes_over(&mut self, manager: &Client, batch: &[String]) -> anyhow::Result<()> {
        self.set_mode_policy(1).await?;
        let site_manager = self.sign_in(Role::SiteManager).await?;
        let ask = |targets: &[String]| json!({ "action": mode("normal"), "targets": targets });
        let earlier = text(&manager.post("/requests", ask(&batch[..4])).await?, "id")?;
        let later = text(&site_manager.post("/requests", ask(&batch[3..6])).await?, "id")?;
        let earlier = manager.get(&format!("/requests/{earlier}")).await?;
        let later = site_manager.get(&format!("/requests/{later}")).await?;
        ensure!(earlier["state"] == "pending" && later["state"] == "pending", "both requests should wait");
        ensure!(earlier["targets"] == 3 && later["targets"] == 3, "both requests should have three targets");
        let (dropped, took) = (list(&earlier, "dropped")?, list(&later, "took")?);
        let told = |side: &[Value]| side.len() == 1 && side[0]["device"] == batch[3].as_str();
        ensure!(told(dropped) && told(took), "both sides should show {}: {dropped:?} {took:?}", batch[3]);
        self.saw("A later request takes a target over", format!("{} of 4, then 3 and 3; both sides show it", batch[3]));
        for (who, request) in [(manager, &earlier), (&site_manager, &later)] {
            who.post(&format!("/requests/{}/cancel", text(request, "id")?), json!({ "reason": "Only shown" })).await?;
        }
        self.set_mode_policy(0).await
    }

    /// The audit page lists what was done, and the log's chain holds.
    async fn audit(&mut self) -> anyhow::Result<()> {
        let owner = self.sign_in(Role::Owner).await?;
        let page = owner.get("/audit?limit=50").await?;
        let listed = list(&page, "items")?.len();
        ensure!(listed > 0, "the audit page is empty");
        let log = self.data.join("server").join("log");
        let head = tokio::task::spawn_blocking(move || crate::audit::head(&log)).await??;
        let listed_head = page["head"]["seq"].as_u64().unwrap_or_default();
        ensure!(head.seq >= listed_head, "the log has {} records and the audit page {listed_head}", head.seq);
        self.saw("The audit page lists it, and the chain holds", format!("{} records, chain sound", head.seq));
        Ok(())
    }
}

fn mode(mode: &str) -> Value {
    json!({ "action": "set_power_mode", "params": { "mode": mode } })
}
