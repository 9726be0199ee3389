//! One sentence for people about each kind of event.

use super::{
    super::{
        Names,
        views::{Viewer, state_word, word},
    },
    Reader,
};
use crate::words::Changes;
use adit_core::{
    accounts::address::masked,
    authz::{Node, Origins, Scope},
    counted::counted,
    event::Event,
    fleet::{AgentMode, TargetResult},
    ids::{AgentId, DeviceId, RequestId, SiteId, UserId},
    requests::{Decision, Refusal},
    state::{SignInChange, State},
};
use std::fmt::Display;

/// How many things are named before the rest is only counted.
const NAMED: usize = 3;

/// Whoever words them knows what things are called now.
pub struct Speaker<'a> {
    pub state: &'a State,
    pub names: &'a Names,
    /// What they do not see is not named.
    pub reader: Reader<'a>,
}

impl Speaker<'_> {
    fn user(&self, user: UserId) -> String {
        self.names.of(user).into_owned()
    }

    fn site(&self, site: SiteId) -> String {
        self.state.site_ever(site).map_or_else(|| site.to_string(), |site| site.name.clone())
    }

    fn agent(&self, agent: AgentId) -> String {
        self.state.agent_ever(agent).map_or_else(|| agent.to_string(), |agent| agent.name.clone())
    }

    fn number(&self, request: RequestId) -> String {
        let seen = self.state.request(request).filter(|request| self.reader.sees_request(self.state, request));
        seen.map_or_else(|| "another request".to_owned(), |request| format!("R-{}", request.number))
    }

    fn scope(&self, scope: &Scope) -> String {
        let Scope::Nodes(nodes) = scope else { return "the whole account".to_owned() };
        let names = nodes.iter().map(|node| match node {
            Node::Site(site) => format!("site {}", self.site(*site)),
            Node::Container(container) => format!("container {container}"),
            Node::Group(group) => {
                let name = self.state.group(*group).map_or_else(|| group.to_string(), |group| group.name.clone());
                format!("group {name}")
            }
            Node::SubAccount(sub_account) => {
                let found = self.state.sub_account_ever(*sub_account);
                format!("sub-account {}", found.map_or_else(|| sub_account.to_string(), |found| found.name.clone()))
            }
        });
        some(names.collect())
    }

    fn refused(&self, refused: &[(DeviceId, Refusal)]) -> String {
        let seen: Vec<_> =
            refused.iter().map(|(id, _)| id).filter(|id| self.reader.sees_device(self.state, **id)).collect();
        if seen.is_empty() { String::new() } else { format!("; {} refused", devices(seen)) }
    }

    /// Field by field, what an event asks for; nothing of events that ask for nothing.
    pub fn changes(&self, event: &Event) -> Option<Changes> {
        let viewer = Viewer { state: self.state, names: self.names, actor: self.reader.actor, now: self.reader.now };
        let Event::RequestSubmitted { request, .. } = event else { return None };
        let request = self.state.as_seen(self.reader.actor, self.state.request(*request)?, self.reader.now)?;
        Some(viewer.changes_asked(&request))
    }

    /// What happened, in one sentence.
    pub fn sentence(&self, event: &Event) -> String {
        match event {
            Event::AccountCreated { name, owner, .. } => {
                format!("Account {name} was created; {} owns it", self.user(*owner))
            }
            Event::EmailVerified { user } => format!("{} confirmed their e-mail", self.user(*user)),
            Event::SignInChanged { user, change, enrolled } => {
                let what = match change {
                    SignInChange::Password => "another password",
                    SignInChange::SecondFactor if *enrolled => "other second factors",
                    SignInChange::SecondFactor => "no second factor any more",
                    SignInChange::Email => "another e-mail",
                    SignInChange::Identity => "other accounts at other companies",
                };
                format!("{} has {what}; keys of theirs that write are held back for 24 hours", self.user(*user))
            }
            Event::KeysReleased { user } => format!("Keys of {} write again", self.user(*user)),
            Event::AccountOpened { user, .. } => format!("{} opened the account for the first time", self.user(*user)),
            Event::SecondFactorRequired { on: true, .. } => "Approvers need a second factor now".to_owned(),
            Event::SecondFactorRequired { on: false, .. } => "Approvers need no second factor any more".to_owned(),
            Event::UserAdded { user, .. } => format!("{} was added", self.user(*user)),
            Event::UserRemoved { user } => format!("{} was removed for good", self.user(*user)),
            Event::GrantAdded { user, role, scope, .. } => {
                format!("{} became {} on {}", self.user(*user), self.state.role_title(*role), self.scope(scope))
            }
            Event::GrantChanged { grant, .. } => format!("The end, remark or keys of grant {grant} were changed"),
            Event::GrantRemoved { grant, user, .. } => format!("The grant {grant} of {} ended", self.user(*user)),
            Event::UserSuspended { user, .. } => format!("{} was suspended", self.user(*user)),
            Event::UserUnsuspended { user, .. } => format!("The suspension of {} ended", self.user(*user)),
            Event::RoleSet { name, permissions, .. } => {
                format!("Role {name} holds {}", counted(permissions.len(), "permission"))
            }
            Event::RoleDeleted { role, .. } => format!("Role {role} was deleted"),
            Event::KeyIssued { key, name, grant, .. } => {
                format!("API key {name} ({key}) was issued under grant {grant}")
            }
            Event::KeyChanged { key, name, from, .. } => {
                format!("API key {name} ({key}) was renamed or made narrower; it is used from {}", origins(from))
            }
            Event::KeyRotated { key, .. } => format!("API key {key} has a new secret"),
            Event::KeyRevoked { key, .. } => format!("API key {key} was revoked"),
            Event::AdministratorsManageUsersSet { on: true, .. } => "Administrators manage people now".to_owned(),
            Event::AdministratorsManageUsersSet { on: false, .. } => "Only the Owner manages people now".to_owned(),
            Event::PolicySet { scenario, policy, .. } => format!(
                "{} now needs {}, {} of them by somebody other than the initiator",
                scenario.name(),
                counted(policy.required as usize, "approval"),
                policy.required_other
            ),
            Event::OwnershipTransferred { from, to, then, .. } => {
                let (from, then) = (self.user(*from), self.state.role_title(*then));
                format!("{} became the Owner; {from} was it until then and is {then}", self.user(*to))
            }
            Event::AccountDeletionBegun { .. } => {
                "The account is to be deleted in seven days; until then nothing is carried out".to_owned()
            }
            Event::AccountDeletionUndone { .. } => "The account stays; its deletion was undone".to_owned(),
            Event::AccountDeleted { .. } => "The account was deleted".to_owned(),
            Event::StateHashed { seq, .. } => format!("The state after record {seq} was sealed into the log"),
            Event::AccountRenamed { name, .. } => format!("The account is called {name} now"),
            Event::AccountFrozen { .. } => "The account was frozen".to_owned(),
            Event::AccountUnfrozen { .. } => "The account was unfrozen".to_owned(),
            Event::GovernanceDegraded { scenarios, .. } => {
                let names = scenarios.iter().map(|scenario| scenario.name().to_owned()).collect();
                format!("Too few approvers are left for {}", some(names))
            }
            Event::SafeguardsSet { safeguards, .. } => {
                let word = |on: bool| if on { "on" } else { "off" };
                let [ratchet, closure, recovery] =
                    [safeguards.ratchet, safeguards.closure, safeguards.owner_recovery].map(word);
                format!("Safeguards: ratchet {ratchet}, closure {closure}, recovery by the owner {recovery}")
            }
            Event::GovernanceRestored { .. } => "There are enough approvers for everything again".to_owned(),
            Event::RecoveryUsed { request, .. } => {
                format!("Governance was recovered by {}; somebody must look at it", self.number(*request))
            }
            Event::RecoveryReviewed { request, by, words, .. } => {
                format!("{} looked at the recovery {}: \u{201c}{words}\u{201d}", self.user(*by), self.number(*request))
            }
            Event::WebhookSet { name, host, types, .. } => {
                let what = if types.is_empty() { "everything".to_owned() } else { counted(types.len(), "type") };
                format!("Webhook {name} tells {host} of {what}")
            }
            Event::WebhookSecretRotated { webhook, .. } => format!("Webhook {webhook} has another secret"),
            Event::WebhookDisabled { webhook, .. } => format!("Webhook {webhook} failed for too long and was disabled"),
            Event::WebhookRemoved { webhook, .. } => format!("Webhook {webhook} was removed"),
            Event::SiteCreated { name, .. } => format!("Site {name} was created"),
            Event::AgentCreated { name, site, .. } => format!("Agent {name} was created on {}", self.site(*site)),
            Event::AgentEnrolled { agent, .. } => format!("Agent {} enrolled", self.agent(*agent)),
            Event::DevicesFound { agent, devices: found, .. } => {
                format!("Agent {} found {}", self.agent(*agent), devices(found.iter().map(|(id, _)| id)))
            }
            Event::DevicesChanged { agent, devices: found, .. } => {
                let devices = devices(found.iter().map(|(id, _)| id));
                format!("Agent {} found {devices} with another address or firmware", self.agent(*agent))
            }
            Event::ScanTaskCreated { name, agent, ranges, .. } => {
                format!("Agent {} is to search {} as scan task {name}", self.agent(*agent), some(ranges.clone()))
            }
            Event::ContainerCreated { name, site, .. } => {
                format!("Container {name} was created on {}", self.site(*site))
            }
            Event::SubAccountCreated { name, .. } => format!("Sub-account {name} was created"),
            Event::GroupSet { name, devices: members, .. } => format!("Group {name} is {}", devices(members)),
            Event::GroupDeleted { group, .. } => format!("Group {group} was deleted"),
            Event::DevicesPlaced { devices: moved, container, .. } => {
                let to = container
                    .map(|id| self.state.container_ever(id).map_or_else(|| id.to_string(), |c| c.name.clone()));
                let to = to.map_or_else(|| "in no container".to_owned(), |name| format!("in container {name}"));
                format!("{} stand {to}", devices(moved))
            }
            Event::DevicesClaimed { agent, devices: seen, .. } => {
                let devices = devices(seen.iter().map(|(id, _)| id));
                format!(
                    "Agent {} says that it sees {devices}, known with another agent or at another address",
                    self.agent(*agent)
                )
            }
            Event::DevicesMoved { agent, site, devices: moved, .. } => {
                format!("{} are with agent {} on {}", devices(moved), self.agent(*agent), self.site(*site))
            }
            Event::DevicesAssigned { devices: moved, sub_account, .. } => {
                let name = |id| self.state.sub_account_ever(id).map_or_else(|| format!("{id}"), |s| s.name.clone());
                let to = sub_account.map(name).unwrap_or_else(|| "no sub-account".to_owned());
                format!("{} belong to {to}", devices(moved))
            }
            Event::DraftPut { user, site, action, targets, .. } => {
                let (user, title, site) = (self.user(*user), action.title(), self.site(*site));
                format!("{user} put \u{201c}{title}\u{201d} on {} into the draft for {site}", devices(targets))
            }
            Event::DraftTaken { user, site, targets, .. } => {
                let what = if targets.is_empty() { "a change".to_owned() } else { devices(targets) };
                format!("{} took {what} out of the draft for {}", self.user(*user), self.site(*site))
            }
            Event::DraftClosed { user, site } => {
                format!("The draft of {} for {} was closed", self.user(*user), self.site(*site))
            }
            Event::DraftSubmitted { user, site, requests, .. } => {
                let requests = some(requests.iter().map(|id| self.number(*id)).collect());
                format!("{} submitted the draft for {} as {requests}", self.user(*user), self.site(*site))
            }
            Event::RequestSubmitted { number, payload, refused, shown, .. } => {
                let targets = payload.targets.len();
                let on = if targets == 0 { String::new() } else { format!(" on {}", counted(targets, "target")) };
                format!(
                    "R-{number} was submitted: {}{on}{}",
                    shown.title.clone().unwrap_or_else(|| payload.action.title()),
                    self.refused(refused)
                )
            }
            _ => self.of_structure(event),
        }
    }

    fn of_structure(&self, event: &Event) -> String {
        let task = |id| self.state.scan_task_ever(id).map_or_else(|| format!("{id}"), |task| task.name.clone());
        match event {
            Event::SiteChanged { name, capacity_w, .. } => {
                let may = capacity_w.map_or_else(|| "an unknown power".to_owned(), |watts| format!("{watts} W"));
                format!("Site {name} is so called now and may draw {may}")
            }
            Event::SiteRemoved { site } => {
                format!("Site {} was removed with everything on it", self.site(*site))
            }
            Event::AgentChanged { name, mode, paused, .. } => {
                let works = match (paused, mode) {
                    (true, _) => "is paused",
                    (false, AgentMode::FullControl) => "carries out orders",
                    (false, AgentMode::MonitoringOnly) => "only watches",
                };
                format!("Agent {name} is so called now and {works}")
            }
            Event::SitePolicyTold { agent, policy } => {
                let what = policy.operations.as_ref().map_or_else(
                    || "everything".to_owned(),
                    |operations| {
                        let words = operations.iter().map(|kind| word(kind).replace('_', " "));
                        if operations.is_empty() { "nothing".to_owned() } else { some(words.collect()) }
                    },
                );
                let restarts = if policy.restart_workers { "" } else { ", and no restart of its workers" };
                format!("The policy of its site lets agent {} do {what}{restarts}", self.agent(*agent))
            }
            Event::AgentTokenReissued { agent, .. } => {
                format!("Agent {} may enrol with another token", self.agent(*agent))
            }
            Event::AgentRevoked { agent } => format!("Agent {} was revoked", self.agent(*agent)),
            Event::ScanTaskChanged { name, ranges, enabled, .. } => {
                let off = if *enabled { "" } else { ", and is off" };
                format!("Scan task {name} covers {} now{off}", some(ranges.clone()))
            }
            Event::ScanTaskRemoved { scan_task } => format!("Scan task {} was removed", task(*scan_task)),
            Event::ContainerRenamed { container, name } => format!("Container {container} is called {name} now"),
            Event::ContainerRemoved { container } => {
                let name = self.state.container_ever(*container).map(|container| container.name.clone());
                format!("Container {} was removed", name.unwrap_or_else(|| container.to_string()))
            }
            Event::SubAccountRenamed { sub_account, name } => format!("Sub-account {sub_account} is called {name} now"),
            Event::SubAccountRemoved { sub_account } => {
                let name = self.state.sub_account_ever(*sub_account).map(|sub_account| sub_account.name.clone());
                format!("Sub-account {} was removed", name.unwrap_or_else(|| sub_account.to_string()))
            }
            _ => self.of_money(event),
        }
    }

    fn of_money(&self, event: &Event) -> String {
        let name = |id| self.state.sub_account_ever(id).map_or_else(|| format!("{id}"), |of| of.name.clone());
        match event {
            Event::WalletSet { sub_account, address, .. } => {
                format!("Wallet of {} is {} now", name(*sub_account), masked(address))
            }
            Event::AllocationSet { sub_account, shares, effective_from, .. } => {
                let (recipients, day) = (counted(shares.len(), "recipient"), &effective_from.to_string()[..10]);
                format!("Revenue of {} goes to {recipients} from {day} on", name(*sub_account))
            }
            Event::EarningsSettled { day, earned, .. } => {
                let (sat, of) = (earned.values().sum::<u64>(), counted(earned.len(), "sub-account"));
                format!("Earnings of {} were shared out: {sat} satoshi of {of}", &day.to_string()[..10])
            }
            _ => self.of_observers(event),
        }
    }

    fn of_observers(&self, event: &Event) -> String {
        let label = |id| self.state.observer_link(id).map_or_else(|| format!("{id}"), |link| link.label.clone());
        match event {
            Event::ObserverLinkIssued { label, sub_accounts, .. } => {
                format!("Observer link {label} shows {}", counted(sub_accounts.len(), "sub-account"))
            }
            Event::ObserverLinkNarrowed { link, .. } => format!("Observer link {} shows less", label(*link)),
            Event::ObserverLinkRevoked { link, .. } => format!("Observer link {} was revoked", label(*link)),
            Event::ObserversProtected { .. } => "Sub-accounts are shown by observer links only".to_owned(),
            Event::ObserversOpened { .. } => "Sub-accounts are shown to whoever knows their names".to_owned(),
            _ => self.of_request(event),
        }
    }

    fn of_request(&self, event: &Event) -> String {
        match event {
            Event::TargetsDropped { request, by, items } => {
                let (taker, loser) = (self.number(*by), self.number(*request));
                format!("{taker} took {} from {loser}", counted(items.len(), "device"))
            }
            Event::VoteCast { request, voter, decision, comment, .. } => {
                let verb = if *decision == Decision::Approve { "approved" } else { "rejected" };
                let said = comment.as_ref().map_or_else(String::new, |words| format!(": \u{201c}{words}\u{201d}"));
                format!("{} {verb} {}{said}", self.user(*voter), self.number(*request))
            }
            Event::OfferAccepted { request, user, .. } => {
                format!("{} accepted what {} offers", self.user(*user), self.number(*request))
            }
            Event::VoteWithdrawn { request, voter } => {
                format!("{} took the approval of {} back", self.user(*voter), self.number(*request))
            }
            Event::RequestCommented { request, by, words } => {
                format!("{} commented on {}: \u{201c}{words}\u{201d}", self.user(*by), self.number(*request))
            }
            Event::RequestApproved { request, .. } => format!("{} has enough approvals", self.number(*request)),
            Event::RequestReturned { request } => {
                format!("{} waits for approvals again, as one stopped counting", self.number(*request))
            }
            Event::RequestExecuting { request, agents, skipped } => {
                let skipped = if skipped.is_empty() { String::new() } else { format!(", {} skipped", skipped.len()) };
                let orders = counted(agents.len(), "order");
                format!("{} is being carried out: {orders} to give{skipped}", self.number(*request))
            }
            Event::ItemsEnded { request, results } => {
                format!("{}: {}", self.number(*request), endings(results))
            }
            Event::PowerMeasured { request, power } => {
                let settled = power.iter().filter(|(_, after)| after.settled).count();
                let rest = power.len() - settled;
                let rest = if rest > 0 { format!(", of {rest} not settled in time") } else { String::new() };
                format!("{}: draw of {} measured{rest}", self.number(*request), counted(settled, "device"))
            }
            Event::RequestEnded { request, state, reason, superseded_by } => {
                let by = superseded_by.map_or_else(String::new, |by| format!(" by {}", self.number(by)));
                let why = reason.as_ref().map_or_else(String::new, |why| format!(": {why}"));
                format!("{} ended: {}{by}{why}", self.number(*request), state_word(*state))
            }
            // Every other event has its sentence in `sentence`.
            other => other.name().replace('_', " "),
        }
    }
}

