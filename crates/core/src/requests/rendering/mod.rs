//! What is asked for, field by field, from and to: the one rendering of a payload. Whoever decides or reads of a decision is shown
//! these rows, in whatever form.
//!
//! Every field of every operation and action has a row. The structures are taken apart without `..`, so that a field that is new
//! does not compile until it has one; `tests/rendering.rs` flips each field and asks for another rendering.

mod control;
mod device;
mod governance;
mod lists;
mod money;
mod people;
mod pools;
mod row;
mod shown;
mod structure;
mod weight;

pub use lists::{DeviceList, Mark, NAMED, NamedUser, UserList};
pub use row::{Caution, Field, ObjectRef, Old, Row, Value, Weight};
pub(in crate::requests) use shown::shown;
pub use shown::{KeptRow, Shown};

use super::{Action, Payload, Pinned, Request, RequestState, Target};
use crate::{
    event::device_of,
    fleet::{Operation, Setting},
    ids::{AccountId, DeviceId},
    state::State,
};
use device::OnDevice;
use std::borrow::Cow;

/// What devices are set to now, of what an operation sets; nothing of a device that has not said.
pub type Settings<'a> = &'a dyn Fn(DeviceId) -> Option<Setting>;

/// Writes the rows of a payload.
pub struct Renderer<'a> {
    state: &'a State,
    hides_addresses: bool,
    now: Option<Settings<'a>>,
    as_asked: bool,
}

impl<'a> Renderer<'a> {
    /// With what `state` says of how things are. Its reader sees addresses or not; those of the payload are as they were given.
    #[must_use]
    pub const fn new(state: &'a State, hides_addresses: bool) -> Self {
        Self { state, hides_addresses, now: None, as_asked: false }
    }

    /// What devices say now, for requests that still wait. Without it they are said to have what they had when they were asked about.
    #[must_use]
    pub const fn with_settings(self, now: Settings<'a>) -> Self {
        Self { now: Some(now), ..self }
    }

    /// From what was so when it was asked for, also while it waits.
    #[must_use]
    pub const fn as_asked(self) -> Self {
        Self { as_asked: true, ..self }
    }

    /// Of what has not been asked for yet.
    #[must_use]
    pub fn of_action(&self, account: AccountId, action: &Action, targets: &[Target]) -> Vec<Row> {
        let targets: Vec<_> = (0..).zip(targets.iter().copied()).collect();
        let same = Pinned::default().same_for_all(action);
        let told = |_, device| match (same, action) {
            (Some(same), _) => Some(Cow::Borrowed(same)),
            (None, Action::Device(operation)) => {
                self.state.told_now(device, operation, &|_| true).ok().map(|(told, _)| Cow::Owned(told))
            }
            (None, Action::Control(_)) => None,
        };
        let devices = self.on_devices(&targets, told, |_| None);
        ordered(self.rows(account, action, &targets, &devices))
    }

    /// Of a request as its reader sees it. While it waits, from what is so now; then from what was so when it was made, for by now
    /// it has changed.
    #[must_use]
    pub fn of_request(&self, request: &Request) -> Vec<Row> {
        let Payload { account, action, .. } = &*request.payload;
        let waits = !self.as_asked && matches!(request.state, RequestState::Pending | RequestState::Approved);
        let effective: Vec<_> = request.effective().collect();
        let mut was = vec![None; request.payload.targets.len()];
        for (kept, item) in request.was.iter().flat_map(|was| was.items.iter().map(move |item| (&was.setting, item))) {
            if let Some(was) = was.get_mut(*item as usize) {
                *was = Some(kept);
            }
        }
        let same = request.payload.pinned.same_for_all(action);
        let told = |item, _| match same {
            Some(same) => Some(Cow::Borrowed(same)),
            None => request.payload.operation_for(item).map(Cow::Owned),
        };
        let then = |item: u32| match was.get(item as usize).copied().flatten() {
            Some(Some(setting)) => Some(Cow::Borrowed(setting)),
            Some(None) => request.payload.operation_for(item).and_then(|told| told.wanted()).map(Cow::Owned),
            None => None,
        };
        let now = Self { now: self.now.filter(|_| waits), ..*self };
        let devices = now.on_devices(&effective, told, then);
        let mut rows = self.rows(*account, action, &effective, &devices);
        if !waits && matches!(action, Action::Control(_)) {
            // What the payload says, and what was shown besides.
            rows.retain(|row| row.kept().is_none());
            rows.extend(request.shown.rows.iter().cloned().map(KeptRow::row));
        }
        rows.extend(context(&request.payload, effective.len()));
        ordered(rows)
    }

