//! From where a key may be used: networks, as everybody writes them (`203.0.113.0/24`).

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use std::{collections::BTreeSet, fmt, net::IpAddr, str::FromStr};

/// Addresses that begin alike. Bits after the prefix are always zero, so that one network is written in one way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Network {
    first: IpAddr,
    prefix: u8,
}

/// Why a text is no network.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no network: write an address, or one with a prefix of at least 1 like 203.0.113.0/24")]
pub struct NoNetwork(String);

/// The first `prefix` bits of an address.
fn masked(address: IpAddr, prefix: u8) -> IpAddr {
    match address {
        IpAddr::V4(v4) => {
            let mask = u32::MAX.checked_shl(32 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V4((u32::from(v4) & mask).into())
        }
        IpAddr::V6(v6) => {
            let mask = u128::MAX.checked_shl(128 - u32::from(prefix)).unwrap_or(0);
            IpAddr::V6((u128::from(v6) & mask).into())
        }
    }
}

impl Network {
    /// Is the address in it? An IPv4 address that came over IPv6 is one of IPv4.
    #[must_use]
    pub fn holds(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        address.is_ipv4() == self.first.is_ipv4() && masked(address, self.prefix) == self.first
    }

    /// Is every address of the other one in it?
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        self.prefix <= other.prefix && self.holds(other.first)
    }
}

impl FromStr for Network {
    type Err = NoNetwork;
    fn from_str(text: &str) -> Result<Self, NoNetwork> {
        let wrong = || NoNetwork(text.chars().take(60).collect());
        let (address, prefix) = text.split_once('/').map_or((text, None), |(address, prefix)| (address, Some(prefix)));
        let address: IpAddr = address.parse().map_err(|_| wrong())?;
        let most = if address.is_ipv4() { 32 } else { 128 };
        let prefix = prefix.map_or(Ok(most), |prefix| prefix.parse::<u8>().map_err(|_| wrong()))?;
        // All addresses there are is no network: that is said in words of its own.
        if !(1..=most).contains(&prefix) {
            return Err(wrong());
        }
        Ok(Self { first: masked(address, prefix), prefix })
    }
}

impl fmt::Display for Network {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.first, self.prefix)
    }
}

impl Serialize for Network {
    fn serialize<S: Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
        s.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Network {
    fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        std::borrow::Cow::<'de, str>::deserialize(d)?.parse().map_err(de::Error::custom)
    }
}

/// From where a key may be used.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origins {
    /// From everywhere.
    #[default]
    Anywhere,
    /// From these alone.
    Networks(BTreeSet<Network>),
}

impl Origins {
    /// Everywhere?
    #[must_use]
    pub const fn is_anywhere(&self) -> bool {
        matches!(self, Self::Anywhere)
    }

    /// May it be used from there? What is not known to be from one of the networks is not.
    #[must_use]
    pub fn admit(&self, address: Option<IpAddr>) -> bool {
        match self {
            Self::Anywhere => true,
            Self::Networks(networks) => address.is_some_and(|from| networks.iter().any(|network| network.holds(from))),
        }
    }

    /// Does it admit everything that the other one does?
    #[must_use]
    pub fn contain(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Anywhere, _) => true,
            (Self::Networks(_), Self::Anywhere) => false,
            (Self::Networks(own), Self::Networks(others)) => {
                others.iter().all(|other| own.iter().any(|network| network.contains(other)))
            }
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::net::{Ipv4Addr, Ipv6Addr};

    #[test]
    fn a_network_is_written_in_one_way_and_nonsense_is_none() {
        for (text, written) in [
            ("203.0.113.77/24", "203.0.113.0/24"),
            ("203.0.113.77", "203.0.113.77/32"),
            ("2001:db8:1::5/48", "2001:db8:1::/48"),
            ("::1", "::1/128"),
        ] {
            assert_eq!(text.parse::<Network>().unwrap().to_string(), written);
        }
        for wrong in ["", "/", "0.0.0.0/0", "::/0", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/24", "host", "1.2.3.4/24/8"] {
            assert!(wrong.parse::<Network>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_address_of_ipv4_that_came_over_ipv6_is_one_of_ipv4() {
        let network: Network = "203.0.113.0/24".parse().unwrap();
        assert!(network.holds("::ffff:203.0.113.9".parse().unwrap()));
        assert!(!network.holds("::203.0.113.9".parse().unwrap()));
        assert!(!Origins::Networks([network].into()).admit(None), "from nobody knows where");
    }

    fn network() -> impl Strategy<Value = Network> {
        // Few addresses, so that networks meet.
        let v4 =
            (0..4_u32, 28..=32_u8).prop_map(|(low, prefix)| (IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + low)), prefix));
        let v6 = (0..4_u128, 124..=128_u8).prop_map(|(low, prefix)| (IpAddr::V6(Ipv6Addr::from(low)), prefix));
        prop_oneof![v4, v6].prop_map(|(address, prefix)| format!("{address}/{prefix}").parse().unwrap())
    }

    fn origins() -> impl Strategy<Value = Origins> {
        let some = prop::collection::btree_set(network(), 1..4).prop_map(Origins::Networks);
        prop_oneof![1 => Just(Origins::Anywhere), 6 => some]
    }

    proptest! {
        #[test]
        fn what_contains_another_admits_whatever_that_admits(wide in origins(), narrow in origins()) {
            let v4 = (0..20_u32).map(|low| IpAddr::V4(Ipv4Addr::from(0x0a00_0000 + low)));
            let v6 = (0..20_u128).map(|low| IpAddr::V6(Ipv6Addr::from(low)));
            if wide.contain(&narrow) {
                for address in v4.chain(v6) {
                    prop_assert!(!narrow.admit(Some(address)) || wide.admit(Some(address)), "{address}");
                }
            }
        }
    }
}
