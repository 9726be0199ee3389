//! Operations on observer links, and what observers see.

use super::{Operation, delete, get, post, put};
use crate::api::observers;
use adit_core::authz::Permission as P;

/// Rows of the table.
pub fn operations() -> Vec<Operation> {
    vec![
        get("/observer-links", observers::list, "Observer links, and whether pages open without one.")
            .needs(P::ObserverManage)
            .gives(200, "ObserverLinks"),
        post("/observer-links", observers::issue, "Asks for a link; its token is in the answer, once.")
            .once()
            .needs(P::ObserverManage)
            .takes("ObserverLinkAsk")
            .gives(201, "ObserverLinkMade")
            .gives(202, "ObserverLinkMade"),
        put("/observer-links/{id}/sections", observers::narrow, "Shows less by a link, at once.")
            .needs(P::ObserverManage)
            .takes("ObserverSections")
            .gives(200, "Request"),
        delete("/observer-links/{id}", observers::revoke, "Ends a link, at once.")
            .needs(P::ObserverManage)
            .gives(200, "Request"),
        put("/observer-protection", observers::protection, "Shows pages by links only, or to whoever knows a name.")
            .needs(P::ObserverManage)
            .takes("ObserverProtection")
            .gives(200, "Request")
            .gives(202, "Request"),
        get(
            "/sub-accounts/{id}/observe",
            observers::preview,
            "The observers' page, for those who see the sub-account.",
        )
        .needs(P::DeviceList)
        .gives(200, "ObserverPage"),
        post("/observe", observers::enter, "Exchanges a link's token for a cookie of a quarter of an hour.")
            .refuses(&[404, 429])
            .for_anybody()
            .takes("ObserverToken")
            .gives(200, "ObserverPage"),
        get("/observe/view", observers::view, "What the cookie's link shows now.")
            .refuses(&[404, 429])
            .for_anybody()
            .gives(200, "ObserverPage"),
        get("/observe/{coin}/{sub_account}", observers::by_name, "A page by name; none while pages are protected.")
            .refuses(&[429])
            .for_anybody()
            .gives(200, "ObserverPage"),
    ]
}
