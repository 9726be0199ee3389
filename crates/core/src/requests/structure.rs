//! Sites, agents, scan tasks and sub-accounts: may they be made, changed or taken away as asked, and what comes of it.

use super::{Action, Control, Passwords, effects::check_name};
use crate::{
    authz::{Node, Place},
    decide::Tx,
    event::{Event, device_of},
    fleet::{Agent, Ranges, ScanTask},
    ids::{AccountId, AgentId, ScanTaskId, SiteId, SubAccountId},
    rejection::Rejection,
    state::State,
};

/// Most ranges of one scan task.
pub const MAX_RANGES: usize = 256;
/// Longest range, bytes.
const MAX_RANGE: usize = 64;
/// Lengths of a sub-account's name, bytes. It is part of an address (`/observe/btc/<name>`).
const LENGTHS: std::ops::RangeInclusive<usize> = 5..=20;
/// Longest reference to passwords, bytes.
const MAX_REFERENCE: usize = 64;

impl Control {
    /// Is it about what this file is about?
    pub(crate) const fn is_structure(&self) -> bool {
        matches!(
            self,
            Self::CreateSite { .. }
                | Self::ChangeSite { .. }
                | Self::RemoveSite { .. }
                | Self::CreateAgent { .. }
                | Self::ReissueAgentToken { .. }
                | Self::ChangeAgent { .. }
                | Self::RevokeAgent { .. }
                | Self::CreateScanTask { .. }
                | Self::ChangeScanTask { .. }
                | Self::RemoveScanTask { .. }
                | Self::RemoveSubAccount { .. }
        )
    }

    /// The reference to passwords that it brings.
    #[must_use]
    pub fn passwords(&self) -> Option<&str> {
        match self {
            Self::CreateScanTask { credentials, .. } => credentials.as_deref(),
            Self::ChangeScanTask { passwords: Passwords::Sealed(reference), .. } => Some(reference),
            _ => None,
        }
    }
}

impl State {
    /// Where sites, agents, scan tasks and sub-accounts are that something is asked about; `None` if it is about others.
    pub(crate) fn place_of_structure(&self, control: &Control) -> Option<Place> {
        let of_agent = |agent: AgentId| self.agent_ever(agent).map_or(Place::ACCOUNT, |agent| Place::site(agent.site));
        let of_task = |task: ScanTaskId| self.scan_task_ever(task).map_or(Place::ACCOUNT, |task| of_agent(task.agent));
        match control {
            Control::RestartWorkers { site }
            | Control::CreateAgent { site, .. }
            | Control::ChangeSite { site, .. }
            | Control::RemoveSite { site, .. } => Some(Place::site(*site)),
            Control::CreateScanTask { agent, .. }
            | Control::ReissueAgentToken { agent, .. }
            | Control::ChangeAgent { agent, .. }
            | Control::RevokeAgent { agent } => Some(of_agent(*agent)),
            Control::ChangeScanTask { scan_task, .. } | Control::RemoveScanTask { scan_task } => {
                Some(of_task(*scan_task))
            }
            Control::RemoveSubAccount { sub_account }
            | Control::SetWallet { sub_account, .. }
            | Control::SetAllocation { sub_account, .. } => Some(Place::sub_account(*sub_account)),
            _ => None,
        }
    }

    /// Which ranges of other scan tasks of the agent's site these cover as well; `but` is not looked at.
    pub fn overlaps(
        &self,
        agent: &Agent,
        ranges: &Ranges,
        but: Option<ScanTaskId>,
    ) -> impl Iterator<Item = (&ScanTask, Ranges)> {
        let neighbours = self.agents_of(agent.account).filter(|other| other.site == agent.site);
        neighbours.flat_map(|agent| self.scan_tasks_of(agent.id)).filter(move |task| Some(task.id) != but).filter_map(
            |task| {
                let both = Ranges::parse(&task.ranges).ok()?.intersection(ranges);
                (!both.is_empty()).then_some((task, both))
            },
        )
    }
}

