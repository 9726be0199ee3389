//! What makes the demo a mine worth looking at: containers, sub-accounts, rules by which some things wait, and a request of each kind
//! that does. Done once, by the demo's own people through the HTTP interface, as soon as the miners are found.

use super::{
    client::{Client, list, text},
    seed,
};
use adit_core::authz::Role;
use anyhow::Context;
use reqwest::Method;
use serde_json::{Value, json};
use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};
use tokio::time::sleep;

/// In the demo's folder once all of it is there.
const DONE: &str = "furnished";
/// Containers of the first site, then of the second.
const CONTAINERS: [&[&str]; 2] = [&["N1", "N2", "N3"], &["S1", "S2"]];
/// The mine's own sub-account, and that of a company whose machines it hosts.
const SUB_ACCOUNTS: [&str; 2] = ["norteown", "hostingriver"];
/// An example of BIP 173, and one of BIP 350.
const WALLET: &str = "bc1qw508d6qejxtdg4y5r3zarvary0c5xw7kv8f3t4";
const VAULT: &str = "bc1p0xlxvlhemja6c4dqv22uapctqupfhlxm9h8z3k2e72q4k9hcz7vqzk5jj0";

/// How often it is looked for an estimate, and how long between: without one by then, there is none.
const LOOKS: u32 = 90;
const LOOK: Duration = Duration::from_millis(500);

/// The demo's people at their keyboards.
struct People {
    owner: Client,
    administrator: Client,
    site_manager: Client,
    operations: Client,
}

/// Devices by site, in the order of their addresses.
type Fleet = Vec<(String, Vec<String>)>;

/// Sets the scene unless that was done; what a start that was cut off has left is asked for no second time.
pub async fn set(server: SocketAddr, data: &Path, miners: usize) -> anyhow::Result<()> {
    let done: PathBuf = data.join(DONE);
    if done.exists() {
        return Ok(());
    }
    let sign_in = |role| Client::sign_in(server, role);
    let people = People {
        owner: sign_in(Role::Owner).await?,
        administrator: sign_in(Role::Administrator).await?,
        site_manager: sign_in(Role::SiteManager).await?,
        operations: sign_in(Role::OperationsManager).await?,
    };
    let fleet = found(&people.owner, miners).await?;
    let places = containers(&people.owner, &fleet).await?;
    let money = sub_accounts(&people.owner, &fleet).await?;
    rules(&people).await?;
    if list(&people.owner.get("/requests?box=all&state=pending&limit=200").await?, "items")?.is_empty() {
        waiting(&people, &fleet, &places, &money).await?;
    }
    std::fs::write(&done, "").context("cannot note that the demo is furnished")
}

async fn found(owner: &Client, miners: usize) -> anyhow::Result<Fleet> {
    // Read once each, so that what is asked for has an estimate.
    let read = |page: &Value| page["total"] == miners && page["facets"]["status"]["unknown"].as_u64().unwrap_or(0) == 0;
    owner.until("/devices?limit=1", read).await.context("the agents should find and read every miner")?;
    let sites = owner.get("/session").await?;
    let mut fleet = Vec::new();
    for site in list(&sites, "sites")? {
        let id = text(site, "id")?;
        let page = owner.get(&format!("/devices/ids?site={id}&sort=ip")).await?;
        let ids = list(&page, "ids")?.iter().filter_map(|id| id.as_str().map(str::to_owned));
        fleet.push((id, ids.collect()));
    }
    Ok(fleet)
}

/// What each thing of a list is called, with its id.
fn named(page: &Value) -> anyhow::Result<BTreeMap<String, String>> {
    list(page, "items")?.iter().map(|one| Ok((text(one, "name")?, text(one, "id")?))).collect()
}

