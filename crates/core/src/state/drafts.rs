//! Drafts: changes a person collects before submitting them. They hold no claims and bind nobody.

use crate::{
    ids::DeviceId,
    requests::Action,
    time::{Millis, Timestamp},
};
use serde::{Deserialize, Serialize};

/// How long an untouched draft is kept.
pub(crate) const DRAFT_TTL: Millis = Millis::hours(24);

/// One change of a draft.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DraftChange {
    /// Its number within the draft.
    pub id: u32,
    /// What; a device operation.
    pub action: Action,
    /// On which devices, sorted.
    pub targets: Vec<DeviceId>,
}

impl DraftChange {
    /// Devices on which this change and another exclude each other.
    #[must_use]
    pub fn shared_with(&self, other: &Self) -> Vec<DeviceId> {
        let (Action::Device(a), Action::Device(b)) = (&self.action, &other.action) else {
            return Vec::new();
        };
        if !a.conflicts_with(b) {
            return Vec::new();
        }
        self.targets.iter().copied().filter(|device| other.targets.binary_search(device).is_ok()).collect()
    }
}

/// A person's draft for one site.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Draft {
    /// Number in the log of its last change: no two drafts ever have the same.
    pub version: u64,
    /// In the order they were put.
    pub changes: Vec<DraftChange>,
    /// Last change.
    pub updated_at: Timestamp,
    /// Number of the next change.
    pub next: u32,
}

impl Draft {
    pub(crate) const fn empty() -> Self {
        Self { version: 0, changes: Vec::new(), updated_at: Timestamp(0), next: 1 }
    }

    /// How many of the sorted `targets` a change would take from earlier changes of the same kind.
    #[must_use]
    pub fn taken_over(&self, action: &Action, targets: &[DeviceId]) -> usize {
        self.changes
            .iter()
            .filter(|change| change.action != *action && same_key(&change.action, action))
            .map(|change| change.targets.iter().filter(|target| targets.binary_search(target).is_ok()).count())
            .sum()
    }

    pub(crate) fn put(&mut self, id: u32, action: &Action, targets: &[DeviceId]) {
        for change in &mut self.changes {
            if same_key(&change.action, action) && change.action != *action {
                change.targets.retain(|target| targets.binary_search(target).is_err());
            }
        }
        if let Some(change) = self.changes.iter_mut().find(|change| change.action == *action) {
            change.targets.extend_from_slice(targets);
            change.targets.sort_unstable();
            change.targets.dedup();
        } else {
            self.changes.push(DraftChange { id, action: action.clone(), targets: targets.to_vec() });
            self.next = self.next.max(id + 1);
        }
        self.tidy();
    }

    pub(crate) fn take(&mut self, id: u32, targets: &[DeviceId]) {
        for change in self.changes.iter_mut().filter(|change| change.id == id) {
            change.targets.retain(|target| !targets.is_empty() && targets.binary_search(target).is_err());
        }
        self.tidy();
    }

    fn tidy(&mut self) {
        self.changes.retain(|change| !change.targets.is_empty());
    }
}

/// Do the two set the same thing, so that the later replaces the earlier?
fn same_key(a: &Action, b: &Action) -> bool {
    match (a, b) {
        (Action::Device(a), Action::Device(b)) => a.kind() == b.kind(),
        _ => false,
    }
}
