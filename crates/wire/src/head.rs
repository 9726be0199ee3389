//! Heads of the server's log, given to those outside it: whoever has one finds out later whether the log still is what it was.
//!
//! The chain alone does not show that its end was cut off, nor that a whole folder was put back to an earlier day. A head that
//! lies elsewhere does.

use crate::{ServerKey, SignatureError, VerifyingKey};
use adit_core::audit::Head;
use serde::{Deserialize, Serialize};
use std::fmt::Write;

/// Set before the signed bytes, so that a signature made for one purpose serves no other.
const CONTEXT: &[u8] = b"adit/head/v1\n";

/// The log's end at some moment, signed by the server whose log it is.
///
/// The signature is Ed25519 over `adit/head/v1`, a line feed, and `seq at hash` in decimal and hex; if it follows another head,
/// a line feed and the same of that one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SignedHead {
    /// The log's end.
    pub head: Head,
    /// A head told earlier that the log still has in it, for whoever brought that one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub follows: Option<Head>,
    /// 128 hex digits.
    pub signature: String,
}

/// Why a head is not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeadError {
    /// Not signed by the expected key.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// The log is shorter than it was.
    #[error("the server's log ends at record {told} and had {known} before: it was put back to an earlier state")]
    Behind {
        /// Where it ended before.
        known: u64,
        /// Where it ends now.
        told: u64,
    },
    /// The log has gone on from somewhere else.
    #[error(
        "the server's log does not have the record {known} that it had before: it was put back and has gone on differently"
    )]
    OtherLog {
        /// Which record.
        known: u64,
    },
}

impl SignedHead {
    /// Is this the same log, gone on from `known`? `known` is what this server told before, if anything.
    ///
    /// # Errors
    /// [`HeadError`].
    pub fn check(&self, server: &VerifyingKey, known: Option<&Head>) -> Result<(), HeadError> {
        server.check_head(self)?;
        let Some(known) = known else { return Ok(()) };
        if self.head.seq < known.seq {
            return Err(HeadError::Behind { known: known.seq, told: self.head.seq });
        }
        let same = if self.head.seq == known.seq { self.head == *known } else { self.follows.as_ref() == Some(known) };
        if same { Ok(()) } else { Err(HeadError::OtherLog { known: known.seq }) }
    }
}

impl ServerKey {
    /// Signs a head, which follows another that the log has.
    #[must_use]
    pub fn sign_head(&self, head: Head, follows: Option<Head>) -> SignedHead {
        let signature = self.sign_bytes(CONTEXT, message(&head, follows.as_ref()).as_bytes());
        SignedHead { head, follows, signature }
    }
}

impl VerifyingKey {
    /// Did the server that holds this key sign it?
    ///
    /// # Errors
    /// [`SignatureError::Forged`] or [`SignatureError::Malformed`].
    pub fn check_head(&self, signed: &SignedHead) -> Result<(), SignatureError> {
        self.check(CONTEXT, message(&signed.head, signed.follows.as_ref()).as_bytes(), &signed.signature)
    }
}

fn message(head: &Head, follows: Option<&Head>) -> String {
    let mut text = String::with_capacity(256);
    for (place, head) in std::iter::once(head).chain(follows).enumerate() {
        let line = if place == 0 { "" } else { "\n" };
        // Writing to a string cannot fail.
        let _ = write!(text, "{line}{} {} ", head.seq, head.at.0);
        for byte in &head.hash {
            let _ = write!(text, "{byte:02x}");
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use adit_core::time::Timestamp;

    const fn head(seq: u64, byte: u8) -> Head {
        Head { seq, at: Timestamp(5), hash: [byte; 32] }
    }

    #[test]
    fn only_the_same_log_gone_on_is_taken() {
        let key = ServerKey::from_secret([1; 32]);
        let pinned = key.verifying_key();
        let known = head(10, 1);
        let told = |head, follows| key.sign_head(head, follows).check(&pinned, Some(&known));
        assert_eq!(key.sign_head(head(3, 9), None).check(&pinned, None), Ok(()), "the first one is taken");
        assert_eq!(told(known, None), Ok(()));
        assert_eq!(told(head(12, 2), Some(known)), Ok(()));
        assert_eq!(told(head(9, 2), Some(known)), Err(HeadError::Behind { known: 10, told: 9 }));
        for (other, follows) in [
            (head(10, 2), None),
            (head(10, 2), Some(known)),
            (head(12, 2), None),
            (head(12, 2), Some(head(10, 2))),
            (head(12, 2), Some(head(9, 1))),
        ] {
            assert_eq!(told(other, follows), Err(HeadError::OtherLog { known: 10 }), "{other:?} {follows:?}");
        }
    }

    #[test]
    fn nothing_of_it_can_be_altered() {
        let key = ServerKey::from_secret([1; 32]);
        let signed = key.sign_head(head(12, 2), Some(head(10, 1)));
        let pinned = key.verifying_key();
        assert_eq!(pinned.check_head(&signed), Ok(()));
        assert_eq!(ServerKey::from_secret([2; 32]).verifying_key().check_head(&signed), Err(SignatureError::Forged));
        let altered = [
            SignedHead { head: head(13, 2), ..signed.clone() },
            SignedHead { head: head(12, 3), ..signed.clone() },
            SignedHead { head: Head { at: Timestamp(6), ..signed.head }, ..signed.clone() },
            SignedHead { follows: None, ..signed.clone() },
            SignedHead { follows: Some(head(10, 2)), ..signed.clone() },
        ];
        for signed in altered {
            assert_eq!(pinned.check_head(&signed), Err(SignatureError::Forged), "{signed:?}");
        }
        let text = serde_json::to_string(&signed).unwrap();
        assert_eq!(serde_json::from_str::<SignedHead>(&text).unwrap(), signed);
    }
}
