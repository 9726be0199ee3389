//! What is asked for, in words.

use super::{Action, Control, NewGrant};
use crate::{
    authz::RoleId,
    fleet::{Operation, PowerMode},
    ids::SubAccountId,
    state::State,
};

impl Action {
    /// For people, in the imperative: "Power mode sleep", "Restart collection workers".
    #[must_use]
    pub fn title(&self) -> String {
        match self {
            Self::Device(operation) => match operation {
                Operation::Reboot {} => "Reboot".into(),
                Operation::RestartMining {} => "Restart mining".into(),
                Operation::Pause {} => "Pause".into(),
                Operation::Resume {} => "Resume".into(),
                Operation::SetPowerMode { mode } => format!("Power mode {}", mode_name(*mode)),
                Operation::Locate { on: true } => "Locate light on".into(),
                Operation::Locate { on: false } => "Locate light off".into(),
                Operation::SetPools { .. } => "Set pools".into(),
            },
            Self::Control(control) => match control {
                Control::RestartWorkers { .. } => "Restart collection workers".into(),
                Control::SetPolicies { .. } => "Change approval rules".into(),
                Control::SetSafeguards(_) => "Change the safeguards of approval rules".into(),
                Control::AddGrant(NewGrant { role: RoleId::BuiltIn(role), .. }) => format!("Grant {}", role.title()),
                Control::AddGrant(_) => "Grant a role".into(),
                Control::ChangeGrant(_) => "Change a grant".into(),
                Control::RemoveGrant { .. } => "Remove a grant".into(),
                Control::RemoveUser { .. } => "Remove a person".into(),
                Control::SuspendUser { .. } => "Suspend a person".into(),
                Control::UnsuspendUser { .. } => "End a suspension".into(),
                Control::CreateRole { name, .. } => format!("Create role {name}"),
                Control::ChangeRole { name, .. } => format!("Change role {name}"),
                Control::DeleteRole { .. } => "Delete a role".into(),
                Control::SetSecondFactorRequired { on: true } => "Ask approvers for a second factor".into(),
                Control::SetSecondFactorRequired { on: false } => "Ask approvers for no second factor".into(),
                Control::SetAdministratorsManageUsers { on: true } => "Let Administrators manage people".into(),
                Control::SetAdministratorsManageUsers { on: false } => "Let only the Owner manage people".into(),
                Control::CreateSite { name, .. } => format!("Create site {name}"),
                Control::ChangeSite { name, .. } => format!("Change site {name}"),
                Control::RemoveSite { name, .. } => format!("Remove site {name}"),
                Control::CreateAgent { name, .. } => format!("Create agent {name}"),
                Control::ReissueAgentToken { agent, .. } => format!("Give agent {agent} another enrolment token"),
                Control::ChangeAgent { name, .. } => format!("Change agent {name}"),
                Control::RevokeAgent { agent } => format!("Revoke agent {agent}"),
                Control::CreateScanTask { name, .. } => format!("Create scan task {name}"),
                Control::ChangeScanTask { name, .. } => format!("Change scan task {name}"),
                Control::RemoveScanTask { scan_task } => format!("Remove scan task {scan_task}"),
                Control::RemoveSubAccount { sub_account } => format!("Remove sub-account {sub_account}"),
                Control::IssueObserverLink(new) => format!("Issue observer link {}", new.label),
                Control::NarrowObserverLink { link, .. } => format!("Show less by observer link {link}"),
                Control::RevokeObserverLink { link } => format!("Revoke observer link {link}"),
                Control::ProtectObservers {} => "Show sub-accounts by observer links only".into(),
                Control::OpenObservers { .. } => "Show sub-accounts to whoever knows their names".into(),
                Control::SetWallet { sub_account, .. } => format!("Change the wallet of sub-account {sub_account}"),
                Control::SetAllocation { sub_account, .. } => {
                    format!("Change how revenue of sub-account {sub_account} is shared out")
                }
                Control::PlaceDevices { .. } => "Place devices".into(),
                Control::MoveDevices { agent, .. } => format!("Move devices to agent {agent}"),
                Control::AssignDevices { .. } => "Assign devices to a sub-account".into(),
                Control::CreateGroup { name, .. } => format!("Create group {name}"),
                Control::ChangeGroup { name, .. } => format!("Change group {name}"),
                Control::DeleteGroup { .. } => "Delete a group".into(),
                Control::IssueKey(new) => format!("Issue API key {}", new.name),
                Control::RevokeKey { key } => format!("Revoke API key {key}"),
                Control::DeleteAccount { .. } => "Delete the account".into(),
                Control::KeepAccount {} => "Keep the account".into(),
                Control::FreezeAccount {} => "Freeze the account".into(),
                Control::UnfreezeAccount {} => "Unfreeze the account".into(),
                Control::TransferOwnership { .. } => "Transfer ownership".into(),
                Control::Recover(_) => "Recover governance".into(),
            },
        }
    }
}

impl State {
    /// An action's title, with names in place of ids where there are any.
    #[must_use]
    pub fn title_of(&self, action: &Action) -> String {
        let Action::Control(control) = action else { return action.title() };
        let sub_account = |id: &SubAccountId| self.sub_account_ever(*id).map(|of| of.name.as_str());
        let named = match control {
            Control::SetWallet { sub_account: id, .. } => {
                sub_account(id).map(|name| format!("Change the wallet of {name}"))
            }
            Control::SetAllocation { sub_account: id, .. } => {
                sub_account(id).map(|name| format!("Change how revenue of {name} is shared out"))
            }
            Control::RemoveSubAccount { sub_account: id } => {
                sub_account(id).map(|name| format!("Remove sub-account {name}"))
            }
            Control::RevokeAgent { agent } => self.agent_ever(*agent).map(|of| format!("Revoke agent {}", of.name)),
            Control::RemoveScanTask { scan_task } => {
                self.scan_task_ever(*scan_task).map(|of| format!("Remove scan task {}", of.name))
            }
            Control::NarrowObserverLink { link, .. } => {
                self.observer_link(*link).map(|of| format!("Show less by observer link {}", of.label))
            }
            Control::RevokeObserverLink { link } => {
                self.observer_link(*link).map(|of| format!("Revoke observer link {}", of.label))
            }
            Control::RevokeKey { key } => self.key(*key).map(|of| format!("Revoke API key {}", of.name)),
            _ => None,
        };
        named.unwrap_or_else(|| action.title())
    }
}

/// A mode's name in the API and for people.
#[must_use]
pub const fn mode_name(mode: PowerMode) -> &'static str {
    match mode {
        PowerMode::Sleep => "sleep",
        PowerMode::Low => "low",
        PowerMode::Normal => "normal",
        PowerMode::High => "high",
    }
}
