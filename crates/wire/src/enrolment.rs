//! How an agent comes to its identity. The one-time token never leaves the agent's host: it gives a key, and that key signs whom it
//! makes an agent and of which server. Whoever stands in between learns nothing that is good for anything else.

use crate::signing::{AgentKey, ServerKey, SignatureError, VerifyingKey, hex, sha256};
use adit_core::ids::AgentId;
use ed25519_dalek::SigningKey;
use serde::{Deserialize, Serialize};
use std::fmt;

const TOKEN_CONTEXT: &[u8] = b"adit/enrolment-token/v1\n";
const ENROL_CONTEXT: &[u8] = b"adit/enrol/v1\n";
const ENROLLED_CONTEXT: &[u8] = b"adit/enrolled/v1\n";
/// Longest secret of a token, bytes.
const MAX_SECRET: usize = 128;

/// What an operator is shown once and brings to the agent's host: `<secret>.<the server's public key>`.
#[derive(Clone)]
pub struct EnrolmentToken {
    secret: String,
    server: VerifyingKey,
}

impl EnrolmentToken {
    /// The token of this secret, for the server with this key.
    #[must_use]
    pub fn new(secret: impl Into<String>, server: VerifyingKey) -> Self {
        Self { secret: secret.into(), server }
    }

    /// From its written form.
    ///
    /// # Errors
    /// [`SignatureError::Malformed`].
    pub fn parse(text: &str) -> Result<Self, SignatureError> {
        let (secret, server) = text.trim().split_once('.').ok_or(SignatureError::Malformed)?;
        if secret.is_empty() || secret.len() > MAX_SECRET {
            return Err(SignatureError::Malformed);
        }
        Ok(Self::new(secret, VerifyingKey::from_hex(server)?))
    }

    /// The server that it is for.
    #[must_use]
    pub const fn server(&self) -> &VerifyingKey {
        &self.server
    }

    /// What the server keeps of a token's secret: the hash of the public key that it gives, 64 hex digits.
    #[must_use]
    pub fn hash_of(secret: &str) -> String {
        hash_of_key(&VerifyingKey::of(&key_of(secret)))
    }
}

impl fmt::Display for EnrolmentToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.secret, self.server.to_hex())
    }
}

fn key_of(secret: &str) -> SigningKey {
    SigningKey::from_bytes(&sha256(&[TOKEN_CONTEXT, secret.as_bytes()]))
}

fn hash_of_key(key: &VerifyingKey) -> String {
    hex(&sha256(&[key.to_hex().as_bytes()]))
}

/// An agent's first words, posted to `/agent/v1/enroll`.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    /// The public key that the one-time token gives, 64 hex digits.
    pub token_key: String,
    /// The agent's Ed25519 public key, 64 hex digits.
    pub public_key: String,
    /// Both keys and the server's, signed with the token's key; 128 hex digits.
    pub signature: String,
    /// Host name, for people.
    pub host: String,
    /// Program version.
    pub version: String,
}

fn asked(server: &VerifyingKey, agent: &VerifyingKey) -> String {
    format!("{}\n{}", server.to_hex(), agent.to_hex())
}

impl Enrolment {
    /// Asks for `agent` to be made an agent of the token's server.
    #[must_use]
    pub fn new(token: &EnrolmentToken, agent: &AgentKey, host: String, version: String) -> Self {
        let key = key_of(&token.secret);
        let public_key = agent.verifying_key();
        Self {
            token_key: VerifyingKey::of(&key).to_hex(),
            signature: crate::signing::sign(&key, ENROL_CONTEXT, asked(&token.server, &public_key).as_bytes()),
            public_key: public_key.to_hex(),
            host,
            version,
        }
    }

    /// Was it made with a token, for `server`, and for the key that it names? Gives the token's hash and the agent's key.
    ///
    /// # Errors
    /// [`SignatureError::Forged`] or [`SignatureError::Malformed`].
    pub fn check(&self, server: &VerifyingKey) -> Result<(String, VerifyingKey), SignatureError> {
        let (token, agent) = (VerifyingKey::from_hex(&self.token_key)?, VerifyingKey::from_hex(&self.public_key)?);
        token.check(ENROL_CONTEXT, asked(server, &agent).as_bytes(), &self.signature)?;
        Ok((hash_of_key(&token), agent))
    }
}

/// The answer to an [`Enrolment`].
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Enrolled {
    /// Who the agent is from now on.
    pub agent: AgentId,
    /// That and the agent's key, signed by the server; 128 hex digits.
    pub signature: String,
}

impl Enrolled {
    fn said(agent: AgentId, key: &VerifyingKey) -> String {
        format!("{agent}\n{}", key.to_hex())
    }

    /// The server says who holds `key`.
    #[must_use]
    pub fn new(server: &ServerKey, agent: AgentId, key: &VerifyingKey) -> Self {
        Self { agent, signature: server.sign_bytes(ENROLLED_CONTEXT, Self::said(agent, key).as_bytes()) }
    }

    /// Has `server` said that the holder of `key` is this agent?
    ///
    /// # Errors
    /// [`SignatureError::Forged`] or [`SignatureError::Malformed`].
    pub fn check(&self, server: &VerifyingKey, key: &VerifyingKey) -> Result<(), SignatureError> {
        server.check(ENROLLED_CONTEXT, Self::said(self.agent, key).as_bytes(), &self.signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_enrols_one_key_with_one_server_and_is_not_told_in_doing_so() {
        let (server, other) = (ServerKey::from_secret([7; 32]), ServerKey::from_secret([8; 32]));
        let agent = AgentKey::from_secret([3; 32]);
        let token = EnrolmentToken::new("one-time", server.verifying_key());
        let token = EnrolmentToken::parse(&format!(" {token}\n")).unwrap();
        let asked = Enrolment::new(&token, &agent, "host".into(), "1".into());
        assert!(!serde_json::to_string(&asked).unwrap().contains("one-time"));
        let expected = (EnrolmentToken::hash_of("one-time"), agent.verifying_key());
        assert_eq!(asked.check(&server.verifying_key()), Ok(expected));
        assert_eq!(asked.check(&other.verifying_key()), Err(SignatureError::Forged));
        let thief = AgentKey::from_secret([4; 32]).verifying_key();
        let stolen = Enrolment { public_key: thief.to_hex(), ..asked };
        assert_eq!(stolen.check(&server.verifying_key()), Err(SignatureError::Forged));

        let said = Enrolled::new(&server, AgentId(1), &agent.verifying_key());
        assert_eq!(said.check(token.server(), &agent.verifying_key()), Ok(()));
        let another = Enrolled { agent: AgentId(2), ..said.clone() };
        assert_eq!(another.check(token.server(), &agent.verifying_key()), Err(SignatureError::Forged));
        assert_eq!(said.check(&other.verifying_key(), &agent.verifying_key()), Err(SignatureError::Forged));
        assert!(EnrolmentToken::parse("one-time").is_err() && EnrolmentToken::parse(".ab").is_err());
    }
}