    /// The devices among the targets: what they are set to, and what they are told.
    fn on_devices<'k>(
        &self,
        targets: &[(u32, Target)],
        told: impl Fn(u32, DeviceId) -> Option<Cow<'k, Operation>>,
        then: impl Fn(u32) -> Option<Cow<'k, Setting>>,
    ) -> Vec<OnDevice<'k>> {
        let on_device = |(item, target): &(u32, Target)| {
            let device = device_of(*target)?;
            let now = self.now.and_then(|now| now(device)).map(Cow::Owned);
            Some(OnDevice { device, old: now.or_else(|| then(*item)), told: told(*item, device) })
        };
        targets.iter().filter_map(on_device).collect()
    }

    fn rows(
        &self,
        account: AccountId,
        action: &Action,
        targets: &[(u32, Target)],
        devices: &[OnDevice<'_>],
    ) -> Vec<Row> {
        match action {
            Action::Device(operation) => device::rows(operation, targets, devices),
            Action::Control(control) => {
                let mut rows = Rows::of(self, account);
                rows.of_control(control);
                let agents = targets.iter().filter_map(|(_, target)| match target {
                    Target::Agent(agent) => Some(ObjectRef::Agent(*agent)),
                    Target::Device(_) => None,
                });
                let agents: Vec<_> = agents.collect();
                if !agents.is_empty() {
                    rows.stated(Field::Agents, Value::Objects(agents));
                }
                rows.done
            }
        }
    }
}

/// What matters most first, else in the order in which it was said.
fn ordered(mut rows: Vec<Row>) -> Vec<Row> {
    rows.sort_by_key(|row| (row.weight, row.caution.is_none(), row.caution));
    rows
}

/// Under which conditions it was asked for. The action, its targets and what is pinned for them have rows of their own.
fn context(payload: &Payload, effective: usize) -> Vec<Row> {
    let Payload {
        account,
        scenario,
        action: _,
        targets,
        pinned: _,
        base_versions,
        initiator,
        revision,
        policy_version,
        not_after,
    } = payload;
    let row = |field, of, value| Row { weight: Weight::Context, ..Row::new(field, of, Old::Stated, value) };
    let mut rows = vec![
        row(Field::Account, None, Value::Object(ObjectRef::Account(*account))),
        row(Field::Initiator, None, Value::Object(ObjectRef::Initiator(*initiator))),
        row(Field::Scenario, None, Value::Object(ObjectRef::Scenario(*scenario))),
        row(Field::PolicyVersion, None, Value::Number((*policy_version).into())),
    ];
    rows.extend(base_versions.iter().map(|(base, version)| {
        row(Field::BaseVersion, Some(ObjectRef::Base(*base)), Value::Text(version.to_string()))
    }));
    rows.push(row(Field::Revision, None, Value::Number((*revision).into())));
    rows.push(row(Field::NotAfter, None, Value::At(*not_after)));
    let devices = targets.iter().filter_map(|target| device_of(*target));
    if effective != targets.len() {
        rows.push(row(Field::ApprovedTargets, None, Value::Devices(DeviceList::of(devices))));
    }
    rows
}

/// Rows as they are written.
struct Rows<'a> {
    state: &'a State,
    account: AccountId,
    hides_addresses: bool,
    done: Vec<Row>,
}

impl<'a> Rows<'a> {
    const fn of(renderer: &Renderer<'a>, account: AccountId) -> Self {
        Self { state: renderer.state, account, hides_addresses: renderer.hides_addresses, done: Vec::new() }
    }

    fn push(&mut self, field: Field, of: Option<ObjectRef>, old: Old, new: Value) -> &mut Row {
        self.done.push(Row::new(field, of, old, new));
        let last = self.done.len() - 1;
        &mut self.done[last]
    }

    /// Says what was looked up.
    fn found(&mut self, field: Field, value: Value) {
        self.push(field, None, Old::Found, value);
    }

    /// Names what it is about.
    fn stated(&mut self, field: Field, value: Value) {
        self.push(field, None, Old::Stated, value);
    }

    /// Of something that is made.
    fn made(&mut self, field: Field, value: Value) {
        self.push(field, None, Old::New, value);
    }

    /// From what it is now; nothing if that is not known.
    fn change(&mut self, field: Field, old: Option<Value>, new: Value) {
        self.change_of(field, None, old, new);
    }

    fn change_of(&mut self, field: Field, of: Option<ObjectRef>, old: Option<Value>, new: Value) {
        self.push(field, of, old.map_or(Old::Unknown, Old::Known), new);
    }

    /// Something is taken away.
    fn gone(&mut self, field: Field, old: Option<Value>) {
        self.change(field, old, Value::Gone);
    }
}

/// Nothing where there is none.
fn or_nothing<T>(value: Option<T>, of: impl FnOnce(T) -> Value) -> Value {
    value.map_or(Value::Nothing, of)
}

fn text(text: &str) -> Value {
    Value::Text(text.to_owned())
}
