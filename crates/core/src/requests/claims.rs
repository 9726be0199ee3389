//! Which request holds a device: the later takes it from the one that waits, across users, in the log's order.

use super::{Action, Pinned, Refusal, Request, RequestState};
use crate::{
    authz::Place,
    fleet::{ConflictGroup, Operation},
    ids::{DeviceId, RequestId},
    state::State,
};
use std::collections::BTreeMap;

/// What a new request is given, what it is not, and what others lose to it.
#[derive(Debug, Default)]
pub struct Award {
    /// Devices it gets.
    pub given: Vec<DeviceId>,
    /// What the names in its pool users stand for on them, in the same order.
    pub pinned: Pinned,
    /// Devices it does not get.
    pub refused: Vec<(DeviceId, Refusal)>,
    /// What waiting requests lose to it: places in their target lists.
    pub dropped: BTreeMap<RequestId, Vec<u32>>,
}

impl State {
    /// Decides each of the devices for a new request that needs `required` approvals, by somebody who sees these places. Empty
    /// unless it is an operation on devices.
    #[must_use]
    pub fn award(&self, action: &Action, devices: &[DeviceId], required: u32, sees: &dyn Fn(&Place) -> bool) -> Award {
        let Action::Device(operation) = action else {
            return Award::default();
        };
        let mut award = Award::default();
        for device in devices {
            let told = self.cannot(*device, operation).map_or_else(|| self.told_now(*device, operation, sees), Err);
            let values = match told {
                Ok((_, values)) => values,
                Err(refusal) => {
                    award.refused.push((*device, refusal));
                    continue;
                }
            };
            let holders = self.holders_in(*device, operation.conflict_groups());
            let obstacle = holders.iter().find_map(|holder| match holder.state {
                RequestState::Pending if holder.required > required && !operation.is_safety() => {
                    Some(Refusal::DeviceHeldByHigherAssurance { by: holder.id })
                }
                RequestState::Pending => None,
                // What makes it safe does not wait for what has not begun.
                RequestState::Approved if operation.is_safety() => None,
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
            award.pinned.push(values);
        }
        award
    }

    /// Why a device cannot be made to do this, whoever holds it.
    fn cannot(&self, device: DeviceId, operation: &Operation) -> Option<Refusal> {
        let known = self.device(device).filter(|known| known.found.takes(operation));
        let Some(agent) = known.map(|known| known.agent) else { return Some(Refusal::Unsupported) };
        let Some(controller) = self.agent(agent).filter(|agent| agent.takes_orders()) else {
            return Some(Refusal::NotControlled { agent });
        };
        (!controller.site_policy.allows(operation.kind())).then_some(Refusal::ForbiddenOnSite { agent })
    }

    /// Requests that hold a device in any group that conflicts with these, each once.
    fn holders_in(&self, device: DeviceId, groups: &[ConflictGroup]) -> Vec<&Request> {
        let Some(claims) = device.index().checked_sub(1).and_then(|at| self.claims.get(at)) else {
            return Vec::new();
        };
        let conflicting =
            ConflictGroup::ALL.into_iter().filter(|held| groups.iter().any(|group| group.conflicts_with(*held)));
        let mut places: Vec<_> = conflicting.map(|held| claims.0[held as usize]).filter(|place| *place != 0).collect();
        places.sort_unstable();
        places.dedup();
        places.iter().filter_map(|place| self.requests.get(*place as usize - 1)).map(AsRef::as_ref).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        authz::Principal,
        event::{Entry, Event},
        fleet::{DeviceIdentity, FoundDevice, ModePower, OpKind},
        ids::{AccountId, AgentId, ScanTaskId, SiteId, UserId},
        requests::{Payload, Target},
        time::{Millis, Timestamp},
    };
    use ConflictGroup::{Firmware, Led, Pools, Position, Power, Tuning};
    use std::collections::BTreeMap;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);
    const WAITING: RequestId = RequestId(ulid::Ulid(7));

    fn miner() -> FoundDevice {
        FoundDevice {
            identity: DeviceIdentity { mac: Some("02:00:00:00:00:01".into()), serial: None },
            ip: [10, 0, 0, 1].into(),
            make: "MicroBT".into(),
            model: "M30S++".into(),
            firmware: "v2".into(),
            driver: "whatsminer-v2".into(),
            supports: vec![OpKind::Pause, OpKind::Locate, OpKind::SetPools],
            modes: Vec::new(),
            mode_power: ModePower::default(),
            expected_hashrate_ghs: None,
        }
    }

    fn submitted() -> Event {
        let action = Action::Device(Operation::Pause {});
        let payload = Payload {
            account: AccountId(1),
            scenario: action.scenario(),
            action,
            targets: vec![Target::Device(DeviceId(1))],
            pinned: Pinned::default(),
            base_versions: BTreeMap::new(),
            initiator: Principal::User(UserId(1)),
            revision: 1,
            policy_version: 0,
            not_after: NOW.after(Millis::hours(1)),
        };
        Event::RequestSubmitted {
            request: WAITING,
            number: 1,
            content_hash: payload.content_hash(),
            payload: std::sync::Arc::new(payload),
            required: 2,
            required_other: 0,
            eligible: Vec::new(),
            estimates: Vec::new(),
            refused: Vec::new(),
            was: Vec::new(),
            shown: Box::default(),
            reason: None,
            idempotency: None,
            supersedes: None,
        }
    }

    /// One miner, held by a waiting request of this group.
    fn held_by(group: ConflictGroup) -> State {
        let (account, site, agent, scan_task) = (AccountId(1), SiteId(1), AgentId(1), ScanTaskId(1));
        let mut state = State::default();
        for event in [
            Event::AccountCreated { account, name: "Norte".into(), owner: UserId(1) },
            Event::SiteCreated { site, account, name: "Norte".into(), capacity_w: None },
            Event::AgentCreated { agent, account, site, name: "north".into(), token_hash: "ab".repeat(32) },
            Event::DevicesFound { agent, scan_task, devices: vec![(DeviceId(1), miner())] },
            submitted(),
        ] {
            state.apply(&Entry { at: NOW, actor: Principal::System, event });
        }
        let claims = state.claims.get_mut(0).expect("there is one device");
        claims.0.swap(Power as usize, group as usize);
        state
    }

    #[test]
    fn e095_power_off_takes_a_device_from_waiting_firmware_as_everything_does() {
        let state = held_by(Firmware);
        for operation in [Operation::Pause {}, Operation::Locate { on: true }, Operation::SetPools { pools: vec![] }] {
            let required = if operation.is_safety() { 1 } else { 2 };
            let award = state.award(&Action::Device(operation), &[DeviceId(1)], required, &|_| true);
            assert_eq!(award.given, [DeviceId(1)]);
            assert_eq!(award.dropped, [(WAITING, vec![0])].into());
        }
        let held = state.award(&Action::Device(Operation::Locate { on: true }), &[DeviceId(1)], 1, &|_| true);
        assert_eq!(held.refused, [(DeviceId(1), Refusal::DeviceHeldByHigherAssurance { by: WAITING })]);
    }

    #[test]
    fn firmware_takes_a_device_from_whatever_waits() {
        for group in ConflictGroup::ALL {
            let holders = held_by(group).holders_in(DeviceId(1), &[Firmware]).len();
            assert_eq!(holders, 1, "{group:?}");
        }
    }

    #[test]
    fn groups_other_than_firmware_conflict_with_themselves_only() {
        for one in [Power, Tuning, Pools, Led, Position] {
            for other in ConflictGroup::ALL {
                assert_eq!(one.conflicts_with(other), one == other || other == Firmware, "{one:?} {other:?}");
                assert_eq!(one.conflicts_with(other), other.conflicts_with(one));
            }
        }
    }
}