/// From where a key may be used.
fn origins(from: &Origins) -> String {
    match from {
        Origins::Anywhere => "anywhere".to_owned(),
        Origins::Networks(networks) => some(networks.iter().map(ToString::to_string).collect()),
    }
}

fn devices<'a>(devices: impl IntoIterator<Item = &'a DeviceId>) -> String {
    let names: Vec<_> = devices.into_iter().map(ToString::to_string).collect();
    if names.len() > NAMED { counted(names.len(), "device") } else { some(names) }
}

/// The first few of them.
fn some(mut names: Vec<String>) -> String {
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    let shown = names.join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}

fn endings(results: &[(u32, TargetResult)]) -> String {
    let well = results.iter().filter(|(_, result)| result.ending.is_success()).count();
    let badly = results.len() - well;
    let said = match results {
        [(_, TargetResult { message: Some(words), .. })] if badly == 1 => said(words),
        _ => String::new(),
    };
    match (well, badly) {
        (0, _) => format!("{} did not do what was asked{said}", counted(badly, "target")),
        (_, 0) => format!("{} did what was asked", counted(well, "target")),
        _ => format!("{} did what was asked, {badly} did not", counted(well, "target")),
    }
}

fn said(words: &dyn Display) -> String {
    format!(" ({words})")
}
