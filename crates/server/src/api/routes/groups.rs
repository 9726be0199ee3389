//! Operations on saved selections of devices.

use super::{Operation, delete, get, post, put};
use crate::api::groups;
use adit_core::authz::Permission as P;

/// Rows of the table.
pub fn operations() -> Vec<Operation> {
    vec![
        get("/groups", groups::list, "Saved selections of devices.").needs(P::DeviceList).gives(200, "GroupPage"),
        post("/groups", groups::create, "Asks to save a selection, which grants may reach.")
            .once_in_log()
            .needs(P::UserManage)
            .takes("GroupSet")
            .gives(201, "Request")
            .gives(202, "Request"),
        get("/groups/{id}", groups::show, "One of them, and its devices.").needs(P::DeviceList).gives(200, "Group"),
        put("/groups/{id}", groups::change, "Asks for other devices, for everybody who reaches the group.")
            .needs(P::UserManage)
            .header(&["if-match", "idempotency-key"])
            .takes("GroupSet")
            .gives(200, "Request")
            .gives(202, "Request"),
        delete("/groups/{id}", groups::delete, "Asks to delete a group that no grant names.")
            .needs(P::UserManage)
            .header(&["if-match", "idempotency-key"])
            .gives(200, "Request")
            .gives(202, "Request"),
    ]
}
