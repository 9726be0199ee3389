//! Which pools devices are told, from which they have now: where they work, and for whom.

use super::{
    Field, Mark, NamedUser, ObjectRef, Old, Row, UserList, Value,
    device::{Counted, MAX_GROUPS, OnDevice, groups},
};
use crate::fleet::{Operation, Pool, PoolSetting, PoolUser, Setting, Template, Worker};
use std::collections::BTreeMap;

/// For each pool in order: where, and for whom. That another account would be paid is said of every setting in which that is so, and
/// also where nobody knows. Users that are made for each device are told device by device.
pub(super) fn rows(pools: &[Pool], settings: &Counted, devices: &[OnDevice<'_>]) -> Vec<Row> {
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
            Some(Pool { url, user, password: _ }) => (Value::Text(url.clone()), Value::PoolUser(PoolUser::of(user))),
            None => (Value::Nothing, Value::Nothing),
        };
        let has = |of: fn(&PoolSetting) -> Option<Value>| {
            let value = move |(old, count): &(Option<Vec<PoolSetting>>, u32)| {
                let pool = old.as_ref().map(|pools| pools.get(slot).map_or(Some(Value::Nothing), of));
                (pool.flatten(), *count)
            };
            old.iter().map(value)
        };
        let mut row = |field, old: Old, devices, new: &Value| {
            if old != Old::Known(Value::Nothing) || *new != Value::Nothing {
                rows.push(Row { devices, ..Row::new(field, Some(of.clone()), old, new.clone()) });
            }
        };
        match pools.get(slot).filter(|pool| is_made(pool, devices)) {
            Some(pool) => {
                for Group { old, new, devices } in made_users(slot, &pool.user, devices) {
                    row(Field::PoolUser, old, devices, &Value::PoolUsers(new));
                }
            }
            None => {
                let users = merged(has(|pool| pool.user.is_known().then(|| Value::PoolUser(pool.user.clone()))), &user);
                for (old, devices) in groups(users.into_iter()) {
                    row(Field::PoolUser, old, devices, &user);
                }
            }
        }
        for (old, devices) in groups(has(|pool| Some(Value::Text(pool.url.clone())))) {
            row(Field::PoolUrl, old, devices, &url);
        }
    }
    rows.extend(passwords(pools));
    rows
}

/// The password before cannot be read, so of none can be said that it stays. Without one a pool is written with one of no meaning,
/// which is said once where it is so of all.
fn passwords(pools: &[Pool]) -> Vec<Row> {
    let row = |of: Option<ObjectRef>, new: Value| Row::new(Field::PoolPassword, of, Old::Unknown, new);
    if pools.iter().all(|pool| pool.password.is_none()) {
        return vec![row(None, Value::Overwritten)];
    }
    let of_pool = |(slot, pool): (usize, &Pool)| {
        let of = ObjectRef::Pool(u8::try_from(slot + 1).unwrap_or(u8::MAX));
        let new = pool.password.as_ref().map_or(Value::Overwritten, |kept| Value::Secret(Mark::of(kept.digits())));
        row(Some(of), new)
    };
    pools.iter().enumerate().map(of_pool).collect()
}

/// Is the user made for each device, or does somebody get none? A text that is no template at all stands for nothing.
fn is_made(pool: &Pool, devices: &[OnDevice<'_>]) -> bool {
    let plain = Template::parse(&pool.user).is_ok_and(|template| template.fields().is_empty());
    !plain || devices.iter().any(|device| device.told.is_none())
}

/// Devices whose users change alike.
struct Group {
    old: Old,
    new: UserList,
    devices: u32,
}

/// How a device's user changes.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Kind {
    /// It has not said for whom it works.
    Unknown,
    /// It has no such pool.
    None,
    /// It works for this account, and goes on to under another name, or does not.
    For { account: String, stays: bool },
    /// Nothing changes.
    Same,
}