/// Makes the containers and spreads each site's devices over its own.
async fn containers(owner: &Client, fleet: &Fleet) -> anyhow::Result<BTreeMap<String, String>> {
    for ((site, devices), names) in fleet.iter().zip(CONTAINERS) {
        let part = devices.len().div_ceil(names.len()).max(1);
        let known = named(&owner.get("/containers").await?)?;
        for (name, devices) in names.iter().zip(devices.chunks(part)) {
            if known.contains_key(*name) {
                continue;
            }
            let made = owner.post(&format!("/sites/{site}/containers"), json!({ "name": name })).await?;
            ask(owner, "place_devices", json!({ "container": made["id"], "devices": devices }), None).await?;
        }
    }
    named(&owner.get("/containers").await?)
}

/// The second site's last third belongs to somebody else.
async fn sub_accounts(owner: &Client, fleet: &Fleet) -> anyhow::Result<BTreeMap<String, String>> {
    let known = named(&owner.get("/sub-accounts").await?)?;
    let others: &[String] = fleet.last().map_or(&[], |(_, devices)| &devices[devices.len() * 2 / 3..]);
    for (name, devices) in SUB_ACCOUNTS.iter().zip([&[][..], others]) {
        if known.contains_key(*name) {
            continue;
        }
        let made = owner.post("/sub-accounts", json!({ "name": name })).await?;
        if !devices.is_empty() {
            ask(owner, "assign_devices", json!({ "sub_account": made["id"], "devices": devices }), None).await?;
        }
    }
    named(&owner.get("/sub-accounts").await?)
}

