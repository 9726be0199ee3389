//! The requests that somebody means in a filter: one by its id or number, or all with some words in their title.
//!
//! Titles are not stored anywhere. One is made only for a request that an entry is about which is looked at anyway, and once: a
//! filter by words costs no more for an account that has had very many requests.

use super::Reader;
use crate::api::views::title;
use adit_core::{ids::RequestId, state::State};
use std::{cell::RefCell, collections::HashMap};

/// How an entry's text names the request that it is about.
const FIELD: &str = "\"request\":\"";
/// Length of a request's id.
const ID: usize = 26;

pub(super) enum Meant {
    One(Option<RequestId>),
    Titled {
        /// In lower case.
        words: Vec<String>,
        /// What was found out so far.
        known: RefCell<HashMap<RequestId, bool>>,
    },
}

impl Meant {
    pub(super) fn by(state: &State, reader: &Reader<'_>, wanted: &str) -> Self {
        let number = wanted.strip_prefix("R-").or_else(|| wanted.strip_prefix("r-")).unwrap_or(wanted).parse();
        let one = match (number, wanted.parse::<RequestId>()) {
            (Ok(number), _) => state.request_of_number(reader.actor.account, number),
            (_, Ok(id)) => state.request(id),
            _ => {
                let words = wanted.to_lowercase().split_whitespace().map(str::to_owned).collect();
                return Self::Titled { words, known: RefCell::default() };
            }
        };
        Self::One(one.filter(|request| reader.sees_request(state, request)).map(|request| request.id))
    }

    pub(super) fn is(&self, state: &State, reader: &Reader<'_>, request: RequestId) -> bool {
        match self {
            Self::One(one) => *one == Some(request),
            Self::Titled { words, known } => {
                *known.borrow_mut().entry(request).or_insert_with(|| has_words(state, reader, request, words))
            }
        }
    }

    /// Told from an entry's text alone, before it is parsed.
    pub(super) fn may_be_in(&self, state: &State, reader: &Reader<'_>, body: &str) -> bool {
        let mut ids =
            body.match_indices(FIELD).filter_map(|(at, _)| body.get(at + FIELD.len()..)?.get(..ID)?.parse().ok());
        ids.any(|id| self.is(state, reader, id))
    }
}

/// In the title as the reader sees it, and none for whom there is no such request.
fn has_words(state: &State, reader: &Reader<'_>, request: RequestId, words: &[String]) -> bool {
    let request = state.request(request).filter(|request| request.payload.account == reader.actor.account);
    request.and_then(|request| state.as_seen(reader.actor, request, reader.now)).is_some_and(|seen| {
        let title = title(&seen, seen.effective().count()).to_lowercase();
        words.iter().all(|word| title.contains(word))
    })
}