/// One device before and after.
struct Made<'a> {
    on: &'a OnDevice<'a>,
    old: Option<Option<&'a PoolUser>>,
    new: Option<PoolUser>,
}

impl<'a> Made<'a> {
    fn of(slot: usize, on: &'a OnDevice<'a>) -> Self {
        let old = match on.old.as_deref() {
            Some(Setting::Pools(pools)) => match pools.get(slot) {
                Some(pool) => pool.user.is_known().then_some(Some(&pool.user)),
                None => Some(None),
            },
            Some(Setting::Activity(_) | Setting::PowerMode(_) | Setting::Light(_)) | None => None,
        };
        let new = match on.told.as_deref() {
            Some(Operation::SetPools { pools }) => pools.get(slot).map(|pool| PoolUser::of(&pool.user)),
            Some(
                Operation::Reboot {}
                | Operation::RestartMining {}
                | Operation::Pause {}
                | Operation::Resume {}
                | Operation::SetPowerMode { .. }
                | Operation::Locate { .. },
            )
            | None => None,
        };
        Self { on, old, new }
    }

    fn kind(&self) -> Kind {
        match (self.old, &self.new) {
            (None, _) => Kind::Unknown,
            (Some(None), _) => Kind::None,
            (Some(Some(old)), Some(new)) if old == new => Kind::Same,
            (Some(Some(old)), new) => {
                let stays = new.as_ref().is_some_and(|new| new.account == old.account);
                Kind::For { account: old.account.clone(), stays }
            }
        }
    }
}

fn made_users(slot: usize, template: &str, devices: &[OnDevice<'_>]) -> Vec<Group> {
    let mut kinds: BTreeMap<Kind, Vec<Made<'_>>> = BTreeMap::new();
    for on in devices {
        let made = Made::of(slot, on);
        kinds.entry(made.kind()).or_default().push(made);
    }
    let mut kinds: Vec<_> = kinds.into_iter().collect();
    kinds.sort_by_key(|(kind, made)| (*kind != Kind::Unknown, std::cmp::Reverse(made.len())));
    let others = kinds.split_off(kinds.len().min(MAX_GROUPS));
    let mut all: Vec<_> = kinds.into_iter().map(|(kind, made)| group(&kind, template, &made)).collect();
    if !others.is_empty() {
        let settings = u32::try_from(others.len()).unwrap_or(u32::MAX);
        let mut made: Vec<_> = others.into_iter().flat_map(|(_, made)| made).collect();
        made.sort_by_key(|made| made.on.device);
        all.push(with(Old::Known(Value::Others(settings)), listed(template, &made)));
    }
    all
}

fn group(kind: &Kind, template: &str, made: &[Made<'_>]) -> Group {
    let new = listed(template, made);
    let old = match kind {
        Kind::Unknown => Old::Unknown,
        Kind::None => Old::Known(Value::Nothing),
        Kind::Same => Old::Known(Value::PoolUsers(new.clone())),
        Kind::For { account, .. } => {
            let mut workers = made.iter().filter_map(|made| made.old.flatten()).map(|user| &user.worker);
            let first = workers.next();
            let one = first.filter(|first| workers.all(|worker| worker == *first));
            let worker = one.cloned().unwrap_or(Worker::Several);
            Old::Known(Value::PoolUser(PoolUser { account: account.clone(), worker }))
        }
    };
    with(old, new)
}

fn with(old: Old, new: UserList) -> Group {
    Group { old, devices: new.count, new }
}

fn listed(template: &str, made: &[Made<'_>]) -> UserList {
    let named = |made: &Made<'_>| NamedUser {
        device: made.on.device,
        old: made.old.flatten().map(ToString::to_string),
        new: made.new.as_ref().map(ToString::to_string),
    };
    let mut accounts = made.iter().map(|made| made.new.as_ref().map(|user| user.account.as_str()));
    let first = accounts.next().flatten();
    let account = first.filter(|first| accounts.all(|account| account == Some(first))).map(str::to_owned);
    UserList::of(template, account, made.iter().map(named))
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
