//! What a request asks for: which permission it takes, and whose policy governs it.

mod named;

use super::{Control, GrantChange, NewGrant, Scenario};
use crate::{
    authz::Permission,
    fleet::{OpKind, Operation, SecretRef},
};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::marker::PhantomData;

/// What a request asks for. As it comes in, passwords stand in it themselves ([`PoolPassword`](crate::fleet::PoolPassword)).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action<P = SecretRef> {
    /// An operation on devices.
    Device(Operation<P>),
    /// Anything else.
    Control(Control),
}

/// Names of the device operations, as [`Action`]s are told apart by them.
const OPERATIONS: [&str; 7] = ["reboot", "restart_mining", "pause", "resume", "set_power_mode", "locate", "set_pools"];

impl Serialize for Action {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Device(operation) => operation.serialize(s),
            Self::Control(control) => control.serialize(s),
        }
    }
}

impl<'de, P: Deserialize<'de>> Deserialize<'de> for Action<P> {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        d.deserialize_struct("Action", &[named::FIELD, "params"], named::Visit(PhantomData))
    }
}

impl Action {
    /// As an amendment of `old`, with the passwords of the [pools that stay](Operation::keeping_passwords_of).
    #[must_use]
    pub fn keeping_passwords_of(self, old: &Self) -> Self {
        match (self, old) {
            (Self::Device(operation), Self::Device(old)) => Self::Device(operation.keeping_passwords_of(old)),
            (other @ Self::Device(_), Self::Control(_)) | (other @ Self::Control(_), _) => other,
        }
    }
}

impl<P> Action<P> {
    /// The passwords of pools in it, or what stands for them.
    pub fn pool_passwords(&self) -> impl Iterator<Item = &P> {
        let operation = match self {
            Self::Device(operation) => Some(operation),
            Self::Control(_) => None,
        };
        operation.into_iter().flat_map(Operation::passwords)
    }

    /// The same with something else in the place of each of them; `with` is told of which pool it is, from 0.
    ///
    /// # Errors
    /// The first of `with`.
    pub fn with_pool_passwords<Q, E>(self, with: impl FnMut(usize, P) -> Result<Q, E>) -> Result<Action<Q>, E> {
        Ok(match self {
            Self::Device(operation) => Action::Device(operation.with_passwords(with)?),
            Self::Control(control) => Action::Control(control),
        })
    }
}

impl Action {
    /// What the initiator must hold on every target.
    #[must_use]
    pub const fn permission(&self) -> Permission {
        match self {
            Self::Device(operation) => match operation.kind() {
                OpKind::Reboot => Permission::DeviceReboot,
                OpKind::RestartMining => Permission::DeviceRestart,
                OpKind::Pause | OpKind::Resume => Permission::DevicePause,
                OpKind::SetPowerMode => Permission::DevicePowerMode,
                OpKind::Locate => Permission::DeviceLocate,
                OpKind::SetPools => Permission::DevicePools,
            },
            Self::Control(control) => match control {
                Control::RestartWorkers { .. } => Permission::SystemRestartWorkers,
                Control::SetPolicies { .. } | Control::SetSafeguards(_) | Control::SetSecondFactorRequired { .. } => {
                    Permission::ApprovalPolicyChange
                }
                Control::AddGrant(_)
                | Control::ChangeGrant(_)
                | Control::RemoveGrant { .. }
                | Control::RemoveUser { .. }
                | Control::UnsuspendUser { .. }
                | Control::CreateGroup { .. }
                | Control::ChangeGroup { .. }
                | Control::DeleteGroup { .. }
                | Control::SetAdministratorsManageUsers { .. } => Permission::UserManage,
                Control::SuspendUser { .. } => Permission::UserSuspend,
                Control::CreateRole { .. } | Control::ChangeRole { .. } | Control::DeleteRole { .. } => {
                    Permission::RoleManage
                }
                Control::CreateSite { .. } | Control::ChangeSite { .. } | Control::RemoveSite { .. } => {
                    Permission::SiteManage
                }
                Control::CreateAgent { .. }
                | Control::ReissueAgentToken { .. }
                | Control::ChangeAgent { .. }
                | Control::RevokeAgent { .. } => Permission::AgentManage,
                Control::CreateScanTask { .. } | Control::ChangeScanTask { .. } | Control::RemoveScanTask { .. } => {
                    Permission::ScanTaskManage
                }
                Control::RemoveSubAccount { .. } => Permission::SubaccountDelete,
                Control::IssueObserverLink(_)
                | Control::NarrowObserverLink { .. }
                | Control::RevokeObserverLink { .. }
                | Control::ProtectObservers {}
                | Control::OpenObservers { .. } => Permission::ObserverManage,
                Control::SetWallet { .. } => Permission::WalletChange,
                Control::SetAllocation { .. } => Permission::AllocationChange,
                Control::PlaceDevices { .. } | Control::MoveDevices { .. } => Permission::DeviceMove,
                Control::AssignDevices { .. } => Permission::HashrateTransfer,
                Control::IssueKey(_) | Control::RevokeKey { .. } => Permission::ApiKeyManage,
                Control::FreezeAccount {} | Control::KeepAccount {} => Permission::AccountFreeze,
                Control::DeleteAccount { .. } => Permission::AccountDelete,
                Control::UnfreezeAccount {} => Permission::AccountUnfreeze,
                Control::TransferOwnership { .. } => Permission::OwnershipTransfer,
                Control::Recover(_) => Permission::GovernanceRecover,
            },
        }
    }

