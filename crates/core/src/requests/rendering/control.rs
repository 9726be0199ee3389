//! Which rows an action has. Each is taken apart here, whole.

use super::{Field, ObjectRef, Rows, Value, text};
use crate::requests::Control;

impl Rows<'_> {
    pub(super) fn of_control(&mut self, control: &Control) {
        match control {
            Control::RestartWorkers { site } => {
                self.stated(Field::Site, Value::Object(ObjectRef::Site(*site)));
                self.stated(Field::Workers, Value::Restarted);
            }
            Control::SetPolicies { changes } => self.policies(changes),
            Control::AddGrant(new) => self.new_grant(new),
            Control::ChangeGrant(change) => self.changed_grant(change),
            Control::RemoveGrant { grant } => self.removed_grant(*grant),
            Control::RemoveUser { user, changes } => {
                self.removed_person(*user);
                self.policies(changes);
            }
            Control::SuspendUser { user } => self.suspended(*user, true),
            Control::UnsuspendUser { user } => self.suspended(*user, false),
            Control::CreateRole { name, permissions } => {
                self.made(Field::Name, text(name));
                self.made(Field::Permissions, Value::Permissions(permissions.clone()));
            }
            Control::ChangeRole { role, name, permissions } => self.changed_role(*role, name, permissions),
            Control::DeleteRole { role } => self.deleted_role(*role),
            Control::SetAdministratorsManageUsers { on } => self.managers(*on),
            Control::SetSecondFactorRequired { on } => self.second_factor(*on),
            Control::SetSafeguards(safeguards) => self.safeguards(*safeguards),
            Control::CreateSite { name, capacity_w } => self.new_site(name, *capacity_w),
            Control::ChangeSite { site, name, capacity_w } => self.changed_site(*site, name, *capacity_w),
            Control::RemoveSite { site, name } => self.removed_site(*site, name),
            Control::CreateAgent { site, name, token_hash } => self.new_agent(*site, name, token_hash),
            Control::ChangeAgent { agent, name, mode, paused } => self.changed_agent(*agent, name, *mode, *paused),
            Control::ReissueAgentToken { agent, token_hash } => self.another_token(*agent, token_hash),
            Control::RevokeAgent { agent } => self.revoked_agent(*agent),
            Control::CreateScanTask { agent, name, ranges, interval_s, credentials, passwords_to_unknown } => {
                self.stated(Field::Agent, Value::Object(ObjectRef::Agent(*agent)));
                self.new_scan_task(name, ranges, *interval_s, credentials.as_deref());
                self.made(Field::PasswordsToUnknown, Value::Flag(*passwords_to_unknown));
            }
            Control::ChangeScanTask {
                scan_task,
                name,
                ranges,
                interval_s,
                enabled,
                passwords_to_unknown,
                passwords,
            } => {
                self.changed_scan_task(*scan_task, name, ranges, *interval_s);
                self.changed_sweeps(*scan_task, *enabled);
                self.changed_passwords(*scan_task, *passwords_to_unknown, passwords);
            }
            Control::RemoveScanTask { scan_task } => self.removed_scan_task(*scan_task),
            Control::PlaceDevices { devices, container } => self.placed(devices, *container),
            Control::MoveDevices { devices, agent } => self.moved_to_agent(devices, *agent),
            Control::AssignDevices { devices, sub_account } => self.assigned(devices, *sub_account),
            Control::CreateGroup { name, devices } => self.new_group(name, devices),
            Control::ChangeGroup { group, name, devices, version } => {
                self.changed_group(*group, name, devices);
                self.seen_version(*version);
            }
            Control::DeleteGroup { group, version } => {
                self.deleted_group(*group);
                self.seen_version(*version);
            }
            Control::RemoveSubAccount { sub_account } => {
                self.removed_sub_account(*sub_account);
            }
            Control::SetWallet { sub_account, address } => self.wallet(*sub_account, address),
            Control::SetAllocation { sub_account, shares } => self.allocation(*sub_account, shares),
            Control::IssueObserverLink(new) => self.new_link(new),
            Control::NarrowObserverLink { link, sections } => self.narrowed_link(*link, *sections),
            Control::RevokeObserverLink { link } => {
                self.gone(Field::ObserverLink, Some(Value::Object(ObjectRef::ObserverLink(*link))));
            }
            Control::ProtectObservers {} => self.change(Field::OpenToNames, self.is_open(), Value::Flag(false)),
            Control::OpenObservers { sections } => self.opened(*sections),
            Control::IssueKey(new) => self.new_key(new),
            Control::RevokeKey { key } => self.gone(Field::Key, Some(Value::Object(ObjectRef::Key(*key)))),
            Control::FreezeAccount {} => self.frozen(true),
            Control::UnfreezeAccount {} => self.frozen(false),
            Control::DeleteAccount { name } => {
                self.stated(Field::NameTyped, text(name));
                self.deletion(true);
            }
            Control::KeepAccount {} => self.deletion(false),
            Control::TransferOwnership { to, then } => self.transferred(*to, *then),
            Control::Recover(recovery) => self.recovery(recovery),
        }
    }
}
