//! What a request changes, from and to, grouped where targets change alike.

mod keys;
mod money;
mod observers;
mod structure;

use super::{
    estimate::{setting_name, setting_now, setting_wanted},
    preview::devices_in_words,
    views::Viewer,
};
use adit_core::{
    authz::{Node, Permission, Place, Principal, RoleId, Scope},
    event::device_of,
    fleet::Operation,
    ids::{DeviceId, GrantId, GroupId, UserId},
    requests::{Action, Approvers, Base, Control, Policy, PolicyChange, Request, RequestState, Safeguards, StepUp},
    time::Millis,
};
use adit_telemetry::LiveTable;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};

/// Most rows; settings beyond them are counted together.
const MAX_ROWS: usize = 50;
const UNKNOWN: &str = "not known";

/// Targets that change alike.
#[derive(Default)]
struct Group<'a> {
    devices: usize,
    delta_w: Option<i64>,
    models: BTreeSet<&'a str>,
}

impl<'a> Group<'a> {
    fn add(&mut self, devices: usize, delta_w: Option<i64>, models: impl IntoIterator<Item = &'a str>) {
        self.devices += devices;
        if let Some(delta) = delta_w {
            self.delta_w = Some(self.delta_w.unwrap_or(0) + delta);
        }
        self.models.extend(models);
    }

    fn row(&self, what: &str, from: &str, to: &str) -> Value {
        json!({
            "what": what, "from": from, "to": to, "devices": self.devices, "delta_w": self.delta_w, "models": self.models,
        })
    }
}

fn row(what: &str, from: &str, to: &str) -> Value {
    Group::default().row(what, from, to)
}

/// How many are gone, and how many have come.
fn difference(old: &[DeviceId], new: &[DeviceId]) -> (usize, usize) {
    let (old, new): (BTreeSet<_>, BTreeSet<_>) = (old.iter().collect(), new.iter().collect());
    (old.difference(&new).count(), new.difference(&old).count())
}

fn permissions_in_words(permissions: &BTreeSet<Permission>) -> String {
    permissions.iter().map(|permission| permission.name()).collect::<Vec<_>>().join(", ")
}

