//! A change of how somebody signs in: the core knows of it, so that keys of theirs that write are held back and an account that
//! asks for a second factor sees who has one; and they are told by letter.

use super::{Api, Shared, problem::Answer};
use crate::{decider::CommandError, sign_in::letters};
use adit_core::{
    authz::Actor,
    command::Command,
    ids::{AccountId, UserId},
    state::SignInChange,
};

/// Runs a command of the server's own about a person, whichever accounts they are on.
async fn note(api: &Shared, command: Command) -> Answer<()> {
    api.engine.run(Actor::system(AccountId(0)), command).await?;
    Ok(())
}

impl Api {
    /// Second factors that changed right before the server stopped, so that the core was not told of it.
    ///
    /// # Errors
    /// The directory cannot be read, or the log not be written.
    pub async fn catch_up(&self) -> Result<(), String> {
        let enrolled = self.people().enrolled().map_err(|error| error.to_string())?;
        let (state, change) = (self.engine.state(), SignInChange::SecondFactor);
        for (user, identity) in state.identities().filter(|(user, known)| known.enrolled != enrolled.contains(user)) {
            let command = Command::ChangeSignIn { user, change, enrolled: !identity.enrolled };
            match self.engine.run(Actor::system(AccountId(0)), command).await {
                // The directory is not what it was, from a backup say: their word is counted on until others make up for it.
                Err(CommandError::Rejected(why)) => tracing::error!(%user, %why, "a second factor is gone"),
                noted => drop(noted.map_err(|error| error.to_string())?),
            }
        }
        Ok(())
    }
}

/// Whether somebody has one-time codes or a passkey.
pub(super) fn is_enrolled(api: &Shared, user: UserId) -> Answer<bool> {
    let people = api.people();
    Ok(people.totp(user)?.is_some() || !people.passkeys_of(user)?.is_empty())
}

/// Lets a change in before it is made, for the core may refuse it: `enrolled` is whether they have a second factor afterwards.
pub(super) async fn allow(api: &Shared, user: UserId, change: SignInChange, enrolled: bool) -> Answer<()> {
    note(api, Command::ChangeSignIn { user, change, enrolled }).await
}

/// Notes a change that was made, and tells them by letter.
pub(super) async fn changed(api: &Shared, user: UserId, change: SignInChange, what: &str) -> Answer<()> {
    let enrolled = is_enrolled(api, user)?;
    allow(api, user, change, enrolled).await?;
    tell(api, user, what)
}

/// Tells them by letter what has changed.
pub(super) fn tell(api: &Shared, user: UserId, what: &str) -> Answer<()> {
    if let Some(person) = api.people().person(user)? {
        let letter = letters::changed(&person.email, &person.display_name, &api.options.public_url, what);
        api.sign_in.mailer.send(letter, |_| ());
    }
    Ok(())
}

/// Somebody came back with a token that nobody but their mailbox was given.
pub(super) async fn verified(api: &Shared, user: UserId) -> Answer<()> {
    note(api, Command::VerifyEmail { user }).await
}
