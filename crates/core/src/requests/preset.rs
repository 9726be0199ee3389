//! Sets of approval rules to begin with, each applied as one change that is approved like any other.

use super::{Approvers, Policy, PolicyChange, Scenario, StepUp};
use crate::{ids::AccountId, state::State};

/// A set of rules.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preset {
    /// As MiningOS documents it: whoever may order an operation on devices does so alone; restarting the collection workers takes an
    /// Administrator or Site Manager other than whoever asks. Says nothing of the rest.
    MiningOs,
    /// As SpiderPool documents it: one Administrator's approval for people, money and the rules themselves, their own included.
    /// Says nothing of machines.
    SpiderPool,
    /// Two people for everything that can lose money, let somebody in or bring a site down, and proof of who they are.
    Strict,
}

impl Preset {
    /// Every preset.
    pub const ALL: [Self; 3] = [Self::MiningOs, Self::SpiderPool, Self::Strict];

    /// Its name in the API.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MiningOs => "miningos",
            Self::SpiderPool => "spiderpool",
            Self::Strict => "strict",
        }
    }

    /// For people.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::MiningOs => "As documented by MiningOS",
            Self::SpiderPool => "As documented by SpiderPool",
            Self::Strict => "Strict",
        }
    }

    /// What it is, in a sentence.
    #[must_use]
    pub const fn description(self) -> &'static str {
        match self {
            Self::MiningOs => {
                "Operations on devices need nobody else; restarting the collection workers needs an Administrator or Site Manager \
                 besides whoever asks. People, money and rules stay as they are."
            }
            Self::SpiderPool => {
                "One Administrator approves whatever concerns people, money and these rules, and their own word counts. \
                 Machines stay as they are."
            }
            Self::Strict => {
                "Two people for everything that can lose money, let somebody in or stop a site, with a fresh proof of who they \
                 are. Ordinary work on devices stays as it is."
            }
        }
    }

    /// What of the account's policies it would change, as they are now: nothing that is so already.
    #[must_use]
    pub fn changes(self, state: &State, account: AccountId) -> Vec<PolicyChange> {
        let open = Scenario::ALL.iter().copied().filter(|scenario| !scenario.has_fixed_counts());
        open.filter_map(|scenario| {
            let old = state.policy(account, scenario);
            let people = |approvers| state.available_to(account, scenario, approvers);
            let change = self.change(scenario, &old, people)?;
            let new = change.of(&old);
            (new != Policy { version: new.version, ..old }).then_some(change)
        })
        .collect()
    }

    fn change(self, scenario: Scenario, old: &Policy, people: impl Fn(Approvers) -> u32) -> Option<PolicyChange> {
        let counts = |required, other| PolicyChange::counts(scenario, required, other);
        let plain = |approvers, other| PolicyChange {
            approvers: Some(approvers),
            initiator_counts: Some(true),
            ..counts(1, other)
        };
        let of_machines = scenario.name().starts_with("fleet.");
        match self {
            // Nobody is made to ask a second person where there is none: as shipped, that waits until there is.
            Self::MiningOs if scenario == Scenario::FleetRestartWorkers => {
                (people(Approvers::SiteManagement) > 1).then(|| plain(Approvers::SiteManagement, 1))
            }
            Self::MiningOs => of_machines.then(|| plain(Approvers::ActionHolders, 0)),
            Self::SpiderPool => (!of_machines).then(|| plain(Approvers::Administrators, 0)),
            Self::Strict => {
                let of_sites = matches!(scenario, Scenario::FleetPoolChange | Scenario::FleetRestartWorkers);
                if of_machines && !of_sites {
                    return None;
                }
                let widest = if of_sites { Approvers::SiteManagement } else { Approvers::Administrators };
                let approvers = old.approvers.min(widest);
                let two = old.most(people(approvers)).clamp(1, 2);
                Some(PolicyChange {
                    approvers: Some(approvers),
                    programs_run_alone: Some(false),
                    step_up: Some(old.step_up.max(StepUp::Recent)),
                    ..counts(old.required.max(two), old.required_other)
                })
            }
        }
    }
}
