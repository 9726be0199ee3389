//! What changes the account itself: checked when it is asked for, checked again when it is carried out, done in the same
//! breath as the request's end.

use super::{Action, Control, PolicyChange, Scenario, submit::check_operation};
use crate::{
    authz::Role,
    decide::Tx,
    event::Event,
    ids::{AccountId, AgentId, GrantId, ScanTaskId, SiteId},
    rejection::Rejection,
};

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
            Control::AddGrant { user, role, .. } => self.check_add_grant(account, *user, *role),
            Control::RemoveGrant { grant } => self.check_remove_grant(account, *grant),
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
            Control::FreezeAccount {} | Control::UnfreezeAccount {} => Ok(()),
        }
    }

    fn own_site(&self, account: AccountId, site: SiteId) -> Result<(), Rejection> {
        let own = self.state().site(site).is_some_and(|site| site.account == account);
        if own { Ok(()) } else { Err(Rejection::NotFound { what: "site" }) }
    }

    /// One approval at least, and no more than there are people to give them.
    fn check_policies(&self, account: AccountId, changes: &[PolicyChange]) -> Result<(), Rejection> {
        if changes.is_empty() {
            return Err(Rejection::Invalid { field: "changes", problem: "name at least one scenario".into() });
        }
        for (at, change) in changes.iter().enumerate() {
            if changes[..at].iter().any(|other| other.scenario == change.scenario) {
                let problem = format!("{} is named twice", change.scenario.name());
                return Err(Rejection::Invalid { field: "changes", problem });
            }
            let people = self.state().available(account, change.scenario, self.now());
            let counts = self.state().policy(account, change.scenario).initiator_counts;
            let most = if counts { people } else { people.saturating_sub(1) };
            let name = change.scenario.name();
            if change.required < 1 || change.required > most {
                return Err(Rejection::OutOfRange { field: format!("{name} required"), min: 1, max: most.into() });
            }
            let others = people.saturating_sub(1);
            if change.required_other > others {
                return Err(Rejection::OutOfRange {
                    field: format!("{name} required_other"),
                    min: 0,
                    max: others.into(),
                });
            }
        }
        Ok(())
    }

    fn check_add_grant(&self, account: AccountId, user: crate::ids::UserId, role: Role) -> Result<(), Rejection> {
        if !self.state().users.contains(&user) {
            return Err(Rejection::NotFound { what: "person" });
        }
        if role == Role::Owner {
            return Err(Rejection::OwnerProtected);
        }
        let holds = self.state().grants_of(account).any(|grant| grant.user == user);
        if holds {
            Err(Rejection::AlreadyExists { what: "a grant for this person: change that one".into() })
        } else {
            Ok(())
        }
    }

    fn check_remove_grant(&self, account: AccountId, id: GrantId) -> Result<(), Rejection> {
        let grant = self.state().grants.get(&id).filter(|grant| grant.account == account);
        let grant = grant.ok_or(Rejection::NotFound { what: "grant" })?;
        if grant.role == Role::Owner {
            return Err(Rejection::OwnerProtected);
        }
        let scenarios = self.locked_out(account, Some(id));
        if scenarios.is_empty() { Ok(()) } else { Err(Rejection::WouldLockOut { scenarios }) }
    }

    /// Scenarios that nobody could get approved any more without this grant.
    pub(crate) fn locked_out(&self, account: AccountId, without: Option<GrantId>) -> Vec<Scenario> {
        let short = |scenario: &Scenario| {
            let policy = self.state().policy(account, *scenario);
            let after = self.state().available_without(account, *scenario, without, self.now());
            policy.required > after
        };
        Scenario::ALL.iter().copied().filter(short).collect()
    }

    pub(crate) fn take_effect(&mut self, account: AccountId, control: &Control) {
        match control.clone() {
            Control::RestartWorkers { .. } => {}
            Control::SetPolicies { changes } => {
                for change in changes {
                    let mut policy = self.state().policy(account, change.scenario);
                    policy.version += 1;
                    policy.required = change.required;
                    policy.required_other = change.required_other;
                    self.emit(Event::PolicySet { account, scenario: change.scenario, policy });
                }
            }
            Control::AddGrant { user, role, scope } => {
                let grant = GrantId(self.state().next_grant + 1);
                self.emit(Event::GrantAdded { grant, account, user, role, scope, expires_at: None });
            }
            Control::RemoveGrant { grant } => self.emit(Event::GrantRemoved { grant }),
            Control::CreateSite { name, capacity_w } => {
                let site = SiteId(self.state().sites.get_max().map_or(0, |(id, _)| id.0) + 1);
                self.emit(Event::SiteCreated { site, account, name, capacity_w });
            }
            Control::CreateAgent { site, name, token_hash } => {
                let agent = AgentId(self.state().agents.get_max().map_or(0, |(id, _)| id.0) + 1);
                self.emit(Event::AgentCreated { agent, account, site, name, token_hash });
            }
            Control::CreateScanTask { agent, name, ranges, interval_s } => {
                let scan_task = ScanTaskId(self.state().scan_tasks.get_max().map_or(0, |(id, _)| id.0) + 1);
                self.emit(Event::ScanTaskCreated { scan_task, agent, name, ranges, interval_s });
            }
            Control::FreezeAccount {} => self.emit(Event::AccountFrozen { account }),
            Control::UnfreezeAccount {} => self.emit(Event::AccountUnfrozen { account }),
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
