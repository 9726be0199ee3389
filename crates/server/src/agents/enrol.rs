//! Enrolment: a public key in, signed with what a one-time token gives, and an identity out.

use super::Agents;
use crate::decider::CommandError;
use adit_core::{
    authz::Actor,
    command::{Command, Reply},
    fleet::Agent,
    ids::{AccountId, AgentId},
    state::State as CoreState,
};
use adit_wire::{Enrolled, Enrolment, SignatureError};
use axum::{Json, body::Bytes, extract::State, http::StatusCode};
use std::sync::Arc;

type Refusal = (StatusCode, String);

/// Enrols an agent. Asked again with the same key (its first answer was lost), it says the same: who it is is no secret, and
/// the connection proves who holds the key.
pub(super) async fn enrol(State(agents): State<Arc<Agents>>, body: Bytes) -> Result<Json<Enrolled>, Refusal> {
    let asked: Enrolment = serde_json::from_slice(&body).map_err(|_| {
        let reason = "this is no enrolment: an agent of this version sends one by itself";
        (StatusCode::BAD_REQUEST, reason.to_owned())
    })?;
    let bad = |error: SignatureError| {
        let reason = "the enrolment is not signed with a token of this server: look at what stands in between";
        (StatusCode::UNPROCESSABLE_ENTITY, format!("{reason} ({error})"))
    };
    let (token_hash, key) = asked.check(&agents.key.verifying_key()).map_err(bad)?;
    let public_key = key.to_hex();
    let state = agents.engine.state();
    // Whoever made up a token is told so without a word to the engine.
    let is_known = holder_of(&state, &public_key).is_some()
        || everyone(&state).any(|a| a.token_hash.as_ref() == Some(&token_hash));
    if !is_known {
        let reason = "there is no such unspent enrolment token: have another one issued";
        return Err((StatusCode::NOT_FOUND, reason.to_owned()));
    }
    let command = Command::EnrolAgent { token_hash, public_key: public_key.clone() };
    let agent = match agents.engine.run(Actor::system(AccountId(0)), command).await {
        Ok(Reply::Agent(agent)) => agent,
        Ok(_) => return Err((StatusCode::INTERNAL_SERVER_ERROR, "no agent came of it".to_owned())),
        Err(CommandError::Rejected(rejection)) => {
            let status = StatusCode::from_u16(rejection.status()).unwrap_or(StatusCode::CONFLICT);
            holder_of(&agents.engine.state(), &public_key).ok_or_else(|| (status, rejection.to_string()))?
        }
        Err(CommandError::Unavailable(reason)) => return Err((StatusCode::SERVICE_UNAVAILABLE, reason)),
    };
    tracing::info!(%agent, "enrolled");
    Ok(Json(Enrolled::new(&agents.key, agent, &key)))
}

fn everyone(state: &CoreState) -> impl Iterator<Item = &Agent> {
    state.accounts().flat_map(|account| state.agents_of(account.id))
}

/// The agent that has enrolled with this key.
fn holder_of(state: &CoreState, public_key: &str) -> Option<AgentId> {
    everyone(state).find(|agent| agent.public_key.as_deref() == Some(public_key)).map(|agent| agent.id)
}
