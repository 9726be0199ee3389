//! What a device can be told to do.

use super::{SecretRef, setting::parts_of};
use serde::{Deserialize, Serialize};

/// How hard a miner works. `Sleep` draws a few watts and hashes nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PowerMode {
    /// Not hashing, control board awake.
    Sleep,
    /// Less than the nameplate.
    Low,
    /// The nameplate.
    Normal,
    /// More than the nameplate.
    High,
}

/// One pool a miner is to work for. Of its password there is a reference in everything that is decided and kept; the password itself
/// stands in its place only where it comes in and where a driver writes it ([`PoolPassword`](super::PoolPassword)).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pool<P = SecretRef> {
    /// `stratum+tcp://host:port` and the like, 1 to 255 characters.
    pub url: String,
    /// Worker name at the pool, 1 to 128 characters. In what is asked for it may be a [template](super::Template).
    pub user: String,
    /// Password at the pool. Without one the miner is given one of no meaning. Miners do not tell theirs.
    #[serde(default = "none", skip_serializing_if = "Option::is_none")]
    pub password: Option<P>,
}

/// Not `Default`, which would ask of a password that there be one by default.
const fn none<P>() -> Option<P> {
    None
}

/// Most pools that a miner takes.
pub const MAX_POOLS: usize = 3;
const MAX_URL: usize = 255;
const MAX_USER: usize = 128;
const MAX_PASSWORD: usize = 64;
/// What miners' interfaces separate fields and orders by, or do not escape; and braces, which would be a template's.
const NEVER: [char; 6] = [',', '|', '"', '\\', '{', '}'];

/// Why miners or pools do not take a pool's address or user.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPool {
    /// Its address has the wrong form or length.
    #[error(
        "a pool needs an address such as stratum+tcp://host:3333, of up to 255 characters, with a port from 1 to 65535 and no password in it"
    )]
    Url,
    /// Its user is missing or too long.
    #[error("a pool's user has 1 to 128 characters")]
    UserLength,
    /// There is a character that some of them do not take.
    #[error(
        "a pool's address, user and password are written in ASCII without blanks, commas, quotation marks, |, \\ and braces"
    )]
    Character,
    /// Its password is empty or too long.
    #[error("a pool's password has 1 to 64 characters")]
    PasswordLength,
}

/// Is it a scheme, a host and perhaps a port that there can be? What browsers open is no pool, whatever it is.
fn leads_to_a_pool(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    let (user, place, _) = parts_of(rest);
    let (host, port) = match place.rsplit_once(':') {
        // The end of an IPv6 address has no port after it.
        Some((_, end)) if end.ends_with(']') => (place, None),
        Some((host, port)) => (host, Some(port)),
        None => (place, None),
    };
    let is_port = |port: &str| port.bytes().all(|b| b.is_ascii_digit()) && port.parse().is_ok_and(|port: u16| port > 0);
    let is_web = ["http", "https"].iter().any(|web| scheme.eq_ignore_ascii_case(web));
    // A password there would stand in every review and log.
    let is_shown = !user.contains(':');
    is_shown && !scheme.is_empty() && !is_web && !host.is_empty() && port.is_none_or(is_port)
}

fn is_plain(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_graphic() && !NEVER.contains(&c))
}

/// Can a miner be told this password of a pool? The one rule for people, the server and agents.
///
/// # Errors
/// Why not.
pub fn check_pool_password(text: &str) -> Result<(), BadPool> {
    if !(1..=MAX_PASSWORD).contains(&text.len()) {
        return Err(BadPool::PasswordLength);
    }
    if is_plain(text) { Ok(()) } else { Err(BadPool::Character) }
}

impl<P> Pool<P> {
    /// Can a miner be told it as it is? The one rule for people, the server and agents.
    ///
    /// # Errors
    /// Why not.
    pub fn check(&self) -> Result<(), BadPool> {
        self.check_lengths()?;
        if is_plain(&self.url) && is_plain(&self.user) { Ok(()) } else { Err(BadPool::Character) }
    }

    /// Can it be asked for? The braces in its user have been looked at already.
    ///
    /// # Errors
    /// Why not.
    pub fn check_asked(&self) -> Result<(), BadPool> {
        self.check_lengths()?;
        let user = self.user.replace(['{', '}'], "x");
        Pool::<P> { url: self.url.clone(), user, password: None }.check()
    }

    fn check_lengths(&self) -> Result<(), BadPool> {
        if !leads_to_a_pool(&self.url) || self.url.len() > MAX_URL {
            return Err(BadPool::Url);
        }
        if (1..=MAX_USER).contains(&self.user.len()) { Ok(()) } else { Err(BadPool::UserLength) }
    }
}