impl Tx {
    pub(crate) fn check_structure(&self, account: AccountId, control: &Control) -> Result<(), Rejection> {
        match control {
            Control::CreateSite { name, .. } => self.check_site_name(account, name, None),
            Control::ChangeSite { site, name, .. } => {
                self.own_site(account, *site)?;
                self.check_site_name(account, name, Some(*site))
            }
            Control::RemoveSite { site, name } => self.check_site_removal(account, *site, name),
            Control::CreateAgent { site, name, token_hash } => {
                self.own_site(account, *site)?;
                self.check_token(token_hash)?;
                self.check_agent_name(account, *site, name, None)
            }
            Control::ReissueAgentToken { agent, token_hash } => {
                if self.own_agent(account, *agent)?.public_key.is_some() {
                    let problem = "it has enrolled: revoke it and create another one if its key is lost".into();
                    return Err(Rejection::Invalid { field: "agent", problem });
                }
                self.check_token(token_hash)
            }
            Control::ChangeAgent { agent, name, .. } => {
                let site = self.own_agent(account, *agent)?.site;
                self.check_agent_name(account, site, name, Some(*agent))
            }
            Control::RevokeAgent { agent } => self.own_agent(account, *agent).map(drop),
            Control::CreateScanTask { agent, name, ranges, interval_s, .. } => {
                let agent = self.own_agent(account, *agent)?;
                check_name(name)?;
                self.check_scan(agent, ranges, *interval_s, None)?;
                self.check_reference(control, None)
            }
            Control::ChangeScanTask {
                scan_task,
                name,
                ranges,
                interval_s,
                enabled: _,
                passwords_to_unknown,
                passwords,
            } => {
                let agent = self.own_scan_task(account, *scan_task)?;
                check_name(name)?;
                let kept = self.state().scan_task(*scan_task).filter(|task| task.credentials.is_some());
                let reaches_more = kept.is_some_and(|task| !task.keeps_passwords(ranges, *passwords_to_unknown));
                if *passwords == Passwords::Keep && reaches_more {
                    let problem = "they would reach more than they do: type them again, or say that there are none";
                    return Err(Rejection::Invalid { field: "passwords", problem: problem.into() });
                }
                self.check_scan(agent, ranges, *interval_s, Some(*scan_task))?;
                self.check_reference(control, Some(*scan_task))
            }
            Control::RemoveScanTask { scan_task } => self.own_scan_task(account, *scan_task).map(drop),
            Control::RemoveSubAccount { sub_account } => {
                self.own_sub_account(account, *sub_account)?;
                let devices = self.state().devices_in(account, Node::SubAccount(*sub_account)).len();
                if devices > 0 {
                    return Err(Rejection::NotEmpty { what: "the sub-account", devices });
                }
                self.check_nothing_owed(account, *sub_account)
            }
            _ => Ok(()),
        }
    }

    /// A hash that no other token has.
    fn check_token(&self, token_hash: &str) -> Result<(), Rejection> {
        let is_hash = token_hash.len() == 64 && token_hash.bytes().all(|b| b.is_ascii_hexdigit());
        let mut agents = self.state().agents.values();
        if is_hash && agents.all(|agent| agent.token_hash.as_deref() != Some(token_hash)) {
            return Ok(());
        }
        Err(Rejection::Invalid { field: "token_hash", problem: "64 hex digits of a token that is new".into() })
    }

    pub(crate) fn own_site(&self, account: AccountId, site: SiteId) -> Result<(), Rejection> {
        let own = self.state().site(site).is_some_and(|site| site.account == account);
        if own { Ok(()) } else { Err(Rejection::NotFound { what: "site" }) }
    }

    fn own_agent(&self, account: AccountId, agent: AgentId) -> Result<&Agent, Rejection> {
        let own = self.state().agent(agent).filter(|agent| agent.account == account);
        own.ok_or(Rejection::NotFound { what: "agent" })
    }

    /// The agent whose task it is.
    fn own_scan_task(&self, account: AccountId, task: ScanTaskId) -> Result<&Agent, Rejection> {
        let agent = self.state().scan_task(task).and_then(|task| self.state().agent(task.agent));
        agent.filter(|agent| agent.account == account).ok_or(Rejection::NotFound { what: "scan task" })
    }

    fn check_site_name(&self, account: AccountId, name: &str, but: Option<SiteId>) -> Result<(), Rejection> {
        check_name(name)?;
        let taken = self.state().sites_of(account).any(|site| site.name == name && Some(site.id) != but);
        if taken { Err(exists("a site", name)) } else { Ok(()) }
    }

    fn check_agent_name(
        &self,
        account: AccountId,
        site: SiteId,
        name: &str,
        but: Option<AgentId>,
    ) -> Result<(), Rejection> {
        check_name(name)?;
        let mut others = self.state().agents_of(account).filter(|agent| agent.site == site && Some(agent.id) != but);
        if others.any(|agent| agent.name == name) { Err(exists("an agent", name)) } else { Ok(()) }
    }

    fn check_site_removal(&self, account: AccountId, site: SiteId, name: &str) -> Result<(), Rejection> {
        self.own_site(account, site)?;
        if self.state().site(site).is_none_or(|site| site.name != name) {
            return Err(Rejection::Invalid { field: "name", problem: "type the site's name to remove it".into() });
        }
        let on_site = |action: &Action, targets: &[super::Target]| match action {
            Action::Device(_) => targets
                .iter()
                .filter_map(|target| self.state().device(device_of(*target)?))
                .any(|device| device.site == site),
            Action::Control(Control::RestartWorkers { site: other }) => *other == site,
            Action::Control(_) => false,
        };
        let mut open = self.state().open_requests();
        let busy = open.any(|request| on_site(&request.payload.action, &request.payload.targets));
        if busy { Err(Rejection::SiteBusy) } else { Ok(()) }
    }

