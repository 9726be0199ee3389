//! The built-in catalogue: every permission, what it risks, which scenario governs it, and which built-in roles hold it.
//! This is the only list; the roles page, the documents and the tests read it.
//!
//! To add a permission: add a row at the end of [`CATALOGUE`] and a variant of [`Permission`] at the same place. Order is identity:
//! a permission's bit in a role's mask is its row's number.

use super::role::Role;
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// What holding a permission can cost; the less hangs on its use, the earlier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Risk {
    /// Looks only.
    Read,
    /// Changes nothing that matters.
    Harmless,
    /// Changes records.
    Change,
    /// Interrupts hashing.
    Disruptive,
    /// Moves income.
    Money,
    /// Can darken a site or give away the account.
    Dangerous,
    /// Makes things safer at once; its reversal is what needs care.
    Safety,
}

impl Risk {
    /// The first of them.
    pub const LOWEST: Self = Self::Read;
    /// The last of them.
    pub const HIGHEST: Self = Self::Safety;
}

/// One row of the catalogue.
#[derive(Debug, Clone, Copy)]
pub struct PermissionInfo {
    /// Which.
    pub permission: Permission,
    /// Its name in the API and in documents.
    pub name: &'static str,
    /// What it risks.
    pub risk: Risk,
    /// Scenario of the request engine that governs its use; `x.*` where several do. Empty: none.
    pub scenario: &'static str,
    /// The row of HashCore Pulse's permission matrix that it comes from. Empty: none.
    pub hashcore: &'static str,
    roles: &'static str,
}

impl PermissionInfo {
    /// Does the built-in role hold it?
    #[must_use]
    pub fn held_by(&self, role: Role) -> bool {
        self.roles.contains(role.letter())
    }
}

const fn row(
    permission: Permission,
    name: &'static str,
    risk: Risk,
    scenario: &'static str,
    hashcore: &'static str,
    roles: &'static str,
) -> PermissionInfo {
    PermissionInfo { permission, name, risk, scenario, hashcore, roles }
}

/// A right to do one kind of thing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
#[allow(missing_docs, reason = "each is described by its row of the catalogue")]
pub enum Permission {
    DashboardView,
    DeviceList,
    DeviceView,
    DeviceEventsView,
    DeviceReboot,
    DeviceRestart,
    DevicePause,
    DevicePowerMode,
    DeviceLocate,
    DevicePools,
    DeviceFirmware,
    DeviceDiagnostics,
    DeviceBoards,
    DeviceCooling,
    DeviceIpReport,
    DevicePreset,
    ContainerPower,
    ContainerCooling,
    PduSocket,
    DeviceRegister,
    DeviceMove,
    DeviceMaintenance,
    InventoryManage,
    CommentWrite,
    WorkOrderManage,
    PoolConfigManage,
    ScanTaskManage,
    AgentManage,
    SiteManage,
    AlertManage,
    ReportView,
    ReportExport,
    SystemRestartWorkers,
    HashrateView,
    RevenueView,
    WalletView,
    WalletChange,
    AllocationChange,
    PayoutPause,
    PayoutResume,
    SubaccountCreate,
    SubaccountDelete,
    HashrateTransfer,
    UserView,
    UserManage,
    UserSuspend,
    RoleManage,
    ApprovalPolicyChange,
    ApiKeyManage,
    ObserverManage,
    AuditView,
    SettingsManage,
    AccountFreeze,
    AccountUnfreeze,
    OwnershipTransfer,
    AccountDelete,
    GovernanceRecover,
}

use Permission as P;
use Risk::{Change, Dangerous, Disruptive, Harmless, Money, Read, Safety};

