//! What an action would come to, said before it is asked for: effect, rule, and what to know first.

use super::{
    Shared,
    estimate::{Effect, estimates, setting_now, settings},
    problem::Answer,
    requests::visible,
    rules,
    views::Viewer,
};
use crate::words::Change;
use adit_core::{
    authz::{Actor, Permission, Place},
    counted::counted,
    fleet::{Device, Operation, TemplateField},
    ids::{DeviceId, RequestId},
    requests::{Action, Award, Refusal, Request, Target},
    state::State,
    time::Timestamp,
};
use adit_telemetry::{DeviceStatus, LiveTable};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// What an action would come to.
pub struct Preview {
    /// On the devices it would be given.
    pub effect: Effect,
    rule: Value,
    warnings: Vec<Value>,
    changes: Vec<Change>,
}

impl Preview {
    /// As the contract has it.
    pub fn view(self) -> Value {
        json!({
            "effect": self.effect, "rule": self.rule, "warnings": self.warnings, "changes": self.changes,
        })
    }

    /// One more thing to know first.
    pub fn warn(&mut self, warning: Value) {
        self.warnings.push(warning);
    }
}

/// Of an action on devices within the actor's reach.
pub fn of(api: &Shared, state: &State, actor: &Actor, action: &Action, targets: &[DeviceId]) -> Answer<Preview> {
    let live = api.live();
    let all: Vec<_> = targets.iter().copied().map(Target::Device).collect();
    let required = state.rule_for(actor, action, &all, api.now()).tally.required;
    let rights = state.rights_of(actor);
    let sees = |place: &Place| rights.allow(Permission::DeviceList, place, api.now());
    let award = state.award(action, targets, required, &sees);
    let given: Vec<_> = award.given.iter().copied().map(Target::Device).collect();
    let rule = state.rule_for(actor, action, &given, api.now());
    let known = estimates(state, &live, action, &award.given);
    let mut warnings = Vec::new();
    if let Action::Device(operation) = action {
        warnings.extend(of_rights(state, actor, action, targets, api.now()));
        let told = |id: &DeviceId| (*id, state.told_now(*id, operation, &sees).ok().map(|(told, _)| told));
        let told: Vec<_> = award.given.iter().map(told).collect();
        of_devices(&mut warnings, &live, operation, &told);
        of_shared_names(&mut warnings, &told);
    }
    of_requests(&mut warnings, state, actor, api.now(), &award);
    let effect = Effect::of(known.into_iter().map(|(_, known)| known.watts));
    let names = api.names(actor.account)?;
    let viewer = Viewer { state, names: &names, actor, now: api.now() };
    let changes = viewer.foretold(action, &given, &settings(&live, action));
    Ok(Preview { effect, rule: rules::of_rule(&rule), warnings, changes })
}

/// The contract's `Warning`, about these devices and perhaps a request.
pub fn warning(code: &str, devices: &[DeviceId], detail: &str, request: Option<&Request>) -> Value {
    let mut warning = json!({ "code": code, "devices": devices, "detail": detail });
    if let Some(request) = request {
        warning["request"] = json!(request.id);
        warning["number"] = json!(request.number);
    }
    warning
}

/// Devices on which the actor may not do that: while they are among the targets, nothing of it can be asked for.
fn of_rights(state: &State, actor: &Actor, action: &Action, targets: &[DeviceId], now: Timestamp) -> Option<Value> {
    let (rights, permission) = (state.rights_of(actor), action.permission());
    let place = |id: &DeviceId| state.device(*id).map(Device::place);
    let refused = |id: &&DeviceId| place(id).is_some_and(|place| !rights.allow(permission, &place, now));
    let refused: Vec<_> = targets.iter().filter(refused).copied().collect();
    let denied = state.denied(actor, permission, place(refused.first()?).as_ref(), now);
    Some(warning("not_permitted", &refused, &format!("{}: {denied}", counted(refused.len(), "device")), None))
}

/// Each device with what it would be told.
type Told = [(DeviceId, Option<Operation>)];

fn of_devices(warnings: &mut Vec<Value>, live: &LiveTable, operation: &Operation, told: &Told) {
    let that = |is: &dyn Fn(&adit_telemetry::LiveRow<'_>, Option<&Operation>) -> bool| -> Vec<DeviceId> {
        let fits =
            |(id, told): &&(DeviceId, Option<Operation>)| live.row(*id).is_some_and(|row| is(&row, told.as_ref()));
        told.iter().filter(fits).map(|(id, _)| *id).collect()
    };
    let offline = that(&|row, _| row.status == DeviceStatus::Offline);
    if !offline.is_empty() {
        let detail = format!("{} not answering at present", are(offline.len()));
        warnings.push(warning("offline", &offline, &detail, None));
    }
    let unknown = that(&|row, _| row.status == DeviceStatus::Unknown);
    if !unknown.is_empty() {
        let detail = format!("{} unknown at present: nobody can say how it is there", are(unknown.len()));
        warnings.push(warning("unknown", &unknown, &detail, None));
    }
    let already = that(&|row, told| {
        let wanted = told.and_then(Operation::wanted);
        // Whether a device has this password already nobody knows.
        let has_password = told.is_some_and(|told| told.passwords().next().is_some());
        !has_password && wanted.is_some() && setting_now(row, operation) == wanted
    });
    if !already.is_empty() {
        let but = match operation {
            Operation::SetPools { .. } => {
                ", address and account of every pool; only the pool password, which cannot be read, may change"
            }
            Operation::Reboot {}
            | Operation::RestartMining {}
            | Operation::Pause {}
            | Operation::Resume {}
            | Operation::SetPowerMode { .. }
            | Operation::Locate { .. } => "",
        };
        let detail = format!("{} already so{but}", are(already.len()));
        warnings.push(warning("no_op", &already, &detail, None));
    }
}

