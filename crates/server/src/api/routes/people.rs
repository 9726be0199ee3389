//! Operations on who holds what, and on programs' keys.

use super::{Operation, delete, get, post};
use crate::api::{keys, people};
use adit_core::authz::Permission as P;

/// Rows of the table.
pub fn operations() -> Vec<Operation> {
    vec![
        get("/people", people::list, "Everybody with a role on the account, and their grants.")
            .needs(P::UserView)
            .gives(200, "PeoplePage"),
        post("/people", people::add, "Asks for a role for somebody who is registered, by their e-mail.")
            .takes("PersonAdd")
            .gives(201, "Request")
            .gives(202, "Request"),
        post("/me/leave", people::leave, "Leaves the account: the caller's own grants end.")
            .takes("Leave")
            .gives(204, ""),
        get("/keys", keys::list, "API keys, the latest first.").needs(P::ApiKeyManage).gives(200, "ApiKeyPage"),
        post("/keys", keys::issue, "Asks for an API key; its token is in the answer, once.")
            .needs(P::ApiKeyManage)
            .takes("ApiKeyIssue")
            .gives(201, "ApiKeyIssued")
            .gives(202, "ApiKeyIssued"),
        delete("/keys/{id}", keys::revoke, "Revokes an API key at once.").needs(P::ApiKeyManage).gives(200, "Request"),
    ]
}
