//! Signatures: who sent this order, and is it for me, now?
//!
//! The bytes that were signed travel as they are ([`SignedCommand::body`]), so that no two programs need to agree on
//! how to write the same JSON.

use adit_core::{
    fleet::{CommandId, DeviceIdentity, Order},
    ids::AgentId,
    time::Timestamp,
};
use aws_lc_rs::digest;
use ed25519_dalek::{Signature, Signer, SigningKey, Verifier};
use serde::{Deserialize, Serialize};
use std::net::IpAddr;

/// Set before the signed bytes, so that a signature made for one purpose serves no other.
const COMMAND_CONTEXT: &[u8] = b"adit/command/v2\n";

/// Which machine an order means.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// By its MAC or serial number.
    pub identity: DeviceIdentity,
    /// At which address.
    pub ip: IpAddr,
}

/// What the server orders.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CommandBody {
    /// The order's identity.
    pub command: CommandId,
    /// For whom.
    pub agent: AgentId,
    /// In which session.
    pub session: String,
    /// As which of its orders: 1, 2, 3 and so on.
    pub sequence: u64,
    /// When it was signed, by the server's clock.
    pub issued_at: Timestamp,
    /// What.
    pub order: Order,
    /// To which machine, if it is about one.
    pub subject: Option<Subject>,
    /// Content hash of the request that was approved, 64 hex digits.
    pub approval: String,
    /// Not to be begun at or after this moment.
    pub deadline: Timestamp,
}

/// An order and the proof that the server gave it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedCommand {
    /// A [`CommandBody`] as JSON, exactly as signed.
    pub body: String,
    /// Ed25519 signature over the context and the body, 128 hex digits.
    pub signature: String,
}

/// Why a signed thing was refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// Not made by the expected key.
    #[error("the signature is not the expected key's")]
    Forged,
    /// A key or signature that is not hex of the right length.
    #[error("not a key or signature in hex")]
    Malformed,
    /// Signed, but not an order this program understands.
    #[error("a signed order that cannot be read: {0}")]
    Unreadable(String),
    /// Signed for another agent.
    #[error("the order is for {0}")]
    NotForMe(AgentId),
    /// Too late to begin.
    #[error("the order's deadline has passed")]
    Expired,
}

/// A public key, pinned by the other side.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VerifyingKey(ed25519_dalek::VerifyingKey);

impl VerifyingKey {
    /// From 64 hex digits.
    ///
    /// # Errors
    /// [`SignatureError::Malformed`].
    pub fn from_hex(text: &str) -> Result<Self, SignatureError> {
        let bytes = unhex(text)?;
        ed25519_dalek::VerifyingKey::from_bytes(&bytes).map(Self).map_err(|_| SignatureError::Malformed)
    }

    /// 64 hex digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        hex(self.0.as_bytes())
    }

    pub(crate) fn of(key: &SigningKey) -> Self {
        Self(key.verifying_key())
    }

    pub(crate) fn check(&self, context: &[u8], message: &[u8], signature: &str) -> Result<(), SignatureError> {
        let signature = Signature::from_bytes(&unhex(signature)?);
        self.0.verify(&[context, message].concat(), &signature).map_err(|_| SignatureError::Forged)
    }

    /// Reads an order, if this key gave it, for `me`, and its deadline is after `now`.
    ///
    /// # Errors
    /// Every [`SignatureError`].
    pub fn open(&self, signed: &SignedCommand, me: AgentId, now: Timestamp) -> Result<CommandBody, SignatureError> {
        self.check(COMMAND_CONTEXT, signed.body.as_bytes(), &signed.signature)?;
        let body: CommandBody =
            serde_json::from_str(&signed.body).map_err(|e| SignatureError::Unreadable(e.to_string()))?;
        if body.agent != me {
            return Err(SignatureError::NotForMe(body.agent));
        }
        if now >= body.deadline {
            return Err(SignatureError::Expired);
        }
        Ok(body)
    }
}

/// The key an agent proves itself with.
pub struct AgentKey(SigningKey);

/// The key the server signs orders and heads of its log with.
#[derive(Clone)]
pub struct ServerKey(SigningKey);

