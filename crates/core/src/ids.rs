//! Identities. Every object has a small dense number of its own kind, written with its kind in front (`dev-42`),
//! so that an id of the wrong kind is refused where it is parsed. Numbers are never used again.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{fmt, str::FromStr};

/// A text that is not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an id of the form {prefix}-<number>")]
pub struct ParseIdError {
    /// What the id should have begun with.
    pub prefix: &'static str,
}

fn parse_number(text: &str, prefix: &'static str) -> Result<u32, ParseIdError> {
    text.strip_prefix(prefix)
        .and_then(|rest| rest.strip_prefix('-'))
        .filter(|digits| !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()))
        .and_then(|digits| digits.parse().ok())
        .ok_or(ParseIdError { prefix })
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub u32);

        impl $name {
            /// The word an id of this kind begins with.
            pub const PREFIX: &'static str = $prefix;
            /// The number as an index into a dense column.
            #[must_use]
            pub const fn index(self) -> usize { self.0 as usize }
        }
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { write!(f, "{}-{}", $prefix, self.0) }
        }
        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, ParseIdError> { parse_number(text, $prefix).map(Self) }
        }
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> { s.collect_str(self) }
        }
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(d)?;
                text.parse().map_err(de::Error::custom)
            }
        }
    )*};
}

ids! {
    /// A tenant: the company whose machines and money these are.
    AccountId = "acc";
    /// A person.
    UserId = "usr";
    /// One grant of a role to a person on an account.
    GrantId = "grt";
    /// A role made from the catalogue by an account.
    CustomRoleId = "role";
    /// An API key.
    KeyId = "key";
    /// A mining site.
    SiteId = "site";
    /// The program on a site's network that reaches the miners.
    AgentId = "agt";
    /// Address ranges that an agent searches for miners.
    ScanTaskId = "scan";
    /// A miner (the field also says worker).
    DeviceId = "dev";
    /// A container of racks and PDUs.
    ContainerId = "box";
    /// A saved selection of devices.
    GroupId = "grp";
    /// A pool sub-account.
    SubAccountId = "sub";
    /// An address outside that is told what happens on an account.
    WebhookId = "hook";
    /// A link by which somebody without an account looks at sub-accounts.
    ObserverLinkId = "obs";
}

/// A request's identity: a ULID, written with 26 characters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestId(pub ulid::Ulid);

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromStr for RequestId {
    type Err = ParseIdError;
    fn from_str(text: &str) -> Result<Self, ParseIdError> {
        ulid::Ulid::from_string(text).map(Self).map_err(|_| ParseIdError { prefix: "a ULID" })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_of_another_kind_is_refused() {
        assert_eq!("dev-42".parse::<DeviceId>(), Ok(DeviceId(42)));
        for wrong in ["site-42", "dev-", "dev--1", "dev-+1", "dev-4294967296", "42", "dev-1 "] {
            assert!(wrong.parse::<DeviceId>().is_err(), "{wrong}");
        }
    }
}
