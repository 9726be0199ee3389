//! Signatures of messages: HMAC-SHA256 over name, time and body, as the Standard Webhooks specification has it.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// What every secret begins with.
const PREFIX: &str = "whsec_";
/// Random bytes of a secret.
const SECRET: usize = 32;

/// A new secret, as receivers are shown it.
///
/// # Errors
/// The system gives no randomness.
pub(crate) fn new_secret() -> Result<String, getrandom::Error> {
    let mut bytes = Zeroizing::new([0_u8; SECRET]);
    getrandom::fill(&mut *bytes)?;
    Ok(format!("{PREFIX}{}", STANDARD.encode(*bytes)))
}

/// `v1,<signature>`; `None` for what is no secret.
pub(super) fn signature(secret: &str, message: &str, seconds: i64, body: &str) -> Option<String> {
    let key = Zeroizing::new(STANDARD.decode(secret.strip_prefix(PREFIX)?).ok()?);
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).ok()?;
    mac.update(format!("{message}.{seconds}.{body}").as_bytes());
    Some(format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes())))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

    use super::*;

    #[test]
    fn a_message_is_signed_as_the_specification_does_it() {
        // The test vector of the reference libraries.
        let secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
        let signed = signature(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, r#"{"test": 2432232314}"#);
        assert_eq!(signed.as_deref(), Some("v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="));
        assert_eq!(signature("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "m", 1, ""), None);
        let (one, other) = (new_secret().unwrap(), new_secret().unwrap());
        assert_ne!(one, other);
        assert_ne!(signature(&one, "m", 1, "{}"), signature(&other, "m", 1, "{}"));
    }
}
