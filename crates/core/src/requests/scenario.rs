//! Scenarios: classes of operations that share an approval policy, and the policies they ship with.

use crate::{
    authz::{Permission, Role, catalogue::CATALOGUE},
    time::Millis,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// Who may vote; the fewest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Approvers {
    /// The Owner and Administrators.
    Administrators,
    /// The Owner, Administrators and Site Managers.
    SiteManagement,
    /// Whoever holds the action's permission on every target.
    ActionHolders,
}

impl Approvers {
    /// The roles that make an approver; `None` where the permission does.
    #[must_use]
    pub const fn roles(self) -> Option<&'static [Role]> {
        match self {
            Self::Administrators => Some(&[Role::Owner, Role::Administrator]),
            Self::SiteManagement => Some(&[Role::Owner, Role::Administrator, Role::SiteManager]),
            Self::ActionHolders => None,
        }
    }
}

/// How fresh an approver's proof of identity must be; the least first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StepUp {
    /// A valid session.
    None,
    /// A password, code or passkey within [`STEP_UP_WINDOW`].
    Recent,
    /// A passkey that was given for this one decision. Whoever asks counts once they have approved with theirs, too, and no
    /// program goes alone.
    Passkey,
}

/// How recent "recent" is.
pub const STEP_UP_WINDOW: Millis = Millis::minutes(5);

/// The conditions under which a scenario's requests are approved.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// 0 as shipped, then one more with each change.
    pub version: u32,
    /// Distinct approvals, the initiator's own included if it counts. At least 1.
    pub required: u32,
    /// Of these, by somebody other than the initiator.
    pub required_other: u32,
    /// Who may vote.
    pub approvers: Approvers,
    /// Whether an initiator who may vote is counted as approving.
    pub initiator_counts: bool,
    /// Whether a program's request needs no vote where one approval is enough.
    pub programs_run_alone: bool,
    /// How long a request may wait for approvals.
    pub approve_ttl: Millis,
    /// How long after that it may begin.
    pub execute_ttl: Millis,
    /// How long it waits between approval and execution.
    pub timelock: Millis,
    /// How sure we must be of who votes.
    pub step_up: StepUp,
}

impl Policy {
    /// The highest count that this many approvers can always meet.
    #[must_use]
    pub const fn most(&self, people: u32) -> u32 {
        if self.initiator_counts { people } else { people.saturating_sub(1) }
    }

    /// How many people its counts take, an approver who asks included.
    #[must_use]
    pub const fn people(&self) -> u32 {
        let others = if self.initiator_counts { self.required.saturating_sub(1) } else { self.required };
        1 + if others > self.required_other { others } else { self.required_other }
    }
}

