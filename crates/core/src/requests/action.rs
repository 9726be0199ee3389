//! What can be asked for, and the exact bytes that are approved.

use super::{GrantChange, NewGrant, NewKey, PolicyChange, Recovery, Safeguards, Scenario};
use crate::{
    authz::{Permission, Principal, Role, RoleId},
    fleet::{AgentMode, OpKind, Operation, PowerMode},
    ids::{
        AccountId, AgentId, ContainerId, CustomRoleId, DeviceId, GrantId, GroupId, KeyId, ScanTaskId, SiteId,
        SubAccountId, UserId,
    },
    time::Timestamp,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest, Sha256};
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    str::FromStr,
};

/// Most targets one request may have.
pub const MAX_TARGETS: usize = 100_000;

/// What becomes of a scan task's passwords.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Passwords {
    /// They stay.
    #[default]
    Keep,
    /// It has none.
    None,
    /// It has those that are kept under this reference, which no other task has.
    Sealed(String),
}

impl Passwords {
    /// Do they stay?
    #[must_use]
    pub const fn is_kept(&self) -> bool {
        matches!(self, Self::Keep)
    }
}

/// Something other than a device operation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", content = "params", rename_all = "snake_case", deny_unknown_fields)]
pub enum Control {
    /// Every agent of the site stops its collection workers and starts them again.
    RestartWorkers {
        /// Which site.
        site: SiteId,
    },
    /// Changes approval counts, all or none.
    SetPolicies {
        /// At most one for each scenario.
        changes: Vec<PolicyChange>,
    },
    /// Gives a person a role.
    AddGrant(NewGrant),
    /// Gives another role, reach or end in a grant's place.
    ChangeGrant(GrantChange),
    /// Ends a grant.
    RemoveGrant {
        /// Which.
        grant: GrantId,
    },
    /// Ends all of a person's grants, and in the same breath lowers counts that need them.
    RemoveUser {
        /// Whose. Not the owner's.
        user: UserId,
        /// At most one for each scenario.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        changes: Vec<PolicyChange>,
    },
    /// A person's grants give nothing until further notice. At once, by one person.
    SuspendUser {
        /// Whose. Not the owner's.
        user: UserId,
    },
    /// Ends a suspension.
    UnsuspendUser {
        /// Whose.
        user: UserId,
    },
    /// Makes a role of the account's own.
    CreateRole {
        /// Name, 1 to 60 characters; no other role has it.
        name: String,
        /// What it holds, at least one.
        permissions: BTreeSet<Permission>,
    },
    /// Changes a role of the account's own, for everybody who holds it.
    ChangeRole {
        /// Which.
        role: CustomRoleId,
        /// Name.
        name: String,
        /// What it holds from now on.
        permissions: BTreeSet<Permission>,
    },
    /// Deletes a role of the account's own that nobody holds.
    DeleteRole {
        /// Which.
        role: CustomRoleId,
    },
    /// Whether Administrators manage people below Administrator. Shipped: no.
    SetAdministratorsManageUsers {
        /// Yes or no.
        on: bool,
    },
    /// Says which hardening rules hold.
    SetSafeguards(Safeguards),
    /// Makes a site.
    CreateSite {
        /// Name, 1 to 60 characters, unique in the account.
        name: String,
        /// What the site may draw, W.
        capacity_w: Option<u64>,
    },
    /// Changes what a site is called and may draw.
    ChangeSite {
        /// Which.
        site: SiteId,
        /// Name, 1 to 60 characters, unique in the account.
        name: String,
        /// What the site may draw, W.
        capacity_w: Option<u64>,
    },
    /// Takes a site away, with its containers, agents, scan tasks and devices.
    RemoveSite {
        /// Which.
        site: SiteId,
        /// Its name once more, so that nobody takes away another than they mean.
        name: String,
    },
    /// Makes an agent that can enrol with a one-time token.
    CreateAgent {
        /// Where it will stand.
        site: SiteId,
        /// Name, 1 to 60 characters, unique on the site.
        name: String,
        /// SHA-256 of the token, in hex.
        token_hash: String,
    },
    /// Changes what an agent is called and how it works.
    ChangeAgent {
        /// Which.
        agent: AgentId,
        /// Name, 1 to 60 characters, unique on the site.
        name: String,
        /// Whether it carries out orders.
        mode: AgentMode,
        /// It neither searches nor polls; what it is to do is kept.
        paused: bool,
    },
    /// An agent's key opens nothing any more, and its scan tasks go with it.
    RevokeAgent {
        /// Which.
        agent: AgentId,
    },
    /// Gives an agent ranges to search.
    CreateScanTask {
        /// Whose.
        agent: AgentId,
        /// Name, 1 to 60 characters.
        name: String,
        /// IPv4 ranges, 1 to 256 of them.
        ranges: Vec<String>,
        /// Seconds between two sweeps, 30 to 86 400.
        interval_s: u32,
        /// Under which reference its passwords are kept, outside the log; no other task's.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        credentials: Option<String>,
    },
    /// Changes what an agent searches.
    ChangeScanTask {
        /// Which.
        scan_task: ScanTaskId,
        /// Name, 1 to 60 characters.
        name: String,
        /// IPv4 ranges, 1 to 256 of them.
        ranges: Vec<String>,
        /// Seconds between two sweeps, 30 to 86 400.
        interval_s: u32,
        /// Off: it is not swept.
        enabled: bool,
        /// Whether it has other passwords from now on.
        #[serde(default, skip_serializing_if = "Passwords::is_kept")]
        passwords: Passwords,
    },
    /// Takes ranges away from an agent.
    RemoveScanTask {
        /// Which.
        scan_task: ScanTaskId,
    },
    /// Says in which container devices stand.
    PlaceDevices {
        /// Which, 1 to 10 000 of one site.
        devices: Vec<DeviceId>,
        /// In which container of that site; none: in no container.
        container: Option<ContainerId>,
    },
    /// Says to which sub-account devices belong: whose money they make, and who sees them by a grant on it.
    AssignDevices {
        /// Which, 1 to 10 000.
        devices: Vec<DeviceId>,
        /// To which; none: to the account itself.
        sub_account: Option<SubAccountId>,
    },
    /// Saves a selection of devices, for grants to reach.
    CreateGroup {
        /// Name, 1 to 60 characters, unique in the account.
        name: String,
        /// Which, up to 10 000.
        devices: Vec<DeviceId>,
    },
    /// Changes a selection, and with it what every grant on it reaches.
    ChangeGroup {
        /// Which.
        group: GroupId,
        /// Name.
        name: String,
        /// Its devices from now on.
        devices: Vec<DeviceId>,
        /// Only if it is still this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<u32>,
    },
    /// Deletes a selection that no grant names.
    DeleteGroup {
        /// Which.
        group: GroupId,
        /// Only if it is still this one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        version: Option<u32>,
    },
    /// Takes a sub-account away that no device belongs to.
    RemoveSubAccount {
        /// Which.
        sub_account: SubAccountId,
    },
    /// Lets a program in, under a grant with API access.
    IssueKey(NewKey),
    /// Lets it in no more, at once.
    RevokeKey {
        /// Which.
        key: KeyId,
    },
    /// Nothing more is carried out on this account until it is unfrozen.
    FreezeAccount {},
    /// Ends a freeze.
    UnfreezeAccount {},
    /// The account is gone a week later, and until then nothing is carried out or asked for.
    DeleteAccount {
        /// The account's name, as its owner typed it.
        name: String,
    },
    /// Ends a deletion that has not come to its end.
    KeepAccount {},
    /// Another person becomes the owner: once everybody else who approves has agreed, and they themselves have accepted.
    TransferOwnership {
        /// To whom; somebody with a role on the account.
        to: UserId,
        /// What the owner until then is afterwards, everywhere. Not Owner.
        #[serde(default = "administrator")]
        then: RoleId,
    },
    /// Lowers counts that too few are left for, past the counts themselves: after a timelock, and to be reviewed.
    Recover(Recovery),
}