macro_rules! key {
    ($name:ident) => {
        impl $name {
            /// From 32 secret bytes, which the caller draws from the system's randomness and keeps.
            #[must_use]
            pub fn from_secret(secret: [u8; 32]) -> Self {
                Self(SigningKey::from_bytes(&secret))
            }

            /// What the other side pins.
            #[must_use]
            pub fn verifying_key(&self) -> VerifyingKey {
                VerifyingKey(self.0.verifying_key())
            }

            pub(crate) fn sign_bytes(&self, context: &[u8], message: &[u8]) -> String {
                sign(&self.0, context, message)
            }
        }
    };
}
key!(AgentKey);
key!(ServerKey);

impl ServerKey {
    /// Signs an order.
    ///
    /// # Errors
    /// [`SignatureError::Unreadable`] if the order cannot be written as JSON.
    pub fn sign(&self, body: &CommandBody) -> Result<SignedCommand, SignatureError> {
        let body = serde_json::to_string(body).map_err(|e| SignatureError::Unreadable(e.to_string()))?;
        Ok(SignedCommand { signature: self.sign_bytes(COMMAND_CONTEXT, body.as_bytes()), body })
    }
}

pub(crate) fn sign(key: &SigningKey, context: &[u8], message: &[u8]) -> String {
    hex(&key.sign(&[context, message].concat()).to_bytes())
}

pub(crate) fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    parts.iter().for_each(|part| context.update(part));
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn unhex<const N: usize>(text: &str) -> Result<[u8; N], SignatureError> {
    let mut bytes = [0; N];
    if text.len() != N * 2 || !text.is_ascii() {
        return Err(SignatureError::Malformed);
    }
    for (byte, at) in bytes.iter_mut().zip((0..).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).map_err(|_| SignatureError::Malformed)?;
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::{fleet::Operation, ids::DeviceId, ids::RequestId};

    fn body() -> CommandBody {
        CommandBody {
            command: CommandId { request: RequestId(1_u128.into()), item: 0 },
            agent: AgentId(1),
            session: "cd".repeat(32),
            sequence: 1,
            issued_at: Timestamp(900),
            order: Order::Device { device: DeviceId(7), operation: Operation::Reboot {} },
            subject: Some(Subject {
                identity: DeviceIdentity { mac: Some("02:00:00:00:00:01".into()), serial: None },
                ip: [10, 0, 0, 7].into(),
            }),
            approval: "00".repeat(32),
            deadline: Timestamp(1_000),
        }
    }

    #[test]
    fn an_order_opens_only_for_its_agent_in_time_and_unaltered() {
        let server = ServerKey::from_secret([7; 32]);
        let pinned = server.verifying_key();
        let signed = server.sign(&body()).unwrap();
        assert_eq!(pinned.open(&signed, AgentId(1), Timestamp(999)), Ok(body()));
        assert_eq!(pinned.open(&signed, AgentId(1), Timestamp(1_000)), Err(SignatureError::Expired));
        assert_eq!(pinned.open(&signed, AgentId(2), Timestamp(0)), Err(SignatureError::NotForMe(AgentId(1))));
        for (is, other) in [("dev-7", "dev-8"), ("00:01", "00:02"), ("10.0.0.7", "10.0.0.8"), ("cdcd", "abcd")] {
            let altered = SignedCommand { body: signed.body.replacen(is, other, 1), ..signed.clone() };
            assert_ne!(altered.body, signed.body);
            assert_eq!(pinned.open(&altered, AgentId(1), Timestamp(0)), Err(SignatureError::Forged));
        }
        let stranger = ServerKey::from_secret([8; 32]).sign(&body()).unwrap();
        assert_eq!(pinned.open(&stranger, AgentId(1), Timestamp(0)), Err(SignatureError::Forged));
    }

    #[test]
    fn keys_survive_their_written_form_and_nonsense_is_refused() {
        let key = AgentKey::from_secret([3; 32]);
        let pinned = VerifyingKey::from_hex(&key.verifying_key().to_hex()).unwrap();
        let signature = key.sign_bytes(b"context", b"message");
        assert_eq!(pinned.check(b"context", b"message", &signature), Ok(()));
        assert_eq!(pinned.check(b"another", b"message", &signature), Err(SignatureError::Forged));
        assert_eq!(pinned.check(b"context", b"message", "\u{fc}nfug"), Err(SignatureError::Malformed));
        assert!(VerifyingKey::from_hex("zz").is_err());
    }
}
