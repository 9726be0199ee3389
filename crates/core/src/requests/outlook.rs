//! What is kept with a request of how its targets were when it was made.

use super::{Estimate, Outlook, Payload, Target, Was};
use crate::{
    fleet::{Operation, Setting},
    ids::DeviceId,
};
use std::collections::BTreeMap;

/// Most settings that differ; with more of them, a request on very many devices would be too long for the log. What the other
/// devices were set to is not kept.
const MAX_SETTINGS: usize = 2_000;
/// Where each device gets a user of its own, so many are kept to the letter.
const MAX_ALONE: u32 = 200;

/// What is known of the targets, each in its place, and their settings grouped: those that are as is asked for are kept together, and
/// so are those that differ in worker names only, but for the first ones where each gets a user of its own.
pub(super) fn outlook(payload: &Payload, known: Vec<(DeviceId, Outlook)>) -> (Vec<Estimate>, Vec<Was>) {
    let same = payload.pinned.same_for_all(&payload.action).and_then(Operation::wanted);
    let is_as_asked = |item, setting: &Setting| match &same {
        Some(same) => same == setting,
        None => payload.operation_for(item).and_then(|told| told.wanted()).as_ref() == Some(setting),
    };
    let mut known: BTreeMap<_, _> = known.into_iter().collect();
    let mut settings: BTreeMap<(u32, Option<Setting>), Was> = BTreeMap::new();
    let estimates = (0..).zip(&payload.targets).map(|(item, target)| {
        let outlook = match target {
            Target::Device(device) => known.remove(device).unwrap_or_default(),
            Target::Agent(_) => Outlook::default(),
        };
        if let Some(setting) = outlook.setting.filter(Setting::is_bounded) {
            let setting = Some(setting).filter(|setting| !is_as_asked(item, setting));
            let is_own = !payload.pinned.is_empty() && setting.is_some();
            let alone = if is_own { item.min(MAX_ALONE) } else { MAX_ALONE };
            let key = (alone, setting.as_ref().map(Setting::without_workers));
            let is_full = settings.len() >= MAX_SETTINGS;
            match settings.get_mut(&key) {
                Some(was) => {
                    if let (Some(merged), Some(setting)) = (&mut was.setting, &setting) {
                        merged.merge(setting);
                    }
                    was.items.push(item);
                }
                None if is_full => {}
                None => drop(settings.insert(key, Was { setting, items: vec![item] })),
            }
        }
        outlook.watts
    });
    let estimates = estimates.collect();
    (estimates, settings.into_values().collect())
}
