//! Where a request comes from.

use axum::http::HeaderMap;
use std::{
    fmt,
    net::{IpAddr, Ipv6Addr},
};

/// An address whose connections, trials and failures count together: one of IPv4, or the /64 network of one of IPv6, as whoever
/// has one address of such a network has all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Source(IpAddr);

impl Source {
    /// That of an address.
    #[must_use]
    pub const fn of(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
            address @ IpAddr::V4(_) => address,
        })
    }

    /// That of an address as text, as text; what is no address stands for itself.
    #[must_use]
    pub fn of_text(address: &str) -> String {
        address.parse().map_or_else(|_| address.to_owned(), |address| Self::of(address).to_string())
    }
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            IpAddr::V4(address) => address.fmt(f),
            IpAddr::V6(network) => write!(f, "{network}/64"),
        }
    }
}

/// Whom a request comes from: the other end of its connection, or whom our proxy speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin(pub IpAddr);

impl Origin {
    /// Whom a proxy speaks for is the last one in its list that is no proxy of ours. What others write there counts for nothing.
    pub(crate) fn of(peer: IpAddr, headers: &HeaderMap, proxies: &[IpAddr]) -> Self {
        let mut speaker = peer.to_canonical();
        if !proxies.contains(&speaker) {
            return Self(speaker);
        }
        let lines: Vec<_> = headers.get_all("x-forwarded-for").iter().filter_map(|line| line.to_str().ok()).collect();
        let said =
            lines.into_iter().rev().flat_map(|line| line.rsplit(',')).map(|entry| entry.trim().parse::<IpAddr>());
        for said in said {
            match said {
                Ok(said) if proxies.contains(&speaker) => speaker = said.to_canonical(),
                _ => break,
            }
        }
        Self(speaker)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn only_our_proxies_may_say_whom_they_speak_for() {
        let [proxy, inner, client, liar] =
            ["127.0.0.1", "10.0.0.2", "192.0.2.7", "203.0.113.9"].map(|a| a.parse().unwrap());
        let origin = |peer, lines: &[&'static str], proxies: &[IpAddr]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append("x-forwarded-for", HeaderValue::from_static(line));
            }
            Origin::of(peer, &headers, proxies).0
        };
        assert_eq!(origin(client, &[], &[proxy]), client);
        let written = origin(proxy, &["203.0.113.9, 192.0.2.7"], &[proxy]);
        assert_eq!(written, client, "what the client wrote is left out");
        assert_eq!(origin(proxy, &["203.0.113.9", "192.0.2.7"], &[proxy]), client, "also in a line of its own");
        assert_eq!(origin(proxy, &["192.0.2.7, 10.0.0.2"], &[proxy, inner]), client);
        assert_eq!(origin(liar, &["192.0.2.7"], &[proxy]), liar);
        assert_eq!(origin(proxy, &["nonsense"], &[proxy]), proxy);
    }

    #[test]
    fn addresses_of_one_network_of_version_6_are_one_source() {
        let of = |text: &str| Source::of(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff:ffff:ffff:ffff"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_eq!(of("::ffff:192.0.2.7"), of("192.0.2.7"));
        assert_ne!(of("192.0.2.7"), of("192.0.2.8"));
        assert_eq!(Source::of_text("2001:db8:1:2::1"), "2001:db8:1:2::/64");
        assert_eq!(Source::of_text("unknown"), "unknown");
    }
}
