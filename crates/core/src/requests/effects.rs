//! What changes the account itself: checked when it is asked for, checked again when it is carried out, done in the same
//! breath as the request's end.

use super::{Action, Control, PolicyChange, submit::check_operation};
use crate::{
    decide::Tx,
    event::Event,
    ids::{AccountId, AgentId, ScanTaskId, SiteId},
    rejection::Rejection,
    time::Millis,
};

/// How long a deletion can be undone.
pub const DELETION_DELAY: Millis = Millis::days(7);

impl Tx {
    /// Would it be right to do this now?
    pub(crate) fn check_action(&self, account: AccountId, action: &Action) -> Result<(), Rejection> {
        match action {
            Action::Device(operation) => check_operation(operation),
            Action::Control(control) => self.check_control(account, control),
        }
    }

    fn check_control(&self, account: AccountId, control: &Control) -> Result<(), Rejection> {
        match control {
            Control::RestartWorkers { site } => self.own_site(account, *site),
            Control::SetPolicies { changes } => self.check_policies(account, changes),
            Control::SetSafeguards(new) if *new == self.state().safeguards(account) => {
                Err(Rejection::AlreadyExists { what: "these safeguards".into() })
            }
            Control::SetSafeguards(_) => Ok(()),
            Control::Recover(recovery) => self.check_recovery(account, recovery),
            Control::CreateSite { name, .. } => {
                let taken = self.state().sites_of(account).any(|site| site.name == *name);
                check_name(name).and_then(|()| if taken { Err(exists("a site", name)) } else { Ok(()) })
            }
            Control::CreateAgent { site, name, token_hash } => {
                self.own_site(account, *site)?;
                check_name(name)?;
                if token_hash.len() != 64 || !token_hash.bytes().all(|b| b.is_ascii_hexdigit()) {
                    return Err(Rejection::Invalid { field: "token_hash", problem: "64 hex digits".into() });
                }
                let taken = self.state().agents_of(account).any(|agent| agent.site == *site && agent.name == *name);
                if taken { Err(exists("an agent", name)) } else { Ok(()) }
            }
            Control::CreateScanTask { agent, name, ranges, interval_s } => {
                let own = self.state().agent(*agent).is_some_and(|agent| agent.account == account);
                if !own {
                    return Err(Rejection::NotFound { what: "agent" });
                }
                check_name(name)?;
                check_scan(ranges, *interval_s)
            }
            Control::IssueKey(new) => self.check_new_key(account, new),
            Control::RevokeKey { key } => self.check_key(account, *key),
            Control::FreezeAccount {} | Control::UnfreezeAccount {} => Ok(()),
            Control::DeleteAccount { name } => {
                let fits = self.state().account(account).is_some_and(|account| account.name == *name);
                let problem = "type the account's name exactly as it is written".into();
                if fits { Ok(()) } else { Err(Rejection::Invalid { field: "name", problem }) }
            }
            Control::KeepAccount {} => {
                let closing = self.state().account(account).is_some_and(|account| account.deletion.is_some());
                if closing { Ok(()) } else { Err(Rejection::NotFound { what: "deletion to undo" }) }
            }
            Control::PlaceDevices { .. } | Control::AssignDevices { .. } => self.check_inventory(account, control),
            Control::CreateGroup { .. } | Control::ChangeGroup { .. } | Control::DeleteGroup { .. } => {
                self.check_group(account, control)
            }
            _ => self.check_people(account, control),
        }
    }

    pub(crate) fn own_site(&self, account: AccountId, site: SiteId) -> Result<(), Rejection> {
        let own = self.state().site(site).is_some_and(|site| site.account == account);
        if own { Ok(()) } else { Err(Rejection::NotFound { what: "site" }) }
    }

    pub(crate) fn check_named_once(&self, changes: &[PolicyChange]) -> Result<(), Rejection> {
        let named = |at: usize| changes[..at].iter().any(|other| other.scenario == changes[at].scenario);
        (0..changes.len()).find(|at| named(*at)).map_or(Ok(()), |at| {
            let problem = format!("{} is named twice", changes[at].scenario.name());
            Err(Rejection::Invalid { field: "changes", problem })
        })
    }

    pub(crate) fn take_effect(&mut self, account: AccountId, control: &Control) {
        for event in self.effects_of(account, control) {
            self.emit(event);
        }
    }

    /// What it comes to, as things are now.
    pub(crate) fn effects_of(&self, account: AccountId, control: &Control) -> Vec<Event> {
        let state = self.state();
        match control.clone() {
            Control::RestartWorkers { .. } => Vec::new(),
            Control::SetPolicies { changes } => self.policy_effects(account, &changes),
            Control::SetSafeguards(safeguards) => vec![Event::SafeguardsSet { account, safeguards }],
            Control::CreateSite { name, capacity_w } => {
                let site = SiteId(state.sites.get_max().map_or(0, |(id, _)| id.0) + 1);
                vec![Event::SiteCreated { site, account, name, capacity_w }]
            }
            Control::CreateAgent { site, name, token_hash } => {
                let agent = AgentId(state.agents.get_max().map_or(0, |(id, _)| id.0) + 1);
                vec![Event::AgentCreated { agent, account, site, name, token_hash }]
            }
            Control::CreateScanTask { agent, name, ranges, interval_s } => {
                let scan_task = ScanTaskId(state.scan_tasks.get_max().map_or(0, |(id, _)| id.0) + 1);
                vec![Event::ScanTaskCreated { scan_task, agent, name, ranges, interval_s }]
            }
            Control::IssueKey(_) | Control::RevokeKey { .. } => self.key_effect(account, control).into_iter().collect(),
            Control::Recover(recovery) => self.recovery_effects(account, &recovery),
            Control::FreezeAccount {} => vec![Event::AccountFrozen { account }],
            Control::DeleteAccount { .. } => {
                vec![Event::AccountDeletionBegun { account, at: self.now().after(DELETION_DELAY) }]
            }
            Control::KeepAccount {} => vec![Event::AccountDeletionUndone { account }],
            Control::UnfreezeAccount {} => vec![Event::AccountUnfrozen { account }],
            other @ (Control::PlaceDevices { .. } | Control::AssignDevices { .. }) => {
                self.inventory_effects(account, &other)
            }
            other @ (Control::CreateGroup { .. } | Control::ChangeGroup { .. } | Control::DeleteGroup { .. }) => {
                self.group_effect(account, other).into_iter().collect()
            }
            other => self.people_effects(account, &other),
        }
    }
}

fn exists(what: &str, name: &str) -> Rejection {
    Rejection::AlreadyExists { what: format!("{what} called {name}") }
}

pub(crate) fn check_name(name: &str) -> Result<(), Rejection> {
    let fits = name.trim() == name && (1..=60).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    let problem = "1 to 60 characters without control characters or blanks at either end";
    if fits { Ok(()) } else { Err(Rejection::Invalid { field: "name", problem: problem.into() }) }
}

fn check_scan(ranges: &[String], interval_s: u32) -> Result<(), Rejection> {
    if ranges.is_empty() || ranges.len() > 256 || ranges.iter().any(|range| range.is_empty() || range.len() > 64) {
        let problem = "1 to 256 ranges of at most 64 characters, such as 10.0.0.0/24".into();
        return Err(Rejection::Invalid { field: "ranges", problem });
    }
    if !(30..=86_400).contains(&interval_s) {
        return Err(Rejection::OutOfRange { field: "interval_s".into(), min: 30, max: 86_400 });
    }
    Ok(())
}