    fn check_scan(
        &self,
        agent: &Agent,
        ranges: &[String],
        interval_s: u32,
        but: Option<ScanTaskId>,
    ) -> Result<(), Rejection> {
        let invalid = |problem| Rejection::Invalid { field: "ranges", problem };
        if ranges.is_empty() || ranges.len() > MAX_RANGES || ranges.iter().any(|range| range.len() > MAX_RANGE) {
            let most = format!("1 to {MAX_RANGES} ranges of at most {MAX_RANGE} characters, such as 10.0.0.0/24");
            return Err(invalid(most));
        }
        let asked = Ranges::for_scan_task(ranges).map_err(|error| invalid(error.to_string()))?;
        if let Some((task, both)) = self.state().overlaps(agent, &asked, but).next() {
            let both = both.to_texts().into_iter().take(3).collect::<Vec<_>>().join(", ");
            return Err(invalid(format!("{both} is searched by scan task {} ({}) already", task.name, task.id)));
        }
        if !(30..=86_400).contains(&interval_s) {
            return Err(Rejection::OutOfRange { field: "interval_s".into(), min: 30, max: 86_400 });
        }
        Ok(())
    }

    /// A reference to passwords is good for one scan task: nobody has another task's passwords tried where they please.
    fn check_reference(&self, control: &Control, own: Option<ScanTaskId>) -> Result<(), Rejection> {
        let Some(reference) = control.passwords() else { return Ok(()) };
        let is_one = (1..=MAX_REFERENCE).contains(&reference.len()) && reference.bytes().all(|b| b.is_ascii_hexdigit());
        let state = self.state();
        let mut tasks = state.scan_tasks.values().filter(|task| Some(task.id) != own);
        let mut open = state.open_controls().filter_map(|request| match &request.payload.action {
            Action::Control(other) if other != control => other.passwords(),
            _ => None,
        });
        let taken = tasks.any(|task| task.credentials.as_deref() == Some(reference)) || open.any(|o| o == reference);
        if is_one && !taken {
            return Ok(());
        }
        Err(Rejection::Invalid { field: "credentials", problem: "send the passwords themselves".into() })
    }

    pub(crate) fn structure_effects(&self, account: AccountId, control: Control) -> Vec<Event> {
        let state = self.state();
        let event = match control {
            Control::CreateSite { name, capacity_w } => {
                let site = SiteId(state.sites.get_max().map_or(0, |(id, _)| id.0) + 1);
                Event::SiteCreated { site, account, name, capacity_w }
            }
            Control::ChangeSite { site, name, capacity_w } => Event::SiteChanged { site, name, capacity_w },
            Control::RemoveSite { site, .. } => Event::SiteRemoved { site },
            Control::CreateAgent { site, name, token_hash } => {
                let agent = AgentId(state.agents.get_max().map_or(0, |(id, _)| id.0) + 1);
                Event::AgentCreated { agent, account, site, name, token_hash }
            }
            Control::ReissueAgentToken { agent, token_hash } => Event::AgentTokenReissued { agent, token_hash },
            Control::ChangeAgent { agent, name, mode, paused } => Event::AgentChanged { agent, name, mode, paused },
            Control::RevokeAgent { agent } => Event::AgentRevoked { agent },
            Control::CreateScanTask { agent, name, ranges, interval_s, credentials, passwords_to_unknown } => {
                let scan_task = ScanTaskId(state.scan_tasks.get_max().map_or(0, |(id, _)| id.0) + 1);
                Event::ScanTaskCreated { scan_task, agent, name, ranges, interval_s, credentials, passwords_to_unknown }
            }
            Control::ChangeScanTask {
                scan_task,
                name,
                ranges,
                interval_s,
                enabled,
                passwords_to_unknown,
                passwords,
            } => {
                let credentials = match passwords {
                    Passwords::Keep => state.scan_task(scan_task).and_then(|task| task.credentials.clone()),
                    Passwords::None => None,
                    Passwords::Sealed(reference) => Some(reference),
                };
                Event::ScanTaskChanged {
                    scan_task,
                    name,
                    ranges,
                    interval_s,
                    enabled,
                    credentials,
                    passwords_to_unknown,
                }
            }
            Control::RemoveScanTask { scan_task } => Event::ScanTaskRemoved { scan_task },
            Control::RemoveSubAccount { sub_account } => Event::SubAccountRemoved { sub_account },
            _ => return Vec::new(),
        };
        vec![event]
    }

    /// A name that fits, and that no other sub-account of the account has.
    pub(crate) fn sub_account_name_is_free(
        &self,
        account: AccountId,
        name: &str,
        but: Option<SubAccountId>,
    ) -> Result<(), Rejection> {
        let fits = LENGTHS.contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit());
        if !fits {
            return Err(Rejection::Invalid { field: "name", problem: "5 to 20 small letters and digits".into() });
        }
        let mut others = self.state().sub_accounts_of(account).filter(|other| Some(other.id) != but);
        if others.any(|other| other.name == name) { Err(exists("a sub-account", name)) } else { Ok(()) }
    }
}

fn exists(what: &str, name: &str) -> Rejection {
    Rejection::AlreadyExists { what: format!("{what} called {name}") }
}
