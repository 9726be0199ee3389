//! What stands in an inbox for as long as it is so: agents that do not let know how their devices are, for whoever may do
//! something about that. It is nothing that was told once, so it is not read, put away or put off.

use crate::{
    api::{
        Shared,
        hidden::{HiddenBy, hidden},
    },
    notices::inbox::Counts,
};
use adit_core::{
    authz::{Actor, Permission},
    counted::{counted, grouped},
    ids::UserId,
    state::State,
    time::Timestamp,
};
use adit_store::StoreError;
use adit_telemetry::AgentCondition;
use serde_json::{Value, json};

const MANAGE: u8 = Permission::AgentManage as u8;

/// The agents that somebody may see to, the one that hides most devices first.
pub fn of(api: &Shared, state: &State, actor: &Actor, now: Timestamp) -> Vec<HiddenBy> {
    let Ok(permit) = state.permit::<MANAGE>(actor, now) else { return Vec::new() };
    let reach = permit.reach();
    let within = state.devices_within(reach);
    let devices = within.iter().filter_map(|id| state.device(id));
    let mut agents = hidden(state, &api.live(), reach, devices);
    agents.retain(|agent| agent.name.is_some());
    agents
}

/// How many items are where in somebody's inbox, with what stands there.
pub fn counts(
    api: &Shared,
    state: &State,
    (user, actor): (UserId, &Actor),
    now: Timestamp,
) -> Result<Counts, StoreError> {
    let told = api.herald.counts(user, actor.account, state, now)?;
    let standing = of(api, state, actor, now).len();
    Ok(Counts { needs_me: told.needs_me + standing, asked: told.asked + standing, unread: told.unread })
}

/// The contract's `InboxItem`.
pub fn view(hidden: &HiddenBy) -> Value {
    let kind = format!("agent_{}", hidden.condition.as_str());
    json!({
        "id": hidden.agent, "kind": kind, "class": "needs_me", "topic": hidden.agent, "standing": true,
        "about": format!("Agent {}", hidden.name.as_deref().unwrap_or_default()), "says": says(hidden),
        "path": "/s/all/agents", "at": hidden.since, "read_at": null, "done_at": null, "snoozed_until": null,
        "request": null,
    })
}

fn says(hidden: &HiddenBy) -> String {
    let what = match hidden.condition {
        AgentCondition::Gone => "is not heard of",
        AgentCondition::Paused => "is paused",
        AgentCondition::Overloaded => "makes fewer polls than are due",
        AgentCondition::Late => "is late with its polls",
        AgentCondition::Well => "keeps up",
    };
    match hidden.devices {
        0 => format!("{what}; all of its devices are known so far"),
        devices => {
            let count = counted(devices as usize, "device");
            let are = if devices == 1 { "is" } else { "are" };
            format!("{what}: {count} {are} unknown, {} when last known", draw(hidden.power_w))
        }
    }
}

/// `18 W`, `7,303 kW`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a draw is no negative number")]
fn draw(watts: f64) -> String {
    if watts < 10_000.0 {
        format!("{} W", grouped(watts.round() as u64))
    } else {
        format!("{} kW", grouped((watts / 1_000.0).round() as u64))
    }
}
