//! Passwords of pools, and what stands for them where nobody may read them.

use super::{BadPool, check_pool_password};
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fleet::Operation, requests::Action};

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
}