/// Every permission. The last column names the roles that hold it by their [`Role::letter`].
#[rustfmt::skip]
pub static CATALOGUE: [PermissionInfo; PERMISSIONS] = [
    row(P::DashboardView, "dashboard.view", Read, "", "View dashboard and metrics", "OASMTFRECGUV"),
    row(P::DeviceList, "device.list", Read, "", "View device list", "OASMTFRECGUV"),
    row(P::DeviceView, "device.view", Read, "", "View device details", "OASMTFRECGUV"),
    row(P::DeviceEventsView, "device.events.view", Read, "", "Device Event Log", "OASMTFRECGUV"),
    row(P::DeviceReboot, "device.reboot", Disruptive, "fleet.power", "Reboot / Restart / Pause", "OASMTE"),
    row(P::DeviceRestart, "device.restart", Disruptive, "fleet.power", "Reboot / Restart / Pause", "OASMTE"),
    row(P::DevicePause, "device.pause", Disruptive, "fleet.power", "Reboot / Restart / Pause", "OASMTE"),
    row(P::DevicePowerMode, "device.power_mode", Disruptive, "fleet.mode", "", "OASME"),
    row(P::DeviceLocate, "device.locate", Harmless, "fleet.led", "Locate device", "OASMTE"),
    row(P::DevicePools, "device.pools", Money, "fleet.pool_change", "Pool switching", "OASMTE"),
    row(P::DeviceFirmware, "device.firmware", Dangerous, "fleet.firmware", "Firmware installation", "OASMT"),
    row(P::DeviceDiagnostics, "device.diagnostics", Harmless, "", "Diagnostic report", "OASMTRE"),
    row(P::DeviceBoards, "device.boards", Disruptive, "fleet.boards", "Board management (Boards config)", "OASMT"),
    row(P::DeviceCooling, "device.cooling", Disruptive, "fleet.cooling", "Cooling management (Thermal config)", "OASMT"),
    row(P::DeviceIpReport, "device.ip_report", Harmless, "", "IP Reporter", "OASM"),
    row(P::DevicePreset, "device.preset", Disruptive, "fleet.mode", "Overclock preset switching", "OASM"),
    row(P::ContainerPower, "container.power", Disruptive, "fleet.power", "", "OASM"),
    row(P::ContainerCooling, "container.cooling", Disruptive, "fleet.cooling", "", "OASM"),
    row(P::PduSocket, "pdu.socket", Disruptive, "fleet.power", "", "OASM"),
    row(P::DeviceRegister, "device.register", Change, "fleet.inventory", "", "OASMR"),
    row(P::DeviceMove, "device.move", Change, "fleet.inventory", "", "OASMR"),
    row(P::DeviceMaintenance, "device.maintenance", Change, "fleet.inventory", "", "OASMR"),
    row(P::InventoryManage, "inventory.manage", Change, "", "", "OASMR"),
    row(P::CommentWrite, "comment.write", Harmless, "", "", "OASMTFRE"),
    row(P::WorkOrderManage, "work_order.manage", Change, "", "", "OASMTR"),
    row(P::PoolConfigManage, "pool_config.manage", Money, "fleet.pool_config", "", "OASME"),
    row(P::ScanTaskManage, "scan_task.manage", Change, "fleet.scan", "Create and configure Scan Tasks", "OASM"),
    row(P::AgentManage, "agent.manage", Dangerous, "fleet.agent", "Create and configure agents", "OASM"),
    row(P::SiteManage, "site.manage", Change, "fleet.site", "Create and configure sites", "OA"),
    row(P::AlertManage, "alert.manage", Change, "", "", "OASME"),
    row(P::ReportView, "report.view", Read, "", "", "OASMFCGU"),
    row(P::ReportExport, "report.export", Read, "", "", "OASMCG"),
    row(P::SystemRestartWorkers, "system.restart_workers", Dangerous, "fleet.restart_workers", "", "OASM"),
    row(P::HashrateView, "hashrate.view", Read, "", "", "OASMTFRECGUV"),
    row(P::RevenueView, "revenue.view", Read, "", "", "OACGU"),
    row(P::WalletView, "wallet.view", Read, "", "", "OACU"),
    row(P::WalletChange, "wallet.change", Money, "wallet.address_update", "", "OAC"),
    row(P::AllocationChange, "allocation.change", Money, "revenue.allocation_set", "", "OAC"),
    row(P::PayoutPause, "payout.pause", Safety, "payouts.pause", "", "OAC"),
    row(P::PayoutResume, "payout.resume", Money, "payouts.resume", "", "OA"),
    row(P::SubaccountCreate, "subaccount.create", Change, "", "", "OA"),
    row(P::SubaccountDelete, "subaccount.delete", Dangerous, "subaccount.delete", "", "OA"),
    row(P::HashrateTransfer, "hashrate.transfer", Money, "hashrate.transfer", "", "OAE"),
    row(P::UserView, "user.view", Read, "", "", "OASU"),
    row(P::UserManage, "user.manage", Dangerous, "authorization.*", "User management", "O"),
    row(P::UserSuspend, "user.suspend", Safety, "authorization.suspend", "", "OA"),
    row(P::RoleManage, "role.manage", Dangerous, "authorization.role", "", "O"),
    row(P::ApprovalPolicyChange, "approval_policy.change", Dangerous, "approval_config.update", "", "OA"),
    row(P::ApiKeyManage, "api_key.manage", Dangerous, "apikey.issue_write", "", "O"),
    row(P::ObserverManage, "observer.manage", Change, "observer.*", "", "OAE"),
    row(P::AuditView, "audit.view", Read, "", "", "OAU"),
    row(P::SettingsManage, "settings.manage", Change, "", "", "OA"),
    row(P::AccountFreeze, "account.freeze", Safety, "account.freeze", "", "OA"),
    row(P::AccountUnfreeze, "account.unfreeze", Dangerous, "account.unfreeze", "", "OA"),
    row(P::OwnershipTransfer, "ownership.transfer", Dangerous, "ownership.transfer", "", "O"),
    row(P::AccountDelete, "account.delete", Dangerous, "account.delete", "Account deletion", "O"),
    row(P::GovernanceRecover, "governance.recover", Dangerous, "governance.recover", "", "O"),
];

