//! What a request changes about sites, agents, scan tasks and sub-accounts. Of passwords it only says that there are others.

use super::row;
use adit_core::{
    authz::Node,
    fleet::AgentMode,
    ids::SiteId,
    requests::{Control, Passwords, Request, RequestState},
    state::State,
};
use serde_json::Value;

/// What a setting was is known as long as it is.
const AS_IT_WAS: &str = "as it was";

/// From and to; rows that stay the same are left out while the request waits.
pub fn rows(state: &State, request: &Request, control: &Control) -> Vec<Value> {
    let waits = matches!(request.state, RequestState::Pending | RequestState::Approved);
    let changed = |rows: Vec<(&str, Option<String>, String)>| -> Vec<Value> {
        let rows = rows.into_iter().filter(|(_, from, to)| !waits || from.as_ref() != Some(to));
        let from = |from: Option<String>| from.filter(|_| waits).unwrap_or_else(|| AS_IT_WAS.to_owned());
        rows.map(|(what, old, to)| row(what, &from(old), &to)).collect()
    };
    match control {
        Control::CreateSite { name, capacity_w } => {
            let mut rows = vec![row("Site", "none", name)];
            rows.extend(capacity_w.map(|watts| row("Capacity", "none", &format!("{watts} W"))));
            rows
        }
        Control::ChangeSite { site, name, capacity_w } => {
            let old = state.site_ever(*site);
            changed(vec![
                ("Name", old.map(|site| site.name.clone()), name.clone()),
                ("Capacity", old.map(|site| watts(site.capacity_w)), watts(*capacity_w)),
            ])
        }
        Control::RemoveSite { site, name } => of_removal(state, *site, name, waits),
        Control::CreateAgent { name, .. } => vec![row("Agent", "none", name)],
        Control::ChangeAgent { agent, name, mode, paused } => {
            let old = state.agent_ever(*agent);
            changed(vec![
                ("Name", old.map(|agent| agent.name.clone()), name.clone()),
                ("Mode", old.map(|agent| mode_in_words(agent.mode).into()), mode_in_words(*mode).into()),
                ("Collection", old.map(|agent| paused_in_words(agent.paused).into()), paused_in_words(*paused).into()),
            ])
        }
        Control::RevokeAgent { agent } => {
            let name = state.agent_ever(*agent).map_or_else(|| agent.to_string(), |agent| agent.name.clone());
            vec![row("Agent", &name, "revoked")]
        }
        Control::CreateScanTask { name, ranges, interval_s, credentials, .. } => {
            let mut rows = vec![row("Scan task", "none", name), row("Ranges", "none", &ranges.join(", "))];
            rows.push(row("Interval", "none", &format!("{interval_s} s")));
            rows.extend(credentials.as_ref().map(|_| row("Passwords", "none", "set")));
            rows
        }
        Control::ChangeScanTask { scan_task, name, ranges, interval_s, enabled, passwords } => {
            let old = state.scan_task_ever(*scan_task);
            let on = |enabled: bool| if enabled { "on".to_owned() } else { "off".to_owned() };
            let has = |has: bool| if has { "set".to_owned() } else { "none".to_owned() };
            let mut rows = changed(vec![
                ("Name", old.map(|task| task.name.clone()), name.clone()),
                ("Ranges", old.map(|task| task.ranges.join(", ")), ranges.join(", ")),
                ("Interval", old.map(|task| format!("{} s", task.interval_s)), format!("{interval_s} s")),
                ("Sweeps", old.map(|task| on(task.enabled)), on(*enabled)),
            ]);
            let before = old.filter(|_| waits).map_or_else(|| AS_IT_WAS.into(), |task| has(task.credentials.is_some()));
            match passwords {
                Passwords::Keep => {}
                Passwords::None => rows.push(row("Passwords", &before, "none")),
                Passwords::Sealed(_) => rows.push(row("Passwords", &before, "others")),
            }
            rows
        }
        Control::RemoveScanTask { scan_task } => {
            let task = state.scan_task_ever(*scan_task);
            let name = task.map_or_else(|| scan_task.to_string(), |task| task.name.clone());
            vec![row("Scan task", &name, "none")]
        }
        Control::RemoveSubAccount { sub_account } => {
            let known = state.sub_account_ever(*sub_account);
            vec![row("Sub-account", &known.map_or_else(|| sub_account.to_string(), |s| s.name.clone()), "none")]
        }
        _ => Vec::new(),
    }
}

/// What goes with a site, as long as it is there.
fn of_removal(state: &State, site: SiteId, name: &str, waits: bool) -> Vec<Value> {
    let mut rows = vec![row("Site", name, "none")];
    let Some(there) = state.site(site).filter(|_| waits) else { return rows };
    let agents: Vec<_> = state.agents_of(there.account).filter(|agent| agent.site == site).collect();
    let tasks: usize = agents.iter().map(|agent| state.scan_tasks_of(agent.id).count()).sum();
    let containers = state.containers_of(there.account).filter(|container| container.site == site).count();
    let devices = state.devices_in(there.account, Node::Site(site)).len();
    let all = [("Agents", agents.len()), ("Scan tasks", tasks), ("Containers", containers), ("Devices", devices)];
    rows.extend(all.into_iter().filter(|(_, count)| *count > 0).map(|(what, n)| row(what, &n.to_string(), "none")));
    rows
}

fn watts(capacity_w: Option<u64>) -> String {
    capacity_w.map_or_else(|| "not known".to_owned(), |watts| format!("{watts} W"))
}

const fn mode_in_words(mode: AgentMode) -> &'static str {
    match mode {
        AgentMode::FullControl => "carries out orders",
        AgentMode::MonitoringOnly => "only watches",
    }
}

const fn paused_in_words(paused: bool) -> &'static str {
    if paused { "paused" } else { "running" }
}
