//! Operations on what people and programs are told.

use super::{Operation, delete, get, post, put};
use crate::api::{inbox, webhooks};
use adit_core::authz::Permission as P;

/// Rows of the table.
pub fn operations() -> Vec<Operation> {
    let mut all = vec![
        get("/inbox", inbox::list, "What the caller was told, the latest first.")
            .query(&["tab", "limit", "cursor"])
            .gives(200, "InboxPage"),
        post("/inbox/marks", inbox::mark, "Notes on the caller's own items that they are read, done or for later.")
            .takes("InboxMarks")
            .gives(200, "InboxMarked"),
        get("/me/letters", inbox::choices, "Of what the caller gets letters.").gives(200, "LetterChoices"),
        put("/me/letters", inbox::choose, "Changes of what the caller gets letters.")
            .takes("LetterChoice")
            .gives(200, "LetterChoices"),
    ];
    all.extend(of_webhooks());
    all
}

fn of_webhooks() -> Vec<Operation> {
    vec![
        get("/webhooks", webhooks::list, "Addresses outside that are told what happens on the account.")
            .needs(P::SettingsManage)
            .gives(200, "WebhookPage"),
        post("/webhooks", webhooks::create, "Tells one more address; its secret is in the answer, once.")
            .once()
            .needs(P::SettingsManage)
            .takes("WebhookCreate")
            .gives(201, "WebhookCreated"),
        put("/webhooks/{id}", webhooks::change, "Changes a webhook; one that was disabled is told again.")
            .refuses(&[409])
            .needs(P::SettingsManage)
            .takes("WebhookChange")
            .gives(200, "Webhook"),
        delete("/webhooks/{id}", webhooks::remove, "Removes a webhook.").needs(P::SettingsManage).gives(204, ""),
        post("/webhooks/{id}/secret", webhooks::rotate, "A new secret, once; the old one signs for a day as well.")
            .once()
            .needs(P::SettingsManage)
            .gives(200, "WebhookSecret"),
        post("/webhooks/{id}/test", webhooks::test, "Sends a message to try it with.")
            .once()
            .needs(P::SettingsManage)
            .gives(202, "Nothing"),
        get(
            "/webhooks/{id}/deliveries",
            webhooks::deliveries,
            "What it was told and what came of it, the latest first.",
        )
        .needs(P::SettingsManage)
        .query(&["limit", "cursor"])
        .gives(200, "DeliveryPage"),
        post("/webhooks/{id}/deliveries/{delivery}/again", webhooks::again, "Sends a message once more.")
            .once()
            .needs(P::SettingsManage)
            .gives(202, "Nothing"),
    ]
}