/// Permissions that guard nothing yet: roles hold them for the day when there is something to do with them. Whoever adds the
/// first operation that one of them guards takes it out of here.
pub static RESERVED: &[Permission] = &[
    P::DeviceEventsView,
    P::DeviceFirmware,
    P::DeviceDiagnostics,
    P::DeviceBoards,
    P::DeviceCooling,
    P::DeviceIpReport,
    P::DevicePreset,
    P::ContainerPower,
    P::ContainerCooling,
    P::PduSocket,
    P::DeviceRegister,
    P::DeviceMaintenance,
    P::CommentWrite,
    P::WorkOrderManage,
    P::PoolConfigManage,
    P::AlertManage,
    P::ReportView,
    P::ReportExport,
    P::HashrateView,
    P::PayoutPause,
    P::PayoutResume,
];

/// How many there are.
pub const PERMISSIONS: usize = 57;

impl Permission {
    /// Its row of the catalogue.
    #[must_use]
    pub fn info(self) -> &'static PermissionInfo {
        &CATALOGUE[self as usize]
    }

    /// Its name, e.g. `device.reboot`.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.info().name
    }

    /// Does it guard nothing yet?
    #[must_use]
    pub fn is_reserved(self) -> bool {
        RESERVED.contains(&self)
    }

    /// Its bit in a role's mask.
    #[must_use]
    pub const fn bit(self) -> u64 {
        1 << self as u8
    }

    /// The permission of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        CATALOGUE.iter().find(|row| row.name == name).map(|row| row.permission)
    }

    /// Those that are used on a single device, one bit each: what somebody gains when a device comes into their reach. The rest is
    /// about nodes, people or money, and a device that comes or goes changes nothing of it.
    #[must_use]
    pub const fn on_devices() -> u64 {
        const ON_DEVICES: [Permission; 26] = [
            P::DashboardView,
            P::DeviceList,
            P::DeviceView,
            P::DeviceEventsView,
            P::DeviceReboot,
            P::DeviceRestart,
            P::DevicePause,
            P::DevicePowerMode,
            P::DeviceLocate,
            P::DevicePools,
            P::DeviceFirmware,
            P::DeviceDiagnostics,
            P::DeviceBoards,
            P::DeviceCooling,
            P::DeviceIpReport,
            P::DevicePreset,
            P::ContainerPower,
            P::ContainerCooling,
            P::PduSocket,
            P::DeviceRegister,
            P::DeviceMove,
            P::DeviceMaintenance,
            P::CommentWrite,
            P::WorkOrderManage,
            P::HashrateView,
            P::HashrateTransfer,
        ];
        let (mut mask, mut at) = (0, 0);
        while at < ON_DEVICES.len() {
            mask |= ON_DEVICES[at].bit();
            at += 1;
        }
        mask
    }

    /// All of them, in the catalogue's order.
    pub fn all() -> impl Iterator<Item = Self> {
        CATALOGUE.iter().map(|row| row.permission)
    }
}

