//! Rows in words, as a page shows them, as a text, and as one line.

use super::{Words, labels::label, values::plain};
use adit_core::{
    counted::counted,
    ids::DeviceId,
    requests::rendering::{Caution, Field, NamedUser, ObjectRef, Old, Row, UserList, Value, Weight},
};
use serde::Serialize;

const UNKNOWN: &str = "not known";

/// What there is to say of a field's old value.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Before {
    /// There is no before.
    None,
    Known,
    Unknown,
}

/// What users are made of, the first of them, and how many others there are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Users {
    template: String,
    first: Vec<User>,
    more: u32,
}

impl Users {
    fn of(list: &UserList) -> Self {
        let user = |NamedUser { device, old, new }: &NamedUser| User {
            device: *device,
            old: old.as_deref().map(plain),
            new: new.as_deref().map(plain),
        };
        let first: Vec<_> = list.first.iter().map(user).collect();
        let more = list.count.saturating_sub(u32::try_from(first.len()).unwrap_or(u32::MAX));
        Self { template: plain(&list.template), first, more }
    }
}

/// The user of one device, from and to; none where there is none, or it is not known.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct User {
    device: DeviceId,
    old: Option<String>,
    new: Option<String>,
}

/// The contract's `ChangeRow`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(crate) struct Change {
    field: Field,
    label: &'static str,
    of: Option<String>,
    before: Before,
    old: Option<String>,
    new: String,
    devices: u32,
    weight: Weight,
    pub(super) caution: Option<Caution>,
    /// Where each device gets a user of its own.
    users: Option<Users>,
    /// All of it, as one sentence.
    pub(super) text: String,
}

/// All rows of a payload, what matters most first.
pub(crate) struct Changes(pub(super) Vec<Change>);

impl Changes {
    pub(crate) fn of(words: &Words<'_>, rows: &[Row]) -> Self {
        Self(rows.iter().map(|row| words.change(row)).collect())
    }

    pub(crate) fn into_rows(self) -> Vec<Change> {
        self.0
    }

    /// Every row on a line of its own.
    pub(crate) fn text(&self) -> String {
        let lines = self.0.iter().map(|change| match change.caution {
            Some(_) => format!("! {}\n", change.text),
            None => format!("  {}\n", change.text),
        });
        lines.collect()
    }

    /// What is not as before, on one line.
    pub(crate) fn line(&self) -> String {
        let differs = |change: &&Change| matches!(change.weight, Weight::Money | Weight::Change);
        self.0.iter().filter(differs).map(|change| change.text.as_str()).collect::<Vec<_>>().join("; ")
    }
}

impl Words<'_> {
    fn change(&self, row: &Row) -> Change {
        let Row { field, of, old, new, devices, weight, caution } = row;
        let (before, was) = match old {
            Old::Stated | Old::Found | Old::New => (Before::None, None),
            Old::Known(value) => (Before::Known, Some(self.value(*field, value))),
            Old::Unknown => (Before::Unknown, None),
        };
        let users = if let Value::PoolUsers(list) = new { Some(Users::of(list)) } else { None };
        let new = self.value(*field, new);
        let mut change = Change {
            field: *field,
            label: label(*field),
            of: of.as_ref().map(|of| self.object(of)),
            before,
            old: was,
            new,
            devices: *devices,
            weight: *weight,
            caution: *caution,
            users,
            text: String::new(),
        };
        change.text = change.sentence(of.as_ref(), row);
        change
    }
}

impl Change {
    fn sentence(&self, of: Option<&ObjectRef>, row: &Row) -> String {
        let what = match (of, &self.of) {
            (Some(ObjectRef::Pool(place)), _) => self.label.replacen("Pool", &format!("Pool {place}"), 1),
            (_, Some(of)) => format!("{} of {of}", self.label),
            (_, None) => self.label.to_owned(),
        };
        let (old, new) = (self.old.as_deref().unwrap_or(UNKNOWN), &self.new);
        let said = match self.caution {
            Some(Caution::AnotherAccount) => format!("{} for another account: {old} \u{2192} {new}", self.mine()),
            Some(Caution::AnotherWorker) => format!("{} under another worker name: {old} \u{2192} {new}", self.mine()),
            Some(Caution::AnotherPool) => format!("{} at another pool: {old} \u{2192} {new}", self.mine()),
            Some(Caution::AccountUnknown) => {
                format!("{} now for an account that is not known; then for {new}", self.mine())
            }
            Some(Caution::PoolUnknown) => format!("{} now at a pool that is not known; then at {new}", self.mine()),
            Some(Caution::MoneyElsewhere) => format!("money goes elsewhere: {old} \u{2192} {new}{}", self.on()),
            None if self.weight == Weight::Same => format!("{new}, as before{}", self.on()),
            None if self.before == Before::None => format!("{new}{}", self.on()),
            None if row.new == Value::Overwritten => format!("{new}; what it was cannot be read, so it may change"),
            None => format!("{old} \u{2192} {new}{}", self.on()),
        };
        format!("{what}: {said}")
    }

    fn mine(&self) -> String {
        format!("{} mine{}", counted(self.devices as usize, "device"), if self.devices == 1 { "s" } else { "" })
    }

    fn on(&self) -> String {
        match self.devices {
            0 => String::new(),
            devices => format!(" ({})", counted(devices as usize, "device")),
        }
    }
}
