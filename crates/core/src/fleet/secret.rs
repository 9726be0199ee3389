//! Passwords of pools, and what stands for them where nobody may read them.

use super::{BadPool, Operation, Pool, check_pool_password};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Hex digits of a reference.
const DIGITS: usize = 32;

/// Stands for a secret that is sealed elsewhere. It says nothing of the secret. Written as `{"sealed": "<32 hex digits>"}`: where the
/// secret itself is expected, which is a text, a reference is no answer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SecretRef {
    sealed: Digits,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
struct Digits(String);

impl TryFrom<String> for Digits {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let is_one = text.len() == DIGITS && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if is_one { Ok(Self(text)) } else { Err("a reference to a secret has 32 hex digits") }
    }
}

impl SecretRef {
    /// The reference of this number, drawn by the caller.
    #[must_use]
    pub fn new(number: u128) -> Self {
        Self { sealed: Digits(format!("{number:032x}")) }
    }

    /// 32 hex digits in small letters.
    #[must_use]
    pub fn digits(&self) -> &str {
        &self.sealed.0
    }
}

/// A password at a pool, in clear: 1 to 64 characters that [every miner takes](check_pool_password). Its `Debug` form hides it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String")]
pub struct PoolPassword(String);

impl PoolPassword {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for PoolPassword {
    type Error = BadPool;

    fn try_from(text: String) -> Result<Self, BadPool> {
        check_pool_password(&text).map(|()| Self(text))
    }
}

impl fmt::Debug for PoolPassword {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PoolPassword")
    }
}

impl Operation {
    /// As an amendment of `old`: a pool whose address and user are to the letter those of a pool there, and for which no password
    /// was typed, has the one that was typed then, as nobody can read it to type it again. To another address or user it goes
    /// nowhere: whoever typed it named neither.
    #[must_use]
    pub fn keeping_passwords_of(self, old: &Self) -> Self {
        let mut before: Vec<&Pool> = old.pools().iter().collect();
        let mut kept = |pool: Pool| {
            let same = before.iter().position(|known| known.url == pool.url && known.user == pool.user);
            let known = same.and_then(|place| before.remove(place).password.clone());
            Pool { password: pool.password.or(known), ..pool }
        };
        match self {
            Self::SetPools { pools } => Self::SetPools { pools: pools.into_iter().map(&mut kept).collect() },
            other @ (Self::Reboot {}
            | Self::RestartMining {}
            | Self::Pause {}
            | Self::Resume {}
            | Self::SetPowerMode { .. }
            | Self::Locate { .. }) => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fleet::MAX_POOLS, requests::Action};
    use proptest::{collection::vec, option, prelude::*, sample::select};

    fn asked(password: &str) -> String {
        let pool = format!(r#"{{"url":"a://b","user":"u","password":{password}}}"#);
        format!(r#"{{"action":"set_pools","params":{{"pools":[{pool}]}}}}"#)
    }

    /// No text is taken for a reference, and no reference for a password.
    #[test]
    fn a_password_and_a_reference_to_one_are_never_taken_for_each_other() {
        let reference = SecretRef::new(0xa1);
        let digits = format!("\"{}\"", reference.digits());
        let written = format!(r#"{{"sealed":{digits}}}"#);
        assert_eq!(serde_json::to_string(&reference).ok(), Some(written.clone()));
        for text in [&*digits, "\"hunter2\""] {
            assert!(serde_json::from_str::<Action>(&asked(text)).is_err(), "{text}");
            assert!(serde_json::from_str::<Action<PoolPassword>>(&asked(text)).is_ok(), "{text}");
        }
        assert!(serde_json::from_str::<Action>(&asked(&written)).is_ok());
        assert!(serde_json::from_str::<Action<PoolPassword>>(&asked(&written)).is_err());
        for bad in [r#"{"sealed":"0"}"#, &written.to_uppercase(), r#"{"sealed":"g0000000000000000000000000000000"}"#] {
            assert!(serde_json::from_str::<SecretRef>(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_password_shows_in_no_debug_form_and_in_no_refusal() {
        for (password, fits) in [("hunter2", true), ("hunter2 hunter2", false)] {
            let read = serde_json::from_str::<Action<PoolPassword>>(&asked(&format!("\"{password}\"")));
            assert_eq!(read.is_ok(), fits);
            assert!(!format!("{read:?}").contains("hunter2"), "{read:?}");
        }
        let none = serde_json::from_str::<Action<PoolPassword>>(r#"{"action":"pause","params":{}}"#);
        assert_eq!(none.ok(), Some(Action::Device(Operation::Pause {})));
    }

    fn few_pools() -> impl Strategy<Value = Vec<Pool>> {
        let pool = (select(vec!["a://b", "a://c"]), select(vec!["u", "v"]), option::of(0..4_u128));
        let made = |(url, user, password): (&str, &str, Option<u128>)| Pool {
            url: url.to_owned(),
            user: user.to_owned(),
            password: password.map(SecretRef::new),
        };
        vec(pool.prop_map(made), 0..=MAX_POOLS)
    }

    proptest! {
        #[test]
        fn an_amendment_keeps_a_password_where_it_was_typed_and_takes_it_nowhere_else(
            old in few_pools(), asked in few_pools(),
        ) {
            let before = Operation::SetPools { pools: old.clone() };
            let kept = Operation::SetPools { pools: asked.clone() }.keeping_passwords_of(&before);
            prop_assert_eq!(kept.pools().len(), asked.len());
            for (asked, kept) in asked.iter().zip(kept.pools()) {
                prop_assert_eq!((&kept.url, &kept.user), (&asked.url, &asked.user));
                if asked.password.is_some() {
                    prop_assert_eq!(&kept.password, &asked.password);
                } else if kept.password.is_some() {
                    prop_assert!(old.contains(kept), "{:?} was typed for nothing in {:?}", kept, old);
                }
            }
            let untyped = old.iter().map(|known| Pool { password: None, ..known.clone() }).collect();
            let again = Operation::SetPools { pools: untyped }.keeping_passwords_of(&before);
            prop_assert_eq!(again, before);
        }
    }
}