fn administrator() -> RoleId {
    Role::Administrator.into()
}

/// What a request asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// An operation on devices.
    Device(Operation),
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

impl<'de> Deserialize<'de> for Action {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let value = serde_json::Value::deserialize(d)?;
        let name = value.get("action").and_then(serde_json::Value::as_str);
        let name = name.ok_or_else(|| de::Error::custom("an action needs its name in the field \"action\""))?;
        if OPERATIONS.contains(&name) {
            serde_json::from_value(value).map(Self::Device).map_err(de::Error::custom)
        } else {
            serde_json::from_value(value).map(Self::Control).map_err(de::Error::custom)
        }
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
                Control::SetPolicies { .. } | Control::SetSafeguards(_) => Permission::ApprovalPolicyChange,
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
                Control::CreateAgent { .. } | Control::ChangeAgent { .. } | Control::RevokeAgent { .. } => {
                    Permission::AgentManage
                }
                Control::CreateScanTask { .. } | Control::ChangeScanTask { .. } | Control::RemoveScanTask { .. } => {
                    Permission::ScanTaskManage
                }
                Control::RemoveSubAccount { .. } => Permission::SubaccountDelete,
                Control::PlaceDevices { .. } => Permission::DeviceMove,
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
                Control::SetPolicies { .. } | Control::SetSafeguards(_) => Scenario::ApprovalConfigUpdate,
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
                Control::CreateAgent { .. } | Control::ChangeAgent { .. } | Control::RevokeAgent { .. } => {
                    Scenario::FleetAgent
                }
                Control::CreateScanTask { .. } | Control::ChangeScanTask { .. } | Control::RemoveScanTask { .. } => {
                    Scenario::FleetScan
                }
                Control::RemoveSubAccount { .. } => Scenario::SubaccountDelete,
                Control::PlaceDevices { .. } => Scenario::FleetInventory,
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
                Operation::Locate { on: true } => "Locate LED on".into(),
                Operation::Locate { on: false } => "Locate LED off".into(),
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
                Control::SetAdministratorsManageUsers { on: true } => "Let Administrators manage people".into(),
                Control::SetAdministratorsManageUsers { on: false } => "Let only the Owner manage people".into(),
                Control::CreateSite { name, .. } => format!("Create site {name}"),
                Control::ChangeSite { name, .. } => format!("Change site {name}"),
                Control::RemoveSite { name, .. } => format!("Remove site {name}"),
                Control::CreateAgent { name, .. } => format!("Create agent {name}"),
                Control::ChangeAgent { name, .. } => format!("Change agent {name}"),
                Control::RevokeAgent { agent } => format!("Revoke agent {agent}"),
                Control::CreateScanTask { name, .. } => format!("Create scan task {name}"),
                Control::ChangeScanTask { name, .. } => format!("Change scan task {name}"),
                Control::RemoveScanTask { scan_task } => format!("Remove scan task {scan_task}"),
                Control::RemoveSubAccount { sub_account } => format!("Remove sub-account {sub_account}"),
                Control::PlaceDevices { .. } => "Place devices".into(),
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

/// What a request acts on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Target {
    /// A device.
    Device(DeviceId),
    /// An agent.
    Agent(AgentId),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Device(id) => id.fmt(f),
            Self::Agent(id) => id.fmt(f),
        }
    }
}

