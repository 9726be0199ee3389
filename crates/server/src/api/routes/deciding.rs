//! Operations on drafts, requests and the rules they go by.

use super::{Operation, delete, get, post, put};
use crate::api::{drafts, passkeys, policies, requests};
use adit_core::authz::Permission as P;

/// Rows of the table.
pub fn operations() -> Vec<Operation> {
    vec![
        get("/draft", drafts::show, "The caller's draft for a site.")
            .refuses(&[404])
            .needs(P::DeviceList)
            .for_people()
            .query(&["site!"])
            .gives(200, "Draft"),
        delete("/draft", drafts::discard, "Throws it away.")
            .refuses(&[404])
            .needs(P::DeviceList)
            .header(&["if-match"])
            .query(&["site!"])
            .gives(204, ""),
        post("/draft/changes", drafts::put, "Puts a change into it, in place of what it contradicts.")
            .refuses(&[404])
            .once()
            .needs(P::DeviceList)
            .header(&["if-match"])
            .query(&["site!"])
            .takes("DraftPut")
            .gives(200, "DraftPutResult"),
        delete("/draft/changes/{change}", drafts::take, "Takes a change out.")
            .needs(P::DeviceList)
            .header(&["if-match"])
            .query(&["site!"])
            .gives(200, "Draft"),
        delete("/draft/changes/{change}/targets/{device}", drafts::take_one, "Takes one device out of a change.")
            .needs(P::DeviceList)
            .header(&["if-match"])
            .query(&["site!"])
            .gives(200, "Draft"),
        post("/draft/submit", drafts::submit, "Makes a request of every change, or of none.")
            .refuses(&[404])
            .once_in_log()
            .needs(P::DeviceList)
            .query(&["site!"])
            .takes("DraftSubmit")
            .gives(200, "SubmitResult"),
        get(
            "/requests",
            requests::list,
            "Requests: first those that wait, the soonest to expire first, then the others, newest first.",
        )
        .needs(P::DeviceList)
        .query(&["box", "state", "scenario", "site", "device", "person", "q", "limit", "cursor"])
        .gives(200, "RequestPage"),
        post("/requests", requests::submit, "Asks for an action; what it needs depends on the action.")
            .by_key()
            .once_in_log()
            .takes("RequestSubmit")
            .gives(201, "Request")
            .gives(202, "Request"),
        post("/requests/preview", requests::preview, "What an action would change, and what it would need.")
            .refuses(&[404, 409])
            .by_key()
            .needs(P::DeviceList)
            .takes("PreviewAsk")
            .gives(200, "Preview"),
        get("/requests/{id}", requests::show, "One request.").needs(P::DeviceList).gives(200, "Request"),
        get("/requests/{id}/items", requests::items, "Its targets, and how far each has come.")
            .needs(P::DeviceList)
            .query(&["state", "limit", "cursor"])
            .gives(200, "ItemPage"),
        post("/requests/{id}/votes", requests::vote, "Votes on exactly what was shown; keys never do.")
            .refuses(&[410])
            .by_key()
            .needs(P::DeviceList)
            .header(&["if-match"])
            .takes("VoteCast")
            .gives(200, "Request"),
        post("/requests/{id}/votes/passkey", passkeys::begin_vote, "Begins to give a passkey for one decision.")
            .refuses(&[409, 410])
            .needs(P::DeviceList)
            .takes("VoteIntent")
            .gives(200, "PasskeyAsk"),
        delete("/requests/{id}/votes/me", requests::withdraw, "Takes the approval back.")
            .refuses(&[410])
            .needs(P::DeviceList)
            .header(&["if-match"])
            .gives(200, "Request"),
        post("/requests/{id}/cancel", requests::cancel, "Calls it off; a key its own.")
            .refuses(&[410])
            .by_key()
            .needs(P::DeviceList)
            .header(&["if-match"])
            .takes("Cancellation")
            .gives(200, "Request"),
        post(
            "/requests/{id}/amend",
            requests::amend,
            "Puts a new revision in its place; votes on the old one are void.",
        )
        .refuses(&[410])
        .by_key()
        .once_in_log()
        .needs(P::DeviceList)
        .takes("RequestSubmit")
        .gives(201, "Request")
        .gives(202, "Request"),
        get("/approval-policies", policies::list, "The rule of every scenario.")
            .needs(P::DashboardView)
            .gives(200, "PolicyPage"),
        put("/approval-policies", policies::change, "Asks for new rules, all or none.")
            .needs(P::ApprovalPolicyChange)
            .header(&["idempotency-key"])
            .takes("PoliciesChange")
            .gives(200, "Request")
            .gives(202, "Request"),
    ]
}
