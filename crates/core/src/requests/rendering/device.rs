//! What an operation changes about devices, grouped where they change alike.

use super::{DeviceList, Field, ObjectRef, Old, Row, Value};
use crate::{
    event::device_of,
    fleet::{Activity, Operation, Pool, PoolSetting, PoolUser, Setting, Worker},
    requests::Target,
};
use std::collections::BTreeMap;

/// Most settings that are told apart for one field; devices with others are counted together.
const MAX_GROUPS: usize = 20;

/// What devices are set to, and how many of them; nothing where they have not said.
pub(super) type Counted = Vec<(Option<Setting>, u32)>;

/// One row for each setting that devices have now, and one for the devices themselves.
pub(super) fn rows(operation: &Operation, targets: &[(u32, Target)], settings: &Counted) -> Vec<Row> {
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
        Operation::SetPools { pools } => of_pools(pools, settings),
    };
    let list = DeviceList::of(targets.iter().filter_map(|(_, target)| device_of(*target)));
    rows.push(Row::new(Field::Targets, None, Old::Stated, Value::Devices(list)));
    rows
}

/// What a field is on how many devices, the most first; where it is not known comes before all others.
fn groups(values: impl Iterator<Item = (Option<Value>, u32)>) -> Vec<(Old, u32)> {
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

/// For each pool in order: where, and for whom. That another account would be paid is said of every setting in which that is so, and
/// also where nobody knows.
fn of_pools(pools: &[Pool], settings: &Counted) -> Vec<Row> {
    let had = |setting: &Option<Setting>| match setting {
        Some(Setting::Pools(pools)) => Some(pools.clone()),
        Some(Setting::Activity(_) | Setting::PowerMode(_) | Setting::Light(_)) | None => None,
    };
    let old: Vec<(Option<Vec<PoolSetting>>, u32)> = settings.iter().map(|(old, count)| (had(old), *count)).collect();
    let slots = old.iter().filter_map(|(old, _)| old.as_ref().map(Vec::len)).max().unwrap_or(0).max(pools.len());
    let mut rows = Vec::new();
    for slot in 0..slots {
        let of = ObjectRef::Pool(u8::try_from(slot + 1).unwrap_or(u8::MAX));
        let (url, user) = match pools.get(slot) {
            Some(Pool { url, user }) => (Value::Text(url.clone()), Value::PoolUser(PoolUser::of(user))),
            None => (Value::Nothing, Value::Nothing),
        };
        let has = |of: fn(&PoolSetting) -> Option<Value>| {
            let value = move |(old, count): &(Option<Vec<PoolSetting>>, u32)| {
                let pool = old.as_ref().map(|pools| pools.get(slot).map_or(Some(Value::Nothing), of));
                (pool.flatten(), *count)
            };
            old.iter().map(value)
        };
        let users = merged(has(|pool| pool.user.is_known().then(|| Value::PoolUser(pool.user.clone()))), &user);
        let mut row = |field, old: Old, devices, new: &Value| {
            if old != Old::Known(Value::Nothing) || *new != Value::Nothing {
                rows.push(Row { devices, ..Row::new(field, Some(of.clone()), old, new.clone()) });
            }
        };
        for (old, devices) in groups(users.into_iter()) {
            row(Field::PoolUser, old, devices, &user);
        }
        for (old, devices) in groups(has(|pool| Some(Value::Text(pool.url.clone())))) {
            row(Field::PoolUrl, old, devices, &url);
        }
    }
    // Every pool is written with a password of no meaning; the one before cannot be read.
    rows.push(Row::new(Field::PoolPassword, None, Old::Unknown, Value::Overwritten));
    rows
}

/// Worker names differ from device to device; users of one account are told apart only from the one that is wanted.
fn merged(users: impl Iterator<Item = (Option<Value>, u32)>, wanted: &Value) -> Vec<(Option<Value>, u32)> {
    let users: Vec<_> = users.collect();
    let mut workers: BTreeMap<&str, Option<&Worker>> = BTreeMap::new();
    for user in users.iter().filter_map(|(user, _)| user.as_ref()).filter(|user| *user != wanted) {
        if let Value::PoolUser(PoolUser { account, worker }) = user {
            let one = workers.entry(account).or_insert(Some(worker));
            *one = one.filter(|one| *one == worker);
        }
    }
    let merge = |user: &Option<Value>| match user {
        Some(Value::PoolUser(PoolUser { account, .. })) if user.as_ref() != Some(wanted) => {
            let worker = workers.get(account.as_str()).copied().flatten().cloned().unwrap_or(Worker::Several);
            Some(Value::PoolUser(PoolUser { account: account.clone(), worker }))
        }
        other => other.clone(),
    };
    users.iter().map(|(user, count)| (merge(user), *count)).collect()
}