/// An order to one device, with its parameters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(tag = "action", content = "params", rename_all = "snake_case", deny_unknown_fields)]
pub enum Operation<P = SecretRef> {
    /// Restarts the whole miner.
    Reboot {},
    /// Restarts the mining program only.
    RestartMining {},
    /// Stops hashing until resumed.
    Pause {},
    /// Hashes again after a pause.
    Resume {},
    /// Chooses how hard the miner works.
    SetPowerMode {
        /// The mode asked for.
        mode: PowerMode,
    },
    /// Lights or darkens the LED by which a person finds the device.
    Locate {
        /// Lit or dark.
        on: bool,
    },
    /// Replaces the pools, in order of preference; 1 to 3 of them.
    SetPools {
        /// The new pools.
        pools: Vec<Pool<P>>,
    },
}

/// An operation without its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the operations of the same names say it")]
pub enum OpKind {
    Reboot,
    RestartMining,
    Pause,
    Resume,
    SetPowerMode,
    Locate,
    SetPools,
}

/// Requests whose operations are of groups that conflict exclude each other on one device: the later takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ConflictGroup {
    /// On, off, reboot, pause, sleep.
    Power,
    /// Mode and overclock.
    Tuning,
    /// Pools.
    Pools,
    /// The LED.
    Led,
    /// Installing firmware: nothing else may go on at the same time.
    Firmware,
    /// Registering, moving, maintenance.
    Position,
}

impl ConflictGroup {
    /// Every group, in the order of the claim columns.
    pub const ALL: [Self; 6] = [Self::Power, Self::Tuning, Self::Pools, Self::Led, Self::Firmware, Self::Position];

    /// Does a request of one exclude a request of the other on the same device?
    #[must_use]
    pub const fn conflicts_with(self, other: Self) -> bool {
        self as u8 == other as u8 || matches!((self, other), (Self::Firmware, _) | (_, Self::Firmware))
    }
}

impl<P> Operation<P> {
    pub(super) fn pools(&self) -> &[Pool<P>] {
        match self {
            Self::SetPools { pools } => pools,
            Self::Reboot {}
            | Self::RestartMining {}
            | Self::Pause {}
            | Self::Resume {}
            | Self::SetPowerMode { .. }
            | Self::Locate { .. } => &[],
        }
    }

    /// The passwords in it, or what stands for them.
    pub fn passwords(&self) -> impl Iterator<Item = &P> {
        self.pools().iter().filter_map(|pool| pool.password.as_ref())
    }

    /// The same with something else in the place of each password; `with` is told of which pool it is, from 0.
    ///
    /// # Errors
    /// The first of `with`.
    pub fn with_passwords<Q, E>(self, mut with: impl FnMut(usize, P) -> Result<Q, E>) -> Result<Operation<Q>, E> {
        Ok(match self {
            Self::Reboot {} => Operation::Reboot {},
            Self::RestartMining {} => Operation::RestartMining {},
            Self::Pause {} => Operation::Pause {},
            Self::Resume {} => Operation::Resume {},
            Self::SetPowerMode { mode } => Operation::SetPowerMode { mode },
            Self::Locate { on } => Operation::Locate { on },
            Self::SetPools { pools } => {
                let pool = |(place, Pool { url, user, password }): (usize, Pool<P>)| {
                    let password = password.map(|password| with(place, password)).transpose()?;
                    Ok(Pool { url, user, password })
                };
                Operation::SetPools { pools: pools.into_iter().enumerate().map(pool).collect::<Result<_, E>>()? }
            }
        })
    }

    /// Which operation this is.
    #[must_use]
    pub const fn kind(&self) -> OpKind {
        match self {
            Self::Reboot {} => OpKind::Reboot,
            Self::RestartMining {} => OpKind::RestartMining,
            Self::Pause {} => OpKind::Pause,
            Self::Resume {} => OpKind::Resume,
            Self::SetPowerMode { .. } => OpKind::SetPowerMode,
            Self::Locate { .. } => OpKind::Locate,
            Self::SetPools { .. } => OpKind::SetPools,
        }
    }

