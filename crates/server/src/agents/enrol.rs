//! Enrolment: a one-time token and a public key in, an identity and the server's key out.

use super::{Agents, hex};
use crate::decider::CommandError;
use adit_core::{
    authz::Actor,
    command::{Command, Reply},
    ids::AccountId,
};
use adit_wire::{Enrolled, Enrolment, VerifyingKey};
use axum::{Json, extract::State, http::StatusCode};
use sha2::{Digest, Sha256};
use std::sync::Arc;

type Refusal = (StatusCode, String);

/// Enrols an agent. Asked again with the same key (its first answer was lost), it says the same: who it is and the server's
/// key are no secrets, and the connection proves who holds the key.
pub(super) async fn enrol(
    State(agents): State<Arc<Agents>>,
    Json(asked): Json<Enrolment>,
) -> Result<Json<Enrolled>, Refusal> {
    let bad = |e: adit_wire::SignatureError| (StatusCode::UNPROCESSABLE_ENTITY, format!("public_key: {e}"));
    let public_key = VerifyingKey::from_hex(&asked.public_key).map_err(bad)?.to_hex();
    let token_hash = hex(&Sha256::digest(asked.token.as_bytes()));
    let command = Command::EnrolAgent { token_hash, public_key: public_key.clone() };
    let agent = match agents.engine.run(Actor::system(AccountId(0)), command).await {
        Ok(Reply::Agent(agent)) => agent,
        Ok(_) => return Err((StatusCode::INTERNAL_SERVER_ERROR, "no agent came of it".to_owned())),
        Err(CommandError::Rejected(rejection)) => {
            let state = agents.engine.state();
            let mut everyone = state.accounts().flat_map(|account| state.agents_of(account.id));
            let before = everyone.find(|agent| agent.public_key.as_deref() == Some(&public_key));
            let status = StatusCode::from_u16(rejection.status()).unwrap_or(StatusCode::CONFLICT);
            before.map(|agent| agent.id).ok_or_else(|| (status, rejection.to_string()))?
        }
        Err(CommandError::Unavailable(reason)) => return Err((StatusCode::SERVICE_UNAVAILABLE, reason)),
    };
    tracing::info!(%agent, "enrolled");
    Ok(Json(Enrolled { agent, server_key: agents.key.verifying_key().to_hex() }))
}
