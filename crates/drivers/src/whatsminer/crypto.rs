//! How Whatsminers hide and sign orders: the md5 `crypt` of old Unix password files, and AES-256 block by block with zeros
//! behind the text. Neither keeps a secret from somebody on the wire; it is what the devices understand.

use aes::cipher::{BlockCipherDecrypt, BlockCipherEncrypt, KeyInit};
use aes::{Aes256, Block};
use base64::{Engine, prelude::BASE64_STANDARD};
use md5::{Digest, Md5};
use sha2::Sha256;

/// The last part of `$1$salt$…`: 22 characters. At most eight bytes of the salt count.
pub(super) fn md5crypt(password: &str, salt: &str) -> String {
    let (password, salt) = (password.as_bytes(), salt.as_bytes());
    let salt = &salt[..salt.len().min(8)];
    let digest = |parts: &[&[u8]]| -> [u8; 16] {
        let mut md5 = Md5::new();
        parts.iter().for_each(|part| md5.update(part));
        md5.finalize().into()
    };

    let other = digest(&[password, salt, password]);
    let mut md5 = Md5::new();
    md5.update(password);
    md5.update(b"$1$");
    md5.update(salt);
    for chunk in password.chunks(16) {
        md5.update(&other[..chunk.len()]);
    }
    // One byte for each binary digit of the length, lowest first.
    let first = password.first().copied().unwrap_or(0);
    let mut length = password.len();
    while length > 0 {
        md5.update([if length % 2 == 1 { 0 } else { first }]);
        length /= 2;
    }
    let mut hash: [u8; 16] = md5.finalize().into();
    for round in 0..1000 {
        let (head, tail): (&[u8], &[u8]) = if round % 2 == 1 { (password, &hash) } else { (&hash, password) };
        hash =
            digest(&[head, if round % 3 == 0 { &[] } else { salt }, if round % 7 == 0 { &[] } else { password }, tail]);
    }
    encode(&hash)
}

/// Six bits a character, lowest first, in the order of bytes the format prescribes.
fn encode(hash: &[u8; 16]) -> String {
    const LETTERS: &[u8; 64] = b"./0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    let groups = (0..5).map(|i| {
        let last = if i == 4 { 5 } else { i + 12 };
        (u32::from_be_bytes([0, hash[i], hash[i + 6], hash[last]]), 4)
    });
    let mut text = String::with_capacity(22);
    for (mut bits, letters) in groups.chain([(u32::from(hash[11]), 2)]) {
        for _ in 0..letters {
            text.push(char::from(LETTERS[(bits % 64) as usize]));
            bits /= 64;
        }
    }
    text
}

/// SHA-256 of a text.
pub(super) fn sha256(text: &str) -> [u8; 32] {
    Sha256::digest(text.as_bytes()).into()
}

/// Base64 of the text, padded with zeros and encrypted.
pub(super) fn seal(key: &[u8; 32], text: &str) -> String {
    let cipher = Aes256::new(key.into());
    let sealed: Vec<u8> = text
        .as_bytes()
        .chunks(16)
        .flat_map(|chunk| {
            let mut block = Block::default();
            block[..chunk.len()].copy_from_slice(chunk);
            cipher.encrypt_block(&mut block);
            block
        })
        .collect();
    BASE64_STANDARD.encode(sealed)
}

/// What was sealed, without the zeros. `None` if it is not base64 of whole blocks of text under this key.
pub(super) fn unseal(key: &[u8; 32], sealed: &str) -> Option<String> {
    let sealed = BASE64_STANDARD.decode(sealed.trim()).ok()?;
    if !sealed.len().is_multiple_of(16) {
        return None;
    }
    let cipher = Aes256::new(key.into());
    let mut plain: Vec<u8> = sealed
        .chunks_exact(16)
        .flat_map(|chunk| {
            let mut block = Block::default();
            block.copy_from_slice(chunk);
            cipher.decrypt_block(&mut block);
            block
        })
        .collect();
    while plain.last() == Some(&0) {
        plain.pop();
    }
    String::from_utf8(plain).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn md5crypt_is_what_openssl_makes() {
        // openssl passwd -1 -salt <salt> <password>
        assert_eq!(md5crypt("admin", "BQ5hoXV9"), "RxmaDUO33TS7O26yeMHZ81");
        assert_eq!(md5crypt("", "ab"), "rn6aQS/o7141mj179E/zA.");
        assert_eq!(md5crypt("a longer pass phrase than sixteen", "saltsalt"), "vVo4aPRDVf/nwiI2.vJmH.");
    }

    #[test]
    fn the_block_cipher_is_aes_256() {
        // printf 0123456789abcdef | openssl enc -aes-256-ecb -nopad -K 000102…1f | base64
        let key: [u8; 32] = std::array::from_fn(|i| i as u8);
        let sealed = seal(&key, "0123456789abcdef");
        assert_eq!(sealed, "2MlXWOM1PlMPpSvRDnO5hg==");
        assert_eq!(unseal(&key, &sealed).as_deref(), Some("0123456789abcdef"));
    }

    proptest! {
        #[test]
        fn sealing_is_undone_and_any_text_can_be_tried(key: [u8; 32], text in "[ -~]{0,80}", junk in ".{0,80}") {
            prop_assert_eq!(unseal(&key, &seal(&key, &text)), Some(text));
            let _ = unseal(&key, &junk);
            let _ = md5crypt(&junk, &junk);
        }
    }
}
