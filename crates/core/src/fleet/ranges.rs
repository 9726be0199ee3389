//! Address ranges as operators write them, turned into sorted, merged spans.
//!
//! Four spellings, IPv4 only: a block (`10.0.0.0/24`, every address of it), a span (`10.0.0.9-10.0.1.20`), a span of the
//! last octet (`10.0.0.1-254`) and a single address.

use std::net::Ipv4Addr;

/// Most addresses one scan task may cover.
pub const MAX_ADDRESSES: u64 = 65_536;

/// Why ranges were refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RangeError {
    /// None of the four spellings.
    #[error("{0:?} is not an address range: write 10.0.0.0/24, 10.0.0.9-10.0.1.20, 10.0.0.1-254 or 10.0.0.7")]
    Unreadable(String),
    /// A span that ends before it begins.
    #[error("the range {0:?} ends before it begins")]
    Backwards(String),
    /// Together more than [`MAX_ADDRESSES`].
    #[error("the ranges cover {0} addresses; one scan task may cover {MAX_ADDRESSES}: split it")]
    TooMany(u64),
}

/// Sorted spans that neither overlap nor touch; both ends belong to them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ranges(Vec<(u32, u32)>);

impl Ranges {
    /// Reads and merges ranges of any size.
    ///
    /// # Errors
    /// [`RangeError::Unreadable`] and [`RangeError::Backwards`].
    pub fn parse<S: AsRef<str>>(texts: &[S]) -> Result<Self, RangeError> {
        let mut spans = texts.iter().map(|text| span(text.as_ref().trim())).collect::<Result<Vec<_>, _>>()?;
        spans.sort_unstable();
        let mut merged: Vec<(u32, u32)> = Vec::with_capacity(spans.len());
        for (first, last) in spans {
            match merged.last_mut() {
                Some(before) if first <= before.1.saturating_add(1) => before.1 = before.1.max(last),
                _ => merged.push((first, last)),
            }
        }
        Ok(Self(merged))
    }

    /// Reads the ranges of one scan task.
    ///
    /// # Errors
    /// Every [`RangeError`].
    pub fn for_scan_task<S: AsRef<str>>(texts: &[S]) -> Result<Self, RangeError> {
        let ranges = Self::parse(texts)?;
        let count = ranges.count();
        if count > MAX_ADDRESSES { Err(RangeError::TooMany(count)) } else { Ok(ranges) }
    }

    /// How many addresses.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(first, last)| u64::from(last - first) + 1).sum()
    }

    /// Is `address` in one of them?
    #[must_use]
    pub fn contains(&self, address: Ipv4Addr) -> bool {
        let at = self.0.partition_point(|(_, last)| *last < address.to_bits());
        self.0.get(at).is_some_and(|(first, _)| *first <= address.to_bits())
    }

    /// What both cover.
    #[must_use]
    pub fn intersection(&self, other: &Self) -> Self {
        let (mut mine, mut theirs, mut both) = (0, 0, Vec::new());
        while let (Some(a), Some(b)) = (self.0.get(mine), other.0.get(theirs)) {
            let (first, last) = (a.0.max(b.0), a.1.min(b.1));
            if first <= last {
                both.push((first, last));
            }
            if a.1 < b.1 { mine += 1 } else { theirs += 1 }
        }
        Self(both)
    }

    /// None?
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each span as an operator would write it: `10.0.0.0-10.0.0.255`, or one address.
    #[must_use]
    pub fn to_texts(&self) -> Vec<String> {
        let text = |(first, last): &(u32, u32)| {
            let (first, last) = (Ipv4Addr::from_bits(*first), Ipv4Addr::from_bits(*last));
            if first == last { first.to_string() } else { format!("{first}-{last}") }
        };
        self.0.iter().map(text).collect()
    }

    /// Every address, ascending.
    pub fn addresses(&self) -> impl Iterator<Item = Ipv4Addr> + Send + use<> {
        self.0.clone().into_iter().flat_map(|(first, last)| (first..=last).map(Ipv4Addr::from_bits))
    }
}

