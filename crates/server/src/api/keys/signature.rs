//! Signed calls: HMAC-SHA256 over everything that a call is, with a secret that is never sent. Whoever has read a token somewhere
//! cannot sign, and whoever has recorded a signed call can neither change nor repeat it.

use crate::sign_in::tokens::hex;
use adit_core::{
    ids::KeyId,
    time::{Millis, Timestamp},
};
use axum::http::{HeaderMap, Method, Uri};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
};

/// When the call was signed, Unix milliseconds.
pub const TIMESTAMP: &str = "x-adit-timestamp";
/// Never used before by this key: 16 to 64 letters, digits, `-` and `_`.
pub const NONCE: &str = "x-adit-nonce";
/// 64 hex digits.
pub const SIGNATURE: &str = "x-adit-signature";
/// How far the signer's clock may be from ours.
const SKEW: Millis = Millis::seconds(30);
/// Most nonces that are remembered of one key. Beyond it the key waits; nobody else does.
const MAX_NONCES: usize = 10_000;

/// Why a signed call is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsigned {
    /// One of the three headers is missing or no such thing.
    Missing,
    /// Signed too long ago or in the future, by the server's clock.
    Clock,
    /// It is not what follows from the call and the secret.
    Signature,
    /// Sent before.
    Nonce,
    /// More signed calls than are remembered.
    TooMany,
}

/// What was sent to prove a call.
struct Given<'a> {
    at: Timestamp,
    nonce: &'a str,
    signature: [u8; 32],
}

/// Was anything sent to prove it?
pub fn is_signed(headers: &HeaderMap) -> bool {
    [TIMESTAMP, NONCE, SIGNATURE].iter().any(|name| headers.contains_key(*name))
}

fn given(headers: &HeaderMap) -> Option<Given<'_>> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let nonce = text(NONCE).filter(|nonce| {
        let fits = |c: u8| c.is_ascii_alphanumeric() || c == b'-' || c == b'_';
        (16..=64).contains(&nonce.len()) && nonce.bytes().all(fits)
    })?;
    Some(Given { at: Timestamp(text(TIMESTAMP)?.parse().ok()?), nonce, signature: unhex(text(SIGNATURE)?)? })
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    for (byte, at) in bytes.iter_mut().zip((0..64).step_by(2)) {
        *byte = u8::from_str_radix(&text[at..at + 2], 16).ok()?;
    }
    Some(bytes)
}

/// The text that is signed: `METHOD\nPATH\nSORTED_QUERY\nHEX(SHA256(body))\nTIMESTAMP_MS\nNONCE\nKEYID`. Path and query are as they
/// were sent; of the query, the parts between `&` are sorted.
fn text(method: &Method, uri: &Uri, body: &[u8], given: &Given<'_>, token_id: &str) -> String {
    let mut query: Vec<_> = uri.query().unwrap_or_default().split('&').collect();
    query.sort_unstable();
    let (query, body) = (query.join("&"), hex(&Sha256::digest(body)));
    format!("{method}\n{}\n{query}\n{body}\n{}\n{}\n{token_id}", uri.path(), given.at.0, given.nonce)
}

/// A call as it came in.
pub struct Call<'a> {
    pub method: &'a Method,
    pub uri: &'a Uri,
    pub headers: &'a HeaderMap,
    pub body: &'a [u8],
}

/// Who signed.
pub struct Signer<'a> {
    pub key: KeyId,
    /// As in the token.
    pub token_id: &'a str,
    pub secret: &'a str,
}

/// Nonces that were seen, each key's by themselves. They are forgotten at a restart, which is why nothing counts that was signed
/// before.
pub struct Nonces {
    since: Timestamp,
    seen: Mutex<HashMap<KeyId, HashMap<String, Timestamp>>>,
}

impl Nonces {
    pub fn new(now: Timestamp) -> Self {
        Self { since: now, seen: Mutex::default() }
    }