    /// What it excludes on the same device. Pausing and sleep are a matter of power as well as of tuning: any change of the mode
    /// that still waits would wake the device again.
    #[must_use]
    pub const fn conflict_groups(&self) -> &'static [ConflictGroup] {
        match self {
            Self::Reboot {} | Self::RestartMining {} | Self::Resume {} => &[ConflictGroup::Power],
            Self::Pause {} | Self::SetPowerMode { mode: PowerMode::Sleep } => {
                &[ConflictGroup::Power, ConflictGroup::Tuning]
            }
            Self::SetPowerMode { .. } => &[ConflictGroup::Tuning],
            Self::Locate { .. } => &[ConflictGroup::Led],
            Self::SetPools { .. } => &[ConflictGroup::Pools],
        }
    }

    /// Does it exclude `other` on the same device?
    #[must_use]
    pub fn conflicts_with(&self, other: &Self) -> bool {
        let others = other.conflict_groups();
        self.conflict_groups().iter().any(|group| others.iter().any(|other| group.conflicts_with(*other)))
    }

    /// Does a device draw another power afterwards, for as long as nobody changes it again?
    #[must_use]
    pub const fn changes_power(&self) -> bool {
        match self {
            Self::Pause {} | Self::Resume {} | Self::SetPowerMode { .. } => true,
            Self::Reboot {} | Self::RestartMining {} | Self::Locate { .. } | Self::SetPools { .. } => false,
        }
    }

    /// Whether doing it twice is the same as doing it once. Only then may a lost answer be followed by another try.
    #[must_use]
    pub const fn is_idempotent(&self) -> bool {
        !matches!(self, Self::Reboot {} | Self::RestartMining {})
    }

    /// Turning power away is never held back by somebody else's waiting request.
    #[must_use]
    pub const fn is_safety(&self) -> bool {
        matches!(self, Self::Pause {} | Self::SetPowerMode { mode: PowerMode::Sleep })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn pool(url: &str, user: &str) -> Pool {
        Pool { url: url.into(), user: user.into(), password: None }
    }

    #[test]
    fn pools_are_what_miners_take_and_nothing_else() {
        let url = "stratum+tcp://pool.example:3333";
        for user in ["farm.rig-1_a", "me@example.com", "bc1qfarm.7x23", &"u".repeat(128)] {
            assert_eq!(pool(url, user).check(), Ok(()), "{user}");
        }
        assert_eq!(pool(url, "").check(), Err(BadPool::UserLength));
        assert_eq!(pool(url, &"u".repeat(129)).check(), Err(BadPool::UserLength));
        for url in [
            "",
            "pool.example:3333",
            "stratum+tcp://",
            "://pool.example:3333",
            "stratum+tcp://pool.example:99999",
            "stratum+tcp://pool.example:0",
            "stratum+tcp://pool.example:+1",
            "stratum+tcp://pool.example:",
            "stratum+tcp://:3333",
            "stratum+tcp:///3333",
            "http://pool.example:3333",
            "stratum+tcp://user:secret@pool.example:3333",
            "HTTPS://pool.example",
            &format!("a://{}", "u".repeat(252)),
        ] {
            assert_eq!(pool(url, "farm").check(), Err(BadPool::Url), "{url}");
        }
        for user in ["a b", "a,b", "a|b", "a\"b", "a\\b", "{a}", "a\nb", "caf\u{e9}", "a\u{202e}b"] {
            assert_eq!(pool(url, user).check(), Err(BadPool::Character), "{user}");
        }
        assert_eq!(
            (pool(url, "a.{name}").check(), pool(url, "a.{name}").check_asked()),
            (Err(BadPool::Character), Ok(()))
        );
        assert_eq!(pool("stratum+tcp://{name}:1", "a").check_asked(), Err(BadPool::Character));
        for (password, is) in [
            ("x", Ok(())),
            ("d=1024;p#1", Ok(())),
            (&*"p".repeat(64), Ok(())),
            ("", Err(BadPool::PasswordLength)),
            (&*"p".repeat(65), Err(BadPool::PasswordLength)),
            ("a b", Err(BadPool::Character)),
            ("a,b", Err(BadPool::Character)),
            ("a\"b", Err(BadPool::Character)),
            ("a\nb", Err(BadPool::Character)),
            ("caf\u{e9}", Err(BadPool::Character)),
        ] {
            assert_eq!(check_pool_password(password), is, "{password}");
        }
    }

    #[test]
    fn each_password_is_replaced_in_its_own_place_and_nothing_else() {
        let with = |passwords: [Option<u8>; 3]| Operation::SetPools {
            pools: passwords.map(|password| Pool { password, url: "a://b".into(), user: "u".into() }).into(),
        };
        let asked = with([Some(7), None, Some(9)]);
        assert_eq!(asked.passwords().collect::<Vec<_>>(), [&7, &9]);
        let replaced = asked.clone().with_passwords(|place, password| Ok::<_, ()>(password + place as u8));
        assert_eq!(replaced, Ok(with([Some(7), None, Some(11)])));
        assert_eq!(asked.with_passwords(|place, _| if place == 2 { Err(place) } else { Ok(0_u8) }), Err(2));
        let on = Operation::<u8>::Locate { on: true };
        assert_eq!(on.with_passwords(|_, password| Err::<u8, u8>(password)), Ok(Operation::Locate { on: true }));
    }

    proptest! {
        /// Whatever is taken can be put between commas, quotation marks and bars.
        #[test]
        fn what_is_taken_breaks_out_of_no_order(url in any::<String>(), user in any::<String>()) {
            let pool = pool(&format!("a://{url}"), &user);
            let odd = |c: char| NEVER.contains(&c) || !c.is_ascii_graphic();
            if pool.check().is_ok() {
                prop_assert!(!pool.url.chars().chain(pool.user.chars()).any(odd));
            }
            if check_pool_password(&user).is_ok() {
                prop_assert!(!user.is_empty() && !user.chars().any(odd));
            }
        }
    }
}
