//! What letters say.

use crate::mail::Letter;

/// Shows that an e-mail is somebody's.
pub(crate) fn verify_email(to: &str, name: &str, site: &str, token: &str) -> Letter {
    Letter {
        to: to.to_owned(),
        subject: "Confirm your e-mail address".to_owned(),
        text: format!(
            "Hello {name},\n\n\
             to confirm that this address is yours, open this link within a day:\n\n\
             {site}/verify-email#{token}\n\n\
             If you did not ask for this, do nothing.\n"
        ),
        name: None,
    }
}

/// A link to a new password.
pub(crate) fn reset_password(to: &str, name: &str, site: &str, token: &str) -> Letter {
    Letter {
        to: to.to_owned(),
        subject: "Set a new password".to_owned(),
        text: format!(
            "Hello {name},\n\n\
             to set a new password, open this link within 30 minutes. It works once:\n\n\
             {site}/reset-password#{token}\n\n\
             If you did not ask for this, do nothing: your password stays as it is.\n"
        ),
        name: None,
    }
}

/// Something about how somebody signs in has changed.
pub(crate) fn changed(to: &str, name: &str, site: &str, what: &str) -> Letter {
    Letter {
        to: to.to_owned(),
        subject: format!("Your sign-in has changed: {what}"),
        text: format!(
            "Hello {name},\n\n\
             this has just changed at {site}: {what}.\n\n\
             If it was not you, sign in and end all other sessions, or turn to whoever owns your company's account.\n"
        ),
        name: None,
    }
}

/// An invitation. `role` as people call it.
pub(crate) fn invitation(to: &str, inviter: &str, company: &str, role: &str, site: &str, token: &str) -> Letter {
    Letter {
        to: to.to_owned(),
        subject: format!("{inviter} invites you to {company}"),
        text: format!(
            "Hello,\n\n\
             {inviter} invites you to {company} as {role}. To accept, open this link within 7 days. It works once:\n\n\
             {site}/invitation#{token}\n\n\
             If you do not know them, do nothing.\n"
        ),
        name: None,
    }
}
