//! How much a field has to be looked at: told from its two sides alone, so that it is the same before, during and after a request.

use super::{Caution, Field, ObjectRef, Old, Value, Weight};
use crate::{accounts::Recipient, fleet::plain_url};

/// Its weight, and what has to be said aloud about it.
pub(super) fn weigh(field: Field, of: Option<&ObjectRef>, old: &Old, new: &Value) -> (Weight, Option<Caution>) {
    if matches!(old, Old::Known(old) if is_same(field, old, new)) {
        return (Weight::Same, None);
    }
    let caution = match field {
        Field::PoolUser => of_user(old, new),
        Field::PoolUrl => of_url(old, new),
        // An address that goes with its sub-account pays nobody else.
        Field::Address => (*new != Value::Gone).then_some(Caution::MoneyElsewhere),
        // Devices that are assigned make somebody else's money; a sub-account that is named or taken away is not that.
        Field::SubAccount => {
            (!matches!(old, Old::Stated | Old::Found) && *new != Value::Gone).then_some(Caution::MoneyElsewhere)
        }
        Field::Share => of_share(of, old, new),
        Field::PoolPassword
        | Field::Mining
        | Field::Miner
        | Field::MiningProgram
        | Field::PowerMode
        | Field::LocateLight
        | Field::Targets
        | Field::ApprovedTargets
        | Field::Workers
        | Field::Site
        | Field::Required
        | Field::RequiredOther
        | Field::ApproverRoles
        | Field::InitiatorCounts
        | Field::ProgramsRunAlone
        | Field::ApproveTtl
        | Field::ExecuteTtl
        | Field::Timelock
        | Field::StepUp
        | Field::Ratchet
        | Field::Closure
        | Field::OwnerRecovery
        | Field::CountsLowered
        | Field::AdministratorsManage
        | Field::SecondFactor
        | Field::Person
        | Field::Grant
        | Field::Role
        | Field::Scope
        | Field::Ends
        | Field::Remark
        | Field::ApiAccess
        | Field::Membership
        | Field::Suspended
        | Field::Name
        | Field::NameTyped
        | Field::Permissions
        | Field::Capacity
        | Field::Agent
        | Field::Agents
        | Field::FollowedAt
        | Field::AlsoSeenAt
        | Field::ScanTask
        | Field::ScanTasks
        | Field::Containers
        | Field::Devices
        | Field::Token
        | Field::AgentMode
        | Field::Paused
        | Field::Ranges
        | Field::Interval
        | Field::Enabled
        | Field::Passwords
        | Field::PasswordsToUnknown
        | Field::Container
        | Field::SubAccounts
        | Field::Group
        | Field::Members
        | Field::MembersAdded
        | Field::MembersRemoved
        | Field::Recipients
        | Field::ObserverLink
        | Field::ShowsWorkers
        | Field::ShowsEarnings
        | Field::OpenToNames
        | Field::Replaces
        | Field::Key
        | Field::KeyAccess
        | Field::Secret
        | Field::TokenId
        | Field::Origins
        | Field::Signed
        | Field::Frozen
        | Field::Deletion
        | Field::Owner
        | Field::RoleAfterwards
        | Field::SeenVersion
        | Field::Account
        | Field::Scenario
        | Field::PolicyVersion
        | Field::BaseVersion
        | Field::Initiator
        | Field::Revision
        | Field::NotAfter => None,
    };
    let is_money = caution.is_some() || matches!(field, Field::Share | Field::Address);
    (if is_money { Weight::Money } else { Weight::Change }, caution)
}

/// Addresses of pools are compared by what they mean.
fn is_same(field: Field, old: &Value, new: &Value) -> bool {
    match (field, old, new) {
        (Field::PoolUrl, Value::Text(old), Value::Text(new)) => plain_url(old) == plain_url(new),
        _ => old == new,
    }
}

/// A pool that is taken away pays nobody else.
fn of_user(old: &Old, new: &Value) -> Option<Caution> {
    match (old, new) {
        (_, Value::Nothing) => None,
        (Old::Unknown, _) => Some(Caution::AccountUnknown),
        (Old::Known(Value::PoolUser(old)), Value::PoolUser(new)) if old.account == new.account => {
            Some(Caution::AnotherWorker)
        }
        (Old::Known(Value::PoolUser(old)), Value::PoolUsers(new)) if new.account.as_ref() == Some(&old.account) => {
            Some(Caution::AnotherWorker)
        }
        _ => Some(Caution::AnotherAccount),
    }
}

fn of_url(old: &Old, new: &Value) -> Option<Caution> {
    match (old, new) {
        (_, Value::Nothing) => None,
        (Old::Unknown, _) => Some(Caution::PoolUnknown),
        (Old::Known(Value::Text(old)), Value::Text(new)) if host(old) == host(new) => None,
        _ => Some(Caution::AnotherPool),
    }
}

/// Where it is, without how it is spoken to.
fn host(url: &str) -> String {
    let url = plain_url(url);
    url.split_once("://").map_or(url.as_str(), |(_, rest)| rest).to_owned()
}

/// Somebody else than the sub-account itself gets more than before.
fn of_share(of: Option<&ObjectRef>, old: &Old, new: &Value) -> Option<Caution> {
    let Value::BasisPoints(new) = new else { return None };
    let less = matches!(old, Old::Known(Value::BasisPoints(old)) if old >= new);
    let own = matches!(of, Some(ObjectRef::Recipient(Recipient::Wallet {})));
    (!less && !own).then_some(Caution::MoneyElsewhere)
}