    /// Is the call signed by that key, just now, and for the first time?
    pub fn check(&self, call: &Call<'_>, signer: &Signer<'_>, now: Timestamp) -> Result<(), Unsigned> {
        let given = given(call.headers).ok_or(Unsigned::Missing)?;
        let apart = if given.at < now { now.since(given.at) } else { given.at.since(now) };
        if apart > SKEW || given.at < self.since {
            return Err(Unsigned::Clock);
        }
        let mut mac = Hmac::<Sha256>::new_from_slice(signer.secret.as_bytes()).map_err(|_| Unsigned::Signature)?;
        mac.update(text(call.method, call.uri, call.body, &given, signer.token_id).as_bytes());
        // In constant time.
        mac.verify_slice(&given.signature).map_err(|_| Unsigned::Signature)?;
        self.spend(signer.key, given.nonce, given.at.after(SKEW), now)
    }

    fn spend(&self, key: KeyId, nonce: &str, until: Timestamp, now: Timestamp) -> Result<(), Unsigned> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let own = seen.entry(key).or_default();
        if own.get(nonce).is_some_and(|until| now <= *until) {
            return Err(Unsigned::Nonce);
        }
        if own.len() >= MAX_NONCES {
            own.retain(|_, until| now <= *until);
        }
        if own.len() >= MAX_NONCES {
            return Err(Unsigned::TooMany);
        }
        own.insert(nonce.to_owned(), until);
        Ok(())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);
    /// The example of `docs/api-keys.md`, which has to be told what it comes to here.
    const PAGE: &str = include_str!("../../../../../docs/api-keys.md");
    const SECRET: &str = "adit_sign_000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";
    const TOKEN_ID: &str = "1f2e3d4c";
    const BODY: &str = r#"{"action":{"action":"set_wallet","params":{"sub_account":"sub-1","address":"1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"}}}"#;

    fn sign(secret: &str, words: &str) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
        mac.update(words.as_bytes());
        hex(&mac.finalize().into_bytes())
    }

    fn headers(at: Timestamp, nonce: &str, signature: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(TIMESTAMP, HeaderValue::from_str(&at.0.to_string()).unwrap());
        headers.insert(NONCE, HeaderValue::from_str(nonce).unwrap());
        headers.insert(SIGNATURE, HeaderValue::from_str(signature).unwrap());
        headers
    }

    fn checked(
        nonces: &Nonces,
        key: u32,
        parts: (&Method, &str, &str),
        headers: &HeaderMap,
        now: Timestamp,
    ) -> Result<(), Unsigned> {
        let (method, uri, body) = parts;
        let uri: Uri = uri.parse().unwrap();
        let signer = Signer { key: KeyId(key), token_id: TOKEN_ID, secret: SECRET };
        nonces.check(&Call { method, uri: &uri, headers, body: body.as_bytes() }, &signer, now)
    }

    #[test]
    fn the_worked_example_of_the_documentation_is_what_the_server_takes() {
        let words = format!(
            "POST\n/api/v1/requests\n\n{}\n{}\n0123456789abcdefABCD\n{TOKEN_ID}",
            hex(&Sha256::digest(BODY)),
            NOW.0
        );
        let signature = sign(SECRET, &words);
        for told in [SECRET, TOKEN_ID, BODY, words.as_str(), signature.as_str()] {
            assert!(PAGE.contains(told), "docs/api-keys.md has to say {told}");
        }
        let signed = headers(NOW, "0123456789abcdefABCD", &signature);
        let nonces = Nonces::new(NOW);
        assert_eq!(checked(&nonces, 1, (&Method::POST, "/api/v1/requests", BODY), &signed, NOW), Ok(()));
    }

    #[test]
    fn whatever_is_changed_breaks_the_signature_but_not_the_order_of_the_query() {
        let empty = hex(&Sha256::digest(""));
        let words = format!("PUT\n/a\na=1&b=2&b=3\n{empty}\n{}\nnonce-nonce-nonce-1\n{TOKEN_ID}", NOW.0);
        let signed = headers(NOW, "nonce-nonce-nonce-1", &sign(SECRET, &words));
        let fresh = || Nonces::new(NOW);
        assert_eq!(checked(&fresh(), 1, (&Method::PUT, "/a?b=3&a=1&b=2", ""), &signed, NOW), Ok(()));
        for (method, uri, body) in [
            (&Method::POST, "/a?a=1&b=2&b=3", ""),
            (&Method::PUT, "/b?a=1&b=2&b=3", ""),
            (&Method::PUT, "/a?a=1&b=2", ""),
            (&Method::PUT, "/a?a=1&b=2&b=3", " "),
        ] {
            assert_eq!(checked(&fresh(), 1, (method, uri, body), &signed, NOW), Err(Unsigned::Signature), "{uri}");
        }
        for (name, value) in [(TIMESTAMP, "1800000000001"), (NONCE, "nonce-nonce-nonce-2")] {
            let mut other = signed.clone();
            other.insert(name, HeaderValue::from_static(value));
            assert_eq!(
                checked(&fresh(), 1, (&Method::PUT, "/a?a=1&b=2&b=3", ""), &other, NOW),
                Err(Unsigned::Signature)
            );
        }
        for (name, value) in [(NONCE, "short"), (NONCE, "no blanks in a nonce"), (SIGNATURE, "ab"), (TIMESTAMP, "soon")]
        {
            let mut other = signed.clone();
            other.insert(name, HeaderValue::from_static(value));
            assert_eq!(checked(&fresh(), 1, (&Method::PUT, "/a", ""), &other, NOW), Err(Unsigned::Missing), "{name}");
        }
    }

    #[test]
    fn a_call_counts_once_and_only_near_its_moment_and_not_from_before_a_restart() {
        let empty = hex(&Sha256::digest(""));
        let words = format!("PUT\n/a\n\n{empty}\n{}\nnonce-nonce-nonce-1\n{TOKEN_ID}", NOW.0);
        let signed = headers(NOW, "nonce-nonce-nonce-1", &sign(SECRET, &words));
        let ask = |nonces: &Nonces, now| checked(nonces, 1, (&Method::PUT, "/a", ""), &signed, now);
        let start = Timestamp(NOW.0 - 60_000);
        let nonces = Nonces::new(start);
        for off in [-30_001, 30_001] {
            assert_eq!(ask(&nonces, Timestamp(NOW.0 + off)), Err(Unsigned::Clock));
        }
        assert_eq!(ask(&nonces, Timestamp(NOW.0 - 30_000)), Ok(()));
        // The clock goes on for as long as the signature counts.
        for off in [-30_000, 0, 30_000] {
            assert_eq!(ask(&nonces, Timestamp(NOW.0 + off)), Err(Unsigned::Nonce), "{off}");
        }
        assert_eq!(ask(&Nonces::new(Timestamp(NOW.0 + 1)), Timestamp(NOW.0 + 1)), Err(Unsigned::Clock), "restarted");
    }

    #[test]
    fn a_key_that_signs_very_much_holds_up_itself_and_forgets_nothing_of_anybody() {
        let nonces = Nonces::new(NOW);
        let spend =
            |key: u32, number: usize, now| nonces.spend(KeyId(key), &format!("nonce-{number}"), NOW.after(SKEW), now);
        assert_eq!(spend(2, 0, NOW), Ok(()));
        for number in 0..MAX_NONCES {
            assert_eq!(spend(1, number, NOW), Ok(()));
        }
        assert_eq!(spend(1, MAX_NONCES, NOW), Err(Unsigned::TooMany));
        assert_eq!(spend(1, 0, NOW), Err(Unsigned::Nonce));
        assert_eq!(spend(2, 0, NOW), Err(Unsigned::Nonce));
        assert_eq!(spend(2, 1, NOW), Ok(()));
        assert_eq!(spend(1, MAX_NONCES, NOW.after(Millis(SKEW.0 + 1))), Ok(()), "once they no longer count");
    }
}
