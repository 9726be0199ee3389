//! What an operation sets, as a device says it has it: compared with what is wanted to tell whether anything would change, whether
//! it has changed, and from what.

use super::{Activity, MAX_POOLS, Operation, Pool, PowerMode};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Longest text of a pool setting, bytes; a device that says more has not said anything that can be relied upon.
const MAX_TEXT: usize = 255;

/// The part of a pool's user after its account.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Worker {
    /// There is none.
    None,
    /// This.
    One(String),
    /// Devices that are looked at together differ in it.
    Several,
}

/// A pool's user: whose account the work is credited to, and under which worker name.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PoolUser {
    /// Everything before the first dot; all of it where the user is an e-mail address.
    pub account: String,
    /// Everything after it.
    pub worker: Worker,
}

impl PoolUser {
    /// In its two parts.
    #[must_use]
    pub fn of(user: &str) -> Self {
        match user.split_once('.').filter(|_| !user.contains('@')) {
            Some((account, worker)) => Self { account: account.into(), worker: Worker::One(worker.into()) },
            None => Self { account: user.into(), worker: Worker::None },
        }
    }

    /// Has the device said who it works for?
    #[must_use]
    pub fn is_known(&self) -> bool {
        !self.account.is_empty() || self.worker != Worker::None
    }
}

impl fmt::Display for PoolUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.account)?;
        match &self.worker {
            Worker::None => Ok(()),
            Worker::One(worker) => write!(f, ".{worker}"),
            Worker::Several => f.write_str(".*"),
        }
    }
}

/// One pool as a device has it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct PoolSetting {
    /// Where it works.
    pub url: String,
    /// For whom.
    pub user: PoolUser,
}

/// What a device has of something that an operation sets.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Setting {
    /// What it does.
    Activity(Activity),
    /// How hard it works.
    PowerMode(PowerMode),
    /// Its locate light.
    Light(bool),
    /// Its pools, in order; repeats of the one before are left out, as they change nothing.
    Pools(Vec<PoolSetting>),
}

impl Setting {
    /// Pools as a device or an order has them, their addresses [as they are compared](plain_url). Passwords are no part of it: no
    /// device tells its own.
    #[must_use]
    pub fn pools<P>(pools: &[Pool<P>]) -> Self {
        let pool = |pool: &Pool<P>| PoolSetting { url: plain_url(&pool.url), user: PoolUser::of(&pool.user) };
        let mut pools: Vec<_> = pools.iter().map(pool).collect();
        pools.dedup();
        Self::Pools(pools)
    }

    /// Nothing in it is too long to be kept.
    #[must_use]
    pub(crate) fn is_bounded(&self) -> bool {
        let Self::Pools(pools) = self else { return true };
        let short = |pool: &PoolSetting| {
            let worker = if let Worker::One(worker) = &pool.user.worker { worker.len() } else { 0 };
            pool.url.len() <= MAX_TEXT + SCHEME.len() + 3 && pool.user.account.len() + worker <= MAX_TEXT
        };
        pools.len() <= MAX_POOLS && pools.iter().all(short)
    }

    /// The same without worker names, which differ from device to device.
    #[must_use]
    pub(crate) fn without_workers(&self) -> Self {
        let Self::Pools(pools) = self else { return self.clone() };
        let mut pools = pools.clone();
        pools.iter_mut().for_each(|pool| pool.user.worker = Worker::None);
        Self::Pools(pools)
    }

    /// Says of worker names in which the two differ that there are several.
    pub(crate) fn merge(&mut self, other: &Self) {
        let (Self::Pools(pools), Self::Pools(others)) = (self, other) else { return };
        for (pool, other) in pools.iter_mut().zip(others) {
            if pool.user.worker != other.user.worker {
                pool.user.worker = Worker::Several;
            }
        }
    }
}

impl<P> Operation<P> {
    /// What a device has once it has done it; `None` where that is as before.
    #[must_use]
    pub fn wanted(&self) -> Option<Setting> {
        match self {
            Self::Reboot {} | Self::RestartMining {} => None,
            Self::Pause {} => Some(Setting::Activity(Activity::Paused)),
            Self::Resume {} => Some(Setting::Activity(Activity::Mining)),
            Self::SetPowerMode { mode } => Some(Setting::PowerMode(*mode)),
            Self::Locate { on } => Some(Setting::Light(*on)),
            Self::SetPools { pools } => Some(Setting::pools(pools)),
        }
    }
}

