//! Built-in roles: named sets of permissions that nobody can edit.

use super::catalogue::{CATALOGUE, Permission};
use serde::{Deserialize, Serialize};

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
        CATALOGUE.iter().filter(|row| row.held_by(self)).fold(0, |mask, row| mask | row.permission.bit())
    }

    /// Titles of the roles that hold `permission`.
    #[must_use]
    pub fn holding(permission: Permission) -> Vec<&'static str> {
        Self::ALL.into_iter().filter(|role| permission.info().held_by(*role)).map(Self::title).collect()
    }
}
