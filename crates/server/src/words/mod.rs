//! What a request changes, in words: made here from typed rows, once, for whoever reads them.

mod changes;
mod labels;
#[cfg(test)]
mod tests;
mod values;

pub(crate) use changes::{Change, Changes};
pub(crate) use values::length;

use adit_core::{
    ids::UserId,
    requests::{Request, RequestState, rendering::ObjectRef},
    state::State,
};
use std::borrow::Cow;

/// What people are called.
pub(crate) trait PersonNames {
    /// A person's name; their id where it is not to be told.
    fn name_of(&self, user: UserId) -> Cow<'_, str>;
}

/// Ids only: for readers who are not to be told names.
pub(crate) struct IdsOnly;

impl PersonNames for IdsOnly {
    fn name_of(&self, user: UserId) -> Cow<'_, str> {
        user.to_string().into()
    }
}

/// Whoever words rows knows what things are called now.
pub(crate) struct Words<'a> {
    pub(crate) state: &'a State,
    pub(crate) names: &'a dyn PersonNames,
    /// What things were called when it was asked for, which is what they are called where it is told later.
    pub(crate) called: &'a [(ObjectRef, String)],
}

impl<'a> Words<'a> {
    /// For what a request changes: while it waits by what things are called now.
    pub(crate) fn of(state: &'a State, names: &'a dyn PersonNames, request: &'a Request) -> Self {
        let waits = matches!(request.state, RequestState::Pending | RequestState::Approved);
        Self { state, names, called: if waits { &[] } else { &request.shown.names } }
    }
}
