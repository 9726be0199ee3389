//! What the vendors' protocols encrypt and sign with: the md5-based `crypt`
//! of Unix password files, AES-256 in ECB mode with zero padding, and hex.
//! Used to check clients, never to protect anything.

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes256, Block};
use md5::{Digest, Md5};
use sha2::Sha256;

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

pub(crate) fn md5_hex(text: &str) -> String {
    hex(&Md5::digest(text.as_bytes()))
}

pub(crate) fn sha256(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// The hash part of `$1$salt$hash` (22 characters). At most 8 bytes of salt
/// count, as in the original.
pub(crate) fn md5crypt(password: &str, salt: &str) -> String {
    let pw = password.as_bytes();
    let salt = &salt.as_bytes()[..salt.len().min(8)];

    let inner = Md5::new().chain_update(pw).chain_update(salt).chain_update(pw).finalize();
    let mut ctx = Md5::new().chain_update(pw).chain_update(b"$1$").chain_update(salt);
    for i in 0..pw.len() {
        ctx.update([inner[i % 16]]);
    }
    let mut bits = pw.len();
    while bits > 0 {
        ctx.update(if bits & 1 == 1 { [0] } else { [*pw.first().unwrap_or(&0)] });
        bits >>= 1;
    }
    let mut hash = ctx.finalize();
    for round in 0..1000 {
        let mut ctx = Md5::new();
        if round % 2 == 1 {
            ctx.update(pw)
        } else {
            ctx.update(hash)
        }
        if round % 3 != 0 {
            ctx.update(salt);
        }
        if round % 7 != 0 {
            ctx.update(pw);
        }
        if round % 2 == 1 {
            ctx.update(hash)
        } else {
            ctx.update(pw)
        }
        hash = ctx.finalize();
    }

    const ALPHABET: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let mut out = String::with_capacity(22);
    let mut push = |mut value: u32, chars: usize| {
        for _ in 0..chars {
            out.push(ALPHABET[(value & 63) as usize] as char);
            value >>= 6;
        }
    };
    for (a, b, c) in [(0, 6, 12), (1, 7, 13), (2, 8, 14), (3, 9, 15), (4, 10, 5)] {
        push(u32::from(hash[a]) << 16 | u32::from(hash[b]) << 8 | u32::from(hash[c]), 4);
    }
    push(u32::from(hash[11]), 2);
    out
}

/// Encrypts text padded with zero bytes to whole blocks.
pub(crate) fn aes_encrypt(key: &[u8; 32], text: &str) -> Vec<u8> {
    let cipher = Aes256::new(key.into());
    let mut data = text.as_bytes().to_vec();
    data.resize(data.len().div_ceil(16) * 16, 0);
    for chunk in data.chunks_exact_mut(16) {
        let mut block = Block::default();
        block.copy_from_slice(chunk);
        cipher.encrypt_block(&mut block);
        chunk.copy_from_slice(&block);
    }
    data
}

/// Decrypts whole blocks and drops the zero padding; `None` when the length
/// is not one of whole blocks or the result is not text.
pub(crate) fn aes_decrypt(key: &[u8; 32], data: &[u8]) -> Option<String> {
    if data.is_empty() || !data.len().is_multiple_of(16) {
        return None;
    }
    let cipher = Aes256::new(key.into());
    let mut data = data.to_vec();
    for chunk in data.chunks_exact_mut(16) {
        let mut block = Block::default();
        block.copy_from_slice(chunk);
        cipher.decrypt_block(&mut block);
        chunk.copy_from_slice(&block);
    }
    let end = data.iter().rposition(|b| *b != 0).map_or(0, |last| last + 1);
    data.truncate(end);
    String::from_utf8(data).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn md5crypt_agrees_with_openssl() {
        // openssl passwd -1 -salt <salt> <password>
        assert_eq!(md5crypt("admin", "BQ5hoXV9"), "RxmaDUO33TS7O26yeMHZ81");
        assert_eq!(md5crypt("", "ab"), "rn6aQS/o7141mj179E/zA.");
        assert_eq!(md5crypt("a longer pass phrase than sixteen", "saltsalt"), "vVo4aPRDVf/nwiI2.vJmH.");
    }

    #[test]
    fn aes_round_trips_and_wrong_keys_do_not_read() {
        let key = sha256("key");
        let sealed = aes_encrypt(&key, "{\"cmd\":\"reboot\"}!");
        assert_eq!(sealed.len(), 32);
        assert_eq!(aes_decrypt(&key, &sealed).as_deref(), Some("{\"cmd\":\"reboot\"}!"));
        assert_ne!(aes_decrypt(&sha256("other"), &sealed).as_deref(), Some("{\"cmd\":\"reboot\"}!"));
        assert_eq!(aes_decrypt(&key, &sealed[..31]), None);
    }
}
