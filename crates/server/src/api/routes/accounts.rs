//! Operations on accounts as a whole: which one, one more, whose it is to be, and its end.

use super::{Operation, delete, get, post, put};
use crate::api::accounts;
use adit_core::authz::Permission as P;

/// Rows of the table.
pub fn operations() -> Vec<Operation> {
    vec![
        get("/session/accounts", accounts::list, "Accounts the caller may choose from.").gives(200, "AccountList"),
        post("/session/account", accounts::choose, "Acts for another account from now on.")
            .refuses(&[404])
            .takes("AccountChoice")
            .gives(200, "Session"),
        delete("/session/accounts/{id}", accounts::decline, "Declines an account that the caller has never opened.")
            .refuses(&[409])
            .gives(204, ""),
        get(
            "/me/panel",
            accounts::panel,
            "The caller's accounts with the sub-accounts they reach: own ones, then by role.",
        )
        .gives(200, "Panel"),
        post("/accounts", accounts::found, "Makes an account of the caller's own, if this server lets people do that.")
            .once_of_person()
            .takes("AccountName")
            .gives(201, "Session"),
        put("/account", accounts::rename, "Gives the account another name.")
            .needs(P::SettingsManage)
            .takes("AccountName")
            .gives(200, "Session"),
        post(
            "/account/deletion",
            accounts::delete,
            "Deletes the account in seven days; nothing is carried out till then.",
        )
        .once()
        .needs(P::AccountDelete)
        .takes("AccountName")
        .gives(201, "Request")
        .gives(202, "Request"),
        delete("/account/deletion", accounts::keep, "Undoes that.").needs(P::AccountFreeze).gives(201, "Request"),
        post("/requests/{id}/answer", accounts::answer, "Takes or refuses what a request offers the caller.")
            .refuses(&[410])
            .takes("OfferAnswer")
            .gives(200, "Request"),
    ]
}