    /// May a program ask for it? What people, roles, rules and keys are is for people to ask.
    #[must_use]
    pub const fn is_for_programs(&self) -> bool {
        match self {
            Self::Device(_) => true,
            Self::Control(control) => matches!(
                control,
                Control::RestartWorkers { .. }
                    | Control::CreateSite { .. }
                    | Control::CreateAgent { .. }
                    | Control::CreateScanTask { .. }
                    | Control::ChangeScanTask { .. }
                    | Control::RemoveScanTask { .. }
                    | Control::SetWallet { .. }
                    | Control::SetAllocation { .. }
            ),
        }
    }

    /// Whose policy governs it.
    #[must_use]
    pub const fn scenario(&self) -> Scenario {
        match self {
            Self::Device(operation) => match operation.kind() {
                OpKind::Reboot | OpKind::RestartMining | OpKind::Pause | OpKind::Resume => Scenario::FleetPower,
                OpKind::SetPowerMode => Scenario::FleetMode,
                OpKind::Locate => Scenario::FleetLed,
                OpKind::SetPools => Scenario::FleetPoolChange,
            },
            Self::Control(control) => match control {
                Control::RestartWorkers { .. } => Scenario::FleetRestartWorkers,
                Control::SetPolicies { .. } | Control::SetSafeguards(_) | Control::SetSecondFactorRequired { .. } => {
                    Scenario::ApprovalConfigUpdate
                }
                // Keys are a matter of their own, however they come about.
                Control::AddGrant(NewGrant { api_access, .. })
                | Control::ChangeGrant(GrantChange { api_access, .. })
                    if !api_access.is_none() =>
                {
                    Scenario::AuthorizationApiAccess
                }
                Control::AddGrant(_) => Scenario::AuthorizationAdd,
                Control::ChangeGrant(_)
                | Control::CreateGroup { .. }
                | Control::ChangeGroup { .. }
                | Control::DeleteGroup { .. }
                | Control::SetAdministratorsManageUsers { .. } => Scenario::AuthorizationUpdate,
                Control::RemoveGrant { .. } | Control::RemoveUser { .. } => Scenario::AuthorizationRemove,
                Control::SuspendUser { .. } => Scenario::AuthorizationSuspend,
                Control::UnsuspendUser { .. } => Scenario::AuthorizationUnsuspend,
                Control::CreateRole { .. } | Control::ChangeRole { .. } | Control::DeleteRole { .. } => {
                    Scenario::AuthorizationRole
                }
                Control::CreateSite { .. } | Control::ChangeSite { .. } | Control::RemoveSite { .. } => {
                    Scenario::FleetSite
                }
                Control::CreateAgent { .. }
                | Control::ReissueAgentToken { .. }
                | Control::ChangeAgent { .. }
                | Control::RevokeAgent { .. } => Scenario::FleetAgent,
                Control::CreateScanTask { .. } | Control::ChangeScanTask { .. } | Control::RemoveScanTask { .. } => {
                    Scenario::FleetScan
                }
                Control::RemoveSubAccount { .. } => Scenario::SubaccountDelete,
                Control::IssueObserverLink(new) if new.sections.earnings => Scenario::ObserverLinkWithRevenue,
                Control::IssueObserverLink(_) => Scenario::ObserverLink,
                Control::NarrowObserverLink { .. }
                | Control::RevokeObserverLink { .. }
                | Control::ProtectObservers {} => Scenario::ObserverClose,
                Control::OpenObservers { .. } => Scenario::ObserverProtectionOff,
                Control::SetWallet { .. } => Scenario::WalletAddressUpdate,
                Control::SetAllocation { .. } => Scenario::RevenueAllocationSet,
                Control::PlaceDevices { .. } | Control::MoveDevices { .. } => Scenario::FleetInventory,
                Control::AssignDevices { .. } => Scenario::HashrateTransfer,
                Control::IssueKey(_) => Scenario::ApikeyIssueWrite,
                // What makes things safer waits for nobody.
                Control::RevokeKey { .. } => Scenario::AuthorizationSuspend,
                Control::FreezeAccount {} | Control::KeepAccount {} => Scenario::AccountFreeze,
                Control::DeleteAccount { .. } => Scenario::AccountDelete,
                Control::UnfreezeAccount {} => Scenario::AccountUnfreeze,
                Control::TransferOwnership { .. } => Scenario::OwnershipTransfer,
                Control::Recover(_) => Scenario::GovernanceRecover,
            },
        }
    }
}