fn span(text: &str) -> Result<(u32, u32), RangeError> {
    let unreadable = || RangeError::Unreadable(text.chars().take(64).collect());
    let address = |part: &str| part.trim().parse::<Ipv4Addr>().map(Ipv4Addr::to_bits).ok();
    if let Some((base, length)) = text.split_once('/') {
        let base = address(base).ok_or_else(unreadable)?;
        let length: u32 = length.trim().parse().ok().filter(|length| *length <= 32).ok_or_else(unreadable)?;
        let hosts = u32::MAX.checked_shr(length).unwrap_or(0);
        return Ok((base & !hosts, base | hosts));
    }
    let Some((first, last)) = text.split_once('-') else {
        let only = address(text).ok_or_else(unreadable)?;
        return Ok((only, only));
    };
    let first = address(first).ok_or_else(unreadable)?;
    let last = match address(last) {
        Some(last) => last,
        None => (first & !0xff) | u32::from(last.trim().parse::<u8>().map_err(|_| unreadable())?),
    };
    if last < first { Err(RangeError::Backwards(text.to_owned())) } else { Ok((first, last)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spans(texts: &[&str]) -> Vec<(String, String)> {
        let text = |bits| Ipv4Addr::from_bits(bits).to_string();
        Ranges::parse(texts).unwrap().0.into_iter().map(|(a, b)| (text(a), text(b))).collect()
    }

    #[test]
    fn every_spelling_is_read() {
        for (text, first, last) in [
            ("10.0.0.7", "10.0.0.7", "10.0.0.7"),
            ("10.0.0.77/24", "10.0.0.0", "10.0.0.255"),
            ("10.0.0.1/32", "10.0.0.1", "10.0.0.1"),
            ("10.0.0.1-254", "10.0.0.1", "10.0.0.254"),
            (" 10.0.0.250 - 10.0.1.5 ", "10.0.0.250", "10.0.1.5"),
            ("0.0.0.0/0", "0.0.0.0", "255.255.255.255"),
        ] {
            assert_eq!(spans(&[text]), [(first.to_owned(), last.to_owned())], "{text}");
        }
    }

    #[test]
    fn nonsense_is_refused_with_a_hint() {
        for text in ["", "10.0.0", "10.0.0.1/33", "10.0.0.1-256", "::1", "10.0.0.1-", "a-b", "10.0.0.1/-1"] {
            let error = Ranges::parse(&[text]).unwrap_err();
            assert!(error.to_string().contains("10.0.0.0/24"), "{text}: {error}");
        }
        assert!(matches!(Ranges::parse(&["10.0.0.9-3"]), Err(RangeError::Backwards(_))));
    }

    #[test]
    fn overlapping_and_adjacent_ranges_are_merged_and_counted_once() {
        assert_eq!(
            spans(&["10.0.0.128-255", "10.0.0.0/25", "10.0.1.0/24", "10.0.0.5"]),
            [("10.0.0.0".to_owned(), "10.0.1.255".to_owned())]
        );
        assert_eq!(Ranges::parse(&["10.0.0.0/24", "10.0.0.7"]).unwrap().count(), 256);
    }

    #[test]
    fn a_task_covers_at_most_65_536_addresses() {
        assert_eq!(Ranges::for_scan_task(&["10.0.0.0/16"]).unwrap().count(), 65_536);
        let error = Ranges::for_scan_task(&["10.0.0.0/16", "10.1.0.0"]).unwrap_err();
        assert_eq!(error, RangeError::TooMany(65_537));
        assert!(error.to_string().contains("split it"));
        assert!(Ranges::for_scan_task(&["0.0.0.0/0"]).is_err());
    }

    #[test]
    fn membership_and_intersection_agree() {
        let a = Ranges::parse(&["10.0.0.0-20", "10.0.0.30-40", "10.0.0.60"]).unwrap();
        let b = Ranges::parse(&["10.0.0.15-35", "10.0.0.38-70"]).unwrap();
        let both = a.intersection(&b);
        for last in 0..=255 {
            let address = Ipv4Addr::new(10, 0, 0, last);
            assert_eq!(both.contains(address), a.contains(address) && b.contains(address), "{address}");
        }
        assert!(both.addresses().all(|address| both.contains(address)));
        assert_eq!(both.addresses().count() as u64, both.count());
    }
}
