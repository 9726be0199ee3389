//! Operations on who holds what, and on programs' keys.

use super::{Operation, delete, get, post, put};
use crate::api::{keys, people};
use adit_core::authz::Permission as P;

/// Rows of the table.
pub fn operations() -> Vec<Operation> {
    vec![
        get("/people", people::list, "Everybody with a role on the account, and their grants.")
            .needs(P::UserView)
            .gives(200, "PeoplePage"),
        post("/people", people::add, "Asks for a role for somebody who is registered, by their e-mail.")
            .once_in_log()
            .takes("PersonAdd")
            .gives(201, "Request")
            .gives(202, "Request"),
        post("/me/leave", people::leave, "Leaves the account: the caller's own grants end.").refuses(&[409])
            .takes("Leave")
            .gives(204, ""),
        get("/me/keys", keys::own::list, "The caller's own API keys, and the grants under which they may make some.")
            .gives(200, "OwnApiKeys"),
        post(
            "/me/keys",
            keys::own::issue,
            "Makes an API key under the caller's own grant; one that writes is asked for. Its secrets are in the answer, once.",
        ).refuses(&[404])
        .once()
            .takes("ApiKeyIssue")
        .gives(201, "ApiKeyIssued")
        .gives(202, "ApiKeyIssued"),
        put("/me/keys/{id}", keys::own::change, "Renames an API key of one's own, or makes it narrower.")
            .header(&["if-match"])
            .takes("ApiKeyChange")
            .gives(200, "ApiKey"),
        post("/me/keys/{id}/rotation", keys::own::rotate, "Another secret, once; the old one opens for a while as well.")
            .once()
            .takes("ApiKeyRotate")
            .gives(200, "ApiKeyRotated"),
        delete("/me/keys/{id}", keys::own::revoke, "Revokes an API key of one's own at once.").gives(204, ""),
        get("/keys", keys::list, "API keys, the latest first.").needs(P::ApiKeyManage).gives(200, "ApiKeyPage"),
        post("/keys", keys::issue, "Asks for an API key; its secrets are in the answer, once.").refuses(&[404])
            .once()
            .needs(P::ApiKeyManage)
            .takes("ApiKeyIssue")
            .gives(201, "ApiKeyIssued")
            .gives(202, "ApiKeyIssued"),
        delete("/keys/{id}", keys::revoke, "Revokes an API key at once.").needs(P::ApiKeyManage).gives(200, "Request"),
    ]
}
