//! Which part of a search's results is asked for. A page's token goes on with one search alone: it holds a digest of who asks, of what
//! is searched and of how long the pages are, as the specification wants all of that to stay the same from page to page.

use super::question::{Malformed, object};
use adit_core::authz::Actor;
use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

/// Most results of one page.
const MAX_RESULTS: usize = 1_000;
/// Bytes of a digest that a token holds.
const DIGEST: usize = 16;

/// What may not change from page to page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Search {
    digest: [u8; DIGEST],
}

impl Search {
    /// A search for `what` (`subject`, `resource` or `action`) by a program.
    pub fn of(what: &str, actor: &Actor, asked: &Map<String, Value>) -> Self {
        let properties = asked.get("page").and_then(|page| page.get("properties"));
        let entities = ["subject", "action", "resource", "context"].map(|name| asked.get(name));
        let text = json!([what, actor.account, actor.principal, entities, properties]).to_string();
        let mut digest = [0; DIGEST];
        digest.copy_from_slice(&Sha256::digest(text)[..DIGEST]);
        Self { digest }
    }

    fn hex(&self) -> String {
        self.digest.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// Which part of a search's results.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    search: Search,
    /// Results before it.
    offset: usize,
    /// Most results. The specification lets it be 0: then there are none, and how many there would be is told.
    limit: usize,
}

impl Page {
    /// As the search asks. Without a limit a page is as long as the one before, and the first as long as pages may be.
    ///
    /// # Errors
    /// A part that is none of what it must be, or the token of another search.
    pub fn of(asked: &Map<String, Value>, search: Search) -> Result<Self, Malformed> {
        let nothing = Map::new();
        let page = asked.get("page").map_or(Ok(&nothing), |page| object(page, "page"))?;
        if let Some(properties) = page.get("properties") {
            object(properties, "page.properties")?;
        }
        let limit = match page.get("limit") {
            None => None,
            Some(limit) => {
                let limit = limit.as_u64().ok_or("page.limit must be a whole number, not negative")?;
                Some(usize::try_from(limit).unwrap_or(MAX_RESULTS).min(MAX_RESULTS))
            }
        };
        let token = match page.get("token") {
            None => "",
            Some(token) => token.as_str().ok_or("page.token must be a string")?,
        };
        if token.is_empty() {
            return Ok(Self { search, offset: 0, limit: limit.unwrap_or(MAX_RESULTS) });
        }
        let (offset, before, digest) = parts(token).ok_or("page.token is not one of ours")?;
        if digest != search.hex() || limit.is_some_and(|limit| limit != before) {
            let sentence = "page.token goes on with another search: ask as for the page before, with the same key, subject, \
                            action, resource, context and limit";
            return Err(sentence.into());
        }
        Ok(Self { search, offset, limit: before })
    }

    /// The answer with this part of the results.
    pub fn cut(&self, results: Vec<Value>) -> Value {
        let total = results.len();
        let results: Vec<_> = results.into_iter().skip(self.offset).take(self.limit).collect();
        let next = self.offset.saturating_add(results.len());
        let token = if next < total { self.token(next) } else { String::new() };
        json!({ "page": { "next_token": token, "count": results.len(), "total": total }, "results": results })
    }

    fn token(&self, offset: usize) -> String {
        format!("{offset}.{}.{}", self.limit, self.search.hex())
    }
}

fn parts(token: &str) -> Option<(usize, usize, &str)> {
    let (offset, rest) = token.split_once('.')?;
    let (limit, digest) = rest.split_once('.')?;
    let limit = limit.parse().ok().filter(|limit| *limit <= MAX_RESULTS)?;
    Some((offset.parse().ok()?, limit, digest))
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::{
        authz::Principal,
        ids::{AccountId, KeyId},
        time::Timestamp,
    };
    use proptest::prelude::*;

    fn by(key: u32) -> Actor {
        Actor { account: AccountId(1), principal: Principal::ApiKey(KeyId(key)), authenticated_at: Timestamp(0) }
    }

    fn asked(subject: &str, page: Value) -> Map<String, Value> {
        let search = json!({ "subject": { "type": "user", "id": subject }, "action": { "name": "device.list" },
            "resource": { "type": "device" }, "page": page });
        search.as_object().unwrap().clone()
    }

    fn page(what: &str, key: u32, asked: &Map<String, Value>) -> Result<Page, Malformed> {
        Page::of(asked, Search::of(what, &by(key), asked))
    }

    proptest! {
        /// Page by page, all results come once and in order.
        #[test]
        fn pages_are_the_whole(total in 0_usize..40, limit in 1_usize..9) {
            let all: Vec<_> = (0..total).map(|n| json!(n)).collect();
            let (mut found, mut token) = (Vec::new(), String::new());
            loop {
                let asked = asked("usr-1", json!({ "limit": limit, "token": token }));
                let cut = page("resource", 1, &asked).unwrap().cut(all.clone());
                found.extend(cut["results"].as_array().unwrap().clone());
                token = cut["page"]["next_token"].as_str().unwrap().to_owned();
                if token.is_empty() {
                    break;
                }
            }
            prop_assert_eq!(found, all);
        }
    }

    #[test]
    fn a_token_goes_on_with_its_own_search_alone() {
        let first = page("resource", 1, &asked("usr-1", json!({ "limit": 2 }))).unwrap();
        let token = first.cut(vec![json!(1), json!(2), json!(3)])["page"]["next_token"].clone();
        let goes_on = json!({ "token": token });
        let same = asked("usr-1", json!({ "token": token, "limit": 2 }));
        assert_eq!(page("resource", 1, &same).unwrap().offset, 2);
        assert_eq!(page("resource", 1, &asked("usr-1", goes_on.clone())).unwrap().limit, 2, "as long as before");
        for (why, what, key, other) in [
            ("another subject", "resource", 1, asked("usr-2", goes_on)),
            ("another key", "resource", 2, same.clone()),
            ("another kind of search", "action", 1, same),
            ("another limit", "resource", 1, asked("usr-1", json!({ "token": token, "limit": 3 }))),
        ] {
            assert!(page(what, key, &other).unwrap_err().contains("another search"), "{why}");
        }
        for broken in ["1", "1.2", "x.2.00", "1.1001.00", "1.2.00"] {
            assert!(page("resource", 1, &asked("usr-1", json!({ "token": broken }))).is_err(), "{broken}");
        }
    }

    #[test]
    fn a_page_of_no_results_tells_how_many_there_are_and_that_they_are_still_to_come() {
        let none = page("resource", 1, &asked("usr-1", json!({ "limit": 0 }))).unwrap();
        let cut = none.cut(vec![json!(1), json!(2)]);
        assert_eq!((&cut["results"], &cut["page"]["total"]), (&json!([]), &json!(2)));
        assert_ne!(cut["page"]["next_token"], "", "an empty one would say that this was all");
        assert_eq!(none.cut(Vec::new())["page"]["next_token"], "");
    }
}
