//! Enrolment: a public key in, signed with what a one-time token gives, and an identity out.

use super::Agents;
use crate::decider::CommandError;
use adit_core::{
    authz::Actor,
    command::{Command, Reply},
    ids::AccountId,
};
use adit_wire::{Enrolled, Enrolment, SignatureError};
use axum::{Json, extract::State, http::StatusCode};
use std::sync::Arc;

type Refusal = (StatusCode, String);

/// Enrols an agent. Asked again with the same key (its first answer was lost), it says the same: who it is is no secret, and
/// the connection proves who holds the key.
pub(super) async fn enrol(
    State(agents): State<Arc<Agents>>,
    Json(asked): Json<Enrolment>,
) -> Result<Json<Enrolled>, Refusal> {
    let bad = |error: SignatureError| {
        let reason = "the enrolment is not signed with a token of this server: look at what stands in between";
        (StatusCode::UNPROCESSABLE_ENTITY, format!("{reason} ({error})"))
    };
    let (token_hash, key) = asked.check(&agents.key.verifying_key()).map_err(bad)?;
    let public_key = key.to_hex();
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
    Ok(Json(Enrolled::new(&agents.key, agent, &key)))
}
