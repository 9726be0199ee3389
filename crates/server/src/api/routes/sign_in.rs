//! Operations by which people become known: set-up, sessions, and what belongs to a person alone.

use super::{Operation, delete, get, post};
use crate::api::{session, setup};

/// Rows of the table.
pub fn operations() -> Vec<Operation> {
    vec![
        get("/sign-in-options", session::options, "What the sign-in page may offer.")
            .for_anybody()
            .gives(200, "SignInOptions"),
        get("/demo-users", session::demo_users, "People of a demo on this machine; there are none elsewhere.")
            .for_anybody()
            .gives(200, "DemoUsers"),
        post("/setup/check", setup::check, "Whether the set-up link still opens something.")
            .for_anybody()
            .takes("LinkToken")
            .gives(204, ""),
        post("/setup", setup::found, "Makes the first account and signs its owner in.")
            .for_anybody()
            .takes("Setup")
            .gives(200, "Session"),
        post("/session", session::sign_in, "Signs in; the session comes as a cookie.")
            .for_anybody()
            .takes("SignIn")
            .gives(200, "Session"),
        get("/session", session::show, "Who is signed in.").gives(200, "Session"),
        delete("/session", session::sign_out, "Signs out.").gives(204, ""),
        post("/session/step-up", session::step_up, "Shows once more who it is.").takes("StepUp").gives(200, "Session"),
    ]
}
