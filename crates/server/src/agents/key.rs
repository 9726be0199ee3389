//! The key that agents know the server by.

use super::AgentsError;
use adit_store::Secrets;
use adit_wire::{EnrolmentToken, ServerKey};

/// Where the server's own Ed25519 secret lies.
const SERVER_KEY: &str = "server-key";

/// A one-time token as an agent needs it, from its secret.
///
/// # Errors
/// [`AgentsError`].
pub fn enrolment_token(secrets: &mut Secrets, secret: &str) -> Result<String, AgentsError> {
    Ok(EnrolmentToken::new(secret, server_key(secrets)?.verifying_key()).to_string())
}

/// The key, drawn on the first start.
pub(super) fn server_key(secrets: &mut Secrets) -> Result<ServerKey, AgentsError> {
    let secret = match secrets.get(SERVER_KEY)? {
        Some(stored) => stored.as_slice().try_into().map_err(|_| AgentsError::ServerKey)?,
        None => {
            let mut drawn = [0; 32];
            getrandom::fill(&mut drawn)?;
            secrets.put(SERVER_KEY, &drawn)?;
            drawn
        }
    };
    Ok(ServerKey::from_secret(secret))
}