macro_rules! scenarios {
    ($($name:ident = $text:literal,)*) => {
        /// A class of operations with its own approval policy.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[allow(missing_docs, reason = "named as in the API")]
        pub enum Scenario { $($name,)* }

        impl Scenario {
            /// Every scenario.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Its name in the API, e.g. `fleet.power`.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

scenarios! {
    AuthorizationAdd = "authorization.add",
    AuthorizationUpdate = "authorization.update",
    AuthorizationRemove = "authorization.remove",
    AuthorizationApiAccess = "authorization.api_access",
    AuthorizationSuspend = "authorization.suspend",
    AuthorizationUnsuspend = "authorization.unsuspend",
    AuthorizationRole = "authorization.role",
    ApprovalConfigUpdate = "approval_config.update",
    AccountFreeze = "account.freeze",
    AccountDelete = "account.delete",
    AccountUnfreeze = "account.unfreeze",
    OwnershipTransfer = "ownership.transfer",
    ApikeyIssueWrite = "apikey.issue_write",
    GovernanceRecover = "governance.recover",
    FleetPower = "fleet.power",
    FleetMode = "fleet.mode",
    FleetLed = "fleet.led",
    FleetPoolChange = "fleet.pool_change",
    FleetInventory = "fleet.inventory",
    FleetSite = "fleet.site",
    FleetAgent = "fleet.agent",
    FleetScan = "fleet.scan",
    FleetRestartWorkers = "fleet.restart_workers",
    HashrateTransfer = "hashrate.transfer",
    SubaccountDelete = "subaccount.delete",
    WalletAddressUpdate = "wallet.address_update",
    RevenueAllocationSet = "revenue.allocation_set",
    ObserverLink = "observer.link",
    ObserverLinkWithRevenue = "observer.link_with_revenue",
    ObserverProtectionOff = "observer.protection_off",
    ObserverClose = "observer.close",
}

impl Scenario {
    /// The scenario of this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|scenario| scenario.name() == name)
    }

    /// Permissions whose use it governs.
    pub fn permissions(self) -> impl Iterator<Item = Permission> {
        let name = self.name();
        CATALOGUE
            .iter()
            .filter(move |row| {
                row.scenario == name
                    || row.scenario.strip_suffix('*').is_some_and(|family| name.starts_with(family))
                        && !CATALOGUE.iter().any(|other| other.scenario == name)
            })
            .map(|row| row.permission)
    }

    /// Those that govern the use of `permission`: one, a family, or none.
    pub fn governing(permission: Permission) -> impl Iterator<Item = Self> {
        let name = permission.info().scenario;
        let one = Self::named(name);
        let family = Self::ALL.iter().copied().filter(move |_| name.ends_with('*'));
        one.into_iter().chain(family.filter(move |scenario| scenario.permissions().any(|own| own == permission)))
    }

    /// Whether whoever is suspended may still reject it and call it off: suspending somebody takes one person, and must not clear
    /// the way for what they would have stopped.
    #[must_use]
    pub const fn keeps_veto(self) -> bool {
        match self {
            Self::GovernanceRecover
            | Self::OwnershipTransfer
            | Self::AccountDelete
            | Self::SubaccountDelete
            | Self::WalletAddressUpdate
            | Self::RevenueAllocationSet
            | Self::ApprovalConfigUpdate => true,
            Self::AuthorizationAdd
            | Self::AuthorizationUpdate
            | Self::AuthorizationRemove
            | Self::AuthorizationApiAccess
            | Self::AuthorizationSuspend
            | Self::AuthorizationUnsuspend
            | Self::AuthorizationRole
            | Self::AccountFreeze
            | Self::AccountUnfreeze
            | Self::ApikeyIssueWrite
            | Self::FleetPower
            | Self::FleetMode
            | Self::FleetLed
            | Self::FleetPoolChange
            | Self::FleetInventory
            | Self::FleetSite
            | Self::FleetAgent
            | Self::FleetScan
            | Self::FleetRestartWorkers
            | Self::HashrateTransfer
            | Self::ObserverLink
            | Self::ObserverLinkWithRevenue
            | Self::ObserverProtectionOff
            | Self::ObserverClose => false,
        }
    }

    /// Whether a frozen account still carries it out.
    #[must_use]
    pub const fn runs_while_frozen(self) -> bool {
        self.is_always_open() || matches!(self, Self::AccountUnfreeze)
    }

    /// Whether an account that is to be deleted still carries it out: what makes things safer, undoing that among it.
    #[must_use]
    pub const fn runs_while_closing(self) -> bool {
        self.makes_safer()
    }

    /// Whether it only makes things safer: one person does it, at once.
    #[must_use]
    pub const fn makes_safer(self) -> bool {
        matches!(self, Self::AccountFreeze | Self::AuthorizationSuspend | Self::ObserverClose)
    }

    /// Whether it can be asked for however few approvers are left: what makes things safer, and the way out.
    #[must_use]
    pub const fn is_always_open(self) -> bool {
        self.makes_safer() || matches!(self, Self::GovernanceRecover)
    }

    /// Whether nothing but its times is the account's to choose: what makes things safer takes one person, and of a new
    /// owner everybody has to agree.
    #[must_use]
    pub const fn has_fixed_counts(self) -> bool {
        self.is_always_open() || matches!(self, Self::OwnershipTransfer)
    }

    /// The policy it ships with.
    #[must_use]
    pub const fn default_policy(self) -> Policy {
        let base = Policy {
            version: 0,
            required: 1,
            required_other: 0,
            approvers: Approvers::Administrators,
            initiator_counts: true,
            programs_run_alone: false,
            approve_ttl: Millis::hours(72),
            execute_ttl: Millis::hours(24),
            timelock: Millis(0),
            step_up: StepUp::Recent,
        };
        let fleet = Policy {
            approvers: Approvers::ActionHolders,
            approve_ttl: Millis::hours(1),
            execute_ttl: Millis::minutes(15),
            step_up: StepUp::None,
            ..base
        };
        match self {
            Self::ObserverLinkWithRevenue
            | Self::ObserverProtectionOff
            | Self::AuthorizationAdd
            | Self::AuthorizationUpdate
            | Self::AuthorizationRemove
            | Self::AuthorizationApiAccess
            | Self::AuthorizationUnsuspend
            | Self::AuthorizationRole
            | Self::ApprovalConfigUpdate
            | Self::HashrateTransfer
            | Self::AccountDelete
            | Self::SubaccountDelete
            | Self::AccountUnfreeze => base,
            Self::RevenueAllocationSet => Policy { approve_ttl: Millis::days(7), ..base },
            Self::WalletAddressUpdate => Policy { approve_ttl: Millis::days(7), timelock: Millis::hours(24), ..base },
            Self::GovernanceRecover => Policy { timelock: Millis::hours(72), ..base },
            // Everybody has to agree ([`State::counts_at_first`](crate::state::State)). With its timelock it is open for seven
            // days from its approval on.
            Self::OwnershipTransfer => Policy {
                approve_ttl: Millis::days(7),
                timelock: Millis::hours(72),
                execute_ttl: Millis::days(4),
                ..base
            },
            // One person, at once: what makes things safer must not wait for a password.
            Self::ApikeyIssueWrite => base,
            Self::ObserverLink | Self::ObserverClose => {
                Policy { approvers: Approvers::ActionHolders, step_up: StepUp::None, ..base }
            }
            Self::AuthorizationSuspend | Self::AccountFreeze => Policy { step_up: StepUp::None, ..base },
            Self::FleetPower | Self::FleetMode | Self::FleetLed => Policy { programs_run_alone: true, ..fleet },
            Self::FleetInventory | Self::FleetSite | Self::FleetScan => fleet,
            // An agent carries out orders and is given passwords.
            Self::FleetAgent => Policy { step_up: StepUp::Recent, ..fleet },
            Self::FleetPoolChange => Policy { approvers: Approvers::SiteManagement, ..fleet },
            Self::FleetRestartWorkers => {
                Policy { approvers: Approvers::SiteManagement, required_other: 1, step_up: StepUp::Recent, ..fleet }
            }
        }
    }
}

impl Serialize for Scenario {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.serialize_str(self.name())
    }
}

impl<'de> Deserialize<'de> for Scenario {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        let name = std::borrow::Cow::<'de, str>::deserialize(d)?;
        Self::named(&name).ok_or_else(|| de::Error::custom(format_args!("no scenario is called {name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_scenario_governs_something_and_ships_with_a_policy_that_can_be_met() {
        for scenario in Scenario::ALL {
            assert!(scenario.permissions().next().is_some(), "{}", scenario.name());
            let policy = scenario.default_policy();
            assert_eq!(policy.required, 1, "{}", scenario.name());
            assert!(policy.required_other <= 1);
        }
    }
}
