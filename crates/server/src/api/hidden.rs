//! What nobody can know at present: agents that are gone, paused, late or overloaded, and what they hide.

use adit_core::{
    authz::{Place, Reach},
    fleet::Device,
    ids::{AgentId, SiteId},
    state::State,
    time::Timestamp,
};
use adit_telemetry::{AgentCondition, Connectivity, LiveTable};
use serde::Serialize;
use std::{cmp::Reverse, collections::BTreeMap};

/// The contract's `HiddenBy`: an agent that does not let know how its devices are, and how many of a reader's devices are
/// unknown for that.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HiddenBy {
    /// Which.
    pub agent: AgentId,
    /// `None` where the reader may not see its site.
    pub name: Option<String>,
    /// Where.
    pub site: SiteId,
    /// What is wrong.
    #[serde(serialize_with = "word")]
    pub condition: AgentCondition,
    /// Since when.
    pub since: Timestamp,
    /// So many devices are unknown.
    pub devices: u32,
    /// They said last that they draw so much, W.
    pub power_w: f64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks with a reference")]
fn word<S: serde::Serializer>(condition: &AgentCondition, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(condition.as_str())
}

/// Of the devices that a reader reaches and asks for, the agent with most devices first. An agent without a device among them
/// hides nothing.
pub fn hidden<'a>(
    state: &State,
    live: &LiveTable,
    reach: &Reach,
    devices: impl Iterator<Item = &'a Device>,
) -> Vec<HiddenBy> {
    let mut by_agent: BTreeMap<AgentId, Option<HiddenBy>> = BTreeMap::new();
    for device in devices {
        let entry = by_agent.entry(device.agent).or_insert_with(|| of_agent(state, live, reach, device.agent));
        let (Some(hidden), Some(row)) = (entry, live.row(device.id)) else { continue };
        if row.connectivity.value == Connectivity::Unknown {
            hidden.devices += 1;
            hidden.power_w += row.last.and_then(|last| last.power_w).map_or(0.0, f64::from);
        }
    }
    let mut hidden: Vec<_> = by_agent.into_values().flatten().collect();
    hidden.sort_by_key(|hidden| Reverse(hidden.devices));
    hidden
}

/// Nothing if it is well, or still waited for.
fn of_agent(state: &State, live: &LiveTable, reach: &Reach, id: AgentId) -> Option<HiddenBy> {
    let (agent, health) = (state.agent(id)?, live.agent(id)?);
    let is_well = health.condition == AgentCondition::Well;
    let is_seen = reach.covers(agent.account, &Place::site(agent.site));
    (!is_well).then(|| HiddenBy {
        agent: id,
        name: is_seen.then(|| agent.name.clone()),
        site: agent.site,
        condition: health.condition,
        since: health.since,
        devices: 0,
        power_w: 0.0,
    })
}