/// A second person for what costs money, moves machines or gives rights.
async fn rules(people: &People) -> anyhow::Result<()> {
    let two = |scenario: &str| json!({ "scenario": scenario, "required": 1, "required_other": 1 });
    let scenarios = [
        "fleet.mode",
        "fleet.pool_change",
        "fleet.inventory",
        "authorization.add",
        "authorization.role",
        "wallet.address_update",
        "revenue.allocation_set",
        "approval_config.update",
    ];
    let page = people.owner.get("/approval-policies").await?;
    let is_set = |scenario: &&str| {
        let all = page["items"].as_array();
        all.is_some_and(|all| all.iter().any(|one| one["scenario"] == **scenario && one["required_other"] == 1))
    };
    let missing: Vec<_> = scenarios.iter().filter(|scenario| !is_set(scenario)).map(|scenario| two(scenario)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let body = json!({ "changes": missing, "reason": "Two people for what costs money or gives rights" });
    let request = people.owner.must(Method::PUT, "/approval-policies", Some(body)).await?;
    if request["state"] == "pending" {
        people.administrator.vote(&request, "approve", None).await?;
    }
    people.owner.ended(&text(&request, "id")?).await.map(drop)
}

/// Asks for something; `reason` is what its approvers read.
async fn ask(who: &Client, action: &str, params: Value, reason: Option<&str>) -> anyhow::Result<Value> {
    on(who, action, params, &[], reason).await
}

async fn on(
    who: &Client,
    action: &str,
    params: Value,
    targets: &[String],
    reason: Option<&str>,
) -> anyhow::Result<Value> {
    let body = json!({ "action": { "action": action, "params": params }, "targets": targets, "reason": reason });
    who.post("/requests", body).await.with_context(|| format!("the demo asks for {action}"))
}

/// One of each kind, and some that are over.
async fn waiting(
    people: &People,
    fleet: &Fleet,
    places: &BTreeMap<String, String>,
    money: &BTreeMap<String, String>,
) -> anyhow::Result<()> {
    let People { owner, administrator, site_manager, operations } = people;
    let [(north, devices), (_, south)] = fleet.as_slice() else { anyhow::bail!("the demo has two sites") };
    let place = |name: &str| places.get(name).cloned().unwrap_or_default();
    let of = |name: &str| money.get(name).cloned().unwrap_or_default();

    let light = on(operations, "locate", json!({ "on": true }), &devices[..2], None).await?;
    // While orders are carried out, no workers of the site are restarted.
    owner.ended(&text(&light, "id")?).await?;
    let no = on(site_manager, "set_power_mode", json!({ "mode": "high" }), &south[..6], Some("Cool night")).await?;
    administrator.vote(&no, "reject", Some("The transformer of S1 is at its limit")).await?;

    let night = json!({
        "user": person(owner, seed::NIGHT).await?, "role": "site_manager",
        "scope": { "nodes": [{ "node": "container", "id": place("S2") }] }, "remark": "stands in for the shift lead",
    });
    ask(owner, "add_grant", night, Some("Cover for the night shift")).await?;
    let role = json!({ "name": "Night watch", "permissions": ["device.list", "device.view", "device.locate", "device.pause"] });
    ask(owner, "create_role", role, Some("May pause, and no more")).await?;
    let wallet = json!({ "sub_account": of(SUB_ACCOUNTS[0]), "address": WALLET });
    ask(owner, "set_wallet", wallet, Some("The new cold wallet")).await?;
    let shares = json!([
        { "recipient": { "to": "wallet" }, "basis_points": 8_500 },
        { "recipient": { "to": "address", "address": VAULT }, "basis_points": 1_500 },
    ]);
    let allocation = json!({ "sub_account": of(SUB_ACCOUNTS[1]), "shares": shares });
    ask(owner, "set_allocation", allocation, Some("15 % hosting fee")).await?;
    let moved = json!({ "container": place("N2"), "devices": devices.get(..4).unwrap_or_default() });
    ask(site_manager, "place_devices", moved, Some("Out of the hot end of N1")).await?;
    ask(operations, "restart_workers", json!({ "site": north }), Some("Readings of N2 came late this morning")).await?;
    let counts = json!({ "scenario": "fleet.power", "required": 1, "required_other": 1 });
    let body = json!({ "changes": [counts], "reason": "Reboots of a whole container want a second look" });
    administrator.must(Method::PUT, "/approval-policies", Some(body)).await?;

    let change = json!({ "action": { "action": "locate", "params": { "on": true } }, "targets": devices[10..13] });
    operations.post(&format!("/draft/changes?site={north}"), change).await?;
    evening(people, north).await
}

/// Less power for some hours. Asked for once it is foreseen how much less that is, which takes until the first draws have settled.
async fn evening(people: &People, site: &str) -> anyhow::Result<()> {
    let People { owner, site_manager, operations, .. } = people;
    let (able, mode) = (able(owner, site, "low").await?, json!({ "mode": "low" }));
    let asked = json!({ "action": { "action": "set_power_mode", "params": mode }, "targets": able });
    for _ in 0..LOOKS {
        let preview = operations.post("/requests/preview", asked.clone()).await?;
        if preview["effect"]["delta_w"].is_number() {
            break;
        }
        sleep(LOOK).await;
    }
    let reason = "The grid operator asks for less from 17:00 to 20:00";
    let low = on(operations, "set_power_mode", mode, &able, Some(reason)).await?;
    let question = json!({ "words": "Is N3 to stay as it is?" });
    site_manager.post(&format!("/requests/{}/comments", text(&low, "id")?), question).await.map(drop)
}

/// The first devices of a site that have this mode.
async fn able(owner: &Client, site: &str, mode: &str) -> anyhow::Result<Vec<String>> {
    let page = owner.get(&format!("/devices?site={site}&sort=ip&limit=500")).await?;
    let is_other = |row: &&Value| row["power_mode"] != mode;
    let can = |row: &&Value| row["modes"].as_array().is_some_and(|modes| modes.contains(&json!(mode)));
    list(&page, "items")?.iter().filter(is_other).filter(can).take(24).map(|row| text(row, "id")).collect()
}

/// The id of whoever signs in by this e-mail.
async fn person(owner: &Client, email: &str) -> anyhow::Result<String> {
    let page = owner.get("/people").await?;
    let found = list(&page, "items")?.iter().find(|person| person["email"] == email);
    text(found.with_context(|| format!("{email} is missing"))?, "id")
}
