//! What can be asked for besides operations on devices.

use super::{GrantChange, NewGrant, NewKey, NewObserverLink, PolicyChange, Recovery, Safeguards};
use crate::{
    accounts::{Sections, Share},
    authz::{Permission, Role, RoleId},
    fleet::AgentMode,
    ids::{
        AgentId, ContainerId, CustomRoleId, DeviceId, GrantId, GroupId, KeyId, ObserverLinkId, ScanTaskId, SiteId,
        SubAccountId, UserId,
    },
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

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
    /// Whether only people with one-time codes or a passkey count as approvers. Shipped: no.
    SetSecondFactorRequired {
        /// Yes or no.
        on: bool,
    },
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
    /// Gives an agent that has not enrolled another one-time token, in place of the one before.
    ReissueAgentToken {
        /// Which.
        agent: AgentId,
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
        /// They may be sent to devices that have not been confirmed with them, in whatever form the make asks for.
        #[serde(default, skip_serializing_if = "is_false")]
        passwords_to_unknown: bool,
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
        /// They may be sent to devices that have not been confirmed with them, in whatever form the make asks for.
        #[serde(default, skip_serializing_if = "is_false")]
        passwords_to_unknown: bool,
        /// Whether it has other passwords from now on. Those that it has can be kept only where they reach nothing new.
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
    /// Says that devices are with this agent, on its site: it, or an agent that does not hold them, has said that it sees them.
    MoveDevices {
        /// Which, 1 to 10 000.
        devices: Vec<DeviceId>,
        /// With which agent: one that has reported them, or the one that holds them, which settles what others say.
        agent: AgentId,
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
    /// Pays what a sub-account keeps to this address from now on.
    SetWallet {
        /// Whose.
        sub_account: SubAccountId,
        /// Where to; an address of Bitcoin's main network.
        address: String,
    },
    /// Shares a sub-account's earnings out like this, from the next 00:00 UTC on.
    SetAllocation {
        /// Whose.
        sub_account: SubAccountId,
        /// 1 to 20 recipients; together exactly 10 000 basis points.
        shares: Vec<Share>,
    },
    /// Lets whoever has a link look at sub-accounts.
    IssueObserverLink(NewObserverLink),
    /// Shows fewer sections by a link, at once. More are another link's.
    NarrowObserverLink {
        /// Which.
        link: ObserverLinkId,
        /// What it may still show.
        sections: Sections,
    },
    /// Ends a link, at once.
    RevokeObserverLink {
        /// Which.
        link: ObserverLinkId,
    },
    /// Sub-accounts are shown by links only, at once. So it is at first.
    ProtectObservers {},
    /// Whoever knows a sub-account's name may look at it.
    OpenObservers {
        /// At what.
        sections: Sections,
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

#[allow(clippy::trivially_copy_pass_by_ref, reason = "as serde asks")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}
