//! Which request holds a device: the later takes it from the one that waits, across users, in the log's order.

use super::{Action, Refusal, Request, RequestState};
use crate::{
    ids::{DeviceId, RequestId},
    state::State,
};
use std::collections::BTreeMap;

/// What a new request is given, what it is not, and what others lose to it.
#[derive(Debug, Default)]
pub struct Award {
    /// Devices it gets.
    pub given: Vec<DeviceId>,
    /// Devices it does not get.
    pub refused: Vec<(DeviceId, Refusal)>,
    /// What waiting requests lose to it: places in their target lists.
    pub dropped: BTreeMap<RequestId, Vec<u32>>,
}

impl State {
    /// Decides each of the devices for a new request that needs `required` approvals. Empty unless it is an operation on
    /// devices.
    #[must_use]
    pub fn award(&self, action: &Action, devices: &[DeviceId], required: u32) -> Award {
        let Action::Device(operation) = action else {
            return Award::default();
        };
        let mut award = Award::default();
        for device in devices {
            let supported = self.device(*device).is_some_and(|d| d.found.supports.contains(&operation.kind()));
            if !supported {
                award.refused.push((*device, Refusal::Unsupported));
                continue;
            }
            let holders = self.holders_in(*device, operation.conflict_groups());
            let obstacle = holders.iter().find_map(|holder| match holder.state {
                RequestState::Pending if holder.required > required && !operation.is_safety() => {
                    Some(Refusal::DeviceHeldByHigherAssurance { by: holder.id })
                }
                RequestState::Pending => None,
                _ => Some(Refusal::DeviceBusy { by: holder.id }),
            });
            if let Some(obstacle) = obstacle {
                award.refused.push((*device, obstacle));
                continue;
            }
            for holder in holders {
                if let Ok(item) = holder.payload.targets.binary_search(&super::Target::Device(*device)) {
                    award.dropped.entry(holder.id).or_default().push(u32::try_from(item).unwrap_or(u32::MAX));
                }
            }
            award.given.push(*device);
        }
        award
    }

    /// Requests that hold a device in any of these groups, each once.
    fn holders_in(&self, device: DeviceId, groups: &[crate::fleet::ConflictGroup]) -> Vec<&Request> {
        let Some(claims) = device.index().checked_sub(1).and_then(|at| self.claims.get(at)) else {
            return Vec::new();
        };
        let mut places: Vec<_> = groups.iter().map(|group| claims.0[*group as usize]).filter(|p| *p != 0).collect();
        places.sort_unstable();
        places.dedup();
        places.iter().filter_map(|place| self.requests.get(*place as usize - 1)).map(AsRef::as_ref).collect()
    }
}
