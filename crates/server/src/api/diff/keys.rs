//! What a request changes about API keys.

use super::row;
use crate::api::views::Viewer;
use adit_core::{
    authz::{ApiAccess, Origins},
    requests::NewKey,
};
use serde_json::Value;

impl Viewer<'_> {
    pub(super) fn of_new_key(&self, new: &NewKey) -> Vec<Value> {
        let NewKey { grant, name, access, secret_hash, expires_at, from, require_hmac } = new;
        let holder = self.state.grant(*grant).map(|held| {
            let role = self.state.role_title(held.role);
            format!("{role}, held by {} ({grant})", self.names.of(held.user))
        });
        let does = match access {
            ApiAccess::None => "nothing",
            ApiAccess::ReadOnly => "reads",
            ApiAccess::ReadWrite => "reads and writes",
        };
        let from = match from {
            None | Some(Origins::Anywhere) => "anywhere".to_owned(),
            Some(Origins::Networks(networks)) => {
                let networks: Vec<_> = networks.iter().map(ToString::to_string).collect();
                networks.join(", ")
            }
        };
        let until = expires_at.map_or_else(|| "its grant ends".to_owned(), |end| end.to_string());
        let signed = if *require_hmac { "must be signed" } else { "need no signature" };
        let rows = [
            ("API key", name.clone()),
            ("Under the grant", holder.unwrap_or_else(|| grant.to_string())),
            ("It", does.to_owned()),
            ("Used from", from),
            ("Until", until),
            ("What it changes", signed.to_owned()),
            ("Its token's id", secret_hash.chars().take(8).collect()),
        ];
        rows.iter().map(|(what, to)| row(what, "none", to)).collect()
    }
}
