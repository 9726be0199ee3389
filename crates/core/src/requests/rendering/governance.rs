//! Approval rules, safeguards, recovery, and what holds for the whole account.

use super::{Field, ObjectRef, Old, Row, Rows, Value, Weight, or_nothing};
use crate::{
    requests::{PolicyChange, Recovery, Safeguards},
    time::Millis,
};

const fn seconds(length: Millis) -> Value {
    Value::Seconds(length.0 / 1_000)
}

impl Rows<'_> {
    pub(super) fn policies(&mut self, changes: &[PolicyChange]) {
        changes.iter().for_each(|change| self.policy(change));
    }

    /// What a change does not name stays, and has no row.
    fn policy(&mut self, change: &PolicyChange) {
        let PolicyChange {
            scenario,
            required,
            required_other,
            approvers,
            initiator_counts,
            programs_run_alone,
            approve_ttl_s,
            execute_ttl_s,
            timelock_s,
            step_up,
            version,
        } = change;
        let old = self.state.policy(self.account, *scenario);
        let mut of = |field, old, new| self.change_of(field, Some(ObjectRef::Scenario(*scenario)), Some(old), new);
        of(Field::Required, Value::Number(old.required.into()), Value::Number((*required).into()));
        of(Field::RequiredOther, Value::Number(old.required_other.into()), Value::Number((*required_other).into()));
        if let Some(new) = approvers {
            of(Field::ApproverRoles, Value::Approvers(old.approvers), Value::Approvers(*new));
        }
        if let Some(new) = initiator_counts {
            of(Field::InitiatorCounts, Value::Flag(old.initiator_counts), Value::Flag(*new));
        }
        if let Some(new) = programs_run_alone {
            of(Field::ProgramsRunAlone, Value::Flag(old.programs_run_alone), Value::Flag(*new));
        }
        let lengths = [
            (Field::ApproveTtl, old.approve_ttl, approve_ttl_s),
            (Field::ExecuteTtl, old.execute_ttl, execute_ttl_s),
            (Field::Timelock, old.timelock, timelock_s),
        ];
        for (field, old, new) in lengths {
            if let Some(new) = new {
                of(field, seconds(old), Value::Seconds((*new).into()));
            }
        }
        if let Some(new) = step_up {
            of(Field::StepUp, Value::StepUp(old.step_up), Value::StepUp(*new));
        }
        if version.is_some() {
            let of = Some(ObjectRef::Scenario(*scenario));
            self.context(Field::SeenVersion, of, or_nothing(*version, |version| Value::Number(version.into())));
        }
    }

    fn context(&mut self, field: Field, of: Option<ObjectRef>, value: Value) {
        self.done.push(Row { weight: Weight::Context, ..Row::new(field, of, Old::Stated, value) });
    }

    pub(super) fn seen_version(&mut self, version: Option<u32>) {
        if let Some(version) = version {
            self.context(Field::SeenVersion, None, Value::Number(version.into()));
        }
    }

    pub(super) fn safeguards(&mut self, new: Safeguards) {
        let Safeguards { ratchet, closure, owner_recovery } = new;
        let old = self.state.safeguards(self.account);
        self.change(Field::Ratchet, Some(Value::Flag(old.ratchet)), Value::Flag(ratchet));
        self.change(Field::Closure, Some(Value::Flag(old.closure)), Value::Flag(closure));
        self.change(Field::OwnerRecovery, Some(Value::Flag(old.owner_recovery)), Value::Flag(owner_recovery));
    }

    pub(super) fn recovery(&mut self, recovery: &Recovery) {
        let Recovery { remove } = recovery;
        remove.iter().for_each(|user| self.removed_person(*user));
        self.stated(Field::CountsLowered, Value::Flag(true));
    }

    pub(super) fn managers(&mut self, on: bool) {
        let old = self.state.account(self.account).map(|account| Value::Flag(account.administrators_manage_users));
        self.change(Field::AdministratorsManage, old, Value::Flag(on));
    }

    pub(super) fn second_factor(&mut self, on: bool) {
        let old = self.state.account(self.account).map(|account| Value::Flag(account.second_factor_required));
        self.change(Field::SecondFactor, old, Value::Flag(on));
    }

    pub(super) fn frozen(&mut self, frozen: bool) {
        let old = self.state.account(self.account).map(|account| Value::Flag(account.frozen));
        self.change(Field::Frozen, old, Value::Flag(frozen));
    }

    pub(super) fn deletion(&mut self, deleted: bool) {
        let old = self.state.account(self.account).map(|account| Value::Flag(account.deletion.is_some()));
        self.change(Field::Deletion, old, Value::Flag(deleted));
    }
}
