//! One-time codes of an authenticator app (RFC 6238: SHA-1, six digits, 30 seconds, one step of leeway), and the recovery
//! codes for whoever has lost it.

use super::tokens::hash_of;
use adit_core::{ids::UserId, time::Timestamp};
use totp_rs::{Builder, Totp, TotpError};
use zeroize::Zeroizing;

/// How many recovery codes there are.
pub const RECOVERY_CODES: usize = 10;
/// Of these, without letters that look like others: 32 of them, 5 bits each.
const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
/// Letters of a recovery code: 80 bits, so that its hash says nothing.
const RECOVERY_LETTERS: usize = 16;
/// Bytes of a secret.
const SECRET: usize = 20;

/// A secret and how an app takes it over.
#[derive(Clone)]
pub struct Enrolment {
    /// The secret itself.
    pub secret: Zeroizing<Vec<u8>>,
    /// To be typed.
    pub base32: String,
    /// To be scanned.
    pub uri: String,
}

/// Where a person's secret lies among the sealed secrets.
#[must_use]
pub fn secret_name(user: UserId) -> String {
    format!("totp/{user}")
}

fn totp(secret: &[u8], account: &str) -> Result<Totp, TotpError> {
    // A colon separates issuer and account in the address, so it may be in neither.
    let account = account.replace(':', " ");
    Builder::new().with_secret(secret).with_account_name(account).with_issuer(Some("Adit")).build()
}

/// Draws a secret for the account with this e-mail.
///
/// # Errors
/// The system gives no randomness.
pub fn draw(email: &str) -> Result<Enrolment, String> {
    let mut secret = Zeroizing::new(vec![0_u8; SECRET]);
    getrandom::fill(&mut secret).map_err(|error| error.to_string())?;
    let totp = totp(&secret, email).map_err(|error| error.to_string())?;
    let uri = totp.to_url().map_err(|error| error.to_string())?;
    Ok(Enrolment { base32: totp.secret().to_base32(), uri, secret })
}

/// The step whose code this is, if it is one of now. Whether it was used before is the caller's to ask.
#[must_use]
pub fn step_of(secret: &[u8], code: &str, now: Timestamp) -> Option<u64> {
    let code: String = code.chars().filter(|c| !c.is_whitespace()).take(16).collect();
    totp(secret, "x").ok()?.check(&code, now.0.max(0).unsigned_abs() / 1_000)
}

/// The code of a moment, as the app shows it.
#[must_use]
pub fn code_at(secret: &[u8], now: Timestamp) -> Option<String> {
    Some(totp(secret, "x").ok()?.generate(now.0.max(0).unsigned_abs() / 1_000).to_string())
}

/// Ten recovery codes, each in groups of four letters.
///
/// # Errors
/// The system gives no randomness.
pub fn recovery_codes() -> Result<Vec<String>, getrandom::Error> {
    let code = || {
        let mut bytes = [0_u8; RECOVERY_LETTERS];
        getrandom::fill(&mut bytes)?;
        let letters: Vec<_> = bytes.iter().map(|byte| char::from(LETTERS[usize::from(byte % 32)])).collect();
        let groups: Vec<String> = letters.chunks(4).map(|group| group.iter().collect()).collect();
        Ok(groups.join("-"))
    };
    (0..RECOVERY_CODES).map(|_| code()).collect()
}

/// What is kept of a recovery code, however it is spaced or written.
#[must_use]
pub fn recovery_hash(code: &str) -> [u8; 32] {
    let letters: String = code.chars().filter(char::is_ascii_alphanumeric).take(64).collect();
    hash_of(&letters.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        // RFC 6238, appendix B: the last six digits of its SHA-1 column.
        let secret = b"12345678901234567890";
        for (seconds, code) in
            [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")]
        {
            let at = Timestamp(seconds * 1_000);
            assert_eq!(code_at(secret, at).as_deref(), Some(code));
            let step = u64::try_from(seconds / 30).unwrap();
            assert_eq!(step_of(secret, code, at), Some(step));
            let spaced = format!(" {} {}", &code[..3], &code[3..]);
            assert_eq!(step_of(secret, &spaced, Timestamp(at.0 + 30_000)), Some(step), "one step late");
            assert_eq!(step_of(secret, code, Timestamp(at.0 + 90_000)), None, "three steps late");
        }
    }

    #[test]
    fn a_drawn_secret_can_be_taken_over_by_an_app() {
        let drawn = draw("lena@norte.example").unwrap();
        assert_eq!((drawn.secret.len(), drawn.base32.len()), (20, 32));
        assert!(drawn.uri.starts_with("otpauth://totp/Adit:lena"), "{}", drawn.uri);
        assert!(drawn.uri.contains(&format!("secret={}", drawn.base32)), "{}", drawn.uri);
        assert_ne!(drawn.base32, draw("lena@norte.example").unwrap().base32);
    }

    #[test]
    fn recovery_codes_differ_and_are_known_however_they_are_typed() {
        let codes = recovery_codes().unwrap();
        assert_eq!(codes.iter().collect::<std::collections::BTreeSet<_>>().len(), RECOVERY_CODES);
        assert_eq!((codes[0].len(), codes[0].matches('-').count()), (19, 3));
        assert_eq!(recovery_hash(&codes[0]), recovery_hash(&codes[0].to_uppercase().replace('-', " ")));
    }
}
