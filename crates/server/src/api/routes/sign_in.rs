//! Operations by which people become known: set-up, sessions, and what belongs to a person alone.

use super::{Operation, delete, get, post, put};
use crate::api::{factors, invitations, me, passkeys, recovery, session, setup, sso};
use adit_core::authz::Permission;

/// Rows of the table.
pub fn operations() -> Vec<Operation> {
    vec![
        get("/sign-in-options", session::options, "What the sign-in page may offer.")
            .for_anybody()
            .gives(200, "SignInOptions"),
        get("/demo-users", session::demo_users, "People of a demo on this machine; there are none elsewhere.")
            .refuses(&[404])
            .for_anybody()
            .gives(200, "DemoUsers"),
        post("/setup/check", setup::check, "Whether the set-up link still opens something.")
            .refuses(&[404])
            .for_anybody()
            .takes("LinkToken")
            .gives(204, ""),
        post("/setup", setup::found, "Makes the first account and signs its owner in.")
            .refuses(&[404, 409])
            .for_anybody()
            .takes("Setup")
            .gives(200, "Session"),
        post("/session", session::sign_in, "Signs in; the session comes as a cookie.")
            .refuses(&[401, 403, 429])
            .for_anybody()
            .takes("SignIn")
            .gives(200, "Session")
            .gives(202, "SecondFactor"),
        post("/session/second-factor", factors::second, "Completes a sign-in that asks for a second factor.")
            .refuses(&[401, 429])
            .for_anybody()
            .takes("SecondFactorCode")
            .gives(200, "Session"),
        get("/session", session::show, "Who is signed in.").gives(200, "Session"),
        delete("/session", session::sign_out, "Signs out.").gives(204, ""),
        post("/session/step-up", session::step_up, "Shows once more who it is.").takes("StepUp").gives(200, "Session"),
        post("/session/step-up/passkey", passkeys::begin_step_up, "Begins to show it with a passkey.")
            .refuses(&[409])
            .takes("Nothing")
            .gives(200, "PasskeyAsk"),
        post("/session/passkey/begin", passkeys::begin_sign_in, "Begins to sign in with a passkey.")
            .refuses(&[409])
            .for_anybody()
            .takes("Nothing")
            .gives(200, "PasskeyAsk"),
        post("/session/passkey", passkeys::sign_in, "Signs in with a passkey; no second factor is asked for.")
            .refuses(&[401])
            .for_anybody()
            .takes("PasskeyAnswer")
            .gives(200, "Session"),
        get("/sso/{id}/start", sso::start, "Sends the browser to another company's sign-in.")
            .for_anybody()
            .query(&["next"])
            .gives(303, ""),
        get(
            "/sso/{id}/callback",
            sso::callback,
            "Takes the browser back from there, signed in or to the sign-in page.",
        )
        .for_anybody()
        .query(&["code", "state"])
        .any_query()
        .gives(303, ""),
        get("/me/security", me::security, "How the caller signs in.").gives(200, "Security"),
        get("/me/sessions", me::sessions, "Where the caller is signed in.").gives(200, "SessionList"),
        delete("/me/sessions", me::end_others, "Ends all sessions but this one.").gives(200, "SessionsEnded"),
        delete("/me/sessions/{id}", me::end_session, "Ends one session.").gives(204, ""),
        put("/me/password", me::change_password, "Changes the password; other sessions end.")
            .takes("PasswordChange")
            .gives(204, ""),
        post("/me/totp", factors::draw, "Draws a secret for one-time codes, which are off until one is confirmed.")
            .refuses(&[409])
            .gives(200, "TotpSecret"),
        delete("/me/totp", factors::remove, "Turns one-time codes off; other sessions end.")
            .refuses(&[409])
            .gives(204, ""),
        post("/me/totp/confirm", factors::confirm, "Turns one-time codes on; other sessions end.")
            .refuses(&[409])
            .takes("TotpCode")
            .gives(200, "RecoveryCodes"),
        post("/me/passkeys/begin", passkeys::begin_adding, "Begins to add a passkey.")
            .refuses(&[409])
            .takes("Nothing")
            .gives(200, "PasskeyAsk"),
        post("/me/passkeys", passkeys::add, "Adds it.").refuses(&[409]).takes("PasskeyAdd").gives(201, "Passkey"),
        delete("/me/passkeys/{id}", passkeys::remove, "Removes a passkey.").refuses(&[409]).gives(204, ""),
        post("/me/identities/{id}", sso::link, "Where to go to show that a provider's account is one's own.")
            .takes("IdentityLink")
            .gives(200, "Location"),
        delete("/me/identities/{id}", sso::unlink, "Forgets an account of a provider.").refuses(&[409]).gives(204, ""),
        post("/me/email-verification", recovery::ask_to_verify, "Sends a link that confirms an e-mail, or a new one.")
            .refuses(&[409])
            .takes("EmailVerification")
            .gives(202, "Nothing"),
        post("/email-verifications", recovery::verify, "Confirms an e-mail by the link that was sent to it.")
            .refuses(&[404, 409])
            .for_anybody()
            .takes("LinkToken")
            .gives(204, ""),
        post("/password-resets", recovery::forgotten, "Sends a link to a new password, if there is such a person.")
            .for_anybody()
            .takes("PasswordForgotten")
            .gives(202, "Nothing"),
        post("/password-resets/use", recovery::reset, "Sets a new password; every session ends.")
            .refuses(&[404])
            .for_anybody()
            .takes("PasswordReset")
            .gives(204, ""),
        get("/invitations", invitations::list, "Invitations, the latest first.")
            .needs(Permission::UserView)
            .gives(200, "InvitationList"),
        post("/invitations", invitations::invite, "Invites somebody who is not registered; for whoever may add them.")
            .refuses(&[404])
            .once()
            .takes("Invite")
            .gives(201, "Invitation"),
        delete("/invitations/{id}", invitations::withdraw, "Takes an open invitation back.")
            .refuses(&[409])
            .gives(204, ""),
        post("/invitations/check", invitations::check, "What an invitation's link invites to.")
            .refuses(&[404])
            .for_anybody()
            .takes("LinkToken")
            .gives(200, "InvitationOffer"),
        post("/invitations/accept", invitations::accept, "Registers, and signs in unless the role waits for approval.")
            .refuses(&[404, 409, 429])
            .for_anybody()
            .takes("InvitationAccept")
            .gives(200, "InvitationAccepted"),
        post("/me/recovery-codes", factors::renew, "New recovery codes in place of the old ones.")
            .refuses(&[409])
            .gives(200, "RecoveryCodes"),
    ]
}
