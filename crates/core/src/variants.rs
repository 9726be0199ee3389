//! Which names a type that is told apart by one has, asked of the very code that reads it, so that there is no second list.

use serde::de::{DeserializeOwned, Error, value::MapDeserializer};
use std::fmt;

/// Is there a variant of this name in the field `tag`?
pub(crate) fn is_variant<T: DeserializeOwned>(tag: &'static str, name: &str) -> bool {
    let alone = MapDeserializer::<_, Probed>::new([(tag, name)].into_iter());
    !matches!(T::deserialize(alone), Err(Probed::Unknown))
}

/// Why nothing was read of a name alone.
#[derive(Debug)]
enum Probed {
    Unknown,
    /// It is known, and what belongs to it is missing.
    Incomplete,
}

impl fmt::Display for Probed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self, f)
    }
}

impl std::error::Error for Probed {}

impl Error for Probed {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self::Incomplete
    }

    fn unknown_variant(_: &str, _: &'static [&'static str]) -> Self {
        Self::Unknown
    }
}
