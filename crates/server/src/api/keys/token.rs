//! What a program shows of itself. A token is `adit_<ro|rw>_<id>_<secret><checksum>`: the id is the beginning of the secret's hash,
//! so that a token found somewhere can be matched with the list of keys; the checksum finds typing errors before anybody
//! is asked. Beside it a key has a signing secret, which is never sent: it follows from the token's hash and from a secret of
//! this server's, so it is kept nowhere and each token has its own.

use crate::{
    api::problem::{Answer, Problem},
    sign_in::tokens::{hash_of, hex},
};
use adit_core::authz::ApiAccess;
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

/// Random bytes of a secret.
const SECRET: usize = 20;
/// Hex digits of a token's id.
pub const ID: usize = 8;
/// What a signing secret begins with.
const SIGNING: &str = "adit_sign_";
const DOMAIN: &[u8] = b"adit/api-key/signing/v1\n";

/// A secret that was drawn, to be shown once.
pub struct Drawn {
    secret: String,
    /// What is kept of it.
    pub hash: String,
}

impl Drawn {
    /// A new one.
    pub fn new() -> Answer<Self> {
        let mut bytes = [0_u8; SECRET];
        getrandom::fill(&mut bytes).map_err(|error| Problem::internal(&error))?;
        let secret = hex(&bytes);
        let hash = hex(&hash_of(&secret));
        Ok(Self { secret, hash })
    }

    /// The token that it is shown as.
    pub fn token(&self, access: ApiAccess) -> String {
        token(access, &self.secret)
    }
}

fn token(access: ApiAccess, secret: &str) -> String {
    let word = if access == ApiAccess::ReadWrite { "rw" } else { "ro" };
    let hash = hex(&hash_of(secret));
    let open = format!("adit_{word}_{}_{secret}", &hash[..ID]);
    format!("{open}{:08x}", crc32fast::hash(open.as_bytes()))
}

/// The hash of the secret in a token, if the token is whole.
pub fn secret_hash(token: &str) -> Option<String> {
    let (open, checksum) = token.split_at_checked(token.len().checked_sub(8)?)?;
    if u32::from_str_radix(checksum, 16).ok()? != crc32fast::hash(open.as_bytes()) {
        return None;
    }
    let secret = open.strip_prefix("adit_")?.rsplit('_').next()?;
    Some(hex(&hash_of(secret)))
}

/// From what signing secrets follow.
pub struct Root(Zeroizing<Vec<u8>>);

impl Root {
    pub const fn new(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self(bytes)
    }

    /// The signing secret that belongs to a token.
    pub fn signing_secret(&self, secret_hash: &str) -> Answer<Zeroizing<String>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).map_err(|error| Problem::internal(&error))?;
        mac.update(DOMAIN);
        mac.update(secret_hash.as_bytes());
        Ok(Zeroizing::new(format!("{SIGNING}{}", hex(&mac.finalize().into_bytes()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_gives_its_secret_back_and_a_mistyped_one_nothing() {
        let secret = "0123456789abcdef0123456789abcdef01234567";
        let token = token(ApiAccess::ReadOnly, secret);
        assert!(token.starts_with("adit_ro_"), "{token}");
        assert_eq!(secret_hash(&token), Some(hex(&hash_of(secret))));
        for at in 0..token.len() {
            let mut wrong = token.clone().into_bytes();
            wrong[at] = if wrong[at] == b'0' { b'1' } else { b'0' };
            let wrong = String::from_utf8(wrong).unwrap();
            assert!(wrong == token || secret_hash(&wrong).is_none(), "{wrong}");
        }
        for hostile in ["", "adit_", "é", "adit_ro_é_é12345678", "00000000"] {
            assert_eq!(secret_hash(hostile), None, "{hostile}");
        }
    }

    #[test]
    fn each_token_and_each_server_has_a_signing_secret_of_its_own() {
        let root = |byte: u8| Root::new(Zeroizing::new(vec![byte; 32]));
        let of = |byte: u8, hash: &str| root(byte).signing_secret(hash).unwrap().to_string();
        assert_eq!(of(1, "ab"), of(1, "ab"));
        assert_ne!(of(1, "ab"), of(2, "ab"));
        assert_ne!(of(1, "ab"), of(1, "cd"));
        assert_eq!(of(1, "ab").len(), SIGNING.len() + 64);
    }
}
