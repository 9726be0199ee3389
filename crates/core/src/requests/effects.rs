//! What changes the account itself: checked when it is asked for, checked again when it is carried out, done in the same
//! breath as the request's end.

use super::{Action, Control, PolicyChange, submit::check_operation};
use crate::{
    decide::Tx,
    event::Event,
    ids::AccountId,
    rejection::{Instead, Rejection},
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
            Control::SetSafeguards(_) => {
                let scenarios = self.locked_out_by(account, control);
                let instead = Instead::LowerFirst;
                if scenarios.is_empty() { Ok(()) } else { Err(Rejection::WouldLockOut { scenarios, instead }) }
            }
            Control::Recover(recovery) => self.check_recovery(account, recovery),
            control if control.is_structure() => self.check_structure(account, control),
            control if control.is_about_observers() => self.check_observers(account, control),
            Control::SetWallet { .. } | Control::SetAllocation { .. } => self.check_money(account, control),
            Control::IssueKey(new) => self.check_new_key(account, new),
            Control::RevokeKey { key } => self.check_key(account, *key),
            Control::FreezeAccount {} | Control::UnfreezeAccount {} => Ok(()),
            Control::DeleteAccount { name } => {
                let fits = self.state().account(account).is_some_and(|account| account.name == *name);
                let problem = "type the account's name exactly as it is written".into();
                if fits { Ok(()) } else { Err(Rejection::Invalid { field: "name", problem }) }
            }
            Control::KeepAccount {} => {
                // Once its moment has come, what is open is being ended.
                let deletion = self.state().account(account).and_then(|account| account.deletion);
                if deletion.is_some_and(|at| self.now() < at) {
                    Ok(())
                } else {
                    Err(Rejection::NotFound { what: "deletion to undo" })
                }
            }
            Control::PlaceDevices { .. } | Control::AssignDevices { .. } | Control::MoveDevices { .. } => {
                self.check_inventory(account, control)
            }
            Control::CreateGroup { .. } | Control::ChangeGroup { .. } | Control::DeleteGroup { .. } => {
                self.check_group(account, control)
            }
            _ => self.check_people(account, control),
        }
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
        match control.clone() {
            Control::RestartWorkers { .. } => Vec::new(),
            Control::SetPolicies { changes } => self.policy_effects(account, &changes),
            Control::SetSafeguards(safeguards) => vec![Event::SafeguardsSet { account, safeguards }],
            control if control.is_structure() => self.structure_effects(account, control),
            control if control.is_about_observers() => self.observer_effect(account, control).into_iter().collect(),
            Control::SetWallet { .. } | Control::SetAllocation { .. } => {
                self.money_effect(control).into_iter().collect()
            }
            Control::IssueKey(_) | Control::RevokeKey { .. } => self.key_effect(account, control).into_iter().collect(),
            Control::Recover(recovery) => self.recovery_effects(account, &recovery),
            Control::FreezeAccount {} => vec![Event::AccountFrozen { account }],
            Control::DeleteAccount { .. } => {
                vec![Event::AccountDeletionBegun { account, at: self.now().after(DELETION_DELAY) }]
            }
            Control::KeepAccount {} => vec![Event::AccountDeletionUndone { account }],
            Control::UnfreezeAccount {} => vec![Event::AccountUnfrozen { account }],
            other @ (Control::PlaceDevices { .. } | Control::AssignDevices { .. } | Control::MoveDevices { .. }) => {
                self.inventory_effects(account, &other)
            }
            other @ (Control::CreateGroup { .. } | Control::ChangeGroup { .. } | Control::DeleteGroup { .. }) => {
                self.group_effect(account, other).into_iter().collect()
            }
            other => self.people_effects(account, &other),
        }
    }
}

pub(crate) fn check_name(name: &str) -> Result<(), Rejection> {
    let fits = name.trim() == name && (1..=60).contains(&name.chars().count()) && !name.chars().any(char::is_control);
    let problem = "1 to 60 characters without control characters or blanks at either end";
    if fits { Ok(()) } else { Err(Rejection::Invalid { field: "name", problem: problem.into() }) }
}