impl Viewer<'_> {
    /// The contract's `DiffRow`s.
    pub fn diff(&self, request: &Request, live: &LiveTable) -> Vec<Value> {
        match &request.payload.action {
            Action::Device(operation) => self.of_devices(request, operation, live),
            Action::Control(control) => self.of_control(request, control),
        }
    }

    /// While it waits, from what the devices say now; then from what they had said when it was made, for by now they have
    /// changed.
    fn of_devices(&self, request: &Request, operation: &Operation, live: &LiveTable) -> Vec<Value> {
        let waits = matches!(request.state, RequestState::Pending | RequestState::Approved);
        let was = request.was.iter().flat_map(|was| was.items.iter().map(|item| (*item, was.setting.as_str())));
        let was: BTreeMap<_, _> = was.collect();
        let mut groups: BTreeMap<String, Group<'_>> = BTreeMap::new();
        for (item, target) in request.effective() {
            let Some(device) = device_of(target) else { continue };
            let now = if waits { live.row(device).and_then(|row| setting_now(&row, operation)) } else { None };
            let from = now.or_else(|| was.get(&item).map(|setting| (*setting).to_owned()));
            let delta_w = request.estimates.get(item as usize).and_then(adit_core::requests::Estimate::delta_w);
            let model = self.state.device(device).map(|device| device.found.model.as_str());
            groups.entry(from.unwrap_or_else(|| UNKNOWN.into())).or_default().add(1, delta_w, model);
        }
        let to = setting_wanted(operation).unwrap_or_else(|| "restarted".into());
        let mut groups: Vec<_> = groups.into_iter().collect();
        groups.sort_by_key(|(_, group)| std::cmp::Reverse(group.devices));
        let others = groups.split_off(groups.len().min(MAX_ROWS));
        if !others.is_empty() {
            let mut rest = Group::default();
            for (_, group) in &others {
                rest.add(group.devices, group.delta_w, group.models.iter().copied());
            }
            groups.push((format!("{} other settings", others.len()), rest));
        }
        groups.iter().map(|(from, group)| group.row(setting_name(operation), from, &to)).collect()
    }

    fn group(&self, group: GroupId) -> (String, Vec<DeviceId>) {
        let found = self.state.group(group).map(|group| (group.name.clone(), group.devices.to_vec()));
        found.unwrap_or_else(|| (group.to_string(), Vec::new()))
    }

    fn transferred(&self, request: &Request, to: UserId, then: RoleId) -> Vec<Value> {
        let Principal::User(from) = request.payload.initiator else { return Vec::new() };
        vec![
            row("Owner", &self.names.of(from), &self.names.of(to)),
            row(&format!("Role of {}", self.names.of(from)), "Owner", &self.state.role_title(then)),
        ]
    }

    fn of_control(&self, request: &Request, control: &Control) -> Vec<Value> {
        match control {
            Control::RestartWorkers { site } => {
                let site = self.state.site_ever(*site).map_or_else(|| site.to_string(), |site| site.name.clone());
                vec![row(&format!("Collection workers of {site}"), "running", "restarted")]
            }
            Control::SetPolicies { changes } => changes.iter().map(|change| self.of_policy(request, change)).collect(),
            Control::SetSafeguards(new) => self.of_safeguards(request, *new),
            Control::SetSecondFactorRequired { on } => {
                let word = |on: bool| if on { "asked for" } else { "not asked for" };
                vec![row("Second factor of those who approve", word(!*on), word(*on))]
            }
            Control::AddGrant(new) => {
                let what = format!("Role of {}", self.names.of(new.user));
                vec![row(&what, "none", &self.grant_in_words(new.role, &new.scope))]
            }
            Control::ChangeGrant(change) => {
                let to = self.grant_in_words(change.role, &change.scope);
                vec![row(&self.grant_name(change.grant), &self.old_grant(change.grant), &to)]
            }
            Control::RemoveGrant { grant } => vec![row(&self.grant_name(*grant), &self.old_grant(*grant), "none")],
            Control::RemoveUser { user, changes } => {
                let mut rows = vec![row(&format!("Roles of {}", self.names.of(*user)), "in force", "none")];
                rows.extend(changes.iter().map(|change| self.of_policy(request, change)));
                rows
            }
            Control::SuspendUser { user } => vec![row(&self.names.of(*user), "active", "suspended")],
            Control::UnsuspendUser { user } => vec![row(&self.names.of(*user), "suspended", "active")],
            Control::CreateRole { name, permissions } => {
                vec![row(&format!("Role {name}"), "none", &permissions_in_words(permissions))]
            }
            Control::ChangeRole { name, permissions, .. } => {
                vec![row(&format!("Role {name}"), "as it is", &permissions_in_words(permissions))]
            }
            Control::DeleteRole { role } => {
                vec![row(&format!("Role {}", self.state.role_title(RoleId::Custom(*role))), "in use", "none")]
            }
            Control::SetAdministratorsManageUsers { on } => {
                let word = |on: bool| if on { "the Owner and Administrators" } else { "the Owner" };
                vec![row("People are managed by", word(!on), word(*on))]
            }
            Control::PlaceDevices { devices, container } => {
                self.moved(request, devices, "Container", container.map(Node::Container), |place| {
                    place.container.map(Node::Container)
                })
            }
            Control::AssignDevices { devices, sub_account } => {
                self.moved(request, devices, "Sub-account", sub_account.map(Node::SubAccount), |place| {
                    place.sub_account.map(Node::SubAccount)
                })
            }
            Control::CreateGroup { name, devices } => {
                vec![row(&format!("Group {name}"), "none", &devices_in_words(devices.len()))]
            }
            Control::ChangeGroup { group, name, devices, .. } => {
                let (was, old) = self.group(*group);
                let (gone, come) = difference(&old, devices);
                let to = format!("{name}: {}, {come} more, {gone} fewer", devices_in_words(devices.len()));
                vec![row(&format!("Group {was}"), &devices_in_words(old.len()), &to)]
            }
            Control::DeleteGroup { group, .. } => {
                let (name, devices) = self.group(*group);
                vec![row(&format!("Group {name}"), &devices_in_words(devices.len()), "none")]
            }
            Control::IssueKey(new) => self.of_new_key(new),
            Control::RevokeKey { key } => {
                let name = self.state.key(*key).map_or_else(|| key.to_string(), |key| key.name.clone());
                vec![row("API key", &name, "revoked")]
            }
            Control::TransferOwnership { to, then } => self.transferred(request, *to, *then),
            Control::DeleteAccount { name } => vec![row(name, "in use", "gone for everybody, seven days later")],
            Control::KeepAccount {} => vec![row("Account", "to be deleted", "in use")],
            Control::FreezeAccount {} => vec![row("Account", "in use", "frozen")],
            Control::UnfreezeAccount {} => vec![row("Account", "frozen", "in use")],
            Control::Recover(recovery) => {
                let removed = recovery.remove.iter();
                let mut rows: Vec<_> = removed
                    .map(|user| row(&format!("Roles of {}", self.names.of(*user)), "in force", "none"))
                    .collect();
                rows.push(row("Counts above the number of approvers", "as they are", "the number of approvers"));
                rows
            }
            Control::IssueObserverLink(new) => self.of_new_link(new),
            Control::SetWallet { sub_account, address } => self.of_wallet(request, *sub_account, address),
            Control::SetAllocation { sub_account, shares } => self.of_allocation(request, *sub_account, shares),
            Control::NarrowObserverLink { .. }
            | Control::RevokeObserverLink { .. }
            | Control::ProtectObservers {}
            | Control::OpenObservers { .. } => self.of_observers(control),
            structure => structure::rows(self.state, request, structure),
        }
    }

    /// From where the devices are now, as long as they have not been moved.
    fn moved(
        &self,
        request: &Request,
        devices: &[DeviceId],
        what: &str,
        to: Option<Node>,
        now: impl Fn(&Place) -> Option<Node>,
    ) -> Vec<Value> {
        let word = |node: Option<Node>| node.map_or_else(|| "none".to_owned(), |node| self.node_in_words(&node));
        let waits = matches!(request.state, RequestState::Pending | RequestState::Approved);
        let mut groups: BTreeMap<String, Group<'_>> = BTreeMap::new();
        for device in devices.iter().filter_map(|id| self.state.device(*id)) {
            let from = if waits { word(now(&device.place())) } else { "as it was".to_owned() };
            groups.entry(from).or_default().add(1, None, [device.found.model.as_str()]);
        }
        groups.iter().take(MAX_ROWS).map(|(from, group)| group.row(what, from, &word(to))).collect()
    }

    /// While it waits, what would change; then what is said to hold.
    fn of_safeguards(&self, request: &Request, new: Safeguards) -> Vec<Value> {
        let waits = matches!(request.state, RequestState::Pending | RequestState::Approved);
        let old = self.state.safeguards(request.payload.account);
        let word = |on: bool| if on { "on" } else { "off" };
        [
            ("Lowering a count takes as many people as it asked for", old.ratchet, new.ratchet),
            ("Making an approver takes as many people as the highest count", old.closure, new.closure),
            ("The owner may start a recovery", old.owner_recovery, new.owner_recovery),
        ]
        .into_iter()
        .filter(|(_, old, new)| !waits || old != new)
        .map(|(what, old, new)| row(what, if waits { word(old) } else { "as it was" }, word(new)))
        .collect()
    }

    fn grant_in_words(&self, role: RoleId, scope: &Scope) -> String {
        format!("{} of {}", self.state.role_title(role), self.scope_in_words(scope))
    }

    fn grant_name(&self, grant: GrantId) -> String {
        let user = self.state.grant(grant).map(|grant| self.names.of(grant.user));
        user.map_or_else(|| format!("Grant {grant}"), |user| format!("Role of {user}"))
    }

    /// As long as it is there.
    fn old_grant(&self, grant: GrantId) -> String {
        let grant = self.state.grant(grant);
        grant.map_or_else(|| "in force".into(), |grant| self.grant_in_words(grant.role, &grant.scope))
    }

    /// From the counts as they were when it was asked for.
    fn of_policy(&self, request: &Request, change: &PolicyChange) -> Value {
        let version = request.payload.base_number(Base::Policy(change.scenario));
        let old = self.state.policy_at(request.payload.account, change.scenario, version);
        let new = change.of(&old);
        row(change.scenario.name(), &policy_in_words(&old, &old, &new), &policy_in_words(&new, &old, &new))
    }

    /// Where a grant reaches.
    pub fn scope_in_words(&self, scope: &Scope) -> String {
        let Scope::Nodes(nodes) = scope else { return "everything".into() };
        nodes.iter().map(|node| self.node_in_words(node)).collect::<Vec<_>>().join(", ")
    }

    fn node_in_words(&self, node: &Node) -> String {
        let name = match node {
            Node::Site(id) => self.state.site_ever(*id).map(|site| site.name.clone()),
            Node::Container(id) => self.state.container_ever(*id).map(|container| container.name.clone()),
            Node::SubAccount(id) => self.state.sub_account_ever(*id).map(|sub_account| sub_account.name.clone()),
            Node::Group(_) => None,
        };
        name.unwrap_or_else(|| match node {
            Node::Site(id) => id.to_string(),
            Node::Container(id) => id.to_string(),
            Node::SubAccount(id) => id.to_string(),
            Node::Group(id) => id.to_string(),
        })
    }
}

