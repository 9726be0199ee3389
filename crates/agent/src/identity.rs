//! Who the agent is and whom it obeys: its own key, its id, and the server's pinned key. Files of mode 0600 in the agent's
//! folder: `agent.key` (the secret) and `agent.json` (the rest). Enrolment makes them, once.

use crate::{AgentError, AgentOptions, http, journal, transport::Transport};
use adit_core::ids::AgentId;
use adit_wire::{AgentKey, Enrolled, Enrolment, EnrolmentToken, VerifyingKey};
use serde::{Deserialize, Serialize};
use std::{fs, io, path::Path};

pub(crate) struct Identity {
    pub agent: AgentId,
    pub key: AgentKey,
    pub server_key: VerifyingKey,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Pinned {
    agent: AgentId,
    server_key: String,
}

/// An attempt to enrol.
pub(crate) enum Attempt {
    Done(Box<Identity>),
    /// The server could not be reached; another try may succeed.
    Later(String),
}

/// Reads what an earlier enrolment left, if there was one.
pub(crate) fn load(folder: &Path) -> Result<Option<Identity>, AgentError> {
    let path = folder.join("agent.json");
    let Some(text) = read(&path)? else { return Ok(None) };
    let bad = |reason: String| AgentError::Contents { path: path.clone(), reason };
    let pinned: Pinned = serde_json::from_str(&text).map_err(|e| bad(e.to_string()))?;
    let server_key = VerifyingKey::from_hex(&pinned.server_key).map_err(|e| bad(e.to_string()))?;
    let key = own_key(folder)?.ok_or_else(|| AgentError::Contents {
        path: folder.join("agent.key"),
        reason: "it is missing: remove the agent on the server, empty this folder and enrol again".to_owned(),
    })?;
    Ok(Some(Identity { agent: pinned.agent, key, server_key }))
}

/// Tries once to enrol with `token`. The key is on disk before the server hears of it.
pub(crate) async fn enrol(
    options: &AgentOptions,
    transport: &Transport,
    token: &EnrolmentToken,
    host: &str,
) -> Result<Attempt, AgentError> {
    let folder = &options.data_dir;
    let key = match own_key(folder)? {
        Some(key) => key,
        None => {
            let mut secret = [0; 32];
            for part in secret.chunks_mut(8) {
                part.copy_from_slice(&(options.random)().to_le_bytes());
            }
            let path = folder.join("agent.key");
            let text: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
            write(&path, text.as_bytes())?;
            AgentKey::from_secret(secret)
        }
    };
    let enrolment = Enrolment::new(token, &key, host.to_owned(), env!("CARGO_PKG_VERSION").to_owned());
    let body = serde_json::to_vec(&enrolment).map_err(|e| AgentError::Enrolment(e.to_string()))?;
    let (status, answer) = match http::post_json(transport, "/agent/v1/enroll", body).await {
        Ok(answer) => answer,
        Err(reason) => return Ok(Attempt::Later(reason)),
    };
    if (500..600).contains(&status) || status == 429 {
        return Ok(Attempt::Later(format!("status {status}")));
    }
    let shown = || String::from_utf8_lossy(&answer).chars().filter(|c| !c.is_control()).take(300).collect::<String>();
    if !(200..300).contains(&status) {
        return Err(AgentError::Enrolment(format!("status {status}: {}", shown())));
    }
    let enrolled: Enrolled = serde_json::from_slice(&answer)
        .map_err(|e| AgentError::Enrolment(format!("an answer that cannot be read ({e}): {}", shown())))?;
    let server_key = token.server().clone();
    enrolled.check(&server_key, &key.verifying_key()).map_err(|_| {
        AgentError::Enrolment(
            "who answered is not the server that the token is for: look at what stands in between".to_owned(),
        )
    })?;
    let pinned = Pinned { agent: enrolled.agent, server_key: server_key.to_hex() };
    let text = serde_json::to_vec_pretty(&pinned).map_err(|e| AgentError::Enrolment(e.to_string()))?;
    write(&folder.join("agent.json"), &text)?;
    tracing::info!(agent = %enrolled.agent, "enrolled");
    Ok(Attempt::Done(Box::new(Identity { agent: enrolled.agent, key, server_key })))
}

fn own_key(folder: &Path) -> Result<Option<AgentKey>, AgentError> {
    let path = folder.join("agent.key");
    let Some(text) = read(&path)? else { return Ok(None) };
    let digits = text.trim().as_bytes();
    let mut secret = [0; 32];
    let readable = digits.len() == 64
        && secret.iter_mut().zip(digits.chunks(2)).all(|(byte, pair)| {
            let parsed = std::str::from_utf8(pair).ok().and_then(|pair| u8::from_str_radix(pair, 16).ok());
            parsed.map(|value| *byte = value).is_some()
        });
    if readable {
        Ok(Some(AgentKey::from_secret(secret)))
    } else {
        Err(AgentError::Contents { path, reason: "not a key of 64 hex digits".to_owned() })
    }
}

fn read(path: &Path) -> Result<Option<String>, AgentError> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(AgentError::File { path: path.to_owned(), source }),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), AgentError> {
    journal::write_whole(path, bytes).map_err(|source| AgentError::File { path: path.to_owned(), source })
}