/// Are these the same pools, in the same order, with the same users? A device that does not say a user has not said the same.
/// Addresses are compared by what they mean, users to the letter.
#[must_use]
pub fn same_pools<P>(is: &[Pool], asked: &[Pool<P>]) -> bool {
    is.iter().all(|pool| !pool.user.is_empty()) && Setting::pools(is) == Setting::pools(asked)
}

/// The scheme that miners use where an address names none.
const SCHEME: &str = "stratum+tcp";

/// What follows the scheme of an address: what stands before an @ if there is one, host and port, and the rest.
pub(super) fn parts_of(rest: &str) -> (&str, &str, &str) {
    let (place, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let (user, place) = place.rsplit_once('@').unwrap_or(("", place));
    (user, place, path)
}

/// A pool's address in one spelling: scheme and host in small letters, `stratum+tcp` where no scheme is named, and no slash at
/// the end. Port, path and query stay as they are: two that differ in them are two pools.
#[must_use]
pub fn plain_url(url: &str) -> String {
    let url = url.trim();
    let (scheme, rest) = url.split_once("://").unwrap_or((SCHEME, url));
    // Before an @ stands a name or a key, in which case counts.
    let (user, host, path) = parts_of(rest);
    let at = if user.is_empty() { "" } else { "@" };
    format!("{}://{user}{at}{}{}", scheme.to_ascii_lowercase(), host.to_ascii_lowercase(), path.trim_end_matches('/'))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(url: &str, user: &str) -> Pool {
        Pool { url: url.into(), user: user.into(), password: None }
    }

    #[test]
    fn pools_are_the_same_only_with_the_same_order_and_users() {
        let (a, b) = (pool("a", "farm.1"), pool("b", "farm.1"));
        assert!(same_pools(&[a.clone(), b.clone(), b.clone()], &[a.clone(), b.clone()]));
        assert!(!same_pools(&[b.clone(), a.clone()], &[a.clone(), b.clone()]));
        for other in ["thief.1", "farm.2", "farm", "Farm.1", ""] {
            assert!(!same_pools(&[a.clone(), pool("b", other)], &[a.clone(), b.clone()]), "{other}");
            assert!(!same_pools(&[pool("a", other), b.clone()], &[a.clone(), b.clone()]), "{other}");
        }
        assert!(!same_pools(&[pool("a", "")], &[pool("a", "")]));
    }

    #[test]
    fn addresses_are_the_same_by_what_they_mean() {
        let same = |a: &str, b: &str| same_pools(&[pool(a, "farm.1")], &[pool(b, "farm.1")]);
        let asked = "stratum+tcp://pool.example:3333";
        for is in [
            "stratum+tcp://POOL.Example:3333",
            "STRATUM+TCP://pool.example:3333/",
            "pool.example:3333",
            " stratum+tcp://pool.example:3333 ",
        ] {
            assert!(same(is, asked), "{is}");
        }
        for other in [
            "stratum+ssl://pool.example:3333",
            "stratum+tcp://pool.example:3334",
            "stratum+tcp://pool.example",
            "stratum+tcp://pool.example.org:3333",
            "stratum+tcp://pool.example:3333/x",
            "stratum+tcp://key@pool.example:3333",
            "",
        ] {
            assert!(!same(other, asked), "{other}");
        }
        assert!(same("stratum2+tcp://h:1/Key/", "stratum2+tcp://H:1/Key"));
        assert!(!same("stratum2+tcp://h:1/KEY", "stratum2+tcp://h:1/Key"));
        assert!(!same("stratum2+tcp://Key@h:1", "stratum2+tcp://key@h:1"));
    }

    #[test]
    fn a_user_is_an_account_and_a_worker() {
        let parts = |user| {
            let PoolUser { account, worker } = PoolUser::of(user);
            (account, worker)
        };
        assert_eq!(parts("farm.rig.1"), ("farm".into(), Worker::One("rig.1".into())));
        assert_eq!(parts("farm"), ("farm".into(), Worker::None));
        assert_eq!(parts("me@example.com"), ("me@example.com".into(), Worker::None));
        assert!(!PoolUser::of("").is_known());
    }
}
