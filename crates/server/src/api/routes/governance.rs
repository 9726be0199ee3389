//! Operations on what approvals rest on: foreseeing changes of the rules, talking about requests, and the log to take away.

use super::{CSV, JSON_LINES, Operation, get, post};
use crate::api::{audit, comments, simulate};
use adit_core::authz::Permission as P;

/// Rows of the table.
pub fn operations() -> Vec<Operation> {
    vec![
        get("/approval-policies/simulate", simulate::without, "What would be if somebody left.")
            .refuses(&[404])
            .needs(P::UserView)
            .query(&["remove!"])
            .gives(200, "Forecast"),
        post("/approval-policies/simulate", simulate::suppose, "What would be if people, roles or rules were others.")
            .refuses(&[404])
            .by_key()
            .needs(P::UserView)
            .takes("Supposition")
            .gives(200, "Forecast"),
        get("/approval-policies/presets", simulate::presets, "Sets of rules, each with what it would change now.")
            .needs(P::DashboardView)
            .gives(200, "PresetPage"),
        post("/requests/{id}/comments", comments::comment, "Says something about a request.")
            .once()
            .needs(P::DeviceList)
            .takes("CommentSubmit")
            .gives(201, "Request"),
        post("/requests/{id}/review", comments::review, "Closes the review that follows a recovery.")
            .needs(P::DeviceList)
            .takes("CommentSubmit")
            .gives(200, "Request"),
        get("/audit/as-of", audit::past::show, "Rights, rules and open requests as they were.")
            .needs(P::AuditView)
            .query(&["seq", "at"])
            .gives(200, "AsOf"),
        get("/audit/export.csv", audit::export::table, "What the log's page lists, as a table, oldest first.")
            .needs(P::AuditView)
            .query(&["q", "type", "actor", "object", "request", "from", "to"])
            .gives(200, CSV),
        get("/audit/export.jsonl", audit::export::chain, "The whole log, to be checked by `adit audit verify`.")
            .needs(P::AuditView)
            .gives(200, JSON_LINES),
    ]
}
