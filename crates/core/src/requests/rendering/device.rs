//! What an operation changes about devices, grouped where they change alike.

use super::{DeviceList, Field, Old, Row, Value, pools};
use crate::{
    event::device_of,
    fleet::{Activity, Operation, Setting},
    ids::DeviceId,
    requests::Target,
};
use std::{borrow::Cow, collections::BTreeMap};

/// Most settings that are told apart for one field; devices with others are counted together.
pub(super) const MAX_GROUPS: usize = 20;

/// What devices are set to, and how many of them; nothing where they have not said.
pub(super) type Counted = Vec<(Option<Setting>, u32)>;

/// One device: what it is set to, as far as it has said, and what it is told, if it can be told anything.
pub(super) struct OnDevice<'a> {
    pub(super) device: DeviceId,
    pub(super) old: Option<Cow<'a, Setting>>,
    pub(super) told: Option<Cow<'a, Operation>>,
}

/// One row for each setting that devices have now, and one for the devices themselves.
pub(super) fn rows(operation: &Operation, targets: &[(u32, Target)], devices: &[OnDevice<'_>]) -> Vec<Row> {
    let mut counts: BTreeMap<Option<&Setting>, u32> = BTreeMap::new();
    for device in devices {
        *counts.entry(device.old.as_deref()).or_default() += 1;
    }
    let settings: Counted = counts.into_iter().map(|(setting, count)| (setting.cloned(), count)).collect();
    let activity = |setting: &Setting| match setting {
        Setting::Activity(activity) => Some(Value::Activity(*activity)),
        Setting::PowerMode(_) | Setting::Light(_) | Setting::Pools(_) => None,
    };
    let simple = |field, new: Value, value: &dyn Fn(&Setting) -> Option<Value>| {
        groups(settings.iter().map(|(setting, count)| (setting.as_ref().and_then(value), *count)))
            .into_iter()
            .map(|(old, count)| Row { devices: count, ..Row::new(field, None, old, new.clone()) })
            .collect()
    };
    let mut rows: Vec<Row> = match operation {
        Operation::Reboot {} => simple(Field::Miner, Value::Restarted, &activity),
        Operation::RestartMining {} => simple(Field::MiningProgram, Value::Restarted, &activity),
        Operation::Pause {} => simple(Field::Mining, Value::Activity(Activity::Paused), &activity),
        Operation::Resume {} => simple(Field::Mining, Value::Activity(Activity::Mining), &activity),
        Operation::SetPowerMode { mode } => {
            simple(Field::PowerMode, Value::PowerMode(*mode), &|setting| match setting {
                Setting::PowerMode(mode) => Some(Value::PowerMode(*mode)),
                Setting::Activity(_) | Setting::Light(_) | Setting::Pools(_) => None,
            })
        }
        Operation::Locate { on } => simple(Field::LocateLight, Value::Flag(*on), &|setting| match setting {
            Setting::Light(on) => Some(Value::Flag(*on)),
            Setting::Activity(_) | Setting::PowerMode(_) | Setting::Pools(_) => None,
        }),
        Operation::SetPools { pools } => pools::rows(pools, &settings, devices),
    };
    let list = DeviceList::of(targets.iter().filter_map(|(_, target)| device_of(*target)));
    rows.push(Row::new(Field::Targets, None, Old::Stated, Value::Devices(list)));
    rows
}

/// What a field is on how many devices, the most first; where it is not known comes before all others.
pub(super) fn groups(values: impl Iterator<Item = (Option<Value>, u32)>) -> Vec<(Old, u32)> {
    let mut found: Vec<(Option<Value>, u32)> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for (value, devices) in values {
        let place = *places.entry(format!("{value:?}")).or_insert(found.len());
        match found.get_mut(place) {
            Some((_, count)) => *count += devices,
            None => found.push((value, devices)),
        }
    }
    found.sort_by_key(|(value, count)| (value.is_some(), std::cmp::Reverse(*count)));
    let others = found.split_off(found.len().min(MAX_GROUPS));
    let mut groups: Vec<_> = found.into_iter().map(|(old, n)| (old.map_or(Old::Unknown, Old::Known), n)).collect();
    if !others.is_empty() {
        let settings = u32::try_from(others.len()).unwrap_or(u32::MAX);
        let devices = others.iter().map(|(_, count)| *count).sum();
        groups.push((Old::Known(Value::Others(settings)), devices));
    }
    groups
}
