//! Roles: named sets of permissions. Built-in ones nobody can edit; an account makes its own from the same catalogue.

use super::catalogue::{CATALOGUE, Permission};
use crate::ids::{AccountId, CustomRoleId};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{collections::BTreeSet, fmt, sync::LazyLock};

/// A built-in role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the documents' names")]
pub enum Role {
    Owner,
    Administrator,
    SiteManager,
    OperationsManager,
    Technician,
    FieldOperator,
    RepairTechnician,
    Engineer,
    Accountant,
    ReportingManager,
    Auditor,
    Viewer,
}

/// Name, title and letter of each role, in the order of [`Role::ALL`].
const NAMES: [(&str, &str, char); 12] = [
    ("owner", "Owner", 'O'),
    ("administrator", "Administrator", 'A'),
    ("site_manager", "Site Manager", 'S'),
    ("operations_manager", "Operations Manager", 'M'),
    ("technician", "Technician", 'T'),
    ("field_operator", "Field Operator", 'F'),
    ("repair_technician", "Repair Technician", 'R'),
    ("engineer", "Engineer", 'E'),
    ("accountant", "Accountant", 'C'),
    ("reporting_manager", "Reporting Manager", 'G'),
    ("auditor", "Auditor", 'U'),
    ("viewer", "Viewer", 'V'),
];

impl Role {
    /// Every built-in role, most powerful first.
    pub const ALL: [Self; 12] = [
        Self::Owner,
        Self::Administrator,
        Self::SiteManager,
        Self::OperationsManager,
        Self::Technician,
        Self::FieldOperator,
        Self::RepairTechnician,
        Self::Engineer,
        Self::Accountant,
        Self::ReportingManager,
        Self::Auditor,
        Self::Viewer,
    ];

    /// Its name in the API, e.g. `site_manager`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        NAMES[self as usize].0
    }

    /// Its name for people, e.g. `Site Manager`.
    #[must_use]
    pub const fn title(self) -> &'static str {
        NAMES[self as usize].1
    }

    /// Its letter in the catalogue.
    #[must_use]
    pub const fn letter(self) -> char {
        NAMES[self as usize].2
    }

    /// The permissions it holds, one bit each ([`Permission::bit`]).
    #[must_use]
    pub fn permissions(self) -> u64 {
        static HELD: LazyLock<[u64; Role::ALL.len()]> = LazyLock::new(|| {
            Role::ALL.map(|role| {
                let held = CATALOGUE.iter().filter(|row| row.held_by(role));
                held.fold(0, |mask, row| mask | row.permission.bit())
            })
        });
        HELD[self as usize]
    }

    /// The role of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }

    /// Does it hold this?
    #[must_use]
    pub fn holds(self, permission: Permission) -> bool {
        permission.info().held_by(self)
    }

    /// Titles of the roles that hold `permission`.
    #[must_use]
    pub fn holding(permission: Permission) -> Vec<&'static str> {
        Self::ALL.into_iter().filter(|role| permission.info().held_by(*role)).map(Self::title).collect()
    }
}

/// A role made by an account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct CustomRole {
    /// Its id.
    pub id: CustomRoleId,
    /// Whose.
    pub account: AccountId,
    /// For people; no other role of the account has it.
    pub name: String,
    /// What it holds, at least one.
    pub permissions: BTreeSet<Permission>,
}

impl CustomRole {
    /// The permissions it holds, one bit each.
    #[must_use]
    pub fn mask(&self) -> u64 {
        mask_of(&self.permissions)
    }
}

/// Permissions as bits.
#[must_use]
pub fn mask_of(permissions: &BTreeSet<Permission>) -> u64 {
    permissions.iter().fold(0, |mask, permission| mask | permission.bit())
}

/// What a grant gives: a built-in role or one of the account's own. Written `site_manager` or `role-3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RoleId {
    /// Built in.
    BuiltIn(Role),
    /// Made by the account.
    Custom(CustomRoleId),
}

impl RoleId {
    /// Owner or Administrator: the ranks that only an owner makes and unmakes.
    #[must_use]
    pub const fn is_administration(self) -> bool {
        matches!(self, Self::BuiltIn(Role::Owner | Role::Administrator))
    }
}

impl From<Role> for RoleId {
    fn from(role: Role) -> Self {
        Self::BuiltIn(role)
    }
}

impl PartialEq<Role> for RoleId {
    fn eq(&self, other: &Role) -> bool {
        *self == Self::BuiltIn(*other)
    }
}

impl fmt::Display for RoleId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(role) => f.write_str(role.name()),
            Self::Custom(id) => id.fmt(f),
        }
    }
}

impl Serialize for RoleId {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for RoleId {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(d)?;
        if let Some(role) = Role::named(&name) {
            return Ok(Self::BuiltIn(role));
        }
        name.parse().map(Self::Custom).map_err(|_| de::Error::custom(format_args!("no role is called {name}")))
    }
}
