//! What the names in pool users stood for when it was asked for, target by target. They are part of what is approved, so that
//! each device gets exactly the user that was approved for it: the same template and values give the same text to whoever decides
//! and to its agent. If a value has changed before the target's turn, the target is left alone.

use super::{Action, Payload, Refusal};
use crate::{
    authz::Place,
    fleet::{Device, FieldValues, NoUser, Operation, TemplateField},
    ids::DeviceId,
    state::State,
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    net::IpAddr,
};

/// Most bytes of values in one request; with more, one on very many devices would be too long for the log.
pub(crate) const MAX_PINNED: usize = 3 << 20;

/// For each name in the users of an operation, its values in the order of the targets. Empty where there are no such names.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pinned(BTreeMap<TemplateField, Vec<String>>);

impl Pinned {
    /// There are no names.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What every target is told, if it is the same for all, as where there are no names.
    pub(crate) fn same_for_all<'a>(&self, action: &'a Action) -> Option<&'a Operation> {
        let Action::Device(operation) = action else { return None };
        let has_no_names = operation.template_fields().is_ok_and(|fields| fields.is_empty());
        Some(operation).filter(|_| self.is_empty() && has_no_names)
    }

    /// How much room the values take, bytes.
    pub(crate) fn bytes(&self) -> usize {
        self.0.values().flatten().map(String::len).sum()
    }

    /// Adds those of the next target, which has the same names as the others.
    pub fn push(&mut self, values: FieldValues) {
        for (field, value) in values {
            self.0.entry(field).or_default().push(value);
        }
    }

    /// Those of these targets only.
    pub(crate) fn only(&self, items: &BTreeSet<u32>) -> Self {
        let of = |values: &Vec<String>| items.iter().filter_map(|item| values.get(*item as usize).cloned()).collect();
        Self(self.0.iter().map(|(field, values)| (*field, of(values))).collect())
    }

    /// What a name stands for; nothing where there is not one value for each of so many targets.
    fn value(&self, field: TemplateField, item: u32, targets: usize) -> Option<&str> {
        let values = self.0.get(&field).filter(|values| values.len() == targets)?;
        values.get(item as usize).map(String::as_str)
    }
}

impl Payload {
    /// What the target at this place of the list is told; none if it is told nothing, or if the values do not fit the users.
    #[must_use]
    pub fn operation_for(&self, item: u32) -> Option<Operation> {
        let Action::Device(operation) = &self.action else { return None };
        if let Some(same) = self.pinned.same_for_all(&self.action) {
            return Some(same.clone());
        }
        if !operation.template_fields().ok()?.iter().eq(self.pinned.0.keys()) {
            return None;
        }
        operation.expanded(|field| self.pinned.value(field, item, self.targets.len())).ok()
    }
}

impl State {
    /// What these names stand for on a device, as far as that is known, and as far as places are seen that have a name themselves.
    #[must_use]
    pub fn field_values(
        &self,
        device: &Device,
        fields: &BTreeSet<TemplateField>,
        sees: &dyn Fn(&Place) -> bool,
    ) -> FieldValues {
        fields.iter().filter_map(|field| Some((*field, self.field_value(device, *field, sees)?))).collect()
    }

    fn field_value(&self, device: &Device, field: TemplateField, sees: &dyn Fn(&Place) -> bool) -> Option<String> {
        let found = &device.found;
        let number = |place: usize| match found.ip {
            IpAddr::V4(ip) => Some(ip.octets()[place].to_string()),
            IpAddr::V6(_) => None,
        };
        match field {
            TemplateField::Name => Some(device.id.to_string()),
            TemplateField::Ip => Some(found.ip.to_string()),
            TemplateField::Ip3 => number(2),
            TemplateField::Ip4 => number(3),
            TemplateField::Mac => {
                let mac = found.identity.mac.as_ref()?;
                Some(mac.chars().filter(char::is_ascii_alphanumeric).collect::<String>().to_ascii_lowercase())
            }
            TemplateField::Serial => found.identity.serial.clone(),
            TemplateField::Position => {
                let container = self.container(device.container?)?;
                let place = Place { container: Some(container.id), ..Place::site(container.site) };
                sees(&place).then(|| container.name.clone())
            }
            TemplateField::SubAccount => {
                let sub_account = self.sub_account(device.sub_account?)?;
                sees(&Place::sub_account(sub_account.id)).then(|| sub_account.name.clone())
            }
        }
    }

    /// What a device would be told if it were asked now, and what the names stand for in it.
    ///
    /// # Errors
    /// Why it cannot be told that.
    pub fn told_now(
        &self,
        device: DeviceId,
        operation: &Operation,
        sees: &dyn Fn(&Place) -> bool,
    ) -> Result<(Operation, FieldValues), Refusal> {
        let fields = operation.template_fields().map_err(|_| Refusal::UnfitUser)?;
        if fields.is_empty() {
            return Ok((operation.clone(), FieldValues::new()));
        }
        let values = self.device(device).map(|device| self.field_values(device, &fields, sees)).unwrap_or_default();
        let told = operation.expanded(|field| values.get(&field).map(String::as_str));
        told.map(|told| (told, values)).map_err(|why| match why {
            NoUser::Lacks(name) => Refusal::NoValue { name },
            NoUser::Unfit(_) | NoUser::NotATemplate(_) => Refusal::UnfitUser,
        })
    }

    /// What is no longer so of a device of what its users were made of; none while all is. What a place is called now is not told:
    /// it is read by whoever sees the device.
    #[must_use]
    pub fn stale(&self, payload: &Payload, item: u32, device: &Device) -> Option<String> {
        let fields: BTreeSet<_> = payload.pinned.0.keys().copied().collect();
        let now = self.field_values(device, &fields, &|_| true);
        fields.into_iter().find_map(|field| {
            let was = payload.pinned.value(field, item, payload.targets.len());
            let is = now.get(&field).map(String::as_str);
            let told = match field {
                TemplateField::Name
                | TemplateField::Ip
                | TemplateField::Ip3
                | TemplateField::Ip4
                | TemplateField::Mac
                | TemplateField::Serial => is.unwrap_or("not known"),
                TemplateField::Position | TemplateField::SubAccount => "another",
            };
            let was = (was != is).then(|| was.unwrap_or("not known"))?;
            Some(format!("stale: {{{}}} was {was} when it was asked for and is {told} now", field.name()))
        })
    }
}