/// The counts of `policy`, and whatever else differs between the old and the new.
fn policy_in_words(policy: &Policy, old: &Policy, new: &Policy) -> String {
    let counts = if policy.required == 1 { "1 approval".into() } else { format!("{} approvals", policy.required) };
    let mut words = vec![counts];
    let mut say = |differs: bool, said: String| {
        if differs {
            words.push(said);
        }
    };
    say(policy.required_other > 0, format!("{} by others", policy.required_other));
    say(old.approvers != new.approvers, format!("by {}", approvers_in_words(policy.approvers)));
    let counted = if policy.initiator_counts { "counted" } else { "not counted" };
    say(old.initiator_counts != new.initiator_counts, format!("the initiator {counted}"));
    let programs = if policy.programs_run_alone { "programs alone" } else { "programs wait" };
    say(old.programs_run_alone != new.programs_run_alone, programs.into());
    say(old.approve_ttl != new.approve_ttl, format!("within {}", length(policy.approve_ttl)));
    say(old.execute_ttl != new.execute_ttl, format!("begun within {}", length(policy.execute_ttl)));
    say(old.timelock != new.timelock, format!("carried out {} later", length(policy.timelock)));
    let sign_in = match policy.step_up {
        StepUp::None => "any session",
        StepUp::Recent => "fresh sign-in",
        StepUp::Passkey => "passkey",
    };
    say(old.step_up != new.step_up, sign_in.into());
    words.join(", ")
}

const fn approvers_in_words(approvers: Approvers) -> &'static str {
    match approvers {
        Approvers::Administrators => "Administrators",
        Approvers::SiteManagement => "Administrators and Site Managers",
        Approvers::ActionHolders => "whoever may do it",
    }
}

/// "24 h", "90 s": the largest unit that it is whole in.
pub fn length(length: Millis) -> String {
    let seconds = length.0 / 1_000;
    match seconds {
        0 => "0 s".into(),
        s if s % 3_600 == 0 => format!("{} h", s / 3_600),
        s if s % 60 == 0 => format!("{} min", s / 60),
        s => format!("{s} s"),
    }
}
