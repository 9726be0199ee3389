//! Which request holds a device, in each of its conflict groups.

use super::State;
use crate::{
    event::{Entry, device_of},
    ids::RequestId,
    requests::{Action, ItemState, Request, StepKind, Target, Took},
};

impl State {
    /// Gives the request's devices to `holder` (a place plus one).
    pub(super) fn claim(&mut self, request: &Request, holder: u32) {
        let Action::Device(operation) = &request.payload.action else {
            return;
        };
        for (_, target) in request.effective() {
            if let Target::Device(device) = target
                && let Some(claims) = self.claims.get_mut(device.index() - 1)
            {
                operation.conflict_groups().iter().for_each(|group| claims.0[*group as usize] = holder);
            }
        }
    }

    /// What was asked of these targets of a request holds their devices no longer.
    pub(super) fn free(&mut self, id: RequestId, items: impl Iterator<Item = u32>) {
        let Some(place) = self.by_request.get(&id).copied() else { return };
        let Some(request) = self.requests.get(place as usize).cloned() else { return };
        for item in items {
            let Some(Target::Device(device)) = request.payload.targets.get(item as usize) else { continue };
            let at = device.index() - 1;
            // Looked at first: what is changed is copied if somebody reads the state.
            let is_held = self.claims.get(at).is_some_and(|claims| claims.0.contains(&(place + 1)));
            if is_held && let Some(claims) = self.claims.get_mut(at) {
                claims.0.iter_mut().filter(|slot| **slot == place + 1).for_each(|slot| *slot = 0);
            }
        }
    }

    /// The devices themselves are claimed by the request that took them, in its own event.
    pub(super) fn drop_targets(&mut self, entry: &Entry, request: RequestId, by: RequestId, items: &[u32]) {
        self.free(request, items.iter().copied());
        let Some(old) = self.request(request) else { return };
        let devices = items.iter().filter_map(|item| old.payload.targets.get(*item as usize).copied());
        let devices: Vec<_> = devices.filter_map(device_of).collect();
        let targets = u32::try_from(items.len()).unwrap_or(u32::MAX);
        let took = self.step(entry, StepKind::Took { from: request, targets });
        let lost = self.step(entry, StepKind::Lost { to: by, targets });
        self.change_request(by, |r| {
            r.took.push(Took { from: request, devices });
            r.steps.push(took);
        });
        self.change_request(request, |r| {
            r.steps.push(lost);
            for item in items {
                if let Some(slot) = r.items.get_mut(*item as usize) {
                    *slot = ItemState::Dropped { by };
                    r.open_items -= 1;
                }
            }
        });
    }
}
