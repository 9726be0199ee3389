//! Reads what callers send: JSON bodies and query parameters. Whatever is wrong is said of the very field, by a JSON pointer
//! (RFC 6901) or by the parameter's name, in words of our own.
//!
//! Strict: no field twice, none that is not known, no text where a number belongs.

mod decode;
mod fault;
mod tree;

use decode::Reader;
pub use fault::Fault;
use openidconnect::url::form_urlencoded;
use serde::de::DeserializeOwned;
use tree::Tree;

/// Why a body was not read.
#[derive(Debug)]
pub enum Unread {
    /// It is no JSON; a sentence that says from where on.
    NotJson(String),
    /// It is JSON, and not what it has to be.
    Wrong(Fault),
}

/// A body.
///
/// # Errors
/// [`Unread`].
pub fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Unread> {
    let tree = tree::parse(bytes)?;
    T::deserialize(Reader(&tree)).map_err(Unread::Wrong)
}

/// Query parameters.
///
/// # Errors
/// What is wrong with one of them.
pub fn query<T: DeserializeOwned>(query: &str) -> Result<T, Fault> {
    let mut fields: Vec<(String, Tree)> = Vec::new();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        if fields.iter().any(|(known, _)| *known == name) {
            return Err(Fault::new("is given twice").under(name));
        }
        if value.contains(char::REPLACEMENT_CHARACTER) {
            return Err(Fault::new("is not text in UTF-8").under(name));
        }
        fields.push((name.into_owned(), Tree::Given(value.into_owned())));
    }
    T::deserialize(Reader(&Tree::Object(fields)))
}

/// The first name in a query that is none of these.
#[must_use]
pub fn unknown_name(query: &str, known: &[&str]) -> Option<String> {
    let named = |name: &str| known.iter().any(|known| known.trim_end_matches('!') == name);
    form_urlencoded::parse(query.as_bytes()).map(|(name, _)| name.into_owned()).find(|name| !named(name))
}

#[cfg(test)]
mod tests;