impl Serialize for Permission {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Permission {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(d)?;
        Self::named(&name).ok_or_else(|| de::Error::custom(format_args!("no permission is called {name}")))
    }
}

/// The matrix as CSV: one row a permission, one column a role.
#[must_use]
pub fn to_csv() -> String {
    let mut csv = String::from("permission,risk,scenario,hashcore");
    for role in Role::ALL {
        csv.push(',');
        csv.push_str(role.name());
    }
    csv.push('\n');
    for row in &CATALOGUE {
        let risk = format!("{:?}", row.risk).to_lowercase();
        csv.push_str(&[row.name, &risk, row.scenario, row.hashcore].join(","));
        for role in Role::ALL {
            csv.push_str(if row.held_by(role) { ",Y" } else { "," });
        }
        csv.push('\n');
    }
    csv
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_stand_where_their_bit_says() {
        for (place, row) in CATALOGUE.iter().enumerate() {
            assert_eq!(row.permission as usize, place, "{}", row.name);
            assert_eq!(Permission::named(row.name), Some(row.permission));
            assert!(row.held_by(Role::Owner), "the owner holds everything: {}", row.name);
        }
        const { assert!(PERMISSIONS <= 64) };
    }

    #[test]
    fn hashcore_matrix_cell_by_cell() {
        use Role::{Administrator, OperationsManager, Owner, Technician, Viewer};
        let rows: [(&str, &[Role]); 18] = [
            ("View dashboard and metrics", &[Owner, Administrator, OperationsManager, Technician, Viewer]),
            ("View device list", &[Owner, Administrator, OperationsManager, Technician, Viewer]),
            ("View device details", &[Owner, Administrator, OperationsManager, Technician, Viewer]),
            ("Device Event Log", &[Owner, Administrator, OperationsManager, Technician, Viewer]),
            ("Reboot / Restart / Pause", &[Owner, Administrator, OperationsManager, Technician]),
            ("Locate device", &[Owner, Administrator, OperationsManager, Technician]),
            ("Pool switching", &[Owner, Administrator, OperationsManager, Technician]),
            ("Firmware installation", &[Owner, Administrator, OperationsManager, Technician]),
            ("Diagnostic report", &[Owner, Administrator, OperationsManager, Technician]),
            ("Board management (Boards config)", &[Owner, Administrator, OperationsManager, Technician]),
            ("Cooling management (Thermal config)", &[Owner, Administrator, OperationsManager, Technician]),
            ("IP Reporter", &[Owner, Administrator, OperationsManager]),
            ("Overclock preset switching", &[Owner, Administrator, OperationsManager]),
            ("Create and configure Scan Tasks", &[Owner, Administrator, OperationsManager]),
            ("Create and configure agents", &[Owner, Administrator, OperationsManager]),
            ("Create and configure sites", &[Owner, Administrator]),
            ("User management", &[Owner]),
            ("Account deletion", &[Owner]),
        ];
        for (action, holders) in rows {
            let mut found = CATALOGUE.iter().filter(|row| row.hashcore == action).peekable();
            assert!(found.peek().is_some(), "{action}");
            for row in found {
                for role in [Owner, Administrator, OperationsManager, Technician, Viewer] {
                    assert_eq!(row.held_by(role), holders.contains(&role), "{} / {role:?}", row.name);
                }
            }
        }
    }
}