impl FromStr for Target {
    type Err = crate::ids::ParseIdError;
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        text.parse().map(Self::Device).or_else(|_| text.parse().map(Self::Agent))
    }
}

impl Serialize for Target {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Target {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

/// Exactly what is approved. Its canonical form (RFC 8785) is what the content hash is taken of, what is stored, and what is carried out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payload {
    /// Whose.
    pub account: AccountId,
    /// Which class of operation.
    pub scenario: Scenario,
    /// What.
    #[serde(flatten)]
    pub action: Action,
    /// On what, sorted, each once. Empty where the action names its own object.
    pub targets: Vec<Target>,
    /// Versions of the settings it would change, as the initiator saw them.
    pub base_versions: BTreeMap<Scenario, u32>,
    /// By whom.
    pub initiator: Principal,
    /// 1, then one more with each amendment.
    pub revision: u32,
    /// Version of the policy in force when it was submitted.
    pub policy_version: u32,
    /// Not to be approved at or after this moment.
    pub not_after: Timestamp,
}

/// SHA-256 of a payload in its canonical form; 64 hex digits when written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ContentHash(pub [u8; 32]);

impl Payload {
    /// Its canonical form. With integers only and ASCII keys, RFC 8785 asks for no more than sorted keys and no spaces.
    ///
    /// # Panics
    /// Never: a payload has only string keys and integers, which can always be written.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut value = serde_json::to_value(self).expect("string keys and integers can be written");
        // They are sorted already, unless somebody has told the library to keep the order of insertion.
        value.sort_all_objects();
        value.to_string()
    }

    /// The hash that every vote must carry.
    #[must_use]
    pub fn content_hash(&self) -> ContentHash {
        let mut hasher = Sha256::new();
        hasher.update(b"approval/v1\n");
        hasher.update(self.canonical().as_bytes());
        ContentHash(hasher.finalize().into())
    }
}

impl fmt::Display for ContentHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl FromStr for ContentHash {
    type Err = NotAHash;
    fn from_str(text: &str) -> Result<Self, NotAHash> {
        let mut hash = [0; 32];
        if text.len() != 64 || !text.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(NotAHash);
        }
        for (at, byte) in hash.iter_mut().enumerate() {
            *byte = u8::from_str_radix(&text[at * 2..at * 2 + 2], 16).map_err(|_| NotAHash)?;
        }
        Ok(Self(hash))
    }
}

/// A text that is not 64 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a content hash is 64 hex digits")]
pub struct NotAHash;

impl Serialize for ContentHash {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentHash {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}
