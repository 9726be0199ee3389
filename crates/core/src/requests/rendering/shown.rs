//! What is kept of a rendering when its request is made, and what things were called then.

use super::{Field, ObjectRef, Old, Renderer, Row, Value};
use crate::{
    accounts::Recipient,
    authz::{Principal, RoleId},
    ids::AccountId,
    requests::Action,
    state::State,
};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// A row as it was when the request was made and decided about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptRow {
    /// Which field.
    pub field: Field,
    /// Of what.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<ObjectRef>,
    /// What it was.
    pub old: Old,
    /// What it was to be.
    pub new: Value,
    /// Of how many devices.
    pub devices: u32,
}

impl KeptRow {
    /// As somebody sees it who may not see addresses.
    fn masked(self) -> Self {
        let old = if let Old::Known(value) = self.old { Old::Known(value.masked()) } else { self.old };
        Self { of: self.of.map(ObjectRef::masked), old, new: self.new.masked(), ..self }
    }

    pub(super) fn row(self) -> Row {
        Row { devices: self.devices, ..Row::new(self.field, self.of, self.old, self.new) }
    }
}

/// What people were shown of a change of the account, as far as it cannot be told from the payload once the account has changed.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shown {
    /// Its title.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Rows, but for those that the payload gives.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<KeptRow>,
    /// What the things were called that are named.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub names: Vec<(ObjectRef, String)>,
}

impl Shown {
    /// Nothing is kept where the payload says it all.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// As somebody sees it who may not see addresses.
    pub(in crate::requests) fn masked(&self) -> Self {
        Self { rows: self.rows.iter().cloned().map(KeptRow::masked).collect(), ..self.clone() }
    }
}

/// What is kept with a request of what is shown of it, for what it does to the account.
pub(in crate::requests) fn shown(state: &State, account: AccountId, action: &Action) -> Shown {
    let Action::Control(_) = action else { return Shown::default() };
    let rows = Renderer::new(state, false).of_action(account, action, &[]);
    let objects: BTreeSet<_> = rows.iter().flat_map(Row::objects).collect();
    let named = |object: &ObjectRef| Some((object.clone(), state.name_of(object)?));
    Shown {
        title: Some(state.title_of(action)),
        rows: rows.iter().filter_map(Row::kept).collect(),
        names: objects.into_iter().filter_map(named).collect(),
    }
}

impl State {
    /// What something is called now; none of what has no name, and of people, whose names the state does not have.
    #[must_use]
    pub fn name_of(&self, object: &ObjectRef) -> Option<String> {
        let name = match object {
            ObjectRef::Account(id) => &self.account(*id)?.name,
            ObjectRef::Role(role @ RoleId::Custom(_)) => return Some(self.role_title(*role)),
            ObjectRef::Key(id) | ObjectRef::Initiator(Principal::ApiKey(id)) => &self.key(*id)?.name,
            ObjectRef::Site(id) => &self.site_ever(*id)?.name,
            ObjectRef::Container(id) => &self.container_ever(*id)?.name,
            ObjectRef::Group(id) => &self.group(*id)?.name,
            ObjectRef::SubAccount(id) | ObjectRef::Recipient(Recipient::SubAccount { sub_account: id }) => {
                &self.sub_account_ever(*id)?.name
            }
            ObjectRef::Agent(id) => &self.agent_ever(*id)?.name,
            ObjectRef::ScanTask(id) => &self.scan_task_ever(*id)?.name,
            ObjectRef::ObserverLink(id) => &self.observer_link(*id)?.label,
            ObjectRef::Person(_)
            | ObjectRef::Grant(_)
            | ObjectRef::Role(RoleId::BuiltIn(_))
            | ObjectRef::Scenario(_)
            | ObjectRef::Pool(_)
            | ObjectRef::Recipient(Recipient::Wallet {} | Recipient::Address { .. })
            | ObjectRef::Initiator(Principal::User(_) | Principal::Operator | Principal::System)
            | ObjectRef::Base(_) => return None,
        };
        Some(name.clone())
    }
}