/// How many names that several devices would have are told; there may be thousands.
const SHARED_TOLD: usize = 3;

/// Devices that would work under one name cannot be told apart at the pool.
fn of_shared_names(warnings: &mut Vec<Value>, told: &Told) {
    let mut names: BTreeMap<(usize, &str, &str), Vec<DeviceId>> = BTreeMap::new();
    for (device, told) in told {
        let Some(Operation::SetPools { pools }) = told else { continue };
        for (slot, pool) in pools.iter().enumerate() {
            names.entry((slot, &pool.url, &pool.user)).or_default().push(*device);
        }
    }
    names.retain(|_, devices| devices.len() > 1);
    if names.is_empty() {
        return;
    }
    let first = names.iter().take(SHARED_TOLD);
    let first: Vec<_> = first
        .map(|((slot, _, user), devices)| format!("{user} at pool {} ({})", slot + 1, counted(devices.len(), "device")))
        .collect();
    let more = match names.len().saturating_sub(SHARED_TOLD) {
        0 => String::new(),
        more => format!(" and {} more", counted(more, "name")),
    };
    let devices: BTreeSet<_> = names.values().flatten().copied().collect();
    let devices: Vec<_> = devices.into_iter().collect();
    let detail = format!(
        "{} would share a worker name with another and cannot be told apart there: {}{more}",
        counted(devices.len(), "device"),
        first.join(", ")
    );
    warnings.push(warning("same_worker_name", &devices, &detail, None));
}

fn are(count: usize) -> String {
    format!("{} {}", counted(count, "device"), if count == 1 { "is" } else { "are" })
}

/// What other requests mean for it. A request that the reader may not see is not named.
fn of_requests(warnings: &mut Vec<Value>, state: &State, actor: &Actor, now: Timestamp, award: &Award) {
    let (mut unsupported, mut watched, mut forbidden, mut unfit) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut nameless: BTreeMap<TemplateField, Vec<DeviceId>> = BTreeMap::new();
    let mut busy: BTreeMap<(RequestId, &str), Vec<DeviceId>> = BTreeMap::new();
    for (device, refusal) in &award.refused {
        match refusal {
            Refusal::Unsupported => unsupported.push(*device),
            Refusal::NoValue { name } => nameless.entry(*name).or_default().push(*device),
            Refusal::UnfitUser => unfit.push(*device),
            Refusal::NotControlled { .. } => watched.push(*device),
            Refusal::ForbiddenOnSite { .. } => forbidden.push(*device),
            Refusal::DeviceBusy { by } => {
                busy.entry((*by, "being worked on by another request")).or_default().push(*device)
            }
            Refusal::DeviceHeldByHigherAssurance { by } => {
                busy.entry((*by, "held by a request that needs more approvals")).or_default().push(*device);
            }
        }
    }
    if !unsupported.is_empty() {
        let detail = format!("{} cannot do that and will be left out", counted(unsupported.len(), "device"));
        warnings.push(warning("unsupported", &unsupported, &detail, None));
    }
    if !watched.is_empty() {
        let detail = format!(
            "{} not controlled (the agent only watches or was revoked) and will be left out",
            are(watched.len())
        );
        warnings.push(warning("not_controlled", &watched, &detail, None));
    }
    if !forbidden.is_empty() {
        let which = are(forbidden.len());
        let detail = format!("{which} on a site whose own policy forbids that to its agent and will be left out");
        warnings.push(warning("not_controlled", &forbidden, &detail, None));
    }
    for (name, devices) in nameless {
        let many = counted(devices.len(), "device");
        let has = if devices.len() == 1 { "has" } else { "have" };
        let detail = format!(
            "{many} {has} no {} for {{{}}}, or none that you see, and will be left out",
            name.means(),
            name.name()
        );
        warnings.push(warning("no_worker_name", &devices, &detail, None));
    }
    if !unfit.is_empty() {
        let detail = format!(
            "{} would get a user that is too long, or has characters that pools and miners do not take, and will be left out",
            counted(unfit.len(), "device")
        );
        warnings.push(warning("no_worker_name", &unfit, &detail, None));
    }
    let seen = |id: RequestId| state.request(id).filter(|request| visible(state, request, actor, now));
    for ((by, why), devices) in busy {
        let detail = format!("{} {why} and will be left out", are(devices.len()));
        warnings.push(warning("busy", &devices, &detail, seen(by)));
    }
    for (loser, items) in &award.dropped {
        let targets = state.request(*loser).map(|request| request.payload.targets.as_slice()).unwrap_or_default();
        let devices: Vec<_> = items
            .iter()
            .filter_map(|item| targets.get(*item as usize).copied().and_then(adit_core::event::device_of))
            .collect();
        let detail = format!("Takes {} from a request that waits for approvals", counted(devices.len(), "device"));
        warnings.push(warning("overrides", &devices, &detail, seen(*loser)));
    }
}
