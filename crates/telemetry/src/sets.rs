//! Sets and counts of the few values that a column of the table may have.

use crate::{connectivity::Connectivity, status::DeviceStatus};
use adit_core::fleet::Activity;
use std::marker::PhantomData;

/// A value that is one of few.
pub trait Kind: Copy + Sized + 'static {
    /// All of them, in the order of their numbers; at most 8.
    const ALL: &'static [Self];

    /// Its place among them.
    fn number(self) -> u8;

    /// The word for it.
    fn word(self) -> &'static str;
}

impl Kind for DeviceStatus {
    const ALL: &'static [Self] = &Self::ALL;

    fn number(self) -> u8 {
        self as u8
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

impl Kind for Connectivity {
    const ALL: &'static [Self] = &Self::ALL;

    fn number(self) -> u8 {
        self as u8
    }

    fn word(self) -> &'static str {
        self.as_str()
    }
}

/// What a device is doing, or that nobody knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Doing(pub Option<Activity>);

impl Kind for Doing {
    const ALL: &'static [Self] = &[
        Self(None),
        Self(Some(Activity::Mining)),
        Self(Some(Activity::Starting)),
        Self(Some(Activity::Paused)),
        Self(Some(Activity::Stopped)),
        Self(Some(Activity::Rebooting)),
        Self(Some(Activity::Failed)),
        Self(Some(Activity::NoPool)),
    ];

    fn number(self) -> u8 {
        match self.0 {
            None => 0,
            Some(Activity::Mining) => 1,
            Some(Activity::Starting) => 2,
            Some(Activity::Paused) => 3,
            Some(Activity::Stopped) => 4,
            Some(Activity::Rebooting) => 5,
            Some(Activity::Failed) => 6,
            Some(Activity::NoPool) => 7,
        }
    }

    fn word(self) -> &'static str {
        match self.0 {
            None => "unknown",
            Some(Activity::Mining) => "mining",
            Some(Activity::Starting) => "starting",
            Some(Activity::Paused) => "paused",
            Some(Activity::Stopped) => "stopped",
            Some(Activity::Rebooting) => "rebooting",
            Some(Activity::Failed) => "failed",
            Some(Activity::NoPool) => "no_pool",
        }
    }
}

/// Some of the values.
#[derive(Debug, PartialEq, Eq)]
pub struct Set<K>(u8, PhantomData<K>);

impl<K> Clone for Set<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Set<K> {}

/// Some of the statuses.
pub type StatusSet = Set<DeviceStatus>;

impl<K: Kind> Set<K> {
    /// Every value.
    pub const ALL: Self = Self(u8::MAX, PhantomData);
    /// None.
    pub const NONE: Self = Self(0, PhantomData);

    /// With `value` as well.
    #[must_use]
    pub fn with(self, value: K) -> Self {
        Self(self.0 | 1 << value.number(), PhantomData)
    }

    /// Whether `value` is one of them.
    #[must_use]
    pub fn has(self, value: K) -> bool {
        self.has_number(value.number())
    }

    pub(crate) const fn has_number(self, number: u8) -> bool {
        self.0 & (1 << number) != 0
    }

    /// The values that these words are for; the first word that is for none, otherwise.
    ///
    /// # Errors
    /// That word.
    pub fn parse<'a>(words: impl IntoIterator<Item = &'a str>) -> Result<Self, &'a str> {
        words.into_iter().try_fold(Self::NONE, |set, word| {
            let value = K::ALL.iter().copied().find(|value| value.word() == word);
            value.map(|value| set.with(value)).ok_or(word)
        })
    }
}

impl<K: Kind> FromIterator<K> for Set<K> {
    fn from_iter<I: IntoIterator<Item = K>>(values: I) -> Self {
        values.into_iter().fold(Self::NONE, Self::with)
    }
}

/// How many devices have each value.
#[derive(Debug, PartialEq, Eq)]
pub struct Counts<K>(pub(crate) [u32; 8], PhantomData<K>);

impl<K> Clone for Counts<K> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<K> Copy for Counts<K> {}

impl<K> Default for Counts<K> {
    fn default() -> Self {
        Self([0; 8], PhantomData)
    }
}

impl<K: Kind> Counts<K> {
    /// How many have this one.
    #[must_use]
    pub fn of(&self, value: K) -> u32 {
        self.0[usize::from(value.number())]
    }

    /// Each value and its count.
    pub fn iter(&self) -> impl Iterator<Item = (K, u32)> {
        K::ALL.iter().copied().zip(self.0)
    }

    /// All together.
    #[must_use]
    pub fn total(&self) -> u32 {
        self.0.iter().sum()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn are_in_order<K: Kind + PartialEq + std::fmt::Debug>() {
        for (place, value) in (0..).zip(K::ALL) {
            assert_eq!(value.number(), place);
            assert_eq!(Set::<K>::parse([value.word()]), Ok(Set::NONE.with(*value)));
            assert!(Set::ALL.has(*value) && !Set::NONE.has(*value));
        }
        assert_eq!(Set::<K>::parse(["Nonsense"]), Err("Nonsense"));
    }

    #[test]
    fn every_value_has_its_number_and_word() {
        are_in_order::<DeviceStatus>();
        are_in_order::<Connectivity>();
        are_in_order::<Doing>();
        let some = Set::parse(["error", "unknown"]).unwrap_or(Set::NONE);
        assert!(some.has(DeviceStatus::Error) && some.has(DeviceStatus::Unknown) && !some.has(DeviceStatus::Offline));
    }
}
